"""What compiled classes are called: CPython keeps one string for it, from which it takes the module as well."""

from cpython.object cimport PyTypeObject
from cpython.type cimport PyType_Modified

cdef extern from *:
    """
    static PyObject *fastgd_class_dict(PyObject *kind) { return Py_NewRef(((PyTypeObject *)kind)->tp_dict); }
    static void fastgd_give_metaclass(PyObject *kind, PyObject *metaclass)
    {
        Py_INCREF(metaclass);
        Py_SET_TYPE(kind, (PyTypeObject *)metaclass);
    }
    """
    dict fastgd_class_dict(kind)    # the dict itself, which type.__dict__ does not hand out
    void fastgd_give_metaclass(kind, metaclass)

_names = []  # CPython keeps only the pointer


class _TensorMeta(type):
    """The type of Tensor, whose errors name it without its module ("unsupported operand type(s) for +: 'Tensor' ...").

    Without a module in the name CPython would take it for a builtin: here the module is in the class's dict.
    """

    __slots__ = ()

    @property
    def __module__(cls):
        return vars(cls)["__module__"]

    @__module__.setter
    def __module__(cls, module):
        _set_module(cls, module)

    def __repr__(cls):
        return f"<class '{cls.__module__}.{cls.__qualname__}'>"


def name_shortly(kind):
    """Takes the module out of the name by which errors call a compiled class."""
    module = kind.__module__
    fastgd_give_metaclass(kind, _TensorMeta)
    _set_name(kind, kind.__qualname__)
    rename(kind, module)


def rename(kind, str module):
    """Makes a compiled class print as one of another module; one written in Python has `__module__` for it."""
    if isinstance(kind, _TensorMeta):
        _set_module(kind, module)       # not as an attribute: CPython lets none of a compiled class be set
    else:
        _set_name(kind, f"{module}.{kind.__qualname__}")


cdef _set_module(kind, module):
    fastgd_class_dict(kind)["__module__"] = module
    PyType_Modified(kind)


cdef _set_name(kind, str name):
    _names.append(name.encode())
    (<PyTypeObject*>kind).tp_name = _names[-1]
