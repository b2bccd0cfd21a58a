"""Programs that load: samplers, splits, layouts of rows, for fastgd and torch alike."""

from random_outcomes import into

LOADERS = {}


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
