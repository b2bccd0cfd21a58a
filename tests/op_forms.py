"""The forms of the tensor surface: expressions that fastgd and torch must answer alike, and how an answer is told.

`tell(torch, form)` evaluates a form on fresh inputs and describes the result; record_ops.py keeps torch's answers.
"""

import contextlib
import math
import warnings


def inputs(torch):
    """Leaves a, b, c (2, 3), v (3,), M (3, 3), s (), and constants of other types."""

    def leaf(values, **options):
        return torch.tensor(values, requires_grad=True, **options)

    return {
        "torch": torch,
        "math": math,
        "a": leaf([[0.5, -1.25, 2.0], [1.5, -0.75, 3.0]]),
        "b": leaf([[1.0, 2.0, 0.5], [0.25, 1.5, 2.5]]),
        "u": leaf([[0.1, -0.5, 0.9], [0.3, 0.7, -0.2]]),
        "v": leaf([1.0, -2.0, 0.5]),
        "M": leaf([[2.0, 0.5, -1.0], [0.25, 3.0, 0.5], [1.0, -0.5, 1.5]]),
        "s": leaf(1.5),
        "D": leaf([[1.0, 2.0], [3.0, -4.0]], dtype=torch.float64),
        "B": leaf([[[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]], [[0.5, -1.0, 2.0], [1.5, 2.5, -0.5]]]),
        "x": torch.tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]]),
        "z": torch.tensor([1.0, float("nan"), float("inf"), -float("inf"), 0.0]),
        "i": torch.tensor([[1, -2, 3], [4, 0, -6]]),
        "j": torch.tensor([2, 0, 1]),
        "h": torch.tensor([3, 1, 2], dtype=torch.int32),
        "k": torch.tensor([[True, False, True], [False, False, True]]),
        "e": torch.tensor([]),
    }


FORMS = """
a + b; a + 1; 1 + a; a + 1.5; a + s; a + v; a - b; 2 - a; a - 2; a * b; a * 2; 2 * a; a * s; a * v; a / b; a / 2
1 / a; a / s; i / 2; i / j; 1 / i.float(); i + 1; i + 1.5; i * True; k + 1; k * 1.5; k + k; i + h; i * x; j / h
h + 1.5; h + s; x + D[0, 0].detach(); s + D; torch.tensor(1.0, dtype=torch.float64) + x
x + torch.tensor([1.0, 2, 3], dtype=torch.float64); i // 2; i // j.clamp(1); x // 2; i % 3; a % 2; x % (v + 0.25); -a
+a; abs(a); a ** 2; a ** 3; a ** 4; b ** 0.5; b ** -1; b ** -2; b ** 1; b ** 0; b ** 1.7; b ** b; 2 ** a; b ** j
x ** j; x.unsqueeze(-1) ** j; i ** 2; i ** j; 2 ** j; 2.0 ** j; s ** 2; b.pow(2); torch.pow(b, 2.5); torch.pow(2, b)
torch.pow(b, j); b.pow(j); v ** 5; v ** 6; v ** 7; v ** 8; b ** -3; k ** 2; torch.add(a, b); torch.add(a, b, alpha=2)
a.add(b, alpha=0.5); a.sub(b, alpha=2); torch.sub(a, 1); torch.mul(a, b); torch.div(a, b)
torch.div(a, b, rounding_mode="floor"); torch.div(i, 2, rounding_mode="trunc"); a.div(2); a.mul(3)
torch.true_divide(i, 2); torch.subtract(a, b); torch.multiply(a, b); torch.divide(a, b); a.multiply(b)
torch.rsub(a, b); torch.floor_divide(i, 2); torch.remainder(a, 2); torch.fmod(a, 2); torch.fmod(i, 4)
torch.remainder(i, 4); torch.maximum(a, b); torch.minimum(a, b); torch.fmax(a, b); torch.fmin(a, b)
torch.maximum(a, a); torch.atan2(a, b); torch.hypot(a, b); torch.logaddexp(a, b); torch.xlogy(a, b)
torch.lerp(a, b, 0.3); torch.lerp(a, b, b); a.lerp(b, 0.25); torch.addcmul(a, b, u, value=2)
torch.addcdiv(a, u, b, value=0.5); torch.float_power(x, 2); a.true_divide(b); a == b; a != 1; a < b; a <= 0.5; a > b
a >= v; i == 1; i > 0.5; a.eq(b); torch.lt(a, b); torch.ge(a, 1); a.gt(0); a == None; k & k; k | (a > 0); k ^ (a > 0)
~k; ~i; i & 3; i | 1; i ^ 2; torch.logical_and(k, i); torch.logical_not(i); k.logical_or(k)
torch.logical_xor(k, a > 0); torch.bitwise_and(i, 1); torch.eq(i, i); torch.equal(i, i); torch.equal(a, b); a.equal(a)
torch.allclose(a, a + 1e-9); torch.allclose(a, b); torch.isclose(a, a + 1e-3, rtol=1e-2); a.allclose(a); torch.exp(a)
a.exp(); torch.exp2(a); torch.expm1(a); torch.log(b); b.log(); torch.log2(b); torch.log10(b); torch.log1p(b)
torch.sqrt(b); b.sqrt(); torch.rsqrt(b); torch.reciprocal(b); torch.sin(a); torch.cos(a); torch.tan(a); torch.asin(u)
torch.acos(u); torch.atan(a); torch.sinh(a); torch.cosh(a); torch.tanh(a); torch.asinh(a); torch.acosh(b + 1)
torch.atanh(u); torch.arcsin(u); torch.arctan(a); a.arctan(); torch.sigmoid(a); a.sigmoid(); torch.erf(a)
torch.erfc(a); torch.deg2rad(a); torch.rad2deg(a); torch.neg(a); torch.negative(a); torch.abs(a); torch.absolute(a)
a.abs(); i.abs(); torch.square(a); a.square(); torch.relu(a); a.relu(); torch.sign(a); a.sign(); torch.sgn(x)
torch.floor(a); torch.ceil(a); torch.trunc(a); torch.fix(a); torch.frac(a); torch.round(a); torch.round(a, decimals=1)
a.round(); torch.positive(a); i.floor(); i.sign(); torch.exp(i); i.sqrt(); torch.sin(k); i.square(); i.sigmoid()
torch.log(i); torch.logit(b / 3); torch.logit(b, eps=0.1); torch.clamp(a, 0, 1); a.clamp(0, 1); a.clamp(min=0)
a.clamp(max=1.5); torch.clamp(a, min=v); a.clamp(v - 1, v + 1); torch.clip(a, -1, 1); a.clip(0.5)
torch.clamp_min(a, 0); a.clamp_max(1); i.clamp(0, 2); i.clamp(0.5); i.clamp(min=-1); torch.where(a > 0, a, b)
torch.where(k, a, 0.0); torch.where(k, 0, a); torch.where(k, 1.0, 0.0); torch.where(k, i, a); torch.where(k)
a.where(k, b); torch.where(k, 1, 0); torch.where(x > 2, v, s); torch.where(k, s, a); a.masked_fill(k, 7.0)
torch.masked_fill(a, k, 0); torch.isnan(z); torch.isinf(z); torch.isfinite(z); z.isnan(); torch.isposinf(z)
torch.isneginf(z); torch.signbit(z); torch.nan_to_num(z); torch.nan_to_num(z, nan=1.0, posinf=9.0)
torch.heaviside(v.detach(), torch.tensor(0.5)); torch.sigmoid(torch.tensor([-200.0, 0.0, 200.0])); torch.log(z); 1 / z
z / 0; torch.sum(a); a.sum(); a.sum(0); a.sum(1); a.sum(-1, keepdim=True); a.sum((0, 1)); a.sum(dim=(0,))
torch.sum(a, dim=1); torch.sum(a, axis=0); a.sum(axis=1, keepdims=True); i.sum(); k.sum(); k.sum(0)
i.sum(dtype=torch.float32); s.sum(); s.sum(0); a.sum(dtype=torch.float64); a.sum(dim=[]); B.sum((0, 2))
B.sum((0, 2), keepdim=True); e.sum(); B.sum(1); torch.zeros(0, 3).sum(0); torch.mean(a); a.mean(); a.mean(0)
a.mean(1, keepdim=True); B.mean((0, 1)); torch.mean(a, 1); a.mean(axis=0); s.mean(); i.float().mean()
a.mean(dtype=torch.float64); i.mean(dtype=torch.float32); e.mean(); a.mean((0, 1)); D.mean(); D.mean(0); torch.var(a)
a.var(); a.var(0); a.var(1, keepdim=True); a.var(unbiased=False); a.var(1, unbiased=False); a.var(False)
a.var(0, correction=0); torch.std(a); a.std(); a.std(0); a.std(dim=1, keepdim=True); a.std(unbiased=False)
a.std(1, False); B.std((0, 1)); B.var((1, 2), keepdim=True); torch.std_mean(x); torch.var_mean(x, 0)
torch.var_mean(x, dim=1, keepdim=True); torch.tensor([1.0]).std(); torch.prod(a); a.prod(); a.prod(0)
a.prod(1, keepdim=True); i.prod(); torch.prod(a * 0 + k, 1); torch.norm(a); a.norm(); a.norm(1); a.norm(2, 1)
a.norm(p=3); a.norm(dim=0); a.norm(float("inf")); a.norm(p=1, dim=1, keepdim=True); a.norm(0); torch.norm(a, p="fro")
torch.norm(a, 2, dim=0); torch.dist(a, b); torch.dist(a, b, 1); torch.norm(v); (v * 0).norm(); torch.all(k); k.all(1)
k.any(); torch.any(k, 0); k.any(1, keepdim=True); i.all(); a.any(); e.all(); e.any(); torch.cov(x); torch.corrcoef(x)
torch.corrcoef(a) * 1; torch.cov(v) * 1; torch.count_nonzero(i); torch.count_nonzero(i, dim=1); torch.nansum(z[:2])
torch.nanmean(z[:2]); torch.cumsum(a, 0); a.cumsum(1); a.cumsum(-1); i.cumsum(1); torch.cumprod(a, 1); a.cumprod(0)
(a * k).cumprod(1); s.cumsum(0); torch.logsumexp(a, 1); a.logsumexp(0, keepdim=True); torch.logsumexp(a, (0, 1))
torch.softmax(a, 1); a.softmax(0); a.softmax(-1); torch.log_softmax(a, 1); a.log_softmax(dim=0); v.softmax(0)
torch.max(a); a.max(); a.max(1); a.max(0)[0]; a.max(1)[1]; torch.max(a, 1, keepdim=True); a.max(dim=1).values
torch.max(a, b); torch.min(a); a.min(); a.min(0); a.min(1).indices; torch.min(a, b); torch.min(a, dim=0, keepdim=True)
i.max(); k.max(); i.max(0); torch.max(a * 0); a.amax(1); torch.amax(a, 0, keepdim=True); a.amin()
torch.amax(a, (0, 1)); (a * 0).amax(1); torch.aminmax(x); torch.aminmax(x, dim=1); torch.argmax(a); a.argmax(1)
torch.argmin(a, dim=0); a.argmax(1, keepdim=True); i.argmin(); z.max(); z.min(); z.argmax(); s.max(); x.argmax(dim=-1)
a.max(-1); torch.sort(a); a.sort(0); torch.sort(a, dim=1, descending=True); a.sort(descending=True)[0]; a.argsort()
torch.argsort(a, 0); x.argsort(dim=1, descending=True); torch.sort(z); i.sort(); torch.topk(a, 2); a.topk(1, 0)
a.topk(2, largest=False); s.sort(); torch.topk(x, 2, dim=1).values; torch.msort(x); torch.kthvalue(a, 2)
a.kthvalue(1, 0); torch.mode(j); torch.mode(i, 0); torch.median(a); a.median(); a.median(1); a.median(0).values
torch.median(x, dim=1, keepdim=True); i.median(); z.median(); torch.tensor([1.0, 2.0, 3.0, 4.0]).median()
torch.quantile(x, 0.3); torch.quantile(x, torch.tensor([0.25, 0.5])); torch.quantile(x, 0.5, dim=1)
torch.quantile(a, 0.4, dim=0, keepdim=True) * 1; torch.quantile(x, torch.tensor([0.1, 0.9]), dim=1)
torch.quantile(x, torch.tensor([0.1, 0.9]), dim=1, keepdim=True); torch.quantile(x, 0.3, interpolation="nearest")
torch.unique(i); torch.unique(torch.tensor([3, 1, 3])); torch.unique(i, return_counts=True)
torch.unique(j, return_inverse=True); torch.unique(i, return_inverse=True, return_counts=True); i.unique()
torch.unique_consecutive(torch.tensor([1, 1, 2, 1])); torch.unique(torch.tensor([[1, 2], [1, 2]]), dim=0)
torch.bincount(j); torch.bincount(j, minlength=5); torch.histc(x, 3)
torch.cummax(a, 1); torch.cummin(a, 0); x.cummax(dim=1); z.cummin(0); s.cummax(0); torch.cummax(i, -1)
B.cummax(1).values
torch.kron(a, b); torch.kron(v, v); torch.kron(a, v); torch.kron(s, a); torch.kron(B, M); torch.kron(i, x)
torch.block_diag(a, M); torch.block_diag(a, v, s); torch.block_diag(i, x); torch.lgamma(b); b.lgamma(); torch.lgamma(a)
torch.lgamma(i); torch.erfinv(u); u.erfinv(); torch.erfinv(torch.tensor([0.999999, -1.0, 1.0, 2.0, 1e-20, 0.0, -0.5]))
torch.digamma(b.detach()); torch.digamma(a.detach()); torch.aminmax(a); torch.aminmax(x, dim=1, keepdim=True)
torch.cov(a); torch.cov(v); torch.cov(v[None]); torch.corrcoef(a); torch.max(x, 0, out=(x[0].clone(), j.clone()))
torch.sort(x, out=(x.clone(), i.clone())); a.layout; (a * b).grad_fn.next_functions[1][0].name()
(a * 2).grad_fn.next_functions[1]
(x * a).grad_fn.next_functions[0]; a.sum().grad_fn.next_functions[0][0].name()
torch.bincount(j, weights=torch.tensor([1.0, 2, 3])); torch.histc(x, bins=4, min=0, max=8)
torch.searchsorted(torch.tensor([1.0, 3.0, 5.0]), x); torch.bucketize(x, torch.tensor([1.0, 3.0, 5.0]), right=True)
torch.isin(i, torch.tensor([1, 4])); torch.searchsorted(torch.tensor([1, 3, 5]), 3); a.view(3, 2); a.view(-1)
a.view(6, -1); a.view((3, 2)); a.reshape(3, 2); torch.reshape(a, (6,)); a.t().reshape(6); a.view_as(b)
a.reshape(-1, 1); a.reshape_as(b); a.view(1, 2, 3); a.flatten(); torch.flatten(B); B.flatten(1); B.flatten(0, 1)
s.flatten(); torch.flatten(B, start_dim=1); a.ravel(); torch.ravel(a.t()); B.unflatten(2, (3, 1))
B.unflatten(0, (-1, 1)); v.flatten(); a.squeeze(); a.unsqueeze(0); a.unsqueeze(-1); torch.unsqueeze(v, 1)
v.unsqueeze(dim=1); a.unsqueeze(1).squeeze(1); a.unsqueeze(1).squeeze(); a[:, :1].squeeze(-1); a.squeeze(0)
a.unsqueeze(0).squeeze((0, 1)); torch.squeeze(a[:1]); s.unsqueeze(0); a.t(); a.T; v.t(); torch.t(a); a.transpose(0, 1)
torch.transpose(B, 1, 2); B.transpose(-1, 0); a.mT; B.permute(2, 0, 1); B.permute((1, 2, 0))
torch.permute(B, (2, 1, 0)); torch.movedim(B, 0, 2); B.movedim((0, 1), (2, 0)); a.swapaxes(0, 1); v.expand(2, 3)
v.expand(2, -1); a[:, :1].expand(2, 4); a[:, :1].expand_as(b); torch.broadcast_to(v, (2, 3)); s.expand(3)
torch.broadcast_tensors(v, a[:, :1]); torch.broadcast_tensors(v, v)[0] is v
torch.broadcast_tensors(a, v)[0].grad_fn is a.grad_fn; torch.broadcast_tensors(a, v)[0]
torch.broadcast_shapes((2, 1), (3,)); v.repeat(2); v.repeat(2, 2)
a.repeat(1, 2); torch.tile(v, (2,)); a.tile(2); torch.flip(a, [0]); a.flip(0, 1); torch.fliplr(a); torch.flipud(a)
torch.roll(v, 1); torch.roll(a, (1, -1), (0, 1)); torch.roll(a, 1, 0); torch.roll(a, 2); torch.rot90(x)
torch.rot90(x, 2); torch.rot90(x, 3); torch.triu(M); torch.tril(M); M.tril(-1); torch.triu(M, diagonal=1)
torch.diag(v); torch.diag(M); M.diag(1); M.diagonal(); torch.diagonal(M, 1); torch.trace(M); M.trace()
torch.diag_embed(v); v.unfold(0, 2, 1); a.unfold(1, 2, 1); a.unfold(0, 1, 1); torch.cat([a, b])
torch.cat((a, b), dim=1); torch.cat([a, b], -1); torch.cat([a, x, b], 0); torch.cat([v, e]); torch.cat([a, i])
torch.cat((a, b), axis=1); torch.concat([a, b]); torch.concatenate([v, v]); torch.stack([a, b])
torch.stack((v, v), dim=1); torch.stack([s, s]); torch.stack([a, b], 2); torch.stack([v, v], -1); torch.hstack([v, v])
torch.hstack((a, b)); torch.vstack((v, v)); torch.vstack([a, v]); torch.dstack([a, b]); torch.column_stack((v, v))
torch.column_stack([a, b]); torch.hstack([s, s]); torch.atleast_2d(v); torch.atleast_1d(s); torch.atleast_3d(a)
torch.stack([i, i]); torch.cat([a[:1], b, v.unsqueeze(0)]); torch.unbind(a); a.unbind(1); torch.split(v, 2)
a.split(1); a.split([1, 2], dim=1); torch.chunk(v, 2); a.chunk(3, 1); torch.tensor_split(v, 2)
a.tensor_split([1], dim=1); torch.hsplit(a, 3); torch.vsplit(a, 2); a.narrow(1, 0, 2); v.narrow(0, 1, 2); list(v)
[w for w in a]; tuple(a); v.chunk(2)[1]; torch.meshgrid(v, v, indexing="ij")
i << 1; i >> 1; i << j; 2 << j; 40 >> j; k << 2; h >> 1; i << 70; torch.bitwise_left_shift(i, j)
i.bitwise_right_shift(1)
torch.arange(end=3); torch.gradient(v); torch.gradient(v, spacing=0.5); torch.gradient(v, edge_order=2)
torch.gradient(a); torch.gradient(i)
torch.gradient(v, spacing=(torch.tensor([0.0, 1.0, 3.0]),)); torch.gradient(a, dim=1)
torch.gradient(a, spacing=[2.0, 0.5])
torch.gradient(a, spacing=[torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0, 4.0])])
torch.gradient(B, dim=(0, -1), spacing=2.0)
torch.gradient(B, dim=2, edge_order=2, spacing=[torch.tensor([0.0, 1.0, 4.0])])
torch.cumulative_trapezoid(v); torch.cumulative_trapezoid(v, dx=0.5); torch.cumulative_trapezoid(v, j.float())
torch.cumulative_trapezoid(a, dim=0); torch.cumulative_trapezoid(a, x); torch.nanmedian(z[:2]); torch.nanmedian(a)
a.nanmedian(1)
torch.nanmedian(z.view(1, 5).expand(2, 5), 1, keepdim=True); z[1:2].nanmedian(0); s.nanmedian(0)
torch.nanmedian(torch.tensor([3, 1, 2]))
torch.nanquantile(z[:2], 0.5); torch.nanquantile(a, 0.3); a.nanquantile(torch.tensor([0.2, 0.7]), dim=1, keepdim=True)
torch.nanquantile(torch.tensor([[1.0, math.nan, 3.0], [math.nan, math.nan, 2.0]]), torch.tensor([0.25, 1.0]), dim=1)
torch.nanquantile(z, 0.4, interpolation="lower"); torch.quantile(z, 0.5)
torch.quantile(torch.tensor([[1.0, math.nan], [2.0, 3.0]]), 0.5, dim=1)
torch.matrix_power(M, 2); M.matrix_power(3); torch.matrix_power(M.detach(), 0); torch.diagflat(v); torch.diagflat(a, 1)
v.diagflat(-1)
torch.linalg.vecdot(a, b); torch.linalg.vecdot(a, b, dim=0); torch.unravel_index(torch.tensor(4), (2, 3))
torch.unravel_index(j, (3, 2))
torch.nn.functional.hinge_embedding_loss(a, i.sign() * 2 + 1)
torch.nn.functional.hinge_embedding_loss(v, torch.tensor([1, -1, -1]), margin=2.0)
torch.nn.functional.hinge_embedding_loss(a, torch.tensor([[1.0, -1, 1], [1, 1, -1]]), reduction="none")
torch.nn.HingeEmbeddingLoss(2.0)
torch.nn.HingeEmbeddingLoss(reduction="sum")(a, torch.tensor([1, -1, 1]))
torch.manual_seed(3) and torch.nn.init.sparse_(torch.empty(5, 3), 0.4)
torch.manual_seed(3) and torch.nn.init.sparse_(torch.empty(4, 2), 0.5, std=2)
torch.bfloat16; torch.bfloat16.itemsize; x.dtype == torch.bfloat16; torch.bfloat16.is_floating_point; x.is_pinned()
x.is_cpu; x.is_mps
torch.get_float32_matmul_precision() in ("highest", "high"); torch.amp.is_autocast_available("cpu")
torch.is_autocast_enabled("cpu")
torch.meshgrid(v, j.float(), indexing="xy"); torch.cartesian_prod(j, h.long()); torch.combinations(j); torch.diff(v)
a.diff(dim=0); torch.trapezoid(v).item(); torch.trapz(v, j * 1.0).item(); a[0]; a[-1]; a[0, 1]; a[:, 0]; a[:, 1]
a[:, -1]; a[1:]; a[:1]; a[0:1, 1:]; a[:, ::2]; a[...]; a[..., 0]; a[None]; a[:, None]; a[0, None]; a[:]; v[0]; v[1:]
v[-2:]; B[0]; B[:, 1]; B[0, :, 1]; B[..., 1]; B[:, :, 0]; a[:, None, :]; s[None]; s[...]; v[j]; a[:, j]; a[[1, 0]]
a[[0, 1], [1, 2]]; a[k]; a[a > 0]; v[v > 0]; a[j[:2] > 0]; a[k.any(1)]; v[[0, 0, 1]]; a[j[1]]
a[torch.tensor([1, 1, 0])]; a[:, [0, 2]]; a[torch.tensor(1)]; v[j.view(3, 1)]; a[0][1]; a[0, j]; B[:, [0, 1], [1, 2]]
v[h.long() - 1]; a[range(2)]; a[k[:, 0]]; x[x > 100]; v[torch.tensor([True, False, True])]; v[True]; a[(0, 1)]
a[j[1], j[2]]; torch.index_select(a, 1, j); a.index_select(0, j[1:]); torch.gather(a, 1, i.clamp(0, 2))
a.gather(0, (i > 0).long()); torch.take(a, j); a.take(j); torch.masked_select(a, k); a.masked_select(a > 0)
torch.select(a, 1, 0); a.select(0, 1); torch.nonzero(k); i.nonzero(); torch.nonzero(k, as_tuple=True)
torch.argwhere(i); a.repeat_interleave(2); v.repeat_interleave(j); torch.repeat_interleave(a, 2, dim=1)
torch.take_along_dim(a, i.clamp(0, 2), 1); v.index_add(0, j, v); v.index_fill(0, j[:2], 9.0)
x.scatter(1, i.clamp(0, 2)[:, :1], a[:, :1]); torch.zeros(2, 3).scatter_add(1, i.clamp(0, 2), a)
a.scatter_reduce(1, i.clamp(0, 2), b, "sum"); a.scatter_reduce(0, k.long(), b, "mean", include_self=False)
torch.scatter_reduce(a, 1, i.clamp(0, 2), b, "amax"); a.scatter_reduce(1, i.clamp(0, 2), b, reduce="amin")
b.scatter_reduce(0, k.long(), torch.ones(2, 3), "amin"); b.scatter_reduce(1, i.clamp(0, 2), b * 1, "amax")
x.scatter_reduce(1, i.clamp(0, 2), x, "prod"); i.scatter_reduce(0, k.long(), i, "mean")
x.scatter_reduce_(0, k.long(), x * 1, "sum")
i.scatter_reduce(0, k.long(), i, "amax", include_self=False); torch.matrix_power(M, 3); M.matrix_power(-1)
torch.unravel_index(torch.tensor([5, 0]), (2, 3)); torch.unravel_index(torch.tensor(7), (2, 3)); a.is_cpu
torch.unravel_index(x.argmax(), x.shape)
v.index_copy(0, j, v); torch.zeros(2, 4).scatter_(1, j[:2].unsqueeze(1), 1.0)
torch.zeros(3).index_add_(0, j, torch.ones(3)); a @ M; a @ v; v @ M; v @ v; a.t() @ a; B @ M; B @ v
B @ B.transpose(1, 2); (M @ B.transpose(1, 2)) * 1; torch.matmul(a, M); a.matmul(M); torch.mm(a, M); a.mm(M)
torch.mv(a, v); a.mv(v); torch.dot(v, v * 2); v.dot(v); torch.inner(v, v) * 1; torch.inner(a, b); torch.outer(v, v)
a[:, 0:3]; a[:, :]; a[..., :]; B[0, :, 0:3]; B[:, 0:2, 1:]; B[:, 0:2]; B[1:, ..., 0:3]; B[:, None, 0:2]
torch.nn.functional.linear(a, v); torch.nn.functional.linear(a[0], v); torch.nn.functional.linear(x, v)
torch.nn.functional.linear(B, v, s); torch.nn.functional.linear(a[:, :0], M[:, :0], v)
torch.nn.functional.linear(B[..., :0], M[:2, :0]); torch.nn.functional.linear(a, M[:0])
torch.ger(v, v); v.outer(v); torch.addmm(v, a, M); torch.addmm(v, a, M, beta=2, alpha=0.5); v.addmm(a, M)
torch.bmm(B, B.transpose(1, 2)); torch.addmv(s, a, v); torch.einsum("ij,jk->ik", a, M); torch.einsum("ij,ij->i", a, b)
torch.einsum("i,j", v, v) * 1; torch.einsum("bij,jk->bik", B, M); torch.einsum("ij->j", a) * 1
torch.einsum("ii->i", M.detach()); torch.einsum("...j,j->...", B, v); torch.tensordot(B, M, dims=1)
torch.tensordot(a, b, dims=([0, 1], [0, 1])); torch.vdot(v, v); torch.addr(M, v, v); (v @ B.transpose(1, 2)) * 1
torch.linalg.inv(M); torch.inverse(M); M.inverse(); torch.linalg.solve(M, v); torch.linalg.solve(M, M @ M)
torch.linalg.det(M); torch.det(M); M.det(); torch.linalg.norm(a); torch.linalg.norm(v, 1)
torch.linalg.vector_norm(a, 3, dim=1); torch.linalg.norm(M, "fro"); torch.linalg.norm(a, dim=1)
torch.linalg.matrix_norm(M); torch.linalg.norm(M, 1); torch.linalg.matrix_rank(M.detach())
torch.linalg.lstsq(x.t(), v.detach().unsqueeze(1)); torch.linalg.lstsq(x.t(), torch.ones(3, 2)).solution
torch.linalg.pinv(x); torch.linalg.slogdet(M).logabsdet; torch.logdet(M.t() @ M) * 1; torch.linalg.eigvalsh(x @ x.t())
torch.linalg.svdvals(x); torch.linalg.multi_dot([a, M, v]) * 1; torch.linalg.matrix_power(M, 2)
torch.linalg.cholesky(x @ x.t()); torch.linalg.qr(x).R.abs(); torch.cross(v, j * 1.0, dim=0); torch.tensor([1, 2])
torch.tensor([1.0, 2]); torch.tensor([[True, False]]); torch.tensor(3); torch.tensor(2.5); torch.tensor([])
torch.tensor([1, 2], dtype=torch.float64); torch.tensor([[1], [2.5]]); torch.tensor(True); torch.tensor((1, 2))
torch.tensor([[]]); torch.tensor([1, True]); torch.tensor([v[:1].detach(), v[1:2].detach()])
torch.tensor([[s.detach()], [2.0]]); torch.tensor([torch.tensor(1.0), torch.tensor(2.0)])
torch.tensor([1, 2], dtype=torch.bool); torch.tensor(range(3)); torch.as_tensor([1, 2]); torch.as_tensor(x)
torch.asarray([1.5]); torch.scalar_tensor(2); torch.tensor([s.detach(), 1]); torch.zeros(2); torch.zeros(2, 3)
torch.zeros((2, 3)); torch.zeros([2], dtype=torch.int64); torch.zeros(size=(2,)); torch.zeros(())
torch.ones(2, dtype=torch.bool); torch.ones(3, requires_grad=True); torch.full((2,), 3); torch.full((2, 2), 1.5)
torch.full((1,), True); torch.eye(2); torch.eye(2, 3); torch.eye(3, dtype=torch.int64); torch.zeros_like(a)
torch.ones_like(i); torch.full_like(a, 2); torch.empty(0); torch.empty_like(i).shape
torch.zeros_like(i, dtype=torch.float32); torch.ones_like(a, requires_grad=True); torch.arange(5); torch.arange(1, 4)
torch.arange(0, 1, 0.25); torch.arange(1.0, 4.0); torch.arange(5, 0, -2); torch.arange(3.5); torch.arange(0, 10, 3)
torch.arange(3, dtype=torch.float32); torch.arange(-1, 1, 0.1); torch.arange(0, 1, 0.1); torch.arange(0)
torch.linspace(0, 1, 5); torch.linspace(-1, 1, 10); torch.linspace(0, 10, 1); torch.linspace(-math.pi, math.pi, 7)
torch.linspace(1, 0, 3); torch.linspace(0, 5, 4, dtype=torch.float64); torch.linspace(start=0, end=1, steps=3)
torch.linspace(0, 10, 5, dtype=torch.int64); torch.logspace(0, 2, 3); torch.logspace(0, 3, 4, base=2)
torch.vander(v.detach()); torch.vander(j, N=2, increasing=True); x.new_zeros(2); i.new_ones((2, 2))
x.new_tensor([1, 2]); i.new_full((2,), 7); x.new_empty(0); torch.tril_indices(3, 3); torch.FloatTensor([1, 2])
torch.LongTensor([[1, 2]]); torch.DoubleTensor([1.5]); torch.IntTensor([1]); torch.BoolTensor([True, False])
torch.Tensor([1, 2]); torch.Tensor([[1.5], [2]]); torch.Tensor(2, 3).shape; torch.FloatTensor(2).shape
torch.Tensor().shape; torch.FloatTensor([[1, 2], [3, 4]]).type(); isinstance(x, torch.FloatTensor)
isinstance(i, torch.FloatTensor); torch.is_tensor(x); isinstance(i, torch.LongTensor); x.type(); i.type(); k.type()
D.type(); x.type(torch.LongTensor); x.type("torch.DoubleTensor"); a.float(); a.double(); a.int(); a.long(); a.bool()
a.half(); i.float(); i.double(); i.bool(); k.int(); k.float(); a.short(); a.to(torch.float64); a.to("cpu")
a.to(torch.device("cpu"), torch.float64); a.to(D); a.to(dtype=torch.float64); a.to(a); i.to(torch.int32)
a.type(torch.float64); i.type_as(a); a.type_as(a); a.cpu(); a.clone(); a.detach(); a.data; a.contiguous()
a.t().contiguous(); a.t().clone(); a.detach().clone().requires_grad_(True); a.is_contiguous(); a.t().is_contiguous()
a.stride(); a.t().stride(); a.size(); a.size(0); a.size(-1); a.shape; a.shape[0]; a.ndim; a.dim(); a.numel()
a.nelement(); torch.numel(a); len(a); a.dtype; i.dtype; a.device; a.is_leaf; (a + 1).is_leaf; a.requires_grad; a.grad
a.element_size(); a.nbytes; a.is_floating_point(); torch.is_floating_point(i); a.is_cuda; a.tolist(); i.tolist()
s.item(); s.tolist(); i[0, 0].item(); k[0, 0].item(); float(s); int(s); bool(s); "%.3f" % s; f"{s:.3f}"; f"{x}"
f"{s.detach()}"; f"{s}"; f"{i[0, 0]}"; str(a); repr(D); format(i[0, 0], "5d"); round(s.item(), 1); a.T.shape
a.shape + (1,); a.shape[1:]; 1.0 in x; a.shape == (2, 3); list(a.shape); torch.Size([2, 3])
torch.Size([2, 3]).numel(); tuple(a.shape); a.shape.numel(); torch.float32; torch.float; torch.int64; torch.bool
torch.double; torch.get_default_dtype(); torch.device("cpu"); str(torch.device("cpu"))
torch.float32.is_floating_point; torch.finfo(torch.float32).eps; torch.iinfo(torch.int64).max
torch.finfo(torch.float64).max; torch.finfo(torch.float32); torch.iinfo(torch.int32)
torch.promote_types(torch.int32, torch.float32); torch.result_type(i, 1.5); torch.can_cast(torch.float32, torch.int64)
torch.result_type(x, D); torch.cuda.is_available(); torch.cuda.device_count(); torch.device("cuda:0")
torch.device("cuda", 1); str(torch.device("mps")); torch.device("cuda") == torch.device("cpu"); torch.pi
torch.device("cpu", 0).index; torch.device(torch.device("cuda:2")).type; torch.typename(x)
torch.backends.mps.is_available(); torch.is_grad_enabled(); torch.float64.itemsize; torch.inf; torch.e
torch.autograd.grad(a.sum(), a); torch.autograd.grad((a * b).sum(), [a, b]); torch.autograd.Variable(x)
torch.autograd.Variable(v.data, requires_grad=True); torch.autograd.grad(a * 2, a, grad_outputs=torch.ones(2, 3))
torch.autograd.grad(a.sum(), [a, b], allow_unused=True); a.grad_fn; (a + 1).grad_fn.name()
(a.exp() * 2).grad_fn.next_functions[0][0].name(); (a * 2).detach().requires_grad
a.permute(dims=(1, 0)); torch.permute(B, dims=(2, 0, 1)); a.reshape(shape=(3, 2)); torch.reshape(a, shape=(6,))
torch.flip(a, dims=[0]); a.flip(dims=(1,)); v.repeat(repeats=(2, 1)); torch.tile(v, dims=(2,)); v.expand(size=(2, 3))
torch.swapaxes(a, 0, 1); torch.swapdims(B, 0, 2); torch.moveaxis(B, 0, 2); a.argmax(axis=1, keepdims=True)
a.amax(axis=0, keepdims=True); a.argsort(axis=0); a.topk(2, axis=1); torch.unbind(a, axis=1); a.logsumexp(axis=1)
torch.diff(v, prepend=v[:1]); torch.diff(a, dim=0, append=v.unsqueeze(0)); torch.add(a, 2, b); a.sub(2, b)
torch.addcmul(a, 2, b, u); a.addcdiv(0.5, u, b); a[1].storage_offset(); a[:, 1:].storage_offset(); 7 // j.clamp(1)
torch.cdist(a, b); torch.cdist(a, M, p=1); torch.cdist(a, M, 3); torch.cdist(B, M); torch.cdist(a, M, float("inf"))
torch.linalg.pinv(a); torch.linalg.pinv(a.t()); torch.linalg.lstsq(a.t(), v.unsqueeze(1)).solution
torch.linalg.lstsq(M, v.unsqueeze(1), driver="gelsd").solution; torch.linalg.eigh(M @ M.t())[0]
torch.linalg.eigh(M @ M.t())[1].square(); torch.linalg.eigvalsh(M @ M.t()); torch.linalg.svdvals(a)
torch.linalg.svd(a)[1]; torch.linalg.svd(a, full_matrices=False)[0].square()
torch.linalg.svd(a, full_matrices=False)[2].square(); torch.linalg.svd(a.t(), full_matrices=False)[0].square()
torch.linalg.matrix_norm(a, "nuc"); torch.linalg.matrix_norm(a, 2); torch.linalg.qr(M)[0].square()
torch.linalg.qr(M)[1].square(); torch.linalg.qr(a.t())[0].square(); torch.linalg.qr(a.t())[1].square()
torch.linalg.cholesky(M @ M.t()); torch.linalg.vander(v, N=3) * 1
torch.linalg.solve_triangular(M, v.unsqueeze(1), upper=True) * 1
torch.linalg.solve_triangular(M, v.unsqueeze(1), upper=False, unitriangular=True) * 1
torch.cholesky(x @ x.t()); torch.svd(x)[1]; torch.svd(x)[2].abs(); torch.qr(x)[1].abs()
torch.cholesky_solve(torch.ones(2, 1), torch.linalg.cholesky(x @ x.t())); torch.nn.functional.leaky_relu(a)
torch.nn.functional.leaky_relu(a, 0.2); torch.nn.functional.elu(a); torch.nn.functional.elu(a, alpha=0.5)
a.quantile(0.5); v.quantile(torch.tensor([0.1, 0.9])); a.quantile(0.3, 1, keepdim=True); torch.trapezoid(v)
torch.trapezoid(v, j.float()); repr(torch.vander(v)); repr(torch.vander(v, increasing=True)); torch.linalg.vander(v)
torch.einsum("i,j->ij", v, v); torch.einsum("ij->ji", a); torch.einsum("ij->i", a); torch.einsum("ij,ij->ij", a, b)
torch.einsum("ij,ij->i", a, b); torch.einsum("i,ij->ij", v, M); torch.einsum("ij,j->i", a, v); torch.inner(v, v)
torch.logdet(M); torch.linalg.multi_dot([a, M, M]); torch.chain_matmul(a, M); a.rot90(); torch.combinations(v)
torch.linalg.solve_triangular(M.tril(), v[:, None], upper=False); torch.cholesky_solve(v[:, None], M.tril())
torch.nn.functional.pairwise_distance(a, b); [*torch.var_mean(a)]; [*torch.std_mean(a, 1, keepdim=True)]; a.mH; a.H
s.H; B.mH; a.scatter(1, j[None, :2], 2.0); a.scatter(1, j[None], b[:1])
torch.zeros_like(x, memory_format=torch.preserve_format)
x.clone(memory_format=torch.contiguous_format); torch.preserve_format; torch.contiguous_format
torch.nn.functional.silu(a); torch.nn.functional.gelu(a); torch.nn.functional.gelu(a, approximate="tanh")
torch.nn.functional.batch_norm(a, None, None, v, training=True)
torch.nn.functional.batch_norm(a, v.detach(), v.detach() ** 2)
torch.nn.functional.batch_norm(B, None, None, training=True)
torch.autograd.functional.jacobian(lambda w: w ** 2, x[0])
torch.autograd.functional.jacobian(lambda w: (w * x).sum(), x)
torch.autograd.functional.jacobian(lambda w: torch.ones(2), x[0])
[[*part] for part in torch.autograd.functional.jacobian(lambda p, q: (p * q, p.sum()), (x[0], x[1]))]
torch.nn.functional.softplus(a); torch.nn.functional.softplus(a, beta=2, threshold=3)
torch.nn.functional.kl_div(a, b.sigmoid(), reduction="mean")
torch.nn.functional.kl_div(a, b.sigmoid(), reduction="sum")
torch.nn.functional.kl_div(a, b.sigmoid(), reduction="none")
torch.nn.functional.kl_div(a, b.sigmoid(), reduction="batchmean")
torch.nn.functional.kl_div(a, b.detach(), log_target=True, reduction="batchmean")
torch.nn.functional.kl_div(a, b, log_target=True, reduction="none")
torch.nn.functional.logsigmoid.__name__; torch.backends.mkl.is_available(); torch.backends.mkldnn.is_available()
torch.special.expit(a); torch.special.logit(a.sigmoid(), eps=1e-3); torch.special.log1p(a.abs()); torch.special.erf(a)
torch.special.xlogy(a.abs(), b.abs()); torch.special.softmax(a, 1); torch.special.log_softmax(a, dim=0)
torch.special.logsumexp(a, 1); torch.special.gammaln(a.abs() + 1); torch.special.psi(b.detach()); torch.special.exp2(a)
torch.special.expm1(a); torch.special.erfc(a); torch.special.erfinv(a.tanh()); torch.special.round(a, decimals=1)
(a * b).cumsum_(0); (a * 2).cumprod_(dim=1); (a * b).tril_(); (a * b).triu_(1); x.clone().cumsum_(1)
x.clone().tril_(-1); i.clone().cumsum_(0); (lambda y: (y[0].cumsum_(0), y[1:].tril_(), y))(a * 2)
torch.nn.functional.logsigmoid(a); torch.nn.functional.softmax(a, dim=1); torch.nn.functional.softmax(a)
torch.nn.functional.log_softmax(v); torch.nn.functional.pad(a, (1, 2))
torch.nn.functional.pad(a, (0, 1, 2, 0), value=3.0)
torch.nn.functional.normalize(a); torch.nn.functional.normalize(a, p=1, dim=0); torch.nn.functional.one_hot(j)
torch.nn.functional.one_hot(j, num_classes=4); torch.nn.functional.nll_loss(a, j[:2])
torch.nn.functional.nll_loss(a, j[:2], weight=b[0].detach(), reduction="none")
torch.nn.functional.nll_loss(a, j[:2], reduction="sum", ignore_index=2); torch.nn.functional.gaussian_nll_loss(a, b, b)
torch.nn.functional.gaussian_nll_loss(a, x, 0.5, full=True, reduction="sum")
torch.nn.functional.dropout(a, 0.3, training=False) * 1; torch.nn.functional.dropout(a, 1.0)
torch.manual_seed(3) and torch.nn.functional.dropout(a, 0.4); torch.manual_seed(3) and torch.poisson(b.detach() * 9)
torch.distributions.Normal(v, b).log_prob(a); torch.distributions.Normal(0.0, 2.0)
torch.manual_seed(3) and torch.distributions.Normal(v, b).sample((2,))
torch.manual_seed(3) and torch.distributions.Normal(v, b).rsample(); torch.distributions.Normal(v, b).cdf(a)
torch.manual_seed(3) and torch.distributions.Uniform(-1.0, 1.0).sample((4,)); torch.distributions.Normal(v, b).entropy()
torch.distributions.Uniform(v - 3, v + 3).log_prob(a); torch.distributions.MultivariateNormal(v, M @ M.t()).log_prob(a)
torch.manual_seed(3) and torch.distributions.MultivariateNormal(v, scale_tril=torch.eye(3)).sample((2,))
torch.distributions.MultivariateNormal(v, precision_matrix=M @ M.t())
torch.distributions.Poisson(b).log_prob(x); torch.distributions.Poisson(2.0); torch.distributions.Poisson(b).variance
torch.manual_seed(3) and torch.distributions.Poisson(b * 9).sample((2,)); torch.distributions.Laplace(v, b).log_prob(a)
torch.manual_seed(3) and torch.distributions.Laplace(v, b).rsample((2,)); torch.distributions.Laplace(v, b).entropy()
torch.distributions.Laplace(0.0, torch.ones(2)).stddev; torch.distributions.Laplace(v, b)
torch.distributions.Bernoulli(logits=a).log_prob(k.float())
torch.distributions.Bernoulli(a.sigmoid()).log_prob(k.float())
torch.manual_seed(3) and torch.distributions.Bernoulli(logits=a).sample((2,)); torch.distributions.Bernoulli(logits=a)
torch.distributions.Bernoulli(0.25); torch.distributions.Bernoulli(logits=a).entropy()
torch.distributions.kl_divergence(torch.distributions.Normal(v, b), torch.distributions.Normal(a, 2.0))
torch.cholesky_inverse(M.tril()); torch.cholesky_inverse(M.triu(), upper=True); torch.histogram(x, 4)
torch.histogram(x, bins=3, range=(0.0, 5.0)); torch.histogram(x, 3, density=True)
torch.histogram(x, torch.tensor([0.0, 2.0, 5.0])); torch.histogram(x, 2, weight=x)
torch.nn.functional.hardtanh(a); torch.nn.functional.hardtanh(a, -0.5, 2.0); torch.nn.functional.relu6(a * 4)
torch.nn.functional.selu(a); torch.nn.functional.softsign(a); torch.nn.functional.softshrink(a)
torch.nn.functional.softshrink(a, 1.0); torch.nn.functional.threshold(a, 0.1, 20.0)
torch.nn.functional.hardtanh(a * 1, inplace=True); torch.nn.functional.selu(a * 1, inplace=True)
torch.nn.functional.soft_margin_loss(a, x.sign()); torch.nn.functional.soft_margin_loss(a, x.sign(), reduction="sum")
torch.nn.functional.soft_margin_loss(a, x.sign(), reduction="none"); torch.nn.SoftMarginLoss()(a, x.sign())
torch.nn.KLDivLoss(reduction="batchmean", log_target=True)(a, b); torch.nn.Hardtanh(); torch.nn.ReLU6(); torch.nn.SELU()
torch.nn.Softsign(); torch.nn.Softshrink(0.3)(a); torch.nn.Softshrink(); torch.nn.Hardtanh(-2, 2, inplace=True)
torch.nn.ReLU6(True)(a * 4); torch.nn.KLDivLoss(); torch.nn.SoftMarginLoss(); torch.nn.SELU()(a); torch.nn.Softsign()(a)
torch.nn.functional.softmin(a, dim=1); a.index_put((i[0, :2] % 2, j[:2]), v[:2]); x.index_put((k,), torch.tensor(9.0))
a.index_put((torch.tensor([0, 0, 1]), torch.tensor([2, 2, 0])), v, accumulate=True)
torch.index_put(a, (torch.tensor([1, 1]),), s * 2, accumulate=True)
torch.nn.init.eye_(torch.empty(2, 3)); torch.manual_seed(3) and torch.nn.init.orthogonal_(torch.empty(3, 2))
torch.manual_seed(3) and torch.nn.init.xavier_uniform(torch.empty(2, 3)); type((a + 1).grad_fn)
"""

# Several statements: what the last one leaves in `r` is told.
PROGRAMS = r"""
import pickle; r = pickle.loads(pickle.dumps(a * 2))
import pickle; r = pickle.loads(pickle.dumps(a.detach() * 2))
import copy; r = copy.copy(a * 2)
r = x.clone(); r += 1
r = x.clone(); r *= a
r = x.clone(); r -= 0.5; r /= 2
r = x.clone(); r **= 2
r = a.clone(); r += b
r = a.clone(); r *= a
r = a * 1; r.exp_()
r = a * 1; r.mul_(2).add_(1)
r = a * 1; r.clamp_(0, 1)
r = a * 1; r.relu_()
r = a * 1; r.zero_()
r = a * 1; r.fill_(3)
r = a * 1; r.copy_(b)
r = a * 1; r[0] = 5
r = a * 1; r[0] = v
r = a * 1; r[:, 1] = b[:, 0]
r = torch.zeros(3); r[1] = s
r = torch.zeros(2, 3); r[0] = v; r[1] = v * 2
r = torch.zeros(3); r[j] = v
r = a * 1; r[k] = 0
r = a * 1; r[a > 0] = s
r = x.clone(); r[:, 0] = 9
r = x.clone(); r[0, 1] = 7.5
r = x.clone(); r[0] += 1
r = x.clone(); r[:, 1] *= 2
r = x.clone(); r[r > 3] = 0
r = x.clone(); r[:, 0].fill_(0)
r = x.clone(); r[0][1] = 8
r = x.clone(); w = r[0]; w[1] = 100
r = x.clone(); r.view(-1)[2] = 50
r = i.clone(); r[0, 0] = 2.7
r = i.clone(); r += 1
r = x.clone(); r.add_(x, alpha=2)
r = x.clone(); r.sub_(1).div_(2).pow_(2)
r = x.clone(); r.sqrt_(); r.neg_(); r.abs_(); r.round_()
r = x.clone(); r.addcmul_(x, x, value=0.5)
r = x.clone(); r.masked_fill_(k, -1)
r = x.clone(); r.fill_diagonal_(0)
r = x.clone(); r.t_()
r = x.clone(); r.unsqueeze_(0)
r = a * 2; r.t_()
r = a * 2; r.transpose_(0, 1); r = r.exp()
r = a * 2; r.swapaxes_(0, 1)
r = a * 2; r.unsqueeze_(0); y = r * r; r = y
r = (a * 2).unsqueeze(0); r.squeeze_()
r = (a * 2).unsqueeze(0); r.squeeze_(0)
r = (a * 2).unsqueeze(0); r.squeeze_((0, 1))
r = a * 2; r[0].unsqueeze_(0); r[0] = v
r = a * 2; r.t_(); r[0] = 0; r.mul_(3)
r = a * 2; r.t_(); r = r._version
r = x.clone(); y = r.view(6); y.unsqueeze_(0); y[0, 0] = 9
r = a.detach().clone().requires_grad_(); torch.set_grad_enabled(False); r.t_(); torch.set_grad_enabled(True)
r = repr(a // 2)
r = repr(torch.floor_divide(b, a))
r = torch.digamma(b)
r = torch.digamma(a)
r = a.div(2, rounding_mode="floor")
r = x.clone(); r.lerp_(x * 2, 0.5)
r = i.clone(); r.index_put_((torch.tensor([0, 0]), torch.tensor([1, 1])), torch.tensor([5, 6]), accumulate=True)
r = a * 2; r.index_put_((torch.tensor([1]),), v)
r = x.clone(); r.clip_(2, 4)
r = x.clone(); r.index_fill_(1, j[:2], 0.0)
r = x.clone(); r.data.zero_()
r = x.clone(); r.data = r.data * 2
w = v.clone().detach().requires_grad_(); (w ** 2).sum().backward(); r = w.grad
w = v.detach().clone().requires_grad_(); (w ** 2).sum().backward(); (w ** 2).sum().backward(); r = w.grad
w = v.detach().clone().requires_grad_(); (w ** 2).sum().backward(); w.grad.zero_(); r = w.grad
w = v.detach().clone().requires_grad_(); (w * 2).backward(torch.ones(3)); r = w.grad
w = v.detach().clone().requires_grad_(); y = w * 2; y.retain_grad(); y.sum().backward(); r = y.grad
w = v.detach().clone().requires_grad_(); y = (w * 2).sum(); y.backward(retain_graph=True); y.backward(); r = w.grad
w = v.detach().clone().requires_grad_(); w.register_hook(lambda g: g * 10); w.sum().backward(); r = w.grad
with torch.no_grad(): r = a * 2
with torch.no_grad(): v -= 0.1; r = v
with torch.inference_mode(): r = (a * 2).requires_grad
r = [torch.is_inference_mode_enabled()]\nwith torch.no_grad(): r.append(torch.is_inference_mode_enabled())\nwith torch.inference_mode(): r.append(torch.is_inference_mode_enabled())\nr.append(torch.is_inference_mode_enabled())
r = torch.inference_mode()(lambda: [torch.is_inference_mode_enabled(), torch.is_grad_enabled()])() + [torch.is_inference_mode_enabled()]
with torch.inference_mode():\n    with torch.inference_mode(False): r = [torch.is_inference_mode_enabled(), torch.is_grad_enabled(), (a * 2).requires_grad]
with torch.set_grad_enabled(False): r = (a * 2).requires_grad
with torch.no_grad():\n    with torch.enable_grad(): r = (a * 2).requires_grad
w, y, q = v; r = w * y - q
r = sum(w * w for w in v)
r = torch.zeros(3)\nfor n, w in enumerate(v): r[n] = w * n
r = a * 1; r[:, 1] *= 2
r = a * 1; r[0].mul_(s)
r = a * 1; w = r[0]; w *= v; r = w * 1
r = a * 1; r[0][1] = s
r = a * 1; r.view(-1)[2:4].add_(s)
r = (a * 1).t(); r[1] += 5
r = torch.zeros(2, 3); w = r[1]; w += v
r = v.detach().clone().requires_grad_(); r.detach().zero_()
r = x.clone(); r %= 2
r = i.clone(); r <<= 1; r >>= j
r = x.clone(); r //= 2
r = 7 // x
r = 7.5 % x
r = torch.empty(2, 3); torch.add(x, x, out=r)
r = torch.empty(2); torch.linspace(0, 1, 2, out=r)
r = torch.empty(0); torch.mul(x, 2, out=r)
r = (torch.empty(2), torch.empty(2, dtype=torch.int64)); torch.max(x, 1, out=r); r = [*r]
r = torch.zeros(2, 3); torch.where(x > 2, x, r - 1, out=r)
r = torch.empty(2, 3); torch.clamp(x, 2, 4, out=r); torch.round(r / 3, out=r)
r = torch.empty(2); torch.mv(x, torch.ones(3), out=r)
r = x.clone(); r.add_(-0.5, x)
r = x.clone(); r.sub_(2, x)
r = x.clone(); r.addcdiv_(-1, x, x + 1)
r = x.clone(); r.map_(x + 1, lambda p, q: p * q)
r = x.clone(); r.resize_(2, 2)
r = x.clone(); r.transpose_(dim0=0, dim1=1).unsqueeze_(dim=0).squeeze_(dim=0)
torch.manual_seed(3); r = a * 1; r.normal_()
torch.manual_seed(3); r = a * 1; r[0].uniform_(-1, 1)
r = a * 1; r = torch.nn.functional.elu(r, inplace=True)
r = a * 1; r = torch.nn.functional.silu(r, inplace=True)
r = torch.zeros(3); r[1] = a[:1, :1] * 2
r = torch.zeros(3); r[0] = v[:1]; r[2] = torch.ones(1, 1, 1)
r = torch.zeros(2, 3); r[1, 2] = a[0].sum().view(1, 1); r[0] = s.view(1, 1)
r = torch.zeros(2, 3); r[j[1:2]] = v[:1, None]
r = torch.zeros(3); r[1] = torch.ones(1, 1)
r = a * 1; r.scatter_(1, j[None, :2], 2.0)
r = x.t().contiguous().t()[:, ::2].detach(); r[0] = s
r = x[:, ::2].detach().clone(); r = x.detach()[:, ::2].detach(); r[1, 1] = s
torch.set_default_dtype(torch.float64); r = torch.tensor([1.5]); torch.set_default_dtype(torch.float32)
torch.set_default_tensor_type("torch.DoubleTensor"); r = torch.zeros(1); torch.set_default_tensor_type(torch.FloatTensor)
"""


def forms():
    """Every form, once."""
    expressions = [form.strip() for line in FORMS.strip().splitlines() for form in line.split("; ")]
    return list(dict.fromkeys(expressions + PROGRAMS.strip().splitlines()))


def tell(torch, form):
    """A description of what a form gives, as JSON can hold it."""
    space = inputs(torch)
    leaves = {name: tensor for name, tensor in space.items() if getattr(tensor, "requires_grad", False)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form in PROGRAMS.splitlines():
            exec(form.replace("\\n", "\n"), space)
            result = space["r"]
        else:
            result = eval(form, space)
        told = describe(torch, result, space)
        parts = result if isinstance(result, (tuple, list)) else [result]
        parts = [part for part in parts if isinstance(part, torch.Tensor) and part.requires_grad]
        parts = [part for part in parts if not any(part is leaf for leaf in leaves.values())]
        for part in parts:
            gradient = torch.tensor([math.cos(n) for n in range(part.numel())], dtype=part.dtype).reshape(part.shape)
            with contextlib.suppress(NotImplementedError):
                part.backward(gradient, retain_graph=True)
    if parts:
        told["gradients"] = {
            name: leaf.grad.tolist() for name, leaf in leaves.items() if leaf.is_leaf and leaf.grad is not None
        }
    return told


def describe(torch, result, space):
    if isinstance(result, (tuple, list)) and not isinstance(result, torch.Size):
        return {"parts": [describe(torch, part, space) for part in result], "repr": told_text(repr(result))}
    if not isinstance(result, torch.Tensor):
        return {"repr": told_text(repr(result))}
    told = {
        "repr": told_text(repr(result)),
        "dtype": str(result.dtype),
        "shape": list(result.shape),
        "leaf": [result.is_leaf, result.requires_grad],
        "shares": None,
        "strides": None,
    }
    for name, other in space.items():
        if isinstance(other, torch.Tensor) and other is not result and result.numel() and other.numel():
            offset = result.data_ptr() - other.data_ptr()
            if 0 <= offset < other.numel() * other.element_size():
                told["shares"] = [name, offset]
                told["strides"] = [step for step, size in zip(result.stride(), result.shape) if size > 1]
                break
    return told


def told_text(text):
    return text.split(" object at 0x")[0].replace("fastgd", "torch")
