"""The fused pass over many rows: contiguous ranges, by this thread and a few of Python's that wait for work.

The ranges are fixed by the shape of the data, and their sums are added in order: any number of threads gives the same
bits, and so does any order of the ranges. Every other pass takes them backwards, for it begins with what the last one
has left in the caches. A thread that starts costs tens of microseconds, so passes with less work have only one.
"""

import _thread
import os
from _queue import SimpleQueue

from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdlib cimport free, malloc

from ._kernels cimport SINGLE, groups_of, loss_and_gradients, packed_pass, some_rows

cdef extern from "Python.h":
    ctypedef int (*PendingCall)(void *) except -1
    int Py_AddPendingCall(PendingCall call, void *data)
    int PyThreadState_SetAsyncExc(unsigned long thread, object kind)
    unsigned long PyThread_get_thread_ident()

cdef enum:
    RANGES = 8
    SHARED_WORK = 1 << 23           # multiply-adds: some 300 microseconds
    RANGED_BYTES = 3 << 19          # of X: what a second cache does not hold beside everything else
    LINE = 64

MOST_THREADS = (1 << 31) - 1        # torch's and OpenMP's limit


cdef struct Pass:
    const Rows *rows
    const Packed *packed
    Loss loss
    double delta, scale
    const void *W
    const void *b
    bint wants_W
    bint wants_b
    Py_ssize_t step                 # rows of a range
    Py_ssize_t item
    Py_ssize_t size                 # bytes of a range's gradients
    int count                       # of ranges
    bint backwards
    char *gradients
    double values[RANGES]
    bint failed[RANGES]


cdef void run_range(void *data, int turn) noexcept nogil:
    cdef Pass *job = <Pass *>data
    cdef Rows rows
    cdef Packed packed
    cdef int i = job.count - 1 - turn if job.backwards else turn
    cdef Py_ssize_t first = i * job.step
    cdef char *gradient = job.gradients + i * job.size
    if job.packed != NULL:
        packed = job.packed[0]
        packed.rows = min(job.step, packed.rows - first)
        packed.X = <char *>packed.X + first * packed.d * job.item
        packed.y = <char *>packed.y + first * job.item
        packed.weights = <char *>packed.weights + first * job.item
        job.failed[i] = packed_pass(
            &packed, job.loss, job.delta, job.scale, job.W, job.b, job.wants_W, &job.values[i], gradient
        )
        return
    rows = some_rows(job.rows, first, min(job.step, job.rows.n - first))
    job.failed[i] = loss_and_gradients(
        &rows, job.loss, job.delta, job.scale, job.W, job.b, &job.values[i], gradient if job.wants_W else NULL,
        gradient + rows.k * rows.d * job.item if job.wants_b else NULL,
    )


cdef class Work:
    """The ranges of one pass; whoever calls it takes one after the other while there are any."""

    cdef Range *run
    cdef void *data
    cdef int taken, finished, count
    cdef object all_finished        # a lock, released by who finishes the last range

    def __call__(self):
        cdef int i
        while self.taken < self.count:
            i = self.taken
            self.taken += 1
            with nogil:
                self.run(self.data, i)
            self.finished += 1
            if self.finished == self.count:
                self.all_finished.release()


cdef void run_ranges(Range *run, void *data, int count, bint shared) noexcept nogil:
    cdef int i
    if shared and _count > 1 and count > 1:
        share_ranges(run, data, count)
        return
    for i in range(count):
        run(data, i)


cdef void share_ranges(Range *run, void *data, int count) noexcept with gil:
    """All ranges, by this thread and the others. They write into this pass's memory: whatever happens, it waits."""
    cdef Work work = Work()
    work.run, work.data, work.count = run, data, count
    work.all_finished = _thread.allocate_lock()
    work.all_finished.acquire()
    raised = None
    try:
        others = min(_count, count) - 1
        queue = _the_queue(others)
        for _ in range(others):
            queue.put(work)
    except RuntimeError:            # the interpreter shuts down: no more threads
        pass
    except BaseException as error:
        raised = error
    work()
    while work.finished < count:
        try:
            work.all_finished.acquire()
        except BaseException as error:
            raised = error
    if raised is not None:
        raise_soon(raised)


cdef unsigned long main_thread = 0      # known when there are others


cdef int raise_given(void *given) except -1:
    error = <object>given
    Py_DECREF(error)
    raise error


cdef void raise_soon(error) noexcept:
    """Raises it when this thread runs Python code again. Runs none itself, in which another signal could be heard."""
    if PyThread_get_thread_ident() != main_thread:
        PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), type(error))
        return
    Py_INCREF(error)
    if Py_AddPendingCall(raise_given, <void *>error) < 0:   # so many wait already
        Py_DECREF(error)


# Whether the next pass goes backwards. Passes that run at the same time may find either: it changes nothing but speed.
cdef bint backwards = False


cdef int whole_pass(
    const Rows *rows, const Packed *packed, Loss loss, double delta, double scale, const void *W, const void *b,
    double *value, void *gW, void *gb,
) noexcept nogil:
    cdef Py_ssize_t n = rows.n if packed == NULL else packed.rows
    cdef Py_ssize_t numbers = rows.k * rows.d + rows.k
    cdef Py_ssize_t item = 4 if rows.precision == SINGLE else 8
    cdef Py_ssize_t work = n * rows.d * rows.k
    cdef bint far = n * rows.d * item > RANGED_BYTES and rows.index == NULL
    cdef Pass job
    cdef Py_ssize_t i
    cdef int r
    cdef int failed = 0
    cdef double total
    global backwards
    if work < SHARED_WORK and not far or n < RANGES * LINE:
        if packed != NULL:
            return packed_pass(
                packed, loss, delta, scale, W, b, gW != NULL, value,
                gW if gW != NULL else <char *>gb - rows.k * rows.d * item,
            )
        return loss_and_gradients(rows, loss, delta, scale, W, b, value, gW, gb)
    job.rows, job.packed, job.loss, job.delta, job.scale, job.W, job.b = rows, packed, loss, delta, scale, W, b
    job.wants_W, job.wants_b = gW != NULL, gb != NULL
    job.item = item
    job.step = groups_of(n // RANGES + 1)
    job.count = <int>((n + job.step - 1) // job.step)
    job.backwards = backwards
    backwards = not backwards
    job.size = ((numbers + 1) * job.item // LINE + 1) * LINE
    job.gradients = <char *>malloc(job.count * job.size)
    if job.gradients == NULL:
        return -1
    run_ranges(run_range, &job, job.count, work >= SHARED_WORK)
    value[0] = 0
    for r in range(job.count):
        value[0] += job.values[r]
        failed |= job.failed[r]
    for i in range(numbers):
        if (gW if i < rows.k * rows.d else gb) == NULL:
            continue
        total = 0
        for r in range(job.count):
            if job.item == 4:
                total += (<float *>(job.gradients + r * job.size))[i]
            else:
                total += (<double *>(job.gradients + r * job.size))[i]
        if i >= rows.k * rows.d:
            put(gb, job.item, i - rows.k * rows.d, total)
        else:
            put(gW, job.item, i, total)
    free(job.gradients)
    return failed


cdef inline void put(void *numbers, Py_ssize_t item, Py_ssize_t i, double number) noexcept nogil:
    if item == 4:
        (<float *>numbers)[i] = <float>number
    else:
        (<double *>numbers)[i] = number


# ---- how many

def _from_environment():
    """OMP_NUM_THREADS as torch and numpy's BLAS read it, or the processors that this process may use."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        first = os.environ.get(name, "").partition(",")[0].strip()
        if first.isdecimal() and 0 < int(first) <= MOST_THREADS:
            return int(first)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


cdef Py_ssize_t _count = _from_environment()
cdef Py_ssize_t _workers = 0
_queue = None


def set_count(count):
    """Uses at most this many threads from now on."""
    global _count
    if count != _count:
        for _ in range(_workers):
            _queue.put(None)
        _forget_workers()
        _count = count


def get_count():
    """How many threads may be used."""
    return _count


def _work_on(queue):
    while (work := queue.get()) is not None:
        work()


def _the_queue(others):
    """What at least so many workers wait at. No Python runs between a pass and them, as it would in an executor: what a
    signal's handler raises there leaves locks taken for good."""
    global _queue, _workers, main_thread
    if main_thread == 0:
        import threading

        main_thread = threading.main_thread().ident
    if _queue is None:
        queue = SimpleQueue()
        if _queue is None:          # still: another thread may have come in
            _queue = queue
    while _workers < others:
        _thread.start_new_thread(_work_on, (_queue,))
        _workers += 1
    return _queue


def _forget_workers():
    """A forked child has none of them."""
    global _queue, _workers
    _queue, _workers = None, 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)
