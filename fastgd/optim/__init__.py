"""Optimizers, under torch.optim's names."""

from . import lr_scheduler, swa_utils
from .adaptive import Adagrad, Adam, AdamW, RMSprop
from .lbfgs import LBFGS
from .optimizer import Optimizer
from .ruled import ASGD, Adadelta, Adamax, NAdam, RAdam, Rprop
from .sgd import SGD

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "Optimizer", "RAdam", "RMSprop",
    "Rprop", "lr_scheduler", "swa_utils",
]  # fmt: skip


def __getattr__(name):
    raise AttributeError(
        f"module 'fastgd.optim' has no attribute '{name}': fastgd covers linear models, torch.optim.{name} needs torch"
    )
