"""Programs that train, and return what they print: for fastgd and torch alike."""

from random_outcomes import into

RUNS = {}


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
