"""What autograd does, point by point."""

import warnings

import torch

x = torch.ones(2, 2, requires_grad=True)
print(x)
y = x + 2
print(y, y.grad_fn is not None)
z = y * y * 3
out = z.mean()
print(z, out)
out.backward()
print(x.grad)
try:
    out.backward()
except RuntimeError as e:
    print("RuntimeError:", str(e)[:60])
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x * 2
i = 0
while y.data.norm() < 1000:
    y = y * 2
    i += 1
print(y, i)
v = torch.tensor([0.1, 1.0, 0.0001], dtype=torch.float)
y.backward(v)
print(x.grad)
print(x.requires_grad, (x**2).requires_grad)
with torch.no_grad():
    print((x**2).requires_grad)
y = x.detach()
print(y.requires_grad, x.eq(y).all())
a = torch.tensor([2.0, 3.0], requires_grad=True)
b = torch.tensor([6.0, 4.0], requires_grad=True)
Q = 3 * a**3 - b**2
Q.backward(gradient=torch.tensor([1.0, 1.0]))
print(9 * a**2 == a.grad, -2 * b == b.grad)
w = torch.tensor(2.0, requires_grad=True)
for k in range(3):
    (w * k).backward()
    print(k, w.grad)
w.grad.zero_()
(w**3).backward(retain_graph=False)
print(w.grad)
w.grad = None
print(w.grad)
l = (w * 3).exp()
l.backward(retain_graph=True)
g1 = w.grad.clone()
l.backward()
print(w.grad / g1)
u = w * 2
u.retain_grad()
(u**2).backward()
print(u.grad, u.is_leaf, u.retains_grad)
h = []
p = torch.tensor([1.0, 2.0], requires_grad=True)
q = p * 3
hd = q.register_hook(lambda g: h.append(g) or g * 2)
q.sum().backward()
print(h, p.grad)
hd.remove()
print(
    torch.autograd.grad((p**2).sum(), p),
    torch.autograd.grad([p[0] * p[1], p.sum()], [p]),
    torch.autograd.grad(p.prod(), [p, w], allow_unused=True),
)
with warnings.catch_warnings(record=True) as ws:
    warnings.simplefilter("always")
    (p * 2).grad
    print(len(ws), ws[0].category.__name__, str(ws[0].message)[:60])
try:
    p += 1
except RuntimeError as e:
    print("leaf", type(e).__name__)
c = p * 1
d = c**2
c += 1
try:
    d.sum().backward()
except RuntimeError as e:
    print(str(e)[:92])
r = torch.rand(3, requires_grad=True)
s = r.sum().item()
print(type(s), torch.is_grad_enabled())


@torch.no_grad()
def ev(t):
    return t * 2


print(ev(p).requires_grad)
with torch.enable_grad():
    print((p * 2).requires_grad)
with torch.set_grad_enabled(False):
    print((p * 2).requires_grad)
m = torch.nn.Linear(2, 1)
for par in m.parameters():
    par.requires_grad_(False)
m.bias.requires_grad = True
print([pp.requires_grad for pp in m.parameters()], m(torch.ones(1, 2)).requires_grad)
m(torch.ones(1, 2)).backward()
print(m.weight.grad, m.bias.grad)
print(
    type(l.grad_fn),
    l.grad_fn.name(),
    type(l.grad_fn.next_functions[0][0]),
    l.grad_fn.next_functions[0][0].next_functions[0][0].name(),
)
n = l.grad_fn.next_functions[0][0].next_functions[0][0]
print(n.variable is w, type(n).__name__)
t = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
t[0].sum().backward()
print(t.grad)
t.grad.fill_(0)
t.T[1, 0].backward()
print(t.grad)
o = torch.zeros(3)
o[0] = w * 2
o[1] = w**2
o.sum().backward()
print(o, w.grad)
s = sum([w, w * 2])
s.backward()
print(w.grad, s)
ind = torch.tensor([0, 0, 1])
e = torch.randn(3, 2).fill_(0.5).requires_grad_()
e[ind].sum().backward()
print(e.grad)
x1 = torch.linspace(-2, 2, 5, requires_grad=True)
torch.relu(x1).sum().backward()
print(x1.grad)
x1.grad = None
x1.abs().sum().backward()
print(x1.grad)
x1.grad = None
torch.sigmoid(x1).sum().backward()
print(x1.grad)
x1.grad = None
x1.clamp(-1, 1).sum().backward()
print(x1.grad)
x1.grad = None
x1.max().backward()
print(x1.grad)
k = torch.tensor(5.0, requires_grad=True)
f = lambda k: k**3 - 2 * k
e1 = 1e-2
f(k).backward()
print(k.grad, (f(k + e1) - f(k - e1)) / (2 * e1))
print(x.grad.requires_grad, torch.autograd.Variable(torch.ones(1), requires_grad=True))
