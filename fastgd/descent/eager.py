"""The eager engine: the training loop as one would write it, for what C does not know."""

import numpy as np

from ..autograd import enable_grad
from .stream import Stop


class EagerEngine:
    """Runs model, criterion and optimizer batch by batch.

    Args:
        batches: function that gives an epoch's batches: (x, y), or (x, y, weights) where rows are weighted.
        loss_of: function (prediction, y[, weights]) -> loss.
        full: whether an epoch is one batch of all rows.
    """

    name = "eager"

    def __init__(self, model, optimizer, batches, loss_of, rates, full):
        self.model, self.optimizer, self.batches, self.loss_of = model, optimizer, batches, loss_of
        self.rates, self.full = rates, full
        self.best, self.stale = np.inf, 0
        self.weights_failed = False  # and not a loss, where the last epoch was not finite

    def resume(self, best, stale):
        self.best, self.stale = best, stale

    def advance(self, epochs, tol, patience, grad_tol, deadline):
        """One epoch, however many are asked for: somebody may look at the model after each."""
        lr = self.optimizer.param_groups[0]["lr"]
        total = rows = 0
        norms = []
        for x, *target in self.batches():
            loss = self._backward(x, target)
            if not np.isfinite(loss):
                return Stop.NOT_FINITE, 0, np.empty(0), np.empty(0), np.empty(0)
            if self.full:
                norms.append(self._gradient_norm())
                if norms[0] <= grad_tol:
                    return Stop.FLAT, 1, np.array([loss]), np.array(norms), np.array([float(lr)])
            self._step(x, target)
            total += loss * len(x)
            rows += len(x)
            if self.rates.by_batch:
                self.rates.scheduler.step()
        if self.rates.scheduler is not None and not self.rates.by_batch and not self.rates.needs_metric:
            self.rates.scheduler.step()
        if not all(np.isfinite(param.detach().numpy()).all() for param in self._parameters()):
            self.weights_failed = True
            return Stop.NOT_FINITE, 0, np.empty(0), np.empty(0), np.empty(0)
        loss = total / rows if rows else float("nan")
        stop = Stop.RAN
        if tol >= 0:
            self.stale = 0 if loss < self.best - tol else self.stale + 1
            self.best = min(self.best, loss)
            stop = Stop.STALE if self.stale >= patience else Stop.RAN
        return stop, 1, np.array([loss]), np.array(norms), np.array([float(lr)])

    def _parameters(self):
        return [param for group in self.optimizer.param_groups for param in group["params"]]

    def _backward(self, x, target):
        with enable_grad():
            self.optimizer.zero_grad()
            loss = self.loss_of(self.model(x), *target)
            loss.backward()
        self._first_loss = loss
        return loss.item()

    def _step(self, x, target):
        # The gradients are there: an optimizer that evaluates the loss again (LBFGS) starts from the first one.
        first = [self._first_loss]

        def closure():
            if first:
                return first.pop()
            with enable_grad():
                self.optimizer.zero_grad()
                loss = self.loss_of(self.model(x), *target)
                loss.backward()
            return loss

        self.optimizer.step(closure)

    def _gradient_norm(self):
        squares = [
            np.square(param.grad.numpy(), dtype=np.float64).sum()
            for param in self._parameters()
            if param.grad is not None
        ]
        return float(np.sqrt(sum(squares)))
