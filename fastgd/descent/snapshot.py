"""All that an epoch changes, to put it back."""

import copy

from .._tensor import Tensor, from_array
from ..nn import Module

ATOMS = (int, float, bool, str, type(None))


def parameters_of(optimizer):
    return [param for group in optimizer.param_groups for param in group["params"]]


def changing(model, optimizer):
    """The tensors that an epoch changes in place: parameters, and a model's buffers."""
    return parameters_of(optimizer) + (list(model.buffers()) if isinstance(model, Module) else [])


class Snapshot:
    """The state of a model, its optimizer, scheduler (or None) and random streams at the time it is made."""

    def __init__(self, model, optimizer, scheduler, generators):
        self.optimizer, self.scheduler, self.generators = optimizer, scheduler, generators
        self.tensors = changing(model, optimizer)
        self.arrays = arrays_of(self.tensors)
        self.options = copied(optimizer.state_dict())
        self.schedule = None if scheduler is None else copied(scheduler.state_dict())
        self.random = [generator.get_state() for generator in generators]

    def restore(self):
        put_back(self.tensors, self.arrays)
        del self.optimizer.param_groups[len(self.options["param_groups"]) :]  # that a callback added
        load_exactly(self.optimizer, self.options)
        if self.scheduler is not None:
            self.scheduler.load_state_dict(self.schedule)
        for generator, state in zip(self.generators, self.random):
            generator.set_state(state)


def load_exactly(optimizer, state):
    """Its load_state_dict, but for the types of state tensors, which that makes the parameters'."""
    optimizer.load_state_dict(state)
    params = parameters_of(optimizer)
    for i, saved in state["state"].items():
        own = optimizer.state[params[i]]
        for name, value in saved.items():
            if isinstance(value, Tensor) and own[name].dtype != value.dtype:
                own[name] = value.detach().clone()


def copied(value):
    """A deep copy, in a tenth of the time of copy.deepcopy for what state dicts hold: one is made at every stretch."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is dict:
        return {name: copied(each) for name, each in value.items()}
    if kind is list:
        return [copied(each) for each in value]
    return value.detach().clone() if kind is Tensor else copy.deepcopy(value)


def arrays_of(tensors):
    """Copies of them."""
    return [tensor.detach().numpy().copy() for tensor in tensors]


def put_back(tensors, arrays):
    for tensor, array in zip(tensors, arrays):
        tensor.data.copy_(from_array(array))
