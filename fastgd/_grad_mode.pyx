"""Context managers and decorators that switch recording on or off, compiled: a training loop enters one a turn."""

cimport cython

from ._tensor cimport switch_grad_mode

import functools


@cython.freelist(4)
@cython.no_gc               # one is made every turn, and it holds nothing
cdef class GradMode:
    """Sets the recording mode of this thread inside `with`, or inside the function that it decorates."""

    cdef bint mode
    cdef bint before

    def __enter__(self):
        self.before = switch_grad_mode(self.mode)

    def __exit__(self, kind, exception, traceback):
        switch_grad_mode(self.before)

    def __call__(self, function):
        mode = self.mode

        @functools.wraps(function)
        def within(*args, **options):
            before = switch_grad_mode(mode)
            try:
                return function(*args, **options)
            finally:
                switch_grad_mode(before)

        return within


cdef extern from *:
    """
    static _Thread_local int fastgd_inference;      /* whether this thread is within `with inference_mode():` */
    """
    int fastgd_inference


cdef class InferenceMode(GradMode):
    """GradMode that tells inference from no_grad."""

    cdef bint was_inference

    def __enter__(self):
        GradMode.__enter__(self)
        self.was_inference = enter_inference(not self.mode)

    def __exit__(self, kind, exception, traceback):
        enter_inference(self.was_inference)
        GradMode.__exit__(self, kind, exception, traceback)

    def __call__(self, function):
        mode = self.mode

        @functools.wraps(function)
        def within(*args, **options):
            with in_mode(mode, None, InferenceMode):
                return function(*args, **options)

        return within


cdef bint enter_inference(bint within) noexcept:
    global fastgd_inference
    before = fastgd_inference
    fastgd_inference = within
    return before


def is_inference_mode_enabled():
    """Whether this is within `with inference_mode():`."""
    return bool(fastgd_inference)


cdef object in_mode(bint mode, function, kind=GradMode):
    cdef GradMode made = kind.__new__(kind)
    made.mode = mode
    return made if function is None else made(function)


def no_grad(function=None):
    """Inside `with no_grad():`, or in a function that it decorates, nothing is recorded.

    Example:
        >>> w = fastgd.ones(2, requires_grad=True)
        >>> with fastgd.no_grad():
        ...     (w * 2).requires_grad
        False
    """
    return in_mode(False, function)


def enable_grad(function=None):
    """Inside `with enable_grad():` operations are recorded, even within no_grad."""
    return in_mode(True, function)


def inference_mode(mode=True):
    """no_grad under the name that torch recommends for inference; inference_mode(False) records."""
    return in_mode(False, mode, InferenceMode) if callable(mode) else in_mode(not mode, None, InferenceMode)


cdef class set_grad_enabled(GradMode):
    """Sets recording on or off: at once, until the end of a `with`, or within the function that it decorates."""

    def __cinit__(self, mode):
        self.mode = mode
        self.before = switch_grad_mode(self.mode)

    def __enter__(self):
        switch_grad_mode(self.mode)

    def __call__(self, function):
        switch_grad_mode(self.before)
        return GradMode.__call__(self, function)
