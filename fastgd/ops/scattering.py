"""Writing to the elements that an index names along a dimension: scatter and its sums, means and extremes."""

import numpy as np

from .._tensor import apply, apply_inplace, row
from .assignment import without_part
from .indexing import long_index, places_of, scatter_into
from .publishing import publish
from .views import check_dim


def _scatter_part(value, index):
    return value[tuple(slice(size) for size in index.shape)] if isinstance(value, np.ndarray) and value.ndim else value


def _scatter_forward(a, value, dim, index):
    a = a.copy()
    a[places_of(dim, index)] = _scatter_part(value, index)
    return a


def _scatter_add_forward(a, value, dim, index):
    return scatter_into(a.copy(), dim, index, _scatter_part(value, index))


def _scattered(g, out, a, value, dim, index):
    made = np.zeros(value.shape, g.dtype)
    made[tuple(slice(size) for size in index.shape)] = g[places_of(dim, index)]
    return made


_scatter_row = row(
    "scatter",
    _scatter_forward,
    (lambda g, out, a, value, dim, index: without_part(g, out, a, value, places_of(dim, index)), _scattered),
    ((), ()),
    label=lambda a, value, **_: f"ScatterBackward{int(not isinstance(value, np.ndarray))}",
)
_scatter_add_row = row(
    "scatter_add", _scatter_add_forward, (lambda g, out, a, value, dim, index: g, _scattered), ((), ())
)


def _by_places(name, made, doc):
    def options(input, dim, index):
        return {"dim": check_dim(dim, input.ndim), "index": long_index(name, index)}

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
    made, places = a.copy(), places_of(dim, index)
    if not include_self:
        made[places] = neutral(a.dtype)
    ufunc.at(made, places, _scatter_part(source, index))
    if reduce == "mean":
        counts = _counted(a, places, include_self)
        made = made // counts if a.dtype.kind in "iu" else made / counts.astype(a.dtype)
    return made


def _scatter_reduce_shares(g, out, a, source, dim, index, reduce, include_self):
    """The gradients of both: equal parts to the elements of a mean, and to the equal extremes of an amax or amin."""
    places = places_of(dim, index)
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
    index = long_index("scatter", index)
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
