"""The parameters that the stream works on: a copy of their own, with their momentum buffers and SGD's options."""

cimport numpy as cnp
from libc.string cimport memcpy
from numpy cimport ndarray

import math

import numpy as np

from .._kernels cimport DOUBLE, SINGLE, Part

cnp.import_array()

cdef enum:
    LINE = 64                   # bytes


cdef class WorkingCopy:
    """Weights (k outputs x d features) then bias, gradients and buffers alike, each section from a cache line on.

    Args:
        weight: array, k x d, on the memory of the model's weights; bias: array k on the bias's, or None.
        trained: (weight is trained, bias is trained).
        together: the parameters share one set of options and rates.
    """

    def __init__(self, weight, bias, trained, bint together):
        cdef Part *part
        cdef Py_ssize_t k = weight.shape[0]
        self.weight, self.bias = weight, bias
        self.item = weight.itemsize
        self.weights = weight.size
        self.size = self.weights + (0 if bias is None else k)
        cdef Py_ssize_t room = (self.weights + k + 1) * self.item
        self.work = aligned((5, (room // LINE + 2) * LINE // self.item), weight.dtype)
        self.all.precision = SINGLE if self.item == 4 else DOUBLE
        self.all.value, self.all.gradient, self.all.buffer = self.section(0), self.section(1), self.section(2)
        self.all.kept, self.all.kept_buffer = self.section(3), self.section(4)
        self.all.bias = NULL if bias is None else self.section(0) + self.weights * self.item
        spans = [(0, self.weights)] if trained[0] else []
        if trained[1]:
            spans.append((self.weights, k))
        if together and len(spans) == 2:
            spans = [(0, self.size)]
        self.all.part_count = len(spans)
        for i, (start, size) in enumerate(spans):
            part = &self.all.parts[i]
            part.start, part.size = start, size
        self.weight_part = &self.all.parts[0] if trained[0] else NULL
        self.bias_part = &self.all.parts[len(spans) - 1] if trained[1] else NULL

    cdef char *section(self, Py_ssize_t i):
        return <char *>cnp.PyArray_DATA(self.work) + i * self.work.strides[0]

    def _trained(self, Py_ssize_t section):
        """The trained parameters' parts of a section of the working memory, shaped k x d and k."""
        views = []
        if self.weight_part:
            views.append(self.work[section, : self.weights].reshape(self.weight.shape))
        if self.bias_part:
            views.append(self.work[section, self.weights : self.size])
        return views

    @property
    def buffers(self):
        """The momentum buffers of the trained parameters, shaped k x d and k."""
        return self._trained(2)

    @property
    def started(self):
        """Per trained parameter, whether its momentum buffer holds anything yet."""
        flags = []
        if self.weight_part:
            flags.append(bool(self.weight_part.started))
        if self.bias_part:
            flags.append(bool(self.bias_part.started))
        return flags

    def load(self, options, buffers):
        """Takes the parameters from the model, and the rest from its optimizer.

        Args:
            options: per trained parameter, a dict of dampening, weight_decay, nesterov, maximize, and of whether
                momentum is in use ("has_buffer").
            buffers: per trained parameter its momentum buffer, shaped like the parameter, or None at the start.
        """
        cdef Part *part
        cdef int i
        for i in range(self.all.part_count):
            part = &self.all.parts[i]
            part.dampening, part.weight_decay = options[i]["dampening"], options[i]["weight_decay"]
            part.nesterov, part.maximize = options[i]["nesterov"], options[i]["maximize"]
            part.has_buffer = options[i]["has_buffer"]
            part.started = buffers[i] is not None
        for view, given in zip(self.buffers, buffers):
            if given is not None:
                view[...] = given
        self.work[0, : self.weights].reshape(self.weight.shape)[...] = self.weight
        if self.bias is not None:
            self.work[0, self.weights : self.size] = self.bias

    def set_rates(self, rates):
        """Per trained parameter (one if together) two float64 arrays, of a number a step or one for all."""
        cdef Part *part
        cdef int i
        for i in range(self.all.part_count):
            part = &self.all.parts[i]
            lr, momentum = rates[i]
            part.lr = <const double *><size_t>lr.ctypes.data
            part.momentum = <const double *><size_t>momentum.ctypes.data
            part.stride = lr.strides[0] // 8

    def write_back(self):
        """Puts what was trained into the model's memory."""
        targets = ([self.weight] if self.weight_part else []) + ([self.bias] if self.bias_part else [])
        for view, target in zip(self._trained(0), targets):
            target[...] = view

    def is_finite(self):
        return bool(np.isfinite(self.work[0, : self.size]).all())

    cdef void keep(self) noexcept nogil:
        """For `restore` to go back to."""
        cdef int i
        memcpy(self.all.kept, self.all.value, self.size * self.item)
        memcpy(self.all.kept_buffer, self.all.buffer, self.size * self.item)
        for i in range(self.all.part_count):
            self.all.parts[i].kept_started = self.all.parts[i].started

    cdef void restore(self) noexcept nogil:
        cdef int i
        memcpy(self.all.value, self.all.kept, self.size * self.item)
        memcpy(self.all.buffer, self.all.kept_buffer, self.size * self.item)
        for i in range(self.all.part_count):
            self.all.parts[i].started = self.all.parts[i].kept_started


cdef ndarray aligned(shape, dtype):
    """Zeros that begin at a cache line."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)
