"""Context managers and decorators that switch recording on or off, compiled: a training loop enters one a turn."""

from ._tensor cimport switch_grad_mode

import functools


cdef class GradMode:
    """Sets the recording mode of this thread inside `with`, or inside the function that it decorates."""

    cdef bint mode
    cdef bint before
    cdef object function        # that was decorated without parentheses

    def __enter__(self):
        self.before = switch_grad_mode(self.mode)

    def __exit__(self, kind, exception, traceback):
        switch_grad_mode(self.before)

    def __call__(self, *args, **options):
        if self.function is None:
            return self.around(args[0])
        return self.around(self.function)(*args, **options)

    def __get__(self, instance, owner):
        return self if instance is None or self.function is None else functools.partial(self, instance)

    def around(self, function):
        """The function, run in this mode."""
        mode = self.mode

        @functools.wraps(function)
        def within(*args, **options):
            before = switch_grad_mode(mode)
            try:
                return function(*args, **options)
            finally:
                switch_grad_mode(before)

        return within


cdef class no_grad(GradMode):
    """Inside `with no_grad():`, or in a function that it decorates, nothing is recorded.

    Example:
        >>> w = fastgd.ones(2, requires_grad=True)
        >>> with fastgd.no_grad():
        ...     (w * 2).requires_grad
        False
    """

    def __cinit__(self, function=None):
        self.mode = False
        self.function = function


cdef class enable_grad(GradMode):
    """Inside `with enable_grad():` operations are recorded, even within no_grad."""

    def __cinit__(self, function=None):
        self.mode = True
        self.function = function


cdef class inference_mode(GradMode):
    """no_grad under the name that torch recommends for inference; inference_mode(False) changes nothing."""

    def __cinit__(self, mode=True):
        self.function = mode if callable(mode) else None
        self.mode = self.function is None and not mode


cdef class set_grad_enabled(GradMode):
    """Sets recording on or off: at once, until the end of a `with`, or within the function that it decorates."""

    def __cinit__(self, mode):
        self.mode = mode
        self.before = switch_grad_mode(self.mode)

    def __enter__(self):
        switch_grad_mode(self.mode)

    def __call__(self, function):
        switch_grad_mode(self.before)
        return self.around(function)
