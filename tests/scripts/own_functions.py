"""Operations with gradients of their own: a Hermite polynomial, a pinball loss, a layer, one that works in place."""

import torch
from torch import nn
from torch.autograd import Function, gradcheck

torch.manual_seed(2)


class Hermite3(Function):
    @staticmethod
    def forward(ctx, t):
        ctx.save_for_backward(t)
        return t**3 - 3 * t

    @staticmethod
    def backward(ctx, up):
        (t,) = ctx.saved_tensors
        return up * (3 * t**2 - 3)


class Pinball(Function):
    @staticmethod
    def forward(residual, q):
        return torch.where(residual > 0, q * residual, (q - 1) * residual).mean()

    @staticmethod
    def setup_context(ctx, inputs, output):
        residual, ctx.q = inputs
        ctx.save_for_backward(residual)

    @staticmethod
    def backward(ctx, up):
        (residual,) = ctx.saved_tensors
        slope = torch.full_like(residual, ctx.q)
        slope[residual <= 0] -= 1
        return up * slope / residual.numel(), None


class Affine(Function):
    @staticmethod
    def forward(ctx, rows, weight, bias):
        ctx.save_for_backward(rows, weight)
        return rows @ weight + bias

    @staticmethod
    def backward(ctx, up):
        rows, weight = ctx.saved_tensors
        print("needed:", ctx.needs_input_grad)
        to_rows = up @ weight.t() if ctx.needs_input_grad[0] else None
        return to_rows, rows.t() @ up, up.sum(0)


class Halve(Function):
    @staticmethod
    def forward(ctx, t):
        t.div_(2)
        ctx.mark_dirty(t)
        return t

    @staticmethod
    def backward(ctx, up):
        return up / 2


class Layer(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.uniform_(self.weight, -0.5, 0.5)

    def forward(self, rows):
        return Affine.apply(rows, self.weight, self.bias)

    def extra_repr(self):
        return "x".join(map(str, self.weight.shape))


x = torch.linspace(-2, 2, 101)
y = torch.cos(2 * x)
a, b, c = (torch.full((), value, requires_grad=True) for value in (0.1, 0.5, -0.2))
for step in range(300):
    guess = a + b * Hermite3.apply(c * x + 0.1)
    loss = (guess - y).square().mean()
    loss.backward()
    with torch.no_grad():
        for p in (a, b, c):
            p -= 0.05 * p.grad
            p.grad = None
    if step % 100 == 0:
        print(step, loss)
print(a, b, c, guess[:3])
print(gradcheck(Hermite3.apply, torch.randn(5, dtype=torch.float64, requires_grad=True)))

rows = torch.rand(40, 2)
target = rows @ torch.tensor([[2.0], [-1.0]]) + torch.randn(40, 1) * 0.2
for q in (0.1, 0.5, 0.9):
    line = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(line.parameters(), lr=0.1)
    for _ in range(400):
        optimizer.zero_grad()
        loss = Pinball.apply(target - line(rows), q)
        loss.backward()
        optimizer.step()
    print(q, loss, (line(rows) > target).float().mean().item())

layer = Layer(2, 3)
print(layer, layer(rows)[:2])
layer(rows).sum().backward()
print(layer.weight.grad, layer.bias.grad)
layer(rows[:4].clone().requires_grad_()).mean().backward()
start = torch.ones(3, requires_grad=True)
middle = start * 6
end = Halve.apply(middle)
print(end is middle, end, type(end.grad_fn).__name__)
(end**2).sum().backward()
print(start.grad)
try:
    Function.apply(start)
except NotImplementedError as error:
    print(type(error).__name__)
