"""One step of training, taken apart: every parameter, hook, gradient and ancestor printed."""

import torch
from torch import nn

torch.manual_seed(2024)
torch.set_printoptions(precision=6)
model = nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 1))
x = torch.randn(3, 4)
y = torch.tensor([[1.0], [0.0], [2.0]])
print("== params before")
for i, (n, p) in enumerate(model.named_parameters()):
    print(i, n, p, p.is_leaf, p.grad, p.requires_grad, p.dtype, p.device, p.layout)
acts = {}


def save(name):
    def hook(module, inputs, output):
        acts[name] = output.detach()
        print("fwd", name, [tuple(i.shape) for i in inputs], tuple(output.shape), output.grad_fn.name())

    return hook


handles = [m.register_forward_hook(save(n)) for n, m in model.named_children()]
out = model(x)
print({k: v.mean() for k, v in acts.items()})
for h in handles:
    h.remove()
print(out)
loss = nn.MSELoss()(out, y)
print(loss, loss.item(), loss.shape, loss.requires_grad, loss.is_leaf)


def walk(fn, depth=0):
    if fn is None or depth > 4:
        return
    print("  " * depth + type(fn).__name__)
    for nxt, _ in fn.next_functions:
        walk(nxt, depth + 1)


walk(loss.grad_fn)
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
opt.zero_grad()
print([p.grad for p in model.parameters()])
loss.backward()
print("== grads")
for n, p in model.named_parameters():
    print(n, p.grad, p.grad.norm().item(), p.grad.requires_grad)
print(x.grad, out.grad if out.is_leaf else "non-leaf")
before = [p.clone() for p in model.parameters()]
opt.step()
for b, p in zip(before, model.parameters()):
    print((p - b).abs().max(), torch.allclose(p, b - 0.1 * p.grad))
print(opt.state_dict())
print(opt.state[model[0].weight]["momentum_buffer"])
print(
    sum(p.numel() for p in model.parameters()), sum(p.numel() * p.element_size() for p in model.parameters()), "bytes"
)
print(
    model[0].weight.data_ptr() == next(iter(model.parameters())).data_ptr(),
    id(model[0].weight) == id(next(model.parameters())),
)
print(*model.state_dict().items(), sep="\n")
print(torch.isnan(loss).any(), torch.isfinite(out).all(), (out > 0).sum(), out.argmax(), out.max(), out.min(0))
print("%.3f %s" % (loss, loss), str(out.tolist()), out.detach().numpy().dtype, repr(out.size()))
print(f"{loss=}", f"{loss.item()=:.4f}", f"{out.shape=}", f"{out.dtype=!s}")
with torch.no_grad():
    print(model(x), (model(x) - y).pow(2).mean())
model.eval()
print(model.training, all(not m.training for m in model.modules()))
print(torch.is_grad_enabled(), torch.cuda.is_available(), torch.cuda.device_count())
print(len(str(model).splitlines()), str(model).splitlines()[1].strip())
