# Part of _tensor: what holds for all operations: whether they are recorded, whether the affine form is recognised, the
# dtype of Python's floats, and that numpy does not warn.

cdef bint switch_grad_mode(bint mode) noexcept:
    """Switches recording on or off in this thread; returns what it was."""
    global fastgd_grad_enabled
    before = fastgd_grad_enabled
    fastgd_grad_enabled = mode
    return before


def is_grad_enabled():
    """Whether operations are recorded in this thread."""
    return bool(fastgd_grad_enabled)


cdef bint affine_enabled = True


cdef bint recognising() noexcept:
    return affine_enabled and fastgd_grad_enabled


def set_affine(bint enabled):
    """Switches the affine form on or off; returns what it was. Everything works either way."""
    global affine_enabled
    before = affine_enabled
    affine_enabled = enabled
    return before


cdef object default_dtype_ = None


def get_default_dtype():
    """The dtype of tensors made from Python floats."""
    return default_dtype_


def set_default_dtype_(dtype):
    global default_dtype_
    default_dtype_ = dtype


quiet = contextvars.copy_context()
quiet.run(np.seterr, all="ignore")


cdef object enter_quiet():
    """Silences numpy's floating-point warnings, which torch does not give; PyContext_Exit ends it.

    np.errstate costs more than a small operation. A context that is in use, by another thread, is copied.
    """
    try:
        PyContext_Enter(quiet)
        return quiet
    except RuntimeError:
        context = quiet.copy()
        PyContext_Enter(context)
        return context
