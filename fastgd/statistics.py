"""Statistics: the sums over rows that full-batch descent on the squared loss needs, and no row."""

import numpy as np

from ._sums import centred_sums, finish, residual_sums, rows_of_block
from ._tensor import Tensor

MOST_AT_ONCE = 1 << 22  # numbers that may be copied, where they are not what the kernel reads
READ_AT_ONCE = 1 << 24  # numbers between looks for Ctrl-C: they may come from a file
WORK_AT_ONCE = 1 << 30  # multiply-adds between looks for Ctrl-C: some 50 milliseconds
READ = np.dtype(np.float32), np.dtype(np.float64)  # by the kernels
BEYOND = "the sums over X and y are beyond float64: divide the columns by their spread"


class Statistics:
    """Weighted means and centred products of the columns of X and y: what full-batch MSE descent needs of the data.

    With weights s_i, means m and z_i = (x_i, y_i) the sums are

        total = sum s_i        means = sum s_i z_i / total        products = sum s_i (z_i - m) (z_i - m)^T

    in float64 whatever the data's type, centred block by block (Chan, Golub & LeVeque 1983), so that parts of a table
    can be summed elsewhere, added in any order, pickled, and given to Trainer.fit in place of X and y.

    Args:
        X: rows x features; numpy array (memory-mapped too), tensor, or what numpy makes an array of.
        y: rows, or rows x outputs.
        sample_weight: a weight a row, not negative. Default: 1 each.

    Attributes:
        rows, total: how many rows, and the sum of their weights.
        features, outputs: columns of X and of y; target_ndim: 1 where y was one column without an axis of its own.
        means: features + outputs. products: (features + outputs) x (features + outputs).

    Raises:
        ValueError: shapes that do not go together, no rows, negative weights, NaN or infinity (by row and column).
        TypeError: data that are not numbers.

    Example:
        >>> X, y = np.random.default_rng(0).normal(size=(1000, 3)), np.ones(1000)
        >>> together = fastgd.Statistics(X[:400], y[:400]) + fastgd.Statistics(X[400:], y[400:])
        >>> together
        Statistics(1000 rows, 3 features, 1 output)

    References:
        Chan, Golub & LeVeque, Algorithms for computing the sample variance, 1983.
    """

    def __init__(self, X, y, sample_weight=None):
        table, target = as_numbers("X", X), as_numbers("y", y)
        if table.ndim != 2:
            raise ValueError(
                f"X must be rows x features, but it has shape {table.shape}: use X[:, None] for one feature"
            )
        if target.ndim not in (1, 2) or len(target) != len(table):
            raise ValueError(
                f"X and y must have one row each per sample, but X has shape {table.shape} and y {target.shape}"
            )
        if not table.size or not target.size:
            raise ValueError(f"X and y must have at least one row and column, but X has shape {table.shape}")
        weights = None if sample_weight is None else _weights(sample_weight, len(table))
        self.target_ndim = target.ndim
        target = target.reshape(len(target), -1)
        self.rows, self.features, self.outputs = len(table), table.shape[1], target.shape[1]
        self.total, self.means, self.products, finite = sums(table, target, weights)
        if not finite:
            _refuse("X", table)
            _refuse("y", target)
            raise ValueError(BEYOND)

    def __add__(self, other):
        if isinstance(other, int) and other == 0:
            return self  # where sum() starts
        if not isinstance(other, Statistics):
            return NotImplemented
        mine, theirs = (self.features, self.outputs), (other.features, other.outputs)
        if mine != theirs:
            raise ValueError(
                f"Statistics to be added must have the same columns, but one has {mine[0]} features and {mine[1]} "
                f"outputs, the other {theirs[0]} and {theirs[1]}"
            )
        made = object.__new__(Statistics)
        made.target_ndim, made.features, made.outputs = self.target_ndim, *mine
        made.rows, made.total = self.rows + other.rows, self.total + other.total
        heavy, light = (self, other) if self.total >= other.total else (other, self)
        apart = light.means - heavy.means
        share = light.total / made.total if made.total else 0.0
        made.means = heavy.means + share * apart
        with np.errstate(over="ignore", invalid="ignore"):
            made.products = self.products + other.products + heavy.total * share * np.outer(apart, apart)
        if not np.isfinite(made.products).all():
            raise ValueError(BEYOND)
        return made

    __radd__ = __add__

    def __repr__(self):
        outputs = f"{self.outputs} output{'s' * (self.outputs > 1)}"
        return f"Statistics({self.rows} rows, {self.features} feature{'s' * (self.features > 1)}, {outputs})"


def sums(table, target, weights=None):
    """Total weight, means, and centred products of the columns of table and target; whether these are finite."""
    d = table.shape[1]
    p = d + target.shape[1]
    block = rows_of_block(p)
    step = max(1, min(_rows_at_once(table, target), WORK_AT_ONCE // p**2) // block) * block
    # A row of little weight may lie so far off that the others are all alike beside it.
    at = 0 if weights is None else int(np.argmax(weights))
    origin = np.empty(p)
    origin[:d], origin[d:] = _readable(table[at : at + 1])[0], _readable(target[at : at + 1])[0]
    shift, products = origin.copy(), np.zeros((p, p))
    pieces = [centred_sums(*rows, origin, shift, products) for rows in _pieces(table, target, weights, step)]
    totals, means = pieces[0] if len(pieces) == 1 else map(np.concatenate, zip(*pieces))
    while len(totals) > 1:  # the blocks' means are rows that weigh as much as their block
        shift = means[np.argmax(totals)].copy()
        totals, means = centred_sums(means[:, :d], means[:, d:], totals, np.zeros(p), shift, products)
    means = means[0]
    finite = finish(origin, means, products)
    return float(totals[0]), means, products, finite


def residuals(table, target, weights, weight, constant, centre=None):
    """What predictions (table - centre) weight^T + constant miss of the target.

    Args:
        weight: m x k x d, constant: m x k: m predictions, in one pass over the rows.
        centre: d. Default: zeros.

    Returns:
        The weighted squares' sums (m), and the sums of weighted misses (prediction - target) times the columns of
        (table - centre, 1), m x k x (d + 1).
    """
    m, k, d = weight.shape
    step = max(1, min(_rows_at_once(table, target), WORK_AT_ONCE // ((d + k) * (2 * m * k + 4))))
    centre = np.zeros(d) if centre is None else np.ascontiguousarray(centre)
    points = [np.ascontiguousarray(np.swapaxes(array, 0, 1)) for array in (weight, constant)]
    losses, slopes = np.zeros((k, m)), np.zeros((k, m, d + 1))
    for rows in _pieces(table, target, weights, step):
        more = residual_sums(*rows, centre, *points)
        losses += more[0]
        slopes += more[1]
    return losses.sum(0), np.swapaxes(slopes, 0, 1)


def _pieces(table, target, weights, step):
    """So many rows at a time, as the kernels read them: Python hears Ctrl-C in between."""
    for first in range(0, len(table), step):
        rows, also = _readable(table[first : first + step]), _readable(target[first : first + step])
        yield rows, also, None if weights is None else np.require(weights[first : first + step], np.float64, "CA")


def _rows_at_once(table, target):
    most = READ_AT_ONCE if _is_readable(table) and _is_readable(target) else MOST_AT_ONCE
    return most // (table.shape[1] + target.shape[1])


def _is_readable(rows):
    neighbours = rows.shape[1] == 1 or rows.strides[1] == rows.itemsize
    return rows.dtype in READ and neighbours and rows.flags.aligned


def _readable(rows):
    """As the kernel reads them: float32 or float64, aligned, each row contiguous."""
    if _is_readable(rows):
        return rows
    with np.errstate(over="ignore"):  # told by row and column
        return np.require(rows, np.float32 if rows.dtype == np.float32 else np.float64, "CA")


def check_mask(name, data):
    """Raises where numpy would take what lies under a mask for data."""
    if np.ma.is_masked(data):
        row = int(np.nonzero(np.ma.getmaskarray(data))[0][0])
        raise ValueError(f"{name} must have no masked values, but row {row} has one: drop or fill such rows")


def as_numbers(name, data):
    """Tensors, frames and what else numpy makes an array of."""
    check_mask(name, data)
    array = data.detach().numpy() if isinstance(data, Tensor) else np.asarray(data)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold numbers, but its type is {array.dtype}: convert it with astype(float)")
    return array


def _weights(given, n):
    weights = as_numbers("sample_weight", given)
    if weights.shape != (n,):
        raise ValueError(f"sample_weight must have shape ({n},), one a row, but it has {weights.shape}")
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"sample_weight must be finite and not negative, but row {row} has {weights[row]}")
    return weights


def _refuse(name, array):
    """Names the first number that is not finite."""
    step = max(1, MOST_AT_ONCE // array.shape[1])
    for first in range(0, len(array), step):
        bad = ~np.isfinite(array[first : first + step])
        if bad.any():
            row, column = (int(i[0]) for i in np.nonzero(bad))
            where = f"row {first + row}" + (f", column {column}" if array.shape[1] > 1 else "")
            raise ValueError(
                f"{name} must be finite, but {where} holds {array[first + row, column]}: drop or fill such rows"
            )
