"""The squared loss of a table as a quadratic of the parameters: its curvatures, and a point to measure from.

Two passes over the rows make it: the centred sums, then the residuals at two points. Measured from the least-squares
solution, no loss and no gradient is the small difference of large numbers.
"""

import threading

import numpy as np

from ..statistics import residuals

EPS = np.finfo(np.float64).eps
# Below this share of the largest curvature a coordinate is measured from where the descent starts: the least-squares
# solution may lie so far along it that the distance hides the steps.
SLOW = 1e-8
LONG = 512  # columns whose eigenbasis takes so long that Ctrl-C may come meanwhile


class Quadratic:
    """loss(p) = base + sum of e (2 pull + H e) / 2,  e = (p - reference) in the eigenbasis of H.

    Args:
        statistics: of the rows.
        rows: (table, target, weights or None) for losses to the last digit, or None: from the sums alone.
        weight, bias: k x d and k (or None), where the descent starts.
        free: the slice of (weight, bias) that is trained.
        mean, factor: whether the loss is a mean, or a sum; and what multiplies it.

    Attributes:
        hessian: p x p, of the free parameters of one output; curvature: p, ascending; basis: p x p, its eigenvectors.
        secants: k x p, the curvature along each coordinate as the two points show it.
        base, pull, reference, start: the loss, its slope (k x p, in the basis), and the free parameters (k x p) at
            the point that offsets are measured from; the free parameters where the descent starts.
        first: the loss there.
        spread: the largest curvature over the smallest that is not zero.
    """

    def __init__(self, statistics, rows, weight, bias, free, mean, factor=1.0):
        self.statistics, self.free = statistics, free
        self.d, self.k = statistics.features, statistics.outputs
        self.scale = factor / (statistics.total * self.k) if mean else factor
        self.hessian = 2 * self.scale * moments(statistics)[free, free]
        self.curvature, self.basis = eigenbasis(self.hessian)
        steepest = max(self.curvature[-1], 0.0)
        null = self.curvature <= EPS * len(self.curvature) * steepest
        slow = null | (self.curvature < SLOW * steepest)
        self.curvature[null] = 0
        self.spread = float(steepest / self.curvature[~null][0]) if not null.all() else 1.0

        everything = np.zeros((self.k, self.d + 1))
        everything[:, : self.d] = weight
        if bias is not None:
            everything[:, self.d] = bias
        self.start = everything[:, free].copy()
        _, slope = self._from_sums(everything)
        step = np.zeros_like(slope)
        step[:, ~slow] = (slope @ self.basis)[:, ~slow] / self.curvature[~slow]
        at_reference = everything.copy()
        at_reference[:, free] -= step @ self.basis.T
        self.reference = at_reference[:, free]
        if rows is None:
            (self.first, slope), (self.base, pull) = self._from_sums(everything), self._from_sums(at_reference)
        else:
            (self.first, slope), (self.base, pull) = self._from_rows(*rows, (everything, at_reference))
        self.pull, slope = pull @ self.basis, slope @ self.basis
        self.offset = (self.start - self.reference) @ self.basis
        self.offset[:, slow] = 0
        noise = EPS * len(null) * (np.sqrt(2 * steepest * self.base) + steepest * np.abs(self.reference).max())
        self.pull[:, null] *= (np.abs(self.pull[:, null]) > noise) & (rows is not None)
        self.secants = self._secants(slope, steepest)

    def _secants(self, slope, steepest):
        """The curvature from the slopes at both points where those are far apart: an eigenvalue is only as good as
        the largest is, and times a long way that shows in the loss."""
        secants = np.tile(self.curvature, (self.k, 1))
        if steepest > 0:
            far = np.abs(self.offset) > np.sqrt(2 * (self.first + self.base) / steepest)
            found = (slope - self.pull)[far] / self.offset[far]
            near = np.abs(found - secants[far]) <= 8 * EPS * len(self.curvature) * steepest
            secants[far] = np.where(near & (found > 0), found, secants[far])
        return secants

    def _from_sums(self, everything):
        """Loss and slope by the free parameters; the loss is good to eps * y^T y."""
        s, d = self.statistics, self.d
        weight, bias = everything[:, :d], everything[:, d]
        rest = weight @ s.means[:d] + bias - s.means[d:]
        slope = np.empty_like(everything)
        across = weight @ s.products[:d, :d] - s.products[d:, :d]
        slope[:, :d], slope[:, d] = across + s.total * np.outer(rest, s.means[:d]), s.total * rest
        loss = ((across - s.products[d:, :d]) * weight).sum() + np.trace(s.products[d:, d:]) + s.total * rest @ rest
        return max(self.scale * float(loss), 0.0), 2 * self.scale * slope[:, self.free]

    def _from_rows(self, table, target, weights, points):
        points = np.array(points)
        losses, slopes = residuals(table, target, weights, points[..., : self.d], points[..., self.d])
        return [(self.scale * float(loss), 2 * self.scale * slope[:, self.free]) for loss, slope in zip(losses, slopes)]


def eigenbasis(matrix):
    """numpy's eigh, in whose middle Ctrl-C is heard.

    LAPACK goes on in a thread for which only the end of the process waits: the BLAS's own threads could not be ended
    under it.
    """
    if len(matrix) < LONG:
        return np.linalg.eigh(matrix)
    found, finished = [], threading.Event()

    def find():
        try:
            found.append(np.linalg.eigh(matrix))
        except Exception as error:
            found.append(error)
        finished.set()

    threading.Thread(target=find).start()
    while not finished.wait(0.1):  # not every system's wait hears a signal
        pass
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def moments(statistics):
    """A^T A of the rows, A = X with a column of ones."""
    d, means = statistics.features, np.append(statistics.means[: statistics.features], 1.0)
    made = statistics.total * np.outer(means, means)
    made[:d, :d] += statistics.products[:d, :d]
    return made


def least_squares(statistics, rows=None, bias=True):
    """The weights (k x d) and bias (k) of least squared error; the shortest in units of the columns' spreads.

    Solved on centred columns of length one, where scale costs no digits, and with the rows refined once by their
    residuals (Golub & Wilkinson 1966).
    """
    d, k = statistics.features, statistics.outputs
    centre = statistics.means if bias else np.zeros(d + k)
    products = statistics.products if bias else statistics.products + statistics.total * np.outer(
        statistics.means, statistics.means
    )  # fmt: skip
    length = np.sqrt(np.diag(products)[:d])
    length[length <= EPS * np.sqrt(statistics.total) * np.abs(centre[:d])] = np.inf  # constant columns weigh nothing
    curvature, basis = np.linalg.eigh(products[:d, :d] / np.outer(length, length))
    kept = curvature > EPS * d * max(curvature[-1], 0.0)
    inverse = (basis[:, kept] / curvature[kept]) @ basis[:, kept].T
    weight = (inverse @ (products[:d, d:] / length[:, None])).T / length
    if rows is not None:
        across = residuals(*rows, weight[None], centre[None, d:], centre[:d])[1][0, :, :d].T
        weight -= (inverse @ (across / length[:, None])).T / length
    return weight, (centre[d:] - weight @ centre[:d]) if bias else np.zeros(k)
