"""Sorting, and what is read off sorted rows: medians, quantiles, modes."""

import math

import numpy as np

from .._tensor import Tensor, apply, from_array, named_as, row
from .._types import advised
from ._loops import order
from .extremes import picked, rows_of_one, taken_along
from .publishing import NO_OPTIONS, OUT, array_of, check_tensor, publish
from .reductions import even_share
from .return_types import values_and_indices
from .views import check_dim


def _take(a, index, dim):
    return taken_along(a, index, dim) if a.ndim else a.copy()


def _take_gradient(g, out, a, index, dim):
    if not a.ndim:
        return g
    made = np.zeros(a.shape, g.dtype)
    np.put_along_axis(made, index, g, dim)
    return made


_sort = row("sort", _take, (_take_gradient,), ((),))
_topk = row("topk", _take, (_take_gradient,), ((),))
_Sort, _Topk = values_and_indices("sort"), values_and_indices("topk")


def _order(a, dim, descending, kept=None):
    """The stable order along a dimension, or its beginning; NaN counts as the largest, as in torch."""
    if not a.ndim:
        return np.zeros((), np.int64)
    made = order(a, dim, descending, a.shape[dim] if kept is None else kept)
    if made is None:
        made = _long_order(a, dim, descending)
        if kept is not None:
            made = np.asarray(made[(slice(None),) * dim + (slice(kept),)], order="C")
    return made


def _long_order(a, dim, descending):
    if not descending:
        return a.argsort(dim, "stable")
    last = a.shape[dim] - 1
    backwards = (slice(None),) * dim + (slice(None, None, -1),)
    return np.asarray((last - a[backwards].argsort(dim, "stable"))[backwards], order="C")


def _checked(dim, input):
    return check_dim(dim, input.ndim or 1)


def sort(input, dim=-1, descending=False, stable=True, *, axis=None):
    """The elements in order along dim, and where they came from."""
    check_tensor("sort", "input", 1, input)
    dim = _checked(dim if axis is None else axis, input)
    index = _order(array_of(input), dim, descending)
    return _Sort((apply(_sort, (input,), {"index": index, "dim": dim}), from_array(index)))


def argsort(input, dim=-1, descending=False, stable=True, *, axis=None):
    """The indices that put the elements in order along dim."""
    return from_array(_order(array_of(input), _checked(dim if axis is None else axis, input), descending))


def msort(input):
    """The rows in order along the first dimension."""
    return sort(input, 0)[0]


def topk(input, k, dim=-1, largest=True, sorted=True, *, axis=None):
    """The k largest (or smallest) elements along dim, in order, and their indices."""
    check_tensor("topk", "input", 1, input)
    dim = _checked(dim if axis is None else axis, input)
    k = int(k)
    if not 0 <= k <= (input.shape[dim] if input.ndim else 1):
        raise advised(
            RuntimeError("selected index k out of range"),
            f"There are {input.shape[dim] if input.ndim else 1} elements, and k is {k}.",
        )
    index = _order(array_of(input), dim, largest, k)
    return _Topk((apply(_topk, (input,), {"index": index, "dim": dim}), from_array(index)))


# ---- medians and quantiles


def _median_forward(a):
    flat = a.flatten()
    if not flat.size:
        return a.dtype.type(math.nan)
    # NaN counts as the largest: if there is one it is last.
    flat.sort()
    last = flat[-1]
    return last if last != last else flat[(flat.size - 1) // 2]


_median = row(
    "median",
    _median_forward,
    (lambda g, out, a: even_share(g, out, a, None),),
    ((0, OUT),),
    label="MedianBackward0",
)
_median_along = rows_of_one("median_along", "MedianBackward1")
_kthvalue = rows_of_one("kthvalue", "KthvalueBackward0")
_mode = rows_of_one("mode", "ModeBackward0")
_Median, _Kthvalue, _Mode = (values_and_indices(name) for name in ("median", "kthvalue", "mode"))


def _place(a, dim, at):
    """The index of the element that stands at a place of each sorted row, the dimension kept."""
    return np.take(_order(a, dim, False), [at], dim)


def median(input, dim=None, keepdim=False, *, axis=None):
    """The middle element, the lower of two; along dim with its index."""
    check_tensor("median", "input", 1, input)
    dim = axis if dim is None else dim
    if dim is None:
        return apply(_median, (input,), NO_OPTIONS)
    dim = _checked(dim, input)
    if not input.ndim:
        return _Median((input.median(), from_array(np.zeros((), np.int64))))
    a = array_of(input)
    index = _place(a, dim, (a.shape[dim] - 1) // 2)
    nan = np.isnan(a)
    if nan.any():
        index = np.where(nan.any(dim, keepdims=True), np.argmax(nan, dim, keepdims=True), index)
    return picked(_median_along, _Median, input, index, dim, keepdim)


def _nanmedian_forward(a):
    return _median_forward(a[~np.isnan(a)])


_nanmedian = row(
    "nanmedian",
    _nanmedian_forward,
    (lambda g, out, a: even_share(g, out, a, None),),
    ((0, OUT),),
    label="NanmedianBackward0",
)
_nanmedian_along = rows_of_one("nanmedian_along", "NanmedianBackward1")
_Nanmedian = values_and_indices("nanmedian")


def nanmedian(input, dim=None, keepdim=False, *, axis=None):
    """`median` of the elements that are not NaN."""
    check_tensor("nanmedian", "input", 1, input)
    dim = axis if dim is None else dim
    if dim is None or not input.ndim:
        made = apply(_nanmedian, (input,), NO_OPTIONS)
        if dim is None:
            return made
        return _Nanmedian((named_as(made, "NanmedianBackward1"), from_array(np.zeros((), np.int64))))
    dim = _checked(dim, input)
    a = array_of(input)
    counts = np.count_nonzero(~np.isnan(a), dim, keepdims=True)
    index = np.take_along_axis(_order(a, dim, False), np.maximum(counts - 1, 0) // 2, dim)
    return picked(_nanmedian_along, _Nanmedian, input, index, dim, keepdim)


def kthvalue(input, k, dim=-1, keepdim=False):
    """The k-th smallest element along dim, and its index."""
    dim = _checked(dim, input)
    if not 1 <= k <= input.shape[dim]:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}")
    return picked(_kthvalue, _Kthvalue, input, _place(array_of(input), dim, k - 1), dim, keepdim)


def mode(input, dim=-1, keepdim=False):
    """The most frequent element along dim (the smallest of several), and the last of its indices."""
    dim = _checked(dim, input)

    def last_index(line):
        values, counts = np.unique(line, return_counts=True)
        return np.flatnonzero(line == values[counts.argmax()])[-1]

    index = np.expand_dims(np.apply_along_axis(last_index, dim, array_of(input)), dim)
    return picked(_mode, _Mode, input, index, dim, keepdim)


def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The elements below which a share q of all, or of each row along dim, lies.

    Args:
        q: a number or a vector in [0, 1].
        dim: one dimension; all elements by default.
        interpolation: between two neighbours "linear", or "lower", "higher", "nearest", "midpoint".
    """
    return _quantile(input, q, dim, keepdim, interpolation)


def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """`quantile` of the elements that are not NaN."""
    return _quantile(input, q, dim, keepdim, interpolation, True)


def _quantile(input, q, dim, keepdim, interpolation, without_nan=False):
    if not input.dtype.is_floating_point:
        raise advised(RuntimeError("quantile() input tensor must be either float or double dtype"), "Use .float().")
    if isinstance(q, Tensor) and q.dtype != input.dtype:
        raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
    places = np.asarray(array_of(q) if isinstance(q, Tensor) else q, np.float64)
    if places.ndim > 1:
        raise RuntimeError(f"quantile() q must be a scalar or 1D tensor, but it has {places.ndim} dimensions")
    if not ((places >= 0) & (places <= 1)).all():
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
    by_row = input.flatten() if dim is None else input.movedim(dim, -1)
    ordered = sort(by_row, -1)[0]
    places, several = places.reshape(-1), places.ndim
    last = ordered.shape[-1] - 1
    nan = np.isnan(array_of(ordered))
    if not nan[..., last:].any():  # where NaN would stand
        at = places * last
    elif without_nan:
        at = places * np.maximum(np.count_nonzero(~nan, -1, keepdims=True) - 1, 0)
    else:
        at = np.where(nan[..., last:], last, places * last)
    low, high = np.floor(at).astype(np.int64), np.ceil(at).astype(np.int64)
    if interpolation == "linear":
        first, second = _chosen(ordered, low), _chosen(ordered, high)
        made = first + (second - first) * from_array((at - low).astype(input.dtype.numpy))
    elif interpolation == "midpoint":
        made = (_chosen(ordered, low) + _chosen(ordered, high)) / 2
    elif interpolation in ("lower", "higher", "nearest"):
        chosen = {"lower": low, "higher": high, "nearest": np.round(at).astype(np.int64)}[interpolation]
        made = _chosen(ordered, chosen)
    else:
        raise RuntimeError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got "
            f"{interpolation}"
        )
    made = made.movedim(-1, 0)
    if keepdim:
        made = made.reshape(-1, *[1] * input.ndim) if dim is None else made.unsqueeze(dim % input.ndim + 1)
    return named_as(made if several else made[0], "SqueezeBackward4")


def _chosen(ordered, places):
    """The elements at places that are the same for all rows, or each row's own."""
    return ordered[..., places.tolist()] if places.ndim == 1 else ordered.gather(-1, from_array(places))


for _function in (sort, argsort, msort, topk, median, nanmedian, kthvalue, mode, quantile, nanquantile):
    publish(_function.__name__, _function, _function.__doc__)
