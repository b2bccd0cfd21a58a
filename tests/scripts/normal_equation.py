"""Old forms: LongTensor, FloatTensor, Tensor by size, the closed form beside descent, early stopping, r squared."""

import torch
import torch as t
import torch.nn as nn

t.manual_seed(1000)


def get_fake_data(batch_size=8):
    x = t.rand(batch_size, 1) * 5
    y = x * 2 + 3 + t.randn(batch_size, 1)
    return x, y


x, y = get_fake_data(16)
w = t.rand(1, 1)
b = t.zeros(1, 1)
lr = 0.005
for ii in range(300):
    x, y = get_fake_data(4)
    y_pred = x.mm(w) + b.expand_as(x)
    loss = 0.5 * (y_pred - y) ** 2
    loss = loss.mean()
    dloss = 1
    dy_pred = dloss * (y_pred - y)
    dw = x.t().mm(dy_pred)
    db = dy_pred.sum()
    w.sub_(lr * dw)
    b.sub_(lr * db)
    if ii % 100 == 0:
        print(ii, loss, w.squeeze()[()].item(), b.squeeze().item())
print("w: ", w.item(), "b: ", b.item())

print(
    t.FloatTensor([[1, 2], [3, 4]]), t.LongTensor([1, 2, 3]), t.Tensor(2, 3).shape, t.Tensor([4.0]),
    t.DoubleTensor([1]),
)  # fmt: skip
print(t.FloatTensor(3).zero_(), t.LongTensor([0, 2]).float(), isinstance(t.ones(1), t.FloatTensor), t.ones(1).type())
X = t.cat([t.ones(50, 1), t.randn(50, 2)], dim=1)
target = X @ t.FloatTensor([1.0, 2.0, -1.0]).view(3, 1) + 0.1 * t.randn(50, 1)
theta = t.inverse(X.t().mm(X)).mm(X.t()).mm(target)
print(theta, t.linalg.inv(X.T @ X).shape, t.pinverse(X).shape)
residual = target - X.mm(theta)
r_squared = 1 - residual.pow(2).sum() / (target - target.mean()).pow(2).sum()
print("R^2 = %.4f" % r_squared, r_squared)
correlation = t.corrcoef(t.cat([target.T, X.mm(theta).T]))
print("RMSE", t.sqrt(t.mean(residual**2)), "max", residual.abs().max(), "corr", correlation)

net = nn.Linear(3, 1, bias=False)
optimizer = t.optim.SGD(net.parameters(), lr=0.1)
best, waited = float("inf"), 0
for epoch in range(200):
    permutation = t.randperm(X.size(0))
    total = 0
    for i in range(0, X.size(0), 10):
        indices = permutation[i : i + 10]
        batch_x, batch_y = X[indices], target[indices]
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(batch_x), batch_y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if total < best - 1e-4:
        best, waited = total, 0
    else:
        waited += 1
    if waited > 5:
        print("stopped after", epoch)
        break
print(net.weight, best, t.allclose(net.weight.t(), theta, atol=0.1))

W = t.zeros(3, 1, requires_grad=True)
for epoch in range(100):
    cost = ((X.matmul(W) - target) ** 2).sum() / (2 * len(X)) + 0.1 * t.norm(W) ** 2
    cost.backward()
    W.data -= 0.1 * W.grad
    W.grad = None
print(W.data.numpy().round(3).tolist(), cost)
penalty = sum(p.abs().sum() for p in net.parameters())
print(penalty, penalty > 0, bool(penalty > 0))
