"""Adam, its kin and LBFGS: step by step beside torch, against their formulas, and what they refuse.

Where torch is not installed its numbers are read from recorded/optim.json, which record_optim.py writes. What all
optimizers share is in test_sgd.py.
"""

import copy
import inspect

import numpy as np
import pytest
from optim_cases import ALL, CASES, WITHOUT_GRADIENT, converted, descend, gradients, make, recorded, start

import fastgd
from fastgd import nn, optim

OTHERS = [(kind, name) for kind, name in ALL if kind != "SGD"]
BY_GRADIENT = [(kind, name) for kind, name in OTHERS if kind != "LBFGS"]
RULED = ["Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop"]
KINDS = ["Adam", "AdamW", "RMSprop", "Adagrad", *RULED, "LBFGS"]
WORDS = {"lr": "learning rate", "eps": "epsilon value"}


@pytest.fixture(params=["fastgd", "torch"])
def lib(request):
    """Each of the two: what is asserted of both is what torch does."""
    return fastgd if request.param == "fastgd" else pytest.importorskip("torch")


def tolerance(kind, dtype):
    if kind == "LBFGS":
        # Near the minimum a float32 loss cannot tell one place from the next.
        return {"rtol": 1e-3, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-11}
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
    [(*case, True) for case in OTHERS] + [(*case, False) for case in BY_GRADIENT],
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
@pytest.mark.parametrize(("kind", "name"), OTHERS)
def test_recorded(kind, name, dtype):
    snapshots = descend(fastgd, kind, CASES[kind][name], dtype)
    for step, expected in recorded()[f"{kind}/{name}/{dtype}"].items():
        check(snapshots[int(step) - 1], expected, kind, dtype)


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
    "Adam": adam, "AdamW": adam, "RMSprop": rmsprop, "Adagrad": adagrad, "Adadelta": adadelta, "Adamax": adamax,
    "NAdam": nadam, "RAdam": radam, "ASGD": asgd, "Rprop": rprop,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), BY_GRADIENT)
def test_formula(kind, name):
    params = [param.detach().numpy().copy() for param in start(fastgd, "float64")]
    options = dict(make(fastgd, kind, CASES[kind][name], start(fastgd, "float64")).param_groups[0])
    options["lr"] = float(options["lr"])
    states, t = [{}, {}], 0
    snapshots = descend(fastgd, kind, CASES[kind][name], "float64")
    for number, drawn in enumerate(gradients("float64"), 1):
        if number != WITHOUT_GRADIENT:
            t += 1
            for i, g in enumerate(drawn):
                params[i] = FORMULAS[kind](params[i], -g if options["maximize"] else g, states[i], t, options)
        for i, param in enumerate(params):
            np.testing.assert_allclose(snapshots[number - 1][str(i)], param, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
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


# ---- errors: torch's types and words (2.13)


def leaf(lib):
    return lib.tensor([1.0, 2.0], requires_grad=True)


ERRORS = {
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
    "fused, foreach": (
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


# ---- states


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
@pytest.mark.parametrize("kind", KINDS)
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

    def fresh(lib, numbers):
        p = lib.from_numpy(np.array(numbers)).requires_grad_()
        options = {"max_iter": 2} if kind == "LBFGS" else {"lr": 0.01}
        return p, getattr(lib.optim, kind)([p], **options)

    p, optimizer = fresh(libs[source], [1.0, 2.0])
    go(libs[source], p, optimizer, cut)
    q, other = fresh(libs[goal], p.tolist())
    other.load_state_dict(converted(optimizer.state_dict(), libs[goal].from_numpy))
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


def test_groups(lib):
    a, b, c = leaf(lib), leaf(lib), leaf(lib)
    optimizer = lib.optim.Adam([{"params": [a]}, {"params": [b], "lr": 1.0}], lr=0.5)
    optimizer.add_param_group({"params": [c], "betas": (0.5, 0.5), "lr": 2.0})
    for p in (a, b, c):
        p.grad = lib.ones(2)
    optimizer.step()
    # The first step of Adam is lr, whatever the betas.
    for p, lr in ((a, 0.5), (b, 1.0), (c, 2.0)):
        assert p.tolist() == pytest.approx([1 - lr, 2 - lr], abs=1e-6)


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "RMSprop", "Adagrad"])
def test_strided_memory(kind):
    """A transposed parameter and an expanded gradient take the same steps as plain ones."""
    numbers = np.arange(6, dtype="f4").reshape(2, 3)
    found = []
    for memory, g in (
        (numbers.copy(), np.ones((2, 3), "f4")),
        (np.asfortranarray(numbers), np.broadcast_to(np.float32(1), (2, 3))),
    ):
        p = fastgd.from_numpy(memory).requires_grad_()
        p.grad = fastgd._tensor.from_array(g)
        optimizer = getattr(optim, kind)([p], weight_decay=0.1)
        for _ in range(3):
            optimizer.step()
        found.append(memory)
    np.testing.assert_array_equal(*found)
    assert (found[0] != numbers).all()


@pytest.mark.parametrize("kind", KINDS)
def test_copies(kind):
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


@pytest.mark.parametrize("kind", KINDS)
def test_hooks(kind, lib):
    p = leaf(lib)
    optimizer = getattr(lib.optim, kind)([p])
    calls = []
    optimizer.register_step_pre_hook(lambda optimizer, args, options: calls.append(len(args)))
    optimizer.register_step_post_hook(lambda optimizer, args, options: calls.append(p.tolist() != [1, 2]))

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 5
    assert calls == [2, True]


# ---- LBFGS


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_solves_least_squares(search):
    draw = np.random.RandomState(0)
    X, y = draw.normal(0, 1, (50, 4)), draw.normal(0, 1, (50, 1))
    model = nn.Linear(4, 1, dtype=fastgd.float64)
    optimizer = optim.LBFGS(model.parameters(), max_iter=100, tolerance_change=1e-14, line_search_fn=search)

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(fastgd.from_numpy(X)), fastgd.from_numpy(y))
        loss.backward()
        return loss

    optimizer.step(closure)
    solution = np.linalg.lstsq(np.c_[X, np.ones(50)], y, rcond=None)[0].ravel()
    found = np.concatenate([param.detach().numpy().ravel() for param in model.parameters()])
    np.testing.assert_allclose(found, solution, atol=1e-6)


def test_lbfgs_on_the_rosenbrock_valley():
    p = fastgd.from_numpy(np.array([-1.5, 2.0])).requires_grad_()
    optimizer = optim.LBFGS([p], max_iter=100, line_search_fn="strong_wolfe")
    calls = []

    def closure():
        calls.append(1)
        optimizer.zero_grad()
        loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
        loss.backward()
        return loss

    optimizer.step(closure)
    assert p.tolist() == pytest.approx([1, 1], abs=1e-5)
    assert len(calls) == optimizer.state[p]["func_evals"]


def test_lbfgs_counts(lib):
    p = leaf(lib)
    optimizer = lib.optim.LBFGS([p], max_iter=4, lr=0.1)
    calls = []

    def closure():
        calls.append(1)
        optimizer.zero_grad()
        loss = (p**4).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    optimizer.step(closure)
    state = optimizer.state[p]
    assert (state["n_iter"], state["func_evals"], len(calls)) == (8, 8, 8)
    assert set(state) >= {"d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss"}


def test_lbfgs_at_the_minimum(lib):
    p = lib.zeros(2, requires_grad=True)
    optimizer = lib.optim.LBFGS([p])

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 0 and p.tolist() == [0, 0]
    assert dict(optimizer.state[p]) == {"func_evals": 1, "n_iter": 0}


def test_lbfgs_without_one_gradient(lib):
    p, unused = leaf(lib), leaf(lib)
    optimizer = lib.optim.LBFGS([unused, p])

    def closure():
        optimizer.zero_grad()
        loss = ((p - 3) ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert unused.tolist() == [1, 2] and p.tolist() == pytest.approx([3, 3], abs=1e-4)


def test_lbfgs_loss_that_runs_away():
    p = fastgd.tensor([2.0], requires_grad=True)
    optimizer = optim.LBFGS([p], lr=1e30)

    def closure():
        optimizer.zero_grad()
        loss = (p**4).sum()
        loss.backward()
        return loss

    with np.errstate(all="ignore"):
        optimizer.step(closure)
    assert not np.isfinite(p.item()) or abs(p.item()) > 1e6


# ---- the package


def test_what_is_missing_says_so():
    with pytest.raises(AttributeError, match="torch.optim.SparseAdam needs torch"):
        optim.SparseAdam
    with pytest.raises(ImportError):
        from fastgd.optim import SparseAdam  # noqa: F401


def test_lr_scheduler_is_there():
    assert issubclass(fastgd.optim.lr_scheduler.StepLR, fastgd.optim.lr_scheduler.LRScheduler)
