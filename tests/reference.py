"""The numpy twin of every kernel, in float64: as the formulas read, and nothing else."""

import numpy as np

SQUARED, ABSOLUTE, HUBER, LOGISTIC = range(4)


def loss_and_gradients(X, y, W, b=None, *, loss=SQUARED, delta=1.0, scale=1.0, weights=None, index=None):
    """scale * sum of weight * loss(X W^T + b, y) and its gradients by W and b."""
    X, y, W = (np.asarray(array, float) for array in (X, y, W))
    if index is not None:
        X, y, weights = X[index], y[index], None if weights is None else weights[index]
    p = X @ W.T
    if b is not None:
        p = p + np.asarray(b, float)
    r = p - y
    if loss == SQUARED:
        losses, slopes = r**2, 2 * r
    elif loss == ABSOLUTE:
        losses, slopes = abs(r), np.sign(r)
    elif loss == LOGISTIC:
        losses, slopes = np.logaddexp(0, p) - y * p, 1 / (1 + np.exp(-p)) - y
    else:
        inside = abs(r) <= delta
        losses = np.where(inside, r**2 / 2, delta * (abs(r) - delta / 2))
        slopes = np.where(inside, r, delta * np.sign(r))
    if weights is not None:
        by_row = np.asarray(weights, float)[:, None]
        losses, slopes = by_row * losses, by_row * slopes
    return scale * losses.sum(), scale * slopes.T @ X, scale * slopes.sum(0)


def sgd_update(p, g, buffer=None, *, first=False, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0,
               nesterov=False, maximize=False):
    """The parameters and the momentum buffer after one step of torch's SGD."""
    p, step = np.array(p, float), np.array(g, float)
    if maximize:
        step = -step
    if weight_decay:
        step = step + weight_decay * p
    if buffer is not None:
        buffer = step if first else momentum * np.asarray(buffer, float) + (1 - dampening) * step
        step = step + momentum * buffer if nesterov else buffer
    return p - lr * step, buffer
