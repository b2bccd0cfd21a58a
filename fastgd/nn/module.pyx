"""Module: a model, as a tree of parameters and parts that are registered when they are set as attributes.

What no turn of a training loop needs compiled is in _walks, _conversions and _state.
"""

from cpython.object cimport PyObject, PyObject_GenericGetAttr, PyObject_GenericSetAttr

from .._tensor cimport Parameter, Tensor

cdef extern from *:
    """
    static void fastgd_set_call(PyObject *type, void *call) { ((PyTypeObject *)type)->tp_call = (ternaryfunc)call; }
    static int fastgd_generic_delattr(PyObject *o, PyObject *name) { return PyObject_GenericSetAttr(o, name, NULL); }
    """
    void fastgd_set_call(object type, void *call)
    object PyObject_GenericGetDict(object owner, void *context)
    int generic_delattr "fastgd_generic_delattr" (object o, object name) except -1
    # What the class itself has under a name, by the interpreter's own cache; NULL without an exception.
    void *_PyType_Lookup(type kind, object name)

from collections import OrderedDict

from .._hooks import RemovableHandle
from .._naming import give_attribute, name_methods
from ..settings import typename
from ._backward_hooks import Passage
from ._conversions import CONVERSIONS
from ._state import STATE
from ._walks import WALKS

cdef str DICT = "__dict__"
# What torch keeps in a module's __dict__, in its order.
cdef tuple FIELDS = (
    "training", "_parameters", "_buffers", "_non_persistent_buffers_set", "_backward_pre_hooks", "_backward_hooks",
    "_is_full_backward_hook", "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
    "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_state_dict_hooks", "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks", "_modules",
)


cdef inline bint is_buffer(value):
    """Whether it is a tensor that nn.Buffer made; most have no attributes at all, and a failed search is slow."""
    return isinstance(value, Tensor) and (<Tensor>value)._attributes != NULL and getattr(value, "_is_buffer", False)


cdef inline dict attributes_of(module):
    return PyObject_GenericGetDict(module, NULL)


cdef class Module:
    """The base of all models: subclass it, set parts in `__init__`, compute in `forward`.

    Example:
        >>> class Line(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.linear = nn.Linear(1, 1)
        ...     def forward(self, x):
        ...         return self.linear(x)
        >>> Line()
        Line(
          (linear): Linear(in_features=1, out_features=1, bias=True)
        )
    """

    def __init__(self, *args, **options):
        if args or options:
            given = next(iter(options)) if options else None
            raise TypeError(
                f"{type(self).__name__}.__init__() got an unexpected keyword argument '{given}'"
                if given
                else f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
            )
        self.training = True
        self._parameters = {}
        self._buffers = {}
        self._modules = {}
        self._non_persistent_buffers_set = set()
        self._forward_hooks = None
        self._forward_pre_hooks = None
        self._backward_hooks = None
        self._backward_pre_hooks = None
        self._state_hooks = None

    cdef bint hooked(self) noexcept:
        return (
            self._forward_pre_hooks is not None
            or self._forward_hooks is not None
            or self._backward_hooks is not None
            or self._backward_pre_hooks is not None
        )

    def forward(self, *input):
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args, **options):
        if not self.hooked():
            return self.run(args, options)
        for hook, with_kwargs in list((self._forward_pre_hooks or {}).values()):
            replaced = hook(self, args, options) if with_kwargs else hook(self, args)
            if replaced is not None and with_kwargs:
                if not isinstance(replaced, tuple) or len(replaced) != 2:
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {replaced}."
                    )
                args, options = replaced
            elif replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
        passage = None
        if self._backward_hooks or self._backward_pre_hooks:
            passage = Passage(self, args, self._backward_pre_hooks or {}, self._backward_hooks or {})
        result = self.run(args if passage is None else passage.args, options)
        for hook, with_kwargs in list((self._forward_hooks or {}).values()):
            replaced = hook(self, args, options, result) if with_kwargs else hook(self, args, result)
            if replaced is not None:
                result = replaced
        return result if passage is None else passage.out(result)

    cdef object run(self, tuple args, dict options):
        """The call of forward, which a compiled module makes without the way through Python."""
        return self.forward(*args, **options)

    def register_forward_hook(self, hook, *, bint prepend=False, bint with_kwargs=False):
        """Calls hook(module, args, output) after forward; what it returns, if not None, is the output.

        Args:
            prepend: before the hooks that are there.
            with_kwargs: hook(module, args, kwargs, output).
        """
        if self._forward_hooks is None:
            self._forward_hooks = {}
        return RemovableHandle(self._forward_hooks, (hook, with_kwargs), prepend)

    def register_forward_pre_hook(self, hook, *, bint prepend=False, bint with_kwargs=False):
        """Calls hook(module, args) before forward; what it returns, if not None, are the arguments.

        Args:
            prepend: before the hooks that are there.
            with_kwargs: hook(module, args, kwargs), which returns None or a tuple of both.
        """
        if self._forward_pre_hooks is None:
            self._forward_pre_hooks = {}
        return RemovableHandle(self._forward_pre_hooks, (hook, with_kwargs), prepend)

    def register_full_backward_hook(self, hook, bint prepend=False):
        """Calls hook(module, grad_input, grad_output), tuples of tensors, when backward has passed this module.

        What it returns, if not None, goes on as the gradient of the input (where several inputs require one, only that
        of the last to arrive is replaced).
        """
        if self._backward_hooks is None:
            self._backward_hooks = {}
        return RemovableHandle(self._backward_hooks, hook, prepend)

    def register_full_backward_pre_hook(self, hook, bint prepend=False):
        """Calls hook(module, grad_output) when backward reaches this module; what it returns replaces grad_output."""
        if self._backward_pre_hooks is None:
            self._backward_pre_hooks = {}
        return RemovableHandle(self._backward_pre_hooks, hook, prepend)

    def _state_hook(self, kind, hook):
        if self._state_hooks is None:
            self._state_hooks = {}
        return RemovableHandle(self._state_hooks.setdefault(kind, {}), hook)

    def _call_state_hooks(self, kind, *args):
        for hook in list((self._state_hooks or {}).get(kind, {}).values()):
            hook(self, *args)

    def register_state_dict_pre_hook(self, hook):
        """Calls hook(module, prefix, keep_vars) before state_dict() reads this module."""
        return self._state_hook("before saving", hook)

    def register_state_dict_post_hook(self, hook):
        """Calls hook(module, state_dict, prefix, local_metadata) when state_dict() has read this module."""
        return self._state_hook("after saving", hook)

    def register_load_state_dict_pre_hook(self, hook):
        """Calls hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors) before loading."""
        return self._state_hook("before loading", hook)

    def register_load_state_dict_post_hook(self, hook):
        """Calls hook(module, incompatible_keys) after loading; it may take keys out of them."""
        return self._state_hook("after loading", hook)

    # -- attributes

    def __getattribute__(self, name):
        # The registries come before the search that fails, for a failure costs an exception; after the class, for a
        # part may have the name of a method.
        if self._modules is not None and _PyType_Lookup(type(self), name) == NULL:
            found = self._modules.get(name)
            if found is not None:
                return found
            found = self._parameters.get(name)
            if found is not None:
                return found
        if <PyObject*>name == <PyObject*>DICT:
            return self.attributes()
        try:
            return PyObject_GenericGetAttr(self, name)
        except AttributeError:
            registry = self.registry_of(name)
            if registry is None:
                raise
            return registry[name]

    cdef dict registry_of(self, name):
        """Of the parameters, buffers and parts, those that have the name; None if none has."""
        for registry in (self._parameters, self._buffers, self._modules):
            if registry is not None and name in registry:
                return registry
        return None

    cdef dict attributes(self):
        """The __dict__, with what torch has in it and fastgd in fields of the object."""
        cdef dict own = attributes_of(self)
        if self._modules is None:       # before __init__
            return own
        others = {name: value for name, value in own.items() if name not in FIELDS}
        hooks = (self._backward_pre_hooks, self._backward_hooks, self._forward_hooks, self._forward_pre_hooks)
        before, after, forward, forward_pre = (OrderedDict(registered or ()) for registered in hooks)
        values = (
            self.training, self._parameters, self._buffers, self._non_persistent_buffers_set, before, after,
            True if after else None, forward, OrderedDict(), OrderedDict(), forward_pre, OrderedDict(), OrderedDict(),
            OrderedDict(), OrderedDict(), OrderedDict(), self._modules,
        )
        own.clear()
        own.update(zip(FIELDS, values))
        own.update(others)
        return own

    def __getattr__(self, name):
        """For subclasses that override it and ask this one for what they do not know, and scripts that call it."""
        registry = self.registry_of(name)
        if registry is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return registry[name]

    def __setattr__(self, str name, value):
        if isinstance(value, Parameter):
            if self._parameters is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, self._parameters)
            self.register_parameter(name, value)
        elif self._parameters is not None and name in self._parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            if self._modules is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, self._modules)
            self._modules[name] = value
        elif self._modules is not None and name in self._modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as child module '{name}' (torch.nn.Module or None "
                    "expected)"
                )
            self._modules[name] = None
        elif is_buffer(value):
            if self._buffers is None:
                raise AttributeError("cannot assign buffer before Module.__init__() call")
            self.register_buffer(name, value, value.persistent)
        elif self._buffers is not None and name in self._buffers:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{typename(value)}' as buffer '{name}' (torch.nn.Buffer, torch.Tensor or None "
                    "expected)"
                )
            self._buffers[name] = value
        else:
            if name == "forward":
                self._forward_replaced = True
            PyObject_GenericSetAttr(self, name, value)

    def _forget(self, str name, dict new_home):
        """Takes a name out of every other place; in its own a new value keeps the position."""
        attributes_of(self).pop(name, None)
        for registry in (self._parameters, self._buffers, self._modules):
            if registry is not new_home:
                registry.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __delattr__(self, str name):
        for registry in (self._parameters, self._buffers, self._modules):
            if name in registry:
                del registry[name]
                self._non_persistent_buffers_set.discard(name)
                return
        generic_delattr(self, name)

    def __dir__(self):
        return sorted({*object.__dir__(self), *self._parameters, *self._buffers, *self._modules})

    def _check_name(self, what, name, registry):
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain "."' + (f", got: {name}" if what == "module" else ""))
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')
        elsewhere = any(name in other for other in (self._parameters, self._buffers, self._modules))
        if name not in registry and (elsewhere or hasattr(type(self), name) or name in attributes_of(self)):
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name, param):
        """Adds a Parameter, or None, under a name."""
        if self._parameters is None:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name("parameter", name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None "
                "required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To "
                f"express '{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        self._parameters[name] = param

    def register_buffer(self, name, tensor, bint persistent=True):
        """Adds a tensor that belongs to the state but is not trained."""
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name, module):
        """Adds a part under a name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = module

    register_module = add_module

    # -- copies

    def __deepcopy__(self, memo):
        import copy

        made = type(self).__new__(type(self))
        memo[id(self)] = made
        self._copy_state_to(made, copy.deepcopy, memo)
        return made

    def __copy__(self):
        made = type(self).__new__(type(self))
        self._copy_state_to(made, lambda value, memo: dict(value) if isinstance(value, dict) else value, {})
        return made

    def _copy_state_to(self, Module made, copied, memo):
        made.training = self.training
        made._forward_replaced = self._forward_replaced
        made._parameters = copied(self._parameters, memo)
        made._buffers = copied(self._buffers, memo)
        made._modules = copied(self._modules, memo)
        made._non_persistent_buffers_set = set(self._non_persistent_buffers_set)
        made._forward_hooks = copied(self._forward_hooks, memo)
        made._forward_pre_hooks = copied(self._forward_pre_hooks, memo)
        made._backward_hooks = copied(self._backward_hooks, memo)
        made._backward_pre_hooks = copied(self._backward_pre_hooks, memo)
        made._state_hooks = copied(self._state_hooks, memo)
        attributes_of(made).update(copied(attributes_of(self), memo))

    def __reduce_ex__(self, protocol):
        # copyreg's __newobj__, by hand: the class is not called when the state comes back.
        state = (
            self.training, self._parameters, self._buffers, self._modules, self._non_persistent_buffers_set,
            self._forward_hooks, self._forward_pre_hooks, self._backward_hooks, self._backward_pre_hooks,
            self._state_hooks, dict(attributes_of(self)),
        )
        return _new_module, (type(self),), state

    def __setstate__(self, state):
        (
            self.training, self._parameters, self._buffers, self._modules, self._non_persistent_buffers_set,
            self._forward_hooks, self._forward_pre_hooks, self._backward_hooks, self._backward_pre_hooks,
            self._state_hooks, attributes,
        ) = state
        self._forward_replaced = "forward" in attributes
        attributes_of(self).update(attributes)

    # -- printing

    def extra_repr(self):
        """What stands between the parentheses; subclasses say more."""
        return ""

    def _get_name(self):
        return type(self).__name__

    def __repr__(self):
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        parts = []
        for name, module in self._modules.items():
            parts.append(f"({name}): " + repr(module).replace("\n", "\n  "))
        if not parts:
            return f"{self._get_name()}({extra})" if len(lines) <= 1 else (
                f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"
            )
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + parts) + "\n)"


def _new_module(kind):
    return kind.__new__(kind)


cdef dict NO_OPTIONS = {}


cdef object call(Module module, tuple args, PyObject *options):
    """module(*args): without keywords and hooks, no dict of options is made for it."""
    if options == NULL and not module.hooked():
        return module.run(args, NO_OPTIONS)
    return Module.__call__(module, *args, **({} if options == NULL else <object>options))


# Before the classes that inherit it are made.
fastgd_set_call(Module, <void *>call)
name_methods(Module)
for name, function in (WALKS | CONVERSIONS | STATE).items():
    give_attribute(Module, name, function)
