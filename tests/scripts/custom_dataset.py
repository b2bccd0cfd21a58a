"""A Dataset of one's own, read from a csv file; normalised, split, batched; Adam with a schedule."""

import os

import numpy as np
import torch
from torch import nn, optim
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from torch.utils.data import DataLoader, Dataset, random_split

rng = np.random.default_rng(4)
table = rng.uniform(0, 10, (60, 4)).round(2)
table[:, 3] = (table[:, :3] @ [1.5, -2.0, 0.5] + 3 + rng.normal(0, 0.1, 60)).round(3)
np.savetxt("table.csv", table, delimiter=",", header="size,age,rooms,price", comments="", fmt="%.3f")


class PriceDataset(Dataset):
    def __init__(self, path, transform=None):
        xy = np.loadtxt(path, delimiter=",", dtype=np.float32, skiprows=1)
        self.n_samples = xy.shape[0]
        self.x_data = torch.from_numpy(xy[:, :-1])
        self.y_data = torch.from_numpy(xy[:, [-1]])
        self.transform = transform

    def __getitem__(self, index):
        sample = self.x_data[index], self.y_data[index]
        return self.transform(sample) if self.transform else sample

    def __len__(self):
        return self.n_samples


class Normalise:
    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def __call__(self, sample):
        x, y = sample
        return (x - self.mean) / self.std, y


torch.manual_seed(0)
raw = PriceDataset("table.csv")
os.remove("table.csv")
mean, std = raw.x_data.mean(dim=0), raw.x_data.std(dim=0)
print(mean, std, raw.x_data.var(0, unbiased=False), raw.x_data.median(), raw.x_data.min(0))
raw.transform = Normalise(mean, std)
first_features, first_price = raw[0]
print(first_features, first_price, type(first_features).__name__)

train_set, val_set = random_split(raw, [48, 12])
print(len(train_set), len(val_set), train_set.indices[:5])
train_loader = DataLoader(dataset=train_set, batch_size=16, shuffle=True, num_workers=0)
val_loader = DataLoader(dataset=val_set, batch_size=12)
features, prices = next(iter(train_loader))
print(features.shape, prices.size(), features[0])

model = nn.Linear(3, 1)
criterion = nn.L1Loss()
optimizer = optim.Adam(model.parameters(), lr=0.5, weight_decay=1e-4)
scheduler = StepLR(optimizer, step_size=10, gamma=0.5)
for epoch in range(30):
    model.train()
    running_loss = 0.0
    for i, (inputs, labels) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * inputs.size(0)
    scheduler.step()
    model.eval()
    with torch.no_grad():
        val_loss = sum(criterion(model(x), y) for x, y in val_loader) / len(val_loader)
    if epoch % 5 == 4:
        train_loss = running_loss / len(train_set)
        print(f"{epoch + 1:3d} train {train_loss:.4f} val {val_loss:.4f} lr {scheduler.get_last_lr()}")

print(model.weight, model.bias, optimizer.param_groups[0]["lr"])
state = optimizer.state_dict()
print(state["param_groups"], list(state["state"][0]), state["state"][0]["step"])

torch.save({"epoch": 30, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "loss": loss}, "ckpt.pt")
checkpoint = torch.load("ckpt.pt")
os.remove("ckpt.pt")
resumed = nn.Linear(3, 1)
resumed.load_state_dict(checkpoint["model"])
again = optim.Adam(resumed.parameters(), lr=1.0)
again.load_state_dict(checkpoint["optimizer"])
plateau = ReduceLROnPlateau(again, mode="min", factor=0.1, patience=2)
print(checkpoint["epoch"], checkpoint["loss"], again.param_groups[0]["lr"])
for epoch in range(8):
    for inputs, labels in train_loader:
        loss = criterion(resumed(inputs), labels)
        again.zero_grad()
        loss.backward()
        again.step()
    plateau.step(loss)
print(resumed.state_dict(), again.param_groups[0]["lr"])
