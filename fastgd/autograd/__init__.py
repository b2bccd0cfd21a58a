"""Switches for recording, gradients without backward, and operations that a script defines."""

import contextlib

import numpy as np

from .._grad_mode import enable_grad, inference_mode, is_inference_mode_enabled, no_grad, set_grad_enabled
from .._tensor import (
    Tensor,
    apply,
    backward_into,
    backward_of,
    from_array,
    grad_of,
    is_grad_enabled,
    refuse_create_graph,
    row,
    written_by,
)
from .._types import advised
from .._warnings import warn
from . import functional


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=None):
    """The gradients of the sum of outputs with respect to inputs, as a tuple; `.grad` is left alone.

    Args:
        outputs: a recorded tensor or several.
        inputs: leaves or recorded tensors.
        grad_outputs: a gradient for each output, of its shape; 1 for a scalar.
        retain_graph: keeps the tape for another call.
        create_graph: second derivatives, which fastgd does not have.
        allow_unused: None for an input that the outputs do not depend on, instead of an error.

    Returns:
        A tuple of tensors, one an input.

    Raises:
        RuntimeError: an input is not used, or requires no gradient.

    Example:
        >>> w = fastgd.tensor(3.0, requires_grad=True)
        >>> fastgd.autograd.grad(w * w, w)
        (tensor(6.),)
    """
    if create_graph:
        refuse_create_graph()
    outputs = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    grad_outputs = _gradients(grad_outputs, outputs)
    found = grad_of(outputs, inputs, grad_outputs, bool(retain_graph))
    for i, gradient in enumerate(found):
        if gradient is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
    return tuple(found)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None):
    """Adds the gradients of several tensors to the leaves they were computed from.

    Args:
        tensors: a recorded tensor or several.
        grad_tensors: a gradient for each, of its shape; 1 for a scalar.
        retain_graph: keeps the tape for another call.
        create_graph: second derivatives, which fastgd does not have.
        grad_variables: grad_tensors under its old name.
        inputs: the tensors whose `.grad` is added to, instead of all the leaves.
    """
    if grad_variables is not None:
        warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning)
        grad_tensors = grad_variables
    tensors = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
    if create_graph:
        refuse_create_graph()
    gradients = _gradients(grad_tensors, tensors)
    if inputs is None:
        backward_of(tensors, gradients, bool(retain_graph))
    else:
        backward_into(tensors, gradients, inputs, bool(retain_graph))


def _gradients(given, tensors):
    """One for each of the tensors; None stands for 1."""
    if given is None:
        return (None,) * len(tensors)
    return (given,) if isinstance(given, Tensor) else tuple(given)


class _IsTensor(type):
    def __instancecheck__(cls, given):
        return isinstance(given, Tensor)

    def __call__(cls, data=None, requires_grad=False, volatile=False):
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        made = data.detach()
        return made.requires_grad_() if requires_grad else made


class Variable(metaclass=_IsTensor):
    """A tensor on the same memory: what torch's Variable has been since 0.4."""


# ---- operations that a script defines


class FunctionCtx:
    """What forward leaves for backward: save_for_backward(), any attributes, and needs_input_grad."""

    _saved = ()
    _not_differentiable = ()
    _dirty = ()
    _filled = True

    def save_for_backward(self, *tensors):
        """Keeps tensors, which backward finds in saved_tensors."""
        self._saved = tuple((tensor, None if tensor is None else tensor._version) for tensor in tensors)

    @property
    def saved_tensors(self):
        for tensor, version in self._saved:
            if tensor is not None and tensor._version != version:
                raise advised(
                    RuntimeError(
                        "one of the variables needed for gradient computation has been modified by an inplace "
                        f"operation: [{tensor.type()} {list(tensor.shape)}] is at version {tensor._version}; expected "
                        f"version {version} instead. Hint: enable anomaly detection to find the operation that failed "
                        "to compute its gradient, with torch.autograd.set_detect_anomaly(True)."
                    ),
                    "Save a copy (x.clone()).",
                )
        return tuple(tensor for tensor, _ in self._saved)

    def mark_non_differentiable(self, *tensors):
        """Says which outputs have no gradient."""
        self._not_differentiable = tensors

    def mark_dirty(self, *tensors):
        """Says which inputs forward has written to, and returns."""
        self._dirty = tensors

    def set_materialize_grads(self, value):
        """Whether backward gets zeros (True) or None for the outputs that nothing was computed from."""
        self._filled = value


class _Gradients:
    """What backward of a Function returns, one by one: it is called once a gradient."""

    def __getitem__(self, i):
        return lambda g, out, *arrays, ctx, output: ctx.gradient(g, output, i)


class _NeedsNothing:
    def __getitem__(self, i):
        return ()


class _Call:
    """One call of a Function."""

    def __init__(self, function, args):
        self.function = function
        self.ctx = FunctionCtx()
        self.ctx.needs_input_grad = tuple(isinstance(arg, Tensor) and arg.requires_grad for arg in args)
        with no_grad():
            if function.setup_context is Function.setup_context:
                made = function.forward(self.ctx, *args)
            else:
                made = function.forward(*args)
                function.setup_context(self.ctx, args, made)
        self.several = isinstance(made, (tuple, list))
        self.outputs = tuple(made) if self.several else (made,)
        self.like = [(out.shape, out.dtype.numpy) if isinstance(out, Tensor) else None for out in self.outputs]
        self.last = None, None

    def gradient(self, g, output, i):
        if self.last[0] is not g:
            given = [from_array(g) if j == output else self._empty(j) for j in range(len(self.like))]
            with no_grad():
                found = self.function.backward(self.ctx, *given)
            found = found if isinstance(found, (tuple, list)) else (found,)
            wanted = len(self.ctx.needs_input_grad)
            if len(found) < wanted or any(one is not None for one in found[wanted:]):
                raise RuntimeError(
                    f"function {self.function.__name__}Backward returned an incorrect number of gradients (expected "
                    f"{wanted}, got {len(found)})"
                )
            self.last = g, found
        gradient = self.last[1][i]
        return None if gradient is None else gradient.detach().numpy()

    def _empty(self, j):
        if self.like[j] is None or not self.ctx._filled:
            return None
        return from_array(np.zeros(*self.like[j]))


class Function:
    """An operation with a gradient of its own: subclass it with static methods forward(ctx, ...) and backward(ctx, g).

    `Subclass.apply(...)` computes forward, and records it; backward returns one gradient for each argument of forward,
    None for those that have none.

    Example:
        >>> class Cube(fastgd.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x**3
        ...
        ...     @staticmethod
        ...     def backward(ctx, g):
        ...         (x,) = ctx.saved_tensors
        ...         return g * 3 * x**2
        >>> x = fastgd.tensor(2.0, requires_grad=True)
        >>> Cube.apply(x).backward()
        >>> x.grad
        tensor(12.)
    """

    def __init_subclass__(cls):
        cls._row = row(
            f"{cls.__module__}.{cls.__qualname__}",
            lambda *arrays, ctx, output: ctx.outputs[output].detach().numpy(),
            _Gradients(),
            _NeedsNothing(),
            label=cls.__name__ + "Backward",
        )

    def __init__(self, *args, **options):
        warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
        )

    def __call__(self, *args):
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: https://pytorch.org/docs/stable/autograd.html#torch."
            "autograd.Function)"
        )

    @staticmethod
    def forward(ctx, *args):
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Where forward takes no ctx: leaves for backward what it needs."""

    @staticmethod
    def backward(ctx, *grad_outputs):
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function."
        )

    @classmethod
    def apply(cls, *args):
        """Computes the operation and records it."""
        call = _Call(cls, args)
        made = tuple(cls._recorded(call, args, i, out) for i, out in enumerate(call.outputs))
        call.outputs = ()
        return made if call.several else made[0]

    @classmethod
    def _recorded(cls, call, args, i, out):
        if not isinstance(out, Tensor) or any(out is other for other in call.ctx._not_differentiable):
            return out
        made = apply(cls._row, args, {"ctx": call, "output": i})
        return written_by(out, made) if any(out is other for other in call.ctx._dirty) else made


def once_differentiable(function):
    """For backward of a Function: fastgd's gradients are never differentiated again."""
    return function


@contextlib.contextmanager
def detect_anomaly(check_nan=True):
    """Accepted and without effect: an error in backward shows where it was raised."""
    yield


set_detect_anomaly = detect_anomaly


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True):
    """Whether the gradients of func(*inputs) are those that central differences find; in float64.

    Args:
        func: takes the inputs and returns a tensor.
        inputs: a tensor or several; those with requires_grad are checked.
        eps: the step of the differences.
        atol, rtol: how far they may be apart.
        raise_exception: a RuntimeError instead of False.
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    out = func(*inputs)
    weights = np.cos(np.arange(out.numel())).reshape(out.shape).astype(out.dtype.numpy)
    checked = [tensor for tensor in inputs if isinstance(tensor, Tensor) and tensor.requires_grad]
    found = grad(out, checked, from_array(weights), allow_unused=True)
    for i, (tensor, gradient) in enumerate(zip(checked, found)):
        array = tensor.detach().numpy()
        expected = np.empty(array.shape)
        for at in np.ndindex(array.shape):
            before = array[at]
            sides = []
            for moved in (before + eps, before - eps):
                array[at] = moved
                with no_grad():
                    sides.append((func(*inputs).detach().numpy() * weights).sum())
            array[at] = before
            expected[at] = (sides[0] - sides[1]) / (2 * eps)
        got = np.zeros(array.shape) if gradient is None else gradient.numpy()
        if not np.allclose(got, expected, rtol, atol):
            if raise_exception:
                raise RuntimeError(f"Jacobian mismatch for output 0 with respect to input {i}: {got} is not {expected}")
            return False
    return True


__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
