"""Gradients clipped, and parameters as one vector."""

import math
import warnings

import numpy as np

from .._tensor import Tensor, from_array, prepare_write
from ..autograd import no_grad


def _gradients(parameters):
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Shrinks the gradients together, in place, so that the norm of all of them is at most max_norm.

    Each gradient is multiplied by min(1, max_norm / (norm + 1e-6)).

    Args:
        parameters: a tensor, or an iterable of tensors; those without a gradient are passed over.
        max_norm: the largest norm.
        norm_type: 2 (default), another power, or infinity for the largest element.
        error_if_nonfinite: whether a norm that is NaN or infinite is an error.
        foreach: torch's choice of implementation; accepted, and changes nothing.

    Returns:
        The norm before, a tensor of no dimensions.

    Raises:
        RuntimeError: a norm that is not finite, where error_if_nonfinite.

    Example:
        >>> w = fastgd.tensor([3.0, 4.0], requires_grad=True)
        >>> w.sum().backward()
        >>> nn.utils.clip_grad_norm_([w], max_norm=1.0)
        tensor(1.4142)
        >>> w.grad
        tensor([0.7071, 0.7071])
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    norm = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, norm, foreach)
    return norm


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of all tensors' elements together.

    Args:
        tensors: a tensor, or an iterable of tensors, such as gradients.
        norm_type, error_if_nonfinite, foreach: as for clip_grad_norm_.

    Returns:
        A tensor of no dimensions.

    Example:
        >>> nn.utils.get_total_norm([fastgd.tensor([3.0]), fastgd.tensor([4.0])])
        tensor(5.)
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return from_array(np.zeros((), np.float32))
    with np.errstate(all="ignore"):
        arrays = [tensor.detach().numpy() for tensor in tensors]
        # Norms of norms: each in its own type, as the tensors are.
        norms = np.array([np.linalg.norm(array.reshape(-1), norm_type) for array in arrays])
        norm = np.asarray(np.linalg.norm(norms, norm_type), np.result_type(*arrays))
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return from_array(norm)


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """Multiplies each gradient in place by min(1, max_norm / (total_norm + 1e-6)).

    Args:
        parameters: a tensor, or an iterable of tensors; those without a gradient are passed over.
        max_norm: the largest norm.
        total_norm: a tensor, such as get_total_norm's.
        foreach: torch's choice of implementation; accepted, and changes nothing.

    Example:
        >>> w = fastgd.tensor([3.0, 4.0], requires_grad=True)
        >>> w.sum().backward()
        >>> nn.utils.clip_grads_with_norm_([w], max_norm=1.0, total_norm=fastgd.tensor(2.0))
        >>> w.grad
        tensor([0.5000, 0.5000])
    """
    with no_grad(), np.errstate(all="ignore"):
        factor = float(max_norm) / (total_norm.detach().numpy() + 1e-6)
        for gradient in _gradients(parameters):
            array = prepare_write(gradient)
            # Not `if factor < 1`: a NaN is to be seen.
            array *= array.dtype.type(np.minimum(factor, 1))


def clip_grad_norm(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """`clip_grad_norm_` under its old name."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Cuts every element of the gradients off at -clip_value and clip_value, in place.

    Args:
        parameters: a tensor, or an iterable of tensors; those without a gradient are passed over.
        clip_value: the largest absolute value.
        foreach: torch's choice of implementation; accepted, and changes nothing.

    Example:
        >>> w = fastgd.tensor([3.0, 4.0], requires_grad=True)
        >>> (w * w).sum().backward()
        >>> nn.utils.clip_grad_value_([w], 7.0)
        >>> w.grad
        tensor([6., 7.])
    """
    clip_value = float(clip_value)
    with no_grad():
        for gradient in _gradients(parameters):
            array = prepare_write(gradient)
            np.clip(array, -clip_value, clip_value, out=array)


def parameters_to_vector(parameters):
    """The elements of all parameters, one after another, as one recorded vector.

    Args:
        parameters: an iterable of tensors.

    Returns:
        A tensor of one dimension.

    Example:
        >>> nn.utils.parameters_to_vector([fastgd.ones(1, 2), fastgd.zeros(1)])
        tensor([1., 1., 0.])
    """
    from ..ops import cat

    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec, parameters):
    """Makes the parameters views of the elements of one vector, in the order of parameters_to_vector.

    Args:
        vec: a tensor of one dimension, with at least as many elements as the parameters have.
        parameters: an iterable of tensors, whose `.data` is set.

    Raises:
        TypeError: no tensor. RuntimeError: a vector that is too short.

    Example:
        >>> w = fastgd.zeros(1, 2)
        >>> nn.utils.vector_to_parameters(fastgd.tensor([1.0, 2.0]), [w])
        >>> w
        tensor([[1., 2.]])
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        stop = start + parameter.numel()
        parameter.data = vec[start:stop].view(parameter.shape).data
        start = stop
