"""LBFGS: where it arrives, what it counts, and what it does with a loss that runs away."""

import numpy as np
import pytest
from optim_cases import leaf

import fastgd
from fastgd import nn, optim


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
