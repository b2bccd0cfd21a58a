"""What the arguments of a draw mean: shapes, bounds, and the tensor to fill, with torch's errors."""

import numpy as np

from ._tensor import Tensor, from_array, prepare_write
from ._types import advised, as_dtype, kind_name, on_cpu


def input_tensor(name, input):
    """The tensor whose elements, or whose shape, a draw is about."""
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}: use fastgd.tensor()"
        )
    return input


def shape_of(name, sizes, size):
    """A shape from `rand(2, 3)`, `rand((2, 3))` or `rand(size=(2, 3))`."""
    if size is None and not sizes:
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got (): expected sizes, such as (2, 3)"
        )
    if size is None:
        size = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
    return checked_shape(name, size)


def checked_shape(name, size):
    """A shape given as a tuple or a list."""
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'size' must be tuple of ints, not {kind_name(size)}: write ({size!r},)"
        )
    for n in size:
        if type(n) is not int or n < 0:
            break
    else:
        return tuple(size)
    for n in size:
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, not {kind_name(n)}")
    shape = tuple([n.__index__() for n in size])
    for n in shape:
        if n < 0:
            raise advised(
                RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}"),
                "Sizes are 0 or more.",
            )
    return shape


def to_fill(name, shape, default, out, dtype, device):
    """The tensor to fill and its array: `out`, or a new one."""
    on_cpu(device)
    if out is None:
        array = np.empty(shape, default.numpy if dtype is None else as_dtype(dtype).numpy)
        return from_array(array), array
    if out.requires_grad:
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad. Pass out.detach()"
        )
    if dtype is not None and as_dtype(dtype) != out.dtype:
        raise RuntimeError(
            f"dtype {as_dtype(dtype).legacy} does not match dtype of out parameter ({out.dtype.legacy}). Leave one out"
        )
    if tuple(out.shape) != shape:
        out.data = from_array(np.empty(shape, out.dtype.numpy))
    return out, prepare_write(out)


def to_fill_like(name, input, dtype, device):
    """A new tensor of the shape and the order in memory of another, and its array."""
    on_cpu(device)
    array = input_tensor(name, input).detach().numpy()
    array = np.empty_like(array, None if dtype is None else as_dtype(dtype).numpy)
    return from_array(array), array


def finished(made, requires_grad):
    """What was drawn; a leaf that requires a gradient where that was asked for."""
    return made.requires_grad_() if requires_grad else made


def bounds_of(name, given, low, high):
    """low and high from `(high)`, `(low, high)` and their names."""
    if len(given) == 2 and low is None is high and type(given[0]) is type(given[1]) is int:
        return given
    given = list(given)
    if high is None and given:
        high = given.pop()
    if low is None:
        low = given.pop() if given else 0
    if high is None or given:
        raise TypeError(
            f"{name}() received an invalid combination of arguments: expected a high, or a low and a high, both ints, "
            "and what gives the shape, as in randint(0, 10, (3,)) and randint_like(x, 0, 10)"
        )
    return whole_number(name, "low", low), whole_number(name, "high", high)


def whole_number(name, argument, given):
    if type(given) is int:
        return given
    if isinstance(given, bool) or not hasattr(given, "__index__"):
        raise TypeError(f"{name}(): argument '{argument}' must be int, not {type(given).__name__}: got {given!r}")
    return given.__index__()


def copied_to(name, made, out):
    """`out`, filled with what was drawn already."""
    out, array = to_fill(name, tuple(made.shape), made.dtype, out, None, None)
    np.copyto(array, made.detach().numpy(), "same_kind")
    return out
