"""A Linear, a loss and an optimizer written again by hand, and the messages that a beginner catches and prints."""

import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.parameter import Parameter


class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(torch.empty(out_features, in_features))
        if bias:
            self.bias = Parameter(torch.empty(out_features))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = nn.init._calculate_fan_in_and_fan_out(self.weight)
            nn.init.uniform_(self.bias, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def forward(self, input):
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * g * x**2


torch.manual_seed(6)
ours = Linear(4, 2)
torch.manual_seed(6)
theirs = nn.Linear(4, 2)
print(ours, theirs, torch.equal(ours.weight, theirs.weight), torch.equal(ours.bias, theirs.bias))
x = torch.linspace(-1, 1, 5, requires_grad=True)
cubed = Cube.apply(x)
print(cubed, type(cubed.grad_fn), cubed.grad_fn.name(), cubed.grad_fn.next_functions[0][0].name())
print(
    (cubed * 2).grad_fn.next_functions[1], ((cubed - torch.ones(5)) ** 2).grad_fn.next_functions[0][0].next_functions[1]
)
print(x.layout, x.stride(), x.data.cummin(0).indices)


def attempt(function):
    try:
        print(function())
    except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError, AssertionError) as error:
        print(type(error).__name__, error)


def changed_in_place():
    y = x * 2
    loss = (y**2).sum()
    y += 1
    loss.backward()


data = torch.utils.data.TensorDataset(torch.zeros(4, 2))
for mistake in (
    changed_in_place,
    lambda: f"{torch.ones(2):.2f}",
    lambda: nn.MSELoss(reduction="average")(x, x),
    lambda: F.one_hot(torch.ones(2)),
    lambda: torch.cat([torch.tensor(1.0), torch.tensor(2.0)]),
    lambda: torch.cat([x, 1]),
    lambda: x["a"],
    lambda: x[torch.tensor([0.5])],
    lambda: torch.ones(2, 3).__setitem__(0, torch.ones(4)),
    lambda: torch.ones(2, 3, 1).t(),
    lambda: torch.bmm(torch.ones(2, 2), torch.ones(2, 2)),
    lambda: torch.tensor([1, 2]) ** -1,
    lambda: torch.tensor(["a"]),
    lambda: torch.randint(3, 3, (2,)),
    lambda: torch.randn(2, -1),
    lambda: torch.randperm(-2),
    lambda: torch.tensor([1, 2]).softmax(0),
    lambda: torch.optim.lr_scheduler.StepLR(ours, 1),
    lambda: torch.utils.data.DataLoader(data, shuffle=True, sampler=torch.utils.data.RandomSampler(data)),
    lambda: torch.utils.data.random_split(data, [3, 3]),
    lambda: torch.set_default_dtype(torch.int64),
    lambda: F.linear([1.0], ours.weight),
    lambda: nn.init.xavier_normal_(torch.empty(3)),
    lambda: torch.norm(torch.tensor([3, 4])),
):
    attempt(mistake)
