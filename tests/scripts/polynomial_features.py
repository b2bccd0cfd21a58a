"""Polynomial features by cat, Variables, SmoothL1 loss, and a description of what was learned."""

from itertools import count

import torch
import torch.nn.functional as F
from torch.autograd import Variable

torch.manual_seed(5)
POLY_DEGREE = 4
W_target = torch.randn(POLY_DEGREE, 1) * 5
b_target = torch.randn(1) * 5


def make_features(x):
    """A matrix with columns [x, x^2, x^3, x^4]."""
    x = x.unsqueeze(1)
    return torch.cat([x**i for i in range(1, POLY_DEGREE + 1)], 1)


def f(x):
    return x.mm(W_target) + b_target.item()


def poly_desc(W, b):
    result = "y = "
    for i, w in enumerate(W):
        result += "{:+.2f} x^{} ".format(w, i + 1)
    result += "{:+.2f}".format(b[0])
    return result


def get_batch(batch_size=32):
    random = torch.randn(batch_size)
    x = make_features(random)
    y = f(x)
    return Variable(x), Variable(y)


fc = torch.nn.Linear(W_target.size(0), 1)
for batch_idx in count(1):
    batch_x, batch_y = get_batch()
    fc.zero_grad()
    output = F.smooth_l1_loss(fc(batch_x), batch_y)
    loss = output.item()
    output.backward()
    for param in fc.parameters():
        param.data.add_(-0.1 * param.grad.data)
    if loss < 1e-3 or batch_idx >= 400:
        break
    if batch_idx % 100 == 0:
        print(batch_idx, "{:.5f}".format(loss), output)

print("Loss: {:.4f} after {} batches".format(loss, batch_idx))
print("==> Learned function:\t" + poly_desc(fc.weight.view(-1), fc.bias))
print("==> Actual function:\t" + poly_desc(W_target.view(-1), b_target))

x = torch.unsqueeze(torch.linspace(-1, 1, 40), dim=1)
y = x.pow(2) + 0.2 * torch.rand(x.size())
x, y = Variable(x), Variable(y)
columns = torch.stack([x[:, 0], x[:, 0] ** 2, torch.ones(40)], dim=1)
w = torch.zeros(3, 1, requires_grad=True)
for step in range(100):
    loss = F.l1_loss(columns.mm(w), y) + 0.01 * w.abs().sum()
    loss.backward()
    w.data -= 0.1 * w.grad.data
    w.grad.data.zero_()
print(w, loss, w.t(), columns.t()[:, :3])
solution = torch.linalg.lstsq(columns, y).solution
print(solution.squeeze())
