"""Learning-rate schedules: torch's, rate for rate.

A scheduler is made after the optimizer and stepped after it, once an epoch (CyclicLR and OneCycleLR: once a batch).

    >>> import fastgd
    >>> optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=0.8)
    >>> scheduler = fastgd.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> for epoch in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.1]

All but ChainedScheduler take the optimizer whose rates they set, and all but it and ReduceLROnPlateau take, last,
`last_epoch=-1`: see `LRScheduler`. In the formulas t is the attribute `last_epoch`, the number of steps so far, and
base the rate that a parameter group had when its first scheduler was made (its `initial_lr`).

A schedule has one or two forms. `_next` makes the next rate, in most classes from the present one: several such
schedules on one optimizer multiply, and a rate changed by hand stays changed. `_at`, where it is, is the closed form
from t and base: `step(epoch)` asks for it, and SequentialLR when it comes to the next scheduler.

Rates are computed in torch's order of operations, since `get_last_lr()` is printed to the last digit.
"""

from .base import LRScheduler, _LRScheduler  # schedules of one's own derive from either
from .compound import ChainedScheduler, SequentialLR
from .cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from .decays import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from .plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
