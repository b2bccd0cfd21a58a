"""Optimizers and how they step, the same for fastgd and torch: what the tests of optim and record_optim.py share."""

import json
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).parent / "recorded" / "optim.json"
STEPS = 7
LBFGS_STEPS = 3  # of up to 20 moves each
WITHOUT_GRADIENT = 4

# torch's own test configurations (torch/testing/_internal/common_optimizers.py of 2.13), and some that it lacks.
# A rate of TENSOR_RATE stands for a tensor of one element.
TENSOR_RATE = {"lr": "tensor"}
CASES = {
    "SGD": {
        "default": {},
        "lr": {"lr": 1e-2},
        "tensor lr": TENSOR_RATE,
        "weight_decay": {"weight_decay": 0.5},
        "momentum": {"momentum": 0.9},
        "maximize": {"weight_decay": 0.1, "maximize": True},
        "dampening": {"momentum": 0.9, "dampening": 0.5},
        "momentum, weight_decay": {"momentum": 0.9, "weight_decay": 0.1},
        "nesterov": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    },
    "Adam": {
        "default": {},
        "lr": {"lr": 0.01},
        "tensor lr": TENSOR_RATE,
        "weight_decay": {"weight_decay": 0.1},
        "maximize": {"weight_decay": 0.1, "maximize": True},
        "amsgrad": {"weight_decay": 0.1, "amsgrad": True},
        "betas": {"betas": (0.3, 0.5), "eps": 1e-2, "lr": 0.1},
        "no first moment": {"betas": (0.0, 0.9)},
        "decoupled": {"weight_decay": 0.1, "decoupled_weight_decay": True},
    },
    "AdamW": {
        "default": {},
        "lr": {"lr": 0.01},
        "tensor lr": TENSOR_RATE,
        "weight_decay": {"weight_decay": 0.1},
        "maximize": {"weight_decay": 0.1, "maximize": True},
        "amsgrad": {"weight_decay": 0.1, "amsgrad": True},
    },
    "RMSprop": {
        "default": {},
        "lr": {"lr": 1e-3},
        "tensor lr": TENSOR_RATE,
        "weight_decay": {"weight_decay": 0.1},
        "maximize": {"maximize": True},
        "centered": {"weight_decay": 0.1, "centered": True},
        "maximize, weight_decay": {"maximize": True, "weight_decay": 0.1},
        "momentum": {"weight_decay": 0.1, "centered": True, "momentum": 0.1},
        "momentum, maximize": {"weight_decay": 0.1, "centered": True, "momentum": 0.1, "maximize": True},
        "momentum, not centered": {"momentum": 0.9, "alpha": 0.5, "eps": 1e-3},
    },
    "Adagrad": {
        "default": {},
        "weight_decay": {"weight_decay": 0.1},
        "maximize": {"weight_decay": 0.1, "maximize": True},
        "lr": {"lr": 0.1},
        "initial_accumulator_value": {"initial_accumulator_value": 0.1, "weight_decay": 0.1},
        "lr_decay": {"lr": 0.1, "lr_decay": 0.5, "weight_decay": 0.1},
        "tensor lr": TENSOR_RATE,
    },
    "Adadelta": {
        "default": {},
        "lr": {"lr": 0.01},
        "tensor lr": TENSOR_RATE,
        "weight_decay": {"weight_decay": 0.1},
        "maximize": {"maximize": True},
        "maximize, weight_decay": {"weight_decay": 0.1, "maximize": True},
        "rho": {"rho": 0.95, "weight_decay": 0.9},
    },
    "Adamax": {
        "default": {},
        "lr": {"lr": 0.1},
        "tensor lr": TENSOR_RATE,
        "weight_decay": {"weight_decay": 0.1},
        "maximize": {"maximize": True},
        "maximize, weight_decay": {"weight_decay": 0.1, "maximize": True},
    },
    "NAdam": {
        "default": {},
        "lr": {"lr": 1e-3},
        "tensor lr": TENSOR_RATE,
        "momentum_decay": {"momentum_decay": 6e-3},
        "weight_decay": {"weight_decay": 0.1},
        "weight_decay, momentum_decay": {"weight_decay": 0.1, "momentum_decay": 6e-3},
        "decoupled": {"weight_decay": 0.1, "decoupled_weight_decay": True},
        "maximize": {"weight_decay": 0.1, "maximize": True},
    },
    "RAdam": {
        "default": {},
        "lr": {"lr": 2e-3},
        "tensor lr": TENSOR_RATE,
        "eps": {"eps": 1e-6},
        "weight_decay": {"weight_decay": 0.1},
        "decoupled": {"weight_decay": 0.1, "decoupled_weight_decay": True},
        "maximize": {"weight_decay": 0.1, "maximize": True},
    },
    "ASGD": {
        "default": {},
        "tensor lr": TENSOR_RATE,
        "lambd": {"lambd": 0.1},
        "lr": {"lr": 0.02},
        "t0": {"t0": 100},
        "averaged": {"t0": 2, "lr": 0.1},
        "maximize": {"maximize": True},
        "weight_decay": {"weight_decay": 0.1},
        "maximize, weight_decay": {"weight_decay": 0.1, "maximize": True},
    },
    "Rprop": {
        "default": {},
        "lr": {"lr": 2e-4},
        "tensor lr": TENSOR_RATE,
        "etas": {"etas": (0.5, 1.5)},
        "step_sizes": {"step_sizes": (2e-6, 100)},
        "narrow": {"lr": 0.1, "step_sizes": (0.07, 0.11)},
        "maximize": {"maximize": True},
    },
    "LBFGS": {
        "default": {},
        "lr": {"lr": 0.01},
        "tensor lr": TENSOR_RATE,
        "tolerance_grad": {"tolerance_grad": 1e-6},
        "strong_wolfe": {"line_search_fn": "strong_wolfe"},
        "few moves, short history": {"max_iter": 3, "history_size": 2},
        "few calls": {"max_iter": 4, "max_eval": 6, "line_search_fn": "strong_wolfe"},
    },
}
RULED = ["Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop"]
KINDS = ["Adam", "AdamW", "RMSprop", "Adagrad", *RULED, "LBFGS"]
ALL = [(kind, name) for kind, cases in CASES.items() for name in cases]


def start(lib, dtype):
    """A weight and a bias, the same every time."""
    draw = np.random.RandomState(1)
    return [lib.tensor(draw.uniform(-1, 1, shape).astype(dtype), requires_grad=True) for shape in ((2, 3), (2,))]


def make(lib, kind, options, params):
    if options.get("lr") == "tensor":
        # Of the parameters' type: torch rounds some products with the rate to the rate's type.
        options = {**options, "lr": lib.from_numpy(np.array(0.001, params[0].detach().numpy().dtype))}
    return getattr(lib.optim, kind)(params, **options)


def leaf(lib):
    return lib.tensor([1.0, 2.0], requires_grad=True)


def snapshot(optimizer, params):
    """The numbers of the parameters and of their states, as lists."""
    found = {str(i): param.detach().numpy().copy() for i, param in enumerate(params)}
    for i, param in enumerate(params):
        for name, value in optimizer.state.get(param, {}).items():
            if hasattr(value, "detach") and name not in ("t", "H_diag"):
                found[f"{i} {name}"] = value.detach().numpy().copy()
    return found


def gradients(dtype):
    draw = np.random.RandomState(2)
    return [[draw.normal(0, 1, shape).astype(dtype) for shape in ((2, 3), (2,))] for _ in range(STEPS)]


def descend(lib, kind, options, dtype, set_to_none=True):
    """The snapshots after each of seven steps; at the fourth there are no gradients (zeros, if not set_to_none)."""
    if kind == "LBFGS":
        return descend_by_closure(lib, kind, options, dtype, set_to_none)
    params = start(lib, dtype)
    optimizer = make(lib, kind, options, params)
    snapshots = []
    for number, drawn in enumerate(gradients(dtype), 1):
        optimizer.zero_grad(set_to_none=set_to_none)
        if number != WITHOUT_GRADIENT:
            for param, gradient in zip(params, drawn):
                param.grad = lib.tensor(gradient)
        optimizer.step()
        snapshots.append(snapshot(optimizer, params))
    return snapshots


def descend_by_closure(lib, kind, options, dtype, set_to_none):
    params = start(lib, dtype)
    optimizer = make(lib, kind, options, params)
    draw = np.random.RandomState(3)
    X, y = (lib.tensor(draw.normal(0, 1, shape).astype(dtype)) for shape in ((20, 3), (20, 2)))

    def closure():
        optimizer.zero_grad(set_to_none=set_to_none)
        # Not quadratic, or two moves would be the end of it.
        loss = ((X @ params[0].t() + params[1] - y) ** 2).mean() + (params[0] ** 4).sum()
        loss.backward()
        return loss

    snapshots = []
    for _ in range(LBFGS_STEPS):
        loss = optimizer.step(closure)
        snapshots.append({"loss": loss.detach().numpy().copy(), **snapshot(optimizer, params)})
    return snapshots


def recorded():
    """kind/name/dtype -> number of a step -> its snapshot."""
    return json.loads(RECORDED.read_text())


def converted(value, make_tensor):
    """A state dict with its tensors made anew by another library."""
    if hasattr(value, "detach"):
        return make_tensor(value.detach().numpy().copy())
    if isinstance(value, dict):
        return {key: converted(item, make_tensor) for key, item in value.items()}
    if isinstance(value, list):
        return [converted(item, make_tensor) for item in value]
    return value
