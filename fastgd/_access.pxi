# Part of _tensor: what the rooms read of a tensor, and how they make one on memory that is there.

cdef ndarray array_of(Tensor tensor):
    if tensor._array is None:
        tensor._array = (<Lazy>tensor._node).value()
    return tensor._array


cdef Tensor wrap(ndarray array):
    cdef Tensor made = Tensor.__new__(Tensor)
    made._array = array
    return made


cdef Tensor wrap_node(Node node):
    cdef Tensor made = Tensor.__new__(Tensor)
    made._node = node
    return made


cdef Tensor grad_of_leaf(Tensor tensor):
    """The gradient as the tensor that it is from now on."""
    if tensor._grad is not None and not isinstance(tensor._grad, Tensor):
        tensor._grad = wrap(<ndarray>tensor._grad)
    return tensor._grad


cdef ndarray grad_array(Tensor tensor):
    """The elements of a gradient that is there."""
    if isinstance(tensor._grad, Tensor):
        return array_of(<Tensor>tensor._grad)
    return <ndarray>tensor._grad


cdef int ndim(Tensor tensor) noexcept:
    return (<Lazy>tensor._node).ndim if tensor._array is None else cnp.PyArray_NDIM(tensor._array)


cdef object array_dtype(Tensor tensor):
    return of_lazy(<Lazy>tensor._node) if tensor._array is None else tensor._array.dtype


cdef object shape_of(Tensor tensor):
    if tensor._array is None:
        return size_of((<Lazy>tensor._node).ndim, <cnp.npy_intp *>(<Lazy>tensor._node).shape)
    return size_of(cnp.PyArray_NDIM(tensor._array), cnp.PyArray_DIMS(tensor._array))


cdef object size_of(int ndim, const cnp.npy_intp *sizes):
    """A Size, made as tuple.__new__ makes one of a subclass."""
    cdef object made = fastgd_new_tuple(Size, ndim)
    cdef object size
    cdef int i
    for i in range(ndim):
        size = sizes[i]
        Py_INCREF(size)
        PyTuple_SET_ITEM(made, i, size)
    return made


cdef Py_ssize_t numel(Tensor tensor):
    cdef Py_ssize_t product = 1
    cdef int i
    if tensor._array is not None:
        return cnp.PyArray_SIZE(tensor._array)
    for i in range((<Lazy>tensor._node).ndim):
        product *= (<Lazy>tensor._node).shape[i]
    return product


def sum_of(first, second):
    """The sum of two arrays, below numpy's cost where they are small."""
    made = arithmetic(ADD, first, second, None)
    return first + second if made is None else made


def from_array(array):
    """A tensor on the memory of a numpy array."""
    return wrap(array)


def ordinary(array):
    """Whether something is an array in one piece, writable, that a tensor can have as it is."""
    cdef int number
    if type(array) is not ndarray or not cnp.PyArray_ISCARRAY(<ndarray>array):
        return False
    number = cnp.PyArray_TYPE(<ndarray>array)
    return number < NUMBERS and by_number[number] != NULL


def share(Tensor tensor, ndarray array):
    """A tensor on part of another's memory, that counts versions with it and is not recorded."""
    cdef Tensor made = wrap(array)
    made._storage = storage_of(tensor)
    return made
