# Part of _tensor: what Cython does not do with Python's types.

cdef extern from *:
    """
    #ifdef __GNUC__
    __attribute__((tls_model("initial-exec")))      /* read at every operation: not by a call */
    #endif
    static _Thread_local int fastgd_grad_enabled = 1;
    /* Cython makes the __dict__ that it is told of with every object, at a tenth of the cost of a turn of the training
       loop. Here Python makes it with the first attribute, and the garbage collector is told of it. */
    static traverseproc fastgd_traverse_fields;
    static inquiry fastgd_clear_fields;
    static int fastgd_traverse(PyObject *tensor, visitproc visit, void *arg)
    {
        Py_VISIT(*_PyObject_GetDictPtr(tensor));
        return fastgd_traverse_fields(tensor, visit, arg);
    }
    static int fastgd_clear(PyObject *tensor)
    {
        Py_CLEAR(*_PyObject_GetDictPtr(tensor));
        return fastgd_clear_fields(tensor);
    }
    static void fastgd_give_dict(PyObject *kind, Py_ssize_t offset)
    {
        PyTypeObject *type = (PyTypeObject *)kind;
        type->tp_dictoffset = offset;
        if (!fastgd_traverse_fields) {
            fastgd_traverse_fields = type->tp_traverse;
            fastgd_clear_fields = type->tp_clear;
        }
        type->tp_traverse = fastgd_traverse;
        type->tp_clear = fastgd_clear;
        PyType_Modified(type);
    }
    /* A slice of a Size is a Size. Not by __getitem__ in Python, for shape[0] is read all the time. */
    static PyTypeObject *fastgd_size;
    static PyObject *fastgd_size_item(PyObject *size, PyObject *index)
    {
        PyObject *found = PyTuple_Type.tp_as_mapping->mp_subscript(size, index);
        if (found && PySlice_Check(index)) {
            PyObject *made = PyObject_CallOneArg((PyObject *)fastgd_size, found);
            Py_DECREF(found);
            return made;
        }
        return found;
    }
    static void fastgd_give_subscript(PyObject *kind)
    {
        fastgd_size = (PyTypeObject *)kind;
        fastgd_size->tp_as_mapping->mp_subscript = fastgd_size_item;
    }
    static PyObject *fastgd_new_tuple(PyObject *kind, Py_ssize_t length)
    {
        PyObject *made = PyType_GenericAlloc((PyTypeObject *)kind, length);
    #if PY_VERSION_HEX >= 0x030E0000
        if (made)
            ((PyTupleObject *)made)->ob_hash = -1;      /* Python 3.14 keeps the hash once it is known */
    #endif
        return made;
    }
    static void fastgd_set_class(PyObject *object, PyObject *kind)
    {
        PyTypeObject *before = Py_TYPE(object);
        Py_SET_TYPE(object, (PyTypeObject *)kind);
        if (before->tp_flags & Py_TPFLAGS_HEAPTYPE)
            Py_DECREF(before);
    }
    """
    int fastgd_grad_enabled
    void fastgd_give_dict(object type, Py_ssize_t offset)
    object PyObject_GenericGetDict(object owner, void *context)
    void Py_XDECREF(PyObject *owned)
    void fastgd_give_subscript(object type)
    void fastgd_set_class(object thing, object kind)
    object fastgd_new_tuple(object kind, Py_ssize_t length)
