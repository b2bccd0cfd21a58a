"""The stream engine: every step reads its rows, and the steps follow each other in C.

Full batches that are not too large are packed once (see _kernels_packed.h), by their shape alone, so that the same fit
gives the same bits however often it stops and goes on; where they are small, whole stretches of steps are one call (see
_kernels_descent.h). Mini-batches are read in place.

The parameters are worked on in a copy of their own, weights (outputs x features) then bias, and written back when C
returns. C returns after the epochs it was asked for, or earlier: see Stop.
"""

cimport numpy as cnp
from libc.math cimport isfinite
from libc.string cimport memcpy, memset
from numpy cimport ndarray

import math

import numpy as np

from .._kernels cimport (
    DOUBLE, FLAT, INTERRUPTED, LATE, NO_MEMORY, NOT_FINITE, OVERFLOWED, RAN, SINGLE, Loss, Packed, Parameters, Part,
    Rows, Stop, Watch, are_few, descent, full_step, groups_of, pack, samples, sgd_step, some_rows, watched,
)
from .._signals cimport raised_meanwhile
from .._threads cimport whole_pass

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
    PIECE = 1 << 28             # multiply-adds that one call of the kernel may take: some 10 milliseconds
    PACKED_BYTES = 48 << 20     # of X: the copy takes as much memory, and as long as some ten passes
    NEAR_BYTES = 16 << 20       # beyond, memory is the limit, and rows are read in place as fast or faster
    LONG_COLUMNS = 8            # for each output, if they are as long as that
    PACKED_OUTPUTS = 96         # bytes of a row's: more are faster as the vector, in place
    PACKED_COLUMNS = 256        # with more than FEW_OUTPUTS: more, and the sums, a vector each, fill the second cache
    FEW_OUTPUTS = 4
    LINE = 64                   # bytes

cdef double SIGNALS_EVERY = 0.05


cdef Py_ssize_t rows_at_most(Py_ssize_t d, Py_ssize_t k) noexcept:
    """So many may go to the kernel in one call."""
    return PIECE // (d * k) + 1


cdef bint copies(Py_ssize_t n, Py_ssize_t d, Py_ssize_t k, Py_ssize_t item) noexcept:
    """Whether full-batch descents may copy X."""
    return n <= rows_at_most(d, k) and n * d * item <= PACKED_BYTES


cpdef bint packs(Py_ssize_t n, Py_ssize_t d, Py_ssize_t k, Py_ssize_t item) noexcept:
    """Whether full-batch descents on X, n x d of `item` bytes a number, go over packed blocks of it."""
    return (
        copies(n, d, k, item)
        and (n * d * item <= NEAR_BYTES or d < LONG_COLUMNS * k)
        and (k <= FEW_OUTPUTS or k * item <= PACKED_OUTPUTS and d <= PACKED_COLUMNS)
    )


cdef double now() noexcept nogil:
    cdef timespec at
    clock_gettime(CLOCK_MONOTONIC, &at)
    return at.tv_sec + 1e-9 * at.tv_nsec


cdef class Stream:
    """One model, its data and its optimizer's options, ready to descend.

    Args:
        X: array n x d; y: array n x k of the same type, the elements of a row neighbours.
        sample_weight: array n of that type, or None.
        weight: array d-wise view k x d on the weights' memory; bias: array k on the bias's, or None.
        trained: (weight is trained, bias is trained).
        kind, delta, factor, mean: the loss is factor times the kernel's, its mean or its sum.
        together: the parameters share one set of options and rates.
    """

    cdef Rows rows
    cdef Packed packed
    cdef readonly bint is_packed
    cdef Parameters parameters
    cdef Part *weight_part          # NULL where it is not trained
    cdef Part *bias_part
    cdef Loss kind
    cdef double delta
    cdef double factor
    cdef bint mean
    cdef readonly object X
    cdef readonly object y
    cdef readonly object sample_weight
    cdef readonly object weight
    cdef readonly object bias
    cdef ndarray work               # value, gradient, buffer, kept value, kept buffer: each W then b
    cdef list packed_arrays
    cdef ndarray totals             # float64 sums where one pass takes several calls
    cdef Py_ssize_t size            # of W and b
    cdef Py_ssize_t most            # rows that one call of the kernel may take
    cdef Py_ssize_t item
    cdef readonly Py_ssize_t batch_size
    cdef readonly bint drop_last
    cdef Watch watch
    cdef object raised              # by a signal's handler
    cdef double last_look
    cdef Py_ssize_t work_since_look

    def __init__(
        self, X, y, sample_weight, weight, bias, trained, Loss kind, double delta, double factor, bint mean,
        bint together, Py_ssize_t batch_size, bint drop_last,
    ):
        self.X, self.y, self.sample_weight, self.weight, self.bias = X, y, sample_weight, weight, bias
        self.kind, self.delta, self.factor, self.mean = kind, delta, factor, mean
        self.item = X.itemsize
        self.rows.precision = SINGLE if self.item == 4 else DOUBLE
        self.rows.n, self.rows.d = X.shape
        self.rows.k = y.shape[1]
        self.rows.X, self.rows.x_stride = cnp.PyArray_DATA(X), X.strides[0] // self.item
        self.rows.x_column = X.strides[1] // self.item
        self.rows.y, self.rows.y_stride = cnp.PyArray_DATA(y), y.strides[0] // self.item
        self.rows.weights = NULL if sample_weight is None else cnp.PyArray_DATA(sample_weight)
        self.rows.index = NULL
        self.batch_size, self.drop_last = batch_size, drop_last
        self.most = rows_at_most(self.rows.d, self.rows.k)
        cdef Py_ssize_t weights = self.rows.k * self.rows.d
        self.size = weights + (0 if bias is None else self.rows.k)
        cdef Py_ssize_t room = (weights + self.rows.k + 1) * self.item
        self.work = aligned((5, (room // LINE + 2) * LINE // self.item), X.dtype)
        self.totals = np.zeros(self.size)
        self.parameters.precision = self.rows.precision
        self.parameters.value, self.parameters.gradient = self.section(0), self.section(1)
        self.parameters.buffer = self.section(2)
        self.parameters.kept, self.parameters.kept_buffer = self.section(3), self.section(4)
        self.parameters.bias = NULL if bias is None else self.section(0) + weights * self.item
        spans = [(0, weights)] if trained[0] else []
        if trained[1]:
            spans.append((weights, self.rows.k))
        if together and len(spans) == 2:
            spans = [(0, self.size)]
        self.parameters.part_count = len(spans)
        cdef Part *part
        for i, (start, size) in enumerate(spans):
            part = &self.parameters.parts[i]
            part.start, part.size = start, size
        self.weight_part = &self.parameters.parts[0] if trained[0] else NULL
        self.bias_part = &self.parameters.parts[len(spans) - 1] if trained[1] else NULL
        cdef bint whole = batch_size >= self.rows.n
        self.is_packed = whole and packs(self.rows.n, self.rows.d, self.rows.k, self.item)
        if self.is_packed:
            self.pack()
        elif whole and copies(self.rows.n, self.rows.d, self.rows.k, self.item) and not X.flags.c_contiguous:
            self.packed_arrays = [np.ascontiguousarray(X)]
            self.rows.X = cnp.PyArray_DATA(self.packed_arrays[0])
            self.rows.x_stride, self.rows.x_column = self.rows.d, 1
        self.watch.best = np.inf

    cdef pack(self):
        cdef Py_ssize_t n = groups_of(self.rows.n)
        self.packed_arrays = [aligned((n * columns,), self.X.dtype) for columns in (self.rows.d, self.rows.k, 1)]
        self.packed.X = cnp.PyArray_DATA(self.packed_arrays[0])
        self.packed.y = cnp.PyArray_DATA(self.packed_arrays[1])
        self.packed.weights = cnp.PyArray_DATA(self.packed_arrays[2])
        self.packed.few = are_few(self.rows.n, self.rows.d, self.rows.k, self.kind)
        with nogil:
            pack(&self.rows, &self.packed)

    cdef char *section(self, Py_ssize_t i):
        return <char *>cnp.PyArray_DATA(self.work) + i * self.work.strides[0]

    def views(self, Py_ssize_t section):
        """The trained parameters' parts of a section of the working memory, shaped k x d and k."""
        cdef Py_ssize_t weights = self.rows.k * self.rows.d
        views = []
        if self.weight_part:
            views.append(self.work[section, :weights].reshape(self.rows.k, self.rows.d))
        if self.bias_part:
            views.append(self.work[section, weights : self.size])
        return views

    def load(self, options, buffers):
        """Takes the parameters from the model, and the rest from its optimizer.

        Args:
            options: per trained parameter, a dict of dampening, weight_decay, nesterov, maximize, and of whether
                momentum is in use ("has_buffer").
            buffers: per trained parameter its momentum buffer, shaped like the parameter, or None at the start.
        """
        cdef Py_ssize_t weights = self.rows.k * self.rows.d
        cdef Part *part
        cdef int i
        for i in range(self.parameters.part_count):
            part = &self.parameters.parts[i]
            part.dampening, part.weight_decay = options[i]["dampening"], options[i]["weight_decay"]
            part.nesterov, part.maximize = options[i]["nesterov"], options[i]["maximize"]
            part.has_buffer = options[i]["has_buffer"]
            part.started = buffers[i] is not None
        for view, given in zip(self.views(2), buffers):
            if given is not None:
                view[...] = given
        self.work[0, :weights].reshape(self.rows.k, self.rows.d)[...] = self.weight
        if self.bias is not None:
            self.work[0, weights : self.size] = self.bias

    @property
    def best(self):
        """For tol: the lowest loss so far."""
        return self.watch.best

    @best.setter
    def best(self, double loss):
        self.watch.best = loss

    @property
    def stale(self):
        """Epochs since then."""
        return self.watch.stale

    @stale.setter
    def stale(self, Py_ssize_t epochs):
        self.watch.stale = epochs

    def started(self):
        """Per trained parameter, whether its momentum buffer holds anything yet."""
        flags = []
        if self.weight_part:
            flags.append(bool(self.weight_part.started))
        if self.bias_part:
            flags.append(bool(self.bias_part.started))
        return flags

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
        cdef bint full = self.batch_size >= self.rows.n
        cdef double weight = self.rows_weight(0, self.rows.n) if full else 0
        cdef bint few = self.is_packed and self.packed.few and weight != 0
        # A page of memory that is new takes as long as some of the steps on few rows whose losses fill it, so these are
        # not wider than the sums that they come from.
        dtype = self.X.dtype if few else np.float64
        cdef ndarray losses = np.empty(epochs, dtype)
        cdef ndarray norms = np.empty(epochs if full else 0, dtype)
        cdef double *loss_at = <double *>cnp.PyArray_DATA(losses)
        cdef Py_ssize_t epoch = 0
        cdef Py_ssize_t steps
        cdef Stop stop = RAN
        cdef int i
        for i in range(self.parameters.part_count):
            self.parameters.parts[i].lr = <const double *><size_t>rates[i][0].ctypes.data
            self.parameters.parts[i].momentum = <const double *><size_t>rates[i][1].ctypes.data
            self.parameters.parts[i].stride = rates[i][0].strides[0] // 8
        self.watch.tol, self.watch.patience, self.watch.grad_tol = tol, patience, grad_tol
        steps = self.batches()
        self.last_look = now()
        self.work_since_look = 0
        if full:
            with nogil:
                stop = self.descend(
                    epochs, weight, few, cnp.PyArray_DATA(losses), cnp.PyArray_DATA(norms), &epoch, deadline)
        else:
            while epoch < epochs and stop == RAN:
                order = None if draw_order is None else draw_order()
                if order is not None:
                    self.rows.index = <const Py_ssize_t *>cnp.PyArray_DATA(order)
                with nogil:
                    if self.batch_size == 1:
                        stop = self.epoch_of_samples(epoch, steps, by_batch, loss_at + epoch)
                    else:
                        stop = self.one_epoch(epoch, steps, by_batch, loss_at + epoch)
                self.rows.index = NULL
                if stop == RAN:
                    epoch += 1
                    stop = watched(&self.watch, loss_at[epoch - 1])
                    if stop == RAN and 0 < deadline < now():
                        stop = LATE
        if stop == RAN and not np.isfinite(self.work[0, : self.size]).all():
            self.restore()
            stop = OVERFLOWED
            epoch -= 1
        return <int>stop, epoch, losses[:epoch], norms[:epoch]

    def take_raised(self):
        """What a signal's handler raised in an INTERRUPTED run; once, for its frames may hold this."""
        raised, self.raised = self.raised, None
        return raised

    def write_back(self):
        """Puts the working copy into the model's memory."""
        for view, target in zip(self.views(0), self.targets()):
            target[...] = view

    def targets(self):
        """The model's memory of the trained parameters, shaped as `views`."""
        return ([self.weight] if self.weight_part else []) + ([self.bias] if self.bias_part else [])

    # -- without Python

    cdef void keep(self) noexcept nogil:
        cdef Parameters *own = &self.parameters
        cdef int i
        memcpy(own.kept, own.value, self.size * self.item)
        memcpy(own.kept_buffer, own.buffer, self.size * self.item)
        for i in range(own.part_count):
            own.parts[i].kept_started = own.parts[i].started

    cdef void restore(self) noexcept nogil:
        cdef Parameters *own = &self.parameters
        cdef int i
        memcpy(own.value, own.kept, self.size * self.item)
        memcpy(own.buffer, own.kept_buffer, self.size * self.item)
        for i in range(own.part_count):
            own.parts[i].started = own.parts[i].kept_started

    cdef int look(self, Py_ssize_t multiply_adds, double *clock) noexcept nogil:
        """Every 50 ms of work, whether a signal's handler raised something; tells the time now and then."""
        self.work_since_look += multiply_adds
        if self.work_since_look < LOOK_EVERY:
            return 0
        self.work_since_look = 0
        clock[0] = now()
        if clock[0] - self.last_look > SIGNALS_EVERY:
            self.last_look = clock[0]
            with gil:
                self.raised = raised_meanwhile()
                return self.raised is not None
        return 0

    cdef double rows_weight(self, Py_ssize_t first, Py_ssize_t n) noexcept nogil:
        """How many rows n rows count as: the sum of their weights."""
        cdef double total = 0
        cdef Py_ssize_t i, row
        if self.rows.weights == NULL:
            return n
        for i in range(first, first + n):
            row = i if self.rows.index == NULL else self.rows.index[i]
            if self.item == 4:
                total += (<const float *>self.rows.weights)[row]
            else:
                total += (<const double *>self.rows.weights)[row]
        return total

    cdef double scale(self, double weight) noexcept nogil:
        return self.factor / (weight * self.rows.k) if self.mean else self.factor

    cdef Stop sums(self, Py_ssize_t first, Py_ssize_t n, double weight, double *loss) noexcept nogil:
        """Loss and gradient over n rows that count as `weight`, in as many calls of the kernel as keep each short."""
        cdef Py_ssize_t weights = self.rows.d * self.rows.k
        cdef double scale = self.scale(weight)
        cdef double *totals = <double *>cnp.PyArray_DATA(self.totals)
        cdef double piece, clock
        cdef Py_ssize_t i, end
        cdef const void *value = self.parameters.value
        cdef const void *bias = self.parameters.bias
        cdef void *weight_gradient = self.parameters.gradient if self.weight_part else NULL
        cdef void *bias_gradient = <char *>self.parameters.gradient + weights * self.item if self.bias_part else NULL
        cdef Rows rows
        if self.is_packed:
            return NO_MEMORY if whole_pass(
                &self.rows, &self.packed, self.kind, self.delta, scale, value, bias, loss, weight_gradient,
                bias_gradient,
            ) else RAN
        rows = some_rows(&self.rows, first, n)
        if n <= self.most:
            return NO_MEMORY if whole_pass(
                &rows, NULL, self.kind, self.delta, scale, value, bias, loss, weight_gradient, bias_gradient
            ) else RAN
        memset(totals, 0, self.size * sizeof(double))
        loss[0] = 0
        end = first + n
        while first < end:
            rows = some_rows(&self.rows, first, min(self.most, end - first))
            if whole_pass(
                &rows, NULL, self.kind, self.delta, scale, value, bias, &piece, weight_gradient, bias_gradient
            ):
                return NO_MEMORY
            loss[0] += piece
            for i in range(self.size):
                totals[i] += self.gradient_at(i)
            first += rows.n
            if self.look(rows.n * weights, &clock):
                return INTERRUPTED
        for i in range(self.size):
            if self.item == 4:
                (<float *>self.parameters.gradient)[i] = <float>totals[i]
            else:
                (<double *>self.parameters.gradient)[i] = totals[i]
        return RAN

    cdef double gradient_at(self, Py_ssize_t i) noexcept nogil:
        if self.item == 4:
            return (<float *>self.parameters.gradient)[i]
        return (<double *>self.parameters.gradient)[i]

    cdef Stop descend(
        self, Py_ssize_t epochs, double weight, bint few, void *losses, void *norms, Py_ssize_t *done, double deadline,
    ) noexcept nogil:
        """Full-batch epochs: each is one step on rows that count as `weight`."""
        cdef double *loss = <double *>losses        # unless rows are few
        cdef double *norm = <double *>norms
        cdef Py_ssize_t cost = self.rows.n * self.rows.d * self.rows.k + STEP_COST
        cdef Py_ssize_t stretch = LOOK_EVERY // cost + 1
        cdef Py_ssize_t first, epoch
        cdef double clock = 0
        cdef Stop stop = RAN
        while done[0] < epochs:
            first = epoch = done[0]
            if few:
                stop = descent(
                    &self.packed, self.kind, self.delta, self.scale(weight), &self.parameters, &self.watch, done,
                    min(epochs, first + stretch), losses, norms,
                )
            elif weight == 0:
                loss[epoch] = norm[epoch] = 0
                done[0] += 1
                stop = FLAT if self.watch.grad_tol >= 0 else watched(&self.watch, 0)
            else:
                stop = self.sums(0, self.rows.n, weight, &loss[epoch])
                if stop == RAN:
                    stop = full_step(&self.parameters, &self.watch, epoch, loss[epoch], &norm[epoch])
                    done[0] += stop != NOT_FINITE
            if weight != 0 and (stop == FLAT or stop == NOT_FINITE and done[0] > 0):
                self.restore()
            if stop != RAN:
                return stop
            if self.look((done[0] - first) * cost, &clock):
                return INTERRUPTED
            if deadline > 0 and clock > deadline:
                return LATE
        return RAN

    cdef Stop one_epoch(self, Py_ssize_t epoch, Py_ssize_t steps, bint by_batch, double *loss) noexcept nogil:
        """An epoch of mini-batches; undone where it does not come to its end."""
        cdef Py_ssize_t step, first, n
        cdef Py_ssize_t by_row = self.rows.d * self.rows.k
        cdef double weight, batch_loss, clock
        cdef double total = 0
        cdef double rows = 0
        cdef Stop stop = RAN
        self.keep()
        for step in range(steps):
            first = step * self.batch_size
            n = min(self.batch_size, self.rows.n - first)
            weight = self.rows_weight(first, n)
            if weight == 0:
                continue
            stop = self.sums(first, n, weight, &batch_loss)
            if stop == RAN and not isfinite(batch_loss):
                stop = NOT_FINITE
            if stop == RAN:
                total += batch_loss * weight
                rows += weight
                sgd_step(&self.parameters, epoch * steps + step if by_batch else epoch)
                if self.look(n * by_row + STEP_COST, &clock):
                    stop = INTERRUPTED
            if stop != RAN:
                self.restore()
                return stop
        loss[0] = total / rows if rows else 0
        return RAN

    cdef Stop epoch_of_samples(self, Py_ssize_t epoch, Py_ssize_t steps, bint by_batch, double *loss) noexcept nogil:
        """An epoch of single rows; undone where it does not come to its end."""
        cdef Py_ssize_t first = 0
        cdef Py_ssize_t first_step = epoch * steps if by_batch else epoch
        cdef Py_ssize_t cost = self.rows.d * self.rows.k + STEP_COST
        cdef Py_ssize_t stretch = LOOK_EVERY // cost + 1
        cdef double weight = self.rows_weight(0, steps)
        cdef double clock
        cdef double total = 0
        cdef Rows rows
        cdef Stop stop = RAN
        self.keep()
        while first < steps:
            rows = some_rows(&self.rows, first, min(stretch, steps - first))
            total += samples(
                &rows, self.kind, self.delta, self.factor, self.mean, &self.parameters, self.weight_part, self.bias_part,
                first_step + first if by_batch else first_step, by_batch,
            )
            if not isfinite(total):
                stop = NOT_FINITE
            elif self.look(rows.n * cost, &clock):
                stop = INTERRUPTED
            if stop != RAN:
                self.restore()
                return stop
            first += rows.n
        loss[0] = total / weight if weight else 0
        return RAN


def aligned(shape, dtype):
    """Zeros that begin at a cache line."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)
