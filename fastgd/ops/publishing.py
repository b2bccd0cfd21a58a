"""What operations share on their way to users: arguments that are checked, out=..., names, and methods."""

import functools
import warnings

import numpy as np

from .._tensor import Tensor, apply, apply_inplace, from_array, is_grad_enabled, method
from .._types import advised, kind_name

NO_OPTIONS = {}
OUT = -1  # in `needs`: the output


def array_of(input):
    """The elements of a tensor, in its memory."""
    return input.detach().numpy()


def check_tensor(name, argument, position, given):
    """Raises torch's error for an argument that is no tensor."""
    if not isinstance(given, Tensor):
        raise advised(
            TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {kind_name(given)}"),
            "Convert it with fastgd.tensor(...).",
        )


def measure(given, advice):
    """The error of torch where it asks what is no tensor for its size."""
    try:
        given.size()
    except (AttributeError, TypeError) as error:
        raise advised(error, advice) from None


def into(out, made):
    """Writes a result to the tensor that was given as `out`, or several to as many; returns what was given."""
    from .inplace import copy_

    if not isinstance(made, Tensor):
        kind = getattr(type(made), "given_out", type(made))
        return kind([into(tensor, part) for tensor, part in zip(out, made, strict=True)])
    if made.requires_grad or out.requires_grad and is_grad_enabled():
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad: leave out=... away, or compute under no_grad()"
        )
    if not np.can_cast(made.dtype.numpy, out.dtype.numpy, "same_kind"):
        raise RuntimeError(
            f"result type {made.dtype.legacy} can't be cast to the desired output type {out.dtype.legacy}"
        )
    if out.shape != made.shape:
        if out.numel():
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does not "
                f"match the required output shape {list(made.shape)}. Give `out` the shape of the result.",
                stacklevel=3,
            )
        out.data = from_array(np.empty(made.shape, out.dtype.numpy))
    return copy_(out, made)


def with_out(function):
    """A function that takes `out`: the tensor, or tensors, to write its result to."""

    @functools.wraps(function)
    def call(*args, out=None, **options):
        made = function(*args, **options)
        return made if out is None else into(out, made)

    return call


def unary(name, made, doc, inplace=True):
    """The function and the methods of a row of one argument."""

    def call(input, *, out=None):
        if not isinstance(input, Tensor):
            check_tensor(name, "input", 1, input)
        result = apply(made, (input,), NO_OPTIONS)
        return result if out is None else into(out, result)

    return publish(name, call, doc, (lambda input: apply_inplace(made, (input,), NO_OPTIONS)) if inplace else None)


def publish(name, call, doc, inplace=None):
    """Gives a function its name and makes it a method, with its in-place form if it has one."""
    call.__name__ = call.__qualname__ = name
    call.__module__ = "fastgd"
    call.__doc__ = doc
    method(name, call)
    if inplace is not None:
        inplace.__name__ = inplace.__qualname__ = name + "_"
        inplace.__doc__ = f"`{name}`, written to the tensor itself."
        method(name + "_", inplace)
    return call


def alias(other_name, name):
    """Makes a method of Tensor, and its in-place form, known under another name; returns the function."""
    for suffix in ("", "_"):
        function = getattr(Tensor, name + suffix, None)
        if function is not None:
            method(other_name + suffix, function)
    return getattr(Tensor, name)
