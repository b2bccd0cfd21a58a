"""Linear algebra, under torch.linalg's names."""

import math

import numpy as np

from ._tensor import Tensor, apply, from_array, method, named_as, row
from ._types import advised
from ._warnings import warn_once
from .factorisations import (  # noqa: F401 (torch.linalg has them all)
    LinAlgError,
    cholesky,
    eigh,
    eigvalsh,
    qr,
    solved,
    svd,
    svdvals,
    swapped,
)
from .ops import products, reductions
from .ops.publishing import NO_OPTIONS, OUT, into
from .ops.return_types import named

_inv = row(
    "linalg_inv",
    solved("inv", np.linalg.inv),
    (lambda g, out, a: -swapped(out) @ g @ swapped(out),),
    ((OUT,),),
    label="LinalgInvExBackward0",
)


def inv(A):
    """The inverse of a square matrix, or of each of a stack.

    Raises:
        LinAlgError: a singular matrix.
    """
    return apply(_inv, (A,), NO_OPTIONS)


def _solve_forward(a, b):
    if b.ndim == a.ndim - 1 or b.ndim == 1:
        return np.linalg.solve(a, b[..., None])[..., 0]
    return np.linalg.solve(a, b)


def _solve_right(g, out, a, b):
    return _solve_forward(swapped(a), g)


def _solve_left(g, out, a, b):
    back = _solve_forward(swapped(a), g)
    if out.ndim == a.ndim - 1 or b.ndim == 1:
        return -back[..., :, None] * out[..., None, :]
    return -back @ swapped(out)


_solve = row(
    "linalg_solve",
    solved("solve", _solve_forward),
    (_solve_left, _solve_right),
    ((0, OUT), (0,)),
    label="LinalgSolveExBackward0",
)


def solve(A, B, *, left=True):
    """X of A X = B, or of X A = B with left=False.

    Raises:
        LinAlgError: a singular matrix.
    """
    if not left:
        return solve(A.transpose(-2, -1), B.transpose(-2, -1)).transpose(-2, -1)
    return apply(_solve, (A, B), NO_OPTIONS)


def _det_gradient(g, out, a):
    # The matrix of cofactors, by the singular values: right for a singular matrix, too.
    u, s, v = np.linalg.svd(a)
    cofactors = reductions._others_product(s, -1)
    sign = np.linalg.det(u) * np.linalg.det(v)
    return (g * sign)[..., None, None] * ((u * cofactors[..., None, :]) @ v)


_det = row("linalg_det", solved("det", np.linalg.det), (_det_gradient,), ((0,),), label="LinalgDetBackward0")


def det(A):
    """The determinant of a square matrix, or of each of a stack."""
    return apply(_det, (A,), NO_OPTIONS)


_logdet = row(
    "linalg_logabsdet",
    solved("slogdet", lambda a: np.linalg.slogdet(a)[1]),
    (lambda g, out, a: np.asarray(g)[..., None, None] * swapped(np.linalg.inv(a)),),
    ((0,),),
    label="LinalgSlogdetBackward0",
)
_Slogdet = named("linalg_slogdet", "sign", "logabsdet")


def slogdet(A):
    """The sign of the determinant and the logarithm of its size."""
    return _Slogdet((from_array(np.asarray(np.linalg.slogdet(_array(A))[0])), apply(_logdet, (A,), NO_OPTIONS)))


def logdet(A):
    """The logarithm of the determinant; NaN for a negative one."""
    sign, size = slogdet(A)
    return named_as((sign + 1).log() - math.log(2) + size, "WhereBackward0")


def _through_pinv(g, p, a):
    """The gradient of a from that of its pseudo-inverse p, where the rank is constant (Golub and Pereyra, 1973)."""
    pt, gt = swapped(p), swapped(g)
    beside = pt @ p @ (gt - (gt @ p) @ a)
    below = (gt - a @ (p @ gt)) @ p @ pt
    return beside + below - pt @ g @ pt


_pinv = row(
    "linalg_pinv",
    lambda a, rtol: np.linalg.pinv(a, rtol),
    (lambda g, out, a, rtol: _through_pinv(g, out, a),),
    ((0, OUT),),
)


def pinv(A, *, atol=None, rtol=None, hermitian=False):
    """The pseudo-inverse: singular values below atol, or below rtol times the largest, count as 0.

    By default rtol is what rounding leaves of a 0, where no atol is given.
    """
    if rtol is None:
        rtol = 0.0 if atol else max(A.shape[-2:]) * np.finfo(A.dtype.numpy).eps
    if atol:
        largest = np.linalg.norm(_array(A), 2, (-2, -1))
        rtol = np.maximum(rtol, atol / np.maximum(largest, np.finfo(largest.dtype).tiny))
    return apply(_pinv, (A,), {"rtol": rtol})


def _lstsq_left(g, out, a, b, rcond, solution):
    columns = (g[..., None], b[..., None]) if b.ndim == 1 else (g, b)
    return _through_pinv(columns[0] @ swapped(columns[1]), np.linalg.pinv(a, rcond), a)


_Lstsq = named("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
_lstsq = row(
    "linalg_lstsq",
    lambda a, b, rcond, solution: solution,  # which comes with the residuals and the rank
    (_lstsq_left, lambda g, out, a, b, rcond, solution: swapped(np.linalg.pinv(a, rcond)) @ g),
    ((0, 1), (0,)),
)
_EPSILON = {np.dtype(kind): float(np.finfo(kind).eps) for kind in (np.float32, np.float64)}


def lstsq(A, B, rcond=None, *, driver=None):
    """The X that makes |A X - B| smallest, with the residuals, the rank and the singular values of A.

    Args:
        A: (n, d).
        B: (n, k), or (n,) with n of A.
        rcond: singular values below rcond times the largest count as 0; machine precision times max(n, d) by default.
        driver: the name of LAPACK's routine; "gelsy" (None), "gelsd", "gelss" and "gels" are accepted, and numpy's
            is used: residuals and singular values are returned as the driver named would.

    Raises:
        RuntimeError: sizes or dtypes that do not match.

    Example:
        >>> X = fastgd.tensor([[1.0, 1.0], [1.0, 2.0]])
        >>> fastgd.linalg.lstsq(X, fastgd.tensor([[3.0], [5.0]])).solution.flatten().round(decimals=4)
        tensor([1., 2.])
    """
    if A.ndim < 2:
        raise RuntimeError(f"torch.linalg.lstsq: input must have at least 2 dimensions, but it has {A.ndim}")
    if driver not in (None, "gelsy", "gelsd", "gelss", "gels"):
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), but got "
            + str(driver)
        )
    if A.dtype != B.dtype:
        raise RuntimeError(
            "torch.linalg.lstsq: input and other should have the same data type, but got "
            f"{A.dtype.legacy} and {B.dtype.legacy}"
        )
    if A.shape[-2] != B.shape[-2 if B.ndim > 1 else -1]:
        raise advised(
            RuntimeError(f"torch.linalg.lstsq: input.size(-2) should match other.size(-{2 if B.ndim > 1 else 1})"),
            f"They are {A.shape[-2]} and {B.shape[-2 if B.ndim > 1 else -1]}.",
        )
    a, b = _array(A), _array(B)
    if rcond is None:
        rcond = max(a.shape[-2:]) * _EPSILON[a.dtype]
    solution, residuals, rank, values = np.linalg.lstsq(a, b, rcond)
    empty = np.empty(0, a.dtype)
    solution = apply(_lstsq, (A, B), {"rcond": rcond, "solution": solution})
    if driver in (None, "gelsy"):
        residuals = empty
    return _Lstsq((
        solution,
        from_array(np.asarray(residuals)),
        from_array(np.asarray(rank, np.int64) if driver != "gels" else np.empty(0, np.int64)),
        from_array(values if driver in ("gelsd", "gelss") else empty),
    ))  # fmt: skip


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    """(sum |x|^ord)^(1/ord) of all elements, or along dim: `norm` of a vector."""
    return reductions.norm(x, ord, dim, keepdim, dtype)


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """The norm of a matrix: "fro", 1, -1, inf, -inf (sums of columns or rows), 2, -2 or "nuc" (singular values)."""
    if ord == "fro":
        return reductions.norm(A, 2, tuple(dim), keepdim, dtype)
    if ord in (1, -1, math.inf, -math.inf):
        rows, columns = dim
        first, second = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = A.abs().sum(first, keepdim=keepdim)
        second = second % A.ndim - (not keepdim and second % A.ndim > first % A.ndim)
        return sums.amax(second, keepdim) if ord > 0 else sums.amin(second, keepdim)
    values = svdvals(A)
    return values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)


def norm(A, ord=None, dim=None, keepdim=False, *, out=None, dtype=None):
    """The norm of a vector, or of a matrix where ord or dim says so; of all elements by default."""
    if (
        isinstance(ord, str)
        or (ord is not None and dim is None and A.ndim == 2)
        or (ord is not None and isinstance(dim, tuple) and len(dim) == 2)
    ):
        made = matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    else:
        made = vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    return made if out is None else into(out, made)


def _array(tensor):
    return tensor.detach().numpy()


def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """X of A X = B (of X A = B with left=False), reading one triangle of A; its diagonal is 1 with unitriangular."""
    kept = A.triu(int(unitriangular)) if upper else A.tril(-int(unitriangular))
    if unitriangular:
        kept = kept + from_array(np.eye(A.shape[-1], dtype=A.dtype.numpy))
    return named_as(solve(kept, B, left=left), "LinalgSolveTriangularBackward0")


def vander(x, N=None):
    """The powers 0 to N - 1 of each element of x, as rows; N is the length of x by default."""
    count = x.shape[-1] if N is None else N
    return named_as(x.unsqueeze(-1) ** from_array(np.arange(count)), "CatBackward0")


def matrix_rank(A, tol=None, hermitian=False):
    """How many singular values are not 0 within rounding."""
    return from_array(np.asarray(np.linalg.matrix_rank(_array(A), tol)))


def cond(A, p=None):
    """The largest singular value divided by the smallest."""
    return from_array(np.asarray(np.linalg.cond(_array(A), p)))


def matrix_power(A, n):
    """The product of n times the same square matrix; of its inverse where n is negative."""
    if n < 0:
        A, n = inv(A), -n
    made = from_array(np.broadcast_to(np.eye(A.shape[-1], dtype=A.dtype.numpy), A.shape).copy()) if n == 0 else A
    for _ in range(n - 1):
        made = made @ A
    return made


def multi_dot(tensors):
    """The product of several matrices."""
    made = tensors[0]
    for tensor in tensors[1:]:
        made = named_as(made @ tensor, "ViewBackward0")
    return made


def vecdot(x, y, *, dim=-1):
    """The sums of products along a dimension."""
    return (x * y).sum(dim)


_cross = row(
    "linalg_cross",
    lambda a, b, dim: np.ascontiguousarray(np.cross(a, b, axis=dim)),
    (lambda g, out, a, b, dim: np.cross(b, g, axis=dim), lambda g, out, a, b, dim: np.cross(g, a, axis=dim)),
    ((1,), (0,)),
)


def cross(input, other, *, dim=-1):
    """The cross product of vectors of three elements along dim."""
    return apply(_cross, (input, other), {"dim": dim})


diagonal = Tensor.diagonal
matmul = products.matmul


# ---- under their names of before torch.linalg


def cholesky_solve(B, L, upper=False):
    """X of A X = B, given the factor L of A = L L^T (or the upper one)."""
    lower = L.transpose(-2, -1) if upper else L
    halfway = solve_triangular(lower, B, upper=False)
    return named_as(solve_triangular(lower.transpose(-2, -1), halfway, upper=True), "CholeskySolveBackward0")


def cholesky_inverse(L, upper=False):
    """The inverse of A, given the factor L of A = L L^T (or the upper one)."""
    identity = from_array(np.broadcast_to(np.eye(L.shape[-1], dtype=L.dtype.numpy), L.shape).copy())
    return named_as(cholesky_solve(identity, L, upper), "CholeskyInverseBackward0")


def old_cholesky(input, upper=False):
    """`linalg.cholesky` under its old name."""
    warn_once(
        "torch.cholesky is deprecated in favor of torch.linalg.cholesky and will be removed in a future PyTorch "
        "release.\nL = torch.cholesky(A)\nshould be replaced with\nL = torch.linalg.cholesky(A)\nand\n"
        "U = torch.cholesky(A, upper=True)\nshould be replaced with\nU = torch.linalg.cholesky(A).mH\n"
        "This transform will produce equivalent results for all valid (symmetric positive definite) inputs."
    )
    return cholesky(input, upper=upper)


def old_qr(input, some=True):
    """`linalg.qr` under its old name."""
    warn_once(
        "torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future PyTorch release.\n"
        "The boolean parameter 'some' has been replaced with a string parameter 'mode'.\nQ, R = torch.qr(A, some)\n"
        "should be replaced with\nQ, R = torch.linalg.qr(A, 'reduced' if some else 'complete')"
    )
    return _Qr(qr(input, "reduced" if some else "complete"))


def old_svd(input, some=True, compute_uv=True):
    """U, S and V of input = U diag(S) V^T: `linalg.svd` gives V^T."""
    u, s, vh = svd(input, not some)
    return _Svd((u, s, vh.transpose(-2, -1)))


_Qr, _Svd = named("qr", "Q", "R"), named("svd", "U", "S", "V")

for _name, _function in {
    "inverse": inv, "det": det, "logdet": logdet, "slogdet": slogdet, "pinverse": pinv, "cross": cross,
    "matrix_power": matrix_power, "svd": old_svd, "qr": old_qr, "cholesky": old_cholesky,
    "cholesky_solve": cholesky_solve, "cholesky_inverse": cholesky_inverse,
}.items():  # fmt: skip
    method(_name, _function)
