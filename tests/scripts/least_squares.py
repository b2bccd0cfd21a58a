"""Least squares every way there is, with standard errors, Gauss-Newton by jacobians, and kernels."""

import math

import torch
from torch.autograd.functional import jacobian

torch.manual_seed(99)
torch.set_default_dtype(torch.float64)
n, d = 30, 4
A = torch.randn(n, d)
b = A @ torch.arange(1.0, d + 1) + 0.05 * torch.randn(n)
X = torch.hstack([torch.ones(n, 1), A])
found = {
    "inv": torch.linalg.inv(X.T @ X) @ X.T @ b,
    "inverse": (X.T @ X).inverse().mm(X.T).mv(b),
    "solve": torch.linalg.solve(X.T @ X, X.T @ b),
    "pinv": torch.linalg.pinv(X) @ b,
    "lstsq": torch.linalg.lstsq(X, b.unsqueeze(1)).solution.squeeze(1),
}
Q, R = torch.linalg.qr(X)
found["qr"] = torch.linalg.solve_triangular(R, (Q.T @ b).unsqueeze(1), upper=True).flatten()
U, S, Vh = torch.linalg.svd(X, full_matrices=False)
found["svd"] = Vh.mH @ torch.diag(1 / S) @ U.mT @ b
L = torch.linalg.cholesky(X.T @ X)
found["cholesky"] = torch.cholesky_solve((X.T @ b)[:, None], L)[:, 0]
z = torch.linalg.solve_triangular(L, (X.T @ b)[:, None], upper=False)
found["two triangles"] = torch.linalg.solve_triangular(L.T, z, upper=True).view(-1)
values, vectors = torch.linalg.eigh(X.T @ X)
found["eigh"] = vectors @ ((vectors.T @ (X.T @ b)) / values)
for name, w in found.items():
    print(f"{name:15s}", w, torch.allclose(w, found["inv"]))
print(torch.linalg.matrix_rank(X), torch.linalg.cond(X), torch.logdet(X.T @ X), torch.linalg.norm(X, 2))
residual = b - X @ found["qr"]
sigma2 = residual @ residual / (n - d - 1)
error = (sigma2 * torch.linalg.inv(X.T @ X)).diagonal().sqrt()
for i, (w, e) in enumerate(zip(found["qr"], error)):
    print(f"beta_{i}: {w:8.4f}  se {e:.4f}  t {w / e:8.2f}")
r2 = 1 - residual.pow(2).sum() / (b - b.mean()).pow(2).sum()
print(f"R2 {r2:.6f} adjusted {1 - (1 - r2) * (n - 1) / (n - d - 1):.6f}")
Xg, bg = X.clone().requires_grad_(), b.clone().requires_grad_()
w = torch.linalg.solve(Xg.T @ Xg, Xg.T @ bg)
w.sum().backward()
print(w, bg.grad[:4], Xg.grad[0])

t = torch.linspace(0, 4, 12)
seen = 2.5 * torch.exp(-0.7 * t) + 0.3 + 0.01 * torch.randn(12)


def misfit(p):
    return p[0] * torch.exp(-p[1] * t) + p[2] - seen


p = torch.tensor([1.0, 1.0, 0.0])
for it in range(6):
    J, r = jacobian(misfit, p), misfit(p)
    p = p - torch.linalg.lstsq(J, r[:, None]).solution.squeeze(1)
    print(it, p, f"{(r**2).sum():.8f}")
print(J.shape, jacobian(lambda u, v: u @ v, (torch.ones(2), torch.tensor([2.0, 3.0]))))

length, noise = torch.zeros(1, requires_grad=True), torch.tensor([-2.0], requires_grad=True)
opt = torch.optim.Adam([length, noise], lr=0.1)
for i in range(20):
    opt.zero_grad()
    K = torch.exp(-0.5 * (t[:, None] - t) ** 2 / length.exp() ** 2) + noise.exp() * torch.eye(12)
    L = torch.linalg.cholesky(K)
    alpha = torch.cholesky_solve(seen[:, None], L)
    nll = 0.5 * (seen @ alpha).squeeze() + torch.log(torch.diagonal(L)).sum() + 6 * math.log(2 * math.pi)
    nll.backward()
    opt.step()
print(nll, alpha[:2], length, noise, torch.trapezoid(alpha.squeeze(), t), alpha.quantile(0.5))
