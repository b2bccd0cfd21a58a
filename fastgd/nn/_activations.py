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
hardtanh = [  # in place it has the same name
    row(
        "hardtanh",
        lambda a, low, high: np.clip(a, low, high),
        (lambda g, out, a, low, high: np.where((a > low) & (a < high), g, 0),),
        ((0,),),
    )
] * 2
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
selu = [
    row(
        "selu" + suffix,
        lambda a: _SELU_SCALE * np.where(a > 0, a, _SELU_ALPHA * np.expm1(np.minimum(a, 0))),
        (lambda g, out, a: g * _SELU_SCALE * np.where(a > 0, 1, _SELU_ALPHA * np.exp(np.minimum(a, 0))),),
        ((0,),),
        label=f"EluBackward{i}",
    )
    for i, suffix in enumerate(("", "_"))
]
softshrink = row(
    "softshrink",
    lambda a, lambd: np.where(a > lambd, a - lambd, np.where(a < -lambd, a + lambd, 0 * a)),
    (lambda g, out, a, lambd: np.where(np.abs(a) > lambd, g, 0),),
    ((0,),),
)
threshold = _rows(
    "threshold",
    lambda a, threshold, value: np.where(a > threshold, a, a.dtype.type(value)),
    lambda g, out, a, threshold, value: np.where(a > threshold, g, 0),
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
silu = [  # in place it has the same name
    row("silu", lambda a: a * _sigmoid(a), (lambda g, out, a: g * (s := _sigmoid(a)) * (1 + a * (1 - s)),), ((0,),))
] * 2
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


# ---- batch_norm: columns are the dimension 1


def _beside(a, columns):
    """Figures of the columns, in a shape that broadcasts over the rows."""
    return columns.reshape(1, -1, *[1] * (a.ndim - 2))


def _over_rows(a):
    return a.sum((0, *range(2, a.ndim)))


def moments(a):
    """The means and the variances of the columns."""
    rows = a.dtype.type(a.size // a.shape[1])
    mean = _over_rows(a) / rows
    return mean, _over_rows(np.square(a - _beside(a, mean))) / rows


def _units(a, mean, var, eps):
    return (a - _beside(a, mean)) / _beside(a, np.sqrt(var + var.dtype.type(eps)))


def _batch_norm(a, weight, bias, mean, var, eps, training):
    made = _units(a, mean, var, eps)
    if weight is not None:
        made *= _beside(a, weight)
    if bias is not None:
        made += _beside(a, bias)
    return made


def _batch_norm_input(g, out, a, weight, bias, mean, var, eps, training):
    if weight is not None:
        g = g * _beside(a, weight)
    if training:  # the means and the variances are functions of the input
        units, rows = _units(a, mean, var, eps), a.dtype.type(a.size // a.shape[1])
        g = g - _beside(a, _over_rows(g) / rows) - units * _beside(a, _over_rows(g * units) / rows)
    return g / _beside(a, np.sqrt(var + var.dtype.type(eps)))


batch_norm = row(
    "native_batch_norm",
    _batch_norm,
    (
        _batch_norm_input,
        lambda g, out, a, weight, bias, mean, var, eps, training: _over_rows(g * _units(a, mean, var, eps)),
        lambda g, out, a, weight, bias, mean, var, eps, training: _over_rows(g),
    ),
    ((0, 1), (0,), ()),
)
