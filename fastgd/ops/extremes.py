"""Extremes of all elements or along dimensions, and what picks one element of each row."""

import numpy as np
from numpy import ndarray

from .._tensor import Tensor, apply, from_array, row
from ._loops import MAX, MIN, reduced, taken
from .publishing import NO_OPTIONS, OUT, array_of, check_tensor, publish
from .reductions import even_share, kept
from .return_types import named, values_and_indices
from .views import axes_of, check_dim


def _pick(a, index, dim, keepdim):
    """Elements by one index per row; the index keeps the dimension."""
    picked = taken_along(a, index, dim)
    return picked if keepdim else picked.squeeze(dim)


def _pick_gradient(g, out, a, index, dim, keepdim):
    made = np.zeros(a.shape, g.dtype)
    np.put_along_axis(made, index, g if keepdim else np.expand_dims(g, dim), dim)
    return made


def rows_of_one(name, label):
    return row(name, _pick, (_pick_gradient,), ((),), label=label)


def picked(made, result, input, index, dim, keepdim):
    """Values and indices, from an index that keeps the dimension."""
    values = apply(made, (input,), {"index": index, "dim": dim, "keepdim": keepdim})
    return result((values, from_array(index if keepdim else index.squeeze(dim))))


def taken_along(a, index, dim):
    """Of each row along dim the elements that a row of indices names."""
    made = taken(a, index, dim)
    return np.take_along_axis(a, index, dim) if made is None else made


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
    result = values_and_indices(name)

    def running(input, dim):
        check_tensor(name, "input", 1, input)
        dim = check_dim(dim, input.ndim or 1)
        a = array_of(input)
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
    along = rows_of_one(name + "_along", name.title() + "Backward0")
    result = values_and_indices(name)

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
        return picked(along, result, input, _argument(argument, array_of(input), dim), dim, keepdim or keepdims)

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


max, _Max = _extreme(
    "max", MAX, np.maximum.reduce, ndarray.argmax, _maximum,
    "The largest element; along dim with its index; with another tensor the larger of two.",
)  # fmt: skip
min, _Min = _extreme(
    "min", MIN, np.minimum.reduce, ndarray.argmin, _minimum,
    "The smallest element; along dim with its index; with another tensor the smaller of two.",
)  # fmt: skip
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

publish("aminmax", aminmax, aminmax.__doc__)
