"""A layer that takes its number of features from the first input that it sees."""

from .._tensor import Parameter, become_parameter
from ..creation import empty
from .linear import Linear
from .module import Module


class UninitializedParameter(Parameter):
    """A Parameter whose shape nobody knows yet. It becomes an ordinary one with the first input.

    Example:
        >>> nn.LazyLinear(1).bias
        <UninitializedParameter>
    """

    __slots__ = ()

    @property
    def shape(self):
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` "
            "to initialize the parameters before accessing their attributes."
        )

    def __repr__(self):
        return f"<{type(self).__name__}>"


def LazyLinear(out_features, bias=True, device=None, dtype=None):  # a class in torch
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
    made.weight = UninitializedParameter(empty(0, device=device, dtype=dtype))
    made.register_parameter(
        "bias", UninitializedParameter(empty(0, device=device, dtype=dtype)) if bias else None
    )
    made._get_name = lambda: "LazyLinear"

    def initialize(module, args):
        handle.remove()
        del module._get_name
        module.in_features = args[0].shape[-1]
        for parameter, shape in ((module.weight, (out_features, module.in_features)), (module.bias, out_features)):
            if parameter is not None:
                parameter.data = empty(shape, dtype=parameter.dtype)
                become_parameter(parameter)
        module.reset_parameters()

    handle = made.register_forward_pre_hook(initialize)
    return made
