"""How long does a whole descent take, beside the peers' own best way to run it and beside what the machine allows?

A step on all rows is the difference of a long and a short fit over their steps, so that setting up and compiling do
not count. A mini-batch epoch includes drawing its order.
"""

from functools import partial

from . import Row, loops, peers
from .data import table
from .limits import limits

SMALL = [(3, 1), (100, 1), (100, 10), (1000, 20)]
LARGE = [(10_000, 50), (10_000, 100), (100_000, 100), (1_000_000, 10), (1_000_000, 100)]
OUTPUTS = [(1000, 20, 2), (10_000, 100, 2), (10_000, 100, 3), (10_000, 100, 10), (10_000, 784, 10), (10_000, 100, 100)]
BATCHES = [(100_000, 10), (10_000, 100)]
TWO_THREADS = [(1000, 20), (100_000, 100), (1_000_000, 10), (1_000_000, 100)]


def fastgd_fit(n, d, k=1, dtype="float32", batch=None, layout="rows", threads=1):
    import fastgd

    fastgd.set_num_threads(threads)
    X, y = table(n, d, k, dtype, layout)
    model = fastgd.nn.Linear(d, k, dtype=getattr(fastgd, dtype))
    trainer = fastgd.Trainer(model, fastgd.optim.SGD(model.parameters(), lr=loops.LR), fastgd.nn.MSELoss())
    return lambda epochs: trainer.fit(X, y, epochs=epochs, batch_size=batch, shuffle=batch is not None, engine="stream")


OURS = {"fit": fastgd_fit, "loop": partial(loops.with_modules, "fastgd")}
PEERS = {
    "torch": partial(loops.with_modules, "torch"),
    "numba": peers.numba_loop,
    "JAX": peers.jax_scan,
    "numpy": peers.numpy_loop,
}
COLUMNS = {"numba columns": peers.numba_columns}
LOADERS = {f"{name} loader": partial(loops.with_modules, name, loader=True) for name in ("fastgd", "torch")}


def made(competitors, **how):
    return {name: partial(make, **how) for name, make in competitors.items()}


def size(n, d, k=1):
    return f"{n} x {d}" + (f" -> {k}" if k > 1 else "")


def full_batch(group, n, d, k=1, base="", quick=False, **how):
    threads, dtype = how.get("threads", 1), how.get("dtype", "float32")
    peers_here = PEERS | (COLUMNS if k == threads == 1 else {})
    competitors = made(OURS | peers_here, n=n, d=d, k=k, **how)
    floor, amounts = limits(n, d, k, dtype, threads) if n * d >= 10_000 else ({}, {})
    ours = {"fit": tuple(peers_here), "loop": ("torch",)}
    return Row(group, size(n, d, k), competitors | floor, ours, amounts, base, threads, quick=quick)


def mini_batches(n, d, batch, dtype="float32"):
    competitors = made(OURS | PEERS | LOADERS, n=n, d=d, batch=batch, dtype=dtype)
    floor, amounts = limits(n, d, dtype=dtype)
    ours = {"fit": tuple(PEERS), "loop": ("torch",), "fastgd loader": ("torch loader",)}
    double = dtype == "float64"
    return Row(
        "mini-batches" + ", float64" * double, f"{size(n, d)} by {batch}", competitors | floor, ours, amounts,
        base="mini-batches" * double, quick=batch == 256 and d == 100 and not double,
    )  # fmt: skip


def single_samples(n, d):
    rivals = {"scikit-learn": peers.sklearn_sgd, "numba": peers.numba_loop, "JAX": peers.jax_scan}
    competitors = made({"fit": fastgd_fit} | rivals, n=n, d=d, batch=1)
    return Row("single samples", size(n, d), competitors, {"fit": tuple(rivals)}, quick=d == 100)


def rows():
    for n, d in SMALL + LARGE:
        yield full_batch("full batch", n, d, quick=d == 20)
    for n, d, k in OUTPUTS:
        yield full_batch("full batch, many outputs", n, d, k, quick=d == 20)
    for n, d in SMALL + LARGE:
        yield full_batch("full batch, float64", n, d, dtype="float64", base="full batch", quick=d == 20)
    for n, d, k in OUTPUTS:
        yield full_batch("many outputs, float64", n, d, k, dtype="float64", base="full batch, many outputs")
    for layout, group in (("wide", "X: half the columns of a table"), ("columns", "X: column after column")):
        for n, d in ((1000, 20), (100_000, 100)):
            yield full_batch(group, n, d, layout=layout, base="full batch")
    for n, d in BATCHES:
        for batch in (32, 256, 4096):
            yield mini_batches(n, d, batch)
    for n, d in BATCHES:
        yield mini_batches(n, d, 256, "float64")
    for n, d in ((10_000, 100), (100_000, 10)):
        yield single_samples(n, d)
    for n, d in TWO_THREADS:
        yield full_batch("two threads", n, d, threads=2, base="full batch")
    yield full_batch("two threads, many outputs", 10_000, 784, 10, threads=2, base="full batch, many outputs")
