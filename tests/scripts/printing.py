"""Everything printed: tensors of all kinds, parameters, gradients' functions, modules, optimizers, options."""

import torch
from torch import nn

torch.manual_seed(99)
x = torch.randn(6, 3)
w = torch.randn(3, 2, requires_grad=True)
b = torch.zeros(2, requires_grad=True)
print(x, x.shape, x.size(), x.size(0), x.dim(), x.numel(), x.dtype, x.device, x.type())
print(w, b)
z = x @ w + b
for tensor in (z, z + 1, z - 1, 1 - z, z * 2, z / 3, -z, z**2, z.exp(), z.mean(), z.sum(0), z.view(-1), z.t(), z[0]):
    print(type(tensor.grad_fn).__name__, tensor.requires_grad, tensor.is_leaf, tensor)
print(z.detach(), z.data.abs().max(), (z > 0), (z > 0).sum(), (z > 0).float().mean())
print(
    torch.arange(10), torch.arange(0, 1, 0.1), torch.linspace(0, 1, 5), torch.eye(3), torch.ones(2, 3, dtype=torch.int)
)
print(torch.tensor([1e-6, 1.0, 1000.0]), torch.tensor([1e10, 1.0]), torch.tensor([0.1, float("nan"), float("inf")]))
print(torch.tensor(3), torch.tensor(3.5), torch.tensor([True, False]), torch.tensor([]), torch.zeros(0, 3))
print(torch.arange(3000.0).reshape(50, 60))
print(torch.zeros(2, 3, 4) + torch.arange(4))
print(torch.tensor([1.0], dtype=torch.float64), torch.float64, torch.LongTensor([1, 2]), torch.FloatTensor([1, 2]))
model = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh(), nn.Linear(4, 1))
print(model)
print(model[0].weight, model.state_dict().keys())
print(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True))
print(torch.optim.Adam(model.parameters()))
print(nn.MSELoss(), nn.L1Loss(reduction="sum"), nn.SmoothL1Loss(), nn.HuberLoss(delta=2.0))
out = model(x)
loss = nn.functional.mse_loss(out, torch.ones(6, 1))
print(loss, f"{loss:.3f}", f"{loss.item():>12.5f}", "{:.2e}".format(loss.item()), "%.4f" % loss.item(), str(loss))
loss.backward()
print([p.grad.norm() for p in model.parameters()])
print(model[2].bias.grad, model[2].weight.grad.shape)
torch.set_printoptions(precision=2, sci_mode=False)
print(x, loss)
torch.set_printoptions(profile="default")
torch.set_printoptions(edgeitems=2, threshold=10, linewidth=60)
print(x, torch.arange(100))
torch.set_printoptions(profile="full")
print(torch.arange(40))
torch.set_printoptions(profile="default")
print("x:", x[0, 0], x[:, 1], x[1:3, :2], x[-1], x[x > 1], x[torch.tensor([0, 2])])
children = [n for n, _ in model.named_children()]
print([p for p in nn.Linear(1, 1).parameters()], len(list(model.named_modules())), children)
