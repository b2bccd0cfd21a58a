"""Trainer: fit, predict, evaluate, save and resume, on whichever engine can run the descent."""

import copy
import math
import time
import warnings

import numpy as np

from . import serialization
from ._tensor import Tensor, from_array
from .autograd import enable_grad, no_grad
from .descent.eager import EagerEngine
from .descent.plan import NotPlannable, plan_stream
from .descent.rates import Rates
from .descent.stream import Stop
from .history import DivergenceError, History
from .nn import Module
from .progress import Progress
from .random import get_rng_state, set_rng_state
from .utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    default_collate,
    epoch_order,
)

ENGINES = ("auto", "stream", "eager")
STRETCH_SECONDS = 0.2  # how long C runs before Python looks at the clock, where somebody may be watching


class Trainer:
    """Trains a model: the whole descent in C where the model is a linear one.

    Args:
        model: a Module, or any function of a tensor.
        optimizer: of fastgd.optim, over the model's parameters.
        criterion: a loss module, or a function (prediction, target) -> scalar.
        scheduler: a learning-rate scheduler of that optimizer, or None.
        schedule_every: "epoch" or "batch": when the scheduler steps.

    Example:
        >>> trainer = fastgd.Trainer(model, optimizer, nn.MSELoss())
        >>> history = trainer.fit(X, y, epochs=200)
        >>> trainer.predict(X)
    """

    def __init__(self, model, optimizer, criterion, scheduler=None, schedule_every="epoch"):
        if schedule_every not in ("epoch", "batch"):
            raise ValueError(f"schedule_every must be 'epoch' or 'batch', but got {schedule_every!r}")
        if scheduler is not None and scheduler.optimizer is not optimizer:
            raise ValueError(
                "scheduler belongs to another optimizer: expected one made with the Trainer's optimizer, whose rates "
                "it is to set"
            )
        if isinstance(model, Module):
            own = {id(param) for param in model.parameters()}
            optimized = {id(param) for group in optimizer.param_groups for param in group["params"]}
            if own.isdisjoint(optimized):
                raise ValueError("optimizer has none of the model's parameters: make it with model.parameters()")
            left = [name for name, p in model.named_parameters() if id(p) not in optimized and p.requires_grad]
            if left:
                warnings.warn(f"the parameters {left} are not in the optimizer and will not be trained", stacklevel=2)
        self.model, self.optimizer, self.criterion = model, optimizer, criterion
        self.scheduler, self.schedule_every = scheduler, schedule_every
        self.history = None
        self._target_shape = None
        self._resumed = None

    # -- data

    def _dtype(self):
        return self.optimizer.param_groups[0]["params"][0].dtype

    def _tensor(self, name, data):
        """The data as a tensor of the model's type; shares memory where the type is right."""
        if isinstance(data, Tensor):
            array = data.detach().numpy()
        elif isinstance(data, np.ndarray):
            array = data
        elif hasattr(data, "__array__"):
            array = np.asarray(data)
        elif hasattr(data, "__dlpack__"):
            array = np.from_dlpack(data)
        else:
            array = np.asarray(data)
        wanted = self._dtype()
        if array.dtype == wanted.numpy:
            if array.ndim == 2 and array.strides[1] != array.itemsize and array.shape[1] > 1:
                return from_array(np.ascontiguousarray(array))  # once here, not once a step
            return data if isinstance(data, Tensor) and not data.requires_grad else from_array(array)
        if array.dtype.kind == "f":
            raise TypeError(
                f"{name} must be {wanted.name} as the model is, but it is {array.dtype.name}: convert it with "
                f'astype("{wanted.name}"), or the model with model.{"double" if array.dtype == np.float64 else "float"}()'
            )
        if array.dtype.kind not in "biu":
            raise TypeError(f"{name} must hold numbers, but its type is {array.dtype}")
        return from_array(array.astype(wanted.numpy))

    def _pair(self, X, y):
        """X and y as tensors, y shaped like the model's prediction."""
        X, y = self._tensor("X", X), self._tensor("y", y)
        if X.ndim == 0 or y.ndim == 0 or len(X) != len(y):
            raise ValueError(
                f"X and y must have one row each per sample, but X has shape {tuple(X.shape)} and y {tuple(y.shape)}"
            )
        if len(X) == 0:
            raise ValueError(f"X must have at least one row, but it has shape {tuple(X.shape)}")
        return X, y

    def _shaped(self, y, prediction):
        if y.shape == prediction.shape:
            return y
        if y.ndim == 1 and tuple(prediction.shape) == (len(y), 1):
            return from_array(y.detach().numpy()[:, None])
        if prediction.ndim == 1 and tuple(y.shape) == (len(prediction), 1):
            return from_array(y.detach().numpy()[:, 0])
        raise ValueError(
            f"y must have the shape of the model's prediction, {tuple(prediction.shape)}, but it has {tuple(y.shape)}"
        )

    # -- fit

    def fit(
        self, X, y=None, *, epochs, batch_size=None, shuffle=False, drop_last=False, sample_weight=None,
        validation_data=None, tol=None, grad_tol=None, patience=5, max_seconds=None, callbacks=(), progress=None,
        verbose=0, engine="auto",
    ):  # fmt: skip
        """Descends for a number of epochs, or until something stops it.

        Args:
            X: rows x features: a numpy array (memory-mapped too), tensor or frame; or a DataLoader or other iterable
                of (x, y) batches, without y.
            y: rows, or rows x outputs.
            epochs: how many passes over the data.
            batch_size: rows a step; None for all of them.
            shuffle: draws a new order of the rows every epoch, as a DataLoader does.
            drop_last: leaves out a last batch that is smaller.
            sample_weight: a weight a row, not negative; weight 2 counts as the row twice.
            validation_data: (X, y), evaluated after every epoch.
            tol: stops when the loss (on the validation data, where there is any) has not fallen more than tol below
                its best for `patience` epochs; with validation data the best weights come back.
            grad_tol: stops, before the update, when the norm of the full-batch gradient is at most this.
            max_seconds: stops after this time.
            callbacks: functions of the trainer and of the epoch's record (a dict); a true result stops.
            progress: a bar with loss and rate; None: on a terminal or in a notebook, where the fit takes more than a
                second.
            verbose: prints a line every n epochs.
            engine: "auto", "stream" (C over the rows) or "eager" (the Python loop).

        Returns:
            The History.

        Raises:
            DivergenceError: the loss or the weights are not finite; the model holds those of the last finite epoch.
            ValueError: data or arguments that do not fit, NaN or infinity in the data.
        """
        arguments = dict(
            batch_size=batch_size, shuffle=bool(shuffle), drop_last=bool(drop_last), tol=tol, grad_tol=grad_tol,
            patience=patience, engine=engine, weighted=sample_weight is not None, validated=validation_data is not None,
        )  # fmt: skip
        self._check_arguments(epochs, sample_weight, max_seconds, **arguments)
        grads = [(param, param.grad) for param in self._parameters()]
        run = _Fit(self, X, y, sample_weight, validation_data, arguments, engine)
        if self._resumed is not None:
            run.resume(self._resumed)
            self._resumed = None
        self.history = run.history
        self._fit = run
        try:
            run.descend(epochs, max_seconds, callbacks, progress, verbose)
        finally:
            for param, grad in grads:
                param.grad = grad
        return run.history

    def _check_arguments(self, epochs, sample_weight, max_seconds, *, batch_size, tol, grad_tol, patience, engine, **_):
        if not isinstance(epochs, (int, np.integer)) or epochs < 0:
            raise ValueError(f"epochs must be an int, 0 or above, but got {epochs!r}")
        if batch_size is not None and (not isinstance(batch_size, (int, np.integer)) or batch_size < 1):
            raise ValueError(f"batch_size must be an int, 1 or above, or None for all rows, but got {batch_size!r}")
        for name, value in (("tol", tol), ("grad_tol", grad_tol), ("max_seconds", max_seconds)):
            if value is not None and not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be a finite number, 0 or above, or None, but got {value!r}")
        if not isinstance(patience, (int, np.integer)) or patience < 1:
            raise ValueError(f"patience must be an int, 1 or above, but got {patience!r}")
        if engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}, but got {engine!r}")

    def _parameters(self):
        return [param for group in self.optimizer.param_groups for param in group["params"]]

    # -- after the fit

    def predict(self, X):
        """The model's prediction for X as a numpy array, shaped like the y of fit."""
        with no_grad():
            prediction = self.model(self._tensor("X", X)).detach().numpy()
        if self._target_shape == 1 and prediction.ndim == 2 and prediction.shape[1] == 1:
            return prediction[:, 0]
        return prediction

    def evaluate(self, X, y):
        """The criterion on X and y, as a float."""
        X, y = self._pair(X, y)
        with no_grad():
            prediction = self.model(X)
            return float(self.criterion(prediction, self._shaped(y, prediction)).item())

    def save(self, path):
        """Writes everything that a later `resume` needs to go on as if nothing had happened."""
        if self.history is None:
            raise RuntimeError("there is nothing to save yet: call fit first")
        state = {
            "model": _parameters_of(self.model, self._parameters()),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "history": self.history.state_dict(),
            "random": get_rng_state(),
            "fit": self._fit.state_dict(),
        }
        serialization.save(state, path)

    def resume(self, path):
        """Takes over the state that `save` wrote; the next fit goes on from there to its `epochs` in all.

        Raises:
            ValueError: a checkpoint of another model.
        """
        state = serialization.load(path)
        if not isinstance(state, dict) or "fit" not in state:
            raise ValueError(f"{path} is no checkpoint of a Trainer: expected a file that trainer.save wrote")
        _load_parameters(self.model, self._parameters(), state["model"], path)
        self.optimizer.load_state_dict(state["optimizer"])
        if (self.scheduler is None) != (state["scheduler"] is None):
            raise ValueError(f"{path} was saved {'without' if state['scheduler'] is None else 'with'} a scheduler")
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        set_rng_state(state["random"])
        self._resumed = state
        self.history = History()
        self.history.load_state_dict(state["history"])
        return self


def _parameters_of(model, parameters):
    if isinstance(model, Module):
        return model.state_dict()
    return {str(i): param.detach() for i, param in enumerate(parameters)}


def _load_parameters(model, parameters, state, path):
    try:
        if isinstance(model, Module):
            model.load_state_dict(state)
            return
        own = _parameters_of(model, parameters)
        if {name: t.shape for name, t in own.items()} != {name: t.shape for name, t in state.items()}:
            raise RuntimeError("the parameters differ in number or shape")
        with no_grad():
            for name, param in own.items():
                param.copy_(state[name])
    except RuntimeError as error:
        raise ValueError(f"{path} is a checkpoint of another model: {error}") from None


class _Fit:
    """One call of fit: its data, its engine, and how far it has come."""

    def __init__(self, trainer, X, y, sample_weight, validation_data, arguments, engine):
        self.trainer = trainer
        self.arguments = arguments
        self.history = History()
        self.tol = -1.0 if arguments["tol"] is None else float(arguments["tol"])
        self.grad_tol = -1.0 if arguments["grad_tol"] is None else float(arguments["grad_tol"])
        self.patience = arguments["patience"]
        self.rates = Rates(trainer.optimizer, trainer.scheduler, trainer.schedule_every)
        self.best_weights = None
        self.val_best, self.val_stale = np.inf, 0
        self.initial = self._snapshot()
        self.before = self.last_finite = None  # the state before this epoch and before the one before it (eager)
        self.validation = None
        if validation_data is not None:
            self.validation = trainer._pair(*validation_data)
        if y is None:
            rows = _rows_of(X)
            if rows is not None and sample_weight is None:
                *rows, loading = rows
                self.arguments = arguments = {**arguments, **loading}
                self._from_rows(*rows, None, engine)
            else:
                self._from_batches(X, sample_weight, engine)
        else:
            self._from_rows(X, y, sample_weight, engine)
        self.history.engine = self.engine.name

    # -- data and engine

    def _from_rows(self, X, y, sample_weight, engine):
        trainer, arguments = self.trainer, self.arguments
        X, y = trainer._pair(X, y)
        trainer._target_shape = y.ndim
        # An affine model computes nothing here: the shape of the prediction is known without its values.
        with enable_grad():
            y = trainer._shaped(y, trainer.model(X))
        self.X, self.y = X, y
        self.weights = None if sample_weight is None else self._check_weights(sample_weight, len(X))
        self.batch_size = min(arguments["batch_size"] or len(X), len(X))
        self.full = self.batch_size >= len(X)
        if arguments["grad_tol"] is not None and not self.full:
            raise ValueError("grad_tol needs the full-batch gradient: use it with batch_size=None, or stop by tol")
        if arguments["drop_last"] and arguments["batch_size"] and arguments["batch_size"] > len(X):
            raise ValueError(f"drop_last leaves no batch: batch_size is {arguments['batch_size']}, X has {len(X)} rows")
        self._choose(engine)

    def _choose(self, engine):
        trainer, arguments = self.trainer, self.arguments
        draw = self._draw_order if arguments["shuffle"] or not self.full else None
        if engine != "eager":
            try:
                if self.weights is not None:
                    raise NotPlannable("rows are weighted")
                self.engine = plan_stream(
                    trainer.model, trainer.optimizer, trainer.criterion, self.X, self.y, self.batch_size,
                    arguments["drop_last"], self.rates, draw,
                )  # fmt: skip
                return
            except NotPlannable as reason:
                self.history.engine_reason = str(reason)
                if engine == "stream":
                    raise ValueError(f'engine="stream" cannot run this fit: {reason}. Use engine="auto"') from None
        else:
            self.history.engine_reason = "asked for"
        self.engine = EagerEngine(
            trainer.model, trainer.optimizer, self._eager_batches, self._loss_of, self.rates, self.full
        )

    def _from_batches(self, loader, sample_weight, engine):
        if sample_weight is not None:
            raise ValueError("sample_weight goes with X and y, but X is an iterable of batches")
        self.weights = None
        self.full = False
        self.batches = loader
        self.history.engine_reason = "the data are batches"
        self.engine = EagerEngine(
            self.trainer.model, self.trainer.optimizer, self._loaded_batches, self._loss_of, self.rates, False
        )

    def _loaded_batches(self):
        for x, y in self.batches:
            x, y = self.trainer._pair(x, y)
            self.trainer._target_shape = y.ndim
            yield x, y

    def _check_weights(self, given, n):
        weights = np.asarray(given.detach().numpy() if isinstance(given, Tensor) else given)
        if weights.shape != (n,):
            raise ValueError(f"sample_weight must have shape ({n},), one a row, but it has {weights.shape}")
        weights = weights.astype(self.trainer._dtype().numpy, copy=False)
        if (weights < 0).any():
            row = int(np.argmax(weights < 0))
            raise ValueError(f"sample_weight must not be negative, but row {row} has {weights[row]}")
        return from_array(weights)

    def _draw_order(self):
        self._random_before = get_rng_state()
        return epoch_order(len(self.X), self.arguments["shuffle"])

    def _eager_batches(self):
        self._random_before = get_rng_state()
        order = None if self.full and not self.arguments["shuffle"] else epoch_order(len(self.X), self.arguments["shuffle"])
        n = len(self.X)
        last = n - n % self.batch_size if self.arguments["drop_last"] else n
        for first in range(0, last, self.batch_size):
            rows = slice(first, first + self.batch_size) if order is None else from_array(order[first : first + self.batch_size])
            yield tuple(data[rows] for data in (self.X, self.y, self.weights) if data is not None)

    def _loss_of(self, prediction, y, weights=None):
        criterion = self.trainer.criterion
        y = self.trainer._shaped(y, prediction)
        if weights is None:
            return criterion(prediction, y)
        each = copy.copy(criterion)
        each.reduction = "none"
        weighted = (each(prediction, y) * weights.reshape(-1, *[1] * (prediction.ndim - 1))).sum()
        if criterion.reduction == "sum":
            return weighted
        total = weights.sum().item() * (prediction.numel() // len(prediction))
        return weighted / total if total else weighted

    # -- the descent

    def descend(self, epochs, max_seconds, callbacks, progress, verbose):
        start = time.perf_counter()
        deadline = 0.0 if max_seconds is None else time.monotonic() + max_seconds
        history = self.history
        watched = bool(callbacks) or self.validation is not None or self.rates.needs_metric or self.engine.name == "eager"
        bar = Progress(progress, epochs, len(history))
        stretch = 1 if watched else 16
        history.stop_reason = "epochs"
        tol = -1.0 if self.validation is not None else self.tol
        try:
            while len(history) < epochs:
                begun = time.perf_counter()
                n = min(stretch, epochs - len(history))
                if verbose:
                    n = min(n, verbose - len(history) % verbose)
                if self.engine.name == "eager":
                    self.last_finite, self.before = self.before, self._snapshot()
                stop, done, losses, norms, rates = self.engine.advance(n, tol, self.patience, self.grad_tol, deadline)
                took = time.perf_counter() - begun
                if done:
                    stamp = time.perf_counter() - start
                    history.append(loss=losses, lr=rates, seconds=np.broadcast_to(stamp, done))
                    if len(norms):
                        history.append(grad_norm=norms)
                if stop in (Stop.NOT_FINITE, Stop.INTERRUPTED, Stop.NO_MEMORY):
                    self._undo(stop)
                reason = {Stop.STALE: "tol", Stop.FLAT: "grad_tol", Stop.LATE: "max_seconds"}.get(stop)
                reason = self._after(reason, callbacks, verbose)
                if reason is None and deadline and time.monotonic() > deadline:
                    reason = "max_seconds"
                bar.show(len(history), history, self.trainer.optimizer)
                if reason is not None:
                    history.stop_reason = reason
                    break
                if not watched:
                    stretch = min(max(int(n * STRETCH_SECONDS / max(took, 1e-9)), 1), 4 * stretch, 1 << 20)
        except KeyboardInterrupt:
            self._restore(self.before)
            history.stop_reason = "interrupted"
            raise
        finally:
            bar.close()
        if self.best_weights is not None and self.tol >= 0:
            self._restore_parameters(self.best_weights)

    def _after(self, reason, callbacks, verbose):
        """Validation, schedulers that look at the loss, callbacks and lines, after a stretch."""
        history, trainer = self.history, self.trainer
        if self.validation is not None:
            value = trainer.evaluate(*self.validation)
            history.append(val_loss=value)
            if self.tol >= 0:
                self.val_stale = 0 if value < self.val_best - self.tol else self.val_stale + 1
                if value < self.val_best:
                    self.val_best = value
                    self.best_weights = [param.detach().numpy().copy() for param in trainer._parameters()]
                if self.val_stale >= self.patience:
                    reason = reason or "tol"
        self.rates.metric(history.val_loss[-1] if self.validation is not None else history.loss[-1])
        if verbose and len(history) % verbose == 0:
            value = f"  val_loss {history.val_loss[-1]:.6g}" if self.validation is not None else ""
            print(f"epoch {len(history):6d}  loss {history.loss[-1]:.6g}{value}  lr {history.lr[-1]:.4g}")
        if callbacks:
            record = {"epoch": len(history) - 1}
            for field in History.FIELDS:
                if len(getattr(history, field)):
                    record[field] = float(getattr(history, field)[-1])
            for callback in callbacks:
                if callback(trainer, record):
                    reason = reason or "callback"
        return reason

    # -- undoing

    def _snapshot(self):
        trainer = self.trainer
        return (
            [param.detach().numpy().copy() for param in trainer._parameters()],
            copy.deepcopy(trainer.optimizer.state_dict()),
            None if trainer.scheduler is None else copy.deepcopy(trainer.scheduler.state_dict()),
            get_rng_state(),
        )

    def _restore_parameters(self, arrays):
        for param, array in zip(self.trainer._parameters(), arrays):
            param.data.copy_(from_array(array))

    def _restore(self, snapshot):
        if snapshot is None:
            return
        parameters, optimizer, scheduler, random = snapshot
        self._restore_parameters(parameters)
        self.trainer.optimizer.load_state_dict(optimizer)
        if scheduler is not None:
            self.trainer.scheduler.load_state_dict(scheduler)
        set_rng_state(random)

    def _undo(self, stop):
        """Puts back what the epoch in progress changed, and says why it did not come to its end."""
        if self.before is not None:
            self._restore(self.before)
            # A full-batch loss that is not finite says so of the weights that the epoch began with.
            if stop == Stop.NOT_FINITE and self.full and not self.engine.weights_failed and self.last_finite:
                self._restore(self.last_finite)
        elif not self.full:
            set_rng_state(self._random_before)
        if stop == Stop.INTERRUPTED:
            self.before = None
            raise KeyboardInterrupt
        if stop == Stop.NO_MEMORY:
            raise MemoryError("no memory for the sums of one step")
        self._check_data()
        self.history.stop_reason = "diverged"
        raise self._divergence()

    def _check_data(self):
        for name, data in (("X", getattr(self, "X", None)), ("y", getattr(self, "y", None)), ("sample_weight", self.weights)):
            if data is None:
                continue
            array = data.detach().numpy()
            by_row = array.reshape(len(array), -1)
            step = max(1, (1 << 22) // by_row.shape[1])
            for first in range(0, len(by_row), step):
                bad = ~np.isfinite(by_row[first : first + step])
                if bad.any():
                    row, column = (int(i[0]) for i in np.nonzero(bad))
                    self._restore(self.initial)
                    value = by_row[first + row, column]
                    where = f"row {first + row}" + (f", column {column}" if array.ndim > 1 and by_row.shape[1] > 1 else "")
                    raise ValueError(
                        f"{name} must be finite, but {where} holds {value}: drop or fill such rows. The parameters are "
                        "as they were before the fit"
                    )

    def _divergence(self):
        from .descent.stability import largest_stable_rate, spread_of_features

        group = self.trainer.optimizer.param_groups[0]
        lr, epoch = float(group["lr"]), len(self.history)
        if getattr(self, "X", None) is None:
            return DivergenceError(
                f"the descent diverged in epoch {epoch} at lr {lr:g}: the loss is not finite. Use a smaller rate. The "
                "model holds the weights of the last finite epoch",
                epoch, lr, None, self.history,
            )  # fmt: skip
        limit = largest_stable_rate(self.X, self.y, self.trainer.criterion, group, None if self.full else 1)
        message = f"the descent diverged in epoch {epoch} at lr {lr:g}: the loss or the weights are not finite."
        if limit is not None:
            which = "with all rows a step" if self.full else "for the largest row, by which mini-batches are safe"
            message += f" The largest stable rate {which} is about {limit:.3g}: use a smaller lr."
        else:
            message += " Use a smaller lr."
        spread = spread_of_features(self.X)
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
            "best": float(self.engine.best),
            "stale": int(self.engine.stale),
            "val_best": float(self.val_best),
            "val_stale": self.val_stale,
            "best_weights": self.best_weights,
            "target_shape": self.trainer._target_shape,
        }

    def resume(self, state):
        saved = state["fit"]
        different = [name for name, value in self.arguments.items() if saved["arguments"].get(name) != value]
        if different:
            told = ", ".join(f"{name}={saved['arguments'].get(name)!r}" for name in different)
            raise ValueError(f"a resumed fit goes on with its own arguments: expected {told}")
        if state["history"]["engine"] != self.history.engine:
            raise ValueError(
                f"the saved fit ran on the engine {state['history']['engine']}, this one would run on "
                f"{self.history.engine}: {self.history.engine_reason}"
            )
        self.history.load_state_dict(state["history"])
        self.engine.resume(saved["best"], saved["stale"])
        self.val_best, self.val_stale, self.best_weights = saved["val_best"], saved["val_stale"], saved["best_weights"]


def _rows_of(loader):
    """The tensors, and the arguments, by which fit meets the batches of a plain DataLoader; None for other data."""
    if type(loader) is not DataLoader or type(loader.dataset) is not TensorDataset:
        return None
    tensors, sampler = loader.dataset.tensors, loader.sampler
    plain = type(sampler) is SequentialSampler or (
        type(sampler) is RandomSampler
        and not sampler.replacement
        and sampler.num_samples == len(loader.dataset)
        and sampler.generator is None
    )
    if (
        len(tensors) != 2
        or not plain
        or type(loader.batch_sampler) is not BatchSampler
        or loader.collate_fn is not default_collate
        or loader.generator is not None
        or loader.batch_size >= len(loader.dataset)
    ):
        return None
    shuffle = type(sampler) is RandomSampler
    return *tensors, {"batch_size": loader.batch_size, "shuffle": shuffle, "drop_last": loader.drop_last}
