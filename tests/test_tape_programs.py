"""Random programs: the same with the affine form, without it, and in torch."""

from cases import Data, check, linear, loss_function, outcome
from hypothesis import given, settings, strategies as st

import fastgd
from fastgd._tensor import set_affine

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
