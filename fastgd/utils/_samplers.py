"""Samplers: which rows an epoch visits, in which order.

What draws, and when (found by comparison with torch 2.13). It matters to a loop that is left early and to a generator
that several things share.

- iter() of a DataLoader draws 2 words (torch's seed for worker processes), from `generator` if the loader has one.
- A RandomSampler without a generator draws 2 words when its first index is asked for, and permutes by a generator of
  its own, seeded with them. With a generator it permutes by that, and permutes once more after the last
  index. With replacement it draws 32 indices at a time.
- A SubsetRandomSampler permutes, and a WeightedRandomSampler draws all its samples, when the first is asked for.
- random_split permutes.
"""

import itertools
import types

import numpy as np

from .. import random
from .._types import advised, float64
from ..creation import as_tensor


class Sampler:
    """Anything that iterates over indices, or over lists of them.

    Example:
        >>> class Backwards(utils.data.Sampler):
        ...     def __iter__(self):
        ...         return iter([2, 1, 0])
        >>> list(utils.data.DataLoader("abc", sampler=Backwards()))
        [['c'], ['b'], ['a']]
    """

    __class_getitem__ = classmethod(types.GenericAlias)

    def __iter__(self):
        raise NotImplementedError("Subclasses of Sampler should implement __iter__.")


class _ArraySampler(Sampler):
    """A sampler whose indices come in arrays, each made when its first index is asked for."""

    def __iter__(self):
        for drawn in self._arrays():
            yield from drawn.tolist()


class SequentialSampler(_ArraySampler):
    """0, 1, 2, ...

    Args:
        data_source: anything with `__len__`.

    Example:
        >>> list(utils.data.SequentialSampler("abc"))
        [0, 1, 2]
    """

    def __init__(self, data_source):
        self.data_source = data_source

    def _arrays(self):
        yield np.arange(len(self.data_source))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(_ArraySampler):
    """All indices in a random order, or indices drawn with replacement.

    Args:
        data_source: anything with `__len__`.
        replacement: whether an index may come again.
        num_samples: how many to draw; the length of data_source if None.
        generator: where to draw from; a generator of its own, seeded from the default one, if None.

    Raises:
        ValueError: no samples to draw.
        TypeError: a replacement that is no bool.

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> list(utils.data.RandomSampler("abcde"))
        [1, 3, 4, 2, 0]
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise advised(
                TypeError(f"replacement should be a boolean value, but got replacement={replacement}"),
                "Pass True or False.",
            )
        _check_positive("num_samples", self.num_samples)

    @property
    def num_samples(self):
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def _arrays(self):
        n, wanted = len(self.data_source), self.num_samples
        stream = _seeded() if self.generator is None else random.stream_of(self.generator, "RandomSampler")
        if self.replacement:
            for start in range(0, wanted, 32):
                yield stream.random_(np.empty(min(32, wanted - start), np.int64), 0, n)
            return
        for _ in range(wanted // n):
            yield stream.randperm(n)
        if wanted % n or self.generator is not None:
            yield stream.randperm(n)[: wanted % n]

    def __len__(self):
        return self.num_samples


def _check_positive(name, given):
    if not isinstance(given, int) or isinstance(given, bool) or given <= 0:
        error = ValueError(f"{name} should be a positive integer value, but got {name}={given}")
        raise advised(error, "The data set has no samples.") if name == "num_samples" and given == 0 else error


def _seeded():
    """A generator of its own, seeded from the default one."""
    return random.Generator().manual_seed(random.default_generator.random64())


class SubsetRandomSampler(Sampler):
    """The given indices in a random order.

    Args:
        indices: a list.
        generator: where to draw from; the default generator if None.

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> list(utils.data.SubsetRandomSampler([10, 20, 30]))
        [30, 10, 20]
    """

    def __init__(self, indices, generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        for i in random.stream_of(self.generator, "SubsetRandomSampler").randperm(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(_ArraySampler):
    """Indices drawn by their weights.

    Args:
        weights: one a sample, with any positive sum.
        num_samples: how many to draw.
        replacement: whether an index may come again.
        generator: where to draw from; the default generator if None.

    Raises:
        ValueError: num_samples < 1, a replacement that is no bool, weights of another shape than (samples,).

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> list(utils.data.WeightedRandomSampler([3.0, 0.0, 0.9, 0.5], 6))
        [3, 2, 0, 3, 0, 2]
    """

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        _check_positive("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise advised(
                ValueError(f"replacement should be a boolean value, but got replacement={replacement}"),
                "Pass True or False.",
            )
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise advised(
                ValueError(f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"),
                "Pass one a sample.",
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def _arrays(self):
        stream = random.stream_of(self.generator, "WeightedRandomSampler")
        yield stream.multinomial(self.weights.detach().numpy(), self.num_samples, self.replacement)

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler):
    """The indices of another sampler in lists of batch_size.

    Args:
        sampler: anything that iterates over indices.
        batch_size: how many to a batch.
        drop_last: whether a last batch that is smaller is left out.

    Raises:
        ValueError: batch_size < 1, or a drop_last that is no bool.

    Example:
        >>> list(utils.data.BatchSampler(range(5), 2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler, batch_size, drop_last):
        _check_positive("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise advised(
                ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}"), "Pass True or False."
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        for batch in self._batches():
            yield batch.tolist() if isinstance(batch, np.ndarray) else batch

    def _batches(self):
        """The batches as arrays where the sampler has arrays, else as lists."""
        if getattr(type(self.sampler), "__iter__", None) is _ArraySampler.__iter__:
            batches = _cut(self.sampler._arrays(), self.batch_size)
        else:
            indices = iter(self.sampler)
            batches = iter(lambda: list(itertools.islice(indices, self.batch_size)), [])
        for batch in batches:
            if not self.drop_last or len(batch) == self.batch_size:
                yield batch

    def __len__(self):
        if self.drop_last:
            return len(self.sampler) // self.batch_size
        return (len(self.sampler) + self.batch_size - 1) // self.batch_size


def _cut(arrays, size):
    """Pieces of a size from arrays, and what is left; the next array is taken only when a piece needs it."""
    held = np.empty(0, np.int64)
    for array in arrays:
        held = np.concatenate([held, array]) if len(held) else array
        start = 0
        while len(held) - start >= size:
            yield held[start : start + size]
            start += size
        held = held[start:]
    if len(held):
        yield held


def epoch_order(n, shuffle):
    """The order of the rows of an epoch, drawn as a DataLoader draws it; None for the order they have."""
    random.default_generator.random64()
    return _seeded().randperm(n) if shuffle else None
