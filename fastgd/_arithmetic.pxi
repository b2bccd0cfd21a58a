# Part of _tensor: + - * / of small arrays, below the cost of calling numpy.

# A ufunc takes half a microsecond to start, as much as half a turn of the training loop: what is small enough and
# needs neither broadcasting nor conversion is computed here.

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
    SMALL = 1024        # elements; beyond, numpy's loops win
    EXACT = 1 << 24     # whole numbers up to here are the same in every type


@cython.cdivision(True)
cdef void compute(
    int operation, Py_ssize_t size, const number *a, const number *b, Py_ssize_t b_step, number *out
) noexcept:
    cdef Py_ssize_t i
    if operation == ADD:
        for i in range(size):
            out[i] = a[i] + b[i * b_step]
    elif operation == SUB:
        for i in range(size):
            out[i] = a[i] - b[i * b_step]
    elif operation == RSUB:
        for i in range(size):
            out[i] = b[i * b_step] - a[i]
    elif operation == MUL:
        for i in range(size):
            out[i] = a[i] * b[i * b_step]
    else:
        for i in range(size):
            out[i] = a[i] / b[i * b_step]


cdef ndarray arithmetic(int operation, object first, object second, ndarray out):
    """The result, in `out` (None, or the first argument) or in a new array; None for numpy's cases."""
    cdef ndarray a
    cdef ndarray b
    cdef int type_num
    cdef double wide = 0
    cdef float narrow
    cdef void *other
    cdef Py_ssize_t step = 0
    if not isinstance(first, ndarray):
        return None
    a = <ndarray>first
    type_num = cnp.PyArray_TYPE(a)
    if type_num != cnp.NPY_FLOAT32 and type_num != cnp.NPY_FLOAT64:
        return None
    if cnp.PyArray_SIZE(a) > SMALL or not (cnp.PyArray_ISCARRAY_RO(a) if out is None else cnp.PyArray_ISCARRAY(a)):
        return None
    if isinstance(second, ndarray):
        b = <ndarray>second
        if cnp.PyArray_TYPE(b) != type_num or not cnp.PyArray_ISCARRAY_RO(b) or not cnp.PyArray_SAMESHAPE(a, b):
            return None
        other = cnp.PyArray_DATA(b)
        step = 1
    elif type(second) is float or (type(second) is int and -EXACT <= second <= EXACT):
        wide = second
        narrow = <float>wide
        other = <void *>&narrow if type_num == cnp.NPY_FLOAT32 else <void *>&wide
    else:
        return None
    if out is None:
        out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), type_num)
    if type_num == cnp.NPY_FLOAT32:
        compute(
            operation, cnp.PyArray_SIZE(a), <const float *>cnp.PyArray_DATA(a), <const float *>other, step,
            <float *>cnp.PyArray_DATA(out),
        )
    else:
        compute(
            operation, cnp.PyArray_SIZE(a), <const double *>cnp.PyArray_DATA(a), <const double *>other, step,
            <double *>cnp.PyArray_DATA(out),
        )
    return out
