"""A fused loss is an ordinary node of the tape, and the tape at large."""

import numpy as np
from cases import Cases, Data, against_torch, arrays, fused, linear, loss_function, mse

import fastgd

CASES = Cases(__file__)


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


def frozen(name, *names):
    def case(t):
        s = Data(t)
        freeze(s, *names)
        fused(t, s).backward()
        return s.grads()

    CASES[name] = case


frozen("frozen_weight", "W1")
frozen("frozen_bias", "b1")
frozen("frozen_both", "W1", "b1")


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
        ((s.X @ s.v + s.b0 - s.x) ** 2).mean(), (s.s1 * s.x).sum(), (s.x * s.s1).sum(),
        (s.s1 * s.x + s.b1 - s.t6).abs().sum(),
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
        (slice(None), s.v), (..., s.v), (slice(None), 3.0), (0, s.b0), (slice(1, None), s.v[:2]),
        ((slice(None),), s.row),
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


def test_arrays_are_left_alone(either_way):
    s = Data(fastgd)
    fused(fastgd, s).backward()
    for name, array in arrays().items():
        np.testing.assert_array_equal(getattr(s, name).detach().numpy(), array)


test_as_torch, test_record = against_torch(CASES)
