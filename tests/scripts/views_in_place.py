"""Views, and everything that is written in place: shapes, gradients and the errors of leaves."""

import torch

torch.manual_seed(0)
a = torch.arange(6.0).reshape(2, 3)
b = a.T
b[0, 1] = 100
print(a, b.shape, a.data_ptr() == b.data_ptr())
c = a.clone()
c.t_()
print(c, c.shape, c.stride())
c.unsqueeze_(0)
print(c.shape)
c.squeeze_()
print(c.shape)
c.transpose_(0, 1)
print(c.shape)
w = torch.ones(2, 3, requires_grad=True)
y = w * 2
y.t_()
print(y)
y.unsqueeze_(-1)
print(y.shape, y.grad_fn.name())
y.squeeze_(-1).sum().backward()
print(w.grad)
z = w * 3
z.add_(1).mul_(2)
print(z, z._version)
z[0] = 0
print(z)
z.sum().backward()
print(w.grad)
h = w.exp()
h.zero_()
try:
    h.sum().backward()
except RuntimeError as e:
    print(str(e)[:70])
try:
    w.t_()
except RuntimeError as e:
    print(e)
try:
    w += 1
except RuntimeError as e:
    print(e)
try:
    w[0] = 1
except RuntimeError as e:
    print(e)
v = w.view(-1)
try:
    v.add_(1)
except RuntimeError as e:
    print(e)
with torch.no_grad():
    w.view(-1).add_(1)
    w[0].zero_()
    w.fill_diagonal_(9)
print(w)
x = torch.zeros(3, 4)
x[1, :] = torch.arange(4)
x[:, 2] = -1
x[x == 0] = 5
x[[0, 2], [1, 3]] = 7.0
print(x)
x[..., 0] += 10
x[::2] *= 2
x[-1, -2:] = torch.tensor([1.0, 2.0])
print(x)
x.index_fill_(1, torch.tensor([0]), 0)
x.masked_fill_(x > 9, 9)
print(x)
x.index_add_(0, torch.tensor([0, 2]), torch.ones(2, 4))
print(x)
x.scatter_(1, torch.tensor([[0], [1], [2]]), -3.0)
print(x)
x.clamp_(-1, 6)
x.abs_()
x.sqrt_()
print(x)
x.copy_(torch.arange(12).view(3, 4))
x.neg_()
x.pow_(2)
x.div_(3)
x.floor_()
print(x)
x.uniform_(0, 1)
print((x >= 0).all(), (x < 1).all())
x.normal_(5, 2)
print(x.shape)
x.exponential_()
print((x > 0).all())
print(
    a.expand(2, 2, 3).shape,
    a.repeat(2, 2).shape,
    a.flatten().shape,
    a.unflatten(1, (3, 1)).shape,
    a.permute(1, 0).shape,
    a.movedim(0, 1).shape,
    a.swapaxes(0, 1).shape,
)
print(
    torch.broadcast_to(torch.tensor([1, 2]), (2, 2)),
    torch.tile(torch.tensor([1, 2]), (2,)),
    torch.atleast_2d(torch.tensor(1.0)),
    torch.ravel(a),
)
print(a.split(2, dim=1), a.chunk(2), a.unbind(1), torch.tensor_split(a, 3, dim=1)[2])
print(
    torch.vstack([a, a]).shape,
    torch.hstack([a, a]).shape,
    torch.dstack([a, a]).shape,
    torch.cat([a, a], dim=-1).shape,
    torch.stack([a, a], -1).shape,
)
print(
    a.gather(1, torch.tensor([[0, 2], [1, 0]])),
    a.take(torch.tensor([0, 5])),
    torch.index_select(a, 1, torch.tensor([2, 0])),
    a.masked_select(a > 3),
    torch.where(a > 3),
    (a > 3).nonzero(),
)
print(a.flip(0), a.fliplr(), a.roll(1, 1), a.rot90(), a.diagonal(), torch.diag(torch.ones(2)), a.triu(), sep="\n")
m = torch.zeros(2, 3)
n = m
n += 1
print(m)
n = n + 1
print(m)
q = a.numpy()
q[0, 0] = -77
print(a[0, 0], a.clone().numpy() is q)
s = a[:, 1:]
s.mul_(0)
print(a, s._base is a, s.is_contiguous())
print(
    torch.equal(a, a.clone()),
    a is a.view(2, 3),
    a.view(3, 2).view_as(torch.zeros(6)).shape,
    a.reshape_as(b).shape,
    a.new_zeros(2),
    a.new_tensor([1, 2]),
    a.new_ones((1, 2)),
    a.new_full((2,), 3.0),
    a.new_empty(0),
)
