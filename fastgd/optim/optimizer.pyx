"""Optimizer: groups of parameters with their options, and the state that goes with each parameter."""

cimport numpy as cnp
from numpy cimport ndarray

from .._tensor cimport Tensor, array_of, before_write, grad_array, grad_of_leaf, wrap, written

import math
import warnings
from collections import defaultdict
from copy import deepcopy
from itertools import chain

import numpy as np

from .._hooks import RemovableHandle
from .._naming import name_methods
from .._tensor import get_default_dtype
from .._types import advised
from ..autograd import enable_grad, no_grad

cnp.import_array()

# Options that must be finite numbers and not negative, with torch's words for each.
RATES = {
    "lr": "learning rate",
    "momentum": "momentum value",
    "weight_decay": "weight_decay value",
    "dampening": "dampening",
    "eps": "epsilon value",
    "alpha": "alpha value",
    "lr_decay": "lr_decay value",
    "initial_accumulator_value": "initial_accumulator_value value",
    "rho": "rho value",
    "momentum_decay": "momentum_decay value",
    "lambd": "lambd value",
    "t0": "t0 value",
    "tolerance_grad": "tolerance_grad value",
    "tolerance_change": "tolerance_change value",
}
MAY_BE_NEGATIVE = {"dampening", "tolerance_grad", "tolerance_change", "lambd", "t0"}


def check_rates(options):
    """ValueError for a rate that is NaN, infinite or negative (some may be negative, as torch's)."""
    for name, words in RATES.items():
        if name not in options:
            continue
        value = options[name]
        if isinstance(value, Tensor):
            if value.numel() != 1:
                raise ValueError("Tensor lr must be 1-element")
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            try:
                value = float(value) if not isinstance(value, str) else None
            except (TypeError, ValueError):
                value = None
            if value is None:
                raise TypeError(f"Invalid {words}: {options[name]!r}. {name} must be a number")
        if not math.isfinite(value) or (value < 0 and name not in MAY_BE_NEGATIVE):
            wanted = "a finite number" if name in MAY_BE_NEGATIVE else "a finite number, 0 or above"
            raise advised(ValueError(f"Invalid {words}: {options[name]}"), f"{name} must be {wanted}.")


def check_betas(betas):
    """ValueError for anything but two numbers from 0 to below 1."""
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise ValueError(f"betas must be two numbers, such as (0.9, 0.999), but got {betas!r}")
    for i, beta in enumerate(betas):
        if isinstance(beta, Tensor) and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{i}] must be 1-element")
        if not 0 <= beta < 1:
            raise advised(ValueError(f"Invalid beta parameter at index {i}: {beta}"), "It must be in [0, 1).")


cdef class Optimizer:
    """The base of all optimizers.

    Args:
        params: an iterable of tensors, of (name, tensor) pairs, or of dicts with "params" and options of their own.
        defaults: the options of groups that do not say otherwise.
    """

    def __init__(self, params, defaults):
        self.defaults = defaults
        if isinstance(params, Tensor):
            raise advised(
                TypeError(
                    "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                    f"{params.type()}"
                ),
                "Put it in a list.",
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        try:
            groups = list(params)
        except TypeError:
            raise advised(
                TypeError(f"'{type(params).__name__}' object is not iterable"),
                "The params are an iterable of tensors, such as model.parameters(), or of dicts.",
            ) from None
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        if defaults.get("fused"):
            if defaults.get("differentiable"):
                raise RuntimeError("`fused` does not support `differentiable`")
            if defaults.get("foreach"):
                raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        for group in groups:
            self.add_param_group(group)

    def check_group(self, group):
        """Raises for options that this optimizer cannot use; called where options come in, not at every step."""
        check_rates(group)

    def add_param_group(self, param_group):
        """Adds a dict of "params" and of options that differ from the defaults.

        Raises:
            TypeError, ValueError: as torch, and for rates that are negative or not finite; nothing is added then.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        if "params" not in param_group:
            raise advised(
                KeyError("params"), f"A group is {{'params': [...], ...}}, but this one has {sorted(param_group)}."
            )
        given = param_group["params"]
        if isinstance(given, Tensor):
            given = [given]
        elif isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        given = list(given)
        names = [param[0] for param in given if isinstance(param, tuple)]
        params = [param[1] if isinstance(param, tuple) else param for param in given]
        if names and len(names) != len(params):
            raise ValueError("all optimizer params should be with/without names. Some param names are missing")
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}")
            if not (self.defaults.get("differentiable") or param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        group = {**param_group, "params": params}
        if names:
            group["param_names"] = names
        for name, default in self.defaults.items():
            group.setdefault(name, default)
        if len({id(param) for param in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        if self.param_groups and ("param_names" in group) != ("param_names" in self.param_groups[0]):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group with names to the "
                "optimizer" if names else "all optimizer param groups should be with/without names. cannot add param "
                "group without names to the optimizer"
            )
        known = {id(param) for param in chain.from_iterable(other["params"] for other in self.param_groups)}
        if not known.isdisjoint(id(param) for param in params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.check_group(group)
        self.param_groups.append(group)

    def zero_grad(self, bint set_to_none=True):
        """Takes the gradients of all parameters away, or sets them to 0."""
        cdef Tensor param
        for group in self.param_groups:
            for param in <list?>(<dict?>group)["params"]:
                if param._grad is None:
                    continue
                if set_to_none:
                    param._grad = None
                else:
                    grad_of_leaf(param).detach_().zero_()

    cdef object read(self, dict group):
        raise NotImplementedError

    cdef object update(self, Tensor param):
        raise NotImplementedError

    def step(self, closure=None):
        """Updates the parameters that have a gradient.

        Args:
            closure: a function that computes the loss anew, calls backward and returns the loss; called first.

        Returns:
            What the closure returned, or None.

        Raises:
            ValueError: an option of a group was set to something that is negative or not finite; no parameter is
                changed then.
        """
        cdef Tensor param
        if self._optimizer_step_pre_hooks is not None:
            closure = self._call_pre_hooks(closure)
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if len(self.param_groups) > 1:
            # All groups are checked before the first is written.
            for group in self.param_groups:
                self.read(group)
        for group in self.param_groups:
            self.read(group)
            for param in <list?>(<dict>group)["params"]:
                if param._grad is not None:
                    self.update(param)
        if self._optimizer_step_post_hooks is not None:
            self._call_post_hooks(closure)
        return loss

    def _call_pre_hooks(self, closure):
        # As in torch, the arguments of a step begin with the optimizer.
        args = (self,) if closure is None else (self, closure)
        options = {}
        for hook in list((self._optimizer_step_pre_hooks or {}).values()):
            replaced = hook(self, args, options)
            if replaced is not None:
                if not isinstance(replaced, tuple) or len(replaced) != 2:
                    raise RuntimeError(
                        f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {replaced}."
                    )
                args, options = replaced
        return args[1] if len(args) > 1 else options.get("closure")

    def _call_post_hooks(self, closure):
        for hook in list((self._optimizer_step_post_hooks or {}).values()):
            hook(self, (self,) if closure is None else (self, closure), {})

    def register_step_pre_hook(self, hook):
        """Calls hook(optimizer, args, kwargs) before each step; it may return other (args, kwargs)."""
        if self._optimizer_step_pre_hooks is None:
            self._optimizer_step_pre_hooks = {}
        return RemovableHandle(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook):
        """Calls hook(optimizer, args, kwargs) after each step."""
        if self._optimizer_step_post_hooks is None:
            self._optimizer_step_post_hooks = {}
        return RemovableHandle(self._optimizer_step_post_hooks, hook)

    def state_dict(self):
        """The state and the options, with parameters numbered in the order of the groups.

        Returns:
            A dict of "state" (number -> dict) and "param_groups" (as self.param_groups, numbers for parameters).
        """
        numbers = {}
        groups = []
        for group in self.param_groups:
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
            packed = {name: value for name, value in group.items() if name != "params"}
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            groups.append(packed)
        state = {(numbers[id(key)] if isinstance(key, Tensor) else key): value for key, value in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict):
        """Takes over the options and the state that state_dict() gave, sharing tensors that have the right type.

        Raises:
            KeyError: no dict of state_dict().
            ValueError: other groups than this optimizer has, or rates that are negative or not finite; nothing is
                changed then.
        """
        state_dict = state_dict.copy()
        try:
            groups, saved = self.param_groups, deepcopy(state_dict["param_groups"])
            saved_state = state_dict["state"]
        except KeyError as error:
            raise advised(
                error, f"Expected what optimizer.state_dict() gives, got the keys {sorted(map(str, state_dict))}."
            )
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(group["params"]) != len(loaded["params"]) for group, loaded in zip(groups, saved)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        for loaded in saved:
            # Files of older versions lack the options that came later.
            for name, value in self.defaults.items():
                loaded.setdefault(name, value)
            self.check_group(loaded)
        numbered = dict(
            zip(
                chain.from_iterable(loaded["params"] for loaded in saved),
                chain.from_iterable(group["params"] for group in groups),
            )
        )
        state = defaultdict(dict)
        with no_grad():
            for key, value in saved_state.items():
                param = numbered.get(key)
                if param is None:
                    state[key] = value
                else:
                    state[param] = {name: _like(param, name, item) for name, item in value.items()}
        for group, loaded in zip(groups, saved):
            loaded["params"] = group["params"]
            if "param_names" in group:
                loaded["param_names"] = group["param_names"]
        self.state = state
        self.param_groups = saved

    def __getattr__(self, name):
        """The error: of itself a compiled class would name its module, too."""
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __repr__(self):
        text = type(self).__name__ + " ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            for name in sorted(group):
                if name != "params":
                    text += f"    {name}: {group[name]}\n"
        return text + ")"

    def __reduce_ex__(self, protocol):
        # As torch's: neither hooks nor what somebody set as an attribute, such as a scheduler's wrapper of step.
        return _new_optimizer, (type(self),), (self.defaults, dict(self.state), self.param_groups)

    def __setstate__(self, state):
        self.defaults, state, self.param_groups = state
        self.state = defaultdict(dict, state)


cdef class Ruled(Optimizer):
    """The base of optimizers whose step is a rule on numpy arrays (ruled.py).

    `kept` and `kept_numbers` are what a parameter's state holds beside "step", in torch's order, arrays of the
    parameter's shape and single numbers, each with where it starts: a number, or the name of an option.
    """

    kept, kept_numbers = {}, {}
    cdef dict group

    def rule(self, options, step, p, g, *state):
        """Changes p and the arrays of `kept_numbers` and `kept` in place, by the gradient g of what is minimised."""
        raise NotImplementedError

    cdef object read(self, dict group):
        self.check_group(group)
        self.group = group

    cdef object update(self, Tensor param):
        cdef ndarray p = begin(param)
        g = gradient_of(param, p)
        cdef dict state = self.state[param]
        options = {**self.group, "lr": float(self.group["lr"])}
        step = count_step(state)
        arrays = [number_of(state, name, options.get(start, start)) for name, start in self.kept_numbers.items()]
        arrays += [state_of(state, name, p, options.get(start, start)) for name, start in self.kept.items()]
        with np.errstate(all="ignore"):
            if options["maximize"]:
                g = -g
            if options.get("weight_decay") and not options.get("decoupled_weight_decay"):
                g = g + options["weight_decay"] * p
            self.rule(options, step, p, g, *arrays)
        finish(param, p)


cdef ndarray number_of(dict state, str name, double initial):
    """The one number of a state that is about to be written, as an array; made where it is not there yet."""
    kept = state.get(name)
    if kept is None:
        kept = state[name] = wrap(np.array(initial, get_default_dtype().numpy))
    array = array_of(kept)
    before_write(array)
    written(kept)
    return array


def _new_optimizer(kind):
    return kind.__new__(kind)


def _like(param, name, item):
    """Loaded state; torch keeps the type of "step" and gives everything else the parameter's."""
    if isinstance(item, Tensor):
        return item.to(param.dtype) if name != "step" and param.dtype.is_floating_point else item
    if isinstance(item, dict):
        return {key: _like(param, key, value) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return type(item)([_like(param, name, value) for value in item])
    return deepcopy(item)


# ---- what an update works on


cdef ndarray begin(Tensor param):
    """The numbers of a parameter that is about to be written: its own memory, or a contiguous copy."""
    cdef ndarray array = array_of(param)
    cdef int kind = cnp.PyArray_TYPE(array)
    if kind != cnp.NPY_FLOAT32 and kind != cnp.NPY_FLOAT64:
        raise TypeError(f"an optimizer updates float32 and float64 tensors, but got {param.dtype}: use .float()")
    if not cnp.PyArray_ISWRITEABLE(array):
        raise ValueError(
            f"a parameter of shape {param.shape} is in read-only memory (a numpy array that cannot be written): make "
            "it from array.copy()"
        )
    before_write(array)
    return array if cnp.PyArray_ISCARRAY(array) else np.array(array, order="C")


cdef object finish(Tensor param, ndarray p):
    """Counts the write, and copies back what begin() had to copy."""
    if p is not param._array:
        param._array[...] = p
    written(param)


cdef ndarray alike(ndarray array, ndarray p, str what):
    """The array, or a copy of it with the parameter's type and order."""
    if not cnp.PyArray_SAMESHAPE(array, p):
        raise RuntimeError(
            f"the {what} has shape {list((<object>array).shape)}, but its parameter has {list((<object>p).shape)}: "
            "they must be the same. Call optimizer.zero_grad(), and make a new optimizer where a parameter changed its "
            "shape"
        )
    cdef bint in_place = cnp.PyArray_IS_C_CONTIGUOUS(array) and cnp.PyArray_ISALIGNED(array)
    if in_place and cnp.PyArray_TYPE(array) == cnp.PyArray_TYPE(p):
        return array
    return np.array(array, p.dtype, order="C")


cdef ndarray gradient_of(Tensor param, ndarray p):
    return alike(grad_array(param), p, "gradient")


cdef ndarray state_of(dict state, str name, ndarray p, double initial):
    """The array of a state that is about to be written; made where it is not there yet."""
    cdef ndarray given
    cdef ndarray array
    kept = state.get(name)
    if kept is None:
        array = np.full_like(p, initial)
        state[name] = wrap(array)
        return array
    given = array_of(kept)
    array = alike(given, p, name)
    if array is given and cnp.PyArray_ISWRITEABLE(array):
        before_write(array)
        written(kept)
    else:
        array = np.array(array)
        state[name] = wrap(array)
    return array


cdef Tensor start_step(dict state):
    """The "step" of a state: a tensor of no dimensions, as torch has it; old files have a plain number."""
    kept = state.get("step")
    if not isinstance(kept, Tensor):
        kept = state["step"] = wrap(np.array(0 if kept is None else kept, get_default_dtype().numpy))
    return kept


cdef double count_step(dict state) except? -1:
    """Adds 1 to "step"; returns the new number."""
    kept = start_step(state)
    array = array_of(kept)
    before_write(array)
    array += 1
    written(kept)
    return array


name_methods(Optimizer)
