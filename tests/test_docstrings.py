"""Every public name has a docstring, every example in one runs, and what is missing says so."""

import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import fastgd
from fastgd import distributions, nn, optim, testing, utils

# standin's examples put fastgd into torch's place; the others are not modules to import.
LEFT_OUT = {"fastgd.standin", "fastgd.__main__", "fastgd.utils.tensorboard"}
MODULES = sorted({info.name for info in pkgutil.walk_packages(fastgd.__path__, "fastgd.")} - LEFT_OUT)
ROOMS = [
    nn, nn.functional, nn.utils, optim, optim.lr_scheduler, optim.swa_utils, utils.data, distributions, testing,
]  # fmt: skip
WITHOUT_EXAMPLE = {"Optimizer", "Parameter", "Distribution"}


def namespace():
    """What an example may take as given."""
    names = {"fastgd": fastgd, "nn": nn, "optim": optim, "utils": utils, "swa_utils": optim.swa_utils, "numpy": np}
    return names | {"model": nn.Linear(2, 1)}


def examples(name):
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(importlib.import_module(name), name, extraglobs=namespace()) if test.examples]


@pytest.mark.parametrize("test", [test for name in MODULES for test in examples(name)], ids=lambda test: test.name)
def test_examples_run(test, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write a file
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings(room):
    names = getattr(room, "__all__", None) or [name for name, value in vars(room).items() if inspect.isfunction(value)]
    for name in names:
        thing = getattr(room, name)
        if name.startswith("_") or inspect.ismodule(thing):
            continue
        text = inspect.getdoc(thing)
        assert text, name
        test = doctest.DocTestParser().get_doctest(text, namespace(), name, None, 0)
        assert doctest.DocTestRunner(verbose=False).run(test).failed == 0, name
        if (inspect.isclass(thing) or room in (distributions, testing)) and name not in WITHOUT_EXAMPLE:
            assert test.examples, name


@pytest.mark.parametrize(
    ("module", "name", "torchs"),
    [(nn, "Conv2d", "torch.nn.Conv2d"), (nn.functional, "conv2d", "torch.nn.functional.conv2d"),
     (optim, "SparseAdam", "torch.optim.SparseAdam")],
)  # fmt: skip
def test_what_is_missing_says_so(module, name, torchs):
    with pytest.raises(AttributeError, match=f"fastgd covers linear models; {torchs} needs torch"):
        getattr(module, name)
    with pytest.raises(ImportError):
        exec(f"from {module.__name__} import {name}")
