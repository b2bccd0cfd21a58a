"""Tensors from Python values, from numpy, and from nothing."""

import math

import numpy as np

from ._nested import from_python
from ._tensor import Tensor, from_array, get_default_dtype, method, named_as, ordinary, set_default_dtype_
from ._types import advised, as_dtype, float32, float64, int64, kind_name, of_array, on_cpu
from ._warnings import warn, warn_once
from .arguments import NAMES, checked_names
from .ops._loops import line, powers, steps_from
from .ops.publishing import into

set_default_dtype_(float32)


def set_default_dtype(d):
    """Sets the dtype of tensors made from Python floats: fastgd.float32 or fastgd.float64."""
    if d not in (float32, float64):
        text = "only floating-point types are supported as the default type"
        text = text if isinstance(d, type(float32)) else f"invalid dtype object: {text}"
        raise advised(TypeError(text), f"Got {d!r}.")
    set_default_dtype_(d)


def _made(array, requires_grad):
    made = from_array(array)
    if requires_grad:
        if array.dtype.kind != "f":
            raise advised(
                RuntimeError("Only Tensors of floating point and complex dtype can require gradients"),
                f"This one is torch.{array.dtype.name}: give dtype=fastgd.float32, or floats.",
            )
        made.requires_grad_()
    return made


def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor with a copy of the data.

    Args:
        data: numbers, nested lists or tuples of them, a numpy array, or a tensor.
        dtype: the elements' type; by default float32 for Python floats (see set_default_dtype), int64 for ints,
            and an array's own.
        device: "cpu" or None.
        requires_grad: whether gradients with respect to it are wanted.

    Raises:
        ValueError: rows of different lengths.
        TypeError, RuntimeError: something that is no number.

    Example:
        >>> fastgd.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
    """
    on_cpu(device)
    if dtype is not None:
        dtype = as_dtype(dtype)
    if isinstance(data, Tensor):
        _note_copy("torch.tensor")
        array = data.detach().numpy()
    else:
        array = _array(data, dtype)
    return _made(np.array(array, dtype.numpy if dtype is not None else None, order="C"), requires_grad)


def _note_copy(name):
    warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
        f"sourceTensor.detach().clone().requires_grad_(True), rather than {name}(sourceTensor)."
    )


def _array(data, dtype=None):
    """An array of the data: in the dtype, where Python numbers would be rounded on the way to it."""
    if isinstance(data, np.ndarray):
        of_array(data)
        return data
    if hasattr(data, "__array__") and not isinstance(data, np.generic):
        return _array(np.asarray(data))
    return from_python(data, dtype)


def as_tensor(data, dtype=None, device=None):
    """A tensor of the data; shares the memory of arrays and tensors that have the dtype already."""
    on_cpu(device)
    if dtype is not None:
        dtype = as_dtype(dtype)
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == dtype else data.to(dtype)
    array = _array(data, dtype)
    return _shared(array if dtype is None else array.astype(dtype.numpy, copy=False))


def _shared(array):
    if not array.flags.writeable:
        warn_once(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means "
            "writing to this tensor will result in undefined behavior. You may want to copy the array to protect its "
            "data or make it writable before converting it to a tensor. This type of warning will be suppressed for "
            "the rest of this program."
        )
        array = _writable(array)
    return from_array(array)


def _writable(array):
    """The array, writable if what it is a view of is: pandas hands out such views, scripts write to their tensors."""
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    if root.flags.writeable and 0 not in array.strides:
        array = array.view()
        array.flags.writeable = True
    return array


def from_numpy(ndarray):
    """A tensor on the memory of a numpy array: writing to either shows in both.

    Args:
        ndarray: an array of any shape and layout without negative strides.

    Raises:
        TypeError: no array, or elements that no tensor can have.
        ValueError: negative strides, or the byte order of another machine.

    Example:
        >>> array = np.zeros(2)
        >>> fastgd.from_numpy(array).add_(1)
        tensor([1., 1.], dtype=torch.float64)
        >>> array
        array([1., 1.])
    """
    if ordinary(ndarray):
        return from_array(ndarray)
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if not ndarray.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported: use array.astype(array.dtype.newbyteorder('='))"
        )
    of_array(ndarray)
    if min(ndarray.strides, default=0) < 0:
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array "
            " with array.copy().) "
        )
    return _shared(ndarray)


def from_dlpack(ext_tensor):
    """A tensor on the memory of another library's, by the DLPack protocol."""
    return from_array(np.from_dlpack(ext_tensor))


# ---- filled


def _shape(name, size):
    listed = len(size) == 1 and isinstance(size[0], (tuple, list))
    if listed:
        size = tuple(size[0])
    for n in size:
        if type(n) is not int or n < 0:
            _check_sizes(name, size, listed)
    return size


def _check_sizes(name, size, listed):
    for at, n in enumerate(size, 1):
        if not hasattr(n, "__index__"):
            raise TypeError(
                f"{name}(): argument 'size' (position 1) must be tuple of ints, "
                f"{'but found element of type' if listed else 'not'} {kind_name(n)}{' at pos 0' * listed}"
                if at == 1
                else f"{name}(): argument 'size' failed to unpack the object at pos {at} with error \"type must be "
                f'tuple of ints,but got {kind_name(n)}"'
            )
        if n < 0:
            raise RuntimeError(
                "zeros: Dimension size must be non-negative."
                if name == "zeros"
                else f"Trying to create tensor with negative dimension {n}: {list(size)}"
            )


def _filled(name, fill, doc):
    def make(*size, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **names):
        on_cpu(device)
        if not size:
            size = (names.pop("size", ()),)
        if names:
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(names))}'")
        if out is not None:
            return into(out, from_array(fill(_shape(name, size), out.dtype.numpy)))
        return _made(fill(_shape(name, size), as_dtype(dtype or get_default_dtype()).numpy), requires_grad)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = doc
    return make


zeros = _filled("zeros", np.zeros, "A tensor of zeros, of sizes given one by one or as a tuple.")


def _ones(shape, dtype):
    made = np.empty(shape, dtype)  # np.ones takes twice as long
    made.fill(1)
    return made


ones = _filled("ones", _ones, "A tensor of ones, of sizes given one by one or as a tuple.")
empty = _filled("empty", np.empty, "A tensor of those sizes whose elements are whatever was in memory.")


def full(size, fill_value, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """A tensor of one value; its dtype is that of the value, and the default dtype for a float."""
    on_cpu(device)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    if dtype is not None:
        kind = as_dtype(dtype).numpy
    elif out is not None:
        kind = out.dtype.numpy
    else:
        kind = get_default_dtype().numpy if type(value) is float else from_python(value).dtype
    if not isinstance(size, (tuple, list)):
        raise advised(
            TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {kind_name(size)}"),
            f"Write ({size!r},).",
        )
    array = np.empty(_shape("full", (size,)), kind)
    array.fill(value)
    return _made(array, requires_grad) if out is None else into(out, from_array(array))


def _like(name, fill, doc):
    def make(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
        on_cpu(device)
        return _made(fill(input.shape, as_dtype(dtype or input.dtype).numpy), requires_grad)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = doc
    return make


zeros_like = _like("zeros_like", np.zeros, "Zeros in the shape and dtype of another tensor.")
ones_like = _like("ones_like", _ones, "Ones in the shape and dtype of another tensor.")
empty_like = _like("empty_like", np.empty, "Whatever was in memory, in the shape and dtype of another tensor.")


def full_like(input, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    """One value in the shape and dtype of another tensor."""
    return full(input.shape, fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def eye(n, m=None, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """A matrix with ones on the diagonal and zeros elsewhere."""
    on_cpu(device)
    if n < 0:
        raise RuntimeError(f"n must be greater or equal to 0, got {n}")
    m = n if m is None else m
    made = np.zeros((n, m), as_dtype(dtype or (get_default_dtype() if out is None else out.dtype)).numpy)
    made.reshape(-1)[: m * m : m + 1] = 1
    return _made(made, requires_grad) if out is None else into(out, from_array(made))


# ---- ranges


def _number(value):
    return value.item() if isinstance(value, (Tensor, np.generic)) else value


def _points(start, step, count, dtype):
    made = steps_from(start, step, count, dtype.itemsize == 4)
    return made if dtype.itemsize > 2 else made.astype(dtype)


def arange(start=None, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """start, start + step, ... up to before end; arange(end) starts at 0.

    Integers make int64, a float among them makes the default dtype.

    Raises:
        RuntimeError: a step of 0, or one that leads away from end.

    Example:
        >>> fastgd.arange(3)
        tensor([0, 1, 2])
    """
    on_cpu(device)
    if end is None:
        start, end = 0, start
    elif start is None:
        start = 0
    whole = type(start) is int and type(end) is int and type(step) is int
    if not whole:
        start, end, step = _number(start), _number(end), _number(step)
        whole = isinstance(start, int) and isinstance(end, int) and isinstance(step, int)
    if dtype is None and out is None:
        dtype = np.dtype(np.int64) if whole else get_default_dtype().numpy
    else:
        dtype = out.dtype.numpy if out is not None else as_dtype(dtype).numpy
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype.kind != "f":
        made = np.arange(start, end, step)
        if made.dtype is not dtype:
            made = made.astype(dtype)
    else:
        made = _points(start, step, math.ceil((end - start) / step), dtype)
    return _made(made, requires_grad) if out is None else into(out, from_array(made))


def range(start=0, end=None, step=1, *, dtype=None, requires_grad=False):
    """start, start + step, ... up to and with end: torch's old form of arange."""
    warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end)."
    )
    count = math.floor((end - start) / step) + 1
    values = start + step * np.arange(count)
    return _made(values.astype(as_dtype(dtype or get_default_dtype()).numpy), requires_grad)


def _steps(steps):
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return int(steps)


def _line(start, end, steps, dtype):
    if dtype.itemsize == 4 and dtype.kind == "f":
        return line(start, end, steps, True)
    made = line(start, end, steps, False)
    return made if dtype.kind == "f" and dtype.itemsize == 8 else made.astype(dtype)


def linspace(start, end, steps, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """`steps` points from start to end, both included, at equal distances.

    Example:
        >>> fastgd.linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    on_cpu(device)
    dtype = as_dtype(dtype or (get_default_dtype() if out is None else out.dtype)).numpy
    made = _line(_number(start), _number(end), _steps(steps), dtype)
    return _made(made, requires_grad) if out is None else into(out, from_array(made))


def logspace(start, end, steps, base=10.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """`steps` points from base ** start to base ** end, at equal ratios."""
    on_cpu(device)
    dtype = as_dtype(dtype or (get_default_dtype() if out is None else out.dtype)).numpy
    made = powers(base, line(_number(start), _number(end), _steps(steps), False)).astype(dtype)
    return _made(made, requires_grad) if out is None else into(out, from_array(made))


def vander(x, N=None, increasing=False):
    """The powers of a vector as columns: x^(N-1), ..., x, 1, or the other way round."""
    N = len(x) if N is None else N
    powers = np.arange(N) if increasing else np.arange(N)[::-1].copy()
    return named_as(x.unsqueeze(-1) ** from_array(powers), "CopySlices" if increasing else "FlipBackward0")


def tril_indices(row, col, offset=0, *, dtype=None, device=None):
    """The row and column numbers of the lower triangle."""
    on_cpu(device)
    return from_array(np.stack(np.tril_indices(row, offset, col)).astype(as_dtype(dtype or int64).numpy))


def triu_indices(row, col, offset=0, *, dtype=None, device=None):
    """The row and column numbers of the upper triangle."""
    on_cpu(device)
    return from_array(np.stack(np.triu_indices(row, offset, col)).astype(as_dtype(dtype or int64).numpy))


def scalar_tensor(s, *, dtype=None, device=None, requires_grad=False):
    """A tensor of one number without dimensions, in the default dtype."""
    return tensor(s, dtype=dtype or get_default_dtype(), device=device, requires_grad=requires_grad)


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """A tensor of the data; a copy only where it cannot be helped, or with copy=True."""
    made = as_tensor(obj, dtype, device)
    return (made.clone() if copy else made).requires_grad_(requires_grad)


# ---- new tensors of another's dtype


def new_tensor(input, data, *, dtype=None, device=None, requires_grad=False):
    """A tensor with a copy of the data, in this one's dtype."""
    if isinstance(data, Tensor):
        _note_copy("tensor.new_tensor")
        data = data.detach().numpy()
    return tensor(data, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def new_full(input, size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """One value in that shape, in this tensor's dtype."""
    return full(size, fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def _new(name, make):
    def new(input, *size, dtype=None, device=None, requires_grad=False, **names):
        return make(*size, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad, **names)

    new.__name__ = new.__qualname__ = name
    new.__doc__ = f"`{make.__name__}` in this tensor's dtype."
    method(name, new)


_new("new_zeros", zeros)
_new("new_ones", ones)
_new("new_empty", empty)
method("new_tensor", new_tensor)
method("new_full", new_full)


checked_names(NAMES & globals().keys(), globals())
