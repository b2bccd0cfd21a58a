"""What tests compare tensors with, under torch.testing's name."""

import numpy as np

from ._tensor import Tensor
from ._types import float64
from .creation import as_tensor, tensor

# (relative, absolute): what a result may differ by from rounding alone.
_TOLERANCES = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def assert_close(
    actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False, check_device=True,
    check_dtype=True, check_layout=True, check_stride=False, msg=None,
):  # fmt: skip
    """Raises an AssertionError unless |actual - expected| <= atol + rtol |expected|, element by element.

    Args:
        actual, expected: tensors, numbers or arrays, or lists, tuples and dicts of them.
        rtol, atol: both or neither; by default 1.3e-6 and 1e-5 for float32, 1e-7 twice for float64, 0 for integers.
        equal_nan: whether NaN is close to NaN.
        check_dtype: whether the dtypes have to be equal.
        msg: the error's text, or a function of it.

    Raises:
        AssertionError: they differ in value, shape or dtype.
        ValueError: one of rtol and atol without the other.

    Example:
        >>> fastgd.testing.assert_close(fastgd.tensor(1.0), fastgd.tensor(1.0 + 1e-7))
    """
    if (rtol is None) != (atol is None):
        raise ValueError("Both 'rtol' and 'atol' must be either specified or unspecified, but got one of them")
    difference = _difference(actual, expected, rtol, atol, equal_nan, check_dtype, "")
    if difference:
        raise AssertionError(difference if msg is None else msg(difference) if callable(msg) else msg)


def _difference(actual, expected, rtol, atol, equal_nan, check_dtype, place):
    """What differs, as a text; None if nothing does."""
    options = rtol, atol, equal_nan, check_dtype
    if isinstance(actual, dict) and isinstance(expected, dict):
        if actual.keys() != expected.keys():
            return f"The keys of the mappings do not match{place}: {list(actual)} and {list(expected)}"
        pairs = [(actual[key], expected[key], f"{place}\n\nThe failure occurred for item [{key!r}]") for key in actual]
    elif isinstance(actual, (list, tuple)) and isinstance(expected, (list, tuple)):
        if len(actual) != len(expected):
            return f"The length of the sequences mismatch: {len(actual)} != {len(expected)}{place}"
        pairs = [
            (*pair, f"{place}\n\nThe failure occurred for item [{i}]") for i, pair in enumerate(zip(actual, expected))
        ]
    else:
        return _difference_of_tensors(actual, expected, *options, place)
    return next(filter(None, (_difference(mine, other, *options, where) for mine, other, where in pairs)), None)


def _difference_of_tensors(actual, expected, rtol, atol, equal_nan, check_dtype, place):
    scalars = not isinstance(actual, Tensor) and not isinstance(expected, Tensor)
    actual, expected = (
        tensor(given, dtype=float64) if isinstance(given, float) else as_tensor(given) for given in (actual, expected)
    )
    if actual.shape != expected.shape:
        return f"The values for attribute 'shape' do not match: {actual.shape} != {expected.shape}.{place}"
    if check_dtype and actual.dtype != expected.dtype:
        return f"The values for attribute 'dtype' do not match: {actual.dtype} != {expected.dtype}.{place}"
    if rtol is None:
        found = [_TOLERANCES.get(tensor.dtype.name, (0.0, 0.0)) for tensor in (actual, expected)]
        rtol, atol = (max(pair) for pair in zip(*found))
    allowed = [f" (up to {limit} allowed)" if rtol or atol else "" for limit in (atol, rtol)]
    # In float64, so that the tolerance is not rounded.
    a, b = (np.asarray(tensor.detach().numpy(), np.float64) for tensor in (actual, expected))
    wrong = ~np.isclose(a, b, rtol, atol, equal_nan)
    if not wrong.any():
        return None
    whole = actual.dtype.numpy.kind not in "fc"
    with np.errstate(all="ignore"):
        absolute = np.where(wrong, np.abs(a - b), 0)
        relative = np.where(wrong, absolute / np.abs(b), 0)
    if whole:
        a, b, absolute = (values.astype(np.int64) for values in (a, b, absolute))
    if scalars or not a.ndim:
        name = "Scalars" if not a.ndim else "Tensor-likes"
        exact = f"Expected {b.item()} but got {a.item()}."
        return (
            f"{name} are not close!\n\n{exact}\n"
            f"Absolute difference: {absolute.item()}{allowed[0]}\n"
            f"Relative difference: {relative.item()}{allowed[1]}{place}"
        )
    worst = [np.unravel_index(np.argmax(size), a.shape) for size in (absolute, relative)]
    at_absolute, at_relative = (tuple(map(int, place)) for place in worst)
    return (
        f"Tensor-likes are not {'close' if rtol or atol else 'equal'}!\n\n"
        f"Mismatched elements: {wrong.sum()} / {a.size} ({wrong.mean():.1%})\n"
        f"Greatest absolute difference: {absolute[at_absolute]} at index {at_absolute}{allowed[0]}\n"
        f"Greatest relative difference: {relative[at_relative]} at index {at_relative}{allowed[1]}{place}"
    )


__all__ = ["assert_close"]
