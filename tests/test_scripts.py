"""Whole scripts, unchanged, by `python -m fastgd`: they print what torch prints, up to what `same` allows."""

import json
import math
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "scripts").glob("*.py"))
RECORDED = json.loads((HERE / "recorded" / "scripts.json").read_text())
DECIMAL = re.compile(r"[-+]?\d+\.\d*(?:e[-+]?\d+)?|[-+]?\d+e[-+]?\d+")


def last_place(text):
    digits, _, exponent = text.partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def same(ours, theirs):
    """Text and integers letter for letter; decimals to 1e-4, to 1e-7 absolute, or to a unit of the last place."""
    if DECIMAL.split(ours) != DECIMAL.split(theirs):
        return False
    return all(
        math.isclose(float(a), float(b), rel_tol=1e-4, abs_tol=max(1e-7, 1.001 * max(last_place(a), last_place(b))))
        for a, b in zip(DECIMAL.findall(ours), DECIMAL.findall(theirs), strict=True)
    )


def ordered_dicts_as_since_3_12(lines):
    """OrderedDict([('a', 1)]), as Python wrote it before 3.12, becomes OrderedDict({'a': 1})."""

    def entries(written):
        return "OrderedDict({" + re.sub(r"\('([\w.]+)', ", r"'\1': ", written[1]).replace("), '", ", '") + "})"

    return re.sub(r"OrderedDict\(\[(\('.*?)\)\]\)", entries, "\n".join(lines), flags=re.DOTALL).split("\n")


def differences(ours, theirs):
    both = zip_longest(ordered_dicts_as_since_3_12(ours), ordered_dicts_as_since_3_12(theirs))
    return [
        f"line {i}:\n  fastgd {a!r}\n  torch  {b!r}"
        for i, (a, b) in enumerate(both, 1)
        if a is None or b is None or not same(a, b)
    ]


@pytest.mark.parametrize(
    "ours, theirs, equal",
    [
        ("loss 0.12345678", "loss 0.12346", True),
        ("loss 0.1234", "loss 0.1235", True),
        ("loss 0.1234", "loss 0.1236", False),
        ("loss 1234.5678", "loss 1234.6", True),
        ("loss 2.00e-08", "loss 9.00e-08", True),
        ("epoch 3, loss 1.0", "epoch 4, loss 1.0", False),
        ("tensor([1.])", "tensor([1])", False),
        ("tensor([1., 2.])", "tensor([1.,  2.])", False),
    ],
)
def test_same(ours, theirs, equal):
    assert same(ours, theirs) == equal


# Some scripts call float() of a loss: torch warns of it, and so does fastgd.
TORCHS_WARNING = "ignore:Converting a tensor with requires_grad=True to a scalar"
RUN = ["-m", "fastgd"]
if os.environ.get("FASTGD_AFFINE") == "0":  # see conftest.py
    OFF = "import sys, fastgd; fastgd._tensor.set_affine(False); from fastgd.__main__ import main; main(sys.argv[1:])"
    RUN = ["-c", OFF]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_prints_what_torch_prints(script, tmp_path):
    command = [sys.executable, "-W", "error", "-W", TORCHS_WARNING, *RUN, str(script)]
    ran = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert differences(ran.stdout.splitlines(), RECORDED[script.stem]) == []


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_the_record_is_what_torch_prints(tmp_path):
    subprocess.run([sys.executable, HERE / "record_scripts.py", tmp_path / "fresh.json"], check=True, timeout=240)
    fresh = json.loads((tmp_path / "fresh.json").read_text())
    assert fresh.keys() == RECORDED.keys()
    for name, lines in RECORDED.items():
        assert differences(fresh[name], lines) == [], name
