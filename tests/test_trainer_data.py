"""The data that a Trainer takes."""

import numpy as np
import pytest
from trainer_cases import data, fit, model_for

import fastgd
from fastgd import Trainer, nn, optim
from fastgd.utils.data import DataLoader, TensorDataset

pytestmark = pytest.mark.usefixtures("affine")


def test_kinds_of_data(tmp_path):
    X, y = data(dtype=np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    expected = None
    for given, target in (
        (X, y),
        (X, y[:, 0]),
        (fastgd.from_numpy(X), fastgd.from_numpy(y)),
        (X, fastgd.from_numpy(y)),
        (mapped, y),
        (np.asfortranarray(X), y),
    ):
        model = model_for(X, y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss())
        history = trainer.fit(given, target, epochs=5)
        assert history.engine == "stream", history.engine_reason
        assert trainer.predict(X).shape == tuple(target.shape)
        if expected is None:
            expected = history.loss
        np.testing.assert_allclose(history.loss, expected, rtol=1e-6)


def test_integers_become_the_models_type():
    X = np.arange(12).reshape(6, 2)
    y = np.array([0, 1, 0, 1, 1, 0], bool)
    model = nn.Linear(2, 1)
    history = Trainer(model, optim.SGD(model.parameters(), lr=0.001), nn.MSELoss()).fit(X, y, epochs=2)
    assert history.engine == "stream"


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_data_loader_gives_the_same_as_its_rows(shuffle):
    X, y = data()
    params = []
    for loaded in (True, False):
        model = model_for(X, y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
        fastgd.manual_seed(1)
        if loaded:
            rows = TensorDataset(fastgd.from_numpy(X), fastgd.from_numpy(y))
            history = trainer.fit(DataLoader(rows, batch_size=8, shuffle=shuffle), epochs=3)
            assert history.engine == "stream", history.engine_reason
        else:
            trainer.fit(X, y, epochs=3, batch_size=8, shuffle=shuffle)
        params.append((model.weight.tolist(), fastgd.rand(1).item()))
    np.testing.assert_allclose(params[0][0], params[1][0], rtol=1e-12)
    assert params[0][1] == params[1][1]


def test_other_batches_run_the_ordinary_loop():
    X, y = data()
    batches = [(X[:20], y[:20]), (X[20:], y[20:])]
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss())
    history = trainer.fit(batches, epochs=30)
    assert history.engine == "eager"
    assert history.loss[-1] < history.loss[0] / 5


@pytest.mark.parametrize("engine", ["auto", "eager"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("batches", [{}, {"batch_size": 10}], ids=str)
def test_weights_repeat_rows(engine, reduction, batches):
    X, y = data(k=2)
    weights = np.random.default_rng(0).integers(0, 3, len(X))
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.001), nn.MSELoss(reduction=reduction))
    history = trainer.fit(X, y, epochs=4, sample_weight=weights, engine=engine, **batches)
    if not batches:
        other = model_for(X, y)
        again = Trainer(other, optim.SGD(other.parameters(), lr=0.001), nn.MSELoss(reduction=reduction)).fit(
            np.repeat(X, weights, 0), np.repeat(y, weights, 0), epochs=4
        )
        np.testing.assert_allclose(history.loss, again.loss, rtol=1e-10)
        np.testing.assert_allclose(model.weight.tolist(), other.weight.tolist(), rtol=1e-10)
    else:
        zero = np.zeros(len(X))
        before = model.weight.detach().clone()
        trainer.fit(X, y, epochs=1, sample_weight=zero, engine=engine, **batches)
        assert fastgd.equal(model.weight.detach(), before)
