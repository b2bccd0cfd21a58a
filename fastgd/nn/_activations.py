"""The activations beside those that every tensor has, as rows of the table of operations."""

import numpy as np

from .._tensor import row


def _sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, x.dtype.type(1), small) / (1 + small)


def _rows(name, forward, gradient):
    """The row of an activation, and that of its in-place form, which only grad_fn's name tells apart."""
    label = name.title().replace("_", "")
    return [
        row(name + suffix, forward, (gradient,), ((0,),), label=f"{label}Backward{i}")
        for i, suffix in enumerate(("", "_"))
    ]


leaky_relu = _rows(
    "leaky_relu",
    lambda a, slope: np.where(a > 0, a, a * slope),
    lambda g, out, a, slope: np.where(a > 0, g, g * slope),
)
elu = _rows(
    "elu",
    lambda a, alpha: np.where(a > 0, a, alpha * np.expm1(np.minimum(a, 0))),
    lambda g, out, a, alpha: np.where(a > 0, g, g * alpha * np.exp(np.minimum(a, 0))),
)
softplus = row(
    "softplus",
    lambda a, beta, threshold: np.where(a * beta > threshold, a, np.log1p(np.exp(a * beta)) / beta),
    (lambda g, out, a, beta, threshold: np.where(a * beta > threshold, g, g * _sigmoid(a * beta)),),
    ((0,),),
)
log_sigmoid = row(
    "log_sigmoid",
    lambda a: np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a))),
    (lambda g, out, a: g * _sigmoid(-a),),
    ((0,),),
)
pad = row(
    "constant_pad_nd",
    lambda a, widths, value: np.pad(a, widths, constant_values=value),
    (
        lambda g, out, a, widths, value: g[
            tuple(slice(before, before + size) for (before, _), size in zip(widths, a.shape))
        ],
    ),
    ((),),
)
