"""A table read from a file, arguments of the command line, samplers, a checkpoint."""

import argparse
import csv
import os

import numpy as np
import torch
import torch.optim as optim
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, SubsetRandomSampler, WeightedRandomSampler

parser = argparse.ArgumentParser(description="linear regression")
parser.add_argument("--batch-size", type=int, default=16, metavar="N")
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--no-cuda", action="store_true", default=False)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--log-interval", type=int, default=3)
args = parser.parse_args()
use_cuda = not args.no_cuda and torch.cuda.is_available()
torch.manual_seed(args.seed)
if use_cuda:
    torch.cuda.manual_seed(args.seed)
device = torch.device("cuda" if use_cuda else "cpu")
kwargs = {"num_workers": 1, "pin_memory": True} if use_cuda else {}
rng = np.random.RandomState(0)
with open("cars.csv", "w", newline="") as f:
    wr = csv.writer(f)
    wr.writerow(["mpg", "cyl", "hp", "weight", "origin"])
    for i in range(90):
        cyl = rng.choice([4, 6, 8])
        hp = 40 + 15 * cyl + rng.randn() * 5
        wgt = 1000 + 350 * cyl + rng.randn() * 100
        wr.writerow(
            [
                round(60 - 0.01 * wgt - 0.02 * hp + rng.randn(), 2),
                cyl,
                round(hp, 1),
                round(wgt),
                "us" if cyl == 8 else rng.choice(["eu", "jp"]),
            ]
        )
rows = list(csv.DictReader(open("cars.csv")))
origins = sorted({r["origin"] for r in rows})
print(origins, rows[0])


class CarsDataset(Dataset):
    def __init__(self, rows, mean=None, std=None):
        num = torch.tensor([[float(r[k]) for k in ("cyl", "hp", "weight")] for r in rows])
        self.mean = num.mean(0) if mean is None else mean
        self.std = num.std(0) if std is None else std
        cat = nn.functional.one_hot(
            torch.tensor([origins.index(r["origin"]) for r in rows]), num_classes=len(origins)
        ).float()
        self.X = torch.cat([(num - self.mean) / self.std, cat], dim=1)
        self.y = torch.tensor([float(r["mpg"]) for r in rows]).unsqueeze(1)

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        return self.X[i], self.y[i]


full = CarsDataset(rows)
print(len(full), full.X[:3], full.y[:3].squeeze(), full.mean, full.std)
train, test = Subset(full, range(70)), Subset(full, list(range(70, 90)))
train_loader = DataLoader(train, batch_size=args.batch_size, shuffle=True, drop_last=True, **kwargs)
test_loader = DataLoader(test, batch_size=1000, **kwargs)
model = nn.Linear(full.X.size(1), 1).to(device)
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.5)


def train_epoch(epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(data), target)
        loss.backward()
        optimizer.step()
        if batch_idx % args.log_interval == 0:
            print(
                "Train Epoch: {} [{}/{} ({:.0f}%)]\tLoss: {:.6f}".format(
                    epoch,
                    batch_idx * len(data),
                    len(train_loader.dataset),
                    100.0 * batch_idx / len(train_loader),
                    loss.item(),
                )
            )


def test_epoch():
    model.eval()
    test_loss = 0
    with torch.no_grad():
        for data, target in test_loader:
            test_loss += nn.functional.mse_loss(model(data), target, reduction="sum").item()
    test_loss /= len(test_loader.dataset)
    print("\nTest set: Average loss: {:.4f}\n".format(test_loss))
    return test_loss


scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.7)
for epoch in range(1, args.epochs + 1):
    train_epoch(epoch)
    test_epoch()
    scheduler.step()
    print(scheduler.get_last_lr(), optimizer.param_groups[0]["lr"])
for s in (SubsetRandomSampler(range(10)), WeightedRandomSampler(torch.ones(10), 6, replacement=True)):
    dl = DataLoader(full, batch_size=4, sampler=s)
    print(len(dl), [b[1].view(-1).tolist() for b in dl])
cc = ConcatDataset([train, test])
print(len(cc), cc[75][1], cc.cumulative_sizes)
torch.save(
    {
        "epoch": epoch,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": 0.5,
    },
    "ck.pt",
)
ck = torch.load("ck.pt")
m2 = nn.Linear(full.X.size(1), 1)
print(m2.load_state_dict(ck["model_state_dict"]))
o2 = optim.SGD(m2.parameters(), lr=1.0)
o2.load_state_dict(ck["optimizer_state_dict"])
print(ck.keys(), o2, o2.state_dict()["state"].keys(), torch.equal(m2.weight, model.weight), os.path.exists("ck.pt"))
