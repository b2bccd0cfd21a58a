"""The stream engine: every step reads its rows, and the steps follow each other in C.

The parameters are worked on in a copy of their own, weights (outputs x features) then bias, and written back when C
returns. C returns after the epochs it was asked for, or earlier: see Stop.
"""

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport isfinite, sqrt
from libc.string cimport memcpy, memset
from numpy cimport ndarray


import numpy as np

from .._kernels cimport DOUBLE, SINGLE, Loss, Rows, loss_and_gradients, sgd_update

cnp.import_array()

cdef extern from "time.h" nogil:
    ctypedef long time_t
    struct timespec:
        time_t tv_sec
        long tv_nsec
    int clock_gettime(int clock, timespec *now)
    int CLOCK_MONOTONIC

cdef enum:
    LOOK_EVERY = 1 << 20        # multiply-adds between looks at the clock: well below a millisecond
    STEP_COST = 64              # what a step costs beside its multiply-adds, in multiply-adds
    PIECE = 1 << 26             # multiply-adds that one call of the kernel may take: some milliseconds
    MOST_PARTS = 2

cdef double SIGNALS_EVERY = 0.05

cpdef enum Stop:
    RAN             # all the epochs
    STALE           # the loss has not fallen for too long
    FLAT            # the gradient is small enough
    LATE            # out of time
    NOT_FINITE      # a loss, or the weights after the last step
    INTERRUPTED     # Ctrl-C
    NO_MEMORY


cdef struct Part:
    # A stretch of the working copy with options of its own.
    Py_ssize_t start, size
    bint has_buffer, started, kept_started
    double dampening, weight_decay
    bint nesterov, maximize
    const double *lr            # by epoch, or by batch
    const double *momentum
    Py_ssize_t step             # from one rate to the next: 0 where all are the same


cdef double now() noexcept nogil:
    cdef timespec at
    clock_gettime(CLOCK_MONOTONIC, &at)
    return at.tv_sec + 1e-9 * at.tv_nsec


cdef class Stream:
    """One model, its data and its optimizer's options, ready to descend.

    Args:
        X: array n x d with contiguous rows' elements; y: array n x k, likewise and of the same type.
        weight: array d-wise view k x d on the weights' memory; bias: array k on the bias's, or None.
        trained: (weight is trained, bias is trained).
        kind, delta, mean: the loss.
        options: per trained parameter, a dict of dampening, weight_decay, nesterov, maximize, and of whether
            momentum is in use ("has_buffer").
        buffers: per trained parameter its momentum buffer, shaped like the parameter, or None at the start.
        together: the parameters share one set of options and rates.
    """

    cdef Rows rows
    cdef Loss kind
    cdef double delta
    cdef bint mean
    cdef readonly object X
    cdef readonly object y
    cdef readonly object weight
    cdef readonly object bias
    cdef ndarray work               # value, gradient, buffer, kept value, kept buffer: each W then b
    cdef ndarray totals             # float64 sums where one pass takes several calls
    cdef Py_ssize_t size            # of W and b
    cdef Py_ssize_t most            # rows that one call of the kernel may take
    cdef Py_ssize_t item
    cdef char *value
    cdef char *gradient
    cdef char *buffer
    cdef char *kept
    cdef char *kept_buffer
    cdef bint weight_trained
    cdef bint bias_trained
    cdef Part parts[MOST_PARTS]
    cdef int part_count
    cdef readonly Py_ssize_t batch_size
    cdef readonly bint drop_last
    cdef public double best         # for tol: the lowest loss so far
    cdef public Py_ssize_t stale    # epochs since then
    cdef double last_look
    cdef Py_ssize_t work_since_look

    def __init__(
        self, X, y, weight, bias, trained, Loss kind, double delta, bint mean, options, buffers, bint together,
        Py_ssize_t batch_size, bint drop_last,
    ):
        self.X, self.y, self.weight, self.bias = X, y, weight, bias
        self.kind, self.delta, self.mean = kind, delta, mean
        self.weight_trained, self.bias_trained = trained
        self.item = X.itemsize
        self.rows.precision = SINGLE if self.item == 4 else DOUBLE
        self.rows.n, self.rows.d = X.shape
        self.rows.k = y.shape[1]
        self.rows.X, self.rows.x_stride = cnp.PyArray_DATA(X), X.strides[0] // self.item
        self.rows.y, self.rows.y_stride = cnp.PyArray_DATA(y), y.strides[0] // self.item
        self.rows.index = NULL
        self.batch_size, self.drop_last = batch_size, drop_last
        self.most = PIECE // (self.rows.d * self.rows.k) + 1
        cdef Py_ssize_t weights = self.rows.k * self.rows.d
        cdef Part *part
        self.size = weights + (0 if bias is None else self.rows.k)
        self.work = np.zeros((5, self.size), X.dtype)
        self.totals = np.zeros(self.size)
        self.value, self.gradient, self.buffer, self.kept, self.kept_buffer = (
            self.section(0), self.section(1), self.section(2), self.section(3), self.section(4)
        )
        spans = [(0, weights)] if self.weight_trained else []
        if self.bias_trained:
            spans.append((weights, self.rows.k))
        if together and len(spans) == 2:
            spans = [(0, self.size)]
        self.part_count = len(spans)
        for i, (start, size) in enumerate(spans):
            part = &self.parts[i]
            part.start, part.size = start, size
            part.dampening, part.weight_decay = options[i]["dampening"], options[i]["weight_decay"]
            part.nesterov, part.maximize = options[i]["nesterov"], options[i]["maximize"]
            part.has_buffer = options[i]["has_buffer"]
            part.started = buffers[i] is not None
        for view, given in zip(self.views(2), buffers):
            if given is not None:
                view[...] = given
        self.best = np.inf
        self.load()

    cdef char *section(self, Py_ssize_t i):
        return <char *>cnp.PyArray_DATA(self.work) + i * self.size * self.item

    def views(self, Py_ssize_t section):
        """The trained parameters' parts of a section of the working memory, shaped k x d and k."""
        cdef Py_ssize_t weights = self.rows.k * self.rows.d
        views = []
        if self.weight_trained:
            views.append(self.work[section, :weights].reshape(self.rows.k, self.rows.d))
        if self.bias_trained:
            views.append(self.work[section, weights:])
        return views

    def load(self):
        """Takes the parameters from the model."""
        cdef Py_ssize_t weights = self.rows.k * self.rows.d
        self.work[0, :weights].reshape(self.rows.k, self.rows.d)[...] = self.weight
        if self.bias is not None:
            self.work[0, weights:] = self.bias

    def started(self):
        """Per trained parameter, whether its momentum buffer holds anything yet."""
        flags = [bool(self.parts[i].started) for i in range(self.part_count)]
        return flags if len(flags) == self.weight_trained + self.bias_trained else flags * 2

    def batches(self):
        """Steps of an epoch."""
        if self.drop_last:
            return self.rows.n // self.batch_size
        return -(-self.rows.n // self.batch_size)

    def run(
        self, Py_ssize_t epochs, rates, bint by_batch, draw_order, double tol, Py_ssize_t patience, double grad_tol,
        double deadline,
    ):
        """Descends for some epochs.

        Args:
            rates: per trained parameter (one if together) two float64 arrays, learning rates and momenta: one
                number an epoch, or one a batch.
            draw_order: function that gives the next epoch's order of rows, or None.
            tol: with patience, how much the loss must fall below its best; negative: do not look.
            grad_tol: the gradient norm at which to stop before the update; negative: do not look.
            deadline: time.monotonic() after which no epoch is begun.

        Returns:
            Why it stopped, the epochs done, their losses, and their gradient norms (full batch; else empty).
        """
        cdef ndarray losses = np.empty(epochs)
        cdef ndarray norms = np.empty(epochs if self.batch_size >= self.rows.n else 0)
        cdef double *loss_at = <double *>cnp.PyArray_DATA(losses)
        cdef double *norm_at = <double *>cnp.PyArray_DATA(norms)
        cdef Py_ssize_t epoch = 0
        cdef Py_ssize_t steps
        cdef Stop stop = RAN
        cdef int i
        cdef bint full = self.batch_size >= self.rows.n
        for i in range(self.part_count):
            self.parts[i].lr = <const double *><size_t>rates[i][0].ctypes.data
            self.parts[i].momentum = <const double *><size_t>rates[i][1].ctypes.data
            self.parts[i].step = rates[i][0].strides[0] // 8
        steps = self.batches()
        self.last_look = now()
        self.work_since_look = 0
        if full:
            with nogil:
                stop = self.descend(epochs, loss_at, norm_at, &epoch, tol, patience, grad_tol, deadline)
        else:
            while epoch < epochs and stop == RAN:
                order = None if draw_order is None else draw_order()
                if order is not None:
                    self.rows.index = <const Py_ssize_t *>cnp.PyArray_DATA(order)
                with nogil:
                    stop = self.one_epoch(epoch, steps, by_batch, loss_at + epoch)
                self.rows.index = NULL
                if stop == RAN:
                    epoch += 1
                    stop = self.after_epoch(loss_at[epoch - 1], tol, patience, deadline)
        if stop == RAN and not np.isfinite(self.work[0]).all():
            self.restore()
            stop = NOT_FINITE
            epoch -= 1
        return Stop(stop), epoch, losses[:epoch], norms[:epoch]

    def write_back(self):
        """Puts the working copy into the model's memory."""
        for view, target in zip(self.views(0), self.targets()):
            target[...] = view

    def targets(self):
        """The model's memory of the trained parameters, shaped as `views`."""
        return [self.weight] * self.weight_trained + [self.bias] * self.bias_trained

    # -- without Python

    cdef void keep(self) noexcept nogil:
        cdef int i
        memcpy(self.kept, self.value, self.size * self.item)
        for i in range(self.part_count):
            if self.parts[i].has_buffer:
                memcpy(
                    self.kept_buffer + self.parts[i].start * self.item,
                    self.buffer + self.parts[i].start * self.item,
                    self.parts[i].size * self.item,
                )
            self.parts[i].kept_started = self.parts[i].started

    cdef void restore(self) noexcept nogil:
        cdef int i
        memcpy(self.value, self.kept, self.size * self.item)
        memcpy(self.buffer, self.kept_buffer, self.size * self.item)
        for i in range(self.part_count):
            self.parts[i].started = self.parts[i].kept_started

    cdef int look(self, Py_ssize_t multiply_adds, double *clock) noexcept nogil:
        """Every 50 ms of work, whether somebody pressed Ctrl-C; tells the time now and then."""
        cdef int pressed = 0
        self.work_since_look += multiply_adds
        if self.work_since_look < LOOK_EVERY:
            return 0
        self.work_since_look = 0
        clock[0] = now()
        if clock[0] - self.last_look > SIGNALS_EVERY:
            self.last_look = clock[0]
            with gil:
                try:
                    PyErr_CheckSignals()
                except KeyboardInterrupt:
                    pressed = 1
        return pressed

    cdef Stop sums(self, Py_ssize_t first, Py_ssize_t n, double *loss) noexcept nogil:
        """Loss and gradient over n rows, in as many calls of the kernel as keep each short."""
        cdef Py_ssize_t by_row = self.rows.d * self.rows.k
        cdef Py_ssize_t weights = by_row
        cdef double scale = 1.0 / <double>(n * self.rows.k) if self.mean else 1.0
        cdef double *totals = <double *>cnp.PyArray_DATA(self.totals)
        cdef double piece, clock
        cdef Py_ssize_t i
        cdef void *bias = NULL if self.size == weights else self.value + weights * self.item
        cdef void *weight_gradient = self.gradient if self.weight_trained else NULL
        cdef void *bias_gradient = self.gradient + weights * self.item if self.bias_trained else NULL
        cdef Rows rows
        if n == self.rows.n and n <= self.most:
            return NO_MEMORY if loss_and_gradients(
                &self.rows, self.kind, self.delta, scale, self.value, bias, loss, weight_gradient, bias_gradient
            ) else RAN
        rows = self.rows
        rows.n = n
        if rows.index != NULL:
            rows.index += first
        else:
            rows.X = <const char *>rows.X + first * rows.x_stride * self.item
            rows.y = <const char *>rows.y + first * rows.y_stride * self.item
        if n <= self.most:
            if loss_and_gradients(
                &rows, self.kind, self.delta, scale, self.value, bias, loss, weight_gradient, bias_gradient
            ):
                return NO_MEMORY
            return RAN
        memset(totals, 0, self.size * sizeof(double))
        loss[0] = 0
        while n > 0:
            rows.n = self.most if n > self.most else n
            if loss_and_gradients(
                &rows, self.kind, self.delta, scale, self.value, bias, &piece, weight_gradient, bias_gradient
            ):
                return NO_MEMORY
            loss[0] += piece
            if self.item == 4:
                for i in range(self.size):
                    totals[i] += (<float *>self.gradient)[i]
            else:
                for i in range(self.size):
                    totals[i] += (<double *>self.gradient)[i]
            n -= rows.n
            if rows.index != NULL:
                rows.index += rows.n
            else:
                rows.X = <const char *>rows.X + rows.n * rows.x_stride * self.item
                rows.y = <const char *>rows.y + rows.n * rows.y_stride * self.item
            if self.look(rows.n * by_row, &clock):
                return INTERRUPTED
        if self.item == 4:
            for i in range(self.size):
                (<float *>self.gradient)[i] = <float>totals[i]
        else:
            for i in range(self.size):
                (<double *>self.gradient)[i] = totals[i]
        return RAN

    cdef double gradient_norm(self) noexcept nogil:
        cdef double total = 0
        cdef Py_ssize_t i, j
        for j in range(self.part_count):
            if self.item == 4:
                for i in range(self.parts[j].start, self.parts[j].start + self.parts[j].size):
                    total += <double>(<float *>self.gradient)[i] * (<float *>self.gradient)[i]
            else:
                for i in range(self.parts[j].start, self.parts[j].start + self.parts[j].size):
                    total += (<double *>self.gradient)[i] * (<double *>self.gradient)[i]
        return sqrt(total)

    cdef void update(self, Py_ssize_t at) noexcept nogil:
        cdef Part *part
        cdef double momentum
        cdef bint has_buffer
        cdef int i
        for i in range(self.part_count):
            part = &self.parts[i]
            momentum = part.momentum[at * part.step]
            has_buffer = part.has_buffer and momentum != 0
            sgd_update(
                self.rows.precision, part.size, self.value + part.start * self.item,
                self.gradient + part.start * self.item, self.buffer + part.start * self.item if has_buffer else NULL,
                not part.started, part.lr[at * part.step], momentum, part.dampening, part.weight_decay,
                part.nesterov, part.maximize,
            )
            if has_buffer:
                part.started = True

    cdef Stop after_epoch(self, double loss, double tol, Py_ssize_t patience, double deadline) noexcept nogil:
        if tol >= 0:
            if loss < self.best - tol:
                self.stale = 0
            else:
                self.stale += 1
            if loss < self.best:
                self.best = loss
            if self.stale >= patience:
                return STALE
        if deadline > 0 and now() > deadline:
            return LATE
        return RAN

    cdef Stop descend(
        self, Py_ssize_t epochs, double *losses, double *norms, Py_ssize_t *done, double tol, Py_ssize_t patience,
        double grad_tol, double deadline,
    ) noexcept nogil:
        """Full-batch epochs: each is one step."""
        cdef Py_ssize_t epoch
        cdef Py_ssize_t cost = self.rows.n * self.rows.d * self.rows.k + STEP_COST
        cdef double clock = 0
        cdef Stop stop
        for epoch in range(epochs):
            done[0] = epoch
            stop = self.sums(0, self.rows.n, &losses[epoch])
            if stop != RAN:
                return stop
            if not isfinite(losses[epoch]):
                if epoch:
                    self.restore()
                return NOT_FINITE
            norms[epoch] = self.gradient_norm()
            if norms[epoch] <= grad_tol:
                done[0] = epoch + 1
                return FLAT
            self.keep()
            self.update(epoch)
            done[0] = epoch + 1
            if tol >= 0:
                stop = self.after_epoch(losses[epoch], tol, patience, 0)
                if stop != RAN:
                    return stop
            if self.look(cost, &clock):
                return INTERRUPTED
            if deadline > 0 and clock > deadline:
                return LATE
        return RAN

    cdef Stop one_epoch(self, Py_ssize_t epoch, Py_ssize_t steps, bint by_batch, double *loss) noexcept nogil:
        """An epoch of mini-batches; undone where it does not come to its end."""
        cdef Py_ssize_t step, first, n
        cdef Py_ssize_t rows = 0
        cdef Py_ssize_t by_row = self.rows.d * self.rows.k
        cdef double batch_loss = 0
        cdef double total = 0
        cdef double clock
        cdef Stop stop
        self.keep()
        for step in range(steps):
            first = step * self.batch_size
            n = self.batch_size if first + self.batch_size <= self.rows.n else self.rows.n - first
            stop = self.sums(first, n, &batch_loss)
            if stop == RAN and not isfinite(batch_loss):
                stop = NOT_FINITE
            if stop == RAN:
                total += batch_loss * n
                rows += n
                self.update(epoch * steps + step if by_batch else epoch)
                if self.look(n * by_row + STEP_COST, &clock):
                    stop = INTERRUPTED
            if stop != RAN:
                self.restore()
                return stop
        loss[0] = total / rows
        return RAN
