"""Programs that draw, for fastgd and torch alike, and the record of what torch makes of them.

Run in an environment with torch 2.13, from the tests folder: python record_random_programs.py
writes recorded/random_programs.json.

A program is a function of the library that returns tensors and numbers. It starts from a seed; the word that the
default stream has next is recorded with what it returned. An expression is evaluated on its own; its value is recorded
as it prints, or the error that it raises.
"""

import functools
import json
import re
import warnings
from collections import OrderedDict, namedtuple
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).parent / "recorded" / "random_programs.json"
SEEDS = [42, -1]
FLOATS = ["float32", "float64"]
SIZES = [0, 1, 2, 7, 15, 16, 17, 31, 32, 33, 50]

DRAWS, INITS, LOADERS, RUNS = {}, {}, {}, {}


def into(programs):
    def add(function):
        programs[function.__name__] = function
        return function

    return add


# ---- draws


@into(DRAWS)
def rand(t):
    return [t.rand(n, dtype=getattr(t, dtype)) for n in SIZES for dtype in FLOATS] + [
        t.rand(2, 3),
        t.rand(()),
        t.rand([4]),
    ]


@into(DRAWS)
def randn(t):
    return [t.randn(n, dtype=getattr(t, dtype)) for n in SIZES for dtype in FLOATS] + [
        t.randn((3, 6)),
        t.randn(size=(2,)),
    ]


@into(DRAWS)
def default_dtype(t):
    t.set_default_dtype(t.float64)
    try:
        return [
            t.rand(3),
            t.randn(3),
            t.randn(20),
            t.normal(0.0, 1.0, (3,)),
            t.randint(9, (3,)),
            t.nn.Linear(2, 1).weight,
        ]
    finally:
        t.set_default_dtype(t.float32)


@into(DRAWS)
def randint(t):
    bounds = [(0, 2), (-7, 100), (0, 2**28 - 1), (0, 2**28), (-(2**62), 2**62)]
    made = [t.randint(low, high, (6,)) for low, high in bounds]
    made += [t.randint(9, (2, 3)), t.randint(high=9, size=[3]), t.randint(3, high=9, size=(3,)), t.randint(5, (0,))]
    return made + [t.randint(9, (3,), dtype=getattr(t, dtype)) for dtype in (*FLOATS, "int32", "uint8", "bool")[:4]]


@into(DRAWS)
def randperm(t):
    made = [t.randperm(n) for n in (0, 1, 2, 10, 33)]
    return made + [t.randperm(5, dtype=getattr(t, dtype)) for dtype in ("float32", "int32", "uint8")]


@into(DRAWS)
def normal(t):
    made = []
    for dtype in FLOATS:
        for n in (3, 18):
            x = t.arange(1, n + 1, dtype=getattr(t, dtype)) / 7
            made += [
                t.normal(x),
                t.normal(x, 0.5),
                t.normal(0.5, x),
                t.normal(x, x),
                t.normal(x[:1], x),
                t.normal(x[0], x),
            ]
    return [*made, t.normal(1.0, 2.0, (4,)), t.normal(mean=0.0, std=1.0, size=(2, 9), dtype=t.float64)]


@into(DRAWS)
def bernoulli(t):
    made = []
    for dtype in FLOATS:
        p = t.arange(12, dtype=getattr(t, dtype)).reshape(3, 4) / 11
        made += [t.bernoulli(p), t.bernoulli(p.t()), p.bernoulli(), t.bernoulli(p, 0.3), p.bernoulli(0.7)]
        made += [
            t.empty(3, 4).bernoulli_(p),
            t.empty(9).bernoulli_(),
            t.empty(2, 3, 4).bernoulli_(p),
            t.bernoulli(p[1, 1]),
        ]
    return [*made, t.bernoulli(t.empty(5, dtype=t.int64), 0.5)]


@into(DRAWS)
def multinomial(t):
    made = []
    for dtype in FLOATS:
        p = t.arange(12, dtype=getattr(t, dtype)).reshape(3, 4) + 1
        for count, replacement in ((1, True), (3, False), (4, False), (7, True)):
            made += [t.multinomial(p, count, replacement), p[2].multinomial(count, replacement)]
    return made


@into(DRAWS)
def likes(t):
    made = []
    for dtype in FLOATS:
        x = t.zeros(3, 8, dtype=getattr(t, dtype))
        for like in (x, x.t(), x[:, ::2], x[1], x[0, 0]):
            made += [t.rand_like(like), t.randn_like(like), t.randint_like(like, 9), t.randint_like(like, -3, 3)]
        made += [t.rand_like(x, dtype=t.float64), t.randn_like(x, dtype=t.float32), t.randint_like(x, 5, dtype=t.int64)]
    return made


@into(DRAWS)
def methods(t):
    made = []
    for dtype in FLOATS:
        for n in (1, 5, 16, 21):
            x = t.empty(n, dtype=getattr(t, dtype))
            made += [
                x.uniform_().clone(),
                x.uniform_(-1.5, 0.25).clone(),
                x.normal_().clone(),
                x.normal_(3.0, 0.5).clone(),
            ]
            made += [
                x.exponential_().clone(),
                x.exponential_(2.5).clone(),
                x.random_(7).clone(),
                x.random_(-3, 3).clone(),
            ]
            made += [x.random_().clone(), x.bernoulli_(0.25).clone(), x.uniform_(to=2).clone(), x.random_(-3, to=4)]
    return made + [t.empty(4, dtype=getattr(t, dtype)).random_() for dtype in ("int64", "int32", "uint8")]


@into(DRAWS)
def strided(t):
    made = []
    for dtype in FLOATS:
        x = t.zeros(4, 10, dtype=getattr(t, dtype))
        x.t().normal_()
        x[:, ::3].uniform_()
        x[1].normal_()
        x[:, 2].random_(9)
        made.append(x)
    return made


@into(DRAWS)
def interleaved(t):
    """The second normal of a pair is kept through other draws, of either type."""
    made = []
    for i in range(6):
        made += [t.randn(1), t.rand(2), t.randn(1, dtype=t.float64), t.randint(9, (2,)), t.randn(3), t.randperm(3)]
        made += [t.randn(16 + i), t.randn(())]
    return made


@into(DRAWS)
def outs(t):
    x = t.empty(3)
    made = [t.rand(3, out=x).clone(), t.randn(3, out=x).clone(), t.randint(9, (3,), out=x).clone(), x.clone()]
    made += [t.rand(2, 3, out=t.empty(0)), t.randn(20, out=x).clone(), x]
    made += [t.randperm(4, out=t.empty(0, dtype=t.int64)), t.randperm(4, out=t.empty(4))]
    made += [t.normal(0.0, 1.0, (2,), out=t.empty(2, dtype=t.float64)), t.normal(t.zeros(3), 1.0, out=t.empty(3))]
    made += [t.bernoulli(t.full((3,), 0.5), out=t.empty(3))]
    return [*made, t.multinomial(t.ones(3), 2, out=t.empty(0, dtype=t.int64))]


@into(DRAWS)
def generators(t):
    """With a generator nothing is drawn from the default stream."""
    g = t.Generator().manual_seed(t.initial_seed() % 1000)
    made = [
        t.rand(3, generator=g),
        t.randn(3, generator=g),
        t.randint(9, (3,), generator=g),
        t.randperm(4, generator=g),
    ]
    made += [
        t.normal(0.0, 1.0, (3,), generator=g),
        t.normal(t.zeros(2), 1.0, generator=g),
        t.empty(2).normal_(generator=g),
    ]
    made += [t.bernoulli(t.full((3,), 0.5), generator=g), t.multinomial(t.ones(4), 2, generator=g)]
    made += [t.empty(2).uniform_(generator=g), t.empty(2).exponential_(generator=g), t.empty(2).random_(generator=g)]
    made += [t.empty(2).bernoulli_(generator=g), t.nn.init.xavier_normal_(t.empty(2, 2), generator=g), g.initial_seed()]
    made += [t.rand_like(t.zeros(3), generator=g), t.randn_like(t.zeros(3), generator=g)]
    state = g.get_state()
    made += [t.rand(3, generator=g), t.rand(3, generator=g.clone_state()), t.rand(3, generator=g.set_state(state))]
    return [*made, t.rand(3, generator=t.Generator())]


@into(DRAWS)
def states(t):
    made = [t.randn(3)]
    state = t.get_rng_state()
    with t.random.fork_rng():
        made += [t.randn(3), t.rand(2)]
    made.append(t.randn(3))
    t.set_rng_state(state)
    made += [t.randn(3), t.initial_seed()]
    with t.random.fork_rng(enabled=False):
        made.append(t.rand(2))
    made.append(t.manual_seed(7).initial_seed())
    return [*made, t.randn(1), t.default_generator.initial_seed(), t.rand(2, generator=t.default_generator)]


@into(DRAWS)
def differentiated(t):
    """A draw does not depend on its parameters: their gradients are zero."""
    m, s = t.ones(3, requires_grad=True), t.full((3,), 0.5, requires_grad=True)
    made = [t.normal(m, s), t.normal(m, 0.5), t.normal(0.5, s), t.bernoulli(s)]
    (made[0].sum() + made[1].sum() + made[2].sum() + made[3].sum()).backward()
    return [*made, *[made.grad_fn.name() for made in made], m.grad, s.grad, t.rand(2, requires_grad=True)]


# ---- initial values

SHAPES = [(1, 1), (3, 4), (5, 7), (2, 4, 2)]
FILLS = {
    "uniform_": [{}, {"a": -1, "b": 2}],
    "normal_": [{}, {"mean": 1, "std": 0.1}],
    "constant_": [{"val": 0.3}],
    "ones_": [{}],
    "zeros_": [{}],
    "xavier_uniform_": [{}, {"gain": 1.3}],
    "xavier_normal_": [{}, {"gain": 1.3}],
    "kaiming_uniform_": [{}, {"a": 5**0.5}, {"mode": "fan_out", "nonlinearity": "relu"}, {"mode": "FAN_IN"}],
    "kaiming_normal_": [{}, {"a": 1}, {"mode": "fan_out", "nonlinearity": "tanh"}],
    "trunc_normal_": [
        {}, {"std": 0.02}, {"a": -0.5, "b": 0.5}, {"mean": 1, "std": 2}, {"a": 1.0, "b": 2.0, "mean": 0.3, "std": 0.7},
        {"a": -0.1, "b": 0.1}, {"mean": 2.5, "a": 0, "b": 2},
    ],
}  # fmt: skip


def fill_program(name):
    def program(t):
        made = [
            getattr(t.nn.init, name)(t.empty(*shape, dtype=getattr(t, dtype)), **options)
            for shape in SHAPES
            for dtype in FLOATS
            for options in FILLS[name]
        ]
        return made + [getattr(t.nn.init, name)(t.empty(4, 6)[:, ::2], **FILLS[name][0])]

    return program


INITS |= {name: fill_program(name) for name in FILLS}


@into(INITS)
def linear(t):
    made = []
    for inputs, outputs in ((1, 1), (3, 1), (10, 2), (17, 5)):
        for dtype in FLOATS:
            for bias in (True, False):
                made += t.nn.Linear(inputs, outputs, bias=bias, dtype=getattr(t, dtype)).parameters()
    model = t.nn.Linear(3, 2)
    model.reset_parameters()
    return made + list(model.parameters())


@into(INITS)
def gains(t):
    names = [
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "selu",
    ]
    return [*map(t.nn.init.calculate_gain, names), *[t.nn.init.calculate_gain("leaky_relu", a) for a in (0, 1, 0.2)]]


# ---- loaders


class Squares:
    """A data set that is none of the library's."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if not -self.n <= i < self.n:
            raise IndexError(i)
        return i, float(i * i)


def rows(t, n):
    return t.utils.data.TensorDataset(t.arange(n), t.arange(2.0 * n).reshape(n, 2))


def epochs(loader, times=3):
    return [batch for _ in range(times) for batch in loader]


def loader_program(n, options):
    def program(t):
        made = epochs(t.utils.data.DataLoader(rows(t, n), **options))
        made += epochs(t.utils.data.DataLoader(Squares(n), **options), 2)
        g = t.Generator().manual_seed(5)
        loader = t.utils.data.DataLoader(rows(t, n), generator=g, **options)
        made += [epochs(loader), t.rand(1, generator=g)]
        for left_after in (0, 1, 2):
            for batch, _ in zip(loader, range(left_after + 1)):
                made.append(batch)
            made += [t.rand(1, generator=g), t.rand(1)]
        return made

    return program


LOADERS |= {
    f"{n} rows, {options}": loader_program(n, options)
    for n in (1, 8, 11)
    for options in (
        {},
        {"batch_size": 4},
        {"batch_size": 4, "shuffle": True},
        {"batch_size": 4, "shuffle": True, "drop_last": True},
        {"batch_size": 1, "shuffle": True},
        {"batch_size": None},
        {"batch_size": None, "shuffle": True},
        {"batch_size": 20, "shuffle": True},
    )
}


def sampler_program(make):
    def program(t):
        made = []
        for generator in (None, t.Generator().manual_seed(3)):
            sampler = make(t.utils.data, generator)
            made += [list(sampler), len(sampler)]
            for drop_last in (False, True):
                batches = t.utils.data.BatchSampler(sampler, 4, drop_last)
                made += [list(batches), len(batches)]
                loader = t.utils.data.DataLoader(rows(t, 12), sampler=sampler, batch_size=4, drop_last=drop_last)
                made += [epochs(loader, 2), len(loader)]
                made += epochs(t.utils.data.DataLoader(rows(t, 12), batch_sampler=batches), 2)
            for count, index in enumerate(sampler):
                made.append(index)
                if count == 1:
                    break
            made += [t.rand(1), t.rand(1, generator=generator or t.default_generator)]
        return made

    return program


LOADERS |= {
    name: sampler_program(make)
    for name, make in {
        "SequentialSampler": lambda data, g: data.SequentialSampler(range(10)),
        "RandomSampler": lambda data, g: data.RandomSampler(range(10), generator=g),
        "RandomSampler, whole batches": lambda data, g: data.RandomSampler(range(12), generator=g),
        "RandomSampler, more": lambda data, g: data.RandomSampler(range(10), num_samples=25, generator=g),
        "RandomSampler, fewer": lambda data, g: data.RandomSampler(range(10), num_samples=3, generator=g),
        "RandomSampler, replacement": lambda data, g: data.RandomSampler(range(10), True, 35, generator=g),
        "RandomSampler, 32 replaced": lambda data, g: data.RandomSampler(range(10), True, 32, generator=g),
        "SubsetRandomSampler": lambda data, g: data.SubsetRandomSampler([3, 1, 4, 1, 5, 9, 2], generator=g),
        "WeightedRandomSampler": lambda data, g: data.WeightedRandomSampler([1, 2, 0, 0.5, 7], 9, generator=g),
        "WeightedRandomSampler, once": lambda data, g: data.WeightedRandomSampler(range(1, 12), 9, False, generator=g),
        "a list": lambda data, g: [3, -1, 4, 1, 5],
        "a sampler of one's own": lambda data, g: Backwards(10),
    }.items()
}


class Backwards:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __iter__(self):
        return iter(range(self.n - 1, -1, -1))


@into(LOADERS)
def splits(t):
    data, made = t.utils.data, []
    whole = rows(t, 11)
    for lengths in ([11], [7, 4], [0.5, 0.5], [0.6, 0.3, 0.1], [3, 0, 8]):
        for options in ({}, {"generator": t.Generator().manual_seed(9)}):
            parts = data.random_split(whole, lengths, **options)
            made += [part.indices for part in parts]
            made += epochs(data.DataLoader(parts[0], batch_size=3, shuffle=True), 2)
    train, _ = data.random_split(whole, [8, 3])
    inner, outer = data.random_split(train, [5, 3])
    made += [inner[1], inner[[0, 2]], len(outer)]
    made += epochs(data.DataLoader(data.ConcatDataset([outer, inner]), batch_size=3, shuffle=True))
    return made + epochs(data.DataLoader(inner, batch_size=2, shuffle=True))


@into(LOADERS)
def layouts(t):
    """Rows of every dimension and type, contiguous or not."""
    data = t.utils.data
    x = t.arange(60.0).reshape(6, 10)
    each = [x, x.t()[:6], x[:, ::3], x[:, 1], x.reshape(6, 5, 2), x.double(), x.long(), x > 30]
    return epochs(data.DataLoader(data.TensorDataset(*each), batch_size=4, shuffle=True), 1)


@into(LOADERS)
def iterables(t):
    class Stream(t.utils.data.IterableDataset):
        def __iter__(self):
            for i in range(7):
                yield i, t.rand(2)

    made = []
    for options in ({"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}, {"batch_size": 7}):
        made += epochs(t.utils.data.DataLoader(Stream(), **options), 2)
    return made + list(Stream() + Stream())


@into(LOADERS)
def trained(t):
    """Batches that a model learns from are nobody else's memory, and samples may require gradients."""
    w = t.ones(4, 2, requires_grad=True)
    data = t.utils.data.TensorDataset(w, t.arange(4.0))
    total = 0
    for x, y in t.utils.data.DataLoader(data, batch_size=3, shuffle=True):
        total = total + (x.sum(1) * y).sum()
    total.backward()
    plain = t.utils.data.TensorDataset(t.zeros(4))
    for (x,) in t.utils.data.DataLoader(plain, batch_size=2):
        x += 1
    return [w.grad, plain.tensors[0]]


# ---- training runs


def printed(losses):
    return [f"epoch {i}: {loss:.6g}" for i, loss in enumerate(losses)]


def regression(t, n=120, d=4, dtype=None):
    X = t.randn(n, d, dtype=dtype)
    return X, X @ t.arange(1.0, d + 1, dtype=dtype).unsqueeze(1) + 0.5 + 0.1 * t.randn(n, 1, dtype=dtype)


def descend(t, X, y, model, optimizer, batches, times):
    criterion, losses = t.nn.MSELoss(), []
    for _ in range(times):
        total = 0.0
        for x, target in batches:
            optimizer.zero_grad()
            loss = criterion(model(x), target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        losses.append(total / len(X))
    return losses


@into(RUNS)
def full_batch(t):
    X, y = regression(t)
    model = t.nn.Linear(4, 1)
    return printed(descend(t, X, y, model, t.optim.SGD(model.parameters(), lr=0.1), [(X, y)], 20))


@into(RUNS)
def full_batch_float64(t):
    X, y = regression(t, dtype=t.float64)
    model = t.nn.Linear(4, 1, dtype=t.float64)
    return [f"{loss:.12g}" for loss in descend(t, X, y, model, t.optim.SGD(model.parameters(), lr=0.1), [(X, y)], 20)]


@into(RUNS)
def shuffled_batches(t):
    X, y = regression(t)
    loader = t.utils.data.DataLoader(t.utils.data.TensorDataset(X, y), batch_size=16, shuffle=True)
    model = t.nn.Linear(4, 1)
    return printed(descend(t, X, y, model, t.optim.SGD(model.parameters(), lr=0.02), loader, 5))


@into(RUNS)
def momentum(t):
    X, y = regression(t, 75)
    loader = t.utils.data.DataLoader(t.utils.data.TensorDataset(X, y), batch_size=10, shuffle=True, drop_last=True)
    model = t.nn.Linear(4, 1)
    optimizer = t.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return printed(descend(t, X, y, model, optimizer, loader, 5))


@into(RUNS)
def nesterov_with_decay(t):
    X, y = regression(t, 64, 3)
    loader = t.utils.data.DataLoader(t.utils.data.TensorDataset(X, y), batch_size=8, shuffle=True)
    model = t.nn.Linear(3, 1)
    optimizer = t.optim.SGD(model.parameters(), lr=0.01, momentum=0.8, weight_decay=0.01, nesterov=True)
    return printed(descend(t, X, y, model, optimizer, loader, 5))


@into(RUNS)
def train_and_validate(t):
    X, y = regression(t)
    data = t.utils.data
    train, held_out = data.random_split(data.TensorDataset(X, y), [0.8, 0.2])
    loader = data.DataLoader(train, batch_size=16, shuffle=True)
    model, criterion = t.nn.Linear(4, 1), t.nn.MSELoss()
    optimizer, lines = t.optim.SGD(model.parameters(), lr=0.05), []
    for epoch in range(5):
        loss = descend(t, train, None, model, optimizer, loader, 1)[0]
        with t.no_grad():
            error = sum(criterion(model(x), target).item() for x, target in data.DataLoader(held_out, batch_size=8))
        lines.append(f"epoch {epoch}: train {loss:.6g}, held out {error:.6g}, {len(train)} and {len(held_out)} rows")
    return lines


@into(RUNS)
def weighted(t):
    X, y = regression(t, 60)
    sampler = t.utils.data.WeightedRandomSampler((y[:, 0] > 0).double() * 3 + 1, 60)
    loader = t.utils.data.DataLoader(t.utils.data.TensorDataset(X, y), batch_size=12, sampler=sampler)
    model = t.nn.Linear(4, 1)
    return printed(descend(t, X, y, model, t.optim.SGD(model.parameters(), lr=0.05), loader, 5))


@into(RUNS)
def own_generator(t):
    X, y = regression(t, 50)
    g = t.Generator()
    g.manual_seed(11)
    loader = t.utils.data.DataLoader(t.utils.data.TensorDataset(X, y), batch_size=7, shuffle=True, generator=g)
    model = t.nn.Linear(4, 1)
    t.nn.init.xavier_uniform_(model.weight)
    t.nn.init.zeros_(model.bias)
    return printed(descend(t, X, y, model, t.optim.SGD(model.parameters(), lr=0.05), loader, 5))


@into(RUNS)
def by_hand(t):
    X, y = regression(t)
    w = t.randn(4, 1, requires_grad=True)
    b = t.zeros(1, requires_grad=True)
    losses = []
    for _ in range(3):
        order = t.randperm(len(X))
        for i in range(0, len(X), 20):
            rows = order[i : i + 20]
            loss = ((X[rows] @ w + b - y[rows]) ** 2).mean()
            loss.backward()
            with t.no_grad():
                w -= 0.05 * w.grad
                b -= 0.05 * b.grad
            w.grad.zero_()
            b.grad.zero_()
            losses.append(loss.item())
    return printed(losses)


@into(RUNS)
def noise_as_it_goes(t):
    """Draws between the batches take from the stream that orders them."""
    X, y = regression(t, 40)
    loader = t.utils.data.DataLoader(t.utils.data.TensorDataset(X, y), batch_size=9, shuffle=True)
    model, criterion = t.nn.Linear(4, 1), t.nn.MSELoss()
    optimizer, losses = t.optim.SGD(model.parameters(), lr=0.03), []
    for _ in range(5):
        for x, target in loader:
            optimizer.zero_grad()
            loss = criterion(model(x + 0.1 * t.randn_like(x)), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return printed(losses)


# ---- expressions

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


# ---- outcomes


@functools.cache
def record():
    return json.loads(RECORDED.read_text())


def plain(t, value):
    """What a program returned, as JSON has it."""
    if isinstance(value, t.Tensor):
        values = value.detach().numpy().ravel()
        # the shortest digits that are this float32
        numbers = [float(str(number)) for number in values] if values.dtype == np.float32 else values.tolist()
        shape = {} if value.ndim == 1 else {"shape": list(value.shape)}
        return {str(value.dtype).removeprefix("torch."): numbers} | shape
    if isinstance(value, (list, tuple)):
        return [plain(t, part) for part in value]
    return value


def run(t, program, seed):
    t.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = plain(t, program(t))
    return {"made": made, "next_word": int(t.empty(1, dtype=t.int64).random_(0, 2**24))}


def evaluate(t, expression):
    t.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = {"value": repr(eval(expression, names(t)))}
        except Exception as error:
            # What torch appends for its own developers, and its lists of signatures, are left out.
            text = str(error).split("\n")[0].partition("  (Could this")[0].partition(" - got")[0]
            text = re.sub(r" \(position \d\)", "", text)
            found = {"error": type(error).__name__, "text": text}
    # fastgd's messages go on after torch's words; an address is never the same
    return found | {"warned": [str(warning.message).partition(" object at 0x")[0] for warning in caught]}


def same_everywhere(found, expected, tolerance=None):
    """Equal but for the rounding of logarithms and sines where there is a tolerance, by dtype."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), (found, expected)
        for key, values in expected.items():
            if tolerance and key in tolerance:
                got, wanted = np.array(found[key]), np.array(values)
                assert got.shape == wanted.shape
                assert (np.abs(got - wanted) <= tolerance[key] * np.maximum(1, np.abs(wanted))).all(), (got, wanted)
            else:
                same_everywhere(found[key], values, tolerance)
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), (found, expected)
        for one, other in zip(found, expected):
            same_everywhere(one, other, tolerance)
    else:
        assert found == expected


def check_expression(t, expression, torch):
    expected = record()["expressions"][expression]
    if torch is not None:
        assert evaluate(torch, expression) == expected
    found = evaluate(t, expression)
    if "error" in expected:
        assert found.pop("text", "").startswith(expected["text"].rstrip(".")), found
        expected = {key: value for key, value in expected.items() if key != "text"}
    assert found == expected


if __name__ == "__main__":
    import torch

    programs = {"DRAWS": DRAWS, "INITS": INITS, "LOADERS": LOADERS, "RUNS": RUNS}
    found = {
        "torch": torch.__version__.partition("+")[0],
        "capability": torch.backends.cpu.get_cpu_capability(),
        "programs": {
            group: {
                name: {str(seed): run(torch, program, seed) for seed in (SEEDS[:1] if group == "LOADERS" else SEEDS)}
                for name, program in made.items()
            }
            for group, made in programs.items()
        },
        "expressions": {text: evaluate(torch, text) for group in EXPRESSIONS.values() for text in group},
    }
    RECORDED.write_text(json.dumps(found, separators=(",", ":")) + "\n")
