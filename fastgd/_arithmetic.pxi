# Part of _tensor: + - * / of small arrays, below the cost of calling numpy.

# A ufunc takes 200 ns to start, and 800 where it has to broadcast, as much as half a turn of the training loop: what is
# small enough and needs no conversion is computed here.

ctypedef fused number:
    float
    double

cdef enum Arithmetic:
    NEITHER
    ADD
    SUB
    RSUB
    MUL
    DIV

cdef dict ARITHMETIC = {"add": ADD, "sub": SUB, "rsub": RSUB, "mul": MUL, "div": DIV}

cdef enum:
    SMALL = 2048        # elements; beyond, numpy's loops win
    EXACT = 1 << 24     # whole numbers up to here are the same in every type


@cython.cdivision(True)
cdef inline void compute(
    int operation, Py_ssize_t size, const number *a, Py_ssize_t a_step, const number *b, Py_ssize_t b_step, number *out
) noexcept:
    cdef Py_ssize_t i
    if operation == ADD:
        for i in range(size):
            out[i] = a[i * a_step] + b[i * b_step]
    elif operation == SUB:
        for i in range(size):
            out[i] = a[i * a_step] - b[i * b_step]
    elif operation == RSUB:
        for i in range(size):
            out[i] = b[i * b_step] - a[i * a_step]
    elif operation == MUL:
        for i in range(size):
            out[i] = a[i * a_step] * b[i * b_step]
    else:
        for i in range(size):
            out[i] = a[i * a_step] / b[i * b_step]


cdef void compute_row(
    int operation, Py_ssize_t size, const number *a, Py_ssize_t a_step, const number *b, Py_ssize_t b_step, number *out
) noexcept:
    # Steps that the compiler knows make loops of vectors.
    if a_step == 0 and b_step == 0:
        compute(operation, size, a, 0, b, 0, out)
    elif a_step == 0:
        compute(operation, size, a, 0, b, 1, out)
    elif b_step == 0:
        compute(operation, size, a, 1, b, 0, out)
    else:
        compute(operation, size, a, 1, b, 1, out)


cdef void compute_rows(int operation, Broadcast *shape, const number *a, const number *b, number *out) noexcept:
    """Every row of the result: the last dimension, or all of it where nothing is repeated."""
    cdef Py_ssize_t at[MAX_DIMS]
    cdef Py_ssize_t last = shape.ndim - 1
    cdef Py_ssize_t rows = 1
    cdef Py_ssize_t i, row
    for i in range(last):
        at[i] = 0
        rows *= shape.sizes[i]
    for row in range(rows):
        compute_row(operation, shape.sizes[last], a, shape.a_steps[last], b, shape.b_steps[last], out)
        out += shape.sizes[last]
        i = last - 1
        while i >= 0:
            at[i] += 1
            a += shape.a_steps[i]
            b += shape.b_steps[i]
            if at[i] < shape.sizes[i]:
                break
            a -= at[i] * shape.a_steps[i]
            b -= at[i] * shape.b_steps[i]
            at[i] = 0
            i -= 1


cdef struct Broadcast:
    int ndim
    cnp.npy_intp sizes[MAX_DIMS]
    Py_ssize_t a_steps[MAX_DIMS]         # elements, from one to the next along a dimension; 0 where it is repeated
    Py_ssize_t b_steps[MAX_DIMS]


cdef bint broadcast(ndarray a, ndarray b, Broadcast *together) noexcept:
    """The shape that two contiguous arrays have together; False where they have none, or it has too many dimensions."""
    cdef int a_extra, b_extra, i
    cdef cnp.npy_intp a_size, b_size
    cdef Py_ssize_t a_step = 1
    cdef Py_ssize_t b_step = 1
    together.ndim = max(cnp.PyArray_NDIM(a), cnp.PyArray_NDIM(b))
    if together.ndim > MAX_DIMS:
        return False
    a_extra = together.ndim - cnp.PyArray_NDIM(a)
    b_extra = together.ndim - cnp.PyArray_NDIM(b)
    for i in range(together.ndim - 1, -1, -1):
        a_size = cnp.PyArray_DIM(a, i - a_extra) if i >= a_extra else 1
        b_size = cnp.PyArray_DIM(b, i - b_extra) if i >= b_extra else 1
        if a_size != b_size and a_size != 1 and b_size != 1:
            return False
        together.sizes[i] = b_size if a_size == 1 else a_size
        together.a_steps[i] = 0 if a_size == 1 else a_step
        together.b_steps[i] = 0 if b_size == 1 else b_step
        a_step *= a_size
        b_step *= b_size
    return True


cdef inline bint flat(int type_num, ndarray array) noexcept:
    return cnp.PyArray_TYPE(array) == type_num and cnp.PyArray_ISCARRAY_RO(array) and cnp.PyArray_SIZE(array) <= SMALL


cdef inline bint overlap(ndarray a, ndarray b) noexcept:
    """Whether two contiguous arrays of one size have some memory in common, but not element for element."""
    cdef Py_ssize_t apart = cnp.PyArray_BYTES(a) - cnp.PyArray_BYTES(b)
    return apart != 0 and -cnp.PyArray_NBYTES(a) < apart < cnp.PyArray_NBYTES(a)


cdef ndarray arithmetic(int operation, object first, object second, ndarray out):
    """The result, in `out` (None, or the first argument) or in a new array; None for numpy's cases."""
    cdef ndarray a
    cdef ndarray b
    cdef Broadcast together
    cdef int type_num
    cdef double wide = 0
    cdef float narrow
    cdef void *other
    cdef Py_ssize_t size = 1
    cdef int i
    if not isinstance(first, ndarray):
        return None
    a = <ndarray>first
    type_num = cnp.PyArray_TYPE(a)
    if (type_num != cnp.NPY_FLOAT32 and type_num != cnp.NPY_FLOAT64) or not flat(type_num, a):
        return None
    if out is not None and not cnp.PyArray_ISWRITEABLE(out):
        return None
    together.ndim = 1
    together.sizes[0] = cnp.PyArray_SIZE(a)
    together.a_steps[0] = together.b_steps[0] = 1
    if isinstance(second, ndarray):
        b = <ndarray>second
        if not flat(type_num, b):
            return None
        other = cnp.PyArray_DATA(b)
        if cnp.PyArray_SAMESHAPE(a, b):
            if out is not None and overlap(a, b):
                return None
            if out is None:
                out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), type_num)
        elif out is not None or not broadcast(a, b, &together):
            return None
        else:
            for i in range(together.ndim):
                size *= together.sizes[i]
            if size > SMALL:
                return None
            out = cnp.PyArray_SimpleNew(together.ndim, together.sizes, type_num)
    elif type(second) is float or (type(second) is int and -EXACT <= second <= EXACT):
        wide = second
        narrow = <float>wide
        other = <void *>&narrow if type_num == cnp.NPY_FLOAT32 else <void *>&wide
        together.b_steps[0] = 0
        if out is None:
            out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), type_num)
    else:
        return None
    if type_num == cnp.NPY_FLOAT32:
        compute_rows(
            operation, &together, <const float *>cnp.PyArray_DATA(a), <const float *>other,
            <float *>cnp.PyArray_DATA(out),
        )
    else:
        compute_rows(
            operation, &together, <const double *>cnp.PyArray_DATA(a), <const double *>other,
            <double *>cnp.PyArray_DATA(out),
        )
    return out
