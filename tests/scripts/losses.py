"""Each loss on the same line: reductions, robust losses against outliers, a quantile loss of one's own."""

import torch
from torch import nn

torch.manual_seed(77)
x = torch.linspace(-2, 2, 30).unsqueeze(1)
y = 1.5 * x - 0.5 + 0.1 * torch.randn_like(x)
y[::10] += 5
prediction = torch.tensor([[0.5, 2.0], [-1.0, 3.0]], requires_grad=True)
target = torch.tensor([[1.0, 0.0], [-1.5, 3.0]])
for kind in (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss):
    for reduction in ("none", "mean", "sum"):
        value = kind(reduction=reduction)(prediction, target)
        print(kind.__name__, reduction, value)
print(
    nn.functional.huber_loss(prediction, target, delta=0.5), nn.functional.smooth_l1_loss(prediction, target, beta=2.0)
)
print(nn.PoissonNLLLoss()(prediction, target.abs()), nn.BCEWithLogitsLoss()(prediction, target.abs().clamp(max=1)))


class QuantileLoss(nn.Module):
    def __init__(self, q):
        super().__init__()
        self.q = q

    def forward(self, input, target):
        error = target - input
        return torch.max(self.q * error, (self.q - 1) * error).mean()


class RMSELoss(nn.Module):
    def __init__(self, eps=1e-6):
        super(RMSELoss, self).__init__()
        self.mse = nn.MSELoss()
        self.eps = eps

    def forward(self, yhat, y):
        return torch.sqrt(self.mse(yhat, y) + self.eps)


def log_cosh(input, target):
    return torch.mean(torch.log(torch.cosh(input - target)))


criteria = nn.MSELoss(), nn.L1Loss(), nn.SmoothL1Loss(), nn.HuberLoss(), RMSELoss(), QuantileLoss(0.5), log_cosh
for criterion in criteria:
    torch.manual_seed(0)
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    for epoch in range(80):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    w, b = model.parameters()
    print(f"{getattr(criterion, '__name__', type(criterion).__name__):14s} w={w.item():.4f} b={b.item():.4f}", loss)

weights = torch.where(y > 3, torch.tensor(0.1), torch.tensor(1.0))
model = nn.Linear(1, 1)
for epoch in range(50):
    loss = (weights * (model(x) - y) ** 2).sum() / weights.sum()
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data.sub_(p.grad.data * 0.2)
print(loss, model.weight.item(), weights.squeeze()[:12])
total = 0
for epoch in range(3):
    outputs = model(x)
    loss = nn.functional.mse_loss(outputs, y)
    total += loss
print(total, total / 3, [outputs.min().item(), outputs.max().item()])
accumulated = nn.Linear(1, 1)
for part_x, part_y in zip(x.split(10), y.split(10)):
    (nn.functional.mse_loss(accumulated(part_x), part_y) / 3).backward()
print(accumulated.weight.grad, accumulated.bias.grad)
