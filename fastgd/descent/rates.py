"""Learning rates and momenta ahead of time: what a scheduler will set, as arrays for C."""

import numpy as np

from ..optim.lr_scheduler import ReduceLROnPlateau
from .snapshot import copied

FIXED = ("weight_decay", "dampening", "nesterov", "maximize")  # within a stretch
OPTIONS = ("lr", "momentum", "betas", "initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", *FIXED)


class Rates:
    """The rates of the coming steps of an optimizer under a scheduler, or without one.

    A scheduler is stepped as far ahead as rates are asked for, and set back to where the descent really stopped.

    Args:
        optimizer: whose groups hold the rates.
        scheduler: a torch-style scheduler of that optimizer, or None.
        every: "epoch" or "batch".
    """

    def __init__(self, optimizer, scheduler, every):
        self.optimizer, self.scheduler = optimizer, scheduler
        self.needs_metric = isinstance(scheduler, ReduceLROnPlateau)  # which is there between epochs only
        self.by_batch = scheduler is not None and every == "batch" and not self.needs_metric
        self._saved = None

    def ahead(self, epochs, by_epoch):
        """Per group, arrays of the learning rates and momenta of the next steps.

        There are `by_epoch` steps to an epoch, and fewer epochs than asked for where the scheduler comes to its end, or
        sets more than learning rates and momenta.

        Raises:
            ValueError: it sets more than these between the steps of an epoch.
        """
        groups, steps = self.optimizer.param_groups, epochs * by_epoch
        if self.scheduler is None or self.needs_metric:
            return [tuple(constant(value, steps) for value in _rates(group)) for group in groups]
        self._saved = self._state()
        before = self._fixed()
        rates = self._walk(steps, by_epoch)
        if self._fixed() != before and by_epoch > 1:
            self._go_to(0)
            raise ValueError(
                "the scheduler sets more than learning rates and momenta, which C cannot do between the steps of an "
                'epoch: fit with engine="eager"'
            )
        if self._fixed() != before and steps > 1:
            self._go_to(0)
            return self._walk(1, 1)
        return rates

    def _fixed(self):
        return [group.get(name) for group in self.optimizer.param_groups for name in FIXED]

    def _walk(self, steps, by_epoch):
        groups = self.optimizer.param_groups
        rates = [(np.empty(steps), np.empty(steps)) for _ in groups]
        for step in range(steps):
            for (lrs, momenta), group in zip(rates, groups):
                lrs[step], momenta[step] = _rates(group)
            try:
                self.step()
            except Exception:
                # Something else may end the descent before it comes here.
                if step < by_epoch:
                    raise
                whole = step - step % by_epoch
                self._go_to(whole)
                return [(lrs[:whole], momenta[:whole]) for lrs, momenta in rates]
        return rates

    def settle(self, asked, done):
        """Sets the scheduler to where it stands after `done` of the steps that were asked for."""
        if self._saved is not None and done < asked:
            self._go_to(done)
        self._saved = None

    def _go_to(self, steps):
        self._restore(self._saved)
        for _ in range(steps):
            self.step()

    def metric(self, value):
        """Steps a scheduler that looks at the loss."""
        if self.needs_metric:
            self.scheduler.step(value)

    def step(self):
        """Steps a scheduler that counts."""
        self.optimizer._opt_called = True  # C makes its updates without the optimizer's step
        self.scheduler.step()

    def _state(self):
        groups = [{name: group[name] for name in OPTIONS if name in group} for group in self.optimizer.param_groups]
        return copied(self.scheduler.state_dict()), groups

    def _restore(self, saved):
        state, groups = saved
        self.scheduler.load_state_dict(copied(state))  # it may be restored again
        for group, options in zip(self.optimizer.param_groups, groups):
            group.update(options)


def constant(value, size):
    """An array of one number that takes no memory."""
    return np.ndarray(size, np.float64, np.array(value), 0, (0,))


def _rates(group):
    return float(group["lr"]), float(group.get("momentum", 0.0))
