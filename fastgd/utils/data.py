"""Data sets and loaders: torch.utils.data's batches, from the same seed in the same order (see _samplers)."""

import bisect
import collections.abc
import copy
import itertools
import math
import types
import warnings

import numpy as np

from .. import random
from .._tensor import Tensor, from_array
from .._types import advised, float64
from ..creation import as_tensor, tensor
from ..ops import stack
from ..ops.promotion import measure
from ._samplers import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    epoch_order,  # noqa: F401 (a Trainer's epochs)
)

# ---- data sets


class Dataset:
    """Anything with `__getitem__` from an index to a sample; with `__len__` for loaders.

    `__getitems__`, from a list of indices to a list of samples, is used for whole batches where there is one.
    """

    __class_getitem__ = classmethod(types.GenericAlias)

    def __getitem__(self, index):
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other):
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Anything with `__iter__` over samples, for streams without indices."""

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
    """Several data sets, one after another."""

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
    """Several iterable data sets, one after another."""

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
    """The samples of a data set at some indices."""

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
        return _samples(self.dataset, [self.indices[i] for i in indices])

    def __len__(self):
        return len(self.indices)


def _samples(dataset, indices):
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


# ---- batches of samples


def default_collate(batch):
    """A list of samples as one batch: what the samples hold, with one more dimension in front.

    Tensors and numpy arrays are stacked, numbers become a tensor (Python floats of float64), strings stay a list, and
    samples that are dicts, named tuples, tuples or lists become one of their kind (tuples: a list) of batches.

    Raises:
        TypeError: samples of another type.
        RuntimeError: samples of different sizes.

    Example:
        >>> utils.data.default_collate([(1, 0.5), (2, 1.5)])
        [tensor([1, 2]), tensor([0.5000, 1.5000], dtype=torch.float64)]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, np.ndarray) and first.dtype.kind not in "SUO":
        return stack([as_tensor(sample) for sample in batch])
    if isinstance(first, (np.bool_, np.number)):
        return as_tensor(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, collections.abc.Mapping):
        return _rebuilt(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if not isinstance(first, collections.abc.Sequence):
        raise advised(
            TypeError(
                "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
                f"{first.dtype if isinstance(first, np.ndarray) else type(first)}"
            ),
            "Pass a collate_fn of your own.",
        )
    if any(len(sample) != len(first) for sample in batch):
        raise RuntimeError("each element in list of batch should be of equal size")
    parts = [default_collate(part) for part in zip(*batch)]
    return parts if type(first) is tuple else _rebuilt(first, parts)


def default_convert(data):
    """numpy arrays as tensors, also within dicts, tuples and lists; everything else as it is."""
    if isinstance(data, (np.bool_, np.number)) or isinstance(data, np.ndarray) and data.dtype.kind not in "SUO":
        return as_tensor(data)
    if isinstance(data, collections.abc.Mapping):
        return _rebuilt(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, collections.abc.Sequence) and not isinstance(data, (str, bytes)):
        parts = [default_convert(part) for part in data]
        return parts if type(data) is tuple else _rebuilt(data, parts)
    return data


def _rebuilt(like, parts):
    """Parts in a container of the kind of another; a plain one where the kind cannot be made."""
    try:
        if hasattr(like, "_fields"):
            return type(like)(*parts)
        if isinstance(like, tuple):
            return parts
        if isinstance(like, (collections.abc.MutableMapping, collections.abc.MutableSequence)):
            made = copy.copy(like)
            for key, part in parts.items() if isinstance(parts, dict) else enumerate(parts):
                made[key] = part
            return made
        return type(like)(parts)
    except TypeError:
        return parts


# ---- the loader


def get_worker_info():
    """None: batches are made in this process."""
    return None


class DataLoader:
    """Iterates over batches of a data set.

    Args:
        dataset: samples by index, or an IterableDataset.
        batch_size: samples to a batch; None yields single samples.
        shuffle: whether every epoch has a new random order.
        sampler: the indices of an epoch, instead of shuffle.
        batch_sampler: lists of indices, instead of batch_size, shuffle, sampler and drop_last.
        num_workers: accepted, with what belongs to it (worker_init_fn, timeout, multiprocessing_context,
            prefetch_factor, persistent_workers, in_order): batches are made in this process, worker_init_fn is not
            called, and get_worker_info() is None.
        collate_fn: makes a batch of a list of samples; default_collate if None.
        pin_memory: accepted; there is one memory.
        drop_last: whether a last batch that is smaller is left out.
        generator: where the order is drawn from; the default generator if None.

    Raises:
        ValueError: arguments that exclude each other, sizes below 1, nothing to shuffle.

    A batch of a TensorDataset, or of a Subset of one, is gathered tensor by tensor in one call, unless its tensors
    require gradients or there is a collate_fn.

    Example:
        >>> data = utils.data.TensorDataset(fastgd.tensor([[1.0], [2.0], [3.0]]), fastgd.tensor([1, 2, 3]))
        >>> for x, y in utils.data.DataLoader(data, batch_size=2):
        ...     print(x.shape, y)
        torch.Size([2, 1]) tensor([1, 2])
        torch.Size([1, 1]) tensor([3])
    """

    __class_getitem__ = classmethod(types.GenericAlias)
    _fixed = frozenset(("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"))
    _made = False

    def __init__(
        self, dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None,
        pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None, multiprocessing_context=None,
        generator=None, *, prefetch_factor=None, persistent_workers=False, pin_memory_device="", in_order=True,
    ):  # fmt: skip
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        iterable = isinstance(dataset, IterableDataset)
        if iterable:
            for name, given in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if given is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={given}"
                    )
        if sampler is not None and shuffle:
            raise advised(ValueError("sampler option is mutually exclusive with shuffle"), "Leave one out.")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise advised(
                ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last"),
                "Leave one out.",
            )
        if sampler is None:
            if iterable:
                sampler = itertools.repeat(None)
            else:
                sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers = persistent_workers
        self.pin_memory_device = pin_memory_device
        self.in_order = in_order
        self._promised = None  # what len() of an iterable data set said
        self._made = True

    def __setattr__(self, name, value):
        if self._made and name in self._fixed:
            raise advised(
                ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized"),
                "Make another one.",
            )
        super().__setattr__(name, value)

    def __len__(self):
        if not isinstance(self.dataset, IterableDataset):
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)
        samples = self._promised = len(self.dataset)
        if self.batch_size is None:
            return samples
        return samples // self.batch_size if self.drop_last else math.ceil(samples / self.batch_size)

    def __iter__(self):
        if self.pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be "
                "used.",
                stacklevel=2,
            )
        if isinstance(self.dataset, IterableDataset):
            batches = None
        elif self.batch_sampler is None:
            batches = map(self._sample, self.sampler)
        elif type(self.batch_sampler) is BatchSampler:
            batches = self._of_batches(self.batch_sampler._batches())
        else:
            batches = self._of_batches(iter(self.batch_sampler))
        random.stream_of(self.generator, "DataLoader").random64()
        return self._of_stream(iter(self.dataset), self._promised) if batches is None else batches

    def _sample(self, index):
        return self.collate_fn(self.dataset[index])

    def _of_batches(self, batches):
        gather = None if self.collate_fn is not default_collate else _gatherer(self.dataset)
        for indices in batches:
            rows = None if gather is None else _row_numbers(indices)
            if rows is not None:
                yield gather(rows)
            else:
                indices = indices.tolist() if isinstance(indices, np.ndarray) else indices
                yield self.collate_fn(_samples(self.dataset, indices))

    def _of_stream(self, samples, promised):
        for count in itertools.count(1):
            taken = list(itertools.islice(samples, self.batch_size or 1))
            if not taken or self.drop_last and len(taken) < self.batch_size:
                return
            yield self.collate_fn(taken[0] if self.batch_size is None else taken)
            if promised is not None and count > promised:
                warnings.warn(
                    f"Length of IterableDataset {self.dataset} was reported to be {promised}(when accessing "
                    f"len(dataloader)), but {count} samples have been fetched. ",
                    stacklevel=2,
                )


def _check_workers(num_workers, timeout, prefetch_factor, persistent_workers):
    if num_workers < 0:
        raise advised(
            ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."),
            f"Got {num_workers}.",
        )
    if timeout < 0:
        raise advised(ValueError("timeout option should be non-negative"), f"It is {timeout}.")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise advised(ValueError("prefetch_factor option should be non-negative"), f"It is {prefetch_factor}.")
    if persistent_workers and num_workers == 0:
        raise advised(ValueError("persistent_workers option needs num_workers > 0"), "Leave it out.")


def _row_numbers(indices):
    """An array of row numbers, or None for indices of another kind."""
    if not isinstance(indices, np.ndarray):
        try:
            indices = np.array(indices)
        except (TypeError, ValueError):
            return None
    return indices if indices.dtype == np.int64 and indices.ndim == 1 else None


def _gatherer(dataset):
    """A function from row numbers to the batch that default_collate makes of them; None for other data sets."""
    chosen = []
    while type(dataset) is Subset:
        chosen.append(_row_numbers(dataset.indices))
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset or any(rows is None for rows in chosen):
        return None
    if any(each.requires_grad for each in dataset.tensors):
        return None
    arrays = [each.detach().numpy() for each in dataset.tensors]

    def gather(rows):
        for indices in chosen:
            rows = _taken(indices, rows)
        return [from_array(_taken(array, rows)) for array in arrays]

    return gather


def _taken(array, rows):
    try:
        # take() would first copy the whole of an array that is not contiguous
        return array.take(rows, 0) if array.flags.c_contiguous else np.ascontiguousarray(array[rows])
    except IndexError:
        n = len(array)
        wrong = next(row for row in rows.tolist() if not -n <= row < n)
        raise IndexError(f"index {wrong} is out of bounds for dimension 0 with size {n}") from None


__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]
