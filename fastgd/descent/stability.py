"""How fast, and up to which learning rate, full-batch descent by SGD converges."""

import math

import numpy as np

from ..statistics import Statistics
from .engine import HUBER, LOGISTIC, SQUARED
from .quadratic import moments

ROWS_AT_ONCE = 1 << 14
STEEPEST = {SQUARED: 2.0, HUBER: 1.0, LOGISTIC: 0.25}  # of a loss's second derivative
MOST_EXACT = 1024  # features: above, the largest curvature comes from power iteration


def stable_limit(curvature, options):
    """The largest stable rate where `curvature` is the largest of the loss; None where there is none.

    Args:
        options: a parameter group of SGD.
    """
    curvature += float(options.get("weight_decay", 0))
    momentum, dampening = float(options.get("momentum", 0)), float(options.get("dampening", 0))
    if not 0 < curvature < np.inf or (momentum and not options.get("nesterov") and dampening >= 1):
        return None
    if options.get("nesterov"):
        return 2 * (1 + momentum) / ((1 + (2 - dampening) * momentum) * curvature)
    if momentum:
        return 2 * (1 + momentum) / ((1 - dampening) * curvature)
    return 2 / curvature


def stable_for_any_rows(curvature, options):
    """The rate up to which steps on ever other rows, none of more curvature, are stable; None where there is none.

    Beside one quadratic momentum may allow more; beside changing ones it is a plain step 1 / (1 - momentum) times as
    long.
    """
    momentum = float(options.get("momentum", 0))
    limit = stable_limit(curvature, {"weight_decay": options.get("weight_decay", 0)})
    if not momentum or limit is None:
        return limit
    dampening = float(options.get("dampening", 0))
    return limit * (1 - momentum) / (1 - dampening) if momentum < 1 and dampening < 1 else None


def _roots(lr, curvature, options):
    """The factors by which a coordinate's two modes, of its offset and buffer, change at every step."""
    momentum = float(options.get("momentum", 0))
    along = lr * (curvature + float(options.get("weight_decay", 0)))
    undamped = (1 - float(options.get("dampening", 0))) if momentum else 1
    if options.get("nesterov"):
        trace, product = 1 + momentum - along * (1 + momentum * undamped), momentum * (1 - along)
    else:
        trace, product = 1 + momentum - along * undamped, momentum
    rest = trace * trace - 4 * product
    if rest < 0:
        imaginary = math.sqrt(-rest) / 2
        return complex(trace / 2, imaginary), complex(trace / 2, -imaginary)
    large = (trace + math.copysign(math.sqrt(rest), trace)) / 2
    return large, product / large if large else 0.0


def contraction(lr, curvature, options):
    """The factor by which a coordinate of this curvature shrinks at every step, in the long run."""
    first, second = _roots(lr, curvature, options)
    return math.sqrt((first * second).real) if isinstance(first, complex) else abs(first)


def epochs_to(error, lr, curvature, options):
    """After how many steps the coordinate is surely below this share of where it began; inf: never.

    A coordinate goes as r^t + (e - r) (s^t - r^t) / (s - r), with the roots r and s, and e after the first step.
    """
    factor = contraction(lr, curvature, options)
    if factor >= 1:
        return math.inf
    if factor == 0:
        return 1
    r, s = _roots(lr, curvature, options)
    momentum = float(options.get("momentum", 0))
    steps = 1 + momentum if options.get("nesterov") else 1
    e = 1 - lr * steps * (curvature + float(options.get("weight_decay", 0)))
    apart, most = abs(e - r), 2 / abs(s - r) if s != r else math.inf
    epochs = 1.0
    for _ in range(60):
        epochs = max(1.0, (math.log1p(apart * min(epochs / factor, most)) - math.log(error)) / -math.log(factor))
    return math.ceil(epochs)


def best_rate(smallest, largest, options):
    """The constant rate at which the slowest coordinate shrinks fastest: both ends then shrink alike."""
    high = stable_limit(largest, options)
    if high is None:
        return None
    low = 0.0
    for _ in range(100):
        middle = (low + high) / 2
        steep, shallow = contraction(middle, largest, options), contraction(middle, smallest, options)
        if steep == shallow:  # both oscillate: nothing is faster
            return middle
        if steep < shallow:
            low = middle
        else:
            high = middle
    return low


def largest_curvature(table, weights=None):
    """The largest eigenvalue of A^T A, A = X with a column of ones, its rows weighted; infinity beyond float64."""
    if table.shape[1] <= MOST_EXACT:
        try:
            return float(np.linalg.eigvalsh(moments(Statistics(table, np.zeros(len(table)), weights)))[-1])
        except ValueError:
            return np.inf
    return _by_power_iteration(table, weights=weights)


def _by_power_iteration(table, steps=30, weights=None):
    """von Mises 1929; from below."""
    rng = np.random.default_rng(0)
    direction = rng.normal(size=table.shape[1] + 1)
    length = 0.0
    for _ in range(steps):
        direction /= np.linalg.norm(direction)
        image = np.zeros_like(direction)
        for first in range(0, len(table), ROWS_AT_ONCE):
            rows = table[first : first + ROWS_AT_ONCE].astype(np.float64)
            along = rows @ direction[:-1] + direction[-1]
            if weights is not None:
                along *= weights[first : first + ROWS_AT_ONCE]
            image[:-1] += along @ rows
            image[-1] += along.sum()
        length = float(np.linalg.norm(image))
        if not np.isfinite(length) or length == 0:
            break
        direction = image
    return length


def largest_stable_rate(X, weights, form, options, rows=None):
    """The limit of the rate for these optimizer options; None where the loss has none.

    Args:
        X, weights: tensors of the rows and of their weights; weights may be None.
        form: of plan.examine, which says the loss.
        options: a parameter group.
        rows: of a mini-batch, of which each is taken to be the largest; None for the whole batch.
    """
    factor = STEEPEST.get(form["kind"], 0.0) * form["factor"]
    if not factor > 0 or options.get("maximize"):
        return None
    weights = None if weights is None else weights.detach().numpy()
    table = X.detach().numpy().reshape(-1, form["d"])
    if rows is None:
        curvature = factor * largest_curvature(table, weights)
        divisor = (len(table) if weights is None else weights.sum(dtype=np.float64)) * form["k"]
    else:
        squares = 1.0 + np.einsum("ij,ij->i", table, table, dtype=np.float64)
        if weights is not None and not form["mean"]:
            squares *= weights
        curvature = factor * float(squares.max()) * (1 if form["mean"] else rows)
        divisor = form["k"]
    limit = stable_limit if rows is None else stable_for_any_rows
    return limit(curvature / divisor if form["mean"] else curvature, options)


def spread_of_features(X):
    """The ratio of the largest to the smallest spread of a column that has one."""
    table = X.detach().numpy()
    if table.ndim != 2:
        return 1.0
    with np.errstate(over="ignore"):
        spreads = table[: 1 << 16].std(0, dtype=np.float64)
    spreads = spreads[(spreads > 0) & np.isfinite(spreads)]
    return float(spreads.max() / spreads.min()) if len(spreads) else 1.0
