"""Least squares by all factorisations, and gradients through them."""

import torch

torch.manual_seed(1234)
n, d = 100, 4
X = torch.randn(n, d, dtype=torch.float64)
beta = torch.tensor([1.5, -2.0, 0.5, 3.0]).double()
y = X @ beta + 2 + torch.randn(n, dtype=torch.float64) * 0.3
Xb = torch.column_stack([torch.ones(n, dtype=torch.float64), X])
t1 = torch.linalg.inv(Xb.T @ Xb) @ Xb.T @ y
t2 = torch.linalg.solve(Xb.T @ Xb, Xb.T @ y)
t3 = torch.linalg.lstsq(Xb, y.unsqueeze(1))
t4 = torch.linalg.pinv(Xb) @ y
Q, R = torch.linalg.qr(Xb)
t5 = torch.linalg.solve_triangular(R, (Q.T @ y).unsqueeze(1), upper=True).squeeze()
U, S, Vh = torch.linalg.svd(Xb, full_matrices=False)
t6 = Vh.T @ torch.diag(1 / S) @ U.T @ y
L = torch.linalg.cholesky(Xb.T @ Xb)
t7 = torch.cholesky_solve((Xb.T @ y).unsqueeze(1), L).flatten()
for t in (t1, t2, t3.solution.squeeze(), t4, t5, t6, t7):
    print(t)
print(
    t3.rank,
    t3.residuals,
    S,
    torch.linalg.cond(Xb),
    torch.linalg.matrix_rank(Xb),
    torch.logdet(Xb.T @ Xb),
    torch.linalg.det(Xb.T @ Xb / n),
)
res = y - Xb @ t2
s2 = (res**2).sum() / (n - d - 1)
se = torch.sqrt(torch.diag(s2 * torch.inverse(Xb.T @ Xb)))
print("sigma^2", s2.item(), "se", se, "t", t2 / se)
r2 = 1 - res.var(unbiased=False) / y.var(unbiased=False)
print(
    f"R^2 = {r2:.6f}, adj = {1 - (1 - r2) * (n - 1) / (n - d - 1):.6f}",
    torch.corrcoef(torch.stack([y, Xb @ t2]))[0, 1] ** 2,
)
H = Xb @ torch.linalg.inv(Xb.T @ Xb) @ Xb.T
print(torch.trace(H), H.diagonal()[:3], torch.allclose(H @ H, H))
cov = torch.cov(X.T)
ev, evec = torch.linalg.eigh(cov)
print(cov, ev, torch.allclose(evec @ torch.diag(ev) @ evec.T, cov), torch.linalg.eigvalsh(cov).flip(0))
Z = (X - X.mean(0)) @ evec[:, -2:]
print(Z.shape, Z.var(0), torch.allclose(Z.var(0), ev[-2:]))
w = torch.zeros(d + 1, dtype=torch.float64, requires_grad=True)
lr = 1 / torch.linalg.eigvalsh(Xb.T @ Xb).max().item()
k = 0
while True:
    loss = ((Xb @ w - y) ** 2).sum() / 2
    (g,) = torch.autograd.grad(loss, w)
    if g.norm() < 1e-8 or k > 5000:
        break
    with torch.no_grad():
        w -= lr * g
    k += 1
print(k, w, torch.dist(w, t2) < 1e-6)
for lam in (0.0, 0.1, 1.0, 10.0, 100.0):
    print(
        lam,
        torch.linalg.solve(Xb.T @ Xb + lam * torch.eye(d + 1, dtype=torch.float64), Xb.T @ y).numpy().round(4),
        end="\n",
    )
P = torch.vander(torch.linspace(-1, 1, 8), 4, increasing=True)
print(P, P.shape, P.dtype)
print(torch.outer(t2, t2)[0])
sigma = torch.tensor([[2.0, 0.3], [0.3, 1.0]])
Lc = torch.linalg.cholesky(sigma)
smp = torch.randn(500, 2) @ Lc.T
print(smp.T.cov(), smp.mean(0))
print(
    torch.einsum("ni,nj->ij", X, X)[0],
    torch.einsum("ij,j", X, beta)[:3],
    torch.tensordot(X, beta, 1)[:2],
    X.norm(dim=0),
    torch.nn.functional.normalize(X, dim=0)[0],
    (X / X.norm(dim=0, keepdim=True))[0],
)
print(torch.cdist(X[:2], X[:3]), torch.pairwise_distance(X[:2], X[1:3]), torch.cosine_similarity(X[0], X[1], dim=0))

torch.manual_seed(0)
A = torch.randn(5, 3, dtype=torch.float64)
S = A.t() @ A + torch.eye(3, dtype=torch.float64)
b = torch.randn(5, 2, dtype=torch.float64)


def go(name, f, *xs):
    xs = [x.clone().requires_grad_() for x in xs]
    outs = f(*xs)
    outs = (outs,) if isinstance(outs, torch.Tensor) else outs
    loss = 0
    for i, o in enumerate(outs):
        if o.requires_grad and o.numel():
            loss = (
                loss + (torch.sin(o * (i + 1.3)) * torch.arange(1.0, o.numel() + 1, dtype=o.dtype).view(o.shape)).sum()
            )
    g = torch.autograd.grad(loss, xs)
    print(name, *g)


L = torch.linalg
go("pinv", L.pinv, A)
go("pinvT", L.pinv, A.t().contiguous())
go("lstsq", lambda a, b: L.lstsq(a, b).solution, A, b)
go("lstsq1", lambda a, b: L.lstsq(a, b, driver="gelsd").solution, A, b[:, :1])
go("eigh", lambda a: (L.eigh(a)[0], L.eigh(a)[1] ** 2), S)
go("eigvalsh", L.eigvalsh, S)
go(
    "svd",
    lambda a: (
        L.svd(a, full_matrices=False)[0] ** 2,
        L.svd(a, full_matrices=False)[1],
        L.svd(a, full_matrices=False)[2] ** 2,
    ),
    A,
)
go(
    "svdT",
    lambda a: (
        L.svd(a, full_matrices=False)[0] ** 2,
        L.svd(a, full_matrices=False)[1],
        L.svd(a, full_matrices=False)[2] ** 2,
    ),
    A.t().contiguous(),
)
go("svdvals", L.svdvals, A)
go("svdS", lambda a: L.svd(a)[1], A)
go("nuc", lambda a: L.matrix_norm(a, "nuc"), A)
go("n2", lambda a: L.matrix_norm(a, 2), A)
go("qr", lambda a: tuple(L.qr(a)), A)
go("chol", L.cholesky, S)
go("batch", lambda s: L.cholesky(s), torch.stack([S, 2 * S]))
go("beig", lambda s: L.eigvalsh(s), torch.stack([S, 2 * S]))
go("bpinv", L.pinv, torch.stack([A, 2 * A]))
