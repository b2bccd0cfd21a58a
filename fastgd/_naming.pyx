"""What compiled classes and their methods are called, in print and in errors."""

from cpython.object cimport PyObject, PyTypeObject
from cpython.type cimport PyType_Modified

import copyreg
import re

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
        plural = "s" if names else ""
        return TypeError(f"{method}() takes {takes} positional argument{plural} but {len(given) + 1} were given")
    return TypeError(f"{method.rpartition('.')[0]}.{said}")


# ---- errors of wrong arguments, in which Python says something else than torch

cdef extern from *:
    """
    /* A function of torch's: it is called as it is, and only where it fails somebody looks at its arguments. */
    typedef struct {
        PyObject_HEAD
        vectorcallfunc vectorcall;
        PyObject *function;
        PyObject *name;
        PyObject *is_method;
        PyObject *owner;        /* the class of a compiled method; NULL of a function */
    } fastgd_checked;
    static PyObject *fastgd_explain, *fastgd_explain_method;
    static void fastgd_explained(fastgd_checked *called, PyObject *const *args, Py_ssize_t count, PyObject *names)
    {
        PyObject *kind, *error, *trace, *told = NULL;
        PyErr_Fetch(&kind, &error, &trace);
        PyErr_NormalizeException(&kind, &error, &trace);
        Py_ssize_t all = count + (names ? PyTuple_GET_SIZE(names) : 0);
        PyObject *given = PyTuple_New(all);
        for (Py_ssize_t i = 0; given && i < all; ++i)
            PyTuple_SET_ITEM(given, i, Py_NewRef(args[i]));
        if (given && called->owner)
            told = PyObject_CallFunctionObjArgs(fastgd_explain_method, called->function, called->owner, given,
                                                names ? names : Py_None, error, NULL);
        else if (given)
            told = PyObject_CallFunctionObjArgs(
                fastgd_explain, called->name, called->is_method, given, names ? names : Py_None, NULL);
        Py_XDECREF(given);
        if (told && told != Py_None) {
            PyErr_SetObject((PyObject *)Py_TYPE(told), told);
            Py_DECREF(kind);
            Py_XDECREF(error);
            Py_XDECREF(trace);
        } else {
            PyErr_Clear();
            PyErr_Restore(kind, error, trace);
        }
        Py_XDECREF(told);
    }
    static PyObject *fastgd_checked_call(PyObject *self, PyObject *const *args, size_t count, PyObject *names)
    {
        fastgd_checked *called = (fastgd_checked *)self;
        PyTypeObject *owner = (PyTypeObject *)called->owner;
        if (owner && !PyVectorcall_NARGS(count))
            return PyErr_Format(PyExc_TypeError, "unbound method %s.%U() needs an argument",
                                owner->tp_name, called->name);
        if (owner && !PyObject_TypeCheck(args[0], owner))
            return PyErr_Format(PyExc_TypeError, "descriptor '%U' for '%s' objects doesn't apply to a '%s' object",
                                called->name, owner->tp_name, Py_TYPE(args[0])->tp_name);
        PyObject *made = PyObject_Vectorcall(called->function, args, count, names);
        if (!made && PyErr_ExceptionMatches(owner ? PyExc_TypeError : PyExc_Exception))
            fastgd_explained(called, args, PyVectorcall_NARGS(count), names);
        return made;
    }
    static PyObject *fastgd_checked_get(PyObject *self, PyObject *owner, PyObject *kind)
    {
        return owner ? PyMethod_New(self, owner) : Py_NewRef(self);
    }
    static PyObject *fastgd_checked_attribute(PyObject *self, PyObject *name)
    {
        if (PyUnicode_CompareWithASCIIString(name, "__class__") == 0)
            return PyObject_GenericGetAttr(self, name);
        if (PyUnicode_CompareWithASCIIString(name, "__wrapped__") == 0)
            return Py_NewRef(((fastgd_checked *)self)->function);
        return PyObject_GetAttr(((fastgd_checked *)self)->function, name);
    }
    static PyObject *fastgd_checked_repr(PyObject *self) { return PyObject_Repr(((fastgd_checked *)self)->function); }
    static PyTypeObject fastgd_checked_type = {
        PyVarObject_HEAD_INIT(NULL, 0)
        .tp_name = "fastgd.function",
        .tp_basicsize = sizeof(fastgd_checked),
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
        .tp_vectorcall_offset = offsetof(fastgd_checked, vectorcall),
        .tp_call = PyVectorcall_Call,
        .tp_descr_get = fastgd_checked_get,
        .tp_getattro = fastgd_checked_attribute,
        .tp_repr = fastgd_checked_repr,
    };
    static PyObject *fastgd_check(PyObject *function, PyObject *name, PyObject *is_method, PyObject *owner)
    {
        if (PyType_Ready(&fastgd_checked_type) < 0)
            return NULL;
        fastgd_checked *made = PyObject_New(fastgd_checked, &fastgd_checked_type);
        if (made) {         /* which lives as long as its module */
            made->vectorcall = fastgd_checked_call;
            made->function = Py_NewRef(function);
            made->name = Py_NewRef(name);
            made->is_method = Py_NewRef(is_method);
            made->owner = Py_XNewRef(owner);
        }
        return (PyObject *)made;
    }
    static void fastgd_explain_by(PyObject *explain, PyObject *method)
    {
        fastgd_explain = Py_NewRef(explain);
        fastgd_explain_method = Py_NewRef(method);
    }
    """
    object fastgd_check(object function, object name, object is_method, PyObject *owner)
    void fastgd_explain_by(object explain, object method)


def _explain(name, is_method, given, names):
    from .arguments import error

    count = len(given) - len(names or ())
    return error(name, is_method, given[:count], dict(zip(names or (), given[count:])))


def checked(function, name, bint is_method=False):
    """A function that fails, where its arguments are none of torch's, in torch's words: see arguments.py.

    It costs a few nanoseconds a call, for they are looked at only after it has failed.
    """
    return fastgd_check(function, name, is_method, NULL)


cdef object cythons_words = re.compile(r"\w+\(\) (takes |got an unexpected |got multiple values |needs )").match
# Methods of Tensor that torch has in Python.
WRITTEN_IN_PYTHON = {"backward", "register_hook", "register_post_accumulate_grad_hook"}


def _explain_method(function, kind, given, names, error):
    """What torch would say of the arguments of a compiled method; None where they are not what is wrong."""
    if not cythons_words(str(error)):
        return None
    code, count = function.__code__, len(given) - len(names or ())
    known = code.co_varnames[1:code.co_argcount]
    name = function.__name__
    if kind.__name__ == "Tensor" and name not in WRITTEN_IN_PYTHON:
        more = count - 1
        if known or names or not more:
            return None
        if code.co_kwonlyargcount:
            return TypeError(f"{name}() takes 0 positional arguments but {more} {'was' if more == 1 else 'were'} given")
        return TypeError(f"TensorBase.{name}() takes no arguments ({more} given)")
    needed = len(known) - len(function.__defaults__ or ())
    told = argument_error(
        error, f"{kind.__name__}.{name}", known, needed, given[1:count], dict(zip(names or (), given[count:]))
    )
    return None if told is error else told


def name_methods(kind):
    """Puts the compiled methods of a class behind a check: Cython calls them with any object as self, which it takes
    for one of the class, and says less of wrong arguments than CPython."""
    methods = fastgd_class_dict(kind)
    for name, method in list(methods.items()):
        if type(method) is type(_explain_method) and not name.startswith("__"):
            methods[name] = fastgd_check(method, name, True, <PyObject *>kind)
    PyType_Modified(kind)


fastgd_explain_by(_explain, _explain_method)
copyreg.pickle(type(checked(_explain, "")), lambda function: function.__qualname__)
