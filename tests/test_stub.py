"""The stub from which editors complete Tensor says what the class has."""

import ast
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from record_stub import PROPERTIES, RETURNS, STUB, text

import fastgd
from fastgd import nn, optim


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


@pytest.mark.parametrize("package", [fastgd, nn, optim])
def test_what_is_loaded_later_is_what_editors_read(package):
    """The names under TYPE_CHECKING are those that the package finds, and come from the same modules."""
    (block,) = [
        node for node in ast.parse(Path(package.__file__).read_text()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]  # fmt: skip
    read = {alias.name: node.module for node in block.body for alias in node.names}
    assert sorted(read) == sorted(package._names)
    for name, module in read.items():
        if name == "__version__":
            continue  # only what pip installed has one
        room = import_module(f"{package.__name__}.{module or name}")
        assert getattr(package, name) is (getattr(room, name) if module else room)
