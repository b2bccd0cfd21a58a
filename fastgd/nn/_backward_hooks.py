"""What a module with backward hooks does around its forward: it looks at the gradients that pass."""

from .._tensor import Tensor, apply, from_array, is_grad_enabled, row
from ..creation import zeros_like

# A view, as torch's: what passes is the tensor itself.
_passage = row(
    "backward_hook",
    lambda a, seen: a,
    (lambda g, out, a, seen: seen(g),),
    ((),),
    label="BackwardHookFunctionBackward",
    view=True,
)


def _watched(tensor, seen):
    return apply(_passage, (tensor,), {"seen": seen})


def _arrays(gradients):
    return [None if gradient is None else gradient.detach().numpy() for gradient in gradients]


class Passage:
    """One call of a module: calls its hooks when the gradients of its outputs, then of its inputs, have come by."""

    def __init__(self, module, args, pre_hooks, hooks):
        self.module, self.pre_hooks, self.hooks = module, list(pre_hooks.values()), list(hooks.values())
        self.grad_input = {}
        self.wanted = {
            i for i, arg in enumerate(args) if is_grad_enabled() and isinstance(arg, Tensor) and arg.requires_grad
        }
        self.args = tuple(
            _watched(arg, lambda g, i=i: self.at_input(i, g)) if i in self.wanted else arg for i, arg in enumerate(args)
        )

    def out(self, result):
        """The result, watched."""
        several = isinstance(result, tuple)
        outputs = result if several else (result,)
        self.grad_output = [None] * len(outputs)
        outputs = tuple(
            _watched(out, lambda g, i=i: self.at_output(i, g)) if isinstance(out, Tensor) and out.requires_grad else out
            for i, out in enumerate(outputs)
        )
        return outputs if several else outputs[0]

    def at_output(self, i, g):
        self.grad_output[i] = from_array(g)
        for hook in self.pre_hooks:
            replaced = hook(self.module, tuple(self.grad_output))
            if replaced is not None:
                self.grad_output = list(replaced) if isinstance(replaced, tuple) else [replaced]
        if not self.wanted:
            self.call((None,) * len(self.args))
        return self.grad_output[i].detach().numpy()

    def at_input(self, i, g):
        self.grad_input[i] = g
        if self.wanted - self.grad_input.keys():
            return g
        found = tuple(self.found(j, arg) for j, arg in enumerate(self.args))
        self.grad_input = {}
        return _arrays(self.call(found))[i]

    def found(self, i, arg):
        if i in self.wanted:
            return from_array(self.grad_input[i])
        return zeros_like(arg) if isinstance(arg, Tensor) else None

    def call(self, grad_input):
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, tuple(self.grad_output))
            if replaced is not None:
                grad_input = replaced if isinstance(replaced, tuple) else (replaced,)
        return grad_input
