"""Along one dimension: running sums and products, and exponentials that are summed."""

import numpy as np

from .._tensor import apply, apply_inplace, row
from .._types import advised, as_dtype, of_array
from ._loops import softened
from .promotion import floating
from .publishing import OUT, publish
from .reductions import kept
from .views import axes_of, check_dim


def _running(function, a, dim, dtype):
    if dtype is None and a.dtype.kind != "f":
        dtype = np.int64
    axis = check_dim(dim, a.ndim or 1)
    return function.accumulate(a, axis, dtype) if a.ndim else a.astype(dtype or a.dtype)


def _reversed(a, dim):
    return np.flip(a, dim) if a.ndim else a


def _cumsum_gradient(g, out, a, dim, dtype):
    return _reversed(np.cumsum(_reversed(g, dim), dim if g.ndim else None), dim).reshape(a.shape)


def _cumprod_gradient(g, out, a, dim, dtype):
    a_first, out_first, g_first = (np.moveaxis(np.atleast_1d(array), dim, 0) for array in (a, out, g))
    made = np.empty_like(a_first)
    behind = np.zeros_like(a_first[0])
    for i in range(len(a_first) - 1, -1, -1):
        behind = g_first[i] + behind * (a_first[i + 1] if i + 1 < len(a_first) else 0)
        made[i] = behind * (out_first[i - 1] if i else 1)
    return np.moveaxis(made, 0, dim).reshape(a.shape)


_cumsum = row("cumsum", lambda a, dim, dtype: _running(np.add, a, dim, dtype), (_cumsum_gradient,), ((),))
_cumprod = row("cumprod", lambda a, dim, dtype: _running(np.multiply, a, dim, dtype), (_cumprod_gradient,), ((0, OUT),))


def _accumulation(made, doc):
    def accumulating(apply, name):
        def accumulate(input, dim=None, *, dtype=None, axis=None):
            dim = axis if dim is None else dim
            if dim is None:
                raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
            return apply(made, (input,), {"dim": dim, "dtype": None if dtype is None else as_dtype(dtype).numpy})

        return accumulate

    return publish(made.name, accumulating(apply, made.name), doc, accumulating(apply_inplace, made.name + "_"))


cumsum = _accumulation(_cumsum, "The sums of the first one, two, three, ... elements along dim.")
cumprod = _accumulation(_cumprod, "The products of the first one, two, three, ... elements along dim.")

# ---- exponentials that are summed


def _peak(a, dim):
    top = np.maximum.reduce(a, axes_of(dim, a.ndim), keepdims=True)
    return np.where(np.isfinite(top), top, a.dtype.type(0))


def _logsumexp_forward(a, dim, keepdim=False):
    a = floating(a)
    top = _peak(a, dim)
    made = np.log(np.add.reduce(np.exp(a - top), axes_of(dim, a.ndim), keepdims=True)) + top
    return made if keepdim else made.squeeze(axes_of(dim, a.ndim))


_logsumexp = row(
    "logsumexp",
    _logsumexp_forward,
    (lambda g, out, a, dim, keepdim=False: kept(g, a, dim, keepdim) * np.exp(a - kept(out, a, dim, keepdim)),),
    ((0, OUT),),
)


def logsumexp(input, dim=None, keepdim=False, *, axis=None):
    """log(sum(exp(input))) along dim, without overflow."""
    dim = axis if dim is None else dim
    return apply(_logsumexp, (input,), {"dim": dim, "keepdim": keepdim})


def _check_soft(name, a, dim):
    if a.dtype.kind != "f":
        last = "lastdim_" if dim is None or dim == a.ndim - 1 else ""
        raise advised(
            NotImplementedError(f"\"{name}_{last}kernel_impl\" not implemented for '{of_array(a).legacy}'"),
            "Use .float().",
        )


def _softmax_forward(a, dim):
    made = softened(a, dim, False)
    if made is not None:
        return made
    _check_soft("softmax", a, dim)
    made = np.exp(a - _peak(a, dim))
    return made / np.add.reduce(made, dim, keepdims=True)


def _log_softmax_forward(a, dim):
    made = softened(a, dim, True)
    if made is not None:
        return made
    _check_soft("log_softmax", a, dim)
    made = a - _peak(a, dim)
    return made - np.log(np.add.reduce(np.exp(made), dim, keepdims=True))


_softmax = row(
    "softmax",
    _softmax_forward,
    (lambda g, out, a, dim: out * (g - np.add.reduce(g * out, dim, keepdims=True)),),
    ((OUT,),),
)
_log_softmax = row(
    "log_softmax",
    _log_softmax_forward,
    (lambda g, out, a, dim: g - np.exp(out) * np.add.reduce(g, dim, keepdims=True),),
    ((OUT,),),
)


def _soft(made, doc):
    def soft(input, dim=None, dtype=None, *, axis=None):
        dim = axis if dim is None else dim
        if dim is None:
            raise TypeError(f"{made.name}() received an invalid combination of arguments: expected a `dim`")
        if dtype is not None:
            input = input.to(dtype)
        dims = input.ndim
        return apply(made, (input,), {"dim": check_dim(dim, dims or 1) if dims else None})

    return publish(made.name, soft, doc)


softmax = _soft(_softmax, "exp(input) / sum(exp(input)) along dim.")
log_softmax = _soft(_log_softmax, "The logarithm of softmax along dim.")

publish("logsumexp", logsumexp, logsumexp.__doc__)
