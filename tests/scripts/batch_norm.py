"""A small network for a curved target: BatchNorm1d, activations compared, lazy layers, columns scaled by hand."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(42)
X = torch.rand(80, 3) * 4 - 2
y = (X[:, 0:1] ** 2 - X[:, 1:2] * X[:, 2:3]) + 0.05 * torch.randn(80, 1)
model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 8), nn.ReLU(), nn.BatchNorm1d(8, momentum=None), nn.Linear(8, 1))
print(model)
print([(n, tuple(p.shape)) for n, p in model.named_parameters()], list(model.state_dict()))
opt = torch.optim.SGD(model.parameters(), lr=0.05)
for epoch in range(30):
    model.train()
    for i in range(0, 80, 20):
        opt.zero_grad()
        loss = F.mse_loss(model(X[i : i + 20]), y[i : i + 20])
        loss.backward()
        opt.step()
    if epoch % 10 == 9:
        model.eval()
        with torch.no_grad():
            print(epoch, loss.item(), F.mse_loss(model(X), y).item())
print(model[0].running_mean, model[0].running_var, model[0].num_batches_tracked, model[3].weight)
print(model[0](X[:2]), nn.BatchNorm1d(3, affine=False)(X)[:2], nn.BatchNorm1d(3, affine=False))
by_hand = (X - X.mean(0)) / torch.sqrt(X.var(0, unbiased=False) + 1e-5)
print(torch.allclose(by_hand, F.batch_norm(X, None, None, training=True), atol=1e-5))
try:
    nn.BatchNorm1d(3)(X[:1])
except ValueError as e:
    print(e)

z = torch.linspace(-3, 3, 7, requires_grad=True)
for f in (F.relu, F.gelu, F.silu, F.elu, F.softplus, F.leaky_relu, torch.tanh, torch.sigmoid):
    out = f(z)
    z.grad = None
    out.sum().backward()
    print(f.__name__, out, z.grad)
print(F.gelu(z, approximate="tanh"), F.elu(z, alpha=0.5), F.softplus(z, beta=2, threshold=3), F.leaky_relu(z, 0.1))
acts = nn.ModuleDict({"relu": nn.ReLU(), "gelu": nn.GELU(), "silu": nn.SiLU(), "elu": nn.ELU(), "tanh": nn.Tanh()})
print(acts)
for name, act in acts.items():
    torch.manual_seed(0)
    net = nn.Sequential(nn.LazyLinear(6), act, nn.LazyLinear(1))
    if name == "relu":
        print(net, net[0].weight)
    net(X[:1])
    opt = torch.optim.SGD(net.parameters(), lr=0.02)
    for _ in range(30):
        opt.zero_grad()
        loss = F.mse_loss(net(X), y)
        loss.backward()
        opt.step()
    print(f"{name:5s} {loss.item():.5f}", net[0].weight.shape)
