"""Derivatives of functions, under torch.autograd.functional's names."""

import numpy as np

from .._grad_mode import enable_grad
from .._tensor import Tensor, from_array, grad_of, refuse_create_graph
from .._types import advised


def _tensors(given, what, name):
    """A tuple of the tensors, and whether it was given as one."""
    several = isinstance(given, tuple)
    tensors = given if several else (given,)
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise advised(
                TypeError(
                    f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the given {what} "
                    f"has type {type(tensor)}."
                ),
                "Convert it with fastgd.tensor(...).",
            )
    return tensors, several


def _run(func, inputs, name, create_graph):
    if create_graph:
        refuse_create_graph()
    inputs, several_in = _tensors(inputs, "inputs", name)
    inputs = [tensor.detach().requires_grad_() for tensor in inputs]
    with enable_grad():
        outputs, several_out = _tensors(func(*inputs), "outputs of the user-provided function", name)
    return inputs, several_in, outputs, several_out


def _gradients(output, inputs, gradient):
    """As arrays, zeros for what the output does not depend on."""
    if not output.requires_grad:
        return [np.zeros(tensor.shape, tensor.dtype.numpy) for tensor in inputs]
    found = grad_of((output,), tuple(inputs), (gradient,), True)
    return [
        np.zeros(tensor.shape, tensor.dtype.numpy) if made is None else made.numpy()
        for tensor, made in zip(inputs, found, strict=True)
    ]


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """The derivative of each element of what func returns with respect to each element of its inputs.

    Args:
        func: takes tensors, returns one tensor or a tuple.
        inputs: a tensor or a tuple.
        create_graph: second derivatives, which fastgd does not have.
        strict, vectorize, strategy: accepted; an output that does not depend on an input has zeros.

    Returns:
        A tensor of the output's sizes followed by the input's; with several inputs a tuple of these, with several
        outputs a tuple of what each would give.

    Raises:
        TypeError: inputs or outputs that are no tensors.
        NotImplementedError: create_graph.

    Example:
        >>> fastgd.autograd.functional.jacobian(lambda w: w**2, fastgd.tensor([1.0, 3.0]))
        tensor([[2., 0.],
                [0., 6.]])
    """
    inputs, several_in, outputs, several_out = _run(func, inputs, "jacobian", create_graph)
    made = []
    for output in outputs:
        rows = []
        for i in range(output.numel()):
            unit = np.zeros(output.numel(), output.dtype.numpy)
            unit[i] = 1
            rows.append(_gradients(output, inputs, from_array(unit.reshape(output.shape))))
        blocks = tuple(
            from_array(np.array(column, tensor.dtype.numpy).reshape(*output.shape, *tensor.shape))
            for tensor, column in zip(inputs, zip(*rows, strict=True), strict=True)
        )
        made.append(blocks if several_in else blocks[0])
    return tuple(made) if several_out else made[0]


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """Second derivatives, which fastgd does not have: raises NotImplementedError."""
    raise NotImplementedError(
        "hessian() asks for second derivatives: fastgd's tape has first derivatives only. Write the gradient out and "
        "take its jacobian(), or use torch"
    )
