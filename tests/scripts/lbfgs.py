"""Closures: LBFGS for a regression, then the other optimizers on the same problem."""

import torch
import torch.nn as nn

torch.manual_seed(8)
X = torch.randn(80, 5)
true = torch.arange(1.0, 6.0).unsqueeze(1)
y = X.mm(true) + 0.5 + 0.05 * torch.randn(80, 1)

model = nn.Linear(5, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.8, max_iter=10)
for step in range(4):

    def closure():
        optimizer.zero_grad()
        loss = criterion(model(X), y)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    print(step, "loss: %.6f" % loss.item())
print(model.weight.data, model.bias.data)

model = nn.Linear(5, 1)
optimizer = torch.optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe", history_size=5)
evaluations = 0


def closure():
    global evaluations
    evaluations += 1
    optimizer.zero_grad()
    loss = criterion(model(X), y) + 0.1 * sum(p.pow(2).sum() for p in model.parameters())
    loss.backward()
    return loss


loss = optimizer.step(closure)
print(f"{loss:.4f}", evaluations > 5)
for step in range(3):
    optimizer.step(closure)
print(model.weight)

choices = {
    "SGD": (torch.optim.SGD, dict(lr=0.05)),
    "momentum": (torch.optim.SGD, dict(lr=0.02, momentum=0.9)),
    "nesterov": (torch.optim.SGD, dict(lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.01)),
    "Adam": (torch.optim.Adam, dict(lr=0.2, betas=(0.9, 0.99))),
    "amsgrad": (torch.optim.Adam, dict(lr=0.2, amsgrad=True)),
    "AdamW": (torch.optim.AdamW, dict(lr=0.2)),
    "RMSprop": (torch.optim.RMSprop, dict(lr=0.05, alpha=0.9)),
    "centered": (torch.optim.RMSprop, dict(lr=0.05, centered=True, momentum=0.5)),
    "Adagrad": (torch.optim.Adagrad, dict(lr=0.8)),
}
start = {name: value.clone() for name, value in nn.Linear(5, 1).state_dict().items()}
losses = {}
for name, (kind, options) in choices.items():
    net = nn.Linear(5, 1)
    net.load_state_dict(start)
    opt = kind(net.parameters(), **options)
    losses[name] = []
    for epoch in range(60):
        prediction = net(X)
        loss = criterion(prediction, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses[name].append(loss.item())
    print(f"{name:10s} {losses[name][0]:.4f} {losses[name][9]:.4f} {losses[name][-1]:.6f}", net.weight.data.squeeze())
