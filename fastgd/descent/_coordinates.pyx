"""The descent of a quadratic, without its rows: torch's SGD on coordinates that are alone, or coupled by a matrix."""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport isfinite, sqrt
from libc.string cimport memset
from numpy cimport ndarray

import time

import numpy as np

from .._kernels cimport level_in_use
from .engine import Stop

cnp.import_array()

cdef extern from "_coordinates.h" nogil:
    enum: LANES
    ctypedef struct Options:
        double lr, momentum, dampening, weight_decay
        bint nesterov, maximize, first
    ctypedef double (*Descend)(
        Py_ssize_t, const double *, const double *, const double *, double *, double *, const Options *, double *
    ) noexcept
    const Descend *DESCEND_ALONE_LEVELS
    void update_coupled(Py_ssize_t, const double *, const double *, double *, double *, const Options *) noexcept
    double measure_coupled(
        Py_ssize_t, const double *, const double *, const double *, double *, double *) noexcept

cdef enum:
    MOST_PARTS = 2
    LOOK_EVERY = 1 << 23        # coordinates, or products with the matrix, between looks at the clock: milliseconds

cdef int RAN = Stop.RAN, STALE = Stop.STALE, FLAT = Stop.FLAT, NOT_FINITE = Stop.NOT_FINITE


cdef struct Part:
    # A stretch of every output's coordinates, with options of its own.
    Py_ssize_t start, size
    bint has_buffer, started
    Options options
    const double *lr            # by epoch
    const double *momentum
    Py_ssize_t step             # from one rate to the next: 0 where all are the same


cdef class Coordinates:
    """One quadratic and SGD's options, ready to descend, in float64.

        value = base + sum of offset (2 pull + H offset) / 2,        slope = pull + H offset

    Args:
        base: the value at the anchor.
        curvature: k x p, H's diagonal for every output; with two parts p x p, H itself.
        anchor, pull: k x p: where offsets are measured from, and the slope there.
        offset: k x p: where the descent starts.
        parts: (start, size, options, buffer) for each stretch of the p coordinates: options as for Stream; the
            momentum buffer k x size, or None at the start.
    """

    cdef readonly double base
    cdef readonly Py_ssize_t k, p
    cdef Py_ssize_t width                       # p, padded
    cdef ndarray curvature, anchor, pull, slope
    cdef ndarray work                           # offset and buffer, each k x width
    cdef bint coupled
    cdef Descend alone                          # where they are not
    cdef Part parts[MOST_PARTS]
    cdef int part_count
    cdef public double best                     # for tol: the lowest loss so far
    cdef public Py_ssize_t stale                # epochs since then

    def __init__(self, double base, curvature, anchor, pull, offset, parts):
        cdef Part *part
        self.base = base
        self.k, self.p = anchor.shape
        self.width = -(-self.p // LANES) * LANES
        self.coupled = len(parts) > 1
        self.alone = DESCEND_ALONE_LEVELS[level_in_use()]
        self.curvature = self.padded(curvature, self.width if self.coupled else self.k)
        self.anchor, self.pull = self.padded(anchor, self.k), self.padded(pull, self.k)
        self.slope = np.empty((self.k, self.width))
        self.work = np.zeros((2, self.k, self.width))
        self.part_count = len(parts)
        for i, (start, size, _, buffer) in enumerate(parts):
            part = &self.parts[i]
            part.start, part.size = start, size
            part.started = buffer is not None
            if buffer is not None:
                self.buffer[:, start : start + size] = buffer
        self.set_options([options for _, _, options, _ in parts])
        self.offset[...] = offset
        self.best = np.inf

    def set_options(self, by_part):
        """Goes on with other options."""
        cdef Part *part
        for i in range(self.part_count):
            part, options = &self.parts[i], by_part[i]
            part.options.dampening, part.options.weight_decay = options["dampening"], options["weight_decay"]
            part.options.nesterov, part.options.maximize = options["nesterov"], options["maximize"]
            part.has_buffer = options["has_buffer"]

    cdef ndarray padded(self, array, Py_ssize_t height):
        made = np.zeros((height, self.width))
        made[: array.shape[0], : array.shape[1]] = array
        return made

    @property
    def offset(self):
        """Where the coordinates are, seen from the anchor: k x p."""
        return self.work[0, :, : self.p]

    @property
    def buffer(self):
        """The momentum buffers: k x p."""
        return self.work[1, :, : self.p]

    @property
    def started(self):
        """Per part, whether its momentum buffer holds anything yet."""
        return [bool(self.parts[i].started) for i in range(self.part_count)]

    @started.setter
    def started(self, flags):
        for i, flag in enumerate(flags):
            self.parts[i].started = flag

    def value(self):
        """The value where the coordinates are."""
        cdef double norm
        return self.go(-1, &norm)

    def state(self):
        """All that changes, to come back to by `restore`."""
        return self.work.copy(), self.started, self.best, self.stale

    def restore(self, state):
        work, self.started, self.best, self.stale = state
        self.work[...] = work

    def run(self, Py_ssize_t epochs, rates, double tol, Py_ssize_t patience, double grad_tol, double deadline):
        """Descends for some epochs: arguments and results as those of Stream.run, without the order of rows."""
        cdef ndarray losses = np.empty(epochs)
        cdef ndarray norms = np.empty(epochs)
        cdef double *loss_at = <double *>cnp.PyArray_DATA(losses)
        cdef double *norm_at = <double *>cnp.PyArray_DATA(norms)
        cdef Py_ssize_t epoch = 0
        cdef Py_ssize_t until
        cdef Py_ssize_t stretch = LOOK_EVERY // (self.width * self.k * (self.width if self.coupled else 1)) + 1
        cdef int stop = RAN
        cdef int i
        for i in range(self.part_count):
            self.parts[i].lr = <const double *><size_t>rates[i][0].ctypes.data
            self.parts[i].momentum = <const double *><size_t>rates[i][1].ctypes.data
            self.parts[i].step = rates[i][0].strides[0] // 8
        while epoch < epochs and stop == RAN:
            until = min(epochs, epoch + stretch)
            with nogil:
                stop = self.descend(&epoch, until, loss_at, norm_at, tol, patience, grad_tol)
            if stop == RAN:
                try:
                    PyErr_CheckSignals()
                except KeyboardInterrupt:
                    stop = Stop.INTERRUPTED
                if stop == RAN and 0 < deadline < time.monotonic():
                    stop = Stop.LATE
        return Stop(stop), epoch, losses[:epoch], norms[:epoch]

    # -- without Python

    cdef double go(self, Py_ssize_t at, double *norm) noexcept nogil:
        """Makes the step of epoch `at`, or none where that is negative; returns the value and gradient norm there."""
        cdef Py_ssize_t size = self.k * self.width
        cdef const double *curvature = <const double *>cnp.PyArray_DATA(self.curvature)
        cdef const double *pull = <const double *>cnp.PyArray_DATA(self.pull)
        cdef const double *anchor = <const double *>cnp.PyArray_DATA(self.anchor)
        cdef double *offset = <double *>cnp.PyArray_DATA(self.work)
        cdef double *buffer
        cdef double *slope = <double *>cnp.PyArray_DATA(self.slope)
        cdef Options still
        cdef Part *part
        cdef double square
        cdef double value = 0
        cdef double squares = 0
        cdef Py_ssize_t first, row
        cdef int i
        if at < 0 and not self.coupled:
            memset(&still, 0, sizeof(still))
            value = self.alone(size, curvature, pull, anchor, offset, NULL, &still, &squares)
        for i in range(self.part_count if at >= 0 else 0):
            part = &self.parts[i]
            part.options.lr, part.options.momentum = part.lr[at * part.step], part.momentum[at * part.step]
            part.options.first = not part.started
            buffer = NULL
            if part.has_buffer and part.options.momentum != 0:
                buffer = offset + size
                part.started = True
            if not self.coupled:
                value = self.alone(size, curvature, pull, anchor, offset, buffer, &part.options, &squares)
                continue
            for row in range(self.k):
                first = row * self.width + part.start
                update_coupled(
                    part.size, slope + first, anchor + first, offset + first, NULL if buffer == NULL else buffer + first,
                    &part.options,
                )
        for row in range(self.k if self.coupled else 0):
            first = row * self.width
            value += measure_coupled(self.width, curvature, pull + first, offset + first, slope + first, &square)
            squares += square
        norm[0] = sqrt(squares)
        value += self.base
        return 0 if value < 0 else value        # rounding, where the fit is exact; NaN stays

    cdef int descend(
        self, Py_ssize_t *done, Py_ssize_t until, double *losses, double *norms, double tol, Py_ssize_t patience,
        double grad_tol,
    ) noexcept nogil:
        cdef Py_ssize_t epoch
        cdef double norm
        cdef double loss = self.go(-1, &norm)
        for epoch in range(done[0], until):
            if not isfinite(loss):
                return NOT_FINITE
            losses[epoch], norms[epoch] = loss, norm
            done[0] = epoch + 1
            if norm <= grad_tol:
                return FLAT
            if tol >= 0:
                self.stale = 0 if loss < self.best - tol else self.stale + 1
                if loss < self.best:
                    self.best = loss
            loss = self.go(epoch, &norm)
            if tol >= 0 and self.stale >= patience:
                return STALE
        return RAN
