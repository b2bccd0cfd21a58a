"""Extremes, sorting, medians, quantiles, sets and searching."""

import math

import numpy as np
from numpy import ndarray

from .._tensor import Tensor, apply, from_array, named_as, row
from .._types import advised
from ._loops import MAX, MIN, order, reduced, taken
from .promotion import NO_OPTIONS, check_tensor, publish
from .reductions import even_share, kept
from .views import axes_of, check_dim

OUT = -1


class _Named(tuple):
    """Several tensors with names, printed as torch prints them."""

    names = ()

    def __repr__(self):
        parts = ",\n".join(f"{name}={value!r}" for name, value in zip(self.names, self))
        return f"torch.return_types.{type(self).__name__}(\n{parts})"

    def __reduce__(self):
        return type(self), (tuple(self),)


def named(type_name, *names):
    """A tuple type of that name, whose elements are attributes too."""
    members = {name: property(lambda self, i=i: self[i]) for i, name in enumerate(names)}
    members |= {"names": names, "__module__": "fastgd.return_types"}
    # As in torch, what was written to out=... has another name.
    return type(type_name, (_Named,), {"given_out": type(type_name + "_out", (_Named,), members), **members})


def _values_and_indices(name):
    return named(name, "values", "indices")


# ---- one element of each row


def _pick(a, index, dim, keepdim):
    """Elements by one index per row; the index keeps the dimension."""
    picked = taken_along(a, index, dim)
    return picked if keepdim else picked.squeeze(dim)


def _pick_gradient(g, out, a, index, dim, keepdim):
    made = np.zeros(a.shape, g.dtype)
    np.put_along_axis(made, index, g if keepdim else np.expand_dims(g, dim), dim)
    return made


def _rows_of_one(name, label):
    return row(name, _pick, (_pick_gradient,), ((),), label=label)


def _picked(made, result, input, index, dim, keepdim):
    """Values and indices, from an index that keeps the dimension."""
    values = apply(made, (input,), {"index": index, "dim": dim, "keepdim": keepdim})
    return result((values, from_array(index if keepdim else index.squeeze(dim))))


def taken_along(a, index, dim):
    """Of each row along dim the elements that a row of indices names."""
    made = taken(a, index, dim)
    return np.take_along_axis(a, index, dim) if made is None else made


def _array(input):
    return input.detach().numpy()


def _running_gradient(g, out, a, index, dim):
    if not a.ndim:
        return g
    made = np.zeros(a.shape, g.dtype)
    places = list(np.ogrid[tuple([slice(size) for size in index.shape])])
    places[dim] = index
    np.add.at(made, tuple(places), g)
    return made


def _running(name, ufunc, doc):
    made = row(
        name, lambda a, index, dim: taken_along(a, index, dim) if a.ndim else a.copy(), (_running_gradient,), ((),)
    )
    result = _values_and_indices(name)

    def running(input, dim):
        check_tensor(name, "input", 1, input)
        dim = check_dim(dim, input.ndim or 1)
        a = _array(input)
        if not a.ndim:
            index = np.zeros((), np.int64)
            return result((apply(made, (input,), {"index": index, "dim": 0}), from_array(index)))
        extreme = ufunc.accumulate(a, dim)
        # The last of several: where an element is the extreme so far, its own place.
        reached = (a == extreme) | np.isnan(a)
        places = np.arange(a.shape[dim]).reshape([-1 if axis == dim else 1 for axis in range(a.ndim)])
        index = np.maximum.accumulate(np.where(reached, places, 0), dim)
        return result((apply(made, (input,), {"index": index, "dim": dim}), from_array(index)))

    return publish(name, running, doc)


cummax = _running("cummax", np.maximum, "The largest element so far along dim, and the place of each.")
cummin = _running("cummin", np.minimum, "The smallest element so far along dim, and the place of each.")


def _argument(function, a, dim):
    if not a.shape[dim]:
        raise IndexError(f"Expected reduction dim {dim} to have non-zero size.")
    return function(a, dim, keepdims=True)


def _extreme_row(name, which, ufunc, label):
    """The extreme of all elements, or along dimensions; its gradient is shared evenly."""

    def forward(a, dim=None, keepdim=False):
        if not a.size and dim is None:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument."
            )
        made = reduced(which, a, dim, keepdim)
        return made if made is not None else ufunc(a, axes_of(dim, a.ndim), keepdims=keepdim)

    def gradient(g, out, a, dim=None, keepdim=False):
        return even_share(kept(g, a, dim, keepdim), kept(out, a, dim, keepdim), a, dim)

    return row(name, forward, (gradient,), ((0, OUT),), label=label)


def _extreme(name, which, ufunc, argument, pair, doc):
    whole = _extreme_row(name, which, ufunc, name.title() + "Backward1")
    along = _rows_of_one(name + "_along", name.title() + "Backward0")
    result = _values_and_indices(name)

    def extreme(input, dim=None, keepdim=False, *, other=None, axis=None, keepdims=False):
        if not isinstance(input, Tensor):
            check_tensor(name, "input", 1, input)
        dim = axis if dim is None else dim
        if dim is None and other is None:
            return apply(whole, (input,), NO_OPTIONS)
        if other is not None or isinstance(dim, Tensor):
            return pair(input, dim if other is None else other)
        if input.ndim == 0:
            check_dim(dim, 1)
            return result((apply(whole, (input,), NO_OPTIONS), from_array(np.zeros((), np.int64))))
        dim = check_dim(dim, input.ndim)
        return _picked(along, result, input, _argument(argument, _array(input), dim), dim, keepdim or keepdims)

    return publish(name, extreme, doc), result


def _flat_extreme(name, which, ufunc, doc):
    made = _extreme_row(name, which, ufunc, name.title() + "Backward0")

    def extreme(input, dim=None, keepdim=False, *, axis=None, keepdims=False):
        check_tensor(name, "input", 1, input)
        dim = axis if dim is None else dim
        return apply(made, (input,), {"dim": None if dim == () else dim, "keepdim": keepdim or keepdims})

    return publish(name, extreme, doc)


def _maximum(input, other):
    return input.maximum(other)


def _minimum(input, other):
    return input.minimum(other)


max, _Max = _extreme("max", MAX, np.maximum.reduce, ndarray.argmax, _maximum,
                     "The largest element; along dim with its index; with another tensor the larger of two.")  # fmt: skip
min, _Min = _extreme("min", MIN, np.minimum.reduce, ndarray.argmin, _minimum,
                     "The smallest element; along dim with its index; with another tensor the smaller of two.")  # fmt: skip
amax = _flat_extreme("amax", MAX, np.maximum.reduce, "The largest element, of all or along dim (one or several).")
amin = _flat_extreme("amin", MIN, np.minimum.reduce, "The smallest element, of all or along dim (one or several).")
_Aminmax = named("aminmax", "min", "max")
_least = _extreme_row("aminmax_min", MIN, np.minimum.reduce, "AminmaxBackward0")
_greatest = _extreme_row("aminmax_max", MAX, np.maximum.reduce, "AminmaxBackward0")


def aminmax(input, *, dim=None, keepdim=False):
    """The smallest and the largest element, of all or along dim."""
    check_tensor("aminmax", "input", 1, input)
    options = {"dim": dim, "keepdim": keepdim}
    return _Aminmax((apply(_least, (input,), options), apply(_greatest, (input,), options)))


def _index_of(name, function, doc):
    def forward(a, dim=None, keepdim=False):
        if not a.size:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        return function(a) if dim is None and not keepdim else function(a, axes_of(dim, a.ndim), keepdims=keepdim)

    made = row(name, forward)

    def index(input, dim=None, keepdim=False, *, axis=None, keepdims=False):
        check_tensor(name, "input", 1, input)
        dim = axis if dim is None else dim
        if dim is None and not keepdim:
            return apply(made, (input,), NO_OPTIONS)
        return apply(made, (input,), {"dim": dim, "keepdim": keepdim or keepdims})

    return publish(name, index, doc)


argmax = _index_of("argmax", ndarray.argmax, "The index of the largest element, of all (flattened) or along dim.")
argmin = _index_of("argmin", ndarray.argmin, "The index of the smallest element, of all (flattened) or along dim.")

# ---- sorting


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
_Sort, _Topk = _values_and_indices("sort"), _values_and_indices("topk")


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
    index = _order(_array(input), dim, descending)
    return _Sort((apply(_sort, (input,), {"index": index, "dim": dim}), from_array(index)))


def argsort(input, dim=-1, descending=False, stable=True, *, axis=None):
    """The indices that put the elements in order along dim."""
    return from_array(_order(_array(input), _checked(dim if axis is None else axis, input), descending))


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
    index = _order(_array(input), dim, largest, k)
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
_median_along = _rows_of_one("median_along", "MedianBackward1")
_kthvalue = _rows_of_one("kthvalue", "KthvalueBackward0")
_mode = _rows_of_one("mode", "ModeBackward0")
_Median, _Kthvalue, _Mode = (_values_and_indices(name) for name in ("median", "kthvalue", "mode"))


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
    a = _array(input)
    index = _place(a, dim, (a.shape[dim] - 1) // 2)
    nan = np.isnan(a)
    if nan.any():
        index = np.where(nan.any(dim, keepdims=True), np.argmax(nan, dim, keepdims=True), index)
    return _picked(_median_along, _Median, input, index, dim, keepdim)


def _nanmedian_forward(a):
    return _median_forward(a[~np.isnan(a)])


_nanmedian = row(
    "nanmedian",
    _nanmedian_forward,
    (lambda g, out, a: even_share(g, out, a, None),),
    ((0, OUT),),
    label="NanmedianBackward0",
)
_nanmedian_along = _rows_of_one("nanmedian_along", "NanmedianBackward1")
_Nanmedian = _values_and_indices("nanmedian")


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
    a = _array(input)
    counts = np.count_nonzero(~np.isnan(a), dim, keepdims=True)
    index = np.take_along_axis(_order(a, dim, False), np.maximum(counts - 1, 0) // 2, dim)
    return _picked(_nanmedian_along, _Nanmedian, input, index, dim, keepdim)


def kthvalue(input, k, dim=-1, keepdim=False):
    """The k-th smallest element along dim, and its index."""
    dim = _checked(dim, input)
    if not 1 <= k <= input.shape[dim]:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}")
    return _picked(_kthvalue, _Kthvalue, input, _place(_array(input), dim, k - 1), dim, keepdim)


def mode(input, dim=-1, keepdim=False):
    """The most frequent element along dim (the smallest of several), and the last of its indices."""
    dim = _checked(dim, input)

    def last_index(line):
        values, counts = np.unique(line, return_counts=True)
        return np.flatnonzero(line == values[counts.argmax()])[-1]

    index = np.expand_dims(np.apply_along_axis(last_index, dim, _array(input)), dim)
    return _picked(_mode, _Mode, input, index, dim, keepdim)


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
    places = np.asarray(_array(q) if isinstance(q, Tensor) else q, np.float64)
    if places.ndim > 1:
        raise RuntimeError(f"quantile() q must be a scalar or 1D tensor, but it has {places.ndim} dimensions")
    if not ((places >= 0) & (places <= 1)).all():
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
    by_row = input.flatten() if dim is None else input.movedim(dim, -1)
    ordered = sort(by_row, -1)[0]
    places, several = places.reshape(-1), places.ndim
    last = ordered.shape[-1] - 1
    nan = np.isnan(_array(ordered))
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
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    made = made.movedim(-1, 0)
    if keepdim:
        made = made.reshape(-1, *[1] * input.ndim) if dim is None else made.unsqueeze(dim % input.ndim + 1)
    return named_as(made if several else made[0], "SqueezeBackward4")


def _chosen(ordered, places):
    """The elements at places that are the same for all rows, or each row's own."""
    return ordered[..., places.tolist()] if places.ndim == 1 else ordered.gather(-1, from_array(places))


# ---- sets, counts and places


def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The different elements (or slices along dim) in order; with the index of each input's, and with counts."""
    a = _array(input)
    if dim is not None:
        return _parts(np.unique(a, False, return_inverse, return_counts, dim), input, return_inverse, dim)
    flat = a.flatten()
    if not return_inverse and not return_counts:
        flat.sort()
        return from_array(flat[_firsts(flat)])
    order = flat.argsort(kind="stable")
    flat = flat[order]
    found = _runs(flat, return_inverse, return_counts)
    if return_inverse:
        inverse = np.empty_like(order)
        inverse[order] = found[1]
        found[1] = inverse.reshape(a.shape)
    return tuple([from_array(part) for part in found])


def _firsts(flat):
    """Whether an element differs from the one before it."""
    first = np.empty(flat.size, np.bool_)
    first[:1] = True
    np.not_equal(flat[1:], flat[:-1], first[1:])
    return first


def _runs(flat, return_inverse, return_counts):
    """The elements without immediate repetitions; if asked for, the number of each element's run, the runs' lengths."""
    first = _firsts(flat)
    found = [flat[first]]
    if return_inverse:
        found.append(np.cumsum(first) - 1)
    if return_counts:
        found.append(np.diff(np.append(np.flatnonzero(first), flat.size)))
    return found


def _parts(found, input, return_inverse, dim):
    if not isinstance(found, tuple):
        return from_array(found)
    found = list(found)
    if return_inverse:
        found[1] = found[1].reshape(input.shape if dim is None else -1)
    return tuple(from_array(np.asarray(part)) for part in found)


def unique_consecutive(input, return_inverse=False, return_counts=False):
    """The elements without immediate repetitions."""
    found = _runs(_array(input).reshape(-1), return_inverse, return_counts)
    if return_inverse:
        found[1] = found[1].reshape(input.shape)
    return from_array(found[0]) if len(found) == 1 else tuple(from_array(part) for part in found)


def bincount(input, weights=None, minlength=0):
    """How often each of 0, 1, 2, ... occurs, or the sum of its weights."""
    counted = np.bincount(_array(input), None if weights is None else _array(weights), minlength)
    if weights is not None and weights.dtype.numpy == np.float32:
        counted = counted.astype(np.float32)
    return from_array(counted)


def histc(input, bins=100, min=0, max=0):
    """How many elements lie in each of so many equal bins from min to max (of the data, if they are equal)."""
    a = _array(input)
    if min == max:
        min, max = a.min(), a.max()
        if min == max:
            min, max = min - 1, max + 1
    return from_array(np.histogram(a, bins, (min, max))[0].astype(a.dtype))


_Histogram = named("histogram", "hist", "bin_edges")


def histogram(input, bins, *, range=None, weight=None, density=False):
    """What lies in each of so many equal bins over a range (by default the data's), or between given edges.

    Args:
        bins: the number of bins, or their edges.
        range: the first and the last edge, where bins is a number.
        weight: how much each element counts.
        density: divides by the total and by the widths of the bins.

    Returns:
        hist and bin_edges.
    """
    a = _array(input)
    edges = _array(bins) if isinstance(bins, Tensor) else bins
    found, edges = np.histogram(a, edges, range, density, None if weight is None else _array(weight))
    return _Histogram((from_array(found.astype(a.dtype)), from_array(edges.astype(a.dtype))))


def _search(sorted_sequence, values, right):
    side = "right" if right else "left"
    lines, wanted = _array(sorted_sequence), _array(values) if isinstance(values, Tensor) else np.asarray(values)
    if lines.ndim == 1:
        return from_array(np.asarray(np.searchsorted(lines, wanted, side)).astype(np.int64))
    found = np.empty(wanted.shape, np.int64)
    for at in np.ndindex(lines.shape[:-1]):
        found[at] = np.searchsorted(lines[at], wanted[at], side)
    return from_array(found)


def searchsorted(sorted_sequence, input, *, right=False, side=None):
    """Where values would go in a sorted sequence: before equal elements, or after them with right=True."""
    return _search(sorted_sequence, input, right or side == "right")


def bucketize(input, boundaries, *, right=False):
    """The number of the bucket between boundaries that each element is in."""
    return _search(boundaries, input, right)


def isin(elements, test_elements):
    """Whether each element is one of others."""
    return from_array(
        np.asarray(np.isin(*[_array(x) if isinstance(x, Tensor) else x for x in (elements, test_elements)]))
    )


for _function in (
    aminmax, sort, argsort, msort, topk, median, nanmedian, kthvalue, mode, quantile, nanquantile, unique, unique_consecutive, bincount, histc,
    histogram,
):  # fmt: skip
    publish(_function.__name__, _function, _function.__doc__)
