"""What torch warns of, fastgd warns of: the same category and text, as often."""

import json
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest
from warning_forms import FORMS

import fastgd

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "recorded" / "warnings.json").read_text())


def warned(library):
    """By a process of its own, for what comes once has not come in it."""
    command = [sys.executable, HERE / "warning_forms.py", library]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)


@pytest.fixture(scope="module")
def ours():
    return warned("fastgd")


@pytest.mark.parametrize("form", FORMS)
def test_warning(form, ours):
    assert ours[form] == RECORDED[form]


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_recorded_is_what_torch_warns():
    assert warned("torch") == RECORDED


def test_a_warning_is_of_the_line_that_called():
    """Through a compiled Module and the functions beneath it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fastgd.nn.MSELoss()(fastgd.ones(3, 1), fastgd.ones(3, 2))
        fastgd.nn.SmoothL1Loss(reduce=False)
        fastgd.std_mean(fastgd.ones(1))
    assert [warning.filename for warning in caught] == [__file__] * 3
    assert caught[1].lineno == caught[0].lineno + 1
