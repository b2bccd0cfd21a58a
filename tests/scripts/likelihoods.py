"""Regression as maximum likelihood: normal, Poisson and Bayesian by hand, with products of matrices in blocks."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Normal, Uniform

torch.manual_seed(8)
x = Uniform(-2.0, 2.0).sample((80, 1))
target = 1.2 * x - 0.4 + 0.3 * torch.randn_like(x)
w, b, log_sigma = (torch.zeros(1, requires_grad=True) for _ in range(3))
optimizer = torch.optim.NAdam([w, b, log_sigma], lr=0.1)
for step in range(150):
    normal = Normal(x * w + b, log_sigma.exp())
    loss = -normal.log_prob(target).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss)
print(w, b, log_sigma.exp())
with torch.no_grad():
    residual = Normal(0.0, log_sigma.exp())
    print(residual, residual.icdf(torch.tensor([0.025, 0.5, 0.975])), residual.cdf(torch.tensor(0.0)))
    print(torch.erfinv(torch.tensor([-0.9, 0.0, 0.5])), torch.erf(torch.erfinv(torch.tensor(0.7))))

rate = torch.exp(0.5 * x + 1)
counts = torch.poisson(rate)
slope, shift = torch.tensor([0.0], requires_grad=True), torch.tensor([0.0], requires_grad=True)
sgd = torch.optim.Adamax([slope, shift], lr=0.05)
for step in range(120):
    log_rate = slope * x + shift
    loss = (log_rate.exp() - counts * log_rate + torch.lgamma(counts + 1)).mean()
    sgd.zero_grad()
    loss.backward()
    sgd.step()
print(loss, slope, shift, F.poisson_nll_loss(log_rate, counts))
print(counts.max(), counts.flatten()[:6].cummax(0), torch.digamma(torch.tensor([1.0, 2.5])))

a = torch.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
eye = torch.eye(2)
print(torch.kron(eye, a), torch.kron(a, torch.tensor([1.0, -1.0])).grad_fn.name())
torch.kron(a, a).sum().backward()
print(a.grad, torch.block_diag(a, torch.ones(1, 3), torch.tensor(5)))
design = torch.cat([torch.ones_like(x), x, x**2], 1)
precision = 0.5 * torch.eye(3) + design.T @ design / 0.09
posterior = torch.linalg.solve(precision, design.T @ target / 0.09)
spread = torch.linalg.inv(precision).diagonal().sqrt()
print(posterior.flatten(), spread, torch.logdet(precision), design.T.cov().shape, x.T.cov(), x.flatten().aminmax())
for bad in (torch.zeros(2, 2), torch.tensor([[1.0, 2.0], [2.0, 4.0]])):
    for function in (torch.linalg.inv, torch.linalg.cholesky, lambda m: torch.linalg.solve(m, torch.ones(2))):
        try:
            print(function(bad))
        except RuntimeError as error:
            print(error)
print(math.isclose(normal.entropy().mean().item(), 0.5 + 0.5 * math.log(2 * math.pi) + log_sigma.item(), abs_tol=0.2))
