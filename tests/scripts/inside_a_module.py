"""What a Module shows of itself: names, registries, __dict__, hooks, prints."""

from collections import OrderedDict

import torch
from torch import nn

torch.manual_seed(0)


class Regressor(nn.Module):
    """two-layer linear regressor"""

    version = 2

    def __init__(self, n_in, n_out=1, **kw):
        super().__init__()
        self.n_in = n_in
        self.body = nn.Sequential(
            OrderedDict([("fc1", nn.Linear(n_in, 4)), ("act", nn.Tanh()), ("drop", nn.Dropout(p=0.0))])
        )
        self.out = nn.Linear(4, n_out, bias=kw.get("bias", True))
        self.scale = nn.Parameter(torch.ones(1), requires_grad=False)
        self.register_buffer("calls", torch.tensor(0))
        self.register_parameter("none", None)
        self.history = []

    def forward(self, x):
        self.calls += 1
        return self.out(self.body(x)) * self.scale

    def extra_repr(self):
        return f"n_in={self.n_in}"


m = Regressor(3)
print(m)
for n, p in m.named_parameters():
    print(f"{n:20} {tuple(p.shape)!s:10} {p.requires_grad} {p.numel()}")
print([n for n, _ in m.named_modules()])
print([type(c).__name__ for c in m.children()], [type(c).__name__ for c in m.modules()])
print(m.state_dict().keys())
print(m.none, m.training, m.body.training, m.eval().training, m.body[1].training)
m.train()
out = m(torch.ones(2, 3))
print(out, m.calls)
print(vars(m).keys())
print(sorted(k for k in m.__dict__ if not k.startswith("_")))
print("training" in m.__dict__, m.__dict__["training"])
print(list(m._parameters), list(m._buffers), list(m._modules))
print(hasattr(m, "body"), getattr(m, "missing", "default"), "scale" in dict(m.named_parameters()))
try:
    print(m.missing)
except AttributeError as e:
    print(e)
try:
    m.scale = 3
except TypeError as e:
    print(e)
try:
    m.body["x"]
except TypeError as e:
    print(type(e).__name__, e)


def init(mod):
    if isinstance(mod, nn.Linear):
        nn.init.constant_(mod.weight, 0.5)
        if mod.bias is not None:
            nn.init.zeros_(mod.bias)


print(m.apply(init) is m)
print(m(torch.ones(1, 3)))
h1 = m.out.register_forward_hook(lambda mod, inp, out: print("hook", type(mod).__name__, inp[0].shape, out.shape))
h2 = m.register_forward_pre_hook(lambda mod, inp: print("pre", len(inp)))
m(torch.ones(1, 3))
h1.remove()
h2.remove()
m.double()
print(m.out.weight.dtype, m.calls.dtype, next(m.parameters()).device)
m.float()
m.requires_grad_(False)
print(any(p.requires_grad for p in m.parameters()))
m.requires_grad_(True)
for p in m.body.parameters():
    p.requires_grad_(False)
print([n for n, p in m.named_parameters() if p.requires_grad])
opt = torch.optim.SGD(filter(lambda p: p.requires_grad, m.parameters()), lr=0.1)
(m(torch.ones(4, 3)) - 1).pow(2).mean().backward()
print(m.body.fc1.weight.grad, m.out.bias.grad)
opt.step()
del m.none
m.out = nn.Identity()
print(m)
print(
    nn.Sequential(
        nn.Linear(2, 2),
        nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()),
        nn.Flatten(),
        nn.LeakyReLU(0.1),
        nn.Softplus(),
        nn.Softmax(dim=1),
    )
)
print(nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.Identity()}))
print(nn.ParameterList([torch.zeros(2), torch.zeros(1, 1)]))
print(m.get_submodule("body.fc1"), m.get_parameter("body.fc1.bias"))
seq = nn.Sequential(nn.Linear(2, 2))
seq.append(nn.ReLU())
seq.insert(0, nn.Identity())
seq.extend([nn.Linear(2, 1)])
print(seq, seq[1:3], len(seq))
del seq[0]
print(seq[0] is next(iter(seq)), [type(s).__name__ for s in seq])
print(
    repr(nn.MSELoss()),
    nn.L1Loss(reduction="sum"),
    nn.HuberLoss(delta=2.0),
    nn.SmoothL1Loss(),
    nn.BCELoss(),
    nn.CrossEntropyLoss(),
)
