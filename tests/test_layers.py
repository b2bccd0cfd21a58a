"""Layers beside the linear ones, hooks, distributions and comparisons: what tests/scripts do not show."""

import copy

import numpy as np
import pytest

import fastgd
from fastgd import distributions, nn, testing
from fastgd.nn import functional as F

# ---- dropout


def test_dropout_keeps_the_mean_and_the_gradient_of_what_it_keeps():
    fastgd.manual_seed(0)
    x = fastgd.ones(10_000, requires_grad=True)
    out = nn.Dropout(0.25)(x)
    out.sum().backward()
    assert set(np.unique(out.detach().numpy())) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs(out.mean().item() - 1) < 0.02
    assert fastgd.equal(x.grad, out.detach())


def test_dropout_that_drops_nothing_is_the_input_and_draws_nothing():
    x = fastgd.ones(3)
    before = fastgd.get_rng_state()
    assert nn.Dropout(0.5).eval()(x) is x
    assert F.dropout(x, 0.0) is x
    assert F.dropout(x, 1.0).tolist() == [0, 0, 0]
    assert fastgd.equal(fastgd.get_rng_state(), before)


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_dropout_refuses_what_is_no_probability(p):
    for made in (nn.Dropout, lambda p: F.dropout(fastgd.ones(1), p)):
        with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1"):
            made(p)


def test_dropout_in_front_of_a_line_takes_the_ordinary_tape():
    fastgd.manual_seed(1)
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1))
    x, y = fastgd.ones(8, 4), fastgd.zeros(8, 1)
    state = fastgd.get_rng_state()
    F.mse_loss(model(x), y).backward()
    fastgd.set_rng_state(state)
    kept = F.dropout(x, 0.5)
    expected = 2 * kept.t() @ (kept @ model[1].weight.detach().t() + model[1].bias.detach()) / 8
    np.testing.assert_allclose(model[1].weight.grad.numpy(), expected.t().numpy(), rtol=1e-5)


# ---- a layer without features yet


def test_lazy_linear_keeps_its_parameters_and_draws_as_linear():
    fastgd.manual_seed(5)
    lazy = nn.LazyLinear(2)
    optimizer = fastgd.optim.SGD(lazy.parameters(), lr=0.1)
    weight = lazy.weight
    assert lazy(fastgd.ones(3, 4)).shape == (3, 2)
    fastgd.manual_seed(5)
    plain = nn.Linear(4, 2)
    assert lazy.weight is weight is optimizer.param_groups[0]["params"][0]
    assert fastgd.equal(lazy.weight, plain.weight) and fastgd.equal(lazy.bias, plain.bias)
    assert type(lazy) is nn.Linear and repr(lazy) == repr(plain)
    assert lazy._forward_pre_hooks == {}


def test_lazy_linear_in_a_trainer():
    fastgd.manual_seed(0)
    X = fastgd.randn(50, 3)
    y = X.sum(1, keepdim=True)
    model = nn.LazyLinear(1)
    model(X[:1])
    history = fastgd.Trainer(model, fastgd.optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()).fit(X, y, epochs=50)
    assert len(history) == 50 and fastgd.allclose(model.weight, fastgd.ones(1, 3), atol=1e-2)


def test_a_layer_without_features_says_so():
    lazy = nn.LazyLinear(2)
    assert repr(lazy.weight) == repr(lazy.bias) == "<UninitializedParameter>"
    assert isinstance(lazy.weight, nn.Parameter) and type(lazy.weight) is nn.UninitializedParameter
    lazy(fastgd.ones(1, 3))
    assert repr(lazy.bias).startswith("Parameter containing:\ntensor([") and type(lazy.weight) is nn.Parameter


# ---- batches of mean 0 and variance 1


def normed_in_numpy(x, weight, bias):
    axes = (0, *range(2, x.ndim))
    shape = (1, -1, *[1] * (x.ndim - 2))
    units = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    return units * weight.reshape(shape) + bias.reshape(shape)


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2)])
@pytest.mark.parametrize("dtype", [fastgd.float32, fastgd.float64])
def test_batch_norm(shape, dtype):
    fastgd.manual_seed(2)
    layer = nn.BatchNorm1d(3, dtype=dtype)
    layer.weight.data, layer.bias.data = fastgd.rand(3, dtype=dtype), fastgd.randn(3, dtype=dtype)
    batches = [fastgd.randn(shape, dtype=dtype) * 3 + 1 for _ in range(3)]
    mean, var = np.zeros(3), np.ones(3)
    for batch in batches:
        expected = normed_in_numpy(batch.numpy(), layer.weight.detach().numpy(), layer.bias.detach().numpy())
        np.testing.assert_allclose(layer(batch).detach().numpy(), expected, rtol=1e-5, atol=1e-5)
        columns = np.moveaxis(batch.numpy(), 1, 0).reshape(3, -1)
        mean, var = 0.9 * mean + 0.1 * columns.mean(1), 0.9 * var + 0.1 * columns.var(1, ddof=1)
    np.testing.assert_allclose(layer.running_mean.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.numpy(), var, rtol=1e-5)
    assert layer.num_batches_tracked.item() == 3
    layer.eval()
    found = layer(fastgd.ones(shape, dtype=dtype)).detach().numpy()
    column = (1 - mean) / np.sqrt(var + 1e-5) * layer.weight.detach().numpy() + layer.bias.detach().numpy()
    np.testing.assert_allclose(found, np.broadcast_to(column.reshape(1, 3, *[1] * (len(shape) - 2)), shape), rtol=1e-4)
    layer.reset_parameters()
    assert layer.running_var.tolist() == [1, 1, 1] and layer.bias.tolist() == [0, 0, 0] == layer.running_mean.tolist()


def test_batch_norm_averages_all_batches_alike_without_momentum():
    layer = nn.BatchNorm1d(1, momentum=None)
    for value in (1.0, 2.0, 6.0):
        layer(fastgd.tensor([[value - 1], [value + 1]]))
    assert layer.running_mean.item() == pytest.approx(3) and layer.running_var.item() == pytest.approx(2)


def test_batch_norm_without_its_parts():
    plain = nn.BatchNorm1d(2, affine=False, track_running_stats=False).eval()
    assert list(plain.state_dict()) == [] and plain.weight is None is plain.running_mean
    x = fastgd.tensor([[1.0, 5.0], [3.0, 9.0]])
    np.testing.assert_allclose(plain(x).numpy(), [[-1, -1], [1, 1]], atol=1e-4)
    scaled = nn.BatchNorm1d(2, bias=False)
    assert [name for name, _ in scaled.named_parameters()] == ["weight"] and scaled.bias is None


# ---- losses of classes


def test_nll_loss_of_an_impossible_class_that_is_not_the_target():
    input = fastgd.tensor([[0.0, -np.inf]], requires_grad=True)
    loss = F.nll_loss(input, fastgd.tensor([0]))
    loss.backward()
    assert loss.item() == 0 and input.grad.tolist() == [[-1.0, 0.0]]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_nll_loss_is_cross_entropy_without_its_softmax(reduction):
    fastgd.manual_seed(0)
    x, target, weight = fastgd.randn(6, 3), fastgd.tensor([0, 2, 1, 1, -100, 0]), fastgd.tensor([1.0, 2.0, 0.5])
    found = F.nll_loss(F.log_softmax(x, 1), target, weight, reduction=reduction)
    expected = F.cross_entropy(x, target, weight, reduction=reduction)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-6)


def test_what_gaussian_nll_loss_refuses():
    x = fastgd.ones(2, 3)
    with pytest.raises(ValueError, match="var is of incorrect size"):
        F.gaussian_nll_loss(x, x, fastgd.ones(3, 2))
    for var in (-x, -1.0):
        with pytest.raises(ValueError, match="var has negative"):
            F.gaussian_nll_loss(x, x, var)


@pytest.mark.parametrize(
    "given, options, text",
    [
        ([1.0], {}, "LongTensor"),
        ([-1], {}, "non-negative"),
        ([3], {"num_classes": 3}, "smaller than num_classes"),
        ([], {}, "empty tensor|LongTensor"),
        ([1], {"num_classes": 0}, "should be positive"),
    ],
)
def test_what_one_hot_refuses(given, options, text):
    with pytest.raises(RuntimeError, match=text):
        F.one_hot(fastgd.tensor(given), **options)


def test_softmax_without_dim_warns():
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax has been deprecated"):
        assert fastgd.equal(F.softmax(fastgd.zeros(2, 4)), fastgd.full((2, 4), 0.25))


def test_old_names_of_init_warn():
    names = "uniform normal constant eye orthogonal xavier_uniform xavier_normal kaiming_uniform kaiming_normal"
    for name in names.split():
        args = (fastgd.empty(2, 3), 0.5) if name == "constant" else (fastgd.empty(2, 3),)
        with pytest.warns(FutureWarning, match=rf"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`"):
            assert getattr(nn.init, name)(*args) is args[0]
    with pytest.warns(FutureWarning, match="clip_grad_norm_"):
        nn.utils.clip_grad_norm([], 1.0)


# ---- hooks


class Sum(nn.Module):
    def forward(self, a, b, scale=1):
        return (a + 2 * b) * scale


def test_backward_hooks_see_all_inputs_at_once():
    seen = []
    module = Sum()
    handle = module.register_full_backward_hook(lambda module, inputs, outputs: seen.append((inputs, outputs)))
    a, b = fastgd.ones(2, requires_grad=True), fastgd.ones(2, requires_grad=True)
    module(a, b, scale=3).sum().backward()
    ((inputs, (output,)),) = seen
    assert [g.tolist() for g in inputs] == [[3, 3], [6, 6]] and output.tolist() == [1, 1]
    handle.remove()
    module(a, b).sum().backward()
    assert len(seen) == 1 and a.grad.tolist() == [4, 4]


def test_a_hooked_module_called_twice_and_swept_twice():
    seen = []
    line = nn.Linear(1, 1)
    line.register_full_backward_hook(lambda module, inputs, outputs: seen.append(outputs[0].item()))
    loss = (line(fastgd.ones(1, 1)) + 2 * line(fastgd.ones(1, 1))).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert sorted(seen) == [1, 1, 2, 2]


def test_no_backward_hook_without_recording():
    line = nn.Linear(1, 1)
    line.register_full_backward_hook(lambda *args: pytest.fail("called"))
    with fastgd.no_grad():
        assert not line(fastgd.ones(1, 1)).requires_grad


def test_a_pre_hook_with_keywords_must_return_both():
    module = Sum()
    module.register_forward_pre_hook(lambda module, args, options: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        module(1)
    module = Sum()
    module.register_forward_pre_hook(lambda module, args, options: (args, {"scale": 10}), with_kwargs=True)
    assert module(1, 2) == 50


def test_hooks_keep_their_order_and_are_copied():
    calls = []
    line = nn.Linear(1, 1)
    for name in "ab":
        line.register_forward_hook(lambda *args, name=name: calls.append(name))
    line.register_forward_hook(lambda *args: calls.append("first"), prepend=True)
    copy.deepcopy(line)(fastgd.ones(1, 1))
    assert calls == ["first", "a", "b"]


def test_a_trainer_with_a_backward_hook_takes_the_ordinary_loop():
    seen = []
    model = nn.Linear(2, 1)
    model.register_full_backward_hook(lambda *args: seen.append(1))
    X = fastgd.ones(4, 2)
    history = fastgd.Trainer(model, fastgd.optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()).fit(
        X, X[:, :1], epochs=3
    )
    assert history.engine == "eager" and len(seen) >= 3


# ---- distributions and comparisons


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: distributions.Normal(0.0, 0.0), "Expected parameter scale"),
        (lambda: distributions.Uniform(1.0, 1.0), "low>= high"),
        (lambda: distributions.Laplace(0.0, -1.0), "Expected parameter scale"),
        (lambda: distributions.Poisson(fastgd.tensor([1.0, -1.0])), r"rate .*GreaterThanEq\(lower_bound=0.0\)"),
        (lambda: distributions.Bernoulli(1.5), r"probs .*Interval\(lower_bound=0.0, upper_bound=1.0\)"),
        (lambda: distributions.Bernoulli(), "Either `probs` or `logits` must be specified"),
        (lambda: distributions.MultivariateNormal(fastgd.zeros(2), -fastgd.eye(2)), "positive definite"),
        (lambda: distributions.MultivariateNormal(fastgd.zeros(2)), "Exactly one of"),
        (lambda: distributions.MultivariateNormal(fastgd.zeros(()), fastgd.eye(2)), "one-dimensional"),
    ],
)
def test_what_distributions_refuse(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_distributions_print_what_is_known_of_them():
    bernoulli = distributions.Bernoulli(logits=fastgd.zeros(()))
    assert repr(bernoulli) == "Bernoulli(logits: 0.0)"
    assert bernoulli.mean.item() == 0.5 and repr(bernoulli) == "Bernoulli(probs: 0.5, logits: 0.0)"
    normal = distributions.MultivariateNormal(fastgd.zeros(2), scale_tril=fastgd.eye(2))
    assert repr(normal) == "MultivariateNormal(loc: torch.Size([2]), scale_tril: torch.Size([2, 2]))"
    with fastgd.no_grad():
        normal.precision_matrix  # computed because it is read
    assert repr(normal) == (
        "MultivariateNormal(loc: torch.Size([2]), precision_matrix: torch.Size([2, 2]), scale_tril: torch.Size([2, 2]))"
    )


def test_parameters_that_need_no_broadcasting_are_those_that_were_given():
    loc, scale = fastgd.zeros(1, requires_grad=True), fastgd.ones(1)
    normal = distributions.Normal(loc, scale)
    assert normal.loc is loc and normal.scale is scale
    assert repr(normal) == "Normal(loc: tensor([0.], requires_grad=True), scale: tensor([1.]))"


def test_no_kl_of_other_distributions():
    with pytest.raises(NotImplementedError, match="for p type Poisson and q type Normal"):
        distributions.kl_divergence(distributions.Poisson(1.0), distributions.Normal(0.0, 1.0))


def test_normal_has_gradients_through_rsample_and_none_through_sample():
    loc, scale = fastgd.zeros(3, requires_grad=True), fastgd.ones(3, requires_grad=True)
    normal = distributions.Normal(loc, scale)
    assert not normal.sample((2,)).requires_grad
    drawn = normal.rsample((2,))
    drawn.sum().backward()
    assert loc.grad.tolist() == [2, 2, 2]
    np.testing.assert_allclose(scale.grad.numpy(), drawn.detach().numpy().sum(0), rtol=1e-6)


@pytest.mark.parametrize(
    "actual, expected, options, text",
    [
        ([1.0], [1.0, 2.0], {}, "length of the sequences"),
        ({"a": 1}, {"b": 1}, {}, "keys of the mappings"),
        (
            fastgd.tensor([1.0]),
            fastgd.tensor([1.1]),
            {},
            r"Tensor-likes are not close!\n\nMismatched elements: 1 / 1 \(100.0%\)",
        ),
        (fastgd.tensor([np.nan]), fastgd.tensor([np.nan]), {}, "not close"),
        (fastgd.tensor([1]), fastgd.tensor([2]), {}, "Tensor-likes are not equal"),
        (1.0, 2.0, {"msg": "mine"}, "^mine$"),
        (1.0, 2.0, {"msg": lambda text: "so: " + text}, "^so: Scalars are not close"),
    ],
)
def test_assert_close_says_what_differs(actual, expected, options, text):
    with pytest.raises(AssertionError, match=text):
        testing.assert_close(actual, expected, **options)


def test_assert_close_passes():
    testing.assert_close(fastgd.tensor([np.nan]), fastgd.tensor([np.nan]), equal_nan=True)
    testing.assert_close(fastgd.ones(2), fastgd.ones(2, dtype=fastgd.float64), check_dtype=False)
    testing.assert_close(np.ones(2), np.ones(2) + 1e-9)
    with pytest.raises(ValueError, match="rtol"):
        testing.assert_close(1.0, 1.0, rtol=1e-3)
