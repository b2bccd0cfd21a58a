"""Fits that one process begins and another one ends: run by test_trainer_resume.py.

`begin` fits and saves after every epoch; `end` resumes from each of these files and prints what came out; `whole`
prints what comes out without an interruption; `forever` fits on, saving every epoch, until somebody ends it.
"""

import json
import sys

import numpy as np

import fastgd
from fastgd import Trainer, nn, optim
from fastgd.optim import lr_scheduler
from fastgd.utils.data import DataLoader, TensorDataset

EPOCHS = 9


def _loader(X, y):
    rows = TensorDataset(fastgd.from_numpy(X), fastgd.from_numpy(y))
    return DataLoader(rows, batch_size=16, shuffle=True, generator=fastgd.Generator().manual_seed(4))


def _cosine(optimizer):
    return lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)


def _plateau(optimizer):
    return lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5, threshold=0.5)


def _cycle(optimizer):
    return lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=EPOCHS * 4)


SHUFFLED = {"batch_size": 16, "shuffle": True}
SPECTRAL = {"engine": "spectral"}

# name: what fit is given, and of the Trainer the scheduler, when it steps, and the optimizer
CASES = {
    "full batch": ({}, _cosine, "epoch", None),
    "full batch of a loader": ({"batch_size": 1000, "shuffle": True}, None, "epoch", None),
    "shuffled": (SHUFFLED, _cosine, "epoch", None),
    "in order, without the last": ({"batch_size": 16, "drop_last": True}, None, "epoch", None),
    "one cycle": (SHUFFLED, _cycle, "batch", None),
    "plateau": (SHUFFLED, _plateau, "epoch", None),
    "tol": ({"tol": 1.2, "patience": 3}, None, "epoch", None),
    "grad_tol": ({"grad_tol": 2.0}, None, "epoch", None),
    "tol in batches": ({**SHUFFLED, "tol": 0.3, "patience": 3}, _plateau, "epoch", None),
    "validation": ({"validation_data": True}, _plateau, "epoch", None),
    "best on validation": ({**SHUFFLED, "validation_data": True, "tol": 0.2, "patience": 2}, None, "epoch", None),
    "weighted": ({**SHUFFLED, "sample_weight": True}, _cosine, "epoch", None),
    "spectral": (SPECTRAL, _cosine, "epoch", None),
    "spectral, of a loader": ({**SHUFFLED, **SPECTRAL, "batch_size": 1000}, None, "epoch", None),
    "spectral, weighted": ({**SPECTRAL, "sample_weight": True, "tol": 1.2, "patience": 3}, None, "epoch", None),
    "spectral, best": ({**SPECTRAL, "validation_data": True, "tol": 0.2, "patience": 2}, _plateau, "epoch", None),
    "eager": ({**SHUFFLED, "engine": "eager"}, _cycle, "batch", None),
    "Adam": (SHUFFLED, _cosine, "epoch", optim.Adam),
    "a loader with a generator": ({"X": _loader}, None, "epoch", None),
}


def make(name):
    """The Trainer of a case, and the arguments of its fit."""
    options, schedule, every, optimizer = CASES[name]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(53, 5)).astype("f4")
    y = (X @ rng.normal(size=(5, 2)) + 0.1 * rng.normal(size=(53, 2))).astype("f4")
    given = {"X": X, "y": y, "epochs": EPOCHS, **options}
    if "X" in options:
        given.update(X=options["X"](X, y), y=None)
    if "validation_data" in options:
        given["validation_data"] = (X[::3] + 0.1, y[::3])
    if "sample_weight" in options:
        given["sample_weight"] = np.abs(X[:, 0])
    fastgd.manual_seed(2)
    model = nn.Linear(5, 2)
    optimizer = optimizer(model.parameters()) if optimizer else optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    scheduler = None if schedule is None else schedule(optimizer)
    return Trainer(model, optimizer, nn.MSELoss(), scheduler, every), given


def result(trainer):
    """Everything that a fit leaves, to the last bit."""
    found = trainer.history.state_dict()
    found.pop("seconds")
    found["weights"] = [param.tolist() for param in trainer.model.parameters()]
    found["state"] = [
        {key: value.tolist() for key, value in each.items()}
        for each in trainer.optimizer.state_dict()["state"].values()
    ]
    found["group"] = {k: v for k, v in trainer.optimizer.param_groups[0].items() if k != "params"}
    found["scheduler"] = trainer.scheduler and trainer.scheduler.last_epoch
    found["random"] = fastgd.rand(1).item()
    return json.loads(json.dumps(found, default=lambda value: value.tolist()))


def whole(name):
    trainer, given = make(name)
    trainer.fit(**given)
    return result(trainer)


def begin(folder):
    for name in CASES:
        trainer, given = make(name)
        trainer.fit(**given, callbacks=[lambda t, r, name=name: t.save(f"{folder}/{name} {r['epoch'] + 1}")])


def end(folder):
    results = {}
    for name in CASES:
        for epoch in range(1, EPOCHS + 1):
            trainer, given = make(name)
            try:
                trainer.resume(f"{folder}/{name} {epoch}")
            except FileNotFoundError:  # stopped earlier
                break
            fastgd.manual_seed(999)
            trainer.fit(**given)
            results[f"{name} {epoch}"] = result(trainer)
    print(json.dumps(results))


def forever(folder):
    trainer, given = make("shuffled")
    given["epochs"] = 10**9
    trainer.scheduler = None

    def save(trainer, record):
        trainer.save(f"{folder}/run")
        if record["epoch"] == 20:
            print("begun", flush=True)

    trainer.fit(**given, callbacks=[save])


if __name__ == "__main__":
    {"begin": begin, "end": end, "forever": forever}[sys.argv[1]](sys.argv[2])
