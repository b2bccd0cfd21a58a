"""What is saved of a Module and loaded into one. In Python: nothing here is called in a training loop."""

import itertools
from collections import OrderedDict, namedtuple

from .._tensor import Parameter, Tensor
from ..autograd import no_grad

_Keys = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])


class _IncompatibleKeys(_Keys):
    __slots__ = ()

    def __repr__(self):
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"

    __str__ = __repr__


class Module:
    """What the compiled Module is given."""

    def state_dict(self, *, destination=None, prefix="", keep_vars=False):
        """The parameters and buffers by dotted name, sharing memory with the module.

        Returns:
            An OrderedDict; writing into its tensors changes the module.
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        self._call_state_hooks("before saving", prefix, keep_vars)
        destination._metadata[prefix[:-1]] = metadata = {"version": 1}
        for name, tensor in self._own_state():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        self._call_state_hooks("after saving", destination, prefix, metadata)
        return destination

    def _own_state(self):
        for name, tensor in itertools.chain(self._parameters.items(), self._buffers.items()):
            if tensor is not None and name not in self._non_persistent_buffers_set:
                yield name, tensor

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Copies a state dict into the parameters and buffers.

        Args:
            state_dict: tensors by dotted name, as state_dict() gives them.
            strict: missing and unexpected names are an error.
            assign: takes the tensors themselves in place of copying.

        Returns:
            The missing and the unexpected keys.

        Raises:
            RuntimeError: names or shapes do not fit; nothing is changed then.
        """
        if not hasattr(state_dict, "keys"):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        own = {}
        errors = []
        state_dict = OrderedDict(state_dict)
        for prefix, module in self.named_modules(remove_duplicate=False):
            module._call_state_hooks(
                "before loading", state_dict, prefix and prefix + ".", {"version": 1}, strict, [], [], errors
            )
            for name, tensor in module._own_state():
                own[f"{prefix}.{name}" if prefix else name] = (module, name, tensor)
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        for module in self.modules():
            module._call_state_hooks("after loading", _IncompatibleKeys(missing, unexpected))
        if strict and missing:
            errors.append("Missing key(s) in state_dict: " + ", ".join(f'"{name}"' for name in missing) + ". ")
        if strict and unexpected:
            errors.append("Unexpected key(s) in state_dict: " + ", ".join(f'"{name}"' for name in unexpected) + ". ")
        for full_name, (_, _, tensor) in own.items():
            if full_name not in state_dict:
                continue
            given = state_dict[full_name]
            if not isinstance(given, Tensor):
                errors.append(
                    f'While copying the parameter named "{full_name}", expected torch.Tensor or Tensor-like object '
                    f"from checkpoint but received {type(given)}"
                )
            elif given.shape != tensor.shape:
                errors.append(
                    f"size mismatch for {full_name}: copying a param with shape {given.shape} from checkpoint, the "
                    f"shape in current model is {tensor.shape}."
                )
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        with no_grad():
            for full_name, (module, name, tensor) in own.items():
                if full_name not in state_dict:
                    continue
                given = state_dict[full_name]
                if not assign:
                    tensor.copy_(given)
                elif name in module._parameters:
                    module._parameters[name] = (
                        given if isinstance(given, Parameter) else Parameter(given, tensor.requires_grad)
                    )
                else:
                    module._buffers[name] = given
        return _IncompatibleKeys(missing, unexpected)


STATE = {name: method for name, method in vars(Module).items() if not name.startswith("__")}
