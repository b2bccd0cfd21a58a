"""What all optimizers share: groups, steps, hooks, memory of every layout, and classes of one's own."""

import numpy as np
import pytest
from optim_cases import KINDS, leaf

import fastgd
from fastgd import nn, optim


def test_constructor_leaves_the_options_alone():
    group = {"params": [leaf(fastgd)], "lr": 0.5}
    optim.SGD([group])
    assert list(group) == ["params", "lr"]


def test_groups_have_their_own_options(lib):
    a, b, c = leaf(lib), leaf(lib), leaf(lib)
    optimizer = lib.optim.SGD([{"params": [a]}, {"params": b, "lr": 1.0}], lr=0.5, momentum=0.5)
    optimizer.add_param_group({"params": [c], "lr": 2.0, "momentum": 0})
    for p in (a, b, c):
        p.grad = lib.ones(2)
    optimizer.step()
    assert (a.tolist(), b.tolist(), c.tolist()) == ([0.5, 1.5], [0.0, 1.0], [-1.0, 0.0])
    optimizer.param_groups[0]["lr"] = 0.25
    optimizer.step()
    assert a.tolist() == [0.5 - 0.25 * 1.5, 1.5 - 0.25 * 1.5]
    assert set(optimizer.state) == {a, b}
    assert [list(group) for group in optimizer.param_groups] == [
        ["params", "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "foreach", "differentiable",
         "fused"],
        ["params", "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "foreach", "differentiable",
         "fused"],
        ["params", "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "foreach", "differentiable",
         "fused"],
    ]  # fmt: skip


def test_named_parameters(lib):
    model = lib.nn.Linear(2, 1)
    optimizer = lib.optim.SGD(model.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"][0] is model.weight


def test_generator_of_parameters(lib):
    model = lib.nn.Linear(2, 1)
    assert len(lib.optim.SGD(model.parameters()).param_groups[0]["params"]) == 2
    assert len(lib.optim.SGD([{"params": model.parameters()}]).param_groups[0]["params"]) == 2


def test_repr(lib):
    optimizer = lib.optim.SGD([{"params": [leaf(lib)]}, {"params": [leaf(lib)], "lr": 1}], lr=0.1, momentum=0.9)
    expected = "SGD (\n"
    for i, lr in enumerate((0.1, 1)):
        expected += (
            f"Parameter Group {i}\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n"
            f"    lr: {lr}\n    maximize: False\n    momentum: 0.9\n    nesterov: False\n    weight_decay: 0\n"
            + ("\n" if i == 0 else "")
        )
    assert repr(optimizer) == expected + ")"


def test_tensor_lr_is_read_at_every_step(lib):
    p, rate = leaf(lib), lib.tensor(0.5)
    optimizer = lib.optim.SGD([p], lr=rate)
    p.grad = lib.ones(2)
    optimizer.step()
    rate.fill_(1.0)
    optimizer.step()
    assert p.tolist() == [-0.5, 0.5]


def test_step_without_gradients(lib):
    p = leaf(lib)
    optimizer = lib.optim.SGD([p], momentum=0.9, weight_decay=1)
    assert optimizer.step() is None
    assert p.tolist() == [1, 2] and not optimizer.state


def test_closure(lib):
    p = leaf(lib)
    optimizer = lib.optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with lib.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 5 and optimizer.step(closure=closure).item() == pytest.approx(3.2)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad(lib, set_to_none):
    a, b = leaf(lib), leaf(lib)
    a.grad = held = lib.ones(2)
    lib.optim.SGD([a, b]).zero_grad(set_to_none=set_to_none)
    assert b.grad is None
    if set_to_none:
        assert a.grad is None and held.tolist() == [1, 1]
    else:
        assert a.grad is held and held.tolist() == [0, 0]


def test_zero_grad_takes_a_recorded_gradient_off_the_tape(lib):
    p, v = leaf(lib), leaf(lib)
    p.grad = v * 2
    lib.optim.SGD([p]).zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0] and not p.grad.requires_grad


def test_hooks(lib):
    p = leaf(lib)
    p.grad = lib.ones(2)
    optimizer = lib.optim.SGD([p], lr=0.5)
    seen = []
    first = optimizer.register_step_pre_hook(lambda *given: seen.append(("pre", given, p.tolist())))
    optimizer.register_step_post_hook(lambda *given: seen.append(("post", given, p.tolist())))
    optimizer.step()
    assert seen == [("pre", (optimizer, (optimizer,), {}), [1, 2]), ("post", (optimizer, (optimizer,), {}), [0.5, 1.5])]
    first.remove()
    optimizer.step()
    assert len(seen) == 3


def test_pre_hook_may_replace_the_closure(lib):
    optimizer = lib.optim.SGD([leaf(lib)])
    handle = optimizer.register_step_pre_hook(lambda optimizer, args, options: ((optimizer, lambda: 7), {}))
    assert optimizer.step() == 7
    handle.remove()
    optimizer.register_step_pre_hook(lambda *given: 3)
    with pytest.raises(RuntimeError, match="None or a tuple of"):
        optimizer.step()


def test_the_buffer_is_a_copy_of_the_gradient(lib):
    p = leaf(lib)
    p.grad = lib.ones(2)
    optimizer = lib.optim.SGD([p], momentum=0.9)
    optimizer.step()
    p.grad.zero_()
    assert optimizer.state[p]["momentum_buffer"].tolist() == [1, 1]
    buffer = optimizer.state[p]["momentum_buffer"]
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"] is buffer and buffer.tolist() == pytest.approx([0.9, 0.9])


def test_a_step_is_in_place_and_counted(lib):
    p = leaf(lib)
    view, version = p.detach(), p._version
    loss = (p * p).sum()
    p.grad = lib.ones(2)
    lib.optim.SGD([p], lr=1.0).step()
    assert view.tolist() == [0, 1] and p._version > version
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


LAYOUTS = {
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "every second": lambda a: np.repeat(a, 2, 1)[:, ::2],
    "fortran": np.asfortranarray,
}


@pytest.mark.parametrize("momentum", [0, 0.9])
@pytest.mark.parametrize("gradient_layout", [*LAYOUTS, "plain", "expanded"])
@pytest.mark.parametrize("layout", [*LAYOUTS, "plain"])
def test_strided_memory(layout, gradient_layout, momentum):
    numbers = np.arange(12, dtype="f4").reshape(4, 3)
    memory = LAYOUTS.get(layout, lambda a: a)(numbers.copy())
    p = fastgd.from_numpy(memory).requires_grad_()
    gradient = numbers[::-1].copy()
    if gradient_layout == "expanded":
        gradient = np.broadcast_to(gradient[0], (4, 3))
        p.grad = fastgd._tensor.from_array(gradient)
    else:
        p.grad = fastgd.from_numpy(LAYOUTS.get(gradient_layout, lambda a: a)(gradient))
    optimizer = optim.SGD([p], lr=0.5, momentum=momentum)
    optimizer.step()
    np.testing.assert_array_equal(memory, numbers - 0.5 * gradient)
    optimizer.step()
    np.testing.assert_allclose(memory, numbers - (0.5 + 0.5 * (1 + momentum)) * gradient, rtol=1e-6)


def test_no_dimensions_and_no_elements(lib):
    a, b = lib.tensor(1.0, requires_grad=True), lib.zeros(0, 3, requires_grad=True)
    a.grad, b.grad = lib.tensor(2.0), lib.zeros(0, 3)
    lib.optim.SGD([a, b], lr=0.5, momentum=0.9).step()
    assert a.item() == 0


def test_read_only_memory():
    array = np.zeros(2, "f4")
    p = fastgd.from_numpy(array).requires_grad_()
    array.flags.writeable = False
    p.grad = fastgd.ones(2)
    with pytest.raises(ValueError, match="read-only memory.*array.copy"):
        optim.SGD([p]).step()
    assert (array == 0).all()


def test_parameter_that_changed_under_the_optimizer():
    p = leaf(fastgd)
    optimizer = optim.SGD([p], lr=0.5, momentum=0.9)
    p.grad = fastgd.ones(2)
    optimizer.step()
    p.data = fastgd.zeros(300)
    with pytest.raises(RuntimeError, match=r"gradient has shape \[2\], but its parameter has \[300\]"):
        optimizer.step()
    p.grad = None
    p.grad = fastgd.ones(300)
    with pytest.raises(RuntimeError, match=r"momentum_buffer has shape \[2\]"):
        optimizer.step()
    assert p.tolist() == [0] * 300


def test_parameter_that_changed_its_type():
    p = leaf(fastgd)
    optimizer = optim.SGD([p], lr=0.5, momentum=0.5)
    p.grad = fastgd.ones(2)
    optimizer.step()
    p.data = p.data.double()
    optimizer.step()
    assert p.dtype == fastgd.float64 and p.tolist() == [-0.25, 0.75]


def test_types_without_an_update():
    p = fastgd.zeros(2, dtype=fastgd.float16)
    p.grad = fastgd.zeros(2, dtype=fastgd.float16)
    with pytest.raises(TypeError, match="float32 and float64"):
        optim.SGD([p]).step()


def test_waiting_prediction_sees_the_old_weights():
    model = nn.Linear(2, 1)
    x = fastgd.ones(3, 2)
    expected = model(x).tolist()
    prediction = model(x)
    for p in model.parameters():
        p.grad = fastgd.ones(*p.shape)
    optim.SGD(model.parameters(), lr=1.0).step()
    assert prediction.tolist() == expected


def test_attributes_can_be_set(lib):
    optimizer = lib.optim.SGD([leaf(lib)])
    optimizer.note = "mine"
    assert optimizer.note == "mine" and isinstance(optimizer, lib.optim.Optimizer)


class OnesOwn:
    """An optimizer of the user's own, in the way torch documents."""

    def __new__(cls, lib, params):
        class Plain(lib.optim.Optimizer):
            def __init__(self, params, lr=0.5):
                super().__init__(params, dict(lr=lr))

            def step(self, closure=None):
                loss = None if closure is None else closure()
                with lib.no_grad():
                    for group in self.param_groups:
                        for p in group["params"]:
                            if p.grad is not None:
                                self.state[p]["steps"] = self.state[p].get("steps", 0) + 1
                                p.add_(p.grad, alpha=-group["lr"])
                return loss

        return Plain(params)


def test_an_optimizer_of_ones_own(lib):
    p = leaf(lib)
    optimizer = OnesOwn(lib, [p])
    p.grad = lib.tensor([1.0, -1.0])
    optimizer.step()
    optimizer.zero_grad()
    assert p.tolist() == [0.5, 2.5] and p.grad is None and optimizer.state_dict()["state"] == {0: {"steps": 1}}


def test_the_base_has_no_step(lib):
    with pytest.raises(NotImplementedError):
        lib.optim.Optimizer([leaf(lib)], {}).step()


def test_subclass_of_sgd(lib):
    class Noisy(lib.optim.SGD):
        def __init__(self, params, lr, note):
            super().__init__(params, lr=lr)
            self.note = note

        def step(self, closure=None):
            self.note += "!"
            return super().step(closure)

    p = leaf(lib)
    p.grad = lib.ones(2)
    optimizer = Noisy([p], 0.5, "go")
    optimizer.step()
    assert p.tolist() == [0.5, 1.5] and optimizer.note == "go!" and repr(optimizer).startswith("Noisy (")


def test_groups_of_adam(lib):
    a, b, c = leaf(lib), leaf(lib), leaf(lib)
    optimizer = lib.optim.Adam([{"params": [a]}, {"params": [b], "lr": 1.0}], lr=0.5)
    optimizer.add_param_group({"params": [c], "betas": (0.5, 0.5), "lr": 2.0})
    for p in (a, b, c):
        p.grad = lib.ones(2)
    optimizer.step()
    # The first step of Adam is lr, whatever the betas.
    for p, lr in ((a, 0.5), (b, 1.0), (c, 2.0)):
        assert p.tolist() == pytest.approx([1 - lr, 2 - lr], abs=1e-6)


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "RMSprop", "Adagrad"])
def test_strided_memory_of_element_wise_rules(kind):
    """A transposed parameter and an expanded gradient take the same steps as plain ones."""
    numbers = np.arange(6, dtype="f4").reshape(2, 3)
    found = []
    for memory, g in (
        (numbers.copy(), np.ones((2, 3), "f4")),
        (np.asfortranarray(numbers), np.broadcast_to(np.float32(1), (2, 3))),
    ):
        p = fastgd.from_numpy(memory).requires_grad_()
        p.grad = fastgd._tensor.from_array(g)
        optimizer = getattr(optim, kind)([p], weight_decay=0.1)
        for _ in range(3):
            optimizer.step()
        found.append(memory)
    np.testing.assert_array_equal(*found)
    assert (found[0] != numbers).all()


@pytest.mark.parametrize("kind", KINDS)
def test_hooks_of_every_optimizer(kind, lib):
    p = leaf(lib)
    optimizer = getattr(lib.optim, kind)([p])
    calls = []
    optimizer.register_step_pre_hook(lambda optimizer, args, options: calls.append(len(args)))
    optimizer.register_step_post_hook(lambda optimizer, args, options: calls.append(p.tolist() != [1, 2]))

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 5
    assert calls == [2, True]
