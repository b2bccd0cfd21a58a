"""What all schedules share: setting the rates, checks, saving and loading."""

import functools
import math
import types
import warnings
import weakref

from ..._types import advised
from ..optimizer import Optimizer

EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. "
    "Please use `scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the "
    "closed form is used instead of the new chainable form, where available. Please open an issue if you are unable to "
    "replicate your use case: https://github.com/pytorch/pytorch/issues/new/choose."
)


def copied(value):
    # A rate may be a one-element tensor, which keeps its identity: nobody else is handed it.
    return value.clone() if hasattr(value, "clone") else value


def set_option(group, key, value):
    if hasattr(group[key], "fill_"):
        group[key].fill_(float(value))
    else:
        group[key] = value


def check_finite(**options):
    for name, given in options.items():
        for value in given if isinstance(given, (list, tuple)) else (given,):
            if isinstance(value, str) or not math.isfinite(value):
                raise ValueError(f"{name} should be a finite number, but got {value}; check how it was computed")


def check_optimizer(optimizer):
    if not isinstance(optimizer, Optimizer):
        raise advised(
            TypeError(f"{type(optimizer).__name__} is not an Optimizer"),
            "Give the scheduler the optimizer whose rates it sets.",
        )


def per_group(name, optimizer, value):
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        value = [value] * count
    if len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(value)} values, param_groups has {count}."
        )
    return [copied(v) for v in value]


def _state(part):
    """What stands in a state for a scheduler, a callable object (its attributes) or a plain function (None)."""
    if isinstance(part, list):
        return [_state(p) for p in part]
    if isinstance(part, LRScheduler):
        return part.state_dict()
    return None if part is None or isinstance(part, types.FunctionType) else vars(part).copy()


def _load_state(part, state):
    if isinstance(part, list):
        for p, s in zip(part, state, strict=True):
            _load_state(p, s)
    elif isinstance(part, LRScheduler):
        part.load_state_dict(state)
    elif state is not None:
        vars(part).update(state)


def _watch_step(optimizer):
    """Let the optimizer note that it has stepped: see `LRScheduler.step`."""
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    step = optimizer.step.__func__
    # The optimizer keeps the wrapper; a strong reference back would keep both until the garbage collector comes.
    owner = weakref.ref(optimizer)

    @functools.wraps(step)
    def watched(*args, **kwargs):
        self = owner()
        self._opt_called = True
        return step(self, *args, **kwargs)

    watched._wrapped_by_lr_sched = True
    optimizer.step = watched


class LRScheduler:
    """Base of the schedulers; a schedule of your own overrides `get_lr`.

    `get_lr` returns the next rate of every parameter group, from `self.last_epoch`, `self.base_lrs` and the groups.

    Args:
        optimizer: the Optimizer whose rates are set.
        last_epoch: number of the last step done. Default -1: start. Otherwise resume: the groups hold `initial_lr`
            and their present rate, from the run that is carried on.

    Raises:
        TypeError: optimizer is none.
        KeyError: resuming, and a group has no `initial_lr`.

    Example:
        >>> import fastgd
        >>> class Halving(fastgd.optim.lr_scheduler.LRScheduler):
        ...     def get_lr(self):
        ...         return [base / 2**self.last_epoch for base in self.base_lrs]
        >>> scheduler = Halving(fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8))
        >>> scheduler.get_last_lr()
        [0.8]
    """

    _get_lr_called_within_step = False
    _is_initial = False
    # Name of the attribute that holds functions or schedulers: they have a state of their own, saved and loaded apart.
    _inner = None

    def __init__(self, optimizer, last_epoch=-1):
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                    "last_epoch >= 0.\nThis typically happens when:\n"
                    "1. You're trying to resume training from a checkpoint but haven't properly loaded the optimizer "
                    "state\n2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
                )
        self.base_lrs = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        _watch_step(optimizer)
        self._initial_step()

    def _initial_step(self):
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self):
        """Return the scheduler's attributes as a dict: without the optimizer, and functions as None."""
        state = {name: value for name, value in vars(self).items() if name != "optimizer"}
        if self._inner:
            state[self._inner] = _state(state.pop(self._inner))
        return state

    def load_state_dict(self, state_dict):
        """Take over what `state_dict` returned. Functions stay those that this scheduler was made with."""
        vars(self).update({name: value for name, value in state_dict.items() if name != self._inner})
        if self._inner:
            _load_state(getattr(self, self._inner), state_dict[self._inner])

    def get_last_lr(self):
        """Return the rates in force since the last step: a list, one for each parameter group."""
        return self._last_lr

    def get_lr(self):
        """Return the rates of this step: a list, one for each parameter group. Called by `step`."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.", stacklevel=2
            )
        return [self._next(i, copied(group["lr"])) for i, group in enumerate(self.optimizer.param_groups)]

    def _next(self, i, lr):
        """The next rate of group i, whose rate is lr."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr(): define it to return a rate for each group")

    def _base(self, i):
        if i >= len(self.base_lrs):
            raise ValueError(
                f"{type(self).__name__} was made for {len(self.base_lrs)} parameter groups, and the optimizer has "
                f"{len(self.optimizer.param_groups)}; make the scheduler after the last add_param_group()"
            )
        return self.base_lrs[i]

    def step(self, epoch=None):
        """Set the rates of the next epoch. Call it after `optimizer.step()`.

        Args:
            epoch: go to this epoch instead of the next one, by the closed form where there is one. Deprecated.
        """
        if self._step_count == 1:
            if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
                warnings.warn(
                    "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. "
                    "Please, make sure to call `optimizer.step()` before `lr_scheduler.step()`. See more details at "
                    "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate",
                    stacklevel=2,
                )
            elif not getattr(self.optimizer, "_opt_called", False):
                warnings.warn(
                    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, "
                    "you should call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  "
                    "Failure to do this will result in PyTorch skipping the first value of the learning rate "
                    "schedule. See more details at "
                    "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate",
                    stacklevel=2,
                )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_WARNING, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch=None):
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if epoch is not None and hasattr(self, "_at"):
            rates = [self._at(self._base(i)) for i in range(len(self.optimizer.param_groups))]
        else:
            self._get_lr_called_within_step = True
            try:
                rates = self.get_lr()
            finally:
                self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            set_option(group, "lr", lr)
        self._remember()

    def _remember(self):
        self._last_lr = [copied(group["lr"]) for group in self.optimizer.param_groups]


class _LRScheduler(LRScheduler):
    """The base's name before torch 2.0, which schedules of one's own still derive from."""
