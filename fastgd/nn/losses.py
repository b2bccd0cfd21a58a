"""The losses beside MSELoss, as modules."""

from . import functional
from .loss import _Loss


class L1Loss(_Loss):
    """The absolute error, |input - target|.

    Args:
        reduction: "mean" (default: the sum divided by the number of elements), "sum", or "none".

    Shapes:
        input and target alike; the loss is a scalar, or of their shape for "none".

    Raises:
        ValueError: another reduction (at the call); (n,) against (n, 1); no rows.

    Example:
        >>> nn.L1Loss()(fastgd.tensor([1.0, 2.0]), fastgd.tensor([1.0, 4.0]))
        tensor(1.)
    """

    def forward(self, input, target):
        return functional.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """r^2 / (2 beta) where |r| < beta, |r| - beta / 2 elsewhere, with r = input - target.

    Args:
        reduction: "mean" (default), "sum", or "none".
        beta: where the parabola becomes a line; default 1, and 0 makes it L1Loss.

    Shapes:
        input and target alike; the loss is a scalar, or of their shape for "none".

    Raises:
        ValueError: another reduction; (n,) against (n, 1); no rows. RuntimeError: a negative beta. All at the call.

    Example:
        >>> nn.SmoothL1Loss()(fastgd.tensor([1.0, 2.0]), fastgd.tensor([1.0, 4.0]))
        tensor(0.7500)
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", beta=1.0):
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input, target):
        return functional.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """r^2 / 2 where |r| <= delta, delta (|r| - delta / 2) elsewhere, with r = input - target.

    Args:
        reduction: "mean" (default), "sum", or "none".
        delta: where the parabola becomes a line; default 1.

    Shapes:
        input and target alike; the loss is a scalar, or of their shape for "none".

    Raises:
        ValueError: another reduction; (n,) against (n, 1); no rows. RuntimeError: a delta of 0 or below. All at the
            call.

    Example:
        >>> nn.HuberLoss()(fastgd.tensor([1.0, 2.0]), fastgd.tensor([1.0, 4.0]))
        tensor(0.7500)
    """

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input, target):
        return functional.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class BCELoss(_Loss):
    """The cross entropy of probabilities, -w (t log(p) + (1 - t) log(1 - p)); logarithms stop at -100.

    Args:
        weight: a tensor that broadcasts to the input; default 1.
        reduction: "mean" (default: the sum divided by the number of elements), "sum", or "none".

    Shapes:
        input p and target t alike, in [0, 1]; the loss is a scalar, or of their shape for "none".

    Raises:
        ValueError: another reduction (at the call); other sizes; no rows.
        RuntimeError: numbers outside of [0, 1]; a target of another type.

    Example:
        >>> nn.BCELoss()(fastgd.tensor([0.5, 0.5]), fastgd.tensor([1.0, 0.0]))
        tensor(0.6931)
    """

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)

    def forward(self, input, target):
        return functional.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """BCELoss of sigmoid(input), without overflow: the loss of logistic regression.

    Args:
        weight: a tensor that broadcasts to the input; default 1.
        reduction: "mean" (default: the sum divided by the number of elements), "sum", or "none".
        pos_weight: how much more the targets of 1 count; a tensor that broadcasts to the input; default 1.

    Shapes:
        input and target alike, targets in [0, 1]; the loss is a scalar, or of their shape for "none".

    Raises:
        ValueError: another reduction (at the call); other sizes; no rows.
        RuntimeError: a target of integers.

    Example:
        >>> nn.BCEWithLogitsLoss()(fastgd.tensor([0.0, 0.0]), fastgd.tensor([1.0, 0.0]))
        tensor(0.6931)
    """

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input, target):
        return functional.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class CrossEntropyLoss(_Loss):
    """-w_c log softmax(input)_c at the class c of each row; with probabilities as targets, the sum over the classes.

    Args:
        weight: a number for each class; default 1.
        ignore_index: a class whose rows do not count; default -100.
        reduction: "mean" (default: the sum divided by the weights of the rows' classes), "sum", or "none".
        label_smoothing: how much of each target is spread evenly over all classes; default 0.

    Shapes:
        input (N, C), (C) or (N, C, d1, ...), not normalised; target (N), () or (N, d1, ...) of int64, or
        probabilities of the input's shape. The loss is a scalar, or one number a target for "none".

    Raises:
        ValueError: another reduction (at the call); another number of rows; no rows.
        RuntimeError: a target of another shape or type. IndexError: a class that is not there.

    Example:
        >>> nn.CrossEntropyLoss()(fastgd.zeros(2, 4), fastgd.tensor([0, 3]))
        tensor(1.3863)
    """

    def __init__(
        self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
    ):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input, target):
        return functional.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class SoftMarginLoss(_Loss):
    """log(1 + exp(-target input)), the loss of logistic regression for targets of 1 and -1.

    Args:
        reduction: "mean" (default: the sum divided by the number of elements), "sum", or "none".

    Shapes:
        input and target alike; the loss is a scalar, or of their shape for "none".

    Example:
        >>> nn.SoftMarginLoss()(fastgd.tensor([0.0]), fastgd.tensor([1.0]))
        tensor(0.6931)
    """

    def forward(self, input, target):
        return functional.soft_margin_loss(input, target, reduction=self.reduction)


class HingeEmbeddingLoss(_Loss):
    """input where target is 1, and max(margin - input, 0) where it is -1: distances of what is alike are small.

    Args:
        margin: how far apart what differs should be; default 1.
        reduction: "mean" (default: the sum divided by the number of elements), "sum", or "none".

    Example:
        >>> nn.HingeEmbeddingLoss()(fastgd.tensor([0.5, 0.25]), fastgd.tensor([1, -1]))
        tensor(0.6250)
    """

    def __init__(self, margin=1.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input, target):
        return functional.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class KLDivLoss(_Loss):
    """target (log(target) - input): how far probabilities are from those whose logarithm is input.

    Args:
        reduction: "batchmean", the sum divided by the number of rows; "mean" (default), "sum" or "none".
        log_target: whether the target, too, is the logarithm.

    Example:
        >>> nn.KLDivLoss(reduction="sum")(fastgd.tensor([0.5]).log(), fastgd.tensor([1.0]))
        tensor(0.6931)
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", log_target=False):
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input, target):
        return functional.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class NLLLoss(_Loss):
    """-w_c x_c at the class c of each row, where x are logarithms of probabilities: what LogSoftmax gives.

    Args:
        weight: a number for each class; default 1.
        ignore_index: a class whose rows do not count; default -100.
        reduction: "mean" (default: the sum divided by the weights of the rows' classes), "sum", or "none".

    Shapes:
        input (N, C), (C) or (N, C, d1, ...); target (N), () or (N, d1, ...) of int64. The loss is a scalar, or one
        number a target for "none".

    Raises:
        ValueError: another reduction (at the call); another number of rows; no rows.
        RuntimeError: a target of another shape or type. IndexError: a class that is not there.

    Example:
        >>> nn.NLLLoss()(fastgd.tensor([[-0.5, -1.0]]), fastgd.tensor([1]))
        tensor(1.)
    """

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        return functional.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class GaussianNLLLoss(_Loss):
    """(log(var) + (input - target)^2 / var) / 2, the loss of a target that is normal around input.

    Args:
        full: adds log(2 pi) / 2.
        eps: the least variance; default 1e-6.
        reduction: "mean" (default: the sum divided by the number of elements), "sum", or "none".

    Shapes:
        input and target alike; var of their shape, without the last size, or with a last size of 1; a float for all.

    Raises:
        ValueError: another reduction (at the call); another shape of var; a negative one; no rows.

    Example:
        >>> one = fastgd.ones(2)
        >>> nn.GaussianNLLLoss()(one, fastgd.zeros(2), one)
        tensor(0.5000)

    References: Nix and Weigend, 1994.
    """

    def __init__(self, *, full=False, eps=1e-6, reduction="mean"):
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input, target, var):
        return functional.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class PoissonNLLLoss(_Loss):
    """exp(x) - t x, the loss of counts t whose expectation is exp(x); or x - t log(x + eps) of the expectation x.

    Args:
        log_input: whether the input is the logarithm of the expectation; default True.
        full: adds Stirling's approximation of log(t!) where t > 1.
        eps: keeps the logarithm off 0; default 1e-8.
        reduction: "mean" (default: the sum divided by the number of elements), "sum", or "none".

    Shapes:
        input and target alike; the loss is a scalar, or of their shape for "none".

    Raises:
        ValueError: another reduction (at the call); (n,) against (n, 1); no rows.

    Example:
        >>> nn.PoissonNLLLoss()(fastgd.tensor([0.0]), fastgd.tensor([2.0]))
        tensor(1.)
    """

    def __init__(self, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, input, target):
        return functional.poisson_nll_loss(
            input, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )
