"""Linear: the model."""

from .._affine cimport predict_linear
from .._tensor cimport Tensor
from .module cimport Module

import math

from .. import ops
from .._naming import argument_error, name_constructor, name_methods
from .._tensor import Parameter
from ..creation import empty
from . import init


cdef class Linear(Module):
    """y = x W^T + b.

    Args:
        in_features: columns of x.
        out_features: columns of y.
        bias: whether there is a b.
        device: "cpu" or None.
        dtype: float32 (default) or float64.

    Shapes:
        input (*, in_features), output (*, out_features); weight (out_features, in_features), bias (out_features).

    The weight and the bias start uniform in (-1 / sqrt(in_features), 1 / sqrt(in_features)), drawn as torch does.

    Example:
        >>> model = nn.Linear(3, 1)
        >>> model(fastgd.ones(2, 3)).shape
        torch.Size([2, 1])
    """

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        Module.__init__(self)
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty((out_features, in_features), device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draws the weight and the bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    cdef object run(self, tuple args, dict options):
        # A subclass, or a forward set on the instance, takes the ordinary way.
        if type(self) is Linear and len(args) == 1 and not options and not self._forward_replaced:
            return self._linear(args[0])
        try:
            return self.forward(*args, **options)
        except TypeError as error:
            if type(self) is not Linear:
                raise
            raise argument_error(error, "Linear.forward", ["input"], 1, args, options) from None

    cdef object _linear(self, input):
        cdef Tensor found
        weight = self._parameters.get("weight")
        bias = self._parameters.get("bias")
        if isinstance(input, Tensor) and isinstance(weight, Tensor) and (bias is None or isinstance(bias, Tensor)):
            found = predict_linear(input, weight, bias)
            if found is not None:
                return found
        return ops.linear(input, self.weight, self.bias)

    def forward(self, input):
        return self._linear(input)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


name_constructor(Linear, "in_features out_features bias device dtype", 2)
name_methods(Linear)
