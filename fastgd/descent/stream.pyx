"""The stream engine: every step reads its rows, and the steps follow each other in C.

Full batches that are not too large are packed once (packing.py); where they are small, whole stretches of steps are one
call (see _kernels_descent.h). Mini-batches are read in place. C works on a copy of the parameters (parameters.pyx), and
returns after the epochs it was asked for, or earlier: see Stop.
"""

cimport numpy as cnp
from libc.math cimport isfinite
from libc.string cimport memset
from numpy cimport ndarray

import numpy as np

from .._kernels cimport (
    DOUBLE, FLAT, INTERRUPTED, LATE, NO_MEMORY, NOT_FINITE, OVERFLOWED, RAN, SINGLE, Loss, Packed, Rows, Stop, Watch,
    are_few, descent, full_step, groups_of, pack, samples, sgd_step, some_rows, watched,
)
from .._signals cimport raised_meanwhile
from .._threads cimport whole_pass
from .parameters cimport WorkingCopy, aligned

from .packing import copies, packs, rows_at_most

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

cdef double SIGNALS_EVERY = 0.05


cdef double now() noexcept nogil:
    cdef timespec at
    clock_gettime(CLOCK_MONOTONIC, &at)
    return at.tv_sec + 1e-9 * at.tv_nsec


cdef class Stream:
    """One model, its data and its optimizer's options, ready to descend.

    Args:
        X: array n x d; y: array n x k of the same type, the elements of a row neighbours.
        sample_weight: array n of that type, or None.
        parameters: a WorkingCopy, of that type.
        kind, delta, factor, mean: the loss is factor times the kernel's, its mean or its sum.
    """

    cdef Rows rows
    cdef Packed packed
    cdef readonly bint is_packed
    cdef readonly WorkingCopy parameters
    cdef Loss kind
    cdef double delta
    cdef double factor
    cdef bint mean
    cdef readonly object X
    cdef readonly object y
    cdef readonly object sample_weight
    cdef list packed_arrays
    cdef ndarray totals             # float64 sums where one pass takes several calls
    cdef Py_ssize_t most            # rows that one call of the kernel may take
    cdef Py_ssize_t item
    cdef readonly Py_ssize_t batch_size
    cdef readonly bint drop_last
    cdef Watch watch
    cdef object raised              # by a signal's handler
    cdef double last_look
    cdef Py_ssize_t work_since_look

    def __init__(
        self, X, y, sample_weight, WorkingCopy parameters, Loss kind, double delta, double factor, bint mean,
        Py_ssize_t batch_size, bint drop_last,
    ):
        self.X, self.y, self.sample_weight, self.parameters = X, y, sample_weight, parameters
        self.kind, self.delta, self.factor, self.mean = kind, delta, factor, mean
        self.item = X.itemsize
        self.rows.precision = SINGLE if self.item == 4 else DOUBLE
        self.rows.n, self.rows.d = X.shape
        self.rows.k = y.shape[1]
        self.rows.X, self.rows.x_stride = cnp.PyArray_DATA(X), X.strides[0] // self.item
        self.rows.x_column = X.strides[1] // self.item
        self.rows.y, self.rows.y_stride = cnp.PyArray_DATA(y), y.strides[0] // self.item
        self.rows.weights = NULL if sample_weight is None else cnp.PyArray_DATA(sample_weight)
        self.rows.index, self.rows.x_rows, self.rows.more = NULL, self.rows.n, 0
        self.batch_size, self.drop_last = batch_size, drop_last
        self.most = rows_at_most(self.rows.d, self.rows.k)
        self.totals = np.zeros(parameters.size)
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
            rates: as for WorkingCopy.set_rates, learning rates and momenta: one number an epoch, or one a batch.
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
        self.parameters.set_rates(rates)
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
        if stop == RAN and not self.parameters.is_finite():
            self.parameters.restore()
            stop = OVERFLOWED
            epoch -= 1
        return <int>stop, epoch, losses[:epoch], norms[:epoch]

    def take_raised(self):
        """What a signal's handler raised in an INTERRUPTED run; once, for its frames may hold this."""
        raised, self.raised = self.raised, None
        return raised

    # -- without Python

    cdef int look(self, Py_ssize_t multiply_adds, double *clock) noexcept nogil:
        """Every 50 ms of work, whether a signal's handler raised something; tells the time now and then."""
        cdef Py_ssize_t work = self.work_since_look + multiply_adds
        self.work_since_look = work if work < LOOK_EVERY else 0
        if work < LOOK_EVERY:
            return 0
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
        cdef Py_ssize_t size = self.parameters.size
        cdef char *gradient = <char *>self.parameters.all.gradient
        cdef const void *value = self.parameters.all.value
        cdef const void *bias = self.parameters.all.bias
        cdef void *weight_gradient = gradient if self.parameters.weight_part else NULL
        cdef void *bias_gradient = gradient + weights * self.item if self.parameters.bias_part else NULL
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
        memset(totals, 0, size * sizeof(double))
        loss[0] = 0
        end = first + n
        while first < end:
            rows = some_rows(&self.rows, first, min(self.most, end - first))
            if whole_pass(
                &rows, NULL, self.kind, self.delta, scale, value, bias, &piece, weight_gradient, bias_gradient
            ):
                return NO_MEMORY
            loss[0] += piece
            for i in range(size):
                totals[i] += self.gradient_at(i)
            first += rows.n
            if self.look(rows.n * weights, &clock):
                return INTERRUPTED
        for i in range(size):
            if self.item == 4:
                (<float *>self.parameters.all.gradient)[i] = <float>totals[i]
            else:
                (<double *>self.parameters.all.gradient)[i] = totals[i]
        return RAN

    cdef double gradient_at(self, Py_ssize_t i) noexcept nogil:
        if self.item == 4:
            return (<float *>self.parameters.all.gradient)[i]
        return (<double *>self.parameters.all.gradient)[i]

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
                    &self.packed, self.kind, self.delta, self.scale(weight), &self.parameters.all, &self.watch, done,
                    min(epochs, first + stretch), losses, norms,
                )
            elif weight == 0:
                loss[epoch] = norm[epoch] = 0
                done[0] += 1
                stop = FLAT if self.watch.grad_tol >= 0 else watched(&self.watch, 0)
            else:
                stop = self.sums(0, self.rows.n, weight, &loss[epoch])
                if stop == RAN:
                    stop = full_step(&self.parameters.all, &self.watch, epoch, loss[epoch], &norm[epoch])
                    done[0] += stop != NOT_FINITE
            if weight != 0 and (stop == FLAT or stop == NOT_FINITE and done[0] > 0):
                self.parameters.restore()
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
        self.parameters.keep()
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
                sgd_step(&self.parameters.all, epoch * steps + step if by_batch else epoch)
                if self.look(n * by_row + STEP_COST, &clock):
                    stop = INTERRUPTED
            if stop != RAN:
                self.parameters.restore()
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
        self.parameters.keep()
        while first < steps:
            rows = some_rows(&self.rows, first, min(stretch, steps - first))
            total += samples(
                &rows, self.kind, self.delta, self.factor, self.mean, &self.parameters.all,
                self.parameters.weight_part, self.parameters.bias_part, first_step + first if by_batch else first_step,
                by_batch,
            )
            if not isfinite(total):
                stop = NOT_FINITE
            elif self.look(rows.n * cost, &clock):
                stop = INTERRUPTED
            if stop != RAN:
                self.parameters.restore()
                return stop
            first += rows.n
        loss[0] = total / weight if weight else 0
        return RAN
