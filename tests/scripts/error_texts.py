"""Mistakes, and what their errors say."""

import torch
from torch import nn


def attempt(f):
    try:
        r = f()
        print("ok", r.shape if isinstance(r, torch.Tensor) else r)
    except Exception as e:
        print(f"{type(e).__name__}: {e}")


a = torch.ones(2, 3)
b = torch.ones(3, 1)
v = torch.ones(3)
for f in [
    lambda: a + v,
    lambda: a + b.t(),
    lambda: a + b,
    lambda: a + torch.ones(2),
    lambda: a @ a,
    lambda: a @ v,
    lambda: a.mm(v),
    lambda: v @ v,
    lambda: a.view(4),
    lambda: a.reshape(3, 2),
    lambda: a.t().view(6),
    lambda: torch.cat([a, v]),
    lambda: torch.cat([a, b]),
    lambda: torch.stack([a, b]),
    lambda: a[5],
    lambda: a[0, 7],
    lambda: v[1, 1],
    lambda: a.sum(dim=5),
    lambda: torch.tensor([1, 2]).mean(),
    lambda: torch.tensor([1, 2], requires_grad=True),
    lambda: torch.ones(2, requires_grad=True).numpy(),
    lambda: torch.tensor([[1, 2], [3]]),
    lambda: torch.ones(2).item(),
    lambda: float(torch.ones(2)),
    lambda: bool(torch.ones(2)),
    lambda: len(torch.tensor(1)),
    lambda: iter(torch.tensor(1)),
    lambda: a.backward(),
    lambda: (torch.ones(2, requires_grad=True) * 2).backward(),
    lambda: a.double() @ a.t(),
    lambda: nn.Linear(3, 1)(torch.ones(2, 2)),
    lambda: nn.Linear(3, 1)(torch.ones(2, 3).double()),
    lambda: nn.Linear(3, 1)(torch.ones(2, 3).long()),
    lambda: nn.Linear(3, 2)(torch.ones(3)).shape,
    lambda: torch.zeros(2, 3).squeeze(0).shape,
    lambda: v.unsqueeze(5),
    lambda: torch.ones(2, 3).expand(2, 4),
    lambda: torch.arange(6).reshape(-1, 4),
    lambda: torch.ones(3).add_(torch.ones(2, 3)),
    lambda: torch.ones(2).long().add_(1.5),
    lambda: torch.zeros(3).index_select(0, torch.tensor([5])),
    lambda: torch.load("/nope/x.pt"),
    lambda: torch.optim.SGD([], lr=0.1),
    lambda: torch.optim.SGD([torch.ones(1)], lr=0.1) and "fine",
    lambda: torch.optim.SGD(torch.ones(1, requires_grad=True), lr=0.1),
    lambda: torch.tensor("abc"),
    lambda: torch.tensor([1.0, "a"]),
    lambda: torch.tensor(None),
    lambda: torch.from_numpy([1, 2]),
    lambda: torch.linspace(0, 1, -1),
    lambda: torch.eye(2).inverse() @ torch.ones(3),
    lambda: torch.linalg.solve(torch.ones(2, 3), torch.ones(2)),
    lambda: a.T.contiguous().view(-1).shape,
    lambda: torch.dot(a, a),
    lambda: torch.max(a, 3),
    lambda: a.squeeze().unsqueeze(-1).shape,
    lambda: a.requires_grad_().add_(1),
    lambda: torch.ones(2, dtype=torch.int).requires_grad_(),
    lambda: torch.softmax(torch.tensor([1, 2]), 0),
    lambda: torch.where(a, a, a),
    lambda: nn.BCELoss()(torch.tensor([1.5]), torch.tensor([1.0])),
    lambda: nn.CrossEntropyLoss()(torch.ones(2, 3), torch.tensor([0, 5])),
    lambda: nn.CrossEntropyLoss()(torch.ones(2, 3), torch.tensor([0.0, 1.0])),
    lambda: nn.BCEWithLogitsLoss()(torch.ones(2, 1), torch.ones(2)),
    lambda: nn.Module().foo,
    lambda: nn.Linear(1, 1).load_state_dict({}),
    lambda: torch.ones(1).grad_fn.name(),
    lambda: torch.tensor([1, 2, 3]).quantile(0.5),
    lambda: torch.std(torch.tensor([1, 2])),
    lambda: torch.utils.data.TensorDataset(torch.ones(2), torch.ones(3)),
    lambda: torch.utils.data.DataLoader([1], batch_size=0),
    lambda: torch.utils.data.random_split(range(3), [1, 1]),
]:
    attempt(f)
