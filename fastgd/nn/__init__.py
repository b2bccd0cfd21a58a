"""Models and losses, under torch.nn's names."""

from typing import TYPE_CHECKING

from .. import _later
from .._tensor import Parameter
from . import functional, init
from .linear import Linear
from .loss import MSELoss, _Loss  # losses that a script defines begin with it
from .module import Module
from .sequential import Sequential

if TYPE_CHECKING:
    from . import utils
    from .activations import (
        ELU,
        GELU,
        SELU,
        Hardtanh,
        LeakyReLU,
        LogSigmoid,
        LogSoftmax,
        ReLU,
        ReLU6,
        SiLU,
        Sigmoid,
        Softmax,
        Softplus,
        Softshrink,
        Softsign,
        Tanh,
    )
    from .batchnorm import BatchNorm1d
    from .buffer import Buffer
    from .container import ModuleDict, ModuleList, ParameterDict, ParameterList
    from .layers import Dropout, Flatten, Identity, Unflatten
    from .lazy import LazyLinear, UninitializedParameter
    from .losses import (
        BCELoss,
        BCEWithLogitsLoss,
        CrossEntropyLoss,
        GaussianNLLLoss,
        HingeEmbeddingLoss,
        HuberLoss,
        KLDivLoss,
        L1Loss,
        NLLLoss,
        PoissonNLLLoss,
        SmoothL1Loss,
        SoftMarginLoss,
    )

__getattr__, __dir__, _names = _later.attributes(
    __name__,
    "utils",
    activations="""ELU GELU Hardtanh LeakyReLU LogSigmoid LogSoftmax ReLU ReLU6 SELU SiLU Sigmoid Softmax Softplus
        Softshrink Softsign Tanh""",
    batchnorm="BatchNorm1d",
    buffer="Buffer",
    container="ModuleDict ModuleList ParameterDict ParameterList",
    layers="Dropout Flatten Identity Unflatten",
    lazy="LazyLinear UninitializedParameter",
    losses="""BCELoss BCEWithLogitsLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss
        NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss""",
)
__all__ = ["Linear", "MSELoss", "Module", "Parameter", "Sequential", "functional", "init", *_names]
