"""SGD: stochastic gradient descent with momentum."""

cimport numpy as cnp
from libc.math cimport isfinite
from numpy cimport ndarray

from .._kernels cimport DOUBLE, SINGLE, sgd_update
from .._tensor cimport Tensor
from .optimizer cimport Optimizer, begin, finish, gradient_of, state_of

from .._naming import name_constructor

cnp.import_array()


cdef class SGD(Optimizer):
    """Stochastic gradient descent, with torch's options and order of operations.

    For each parameter p with a gradient g (negated if maximize):

        g = g + weight_decay p
        v = momentum v + (1 - dampening) g      (v = g at the first step)
        p = p - lr v                            (p - lr (g + momentum v) with nesterov; p - lr g without momentum)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: the learning rate; a number or a tensor of one element. Default 1e-3.
        momentum, dampening, weight_decay: default 0.
        nesterov: Nesterov's momentum; needs a momentum and no dampening.
        maximize: ascends instead.
        foreach, differentiable, fused: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; nesterov without momentum; no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.SGD([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8000], requires_grad=True)

    References:
        Sutskever et al., On the importance of initialization and momentum in deep learning, 2013 (torch keeps the
        rate outside of the velocity).
    """

    cdef double lr, momentum, dampening, weight_decay      # of the group that is being updated
    cdef bint nesterov, maximize

    def __init__(
        self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *,
        maximize=False, foreach=None, differentiable=False, fused=None,
    ):
        defaults = dict(
            lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
            maximize=maximize, foreach=foreach, differentiable=differentiable, fused=fused,
        )
        self.check_group(defaults)
        if nesterov and (momentum <= 0 or dampening != 0):      # which a group may have all the same
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        Optimizer.__init__(self, params, defaults)

    cdef object read(self, dict group):
        self.lr, self.momentum = group["lr"], group["momentum"]
        self.dampening, self.weight_decay = group["dampening"], group["weight_decay"]
        self.nesterov, self.maximize = group["nesterov"], group["maximize"]
        if not (
            0 <= self.lr and 0 <= self.momentum and 0 <= self.weight_decay
            and isfinite(self.lr + self.momentum + self.dampening + self.weight_decay)
        ):
            self.check_group(group)

    cdef object update(self, Tensor param):
        cdef ndarray p = begin(param)
        cdef ndarray g = gradient_of(param, p)
        cdef void *buffer = NULL
        cdef bint first = False
        cdef dict state
        if self.momentum != 0:
            state = self.state[param]
            first = state.get("momentum_buffer") is None
            buffer = cnp.PyArray_DATA(state_of(state, "momentum_buffer", p, 0))
        sgd_update(
            DOUBLE if cnp.PyArray_TYPE(p) == cnp.NPY_FLOAT64 else SINGLE, cnp.PyArray_SIZE(p),
            cnp.PyArray_DATA(p), cnp.PyArray_DATA(g), buffer, first,
            self.lr, self.momentum, self.dampening, self.weight_decay, self.nesterov, self.maximize,
        )
        finish(param, p)


name_constructor(SGD, "params lr momentum dampening weight_decay nesterov", 1)
