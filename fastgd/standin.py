"""fastgd under the name torch, for scripts that import torch and are to run as they are."""

import copyreg
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from operator import attrgetter
from types import ModuleType
from typing import NamedTuple

from ._naming import rename

# Modules that have the same name in both.
_SAME = (
    "autograd", "autograd.functional", "backends", "backends.cuda", "backends.cudnn", "backends.mkl", "backends.mps",
    "cuda", "distributions", "linalg", "nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler",
    "optim.swa_utils", "random", "special", "testing", "utils", "utils.data", "version",
)  # fmt: skip

# Where torch defines its classes: they print by these names, and some scripts import them from there.
_HOMES = {
    "": "Size Tensor device dtype finfo iinfo memory_format",
    "_C": "Generator",
    "autograd.function": "Function",
    "autograd.grad_mode": "enable_grad inference_mode no_grad set_grad_enabled",
    "autograd.variable": "",
    "functional": "",
    "serialization": "",
    "distributions.distribution": "Distribution",
    "distributions.multivariate_normal": "MultivariateNormal",
    "distributions.normal": "Normal",
    "distributions.uniform": "Uniform",
    "nn.modules": "",
    "nn.modules.activation": "ELU GELU LeakyReLU LogSigmoid LogSoftmax ReLU SiLU Sigmoid Softmax Softplus Tanh",
    "nn.modules.batchnorm": "BatchNorm1d",
    "nn.modules.container": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "nn.modules.dropout": "Dropout",
    "nn.modules.flatten": "Flatten Unflatten",
    "nn.modules.linear": "Identity LazyLinear Linear",
    "nn.modules.loss": (
        "BCELoss BCEWithLogitsLoss CrossEntropyLoss GaussianNLLLoss HuberLoss L1Loss MSELoss NLLLoss PoissonNLLLoss "
        "SmoothL1Loss _Loss"
    ),
    "nn.modules.module": "Module",
    "nn.parameter": "Parameter",
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
    "utils.data.sampler": (
        "BatchSampler RandomSampler Sampler SequentialSampler SubsetRandomSampler WeightedRandomSampler"
    ),
}

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
    for home, names in _HOMES.items():
        source = _source(home)
        for name in names.split():
            kind = getattr(source, name, None)
            if isinstance(kind, type) and kind.__module__.startswith("fastgd."):
                _rename(kind, ".".join(filter(None, ("torch", home))))
    import_module("torch")


def _rename(kind, module):
    _renamed[kind] = kind.__module__, kind.__qualname__
    try:
        kind.__module__ = module
    except TypeError:  # a compiled class
        rename(kind, f"{module}.{kind.__qualname__}")
    copyreg.pickle(kind, _reduced)


def _source(path):
    """The module of fastgd, or what serves as one there, that has the names of torch's at path; None without one."""
    while path and path not in _SAME:
        path = path.rpartition(".")[0]
    name = ".".join(filter(None, ("fastgd", path)))
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
    try:
        return attrgetter(path)(import_module("fastgd"))
    except AttributeError:
        return None


class _Finder:
    """Finds torch and all its modules. First in sys.meta_path, so that no finder goes on to the real ones."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        top, _, inner = name.partition(".")
        if top != "torch":
            return None
        if inner and inner not in _SAME and inner not in _HOMES or _source(inner) is None:
            # Without a name: the import system takes an error that bears the name for an answer to `from ... import`.
            raise ModuleNotFoundError(f"No module or name '{name}': fastgd covers linear models; {name} needs torch")
        # All are packages, so that every missing name comes to the error above.
        return ModuleSpec(name, _Loader, origin=sys.modules["fastgd"].__file__, is_package=True)


class _Loader:
    """Fills a module of torch's name with what fastgd has for it."""

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        inner = module.__name__.partition(".")[2]
        source = _source(inner)
        public = {name: value for name, value in vars(source).items() if not name.startswith("_")}
        vars(module).update({name: value for name, value in public.items() if not isinstance(value, ModuleType)})

        def __getattr__(name):
            try:
                return getattr(source, name)
            except AttributeError:
                raise AttributeError(
                    f"module '{module.__name__}' has no attribute '{name}': fastgd covers linear models; "
                    f"{module.__name__}.{name} needs torch",
                    name=name,
                    obj=module,
                ) from None

        module.__getattr__ = __getattr__
        if inner in ("", "version"):
            module.__version__ = "2.13.0+fastgd"
        for path in (*_SAME, *_HOMES):
            if path and path.rpartition(".")[0] == inner and _source(path) is not None:
                import_module(f"torch.{path}")


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
