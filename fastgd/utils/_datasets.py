"""Data sets: what a loader takes its samples from, and how one is cut into parts."""

import bisect
import itertools
import math
import types
import warnings

from .. import random
from .._tensor import Tensor
from .._types import advised
from ..ops.publishing import measure


class Dataset:
    """Anything with `__getitem__` from an index to a sample; with `__len__` for loaders.

    `__getitems__`, from a list of indices to a list of samples, is used for whole batches where there is one.

    Example:
        >>> class Squares(utils.data.Dataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         return fastgd.tensor([float(index)]), index**2
        >>> next(iter(utils.data.DataLoader(Squares(), batch_size=3)))
        [tensor([[0.],
                [1.],
                [2.]]), tensor([0, 1, 4])]
    """

    __class_getitem__ = classmethod(types.GenericAlias)

    def __getitem__(self, index):
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other):
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Anything with `__iter__` over samples, for streams without indices.

    Example:
        >>> class Countdown(utils.data.IterableDataset):
        ...     def __iter__(self):
        ...         return iter([3, 2, 1])
        >>> list(utils.data.DataLoader(Countdown(), batch_size=2))
        [tensor([3, 2]), tensor([1])]
    """

    def __iter__(self):
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")

    def __add__(self, other):
        return ChainDataset([self, other])


class TensorDataset(Dataset):
    """The rows of tensors: sample i is `(X[i], y[i], ...)`.

    Args:
        tensors: with equally many rows.

    Raises:
        AssertionError: numbers of rows that differ.
        TypeError: something that is no tensor.

    Example:
        >>> utils.data.TensorDataset(fastgd.zeros(3, 2), fastgd.ones(3))[1]
        (tensor([0., 0.]), tensor(1.))
    """

    def __init__(self, *tensors):
        for given in tensors:
            if not isinstance(given, Tensor):
                measure(given, "TensorDataset is of tensors: use fastgd.tensor or from_numpy.")
                raise TypeError(f"TensorDataset expects tensors, but got {type(given).__name__}")
        rows = [given.size(0) for given in tensors]
        if len(set(rows)) > 1:
            raise advised(
                AssertionError("Size mismatch between tensors"), f"They have {rows} rows, and need equally many."
            )
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(each[index] for each in self.tensors)

    def __len__(self):
        return self.tensors[0].size(0)


class ConcatDataset(Dataset):
    """Several data sets, one after another; `first + second` is one too.

    Args:
        datasets: with `__len__`.

    Raises:
        AssertionError: no data sets, or an IterableDataset among them.

    Example:
        >>> utils.data.ConcatDataset([range(3), range(10, 12)])[3]
        10
    """

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise advised(
                AssertionError("datasets should not be an empty iterable"), "Pass a list of one data set or more."
            )
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise advised(AssertionError("ConcatDataset does not support IterableDataset"), "Use ChainDataset.")
        self.cumulative_sizes = list(itertools.accumulate(len(dataset) for dataset in self.datasets))

    def __len__(self):
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx):
        if idx < 0:
            if -idx > len(self):
                raise advised(
                    ValueError("absolute value of index should not exceed dataset length"),
                    f"It is {idx}, and there are {len(self)} samples.",
                )
            idx += len(self)
        which = bisect.bisect_right(self.cumulative_sizes, idx)
        return self.datasets[which][idx - self.cumulative_sizes[which - 1] if which else idx]


class ChainDataset(IterableDataset):
    """Several iterable data sets, one after another; `first + second` is one too.

    Args:
        datasets: each an IterableDataset.

    Raises:
        AssertionError: another data set, when its turn comes.

    Example:
        >>> class Countdown(utils.data.IterableDataset):
        ...     def __iter__(self):
        ...         return iter([2, 1])
        >>> list(utils.data.ChainDataset([Countdown(), Countdown()]))
        [2, 1, 2, 1]
    """

    def __init__(self, datasets):
        self.datasets = datasets

    def _checked(self):
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise advised(
                    AssertionError("ChainDataset only supports IterableDataset"),
                    f"Got a {type(dataset).__name__}: use ConcatDataset.",
                )
            yield dataset

    def __iter__(self):
        return itertools.chain.from_iterable(self._checked())

    def __len__(self):
        return sum(len(dataset) for dataset in self._checked())


class Subset(Dataset):
    """The samples of a data set at some indices.

    Args:
        dataset: anything with `__getitem__`.
        indices: a list, in the order of the samples.

    Example:
        >>> list(utils.data.Subset("abcd", [2, 0]))
        ['c', 'a']
    """

    def __init__(self, dataset, indices):
        cls = type(self)
        if cls.__getitem__ is not Subset.__getitem__ and cls.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{cls.__name__} overrides __getitem__ but not __getitems__. Batches come from __getitems__: define it "
                "too, as `return [self[i] for i in indices]`"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx):
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices):
        return samples_at(self.dataset, [self.indices[i] for i in indices])

    def __len__(self):
        return len(self.indices)


def samples_at(dataset, indices):
    """The samples of a data set at a list of indices, in one call where it has one."""
    if callable(getattr(dataset, "__getitems__", None)):
        return dataset.__getitems__(indices)
    return [dataset[i] for i in indices]


def random_split(dataset, lengths, generator=None):
    """Cuts a data set into parts, at random and without overlap.

    Args:
        dataset: with `__len__`.
        lengths: numbers of samples that add up to its length; or fractions that add up to 1, rounded down, the rest
            given out one by one from the first part on.
        generator: where to draw from; the default generator if None.

    Returns:
        A list of Subset, one a length.

    Raises:
        ValueError: lengths that do not add up; a fraction outside [0, 1].

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> [part.indices for part in utils.data.random_split(range(5), [0.6, 0.4])]
        [[4, 0, 1], [3, 2]]
    """
    n = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _from_fractions(n, lengths)
    if sum(lengths) != n:
        raise advised(
            ValueError("Sum of input lengths does not equal the length of the input dataset!"),
            f"The lengths {list(lengths)} add up to {sum(lengths)}, the dataset has {n} samples.",
        )
    order = random.stream_of(generator, "random_split").randperm(n).tolist()
    ends = itertools.accumulate(lengths)
    return [Subset(dataset, order[end - length : end]) for end, length in zip(ends, lengths)]


def _from_fractions(n, fractions):
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise advised(ValueError(f"Fraction at index {i} is not between 0 and 1"), f"It is {fraction}.")
    lengths = [math.floor(n * fraction) for fraction in fractions]
    for i in range(n - sum(lengths)):
        lengths[i % len(lengths)] += 1
    for i, length in enumerate(lengths):
        if length == 0:
            warnings.warn(f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=3)
    return lengths
