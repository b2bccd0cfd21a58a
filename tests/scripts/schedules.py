"""Learning-rate schedules in training loops, gradient clipping, parameter groups."""

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, parameters_to_vector
from torch.optim import SGD, Adam, lr_scheduler

torch.manual_seed(2)
X = torch.rand(64, 2) * 4
y = X[:, :1] * 3 - X[:, 1:] + 0.1 * torch.randn(64, 1)


def train(make_scheduler, make_optimizer=SGD, epochs=20, metric=False, **options):
    torch.manual_seed(0)
    net = nn.Linear(2, 1)
    optimizer = make_optimizer(net.parameters(), **{"lr": 0.02, **options})
    scheduler = make_scheduler(optimizer)
    rates = []
    for epoch in range(epochs):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(X), y)
        loss.backward()
        norm = clip_grad_norm_(net.parameters(), max_norm=2.0)
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step(loss) if metric else scheduler.step()
    shown = " ".join(f"{rate:.5f}" for rate in rates[::3])
    print(f"{type(scheduler).__name__:28s} {shown} loss {loss.item():.5f} norm {norm:.4f}")


train(lambda o: lr_scheduler.StepLR(o, 5))
train(lambda o: lr_scheduler.MultiStepLR(o, milestones=[5, 15], gamma=0.5))
train(lambda o: lr_scheduler.ExponentialLR(o, 0.9))
train(lambda o: lr_scheduler.LambdaLR(o, lr_lambda=lambda epoch: 0.95**epoch))
train(lambda o: lr_scheduler.MultiplicativeLR(o, lambda epoch: 0.9))
train(lambda o: lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=10))
train(lambda o: lr_scheduler.ConstantLR(o))
train(lambda o: lr_scheduler.PolynomialLR(o, total_iters=20, power=2))
train(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=20))
train(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=5, T_mult=2))
train(lambda o: lr_scheduler.CyclicLR(o, base_lr=0.001, max_lr=0.05, step_size_up=4, cycle_momentum=False))
train(lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.05, total_steps=20), momentum=0.9)
train(lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, epochs=4, steps_per_epoch=5), Adam)
train(lambda o: lr_scheduler.ReduceLROnPlateau(o, "min", patience=1, factor=0.3), metric=True, lr=0.2)
train(
    lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 0.1, total_iters=4), lr_scheduler.ExponentialLR(o, 0.9)], milestones=[4]
    )
)

net = nn.Linear(2, 1)
optimizer = SGD([{"params": [net.weight]}, {"params": [net.bias], "lr": 1e-3}], lr=1e-2, momentum=0.9)
scheduler = lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
for epoch in range(4):
    for group in optimizer.param_groups:
        group["weight_decay"] = 0.1 * epoch
    loss = (net(X) - y).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    clip_grad_value_(net.parameters(), 0.5)
    print(epoch, [group["lr"] for group in optimizer.param_groups], net.weight.grad, net.bias.grad)
    optimizer.step()
    scheduler.step()
print(parameters_to_vector(net.parameters()), scheduler.state_dict())
print(optimizer)
