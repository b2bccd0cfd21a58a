"""Initial values against recorded ones of torch, and against torch itself."""

import warnings

import numpy as np
import pytest
from random_draws import FILLS, INITS
from random_expressions import EXPRESSIONS
from random_outcomes import AVX2, MANY_SEEDS, check_expression, needs_torch, record, run, same_everywhere, torch

import fastgd
from fastgd import nn

# Normals times a standard deviation, of 2 at most.
NORMAL = {"float32": 6e-7 if AVX2 else 1e-5, "float64": 2e-14}


def tolerance(name):
    return NORMAL if "normal" in name else None


@pytest.mark.parametrize("name", INITS)
def test_values_are_those_that_torch_made(name):
    for seed, expected in record()["programs"]["INITS"][name].items():
        same_everywhere(run(fastgd, INITS[name], int(seed)), expected, tolerance(name))


@needs_torch
@pytest.mark.parametrize("name", INITS)
def test_values_of_more_seeds(name):
    for seed in MANY_SEEDS[:12]:
        same_everywhere(run(fastgd, INITS[name], seed), run(torch, INITS[name], seed), tolerance(name))


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linear_from_hundreds_of_seeds(dtype):
    for i, seed in enumerate(MANY_SEEDS):
        fastgd.manual_seed(seed)
        torch.manual_seed(seed)
        sizes = (1 + i % 40, 1 + i % 3)
        ours, theirs = (t.nn.Linear(*sizes, dtype=getattr(t, dtype)) for t in (fastgd, torch))
        for got, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_array_equal(got.detach().numpy(), expected.detach().numpy())
        assert fastgd.rand(1).item() == torch.rand(1).item()


@pytest.mark.parametrize("expression", EXPRESSIONS["init"])
def test_values_and_errors_are_those_of_torch(expression):
    check_expression(fastgd, expression, torch)


@pytest.mark.parametrize("name", FILLS)
def test_a_parameter_is_written_and_returned(name):
    w = nn.Parameter(fastgd.full((4, 5), 7.0))
    version = w._version
    assert getattr(nn.init, name)(w, **FILLS[name][0]) is w
    assert w.requires_grad and w.is_leaf and w._version > version
    assert not (w == 7).any()
    assert fastgd.is_grad_enabled()


def test_truncated_normals_stay_within_their_bounds():
    fastgd.manual_seed(0)
    for mean, std, a, b in ((0, 1, -2, 2), (0, 1, -0.1, 0.3), (1, 2, 1, 1.5), (0, 0.5, 0.9, 1.0)):
        for dtype in (fastgd.float32, fastgd.float64):
            values = nn.init.trunc_normal_(fastgd.empty(2000, dtype=dtype), mean, std, a, b).numpy()
            assert a - 1e-6 <= values.min() and values.max() <= b + 1e-6
            # the mean of a normal that is cut off, by the midpoint rule
            x = np.linspace(a, b, 4001)[1::2]
            weights = np.exp(-0.5 * ((x - mean) / std) ** 2)
            expected = np.average(x, weights=weights)
            spread = np.sqrt(np.average((x - expected) ** 2, weights=weights))
            assert abs(values.mean() - expected) < 4 * spread / np.sqrt(2000)


def test_warnings_name_the_line_that_asked():
    for call in (
        lambda: nn.init.kaiming_uniform_(fastgd.empty(0, 3)),
        lambda: nn.init.kaiming_normal_(fastgd.empty(0, 3)),
        lambda: nn.init.trunc_normal_(fastgd.empty(3), mean=9.0),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert [warning.filename for warning in caught] == [__file__]
