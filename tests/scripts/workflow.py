"""A lecture's whole workflow: nn.Parameter model, split, loss lists, inference mode, saving, a device all along."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

print(torch.__version__.split("+")[0])
device = "cuda" if torch.cuda.is_available() else "cpu"
print(f"Using device: {device}")
weight, bias = 0.7, 0.3
X = torch.arange(0, 1, 0.02).unsqueeze(dim=1)
y = weight * X + bias
print(X[:5], y[:5], len(X))
train_split = int(0.8 * len(X))
X_train, y_train = X[:train_split], y[:train_split]
X_test, y_test = X[train_split:], y[train_split:]
print(len(X_train), len(y_train), len(X_test), len(y_test))


class LinearRegressionModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(1, dtype=torch.float), requires_grad=True)
        self.bias = nn.Parameter(torch.randn(1, dtype=torch.float), requires_grad=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.weights * x + self.bias


torch.manual_seed(42)
model_0 = LinearRegressionModel()
print(list(model_0.parameters()), model_0.state_dict())
with torch.inference_mode():
    y_preds = model_0(X_test)
print(f"Number of predictions made: {len(y_preds)}", y_preds[:3], y_test[:3] - y_preds[:3])
loss_fn = nn.L1Loss()
optimizer = torch.optim.SGD(params=model_0.parameters(), lr=0.01)
epoch_count, train_loss_values, test_loss_values = [], [], []
for epoch in range(100):
    model_0.train()
    y_pred = model_0(X_train)
    loss = loss_fn(y_pred, y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    model_0.eval()
    with torch.inference_mode():
        test_pred = model_0(X_test)
        test_loss = loss_fn(test_pred, y_test.type(torch.float))
    if epoch % 20 == 0:
        epoch_count.append(epoch)
        train_loss_values.append(loss.detach().numpy())
        test_loss_values.append(test_loss.detach().numpy())
        print(f"Epoch: {epoch} | MAE Train Loss: {loss} | MAE Test Loss: {test_loss} ")
print(model_0.state_dict(), np.array(train_loss_values), np.array(test_loss_values).shape)

path = Path("models")
path.mkdir(parents=True, exist_ok=True)
torch.save(obj=model_0.state_dict(), f=path / "linear.pth")
loaded = LinearRegressionModel()
loaded.load_state_dict(torch.load(f=path / "linear.pth"))
loaded.eval()
with torch.inference_mode():
    loaded_preds = loaded(X_test)
    print((loaded_preds == model_0(X_test)).all())


class LinearRegressionModelV2(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear_layer = nn.Linear(in_features=1, out_features=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear_layer(x)


torch.manual_seed(42)
model_1 = LinearRegressionModelV2()
print(model_1, model_1.state_dict(), next(model_1.parameters()).device, model_1.training)
model_1.to(device)
optimizer = torch.optim.SGD(params=model_1.parameters(), lr=0.01)
X_train, y_train = X_train.to(device), y_train.to(device)
for epoch in range(200):
    model_1.train()
    loss = loss_fn(model_1(X_train), y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
from pprint import pprint

pprint(model_1.state_dict())
print(y_pred.requires_grad, test_pred.requires_grad, model_1(X_test)[:3].cpu())
