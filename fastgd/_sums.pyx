"""Sums over rows in float64, by as many threads as may be used: the means and products of columns, centred block by
block, and what predictions miss.
"""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.math cimport isfinite
from libc.stdlib cimport free, malloc
from numpy cimport ndarray

import numpy as np

from ._kernels cimport level_in_use
from ._signals cimport raised_meanwhile
from ._threads cimport run_ranges

cnp.import_array()

cdef extern from "_sums.h" nogil:
    enum: LINE
    ctypedef struct Table:
        const char *X
        const char *y
        const double *weights
        Py_ssize_t n, d, k, X_stride, y_stride
        bint X_single, y_single
        int (*stopped)(void *) noexcept nogil
        void *asker
    ctypedef void SumRows(
        const Table *, Py_ssize_t, Py_ssize_t, const double *, double *, double *, double *, double *, double *
    ) noexcept nogil
    ctypedef struct Points:
        const double *weight
        const double *constant
        const double *centre
        const double *nothing
        Py_ssize_t count
    ctypedef void SumResiduals(
        const Table *, Py_ssize_t, Py_ssize_t, const Points *, double *, double *, double *
    ) noexcept nogil
    SumRows **SUM_ROWS
    SumResiduals **SUM_RESIDUALS
    Py_ssize_t block_rows(Py_ssize_t)
    Py_ssize_t sums_space(Py_ssize_t)
    Py_ssize_t residual_panel(Py_ssize_t)
    Py_ssize_t residual_space(Py_ssize_t)

cdef enum:
    RANGES = 8
    RANGE_ROWS = 2048               # at least: each range has all products to itself
    SHARED_WORK = 1 << 22           # multiply-adds: some 300 microseconds
    TILE = 32                       # columns across and down that are mirrored while they are near
    UNTURNED = 4                    # of them, in the time in which a number is read and turned


def rows_of_block(columns):
    """How many rows are centred at once."""
    return block_rows(columns)


cdef Table table_of(ndarray X, ndarray y, ndarray weights):
    cdef Table table
    table.n, table.d, table.k = X.shape[0], X.shape[1], y.shape[1]
    table.X, table.y = <const char *>cnp.PyArray_DATA(X), <const char *>cnp.PyArray_DATA(y)
    table.X_stride, table.y_stride = X.strides[0], y.strides[0]
    table.X_single, table.y_single = cnp.PyArray_TYPE(X) == cnp.NPY_FLOAT, cnp.PyArray_TYPE(y) == cnp.NPY_FLOAT
    table.stopped, table.asker = NULL, NULL
    table.weights = NULL if weights is None else <double *>cnp.PyArray_DATA(weights)
    return table


cdef struct Sums:
    Table table
    SumRows *sum_rows
    Py_ssize_t p, block, step       # columns; rows of a block and of a range
    const double *origin
    double *shifts                  # by range
    double *totals                  # by block
    double *means
    double *products                # by range
    bint failed[RANGES]
    PyObject *raised                # by a signal's handler


cdef int stopped(void *data) noexcept nogil:
    """Whether a signal's handler raised something: the main thread hears it, all end."""
    cdef Sums *job = <Sums *>data
    if job.raised == NULL:
        with gil:
            raised = raised_meanwhile()
            if raised is not None:
                Py_INCREF(raised)
                job.raised = <PyObject *>raised
    return job.raised != NULL


cdef void sum_range(void *data, int i) noexcept nogil:
    cdef Sums *job = <Sums *>data
    cdef Py_ssize_t p = job.p, first = i * job.step, block = first // job.block
    cdef char *space = <char *>malloc(sums_space(p) * 8 + LINE)
    job.failed[i] = space == NULL
    if space == NULL:
        return
    job.sum_rows(
        &job.table, first, min(job.table.n, first + job.step), job.origin, job.shifts + i * p,
        job.totals + block, job.means + block * p, job.products + i * p * p,
        <double *>(space + (LINE - <size_t>space % LINE)),
    )
    free(space)


def centred_sums(ndarray X, ndarray y, ndarray weights, ndarray origin, ndarray shift, ndarray products):
    """Total weight, means and centred products of the columns of X and y, by block of rows.

    The rows are cut into ranges that their number and the columns' fix, so that any number of threads gives the same
    bits.

    Args:
        X: n x d, y: n x k, float32 or float64, each row contiguous.
        weights: n, float64, contiguous; or None.
        origin: d + k: from where means are told.
        shift: d + k: about where the columns lie; afterwards the mean of the last block.
        products: (d + k) x (d + k), contiguous: to whose upper triangle the blocks' products are added.

    Returns:
        The blocks' weights (b), and their means less the origin (b x (d + k)).
    """
    cdef Sums job
    cdef Py_ssize_t n = X.shape[0], d = X.shape[1], k = y.shape[1], p = d + k, blocks
    cdef int count, i
    job.table = table_of(X, y, weights)
    job.table.stopped, job.table.asker, job.raised = stopped, &job, NULL
    job.sum_rows = SUM_ROWS[level_in_use()]
    job.p, job.block = p, block_rows(p)
    blocks = -(-n // job.block)
    job.step = max(-(-blocks // RANGES) * job.block, RANGE_ROWS)
    if n * p * (p // 2 + UNTURNED) < SHARED_WORK:
        job.step = n
    count = <int>-(-n // job.step)
    cdef ndarray shifts = np.empty((count, p)), parts = np.zeros((count, p, p))
    cdef ndarray totals = np.empty(blocks), means = np.empty((blocks, p))
    shifts[:] = shift
    job.origin = <const double *>cnp.PyArray_DATA(origin)
    job.shifts, job.totals = <double *>cnp.PyArray_DATA(shifts), <double *>cnp.PyArray_DATA(totals)
    job.means, job.products = <double *>cnp.PyArray_DATA(means), <double *>cnp.PyArray_DATA(parts)
    with nogil:
        run_ranges(sum_range, &job, count, True)
    if job.raised != NULL:
        raised = <object>job.raised
        Py_DECREF(raised)
        raise raised
    for i in range(count):
        if job.failed[i]:
            raise MemoryError("no memory for the sums over the columns")
    shift[...] = shifts[count - 1]
    for i in range(count):
        add_upper(p, job.products + i * p * p, <double *>cnp.PyArray_DATA(products))
    return totals, means


cdef void add_upper(Py_ssize_t p, const double *part, double *products) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(p):
        for j in range(i, p):
            products[i * p + j] += part[i * p + j]


def finish(ndarray origin, ndarray means, ndarray products):
    """Adds the origin to the means and makes the products symmetric by their upper triangle; whether all are finite."""
    cdef Py_ssize_t p = means.shape[0], down, across, i, j
    cdef const double *start = <const double *>cnp.PyArray_DATA(origin)
    cdef double *mean = <double *>cnp.PyArray_DATA(means)
    cdef double *square = <double *>cnp.PyArray_DATA(products)
    cdef bint finite = True
    for i in range(p):
        mean[i] += start[i]
        finite &= isfinite(square[i * p + i])
    for down in range(0, p, TILE):
        PyErr_CheckSignals()
        for across in range(0, down + 1, TILE):
            for i in range(down, min(down + TILE, p)):
                for j in range(across, min(across + TILE, i)):
                    square[i * p + j] = square[j * p + i]
                    finite &= isfinite(square[i * p + j])
    return finite


cdef struct Residuals:
    Table table
    Points points
    SumResiduals *sum_residuals
    Py_ssize_t step                 # rows of a range
    double *losses                  # by range
    double *slopes
    bint failed[RANGES]


cdef void residuals_range(void *data, int i) noexcept nogil:
    cdef Residuals *job = <Residuals *>data
    cdef Py_ssize_t d = job.table.d, k = job.table.k, first = i * job.step, count = job.points.count * k
    cdef char *space = <char *>malloc(residual_space(d + k) * 8 + LINE)
    job.failed[i] = space == NULL
    if space == NULL:
        return
    job.sum_residuals(
        &job.table, first, min(job.table.n, first + job.step), &job.points, job.losses + i * count,
        job.slopes + i * count * (d + 1), <double *>(space + (LINE - <size_t>space % LINE)),
    )
    free(space)


def residual_sums(ndarray X, ndarray y, ndarray weights, ndarray centre, ndarray weight, ndarray constant):
    """For m predictions z of y, the sums over the rows of s (z - y)^2 and of s (z - y) (X - centre, 1).

    A prediction is (X - centre) weight^T + constant; s are the rows' weights. The ranges are as for the centred sums.

    Args:
        X: n x d, y: n x k, float32 or float64, each row contiguous.
        weights: n, float64, contiguous; or None.
        centre: d. weight: k x m x d. constant: k x m. All float64, contiguous.

    Returns:
        The losses, k x m, and the slopes, k x m x (d + 1).
    """
    cdef Residuals job
    cdef Py_ssize_t n = X.shape[0], d = X.shape[1], k = y.shape[1], m = weight.shape[1], panel = residual_panel(d + k)
    cdef Py_ssize_t panels = -(-n // panel)
    cdef int count, i
    cdef ndarray nothing = np.zeros(k)
    job.table = table_of(X, y, weights)
    job.points.weight = <const double *>cnp.PyArray_DATA(weight)
    job.points.constant = <const double *>cnp.PyArray_DATA(constant)
    job.points.centre, job.points.nothing = <double *>cnp.PyArray_DATA(centre), <double *>cnp.PyArray_DATA(nothing)
    job.points.count = m
    job.sum_residuals = SUM_RESIDUALS[level_in_use()]
    job.step = n if n * (d + k) * (2 * m * k + UNTURNED) < SHARED_WORK else -(-panels // RANGES) * panel
    count = <int>-(-n // job.step)
    cdef ndarray losses = np.zeros((count, k, m)), slopes = np.zeros((count, k, m, d + 1))
    job.losses, job.slopes = <double *>cnp.PyArray_DATA(losses), <double *>cnp.PyArray_DATA(slopes)
    with nogil:
        run_ranges(residuals_range, &job, count, True)
    for i in range(count):
        if job.failed[i]:
            raise MemoryError("no memory for the sums over what the predictions miss")
    return losses.sum(0), slopes.sum(0)
