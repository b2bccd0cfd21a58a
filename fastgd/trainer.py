"""Trainer: fit, predict, evaluate, save and resume, on whichever engine can run the descent."""

import contextlib
import math
import warnings

import numpy as np

from . import serialization
from .autograd import no_grad
from .descent.arithmetic import at_level
from .descent.choice import ENGINES
from .descent.data import as_rows, like_prediction, paired
from .descent.snapshot import load_exactly, parameters_of
from .fit import Fit
from .history import History
from .nn import Module
from .random import set_rng_state

NUMBERS = (int, float, np.integer, np.floating)


class Trainer:
    """Trains a model: the whole descent in C where the model is a linear one.

    Args:
        model: a Module, or any function of a tensor.
        optimizer: of fastgd.optim, over the model's parameters.
        criterion: a loss module, or a function (prediction, target) -> scalar.
        scheduler: a learning-rate scheduler of that optimizer, or None.
        schedule_every: "epoch" or "batch": when the scheduler steps.

    Example:
        >>> X, y = fastgd.tensor([[0.0], [1.0], [2.0]]), fastgd.tensor([[1.0], [3.0], [5.0]])
        >>> model = fastgd.nn.Linear(1, 1)
        >>> optimizer = fastgd.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        >>> trainer = fastgd.Trainer(model, optimizer, fastgd.nn.MSELoss())
        >>> history = trainer.fit(X, y, epochs=500)
        >>> len(history), trainer.predict(fastgd.tensor([[3.0]])).round(2)
        (500, array([[7.]], dtype=float32))
    """

    def __init__(self, model, optimizer, criterion, scheduler=None, schedule_every="epoch"):
        if schedule_every not in ("epoch", "batch"):
            raise ValueError(f"schedule_every must be 'epoch' or 'batch', but got {schedule_every!r}")
        if not hasattr(optimizer, "param_groups"):
            raise TypeError(f"optimizer must be one of fastgd.optim, but got a {type(optimizer).__name__}")
        for name, given in (("model", model), ("criterion", criterion)):
            if not callable(given):
                raise TypeError(f"{name} must be a Module or a function, but got a {type(given).__name__}")
        if scheduler is not None and scheduler.optimizer is not optimizer:
            raise ValueError(
                "scheduler belongs to another optimizer: expected one made with the Trainer's optimizer, whose rates "
                "it is to set"
            )
        if isinstance(model, Module):
            _check_parameters(model, optimizer, criterion)
        self.model, self.optimizer, self.criterion = model, optimizer, criterion
        self.scheduler, self.schedule_every = scheduler, schedule_every
        self.history = None
        self._fit = None  # the last one
        self._saved = None  # what `resume` read, until a fit goes on with it

    @property
    def dtype(self):
        """The model's type, which the data must have."""
        return parameters_of(self.optimizer)[0].dtype

    # -- fit

    def fit(
        self, X, y=None, *, epochs, batch_size=None, shuffle=False, drop_last=False, sample_weight=None,
        validation_data=None, tol=None, grad_tol=None, patience=5, max_seconds=None, callbacks=(), progress=None,
        verbose=0, engine="auto",
    ):  # fmt: skip
        """Descends for a number of epochs, or until something stops it.

        Args:
            X: rows x features: a numpy array (memory-mapped too), tensor or frame; or a DataLoader or other iterable
                of (x, y) batches, or Statistics, without y.
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
            callbacks: functions of the trainer and of the epoch's record (a dict), called after every epoch; a true
                result stops. What they change in the model, the criterion or the optimizer counts from the next epoch
                on; X and y must stay as they are.
            progress: a bar with loss and rate; None: on a terminal or in a notebook, where the fit takes more than a
                second.
            verbose: prints a line every n epochs.
            engine: "auto", "stream" (C over the rows), "spectral" (full-batch MSE from sums, without the rows; descends
                in float64, whatever the model's type) or "eager" (the Python loop).

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
        _check_arguments(epochs, max_seconds, verbose, callbacks, **arguments)
        grads = [(param, param.grad) for param in parameters_of(self.optimizer)]
        try:
            saved = self._saved
            with at_level(saved and saved["arithmetic"]["level"]):
                fit = Fit(
                    self, X, y, sample_weight, validation_data, arguments, epochs, saved and saved["history"]["engine"]
                )
                if saved is not None:
                    fit.load_state_dict(saved)
                    self._saved = None
                self._fit, self.history = fit, fit.history
                fit.descend(max_seconds, callbacks, progress, verbose)
        finally:
            for param, grad in grads:
                param.grad = grad
        return fit.history

    # -- after the fit

    def predict(self, X):
        """The prediction of the model, in evaluation mode, for X as a numpy array, shaped like the y of fit."""
        with no_grad(), _evaluating(self.model):
            prediction = self.model(as_rows("X", X, self.dtype)).detach().numpy()
        ndim = self._fit.target_ndim if self._fit else self._saved["target_ndim"] if self._saved else None
        if ndim and prediction.ndim == 0:  # of one row, squeezed
            prediction = prediction.reshape(1)
        if ndim == 1 and prediction.ndim == 2 and prediction.shape[1] == 1:
            return prediction[:, 0]
        return prediction[:, None] if ndim == 2 and prediction.ndim == 1 else prediction

    def evaluate(self, X, y):
        """The criterion on X and y, as a float, with the model in evaluation mode."""
        X, y = paired(X, y, self.dtype)
        with no_grad(), _evaluating(self.model):
            prediction = self.model(X)
            return float(self.criterion(prediction, like_prediction(y, prediction)).item())

    def save(self, path):
        """Writes everything that a later `resume` needs to go on as if nothing had happened."""
        if self._fit is None:
            raise RuntimeError("there is nothing to save yet: call fit first")
        state = {
            "model": _parameters_of(self.model, self.optimizer),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "made_of": self._made_of(),
            "fit": self._fit.state_dict(),
        }
        serialization.save(state, path)

    def _made_of(self):
        return {
            "criterion": _name(self.criterion),
            "optimizer": _name(self.optimizer),
            "scheduler": _name(self.scheduler),
            "schedule_every": self.schedule_every,
        }

    def resume(self, path):
        """Takes over the state that `save` wrote; the next fit goes on from there to its `epochs` in all.

        It computes at the processor's level that the saved fit had, in the whole process, and so ends with the bits of
        a fit that was never interrupted; where this machine cannot, it warns.

        Raises:
            ValueError: no checkpoint, or one of another model, criterion, optimizer or kind of scheduler.
        """
        state = serialization.load(path)
        if not isinstance(state, dict) or "fit" not in state:
            raise ValueError(f"{path} is no checkpoint of a Trainer: expected a file that trainer.save wrote")
        if (self.scheduler is None) != (state["scheduler"] is None):
            was, now = ("without", "with") if state["scheduler"] is None else ("with", "without")
            raise ValueError(
                f"{path} was saved {was} a scheduler, but this Trainer is {now} one: make it as it was then"
            )
        for name, value in self._made_of().items():
            if state["made_of"][name] != value:
                raise ValueError(
                    f"{path} was saved with {name} {state['made_of'][name]}, but this Trainer has {value}: make it as "
                    "it was then"
                )
        _load_parameters(self.model, self.optimizer, state["model"], path)
        load_exactly(self.optimizer, state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self._saved, self._fit = state["fit"], None
        set_rng_state(self._saved["generators"][0])
        self.history = History()
        self.history.load_state_dict(self._saved["history"])
        return self


@contextlib.contextmanager
def _evaluating(model):
    """Drops nothing meanwhile, and batch norms go by their running averages, which stay as they are."""
    training = [part for part in model.modules() if part.training] if isinstance(model, Module) else []
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True


def _name(given):
    """What tells one criterion, optimizer or scheduler from another in a checkpoint."""
    return repr(given) if isinstance(given, Module) else getattr(given, "__name__", type(given).__name__)


def _check_parameters(model, optimizer, criterion):
    """An error where the optimizer holds what neither module has; a warning where it lacks what is to be trained."""
    modules = [each for each in (model, criterion) if isinstance(each, Module)]
    known = {id(param) for module in modules for param in module.parameters()}
    optimized = parameters_of(optimizer)
    strange = [tuple(param.shape) for param in optimized if id(param) not in known]
    if strange:
        raise ValueError(
            f"optimizer must hold parameters of the model, but {len(strange)} of its {len(optimized)} are in no model, "
            f"of the shapes {', '.join(map(str, strange))}: make it with model.parameters()"
        )
    trained = {id(param) for param in optimized}
    left = [name for name, param in model.named_parameters() if id(param) not in trained and param.requires_grad]
    if left:
        warnings.warn(
            f"optimizer must hold the parameters that are to be trained, but {', '.join(left)} of the model are not in "
            "it and will stay as they are: make it with model.parameters(), or freeze them with requires_grad_(False)",
            stacklevel=3,
        )


def _parameters_of(model, optimizer):
    if isinstance(model, Module):
        return model.state_dict()
    return {str(i): param.detach() for i, param in enumerate(parameters_of(optimizer))}


def _load_parameters(model, optimizer, state, path):
    try:
        if isinstance(model, Module):
            model.load_state_dict(state)
            return
        own = _parameters_of(model, optimizer)
        if {name: t.shape for name, t in own.items()} != {name: t.shape for name, t in state.items()}:
            raise RuntimeError("the parameters differ in number or shape")
        with no_grad():
            for name, param in own.items():
                param.copy_(state[name])
    except RuntimeError as error:
        raise ValueError(f"{path} is a checkpoint of another model: {error}") from None


def _check_arguments(epochs, max_seconds, verbose, callbacks, *, batch_size, tol, grad_tol, patience, engine, **_):
    if not _is_count(epochs, 0):
        raise ValueError(f"epochs must be an int, 0 or above, but got {epochs!r}")
    if batch_size is not None and not _is_count(batch_size, 1):
        raise ValueError(f"batch_size must be an int, 1 or above, or None for all rows, but got {batch_size!r}")
    for name, value in (("tol", tol), ("grad_tol", grad_tol), ("max_seconds", max_seconds)):
        if value is not None and not (isinstance(value, NUMBERS) and value >= 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be a finite number, 0 or above, or None, but got {value!r}")
    if not _is_count(patience, 1):
        raise ValueError(f"patience must be an int, 1 or above, but got {patience!r}")
    if not isinstance(verbose, bool) and not _is_count(verbose, 0):
        raise ValueError(f"verbose must be an int, 0 or above (a line every so many epochs), but got {verbose!r}")
    if not isinstance(callbacks, (tuple, list)) or not all(map(callable, callbacks)):
        raise TypeError(f"callbacks must be a list of functions (trainer, record), but got {callbacks!r}: pass [f]")
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, but got {engine!r}")


def _is_count(value, least):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least
