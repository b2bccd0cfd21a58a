"""Layers, activations and losses beside the linear ones."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
m = nn.Sequential(nn.LazyLinear(4), nn.LeakyReLU(), nn.Dropout(0.3), nn.LazyLinear(1))
print(m)
opt = torch.optim.SGD(m.parameters(), lr=0.1)
x = torch.randn(6, 3)
y = m(x)
print(m)
print(y)
y.sum().backward()
print(m[0].weight.grad)
opt.step()
m.eval()
print(m(x).detach())
print(type(m[0]) == nn.Linear)
for act in (
    nn.ELU(),
    nn.ELU(0.5),
    nn.Softplus(),
    nn.Softplus(2),
    nn.LogSigmoid(),
    nn.Softmax(dim=1),
    nn.LogSoftmax(dim=1),
    nn.LeakyReLU(0.2),
    nn.LeakyReLU(0.2, inplace=True),
    nn.Unflatten(1, (1, 3)),
):
    z = torch.linspace(-3, 30, 6).view(2, 3).requires_grad_()
    o = act(z * 1.0)
    print(act, o, type(o.grad_fn))
    (o * torch.arange(1.0, 7).view_as(o)).sum().backward()
    print(z.grad)
lp = F.log_softmax(torch.randn(4, 3), 1).requires_grad_()
l = F.nll_loss(lp, torch.tensor([0, 2, 1, 1]))
print(l)
l.backward()
print(lp.grad)
print(nn.NLLLoss(weight=torch.tensor([1.0, 2.0, 3.0]), reduction="none")(lp, torch.tensor([0, 2, 1, 1])), nn.NLLLoss())
w = nn.Parameter(torch.randn(3))
o = F.pad(w[None], (1, 2, 1, 0), value=5.0)
print(o)
(o**2).sum().backward()
print(w.grad)
print(F.normalize(torch.tensor([[3.0, 4.0], [0.0, 0.0]])), F.one_hot(torch.tensor([[1, 0]]), 3))
mu = torch.randn(4, requires_grad=True)
v = torch.rand(4, requires_grad=True)
g = nn.GaussianNLLLoss(full=True)(mu, torch.ones(4), v)
print(g, nn.GaussianNLLLoss())
g.backward()
print(mu.grad, v.grad)
print(
    nn.init.eye_(torch.empty(2, 3)), nn.init.orthogonal_(torch.empty(3, 2)), nn.init.orthogonal_(torch.empty(2, 3), 2.0)
)


class E(nn.modules.loss._Loss):
    def forward(s, a, b):
        return ((a - b) ** 2).mean()


print(E(), E()(torch.ones(2), torch.zeros(2)))
d = nn.Dropout(1.0)
print(d(torch.ones(3)))
print(nn.Dropout(0.5, inplace=True)(torch.ones(5)))
