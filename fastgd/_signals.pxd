"""What handlers of signals raise while C is at work: Ctrl-C's, and those that a script sets."""

cdef extern from "Python.h":
    int Py_MakePendingCalls() except -1     # among them the handlers of signals that came, in the main thread


# What a handler of a signal that came raised, or None.
cdef inline object raised_meanwhile():
    try:
        Py_MakePendingCalls()
    except BaseException as error:
        return error
    return None
