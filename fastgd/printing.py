"""How a tensor prints, and the options that change it.

The text is torch 2.13's, character for character, and is made from a numpy array alone: `_tensor` hands over
the array and what it knows besides (who recorded it, whether it requires a gradient), and gets the string.
"""

import contextlib
import math
from types import SimpleNamespace

import numpy as np

__all__ = ["get_printoptions", "printoptions", "set_printoptions", "tensor_text"]

_PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}

PRINT_OPTS = SimpleNamespace(**_PROFILES["default"], sci_mode=None)


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Set how tensors print from now on.

    An option that is not given keeps its value, except `sci_mode`, which every call sets.

    Args:
        precision: digits after the point (4 at first).
        threshold: tensors with more elements are printed with their edges only (1000).
        edgeitems: elements shown at each edge of each dimension (3).
        linewidth: characters after which a row goes on in a new line (80).
        profile: "default", "short" or "full": a set of the four above, over which those given win.
        sci_mode: True or False for scientific notation always or never; None (default) lets the values decide:
            the largest magnitude above 1e8 or above 1000 times the smallest, or the smallest below 1e-4.

    Example:
        >>> import fastgd
        >>> fastgd.set_printoptions(precision=2)
        >>> fastgd.tensor([3.14159])
        tensor([3.14])
        >>> fastgd.set_printoptions(profile="default")
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    vars(PRINT_OPTS).update(_PROFILES.get(profile, {}))
    vars(PRINT_OPTS).update({name: value for name, value in given.items() if value is not None}, sci_mode=sci_mode)


def get_printoptions():
    """Return the options in force as a dict, which `set_printoptions(**options)` takes back."""
    return dict(vars(PRINT_OPTS))


@contextlib.contextmanager
def printoptions(**options):
    """Set the options of `set_printoptions` for the length of a with block."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


def tensor_text(array, *, default_dtype=np.float32, requires_grad=False, grad_fn=None, name="tensor"):
    """Return the text that a tensor with these elements prints.

    Args:
        array: numpy array of floats, integers or booleans, of any shape and strides.
        default_dtype: the floating type in force; `dtype=` is printed for the others.
        requires_grad: whether the tensor is a leaf that requires a gradient.
        grad_fn: name of the operation that recorded the tensor, "MulBackward0"; None for a leaf.
        name: the class to print, "tensor" for Tensor and Parameter.

    Example:
        >>> import numpy as np
        >>> from fastgd.printing import tensor_text
        >>> tensor_text(np.array([1.0, 2.5]), requires_grad=True)
        'tensor([1.0000, 2.5000], dtype=torch.float64, requires_grad=True)'
    """
    head = name + "("
    suffixes = []
    if array.size:
        implied = (default_dtype, np.int64, np.bool_)
        shape_hidden = PRINT_OPTS.edgeitems == 0
    else:
        # No elements from which a reader could tell that they are whole numbers, or how they are laid out.
        implied = (default_dtype,)
        shape_hidden = array.ndim != 1
    if shape_hidden:
        suffixes.append(f"size={array.shape}")
    if array.dtype not in implied:
        suffixes.append(f"dtype=torch.{array.dtype.name}")
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")

    text = head + (_elements(array, len(head)) if array.size else "[]")
    # torch counts the last line two longer than it is; later lines it counts right.
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        column += len(suffix) + 2
        if column > PRINT_OPTS.linewidth:
            text += ",\n" + " " * len(head) + suffix
            column = len(head) + len(suffix)
        else:
            text += ", " + suffix
    return text + ")"


def _elements(array, indent):
    """The elements in their brackets, the edges only if there are many."""
    edge = PRINT_OPTS.edgeitems
    cut = array.size > PRINT_OPTS.threshold
    if cut and edge == 0 and array.ndim:
        return "[...]"
    # Which dimensions are printed without their middle, outermost first.
    folded = [cut and size > 2 * edge for size in array.shape]
    for axis, fold in enumerate(folded):
        if fold:
            array = np.take(array, [*range(edge), *range(-edge, 0)], axis)

    cells, width = _cells(array)
    return _brackets(np.array(cells, dtype=object).reshape(array.shape).tolist(), folded, indent, width)


def _brackets(cells, folded, indent, width):
    if not folded:
        return cells
    edge = PRINT_OPTS.edgeitems
    if len(folded) == 1:
        if folded[0]:
            cells[edge:edge] = [" ..."]
        per_line = max(1, math.floor((PRINT_OPTS.linewidth - indent) / (width + 2)))
        parts = [", ".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
        feeds = 1
    else:
        parts = [_brackets(part, folded[1:], indent + 1, width) for part in cells]
        if folded[0]:
            parts[edge:edge] = ["..."]
        feeds = len(folded) - 1
    return "[" + ("," + "\n" * feeds + " " * (indent + 1)).join(parts) + "]"


def _cells(array):
    """The text of every element, padded on the left, and the common width.

    Zeros, infinities and NaN have no say in the width and the notation: where they are longer they stick out.
    """
    values = array.ravel().tolist()
    if array.dtype.kind != "f":
        texts = [str(value) for value in values]
        width = max(map(len, texts))
    else:
        counted = [abs(value) for value in values if value != 0 and math.isfinite(value)]
        suffix = ""
        if counted and _scientific(min(counted), max(counted)):
            spec = f".{PRINT_OPTS.precision}e"
        elif all(value.is_integer() for value in counted):
            spec, suffix = ".0f", "."
        else:
            spec = f".{PRINT_OPTS.precision}f"
        texts = [format(value, spec) + (suffix if math.isfinite(value) else "") for value in values]
        width = max((len(t) for t, v in zip(texts, values) if v != 0 and math.isfinite(v)), default=1)
    return [text.rjust(width) for text in texts], width


def _scientific(low, high):
    if PRINT_OPTS.sci_mode is not None:
        return PRINT_OPTS.sci_mode
    return high / low > 1000 or high > 1e8 or low < 1e-4
