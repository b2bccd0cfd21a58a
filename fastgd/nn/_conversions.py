"""A Module's conversions: to other types, and to the devices that torch has. In Python: no training loop calls them."""

import itertools

from .._tensor import Tensor
from .._types import dtype as dtype_type, float16, float32, float64, on_cpu


def _convert(tensor, dtype):
    tensor.data = tensor.data.to(dtype)
    if tensor.grad is not None:
        tensor.grad = tensor.grad.to(dtype)


class Module:
    """What the compiled Module is given."""

    def to(self, *args, **options):
        """Converts the parameters and floating-point buffers to a dtype, in place; returns the module.

        Args:
            args: a floating-point dtype, a device ("cpu"), or a tensor whose dtype is meant.
        """
        dtype = options.get("dtype")
        for given in (*args, options.get("device")):
            if isinstance(given, dtype_type):
                dtype = given
            elif isinstance(given, Tensor):
                dtype = given.dtype
            elif given is not None and not isinstance(given, bool):
                on_cpu(given)
        if dtype is None:
            return self
        if not dtype.is_floating_point:
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        for tensor in itertools.chain(self.parameters(), self.buffers()):
            if tensor.dtype.is_floating_point:
                _convert(tensor, dtype)
        return self

    def type(self, dst_type):
        """Converts all parameters and buffers to a dtype, in place; returns the module."""
        for tensor in itertools.chain(self.parameters(), self.buffers()):
            _convert(tensor, dst_type)
        return self

    def float(self):
        """to(float32)."""
        return self.to(float32)

    def double(self):
        """to(float64)."""
        return self.to(float64)

    def half(self):
        """to(float16)."""
        return self.to(float16)

    def cpu(self):
        """The module itself: it is there already."""
        return self

    def cuda(self, device=None):
        """An error: fastgd runs on the CPU."""
        for tensor in itertools.chain(self.parameters(), self.buffers()):
            tensor.cuda(device)
        return self

    def share_memory(self):
        """The module itself: all threads of this process share it."""
        return self


CONVERSIONS = {name: method for name, method in vars(Module).items() if not name.startswith("__")}
