"""How long does one turn of a training loop take, beside torch?

The same source runs under both: the loop of nn.Linear, MSELoss and SGD, and the one written by hand with two leaves.
float32, one thread each, in one process.
"""

import numpy as np

from .timing import in_turns, median, shown

SIZES = [
    (3, 1, 1),
    (100, 1, 1),
    (100, 10, 1),
    (1000, 20, 1),
    (10_000, 100, 1),
    (100_000, 100, 1),
    (10_000, 10, 3),
    (10_000, 784, 10),
]


def table(n, d, k):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)).astype(np.float32)
    y = (X @ rng.normal(size=(d, k)) + 0.1 * rng.normal(size=(n, k))).astype(np.float32)
    return X, y


def module_loop(library, X, y):
    X, y = library.from_numpy(X), library.from_numpy(y)
    model = library.nn.Linear(X.shape[1], y.shape[1])
    optimizer = library.optim.SGD(model.parameters(), lr=0.01)
    criterion = library.nn.MSELoss()

    def run(turns):
        for _ in range(turns):
            loss = criterion(model(X), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return run


def loop_by_hand(library, X, y):
    """x * w + b for one feature and output, X @ w + b for more."""
    n, d = X.shape
    k = y.shape[1]
    single = d == k == 1
    x, y = library.from_numpy(X[:, 0].copy() if single else X), library.from_numpy(y[:, 0].copy() if single else y)
    w = library.zeros(1 if single else (d, k), requires_grad=True)
    b = library.zeros(k, requires_grad=True)
    lr = 0.01

    def run(turns):
        nonlocal w, b
        for _ in range(turns):
            loss = (((x * w if single else x @ w) + b - y) ** 2).mean()
            loss.backward()
            with library.no_grad():
                w -= lr * w.grad
                b -= lr * b.grad
            w.grad.zero_()
            b.grad.zero_()

    return run


def rows(libraries, quick=False):
    """(question, size, seconds by library) for every size."""
    for question, make in (("Linear, MSELoss, SGD", module_loop), ("by hand", loop_by_hand)):
        for n, d, k in SIZES:
            X, y = table(n, d, k)
            runs = {name: make(library, X, y) for name, library in libraries.items()}
            yield question, (n, d, k), in_turns(runs, *((0.02, 3) if quick else ()))


def main(quick=False):
    import fastgd

    libraries = {"fastgd": fastgd}
    try:
        import torch

        torch.set_num_threads(1)
        libraries["torch"] = torch
    except ImportError:
        print("torch is not installed: no ratios")
    print(f"{'loop':22} {'rows x features -> outputs':>28} {'fastgd':>9} {'torch':>9}  {'ratio (range)':22}")
    for question, (n, d, k), taken in rows(libraries, quick):
        line = f"{question:22} {f'{n} x {d} -> {k}':>28} {shown(median(taken['fastgd'])):>9}"
        if "torch" in taken:
            ratios = sorted(theirs / ours for ours, theirs in zip(taken["fastgd"], taken["torch"]))
            ratio = median(taken["torch"]) / median(taken["fastgd"])
            line += f" {shown(median(taken['torch'])):>9}  {ratio:.3g} ({ratios[0]:.3g} to {ratios[-1]:.3g})"
            line += "   LOSES" if ratio < 1 else ""
        print(line, flush=True)
