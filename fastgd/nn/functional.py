"""Losses and layers as functions, under torch.nn.functional's names."""

import math
import warnings

import numpy as np

from .. import _later, ops
from .._tensor import apply, apply_inplace, from_array, named_as
from .._types import advised
from ..autograd import no_grad
from ..ops import cosine_similarity, linear, pairwise_distance
from . import _activations
from ._loss_functions import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
)

# ---- activations


def relu(input, inplace=False):
    """max(input, 0)."""
    return input.relu_() if inplace else ops.relu(input)


def _activated(rows, input, inplace, **options):
    return (apply_inplace if inplace else apply)(rows[inplace], (input,), options)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input above 0, negative_slope * input below."""
    return _activated(_activations.leaky_relu, input, inplace, slope=negative_slope)


def elu(input, alpha=1.0, inplace=False):
    """input above 0, alpha * (exp(input) - 1) below."""
    return _activated(_activations.elu, input, inplace, alpha=alpha)


def silu(input, inplace=False):
    """input * sigmoid(input)."""
    return _activated(_activations.silu, input, inplace)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """input between two bounds, and the nearer bound outside."""
    return _activated(_activations.hardtanh, input, inplace, low=min_val, high=max_val)


def relu6(input, inplace=False):
    """min(max(input, 0), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


def selu(input, inplace=False):
    """elu with the factor and the alpha that keep the mean at 0 and the variance at 1: see nn.SELU."""
    return _activated(_activations.selu, input, inplace)


def softsign(input):
    """input / (1 + |input|)."""
    return input / (input.abs() + 1)


def softshrink(input, lambd=0.5):
    """input moved towards 0 by lambd, as far as 0: the proximal step of the lasso."""
    return apply(_activations.softshrink, (input,), {"lambd": lambd})


def threshold(input, threshold, value, inplace=False):
    """input above the threshold, else the value."""
    return _activated(_activations.threshold, input, inplace, threshold=threshold, value=value)


def gelu(input, *, approximate="none"):
    """input times the probability that a normal variable is below it; "tanh" approximates that."""
    if approximate == "none":
        below = (input * math.sqrt(0.5)).erf()
    elif approximate == "tanh":
        below = (math.sqrt(2 / math.pi) * (input + 0.044715 * input**3)).tanh()
    else:
        raise RuntimeError("approximate argument must be either none or tanh.")
    return named_as(input * (0.5 * (1 + below)), "GeluBackward0")


def softplus(input, beta=1, threshold=20):
    """log(1 + exp(beta * input)) / beta; input itself where beta * input is above the threshold."""
    return apply(_activations.softplus, (input,), {"beta": beta, "threshold": threshold})


def sigmoid(input):
    """1 / (1 + exp(-input))."""
    return input.sigmoid()


def logsigmoid(input):
    """log(sigmoid(input)), without overflow."""
    return apply(_activations.log_sigmoid, (input,), {})


logsigmoid.__name__ = logsigmoid.__qualname__ = "log_sigmoid"  # what torch's prints as


def tanh(input):
    """The hyperbolic tangent."""
    return input.tanh()


def _dim_of_classes(name, ndim, stacklevel):
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(input) / sum(exp(input)) along dim."""
    return ops.softmax(input, _dim_of_classes("softmax", input.ndim, _stacklevel) if dim is None else dim, dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax of -input along dim."""
    return ops.softmax(-input, _dim_of_classes("softmin", input.ndim, _stacklevel) if dim is None else dim, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax along dim."""
    dim = _dim_of_classes("log_softmax", input.ndim, _stacklevel) if dim is None else dim
    return ops.log_softmax(input, dim, dtype)


# ---- and what stands beside a layer


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """The columns of input less their means, over their standard deviations: see nn.BatchNorm1d.

    Args:
        running_mean, running_var: what takes their place where not training; while training they move towards the
            batch's by the share momentum.
    """
    features = input.shape[1]
    for name, given in (("running_mean", running_mean), ("running_var", running_var), ("weight", weight)):
        if given is not None and given.numel() != features:
            raise RuntimeError(f"{name} should contain {features} elements not {given.numel()}")
    if weight is not None and weight.dtype != input.dtype:
        raise advised(
            RuntimeError("mixed dtype (CPU): all inputs must share same datatype."),
            f"The input is {input.dtype}, the weight {weight.dtype}: call model.double() or input.float().",
        )
    if training and input.numel() == features:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
    array = input.detach().numpy()
    mean, var = (
        _activations.moments(array) if training else (running_mean.detach().numpy(), running_var.detach().numpy())
    )
    made = apply(
        _activations.batch_norm, (input, weight, bias), {"mean": mean, "var": var, "eps": eps, "training": training}
    )
    if training and running_mean is not None:
        rows = array.size // features
        with no_grad():
            running_mean.lerp_(from_array(mean), momentum)
            running_var.lerp_(from_array(var * var.dtype.type(rows / (rows - 1))), momentum)
    return made


def check_dropout(p):
    """An error for what is no probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input, p=0.5, training=True, inplace=False):
    """Elements set to 0 with the probability p, the others divided by 1 - p, drawn as torch draws; see nn.Dropout."""
    check_dropout(p)
    if not training or p == 0 or not input.numel():
        return input
    if p == 1:
        kept = from_array(np.zeros((), input.dtype.numpy))
    else:
        kept = from_array(np.empty_like(input.detach().numpy())).bernoulli_(1 - p).div_(1 - p)
    return input.mul_(kept) if inplace else input.mul(kept)


def one_hot(tensor, num_classes=-1):
    """Each number of a class as a row of zeros with a one.

    Args:
        tensor: int64, of any shape.
        num_classes: the length of the rows; one more than the largest number by default.

    Returns:
        An int64 tensor with one dimension more.

    Example:
        >>> nn.functional.one_hot(fastgd.tensor([0, 2]))
        tensor([[1, 0, 0],
                [0, 0, 1]])
    """
    classes = tensor.detach().numpy()
    if classes.dtype != np.int64:
        raise advised(
            RuntimeError("one_hot is only applicable to index tensor of type LongTensor."), "Convert it with .long()."
        )
    if not classes.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if classes.size and classes.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(classes.max()) + 1
    elif num_classes < 1:
        raise RuntimeError(f"num_classes should be positive, but got {num_classes}")
    elif classes.size and classes.max() >= num_classes:
        raise advised(
            RuntimeError("Class values must be smaller than num_classes."),
            f"{num_classes}, but one is {classes.max()}.",
        )
    return from_array((classes[..., None] == np.arange(num_classes)).astype(np.int64))


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """input divided by its p-norm along dim, or by eps where that is larger."""
    return ops.div(input, input.norm(p, dim, True).clamp_min(eps).expand_as(input), out=out)


def pad(input, pad, mode="constant", value=None):
    """More elements of one value around a tensor: the pairs of `pad` say how many, from the last dimension on.

    Example:
        >>> nn.functional.pad(fastgd.tensor([[2.0], [3.0]]), (1, 0), value=1.0)  # a column of ones in front
        tensor([[1., 2.],
                [1., 3.]])
    """
    if mode != "constant":
        raise NotImplementedError(f"pad: fastgd has the mode 'constant' only; {mode!r} needs torch")
    if len(pad) % 2 or len(pad) > 2 * input.ndim or min(pad) < 0:
        raise RuntimeError(f"pad: expected pairs of numbers from 0 up for at most {input.ndim} dimensions, got {pad}")
    pairs = [tuple(pad[i : i + 2]) for i in range(0, len(pad), 2)]
    widths = [(0, 0)] * (input.ndim - len(pairs)) + pairs[::-1]
    return apply(_activations.pad, (input,), {"widths": tuple(widths), "value": value or 0})


__all__ = [
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "elu",
    "gaussian_nll_loss",
    "gelu",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "poisson_nll_loss",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "threshold",
]

__getattr__, __dir__, _names = _later.attributes(__name__)
