"""The training loop as torch's users write it: the same source under fastgd and under torch."""

import importlib

from .data import table

LR = 1e-3


def load(name, threads):
    library = importlib.import_module(name)
    library.set_num_threads(threads)
    return library


def with_modules(name, n, d, k=1, dtype="float32", batch=None, layout="rows", threads=1, loader=False):
    """The loop of nn.Linear, MSELoss and SGD: on all rows, on batches indexed by hand, or on those of a DataLoader."""
    library = load(name, threads)
    X, y = map(library.from_numpy, table(n, d, k, dtype, layout))
    model = library.nn.Linear(d, k, dtype=getattr(library, dtype))
    optimizer = library.optim.SGD(model.parameters(), lr=LR)
    criterion = library.nn.MSELoss()

    def turn(x, target):
        loss = criterion(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def full_batch(turns):
        for _ in range(turns):
            turn(X, y)

    def indexed(epochs):
        for _ in range(epochs):
            for rows in library.randperm(n).split(batch):
                turn(X[rows], y[rows])

    def loaded(epochs):
        for _ in range(epochs):
            for x, target in batches:
                turn(x, target)

    if batch is None:
        return full_batch
    if not loader:
        return indexed
    data = library.utils.data
    batches = data.DataLoader(data.TensorDataset(X, y), batch_size=batch, shuffle=True)
    return loaded


def by_hand(name, n, d, k=1):
    """x * w + b for one feature and output, X @ w + b for more."""
    library = load(name, 1)
    X, y = table(n, d, k)
    single = d == k == 1
    x, y = library.from_numpy(X[:, 0].copy() if single else X), library.from_numpy(y[:, 0].copy() if single else y)
    w = library.zeros(1 if single else (d, k), requires_grad=True)
    b = library.zeros(k, requires_grad=True)

    def run(turns):
        nonlocal w, b
        for _ in range(turns):
            loss = (((x * w if single else x @ w) + b - y) ** 2).mean()
            loss.backward()
            with library.no_grad():
                w -= LR * w.grad
                b -= LR * b.grad
            w.grad.zero_()
            b.grad.zero_()

    return run
