"""The numbers-only kernels, as other compiled rooms call them."""

cdef extern from "_kernels.h":
    ctypedef enum Loss:
        SQUARED         # r^2
        ABSOLUTE        # |r|
        HUBER           # r^2 / 2 within delta, delta (|r| - delta / 2) outside

    ctypedef enum Precision:
        SINGLE
        DOUBLE

    ctypedef struct Rows:
        # IN: what one pass reads. Strides count elements; columns are contiguous.
        Precision precision
        Py_ssize_t n                # rows
        Py_ssize_t d                # features
        Py_ssize_t k                # outputs
        const void *X               # n x d
        Py_ssize_t x_stride         # from row to row, any sign, 0 included
        const void *y               # n x k
        Py_ssize_t y_stride
        const Py_ssize_t *index     # the n rows of X and y to read, or NULL: 0 .. n - 1

# value = scale * sum of loss(r), r = x W^T + b - y; gW and gb are its gradients.
# W is k x d and b is k, both contiguous; b, gW and gb may be NULL. Returns -1 where memory ran out.
cdef int loss_and_gradients(
    const Rows *rows, Loss loss, double delta, double scale,
    const void *W, const void *b,               # IN
    double *value, void *gW, void *gb,          # OUT
) noexcept nogil

# One update of torch's SGD on `size` contiguous numbers; buffer is NULL without momentum.
cdef void sgd_update(
    Precision precision, Py_ssize_t size,
    void *p,                                    # INOUT
    const void *g,                              # IN
    void *buffer, bint first,                   # INOUT; on the first step buffer is written, not read
    double lr, double momentum, double dampening, double weight_decay, bint nesterov, bint maximize,
) noexcept nogil
