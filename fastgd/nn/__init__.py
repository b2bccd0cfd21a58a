"""Models and losses, under torch.nn's names."""

from .._tensor import Parameter
from . import functional, init, utils
from .container import ModuleDict, ModuleList, ParameterDict, ParameterList
from .layers import Flatten, Identity, ReLU, Sigmoid, Tanh
from .linear import Linear
from .loss import MSELoss
from .losses import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, HuberLoss, L1Loss, PoissonNLLLoss, SmoothL1Loss
from .module import Module
from .sequential import Sequential

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Flatten",
    "HuberLoss",
    "Identity",
    "L1Loss",
    "Linear",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "PoissonNLLLoss",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SmoothL1Loss",
    "Tanh",
    "functional",
    "init",
    "utils",
]


def __getattr__(name):
    raise AttributeError(
        f"module 'fastgd.nn' has no attribute '{name}': fastgd covers linear models, torch.nn.{name} needs torch"
    )
