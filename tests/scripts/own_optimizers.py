"""Optimizers of one's own: functions over states, a subclass of Optimizer, a wrapper around another."""

from collections import defaultdict

import torch
from torch import nn
from torch.optim import Optimizer

torch.manual_seed(2)
X = torch.randn(50, 2)
y = X @ torch.tensor([[2.0], [-3.4]]) + 4.2 + 0.01 * torch.randn(50, 1)


def run(step, states, hyperparams, n=20):
    w, b = torch.zeros(2, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    for _ in range(n):
        loss = ((X @ w + b - y) ** 2 / 2).mean()
        loss.backward()
        step([w, b], states, hyperparams)
    return torch.cat([w.detach().flatten(), b.detach()])


def momentum(params, states, h):
    for p, v in zip(params, states):
        with torch.no_grad():
            v[:] = h["momentum"] * v + p.grad
            p[:] -= h["lr"] * v
        p.grad.data.zero_()


def adagrad(params, states, h):
    for p, s in zip(params, states):
        with torch.no_grad():
            s[:] += torch.square(p.grad)
            p[:] -= h["lr"] * p.grad / (torch.sqrt(s) + 1e-10)
        p.grad.data.zero_()


def adam(params, states, h):
    beta1, beta2, eps = 0.9, 0.999, 1e-8
    for p, (v, s) in zip(params, states):
        with torch.no_grad():
            v[:] = beta1 * v + (1 - beta1) * p.grad
            s[:] = beta2 * s + (1 - beta2) * torch.square(p.grad)
            v_hat, s_hat = v / (1 - beta1 ** h["t"]), s / (1 - beta2 ** h["t"])
            p[:] -= h["lr"] * v_hat / (torch.sqrt(s_hat) + eps)
        p.grad.data.zero_()
    h["t"] += 1


def zeros():
    return [torch.zeros((2, 1)), torch.zeros(1)]


by_hand = {
    "SGD": run(momentum, zeros(), {"lr": 0.1, "momentum": 0.5}),
    "Adagrad": run(adagrad, zeros(), {"lr": 0.5}),
    "Adam": run(adam, list(zip(zeros(), zeros())), {"lr": 0.3, "t": 1}),
}
for name, options in {"SGD": dict(lr=0.1, momentum=0.5), "Adagrad": dict(lr=0.5), "Adam": dict(lr=0.3)}.items():
    net = nn.Linear(2, 1)
    with torch.no_grad():
        for p in net.parameters():
            p.zero_()
    opt = getattr(torch.optim, name)(net.parameters(), **options)
    for t in range(20):
        opt.zero_grad()
        (nn.functional.mse_loss(net(X), y) / 2).backward()
        opt.step()
    concise = torch.cat([net.weight.data.flatten(), net.bias.data])
    print(name, by_hand[name], torch.allclose(by_hand[name], concise, atol=1e-4))


class SignMomentum(Optimizer):
    def __init__(self, params, lr=1e-2, betas=(0.9, 0.99), weight_decay=0.0):
        if not 0.0 <= lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["exp_avg"] = torch.zeros_like(p, memory_format=torch.preserve_format)
                beta1, beta2 = group["betas"]
                average = state["exp_avg"]
                update = average.clone().mul_(beta1).add(p.grad, alpha=1 - beta1).sign_()
                p.data.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"])
                average.mul_(beta2).add_(p.grad, alpha=1 - beta2)
        return loss


net = nn.Linear(2, 1)
opt = SignMomentum(net.parameters(), lr=0.1, weight_decay=0.01)
print(opt)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=40)


def closure():
    opt.zero_grad()
    loss = nn.functional.mse_loss(net(X), y)
    loss.backward()
    return loss


for t in range(40):
    loss = opt.step(closure)
    sched.step()
print(loss, net.weight, opt.state[net.bias], opt.state_dict()["param_groups"])


class Lookahead(Optimizer):
    def __init__(self, base, k=5, alpha=0.5):
        self.optimizer, self.k, self.alpha = base, k, alpha
        self.param_groups = base.param_groups
        self.state = defaultdict(dict)
        self.slow = [[p.detach().clone() for p in g["params"]] for g in self.param_groups]
        self.n = 0

    def zero_grad(self, set_to_none=True):
        self.optimizer.zero_grad(set_to_none)

    def step(self, closure=None):
        loss = self.optimizer.step(closure)
        self.n += 1
        if self.n % self.k == 0:
            for group, slow in zip(self.param_groups, self.slow):
                for p, q in zip(group["params"], slow):
                    q.add_(p.data - q, alpha=self.alpha)
                    p.data.copy_(q)
        return loss


ahead = Lookahead(torch.optim.SGD(net.parameters(), lr=0.1))
for t in range(20):
    ahead.zero_grad()
    loss = nn.functional.mse_loss(net(X), y)
    loss.backward()
    ahead.step()
print(loss.item(), net.bias.data)
uphill = torch.optim.SGD(net.parameters(), lr=0.1, maximize=True)
handle = uphill.register_step_post_hook(lambda o, args, kwargs: print("stepped by", o.param_groups[0]["lr"]))
uphill.step()
handle.remove()
for g in uphill.param_groups:
    g["lr"] *= 0.5
    g["momentum"] = 0.3
print(uphill, uphill.state, len(uphill.state))
