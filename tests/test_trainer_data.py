"""The data that a Trainer takes."""

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
from trainer_cases import ENVIRONMENT, close, data, fit, loop, model_for

import fastgd
from fastgd import Trainer, nn, optim
from fastgd.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
)

pytestmark = pytest.mark.usefixtures("affine")


def test_kinds_of_data(tmp_path):
    X, y = data(dtype=np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    expected = None
    for given, target in (
        (X, y),
        (X, y[:, 0]),
        (fastgd.from_numpy(X), fastgd.from_numpy(y)),
        (X, fastgd.from_numpy(y)),
        (mapped, y),
        (np.asfortranarray(X), y),
    ):
        model = model_for(X, y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss())
        history = trainer.fit(given, target, epochs=5)
        assert history.engine == "stream", history.engine_reason
        assert trainer.predict(X).shape == tuple(target.shape)
        if expected is None:
            expected = history.loss
        np.testing.assert_allclose(history.loss, expected, rtol=1e-6)


def apart(array):
    """The same numbers with others between."""
    wide = np.full((*array.shape, 3), np.nan, array.dtype)
    wide[..., 1] = array
    return wide[..., 1]


def field(array):
    """The same numbers as a field of records: neither they nor the steps between them are aligned to their size."""
    records = np.zeros(len(array), [("flag", "u1"), ("numbers", array.dtype, array.shape[1:])])
    records["numbers"] = array
    return records["numbers"]


def shifted(array):
    """The same numbers side by side, not aligned to their size."""
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    memory[...] = array
    return memory


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batches", [{}, {"batch_size": 1}, {"batch_size": 10, "shuffle": True}], ids=str)
@pytest.mark.parametrize("lie", [apart, field, shifted, lambda array: array[::-1].copy()[::-1]])
def test_rows_and_weights_however_they_lie(lie, batches, dtype):
    X, y = data(k=2, dtype=dtype)
    weights = np.random.default_rng(0).random(len(X)).astype(dtype)
    for engine in ("stream", "eager", *["spectral"] * (not batches)):
        found = []
        for arrays in (X, y, weights), map(lie, (X, y, weights)):
            given, target, each = arrays
            fastgd.manual_seed(0)
            history = fit(model_for(X, y), given, target, sample_weight=each, engine=engine, **batches)
            assert history.engine == engine
            found.append(history.loss)
        close(*found, dtype)


def test_other_batches_run_the_ordinary_loop():
    X, y = data()
    batches = [(X[:20], y[:20]), (X[20:], y[20:])]
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss())
    history = trainer.fit(batches, epochs=30)
    assert history.engine == "eager"
    assert history.loss[-1] < history.loss[0] / 5


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("criterion", [nn.MSELoss, nn.L1Loss, nn.HuberLoss])
def test_weights_repeat_rows(reduction, criterion):
    X, y = data(k=2)
    weights = np.random.default_rng(0).integers(0, 3, len(X))
    repeated = fit(
        model_for(X, y), np.repeat(X, weights, 0), np.repeat(y, weights, 0), None, criterion(reduction=reduction)
    )
    for engine in ("stream", "eager", *["spectral"] * (criterion is nn.MSELoss)):
        history = fit(model_for(X, y), X, y, None, criterion(reduction=reduction), sample_weight=weights, engine=engine)
        assert history.engine == engine
        np.testing.assert_allclose(history.loss, repeated.loss, rtol=1e-10)
        np.testing.assert_allclose(history.grad_norm, repeated.grad_norm, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    "batches", [{}, {"batch_size": 1}, {"batch_size": 5, "shuffle": True}, {"batch_size": 53}], ids=str
)
def test_weighted_rows_on_every_engine(reduction, batches, dtype):
    X, y = data(k=2, dtype=dtype)
    weights = np.random.default_rng(0).random(len(X)).astype(dtype)
    weights[:20] = 0  # batches of no weight among them
    found = []
    for engine in ("stream", "eager"):
        fastgd.manual_seed(0)
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=0.002, momentum=0.9, weight_decay=0.1)
        trainer = Trainer(
            model, optimizer, nn.MSELoss(reduction=reduction), optim.lr_scheduler.StepLR(optimizer, 4), "batch"
        )
        history = trainer.fit(X, y, epochs=3, sample_weight=weights, engine=engine, **batches)
        assert history.engine == engine
        found.append([history.loss, model.weight.detach().numpy(), model.bias.detach().numpy(), history.lr])
    for mine, theirs in zip(*found, strict=True):
        close(mine, theirs, dtype)


@pytest.mark.parametrize("engine", ["stream", "eager"])
@pytest.mark.parametrize("batches", [{}, {"batch_size": 1}, {"batch_size": 10}], ids=str)
def test_rows_of_no_weight_move_nothing(engine, batches):
    X, y = data()
    model = model_for(X, y)
    before = model.weight.tolist(), model.bias.tolist()
    optimizer = optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    history = fit(model, X, y, optimizer, sample_weight=np.zeros(len(X)), engine=engine, **batches)
    assert (model.weight.tolist(), model.bias.tolist()) == before
    assert history.loss.tolist() == [0, 0]
    assert history.grad_norm.tolist() == ([] if batches else [0, 0])
    if not batches:
        history = fit(model, X, y, optimizer, sample_weight=np.zeros(len(X)), engine=engine, grad_tol=0.0)
        assert history.stop_reason == "grad_tol" and len(history) == 1


class Framed:
    """A frame as a library without dlpack gives it: columns side by side, so that each is contiguous."""

    def __init__(self, array):
        self.array = np.asfortranarray(array)

    def __array__(self, dtype=None, copy=None):
        return self.array


class Exported:
    """A tensor of another library, known by dlpack alone."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def others():
    """Ways to hand over an array, those of the libraries that are installed among them."""
    made = {"frame": Framed, "dlpack": Exported, "lists": lambda array: array.tolist()}
    if find_spec("torch"):
        made["torch"] = import_module("torch").from_numpy
    if find_spec("jax"):
        made["jax"] = import_module("jax.numpy").asarray
    return made


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_themselves(library):
    frames = pytest.importorskip(library)
    X, y = data(dtype=np.float32)
    weights = np.random.default_rng(0).random(len(X)).astype("f4")
    expected = fit(model_for(X, y), X, y, sample_weight=weights, batch_size=8).loss.tolist()
    columns = {name: X[:, i] for i, name in enumerate("abcd")}
    table, target = frames.DataFrame(columns), frames.Series(y[:, 0])
    halves = {name: frames.DataFrame({key: column[:30] for key, column in columns.items()}) for name in "xy"}
    for given, wanted in ((table, target), (table, frames.DataFrame({"y": y[:, 0]})), (table[["a", "b", "c", "d"]], y)):
        model = model_for(X, y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
        history = trainer.fit(
            given, wanted, epochs=2, sample_weight=frames.Series(weights), batch_size=8, validation_data=(given, wanted)
        )
        assert history.engine == "stream", history.engine_reason
        assert history.loss.tolist() == expected
        assert trainer.predict(given).shape == tuple(wanted.shape)
        assert trainer.predict(halves["x"]).shape == (30, *wanted.shape[1:])
        np.testing.assert_allclose(trainer.evaluate(given, wanted), history.val_loss[-1], rtol=1e-6)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_of_several_types(library):
    frames = pytest.importorskip(library)
    mixed = {"count": np.array([1, 2, 3]), "flag": np.array([True, False, True])}
    array = np.column_stack(list(mixed.values())).astype("f4")
    expected = fit(model_for(array, array[:, :1]), array, np.arange(3)).loss.tolist()
    model = model_for(array, array[:, :1])
    assert fit(model, frames.DataFrame(mixed), frames.Series([0, 1, 2])).loss.tolist() == expected
    mixed["height"] = np.array([0.5, 1.5, np.nan])
    model = nn.Linear(3, 1)
    with pytest.raises(TypeError, match="X must be float32 as the model is, but it is float64: convert it with astype"):
        fit(model, frames.DataFrame(mixed), np.arange(3))
    with pytest.raises(ValueError, match="X must be finite, but row 2, column 2 holds nan"):
        fit(model.double(), frames.DataFrame(mixed), np.arange(3))
    mixed["name"] = np.array(["x", "y", "z"])
    with pytest.raises(TypeError, match="X must hold numbers, but row 0, column 3 holds 'x': encode or drop such"):
        fit(nn.Linear(4, 1), frames.DataFrame(mixed), np.arange(3))
    if library == "pandas":  # whose own types have a value for what is missing
        missing = frames.DataFrame({"count": frames.array([1, None, 3], dtype="Int64"), "flag": mixed["flag"]})
        with pytest.raises(TypeError, match="X must hold numbers, but row 1, column 0 holds <NA>"):
            fit(nn.Linear(2, 1), missing, np.arange(3))


def test_arrays_tensors_and_frames_of_other_libraries():
    X, y = data(dtype=np.float32)
    expected = fit(model_for(X, y), X, y).loss
    fits = [(other(X), other(y)) for name, other in others().items() if name != "lists"]
    fits += [(other(X), other(y[:, 0])) for name, other in others().items() if name != "lists"]
    for given in fits:
        model = model_for(X, y)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
        history = trainer.fit(*given, epochs=2, validation_data=given)
        assert history.engine == "stream"
        np.testing.assert_allclose(history.loss, expected, rtol=1e-6)
        assert len(trainer.predict(given[0])) == len(X)
        np.testing.assert_allclose(trainer.evaluate(*given), history.val_loss[-1], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_whole_numbers_become_the_models_type(dtype):
    X = np.random.default_rng(0).integers(0, 2, (30, 3)).astype(dtype)
    expected = fit(model_for(X.astype("f4"), X[:, :1]), X.astype("f4"), X[:, :1].astype("f4")).loss
    for other in others().values():
        history = fit(model_for(X.astype("f4"), X[:, :1]), other(X), other(X[:, 0]))
        assert history.engine == "stream", history.engine_reason
        assert history.loss.tolist() == expected.tolist()


def test_arrays_that_lie_in_memory_in_other_ways():
    X, y = data(dtype=np.float32)
    packed = np.zeros(len(X), np.dtype([("flag", "u1"), ("x", "f4", 4), ("y", "f4")]))
    packed["x"], packed["y"] = X, y[:, 0]
    wide = np.zeros((len(X), 9), "f4")
    wide[:, 2:6], wide[:, 7:8] = X, y
    for given, target in (
        (packed["x"], packed["y"]),
        (wide[:, 2:6], wide[:, 7]),
        (wide[:, 2:6], wide[:, 7:8]),
        (X[::-1][::-1], y),
        (X.astype(">f4"), y.astype(">f4")),
        (np.moveaxis(np.ascontiguousarray(X.T), 0, 1), y),
    ):
        history = fit(model_for(X, y), given, target, batch_size=20)
        assert history.engine == "stream", history.engine_reason
        assert history.loss.tolist() == fit(model_for(X, y), X, y, batch_size=20).loss.tolist()
    backwards = fit(model_for(X, y), X[::-1], y[::-1], batch_size=20)
    assert backwards.loss.tolist() == fit(model_for(X, y), X[::-1].copy(), y[::-1].copy(), batch_size=20).loss.tolist()


def test_columns_of_several_types():
    mixed = np.array([[1, True], [2, False], [np.float32(3), True]], object)
    history = fit(nn.Linear(2, 1), Framed(mixed), np.arange(3))
    assert history.engine == "stream"
    mixed[1, 1] = "no"
    with pytest.raises(TypeError, match="X must hold numbers, but row 1, column 1 holds 'no': encode"):
        fit(nn.Linear(2, 1), Framed(mixed), np.arange(3))
    with pytest.raises(TypeError, match="y must hold numbers, but its type is <U1"):
        fit(nn.Linear(2, 1), np.zeros((2, 2), "f4"), np.array(["a", "b"]))


@pytest.mark.parametrize("batches", [{}, {"batch_size": 3}, {"batch_size": 4, "shuffle": True}], ids=str)
def test_samples_of_several_rows(batches):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, 6, 4)), rng.normal(size=(10, 6, 2))
    found = []
    for fitted in (True, False):
        model = nn.Linear(4, 2, dtype=fastgd.float64)
        with fastgd.no_grad():
            for param in model.parameters():
                param.fill_(0.1)
        fastgd.manual_seed(0)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        if fitted:
            trainer = Trainer(model, optimizer, nn.MSELoss())
            history = trainer.fit(X, y, epochs=3, **batches)
            assert (history.engine, history.engine_reason) == ("eager", "a sample is several rows")
            assert trainer.predict(X).shape == (10, 6, 2)
            losses = history.loss
        else:
            losses = loop(fastgd, model, optimizer, nn.MSELoss(), X, y, 3, **batches)
        found.append((losses, model.weight.tolist()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-12)
    model = nn.Linear(4, 2, dtype=fastgd.float64)
    whole = fit(model, X, y, optim.SGD(model.parameters(), lr=0.0), sample_weight=np.ones(10), **batches)
    model_loss = nn.MSELoss()(model(fastgd.from_numpy(X)), fastgd.from_numpy(y)).item()
    np.testing.assert_allclose(whole.loss, model_loss, rtol=1e-12)


@pytest.fixture(scope="module")
def large_file(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("large") / "X.npy")
    X = np.lib.format.open_memmap(path, "w+", "f4", (1_500_000, 20))
    X[::1000] = 1
    return path


MAPPED = """
import resource, sys
import numpy as np
import fastgd
from fastgd import nn, optim
from fastgd.utils.data import DataLoader, TensorDataset
X = np.load(sys.argv[1], mmap_mode="r")
y = np.ones(len(X), "f4")
half = slice(None, None, 2)
np.linalg.eigh(np.eye(3))  # and what it allocates once

def fit(*data, lr=0.001, epochs=2, **options):
    model = nn.Linear(20, 1)
    trainer = fastgd.Trainer(model, optim.SGD(model.parameters(), lr=lr), nn.MSELoss())
    now = int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1]) << 10
    resource.setrlimit(resource.RLIMIT_DATA, (now + X.nbytes // 2, -1))
    try:
        history = trainer.fit(*data, epochs=epochs, validation_data=(X[:1000], y[:1000]), **options)
        print(history.engine, history.loss[-1] < history.loss[0], len(trainer.predict(X)))
    except fastgd.DivergenceError:
        print("diverged")

def loader():
    return DataLoader(TensorDataset(fastgd.from_numpy(X), fastgd.from_numpy(y)), batch_size=4096, shuffle=True)

"""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("fit(X, y, engine='stream')", "stream True 1500000"),
        ("fit(X, y, batch_size=4096)", "stream True 1500000"),
        ("fit(X, y, batch_size=4096, shuffle=True)", "stream True 1500000"),
        ("fit(X, y, batch_size=1, shuffle=True)", "stream True 1500000"),
        ("fit(X, y, sample_weight=y, engine='stream')", "stream True 1500000"),
        ("fit(X, y, sample_weight=y, engine='spectral')", "spectral True 1500000"),
        ("fit(X[half], y[half], batch_size=4096, shuffle=True)", "stream True 1500000"),
        ("fit(loader())", "stream True 1500000"),
        ("fit(X, y, engine='spectral')", "spectral True 1500000"),
        ("fit(X, y, engine='eager', batch_size=4096)", "eager True 1500000"),
        ("fit(X, y, lr=1e9, epochs=50)", "diverged"),
    ],
)
def test_a_file_that_does_not_fit_in_memory(call, told, large_file):
    # The pages of a mapped file are the system's; what a process allocates is limited to less than the file holds.
    script = (
        MAPPED
        + call
        + """
try:
    np.array(X)
except MemoryError:
    print("limited")
"""
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, large_file], capture_output=True, text=True, timeout=60,
        check=False, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.stdout.splitlines() == [told, "limited"], done.stdout + done.stderr


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("size", [10, 53, 99])
def test_a_loader_runs_in_c_and_draws_as_the_loop_does(size, shuffle):
    X, y = data()
    found = []
    for fitted in (True, False):
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=0.01)
        loader = DataLoader(TensorDataset(fastgd.from_numpy(X), fastgd.from_numpy(y)), batch_size=size, shuffle=shuffle)
        fastgd.manual_seed(1)
        if fitted:
            history = Trainer(model, optimizer, nn.MSELoss()).fit(loader, epochs=3)
            assert history.engine == "stream", history.engine_reason
            assert len(history.grad_norm) == (3 if size >= 53 else 0)
        else:
            loop(fastgd, model, optimizer, nn.MSELoss(), X, y, 3, size, shuffle)
        found.append((model.weight.detach().numpy(), fastgd.get_rng_state().tolist()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    assert found[0][1] == found[1][1]


LOADERS = {
    "shuffled batches": (lambda rows: {"batch_sampler": BatchSampler(RandomSampler(rows), 8, True)}, "stream"),
    "batches in order": (lambda rows: {"batch_sampler": BatchSampler(SequentialSampler(rows), 8, False)}, "stream"),
    "batches of its own": (lambda rows: {"batch_sampler": [[3, 1], [4, 1, 5]]}, "eager"),
    "some rows": (lambda rows: {"batch_size": 8, "sampler": SequentialSampler(range(30))}, "eager"),
    "some rows, shuffled": (lambda rows: {"batch_size": 8, "sampler": RandomSampler(range(30))}, "eager"),
    "as many of more": (lambda rows: {"batch_size": 8, "sampler": RandomSampler(range(30), num_samples=53)}, "eager"),
}


@pytest.mark.parametrize("name", LOADERS)
def test_whatever_visits_the_rows_of_a_loader_visits_them_in_a_fit(name):
    X, y = data()
    how, engine = LOADERS[name]
    found = []
    for fitted in (True, False):
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=0.01)
        rows = TensorDataset(fastgd.from_numpy(X), fastgd.from_numpy(y))
        loader = DataLoader(rows, **how(rows))
        fastgd.manual_seed(1)
        if fitted:
            assert Trainer(model, optimizer, nn.MSELoss()).fit(loader, epochs=3).engine == engine
        else:
            for _ in range(3):
                for batch, target in loader:
                    optimizer.zero_grad()
                    nn.MSELoss()(model(batch), target).backward()
                    optimizer.step()
        found.append((model.weight.detach().numpy(), fastgd.get_rng_state().tolist()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    assert found[0][1] == found[1][1]


def test_a_loader_that_leaves_out_the_last_batch():
    X, y = data()
    rows = TensorDataset(fastgd.from_numpy(X), fastgd.from_numpy(y))
    history = fit(model_for(X, y), DataLoader(rows, batch_size=20, drop_last=True))
    kept = fit(model_for(X, y), X[:40], y[:40], batch_size=20)
    assert history.engine == "stream"
    assert history.loss.tolist() == kept.loss.tolist()
    for given in (DataLoader(rows, batch_size=60, drop_last=True), X):
        options = {} if given is not X else {"y": y, "batch_size": 60, "drop_last": True}
        with pytest.raises(
            ValueError, match="drop_last leaves no batch: expected batch_size of at most the 53 rows, got 60"
        ):
            fit(model_for(X, y), given, **options)


def test_loaders_that_do_more_than_cut_rows_run_the_ordinary_loop():
    X, y = data()
    rows = TensorDataset(fastgd.from_numpy(X), fastgd.from_numpy(y))
    for loader in (
        DataLoader(rows, batch_size=8, shuffle=True, generator=fastgd.Generator()),
        DataLoader(rows, batch_size=8, collate_fn=lambda samples: default_collate(samples)),
        DataLoader(rows, batch_size=8, sampler=RandomSampler(rows, replacement=True)),
        DataLoader(Subset(rows, range(30)), batch_size=8),
    ):
        history = fit(model_for(X, y), loader)
        assert (history.engine, history.engine_reason) == ("eager", "the data are batches")
        assert np.isfinite(history.loss).all()


def test_batches_of_another_library():
    torch = pytest.importorskip("torch")
    X, y = data()
    rows = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    history = fit(model_for(X, y), torch.utils.data.DataLoader(rows, batch_size=8))
    np.testing.assert_allclose(history.loss, fit(model_for(X, y), X, y, batch_size=8).loss, rtol=1e-10)


@pytest.mark.parametrize("engine", ["auto", "eager"])
def test_a_last_batch_of_one_row_may_be_squeezed(engine):
    X, y = data(n=21)
    found = []
    for squeeze in (lambda p: p.squeeze(), lambda p: p.squeeze(1)):
        model = model_for(X, y)
        optimizer = optim.SGD(model.parameters(), lr=0.01)
        trainer = Trainer(lambda x, model=model, squeeze=squeeze: squeeze(model(x)), optimizer, nn.MSELoss())
        losses = trainer.fit(X, y[:, 0], epochs=3, batch_size=5, engine=engine).loss.tolist()
        weighted = trainer.fit(X, y[:, 0], epochs=3, batch_size=5, engine=engine, sample_weight=np.arange(21)).loss
        found.append(losses + weighted.tolist())
        assert trainer.predict(X[:1]).shape == (1,)
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_a_target_of_one_dimension_comes_back_as_one():
    X, y = data()
    model = model_for(X, y)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.01), nn.MSELoss())
    assert trainer.predict(X).shape == (53, 1)
    for target, shape in ((y[:, 0], (53,)), (y, (53, 1))):
        for engine in ("stream", "eager"):
            trainer.fit(X, target, epochs=1, engine=engine)
            assert trainer.predict(X).shape == shape
        trainer.fit([(X, target)], epochs=1)
        assert trainer.predict(X).shape == shape
    w = fastgd.zeros(4, dtype=fastgd.float64, requires_grad=True)
    flat = Trainer(lambda x: x @ w, optim.SGD([w], lr=0.01), nn.MSELoss())
    assert flat.predict(X).shape == (53,)
    for target, shape in ((y[:, 0], (53,)), (y, (53, 1))):
        assert flat.fit(X, target, epochs=1).engine == "stream"
        assert flat.predict(X).shape == shape
        assert isinstance(flat.evaluate(X, target), float)
