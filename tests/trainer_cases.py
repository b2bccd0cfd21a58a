"""What the tests of a Trainer have in common."""

import os
import pathlib

import numpy as np

import fastgd
from fastgd import Trainer, nn, optim

# Of child processes: they find the package where this one did.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(pathlib.Path(fastgd.__file__).parents[1])}


def data(n=53, d=4, k=1, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(dtype)
    y = (X @ rng.normal(size=(d, k)) + 0.5 + 0.1 * rng.normal(size=(n, k))).astype(dtype)
    return X, y


def model_for(X, y, bias=True):
    dtype = fastgd.float64 if X.dtype == np.float64 else fastgd.float32
    fastgd.manual_seed(3)
    return nn.Linear(X.shape[1], y.shape[1], bias=bias, dtype=dtype)


def loop(
    library, model, optimizer, criterion, X, y, epochs, batch_size=None, shuffle=False, drop_last=False, scheduler=None
):
    """The training loop of any script; returns the losses as fit records them."""
    X, y = library.from_numpy(X), library.from_numpy(y)
    loader = [(X, y)]
    if batch_size is not None:
        utils = library.utils.data
        loader = utils.DataLoader(
            utils.TensorDataset(X, y), batch_size=batch_size, shuffle=shuffle, drop_last=drop_last
        )
    losses = []
    for _ in range(epochs):
        total = rows = 0
        for xb, yb in loader:
            loss = criterion(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(xb)
            rows += len(xb)
        if scheduler is not None:
            scheduler.step()
        losses.append(total / rows)
    return losses


def close(a, b, dtype):
    np.testing.assert_allclose(
        a, b, rtol=3e-5 if dtype == np.float32 else 1e-10, atol=1e-6 if dtype == np.float32 else 1e-12
    )


def fit(model, X, y=None, optimizer=None, criterion=None, **options):
    optimizer = optimizer or optim.SGD(model.parameters(), lr=0.01)
    return Trainer(model, optimizer, criterion or nn.MSELoss()).fit(X, y, epochs=2, **options)
