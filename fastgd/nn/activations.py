"""The activations of small regressions."""

from . import functional
from .module import Module


class ReLU(Module):
    """max(x, 0).

    Args:
        inplace: writes into its input.

    Example:
        >>> nn.ReLU()(fastgd.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input):
        return functional.relu(input, self.inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class LeakyReLU(Module):
    """x above 0, negative_slope x below.

    Args:
        negative_slope: default 0.01.
        inplace: writes into its input.

    Example:
        >>> nn.LeakyReLU(0.1)(fastgd.tensor([-1.0, 2.0]))
        tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input):
        return functional.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self):
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class ELU(Module):
    """x above 0, alpha (exp(x) - 1) below.

    Args:
        alpha: default 1.
        inplace: writes into its input.

    Example:
        >>> nn.ELU()(fastgd.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input):
        return functional.elu(input, self.alpha, self.inplace)

    def extra_repr(self):
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class SELU(Module):
    """1.0507 times x above 0 and 1.6733 (exp(x) - 1) below, which keeps the mean at 0 and the variance at 1.

    Args:
        inplace: writes into its input.

    Example:
        >>> nn.SELU()(fastgd.tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])

    Reference: Klambauer et al., 2017.
    """

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input):
        return functional.selu(input, self.inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class Hardtanh(Module):
    """x between two bounds, and the nearer bound outside.

    Args:
        min_val, max_val: the bounds, -1 and 1 by default.
        inplace: writes into its input.

    Example:
        >>> nn.Hardtanh()(fastgd.tensor([-2.0, 0.5]))
        tensor([-1.0000,  0.5000])
    """

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False):
        super().__init__()
        self.min_val, self.max_val = min_val, max_val
        self.inplace = inplace

    def forward(self, input):
        return functional.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class ReLU6(Hardtanh):
    """min(max(x, 0), 6).

    Args:
        inplace: writes into its input.

    Example:
        >>> nn.ReLU6()(fastgd.tensor([-2.0, 0.5, 7.0]))
        tensor([0.0000, 0.5000, 6.0000])
    """

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class Softsign(Module):
    """x / (1 + |x|).

    Example:
        >>> nn.Softsign()(fastgd.tensor([-1.0, 3.0]))
        tensor([-0.5000,  0.7500])
    """

    def forward(self, input):
        return functional.softsign(input)


class Softshrink(Module):
    """x moved towards 0 by lambd, as far as 0.

    Args:
        lambd: default 0.5.

    Example:
        >>> nn.Softshrink()(fastgd.tensor([-2.0, 0.3]))
        tensor([-1.5000,  0.0000])
    """

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def forward(self, input):
        return functional.softshrink(input, self.lambd)

    def extra_repr(self):
        return str(self.lambd)


class SiLU(Module):
    """x sigmoid(x).

    Args:
        inplace: writes into its input.

    Example:
        >>> nn.SiLU()(fastgd.tensor([0.0, 2.0]))
        tensor([0.0000, 1.7616])
    """

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input):
        return functional.silu(input, self.inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class GELU(Module):
    """x times the probability that a normal variable is below x.

    Args:
        approximate: "none" (default), or "tanh" for a faster formula that is a little off.

    Example:
        >>> nn.GELU()(fastgd.tensor([0.0, 2.0]))
        tensor([0.0000, 1.9545])
    """

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return functional.gelu(input, approximate=self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + exp(beta x)) / beta, and x where beta x is above the threshold.

    Args:
        beta: default 1.
        threshold: default 20.

    Example:
        >>> nn.Softplus()(fastgd.tensor([0.0]))
        tensor([0.6931])
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        return functional.softplus(input, self.beta, self.threshold)

    def extra_repr(self):
        return f"beta={self.beta}, threshold={self.threshold}"


class Sigmoid(Module):
    """1 / (1 + exp(-x)).

    Example:
        >>> nn.Sigmoid()(fastgd.tensor([0.0]))
        tensor([0.5000])
    """

    def forward(self, input):
        return input.sigmoid()


class LogSigmoid(Module):
    """-log(1 + exp(-x)).

    Example:
        >>> nn.LogSigmoid()(fastgd.tensor([0.0]))
        tensor([-0.6931])
    """

    def forward(self, input):
        return functional.logsigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent.

    Example:
        >>> nn.Tanh()(fastgd.tensor([0.0]))
        tensor([0.])
    """

    def forward(self, input):
        return input.tanh()


class Softmax(Module):
    """exp(x) / sum(exp(x)) along dim.

    Args:
        dim: the dimension of the classes.

    Example:
        >>> nn.Softmax(dim=1)(fastgd.zeros(1, 2))
        tensor([[0.5000, 0.5000]])
    """

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return functional.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self):
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """The logarithm of Softmax.

    Args:
        dim: the dimension of the classes.

    Example:
        >>> nn.LogSoftmax(dim=1)(fastgd.zeros(1, 2))
        tensor([[-0.6931, -0.6931]])
    """

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return functional.log_softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self):
        return f"dim={self.dim}"
