"""Distances between the rows of two matrices."""

from .._tensor import apply, named_as, row
from .publishing import OUT
from .reductions import _norm_forward, _norm_gradient, norm


def _differences(a, b):
    return a[..., :, None, :] - b[..., None, :, :]


def _gradient(g, out, a, b, p):
    return _norm_gradient(g[..., None], out[..., None], _differences(a, b), p, (-1,), True)


_cdist = row(
    "cdist",
    lambda a, b, p: _norm_forward(_differences(a, b), p, (-1,)),
    (
        lambda g, out, a, b, p: _gradient(g, out, a, b, p).sum(-2),
        lambda g, out, a, b, p: -_gradient(g, out, a, b, p).sum(-3),
    ),
    ((0, 1, OUT), (0, 1, OUT)),
    label="CdistBackward0",
)


def cdist(x1, x2, p=2.0, compute_mode=None):
    """The p-norm of every row of x1 less every row of x2.

    Args:
        x1: (..., n, d).
        x2: (..., m, d).
        p: from 0 up; default 2.
        compute_mode: accepted: the differences themselves are what is computed.

    Returns:
        A tensor of shape (..., n, m).

    Raises:
        RuntimeError: fewer than two dimensions, or other numbers of columns.

    Example:
        >>> fastgd.cdist(fastgd.tensor([[0.0, 0.0]]), fastgd.tensor([[3.0, 4.0], [0.0, 1.0]]))
        tensor([[5., 1.]])
    """
    for name, given in (("X1", x1), ("X2", x2)):
        if given.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {given.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    return apply(_cdist, (x1, x2), {"p": p})


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of every row of x1 - x2 + eps."""
    return named_as(norm(x1 - x2 + eps, p, -1, keepdim), "NormBackward1")


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosine of the angle between x1 and x2 along dim; lengths below eps count as eps."""
    units = [given / given.norm(2, dim, True).clamp_min(eps) for given in (x1, x2)]
    return (units[0] * units[1]).sum(dim)
