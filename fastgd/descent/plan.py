"""May C descend? The conditions, and the stream engine where they hold.

C descends only where one call of the model shows that every step would compute X W^T + b on the rows as they were
given, with parameters that one plain SGD updates: the affine form (_affine.pyx) tells.
"""

import math
from dataclasses import dataclass

import numpy as np

from .. import _affine
from .._tensor import Tensor, from_array, whole_leaf
from ..autograd import enable_grad
from ..nn import Module
from ..optim import SGD
from ..random import fork_rng
from .data import like_prediction
from .engine import Engine, Stop, Stretch
from .parameters import WorkingCopy
from .snapshot import arrays_of, put_back
from .stream import Stream

PROBED = 64  # rows: more would be another pass over the data


class NotPlannable(Exception):
    """Why C may not descend."""


class StreamEngine(Engine):
    """A Stream with the parameters, momentum buffers and rates that it takes from, and gives back to, its optimizer."""

    name = "stream"

    def __init__(self, stream, found, data, rates):
        self.stream, self.found, self.data, self.rates = stream, found, data, rates
        self.packed = stream.is_packed
        self._before = None  # the random stream before the epoch in progress

    def advance(self, epochs, limits):
        by_epoch = self.stream.batches() if self.rates.by_batch else 1
        options, buffers = at_present(self.found, self.rates)  # a scheduler may set more than the rates
        rates = self.rates.ahead(epochs, by_epoch)
        epochs = len(rates[0][0]) // by_epoch
        own = [rates[group] for _, group in self.found.trained]
        if self.found.together:
            own = own[:1]
        parameters = self.stream.parameters
        parameters.load(options, buffers)
        stop, done, losses, norms = self.stream.run(
            epochs, own, self.rates.by_batch, self._draw_order, limits.tol, limits.patience, limits.grad_tol,
            limits.deadline,
        )  # fmt: skip
        if self.data.full:
            self.data.draw_unused(done)
        elif stop in (Stop.NOT_FINITE, Stop.OVERFLOWED, Stop.INTERRUPTED, Stop.NO_MEMORY):
            self.data.generators[0].set_state(self._before)
        stepped = done - 1 if stop == Stop.FLAT else done
        self.rates.settle(epochs * by_epoch, stepped * by_epoch)
        parameters.write_back()
        keep_buffers(self.found, parameters.buffers, parameters.started)
        return Stretch(stop, done, losses, norms, rates[0][0][::by_epoch][:done])

    def _draw_order(self):
        self._before = self.data.generators[0].get_state()
        return self.data.draw_order()

    def take_raised(self):
        return self.stream.take_raised()

    @property
    def best(self):
        return self.stream.best

    @best.setter
    def best(self, value):
        self.stream.best = value

    @property
    def stale(self):
        return self.stream.stale

    @stale.setter
    def stale(self, value):
        self.stream.stale = value


@dataclass
class Found:
    """What one call of the model and the criterion shows of a descent that C may run.

    Attributes:
        form: what the fused loss was made from.
        trained: (parameter, number of its group), weight then bias; wanted: whether each of the two is trained.
        targets: the trained parameters' memory, shaped k x d and k.
        together: weight and bias share one set of options and rates.
    """

    optimizer: object
    form: dict
    trained: list
    wanted: list
    targets: list
    together: bool

    def same_descent(self, other):
        """Whether an engine that was made for one can go on with the other."""
        return self._identity() == other._identity()

    def _identity(self):
        shown = ("kind", "delta", "factor", "mean", "k", "d", "weight_at", "bias_at")
        trained = [(id(param), group) for param, group in self.trained]
        return trained, self.wanted, self.together, [self.form[name] for name in shown]


def examine(model, optimizer, criterion, data):
    """The Found of this fit; raises NotPlannable with the reason where C may not descend."""
    _check_optimizer(optimizer)
    for name, given in (("model", model), ("criterion", criterion)):
        if isinstance(given, Module) and any(
            part._forward_hooks or part._forward_pre_hooks for part in given.modules()
        ):
            raise NotPlannable(f"the {name} has forward hooks")
    form = _probe(model, criterion, data)
    groups = [(param, i) for i, group in enumerate(optimizer.param_groups) for param in group["params"]]
    trained, wanted = [], []
    for name in ("weight", "bias"):
        parent = form[name]
        if parent is None:
            wanted.append(False)
            continue
        leaf = whole_leaf(parent)
        if leaf is None:
            raise NotPlannable(f"the {name} is computed from other tensors")
        owner = [i for param, i in groups if param is leaf]
        if not owner:
            wanted.append(False)
            continue
        if leaf._backward_hooks or leaf._post_accumulate_grad_hooks:
            raise NotPlannable(f"the {name} has hooks")
        trained.append((leaf, owner[0]))
        wanted.append(True)
    known = {id(param) for param, _ in trained}
    if any(id(param) not in known and param.requires_grad for param, _ in groups):
        raise NotPlannable("the optimizer has parameters that are not in the prediction")
    if not trained:
        raise NotPlannable("no parameter of the prediction is in the optimizer")
    if len(known) != len(trained):
        raise NotPlannable("weight and bias are one parameter")
    weight, bias = form["weight_array"], form["bias_array"]
    if bias is not None and bias.shape != (form["k"],):
        raise NotPlannable("one bias serves several outputs")
    targets = [view for view, is_trained in zip((weight, bias), wanted) if is_trained]
    for (param, _), target in zip(trained, targets):
        if _like_target(param.detach().numpy(), param, target) is None:
            raise NotPlannable("the prediction's weights are not in the order of the parameter")
        if any(np.may_share_memory(target, given.detach().numpy()) for given in data.given()):
            raise NotPlannable("the data lie in the parameters' memory, and change with every step")
    started = [optimizer.state.get(param, {}).get("momentum_buffer") is not None for param, _ in trained]
    together = len(trained) == 2 and trained[0][1] == trained[1][1] and started[0] == started[1]
    return Found(optimizer, form, trained, wanted, targets, together)


def at_present(found, rates):
    """Per trained parameter its group's options as an engine takes them, and its momentum buffer, or None."""
    options, buffers = [], []
    for (param, group), target in zip(found.trained, found.targets):
        group = found.optimizer.param_groups[group]
        options.append(
            {
                "dampening": group["dampening"],
                "weight_decay": group["weight_decay"],
                "nesterov": group["nesterov"],
                "maximize": group["maximize"],
                "has_buffer": group["momentum"] != 0 or rates.scheduler is not None,
            }
        )
        kept = found.optimizer.state.get(param, {}).get("momentum_buffer")
        buffers.append(None if kept is None else _like_target(kept.detach().numpy(), param, target))
    return options, buffers


def plan_stream(found, data, rates):
    """A StreamEngine over the rows."""
    form = found.form
    parameters = WorkingCopy(form["weight_array"], form["bias_array"], found.wanted, found.together)
    stream = Stream(
        *rows_of(found, data), parameters, form["kind"], form["delta"], form["factor"], form["mean"], data.batch_size,
        data.drop_last,
    )  # fmt: skip
    return StreamEngine(stream, found, data, rates)


def rows_of(found, data):
    """X, y and the weights (or None) as arrays n x d, n x k and n."""
    table = data.X.detach().numpy().reshape(-1, found.form["d"])
    weights = None if data.weights is None else data.weights.detach().numpy()
    return table, data.y.detach().numpy().reshape(len(table), -1), weights


def keep_buffers(found, views, started):
    """Puts the momentum buffers, shaped as the targets, into the optimizer's state."""
    for (param, _), view, target, has_started in zip(found.trained, views, found.targets, started):
        if not has_started:
            continue
        state = found.optimizer.state[param]
        buffer = np.empty(param.shape, target.dtype)
        _like_target(buffer, param, target)[...] = view
        if state.get("momentum_buffer") is None:
            state["momentum_buffer"] = from_array(buffer)
        else:
            state["momentum_buffer"].numpy()[...] = buffer


def _check_optimizer(optimizer):
    if type(optimizer) is not SGD:
        raise NotPlannable(f"the optimizer is {type(optimizer).__name__}, not SGD itself")
    replaced = vars(optimizer).get("step")
    if replaced is not None and not getattr(replaced, "_wrapped_by_lr_sched", False):
        raise NotPlannable("the optimizer's step was replaced")
    if "zero_grad" in vars(optimizer):
        raise NotPlannable("the optimizer's zero_grad was replaced")
    if optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks:
        raise NotPlannable("the optimizer has step hooks")


def _probe(model, criterion, data):
    """What the fused loss of one call of the model and the criterion on the first rows was made from."""
    buffers = list(model.buffers()) if isinstance(model, Module) else []
    before = arrays_of(buffers)
    try:
        return _probe_sizes(model, criterion, data)
    finally:
        put_back(buffers, before)  # the loop would not have made these calls


def _probe_sizes(model, criterion, data):
    rows = min(PROBED, len(data.X))
    form = _probe_rows(model, criterion, data, rows)
    if form["scaled"] and rows > 1:
        # A factor may depend on how many rows there are: two sizes show how.
        fewer = min(2, rows - 1)
        other = _probe_rows(model, criterion, data, fewer)
        factor, other_factor = form["factor"], other["factor"]
        if factor != other_factor:
            if form["mean"] or not math.isclose(factor * rows, other_factor * fewer, rel_tol=1e-6):
                raise NotPlannable("the criterion's factor is not the same in every call")
            form.update(mean=True, factor=factor * rows * form["k"])  # a sum over the number of rows
    if not math.isfinite(form["factor"]):
        raise NotPlannable("the criterion's factor is not finite")
    return form


def _probe_rows(model, criterion, data, rows):
    X, y = data.X[:rows], data.y[:rows]
    with enable_grad(), fork_rng():
        try:
            prediction = model(X)
        except Exception as error:  # of which the ordinary loop tells, if it is one there too
            raise NotPlannable(f"the model raises {_told(error)} on the first rows alone") from error
        if not isinstance(prediction, Tensor):
            raise NotPlannable(f"the model returns {type(prediction).__name__}")
        form = _affine.describe(prediction)
        if form is None:
            raise NotPlannable("the prediction is not of the form X W^T + b")
        try:
            y = like_prediction(y, prediction)
        except ValueError as error:  # the ordinary loop tells it of the rows that it has
            raise NotPlannable(str(error)) from None
        try:
            loss = criterion(prediction, y)
        except Exception as error:
            raise NotPlannable(f"the criterion raises {_told(error)} on the first rows alone") from error
    if form["rows"] != _lie(X, form["d"]):
        raise NotPlannable("the model changes its input before the linear map")
    if form["rows"][1] != rows:
        raise NotPlannable("a sample is several rows")
    form = _affine.describe(loss) if isinstance(loss, Tensor) else None
    if form is None or "kind" not in form:
        raise NotPlannable(
            "the criterion is not a number times the mean or sum of squared, absolute, Huber or logistic losses (a "
            "penalty on the squares of the weights is the optimizer's weight_decay)"
        )
    if form["target"] != _lie(y, form["k"]):
        raise NotPlannable("the criterion changes the target")
    if form["hooked"]:
        raise NotPlannable("the prediction or the loss has hooks")
    return form


def _told(error):
    """An error in a line."""
    return f"{type(error).__name__} ({error})" if str(error) else type(error).__name__


def _lie(tensor, width):
    """Where a tensor's rows of so many numbers lie, as `describe` tells it of those that the model saw."""
    table = tensor.detach().numpy().reshape(-1, width)
    steps = [step // table.itemsize if size > 1 else 0 for step, size in zip(table.strides, table.shape)]
    return tensor.data_ptr(), *table.shape, *steps


def _like_target(array, param, target):
    """An array shaped like the parameter as `target` lies on the parameter; None where that is in no such order.

    A view, if the array is contiguous.
    """
    own, steps = param.detach().numpy(), _steps(target)
    flat = own.reshape(target.shape)
    if _steps(flat) == steps and np.may_share_memory(flat, own):
        return array.reshape(target.shape)
    turned = own.reshape(target.T.shape)
    if _steps(turned.T) == steps and np.may_share_memory(turned, own):
        return array.reshape(turned.shape).T
    return None


def _steps(array):
    """The strides that are taken."""
    return [step for step, size in zip(array.strides, array.shape) if size > 1]
