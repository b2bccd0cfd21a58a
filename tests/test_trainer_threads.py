"""Several Trainers at once: in threads, and in a forked child."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from trainer_cases import ENVIRONMENT, data, model_for

import fastgd
from fastgd import Trainer, nn, optim

pytestmark = pytest.mark.usefixtures("affine")


@pytest.mark.parametrize("engine", ["stream", "eager"])
@pytest.mark.parametrize("batches", [{}, {"batch_size": 16}], ids=str)
def test_trainers_in_threads_do_not_meet(engine, batches):
    def run(seed):
        X, y = data(500, 6, seed=seed)
        model = nn.Linear(6, 1, dtype=fastgd.float64)
        with fastgd.no_grad():
            for param in model.parameters():
                param.fill_(0.1 * seed)
        seen = []
        optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        trainer = Trainer(model, optimizer, nn.MSELoss(), optim.lr_scheduler.StepLR(optimizer, 5))
        options = {"callbacks": [lambda t, r: seen.append(r["epoch"])]} if seed % 2 else {}
        history = trainer.fit(X, y, epochs=30, engine=engine, validation_data=(X, y), **options, **batches)
        assert history.engine == engine
        assert seen == (list(range(30)) if seed % 2 else [])
        return history.loss.tolist(), history.val_loss.tolist(), model.weight.tolist()

    expected = [run(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, [*range(8)] * 3)) == expected * 3


def test_threads_share_the_data_and_the_random_stream():
    X, y = data(300, 6)

    def run(_):
        model = model_for(X, y)
        history = Trainer(model, optim.SGD(model.parameters(), lr=0.05), nn.MSELoss()).fit(
            X, y, epochs=30, batch_size=8, shuffle=True
        )
        return history.loss[-1]

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(run, range(12))) < 0.02
    assert not np.isnan(X).any()


def test_a_forked_child_fits_as_its_parent_does():
    script = """
import os
import numpy as np
import fastgd
from fastgd import nn, optim
rng = np.random.default_rng(0)
X = rng.normal(size=(200_000, 20)).astype("f4")  # rows enough for threads
y = X[:, :1].copy()

def run():
    fastgd.manual_seed(0)
    model = nn.Linear(20, 1)
    trainer = fastgd.Trainer(model, optim.SGD(model.parameters(), lr=0.1, momentum=0.5), nn.MSELoss())
    losses = trainer.fit(X, y, epochs=3).loss.tolist()
    losses += trainer.fit(X, y, epochs=1, batch_size=1000, shuffle=True).loss.tolist()
    return losses, model.weight.tolist(), fastgd.rand(1).item()

expected = run()
child = os.fork()
if child == 0:
    os._exit(0 if run() == expected else 3)
assert run() == expected
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False, env=ENVIRONMENT
    )
    assert done.stdout.split() == ["0"], done.stdout + done.stderr
