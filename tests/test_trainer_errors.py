"""What a Trainer refuses, and what it says of a descent that diverges."""

import numpy as np
import pytest
from trainer_cases import data, fit, model_for

import fastgd
from fastgd import DivergenceError, Trainer, nn, optim
from fastgd.optim import lr_scheduler

pytestmark = pytest.mark.usefixtures("affine")


@pytest.mark.parametrize("engine", ["stream", "eager"])
@pytest.mark.parametrize("batches", [{}, {"batch_size": 10}], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergence(engine, batches, dtype):
    X, y = data(dtype=dtype)
    X[:, 2] *= 100
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.5), nn.MSELoss())
    with pytest.raises(DivergenceError, match="largest stable rate.*standardise") as caught:
        trainer.fit(X, y, epochs=10_000, engine=engine, **batches)
    error = caught.value
    assert error.lr == 0.5
    assert error.epoch == len(error.history) == len(trainer.history)
    assert trainer.history.stop_reason == "diverged"
    assert np.isfinite(error.history.loss).all()
    assert np.isfinite(model.weight.detach().numpy()).all()
    if not batches:
        A = np.column_stack([X, np.ones(len(X))]).astype(float)
        exact = 2 / np.linalg.eigvalsh(2 * A.T @ A / len(X)).max()
        np.testing.assert_allclose(error.largest_stable_lr, exact, rtol=1e-3)
        if len(error.history):
            np.testing.assert_allclose(trainer.evaluate(X, y), error.history.loss[-1], rtol=1e-4)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True},
                                     {"momentum": 0.5, "dampening": 0.3}], ids=str)  # fmt: skip
def test_the_stable_rate_is_the_limit(options):
    X, y = data()
    from fastgd.descent.stability import largest_stable_rate

    defaults = {"momentum": 0, "dampening": 0, "nesterov": False, "weight_decay": 0}
    limit = largest_stable_rate(fastgd.from_numpy(X), fastgd.from_numpy(y), nn.MSELoss(), {**defaults, **options})
    for factor, stable in ((0.98, True), (1.02, False)):
        model = model_for(X, y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=factor * limit, **options), nn.MSELoss())
        if stable:
            history = trainer.fit(X, y, epochs=3000)
            assert history.loss[-1] < history.loss[0]
        else:
            with pytest.raises(DivergenceError):
                trainer.fit(X, y, epochs=200_000)


@pytest.mark.parametrize("engine", ["stream", "eager"])
@pytest.mark.parametrize("where", ["X", "y"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_data_is_named_and_nothing_is_changed(engine, where, value):
    X, y = data()
    (X if where == "X" else y)[17, 0] = value
    model = model_for(X, y)
    before = model.weight.detach().clone()
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    with pytest.raises(ValueError, match=f"{where} must be finite, but row 17"):
        trainer.fit(X, y, epochs=3, batch_size=10, engine=engine)
    assert fastgd.equal(model.weight.detach(), before)


def test_arguments_that_do_not_fit():
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    for options, message in (
        ({"epochs": -1}, "epochs"),
        ({"epochs": 1, "batch_size": 0}, "batch_size"),
        ({"epochs": 1, "tol": -1}, "tol"),
        ({"epochs": 1, "engine": "fast"}, "engine"),
        ({"epochs": 1, "batch_size": 5, "grad_tol": 1.0}, "grad_tol"),
        ({"epochs": 1, "sample_weight": -np.ones(len(X))}, "negative"),
        ({"epochs": 1, "sample_weight": np.ones(3)}, "sample_weight"),
    ):
        with pytest.raises(ValueError, match=message):
            trainer.fit(X, y, **options)
    with pytest.raises(ValueError, match="one row each"):
        trainer.fit(X, y[:-1], epochs=1)
    with pytest.raises(ValueError, match="at least one row"):
        trainer.fit(X[:0], y[:0], epochs=1)
    with pytest.raises(TypeError, match="astype"):
        trainer.fit(X.astype(np.float32), y, epochs=1)
    other = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="another optimizer"):
        Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss(), lr_scheduler.StepLR(other, 1))
    with pytest.raises(ValueError, match="none of the model"):
        Trainer(model_for(X, y), other, nn.MSELoss())
    with pytest.warns(UserWarning, match="bias.*not be trained"):
        Trainer(model, optim.SGD([model.weight], lr=0.1), nn.MSELoss())


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    trainer.fit(X, y, epochs=1)
    trainer.save(tmp_path / "run.ckpt")
    other = nn.Linear(7, 1, dtype=fastgd.float64)
    with pytest.raises(ValueError, match="another model"):
        Trainer(other, optim.SGD(other.parameters(), lr=0.01), nn.MSELoss()).resume(tmp_path / "run.ckpt")
