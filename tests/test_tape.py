"""Every promise of DESIGN.md's "What holds", with the affine form and without it."""

import gc
import sys
import tracemalloc
import weakref

import numpy as np
import pytest
from cases import Cases, Data, arrays, check, check_torch, loss_function, outcome
from hypothesis import given, settings
from hypothesis import strategies as st

import fastgd
from fastgd._affine import step_of
from fastgd._tensor import set_affine

CASES = Cases(__file__)


def linear(t, *args):
    return t.nn.functional.linear(*args)


def mse(t, *args):
    return t.nn.functional.mse_loss(*args)


def fused(t, s):
    return mse(t, linear(t, s.X, s.W1, s.b1), s.y)


# ---- a fused loss is an ordinary node


def ordinary(name, build):
    def case(t):
        s = Data(t)
        loss = build(t, s)
        loss.backward()
        return [loss, loss.grad_fn.name(), s.grads()]

    CASES[name] = case


ordinary("twice", lambda t, s: 2 * fused(t, s))
ordinary("half", lambda t, s: fused(t, s) / 2)
ordinary("negative", lambda t, s: -fused(t, s))
ordinary("of float64", lambda t, s: fused(t, s).double() * 3)
ordinary("root", lambda t, s: fused(t, s).sqrt())
ordinary("penalty", lambda t, s: fused(t, s) + 0.1 * s.W1.pow(2).sum())
ordinary("penalty first", lambda t, s: s.W1.abs().sum() + fused(t, s))
ordinary("times a weight", lambda t, s: s.s0 * fused(t, s))
ordinary("two losses", lambda t, s: fused(t, s) + ((s.X @ s.c - s.y) ** 2).sum())
ordinary("one model twice", lambda t, s: fused(t, s) + mse(t, linear(t, s.X * 2, s.W1, s.b1), s.y))
ordinary("three times", lambda t, s: fused(t, s) + fused(t, s) + 3 * fused(t, s))
ordinary("product of losses", lambda t, s: fused(t, s) * fused(t, s))
ordinary("two models", lambda t, s: fused(t, s) + mse(t, linear(t, s.X, s.W2, s.b2), s.Y2))
ordinary("a loss as weight", lambda t, s: ((s.x * fused(t, s) - s.t6) ** 2).mean())
ordinary("tied", lambda t, s: mse(t, linear(t, s.X, s.W1, s.b1), s.y) + mse(t, linear(t, s.X, s.W1), s.y))
ordinary("weight as its own bias", lambda t, s: ((s.x * s.s1 + s.s1 - s.t6) ** 2).mean())
ordinary("weight of exp", lambda t, s: mse(t, s.X @ s.v.exp(), s.t6))
ordinary("bias of exp", lambda t, s: mse(t, linear(t, s.X, s.W2, s.b2.exp()), s.Y2))
ordinary("weight reshaped", lambda t, s: mse(t, linear(t, s.X, s.v.view(1, 3), s.b1), s.y))
ordinary("weight transposed", lambda t, s: mse(t, s.X @ s.W2.t() + s.b2, s.Y2))
ordinary("weight sliced", lambda t, s: mse(t, s.x * s.v[0] + s.v[1], s.t6))
ordinary("weight and bias in one", lambda t, s: mse(t, s.X[:, :2] @ s.v[:2] + s.v[2], s.t6))
ordinary("matrix and bias in one", lambda t, s: mse(t, s.X[:, :2] @ s.M[:2] + s.M[2], s.Y2))


@CASES
def unbound(t):
    s = Data(t)
    w, b, _ = s.v
    loss = ((s.x * w + b - s.t6) ** 2).mean()
    loss.backward()
    return [loss, s.v.grad, w.grad_fn.name()]


@CASES
def one_prediction_two_losses(t):
    s = Data(t)
    p = linear(t, s.X, s.W2, s.b2)
    loss = mse(t, p, s.Y2) + (p - 1.5).abs().mean() + ((s.Y2 - p) ** 2).sum()
    loss.backward()
    return [loss, s.grads(), p]


def two_backwards(name, first, second, build=lambda t, s: linear(t, s.X, s.W2, s.b2)):
    def case(t):
        s = Data(t)
        p = build(t, s)
        one, two = first(t, s, p), second(t, s, p)
        one.backward()
        two.backward()
        return s.grads()

    CASES[name] = case


LOSSES = {
    "mse": lambda t, s, p: mse(t, p, s.Y2),
    "squares": lambda t, s, p: ((p - s.Y2) ** 2).mean(),
    "l1": lambda t, s, p: loss_function(t, "l1_loss")(p, s.Y2),
    "sum": lambda t, s, p: p.sum(),
    "ordinary": lambda t, s, p: (p * p).sum(),
}
for one in LOSSES:
    for two in LOSSES:
        two_backwards(f"{one}, then {two}", LOSSES[one], LOSSES[two])
two_backwards(
    "one product, two biases",
    lambda t, s, p: mse(t, p + s.b2, s.Y2),
    lambda t, s, p: mse(t, p + s.b1, s.Y2),
    lambda t, s: s.X @ s.M,
)


def freeze(s, *names):
    for name in names:
        getattr(s, name).requires_grad_(False)


@CASES
def frozen_weight(t):
    s = Data(t)
    freeze(s, "W1")
    fused(t, s).backward()
    return s.grads()


@CASES
def frozen_bias(t):
    s = Data(t)
    freeze(s, "b1")
    fused(t, s).backward()
    return s.grads()


@CASES
def frozen_weight_twice(t):
    s = Data(t)
    freeze(s, "W2")
    p = linear(t, s.X, s.W2, s.b2)
    one, two = mse(t, p, s.Y2), ((p - 1) ** 2).sum()
    one.backward()
    two.backward()
    return s.grads()


@CASES
def frozen_both(t):
    s = Data(t)
    freeze(s, "W1", "b1")
    fused(t, s).backward()


@CASES
def frozen_between(t):
    s = Data(t)
    loss = fused(t, s)
    freeze(s, "W1")
    loss.backward()
    return s.grads()


@CASES
def thawed_between(t):
    s = Data(t)
    freeze(s, "W1")
    loss = fused(t, s)
    s.W1.requires_grad_()
    loss.backward()
    return s.grads()


# ---- gradients, and who owns them


@CASES
def retained(t):
    s = Data(t)
    loss = 3 * fused(t, s) + fused(t, s)
    out = []
    for _ in range(2):
        loss.backward(retain_graph=True)
        out.append([[name, grad.clone()] for name, grad in s.grads()])
    loss.backward()
    out.append(s.grads())
    return out


@CASES
def retained_then_once_more(t):
    s = Data(t)
    loss = fused(t, s)
    loss.backward(retain_graph=True)
    loss.backward()
    loss.backward()


@CASES
def second_backward(t):
    loss = fused(t, Data(t))
    loss.backward()
    loss.backward()


@CASES
def second_backward_through_nothing_saved(t):
    s = Data(t)
    loss = (-s.v + s.row).view(3, 1).sum() - s.b0
    loss.backward()
    loss.backward()
    return s.grads()


def second_backward_of(name, build):
    def case(t):
        w = t.tensor([1.0, 2.0], requires_grad=True)
        z = build(t, w).sum()
        z.backward()
        z.backward()
        return w.grad

    CASES["second backward of " + name] = case


second_backward_of("2 * w", lambda t, w: 2 * w)
second_backward_of("w ** 2", lambda t, w: w**2)
second_backward_of("w + 1", lambda t, w: w + 1)
second_backward_of("1 - w", lambda t, w: 1 - w)
second_backward_of("w[0]", lambda t, w: w[0])
second_backward_of("abs", lambda t, w: w.abs())
second_backward_of("stack", lambda t, w: t.stack([w, w]))
second_backward_of("mean", lambda t, w: w.mean())


@CASES
def step_between_two_retained(t):
    s = Data(t)
    loss = fused(t, s)
    loss.backward(retain_graph=True)
    with t.no_grad():
        s.W1 -= 0.1 * s.W1.grad
        s.b1 -= 0.1 * s.b1.grad
    loss.backward()
    return s.grads()


def test_a_held_gradient_sees_the_sum(either_way):
    s = Data(fastgd)
    fused(fastgd, s).backward()
    held = s.W1.grad
    array, before = held.numpy(), held.numpy().copy()
    fused(fastgd, s).backward()
    assert s.W1.grad is held and np.shares_memory(held.numpy(), array)
    np.testing.assert_allclose(array, 2 * before, rtol=1e-6)


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("factor", [1, 2])
def test_gradients_belong_to_one_leaf(retain, factor, either_way):
    s = Data(fastgd)
    loss = factor * fused(fastgd, s)
    loss.backward(retain_graph=retain)
    first = s.W1.grad
    before = first.numpy().copy()
    s.W1.grad = s.b1.grad = None
    first.add_(5)  # somebody's own business from now on
    if retain:
        loss.backward()
        np.testing.assert_allclose(s.W1.grad.numpy(), before, rtol=1e-6)
        assert not np.shares_memory(s.W1.grad.numpy(), first.numpy())
    fused(fastgd, s).backward()
    np.testing.assert_allclose(first.numpy(), before + 5, rtol=1e-6)


def test_one_sum_hands_each_leaf_its_own(either_way):
    a, b = (fastgd.ones(3, requires_grad=True) for _ in range(2))
    (a + b).backward(gradient := fastgd.ones(3))
    a.grad.mul_(7)
    assert b.grad.tolist() == gradient.tolist() == [1, 1, 1]
    a.grad = None
    a.sum().backward()
    a.grad.add_(1)


def test_gradient_given_to_backward_is_left_alone(either_way):
    s = Data(fastgd)
    p = linear(fastgd, s.X, s.W1, s.b1)
    given_ = fastgd.ones(6, 1)
    p.backward(given_, retain_graph=True)
    p.backward(given_)
    assert given_.tolist() == [[1]] * 6
    np.testing.assert_allclose(s.b1.grad.numpy(), [12])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_accumulation_of_every_layout(dtype, either_way):
    w = fastgd.tensor(np.zeros((2, 3), dtype), requires_grad=True)
    for grad in (np.zeros((3, 2), dtype).T, np.zeros((2, 6), dtype)[:, ::2]):
        w.grad = fastgd.from_numpy(grad)
        (w * fastgd.tensor(np.arange(6).reshape(2, 3).astype(dtype))).sum().backward()
        assert grad.tolist() == [[0, 1, 2], [3, 4, 5]]


# ---- hooks, retain_grad, autograd.grad


@CASES
def hook_on_prediction_before(t):
    s, seen = Data(t), []
    p = linear(t, s.X, s.W1, s.b1)
    p.register_hook(seen.append)
    mse(t, p, s.y).backward()
    return [seen, s.grads()]


@CASES
def hook_on_prediction_after(t):
    s, seen = Data(t), []
    p = linear(t, s.X, s.W1, s.b1)
    loss = mse(t, p, s.y)
    p.register_hook(lambda g: seen.append(g) or 2 * g)
    loss.backward()
    return [seen, s.grads()]


@CASES
def hook_on_every_step_after(t):
    s, seen = Data(t), []
    p = s.X @ s.M + s.b2
    r = s.Y2 - p
    q = r.abs()
    loss = 2 * q.mean()
    for step in (q, r, p, s.M, loss):
        step.register_hook(seen.append)
    loss.backward()
    return [seen, s.grads()]


@CASES
def hook_on_a_reshaped_prediction(t):
    s, seen = Data(t), []
    p = linear(t, s.X, s.W1, s.b1)
    q = p.squeeze()
    loss = mse(t, q, s.t6)
    p.register_hook(seen.append)
    q.register_hook(seen.append)
    loss.backward()
    return [seen, s.grads()]


@CASES
def prediction_squeezed_in_place(t):
    s = Data(t)
    p = linear(t, s.X, s.W1, s.b1)
    q = p.squeeze_()
    mse(t, q, s.t6).backward()
    return [q is p, p.shape, p.grad_fn.name(), s.grads()]


@CASES
def residual_transposed_in_place(t):
    s = Data(t)
    r = linear(t, s.X, s.W1, s.b1) - s.y
    r.t_()
    r.pow(2).mean().backward()
    return [r.shape, r.grad_fn.name(), s.grads()]


@CASES
def hook_taken_away(t):
    s, seen = Data(t), []
    p = linear(t, s.X, s.W1, s.b1)
    loss = mse(t, p, s.y)
    p.register_hook(seen.append).remove()
    loss.backward()
    return [seen, s.grads()]


@CASES
def hook_on_leaf_sees_one_sum(t):
    s, seen = Data(t), []
    s.W1.register_hook(lambda g: seen.append(g.clone()) or -g)
    (fused(t, s) + fused(t, s) + s.W1.sum()).backward()
    return [seen, s.grads()]


@CASES
def retain_grad_before(t):
    s = Data(t)
    p = linear(t, s.X, s.W1, s.b1)
    p.retain_grad()
    mse(t, p, s.y).backward()
    return [p.grad, p.retains_grad, s.grads()]


@CASES
def retain_grad_after(t):
    s = Data(t)
    p = linear(t, s.X, s.W1, s.b1)
    loss = mse(t, p, s.y)
    p.retain_grad()
    loss.backward(retain_graph=True)
    first = p.grad
    loss.backward()
    return [first, p.grad, s.grads()]


@CASES
def retain_grad_on_loss_and_weight(t):
    s = Data(t)
    w = s.v.exp()
    w.retain_grad()
    loss = mse(t, s.X @ w, s.t6)
    loss.retain_grad()
    (2 * loss).backward()
    return [w.grad, loss.grad, s.grads()]


def gradients(name, build):
    def case(t):
        s = Data(t)
        p = linear(t, s.X, s.W1, s.b1)
        r = p - s.y
        loss = (r**2).mean()
        return [*build(t, s, p, r, loss), s.grads()]

    CASES["grad: " + name] = case


gradients("leaves", lambda t, s, p, r, loss: t.autograd.grad(loss, (s.W1, s.b1)))
gradients("one leaf", lambda t, s, p, r, loss: t.autograd.grad(loss, s.b1))
gradients("prediction", lambda t, s, p, r, loss: t.autograd.grad(loss, p))
gradients("all", lambda t, s, p, r, loss: t.autograd.grad(3 * loss, (p, r, s.W1, loss)))
gradients("with factor", lambda t, s, p, r, loss: t.autograd.grad(loss, s.W1, t.tensor(3.0)))
gradients("of prediction", lambda t, s, p, r, loss: t.autograd.grad(p, s.W1, t.ones(6, 1)))
gradients("twice", lambda t, s, p, r, loss: t.autograd.grad(loss, p, retain_graph=True) + t.autograd.grad(loss, s.W1))
gradients("twice without retaining", lambda t, s, p, r, loss: t.autograd.grad(loss, s.W1) + t.autograd.grad(loss, s.W1))
gradients("then backward", lambda t, s, p, r, loss: [g := t.autograd.grad(loss, p)[0], p.backward(g)])
gradients("unused allowed", lambda t, s, p, r, loss: t.autograd.grad(loss, (s.v, s.b1), allow_unused=True))
gradients("of nothing", lambda t, s, p, r, loss: t.autograd.grad(loss, s.X))
gradients("two outputs", lambda t, s, p, r, loss: t.autograd.grad((2 * loss, r.sum()), (s.W1, p)))


def test_grad_of_something_unused(either_way):
    s = Data(fastgd)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph. Set allow_unused=True"):
        fastgd.autograd.grad(fused(fastgd, s), s.v)


@CASES
def grad_runs_no_other_hooks(t):
    s, seen = Data(t), []
    s.b1.register_hook(seen.append)
    fused_loss = (s.X @ s.c + s.b1 - s.y).pow(2).mean() + s.b2.exp().sum()
    return [t.autograd.grad(fused_loss, s.c), seen]


@CASES
def grad_leaves_the_rest_usable(t):
    s = Data(t)
    z = s.v.exp()
    loss = (z * z).sum()
    t.autograd.grad(loss, z)
    z.sum().backward()
    return s.grads()


@CASES
def backward_to_inputs(t):
    s = Data(t)
    fused(t, s).backward(inputs=[s.b1])
    return s.grads()


def test_create_graph(either_way):
    s = Data(fastgd)
    with pytest.raises(NotImplementedError, match="create_graph=True asks for second derivatives"):
        fused(fastgd, s).backward(create_graph=True)
    with pytest.raises(NotImplementedError, match="create_graph=True asks for second derivatives"):
        fastgd.autograd.grad(fused(fastgd, s), s.W1, create_graph=True)
    assert s.grads() == []


def test_backward_of_no_tensor(either_way):
    with pytest.raises(TypeError, match="gradients can be either Tensors or None, but got float"):
        fused(fastgd, Data(fastgd)).backward(1.0)


# ---- lateness

WRITES = {
    "mul_": lambda t, tensor: tensor.mul_(2),
    "setitem": lambda t, tensor: tensor.__setitem__(0, 9.0),
    "view": lambda t, tensor: tensor.view(-1).mul_(2),
    "row": lambda t, tensor: tensor[1].zero_() if tensor.ndim > 1 else tensor[1:3].zero_(),
    "data": lambda t, tensor: tensor.data.mul_(2),
    "detach": lambda t, tensor: tensor.detach().mul_(2),
    "+=": lambda t, tensor: tensor.__iadd__(1),
    "copy_": lambda t, tensor: tensor.copy_(tensor * 3),
}
STEPS = {
    "prediction": lambda t, s: linear(t, s.X, s.W1, s.b1),
    "product": lambda t, s: s.X @ s.c,
    "biased product": lambda t, s: s.X @ s.c + s.b1,
    "reshaped": lambda t, s: linear(t, s.X, s.W1, s.b1).view(6, 1),
    "residual": lambda t, s: linear(t, s.X, s.W1, s.b1) - s.y,
    "pointwise": lambda t, s: (linear(t, s.X, s.W1, s.b1) - s.y).abs(),
}


def finish(t, s, step, value):
    """Goes on from a step to a scalar."""
    if step in ("residual", "pointwise"):
        return (value**2).mean() if step == "residual" else value.mean()
    return mse(t, value, s.Y2[:, :1])


def late(name, write, tensor):
    def case(t):
        out = []
        for step, build in STEPS.items():
            s = Data(t)
            waiting = build(t, s)
            write(t, getattr(s, tensor))
            # By its value, and as a part of a loss.
            out.append(finish(t, s, step, waiting))
            out.append(waiting)
        return out

    CASES[f"late {name} to {tensor}"] = case


def between(name, write, tensor):
    for step, build in STEPS.items():

        def case(t, step=step, build=build):
            s = Data(t)
            loss = finish(t, s, step, build(t, s))
            write(t, getattr(s, tensor))
            loss.backward()
            return s.grads()

        CASES[f"{name} to {tensor} between {step} and backward"] = case


for name, write in WRITES.items():
    for tensor in ("X", "y"):
        late(name, write, tensor)
        if name != "data":  # which torch does not see, and takes its gradient from what was written
            between(name, write, tensor)
between("mul_", WRITES["mul_"], "Y2")


@CASES
def writes_to_a_copied_X(t):
    s = Data(t)
    turned = s.X.t().contiguous().t()
    loss = mse(t, linear(t, turned, s.W1, s.b1), s.y)
    turned.mul_(2)
    loss.backward()


@CASES
def writes_to_x_of_a_product(t):
    s = Data(t)
    loss = ((s.x * s.s1 + s.b1 - s.t6) ** 2).mean()
    s.x.zero_()
    loss.backward()


def written_step(name, build):
    def case(t):
        s = Data(t)
        step, loss = build(t, s)
        with t.no_grad():
            step.add_(1)
        loss.backward()
        return s.grads()

    CASES["written " + name] = case


def steps(t, s):
    p = linear(t, s.X, s.W2, s.b2)
    return p, p - s.Y2


written_step("prediction of mse", lambda t, s: (p := steps(t, s)[0], mse(t, p, s.Y2)))
written_step("prediction of huber", lambda t, s: (p := steps(t, s)[0], loss_function(t, "huber_loss")(p, s.Y2)))
written_step("prediction of squares", lambda t, s: ((both := steps(t, s))[0], (both[1] ** 2).mean()))
written_step("residual of squares", lambda t, s: ((both := steps(t, s))[1], (both[1] ** 2).mean()))
written_step("residual of abs", lambda t, s: ((both := steps(t, s))[1], both[1].abs().mean()))
written_step("residual of product", lambda t, s: ((both := steps(t, s))[1], (both[1] * both[1]).sum()))
written_step("pointwise", lambda t, s: (q := steps(t, s)[1] ** 2, q.sum()))
written_step("weight", lambda t, s: (s.W2, mse(t, steps(t, s)[0], s.Y2)))
written_step("bias", lambda t, s: (s.b2, mse(t, steps(t, s)[0], s.Y2)))
written_step("exp", lambda t, s: (z := s.v.exp(), (z * z).sum()))
written_step("factor", lambda t, s: (s.x, (s.x * s.b6).sum()))
written_step("term", lambda t, s: (s.x, (s.x + s.b6).sum()))


def test_written_prediction_of_l1(affine):
    # torch's l1_loss keeps the difference; on the ordinary tape fastgd's keeps both arguments and refuses.
    s, other = Data(fastgd), Data(fastgd)
    for data, write in ((s, False), (other, True)):
        p = linear(fastgd, data.X, data.W1, data.b1)
        loss = loss_function(fastgd, "l1_loss")(p, data.y)
        if write:
            with fastgd.no_grad():
                p.zero_()
        data.y.zero_()
        loss.backward()
    assert s.W1.grad.tolist() == other.W1.grad.tolist()


def test_written_view_of_a_prediction(either_way):
    s = Data(fastgd)
    p = linear(fastgd, s.X, s.W1, s.b1)
    q = p.squeeze()
    assert q._base is p
    loss = mse(fastgd, q, s.t6)
    with fastgd.no_grad():
        p.zero_()
    assert not q.detach().numpy().any()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("tensor", ["X", "y"])
def test_another_tensor_of_the_same_memory(tensor, either_way):
    s = Data(fastgd)
    other = fastgd.from_numpy(getattr(s, tensor).numpy())
    p = linear(fastgd, s.X, s.W1, s.b1)
    r = p - s.y
    value = s.X.numpy() @ s.W1.detach().numpy().T + s.b1.item() - s.y.numpy()
    other.mul_(2)
    np.testing.assert_allclose(r.detach().numpy(), value, rtol=1e-5, atol=1e-6)
    loss = (r**2).mean()
    np.testing.assert_allclose(loss.item(), (value**2).mean(), rtol=1e-5)


def test_numpy_writes_are_seen_until_the_value_is_read(affine):
    s = Data(fastgd)
    p = s.X @ s.v
    s.X.numpy()[...] = 0
    assert p.tolist() == [0] * 6
    s.X.numpy()[...] = 1
    assert p.tolist() == [0] * 6


def test_a_write_elsewhere_computes_nothing(affine):
    s = Data(fastgd)
    whole = fastgd.zeros(12, 3)
    p = whole[:6] @ s.v
    whole[6:].add_(1)
    s.v.data.mul_(1)
    assert step_of(p) == "prediction"
    whole[5].add_(1)
    assert step_of(p) is None
    assert p.tolist() == [0] * 6


@CASES
def step_before_the_prediction_is_read(t):
    s = Data(t)
    p = linear(t, s.X, s.W1, s.b1)
    q = s.X @ s.v + s.b0
    mse(t, p, s.y).backward()
    with t.no_grad():
        s.W1 -= 0.5 * s.W1.grad
        s.b1.zero_()
        s.v.mul_(3)
        s.b0.add_(1)
    return [p, q, p.squeeze(), s.W1]


@CASES
def read_after_backward(t):
    s = Data(t)
    p = linear(t, s.X, s.W1, s.b1)
    r = p - s.y
    q = r**2
    loss = q.mean()
    loss.backward()
    return [loss, q, r, p]


# ---- the tape at large


@CASES
def not_a_scalar(t):
    linear(t, Data(t).X, Data(t).W1).backward()


@CASES
def nothing_requires_a_gradient(t):
    Data(t).X.sum().backward()


@CASES
def gradient_of_another_shape(t):
    s = Data(t)
    (s.X @ s.v).backward(t.ones(3))


@CASES
def one_element(t):
    s = Data(t)
    (s.x[:1] * s.s1).backward()
    return s.grads()


@CASES
def a_leaf_itself(t):
    s = Data(t)
    s.b0.backward()
    return s.grads()


@CASES
def grad_of_a_computed_tensor_after_backward(t):
    s = Data(t)
    p = linear(t, s.X, s.W1, s.b1)
    mse(t, p, s.y).backward()
    return [p.is_leaf, s.W1.is_leaf, p.requires_grad, s.W1.grad_fn]


@CASES
def broadcast_sums(t):
    s = Data(t)
    ((s.b61 * s.b6 + s.b0) ** 2 / (s.b2.view(2, 1, 1) ** 2 + 1)).mean().backward()
    return s.grads()


@CASES
def parents(t):
    s = Data(t)
    loss = 2 * fused(t, s)
    names = [loss.grad_fn.next_functions[0][0].name()]
    loss.backward()
    return [*names, loss.grad_fn.next_functions[0][0].name()]


def told(fn):
    """A grad_fn with all that it came from."""
    return None if fn is None else [type(fn).__name__, *[told(parent) for parent, _ in fn.next_functions]]


@CASES
def ancestors_of_losses(t):
    s, f = Data(t), t.nn.functional
    model, classes = t.nn.Linear(3, 1), t.nn.Linear(3, 2)
    kinds, shares = t.tensor([0, 1, 1, 0, 1, 0]), t.full((6, 2), 0.5)
    losses = [
        f.l1_loss(model(s.X), s.y), f.l1_loss(s.X @ s.v, s.x, reduction="sum"), f.l1_loss(s.v, s.row, reduction="none"),
        f.l1_loss(s.v * s.v, s.row), f.binary_cross_entropy_with_logits(model(s.X), s.y.abs() / 2),
        f.cross_entropy(classes(s.X), kinds), f.nll_loss(classes(s.X).log_softmax(1), kinds),
        f.cross_entropy(classes(s.X), shares), f.cross_entropy(classes(s.X), shares, reduction="none"),
        ((s.X @ s.v + s.b0 - s.x) ** 2).mean(), (s.s1 * s.x).sum(), (s.x * s.s1).sum(), (s.s1 * s.x + s.b1 - s.t6).abs().sum(),
        model(s.X[0]).sum(), model(s.X3).sum(), t.nn.Linear(3, 2, bias=False)(s.X3).sum(), f.linear(s.X, s.v),
    ]  # fmt: skip
    return [told(loss.grad_fn) for loss in losses]


@CASES
def names_of_writes(t):
    s = Data(t)

    def names(index, value):
        made = s.v * 1
        made[index] = value
        return [repr(made).partition("grad_fn=")[2], made.grad_fn.name(), told(made.grad_fn)[:2]]

    return [names(*write) for write in (
        (slice(None), s.v), (..., s.v), (slice(None), 3.0), (0, s.b0), (slice(1, None), s.v[:2]), ((slice(None),), s.row),
    )]  # fmt: skip


@CASES
def after_the_gradient_has_been_added(t):
    s, seen = Data(t), []
    handle = s.v.register_post_accumulate_grad_hook(lambda leaf: seen.append([leaf is s.v, leaf.grad.clone()]))
    ((s.X @ s.v) ** 2).mean().backward()
    (s.v * s.v + s.v).sum().backward()
    t.autograd.grad((s.v * s.v).sum(), s.v)
    handle.remove()
    s.v.sum().backward()
    return [seen, s.grads()]


@CASES
def optimizers_within_backward(t):
    s = Data(t)
    model = t.nn.Linear(3, 1)
    model.weight.data, model.bias.data = s.W1.data, s.b1.data
    optimizers = {parameter: t.optim.SGD([parameter], lr=0.1, momentum=0.9) for parameter in model.parameters()}

    def step(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(step)
    losses = []
    for _ in range(4):
        loss = t.nn.functional.mse_loss(model(s.X), s.y)
        loss.backward()
        losses.append(loss.item())
    return [losses, model.weight.grad is None, model.weight, model.bias]


@CASES
def hooks_after_on_what_has_no_gradient(t):
    t.ones(2).register_post_accumulate_grad_hook(print)


@CASES
def hooks_after_on_what_is_no_leaf(t):
    (Data(t).v * 2).register_post_accumulate_grad_hook(print)


@CASES
def walks_are_generators(t):
    model = t.nn.Sequential(t.nn.Linear(3, 1))
    walks = [
        model.parameters(), model.named_parameters(), model.buffers(), model.named_buffers(), model.children(),
        model.named_children(), model.modules(), model.named_modules(),
    ]  # fmt: skip
    return [[str(walk).partition(" at 0x")[0], str(type(walk))] for walk in walks]


@CASES
def ancestors_of_a_model(t):
    s = Data(t)
    model = t.nn.Sequential(t.nn.Linear(3, 2), t.nn.ReLU(), t.nn.Linear(2, 1, bias=False))
    loss = t.nn.MSELoss()(model(s.X), s.y)
    return [told(loss.grad_fn), told(t.nn.functional.linear(s.X, s.W1, s.b1).grad_fn), told((s.X @ s.W1.t()).grad_fn)]


@CASES
def ancestors_of_a_fused_loss(t):
    s = Data(t)
    return [told(fused(t, s).grad_fn), told(t.addmm(s.b1, s.X, s.W1.t()).grad_fn)]


def test_a_long_chain(either_way):
    w = fastgd.zeros(1, requires_grad=True)
    total = w
    for _ in range(100_000):
        total = total + 1
    total.sum().backward()
    del total
    assert w.grad.tolist() == [1]


# ---- memory


def test_backward_lets_go_of_the_rows(affine):
    s = Data(fastgd)
    X, y = np.ones((6, 3), np.float32), np.ones((6, 1), np.float32)
    model = fastgd.nn.Linear(3, 1)
    rows, target = fastgd.from_numpy(X), fastgd.from_numpy(y)
    references = [sys.getrefcount(array) for array in (X, y)]
    watched = weakref.ref(rows)
    loss = 2 * fastgd.nn.MSELoss()(model(rows), target)
    assert step_of(loss) is None
    assert [sys.getrefcount(array) for array in (X, y)] > references
    loss.backward()
    assert [sys.getrefcount(array) for array in (X, y)] == references
    del rows
    assert watched() is None
    assert loss.item() > 0 and s is not None


def test_an_ordinary_backward_lets_go(either_way):
    s = Data(fastgd)
    big = fastgd.ones(1000)
    held = weakref.ref(big.numpy())
    loss = ((big + s.b0).exp() - big).sum()
    value = loss.item()
    loss.backward()
    del big
    assert held() is None and loss.item() == value


def turns(fastgd, s, model, count):
    optimizer = fastgd.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for i in range(count):
        loss = fastgd.nn.functional.mse_loss(model(s.X), s.y)
        if i % 3:
            optimizer.zero_grad()
        if i % 5 == 0:
            loss.item(), model(s.X).squeeze().tolist()
        loss.backward(retain_graph=i % 2 == 0)
        optimizer.step()
        (s.x * s.s1 + s.b1 - s.t6).square().sum().backward()
        with fastgd.no_grad():
            s.s1 -= 1e-3 * s.s1.grad
        s.s1.grad.zero_()
        linear(fastgd, s.X, s.W2, s.b2)


def test_nothing_leaks(either_way):
    s, model = Data(fastgd), fastgd.nn.Linear(3, 1)
    watched = [s.X, s.X.numpy(), s.y, s.y.numpy(), s.s1, s.b1, model.weight]
    turns(fastgd, s, model, 500)
    gc.collect()  # which also empties Python's lists of free tuples
    gc.disable()
    tracemalloc.start()
    try:
        measured = []
        for count in (300, 10_000 if either_way else 1000):
            turns(fastgd, s, model, count)
            assert gc.collect() < 50  # what is let go of goes by itself
            measured.append((tracemalloc.get_traced_memory()[0], [sys.getrefcount(thing) for thing in watched]))
    finally:
        tracemalloc.stop()
        gc.enable()
    assert measured[1][1] == measured[0][1]
    assert measured[1][0] - measured[0][0] < 2000


def test_cycles_are_collected(either_way):
    s = Data(fastgd)
    p = linear(fastgd, s.X, s.W1, s.b1)
    p.register_hook(lambda g, kept=p: None)
    waiting = s.X @ s.v
    waiting.myself = [waiting]
    gone = [weakref.ref(p), weakref.ref(waiting)]
    del p, waiting
    gc.collect()
    s.X.mul_(2)  # looks through what waits
    assert [reference() for reference in gone] == [None, None]


# ---- random programs

predictions = st.sampled_from(
    [
        "linear(t, s.X, s.W1, s.b1)",
        "linear(t, s.X, s.W1)",
        "s.X @ s.c",
        "(s.X @ s.v).view(6, 1)",
        "t.addmm(s.b1, s.X, s.c)",
        "s.x.view(6, 1) * s.s1",
        "s.s0 * s.y",
        "s.X @ s.c.exp()",
        "linear(t, s.X, s.v.view(1, 3), s.b1)",
    ]
)
biases = st.sampled_from(["", "", " + s.b1", " + s.b0", " + s.b61", " + 1.0", " + s.s0.exp()", " * 2", " + s.y"])
shapes = st.sampled_from(
    ["", "", ".squeeze(1)", ".view(-1)", ".flatten()", "[:, 0]", ".reshape(2, 3)", "[1:4]", ".t()"]
)
readings = st.sampled_from(
    ["", "", "", "p.tolist()", "p.retain_grad()", "p.register_hook(lambda g: 2 * g)", "s.y.mul_(2)", "s.X.add_(1)"]
)
targets = st.sampled_from(
    ["t.ones(p.shape)", "s.y.detach().reshape(-1)[: p.numel()].reshape(p.shape)", "s.b0", "p.detach() + 1"]
)
pointwise = st.sampled_from(
    ["{} ** 2", "({}).pow(2)", "({}).square()", "({}).abs()", "abs({})", "({}) * ({})", "({}) ** 3"]
)
ends = st.sampled_from(
    [".mean()", ".sum()", ".mean() / 3", ".sum() * s.b0", ".mean() + s.W1.pow(2).sum()", ".sum().abs().sqrt()"]
)


@st.composite
def programs(draw):
    lines = [f"p = ({draw(predictions)}){draw(biases)}", f"p = p{draw(shapes)}", draw(readings), f"y = {draw(targets)}"]
    if draw(st.booleans()):
        name = draw(st.sampled_from(["mse_loss", "l1_loss", "huber_loss"]))
        reduction = draw(st.sampled_from(["mean", "sum"]))
        order = draw(st.sampled_from(["p, y", "y, p"])) if "b0" not in lines[3] else "p, y + 0 * p.detach()"
        loss = f"loss_function(t, '{name}')({order}, reduction='{reduction}')"
    else:
        r = "r"
        lines.append(draw(st.sampled_from(["r = p - y", "r = y - p"])))
        loss = f"({draw(pointwise).format(r, r)})"
        loss += draw(ends)
    return [
        *lines,
        f"loss = {loss}",
        draw(st.sampled_from(["", "", "p.retain_grad()", "p.data.shape"])),
        "loss.backward()",
    ]


def run_program(t, lines):
    room = {"t": t, "s": Data(t), "linear": linear, "loss_function": loss_function}
    for line in lines:
        exec(line, room)
    return [room["loss"], room["loss"].grad_fn.name(), room["s"].grads(), room["p"], room["y"]]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(programs())
def test_random_programs(lines):
    before = set_affine(True)
    try:
        with_form = outcome(fastgd, lambda t: run_program(t, lines))
        set_affine(False)
        without = outcome(fastgd, lambda t: run_program(t, lines))
    finally:
        set_affine(before)
    check(with_form, without)
    try:
        import torch
    except ImportError:
        return
    check(with_form, outcome(torch, lambda t: run_program(t, lines)))


# ---- against torch's record


@pytest.mark.parametrize("name", CASES)
def test_as_torch(name, either_way):
    check(outcome(fastgd, CASES[name]), CASES.expected(name))


@pytest.mark.parametrize("name", CASES)
def test_record(name):
    check_torch(CASES[name], CASES.expected(name))


def test_arrays_are_left_alone(either_way):
    s = Data(fastgd)
    fused(fastgd, s).backward()
    for name, array in arrays().items():
        np.testing.assert_array_equal(getattr(s, name).detach().numpy(), array)
