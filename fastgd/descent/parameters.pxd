from numpy cimport ndarray

from .._kernels cimport Parameters, Part


cdef class WorkingCopy:
    cdef Parameters all
    cdef Part *weight_part          # NULL where it is not trained
    cdef Part *bias_part
    cdef Py_ssize_t size            # of W and b
    cdef Py_ssize_t weights         # of W
    cdef Py_ssize_t item
    cdef object weight
    cdef object bias
    cdef ndarray work               # value, gradient, buffer, kept value, kept buffer: each W then b
    cdef char *section(self, Py_ssize_t i)
    cdef void keep(self) noexcept nogil
    cdef void restore(self) noexcept nogil

cdef ndarray aligned(shape, dtype)
