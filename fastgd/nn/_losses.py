"""The losses as rows of the table of operations. What they refuse is refused in functional.py, at the door."""

import numpy as np

from .._tensor import between, row
from .._types import advised, of_array
from ..ops._loops import MEAN, SUM, reduced, signs


def _alike(a, b):
    """Two arrays as torch would combine them: an integer array takes the type of a float one."""
    if a.dtype.kind != b.dtype.kind:
        return (a, b.astype(a.dtype)) if a.dtype.kind == "f" else (a.astype(b.dtype), b)
    return a, b


def _difference(a, b):
    a, b = _alike(a, b)
    return np.subtract(a, b)


def _reduced(values, reduction):
    if reduction == "none":
        return values
    made = reduced(SUM if reduction == "sum" else MEAN, values)
    if made is not None:
        return made
    total = np.add.reduce(values, None)
    return np.asarray(total if reduction == "sum" else total / total.dtype.type(values.size))


def _share(g, size, reduction):
    """What each element of a loss gets of the gradient of its reduction."""
    return g / g.dtype.type(size) if reduction == "mean" else g


def _of_residual(name, label, value, slope, arguments=None):
    """The row of a loss that depends on input - target alone, and its derivative."""

    def forward(a, b, reduction, **options):
        if a.dtype.kind != "f" and b.dtype.kind != "f":
            raise advised(
                NotImplementedError(f"\"{name.replace('loss', 'cpu')}\" not implemented for '{of_array(a).legacy}'"),
                "Convert it with .float().",
            )
        return _reduced(value(_difference(a, b), **options), reduction)

    def gradient(g, out, a, b, reduction, **options):
        residual = _difference(a, b)
        return _share(g, residual.size, reduction) * slope(residual, **options)

    def negative(*arrays, **options):
        return -gradient(*arrays, **options)

    return row(name, forward, (gradient, negative), ((0, 1), (0, 1)), label=label, arguments=arguments)


def _huber(r, delta):
    size = np.abs(r)
    inner = np.minimum(size, delta)
    return inner * (size - 0.5 * inner)


def _l1_arguments(label, a, b):
    difference = between("SubBackward0", a, b)
    return (difference if label == "AbsBackward0" else between("AbsBackward0", difference),)


mse_loss = _of_residual("mse_loss", "MseLossBackward0", np.square, lambda r: 2 * r)
l1_loss = _of_residual(
    "l1_loss",
    lambda a, b, reduction: {"mean": "MeanBackward0", "sum": "SumBackward0", "none": "AbsBackward0"}[reduction],
    np.abs,
    signs,
    _l1_arguments,
)
huber_loss = _of_residual("huber_loss", "HuberLossBackward0", _huber, lambda r, delta: np.clip(r, -delta, delta))
smooth_l1_loss = _of_residual(
    "smooth_l1_loss",
    "SmoothL1LossBackward0",
    lambda r, beta: _huber(r, beta) if beta == 1 else _huber(r, beta) / beta,
    lambda r, beta: np.clip(r / beta, -1, 1),
)


# ---- of probabilities


def _cross_entropy_of(p, t):
    # torch's floor under the logarithms, so that a certain mistake costs 100 and not infinity.
    with np.errstate(divide="ignore"):
        return (t - 1) * np.maximum(np.log1p(-p), -100) - t * np.maximum(np.log(p), -100)


def _weighted(values, weight):
    return values if weight is None else values * weight


def _bce(p, t, weight, reduction):
    return _reduced(_weighted(_cross_entropy_of(p, t), weight), reduction)


def _bce_input(g, out, p, t, weight, reduction):
    slope = (p - t) / np.maximum((1 - p) * p, 1e-12)
    return _share(g, slope.size, reduction) * _weighted(slope, weight)


def _bce_target(g, out, p, t, weight, reduction):
    with np.errstate(divide="ignore"):
        slope = np.maximum(np.log1p(-p), -100) - np.maximum(np.log(p), -100)
    return _share(g, slope.size, reduction) * _weighted(slope, weight)


binary_cross_entropy = row(
    "binary_cross_entropy",
    _bce,
    (_bce_input, _bce_target, None),
    ((0, 1, 2), (0, 2), ()),
    label="BinaryCrossEntropyBackward0",
)


def _softplus(x):
    """log(1 + exp(x)) without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def _bce_logits(x, t, weight, pos_weight, reduction):
    x, t = _alike(x, t)
    if pos_weight is None:
        # Not softplus(x) - t * x, which loses the small losses of certain predictions.
        values = (np.maximum(x, 0) - t * x) + np.log1p(np.exp(-np.abs(x)))
        return _reduced(_weighted(values, weight), reduction)
    return _reduced(_weighted((1 - t) * _softplus(x) + _weighted(t, pos_weight) * _softplus(-x), weight), reduction)


def _bce_logits_input(g, out, x, t, weight, pos_weight, reduction):
    x, t = _alike(x, t)
    up, down = 1 - t, _weighted(t, pos_weight)
    slope = (up + down) * _sigmoid(x) - down
    return _share(g, slope.size, reduction) * _weighted(slope, weight)


def _bce_logits_target(g, out, x, t, weight, pos_weight, reduction):
    x, t = _alike(x, t)
    slope = _weighted(_softplus(-x), pos_weight) - _softplus(x)
    return _share(g, slope.size, reduction) * _weighted(slope, weight)


binary_cross_entropy_with_logits = row(
    "binary_cross_entropy_with_logits",
    _bce_logits,
    (_bce_logits_input, _bce_logits_target, None, None),
    ((0, 1, 2, 3), (0, 2, 3), (), ()),
    label="BinaryCrossEntropyWithLogitsBackward0",
)


# ---- of classes


def _log_softmax(a, axis):
    shifted = a - a.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


def _axis(a):
    return 0 if a.ndim == 1 else 1


def _class_weights(a, target, weight, ignore_index, label_smoothing):
    """How much each class counts in each row, in the shape of the input, and what a mean divides by."""
    axis = _axis(a)
    classes = a.shape[axis]
    column = None if weight is None else weight.reshape([-1 if i == axis else 1 for i in range(a.ndim)])
    if target.shape == a.shape:
        wanted, total = target.astype(a.dtype, copy=False), a.size // classes
        kept = None
    else:
        kept = np.expand_dims(target != ignore_index, axis)
        chosen = np.where(kept, np.expand_dims(target, axis), 0)
        wanted = np.zeros(a.shape, a.dtype)
        np.put_along_axis(wanted, chosen, kept.astype(a.dtype), axis)
        total = kept.sum() if weight is None else (wanted * column).sum()
    if label_smoothing:
        wanted = wanted * (1 - label_smoothing) + label_smoothing / classes
        if kept is not None:
            wanted = wanted * kept
    return _weighted(wanted, column).astype(a.dtype, copy=False), total


def _ce(a, target, weight, ignore_index, reduction, label_smoothing):
    wanted, total = _class_weights(a, target, weight, ignore_index, label_smoothing)
    losses = -(wanted * _log_softmax(a, _axis(a))).sum(_axis(a))
    if reduction == "none":
        return losses
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(losses.sum() / a.dtype.type(total if reduction == "mean" else 1))


def _ce_shared(g, a, total, reduction):
    if reduction == "none":
        return np.expand_dims(g, _axis(a))
    with np.errstate(invalid="ignore", divide="ignore"):
        return g / g.dtype.type(total) if reduction == "mean" else g


def _ce_input(g, out, a, target, weight, ignore_index, reduction, label_smoothing):
    axis = _axis(a)
    wanted, total = _class_weights(a, target, weight, ignore_index, label_smoothing)
    slope = np.exp(_log_softmax(a, axis)) * wanted.sum(axis, keepdims=True) - wanted
    return _ce_shared(g, a, total, reduction) * slope


def _ce_target(g, out, a, target, weight, ignore_index, reduction, label_smoothing):
    ones, total = _class_weights(a, np.ones_like(a), weight, ignore_index, 0)
    return _ce_shared(g, a, total, reduction) * -ones * _log_softmax(a, _axis(a)) * (1 - label_smoothing)


def _ce_label(a, target, weight, ignore_index, reduction, label_smoothing):
    if target.shape == a.shape:
        return "DivBackward1" if reduction == "mean" else "NegBackward0"
    if label_smoothing:
        return "AddBackward0"
    if a.ndim <= 2:
        return "NllLossBackward0"
    return "ViewBackward0" if a.ndim == 3 and reduction == "none" else "NllLoss2DBackward0"


def _ce_arguments(label, input, target, weight):
    """What torch computes before: the logarithms, and with probabilities as the target their product with it."""
    logarithms = between("LogSoftmaxBackward0", input)
    if label not in ("DivBackward1", "NegBackward0"):
        return (logarithms,)
    total = between(
        "SumBackward0" if label == "DivBackward1" else "SumBackward1", between("MulBackward0", logarithms, target)
    )
    return (between("NegBackward0", total),) if label == "DivBackward1" else (total,)


cross_entropy = row("cross_entropy", _ce, (_ce_input, _ce_target, None), ((0, 1, 2), (0, 2), ()), label=_ce_label,
    arguments=_ce_arguments)  # fmt: skip


def _nll(a, target, weight, ignore_index, reduction):
    wanted, total = _class_weights(a, target, weight, ignore_index, 0)
    # A class of probability 0 counts only where it is the target's.
    losses = -np.where(wanted == 0, 0, wanted * a).sum(_axis(a), dtype=a.dtype)
    if reduction == "none":
        return losses
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(losses.sum() / a.dtype.type(total if reduction == "mean" else 1))


def _nll_input(g, out, a, target, weight, ignore_index, reduction):
    wanted, total = _class_weights(a, target, weight, ignore_index, 0)
    return 0 - _ce_shared(g, a, total, reduction) * wanted


nll_loss = row(
    "nll_loss",
    _nll,
    (_nll_input, None, None),
    ((1, 2), (), ()),
    label=lambda a, *rest, **options: "NllLossBackward0" if a.ndim <= 2 else "NllLoss2DBackward0",
    arguments=lambda label, input, target, weight: (input,),
)
