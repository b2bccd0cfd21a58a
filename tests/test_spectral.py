"""The spectral engine: step for step what the loop over the rows does, from two passes over them."""

import json
import platform
import signal
from pathlib import Path

import numpy as np
import pytest

import fastgd
from fastgd import DivergenceError, Trainer, nn, optim
from fastgd.descent._coordinates import Coordinates
from fastgd.descent.engine import Limits
from fastgd.descent.quadratic import least_squares
from fastgd.optim import lr_scheduler
from fastgd.statistics import Statistics

pytestmark = pytest.mark.usefixtures("affine")

STEPS = 2000
OPTIONS = [
    {}, {"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.5}, {"momentum": 0.9, "nesterov": True},
    {"weight_decay": 0.1}, {"momentum": 0.8, "nesterov": True, "weight_decay": 0.05},
]  # fmt: skip


def table(name):
    rng = np.random.default_rng(0)
    n, d, k = {"wide": (20, 50, 1), "one row": (1, 3, 1), "outputs": (60, 4, 3)}.get(name, (100, 5, 1))
    X = rng.normal(size=(n, d))
    if name == "diabetes":
        data = np.loadtxt(Path(__file__).parent.parent / "examples" / "diabetes.csv", delimiter=",", skiprows=2)
        return data[:, :-1], data[:, -1:]
    if name == "collinear":
        X = np.hstack([X, X[:, :2] + X[:, 2:4], np.ones((n, 1)), X[:, :1]])
    if name == "offset":
        X[:, 2] = 1e5 + 10 * X[:, 2]
    if name == "scales":
        X = X * [1e-3, 1, 1e3, 10, 0.1]
    if name == "near":
        X[:, 3] = X[:, 0] + 1e-6 * X[:, 3]
    y = (X / np.linalg.norm(X, axis=0)) @ rng.normal(size=(X.shape[1], k)) * np.sqrt(n) + 0.7
    if name == "near":
        y += 1e6 * (X[:, 3:4] - X[:, :1])
    return X, y if name in ("exact", "wide", "one row") else y + 0.1 * rng.normal(size=y.shape)


TABLES = ("diabetes", "random", "wide", "collinear", "offset", "exact", "outputs", "one row", "scales", "near")


def stable(X, k, share):
    """A share of what 1 / (largest curvature) would be."""
    return share * len(X) * k / (2 * np.linalg.norm(np.column_stack([X, np.ones(len(X))]), 2) ** 2)


def loop(X, y, W, b, lr, steps, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False):
    """The descent written out; the rate may be a function of the step."""
    A = np.column_stack([X, np.ones(len(X))])
    p, buffer, losses = np.column_stack([W, b]), None, []
    for step in range(steps):
        residual = A @ p.T - y
        losses.append((residual**2).mean())
        g = 2 / residual.size * residual.T @ A
        g = (-g if maximize else g) + weight_decay * p
        if momentum:
            buffer = g if buffer is None else momentum * buffer + (1 - dampening) * g
            g = g + momentum * buffer if nesterov else buffer
        p = p - (lr(step) if callable(lr) else lr) * g
    return p[:, :-1], p[:, -1], np.array(losses), buffer


def model_for(X, y, dtype=fastgd.float64, bias=True):
    fastgd.manual_seed(3)
    return nn.Linear(X.shape[1], y.shape[1], bias=bias, dtype=dtype)


def fitted(model, X, y, lr, options=(), scheduler=None, reduction="mean", groups=None, **arguments):
    groups = groups or model.parameters()
    optimizer = optim.SGD(groups, lr=lr, **dict(options))
    trainer = Trainer(model, optimizer, nn.MSELoss(reduction=reduction), scheduler and scheduler(optimizer))
    trainer.fit(X, y, **{"engine": "spectral", "epochs": STEPS, **arguments})
    return trainer


def start(model):
    return model.weight.detach().numpy().copy(), model.bias.detach().numpy().copy()


def assert_same(name, model, history, W, b, losses):
    for found, expected in ((model.weight.detach().numpy(), W), (model.bias.detach().numpy(), b)):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())
    floor = losses[0] if name in ("exact", "wide", "one row") else 0.0
    np.testing.assert_array_less(np.abs(history.loss - losses), 1e-9 * np.maximum(losses, floor) + 1e-300)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_step_for_step(name, options):
    X, y = table(name)
    model = model_for(X, y)
    lr = stable(X, y.shape[1], 0.9)
    W, b, losses, buffer = loop(X, y, *start(model), lr, STEPS, **options)
    trainer = fitted(model, X, y, lr, options)
    assert_same(name, model, trainer.history, W, b, losses)
    if "weight_decay" in options and buffer is not None and name != "offset":
        kept = trainer.optimizer.state[model.weight]["momentum_buffer"].numpy()
        np.testing.assert_allclose(kept, buffer[:, :-1], rtol=0, atol=1e-9 * abs(losses[0]) ** 0.5)


def test_maximize():
    X, y = table("random")
    model = model_for(X, y)
    W, b, losses, _ = loop(X, y, *start(model), 0.1, 50, maximize=True, weight_decay=0.2)
    trainer = fitted(model, X, y, 0.1, {"maximize": True, "weight_decay": 0.2}, epochs=50)
    assert_same("random", model, trainer.history, W, b, losses)


@pytest.mark.parametrize("name", ("diabetes", "random", "offset"))
def test_schedule(name):
    X, y = table(name)
    model = model_for(X, y)
    lr = stable(X, 1, 1.2)
    W, b, losses, _ = loop(X, y, *start(model), lambda step: lr * 0.999**step, STEPS, momentum=0.9)
    trainer = fitted(model, X, y, lr, {"momentum": 0.9}, lambda o: lr_scheduler.ExponentialLR(o, 0.999))
    assert_same(name, model, trainer.history, W, b, losses)
    np.testing.assert_allclose(trainer.history.lr, lr * 0.999 ** np.arange(STEPS))
    assert trainer.scheduler.last_epoch == STEPS


@pytest.mark.parametrize("name", ("diabetes", "collinear", "outputs", "wide"))
@pytest.mark.parametrize("options", ({}, {"momentum": 0.9}), ids=str)
def test_options_of_their_own_against_the_stream(name, options):
    X, y = table(name)
    found = {}
    for engine in ("stream", "spectral"):
        model = model_for(X, y)
        lr = stable(X, y.shape[1], 0.5)
        groups = [{"params": [model.weight]}, {"params": [model.bias], "lr": lr / 2, "weight_decay": 0.01, **options}]
        found[engine] = model, fitted(model, X, y, lr, {}, groups=groups, engine=engine).history
    (model, stream), (other, spectral) = found["stream"], found["spectral"]
    assert_same(name, other, spectral, *start(model), stream.loss)


@pytest.mark.parametrize("case", ("no bias", "frozen bias", "frozen weight", "sum"))
def test_cases_against_the_stream(case):
    X, y = table("outputs")
    found = []
    for engine in ("stream", "spectral"):
        model = model_for(X, y, bias=case != "no bias")
        groups = {"frozen bias": [model.weight], "frozen weight": [model.bias]}.get(case)
        with fastgd.no_grad():
            model.weight.mul_(3)
        if groups:
            (model.bias if case == "frozen bias" else model.weight).requires_grad_(False)
        trainer = fitted(
            model, X, y, 1e-4 if case == "sum" else 0.1, {"momentum": 0.5}, engine=engine, epochs=100, groups=groups,
            reduction="sum" if case == "sum" else "mean",
        )  # fmt: skip
        found.append((trainer.history, [p.detach().numpy() for p in model.parameters()]))
    (stream, expected), (spectral, params) = found
    np.testing.assert_allclose(spectral.loss, stream.loss, rtol=1e-12)
    np.testing.assert_allclose(spectral.grad_norm, stream.grad_norm, rtol=1e-9, atol=1e-12)
    for one, other in zip(params, expected):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "name, options",
    [(name, OPTIONS[i % len(OPTIONS)]) for i, name in enumerate(TABLES)] + [("random", o) for o in OPTIONS],
    ids=str,
)
def test_against_torch(name, options):
    torch = pytest.importorskip("torch")
    X, y = table(name)
    model = model_for(X, y)
    W, b = start(model)
    lr = stable(X, y.shape[1], 0.9)
    theirs = torch.nn.Linear(*W.T.shape, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight.copy_(torch.from_numpy(W)), theirs.bias.copy_(torch.from_numpy(b))
    optimizer = torch.optim.SGD(theirs.parameters(), lr=lr, **options)
    criterion, data, target, losses = torch.nn.MSELoss(), torch.from_numpy(X), torch.from_numpy(y), []
    for _ in range(STEPS):
        loss = criterion(theirs(data), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    trainer = fitted(model, X, y, lr, options)
    assert_same(
        name, model, trainer.history, theirs.weight.detach().numpy(), theirs.bias.detach().numpy(), np.array(losses)
    )


@pytest.mark.parametrize("name", ("diabetes", "random", "offset"))
def test_float32_is_the_float64_stream_rounded_once(name):
    X, y = (data.astype(np.float32) for data in table(name))
    lr = stable(X.astype(float), 1, 0.9)
    model = model_for(X, y, fastgd.float32)
    wide = model_for(X.astype(float), y.astype(float))
    with fastgd.no_grad():
        wide.weight.copy_(model.weight), wide.bias.copy_(model.bias)
    history = fitted(model, X, y, lr, {"momentum": 0.9}).history
    stream = fitted(wide, X.astype(float), y.astype(float), lr, {"momentum": 0.9}, engine="stream").history
    np.testing.assert_allclose(history.loss, stream.loss, rtol=1e-9)
    for mine, exact in zip(model.parameters(), wide.parameters()):
        np.testing.assert_allclose(mine.detach().numpy(), exact.detach().numpy(), rtol=7e-8)


def test_an_exact_fit_arrives():
    X, y = table("exact")
    trainer = fitted(model_for(X, y), X, y, stable(X, 1, 1), {"momentum": 0.9}, epochs=5000)
    assert trainer.history.loss[-1] < 1e-28 * trainer.history.loss[0]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="denormal numbers stay where there is no SSE")
@pytest.mark.parametrize("momentum", (0.0, 0.9))
def test_no_coordinate_stays_denormal(level, momentum):
    curvature, nothing, epochs = np.linspace(0.5, 1.9, 20)[None], np.zeros((1, 20)), 20_000
    options = {"dampening": 0, "weight_decay": 0, "nesterov": False, "maximize": False, "has_buffer": momentum > 0}
    coordinates = Coordinates(0.0, curvature, nothing, nothing, np.ones((1, 20)), [(0, 20, options, None)])
    rates = [(np.full(epochs, 0.1), np.full(epochs, momentum))]
    coordinates.run(epochs, rates, *Limits())
    stand = np.abs([coordinates.offset, coordinates.buffer])
    assert ((stand == 0) | (stand >= np.finfo(float).tiny)).all() and (stand < 1e-290).all()
    assert np.finfo(float).smallest_subnormal * np.ones(1) > 0  # whoever called has them still


def test_a_long_descent_is_exact_at_both_ends():
    X, y = table("near")
    model = model_for(X, y)
    first = np.square(X @ model.weight.detach().numpy().T + model.bias.detach().numpy() - y).mean()
    trainer = fitted(model, X, y, stable(X, 1, 1.9), {"momentum": 0.99}, epochs=200_000)
    np.testing.assert_allclose(trainer.history.loss[0], first, rtol=1e-12)
    assert np.diff(trainer.history.loss[-1000:]).max() <= 0


@pytest.mark.parametrize(
    "arguments",
    ({"tol": 1e-3, "patience": 3}, {"grad_tol": 1e-2}, {"grad_tol": 1e-2, "tol": 1e-9}, {"epochs": 0}, {"epochs": 1}),
    ids=str,
)
def test_stops_where_the_stream_stops(arguments):
    X, y = table("random")
    found = []
    for engine in ("stream", "spectral"):
        model = model_for(X, y)
        trainer = fitted(
            model, X, y, 0.05, {"momentum": 0.5}, lambda o: lr_scheduler.StepLR(o, 7, 0.9), engine=engine, **arguments
        )
        found.append((trainer, model.weight.detach().numpy()))
    (stream, expected), (spectral, weight) = found
    assert len(spectral.history) == len(stream.history) < STEPS
    assert spectral.history.stop_reason == stream.history.stop_reason
    assert spectral.optimizer.param_groups[0]["lr"] == stream.optimizer.param_groups[0]["lr"]
    np.testing.assert_allclose(weight, expected, rtol=1e-12)


def test_max_seconds_and_interrupts(monkeypatch):
    X, y = table("random")
    assert fitted(model_for(X, y), X, y, 0.05, epochs=10**10, max_seconds=0.05).history.stop_reason == "max_seconds"
    before = signal.signal(signal.SIGPROF, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_PROF, 0.05)  # of this process's work, however busy the machine is
        model = model_for(X, y)
        with pytest.raises(KeyboardInterrupt):
            fitted(model, X, y, 0.05, epochs=10**10)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)[0]
    np.testing.assert_allclose(model.bias.detach().numpy(), exact[-1], rtol=1e-9)


def test_resumed_fits_have_the_same_bits(tmp_path):
    X, y = (data.astype(np.float32) for data in table("diabetes"))
    options = {"momentum": 0.9, "weight_decay": 0.01}

    def trainer_for():
        model = model_for(X, y, fastgd.float32)
        optimizer = optim.SGD(model.parameters(), lr=stable(X.astype(float), 1, 0.9), **options)
        return Trainer(model, optimizer, nn.MSELoss(), lr_scheduler.StepLR(optimizer, 100, 0.9))

    whole = trainer_for()
    whole.fit(X, y, epochs=500, engine="spectral")
    part = trainer_for()
    part.fit(X, y, epochs=200, engine="spectral")
    part.save(tmp_path / "part")
    rest = trainer_for()
    rest.resume(tmp_path / "part").fit(X, y, epochs=500, engine="spectral")
    assert (rest.history.loss == whole.history.loss).all()
    for one, other in zip(rest.model.parameters(), whole.model.parameters()):
        assert (one.detach().numpy() == other.detach().numpy()).all()
        buffers = [t.optimizer.state[p]["momentum_buffer"].numpy() for t, p in ((rest, one), (whole, other))]
        assert (buffers[0] == buffers[1]).all()


def test_resumed_after_a_callback_changed_the_weights(tmp_path):
    X, y = table("random")

    def change(trainer, record):
        if record["epoch"] == 9:
            with fastgd.no_grad():
                trainer.model.weight.mul_(2)
            trainer.save(tmp_path / "part")

    whole, rest = (
        Trainer(model, optim.SGD(model.parameters(), lr=0.05, momentum=0.9), nn.MSELoss())
        for model in (model_for(X, y), model_for(X, y))
    )
    whole.fit(X, y, epochs=20, engine="spectral", callbacks=[change])
    rest.resume(tmp_path / "part").fit(X, y, epochs=20, engine="spectral")
    assert (rest.history.loss == whole.history.loss).all()
    assert fastgd.equal(rest.model.weight.detach(), whole.model.weight.detach())


def test_auto_resumes_on_the_engine_that_was_saved(tmp_path):
    X, y = table("random")
    trainer = fitted(model_for(X, y), X, y, 0.05, epochs=3, engine="auto")
    assert trainer.history.engine == "stream"
    trainer.save(tmp_path / "part")
    trainer.resume(tmp_path / "part")
    assert trainer.fit(X, y, epochs=10**5).engine == "stream"


@pytest.mark.parametrize("first, second", (("stream", "spectral"), ("spectral", "stream")))
def test_goes_on_from_the_other_engine(first, second):
    X, y = table("random")
    model, whole = model_for(X, y), model_for(X, y)
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for engine in (first, second):
        Trainer(model, optimizer, nn.MSELoss()).fit(X, y, epochs=50, engine=engine)
    fitted(whole, X, y, 0.05, {"momentum": 0.9}, engine="stream", epochs=100)
    for one, other in zip(model.parameters(), whole.parameters()):
        np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-11)


@pytest.mark.parametrize("dtype", (fastgd.float32, fastgd.float64))
@pytest.mark.parametrize("epochs", (3000, 100_000))
def test_divergence_leaves_the_last_finite_weights(dtype, epochs):
    X, y = (data.astype(dtype.numpy) for data in table("random"))
    model = model_for(X, y, dtype)
    with pytest.raises(DivergenceError, match="largest stable rate") as error:
        fitted(model, X, y, stable(X, 1, 2.5), epochs=epochs)
    history = error.value.history
    assert np.isfinite(history.loss).all() and 10 < len(history) < 3000
    assert all(np.isfinite(p.detach().numpy()).all() for p in model.parameters())
    limit = stable(X, 1, 2)
    X, y, W, b = (a.astype(np.longdouble) for a in (X, y, model.weight.detach().numpy(), model.bias.detach().numpy()))
    np.testing.assert_allclose(float(np.square(X @ W.T + b - y).mean()), history.loss[-1], rtol=1e-3)
    np.testing.assert_allclose(error.value.largest_stable_lr, limit, rtol=1e-6)


def test_where_it_cannot_run():
    X, y = table("random")
    with pytest.raises(ValueError, match="mini-batch"):
        fitted(model_for(X, y), X, y, 0.1, batch_size=10)
    model = model_for(X, y)
    with pytest.raises(ValueError, match='engine="spectral" cannot run this fit: the loss is not the squared one'):
        Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.L1Loss()).fit(X, y, epochs=1, engine="spectral")
    with pytest.raises(ValueError, match="the optimizer is Adam"):
        Trainer(model, optim.Adam(model.parameters(), lr=0.1), nn.MSELoss()).fit(X, y, epochs=1, engine="spectral")
    X[3, 1] = np.nan
    for engine in ("spectral", "auto"):
        with pytest.raises(ValueError, match="X must be finite, but row 3, column 1 holds nan"):
            fitted(model_for(X, y), X, y, 0.1, engine=engine, epochs=10**5)


def test_auto_counts_the_work():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 20)).astype(np.float32)
    y = X[:, :1] + 1
    for epochs, engine in ((1, "stream"), (10_000, "spectral")):
        assert fitted(model_for(X, y, fastgd.float32), X, y, 0.1, engine="auto", epochs=epochs).history.engine == engine
    X, y = table("near")
    X[:, 3] = X[:, 0] + 3e-7 * rng.normal(size=len(X))
    assert fitted(model_for(X, y), X, y, 0.1, engine="auto", epochs=50_000).history.engine == "stream"


@pytest.mark.parametrize("momentum", (0.0, 0.9))
def test_what_a_callback_changes_counts(momentum):
    X, y = table("outputs")
    for frozen in (False, True):
        found = []

        def change(trainer, record):
            with fastgd.no_grad():
                if record["epoch"] % 10 == 3:
                    trainer.model.bias.add_(0.3)
                if record["epoch"] % 10 == 6:
                    trainer.model.weight.clamp_(-0.2, 0.2)

        for engine in ("stream", "spectral"):
            model = model_for(X, y)
            model.bias.requires_grad_(not frozen)
            groups = [model.weight] if frozen else None
            trainer = fitted(
                model, X, y, 0.1, {"momentum": momentum}, groups=groups, engine=engine, epochs=40, callbacks=[change],
                tol=1e-9,
            )  # fmt: skip
            found.append((trainer.history.loss, model.weight.detach().numpy(), model.bias.detach().numpy()))
        for mine, theirs in zip(*found):
            np.testing.assert_allclose(mine, theirs, rtol=1e-11)


def test_sums_beyond_float64_leave_auto_to_the_stream():
    X, y = table("random")
    with pytest.raises(DivergenceError):
        fitted(model_for(X, y), X * 1e200, y, 0.1, engine="auto", epochs=10**5)
    with pytest.raises(ValueError, match='engine="spectral" cannot run this fit: the sums over X and y are beyond'):
        fitted(model_for(X, y), X * 1e200, y, 0.1)


def test_weighted_rows():
    X, y = table("outputs")
    counts = np.random.default_rng(1).integers(0, 4, len(X))
    models = [model_for(X, y) for _ in range(3)]
    lr = stable(X, 3, 0.5)
    weighted = fitted(models[0], X, y, lr, {"momentum": 0.5}, sample_weight=counts, epochs=100).history
    repeated = fitted(models[1], np.repeat(X, counts, 0), np.repeat(y, counts, 0), lr, {"momentum": 0.5}, epochs=100)
    eager = fitted(models[2], X, y, lr, {"momentum": 0.5}, sample_weight=counts, engine="eager", epochs=100).history
    for model, history in zip(models[1:], (repeated.history, eager)):
        np.testing.assert_allclose(weighted.loss, history.loss, rtol=1e-12)
        np.testing.assert_allclose(models[0].weight.detach().numpy(), model.weight.detach().numpy(), rtol=1e-11)


def test_memory_mapped(tmp_path):
    X, y = table("random")
    np.save(tmp_path / "X", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    one, other = model_for(X, y), model_for(X, y)
    fitted(one, X, y, 0.05, epochs=50)
    fitted(other, mapped, y, 0.05, epochs=50)
    assert (one.weight.detach().numpy() == other.weight.detach().numpy()).all()


# ---- least squares against exact arithmetic

NIST = Path(__file__).parent / "nist"
EXACT = json.loads((NIST / "exact.json").read_text())


def problem(name):
    data = np.loadtxt(NIST / f"{name}.csv", delimiter=",", skiprows=1)
    X, model = data[:, 1:], EXACT[name]["model"].split()
    return X ** np.arange(1, int(model[3]) + 1) if model[0] == "polynomial" else X, data[:, 0]


def digits(found, exact):
    return -np.log10(max(np.max(np.abs(found - exact) / np.abs(exact)), 1e-16))


@pytest.mark.parametrize("name", EXACT)
def test_nist_least_squares(name):
    X, y = problem(name)
    intercept, exact = EXACT[name]["intercept"], np.array(EXACT[name]["coefficients"])
    weight, bias = least_squares(Statistics(X, y), (X, y[:, None], None), intercept)
    found = np.append(bias, weight) if intercept else weight[0]
    A = np.column_stack([np.ones(len(X)), X]) if intercept else X
    assert digits(found, exact) >= min(digits(np.linalg.lstsq(A, y, rcond=None)[0], exact), 15) - 1


@pytest.mark.parametrize("name", EXACT)
def test_nist_descent_on_standardised_columns(name):
    X, y = problem(name)
    intercept, exact = EXACT[name]["intercept"], np.array(EXACT[name]["coefficients"])
    mean = X.mean(0) if intercept else 0.0
    spread = np.sqrt(((X - mean) ** 2).mean(0))
    Z, scale = (X - mean) / spread, np.abs(y).max()
    target = (y / scale)[:, None]
    model = model_for(Z, target, bias=intercept)
    found = fastgd.diagnose(Z, target, optim.SGD(model.parameters(), lr=0.1))
    best = next(choice for choice in found.choices if choice.name == "best momentum")
    options = {"momentum": best.momentum} if best.momentum else {}
    fitted(model, Z, target, best.lr, options, epochs=4 * best.epochs[-1])
    weight = model.weight.detach().numpy()[0] * scale / spread
    reached = np.append(model.bias.item() * scale - weight @ np.atleast_1d(mean), weight) if intercept else weight
    A = np.column_stack([np.ones(len(X)), X]) if intercept else X
    assert digits(reached, exact) >= min(digits(np.linalg.lstsq(A, y, rcond=None)[0], exact), 15) - 1
