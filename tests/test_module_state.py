"""A module as a whole: modes, types, state dicts, copies, and how it prints."""

import copy
import pickle
from collections import OrderedDict

import pytest
from modules import line, nested

import fastgd
from fastgd import nn


def test_train_and_eval(lib):
    model = nested(lib)
    assert model.training and model.eval() is model
    assert not any(module.training for module in model.modules())
    assert model.train() is model and all(module.training for module in model.modules())
    model.body.train(False)
    assert model.training and not model.body[0].training


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(lib, set_to_none):
    model = lib.nn.Linear(2, 1)
    model(lib.ones(1, 2)).sum().backward()
    held = model.weight.grad
    model.zero_grad(set_to_none)
    assert (model.weight.grad is None) if set_to_none else (model.weight.grad is held and held.tolist() == [[0, 0]])


def test_requires_grad(lib):
    model = nested(lib)
    assert model.requires_grad_(False) is model and not any(p.requires_grad for p in model.parameters())
    model.requires_grad_()
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    "convert",
    [
        lambda t, m: m.double(),
        lambda t, m: m.to(t.float64),
        lambda t, m: m.to(dtype=t.float64),
        lambda t, m: m.to("cpu", t.float64),
        lambda t, m: m.to(t.zeros(1, dtype=t.float64)),
        lambda t, m: m.type(t.float64),
    ],
)
def test_conversion(lib, convert):
    model = line(lib)
    model.register_buffer("count", lib.zeros(1, dtype=lib.int64))
    model.linear.weight.grad = lib.ones(1, 3)
    kept = model.linear.weight
    assert convert(lib, model) is model and model.linear.weight is kept
    assert {t.dtype for t in model.parameters()} == {lib.float64} == {kept.grad.dtype, model.shift.dtype}
    if convert.__code__.co_names[-1] != "type":
        assert model.count.dtype == lib.int64 or convert.__code__.co_names == ("type", "float64")
    assert model.float().shift.dtype == lib.float32 and model.half().shift.dtype == lib.float16


def test_to_a_device(lib):
    model = line(lib)
    assert model.to("cpu") is model and model.to(lib.device("cpu")) is model and model.cpu() is model


def test_to_another_device():
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        line(fastgd).to("cuda")


def test_apply(lib):
    seen = []
    model = lib.nn.Sequential(lib.nn.Linear(1, 1), lib.nn.ReLU())
    assert model.apply(lambda module: seen.append(type(module).__name__)) is model
    assert seen == ["Linear", "ReLU", "Sequential"]


def test_state_dict_shares_memory(lib):
    model = lib.nn.Linear(2, 1)
    state = model.state_dict()
    assert type(state) is OrderedDict and not state["weight"].requires_grad
    state["weight"][0] = lib.tensor([5.0, 6.0])
    assert model.weight.tolist() == [[5, 6]]
    assert model.state_dict(keep_vars=True)["weight"] is model.weight
    assert list(model.state_dict(prefix="m.")) == ["m.weight", "m.bias"]


def test_load(lib):
    model, other = nested(lib), nested(lib)
    result = model.load_state_dict(other.state_dict())
    assert repr(result) == "<All keys matched successfully>" and tuple(result) == ([], [])
    for (name, one), (_, two) in zip(model.state_dict().items(), other.state_dict().items()):
        assert one.tolist() == two.tolist() and one.data_ptr() != two.data_ptr(), name


def test_load_not_strict(lib):
    model = lib.nn.Linear(2, 1)
    result = model.load_state_dict({"bias": lib.tensor([7.0]), "more": lib.ones(1)}, strict=False)
    assert result.missing_keys == ["weight"] and result.unexpected_keys == ["more"] and model.bias.item() == 7
    assert repr(result) == "_IncompatibleKeys(missing_keys=['weight'], unexpected_keys=['more'])"


def test_load_converts(lib):
    model = lib.nn.Linear(2, 1)
    model.load_state_dict({"weight": lib.ones(1, 2, dtype=lib.float64), "bias": lib.ones(1, dtype=lib.float64)})
    assert model.weight.dtype == lib.float32 and model.weight.tolist() == [[1, 1]]


def test_load_assign(lib):
    model = lib.nn.Linear(2, 1)
    given = {"weight": lib.ones(1, 2), "bias": lib.nn.Parameter(lib.ones(1))}
    model.load_state_dict(given, assign=True)
    assert model.bias is given["bias"] and isinstance(model.weight, lib.nn.Parameter) and model.weight.requires_grad
    given["weight"].zero_()
    assert model.weight.tolist() == [[0, 0]]


BROKEN = {
    "missing": lambda t, s: s.pop("line.scale"),
    "unexpected": lambda t, s: s.update(more=t.ones(1)),
    "size": lambda t, s: s.update({"line.linear.weight": t.ones(3, 1)}),
    "no tensor": lambda t, s: s.update({"line.scale": [1.0]}),
    "everything": lambda t, s: (
        s.pop("rest.0.bias"),
        s.pop("line.scale"),
        s.update(more=t.ones(1), other=1),
        s.update({"body.0.weight": t.ones(1), "rest.1.bias": t.ones(2)}),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_load_errors(name):
    said = {}
    libs = {"fastgd": fastgd}
    try:
        import torch
    except ImportError:
        pass
    else:
        libs["torch"] = torch
    for key, lib in libs.items():
        model, other = nested(lib), nested(lib)
        before = {name: tensor.tolist() for name, tensor in model.state_dict().items()}
        state = other.state_dict()
        BROKEN[name](lib, state)
        with pytest.raises(RuntimeError, match=r"Error\(s\) in loading state_dict for Sequential:") as caught:
            model.load_state_dict(state)
        said[key] = str(caught.value)
        if lib is fastgd:
            assert {name: tensor.tolist() for name, tensor in model.state_dict().items()} == before
    assert len({text.rstrip(" .") for text in said.values()}) == 1, said


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deep", "flat", "pickle"]
)
def test_copies(copied):
    model = nn.Sequential(nn.Linear(3, 2), nn.ModuleList([nn.Linear(1, 1)]), nn.ReLU(True), nn.Flatten())
    model.note = "kept"
    model.register_buffer("shift", fastgd.ones(1))
    model.eval()
    model[0].weight.requires_grad_(False)
    twin = copied(model)
    assert repr(twin) == repr(model) and twin.note == "kept" and not twin.training and not twin[0].weight.requires_grad
    assert [name for name, _ in twin.named_parameters()] == [name for name, _ in model.named_parameters()]
    assert all(isinstance(p, nn.Parameter) for p in twin.parameters())
    assert [t.tolist() for t in twin.state_dict().values()] == [t.tolist() for t in model.state_dict().values()]
    twin.more = nn.Linear(1, 1)
    assert not hasattr(model, "more")
    with fastgd.no_grad():
        twin[0].bias.zero_()
    assert (model[0].bias.tolist() == [0, 0]) == (copied is copy.copy)


def test_copy_of_hooks_and_of_a_replaced_forward(lib):
    model = lib.nn.Linear(1, 1)
    model.register_forward_hook(lambda module, args, out: "hooked")
    assert copy.deepcopy(model)(lib.ones(1, 1)) == "hooked"
    model = lib.nn.Linear(1, 1)
    model.forward = str
    assert isinstance(copy.deepcopy(model)(lib.ones(1, 1)), str)


class Texts:
    def __new__(cls, lib):
        class Documented(lib.nn.Module):
            def __init__(self, *parts):
                super().__init__()
                for i, part in enumerate(parts):
                    setattr(self, f"part{i}", part)

            def extra_repr(self):
                return "one=1,\ntwo=2"

        t = lib.nn
        return [
            t.Linear(3, 1), t.Linear(3, 1, bias=False), t.Sequential(), t.Module(), nested(lib), t.MSELoss(),
            Documented(), Documented(t.Linear(1, 1), t.Sequential(t.Identity(4, a=3))), t.Sequential(line(lib)),
            t.Flatten(), t.Flatten(0, 1), t.Identity(), t.ReLU(), t.ReLU(inplace=True), t.Sigmoid(), t.Tanh(),
            t.ModuleList(), t.ModuleList([t.Linear(1, 1) for _ in range(3)] + [t.ReLU()]),
            t.ModuleList([t.Sequential(t.Linear(1, 1)), t.Sequential(t.Linear(1, 1))]),
            t.ModuleDict({"a": t.Linear(1, 1), "b": t.ModuleDict()}),
            t.ParameterList([lib.ones(2, 3), 4, t.Parameter(lib.ones(()))]), t.ParameterList(),
            t.ParameterDict({"a": lib.ones(2), "b": 3}), t.CrossEntropyLoss(weight=lib.ones(3)),
        ]  # fmt: skip


def test_reprs():
    torch = pytest.importorskip("torch")
    for ours, theirs in zip(Texts(fastgd), Texts(torch), strict=True):
        assert repr(ours) == repr(theirs) == str(ours)


def test_repr_of_a_nested_model():
    assert repr(nn.Sequential(nn.Linear(3, 1), line(fastgd))) == (
        "Sequential(\n  (0): Linear(in_features=3, out_features=1, bias=True)\n  (1): Line(\n"
        "    (linear): Linear(in_features=3, out_features=1, bias=True)\n  )\n)"
    )


def test_dir(lib):
    assert {"linear", "scale", "shift", "forward", "parameters"} <= set(dir(line(lib)))
