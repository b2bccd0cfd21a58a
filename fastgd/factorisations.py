"""Factors of matrices with their gradients, and the error of a matrix that has none."""

import numpy as np

from ._tensor import apply, row
from ._types import advised, of_array
from .ops.publishing import NO_OPTIONS, OUT
from .ops.return_types import named


class _LinAlgError(RuntimeError):
    """A matrix without the property that was needed."""


LinAlgError = _LinAlgError


def _check_matrix(name, a, square=True):
    if a.dtype.kind != "f":
        raise advised(
            RuntimeError(
                f"linalg.{name}: Expected a floating point or complex tensor as input. Got {of_array(a).legacy}"
            ),
            "Convert it with .float().",
        )
    if a.ndim < 2:
        raise RuntimeError(f"linalg.{name}: The input tensor A must have at least 2 dimensions.")
    if square and a.shape[-1] != a.shape[-2]:
        raise RuntimeError(
            f"linalg.{name}: A must be batches of square matrices, but they are {a.shape[-2]} by {a.shape[-1]} matrices"
        )


def solved(name, function):
    """numpy's function with torch's error for a singular matrix."""

    def forward(*arrays, **options):
        _check_matrix(name, arrays[0])
        try:
            return function(*arrays, **options)
        except np.linalg.LinAlgError:
            if name == "cholesky":
                raise LinAlgError(
                    "linalg.cholesky: The factorization could not be completed because the input is not "
                    f"positive-definite (the leading minor of order {_first_not_positive(arrays[0])} is not "
                    "positive-definite)."
                ) from None
            if name == "inv":
                raise advised(
                    LinAlgError(
                        f"linalg.inv: The diagonal element {_first_zero(arrays[0])} is zero, the inversion could not "
                        "be completed because the input matrix is singular."
                    ),
                    "Try pinv, or add a little to the diagonal.",
                ) from None
            raise advised(
                LinAlgError(f"torch.linalg.{name}: The solver failed because the input matrix is singular."),
                "Try lstsq.",
            ) from None

    return forward


def _first_not_positive(a):
    """The size of the first leading part of a matrix that has no Cholesky factor."""
    for size in range(1, len(a) + 1):
        try:
            np.linalg.cholesky(a[:size, :size])
        except np.linalg.LinAlgError:
            return size
    return len(a)


def _first_zero(a):
    """The number of the first pivot that is 0 when rows are exchanged for the largest one below, from 1."""
    a = a.astype(np.float64)
    for k in range(len(a)):
        largest = k + np.argmax(np.abs(a[k:, k]))
        if a[largest, k] == 0:
            return k + 1
        a[[k, largest]] = a[[largest, k]]
        a[k + 1 :] -= np.outer(a[k + 1 :, k] / a[k, k], a[k])
    return len(a)


def swapped(a):
    return a.swapaxes(-1, -2)


def _factor_row(name, function, gradient, part):
    """A row for one of several factors: its gradient is that of all, where those of the others are 0."""

    def alone(g, out, a, **options):
        factors = function(a, **options)
        flowing = [g if i == part else np.zeros_like(factor) for i, factor in enumerate(factors)]
        return gradient(a, factors, flowing)

    return row(
        f"linalg_{name}_{part}",
        lambda a, **options: function(a, **options)[part],
        (alone,),
        ((0,),),
        label=f"Linalg{name.title()}Backward0",
    )


def _decomposition(name, function, gradient, *names):
    """Several factors of a matrix, in numpy's order."""
    result = named("linalg_" + name, *names)
    made = [_factor_row(name, function, gradient, part) for part in range(len(names))]

    def decompose(A, **options):
        _check_matrix(name, A.detach().numpy(), name == "eigh")
        return result(tuple(apply(part, (A,), options) for part in made))

    decompose.__name__ = decompose.__qualname__ = name
    return decompose


# The gradients of factors: Giles, "Collected matrix derivative results for forward and reverse mode", 2008; that of a
# singular or an eigenvector is infinite where its value comes twice.


def _gaps(values):
    """values[k] - values[j], and 1 on the diagonal."""
    return values[..., None, :] - values[..., :, None] + np.eye(values.shape[-1], dtype=values.dtype)


def _diagonal_of(values):
    return values[..., None] * np.eye(values.shape[-1], dtype=values.dtype)


def _eigh_gradient(a, factors, flowing):
    values, vectors = factors
    inner = swapped(vectors) @ flowing[1]
    inner = (inner - inner * np.eye(inner.shape[-1], dtype=inner.dtype)) / _gaps(values)
    made = vectors @ (inner + _diagonal_of(flowing[0])) @ swapped(vectors)
    return (made + swapped(made)) / 2


def _svd_gradient(a, factors, flowing):
    u, s, vh = factors
    gu, gs, gvh = flowing
    k = s.shape[-1]
    if u.shape[-1] > k or vh.shape[-2] > k:
        if gu.any() or gvh.any():
            raise RuntimeError(
                "svd_backward: the gradient of singular vectors needs full_matrices=False, where each has its value"
            )
        u, gu, vh, gvh = u[..., :k], gu[..., :k], vh[..., :k, :], gvh[..., :k, :]

    def skew(inner):
        return (inner - swapped(inner)) / _gaps(s * s)

    left, right = swapped(u) @ gu, gvh @ swapped(vh)
    inner = skew(left) * s[..., None, :] + s[..., None] * skew(swapped(right)) + _diagonal_of(gs)
    made = u @ inner @ vh
    made += ((gu - u @ left) / s[..., None, :]) @ vh
    return made + u @ ((gvh - right @ vh) / s[..., None])


def _qr_gradient(a, factors, flowing):
    q, r = factors
    if r.shape[-1] != r.shape[-2] or q.shape[-2] < q.shape[-1]:
        raise NotImplementedError(
            "linalg.qr: fastgd has its gradient for mode='reduced' and no more columns than rows; this needs torch"
        )
    gq, gr = flowing
    upper = np.triu(gr @ swapped(r) - swapped(q) @ gq)
    inner = upper + swapped(upper) - upper * np.eye(upper.shape[-1], dtype=upper.dtype)
    return swapped(np.linalg.solve(r, swapped(gq + q @ inner)))


_eigh = _decomposition("eigh", np.linalg.eigh, _eigh_gradient, "eigenvalues", "eigenvectors")
_svd = _decomposition("svd", np.linalg.svd, _svd_gradient, "U", "S", "Vh")
_qr = _decomposition("qr", np.linalg.qr, _qr_gradient, "Q", "R")


def eigh(A, UPLO="L"):
    """The eigenvalues of a symmetric matrix, ascending, and its eigenvectors as columns."""
    return _eigh(A, UPLO=UPLO)


def svd(A, full_matrices=True):
    """U, S and Vh of A = U diag(S) Vh."""
    return _svd(A, full_matrices=full_matrices)


def qr(A, mode="reduced"):
    """Q and R of A = Q R."""
    return _qr(A, mode=mode)


def eigvalsh(A, UPLO="L"):
    """The eigenvalues of a symmetric matrix, ascending."""
    return eigh(A, UPLO)[0]


def _svdvals_gradient(g, out, a):
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return (u * g[..., None, :]) @ vh


_svdvals = row(
    "linalg_svdvals", lambda a: np.linalg.svd(a, compute_uv=False), (_svdvals_gradient,), ((0,),),
    label="LinalgSvdBackward0",
)  # fmt: skip


def svdvals(A):
    """The singular values, descending."""
    return apply(_svdvals, (A,), NO_OPTIONS)


def _cholesky_gradient(g, out, a):
    inner = np.tril(swapped(out) @ g)
    inner = 0.5 * (inner + swapped(np.tril(inner, -1)))
    return np.linalg.solve(swapped(out), swapped(np.linalg.solve(swapped(out), inner)))


_cholesky = row(
    "linalg_cholesky",
    solved("cholesky", np.linalg.cholesky),
    (_cholesky_gradient,),
    ((OUT,),),
    label="LinalgCholeskyExBackward0",
)


def cholesky(A, *, upper=False):
    """The lower triangular L of A = L L^T."""
    made = apply(_cholesky, (A,), NO_OPTIONS)
    return made.transpose(-2, -1) if upper else made
