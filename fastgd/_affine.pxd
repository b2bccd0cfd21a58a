"""The affine form, for the compiled modules and for the Trainer."""

from ._kernels cimport Loss
from ._tensor cimport Tensor

# Each gives None where the form does not apply.
cdef Tensor predict_linear(Tensor x, Tensor weight, Tensor bias)
cdef Tensor named_loss(
    str label, Tensor prediction, Tensor target, Loss kind, double delta, bint mean, double factor=*
)
