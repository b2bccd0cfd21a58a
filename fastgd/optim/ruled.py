"""Optimizers that regressions seldom use, each a rule on numpy arrays: what it keeps, and what a step does with it."""

import numpy as np

from .._tensor import get_default_dtype
from .._types import advised
from ..ops._loops import signs
from .optimizer import Ruled, check_betas, check_rates


class Adadelta(Ruled):
    """Adadelta: steps in the units of the parameters, from the sizes of earlier steps and gradients.

    For each parameter p with a gradient g (negated if maximize):

        g = g + weight_decay p
        v = rho v + (1 - rho) g^2
        d = sqrt(u + eps) / sqrt(v + eps) g
        u = rho u + (1 - rho) d^2
        p = p - lr d

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: what the step is multiplied by; default 1.
        rho: how slowly u and v forget, in [0, 1]; default 0.9.
        eps: keeps the roots off 0; default 1e-6.
        weight_decay: default 0.
        maximize: ascends instead.
        foreach, capturable, differentiable: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.Adadelta([w], lr=100.0)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.6838], requires_grad=True)

    References:
        Zeiler, ADADELTA: an adaptive learning rate method, 2012.
    """

    kept = {"square_avg": 0, "acc_delta": 0}

    def __init__(
        self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, foreach=None, *,
        capturable=False, maximize=False, differentiable=False,
    ):  # fmt: skip
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        self.check_group(defaults)
        super().__init__(params, defaults)

    def check_group(self, group):
        check_rates(group)
        if group["rho"] > 1:
            raise advised(ValueError(f"Invalid rho value: {group['rho']}"), "It must be in [0, 1].")

    def rule(self, options, step, p, g, square_avg, acc_delta):
        rho, eps = options["rho"], options["eps"]
        square_avg[...] = rho * square_avg + (1 - rho) * g * g
        change = np.sqrt(acc_delta + eps) / np.sqrt(square_avg + eps) * g
        acc_delta[...] = rho * acc_delta + (1 - rho) * change * change
        p -= options["lr"] * change


class Adamax(Ruled):
    """Adamax: Adam with the largest recent gradient in place of the root of the mean square.

    For each parameter p with a gradient g (negated if maximize), at its step t = 1, 2, ...:

        g = g + weight_decay p
        m = beta1 m + (1 - beta1) g
        u = max(beta2 u, |g| + eps)
        p = p - lr / (1 - beta1^t) m / u

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: the learning rate; default 2e-3.
        betas: how slowly m and u forget; default (0.9, 0.999).
        eps: keeps u off 0; default 1e-8.
        weight_decay: default 0.
        maximize: ascends instead.
        foreach, capturable, differentiable: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; a beta outside of [0, 1); no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.Adamax([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    References:
        Kingma and Ba, Adam: a method for stochastic optimization, 2015.
    """

    kept = {"exp_avg": 0, "exp_inf": 0}

    def __init__(
        self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None, *,
        maximize=False, differentiable=False, capturable=False,
    ):  # fmt: skip
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        self.check_group(defaults)
        super().__init__(params, defaults)

    def check_group(self, group):
        check_rates(group)
        check_betas(group["betas"])

    def rule(self, options, step, p, g, exp_avg, exp_inf):
        beta1, beta2 = options["betas"]
        exp_avg += (1 - beta1) * (g - exp_avg)
        np.maximum(beta2 * exp_inf, np.abs(g) + options["eps"], out=exp_inf)
        p -= options["lr"] / (1 - beta1**step) * exp_avg / exp_inf


class NAdam(Ruled):
    """NAdam: Adam with Nesterov's look ahead, whose momentum grows with the steps.

    For each parameter p with a gradient g (negated if maximize), at its step t = 1, 2, ...:

        g = g + weight_decay p                          (p = p - lr weight_decay p if decoupled_weight_decay)
        mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2),   M_t = mu_1 mu_2 ... mu_t
        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        p = p - lr ((1 - mu_t) / (1 - M_t) g + mu_t+1 / (1 - M_t+1) m) / (sqrt(v / (1 - beta2^t)) + eps)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: the learning rate; default 2e-3.
        betas: how slowly m and v forget; default (0.9, 0.999).
        eps: keeps the denominator off 0; default 1e-8.
        weight_decay: default 0.
        momentum_decay: how fast the momentum grows; default 4e-3.
        decoupled_weight_decay: shrinks the parameters themselves.
        maximize: ascends instead.
        foreach, capturable, differentiable: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; a beta outside of [0, 1); no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.NAdam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8944], requires_grad=True)

    References:
        Dozat, Incorporating Nesterov momentum into Adam, 2016.
    """

    kept_numbers = {"mu_product": 1}
    kept = {"exp_avg": 0, "exp_avg_sq": 0}

    def __init__(
        self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3,
        decoupled_weight_decay=False, *, foreach=None, maximize=False, capturable=False, differentiable=False,
    ):  # fmt: skip
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        self.check_group(defaults)
        super().__init__(params, defaults)

    def check_group(self, group):
        check_rates(group)
        check_betas(group["betas"])

    def rule(self, options, step, p, g, mu_product, exp_avg, exp_avg_sq):
        lr, (beta1, beta2) = options["lr"], options["betas"]
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (t * options["momentum_decay"])) for t in (step, step + 1))
        if options["decoupled_weight_decay"]:
            p *= 1 - lr * options["weight_decay"]
        mu_product *= mu
        exp_avg += (1 - beta1) * (g - exp_avg)
        exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * g * g
        size = np.sqrt(exp_avg_sq / (1 - beta2**step)) + options["eps"]
        p -= lr * (1 - mu) / (1 - float(mu_product)) * g / size
        p -= lr * mu_next / (1 - float(mu_product) * mu_next) * exp_avg / size


class RAdam(Ruled):
    """RAdam: Adam that is plain momentum until the mean square can be trusted.

    For each parameter p with a gradient g (negated if maximize), at its step t = 1, 2, ...:

        g = g + weight_decay p                          (p = p - lr weight_decay p if decoupled_weight_decay)
        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        R = 2 / (1 - beta2) - 1,   r = R - 2 t beta2^t / (1 - beta2^t)
        p = p - lr m / (1 - beta1^t)                    (where r <= 5)
        p = p - lr m / (1 - beta1^t) sqrt((r - 4)(r - 2) R / ((R - 4)(R - 2) r)) sqrt(1 - beta2^t) / (sqrt(v) + eps)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: the learning rate; default 1e-3.
        betas: how slowly m and v forget; default (0.9, 0.999).
        eps: keeps the denominator off 0; default 1e-8.
        weight_decay: default 0.
        decoupled_weight_decay: shrinks the parameters themselves.
        maximize: ascends instead.
        foreach, capturable, differentiable: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; a beta outside of [0, 1); no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.RAdam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8000], requires_grad=True)

    References:
        Liu et al., On the variance of the adaptive learning rate and beyond, 2020.
    """

    kept = {"exp_avg": 0, "exp_avg_sq": 0}

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decoupled_weight_decay=False, *,
        foreach=None, maximize=False, capturable=False, differentiable=False,
    ):  # fmt: skip
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        self.check_group(defaults)
        super().__init__(params, defaults)

    def check_group(self, group):
        check_rates(group)
        check_betas(group["betas"])

    def rule(self, options, step, p, g, exp_avg, exp_avg_sq):
        lr, (beta1, beta2) = options["lr"], options["betas"]
        if options["decoupled_weight_decay"]:
            p *= 1 - lr * options["weight_decay"]
        exp_avg += (1 - beta1) * (g - exp_avg)
        exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * g * g
        change = lr * (exp_avg / (1 - beta1**step))
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / (1 - beta2**step)
        if length > 5:
            trust = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            change *= trust**0.5 * (1 - beta2**step) ** 0.5 / (np.sqrt(exp_avg_sq) + options["eps"])
        p -= change


class ASGD(Ruled):
    """Averaged SGD: plain steps of a falling rate, and beside them ("ax" of the state) the mean of the parameters.

    For each parameter p with a gradient g (negated if maximize), at its step t = 1, 2, ..., from eta = lr, mu = 1:

        g = g + weight_decay p
        p = (1 - lambd eta) p - eta g
        ax = ax + mu (p - ax)
        eta = lr / (1 + lambd lr t)^alpha,   mu = 1 / max(1, t - t0)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: the learning rate; default 1e-2.
        lambd: default 1e-4.
        alpha: how fast eta falls; default 0.75.
        t0: the step from which on the mean is taken; default 1e6.
        weight_decay: default 0.
        maximize: ascends instead.
        foreach, differentiable, capturable: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.ASGD([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8000], requires_grad=True)

    References:
        Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992.
    """

    kept_numbers = {"eta": "lr", "mu": 1}
    kept = {"ax": 0}

    def __init__(
        self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, foreach=None, maximize=False,
        differentiable=False, capturable=False,
    ):  # fmt: skip
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        self.check_group(defaults)
        super().__init__(params, defaults)

    def rule(self, options, step, p, g, eta, mu, ax):
        lr, lambd = options["lr"], options["lambd"]
        p *= 1 - lambd * float(eta)
        p -= float(eta) * g
        if mu == 1:
            ax[...] = p
        else:
            ax += float(mu) * (p - ax)
        # As in torch, both are rounded to the default type, even where a loaded state keeps them in another.
        rounded = get_default_dtype().numpy.type
        eta[...] = rounded(lr / (1 + lambd * lr * step) ** options["alpha"])
        mu[...] = rounded(1 / max(1, step - options["t0"]))


class Rprop(Ruled):
    """Rprop: steps whose sizes depend on the signs of the gradients only; for full batches.

    For each element p with a gradient g (negated if maximize) and a step size s, which starts at lr:

        g goes on as before:       s = min(s etaplus, largest),    p = p - sign(g) s
        g has changed its sign:    s = max(s etaminus, smallest),  p stays, and g counts as 0 at the next step
        either of the two is 0:    p = p - sign(g) s

    Args:
        params: tensors, (name, tensor) pairs, or dicts of "params" and options of their own.
        lr: the first step size; default 1e-2.
        etas: etaminus and etaplus; default (0.5, 1.2).
        step_sizes: the smallest and the largest s; default (1e-6, 50).
        maximize: ascends instead.
        capturable, foreach, differentiable: torch's choices of implementation; accepted, and change nothing.

    Raises:
        ValueError: a rate that is negative or not finite; etas that do not lie on both sides of 1; no parameters.
        TypeError: parameters that are no tensors.

    Example:
        >>> w = fastgd.tensor([1.0], requires_grad=True)
        >>> optimizer = optim.Rprop([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)

    References:
        Riedmiller and Braun, A direct adaptive method for faster backpropagation learning, 1993.
    """

    kept = {"prev": 0, "step_size": "lr"}

    def __init__(
        self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *,
        capturable=False, foreach=None, maximize=False, differentiable=False,
    ):  # fmt: skip
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        self.check_group(defaults)
        super().__init__(params, defaults)

    def check_group(self, group):
        check_rates(group)
        shrinking, growing = group["etas"]
        if not 0 < shrinking < 1 < growing:
            raise advised(
                ValueError(f"Invalid eta values: {shrinking}, {growing}"),
                "The first is between 0 and 1, the second above.",
            )

    def rule(self, options, step, p, g, prev, step_size):
        shrinking, growing = options["etas"]
        same = signs(g * prev)
        step_size *= np.where(same > 0, p.dtype.type(growing), np.where(same < 0, p.dtype.type(shrinking), 1))
        np.clip(step_size, *options["step_sizes"], out=step_size)
        prev[...] = np.where(same < 0, 0, g)
        p -= signs(prev) * step_size
