"""What compiled classes and their methods are called, in print and in errors."""

from cpython.object cimport PyObject, PyTypeObject
from cpython.type cimport PyType_Modified

cdef extern from *:
    """
    static PyObject *fastgd_class_dict(PyObject *kind) { return Py_NewRef(((PyTypeObject *)kind)->tp_dict); }
    static void fastgd_give_metaclass(PyObject *kind, PyObject *metaclass)
    {
        Py_INCREF(metaclass);
        Py_SET_TYPE(kind, (PyTypeObject *)metaclass);
    }
    static PyObject *fastgd_replace_init(PyObject *kind, void *init)
    {
        PyTypeObject *type = (PyTypeObject *)kind;
        PyObject *before = PyLong_FromVoidPtr((void *)type->tp_init);
        type->tp_init = (initproc)init;
        return before;
    }
    static int fastgd_init(PyObject *init, PyObject *made, PyObject *given, PyObject *named)
    {
        return ((initproc)PyLong_AsVoidPtr(init))(made, given, named);
    }
    """
    object fastgd_replace_init(kind, void *init)
    int fastgd_init(object init, object made, object given, PyObject *named) except -1
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
        give_attribute(cls, "__module__", module)

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
        give_attribute(kind, "__module__", module)
    else:
        _set_name(kind, f"{module}.{kind.__qualname__}")


def give_attribute(kind, str name, value):
    """Sets an attribute of a compiled class: Python itself lets none be set."""
    fastgd_class_dict(kind)[name] = value
    PyType_Modified(kind)


cdef _set_name(kind, str name):
    _names.append(name.encode())
    (<PyTypeObject*>kind).tp_name = _names[-1]


# ---- errors of wrong arguments, in which Cython says less than CPython

# Class -> its tp_init as an int, the names of the positional arguments, how many of them must be given.
cdef dict constructors = {}


def name_constructor(kind, str names, int needed):
    """Lets a compiled class refuse wrong arguments in CPython's words: "Linear.__init__() missing 1 required ..."."""
    constructors[kind] = fastgd_replace_init(kind, <void *>constructed), names.split(), needed


cdef int constructed(object made, object given, PyObject *named) except -1:
    for kind in type(made).__mro__:
        if kind in constructors:
            break
    init, names, needed = constructors[kind]
    try:
        return fastgd_init(init, made, given, named)
    except TypeError as error:
        told = argument_error(
            error, f"{kind.__name__}.__init__", names, needed, given, {} if named == NULL else <object>named
        )
        if told is error:
            raise
        raise told from None


def argument_error(error, str method, names, needed, given, named):
    """What CPython would say of the arguments of a method, if `error` is what Cython says; else the error itself.

    Args:
        method: such as "Linear.forward".
        names, needed: of the positional arguments, and how many of them have no default; if none has, they are all.
        given, named: what the method got.
    """
    said = str(error)
    if not said.startswith(method.rpartition(".")[2] + "() "):
        return error
    strange = [name for name in named if name not in names]
    if strange and needed == len(names):
        return TypeError(f"{method}() got an unexpected keyword argument '{strange[0]}'")
    missing = [f"'{name}'" for name in names[len(given):needed] if name not in named]
    if missing:
        last = f"{',' if len(missing) > 2 else ''} and {missing.pop()}" if len(missing) > 1 else ""
        count = len(missing) + bool(last)
        plural = "s" if count > 1 else ""
        return TypeError(f"{method}() missing {count} required positional argument{plural}: {', '.join(missing)}{last}")
    if len(given) > len(names):
        takes = f"{len(names) + 1}" if needed == len(names) else f"from {needed + 1} to {len(names) + 1}"
        return TypeError(f"{method}() takes {takes} positional arguments but {len(given) + 1} were given")
    return TypeError(f"{method.rpartition('.')[0]}.{said}")
