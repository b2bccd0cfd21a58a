"""Schedules that rise and fall."""

import math

from .base import LRScheduler, check_finite, check_optimizer, per_group, set_option


class CosineAnnealingWarmRestarts(LRScheduler):
    """Let the rate fall along a cosine, again and again from base, each time for T_mult times as many epochs.

    lr = eta_min + (base - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2

    where T_cur counts from the last restart and T_i is the length of the present fall.

    Args:
        T_0: epochs until the first restart, an int.
        T_mult: factor of the length after each restart, an int. Default 1.
        eta_min: the smallest rate. Default 0.

    Reference: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> scheduler = fastgd.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=10, T_mult=2)
        >>> for epoch in range(10):
        ...     optimizer.step()
        ...     scheduler.step()
        >>> scheduler.get_last_lr()
        [0.8]
    """

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1):
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)) or not math.isfinite(eta_min):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur = last_epoch
        super().__init__(optimizer, last_epoch)

    def _next(self, i, lr):
        return self.eta_min + (self._base(i) - self.eta_min) * (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2

    def step(self, epoch=None):
        """Set the rates of the next epoch, or of the given one, which may be a fraction (`epoch + batch / batches`)."""
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            epoch = 0 if epoch is None else epoch
            if epoch < 0:
                raise ValueError(f"Expected non-negative epoch, but got {epoch}")
            if self.T_mult == 1:
                self.T_cur = epoch % self.T_0
            elif epoch < self.T_0:
                self.T_cur, self.T_i = epoch, self.T_0
            else:
                # The first n falls take T_0 * (T_mult ** n - 1) / (T_mult - 1) epochs together.
                n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
                self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
                self.T_i = self.T_0 * self.T_mult**n
        self._update_lr(math.floor(epoch))


class _WithMomentum(LRScheduler):
    """A cycle in which the momentum moves against the rate: `momentum`, or the first of Adam's `betas`."""

    def _start_momentum(self, cycle_momentum, base_momentum, max_momentum, last_epoch):
        """Check the momenta and start each group at the largest; return both as a list for the groups."""
        self.cycle_momentum = cycle_momentum
        if not cycle_momentum:
            return None, None
        optimizer = self.optimizer
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled; "
                f"{type(optimizer).__name__} has neither, so give cycle_momentum=False"
            )
        check_finite(base_momentum=base_momentum, max_momentum=max_momentum)
        self.use_beta1 = "betas" in optimizer.defaults
        low = per_group("base_momentum", optimizer, base_momentum)
        high = per_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for group, base, top in zip(optimizer.param_groups, low, high, strict=True):
                self._set_momentum(group, top)
                group["max_momentum"] = top
                group["base_momentum"] = base
        return low, high

    def _set_momentum(self, group, momentum):
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


_SCALES = {
    "triangular": lambda gamma, x: 1.0,
    "triangular2": lambda gamma, x: 1 / 2.0 ** (x - 1),
    "exp_range": lambda gamma, x: gamma**x,
}


class CyclicLR(_WithMomentum):
    """Let the rate rise from base_lr to max_lr and fall back, again and again; step it once a batch.

    lr = base_lr + (max_lr - base_lr) * height * scale

    where height goes 0 to 1 within step_size_up batches and back within step_size_down, and scale is 1
    ("triangular"), 1 / 2 ** (cycle - 1) ("triangular2"), gamma ** t ("exp_range") or scale_fn's. The momentum is
    max_momentum - (max_momentum - base_momentum) * height * scale.

    Args:
        base_lr, max_lr: a number, or a list with one for each parameter group.
        step_size_up: batches of the rise. Default 2000.
        step_size_down: batches of the fall. Default None: as many.
        mode: "triangular" (default), "triangular2" or "exp_range".
        gamma: of "exp_range". Default 1.
        scale_fn: function that replaces the mode's. Default None.
        scale_mode: whether scale_fn is given the number of the "cycle" (default; the first is 1) or t ("iterations").
        cycle_momentum: whether the momentum moves too. Default True.
        base_momentum, max_momentum: a number, or a list with one for each parameter group. Defaults 0.8, 0.9.

    Reference: Smith, Cyclical Learning Rates for Training Neural Networks, 2017.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.1, momentum=0.9)
        >>> scheduler = fastgd.optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.01, max_lr=0.1, step_size_up=10)
        >>> scheduler.get_last_lr()
        [0.01]
    """

    _inner = "_scale_fn_custom"

    def __init__(
        self, optimizer, base_lr, max_lr, step_size_up=2000, step_size_down=None, mode="triangular", gamma=1.0,
        scale_fn=None, scale_mode="cycle", cycle_momentum=True, base_momentum=0.8, max_momentum=0.9, last_epoch=-1,
    ):
        check_optimizer(optimizer)
        check_finite(base_lr=base_lr, max_lr=max_lr, gamma=gamma)
        if mode not in _SCALES and scale_fn is None:
            raise ValueError(f"mode is invalid and scale_fn is None: give one of {', '.join(_SCALES)}, not {mode!r}")
        self.optimizer = optimizer
        base_lrs = per_group("base_lr", optimizer, base_lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                set_option(group, "lr", lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        low, high = self._start_momentum(cycle_momentum, base_momentum, max_momentum, last_epoch)
        if cycle_momentum:
            self.base_momentums, self.max_momentums = low, high
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x):
        """Return the scale in cycle x, or after x batches: see `scale_mode`."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return _SCALES[self.mode](self.gamma, x)

    def _next(self, i, lr):
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        base = self._base(i)
        if self.cycle_momentum:
            top = self.max_momentums[i]
            momentum = top - (top - self.base_momentums[i]) * height * scale
            self._set_momentum(self.optimizer.param_groups[i], momentum)
        return base + (self.max_lrs[i] - base) * height * scale


class OneCycleLR(_WithMomentum):
    """Let the rate rise to max_lr and fall far below its start, once; step it after every batch.

    It goes from max_lr / div_factor to max_lr within pct_start of the steps, and falls to
    max_lr / div_factor / final_div_factor within the others. Three phases fall to the first rate as fast as they
    rose, and to the last one after that. The momentum goes the other way.

    Args:
        max_lr: the largest rate: a number, or a list with one for each parameter group.
        total_steps: number of steps; or give the next two.
        epochs, steps_per_epoch: their product is total_steps.
        pct_start: share of the steps in which the rate rises, a float. Default 0.3.
        anneal_strategy: "cos" (default) or "linear".
        cycle_momentum: whether the momentum moves too. Default True.
        base_momentum, max_momentum: a number, or a list with one for each parameter group. Defaults 0.85, 0.95.
        div_factor: max_lr over the first rate. Default 25.
        final_div_factor: the first rate over the last. Default 1e4.
        three_phase: default False.

    Raises:
        ValueError: from `step`, when it is called more than total_steps times.

    Reference: Smith and Topin, Super-Convergence, 2018.

    Example:
        >>> import fastgd
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.1, momentum=0.9)
        >>> scheduler = fastgd.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, epochs=10, steps_per_epoch=20)
    """

    def __init__(
        self, optimizer, max_lr, total_steps=None, epochs=None, steps_per_epoch=None, pct_start=0.3,
        anneal_strategy="cos", cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, div_factor=25.0,
        final_div_factor=1e4, three_phase=False, last_epoch=-1,
    ):
        check_optimizer(optimizer)
        if total_steps is not None:
            counts = {"total_steps": total_steps}
        elif epochs is not None and steps_per_epoch is not None:
            counts = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
        else:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        for name, count in counts.items():
            if not isinstance(count, int) or count <= 0:
                raise ValueError(f"Expected positive integer {name}, but got {count}")
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        check_finite(max_lr=max_lr, div_factor=div_factor, final_div_factor=final_div_factor)

        self.optimizer = optimizer
        self.total_steps = math.prod(counts.values())
        rise = float(pct_start * self.total_steps) - 1
        fall = float(2 * pct_start * self.total_steps) - 2
        phases = [(rise, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
        if three_phase:
            phases += [
                (fall, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                (self.total_steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        else:
            phases += [(self.total_steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        keys = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
        self._schedule_phases = [dict(zip(keys, phase, strict=True)) for phase in phases]
        self._anneal_func_type = anneal_strategy
        max_lrs = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"] = top / div_factor
                group["max_lr"] = top
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self._start_momentum(cycle_momentum, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _next(self, i, lr):
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is {self.total_steps}"
            )
        start = 0.0
        for phase in self._schedule_phases:
            if self.last_epoch <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        share = (self.last_epoch - start) / (phase["end_step"] - start)
        group = self.optimizer.param_groups[i]
        if self.cycle_momentum:
            momentum = self._between(group[phase["start_momentum"]], group[phase["end_momentum"]], share)
            self._set_momentum(group, momentum)
        return self._between(group[phase["start_lr"]], group[phase["end_lr"]], share)

    def _between(self, start, end, share):
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)
