"""Products summed over dimensions that are named: inner, tensordot, einsum."""

import numpy as np

from .._tensor import apply, named_as, row
from .._types import advised
from .products import dot, mm
from .publishing import publish


def inner(input, other):
    """The products summed over the last dimension of both."""
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.ndim == 1 and other.ndim == 1:
        return named_as(dot(input, other), "ViewBackward0")
    return tensordot(input, other, dims=([-1], [-1]))


def tensordot(a, b, dims=2):
    """Products summed over dimensions of both: the last `dims` of a with the first of b, or two lists."""
    if isinstance(dims, int):
        dims = (range(a.ndim - dims, a.ndim), range(dims))
    left = [axis % a.ndim for axis in ([dims[0]] if isinstance(dims[0], int) else dims[0])]
    right = [axis % b.ndim for axis in ([dims[1]] if isinstance(dims[1], int) else dims[1])]
    kept_left = [axis for axis in range(a.ndim) if axis not in left]
    kept_right = [axis for axis in range(b.ndim) if axis not in right]
    summed = 1
    for axis, other in zip(left, right):
        if a.shape[axis] != b.shape[other]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[axis]} in dim {axis} and second "
                f"has size {b.shape[other]} in dim {other}"
            )
        summed *= a.shape[axis]
    rows = a.permute(*kept_left, *left).reshape(-1, summed)
    columns = b.permute(*right, *kept_right).reshape(summed, -1)
    sizes = [*(a.shape[axis] for axis in kept_left), *(b.shape[axis] for axis in kept_right)]
    return mm(rows, columns).reshape(sizes)


def _letters(equation, arrays):
    """The index letters of each operand and of the result; an ellipsis becomes letters of its own."""
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    inputs = inputs.split(",")
    if len(inputs) != len(arrays):
        raise advised(
            RuntimeError(
                f"einsum(): {'more' if len(arrays) > len(inputs) else 'fewer'} operands were provided than specified "
                "in the equation"
            ),
            f"They are {len(arrays)} for '{equation}'.",
        )
    spare = [letter for letter in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if letter not in equation]
    widest = ""
    for i, (part, array) in enumerate(zip(inputs, arrays)):
        if "..." in part:
            extra = array.ndim - len(part) + 3
            letters = "".join(spare[:extra][::-1])
            widest = max(widest, letters, key=len)
            inputs[i] = part.replace("...", letters)
    if not arrow:
        together = "".join(inputs)
        output = widest + "".join(sorted(c for c in set(together) if together.count(c) == 1 and c not in widest))
    return inputs, output.replace("...", widest)


def _einsum_forward(*arrays, equation):
    inputs, output = _letters(equation, arrays)
    try:
        return np.einsum(",".join(inputs) + "->" + output, *arrays, optimize=len(arrays) > 2)
    except ValueError as error:
        raise RuntimeError(f"einsum(): {_einsum_mistake(inputs, output, arrays) or error}") from None


def _einsum_mistake(inputs, output, arrays):
    """What torch says of operands that the equation does not fit."""
    sizes = {}
    for at, (letters, array) in enumerate(zip(inputs, arrays)):
        if len(letters) != array.ndim:
            return (
                f"the number of subscripts in the equation ({len(letters)}) does not match the number of dimensions "
                f"({array.ndim}) for operand {at} and no ellipsis was given"
            )
        for letter, size in zip(letters, array.shape):
            before = sizes.setdefault(letter, size)
            if size != before and 1 not in (size, before):
                return (
                    f"subscript {letter} has size {size} for operand {at} which does not broadcast with previously "
                    f"seen size {before}"
                )
    for letter in output:
        if letter not in sizes:
            return f"output subscript {letter} does not appear in the equation for any input operand"
    return None


class _EinsumGradients:
    """The gradient of operand i: the same sum with the output's gradient in its place."""

    def __getitem__(self, i):
        def gradient(g, out, *arrays, equation):
            inputs, output = _letters(equation, arrays)
            wanted = inputs[i]
            if len(set(wanted)) != len(wanted):
                raise NotImplementedError(f"einsum: no gradient of an operand with a repeated index: '{wanted}'")
            others = [letters for j, letters in enumerate(inputs) if j != i]
            known = set(output).union(*others)
            kept = "".join(letter for letter in wanted if letter in known)
            rest = [array for j, array in enumerate(arrays) if j != i]
            made = np.einsum(",".join([output, *others]) + "->" + kept, g, *rest)
            # An index that only this operand has was summed over: its gradient is the same along it.
            shape = [size if letter in known else 1 for letter, size in zip(wanted, arrays[i].shape)]
            return np.broadcast_to(made.reshape(shape), arrays[i].shape)

        return gradient


def _einsum_label(*arrays, equation):
    """grad_fn's name, by what torch makes of the equation: it is a product of matrices unless nothing is summed."""
    inputs, output = _letters(equation, arrays)
    summed = not set(output).issuperset("".join(inputs))
    if len(inputs) == 1:
        return "SumBackward1" if summed else "PermuteBackward0"
    return "ViewBackward0" if summed else "MulBackward0"


_einsum_rows = {}


def _einsum_row(count):
    """The row for so many operands, each of whose gradients reads all the others."""
    if count not in _einsum_rows:
        needs = (range(count),) * count
        _einsum_rows[count] = row(f"einsum_{count}", _einsum_forward, _EinsumGradients(), needs, label=_einsum_label)
    return _einsum_rows[count]


def einsum(equation, *operands):
    """Sums of products by index letters: einsum("nd,dk->nk", X, W)."""
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return apply(_einsum_row(len(operands)), operands, {"equation": equation})


publish("inner", inner, inner.__doc__)
