"""Slices of shuffled indices, a learning curve as a table, gradients looked at, a line compared with polyfit."""

import random

import numpy as np
import torch

seed = 1234
random.seed(seed)
np.random.seed(seed)
torch.manual_seed(seed)
if torch.cuda.is_available():
    torch.cuda.manual_seed_all(seed)

x = np.random.rand(100, 1)
y = 1 + 2 * x + 0.1 * np.random.randn(100, 1)
idx = np.arange(100)
np.random.shuffle(idx)
train_idx, val_idx = idx[:80], idx[80:]
device = "cuda" if torch.cuda.is_available() else "cpu"
x_train_tensor = torch.from_numpy(x[train_idx]).float().to(device)
y_train_tensor = torch.from_numpy(y[train_idx]).float().to(device)
x_val, y_val = torch.as_tensor(x[val_idx]).float(), torch.as_tensor(y[val_idx]).float()
print(type(x).__name__, type(x_train_tensor).__name__, x_train_tensor.type(), x_train_tensor.shape)

a = torch.randn(1, requires_grad=True, dtype=torch.float, device=device)
b = torch.randn(1, requires_grad=True, dtype=torch.float, device=device)
print(a, b)
lr = 1e-1
for epoch in range(200):
    yhat = a + b * x_train_tensor
    error = y_train_tensor - yhat
    loss = (error**2).mean()
    loss.backward()
    if epoch < 2:
        print(error.shape, loss, a.grad, b.grad)
    with torch.no_grad():
        a -= lr * a.grad
        b -= lr * b.grad
    a.grad.zero_()
    b.grad.zero_()
print(a, b)
slope, intercept = np.polyfit(x[train_idx].ravel(), y[train_idx].ravel(), 1)
print(round(slope, 3), round(intercept, 3))


class ManualLinearRegression(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(torch.randn(1, requires_grad=True, dtype=torch.float))
        self.b = torch.nn.Parameter(torch.randn(1, requires_grad=True, dtype=torch.float))

    def forward(self, x):
        return self.a + self.b * x


def make_train_step(model, loss_fn, optimizer):
    def train_step(x, y):
        model.train()
        yhat = model(x)
        loss = loss_fn(y, yhat)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return train_step


torch.manual_seed(42)
model = ManualLinearRegression().to(device)
print(model.state_dict())
train_step = make_train_step(model, torch.nn.MSELoss(reduction="mean"), torch.optim.SGD(model.parameters(), lr=lr))
losses, val_losses = [], []
batch_size = 16
for epoch in range(50):
    order = torch.randperm(len(x_train_tensor))
    batch_losses = []
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        batch_losses.append(train_step(x_train_tensor[batch], y_train_tensor[batch]))
    losses.append(np.mean(batch_losses))
    with torch.no_grad():
        model.eval()
        val_losses.append(torch.nn.MSELoss()(y_val, model(x_val)).item())
print(model.state_dict())
print("epoch".rjust(6), "train".rjust(10), "val".rjust(10))
for epoch in range(0, 50, 10):
    print(f"{epoch:6d} {losses[epoch]:10.5f} {val_losses[epoch]:10.5f}")
print(np.array(losses).shape, torch.tensor(val_losses).min(), torch.tensor(val_losses).argmin())

layer = torch.nn.Sequential(torch.nn.Linear(1, 1)).to(device)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.05, momentum=0.9)
average = None
for step in range(40):
    i = torch.randint(0, 80, (8,))
    loss = torch.nn.functional.smooth_l1_loss(layer(x_train_tensor[i]), y_train_tensor[i])
    optimizer.zero_grad()
    loss.backward()
    total_norm = torch.sqrt(sum((p.grad**2).sum() for p in layer.parameters()))
    if step % 10 == 0:
        for name, p in layer.named_parameters():
            print(step, name, p.grad.abs().mean().item(), total_norm)
    optimizer.step()
    average = loss.item() if average is None else 0.9 * average + 0.1 * loss.item()
print(f"{average:.5f}", [p.data for p in layer.parameters()], layer(torch.zeros(1, 1)).item())
residuals = (layer(x_val) - y_val).detach().numpy().ravel()
print(residuals.mean().round(4), residuals.std().round(4), np.abs(residuals).max().round(4))
