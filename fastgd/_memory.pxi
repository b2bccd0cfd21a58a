# Part of _tensor: how often memory was written to, and the values that wait on it.

cdef class Storage:
    pass


cdef Storage storage_of(Tensor tensor):
    if tensor._storage is None:
        if isinstance(tensor._node, Lazy):
            tensor._storage = (<Lazy>tensor._node).storage_of_result()
        else:
            tensor._storage = Storage.__new__(Storage)
    return tensor._storage


cdef object check_version(Storage storage, Py_ssize_t version, ndarray saved, Node made_by, bint as_made=False):
    """Refuses to go on where a saved array was written to since `version`.

    made_by is None for a leaf. An operation that saved its own result (as_made) names itself; of an argument torch
    names the operation that wrote to it last.
    """
    cdef str label
    if storage.version != version:
        label = None if made_by is None else made_by.label if as_made or storage.writer is None else storage.writer
        origin = "" if label is None else f", which is output 0 of {label.partition('Backward')[0]},"
        raise advised(
            RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: "
                f"[torch.{of_array(saved).legacy}Tensor {list((<object>saved).shape)}]{origin} is at version "
                f"{storage.version}; expected version {version} instead. Hint: enable anomaly detection to find the "
                "operation that failed to compute its gradient, with torch.autograd.set_detect_anomaly(True, "
                "check_nan=False)."
            ),
            "Write to a copy (x.clone()), or call backward() before writing.",
        )


cdef void *first_waiting = NULL


cdef inline void extent(ndarray array, const char **low, const char **high) noexcept:
    cdef int i
    cdef Py_ssize_t reach
    low[0] = high[0] = <const char *>cnp.PyArray_DATA(array)
    for i in range(cnp.PyArray_NDIM(array)):
        if cnp.PyArray_DIM(array, i) == 0:
            high[0] = low[0]
            return
        reach = (cnp.PyArray_DIM(array, i) - 1) * cnp.PyArray_STRIDE(array, i)
        if reach < 0:
            low[0] += reach
        else:
            high[0] += reach
    high[0] += cnp.PyArray_ITEMSIZE(array)


cdef void before_write(ndarray array) except *:
    """Computes every waiting value that reads memory which is about to be written."""
    cdef const char *low
    cdef const char *high
    cdef void *at = first_waiting
    if at == NULL:
        return
    extent(array, &low, &high)
    while at != NULL:
        lazy = <Lazy>at
        if lazy.reads(low, high):
            lazy.value()
            at = first_waiting
        else:
            at = lazy.later


cdef void written(Tensor tensor) except *:
    cdef Storage storage = storage_of(tensor)
    storage.version += 1
