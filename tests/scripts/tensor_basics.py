"""The lesson before the regression: creation, views, types, in-place forms, numpy bridges, autograd rules."""

import numpy as np
import torch

x = torch.empty(2, 3).fill_(7)
print(x, torch.zeros(5, 3, dtype=torch.long), torch.ones_like(x), torch.full((2, 2), 3.5), torch.zeros_like(x))
x = x.new_ones(5, 3, dtype=torch.double)
print(x, x.size())
torch.manual_seed(1)
x = torch.rand(5, 3)
y = torch.rand(5, 3)
result = torch.empty(5, 3)
torch.add(x, y, out=result)
print(result)
y.add_(x)
print(y, y[:, 1], y.view(-1, 5).size(), torch.allclose(y, result))
v = x.view(15)
v[0] = 100
print(x[0], v.data_ptr() == x.data_ptr(), x.is_contiguous(), x.t().is_contiguous(), x.stride(), x.t().stride())
a = torch.ones(5)
b = a.numpy()
a.add_(1)
np.add(b, 1, out=b)
print(a, b, torch.from_numpy(b), a.tolist())
a = np.ones(3)
t = torch.from_numpy(a)
a += 1
print(t, t.dtype, torch.tensor(a, dtype=torch.float32), torch.as_tensor([1, 2.5]), np.array(t), t.float(), t.int())
pair = torch.tensor([1, 2])
print(pair + 0.5, pair / 2, torch.tensor([3]) // 2, pair * torch.tensor(2.0))
print(np.float64(2.0) * torch.ones(2), torch.ones(2) * np.float32(3), torch.tensor(2) ** 3, 2 ** torch.arange(4))
m = torch.arange(12).reshape(3, 4)
print(m, m[1], m[:, 1], m[..., -1], m[m > 5], m.sum(), m.sum(dim=0), m.sum(1, keepdim=True), m.float().mean(0), m.T)
print(m.max(), m.max(dim=1), m.float().std(), m.argmin(), torch.sort(torch.tensor([3, 1, 2])), m.float().norm())
print(torch.cat((m, m), dim=0).shape, torch.stack((m, m)).shape, torch.chunk(m, 2, dim=1), m.split(2)[0], m.unbind()[0])
print(m.unsqueeze(0).shape, m.reshape(2, -1), m.flatten(), m.expand(2, 3, 4).shape, m.permute(1, 0), m.squeeze())
above = torch.where(m > 5, m, torch.zeros_like(m))
print(above, torch.clamp(m, 2, 8), m.float().sqrt()[0], torch.abs(torch.tensor([-1.5])))
print(torch.dot(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])), torch.outer(torch.arange(3), torch.arange(2)))
print(torch.inverse(torch.tensor([[2.0, 0.0], [1.0, 4.0]])), torch.linalg.solve(torch.eye(2) * 2, torch.ones(2)))
print(len(m), list(torch.arange(3)), [int(i) for i in torch.arange(3)], float(torch.tensor(2.5)), bool(torch.tensor(0)))
gathered = torch.gather(m, 1, torch.tensor([[0], [1], [2]]))
print(m.index_select(0, torch.tensor([0, 2])), gathered, m.topk(2)[0], m.cumsum(0))

x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
print(y, z, out)
out.backward()
print(x.grad)
a = torch.randn(2, 2)
a = (a * 3) / (a - 1)
print(a.requires_grad)
a.requires_grad_(True)
b = (a * a).sum()
print(b.grad_fn is not None, (x**2).requires_grad)
with torch.no_grad():
    print((x**2).requires_grad)
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x * 2
y.backward(torch.tensor([0.1, 1.0, 0.0001]))
print(x.grad, x.detach().eq(torch.tensor([1.0, 2.0, 3.0])).all())
attempts = lambda: y.backward(), lambda: x.numpy(), lambda: torch.ones(2, 3) @ torch.ones(2, 3), lambda: x.add_(1)
for attempt in attempts:
    try:
        attempt()
    except RuntimeError as error:
        print(type(error).__name__, str(error)[:40])
w = torch.tensor(2.0, requires_grad=True)
(g,) = torch.autograd.grad(w**3, w)
print(g, w.grad)
w.register_hook(lambda g: print("hook", g))
(w * 5).backward()
print(w.grad, torch.is_tensor(w), isinstance(w, torch.Tensor), torch.is_grad_enabled(), torch.get_default_dtype())
