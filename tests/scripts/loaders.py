"""Data sets, samplers and loaders."""

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)

torch.manual_seed(0)
ds = TensorDataset(torch.arange(20.0).view(10, 2), torch.arange(10))
print(len(ds), ds[2], ds[:2], ds.tensors[1].shape)
dl = DataLoader(ds, batch_size=3, shuffle=True)
print(len(dl), dl.batch_size, dl.drop_last, type(dl.sampler).__name__, dl.dataset is ds)
for i, (x, y) in enumerate(dl):
    print(i, x.tolist(), y)
for i, batch in enumerate(DataLoader(ds, 4, drop_last=True)):
    print(i, len(batch), batch[0].shape, type(batch))
xs, ys = next(iter(DataLoader(ds, batch_size=len(ds))))
print(xs.shape, ys)
g = torch.Generator()
g.manual_seed(0)
a, b, c = random_split(ds, [0.5, 0.3, 0.2], generator=g)
print(len(a), len(b), len(c), a.indices, c[0], type(a).__name__)
print([y.tolist() for _, y in DataLoader(ds, 4, shuffle=True, generator=torch.Generator().manual_seed(5))])


class Dict(Dataset):
    def __len__(self):
        return 5

    def __getitem__(self, i):
        if i >= 5:
            raise IndexError
        return {
            "x": np.array([i, i**2], dtype=np.float32),
            "y": float(i),
            "name": f"s{i}",
            "n": i,
            "t": (torch.tensor(i), [i, i]),
        }


for batch in DataLoader(Dict(), batch_size=3):
    print(batch)
print([s["n"] for s in Dict()])


class It(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(torch.tensor([float(i), i * 2.0]) for i in range(self.n))


print([b.tolist() for b in DataLoader(It(5), batch_size=2)])


def my_collate(batch):
    return torch.stack([b[0] for b in batch]).sum(0), [b[1].item() for b in batch]


print(list(DataLoader(ds, 5, collate_fn=my_collate)))
print(
    list(BatchSampler(SequentialSampler(range(7)), 3, False)),
    list(BatchSampler(RandomSampler(range(4)), 2, True)),
    list(RandomSampler(range(3), replacement=True, num_samples=5)),
)
print(
    list(DataLoader(range(6), batch_size=2)),
    list(DataLoader([1.0, 2.0, 3.0], batch_size=None)),
    default_collate([1, 2]),
    default_collate([(1, 2.0), (3, 4.0)]),
)
sub = Subset(ds, [9, 1])
print(sub[0], len(sub), [y for _, y in sub])
print(list(DataLoader(ds, sampler=[3, 1], batch_size=2)), len(ds + ds), (ds + ds)[10])
it = iter(DataLoader(ds, 4))
next(it)
next(it)
next(it)
try:
    next(it)
except StopIteration:
    print("stop")
X = np.random.RandomState(0).rand(6, 2)
loader = DataLoader(list(zip(X, X.sum(1))), batch_size=4)
for xb, yb in loader:
    print(xb.dtype, yb.dtype, xb.shape, yb)
train = DataLoader(ds, batch_size=4, shuffle=True, num_workers=0, pin_memory=False)
for epoch in range(2):
    print("Epoch", epoch, [y.tolist() for _, y in train])
print(torch.rand(1), torch.initial_seed())
perm = torch.randperm(10)
for i in range(0, 10, 4):
    idx = perm[i : i + 4]
    bx, by = xs[idx], ys[idx]
    print(by, bx.sum().item())
ix = torch.randint(0, 10, (4,))
print(ix, xs[ix].mean(0), torch.multinomial(torch.ones(5), 3), torch.bernoulli(torch.full((4,), 0.5)))
