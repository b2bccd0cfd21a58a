"""The losses: values, gradients and grad_fn names against torch, and what they refuse.

Where torch is not installed its results are read from recorded/losses.json, which record_losses.py writes.
"""

import inspect
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import fastgd
import fastgd.nn.functional as F
from fastgd import nn

RECORDED = Path(__file__).parent / "recorded" / "losses.json"

draw = np.random.RandomState(0)
REAL = draw.normal(0, 2, (4, 3)).astype("f4")
OTHER = (REAL + draw.normal(0, 2, (4, 3))).astype("f4")
OTHER[0, 0] = REAL[0, 0]
PROBABILITY = draw.uniform(0, 1, (4, 3)).astype("f4")
PROBABILITY[0], PROBABILITY[1, 0] = [0, 1, 0.5], 1
WANTED = draw.uniform(0, 1, (4, 3)).astype("f4")
WANTED[0] = [0, 1, 1]
WEIGHT = draw.uniform(0.1, 2, (4, 3)).astype("f4")
COUNTS = np.array([[0, 1, 2], [5, 0, 1], [3, 3, 3], [12, 0, 0]], "f4")
CLASSES = np.array([0, 2, 1, 2])
SHARES = np.exp(REAL) / np.exp(REAL).sum(1, keepdims=True)
PER_CLASS = np.array([0.5, 1, 3], "f4")
WIDE = draw.normal(0, 1, (2, 3, 5)).astype("f4")
WIDE_CLASSES = draw.randint(0, 3, (2, 5))
LARGE = np.array([[-200, 200, 90], [-90, 0, 1e-3]], "f4")


def cases():
    """name: (function, input, target, options); arrays among the options become tensors."""
    found = {}

    def add(function, label, input, target, **options):
        for reduction in ("mean", "sum", "none"):
            found[f"{function}, {label}, {reduction}"] = (function, input, target, {**options, "reduction": reduction})

    for function in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        add(function, "plain", REAL, OTHER)
        add(function, "double", REAL.astype("f8"), OTHER.astype("f8"))
        if function != "huber_loss":  # torch's has no backward for two types
            add(function, "float against double", REAL, OTHER.astype("f8"))
            add(function, "integer target", REAL, np.round(OTHER).astype("i8"))
        add(function, "one number", REAL[0, :1].reshape(()), OTHER[0, 1:2].reshape(()))
        if function != "smooth_l1_loss":
            add(function, "weight", REAL, OTHER, weight=WEIGHT)
    add("smooth_l1_loss", "beta 0.3", REAL, OTHER, beta=0.3)
    add("smooth_l1_loss", "beta 4", REAL, OTHER, beta=4)
    add("smooth_l1_loss", "beta 0", REAL, OTHER, beta=0)
    add("huber_loss", "delta 0.3", REAL, OTHER, delta=0.3)
    add("huber_loss", "delta 4", REAL, OTHER, delta=4.0)
    add("binary_cross_entropy", "plain", PROBABILITY, WANTED)
    add("binary_cross_entropy", "weight", PROBABILITY, WANTED, weight=WEIGHT)
    add("binary_cross_entropy", "weight of a row", PROBABILITY, WANTED, weight=PER_CLASS)
    add("binary_cross_entropy_with_logits", "plain", REAL, WANTED)
    add("binary_cross_entropy_with_logits", "large", LARGE, WANTED[:2])
    add("binary_cross_entropy_with_logits", "weight", REAL, WANTED, weight=WEIGHT)
    add("binary_cross_entropy_with_logits", "pos_weight", REAL, WANTED, pos_weight=PER_CLASS)
    add("binary_cross_entropy_with_logits", "both weights", REAL, WANTED, weight=WEIGHT, pos_weight=PER_CLASS)
    add("binary_cross_entropy_with_logits", "float against double", REAL, WANTED.astype("f8"))
    add("cross_entropy", "plain", REAL, CLASSES)
    add("cross_entropy", "large", LARGE, CLASSES[:2])
    add("cross_entropy", "weight", REAL, CLASSES, weight=PER_CLASS)
    add("cross_entropy", "ignored", REAL, CLASSES, ignore_index=2, weight=PER_CLASS)
    add("cross_entropy", "smoothed", REAL, CLASSES, label_smoothing=0.2)
    add("cross_entropy", "all at once", REAL, CLASSES, label_smoothing=0.2, weight=PER_CLASS, ignore_index=0)
    add("cross_entropy", "shares", REAL, SHARES)
    add("cross_entropy", "shares, weight", REAL, SHARES, weight=PER_CLASS)
    add("cross_entropy", "shares, smoothed", REAL, SHARES, label_smoothing=0.1, weight=PER_CLASS)
    add("cross_entropy", "one row", REAL[0], CLASSES[1:2].reshape(()))
    add("cross_entropy", "three dimensions", WIDE, WIDE_CLASSES, weight=PER_CLASS)
    add("poisson_nll_loss", "plain", REAL, COUNTS)
    add("poisson_nll_loss", "full", REAL, COUNTS, full=True)
    add("poisson_nll_loss", "not of the log", np.abs(REAL), COUNTS, log_input=False, eps=1e-3)
    add("poisson_nll_loss", "not of the log, full", np.abs(REAL), COUNTS, log_input=False, full=True)
    return found


CASES = cases()
DIFFERENTIABLE_TARGET = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits")


def tensors(lib, options):
    return {name: lib.tensor(value) if isinstance(value, np.ndarray) else value for name, value in options.items()}


def outcome(lib, name):
    function, input, target, options = CASES[name]
    x = lib.tensor(input, requires_grad=True)
    y = lib.tensor(target, requires_grad=function in DIFFERENTIABLE_TARGET and target.dtype.kind == "f")
    loss = getattr(lib.nn.functional, function)(x, y, **tensors(lib, options))
    (loss * lib.tensor(np.arange(1, loss.numel() + 1, dtype="f4").reshape(tuple(loss.shape)))).sum().backward()
    found = {"loss": loss.detach().numpy(), "grad": x.grad.numpy(), "grad_fn": loss.grad_fn.name()}
    if y.requires_grad:
        found["target grad"] = y.grad.numpy()
    return found


def check(ours, theirs):
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        if key == "grad_fn":
            assert ours[key] == value
        else:
            assert ours[key].shape == np.shape(value)
            np.testing.assert_allclose(ours[key], value, rtol=2e-5, atol=1e-6, err_msg=key)


@pytest.fixture(scope="module")
def recorded():
    return json.loads(RECORDED.read_text())


@pytest.mark.parametrize("name", CASES)
def test_recorded(name, recorded):
    check(outcome(fastgd, name), recorded[name])


@pytest.mark.parametrize("name", CASES)
def test_torch(name):
    torch = pytest.importorskip("torch")
    ours, theirs = outcome(fastgd, name), outcome(torch, name)
    check(ours, theirs)
    for key in theirs:
        if key != "grad_fn":
            assert ours[key].dtype == theirs[key].dtype, key


@pytest.mark.parametrize(
    "name", [name for name in CASES if "sum" in name and "integer" not in name and "large" not in name]
)
def test_central_differences(name):
    function, input, target, options = CASES[name]
    options = {key: value.astype("f8") if isinstance(value, np.ndarray) else value for key, value in options.items()}
    options = tensors(fastgd, options)
    if function == "binary_cross_entropy":
        input = np.clip(input, 0.05, 0.95)
    point = input.astype("f8")
    # Away from the corners of |r|, where there is no derivative.
    point = np.asarray(point + 1e-3)
    y = fastgd.tensor(target.astype("f8") if target.dtype.kind == "f" else target)

    def value(array):
        return getattr(F, function)(fastgd.tensor(array), y, **options).item()

    x = fastgd.tensor(point, requires_grad=True)
    getattr(F, function)(x, y, **options).backward()
    step = 1e-6
    for i in range(point.size):
        shifted = [point.copy(), point.copy()]
        shifted[0].flat[i] += step
        shifted[1].flat[i] -= step
        slope = (value(shifted[0]) - value(shifted[1])) / (2 * step)
        assert x.grad.numpy().flat[i] == pytest.approx(slope, rel=1e-5, abs=1e-6)


MODULES = {
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "cross_entropy": "CrossEntropyLoss",
    "poisson_nll_loss": "PoissonNLLLoss",
}
FUNCTION_ONLY = ("mse_loss, weight", "l1_loss, weight", "huber_loss, weight")


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(FUNCTION_ONLY)])
def test_module_is_the_function(name):
    function, input, target, options = CASES[name]
    x, y = fastgd.tensor(input), fastgd.tensor(target)
    module = getattr(nn, MODULES[function])(**tensors(fastgd, options))
    expected = getattr(F, function)(x, y, **tensors(fastgd, options))
    np.testing.assert_array_equal(module(x, y).numpy(), expected.numpy())
    np.testing.assert_array_equal(module.forward(x, y).numpy(), expected.numpy())
    assert list(module.state_dict()) == [key for key in ("weight", "pos_weight") if key in options]
    assert repr(module) == MODULES[function] + "()"


def test_signatures():
    torch = pytest.importorskip("torch")

    def arguments(function):
        return [(p.name, p.default) for p in inspect.signature(function).parameters.values() if p.name != "self"]

    for function, module in MODULES.items():
        assert arguments(getattr(F, function)) == arguments(getattr(torch.nn.functional, function)), function
        # MSELoss is compiled: its constructor has no signature to look at. L1Loss inherits it.
        if module not in ("MSELoss", "L1Loss"):
            assert arguments(getattr(nn, module).__init__) == arguments(getattr(torch.nn, module).__init__), module


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MSELoss", {}),
        ("L1Loss", {}),
        ("SmoothL1Loss", {}),
        ("SmoothL1Loss", {"beta": 0.25}),
        ("SmoothL1Loss", {"beta": 0}),
        ("HuberLoss", {}),
        ("HuberLoss", {"delta": 0.25}),
    ],
)
def test_on_a_prediction(name, options, reduction, affine):
    X = draw_matrix(30, 3)
    y = draw_matrix(30, 1, seed=2)
    model = nn.Linear(3, 1)
    criterion = getattr(nn, name)(reduction=reduction, **options)

    def gradients(on):
        before = fastgd._tensor.set_affine(on)
        try:
            model.zero_grad()
            loss = criterion(model(fastgd.tensor(X)), fastgd.tensor(y))
            loss.backward()
            return loss.item(), *(param.grad.numpy().copy() for param in model.parameters())
        finally:
            fastgd._tensor.set_affine(before)

    residual = X @ model.weight.detach().numpy().T + model.bias.detach().numpy() - y
    expected = getattr(F, {v: k for k, v in MODULES.items()}[name])(
        fastgd.tensor(residual), fastgd.zeros(30, 1), reduction=reduction, **options
    )
    found = gradients(affine)
    assert found[0] == pytest.approx(expected.item(), rel=1e-5)
    for one, other in zip(found, gradients(not affine)):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def draw_matrix(n, d, seed=1):
    return np.random.RandomState(seed).normal(0, 1, (n, d)).astype("f4")


# ---- what is refused: (call, torch's type, the start of torch's words)

x, y = fastgd.tensor(REAL), fastgd.tensor(OTHER)
REFUSED = {
    "reduction, mse": (
        lambda t, f, x, y: f.mse_loss(x, y, reduction="avg"),
        ValueError,
        "avg is not a valid value for reduction",
    ),
    "reduction, module": (
        lambda t, f, x, y: t.nn.MSELoss(reduction="avg")(x, y),
        ValueError,
        "avg is not a valid value for reduction",
    ),
    "reduction, bce": (
        lambda t, f, x, y: f.binary_cross_entropy(x.sigmoid(), y.sigmoid(), reduction="avg"),
        ValueError,
        "avg is not a valid value for reduction",
    ),
    "reduction, ce": (
        lambda t, f, x, y: f.cross_entropy(x, t.tensor([0, 1, 2, 1]), reduction="avg"),
        ValueError,
        "avg is not a valid value for reduction",
    ),
    "reduction, poisson": (
        lambda t, f, x, y: f.poisson_nll_loss(x, y, reduction="avg"),
        ValueError,
        "avg is not a valid value for reduction",
    ),
    "beta": (
        lambda t, f, x, y: f.smooth_l1_loss(x, y, beta=-1),
        RuntimeError,
        "smooth_l1_loss does not support negative values for beta.",
    ),
    "delta": (
        lambda t, f, x, y: f.huber_loss(x, y, delta=0),
        RuntimeError,
        "huber_loss does not support non-positive values for delta.",
    ),
    "weights of mse": (
        lambda t, f, x, y: f.mse_loss(x, y, weight=x[0]),
        ValueError,
        "Weights and input must have the same size.",
    ),
    "integers": (
        lambda t, f, x, y: f.mse_loss(t.tensor([1, 2]), t.tensor([1, 2])),
        NotImplementedError,
        None,
    ),
    "bce, not probabilities": (
        lambda t, f, x, y: f.binary_cross_entropy(x, y.sigmoid()),
        RuntimeError,
        "all elements of input should be between 0 and 1",
    ),
    "bce, targets": (
        lambda t, f, x, y: f.binary_cross_entropy(x.sigmoid(), y),
        RuntimeError,
        "all elements of target should be between 0 and 1",
    ),
    "bce, sizes": (
        lambda t, f, x, y: f.binary_cross_entropy(x.sigmoid(), y.sigmoid()[:, :1]),
        ValueError,
        "Using a target size (torch.Size([4, 1])) that is different to the input size (torch.Size([4, 3])) is "
        "deprecated. Please ensure they have the same size.",
    ),
    "bce, types": (
        lambda t, f, x, y: f.binary_cross_entropy(x.sigmoid(), y.sigmoid().double()),
        RuntimeError,
        "Found dtype Double but expected Float",
    ),
    "bce, weight": (
        lambda t, f, x, y: f.binary_cross_entropy(x.sigmoid(), y.sigmoid(), weight=x[:, 0].sigmoid()),
        RuntimeError,
        None,
    ),
    "logits, sizes": (
        lambda t, f, x, y: f.binary_cross_entropy_with_logits(x, y[:, :1]),
        ValueError,
        "Target size (torch.Size([4, 1])) must be the same as input size (torch.Size([4, 3]))",
    ),
    "logits, integers": (
        lambda t, f, x, y: f.binary_cross_entropy_with_logits(x, y.long()),
        RuntimeError,
        "result type Float can't be cast to the desired output type Long",
    ),
    "logits, pos_weight": (
        lambda t, f, x, y: f.binary_cross_entropy_with_logits(x, y, pos_weight=x[:, 0]),
        RuntimeError,
        None,
    ),
    "ce, float classes": (
        lambda t, f, x, y: f.cross_entropy(x, t.tensor([0.0, 1, 2, 1])),
        RuntimeError,
        "expected target dtype to be Long or Byte, but got Float",
    ),
    "ce, no such class": (
        lambda t, f, x, y: f.cross_entropy(x, t.tensor([0, 1, 2, 5])),
        IndexError,
        "Target 5 is out of bounds.",
    ),
    "ce, negative class": (
        lambda t, f, x, y: f.cross_entropy(x, t.tensor([0, 1, 2, -1])),
        IndexError,
        "Target -1 is out of bounds.",
    ),
    "ce, rows": (
        lambda t, f, x, y: f.cross_entropy(x, t.tensor([0, 1, 2])),
        ValueError,
        "Expected input batch_size (4) to match target batch_size (3).",
    ),
    "ce, column": (
        lambda t, f, x, y: f.cross_entropy(x, t.tensor([[0], [1], [2], [1]])),
        RuntimeError,
        "0D or 1D target tensor expected, multi-target not supported",
    ),
    "ce, integer shares": (
        lambda t, f, x, y: f.cross_entropy(x, y.long()),
        RuntimeError,
        "Expected floating point type for target with class probabilities, got Long",
    ),
    "ce, weight": (
        lambda t, f, x, y: f.cross_entropy(x, t.tensor([0, 1, 2, 1]), weight=t.tensor([1.0, 2])),
        RuntimeError,
        "weight tensor should be defined either for all 3 classes or no classes but got weight tensor of shape: [2]",
    ),
    "ce, smoothing": (
        lambda t, f, x, y: f.cross_entropy(x, t.tensor([0, 1, 2, 1]), label_smoothing=2.0),
        RuntimeError,
        "label_smoothing must be between 0.0 and 1.0. Got: 2",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, kind, words = REFUSED[name]
    with pytest.raises(kind) as caught:
        call(fastgd, F, fastgd.tensor(REAL), fastgd.tensor(OTHER))
    assert words is None or str(caught.value).startswith(words)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_torch(name):
    torch = pytest.importorskip("torch")
    call, kind, words = REFUSED[name]
    with pytest.raises(kind) as caught:
        call(torch, torch.nn.functional, torch.tensor(REAL), torch.tensor(OTHER))
    assert words is None or str(caught.value).startswith(words)


@pytest.mark.parametrize("function", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss"])
@pytest.mark.parametrize("shapes", [((4,), (4, 1)), ((4, 1), (4,))])
def test_rows_against_a_column(function, shapes):
    with pytest.raises(ValueError, match=r"y\[:, None\]"):
        getattr(F, function)(*(fastgd.ones(*shape) for shape in shapes))


def test_one_row_against_a_column_of_one():
    with pytest.warns(UserWarning, match="different to the input size"):
        assert F.mse_loss(fastgd.ones(1), fastgd.zeros(1, 1)).item() == 1


@pytest.mark.parametrize("function", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_other_sizes_warn(function):
    torch = pytest.importorskip("torch")
    said = []
    for lib in (torch, fastgd):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loss = getattr(lib.nn.functional, function)(lib.tensor(REAL), lib.tensor(OTHER[:1]))
        said.append((loss.item(), str(caught[0].message), caught[0].category, Path(caught[0].filename).name))
    assert said[1][0] == pytest.approx(said[0][0])
    assert said[1][1:3] == said[0][1:3]
    assert said[1][3] == Path(__file__).name


@pytest.mark.parametrize("function", MODULES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_no_rows(function, reduction):
    with pytest.raises(ValueError, match="no rows is not a number.*leave out empty batches"):
        getattr(F, function)(fastgd.ones(0, 3), fastgd.ones(0, 3), reduction=reduction)


@pytest.mark.parametrize("function", MODULES)
def test_no_tensors(function):
    with pytest.raises((TypeError, AttributeError)) as of_list:
        getattr(F, function)(fastgd.tensor(PROBABILITY), [1.0])
    with pytest.raises(TypeError) as of_array:
        getattr(F, function)(PROBABILITY, fastgd.tensor(PROBABILITY))
    told = str(of_list.value), str(of_array.value)
    if told[0].endswith("attribute 'size'"):
        assert told == ("'list' object has no attribute 'size'", "'int' object is not callable")
    else:
        assert told[0].endswith("argument 'target' (position 2) must be Tensor, not list")
        assert told[1].endswith("argument 'input' (position 1) must be Tensor, not numpy.ndarray")


@pytest.mark.parametrize(
    ("old", "meant"),
    [
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"reduce": True}, "mean"),
        ({"size_average": False, "reduce": False}, "none"),
    ],
)
def test_old_names_of_reductions(old, meant):
    with pytest.warns(
        UserWarning, match=f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead."
    ):
        assert nn.L1Loss(**old).reduction == meant
    with pytest.warns(UserWarning, match=f"reduction='{meant}'"):
        found = F.l1_loss(x, y, **old)
    np.testing.assert_array_equal(found.numpy(), F.l1_loss(x, y, reduction=meant).numpy())


def test_every_row_ignored():
    # 0 / 0, as in torch: the mean of no targets.
    loss = F.cross_entropy(x, fastgd.tensor([1, 1, 1, 1]), ignore_index=1)
    assert np.isnan(loss.item())


def test_inputs_are_left_alone():
    for name, (function, input, target, options) in CASES.items():
        before = input.copy(), target.copy()
        a, b = fastgd.from_numpy(input.copy()).requires_grad_(), fastgd.from_numpy(target.copy())
        getattr(F, function)(a, b, **tensors(fastgd, options)).sum().backward()
        assert (a.detach().numpy() == before[0]).all() and (b.numpy() == before[1]).all(), name
