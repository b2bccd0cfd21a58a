"""Schedules, what they are tried on, and all that shows of one: the same for fastgd and torch."""


import pytest

import fastgd

STEPS = 150
# name: (class, arguments, whether the optimizer needs a momentum)
SCHEDULES = {
    "step": ("StepLR", {"step_size": 7, "gamma": 0.3}),
    "step, default gamma": ("StepLR", {"step_size": 30}),
    "multistep": ("MultiStepLR", {"milestones": [80, 3, 20, 3], "gamma": 0.5}),
    "constant": ("ConstantLR", {}),
    "constant, long": ("ConstantLR", {"factor": 0.7, "total_iters": 40}),
    "linear": ("LinearLR", {}),
    "linear, down": ("LinearLR", {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 33}),
    "exponential": ("ExponentialLR", {"gamma": 0.97}),
    "polynomial": ("PolynomialLR", {}),
    "polynomial, cubic": ("PolynomialLR", {"total_iters": 60, "power": 3.0}),
    "cosine": ("CosineAnnealingLR", {"T_max": 31}),
    "cosine, eta_min": ("CosineAnnealingLR", {"T_max": 200, "eta_min": 0.02}),
    "cosine of one epoch": ("CosineAnnealingLR", {"T_max": 1}),
    "restarts": ("CosineAnnealingWarmRestarts", {"T_0": 9}),
    "restarts, longer each time": ("CosineAnnealingWarmRestarts", {"T_0": 5, "T_mult": 3, "eta_min": 0.01}),
    "cyclic": ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 13}),
    "cyclic, halving": ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 5, "step_size_down": 11,
                                     "mode": "triangular2", "base_momentum": 0.7, "max_momentum": 0.99}),
    "cyclic, exponential": ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 5, "mode": "exp_range",
                                         "gamma": 0.98}),
    "cyclic, own scale": ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 5,
                                       "scale_fn": lambda x: 1 / (5 ** (x * 0.0001)), "scale_mode": "iterations"}),
    "cyclic, no fall": ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 4, "step_size_down": 0}),
    "cyclic, momentum kept": ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "cycle_momentum": False}),
    "one cycle": ("OneCycleLR", {"max_lr": 0.5, "total_steps": STEPS + 1}),
    "one cycle, linear": ("OneCycleLR", {"max_lr": 0.5, "epochs": 16, "steps_per_epoch": 10, "div_factor": 5.0,
                                         "anneal_strategy": "linear", "pct_start": 0.45}),
    "one cycle, three phases": ("OneCycleLR", {"max_lr": 0.5, "total_steps": STEPS, "three_phase": True,
                                               "final_div_factor": 100.0, "max_momentum": 0.99}),
    "one cycle, momentum kept": ("OneCycleLR", {"max_lr": 0.5, "total_steps": STEPS, "cycle_momentum": False}),
    "lambda": ("LambdaLR", {"lr_lambda": lambda epoch: 0.95**epoch}),
    "multiplicative": ("MultiplicativeLR", {"lr_lambda": lambda epoch: 1 - 1 / (10 + epoch)}),
}
OPTIMIZERS = {
    "SGD": ("SGD", [0.1], {"momentum": 0.9}),
    "SGD, three groups": ("SGD", [0.1, 0.033, 1], {"momentum": 0.9}),
    "Adam": ("Adam", [0.1, 1e-3], {"betas": (0.8, 0.99)}),
}


class Duck(fastgd.optim.Optimizer):
    """What a scheduler needs of an optimizer, and nothing else."""

    def __init__(self, kind, rates, options):
        self.defaults = {"lr": 1e-3, **options}
        self.param_groups = [{**self.defaults, "lr": lr} for lr in rates]

    def step(self):
        return "stepped"


def make_ours(kind, rates, options):
    return getattr(fastgd.optim, kind)([{"params": [fastgd.zeros(1)], "lr": lr} for lr in rates], **options)


def make_torchs(kind, rates, options):
    torch = pytest.importorskip("torch")
    return getattr(torch.optim, kind)([{"params": [torch.zeros(1)], "lr": lr} for lr in rates], **options)


def torch_schedulers():
    pytest.importorskip("torch")
    from torch.optim import lr_scheduler

    return lr_scheduler


def picture(scheduler):
    """All that a script can print of a scheduler and its optimizer, to the last digit."""
    groups = [
        {key: value for key, value in group.items() if "lr" in key or "momentum" in key or key == "betas"}
        for group in scheduler.optimizer.param_groups
    ]
    return repr((groups, scheduler.get_last_lr(), scheduler.state_dict()))


def beginnings(caught):
    """As much of each warning as is torch's."""
    return [(warning.category, str(warning.message)[:60]) for warning in caught]


def steps(scheduler, count):
    """The pictures of a run."""
    seen = [picture(scheduler)]
    for _ in range(count):
        scheduler.optimizer.step()
        scheduler.step()
        seen.append(picture(scheduler))
    return seen
