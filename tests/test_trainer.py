"""Trainer: the same results as the loop written out, on every engine; how fits stop, fail and go on."""

import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import fastgd
from fastgd import nn, optim
from fastgd.optim import lr_scheduler
from fastgd import DivergenceError, Trainer
from fastgd.utils.data import DataLoader, TensorDataset

# C descends by way of the affine form; test_without_the_form is for the rest.
pytestmark = pytest.mark.usefixtures("affine")


def data(n=53, d=4, k=1, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(dtype)
    y = (X @ rng.normal(size=(d, k)) + 0.5 + 0.1 * rng.normal(size=(n, k))).astype(dtype)
    return X, y


def model_for(X, y, bias=True):
    dtype = fastgd.float64 if X.dtype == np.float64 else fastgd.float32
    fastgd.manual_seed(3)
    return nn.Linear(X.shape[1], y.shape[1], bias=bias, dtype=dtype)


def loop(library, model, optimizer, criterion, X, y, epochs, batch_size=None, shuffle=False, drop_last=False, scheduler=None):
    """The training loop of any script; returns the losses as fit records them."""
    X, y = library.from_numpy(X), library.from_numpy(y)
    loader = [(X, y)]
    if batch_size is not None:
        utils = library.utils.data
        loader = utils.DataLoader(utils.TensorDataset(X, y), batch_size=batch_size, shuffle=shuffle, drop_last=drop_last)
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
    np.testing.assert_allclose(a, b, rtol=3e-5 if dtype == np.float32 else 1e-10, atol=1e-6 if dtype == np.float32 else 1e-12)


OPTIONS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.5},
    {"momentum": 0.9, "nesterov": True},
    {"weight_decay": 0.1},
    {"momentum": 0.8, "weight_decay": 0.1, "maximize": True},
]


@pytest.mark.parametrize("engine", ["stream", "eager"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batches", [{}, {"batch_size": 8}, {"batch_size": 8, "shuffle": True}, {"batch_size": 1},
                                     {"batch_size": 7, "shuffle": True, "drop_last": True}], ids=str)  # fmt: skip
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_fit_equals_the_loop(engine, dtype, batches, options):
    X, y = data(k=2, dtype=dtype)
    results = []
    for fitted in (True, False):
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=0.01, **options)
        fastgd.manual_seed(5)
        if fitted:
            history = Trainer(model, optimizer, nn.MSELoss()).fit(X, y, epochs=3, engine=engine, **batches)
            assert history.engine == engine
            losses = history.loss
        else:
            losses = loop(fastgd, model, optimizer, nn.MSELoss(), X, y, 3, **batches)
        buffers = [optimizer.state[p]["momentum_buffer"].numpy() for p in model.parameters() if p in optimizer.state]
        results.append((losses, [p.detach().numpy() for p in model.parameters()], buffers, fastgd.rand(1).item()))
    (losses, params, buffers, stream), (loop_losses, loop_params, loop_buffers, loop_stream) = results
    close(losses, loop_losses, dtype)
    for mine, theirs in zip(params + buffers, loop_params + loop_buffers, strict=True):
        close(mine, theirs, dtype)
    assert stream == loop_stream


@pytest.mark.parametrize("batches", [{}, {"batch_size": 8, "shuffle": True}], ids=str)
@pytest.mark.parametrize("criterion", ["MSELoss", "L1Loss", "HuberLoss", "SmoothL1Loss"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_fit_equals_torch(batches, criterion, reduction):
    torch = pytest.importorskip("torch")
    X, y = data()
    losses = {}
    for library in (fastgd, torch):
        library.manual_seed(7)
        model = library.nn.Linear(4, 1, dtype=library.float64)
        optimizer = library.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
        loss = getattr(library.nn, criterion)(reduction=reduction)
        if library is fastgd:
            history = Trainer(model, optimizer, loss).fit(X, y, epochs=4, **batches)
            assert history.engine == "stream", history.engine_reason
            losses[library] = history.loss
        else:
            losses[library] = loop(torch, model, optimizer, loss, X, y, 4, **batches)
    np.testing.assert_allclose(losses[fastgd], losses[torch], rtol=1e-10)


def test_without_the_form_the_ordinary_loop_gives_the_same(either_way):
    X, y = data()
    model = model_for(X, y)
    history = Trainer(model, optim.SGD(model.parameters(), lr=0.05, momentum=0.9), nn.MSELoss()).fit(X, y, epochs=20)
    assert history.engine == ("stream" if either_way else "eager")
    other = model_for(X, y)
    losses = loop(fastgd, other, optim.SGD(other.parameters(), lr=0.05, momentum=0.9), nn.MSELoss(), X, y, 20)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-10)


class Subclass(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 1, dtype=fastgd.float64)

    def forward(self, x):
        return self.linear(x)


class Scaled(Subclass):
    def forward(self, x):
        return self.linear((x - x.mean(0)) / 2)


class Masked(Subclass):
    def forward(self, x):
        return nn.functional.linear(x, self.linear.weight * 0.5, self.linear.bias)


class OwnSGD(optim.SGD):
    def step(self, closure=None):
        return super().step(closure)


def fit(model, X, y, optimizer=None, criterion=None, **options):
    optimizer = optimizer or optim.SGD(model.parameters(), lr=0.01)
    return Trainer(model, optimizer, criterion or nn.MSELoss()).fit(X, y, epochs=2, **options)


@pytest.mark.parametrize("make", [Subclass, lambda: nn.Sequential(nn.Linear(4, 1, dtype=fastgd.float64))])
def test_affine_models_run_in_c(make):
    X, y = data()
    assert fit(make(), X, y).engine == "stream"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Scaled, "changes its input"),
        (Masked, "weight is computed"),
        (lambda: nn.Sequential(nn.Linear(4, 4, dtype=fastgd.float64), nn.Linear(4, 1, dtype=fastgd.float64)), "form"),
    ],
)
def test_other_models_run_the_ordinary_loop(make, reason):
    X, y = data()
    history = fit(make(), X, y)
    assert history.engine == "eager"
    assert reason in history.engine_reason
    with pytest.raises(ValueError, match=reason):
        fit(make(), X, y, engine="stream")


def test_hooks_and_subclasses_of_the_optimizer_run_the_ordinary_loop():
    X, y = data()
    model = Subclass()
    assert "SGD itself" in fit(model, X, y, OwnSGD(model.parameters(), lr=0.01)).engine_reason
    handle = model.linear.weight.register_hook(lambda g: g * 0)
    before = model.linear.weight.detach().clone()
    assert "hooks" in fit(model, X, y).engine_reason
    assert fastgd.equal(model.linear.weight.detach(), before)
    handle.remove()
    model.linear.register_forward_hook(lambda module, args, output: output + 1)
    assert "hooks" in fit(model, X, y).engine_reason


def test_bare_tensors_in_a_function():
    X, y = data(d=1)
    w = fastgd.zeros(1, 1, dtype=fastgd.float64, requires_grad=True)
    b = fastgd.zeros(1, dtype=fastgd.float64, requires_grad=True)
    optimizer = optim.SGD([w, b], lr=0.1)
    history = Trainer(lambda x: x @ w + b, optimizer, lambda p, t: ((p - t) ** 2).mean()).fit(X, y, epochs=100)
    assert history.engine == "stream"
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)[0]
    np.testing.assert_allclose([w.item(), b.item()], exact[:, 0], rtol=1e-6)


def test_parameter_groups_and_frozen_parameters():
    X, y = data()
    results = []
    for engine in ("stream", "eager"):
        model = model_for(X, y)
        groups = [{"params": [model.weight], "lr": 0.02, "momentum": 0.9}, {"params": [model.bias], "weight_decay": 0.3}]
        history = Trainer(model, optim.SGD(groups, lr=0.05), nn.MSELoss()).fit(X, y, epochs=5, engine=engine)
        results.append((model.weight.tolist(), model.bias.tolist(), history.loss))
    for mine, theirs in zip(*results):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    model = model_for(X, y)
    model.weight.requires_grad_(False)
    before = model.weight.detach().clone()
    history = Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()).fit(X, y, epochs=50)
    assert history.engine == "stream"
    assert fastgd.equal(before, model.weight.detach())
    assert abs((X @ model.weight.numpy().T + model.bias.item() - y).mean()) < 1e-4


@pytest.mark.parametrize("every", ["epoch", "batch"])
@pytest.mark.parametrize("engine", ["stream", "eager"])
@pytest.mark.parametrize(
    "make",
    [
        lambda o: lr_scheduler.StepLR(o, 3, 0.5),
        lambda o: lr_scheduler.OneCycleLR(o, 0.05, total_steps=200),
        lambda o: lr_scheduler.CosineAnnealingLR(o, 10),
    ],
)
def test_schedules(every, engine, make):
    X, y = data()
    rates, params = [], []
    for fitted in (True, False):
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.5)
        scheduler = make(optimizer)
        if fitted:
            trainer = Trainer(model, optimizer, nn.MSELoss(), scheduler, every)
            history = trainer.fit(X, y, epochs=7, batch_size=20, engine=engine)
            assert history.engine == engine
        else:
            for _ in range(7):
                for first in range(0, len(X), 20):
                    xb, yb = fastgd.from_numpy(X[first : first + 20]), fastgd.from_numpy(y[first : first + 20])
                    optimizer.zero_grad()
                    nn.MSELoss()(model(xb), yb).backward()
                    optimizer.step()
                    if every == "batch":
                        scheduler.step()
                if every == "epoch":
                    scheduler.step()
        rates.append((scheduler.last_epoch, optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        params.append(model.weight.detach().numpy())
    assert rates[0] == rates[1]
    np.testing.assert_allclose(params[0], params[1], rtol=1e-12)


def test_a_scheduler_that_looks_at_the_loss():
    X, y = data()
    model = model_for(X, y)
    optimizer = optim.SGD(model.parameters(), lr=0.3)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.1)
    history = Trainer(model, optimizer, nn.MSELoss(), scheduler).fit(X, y, epochs=60)
    assert history.engine == "stream"
    assert optimizer.param_groups[0]["lr"] < 0.3
    assert history.lr[0] == 0.3 and history.lr[-1] < 0.3


@pytest.mark.parametrize("engine", ["stream", "eager"])
def test_a_scheduler_stands_where_the_fit_stopped(engine):
    X, y = data()
    model = model_for(X, y)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scheduler = lr_scheduler.StepLR(optimizer, 1000)
    history = Trainer(model, optimizer, nn.MSELoss(), scheduler).fit(X, y, epochs=100_000, tol=1e-9, engine=engine)
    assert history.stop_reason == "tol"
    assert scheduler.last_epoch == len(history) < 2000


# ---- stopping


@pytest.mark.parametrize("engine", ["stream", "eager"])
def test_stopping_by_tol_counts_epochs_without_improvement(engine):
    X, y = data()
    model = model_for(X, y)
    history = Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()).fit(
        X, y, epochs=5000, tol=1e-6, patience=4, engine=engine
    )
    best, stale, expected = np.inf, 0, None
    for epoch, loss in enumerate(history.loss):
        stale = 0 if loss < best - 1e-6 else stale + 1
        best = min(best, loss)
        if stale == 4:
            expected = epoch + 1
            break
    assert history.stop_reason == "tol"
    assert len(history) == expected


@pytest.mark.parametrize("engine", ["stream", "eager"])
def test_stopping_by_gradient_makes_no_last_update(engine):
    X, y = data()
    model = model_for(X, y)
    history = Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()).fit(
        X, y, epochs=5000, grad_tol=1e-5, engine=engine
    )
    assert history.stop_reason == "grad_tol"
    assert history.grad_norm[-1] <= 1e-5 < history.grad_norm[-2]
    A = np.column_stack([X, np.ones(len(X))])
    r = A @ np.append(model.weight.detach().numpy(), model.bias.item()) - y[:, 0]
    np.testing.assert_allclose(np.linalg.norm(2 * A.T @ r / len(X)), history.grad_norm[-1], rtol=1e-6)
    np.testing.assert_allclose(np.mean(r**2), history.loss[-1], rtol=1e-12)


def test_stopping_by_time_and_by_callback():
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=1e-6), nn.MSELoss())
    start = time.perf_counter()
    history = trainer.fit(X, y, epochs=10**9, max_seconds=0.3)
    assert history.stop_reason == "max_seconds"
    assert 0.2 < time.perf_counter() - start < 2
    seen = []
    history = trainer.fit(X, y, epochs=100, callbacks=[lambda t, record: seen.append(record) or record["epoch"] == 4])
    assert history.stop_reason == "callback"
    assert [record["epoch"] for record in seen] == [0, 1, 2, 3, 4]
    assert seen[4]["loss"] == history.loss[4]


def test_the_best_weights_on_validation_data_come_back():
    X, y = data(60, 20, seed=1)
    model = model_for(X, y)
    kept = []
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss())
    history = trainer.fit(
        X[:25], y[:25], epochs=5000, validation_data=(X[25:], y[25:]), tol=0.0, patience=10,
        callbacks=[lambda t, record: kept.append(t.model.weight.detach().clone())],
    )  # fmt: skip
    assert history.stop_reason == "tol"
    best = int(np.argmin(history.val_loss))
    assert len(history) == best + 11
    assert fastgd.equal(model.weight.detach(), kept[best])
    np.testing.assert_allclose(trainer.evaluate(X[25:], y[25:]), history.val_loss[best], rtol=1e-12)


# ---- what goes wrong


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


# ---- data


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


def test_grads_are_left_as_found_and_each_fit_has_its_history():
    X, y = data()
    model = model_for(X, y)
    model.weight.grad = fastgd.ones_like(model.weight)
    held = model.weight.grad
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    first = trainer.fit(X, y, epochs=3, engine="eager")
    second = trainer.fit(X, y, epochs=2)
    assert model.weight.grad is held and model.bias.grad is None
    assert held.tolist() == [[1.0] * 4]
    assert (len(first), len(second)) == (3, 2)
    assert trainer.history is second


# ---- going on


@pytest.mark.parametrize("batches", [{}, {"batch_size": 8, "shuffle": True}], ids=str)
def test_a_resumed_fit_ends_bit_identical(batches, tmp_path):
    X, y = data(dtype=np.float32)

    def trainer():
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        return Trainer(model, optimizer, nn.MSELoss(), lr_scheduler.CosineAnnealingLR(optimizer, 40))

    fastgd.manual_seed(11)
    whole = trainer()
    expected = whole.fit(X, y, epochs=40, **batches)
    end = fastgd.rand(1).item()
    fastgd.manual_seed(11)
    broken = trainer()
    broken.fit(X, y, epochs=40, callbacks=[lambda t, r: t.save(tmp_path / "run.ckpt") or r["epoch"] == 16], **batches)
    fastgd.manual_seed(999)
    resumed = trainer()
    resumed.resume(tmp_path / "run.ckpt")
    history = resumed.fit(X, y, epochs=40, **batches)
    assert history.loss.tolist() == expected.loss.tolist()
    assert resumed.model.weight.tolist() == whole.model.weight.tolist()
    assert fastgd.rand(1).item() == end
    again = trainer()
    again.resume(tmp_path / "run.ckpt")
    with pytest.raises(ValueError, match="goes on with its own arguments"):
        again.fit(X, y, epochs=40, tol=1.0, **batches)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    trainer.fit(X, y, epochs=1)
    trainer.save(tmp_path / "run.ckpt")
    other = nn.Linear(7, 1, dtype=fastgd.float64)
    with pytest.raises(ValueError, match="another model"):
        Trainer(other, optim.SGD(other.parameters(), lr=0.01), nn.MSELoss()).resume(tmp_path / "run.ckpt")


@pytest.mark.parametrize("batches", ["", "batch_size=64, shuffle=True"])
def test_ctrl_c_stops_at_a_whole_epoch(batches):
    script = textwrap.dedent(
        f"""
        import os, signal, threading, time
        import numpy as np
        import fastgd
        from fastgd import nn, optim
        rng = np.random.default_rng(0)
        X = rng.normal(size=(20000, 50)).astype("f4"); y = X[:, :1].copy()
        model = nn.Linear(50, 1)
        trainer = fastgd.Trainer(model, optim.SGD(model.parameters(), lr=1e-6), nn.MSELoss())
        def press():
            time.sleep(0.7)
            global pressed
            pressed = time.perf_counter()
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=press).start()
        try:
            trainer.fit(X, y, epochs=10**9, {batches})
        except KeyboardInterrupt:
            took = time.perf_counter() - pressed
            history = trainer.history
            epochs = len(history)
            print(history.stop_reason, took < 0.2, epochs > 0)
            state = fastgd.rand(1).item()
            weights = model.weight.tolist()
            fastgd.manual_seed(0)
        """
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert result.stdout.split() == ["interrupted", "True", "True"], result.stdout + result.stderr


@pytest.mark.parametrize("n", [10, 1000])
def test_lines_and_a_bar(capsys, n):
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    trainer.fit(X, y, epochs=n, verbose=5)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == n // 5
    assert lines[0].startswith("epoch      5  loss ")
    trainer.fit(X, y, epochs=n, progress=True)
    assert "loss" in capsys.readouterr().err
