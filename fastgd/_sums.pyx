"""Centred sums over rows: the means and products of columns, block by block, by as many threads as may be used."""

cimport numpy as cnp
from libc.stdlib cimport free, malloc
from numpy cimport ndarray

import numpy as np

from ._kernels cimport level_in_use
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
    ctypedef void SumRows(
        const Table *, Py_ssize_t, Py_ssize_t, const double *, double *, double *, double *, double *, double *
    ) noexcept nogil
    SumRows **SUM_ROWS
    Py_ssize_t block_rows(Py_ssize_t)
    Py_ssize_t sums_space(Py_ssize_t)

cdef enum:
    RANGES = 8
    SHARED_WORK = 1 << 22           # multiply-adds: some 300 microseconds
    UNTURNED = 4                    # of them, in the time in which a number is read and turned


def rows_of_block(columns):
    """How many rows are centred at once."""
    return block_rows(columns)


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
        products: (d + k) x (d + k): to whose upper triangle the blocks' products are added.

    Returns:
        The blocks' weights (b), and their means less the origin (b x (d + k)).
    """
    cdef Sums job
    cdef Py_ssize_t n = X.shape[0], d = X.shape[1], k = y.shape[1], p = d + k, blocks
    cdef int count, i
    job.table.n, job.table.d, job.table.k = n, d, k
    job.table.X, job.table.y = <const char *>cnp.PyArray_DATA(X), <const char *>cnp.PyArray_DATA(y)
    job.table.X_stride, job.table.y_stride = X.strides[0], y.strides[0]
    job.table.X_single, job.table.y_single = X.dtype == np.float32, y.dtype == np.float32
    job.table.weights = NULL if weights is None else <double *>cnp.PyArray_DATA(weights)
    job.sum_rows = SUM_ROWS[level_in_use()]
    job.p, job.block = p, block_rows(p)
    blocks = -(-n // job.block)
    job.step = n if n * p * (p // 2 + UNTURNED) < SHARED_WORK else -(-blocks // RANGES) * job.block
    count = <int>-(-n // job.step)
    cdef ndarray shifts = np.tile(shift, (count, 1)), parts = np.zeros((count, p, p))
    cdef ndarray totals = np.zeros(blocks), means = np.zeros((blocks, p))
    job.origin = <const double *>cnp.PyArray_DATA(origin)
    job.shifts, job.totals = <double *>cnp.PyArray_DATA(shifts), <double *>cnp.PyArray_DATA(totals)
    job.means, job.products = <double *>cnp.PyArray_DATA(means), <double *>cnp.PyArray_DATA(parts)
    with nogil:
        run_ranges(sum_range, &job, count, True)
    for i in range(count):
        if job.failed[i]:
            raise MemoryError("no memory for the sums over the columns")
    shift[...] = shifts[count - 1]
    for part in parts:
        products += part
    return totals, means
