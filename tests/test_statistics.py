"""Statistics: sums of parts are the sums of the whole, and a fit needs nothing else."""

import pickle
import signal
import time

import numpy as np
import pytest
import reference

import fastgd
from fastgd import Statistics, Trainer, nn, optim
from fastgd._sums import centred_sums
from fastgd.statistics import residuals

pytestmark = pytest.mark.usefixtures("affine")


def table(n=3000, d=7, k=2, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-2, 3, d) + 100
    return X.astype(dtype), (X @ rng.normal(size=(d, k)) + rng.normal(size=(n, k))).astype(dtype)


def exact_sums(X, y, weights=None):
    """Means and centred products in extended precision."""
    Z = np.column_stack([X, y]).astype(np.longdouble)
    s = np.ones(len(Z)) if weights is None else weights.astype(np.longdouble)
    means = s @ Z / s.sum()
    return means, (Z - means).T @ (s[:, None] * (Z - means))


def assert_sums(statistics, X, y, weights=None, rtol=1e-12):
    means, products = exact_sums(X, y, weights)
    size = np.sqrt(np.diag(products))
    np.testing.assert_allclose(statistics.means, means.astype(float), rtol=rtol)
    assert np.max(np.abs(statistics.products - products) / np.outer(size, size)) < rtol
    assert (statistics.products == statistics.products.T).all()


def fit(data, *rest, model=None, lr=1e-5, **arguments):
    fastgd.manual_seed(1)
    model = model or nn.Linear(7, 2, dtype=fastgd.float64)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=lr, momentum=0.9), nn.MSELoss())
    trainer.fit(data, *rest, **{"epochs": 500, **arguments})
    return trainer


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("n", (1, 5, 1024, 3000))
@pytest.mark.parametrize("weighted", (False, True))
def test_sums_against_extended_precision(dtype, n, weighted):
    X, y = table(n, dtype=dtype)
    weights = np.random.default_rng(1).random(n) if weighted else None
    if n == 1:
        assert not Statistics(X, y, weights).products.any()
    else:
        assert_sums(Statistics(X, y, weights), X, y, weights)


def test_a_column_far_from_zero_keeps_its_digits():
    rng = np.random.default_rng(0)
    X = 1e5 + rng.normal(size=(5000, 2))
    assert_sums(Statistics(X, X[:, 0]), X, X[:, :1], rtol=1e-11)


def test_sorted_rows_that_drift_from_block_to_block():
    X = np.linspace(0, 1e6, 20_000)[:, None] + np.random.default_rng(0).normal(size=(20_000, 1))
    assert_sums(Statistics(X, X), X, X)


@pytest.mark.parametrize("weight", [0.0, 1e-9])
@pytest.mark.parametrize("n", [1, 20, 9000])
def test_rows_that_hardly_count_may_lie_far_off(n, weight):
    X, y = table(2 * n + 3)
    X[:n] += 1e7
    y[:n] -= 1e7
    weights = np.ones(len(X))
    weights[:n] = weight
    together = Statistics(X[:n], y[:n], weights[:n]) + Statistics(X[n:], y[n:])
    for statistics in (Statistics(X, y, weights), together):
        if weight:
            assert_sums(statistics, X, y, weights, rtol=1e-4)
        else:
            assert_sums(statistics, X[n:], y[n:], weights[n:], rtol=1e-11)
    assert "smallest" in vars(fastgd.diagnose(together))


def test_parts_in_any_order():
    X, y = table()
    weights = np.random.default_rng(1).random(len(X))
    cuts = [slice(0, 1), slice(1, 1700), slice(1700, 1710), slice(1710, 3000)]
    parts = [Statistics(X[c], y[c], weights[c]) for c in cuts]
    for order in (parts, parts[::-1], [parts[2], parts[0] + parts[3], parts[1]]):
        together = sum(order)
        assert together.rows == 3000 and together.total == pytest.approx(weights.sum())
        assert_sums(together, X, y, weights)


def test_pickled():
    X, y = table(50)
    statistics = Statistics(X, y)
    again = pickle.loads(pickle.dumps(statistics))
    assert (again.products == statistics.products).all() and (again.means == statistics.means).all()
    assert repr(again) == repr(statistics) == "Statistics(50 rows, 7 features, 2 outputs)"


def test_whatever_holds_numbers(tmp_path):
    X, y = table(2000)
    whole = Statistics(X, y)
    np.save(tmp_path / "X", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    unaligned = np.zeros(X.nbytes + 1, np.uint8)[1:].view(X.dtype).reshape(X.shape)
    unaligned[...] = X
    for other in (mapped, fastgd.from_numpy(X), X.tolist(), np.asfortranarray(X), X[::-1][::-1], unaligned):
        assert (Statistics(other, y).products == whole.products).all()
    counts = np.random.default_rng(0).integers(0, 9, (100, 3))
    assert_sums(Statistics(counts, counts[:, 0] > 4), counts, counts[:, :1] > 4)


def test_a_fit_needs_no_rows():
    X, y = table()
    parts = Statistics(X[:1000], y[:1000]) + Statistics(X[1000:], y[1000:])
    rows, sums = fit(X, y, engine="spectral"), fit(parts)
    assert sums.history.engine == "spectral" and rows.history.loss_error is None
    for one, other in zip(sums.model.parameters(), rows.model.parameters()):
        np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-9)
    assert np.abs(sums.history.loss - rows.history.loss).max() <= sums.history.loss_error
    assert sums.history.loss_error < 1e-10 * np.square(y).mean()
    assert sums.predict(X).shape == y.shape


@pytest.mark.parametrize("n", (3, 17, 200))
@pytest.mark.parametrize("start", (1.0, 1e3))
@pytest.mark.parametrize("scale", (1.0, 1e6))
def test_losses_are_as_good_as_is_told(n, start, scale):
    X, y = table(n)
    X *= scale
    lr = 1 / np.linalg.eigvalsh(np.cov(X.T, bias=True) + np.outer(X.mean(0), X.mean(0)))[-1]
    model = nn.Linear(7, 2, dtype=fastgd.float64)
    with fastgd.no_grad():
        model.weight.mul_(start)
    weight, bias = (param.detach().numpy().astype(np.longdouble) for param in model.parameters())
    history = fit(Statistics(X, y), model=model, lr=lr).history
    buffers, losses = [0, 0], []
    for _ in history.loss:
        missed = X.astype(np.longdouble) @ weight.T + bias - y
        losses.append(float(np.square(missed).mean()))
        gradients = missed.T @ X / n, missed.mean(0)
        buffers = [np.longdouble(0.9) * buffer + gradient for buffer, gradient in zip(buffers, gradients)]
        weight, bias = weight - np.longdouble(lr) * buffers[0], bias - np.longdouble(lr) * buffers[1]
    assert np.abs(history.loss - losses).max() <= history.loss_error < 1e-13 * (np.square(y).mean() + losses[0])


def test_an_exact_fit_tells_how_far_its_losses_go():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 7))
    y = X @ rng.normal(size=(7, 2))
    history = fit(Statistics(X, y), lr=0.1).history
    assert 0 <= history.loss[-1] <= history.loss_error


def test_one_column_of_targets():
    X, y = table(k=1)
    model = nn.Linear(7, 1, dtype=fastgd.float64)
    assert fit(Statistics(X, y[:, 0]), model=model).predict(X).shape == (len(X),)
    assert fit(Statistics(X, y), model=model).predict(X).shape == (len(X), 1)


def test_resumed(tmp_path):
    X, y = table()
    statistics = Statistics(X, y)
    part = fit(statistics, epochs=100)
    part.save(tmp_path / "part")
    part.resume(tmp_path / "part").fit(statistics, epochs=300)
    assert (part.history.loss == fit(statistics, epochs=300).history.loss).all()
    assert part.history.loss_error is not None


def test_divergence_from_sums_alone():
    X, y = table()
    with pytest.raises(fastgd.DivergenceError, match="largest stable rate") as error:
        fit(Statistics(X, y), lr=1.0)
    limit = fastgd.diagnose(X, y, optim.SGD(nn.Linear(7, 2).parameters(), lr=1, momentum=0.9)).stable_lr
    assert error.value.largest_stable_lr == pytest.approx(limit, rel=1e-9)


def test_numbers_under_a_mask_are_not_taken():
    X, y = table(20)
    for given in ((np.ma.masked_equal(X, X[5, 2]), y), (X, np.ma.masked_equal(y, y[5, 0]))):
        with pytest.raises(ValueError, match="must have no masked values, but row 5 has one: drop or fill"):
            Statistics(*given)
        with pytest.raises(ValueError, match="must have no masked values"):
            fastgd.diagnose(*given)
    with pytest.raises(ValueError, match="sample_weight must have no masked values, but row 3"):
        Statistics(X, y, np.ma.masked_equal(np.arange(20.0), 3))


def test_parts_whose_sum_is_beyond_float64():
    parts = [Statistics(np.full((2, 1), sign * 1e160), np.zeros(2)) for sign in (1, -1)]
    with pytest.raises(ValueError, match="beyond float64: divide the columns"):
        sum(parts)


def test_refusals():
    X, y = table(20)
    with pytest.raises(ValueError, match=r"X must be rows x features, but it has shape \(20,\): use X\[:, None\]"):
        Statistics(X[:, 0], y)
    with pytest.raises(ValueError, match=r"one row each per sample, but X has shape \(19, 7\) and y \(20, 2\)"):
        Statistics(X[:-1], y)
    with pytest.raises(ValueError, match="at least one row"):
        Statistics(X[:0], y[:0])
    with pytest.raises(TypeError, match="y must hold numbers"):
        Statistics(X, np.array(["a"] * 20))
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(20,\)"):
        Statistics(X, y, np.ones(3))
    with pytest.raises(ValueError, match="not negative, but row 4 has -1.0"):
        Statistics(X, y, np.where(np.arange(20) == 4, -1.0, 1.0))
    with pytest.raises(ValueError, match="same columns, but one has 7 features and 2 outputs, the other 6 and 2"):
        Statistics(X, y) + Statistics(X[:, :6], y)
    with pytest.raises(TypeError):
        Statistics(X, y) + 1
    bad = X.copy()
    bad[11, 3] = np.inf
    with pytest.raises(ValueError, match="X must be finite, but row 11, column 3 holds inf"):
        Statistics(bad, y)
    with pytest.raises(ValueError, match="beyond float64"):
        Statistics(X * 1e200, y)
    with pytest.raises(ValueError, match="give none of them"):
        fit(Statistics(X, y), y)
    with pytest.raises(ValueError, match='"auto" or "spectral"'):
        fit(Statistics(X, y), engine="stream")
    model = nn.Linear(7, 2, dtype=fastgd.float64)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.L1Loss())
    with pytest.raises(ValueError, match="Statistics cannot stand for the rows in this fit: the loss is not"):
        trainer.fit(Statistics(X, y), epochs=1)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_every_level_of_processors(level, dtype):
    for n, d, k in ((1, 1, 1), (7, 3, 1), (513, 4, 3), (1100, 9, 1), (600, 16, 2), (70, 33, 1)):
        rng = np.random.default_rng(n)
        X, y = rng.normal(size=(n, 2 * d))[:, ::2].astype(dtype) + 3, rng.normal(size=(n, k))
        weights = rng.random(n)
        for rows in (X, np.repeat(X, 2, 0)[::2]):
            for own in (None, weights):
                means, products = exact_sums(X, y, own)
                found = Statistics(rows, y, own)
                np.testing.assert_allclose(found.means, means.astype(float), rtol=1e-12, atol=1e-12)
                np.testing.assert_allclose(found.products, products.astype(float), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("d", (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
def test_few_columns_and_one_target(level, dtype, d):
    for n in (1, 6, 9, 40, 2100):
        rng = np.random.default_rng(n)
        wide = (rng.normal(size=(n, d + 2)) + 3).astype(dtype)
        for X in (wide[:, :d], wide[:, :d].copy()):
            y = wide[:, -1].copy()
            means, products = exact_sums(X, y)
            found = Statistics(X, y)
            np.testing.assert_allclose(found.means, means.astype(float), rtol=1e-13)
            np.testing.assert_allclose(found.products, products.astype(float), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("d", (5, 11))
def test_a_block_after_the_other(dtype, d):
    X, y = table(20_000, d, 1, dtype)
    assert_sums(Statistics(X, y), X, y)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_what_predictions_miss(level, dtype):
    for n, d, k, m in ((1, 1, 1, 1), (7, 3, 1, 2), (700, 4, 3, 2), (1100, 9, 1, 2), (513, 33, 2, 3), (300, 2, 1, 1)):
        rng = np.random.default_rng(n)
        X, y = rng.normal(size=(n, 2 * d))[:, ::2].astype(dtype) + 3, rng.normal(size=(n, k))
        weight, constant, centre, s = (rng.normal(size=shape) for shape in ((m, k, d), (m, k), d, n))
        for rows in (X, np.repeat(X, 2, 0)[::2]):
            for weights in (None, s**2):
                losses, slopes = residuals(rows, y, weights, weight, constant, centre)
                for i in range(m):
                    loss, gW, gb = reference.loss_and_gradients(
                        X.astype(float) - centre, y, weight[i], constant[i], weights=weights
                    )
                    size = np.abs(gW).max()
                    np.testing.assert_allclose(losses[i], loss, rtol=1e-12)
                    np.testing.assert_allclose(2 * slopes[i], np.column_stack([gW, gb]), rtol=1e-11, atol=1e-12 * size)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("n, d, k", ((300_000, 9, 1), (20_000, 60, 2)))
def test_any_number_of_threads_gives_the_same_bits(n, d, k, dtype):
    rng = np.random.default_rng(0)
    X, y, weights = rng.normal(size=(n, d)).astype(dtype) + 3, rng.normal(size=(n, k)), rng.random(n)
    before, found, missed = fastgd.get_num_threads(), [], []
    try:
        for threads in (1, 2, 3):
            fastgd.set_num_threads(threads)
            found.append(Statistics(X, y, weights))
            missed.append(residuals(X, y, weights, found[0].products[None, :k, :d], found[0].means[None, d:]))
    finally:
        fastgd.set_num_threads(before)
    for losses, slopes in missed[1:]:
        assert (losses == missed[0][0]).all() and (slopes == missed[0][1]).all()
    for other in found[1:]:
        assert (other.products == found[0].products).all() and (other.means == found[0].means).all()
    few = np.random.default_rng(1).integers(0, n, 40)
    assert_sums(Statistics(X[few], y[few], weights[few]), X[few], y[few], weights[few], rtol=1e-11)


def test_an_interrupt_is_heard_in_the_middle_of_a_block():
    X = np.random.default_rng(0).normal(size=(500, 2500))

    def seconds():
        start = time.process_time()  # which a busy machine does not lengthen
        try:
            centred_sums(X, X[:, :1], None, np.zeros(2501), np.zeros(2501), products)
        except KeyboardInterrupt:
            heard.append(True)
        return time.process_time() - start

    products, heard = np.zeros((2501, 2501)), []
    whole = min(seconds() for _ in range(2))
    before = signal.signal(signal.SIGPROF, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_PROF, whole / 10)
        assert seconds() < 0.6 * whole and heard
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("d", (1, 2, 3, 5, 17))
def test_rows_that_lie_strangely(d, dtype):
    rng = np.random.default_rng(d)
    wide = rng.normal(size=(1003, 40)).astype(dtype)
    for X in (wide[:, :d], wide[:, -d:], wide[::-1, :d], wide[::3, 5 : 5 + d], wide.T[: 1 + 30 * d : 30].T):
        for y in (rng.normal(size=(len(X), 2)), wide[: len(X), :2], wide[: len(X), 7]):
            assert_sums(Statistics(X, y), X, y.reshape(len(y), -1), rtol=1e-11)
    repeated = np.broadcast_to(wide[0, :d], (50, d))
    assert not Statistics(repeated, np.ones(50)).products.any()
