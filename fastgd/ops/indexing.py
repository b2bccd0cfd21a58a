"""Reading by index along a dimension, by mask, and by the numbers of elements."""

import math

import numpy as np

from .._tensor import Tensor, apply, from_array, row
from .._types import advised
from ._loops import chosen, taken
from .parts import add_at, put, select_row, take_at
from .publishing import publish
from .views import check_dim

_index_select_row = row(
    "index_select",
    chosen,
    (lambda g, out, a, dim, index: add_at(g, out, a, (slice(None),) * dim + (index,)),),
    ((),),
)


def long_index(name, index):
    array = index.detach().numpy()
    if array.dtype.kind not in "iu":
        text = f"Expected dtype {'int32 or int64' if name == 'index_select' else 'int32/int64'} for index"
        if name == "take":
            text = f"Expected a long tensor for index, but got {index.dtype.legacy}"
        raise advised(RuntimeError(f"{name}(): {text}"), f"It is {index.dtype}: convert it with .long().")
    return array


def index_select(input, dim, index):
    """The slices along a dimension whose numbers an index vector gives, copied."""
    dim = check_dim(dim, input.ndim or 1)
    numbers = long_index("index_select", index)
    if numbers.ndim != 1:
        numbers = numbers.reshape(-1)
    return apply(_index_select_row, (input,), {"dim": dim, "index": numbers})


def places_of(dim, index):
    """The places of the elements that an index names along a dimension, as numpy's index."""
    places = list(np.indices(index.shape, sparse=True))
    places[dim] = index
    return tuple(places)


def scatter_into(a, dim, index, source):
    """Adds the elements of a source to the places that an index of its shape gives along a dimension."""
    np.add.at(a, places_of(dim, index), source)
    return a


def _gather_forward(a, dim, index):
    made = taken(a, index, dim)
    if made is not None:
        return made
    if index.ndim != a.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    try:
        return a[places_of(dim, index)]
    except IndexError:
        wrong = index[(index < 0) | (index >= a.shape[dim])]
        if not wrong.size:
            raise RuntimeError(
                f"Size does not match at dimension other than {dim}: expected index {list(index.shape)} to be no "
                f"larger than self {list(a.shape)} apart from dimension {dim}"
            ) from None
        raise RuntimeError(
            f"index {wrong.flat[0]} is out of bounds for dimension {dim} with size {a.shape[dim]}"
        ) from None


_gather_row = row(
    "gather",
    _gather_forward,
    (lambda g, out, a, dim, index: scatter_into(np.zeros(a.shape, g.dtype), dim, index, g),),
    ((),),
)


def gather(input, dim, index):
    """out[i, j] = input[index[i, j], j] for dim 0, input[i, index[i, j]] for dim 1, and so on."""
    return apply(_gather_row, (input,), {"dim": check_dim(dim, input.ndim), "index": long_index("gather", index)})


def take_along_dim(input, indices, dim=None):
    """`gather` with broadcasting of the sizes; over all elements without dim."""
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    dim = check_dim(dim, input.ndim)
    shape = list(np.broadcast_shapes([*input.shape[:dim], 1, *input.shape[dim + 1 :]],
                                     [*indices.shape[:dim], 1, *indices.shape[dim + 1 :]]))  # fmt: skip
    wide, narrow = [*shape], [*shape]
    wide[dim], narrow[dim] = input.shape[dim], indices.shape[dim]
    return gather(input.expand(wide), dim, indices.expand(narrow))


_take_row = row(
    "take",
    lambda a, index: take_at(a.reshape(-1), index),
    (lambda g, out, a, index: add_at(g, out, a.reshape(-1), index).reshape(a.shape),),
    ((),),
)


def take(input, index):
    """The elements whose numbers in the flattened tensor an index gives."""
    return apply(_take_row, (input,), {"index": long_index("take", index)})


def masked_select(input, mask):
    """The elements where a mask holds, in one dimension."""
    if mask.dtype.numpy.kind != "b":
        raise advised(RuntimeError("masked_select: expected BoolTensor for mask"), "Convert it with .bool().")
    array = mask.detach().numpy()
    if mask.shape != input.shape:
        shape = np.broadcast_shapes(input.shape, mask.shape)
        input, array = input.expand(shape), np.broadcast_to(array, shape)
    return apply(_masked_select_row, (input,), {"index": array})


_masked_select_row = row("masked_select", take_at, (put,), ((),))


def select(input, dim, index):
    """The slice of that number along a dimension; shares memory."""
    dim = check_dim(dim, input.ndim or 1)
    if input.ndim and not -input.shape[dim] <= index < input.shape[dim]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {dim}"
        )
    return apply(select_row, (input,), {"index": (slice(None),) * dim + (int(index),)})


def nonzero(input, *, as_tuple=False):
    """The indices of the elements that are not 0, as rows; with as_tuple one vector a dimension."""
    array = input.detach().numpy()
    found = array.nonzero() if input.ndim else (np.flatnonzero(array),)
    if as_tuple:
        return tuple(from_array(np.ascontiguousarray(index, np.int64)) for index in found)
    if not input.ndim:
        return from_array(np.empty((found[0].size, 0), np.int64))
    return from_array(found[0][:, None] if len(found) == 1 else np.asarray(found).T.copy())


def argwhere(input):
    """The indices of the elements that are not 0, as rows."""
    return nonzero(input)


def unravel_index(indices, shape):
    """Where in a tensor of a shape the elements of these numbers stand, counted row by row: an index a dimension."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    numbers, count = indices.detach().numpy(), math.prod(shape)
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    found = np.unravel_index(np.mod(numbers, count) if count else numbers, shape)
    return tuple(from_array(np.array(index, np.int64)) for index in found)


# ---- repeated by number

_repeat_interleave_row = row(
    "repeat_interleave",
    lambda a, repeats, dim: np.repeat(a, repeats, dim),
    (lambda g, out, a, repeats, dim: _repeat_gradient(g, a, repeats, dim),),
    ((),),
    label=lambda a, repeats, dim: "IndexSelectBackward0" if isinstance(repeats, np.ndarray) else "ViewBackward0",
)


def _repeat_gradient(g, a, repeats, dim):
    index = np.repeat(np.arange(a.shape[dim]), repeats)
    return add_at(g, None, a, (slice(None),) * dim + (index,))


def repeat_interleave(input, repeats, dim=None):
    """Each slice along a dimension so many times in a row; each element of the flattened tensor without dim."""
    if dim is None:
        input, dim = input.reshape(-1), 0
    repeats = repeats.detach().numpy() if isinstance(repeats, Tensor) else repeats
    return apply(_repeat_interleave_row, (input,), {"repeats": repeats, "dim": check_dim(dim, input.ndim)})


for _function in (
    index_select, gather, take_along_dim, take, masked_select, select, nonzero, argwhere, repeat_interleave,
):  # fmt: skip
    publish(_function.__name__, _function, _function.__doc__)
