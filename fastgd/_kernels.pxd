"""The numbers-only kernels, as other compiled rooms call them."""

cdef extern from "_kernels.h":
    ctypedef enum Loss:
        SQUARED         # r^2
        ABSOLUTE        # |r|
        HUBER           # r^2 / 2 within delta, delta (|r| - delta / 2) outside
        LOGISTIC        # log(1 + e^p) - y p, p the prediction

    ctypedef enum Precision:
        SINGLE
        DOUBLE

    ctypedef enum Stop:
        RAN             # all the epochs
        STALE           # the loss has not fallen for too long
        FLAT            # the gradient is small enough
        LATE            # out of time
        NOT_FINITE      # a loss
        OVERFLOWED      # the weights after the last step, whose loss was finite
        INTERRUPTED     # by Ctrl-C, or another signal
        NO_MEMORY

    ctypedef struct Watch:
        # When to stop before the last epoch.
        double tol                  # how much the loss must fall below its best; negative: do not look
        double best                 # the lowest loss so far
        Py_ssize_t patience         # epochs without that
        Py_ssize_t stale            # so many there are
        double grad_tol             # the gradient norm at which the step is undone; negative: do not look

    Stop watched(Watch *watch, double loss) noexcept nogil

    ctypedef struct Rows:
        # IN: what one pass reads. Strides count elements; those of a row of y are neighbours.
        Precision precision
        Py_ssize_t n                # rows
        Py_ssize_t d                # features
        Py_ssize_t k                # outputs
        const void *X               # n x d
        Py_ssize_t x_stride         # from row to row, any sign, 0 included
        Py_ssize_t x_column         # from column to column
        const void *y               # n x k
        Py_ssize_t y_stride
        const void *weights         # one a row, or NULL: all 1
        const Py_ssize_t *index     # the n rows of X and y to read, or NULL: 0 .. n - 1
        Py_ssize_t x_rows           # with index: rows that X has
        Py_ssize_t more             # with index: how many it names behind the n, which may be read after them

    Rows some_rows(const Rows *all, Py_ssize_t first, Py_ssize_t n) noexcept nogil

    ctypedef struct Packed:
        # Rows in groups of 16, whose columns lie one after the other; rows of weight 0 fill the last. Few rows are one
        # group.
        Precision precision
        Py_ssize_t n                # rows that are given
        Py_ssize_t rows             # of all groups
        Py_ssize_t group            # rows
        Py_ssize_t d, k
        void *X                     # rows x d numbers
        void *y                     # output after output, y_stride numbers apart
        Py_ssize_t y_stride
        void *weights               # rows
        bint few                    # IN: for `descent`, not for `packed_pass`

    ctypedef struct Part:
        # A stretch of the parameters with options of its own.
        Py_ssize_t start, size
        bint has_buffer             # momentum may be in use
        bint started                # the buffer holds something
        bint kept_started
        double dampening, weight_decay
        bint nesterov, maximize
        const double *lr            # by the number of the step
        const double *momentum
        Py_ssize_t stride           # of both: 0 where all steps have the same

    enum:
        MOST_PARTS

    ctypedef struct Parameters:
        # W (k x d) then b (k) in each, and behind them memory for 64 bytes more; what is kept is the state before the
        # last step that can be undone.
        Precision precision
        void *value
        void *bias                  # within value, or NULL
        void *gradient
        void *buffer
        void *kept
        void *kept_buffer
        int part_count
        Part parts[MOST_PARTS]

# The number of the level in use: 0 plain, 1 baseline, 2 x86-64-v3, 3 x86-64-v4.
cdef int level_in_use() noexcept nogil

# value = scale * sum of weight * loss(r), r = x W^T + b - y; gW and gb are its gradients.
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

# Rows in all the groups that n rows make.
cdef Py_ssize_t groups_of(Py_ssize_t n) noexcept nogil

# Whether `descent` takes such rows.
cdef bint are_few(Py_ssize_t n, Py_ssize_t d, Py_ssize_t k, Loss loss) noexcept nogil

# Rows to packed rows, whose arrays have place for them.
cdef void pack(const Rows *rows, Packed *packed) noexcept nogil

# loss_and_gradients over packed rows. The gradient is that of W (0 where it is not wanted), then that of b; it needs place
# for one number more, up to a whole 64 bytes.
cdef int packed_pass(
    const Packed *rows, Loss loss, double delta, double scale,
    const void *W, const void *b, bint wanted,  # IN
    double *value, void *gradient,              # OUT
) noexcept nogil

# The step numbered `at`, with the gradient that `parameters` hold.
cdef void sgd_step(Parameters *parameters, Py_ssize_t at) noexcept nogil

# The same on all rows, whose loss is given: not made where that is NOT_FINITE, else it can be undone.
cdef Stop full_step(
    Parameters *parameters, Watch *watch, Py_ssize_t at, double loss,
    double *norm,                               # OUT: the gradient's
) noexcept nogil

# full_step after full_step on few packed rows, from the one numbered `done` (INOUT) to before `until`.
cdef Stop descent(
    const Packed *rows, Loss loss, double delta, double scale, Parameters *parameters, Watch *watch,
    Py_ssize_t *done, Py_ssize_t until,
    void *losses, void *norms,                  # OUT: of the data's type
) noexcept nogil

# A step for every row, numbered at, at + by, ...; a part is NULL where it is not trained. Returns the sum of
# weight * loss.
cdef double samples(
    const Rows *rows, Loss loss, double delta, double factor, bint mean, Parameters *parameters,
    Part *weight_part, Part *bias_part, Py_ssize_t at, Py_ssize_t by,
) noexcept nogil
