"""Numbers only: the fused pass and the parameter updates. No Python objects, no GIL."""

cdef extern from "_kernels_levels.h":
    ctypedef int (*LossAndGradients)(
        const Rows *, Loss, double, double, const void *, const void *, double *, void *, void *) noexcept nogil
    ctypedef void (*SgdUpdate)(
        Py_ssize_t, void *, const void *, void *, int, double, double, double, double, int, int) noexcept nogil
    ctypedef struct Level:
        const char *name
        LossAndGradients *loss_and_gradients        # by Precision
        SgdUpdate *sgd_update
    const Level *LEVELS
    int runnable_levels()
    const char *COMPILER
    const char *FASTGD_FLAGS

cdef const Level *in_use = &LEVELS[runnable_levels() - 1]


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


def config():
    """What `show_config` prints of the kernels: the level in use, the compiler and its flags."""
    return {"level": level(), "levels": levels(), "compiler": COMPILER.decode(), "flags": FASTGD_FLAGS.decode()}


# Doors for the tests: numpy arrays of one type, contiguous but for the rows of X and y; nothing is checked.

cdef Precision _precision(array):
    return SINGLE if array.itemsize == 4 else DOUBLE


cdef void *_data(array):
    return NULL if array is None else <void *><size_t>array.__array_interface__["data"][0]


def run_pass(X, y, W, b=None, *, Loss loss=SQUARED, delta=1.0, scale=1.0, index=None, gW=None, gb=None):
    """`loss_and_gradients`: returns the value and fills gW and gb."""
    cdef Rows rows
    cdef double value
    rows.precision = _precision(X)
    rows.n = len(X if index is None else index)
    rows.k, rows.d = W.shape
    rows.X, rows.x_stride = _data(X), X.strides[0] // X.itemsize
    rows.y, rows.y_stride = _data(y), y.strides[0] // y.itemsize
    rows.index = <const Py_ssize_t *>_data(index)
    if loss_and_gradients(&rows, loss, delta, scale, _data(W), _data(b), &value, _data(gW), _data(gb)):
        raise MemoryError(f"no memory for the work space of {rows.k} outputs of {rows.d} features")
    return value


def run_update(p, g, buffer=None, *, first=False, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0,
               nesterov=False, maximize=False):
    """`sgd_update`: changes p and buffer in place."""
    sgd_update(_precision(p), p.size, _data(p), _data(g), _data(buffer), first,
               lr, momentum, dampening, weight_decay, nesterov, maximize)
