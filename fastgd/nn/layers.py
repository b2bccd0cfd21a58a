"""Layers without parameters: Identity, Flatten and the activations of small regressions."""

from . import functional
from .module import Module


class Identity(Module):
    """The input as it is; takes any arguments.

    Example:
        >>> nn.Identity(54, unused=True)(fastgd.tensor([1.0]))
        tensor([1.])
    """

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input


class Flatten(Module):
    """The dimensions from start_dim to end_dim as one; shares memory.

    Args:
        start_dim: default 1, which keeps the rows.
        end_dim: default -1.

    Raises:
        IndexError: a dimension that the input does not have.

    Example:
        >>> nn.Flatten(0, 1)(fastgd.zeros(4, 1)).shape
        torch.Size([4])
    """

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input):
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


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


class Sigmoid(Module):
    """1 / (1 + exp(-x)).

    Example:
        >>> nn.Sigmoid()(fastgd.tensor([0.0]))
        tensor([0.5000])
    """

    def forward(self, input):
        return input.sigmoid()


class Tanh(Module):
    """The hyperbolic tangent.

    Example:
        >>> nn.Tanh()(fastgd.tensor([0.0]))
        tensor([0.])
    """

    def forward(self, input):
        return input.tanh()
