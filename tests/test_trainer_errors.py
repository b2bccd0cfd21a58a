"""What a Trainer refuses, and what it says of a descent that diverges."""

import pickle
import re

import numpy as np
import pytest
from trainer_cases import data, fit, model_for

import fastgd
from fastgd import DivergenceError, Trainer, nn, optim
from fastgd.descent.engine import SQUARED
from fastgd.descent.stability import largest_stable_rate
from fastgd.optim import lr_scheduler

pytestmark = pytest.mark.usefixtures("affine")


@pytest.mark.parametrize(
    ("engine", "batches"),
    [("stream", {}), ("stream", {"batch_size": 10}), ("eager", {}), ("eager", {"batch_size": 10}), ("spectral", {})],
    ids=str,
)
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
    defaults = {"momentum": 0, "dampening": 0, "nesterov": False, "weight_decay": 0}
    form = {"kind": SQUARED, "factor": 1.0, "mean": True, "d": X.shape[1], "k": 1}
    limit = largest_stable_rate(fastgd.from_numpy(X), None, form, {**defaults, **options})
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


def spoiled(array, row, column, value):
    array = array.copy()
    array[row, column] = value
    return array


X, Y = data()
WEIGHTS = np.ones(len(X))
REFUSED = {
    "lengths": (
        {"y": Y[:-1]}, "X and y must have one row each per sample, but X has shape (53, 4) and y (52, 1): pass the y"
    ),
    "no rows": ({"X": X[:0], "y": Y[:0]}, "X must have at least one row, but it has shape (0, 4): pass"),
    "y of the wrong width": (
        {"y": np.hstack([Y, Y])},
        "y must have the shape of the model's prediction, (53, 1), but it has (53, 2): reshape"
    ),
    "NaN in X": ({"X": spoiled(X, 17, 2, np.nan)}, "X must be finite, but row 17, column 2 holds nan: drop or fill"),
    "infinite X": ({"X": spoiled(X, 40, 0, np.inf)}, "X must be finite, but row 40, column 0 holds inf: drop or fill"),
    "NaN in y": ({"y": spoiled(Y, 52, 0, np.nan)}, "y must be finite, but row 52 holds nan: drop or fill such rows"),
    "NaN in the weights": (
        {"sample_weight": spoiled(WEIGHTS[:, None], 9, 0, np.nan)[:, 0]},
        "sample_weight must be finite, but row 9 holds nan: drop or fill",
    ),
    "weights whose sum is beyond": (
        {"sample_weight": np.full(len(X), 1e307)}, "sample_weight must be of a size that float64 holds, as"
    ),
    "weights of which a mean is beyond": (
        {"sample_weight": np.full(len(X), 5e-324)}, "sample_weight must be of a size that float64 holds, as"
    ),
    "infinite weight": (
        {"sample_weight": spoiled(WEIGHTS[:, None], 9, 0, np.inf)[:, 0]},
        "sample_weight must be finite, but row 9 holds inf: drop or fill",
    ),
    "NaN in X of the validation data": (
        {"validation_data": (spoiled(X, 3, 1, np.nan), Y)},
        "X of validation_data must be finite, but row 3, column 1 holds nan: drop or fill",
    ),
    "negative weight": (
        {"sample_weight": spoiled(WEIGHTS[:, None], 5, 0, -2)[:, 0]},
        "sample_weight must not be negative, but row 5 has -2.0: leave a row out by weight 0",
    ),
    "masked X": (
        {"X": np.ma.masked_array(X, X > 2)}, f"X must have no masked values, but row {int(np.nonzero(X > 2)[0][0])} has"
    ),
    "weights' length": (
        {"sample_weight": WEIGHTS[:3]},
        "sample_weight must have shape (53,), one a row, but it has (3,): pass one a row"
    ),
    "weights without rows": (
        {"X": [(X, Y)], "y": None, "sample_weight": WEIGHTS}, "sample_weight must come with X and y, but y is None"
    ),
    "batch_size 0": ({"batch_size": 0}, "batch_size must be an int, 1 or above, or None for all rows, but got 0"),
    "half a batch": ({"batch_size": 0.5}, "batch_size must be an int, 1 or above, or None for all rows, but got 0.5"),
    "batch_size for batches": (
        {"X": [(X, Y)], "y": None, "batch_size": 3},
        "batch_size, shuffle and drop_last must come with X and y, but y is"
    ),
    "epochs": ({"epochs": -1}, "epochs must be an int, 0 or above, but got -1"),
    "a true epoch": ({"epochs": True}, "epochs must be an int, 0 or above, but got True"),
    "a true batch": ({"batch_size": True}, "batch_size must be an int, 1 or above, or None for all rows, but got True"),
    "tol in words": ({"tol": "small"}, "tol must be a finite number, 0 or above, or None, but got 'small'"),
    "half an epoch": ({"epochs": 0.5}, "epochs must be an int, 0 or above, but got 0.5"),
    "tol": ({"tol": -1.0}, "tol must be a finite number, 0 or above, or None, but got -1.0"),
    "NaN tol": ({"tol": float("nan")}, "tol must be a finite number, 0 or above, or None, but got nan"),
    "patience": ({"patience": 0}, "patience must be an int, 1 or above, but got 0"),
    "max_seconds": ({"max_seconds": -1}, "max_seconds must be a finite number, 0 or above, or None, but got -1"),
    "verbose": ({"verbose": -1}, "verbose must be an int, 0 or above (a line every so many epochs), but got -1"),
    "engine": ({"engine": "fast"}, "engine must be one of auto, stream"),
    "grad_tol": (
        {"batch_size": 5, "grad_tol": 1.0}, "grad_tol must come with batch_size=None, but got grad_tol=1 and smaller"
    ),
    "drop_last": (
        {"batch_size": 60, "drop_last": True},
        "drop_last leaves no batch: expected batch_size of at most the 53 rows, got 60"
    ),
    "an iterator": (
        {"X": iter([(X, Y)]), "y": None}, "X must give batches in every epoch, but this list_iterator gave none"
    ),
    "masked weights": (
        {"sample_weight": np.ma.array(WEIGHTS, mask=np.arange(53) == 7)},
        "sample_weight must have no masked values, but row 7 has one",
    ),
    "other validation rows": (
        {"validation_data": (X, Y[:3])}, "X and y of validation_data must have one row each per sample, but X has shape"
    ),
    "NaN in a batch": (
        {"X": [(X, Y), (spoiled(X, 1, 0, np.nan), Y)], "y": None},
        "X of batch 1 must be finite, but row 1, column 0 holds nan: drop or fill",
    ),
}  # fmt: skip


@pytest.mark.parametrize("engine", ["auto", "eager"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_a_fit_refuses_changes_nothing(case, engine):
    given, message = REFUSED[case]
    model = model_for(X, Y)
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    before = [param.tolist() for param in model.parameters()], fastgd.get_rng_state().tolist()
    with pytest.raises(ValueError, match=re.escape(message)):
        Trainer(model, optimizer, nn.MSELoss(), scheduler).fit(
            **{"X": X, "y": Y, "epochs": 2, "engine": engine, **given}
        )
    if case != "an iterator":  # of which the first epoch came to its end
        assert ([param.tolist() for param in model.parameters()], fastgd.get_rng_state().tolist()) == before
        assert scheduler.last_epoch == 0
        assert not optimizer.state


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"X": X.astype("f4")},
            'X must be float64 as the model is, but it is float32: convert it with astype("float64")',
        ),
        (
            {"X": X.astype("f2")},
            'X must be float64 as the model is, but it is float16: convert it with astype("float64")',
        ),
        ({"y": Y.astype("f4")}, "y must be float64 as the model is, but it is float32"),
        ({"X": X.astype(complex)}, "X must hold numbers, but its type is complex128"),
        (
            {"y": None},
            "X must be rows with a y, or an iterable of batches (x, y), but y is None and X is a ndarray: pass y",
        ),
        ({"X": [X], "y": None}, "a batch must be a pair (x, y), but batch 0 is a ndarray"),
        ({"validation_data": X}, "validation_data must be a pair (X, y), but got a ndarray: pass (X, y)"),
        ({"validation_data": (X, Y, Y)}, "validation_data must be a pair (X, y), but got a tuple of 3: pass (X, y)"),
        (
            {"callbacks": print},
            "callbacks must be a list of functions (trainer, record), but got <built-in function print>",
        ),
        ({"callbacks": [1]}, "callbacks must be a list of functions (trainer, record), but got [1]: pass [f]"),
        ({"sample_weight": np.array(["a"] * 53)}, "sample_weight must hold numbers, but its type is <U1"),
        ({"X": None}, "X must be rows of numbers, in an array, tensor, frame or list, but got a NoneType: convert it"),
        ({"validation_data": (X.astype("f4"), Y)}, "X of validation_data must be float64 as the model is, but it is f"),
    ],
)
def test_types_that_a_fit_refuses(given, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        fit(model_for(X, Y), **{"X": X, "y": Y, **given})


def test_a_float32_model_says_how_it_becomes_float64():
    with pytest.raises(TypeError, match=r'astype\("float32"\), or the model with model.double\(\)'):
        fit(nn.Linear(4, 1), X, Y)


def test_what_a_trainer_refuses():
    model = model_for(X, Y)
    optimizer, other = (optim.SGD(model.parameters(), lr=0.1) for _ in range(2))
    with pytest.raises(
        ValueError, match="scheduler belongs to another optimizer: expected one made with the Trainer's"
    ):
        Trainer(model, optimizer, nn.MSELoss(), lr_scheduler.StepLR(other, 1))
    with pytest.raises(ValueError, match="schedule_every must be 'epoch' or 'batch', but got 'step'"):
        Trainer(model, optimizer, nn.MSELoss(), None, "step")
    with pytest.raises(ValueError, match=r"2 of its 2 are in no model, of the shapes \(1, 4\), \(1,\): make it with"):
        Trainer(model_for(X, Y), optimizer, nn.MSELoss())
    more = optim.SGD([*model.parameters(), nn.Parameter(fastgd.zeros(3))], lr=0.1)
    with pytest.raises(ValueError, match=r"1 of its 3 are in no model, of the shapes \(3,\): make it with"):
        Trainer(model, more, nn.MSELoss())
    with pytest.warns(UserWarning, match="bias of the model are not in it and will stay as they are: make it with"):
        Trainer(model, optim.SGD([model.weight], lr=0.1), nn.MSELoss())


def test_what_is_no_model_no_optimizer_and_no_criterion():
    model = model_for(X, Y)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(TypeError, match="optimizer must be one of fastgd.optim, but got a NoneType"):
        Trainer(model, None, nn.MSELoss())
    with pytest.raises(TypeError, match="criterion must be a Module or a function, but got a str"):
        Trainer(model, optimizer, "mse")
    with pytest.raises(TypeError, match="model must be a Module or a function, but got a list"):
        Trainer([model], optimizer, nn.MSELoss())


def stable(A, weights, kind=2.0):
    """The largest stable rate of the mean of squares (or of Huber's loss: kind 1), from the rows."""
    A = np.column_stack([A, np.ones(len(A))])
    return 2 / np.linalg.eigvalsh(kind * (A.T * weights) @ A / weights.sum()).max()


@pytest.mark.parametrize("engine", ["stream", "eager"])
def test_the_rate_that_is_told_is_that_of_the_loss(engine):
    weights = np.arange(53.0)
    plain, halved = nn.MSELoss(), lambda p, y: 0.5 * nn.MSELoss()(p, y)
    huber, smooth = nn.HuberLoss(delta=1e300), nn.SmoothL1Loss(beta=1e300)
    for criterion, given, expected in (
        (plain, {}, stable(X, np.ones(53))),
        (plain, {"sample_weight": weights}, stable(X, weights)),
        (halved, {}, stable(X, np.ones(53), 1.0)),
        (nn.MSELoss(reduction="sum"), {}, stable(X, np.ones(53)) / 53),
        (nn.MSELoss(reduction="sum"), {"sample_weight": weights}, stable(X, weights) / weights.sum()),
        (huber, {}, stable(X, np.ones(53), 1.0)),
        (smooth, {}, stable(X, np.ones(53), 1e-300)),
        (plain, {"batch_size": 5}, min(stable(X[i : i + 1], np.ones(1)) for i in range(53))),
        (plain, {"batch_size": 5, "sample_weight": weights}, min(stable(X[i : i + 1], np.ones(1)) for i in range(53))),
        (nn.MSELoss(reduction="sum"), {"batch_size": 5}, min(stable(X[[i]], np.ones(1)) for i in range(53)) / 5),
    ):
        model = model_for(X, Y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=10 * expected), criterion)
        with pytest.raises(DivergenceError, match="largest stable rate") as caught:
            trainer.fit(X, Y, epochs=100_000, engine=engine, **given)
        np.testing.assert_allclose(caught.value.largest_stable_lr, expected, rtol=1e-6)
        assert f"is about {caught.value.largest_stable_lr:.3g}: use a smaller lr" in str(caught.value)
        assert f"in epoch {caught.value.epoch} at lr {10 * expected:g}" in str(caught.value)


@pytest.mark.parametrize("options", [{}, {"dampening": 0.5}, {"nesterov": True}, {"weight_decay": 0.1}], ids=str)
@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("criterion", [nn.MSELoss(), nn.MSELoss(reduction="sum")], ids=str)
def test_momentum_and_batches_are_stable_below_the_rate_that_is_told(criterion, batch_size, options):
    rows = X * np.random.default_rng(1).choice([0.1, 3], size=(len(X), 1))

    def descend(lr):
        fastgd.manual_seed(0)
        model = model_for(rows, Y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=lr, momentum=0.95, **options), criterion)
        return trainer.fit(rows, Y, epochs=300, batch_size=batch_size, shuffle=True)

    with pytest.raises(DivergenceError) as caught:
        descend(100.0)
    limit = caught.value.largest_stable_lr
    history = descend(0.99 * limit)
    assert history.loss.max() < 10 * history.loss[0]


@pytest.mark.parametrize(
    ("make", "engine", "told"),
    [
        (lambda p: optim.Adam(p, lr=1e200), "auto", "Use a smaller lr."),
        (lambda p: optim.SGD(p, lr=1.0, maximize=True), "stream", "With maximize=True the loss may grow without bound"),
        (
            lambda p: optim.SGD(p, lr=1.0, maximize=True),
            "spectral",
            "With maximize=True the loss may grow without bound",
        ),
    ],
)
def test_no_rate_is_told_where_there_is_none(make, engine, told):
    model = model_for(X, Y)
    with pytest.raises(DivergenceError, match=told) as caught:
        Trainer(model, make(model.parameters()), nn.MSELoss()).fit(X, Y, epochs=10_000, engine=engine)
    assert caught.value.largest_stable_lr is None
    assert "stable rate" not in str(caught.value)


@pytest.mark.parametrize(
    ("x_scale", "y_scale", "engine"),
    [
        (1e200, 1.0, "stream"), (1.0, 1e200, "stream"), (1.0, 1e200, "eager"), (1.0, 1e38, "spectral"),
        (1.0, 1e38, "stream"),
    ],
)  # fmt: skip
def test_numbers_that_are_too_large_are_no_matter_of_the_rate(x_scale, y_scale, engine):
    dtype = np.float32 if y_scale == 1e38 else np.float64
    rows, target = (X * x_scale).astype(dtype), (Y * y_scale).astype(dtype)
    model = model_for(rows, target)
    with pytest.raises(DivergenceError, match=f"too large for {np.dtype(dtype).name}, whatever the rate") as caught:
        fit(model, rows, target, optim.SGD(model.parameters(), lr=0.1), engine=engine)
    assert "smaller lr" not in str(caught.value)


def test_weights_that_are_nan_are_told():
    model = model_for(X, Y)
    model.weight.data[0, 1] = np.nan
    with pytest.raises(DivergenceError, match="The weights that the fit began with are not finite either: init"):
        fit(model, X, Y)


@pytest.mark.parametrize("weight", [1e-60, 1e60])
def test_weights_beyond_the_models_type(weight):
    rows, target = X.astype("f4"), Y.astype("f4")
    told = f"of a size that float32 holds, as the model is, but the largest is {weight:g}"
    with pytest.raises(ValueError, match=re.escape(told)):
        fit(model_for(rows, target), rows, target, sample_weight=np.full(53, weight))
    mixed = np.where(np.arange(53) < 9, 1e-60, 1.0)  # which is as good as 0
    history = fit(model_for(rows, target), rows, target, sample_weight=mixed)
    np.testing.assert_allclose(history.loss, fit(model_for(rows, target), rows[9:], target[9:]).loss, rtol=1e-5)


def test_one_feature_needs_an_axis():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as caught:
        fit(model_for(X[:, :1], Y), X[:, 0], Y)
    assert "pass X[:, None] for one feature" in caught.value.__notes__[-1]


def test_a_loss_is_a_tensor():
    with pytest.raises(TypeError, match="criterion must return a tensor, the loss, but returned a float"):
        fit(model_for(X, Y), X, Y, criterion=lambda p, y: 3.0)


@pytest.mark.parametrize("engine", ["stream", "eager"])
def test_a_group_that_a_callback_added_goes_with_its_epoch(engine):
    model, late = model_for(X, Y), nn.Parameter(fastgd.zeros(1, dtype=fastgd.float64))
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01, momentum=0.9), nn.MSELoss())

    def add(trainer, record):
        if record["epoch"] == 2:
            trainer.optimizer.add_param_group({"params": [late]})
            raise KeyError("of the callback's own")

    with pytest.raises(KeyError, match="own"):
        trainer.fit(X, Y, epochs=5, callbacks=[add], engine=engine)
    assert len(trainer.history) == 2 and len(trainer.optimizer.param_groups) == 1


def test_a_divergence_comes_back_from_another_process():
    model = model_for(X, Y)
    with pytest.raises(DivergenceError) as caught:
        Trainer(model, optim.SGD(model.parameters(), lr=1e3), nn.MSELoss()).fit(X, Y, epochs=1000)
    back = pickle.loads(pickle.dumps(caught.value))
    assert str(back) == str(caught.value) and back.history.loss.tolist() == caught.value.history.loss.tolist()
    for name in ("epoch", "lr", "largest_stable_lr"):
        assert getattr(back, name) == getattr(caught.value, name)


@pytest.mark.parametrize("engine", ["stream", "spectral", "eager"])
def test_maximize_may_grow(engine):
    model = model_for(X, Y)
    history = fit(model, X, Y, optim.SGD(model.parameters(), lr=0.01, maximize=True), engine=engine)
    assert history.stop_reason == "epochs"
    assert history.loss[1] > history.loss[0]


def test_weights_need_a_criterion_that_can_weigh():
    with pytest.raises(
        TypeError, match="sample_weight needs a criterion whose reduction .* but got <lambda>: use nn.MSE"
    ):
        fit(model_for(X, Y), X, Y, criterion=lambda p, y: ((p - y) ** 2).mean(), sample_weight=WEIGHTS, engine="eager")


def test_weights_need_a_loss_a_row():
    class Mean(nn.Module):
        reduction = "mean"  # which it does not look at

        def forward(self, prediction, target):
            return ((prediction - target) ** 2).mean()

    with pytest.raises(TypeError, match=r"gives each row's losses .* but Mean gave \(\) for 53 rows: multiply"):
        fit(model_for(X, Y), X, Y, criterion=Mean(), sample_weight=WEIGHTS, engine="eager")


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    trainer.fit(X, y, epochs=1)
    trainer.save(tmp_path / "run.ckpt")
    other = nn.Linear(7, 1, dtype=fastgd.float64)
    with pytest.raises(ValueError, match="another model"):
        Trainer(other, optim.SGD(other.parameters(), lr=0.01), nn.MSELoss()).resume(tmp_path / "run.ckpt")


def test_what_a_resumed_fit_refuses(tmp_path):
    def trainer(scheduled=False):
        model = model_for(X, Y)
        optimizer = optim.SGD(model.parameters(), lr=0.01)
        return Trainer(model, optimizer, nn.MSELoss(), lr_scheduler.StepLR(optimizer, 1) if scheduled else None)

    begun = trainer()
    with pytest.raises(RuntimeError, match="nothing to save yet: call fit first"):
        begun.save(tmp_path / "run")
    begun.fit(X, Y, epochs=2, batch_size=8)
    begun.save(tmp_path / "run")
    with pytest.raises(ValueError, match="was saved without a scheduler, but this Trainer is with one"):
        trainer(scheduled=True).resume(tmp_path / "run")
    model = model_for(X, Y)
    sgd, adam = optim.SGD(model.parameters(), lr=0.01), optim.Adam(model.parameters())
    for other, told in (
        (Trainer(model, sgd, nn.L1Loss()), "with criterion MSELoss.., but this Trainer has L1Loss.."),
        (Trainer(model, sgd, lambda p, t: (p - t).mean()), "with criterion MSELoss.., but this Trainer has <lambda>"),
        (Trainer(model, adam, nn.MSELoss()), "with optimizer SGD, but this Trainer has Adam"),
        (Trainer(model, sgd, nn.MSELoss(), None, "batch"), "with schedule_every epoch, but this Trainer has batch"),
    ):
        before = model.weight.tolist()
        with pytest.raises(ValueError, match=told + ": make it as it was then"):
            other.resume(tmp_path / "run")
        assert model.weight.tolist() == before
    fastgd.save({"weight": fastgd.zeros(1)}, tmp_path / "other")
    with pytest.raises(
        ValueError, match="other is no checkpoint of a Trainer: expected a file that trainer.save wrote"
    ):
        trainer().resume(tmp_path / "other")
    resumed = trainer().resume(tmp_path / "run")
    with pytest.raises(ValueError, match="expected batch_size=8, got batch_size=9. Repeat them, or make another"):
        resumed.fit(X, Y, epochs=4, batch_size=9)
    with pytest.raises(ValueError, match="expected rows=53, got rows=52"):
        resumed.fit(X[1:], Y[1:], epochs=4, batch_size=8)
    hook = resumed.model.register_forward_hook(lambda module, given, output: None)
    with pytest.raises(ValueError, match="the saved fit ran on the engine stream, this one would run on eager: the"):
        resumed.fit(X, Y, epochs=4, batch_size=8)
    hook.remove()
    assert len(resumed.fit(X, Y, epochs=4, batch_size=8)) == 4
    assert len(resumed.fit(X, Y, epochs=4, batch_size=9)) == 4  # a fit of its own


@pytest.mark.parametrize(
    ("engine", "batches"),
    [("stream", {}), ("stream", {"batch_size": 20}), ("eager", {}), ("eager", {"batch_size": 20}), ("spectral", {})],
    ids=str,
)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_what_a_callback_raises_ends_the_fit_at_a_whole_epoch(engine, batches, error):
    def fail(trainer, record):
        if record["epoch"] == 5:
            raise error

    found = []
    for epochs, callbacks in ((100, [fail]), (5, ())):
        fastgd.manual_seed(0)
        model = model_for(X, Y)
        optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        trainer = Trainer(model, optimizer, nn.MSELoss(), lr_scheduler.ExponentialLR(optimizer, 0.9))
        options = {"callbacks": callbacks, "engine": engine, "validation_data": (X, Y), "shuffle": True, **batches}
        if callbacks:
            with pytest.raises(error):
                trainer.fit(X, Y, epochs=epochs, **options)
            assert trainer.history.stop_reason == ("interrupted" if error is KeyboardInterrupt else None)
        else:
            trainer.fit(X, Y, epochs=epochs, **options)
        history, state = trainer.history, optimizer.state[model.weight]["momentum_buffer"].tolist()
        stands = (trainer.scheduler.last_epoch, optimizer.param_groups[0]["lr"], fastgd.rand(1).item())
        found.append((history.loss.tolist(), history.val_loss.tolist(), model.weight.tolist(), state, stands))
    assert found[0] == found[1]


@pytest.mark.parametrize("engine", ["stream", "eager", "spectral"])
@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_model_holds_the_weights_of_the_last_finite_epoch(engine, watched, dtype):
    # One more feature at a time moves the epoch of the divergence across the ends of stretches.
    for n in range(30, 40):
        rows, target = data(n, dtype=dtype)
        model = model_for(rows, target)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=3.0 + n / 3, momentum=0.5), nn.MSELoss())
        with pytest.raises(DivergenceError):
            trainer.fit(rows, target, epochs=10**6, engine=engine, callbacks=[lambda t, r: None] if watched else ())
        assert len(trainer.history) > 3
        np.testing.assert_allclose(trainer.evaluate(rows, target), trainer.history.loss[-1], rtol=1e-5)


@pytest.mark.parametrize("engine", ["stream", "eager"])
@pytest.mark.parametrize("watched", [False, True])
def test_the_epoch_that_diverges_is_undone(engine, watched):
    found = []
    for epochs in (2000, None):
        fastgd.manual_seed(0)
        model = model_for(X, Y)
        optimizer = optim.SGD(model.parameters(), lr=1.5, momentum=0.5)
        trainer = Trainer(model, optimizer, nn.MSELoss(), lr_scheduler.ExponentialLR(optimizer, 0.999))
        options = {"batch_size": 20, "shuffle": True, "engine": engine}
        if epochs:
            with pytest.raises(DivergenceError):
                trainer.fit(X, Y, epochs=epochs, callbacks=[lambda t, r: None] if watched else (), **options)
        else:
            trainer.fit(X, Y, epochs=found[0][0], **options)
        momentum = optimizer.state[model.weight]["momentum_buffer"].tolist()
        stands = trainer.scheduler.last_epoch, fastgd.get_rng_state().tolist()
        found.append((len(trainer.history), trainer.history.loss.tolist(), model.weight.tolist(), momentum, stands))
    assert found[0] == found[1]
    assert found[0][0] > 3
