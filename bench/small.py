"""What does one operation on ten elements cost, beside torch?

Each is computed only, and recorded with its backward where it has one. Then a hand-written polynomial's step, a step of
Adam, and a whole script from start to end.
"""

import subprocess
import sys
import tempfile
import timeit
from functools import partial
from pathlib import Path

import numpy as np

from . import Row
from .loops import load

# x and y: vectors of ten; X: (5, 2); p: ten between 0 and 1; i: ten integers; m: ten bools.
NOT_RECORDED = """
    torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
    torch.as_tensor(array)
    torch.from_numpy(array)
    torch.zeros(10)
    torch.ones(10)
    torch.empty(10)
    torch.full((10,), 2.0)
    torch.eye(3)
    torch.zeros_like(x)
    torch.ones_like(x)
    torch.arange(10)
    torch.arange(0.0, 1.0, 0.1)
    torch.linspace(0, 1, 10)
    torch.logspace(0, 1, 10)
    torch.meshgrid(x, y, indexing="ij")
    torch.rand(10)
    torch.randn(10)
    torch.randint(0, 5, (10,))
    torch.randperm(10)
    x == y
    x > 0
    x < y
    m & m
    ~m
    x.argmax()
    x.argmin()
    X.argmax(1)
    x.argsort()
    m.all()
    m.any()
    x.isnan()
    x.isfinite()
    torch.allclose(x, y)
    torch.equal(x, y)
    i.unique()
    i.bincount()
    m.nonzero()
    x.long()
    i.float()
    x.detach()
    x.tolist()
    x.numpy()
    list(x)
    len(x)
    x.shape
    x.size(0)
    x.dtype
    float(s)
    s.item()
    f"{s:.4f}"
    bool(s > 0)
    work.add_(1.0)
    work.mul_(0.5)
    work.sub_(y, alpha=0.1)
    work.zero_()
    work.fill_(1.0)
    work.copy_(y)
    work.clamp_(0, 1)
    work.normal_()
    work.uniform_()
    work[3] = 1.0
    work[2:5] = 1.0
    work[m] = 0.0
    torch.linalg.inv(S)
    torch.linalg.solve(S, b)
    torch.linalg.lstsq(X, y5)
"""
RECORDED = """
    x + y
    x + 1.0
    x - y
    1.0 - x
    x * y
    x * 2.0
    x / y
    x / 2.0
    1.0 / x
    x ** 2
    x ** 3
    x ** 0.5
    -x
    X + b
    X * b
    x.abs()
    x.square()
    p.sqrt()
    x.exp()
    p.log()
    p.log1p()
    x.sin()
    x.cos()
    x.tanh()
    x.sigmoid()
    x.relu()
    x.sign()
    x.floor()
    x.round()
    x.reciprocal()
    x.clamp(0.0, 1.0)
    x.clamp(min=0.0)
    torch.where(m, x, y)
    torch.where(x > 0, x, 0.0)
    torch.maximum(x, y)
    x.sum()
    X.sum(0)
    X.sum(1)
    X.sum(1, keepdim=True)
    x.mean()
    X.mean(0)
    x.var()
    x.std()
    X.std(0)
    x.min()
    x.max()
    X.max(1)[0]
    X.min(1)[0]
    X.amax(1)
    x.prod()
    x.norm()
    X.norm(dim=1)
    x.median()
    x.cumsum(0)
    x.cumprod(0)
    x.softmax(0)
    x.log_softmax(0)
    x.logsumexp(0)
    X @ b
    X @ M
    x @ y
    X.mm(M)
    X.mv(b)
    X.matmul(M)
    x.dot(y)
    torch.outer(b, b)
    torch.addmm(b, X, M)
    torch.nn.functional.linear(X, M)
    torch.linalg.norm(x)
    x.view(5, 2)
    x.view(-1, 1)
    x.reshape(5, 2)
    X.t()
    X.T
    X.transpose(0, 1)
    X.permute(1, 0)
    x.unsqueeze(1)
    column.squeeze()
    column.squeeze(1)
    X.flatten()
    column.expand(10, 3)
    x.expand_as(x)
    x.narrow(0, 2, 3)
    x[3]
    x[2:5]
    X[:, 0]
    X[1]
    x[:, None]
    x[m]
    x[i]
    x[[1, 2, 3]]
    x.index_select(0, i)
    x.gather(0, i)
    x.masked_select(m)
    x.chunk(2)[0]
    x.split(5)[0]
    X.unbind(1)[0]
    torch.cat([x, y])
    torch.cat((x, y), dim=0)
    torch.stack([x, y])
    torch.stack((x, y), dim=1)
    x.sort()[0]
    x.topk(3)[0]
    x.clone()
    X.t().contiguous()
    x.double()
    x.repeat(2)
    x.flip(0)
    x.diff()
    torch.nn.functional.mse_loss(x, y)
    torch.nn.functional.l1_loss(x, y)
    torch.nn.functional.smooth_l1_loss(x, y)
    torch.nn.functional.binary_cross_entropy_with_logits(x, p)
    ((x - y) ** 2).mean()
"""


def lines(text):
    return [line.strip() for line in text.strip().splitlines()]


def names(library, recorded):
    """What the operations are applied to."""
    rng = np.random.default_rng(0)
    array = rng.normal(size=10).astype(np.float32)
    arrays = {
        "x": array,
        "y": rng.normal(size=10).astype(np.float32),
        "p": rng.uniform(0.1, 0.9, size=10).astype(np.float32),
        "X": rng.normal(size=(5, 2)).astype(np.float32),
        "M": rng.normal(size=(2, 2)).astype(np.float32),
        "b": rng.normal(size=2).astype(np.float32),
        "column": rng.normal(size=(10, 1)).astype(np.float32),
    }
    made = {name: library.tensor(given, requires_grad=recorded) for name, given in arrays.items()}
    made.update(
        torch=library,
        array=array,
        work=library.zeros(10),
        m=made["y"].detach() > 0,
        i=library.tensor([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]),
        s=library.tensor(1.5),
        S=library.tensor([[2.0, 0.5], [0.5, 1.0]]),
        y5=library.ones(5, 1),
    )
    return made


def computed(name, operation):
    return timeit.Timer(operation, globals=names(load(name, 1), False)).timeit


def with_backward(name, operation):
    given = names(load(name, 1), True)
    given["g"] = given["torch"].ones_like(eval(operation, given).detach())
    return timeit.Timer(f"({operation}).backward(g)", globals=given).timeit


POLYNOMIAL = """
loss = ((a + b * x + c * x ** 2 + d * x ** 3) - y).pow(2).sum()
loss.backward()
with torch.no_grad():
    a.sub_(1e-6 * a.grad)
    b.sub_(1e-6 * b.grad)
    c.sub_(1e-6 * c.grad)
    d.sub_(1e-6 * d.grad)
    a.grad = b.grad = c.grad = d.grad = None
"""


def polynomial(name):
    library = load(name, 1)
    x = library.linspace(-3, 3, 2000)
    leaves = {leaf: library.zeros((), requires_grad=True) for leaf in "abcd"}
    return timeit.Timer(POLYNOMIAL, globals={"torch": library, "x": x, "y": x.sin(), **leaves}).timeit


def adam(name):
    library = load(name, 1)
    model = library.nn.Linear(10, 1)
    optimizer = library.optim.Adam(model.parameters(), lr=1e-6)
    model(library.ones(20, 10)).sum().backward()
    return timeit.Timer("optimizer.step()", globals={"optimizer": optimizer}).timeit


SCRIPT = """
import torch
torch.manual_seed(0)
x = torch.linspace(-1, 1, 100).unsqueeze(1)
y = 3 * x + 1 + 0.1 * torch.randn(100, 1)
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
criterion = torch.nn.MSELoss()
for epoch in range(200):
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{loss.item():.4f}", model.weight, model.bias)
"""


def whole_script(name):
    load(name, 1)  # says whether it is there
    folder = tempfile.TemporaryDirectory()
    script = Path(folder.name, "regression.py")
    script.write_text(SCRIPT)
    command = [sys.executable, *(["-m", "fastgd"] if name == "fastgd" else []), str(script)]

    def run(n):
        for _ in range(n):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    run.folder = folder  # goes with the function
    return run


def rows():
    def row(group, size, make, *arguments, quick=False):
        libraries = {name: partial(make, name, *arguments) for name in ("fastgd", "torch")}
        return Row(group, size, libraries, {"fastgd": ("torch",)}, quick=quick)

    for operation in lines(RECORDED) + lines(NOT_RECORDED):
        yield row("ten elements", operation, computed, operation, quick=operation in ("x + y", "x.mean()"))
    for operation in lines(RECORDED):
        yield row("recorded, with backward", operation, with_backward, operation, quick=operation == "x.mean()")
    yield row("a step", "a + b*x + c*x**2 + d*x**3, 2000 points", polynomial)
    yield row("a step", "Adam, a Linear of ten features", adam)
    yield row("from start to end", "a script of 200 steps", whole_script)
