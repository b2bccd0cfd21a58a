"""Products of vectors and matrices."""

import math

import numpy as np

from .. import _affine
from .._tensor import apply, apply_inplace, linear_arguments, named_as, row, sum_of
from .._types import advised, of_array
from .._warnings import warn_once
from ._loops import product
from .promotion import not_expanded, one_type
from .publishing import NO_OPTIONS, check_tensor, into, publish


def _same_type(a, b):
    if a.dtype != b.dtype:
        vector = of_array(b).legacy
        text = (
            f"addmv input tensors must have the same dtype, but got {vector}, {of_array(a).legacy}, and {vector}"
            if b.ndim == 1
            else f"expected m1 and m2 to have the same dtype, but got: {_c_name(a)} != {_c_name(b)}"
        )
        raise advised(RuntimeError(text), "Convert one: .float(), .double() or .to(dtype).")


def _c_name(array):
    return {"float32": "float", "float64": "double", "int64": "long int", "int32": "int"}.get(
        array.dtype.name, array.dtype.name
    )


def _matmul(a, b):
    made = product(a, b)
    if made is not None:
        return made
    if a.ndim == 0 or b.ndim == 0:
        raise advised(
            RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D"),
            "Use * for numbers.",
        )
    if a.ndim == b.ndim == 1:
        return _dot_forward(a, b)
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise RuntimeError(_shapes_error(a, b))
    _same_type(a, b)
    return np.matmul(a, b)


def _shapes_error(a, b):
    if a.ndim == 1 and b.ndim == 1:
        return (
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same number "
            f"of elements, but got {a.shape[0]} and {b.shape[0]} elements respectively"
        )
    if b.ndim == 1:
        return f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]})"
    rows = int(np.prod(a.shape[:-1]))
    return (
        f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a.shape[-1]} and "
        f"{'x'.join(str(size) for size in b.shape)})"
    )


def _matmul_left(g, out, a, b):
    if b.ndim == 1:
        return np.multiply.outer(g, b) if a.ndim > 1 else g * b
    if a.ndim == 1:
        return np.matmul(b, g[..., None])[..., 0]
    return np.matmul(g, np.swapaxes(b, -1, -2))


def _matmul_right(g, out, a, b):
    if a.ndim == 1:
        return a[:, None] * g[..., None, :] if b.ndim > 1 else g * a
    if b.ndim == 1:
        return a.reshape(-1, a.shape[-1]).T @ np.asarray(g).reshape(-1)
    if b.ndim == 2:
        return a.reshape(-1, a.shape[-1]).T @ g.reshape(-1, g.shape[-1])
    return np.matmul(np.swapaxes(a, -1, -2), g)


_matmul_row = row(
    "matmul",
    _matmul,
    (_matmul_left, _matmul_right),
    ((1,), (0,)),
    label=lambda a, b: _affine.product_name(a.ndim, b.ndim),
)


def matmul(input, other, *, out=None):
    """The matrix product of two tensors: vectors, matrices, or stacks of matrices.

    Args:
        input: (d,), (n, d) or (..., n, d).
        other: (d,), (d, k) or (..., d, k), of the same dtype.

    Raises:
        RuntimeError: sizes or dtypes that do not match, or a tensor without dimensions.

    Example:
        >>> fastgd.matmul(fastgd.ones(2, 3), fastgd.ones(3))
        tensor([3., 3.])
    """
    check_tensor("matmul", "input", 1, input)
    check_tensor("matmul", "other", 2, other)
    made = apply(_matmul_row, (input, other), NO_OPTIONS)
    return made if out is None else into(out, made)


def _mm(a, b):
    if a.ndim != 2 or b.ndim != 2:
        which = "self" if a.ndim != 2 else "mat2"
        raise advised(
            RuntimeError(f"{which} must be a matrix"), f"They have {a.ndim} and {b.ndim} dimensions: use matmul."
        )
    return _matmul(a, b)


_mm_row = row("mm", _mm, (_matmul_left, _matmul_right), ((1,), (0,)), label="MmBackward0")


def mm(input, mat2, *, out=None):
    """The product of two matrices, (n, d) and (d, k)."""
    check_tensor("mm", "input", 1, input)
    check_tensor("mm", "mat2", 2, mat2)
    made = apply(_mm_row, (input, mat2), NO_OPTIONS)
    return made if out is None else into(out, made)


def _mv(a, b):
    if a.ndim != 2 or b.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {a.ndim}, {b.ndim}")
    return _matmul(a, b)


_mv_row = row("mv", _mv, (_matmul_left, _matmul_right), ((1,), (0,)), label="MvBackward0")


def mv(input, vec):
    """The product of a matrix and a vector."""
    return apply(_mv_row, (input, vec), NO_OPTIONS)


def _combined(a, b, a_times, b_times):
    """a_times * a + b_times * b."""
    try:
        return sum_of(a if a_times == 1 else a_times * a, b if b_times == 1 else b_times * b)
    except ValueError:
        raise not_expanded(a.shape, b.shape) from None


_addmm_row = row(
    "addmm",
    lambda c, a, b, beta=1, alpha=1: _combined(c, _mm(a, b), beta, alpha),
    (
        lambda g, out, c, a, b, beta=1, alpha=1: beta * g,
        lambda g, out, c, a, b, beta=1, alpha=1: alpha * (g @ b.T),
        lambda g, out, c, a, b, beta=1, alpha=1: alpha * (a.T @ g),
    ),
    ((), (2,), (1,)),
)


def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """beta * input + alpha * (mat1 @ mat2)."""
    options = NO_OPTIONS if beta == 1 and alpha == 1 else {"beta": beta, "alpha": alpha}
    return apply(_addmm_row, (input, mat1, mat2), options)


def _linear(x, weight, bias):
    if x.dtype != weight.dtype:
        raise advised(
            RuntimeError(
                f"mat1 and mat2 must have the same dtype, but got {of_array(x).legacy} and {of_array(weight).legacy}"
                if bias is not None
                else f"expected m1 and m2 to have the same dtype, but got: {_c_name(x)} != {_c_name(weight)}"
            ),
            "Convert the data with .float() or .double(), or the model with model.double().",
        )
    if x.ndim == 0 or x.shape[-1] != weight.shape[-1]:
        rows = int(np.prod(x.shape[:-1]))
        features = x.shape[-1] if x.ndim else 1
        raise advised(
            RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({rows}x{features} and "
                f"{weight.shape[-1]}x{weight.shape[0]})"
            ),
            f"The input has {features} features, the weight expects {weight.shape[-1]}.",
        )
    out = product(x, weight.T)
    if out is None:
        out = np.matmul(x, weight.T)
    if bias is None:
        return out
    try:
        return sum_of(out, bias)
    except ValueError:
        raise not_expanded(bias.shape, out.shape) from None


def _weight_gradient(g, out, x, w, b):
    rows = math.prod(x.shape[:-1])  # there may be no columns to tell them by
    return np.matmul(g.reshape(rows, *w.shape[:-1]).T, x.reshape(rows, x.shape[-1]))


_linear_row = row(
    "linear",
    _linear,
    (
        lambda g, out, x, w, b: np.matmul(g, w) if w.ndim == 2 else g[..., None] * w,
        _weight_gradient,
        lambda g, out, x, w, b: g,
    ),
    ((1,), (0,), ()),
    label=lambda x, w, b: (
        _affine.linear_name(x.ndim, b is not None)
        if w.ndim == 2
        else _affine.product_name(x.ndim, 1)
        if b is None
        else "AddBackward0"
    ),
    arguments=linear_arguments,
)


def linear(input, weight, bias=None):
    """input @ weight.T + bias."""
    check_tensor("linear", "input", 1, input)
    check_tensor("linear", "weight", 2, weight)
    if bias is not None:
        check_tensor("linear", "bias", 3, bias)
    return apply(_linear_row, (input, weight, bias), NO_OPTIONS)


# ---- vectors


def _dot_forward(a, b):
    if a.ndim != 1 or b.ndim != 1:
        raise advised(
            RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors"),
            "Use matmul, or flatten() them first.",
        )
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {of_array(a).legacy} and {of_array(b).legacy}"
        )
    if a.size != b.size:
        raise RuntimeError(_shapes_error(a, b))
    made = product(a, b)
    return np.dot(a, b) if made is None else made


_dot = row("dot", _dot_forward, (lambda g, out, a, b: g * b, lambda g, out, a, b: g * a), ((1,), (0,)))


def dot(input, tensor):
    """The inner product of two vectors."""
    check_tensor("dot", "tensor", 2, tensor)
    return apply(_dot, (input, tensor), NO_OPTIONS)


_vdot = row("vdot", _dot_forward, (lambda g, out, a, b: g * b, lambda g, out, a, b: g * a), ((1,), (0,)))


def vdot(input, other):
    """The inner product of two vectors."""
    return apply(_vdot, (input, other), NO_OPTIONS)


def _outer_forward(a, b):
    made = product(a[:, None], b[None])
    return np.multiply.outer(a, b) if made is None else made


_outer = row(
    "outer",
    _outer_forward,
    (lambda g, out, a, b: g @ b, lambda g, out, a, b: a @ g),
    ((1,), (0,)),
    label="MulBackward0",
)


def outer(input, vec2):
    """input[i] * vec2[j] for all i and j."""
    for name, given in (("self", input), ("vec2", vec2)):
        if given.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {given.ndim}-D")
    return apply(_outer, (input, vec2), NO_OPTIONS)


def ger(input, vec2):
    """`outer` under its old name."""
    return outer(input, vec2)


def _interleaved(g, a, b):
    """The gradient of kron with the dimensions of a and b apart, a's at even places; and a's and b's sizes."""
    ndim = max(a.ndim, b.ndim)
    sizes = [(1,) * (ndim - array.ndim) + array.shape for array in (a, b)]
    return g.reshape([size for pair in zip(*sizes) for size in pair]), *sizes


def _kron_left(g, out, a, b):
    g, _, size = _interleaved(g, a, b)
    spread = b.reshape([n for size_of_b in size for n in (1, size_of_b)])
    return (g * spread).sum(tuple(range(1, g.ndim, 2))).reshape(a.shape)


def _kron_right(g, out, a, b):
    g, size, _ = _interleaved(g, a, b)
    spread = a.reshape([n for size_of_a in size for n in (size_of_a, 1)])
    return (g * spread).sum(tuple(range(0, g.ndim, 2))).reshape(b.shape)


_kron = row(
    "kron", lambda a, b: np.kron(*one_type((a, b))), (_kron_left, _kron_right), ((1,), (0,)),
    label="UnsafeViewBackward0",
)  # fmt: skip


def kron(input, other):
    """The Kronecker product: every element of input times all of other, in blocks."""
    return apply(_kron, (input, other), NO_OPTIONS)


# ---- sums with products


def _plus_product(name, forward, left, right, doc):
    made = row(
        name,
        lambda c, a, b, beta=1, alpha=1: _combined(c, forward(a, b), beta, alpha),
        (
            lambda g, out, c, a, b, beta=1, alpha=1: beta * g,
            lambda g, out, c, a, b, beta=1, alpha=1: alpha * left(g, a, b),
            lambda g, out, c, a, b, beta=1, alpha=1: alpha * right(g, a, b),
        ),
        ((), (2,), (1,)),
    )

    def call(input, first, second, *, beta=1, alpha=1):
        return apply(made, (input, first, second), {"beta": beta, "alpha": alpha})

    return publish(name, call, doc)


addmv = _plus_product(
    "addmv", _mv, lambda g, a, b: np.multiply.outer(g, b), lambda g, a, b: a.T @ g,
    "beta * input + alpha * (mat @ vec).",
)  # fmt: skip
addr = _plus_product(
    "addr", _outer_forward, lambda g, a, b: g @ b, lambda g, a, b: a @ g,
    "beta * input + alpha * outer(vec1, vec2).",
)  # fmt: skip


_bmm = row(
    "bmm",
    np.matmul,
    (lambda g, out, a, b: np.matmul(g, b.swapaxes(1, 2)), lambda g, out, a, b: np.matmul(a.swapaxes(1, 2), g)),
    ((1,), (0,)),
)


def bmm(input, mat2):
    """The products of two stacks of matrices, (b, n, d) and (b, d, k)."""
    for name, given in (("batch1", input), ("batch2", mat2)):
        if given.ndim != 3:
            raise advised(RuntimeError(f"{name} must be a 3D tensor"), f"It has {given.ndim} dimensions: use matmul.")
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        expected = [input.shape[0], input.shape[2]]
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {expected} but got: "
            f"{list(mat2.shape[:2])}."
        )
    return apply(_bmm, (input, mat2), NO_OPTIONS)


def chain_matmul(*matrices):
    """The product of several matrices."""
    warn_once(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot "
        "instead, which accepts a list of two or more tensors rather than multiple parameters."
    )
    product = matrices[0]
    for matrix in matrices[1:]:
        product = named_as(mm(product, matrix), "ViewBackward0")
    return product


def _addmm_inplace(input, mat1, mat2, *, beta=1, alpha=1):
    return apply_inplace(_addmm_row, (input, mat1, mat2), {"beta": beta, "alpha": alpha})


publish("addmm", addmm, addmm.__doc__, _addmm_inplace)
for _function in (matmul, mm, mv, dot, vdot, outer, ger, kron, bmm):
    publish(_function.__name__, _function, _function.__doc__)
