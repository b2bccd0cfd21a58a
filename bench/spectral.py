"""Full batch without the rows: what do 1,000 epochs cost, 100,000, the sums; does `auto` pick the cheaper engine?

Every run is a whole fit: sums, eigenbasis, descent and history. Torch's 1,000 epochs are counted up from a few.
"""

import time
from functools import partial

import numpy as np

from . import Row, loops
from .data import table
from .limits import at_least

AGAINST_TORCH = [(100_000, 100), (1_000_000, 100)]
SUMS = [(1_000_000, d) for d in (1, 2, 4, 8, 10, 15)] + [(100_000, 50), (100_000, 100), (10_000, 784)]
SUMS_FROM_MEMORY = [(100_000_000 // d, d) for d in (1, 2, 4, 8, 10, 15)]  # 400 MB, more than the last cache holds
SUMS_OF_DOUBLES = [(1_000_000, d) for d in (1, 4, 10, 15)]
TWO_THREADS = [(1_000_000, 10), (100_000, 100)]
GRID = [(100, 1), (100, 10), (1000, 20), (10_000, 10), (10_000, 100), (100, 300), (200_000, 30)]


def fit(engine, n, d, epochs, momentum=0.0):
    import fastgd

    X, y = table(n, d)

    def run(times):
        for _ in range(times):
            model = fastgd.nn.Linear(d, 1)
            optimizer = fastgd.optim.SGD(model.parameters(), lr=loops.LR, momentum=momentum)
            fastgd.Trainer(model, optimizer, fastgd.nn.MSELoss()).fit(X, y, epochs=epochs, engine=engine)

    return run


def counted_up(n, d, epochs, few=5):
    """A figure: the seconds of all epochs from those of a few, of which one takes as long as another."""
    run = loops.with_modules("torch", n, d)
    run(few)
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        run(few)
        taken.append(time.perf_counter() - start)
    return sorted(taken)[1] / few * epochs


def statistics(n, d, dtype="float32", threads=1):
    import fastgd

    fastgd.set_num_threads(threads)
    X, y = table(n, d, dtype=dtype)
    return lambda times: [fastgd.Statistics(X, y) for _ in range(times)]


def blas(n, d, dtype="float32", threads=1):
    """Centred blocks in float64, and numpy's symmetric product of each."""
    X, _ = table(n, d, dtype=dtype)
    block = np.empty((1024, d))

    def run(times):
        for _ in range(times):
            total = np.zeros((d, d))
            for first in range(0, n, 1024):
                rows = block[: min(1024, n - first)]
                rows[...] = X[first : first + 1024]
                rows -= rows.mean(0)
                total += rows.T @ rows

    return run


def sums(group, n, d, dtype="float32", threads=1, base="", quick=False):
    how = {"n": n, "d": d, "dtype": dtype, "threads": threads}
    competitors = {"Statistics": partial(statistics, **how), "BLAS": partial(blas, **how)}
    p = d + 1
    limits, amounts = at_least(n, d, n * p * (p + 3) // 2, dtype, "float64", threads)
    competitors |= limits
    return Row(group, f"{n} x {d}", competitors, {"Statistics": ("BLAS",)}, amounts, base, threads, quick=quick)


def rows():
    for n, d in AGAINST_TORCH:
        competitors = {"spectral": partial(fit, "spectral", n, d, 1000), "torch": partial(counted_up, n, d, 1000)}
        yield Row("1,000 epochs", f"{n} x {d}", competitors, {"spectral": ("torch",)})
    for epochs in (100, 100_000):
        for momentum in (0.0, 0.9):
            competitors = {"spectral": partial(fit, "spectral", 10_000, 50, epochs, momentum)}
            yield Row(
                f"{epochs:,} epochs", f"10000 x 50, momentum {momentum:g}", competitors, {"spectral": ()},
                base="100 epochs" * (epochs > 100), quick=momentum == 0,
            )  # fmt: skip
    for n, d in SUMS:
        yield sums("the sums", n, d, quick=d == 50)
    for n, d in SUMS_FROM_MEMORY:
        yield sums("the sums, from memory", n, d)
    for n, d in SUMS_OF_DOUBLES:
        yield sums("the sums, float64", n, d, "float64", base="the sums")
    for n, d in TWO_THREADS:
        yield sums("the sums, two threads", n, d, threads=2, base="the sums")
    for n, d in GRID:
        for epochs in (1, 10, 100, 1000, 10_000):
            if n * d * epochs > 10_000_000_000:
                continue
            competitors = {engine: partial(fit, engine, n, d, epochs) for engine in ("auto", "stream", "spectral")}
            yield Row(
                "which engine",
                f"{n} x {d}, {epochs} epochs",
                competitors,
                {"auto": ()},
                quick=n * d * epochs == 100_000,
            )
