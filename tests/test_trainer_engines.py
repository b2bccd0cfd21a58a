"""The engines do the same whoever looks on: schedulers, validation, callbacks, every criterion that C knows."""

import itertools

import numpy as np
import pytest
from trainer_cases import data, fit, loop, model_for

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
                callbacks=[lambda trainer, record, seen=seen: seen.append(record)] if watched else (), **batches,
                **limit,
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


KINDS = [("stream", {}), ("stream", {"batch_size": 20}), ("stream", {"batch_size": 1}), ("spectral", {}), ("eager", {})]


class Decaying(lr_scheduler.LRScheduler):
    """A scheduler of one's own, that sets more than the rate."""

    def get_lr(self):
        return [0.9 * group["lr"] for group in self.optimizer.param_groups]

    def step(self, *args):
        super().step(*args)
        for group in self.optimizer.param_groups:
            group["weight_decay"] = 0.01 * self.last_epoch


@pytest.mark.parametrize(("engine", "batches"), KINDS, ids=str)
def test_a_schedule_of_more_than_rates(engine, batches):
    X, y = data()
    stands = []
    for fitted in (True, False):
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
        scheduler = Decaying(optimizer)
        if fitted:
            Trainer(model, optimizer, nn.MSELoss(), scheduler).fit(X, y, epochs=12, engine=engine, **batches)
        else:
            loop(fastgd, model, optimizer, nn.MSELoss(), X, y, 12, batches.get("batch_size"), scheduler=scheduler)
        stands.append((model.weight.detach().numpy(), scheduler.last_epoch, optimizer.param_groups[0]["weight_decay"]))
    np.testing.assert_allclose(stands[0][0], stands[1][0], rtol=1e-9)
    assert stands[0][1:] == stands[1][1:]


@pytest.mark.parametrize("engine", ["stream", "eager"])
def test_a_schedule_of_more_than_rates_by_batch(engine):
    X, y = data()
    model = model_for(X, y)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    trainer = Trainer(model, optimizer, nn.MSELoss(), Decaying(optimizer), "batch")
    before = model.weight.tolist()
    if engine == "eager":
        assert trainer.fit(X, y, epochs=3, batch_size=20, engine=engine).engine == "eager"
        return
    with pytest.raises(ValueError, match='between the steps of an epoch: fit with engine="eager"'):
        trainer.fit(X, y, epochs=3, batch_size=20)
    assert (model.weight.tolist(), trainer.scheduler.last_epoch) == (before, 0)
    assert len(trainer.fit(X, y, epochs=3)) == 3  # an epoch of one step


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


HALF = fastgd.tensor(0.5, dtype=fastgd.float64)
SCALED = {
    "half": lambda p, y: 0.5 * nn.MSELoss()(p, y),
    "half behind": lambda p, y: functional.mse_loss(p, y) / 2,
    "a tensor": lambda p, y: functional.huber_loss(p, y, delta=0.3) * HALF,
    "of one element": lambda p, y: HALF.reshape(1) * functional.l1_loss(p, y),
    "several": lambda p, y: -(2 * (functional.mse_loss(p, y, reduction="sum") * -0.1) / 3),
    "by hand": lambda p, y: 0.5 * ((p - y) ** 2).mean(),
    "inside": lambda p, y: (0.5 * (p - y) ** 2).mean(),
    "inside and out": lambda p, y: ((p - y).abs() / 2).sum() * 0.1,
    "over the rows": lambda p, y: ((p - y) ** 2).sum() / len(y),
    "over twice the rows": lambda p, y: ((p - y) ** 2).sum() / (2 * len(y)),
    "smooth": lambda p, y: 3 * functional.smooth_l1_loss(p, y, beta=0.5),
}


@pytest.mark.parametrize("batches", [{}, {"batch_size": 1}, {"batch_size": 20, "shuffle": True}], ids=str)
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("name", SCALED)
def test_a_scaled_criterion_runs_in_c(name, k, batches):
    X, y = data(n=100, k=k)
    found = []
    for engine in ("stream", "eager"):
        fastgd.manual_seed(0)
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
        history = fit(model, X, y, optimizer, SCALED[name], engine=engine, validation_data=(X, y), **batches)
        found.append([history.loss, history.val_loss, history.grad_norm, model.weight.detach().numpy()])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_scaled_criterion_needs_no_rows(weighted):
    X, y = data(n=100, k=2)
    weights = np.arange(100.0) if weighted else None
    found = []
    for engine in ("stream", "spectral"):
        model = model_for(X, y)
        history = fit(model, X, y, None, lambda p, y: 0.5 * ((p - y) ** 2).mean(), engine=engine, sample_weight=weights)
        found.append([history.loss, history.grad_norm, model.weight.detach().numpy()])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10)
    with pytest.raises(ValueError, match="multiplied by a number that is not positive"):
        fit(model_for(X, y), X, y, None, lambda p, y: -nn.MSELoss()(p, y), engine="spectral")


class Annealed:
    """A criterion that changes from call to call."""

    def __init__(self):
        self.calls = 0

    def __call__(self, prediction, target):
        self.calls += 1
        return nn.functional.mse_loss(prediction, target) * 0.9**self.calls


LEARNED = fastgd.tensor(2.0, dtype=fastgd.float64, requires_grad=True)


@pytest.mark.parametrize(
    ("criterion", "reason"),
    [
        (lambda p, y: nn.MSELoss()(p, y) * len(y) / 20, "factor is not the same in every call"),
        (lambda p, y: ((p - y) ** 2).sum() / max(len(y), 32), "factor is not the same in every call"),
        (lambda p, y: nn.MSELoss()(p, y) / p.detach().abs().mean(), "factor is not the same in every call"),
        (Annealed(), "factor is not the same in every call"),
        (lambda p, y: nn.MSELoss()(p, y) * LEARNED, "not a number times"),
        (lambda p, y: 1 / nn.MSELoss()(p, y), "not a number times"),
        (lambda p, y: nn.MSELoss()(p, y) + nn.L1Loss()(p, y), "not a number times"),
        (lambda p, y: (0.5 * (p - y) ** 2).mean(0).sum(), "not a number times"),
        (lambda p, y: ((p - y) ** 2 * y.abs()).mean(), "not a number times"),
    ],
)
def test_what_is_more_than_a_factor_runs_the_ordinary_loop(criterion, reason):
    X, y = data(n=100)
    history = fit(model_for(X, y), X, y, criterion=criterion, batch_size=20)
    assert history.engine == "eager"
    assert reason in history.engine_reason


def test_a_penalty_on_the_weights_runs_the_ordinary_loop_and_weight_decay_does_not():
    X, y = data()
    model = model_for(X, y)
    history = fit(model, X, y, criterion=lambda p, y: nn.MSELoss()(p, y) + 0.05 * (model.weight**2).sum())
    assert history.engine == "eager"
    assert "the optimizer's weight_decay" in history.engine_reason
    other = model_for(X, y)
    groups = [{"params": [other.weight], "weight_decay": 0.1}, {"params": [other.bias]}]
    assert fit(other, X, y, optim.SGD(groups, lr=0.01)).engine == "stream"
    np.testing.assert_allclose(model.weight.tolist(), other.weight.tolist(), rtol=1e-12)


def test_hooks_on_a_scaled_loss_run_the_ordinary_loop():
    X, y = data()

    def criterion(p, y):
        loss = nn.MSELoss()(p, y)
        loss.register_hook(lambda gradient: gradient * 0)
        return loss / 2

    model = model_for(X, y)
    before = model.weight.tolist()
    history = fit(model, X, y, criterion=criterion)
    assert (history.engine, history.engine_reason) == ("eager", "the prediction or the loss has hooks")
    assert model.weight.tolist() == before


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


def test_what_the_probe_met_is_told():
    X, y = data()
    with pytest.raises(ValueError, match=r"the model raises RuntimeError \(mat1 and mat2 shapes .*\) on the first"):
        fit(model_for(X, y), X[:, :2], y, engine="stream")


def test_a_model_that_knows_how_many_rows_there_are():
    X, y = data(n=100)
    offsets = fastgd.zeros(100, 1, dtype=fastgd.float64, requires_grad=True)
    weight = fastgd.zeros(4, 1, dtype=fastgd.float64, requires_grad=True)
    history = fit(lambda x: x @ weight + offsets, X, y, optim.SGD([weight, offsets], lr=0.1))
    assert history.engine == "eager"
    assert "first rows" in history.engine_reason
    assert history.loss[-1] < history.loss[0]
