"""Yields of two crops from three measurements: several outputs, by hand and by nn, float64 arrays from numpy."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(12)
inputs = np.array([[71, 68, 44], [93, 86, 63], [85, 133, 59], [101, 44, 38], [67, 97, 71]], dtype="float32")
targets = np.array([[55, 72], [80, 100], [119, 131], [23, 36], [101, 121]], dtype="float32")
inputs = torch.from_numpy(inputs)
targets = torch.from_numpy(targets)
print(inputs)
print(targets)

w = torch.randn(2, 3, requires_grad=True)
b = torch.randn(2, requires_grad=True)
print(w)
print(b)


def model(x):
    return x @ w.t() + b


preds = model(inputs)
print(preds)


def mse(t1, t2):
    diff = t1 - t2
    return torch.sum(diff * diff) / diff.numel()


loss = mse(preds, targets)
print(loss)
loss.backward()
print(w.grad)
w.grad.zero_()
b.grad.zero_()
for i in range(100):
    preds = model(inputs)
    loss = mse(preds, targets)
    loss.backward()
    with torch.no_grad():
        w -= w.grad * 1e-5
        b -= b.grad * 1e-5
        w.grad.zero_()
        b.grad.zero_()
print(mse(model(inputs), targets))
print(model(inputs))

train_ds = TensorDataset(inputs, targets)
print(train_ds[0:3])
print(train_ds[[1, 3]])
train_dl = DataLoader(train_ds, 2, shuffle=True)
for xb, yb in train_dl:
    print(xb)
    print(yb)
model = nn.Linear(3, 2)
print(model.weight)
print(model.bias)
opt = torch.optim.SGD(model.parameters(), lr=1e-5)
loss_fn = F.mse_loss


def fit(num_epochs, model, loss_fn, opt, train_dl):
    for epoch in range(num_epochs):
        for xb, yb in train_dl:
            loss = loss_fn(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
        if (epoch + 1) % 10 == 0:
            print("Epoch [{}/{}], Loss: {:.4f}".format(epoch + 1, num_epochs, loss.item()))


fit(50, model, loss_fn, opt, train_dl)
print(model(inputs))
print(model(torch.tensor([[75, 63, 44.0]])))

wide = torch.tensor(np.random.default_rng(0).normal(size=(6, 4)))
print(wide.dtype, wide)
double = nn.Linear(4, 3).double()
print(double(wide).sum(0), double.weight.dtype)
print(double(wide).mean(dim=1, keepdim=True).shape, double(wide).max().item(), double(wide).argmax(dim=1))
