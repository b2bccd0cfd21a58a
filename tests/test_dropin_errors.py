"""Torch's mistakes are fastgd's mistakes: the same exception, and torch's words first where it has words."""

import json
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from error_forms import FORMS, raised

import fastgd

RECORDED = json.loads(Path(__file__).with_name("recorded").joinpath("errors.json").read_text())
NUMBER = re.compile(r"\d+")
# Where torch speaks of its C++, of devices and shapes that fastgd puts otherwise, of what fastgd does not have, or of
# an argument that would run what a file says.
OWN_WORDS = {
    "torch.nn.functional.linear(x.double(), torch.ones(1, 3))", "torch.zeros(-1)", "torch.FloatTensor(D.detach())",
    "x.__setitem__(0, torch.ones(4))", "torch.linalg.inv(torch.zeros(2, 2))",
    "torch.no_such_function", "torch.broadcast_shapes((2,), (3,))", "x.tolist(1)",
    *(f'torch.load(__import__("io").BytesIO({data}))' for data in (
        'b"garbage"', 'b"1.0,2.0"', 'b"PK\3\4"', 'b"PK\3\4" + bytes(99)'
    )),
}  # fmt: skip


def agrees(mine, theirs):
    """Whether the type is torch's, or derived from it, and the text begins as torch's does."""
    name, _, text = theirs
    return name.strip("_") in [kind.strip("_") for kind in mine[1]] and begins(mine[2], text)


def begins(mine, theirs):
    """Scripts print these texts: they are torch's to the last letter, and what to do stands in a note below."""
    return mine == theirs


@pytest.mark.parametrize("form", FORMS)
def test_error(form):
    mine = raised(fastgd, form)
    assert mine is not None
    name, _, text = RECORDED[form]
    assert name.strip("_") in [kind.strip("_") for kind in mine[1]], mine
    if form in OWN_WORDS:
        assert len(mine[2]) > 15, mine
    else:
        assert begins(mine[2], text), (mine[2], text)


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_recorded_is_what_torch_says():
    import torch

    for form in FORMS:
        theirs = raised(torch, form)
        assert theirs[0] == RECORDED[form][0] and begins(theirs[2], RECORDED[form][2]), form


def test_what_is_not_there_says_so():
    with pytest.raises(AttributeError, match="fastgd covers linear models; torch.compile needs torch"):
        fastgd.compile
    with pytest.raises(AttributeError, match="torch.cuda.nvtx needs torch"):
        fastgd.cuda.nvtx
    with pytest.raises(ImportError, match="needs torch"):
        import_module("fastgd.utils.tensorboard")
    assert not hasattr(fastgd, "compile")


def test_half_precision_says_so():
    for ask in (lambda: fastgd.autocast("cpu"), lambda: fastgd.amp.GradScaler("cpu")):
        with pytest.raises(NotImplementedError, match="in half precision: fastgd computes in float32 .* enabled=False"):
            ask()
    for ask in (lambda: fastgd.zeros(2, dtype=fastgd.bfloat16), lambda: fastgd.ones(2).to(fastgd.bfloat16)):
        with pytest.raises(NotImplementedError, match="no tensors of bfloat16: use float32; bfloat16 needs torch"):
            ask()
