"""The loops over small arrays beside numpy, on both sides of the size up to which they are used."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import fastgd
from fastgd.ops import _loops

LIMIT = 2048
SHAPES = [(), (1,), (10,), (5, 2), (2, 3, 4), (LIMIT,), (LIMIT + 1,), (0,), (3, 0)]
DTYPES = [np.float32, np.float64]


def array(shape, dtype, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def close(found, expected, dtype):
    found = found.numpy()
    assert found.dtype == expected.dtype and found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=200 * np.finfo(dtype).eps, atol=50 * np.finfo(dtype).eps)


# ---- arithmetic that broadcasts

OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "rsub": lambda a, b: b - a,
}


@settings(deadline=None, max_examples=300)
@given(
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=5, max_side=6),
    st.sampled_from(DTYPES),
    st.sampled_from(list(OPERATIONS)),
)
def test_broadcasting(shapes, dtype, name):
    a, b = (array(shape, dtype, i) for i, shape in enumerate(shapes.input_shapes))
    with np.errstate(all="ignore"):
        expected = np.asarray(OPERATIONS[name](a, b))
    made = getattr(fastgd.from_numpy(a), name)(fastgd.from_numpy(b)).numpy()
    assert made.dtype == dtype and made.shape == expected.shape and made.strides == expected.strides
    np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
def test_broadcasting_at_the_limit(size):
    a, b = array((size, 1), np.float32), array((1, 2), np.float32)
    np.testing.assert_array_equal((fastgd.tensor(a) * fastgd.tensor(b)).numpy(), a * b)


def test_nine_dimensions():
    a, b = array((2,) * 9, np.float32), array((2,), np.float32)
    np.testing.assert_array_equal((fastgd.tensor(a) - fastgd.tensor(b)).numpy(), a - b)


def test_in_place_on_memory_that_overlaps():
    x = fastgd.arange(6.0)
    x[1:].add_(x[:-1])
    assert x.tolist() == [0, 1, 3, 5, 7, 9]


# ---- reductions

REDUCTIONS = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "var": lambda a, axis=None, keepdims=False: np.var(a, axis=axis, ddof=1, keepdims=keepdims),
    "std": lambda a, axis=None, keepdims=False: np.std(a, axis=axis, ddof=1, keepdims=keepdims),
    "norm": lambda a, axis=None, keepdims=False: np.sqrt((a * a).sum(axis=axis, keepdims=keepdims)),
    "amax": np.max,
    "amin": np.min,
}


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if 0 not in shape and len(shape) > 0 and shape != (1,)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_reductions(name, shape, dtype):
    a = array(shape, dtype)
    wide = a.astype(np.float64)
    for axis in (None, *range(-len(shape), len(shape)), tuple(range(len(shape)))):
        for keepdim in (False, True):
            options = {} if axis is None and not keepdim else {"dim": axis, "keepdim": keepdim}
            expected = np.asarray(REDUCTIONS[name](wide, axis=axis, keepdims=keepdim)).astype(dtype)
            close(getattr(fastgd.tensor(a), name)(**options), expected, dtype)
    turned = fastgd.tensor(a).permute(*reversed(range(a.ndim)))
    close(getattr(turned, name)(), np.asarray(REDUCTIONS[name](wide)).astype(dtype), dtype)


@pytest.mark.parametrize("name", ["amax", "amin", "sum"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_reductions_pass_nan_on(name, place):
    a = np.array([1.0, 3.0, 2.0], np.float32)
    a[place] = np.nan
    assert np.isnan(getattr(fastgd.tensor(a), name)().item())


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_reductions_of_nothing(shape):
    x = fastgd.zeros(shape)
    assert x.sum().item() == 0 and x.prod().item() == 1 and np.isnan(x.mean().item())
    with pytest.raises(RuntimeError, match="Expected reduction dim to be specified"):
        x.max()


@pytest.mark.parametrize("a", [[True, True], [True, False], [False, False], []])
def test_all_and_any(a):
    x = fastgd.tensor(a, dtype=fastgd.bool)
    assert x.all().item() is all(a) and x.any().item() is any(a)
    assert x.all().dtype == fastgd.bool


def test_var_of_one_element_is_nan():
    with pytest.warns(UserWarning, match=r"var\(\): degrees of freedom is <= 0"):
        assert np.isnan(fastgd.ones(1).var().item())
    with pytest.warns(UserWarning, match=r"std\(\): degrees of freedom is <= 0"):
        assert fastgd.ones(1, 2).std(0).isnan().all()
    assert fastgd.ones(1).var(unbiased=False).item() == 0


# ---- exponentials, bounds, choice


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(10,), (5, 2), (2, 3, 4), (LIMIT + 1,)])
def test_softmax(shape, dtype):
    a = 30 * array(shape, dtype)
    for dim in range(-len(shape), len(shape)):
        wide = a.astype(np.float64)
        power = np.exp(wide - wide.max(dim, keepdims=True))
        expected = power / power.sum(dim, keepdims=True)
        close(fastgd.tensor(a).softmax(dim), expected.astype(dtype), dtype)
        close(fastgd.tensor(a).log_softmax(dim).exp(), expected.astype(dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [5, LIMIT + 1])
def test_sigmoid_at_both_ends(dtype, size):
    a = np.resize(np.array([-1e4, -5, 0, 5, 1e4], dtype), size)
    expected = np.resize(np.array([0, 0.0066928509242848554, 0.5, 0.99330714907571514, 1], dtype), size)
    close(fastgd.tensor(a).sigmoid(), expected, dtype)


@pytest.mark.parametrize("dtype", [*DTYPES, np.int64])
@pytest.mark.parametrize("low, high", [(0, 1), (None, 0.5), (-0.5, None), (1, 0)])
def test_clamp(dtype, low, high):
    a = np.array([-2, -1, 0, 1, 2]).astype(dtype)
    expected = a if low is None else np.maximum(a, low)
    expected = expected if high is None else np.minimum(expected, high)
    np.testing.assert_array_equal(fastgd.tensor(a).clamp(low, high).numpy(), expected)


def test_clamp_keeps_nan():
    assert np.isnan(fastgd.tensor([np.nan]).clamp(0.0, 1.0).item())
    assert np.isnan(fastgd.tensor([1.0]).clamp(float("nan"), 2.0).item())


@pytest.mark.parametrize("second", ["array", "float", "int", "no dimension", "double", "column"])
def test_where(second):
    mask = np.array([[True, False, True], [False, False, True]])
    a = array((2, 3), np.float32)
    b = {
        "array": array((2, 3), np.float32, 1), "float": 0.1, "int": 3, "no dimension": np.array(2.0, np.float32),
        "double": array((2, 3), np.float64), "column": array((2, 1), np.float32),
    }[second]  # fmt: skip
    given = fastgd.tensor(b) if isinstance(b, np.ndarray) else b
    expected = np.where(mask, a, b if isinstance(b, np.ndarray) else np.float32(b))
    for x, y, wanted in ((fastgd.tensor(a), given, expected), (given, fastgd.tensor(a), None)):
        made = fastgd.where(fastgd.tensor(mask if wanted is not None else ~mask), x, y).numpy()
        assert made.dtype == expected.dtype
        np.testing.assert_array_equal(made, expected)


# ---- products


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n, d, k", [(5, 2, 3), (1, 1, 1), (4, 0, 2), (0, 3, 2), (40, 30, 20)])
def test_products(dtype, n, d, k):
    a, b = array((n, d), dtype), array((d, k), dtype)
    expected = a.astype(np.float64) @ b.astype(np.float64)
    x, y = fastgd.tensor(a), fastgd.tensor(b)
    close(x @ y, expected.astype(dtype), dtype)
    close(x.t().contiguous().t() @ y.t().contiguous().t(), expected.astype(dtype), dtype)
    close(fastgd.tensor(np.repeat(a, 2, 1))[:, ::2] @ y, expected.astype(dtype), dtype)
    if n and k:
        close(x[0] @ y, expected[0].astype(dtype), dtype)
        close(x @ y[:, 0], expected[:, 0].astype(dtype), dtype)
        close(x[0].dot(y[:, 0]), expected[0, 0].astype(dtype), dtype)


# ---- joined, taken, ordered


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_, np.uint8])
@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_cat_and_stack(dtype, dim):
    a, b = (array((2, 3, 4), np.float64, i).astype(dtype) for i in range(2))
    tensors = [fastgd.tensor(a), fastgd.tensor(b)]
    np.testing.assert_array_equal(fastgd.cat(tensors, dim).numpy(), np.concatenate((a, b), dim))
    np.testing.assert_array_equal(fastgd.stack(tensors, dim).numpy(), np.stack((a, b), dim))
    turned = [tensor.transpose(0, 1) for tensor in tensors]
    np.testing.assert_array_equal(
        fastgd.cat(turned, dim).numpy(), np.concatenate((a.swapaxes(0, 1), b.swapaxes(0, 1)), dim)
    )


def test_cat_of_other_sizes_and_types():
    whole, half = fastgd.ones(2, 2), fastgd.zeros(1, 2, dtype=fastgd.float64)
    assert fastgd.cat([whole, half]).tolist() == [[1, 1], [1, 1], [0, 0]]
    assert fastgd.cat([whole, half]).dtype == fastgd.float64
    assert fastgd.cat([fastgd.zeros(2, 1), whole], 1).shape == (2, 3)
    assert fastgd.cat([whole, fastgd.tensor([])]).shape == (2, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_, np.int16])
def test_gather(dtype):
    a = array((3, 4), np.float64).astype(dtype)
    for dim in (0, 1):
        index = np.random.default_rng(1).integers(0, a.shape[dim], (3, 4))
        found = fastgd.tensor(a).gather(dim, fastgd.tensor(index)).numpy()
        np.testing.assert_array_equal(found, np.take_along_axis(a, index, dim))
    with pytest.raises(RuntimeError, match="index 4 is out of bounds for dimension 1 with size 4"):
        fastgd.tensor(a).gather(1, fastgd.tensor([[4], [0], [0]]))


@pytest.mark.parametrize("wrong", [-1, 3])
def test_index_select_checks_its_indices(wrong):
    x = fastgd.arange(6).view(3, 2)
    assert x.index_select(0, fastgd.tensor([2, 0, 2])).tolist() == [[4, 5], [0, 1], [4, 5]]
    assert x.t().index_select(1, fastgd.tensor([1], dtype=fastgd.int32)).tolist() == [[2], [3]]
    with pytest.raises(IndexError, match="index out of range in self"):
        x.index_select(0, fastgd.tensor([0, wrong]))


@settings(deadline=None, max_examples=200)
@given(
    hnp.arrays(
        st.sampled_from(DTYPES), hnp.array_shapes(max_dims=2, max_side=80),
        elements=st.sampled_from([0.0, -0.0, 1.0, 2.0, -1.0, np.nan, np.inf, -np.inf]),
    ),
    st.booleans(),
    st.data(),
)  # fmt: skip
def test_order(a, descending, data):
    """Stable, NaN the largest: as lines sorted by Python."""
    dim = data.draw(st.integers(0, a.ndim - 1))
    k = data.draw(st.integers(0, a.shape[dim]))
    lines = np.moveaxis(a, dim, -1)
    expected = np.empty(lines.shape, np.int64)
    for at in np.ndindex(lines.shape[:-1]):
        line = lines[at]
        expected[at] = sorted(
            range(len(line)),
            key=lambda i: ((-1, 0.0) if np.isnan(line[i]) else (0, -line[i])) if descending
            else ((1, 0.0) if np.isnan(line[i]) else (0, line[i])),
        )  # fmt: skip
    expected = np.moveaxis(expected, -1, dim)
    values, index = fastgd.from_numpy(a).sort(dim, descending)
    np.testing.assert_array_equal(index.numpy(), expected)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(a, expected, dim))
    first = fastgd.from_numpy(a).topk(k, dim, largest=descending)[1]
    np.testing.assert_array_equal(first.numpy(), expected[(slice(None),) * dim + (slice(k),)])


@pytest.mark.parametrize("a", [[3, 1, 3, 2, 1], [[1.5, 0.5], [0.5, 1.5]], [], [np.nan, 1.0, np.nan]])
def test_unique(a):
    a = np.array(a)
    values, inverse, counts = np.unique(a, return_inverse=True, return_counts=True, equal_nan=False)
    np.testing.assert_array_equal(fastgd.tensor(a).unique().numpy(), values)
    found = fastgd.tensor(a).unique(return_inverse=True, return_counts=True)
    for mine, theirs in zip(found, (values, inverse.reshape(a.shape), counts)):
        np.testing.assert_array_equal(mine.numpy(), theirs)
    assert fastgd.tensor(a).unique(return_inverse=True)[1].shape == a.shape


def test_equal_and_allclose():
    a = fastgd.tensor([1.0, np.inf, 2.0])
    assert fastgd.equal(a, a.clone()) and not fastgd.equal(a, a + 1) and not fastgd.equal(a, a[:2])
    assert fastgd.equal(a, a.double())
    assert fastgd.allclose(a, a + fastgd.tensor([1e-7, 0.0, 0.0]))
    assert not fastgd.allclose(a, fastgd.tensor([1.0, 5.0, 2.0])) and not fastgd.allclose(fastgd.tensor([5.0]), a[1:2])
    nan = fastgd.tensor([np.nan])
    assert not fastgd.equal(nan, nan) and not fastgd.allclose(nan, nan)
    assert fastgd.allclose(nan, nan, equal_nan=True)


# ---- views


def test_a_size_is_cut_into_sizes():
    shape = fastgd.zeros(2, 3, 4).shape
    assert type(shape[1:]) is fastgd.Size and shape[1:] == (3, 4) and shape[-1] == 4
    assert hash(shape) == hash((2, 3, 4)) and {shape: 1}[(2, 3, 4)] == 1
    with pytest.raises(IndexError):
        shape[3]


def test_expand_repeats_the_memory():
    x = fastgd.arange(3.0)
    wide = x[:, None].expand(2, 3, 4)
    assert wide.stride() == (0, 1, 0) and wide.data_ptr() == x.data_ptr() and wide.is_contiguous() is False
    assert wide.tolist() == [[[0] * 4, [1] * 4, [2] * 4]] * 2
    wide[0, 1, 0] = 7
    assert x.tolist() == [0, 7, 2]


def test_more_dimensions_than_numpy_has():
    with pytest.raises(RuntimeError, match="at most 64 dimensions, but got sizes for 65"):
        fastgd.ones(1).expand([1] * 65)
    with pytest.raises(ValueError):
        fastgd.ones(1).view([1] * 65)


@pytest.mark.parametrize("array", [np.zeros(3, np.float32)[:0], np.zeros((2, 0), np.float32)])
def test_nothing_in_no_memory(array):
    x = fastgd.from_numpy(array)
    assert x.expand(4, *x.shape).shape == (4, *array.shape) and x.reshape(-1).shape == (0,)
    assert fastgd.cat([x, x]).numel() == 0


def test_the_loops_leave_the_rest_to_numpy():
    whole = np.arange(4)
    assert _loops.reduced(_loops.SUM, whole) is None and _loops.clamped(whole, 0, 1) is None
    assert _loops.product(whole, whole) is None and _loops.logistic(whole) is None
    assert _loops.reduced(_loops.SUM, np.zeros(LIMIT + 1)) is None
    assert _loops.reduced(_loops.SUM, np.zeros(LIMIT)) is not None
