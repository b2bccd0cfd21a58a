"""Counts, outliers, quantiles: the losses that are not squares."""

import torch
from torch import nn

g = torch.Generator().manual_seed(2147483647)
X = torch.rand((200, 2), generator=g)
rate = torch.exp(0.3 + X @ torch.tensor([1.2, -0.7]))
counts = torch.poisson(rate, generator=g)
print(counts[:10], counts.mean(), counts.var(unbiased=False), counts.max())
m = nn.Linear(2, 1)
nn.init.zeros_(m.weight)
nn.init.constant_(m.bias, 0.1)
loss_fn = nn.PoissonNLLLoss(log_input=True, full=False)
opt = torch.optim.Adam(m.parameters(), lr=0.05)
for e in range(200):
    opt.zero_grad()
    l = loss_fn(m(X).squeeze(1), counts)
    l.backward()
    opt.step()
    if e % 50 == 0 or e == 199:
        print(f"{e:>5d} | {l.item():>10.5f} | {m.bias.item():+.4f}")
print(m.weight.data, nn.PoissonNLLLoss(full=True, reduction="none")(m(X).squeeze(1), counts)[:4])
y = X[:, 0] * 3 - 1
y[::20] += 30
for crit in (
    nn.MSELoss(),
    nn.L1Loss(),
    nn.HuberLoss(delta=1.0),
    nn.SmoothL1Loss(beta=0.5),
    nn.HuberLoss(reduction="sum", delta=2.0),
):
    torch.manual_seed(5)
    lin = nn.Linear(2, 1)
    o = torch.optim.SGD(lin.parameters(), lr=0.1 if getattr(crit, "reduction") == "mean" else 5e-4)
    for _ in range(150):
        o.zero_grad()
        loss = crit(lin(X)[:, 0], y)
        loss.backward()
        o.step()
    print(crit, loss, lin.weight.detach().numpy().round(3), lin.bias.item())
w = torch.zeros(3, requires_grad=True)
A = torch.hstack([X, torch.ones(200, 1)])
for it in range(300):
    r = A @ w - y
    q = 0.8
    pin = torch.max(q * -r, (1 - q) * r).mean()
    pin.backward()
    with torch.no_grad():
        w -= 0.5 * w.grad
    w.grad.zero_()
print("quantile", pin.item(), w.data, pin)
print(
    torch.quantile(y, torch.tensor([0.25, 0.5, 0.75])),
    torch.median(y),
    y.std(),
    torch.std(y, unbiased=False),
    y.sort().values[-12:],
)
