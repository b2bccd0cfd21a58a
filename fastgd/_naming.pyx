"""The one thing about the names of classes that Python cannot do by itself."""

from cpython.object cimport PyTypeObject

_names = []  # CPython keeps only the pointer


def rename(type kind, str name):
    """Makes a compiled class print as another name, module included; one written in Python has `__module__` for it."""
    _names.append(name.encode())
    (<PyTypeObject*>kind).tp_name = _names[-1]
