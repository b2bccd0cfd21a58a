"""The distributions that regression scripts draw noise from and take likelihoods of, under torch.distributions' names.

`sample` draws as torch's: each from the stream of its kind, on a tensor of the whole shape.
"""

import math
from functools import cached_property

import numpy as np

from . import linalg
from ._tensor import Tensor, from_array, get_default_dtype
from ._types import Size
from .autograd import enable_grad, no_grad
from .creation import tensor
from .nn.functional import binary_cross_entropy_with_logits
from .ops import broadcast_tensors, erfinv, xlogy
from .random import bernoulli, normal, poisson, rand

_LOG_2PI = math.log(2 * math.pi)


class Distribution:
    """What they have in common: the shape of a draw is sample_shape, the parameters', and that of one event."""

    def __init__(self, batch_shape, event_shape=()):
        self.batch_shape, self.event_shape = Size(batch_shape), Size(event_shape)

    def _shape(self, sample_shape):
        return Size((*sample_shape, *self.batch_shape, *self.event_shape))

    def sample(self, sample_shape=()):
        """Draws; not recorded."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=()):
        """Draws that are recorded: gradients flow to the parameters."""
        raise NotImplementedError

    def sample_n(self, n):
        """n draws."""
        return self.sample((n,))

    def log_prob(self, value):
        """The logarithm of the density at a value."""
        raise NotImplementedError

    @property
    def stddev(self):
        return self.variance.sqrt()


def _parameters(*given):
    """Tensors that broadcast together, from tensors and numbers."""
    dtype = next((one.dtype for one in given if isinstance(one, Tensor)), get_default_dtype())
    made = [one if isinstance(one, Tensor) else tensor(float(one), dtype=dtype) for one in given]
    return broadcast_tensors(*made) if len(made) > 1 else made


def _check(kind, name, given, holds, constraint):
    if not bool(holds.all()):
        raise ValueError(
            f"Expected parameter {name} ({type(given).__name__} of shape {tuple(given.shape)}) of distribution {kind} "
            f"to satisfy the constraint {constraint}, but found invalid values:\n{given}"
        )


def _positive(kind, name, given):
    _check(kind, name, given, given > 0, "GreaterThan(lower_bound=0.0)")


def _not_negative(kind, name, given):
    _check(kind, name, given, given >= 0, "GreaterThanEq(lower_bound=0.0)")


class _Centred(Distribution):
    """Draws that lie about `loc`, both ways alike, as far as `scale` says."""

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = _parameters(loc, scale)
        if validate_args is not False:
            _positive(self, "scale", self.scale)
        super().__init__(self.loc.shape)

    @property
    def mean(self):
        return self.loc

    mode = mean

    def __repr__(self):
        return f"{type(self).__name__}({_told(self, 'loc', 'scale')})"


class Normal(_Centred):
    """exp(-((x - loc) / scale)^2 / 2) / (scale sqrt(2 pi)).

    Args:
        loc, scale: tensors that broadcast together, or numbers.

    Raises:
        ValueError: a scale that is not above 0.

    Example:
        >>> fastgd.distributions.Normal(0.0, 1.0).log_prob(fastgd.tensor(0.0))
        tensor(-0.9189)
    """

    @property
    def variance(self):
        return self.scale.pow(2)

    @property
    def stddev(self):
        return self.scale

    def sample(self, sample_shape=()):
        shape = self._shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape=()):
        return self.loc + _standard(self._shape(sample_shape), self.loc) * self.scale

    def log_prob(self, value):
        return -((value - self.loc) ** 2) / (2 * self.variance) - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value):
        """The probability of a smaller draw."""
        return 0.5 * (1 + ((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)).erf())

    def icdf(self, value):
        """The number below which a draw lies with a probability."""
        return self.loc + self.scale * erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self):
        """The expectation of -log_prob."""
        return 0.5 + 0.5 * _LOG_2PI + self.scale.log()


def _standard(shape, like):
    return normal(from_array(np.zeros(shape, like.dtype.numpy)), from_array(np.ones(shape, like.dtype.numpy)))


def _told(distribution, *names):
    """The parameters that are known by now: torch, too, computes those that follow from others when they are read."""
    parameters = [(name, vars(distribution)[name]) for name in names if name in vars(distribution)]
    return ", ".join(f"{name}: {given if given.numel() == 1 else given.size()}" for name, given in parameters)


def _when_read(compute):
    """An attribute that is computed once, when it is read, and recorded even then under no_grad."""
    return cached_property(enable_grad()(compute))


class Uniform(Distribution):
    """1 / (high - low) from low to high.

    Args:
        low, high: tensors that broadcast together, or numbers.

    Raises:
        ValueError: a low that is not below its high.

    Example:
        >>> fastgd.distributions.Uniform(0.0, 2.0).mean
        tensor(1.)
    """

    def __init__(self, low, high, validate_args=None):
        self.low, self.high = _parameters(low, high)
        if validate_args is not False and not bool((self.low < self.high).all()):
            raise ValueError("Uniform is not defined when low>= high: expected low < high")
        super().__init__(self.low.shape)

    @property
    def mean(self):
        return (self.high + self.low) / 2

    @property
    def variance(self):
        return (self.high - self.low).pow(2) / 12

    def rsample(self, sample_shape=()):
        drawn = rand(self._shape(sample_shape), dtype=self.low.dtype)
        return self.low + drawn * (self.high - self.low)

    def log_prob(self, value):
        inside = (self.low <= value).to(self.low.dtype) * (self.high > value).to(self.low.dtype)
        return inside.log() - (self.high - self.low).log()

    def __repr__(self):
        return f"Uniform({_told(self, 'low', 'high')})"


class Laplace(_Centred):
    """exp(-|x - loc| / scale) / (2 scale): noise under which the absolute error is the likelihood.

    Args:
        loc, scale: tensors that broadcast together, or numbers.

    Raises:
        ValueError: a scale that is not above 0.

    Example:
        >>> fastgd.distributions.Laplace(0.0, 1.0).log_prob(fastgd.tensor(0.0))
        tensor(-0.6931)
    """

    @property
    def variance(self):
        return 2 * self.scale.pow(2)

    @property
    def stddev(self):
        return math.sqrt(2) * self.scale

    def rsample(self, sample_shape=()):
        eps = np.finfo(self.loc.dtype.numpy).eps
        drawn = from_array(np.empty(self._shape(sample_shape), self.loc.dtype.numpy)).uniform_(float(eps) - 1, 1)
        return self.loc - self.scale * drawn.sign() * (-drawn.abs()).log1p()

    def log_prob(self, value):
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def entropy(self):
        """The expectation of -log_prob."""
        return 1 + (2 * self.scale).log()


class Poisson(Distribution):
    """rate^x exp(-rate) / x!: counts.

    Args:
        rate: a tensor or a number.

    Raises:
        ValueError: a negative rate.

    Example:
        >>> fastgd.distributions.Poisson(2.0).log_prob(fastgd.tensor(0.0))
        tensor(-2.)
    """

    def __init__(self, rate, validate_args=None):
        (self.rate,) = _parameters(rate)
        if validate_args is not False:
            _not_negative(self, "rate", self.rate)
        super().__init__(self.rate.shape)

    @property
    def mean(self):
        return self.rate

    variance = mean

    def sample(self, sample_shape=()):
        with no_grad():
            return poisson(self.rate.expand(self._shape(sample_shape)))

    def log_prob(self, value):
        return xlogy(value, self.rate) - self.rate - (value + 1).lgamma()

    def __repr__(self):
        return f"Poisson({_told(self, 'rate')})"


class Bernoulli(Distribution):
    """1 with a probability, else 0.

    Args:
        probs: the probability, or
        logits: the logarithm of its odds; a tensor or a number.

    Raises:
        ValueError: both, or neither; a probability outside [0, 1].

    Example:
        >>> fastgd.distributions.Bernoulli(logits=0.0).probs
        tensor(0.5000)
    """

    def __init__(self, probs=None, logits=None, validate_args=None):
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if logits is not None:
            (self.logits,) = _parameters(logits)
        else:
            (self.probs,) = _parameters(probs)
            if validate_args is not False:
                inside = (self.probs >= 0) & (self.probs <= 1)
                _check(self, "probs", self.probs, inside, "Interval(lower_bound=0.0, upper_bound=1.0)")
        super().__init__((self.probs if logits is None else self.logits).shape)

    @_when_read
    def probs(self):
        return self.logits.sigmoid()

    @_when_read
    def logits(self):
        return self.probs.logit(float(np.finfo(self.probs.dtype.numpy).eps))

    @property
    def mean(self):
        return self.probs

    @property
    def variance(self):
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        with no_grad():
            return bernoulli(self.probs.expand(self._shape(sample_shape)))

    def log_prob(self, value):
        logits, value = broadcast_tensors(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self):
        """The expectation of -log_prob."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def __repr__(self):
        return f"Bernoulli({_told(self, 'probs', 'logits')})"


class MultivariateNormal(Distribution):
    """exp(-(x - loc)^T C^-1 (x - loc) / 2) / sqrt((2 pi)^d det(C)).

    Args:
        loc: (..., d).
        covariance_matrix: C, (..., d, d); or its inverse as precision_matrix, or its Cholesky factor as scale_tril.

    Raises:
        ValueError: not exactly one of the three; a covariance that is not positive definite.

    Example:
        >>> fastgd.distributions.MultivariateNormal(fastgd.zeros(2), fastgd.eye(2)).log_prob(fastgd.zeros(2))
        tensor(-1.8379)
    """

    def __init__(self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        given = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        given = {name: matrix for name, matrix in given.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if loc.ndim < 1 or matrix.ndim < 2:
            raise ValueError("loc must be at least one-dimensional, and the matrix at least two-dimensional")
        if scale_tril is None:
            try:
                scale_tril = linalg.cholesky(matrix if precision_matrix is None else linalg.inv(matrix))
            except linalg.LinAlgError:
                raise ValueError(
                    f"Expected a positive definite matrix of shape {tuple(matrix.shape)}, but got\n{matrix}"
                ) from None
        self.loc, self._factor = loc, scale_tril
        setattr(self, name, matrix)
        super().__init__(loc.shape[:-1], loc.shape[-1:])

    @property
    def mean(self):
        return self.loc

    mode = mean

    @_when_read
    def covariance_matrix(self):
        return self._factor @ self._factor.transpose(-2, -1)

    @_when_read
    def precision_matrix(self):
        return linalg.inv(self._factor @ self._factor.transpose(-2, -1))

    @_when_read
    def scale_tril(self):
        return self._factor

    @property
    def variance(self):
        return self._factor.pow(2).sum(-1)

    def rsample(self, sample_shape=()):
        drawn = _standard(self._shape(sample_shape), self.loc)
        return self.loc + (self._factor @ drawn.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value):
        difference = (value - self.loc).unsqueeze(-1)
        factor = self._factor.expand((*difference.shape[:-2], *self._factor.shape[-2:]))
        whitened = linalg.solve_triangular(factor, difference, upper=False).squeeze(-1)
        half_log_det = self._factor.diagonal(0, -2, -1).log().sum(-1)
        return -0.5 * (self.event_shape[0] * _LOG_2PI + whitened.pow(2).sum(-1)) - half_log_det

    def __repr__(self):
        return f"MultivariateNormal({_told(self, 'loc', 'covariance_matrix', 'precision_matrix', 'scale_tril')})"


def kl_divergence(p, q):
    """How far the normal distribution p is from q: the expectation under p of log(p / q).

    Raises:
        NotImplementedError: distributions that are not Normal.

    Example:
        >>> Normal = fastgd.distributions.Normal
        >>> fastgd.distributions.kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
        tensor(0.5000)
    """
    if not (isinstance(p, Normal) and isinstance(q, Normal)):
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
        )
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


__all__ = [
    "Bernoulli",
    "Distribution",
    "Laplace",
    "MultivariateNormal",
    "Normal",
    "Poisson",
    "Uniform",
    "kl_divergence",
]
