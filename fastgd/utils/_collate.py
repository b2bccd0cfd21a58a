"""A list of samples as one batch: what a loader does where it is given no collate_fn."""

import collections.abc
import copy

import numpy as np

from .._tensor import Tensor
from .._types import advised, float64
from ..creation import as_tensor, tensor
from ..ops import stack


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
