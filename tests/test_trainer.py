"""Trainer: the same results as the loop written out, on every engine; how fits stop; what a person sees."""

import contextlib
import copy
import fcntl
import gc
import os
import pickle
import struct
import subprocess
import sys
import termios
import time
import weakref

import numpy as np
import pytest
from trainer_cases import ENVIRONMENT, close, data, fit, loop, model_for

import fastgd
from fastgd import Trainer, nn, optim
from fastgd.history import History
from fastgd.optim import lr_scheduler

# C descends by way of the affine form; test_without_the_form is for the rest.
pytestmark = pytest.mark.usefixtures("affine")


OPTIONS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.5},
    {"momentum": 0.9, "nesterov": True},
    {"weight_decay": 0.1},
    {"momentum": 0.8, "weight_decay": 0.1, "maximize": True},
]


@pytest.mark.parametrize("engine", ["stream", "eager", "spectral"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batches", [{}, {"batch_size": 8}, {"batch_size": 8, "shuffle": True}, {"batch_size": 1},
                                     {"batch_size": 7, "shuffle": True, "drop_last": True}, {"batch_size": 53},
                                     {"batch_size": 99, "shuffle": True}], ids=str)  # fmt: skip
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_fit_equals_the_loop(engine, dtype, batches, options):
    X, y = data(k=2, dtype=dtype)
    if engine == "spectral" and batches.get("batch_size", len(X)) < len(X):
        with pytest.raises(ValueError, match="mini-batch"):
            fit(model_for(X, y), X, y, engine=engine, **batches)
        return
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


@pytest.mark.parametrize(
    "batches", [{}, {"batch_size": 8, "shuffle": True}, {"batch_size": 60, "shuffle": True}], ids=str
)
@pytest.mark.parametrize("criterion", ["MSELoss", "L1Loss", "HuberLoss", "SmoothL1Loss"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_fit_equals_torch(batches, criterion, reduction):
    torch = pytest.importorskip("torch")
    X, y = data()
    losses, after = {}, {}
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
        after[library] = library.rand(1).item()
    np.testing.assert_allclose(losses[fastgd], losses[torch], rtol=1e-10)
    assert after[fastgd] == after[torch]


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
    for engine in ("stream", "eager", "spectral"):
        model = model_for(X, y)
        groups = [
            {"params": [model.weight], "lr": 0.02, "momentum": 0.9},
            {"params": [model.bias], "weight_decay": 0.3},
        ]
        history = Trainer(model, optim.SGD(groups, lr=0.05), nn.MSELoss()).fit(X, y, epochs=5, engine=engine)
        results.append((model.weight.tolist(), model.bias.tolist(), history.loss))
    for stream, *others in zip(*results):
        for other in others:
            np.testing.assert_allclose(other, stream, rtol=1e-12)
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


@pytest.mark.parametrize("engine", ["stream", "eager", "spectral"])
def test_a_scheduler_stands_where_the_fit_stopped(engine):
    X, y = data()
    model = model_for(X, y)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scheduler = lr_scheduler.StepLR(optimizer, 1000)
    history = Trainer(model, optimizer, nn.MSELoss(), scheduler).fit(X, y, epochs=100_000, tol=1e-9, engine=engine)
    assert history.stop_reason == "tol"
    assert scheduler.last_epoch == len(history) < 2000


# ---- stopping


@pytest.mark.parametrize("engine", ["stream", "eager", "spectral"])
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


@pytest.mark.parametrize("engine", ["stream", "eager", "spectral"])
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


class Normed(nn.Module):
    """A linear layer on columns that a batch norm scales; drops some of them while training."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop = nn.BatchNorm1d(4, dtype=fastgd.float64), nn.Dropout(0.3)
        self.linear = nn.Linear(4, 1, dtype=fastgd.float64)

    def forward(self, x):
        return self.linear(self.drop(self.norm(x)))


def standing(model):
    return {name: tensor.tolist() for name, tensor in model.state_dict().items()}


def test_evaluation_drops_nothing_and_leaves_the_averages():
    X, y = data()
    fastgd.manual_seed(0)
    model = Normed()
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss())
    history = trainer.fit(X[:40], y[:40], epochs=30, validation_data=(X[40:], y[40:]), tol=0.0, patience=30)
    assert model.norm.num_batches_tracked == 1 + np.argmin(history.val_loss)
    before = standing(model)
    # The averages of the best epoch came back with its weights.
    np.testing.assert_allclose(trainer.evaluate(X[40:], y[40:]), history.val_loss.min(), rtol=1e-12)
    assert (trainer.predict(X) == trainer.predict(X)).all()
    assert standing(model) == before and model.drop.training and model.training
    model.eval()
    np.testing.assert_allclose(trainer.predict(X), model(fastgd.from_numpy(X)).tolist(), rtol=1e-12)
    trainer.predict(X)
    assert not model.drop.training


def test_averages_are_undone_with_the_epoch():
    X, y = data()
    fastgd.manual_seed(0)
    model = Normed()
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss())
    stands = []

    def fail(trainer, record):
        if record["epoch"] == 3:
            raise RuntimeError("stop")
        stands.append(standing(model))

    with pytest.raises(RuntimeError, match="stop"):
        trainer.fit(X, y, epochs=9, callbacks=[fail])
    assert standing(model) == stands[-1]
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="The parameters are as they were"):
        trainer.fit(X, y, epochs=2)
    assert standing(model) == stands[-1]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda given: pickle.loads(pickle.dumps(given))])
@pytest.mark.parametrize("engine", ["stream", "spectral", "eager"])
def test_a_copied_trainer_goes_its_own_way(engine, copied, tmp_path):
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05, momentum=0.9), nn.MSELoss())
    trainer.fit(X, y[:, 0], epochs=3, engine=engine)
    other = copied(trainer)
    assert (other.predict(X) == trainer.predict(X)).all() and other.predict(X).ndim == 1
    other.save(tmp_path / "fit.pth")
    again = trainer.fit(X, y[:, 0], epochs=3, engine=engine)
    assert other.fit(X, y[:, 0], epochs=3, engine=engine).loss.tolist() == again.loss.tolist()
    other.resume(tmp_path / "fit.pth")
    assert len(other.fit(X, y[:, 0], epochs=5, engine=engine)) == 5


# ---- what is left and what is seen


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


@pytest.mark.parametrize("n", [10, 1000])
def test_lines_and_a_bar(capsys, n):
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    history = trainer.fit(X, y, epochs=n, verbose=5, validation_data=(X, y))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == n // 5
    assert lines[0] == f"epoch      5  loss {history.loss[4]:.6g}  val_loss {history.val_loss[4]:.6g}  lr 0.01"
    trainer.fit(X, y, epochs=n, progress=True)
    shown = capsys.readouterr()
    assert "loss" in shown.err and f"{n}/{n}" in shown.err and not shown.out
    trainer.fit(X, y, epochs=n)
    assert capsys.readouterr() == ("", "")  # nobody looks


WATCHED = """
import sys
if "without" in sys.argv:
    sys.modules["tqdm"] = sys.modules["tqdm.auto"] = None
import numpy as np
import fastgd
from fastgd import nn, optim
X = np.random.default_rng(0).normal(size=(20000, 20)).astype("f4")
model = nn.Linear(20, 1)
trainer = fastgd.Trainer(model, optim.SGD(model.parameters(), lr=1e-3), nn.MSELoss())
trainer.fit(X, X[:, :1].copy(), epochs=50)
trainer.fit(X, X[:, :1].copy(), epochs=10**6, max_seconds=1.4, engine="stream")
print("epochs", len(trainer.history))
"""


def at_a_terminal(script, *arguments):
    """What a person sees on a terminal of 100 columns, line by line."""
    terminal, end = os.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    shown = b""
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdin=end, stdout=end, stderr=end, env=ENVIRONMENT
    ) as child:
        os.close(end)
        with contextlib.suppress(OSError):  # of the other end when it closes
            while piece := os.read(terminal, 1 << 16):
                shown += piece
    os.close(terminal)
    assert child.returncode == 0, shown
    return [line for line in shown.decode().replace("\r", "\n").split("\n") if line.strip()]


@pytest.mark.parametrize("tqdm", ["with", "without"])
def test_a_person_at_a_terminal_sees_a_fit_that_takes_more_than_a_second(tqdm):
    lines = at_a_terminal(WATCHED, tqdm)
    epochs = lines.pop().removeprefix("epochs ").strip()
    assert all("1000000" in line for line in lines), lines  # the short fit shows nothing
    assert len(lines) >= 2
    expected = f" {epochs}/1000000 [00:01<" if tqdm == "with" else f"epoch {epochs} of 1000000: loss "
    assert expected in lines[-1]
    assert "lr" in lines[-1] and "loss" in lines[-1]


def test_verbose_lines_stand_above_the_bar():
    pytest.importorskip("tqdm")
    script = WATCHED.partition("trainer.fit")[0]
    lines = at_a_terminal(script + "trainer.fit(X, X[:, :1].copy(), epochs=6, verbose=2, progress=True)")
    told = [line for line in lines if line.startswith("epoch ")]
    assert [line.split()[:3:2] for line in told] == [["epoch", "loss"]] * 3
    assert [int(line.split()[1]) for line in told] == [2, 4, 6]
    assert all("epoch/s" in line and "loss=" in line and " epoch " not in line for line in lines[-1:])


def test_a_history_says_what_it_holds():
    X, y = data()
    assert repr(fastgd.History()) == "History(0 epochs)"
    history = fit(model_for(X, y), X, y, validation_data=(X, y))
    loss, value = f"{history.loss[-1]:.6g}", f"{history.val_loss[-1]:.6g}"
    assert repr(history) == f"History(2 epochs, loss {loss}, val_loss {value}, stopped by epochs, engine stream)"
    assert repr(fit(model_for(X, y), [(X, y)])).endswith("engine eager (the data are batches))")


def test_a_history_copies_what_it_is_given_when_somebody_reads_it():
    history = History()
    for start in range(0, 300, 3):
        history.append(loss=np.arange(start, start + 3.0), lr=np.broadcast_to(0.5, 3))
        assert history.last("loss") == start + 2 and history.last("lr") == 0.5 and len(history) == start + 3
    assert (history.loss == np.arange(300)).all() and (history.lr == 0.5).all() and len(history.lr) == 300
    history.append(loss=7.0)
    history.cut(299)
    assert len(history) == 299 and history.last("loss") == 298 and history.record()["loss"] == 298
    history.append(loss=np.ones(2))
    assert (history.loss[-3:] == (298, 1, 1)).all()


@pytest.mark.parametrize("lr", [0.01, 1e6])
@pytest.mark.parametrize(
    ("engine", "batch_size"), [("stream", None), ("stream", 20), ("spectral", None), ("eager", 20)]
)
def test_a_trainer_goes_with_its_memory_when_nobody_holds_it(engine, batch_size, lr):
    X, y = data()
    gc.disable()
    try:
        model = model_for(X, y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=lr), nn.MSELoss())
        with contextlib.suppress(fastgd.DivergenceError):
            trainer.fit(X, y, epochs=200, batch_size=batch_size, engine=engine)
        engine = weakref.ref(trainer._fit.engine)
        del trainer
        assert engine() is None
    finally:
        gc.enable()
