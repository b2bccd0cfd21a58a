"""Distinct elements, counts, histograms, and places in a sorted sequence."""

import numpy as np

from .._tensor import Tensor, from_array
from .publishing import array_of, publish
from .return_types import named


def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The different elements (or slices along dim) in order; with the index of each input's, and with counts."""
    a = array_of(input)
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
    found = _runs(array_of(input).reshape(-1), return_inverse, return_counts)
    if return_inverse:
        found[1] = found[1].reshape(input.shape)
    return from_array(found[0]) if len(found) == 1 else tuple(from_array(part) for part in found)


def bincount(input, weights=None, minlength=0):
    """How often each of 0, 1, 2, ... occurs, or the sum of its weights."""
    counted = np.bincount(array_of(input), None if weights is None else array_of(weights), minlength)
    if weights is not None and weights.dtype.numpy == np.float32:
        counted = counted.astype(np.float32)
    return from_array(counted)


def histc(input, bins=100, min=0, max=0):
    """How many elements lie in each of so many equal bins from min to max (of the data, if they are equal)."""
    a = array_of(input)
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
    a = array_of(input)
    edges = array_of(bins) if isinstance(bins, Tensor) else bins
    found, edges = np.histogram(a, edges, range, density, None if weight is None else array_of(weight))
    return _Histogram((from_array(found.astype(a.dtype)), from_array(edges.astype(a.dtype))))


def _search(sorted_sequence, values, right):
    side = "right" if right else "left"
    lines, wanted = array_of(sorted_sequence), array_of(values) if isinstance(values, Tensor) else np.asarray(values)
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
        np.asarray(np.isin(*[array_of(x) if isinstance(x, Tensor) else x for x in (elements, test_elements)]))
    )


for _function in (unique, unique_consecutive, bincount, histc, histogram):
    publish(_function.__name__, _function, _function.__doc__)
