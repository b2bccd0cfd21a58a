"""Draws on tensors against recorded draws of torch, and against torch itself."""

import copy
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
from random_draws import DRAWS
from random_expressions import EXPRESSIONS
from random_outcomes import AVX2, MANY_SEEDS, check_expression, needs_torch, record, run, same_everywhere, torch

import fastgd

# For randn; what has a standard deviation of 2 or 3 is as far off as that.
NORMALS = {"randn": 1, "default_dtype": 1, "normal": 3, "likes": 1, "methods": 3, "interleaved": 1, "outs": 1}
NORMALS |= {"strided": 1, "generators": 1, "states": 1, "differentiated": 1}


def tolerance(name):
    scale = NORMALS.get(name)
    return scale and {"float32": (3e-7 if AVX2 else 5e-6) * scale, "float64": 1e-14 * scale}


@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_those_that_torch_made(name):
    for seed, expected in record()["programs"]["DRAWS"][name].items():
        same_everywhere(run(fastgd, DRAWS[name], int(seed)), expected, tolerance(name))


@needs_torch
@pytest.mark.parametrize("name", DRAWS)
def test_draws_of_more_seeds(name):
    for seed in MANY_SEEDS[:12]:
        same_everywhere(run(fastgd, DRAWS[name], seed), run(torch, DRAWS[name], seed), tolerance(name))


@needs_torch
def test_hundreds_of_seeds():
    def draws(t, n):
        made = [
            t.rand(n),
            t.rand(n, dtype=t.float64),
            t.randint(-5, n + 1, (n,)),
            t.randperm(n),
            t.empty(n).uniform_(-1, 2),
        ]
        return [part.numpy() for part in made] + [t.randn(n).numpy(), t.randn(n, dtype=t.float64).numpy()]

    for i, seed in enumerate(MANY_SEEDS):
        fastgd.manual_seed(seed)
        torch.manual_seed(seed)
        for n in (i % 50, (7 * i + 3) % 50, 500 + i):
            *exact, normal, normal64 = draws(fastgd, n)
            *expected, expected_normal, expected_normal64 = draws(torch, n)
            for got, wanted in zip(exact, expected):
                assert got.dtype == wanted.dtype
                np.testing.assert_array_equal(got, wanted)
            size = np.maximum(1, np.abs(expected_normal))
            assert (np.abs(normal - expected_normal) <= tolerance("randn")["float32"] * size).all()
            assert (np.abs(normal64 - expected_normal64) <= 1e-14 * np.maximum(1, np.abs(expected_normal64))).all()
        state, wanted = fastgd.get_rng_state().numpy(), torch.get_rng_state().numpy()
        kept = np.r_[:5024, 5032:5056]  # without the spare normal, a double from libm
        np.testing.assert_array_equal(state[kept], wanted[kept])


@pytest.mark.parametrize("expression", EXPRESSIONS["draws"])
def test_values_and_errors_are_those_of_torch(expression):
    check_expression(fastgd, expression, torch)


@needs_torch
def test_states_go_to_torch_and_back():
    fastgd.manual_seed(3)
    fastgd.randn(5)
    torch.set_rng_state(torch.from_numpy(fastgd.get_rng_state().numpy()))
    assert torch.randn(3).tolist() == pytest.approx(fastgd.randn(3).tolist(), abs=1e-6)
    assert torch.rand(9).tolist() == fastgd.rand(9).tolist()
    fastgd.set_rng_state(fastgd.from_numpy(torch.get_rng_state().numpy()))
    assert torch.rand(9).tolist() == fastgd.rand(9).tolist()


def test_a_generator_is_copied_and_pickled_where_it_stands():
    g = fastgd.Generator().manual_seed(4)
    fastgd.randn(3, generator=g)
    for other in (copy.deepcopy(g), pickle.loads(pickle.dumps(g)), g.clone_state()):
        assert isinstance(other, fastgd.Generator) and other.initial_seed() == 4
        assert other.device == fastgd.device("cpu")
        assert (fastgd.randn(5, generator=other) == fastgd.randn(5, generator=g.clone_state())).all()


def test_seeds_of_the_system_differ():
    seed = fastgd.seed()
    assert seed == fastgd.initial_seed() == fastgd.default_generator.initial_seed() != fastgd.seed()
    assert fastgd.Generator().initial_seed() == 67280421310721
    started = [sys.executable, "-c", "import fastgd; print(fastgd.initial_seed())"]
    assert subprocess.check_output(started) != subprocess.check_output(started)


def test_fork_rng_restores_after_an_error():
    fastgd.manual_seed(1)
    with pytest.raises(KeyError), fastgd.random.fork_rng():
        fastgd.rand(5)
        raise KeyError
    after = fastgd.rand(1)
    assert (fastgd.manual_seed(1), fastgd.rand(1))[1] == after

    @fastgd.random.fork_rng()
    def draw():
        return fastgd.rand(1)

    assert draw() == draw()


def test_a_draw_in_place_counts_as_a_write():
    for draw in ("uniform_", "normal_", "exponential_", "random_", "bernoulli_"):
        x = fastgd.zeros(3)
        w = fastgd.ones(3, requires_grad=True)
        product = (x * w).sum()
        version = x._version
        assert getattr(x, draw)() is x and x._version == version + 1
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            product.backward()
        with fastgd.no_grad():
            getattr(w, draw)()
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place"):
            getattr(w, draw)()


def test_a_waiting_prediction_is_computed_before_its_data_are_drawn_anew(either_way):
    X, w = fastgd.ones(4, 2), fastgd.ones(2, 1, requires_grad=True)
    prediction = X @ w
    X.normal_()
    assert prediction.tolist() == [[2.0]] * 4
    prediction = X @ w
    X.uniform_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        prediction.sum().backward()


def test_out_is_what_comes_back():
    for out in (fastgd.empty(3), fastgd.empty(0), fastgd.empty(2, 5)):
        assert fastgd.rand(3, out=out) is out and out.shape == (3,)
    out = fastgd.empty(3, dtype=fastgd.int64)
    assert fastgd.randperm(3, out=out) is out and sorted(out.tolist()) == [0, 1, 2]
    version = out._version
    assert fastgd.randint(9, (3,), out=out)._version == version + 1
    array = np.zeros(3, np.float32)
    fastgd.randn(3, out=fastgd.from_numpy(array))
    assert array.all()
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        fastgd.rand(3, out=fastgd.ones(3, requires_grad=True))


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_counts_of_both_rules(dtype):
    rates = np.concatenate([np.zeros(2), np.linspace(0.01, 9.99, 60), np.geomspace(10, 1e6, 60)]).reshape(2, 61).T
    for seed in MANY_SEEDS:
        fastgd.manual_seed(seed)
        torch.manual_seed(seed)
        found = fastgd.poisson(fastgd.tensor(rates.tolist(), dtype=getattr(fastgd, dtype)))
        expected = torch.poisson(torch.tensor(rates.tolist(), dtype=getattr(torch, dtype)))
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize(
    "draw",
    [
        lambda g: fastgd.multinomial(fastgd.ones(2), 1, generator=g),
        lambda g: fastgd.zeros(2).uniform_(generator=g),
        lambda g: fastgd.nn.init.normal_(fastgd.zeros(2), generator=g),
        lambda g: list(fastgd.utils.data.DataLoader([1], generator=g)),
    ],
)
def test_a_generator_must_be_one(draw):
    for given in (3, np.random.default_rng(0)):
        with pytest.raises(TypeError, match="argument 'generator' must be torch.Generator, not"):
            draw(given)


@pytest.mark.parametrize(
    "call, kind, words",
    [
        (lambda: fastgd.rand(2.5), TypeError, r"rand.*'size' \(position 1\) must be tuple of ints, not float"),
        (
            lambda: fastgd.randint(5, 2), TypeError,
            r"randint\(\): argument 'size' \(position 2\) must be tuple of ints, not int",
        ),
        (lambda: fastgd.randint_like(fastgd.ones(2)), TypeError, "randint_like.*invalid combination"),
        (lambda: fastgd.randint_like(fastgd.ones(2), 1.5), TypeError, "'high' must be int, not float"),
        (lambda: fastgd.randint(5, (2,), requires_grad=True), RuntimeError, "floating point"),
        (lambda: fastgd.rand(2, device="cuda"), (RuntimeError, AssertionError), "cuda"),
        (lambda: fastgd.rand_like(fastgd.ones(2), device="cuda"), (RuntimeError, AssertionError), "cuda"),
        (lambda: fastgd.Generator("cuda"), (RuntimeError, AssertionError), "cuda"),
        (lambda: fastgd.rand(2, dtype="float32"), TypeError, "dtype"),
        (lambda: fastgd.manual_seed("x"), ValueError, "invalid literal for int"),
        (lambda: fastgd.normal(0.0, 1.0), TypeError, "normal.*invalid combination"),
        (lambda: fastgd.normal(fastgd.ones(2), 1.0, (2,)), TypeError, "normal.*invalid combination"),
        (lambda: fastgd.ones(3).bernoulli_(fastgd.full((2,), 0.5)), RuntimeError, "expanded size"),
        (lambda: fastgd.poisson(fastgd.tensor([1.0, math.inf])), RuntimeError, "invalid Poisson rate"),
    ],
)
def test_what_is_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_an_error_draws_nothing():
    fastgd.manual_seed(0)
    before = fastgd.get_rng_state().tolist()
    x = fastgd.ones(3)
    for call in (
        lambda: fastgd.rand(-1),
        lambda: fastgd.randint(3, 3, (2,)),
        lambda: x.uniform_(2, 1),
        lambda: fastgd.multinomial(-x, 2),
        lambda: fastgd.bernoulli(x + 1),
    ):
        with pytest.raises(RuntimeError):
            call()
    assert fastgd.get_rng_state().tolist() == before and x.tolist() == [1, 1, 1]
