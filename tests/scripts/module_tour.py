"""What modules do."""

import copy
import io
from collections import OrderedDict

import torch
from torch import nn

torch.manual_seed(0)


class Poly(nn.Module):
    def __init__(self, degree=3):
        super().__init__()
        self.coeffs = nn.ParameterList([nn.Parameter(torch.randn(())) for _ in range(degree + 1)])
        self.register_buffer("scale", torch.tensor(2.0))
        self.register_buffer("tmp", torch.zeros(2), persistent=False)
        self.degree = degree
        self.register_parameter("extra", None)

    def forward(self, x):
        return sum(c * (x / self.scale) ** i for i, c in enumerate(self.coeffs))

    def string(self):
        return "y = " + " + ".join(f"{c.item():.3f} x^{i}" for i, c in enumerate(self.coeffs))

    def extra_repr(self):
        return f"degree={self.degree}"


p = Poly()
print(p)
print(p.string())
print(p.state_dict())
print([n for n, _ in p.named_parameters()], [n for n, _ in p.named_buffers()], len(list(p.parameters())))
x = torch.linspace(-1, 1, 50)
y = torch.sin(3 * x)
o = torch.optim.Adam(p.parameters(), 0.05)
for i in range(100):
    o.zero_grad()
    l = ((p(x) - y) ** 2).mean()
    l.backward()
    o.step()
print(l, p.string())
net = nn.Sequential(OrderedDict([("fc1", nn.Linear(2, 4)), ("act", nn.ReLU()), ("out", nn.Linear(4, 1))]))
print(
    net, net.fc1, net[0] is net.fc1, len(net), list(net.named_children())[1], [type(m).__name__ for m in net.modules()]
)
net.add_module("sig", nn.Sigmoid())
print(net)
del net[-1]
print(len(net))
net.append(nn.Identity())
print(net[-1], net[1:])
print(
    sum(p.numel() for p in net.parameters() if p.requires_grad), {n: tuple(p.shape) for n, p in net.named_parameters()}
)


class Nested(nn.Module):
    def __init__(self):
        super(Nested, self).__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2) for i in range(2)])
        self.heads = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.Linear(2, 3)})
        self.w = nn.Parameter(torch.ones(2))
        self.shared = self.layers[0]
        self.plain = [1, 2]

    def forward(self, x, head="a"):
        for l in self.layers:
            x = torch.tanh(l(x)) * self.w
        return self.heads[head](x)


n = Nested()
print(n)
print(
    n(torch.ones(1, 2)).shape,
    n(torch.ones(1, 2), head="b").shape,
    list(n.state_dict()),
    len(list(n.parameters())),
    [k for k, _ in n.named_modules()],
)


def init(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        m.bias.data.fill_(0.01)
    elif type(m) == nn.ModuleList:
        print("list")


n.apply(init)
print(n.layers[0].weight, n.heads["a"].bias)
n.train(False)
print(n.training, n.layers[1].training)
n.train()
n.double()
print(n.w.dtype, n(torch.ones(1, 2, dtype=torch.double)).dtype)
n.float()
c = copy.deepcopy(n)
c.w.data.mul_(5)
print(n.w, c.w, c is n)
for pr in n.layers.parameters():
    pr.requires_grad = False
print([k for k, v in n.named_parameters() if v.requires_grad])
n.requires_grad_(True)
try:
    n.load_state_dict({"w": torch.zeros(2)})
except RuntimeError as e:
    print(str(e))
print(n.load_state_dict({"w": torch.zeros(2), "zz": torch.ones(1)}, strict=False))
print(n.w)
try:
    n.load_state_dict({**n.state_dict(), "w": torch.zeros(3)})
except RuntimeError as e:
    print(e)
try:
    n.foo
except AttributeError as e:
    print(e)
try:
    nn.Sequential(3)
except TypeError as e:
    print(e)


class Bad(nn.Module):
    def __init__(self):
        self.l = nn.Linear(1, 1)


try:
    Bad()
except AttributeError as e:
    print(e)


class NoFwd(nn.Module):
    pass


try:
    NoFwd()(1)
except NotImplementedError as e:
    print(e)
l = nn.Linear(2, 2, bias=False)
print(l, l.bias, l.weight.shape, l.in_features)
l.weight = nn.Parameter(torch.eye(2))
print(l(torch.tensor([[1.0, 2.0]])), l.weight is next(l.parameters()))
try:
    l.weight = torch.ones(2, 2)
except TypeError as e:
    print(e)
with torch.no_grad():
    l.weight.copy_(torch.zeros(2, 2))
    l.weight[0, 0] = 5
    l.weight += 1
print(l.weight, nn.Parameter(torch.zeros(1), requires_grad=False), nn.Parameter(torch.arange(3.0)))
b = io.BytesIO()
torch.save(net.state_dict(), b)
b.seek(0)
sd = torch.load(b)
print(type(sd), list(sd), all(torch.equal(a, b) for a, b in zip(sd.values(), net.state_dict().values())))
print(
    nn.MSELoss(),
    nn.Flatten(),
    nn.Tanh(),
    nn.ReLU(inplace=True),
    nn.CrossEntropyLoss(),
    nn.Softmax(dim=1),
    nn.Dropout(),
    nn.Identity(),
    nn.ModuleList([nn.ReLU()]),
    nn.ParameterList([torch.zeros(2)]),
)
print(
    net._get_name(),
    isinstance(net, nn.Module),
    issubclass(nn.Linear, nn.Module),
    net.__class__,
    nn.Linear,
    hasattr(net, "fc1"),
    callable(net),
)
