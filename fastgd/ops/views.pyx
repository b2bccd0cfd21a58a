"""Dimensions, and other shapes and orders of the same elements: views where torch has views."""

cimport numpy as cnp
from cpython.ref cimport Py_INCREF
from numpy cimport ndarray

from .._tensor cimport Row, Tensor, array_of, view_of

import numpy as np

from .._tensor import apply, method, row
from .._types import Size, advised
from .promotion import not_expanded
from .publishing import NO_OPTIONS, check_tensor, publish

cnp.import_array()

cdef enum:
    MOST_DIMS = 64      # that numpy has


# ---- dimensions


cpdef axes_of(dim, Py_ssize_t ndim):
    """Checked, non-negative axes for a dim of None, a number or several; None stands for all."""
    if dim is None:
        return None
    if not isinstance(dim, (tuple, list)):
        return check_dim(dim, max(ndim, 1)) if ndim else None
    if ndim == 0 or not dim:
        for axis in dim:
            check_dim(axis, 1)
        return None
    axes = tuple([check_dim(axis, ndim) for axis in dim])
    if len(set(axes)) < len(axes):
        repeated = [axis for axis in axes if axes.count(axis) > 1][0]
        raise RuntimeError(f"dim {repeated} appears multiple times in the list of dims")
    return axes


cpdef check_dim(dim, Py_ssize_t ndim):
    """A dimension counted from the front."""
    cdef Py_ssize_t at = dim
    if not -ndim <= at < ndim:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})")
    return at + ndim if at < 0 else at


# ---- reshaping


cdef object viewed(ndarray a, tuple shape):
    """The array in another shape, in the same memory; None if its strides do not allow that."""
    cdef cnp.npy_intp sizes[MOST_DIMS]
    cdef cnp.PyArray_Dims wanted
    cdef int i
    if cnp.PyArray_IS_C_CONTIGUOUS(a) and len(shape) <= MOST_DIMS:
        wanted.ptr = sizes
        wanted.len = len(shape)
        for i in range(wanted.len):
            sizes[i] = shape[i]
        return cnp.PyArray_Newshape(a, &wanted, cnp.NPY_CORDER)
    made = a.reshape(shape)
    base = made.base
    return made if base is a or (base is not None and base is (<object>a).base) else None


NOT_A_VIEW = (
    "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
    "contiguous subspaces). Use .reshape(...) instead."
)


def _view_forward(a, shape):
    made = viewed(a, shape)
    if made is None:
        raise RuntimeError(NOT_A_VIEW)
    return made


def _shape_row(name, label):
    return row(name, _view_forward, (lambda g, out, a, shape: g.reshape(a.shape),), ((),), label=label, view=True)


_view_row = _shape_row("view", "ViewBackward0")
_unsafe_view_row = row(
    "unsafe_view",
    lambda a, shape: a.reshape(shape),
    (lambda g, out, a, shape: g.reshape(a.shape),),
    ((),),
    label="UnsafeViewBackward0",
)
_squeeze_row = _shape_row("squeeze", "SqueezeBackward0")
_squeeze_dim_row = _shape_row("squeeze_dim", "SqueezeBackward1")
_squeeze_dims_row = _shape_row("squeeze_dims", "SqueezeBackward2")
_unsqueeze_row = _shape_row("unsqueeze", "UnsqueezeBackward0")


cdef tuple sizes_of(tuple given, Py_ssize_t numel):
    """The sizes that a call asked for, with -1 worked out."""
    cdef tuple shape = tuple(given[0]) if len(given) == 1 and isinstance(given[0], (tuple, list)) else given
    cdef Py_ssize_t product = 1
    cdef Py_ssize_t unknown = -1
    cdef Py_ssize_t i, size
    for i in range(len(shape)):
        size = shape[i]
        if size >= 0:
            product *= size
        elif size != -1:
            raise advised(
                RuntimeError(f"invalid shape dimension {size} at index {i} of shape {list(shape)}"),
                "Sizes are positive, or -1 once.",
            )
        elif unknown >= 0:
            raise RuntimeError("only one dimension can be inferred")
        else:
            unknown = i
    if unknown < 0:
        if product != numel:
            raise RuntimeError(f"shape '{[int(size) for size in shape]}' is invalid for input of size {numel}")
        return shape
    if not product:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {[int(size) for size in shape]} because the unspecified "
            "dimension size -1 can be any value and is ambiguous"
        )
    if numel % product:
        raise RuntimeError(f"shape '{[int(size) for size in shape]}' is invalid for input of size {numel}")
    return (*shape[:unknown], numel // product, *shape[unknown + 1 :])


def listed(tuple given, named):
    """What comes as numbers, as one tuple or list, or by its name."""
    if named is not None:
        return (named,) if isinstance(named, int) else tuple(named)
    return tuple(given[0]) if len(given) == 1 and isinstance(given[0], (tuple, list)) else given


def reshape(input, *sizes, shape=None):
    """The same elements in another shape, with one size of -1 worked out; shares memory where that is possible."""
    check_tensor("reshape", "input", 1, input)
    return _reshaped(input, sizes_of(sizes if shape is None else (shape,), input.numel()))


cdef object _reshaped(input, tuple shape):
    options = {"shape": shape}
    try:
        return apply(_view_row, (input,), options)
    except RuntimeError as error:
        if error.args[0] is not NOT_A_VIEW:
            raise
    return apply(_unsafe_view_row, (input,), options)


def view(input, *shape):
    """The same memory in another shape, with one size of -1 worked out; an error where only a copy could have it."""
    if len(shape) == 1 and not isinstance(shape[0], (int, tuple, list, np.integer, Tensor)):
        return view_as_type(input, shape[0])
    return apply(_view_row, (input,), {"shape": sizes_of(shape, input.numel())})


def view_as_type(input, dtype):
    """The same memory read as elements of another dtype of the same size."""
    from .._tensor import share

    return share(input, input.detach().numpy().view(dtype.numpy))


def view_as(input, other):
    """`view` in the shape of another tensor."""
    return view(input, other.shape)


def reshape_as(input, other):
    """`reshape` in the shape of another tensor."""
    return reshape(input, other.shape)


def squeeze(input, dim=None, *, axis=None):
    """The tensor without its dimensions of size 1, or without those named."""
    dim = axis if dim is None else dim
    cdef tuple shape = <tuple>input.shape
    ndim = len(shape)
    if dim is None:
        return apply(_squeeze_row, (input,), {"shape": tuple([size for size in shape if size != 1])})
    several = isinstance(dim, (tuple, list))
    gone = [check_dim(axis, ndim or 1) for axis in (dim if several else (dim,))]
    kept = tuple([size for axis, size in enumerate(shape) if size != 1 or axis not in gone])
    return apply(_squeeze_dims_row if several else _squeeze_dim_row, (input,), {"shape": kept})


def unsqueeze(input, dim=None, *, axis=None):
    """The tensor with a dimension of size 1 put in at `dim`."""
    cdef tuple shape = <tuple>input.shape
    dim = check_dim(axis if dim is None else dim, len(shape) + 1)
    return apply(_unsqueeze_row, (input,), {"shape": (*shape[:dim], 1, *shape[dim:])})


def flatten(input, start_dim=0, end_dim=-1):
    """The dimensions from start_dim to end_dim as one."""
    cdef Py_ssize_t product = 1, ndim, first, last, dim
    cdef tuple shape = <tuple>input.shape
    ndim = len(shape)
    if not ndim:
        return reshape(input, 1)
    first, last = check_dim(start_dim, ndim), check_dim(end_dim, ndim)
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if first == last:
        return input
    for dim in range(first, last + 1):
        product *= <Py_ssize_t>shape[dim]
    return _reshaped(input, shape[:first] + (product,) + shape[last + 1 :])


def ravel(input):
    """All elements in one dimension; shares memory where that is possible."""
    try:
        return view(input, -1)
    except RuntimeError:
        return view(input.contiguous(), -1)


def unflatten(input, dim, sizes):
    """One dimension as several."""
    dim = check_dim(dim, input.ndim)
    return reshape(input, (*input.shape[:dim], *sizes_of((sizes,), input.shape[dim]), *input.shape[dim + 1 :]))


# ---- orders of dimensions

_transpose_row = row(
    "transpose",
    lambda a, first, second: a.swapaxes(first, second) if a.ndim else a.view(),
    (lambda g, out, a, first, second: g.swapaxes(first, second) if a.ndim else g,),
    ((),),
    view=True,
)
_t_row = row("t", lambda a: a.T, (lambda g, out, a: g.T,), ((),), label="TBackward0", view=True)
cdef Row _permute_row = row(
    "permute",
    lambda a, dims: a.transpose(dims),
    (lambda g, out, a, dims: g.transpose(np.argsort(dims)),),
    ((),),
    view=True,
)


def transpose(input, dim0, dim1):
    """The tensor with two dimensions swapped; shares memory."""
    ndim = input.ndim or 1
    return apply(_transpose_row, (input,), {"first": check_dim(dim0, ndim), "second": check_dim(dim1, ndim)})


def t(input):
    """The transpose of a matrix; shares memory."""
    check_tensor("t", "input", 1, input)
    if input.ndim > 2:
        raise advised(
            RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D"), "Use transpose."
        )
    return apply(_t_row, (input,), NO_OPTIONS)


def permute(input, *order, dims=None):
    """The dimensions in another order; shares memory."""
    dims = listed(order, dims)
    ndim = input.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(dims)}"
        )
    dims = tuple([check_dim(dim, ndim) for dim in dims])
    if len(set(dims)) < ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return _permuted(input, dims)


cdef Tensor _permuted(Tensor input, tuple dims):
    return view_of(_permute_row, input, array_of(input).transpose(dims), {"dims": dims})


def movedim(input, source, destination):
    """Some dimensions moved elsewhere, the others in their order; shares memory."""
    source = [source] if isinstance(source, int) else source
    destination = [destination] if isinstance(destination, int) else destination
    source = [check_dim(dim, input.ndim) for dim in source]
    destination = [check_dim(dim, input.ndim) for dim in destination]
    order = [dim for dim in range(input.ndim) if dim not in source]
    for to, dim in sorted(zip(destination, source)):
        order.insert(to, dim)
    return permute(input, order)


def adjoint(input):
    """The last two dimensions swapped."""
    return transpose(input, -2, -1)


# ---- expansion


cpdef ndarray expanded(ndarray a, shape, bint writable):
    """The array with steps of 0 where it is repeated."""
    cdef cnp.npy_intp sizes[MOST_DIMS]
    cdef cnp.npy_intp steps[MOST_DIMS]
    cdef int ndim = len(shape)
    cdef int extra = ndim - cnp.PyArray_NDIM(a)
    cdef int i
    cdef ndarray made
    if ndim > MOST_DIMS:
        raise RuntimeError(f"a tensor has at most {MOST_DIMS} dimensions, but got sizes for {ndim}")
    for i in range(ndim):
        sizes[i] = shape[i]
        steps[i] = cnp.PyArray_STRIDE(a, i - extra) if i >= extra and cnp.PyArray_DIM(a, i - extra) == sizes[i] else 0
    made = cnp.PyArray_New(
        ndarray, ndim, sizes, cnp.PyArray_TYPE(a), steps, cnp.PyArray_DATA(a), 0,
        cnp.NPY_ARRAY_WRITEABLE if writable else 0, None,
    )
    cnp.PyArray_UpdateFlags(made, cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_F_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED)
    cnp.set_array_base(made, a)
    return made


def _expand_forward(a, shape):
    return expanded(a, shape, a.flags.writeable)


cdef Row _expand_row = row("expand", _expand_forward, (lambda g, out, a, shape: g,), ((),), view=True)


def expand(input, *sizes, size=None):
    """The tensor repeated to larger sizes without a copy; -1 keeps a size.

    Raises:
        RuntimeError: a size that is neither 1 nor the one asked for.
    """
    sizes = listed(sizes, size)
    cdef tuple shape = <tuple>input.shape
    extra = len(sizes) - len(shape)
    if extra < 0:
        raise RuntimeError(
            f"expand(torch.{input.dtype.legacy}Tensor{{{list(shape)}}}, size={list(sizes)}): the number of sizes "
            f"provided ({len(sizes)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    wanted = []
    for i, size in enumerate(sizes):
        own = shape[i - extra] if i >= extra else 1
        if size == -1 and i < extra:
            raise RuntimeError(
                f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {i}"
            )
        size = own if size == -1 else int(size)
        if own not in (1, size):
            raise not_expanded(shape, sizes)
        wanted.append(size)
    made = expanded(array_of(input), wanted, cnp.PyArray_ISWRITEABLE(array_of(input)))
    return view_of(_expand_row, input, made, {"shape": tuple(wanted)})


def expand_as(input, other):
    """`expand` to the sizes of another tensor."""
    return expand(input, other.shape)


def broadcast_to(input, size):
    """`expand` under numpy's name."""
    return expand(input, size)


def broadcast_shapes(*shapes):
    """The shape that arithmetic on tensors of these shapes has."""
    try:
        return Size(np.broadcast_shapes(*shapes))
    except ValueError:
        raise RuntimeError(
            f"Attempting to broadcast shapes that do not go together: {', '.join(map(str, shapes))}. Sizes must be "
            "equal, or 1"
        ) from None


def broadcast_tensors(*tensors):
    """Tensors expanded to the shape that they have together; one that has it already is given back."""
    shape = broadcast_shapes(*[tensor.shape for tensor in tensors])
    return tuple(tensor if tensor.shape == shape else expand(tensor, shape) for tensor in tensors)


# ---- reversal


cpdef ndarray flipped(ndarray a, tuple dims):
    """The array with some dimensions reversed, in the same memory."""
    cdef list index = [EVERYTHING] * cnp.PyArray_NDIM(a)
    for dim in dims:
        index[dim] = BACKWARDS
    return a[(*index, ...)]


cdef object EVERYTHING = slice(None)
cdef object BACKWARDS = slice(None, None, -1)


def reversed_dims(input):
    """The dimensions in reverse order; shares memory."""
    return _permuted(input, tuple(range(input.ndim - 1, -1, -1)))


for _function in (
    reshape, view, view_as, reshape_as, squeeze, unsqueeze, flatten, ravel, unflatten, transpose, t, permute, movedim,
    adjoint, expand, expand_as, broadcast_to,
):
    publish(_function.__name__, _function, _function.__doc__)
swapaxes = swapdims = transpose
moveaxis = movedim
for _name in ("swapaxes", "swapdims"):
    method(_name, transpose)
method("moveaxis", movedim)
