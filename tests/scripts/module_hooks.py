"""Hooks on modules and on state dicts."""

import copy

import torch
from torch import nn

torch.manual_seed(0)
m = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))


def fh(mod, a, o):
    print("f", type(mod).__name__, len(a), o.shape)


h1 = m[0].register_forward_hook(fh)
h2 = m[0].register_forward_hook(lambda mod, a, k, o: print("first", k), prepend=True, with_kwargs=True)
h3 = m[2].register_forward_pre_hook(lambda mod, a, k: ((a[0] * 2,), k), with_kwargs=True)
b = [
    mod.register_full_backward_hook(
        lambda mod, gi, go: print(
            type(mod).__name__, [None if g is None else g.shape for g in gi], [g.sum() for g in go]
        )
    )
    for mod in m
]
x = torch.randn(4, 2)
y = m(x)
print(y)
(y**2).mean().backward()
print(m[0].weight.grad)
for h in b + [h1, h2, h3]:
    h.remove()
m.zero_grad()
y = m(x)
print(type(y.grad_fn))
(y**2).mean().backward()
print(m[0].weight.grad)
g = m[2].register_full_backward_hook(lambda mod, gi, go: (gi[0] * 10,))
p = m[1].register_full_backward_pre_hook(lambda mod, go: (go[0] * 2,))
m.zero_grad()
xr = x.clone().requires_grad_()
y = m(xr)
(y**2).mean().backward()
print(m[0].weight.grad, xr.grad, m[2].weight.grad)
crit = nn.MSELoss()
crit.register_full_backward_hook(lambda mod, gi, go: print("crit", gi, go))
crit(m(x), torch.zeros(4, 1)).backward()
n = nn.Linear(2, 1)
n.register_state_dict_post_hook(lambda mod, sd, pre, meta: print("post", list(sd), pre, dict(meta)))
n.register_state_dict_pre_hook(lambda mod, pre, kv: print("pre", pre, kv))
n.register_load_state_dict_pre_hook(lambda mod, sd, pre, meta, strict, mi, un, er: sd.pop("extra", None) and None)
n.register_load_state_dict_post_hook(lambda mod, keys: print("keys", keys))
sd = n.state_dict()
sd["extra"] = torch.ones(1)
print(n.load_state_dict(sd))
print(list(sd))
c = copy.deepcopy(n)
print(c(torch.ones(1, 2)).shape, n.share_memory() is n)
with n.register_forward_hook(lambda m, a, o: o * 0):
    print(n(torch.ones(1, 2)))
