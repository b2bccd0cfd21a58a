"""Losses and layers as functions, under torch.nn.functional's names."""

import math
import warnings

import numpy as np

from .._tensor import Tensor, apply, from_array
from ..ops import linear, log_softmax, softmax
from . import _losses


def legacy_reduction(size_average, reduce, reduction):
    """The reduction that torch's old size_average and reduce stand for."""
    if size_average is None and reduce is None:
        return reduction
    size_average, reduce = size_average is not False, reduce is not False
    meant = "none" if not reduce else "mean" if size_average else "sum"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.", stacklevel=3
    )
    return meant


# ---- what every loss refuses


def _check(name, input, target, reduction):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction: it is one of 'mean', 'sum' and 'none'")
    for argument, given in (("input", input), ("target", target)):
        if not isinstance(given, Tensor):
            raise TypeError(f"{name}(): argument '{argument}' must be Tensor, not {type(given).__name__}")
    if input.numel() == 0 or target.numel() == 0:
        raise ValueError(
            f"{name}: the loss of no rows is not a number. Expected at least one row, got input {input.shape}: "
            "leave out empty batches"
        )


def _check_rows(name, input, target):
    """An error where (n,) meets (n, 1)."""
    one, column = sorted((input.shape, target.shape), key=len)
    if len(one) == 1 and tuple(column) == (one[0], 1) and one[0] > 1:
        raise ValueError(
            f"{name}: input has shape {input.shape} and target {target.shape}, which would be compared each with each, "
            f"({one[0]}, {one[0]}) differences. Expected equal shapes: write y[:, None], or squeeze the other one."
        )


def _of_residual(made, input, target, reduction, **options):
    _check(made.name, input, target, reduction)
    if input.shape != target.shape:
        _check_rows(made.name, input, target)
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
    return apply(made, (input, target), {"reduction": reduction, **options})


def _reduced(values, reduction):
    return values if reduction == "none" else values.mean() if reduction == "mean" else values.sum()


def _times_weight(values, weight):
    if weight.shape != values.shape:
        raise ValueError(
            f"Weights and input must have the same size. The losses are {values.shape}, the weights {weight.shape}"
        )
    return values * weight


def _weighted(values, weight, reduction):
    """Losses times weights; their mean is the weighted one."""
    values = _times_weight(values, weight)
    return values.sum() / weight.sum() if reduction == "mean" else _reduced(values, reduction)


# ---- losses


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """(input - target)^2, reduced: see nn.MSELoss. A weight of the input's shape makes the mean a weighted one."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if weight is None:
        return _of_residual(_losses.mse_loss, input, target, reduction)
    return _weighted(_of_residual(_losses.mse_loss, input, target, "none"), weight, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """|input - target|, reduced: see nn.L1Loss. A weight of the input's shape makes the mean a weighted one."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if weight is None:
        return _of_residual(_losses.l1_loss, input, target, reduction)
    return _weighted(_of_residual(_losses.l1_loss, input, target, "none"), weight, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """(input - target)^2 / (2 beta) within beta, |input - target| - beta / 2 outside: see nn.SmoothL1Loss."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    if not beta >= 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta. Expected 0 or above, got {beta}")
    if beta == 0:
        return _of_residual(_losses.l1_loss, input, target, reduction)
    return _of_residual(_losses.smooth_l1_loss, input, target, reduction, beta=beta)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """(input - target)^2 / 2 within delta, delta (|input - target| - delta / 2) outside: see nn.HuberLoss."""
    if not delta > 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta. Expected above 0, got {delta}")
    if weight is None:
        return _of_residual(_losses.huber_loss, input, target, reduction, delta=delta)
    losses = _of_residual(_losses.huber_loss, input, target, "none", delta=delta)
    # Unlike mse_loss, torch divides by the number of elements here.
    return _reduced(_times_weight(losses, weight), reduction)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-(target log(input) + (1 - target) log(1 - input)) of probabilities, reduced: see nn.BCELoss."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    _check("binary_cross_entropy", input, target, reduction)
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if target.dtype != input.dtype:
        raise RuntimeError(
            f"Found dtype {target.dtype.legacy} but expected {input.dtype.legacy}: convert the target with "
            ".to(input.dtype)"
        )
    for name, given in (("input", input), ("target", target)):
        values = given.detach().numpy()
        if not ((values >= 0) & (values <= 1)).all():
            raise RuntimeError(
                f"all elements of {name} should be between 0 and 1"
                + (": take the sigmoid first, or use binary_cross_entropy_with_logits" if name == "input" else "")
            )
    _check_broadcast(weight, input, "weight")
    return apply(_losses.binary_cross_entropy, (input, target, weight), {"reduction": reduction})


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """The cross entropy of sigmoid(input), without overflow: see nn.BCEWithLogitsLoss."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    _check("binary_cross_entropy_with_logits", input, target, reduction)
    if input.shape != target.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if not target.dtype.is_floating_point:
        raise RuntimeError(
            f"result type {input.dtype.legacy} can't be cast to the desired output type {target.dtype.legacy}: convert "
            "the target with .float()"
        )
    _check_broadcast(weight, input, "weight")
    _check_broadcast(pos_weight, input, "pos_weight")
    return apply(
        _losses.binary_cross_entropy_with_logits, (input, target, weight, pos_weight), {"reduction": reduction}
    )


def _check_broadcast(weight, input, name):
    if weight is None:
        return
    try:
        fits = np.broadcast_shapes(weight.shape, input.shape) == tuple(input.shape)
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(f"{name} has shape {weight.shape}, which does not broadcast to the input's, {input.shape}")


def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
):
    """-log softmax(input) at the target's classes, reduced: see nn.CrossEntropyLoss."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    _check("cross_entropy", input, target, reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    _check_classes(input, target, weight, ignore_index)
    return apply(
        _losses.cross_entropy,
        (input, target, weight),
        {"ignore_index": ignore_index, "reduction": reduction, "label_smoothing": label_smoothing},
    )


def _check_classes(input, target, weight, ignore_index):
    shape = input.shape
    classes = shape[0] if len(shape) == 1 else shape[1]
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    if target.shape == shape:
        if not target.dtype.is_floating_point:
            raise RuntimeError(
                f"Expected floating point type for target with class probabilities, got {target.dtype.legacy}"
            )
        return
    rows = tuple(shape[:1]) + tuple(shape[2:]) if len(shape) > 1 else ()
    if tuple(target.shape) != rows:
        if len(shape) == 2 and target.ndim > 1:
            raise RuntimeError(
                "0D or 1D target tensor expected, multi-target not supported. Expected the number of a class for each "
                f"of the {shape[0]} rows, got {target.shape}: squeeze it"
            )
        if target.ndim and target.shape[0] != shape[0]:
            raise ValueError(f"Expected input batch_size ({shape[0]}) to match target batch_size ({target.shape[0]}).")
        raise RuntimeError(f"Expected target size {list(rows)}, got {list(target.shape)}")
    if target.dtype.name not in ("int64", "uint8"):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype.legacy}: the numbers of classes are "
            "integers, convert them with .long()"
        )
    chosen = target.detach().numpy()
    outside = chosen[(chosen != ignore_index) & ((chosen < 0) | (chosen >= classes))]
    if outside.size:
        raise IndexError(f"Target {outside.flat[0]} is out of bounds. There are {classes} classes, 0 to {classes - 1}")


def poisson_nll_loss(
    input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"
):
    """exp(input) - target input, reduced: see nn.PoissonNLLLoss."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    _check("poisson_nll_loss", input, target, reduction)
    _check_rows("poisson_nll_loss", input, target)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        counts = target.detach().numpy()
        large = np.maximum(counts, 1)
        # Stirling's approximation of log(target!).
        stirling = large * np.log(large) - large + 0.5 * np.log(2 * math.pi * large)
        losses = losses + from_array(np.where(counts > 1, stirling, 0).astype(losses.dtype.numpy))
    return _reduced(losses, reduction)


# ---- activations


def relu(input, inplace=False):
    """max(input, 0)."""
    return input.relu_() if inplace else input.relu()


def sigmoid(input):
    """1 / (1 + exp(-input))."""
    return input.sigmoid()


def tanh(input):
    """The hyperbolic tangent."""
    return input.tanh()


__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "l1_loss",
    "linear",
    "log_softmax",
    "mse_loss",
    "poisson_nll_loss",
    "relu",
    "sigmoid",
    "smooth_l1_loss",
    "softmax",
    "tanh",
]


def __getattr__(name):
    raise AttributeError(
        f"module 'fastgd.nn.functional' has no attribute '{name}': fastgd covers linear models, "
        f"torch.nn.functional.{name} needs torch"
    )
