"""Fits that end in another process than they began in, and fits that a signal ends: real processes, files, signals."""

import json
import signal
import subprocess
import sys
import threading
import warnings

import interrupted_fits
import numpy as np
import pytest
from trainer_cases import ENVIRONMENT, data, model_for

import fastgd
from fastgd import Trainer, _kernels, nn, optim
from fastgd.history import History

pytestmark = pytest.mark.usefixtures("affine")
SCRIPT = interrupted_fits.__file__


def run(*arguments):
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert "bit-identical" not in done.stderr  # no warning of other arithmetic
    return done.stdout


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("fits"))
    run(SCRIPT, "begin", folder)
    return json.loads(run(SCRIPT, "end", folder))


@pytest.mark.parametrize("name", interrupted_fits.CASES)
def test_a_fit_resumed_in_another_process_is_bit_identical(name, resumed):
    expected = interrupted_fits.whole(name)
    epochs = len(expected["loss"])
    options = interrupted_fits.CASES[name][0]
    assert expected["stop_reason"] == next((limit for limit in ("tol", "grad_tol") if limit in options), "epochs")
    assert 3 < epochs
    for epoch in range(1, epochs + 1):
        assert resumed[f"{name} {epoch}"] == expected, epoch
    assert f"{name} {epochs + 1}" not in resumed


@pytest.mark.parametrize("name", "Adagrad Adadelta Adam Adamax ASGD LBFGS NAdam RAdam RMSprop Rprop SGD".split())
def test_every_optimizer_goes_on_with_the_same_bits(name, tmp_path):
    X, y = data()

    def make():
        model = model_for(X, y)
        return Trainer(model, getattr(optim, name)(model.parameters(), lr=1e-3), nn.MSELoss())

    whole, begun, resumed = make(), make(), make()
    whole.fit(X, y, epochs=9)
    begun.fit(X, y, epochs=4)
    begun.save(tmp_path / "fit.pth")
    resumed.resume(tmp_path / "fit.pth").fit(X, y, epochs=9)
    for mine, theirs in zip(resumed.model.parameters(), whole.model.parameters()):
        assert mine.tolist() == theirs.tolist()
        kept, expected = resumed.optimizer.state[mine], whole.optimizer.state[theirs]
        assert repr(kept) == repr(expected)  # types too


@pytest.mark.parametrize("name", ["full batch", "shuffled", "spectral", "eager"])
def test_what_a_callback_changed_is_in_the_checkpoint(name, tmp_path):
    def change(trainer, record):
        for group in trainer.optimizer.param_groups:
            group["weight_decay"] = 0.01 * record["epoch"]
            group["nesterov"] = record["epoch"] > 4
        if record["epoch"] == 3:
            trainer.optimizer.state[trainer.model.bias]["momentum_buffer"] *= 0.5

    def save(trainer, record):
        trainer.save(tmp_path / str(record["epoch"]))

    trainer, given = interrupted_fits.make(name)
    trainer.fit(**given, callbacks=[change, save])
    expected = interrupted_fits.result(trainer)
    for epoch in range(interrupted_fits.EPOCHS):
        trainer, given = interrupted_fits.make(name)
        trainer.resume(tmp_path / str(epoch))
        trainer.fit(**given, callbacks=[change])
        assert interrupted_fits.result(trainer) == expected


@pytest.fixture
def set_level():
    """Chooses the level of processors, for this test."""
    before = _kernels.level()
    yield _kernels.set_level
    _kernels.set_level(before)


@pytest.mark.parametrize("name", ["full batch", "shuffled", "weighted", "validation", "spectral", "eager"])
def test_a_fit_goes_on_at_the_level_that_it_began_at(name, set_level, tmp_path):
    wholes = {}
    for each in _kernels.levels():
        set_level(each)
        wholes[each] = interrupted_fits.whole(name)
        trainer, given = interrupted_fits.make(name)
        trainer.fit(**given, callbacks=[lambda t, r: r["epoch"] == 3])
        trainer.save(tmp_path / each)
    here = _kernels.level()
    assert any(whole != wholes[here] for whole in wholes.values())
    for each, whole in wholes.items():
        trainer, given = interrupted_fits.make(name)
        trainer.resume(tmp_path / each)
        seen = set()
        if each == "baseline":  # and again: what a resumed fit saves
            trainer.fit(**given, callbacks=[lambda t, r: r["epoch"] == 5])
            trainer.save(tmp_path / "again")
            trainer, given = interrupted_fits.make(name)
            trainer.resume(tmp_path / "again")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            trainer.fit(**given, callbacks=[lambda t, r, seen=seen: seen.add(_kernels.level())])
        assert interrupted_fits.result(trainer) == whole
        assert seen == {each}
        assert _kernels.level() == here  # for that fit only


@pytest.mark.parametrize(
    ("name", "changed", "told"),
    [
        ("full batch", {"level": "x86-64-v9"}, "with level x86-64-v9, this machine computes with level "),
        ("shuffled", {"blocks": [16, 128, 4096]}, r"with blocks \[16, 128, 4096\], this"),
        ("full batch", {"packed": False}, "with packed False, this machine computes with packed True"),
        ("spectral", {"numpy digest": "0"}, "with numpy digest 0, this"),
        ("eager", {"numpy digest": "0"}, "with numpy digest 0, this"),
    ],
)
def test_a_machine_that_computes_otherwise_says_so(name, changed, told, tmp_path):
    trainer, given = interrupted_fits.make(name)
    trainer.fit(**given, callbacks=[lambda t, r: r["epoch"] == 3])
    trainer.save(tmp_path / "run")
    state = fastgd.load(tmp_path / "run")
    state["fit"]["arithmetic"].update(changed)
    fastgd.save(state, tmp_path / "run")
    trainer, given = interrupted_fits.make(name)
    trainer.resume(tmp_path / "run")
    with pytest.warns(UserWarning, match=told + ".*the result will not be bit-identical to that of a fit") as caught:
        trainer.fit(**given)
    assert [each.filename for each in caught] == [__file__]
    expected = interrupted_fits.whole(name)
    np.testing.assert_allclose(trainer.history.loss, expected["loss"], rtol=1e-5)


def test_a_process_that_is_killed_while_it_saves_leaves_a_whole_file(tmp_path):
    for attempt in range(4):
        with subprocess.Popen(
            [sys.executable, SCRIPT, "forever", tmp_path], stdout=subprocess.PIPE, env=ENVIRONMENT
        ) as child:
            assert child.stdout.readline() == b"begun\n"
            # A moment that differs from time to time, of a process that does little but save.
            threading.Event().wait(0.0017 * attempt)
            child.kill()
        trainer, given = interrupted_fits.make("shuffled")
        trainer.scheduler = None
        trainer.resume(tmp_path / "run")
        epochs = len(trainer.history)
        assert epochs > 20
        trainer.fit(**{**given, "epochs": epochs + 2})
        found = interrupted_fits.result(trainer)
        whole, given = interrupted_fits.make("shuffled")
        whole.scheduler = None
        whole.fit(**{**given, "epochs": epochs + 2})
        assert found == interrupted_fits.result(whole)


# Presses Ctrl-C in a process that has worked for a while, by its processors' clock, in a function of fastgd.
PRESS_IN = """
import os, signal, sys, threading, time

def press_in(function):
    main, pressed = threading.main_thread().ident, []

    def is_in_it():
        frame = sys._current_frames()[main]
        while frame is not None:
            if frame.f_code.co_name == function and frame.f_globals.get("__name__", "").startswith("fastgd."):
                return True
            frame = frame.f_back
        return False

    def press():
        while not is_in_it():
            time.sleep(0.001)
        began = time.process_time()
        while time.process_time() - began < 0.1:
            time.sleep(0.001)
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    return pressed
"""

PRESSED = PRESS_IN + """
import numpy as np
import fastgd
from fastgd import nn, optim

def fit(rows, features, outputs=1, **options):
    X = np.zeros((rows, features), "f4")
    X[:64] = np.random.default_rng(0).normal(size=(64, features))
    y = np.ones((rows, outputs), "f4")

    def make():
        fastgd.manual_seed(0)
        model = nn.Linear(features, outputs)
        optimizer = optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
        return fastgd.Trainer(model, optimizer, nn.MSELoss(), optim.lr_scheduler.ExponentialLR(optimizer, 0.999))

    def state(trainer):
        momenta = trainer.optimizer.state_dict()["state"].values()
        return (
            [p.tolist() for p in trainer.model.parameters()], [each["momentum_buffer"].tolist() for each in momenta],
            fastgd.get_rng_state().tolist(), trainer.scheduler.last_epoch, trainer.history.loss.tolist(),
        )

    trainer = make()
    pressed = press_in("advance")
    try:
        trainer.fit(X, y, epochs=10**9, **options)
    except KeyboardInterrupt:
        took = time.perf_counter() - pressed[0]
    after, history = state(trainer), trainer.history
    trainer.save(sys.argv[1])
    epochs = len(history)
    again = make()
    again.fit(X, y, epochs=epochs, **options)
    same = after == state(again)
    print(history.engine, history.stop_reason, took < 0.2, epochs > 0, same)
    more = epochs and epochs + 1
    whole = make()
    whole.fit(X, y, epochs=more, **options)
    expected = state(whole)
    trainer = make().resume(sys.argv[1])
    trainer.fit(X, y, epochs=more, **options)
    print(state(trainer) == expected)
"""


@pytest.mark.parametrize(
    ("call", "engine", "whole_epochs"),
    [
        ("fit(2000, 50)", "spectral", True),
        ("fit(2000, 50, engine='stream')", "stream", True),
        ("fit(2000, 50, batch_size=64, shuffle=True)", "stream", True),
        ("fit(2000, 50, batch_size=64, shuffle=True, verbose=10**6, callbacks=[lambda t, r: None])", "stream", True),
        ("fit(2000, 50, batch_size=64, shuffle=True, engine='eager')", "eager", True),
        ("fit(300_000, 40, batch_size=1, shuffle=True, engine='eager')", "eager", False),
        ("fit(20_000_000, 4, batch_size=1)", "stream", False),
        ("fit(200_000, 500, 500, engine='stream')", "stream", False),
    ],
)
def test_ctrl_c_stops_at_once_and_at_a_whole_epoch(call, engine, whole_epochs, tmp_path):
    out = run("-c", PRESSED + call, str(tmp_path / "run")).split()
    assert out == [engine, "interrupted", "True", str(whole_epochs), "True", "True"]


class TimeIsUp(Exception):
    pass


@pytest.mark.parametrize(
    ("options", "many"),
    [
        ({"engine": "stream"}, 10**5), ({"batch_size": 64, "shuffle": True}, 10**4), ({"batch_size": 1}, 10**4),
        ({"engine": "spectral"}, 10**8),
    ],
)  # fmt: skip
def test_what_a_signals_handler_raises_ends_a_fit_at_a_whole_epoch(options, many, monkeypatch):
    monkeypatch.setattr(fastgd.fit, "FIRST_STRETCH", 1 << 60)  # C runs all epochs at once

    def fit(epochs):
        fastgd.manual_seed(0)
        model = nn.Linear(20, 1)
        trainer = Trainer(model, optim.SGD(model.parameters(), lr=1e-3, momentum=0.9), nn.MSELoss())
        try:
            trainer.fit(X, X[:, 0], epochs=epochs, **options)
        except TimeIsUp:
            assert trainer.history.stop_reason is None
        return trainer.history.loss.tolist(), model.weight.tolist(), fastgd.rand(1).item()

    def tell(*_):
        raise TimeIsUp

    X = np.random.default_rng(0).standard_normal((5000, 20), np.float32)
    before = signal.signal(signal.SIGPROF, tell)
    try:
        signal.setitimer(signal.ITIMER_PROF, 0.1)
        ended = fit(many)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert len(ended[0]) < many and ended == fit(len(ended[0]))


class PressedOnce:
    """A piece of a history, while which is copied Ctrl-C is pressed."""

    size, pressed = 2, False

    def __array__(self, dtype=None, copy=None):
        if not self.pressed:
            self.pressed = True
            raise KeyboardInterrupt
        return np.array([3.0, 4.0])


def test_ctrl_c_while_a_history_is_copied_leaves_it_whole():
    history = History()
    for piece in (np.arange(3.0), PressedOnce(), 5.0):
        history.append(loss=piece)
    with pytest.raises(KeyboardInterrupt):
        print(history.loss)
    assert history.loss.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("epochs", range(9))
@pytest.mark.parametrize("read", [False, True])
def test_a_history_is_cut_without_a_copy(epochs, read):
    # A copy of as many epochs as a second makes of few rows would take longer than Ctrl-C may.
    history = History()
    history.append(loss=np.arange(2.0))
    if read:
        assert len(history.loss) == 2
    memory = history._columns["loss"].memory
    for piece in (np.arange(2.0, 5.0), 5.0, np.arange(6.0, 8.0)):
        history.append(loss=piece)
    history.cut(epochs)
    assert history._columns["loss"].memory is memory
    assert len(history) == min(epochs, 8)
    history.append(loss=9.0)
    assert history.loss.tolist() == [*range(min(epochs, 8)), 9]


SUMMING = PRESS_IN + """
import numpy as np
import fastgd
from fastgd import nn, optim

n, d, k = map(int, sys.argv[1:4])
X, y = np.random.default_rng(0).random((n, d), "f4"), np.ones((n, k), "f4")
model = nn.Linear(d, k)
before = model.weight.detach().clone()
trainer = fastgd.Trainer(model, optim.SGD(model.parameters(), lr=1e-4), nn.MSELoss())

pressed = press_in(sys.argv[4])
try:
    trainer.fit(X, y, epochs=10**9, engine="spectral")
except KeyboardInterrupt:
    print(time.perf_counter() - pressed[0] < 0.2, fastgd.equal(model.weight.detach(), before), trainer.history)
"""


@pytest.mark.parametrize("sizes, function", (((200_000, 500, 500), "sums"), ((300, 3500, 1), "eigenbasis")))
def test_ctrl_c_while_the_sums_or_their_eigenbasis_are_made_leaves_everything_as_it_was(sizes, function):
    out = run("-c", SUMMING, *map(str, sizes), function).split()
    assert out == ["True", "True", "None"]
