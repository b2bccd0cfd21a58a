"""Tensors joined into one, and what is made of neighbours and pieces."""

import numpy as np

from .._tensor import Tensor, apply, from_array, named_as, row
from .._types import advised
from .._warnings import warn_once
from ._loops import joined, same_shapes
from .parts import between, narrow, pieces, slice_piece_row
from .promotion import one_type
from .publishing import into, publish
from .views import check_dim


class _EachPart:
    """The gradients of any number of joined arguments."""

    def __init__(self, part):
        self.part = part

    def __getitem__(self, i):
        return lambda g, out, *arrays, **options: self.part(g, i, arrays, **options)


class _NeedNothing:
    def __getitem__(self, i):
        return ()


def _cat_part(g, i, arrays, dim):
    start = 0
    for array in arrays[:i]:
        start += array.shape[dim]
    return g[between(start, start + arrays[i].shape[dim], dim)]


def _stack_forward(*arrays, dim):
    joint = joined(arrays, dim, True)
    if joint is not None:
        return joint
    arrays = one_type(arrays)
    return np.stack(arrays, dim)


_stack_row = row(
    "stack",
    _stack_forward,
    _EachPart(lambda g, i, arrays, dim: g[(slice(None),) * dim + (i,)]),
    _NeedNothing(),
)


def _cat_forward(*arrays, dim):
    joint = joined(arrays, dim, False)
    return np.concatenate(one_type(arrays), dim) if joint is None else joint


_cat_row = row("cat", _cat_forward, _EachPart(_cat_part), _NeedNothing())
_DIM_0 = {"dim": 0}


def _tensors(name, tensors):
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    tensors = tuple(tensors)
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise advised(
                TypeError(f"expected Tensor as element {i} in argument 0, but got {type(tensor).__name__}"),
                "Convert it with fastgd.tensor(...).",
            )
    return tensors


def stack(tensors, dim=0, *, axis=None, out=None):
    """Tensors of one shape along a new dimension.

    Args:
        tensors: a list or tuple of tensors.
        dim: where the new dimension goes.

    Raises:
        RuntimeError: no tensors, or tensors of different shapes.

    Example:
        >>> fastgd.stack([fastgd.tensor([1, 2]), fastgd.tensor([3, 4])])
        tensor([[1, 2],
                [3, 4]])
    """
    ndim = same_shapes(tensors)
    if ndim < 0:
        tensors = _tensors("stack", tensors)
        if not tensors:
            raise RuntimeError("stack expects a non-empty TensorList")
        ndim = tensors[0].ndim
        _check_for_stack([tensor.shape for tensor in tensors])
    dim = dim if axis is None else axis
    if dim:
        dim = check_dim(dim, ndim + 1)
    made = apply(_stack_row, tuple(tensors), {"dim": dim} if dim else _DIM_0)
    return made if out is None else into(out, made)


def _check_for_stack(shapes):
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shapes[0])} at entry 0 and {list(shape)} "
                f"at entry {i}"
            )


def cat(tensors, dim=0, *, axis=None, out=None):
    """Tensors one after another along an existing dimension.

    Args:
        tensors: a list or tuple of tensors, of the same sizes but for `dim`.
        dim: the dimension along which they are joined.

    Raises:
        RuntimeError: no tensors, or tensors whose other sizes differ.

    Example:
        >>> fastgd.cat([fastgd.zeros(1, 2), fastgd.ones(2, 2)])
        tensor([[0., 0.],
                [1., 1.],
                [1., 1.]])
    """
    ndim = same_shapes(tensors)
    dim = dim if axis is None else axis
    if ndim > 0:
        dim = check_dim(dim, ndim)
    else:
        tensors, dim = _checked_for_cat(_tensors("cat", tensors), dim)
    made = apply(_cat_row, tuple(tensors), {"dim": dim} if dim else _DIM_0)
    return made if out is None else into(out, made)


def _block_forward(*arrays):
    arrays = one_type([np.atleast_2d(array) for array in arrays])
    made = np.zeros(np.sum([array.shape for array in arrays], 0), arrays[0].dtype)
    row_start = column_start = 0
    for array in arrays:
        rows, columns = array.shape
        made[row_start : row_start + rows, column_start : column_start + columns] = array
        row_start, column_start = row_start + rows, column_start + columns
    return made


def _block_part(g, i, arrays):
    shapes = [np.atleast_2d(array).shape for array in arrays]
    row_start, column_start = np.sum([(0, 0), *shapes[:i]], 0)
    rows, columns = shapes[i]
    return g[row_start : row_start + rows, column_start : column_start + columns].reshape(arrays[i].shape)


_block_row = row("block_diag", _block_forward, _EachPart(_block_part), _NeedNothing())


def block_diag(*tensors):
    """A matrix with the tensors, vectors as rows, along its diagonal, and zeros beside them."""
    return apply(_block_row, tensors, {})


def _checked_for_cat(tensors, dim):
    """The tensors that are joined, and the dimension."""
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for i, tensor in enumerate(tensors):
        if not tensor.ndim:
            raise advised(
                RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated"), "Use stack."
            )
    # torch lets empty vectors pass, whatever the others are.
    tensors = tuple([tensor for tensor in tensors if tensor.shape != (0,)]) or tensors[:1]
    ndim = tensors[0].ndim
    for tensor in tensors:
        if tensor.ndim != ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {ndim} and {tensor.ndim}")
    dim = check_dim(dim, ndim)
    first = tensors[0].shape
    for i, tensor in enumerate(tensors):
        for j, size in enumerate(tensor.shape):
            if j != dim and size != first[j]:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {first[j]} but got size "
                    f"{size} for tensor number {i} in the list."
                )
    return tensors, dim


concat = concatenate = cat


def _at_least(ndim):
    def widen(*tensors):
        tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
        made = tuple(_widened(tensor, ndim) for tensor in tensors)
        return made[0] if len(made) == 1 else made

    widen.__name__ = widen.__qualname__ = f"atleast_{ndim}d"
    widen.__doc__ = f"The tensors with at least {ndim} dimensions."
    return widen


def _widened(tensor, ndim):
    if tensor.ndim >= ndim:
        return tensor
    if tensor.ndim == 0:
        return tensor.reshape([1] * ndim)
    if tensor.ndim == 1:
        tensor = tensor.unsqueeze(0)
    return tensor.unsqueeze(-1) if ndim == 3 else tensor


atleast_1d, atleast_2d, atleast_3d = _at_least(1), _at_least(2), _at_least(3)


def hstack(tensors):
    """Tensors side by side: along the second dimension, vectors along their only one."""
    tensors = [_widened(tensor, 1) for tensor in tensors]
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors):
    """Tensors below one another, vectors as rows."""
    return cat([_widened(tensor, 2) for tensor in tensors], 0)


row_stack = vstack


def dstack(tensors):
    """Tensors along a third dimension."""
    return cat([_widened(tensor, 3) for tensor in tensors], 2)


def column_stack(tensors):
    """Tensors side by side, vectors as columns."""
    return cat([tensor.reshape(tensor.numel(), 1) if tensor.ndim < 2 else tensor for tensor in tensors], 1)


def tensor_split(input, indices_or_sections, dim=0):
    """Pieces of nearly equal sizes, or pieces that start at given indices; they share memory."""
    dim = check_dim(dim, input.ndim)
    length = input.shape[dim]
    if isinstance(indices_or_sections, int):
        size, longer = divmod(length, indices_or_sections)
        sizes = [size + (i < longer) for i in range(indices_or_sections)]
        bounds = np.cumsum([0, *sizes]).tolist()
    else:
        bounds = [0, *[min(max(int(i), 0), length) for i in indices_or_sections], length]
    return pieces(slice_piece_row, input, dim, bounds)


def hsplit(input, indices_or_sections):
    """`tensor_split` along the columns."""
    return tensor_split(input, indices_or_sections, 1 if input.ndim > 1 else 0)


def vsplit(input, indices_or_sections):
    """`tensor_split` along the rows."""
    return tensor_split(input, indices_or_sections, 0)


# ---- combinations


def meshgrid(*tensors, indexing=None):
    """Coordinate grids of vectors: one tensor a vector, each with one dimension a vector.

    Args:
        tensors: vectors, or one list of them.
        indexing: "ij" for rows first, which is also what is done, with a warning, where it is left out; "xy" for
            columns first, as in numpy.
    """
    tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if indexing is None:
        warn_once("torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.")
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for tensor in tensors:
        if tensor.ndim > 1:
            raise RuntimeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {tensor.detach().numpy()}"
            )
        if tensor.dtype != tensors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    swapped = indexing == "xy" and len(tensors) > 1
    if swapped:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    sizes = [tensor.numel() for tensor in tensors]
    grids = [
        tensor.reshape([-1 if j == i else 1 for j in range(len(sizes))]).expand(sizes)
        for i, tensor in enumerate(tensors)
    ]
    return (grids[1], grids[0], *grids[2:]) if swapped else tuple(grids)


def cartesian_prod(*tensors):
    """Every combination of one element of each vector, as rows."""
    for tensor in tensors:
        if tensor.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(tensor.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([grid.reshape(-1) for grid in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input, r=2, with_replacement=False):
    """Every choice of r elements of a vector, in order, as rows."""
    from itertools import combinations as distinct, combinations_with_replacement as repeated

    chosen = list((repeated if with_replacement else distinct)(range(len(input)), r))
    return named_as(input[np.array(chosen, np.int64).reshape(-1, r)], "StackBackward0")


def diff(input, n=1, dim=-1, prepend=None, append=None):
    """The differences between neighbours along dim, n times; with what is put in front and behind first."""
    if prepend is not None or append is not None:
        input = cat([part for part in (prepend, input, append) if part is not None], dim)
    for _ in range(n):
        length = input.shape[dim]
        input = narrow(input, dim, 1, length - 1) - narrow(input, dim, 0, length - 1)
    return input


def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """The slope along each dimension by differences of neighbours, on either side where there are two.

    Args:
        spacing: the distance of neighbours: a number; or a list with a number or the coordinates (a vector) for each
            dimension.
        dim: one dimension or several. Default: all.
        edge_order: 1: at the ends the slope to the one neighbour; 2: that of the parabola through the last three.

    Returns:
        A tuple of tensors of the input's shape, one a dimension.
    """
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    dims = range(input.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    dims = [check_dim(axis, input.ndim) for axis in dims]
    if isinstance(spacing, (tuple, list)) and len(spacing) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to "
            + (
                f"'self.dim() = {len(dims)}', since dim argument was not given"
                if dim is None
                else f"{len(dims)}, as dim"
            )
            + f", but got a list of length {len(spacing)}"
        )
    if any(input.shape[axis] <= edge_order for axis in dims):
        raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    input = input if input.dtype.is_floating_point else input.float()
    steps = spacing if isinstance(spacing, (tuple, list)) else [spacing] * len(dims)
    return tuple(_slopes(input, axis, step, edge_order) for axis, step in zip(dims, steps))


def _slopes(input, dim, spacing, edge_order):
    """The slopes along one dimension: weighted sums of the slopes between neighbours."""
    slopes = diff(input, dim=dim)
    shape = [-1 if axis == dim else 1 for axis in range(input.ndim)]
    if isinstance(spacing, Tensor) and spacing.ndim:
        steps = diff(spacing).reshape(shape)
        slopes = slopes / steps
    else:
        slopes = slopes / spacing
        steps = from_array(np.ones(slopes.shape[dim], input.dtype.numpy)).reshape(shape)
    last = slopes.shape[dim] - 1

    def at(tensor, start, length):
        return narrow(tensor, dim, start, length)

    parts = []
    if last:
        before, behind = at(steps, 0, last), at(steps, 1, last)
        parts = [(behind * at(slopes, 0, last) + before * at(slopes, 1, last)) / (before + behind)]
    ends = at(slopes, 0, 1), at(slopes, last, 1)
    if edge_order == 2:
        # The slope of a parabola changes evenly: from the middle of one step to the middle of the next.
        ends = [
            at(slopes, end, 1)
            + at(steps, end, 1) / (at(steps, end, 1) + at(steps, next, 1)) * (at(slopes, end, 1) - at(slopes, next, 1))
            for end, next in ((0, 1), (last, last - 1))
        ]
    return cat([ends[0], *parts, ends[1]], dim)


def cumulative_trapezoid(y, x=None, *, dx=1, dim=-1):
    """`trapezoid` up to each point but the first."""
    dim = check_dim(dim, y.ndim)
    length = y.shape[dim]
    pairs = narrow(y, dim, 1, length - 1) + narrow(y, dim, 0, length - 1)
    if x is None:
        return (pairs * (dx / 2)).cumsum(dim)
    return named_as((pairs * diff(x, dim=-1 if x.ndim == 1 else dim)).cumsum(dim) / 2, "DivBackward1")


def trapezoid(y, x=None, *, dx=1, dim=-1):
    """The integral of y over x, or over steps of dx, by trapezoids."""
    dim = dim % y.ndim
    length = y.shape[dim]
    pairs = narrow(y, dim, 1, length - 1) + narrow(y, dim, 0, length - 1)
    if x is None:
        return named_as(pairs.sum(dim) * (dx / 2), "MulBackward1")
    return named_as((pairs * diff(x, dim=-1 if x.ndim == 1 else dim)).sum(dim) / 2, "DivBackward1")


trapz = trapezoid

for _function in (tensor_split, hsplit, vsplit, diff):
    publish(_function.__name__, _function, _function.__doc__)
