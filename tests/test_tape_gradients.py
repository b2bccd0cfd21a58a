"""What backward, autograd.grad, hooks and retain_grad leave, and whose it is, with the affine form and without."""

import numpy as np
import pytest
from cases import Cases, Data, against_torch, fused, linear, mse

import fastgd

CASES = Cases(__file__)


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


test_as_torch, test_record = against_torch(CASES)
