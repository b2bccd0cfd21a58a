"""torch.utils.data: its batches, from the same seed in the same order. Here is the loader; the rest is beside it."""

import itertools
import math
import types
import warnings

import numpy as np

from .. import random
from .._tensor import from_array
from .._types import advised
from ._collate import default_collate, default_convert
from ._datasets import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
    samples_at,
)
from ._samplers import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    epoch_order,  # noqa: F401 (a Trainer's epochs)
)


def get_worker_info():
    """None: batches are made in this process."""


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
                yield self.collate_fn(samples_at(self.dataset, indices))

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
