"""Training that stops when the validation loss does, and goes back to the best weights, kept in a file."""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(11)


class Samples(Dataset):
    """Rows as dicts, through the transforms that it is given."""

    def __init__(self, count, *transforms):
        self.features = torch.randn(count, 6)
        self.answers = self.features @ torch.linspace(-1, 1, 6) + 0.4 * torch.randn(count)
        self.transforms = transforms

    def __len__(self):
        return len(self.answers)

    def __getitem__(self, index):
        sample = {"features": self.features[index].numpy(), "answer": self.answers[index].item(), "id": index}
        for transform in self.transforms:
            sample = transform(sample)
        return sample


def as_tensors(sample):
    return {**sample, "features": torch.from_numpy(sample["features"]), "answer": torch.tensor([sample["answer"]])}


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, sample):
        return {**sample, "features": sample["features"] * self.factor}


class Patience:
    def __init__(self, rounds, path):
        self.rounds, self.path = rounds, path
        self.best, self.left = float("inf"), rounds

    def over(self, loss, model):
        if loss < self.best:
            print(f"  better: {self.best:.5f} -> {loss:.5f}")
            self.best, self.left = loss, self.rounds
            torch.save(model.state_dict(), self.path)
        else:
            self.left -= 1
            print(f"  no better, {self.left} left")
        return self.left == 0


data = Samples(120, as_tensors, Scaled(1.5))
parts = dict(zip(("train", "valid"), random_split(data, [0.75, 0.25])))
loaders = {name: DataLoader(part, batch_size=16, shuffle=name == "train") for name, part in parts.items()}
print({name: len(part) for name, part in parts.items()}, next(iter(loaders["valid"]))["id"])
model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
criterion = nn.SmoothL1Loss(reduction="sum")
optimizer = optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.05)
scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
patience = Patience(4, "best.pt")
for epoch in range(40):
    losses = {}
    for name, loader in loaders.items():
        model.train(name == "train")
        total = 0.0
        for batch in loader:
            with torch.set_grad_enabled(model.training):
                loss = criterion(model(batch["features"]), batch["answer"])
            if model.training:
                optimizer.zero_grad()
                (loss / len(batch["answer"])).backward()
                optimizer.step()
            total += loss.item()
        losses[name] = total / len(parts[name])
    scheduler.step(losses["valid"])
    print(epoch, {name: round(value, 4) for name, value in losses.items()}, optimizer.param_groups[0]["lr"])
    if patience.over(losses["valid"], model):
        break
print(model.load_state_dict(torch.load("best.pt", weights_only=True)))
model.eval()
with torch.no_grad():
    features = torch.stack([data[i]["features"] for i in parts["valid"].indices])
    answers = data.answers[parts["valid"].indices].unsqueeze(1)
    print((criterion(model(features), answers) / len(answers)).item(), patience.best)
print(model, scheduler.num_bad_epochs, scheduler.best)
