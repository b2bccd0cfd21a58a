"""Adam, AdamW, RMSprop and Adagrad: a rate for each number, from the sizes of its gradients so far."""

cimport cython
cimport numpy as cnp
from libc.math cimport isfinite, sqrt
from numpy cimport ndarray

from .._tensor cimport Tensor
from .optimizer cimport Optimizer, begin, count_step, finish, gradient_of, start_step, state_of

from .._naming import name_constructor
from .optimizer import check_betas, check_rates

cnp.import_array()

ctypedef fused real:
    float
    double


cdef inline real root(real x) noexcept nogil:
    return <real>sqrt(x)


cdef inline real gradient(real g, real p, real weight_decay, bint maximize) noexcept nogil:
    """The gradient of what is minimised, the penalty on the weights included."""
    return (-g if maximize else g) + (weight_decay * p if weight_decay != 0 else 0)


cdef inline bint is_double(ndarray p) noexcept:
    return cnp.PyArray_TYPE(p) == cnp.NPY_FLOAT64


cdef inline void *data_or_null(ndarray array) noexcept:
    return NULL if array is None else cnp.PyArray_DATA(array)


@cython.cdivision(True)
cdef void adam_update(
    Py_ssize_t n, real *p, const real *g, real *m, real *v, real *highest,      # highest: NULL without amsgrad
    double beta1, double beta2, double step_size, double correction, double eps, double shrink, double weight_decay,
    bint maximize,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef real slope, size
    cdef real b1 = <real>beta1
    cdef real c1 = <real>(1 - beta1)
    cdef real b2 = <real>beta2
    cdef real c2 = <real>(1 - beta2)
    for i in range(n):
        slope = gradient(g[i], p[i], <real>weight_decay, maximize)
        p[i] *= <real>shrink
        m[i] = b1 * m[i] + c1 * slope
        v[i] = b2 * v[i] + c2 * slope * slope
        size = v[i]
        if highest != NULL:
            # So written that a NaN gets in.
            if not (size <= highest[i]):
                highest[i] = size
            size = highest[i]
        p[i] -= <real>step_size * m[i] / (root(size) / <real>correction + <real>eps)


cdef class Adam(Optimizer):
    """Adam: steps of about the size of lr, whatever the scale of the gradients.

    For each parameter p with a gradient g (negated if maximize), at its step t = 1, 2, ...:

        g = g + weight_decay p                          (p = p - lr weight_decay p if decoupled_weight_decay)
        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2                   (amsgrad: the largest v so far stands for v below)
        p = p - lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: the learning rate; a number or a tensor of one element. Default 1e-3.
        betas: how slowly m and v forget; default (0.9, 0.999).
        eps: keeps the denominator off 0; default 1e-8.
        weight_decay: default 0.
        amsgrad: divides by the largest v so far.
        maximize: ascends instead.
        decoupled_weight_decay: shrinks the parameters themselves, as AdamW does.
        foreach, capturable, differentiable, fused: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; a beta outside of [0, 1); no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.Adam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    References:
        Kingma and Ba, Adam: a method for stochastic optimization, 2015. Reddi et al., On the convergence of Adam and
        beyond, 2018 (amsgrad).
    """

    cdef double lr, beta1, beta2, eps, weight_decay        # of the group that is being updated
    cdef bint amsgrad, maximize, decoupled

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *,
        foreach=None, maximize=False, capturable=False, differentiable=False, fused=None, decoupled_weight_decay=False,
    ):
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize, foreach=foreach,
            capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=decoupled_weight_decay,
        )
        if foreach and not capturable and isinstance(lr, Tensor):
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        self.check_group(defaults)
        if not all(isinstance(beta, float) for beta in betas) and not all(isinstance(beta, Tensor) for beta in betas):
            raise ValueError(f"betas must be either both floats or both Tensors, but got {tuple(betas)}")
        for i, beta in enumerate(betas):
            if foreach and not capturable and isinstance(beta, Tensor):
                raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
        defaults["betas"] = tuple([float(beta) for beta in betas])
        Optimizer.__init__(self, params, defaults)

    def check_group(self, group):
        check_rates(group)
        check_betas(group["betas"])

    cdef object read(self, dict group):
        self.lr, self.eps, self.weight_decay = group["lr"], group["eps"], group["weight_decay"]
        self.beta1, self.beta2 = group["betas"]
        self.amsgrad, self.maximize = group["amsgrad"], group["maximize"]
        self.decoupled = group["decoupled_weight_decay"]
        if not (
            0 <= self.lr and 0 <= self.eps and 0 <= self.weight_decay and 0 <= self.beta1 < 1 and 0 <= self.beta2 < 1
            and isfinite(self.lr + self.eps + self.weight_decay)
        ):
            self.check_group(group)

    cdef object update(self, Tensor param):
        cdef ndarray p = begin(param)
        cdef ndarray g = gradient_of(param, p)
        cdef dict state = self.state[param]
        cdef double step = count_step(state)
        cdef ndarray m = state_of(state, "exp_avg", p, 0)
        cdef ndarray v = state_of(state, "exp_avg_sq", p, 0)
        cdef ndarray highest = state_of(state, "max_exp_avg_sq", p, 0) if self.amsgrad else None
        cdef double step_size = self.lr / (1 - self.beta1 ** step)
        cdef double correction = sqrt(1 - self.beta2 ** step)
        cdef double shrink = 1 - self.lr * self.weight_decay if self.decoupled else 1
        cdef double weight_decay = 0 if self.decoupled else self.weight_decay
        if is_double(p):
            adam_update[double](
                cnp.PyArray_SIZE(p), <double *>cnp.PyArray_DATA(p), <double *>cnp.PyArray_DATA(g),
                <double *>cnp.PyArray_DATA(m), <double *>cnp.PyArray_DATA(v), <double *>data_or_null(highest),
                self.beta1, self.beta2, step_size, correction, self.eps, shrink, weight_decay, self.maximize,
            )
        else:
            adam_update[float](
                cnp.PyArray_SIZE(p), <float *>cnp.PyArray_DATA(p), <float *>cnp.PyArray_DATA(g),
                <float *>cnp.PyArray_DATA(m), <float *>cnp.PyArray_DATA(v), <float *>data_or_null(highest),
                self.beta1, self.beta2, step_size, correction, self.eps, shrink, weight_decay, self.maximize,
            )
        finish(param, p)


cdef class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters themselves: p = p - lr weight_decay p, before the step.

    Args:
        params, lr, betas, eps, amsgrad, maximize: see Adam.
        weight_decay: default 1e-2.
        foreach, capturable, differentiable, fused: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError, TypeError: as Adam.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.AdamW([w], lr=0.1, weight_decay=0.5)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8500], requires_grad=True)

    References:
        Loshchilov and Hutter, Decoupled weight decay regularization, 2019.
    """

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *,
        maximize=False, foreach=None, capturable=False, differentiable=False, fused=None,
    ):
        Adam.__init__(
            self, params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )

    def check_group(self, group):
        Adam.check_group(self, group)
        # Files of older versions, and of Adam, do not say so.
        group["decoupled_weight_decay"] = True


@cython.cdivision(True)
cdef void rmsprop_update(
    Py_ssize_t n, real *p, const real *g, real *v, real *mean, real *buffer,    # mean, buffer: NULL where not used
    double lr, double alpha, double eps, double weight_decay, double momentum, bint maximize,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef real slope, size
    cdef real forget = <real>(1 - alpha)
    for i in range(n):
        slope = gradient(g[i], p[i], <real>weight_decay, maximize)
        v[i] = <real>alpha * v[i] + forget * slope * slope
        size = v[i]
        if mean != NULL:
            mean[i] += forget * (slope - mean[i])
            size -= mean[i] * mean[i]
        slope /= root(size) + <real>eps
        if buffer != NULL:
            buffer[i] = <real>momentum * buffer[i] + slope
            slope = buffer[i]
        p[i] -= <real>lr * slope


cdef class RMSprop(Optimizer):
    """RMSprop: the gradient divided by the root of its mean square.

    For each parameter p with a gradient g (negated if maximize):

        g = g + weight_decay p
        v = alpha v + (1 - alpha) g^2
        a = alpha a + (1 - alpha) g                     (centered only; else a = 0)
        u = g / (sqrt(v - a^2) + eps)
        p = p - lr u                                    (with momentum: b = momentum b + u, p = p - lr b)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: the learning rate; a number or a tensor of one element. Default 1e-2.
        alpha: how slowly v forgets; default 0.99.
        eps: keeps the denominator off 0; default 1e-8.
        weight_decay, momentum: default 0.
        centered: takes the mean gradient off.
        maximize: ascends instead.
        capturable, foreach, differentiable: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.RMSprop([w], lr=0.01)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    References:
        Tieleman and Hinton, lecture 6.5 of Neural networks for machine learning, 2012; Graves, Generating sequences
        with recurrent neural networks, 2013 (centered).
    """

    cdef double lr, alpha, eps, weight_decay, momentum     # of the group that is being updated
    cdef bint centered, maximize

    def __init__(
        self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, capturable=False,
        foreach=None, maximize=False, differentiable=False,
    ):
        defaults = dict(
            lr=lr, momentum=momentum, alpha=alpha, eps=eps, centered=centered, weight_decay=weight_decay,
            capturable=capturable, foreach=foreach, maximize=maximize, differentiable=differentiable,
        )
        self.check_group(defaults)
        Optimizer.__init__(self, params, defaults)

    cdef object read(self, dict group):
        self.lr, self.alpha, self.eps = group["lr"], group["alpha"], group["eps"]
        self.weight_decay, self.momentum = group["weight_decay"], group["momentum"]
        self.centered, self.maximize = group["centered"], group["maximize"]
        if not (
            0 <= self.lr and 0 <= self.alpha and 0 <= self.eps and 0 <= self.weight_decay and 0 <= self.momentum
            and isfinite(self.lr + self.alpha + self.eps + self.weight_decay + self.momentum)
        ):
            self.check_group(group)

    cdef object update(self, Tensor param):
        cdef ndarray p = begin(param)
        cdef ndarray g = gradient_of(param, p)
        cdef dict state = self.state[param]
        count_step(state)
        cdef ndarray v = state_of(state, "square_avg", p, 0)
        cdef ndarray buffer = state_of(state, "momentum_buffer", p, 0) if self.momentum > 0 else None
        cdef ndarray mean = state_of(state, "grad_avg", p, 0) if self.centered else None
        if is_double(p):
            rmsprop_update[double](
                cnp.PyArray_SIZE(p), <double *>cnp.PyArray_DATA(p), <double *>cnp.PyArray_DATA(g),
                <double *>cnp.PyArray_DATA(v), <double *>data_or_null(mean), <double *>data_or_null(buffer),
                self.lr, self.alpha, self.eps, self.weight_decay, self.momentum, self.maximize,
            )
        else:
            rmsprop_update[float](
                cnp.PyArray_SIZE(p), <float *>cnp.PyArray_DATA(p), <float *>cnp.PyArray_DATA(g),
                <float *>cnp.PyArray_DATA(v), <float *>data_or_null(mean), <float *>data_or_null(buffer),
                self.lr, self.alpha, self.eps, self.weight_decay, self.momentum, self.maximize,
            )
        finish(param, p)


@cython.cdivision(True)
cdef void adagrad_update(
    Py_ssize_t n, real *p, const real *g, real *total, double lr, double eps, double weight_decay, bint maximize,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef real slope
    for i in range(n):
        slope = gradient(g[i], p[i], <real>weight_decay, maximize)
        total[i] += slope * slope
        p[i] -= <real>lr * slope / (root(total[i]) + <real>eps)


cdef class Adagrad(Optimizer):
    """Adagrad: the gradient divided by the root of the sum of its squares.

    For each parameter p with a gradient g (negated if maximize), at its step t = 1, 2, ...:

        g = g + weight_decay p
        s = s + g^2
        p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: the learning rate; a number or a tensor of one element. Default 1e-2.
        lr_decay, weight_decay: default 0.
        initial_accumulator_value: where s starts; default 0.
        eps: keeps the denominator off 0; default 1e-10.
        maximize: ascends instead.
        foreach, differentiable, fused: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.Adagrad([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    References:
        Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and stochastic optimization, 2011.
    """

    cdef double lr, lr_decay, eps, weight_decay, initial   # of the group that is being updated
    cdef bint maximize

    def __init__(
        self, params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *,
        maximize=False, differentiable=False, fused=None,
    ):
        cdef Tensor param
        defaults = dict(
            lr=lr, lr_decay=lr_decay, eps=eps, weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value, foreach=foreach, maximize=maximize,
            differentiable=differentiable, fused=fused,
        )
        self.check_group(defaults)
        Optimizer.__init__(self, params, defaults)
        # As in torch, the state is there before the first step, and starts from the constructor's value everywhere.
        for group in self.param_groups:
            for param in group["params"]:
                start_step(self.state[param])
                state_of(self.state[param], "sum", begin(param), initial_accumulator_value)

    cdef object read(self, dict group):
        self.lr, self.lr_decay, self.eps = group["lr"], group["lr_decay"], group["eps"]
        self.weight_decay, self.maximize = group["weight_decay"], group["maximize"]
        self.initial = group["initial_accumulator_value"]
        if not (
            0 <= self.lr and 0 <= self.lr_decay and 0 <= self.eps and 0 <= self.weight_decay and 0 <= self.initial
            and isfinite(self.lr + self.lr_decay + self.eps + self.weight_decay + self.initial)
        ):
            self.check_group(group)

    cdef object update(self, Tensor param):
        cdef ndarray p = begin(param)
        cdef ndarray g = gradient_of(param, p)
        cdef dict state = self.state[param]
        cdef double step = count_step(state)
        cdef ndarray total = state_of(state, "sum", p, self.initial)
        cdef double lr = self.lr / (1 + (step - 1) * self.lr_decay)
        if is_double(p):
            adagrad_update[double](
                cnp.PyArray_SIZE(p), <double *>cnp.PyArray_DATA(p), <double *>cnp.PyArray_DATA(g),
                <double *>cnp.PyArray_DATA(total), lr, self.eps, self.weight_decay, self.maximize,
            )
        else:
            adagrad_update[float](
                cnp.PyArray_SIZE(p), <float *>cnp.PyArray_DATA(p), <float *>cnp.PyArray_DATA(g),
                <float *>cnp.PyArray_DATA(total), lr, self.eps, self.weight_decay, self.maximize,
            )
        finish(param, p)


name_constructor(Adam, "params lr betas eps weight_decay amsgrad", 1)
name_constructor(AdamW, "params lr betas eps weight_decay amsgrad", 1)
name_constructor(
    RMSprop,
    "params lr alpha eps weight_decay momentum centered capturable foreach maximize differentiable", 1,
)
name_constructor(Adagrad, "params lr lr_decay weight_decay initial_accumulator_value eps foreach", 1)
