"""What a Trainer asks of an engine."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

SQUARED, ABSOLUTE, HUBER, LOGISTIC = range(4)  # the enum Loss of _kernels.pxd
Stop = IntEnum("Stop", "RAN STALE FLAT LATE NOT_FINITE OVERFLOWED INTERRUPTED NO_MEMORY", start=0)  # its enum Stop


class Limits(NamedTuple):
    """What may end a stretch of epochs early; a negative tolerance and a deadline of 0 never do."""

    tol: float = -1.0  # how much the loss must fall below its best
    patience: int = 1  # within so many epochs
    grad_tol: float = -1.0  # the gradient norm at which the descent stops before the update
    deadline: float = 0.0  # time.monotonic() after which no epoch is begun


class Stretch(NamedTuple):
    """What came of some epochs."""

    stop: Stop
    done: int  # whole epochs
    losses: np.ndarray = np.empty(0)  # of each of them
    norms: np.ndarray = np.empty(0)  # of the gradients, where each epoch is one batch of all rows
    rates: np.ndarray = np.empty(0)  # the first group's


class Engine:
    """Descends; made by `choice.choose_engine` for one fit.

    Between two stretches everything stands in the model, the optimizer, the scheduler and the random stream: a
    checkpoint needs nothing of an engine but its `state_dict`, and a callback may change any of them.

    Attributes:
        name: as in History.engine.
        best, stale: the lowest loss so far, and the epochs since it last fell by `tol`.
        loss_error: as in History.
        packed: whether the rows are read from a packed copy, which sums them in another order.
        uses_numpy: whether numpy's own arithmetic has a part in the results.
        numbers: that an epoch goes over, where it is not the rows.
    """

    name = None
    best, stale = np.inf, 0
    loss_error = numbers = None
    packed = uses_numpy = False

    def advance(self, epochs, limits):
        """Descends for at most so many epochs, at least one unless something stops it, and tells the Stretch.

        An epoch that does not come to its end is not counted. After whole ones the engine undoes it; where it is the
        first, or where an exception ends the stretch, the caller puts back what it saved before the stretch.
        """
        raise NotImplementedError

    def take_raised(self):
        """What a signal's handler raised, where the stretch was INTERRUPTED."""
        raise NotImplementedError

    def state_dict(self):
        return {"best": float(self.best), "stale": int(self.stale)}

    def load_state_dict(self, state):
        self.best, self.stale = state["best"], state["stale"]
