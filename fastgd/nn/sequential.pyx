"""Sequential: modules one after another."""

from .module cimport Module

import operator
from collections import OrderedDict
from itertools import islice


cdef object check_addend(other):
    if not isinstance(other, Sequential):
        raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")


cdef class Sequential(Module):
    """Modules called one after another, each with the result of the one before.

    Args:
        args: modules, named "0", "1", ... in their order; or one OrderedDict of modules by name.

    Raises:
        TypeError: something that is no Module. IndexError: an index that is not there.

    Example:
        >>> model = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0, 1))
        >>> model(fastgd.ones(2, 3)).shape
        torch.Size([2])
        >>> model[0]
        Linear(in_features=3, out_features=1, bias=True)
    """

    def __init__(self, *args):
        Module.__init__(self)
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    cdef object run(self, tuple args, dict options):
        if type(self) is Sequential and len(args) == 1 and not options and not self._forward_replaced:
            return self._through(args[0])
        return self.forward(*args, **options)

    cdef object _through(self, input):
        for module in self._modules.values():
            input = module(input)
        return input

    def forward(self, input):
        return self._through(input)

    def _name_at(self, index):
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range")
        return next(islice(self._modules, index % len(self), None))

    def _set_modules(self, modules):
        self._modules = {str(i): module for i, module in enumerate(modules)}

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self._modules[self._name_at(index)]

    def __setitem__(self, index, module):
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index):
        names = list(self._modules)[index] if isinstance(index, slice) else [self._name_at(index)]
        for name in names:
            del self._modules[name]
        self._set_modules(list(self))

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def append(self, module):
        """Adds a module at the end; returns the Sequential."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index, module):
        """Puts a module in before the one at `index`; returns the Sequential."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}, but got {type(module).__name__}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        modules = list(self)
        modules.insert(index, module)
        self._set_modules(modules)
        return self

    def extend(self, sequential):
        """Adds the modules of an iterable at the end; returns the Sequential."""
        for module in sequential:
            self.append(module)
        return self

    def pop(self, key):
        """Takes a module out and returns it."""
        module = self[key]
        del self[key]
        return module

    def __add__(self, other):
        check_addend(other)
        return Sequential(*self, *other)

    def __iadd__(self, other):
        check_addend(other)
        return self.extend(other)
