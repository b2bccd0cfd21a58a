"""When C may descend: each condition, and what looks like it and is not; the results are the loop's."""

import numpy as np
import pytest
from trainer_cases import data, loop, model_for

import fastgd
from fastgd import Trainer, nn, optim
from fastgd.nn import functional

pytestmark = pytest.mark.usefixtures("affine")

X, Y = data(n=64)
SQUARE = X[:4]  # as many rows as features


class Model(nn.Module):
    """A linear layer, and what `forward` makes of it."""

    def __init__(self, forward):
        super().__init__()
        self.linear = nn.Linear(4, 1, dtype=fastgd.float64)
        self.how = forward

    def forward(self, x):
        return self.how(self.linear, x)


def hooked(linear, x):
    prediction = linear(x)
    prediction.register_hook(lambda gradient: gradient * 2)
    return prediction


def retained(linear, x):
    prediction = linear(x)
    prediction.retain_grad()
    return prediction


def sampled(linear, x):
    return linear(x) + 0.1 * fastgd.randn(len(x), 1, dtype=fastgd.float64)


MASK = fastgd.tensor([[1.0, 0.0, 1.0, 1.0]], dtype=fastgd.float64)
CHANGED = "changes its input before the linear map"
NO_FORM = "not of the form X W^T + b"
FORWARDS = {
    "plain": (lambda linear, x: linear(x), ""),
    "whole": (lambda linear, x: linear(x[:, :4]), ""),
    "flat": (lambda linear, x: linear(x).squeeze(-1), ""),
    "split": (lambda linear, x: x @ linear.weight.T + linear.bias, ""),
    "batch statistics": (lambda linear, x: linear((x - x.mean(0)) / x.std(0)), CHANGED),
    "noise": (lambda linear, x: linear(x + 0.1 * fastgd.randn(*x.shape, dtype=x.dtype)), CHANGED),
    "noise behind": (sampled, NO_FORM),
    "powers": (lambda linear, x: linear(x**2), CHANGED),
    "a copy": (lambda linear, x: linear(x.clone()), CHANGED),
    "other columns": (lambda linear, x: linear(x.flip(1)), CHANGED),
    "other rows": (lambda linear, x: linear(x.flip(0)), CHANGED),
    "one row for all": (lambda linear, x: linear(x[:1].expand(len(x), 4)), CHANGED),
    "masked": (lambda linear, x: functional.linear(x, linear.weight * MASK, linear.bias), "weight is computed"),
    "positive": (lambda linear, x: functional.linear(x, linear.weight.exp(), linear.bias), "weight is computed"),
    "half a bias": (lambda linear, x: functional.linear(x, linear.weight, linear.bias / 2), "bias is computed"),
    "no gradient": (
        lambda linear, x: functional.linear(x, linear.weight.detach(), linear.bias),
        "not in the prediction",
    ),
    "squashed": (lambda linear, x: linear(x).sigmoid(), NO_FORM),
    "doubled": (lambda linear, x: linear(x) * 2, NO_FORM),
    "moved": (lambda linear, x: linear(x) + 1, NO_FORM),
    "twice": (lambda linear, x: linear(x) + linear(x), NO_FORM),
    "hooked": (hooked, NO_FORM),
    "retained": (retained, NO_FORM),
}


@pytest.mark.parametrize("batches", [{}, {"batch_size": 20}], ids=str)
@pytest.mark.parametrize("name", FORWARDS)
def test_models(name, batches):
    forward, reason = FORWARDS[name]
    compare(lambda: Model(forward), lambda model: None, nn.MSELoss(), reason, batches)


def compare(make, prepare, criterion, reason, batches, X=X, Y=Y):
    """A fit runs in C, or says why not, and ends where the loop ends."""
    stands = []
    for fitted in (True, False):
        fastgd.manual_seed(1)
        model = make()
        optimizer = optim.SGD(model.parameters(), lr=0.005, momentum=0.9)
        prepare((model, optimizer, criterion))
        fastgd.manual_seed(2)
        if fitted:
            history = Trainer(model, optimizer, criterion).fit(X, Y, epochs=3, **batches)
            assert history.engine == ("eager" if reason else "stream"), history.engine_reason
            assert reason in history.engine_reason
        else:
            flat = Y[:, 0] if model(fastgd.from_numpy(X)).ndim == 1 else Y
            fastgd.manual_seed(2)
            loop(fastgd, model, optimizer, criterion, X, flat, 3, batches.get("batch_size"))
        stands.append([param.detach().numpy() for param in model.parameters()])
    for mine, theirs in zip(*stands, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)


def test_features_that_are_turned():
    compare(lambda: Model(lambda linear, x: linear(x.T)), lambda _: None, nn.MSELoss(), CHANGED, {}, SQUARE, Y[:4])


def lies(*sizes):
    """A leaf of these sizes, with numbers of its own."""
    made = fastgd.arange(float(np.prod(sizes)), dtype=fastgd.float64).reshape(sizes) / 10
    return made.requires_grad_()


WAYS = {  # a leaf, and how x of so many features is multiplied by it
    "x W^T": (3, lambda: lies(3, 3), lambda x, w: functional.linear(x, w)),
    "x W": (3, lambda: lies(3, 3), lambda x, w: x @ w),
    "x W, W of columns": (3, lambda: lies(3, 3).detach().T.requires_grad_(), lambda x, w: x @ w),
    "x W^T, W of columns": (3, lambda: lies(3, 3).detach().T.requires_grad_(), lambda x, w: functional.linear(x, w)),
    "flat, x W": (3, lambda: lies(9), lambda x, w: x @ w.view(3, 3)),
    "flat, x W^T": (3, lambda: lies(9), lambda x, w: functional.linear(x, w.view(3, 3))),
    "flat, few features": (2, lambda: lies(6), lambda x, w: x @ w.view(2, 3)),
    "other sizes, x W": (3, lambda: lies(2, 3), lambda x, w: x @ w.view(3, 2)),
    "other sizes, x W^T": (2, lambda: lies(2, 3), lambda x, w: functional.linear(x, w.view(3, 2))),
    "with gaps": (3, lambda: lies(6).detach()[::2].requires_grad_(), lambda x, w: x @ w),
    "three sizes": (3, lambda: lies(1, 3, 3), lambda x, w: x @ w.squeeze(0)),
    "three sizes, turned": (3, lambda: lies(3, 1, 3), lambda x, w: x @ w.transpose(0, 2).squeeze(1)),
}


@pytest.mark.parametrize("engine", ["stream", "spectral"])
@pytest.mark.parametrize("name", WAYS)
def test_momentum_lies_as_its_parameter(name, engine):
    features, make, multiply = WAYS[name]
    rows, stands = X[:, :features], []
    for fitted in (True, False):
        w = make()
        optimizer = optim.SGD([w], lr=0.01, momentum=0.9)

        def model(x):
            return multiply(x, w)

        target = np.random.default_rng(0).normal(size=model(fastgd.from_numpy(rows)).shape)
        if fitted:
            Trainer(model, optimizer, nn.MSELoss()).fit(rows, target, epochs=3, engine=engine)
        loop(fastgd, model, optimizer, nn.MSELoss(), rows, target, 2 if fitted else 5)
        stands.append((w.detach().numpy(), optimizer.state[w]["momentum_buffer"].numpy()))
    for mine, theirs in zip(*stands, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)


def replace_step(given):
    step = given[1].step
    given[1].step = lambda closure=None: step(closure)


def add_up(given):
    given[1].zero_grad = lambda set_to_none=True: calls.append(1)


HOOKS = {
    "forward": (lambda given: given[0].register_forward_hook(lambda *_: calls.append(1)), "model has forward hooks"),
    "forward pre": (lambda given: given[0].register_forward_pre_hook(lambda *_: calls.append(1)), "model has forward"),
    "of a part": (lambda given: given[0].linear.register_forward_hook(lambda *_: calls.append(1)), "model has forward"),
    "backward": (lambda given: given[0].register_full_backward_hook(lambda *_: calls.append(1)), NO_FORM),
    "of the weight": (
        lambda given: given[0].linear.weight.register_hook(lambda _: calls.append(1)),
        "weight has hooks",
    ),
    "of the bias": (lambda given: given[0].linear.bias.register_hook(lambda _: calls.append(1)), "bias has hooks"),
    "step": (lambda given: given[1].register_step_pre_hook(lambda *_: calls.append(1)), "optimizer has step hooks"),
    "after the step": (lambda given: given[1].register_step_post_hook(lambda *_: calls.append(1)), "has step hooks"),
    "another step": (replace_step, "step was replaced"),
    "gradients that add up": (add_up, "zero_grad was replaced"),
}
calls = []


@pytest.mark.parametrize("name", HOOKS)
def test_hooks(name):
    prepare, reason = HOOKS[name]
    calls.clear()
    compare(lambda: Model(FORWARDS["plain"][0]), prepare, nn.MSELoss(), reason, {"batch_size": 20})
    assert len(calls) >= 24 or name == "another step"  # at every step of both


@pytest.mark.parametrize("when", ["register_forward_hook", "register_full_backward_hook"])
def test_hooks_of_the_criterion(when):
    calls.clear()
    criterion = nn.MSELoss()
    getattr(criterion, when)(lambda *_: calls.append(1))
    reason = "criterion has forward hooks" if when == "register_forward_hook" else "criterion is not a number times"
    compare(lambda: Model(FORWARDS["plain"][0]), lambda _: None, criterion, reason, {"batch_size": 20})
    assert len(calls) >= 24


TARGET = "criterion changes the target"
CRITERIA = {
    "moved": (lambda p, t: ((p - (t - 1)) ** 2).mean(), TARGET),
    "a copy": (lambda p, t: ((p - t.clone()) ** 2).mean(), TARGET),
    "other rows": (lambda p, t: ((p - t.flip(0)) ** 2).mean(), TARGET),
    "one row for all": (lambda p, t: ((p - t[:1].expand(len(t), 1)) ** 2).mean(), TARGET),
    "some rows": (lambda p, t: ((p[:3] - t[:3]) ** 2).mean(), "not a number times"),
    "a root": (lambda p, t: ((p - t) ** 2).mean().sqrt(), "not a number times"),
    "one view of all": (lambda p, t: ((p[:, 0] - t[:, 0]) ** 2).mean(), ""),
}


@pytest.mark.parametrize("name", CRITERIA)
def test_criteria(name):
    criterion, reason = CRITERIA[name]
    compare(lambda: Model(FORWARDS["plain"][0]), lambda _: None, criterion, reason, {"batch_size": 20})


@pytest.mark.parametrize("training", [True, False])
def test_dropout_runs_in_c_where_it_drops_nothing(training):
    def make():
        return nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1, dtype=fastgd.float64)).train(training)

    compare(make, lambda _: None, nn.MSELoss(), CHANGED if training else "", {"batch_size": 20})


def test_optimizers():
    class Own(optim.SGD):
        """Another step."""

    for make, reason in (
        (lambda p: Own(p, lr=0.01), "the optimizer is Own, not SGD itself"),
        (lambda p: optim.Adam(p), "the optimizer is Adam, not SGD itself"),
        (lambda p: optim.LBFGS(p), "the optimizer is LBFGS, not SGD itself"),
        (lambda p: optim.SGD(p, lr=0.01, foreach=True), ""),
        (lambda p: optim.SGD(p, lr=fastgd.tensor(0.01)), ""),
    ):
        model = model_for(X, Y)
        history = Trainer(model, make(model.parameters()), nn.MSELoss()).fit(X, Y, epochs=2)
        assert (history.engine, history.engine_reason) == ("eager" if reason else "stream", reason)


@pytest.mark.parametrize("batches", [{}, {"batch_size": 1}, {"batch_size": 2}], ids=str)
@pytest.mark.parametrize("what", ["X", "y", "sample_weight"])
def test_data_in_the_parameters_memory_change_with_every_step(what, batches):
    model = nn.Linear(4, 4, dtype=fastgd.float64)
    model.bias.data.fill_(1.0)
    own = model.bias if what == "sample_weight" else model.weight
    given = {"X": SQUARE, "y": SQUARE} | {what: own.detach().numpy()}
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    history = Trainer(model, optimizer, nn.MSELoss()).fit(**given, epochs=3, **batches)
    assert (history.engine, history.engine_reason) == (
        "eager", "the data lie in the parameters' memory, and change with every step"
    )  # fmt: skip
