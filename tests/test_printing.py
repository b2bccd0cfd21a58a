"""fastgd.printing against torch, character for character.

Where torch is not installed the texts that it printed are read from recorded/printing.json, which
record_printing.py writes.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays

import fastgd
from fastgd import printing

RECORDED = Path(__file__).parent / "recorded" / "printing.json"


def drawn(seed, shape, low=-1.0, high=1.0, dtype="float32"):
    # RandomState: its stream is frozen, so the recorded texts stay valid.
    return np.random.RandomState(seed).uniform(low, high, shape).astype(dtype)


def spread(seed, shape, dtype="float32"):
    """Magnitudes from 1e-12 to 1e12, exact powers of two times a uniform number."""
    exponents = np.random.RandomState(seed).randint(-40, 41, shape)
    return np.ldexp(drawn(seed + 1, shape, dtype="float64"), exponents).astype(dtype)


def f32(*values):
    return np.array(values, dtype=np.float32)


inf, nan = np.inf, np.nan

# name: (array, options, what the tensor is besides)
CASES = {
    "one number": (np.float32(1.5).reshape(()), {}, {}),
    "one whole number": (np.float32(3).reshape(()), {}, {}),
    "one integer": (np.array(-7), {}, {}),
    "one boolean": (np.array(True), {}, {}),
    "one double": (np.array(0.1), {}, {}),
    "one half": (np.array(0.1, dtype=np.float16), {}, {}),
    "one tiny number": (np.float32(9.99e-5).reshape(()), {}, {}),
    "one huge number": (np.float32(1.5e9).reshape(()), {}, {}),
    "one, many allowed none": (np.array(2.5), {"threshold": 0, "edgeitems": 0}, {}),
    "plain": (f32(0.5, -1.25, 3), {}, {}),
    "whole": (f32(1, -2, 300), {}, {}),
    "whole with nan": (f32(1, nan, -inf, inf, 300), {}, {}),
    "negative zero": (f32(-0.0, 0.0, 1), {}, {}),
    "negative zeros only": (f32(-0.0, -0.0), {}, {}),
    "nothing finite": (f32(nan, inf, -inf), {}, {}),
    "nothing finite, scientific": (f32(nan, 0, -inf), {"sci_mode": True}, {}),
    "not finite and short": (f32(nan, 0.5, -inf), {"precision": 0}, {}),
    "ratio of 1000": (f32(1.5, 1500), {}, {}),
    "ratio above 1000": (f32(1, 1000.5), {}, {}),
    "ratio of 999.99": (f32(1.001, 1000.5), {}, {}),
    "ratio beyond double": (np.array([5e-324, 1e308]), {}, {}),
    "whole and wide": (f32(1, 100000), {}, {}),
    "just 1e8": (f32(1e8, 1e8), {}, {}),
    "above 1e8": (np.array([100000001.0, 1e8]), {}, {}),
    "just 1e-4": (np.array([1e-4, 2e-4]), {}, {}),
    "rounds up": (f32(0.99996, 9.99996), {}, {}),
    "doubles": (drawn(0, 5, dtype="float64"), {}, {}),
    "halves": (drawn(1, 5, dtype="float16"), {}, {}),
    "bytes": (np.array([0, 7, 255], dtype=np.uint8), {}, {}),
    "short integers": (np.array([-1, 20], dtype=np.int32), {}, {}),
    "integers": (np.array([[-1, 20], [300, 4]]), {}, {}),
    "booleans": (np.array([True, False]), {}, {}),
    "trues": (np.array([True, True]), {}, {}),
    "no elements": (f32(), {}, {}),
    "no elements, 0 x 3": (np.zeros((0, 3), np.float32), {}, {}),
    "no elements, integers": (np.zeros((2, 0), np.int64), {}, {}),
    "no elements, booleans": (np.zeros(0, bool), {}, {}),
    "no elements, requires_grad": (f32(), {}, {"requires_grad": True}),
    "long row": (drawn(2, 23), {}, {}),
    "long row of whole numbers": (np.arange(100, dtype=np.float32), {}, {}),
    "long row of booleans": (np.arange(40) % 3 == 0, {}, {}),
    "matrix": (drawn(3, (3, 4)), {}, {}),
    "wide matrix": (drawn(4, (2, 17)), {}, {}),
    "one column": (drawn(5, (4, 1)), {}, {}),
    "three dimensions": (drawn(6, (2, 3, 2)), {}, {}),
    "four dimensions": (drawn(7, (2, 1, 2, 2)), {}, {}),
    "spread": (spread(8, (3, 3)), {}, {}),
    "spread, never scientific": (spread(9, (3, 3)), {"sci_mode": False}, {}),
    "always scientific": (drawn(10, 4), {"sci_mode": True}, {}),
    "whole, always scientific": (f32(1, 20), {"sci_mode": True}, {}),
    "1000 elements": (np.arange(1000), {}, {}),
    "1001 elements": (np.arange(1001), {}, {}),
    "many": (drawn(11, (40, 40)), {}, {}),
    "many rows": (drawn(12, (500, 3)), {}, {}),
    "many columns": (drawn(13, (3, 500)), {}, {}),
    "many, three dimensions": (drawn(14, (4, 20, 20)), {}, {}),
    "many, only the middle is wide": (np.where(np.arange(2000) == 1000, 1e6, 0.5), {}, {}),
    "short profile": (drawn(15, (40, 40)), {"profile": "short"}, {}),
    "full profile": (drawn(16, 1200), {"profile": "full"}, {}),
    "profile and its exception": (drawn(17, 8), {"profile": "short", "precision": 6}, {}),
    "no edges": (drawn(18, (4, 5)), {"edgeitems": 0, "threshold": 5}, {}),
    "no edges, few": (drawn(19, 3), {"edgeitems": 0}, {}),
    "one edge": (drawn(20, (4, 2, 5)), {"edgeitems": 1, "threshold": 5}, {}),
    "narrow": (drawn(21, (2, 9)), {"linewidth": 20}, {}),
    "narrower than a number": (drawn(22, 3), {"linewidth": 5}, {}),
    "narrow and folded": (drawn(23, 30), {"linewidth": 25, "threshold": 10}, {}),
    "ten digits": (drawn(24, 3, dtype="float64"), {"precision": 10}, {}),
    "requires_grad": (f32(1, 2), {}, {"requires_grad": True}),
    "grad_fn": (f32(1.5, 2), {}, {"grad_fn": "MulBackward0"}),
    "grad_fn of a double": (np.array(1.5), {}, {"grad_fn": "MulBackward0"}),
    "grad_fn of a matrix": (drawn(25, (3, 2)), {}, {"grad_fn": "MulBackward0"}),
    "double is the default": (np.array([1.5]), {}, {"default_dtype": np.float64}),
    "float is not the default": (f32(1.5), {}, {"default_dtype": np.float64}),
}
# The suffix goes to a line of its own from some length of the row on; that length differs with the lines above it.
for width in range(30, 50):
    CASES[f"linewidth {width}"] = (f32(0.5, 1, 2), {"linewidth": width}, {"requires_grad": True})
    CASES[f"linewidth {width}, two rows"] = (drawn(26, (2, 2)), {"linewidth": width}, {"grad_fn": "MulBackward0"})
    CASES[f"linewidth {width}, two suffixes"] = (drawn(27, 2, dtype="float64"), {"linewidth": width},
                                                  {"grad_fn": "MulBackward0"})


def torch_text(torch, array, options, default_dtype=np.float32, requires_grad=False, grad_fn=None):
    assert grad_fn in (None, "MulBackward0")
    tensor = torch.tensor(array)
    if requires_grad or grad_fn:
        tensor.requires_grad_()
    if grad_fn:
        tensor = tensor * 1
    torch.set_printoptions(**options)
    torch.set_default_dtype(getattr(torch, np.dtype(default_dtype).name))
    try:
        return repr(tensor)
    finally:
        torch.set_printoptions(profile="default")
        torch.set_default_dtype(torch.float32)


def our_text(array, options, **kinds):
    with printing.printoptions(**options):
        return printing.tensor_text(array, **kinds)


@pytest.mark.parametrize("name", CASES)
def test_text_is_the_recorded_one(name):
    array, options, kinds = CASES[name]
    assert our_text(array, options, **kinds) == json.loads(RECORDED.read_text())[name]


@pytest.mark.parametrize("name", CASES)
def test_text_is_torchs(name):
    torch = pytest.importorskip("torch")
    array, options, kinds = CASES[name]
    assert our_text(array, options, **kinds) == torch_text(torch, array, options, **kinds)


def elements(dtype):
    if np.dtype(dtype).kind != "f":
        return arrays.from_dtype(np.dtype(dtype))
    width = np.dtype(dtype).itemsize * 8
    return st.one_of(
        st.floats(width=width),
        st.floats(-1000, 1000, width=width),
        st.integers(-2000, 2000).map(float),
        st.sampled_from([0.0, -0.0, nan, inf, -inf, 0.5, 1.0, 1000.0]),
    )


any_array = st.sampled_from(["float32", "float64", "float16", "int64", "int32", "uint8", "bool"]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9),
                                elements=elements(dtype))
)
any_options = st.fixed_dictionaries({}, optional={
    "precision": st.integers(0, 12),
    "threshold": st.integers(0, 30),
    "edgeitems": st.integers(0, 4),
    "linewidth": st.integers(1, 130),
    "profile": st.sampled_from(["default", "short", "full"]),
    "sci_mode": st.booleans(),
})


@settings(max_examples=400, deadline=None)
@given(any_array, any_options, st.sampled_from([{}, {"requires_grad": True}, {"grad_fn": "MulBackward0"}]))
def test_any_array_prints_as_in_torch(array, options, kinds):
    torch = pytest.importorskip("torch")
    if array.dtype.kind != "f":
        kinds = {}
    assert our_text(array, options, **kinds) == torch_text(torch, array, options, **kinds)


@pytest.mark.parametrize("view", [
    lambda a: a.T, lambda a: a[::2], lambda a: a[:, ::-1], lambda a: a[:, 1], lambda a: np.broadcast_to(a[0], (4, 6)),
], ids=["transposed", "every other row", "reversed", "a column", "expanded"])
def test_strides_do_not_show(view):
    array = view(drawn(30, (5, 6)))
    array.setflags(write=False)
    assert our_text(array, {}) == our_text(array.copy(), {})
    assert our_text(array, {"threshold": 4, "edgeitems": 1}) == our_text(array.copy(), {"threshold": 4, "edgeitems": 1})


def test_a_subclass_prints_its_own_name_and_indents_by_it():
    assert our_text(drawn(31, (2, 1)), {}, name="Weights").splitlines()[1].startswith(" " * len("Weights(") + " [")


@pytest.mark.parametrize("calls", [
    [{}], [{"precision": 2}], [{"sci_mode": True}, {"precision": 2}], [{"profile": "short"}, {"linewidth": 100}],
    [{"profile": "full", "threshold": 5}], [{"profile": "unknown"}], [{"precision": 3, "edgeitems": 2}, {}],
    [{"profile": "short", "sci_mode": False}, {"profile": "default"}],
])
def test_options_are_kept_and_replaced_as_in_torch(calls):
    torch = pytest.importorskip("torch")
    with printing.printoptions(), torch._tensor_str.printoptions():
        for options in calls:
            printing.set_printoptions(**options)
            torch.set_printoptions(**options)
            assert printing.get_printoptions() == torch._tensor_str.get_printoptions()


def test_options_come_back_after_the_block():
    before = printing.get_printoptions()
    with pytest.raises(ZeroDivisionError), printing.printoptions(precision=1, sci_mode=True):
        assert printing.get_printoptions() == {**before, "precision": 1, "sci_mode": True}
        raise ZeroDivisionError
    assert printing.get_printoptions() == before


def refusal(call):
    with pytest.raises(TypeError) as raised:
        call()
    # A compiled class names its module too.
    return str(raised.value).replace("fastgd._tensor.", "")


@pytest.mark.parametrize(("write", "text"), [
    (lambda m: repr(m.tensor([1.0, 2.5])), "tensor([1.0000, 2.5000])"),
    (lambda m: str(m.tensor([[1, 2], [3, 4]])), "tensor([[1, 2],\n        [3, 4]])"),
    (lambda m: str(m.tensor(1.5, dtype=m.float64, requires_grad=True)),
     "tensor(1.5000, dtype=torch.float64, requires_grad=True)"),
    (lambda m: str(m.tensor([1.5, 2.5], requires_grad=True) * 2), "tensor([3., 5.], grad_fn=<MulBackward0>)"),
    (lambda m: str((m.tensor([1.5, 2.5], requires_grad=True) * 2).detach()), "tensor([3., 5.])"),
    (lambda m: str(m.nn.Parameter(m.tensor([1.5]))), "Parameter containing:\ntensor([1.5000], requires_grad=True)"),
    (lambda m: f"{m.tensor([1.5])}", "tensor([1.5000])"),
    (lambda m: f"{m.tensor(2)}, {m.tensor(True)}", "2, True"),
    (lambda m: f"{m.tensor(1.5)}, {m.tensor(1.5, requires_grad=True)}", "1.5, 1.5"),
    (lambda m: f"{m.tensor(0.1)}", "0.10000000149011612"),
    (lambda m: f"{m.tensor(1.5, requires_grad=True) * 2:8.3f}", "   3.000"),
    (lambda m: f"{m.tensor(7):03d}", "007"),
    (lambda m: "%.2f, %s" % (m.tensor(1.5), m.tensor(1.5)), "1.50, tensor(1.5000)"),  # noqa: UP031
    (lambda m: f"{m.nn.Parameter(m.tensor(1.5))}", "Parameter containing:\ntensor(1.5000, requires_grad=True)"),
    (lambda m: refusal(lambda: f"{m.nn.Parameter(m.tensor(1.5)):.2f}"),
     "unsupported format string passed to Parameter.__format__"),
    (lambda m: refusal(lambda: f"{m.tensor([1.5]):.2f}"), "unsupported format string passed to Tensor.__format__"),
])
def test_tensors_print_and_format_themselves(write, text):
    assert write(fastgd) == text
    assert write(pytest.importorskip("torch")) == text
