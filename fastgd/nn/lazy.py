"""A layer that takes its number of features from the first input that it sees."""

from .._tensor import Parameter
from ..creation import empty
from .linear import Linear
from .module import Module


def LazyLinear(out_features, bias=True, device=None, dtype=None):  # noqa: N802 (a class in torch)
    """A Linear without features: the first call gives it those of its input, and draws the weight and the bias.

    Until then its parameters are empty; afterwards they are the same objects, so that an optimizer may have them.

    Args:
        out_features, bias, device, dtype: as for Linear.

    Example:
        >>> model = nn.LazyLinear(1)
        >>> model(fastgd.ones(2, 3)).shape
        torch.Size([2, 1])
        >>> model
        Linear(in_features=3, out_features=1, bias=True)
    """
    made = Linear.__new__(Linear)  # a Linear of no features would warn, and draw
    Module.__init__(made)
    made.in_features, made.out_features = 0, out_features
    made.weight = Parameter(empty(0, device=device, dtype=dtype))
    made.register_parameter("bias", Parameter(empty(0, device=device, dtype=dtype)) if bias else None)
    for parameter in made.parameters():
        parameter.uninitialized = True  # it prints so
    made._get_name = lambda: "LazyLinear"

    def initialize(module, args):
        handle.remove()
        del module._get_name
        module.in_features = args[0].shape[-1]
        for parameter, shape in ((module.weight, (out_features, module.in_features)), (module.bias, out_features)):
            if parameter is not None:
                parameter.data = empty(shape, dtype=parameter.dtype)
                del parameter.uninitialized
        module.reset_parameters()

    handle = made.register_forward_pre_hook(initialize)
    return made
