"""Distributions, and comparison of tensors."""

import torch
from torch.distributions import MultivariateNormal, Normal, Uniform

torch.manual_seed(0)
d = Normal(0.0, 1.0)
print(d.sample(), d.sample((3,)), d.sample(torch.Size([20])).sum(), d.log_prob(torch.tensor([0.0, 1.0])), d)
d = Normal(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.5]))
print(
    d,
    d.sample((10,)).sum(0),
    d.rsample((2,)),
    d.mean,
    d.stddev,
    d.variance,
    d.entropy(),
    d.cdf(torch.ones(2)),
    d.batch_shape,
    d.event_shape,
)
m = torch.zeros(1, requires_grad=True)
s = torch.ones(1, requires_grad=True)
l = -Normal(m, s).log_prob(torch.tensor([1.0, 2.0, 3.0])).mean()
print(l)
l.backward()
print(m.grad, s.grad)
u = Uniform(-1.0, 1.0)
print(u, u.sample((4,)), u.mean, u.variance, u.log_prob(torch.tensor([0.0, 0.5])))
print(u.sample((3, 2)).shape, Uniform(torch.zeros(2), torch.ones(2)).sample())
C = torch.tensor([[2.0, 0.5], [0.5, 1.0]])
mv = MultivariateNormal(torch.tensor([1.0, 2.0]), C)
print(
    mv,
    mv.sample(),
    mv.sample((5,)),
    mv.log_prob(torch.zeros(2)),
    mv.covariance_matrix,
    mv.mean,
    mv.variance,
    mv.log_prob(torch.zeros(3, 2)),
)
for f in (lambda: Normal(0.0, -1.0), lambda: MultivariateNormal(torch.zeros(2))):
    try:
        f()
    except ValueError as e:
        print("ValueError", str(e)[:30])
torch.testing.assert_close(torch.ones(2), torch.ones(2) + 1e-6)
torch.testing.assert_close(1.0, 1.0)
torch.testing.assert_close([torch.ones(1)], [torch.ones(1)])
for a, b, k in (
    (torch.ones(3), torch.tensor([1.0, 2.0, 1.0]), {}),
    (torch.ones(2), torch.ones(3), {}),
    (torch.ones(2), torch.ones(2, dtype=torch.double), {}),
    (torch.tensor([[1, 2]]), torch.tensor([[1, 3]]), {}),
    (1.0, 2.0, {}),
    (torch.tensor(1.0), torch.tensor(2.0), dict(rtol=1e-3, atol=1e-3)),
    ({"a": torch.ones(1)}, {"a": torch.zeros(1)}, {}),
):
    try:
        torch.testing.assert_close(a, b, **k)
    except AssertionError as e:
        print(e)
        print("--")
