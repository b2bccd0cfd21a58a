"""Reading by name of a dimension, and writing by index, mask and index tensor."""

import math

import numpy as np

from .._tensor import (
    WRITE_TO_DATA,
    Tensor,
    apply,
    apply_inplace,
    from_array,
    is_grad_enabled,
    method,
    prepare_write,
    row,
)
from .._types import advised
from ._loops import chosen, taken
from .parts import add_at, index_error, put, resolved, select_row, take_at
from .promotion import publish
from .views import check_dim

# ---- t[...] = value


def _write(array, value, index):
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())  # numpy leaves no sizes of one out where the place is a single element
    try:
        array[index] = value
    except IndexError as error:
        raise index_error(array, index, error) from None
    except ValueError:
        if not array.flags.writeable:
            raise
        have, wanted = list(np.shape(value)), list(array[index].shape)
        if not any(isinstance(part, np.ndarray) for part in (index if isinstance(index, tuple) else (index,))):
            from_array(value).expand(wanted)  # says which size does not fit
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {have} cannot be broadcast to indexing result of shape {wanted}"
        ) from None
    return array


def _write_forward(a, value, index):
    return _write(a.copy(), value, index)


def _unwritten(g, out, a, value, index):
    made = g.copy()
    made[index] = 0
    return made


def _written(g, out, a, value, index):
    part = g[index]
    # Sizes of one in front of the value's own are dropped by the assignment.
    extra = value.ndim - part.ndim
    return part.reshape((1,) * extra + part.shape) if extra > 0 else part


def _write_name(a, value, index):
    """grad_fn's name: torch copies, or fills, where the place is the whole tensor."""
    parts = index if isinstance(index, tuple) else (index,)
    if not all(part is Ellipsis or isinstance(part, slice) and part == slice(None) for part in parts):
        return "CopySlices"
    return "CopyBackwards" if isinstance(value, np.ndarray) else "FillBackward3"


_copy_slices_row = row("copy_slices", _write_forward, (_unwritten, _written), ((), ()), label=_write_name)


_index_put_row = row("index_put", _write_forward, (_unwritten, _written), ((), ()))


def setitem(input, index, value):
    """input[index] = value."""
    index, advanced = resolved(index)
    if not isinstance(value, Tensor):
        if isinstance(value, np.generic):
            value = value.item()
        elif isinstance(value, np.ndarray):
            value = from_array(value)
        elif not isinstance(value, (int, float)):
            raise TypeError(f"can't assign a {type(value).__name__} to a torch.{input.dtype.legacy}Tensor")
    if is_grad_enabled() and (input.requires_grad or isinstance(value, Tensor) and value.requires_grad):
        if not advanced and input.requires_grad and input.is_leaf:
            raise advised(
                RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation."),
                WRITE_TO_DATA,
            )
        apply_inplace(_index_put_row if advanced else _copy_slices_row, (input, value), {"index": index})
        return
    _write(prepare_write(input), value.detach().numpy() if isinstance(value, Tensor) else value, index)


# ---- by name

_index_select_row = row(
    "index_select",
    chosen,
    (lambda g, out, a, dim, index: add_at(g, out, a, (slice(None),) * dim + (index,)),),
    ((),),
)


def _long(name, index):
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
    numbers = _long("index_select", index)
    if numbers.ndim != 1:
        numbers = numbers.reshape(-1)
    return apply(_index_select_row, (input,), {"dim": dim, "index": numbers})


def _scatter_into(a, dim, index, source):
    """Adds the elements of a source to the places that an index of its shape gives along a dimension."""
    places = list(np.indices(index.shape, sparse=True))
    places[dim] = index
    np.add.at(a, tuple(places), source)
    return a


def _gather_forward(a, dim, index):
    made = taken(a, index, dim)
    if made is not None:
        return made
    if index.ndim != a.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    places = list(np.indices(index.shape, sparse=True))
    places[dim] = index
    try:
        return a[tuple(places)]
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
    (lambda g, out, a, dim, index: _scatter_into(np.zeros(a.shape, g.dtype), dim, index, g),),
    ((),),
)


def gather(input, dim, index):
    """out[i, j] = input[index[i, j], j] for dim 0, input[i, index[i, j]] for dim 1, and so on."""
    return apply(_gather_row, (input,), {"dim": check_dim(dim, input.ndim), "index": _long("gather", index)})


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
    return apply(_take_row, (input,), {"index": _long("take", index)})


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


# ---- writing by name


def _slices(dim, index):
    return (slice(None),) * dim + (_long("index", index).reshape(-1),)


def _index_added(a, value, index):
    a = a.copy()
    np.add.at(a, index, value)
    return a


_index_add_row = row(
    "index_add",
    _index_added,
    (lambda g, out, a, value, index: g, lambda g, out, a, value, index: g[index]),
    ((), ()),
)
_index_fill_row = row("index_fill", _write_forward, (_unwritten, None), ((), ()))
_index_copy_row = row("index_copy", _write_forward, (_unwritten, _written), ((), ()))


_index_put_sum_row = row(
    "index_put_sum",
    _index_added,
    (lambda g, out, a, value, index: g, lambda g, out, a, value, index: g[index]),
    ((), ()),
    label="IndexPutBackward0",
)


def _put(run):
    def put(input, indices, values, accumulate=False):
        if values.dtype != input.dtype:
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{input.dtype.legacy} for the destination and {values.dtype.legacy} for the source."
            )
        index, _ = resolved(tuple(indices))
        return run(_index_put_sum_row if accumulate else _index_put_row, (input, values), {"index": index})

    return put


index_put = publish(
    "index_put",
    _put(apply),
    "input with values at input[indices]; with accumulate, added to what is there, as often as it is named.",
    _put(apply_inplace),
)


def _by_slices(name, made, doc):
    def written(input, dim, index, source, *, alpha=1):
        options = {"index": _slices(check_dim(dim, input.ndim), index)}
        return apply(made, (input, source if alpha == 1 else source * alpha), options)

    def inplace(input, dim, index, source, *, alpha=1):
        options = {"index": _slices(check_dim(dim, input.ndim), index)}
        return apply_inplace(made, (input, source if alpha == 1 else source * alpha), options)

    return publish(name, written, doc, inplace)


index_add = _by_slices("index_add", _index_add_row, "input with source added to the slices that index names.")
index_fill = _by_slices("index_fill", _index_fill_row, "input with one value in the slices that index names.")
index_copy = _by_slices("index_copy", _index_copy_row, "input with source in the slices that index names.")


def _places(a, dim, index):
    places = list(np.indices(index.shape, sparse=True))
    places[dim] = index
    return tuple(places)


def _scatter_part(value, index):
    return value[tuple(slice(size) for size in index.shape)] if isinstance(value, np.ndarray) and value.ndim else value


def _scatter_forward(a, value, dim, index):
    a = a.copy()
    a[_places(a, dim, index)] = _scatter_part(value, index)
    return a


def _scatter_add_forward(a, value, dim, index):
    return _scatter_into(a.copy(), dim, index, _scatter_part(value, index))


def _scattered(g, out, a, value, dim, index):
    made = np.zeros(value.shape, g.dtype)
    made[tuple(slice(size) for size in index.shape)] = g[_places(a, dim, index)]
    return made


_scatter_row = row(
    "scatter",
    _scatter_forward,
    (lambda g, out, a, value, dim, index: _unwritten(g, out, a, value, _places(a, dim, index)), _scattered),
    ((), ()),
    label=lambda a, value, **_: f"ScatterBackward{int(not isinstance(value, np.ndarray))}",
)
_scatter_add_row = row(
    "scatter_add", _scatter_add_forward, (lambda g, out, a, value, dim, index: g, _scattered), ((), ())
)


def _by_places(name, made, doc):
    def options(input, dim, index):
        return {"dim": check_dim(dim, input.ndim), "index": _long(name, index)}

    def written(input, dim, index, src):
        return apply(made, (input, src), options(input, dim, index))

    def inplace(input, dim, index, src=None, *, value=None):
        return apply_inplace(made, (input, value if src is None else src), options(input, dim, index))

    return publish(name, written, doc, inplace)


scatter = _by_places("scatter", _scatter_row, "input with src[i, j] written to input[index[i, j], j] for dim 0, ...")
scatter_add = _by_places("scatter_add", _scatter_add_row, "input with src added where `scatter` would write it.")


# What scatter_reduce makes of the elements that come to one place: the ufunc, and what leaves others as they are.
_REDUCTIONS = {
    "sum": (np.add, lambda dtype: 0),
    "mean": (np.add, lambda dtype: 0),
    "prod": (np.multiply, lambda dtype: 1),
    "amax": (np.maximum, lambda dtype: -np.inf if dtype.kind == "f" else np.iinfo(dtype).min),
    "amin": (np.minimum, lambda dtype: np.inf if dtype.kind == "f" else np.iinfo(dtype).max),
}


def _counted(a, places, include_self):
    """How many elements each element of a mean is of; 1 where nothing came."""
    counts = np.full(a.shape, int(include_self))
    np.add.at(counts, places, 1)
    return np.maximum(counts, 1)


def _scatter_reduce_forward(a, source, dim, index, reduce, include_self):
    ufunc, neutral = _REDUCTIONS[reduce]
    made, places = a.copy(), _places(a, dim, index)
    if not include_self:
        made[places] = neutral(a.dtype)
    ufunc.at(made, places, _scatter_part(source, index))
    if reduce == "mean":
        counts = _counted(a, places, include_self)
        made = made // counts if a.dtype.kind in "iu" else made / counts.astype(a.dtype)
    return made


def _scatter_reduce_shares(g, out, a, source, dim, index, reduce, include_self):
    """The gradients of both: equal parts to the elements of a mean, and to the equal extremes of an amax or amin."""
    places = _places(a, dim, index)
    if reduce == "prod":
        raise NotImplementedError("scatter_reduce(reduce='prod') has no gradient in fastgd: take the sum of logarithms")
    if reduce in ("amax", "amin"):
        own, came = a == out, _scatter_part(source, index) == out[places]
        counts = own.astype(g.dtype)
        np.add.at(counts, places, came.astype(g.dtype))
        part = g / np.maximum(counts, 1)
        to_input, to_source = own * part, came * part[places]
    else:
        part = g / _counted(a, places, include_self).astype(g.dtype) if reduce == "mean" else g
        to_input, to_source = part, part[places]
    if not include_self:
        to_input = to_input.copy()
        to_input[places] = 0
    whole = np.zeros(source.shape, g.dtype)
    whole[tuple(slice(size) for size in index.shape)] = to_source
    return to_input, whole


_scatter_reduce_row = row(
    "scatter_reduce",
    _scatter_reduce_forward,
    (
        lambda g, out, a, source, **options: _scatter_reduce_shares(g, out, a, source, **options)[0],
        lambda g, out, a, source, **options: _scatter_reduce_shares(g, out, a, source, **options)[1],
    ),
    ((0, 1, -1), (0, 1, -1)),
)


def _scatter_reduce_options(input, dim, index, reduce, include_self):
    if reduce not in _REDUCTIONS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    index = _long("scatter", index)
    return {"dim": check_dim(dim, input.ndim), "index": index, "reduce": reduce, "include_self": include_self}


def _scatter_reduce(input, dim, index, src, reduce, *, include_self=True):
    return apply(_scatter_reduce_row, (input, src), _scatter_reduce_options(input, dim, index, reduce, include_self))


def _scatter_reduce_inplace(input, dim, index, src, reduce, *, include_self=True):
    options = _scatter_reduce_options(input, dim, index, reduce, include_self)
    return apply_inplace(_scatter_reduce_row, (input, src), options)


scatter_reduce = publish(
    "scatter_reduce",
    _scatter_reduce,
    "The sum, prod, mean, amax or amin of what src brings where `scatter` would write it; include_self: and of input.",
    _scatter_reduce_inplace,
)


def masked_scatter(input, mask, source):
    """input with the elements of source, one after another, where the mask holds."""
    made = input.clone()
    made[mask] = source.reshape(-1)[: int(mask.sum())]
    return made


for _function in (
    index_select, gather, take_along_dim, take, masked_select, select, nonzero, argwhere, repeat_interleave,
    masked_scatter,
):  # fmt: skip
    publish(_function.__name__, _function, _function.__doc__)
method("__setitem__", setitem)

# ---- a part of a tensor, by the number of each of its elements: what the tape records of writing to a view


def _without(g, out, a, value, places):
    made = g.copy("C")
    made.reshape(-1)[places] = 0
    return made


row("part", None, (lambda g, out, a, places: add_at(g, out, a.reshape(-1), places).reshape(a.shape),), ((),),
    label="AsStridedBackward0")  # fmt: skip
row("replace_part", None, (_without, lambda g, out, a, value, places: g.reshape(-1)[places]), ((), ()),
    label="CopySlices")  # fmt: skip
