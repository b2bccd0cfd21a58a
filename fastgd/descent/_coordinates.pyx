"""The descent of a quadratic, without its rows: torch's SGD on coordinates that are alone, or coupled by a matrix."""

cimport numpy as cnp
from libc.math cimport isfinite, sqrt
from libc.string cimport memcpy
from numpy cimport ndarray

import time

import numpy as np

from .._kernels cimport level_in_use
from .._signals cimport raised_meanwhile
from .engine import Stop

cnp.import_array()

cdef extern from "_coordinates.h" nogil:
    enum: PADDED, EPOCHS
    ctypedef struct Factors:
        pass
    ctypedef struct Options:
        double dampening, weight_decay
        bint nesterov, maximize
    ctypedef struct Span:
        Py_ssize_t size
        const double *curvature
        const double *pull
        const double *anchor
        double *offset
        double *buffer
    ctypedef void (*Descend)(
        const Span *, const Options *, Py_ssize_t, const Factors *, double *, double *) noexcept
    const Descend *DESCEND_ALONE
    unsigned leave_denormals() noexcept
    void take_denormals_again(unsigned) noexcept
    Factors factors(const Options *, double, double, bint, bint) noexcept
    void update_coupled(const Span *, const double *, const Options *, Factors) noexcept
    double measure_coupled(
        Py_ssize_t, const double *, const double *, const double *, double *, double *) noexcept

cdef enum:
    MOST_PARTS = 2
    LOOK_EVERY = 1 << 23        # coordinates, or products with the matrix, between looks at the clock: milliseconds

cdef int RAN = Stop.RAN, STALE = Stop.STALE, FLAT = Stop.FLAT, NOT_FINITE = Stop.NOT_FINITE


cdef struct Part:
    # A stretch of every output's coordinates, with options of its own.
    Py_ssize_t start, size
    bint has_buffer, started, had_started
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
    cdef ndarray before                         # work, where the epochs in progress began
    cdef bint coupled
    cdef Descend descend_alone                  # where they are not
    cdef Part parts[MOST_PARTS]
    cdef int part_count
    cdef object raised                          # by a signal's handler
    cdef public double best                     # for tol: the lowest loss so far
    cdef public Py_ssize_t stale                # epochs since then

    def __init__(self, double base, curvature, anchor, pull, offset, parts):
        cdef Part *part
        self.base = base
        self.k, self.p = anchor.shape
        self.width = -(-self.p // PADDED) * PADDED
        self.coupled = len(parts) > 1
        self.descend_alone = DESCEND_ALONE[level_in_use()]
        self.curvature = self.padded(curvature, self.width if self.coupled else self.k)
        self.anchor, self.pull = self.padded(anchor, self.k), self.padded(pull, self.k)
        self.slope = np.empty((self.k, self.width))
        self.work = np.zeros((2, self.k, self.width))
        self.before = np.empty_like(self.work)
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
        cdef double value[EPOCHS]
        cdef double square[EPOCHS]
        cdef double still[1]
        cdef Part parts[MOST_PARTS]
        memcpy(parts, self.parts, sizeof(parts))
        still[0] = 0
        for i in range(self.part_count):
            self.parts[i].lr = self.parts[i].momentum = still
            self.parts[i].step = 0
        self.measure(0, 1, value, square)
        self.back()
        memcpy(self.parts, parts, sizeof(parts))
        return self.loss(value[0])

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
        cdef unsigned before
        cdef int i
        for i in range(self.part_count):
            self.parts[i].lr = <const double *><size_t>rates[i][0].ctypes.data
            self.parts[i].momentum = <const double *><size_t>rates[i][1].ctypes.data
            self.parts[i].step = rates[i][0].strides[0] // 8
        while epoch < epochs and stop == RAN:
            until = min(epochs, epoch + stretch)
            with nogil:
                before = leave_denormals()
                stop = self.descend(&epoch, until, loss_at, norm_at, tol, patience, grad_tol)
                take_denormals_again(before)
            if stop == RAN:
                self.raised = raised_meanwhile()
                if self.raised is not None:
                    stop = Stop.INTERRUPTED
                if stop == RAN and 0 < deadline < time.monotonic():
                    stop = Stop.LATE
        return Stop(stop), epoch, losses[:epoch], norms[:epoch]

    def take_raised(self):
        """What a signal's handler raised in an INTERRUPTED run; once, for its frames may hold this."""
        raised, self.raised = self.raised, None
        return raised

    # -- without Python

    cdef void back(self) noexcept nogil:
        """Goes back to where the last `measure` began."""
        memcpy(cnp.PyArray_DATA(self.work), cnp.PyArray_DATA(self.before), cnp.PyArray_NBYTES(self.work))
        for i in range(self.part_count):
            self.parts[i].started = self.parts[i].had_started

    cdef double loss(self, double value) noexcept nogil:
        value += self.base
        return 0 if value < 0 else value        # rounding, where the fit is exact; NaN stays

    cdef Py_ssize_t measure(self, Py_ssize_t first, Py_ssize_t epochs, double *values, double *squares) noexcept nogil:
        """Makes the steps of at most EPOCHS epochs, and returns of how many; values and squares of where each began."""
        cdef Py_ssize_t size = self.k * self.width
        cdef double *offset = <double *>cnp.PyArray_DATA(self.work)
        cdef Factors steps[MOST_PARTS][EPOCHS]
        cdef bint buffered[MOST_PARTS]
        cdef Span all
        cdef Part *part
        cdef Py_ssize_t e
        cdef double lr, momentum
        cdef int i
        memcpy(cnp.PyArray_DATA(self.before), offset, cnp.PyArray_NBYTES(self.work))
        epochs = min(epochs, EPOCHS)
        for i in range(self.part_count):
            part = &self.parts[i]
            part.had_started = part.started
            buffered[i] = part.has_buffer and part.momentum[first * part.step] != 0
            for e in range(epochs):
                lr, momentum = part.lr[(first + e) * part.step], part.momentum[(first + e) * part.step]
                if (part.has_buffer and momentum != 0) != buffered[i]:
                    epochs = e
                    break
                steps[i][e] = factors(&part.options, lr, momentum, buffered[i], not part.started)
                part.started |= buffered[i]
        all.size, all.offset, all.buffer = size, offset, offset + size if buffered[0] else NULL
        all.curvature = <const double *>cnp.PyArray_DATA(self.curvature)
        all.pull = <const double *>cnp.PyArray_DATA(self.pull)
        all.anchor = <const double *>cnp.PyArray_DATA(self.anchor)
        if not self.coupled:
            self.descend_alone(&all, &self.parts[0].options, epochs, steps[0], values, squares)
            return epochs
        for e in range(epochs):
            self.measure_matrix(&all, values + e, squares + e)
            for i in range(self.part_count):
                self.step_part(&all, &self.parts[i], buffered[i], steps[i][e])
        return epochs

    cdef void measure_matrix(self, const Span *all, double *value, double *square) noexcept nogil:
        cdef double *slope = <double *>cnp.PyArray_DATA(self.slope)
        cdef Py_ssize_t row, first
        cdef double own
        value[0] = square[0] = 0
        for row in range(self.k):
            first = row * self.width
            value[0] += measure_coupled(
                self.width, all.curvature, all.pull + first, all.offset + first, slope + first, &own)
            square[0] += own

    cdef void step_part(self, const Span *all, const Part *part, bint buffered, Factors step) noexcept nogil:
        cdef Span own = all[0]
        cdef Py_ssize_t row, first
        own.size = part.size
        for row in range(self.k):
            first = row * self.width + part.start
            own.anchor, own.offset = all.anchor + first, all.offset + first
            own.buffer = all.offset + self.k * self.width + first if buffered else NULL
            update_coupled(&own, <const double *>cnp.PyArray_DATA(self.slope) + first, &part.options, step)

    cdef int descend(
        self, Py_ssize_t *done, Py_ssize_t until, double *losses, double *norms, double tol, Py_ssize_t patience,
        double grad_tol,
    ) noexcept nogil:
        cdef double values[EPOCHS]
        cdef double squares[EPOCHS]
        cdef Py_ssize_t first, made, steps, e
        cdef int stop = RAN
        while done[0] < until and stop == RAN:
            first = done[0]
            made = steps = self.measure(first, until - first, values, squares)
            for e in range(made):
                losses[first + e], norms[first + e] = self.loss(values[e]), sqrt(squares[e])
                stop = self.judge(losses[first + e], norms[first + e], tol, patience, grad_tol)
                if stop != RAN:
                    steps = e + (stop == STALE)
                    break
                done[0] += 1
            if stop == FLAT or stop == STALE:
                done[0] += 1
            if steps < made:
                self.back()
                self.measure(first, steps, values, squares)
        return stop

    cdef int judge(self, double loss, double norm, double tol, Py_ssize_t patience, double grad_tol) noexcept nogil:
        """What ends the descent in an epoch that begins so, if anything does."""
        if not isfinite(loss):
            return NOT_FINITE
        if norm <= grad_tol:
            return FLAT
        if tol >= 0:
            self.stale = 0 if loss < self.best - tol else self.stale + 1
            if loss < self.best:
                self.best = loss
            if self.stale >= patience:
                return STALE
        return RAN
