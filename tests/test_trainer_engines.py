"""The engines do the same whoever looks on: schedulers, validation, callbacks, every criterion that C knows."""

import itertools

import numpy as np
import pytest
from trainer_cases import data, fit, model_for

import fastgd
from fastgd import Trainer, nn, optim
from fastgd.nn import functional
from fastgd.optim import lr_scheduler

pytestmark = pytest.mark.usefixtures("affine")

SCHEDULES = {
    "none": lambda optimizer: None,
    "step": lambda optimizer: lr_scheduler.StepLR(optimizer, 2, 0.5),
    "cycle": lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=40),
    "plateau": lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=0.5),
}


@pytest.mark.parametrize("limit", [{}, {"tol": 0.5, "patience": 2}, {"grad_tol": 1.0}], ids=str)
@pytest.mark.parametrize("batches", [{}, {"batch_size": 20}, {"batch_size": 60, "shuffle": True}], ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_engines_agree_whoever_looks_on(schedule, batches, limit):
    if "grad_tol" in limit and batches.get("batch_size") == 20:
        limit = {"max_seconds": 60.0}
    X, y = data()
    engines = ("stream", "eager") if batches.get("batch_size") == 20 else ("stream", "eager", "spectral")
    for validated, every in itertools.product((False, True), ("epoch", "batch")):
        found = []
        for engine, watched in itertools.product(engines, (False, True)):
            seen = []
            model = model_for(X, y)
            optimizer = optim.SGD(model.parameters(), lr=0.04, momentum=0.5)
            scheduler = SCHEDULES[schedule](optimizer)
            history = Trainer(model, optimizer, nn.MSELoss(), scheduler, every).fit(
                X, y, epochs=12, engine=engine, validation_data=(X[:9] - 0.1, y[:9]) if validated else None,
                callbacks=[lambda trainer, record, seen=seen: seen.append(record)] if watched else (), **batches, **limit,
            )  # fmt: skip
            assert history.engine == engine
            fields = {field: getattr(history, field) for field in history.FIELDS if field != "seconds"}
            weights = np.append(model.weight.detach().numpy(), model.bias.detach().numpy())
            stands = (history.stop_reason, len(history), scheduler and scheduler.last_epoch)
            found.append((stands, {**fields, "weights": weights}, optimizer.param_groups[0]["lr"]))
            assert len(history.val_loss) == (len(history) if validated else 0)
            if watched:
                assert [record["epoch"] for record in seen] == list(range(len(history)))
                for field, values in fields.items():
                    assert [record[field] for record in seen if field in record] == list(values)
        for stands, numbers, rate in found[1:]:
            assert stands == found[0][0]
            np.testing.assert_allclose(rate, found[0][2], rtol=1e-12)
            for name, values in numbers.items():
                np.testing.assert_allclose(values, found[0][1][name], rtol=1e-9, atol=1e-12, err_msg=name)


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


@pytest.mark.parametrize("engine", ["stream", "eager", "spectral"])
def test_a_schedule_that_ends_is_an_error_only_where_the_descent_comes_there(engine):
    X, y = data()
    lengths = []
    for limit in ({"tol": 10.0, "patience": 25}, {}):
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        trainer = Trainer(model, optimizer, nn.MSELoss(), lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=30))
        if limit:
            assert trainer.fit(X, y, epochs=1000, engine=engine, **limit).stop_reason == "tol"
        else:
            with pytest.raises(ValueError, match="total"):
                trainer.fit(X, y, epochs=1000, engine=engine)
        lengths.append((len(trainer.history), trainer.scheduler.last_epoch))
    assert lengths == [(26, 26), (30, 30)]


@pytest.mark.parametrize("engine", ["stream", "eager", "spectral"])
@pytest.mark.parametrize(
    "make",
    [
        lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, 0.1, total_iters=3), lr_scheduler.CosineAnnealingLR(o, 10)], [3]
        ),
        lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.ExponentialLR(o, 0.9), lr_scheduler.StepLR(o, 4, 0.5)]),
        lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.05, step_size_up=3),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3),
    ],
)
def test_the_rates_of_a_fit_are_those_of_the_loop(engine, make):
    X, y = data()
    model = model_for(X, y)
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.5)
    scheduler = make(optimizer)
    expected = []
    for _ in range(30):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    model = model_for(X, y)
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.5)
    scheduler = make(optimizer)
    trainer = Trainer(model, optimizer, nn.MSELoss(), scheduler)
    seen = (
        trainer.fit(X, y, epochs=11, engine=engine).lr.tolist()
        + trainer.fit(X, y, epochs=19, engine=engine).lr.tolist()
    )
    assert seen == expected


@pytest.mark.parametrize(
    "criterion",
    [
        functional.mse_loss,
        functional.l1_loss,
        functional.huber_loss,
        lambda p, y: ((p - y) ** 2).mean(),
        lambda p, y: (y - p).square().sum(),
        lambda p, y: (p - y).abs().mean(),
        lambda p, y: functional.mse_loss(p, y, reduction="sum"),
        nn.HuberLoss(delta=0.3),
        nn.MSELoss(reduction="sum"),
    ],
)
@pytest.mark.parametrize("batches", [{}, {"batch_size": 1}, {"batch_size": 20, "shuffle": True}], ids=str)
def test_criteria_written_in_any_way_run_in_c(criterion, batches):
    X, y = data(n=100)
    losses = []
    for engine in ("auto", "eager"):
        fastgd.manual_seed(0)
        model = model_for(X, y)
        history = fit(model, X, y, optim.SGD(model.parameters(), lr=1e-4), criterion, engine=engine, **batches)
        losses.append(history.loss)
        assert history.engine == ("stream" if engine == "auto" else "eager"), history.engine_reason
    np.testing.assert_allclose(*losses, rtol=1e-10)


@pytest.mark.parametrize(
    "criterion",
    [lambda p, y: 0.5 * nn.MSELoss()(p, y), lambda p, y: ((p - y) ** 2).sum() / len(y)],
    ids=["half", "rows"],
)
def test_a_scaled_criterion_is_never_taken_for_the_plain_one(criterion):
    X, y = data()
    losses = []
    for engine in ("auto", "eager"):
        model = model_for(X, y)
        losses.append(fit(model, X, y, criterion=criterion, engine=engine, batch_size=20).loss)
    np.testing.assert_allclose(*losses, rtol=1e-10)


def test_the_probe_leaves_the_random_stream_alone():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 1, dtype=fastgd.float64)

        def forward(self, x):
            return self.linear(x + 0.1 * fastgd.randn(*x.shape, dtype=fastgd.float64))

    X, y = data()
    found = []
    for engine in ("auto", "eager"):
        fastgd.manual_seed(0)
        found.append(fit(Noisy(), X, y, engine=engine).loss.tolist())
    assert found[0] == found[1]


def test_a_model_that_knows_how_many_rows_there_are():
    X, y = data(n=100)
    offsets = fastgd.zeros(100, 1, dtype=fastgd.float64, requires_grad=True)
    weight = fastgd.zeros(4, 1, dtype=fastgd.float64, requires_grad=True)
    history = fit(lambda x: x @ weight + offsets, X, y, optim.SGD([weight, offsets], lr=0.1))
    assert history.engine == "eager"
    assert "first rows" in history.engine_reason
    assert history.loss[-1] < history.loss[0]
