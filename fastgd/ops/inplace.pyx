"""Copies, and writing to whole tensors."""

cimport numpy as cnp
from numpy cimport ndarray

from .._tensor cimport Tensor, array_of

import math

import numpy as np

from .._tensor import apply, apply_inplace, from_array, is_grad_enabled, method, prepare_write, reshape_inplace, row
from .._types import advised
from . import views  # noqa: F401 (those that are made in place here)
from .publishing import NO_OPTIONS, check_tensor, publish

cnp.import_array()

_clone_row = row("clone", lambda a: a.copy("K"), (lambda g, out, a: g,), ((),))
_contiguous_row = row("contiguous", np.ascontiguousarray, (lambda g, out, a: g,), ((),), label="CloneBackward0")
_fill_row = row(
    "fill",
    lambda a, value: np.full(a.shape, value, a.dtype),
    (lambda g, out, a, value: np.zeros_like(g), lambda g, out, a, value: g.sum()),
    ((), ()),
    label=lambda a, value: "FillBackward1" if isinstance(value, np.ndarray) else "FillBackward2",
)
row("zero", np.zeros_like, (lambda g, out, a: np.zeros_like(g),), ((),))
_copy_row = row(
    "copy",
    lambda a, source: np.broadcast_to(source, a.shape).astype(a.dtype),
    (lambda g, out, a, source: np.zeros_like(g), lambda g, out, a, source: g),
    ((), ()),
    label="CopyBackwards",
)


def clone(input, *, memory_format=None):
    """A copy, recorded: gradients flow through it."""
    check_tensor("clone", "input", 1, input)
    return apply(_clone_row, (input,), NO_OPTIONS)


def contiguous(input, memory_format=None):
    """The tensor itself if its rows lie one after another, else a copy whose rows do."""
    return input if input.is_contiguous() else apply(_contiguous_row, (input,), NO_OPTIONS)


def _recorded(input, other=None):
    return is_grad_enabled() and (input.requires_grad or isinstance(other, Tensor) and other.requires_grad)


zero_ = Tensor.zero_


def fill_(input, value):
    """Sets every element to one value, a number or a tensor of one."""
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions.")
    if _recorded(input, value):
        return apply_inplace(_fill_row, (input, value), NO_OPTIONS)
    prepare_write(input)[...] = value.item() if isinstance(value, Tensor) else value
    return input


def _fits(shape, wanted):
    """Whether a shape broadcasts to another."""
    try:
        return np.broadcast_shapes(shape, wanted) == tuple(wanted)
    except ValueError:
        return False


def copy_(input, src, non_blocking=False):
    """Writes the elements of another tensor, broadcast to this shape and converted to this dtype."""
    cdef ndarray source
    cdef ndarray array
    check_tensor("copy_", "other", 1, src)
    source, array = array_of(src), array_of(input)
    if not cnp.PyArray_SAMESHAPE(array, source) and not _fits(src.shape, input.shape):
        raise advised(
            RuntimeError(
                f"The size of tensor a ({input.shape[-1] if input.ndim else 1}) must match the size of tensor b "
                f"({src.shape[-1] if src.ndim else 1}) at non-singleton dimension {max(input.ndim - 1, 0)}"
            ),
            f"copy_ got a source of shape {list(src.shape)} for {list(input.shape)}.",
        )
    if _recorded(input, src):
        return apply_inplace(_copy_row, (input, src), NO_OPTIONS)
    cnp.PyArray_CopyInto(prepare_write(input), source)
    return input


def fill_diagonal_(input, fill_value, wrap=False):
    """Sets the diagonal of a matrix to one value."""
    np.fill_diagonal(prepare_write(input), fill_value, wrap)
    return input


def apply_(input, callable):
    """Replaces every element x by callable(x)."""
    array = prepare_write(input)
    array[...] = np.vectorize(callable, otypes=[array.dtype])(array)
    return input


def map_(input, other, callable):
    """Replaces every element x by callable(x, y), y being that of another tensor."""
    array = prepare_write(input)
    array[...] = np.vectorize(callable, otypes=[array.dtype])(array, other.detach().numpy())
    return input


def resize_(input, *sizes, memory_format=None):
    """Other sizes for the tensor itself, on the elements that it has; those that it lacks are 0."""
    if input.requires_grad:
        raise RuntimeError("cannot resize variables that require grad: use a .clone() with another shape")
    shape = sizes[0] if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes
    input.data = from_array(
        np.resize(np.append(input.numpy().ravel(), np.zeros(math.prod(shape), input.dtype.numpy)), shape)
    )
    return input


def _squeeze_label(args, named):
    dim = args[0] if args else named.get("dim")
    return "SqueezeBackward" + ("3" if dim is None else "5" if isinstance(dim, (tuple, list)) else "4")


def _reshaped(name, label):
    """The in-place form of a view: the tensor itself gets the other shape."""
    out_of_place = getattr(Tensor, name)

    def inplace(input, *args, **named):
        return reshape_inplace(input, out_of_place, args, named, label(args, named) if callable(label) else label)

    inplace.__name__ = inplace.__qualname__ = name + "_"
    inplace.__doc__ = f"`{name}` of the tensor itself."
    method(name + "_", inplace)


_reshaped("t", "TBackward1")
_reshaped("squeeze", _squeeze_label)
_reshaped("unsqueeze", "UnsqueezeBackward1")
for _name in ("transpose", "swapaxes", "swapdims"):
    _reshaped(_name, "TransposeBackward1")
publish("clone", clone, clone.__doc__)
for _function in (contiguous, fill_, copy_, fill_diagonal_, apply_, map_, resize_):
    method(_function.__name__, _function)
