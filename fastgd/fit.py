"""One fit in progress: stretches of epochs, what is looked at between them, and what happens when one fails."""

import math
import time
import weakref
from typing import NamedTuple

import numpy as np

from . import _kernels
from .descent.arithmetic import arithmetic, warn_of_other_bits
from .descent.choice import choose_engine
from .descent.data import Rows, check_finite, intake, paired
from .descent.eager import EagerEngine
from .descent.engine import Limits, Stop
from .descent.plan import NotPlannable, examine
from .descent.rates import Rates, constant
from .descent.snapshot import Snapshot, arrays_of, changing, parameters_of, put_back
from .descent.spectral import SpectralEngine
from .descent.stability import largest_stable_rate, spread_of_features, stable_limit
from .history import DivergenceError, History
from .progress import Progress

FAILURES = (Stop.NOT_FINITE, Stop.OVERFLOWED, Stop.INTERRUPTED, Stop.NO_MEMORY)
STRETCH_SECONDS = 0.2  # how long C runs before Python looks at the clock
MOST_EPOCHS = 1 << 22  # of a stretch: memory in large pages, of which a descent on few rows fills one in no time
SCHEDULED = 1 << 10  # of the first one: a scheduler is stepped ahead of them, and the descent may end before
FIRST_STRETCH = 1 << 20  # numbers that an engine goes over, of so many epochs as nothing is known of their time yet


class Standing(NamedTuple):
    """Where a fit stands between two stretches, to come back to."""

    trained: Snapshot  # parameters, optimizer, scheduler and generators
    state: dict  # of the engine and of the validation
    epochs: int


class Finished:
    """What a copy of a Trainer keeps of the last fit, whose memory C points into: what predict and save need."""

    def __init__(self, state):
        self._state, self.target_ndim = state, state["target_ndim"]

    def state_dict(self):
        return self._state


class Fit:
    """One call of Trainer.fit: its data, its engine, and how far it has come.

    Args:
        trainer: whose model, optimizer, criterion and scheduler these are.
        X, y, sample_weight, validation_data: as given to fit.
        arguments: of fit, those that a resumed fit must repeat.
        epochs: of the whole fit.
        resumed: the engine of the saved fit that this one goes on with, or None.
    """

    def __init__(self, trainer, X, y, sample_weight, validation_data, arguments, epochs, resumed):
        self._trainer, self.epochs = weakref.ref(trainer), epochs  # which holds the fit, and its copy of X
        self.history = History()
        self.tol = -1.0 if arguments["tol"] is None else float(arguments["tol"])
        self.grad_tol = -1.0 if arguments["grad_tol"] is None else float(arguments["grad_tol"])
        self.patience = arguments["patience"]
        self.val_best, self.val_stale = np.inf, 0
        self.best_weights = None  # on the validation data
        self.last_weights = None  # of the last epoch, where the best ones were put in their place
        self.rates = Rates(trainer.optimizer, trainer.scheduler, trainer.schedule_every)
        loading = (arguments["batch_size"], arguments["shuffle"], arguments["drop_last"])
        self.data = intake(X, y, sample_weight, *loading, trainer.dtype)
        self.arguments = {**arguments, **self.data.arguments()}
        if self.grad_tol >= 0 and not self.data.full:
            raise ValueError(
                f"grad_tol must come with batch_size=None, but got grad_tol={self.grad_tol:g} and smaller batches, "
                "whose gradients do not vanish: stop by tol"
            )
        self.validation = None if validation_data is None else self._pair(validation_data)
        self.engine, self.history.engine_reason = self._choose_engine(arguments["engine"], resumed)
        self.history.engine, self.history.loss_error = self.engine.name, self.engine.loss_error
        self.level = _kernels.level()
        self.initial = self.before = self._snapshot()

    def _pair(self, validation_data):
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
            raise TypeError(
                f"validation_data must be a pair (X, y), but got a {type(validation_data).__name__}"
                + (f" of {len(validation_data)}" if isinstance(validation_data, (tuple, list)) else "")
                + ": pass (X, y)"
            )
        return paired(*validation_data, self.trainer.dtype, " of validation_data")

    def _choose_engine(self, wanted, resumed=None):
        model, optimizer, criterion = self.trainer.model, self.trainer.optimizer, self.trainer.criterion
        return choose_engine(wanted, model, optimizer, criterion, self.data, self.rates, self.epochs, resumed)

    def __reduce__(self):
        return Finished, (self.state_dict(),)

    @property
    def trainer(self):
        return self._trainer()

    @property
    def target_ndim(self):
        return self.data.target_ndim

    def descend(self, max_seconds, callbacks, progress, verbose):
        """Descends stretch by stretch to the last epoch, or until something stops it; arguments as Trainer.fit's."""
        history, trainer, epochs = self.history, self.trainer, self.epochs
        start = time.perf_counter()
        earlier = history.last("seconds") if len(history) else 0.0
        tol = -1.0 if self.validation is not None else self.tol
        deadline = 0.0 if max_seconds is None else time.monotonic() + max_seconds
        limits = Limits(tol, self.patience, self.grad_tol, deadline)
        watched = bool(callbacks) or self.validation is not None or self.rates.needs_metric
        stretch = 1 if watched else self._first_stretch()
        previous = None  # the snapshot before the last stretch, and its epochs
        bar = Progress(progress, epochs, len(history))
        reason = history.stop_reason if history.stop_reason in ("tol", "grad_tol") else None  # of a resumed fit
        history.stop_reason = None
        try:
            while reason is None and len(history) < epochs:
                begun = time.perf_counter()
                n = min(stretch, epochs - len(history))
                if verbose:
                    n = min(n, verbose - len(history) % verbose)
                if self.before.epochs != len(history):
                    self.before = self._snapshot()
                stop, done, losses, norms, rates = self.engine.advance(n, limits)
                took = time.perf_counter() - begun
                if done:
                    stamp = earlier + time.perf_counter() - start
                    history.append(loss=losses, lr=rates, seconds=constant(stamp, done))
                    if len(norms):
                        history.append(grad_norm=norms)
                if stop in FAILURES:
                    break
                reason = {Stop.STALE: "tol", Stop.FLAT: "grad_tol", Stop.LATE: "max_seconds"}.get(stop)
                reason = self._after(reason, callbacks, verbose, bar)
                if reason is None and deadline and time.monotonic() > deadline:
                    reason = "max_seconds"
                previous = self.before, done
                bar.show(len(history), history)
                if not watched:
                    stretch = min(max(int(done * STRETCH_SECONDS / max(took, 1e-9)), 1), 4 * stretch, MOST_EPOCHS)
            else:
                stop = Stop.RAN
        except BaseException as error:
            # Also what a callback raises: everything stands at the last whole epoch.
            self._undo()
            self._interrupted(error)
            raise
        finally:
            bar.close()
        if stop in FAILURES:
            if not done:
                self._undo()
            raise self._failure(stop, previous if stop == Stop.NOT_FINITE and not done else None)
        history.stop_reason = reason or "epochs"
        if self.best_weights is not None:
            tensors = changing(trainer.model, trainer.optimizer)
            self.last_weights = arrays_of(tensors)
            put_back(tensors, self.best_weights)

    def _first_stretch(self):
        """How many epochs C may run before anything is known of their time."""
        if not isinstance(self.data, Rows):
            return 1
        numbers = self.engine.numbers or self.data.X.numel()
        most = MOST_EPOCHS if self.rates.scheduler is None else SCHEDULED
        return max(1, min(most, FIRST_STRETCH // max(numbers, 1)))

    def _after(self, reason, callbacks, verbose, bar):
        """After a stretch: validation, what looks at the loss, lines, callbacks. The reason to stop, or None."""
        history, trainer = self.history, self.trainer
        if self.validation is not None:
            value = self._validate()
            history.append(val_loss=value)
            if self.tol >= 0:
                self.val_stale = 0 if value < self.val_best - self.tol else self.val_stale + 1
                if value < self.val_best:
                    self.val_best = value
                    self.best_weights = arrays_of(changing(trainer.model, trainer.optimizer))
                if self.val_stale >= self.patience:
                    reason = reason or "tol"
        self.rates.metric(history.last("loss" if self.validation is None else "val_loss"))
        if verbose and len(history) % verbose == 0:
            value = f"  val_loss {history.val_loss[-1]:.6g}" if self.validation is not None else ""
            bar.write(f"epoch {len(history):6d}  loss {history.loss[-1]:.6g}{value}  lr {history.lr[-1]:.4g}")
        history.stop_reason = reason  # a callback may save
        if callbacks:
            record = history.record()
            for callback in callbacks:
                if callback(trainer, record):
                    reason = reason or "callback"
            if reason is None:
                self._look_again()
        return reason

    def _look_again(self):
        """Goes on with an engine that does what the loop would do now: a callback may have changed anything."""
        trainer, before = self.trainer, self.engine
        if (trainer.optimizer, trainer.scheduler) != (self.rates.optimizer, self.rates.scheduler):
            raise ValueError(
                "trainer.optimizer and trainer.scheduler must stay the same in a fit, but a callback replaced one: "
                "change optimizer.param_groups, or return True and fit again"
            )
        if isinstance(before, EagerEngine):
            before.model, before.criterion = trainer.model, trainer.criterion
            return
        found = self._found()
        if found is not None and before.found.same_descent(found):
            return
        self.engine, reason = self._choose_engine(self.arguments["engine"], before.name)
        self.engine.best, self.engine.stale = before.best, before.stale
        if self.engine.name != before.name:
            self.history.engine = self.engine.name
            self.history.engine_reason = f"{before.name} up to epoch {len(self.history)}, then: {reason}"

    def _found(self):
        """What C could descend on now, or None."""
        try:
            return examine(self.trainer.model, self.trainer.optimizer, self.trainer.criterion, self.data)
        except NotPlannable:
            return None

    def _validate(self):
        value = self.trainer.evaluate(*self.validation)
        if not math.isfinite(value):
            X, y = self.validation
            self._refuse(check_finite, **{"X of validation_data": X, "y of validation_data": y})
        return value

    # -- undoing

    def _state(self):
        return {
            "engine": self.engine.state_dict(),
            "val_best": float(self.val_best),
            "val_stale": self.val_stale,
            "best_weights": self.best_weights,
        }

    def _load_state(self, state):
        self.engine.load_state_dict(state["engine"])
        self.val_best, self.val_stale, self.best_weights = state["val_best"], state["val_stale"], state["best_weights"]

    def _snapshot(self):
        trainer = self.trainer
        trained = Snapshot(trainer.model, trainer.optimizer, trainer.scheduler, self.data.generators)
        return Standing(trained, self._state(), len(self.history))

    def _undo(self):
        """Puts everything where it stood before the stretch."""
        self.before.trained.restore()
        self._load_state(self.before.state)
        self.history.cut(self.before.epochs)

    # -- what went wrong

    def _failure(self, stop, previous):
        """The error that says why an epoch did not end well; raised here, it and this frame would hold each other."""
        if stop == Stop.INTERRUPTED:
            return self._interrupted(self.engine.take_raised())
        if stop == Stop.NO_MEMORY:
            return MemoryError("no memory for the sums of one step")
        self.history.stop_reason = "diverged"
        self._refuse(self.data.check_finite)
        error = self._divergence(stop)
        if previous is not None and self.data.full:
            self._step_back(*previous)
        return error

    def _interrupted(self, error):
        """Notes what ended the fit, if it was Ctrl-C; returns the error."""
        if isinstance(error, KeyboardInterrupt):
            self.history.stop_reason = "interrupted"
        return error

    def _refuse(self, check, **data):
        """Raises what a check of the data raises, with everything as it was before the fit."""
        try:
            check(**data)
        except ValueError:
            self.before = self.initial
            self._undo()
            raise

    def _step_back(self, before, done):
        """A full batch's loss that is not finite says so of the weights that the epoch before it made."""
        before.trained.restore()
        if done > 1:
            self._choose_engine(self.engine.name)[0].advance(done - 1, Limits())

    def _divergence(self, stop):
        group = self.trainer.optimizer.param_groups[0]
        lr, epoch = float(group["lr"]), len(self.history)
        message = f"the descent diverged in epoch {epoch} at lr {lr:g}: the loss or the weights are not finite."
        limit, spread = None, 1.0
        if isinstance(self.engine, SpectralEngine):
            limit = None if group["maximize"] else stable_limit(self.engine.steepest, group)
        elif isinstance(self.data, Rows):
            found = self._found()
            if found is not None:
                limit = largest_stable_rate(
                    self.data.X, self.data.weights, found.form, group, None if self.data.full else self.data.batch_size
                )
        if isinstance(self.data, Rows):
            spread = spread_of_features(self.data.X)
        stable = limit is not None and lr <= limit and self.rates.scheduler is None
        parameters = arrays_of(parameters_of(self.trainer.optimizer))
        if not all(np.isfinite(array).all() for array in parameters):  # the epoch was undone
            message += " The weights that the fit began with are not finite either: initialise them anew."
        elif self.data.full and (stable or epoch == 0 and stop == Stop.NOT_FINITE):
            message += (
                f" X, y or the weights that the fit began with are too large for {self.trainer.dtype.name}, whatever "
                "the rate: divide the columns by their spreads."
            )
        elif limit is not None:
            which = "" if self.data.full else " for mini-batches, every row taken to be as large as the largest,"
            message += f" The largest stable rate{which} is about {limit:.3g}: use a smaller lr."
        elif group.get("maximize"):
            message += " With maximize=True the loss may grow without bound: fit fewer epochs."
        else:
            message += " Use a smaller lr."
        if spread > 10:
            message += (
                f" The features' spreads differ {spread:.3g}-fold: standardise them, (X - mean) / std, and a larger "
                "rate will do."
            )
        message += " The model holds the weights of the last finite epoch."
        return DivergenceError(message, epoch, lr, limit, self.history)

    # -- checkpoints

    def state_dict(self):
        return {
            "arguments": self.arguments,
            "arithmetic": arithmetic(self.engine, self.level),
            "state": self._state(),
            "last_weights": self.last_weights,
            "target_ndim": self.target_ndim,
            "generators": [generator.get_state() for generator in self.data.generators],
            "history": self.history.state_dict(),
        }

    def load_state_dict(self, saved):
        """Goes on where another fit was saved.

        Raises:
            ValueError: this fit has other arguments, or would run on another engine.
        """
        theirs = saved["arguments"]
        different = [name for name, value in self.arguments.items() if theirs.get(name) != value]
        if different:
            expected = ", ".join(f"{name}={theirs.get(name)!r}" for name in different)
            given = ", ".join(f"{name}={self.arguments[name]!r}" for name in different)
            raise ValueError(
                f"a resumed fit goes on with its own arguments: expected {expected}, got {given}. Repeat them, or make "
                "another Trainer for another fit"
            )
        if saved["history"]["engine"] != self.history.engine:
            raise ValueError(
                f"the saved fit ran on the engine {saved['history']['engine']}, this one would run on "
                f"{self.history.engine}: {self.history.engine_reason}. Fit the model and data of the saved one"
            )
        if len(saved["generators"]) != len(self.data.generators):
            raise ValueError("the saved fit had a loader with another generator: pass the same kind of loader")
        warn_of_other_bits(saved["arithmetic"], arithmetic(self.engine, self.level))
        self.history.load_state_dict(saved["history"])
        for generator, state in zip(self.data.generators, saved["generators"]):
            generator.set_state(state)
        if saved["last_weights"] is not None:
            put_back(changing(self.trainer.model, self.trainer.optimizer), saved["last_weights"])
        self._load_state(saved["state"])
        self.initial = self.before = self._snapshot()
