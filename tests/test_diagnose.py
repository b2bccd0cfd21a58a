"""diagnose: its figures against numpy's, and its promises against descents."""

import math

import numpy as np
import pytest

import fastgd
from fastgd import DivergenceError, Statistics, Trainer, nn, optim
from fastgd.descent.stability import _by_power_iteration, best_rate, contraction, largest_curvature, stable_limit

pytestmark = pytest.mark.usefixtures("affine")

SETTINGS = [
    {}, {"momentum": 0.9}, {"momentum": 0.5, "dampening": 0.3}, {"momentum": 0.9, "nesterov": True},
    {"weight_decay": 0.5}, {"momentum": 0.3, "nesterov": True, "weight_decay": 0.2},
    {"momentum": 0.9, "nesterov": True, "dampening": 0.5}, {"momentum": 0.0, "nesterov": True},
]  # fmt: skip


def table(n=200, d=5, k=1):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)) * np.geomspace(0.3, 3, d) + 0.5
    return X, X @ rng.normal(size=(d, k)) + rng.normal(size=(n, k))


def sgd(options=(), lr=0.1, d=5, k=1, **model):
    model = nn.Linear(d, k, dtype=fastgd.float64, **model)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    optimizer.param_groups[0].update(options)  # of which SGD itself refuses some together
    return model, optimizer


@pytest.mark.parametrize("bias", (True, False))
@pytest.mark.parametrize("k", (1, 3))
def test_curvatures(bias, k):
    X, y = table(k=k)
    A = np.column_stack([X, np.ones(len(X))]) if bias else X
    exact = np.linalg.svd(A, compute_uv=False) ** 2 * 2 / (len(X) * k)
    found = fastgd.diagnose(X, y, sgd(bias=bias, k=k)[1])
    np.testing.assert_allclose([found.largest, found.smallest], [exact[0], exact[-1]], rtol=1e-10)
    assert found.condition == pytest.approx(exact[0] / exact[-1]) and found.flat == 0
    assert found.stable_lr == pytest.approx(2 / exact[0]) and found.lr == pytest.approx(2 / (exact[0] + exact[-1]))
    solution, residual = np.linalg.lstsq(A, y, rcond=None)[:2]
    np.testing.assert_allclose(found.weight, solution[: X.shape[1]].T, rtol=1e-10)
    assert found.least_loss == pytest.approx(residual.sum() / y.size)


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_just_below_the_limit_converges_and_just_above_diverges(options):
    X, y = table()
    limit = fastgd.diagnose(X, y, sgd(options)[1]).stable_lr
    model, optimizer = sgd(options, lr=0.999 * limit)
    history = Trainer(model, optimizer, nn.MSELoss()).fit(X, y, epochs=30_000, engine="spectral")
    assert history.grad_norm[-1] < 1e-3 * history.grad_norm[0] or "weight_decay" in options
    assert np.ptp(history.loss[-2:]) < 1e-9
    model, optimizer = sgd(options, lr=1.001 * limit)
    with pytest.raises(DivergenceError) as error:
        Trainer(model, optimizer, nn.MSELoss()).fit(X, y, epochs=2_000_000, engine="spectral")
    assert error.value.largest_stable_lr == pytest.approx(limit, rel=1e-9)


def test_the_stream_quotes_the_same_limit():
    X, y = table()
    model, optimizer = sgd({"momentum": 0.9}, lr=100.0)
    with pytest.raises(DivergenceError) as error:
        Trainer(model, optimizer, nn.MSELoss()).fit(X, y, epochs=1000, engine="stream")
    assert error.value.largest_stable_lr == pytest.approx(fastgd.diagnose(X, y, optimizer).stable_lr, rel=1e-9)


@pytest.mark.parametrize("options", SETTINGS, ids=str)
@pytest.mark.parametrize("share", (0.01, 0.4, 0.97))
def test_contraction_is_what_a_coordinate_does(options, share):
    curvature, lr = 2.0, share * stable_limit(2.0, options)
    e, v, momentum = 1.0, 0.0, options.get("momentum", 0.0)
    sizes = []
    for step in range(4000):
        g = (curvature + options.get("weight_decay", 0.0)) * e
        if momentum:
            v = momentum * v + (1 - options.get("dampening", 0.0)) * g
            g = g + momentum * v if options.get("nesterov") else v
        e -= lr * g
        sizes.append(math.log(math.hypot(e, v) + 1e-300))
        if sizes[-1] < -200:
            break
    half = len(sizes) // 2
    factor = math.exp((sizes[-1] - sizes[half]) / (len(sizes) - 1 - half))
    assert contraction(lr, curvature, options) == pytest.approx(factor, abs=0.03)


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_no_rate_is_better_than_the_best(options):
    low, high = 0.1, 3.0
    best = best_rate(low, high, options)

    def worst(lr):
        return max(contraction(lr, c, options) for c in (low, high))

    grid = np.linspace(0.01, 1, 500) * stable_limit(high, options)
    assert worst(best) <= min(worst(lr) for lr in grid) + 1e-12


def test_epochs_are_what_a_descent_takes():
    X, y = table()
    found = fastgd.diagnose(X, y)
    exact = np.append(found.weight, found.bias)
    for choice in found.choices:
        if choice.name.startswith("best rate, col"):
            continue
        model, optimizer = sgd({"momentum": choice.momentum}, lr=choice.lr)
        first = np.linalg.norm(np.append(model.weight.detach().numpy(), model.bias.detach().numpy()) - exact)
        Trainer(model, optimizer, nn.MSELoss()).fit(X, y, epochs=choice.epochs[2])
        last = np.linalg.norm(np.append(model.weight.detach().numpy(), model.bias.detach().numpy()) - exact)
        assert 1e-8 < last / first < 1e-6
    scaled = fastgd.diagnose((X - X.mean(0)) / X.std(0))
    assert scaled.condition == pytest.approx(found.scaled_condition)
    assert scaled.choices[0].epochs == found.choices[-1].epochs


def test_the_columns_at_fault():
    X, y = table(d=6)
    X[:, 0] *= 1e4
    X[:, 1] = 7
    X[:, 2] += 1e5
    X[:, 5] = X[:, 4] + 1e-4 * X[:, 3]
    found = fastgd.diagnose(X, y)
    told = dict(found.columns)
    assert set(told) == {0, 1, 2, 4, 5}
    for column, part in ((0, "divide"), (1, "constant"), (2, "subtract"), (4, "columns 4, 5"), (5, "columns 4, 5")):
        assert part in told[column]
    assert found.flat >= 1
    text = repr(found)
    assert "column 1: is constant (7)" in text and "stable up to" in text and max(map(len, text.splitlines())) <= 120


def test_statistics_in_place_of_rows():
    X, y = table()
    rows, sums = fastgd.diagnose(X, y), fastgd.diagnose(Statistics(X, y))
    assert sums.largest == rows.largest and sums.least_loss == pytest.approx(rows.least_loss, rel=1e-9)
    np.testing.assert_allclose(sums.weight, rows.weight, rtol=1e-9)


def test_odd_tables():
    for X in (np.ones((1, 1)), np.zeros((4, 2)), np.random.default_rng(0).normal(size=(3, 8))):
        found = fastgd.diagnose(X, np.ones(len(X)))
        assert found.condition >= 1 and "stable up to" in repr(found)
    assert fastgd.diagnose(np.random.default_rng(0).normal(size=(3, 8))).flat == 6
    zero = fastgd.diagnose(np.zeros((4, 2)), None, sgd(d=2, bias=False)[1])
    assert zero.stable_lr is None and "any lr" in repr(zero)


def test_leaves_and_ties():
    X, y = table()
    leaves = [fastgd.from_numpy(each.copy()).requires_grad_() for each in (X, y)]
    assert fastgd.diagnose(*leaves).least_loss == fastgd.diagnose(X, y).least_loss
    tied = fastgd.diagnose(np.column_stack([X, X[:, 0] + X[:, 1], X[:, 0] - X[:, 1]]))
    assert tied.flat == 2 and len(tied.columns) == len(set(tied.columns))
    still = repr(fastgd.diagnose(X, y, sgd({"momentum": 0.5, "dampening": 1.0})[1]))
    assert "stable up to    no lr" in still and "never" in still


def test_refusals():
    X, y = table()
    with pytest.raises(ValueError, match="their weights sum to 0"):
        fastgd.diagnose(Statistics(X, y, np.zeros(len(X))))
    with pytest.raises(ValueError, match="must minimise, but it has maximize=True"):
        fastgd.diagnose(X, y, sgd({"maximize": True})[1])
    with pytest.raises(TypeError, match="X must hold numbers, but its type is object: convert"):
        fastgd.diagnose(None)
    with pytest.raises(TypeError, match="optimizer must be an optim.SGD, whose rates have limits, but got Adam"):
        fastgd.diagnose(np.ones((2, 1)), None, optim.Adam(nn.Linear(1, 1).parameters()))


def test_power_iteration_agrees_where_there_are_many_features():
    X, _ = table(500, 30)
    assert _by_power_iteration(X, 300) == pytest.approx(largest_curvature(X), rel=1e-6)
