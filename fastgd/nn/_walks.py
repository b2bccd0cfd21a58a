"""What a Module does for its whole tree: walks over the parts, parts by name, and what is set in all of them.

In Python: a generator that Cython compiles is none to `inspect`, and a script that prints `model.parameters()` should
read `<generator object Module.parameters at 0x...>`.
"""


class Module:
    """What the compiled Module is given."""

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """This module and all its parts, with their dotted names."""
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self):
        """This module and all its parts."""
        for _, module in self.named_modules():
            yield module

    def named_children(self):
        """The direct parts with their names."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self):
        """The direct parts."""
        for _, module in self.named_children():
            yield module

    def _named_members(self, registry, prefix, recurse, remove_duplicate):
        seen = set()
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for module_prefix, module in modules:
            for name, member in getattr(module, registry).items():
                if member is None or (remove_duplicate and id(member) in seen):
                    continue
                seen.add(id(member))
                yield (f"{module_prefix}.{name}" if module_prefix else name), member

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """The parameters of this module and its parts, with their dotted names."""
        yield from self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse=True):
        """The parameters of this module and its parts: what an optimizer is given."""
        for _, parameter in self.named_parameters("", recurse):
            yield parameter

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """The buffers of this module and its parts, with their dotted names."""
        yield from self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """The buffers of this module and its parts."""
        for _, buffer in self.named_buffers("", recurse):
            yield buffer

    def get_submodule(self, target):
        """The part with this dotted name."""
        module = self
        for name in target.split(".") if target else []:
            owner, module = module, module._modules.get(name)
            if module is None:
                raise AttributeError(f"{type(owner).__name__} has no attribute `{name}`")
        return module

    def get_parameter(self, target):
        """The parameter with this dotted name."""
        return self._member("_parameters", target)

    def get_buffer(self, target):
        """The buffer with this dotted name."""
        return self._member("_buffers", target)

    def _member(self, registry, target):
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = getattr(module, registry).get(name)
        if found is None:
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        return found

    def apply(self, fn):
        """Calls fn on every part and on this module; returns the module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode=True):
        """Sets the training flag of this module and its parts; returns the module."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """train(False)."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Says whether gradients with respect to the parameters are wanted; returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Takes the gradients of the parameters away, or sets them to 0."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                if set_to_none:
                    parameter.grad = None
                else:
                    parameter.grad.detach_().zero_()


WALKS = {name: walk for name, walk in vars(Module).items() if not name.startswith("__")}
