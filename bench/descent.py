"""How long does a whole descent take, beside the peers' own best way to run it?

Each competitor has a process of its own, on one core and one thread, and they take their repeats in turns. A full-batch
step is the difference of a long and a short run over their steps, so that setting up and compiling do not count. A
mini-batch epoch includes drawing its order.
"""

import json
import subprocess
import sys
import time

import numpy as np

from .timing import median, shown

FULL_BATCH = [(3, 1), (100, 1), (100, 10), (1000, 20), (10_000, 100), (100_000, 100)]
MINI_BATCHES = [(100_000, 10, 256), (10_000, 100, 64)]
SINGLE_SAMPLES = [(10_000, 100, 1)]
LR = 1e-3


def table(n, d):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)).astype(np.float32)
    return X, (X @ rng.normal(size=(d, 1)) + 0.1 * rng.normal(size=(n, 1))).astype(np.float32)


# ---- competitors: each makes a function of a number of epochs from the data and the batch size


def fastgd_fit(X, y, batch_size):
    import fastgd

    model = fastgd.nn.Linear(X.shape[1], 1)
    trainer = fastgd.Trainer(model, fastgd.optim.SGD(model.parameters(), lr=LR), fastgd.nn.MSELoss())
    return lambda epochs: trainer.fit(
        X, y, epochs=epochs, batch_size=batch_size, shuffle=batch_size is not None, engine="stream"
    )


def _torch_model(X):
    import torch

    torch.set_num_threads(1)
    model = torch.nn.Linear(X.shape[1], 1)
    return torch, model, torch.optim.SGD(model.parameters(), lr=LR), torch.nn.MSELoss()


def _torch_step(model, optimizer, criterion, x, y):
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def torch_loop(X, y, batch_size):
    """Full batch, or mini-batches indexed by hand from a permutation."""
    torch, model, optimizer, criterion = _torch_model(X)
    X, y = torch.from_numpy(X), torch.from_numpy(y)

    def run(epochs):
        for _ in range(epochs):
            if batch_size is None:
                _torch_step(model, optimizer, criterion, X, y)
                continue
            for rows in torch.randperm(len(X)).split(batch_size):
                _torch_step(model, optimizer, criterion, X[rows], y[rows])

    return run


def torch_loader(X, y, batch_size):
    torch, model, optimizer, criterion = _torch_model(X)
    rows = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    loader = torch.utils.data.DataLoader(rows, batch_size=batch_size, shuffle=True)

    def run(epochs):
        for _ in range(epochs):
            for xb, yb in loader:
                _torch_step(model, optimizer, criterion, xb, yb)

    return run


def numba_loop(X, y, batch_size):
    import numba

    @numba.njit(fastmath=True)
    def descend(X, y, w, b, epochs):
        n, d = X.shape
        losses = np.empty(epochs)
        for epoch in range(epochs):
            gradient = np.zeros(d, np.float32)
            shift = np.float32(0)
            total = np.float32(0)
            for i in range(n):
                r = b - y[i]
                for j in range(d):
                    r += X[i, j] * w[j]
                total += r * r
                shift += r
                for j in range(d):
                    gradient[j] += r * X[i, j]
            losses[epoch] = total / n
            scale = np.float32(2 * LR / n)
            for j in range(d):
                w[j] -= scale * gradient[j]
            b -= scale * shift
        return losses

    target = y[:, 0].copy()
    return lambda epochs: descend(X, target, np.zeros(X.shape[1], np.float32), np.float32(0), epochs)


def jax_scan(X, y, batch_size):
    import jax

    X, y = jax.numpy.asarray(X), jax.numpy.asarray(y[:, 0])

    def loss_of(params):
        w, b = params
        return ((X @ w + b - y) ** 2).mean()

    def step(params, _):
        loss, gradients = jax.value_and_grad(loss_of)(params)
        return jax.tree.map(lambda p, g: p - LR * g, params, gradients), loss

    compiled = jax.jit(lambda params, epochs: jax.lax.scan(step, params, None, epochs)[1], static_argnums=1)
    start = (jax.numpy.zeros(X.shape[1]), jax.numpy.zeros(()))
    return lambda epochs: compiled(start, epochs).block_until_ready()


def sklearn_sgd(X, y, batch_size):
    from sklearn.linear_model import SGDRegressor

    target = y[:, 0].copy()

    def run(epochs):
        SGDRegressor(
            alpha=0.0, learning_rate="constant", eta0=LR, max_iter=epochs, tol=None, shuffle=True, random_state=0
        ).fit(X, target)

    return run


COMPETITORS = {f.__name__: f for f in (fastgd_fit, torch_loop, torch_loader, numba_loop, jax_scan, sklearn_sgd)}
PEERS = {
    "full batch": ("fastgd_fit", "torch_loop", "numba_loop", "jax_scan"),
    "mini-batches": ("fastgd_fit", "torch_loop", "torch_loader"),
    "single samples": ("fastgd_fit", "sklearn_sgd"),
}


# ---- the processes


def worker():
    """Runs one competitor: a line of JSON in says what, a line out gives the seconds."""
    name, n, d, batch_size = json.loads(sys.stdin.readline())
    try:
        run = COMPETITORS[name](*table(n, d), batch_size)
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        epochs = json.loads(line)
        start = time.perf_counter()
        run(epochs)
        print(json.dumps(time.perf_counter() - start), flush=True)


class Competitor:
    def __init__(self, name, n, d, batch_size):
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from bench.descent import worker; worker()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.there = "missing" not in self.ask([name, n, d, batch_size])

    def ask(self, what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def epoch_seconds(question, n, d, batch_size, repeats, seconds):
    """Seconds an epoch takes each competitor that is installed: a list of repeats by name."""
    competitors = {name: Competitor(name, n, d, batch_size) for name in PEERS[question]}
    competitors = {name: one for name, one in competitors.items() if one.there}
    lengths = {}
    for name, one in competitors.items():
        epochs = 1
        while (one.ask(epochs), took := one.ask(epochs))[1] < seconds / 4 and epochs < 1 << 22:
            epochs *= 4
        lengths[name] = max(2, int(epochs * seconds / took))
        one.ask(lengths[name]), one.ask(lengths[name] // 2)  # a compiler may compile for each length
    taken = {name: [] for name in competitors}
    for _ in range(repeats):
        for name, one in competitors.items():
            long, short = lengths[name], lengths[name] // 2
            taken[name].append(max(one.ask(long) - one.ask(short), 1e-12) / (long - short))
    for one in competitors.values():
        one.close()
    return taken


def main(quick=False):
    repeats, seconds = (2, 0.05) if quick else (5, 0.4)
    questions = [("full batch", n, d, None) for n, d in FULL_BATCH]
    questions += [("mini-batches", *size) for size in MINI_BATCHES]
    questions += [("single samples", *size) for size in SINGLE_SAMPLES]
    for question, n, d, batch_size in questions:
        taken = epoch_seconds(question, n, d, batch_size, repeats, seconds)
        ours = median(taken.pop("fastgd_fit"))
        line = f"{question + (f' of {batch_size}' if batch_size else ''):20} {f'{n} x {d}':>12}  fastgd {shown(ours):>8}"
        for name, theirs in taken.items():
            ratio = median(theirs) / ours
            line += f"   {name} {shown(median(theirs))} ({ratio:.3g}x{', LOSES' if ratio < 1 else ''})"
        print(line, flush=True)
