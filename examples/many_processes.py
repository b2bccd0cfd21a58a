"""Trains on a table that no process holds: each sums its own part, the sums are added, one descends.

Here the parts are rows that four processes draw for themselves; they could be files, or the shards of a cluster.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

import fastgd
from fastgd import nn, optim

PARTS, ROWS, FEATURES = 4, 50_000, 20


def read(part):
    """The rows of one part."""
    rng = np.random.default_rng(part)
    X = rng.normal(size=(ROWS, FEATURES)) * np.linspace(0.5, 2, FEATURES) + 1
    return X, X @ np.arange(FEATURES) / 10 + 3 + rng.normal(size=ROWS)


def summed(part):
    """What one process sends back: a few thousand numbers, however many rows it has read."""
    return fastgd.Statistics(*read(part))


def main():
    with ProcessPoolExecutor(PARTS, mp_context=get_context("spawn")) as pool:
        statistics = sum(pool.map(summed, range(PARTS)))
    print(statistics)

    model = nn.Linear(FEATURES, 1, dtype=fastgd.float64)
    found = fastgd.diagnose(statistics)
    print(found)

    optimizer = optim.SGD(model.parameters(), lr=found.best_momentum_lr, momentum=found.best_momentum)
    history = fastgd.Trainer(model, optimizer, nn.MSELoss()).fit(statistics, epochs=2_000)
    print(f"{history}\nlosses are good to {history.loss_error:.1e}")
    weights = ", ".join(f"{w:.3f}" for w in model.weight[0].tolist()[:5])
    print(f"weights {weights}, ...; bias {model.bias.item():.3f}")


if __name__ == "__main__":
    main()
