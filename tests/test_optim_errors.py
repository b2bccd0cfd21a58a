"""What optimizers refuse: in torch's words, and what is no finite number at any time."""

import copy

import pytest
from optim_cases import KINDS, descend, leaf, make, start

import fastgd
from fastgd import optim

WORDS = {"lr": "learning rate", "eps": "epsilon value"}


# torch's types and words (2.13)
ERRORS = {
    "lr": (lambda t: t.optim.SGD([leaf(t)], lr=-1), ValueError, "Invalid learning rate: -1"),
    "tensor lr": (lambda t: t.optim.SGD([leaf(t)], lr=t.tensor([1.0, 2.0])), ValueError, "Tensor lr must be 1-element"),
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
    **{
        f"{kind}, {name}": (
            lambda t, kind=kind, name=name: getattr(t.optim, kind)([leaf(t)], **{name: -0.5}),
            ValueError,
            f"Invalid {WORDS.get(name, name + ' value')}: -0.5",
        )
        for kind, names in {
            "Adam": ("lr", "eps", "weight_decay"),
            "AdamW": ("lr", "eps", "weight_decay"),
            "RMSprop": ("lr", "eps", "momentum", "weight_decay", "alpha"),
            "Adagrad": ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"),
            "LBFGS": ("lr",),
        }.items()
        for name in names
    },
    **{
        f"{kind}, tensor lr": (
            lambda t, kind=kind: getattr(t.optim, kind)([leaf(t)], lr=t.tensor([0.1, 0.2])),
            ValueError,
            "Tensor lr must be 1-element",
        )
        for kind in KINDS
    },
    "beta1": (
        lambda t: t.optim.Adam([leaf(t)], betas=(1.0, 0.0)),
        ValueError,
        "Invalid beta parameter at index 0: 1.0",
    ),
    "beta2": (
        lambda t: t.optim.AdamW([leaf(t)], betas=(0.9, -0.1)),
        ValueError,
        "Invalid beta parameter at index 1: -0.1",
    ),
    "betas of two kinds": (
        lambda t: t.optim.Adam([leaf(t)], betas=(0.9, t.tensor(0.99))),
        ValueError,
        "betas must be either both floats or both Tensors",
    ),
    "betas of integers": (
        lambda t: t.optim.Adam([leaf(t)], betas=(0, 0)),
        ValueError,
        "betas must be either both floats or both Tensors",
    ),
    "foreach, tensor lr": (
        lambda t: t.optim.Adam([leaf(t)], lr=t.tensor(0.001), foreach=True),
        ValueError,
        "lr as a Tensor is not supported for capturable=False and foreach=True",
    ),
    "foreach, tensor betas": (
        lambda t: t.optim.Adam([leaf(t)], betas=(t.tensor(0.9), t.tensor(0.99)), foreach=True),
        ValueError,
        "betas[0] as a Tensor is not supported for capturable=False and foreach=True",
    ),
    "Adam, fused, foreach": (
        lambda t: t.optim.Adam([leaf(t)], fused=True, foreach=True),
        RuntimeError,
        "`fused` and `foreach` cannot be `True` together.",
    ),
    "LBFGS, two groups": (
        lambda t: t.optim.LBFGS([{"params": [leaf(t)]}, {"params": [leaf(t)]}]),
        ValueError,
        "LBFGS doesn't support per-parameter options (parameter groups)",
    ),
    "LBFGS, another search": (
        lambda t: descend(t, "LBFGS", {"line_search_fn": "weak_wolfe"}, "float32"),
        RuntimeError,
        "only 'strong_wolfe' is supported",
    ),
    "LBFGS, no closure": (lambda t: t.optim.LBFGS([leaf(t)]).step(), TypeError, ""),
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


# Stricter than torch (README, "Where it differs"): by the constructor, in a group, on load, and by the next step.
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
    assert first.tolist() == second.tolist() == [1, 2]
    assert not optimizer.state


@pytest.mark.parametrize("value", ["0.1", None, [0.1, 0.2], object()])
def test_rate_that_is_no_number(value):
    with pytest.raises(TypeError, match="Invalid learning rate.*lr must be a number"):
        optim.SGD([leaf(fastgd)], lr=value)


COUNTS = ("max_iter", "max_eval", "history_size")


RATES = [
    (kind, name)
    for kind in KINDS
    for name, value in make(fastgd, kind, {}, start(fastgd, "float32")).defaults.items()
    if type(value) in (int, float) and name not in COUNTS
]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize(("kind", "name"), RATES)
def test_rates_that_are_not_finite(kind, name, bad):
    with pytest.raises(ValueError, match=f"{name} must be a finite number"):
        getattr(optim, kind)([leaf(fastgd)], **{name: bad})
    p = leaf(fastgd)
    optimizer = getattr(optim, kind)([p])
    p.grad = fastgd.ones(2)
    state = copy.deepcopy(optimizer.state_dict())
    state["param_groups"][0][name] = bad
    with pytest.raises(ValueError, match=f"{name} must be a finite number"):
        optimizer.load_state_dict(state)
    optimizer.param_groups[0][name] = bad
    with pytest.raises(ValueError, match=f"{name} must be a finite number"):
        optimizer.step(lambda: (p * p).sum())
    assert p.tolist() == [1, 2]


@pytest.mark.parametrize("betas", [(float("nan"), 0.9), (0.9, 1.5)])
def test_betas_changed_between_steps(betas):
    p = leaf(fastgd)
    p.grad = fastgd.ones(2)
    optimizer = optim.Adam([p])
    optimizer.param_groups[0]["betas"] = betas
    with pytest.raises(ValueError, match="Invalid beta parameter at index"):
        optimizer.step()
    assert p.tolist() == [1, 2]


@pytest.mark.parametrize("betas", [0.9, (0.9,), "ab"])
def test_betas_that_are_not_two_numbers(betas):
    with pytest.raises(ValueError, match="betas must be two numbers"):
        optim.Adam([leaf(fastgd)], betas=betas)


def test_params_that_are_no_iterable():
    with pytest.raises(TypeError, match="'NoneType' object is not iterable"):
        optim.SGD(None)


def test_state_dict_without_its_parts():
    with pytest.raises(KeyError, match=r"'param_groups'\n.*optimizer.state_dict\(\) gives, got the keys \[\]"):
        optim.SGD([leaf(fastgd)]).load_state_dict({})
