"""Fits that end in another process than they began in, and fits that a signal ends: real processes, files, signals."""

import json
import subprocess
import sys
import threading

import interrupted_fits
import pytest
from trainer_cases import ENVIRONMENT

pytestmark = pytest.mark.usefixtures("affine")
SCRIPT = interrupted_fits.__file__


def run(*arguments):
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
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


PRESSED = """
import os, signal, sys, threading, time
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

    def press():
        time.sleep(0.25)
        global pressed
        pressed = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    trainer = make()
    threading.Thread(target=press).start()
    try:
        trainer.fit(X, y, epochs=10**9, **options)
    except KeyboardInterrupt:
        took = time.perf_counter() - pressed
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


SUMMING = """
import os, signal, threading, time
import numpy as np
import fastgd
from fastgd import nn, optim

X, y = np.ones((200_000, 500), "f4"), np.ones((200_000, 500), "f4")
model = nn.Linear(500, 500)
before = model.weight.detach().clone()
trainer = fastgd.Trainer(model, optim.SGD(model.parameters(), lr=1e-4), nn.MSELoss())

def press():
    time.sleep(0.25)
    global pressed
    pressed = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press).start()
try:
    trainer.fit(X, y, epochs=10**9, engine="spectral")
except KeyboardInterrupt:
    print(time.perf_counter() - pressed < 0.2, fastgd.equal(model.weight.detach(), before), trainer.history)
"""


def test_ctrl_c_while_the_sums_are_made_leaves_everything_as_it_was():
    out = run("-c", SUMMING).split()
    assert out == ["True", "True", "None"]
