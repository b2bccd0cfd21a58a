"""Initial values of parameters. Each function writes into a tensor, outside the tape, and returns it."""

import math
import warnings

import numpy as np

from .._tensor import from_array
from .._types import advised
from ..autograd import no_grad
from ..random import randperm, stream_of

_GAINS = {"sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
_GAINS |= {f"conv{kind}{d}d": 1 for kind in ("", "_transpose") for d in (1, 2, 3)} | {"linear": 1}


def calculate_gain(nonlinearity, param=None):
    """The factor that keeps the spread of values through a nonlinearity.

    Args:
        nonlinearity: "linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu", or the name of a convolution.
        param: the negative slope of leaky_relu, 0.01 if None.

    Returns:
        1, 1, 5/3, sqrt(2), sqrt(2 / (1 + param^2)), 3/4 and 1, in this order.

    Raises:
        ValueError: another name, or a slope that is no number.

    Example:
        >>> nn.init.calculate_gain("tanh")
        1.6666666666666667
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise advised(ValueError(f"negative_slope {slope} not a valid number"), "Expected an int or a float.")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise advised(
            ValueError(f"Unsupported nonlinearity {nonlinearity}"),
            f"Expected leaky_relu or one of {', '.join(_GAINS)}.",
        )
    return _GAINS[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor):
    """How many inputs and outputs a weight has: (outputs, inputs, *kernel). Layers of one's own use it, too."""
    shape = tensor.shape
    if len(shape) < 2:
        raise advised(
            ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"),
            f"It has shape {tuple(shape)}: use uniform_ or normal_ for a bias.",
        )
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


@no_grad()
def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Fills the tensor with uniforms from [a, b)."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Fills the tensor with normals."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def constant_(tensor, val):
    """Fills the tensor with one value."""
    return tensor.fill_(val)


def ones_(tensor):
    """Fills the tensor with ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor):
    """Fills the tensor with zeros."""
    return constant_(tensor, 0.0)


# The order of the roundings is torch's: the bound of a uniform is sqrt(3) times the standard deviation.


def _xavier_std(tensor, gain):
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return gain * math.sqrt(2.0 / (fan_in + fan_out))


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Fills a weight with uniforms of the bound gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    Args:
        tensor: a weight of shape (outputs, inputs, ...), two dimensions or more.
        gain: see calculate_gain.
        generator: where to draw from; the default generator if None.

    Raises:
        ValueError: fewer than two dimensions.

    Example:
        >>> nn.init.xavier_uniform_(fastgd.empty(3, 5)).shape
        torch.Size([3, 5])
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Fills a weight with normals of the deviation gain * sqrt(2 / (fan_in + fan_out)); as xavier_uniform_."""
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _kaiming_std(tensor, a, mode, nonlinearity):
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan = _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _is_empty(tensor):
    if 0 not in tensor.shape:
        return False
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
    return True


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fills a weight with uniforms of the bound gain * sqrt(3 / fan) (He et al., 2015).

    Args:
        tensor: a weight of shape (outputs, inputs, ...), two dimensions or more.
        a: the negative slope of leaky_relu.
        mode: "fan_in" keeps the spread of values forward, "fan_out" that of gradients backward.
        nonlinearity: see calculate_gain.
        generator: where to draw from; the default generator if None.

    Raises:
        ValueError: fewer than two dimensions, another mode or nonlinearity.

    Example:
        >>> nn.init.kaiming_uniform_(fastgd.empty(3, 5), nonlinearity="relu").shape
        torch.Size([3, 5])
    """
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fills a weight with normals of the deviation gain / sqrt(fan); as kaiming_uniform_."""
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def _below(x):
    """The share of a standard normal below x."""
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


@no_grad()
def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Fills the tensor with normals cut off at a and b.

    Where more than 0.3 of the normal lies within [a, b] (cast to the tensor's dtype), whole tensors are drawn until
    each element was inside once. Where less does, uniforms from [a, b) are accepted with the probability
    exp(-((x - mean) / std)^2 / 2), as a share of its largest value within the bounds.

    Args:
        tensor: of any shape, float32 or float64.
        mean, std: of the normal before it is cut.
        a, b: the bounds.
        generator: where to draw from; the default generator if None.

    Example:
        >>> bool((nn.init.trunc_normal_(fastgd.empty(100), a=0.0).min() >= 0))
        True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
            "incorrect.",
            stacklevel=3,
        )
    if _below((b - mean) / std) - _below((a - mean) / std) > 0.3:
        _redraw(tensor, mean, std, a, b, generator)
    else:
        _reject(tensor, mean, std, a, b, generator)
    return tensor


# Each round draws as many values as there are elements, in their layout, which decides the rule of a normal draw.


def _redraw(tensor, mean, std, a, b, generator):
    values = tensor.normal_(mean, std, generator=generator).detach().numpy()
    while (outside := (values < a) | (values > b)).any():
        drawn = stream_of(generator, "trunc_normal_").normal_(np.empty_like(values), mean, std)
        np.copyto(values, drawn, where=outside)


def _reject(tensor, mean, std, a, b, generator):
    values = tensor.uniform_(a, b, generator=generator).detach().numpy()
    stream = stream_of(generator, "trunc_normal_")
    log_peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    pending = np.ones(values.shape, bool)
    drawn = values.copy()
    while True:
        log_chance = np.square((drawn - mean) / std) * -0.5 - log_peak
        with np.errstate(divide="ignore"):
            pending &= np.log(stream.uniform_(np.empty_like(values))) > log_chance
        if not pending.any():
            return
        stream.uniform_(drawn, a, b)
        np.copyto(values, drawn, where=pending)


@no_grad()
def eye_(tensor):
    """Fills a matrix with the identity: ones on the diagonal, zeros elsewhere.

    Raises:
        ValueError: not two dimensions.
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, but this has {tensor.ndim}")
    return tensor.copy_(from_array(np.eye(*tensor.shape, dtype=tensor.dtype.numpy)))


@no_grad()
def orthogonal_(tensor, gain=1, generator=None):
    """Fills a weight with orthogonal rows or columns, of length gain: the Q of a normal matrix (Saxe et al., 2014).

    Raises:
        ValueError: fewer than two dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, but this has {tensor.ndim}")
    if not tensor.numel():
        return tensor
    drawn = stream_of(generator, "orthogonal_").normal_(
        np.empty((tensor.shape[0], tensor[0].numel()), tensor.dtype.numpy)
    )
    wide = drawn.shape[0] < drawn.shape[1]
    q, r = np.linalg.qr(drawn.T if wide else drawn)
    # With the signs of R's diagonal, Q is uniform among the orthogonal matrices.
    q = q * np.sign(np.diagonal(r))
    return tensor.copy_(from_array(q.T if wide else q).view(tensor.shape)).mul_(gain)


@no_grad()
def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Fills a weight with normal numbers, a share of each column, chosen at random, with zeros.

    Raises:
        ValueError: not two dimensions.
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor[randperm(rows)[:zeros], column] = 0
    return tensor


def _without_underscore(function):
    """The function under the name that it had before torch 0.4."""
    new = function.__name__
    old = new[:-1]

    def deprecated(*args, **options):
        warnings.warn(f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2)
        return function(*args, **options)

    deprecated.__name__ = deprecated.__qualname__ = old
    deprecated.__doc__ = f"`{new}` under its old name."
    return deprecated


uniform, normal, constant, eye, orthogonal = map(_without_underscore, (uniform_, normal_, constant_, eye_, orthogonal_))
sparse = _without_underscore(sparse_)
xavier_uniform, xavier_normal = map(_without_underscore, (xavier_uniform_, xavier_normal_))
kaiming_uniform, kaiming_normal = map(_without_underscore, (kaiming_uniform_, kaiming_normal_))

__all__ = [
    "calculate_gain",
    "constant_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]
