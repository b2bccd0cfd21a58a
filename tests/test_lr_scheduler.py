"""fastgd.optim.lr_scheduler: rates, momenta and states equal to torch's to the last digit, and to their formulas."""

import copy
import gc
import inspect
import math
import pickle
import random
import warnings
import weakref

import pytest

import fastgd
from fastgd.optim import lr_scheduler as ours

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


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("make", [make_ours, Duck, make_torchs], ids=["on ours", "on a duck", "on torch's"])
def test_every_step_is_torchs(name, kind, make, monkeypatch):
    theirs = torch_schedulers()
    class_name, options = SCHEDULES[name]
    optimizer = make(*OPTIMIZERS[kind])
    if make is make_torchs:
        monkeypatch.setattr(ours.base, "Optimizer", type(optimizer))
    expected = steps(getattr(theirs, class_name)(make_torchs(*OPTIMIZERS[kind]), **options), STEPS)
    assert steps(getattr(ours, class_name)(optimizer, **options), STEPS) == expected


SEVERAL = {
    "warm-up, then cosine": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.1, total_iters=10), m.CosineAnnealingLR(o, T_max=60)], [10]),
    "three, the second at once": lambda m, o: m.SequentialLR(
        o, [m.StepLR(o, 3), m.ExponentialLR(o, 0.9), m.PolynomialLR(o, 30)], [0, 20]),
    "function, then restarts": lambda m, o: m.SequentialLR(
        o, [m.LambdaLR(o, lambda e: 1 / (1 + e)), m.CosineAnnealingWarmRestarts(o, 7, 2)], [15]),
    "multiplicative second": lambda m, o: m.SequentialLR(
        o, [m.ConstantLR(o), m.MultiplicativeLR(o, lambda e: 0.9)], [8]),
    "sequence in a sequence": lambda m, o: m.SequentialLR(
        o, [m.SequentialLR(o, [m.ConstantLR(o), m.ExponentialLR(o, 0.9)], [4]), m.StepLR(o, 5)], [30]),
    "chain": lambda m, o: m.ChainedScheduler([m.ConstantLR(o, 0.1, 20), m.ExponentialLR(o, 0.9)], o),
    "chain of four": lambda m, o: m.ChainedScheduler(
        [m.LinearLR(o), m.CosineAnnealingLR(o, 40), m.MultiStepLR(o, [5, 9]), m.StepLR(o, 10, 0.5)]),
    "chain in a sequence": lambda m, o: m.SequentialLR(
        o, [m.ChainedScheduler([m.ConstantLR(o), m.ExponentialLR(o, 0.9)]), m.StepLR(o, 5)], [30]),
    "sequence in a chain": lambda m, o: m.ChainedScheduler(
        [m.SequentialLR(o, [m.ConstantLR(o), m.StepLR(o, 4)], [6]), m.ExponentialLR(o, 0.99)]),
    "cycles after another": lambda m, o: (m.ConstantLR(o), m.CyclicLR(o, 0.01, 0.3, 5))[1],
    "two by hand": lambda m, o: (m.StepLR(o, 3, 0.5), m.ExponentialLR(o, 0.9))[1],
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("name", SEVERAL)
def test_several_schedules_are_torchs(name, kind):
    def run(module, make):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            seen = steps(SEVERAL[name](module, make(*OPTIMIZERS[kind])), STEPS)
        return seen, beginnings(caught)

    assert run(ours, make_ours) == run(torch_schedulers(), make_torchs)


@pytest.mark.parametrize("options", [
    {}, {"factor": 0.5, "patience": 0}, {"mode": "max", "patience": 2}, {"threshold_mode": "abs", "threshold": 0.05},
    {"mode": "max", "threshold_mode": "abs", "patience": 1}, {"cooldown": 4, "patience": 1, "min_lr": 1e-3},
    {"min_lr": [1e-3, 0.05, 0.0], "patience": 0, "eps": 1e-2},
])
def test_plateau_is_torchs(options):
    pictures = []
    for module, make in ((torch_schedulers(), make_torchs), (ours, make_ours)):
        scheduler = module.ReduceLROnPlateau(make(*OPTIMIZERS["SGD, three groups"]), **options)
        metrics = random.Random(3)
        seen = [picture(scheduler)]
        for epoch in range(120):
            metric = 1 / (1 + epoch // 9) + metrics.choice([0, 0, 0.02, -0.02])
            scheduler.step(math.nan if epoch == 50 else metric)
            seen += [picture(scheduler), scheduler.in_cooldown]
        pictures.append(seen)
    assert pictures[0] == pictures[1]


# In a random program several things happen between the steps.


def set_by_hand(module, scheduler, epoch):
    scheduler.optimizer.param_groups[0]["lr"] = 0.25
    return scheduler


def go_to_epoch(module, scheduler, epoch):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scheduler.step(max(0, epoch - 3))
    scheduler.heard = beginnings(caught)
    return scheduler


def resume(module, scheduler, epoch):
    class_name, options = SCHEDULES[scheduler.schedule]
    made = getattr(module, class_name)(scheduler.optimizer, **options, last_epoch=scheduler.last_epoch)
    made.schedule = scheduler.schedule
    return made


def save_and_load(module, scheduler, epoch):
    class_name, options = SCHEDULES[scheduler.schedule]
    rates = copy.deepcopy([{k: v for k, v in g.items() if k != "params"} for g in scheduler.optimizer.param_groups])
    made = getattr(module, class_name)(scheduler.optimizer, **options)
    for group, values in zip(scheduler.optimizer.param_groups, rates, strict=True):
        group.update(values)
    state = copy.deepcopy(scheduler.state_dict())
    made.load_state_dict(state)
    assert repr(state) == repr(scheduler.state_dict()), "loading changed the state it was given"
    return made


# torch's CyclicLR, given a function, changes the state it loads.
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", [name for name, (_, options) in SCHEDULES.items() if "scale_fn" not in options])
def test_interrupted_runs_are_torchs(name, seed):
    pictures = []
    for module, make in ((torch_schedulers(), make_torchs), (ours, make_ours)):
        chance = random.Random(seed)
        class_name, options = SCHEDULES[name]
        scheduler = getattr(module, class_name)(make(*OPTIMIZERS["SGD"]), **options)
        scheduler.schedule = name
        seen = []
        for epoch in range(60):
            scheduler.optimizer.step()
            if chance.random() < 0.2:
                act = chance.choice([set_by_hand, go_to_epoch, resume] + [save_and_load] * (class_name != "CyclicLR"))
                try:
                    scheduler = act(module, scheduler, epoch)
                except ZeroDivisionError as error:
                    seen.append(type(error))
                    break
            else:
                scheduler.step()
            seen.append(picture(scheduler))
        pictures.append(seen)
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("name", SCHEDULES)
def test_states_pass_between_torch_and_fastgd(name):
    class_name, options = SCHEDULES[name]
    run = {}
    for module, make in ((torch_schedulers(), make_torchs), (ours, make_ours)):
        scheduler = getattr(module, class_name)(make(*OPTIMIZERS["SGD"]), **options)
        steps(scheduler, 20)
        run[module] = scheduler
    theirs, mine = run.values()
    saved, saved_by_us = copy.deepcopy(theirs.state_dict()), copy.deepcopy(mine.state_dict())
    steps(theirs, 5)
    mine.load_state_dict(saved)
    theirs.load_state_dict(saved_by_us)
    assert repr(mine.state_dict()) == repr(theirs.state_dict())


CLOSED = {
    "step": lambda base, t: base * 0.3 ** (t // 7),
    "multistep": lambda base, t: base * 0.5 ** (2 * (t >= 3) + (t >= 20) + (t >= 80)),
    "constant, long": lambda base, t: base * (0.7 if t < 40 else 1),
    "linear, down": lambda base, t: base * (1 - 0.9 * min(t, 33) / 33),
    "exponential": lambda base, t: base * 0.97**t,
    "polynomial, cubic": lambda base, t: base * (1 - min(t, 60) / 60) ** 3,
    "cosine": lambda base, t: base * (1 + math.cos(math.pi * t / 31)) / 2,
    "cosine, eta_min": lambda base, t: 0.02 + (base - 0.02) * (1 + math.cos(math.pi * t / 200)) / 2,
    "restarts": lambda base, t: base * (1 + math.cos(math.pi * (t % 9) / 9)) / 2,
    "cyclic": lambda base, t: 0.01 + 0.29 * (1 - abs(t % 26 - 13) / 13),
    "one cycle, linear": lambda base, t: 0.1 + 0.4 * t / 71 if t <= 71 else 0.5 + (1e-5 - 0.5) * (t - 71) / (159 - 71),
    "lambda": lambda base, t: base * 0.95**t,
    "multiplicative": lambda base, t: base * math.prod(1 - 1 / (10 + e) for e in range(1, t + 1)),
}


@pytest.mark.parametrize("name", CLOSED)
def test_rates_follow_the_formula(name):
    class_name, options = SCHEDULES[name]
    optimizer = make_ours(*OPTIMIZERS["SGD, three groups"])
    scheduler = getattr(ours, class_name)(optimizer, **options)
    for t in range(STEPS):
        expected = [CLOSED[name](base, t) for base in (0.1, 0.033, 1)]
        assert scheduler.get_last_lr() == pytest.approx(expected, rel=1e-9, abs=1e-15)
        assert [group["lr"] for group in optimizer.param_groups] == scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize("name", sorted(set(CLOSED) - {"multiplicative"}))
def test_step_to_an_epoch_is_the_formula(name):
    class_name, options = SCHEDULES[name]
    optimizer = make_ours(*OPTIMIZERS["SGD"])
    scheduler = getattr(ours, class_name)(optimizer, **options)
    optimizer.step()
    for t in (50, 3, 0, 120):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step(t)
        assert scheduler.get_last_lr() == pytest.approx([CLOSED[name](0.1, t)], rel=1e-9, abs=1e-15)


def test_momentum_moves_against_the_rate():
    for kind, read in (("SGD", lambda g: g["momentum"]), ("Adam", lambda g: g["betas"][0])):
        optimizer = make_ours(*OPTIMIZERS[kind])
        scheduler = ours.OneCycleLR(optimizer, max_lr=1.0, total_steps=11, pct_start=0.5, anneal_strategy="linear")
        momenta = []
        for _ in range(10):
            momenta.append(read(optimizer.param_groups[0]))
            optimizer.step()
            scheduler.step()
        assert momenta[0] == 0.95 and min(momenta) == pytest.approx(0.85, abs=0.02) and momenta[-1] > 0.92


def test_fractions_of_an_epoch():
    def rates(module, make):
        scheduler = module.CosineAnnealingWarmRestarts(make(*OPTIMIZERS["SGD"]), T_0=3, T_mult=2)
        seen = []
        for i in [*range(100), 7, 300]:
            scheduler.step(i / 4)
            seen.append(picture(scheduler))
        scheduler.step()
        return [*seen, picture(scheduler)]

    assert rates(ours, make_ours) == rates(torch_schedulers(), make_torchs)
    with pytest.raises(ValueError, match="Expected non-negative epoch, but got -1"):
        ours.CosineAnnealingWarmRestarts(make_ours(*OPTIMIZERS["SGD"]), T_0=3).step(-1)


# What comes with a group that was added later is torch's: recurrences take it in, the others say so.


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_group_added_later(name):
    class_name, options = SCHEDULES[name]

    def run(module, make, new):
        optimizer = make(*OPTIMIZERS["SGD"])
        scheduler = getattr(module, class_name)(optimizer, **options)
        steps(scheduler, 3)
        optimizer.add_param_group({"params": [new], "lr": 0.5})
        optimizer.step()
        try:
            scheduler.step()
        except (ValueError, KeyError) as error:
            return type(error)
        return picture(scheduler)

    torch = pytest.importorskip("torch")
    assert run(ours, make_ours, fastgd.zeros(1)) == run(torch_schedulers(), make_torchs, torch.zeros(1))


def test_a_group_added_later_is_named_in_the_error():
    optimizer = make_ours(*OPTIMIZERS["SGD"])
    scheduler = ours.LambdaLR(optimizer, lambda epoch: 1.0)
    optimizer.add_param_group({"params": [fastgd.zeros(1)]})
    optimizer.step()
    with pytest.raises(ValueError, match="LambdaLR was made for 1 parameter groups, and the optimizer has 2; make"):
        scheduler.step()


# A rate that is a tensor keeps its identity.


def test_a_tensor_rate_is_written_in_place():
    rate = fastgd.tensor(0.8)
    optimizer = fastgd.optim.SGD([fastgd.zeros(1)], lr=rate)
    scheduler = ours.ExponentialLR(optimizer, gamma=0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert float(rate) == pytest.approx(0.4)
    last = scheduler.get_last_lr()[0]
    last.fill_(7.0)
    assert float(rate) == pytest.approx(0.4) and float(scheduler.base_lrs[0]) == pytest.approx(0.8)


# Warnings and errors.


def test_stepping_before_the_optimizer_warns_once():
    optimizer = make_ours(*OPTIMIZERS["SGD"])
    scheduler = ours.StepLR(optimizer, 3)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()
    scheduler.step()


def test_the_second_scheduler_of_an_optimizer_warns_too():
    optimizer = make_ours(*OPTIMIZERS["SGD"])
    pair = [ours.StepLR(optimizer, 3), ours.ExponentialLR(optimizer, 0.9)]
    for scheduler in pair:
        with pytest.warns(UserWarning, match="Detected call of"):
            scheduler.step()
    optimizer.step()
    ours.StepLR(optimizer, 3).step()


def test_replacing_step_warns():
    optimizer = make_ours(*OPTIMIZERS["SGD"])
    scheduler = ours.StepLR(optimizer, 3)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match=r"Seems like `optimizer.step\(\)` has been overridden after learning rate"):
        scheduler.step()


def test_asking_get_lr_warns():
    scheduler = ours.StepLR(make_ours(*OPTIMIZERS["SGD"]), 3)
    with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
        scheduler.get_lr()


def test_step_still_steps_and_returns():
    optimizer = Duck("SGD", [0.1], {})
    ours.StepLR(optimizer, 3)
    ours.StepLR(optimizer, 3)
    assert optimizer.step() == "stepped"
    assert optimizer.step.__name__ == "step"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["copy", "pickle"])
def test_a_copied_optimizer_steps_its_own_parameters(copied):
    optimizer = make_ours(*OPTIMIZERS["SGD"])
    ours.StepLR(optimizer, 3)
    twin = copied(optimizer)
    for one in (optimizer, twin):
        one.param_groups[0]["params"][0].grad = fastgd.tensor([1.0])
    twin.step()
    assert optimizer.param_groups[0]["params"][0].item() == 0
    assert twin.param_groups[0]["params"][0].item() == pytest.approx(-0.1)


def test_an_optimizer_goes_when_its_last_name_goes():
    gc.disable()
    try:
        optimizer = Duck("SGD", [0.1], {})
        scheduler = ours.StepLR(optimizer, 3)
        gone = weakref.ref(optimizer)
        del optimizer, scheduler
        assert gone() is None
    finally:
        gc.enable()


def test_a_schedule_of_ones_own():
    class Halving(ours._LRScheduler):
        def get_lr(self):
            return [base / 2**self.last_epoch for base in self.base_lrs]

    optimizer = make_ours(*OPTIMIZERS["SGD, three groups"])
    scheduler = Halving(optimizer)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    assert scheduler.get_last_lr() == [0.1 / 8, 0.033 / 8, 1 / 8]

    class Nothing(ours.LRScheduler):
        pass

    with pytest.raises(NotImplementedError, match="Nothing has no get_lr"):
        Nothing(optimizer)


class Decay:
    def __init__(self, gamma):
        self.gamma = gamma

    def __call__(self, epoch):
        return self.gamma**epoch


@pytest.mark.parametrize("make", [
    lambda o, f: ours.LambdaLR(o, f),
    lambda o, f: ours.MultiplicativeLR(o, [f]),
    lambda o, f: ours.CyclicLR(o, 0.1, 1.0, step_size_up=5, scale_fn=f),
])
def test_callable_objects_are_saved_by_their_attributes(make):
    first = make(make_ours(*OPTIMIZERS["SGD"]), Decay(0.5))
    state = copy.deepcopy(first.state_dict())
    assert {"gamma": 0.5} in (state.get("lr_lambdas", []) or [state["_scale_fn_custom"]])
    other = Decay(0.9)
    second = make(make_ours(*OPTIMIZERS["SGD"]), other)
    second.load_state_dict(state)
    assert other.gamma == 0.5
    plain = make(make_ours(*OPTIMIZERS["SGD"]), lambda x: 1.0)
    plain.load_state_dict(copy.deepcopy(plain.state_dict()))


def sgd(*rates):
    return make_ours("SGD", rates or [0.1], {"momentum": 0.9})


def no_momentum():
    optimizer = Duck("SGD", [0.1], {})
    assert "momentum" not in optimizer.defaults
    return optimizer


def sequence(module, optimizer, part, milestones):
    return module.SequentialLR(optimizer, [part(optimizer, factor=0.5)], milestones)


ERRORS = [
    (TypeError, "int is not an Optimizer", lambda m, sgd, _: m.StepLR(3, 1)),
    (TypeError, "int is not an Optimizer", lambda m, sgd, _: m.ReduceLROnPlateau(3)),
    (TypeError, "int is not an Optimizer", lambda m, sgd, _: m.CyclicLR(3, 0.1, 0.2)),
    (TypeError, "int is not an Optimizer", lambda m, sgd, _: m.OneCycleLR(3, 0.1, 10)),
    (KeyError, "param 'initial_lr' is not specified in param_groups[0] when resuming scheduler with last_epoch >= 0",
     lambda m, sgd, _: m.StepLR(sgd(), 3, last_epoch=4)),
    (ValueError, "Constant multiplicative factor expected to be between 0 and 1.",
     lambda m, sgd, _: m.ConstantLR(sgd(), factor=1.5)),
    (ValueError, "Starting multiplicative factor expected to be greater than 0 and less or equal to 1.",
     lambda m, sgd, _: m.LinearLR(sgd(), start_factor=0)),
    (ValueError, "Ending multiplicative factor expected to be between 0 and 1.",
     lambda m, sgd, _: m.LinearLR(sgd(), end_factor=-1)),
    (ValueError, "Expected positive integer T_0, but got 0",
     lambda m, sgd, _: m.CosineAnnealingWarmRestarts(sgd(), T_0=0)),
    (ValueError, "Expected integer T_mult >= 1, but got 1.5",
     lambda m, sgd, _: m.CosineAnnealingWarmRestarts(sgd(), T_0=5, T_mult=1.5)),
    (ValueError, "Expected float or int eta_min, but got a of type <class 'str'>",
     lambda m, sgd, _: m.CosineAnnealingWarmRestarts(sgd(), T_0=5, eta_min="a")),
    (ValueError, "Expected 2 lr_lambdas, but got 1", lambda m, sgd, _: m.LambdaLR(sgd(0.1, 1), [lambda e: e])),
    (TypeError, "lr_lambda should be a function, but got float", lambda m, sgd, _: m.MultiplicativeLR(sgd(), 0.95)),
    (ValueError, "mode is invalid and scale_fn is None", lambda m, sgd, _: m.CyclicLR(sgd(), 0.1, 1, mode="x")),
    (ValueError, "base_lr must have the same length as optimizer.param_groups. base_lr has 1 values, param_groups has 2",
     lambda m, sgd, _: m.CyclicLR(sgd(0.1, 1), [0.1], 1)),
    (ValueError, "optimizer must support momentum or beta1 with `cycle_momentum` option enabled",
     lambda m, sgd, no_momentum: m.CyclicLR(no_momentum(), 0.1, 1)),
    (ValueError, "optimizer must support momentum or beta1 with `cycle_momentum` option enabled",
     lambda m, sgd, no_momentum: m.OneCycleLR(no_momentum(), 0.1, 10)),
    (ValueError, "You must define either total_steps OR (epochs AND steps_per_epoch)",
     lambda m, sgd, _: m.OneCycleLR(sgd(), 0.1, epochs=3)),
    (ValueError, "Expected positive integer total_steps, but got 0", lambda m, sgd, _: m.OneCycleLR(sgd(), 0.1, 0)),
    (ValueError, "Expected positive integer steps_per_epoch, but got 2.5",
     lambda m, sgd, _: m.OneCycleLR(sgd(), 0.1, epochs=3, steps_per_epoch=2.5)),
    (ValueError, "Expected float between 0 and 1 pct_start, but got 2.0",
     lambda m, sgd, _: m.OneCycleLR(sgd(), 0.1, 10, pct_start=2.0)),
    (ValueError, "anneal_strategy must be one of 'cos' or 'linear', instead got cubic",
     lambda m, sgd, _: m.OneCycleLR(sgd(), 0.1, 10, anneal_strategy="cubic")),
    (ValueError, "Tried to step 3 times. The specified number of total steps is 2",
     lambda m, sgd, _: steps(m.OneCycleLR(sgd(), 0.1, 2), 3)),
    (ValueError, "Factor should be < 1.0.", lambda m, sgd, _: m.ReduceLROnPlateau(sgd(), factor=1.0)),
    (ValueError, "mode up is unknown!", lambda m, sgd, _: m.ReduceLROnPlateau(sgd(), mode="up")),
    (ValueError, "threshold mode up is unknown!",
     lambda m, sgd, _: m.ReduceLROnPlateau(sgd(), threshold_mode="up")),
    (ValueError, "expected 1 min_lrs, got 2", lambda m, sgd, _: m.ReduceLROnPlateau(sgd(), min_lr=[0, 0])),
    (ValueError, "SequentialLR expects at least one scheduler, but got no scheduler.",
     lambda m, sgd, _: m.SequentialLR(sgd(), [], [])),
    (ValueError, "Sequential Schedulers expects number of schedulers provided to be one more than the number of mile",
     lambda m, sgd, _: sequence(m, sgd(), m.ConstantLR, [1])),
    (ValueError, "ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.",
     lambda m, sgd, _: m.ChainedScheduler([])),
    (TypeError, "SequentialLR at index 0 should have `optimizer` as its attribute.",
     lambda m, sgd, _: m.SequentialLR(sgd(), [3], [])),
    (ValueError, "SequentialLR does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs",
     lambda m, sgd, _: sequence(m, sgd(), m.ReduceLROnPlateau, [])),
    (ValueError, "ChainedScheduler expects all schedulers to belong to the same optimizer, but got scheduler StepLR",
     lambda m, sgd, _: m.ChainedScheduler([m.StepLR(sgd(), 1), m.StepLR(sgd(), 1)])),
    (NotImplementedError, "", lambda m, sgd, _: m.ReduceLROnPlateau(sgd()).get_lr()),
]


@pytest.mark.parametrize(("kind", "start", "act"), ERRORS)
@pytest.mark.filterwarnings("ignore:To get the last learning rate")
def test_errors_begin_as_torchs(kind, start, act):
    with pytest.raises(kind) as raised:
        act(ours, sgd, no_momentum)
    assert raised.value.args[0].startswith(start)
    torch = pytest.importorskip("torch")
    with pytest.raises(kind) as raised:
        act(torch_schedulers(), lambda *rates: make_torchs("SGD", rates or [0.1], {"momentum": 0.9}),
            lambda: torch.optim.Adagrad([torch.zeros(1)]))
    assert not raised.value.args or raised.value.args[0].startswith(start)


@pytest.mark.parametrize("value", [math.nan, math.inf, "0.1"])
@pytest.mark.parametrize(("name", "act"), [
    ("gamma", lambda o, x: ours.StepLR(o, 1, gamma=x)),
    ("gamma", lambda o, x: ours.MultiStepLR(o, [1], gamma=x)),
    ("gamma", lambda o, x: ours.ExponentialLR(o, x)),
    ("power", lambda o, x: ours.PolynomialLR(o, power=x)),
    ("eta_min", lambda o, x: ours.CosineAnnealingLR(o, 5, eta_min=x)),
    ("eta_min", lambda o, x: ours.CosineAnnealingWarmRestarts(o, 5, eta_min=x)),
    ("base_lr", lambda o, x: ours.CyclicLR(o, x, 1.0)),
    ("max_lr", lambda o, x: ours.CyclicLR(o, 0.1, [x])),
    ("base_momentum", lambda o, x: ours.CyclicLR(o, 0.1, 1.0, base_momentum=x)),
    ("max_lr", lambda o, x: ours.OneCycleLR(o, x, 10)),
    ("div_factor", lambda o, x: ours.OneCycleLR(o, 0.1, 10, div_factor=x)),
    ("min_lr", lambda o, x: ours.ReduceLROnPlateau(o, min_lr=x)),
    ("threshold", lambda o, x: ours.ReduceLROnPlateau(o, threshold=x)),
])
def test_what_is_not_a_finite_number_is_refused_by_name(name, act, value):
    optimizer = sgd(0.1)
    with pytest.raises(ValueError, match=rf"{name}.*got {value}"):
        act(optimizer, value)
    assert optimizer.param_groups[0]["lr"] == 0.1 and optimizer.param_groups[0]["momentum"] == 0.9


@pytest.mark.parametrize("name", ours.__all__)
def test_signatures_are_torchs(name):
    torchs = inspect.signature(getattr(torch_schedulers(), name).__init__).parameters.values()
    assert set(ours.__all__) == set(torch_schedulers().__all__)
    assert ([(p.name, p.default, p.kind) for p in inspect.signature(getattr(ours, name).__init__).parameters.values()]
            == [(p.name, p.default, p.kind) for p in torchs])
