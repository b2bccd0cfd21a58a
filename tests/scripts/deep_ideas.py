"""Small hand-made networks around a linear fit: two layers by hand, hooks, ModuleList, buffers, init, copies."""

import copy
import math
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.init as init

torch.manual_seed(123)
N, D_in, H, D_out = 16, 8, 6, 3
x = torch.randn(N, D_in)
y = torch.randn(N, D_out)
w1 = torch.randn(D_in, H, requires_grad=True)
w2 = torch.randn(H, D_out, requires_grad=True)
for step in range(50):
    y_pred = x.mm(w1).clamp(min=0).mm(w2)
    loss = (y_pred - y).pow(2).sum()
    if step % 10 == 9:
        print(step, loss.item())
    loss.backward()
    with torch.no_grad():
        w1 -= 1e-3 * w1.grad
        w2 -= 1e-3 * w2.grad
        w1.grad.zero_()
        w2.grad.zero_()


class Standardised(nn.Module):
    """A linear model that keeps the mean and the spread of its inputs."""

    def __init__(self, width, outputs=1):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))
        self.layers = nn.ModuleList([nn.Linear(width, 4), nn.Linear(4, outputs)])
        self.scale = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in range(2)])
        self.steps = 0
        self.apply(self.reset)

    @staticmethod
    def reset(module):
        if isinstance(module, nn.Linear):
            init.xavier_uniform_(module.weight)
            init.zeros_(module.bias)

    def fit_scaler(self, x):
        self.mean.copy_(x.mean(0))
        self.std = x.std(0)

    def forward(self, x):
        self.steps += 1
        x = (x - self.mean) / self.std
        for layer, scale in zip(self.layers, self.scale):
            x = torch.tanh(layer(x)) * scale
        return x


net = Standardised(D_in)
net.fit_scaler(x)
print(net)
print([name for name, _ in net.named_parameters()], [name for name, _ in net.named_buffers()], len(net.state_dict()))
handle = net.layers[0].register_forward_hook(lambda module, inputs, output: print("hook", output.shape))
target = y[:, :1].tanh()
net(x)
handle.remove()
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
snapshot = copy.deepcopy(net)
for epoch in range(40):
    loss = F.mse_loss(net(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss, net.steps, F.mse_loss(snapshot(x), target))
for parameter in net.layers[0].parameters():
    parameter.requires_grad = False
print([p.requires_grad for p in net.parameters()])
before = net.layers[0].weight.clone()
optimizer = torch.optim.SGD(filter(lambda p: p.requires_grad, net.parameters()), lr=0.1)
F.mse_loss(net(x), target).backward()
optimizer.step()
print(torch.equal(before, net.layers[0].weight))

model = nn.Sequential(OrderedDict([("hidden", nn.Linear(1, 5)), ("act", nn.ReLU()), ("out", nn.Linear(5, 1))]))
init.uniform_(model.hidden.weight, -1, 1)
init.kaiming_normal_(model.out.weight, nonlinearity="relu")
stdv = 1.0 / math.sqrt(5)
model.out.bias.data.uniform_(-stdv, stdv)
print(model, model.hidden.weight, model.out.bias)
print(sum(p.numel() for p in model.parameters()), [tuple(p.shape) for p in model.parameters()], model[:2])
grid = torch.linspace(0, 1, 10).view(-1, 1)
print(model(grid).flatten(), model(grid).shape)
first, second = nn.Linear(2, 2), nn.Linear(2, 2)
second.weight = first.weight
print(second.weight is first.weight, nn.Identity()(grid[:2]), [type(m).__name__ for m in model.modules()])
