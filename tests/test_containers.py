"""Sequential, ModuleList, ModuleDict, ParameterList and ParameterDict."""

from collections import OrderedDict

import pytest
from modules import numbers


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
    assert [*weights] == ["a", "c"] and next(iter(weights.values())).shape == (4,)
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
