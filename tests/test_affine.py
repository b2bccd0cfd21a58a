"""The affine form: every way to write one that is recognised, what is not, and that it changes no number."""

import warnings

import numpy as np
import pytest
from cases import Cases, Data, against_torch, arrays, linear, loss_function

import fastgd
from fastgd._affine import step_of

CASES = Cases(__file__)


def module(t, s, outputs=1):
    model = t.nn.Linear(3, outputs)
    model.weight, model.bias = t.nn.Parameter(s.W1), t.nn.Parameter(s.b1)
    return model


PREDICTIONS = {
    "linear": lambda t, s: linear(t, s.X, s.W1, s.b1),
    "linear without bias": lambda t, s: linear(t, s.X, s.W1),
    "linear to two": lambda t, s: linear(t, s.X, s.W2, s.b2),
    "linear of a row": lambda t, s: linear(t, s.row, s.W2, s.b2),
    "linear of a row without bias": lambda t, s: linear(t, s.row, s.W2),
    "linear of three dimensions": lambda t, s: linear(t, s.X3, s.W2, s.b2),
    "linear of three dimensions without bias": lambda t, s: linear(t, s.X3, s.W1),
    "module": lambda t, s: module(t, s)(s.X),
    "matmul vector": lambda t, s: s.X @ s.v,
    "matmul column": lambda t, s: s.X @ s.c,
    "matmul matrix": lambda t, s: s.X @ s.M,
    "matmul transposed": lambda t, s: s.X @ s.W2.t(),
    "matmul three dimensions": lambda t, s: s.X3 @ s.M,
    "matmul three dimensions, vector": lambda t, s: s.X3 @ s.v,
    "dot": lambda t, s: s.row @ s.v,
    "row by matrix": lambda t, s: s.row @ s.M,
    "matmul method": lambda t, s: s.X.matmul(s.M),
    "matmul function": lambda t, s: t.matmul(s.X, s.v),
    "mm": lambda t, s: t.mm(s.X, s.c),
    "mv": lambda t, s: s.X.mv(s.v),
    "addmm": lambda t, s: t.addmm(s.b1, s.X, s.c),
    "addmm scalar": lambda t, s: t.addmm(s.b0, s.X, s.M),
    "addmm two": lambda t, s: t.addmm(s.b2, s.X, s.M),
    "addmm row": lambda t, s: t.addmm(s.b12, s.X, s.M),
    "x * w": lambda t, s: s.x * s.s1,
    "w * x": lambda t, s: s.s1 * s.x,
    "x * scalar": lambda t, s: s.x * s.s0,
    "table * w": lambda t, s: s.X * s.s1,
    "x * (1, 1)": lambda t, s: s.x * s.s11,
    "x * w + b": lambda t, s: s.x * s.s1 + s.b1,
    "b + w * x": lambda t, s: s.b0 + s.s1 * s.x,
    "vector + scalar": lambda t, s: s.X @ s.v + s.b0,
    "vector + one": lambda t, s: s.X @ s.v + s.b1,
    "one + vector": lambda t, s: s.b1 + s.X @ s.v,
    "matrix + two": lambda t, s: s.X @ s.M + s.b2,
    "matrix + row": lambda t, s: s.X @ s.M + s.b12,
    "matrix + one": lambda t, s: s.X @ s.M + s.b1,
    "matrix + (1, 1)": lambda t, s: s.X @ s.M + s.b11,
    "three dimensions + two": lambda t, s: s.X3 @ s.M + s.b2,
    "linear + one": lambda t, s: linear(t, s.X, s.W1) + s.b1,
    "a constant bias": lambda t, s: s.X @ s.v + s.x[0],
    "torch.add": lambda t, s: t.add(s.X @ s.v, s.b1),
    "torch.mul": lambda t, s: t.mul(s.x, s.s1),
    "squeeze": lambda t, s: linear(t, s.X, s.W1, s.b1).squeeze(),
    "view": lambda t, s: linear(t, s.X, s.W1, s.b1).view(-1),
    "view of two": lambda t, s: linear(t, s.X, s.W1, s.b1).view(2, 3),
    "reshape": lambda t, s: linear(t, s.X, s.W1, s.b1).reshape(6),
    "flatten": lambda t, s: linear(t, s.X, s.W1, s.b1).flatten(),
    "flatten(0, 1)": lambda t, s: linear(t, s.X, s.W1, s.b1).flatten(0, 1),
    "column": lambda t, s: linear(t, s.X, s.W1, s.b1)[:, 0],
    "unsqueeze": lambda t, s: (s.X @ s.v).unsqueeze(1),
    "unsqueeze and squeeze": lambda t, s: (s.X @ s.v + s.b1).unsqueeze(0).view(6),
}

ORDINARY = {
    "a bias for each row": lambda t, s: s.X @ s.v + s.b6,
    "a column as bias": lambda t, s: s.X @ s.c + s.b61,
    "a column as bias of two": lambda t, s: s.X @ s.M + s.b61,
    "a bias of more dimensions": lambda t, s: s.X @ s.v + s.b11,
    "a second bias": lambda t, s: s.X @ s.v + s.b1 + s.b0,
    "a number": lambda t, s: s.X @ s.v + 1.0,
    "twice": lambda t, s: 2 * linear(t, s.X, s.W1, s.b1),
    "table * row": lambda t, s: s.X * s.v,
    "two predictions": lambda t, s: s.X @ s.v + s.x * s.s1,
    "X that requires a gradient": lambda t, s: s.W2 @ s.v,
    "X that is a form": lambda t, s: linear(t, s.X @ s.W2.t(), s.b12, s.b1),
    "a weight that is a form": lambda t, s: s.x * linear(t, s.row, s.W1, s.b1),
    "weights for nothing": lambda t, s: s.X @ s.row,
    "column of two": lambda t, s: (s.X @ s.M)[:, 1],
    "first column of two": lambda t, s: (s.X @ s.M)[:, 0],
    "a row of it": lambda t, s: (s.X @ s.v)[2],
    "two outputs flattened": lambda t, s: (s.X @ s.M).flatten(),
    "transposed": lambda t, s: (s.X @ s.M).t(),
    "float64 bias": lambda t, s: s.X @ s.v + s.b6.double(),
    "integers": lambda t, s: t.tensor([1, 2, 3]) * s.s1,
    "nothing": lambda t, s: s.X[:0] @ s.v,
    "residual of it": lambda t, s: s.X @ s.v - s.b6,
    "cubed": lambda t, s: (s.X @ s.v - s.t6) ** 3,
    "power of a prediction": lambda t, s: (s.X @ s.v) ** 2,
    "residual * other": lambda t, s: (s.X @ s.v - s.t6) * (s.X @ s.v - s.x),
    "abs twice": lambda t, s: (s.X @ s.v - s.t6).abs().abs(),
    "residual + something": lambda t, s: (s.X @ s.v - s.t6) + s.b1,
    "residual broadcast": lambda t, s: s.X @ s.c - s.t6,
    "residual of a number": lambda t, s: s.X @ s.v - 1.0,
    "residual against float64": lambda t, s: s.X @ s.v - s.t6.double(),
    "residual reshaped": lambda t, s: (s.X @ s.v - s.t6).view(2, 3),
}


def whole(build, target=0.25):
    """Value, name, loss and gradients of a prediction, the gradients before anybody reads its value."""

    def case(t):
        s = Data(t)
        prediction = build(t, s)
        wanted = t.ones(prediction.shape, dtype=prediction.dtype) * target
        out = [prediction.grad_fn and prediction.grad_fn.name()]
        if prediction.numel() and prediction.requires_grad:
            loss = ((prediction - wanted) ** 2).mean()
            loss.backward()
            out += [loss, s.grads()]
        return [*out, prediction]

    return case


for name, build in {**PREDICTIONS, **ORDINARY}.items():
    CASES[name] = whole(build)


@pytest.mark.parametrize("name", PREDICTIONS)
def test_is_a_prediction(name, affine):
    assert step_of(PREDICTIONS[name](fastgd, Data(fastgd))) == "prediction"


@pytest.mark.parametrize("name", ORDINARY)
def test_is_ordinary(name, affine):
    assert step_of(ORDINARY[name](fastgd, Data(fastgd))) is None


def squared(r):
    return {
        "**": r**2, "** 2.0": r**2.0, "pow": r.pow(2), "square": r.square(), "product": r * r,
        "abs": r.abs(), "abs()": abs(r),
    }  # fmt: skip


def reductions(t, value):
    return [value.mean(), value.sum(), t.mean(value), t.sum(value)]


@CASES
def written_losses(t):
    out = []
    for kind in squared(t.ones(1)):
        for sign in (1, -1):
            for which in range(4):
                s = Data(t)
                p = linear(t, s.X, s.W2, s.b2)
                r = p - s.Y2 if sign > 0 else s.Y2 - p
                pointwise = squared(r)[kind]
                loss = reductions(t, pointwise)[which]
                loss.backward()
                names = [node.grad_fn.name() for node in (r, pointwise, loss)]
                out.append([kind, names, loss, s.grads(), r, pointwise])
    return out


def test_written_losses_are_recognised(affine):
    s = Data(fastgd)
    for residual in (s.X @ s.v - s.t6, s.t6 - s.X @ s.v, fastgd.sub(s.X @ s.v, s.t6)):
        assert step_of(residual) == "residual"
        for pointwise in (
            *squared(residual).values(),
            fastgd.pow(residual, 2),
            fastgd.square(residual),
            fastgd.abs(residual),
        ):
            assert step_of(pointwise) == "pointwise"
            assert [step_of(loss) for loss in reductions(fastgd, pointwise)] == ["loss"] * 4
    assert step_of(((s.X @ s.v - s.t6) ** 2).mean(0)) is None
    assert step_of(((s.X @ s.v - s.t6) ** 2).sum(dim=0, keepdim=True)) is None


NAMED = ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss")


@CASES
def named_losses(t):
    out = []
    for name in NAMED:
        for reduction in ("mean", "sum", "none"):
            for swapped in (False, True):
                s = Data(t)
                p = linear(t, s.X, s.W2, s.b2)
                loss = loss_function(t, name)(*((s.Y2, p) if swapped else (p, s.Y2)), reduction=reduction)
                (loss if reduction != "none" else loss.sum()).backward()
                out.append([name, reduction, loss.grad_fn.name(), loss, s.grads()])
    return out


@CASES
def losses_with_options(t):
    out = []
    for name, options in (
        ("binary_cross_entropy_with_logits", {}),
        ("smooth_l1_loss", {"beta": 0.5}),
        ("smooth_l1_loss", {"beta": 2.0}),
        ("huber_loss", {"delta": 0.5}),
    ):
        for reduction in ("mean", "sum", "none"):
            s = Data(t)
            p = linear(t, s.X, s.W2, s.b2)
            loss = loss_function(t, name)(p, s.Y2, reduction=reduction, **options)
            (2 * loss if reduction != "none" else loss.sum()).backward()
            watched = linear(t, s.X, s.W2, s.b2)
            watched.retain_grad()
            loss_function(t, name)(watched, s.Y2, reduction=reduction, **options).sum().backward()
            out.append([name, reduction, loss.grad_fn.name(), loss, s.grads(), watched.grad])
    return out


@CASES
def loss_modules(t):
    out = []
    for reduction in ("mean", "sum", "none"):
        s = Data(t)
        criterion = t.nn.MSELoss(reduction=reduction)
        loss = criterion(module(t, s)(s.X), s.y)
        out += [loss, criterion(s.y, linear(t, s.X, s.W1, s.b1)), loss.grad_fn.name()]
    return out


@pytest.mark.parametrize("name", NAMED)
def test_named_losses_are_recognised(name, affine):
    s = Data(fastgd)
    p = linear(fastgd, s.X, s.W1, s.b1)
    for given in ((p, s.y), (s.y, p), (p.squeeze(), s.t6), (p[:, 0], s.t6)):
        for reduction in ("mean", "sum"):
            assert step_of(loss_function(fastgd, name)(*given, reduction=reduction)) == "loss"
    assert step_of(fastgd.nn.MSELoss()(s.y, p)) == "loss"
    assert step_of(loss_function(fastgd, name)(p, s.y, reduction="none")) is None


def test_losses_with_options_are_recognised(affine):
    s, F = Data(fastgd), fastgd.nn.functional
    p = linear(fastgd, s.X, s.W1, s.b1)
    logistic = F.binary_cross_entropy_with_logits
    assert step_of(logistic(p, s.y)) == step_of(F.smooth_l1_loss(p, s.y, beta=0.3)) == "loss"
    assert step_of(logistic(s.y, p)) is None and step_of(logistic(p, s.y, pos_weight=s.s1.detach())) is None
    assert step_of(F.smooth_l1_loss(p, s.y, beta=0)) is None


@CASES
def columns_first(t):
    """X column after column, its transpose, and a write to it while the prediction waits."""
    out = []
    for make in (
        lambda s: s.X.t().contiguous().t(),
        lambda s: s.X.repeat(1, 2)[:, ::2],
        lambda s: s.X.flip(0).t().contiguous().t(),
    ):
        s = Data(t)
        X = make(s).detach()
        loss = ((linear(t, X, s.W1, s.b1) - s.y) ** 2).mean()
        loss.backward()
        out.append([loss, s.grads()])
        waiting = linear(t, X, s.W1, s.b1)
        X[0, 1] = 7.0
        out.append(waiting)
    return out


def test_a_read_prediction_is_ordinary(affine):
    for read in (
        repr,
        lambda p: p[0],
        lambda p: p.detach(),
        lambda p: p.retain_grad(),
        lambda p: p.register_hook(print),
    ):
        s = Data(fastgd)
        p = linear(fastgd, s.X, s.W1, s.b1)
        read(p)
        assert step_of(p) is None
        assert step_of(((p - s.y) ** 2).mean()) is None


def test_shape_and_type_compute_nothing(affine):
    s = Data(fastgd)
    p = linear(fastgd, s.X, s.W1, s.b1)
    assert (p.shape, p.dtype, p.ndim, p.numel(), p.size(0), p.requires_grad) == ((6, 1), fastgd.float32, 2, 6, 6, True)
    assert step_of(p) == "prediction"


def test_no_grad_computes_at_once(either_way):
    s = Data(fastgd)
    with fastgd.no_grad():
        p = linear(fastgd, s.X, s.W1, s.b1)
    assert step_of(p) is None and p.grad_fn is None and not p.requires_grad
    q = s.X @ s.row
    assert step_of(q) is None and q.grad_fn is None
    waiting = linear(fastgd, s.X, s.W1, s.b1)
    with fastgd.no_grad():
        loss = ((waiting - s.y) ** 2).mean()
    assert loss.grad_fn is None and loss.item() == pytest.approx(((p - s.y) ** 2).mean().item())


def test_switched_off(affine):
    s = Data(fastgd)
    assert fastgd._tensor.set_affine(False) is True
    assert step_of(s.X @ s.v) is None
    assert fastgd._tensor.set_affine(True) is False


# ---- layouts and types


def layouts(dtype):
    base = np.array(arrays()["X"], dtype)
    wide = np.zeros((12, 7), dtype)
    wide[::2, 1:4] = base
    columns = np.zeros((6, 9), dtype)
    columns[:, ::3] = base
    read_only = base.copy()
    read_only.flags.writeable = False
    odd = np.zeros(base.nbytes + 1, np.uint8)[1:].view(dtype).reshape(6, 3)
    odd[...] = base
    return {
        "plain": base,
        "strided rows": wide[::2, 1:4],
        "strided columns": columns[:, ::3],
        "transposed": np.asfortranarray(base),
        "read-only": read_only,
        "unaligned": odd,
        "zero stride": np.broadcast_to(base[0], (6, 3)),
        "zero stride in both": np.broadcast_to(base[0, 0], (6, 3)),
        "one row": base[:1],
        "one column": base[:, 1:2],
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", layouts(np.float32))
@pytest.mark.parametrize("outputs", [1, 2])
def test_layouts(layout, dtype, outputs, either_way):
    X = layouts(dtype)[layout]
    before = X.copy()
    rng = np.random.default_rng(1)
    W = rng.normal(size=(outputs, X.shape[1])).astype(dtype)
    b = rng.normal(size=outputs).astype(dtype)
    y = rng.normal(size=(outputs, len(X))).astype(dtype).T  # a target that is no table of rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = fastgd.from_numpy(X)
    w, c = fastgd.tensor(W, requires_grad=True), fastgd.tensor(b, requires_grad=True)
    loss = fastgd.nn.MSELoss()(linear(fastgd, x, w, c), fastgd.from_numpy(y))
    if either_way:
        assert step_of(loss) == "loss"
    loss.backward()
    r = before.astype(np.float64) @ W.T + b - y
    close = dict(rtol=2e-5, atol=1e-6) if dtype == np.float32 else dict(rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(loss.item(), np.mean(r**2), **close)
    np.testing.assert_allclose(w.grad.numpy(), 2 * r.T @ before / r.size, **close)
    np.testing.assert_allclose(c.grad.numpy(), 2 * r.sum(0) / r.size, **close)
    assert w.grad.numpy().dtype == c.grad.numpy().dtype == dtype
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2)])
def test_strided_weights(shape, either_way):
    X = arrays()["X"]
    big = np.random.default_rng(2).normal(size=(2 * shape[0], *(2 * n for n in shape[1:]))).astype(np.float32)
    W = big[tuple(slice(None, None, 2) for _ in shape)]
    w = fastgd.from_numpy(W).requires_grad_()
    p = fastgd.from_numpy(X) @ w
    loss = ((p - fastgd.zeros(p.shape)) ** 2).sum()
    loss.backward()
    np.testing.assert_allclose(w.grad.numpy(), 2 * X.T @ (X @ W), rtol=2e-5, atol=1e-5)
    np.testing.assert_allclose(p.detach().numpy(), X @ W, rtol=2e-5, atol=1e-5)


@CASES
def float64(t):
    s = Data(t, np.float64)
    loss = t.nn.functional.mse_loss(linear(t, s.X, s.W2, s.b2), s.Y2)
    loss.backward()
    return [loss, s.grads()]


@CASES
def mixed_losses(t):
    out = []
    for first, second in ((np.float32, np.float64), (np.float64, np.float32)):
        a, b = Data(t, first), Data(t, second)
        out.append(t.nn.functional.mse_loss(linear(t, a.X, a.W1, a.b1), b.y))
        out.append(((a.x * b.s1 + a.b1 - b.t6) ** 2).mean())
        out[-1].backward()
        out += [a.grads(), b.grads()]
    return out


@CASES
def mixed_linear(t):
    a, b = Data(t), Data(t, np.float64)
    linear(t, a.X, b.W1, b.b1)


@CASES
def mixed_matmul(t):
    Data(t, np.float64).X @ Data(t).c


@CASES
def wrong_width(t):
    s = Data(t)
    linear(t, s.X[:, :2], s.W1, s.b1)


def refused(name, call):
    CASES[name] = lambda t: call(t, Data(t)).shape


refused("mm of a row", lambda t, s: t.mm(s.row, s.M))
refused("mv of a matrix", lambda t, s: t.mv(s.X, s.M))
refused("wrong width of mm", lambda t, s: t.mm(s.Y2, s.M))
refused("wrong width of matmul", lambda t, s: s.Y2 @ s.M)


def test_no_rows(either_way):
    s = Data(fastgd)
    with pytest.raises(ValueError, match="the loss of no rows is not a number"):
        fastgd.nn.MSELoss()(linear(fastgd, s.X[:0], s.W1, s.b1), s.y[:0])
    with pytest.raises(ValueError, match="the loss of no rows is not a number"):
        fastgd.nn.MSELoss()(fastgd.ones(3, 2) @ fastgd.ones((2, 0), requires_grad=True), fastgd.ones(3, 0))


def test_a_vector_against_a_column_is_refused(either_way):
    s = Data(fastgd)
    p = linear(fastgd, s.X, s.W1, s.b1)
    for given in ((p, s.t6), (s.t6, p), (p.squeeze(), s.y)):
        with pytest.raises(ValueError, match=r"y\[:, None\]"):
            fastgd.nn.functional.mse_loss(*given)


test_as_torch, test_record = against_torch(CASES)
