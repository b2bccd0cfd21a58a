"""Whole descents on few rows against the numpy twin, each type at each level that this machine runs."""

import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from reference import ABSOLUTE, HUBER, SQUARED

import fastgd
from fastgd import nn, optim

pytestmark = pytest.mark.usefixtures("affine", "level")

TYPES = {"float32": (np.float32, 1e-5), "float64": (np.float64, 1e-12)}
CRITERIA = {SQUARED: nn.MSELoss(), ABSOLUTE: nn.L1Loss(), HUBER: nn.HuberLoss(delta=0.5)}
# Around every level's vectors, tiles of vectors and blocks; 257 rows and 63 features are more than few.
ROWS = [1, 2, 3, 8, 15, 16, 17, 31, 32, 33, 47, 64, 100, 112, 113, 127, 128, 129, 144, 255, 256, 257]
FEATURES = [1, 2, 3, 6, 7, 13, 14, 15, 16, 30, 61, 62, 63]
OPTIONS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1},
    {"momentum": 0.8, "nesterov": True},
    {"weight_decay": 0.2},
]


@pytest.fixture(params=TYPES)
def typed(request):
    return TYPES[request.param]


def made(seed, n, d, dtype):
    """X, y, weights of the rows (one of them 0), and where the descent starts."""
    rng = np.random.default_rng(seed)
    X, y, weights = rng.standard_normal((n, d)), rng.standard_normal(n), rng.integers(0, 3, n) + 0.25
    weights[-1] = 0 if n > 1 else 1
    return [array.astype(dtype) for array in (X, y, weights, rng.standard_normal(d), rng.standard_normal(1))]


def fitted(X, y, w, b, rate, *, weights=None, loss=SQUARED, epochs=4, bias=True, groups=False, limits=(), **options):
    """Weight, bias and history of a fit that reads the rows."""
    model = nn.Linear(X.shape[1], 1, bias=bias, dtype=fastgd.from_numpy(X).dtype)
    with fastgd.no_grad():
        model.weight[0] = fastgd.from_numpy(w)
        if bias:
            model.bias[:] = fastgd.from_numpy(b)
    own = [{"params": [model.weight], "lr": rate}, {"params": [model.bias], "lr": rate / 2}]
    optimizer = optim.SGD(own if groups else model.parameters(), lr=rate, **options)
    history = fastgd.Trainer(model, optimizer, CRITERIA[loss]).fit(
        X, y, epochs=epochs, sample_weight=weights, engine="stream", **dict(limits)
    )
    return model.weight.detach().numpy()[0], model.bias.detach().numpy() if bias else None, history


def descended(X, y, w, b, rate, *, weights=None, loss=SQUARED, epochs=4, bias=True, groups=False, **options):
    """The same by the twin, in float64: weight, bias, losses and gradient norms."""
    W, b, buffers = np.array(w, float)[None], np.array(b, float) if bias else None, [None, None]
    scale = 1 / (len(X) if weights is None else np.sum(weights, dtype=float))
    rates = rate, rate / 2 if groups else rate
    losses, norms = [], []
    for epoch in range(epochs):
        value, gW, gb = reference.loss_and_gradients(
            X, y[:, None], W, b, loss=loss, delta=0.5, scale=scale, weights=weights
        )
        losses.append(value)
        norms.append(np.sqrt((gW**2).sum() + ((gb**2).sum() if bias else 0)))
        for i, g in enumerate([gW, gb][: 1 + bias]):
            buffer = (0 if epoch == 0 else buffers[i]) if options.get("momentum") else None
            new, buffers[i] = reference.sgd_update((W, b)[i], g, buffer, first=epoch == 0, lr=rates[i], **options)
            W, b = (new, b) if i == 0 else (W, new)
    return W[0], b, losses, norms


def same(found, wanted, tolerance):
    weight, bias, history = found
    assert_allclose(weight, wanted[0], rtol=tolerance, atol=tolerance)
    if bias is not None:
        assert_allclose(bias, wanted[1], rtol=tolerance, atol=tolerance)
    assert_allclose(history.loss, wanted[2], rtol=tolerance, atol=tolerance)
    assert_allclose(history.grad_norm, wanted[3], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("n", ROWS)
def test_rows_up_to_every_tail(n, typed):
    dtype, tolerance = typed
    for d in 1, 3:
        for loss in CRITERIA:
            X, y, weights, w, b = made(n, n, d, dtype)
            for given in None, weights:
                options = {"loss": loss, "weights": given}
                same(fitted(X, y, w, b, 0.05, **options), descended(X, y, w, b, 0.05, **options), tolerance)


@pytest.mark.parametrize("d", FEATURES)
def test_features_up_to_every_tail(d, typed):
    dtype, tolerance = typed
    for n in 5, 40, 150:
        X, y, _, w, b = made(d, n, d, dtype)
        for bias in True, False:
            rate = 0.1 / d
            same(fitted(X, y, w, b, rate, bias=bias), descended(X, y, w, b, rate, bias=bias), tolerance)


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize("options", OPTIONS)
def test_options_and_groups(options, groups, typed):
    dtype, tolerance = typed
    for n, d in (3, 1), (100, 1), (50, 10), (20, 20):
        X, y, _, w, b = made(n, n, d, dtype)
        how = {"groups": groups} | options
        same(fitted(X, y, w, b, 0.02, **how), descended(X, y, w, b, 0.02, **how), tolerance)


def test_an_end_in_the_middle_of_a_stretch(typed):
    dtype, tolerance = typed
    X, y, _, w, b = made(1, 60, 4, dtype)
    *_, losses, norms = descended(X, y, w, b, 0.1, epochs=30)
    weight, bias, history = fitted(X, y, w, b, 0.1, epochs=30, limits={"grad_tol": norms[12] * 1.0001})
    assert history.stop_reason == "grad_tol" and len(history.loss) == 13
    same((weight, bias, history), descended(X, y, w, b, 0.1, epochs=12)[:2] + (losses[:13], norms[:13]), tolerance)
    fall = losses[9] - losses[10]
    weight, bias, history = fitted(X, y, w, b, 0.1, epochs=30, limits={"tol": fall * 0.999, "patience": 2})
    assert history.stop_reason == "tol" and len(history.loss) < 30
    assert_allclose(history.loss, losses[: len(history.loss)], rtol=tolerance)


def test_divergence_leaves_the_last_finite_epoch(typed):
    dtype, _ = typed
    X, y, *_ = made(2, 30, 2, dtype)
    model = nn.Linear(2, 1, dtype=fastgd.from_numpy(X).dtype)
    with pytest.raises(fastgd.DivergenceError) as caught:
        fastgd.Trainer(model, optim.SGD(model.parameters(), lr=50.0), nn.MSELoss()).fit(
            X, y, epochs=1000, engine="stream"
        )
    assert np.isfinite(caught.value.history.loss).all() and np.isfinite(model.weight.detach().numpy()).all()


def test_a_fit_in_parts_has_the_same_bits(typed):
    dtype, _ = typed
    for n, d in (3, 1), (100, 10):
        X, y, _, w, b = made(n, n, d, dtype)
        whole = fitted(X, y, w, b, 0.05, epochs=20, momentum=0.9)
        again = fitted(X, y, w, b, 0.05, epochs=20, momentum=0.9, limits={"callbacks": [lambda *_: None]})
        for one, other in zip(whole[:2], again[:2], strict=True):
            assert_array_equal(one, other)
        assert_array_equal(whole[2].loss, again[2].loss)


# Around the vectors of every level, and more of them than registers hold.
SAMPLED = [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 100, 127, 128, 129, 255, 256]


def sampled(
    X, y, w, b, rate, *, weights=None, loss=SQUARED, epochs=2, bias=True, groups=False, maximize=False, **options
):
    """Single samples in the order of the rows by the twin, in float64: weight, bias, losses."""
    W, b, buffers = np.array(w, float)[None], np.array(b, float) if bias else None, [None, None]
    rates, first, losses = (rate, rate / 2 if groups else rate), True, []
    for _ in range(epochs):
        total = 0
        for i in range(len(X)):
            weight = 1 if weights is None else float(weights[i])
            if weight == 0:
                continue
            value, gW, gb = reference.loss_and_gradients(X[i : i + 1], y[i : i + 1, None], W, b, loss=loss, delta=0.5)
            total += weight * value
            for place, g in enumerate([gW, gb][: 1 + bias]):
                buffer = (0 if first else buffers[place]) if options.get("momentum") else None
                new, buffers[place] = reference.sgd_update(
                    (W, b)[place], g, buffer, first=first, lr=rates[place], maximize=maximize, **options
                )
                W, b = (new, b) if place == 0 else (W, new)
            first = False
        losses.append(total / (len(X) if weights is None else np.sum(weights, dtype=float)))
    return W[0], b, losses


def same_samples(given, rate, tolerance, **how):
    X, y, weights, w, b = given
    weights = weights if how.pop("weighted", False) else None
    weight, bias, history = fitted(X, y, w, b, rate, weights=weights, epochs=2, limits={"batch_size": 1}, **how)
    wanted = sampled(X, y, w, b, rate, weights=weights, **how)
    assert_allclose(weight, wanted[0], rtol=tolerance, atol=tolerance)
    if bias is not None:
        assert_allclose(bias, wanted[1], rtol=tolerance, atol=tolerance)
    assert_allclose(history.loss, wanted[2], rtol=tolerance)


@pytest.mark.parametrize("d", SAMPLED)
def test_single_samples_of_every_tail(d, typed):
    dtype, tolerance = typed
    given = made(d, 13, d, dtype)
    for bias in True, False:
        same_samples(given, 0.2 / d, 4 * tolerance, bias=bias)


@pytest.mark.parametrize("options", [*OPTIONS, {"maximize": True}, {"weight_decay": 0.3, "maximize": True}])
def test_single_samples_with_every_option(options, typed):
    dtype, tolerance = typed
    for d in 3, 20:
        given = made(d, 30, d, dtype)
        for loss in CRITERIA:
            for how in {}, {"weighted": True}, {"groups": True}, {"bias": False}:
                if not (how.get("groups") and options.get("maximize")):
                    same_samples(given, 0.02 / d, 4 * tolerance, loss=loss, **how, **options)


def test_single_samples_under_a_scheduler(typed):
    dtype, tolerance = typed
    X, y, _, w, b = made(5, 9, 4, dtype)
    model = nn.Linear(4, 1, dtype=fastgd.from_numpy(X).dtype)
    with fastgd.no_grad():
        model.weight[0], model.bias[:] = fastgd.from_numpy(w), fastgd.from_numpy(b)
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, 0.8)
    fastgd.Trainer(model, optimizer, nn.MSELoss(), scheduler, schedule_every="batch").fit(
        X, y, epochs=2, batch_size=1, engine="stream"
    )
    W = w.astype(float)
    shift, rate = float(b[0]), 0.05
    for i in [*range(9)] * 2:
        slope = 2 * (X[i].astype(float) @ W + shift - y[i])
        W, shift, rate = W - rate * slope * X[i], shift - rate * slope, rate * 0.8
    assert_allclose(model.weight.detach().numpy()[0], W, rtol=tolerance, atol=tolerance)
    assert_allclose(model.bias.detach().numpy(), [shift], rtol=tolerance, atol=tolerance)
