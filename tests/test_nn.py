"""Modules, containers, layers and nn.utils: what torch does is asserted of both libraries where both are there."""

import copy
import doctest
import inspect
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import fastgd
from fastgd import nn, optim


@pytest.fixture(params=["fastgd", "torch"])
def lib(request):
    """Each of the two: what is asserted of both is what torch does."""
    return fastgd if request.param == "fastgd" else pytest.importorskip("torch")


def numbers(seed, *shape):
    return np.random.RandomState(seed).normal(0, 1, shape).astype("f4")


def line(lib):
    class Line(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = lib.nn.Linear(3, 1)
            self.scale = lib.nn.Parameter(lib.ones(1))
            self.register_buffer("shift", lib.zeros(1))
            self.register_buffer("scratch", lib.zeros(2), persistent=False)

        def forward(self, x):
            return self.linear(x) * self.scale + self.shift

    return Line()


def nested(lib):
    return lib.nn.Sequential(
        OrderedDict(
            body=lib.nn.Sequential(lib.nn.Linear(3, 2), lib.nn.ReLU()),
            line=line(lib),
            rest=lib.nn.ModuleList([lib.nn.Linear(1, 1), lib.nn.Linear(1, 1), lib.nn.Identity()]),
        )
    )


# ---- registration


def test_names(lib):
    model = nested(lib)
    assert [name for name, _ in model.named_parameters()] == [
        "body.0.weight", "body.0.bias", "line.scale", "line.linear.weight", "line.linear.bias", "rest.0.weight",
        "rest.0.bias", "rest.1.weight", "rest.1.bias",
    ]  # fmt: skip
    assert [name for name, _ in model.named_modules()] == [
        "", "body", "body.0", "body.1", "line", "line.linear", "rest", "rest.0", "rest.1", "rest.2",
    ]  # fmt: skip
    assert [name for name, _ in model.named_buffers()] == ["line.shift", "line.scratch"]
    assert [name for name, _ in model.named_children()] == ["body", "line", "rest"]
    assert list(model.state_dict()) == [
        "body.0.weight", "body.0.bias", "line.scale", "line.shift", "line.linear.weight", "line.linear.bias",
        "rest.0.weight", "rest.0.bias", "rest.1.weight", "rest.1.bias",
    ]  # fmt: skip
    assert len(list(model.parameters())) == 9 and len(list(model.modules())) == 10
    assert [name for name, _ in model.named_parameters(prefix="m", recurse=False)] == []
    assert [name for name, _ in model.line.named_parameters(prefix="m", recurse=False)] == ["m.scale"]


@pytest.mark.parametrize(
    "walk", "parameters named_parameters buffers named_buffers modules named_modules children named_children".split()
)
def test_walks_print_as_generators_of_module(lib, walk):
    found = getattr(lib.nn.Linear(1, 1), walk)()
    assert repr(found).startswith(f"<generator object Module.{walk} at 0x") and inspect.isgenerator(found)


def test_getattr_finds_what_is_registered(lib):
    model = line(lib)
    assert model.__getattr__("scale") is model.scale and model.__getattr__("shift") is model.shift
    assert model.__getattr__("linear") is model.linear
    with pytest.raises(AttributeError, match="'Line' object has no attribute 'forward'"):
        model.__getattr__("forward")


def test_shared_parameters_are_named_once(lib):
    model = lib.nn.Module()
    model.a = model.b = lib.nn.Linear(2, 1)
    model.w = model.a.weight
    assert [name for name, _ in model.named_parameters()] == ["w", "a.bias"]
    assert [name for name, _ in model.named_parameters(remove_duplicate=False)] == [
        "w", "a.weight", "a.bias", "b.weight", "b.bias",
    ]  # fmt: skip
    assert list(model.state_dict()) == ["w", "a.weight", "a.bias", "b.weight", "b.bias"]


def test_getting_parts_by_dotted_name(lib):
    model = nested(lib)
    assert model.get_submodule("line.linear") is model.line.linear and model.get_submodule("") is model
    assert model.get_parameter("line.linear.weight") is model.line.linear.weight
    assert model.get_buffer("line.shift") is model.line.shift
    for get, name in (
        (model.get_submodule, "line.nothing"),
        (model.get_parameter, "line.nothing"),
        (model.get_buffer, "nothing"),
    ):
        with pytest.raises(AttributeError, match="has no attribute `nothing`"):
            get(name)


def test_dict_is_as_torchs(lib):
    class Scaled(lib.nn.Module):
        def __init__(self, **options):
            super().__init__()
            self.__dict__.update(options)
            self.linear = lib.nn.Linear(2, 1)
            self.power = 2

    model = Scaled(scale=3)
    assert " ".join(vars(model)) == (
        "training _parameters _buffers _non_persistent_buffers_set _backward_pre_hooks _backward_hooks "
        "_is_full_backward_hook _forward_hooks _forward_hooks_with_kwargs _forward_hooks_always_called "
        "_forward_pre_hooks _forward_pre_hooks_with_kwargs _state_dict_hooks _state_dict_pre_hooks "
        "_load_state_dict_pre_hooks _load_state_dict_post_hooks _modules scale power"
    )
    assert model.scale == 3 and vars(model)["_modules"] == {"linear": model.linear}
    assert vars(model)["training"] and not vars(model.eval())["training"]
    vars(model)["late"] = 4
    twin = copy.deepcopy(model)
    assert twin.late == 4 and vars(twin)["_modules"]["linear"] is twin.linear is not model.linear


def test_attributes_of_any_kind(lib):
    model = line(lib)
    model.note, model.history = "x", [1]
    model.history.append(2)
    assert model.note == "x" and model.history == [1, 2] and "note" not in model.state_dict()
    del model.note
    assert not hasattr(model, "note")
    with pytest.raises(AttributeError, match="'Line' object has no attribute 'note'"):
        model.note


def test_replacing_and_removing(lib):
    model = line(lib)
    model.scale = lib.nn.Parameter(lib.zeros(1))
    assert model.scale.item() == 0 and len(list(model.parameters())) == 3
    model.linear = None
    assert model.linear is None and len(list(model.parameters())) == 1
    model.linear = lib.nn.Linear(1, 1)
    del model.scale, model.linear, model.shift
    assert list(model.parameters()) == [] and list(model.state_dict()) == []
    model.scale = 3
    model.scale = lib.nn.Parameter(lib.zeros(1))
    assert "scale" not in vars(model) and len(list(model.parameters())) == 1


def test_buffers(lib):
    model = line(lib)
    model.shift = lib.ones(1)
    assert model.state_dict()["shift"].item() == 1
    model.shift = None
    assert "shift" not in model.state_dict()


def test_nn_buffer(lib):
    given = lib.arange(3.0)
    made = lib.nn.Buffer(given)
    assert isinstance(made, lib.nn.Buffer) and isinstance(made, lib.Tensor) and not isinstance(given, lib.nn.Buffer)
    assert made.data_ptr() == given.data_ptr() and made.persistent and not made.requires_grad
    assert isinstance(copy.deepcopy(made), lib.nn.Buffer) and not isinstance(made.clone(), lib.nn.Buffer)
    assert tuple(lib.nn.Buffer().shape) == (0,)

    model = lib.nn.Module()
    model.kept, model.scratch = made, lib.nn.Buffer(lib.zeros(2), persistent=False)
    assert [name for name, _ in model.named_buffers()] == ["kept", "scratch"] and list(model.state_dict()) == ["kept"]
    model.kept.add_(1)
    assert given.tolist() == [1, 2, 3]
    model.scratch = lib.ones(1)
    assert list(model.state_dict()) == ["kept"] and model.scratch.item() == 1
    model.kept = lib.nn.Buffer(lib.ones(1), persistent=False)
    assert list(model.state_dict()) == []
    with pytest.raises(AttributeError, match="'list' object has no attribute 'detach'"):
        lib.nn.Buffer([1.0])


WRONG = {
    "parameter": (
        lambda t, m: setattr(m, "scale", t.ones(1)),
        TypeError,
        "cannot assign 'torch.FloatTensor' as parameter 'scale' (torch.nn.Parameter or None expected)",
    ),
    "parameter, no tensor": (
        lambda t, m: setattr(m, "scale", 3),
        TypeError,
        "cannot assign 'int' as parameter 'scale' (torch.nn.Parameter or None expected)",
    ),
    "module": (
        lambda t, m: setattr(m, "linear", 3),
        TypeError,
        "cannot assign 'int' as child module 'linear' (torch.nn.Module or None expected)",
    ),
    "module, a tensor": (
        lambda t, m: setattr(m, "linear", t.ones(1)),
        TypeError,
        "cannot assign 'torch.FloatTensor' as child module 'linear' (torch.nn.Module or None expected)",
    ),
    "parameter, a module": (
        lambda t, m: setattr(m, "scale", OrderedDict()),
        TypeError,
        "cannot assign 'collections.OrderedDict' as parameter 'scale' (torch.nn.Parameter or None expected)",
    ),
    "parameter, a buffer": (
        lambda t, m: setattr(m, "scale", t.nn.Buffer(t.ones(1))),
        TypeError,
        "cannot assign 'torch.FloatTensor' as parameter 'scale' (torch.nn.Parameter or None expected)",
    ),
    "buffer before __init__": (
        lambda t, m: setattr(t.nn.Module.__new__(t.nn.Module), "a", t.nn.Buffer()),
        AttributeError,
        "cannot assign buffer before Module.__init__() call",
    ),
    "buffer of a name that is taken": (
        lambda t, m: setattr(m, "forward", t.nn.Buffer()),
        KeyError,
        "attribute 'forward' already exists",
    ),
    "sequence of a tensor": (
        lambda t, m: t.nn.Sequential(t.ones(1)),
        TypeError,
        "torch.FloatTensor is not a Module subclass",
    ),
    "buffer": (
        lambda t, m: setattr(m, "shift", 3),
        TypeError,
        "cannot assign 'int' as buffer 'shift' (torch.nn.Buffer, torch.Tensor or None expected)",
    ),
    "taken": (lambda t, m: m.register_parameter("forward", None), KeyError, "attribute 'forward' already exists"),
    "taken by a buffer": (
        lambda t, m: m.register_parameter("shift", None),
        KeyError,
        "attribute 'shift' already exists",
    ),
    "taken by a parameter": (lambda t, m: m.add_module("scale", None), KeyError, "attribute 'scale' already exists"),
    "dot": (lambda t, m: m.register_buffer("a.b", None), KeyError, 'buffer name can\'t contain "."'),
    "dot, parameter": (lambda t, m: m.register_parameter("a.b", None), KeyError, 'parameter name can\'t contain "."'),
    "dot, module": (lambda t, m: m.add_module("a.b", None), KeyError, 'module name can\'t contain ".", got: a.b'),
    "empty": (lambda t, m: m.add_module("", None), KeyError, 'module name can\'t be empty string ""'),
    "name": (lambda t, m: m.add_module(3, None), TypeError, "module name should be a string. Got int"),
    "no module": (lambda t, m: m.add_module("a", 3), TypeError, "int is not a Module subclass"),
    "no parameter": (
        lambda t, m: m.register_parameter("a", 3),
        TypeError,
        "cannot assign 'int' object to parameter 'a' (torch.nn.Parameter or None required)",
    ),
    "no buffer": (
        lambda t, m: m.register_buffer("a", 3),
        TypeError,
        "cannot assign 'int' object to buffer 'a' (torch Tensor or None required)",
    ),
    "no forward": (
        lambda t, m: t.nn.Module()(1),
        NotImplementedError,
        'Module [Module] is missing the required "forward" function',
    ),
    "train": (lambda t, m: m.train(3), ValueError, "training mode is expected to be boolean"),
    "integers": (
        lambda t, m: m.to(t.int64),
        TypeError,
        "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.int64",
    ),
    "arguments": (
        lambda t, m: t.nn.Module(note=3),
        TypeError,
        "Module.__init__() got an unexpected keyword argument 'note'",
    ),
    "positional": (
        lambda t, m: t.nn.Module(3),
        TypeError,
        "Module.__init__() takes 1 positional argument but 2 were given",
    ),
    "state": (
        lambda t, m: m.load_state_dict([1]),
        TypeError,
        "Expected state_dict to be dict-like, got <class 'list'>.",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use(name, lib):
    call, kind, words = WRONG[name]
    with pytest.raises(kind) as caught:
        call(lib, line(lib))
    assert caught.value.args[0].startswith(words)


def test_parts_before_init(lib):
    class Early(lib.nn.Module):
        def __init__(self, part):
            self.note = "allowed"
            self.part = part
            super().__init__()

    with pytest.raises(AttributeError, match=r"cannot assign module before Module.__init__\(\) call"):
        Early(lib.nn.Linear(1, 1))
    with pytest.raises(AttributeError, match=r"cannot assign parameters before Module.__init__\(\) call"):
        Early(lib.nn.Parameter(lib.ones(1)))
    assert Early(3).note == "allowed"


def test_non_leaf_parameter(lib):
    model = line(lib)
    p = lib.nn.Parameter(lib.ones(1))
    with pytest.raises(TypeError, match="cannot assign 'torch.FloatTensor' as parameter 'scale'"):
        model.scale = p * 2


# ---- ways of writing a module


def test_super_with_the_class(lib):
    class Model(lib.nn.Module):
        def __init__(self, d):
            super(Model, self).__init__()
            self.linear = lib.nn.Linear(d, 1)

        def forward(self, x):
            return self.linear(x)

    class Deeper(Model):
        def __init__(self):
            lib.nn.Module.__init__(self)
            Model.__init__(self, 2)

    assert Deeper()(lib.ones(4, 2)).shape == (4, 1)


def test_subclass_of_linear(lib):
    class Doubled(lib.nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    model = Doubled(2, 1)
    plain = lib.nn.Linear(2, 1)
    plain.load_state_dict(model.state_dict())
    x = lib.ones(3, 2)
    assert model(x).tolist() == (2 * plain(x)).tolist()
    assert repr(model) == "Doubled(in_features=2, out_features=1, bias=True)"


def test_several_bases(lib):
    class Described:
        def describe(self):
            return type(self).__name__

    class Model(lib.nn.Sequential, Described):
        pass

    assert Model(lib.nn.Linear(1, 1)).describe() == "Model"


def test_getattr_of_ones_own(lib):
    class Wrapped(lib.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def __getattr__(self, name):
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(self.model, name)

    wrapped = Wrapped(lib.nn.Linear(2, 1))
    assert wrapped.in_features == 2 and wrapped.weight is wrapped.model.weight
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'nothing'"):
        wrapped.nothing


def test_setattr_of_ones_own(lib):
    class Logged(lib.nn.Module):
        def __setattr__(self, name, value):
            if name == "part":
                value = lib.nn.Sequential(value)
            super().__setattr__(name, value)

    model = Logged()
    model.part = lib.nn.Linear(1, 1)
    assert [name for name, _ in model.named_parameters()] == ["part.0.weight", "part.0.bias"]


def test_properties(lib):
    class Model(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = lib.nn.Linear(2, 1)

        @property
        def weight(self):
            return self.linear.weight

        @property
        def rate(self):
            return self._rate

        @rate.setter
        def rate(self, value):
            self._rate = 2 * value

    model = Model()
    model.rate = 3
    assert model.weight is model.linear.weight and model.rate == 6


def test_names_that_clash_with_methods(lib):
    model = lib.nn.Module()
    model.train = lib.nn.Linear(1, 1)  # torch registers it, and the method is what one reads
    assert callable(model.train) and not isinstance(model.train, lib.nn.Module)
    assert [name for name, _ in model.named_parameters()] == ["train.weight", "train.bias"]
    with pytest.raises(KeyError, match="already exists"):
        model.eval = lib.nn.Parameter(lib.ones(1))


def test_forward_replaced_on_the_instance(lib):
    for model in (lib.nn.Linear(2, 1), lib.nn.MSELoss(), lib.nn.Sequential(lib.nn.Identity())):
        model.forward = lambda *given: "replaced"
        assert model(lib.ones(1, 2), lib.ones(1, 2)) == "replaced"
        del model.forward
        assert not isinstance(model(*[lib.ones(1, 2)] * (2 if isinstance(model, lib.nn.MSELoss) else 1)), str)


def test_forward_called_directly(lib):
    model, x = lib.nn.Linear(2, 1), lib.ones(3, 2)
    assert model.forward(x).tolist() == model(x).tolist() == model(input=x).tolist()


def test_weights_from_the_outside(lib):
    model = lib.nn.Linear(2, 1)
    model.weight.data = lib.tensor([[1.0, 2.0]])
    model.bias.data.fill_(3)
    assert model(lib.ones(1, 2)).item() == 6
    model.weight = lib.nn.Parameter(lib.zeros(1, 2))
    assert model(lib.ones(1, 2)).item() == 3


def test_parameter_made_of_others_in_forward(lib):
    model = lib.nn.Linear(2, 1)
    v = lib.ones(1, 2, requires_grad=True)
    del model.weight
    model.weight = v * 2
    model(lib.ones(1, 2)).sum().backward()
    assert v.grad.tolist() == [[2, 2]] and model.bias.grad.tolist() == [1]


# ---- hooks


def test_hooks(lib):
    model = lib.nn.Linear(2, 1)
    seen = []
    pre = model.register_forward_pre_hook(lambda module, args: seen.append(("pre", module is model, len(args))))
    post = model.register_forward_hook(lambda module, args, out: seen.append(("post", module is model, out.shape)))
    model(lib.ones(3, 2))
    assert seen == [("pre", True, 1), ("post", True, (3, 1))]
    pre.remove()
    post.remove()
    model(lib.ones(3, 2))
    assert len(seen) == 2


def test_hooks_that_replace(lib):
    model = lib.nn.Identity()
    model.register_forward_pre_hook(lambda module, args: args[0] + 1)
    model.register_forward_hook(lambda module, args, out: out * 10)
    assert model(lib.ones(1)).item() == 20


# ---- modes and types


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


# ---- state


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


# ---- printing


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


# ---- Linear


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 4, 3), (0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(lib, shape, bias):
    model = lib.nn.Linear(3, 2, bias=bias)
    x = numbers(0, *shape)
    out = model(lib.from_numpy(x))
    expected = x @ model.weight.detach().numpy().T + (model.bias.detach().numpy() if bias else 0)
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-5, atol=1e-6)
    assert out.requires_grad and out.shape == (*shape[:-1], 2)
    assert model.in_features == 3 and model.out_features == 2 and (model.bias is None) == (not bias)


def test_linear_of_doubles(lib):
    model = lib.nn.Linear(3, 1, dtype=lib.float64)
    assert model.weight.dtype == model.bias.dtype == model(lib.ones(1, 3, dtype=lib.float64)).dtype == lib.float64


def test_linear_refuses(lib):
    model = lib.nn.Linear(3, 1)
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(2x5 and 3x1\)"):
        model(lib.ones(2, 5))
    with pytest.raises(RuntimeError, match="mat1 and mat2 must have the same dtype, but got Double and Float"):
        model(lib.ones(2, 3, dtype=lib.float64))


def test_linear_starts_within_its_bounds():
    model = nn.Linear(100, 50)
    for param in model.parameters():
        assert 0.08 < np.abs(param.detach().numpy()).max() <= 0.1
    before = model.weight.tolist()
    model.reset_parameters()
    assert model.weight.tolist() != before


# ---- containers


def parts(lib, count=4):
    return [lib.nn.Linear(1, i + 1) for i in range(count)]


def test_sequential(lib):
    a, b, c, d = parts(lib)
    model = lib.nn.Sequential(a, b, c)
    assert len(model) == 3 and list(model) == [a, b, c] and model[0] is a and model[-1] is c
    assert isinstance(model[1:], lib.nn.Sequential) and list(model[1:]) == [b, c]
    assert list(model[1:].state_dict()) == ["1.weight", "1.bias", "2.weight", "2.bias"]
    model[1] = d
    assert model[1] is d and list(model.state_dict())[2] == "1.weight"
    assert model.append(b) is model and list(model) == [a, d, c, b]
    del model[0]
    assert list(model) == [d, c, b] and list(model.state_dict())[0] == "0.weight"
    assert model.pop(1) is c and list(model) == [d, b]
    assert model.insert(1, a) is model and list(model) == [d, a, b]
    assert list(model.extend([c])) == [d, a, b, c]
    assert list(lib.nn.Sequential(a) + lib.nn.Sequential(b)) == [a, b]
    model = lib.nn.Sequential(a)
    model += lib.nn.Sequential(b)
    assert list(model) == [a, b]
    for index in (2, -3):
        with pytest.raises(IndexError, match=f"index {index} is out of range"):
            model[index]
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        lib.nn.Sequential(3)
    with pytest.raises(ValueError, match="add operator supports only objects of Sequential class"):
        model + [a]


def test_sequential_by_name(lib):
    model = lib.nn.Sequential(OrderedDict([("first", lib.nn.Linear(2, 1)), ("flat", lib.nn.Flatten(0, 1))]))
    assert model.first is model[0] and model(lib.ones(3, 2)).shape == (3,)
    model.add_module("last", lib.nn.Identity())
    assert list(model.state_dict()) == ["first.weight", "first.bias"] and len(model) == 3


def test_sequential_of_nothing(lib):
    x = lib.ones(1)
    assert lib.nn.Sequential()(x) is x


def test_sequential_of_ones_own(lib):
    class Twice(lib.nn.Sequential):
        def forward(self, x):
            return super().forward(super().forward(x))

    assert Twice(lib.nn.Identity())(lib.ones(1)).item() == 1


def test_module_list(lib):
    a, b, c, d = parts(lib)
    layers = lib.nn.ModuleList([a, b])
    layers.append(c)
    layers += [d]
    assert len(layers) == 4 and list(layers) == [a, b, c, d] and layers[-1] is d
    assert isinstance(layers[1:3], lib.nn.ModuleList) and list(layers[1:3]) == [b, c]
    layers[0] = d
    assert layers[0] is d
    del layers[0], layers[0:1]
    assert list(layers) == [c, d] and list(layers.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    layers.insert(1, a)
    assert list(layers) == [c, a, d] and layers.pop(0) is c and list(layers.extend([b])) == [a, d, b]
    with pytest.raises(IndexError, match="index 3 is out of range"):
        layers[3]
    with pytest.raises(NotImplementedError, match=r'Module \[ModuleList\] is missing the required "forward" function'):
        layers(1)


def test_module_dict(lib):
    a, b, c, _ = parts(lib)
    layers = lib.nn.ModuleDict({"a": a})
    layers["b"] = b
    layers.update([("c", c)])
    assert list(layers) == list(layers.keys()) == ["a", "b", "c"] and list(layers.values()) == [a, b, c]
    assert "a" in layers and layers.pop("a") is a and len(layers) == 2 and dict(layers.items()) == {"b": b, "c": c}
    del layers["b"]
    assert list(layers.state_dict()) == ["c.weight", "c.bias"]
    layers.clear()
    assert len(layers) == 0
    with pytest.raises(KeyError):
        layers["a"]


def test_parameter_list(lib):
    weights = lib.nn.ParameterList([lib.ones(1), lib.nn.Parameter(lib.zeros(2))])
    weights.append(lib.ones(3))
    weights += [4]
    assert len(weights) == 4 and weights[3] == 4 and all(isinstance(w, lib.nn.Parameter) for w in weights[:3])
    assert list(weights.state_dict()) == ["0", "1", "2"] and [w.shape[0] for w in list(weights)[:3]] == [1, 2, 3]
    weights[0] = lib.zeros(5)
    assert isinstance(weights[0], lib.nn.Parameter) and weights[-2] is weights[2]
    with pytest.raises(IndexError, match="out of range"):
        weights[4]
    with pytest.raises(RuntimeError, match="ParameterList should not be called."):
        weights(1)


def test_parameter_dict(lib):
    weights = lib.nn.ParameterDict({"a": lib.ones(1)})
    weights["b"] = lib.nn.Parameter(lib.zeros(2))
    weights.update({"c": 3})
    assert list(weights) == list(weights.keys()) == ["a", "b", "c"] and weights["c"] == 3 and "a" in weights
    assert list(weights.state_dict()) == ["a", "b"] and weights.get("d", 7) == 7 and len(weights) == 3
    assert weights.pop("b").shape == (2,) and [name for name, _ in weights.items()] == ["a", "c"]
    weights["a"] = lib.ones(4)
    assert [name for name in weights] == ["a", "c"] and next(iter(weights.values())).shape == (4,)
    del weights["a"]
    with pytest.raises(AttributeError):
        weights["a"]


def test_parameters_of_containers_are_trained(lib):
    class Polynomial(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = lib.nn.ParameterList([lib.nn.Parameter(lib.zeros(1)) for _ in range(3)])

        def forward(self, x):
            return sum(w * x**i for i, w in enumerate(self.weights))

    model = Polynomial()
    optimizer = lib.optim.SGD(model.parameters(), lr=0.1)
    x = lib.from_numpy(numbers(0, 50))
    for _ in range(200):
        loss = ((model(x) - (1 + 2 * x)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert [w.item() for w in model.weights] == pytest.approx([1, 2, 0], abs=0.05)


# ---- layers


@pytest.mark.parametrize("name", ["Sigmoid", "Tanh", "ReLU", "Identity"])
def test_activations(name, lib):
    x = np.array([-100.0, -1, 0, 0.5, 100], "f4")
    given = lib.tensor(x, requires_grad=True)
    out = getattr(lib.nn, name)()(given)
    out.sum().backward()
    with np.errstate(over="ignore"):
        small = 1 / (1 + np.exp(-x))
    values = {"Sigmoid": small, "Tanh": np.tanh(x), "ReLU": np.maximum(x, 0), "Identity": x}
    slopes = {"Sigmoid": small * (1 - small), "Tanh": 1 - np.tanh(x) ** 2, "ReLU": x > 0, "Identity": x * 0 + 1}
    np.testing.assert_allclose(out.detach().numpy(), values[name], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(given.grad.numpy(), slopes[name], rtol=1e-5, atol=1e-7)


def test_relu_in_place(lib):
    x = lib.tensor([-1.0, 2.0])
    assert lib.nn.ReLU(inplace=True)(x) is x and x.tolist() == [0, 2]


def test_flatten(lib):
    x = lib.ones(2, 3, 4)
    assert lib.nn.Flatten()(x).shape == (2, 12) and lib.nn.Flatten(0, 1)(x).shape == (6, 4)
    with pytest.raises(IndexError, match="Dimension out of range"):
        lib.nn.Flatten(0, 3)(x)


# ---- nn.utils


def with_gradients(lib):
    a, b, none = lib.zeros(2, 2, requires_grad=True), lib.zeros(3, requires_grad=True), lib.zeros(1, requires_grad=True)
    a.grad, b.grad = lib.tensor([[1.0, -2.0], [3.0, 0.0]]), lib.tensor([4.0, -5.0, 6.0])
    return [a, b, none]


@pytest.mark.parametrize("norm_type", [2, 2.0, 1, 3.5, float("inf")])
@pytest.mark.parametrize("max_norm", [0.5, 1e4])
def test_clip_grad_norm(lib, max_norm, norm_type):
    params = with_gradients(lib)
    held = params[0].grad
    flat = np.array([1, -2, 3, 0, 4, -5, 6.0])
    norm = np.linalg.norm(flat, norm_type)
    assert lib.nn.utils.clip_grad_norm_(iter(params), max_norm, norm_type).item() == pytest.approx(norm)
    found = [*params[0].grad.reshape(-1).tolist(), *params[1].grad.tolist()]
    assert found == pytest.approx(flat * min(1, max_norm / (norm + 1e-6)), rel=1e-5) and params[0].grad is held


def test_clip_grad_norm_not_finite(lib):
    params = with_gradients(lib)
    params[1].grad[0] = float("nan")
    with pytest.raises(RuntimeError, match="The total norm of order 2.0 for gradients from `parameters` is non-finite"):
        lib.nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[0].grad[0, 0].item() == 1
    assert np.isnan(lib.nn.utils.clip_grad_norm_(params, 1.0).item()) and np.isnan(params[0].grad[0, 0].item())


def test_clip_grad_norm_of_nothing(lib):
    assert lib.nn.utils.clip_grad_norm_([lib.zeros(1)], 1.0).item() == 0
    p = with_gradients(lib)[1]
    assert lib.nn.utils.clip_grad_norm_(p, 1.0).shape == ()


def test_total_norm(lib):
    params = with_gradients(lib)
    norm = lib.nn.utils.get_total_norm([p.grad for p in params[:2]])
    assert repr(norm) == "tensor(9.5394)" and lib.nn.utils.get_total_norm([]).item() == 0
    assert lib.nn.utils.get_total_norm(params[0].grad, float("inf")).item() == 3
    assert lib.nn.utils.clip_grads_with_norm_(iter(params), 2.0, lib.tensor(4.0)) is None
    assert params[1].grad.tolist() == pytest.approx([2, -2.5, 3])


def test_clip_grad_value(lib):
    params = with_gradients(lib)
    assert lib.nn.utils.clip_grad_value_(params, 2.5) is None
    assert params[0].grad.tolist() == [[1, -2], [2.5, 0]] and params[1].grad.tolist() == [2.5, -2.5, 2.5]


def test_vectors(lib):
    model = lib.nn.Linear(2, 1)
    vector = lib.nn.utils.parameters_to_vector(model.parameters())
    assert vector.tolist() == [*model.weight.tolist()[0], *model.bias.tolist()] and vector.requires_grad
    new = lib.tensor([1.0, 2.0, 3.0])
    lib.nn.utils.vector_to_parameters(new, model.parameters())
    assert model.weight.tolist() == [[1, 2]] and model.bias.tolist() == [3]
    new.zero_()
    assert model.weight.tolist() == [[0, 0]]
    with pytest.raises(TypeError, match="expected torch.Tensor, but got:"):
        lib.nn.utils.vector_to_parameters([1.0], model.parameters())
    with pytest.raises(RuntimeError, match="is invalid for input of size"):
        lib.nn.utils.vector_to_parameters(lib.ones(2), model.parameters())


# ---- the package


def test_what_is_missing_says_so():
    for module, name in ((nn, "Conv2d"), (nn.functional, "conv2d")):
        with pytest.raises(AttributeError, match=f"fastgd covers linear models; torch.*{name} needs torch"):
            getattr(module, name)


@pytest.mark.parametrize("room", [nn, nn.functional, nn.utils, optim])
def test_docstrings(room):
    names = getattr(room, "__all__", None) or [name for name, value in vars(room).items() if inspect.isfunction(value)]
    for name in names:
        thing = getattr(room, name)
        if name.startswith("_") or inspect.ismodule(thing):
            continue
        text = inspect.getdoc(thing)
        assert text, name
        namespace = {"fastgd": fastgd, "nn": nn, "optim": optim, "numpy": np}
        test = doctest.DocTestParser().get_doctest(text, namespace, name, None, 0)
        assert doctest.DocTestRunner(verbose=False).run(test).failed == 0, name
        if inspect.isclass(thing) and name not in ("Optimizer", "Parameter"):
            assert test.examples, name
