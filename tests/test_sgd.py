"""SGD and what all optimizers share: groups, states, errors, copies, odd memory. The other rules: test_optim.py."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from optim_cases import CASES, WITHOUT_GRADIENT, converted, descend, gradients, recorded, start

import fastgd
from fastgd import nn, optim

NAMES = list(CASES["SGD"])


@pytest.fixture(params=["fastgd", "torch"])
def lib(request):
    """Each of the two: what is asserted of both is what torch does."""
    return fastgd if request.param == "fastgd" else pytest.importorskip("torch")


def twin(dtype, options, set_to_none):
    """The update by its formula, in numpy, from the same gradients."""
    params = [param.detach().numpy().astype("f8") for param in start(fastgd, dtype)]
    buffers = [None, None]
    lr = 0.001 if options.get("lr") == "tensor" else options.get("lr", 1e-3)
    momentum, dampening = options.get("momentum", 0), options.get("dampening", 0)
    for number, drawn in enumerate(gradients(dtype), 1):
        for i, g in enumerate(drawn):
            if number == WITHOUT_GRADIENT:
                if set_to_none:
                    continue
                g = np.zeros_like(g)
            g = g.astype("f8") * (-1 if options.get("maximize") else 1) + options.get("weight_decay", 0) * params[i]
            if momentum:
                buffers[i] = g if buffers[i] is None else momentum * buffers[i] + (1 - dampening) * g
                g = g + momentum * buffers[i] if options.get("nesterov") else buffers[i]
            params[i] = params[i] - lr * g
        found = {str(i): param for i, param in enumerate(params)}
        yield {**found, **{f"{i} momentum_buffer": buffer for i, buffer in enumerate(buffers) if buffer is not None}}


def check(ours, theirs, dtype):
    tolerance = {"rtol": 3e-6, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-13, "atol": 1e-14}
    for number, (found, expected) in enumerate(zip(ours, theirs, strict=True), 1):
        assert found.keys() == expected.keys(), number
        for key, value in expected.items():
            assert found[key].dtype == dtype and found[key].shape == np.shape(value)
            np.testing.assert_allclose(found[key], value, **tolerance, err_msg=f"step {number}, {key}")


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_formula(name, dtype, set_to_none):
    check(
        descend(fastgd, "SGD", CASES["SGD"][name], dtype, set_to_none),
        twin(dtype, CASES["SGD"][name], set_to_none),
        dtype,
    )


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_lockstep_with_torch(name, dtype, set_to_none):
    torch = pytest.importorskip("torch")
    options = CASES["SGD"][name]
    check(
        descend(fastgd, "SGD", options, dtype, set_to_none), descend(torch, "SGD", options, dtype, set_to_none), dtype
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_recorded(name, dtype):
    snapshots = descend(fastgd, "SGD", CASES["SGD"][name], dtype)
    for step, expected in recorded()[f"SGD/{name}/{dtype}"].items():
        found = snapshots[int(step) - 1]
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, rtol=3e-6 if dtype == "float32" else 1e-11, atol=1e-7)


def test_signature():
    torch = pytest.importorskip("torch")
    keys = list(torch.optim.SGD([torch.zeros(1)]).param_groups[0])
    assert list(optim.SGD([fastgd.zeros(1)]).param_groups[0]) == keys
    assert optim.SGD([fastgd.zeros(1)]).defaults == torch.optim.SGD([torch.zeros(1)]).defaults


def test_defaults():
    group = optim.SGD([fastgd.zeros(1)]).param_groups[0]
    assert list(group) == ["params", "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "foreach",
                           "differentiable", "fused"]  # fmt: skip
    assert [group[name] for name in list(group)[1:]] == [1e-3, 0, 0, 0, False, False, None, False, None]


# ---- errors: torch's types and words (2.13)

w = [1.0, 2.0]


def leaf(lib):
    return lib.tensor(w, requires_grad=True)


ERRORS = {
    "lr": (lambda t: t.optim.SGD([leaf(t)], lr=-1), ValueError, "Invalid learning rate: -1"),
    "tensor lr": (lambda t: t.optim.SGD([leaf(t)], lr=t.tensor(w)), ValueError, "Tensor lr must be 1-element"),
    "momentum": (lambda t: t.optim.SGD([leaf(t)], momentum=-0.5), ValueError, "Invalid momentum value: -0.5"),
    "weight_decay": (lambda t: t.optim.SGD([leaf(t)], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
    "nesterov": (
        lambda t: t.optim.SGD([leaf(t)], nesterov=True),
        ValueError,
        "Nesterov momentum requires a momentum and zero dampening",
    ),
    "nesterov, dampening": (
        lambda t: t.optim.SGD([leaf(t)], momentum=0.9, dampening=0.1, nesterov=True),
        ValueError,
        "Nesterov momentum requires a momentum and zero dampening",
    ),
    "bare tensor": (
        lambda t: t.optim.SGD(leaf(t)),
        TypeError,
        "params argument given to the optimizer should be an iterable of Tensors or dicts, but got torch.FloatTensor",
    ),
    "no params": (lambda t: t.optim.SGD([]), ValueError, "optimizer got an empty parameter list"),
    "no tensor": (
        lambda t: t.optim.SGD([1]),
        TypeError,
        "optimizer can only optimize Tensors, but one of the params is int",
    ),
    "a set": (
        lambda t: t.optim.SGD([{"params": {leaf(t)}}]),
        TypeError,
        "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will "
        "change between runs. Please use a list instead.",
    ),
    "two groups": (
        lambda t: (lambda p: t.optim.SGD([{"params": [p]}, {"params": [p]}]))(leaf(t)),
        ValueError,
        "some parameters appear in more than one parameter group",
    ),
    "non-leaf": (lambda t: t.optim.SGD([leaf(t) * 2]), ValueError, "can't optimize a non-leaf Tensor"),
    "group is no dict": (
        lambda t: t.optim.SGD([leaf(t)]).add_param_group([leaf(t)]),
        TypeError,
        "param_group must be a dict, but got <class 'list'>",
    ),
    "partly named": (
        lambda t: t.optim.SGD([("a", leaf(t)), leaf(t)]),
        ValueError,
        "all optimizer params should be with/without names. Some param names are missing",
    ),
    "groups partly named": (
        lambda t: t.optim.SGD([leaf(t)]).add_param_group({"params": [("b", leaf(t))]}),
        ValueError,
        "all optimizer param groups should be with/without names. cannot add param group with names to the optimizer",
    ),
    "load, groups": (
        lambda t: t.optim.SGD([leaf(t)]).load_state_dict(
            t.optim.SGD([{"params": [leaf(t)]}, {"params": [leaf(t)]}]).state_dict()
        ),
        ValueError,
        "loaded state dict has a different number of parameter groups",
    ),
    "load, size": (
        lambda t: t.optim.SGD([leaf(t)]).load_state_dict(t.optim.SGD([leaf(t), leaf(t)]).state_dict()),
        ValueError,
        "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
    ),
    "fused, differentiable": (
        lambda t: t.optim.SGD([leaf(t)], fused=True, differentiable=True),
        RuntimeError,
        "`fused` does not support `differentiable`",
    ),
    "fused, foreach": (
        lambda t: t.optim.SGD([leaf(t)], fused=True, foreach=True),
        RuntimeError,
        "`fused` and `foreach` cannot be `True` together.",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name, lib):
    call, kind, words = ERRORS[name]
    with pytest.raises(kind) as caught:
        call(lib)
    assert str(caught.value).startswith(words)


def test_duplicates_warn(lib):
    p = leaf(lib)
    with pytest.warns(UserWarning, match="optimizer contains a parameter group with duplicate parameters; "):
        lib.optim.SGD([p, p])


# Stricter than torch (DESIGN.md): by the constructor, in a group of its own, on load, and by the next step.
BAD = [("lr", -1), ("lr", float("nan")), ("lr", float("inf")), ("momentum", float("nan")), ("momentum", -0.1),
       ("weight_decay", float("inf")), ("weight_decay", -1e-3), ("dampening", float("nan"))]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_rates(name, value):
    p = leaf(fastgd)
    with pytest.raises(ValueError, match=rf"Invalid .*: {value}\n{name} must be a finite number"):
        optim.SGD([p], **{name: value})
    with pytest.raises(ValueError, match=f"{name} must be"):
        optim.SGD([{"params": [p], name: value}])
    with pytest.raises(ValueError, match=f"{name} must be"):
        optim.SGD([p]).add_param_group({"params": [leaf(fastgd)], name: value})
    optimizer = optim.SGD([p], momentum=0.9)
    state = optimizer.state_dict()
    state["param_groups"][0][name] = value
    before = copy.deepcopy(optimizer.param_groups)
    with pytest.raises(ValueError, match=f"{name} must be"):
        optimizer.load_state_dict(state)
    assert repr(optimizer.param_groups) == repr(before)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_rate_that_went_bad_between_steps(name, value):
    first, second = leaf(fastgd), leaf(fastgd)
    optimizer = optim.SGD([{"params": [first]}, {"params": [second]}], lr=0.1)
    for p in (first, second):
        p.grad = fastgd.ones(2)
    optimizer.param_groups[1][name] = value
    with pytest.raises(ValueError, match=f"{name} must be"):
        optimizer.step()
    assert first.tolist() == w and second.tolist() == w
    assert not optimizer.state


@pytest.mark.parametrize("value", ["0.1", None, [0.1, 0.2], object()])
def test_rate_that_is_no_number(value):
    with pytest.raises(TypeError, match="Invalid learning rate.*lr must be a number"):
        optim.SGD([leaf(fastgd)], lr=value)


def test_params_that_are_no_iterable():
    with pytest.raises(TypeError, match="'NoneType' object is not iterable"):
        optim.SGD(None)


def test_state_dict_without_its_parts():
    with pytest.raises(KeyError, match=r"'param_groups'\n.*optimizer.state_dict\(\) gives, got the keys \[\]"):
        optim.SGD([leaf(fastgd)]).load_state_dict({})


def test_constructor_leaves_the_options_alone():
    group = {"params": [leaf(fastgd)], "lr": 0.5}
    optim.SGD([group])
    assert list(group) == ["params", "lr"]


# ---- groups


def test_groups_have_their_own_options(lib):
    a, b, c = leaf(lib), leaf(lib), leaf(lib)
    optimizer = lib.optim.SGD([{"params": [a]}, {"params": b, "lr": 1.0}], lr=0.5, momentum=0.5)
    optimizer.add_param_group({"params": [c], "lr": 2.0, "momentum": 0})
    for p in (a, b, c):
        p.grad = lib.ones(2)
    optimizer.step()
    assert (a.tolist(), b.tolist(), c.tolist()) == ([0.5, 1.5], [0.0, 1.0], [-1.0, 0.0])
    optimizer.param_groups[0]["lr"] = 0.25
    optimizer.step()
    assert a.tolist() == [0.5 - 0.25 * 1.5, 1.5 - 0.25 * 1.5]
    assert set(optimizer.state) == {a, b}
    assert [list(group) for group in optimizer.param_groups] == [
        ["params", "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "foreach", "differentiable",
         "fused"],
        ["params", "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "foreach", "differentiable",
         "fused"],
        ["params", "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "foreach", "differentiable",
         "fused"],
    ]  # fmt: skip


def test_named_parameters(lib):
    model = lib.nn.Linear(2, 1)
    optimizer = lib.optim.SGD(model.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"][0] is model.weight


def test_generator_of_parameters(lib):
    model = lib.nn.Linear(2, 1)
    assert len(lib.optim.SGD(model.parameters()).param_groups[0]["params"]) == 2
    assert len(lib.optim.SGD([{"params": model.parameters()}]).param_groups[0]["params"]) == 2


def test_repr(lib):
    optimizer = lib.optim.SGD([{"params": [leaf(lib)]}, {"params": [leaf(lib)], "lr": 1}], lr=0.1, momentum=0.9)
    expected = "SGD (\n"
    for i, lr in enumerate((0.1, 1)):
        expected += (
            f"Parameter Group {i}\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n"
            f"    lr: {lr}\n    maximize: False\n    momentum: 0.9\n    nesterov: False\n    weight_decay: 0\n"
            + ("\n" if i == 0 else "")
        )
    assert repr(optimizer) == expected + ")"


def test_tensor_lr_is_read_at_every_step(lib):
    p, rate = leaf(lib), lib.tensor(0.5)
    optimizer = lib.optim.SGD([p], lr=rate)
    p.grad = lib.ones(2)
    optimizer.step()
    rate.fill_(1.0)
    optimizer.step()
    assert p.tolist() == [-0.5, 0.5]


# ---- steps


def test_step_without_gradients(lib):
    p = leaf(lib)
    optimizer = lib.optim.SGD([p], momentum=0.9, weight_decay=1)
    assert optimizer.step() is None
    assert p.tolist() == w and not optimizer.state


def test_closure(lib):
    p = leaf(lib)
    optimizer = lib.optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with lib.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 5 and optimizer.step(closure=closure).item() == pytest.approx(3.2)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(lib, set_to_none):
    a, b = leaf(lib), leaf(lib)
    a.grad = held = lib.ones(2)
    lib.optim.SGD([a, b]).zero_grad(set_to_none=set_to_none)
    assert b.grad is None
    if set_to_none:
        assert a.grad is None and held.tolist() == [1, 1]
    else:
        assert a.grad is held and held.tolist() == [0, 0]


def test_zero_grad_takes_a_recorded_gradient_off_the_tape(lib):
    p, v = leaf(lib), leaf(lib)
    p.grad = v * 2
    lib.optim.SGD([p]).zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0] and not p.grad.requires_grad


def test_hooks(lib):
    p = leaf(lib)
    p.grad = lib.ones(2)
    optimizer = lib.optim.SGD([p], lr=0.5)
    seen = []
    first = optimizer.register_step_pre_hook(lambda *given: seen.append(("pre", given, p.tolist())))
    optimizer.register_step_post_hook(lambda *given: seen.append(("post", given, p.tolist())))
    optimizer.step()
    assert seen == [("pre", (optimizer, (optimizer,), {}), w), ("post", (optimizer, (optimizer,), {}), [0.5, 1.5])]
    first.remove()
    optimizer.step()
    assert len(seen) == 3


def test_pre_hook_may_replace_the_closure(lib):
    optimizer = lib.optim.SGD([leaf(lib)])
    handle = optimizer.register_step_pre_hook(lambda optimizer, args, options: ((optimizer, lambda: 7), {}))
    assert optimizer.step() == 7
    handle.remove()
    optimizer.register_step_pre_hook(lambda *given: 3)
    with pytest.raises(RuntimeError, match="None or a tuple of"):
        optimizer.step()


def test_the_buffer_is_a_copy_of_the_gradient(lib):
    p = leaf(lib)
    p.grad = lib.ones(2)
    optimizer = lib.optim.SGD([p], momentum=0.9)
    optimizer.step()
    p.grad.zero_()
    assert optimizer.state[p]["momentum_buffer"].tolist() == [1, 1]
    buffer = optimizer.state[p]["momentum_buffer"]
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"] is buffer and buffer.tolist() == pytest.approx([0.9, 0.9])


def test_a_step_is_in_place_and_counted(lib):
    p = leaf(lib)
    view, version = p.detach(), p._version
    loss = (p * p).sum()
    p.grad = lib.ones(2)
    lib.optim.SGD([p], lr=1.0).step()
    assert view.tolist() == [0, 1] and p._version > version
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


LAYOUTS = {
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "every second": lambda a: np.repeat(a, 2, 1)[:, ::2],
    "fortran": np.asfortranarray,
}


@pytest.mark.parametrize("momentum", [0, 0.9])
@pytest.mark.parametrize("gradient_layout", [*LAYOUTS, "plain", "expanded"])
@pytest.mark.parametrize("layout", [*LAYOUTS, "plain"])
def test_strided_memory(layout, gradient_layout, momentum):
    numbers = np.arange(12, dtype="f4").reshape(4, 3)
    memory = LAYOUTS.get(layout, lambda a: a)(numbers.copy())
    p = fastgd.from_numpy(memory).requires_grad_()
    gradient = numbers[::-1].copy()
    if gradient_layout == "expanded":
        gradient = np.broadcast_to(gradient[0], (4, 3))
        p.grad = fastgd._tensor.from_array(gradient)
    else:
        p.grad = fastgd.from_numpy(LAYOUTS.get(gradient_layout, lambda a: a)(gradient))
    optimizer = optim.SGD([p], lr=0.5, momentum=momentum)
    optimizer.step()
    np.testing.assert_array_equal(memory, numbers - 0.5 * gradient)
    optimizer.step()
    np.testing.assert_allclose(memory, numbers - (0.5 + 0.5 * (1 + momentum)) * gradient, rtol=1e-6)


def test_no_dimensions_and_no_elements(lib):
    a, b = lib.tensor(1.0, requires_grad=True), lib.zeros(0, 3, requires_grad=True)
    a.grad, b.grad = lib.tensor(2.0), lib.zeros(0, 3)
    lib.optim.SGD([a, b], lr=0.5, momentum=0.9).step()
    assert a.item() == 0


def test_read_only_memory():
    array = np.zeros(2, "f4")
    p = fastgd.from_numpy(array).requires_grad_()
    array.flags.writeable = False
    p.grad = fastgd.ones(2)
    with pytest.raises(ValueError, match="read-only memory.*array.copy"):
        optim.SGD([p]).step()
    assert (array == 0).all()


def test_parameter_that_changed_under_the_optimizer():
    p = leaf(fastgd)
    optimizer = optim.SGD([p], lr=0.5, momentum=0.9)
    p.grad = fastgd.ones(2)
    optimizer.step()
    p.data = fastgd.zeros(300)
    with pytest.raises(RuntimeError, match=r"gradient has shape \[2\], but its parameter has \[300\]"):
        optimizer.step()
    p.grad = None
    p.grad = fastgd.ones(300)
    with pytest.raises(RuntimeError, match=r"momentum_buffer has shape \[2\]"):
        optimizer.step()
    assert p.tolist() == [0] * 300


def test_parameter_that_changed_its_type():
    p = leaf(fastgd)
    optimizer = optim.SGD([p], lr=0.5, momentum=0.5)
    p.grad = fastgd.ones(2)
    optimizer.step()
    p.data = p.data.double()
    optimizer.step()
    assert p.dtype == fastgd.float64 and p.tolist() == [-0.25, 0.75]


def test_types_without_an_update():
    p = fastgd.zeros(2, dtype=fastgd.float16)
    p.grad = fastgd.zeros(2, dtype=fastgd.float16)
    with pytest.raises(TypeError, match="float32 and float64"):
        optim.SGD([p]).step()


def test_waiting_prediction_sees_the_old_weights():
    model = nn.Linear(2, 1)
    x = fastgd.ones(3, 2)
    expected = model(x).tolist()
    prediction = model(x)
    for p in model.parameters():
        p.grad = fastgd.ones(*p.shape)
    optim.SGD(model.parameters(), lr=1.0).step()
    assert prediction.tolist() == expected


# ---- states


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


@pytest.mark.parametrize(("source", "goal"), [("torch", "fastgd"), ("fastgd", "torch"), ("fastgd", "fastgd")])
def test_states_travel(source, goal):
    libs = {"fastgd": fastgd}
    if "torch" in (source, goal):
        libs["torch"] = pytest.importorskip("torch")
    source, goal = libs[source], libs[goal]
    p, optimizer = descended(source)
    state = converted(optimizer.state_dict(), goal.tensor)
    q = goal.tensor(p.tolist(), requires_grad=True)
    other = goal.optim.SGD([q], lr=99)
    other.load_state_dict(state)
    for lib, one, each in ((source, p, optimizer), (goal, q, other)):
        one.grad = lib.ones(2)
        each.step()
    assert q.tolist() == pytest.approx(p.tolist())
    assert other.param_groups[0]["lr"] == 0.5


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
def test_copies(copied):
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


def test_attributes_can_be_set(lib):
    optimizer = lib.optim.SGD([leaf(lib)])
    optimizer.note = "mine"
    assert optimizer.note == "mine" and isinstance(optimizer, lib.optim.Optimizer)


class OnesOwn:
    """An optimizer of the user's own, in the way torch documents."""

    def __new__(cls, lib, params):
        class Plain(lib.optim.Optimizer):
            def __init__(self, params, lr=0.5):
                super().__init__(params, dict(lr=lr))

            def step(self, closure=None):
                loss = None if closure is None else closure()
                with lib.no_grad():
                    for group in self.param_groups:
                        for p in group["params"]:
                            if p.grad is not None:
                                self.state[p]["steps"] = self.state[p].get("steps", 0) + 1
                                p.add_(p.grad, alpha=-group["lr"])
                return loss

        return Plain(params)


def test_an_optimizer_of_ones_own(lib):
    p = leaf(lib)
    optimizer = OnesOwn(lib, [p])
    p.grad = lib.tensor([1.0, -1.0])
    optimizer.step()
    optimizer.zero_grad()
    assert p.tolist() == [0.5, 2.5] and p.grad is None and optimizer.state_dict()["state"] == {0: {"steps": 1}}


def test_the_base_has_no_step(lib):
    with pytest.raises(NotImplementedError):
        lib.optim.Optimizer([leaf(lib)], {}).step()


def test_subclass_of_sgd(lib):
    class Noisy(lib.optim.SGD):
        def __init__(self, params, lr, note):
            super().__init__(params, lr=lr)
            self.note = note

        def step(self, closure=None):
            self.note += "!"
            return super().step(closure)

    p = leaf(lib)
    p.grad = lib.ones(2)
    optimizer = Noisy([p], 0.5, "go")
    optimizer.step()
    assert p.tolist() == [0.5, 1.5] and optimizer.note == "go!" and repr(optimizer).startswith("Noisy (")


def test_public_names_are_described():
    for name in optim.__all__:
        assert inspect.getdoc(getattr(optim, name)), name
