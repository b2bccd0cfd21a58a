"""Linear, and what stands beside it in small models: activations and Flatten."""

import numpy as np
import pytest
from modules import numbers

from fastgd import nn


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
