"""The schedule that watches a metric."""

import math
import warnings

from ..._types import advised
from .base import EPOCH_WARNING, LRScheduler, check_finite, check_optimizer, set_option


class ReduceLROnPlateau(LRScheduler):
    """Multiply the rate by factor when a metric has not improved for more than `patience` epochs: lr = lr * factor.

    Args:
        mode: "min" (default) where a smaller metric is better, else "max".
        factor: below 1. Default 0.1.
        patience: epochs without improvement that are let pass. Default 10.
        threshold: a metric counts as better beyond best * (1 - threshold) in mode "min", best * (1 + threshold) in
            "max". Default 1e-4.
        threshold_mode: "rel" (default), or "abs" for best - threshold and best + threshold.
        cooldown: epochs after a change in which none is counted. Default 0.
        min_lr: the smallest rate: a number, or a list with one for each parameter group. Default 0.
        eps: a change by no more than this is not made. Default 1e-8.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
        >>> for loss in [2.0, 1.0, 1.0]:
        ...     scheduler.step(loss)
        >>> scheduler.get_last_lr()
        [0.4]
    """

    def __init__(
        self, optimizer, mode="min", factor=0.1, patience=10, threshold=1e-4, threshold_mode="rel", cooldown=0,
        min_lr=0, eps=1e-8,
    ):
        if factor >= 1.0:
            raise advised(ValueError("Factor should be < 1.0."), f"It multiplies the rate; got factor={factor}.")
        check_finite(factor=factor, threshold=threshold, min_lr=min_lr, eps=eps)
        check_optimizer(optimizer)
        if mode not in ("min", "max"):
            raise advised(ValueError(f"mode {mode} is unknown!"), "Give 'min' or 'max'.")
        if threshold_mode not in ("rel", "abs"):
            raise advised(ValueError(f"threshold mode {threshold_mode} is unknown!"), "Give 'rel' or 'abs'.")
        count = len(optimizer.param_groups)
        one_for_all = not isinstance(min_lr, (list, tuple))
        if not one_for_all and len(min_lr) != count:
            raise advised(
                ValueError(f"expected {count} min_lrs, got {len(min_lr)}"), "One for each parameter group."
            )
        self.factor = factor
        self.optimizer = optimizer
        self.default_min_lr = min_lr if one_for_all else None
        self.min_lrs = [min_lr] * count if one_for_all else list(min_lr)
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._remember()
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics, epoch=None):
        """Note this epoch's metric, a number or a one-element tensor, and reduce the rates if they are due."""
        value = float(metrics)
        if epoch is not None:
            warnings.warn(EPOCH_WARNING, stacklevel=2)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(value):
            self.best = value
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._remember()

    @property
    def in_cooldown(self):
        """Whether the last change was less than `cooldown` epochs ago."""
        return self.cooldown_counter > 0

    def _is_better(self, value):
        margin = -self.threshold if self.mode == "min" else self.threshold
        bar = self.best * (1.0 + margin) if self.threshold_mode == "rel" else self.best + margin
        return value < bar if self.mode == "min" else value > bar

    def _reduce_lr(self):
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"The number of param groups in the `optimizer` ({len(groups)}) differs from when "
                    f"`ReduceLROnPlateau` was initialized ({len(self.min_lrs)}). Set its `min_lrs` to a list with "
                    f"one rate for each group"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs, strict=True):
            lr = float(group["lr"])
            reduced = max(lr * self.factor, least)
            if lr - reduced > self.eps:
                set_option(group, "lr", reduced)
