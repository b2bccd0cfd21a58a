"""fastgd.install_as_torch(): each test in a process of its own, since it cannot be taken back."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

PATHS = """
    torch torch.nn torch.nn.functional torch.nn.init torch.nn.utils torch.nn.parameter torch.nn.modules
    torch.nn.modules.loss torch.nn.modules.module torch.nn.modules.linear torch.optim torch.optim.lr_scheduler
    torch.optim.sgd torch.optim.optimizer torch.autograd torch.autograd.function torch.autograd.functional
    torch.nn.modules.batchnorm torch.autograd.variable torch.utils
    torch.utils.data torch.utils.data.dataset torch.utils.data.dataloader torch.utils.data.sampler torch.linalg
    torch.cuda torch.cuda.amp torch.amp torch.mps torch.accelerator torch.backends torch.backends.cudnn torch.random
    torch.version
""".split()

THINGS = """
import torch
from torch import nn, optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import TensorDataset, DataLoader
layer = nn.Linear(2, 1)
optimizer = optim.Adam(layer.parameters())
scheduler = StepLR(optimizer, 3)
things = [
    torch.ones(2), layer, layer.weight, layer.weight.shape, torch.float32, torch.bool, torch.device("cpu"),
    nn.MSELoss(), nn.Sequential(layer, nn.ReLU(), nn.Flatten()), optim.SGD([torch.ones(1)], lr=0.1), optimizer,
    TensorDataset(torch.ones(2)), layer.state_dict(), scheduler,
]
"""


def run(code):
    command = [sys.executable, "-W", "error", "-c", code]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def installed(code):
    return run("import fastgd; fastgd.install_as_torch()\n" + code)


def test_every_module_path():
    code = "".join(f"import {path}; assert sys.modules[{path!r}] is {path}, {path!r}\n" for path in PATHS)
    installed("import sys\n" + code)


def test_every_way_of_importing():
    installed("""
import torch as t
import torch.nn as nn, torch.nn.functional as F, torch.optim as optim, torch.utils.data as Data
from torch import Tensor, nn as n, optim as o, FloatTensor
from torch.autograd import Variable, Function
from torch.nn import Linear, MSELoss, init
from torch.nn.parameter import Parameter
from torch.optim.lr_scheduler import ReduceLROnPlateau, _LRScheduler
from torch.utils.data import Dataset, DataLoader, TensorDataset, random_split
from torch.utils.data.sampler import SubsetRandomSampler
from torch.nn.modules.loss import MSELoss as M
import fastgd
assert t.Tensor is Tensor is fastgd.Tensor and M is MSELoss and Linear is fastgd.nn.Linear
assert t.nn.functional is F and F.mse_loss is fastgd.nn.functional.mse_loss
""")


def test_the_same_paths_under_fastgd():
    shallow = [path.replace("torch", "fastgd") for path in PATHS if path.count(".") < 2]
    shallow += ["fastgd.nn.functional", "fastgd.nn.init", "fastgd.nn.utils", "fastgd.optim.lr_scheduler"]
    shallow += ["fastgd.utils.data", "fastgd.backends.cudnn"]
    run("import fastgd\n" + "\n".join(shallow))
    run("".join(f"import {path}\n" for path in shallow))
    run("""
import fastgd as torch
import fastgd.nn as nn, fastgd.nn.functional as F
from fastgd import optim
from fastgd.utils.data import DataLoader
from fastgd.autograd import Variable
from fastgd.optim.lr_scheduler import StepLR
""")


def test_without_importing_parts():
    """After a plain `import torch` the parts are there as attributes."""
    installed("import torch\n" + "\n".join(PATHS))


def test_parts_are_loaded_when_asked_for():
    installed("""
import sys, torch
def loaded(*names):
    return [f"{top}.{name}" in sys.modules for name in names for top in ("fastgd", "torch")]
assert not any(loaded("optim", "nn", "utils", "optim.lr_scheduler"))
model = torch.nn.Linear(1, 1)
assert all(loaded("nn")) and not any(loaded("optim", "utils", "nn.losses", "nn.container"))
assert {"optim", "nn", "utils", "serialization", "zeros"} <= set(dir(torch)) and "Adam" in dir(torch.optim)
assert not any(loaded("optim.adaptive", "optim.lbfgs", "optim.lr_scheduler"))
assert repr(torch.optim.LBFGS) == "<class 'torch.optim.lbfgs.LBFGS'>" and torch.optim.LBFGS is torch.optim.lbfgs.LBFGS
import fastgd.optim.swa_utils                       # by another way than an attribute
assert repr(fastgd.optim.swa_utils.SWALR) == "<class 'torch.optim.swa_utils.SWALR'>"
assert repr(torch.utils.hooks.RemovableHandle) == "<class 'torch.utils.hooks.RemovableHandle'>"
assert repr(torch.nn.Buffer) == "<class 'torch.nn.parameter.Buffer'>" and torch.nn.Buffer is torch.nn.parameter.Buffer
assert "LBFGS" in vars(torch.optim)                 # what a loop asks for again and again is there at once
""")


def test_what_other_packages_look_for():
    out = installed("""
import importlib.util, sys
import torch
print(torch.__version__, torch.__spec__.name, importlib.util.find_spec("torch").name, torch.__name__)
print(isinstance(torch.ones(1), sys.modules["torch"].Tensor))
import fastgd
print(fastgd.__name__, fastgd.__spec__.name)
""")
    assert out == "2.13.0+fastgd torch torch torch\nTrue\nfastgd fastgd\n"


CLASSES = """
<class 'torch.Tensor'>
<class 'torch.nn.modules.linear.Linear'>
<class 'torch.nn.parameter.Parameter'>
<class 'torch.Size'>
<class 'torch.dtype'>
<class 'torch.dtype'>
<class 'torch.device'>
<class 'torch.nn.modules.loss.MSELoss'>
<class 'torch.nn.modules.container.Sequential'>
<class 'torch.optim.sgd.SGD'>
<class 'torch.optim.adam.Adam'>
<class 'torch.utils.data.dataset.TensorDataset'>
<class 'collections.OrderedDict'>
<class 'torch.optim.lr_scheduler.StepLR'>
""".lstrip()


def test_classes_print_as_torchs():
    code = THINGS + "\nfor thing in things: print(type(thing))"
    assert installed(code) == CLASSES


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_classes_print_as_torch_itself_prints_them():
    assert run(THINGS + "\nfor thing in things: print(type(thing))") == CLASSES


def test_classes_keep_their_names_without_it():
    assert run("import fastgd; print(type(fastgd.ones(1)))").startswith("<class 'fastgd.")


def test_pickles_name_fastgd(tmp_path):
    installed(f"""{THINGS}
import copy, pickle
for thing in things:
    for protocol in range(2, 6):
        assert b"torch" not in pickle.dumps(thing, protocol), type(thing)
    copy.copy(thing), copy.deepcopy(thing)
with open({str(tmp_path / "things")!r}, "wb") as file:
    pickle.dump(things, file)
""")
    out = run(f"""
import pickle, sys
with open({str(tmp_path / "things")!r}, "rb") as file:
    things = pickle.load(file)
assert "torch" not in sys.modules
import fastgd
assert type(things[0]) is fastgd.Tensor and type(things[1]) is fastgd.nn.Linear and things[4] is fastgd.float32
print(things[0], things[3], things[4], things[6])
""")
    assert out == "tensor([1., 1.]) torch.Size([1, 2]) torch.float32 cpu\n"


MISSING = [
    "import torch.distributed",
    "import torch.nn.modules.conv",
    "from torch import compile",
    "from torch.nn import Conv2d",
    "from torch.nn.functional import conv2d",
    "from torch.utils.tensorboard import SummaryWriter",
    "torch.nn.Conv2d",
    "torch.compile",
    "torch.nn.functional.conv2d",
    "torch.nn.modules.conv",
]


def test_what_is_not_there():
    out = installed(f"""
import torch
for statement in {MISSING}:
    try:
        exec(statement)
    except (ModuleNotFoundError if "import" in statement else AttributeError) as error:
        print(error)
print(hasattr(torch, "compile"))
""")
    *errors, has = out.splitlines()
    assert len(errors) == len(MISSING) and has == "False"
    assert all("fastgd covers linear models; torch." in error and "needs torch" in error for error in errors)


def test_twice_is_once():
    installed("import torch; before = torch; fastgd.install_as_torch(); import torch; assert torch is before")


def test_the_real_torch_was_first():
    run("""
import sys, types
sys.modules["torch"] = types.ModuleType("torch")
import fastgd
try:
    fastgd.install_as_torch()
except RuntimeError as error:
    assert "must come before the first import of torch" in str(error)
else:
    raise AssertionError
assert type(fastgd.ones(1)).__module__.startswith("fastgd")
""")


DRAWING = """
import fastgd; fastgd.install_as_torch()
import io, torch, numpy as np, matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
x = torch.linspace(0, 1, 5).unsqueeze(1)
line, = plt.plot(x, 2 * x)
assert np.array_equal(line.get_xdata(), x.numpy().ravel())
line, = plt.plot([torch.tensor(1.0), torch.tensor(2.0)])
assert list(line.get_ydata()) == [1, 2]
line, = plt.plot([(torch.ones(1, requires_grad=True) * i).sum().detach() for i in range(3)])
assert list(line.get_ydata()) == [0, 1, 2]
plt.scatter(x[:, 0], x.numpy()); plt.hist(torch.randn(20)); plt.bar(torch.arange(3), torch.ones(3))
plt.imshow(torch.rand(3, 4)); plt.axhline(x.mean()); plt.fill_between(x[:, 0], x[:, 0] - 1, x[:, 0] + 1)
plt.savefig(io.BytesIO())
"""

if find_spec("matplotlib"):  # no extra of the package has it

    def test_matplotlib_draws_tensors():
        run(DRAWING)
