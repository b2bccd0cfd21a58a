"""The peers' own best way to descend: each as somebody who knows the library would write it.

Each makes run(epochs) from the shape of the data; `batch` is None for all rows, and otherwise every epoch draws a new
order. Where a library has several good ways, the fastest on this data is taken.
"""

import functools

import numpy as np

from .data import table
from .loops import LR
from .timing import fastest

# ---- numpy


def numpy_loop(n, d, k=1, dtype="float32", batch=None, layout="rows", **_):
    """A column of ones for the bias; every array is made once."""
    X, y = table(n, d, k, dtype, layout)
    if k == 1:
        y = y[:, 0].copy()
    A = np.ascontiguousarray(np.concatenate([X, np.ones((n, 1), dtype)], axis=1))
    w = np.zeros((d + 1, *y.shape[1:]), dtype)
    g = np.empty_like(w)
    rng = np.random.default_rng(0)
    size = batch or n
    residual, rows, target = np.empty_like(y[:size]), np.empty_like(A[:size]), np.empty_like(y[:size])

    def step(A, y, r):
        np.dot(A, w, out=r)
        np.subtract(r, y, out=r)
        np.dot(A.T, r, out=g)
        np.multiply(g, 2 * LR / r.size, out=g)
        np.subtract(w, g, out=w)
        return np.vdot(r, r) / r.size

    def full_batch(epochs):
        for _ in range(epochs):
            step(A, y, residual)

    def mini_batches(epochs):
        for _ in range(epochs):
            order = rng.permutation(n)
            for start in range(0, n, batch):
                chosen = order[start : start + batch]
                m = len(chosen)
                np.take(A, chosen, axis=0, out=rows[:m], mode="clip")  # without clip, out is buffered
                np.take(y, chosen, axis=0, out=target[:m], mode="clip")
                step(rows[:m], target[:m], residual[:m])

    return mini_batches if batch else full_batch


# ---- numba


@functools.cache
def compiled(threads):
    """The ways to descend, compiled when they are first called with arrays of a type."""
    import numba

    jit = numba.njit(fastmath=True)

    @jit
    def one_output(X, y, w, b, rate, epochs):
        """Row by row: the row is still in the cache for the gradient."""
        n, d = X.shape
        losses, g = np.empty(epochs), np.empty_like(w)
        for epoch in range(epochs):
            g[:] = 0
            shift = total = b[0] * 0
            for i in range(n):
                r = b[0] - y[i]
                for j in range(d):
                    r += X[i, j] * w[j]
                total += r * r
                shift += r
                for j in range(d):
                    g[j] += r * X[i, j]
            losses[epoch] = total / n
            for j in range(d):
                w[j] -= rate / n * g[j]
            b[0] -= rate / n * shift
        return losses

    @jit
    def by_columns(columns, y, w, b, rate, epochs):
        """The rows are the vector: a block of rows, whose residuals stay in the cache, column by column."""
        d, n = columns.shape
        losses, g = np.empty(epochs), np.empty_like(w)
        residuals = np.empty(min(n, 2048), y.dtype)
        for epoch in range(epochs):
            g[:] = 0
            shift = total = b[0] * 0
            for start in range(0, n, 2048):
                m = min(2048, n - start)
                r = residuals[:m]
                for i in range(m):
                    r[i] = b[0] - y[start + i]
                for j in range(d):
                    column, c = columns[j, start : start + m], w[j]
                    for i in range(m):
                        r[i] += c * column[i]
                for i in range(m):
                    total += r[i] * r[i]
                    shift += r[i]
                for j in range(d):
                    column, s = columns[j, start : start + m], b[0] * 0
                    for i in range(m):
                        s += r[i] * column[i]
                    g[j] += s
            losses[epoch] = total / n
            for j in range(d):
                w[j] -= rate / n * g[j]
            b[0] -= rate / n * shift
        return losses

    @jit
    def products(X, y, w, b, rate, epochs):
        """X.T @ (X @ w + b - y), with the BLAS."""
        losses = np.empty(epochs)
        for epoch in range(epochs):
            r = X @ w + b - y
            losses[epoch] = (r * r).sum() / r.size
            w -= rate / r.size * (X.T @ r)
            b -= rate / r.size * r.sum(axis=0)
        return losses

    @jit
    def many_outputs(X, y, w, b, rate, epochs):
        n, d = X.shape
        k = y.shape[1]
        losses, g = np.empty(epochs), np.empty_like(w)
        r, shift = np.empty_like(b), np.empty_like(b)
        for epoch in range(epochs):
            g[:] = 0
            shift[:] = 0
            total = b[0] * 0
            for i in range(n):
                for o in range(k):
                    r[o] = b[o] - y[i, o]
                for j in range(d):
                    for o in range(k):
                        r[o] += X[i, j] * w[j, o]
                for o in range(k):
                    total += r[o] * r[o]
                    shift[o] += r[o]
                for j in range(d):
                    for o in range(k):
                        g[j, o] += X[i, j] * r[o]
            losses[epoch] = total / (n * k)
            w -= rate / (n * k) * g
            b -= rate / (n * k) * shift
        return losses

    @numba.njit(fastmath=True, parallel=True)
    def one_output_in_threads(X, y, w, b, rate, epochs):
        n, d = X.shape
        losses = np.empty(epochs)
        partial = np.zeros((threads, d + 32), X.dtype)  # no two threads on one cache line
        for epoch in range(epochs):
            totals = np.zeros(threads)
            for part in numba.prange(threads):
                g = np.zeros_like(w)
                shift = total = b[0] * 0
                for i in range(n * part // threads, n * (part + 1) // threads):
                    r = b[0] - y[i]
                    for j in range(d):
                        r += X[i, j] * w[j]
                    total += r * r
                    shift += r
                    for j in range(d):
                        g[j] += r * X[i, j]
                partial[part, :d] = g
                partial[part, d] = shift
                totals[part] = total
            losses[epoch] = totals.sum() / n
            for part in range(threads):
                w -= rate / n * partial[part, :d]
                b[0] -= rate / n * partial[part, d]
        return losses

    @jit
    def mini_batches(X, y, w, b, rate, batch, epochs):
        n, d = X.shape
        losses, g = np.zeros(epochs), np.empty_like(w)
        for epoch in range(epochs):
            order = np.random.permutation(n)
            for start in range(0, n, batch):
                m = min(batch, n - start)
                g[:] = 0
                shift = total = b[0] * 0
                for place in range(start, start + m):
                    i = order[place]
                    r = b[0] - y[i]
                    for j in range(d):
                        r += X[i, j] * w[j]
                    total += r * r
                    shift += r
                    for j in range(d):
                        g[j] += r * X[i, j]
                losses[epoch] += total
                for j in range(d):
                    w[j] -= rate / m * g[j]
                b[0] -= rate / m * shift
            losses[epoch] /= n
        return losses

    return one_output, by_columns, products, many_outputs, one_output_in_threads, mini_batches


def numba_loop(n, d, k=1, dtype="float32", batch=None, layout="rows", threads=1):
    one_output, _, products, many_outputs, in_threads, mini_batches = compiled(threads)
    X, y, w, b, rate = numba_start(n, d, k, dtype, layout)
    if batch:
        return lambda epochs: mini_batches(X, y, w, b, rate, batch, epochs)
    ways = [products]
    if k == 1:
        ways.append(one_output if threads == 1 else in_threads)
    elif threads == 1:
        ways.append(many_outputs)
    return fastest([functools.partial(way, X, y, w, b, rate) for way in ways])


def numba_columns(n, d, dtype="float32", layout="rows", **_):
    X, y, w, b, rate = numba_start(n, d, 1, dtype, layout)
    return functools.partial(compiled(1)[1], np.ascontiguousarray(X.T), y, w, b, rate)


def numba_start(n, d, k, dtype, layout):
    X, y = table(n, d, k, dtype, layout)
    w, b = np.zeros((d, k), dtype), np.zeros(k, dtype)
    if k == 1:
        w, y = w[:, 0].copy(), y[:, 0].copy()
    return np.ascontiguousarray(X), y, w, b, X.dtype.type(2 * LR)


# ---- JAX


def jax_scan(n, d, k=1, dtype="float32", batch=None, layout="rows", **_):
    """jit of lax.scan over the steps, the parameters donated; mini-batches by an order that numpy draws."""
    import jax

    jax.config.update("jax_enable_x64", dtype == "float64")
    jnp = jax.numpy
    X, y = table(n, d, k, dtype, layout)
    if k == 1:
        y = y[:, 0].copy()
    X, y = jnp.asarray(X), jnp.asarray(y)
    params = jnp.zeros((d, *y.shape[1:]), dtype), jnp.zeros(y.shape[1:], dtype)

    def descend(params, x, target):
        def loss_of(params):
            w, b = params
            return ((x @ w + b - target) ** 2).mean()

        loss, gradients = jax.value_and_grad(loss_of)(params)
        return jax.tree.map(lambda p, g: p - LR * g, params, gradients), loss

    @functools.partial(jax.jit, static_argnums=3, donate_argnums=0)
    def full_batch(params, X, y, epochs):
        return jax.lax.scan(lambda params, _: descend(params, X, y), params, None, epochs)

    @functools.partial(jax.jit, donate_argnums=0)
    def epoch(params, X, y, order):
        return jax.lax.scan(lambda params, rows: descend(params, X[rows], y[rows]), params, order)

    rng = np.random.default_rng(0)

    def run(epochs):
        nonlocal params
        if batch is None:
            params, losses = full_batch(params, X, y, epochs)
        else:
            for _ in range(epochs):  # scan wants batches of one size: the rest of the rows is left out
                order = rng.permutation(n).astype(np.int32)[: n // batch * batch].reshape(-1, batch)
                params, losses = epoch(params, X, y, order)
        losses.block_until_ready()

    return run


# ---- scikit-learn


def sklearn_sgd(n, d, k=1, dtype="float32", batch=1, layout="rows", **_):
    """SGDRegressor, which takes one row a step."""
    from sklearn.linear_model import SGDRegressor

    X, y = table(n, d, k, dtype, layout)
    target = y[:, 0].copy()

    def run(epochs):
        SGDRegressor(
            alpha=0.0, learning_rate="constant", eta0=LR, max_iter=epochs, tol=None, shuffle=True, random_state=0
        ).fit(X, target)

    return run
