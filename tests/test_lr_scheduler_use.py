"""Schedulers in use: tensor rates, warnings, copies, classes of one's own, and what is refused."""

import copy
import gc
import inspect
import math
import pickle
import weakref

import pytest
from schedules import OPTIMIZERS, Duck, make_ours, make_torchs, steps, torch_schedulers

import fastgd
from fastgd.optim import lr_scheduler as ours


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
    (ValueError, "base_lr must have the same length as optimizer.param_groups. base_lr has 1 values, param_groups has ",
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
