"""Schedules that move the rate one way: by steps, along a curve, by a function."""

import math
from bisect import bisect_right
from collections import Counter

from ..._types import advised
from .base import LRScheduler, check_finite, check_optimizer


class StepLR(LRScheduler):
    """Multiply the rate by gamma every step_size epochs: lr = base * gamma ** (t // step_size).

    Args:
        step_size: epochs between two changes.
        gamma: factor of each change. Default 0.1.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.5)
    """

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1):
        check_finite(gamma=gamma)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _next(self, i, lr):
        due = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return lr * self.gamma if due else lr

    def _at(self, base):
        return base * self.gamma ** (self.last_epoch // self.step_size)


class MultiStepLR(LRScheduler):
    """Multiply the rate by gamma at each milestone: lr = base * gamma ** (number of milestones <= t).

    Args:
        milestones: epochs, in any order; one that occurs twice counts twice.
        gamma: factor of each change. Default 0.1.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[30, 80])
    """

    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1):
        check_finite(gamma=gamma)
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _next(self, i, lr):
        times = self.milestones.get(self.last_epoch, 0)
        return lr * self.gamma**times if times else lr

    def _at(self, base):
        return base * self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch)


class ConstantLR(LRScheduler):
    """Multiply the rate by factor until epoch total_iters: lr = base * (factor if t < total_iters else 1).

    Args:
        factor: between 0 and 1. Default 1/3. From 0 the recurrence cannot come back: ZeroDivisionError at total_iters.
        total_iters: epochs with the factor. Default 5.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=4)
        >>> scheduler.get_last_lr()
        [0.4]
    """

    def __init__(self, optimizer, factor=1.0 / 3, total_iters=5, last_epoch=-1):
        if not 0 <= factor <= 1:
            raise advised(
                ValueError("Constant multiplicative factor expected to be between 0 and 1."), f"Got factor={factor}."
            )
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _next(self, i, lr):
        if self.last_epoch == 0:
            return lr * self.factor
        return lr * (1.0 / self.factor) if self.last_epoch == self.total_iters else lr

    def _at(self, base):
        return base * (self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor))


class LinearLR(LRScheduler):
    """Move the rate's factor from start_factor to end_factor on a straight line, within total_iters epochs.

    lr = base * (start_factor + (end_factor - start_factor) * min(t, total_iters) / total_iters)

    Args:
        start_factor: above 0, up to 1. Default 1/3.
        end_factor: from 0 to 1. Default 1.
        total_iters: epochs that the change takes. Default 5.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=10)
        >>> scheduler.get_last_lr()
        [0.4]
    """

    def __init__(self, optimizer, start_factor=1.0 / 3, end_factor=1.0, total_iters=5, last_epoch=-1):
        if not 0 < start_factor <= 1:
            raise advised(
                ValueError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1."),
                f"Got start_factor={start_factor}.",
            )
        if not 0 <= end_factor <= 1:
            raise advised(
                ValueError("Ending multiplicative factor expected to be between 0 and 1."),
                f"Got end_factor={end_factor}.",
            )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _next(self, i, lr):
        if self.last_epoch == 0:
            return lr * self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return lr
        rise = self.end_factor - self.start_factor
        return lr * (1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))

    def _at(self, base):
        rise = self.end_factor - self.start_factor
        return base * (self.start_factor + rise * min(self.total_iters, self.last_epoch) / self.total_iters)


class ExponentialLR(LRScheduler):
    """Multiply the rate by gamma every epoch: lr = base * gamma ** t.

    Args:
        gamma: factor of each epoch.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.95)
    """

    def __init__(self, optimizer, gamma, last_epoch=-1):
        check_finite(gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _next(self, i, lr):
        return lr if self._is_initial else lr * self.gamma

    def _at(self, base):
        return base * self.gamma**self.last_epoch


class PolynomialLR(LRScheduler):
    """Let the rate fall to 0 within total_iters epochs: lr = base * (1 - min(t, total_iters) / total_iters) ** power.

    Args:
        total_iters: epochs until 0. Default 5.
        power: of the polynomial. Default 1, a straight line.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=100, power=2.0)
    """

    def __init__(self, optimizer, total_iters=5, power=1.0, last_epoch=-1):
        check_finite(power=power)
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _next(self, i, lr):
        if self._is_initial or self.last_epoch > self.total_iters:
            return lr
        left, left_before = 1.0 - self.last_epoch / self.total_iters, 1.0 - (self.last_epoch - 1) / self.total_iters
        return lr * (left / left_before) ** self.power

    def _at(self, base):
        return base * (1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power


class CosineAnnealingLR(LRScheduler):
    """Move the rate along a cosine: lr = eta_min + (base - eta_min) * (1 + cos(pi * t / T_max)) / 2.

    It reaches eta_min at epoch T_max, and rises again after it.

    Args:
        T_max: epochs until the smallest rate.
        eta_min: the smallest rate. Default 0.

    Reference: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)
    """

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1):
        check_finite(eta_min=eta_min)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _next(self, i, lr):
        if self._is_initial:
            return lr
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # The last rate was eta_min: a ratio to it would be 0 / 0.
            return lr + (self._base(i) - self.eta_min) * (1 - math.cos(math.pi / self.T_max)) / 2
        height = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        height_before = 1 + math.cos(math.pi * (self.last_epoch - 1) / self.T_max)
        return height / height_before * (lr - self.eta_min) + self.eta_min

    def _at(self, base):
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2


class _ByFunction(LRScheduler):
    """A schedule given as one function of the epoch for all groups, or one for each."""

    _inner = "lr_lambdas"

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        check_optimizer(optimizer)
        count = len(optimizer.param_groups)
        given = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * count
        if len(given) != count:
            raise advised(
                ValueError(f"Expected {count} lr_lambdas, but got {len(given)}"), "One for each parameter group."
            )
        for function in given:
            if not callable(function):
                raise TypeError(
                    f"lr_lambda should be a function, but got {type(function).__name__}; for a fixed factor, give "
                    f"lambda epoch: {function!r}"
                )
        self.lr_lambdas = given
        super().__init__(optimizer, last_epoch)

    def _factor(self, i):
        self._base(i)
        return self.lr_lambdas[i](self.last_epoch)


class LambdaLR(_ByFunction):
    """Set the rate to a multiple of base, given as a function: lr = base * lr_lambda(t).

    Args:
        lr_lambda: function of the epoch, or a list of such functions, one for each parameter group.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    """

    def _next(self, i, lr):
        return self._base(i) * self._factor(i)


class MultiplicativeLR(_ByFunction):
    """Multiply the rate every epoch by a function's value: lr = lr * lr_lambda(t), from t = 1 on.

    Args:
        lr_lambda: function of the epoch, or a list of such functions, one for each parameter group.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.95)
    """

    def _next(self, i, lr):
        return lr if self._is_initial else lr * self._factor(i)
