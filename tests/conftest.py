"""Fixtures that several files share. FASTGD_AFFINE=0 runs every test without the affine form; two choose for one."""

import os
import signal

import pytest

import fastgd
from fastgd import _kernels
from fastgd._tensor import set_affine

# A job that a shell runs in the background ignores Ctrl-C, and so would the processes that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    set_affine(os.environ.get("FASTGD_AFFINE") != "0")


@pytest.fixture(params=[True, False], ids=["affine", "tape"])
def either_way(request):
    """Runs a test with the affine form and without it; the value says which."""
    before = set_affine(request.param)
    yield request.param
    set_affine(before)


@pytest.fixture
def affine():
    """Switches the affine form on, for tests of the form itself."""
    before = set_affine(True)
    yield
    set_affine(before)


@pytest.fixture(params=_kernels.levels())
def level(request):
    """Runs a test at each level of the processor that this machine has; the value names it."""
    before = _kernels.level()
    _kernels.set_level(request.param)
    yield request.param
    _kernels.set_level(before)


@pytest.fixture(params=["fastgd", "torch"])
def lib(request):
    """Each of the two: what is asserted of both is what torch does."""
    return fastgd if request.param == "fastgd" else pytest.importorskip("torch")


@pytest.fixture
def torch():
    """The real torch; where it is not installed, the test skips."""
    return pytest.importorskip("torch")
