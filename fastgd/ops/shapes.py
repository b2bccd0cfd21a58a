"""Other shapes and orders of the same elements: views where torch has views."""

import math

import numpy as np

from .._tensor import Tensor, apply, method, row
from .._types import Size
from .promotion import NO_OPTIONS, check_tensor, publish
from .reductions import check_dim

# ---- reshaping


def _viewed(a, shape):
    """The array in another shape, in the same memory; None if its strides do not allow that."""
    made = a.reshape(shape)
    base = made.base
    return made if base is a or (base is not None and base is a.base) or a.flags.c_contiguous else None


class _NotAView(RuntimeError):
    pass


def _view_forward(a, shape):
    made = _viewed(a, shape)
    if made is None:
        raise _NotAView(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
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


def _sizes(shape, numel):
    """The sizes that a call asked for, with -1 worked out."""
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    product = 1
    unknown = -1
    for i, size in enumerate(shape):
        if size >= 0:
            product *= size
        elif size != -1:
            raise RuntimeError(
                f"invalid shape dimension {size} at index {i} of shape {list(shape)}: sizes are positive, or -1 once"
            )
        elif unknown >= 0:
            raise RuntimeError("only one dimension can be inferred")
        else:
            unknown = i
    if unknown < 0:
        if product != numel:
            raise RuntimeError(f"shape '{[int(size) for size in shape]}' is invalid for input of size {numel}")
        return tuple(shape)
    if not product:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {[int(size) for size in shape]} because the unspecified "
            "dimension size -1 can be any value and is ambiguous"
        )
    if numel % product:
        raise RuntimeError(f"shape '{[int(size) for size in shape]}' is invalid for input of size {numel}")
    return (*shape[:unknown], numel // product, *shape[unknown + 1 :])


def reshape(input, *shape):
    """The same elements in another shape, with one size of -1 worked out; shares memory where that is possible."""
    check_tensor("reshape", "input", 1, input)
    options = {"shape": _sizes(shape, input.numel())}
    try:
        return apply(_view_row, (input,), options)
    except _NotAView:
        return apply(_unsafe_view_row, (input,), options)


def view(input, *shape):
    """The same memory in another shape, with one size of -1 worked out; an error where only a copy could have it."""
    if len(shape) == 1 and not isinstance(shape[0], (int, tuple, list, np.integer, Tensor)):
        return view_as_type(input, shape[0])
    return apply(_view_row, (input,), {"shape": _sizes(shape, input.numel())})


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
    shape = input.shape
    ndim = len(shape)
    if dim is None:
        return apply(_squeeze_row, (input,), {"shape": tuple([size for size in shape if size != 1])})
    several = isinstance(dim, (tuple, list))
    gone = [check_dim(axis, ndim or 1) for axis in (dim if several else (dim,))]
    kept = tuple([size for axis, size in enumerate(shape) if size != 1 or axis not in gone])
    return apply(_squeeze_dims_row if several else _squeeze_dim_row, (input,), {"shape": kept})


def unsqueeze(input, dim=None, *, axis=None):
    """The tensor with a dimension of size 1 put in at `dim`."""
    shape = input.shape
    dim = check_dim(axis if dim is None else dim, len(shape) + 1)
    return apply(_unsqueeze_row, (input,), {"shape": (*shape[:dim], 1, *shape[dim:])})


def flatten(input, start_dim=0, end_dim=-1):
    """The dimensions from start_dim to end_dim as one."""
    shape = input.shape
    ndim = len(shape)
    if not ndim:
        return reshape(input, 1)
    first, last = check_dim(start_dim, ndim), check_dim(end_dim, ndim)
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if first == last:
        return input
    return reshape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


def ravel(input):
    """All elements in one dimension; shares memory where that is possible."""
    try:
        return view(input, -1)
    except _NotAView:
        return view(input.contiguous(), -1)


def unflatten(input, dim, sizes):
    """One dimension as several."""
    dim = check_dim(dim, input.ndim)
    return reshape(input, (*input.shape[:dim], *_sizes((sizes,), input.shape[dim]), *input.shape[dim + 1 :]))


# ---- orders of dimensions

_transpose_row = row(
    "transpose",
    lambda a, first, second: a.swapaxes(first, second) if a.ndim else a.view(),
    (lambda g, out, a, first, second: g.swapaxes(first, second) if a.ndim else g,),
    ((),),
    view=True,
)
_t_row = row("t", lambda a: a.T, (lambda g, out, a: g.T,), ((),), label="TBackward0", view=True)
_permute_row = row(
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
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D: use transpose")
    return apply(_t_row, (input,), NO_OPTIONS)


def permute(input, *dims):
    """The dimensions in another order; shares memory."""
    if len(dims) == 1 and isinstance(dims[0], (tuple, list)):
        dims = dims[0]
    ndim = input.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(dims)}"
        )
    dims = tuple([check_dim(dim, ndim) for dim in dims])
    if len(set(dims)) < ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return apply(_permute_row, (input,), {"dims": dims})


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


def _expand_forward(a, shape):
    made = np.broadcast_to(a, shape)
    # numpy marks it read-only; torch lets one write to it.
    return np.lib.stride_tricks.as_strided(a, made.shape, made.strides) if a.flags.writeable else made


_expand_row = row("expand", _expand_forward, (lambda g, out, a, shape: g,), ((),), view=True)


def expand(input, *sizes):
    """The tensor repeated to larger sizes without a copy; -1 keeps a size.

    Raises:
        RuntimeError: a size that is neither 1 nor the one asked for.
    """
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = sizes[0]
    shape = input.shape
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
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) must match the existing size ({own}) at non-singleton "
                f"dimension {i}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(shape)}"
            )
        wanted.append(size)
    return apply(_expand_row, (input,), {"shape": tuple(wanted)})


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
    """Tensors expanded to the shape that they have together."""
    shape = broadcast_shapes(*[tensor.shape for tensor in tensors])
    return tuple(expand(tensor, shape) for tensor in tensors)


# ---- repetition and reversal


def _repeat_gradient(g, out, a, repeats):
    shape = (1,) * (len(repeats) - a.ndim) + a.shape
    pairs = [n for pair in zip(repeats, shape) for n in pair]
    return g.reshape(pairs).sum(tuple(range(0, len(pairs), 2))).reshape(a.shape)


_repeat_row = row("repeat", lambda a, repeats: np.tile(a, repeats), (_repeat_gradient,), ((),))


def repeat(input, *repeats):
    """The tensor copied so many times along each dimension."""
    if len(repeats) == 1 and isinstance(repeats[0], (tuple, list)):
        repeats = repeats[0]
    if len(repeats) < input.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: got "
            f"{len(repeats)} for {input.ndim} dimensions"
        )
    return apply(_repeat_row, (input,), {"repeats": tuple(repeats)})


def tile(input, *dims):
    """The tensor copied so many times along its last dimensions."""
    if len(dims) == 1 and isinstance(dims[0], (tuple, list)):
        dims = dims[0]
    return repeat(input, *(1,) * (input.ndim - len(dims)), *dims)


def _flip_forward(a, dims):
    # torch's flip copies.
    return np.flip(a, dims).copy()


_flip_row = row("flip", _flip_forward, (lambda g, out, a, dims: np.flip(g, dims),), ((),))
_roll_row = row(
    "roll",
    lambda a, shifts, dims: np.roll(a, shifts, dims),
    (lambda g, out, a, shifts, dims: np.roll(g, tuple(-n for n in np.atleast_1d(shifts)) if dims is not None
                                             else -shifts, dims),),
    ((),),
)  # fmt: skip


def flip(input, *dims):
    """A copy with some dimensions reversed."""
    if len(dims) == 1 and isinstance(dims[0], (tuple, list)):
        dims = dims[0]
    return apply(_flip_row, (input,), {"dims": tuple([check_dim(dim, input.ndim) for dim in dims])})


def fliplr(input):
    """A copy with the columns reversed."""
    return flip(input, 1)


def flipud(input):
    """A copy with the rows reversed."""
    return flip(input, 0)


def roll(input, shifts, dims=None):
    """The elements moved on by `shifts`; what leaves at the end comes in at the start."""
    return apply(_roll_row, (input,), {"shifts": shifts, "dims": dims})


def rot90(input, k=1, dims=(0, 1)):
    """A copy turned by 90 degrees k times, from the first of two dimensions towards the second."""
    first, second = dims
    turned = {0: lambda: input.clone(), 1: lambda: flip(input, second).transpose(first, second).contiguous(),
              2: lambda: flip(input, first, second),
              3: lambda: flip(input, first).transpose(first, second).contiguous()}  # fmt: skip
    return turned[k % 4]()


# ---- diagonals and triangles


def _triangle(name, function):
    made = row(
        name,
        lambda a, diagonal: function(a, diagonal),
        (lambda g, out, a, diagonal: function(g, diagonal),),
        ((),),
    )

    def triangle(input, diagonal=0):
        return apply(made, (input,), {"diagonal": diagonal})

    return triangle


triu = publish("triu", _triangle("triu", np.triu), "The upper triangle, zeros elsewhere.")
tril = publish("tril", _triangle("tril", np.tril), "The lower triangle, zeros elsewhere.")


def _diagonal_forward(a, offset, dim1, dim2):
    made = a.diagonal(offset, dim1, dim2)
    return np.lib.stride_tricks.as_strided(made, made.shape, made.strides) if not a.flags.writeable else _writable(made)


def _writable(view):
    view.flags.writeable = True
    return view


def _diagonal_gradient(g, out, a, offset, dim1, dim2):
    made = np.zeros(a.shape, g.dtype)
    _writable(made.diagonal(offset, dim1, dim2))[...] = g
    return made


_diagonal_row = row("diagonal", _diagonal_forward, (_diagonal_gradient,), ((),), view=True)
_diagonal_copy_row = row(
    "diagonal_copy",
    lambda a, offset: a.diagonal(offset).copy(),
    (lambda g, out, a, offset: _diagonal_gradient(g, out, a, offset, 0, 1),),
    ((),),
    label="DiagonalBackward0_copy",
)
_trace_row = row("trace", np.trace, (lambda g, out, a: g * np.eye(*a.shape, dtype=g.dtype),), ((),))
_diag_row = row(
    "diag",
    lambda a, offset: np.diag(a, offset),
    (lambda g, out, a, offset: g.diagonal(offset),),
    ((),),
    label="DiagEmbedBackward0",
)


def diagonal(input, offset=0, dim1=0, dim2=1):
    """The diagonal of a matrix; shares memory."""
    dim1, dim2 = check_dim(dim1, input.ndim), check_dim(dim2, input.ndim)
    return apply(_diagonal_row, (input,), {"offset": offset, "dim1": dim1, "dim2": dim2})


def diag(input, diagonal=0):
    """A matrix with a vector as its diagonal, or the diagonal of a matrix as a vector."""
    if input.ndim == 1:
        return apply(_diag_row, (input,), {"offset": diagonal})
    if input.ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    return apply(_diagonal_copy_row, (input,), {"offset": diagonal})


def diag_embed(input, offset=0):
    """A matrix with a vector as its diagonal."""
    return diag(input, offset)


def trace(input):
    """The sum of the diagonal of a matrix."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return apply(_trace_row, (input,), NO_OPTIONS)


# ---- windows


def _unfold_forward(a, dimension, size, step):
    windows = np.lib.stride_tricks.sliding_window_view(a, size, dimension, writeable=a.flags.writeable)
    return windows[(slice(None),) * dimension + (slice(None, None, step),)]


def _unfold_gradient(g, out, a, dimension, size, step):
    made = np.zeros(a.shape, g.dtype)
    by_position = np.moveaxis(made, dimension, 0)
    for i, part in enumerate(np.moveaxis(g, dimension, 0)):
        by_position[i * step : i * step + size] += np.moveaxis(part, -1, 0)
    return made


_unfold_row = row("unfold", _unfold_forward, (_unfold_gradient,), ((),), view=True)


def unfold(input, dimension, size, step):
    """Windows of `size` elements along a dimension, every `step`; shares memory."""
    dimension = check_dim(dimension, input.ndim)
    if size > input.shape[dimension]:
        raise RuntimeError(
            f"maximum size for tensor at dimension {dimension} is {input.shape[dimension]} but size is {size}"
        )
    return apply(_unfold_row, (input,), {"dimension": dimension, "size": size, "step": step})


for _function in (
    reshape, view, view_as, reshape_as, squeeze, unsqueeze, flatten, ravel, unflatten, transpose, t, permute, movedim,
    adjoint, expand, expand_as, broadcast_to, repeat, tile, flip, fliplr, flipud, roll, rot90, diagonal, diag,
    diag_embed, trace, unfold,
):  # fmt: skip
    publish(_function.__name__, _function, _function.__doc__)
method("swapaxes", transpose)
method("swapdims", transpose)
method("moveaxis", movedim)
