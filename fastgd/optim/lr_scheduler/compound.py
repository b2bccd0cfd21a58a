"""Schedules made of others."""

from bisect import bisect_right

from .base import LRScheduler, set_option
from .plateau import ReduceLROnPlateau


class _OfSchedulers(LRScheduler):
    """A schedule made of others on one optimizer."""

    _inner = "_schedulers"

    def _take(self, schedulers, optimizer):
        name = type(self).__name__
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(
                    f"{name} at index {i} should have `optimizer` as its attribute. Got {type(scheduler).__name__}; "
                    f"give schedulers"
                )
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{name} does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs to be "
                    f"specified when calling `step`, but got one at index {i}; step that one by itself"
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, but got scheduler "
                    f"{type(scheduler).__name__} at index {i} with another one; make it for the same optimizer"
                )
        self._schedulers = list(schedulers)
        self.optimizer = optimizer


class SequentialLR(_OfSchedulers):
    """Run one scheduler after another: the first until the first milestone, then the second, and so on.

    Args:
        schedulers: list of schedulers, all made for this optimizer.
        milestones: epochs at which the next one starts, at its own epoch 0; one less than schedulers.

    Example:
        >>> import fastgd
        >>> from fastgd.optim.lr_scheduler import ConstantLR, ExponentialLR, SequentialLR
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> parts = [ConstantLR(optimizer, factor=0.5, total_iters=20), ExponentialLR(optimizer, gamma=0.9)]
        >>> scheduler = SequentialLR(optimizer, parts, milestones=[20])
        >>> scheduler.get_last_lr()
        [0.4]
    """

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1):
        if not schedulers:
            raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler.")
        self._take(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
                f"milestone points, but got number of schedulers {len(schedulers)} and the number of milestones to be "
                f"equal to {len(milestones)}"
            )
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        # Each scheduler has made its first step when it was made: take all of them back, and let one begin.
        for group in optimizer.param_groups:
            set_option(group, "lr", group["initial_lr"])
        self.recursive_undo()
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched=None):
        """Take back the step that every scheduler inside made when it was made."""
        sched = self if sched is None else sched
        if hasattr(sched, "_schedulers"):
            for inner in sched._schedulers:
                self.recursive_undo(inner)
        elif hasattr(sched, "last_epoch"):
            sched.last_epoch -= 1

    def step(self):
        """Step the scheduler whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_OfSchedulers):
    """Step several schedulers at once, so that their changes of the rate multiply.

    Args:
        schedulers: list of schedulers, all made for one optimizer.
        optimizer: that optimizer. Default None: the first scheduler's.

    Example:
        >>> import fastgd
        >>> from fastgd.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
        >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
        >>> parts = [ConstantLR(optimizer, factor=0.5, total_iters=20), ExponentialLR(optimizer, gamma=0.5)]
        >>> scheduler = ChainedScheduler(parts)
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.2]
    """

    def __init__(self, schedulers, optimizer=None):
        if not schedulers:
            raise ValueError("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.")
        self._take(schedulers, optimizer or getattr(schedulers[0], "optimizer", None))
        self._remember()

    def step(self):
        """Step every scheduler."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._remember()
