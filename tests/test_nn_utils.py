"""nn.utils: clipping of gradients, parameters as one vector."""


import numpy as np
import pytest


def with_gradients(lib):
    a, b, none = lib.zeros(2, 2, requires_grad=True), lib.zeros(3, requires_grad=True), lib.zeros(1, requires_grad=True)
    a.grad, b.grad = lib.tensor([[1.0, -2.0], [3.0, 0.0]]), lib.tensor([4.0, -5.0, 6.0])
    return [a, b, none]


@pytest.mark.parametrize("norm_type", [2, 2.0, 1, 3.5, float("inf")])
@pytest.mark.parametrize("max_norm", [0.5, 1e4])
def test_clip_grad_norm(lib, max_norm, norm_type):
    params = with_gradients(lib)
    held = params[0].grad
    flat = np.array([1, -2, 3, 0, 4, -5, 6.0])
    norm = np.linalg.norm(flat, norm_type)
    assert lib.nn.utils.clip_grad_norm_(iter(params), max_norm, norm_type).item() == pytest.approx(norm)
    found = [*params[0].grad.reshape(-1).tolist(), *params[1].grad.tolist()]
    assert found == pytest.approx(flat * min(1, max_norm / (norm + 1e-6)), rel=1e-5) and params[0].grad is held


def test_clip_grad_norm_not_finite(lib):
    params = with_gradients(lib)
    params[1].grad[0] = float("nan")
    with pytest.raises(RuntimeError, match="The total norm of order 2.0 for gradients from `parameters` is non-finite"):
        lib.nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[0].grad[0, 0].item() == 1
    assert np.isnan(lib.nn.utils.clip_grad_norm_(params, 1.0).item()) and np.isnan(params[0].grad[0, 0].item())


def test_clip_grad_norm_of_nothing(lib):
    assert lib.nn.utils.clip_grad_norm_([lib.zeros(1)], 1.0).item() == 0
    p = with_gradients(lib)[1]
    assert lib.nn.utils.clip_grad_norm_(p, 1.0).shape == ()


def test_total_norm(lib):
    params = with_gradients(lib)
    norm = lib.nn.utils.get_total_norm([p.grad for p in params[:2]])
    assert repr(norm) == "tensor(9.5394)" and lib.nn.utils.get_total_norm([]).item() == 0
    assert lib.nn.utils.get_total_norm(params[0].grad, float("inf")).item() == 3
    assert lib.nn.utils.clip_grads_with_norm_(iter(params), 2.0, lib.tensor(4.0)) is None
    assert params[1].grad.tolist() == pytest.approx([2, -2.5, 3])


def test_clip_grad_value(lib):
    params = with_gradients(lib)
    assert lib.nn.utils.clip_grad_value_(params, 2.5) is None
    assert params[0].grad.tolist() == [[1, -2], [2.5, 0]] and params[1].grad.tolist() == [2.5, -2.5, 2.5]


def test_vectors(lib):
    model = lib.nn.Linear(2, 1)
    vector = lib.nn.utils.parameters_to_vector(model.parameters())
    assert vector.tolist() == [*model.weight.tolist()[0], *model.bias.tolist()] and vector.requires_grad
    new = lib.tensor([1.0, 2.0, 3.0])
    lib.nn.utils.vector_to_parameters(new, model.parameters())
    assert model.weight.tolist() == [[1, 2]] and model.bias.tolist() == [3]
    new.zero_()
    assert model.weight.tolist() == [[0, 0]]
    with pytest.raises(TypeError, match="expected torch.Tensor, but got:"):
        lib.nn.utils.vector_to_parameters([1.0], model.parameters())
    with pytest.raises(RuntimeError, match="is invalid for input of size"):
        lib.nn.utils.vector_to_parameters(lib.ones(2), model.parameters())
