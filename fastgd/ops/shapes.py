"""Repetition, reversal, diagonals, triangles and windows."""

import numpy as np

from .._tensor import apply, apply_inplace, named_as, row
from .._types import advised
from .publishing import NO_OPTIONS, publish
from .views import check_dim, flipped, listed

# ---- repetition and reversal


def _repeat_gradient(g, out, a, repeats):
    shape = (1,) * (len(repeats) - a.ndim) + a.shape
    pairs = [n for pair in zip(repeats, shape) for n in pair]
    return g.reshape(pairs).sum(tuple(range(0, len(pairs), 2))).reshape(a.shape)


_repeat_row = row("repeat", lambda a, repeats: np.tile(a, repeats), (_repeat_gradient,), ((),))


def repeat(input, *times, repeats=None):
    """The tensor copied so many times along each dimension."""
    repeats = listed(times, repeats)
    if len(repeats) < input.ndim:
        raise advised(
            RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"),
            f"Got {len(repeats)} for {input.ndim} dimensions.",
        )
    return apply(_repeat_row, (input,), {"repeats": tuple(repeats)})


def tile(input, *times, dims=None):
    """The tensor copied so many times along its last dimensions."""
    dims = listed(times, dims)
    return repeat(input, *(1,) * (input.ndim - len(dims)), *dims)


def _flip_forward(a, dims):
    # torch's flip copies.
    return flipped(a, dims).copy()


_flip_row = row("flip", _flip_forward, (lambda g, out, a, dims: flipped(g, dims),), ((),))
_roll_row = row(
    "roll",
    lambda a, shifts, dims: np.roll(a, shifts, dims),
    (lambda g, out, a, shifts, dims: np.roll(g, tuple(-n for n in np.atleast_1d(shifts)) if dims is not None
                                             else -shifts, dims),),
    ((),),
)  # fmt: skip


def flip(input, *reversed, dims=None):
    """A copy with some dimensions reversed."""
    dims = listed(reversed, dims)
    ndim = input.ndim
    return apply(_flip_row, (input,), {"dims": tuple([check_dim(dim, ndim) for dim in dims])})


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
    return named_as(turned[k % 4](), "Rot90Backward0")


# ---- diagonals and triangles


def _triangle(name, function, doc):
    def forward(a, diagonal):
        if a.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        return function(a, diagonal)

    made = row(
        name,
        forward,
        (lambda g, out, a, diagonal: function(g, diagonal),),
        ((),),
    )

    def cut(apply):
        return lambda input, diagonal=0: apply(made, (input,), {"diagonal": diagonal})

    return publish(name, cut(apply), doc, cut(apply_inplace))


triu = _triangle("triu", np.triu, "The upper triangle, zeros elsewhere.")
tril = _triangle("tril", np.tril, "The lower triangle, zeros elsewhere.")


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


def diagflat(input, offset=0):
    """A matrix with all elements, row by row, as its diagonal."""
    return diag(input.reshape(-1), offset)


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
    repeat, tile, flip, fliplr, flipud, roll, rot90, diagonal, diag, diag_embed, diagflat, trace, unfold,
):  # fmt: skip
    publish(_function.__name__, _function, _function.__doc__)
