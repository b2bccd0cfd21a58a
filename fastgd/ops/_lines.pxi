# Part of _loops: points at equal distances.


def steps_from(double start, double step, Py_ssize_t count, bint single):
    """arange, rounded as torch rounds it: from the first element of each vector of 256 bits."""
    cdef cnp.npy_intp size = count
    cdef ndarray out = cnp.PyArray_SimpleNew(1, &size, cnp.NPY_FLOAT32 if single else cnp.NPY_FLOAT64)
    cdef float *narrow = <float *>cnp.PyArray_DATA(out)
    cdef double *wide = <double *>cnp.PyArray_DATA(out)
    cdef int lanes = 8 if single else 4
    cdef Py_ssize_t in_vectors = count - count % (2 * lanes)
    cdef Py_ssize_t i
    for i in range(count):
        if i >= in_vectors or i % lanes == 0:
            if single:
                narrow[i] = <float>(start + step * i)
            else:
                wide[i] = <double>(<long double>start + <long double>step * i)
        elif single:
            narrow[i] = <float>(narrow[i - i % lanes] + step * (i % lanes))
        else:
            wide[i] = <double>(<long double>wide[i - i % lanes] + <long double>step * (i % lanes))
    return out


def line(double start, double end, Py_ssize_t steps, bint single):
    """linspace: from the start up to the middle, from the end down to it, each point rounded once."""
    cdef cnp.npy_intp size = steps
    cdef ndarray out = cnp.PyArray_SimpleNew(1, &size, cnp.NPY_FLOAT32 if single else cnp.NPY_FLOAT64)
    cdef float *narrow = <float *>cnp.PyArray_DATA(out)
    cdef double *wide = <double *>cnp.PyArray_DATA(out)
    cdef float start_narrow = <float>start
    cdef float end_narrow = <float>end
    cdef float step_narrow = (end_narrow - start_narrow) / <float>(steps - 1) if steps > 1 else 0
    cdef double step = (end - start) / <double>(steps - 1) if steps > 1 else 0
    cdef Py_ssize_t half = steps // 2 if steps > 1 else steps
    cdef Py_ssize_t i
    if single:
        for i in range(half):
            narrow[i] = fmaf(step_narrow, <float>i, start_narrow)
        for i in range(half, steps):
            narrow[i] = fmaf(-step_narrow, <float>(steps - 1 - i), end_narrow)
    else:
        for i in range(half):
            wide[i] = fma(step, <double>i, start)
        for i in range(half, steps):
            wide[i] = fma(-step, <double>(steps - 1 - i), end)
    return out


def powers(double base, ndarray exponents not None):
    """base to the power of each element of a float64 vector, in its memory."""
    cdef double *at = <double *>cnp.PyArray_DATA(exponents)
    cdef Py_ssize_t i
    for i in range(cnp.PyArray_SIZE(exponents)):
        at[i] = pow(base, at[i])
    return exponents
