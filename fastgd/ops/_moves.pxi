# Part of _loops: elements of any type, moved as they are.

def joined(tuple arrays not None, int dim, bint stack):
    """Arrays of one type and of sizes that fit, one after another along dim; along a new dim for a stack."""
    cdef ndarray first, array, out
    cdef cnp.npy_intp shape[MOST_DIMS + 1]
    cdef Py_ssize_t outer = 1
    cdef Py_ssize_t below, block, i, length = 0
    cdef int ndim, axis
    cdef char *to
    first = arrays[0]
    ndim = cnp.PyArray_NDIM(first)
    below = cnp.PyArray_ITEMSIZE(first)         # bytes of one slice along dim
    for array in arrays:
        if not plain(array) or cnp.PyArray_TYPE(array) != cnp.PyArray_TYPE(first) or cnp.PyArray_NDIM(array) != ndim:
            return None
        for axis in range(ndim):
            if cnp.PyArray_DIM(array, axis) != cnp.PyArray_DIM(first, axis) and (stack or axis != dim):
                return None
        length += 1 if stack else cnp.PyArray_DIM(array, dim)
    for axis in range(ndim + stack):
        shape[axis] = length if axis == dim else cnp.PyArray_DIM(first, axis - (stack and axis > dim))
        if axis < dim:
            outer *= shape[axis]
        elif axis > dim:
            below *= shape[axis]
    out = cnp.PyArray_SimpleNew(ndim + stack, shape, cnp.PyArray_TYPE(first))
    to = <char *>cnp.PyArray_DATA(out)
    for array in arrays:
        block = below if stack else below * cnp.PyArray_DIM(array, dim)
        for i in range(outer):
            memcpy(to + i * length * below, <char *>cnp.PyArray_DATA(array) + i * block, block)
        to += block
    return out


def taken(ndarray a not None, ndarray index not None, int dim):
    """Of each row along dim the elements that a row of indices names, none of them negative."""
    cdef Axis axis
    cdef ndarray out
    cdef const cnp.npy_int64 *numbers
    cdef const char *source
    cdef char *to
    cdef Py_ssize_t size = cnp.PyArray_ITEMSIZE(a)
    cdef Py_ssize_t i, j, k, at, length
    cdef int number
    if not plain(a) or not plain(index) or cnp.PyArray_TYPE(index) != cnp.NPY_INT64:
        return None
    if cnp.PyArray_NDIM(a) != cnp.PyArray_NDIM(index) or not about(a, dim, &axis):
        return None
    for number in range(cnp.PyArray_NDIM(a)):
        if number != axis.number and cnp.PyArray_DIM(a, number) != cnp.PyArray_DIM(index, number):
            return None
    length = cnp.PyArray_DIM(index, axis.number)
    out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(index), cnp.PyArray_DIMS(index), cnp.PyArray_TYPE(a))
    numbers = <const cnp.npy_int64 *>cnp.PyArray_DATA(index)
    source = <const char *>cnp.PyArray_DATA(a)
    to = <char *>cnp.PyArray_DATA(out)
    for i in range(axis.outer):
        for j in range(length):
            for k in range(axis.inner):
                at = numbers[0]
                if not 0 <= at < axis.length:
                    return None
                at = (i * axis.length + at) * axis.inner + k
                if size == 4:
                    memcpy(to, source + at * 4, 4)
                elif size == 8:
                    memcpy(to, source + at * 8, 8)
                else:
                    memcpy(to, source + at * size, size)
                numbers += 1
                to += size
    return out


def same_shapes(tensors):
    """How many dimensions tensors have that are all of one shape; -1 for other things, or none."""
    cdef ndarray first = None
    if type(tensors) is not list and type(tensors) is not tuple:
        return -1
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            return -1
        if first is None:
            first = array_of(<Tensor>tensor)
        elif not cnp.PyArray_SAMESHAPE(first, array_of(<Tensor>tensor)):
            return -1
    return -1 if first is None else cnp.PyArray_NDIM(first)


def chosen(ndarray a not None, int dim, ndarray index not None):
    """The slices along dim that a vector of indices names.

    Raises:
        IndexError: an index that is negative or too large.
    """
    cdef cnp.npy_intp shape[MOST_DIMS]
    cdef cnp.npy_intp count = cnp.PyArray_SIZE(index)
    cdef const cnp.npy_int64 *numbers
    cdef const char *source
    cdef char *to
    cdef Axis axis
    cdef ndarray out
    cdef Py_ssize_t i, j, block
    a = np.ascontiguousarray(a)         # at least one dimension
    index = np.ascontiguousarray(index, np.int64)
    if not cnp.PyArray_ISALIGNED(index):
        index = index.copy()
    numbers = <const cnp.npy_int64 *>cnp.PyArray_DATA(index)
    about(a, dim, &axis)
    for i in range(cnp.PyArray_NDIM(a)):
        shape[i] = count if i == axis.number else cnp.PyArray_DIM(a, i)
    out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), shape, cnp.PyArray_TYPE(a))
    for j in range(count):
        if not 0 <= numbers[j] < axis.length:
            raise advised(IndexError("index out of range in self"), f"The indices are 0 to {axis.length - 1}.")
    source = <const char *>cnp.PyArray_DATA(a)
    to = <char *>cnp.PyArray_DATA(out)
    block = axis.inner * cnp.PyArray_ITEMSIZE(a)
    for i in range(axis.outer):
        for j in range(count):
            memcpy(to, source + numbers[j] * block, block)
            to += block
        source += axis.length * block
    return out
