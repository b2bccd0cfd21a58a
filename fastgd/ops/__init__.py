"""The table of operations: what each computes on numpy arrays, and the gradient of each of its arguments.

A gradient gets (g, out, *arguments, **options): the gradient of the output, the output, and the arguments as arrays.
`needs` names, per argument, which saved values its gradient reads (the number of an argument, OUT for the output):
writing to one of them before backward is an error. What broadcasting repeated is summed by the tape.
"""

from .._naming import checked, give_attribute
from .._tensor import Tensor
from ..arguments import NAMES, checked_names
from . import (
    arithmetic,
    assignment,
    contractions,
    counting,
    distances,
    extremes,
    indexing,
    inplace,
    joining,
    ordering,
    parts,
    pointwise,
    products,
    promotion,
    reductions,
    running,
    scattering,
    shapes,
    views,
)
from .products import linear
from .publishing import with_out

_EXPORTED = {
    arithmetic: """add addcdiv addcmul allclose arctan2 atan2 bitwise_and bitwise_left_shift bitwise_not bitwise_or
        bitwise_right_shift bitwise_xor div divide eq equal float_power floor_divide fmax fmin fmod ge greater
        greater_equal gt hypot isclose le lerp less less_equal logaddexp logical_and logical_not logical_or logical_xor
        lt maximum minimum mul multiply ne not_equal pow remainder rsub sub subtract true_divide xlogy""",
    assignment: "index_add index_copy index_fill index_put masked_scatter",
    contractions: "einsum inner tensordot",
    counting: "bincount bucketize histc histogram isin searchsorted unique unique_consecutive",
    distances: "cdist cosine_similarity pairwise_distance",
    extremes: "amax amin aminmax argmax argmin cummax cummin max min",
    indexing: """argwhere gather index_select masked_select nonzero repeat_interleave select take take_along_dim
        unravel_index""",
    inplace: "clone",
    joining: """atleast_1d atleast_2d atleast_3d block_diag cartesian_prod cat column_stack combinations concat
        concatenate cumulative_trapezoid diff dstack gradient hsplit hstack meshgrid row_stack stack tensor_split
        trapezoid trapz vsplit vstack""",
    ordering: "argsort kthvalue median mode msort nanmedian nanquantile quantile sort topk",
    parts: "chunk narrow split unbind",
    pointwise: """abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil clamp
        clamp_max clamp_min clip cos cosh deg2rad digamma erf erfc erfinv exp exp2 expm1 fix floor frac heaviside
        isfinite isinf isnan isneginf isposinf lgamma log log10 log1p log2 logit masked_fill nan_to_num neg negative
        positive rad2deg reciprocal relu round rsqrt sgn sigmoid sign signbit sin sinh sqrt square tan tanh trunc
        where""",
    products: "addmm addmv addr bmm chain_matmul dot ger kron matmul mm mv outer vdot",
    promotion: "can_cast promote_types result_type",
    reductions: "all any corrcoef count_nonzero cov dist mean nanmean nansum norm prod std std_mean sum var var_mean",
    running: "cumprod cumsum log_softmax logsumexp softmax",
    scattering: "scatter scatter_add scatter_reduce",
    shapes: "diag diag_embed diagflat diagonal flip fliplr flipud roll rot90 tile trace tril triu",
    views: """adjoint broadcast_shapes broadcast_tensors broadcast_to flatten moveaxis movedim permute ravel reshape
        squeeze swapaxes swapdims t transpose unflatten unsqueeze""",
}
# Those that are called most take out=... by themselves; these are given it here. Methods do not have it, as in torch.
_GIVEN_OUT = set(
    """addcdiv addcmul addmm addmv addr amax amin bmm bucketize clamp_max clamp_min column_stack cumprod cumsum diag dot
    dstack float_power gather ger heaviside hstack index_select inner kthvalue lerp logit logsumexp masked_select max
    median min mode mv nan_to_num nanmean nonzero norm outer quantile round searchsorted sort take topk tril triu
    vdot vstack where""".split()
)
__all__ = []
for _room, _names in _EXPORTED.items():
    for _name in _names.split():
        _function = getattr(_room, _name)
        globals()[_name] = with_out(_function) if _name in _GIVEN_OUT else _function
        __all__.append(_name)
# Last, for the functions above call each other as they are.
checked_names(NAMES & globals().keys(), globals())
for _name in NAMES:
    if hasattr(Tensor, _name):
        give_attribute(Tensor, _name, checked(getattr(Tensor, _name), _name, True))
