"""What the data allow full-batch descent, before any training."""

import math

import numpy as np

from .descent.quadratic import EPS, least_squares, moments
from .descent.stability import best_rate, epochs_to, stable_limit
from .optim import SGD
from .statistics import Statistics, as_numbers, residuals

ERRORS = (1e-2, 1e-4, 1e-6)
FAR = 10.0  # a mean this many spreads from zero, or a spread this many times from the median, is told
TIED = 1e3  # so is a combination of standardised columns whose variance is this much below the largest


class Choice:
    """One setting of the optimizer: its rate, its momentum, and the epochs to each of `ERRORS` (inf: never)."""

    def __init__(self, name, lr, curvatures, options):
        self.name, self.lr, self.momentum = name, float(lr), float(options.get("momentum", 0))
        self.epochs = tuple(max(epochs_to(e, self.lr, c, options) for c in curvatures) for e in ERRORS)


class Diagnosis:
    """The curvatures of the mean squared error on a table, and what follows from them for gradient descent.

    Attributes:
        largest, smallest: the largest curvature, and the smallest that is not zero.
        flat: how many directions have no curvature at all: the loss does not see them.
        condition: largest / smallest, weight decay included.
        stable_lr: the largest stable learning rate for the optimizer's settings; None where there is none.
        lr: the best constant rate for these settings.
        best_momentum, best_momentum_lr: of Polyak's heavy ball, and its rate.
        choices: Choice for the optimizer's own rate, the best rate, the best momentum, and the best rate after the
            columns were standardised: each with the epochs to relative errors of 1e-2, 1e-4 and 1e-6.
        scaled_condition: the condition of standardised columns.
        columns: (column, what is wrong with it), most telling first.
        weight, bias, least_loss: the least-squares solution (outputs x features, outputs) and its loss; None without y.
    """

    def __init__(self, statistics, rows, has_target, optimizer):
        group = {"lr": None, "momentum": 0.0} if optimizer is None else optimizer.param_groups[0]
        with_bias = optimizer is None or sum(len(g["params"]) for g in optimizer.param_groups) > 1
        decay = float(group.get("weight_decay", 0))
        d, k = statistics.features, statistics.outputs
        self.rows, self.features, self.outputs = statistics.rows, d, k
        width = d + with_bias
        scale = 2 / (statistics.total * k)
        curvatures = np.linalg.eigvalsh(scale * moments(statistics)[:width, :width])
        self.largest, self.smallest, self.flat = _ends(curvatures)
        self.condition = (self.largest + decay) / (self.smallest + decay) if self.largest > 0 else 1.0
        self.stable_lr = stable_limit(self.largest, group)
        self.lr = best_rate(self.smallest, self.largest, group)
        low, high = math.sqrt(self.smallest + decay), math.sqrt(self.largest + decay)
        self.best_momentum = ((high - low) / (high + low)) ** 2 if high else 0.0
        self.best_momentum_lr = 4 / (high + low) ** 2 if high else None

        mean, spread = statistics.means[:d], _spreads(statistics)
        varied = np.flatnonzero(spread)
        scaled, basis = _axes_of_correlation(statistics, varied)
        high, low, _ = _ends(2 / k * np.append(scaled, [1.0] * with_bias))
        ends = low, high
        self.scaled_condition = (high + decay) / (low + decay)
        self.columns = _columns(mean, spread, varied, scaled, basis)

        heavy = {"momentum": self.best_momentum, "weight_decay": decay}
        own = self.smallest, self.largest
        asked = (
            ("your rate", group["lr"], own, group),
            ("best rate", self.lr, own, group),
            ("best momentum", self.best_momentum_lr, own, heavy),
            ("best rate, columns standardised", best_rate(*ends, group), ends, group),
        )
        self.choices = [Choice(*one) for one in asked if one[1] is not None]

        self.weight = self.bias = self.least_loss = None
        if has_target:
            self.weight, self.bias = least_squares(statistics, rows, with_bias)
            self.least_loss = _loss(statistics, rows, self.weight, self.bias)

    def _stable(self):
        if self.stable_lr is not None:
            return f"lr {self.stable_lr:.4g}"
        return "no lr: every step but the first is dampened to nothing" if self.largest > 0 else "any lr"

    def __repr__(self):
        features, outputs, flat = _several(self.features, "feature"), _several(self.outputs, "output"), ""
        if self.flat:
            flat = f", flat in {_several(self.flat, 'direction')}"
        lines = [
            f"{self.rows} rows, {features}, {outputs}, mean squared error",
            f"  curvature       {self.smallest:.3g} to {self.largest:.3g}{flat}",
            f"  condition       {self.condition:.3g}; {self.scaled_condition:.3g} with standardised columns",
            "  stable up to    " + self._stable(),
        ]
        if self.least_loss is not None:
            lines.append(f"  least loss      {self.least_loss:.6g}")
        if self.choices:
            lines.append(f"  {'':32} {'lr':>10} {'momentum':>9}   epochs to" + "".join(f"{e:>10.0e}" for e in ERRORS))
        for choice in self.choices:
            epochs = "".join(f"{_count(n):>10}" for n in choice.epochs)
            lines.append(f"  {choice.name:32} {choice.lr:10.4g} {choice.momentum:9.4g} {'':11}{epochs}")
        lines += [f"  column {column}: {why}" for column, why in self.columns[:10]]
        if len(self.columns) > 10:
            lines.append(f"  and {len(self.columns) - 10} more: see columns")
        return "\n".join(lines)


def diagnose(X, y=None, optimizer=None):
    """Tells how full-batch descent on the mean squared error will do on these data, without descending.

    The curvatures are the eigenvalues of 2 A^T A / (rows outputs), A = X with a column of ones (unless the optimizer
    holds a single parameter). The epochs are those after which the distance from the least-squares solution is
    below the relative error in every direction.

    Args:
        X: rows x features, or Statistics.
        y: rows, or rows x outputs; with it, the least-squares solution and its loss are there too.
        optimizer: an SGD, whose rate and options are judged. Default: plain descent.

    Returns:
        A Diagnosis: prints as a table, has its figures as attributes.

    Raises:
        ValueError, TypeError: as Statistics; rows of no weight; an optimizer other than SGD, or one that maximizes.

    Example:
        >>> found = fastgd.diagnose(np.array([[0.0], [1.0], [2.0]]))
        >>> round(found.largest, 4), round(found.stable_lr, 4)
        (4.7749, 0.4189)

    References:
        Polyak, Some methods of speeding up the convergence of iteration methods, 1964.
    """
    if optimizer is not None and not isinstance(optimizer, SGD):
        raise TypeError(f"optimizer must be an optim.SGD, whose rates have limits, but got {type(optimizer).__name__}")
    if optimizer is not None and optimizer.param_groups[0]["maximize"]:
        raise ValueError("optimizer must minimise, but it has maximize=True, and no rate at which the loss converges")
    if isinstance(X, Statistics):
        if not X.total > 0:
            raise ValueError("X must be Statistics of rows that weigh something, but their weights sum to 0")
        return Diagnosis(X, None, True, optimizer)
    table = as_numbers("X", X)
    if y is None:
        return Diagnosis(Statistics(table, np.zeros(table.shape[:1])), None, False, optimizer)
    target = as_numbers("y", y)
    statistics = Statistics(table, target)
    return Diagnosis(statistics, (table, target.reshape(len(target), -1), None), True, optimizer)


def _several(count, what):
    return f"{count} {what}{'s' * (count > 1)}"


def _spreads(statistics):
    """The standard deviations of the columns of X; 0 where one is constant but for rounding."""
    d = statistics.features
    spread = np.sqrt(np.diag(statistics.products)[:d] / statistics.total)
    spread[spread <= 4 * EPS * np.abs(statistics.means[:d])] = 0
    return spread


def _axes_of_correlation(statistics, varied):
    """The eigenvalues, rising, and the eigenvectors of the correlation of those columns."""
    if not len(varied):
        return np.ones(1), np.ones((1, 1))
    within = np.sqrt(np.diag(statistics.products)[varied])
    return np.linalg.eigh(statistics.products[np.ix_(varied, varied)] / np.outer(within, within))


def _ends(curvatures):
    """The largest curvature, the smallest that is not zero, and how many are."""
    largest = max(float(curvatures.max()), 0.0)
    seen = curvatures[curvatures > EPS * len(curvatures) * largest]
    return largest, float(seen.min()) if len(seen) else 0.0, len(curvatures) - len(seen)


def _count(epochs):
    """A number of epochs in ten characters."""
    return "never" if epochs == math.inf else str(epochs) if epochs < 10**7 else f"{epochs:.1e}"


def _columns(mean, spread, varied, scaled, basis):
    """What is wrong with which column: constant, of another spread than most, far from zero, nearly a combination."""
    told = []
    for column in np.flatnonzero(spread == 0):
        told.append((int(column), f"is constant ({mean[column]:.4g}): leave it out, the bias does its work"))
    middle = float(np.median(spread[varied])) if len(varied) else 1.0
    apart = np.abs(np.log(spread[varied] / middle))
    for column in varied[np.argsort(-apart, kind="stable")]:
        ratio = spread[column] / middle
        if ratio > FAR or ratio < 1 / FAR:
            why = f"its spread {spread[column]:.3g} is {ratio:.3g} times the median column's: divide by it"
            told.append((int(column), why))
    for column in varied[np.argsort(-np.abs(mean[varied]) / spread[varied], kind="stable")]:
        if abs(mean[column]) > FAR * spread[column]:
            times = abs(mean[column]) / spread[column]
            told.append((int(column), f"its mean {mean[column]:.4g} is {times:.3g} times its spread: subtract it"))
    if len(varied) > 1:
        for value, direction in zip(scaled, basis.T):
            if value * TIED >= scaled[-1]:
                break
            tied = varied[np.abs(direction) > 0.3 * np.abs(direction).max()]
            others = ", ".join(str(c) for c in tied)
            told += [(int(c), f"columns {others} nearly determine each other: leave one out") for c in tied]
    return list(dict.fromkeys(told))  # several directions may tie the same columns


def _loss(statistics, rows, weight, bias):
    """The mean squared error of a solution: from the rows, or from the sums where there are none."""
    d, k, scale = statistics.features, statistics.outputs, 1 / (statistics.total * statistics.outputs)
    if rows is None:
        rest = weight @ statistics.means[:d] + bias - statistics.means[d:]
        joined = np.hstack([weight, -np.eye(k)])
        total = np.einsum("ij,jl,il->", joined, statistics.products, joined) + statistics.total * rest @ rest
        return max(scale * float(total), 0.0)
    return scale * float(residuals(*rows, weight[None], bias[None])[0][0])
