"""Optimizers, under torch.optim's names."""

from typing import TYPE_CHECKING

from .. import _later
from .optimizer import Optimizer
from .sgd import SGD

if TYPE_CHECKING:
    from . import lr_scheduler, swa_utils
    from .adaptive import Adagrad, Adam, AdamW, RMSprop
    from .lbfgs import LBFGS
    from .ruled import ASGD, Adadelta, Adamax, NAdam, RAdam, Rprop

__getattr__, __dir__, _names = _later.attributes(
    __name__,
    "lr_scheduler swa_utils",
    adaptive="Adagrad Adam AdamW RMSprop",
    lbfgs="LBFGS",
    ruled="ASGD Adadelta Adamax NAdam RAdam Rprop",
)
__all__ = ["Optimizer", "SGD", *_names]
