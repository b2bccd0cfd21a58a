"""Recording modes, gradients without backward, Functions of a script's own, hooks and in-place rules."""

import threading

import numpy as np
import pytest

import fastgd
from fastgd.autograd import Function, Variable


def leaf(*values):
    return fastgd.tensor(values, requires_grad=True)


@pytest.mark.parametrize("mode", [fastgd.no_grad, fastgd.inference_mode, lambda: fastgd.set_grad_enabled(False)])
def test_nothing_is_recorded_within(mode):
    w = leaf(1.0, 2.0)
    with mode():
        assert not fastgd.is_grad_enabled()
        assert not (w * 2).requires_grad
    assert fastgd.is_grad_enabled()
    assert (w * 2).requires_grad


@pytest.mark.parametrize("decorator", [
    lambda: fastgd.no_grad(), lambda: fastgd.no_grad, lambda: fastgd.inference_mode(), lambda: fastgd.inference_mode,
    lambda: fastgd.set_grad_enabled(False),
])  # fmt: skip
def test_as_decorator(decorator):
    @decorator()
    def double(w):
        """Twice."""
        return w * 2

    assert not double(leaf(1.0)).requires_grad
    assert double.__name__ == "double" and double.__doc__ == "Twice."
    assert fastgd.is_grad_enabled()


def test_modes_nest_and_survive_errors():
    w = leaf(1.0)
    with pytest.raises(KeyError), fastgd.no_grad():
        with fastgd.enable_grad():
            assert (w * 2).requires_grad
        assert not (w * 2).requires_grad
        raise KeyError
    assert fastgd.is_grad_enabled()
    with fastgd.inference_mode(False):
        assert (w * 2).requires_grad
    before = fastgd.set_grad_enabled(False)
    assert not fastgd.is_grad_enabled()
    del before
    fastgd.set_grad_enabled(True)


def test_modes_are_those_of_a_thread():
    seen = []
    with fastgd.no_grad():
        thread = threading.Thread(target=lambda: seen.append(fastgd.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


class Cube(Function):
    @staticmethod
    def forward(ctx, x, power=3):
        ctx.save_for_backward(x)
        ctx.power = power
        return x**power

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        assert ctx.needs_input_grad == (True, False)
        return g * ctx.power * x ** (ctx.power - 1), None


def test_function():
    x = leaf(1.0, 2.0)
    y = Cube.apply(x * 1, 4)
    assert y.grad_fn.name() == "CubeBackward"
    assert repr(y) == "tensor([ 1., 16.], grad_fn=<CubeBackward>)"
    y.sum().backward()
    assert x.grad.tolist() == [4.0, 32.0]
    assert Cube.apply(x.detach()).grad_fn is None
    with fastgd.no_grad():
        assert Cube.apply(x).grad_fn is None


def test_function_called_twice_and_under_others():
    x = leaf(2.0)
    (Cube.apply(x, 3) + 2 * Cube.apply(x, 3)).sum().backward()
    assert x.grad.tolist() == [36.0]


class Split(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2, x * 3

    @staticmethod
    def backward(ctx, first, second):
        return 2 * first + 3 * second


def test_function_with_two_results():
    x = leaf(1.0, 1.0)
    first, second = Split.apply(x)
    (first * second).sum().backward()
    assert x.grad.tolist() == [12.0, 12.0]
    first, _ = Split.apply(leaf(1.0))
    first.sum().backward()


class Late(Function):
    @staticmethod
    def forward(x):
        return x.exp()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


def test_function_with_setup_context():
    x = leaf(0.0)
    Late.apply(x).sum().backward()
    assert x.grad.tolist() == [1.0]


def test_function_that_forgets_a_gradient():
    class Forgetful(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g

    with pytest.raises(RuntimeError, match=r"returned an incorrect number of gradients \(expected 2, got 1\)"):
        Forgetful.apply(leaf(1.0), leaf(1.0)).sum().backward()


def test_function_whose_saved_tensor_was_written_to():
    x = leaf(1.0)
    y = x * 1
    out = Cube.apply(y, 3)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


def test_grad_leaves_grad_alone():
    x, y = leaf(3.0), leaf(2.0)
    gx, gy = fastgd.autograd.grad((x * x * y).sum(), [x, y])
    assert (gx.tolist(), gy.tolist(), x.grad) == ([12.0], [9.0], None)
    assert fastgd.autograd.grad(x.sum(), [x, y], allow_unused=True)[1] is None
    with pytest.raises(RuntimeError, match="Set allow_unused=True"):
        fastgd.autograd.grad(x.sum(), y)
    with pytest.raises(NotImplementedError, match="second derivatives"):
        fastgd.autograd.grad(x.sum(), x, create_graph=True)


def test_backward_of_several():
    x = leaf(1.0)
    fastgd.autograd.backward([x.sum(), (x * 2).sum()])
    assert x.grad.tolist() == [3.0]
    with pytest.raises(RuntimeError, match="got 2 tensors and 1 gradients"):
        fastgd.autograd.backward([x * 2, x * 3], fastgd.ones(1))
    with pytest.raises(RuntimeError, match="got 2 tensors and 1 gradients"):
        fastgd.autograd.grad([x * 2, x * 3], x, [fastgd.ones(1)])


def test_backward_of_several_is_one_sweep_that_uses_up_all():
    x = leaf(1.0)
    shared = x * 3
    seen = []
    shared.register_hook(lambda gradient: seen.append(gradient.tolist()))
    losses = [(shared * shared).sum(), (shared * 2).sum()]
    prediction = fastgd.nn.functional.linear(fastgd.ones(2, 1), x[None], None)
    losses.append(fastgd.nn.functional.mse_loss(prediction, fastgd.zeros(2, 1)))
    fastgd.autograd.backward(losses)
    assert seen == [[8.0]] and x.grad.tolist() == [26.0]
    for loss in (losses[0], losses[2]):
        with pytest.raises(RuntimeError, match="a second time"):
            loss.backward()
    assert x.grad.tolist() == [26.0]


def test_variable():
    x = fastgd.ones(2)
    made = Variable(x, requires_grad=True)
    assert made.requires_grad and not x.requires_grad and isinstance(made, Variable)
    made.data[0] = 5
    assert x[0] == 5


def test_hooks():
    x = leaf(1.0)
    handle = x.register_hook(lambda g: g * 10)
    x.sum().backward()
    handle.remove()
    x.sum().backward()
    assert x.grad.tolist() == [11.0]
    seen = []
    y = x * 3
    y.register_hook(lambda g: seen.append(g.tolist()))
    (y * 2).sum().backward()
    assert seen == [[2.0]]


def test_writing_to_a_view_reaches_the_tensor_it_is_of():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    part = y[1:]
    part *= 10
    (y * fastgd.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert y.tolist() == [1.0, 20.0, 30.0]
    assert x.grad.tolist() == [1.0, 20.0, 30.0]


def test_writing_to_detached_memory():
    x = leaf(1.0, 2.0)
    x.detach().mul_(2)
    x.data[0] = 7
    assert x.tolist() == [7.0, 4.0]


def test_gradcheck_finds_a_wrong_gradient():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    x = fastgd.tensor([1.0, 2.0], dtype=fastgd.float64, requires_grad=True)
    assert fastgd.autograd.gradcheck(lambda x: x * 2, x)
    assert not fastgd.autograd.gradcheck(Wrong.apply, x, raise_exception=False)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        fastgd.autograd.gradcheck(Wrong.apply, x)


def test_detect_anomaly_is_accepted():
    with fastgd.autograd.detect_anomaly():
        x = leaf(1.0)
        x.sum().backward()
    fastgd.autograd.set_detect_anomaly(True)
    np.testing.assert_array_equal(x.grad, [1.0])


# ---- derivatives of functions


def test_hessian_says_that_there_are_no_second_derivatives():
    from fastgd.autograd.functional import hessian, jacobian

    with pytest.raises(NotImplementedError, match="second derivatives"):
        hessian(lambda w: (w**2).sum(), fastgd.ones(2))
    with pytest.raises(NotImplementedError, match="second derivatives"):
        jacobian(lambda w: w**2, fastgd.ones(2), create_graph=True)


def test_jacobian_leaves_its_inputs_alone():
    w = leaf(1.0, 2.0)
    with fastgd.no_grad():
        made = fastgd.autograd.functional.jacobian(lambda p: p**2, w)
    assert made.tolist() == [[2, 0], [0, 4]] and not made.requires_grad and w.grad is None


def test_jacobian_of_a_residual_makes_a_step_of_gauss_and_newton():
    x = fastgd.linspace(0, 1, 5, dtype=fastgd.float64)
    residual = lambda p: p[0] * x + p[1] - (2 * x + 1)  # noqa: E731
    p = fastgd.zeros(2, dtype=fastgd.float64)
    J = fastgd.autograd.functional.jacobian(residual, p)
    p = p - fastgd.linalg.solve(J.T @ J, J.T @ residual(p))
    np.testing.assert_allclose(p.numpy(), [2, 1], rtol=1e-12)


INTO = {
    "one leaf": lambda t, a, b, c: (c * b).sum().backward(inputs=[a]),
    "not in a list": lambda t, a, b, c: (c * b).sum().backward(inputs=a),
    "not a leaf": lambda t, a, b, c: (c * b).sum().backward(inputs=[c, b]),
    "several tensors": lambda t, a, b, c: t.autograd.backward([(c * b).sum(), c.sum()], inputs=[a]),
    "gradients": lambda t, a, b, c: t.autograd.backward([c, b], [t.ones(3), t.ones(3)], inputs=[a, b]),
    "by position": lambda t, a, b, c: t.autograd.backward(c, t.ones(3), False, False, None, [a]),
    "a fused loss": lambda t, a, b, c: t.nn.functional.mse_loss(t.ones(2, 3) @ a, t.ones(2)).backward(inputs=[a, b]),
    "none": lambda t, a, b, c: c.sum().backward(inputs=[]),
    "no tensor": lambda t, a, b, c: c.sum().backward(inputs=[3]),
    "wants no gradient": lambda t, a, b, c: c.sum().backward(inputs=[t.ones(1)]),
    "unrelated, used up": lambda t, a, b, c: (
        (c * b).sum().backward(),
        t.autograd.grad(c, t.ones(3, requires_grad=True)),
    ),
}


@pytest.mark.parametrize("name", INTO)
@pytest.mark.parametrize("retained", [False, True])
def test_backward_into_inputs(torch, name, retained):
    """Adds to the gradients of the inputs alone, leaves or not, and fails as torch does."""

    def found(t):
        a, b = t.arange(1.0, 4).requires_grad_(), t.ones(3, requires_grad=True)
        c = a * 2
        if retained:
            c.retain_grad()
        try:
            INTO[name](t, a, b, c)
        except RuntimeError as error:
            return str(error)
        grads = a.grad, b.grad, c.grad if c.retains_grad else None
        return [None if grad is None else grad.tolist() for grad in grads]

    assert found(fastgd) == found(torch)


def test_unrelated_to_a_used_up_tape():
    a, other = fastgd.ones(2, requires_grad=True), fastgd.ones(2, requires_grad=True)
    loss = (a * a).sum()
    loss.backward()
    assert fastgd.autograd.grad(loss, other, allow_unused=True) == (None,)
    with pytest.raises(RuntimeError, match="a second time"):
        fastgd.autograd.grad(loss, a)
