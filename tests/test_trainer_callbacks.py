"""What a callback changes counts from the next epoch on, whatever the engine: the same as in the loop."""

import numpy as np
import pytest
from trainer_cases import data, loop, model_for

import fastgd
from fastgd import Trainer, nn, optim
from fastgd.optim import lr_scheduler

pytestmark = pytest.mark.usefixtures("affine")


@pytest.mark.parametrize(
    ("engine", "batches"),
    [("stream", {}), ("stream", {"batch_size": 20}), ("eager", {}), ("eager", {"batch_size": 20}), ("spectral", {})],
    ids=str,
)
def test_callbacks_may_change_weights_and_rates(engine, batches):
    X, y = data()

    def clamp(trainer, record):
        with fastgd.no_grad():
            trainer.model.weight.clamp_(-0.1, 0.1)
        trainer.optimizer.param_groups[0]["lr"] *= 0.9

    model = model_for(X, y)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    history = Trainer(model, optimizer, nn.MSELoss()).fit(X, y, epochs=8, engine=engine, callbacks=[clamp], **batches)
    np.testing.assert_allclose(history.lr, 0.1 * 0.9 ** np.arange(8), rtol=1e-12)
    assert abs(model.weight.detach().numpy()).max() <= 0.1
    other = model_for(X, y)
    step = optim.SGD(other.parameters(), lr=0.1)
    for _ in range(8):
        for first in range(0, 53, batches.get("batch_size", 53)):
            rows = slice(first, first + batches.get("batch_size", 53))
            step.zero_grad()
            nn.MSELoss()(other(fastgd.from_numpy(X[rows])), fastgd.from_numpy(y[rows])).backward()
            step.step()
        with fastgd.no_grad():
            other.weight.clamp_(-0.1, 0.1)
        step.param_groups[0]["lr"] *= 0.9
    np.testing.assert_allclose(model.weight.tolist(), other.weight.tolist(), rtol=1e-10)
    np.testing.assert_allclose(model.bias.tolist(), other.bias.tolist(), rtol=1e-10)


def _option(name, value):
    def change(model, optimizer, epoch):
        if epoch == 3:
            for group in optimizer.param_groups:
                group[name] = value

    return change


def _every_epoch(model, optimizer, epoch):
    optimizer.param_groups[0]["weight_decay"] = 0.02 * epoch
    optimizer.param_groups[0]["momentum"] = 0.9 - 0.1 * epoch


def _restart_momentum(model, optimizer, epoch):
    if epoch in (2, 5):
        optimizer.state.clear()


def _restart_one(model, optimizer, epoch):
    if epoch == 4:
        optimizer.state[model.bias].pop("momentum_buffer", None)


def _halve_momentum(model, optimizer, epoch):
    for state in optimizer.state.values():
        state["momentum_buffer"] *= 0.5


def _freeze(model, optimizer, epoch):
    if epoch in (2, 5):
        model.weight.requires_grad_(epoch == 5)


def _freeze_the_bias(model, optimizer, epoch):
    if epoch == 2:
        model.bias.requires_grad_(False)


def _replace_data(model, optimizer, epoch):
    if epoch == 4:
        model.weight.data = model.weight.data * 0.5


CHANGES = {
    "weight_decay": _option("weight_decay", 0.1),
    "momentum": _option("momentum", 0.5),
    "no momentum": _option("momentum", 0.0),
    "dampening": _option("dampening", 0.3),
    "nesterov": _option("nesterov", True),
    "maximize": _option("maximize", True),
    "lr": _option("lr", 0.02),
    "every epoch": _every_epoch,
    "restart momentum": _restart_momentum,
    "restart one": _restart_one,
    "halve momentum": _halve_momentum,
    "freeze": _freeze,
    "freeze the bias": _freeze_the_bias,
    "replace data": _replace_data,
}
KINDS = [("stream", {}), ("stream", {"batch_size": 20}), ("stream", {"batch_size": 1}), ("spectral", {}), ("eager", {})]


@pytest.mark.parametrize(("engine", "batches"), KINDS, ids=str)
@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize("name", CHANGES)
def test_what_a_callback_changes_is_seen_at_once(name, apart, engine, batches):
    X, y = data(k=2)
    losses, stands = {}, {}
    for fitted in (True, False):
        model = model_for(X, y)
        groups = [{"params": [model.weight]}, {"params": [model.bias], "lr": 0.03}] if apart else model.parameters()
        optimizer = optim.SGD(groups, lr=0.01, momentum=0.8, weight_decay=0.01)
        change = CHANGES[name]
        if fitted:
            history = Trainer(model, optimizer, nn.MSELoss()).fit(
                X, y, epochs=8, engine=engine, **batches,
                callbacks=[lambda t, r, change=change: change(t.model, t.optimizer, r["epoch"])],
            )  # fmt: skip
            assert history.engine == engine
            losses[fitted] = history.loss
        else:
            losses[fitted] = []
            for epoch in range(8):
                losses[fitted] += loop(fastgd, model, optimizer, nn.MSELoss(), X, y, 1, batches.get("batch_size"))
                change(model, optimizer, epoch)
        buffers = [optimizer.state.get(param, {}).get("momentum_buffer") for param in model.parameters()]
        stands[fitted] = [param.detach().numpy() for param in model.parameters()]
        stands[fitted] += [buffer.numpy() for buffer in buffers if buffer is not None]
    np.testing.assert_allclose(losses[True], losses[False], rtol=1e-9)
    for mine, theirs in zip(stands[True], stands[False], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(("engine", "batches"), KINDS[:4], ids=str)
def test_a_callback_may_send_the_fit_to_the_ordinary_loop(engine, batches):
    X, y = data()

    def hook(trainer, record):
        if record["epoch"] == 3:
            trainer.model.weight.register_hook(lambda gradient: gradient * 0)

    found = []
    for asked in ("auto" if engine == "stream" else engine, "eager"):
        model = model_for(X, y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01, momentum=0.9), nn.MSELoss())
        fit = {"X": X, "y": y, "epochs": 8, "engine": asked, "callbacks": [hook], **batches}
        if asked == "spectral":
            with pytest.raises(ValueError, match='engine="spectral" cannot run this fit: the weight has hooks'):
                trainer.fit(**fit)
            assert len(trainer.history) == 3  # as after whatever a callback raises
            return
        history = trainer.fit(**fit)
        assert history.engine == "eager"
        found.append((history.loss, model.weight.tolist()))
        if asked == "auto":
            assert history.engine_reason == "stream up to epoch 4, then: the weight has hooks"
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-10)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_criterion_that_a_callback_replaces_is_seen(weighted):
    def replace(trainer, record):
        if record["epoch"] == 2:
            trainer.criterion = nn.HuberLoss(delta=0.1)

    X, y = data()
    found = []
    for engine in ("stream", "eager", "auto"):
        model = model_for(X, y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01, momentum=0.9), nn.MSELoss())
        weights = np.arange(53.0) if weighted else None
        history = trainer.fit(X, y, epochs=6, engine=engine, callbacks=[replace], sample_weight=weights)
        found.append(history.loss)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-10)
    np.testing.assert_allclose(found[0], found[2], rtol=1e-10)
    assert found[0][3] < found[0][2] / 5


@pytest.mark.parametrize("engine", ["stream", "spectral", "eager"])
@pytest.mark.parametrize("name", ["optimizer", "scheduler"])
def test_a_callback_may_not_replace_the_optimizer(name, engine):
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    other = optim.SGD(model.parameters(), lr=0.5)
    given = other if name == "optimizer" else lr_scheduler.StepLR(trainer.optimizer, 1)
    with pytest.raises(
        ValueError, match="must stay the same in a fit, but a callback replaced one: change optimizer.param"
    ):
        trainer.fit(X, y, epochs=5, engine=engine, callbacks=[lambda t, r: setattr(t, name, given)])


@pytest.mark.parametrize("engine", ["stream", "spectral"])
def test_a_criterion_that_a_callback_changes_is_seen(engine):
    X, y = data()
    scale = [1.0]

    def halve(trainer, record):
        scale[0] /= 2

    found = []
    for asked in (engine, "eager"):
        scale[0] = 1.0
        model = model_for(X, y)
        history = Trainer(
            model, optim.SGD(model.parameters(), lr=0.01, momentum=0.9), lambda p, y: scale[0] * nn.MSELoss()(p, y)
        ).fit(X, y, epochs=6, engine=asked, callbacks=[halve], tol=0.0, patience=3)
        assert history.engine == asked
        found.append(history.loss)
    np.testing.assert_allclose(*found, rtol=1e-10)
