"""Columns scaled by the statistics of the batch."""

from .._tensor import Parameter
from ..creation import ones, tensor, zeros
from . import functional
from .module import Module


class BatchNorm1d(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, column by column.

    While training, mean and var (of the rows, divided by their number) are the batch's; afterwards they are running
    averages of those, which the buffers running_mean and running_var hold.

    Args:
        num_features: the columns of the input, (rows, num_features) or (rows, num_features, length).
        eps: keeps a constant column finite; default 1e-5.
        momentum: the share of the newest batch in the averages, 0.1; None weighs all batches alike.
        affine: whether there are a weight and a bias; default True.
        track_running_stats: whether there are running averages; without them the batch's are used in evaluation, too.
        bias: False leaves out the bias.

    Raises:
        ValueError: one row while training, or an input of other than 2 or 3 dimensions.
        RuntimeError: another number of columns, or another dtype.

    Example:
        >>> nn.BatchNorm1d(1)(fastgd.tensor([[1.0], [3.0]])).detach()
        tensor([[-1.0000],
                [ 1.0000]])

    References: Ioffe and Szegedy, 2015.
    """

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None,
        *, bias=True,
    ):  # fmt: skip
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        options = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(ones(num_features, **options)) if affine else None)
        self.register_parameter("bias", Parameter(zeros(num_features, **options)) if affine and bias else None)
        self.register_buffer("running_mean", zeros(num_features, **options) if track_running_stats else None)
        self.register_buffer("running_var", ones(num_features, **options) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", tensor(0) if track_running_stats else None)

    def reset_running_stats(self):
        """Forgets the batches met."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        """Sets everything as it was when made."""
        self.reset_running_stats()
        if self.weight is not None:
            self.weight.data.fill_(1)
        if self.bias is not None:
            self.bias.data.zero_()

    def forward(self, input):
        if input.ndim not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.ndim}D input)")
        momentum = self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked.add_(1)
            if momentum is None:
                momentum = 1 / int(self.num_batches_tracked)
        return functional.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or self.running_mean is None, momentum, self.eps,
        )  # fmt: skip

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )
