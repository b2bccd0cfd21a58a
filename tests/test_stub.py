"""The stub from which editors complete Tensor says what the class has."""

import ast

import numpy as np
import pytest
from record_stub import PROPERTIES, RETURNS, STUB, text

import fastgd


def test_the_stub_is_that_of_the_class():
    assert STUB.read_text() == text(), "run `python tests/record_stub.py`"


def test_the_stub_is_python():
    classes = [node.name for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ClassDef)]
    assert classes == ["Tensor", "Parameter"]


KINDS = {"bool": bool, "int": int, "str": str, "Size": fastgd.Size, "None": type(None), "np.ndarray": np.ndarray}


@pytest.mark.parametrize("name", [name for name, kind in (PROPERTIES | RETURNS).items() if kind in KINDS])
def test_what_it_says_is_returned(name):
    x = fastgd.ones(1)
    arguments = {"allclose": (x,), "equal": (x,), "is_same_size": (x,)}.get(name, ())
    if name in ("backward", "retain_grad"):
        x.requires_grad_()
    found = getattr(x, name)
    found = found if name in PROPERTIES else found(*arguments)
    assert isinstance(found, KINDS[(PROPERTIES | RETURNS)[name]])
