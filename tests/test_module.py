"""Module: registration, attributes, the ways in which modules are written, hooks."""

import copy
import inspect
from collections import OrderedDict

import pytest
from modules import line, nested


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
