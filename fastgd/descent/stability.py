"""The largest learning rate at which full-batch descent is stable (DESIGN.md, "Stability")."""

import numpy as np

ROWS_AT_ONCE = 1 << 14


def largest_curvature(X, steps=30):
    """The largest eigenvalue of A^T A, A = X with a column of ones, by power iteration (von Mises 1929)."""
    rng = np.random.default_rng(0)
    direction = rng.normal(size=X.shape[1] + 1)
    length = 0.0
    for _ in range(steps):
        direction /= np.linalg.norm(direction)
        image = np.zeros_like(direction)
        for first in range(0, len(X), ROWS_AT_ONCE):
            rows = X[first : first + ROWS_AT_ONCE].astype(np.float64)
            along = rows @ direction[:-1] + direction[-1]
            image[:-1] += along @ rows
            image[-1] += along.sum()
        length = float(np.linalg.norm(image))
        if not np.isfinite(length) or length == 0:
            break
        direction = image
    return length


def largest_stable_rate(X, y, criterion, options, rows=None):
    """The limit of the rate for these optimizer options; None where the loss has none.

    Args:
        X, y: tensors of the data.
        criterion: whose name and reduction say the curvature.
        options: a parameter group.
        rows: 1 to take the largest row for the whole batch, as mini-batches may.
    """
    factor = {"MSELoss": 2.0, "mse_loss": 2.0, "HuberLoss": 1.0, "huber_loss": 1.0, "smooth_l1_loss": 1.0}.get(
        getattr(criterion, "__name__", type(criterion).__name__)
    )
    if type(criterion).__name__ == "SmoothL1Loss" and criterion.beta > 0:
        factor = 1.0 / criterion.beta
    if factor is None:
        return None
    table = X.detach().numpy()
    table = table.reshape(len(table), -1) if table.ndim != 1 else table[:, None]
    outputs = y.numel() // len(table)
    if rows is None:
        curvature = factor * largest_curvature(table)
        divisor = len(table) * outputs
    else:
        squares = np.einsum("ij,ij->i", table, table, dtype=np.float64)
        curvature = factor * (1.0 + float(squares.max()))
        divisor = outputs
    if getattr(criterion, "reduction", "mean") != "sum":
        curvature /= divisor
    curvature += options.get("weight_decay", 0)
    if not curvature > 0 or not np.isfinite(curvature):
        return None
    momentum, dampening = float(options.get("momentum", 0)), float(options.get("dampening", 0))
    if options.get("nesterov"):
        return 2 * (1 + momentum) / ((1 + 2 * momentum) * curvature)
    if momentum:
        return 2 * (1 + momentum) / ((1 - dampening) * curvature)
    return 2 / curvature


def spread_of_features(X):
    """The ratio of the largest to the smallest spread of a column that has one."""
    table = X.detach().numpy()
    if table.ndim != 2:
        return 1.0
    spreads = table[: 1 << 16].std(0, dtype=np.float64)
    spreads = spreads[spreads > 0]
    return float(spreads.max() / spreads.min()) if len(spreads) else 1.0
