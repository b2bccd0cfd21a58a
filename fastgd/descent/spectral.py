"""The spectral engine: full-batch descent on the squared loss, in the eigenbasis of its Hessian.

Each coordinate of plain, momentum, Nesterov and weight-decayed descent moves there on its own. Where weight and bias
have options of their own the eigenbasis is no use, and the Hessian itself takes its place: still no rows.
"""

import numpy as np

from ..statistics import Statistics
from ._coordinates import Coordinates
from .costs import spectral_seconds, stream_seconds
from .data import Sums
from .engine import SQUARED, Engine, Limits, Stop, Stretch
from .plan import NotPlannable, at_present, keep_buffers, rows_of
from .quadratic import EPS, Quadratic

MOST_SPREAD = 1e12  # of the curvatures that `auto` trusts to an eigenbasis


class SpectralEngine(Engine):
    """Coordinates with the parameters, momentum buffers and rates that they take from, and give to, an optimizer.

    Args:
        found: what plan.examine found of the model, the criterion and the optimizer.
        statistics: of the rows; rows: (table, target, weights or None), or None where there are none.
        data: Rows or Sums; rates: the Rates.

    Attributes:
        steepest: the largest curvature; spread: over the smallest that is not zero.
    """

    name, uses_numpy = "spectral", True

    def __init__(self, found, statistics, rows, data, rates):
        self.found, self.statistics, self.rows, self.data, self.rates = found, statistics, rows, data, rates
        d = found.form["d"]
        self.free = slice(0 if found.wanted[0] else d, d + 1 if found.wanted[1] else d)
        self.options, buffers = at_present(found, rates)
        first = self._measure(buffers)
        if rows is None:
            means, squares = statistics.means[d:], np.trace(statistics.products[d:, d:])
            size = self.scale * (squares + statistics.total * np.square(means).sum()) + first
            self.loss_error = float((16 + 4 * (d + 1)) * EPS * size)  # curvatures are good to EPS (d + 1)

    def _measure(self, buffers):
        """Makes the quadratic and its coordinates from the model as it stands; returns the loss there."""
        form, alone = self.found.form, self._alone
        weight, bias = form["weight_array"], form["bias_array"]
        made = Quadratic(self.statistics, self.rows, weight, bias, self.free, form["mean"], form["factor"])
        self.spread, self.steepest, self.scale = made.spread, float(max(made.curvature[-1], 0.0)), made.scale
        self.basis = made.basis if alone else np.eye(len(made.basis))
        self.reference = made.reference
        back = made.basis.T @ self.basis  # from the eigenbasis to the coordinates that are descended
        self.quadratic = {
            "base": made.base,
            "curvature": made.secants if alone else made.hessian,
            "anchor": made.reference @ self.basis,
            "pull": made.pull if alone else made.pull @ back,
        }
        self.coordinates = self._coordinates(made.offset if alone else made.offset @ back, buffers)
        self.numbers = made.offset.size * (1 if alone else len(made.basis))
        self._left = self._stands()
        return made.first

    @property
    def _alone(self):
        return self.found.together or len(self.found.trained) == 1

    def _coordinates(self, offset, buffers):
        buffers = [None if b is None else np.asarray(b, np.float64).reshape(offset.shape[0], -1) for b in buffers]
        if self._alone:
            joined = None if buffers[0] is None else np.hstack(buffers) @ self.basis
            parts = [(0, offset.shape[1], self.options[0], joined)]
        else:
            d = offset.shape[1] - 1
            parts = [(0, d, self.options[0], buffers[0]), (d, 1, self.options[1], buffers[1])]
        return Coordinates(offset=offset, parts=parts, **self.quadratic)

    def advance(self, epochs, limits):
        self._load()
        rates = self.rates.ahead(epochs, 1)
        epochs = len(rates[0][0])
        own = [rates[group] for _, group in self.found.trained]
        before = self.coordinates.state()
        stop, done, losses, norms = self.coordinates.run(epochs, own, *limits)
        steps = done - 1 if stop == Stop.FLAT else done
        if done and (stop == Stop.NOT_FINITE or not self._finite()):
            stop, steps = Stop.OVERFLOWED, self._last_finite(before, own, steps)
            done = min(done, steps + 1)
        self.data.draw_unused(done)
        self.rates.settle(epochs, steps)
        self._write_back()
        return Stretch(stop, done, losses[:done], norms[:done], rates[0][0][:done])

    def _load(self):
        """Takes up what somebody changed in the model and the optimizer since the engine left them."""
        options, buffers = at_present(self.found, self.rates)
        if options != self.options:
            self.options = options
            self.coordinates.set_options(options)
        now = self._stands()
        changed = [name for name in {**now, **self._left} if not np.array_equal(now.get(name), self._left.get(name))]
        if any(name.startswith("buffer") for name in changed):
            self._take_buffers(buffers)
            changed = [name for name in changed if not name.startswith("buffer")]
        trained = [name for name, wanted in zip(("weight", "bias"), self.found.wanted) if wanted]
        if not set(changed) <= set(trained):
            best, stale = self.best, self.stale
            buffers = self._views(self.coordinates.buffer @ self.basis.T)
            self._measure([view if started else None for view, started in zip(buffers, self._started())])
            self.best, self.stale = best, stale
        elif changed:
            stands = np.hstack([now[name].reshape(len(self.reference), -1) for name in trained])
            self.coordinates.offset[...] = (stands - self.reference) @ self.basis
        self._left = now

    def _take_buffers(self, buffers):
        parts = [np.zeros_like(target) if b is None else b for b, target in zip(buffers, self.found.targets)]
        rows = [np.asarray(part, np.float64).reshape(len(self.reference), -1) for part in parts]
        self.coordinates.buffer[...] = np.hstack(rows) @ self.basis
        self.coordinates.started = [b is not None for b in buffers][: 1 if self._alone else None]

    def _stands(self):
        """Copies of the model's weight and bias and of the momentum buffers."""
        form = self.found.form
        stands = {name: form[f"{name}_array"] for name in ("weight", "bias") if form[f"{name}_array"] is not None}
        for i, buffer in enumerate(at_present(self.found, self.rates)[1]):
            if buffer is not None:
                stands[f"buffer {i}"] = buffer
        return {name: array.copy() for name, array in stands.items()}

    def _finite(self):
        """Whether the weights and the squared errors' sum are finite in the model's type."""
        with np.errstate(over="ignore", invalid="ignore"):
            numbers = [np.asarray(self.coordinates.value() / self.scale), *self._views(self._parameters())]
            dtype = self.found.targets[0].dtype
            return all(np.isfinite(each.astype(dtype)).all() for each in numbers)

    def _last_finite(self, before, rates, steps):
        """Goes to the last step, below `steps`, whose weights are finite in the model's type, and returns it."""
        low, high = 0, max(steps, 1)  # finite, not finite
        while True:
            middle = (low + high) // 2
            self.coordinates.restore(before)
            if self.coordinates.run(middle, rates, *Limits())[0] == Stop.INTERRUPTED:
                raise self.coordinates.take_raised()
            if middle == low:
                return low
            low, high = (middle, high) if self._finite() else (low, middle)

    def _parameters(self):
        return self.reference + self.coordinates.offset @ self.basis.T

    def _views(self, array):
        """The parts of a k x p array that belong to the trained parameters."""
        d = self.found.form["d"]
        return [array[:, :d]] * self.found.wanted[0] + [array[:, -1]] * self.found.wanted[1]

    def _write_back(self):
        for view, target in zip(self._views(self._parameters()), self.found.targets):
            target[...] = view
        with np.errstate(over="ignore"):  # a buffer may be beyond float32 while the weights are not
            keep_buffers(self.found, self._views(self.coordinates.buffer @ self.basis.T), self._started())
        self._left = self._stands()

    def _started(self):
        """Per trained parameter, whether its momentum buffer holds anything yet."""
        started = self.coordinates.started
        return started if len(started) == len(self.found.trained) else started * 2

    def take_raised(self):
        return self.coordinates.take_raised()

    @property
    def best(self):
        return self.coordinates.best

    @best.setter
    def best(self, value):
        self.coordinates.best = value

    @property
    def stale(self):
        return self.coordinates.stale

    @stale.setter
    def stale(self, value):
        self.coordinates.stale = value

    def state_dict(self):
        """With the float64 state, from which a fit goes on with the same bits."""
        work, started, _, _ = self.coordinates.state()
        return {
            **super().state_dict(), **self.quadratic, "basis": self.basis, "reference": self.reference, "work": work,
            "started": started, "left": self._left,
        }  # fmt: skip

    def load_state_dict(self, state):
        self.basis, self.reference, self._left = state["basis"], state["reference"], state["left"]
        self.quadratic = {name: state[name] for name in self.quadratic}
        self.coordinates = self._coordinates(np.zeros_like(self.reference), [None] * len(self.found.trained))
        self.coordinates.restore((state["work"], state["started"], state["best"], state["stale"]))


def plan_spectral(found, data, rates, epochs, asked):
    """A SpectralEngine for this fit; raises NotPlannable where there can be none, or where the stream is cheaper.

    Args:
        data: Rows or Sums.
        epochs: of the whole fit.
        asked: the engine was asked for by name, whatever it costs.
    """
    if not data.full:
        raise NotPlannable("a step takes a mini-batch, and the sums are of all rows")
    if not found.form["factor"] > 0:
        raise NotPlannable("the loss is multiplied by a number that is not positive")
    if found.form["kind"] != SQUARED:
        raise NotPlannable("the loss is not the squared one, whose gradient needs no more than sums of the data")
    if isinstance(data, Sums):
        if not data.statistics.total > 0:
            raise NotPlannable("the rows weigh nothing")
        return SpectralEngine(found, data.statistics, None, data, rates)
    table, target, weights = rows = rows_of(found, data)
    if weights is not None and not weights.sum() > 0:
        data.check_finite()
        raise NotPlannable("the rows weigh nothing")
    shape = *table.shape, target.shape[1]
    alone = found.together or len(found.trained) == 1
    if not asked and stream_seconds(*shape, table.itemsize, epochs) < spectral_seconds(*shape, epochs, alone):
        raise NotPlannable("the stream is cheaper")
    try:
        statistics = Statistics(table, target, weights)
    except ValueError as error:
        data.check_finite()
        raise NotPlannable(str(error)) from None
    engine = SpectralEngine(found, statistics, rows, data, rates)
    if not asked and engine.spread > MOST_SPREAD:
        raise NotPlannable(f"the curvatures spread {engine.spread:.2g}-fold")
    return engine
