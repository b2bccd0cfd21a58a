"""Loops over small arrays, below the cost of calling numpy.

numpy takes 700 ns to start a reduction, 500 to join two arrays, 3 us for take_along_axis: as much as torch for a whole
operation. What is computed here lies in one piece, is float32 or float64 where it is computed with, and is small
where numpy's loops are quicker on more; each function returns None for the rest, which is numpy's.
"""

cimport cython
cimport numpy as cnp
from libc.math cimport exp, expf, fma, fmaf, isfinite, log, pow, sqrt
from libc.string cimport memcpy
from numpy cimport ndarray

import numpy as np

from .._tensor cimport Tensor, array_of
from .._types import advised

cnp.import_array()

ctypedef fused number:
    float
    double

ctypedef fused comparable:
    float
    double
    cnp.uint8_t

cpdef enum:
    SUM
    MEAN
    PROD
    NORM        # the root of the sum of the squares
    VAR
    STD
    MAX
    MIN

cdef enum:
    SMALL = 2048        # elements; beyond, numpy's loops win
    MOST_DIMS = 64      # that numpy has

cdef struct Axis:
    # A contiguous array as (outer, length, inner) about one of its axes.
    int number
    Py_ssize_t outer
    Py_ssize_t length
    Py_ssize_t inner


cdef inline bint plain(ndarray array) noexcept:
    return cnp.PyArray_ISCARRAY_RO(array)


cdef inline bint floats(ndarray array) noexcept:
    cdef int kind = cnp.PyArray_TYPE(array)
    return (kind == cnp.NPY_FLOAT32 or kind == cnp.NPY_FLOAT64) and plain(array)


cdef bint about(ndarray array, object dim, Axis *axis) except -1:
    """Sees an array about a dim, or as a whole for None; False where dim is none of its dimensions, or several."""
    cdef int ndim = cnp.PyArray_NDIM(array)
    cdef int i
    axis.outer = axis.inner = 1
    axis.number = -1
    if dim is None:
        axis.length = cnp.PyArray_SIZE(array)
        return True
    if type(dim) is tuple and len(dim) == 1:
        dim = dim[0]
    if type(dim) is not int or not -ndim <= dim < ndim:
        return False
    axis.number = dim
    if axis.number < 0:
        axis.number += ndim
    for i in range(axis.number):
        axis.outer *= cnp.PyArray_DIM(array, i)
    axis.length = cnp.PyArray_DIM(array, axis.number)
    for i in range(axis.number + 1, ndim):
        axis.inner *= cnp.PyArray_DIM(array, i)
    return True


cdef ndarray room(ndarray like, Axis *axis, bint keepdim, int kind):
    """An empty array for what a reduction leaves."""
    cdef cnp.npy_intp shape[MOST_DIMS]
    cdef int ndim = 0
    cdef int i
    for i in range(cnp.PyArray_NDIM(like)):
        if axis.number >= 0 and i != axis.number:
            shape[ndim] = cnp.PyArray_DIM(like, i)
            ndim += 1
        elif keepdim:
            shape[ndim] = 1
            ndim += 1
    return cnp.PyArray_SimpleNew(ndim, shape, kind)


# ---- reductions


@cython.cdivision(True)
cdef void combine(int what, const number *a, Axis *axis, double less, number *out) noexcept:
    """Sums and the like, in float64."""
    cdef Py_ssize_t i, j, k, n = axis.length, step = axis.inner
    cdef double total, mean
    cdef const number *at
    for i in range(axis.outer):
        for k in range(step):
            at = a + i * n * step + k
            total = 1 if what == PROD else 0
            if what == PROD:
                for j in range(n):
                    total *= at[j * step]
            elif what == NORM:
                for j in range(n):
                    total += <double>at[j * step] * at[j * step]
                total = sqrt(total)
            else:
                for j in range(n):
                    total += at[j * step]
                if what != SUM:
                    total /= n
                if what == VAR or what == STD:
                    mean = total
                    total = 0
                    for j in range(n):
                        total += (at[j * step] - mean) * (at[j * step] - mean)
                    total /= max(n - less, 0)
                    if what == STD:
                        total = sqrt(total)
            out[i * step + k] = <number>total


cdef void choose(bint largest, const comparable *a, Axis *axis, comparable *out) noexcept:
    """The extreme of each row; NaN where there is one."""
    cdef Py_ssize_t i, j, k, n = axis.length, step = axis.inner
    cdef const comparable *at
    cdef comparable best
    for i in range(axis.outer):
        for k in range(step):
            at = a + i * n * step + k
            best = at[0]
            for j in range(1, n):
                if (at[j * step] > best if largest else at[j * step] < best) or at[j * step] != at[j * step]:
                    best = at[j * step]
            out[i * step + k] = best


def reduced(int what, object given, object dim=None, bint keepdim=False, double less=1):
    """What one reduction (SUM, MEAN, ...) leaves of an array, of all or along one dim; VAR divides by n - less."""
    cdef int kind
    cdef Axis axis
    cdef ndarray a, out
    cdef bint extreme = what == MAX or what == MIN
    if not isinstance(given, ndarray):
        return None
    a = <ndarray>given
    kind = cnp.PyArray_TYPE(a)
    if kind != cnp.NPY_FLOAT32 and kind != cnp.NPY_FLOAT64 and not (kind == cnp.NPY_BOOL and extreme):
        return None
    if not plain(a) or cnp.PyArray_SIZE(a) > SMALL or not about(a, dim, &axis) or (extreme and not axis.length):
        return None
    out = room(a, &axis, keepdim, kind)
    if extreme:
        if kind == cnp.NPY_FLOAT32:
            choose(what == MAX, <const float *>cnp.PyArray_DATA(a), &axis, <float *>cnp.PyArray_DATA(out))
        elif kind == cnp.NPY_FLOAT64:
            choose(what == MAX, <const double *>cnp.PyArray_DATA(a), &axis, <double *>cnp.PyArray_DATA(out))
        else:
            choose(what == MAX, <const cnp.uint8_t *>cnp.PyArray_DATA(a), &axis, <cnp.uint8_t *>cnp.PyArray_DATA(out))
    elif kind == cnp.NPY_FLOAT32:
        combine(what, <const float *>cnp.PyArray_DATA(a), &axis, less, <float *>cnp.PyArray_DATA(out))
    else:
        combine(what, <const double *>cnp.PyArray_DATA(a), &axis, less, <double *>cnp.PyArray_DATA(out))
    return out


# ---- exponentials


cdef inline number power_of_e(number x) noexcept:
    return expf(x) if number is float else exp(x)


@cython.cdivision(True)
cdef void soften(bint log_of_it, const number *a, Axis *axis, number *out) noexcept:
    cdef Py_ssize_t i, j, k, n = axis.length, step = axis.inner
    cdef Py_ssize_t at
    cdef number top
    cdef double total
    for i in range(axis.outer):
        for k in range(step):
            at = i * n * step + k
            top = a[at]
            for j in range(1, n):
                if a[at + j * step] > top:
                    top = a[at + j * step]
            if not isfinite(top):
                top = 0
            total = 0
            for j in range(n):
                out[at + j * step] = a[at + j * step] - top
                total += power_of_e(out[at + j * step])
            for j in range(n):
                if log_of_it:
                    out[at + j * step] = <number>(out[at + j * step] - log(total))
                else:
                    out[at + j * step] = <number>(power_of_e(out[at + j * step]) / total)


def softened(ndarray a not None, object dim, bint log_of_it):
    """softmax along dim, or its logarithm."""
    cdef Axis axis
    cdef ndarray out
    if not floats(a) or cnp.PyArray_SIZE(a) > SMALL or not about(a, dim, &axis) or not axis.length:
        return None
    out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), cnp.PyArray_TYPE(a))
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT32:
        soften(log_of_it, <const float *>cnp.PyArray_DATA(a), &axis, <float *>cnp.PyArray_DATA(out))
    else:
        soften(log_of_it, <const double *>cnp.PyArray_DATA(a), &axis, <double *>cnp.PyArray_DATA(out))
    return out


@cython.cdivision(True)
cdef void bend(const number *a, Py_ssize_t size, number *out) noexcept:
    cdef Py_ssize_t i
    for i in range(size):
        out[i] = 1 / (1 + power_of_e(-a[i]))        # 0 where the power is infinite


def logistic(ndarray a not None):
    """1 / (1 + exp(-a))."""
    cdef ndarray out
    if not floats(a) or cnp.PyArray_SIZE(a) > SMALL:
        return None
    out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), cnp.PyArray_TYPE(a))
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT32:
        bend(<const float *>cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a), <float *>cnp.PyArray_DATA(out))
    else:
        bend(<const double *>cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a), <double *>cnp.PyArray_DATA(out))
    return out


# ---- bounds


cdef void clamp(
    const number *a, Py_ssize_t size, bint has_low, number low, bint has_high, number high, number *out
) noexcept:
    cdef Py_ssize_t i
    cdef number value
    for i in range(size):
        value = a[i]
        if has_low and value < low:
            value = low
        if has_high and value > high:
            value = high
        out[i] = value


cdef void nan_to_zero(number *a, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(size):
        a[i] = a[i] if a[i] == a[i] else 0


def signs(a):
    """-1, 0 or 1; of NaN 0, as torch's, where numpy's is NaN."""
    cdef ndarray made = np.asarray(np.sign(a))      # which lies in one piece, in whatever order
    if cnp.PyArray_TYPE(made) == cnp.NPY_FLOAT:
        nan_to_zero(<float *>cnp.PyArray_DATA(made), cnp.PyArray_SIZE(made))
    elif cnp.PyArray_TYPE(made) == cnp.NPY_DOUBLE:
        nan_to_zero(<double *>cnp.PyArray_DATA(made), cnp.PyArray_SIZE(made))
    return made


def clamped(ndarray a not None, object low, object high):
    """Elements not below low and not above high, Python numbers or None; NaN stays NaN."""
    cdef ndarray out
    cdef bint has_low = low is not None
    cdef bint has_high = high is not None
    cdef double least, most
    if not floats(a) or isinstance(low, ndarray) or isinstance(high, ndarray):
        return None
    least = low if has_low else 0
    most = high if has_high else 0
    if least != least or most != most:
        return None
    out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), cnp.PyArray_TYPE(a))
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT32:
        clamp(
            <const float *>cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a), has_low, <float>least, has_high, <float>most,
            <float *>cnp.PyArray_DATA(out),
        )
    else:
        clamp(
            <const double *>cnp.PyArray_DATA(a), cnp.PyArray_SIZE(a), has_low, least, has_high, most,
            <double *>cnp.PyArray_DATA(out),
        )
    return out


# ---- choosing


cdef void choose_each(
    const cnp.npy_bool *which, Py_ssize_t size, const number *a, Py_ssize_t a_step, const number *b, Py_ssize_t b_step,
    number *out
) noexcept:
    cdef Py_ssize_t i
    for i in range(size):
        out[i] = a[i * a_step] if which[i] else b[i * b_step]


cdef struct Operand:
    # Elements, or one number that stands for all.
    const void *data
    Py_ssize_t step
    float narrow
    double wide


cdef bint operand(object given, ndarray which, int kind, Operand *made) except -1:
    cdef ndarray array
    if isinstance(given, ndarray):
        array = <ndarray>given
        if cnp.PyArray_TYPE(array) != kind or not plain(array) or not cnp.PyArray_SAMESHAPE(array, which):
            return False
        made.data = cnp.PyArray_DATA(array)
        made.step = 1
        return True
    if type(given) is not float:
        return False
    made.wide = given
    made.narrow = <float>made.wide
    made.data = <const void *>&made.narrow if kind == cnp.NPY_FLOAT32 else <const void *>&made.wide
    made.step = 0
    return True


def selected(ndarray which not None, a, b):
    """a where a mask holds, else b: arrays of the mask's shape, one of them maybe a float."""
    cdef ndarray out
    cdef ndarray typed
    cdef Operand first, second
    cdef int kind
    if cnp.PyArray_TYPE(which) != cnp.NPY_BOOL or not plain(which):
        return None
    if isinstance(a, ndarray):
        typed = <ndarray>a
    elif isinstance(b, ndarray):
        typed = <ndarray>b
    else:
        return None
    kind = cnp.PyArray_TYPE(typed)
    if (kind != cnp.NPY_FLOAT32 and kind != cnp.NPY_FLOAT64) or not operand(a, which, kind, &first):
        return None
    if not operand(b, which, kind, &second):
        return None
    out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(which), cnp.PyArray_DIMS(which), kind)
    if kind == cnp.NPY_FLOAT32:
        choose_each(
            <const cnp.npy_bool *>cnp.PyArray_DATA(which), cnp.PyArray_SIZE(which), <const float *>first.data,
            first.step, <const float *>second.data, second.step, <float *>cnp.PyArray_DATA(out),
        )
    else:
        choose_each(
            <const cnp.npy_bool *>cnp.PyArray_DATA(which), cnp.PyArray_SIZE(which), <const double *>first.data,
            first.step, <const double *>second.data, second.step, <double *>cnp.PyArray_DATA(out),
        )
    return out


# ---- products


cdef void multiply(
    const number *a, const number *b, Py_ssize_t n, Py_ssize_t d, Py_ssize_t k, const Py_ssize_t *steps, number *out
) noexcept:
    cdef Py_ssize_t i, j, l
    cdef double total
    for i in range(n):
        for j in range(k):
            total = 0
            for l in range(d):
                total += <double>a[i * steps[0] + l * steps[1]] * b[l * steps[2] + j * steps[3]]
            out[i * k + j] = <number>total


cdef inline bint by_elements(ndarray array, int ndim) noexcept:
    """Whether all strides are whole numbers of elements."""
    cdef int i
    for i in range(ndim):
        if cnp.PyArray_STRIDE(array, i) % cnp.PyArray_ITEMSIZE(array):
            return False
    return cnp.PyArray_ISBEHAVED_RO(array)


def product(ndarray a not None, ndarray b not None):
    """a @ b of vectors and matrices of one type that fit; any strides."""
    cdef int a_ndim = cnp.PyArray_NDIM(a)
    cdef int b_ndim = cnp.PyArray_NDIM(b)
    cdef int kind = cnp.PyArray_TYPE(a)
    cdef Py_ssize_t n, d, k, size
    cdef Py_ssize_t steps[4]
    cdef cnp.npy_intp shape[2]
    cdef ndarray out
    if kind != cnp.PyArray_TYPE(b) or (kind != cnp.NPY_FLOAT32 and kind != cnp.NPY_FLOAT64):
        return None
    if not 1 <= a_ndim <= 2 or not 1 <= b_ndim <= 2 or not by_elements(a, a_ndim) or not by_elements(b, b_ndim):
        return None
    n = cnp.PyArray_DIM(a, 0) if a_ndim == 2 else 1
    d = cnp.PyArray_DIM(a, a_ndim - 1)
    k = cnp.PyArray_DIM(b, 1) if b_ndim == 2 else 1
    if cnp.PyArray_DIM(b, 0) != d or n * d * k > SMALL:
        return None
    size = cnp.PyArray_ITEMSIZE(a)
    steps[0] = cnp.PyArray_STRIDE(a, 0) // size if a_ndim == 2 else 0
    steps[1] = cnp.PyArray_STRIDE(a, a_ndim - 1) // size
    steps[2] = cnp.PyArray_STRIDE(b, 0) // size
    steps[3] = cnp.PyArray_STRIDE(b, 1) // size if b_ndim == 2 else 0
    shape[0] = n if a_ndim == 2 else k
    shape[1] = k
    out = cnp.PyArray_SimpleNew(a_ndim + b_ndim - 2, shape, kind)
    if kind == cnp.NPY_FLOAT32:
        multiply(
            <const float *>cnp.PyArray_DATA(a), <const float *>cnp.PyArray_DATA(b), n, d, k, steps,
            <float *>cnp.PyArray_DATA(out),
        )
    else:
        multiply(
            <const double *>cnp.PyArray_DATA(a), <const double *>cnp.PyArray_DATA(b), n, d, k, steps,
            <double *>cnp.PyArray_DATA(out),
        )
    return out


# ---- order

cdef enum:
    SHORT = 64      # elements of a row that are sorted by insertion


cdef inline bint before(number x, number y, bint descending) noexcept:
    """Whether x comes before y; NaN counts as the largest."""
    if descending:
        return x > y or (x != x and y == y)
    return x < y or (y != y and x == x)


cdef void insert(const number *a, Axis *axis, bint descending, Py_ssize_t kept, cnp.npy_int64 *out) noexcept:
    cdef cnp.npy_int64 order[SHORT]
    cdef Py_ssize_t i, j, k, l
    cdef const number *row
    for i in range(axis.outer):
        for k in range(axis.inner):
            row = a + i * axis.length * axis.inner + k
            for j in range(axis.length):
                l = j
                while l > 0 and before(row[j * axis.inner], row[order[l - 1] * axis.inner], descending):
                    order[l] = order[l - 1]
                    l -= 1
                order[l] = j
            for j in range(kept):
                out[(i * kept + j) * axis.inner + k] = order[j]


def order(ndarray a not None, int dim, bint descending, Py_ssize_t kept):
    """The indices of the first `kept` elements of each short row along dim in order; equal ones stay as they were."""
    cdef cnp.npy_intp shape[MOST_DIMS]
    cdef Axis axis
    cdef ndarray out
    cdef int i
    if not floats(a) or not about(a, dim, &axis) or axis.length > SHORT:
        return None
    for i in range(cnp.PyArray_NDIM(a)):
        shape[i] = kept if i == axis.number else cnp.PyArray_DIM(a, i)
    out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), shape, cnp.NPY_INT64)
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT32:
        insert(<const float *>cnp.PyArray_DATA(a), &axis, descending, kept, <cnp.npy_int64 *>cnp.PyArray_DATA(out))
    else:
        insert(<const double *>cnp.PyArray_DATA(a), &axis, descending, kept, <cnp.npy_int64 *>cnp.PyArray_DATA(out))
    return out


cdef bint alike(const number *a, const number *b, Py_ssize_t size) noexcept:
    cdef Py_ssize_t i
    for i in range(size):
        if a[i] != b[i]:
            return False
    return True


def same(Tensor first not None, Tensor second not None):
    """Whether two tensors have one shape and the same elements; None where that is for numpy to say."""
    cdef ndarray a = array_of(first)
    cdef ndarray b = array_of(second)
    if not cnp.PyArray_SAMESHAPE(a, b):
        return False
    if cnp.PyArray_TYPE(a) != cnp.PyArray_TYPE(b) or not floats(a) or not floats(b):
        return None
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT32:
        return alike(<const float *>cnp.PyArray_DATA(a), <const float *>cnp.PyArray_DATA(b), cnp.PyArray_SIZE(a))
    return alike(<const double *>cnp.PyArray_DATA(a), <const double *>cnp.PyArray_DATA(b), cnp.PyArray_SIZE(a))


include "_lines.pxi"
include "_moves.pxi"
