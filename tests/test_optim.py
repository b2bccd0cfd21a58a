"""Every optimizer, step by step: beside torch, against torch's record and against its formula.

Where torch is not installed its numbers are read from recorded/optim.json, which record_optim.py writes.
"""

import inspect

import numpy as np
import pytest
from optim_cases import ALL, CASES, KINDS, WITHOUT_GRADIENT, descend, gradients, make, recorded, start
from optim_formulas import FORMULAS

import fastgd
from fastgd import optim

BY_GRADIENT = [(kind, name) for kind, name in ALL if kind != "LBFGS"]


def tolerance(kind, dtype):
    if kind == "LBFGS":
        # Near the minimum a float32 loss cannot tell one place from the next.
        return {"rtol": 1e-3, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-11}
    if kind == "SGD":
        return {"rtol": 3e-6, "atol": 1e-7} if dtype == "float32" else {"rtol": 1e-13, "atol": 1e-14}
    return {"rtol": 1e-5, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-12}


def check(ours, theirs, kind, dtype):
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        if kind == "LBFGS" and dtype == "float32" and key not in ("0", "1", "loss"):
            continue
        assert ours[key].shape == np.shape(value), key
        np.testing.assert_allclose(ours[key], value, **tolerance(kind, dtype), err_msg=key)


@pytest.mark.parametrize(
    ("kind", "name", "set_to_none"),
    # The closure of LBFGS leaves gradients at every step: how they were cleared makes no difference.
    [(*case, True) for case in ALL] + [(*case, False) for case in BY_GRADIENT],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lockstep_with_torch(kind, name, dtype, set_to_none):
    torch = pytest.importorskip("torch")
    ours = descend(fastgd, kind, CASES[kind][name], dtype, set_to_none)
    theirs = descend(torch, kind, CASES[kind][name], dtype, set_to_none)
    for found, expected in zip(ours, theirs, strict=True):
        check(found, expected, kind, dtype)
        assert {key: value.dtype for key, value in found.items()} == {k: v.dtype for k, v in expected.items()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "name"), ALL)
def test_recorded(kind, name, dtype):
    snapshots = descend(fastgd, kind, CASES[kind][name], dtype)
    for step, expected in recorded()[f"{kind}/{name}/{dtype}"].items():
        check(snapshots[int(step) - 1], expected, kind, dtype)


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kind", "name"), BY_GRADIENT)
def test_formula(kind, name, dtype, set_to_none):
    params = [param.detach().numpy().astype("f8") for param in start(fastgd, dtype)]
    options = dict(make(fastgd, kind, CASES[kind][name], start(fastgd, dtype)).param_groups[0])
    options["lr"] = float(options["lr"])
    states, t = [{}, {}], 0
    snapshots = descend(fastgd, kind, CASES[kind][name], dtype, set_to_none)
    for number, (drawn, found) in enumerate(zip(gradients(dtype), snapshots, strict=True), 1):
        if number != WITHOUT_GRADIENT or not set_to_none:
            t += 1
            for i, g in enumerate(drawn):
                g = g.astype("f8") * (0 if number == WITHOUT_GRADIENT else -1 if options["maximize"] else 1)
                params[i] = FORMULAS[kind](params[i], g, states[i], t, options)
        expected = {str(i): param for i, param in enumerate(params)}
        if kind == "SGD":
            expected |= {f"{i} {key}": value for i, state in enumerate(states) for key, value in state.items()}
            assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert found[key].dtype == dtype and found[key].shape == value.shape
            near = {"rtol": 3e-6, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-13, "atol": 1e-14}
            np.testing.assert_allclose(found[key], value, **near, err_msg=f"step {number}, {key}")


OWN = [
    ("SGD", {"momentum": 0.9, "nesterov": True}, {"momentum": 0.0}),
    ("SGD", {"momentum": 0.9, "nesterov": True}, {"dampening": 0.3}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3}, {"nesterov": True, "weight_decay": 0.1}),
    ("Adam", {"weight_decay": 0.1}, {"amsgrad": True, "betas": (0.5, 0.6)}),
]


@pytest.mark.parametrize(("kind", "options", "own"), OWN, ids=str)
def test_groups_with_options_of_their_own(kind, options, own):
    torch = pytest.importorskip("torch")
    found = []
    for lib in (fastgd, torch):
        params = start(lib, "float64")
        optimizer = make(lib, kind, options, [{"params": params[:1]}, {"params": params[1:], **own}])
        for drawn in gradients("float64"):
            for param, gradient in zip(params, drawn):
                param.grad = lib.tensor(gradient)
            optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())
        found.append([param.detach().numpy() for param in params])
    for mine, theirs in zip(*found):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


@pytest.mark.parametrize(
    "kind, options",
    [
        (kind, options)
        for kind in ("SGD", *KINDS)
        for options in ({}, {"weight_decay": 0.1}, {"maximize": True})
        if not (kind == "LBFGS" and options or kind == "Rprop" and "weight_decay" in options)
    ],
    ids=str,
)
def test_a_number_as_a_parameter(kind, options):
    found = []
    for shape in ((), (1,)):
        w = fastgd.full(shape, 1.5, requires_grad=True)
        optimizer = getattr(optim, kind)([w], **options)

        def closure(w=w, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (w.exp() - w).sum()
            loss.backward()
            return loss

        for _ in range(3):
            closure()
            optimizer.step(closure)
        assert w.shape == shape
        found.append(w.tolist())
    assert [found[0]] == found[1]


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "RMSprop", "Adagrad"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_over_nothing_is_not_a_number(kind, dtype):
    w = fastgd.ones(3, dtype=getattr(fastgd, dtype), requires_grad=True)
    optimizer = getattr(optim, kind)([w], lr=0.1, eps=0)
    w.grad = fastgd.tensor([0.0, 1.0, 0.0], dtype=w.dtype)
    optimizer.step()
    assert w.isnan().tolist() == [True, False, True] and w[1].item() < 1


@pytest.mark.parametrize("kind", ["SGD", *KINDS])
def test_signature(kind):
    torch = pytest.importorskip("torch")
    ours, theirs = (make(lib, kind, {}, start(lib, "float32")) for lib in (fastgd, torch))
    assert list(ours.param_groups[0]) == list(theirs.param_groups[0])
    assert ours.defaults == theirs.defaults and list(ours.defaults) == list(theirs.defaults)
    assert repr(ours) == repr(theirs)
    # Names and order of the positional arguments, which a compiled constructor does not show.
    names = [
        p.name
        for p in inspect.signature(getattr(torch.optim, kind)).parameters.values()
        if p.kind == p.POSITIONAL_OR_KEYWORD
    ]
    values = [start(fastgd, "float32"), *[theirs.defaults.get(name) for name in names[1:]]]
    assert getattr(optim, kind)(*values).defaults == theirs.defaults
    assert getattr(optim, kind)(**dict(zip(names, values))).defaults == theirs.defaults


def test_adamw_is_an_adam(lib):
    optimizer = lib.optim.AdamW(start(lib, "float32"))
    assert isinstance(optimizer, lib.optim.Adam) and optimizer.param_groups[0]["decoupled_weight_decay"] is True


def test_defaults():
    group = optim.SGD([fastgd.zeros(1)]).param_groups[0]
    assert list(group) == ["params", "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "foreach",
                           "differentiable", "fused"]  # fmt: skip
    assert [group[name] for name in list(group)[1:]] == [1e-3, 0, 0, 0, False, False, None, False, None]
