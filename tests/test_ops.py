"""Every form of the tensor surface beside torch, the gradient of every row, and random programs."""

import json
import math
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from op_forms import forms, tell

import fastgd
from fastgd._tensor import rows, set_affine

RECORDED = json.loads(Path(__file__).with_name("recorded").joinpath("ops.json").read_text())
NUMBER = re.compile(r"-?(?:\d+\.?\d*(?:e[+-]\d+)?|inf|nan)")


@pytest.fixture(params=[True, False], ids=["affine", "plain"])
def affine(request):
    before = set_affine(request.param)
    yield
    set_affine(before)


def close(x, y):
    return x == y or (math.isnan(x) and math.isnan(y)) or abs(x - y) <= 1e-5 * max(abs(x), abs(y)) + 1e-6


def alike(mine, theirs):
    """Text letter for letter but for the last place of a decimal, the rest within rounding."""
    if isinstance(theirs, dict):
        return mine.keys() == theirs.keys() and all(alike(mine[key], theirs[key]) for key in theirs)
    if isinstance(theirs, list):
        return isinstance(mine, list) and len(mine) == len(theirs) and all(map(alike, mine, theirs))
    if isinstance(theirs, float):
        return close(mine, theirs)
    if isinstance(theirs, str) and mine != theirs:
        return NUMBER.sub("#", mine) == NUMBER.sub("#", theirs) and all(
            len(x) == len(y) and abs(float(x) - float(y)) <= 1e-4 * abs(float(y)) + 1.01e-4
            for x, y in zip(NUMBER.findall(mine), NUMBER.findall(theirs))
        )
    return mine == theirs


@pytest.mark.parametrize("form", forms())
def test_form(form, affine):
    mine = tell(fastgd, form)
    assert alike(mine, RECORDED[form]), (mine, RECORDED[form])


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
@pytest.mark.parametrize("part", range(10))
def test_recorded_is_what_torch_says(part):
    import torch

    for form in forms()[part::10]:
        assert alike(json.loads(json.dumps(tell(torch, form))), RECORDED[form]), form


# ---- gradients by central differences


RNG = np.random.default_rng(7)


def leaf(*shape, low=0.3, high=1.7):
    return fastgd.tensor(RNG.uniform(low, high, shape), requires_grad=True)


def gradient_cases():
    a, b, v, M = leaf(2, 3), leaf(2, 3), leaf(3), leaf(3, 3)
    u = leaf(2, 3, low=-0.8, high=0.8)
    s, w = leaf(), leaf(2, 3, low=0.1, high=0.9)
    index = fastgd.tensor([[0, 2, 1], [1, 1, 0]])
    pick = fastgd.tensor([2, 0, 0])
    mask = fastgd.tensor([[True, False, True], [False, False, True]])
    f = fastgd
    unary = """exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal sin cos tan asinh sinh cosh tanh atan sigmoid
        erf erfc deg2rad rad2deg neg abs square relu sign sgn floor ceil trunc frac round nan_to_num positive""".split()
    cases = {name: (getattr(f, name), u if name in ("tanh", "sinh") else a) for name in unary}
    for name in ("asin", "acos", "atanh", "logit", "erfinv"):
        cases[name] = (getattr(f, name), w)
    cases["acosh"] = (lambda x: f.acosh(x + 1), a)
    for (
        name
    ) in """add sub mul div pow maximum minimum fmax fmin atan2 hypot logaddexp xlogy remainder fmod rsub true_divide
        dist""".split():
        cases[name] = (getattr(f, name), a, b)
    cases |= {
        "rpow": (lambda x: 2.5**x, a), "pow number": (lambda x: x**2.3, a), "pow 5": (lambda x: x**5, a),
        "pow -2": (lambda x: x**-2, a), "pow of tensor": (lambda x: x**pick, v), "rdiv": (lambda x: 3 / x, a),
        "broadcast": (lambda x, y, z: x * y + z / y, a, v, s), "lerp": (f.lerp, a, b, w),
        "addcmul": (lambda x, y, z: f.addcmul(x, y, z, value=0.7), a, b, w),
        "addcdiv": (lambda x, y, z: f.addcdiv(x, y, z, value=0.7), a, b, w),
        "div floor": (lambda x, y: f.div(x, y, rounding_mode="floor") + x, a, b),
        "div trunc": (lambda x, y: f.div(x, y, rounding_mode="trunc") + x, a, b),
        "clamp": (lambda x: x.clamp(0.6, 1.2), a), "clamp tensors": (lambda x, y, z: x.clamp(y, z), a, w, b),
        "clamp_min": (lambda x, y: f.clamp_min(x, y), a, s), "clamp_max": (lambda x, y: f.clamp_max(x, y), a, s),
        "where": (lambda x, y: f.where(mask, x, y), a, v), "masked_fill": (lambda x, y: x.masked_fill(mask, y), a, s),
        "fill": (lambda x: (x * 1).fill_(s) * x, s), "zero": (lambda x: (x * 1).zero_() + x, a),
        "copy": (lambda x, y: (x * 1).copy_(y) * x, a, v), "clone": (lambda x: x.clone(), a),
        "contiguous": (lambda x: x.t().contiguous(), a), "to": (lambda x: x.to(f.float64, copy=True) * x, a),
        "nansum": (f.nansum, a), "sum": (lambda x: x.sum(0), a), "mean": (lambda x: x.mean(1, keepdim=True), a),
        "var": (lambda x: x.var(0), a), "var all": (lambda x: x.var(correction=0), a), "std": (lambda x: x.std(1), a),
        "prod": (lambda x: x.prod(1), a), "prod all": (lambda x: x.prod(), u),
        "norm": (lambda x: x.norm(), a), "norm 3": (lambda x: x.norm(3, 1), u), "norm 1": (lambda x: x.norm(1), u),
        "norm inf": (lambda x: x.norm(math.inf, 0), u), "norm -inf": (lambda x: x.norm(-math.inf), u),
        "dist 3": (lambda x, y: f.dist(x, y, 3), a, b), "logsumexp": (lambda x: x.logsumexp((0, 1)), a),
        "softmax": (lambda x: x.softmax(1), a), "log_softmax": (lambda x: x.log_softmax(0), a),
        "cumsum": (lambda x: x.cumsum(1), a), "cumprod": (lambda x: x.cumprod(1), a),
        "max": (f.max, a), "max_along": (lambda x: x.max(1)[0], a), "min": (f.min, a), "amax": (lambda x: x.amax(0), a),
        "min_along": (lambda x: x.min(0, keepdim=True).values, a), "amin": (lambda x: x.amin((0, 1)), a),
        "sort": (lambda x: x.sort(1)[0], a), "topk": (lambda x: x.topk(2, 1, largest=False)[0], a),
        "median": (f.median, a), "median_along": (lambda x: x.median(0)[0], M),
        "nanmedian": (f.nanmedian, a), "nanmedian_along": (lambda x: x.nanmedian(0)[0], M),
        "gradient": (lambda x: f.gradient(x, dim=1, edge_order=2, spacing=[f.tensor([0.0, 1.0, 3.0])])[0], a),
        "nanquantile": (lambda x: x.nanquantile(0.3, 1), a), "cumulative_trapezoid": (f.cumulative_trapezoid, a, b),
        "cummax": (lambda x: x.cummax(1)[0], M), "cummin": (lambda x: x.cummin(0)[0], M),
        "aminmax_min": (lambda x: x.aminmax()[0], a), "aminmax_max": (lambda x: x.aminmax(dim=1)[1], a),
        "kron": (f.kron, a, b), "kron other dims": (lambda x, y, z: f.kron(f.kron(x, y), z), v, M, s),
        "block_diag": (lambda x, y, z: f.block_diag(x, y, z), a, v, s), "lgamma": (f.lgamma, a),
        "digamma": (f.digamma, a),
        "kthvalue": (lambda x: x.kthvalue(2, 1)[0], a), "mode": (lambda x: x.mode(1)[0], a),
        "quantile": (lambda x: x.quantile(0.3, 1), a),
        "view": (lambda x: x.view(3, 2), a), "unsafe_view": (lambda x: x.t().reshape(6), a),
        "squeeze": (lambda x: x[:, :1].squeeze(), a), "squeeze_dim": (lambda x: x[:, :1].squeeze(1), a),
        "squeeze_dims": (lambda x: x[:1, :1].squeeze((0, 1)), a), "unsqueeze": (lambda x: x.unsqueeze(1), a),
        "transpose": (lambda x: x.transpose(0, 1), a), "t": (lambda x: x.t(), a),
        "permute": (lambda x: x.view(1, 2, 3).permute(2, 0, 1), a), "expand": (lambda x: x.expand(4, 2, 3), a),
        "repeat": (lambda x: x.repeat(2, 1, 2), a), "flip": (lambda x: x.flip(0, 1), a),
        "roll": (lambda x: x.roll((1, 2), (0, 1)), a), "roll all": (lambda x: x.roll(2), a),
        "triu": (f.triu, M), "tril": (lambda x: x.tril(-1), M), "diagonal": (lambda x: x.diagonal(1), M),
        "diag": (f.diag, v), "diagonal_copy": (f.diag, M), "trace": (f.trace, M),
        "unfold": (lambda x: x.unfold(1, 2, 1), a), "rot90": (f.rot90, a),
        "cat": (lambda x, y: f.cat([x, y, x], 1), a, b), "stack": (lambda x, y: f.stack([x, y], 2), a, b),
        "unbind": (lambda x: f.unbind(x, 1)[2], a), "split": (lambda x: x.split(2, 1)[0], a),
        "split_with_sizes": (lambda x: x.split([1, 2], 1)[1], a), "slice_piece": (lambda x: x.narrow(1, 1, 2), a),
        "select": (lambda x: x[1], a), "slice": (lambda x: x[:, ::2], a), "index_none": (lambda x: x[:, None], a),
        "alias": (lambda x: x[...], a), "index": (lambda x: x[:, pick], a), "getitem": (lambda x: x[:, 0], a),
        "mask": (lambda x: x[mask], a), "masked_select": (lambda x: x.masked_select(mask), a),
        "index_select": (lambda x: x.index_select(1, pick), a), "gather": (lambda x: x.gather(1, index), a),
        "take": (lambda x: x.take(pick), a), "repeat_interleave": (lambda x: x.repeat_interleave(pick, 1), a),
        "index_add": (lambda x, y: x.index_add(1, pick, y), a, b),
        "index_copy": (lambda x, y: x.index_copy(0, pick[:2], y), M, a),
        "index_fill": (lambda x: x.index_fill(1, pick[:1], 3.0), a),
        "scatter": (lambda x, y: x.scatter(1, index[:, :1], y), a, b),
        "scatter_add": (lambda x, y: x.scatter_add(1, index, y), a, b),
        "scatter_reduce": (lambda x, y: x.scatter_reduce(1, index, y, "mean"), a, b),
        "matmul": (f.matmul, a, M), "mm": (f.mm, a, M), "mv": (f.mv, a, v), "dot": (f.dot, v, v),
        "vdot": (f.vdot, v, v),
        "matmul of vectors": (f.matmul, v, v), "vector times matrix": (f.matmul, v, M),
        "stack of matrices": (lambda x, y: x.view(1, 2, 3) @ y, a, M), "outer": (f.outer, v, v),
        "vector times stack": (lambda x, y: x @ y.view(1, 3, 3).expand(2, 3, 3), v, M),
        "matrix times stack": (lambda x, y: x @ y.view(1, 3, 3), a, M),
        "bmm": (lambda x, y: f.bmm(x.view(1, 2, 3), y.view(1, 3, 3)), a, M),
        "addmm": (lambda x, y, z: f.addmm(x, y, z, beta=0.5, alpha=2), v, a, M), "addmv": (f.addmv, s, a, v),
        "addr": (lambda x, y: f.addr(x, y, y, alpha=2), M, v),
        "linear": (lambda x, y, z: f.nn.functional.linear(x, y, z), a, M, v),
        "einsum_2": (lambda x, y: f.einsum("ij,kj->ik", x, y), a, M), "einsum_1": (lambda x: f.einsum("ij->j", x), a),
        "einsum_3": (lambda x, y, z: f.einsum("ij,j,jk->k", x, y, z), a, v, M),
        "linalg_inv": (f.linalg.inv, M), "linalg_solve": (f.linalg.solve, M, v), "linalg_det": (f.linalg.det, M),
        "solve matrix": (lambda x, y: f.linalg.solve(x, y.t()), M, a),
        "linalg_pinv": (f.linalg.pinv, a), "pinv of tall": (lambda x: f.linalg.pinv(x.t()), a),
        "linalg_lstsq": (lambda x, y: f.linalg.lstsq(x.t(), y).solution, a, v),
        "lstsq of columns": (lambda x, y: f.linalg.lstsq(x, y).solution, M, M),
        "linalg_eigh_0": (lambda x: f.linalg.eigh(x @ x.t())[0], M),
        "linalg_eigh_1": (lambda x: f.linalg.eigh(x @ x.t())[1], M),
        "linalg_svd_0": (lambda x: f.linalg.svd(x, full_matrices=False)[0], a),
        "linalg_svd_1": (lambda x: f.linalg.svd(x)[1], a),
        "linalg_svd_2": (lambda x: f.linalg.svd(x, full_matrices=False)[2], a),
        "svd of tall": (lambda x: f.linalg.svd(x.t(), full_matrices=False)[0], a),
        "linalg_svdvals": (f.linalg.svdvals, a),
        "linalg_qr_0": (lambda x: f.linalg.qr(x.t())[0], a), "linalg_qr_1": (lambda x: f.linalg.qr(x.t())[1], a),
        "linalg_cholesky": (lambda x: f.linalg.cholesky(x @ x.t()), M),
        "stack of factors": (lambda x: f.linalg.cholesky(f.stack([x @ x.t(), 2 * x @ x.t()])), M),
        "leaky_relu": (lambda x: f.nn.functional.leaky_relu(x, 0.2), u),
        "elu": (lambda x: f.nn.functional.elu(x, 0.7), u),
        "hardtanh": (f.nn.functional.hardtanh, a), "selu": (f.nn.functional.selu, u),
        "softshrink": (f.nn.functional.softshrink, u), "threshold": (lambda x: f.nn.functional.threshold(x, 0.1, 2), u),
        "silu": (f.nn.functional.silu, u), "gelu": (f.nn.functional.gelu, u),
        "gelu tanh": (lambda x: f.nn.functional.gelu(x, approximate="tanh"), u),
        "batch_norm": (
            lambda x, w, b: f.nn.functional.batch_norm(x, None, None, w, b, training=True), leaf(4, 3), v, leaf(3),
        ),
        "batch_norm of sequences": (lambda x: f.nn.functional.batch_norm(x, None, None, training=True), leaf(3, 2, 2)),
        "batch_norm evaluated": (
            lambda x, w: f.nn.functional.batch_norm(x, v.detach(), v.detach() + 1, w), leaf(4, 3), leaf(3),
        ),
        "softplus": (lambda x: f.nn.functional.softplus(x, 2, 1), u), "log_sigmoid": (f.nn.functional.logsigmoid, u),
        "constant_pad_nd": (lambda x: f.nn.functional.pad(x, (1, 0, 0, 2), value=2.0) ** 2, a),
        "cdist": (f.cdist, a, M),
        "cdist 1": (lambda x, y: f.cdist(x, y, 1), a, M), "cdist 3": (lambda x, y: f.cdist(x, y, 3), a, M),
        "linalg_logabsdet": (lambda x: f.linalg.slogdet(x)[1], M),
        "linalg_cross": (lambda x, y: f.cross(x, y, dim=1), a, b),
        "part": (lambda x: _written_view(x), a), "copy_slices": (lambda x, y: _written(x, 0, y), a, v),
        "index_put": (lambda x, y: _written(x, mask, y), a, s),
    }  # fmt: skip
    return cases


def _written(x, index, value):
    x = x * 1
    x[index] = value
    return x * x


def _written_view(x):
    x = x * 1
    part = x[:, 1]
    part *= 3
    return x * x + part.sum()


CASES = gradient_cases()


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_that_of_central_differences(name, affine):
    function, *arguments = CASES[name]
    assert fastgd.autograd.gradcheck(function, arguments)


# Constant, without a gradient by design, or checked by the tests of nn.
NOT_HERE = re.compile(
    r".*_loss|.*\.|binary_cross_entropy|bernoulli|poisson|replace_part|fill|zero|copy|rounding|floor_divide|backward_hook"
    r"|(uniform|normal|exponential|random|bernoulli|leaky_relu|elu|selu|threshold)_"
)


def test_every_row_with_a_gradient_has_a_case():
    seen = set()
    for function, *arguments in CASES.values():
        pending = [function(*arguments).grad_fn]
        while pending:
            node = pending.pop()
            if hasattr(node, "next_functions"):
                seen.add(node.name().partition("Backward")[0])
                pending += [parent for parent, _ in node.next_functions]
    missing = []
    for name, made in rows().items():
        if made.gradients is None or NOT_HERE.match(name) or not isinstance(made.label, str):
            continue
        if made.label.partition("Backward")[0] not in seen:
            missing.append(name)
    assert not missing


# ---- random programs

# All smooth where rounding decides: a.std() of what is constant but for rounding has any gradient at all.
STEPS = [
    "a + b", "a - b", "a * b", "a / (b * b + 1)", "a.exp().clamp(max=5)", "a.tanh()", "a.sigmoid()", "a ** 2",
    "a.abs()",
    "2 - a", "a * 0.5", "a.sum(0) + b", "a.mean(1, keepdim=True) * b", "a.t().reshape(2, 3)",
    "torch.cat([a, b], 0)[1:3]",
    "torch.stack([a, b]).sum(0)", "torch.where(a > b, a, b)", "a.flip(0)", "a[:, [2, 0, 1]]",
    "a.view(-1)[1:].sum() + b",
    "(a.var() + 1).sqrt() + b", "a.softmax(1)", "a.cumsum(1)", "a @ (b.t() @ a) / 9", "a.max(1, keepdim=True)[0] - b",
    "a.sin() + b.cos()", "a.unsqueeze(0).expand(2, 2, 3).mean(0)", "torch.maximum(a, b)", "a.sort(1)[0]",
    "(a * a + 1).norm() * b", "a.clone().mul_(b)", "a[0] + b", "a.var(0) * b",
]  # fmt: skip


def run(torch, program):
    leaves = [torch.tensor([[0.5, -1.25, 0.75], [1.5, -0.5, 0.25]], requires_grad=True, dtype=torch.float64),
              torch.tensor([[1.0, 0.4, -0.9], [0.3, 0.8, -1.1]], requires_grad=True, dtype=torch.float64)]  # fmt: skip
    values = list(leaves)
    for step, first, second in program:
        a, b = values[first % len(values)], values[second % len(values)]
        values.append(eval(STEPS[step], {"torch": torch, "a": a, "b": b}))
    loss = sum(value.sum() for value in values)
    loss.backward()
    return [loss.item()] + [number for tensor in leaves for number in tensor.grad.flatten().tolist()]


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 9), st.integers(0, 9)), max_size=8))
def test_random_programs(program):
    import torch

    theirs = run(torch, program)
    for enabled in (True, False):
        before = set_affine(enabled)
        np.testing.assert_allclose(run(fastgd, program), theirs, rtol=1e-8, atol=1e-10)
        set_affine(before)


# ---- what tables do not show


def test_sum_along_rows_keeps_its_digits():
    column = fastgd.full((1_000_000, 2), 0.1)
    np.testing.assert_allclose(column.mean(0).numpy(), 0.1, rtol=1e-6)
    np.testing.assert_allclose(column.sum(0).numpy(), 1e5, rtol=1e-6)


def test_no_warning_from_numpy():
    x = fastgd.tensor([0.0, -1.0, 1e30], requires_grad=True)
    y = (x.log() + 1 / x + x * x * x).sum()
    y.backward()
    assert np.isnan(y.item())


@pytest.mark.parametrize("n", [1, 100])
@pytest.mark.parametrize("dtype", [fastgd.float32, fastgd.float64])
def test_the_sign_of_nan_is_zero(n, dtype, affine):
    x = fastgd.full((n, 1), math.nan, dtype=dtype, requires_grad=True)
    zero = fastgd.zeros(n, 1, dtype=dtype)
    w = fastgd.zeros(1, 1, dtype=dtype, requires_grad=True)
    assert not x.detach().sign().any() and not x.detach().sgn().any()
    for loss, leaf in (
        (x.abs().sum(), x), (fastgd.nn.functional.l1_loss(x, zero), x), (x.norm(1), x),
        (fastgd.nn.functional.l1_loss(zero @ w, x.detach()), w), ((zero @ w - x.detach()).abs().mean(), w),
    ):  # fmt: skip
        loss.backward()
        assert math.isnan(loss.item()) and not leaf.grad.any()
        leaf.grad = None


def test_out_of_another_shape_is_resized():
    out = fastgd.ones(3)
    with pytest.warns(UserWarning, match=r"resized since it had shape \[3\], which does not match .*\[2\]"):
        fastgd.add(fastgd.ones(2), 1, out=out)
    assert out.tolist() == [2.0, 2.0]


def test_out_is_refused():
    x = fastgd.ones(2)
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        fastgd.add(x, 1, out=fastgd.ones(2, dtype=fastgd.int64))
    with pytest.raises(RuntimeError, match="out=... arguments don't support automatic differentiation"):
        fastgd.add(x.clone().requires_grad_(), 1, out=x)
    leaf = fastgd.ones(2, requires_grad=True)
    with fastgd.no_grad():
        fastgd.add(leaf, 1, out=leaf)
    assert leaf.tolist() == [2.0, 2.0]


def test_gradients_that_factors_do_not_have():
    x = fastgd.ones(2, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="full_matrices=False"):
        fastgd.linalg.svd(x)[2].sum().backward()
    with pytest.raises(NotImplementedError, match="this needs torch"):
        fastgd.linalg.qr(x)[0].sum().backward()


def test_advice_stands_below_the_text():
    with pytest.raises(RuntimeError, match="The shapes are") as raised:
        fastgd.ones(2) + fastgd.ones(3)
    assert str(raised.value).endswith("at non-singleton dimension 0")
    assert raised.value.__notes__ == ["The shapes are [2] and [3]: counted from the last, sizes must be equal, or 1."]


def test_grids_are_of_vectors():
    with pytest.raises(RuntimeError, match="meshgrid: Expected 0D or 1D tensor in the tensor list but got"):
        fastgd.meshgrid(fastgd.ones(2, 2), indexing="ij")
