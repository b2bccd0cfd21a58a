"""Sums, means, extremes: what makes fewer elements of many."""

import math

import numpy as np

from .._tensor import Tensor, apply, named_as, row
from .._types import advised, as_dtype, of_array
from .._warnings import warn
from ._loops import MAX, MEAN, MIN, NORM, PROD, STD, SUM, VAR, reduced, signs
from .publishing import NO_OPTIONS, OUT, check_tensor, into, publish
from .views import axes_of, expanded


def spread(g, a, dim, keepdim):
    """The gradient of a reduction, repeated over what was reduced."""
    return expanded(np.asarray(kept(g, a, dim, keepdim)), a.shape, False)


def kept(reduced, a, dim, keepdim):
    """What a reduction gave, with the reduced dimensions as ones."""
    axes = axes_of(dim, a.ndim)
    if axes is None or keepdim:
        return reduced
    if isinstance(axes, int):
        return np.asarray(reduced)[(slice(None),) * axes + (None,)]
    return np.expand_dims(reduced, axes)


def _count(a, dim):
    axes = axes_of(dim, a.ndim)
    if axes is None:
        return math.prod(a.shape)
    return a.shape[axes] if isinstance(axes, int) else math.prod([a.shape[axis] for axis in axes])


_LONG = 64


def total(a, axes, keepdim=False, dtype=None):
    """np.add.reduce that loses no digits in float32.

    numpy sums pairwise along the last axis only; along any other it adds row to row, whose error grows with the rows.
    """
    if axes is None and not keepdim:
        return np.add.reduce(a, None, dtype)
    first = axes if isinstance(axes, int) else min(axes) if axes else 0
    if dtype is None and a.itemsize < 8 and a.dtype.kind == "f" and first != a.ndim - 1 and a.shape[first] > _LONG:
        return np.add.reduce(a, axes, np.float64, keepdims=keepdim).astype(a.dtype)
    return np.add.reduce(a, axes, dtype, keepdims=keepdim)


def _sum(a, dim=None, keepdim=False, dtype=None):
    made = reduced(SUM, a, dim, keepdim) if dtype is None else None
    if made is not None:
        return made
    if dtype is None and a.dtype.kind != "f":
        dtype = np.int64
    return total(a, axes_of(dim, a.ndim), keepdim, dtype)


def _mean(a, dim=None, keepdim=False, dtype=None):
    made = reduced(MEAN, a, dim, keepdim) if dtype is None else None
    if made is not None:
        return made
    if dtype is not None:
        a = a.astype(dtype, copy=False)
    elif a.dtype.kind != "f":
        raise advised(
            RuntimeError(
                "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
                f"Got: {of_array(a).legacy}"
            ),
            "Use .float().mean().",
        )
    return total(a, axes_of(dim, a.ndim), keepdim) / a.dtype.type(_count(a, dim))


def _numbered(name):
    """grad_fn's name: 0 for a reduction of everything, 1 along dimensions."""
    return lambda a, dim=None, **options: f"{name}Backward{int(dim is not None)}"


_sum_row = row(
    "sum",
    _sum,
    (lambda g, out, a, dim=None, keepdim=False, dtype=None: spread(g, a, dim, keepdim),),
    ((),),
    label=_numbered("Sum"),
)
_mean_row = row(
    "mean",
    _mean,
    (lambda g, out, a, dim=None, keepdim=False, dtype=None: spread(g / g.dtype.type(_count(a, dim)), a, dim, keepdim),),
    ((),),
    label=_numbered("Mean"),
)
_nansum_row = row(
    "nansum",
    lambda a, **options: _sum(np.where(np.isnan(a), a.dtype.type(0), a), **options),
    (lambda g, out, a, dim=None, keepdim=False, dtype=None: spread(g, a, dim, keepdim) * ~np.isnan(a),),
    ((0,),),
    label="NansumBackward0",
)


def _along(made, doc):
    def reduce(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False, out=None):
        if not isinstance(input, Tensor):
            check_tensor(made.name, "input", 1, input)
        if axis is not None:
            dim = axis
        if dim is None and dtype is None and not keepdim and not keepdims:
            result = apply(made, (input,), NO_OPTIONS)
        else:
            options = {"dim": dim, "keepdim": keepdim or keepdims}
            if dtype is not None:
                options["dtype"] = as_dtype(dtype).numpy
            result = apply(made, (input,), options)
        return result if out is None else into(out, result)

    return publish(made.name, reduce, doc)


sum = _along(_sum_row, "The sum of all elements, or along dim: a number or several; dtype is that of the sum.")
mean = _along(_mean_row, "The mean of all elements, or along dim: a number or several.")
nansum = _along(_nansum_row, "The sum with NaN counted as 0.")


def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    """The mean of the elements that are not NaN."""
    return nansum(input, dim, keepdim, dtype=dtype) / (~input.isnan()).sum(dim, keepdim)


# ---- products


def _others_product(a, axis):
    """The product of all other elements along an axis: right where an element is 0, too."""
    a = np.moveaxis(a, axis, 0)
    before = np.ones_like(a)
    after = np.ones_like(a)
    np.cumprod(a[:-1], 0, out=before[1:])
    np.cumprod(a[:0:-1], 0, out=after[-2::-1])
    return np.moveaxis(before * after, 0, axis)


def _prod_gradient(g, out, a, dim=None, keepdim=False, dtype=None):
    if dim is None:
        return g * _others_product(a.reshape(-1), 0).reshape(a.shape) if a.size else a
    return spread(g, a, dim, keepdim) * (_others_product(a, axes_of(dim, a.ndim)) if a.ndim else 1)


def _prod_forward(a, dim=None, keepdim=False, dtype=None):
    made = reduced(PROD, a, dim, keepdim) if dtype is None else None
    if made is not None:
        return made
    if dtype is None and a.dtype.kind != "f":
        dtype = np.int64
    return np.multiply.reduce(a, axes_of(dim, a.ndim), dtype, keepdims=keepdim)


prod = _along(
    row("prod", _prod_forward, (_prod_gradient,), ((0,),), label=_numbered("Prod")),
    "The product of all elements, or along dim.",
)

# ---- variance


def _centred(a, dim):
    return a - total(a, axes_of(dim, a.ndim), True) / a.dtype.type(_count(a, dim))


def _var_forward(a, dim=None, keepdim=False, correction=1):
    made = reduced(VAR, a, dim, keepdim, correction)
    if made is not None:
        return made
    if a.dtype.kind != "f":
        raise advised(RuntimeError("std and var only support floating point and complex dtypes"), "Use .float().")
    squares = _centred(a, dim)
    squares *= squares
    freedom = a.dtype.type(max(_count(a, dim) - correction, 0))
    return total(squares, axes_of(dim, a.ndim), keepdim) / freedom


def _std_forward(a, dim=None, keepdim=False, correction=1):
    made = reduced(STD, a, dim, keepdim, correction)
    return np.sqrt(_var_forward(a, dim, keepdim, correction)) if made is None else made


def _var_gradient(g, out, a, dim=None, keepdim=False, correction=1):
    freedom = a.dtype.type(max(_count(a, dim) - correction, 0))
    return spread(g, a, dim, keepdim) * (2 / freedom) * _centred(a, dim)


def _std_gradient(g, out, a, dim=None, keepdim=False, correction=1):
    return _var_gradient(np.where(out == 0, 0, g / (2 * out)).astype(g.dtype), out, a, dim, keepdim, correction)


_var = row("var", _var_forward, (_var_gradient,), ((0,),))
_std = row("std", _std_forward, (_std_gradient,), ((0, OUT),))


def _measured(made, name, input, dim=None, unbiased=None, keepdim=False, *, correction=None, axis=None, keepdims=False):
    """What the row `made` finds, for a function of that name."""
    check_tensor(name, "input", 1, input)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    if axis is not None:
        dim = axis
    if (input.numel() if dim is None else _count(input, dim)) <= correction:
        warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel)."
        )
    if dim is None and correction == 1 and not keepdim and not keepdims:
        return apply(made, (input,), NO_OPTIONS)
    return apply(made, (input,), {"dim": dim, "keepdim": keepdim or keepdims, "correction": correction})


def _spread_of(made, doc):
    def measure(input, dim=None, unbiased=None, keepdim=False, *, correction=None, axis=None, keepdims=False, out=None):
        found = _measured(
            made, made.name, input, dim, unbiased, keepdim, correction=correction, axis=axis, keepdims=keepdims
        )
        return found if out is None else into(out, found)

    return publish(made.name, measure, doc)


var = _spread_of(_var, "The variance of all elements, or along dim, divided by their number less correction (1).")
std = _spread_of(_std, "The standard deviation of all elements, or along dim: the root of `var`.")


def var_mean(input, dim=None, *args, **options):
    """The variance and the mean."""
    return _with_mean(_var, "VarMeanBackward0", input, dim, args, options)


def std_mean(input, dim=None, *args, **options):
    """The standard deviation and the mean."""
    return _with_mean(_std, "StdMeanBackward0", input, dim, args, options)


def _with_mean(made, label, input, dim, args, options):
    keepdim = options.get("keepdim", args[1] if len(args) > 1 else False)
    middle = mean(input, None if isinstance(dim, bool) else dim, keepdim)
    spread = _measured(made, f"{made.name}_mean", input, dim, *args, **options)
    return named_as(spread, label), named_as(middle, label)


# ---- norms


def _norm_forward(a, p=2, dim=None, keepdim=False):
    made = reduced(NORM, a, dim, keepdim) if p == 2 else None
    if made is not None:
        return made
    axes = axes_of(dim, a.ndim)
    if p == 2:
        return np.sqrt(total(a * a, axes, keepdim))
    size = np.abs(a)
    if p == math.inf:
        return np.maximum.reduce(size, axes, keepdims=keepdim)
    if p == -math.inf:
        return np.minimum.reduce(size, axes, keepdims=keepdim)
    if p == 0:
        return total((a != 0).astype(a.dtype), axes, keepdim)
    if p == 1:
        return total(size, axes, keepdim)
    return np.power(total(np.power(size, p), axes, keepdim), a.dtype.type(1 / p))


def _norm_gradient(g, out, a, p=2, dim=None, keepdim=False):
    g, out = kept(g, a, dim, keepdim), kept(out, a, dim, keepdim)
    if p == 0:
        return None  # torch passes nothing on, either
    if p == 1:
        return g * signs(a)
    if abs(p) == math.inf:
        return signs(a) * even_share(g, out, np.abs(a), dim)
    if p == 2:
        return np.where(out == 0, 0, g * (a / out))
    return np.where(out == 0, 0, g * signs(a) * np.power(np.abs(a) / out, p - 1))


def even_share(g, out, a, dim):
    """The gradient of an extreme, shared evenly among the elements that reach it; g and out with ones for what was
    reduced."""
    mask = (a == out) | (np.isnan(out) & np.isnan(a))
    return g * mask / np.add.reduce(mask, axes_of(dim, a.ndim), a.dtype, keepdims=True)


_norm = row(
    "norm",
    _norm_forward,
    (_norm_gradient,),
    ((0, OUT),),
    label=lambda a, **options: "LinalgVectorNormBackward0",
)


def norm(input, p="fro", dim=None, keepdim=False, dtype=None):
    """(sum |input|^p)^(1/p) of all elements, or along dim.

    Args:
        p: 2 ("fro") by default; 1, 0 (how many are not 0), inf, -inf or any number.
        dim: one or several dimensions; all by default.
        keepdim: keeps the reduced dimensions with size 1.

    Example:
        >>> fastgd.norm(fastgd.tensor([3.0, 4.0]))
        tensor(5.)
    """
    check_tensor("norm", "input", 1, input)
    if dtype is not None:
        input = input.to(dtype)
    if not input.dtype.is_floating_point:
        raise advised(
            RuntimeError(
                "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
                f"{of_array(input.numpy()).legacy}"
            ),
            "Convert it with .float().",
        )
    p = 2 if p in ("fro", None) else p
    if p == "nuc":
        raise NotImplementedError("norm: fastgd has no nuclear norm; this needs torch")
    return apply(_norm, (input,), {"p": p, "dim": dim, "keepdim": keepdim})


_dist = row(
    "dist",
    lambda a, b, p: _norm_forward(a - b, p),
    (
        lambda g, out, a, b, p: _norm_gradient(g, out, a - b, p),
        lambda g, out, a, b, p: -_norm_gradient(g, out, a - b, p),
    ),
    ((0, 1, OUT), (0, 1, OUT)),
)


def dist(input, other, p=2):
    """The p-norm of input - other."""
    return apply(_dist, (input, other), {"p": p})


# ---- all, any, counting


def _truth(name, function, extreme, doc):
    def forward(a, dim=None, keepdim=False):
        made = reduced(extreme, a, dim, keepdim) if a.dtype.kind == "b" else None
        if made is None:
            made = function(a, axes_of(dim, a.ndim), np.bool_, keepdims=keepdim)
        return made.astype(np.uint8) if a.dtype == np.uint8 else made  # as torch has it

    return _along(row(name, forward), doc)


all = _truth("all", np.logical_and.reduce, MIN, "Whether all elements are not 0, or along dim.")
any = _truth("any", np.logical_or.reduce, MAX, "Whether an element is not 0, or along dim.")
_count_nonzero = row("count_nonzero", lambda a, dim=None: np.count_nonzero(a, axes_of(dim, a.ndim)))


def count_nonzero(input, dim=None):
    """How many elements are not 0."""
    return apply(_count_nonzero, (input,), {"dim": dim})


# ---- covariance


def cov(input, *, correction=1):
    """The covariances of variables in rows, observations in columns."""
    centred = input - mean(input, -1, True)
    if input.ndim < 2:
        centred = centred.unsqueeze(0)
    return (centred @ centred.t() / max(centred.shape[1] - correction, 0)).squeeze()


def corrcoef(input):
    """The correlations of variables in rows, observations in columns."""
    made = cov(input)
    if made.ndim < 2:
        return made / made
    spread = made.diagonal().sqrt()
    return (made / spread.unsqueeze(1) / spread).clamp(-1, 1)


for _function in (cov, corrcoef, nanmean, norm, dist, count_nonzero):
    publish(_function.__name__, _function, _function.__doc__)
