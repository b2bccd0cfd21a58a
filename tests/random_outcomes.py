"""What a program or an expression made, its record under torch, and the comparison of the two.

A program starts from a seed; the word that the default stream has next is part of what it made.
"""

import functools
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from random_expressions import names

try:
    import torch
except ImportError:
    torch = None
needs_torch = pytest.mark.skipif(torch is None, reason="compares with torch itself")

RECORDED = Path(__file__).parent / "recorded" / "random_programs.json"
SEEDS = [42, -1]
MANY_SEEDS = [0, 1, -1, 2**31, 2**32, 2**32 + 1, 2**63, 2**64 - 1, -(2**63), *range(1000, 1200)]
# Without AVX2 torch rounds the angles of float32 normals elsewhere.
AVX2 = torch is None or torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def into(programs):
    def add(function):
        programs[function.__name__] = function
        return function

    return add


@functools.cache
def record():
    return json.loads(RECORDED.read_text())


def plain(t, value):
    """What a program returned, as JSON has it."""
    if isinstance(value, t.Tensor):
        values = value.detach().numpy().ravel()
        # the shortest digits that are this float32
        numbers = [float(str(number)) for number in values] if values.dtype == np.float32 else values.tolist()
        shape = {} if value.ndim == 1 else {"shape": list(value.shape)}
        return {str(value.dtype).removeprefix("torch."): numbers} | shape
    if isinstance(value, (list, tuple)):
        return [plain(t, part) for part in value]
    return value


def run(t, program, seed):
    t.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = plain(t, program(t))
    return {"made": made, "next_word": int(t.empty(1, dtype=t.int64).random_(0, 2**24))}


def evaluate(t, expression):
    t.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = {"value": repr(eval(expression, names(t)))}
        except Exception as error:
            # What torch appends for its own developers, and its lists of signatures, are left out.
            text = str(error).split("\n")[0].partition("  (Could this")[0].partition(" - got")[0]
            text = re.sub(r" \(position \d\)", "", text)
            found = {"error": type(error).__name__, "text": text}
    # fastgd's messages go on after torch's words; an address is never the same
    return found | {"warned": [str(warning.message).partition(" object at 0x")[0] for warning in caught]}


def same_everywhere(found, expected, tolerance=None):
    """Equal but for the rounding of logarithms and sines where there is a tolerance, by dtype."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), (found, expected)
        for key, values in expected.items():
            if tolerance and key in tolerance:
                got, wanted = np.array(found[key]), np.array(values)
                assert got.shape == wanted.shape
                assert (np.abs(got - wanted) <= tolerance[key] * np.maximum(1, np.abs(wanted))).all(), (got, wanted)
            else:
                same_everywhere(found[key], values, tolerance)
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), (found, expected)
        for one, other in zip(found, expected):
            same_everywhere(one, other, tolerance)
    else:
        assert found == expected


def check_expression(t, expression, torch):
    expected = record()["expressions"][expression]
    if torch is not None:
        assert evaluate(torch, expression) == expected
    found = evaluate(t, expression)
    if "error" in expected:
        assert found.pop("text", "").startswith(expected["text"].rstrip(".")), found
        expected = {key: value for key, value in expected.items() if key != "text"}
    assert found == expected
