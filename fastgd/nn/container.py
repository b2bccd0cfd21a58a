"""Modules and parameters in lists and dicts, so that a Module finds them."""

import operator
from collections.abc import Iterable, Mapping

from .._tensor import Parameter, Tensor
from .module import Module


def _check_iterable(container, given):
    if not isinstance(given, Iterable):
        raise TypeError(
            f"{type(container).__name__}.extend should be called with an iterable, but got {type(given).__name__}"
        )


class ModuleList(Module):
    """A list of modules that belong to the module it is an attribute of.

    Args:
        modules: an iterable of modules; default none.

    Raises:
        TypeError: something that is no Module. IndexError: an index that is not there.

    Example:
        >>> layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 1)])
        >>> layers
        ModuleList(
          (0): Linear(in_features=2, out_features=2, bias=True)
          (1): Linear(in_features=2, out_features=1, bias=True)
        )
        >>> len(list(layers.parameters()))
        4
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _name_at(self, index):
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range")
        return str(index % len(self))

    def _set_modules(self, modules):
        self._modules = {str(i): module for i, module in enumerate(modules)}

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(list(self._modules.values())[index])
        return self._modules[self._name_at(index)]

    def __setitem__(self, index, module):
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index):
        modules = list(self)
        del modules[index]
        self._set_modules(modules)

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __add__(self, other):
        return type(self)([*self, *other])

    def __iadd__(self, modules):
        return self.extend(modules)

    def append(self, module):
        """Adds a module at the end; returns the list."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index, module):
        """Puts a module in before the one at `index`."""
        modules = list(self)
        modules.insert(index, module)
        self._set_modules(modules)

    def extend(self, modules):
        """Adds the modules of an iterable at the end; returns the list."""
        _check_iterable(self, modules)
        for module in modules:
            self.append(module)
        return self

    def pop(self, key):
        """Takes a module out and returns it."""
        module = self[key]
        del self[key]
        return module

    def __repr__(self):
        # Neighbours that print alike share a line, as in torch.
        runs = []
        for i, text in enumerate(map(repr, self)):
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        if not runs:
            return f"{self._get_name()}()"
        lines = [
            f"({first}): {text}" if first == last else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in runs
        ]
        return f"{self._get_name()}(\n" + "".join("  " + line.replace("\n", "\n  ") + "\n" for line in lines) + ")"


class ModuleDict(Module):
    """A dict of modules by name that belong to the module it is an attribute of.

    Args:
        modules: a mapping, or an iterable of (name, module) pairs; default none.

    Raises:
        TypeError: something that is no Module. KeyError: a name that is not there, or cannot be one.

    Example:
        >>> parts = nn.ModuleDict({"trend": nn.Linear(1, 1)})
        >>> parts["trend"]
        Linear(in_features=1, out_features=1, bias=True)
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key):
        return self._modules[key]

    def __setitem__(self, key, module):
        self.add_module(key, module)

    def __delitem__(self, key):
        del self._modules[key]

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def __contains__(self, key):
        return key in self._modules

    def keys(self):
        """The names."""
        return self._modules.keys()

    def items(self):
        """The (name, module) pairs."""
        return self._modules.items()

    def values(self):
        """The modules."""
        return self._modules.values()

    def clear(self):
        """Takes all modules out."""
        self._modules.clear()

    def pop(self, key):
        """Takes a module out and returns it."""
        return self._modules.pop(key)

    def update(self, modules):
        """Adds the modules of a mapping or of (name, module) pairs."""
        for name, module in modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules:
            self[name] = module


def _described(name, value, kind):
    if isinstance(value, Tensor):
        what = "Parameter" if isinstance(value, Parameter) else "Tensor"
        sizes = "x".join(str(size) for size in value.shape)
        return f"  ({name}): {what} containing: [{kind(value)} of size {sizes}]"
    return f"  ({name}): Object of type: {type(value).__name__}"


class ParameterList(Module):
    """A list of parameters that belong to the module it is an attribute of; tensors become parameters.

    Args:
        values: an iterable of parameters, tensors, or anything else, which is kept as it is; default none.

    Raises:
        IndexError: an index that is not there.

    Example:
        >>> weights = nn.ParameterList([fastgd.zeros(2), fastgd.zeros(1)])
        >>> [name for name, _ in weights.named_parameters()]
        ['0', '1']
    """

    def __init__(self, values=None):
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _name_at(self, index):
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range")
        return str(index % len(self))

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)([self[i] for i in range(*index.indices(len(self)))])
        return getattr(self, self._name_at(index))

    def __setitem__(self, index, value):
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, self._name_at(index), value)

    def __len__(self):
        return self._size

    def __iter__(self):
        return iter([self[i] for i in range(len(self))])

    def __iadd__(self, values):
        return self.extend(values)

    def append(self, value):
        """Adds a value at the end; returns the list."""
        self._size += 1
        self[-1] = value
        return self

    def extend(self, values):
        """Adds the values of an iterable at the end; returns the list."""
        _check_iterable(self, values)
        for value in values:
            self.append(value)
        return self

    def extra_repr(self):
        return "\n".join(_described(i, value, lambda tensor: tensor.dtype) for i, value in enumerate(self))

    def __call__(self, *args, **kwargs):
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(Module):
    """A dict of parameters by name that belong to the module it is an attribute of; tensors become parameters.

    Args:
        parameters: a mapping, or an iterable of (name, value) pairs; default none.

    Raises:
        AttributeError: a name that is not there. KeyError: a name that cannot be one.

    Example:
        >>> weights = nn.ParameterDict({"slope": fastgd.zeros(1)})
        >>> list(weights.keys())
        ['slope']
    """

    def __init__(self, parameters=None):
        super().__init__()
        self._names = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key):
        return getattr(self, key)

    def __setitem__(self, key, value):
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        self._check_name("parameter", key, self._names)
        self._names[key] = None
        setattr(self, key, value)

    def __delitem__(self, key):
        del self._names[key]
        delattr(self, key)

    def __len__(self):
        return len(self._names)

    def __iter__(self):
        return iter(self._names)

    def __contains__(self, key):
        return key in self._names

    def keys(self):
        """The names."""
        return self._names.keys()

    def items(self):
        """The (name, value) pairs."""
        return [(name, self[name]) for name in self._names]

    def values(self):
        """The values."""
        return [self[name] for name in self._names]

    def get(self, key, default=None):
        """The value under a name, or the default."""
        return self[key] if key in self else default

    def pop(self, key):
        """Takes a value out and returns it."""
        value = self[key]
        del self[key]
        return value

    def clear(self):
        """Takes all values out."""
        for name in list(self._names):
            del self[name]

    def update(self, parameters):
        """Adds the values of a mapping or of (name, value) pairs."""
        for name, value in parameters.items() if isinstance(parameters, (Mapping, ParameterDict)) else parameters:
            self[name] = value

    def extra_repr(self):
        return "\n".join(_described(name, value, lambda tensor: tensor.type()) for name, value in self.items())

    def __call__(self, *args, **kwargs):
        raise RuntimeError("ParameterDict should not be called.")
