"""Which type an operation has: torch's rules, on numpy's dtypes."""

import functools
import warnings

import numpy as np

from .._tensor import Tensor, apply, apply_inplace, from_array, get_default_dtype, is_grad_enabled, method
from .._types import advised, as_dtype, kind_name, of_array, of_numpy


def default():
    """numpy's name of the default dtype."""
    return get_default_dtype().numpy


def promoted(function):
    """A ufunc with torch's promotion: a 0-d tensor or a number never widens a type of its own kind."""

    def forward(a, b):
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
            if a.dtype is not b.dtype:
                dtype = promote(a, b)
                a, b = a.astype(dtype, copy=False), b.astype(dtype, copy=False)
        elif isinstance(b, np.ndarray):
            b, a = with_number(b, a)
        else:
            a, b = with_number(a, b)
        try:
            return function(a, b)
        except ValueError:
            raise sizes_error(a, b) from None

    return forward


def sizes_error(a, b):
    """torch's error for two arrays that do not broadcast."""
    a, b = np.shape(a), np.shape(b)
    for back in range(1, min(len(a), len(b)) + 1):
        if a[-back] != b[-back] and 1 not in (a[-back], b[-back]):
            return advised(
                RuntimeError(
                    f"The size of tensor a ({a[-back]}) must match the size of tensor b ({b[-back]}) at non-singleton "
                    f"dimension {max(len(a), len(b)) - back}"
                ),
                f"The shapes are {list(a)} and {list(b)}: counted from the last, sizes must be equal, or 1.",
            )
    return RuntimeError(f"shapes {list(a)} and {list(b)} do not go together")


def not_expanded(shape, sizes):
    """torch's error for a shape that does not expand to these sizes."""
    for back in range(1, len(shape) + 1):
        if shape[-back] != 1 and sizes[-back] not in (-1, shape[-back]):
            return RuntimeError(
                f"The expanded size of the tensor ({sizes[-back]}) must match the existing size ({shape[-back]}) at "
                f"non-singleton dimension {len(sizes) - back}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(shape)}"
            )
    return RuntimeError(f"a tensor of sizes {list(shape)} does not expand to {list(sizes)}")


def _rank(dtype):
    return 0 if dtype.kind == "b" else 2 if dtype.kind == "f" else 1


def promote(a, b):
    """torch's result type of two arrays: dimensions first, then kind, then size."""
    if (a.ndim == 0) != (b.ndim == 0):
        strong, weak = (b, a) if a.ndim == 0 else (a, b)
        return strong.dtype if _rank(weak.dtype) <= _rank(strong.dtype) else weak.dtype
    return promote_types_of_numpy(a.dtype, b.dtype)


def promote_types_of_numpy(a, b):
    """torch's result type of two dtypes: integers with floats give the float."""
    if _rank(a) != _rank(b):
        return a if _rank(a) > _rank(b) else b
    return np.promote_types(a, b)


def with_number(array, number):
    """An array and a Python number as operands: numpy's weak numbers, but a float makes integers the default dtype."""
    kind = array.dtype.kind
    if kind == "f" or isinstance(number, bool):
        return array, number
    if isinstance(number, float):
        return array.astype(default()), number
    if kind == "b":
        return array.astype(np.int64), number
    # Wraps around where the number is too large, as torch's does.
    return array, np.array(number).astype(array.dtype)[()]


def floating(a):
    """The array itself, or, if it holds no floats, in the default dtype."""
    return a if a.dtype.kind == "f" else a.astype(default())


def one_type(arrays):
    """All arrays in the type that they promote to."""
    dtype = arrays[0].dtype
    for array in arrays:
        if array.dtype is not dtype:
            for other in arrays:
                dtype = promote_types_of_numpy(dtype, other.dtype)
            return [array.astype(dtype, copy=False) for array in arrays]
    return arrays


def promote_types(type1, type2):
    """The dtype that elements of two dtypes have together."""
    return of_numpy(promote_types_of_numpy(as_dtype(type1).numpy, as_dtype(type2).numpy))


def result_type(tensor1, tensor2):
    """The dtype of arithmetic on two tensors, or on a tensor and a number."""
    return of_array(promoted(lambda a, b: np.add(a, b))(*[_sample(given) for given in (tensor1, tensor2)]))


def _sample(given):
    return np.zeros((1,) * min(given.ndim, 1), given.dtype.numpy) if isinstance(given, Tensor) else type(given)(0)


def can_cast(from_, to):
    """Whether writing one dtype into the other is allowed: never from floats to integers, nor to bool."""
    return _rank(as_dtype(from_).numpy) <= _rank(as_dtype(to).numpy)


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


NO_OPTIONS = {}


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
