"""Passes over many rows: the same bits with any number of threads, in threads and in forked children."""

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal

import fastgd
from fastgd import _threads, nn, optim

SIZES = [(200_000, 130, 1), (100_001, 100, 1), (9000, 100, 10), (60_007, 3, 50)]
IDS = ["rows in place", "a last range that is shorter", "packed", "packed, short rows"]


@pytest.fixture(autouse=True)
def same_count_afterwards():
    before = fastgd.get_num_threads()
    yield
    fastgd.set_num_threads(before)


def table(n, d, k, dtype=np.float32):
    rng = np.random.default_rng(n)
    X = rng.standard_normal((n, d), np.float32).astype(dtype)
    return X, rng.standard_normal((n, k)).astype(dtype)


def fitted(X, y):
    fastgd.manual_seed(0)
    model = nn.Linear(X.shape[1], y.shape[1])
    fastgd.Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()).fit(X, y, epochs=3, engine="stream")
    return [param.detach().numpy().copy() for param in model.parameters()]


def loss_and_gradients(X, y):
    fastgd.manual_seed(0)
    model = nn.Linear(X.shape[1], y.shape[1])
    loss = nn.MSELoss()(model(fastgd.from_numpy(X)), fastgd.from_numpy(y))
    loss.backward()
    return [np.array(loss.item()), *(param.grad.numpy() for param in model.parameters())]


@pytest.mark.parametrize("size", SIZES, ids=IDS)
@pytest.mark.parametrize("run", [fitted, loss_and_gradients])
def test_any_number_of_threads_gives_the_same_bits(size, run, affine):
    X, y = table(*size)
    results = []
    for count in 1, 2, 3, 4, 2:
        fastgd.set_num_threads(count)
        results.append(run(X, y))
    for result in results[1:]:
        for one, other in zip(results[0], result, strict=True):
            assert_array_equal(one, other)


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_ranges_are_the_whole(size, affine):
    X, y = table(*size)
    fastgd.manual_seed(0)
    model = nn.Linear(size[1], size[2])
    W, b = (param.detach().numpy().copy() for param in model.parameters())
    wanted = reference.loss_and_gradients(X, y, W, b, scale=1 / y.size)
    for one, other in zip(loss_and_gradients(X, y), wanted, strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_several_models_at_once(affine):
    fastgd.set_num_threads(3)
    X, y = table(*SIZES[0])
    alone = loss_and_gradients(X, y)[0]
    model = nn.Linear(X.shape[1], 1)
    with fastgd.no_grad():
        model.weight.zero_()
        model.bias.zero_()
    found = []

    def work():
        for _ in range(5):
            found.append(nn.MSELoss()(model(fastgd.from_numpy(X)), fastgd.from_numpy(y)).item())

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 20 and set(found) == {found[0]} and found[0] != alone


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_has_threads_of_its_own(affine):
    """In a process of its own: in this one, threads that another test's library left would make fork warn."""
    program = """
import os
import fastgd

fastgd.set_num_threads(2)
X, y = fastgd.randn(200_000, 130), fastgd.randn(200_000, 1)
model = fastgd.nn.Linear(130, 1)

def loss():
    return fastgd.nn.MSELoss()(model(X), y).item()

before = loss()         # the workers are there
child = os.fork()
if not child:
    os._exit(0 if loss() == before else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no such signals")
def test_a_pass_ends_before_what_a_signals_handler_raises(affine):
    """In a process of its own: threads that write into memory of a pass that has ended would end this one."""
    program = """
import signal
import numpy as np
import fastgd

fastgd.set_num_threads(4)
X, y = fastgd.randn(200_000, 60), fastgd.randn(200_000, 1)
model = fastgd.nn.Linear(60, 1)
raised = []

class TimeIsUp(Exception):
    pass

def tell(*_):
    global armed
    if armed:
        armed = False
        raise TimeIsUp

def gradient():
    global armed
    model.weight.grad = None
    try:
        armed = True
        fastgd.nn.MSELoss()(model(X), y).backward()
        armed = False
    except TimeIsUp as error:
        raised.append(error)
    return model.weight.grad

armed = False
expected = gradient().numpy().copy()
signal.signal(signal.SIGALRM, tell)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.007)
while len(raised) < 50:
    found = gradient()
    assert found is None or np.array_equal(found.numpy(), expected)
signal.setitimer(signal.ITIMER_REAL, 0)
"""
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert (out.returncode, out.stderr) == (0, "")


@pytest.mark.parametrize(
    "given, wanted", [("3", 3), ("5,2", 5), ("", None), ("many", None), ("0", None), ("9" * 30, None)]
)
def test_the_environment_says_how_many(given, wanted):
    program = "import fastgd, os; print(fastgd.get_num_threads(), len(os.sched_getaffinity(0)))"
    told = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "OMP_NUM_THREADS": given, "MKL_NUM_THREADS": "",
        "OPENBLAS_NUM_THREADS": ""}, capture_output=True, text=True, check=True,
    ).stdout.split()
    assert told[0] == (told[1] if wanted is None else str(wanted))


def test_show_config(capsys):
    fastgd.set_num_threads(2)
    fastgd.show_config()
    shown = capsys.readouterr().out
    assert "threads    2 (of" in shown and "level      " in shown and "compiler   " in shown and "flags      " in shown


def test_small_passes_start_no_threads(monkeypatch, affine):
    fastgd.set_num_threads(2)
    queues, queue = [], _threads._the_queue
    monkeypatch.setattr(_threads, "_the_queue", lambda others: queues.append(queue(others)) or queues[-1])
    loss_and_gradients(*table(1000, 20, 1))
    assert not queues
    loss_and_gradients(*table(*SIZES[0]))
    assert queues


@pytest.mark.parametrize(
    "given, error",
    [(True, RuntimeError), (2.0, RuntimeError), (0, RuntimeError), (1 << 31, ValueError), (1 << 70, ValueError)],
)
def test_numbers_of_threads_that_torch_refuses(given, error):
    before = fastgd.get_num_threads()
    for setter in fastgd.set_num_threads, fastgd.set_num_interop_threads:
        with pytest.raises(error):
            setter(given)
    assert fastgd.get_num_threads() == before


def test_a_numpy_number_of_threads():
    fastgd.set_num_threads(np.int64(3))
    assert fastgd.get_num_threads() == 3
