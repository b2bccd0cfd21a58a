"""Numbers and nested lists of them as arrays of the type that torch gives them."""

from itertools import chain

import numpy as np

from ._tensor import Tensor, get_default_dtype, note_scalar
from ._types import advised
from ._warnings import warn_once


def from_python(data, wanted=None):
    """An array of torch's type for nested lists of numbers: float -> the default dtype, int -> int64, bool -> bool."""
    if isinstance(data, (bool, np.bool_)):
        return np.array(data, np.bool_)
    if isinstance(data, np.generic):
        return np.array(data)
    if isinstance(data, int):
        return np.array(data, np.int64)
    floats = wanted.numpy if wanted is not None and wanted.is_floating_point else get_default_dtype().numpy
    if isinstance(data, float):
        return np.array(data, floats)
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str'")
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__") or isinstance(data, dict):
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
    dtype = _plain_type(data, floats)
    if dtype is not None:
        try:
            return np.array(data, dtype)
        except ValueError:
            pass  # rows of different lengths: the search below says where
    if len(data) and isinstance(data[0], np.ndarray):
        warn_once(
            "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list to "
            "a single numpy.ndarray with numpy.array() before converting to a tensor."
        )
    shape = _nested_shape(data)
    flat = []
    _flatten(data, shape, 0, flat)
    return np.array(flat, _common(flat)).reshape(shape)


def _plain_type(data, floats):
    """The dtype of nested lists of nothing but Python numbers, else None: numpy reads these in one go."""
    types = set(map(type, data))
    while types and types <= {list, tuple}:
        data = list(chain.from_iterable(data))
        types = set(map(type, data))
    if not types or not types <= {float, int, bool}:
        return None
    if float in types:
        return floats
    return np.dtype(np.int64 if int in types else np.bool_)


def _nested_shape(data):
    """The shape that nested lists have if they are as long everywhere as at their beginning."""
    shape = []
    while not np.isscalar(data) and hasattr(data, "__len__") and getattr(data, "ndim", 1) != 0:
        if isinstance(data, np.ndarray):
            return (*shape, *data.shape)
        if isinstance(data, Tensor):
            break
        shape.append(len(data))
        if not len(data):
            break
        data = data[0]
    return tuple(shape)


def _flatten(data, shape, level, flat):
    """Adds the numbers of nested lists to flat; an error where they do not have the shape, level by level."""
    if isinstance(data, Tensor):
        # As in torch, a tensor among the elements stands for a number.
        if data.numel() != 1:
            raise advised(
                ValueError("only one element tensors can be converted to Python scalars"),
                "Use stack() or cat() to join tensors.",
            )
        if data.requires_grad:
            note_scalar()
        data = data.detach().reshape(())
    if level == len(shape):
        if isinstance(data, str) and flat:
            raise TypeError("new(): invalid data type 'str'")
        if isinstance(data, (str, bytes)):
            raise advised(ValueError(f"too many dimensions '{type(data).__name__}'"), "Elements are numbers.")
        if hasattr(data, "__len__") and getattr(data, "ndim", 1) != 0:
            raise ValueError(f"expected sequence of length {shape[-1] if shape else 0} at dim {level}")
        flat.append(data.item() if isinstance(data, Tensor) and data.dtype != get_default_dtype() else data)
        return
    if isinstance(data, np.ndarray):
        if tuple(data.shape) != shape[level:]:
            raise ValueError(f"expected sequence of length {shape[level]} at dim {level} (got {len(data)})")
        flat.extend(data.reshape(-1))
        return
    if not hasattr(data, "__len__"):
        raise TypeError(f"not a sequence: a nested list must be as deep everywhere, but got {data!r} at dim {level}")
    if len(data) != shape[level]:
        raise ValueError(f"expected sequence of length {shape[level]} at dim {level} (got {len(data)})")
    for part in data:
        _flatten(part, shape, level + 1, flat)


def _common(flat):
    """The dtype of numbers of several types: any float decides, else they promote as numpy's."""
    kinds = set()
    for value in flat:
        if isinstance(value, (np.generic, Tensor)):
            kinds.add((value.dtype if isinstance(value, np.generic) else value.dtype.numpy).name)
        elif isinstance(value, bool):
            kinds.add("bool")
        elif isinstance(value, int):
            kinds.add("int64")
        elif isinstance(value, float):
            kinds.add(get_default_dtype().name)
        else:
            raise RuntimeError(f"Could not infer dtype of {type(value).__name__}")
    if not kinds:
        return get_default_dtype().numpy
    floats = {kind for kind in kinds if kind.startswith("float")}
    return np.result_type(*(floats or kinds))
