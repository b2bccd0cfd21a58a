"""Ridge, lasso and elastic net: weight_decay against a penalty by hand, cross-validation, the best state kept."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset, TensorDataset


@dataclass
class Config:
    lr: float = 0.05
    epochs: int = 40
    l1: float = 0.0
    l2: float = 0.0
    device: torch.device = torch.device("cpu")
    dtype: torch.dtype = torch.float64


rng = np.random.RandomState(11)
torch.manual_seed(11)
X = torch.from_numpy(rng.normal(size=(40, 12)))
true = torch.zeros(12, 1, dtype=torch.float64)
true[:3] = torch.tensor([[3.0], [-2.0], [1.0]], dtype=torch.float64)
y = X @ true + 0.3 * torch.from_numpy(rng.normal(size=(40, 1)))
dataset = TensorDataset(X, y)
print(Config(), X.dtype, true.T)


def train(train_set, config: Config) -> nn.Linear:
    model = nn.Linear(12, 1, dtype=config.dtype, device=config.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=config.lr, weight_decay=config.l2)
    loader = DataLoader(train_set, batch_size=8, shuffle=True)
    for _ in range(config.epochs):
        for xb, yb in loader:
            loss = nn.functional.mse_loss(model(xb), yb)
            if config.l1:
                loss = loss + config.l1 * model.weight.abs().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


@torch.no_grad()
def evaluate(model: nn.Module, X: Tensor, y: Tensor) -> float:
    model.eval()
    return nn.functional.mse_loss(model(X), y).item()


for config in (Config(), Config(l2=0.1), Config(l1=0.1), Config(l1=0.05, l2=0.05)):
    folds = torch.randperm(40).chunk(4)
    scores = []
    for i, fold in enumerate(folds):
        rest = torch.cat([other for j, other in enumerate(folds) if j != i])
        model = train(Subset(dataset, rest.tolist()), config)
        scores.append(evaluate(model, X[fold], y[fold]))
    print(f"l1={config.l1:<5} l2={config.l2:<5} {np.mean(scores):.4f} +- {np.std(scores):.4f}", torch.tensor(scores))
    print(model.weight.data.squeeze(), (model.weight.abs() < 0.1).sum().item())

ridge = torch.linalg.solve(X.T @ X + 0.1 * torch.eye(12, dtype=X.dtype), X.T @ y)
print(ridge.T, (X @ ridge - y).pow(2).mean())

model = nn.Linear(12, 1).double()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1)
best_loss, best_state = float("inf"), None
for epoch in range(60):
    model.train()
    loss = ((model(X[:30]) - y[:30]) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    val = evaluate(model, X[30:], y[30:])
    if val < best_loss:
        best_loss, best_state = val, copy.deepcopy(model.state_dict())
        best_epoch = epoch
model.load_state_dict(best_state)
print(best_epoch, f"{best_loss:.6f}", evaluate(model, X[30:], y[30:]) == best_loss, model.bias)
