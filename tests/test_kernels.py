"""The kernels against their numpy twin, each type at each level that this machine runs."""

import ctypes
import itertools
import mmap
import sys

import numpy as np
import pytest
import reference
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_array_equal
from reference import ABSOLUTE, HUBER, LOGISTIC, SQUARED

from fastgd import _kernels

pytestmark = pytest.mark.usefixtures("level")
LOSSES = [SQUARED, ABSOLUTE, HUBER, LOGISTIC]
TYPES = [np.float32, np.float64]
MARGIN = 16
CANARY = 12345.0


@pytest.fixture(params=TYPES, ids=["float32", "float64"])
def dtype(request):
    return request.param


def made(seed, n, d, k, dtype):
    """X, y, W and b."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in [(n, d), (n, k), (k, d), (k,)]]


def guarded(shape, dtype):
    """An array to write to, and the memory it lies in, which shows what was written around it."""
    memory = np.full(int(np.prod(shape)) + 2 * MARGIN, CANARY, dtype)
    return memory[MARGIN:-MARGIN].reshape(shape), memory


def run(X, y, W, b=None, **options):
    """Value and gradients by the kernel; the inputs and what surrounds the outputs must stay as they were."""
    inputs = [array for array in (X, y, W, b, options.get("index"), options.get("weights")) if array is not None]
    before = [array.copy() for array in inputs]
    gW, around_W = guarded(W.shape, W.dtype)
    gb, around_b = guarded(len(W), W.dtype)
    value = _kernels.run_pass(X, y, W, b, gW=gW, gb=gb, **options)
    for array, copy in zip(inputs, before, strict=True):
        assert_array_equal(array, copy)
    for memory in around_W, around_b:
        assert (memory[:MARGIN] == CANARY).all() and (memory[-MARGIN:] == CANARY).all()
    return value, gW, gb


def check(X, y, W, b=None, more=0, **options):
    """The kernels, over rows in place and packed, agree with the twin up to what rounding in the data's type can do."""
    results = [run(X, y, W, b, packed=packed, more=more, **options) for packed in (False, True)]
    wanted, wanted_gW, wanted_gb = reference.loss_and_gradients(X, y, W, b, **options)
    loss, delta, scale = options.get("loss", SQUARED), options.get("delta", 1.0), options.get("scale", 1.0)
    eps = np.finfo(X.dtype).eps
    weights = np.ones(len(X)) if options.get("weights") is None else options["weights"].astype(float)
    if (index := options.get("index")) is not None:
        X, y, weights = X[index], y[index], weights[index]
    X, y, W, b = (np.asarray(array, float) for array in (X, y, W, np.zeros(len(W)) if b is None else b))
    p = X @ W.T + b
    r, r_error = abs(p - y), eps * (X.shape[1] + 4) * (abs(X) @ abs(W).T + abs(b) + abs(y))
    in_sums = 300 * eps                                     # 256 rows to a block
    in_terms = 0
    if loss == LOGISTIC:
        slope = abs(1 / (1 + np.exp(-p)) - y)
        slope_error, in_terms = r_error + 4 * eps * (1 + abs(y)), 8 * eps * (np.logaddexp(0, p) + abs(y * p))
    else:
        slope = {SQUARED: 2 * r, ABSOLUTE: np.ones_like(r), HUBER: np.minimum(r, delta)}[loss]
        slope_error = 2.0 * (r <= r_error) if loss == ABSOLUTE else 2 * r_error
    by_row = weights[:, None] * scale
    value_error = (by_row * ((slope + r_error) * r_error + in_terms)).sum()
    summed = (by_row * (np.logaddexp(0, p) + abs(y * p))).sum() if loss == LOGISTIC else wanted
    value_error += in_sums * summed
    slope_error = by_row * (slope_error + in_sums * slope)
    for value, gW, gb in results:
        assert abs(value - wanted) <= value_error
        assert (abs(gW - wanted_gW) <= slope_error.T @ abs(X)).all()
        assert (abs(gb - wanted_gb) <= slope_error.sum(0)).all()


@pytest.mark.parametrize("d", [1, 2, 3, 10, 20, 33, 70])
def test_every_tail_of_rows(d, dtype):
    for n, k in itertools.product(range(71), [1, 2, 3]):
        X, y, W, b = made(n, n, d, k, dtype)
        check(X, y, W, b, loss=n % 4, delta=0.7, scale=1 / max(n, 1))


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_of_rows(loss, dtype):
    """A row of weight 2 counts twice, one of weight 0 not at all."""
    for n, d, k in itertools.product([1, 5, 16, 40, 300], [1, 2, 7, 70], [1, 2, 5]):
        X, y, W, b = made(n, n, d, k, dtype)
        weights = np.random.default_rng(n).integers(0, 3, n).astype(dtype)
        check(X, y, W, b, loss=loss, delta=0.7, scale=1 / n, weights=weights)
        check(X, y, W, b, loss=loss, delta=0.7, scale=1 / n, weights=weights, index=np.arange(n)[::-2].copy())
        times = weights.astype(int)
        check(X.repeat(times, 0), y.repeat(times, 0), W, b, loss=loss, delta=0.7, scale=1 / n)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_every_tail_of_columns(k, dtype):
    for d, n in itertools.product(range(1, 71), [1, 7, 16, 21]):
        X, y, W, b = made(d, n, d, k, dtype)
        check(X, y, W, b if d % 2 else None, loss=(d + n) % 4, delta=0.7, scale=0.5)


def test_rows_of_every_number_of_vectors(dtype):
    """And of their last one's numbers, few and many; in order, where they stand, and by index."""
    for d, n in itertools.product([*range(5, 225, 6), 64, 128, 208, 209], [16, 37, 290]):
        X, y, W, b = made(d, n, d, 1, dtype)
        options = {"loss": d % 3, "delta": 0.7, "scale": 1 / n}
        check(X, y, W, b, **options)
        check(X[::-1], y[::-1], W, None, **options)
        check(X, y, W, b, index=np.random.default_rng(d).permutation(n), weights=abs(y[:, 0]), **options)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n, d, k", [
    (255, 3, 1), (256, 64, 1), (257, 1, 1), (5000, 1, 1), (600, 10, 3), (300, 130, 10), (40, 784, 17), (513, 5, 100),
    (70, 81, 1), (270, 96, 1), (33, 113, 1), (49, 127, 1), (300, 128, 1), (3, 4096, 1), (17, 4097, 2), (5, 9000, 3),
    (65, 4099, 8),
])
def test_blocks(n, d, k, loss, dtype):
    X, y, W, b = made(n, n, d, k, dtype)
    check(X, y, W, b, loss=loss, delta=0.7, scale=1 / (n * k))


@pytest.mark.parametrize("k", [6, 7, 8, 12, 15, 16, 25, 31, 48, 61])
def test_many_outputs(k, dtype):
    """They are the vector, from 64 rows on, where they fill vectors well at the level; else they take tiles."""
    for n, d in itertools.product([63, 64, 70, 129, 300], [1, 3, 4, 7, 8, 9, 41, 130]):
        X, y, W, b = made(n, n, d, k, dtype)
        options = {"loss": (n + d) % 4, "delta": 0.7, "scale": 1 / n}
        check(X, y, W, b if d % 2 else None, **options)
        weights = np.random.default_rng(d).random(n).astype(dtype)
        check(X, y, W, b, weights=weights, index=np.arange(n)[::-1].copy(), **options)


@pytest.mark.parametrize("k", [5, 6, 7, 8, 11, 13])
def test_packed_rows_whose_gradients_are_not_near(k, dtype):
    """Every tail of the tiles, at every level: with 1300 columns no nearest cache holds the gradients of 5 outputs."""
    for n, d in itertools.product([1, 16, 33, 80, 150], [85, 86, 87, 88, 1300]):
        X, y, W, b = made(n, n, d, k, dtype)
        weights = np.random.default_rng(d).random(n).astype(dtype)
        check(X, y, W, b if d % 2 else None, loss=(n + d) % 4, delta=0.7, scale=1 / n, weights=weights)


def test_no_rows(dtype):
    X, y, W, b = made(0, 0, 5, 2, dtype)
    for scale in 1.0, np.inf, np.nan:
        value, gW, gb = run(X, y, W, b, scale=scale)
        assert value == 0 and not gW.any() and not gb.any()


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("d", [1, 2, 7, 20, 100])
def test_strides_and_what_lies_between(d, k, dtype):
    """Rows one after the other, apart, backwards and all in one place; the gaps hold NaN."""
    for n, gap in itertools.product([1, 5, 16, 40, 300], [0, 1, 9]):
        X, y, W, b = made(n, n, d, k, dtype)
        wide_X, wide_y = np.full((n + 2, d + 2 * gap), np.nan, dtype), np.full((n + 2, k + gap), np.nan, dtype)
        inside_X, inside_y = wide_X[1:-1, gap:gap + d], wide_y[1:-1, :k]
        inside_X[...], inside_y[...] = X, y
        check(inside_X, inside_y, W, b)
        check(inside_X[::-1], inside_y[::-1], W, b)
        check(inside_X[::2], inside_y[::2], W, b)
        check(np.broadcast_to(inside_X[:1], (n, d)), inside_y, W, b)
        check(inside_X, np.broadcast_to(inside_y[:1], (n, k)), W, b)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("d", [2, 7, 100])
def test_columns_that_are_no_neighbours(d, k, dtype):
    """X column after column, and every other column, backwards too; enough rows for several times the second cache."""
    for n in [1, 5, 16, 40, 300, 300_000 // d // k]:
        X, y, W, b = made(n, n, d, k, dtype)
        columns, gaps = np.asfortranarray(X), np.full((n, 2 * d), np.nan, dtype)
        gaps[:, ::2] = X
        check(columns, y, W, b, scale=1 / n)
        check(columns[::-1], y[::-1], W, b, scale=1 / n)
        check(columns[:, ::-1], y, W[:, ::-1].copy(), b, scale=1 / n)
        check(gaps[:, ::2], y, W, b, scale=1 / n)
        check(columns, y, W, b, scale=1 / n, index=np.arange(n)[::-1].copy(), weights=X[:, 0] ** 2)
        for loss in LOSSES if n <= 300 else ():
            check(columns, y, W, None, loss=loss, delta=0.7, scale=1 / n, weights=X[:, 0] ** 2)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("d", [1, 3, 20, 100])
def test_rows_by_index(d, k, dtype):
    rng = np.random.default_rng(d)
    X, y, W, b = made(d, 90, d, k, dtype)
    for m in [1, 15, 16, 33, 300]:
        check(X, y, W, b, index=rng.integers(0, 90, m))
        check(X[::-2], y[::-2], W, b, index=rng.integers(0, 45, m))
    X[44], y[44] = np.nan, np.nan
    check(X, y, W, b, index=rng.permutation(np.delete(np.arange(90), 44)))


def test_read_only_and_unaligned(dtype):
    for d, k, shift in itertools.product([1, 3, 20, 70], [1, 3], range(17)):
        arrays = []
        for array in made(d, 37, d, k, dtype):
            memory = np.full(array.size + shift, np.nan, dtype)
            memory[shift:] = array.ravel()
            memory.flags.writeable = False
            arrays.append(memory[shift:].reshape(array.shape))
        check(*arrays)


@pytest.fixture
def page():
    """Copies an array to the very end or start of a page whose neighbours must not be touched."""
    if sys.platform != "linux":
        pytest.skip("mprotect as on Linux")
    size, maps = mmap.PAGESIZE, []

    def put(array, at_end):
        whole = -(-array.nbytes // size) * size
        memory = mmap.mmap(-1, whole + 2 * size)
        maps.append(memory)
        base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for edge in base, base + size + whole:
            assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(edge), ctypes.c_size_t(size), 0) == 0
        start = size + (whole - array.nbytes if at_end else 0)
        copy = np.frombuffer(memory, array.dtype, array.size, start).reshape(array.shape)
        copy[...] = array
        return copy

    return put


@pytest.mark.parametrize("at_end", [True, False])
def test_no_memory_beyond_the_arrays(page, at_end, dtype):
    for d, k, n in itertools.product([1, 3, 8, 21, 75, 203], [1, 3, 8, 15], [1, 16, 21, 67]):
        X, y, W, b = (page(array, at_end) for array in made(d, n, d, k, dtype))
        index = page(np.arange(n)[::-1].copy(), at_end)
        check(X, y, W, b)
        check(X[::-1], y[::-1], W, b)
        check(X, y, W, b, index=index)
        p, g, buffer = (page(array, at_end) for array in (W.ravel(), X.ravel()[:d].repeat(k), W.ravel()))
        _kernels.run_update(p, g, buffer, momentum=0.9)


@pytest.mark.parametrize("at_end", [True, False])
def test_no_memory_beyond_the_index_of_later_batches(page, at_end, dtype):
    for (d, k), n, more in itertools.product(
        [(10, 1), (100, 1), (250, 1), (20, 3), (40, 16)], [1, 32, 67, 300], [0, 15, 16, 31, 32, 64, 90]
    ):
        X, y, W, b = (page(array, at_end) for array in made(d, 50, d, k, dtype))
        index = page(np.random.default_rng(n).integers(0, 50, n + more), at_end)
        check(X, y, W, b, index=index[:n], more=more)


def test_the_same_bits_twice(dtype):
    for n, d, k in [(7, 3, 1), (300, 1, 1), (300, 20, 1), (300, 70, 3), (3, 5000, 2), (300, 70, 16)]:
        X, y, W, b = made(n, n, d, k, dtype)
        for packed in False, True:
            first, again = (run(X, y, W, b, packed=packed) for _ in range(2))
            moved = run(X.copy(), y.copy(), W.copy(), b.copy(), packed=packed)
            for one, other in zip(first * 2, again + moved, strict=True):
                assert_array_equal(one, other)


@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("d", [48, 144, 320])
def test_the_same_bits_wherever_rows_lie(d, k, dtype):
    """Rows of whole vectors are read by aligned ones, which begin before the row: with numbers that do not count."""
    X, y, W, b = made(d, 37, d, k, dtype)
    step = 16 // X.itemsize
    index = np.random.default_rng(k).integers(0, 37, 50)
    for options in {}, {"index": index}, {"loss": LOGISTIC}:
        results = []
        for lead, backwards in itertools.product(range(0, 5 * step, step), [False, True]):
            memory = np.full(X.size + lead + step, np.nan, dtype)
            rows = memory[lead:-step].reshape(X.shape)
            rows[...] = X[::-1] if backwards else X
            rows = rows[::-1] if backwards else rows
            check(rows, y, W, b, **options)
            results.append(run(rows, y, W, b, **options))
        for result in results:
            for one, other in zip(result, results[0], strict=True):
                assert_array_equal(one, other)


def test_gradients_that_nobody_wants(dtype):
    for d, k in [(1, 1), (5, 1), (70, 1), (5, 3), (9, 16)]:
        X, y, W, b = made(d, 70, d, k, dtype)
        for packed in False, True:
            value, gW, gb = run(X, y, W, b, packed=packed)
            alone_W, alone_b = np.empty_like(W), np.empty_like(b)
            assert _kernels.run_pass(X, y, W, b, packed=packed) == value
            assert _kernels.run_pass(X, y, W, b, gW=alone_W, packed=packed) == value
            assert _kernels.run_pass(X, y, W, b, gb=alone_b, packed=packed) == value
            assert_array_equal(alone_W, gW)
            assert_array_equal(alone_b, gb)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_slopes(loss):
    """Central differences of the value, by each weight and bias."""
    for d, k in [(1, 1), (3, 1), (3, 2), (70, 1)]:
        X, y, W, b = made(d, 30, d, k, np.float64)
        _, gW, gb = run(X, y, W, b, loss=loss, delta=0.7, scale=1 / 30)
        for parameter, gradient in (W, gW), (b, gb):
            for place in np.ndindex(parameter.shape):
                h, values = 1e-7, []
                for side in 1, -1:
                    parameter[place] += side * h
                    values.append(_kernels.run_pass(X, y, W, b, loss=loss, delta=0.7, scale=1 / 30))
                    parameter[place] -= side * h
                assert gradient[place] == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-5, abs=1e-7)


@pytest.fixture(scope="module", params=[1, 0.1])
def constant(request):
    return np.full(2**25, request.param, np.float32)


@pytest.mark.parametrize("d", [1, 2, 64])
def test_a_mean_over_millions_of_rows(constant, d):
    number, X = float(constant[0]), constant.reshape(-1, d)
    y, gW, gb = constant[:len(X), None], np.empty((1, d), np.float32), np.empty(1, np.float32)
    value = _kernels.run_pass(X, y, np.zeros_like(gW), scale=1 / len(X), gW=gW, gb=gb)
    exact = pytest.approx if number != 1 else lambda wanted, rel: wanted
    assert value == exact(number**2, rel=5e-6)
    assert gb == exact(-2 * number, rel=5e-6)
    assert all(slope == exact(-2 * number**2, rel=5e-6) for slope in gW[0])


@pytest.mark.parametrize("loss", [SQUARED, ABSOLUTE, HUBER])
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_shows(poison, loss, dtype):
    for (n, d, k), place in itertools.product([(1, 1, 1), (21, 3, 1), (21, 70, 1), (21, 3, 2)], [0, -1]):
        for name in "Xy":
            X, y, W, b = made(n, n, d, k, dtype)
            (X if name == "X" else y)[place, place] = poison
            with np.errstate(invalid="ignore"):
                wanted = reference.loss_and_gradients(X, y, W, b, loss=loss)[0]
            for packed in False, True:
                value = run(X, y, W, b, loss=loss, packed=packed)[0]
                assert not np.isfinite(value) and np.isnan(value) == np.isnan(wanted)


def test_infinite_rows_leave_the_others(dtype):
    """Rows that fill a group up, and lanes that fill a vector up, add nothing: not even 0 * inf."""
    for n, d in itertools.product([1, 5, 17], [2, 3, 20, 70]):
        X, y, W, b = made(n, n, d, 1, dtype)
        X[-1, 0] = np.inf
        with np.errstate(invalid="ignore"):
            wanted = reference.loss_and_gradients(X, y, W, b, loss=ABSOLUTE)
        for layout, packed in (X, False), (X, True), (np.asfortranarray(X), False):
            value, gW, _ = run(layout, y, W, b, loss=ABSOLUTE, packed=packed)
            assert value == wanted[0] == np.inf
            assert_array_equal(np.isfinite(gW), np.isfinite(wanted[1]))


def test_no_memory_for_the_sums():
    W = np.broadcast_to(np.zeros(1), (1, 2**50))
    with pytest.raises(MemoryError, match="1 outputs of 1125899906842624 features"):
        _kernels.run_pass(np.zeros((0, 1)), np.zeros((0, 1)), W)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_combination(data):
    draw = data.draw
    n, d, k = draw(st.integers(1, 600)), draw(st.integers(1, 90)), draw(st.integers(1, 6))
    dtype, loss = draw(st.sampled_from(TYPES)), draw(st.sampled_from(LOSSES))
    X, y, W, b = made(draw(st.integers(0, 9)), n, d + 3, k, dtype)
    W = W[:, 3:].copy()
    first, step = draw(st.integers(0, 3)), draw(st.sampled_from([1, 2, -1]))
    X, y = X[::step, first:first + d], y[::step]
    index = None
    if draw(st.booleans()):
        index = np.random.default_rng(n).integers(0, len(X), draw(st.integers(1, 40)))
    check(X, y, W, b if draw(st.booleans()) else None, loss=loss, delta=draw(st.floats(0.1, 3)),
          scale=draw(st.sampled_from([1.0, 0.5, 1 / n])), index=index,
          weights=np.random.default_rng(d).random(len(X)).astype(dtype) if draw(st.booleans()) else None)


UPDATES = [
    dict(zip(("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize"), values, strict=True))
    for values in itertools.product([0.1], [0, 0.9], [0, 0.5], [0, 0.1], [False, True], [False, True])
]


@pytest.mark.parametrize("options", UPDATES, ids=str)
def test_update(options, dtype):
    for size in [*range(18), 31, 33, 257]:
        rng = np.random.default_rng(size)
        buffer, around_buffer = guarded(size, dtype)
        p, around_p = guarded(size, dtype)
        p[...] = rng.standard_normal(size)
        buffer[...] = np.nan                                # the first step writes it, and does not read it
        kept = None if options["momentum"] == 0 else buffer
        for step in range(3):
            g = rng.standard_normal(size).astype(dtype)
            before = g.copy()
            wanted, wanted_buffer = reference.sgd_update(p, g, kept, first=step == 0, **options)
            _kernels.run_update(p, g, kept, first=step == 0, **options)
            tolerance = 8 * np.finfo(dtype).eps
            np.testing.assert_allclose(p, wanted, rtol=tolerance, atol=tolerance)
            if kept is not None:
                np.testing.assert_allclose(kept, wanted_buffer, rtol=tolerance, atol=tolerance)
            assert_array_equal(g, before)
        for memory in around_p, around_buffer:
            assert (memory[:MARGIN] == CANARY).all() and (memory[-MARGIN:] == CANARY).all()


def test_no_weight_decay_reads_no_parameter(dtype):
    """0 * inf would make NaN of a momentum buffer that torch leaves finite."""
    p, g, buffer = np.array([np.inf], dtype), np.ones(1, dtype), np.zeros(1, dtype)
    _kernels.run_update(p, g, buffer, momentum=0.9)
    assert buffer == 1


def test_levels(level):
    assert _kernels.level() == _kernels.config()["level"] == level
    assert _kernels.levels()[0] == "plain" and _kernels.config()["levels"] == _kernels.levels()
    with pytest.raises(ValueError, match="level must be one of .*, got 'sse9'"):
        _kernels.set_level("sse9")
    assert _kernels.level() == level


def test_torch_agrees(dtype):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    losses = {SQUARED: functional.mse_loss, ABSOLUTE: functional.l1_loss,
              LOGISTIC: functional.binary_cross_entropy_with_logits,
              HUBER: lambda p, y: functional.huber_loss(p, y, delta=0.7)}
    X, y, W, b = made(1, 50, 7, 2, dtype)
    y[3, 1] = np.nan
    for loss, named in losses.items():
        leaves = [torch.tensor(array, requires_grad=True) for array in (W, b)]
        value = named(functional.linear(torch.tensor(X), *leaves), torch.tensor(y))
        value.backward()
        ours = run(X, y, W, b, loss=loss, delta=0.7, scale=1 / y.size)
        theirs = [value.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)]
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
