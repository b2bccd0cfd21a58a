"""Optimizers, under torch.optim's names."""

from . import lr_scheduler
from .adaptive import Adagrad, Adam, AdamW, RMSprop
from .lbfgs import LBFGS
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["LBFGS", "SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]


def __getattr__(name):
    raise AttributeError(
        f"module 'fastgd.optim' has no attribute '{name}': fastgd covers linear models, torch.optim.{name} needs torch"
    )
