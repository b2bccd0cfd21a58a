"""Losses as modules."""

from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject

from .._affine cimport named_loss
from .._kernels cimport SQUARED
from .._tensor cimport Tensor
from .module cimport Module

from .._naming import argument_error, name_constructor
from . import functional
from ._loss_functions import legacy_reduction

cdef extern from *:
    PyObject **_PyObject_GetDictPtr(object owner)


cdef class _Loss(Module):
    """A loss of a prediction against a target, reduced to its mean or sum."""

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        Module.__init__(self)
        self.reduction = legacy_reduction(size_average, reduce, reduction)


cdef class MSELoss(_Loss):
    """The squared error, (input - target)^2, without a half.

    Args:
        reduction: "mean" (default: the sum divided by the number of elements), "sum", or "none".

    Shapes:
        input and target alike; the loss is a scalar, or of their shape for "none".

    Raises:
        ValueError: another reduction (at the call); (n,) against (n, 1); no rows.

    Example:
        >>> nn.MSELoss()(fastgd.tensor([1.0, 2.0]), fastgd.tensor([1.0, 4.0]))
        tensor(2.)
    """

    cdef object run(self, tuple args, dict options):
        if type(self) is MSELoss and len(args) == 2 and not options and not self._forward_replaced:
            return self._loss(args[0], args[1])
        try:
            return self.forward(*args, **options)
        except TypeError as error:
            if type(self) is not MSELoss:
                raise
            raise argument_error(error, "MSELoss.forward", ["input", "target"], 2, args, options) from None

    cdef object _loss(self, input, target):
        cdef Tensor found
        # In the instance's __dict__, without the way through the registries of a module.
        cdef PyObject *known = PyDict_GetItemWithError(<object>_PyObject_GetDictPtr(self)[0], "reduction")
        reduction = self.reduction if known == NULL else <object>known
        if isinstance(input, Tensor) and isinstance(target, Tensor) and (reduction == "mean" or reduction == "sum"):
            found = named_loss("MseLossBackward0", input, target, SQUARED, 0.0, reduction == "mean")
            if found is not None:
                return found
        return functional.mse_loss(input, target, reduction=reduction)

    def forward(self, input, target):
        return self._loss(input, target)


name_constructor(MSELoss, "size_average reduce reduction", 0)
