"""Arithmetic of two operands, comparisons, logic."""

import numpy as np

from .. import _affine  # noqa: F401 (fills in what is recognised)
from .._tensor import Tensor, apply, apply_inplace, row
from .._types import advised, of_array
from .._warnings import warn_once
from ._loops import same
from .promotion import floating, promoted
from .publishing import NO_OPTIONS, OUT, alias, check_tensor, into, publish, unary


def _true_divide(a, b):
    # A number is made a Python float: it shall not widen what becomes the default dtype.
    return np.divide(*[floating(operand) if isinstance(operand, np.ndarray) else float(operand) for operand in (a, b)])


_BY_MULTIPLICATION = frozenset(range(2, 9))


def _power(a, b):
    if isinstance(b, (int, float)):
        # numpy's power takes 40 ns an element where a product takes a fraction of one.
        if b in _BY_MULTIPLICATION:
            return _product_of(a, int(b))
        if a.dtype.kind == "f":
            if b == 0.5:
                return np.sqrt(a)
            if b == -1:
                return np.reciprocal(a)
            if b < 0 and -b in _BY_MULTIPLICATION:
                return np.reciprocal(_product_of(a, int(-b)))
    if a.dtype.kind in "iu" and np.ndim(b) == 0 and b < 0:
        raise advised(RuntimeError("Integers to negative integer powers are not allowed."), "Convert it with .float().")
    return np.power(a, b)


def _product_of(a, times):
    if a.dtype.kind == "b":
        a = a.astype(np.int64)
    square = np.square(a)
    if times == 2:
        return square
    if times == 3:
        return square * a
    half = square if times < 6 else _product_of(a, times // 2)
    return half * half if times % 2 == 0 else half * half * a


def _power_gradient(g, out, a, b):
    if isinstance(b, np.ndarray):
        return np.where(b == 0, 0, g * b * np.power(a, np.where(b == 0, 1, b - 1)))
    if b == 0:
        return np.zeros_like(a)
    if b == 1:
        return g
    return g * (b * _power(a, b - 1)) if b != 2 else g * (2 * a)


def _exponent_gradient(g, out, a, b):
    return np.where((np.asarray(a) == 0) & (np.asarray(b) >= 0), 0, g * out * np.log(a))


_add = row("add", promoted(np.add), (lambda g, out, a, b: g, lambda g, out, a, b: g), ((), ()))


def _no_bools(function):
    """A difference of numbers: torch has none of truth values."""
    numbers = promoted(function)

    def forward(a, b):
        first = a.dtype.kind == "b" if isinstance(a, np.ndarray) else isinstance(a, bool)
        second = b.dtype.kind == "b" if isinstance(b, np.ndarray) else isinstance(b, bool)
        if first or second:
            raise RuntimeError(
                "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
                "operator instead."
                if first and second
                else "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert "
                "a mask, use the `~` or `logical_not()` operator instead."
            )
        return numbers(a, b)

    return forward


_sub = row("sub", _no_bools(np.subtract), (lambda g, out, a, b: g, lambda g, out, a, b: -g), ((), ()))
_rsub = row(
    "rsub",
    _no_bools(lambda a, b: np.subtract(b, a)),
    (lambda g, out, a, b: -g, lambda g, out, a, b: g),
    ((), ()),
    label=lambda a, b: "RsubBackward0" if isinstance(b, np.ndarray) else "RsubBackward1",
)
_mul = row("mul", promoted(np.multiply), (lambda g, out, a, b: g * b, lambda g, out, a, b: g * a), ((1,), (0,)))
_div = row(
    "div",
    promoted(_true_divide),
    (lambda g, out, a, b: g / b, lambda g, out, a, b: -g * (a / b) / b),
    ((1,), (0, 1)),
)
_pow = row(
    "pow",
    promoted(_power),
    (_power_gradient, _exponent_gradient),
    ((0, 1), (0, 1, OUT)),
    label=lambda a, b: "PowBackward1" if isinstance(b, np.ndarray) else "PowBackward0",
)
_rpow = row(
    "rpow",
    promoted(lambda a, b: np.power(b, a)),
    (lambda g, out, a, b: _exponent_gradient(g, out, b, a), None),
    ((0, OUT), ()),
    label="PowBackward2",
)


def note_old_order(name, old, new):
    """Warns of the order that arguments had before torch 0.4, a factor first: add(input, alpha, other)."""
    if not name.endswith("_"):
        old = f"Tensor input, {old}, *, Tensor out = None"
        new = f"Tensor input, {new}, Tensor out = None"
    warn_once(
        f"This overload of {name} is deprecated:\n\t{name}({old})\n"
        f"Consider using one of the following signatures instead:\n\t{name}({new})",
        about="old order",
    )


def _binary(name, made, doc, alpha=False, numbers=True):
    """The function, the method and the in-place method of a row of two arguments."""

    def check(input, other, name=name, position=2):
        if not isinstance(input, Tensor) and not (
            numbers and isinstance(other, Tensor) and isinstance(input, (float, int))
        ):
            check_tensor(name, "input", 1, input)
        if not isinstance(other, (Tensor, float, int) if numbers else Tensor):
            other = _operand(name, position, other, numbers)
        return other

    def call(input, other, *, out=None):
        result = apply(made, (input, check(input, other)), NO_OPTIONS)
        return result if out is None else into(out, result)

    factor = ("Number alpha, Tensor other", "Tensor other, *, Number alpha = 1")

    def scaled(input, other, *old, alpha=1, out=None):
        if old:
            note_old_order(name, *factor)
            alpha, (other,) = other, old
        other = check(input, other)
        result = apply(made, (input, other if alpha == 1 else other * alpha), NO_OPTIONS)
        return result if out is None else into(out, result)

    def inplace(input, other):
        return apply_inplace(made, (input, check(input, other, name + "_", 1)), NO_OPTIONS)

    def scaled_inplace(input, other, *old, alpha=1):
        if old:
            note_old_order(name + "_", *factor)
            alpha, (other,) = other, old
        other = check(input, other, name + "_", 1)
        return apply_inplace(made, (input, other if alpha == 1 else other * alpha), NO_OPTIONS)

    return publish(name, scaled if alpha else call, doc, scaled_inplace if alpha else inplace)


def _operand(name, position, given, numbers):
    if numbers and isinstance(given, np.generic):
        return given.item()
    check_tensor(name, "other", position, given)


def _by_operand(name):
    """grad_fn's name: 0 for a number as the second operand, 1 for a tensor."""
    return lambda a, b: f"{name}Backward{int(isinstance(b, np.ndarray))}"


def _plain(name, function, doc, numbers=True):
    return _binary(name, row(name, promoted(function)), doc, numbers=numbers)


add = _binary("add", _add, "input + alpha * other.", alpha=True)
sub = _binary("sub", _sub, "input - alpha * other.", alpha=True)
subtract = alias("subtract", "sub")
rsub = _binary("rsub", _rsub, "other - input.")
mul = _binary("mul", _mul, "input * other.")
multiply = alias("multiply", "mul")
true_divide = _binary("true_divide", _div, "input / other.")


def _whole(function):
    """A division whose integers have no infinity for 0."""

    def divided(a, b):
        made = function(a, b)
        if made.dtype.kind != "f" and not (b.all() if isinstance(b, np.ndarray) else b):
            raise RuntimeError("ZeroDivisionError")
        return made

    return promoted(divided)


def _no_gradient(g, out, a, b):
    raise RuntimeError("derivative for aten::floor_divide is not implemented")


floor_divide = _binary(
    "floor_divide",
    row("floor_divide", _whole(np.floor_divide), (_no_gradient,) * 2, ((), ()), label="NotImplemented"),
    "input / other, rounded down.",
)
remainder = _binary(
    "remainder",
    row(
        "remainder",
        _whole(np.remainder),
        (lambda g, out, a, b: g, lambda g, out, a, b: -g * np.floor_divide(a, b)),
        ((), (0, 1)),
        label=_by_operand("Remainder"),
    ),
    "What is left of input / other, with the sign of other.",
)
fmod = _binary(
    "fmod",
    row(
        "fmod",
        _whole(np.fmod),
        (lambda g, out, a, b: g, lambda g, out, a, b: -g * np.trunc(a / b)),
        ((), (0, 1)),
        label=_by_operand("Fmod"),
    ),
    "What is left of input / other, with the sign of input.",
)


def _halves(chosen):
    """The gradients of a choice between two: each gets what was taken from it, and half where they are equal."""
    share = lambda g, first, second: g * np.where(first == second, g.dtype.type(0.5), chosen(first, second))  # noqa: E731
    return lambda g, out, a, b: share(g, a, b), lambda g, out, a, b: share(g, b, a)


def _choice(name, function, chosen, doc):
    return _binary(name, row(name, promoted(function), _halves(chosen), ((0, 1), (0, 1))), doc, numbers=False)


maximum = _choice("maximum", np.maximum, np.greater, "The larger of two elements; NaN if one is NaN.")
minimum = _choice("minimum", np.minimum, np.less, "The smaller of two elements; NaN if one is NaN.")
fmax = _choice("fmax", np.fmax, np.greater, "The larger of two elements, NaN left aside.")
fmin = _choice("fmin", np.fmin, np.less, "The smaller of two elements, NaN left aside.")
atan2 = _binary(
    "atan2",
    row(
        "atan2",
        promoted(lambda a, b: np.arctan2(floating(a), floating(b))),
        (lambda g, out, a, b: g * b / (a * a + b * b), lambda g, out, a, b: -g * a / (a * a + b * b)),
        ((0, 1), (0, 1)),
    ),
    "The angle of the point (other, input).",
    numbers=False,
)
arctan2 = alias("arctan2", "atan2")
hypot = _binary(
    "hypot",
    row("hypot", promoted(np.hypot), (lambda g, out, a, b: g * a / out, lambda g, out, a, b: g * b / out),
        ((0, OUT), (1, OUT))),
    "sqrt(input^2 + other^2).",
    numbers=False,
)  # fmt: skip
logaddexp = _binary(
    "logaddexp",
    row(
        "logaddexp",
        promoted(np.logaddexp),
        (lambda g, out, a, b: g * np.exp(a - out), lambda g, out, a, b: g * np.exp(b - out)),
        ((0, OUT), (1, OUT)),
    ),
    "log(exp(input) + exp(other)).",
    numbers=False,
)
xlogy = _binary(
    "xlogy",
    row(
        "xlogy",
        promoted(lambda a, b: np.where(np.equal(a, 0) & ~np.isnan(b), 0, a * np.log(b)).astype(np.result_type(a, b))),
        (lambda g, out, a, b: g * np.where(np.equal(a, 0) & (b <= 0), 0, np.log(b)), lambda g, out, a, b: g * a / b),
        ((0, 1), (0, 1)),
    ),
    "input * log(other), and 0 where input is 0.",
)


def _rounded_row(name, function):
    zeros = lambda g, out, a, b: np.zeros_like(g)  # noqa: E731
    return row(name, _whole(function), (zeros, zeros), ((), ()), label="DivBackward2")


_div_floor = _rounded_row("div_floor", np.floor_divide)
_div_trunc = _rounded_row("div_trunc", lambda a, b: np.trunc(np.divide(a, b)).astype(np.result_type(a, b)))


def div(input, other, *, rounding_mode=None, out=None):
    if rounding_mode is None:
        return true_divide(input, other, out=out)
    return apply(_rounded(rounding_mode), (input, other), NO_OPTIONS)


def _div_inplace(input, other, *, rounding_mode=None):
    made = _div if rounding_mode is None else _rounded(rounding_mode)
    return apply_inplace(made, (input, other), NO_OPTIONS)


def _rounded(mode):
    if mode not in ("floor", "trunc"):
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{mode}'")
    return _div_floor if mode == "floor" else _div_trunc


publish("div", div, "input / other; rounded towards 0 or down by rounding_mode 'trunc' or 'floor'.", _div_inplace)
divide = alias("divide", "div")


def pow(input, exponent, *, out=None):
    if not isinstance(input, Tensor):
        check_tensor("pow", "exponent", 2, exponent)
        return apply(_rpow, (exponent, input), NO_OPTIONS)
    result = apply(_pow, (input, exponent), NO_OPTIONS)
    return result if out is None else into(out, result)


publish("pow", pow, "input ** exponent; one of them may be a number.",
        lambda input, exponent: apply_inplace(_pow, (input, exponent), NO_OPTIONS))  # fmt: skip


def float_power(input, exponent):
    """input ** exponent in float64."""
    return pow(*[given.double() if isinstance(given, Tensor) else float(given) for given in (input, exponent)])


def _mixed(a, b, weight):
    return a + weight * (b - a)


_lerp = row(
    "lerp",
    _mixed,
    (
        lambda g, out, a, b, w: g * (1 - w),
        lambda g, out, a, b, w: g * w,
        lambda g, out, a, b, w: g * (b - a),
    ),
    ((2,), (2,), (0, 1)),
    label=lambda a, b, w: "LerpBackward1" if isinstance(w, np.ndarray) else "LerpBackward0",
)


def lerp(input, end, weight):
    return apply(_lerp, (input, end, weight), NO_OPTIONS)


publish("lerp", lerp, "input + weight * (end - input).",
        lambda input, end, weight: apply_inplace(_lerp, (input, end, weight), NO_OPTIONS))  # fmt: skip

_addcmul = row(
    "addcmul",
    lambda a, b, c, value: a + value * b * c,
    (
        lambda g, out, a, b, c, value: g,
        lambda g, out, a, b, c, value: g * (value * c),
        lambda g, out, a, b, c, value: g * (value * b),
    ),
    ((), (2,), (1,)),
)
_addcdiv = row(
    "addcdiv",
    lambda a, b, c, value: a + value * b / c,
    (
        lambda g, out, a, b, c, value: g,
        lambda g, out, a, b, c, value: g * (value / c),
        lambda g, out, a, b, c, value: -g * (value * b) / (c * c),
    ),
    ((), (2,), (1, 2)),
)


def _plus_scaled(name, made, doc):
    def scaled(run, name):
        def call(input, tensor1, tensor2, *old, value=1):
            if old:
                note_old_order(
                    name,
                    "Number value, Tensor tensor1, Tensor tensor2",
                    "Tensor tensor1, Tensor tensor2, *, Number value = 1",
                )
                value, tensor1, (tensor2,) = tensor1, tensor2, old
            return run(made, (input, tensor1, tensor2), {"value": value})

        return call

    return publish(name, scaled(apply, name), doc, scaled(apply_inplace, name + "_"))


addcmul = _plus_scaled("addcmul", _addcmul, "input + value * tensor1 * tensor2.")
addcdiv = _plus_scaled("addcdiv", _addcdiv, "input + value * tensor1 / tensor2.")


# ---- comparison and logic

eq = _plain("eq", np.equal, "input == other, element by element.")
ne = _plain("ne", np.not_equal, "input != other, element by element.")
lt = _plain("lt", np.less, "input < other, element by element.")
le = _plain("le", np.less_equal, "input <= other, element by element.")
gt = _plain("gt", np.greater, "input > other, element by element.")
ge = _plain("ge", np.greater_equal, "input >= other, element by element.")
not_equal = alias("not_equal", "ne")
less = alias("less", "lt")
less_equal = alias("less_equal", "le")
greater = alias("greater", "gt")
greater_equal = alias("greater_equal", "ge")
logical_and = _plain("logical_and", np.logical_and, "Whether both are not 0.", numbers=False)
logical_or = _plain("logical_or", np.logical_or, "Whether one is not 0.", numbers=False)
logical_xor = _plain("logical_xor", np.logical_xor, "Whether exactly one is not 0.", numbers=False)
logical_not = unary("logical_not", row("logical_not", np.logical_not), "Whether an element is 0.")


def _bitwise(name, symbol, function, kernel=None):
    kernel = kernel or f"bitwise_{name}"

    def forward(a, b):
        if a.dtype.kind == "f":
            raise advised(
                NotImplementedError(f"\"{kernel}_cpu\" not implemented for '{of_array(a).legacy}'"),
                "Only integers and bools have bits.",
            )
        return function(a, b)

    return _plain("bitwise_" + name, forward, f"input {symbol} other, bit by bit.")


bitwise_and = _bitwise("and", "&", np.bitwise_and)
bitwise_or = _bitwise("or", "|", np.bitwise_or)
bitwise_xor = _bitwise("xor", "^", np.bitwise_xor)
bitwise_left_shift = _bitwise("left_shift", "<<", np.left_shift, "lshift")
bitwise_right_shift = _bitwise("right_shift", ">>", np.right_shift, "rshift")


def _inverted(a):
    if a.dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return np.invert(a)


bitwise_not = unary("bitwise_not", row("bitwise_not", _inverted), "~input, bit by bit.")


def _close(a, b, rtol, atol, equal_nan):
    made = np.equal(a, b)
    if a.dtype.kind == "b":
        return made
    if a.dtype.kind != "f":
        a, b = a.astype(np.float64), b.astype(np.float64)
    error = np.abs(np.subtract(a, b))
    made |= np.isfinite(error) & (error <= atol + np.abs(rtol * b))
    return made | np.isnan(a) & np.isnan(b) if equal_nan else made


isclose_row = row("isclose", _close)


def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether |input - other| <= atol + rtol * |other|, element by element."""
    if input.dtype != other.dtype:
        raise advised(
            RuntimeError(f"{input.dtype.legacy} did not match {other.dtype.legacy}"), "Convert one with .to(dtype)."
        )
    return apply(isclose_row, (input, other), {"rtol": rtol, "atol": atol, "equal_nan": equal_nan})


def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether all elements are close: |input - other| <= atol + rtol * |other|."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def equal(input, other):
    """Whether two tensors have the same shape and the same elements."""
    check_tensor("equal", "other", 2, other)
    made = same(input, other)
    return bool(eq(input, other).all()) if made is None else made


for _function in (isclose, allclose, equal, float_power):
    publish(_function.__name__, _function, _function.__doc__)
