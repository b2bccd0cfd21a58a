"""Programs that run under fastgd and torch alike, and the comparison of what comes out.

A case is a function of the library. Its outcome under torch is recorded in recorded/tape.json by record_tape.py, so
that it is compared where torch is not installed; where torch is, the record itself is checked.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import fastgd

RECORDED = Path(__file__).parent / "recorded" / "tape.json"


class Cases(dict):
    """The cases of one test file, by name."""

    def __init__(self, file):
        self.file = Path(file).stem

    def __call__(self, function):
        self[function.__name__] = function
        return function

    def expected(self, name):
        return json.loads(RECORDED.read_text())[self.file][name]


def plain(t, value):
    """An outcome as JSON has it: tensors as type, shape and numbers."""
    if isinstance(value, t.Tensor):
        return [str(value.dtype), list(value.shape), value.detach().numpy().tolist()]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(t, part) for part in value]
    return value


def outcome(t, function):
    try:
        return plain(t, function(t))
    except Exception as error:
        # Hints are each library's own.
        return {"error": type(error).__name__, "text": str(error).partition(" Hint:")[0]}


def check(found, expected):
    """Equal but for rounding, and for what follows torch's wording in an error."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), f"expected {expected}, but got {found}"
        assert found["error"] == expected["error"] and found["text"].startswith(expected["text"].rstrip(".")), found
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), f"expected {expected}, but got {found}"
        for one, other in zip(found, expected):
            check(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=2e-5, abs=1e-6, nan_ok=True)
    else:
        assert found == expected, f"expected {expected}, but got {found}"


def against_torch(cases):
    """The two tests of a file's cases: fastgd against the record, with the form and without; torch against it."""

    @pytest.mark.parametrize("name", cases)
    def test_as_torch(name, either_way):
        check(outcome(fastgd, cases[name]), cases.expected(name))

    @pytest.mark.parametrize("name", cases)
    def test_record(name):
        torch = pytest.importorskip("torch")
        check(outcome(torch, cases[name]), cases.expected(name))

    return test_as_torch, test_record


def arrays():
    """Data of every shape that the tests need; the same each time."""
    rng = np.random.default_rng(7)

    def make(*shape):
        return (rng.integers(-20, 21, shape) / 10).astype(np.float32)

    names = dict(
        X=(6, 3), X3=(2, 3, 3), x=(6,), y=(6, 1), t6=(6,), Y2=(6, 2), row=(3,),
        W1=(1, 3), W2=(2, 3), v=(3,), c=(3, 1), M=(3, 2), b0=(), b1=(1,), b2=(2,), b12=(1, 2), b11=(1, 1),
        s0=(), s1=(1,), s11=(1, 1), b6=(6,), b61=(6, 1),
    )  # fmt: skip
    return {name: make(*shape) for name, shape in names.items()}


LEAVES = "W1 W2 v c M b0 b1 b2 b12 b11 s0 s1 s11 b6 b61".split()


class Data:
    """The arrays as tensors of a library; weights and biases require gradients."""

    def __init__(self, t, dtype=None):
        for name, array in arrays().items():
            array = np.array(array, dtype or array.dtype)
            setattr(self, name, t.tensor(array, requires_grad=name in LEAVES))

    def grads(self):
        return [[name, getattr(self, name).grad] for name in LEAVES if getattr(self, name).grad is not None]


def loss_function(t, name):
    return getattr(t.nn.functional, name)


def linear(t, *args):
    return t.nn.functional.linear(*args)


def mse(t, *args):
    return t.nn.functional.mse_loss(*args)


def fused(t, s):
    """The loss of one pass over the rows: the squares of one output about y."""
    return mse(t, linear(t, s.X, s.W1, s.b1), s.y)
