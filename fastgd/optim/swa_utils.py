"""Averages of a model's parameters over the steps of a descent: of the last many (SWA), or exponentially fading (EMA).

    >>> import fastgd
    >>> model = fastgd.nn.Linear(1, 1)
    >>> average = fastgd.optim.swa_utils.AveragedModel(model)
    >>> average.update_parameters(model)  # after each step, or each epoch
    >>> average.n_averaged
    tensor(1)
"""

import math
from copy import deepcopy
from itertools import chain

from .._types import int64, on_cpu
from ..autograd import no_grad
from ..creation import tensor
from ..nn.module import Module
from .lr_scheduler.base import LRScheduler, check_finite, check_optimizer, per_group

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip


def _check_decay(decay):
    if not 0 <= decay <= 1:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_avg_fn(decay=0.999):
    """For avg_fn: decay * average + (1 - decay) * parameter."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param, current_param, num_averaged):
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn():
    """For avg_fn: the mean of all parameters so far."""

    @no_grad()
    def swa_update(averaged_param, current_param, num_averaged):
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def _moved(averages, parameters, share):
    for average, parameter in zip(averages, parameters, strict=True):
        if average.is_floating_point():
            average.lerp_(parameter, share)
        else:
            average.copy_(average + (parameter - average) * share)


def get_ema_multi_avg_fn(decay=0.999):
    """For multi_avg_fn: each average moved in place by 1 - decay of the way to its parameter."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param_list, current_param_list, num_averaged):
        _moved(ema_param_list, current_param_list, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn():
    """For multi_avg_fn: the means of all parameters so far, in place."""

    @no_grad()
    def swa_update(averaged_param_list, current_param_list, num_averaged):
        _moved(averaged_param_list, current_param_list, 1 / (int(num_averaged) + 1))

    return swa_update


class AveragedModel(Module):
    """A copy of a model, whose parameters `update_parameters` makes an average of the model's.

    Args:
        model: the model; it is copied, as `.module`.
        device: the CPU.
        avg_fn: a function of an average, a parameter and the number averaged so far, which returns the new average.
        multi_avg_fn: the same for lists of them, in place. Without either: the mean of all so far.
        use_buffers: whether buffers are averaged too; otherwise they are copied.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> ema = optim.swa_utils.AveragedModel(model, multi_avg_fn=optim.swa_utils.get_ema_multi_avg_fn(0.99))
        >>> ema.update_parameters(model)
    """

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    def update_parameters(self, model):
        """Takes the model's present parameters into the average."""

        def averaged(of):
            return [part.detach() for part in chain(of.parameters(), of.buffers() if self.use_buffers else ())]

        averages, parameters = averaged(self.module), averaged(model)
        if self.n_averaged == 0:
            for average, parameter in zip(averages, parameters, strict=True):
                average.copy_(parameter)
        elif self.avg_fn is None:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averages, parameters, self.n_averaged)
        else:
            for average, parameter in zip(averages, parameters, strict=True):
                average.copy_(self.avg_fn(average, parameter, self.n_averaged))
        if not self.use_buffers:
            for own, given in zip(self.module.buffers(), model.buffers(), strict=True):
                own.detach().copy_(given)
        self.n_averaged += 1


@no_grad()
def update_bn(loader, model, device=None):
    """Takes the running averages of a model's BatchNorm layers anew: of a pass over the data, all batches alike.

    Args:
        loader: batches; of a tuple or list the first part is the input.
        model: an AveragedModel, whose averaged weights have met no data yet, or any other.
        device: "cpu" or None.

    Example:
        >>> model = fastgd.nn.BatchNorm1d(1)
        >>> fastgd.optim.swa_utils.update_bn([fastgd.tensor([[1.0], [3.0]])], model)
        >>> model.running_mean
        tensor([2.])
    """
    on_cpu(device)
    layers = {module: module.momentum for module in model.modules() if hasattr(module, "reset_running_stats")}
    if not layers:
        return
    training = model.training
    model.train()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    for batch in loader:
        model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    for layer, momentum in layers.items():
        layer.momentum = momentum
    model.train(training)


class SWALR(LRScheduler):
    """Goes from the present rate to swa_lr in anneal_epochs steps, and stays there.

    Args:
        swa_lr: the last rate, or a list with one for each parameter group.
        anneal_epochs: the number of steps.
        anneal_strategy: "cos" along half a wave, "linear" along a line.

    Raises:
        ValueError: a strategy, or a number of steps, that is none.

    Example:
        >>> optimizer = optim.SGD(model.parameters(), lr=1.0)
        >>> scheduler = swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
        >>> for _ in range(3):
        ...     optimizer.step()
        ...     scheduler.step()
        ...     print(optimizer.param_groups[0]["lr"])
        0.75
        0.5
        0.5
    """

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        check_finite(swa_lr=swa_lr)
        check_optimizer(optimizer)
        for group, rate in zip(optimizer.param_groups, per_group("swa_lr", optimizer, swa_lr), strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step):
        share = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * share)) / 2 if self._anneal_strategy == "cos" else share

    def _next(self, i, lr):
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, share = self._share(step - 1), self._share(step)
        last = self.optimizer.param_groups[i]["swa_lr"]
        first = last if before == 1 else (lr - before * last) / (1 - before)
        return last * share + first * (1 - share)
