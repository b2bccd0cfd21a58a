"""Which type an operation has: torch's rules, on numpy's dtypes."""

import numpy as np

from .._tensor import Tensor, get_default_dtype
from .._types import advised, as_dtype, of_array, of_numpy


def default():
    """numpy's name of the default dtype."""
    return get_default_dtype().numpy


def promoted(function):
    """A ufunc with torch's promotion: a 0-d tensor or a number never widens a type of its own kind."""

    def forward(a, b):
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
            if a.dtype is not b.dtype:
                dtype = promote(a, b)
                a, b = a.astype(dtype, copy=False), b.astype(dtype, copy=False)
        elif isinstance(b, np.ndarray):
            b, a = with_number(b, a)
        else:
            a, b = with_number(a, b)
        try:
            return function(a, b)
        except ValueError:
            raise sizes_error(a, b) from None

    return forward


def sizes_error(a, b):
    """torch's error for two arrays that do not broadcast."""
    a, b = np.shape(a), np.shape(b)
    for back in range(1, min(len(a), len(b)) + 1):
        if a[-back] != b[-back] and 1 not in (a[-back], b[-back]):
            return advised(
                RuntimeError(
                    f"The size of tensor a ({a[-back]}) must match the size of tensor b ({b[-back]}) at non-singleton "
                    f"dimension {max(len(a), len(b)) - back}"
                ),
                f"The shapes are {list(a)} and {list(b)}: counted from the last, sizes must be equal, or 1.",
            )
    return RuntimeError(f"shapes {list(a)} and {list(b)} do not go together")


def not_expanded(shape, sizes):
    """torch's error for a shape that does not expand to these sizes."""
    for back in range(1, len(shape) + 1):
        if shape[-back] != 1 and sizes[-back] not in (-1, shape[-back]):
            return RuntimeError(
                f"The expanded size of the tensor ({sizes[-back]}) must match the existing size ({shape[-back]}) at "
                f"non-singleton dimension {len(sizes) - back}.  Target sizes: {list(sizes)}.  Tensor sizes: "
                f"{list(shape)}"
            )
    return RuntimeError(f"a tensor of sizes {list(shape)} does not expand to {list(sizes)}")


def _rank(dtype):
    return 0 if dtype.kind == "b" else 2 if dtype.kind == "f" else 1


def promote(a, b):
    """torch's result type of two arrays: dimensions first, then kind, then size."""
    if (a.ndim == 0) != (b.ndim == 0):
        strong, weak = (b, a) if a.ndim == 0 else (a, b)
        return strong.dtype if _rank(weak.dtype) <= _rank(strong.dtype) else weak.dtype
    return promote_types_of_numpy(a.dtype, b.dtype)


def promote_types_of_numpy(a, b):
    """torch's result type of two dtypes: integers with floats give the float."""
    if _rank(a) != _rank(b):
        return a if _rank(a) > _rank(b) else b
    return np.promote_types(a, b)


def with_number(array, number):
    """An array and a Python number as operands: numpy's weak numbers, but a float makes integers the default dtype."""
    kind = array.dtype.kind
    if kind == "f" or isinstance(number, bool):
        return array, number
    if isinstance(number, float):
        return array.astype(default()), number
    if kind == "b":
        return array.astype(np.int64), number
    # Wraps around where the number is too large, as torch's does.
    return array, np.array(number).astype(array.dtype)[()]


def floating(a):
    """The array itself, or, if it holds no floats, in the default dtype."""
    return a if a.dtype.kind == "f" else a.astype(default())


def one_type(arrays):
    """All arrays in the type that they promote to."""
    dtype = arrays[0].dtype
    for array in arrays:
        if array.dtype is not dtype:
            for other in arrays:
                dtype = promote_types_of_numpy(dtype, other.dtype)
            return [array.astype(dtype, copy=False) for array in arrays]
    return arrays


def promote_types(type1, type2):
    """The dtype that elements of two dtypes have together."""
    return of_numpy(promote_types_of_numpy(as_dtype(type1).numpy, as_dtype(type2).numpy))


def result_type(tensor1, tensor2):
    """The dtype of arithmetic on two tensors, or on a tensor and a number."""
    return of_array(promoted(lambda a, b: np.add(a, b))(*[_sample(given) for given in (tensor1, tensor2)]))


def _sample(given):
    return np.zeros((1,) * min(given.ndim, 1), given.dtype.numpy) if isinstance(given, Tensor) else type(given)(0)


def can_cast(from_, to):
    """Whether writing one dtype into the other is allowed: never from floats to integers, nor to bool."""
    return _rank(as_dtype(from_).numpy) <= _rank(as_dtype(to).numpy)
