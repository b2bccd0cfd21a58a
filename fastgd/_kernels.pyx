"""Numbers only: the fused pass and the parameter updates. No Python objects, no GIL."""

import numpy as np

cdef extern from "_kernels_levels.h":
    ctypedef int (*LossAndGradients)(
        const Rows *, Loss, double, double, const void *, const void *, double *, void *, void *) noexcept nogil
    ctypedef void (*Pack)(const Rows *, Packed *) noexcept nogil
    ctypedef int (*PackedPass)(
        const Packed *, Loss, double, double, const void *, const void *, int, double *, void *) noexcept nogil
    ctypedef double (*Samples)(
        const Rows *, Loss, double, double, int, Parameters *, Part *, Part *, Py_ssize_t, Py_ssize_t) noexcept nogil
    ctypedef void (*SgdUpdate)(
        Py_ssize_t, void *, const void *, void *, int, double, double, double, double, int, int) noexcept nogil
    ctypedef void (*SgdStep)(Parameters *, Py_ssize_t) noexcept nogil
    ctypedef Stop (*FullStep)(Parameters *, Watch *, Py_ssize_t, double, double *) noexcept nogil
    ctypedef Stop (*Descent)(
        const Packed *, Loss, double, double, Parameters *, Watch *, Py_ssize_t *, Py_ssize_t, void *, void *
    ) noexcept nogil
    ctypedef struct Level:
        const char *name
        LossAndGradients *loss_and_gradients        # by Precision
        Pack *pack
        PackedPass *packed_pass
        Samples *samples
        SgdUpdate *sgd_update
        SgdStep *sgd_step
        FullStep *full_step
        Descent *descent
    const Level *LEVELS
    int runnable_levels()
    bint _are_few "are_few"(Py_ssize_t, Py_ssize_t, Py_ssize_t, Loss) noexcept nogil
    Py_ssize_t GROUP, BLOCK_ROWS, BLOCK_COLUMNS, CHUNK_BYTES, ROWS_BYTES
    Py_ssize_t LINE
    const char *COMPILER
    const char *FASTGD_FLAGS

cdef const Level *in_use = &LEVELS[runnable_levels() - 1]


cdef int level_in_use() noexcept nogil:
    return in_use - LEVELS


cdef int loss_and_gradients(
    const Rows *rows, Loss loss, double delta, double scale, const void *W, const void *b,
    double *value, void *gW, void *gb,
) noexcept nogil:
    return in_use.loss_and_gradients[<int>rows.precision](rows, loss, delta, scale, W, b, value, gW, gb)


cdef void sgd_update(
    Precision precision, Py_ssize_t size, void *p, const void *g, void *buffer, bint first,
    double lr, double momentum, double dampening, double weight_decay, bint nesterov, bint maximize,
) noexcept nogil:
    in_use.sgd_update[<int>precision](
        size, p, g, buffer, first, lr, momentum, dampening, weight_decay, nesterov, maximize)


cdef Py_ssize_t groups_of(Py_ssize_t n) noexcept nogil:
    return (n + GROUP - 1) // GROUP * GROUP


cdef bint are_few(Py_ssize_t n, Py_ssize_t d, Py_ssize_t k, Loss loss) noexcept nogil:
    return _are_few(n, d, k, loss)


cdef void pack(const Rows *rows, Packed *packed) noexcept nogil:
    in_use.pack[<int>rows.precision](rows, packed)


cdef int packed_pass(
    const Packed *rows, Loss loss, double delta, double scale, const void *W, const void *b, bint wanted,
    double *value, void *gradient,
) noexcept nogil:
    return in_use.packed_pass[<int>rows.precision](rows, loss, delta, scale, W, b, wanted, value, gradient)


cdef void sgd_step(Parameters *parameters, Py_ssize_t at) noexcept nogil:
    in_use.sgd_step[<int>parameters.precision](parameters, at)


cdef Stop full_step(
    Parameters *parameters, Watch *watch, Py_ssize_t at, double loss, double *norm
) noexcept nogil:
    return in_use.full_step[<int>parameters.precision](parameters, watch, at, loss, norm)


cdef Stop descent(
    const Packed *rows, Loss loss, double delta, double scale, Parameters *parameters, Watch *watch, Py_ssize_t *done,
    Py_ssize_t until, void *losses, void *norms,
) noexcept nogil:
    return in_use.descent[<int>rows.precision](
        rows, loss, delta, scale, parameters, watch, done, until, losses, norms)


cdef double samples(
    const Rows *rows, Loss loss, double delta, double factor, bint mean, Parameters *parameters,
    Part *weight_part, Part *bias_part, Py_ssize_t at, Py_ssize_t by,
) noexcept nogil:
    return in_use.samples[<int>rows.precision](
        rows, loss, delta, factor, mean, parameters, weight_part, bias_part, at, by)


def levels():
    """The levels that this machine can run, lowest first."""
    return [LEVELS[i].name.decode() for i in range(runnable_levels())]


def level():
    """The level in use: the highest, unless `set_level` chose another."""
    return in_use.name.decode()


def set_level(name):
    """Uses another of the `levels()`, in this whole process."""
    global in_use
    if name not in levels():
        raise ValueError(f"level must be one of {levels()}, got {name!r}; call levels() to see what this machine runs")
    in_use = &LEVELS[levels().index(name)]


def blocks():
    """The sizes of what is summed together, by which, and by the level, the rounding of a sum is decided."""
    return [GROUP, BLOCK_ROWS, BLOCK_COLUMNS, CHUNK_BYTES, ROWS_BYTES]


def config():
    """What `show_config` prints of the kernels: the level in use, the compiler and its flags."""
    return {"level": level(), "levels": levels(), "compiler": COMPILER.decode(), "flags": FASTGD_FLAGS.decode()}


# Doors for the tests: numpy arrays of one type, contiguous but for the rows of X and y; nothing is checked.

cdef Precision _precision(array):
    return SINGLE if array.itemsize == 4 else DOUBLE


cdef void *_data(array):
    return NULL if array is None else <void *><size_t>array.__array_interface__["data"][0]


def run_pass(X, y, W, b=None, *, Loss loss=SQUARED, delta=1.0, scale=1.0, weights=None, index=None, more=0,
             packed=False, gW=None, gb=None):
    """`loss_and_gradients`, or with packed `packed_pass`: returns the value and fills gW and gb. Behind the index there
    are `more` of later passes."""
    cdef Rows rows
    cdef Packed groups
    cdef double value
    rows.precision = _precision(X)
    rows.n = len(X if index is None else index)
    rows.k, rows.d = W.shape
    rows.X, rows.x_stride, rows.x_column = _data(X), X.strides[0] // X.itemsize, X.strides[1] // X.itemsize
    rows.y, rows.y_stride = _data(y), y.strides[0] // y.itemsize
    rows.index, rows.x_rows, rows.more = <const Py_ssize_t *>_data(index), len(X), more
    rows.weights = _data(weights)
    if packed and rows.n:
        n = groups_of(rows.n)
        arrays = [np.empty(n * columns, X.dtype) for columns in (rows.d, rows.k, 1)]
        groups.X, groups.y, groups.weights = _data(arrays[0]), _data(arrays[1]), _data(arrays[2])
        groups.few = False
        pack(&rows, &groups)
        gradient = np.empty(rows.k * rows.d + rows.k + LINE // X.itemsize, X.dtype)
        if packed_pass(
            &groups, loss, delta, scale, _data(W), _data(b), gW is not None, &value, _data(gradient)
        ):
            raise MemoryError(f"no memory for the work space of {rows.k} outputs of {rows.d} features")
        if gW is not None:
            gW.flat = gradient[: gW.size]
        if gb is not None:
            gb[...] = gradient[W.size : W.size + rows.k]
        return value
    if loss_and_gradients(&rows, loss, delta, scale, _data(W), _data(b), &value, _data(gW), _data(gb)):
        raise MemoryError(f"no memory for the work space of {rows.k} outputs of {rows.d} features")
    return value


def run_update(p, g, buffer=None, *, first=False, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0,
               nesterov=False, maximize=False):
    """`sgd_update`: changes p and buffer in place."""
    sgd_update(_precision(p), p.size, _data(p), _data(g), _data(buffer), first,
               lr, momentum, dampening, weight_decay, nesterov, maximize)
