"""The eager engine: the training loop as one would write it, for what C does not know."""

import copy
import math

import numpy as np

from .._tensor import Tensor
from ..autograd import enable_grad
from .data import like_prediction
from .engine import Engine, Stop, Stretch
from .snapshot import parameters_of


class EagerEngine(Engine):
    """Runs model, criterion and optimizer batch by batch.

    Args:
        data: Rows or Batches.
        rates: of the optimizer and its scheduler.
    """

    name, uses_numpy = "eager", True

    def __init__(self, model, optimizer, criterion, data, rates):
        self.model, self.optimizer, self.data, self.rates = model, optimizer, data, rates
        self.criterion = criterion

    @property
    def criterion(self):
        return self._criterion

    @criterion.setter
    def criterion(self, criterion):
        self._criterion = criterion
        if self.data.weights is not None:
            if getattr(criterion, "reduction", None) not in ("mean", "sum"):
                raise TypeError(
                    "sample_weight needs a criterion whose reduction is 'mean' or 'sum', but got "
                    f"{getattr(criterion, '__name__', type(criterion).__name__)}: use nn.MSELoss() or its like"
                )
            self._each = copy.copy(criterion)  # row by row
            self._each.reduction = "none"

    def advance(self, epochs, limits):
        """One epoch, however many are asked for: somebody may look at the model after each."""
        lr = float(self.optimizer.param_groups[0]["lr"])
        total = rows = 0
        norms = []
        for x, *target in self.data.batches():
            # As many rows as the weights say; rows of no weight move nothing.
            counted = len(x) if len(target) == 1 else target[1].sum().item()
            if counted:
                loss = self._backward(x, target)
                value = loss.item()
                if not math.isfinite(value):
                    return Stretch(Stop.NOT_FINITE, 0)
            if self.data.full:
                norms.append(self._gradient_norm() if counted else 0.0)
                if norms[0] <= limits.grad_tol:
                    losses = np.array([value if counted else 0.0])
                    return Stretch(Stop.FLAT, 1, losses, np.array(norms), np.array([lr]))
            if counted:
                self._step(loss, x, target)
                total += value * counted
                rows += counted
            if self.rates.by_batch:
                self.rates.step()
        if self.rates.scheduler is not None and not self.rates.by_batch and not self.rates.needs_metric:
            self.rates.step()
        if not all(np.isfinite(param.detach().numpy()).all() for param in parameters_of(self.optimizer)):
            return Stretch(Stop.OVERFLOWED, 0)
        loss = total / rows if rows else 0.0
        stop = Stop.RAN
        if limits.tol >= 0:
            self.stale = 0 if loss < self.best - limits.tol else self.stale + 1
            self.best = min(self.best, loss)
            stop = Stop.STALE if self.stale >= limits.patience else Stop.RAN
        return Stretch(stop, 1, np.array([loss]), np.array(norms), np.array([lr]))

    def _loss(self, x, y, weights=None):
        try:
            prediction = self.model(x)
        except RuntimeError as error:
            if x.ndim == 1:
                error.add_note("X has one dimension, and must be rows x features: pass X[:, None] for one feature.")
            raise
        y = like_prediction(y, prediction)
        if weights is None:
            return self.criterion(prediction, y)
        each = self._each(prediction, y)
        if (len(each) if each.ndim else 1) != len(weights):
            raise TypeError(
                f"sample_weight needs a criterion that gives each row's losses where its reduction is 'none', but "
                f"{type(self.criterion).__name__} gave {tuple(each.shape)} for {len(weights)} rows: multiply by "
                "weights in a criterion of your own, or use nn.MSELoss() or its like"
            )
        each = each.reshape(len(weights), -1)
        weighted = (each * weights[:, None]).sum()
        if self.criterion.reduction == "sum":
            return weighted
        return weighted / (weights.sum().item() * each.shape[1])

    def _backward(self, x, target):
        with enable_grad():
            self.optimizer.zero_grad()
            loss = self._loss(x, *target)
            if not isinstance(loss, Tensor):
                raise TypeError(f"criterion must return a tensor, the loss, but returned a {type(loss).__name__}")
            loss.backward()
        return loss

    def _step(self, loss, x, target):
        # The gradients are there: an optimizer that evaluates the loss again (LBFGS) starts from the first one.
        first = [loss]
        self.optimizer.step(lambda: first.pop() if first else self._backward(x, target))

    def _gradient_norm(self):
        grads = [param.grad for param in parameters_of(self.optimizer) if param.grad is not None]
        flat = [grad.numpy().astype(np.float64).reshape(-1) for grad in grads]
        with np.errstate(over="ignore"):
            return math.sqrt(sum(float(each @ each) for each in flat))
