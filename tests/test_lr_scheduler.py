"""fastgd.optim.lr_scheduler: rates, momenta and states equal to torch's to the last digit, and to their formulas."""

import copy
import math
import random
import warnings

import pytest
from schedules import (
    OPTIMIZERS,
    SCHEDULES,
    STEPS,
    Duck,
    beginnings,
    make_ours,
    make_torchs,
    picture,
    steps,
    torch_schedulers,
)

import fastgd
from fastgd.optim import lr_scheduler as ours


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
