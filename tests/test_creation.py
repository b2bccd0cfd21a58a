"""Making tensors, the typed constructors, dtypes, and what a module named torch has besides."""

import copy
import pickle
import re
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import pytest

import fastgd


@pytest.fixture
def default_dtype():
    yield
    fastgd.set_default_dtype(fastgd.float32)


def test_float64_keeps_its_digits():
    assert fastgd.tensor([0.1], dtype=fastgd.float64).item() == 0.1
    assert fastgd.tensor(0.1, dtype=fastgd.float64).item() == 0.1
    assert fastgd.as_tensor([[0.1]], dtype=fastgd.float64).item() == 0.1
    assert fastgd.tensor([0.1], dtype=float).dtype == fastgd.float64


def test_tensor_copies_and_from_numpy_shares():
    array = np.zeros(2, np.float32)
    copied, shared, taken = fastgd.tensor(array), fastgd.from_numpy(array), fastgd.as_tensor(array)
    array[0] = 1
    assert (copied[0].item(), shared[0].item(), taken[0].item()) == (0, 1, 1)
    with pytest.warns(UserWarning, match="recommended to use sourceTensor"):
        assert fastgd.tensor(shared).data_ptr() != shared.data_ptr()


@pytest.mark.parametrize("data, dtype", [
    ([1.0, 2], "float32"), ([1, 2], "int64"), ([True, False], "bool"), ([np.float64(1.0)], "float64"),
    (np.float64(2.0), "float64"), ([np.int32(1)], "int32"), (np.array([1, 2], np.uint8), "uint8"),
    ([[1], [2.0]], "float32"),
])  # fmt: skip
def test_inferred_dtype(data, dtype):
    assert fastgd.tensor(data).dtype == getattr(fastgd, dtype)


def test_default_dtype(default_dtype):
    fastgd.set_default_dtype(fastgd.float64)
    assert fastgd.tensor([1.5]).dtype == fastgd.zeros(1).dtype == (fastgd.tensor([1]) / 2).dtype == fastgd.float64
    fastgd._warnings._told.clear()
    with pytest.warns(UserWarning, match="set_default_tensor_type"):
        fastgd.set_default_tensor_type("torch.FloatTensor")
    assert fastgd.get_default_dtype() == fastgd.float32
    with pytest.raises(TypeError, match="only floating-point types"):
        fastgd.set_default_dtype(fastgd.int64)


def test_typed_constructors():
    assert fastgd.FloatTensor([[1, 2]]).tolist() == [[1.0, 2.0]]
    assert fastgd.FloatTensor(np.array([1.0, 2.0])).dtype == fastgd.float32
    assert fastgd.LongTensor(2, 3).shape == (2, 3)
    assert fastgd.Tensor([1, 2]).dtype == fastgd.float32
    assert fastgd.Tensor(fastgd.Size([2, 2])).shape == (2, 2)
    assert isinstance(fastgd.ones(1), fastgd.FloatTensor) and not isinstance(fastgd.ones(1), fastgd.DoubleTensor)
    assert repr(fastgd.FloatTensor) == "<class 'torch.FloatTensor'>"
    with pytest.raises(TypeError, match="must be a sequence"):
        fastgd.Tensor(1.5)


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ranges_are_torchs_to_the_last_bit(dtype):
    import torch

    for start, end, step in [(-1, 1, 0.1), (0, 1, 0.02), (-5, 5, 0.1), (0.0, 100.0, 0.7), (1, 0, -0.03), (0, 1, 0.3)]:
        theirs = torch.arange(start, end, step, dtype=getattr(torch, dtype)).numpy()
        np.testing.assert_array_equal(fastgd.arange(start, end, step, dtype=getattr(fastgd, dtype)), theirs)
    for steps in (1, 2, 3, 7, 10, 50, 100, 1000):
        for start, end in [(0, 1), (-1, 1), (-3.14159, 3.14159), (2, 2.5)]:
            theirs = torch.linspace(start, end, steps, dtype=getattr(torch, dtype)).numpy()
            np.testing.assert_array_equal(fastgd.linspace(start, end, steps, dtype=getattr(fastgd, dtype)), theirs)


def test_ends_of_linspace():
    made = fastgd.linspace(-1, 1, 11)
    assert made[0] == -1 and made[-1] == 1


def test_dtypes():
    assert fastgd.float is fastgd.float32 and fastgd.long is fastgd.int64 and fastgd.double is fastgd.float64
    assert repr(fastgd.int) == "torch.int32"
    assert pickle.loads(pickle.dumps(fastgd.float64)) is fastgd.float64
    assert copy.deepcopy(fastgd.float32) is fastgd.float32
    assert fastgd.finfo().eps == np.finfo(np.float32).eps
    assert fastgd.device("cpu") == fastgd.zeros(1).device
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        fastgd.zeros(1, device="cuda")


@pytest.mark.parametrize(
    "make, values",
    [
        (lambda out: fastgd.zeros(3, out=out), [0, 0, 0]),
        (lambda out: fastgd.full((3,), 2, out=out), [2, 2, 2]),
        (lambda out: fastgd.arange(3, out=out), [0, 1, 2]),
        (lambda out: fastgd.linspace(0, 2, 3, out=out), [0, 1, 2]),
        (lambda out: fastgd.logspace(0, 2, 3, out=out), [1, 10, 100]),
        (lambda out: fastgd.eye(3, 1, out=out), [[1], [0], [0]]),
        (lambda out: fastgd.linalg.norm(fastgd.tensor([[3.0, 4.0]]), dim=1, out=out), [5]),
        (lambda out: fastgd.linalg.norm(fastgd.eye(2).unsqueeze(0), "nuc", out=out), [2]),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_out_takes_the_shape_and_keeps_its_type(make, values, dtype):
    for first in (fastgd.empty(0, dtype=getattr(fastgd, dtype)), fastgd.tensor(values, dtype=getattr(fastgd, dtype))):
        out = make(first)
        assert out is first and out.tolist() == values and out.dtype == getattr(fastgd, dtype)


def test_indices_of_triangles_have_the_type_that_is_asked_for():
    for indices in (fastgd.tril_indices, fastgd.triu_indices):
        assert indices(2, 2).dtype == fastgd.int64 and indices(2, 2, dtype=fastgd.int32).dtype == fastgd.int32


def test_small_singular_values_count_as_0_by_either_tolerance():
    A = fastgd.tensor([[[1.0, 0.0], [0.0, 1e-3]], [[100.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    for tolerances, expected in (
        ({}, [[1, 1000], [0.01, 1], [0, 0]]),
        ({"atol": 0.1}, [[1, 0], [0.01, 1], [0, 0]]),
        ({"rtol": 0.1}, [[1, 0], [0.01, 0], [0, 0]]),
        ({"atol": 1e-5, "rtol": 0.1}, [[1, 0], [0.01, 0], [0, 0]]),
    ):
        found = fastgd.linalg.pinv(A, **tolerances).diagonal(dim1=1, dim2=2)
        assert np.allclose(found.numpy(), expected, rtol=1e-4)


def test_settings_are_taken_and_given_back():
    before = fastgd.get_num_threads()
    fastgd.set_num_threads(2)
    assert fastgd.get_num_threads() == 2
    fastgd.set_num_threads(before)
    fastgd.use_deterministic_algorithms(True)
    assert fastgd.are_deterministic_algorithms_enabled()
    fastgd.use_deterministic_algorithms(False)
    fastgd.set_default_device("cpu")
    assert str(fastgd.get_default_device()) == "cpu"
    assert not fastgd.cuda.is_available() and fastgd.cuda.device_count() == 0
    fastgd.cuda.manual_seed_all(0)
    fastgd.backends.cudnn.deterministic = True
    assert not fastgd.backends.mps.is_available()
    with pytest.raises(AssertionError, match="CUDA"):
        fastgd.cuda.synchronize()


def test_names_of_modules():
    import fastgd.backends.cudnn as cudnn
    import fastgd.nn as nn
    import fastgd.nn.functional as F
    import fastgd.optim as optim
    import fastgd.utils.data as data
    from fastgd.autograd import Variable

    assert nn is fastgd.nn and F is fastgd.nn.functional and optim is fastgd.optim and data is fastgd.utils.data
    assert cudnn is fastgd.backends.cudnn and Variable is fastgd.autograd.Variable
    assert fastgd.linalg.norm(fastgd.tensor([3.0, 4.0])).item() == 5


def test_version():
    try:
        assert fastgd.__version__ == version("fastgd")
    except ModuleNotFoundError:
        pytest.skip("not installed")
    assert re.match(r"\d+\.\d+\.\d+", fastgd.version.__version__)


def test_import_brings_nothing_heavy():
    code = (
        "import sys, numpy; before = set(sys.modules); import fastgd; new = set(sys.modules) - before;"
        "print([m for m in ('importlib.metadata', 'inspect', 'typing', 'concurrent.futures', 'sklearn', 'email',"
        " 'asyncio', 'multiprocessing') if m in new])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


LATER = {
    "fastgd": "DivergenceError Statistics Trainer amp backends cuda diagnose distributions load mps nn optim save "
    "testing utils",
    "fastgd.nn": "BatchNorm1d Dropout Flatten HuberLoss LazyLinear ModuleList ReLU utils",
    "fastgd.optim": "Adam LBFGS RAdam lr_scheduler swa_utils",
}


@pytest.mark.parametrize("package", LATER)
def test_what_few_programs_need_is_loaded_when_it_is_asked_for(package):
    code = f"""
import pickle, sys, {package}
package, names = sys.modules[{package!r}], {LATER[package].split()}
assert not set(names) & set(vars(package)) and set(names) <= set(dir(package))
for name in names:
    exec(f"from {{package.__name__}} import {{name}} as found")
    assert found is getattr(package, name) is vars(package)[name], name
    if isinstance(found, type):
        assert pickle.loads(pickle.dumps(found)) is found, name
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_loads_the_loop_by_hand_alone():
    code = "import sys, fastgd; print(*[name for name in sys.modules if name.count('.') and name.startswith('fastgd')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[1] for name in done.stdout.split()}
    later = {"nn", "optim", "utils", "accelerator", "amp", "backends", "cuda", "mps", "special", "version",
             "distributions", "testing", "trainer", "fit", "descent", "history", "diagnosis", "statistics",
             "serialization", "standin"}  # fmt: skip
    assert {"_tensor", "ops", "random"} <= loaded and not loaded & later
