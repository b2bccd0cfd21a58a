"""Losses as functions, under torch.nn.functional's names: what each refuses, and which row of `_losses` it is."""

import math

import numpy as np

from .. import ops
from .._tensor import Tensor, apply, from_array, named_as
from .._types import advised
from .._warnings import warn
from ..autograd import no_grad
from ..creation import full_like
from ..ops.promotion import sizes_error
from ..ops.publishing import check_tensor, measure
from . import _losses


def legacy_reduction(size_average, reduce, reduction):
    """The reduction that torch's old size_average and reduce stand for."""
    if size_average is None and reduce is None:
        if reduction == "elementwise_mean":
            warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.")
            return "mean"
        return reduction
    # Two tensors are the mistake of giving MSELoss() what its result is to be called with: their truth is an error.
    size_average, reduce = (True if given is None else bool(given) for given in (size_average, reduce))
    meant = "none" if not reduce else "mean" if size_average else "sum"
    warn(f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.")
    return meant


# ---- what every loss refuses


def _check(name, input, target, reduction):
    if reduction not in ("mean", "sum", "none"):
        raise advised(
            ValueError(f"{reduction} is not a valid value for reduction"), "It is one of 'mean', 'sum' and 'none'."
        )
    if not isinstance(input, Tensor):
        _refuse(name, "input", 1, input)
    if not isinstance(target, Tensor):
        _refuse(name, "target", 2, target)
    if input.numel() == 0 or target.numel() == 0:
        raise ValueError(
            f"{name}: the loss of no rows is not a number. Expected at least one row, got input {input.shape}: "
            "leave out empty batches"
        )


# Losses that torch begins by asking both for their size, and the names that errors have for others.
_MEASURED = {
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
}  # fmt: skip
_CALLED = {"cross_entropy": "cross_entropy_loss", "nll_loss": "nll_loss_nd"}


def _refuse(name, argument, position, given):
    if name in _MEASURED:
        measure(given, "A loss is of tensors: convert it with fastgd.tensor(...).")
    check_tensor(_CALLED.get(name, name), argument, position, given)


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
        warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size."
        )
        try:
            np.broadcast_shapes(input.shape, target.shape)
        except ValueError:
            raise sizes_error(input, target) from None
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
        raise advised(RuntimeError("smooth_l1_loss does not support negative values for beta."), f"Got {beta}.")
    if beta == 0:
        return _of_residual(_losses.l1_loss, input, target, reduction)
    return _of_residual(_losses.smooth_l1_loss, input, target, reduction, beta=beta)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """(input - target)^2 / 2 within delta, delta (|input - target| - delta / 2) outside: see nn.HuberLoss."""
    if not delta > 0:
        raise advised(RuntimeError("huber_loss does not support non-positive values for delta."), f"Got {delta}.")
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
        raise advised(
            RuntimeError(f"Found dtype {target.dtype.legacy} but expected {input.dtype.legacy}"),
            "Convert the target with .to(input.dtype).",
        )
    for name, given in (("input", input), ("target", target)):
        values = given.detach().numpy()
        if not ((values >= 0) & (values <= 1)).all():
            raise advised(
                RuntimeError(f"all elements of {name} should be between 0 and 1"),
                "Take the sigmoid of the input first, or use binary_cross_entropy_with_logits.",
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
        raise advised(
            RuntimeError(
                f"result type {input.dtype.legacy} can't be cast to the desired output type {target.dtype.legacy}"
            ),
            "Convert the target with .float().",
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
            raise advised(
                RuntimeError("0D or 1D target tensor expected, multi-target not supported"),
                f"Expected the number of a class for each of the {shape[0]} rows, got {target.shape}: squeeze it.",
            )
        if target.ndim and target.shape[0] != shape[0]:
            raise ValueError(f"Expected input batch_size ({shape[0]}) to match target batch_size ({target.shape[0]}).")
        raise RuntimeError(f"Expected target size {list(rows)}, got {list(target.shape)}")
    if target.dtype.name not in ("int64", "uint8"):
        raise advised(
            RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype.legacy}"),
            "The numbers of classes are integers: convert them with .long().",
        )
    chosen = target.detach().numpy()
    outside = chosen[(chosen != ignore_index) & ((chosen < 0) | (chosen >= classes))]
    if outside.size:
        raise advised(
            IndexError(f"Target {outside.flat[0]} is out of bounds."),
            f"There are {classes} classes, 0 to {classes - 1}.",
        )


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


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """-input at the target's classes, reduced: see nn.NLLLoss."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    _check("nll_loss", input, target, reduction)
    _check_classes(input, target, weight, ignore_index)
    return apply(_losses.nll_loss, (input, target, weight), {"ignore_index": ignore_index, "reduction": reduction})


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """(log(var) + (input - target)^2 / var) / 2, reduced: see nn.GaussianNLLLoss."""
    _check("gaussian_nll_loss", input, target, reduction)
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = full_like(input, var)
    if var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = var.unsqueeze(-1)
        elif var.shape[:-1] != input.shape[:-1] or var.shape[-1] != 1:
            raise ValueError("var is of incorrect size: expected the input's, with a last size of 1, or without it")
    if (var < 0).any():
        raise ValueError("var has negative entry/entries")
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return _reduced(losses, reduction)


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """target (log(target) - input), reduced: how far probabilities are from those whose logarithm is input.

    Args:
        input: the logarithms of probabilities.
        target: the probabilities, or their logarithms if log_target.
        reduction: "batchmean", the sum divided by the number of rows; "mean" (default), "sum" or "none".
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce, reduction)
    elif reduction == "mean":
        warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release."
        )
    _check("kl_div", input, target, "sum" if reduction == "batchmean" else reduction)
    if not (input.is_floating_point() and target.is_floating_point()):
        raise advised(RuntimeError("kl_div: Integral inputs not supported."), "Convert them with .float().")
    losses = target.exp() * (target - input) if log_target else ops.xlogy(target, target) - target * input
    if reduction == "batchmean":
        return losses.sum() / input.shape[0] if input.ndim else losses.sum()
    return _reduced(losses, reduction)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target input)), reduced, for targets of 1 and -1: see nn.SoftMarginLoss."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    _check("soft_margin_loss", input, target, reduction)
    made = _reduced((-(target * input)).exp().log1p(), reduction)
    return named_as(made, "SoftMarginLossBackward0")


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """input where target is 1, max(margin - input, 0) where it is -1, reduced: see nn.HingeEmbeddingLoss."""
    reduction = legacy_reduction(size_average, reduce, reduction)
    _check("hinge_embedding_loss", input, target, reduction)
    beyond = ops.where(target == 1, 0.0, (margin - input).clamp_min(0))
    return _reduced(beyond + ops.where(target == -1, 0.0, input), reduction)
