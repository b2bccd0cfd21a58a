"""Centred sums over rows: the means and products of columns, block by block. The GIL is released."""

cimport numpy as cnp
from libc.math cimport sqrt
from numpy cimport ndarray

import numpy as np

from ._kernels cimport level_in_use

cnp.import_array()

cdef extern from "_sums.h" nogil:
    enum: BLOCK, STRIDE, TILE
    ctypedef struct SumsLevel:
        void (*pack_float)(
            const float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const double *, const double *, double *) noexcept nogil
        void (*pack_double)(
            const double *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const double *, const double *, double *) noexcept nogil
        void (*products)(const double *, Py_ssize_t, Py_ssize_t, double *) noexcept nogil
    const SumsLevel *SUMS_LEVELS            # by the level in use

BLOCK_ROWS = BLOCK


def centred_sums(ndarray X, ndarray y, ndarray weights, ndarray shift):
    """Total weight, means and centred products of the columns of X and y, by block of rows.

    Args:
        X: n x d, float32 or float64, each row contiguous. y: n x k, float64, contiguous.
        weights: n, float64, contiguous; or None.
        shift: d + k: about where the columns lie; afterwards the mean of the last block.

    Returns:
        The blocks' weights (b), their means (b x (d + k)), and the sum of their products ((d + k) x (d + k)).
    """
    cdef Py_ssize_t n = X.shape[0], d = X.shape[1], k = y.shape[1]
    cdef Py_ssize_t p = d + k, width = -(-(p + 1) // TILE) * TILE       # the columns, and one of ones
    cdef Py_ssize_t blocks = -(-n // BLOCK), b, first, rows, filled, i, j
    cdef ndarray panel = np.zeros((width, STRIDE)), block = np.zeros((width, width)), root = np.ones(BLOCK)
    cdef ndarray totals = np.zeros(blocks), means = np.zeros((blocks, p)), products = np.zeros((p, p))
    cdef double *panel_at = <double *>cnp.PyArray_DATA(panel)
    cdef double *block_at = <double *>cnp.PyArray_DATA(block)
    cdef double *root_at = <double *>cnp.PyArray_DATA(root)
    cdef double *total_at = <double *>cnp.PyArray_DATA(totals)
    cdef double *mean_at = <double *>cnp.PyArray_DATA(means)
    cdef double *product_at = <double *>cnp.PyArray_DATA(products)
    cdef double *shift_at = <double *>cnp.PyArray_DATA(shift)
    cdef double *weight_at = NULL if weights is None else <double *>cnp.PyArray_DATA(weights)
    cdef const char *x_at = <const char *>cnp.PyArray_DATA(X)
    cdef const double *y_at = <const double *>cnp.PyArray_DATA(y)
    cdef Py_ssize_t row_bytes = X.strides[0]
    cdef bint single = cnp.PyArray_TYPE(X) == cnp.NPY_FLOAT32
    cdef double total, off
    cdef const SumsLevel *level = &SUMS_LEVELS[level_in_use()]
    with nogil:
        for b in range(blocks):
            first = b * BLOCK
            rows = min(BLOCK, n - first)
            filled = -(-rows // 8) * 8
            if weight_at != NULL:
                for i in range(rows):
                    root_at[i] = sqrt(weight_at[first + i])
            if single:
                level.pack_float(
                    <const float *>(x_at + first * row_bytes), row_bytes // 4, rows, d, shift_at, root_at, panel_at)
            else:
                level.pack_double(
                    <const double *>(x_at + first * row_bytes), row_bytes // 8, rows, d, shift_at, root_at, panel_at)
            level.pack_double(y_at + first * k, k, rows, k, shift_at + d, root_at, panel_at + d * STRIDE)
            for i in range(rows):
                panel_at[p * STRIDE + i] = root_at[i]
            for j in range(p + 1):
                for i in range(rows, filled):
                    panel_at[j * STRIDE + i] = 0
            for i in range(width * width):
                block_at[i] = 0
            level.products(panel_at, filled, width, block_at)
            total = block_at[p * width + p]
            total_at[b] = total
            for i in range(p):
                off = block_at[i * width + p] / total if total > 0 else 0
                for j in range(i, p):
                    product_at[i * p + j] += block_at[i * width + j] - off * block_at[j * width + p]
                mean_at[b * p + i] = shift_at[i] + off
            for i in range(p if total > 0 else 0):
                shift_at[i] = mean_at[b * p + i]
    return totals, means, products + np.triu(products, 1).T
