"""torch.special: the special functions, which are fastgd's own under these names."""

from . import _later
from .ops import (
    digamma,
    erf,
    erfc,
    erfinv,
    exp2,
    expm1,
    lgamma,
    log1p,
    log_softmax,
    logit,
    logsumexp,
    round,
    sigmoid,
    softmax,
    xlogy,
)

expit, gammaln, psi = sigmoid, lgamma, digamma

__all__ = [
    "digamma", "erf", "erfc", "erfinv", "exp2", "expit", "expm1", "gammaln", "log1p", "log_softmax", "logit",
    "logsumexp", "psi", "round", "softmax", "xlogy",
]  # fmt: skip

__getattr__, __dir__, _names = _later.attributes(__name__)
