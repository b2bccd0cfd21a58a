"""What is written between a prediction and its use: nothing is wrong because it was late."""

import numpy as np
import pytest
from cases import Cases, Data, against_torch, linear, loss_function, mse

import fastgd
from fastgd._affine import step_of

CASES = Cases(__file__)

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


VIEWS = {
    "row": lambda p: p[0],
    "column": lambda p: p[:, 1],
    "transposed": lambda p: p.t(),
    "flat": lambda p: p.view(-1),
    "expanded": lambda p: p.expand(2, *p.shape),
    "unbound": lambda p: p.unsqueeze(0)[0],
}
REWRITES = {
    "base": lambda t, p, b: p.mul_(2),
    "base by itself": lambda t, p, b: p.add_(p**2),
    "another view": lambda t, p, b: p[:, 1].mul_(3),
    "an element": lambda t, p, b: p.__setitem__((0, 1), b[0, 0] * 5),
    "nothing left": lambda t, p, b: p.zero_(),
    "twice": lambda t, p, b: (p[0].mul_(2), p.mul_(2)),
}
BASES = {
    "computed": lambda t, s: s.W2 * 1,
    "prediction": lambda t, s: linear(t, s.X, s.W2, s.b2),
    "one output": lambda t, s: s.X.view(9, 2)[:, :1] @ s.b12,
    "a constant": lambda t, s: t.zeros(2, 3),
}


def view_of_the_rewritten(view, rewrite, base):
    """A view that was there before what it is a view of was written to goes on from there."""

    def case(t):
        s = Data(t)
        p = BASES[base](t, s)
        q = VIEWS[view](p)
        REWRITES[rewrite](t, p, s.W2 if p.shape == s.W2.shape else s.b12)
        if base == "a constant":
            p.add_(s.W2)
        (q.exp() + q).sum().backward()
        return [q, q.requires_grad, q.is_leaf, q.grad_fn.name(), s.grads(), q._version == p._version]

    CASES[f"{view} of {base}, {rewrite} rewritten"] = case


for view in VIEWS:
    for rewrite in REWRITES:
        view_of_the_rewritten(view, rewrite, "computed")
for base in BASES:
    for rewrite in REWRITES:
        view_of_the_rewritten("flat", rewrite, base)


def saved_beside(read, written):
    def case(t):
        s = Data(t)
        p = s.X @ s.v
        tensors = {"p": p, "q": p.view(6, 1), "r": p.view(6, 1)[:, 0]}
        tensors[written].add_(1)
        loss = (tensors[read] ** 2).sum()
        tensors[written].add_(1)
        versions = [tensor._version for tensor in tensors.values()]
        try:
            loss.backward()
        except RuntimeError as error:
            return [versions, str(error)[:85]]  # torch names another operation
        return versions

    CASES[f"{written} written beside {read}"] = case


for read in "pqr":
    for written in "pqr":
        saved_beside(read, written)


def written_twice(name, write):
    """The gradient of the first write reads what the second writes over."""

    def case(t):
        out = []
        for build in (lambda s: s.X @ s.v, lambda s: (s.X @ s.v).view(6, 1), lambda s: s.v * 2, lambda s: s.x * s.s1):
            s = Data(t)
            p = build(s)
            write(p)
            p.mul_(2)
            p.sum().backward()
            out.append([p, s.grads()])
        return out

    CASES[f"{name} and written again"] = case


written_twice("clamp_", lambda p: p.clamp_(-1, 1))
written_twice("abs_", lambda p: p.abs_())
written_twice("square_", lambda p: p.square_())
written_twice("masked_fill_", lambda p: p.masked_fill_(p > 0, 1.5))
written_twice("mul_", lambda p: p.mul_(p.detach().clone()))
written_twice("exp_", lambda p: p.exp_())


def written_by_itself(name, write):
    def case(t):
        found = []
        for build in (lambda s: s.X @ s.v, lambda s: s.v * 2):
            s = Data(t)
            p = build(s)
            write(p)
            try:
                p.sum().backward()
                found.append(s.grads())
            except RuntimeError as error:
                found.append(str(error)[:85])  # torch names another operation
        return found

    CASES[f"written by itself, {name}"] = case


written_by_itself("mul_", lambda p: p.mul_(p))
written_by_itself("mul_ of the detached", lambda p: p.mul_(p.detach()))
written_by_itself("mul_ of a view", lambda p: p.mul_(p.view(-1)))
written_by_itself("a part of the whole", lambda p: p[:1].mul_(p[1:2]))
written_by_itself("div_", lambda p: p.div_(p))
written_by_itself("add_", lambda p: p.add_(p))
written_by_itself("sub_", lambda p: p.sub_(p, alpha=3))


def retained(name, write):
    def case(t):
        s = Data(t)
        p = s.W2 * 1
        p.retain_grad()
        write(p)
        (p * p).sum().backward()
        return [p.retains_grad, p.grad, s.grads()]

    CASES[f"retained gradient of {name}"] = case


retained("all written", lambda p: p.mul_(2))
retained("a row written", lambda p: p[0].mul_(2))
retained("all written twice", lambda p: p.mul_(2).add_(1))
retained("all zeroed", lambda p: p.zero_())


test_as_torch, test_record = against_torch(CASES)
