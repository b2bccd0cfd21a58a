"""Expressions about randomness and data: each has a value that prints, or an error, in fastgd as in torch."""

from collections import OrderedDict, namedtuple

import numpy as np

Pair = namedtuple("Pair", "x y")


def names(t):
    data = t.utils.data

    class Seven(data.IterableDataset):
        __module__ = "tests"

        def __iter__(self):
            return iter(range(7))

        def __len__(self):
            return 5

    x = t.arange(6.0).reshape(3, 2)
    return {
        "t": t, "np": np, "init": t.nn.init, "x": x, "n": t.arange(3), "w": t.ones(2, 3, requires_grad=True),
        "data": data, "ds": data.TensorDataset(x, t.arange(3)), "seven": Seven(), "Pair": Pair,
        "OrderedDict": OrderedDict, "loader": data.DataLoader, "G": t.Generator, "Subset": data.Subset,
    }  # fmt: skip


EXPRESSIONS = {
    "draws": """
t.rand()
t.rand(-1)
t.rand(2, -1)
t.rand(True)
t.rand(2, dtype=t.int64)
t.rand(2, 3, out=x, dtype=t.float64)
t.rand(t.tensor(2))
t.rand(np.int64(2))
t.randn(2, -3)
t.randn(2, dtype=t.int64)
t.randint(5)
t.randint(5, (-2,))
t.randint(5, 5, (2,))
t.randint(0, (2,))
t.randint(7, 5, (2,))
t.randint(5.0, (2,))
t.randint(500, (2,), dtype=t.uint8)
t.randint(t.tensor(5), (2,))
t.randperm(-1)
t.randperm(2.5)
t.normal(x, -1.0)
t.normal(x, -x - 1)
t.normal(n)
t.normal(x, t.ones(5))
t.normal(0.0, -1.0, (2,))
t.normal(0, 1)
t.bernoulli(x)
t.bernoulli(n)
t.bernoulli(x, 2.0)
t.bernoulli(0.5)
t.multinomial(x + 1, 5)
t.multinomial(x + 1, 0)
t.multinomial(-x - 1, 2)
t.multinomial(-x - 1, 2, True)
t.multinomial(x * 0, 2)
t.multinomial(x + 1, 2, out=t.empty(3, 2))
t.rand_like(n)
t.rand_like(3)
w.uniform_()
w[0].normal_()
x.uniform_(2, 1)
n.uniform_()
x.normal_(0, -1)
x.random_(5, 5)
x.random_(0)
x.bernoulli_(1.5)
x.exponential_(-1)
G('cpu').device
G().manual_seed(2.5)
G().set_state(x)
G().set_state(3)
G().get_state().dtype
t.manual_seed(2.7).initial_seed()
t.manual_seed('3').initial_seed()
t.manual_seed(2**64)
t.manual_seed(-5).initial_seed()
t.set_rng_state(3)
t.set_rng_state(t.zeros(3, dtype=t.uint8))
""",
    "init": """
init.xavier_uniform_(t.empty(3))
init.kaiming_normal_(t.empty(3))
init.kaiming_uniform_(t.empty(3, 2), mode='fan')
init.kaiming_uniform_(t.empty(3, 2), nonlinearity='gelu')
init.calculate_gain('leaky_relu', True)
init.calculate_gain('leaky_relu', 'a')
init.calculate_gain('softmax')
init.kaiming_uniform_(t.empty(3, 0))
init.kaiming_normal_(t.empty(0, 3)).shape
init.trunc_normal_(t.empty(3), mean=5.0, a=-2.0, b=2.0).shape
init.ones_(w)
init.zeros_(w * 1)
""",
    "data": """
data.default_collate([np.float64(1), np.float64(2)])
data.default_collate([np.float32(1), np.float32(2)])
data.default_collate([np.int32(1), np.int32(2)])
data.default_collate([True, False])
data.default_collate([1, 2.5])
data.default_collate([1.5, 2])
data.default_collate(['a', 'b'])
data.default_collate(('a', b'b'))
data.default_collate([{'a': 1}, {'a': 2}])
dict(data.default_collate([OrderedDict(a=1), OrderedDict(a=2)]))
type(data.default_collate([OrderedDict(a=1), OrderedDict(a=2)])).__name__
data.default_collate([Pair(1, 2.0), Pair(3, 4.0)])
data.default_collate([[1, 2], [3, 4]])
data.default_collate([(1, 'a'), (2, 'b')])
data.default_collate([np.ones(2), np.zeros(2)])
data.default_collate([np.ones(()), np.ones(())])
data.default_collate([x, x + 1])
data.default_collate([range(2), range(2)])
data.default_collate([((1, 2.0), 3), ((4, 5.0), 6)])
data.default_collate([np.array('a')])
data.default_collate([None, None])
data.default_collate([{1, 2}])
data.default_collate([[1], [1, 2]])
data.default_collate([t.ones(2), t.ones(3)])
data.default_collate([])
data.default_convert(np.ones(2))
data.default_convert((1, np.ones(2)))
data.default_convert([1, np.float64(2)])
data.default_convert({'a': np.ones(1), 'b': 'c'})
data.default_convert(Pair(1, np.ones(1)))
data.default_convert(1.5)
data.TensorDataset(x, t.ones(2))
data.TensorDataset(x)[0]
len(data.TensorDataset(x))
ds[-1]
ds[5]
ds[[0, 1]]
data.ConcatDataset([])
data.ConcatDataset([seven])
data.ConcatDataset([ds, ds])[-1]
data.ConcatDataset([ds, ds])[4]
data.ConcatDataset([ds, ds])[7]
data.ConcatDataset([ds, ds])[-7]
(ds + ds + ds)[6]
len(ds + ds)
data.ConcatDataset([ds, ds]).cumulative_sizes
len(seven + seven)
list(data.ChainDataset([ds]))
data.Dataset()[0]
data.random_split(range(5), [2, 2])
data.random_split(range(5), [0.5, 0.4])
data.random_split(range(5), [1.5, -0.5])
data.random_split(range(1), [0.5, 0.5])[0].indices
Subset(ds, [2, 0])[0]
Subset(ds, [2, 0])[5]
data.RandomSampler([])
data.RandomSampler([1], num_samples=-1)
data.RandomSampler([1], replacement=3)
data.RandomSampler([1], num_samples=2.0)
data.WeightedRandomSampler([1, 2], 0)
data.WeightedRandomSampler([1, 2], True)
data.WeightedRandomSampler([[1, 2]], 2)
data.WeightedRandomSampler([1, 2], 2, replacement=1)
list(data.WeightedRandomSampler([1, 2], 3, replacement=False))
list(data.WeightedRandomSampler([1, -2], 3))
list(data.WeightedRandomSampler([0, 0], 3))
data.BatchSampler([1], 0, False)
data.BatchSampler([1], True, False)
data.BatchSampler([1], 2.0, False)
data.BatchSampler([1], 2, 1)
list(data.SubsetRandomSampler(['a', 'b', 'c']))
loader(ds, batch_size=0)
loader(ds, batch_size=-1)
loader([], shuffle=True)
list(loader([]))
loader(ds, shuffle=True, sampler=[1])
loader(ds, batch_size=2, batch_sampler=[[1]])
loader(ds, batch_size=None, drop_last=True)
loader(seven, shuffle=True)
loader(seven, sampler=[1])
loader(seven, batch_sampler=[[1]])
loader(ds, num_workers=-1)
loader(ds, timeout=-1)
loader(ds, prefetch_factor=2)
loader(ds, num_workers=1, prefetch_factor=-2)
loader(ds, persistent_workers=True)
setattr(loader(ds), 'batch_size', 3)
setattr(loader(ds), 'sampler', [1])
list(loader(ds, pin_memory=True))
list(loader(seven, batch_size=3))
list(loader(seven, batch_size=None))
[len(loader(seven, size, drop_last=drop)) for size in (1, 2, 3) for drop in (False, True)]
(lambda loader: (len(loader), [batch for batch in loader]))(loader(seven))
list(loader(ds, batch_size=None))
list(loader(ds, batch_size=2, sampler=[0, 5]))
list(loader(ds, batch_size=2, sampler=[0, -1]))
list(loader(ds, batch_size=2, sampler=t.tensor([2, 0, 1])))
list(loader(ds, batch_sampler=[[0], [1, 2]]))
list(loader(ds, batch_sampler=[t.tensor([0, 2])]))
list(loader(ds, batch_sampler=[[True, False]]))
list(loader(Subset(ds, t.tensor([2, 0])), batch_size=2))
list(loader(Subset(ds, [2, 0, 1]), batch_size=2))
list(loader(Subset(ds, range(2)), batch_size=2))
list(loader(Subset(ds, []), batch_size=2))
list(loader(Subset(ds, [7]), batch_size=2))
list(loader({0: 'a', 1: 'b'}))
list(loader([1, 2, 3], batch_size=2))
list(loader([(1, 2.0), (3, 4.0)], batch_size=2))
list(loader(x, batch_size=2))
list(loader(np.ones((3, 2)), batch_size=2))
list(loader(ds, batch_size=2, collate_fn=lambda batch: batch))
[loader(ds, 2, True).generator, loader(ds).batch_size, loader(ds, 2).drop_last, loader(ds).num_workers]
[next(iter(loader(ds, batch_size=2))), len(loader(ds, batch_size=2)), len(loader(ds, batch_size=None))]
data.get_worker_info()
""",
}
EXPRESSIONS = {group: text.strip().splitlines() for group, text in EXPRESSIONS.items()}
