"""Layers without parameters."""

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


class Unflatten(Module):
    """One dimension as several.

    Args:
        dim: the dimension.
        unflattened_size: the sizes that it becomes; one may be -1.

    Example:
        >>> nn.Unflatten(1, (2, 2))(fastgd.zeros(3, 4)).shape
        torch.Size([3, 2, 2])
    """

    def __init__(self, dim, unflattened_size):
        super().__init__()
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input):
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Dropout(Module):
    """While training, sets elements to 0 with the probability p and divides the others by 1 - p; else the input.

    Args:
        p: default 0.5.
        inplace: writes into its input.

    Raises:
        ValueError: a p outside [0, 1].

    Example:
        >>> nn.Dropout(0.5).eval()(fastgd.ones(2))
        tensor([1., 1.])

    References: Srivastava et al., 2014.
    """

    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        functional.check_dropout(p)
        self.p = p
        self.inplace = inplace

    def forward(self, input):
        return functional.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"
