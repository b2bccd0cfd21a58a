"""The data of every descent: made in the competitor's own process, the same in each."""

import numpy as np

FRESH_ROWS = 10_000  # what comes after repeats them; drawing 10^8 numbers would take longer than the measurement


def table(n, d, k=1, dtype="float32", layout="rows"):
    """X (n x d) and y (n x k) = X w + noise.

    Args:
        layout: "rows"; "wide", rows of a table twice as wide; "columns", column after column.
    """
    rng = np.random.default_rng(0)
    fresh = min(n, FRESH_ROWS)
    X = rng.standard_normal((fresh, d), np.float32).astype(dtype)
    y = (X @ rng.normal(size=(d, k)) + 0.1 * rng.normal(size=(fresh, k))).astype(dtype)
    if n > fresh:
        X, y = (np.tile(part, (-(-n // fresh), 1))[:n] for part in (X, y))
    if layout == "wide":
        X = np.concatenate([X, X], axis=1)[:, :d]
    if layout == "columns":
        X = np.asfortranarray(X)
    return X, y
