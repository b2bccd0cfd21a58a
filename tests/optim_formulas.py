"""The updates by their formulas, in numpy: (p, g, s, t, o) -> p.

Parameters, gradient, a dict that keeps the rule's own state, the number of the step from 1, and the group's options.
The gradient is negated before, where a rule maximizes.
"""


import numpy as np


def sgd(p, g, s, t, o):
    g = g + o["weight_decay"] * p
    if o["momentum"]:
        last = s.get("momentum_buffer")
        b = s["momentum_buffer"] = g if last is None else o["momentum"] * last + (1 - o["dampening"]) * g
        g = g + o["momentum"] * b if o["nesterov"] else b
    return p - o["lr"] * g


def adam(p, g, s, t, o):
    beta1, beta2 = o["betas"]
    if o["decoupled_weight_decay"]:
        p = p - o["lr"] * o["weight_decay"] * p
    else:
        g = g + o["weight_decay"] * p
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    s["top"] = np.maximum(s.get("top", 0), s["v"])
    v = s["top"] if o["amsgrad"] else s["v"]
    return p - o["lr"] * (s["m"] / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + o["eps"])


def rmsprop(p, g, s, t, o):
    g = g + o["weight_decay"] * p
    s["v"] = o["alpha"] * s.get("v", 0) + (1 - o["alpha"]) * g**2
    s["a"] = o["alpha"] * s.get("a", 0) + (1 - o["alpha"]) * g if o["centered"] else 0
    s["b"] = o["momentum"] * s.get("b", 0) + g / (np.sqrt(s["v"] - s["a"] ** 2) + o["eps"])
    return p - o["lr"] * s["b"]


def adagrad(p, g, s, t, o):
    g = g + o["weight_decay"] * p
    s["sum"] = s.get("sum", o["initial_accumulator_value"]) + g**2
    return p - o["lr"] / (1 + (t - 1) * o["lr_decay"]) * g / (np.sqrt(s["sum"]) + o["eps"])


def adadelta(p, g, s, t, o):
    g = g + o["weight_decay"] * p
    s["v"] = o["rho"] * s.get("v", 0) + (1 - o["rho"]) * g**2
    d = np.sqrt((s.get("u", 0) + o["eps"]) / (s["v"] + o["eps"])) * g
    s["u"] = o["rho"] * s.get("u", 0) + (1 - o["rho"]) * d**2
    return p - o["lr"] * d


def adamax(p, g, s, t, o):
    g = g + o["weight_decay"] * p
    beta1, beta2 = o["betas"]
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["u"] = np.maximum(beta2 * s.get("u", 0), abs(g) + o["eps"])
    return p - o["lr"] * s["m"] / (1 - beta1**t) / s["u"]


def moments(p, g, s, o):
    """The parameters and the gradient with the penalty, and the moments of Adam."""
    if o["decoupled_weight_decay"]:
        p = p * (1 - o["lr"] * o["weight_decay"])
    else:
        g = g + o["weight_decay"] * p
    beta1, beta2 = o["betas"]
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    return p, g, s["m"], s["v"]


def nadam(p, g, s, t, o):
    p, g, m, v = moments(p, g, s, o)
    mu = [o["betas"][0] * (1 - 0.5 * 0.96 ** (i * o["momentum_decay"])) for i in range(1, t + 2)]
    # torch keeps the product of the momenta in the default type.
    before = s["M"] = np.float32(s.get("M", np.float32(1)) * np.float32(mu[-2]))
    before = float(before)
    ahead = (1 - mu[-2]) / (1 - before) * g + mu[-1] / (1 - before * mu[-1]) * m
    return p - o["lr"] * ahead / (np.sqrt(v / (1 - o["betas"][1] ** t)) + o["eps"])


def radam(p, g, s, t, o):
    p, g, m, v = moments(p, g, s, o)
    beta1, beta2 = o["betas"]
    R = 2 / (1 - beta2) - 1
    r = R - 2 * t * beta2**t / (1 - beta2**t)
    step = o["lr"] * m / (1 - beta1**t)
    if r > 5:
        trust = np.sqrt((r - 4) * (r - 2) * R / ((R - 4) * (R - 2) * r))
        step = step * trust * np.sqrt(1 - beta2**t) / (np.sqrt(v) + o["eps"])
    return p - step


def asgd(p, g, s, t, o):
    g = g + o["weight_decay"] * p
    # torch keeps the rate in the default type.
    eta = float(np.float32(o["lr"] / (1 + o["lambd"] * o["lr"] * (t - 1)) ** o["alpha"]))
    return p * (1 - o["lambd"] * eta) - eta * g


def rprop(p, g, s, t, o):
    new, size = p.copy(), s.setdefault("size", np.full_like(p, o["lr"]))
    last = s.setdefault("last", np.zeros_like(p))
    for at in np.ndindex(p.shape):
        turn = np.sign(g[at] * last[at])
        size[at] *= {1: o["etas"][1], -1: o["etas"][0], 0: 1}[turn]
        size[at] = min(max(size[at], o["step_sizes"][0]), o["step_sizes"][1])
        last[at] = 0 if turn < 0 else g[at]
        new[at] -= np.sign(last[at]) * size[at]
    return new


FORMULAS = {
    "SGD": sgd, "Adam": adam, "AdamW": adam, "RMSprop": rmsprop, "Adagrad": adagrad, "Adadelta": adadelta,
    "Adamax": adamax, "NAdam": nadam, "RAdam": radam, "ASGD": asgd, "Rprop": rprop,
}  # fmt: skip
