"""States: their names, what they hold, how they are saved and loaded, and copies."""

import copy
import pickle

import numpy as np
import pytest
from optim_cases import KINDS, converted, leaf, make, start

import fastgd
from fastgd import nn, optim


def test_names_of_the_state(lib):
    cases = {
        "Adam": ({"amsgrad": True}, ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]),
        "AdamW": ({}, ["step", "exp_avg", "exp_avg_sq"]),
        "RMSprop": ({"momentum": 0.9, "centered": True}, ["step", "square_avg", "momentum_buffer", "grad_avg"]),
        "Adagrad": ({}, ["step", "sum"]),
        "Adadelta": ({}, ["step", "square_avg", "acc_delta"]),
        "Adamax": ({}, ["step", "exp_avg", "exp_inf"]),
        "NAdam": ({}, ["step", "mu_product", "exp_avg", "exp_avg_sq"]),
        "RAdam": ({}, ["step", "exp_avg", "exp_avg_sq"]),
        "ASGD": ({}, ["step", "eta", "mu", "ax"]),
        "Rprop": ({}, ["step", "prev", "step_size"]),
    }
    for kind, (options, names) in cases.items():
        p = leaf(lib)
        optimizer = getattr(lib.optim, kind)([p], **options)
        p.grad = lib.ones(2)
        optimizer.step()
        state = optimizer.state[p]
        assert list(state) == names
        assert state["step"].shape == () and state["step"].dtype == lib.float32 and state["step"].item() == 1


def test_step_has_the_default_type(lib):
    before = lib.get_default_dtype()
    lib.set_default_dtype(lib.float64)
    try:
        p = leaf(lib)
        p.grad = lib.ones(2)
        optimizer = lib.optim.Adam([p])
        optimizer.step()
        assert optimizer.state[p]["step"].dtype == lib.float64
    finally:
        lib.set_default_dtype(before)


def test_adagrad_has_its_state_before_the_first_step(lib):
    p = leaf(lib)
    optimizer = lib.optim.Adagrad([p], initial_accumulator_value=0.5)
    assert optimizer.state[p]["sum"].tolist() == [0.5, 0.5] and optimizer.state[p]["step"].item() == 0


@pytest.mark.parametrize("cut", [2, 5])
@pytest.mark.parametrize(("source", "goal"), [("torch", "fastgd"), ("fastgd", "torch"), ("fastgd", "fastgd")])
@pytest.mark.parametrize("kind", ["SGD", *KINDS])
def test_states_travel(kind, source, goal, cut):
    """An optimizer that is loaded in the middle goes on as the one that it came from."""
    libs = {"fastgd": fastgd}
    if "torch" in (source, goal):
        libs["torch"] = pytest.importorskip("torch")
    draw = np.random.RandomState(5)
    X, y = draw.normal(0, 1, (20, 2)), draw.normal(0, 1, 20)

    def go(lib, p, optimizer, steps):
        data, target = lib.from_numpy(X), lib.from_numpy(y)

        def closure():
            optimizer.zero_grad()
            loss = ((data @ p - target) ** 2).mean() + (p**4).sum()
            loss.backward()
            return loss

        for _ in range(steps):
            if kind == "LBFGS":
                optimizer.step(closure)
            else:
                closure()
                optimizer.step()

    def fresh(lib, numbers, **options):
        p = lib.from_numpy(np.array(numbers)).requires_grad_()
        return p, getattr(lib.optim, kind)([p], **options)

    options = {"LBFGS": {"max_iter": 2}, "SGD": {"lr": 0.01, "momentum": 0.9}}.get(kind, {"lr": 0.01})
    p, optimizer = fresh(libs[source], [1.0, 2.0], **options)
    go(libs[source], p, optimizer, cut)
    q, other = fresh(libs[goal], p.tolist(), lr=99)
    other.load_state_dict(converted(optimizer.state_dict(), libs[goal].from_numpy))
    assert other.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    go(libs[source], p, optimizer, 3)
    go(libs[goal], q, other, 3)
    np.testing.assert_allclose(q.detach().numpy(), p.detach().numpy(), rtol=1e-10)


def test_step_as_a_number_in_old_files(lib):
    p = leaf(lib)
    optimizer = lib.optim.Adam([p])
    p.grad = lib.ones(2)
    optimizer.step()
    state = optimizer.state_dict()
    state["state"][0]["step"] = 10
    optimizer.load_state_dict(state)
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 11


def test_adamw_loads_what_an_older_one_saved(lib):
    p = leaf(lib)
    optimizer = lib.optim.AdamW([p])
    state = optimizer.state_dict()
    del state["param_groups"][0]["decoupled_weight_decay"]
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True


def descended(lib, steps=3, **options):
    p = leaf(lib)
    optimizer = lib.optim.SGD([p], lr=0.5, momentum=0.9, **options)
    for _ in range(steps):
        p.grad = lib.tensor([1.0, -1.0])
        optimizer.step()
    return p, optimizer


def test_state_dict(lib):
    _, optimizer = descended(lib)
    state = optimizer.state_dict()
    assert list(state) == ["state", "param_groups"]
    assert list(state["state"]) == [0] and list(state["state"][0]) == ["momentum_buffer"]
    assert state["state"][0]["momentum_buffer"].tolist() == pytest.approx([2.71, -2.71])
    assert state["param_groups"] == [{
        "lr": 0.5, "momentum": 0.9, "dampening": 0, "weight_decay": 0, "nesterov": False, "maximize": False,
        "foreach": None, "differentiable": False, "fused": None, "params": [0],
    }]  # fmt: skip
    assert list(state["param_groups"][0])[-1] == "params"


def test_state_dict_of_nothing(lib):
    assert lib.optim.SGD([leaf(lib)]).state_dict()["state"] == {}


def test_load_shares_tensors_and_copies_options(lib):
    _, optimizer = descended(lib)
    state = optimizer.state_dict()
    _, other = descended(lib, 0)
    other.load_state_dict(state)
    state["state"][0]["momentum_buffer"].zero_()
    state["param_groups"][0]["lr"] = 77
    (kept,) = other.state.values()
    assert kept["momentum_buffer"].tolist() == [0, 0]
    assert other.param_groups[0]["lr"] == 0.5


def test_load_takes_the_type_of_the_parameter(lib):
    _, optimizer = descended(lib)
    p = lib.zeros(2, dtype=lib.float64, requires_grad=True)
    other = lib.optim.SGD([p])
    other.load_state_dict(optimizer.state_dict())
    assert other.state[p]["momentum_buffer"].dtype == lib.float64


def test_load_from_before_an_option_was_there(lib):
    _, optimizer = descended(lib)
    state = optimizer.state_dict()
    for name in ("maximize", "foreach", "differentiable", "fused"):
        del state["param_groups"][0][name]
    p, other = descended(lib, 0)
    other.load_state_dict(state)
    p.grad = lib.ones(2)
    other.step()
    assert other.param_groups[0]["maximize"] is False


def test_load_changes_nothing_on_error(lib):
    p, optimizer = descended(lib)
    before = optimizer.state_dict()
    other = lib.optim.SGD([leaf(lib), leaf(lib)])
    with pytest.raises(ValueError, match="doesn't match the size"):
        optimizer.load_state_dict(other.state_dict())
    assert str(optimizer.state_dict()) == str(before)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["copy", "pickle"])
def test_a_copy_has_parameters_of_its_own(copied):
    p, optimizer = descended(fastgd)
    other = copied(optimizer)
    (q,) = other.param_groups[0]["params"]
    assert q is not p and list(other.state) == [q] and repr(other) == repr(optimizer)
    for one, each in ((p, optimizer), (q, other)):
        one.grad = fastgd.ones(2)
        each.step()
    assert q.tolist() == p.tolist() and other.defaults == optimizer.defaults


def test_model_and_optimizer_copied_together():
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    twin_model, twin_optimizer = copy.deepcopy((model, optimizer))
    assert twin_optimizer.param_groups[0]["params"][0] is twin_model.weight


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_and_optimizer_copied_together_go_on_alike(kind):
    params = start(fastgd, "float64")
    optimizer = make(fastgd, kind, {}, params)

    def closure_of(params):
        def closure():
            for param in params:
                param.grad = None
            loss = (params[0] ** 4).sum() + (params[1] ** 2).sum()
            loss.backward()
            return loss

        return closure

    optimizer.step(closure_of(params))
    others, twin = copy.deepcopy((params, optimizer))
    optimizer.step(closure_of(params))
    twin.step(closure_of(others))
    for one, other in zip(params, others):
        assert one is not other and one.tolist() == other.tolist()
