"""Buffer: a tensor that a Module keeps with its state when it is set as an attribute."""

from .._tensor import Tensor
from ..creation import empty


class _IsBuffer(type):
    def __instancecheck__(cls, given):
        return isinstance(given, Tensor) and getattr(given, "_is_buffer", False)

    def __call__(cls, data=None, *, persistent=True):
        if data is None:
            data = empty(0)
        made = data.detach().requires_grad_(data.requires_grad)
        made.persistent = persistent
        made._is_buffer = True
        return made


class Buffer(metaclass=_IsBuffer):
    """A tensor on the memory of the given one, which a Module registers as `register_buffer` does.

    Args:
        data: the tensor; an empty one if None.
        persistent: whether it belongs to the state dict.

    Example:
        >>> class Shifted(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.shift = nn.Buffer(fastgd.zeros(2))
        >>> list(Shifted().state_dict())
        ['shift']
    """
