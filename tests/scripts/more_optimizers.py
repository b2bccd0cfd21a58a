"""One regression by every optimizer: losses, states, options, checkpoints, and what they refuse."""

import torch
from torch import nn, optim

torch.manual_seed(4)
X = torch.randn(60, 3)
y = X @ torch.tensor([[1.0], [-2.0], [0.5]]) + 3.0 + 0.1 * torch.randn(60, 1)
RATES = {
    "SGD": 0.05,
    "Adadelta": 5.0,
    "Adagrad": 0.5,
    "Adam": 0.1,
    "AdamW": 0.1,
    "Adamax": 0.2,
    "NAdam": 0.1,
    "RAdam": 0.2,
    "RMSprop": 0.05,
    "ASGD": 0.05,
    "Rprop": 0.05,
}
results = {}
for name, lr in RATES.items():
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = getattr(optim, name)(model.parameters(), lr=lr)
    print(optimizer)
    for epoch in range(60):
        loss = nn.functional.mse_loss(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 20 == 0:
            print(f"{name:>9} {epoch:3d} {loss.item():.5f}")
    results[name] = loss.item()
    state = optimizer.state_dict()
    print({key: tuple(value.shape) for key, value in state["state"].get(0, {}).items() if torch.is_tensor(value)})
    print(state["param_groups"])
    torch.save(state, "optimizer.pt")
    again = getattr(optim, name)(model.parameters(), lr=1.0)
    again.load_state_dict(torch.load("optimizer.pt"))
    loss = nn.functional.mse_loss(model(X), y)
    again.zero_grad()
    loss.backward()
    again.step()
    print(model.weight.data, model.bias.data, again.param_groups[0]["lr"])
print(sorted(results, key=results.get)[:3])

w = torch.zeros(2, requires_grad=True)
for make in (
    lambda: optim.Adadelta([w], rho=1.5), lambda: optim.Adamax([w], betas=(0.9, 1.0)), lambda: optim.NAdam([w], lr=-1),
    lambda: optim.NAdam([w], momentum_decay=-1.0), lambda: optim.Rprop([w], etas=(1.2, 0.5)),
    lambda: optim.RAdam([w], eps=-1.0), lambda: optim.ASGD([w], weight_decay=-0.1),
):  # fmt: skip
    try:
        make()
    except ValueError as error:
        print(error)

lbfgs = optim.LBFGS([w], lr=0.5, max_iter=5, history_size=4)


def closure():
    lbfgs.zero_grad()
    value = ((w - torch.tensor([1.0, -2.0])) ** 4).sum() + (w[0] * w[1] + 2) ** 2
    value.backward()
    return value


for _ in range(3):
    print(lbfgs.step(closure).item())
print(w, list(lbfgs.state[w]), [item is None for item in lbfgs.state[w]["al"]])
