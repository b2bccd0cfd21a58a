"""fastgd under the name torch, for scripts that import torch and are to run as they are."""

import copyreg
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import NamedTuple

from ._naming import rename

# Modules that have the same name in both.
_SAME = (
    "accelerator", "amp", "autograd", "autograd.functional", "backends", "backends.cuda", "backends.cudnn",
    "backends.mkl", "backends.mps", "cuda", "cuda.amp", "distributions", "linalg", "mps", "nn", "nn.functional",
    "nn.init", "nn.utils", "optim", "optim.lr_scheduler", "optim.swa_utils", "random", "special", "testing", "utils",
    "utils.data", "utils.hooks", "version", "xpu",
)  # fmt: skip

# Where torch defines its classes: they print by these names, and some scripts import them from there.
_HOMES = {
    "": "Size Tensor device dtype finfo iinfo memory_format",
    "amp.autocast_mode": "autocast is_autocast_available",
    "amp.grad_scaler": "GradScaler",
    "_C": "Generator _LinAlgError",
    "autograd.function": "Function",
    "autograd.grad_mode": "enable_grad inference_mode no_grad set_grad_enabled",
    "autograd.variable": "",
    "functional": "",
    "serialization": "",
    "distributions.bernoulli": "Bernoulli",
    "distributions.distribution": "Distribution",
    "distributions.kl": "",
    "distributions.laplace": "Laplace",
    "distributions.multivariate_normal": "MultivariateNormal",
    "distributions.normal": "Normal",
    "distributions.poisson": "Poisson",
    "distributions.uniform": "Uniform",
    "nn.modules": "",
    "nn.modules.activation": (
        "ELU GELU Hardtanh LeakyReLU LogSigmoid LogSoftmax ReLU ReLU6 SELU SiLU Sigmoid Softmax Softplus Softshrink "
        "Softsign Tanh"
    ),
    "nn.modules.batchnorm": "BatchNorm1d",
    "nn.modules.container": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "nn.modules.dropout": "Dropout",
    "nn.modules.flatten": "Flatten Unflatten",
    "nn.modules.linear": "Identity LazyLinear Linear",
    "nn.modules.loss": (
        "BCELoss BCEWithLogitsLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss "
        "MSELoss NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss _Loss"
    ),
    "nn.modules.module": "Module",
    "nn.parameter": "Buffer Parameter UninitializedParameter",
    "nn.utils.clip_grad": "",
    "nn.utils.convert_parameters": "",
    "optim.adadelta": "Adadelta",
    "optim.adagrad": "Adagrad",
    "optim.adam": "Adam",
    "optim.adamax": "Adamax",
    "optim.adamw": "AdamW",
    "optim.asgd": "ASGD",
    "optim.lbfgs": "LBFGS",
    "optim.lr_scheduler": (
        "ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR ExponentialLR LRScheduler "
        "LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR ReduceLROnPlateau SequentialLR StepLR "
        "_LRScheduler"
    ),
    "optim.nadam": "NAdam",
    "optim.optimizer": "Optimizer",
    "optim.radam": "RAdam",
    "optim.rmsprop": "RMSprop",
    "optim.rprop": "Rprop",
    "optim.sgd": "SGD",
    "optim.swa_utils": "AveragedModel SWALR",
    "utils.data.dataloader": "DataLoader default_collate default_convert get_worker_info",
    "utils.data.dataset": "ChainDataset ConcatDataset Dataset IterableDataset Subset TensorDataset random_split",
    "utils.hooks": "RemovableHandle",
    "utils.data.sampler": (
        "BatchSampler RandomSampler Sampler SequentialSampler SubsetRandomSampler WeightedRandomSampler"
    ),
}

_HOME_OF = {name: f"torch.{home}".rstrip(".") for home, names in _HOMES.items() for name in names.split()}
_PATHS = {*_SAME, *_HOMES} - {""}

# The renamed classes, with the module and the name that they have in fastgd.
_renamed = {}


def install_as_torch():
    """Make `import torch`, from here on and in this process only, mean fastgd.

    Every module of torch that a regression script uses is there: `torch.nn.functional`, `torch.utils.data` and so on.
    `torch.__version__` is "2.13.0+fastgd", classes print as torch's, and pickles name fastgd's, so that they can be
    read where this function was not called. A second call does nothing. Command line: `python -m fastgd script.py`.

    Returns:
        None.

    Raises:
        RuntimeError: the real torch has been imported already.

    Example:
        >>> import fastgd
        >>> fastgd.install_as_torch()
        >>> import torch
        >>> torch.ones(2)
        tensor([1., 1.])
    """
    if _Finder in sys.meta_path:
        return
    if "torch" in sys.modules:
        raise RuntimeError(
            "install_as_torch() must come before the first import of torch, but torch has been imported from "
            f"{getattr(sys.modules['torch'], '__file__', 'an unknown place')}: call it at the top of the program"
        )
    sys.meta_path.insert(0, _Finder)
    for name, module in list(sys.modules.items()):
        if name.startswith("fastgd."):
            _rename_classes(module)
    import_module("torch")


def _rename_classes(module):
    """Gives the classes that a module of fastgd defines the names that they have in torch."""
    for kind in list(vars(module).values()):
        if isinstance(kind, type) and kind.__module__ == module.__name__ and kind.__name__ in _HOME_OF:
            _renamed[kind] = kind.__module__, kind.__qualname__
            home = _HOME_OF[kind.__name__]
            try:
                kind.__module__ = home
            except TypeError:  # a compiled class
                rename(kind, home)
            copyreg.pickle(kind, _reduced)


def _source(path):
    """The module of fastgd that has the names of torch's at path."""
    while path and path not in _SAME:
        path = path.rpartition(".")[0]
    return import_module(f"fastgd.{path}".rstrip("."))


def _public(source):
    """The names that a module of torch has from one of fastgd, those included that are loaded when asked for."""
    return [
        name for name in dir(source) if not name.startswith("_") and not isinstance(vars(source).get(name), ModuleType)
    ]


class _Finder:
    """Finds torch and all its modules. First in sys.meta_path, so that no finder goes on to the real ones."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        top, _, inner = name.partition(".")
        if top == "fastgd":
            return _renaming(PathFinder.find_spec(name, path, target))
        if top != "torch":
            return None
        if inner and inner not in _PATHS:
            # Without a name: the import system takes an error that bears the name for an answer to `from ... import`.
            raise ModuleNotFoundError(f"No module or name '{name}': fastgd covers linear models; {name} needs torch")
        # All are packages, so that every missing name comes to the error above.
        return ModuleSpec(name, _Loader, origin=sys.modules["fastgd"].__file__, is_package=True)


def _renaming(spec):
    """The spec of a module of fastgd; when the module is loaded, its classes are renamed."""
    if spec is not None and spec.loader is not None:
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _rename_classes(module)

        spec.loader.exec_module = exec_module
    return spec


class _Loader:
    """Fills a module of torch's name with what fastgd has for it."""

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        inner = module.__name__.partition(".")[2]
        source = _source(inner)
        vars(module).update({name: vars(source)[name] for name in _public(source) if name in vars(source)})

        def __getattr__(name):
            path = f"{inner}.{name}".lstrip(".")
            if path in _PATHS:
                return import_module(f"torch.{path}")
            try:
                found = getattr(source, name)
            except AttributeError:
                raise AttributeError(
                    f"module '{module.__name__}' has no attribute '{name}': fastgd covers linear models; "
                    f"{module.__name__}.{name} needs torch",
                    name=name,
                    obj=module,
                ) from None
            if not name.startswith("_") and not isinstance(found, ModuleType):
                setattr(module, name, found)
            return found

        def __dir__():
            inside = {path.rpartition(".")[2] for path in _PATHS if path.rpartition(".")[0] == inner}
            return sorted({*vars(module), *_public(source), *inside})

        module.__getattr__, module.__dir__ = __getattr__, __dir__
        if inner in ("", "version"):
            module.__version__ = "2.13.0+fastgd"


class _Name(NamedTuple):
    """A class in a pickle."""

    module: str
    name: str


def _reduced(thing):
    """How `thing` would be reduced if its class had kept fastgd's name."""
    made = thing.__reduce_ex__(4)
    if isinstance(made, str):
        return _found, (_Name("fastgd", made),)
    function, arguments, *rest = made
    return _remade, tuple(map(_by_name, (function, *arguments))), *rest


def _by_name(value):
    return _Name(*_renamed[value]) if isinstance(value, type) and value in _renamed else value


def _remade(*parts):
    function, *arguments = (_found(part) if isinstance(part, _Name) else part for part in parts)
    return function(*arguments)


def _found(name):
    return getattr(import_module(name.module), name.name)
