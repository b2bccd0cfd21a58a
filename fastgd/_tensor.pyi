"""Tensor and Parameter for editors and type checkers; written by tests/record_stub.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._types import Size, device as device_type, dtype as dtype_type, layout as layout_type

def __getattr__(name: str) -> Any: ...  # what the package itself uses

class Tensor:
    """A numpy array that can be differentiated, with torch's names. Made by `fastgd.tensor`, `zeros`, `randn`, ..."""
    @property
    def H(self) -> Tensor: ...
    @property
    def T(self) -> Tensor: ...
    def abs(self, *, out: Tensor | None = None) -> Tensor:
        """The magnitude."""
    def abs_(self) -> Tensor:
        """`abs`, written to the tensor itself."""
    def absolute(self, *, out: Tensor | None = None) -> Tensor:
        """The magnitude."""
    def absolute_(self) -> Tensor:
        """`abs`, written to the tensor itself."""
    def acos(self, *, out: Tensor | None = None) -> Tensor:
        """The angle of a cosine."""
    def acos_(self) -> Tensor:
        """`acos`, written to the tensor itself."""
    def acosh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of cosh."""
    def acosh_(self) -> Tensor:
        """`acosh`, written to the tensor itself."""
    def add(self, other, *old, alpha=1, out: Tensor | None = None) -> Tensor:
        """input + alpha * other."""
    def add_(self, other, *old, alpha=1) -> Tensor:
        """`add`, written to the tensor itself."""
    def addcdiv(self, tensor1, tensor2, *old, value=1) -> Tensor:
        """input + value * tensor1 / tensor2."""
    def addcdiv_(self, tensor1, tensor2, *old, value=1) -> Tensor:
        """`addcdiv`, written to the tensor itself."""
    def addcmul(self, tensor1, tensor2, *old, value=1) -> Tensor:
        """input + value * tensor1 * tensor2."""
    def addcmul_(self, tensor1, tensor2, *old, value=1) -> Tensor:
        """`addcmul`, written to the tensor itself."""
    def addmm(self, mat1, mat2, *, beta=1, alpha=1) -> Tensor:
        """beta * input + alpha * (mat1 @ mat2)."""
    def addmm_(self, mat1, mat2, *, beta=1, alpha=1) -> Tensor:
        """`addmm`, written to the tensor itself."""
    def addmv(self, first, second, *, beta=1, alpha=1) -> Tensor:
        """beta * input + alpha * (mat @ vec)."""
    def addr(self, first, second, *, beta=1, alpha=1) -> Tensor:
        """beta * input + alpha * outer(vec1, vec2)."""
    def adjoint(self) -> Tensor:
        """The last two dimensions swapped."""
    def all(
        self,
        dim=None,
        keepdim: bool = False,
        *,
        dtype: dtype_type | None = None,
        axis=None,
        keepdims: bool = False,
        out: Tensor | None = None,
    ) -> Tensor:
        """Whether all elements are not 0, or along dim."""
    def allclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False) -> bool:
        """Whether all elements are close: |input - other| <= atol + rtol * |other|."""
    def amax(self, dim=None, keepdim: bool = False, *, axis=None, keepdims: bool = False) -> Tensor:
        """The largest element, of all or along dim (one or several)."""
    def amin(self, dim=None, keepdim: bool = False, *, axis=None, keepdims: bool = False) -> Tensor:
        """The smallest element, of all or along dim (one or several)."""
    def aminmax(self, *, dim=None, keepdim: bool = False) -> tuple[Tensor, ...]:
        """The smallest and the largest element, of all or along dim."""
    def any(
        self,
        dim=None,
        keepdim: bool = False,
        *,
        dtype: dtype_type | None = None,
        axis=None,
        keepdims: bool = False,
        out: Tensor | None = None,
    ) -> Tensor:
        """Whether an element is not 0, or along dim."""
    def apply_(self, callable) -> Tensor:
        """Replaces every element x by callable(x)."""
    def arccos(self, *, out: Tensor | None = None) -> Tensor:
        """The angle of a cosine."""
    def arccos_(self) -> Tensor:
        """`acos`, written to the tensor itself."""
    def arccosh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of cosh."""
    def arccosh_(self) -> Tensor:
        """`acosh`, written to the tensor itself."""
    def arcsin(self, *, out: Tensor | None = None) -> Tensor:
        """The angle of a sine."""
    def arcsin_(self) -> Tensor:
        """`asin`, written to the tensor itself."""
    def arcsinh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of sinh."""
    def arcsinh_(self) -> Tensor:
        """`asinh`, written to the tensor itself."""
    def arctan(self, *, out: Tensor | None = None) -> Tensor:
        """The angle of a tangent."""
    def arctan2(self, other, *, out: Tensor | None = None) -> Tensor:
        """The angle of the point (other, input)."""
    def arctan2_(self, other) -> Tensor:
        """`atan2`, written to the tensor itself."""
    def arctan_(self) -> Tensor:
        """`atan`, written to the tensor itself."""
    def arctanh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of tanh."""
    def arctanh_(self) -> Tensor:
        """`atanh`, written to the tensor itself."""
    def argmax(self, dim=None, keepdim: bool = False, *, axis=None, keepdims: bool = False) -> Tensor:
        """The index of the largest element, of all (flattened) or along dim."""
    def argmin(self, dim=None, keepdim: bool = False, *, axis=None, keepdims: bool = False) -> Tensor:
        """The index of the smallest element, of all (flattened) or along dim."""
    def argsort(self, dim=-1, descending: bool = False, stable=True, *, axis=None) -> Tensor:
        """The indices that put the elements in order along dim."""
    def argwhere(self) -> Tensor:
        """The indices of the elements that are not 0, as rows."""
    def asin(self, *, out: Tensor | None = None) -> Tensor:
        """The angle of a sine."""
    def asin_(self) -> Tensor:
        """`asin`, written to the tensor itself."""
    def asinh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of sinh."""
    def asinh_(self) -> Tensor:
        """`asinh`, written to the tensor itself."""
    def atan(self, *, out: Tensor | None = None) -> Tensor:
        """The angle of a tangent."""
    def atan2(self, other, *, out: Tensor | None = None) -> Tensor:
        """The angle of the point (other, input)."""
    def atan2_(self, other) -> Tensor:
        """`atan2`, written to the tensor itself."""
    def atan_(self) -> Tensor:
        """`atan`, written to the tensor itself."""
    def atanh(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of tanh."""
    def atanh_(self) -> Tensor:
        """`atanh`, written to the tensor itself."""
    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None) -> None:
        """Adds the gradients of this scalar to the `.grad` of every leaf it was computed from."""
    def bernoulli(self, p=None, *, generator=None, out: Tensor | None = None) -> Tensor:
        """1 with a probability, else 0, in the dtype of the input."""
    def bernoulli_(self, p=0.5, *, generator=None) -> Tensor:
        """Fills the tensor with 1 (probability p, a number or a tensor that broadcasts) and 0."""
    def bincount(self, weights=None, minlength=0) -> Tensor:
        """How often each of 0, 1, 2, ... occurs, or the sum of its weights."""
    def bitwise_and(self, other, *, out: Tensor | None = None) -> Tensor:
        """input & other, bit by bit."""
    def bitwise_and_(self, other) -> Tensor:
        """`bitwise_and`, written to the tensor itself."""
    def bitwise_left_shift(self, other, *, out: Tensor | None = None) -> Tensor:
        """input << other, bit by bit."""
    def bitwise_left_shift_(self, other) -> Tensor:
        """`bitwise_left_shift`, written to the tensor itself."""
    def bitwise_not(self, *, out: Tensor | None = None) -> Tensor:
        """~input, bit by bit."""
    def bitwise_not_(self) -> Tensor:
        """`bitwise_not`, written to the tensor itself."""
    def bitwise_or(self, other, *, out: Tensor | None = None) -> Tensor:
        """input | other, bit by bit."""
    def bitwise_or_(self, other) -> Tensor:
        """`bitwise_or`, written to the tensor itself."""
    def bitwise_right_shift(self, other, *, out: Tensor | None = None) -> Tensor:
        """input >> other, bit by bit."""
    def bitwise_right_shift_(self, other) -> Tensor:
        """`bitwise_right_shift`, written to the tensor itself."""
    def bitwise_xor(self, other, *, out: Tensor | None = None) -> Tensor:
        """input ^ other, bit by bit."""
    def bitwise_xor_(self, other) -> Tensor:
        """`bitwise_xor`, written to the tensor itself."""
    def bmm(self, mat2) -> Tensor:
        """The products of two stacks of matrices, (b, n, d) and (b, d, k)."""
    def bool(self, memory_format=None) -> Tensor:
        """The tensor as torch.bool."""
    def broadcast_to(self, size) -> Tensor:
        """`expand` under numpy's name."""
    def byte(self, memory_format=None) -> Tensor:
        """The tensor as torch.uint8."""
    def ceil(self, *, out: Tensor | None = None) -> Tensor:
        """Rounded up."""
    def ceil_(self) -> Tensor:
        """`ceil`, written to the tensor itself."""
    def char(self, memory_format=None) -> Tensor:
        """The tensor as torch.int8."""
    def cholesky(self, upper=False) -> Tensor:
        """`linalg.cholesky` under its old name."""
    def cholesky_inverse(self, upper=False) -> Tensor:
        """The inverse of A, given the factor L of A = L L^T (or the upper one)."""
    def cholesky_solve(self, L, upper=False) -> Tensor:
        """X of A X = B, given the factor L of A = L L^T (or the upper one)."""
    def chunk(self, chunks, dim=0) -> tuple[Tensor, ...]:
        """So many pieces along a dimension, or fewer, of one size but for the last; they share memory."""
    def clamp(self, min=None, max=None, *, out: Tensor | None = None) -> Tensor:
        """input, not below min and not above max (numbers, tensors or None)."""
    def clamp_(self, min=None, max=None) -> Tensor:
        """`clamp`, written to the tensor itself."""
    def clamp_max(self, max) -> Tensor:
        """input, not above max."""
    def clamp_max_(self, max) -> Tensor:
        """`clamp_max`, written to the tensor itself."""
    def clamp_min(self, min) -> Tensor:
        """input, not below min."""
    def clamp_min_(self, min) -> Tensor:
        """`clamp_min`, written to the tensor itself."""
    def clip(self, min=None, max=None, *, out: Tensor | None = None) -> Tensor:
        """input, not below min and not above max (numbers, tensors or None)."""
    def clip_(self, min=None, max=None) -> Tensor:
        """`clamp`, written to the tensor itself."""
    def clone(self, *, memory_format=None) -> Tensor:
        """A copy, recorded: gradients flow through it."""
    def contiguous(self, memory_format=None) -> Tensor:
        """The tensor itself if its rows lie one after another, else a copy whose rows do."""
    def copy_(self, src, non_blocking=False) -> Tensor:
        """Writes the elements of another tensor, broadcast to this shape and converted to this dtype."""
    def corrcoef(self) -> Tensor:
        """The correlations of variables in rows, observations in columns."""
    def cos(self, *, out: Tensor | None = None) -> Tensor:
        """The cosine."""
    def cos_(self) -> Tensor:
        """`cos`, written to the tensor itself."""
    def cosh(self, *, out: Tensor | None = None) -> Tensor:
        """The hyperbolic cosine."""
    def cosh_(self) -> Tensor:
        """`cosh`, written to the tensor itself."""
    def count_nonzero(self, dim=None) -> Tensor:
        """How many elements are not 0."""
    def cov(self, *, correction=1) -> Tensor:
        """The covariances of variables in rows, observations in columns."""
    def cpu(self, memory_format=None) -> Tensor:
        """The tensor itself: it is there already."""
    def cross(self, other, *, dim=-1) -> Tensor:
        """The cross product of vectors of three elements along dim."""
    def cuda(self, *args, **options) -> Tensor:
        """An error: fastgd runs on the CPU."""
    def cummax(self, dim) -> Tensor:
        """The largest element so far along dim, and the place of each."""
    def cummin(self, dim) -> Tensor:
        """The smallest element so far along dim, and the place of each."""
    def cumprod(self, dim=None, *, dtype: dtype_type | None = None, axis=None) -> Tensor:
        """The products of the first one, two, three, ... elements along dim."""
    def cumprod_(self, dim=None, *, dtype: dtype_type | None = None, axis=None) -> Tensor:
        """`cumprod`, written to the tensor itself."""
    def cumsum(self, dim=None, *, dtype: dtype_type | None = None, axis=None) -> Tensor:
        """The sums of the first one, two, three, ... elements along dim."""
    def cumsum_(self, dim=None, *, dtype: dtype_type | None = None, axis=None) -> Tensor:
        """`cumsum`, written to the tensor itself."""
    @property
    def data(self) -> Tensor: ...
    @data.setter
    def data(self, given: Tensor) -> None: ...
    def data_ptr(self) -> int: ...
    def deg2rad(self, *, out: Tensor | None = None) -> Tensor:
        """Degrees to radians."""
    def deg2rad_(self) -> Tensor:
        """`deg2rad`, written to the tensor itself."""
    def det(self) -> Tensor:
        """The determinant of a square matrix, or of each of a stack."""
    def detach(self) -> Tensor:
        """The same memory, outside the tape."""
    def detach_(self) -> Tensor:
        """Takes this tensor off the tape."""
    @property
    def device(self) -> device_type: ...
    def diag(self, diagonal=0) -> Tensor:
        """A matrix with a vector as its diagonal, or the diagonal of a matrix as a vector."""
    def diag_embed(self, offset=0) -> Tensor:
        """A matrix with a vector as its diagonal."""
    def diagflat(self, offset=0) -> Tensor:
        """A matrix with all elements, row by row, as its diagonal."""
    def diagonal(self, offset=0, dim1=0, dim2=1) -> Tensor:
        """The diagonal of a matrix; shares memory."""
    def diff(self, n=1, dim=-1, prepend=None, append=None) -> Tensor:
        """The differences between neighbours along dim, n times; with what is put in front and behind first."""
    def digamma(self, *, out: Tensor | None = None) -> Tensor:
        """The derivative of lgamma."""
    def digamma_(self) -> Tensor:
        """`digamma`, written to the tensor itself."""
    def dim(self) -> int: ...
    def dist(self, other, p=2) -> Tensor:
        """The p-norm of input - other."""
    def div(self, other, *, rounding_mode=None, out: Tensor | None = None) -> Tensor:
        """input / other; rounded towards 0 or down by rounding_mode 'trunc' or 'floor'."""
    def div_(self, other, *, rounding_mode=None) -> Tensor:
        """`div`, written to the tensor itself."""
    def divide(self, other, *, rounding_mode=None, out: Tensor | None = None) -> Tensor:
        """input / other; rounded towards 0 or down by rounding_mode 'trunc' or 'floor'."""
    def divide_(self, other, *, rounding_mode=None) -> Tensor:
        """`div`, written to the tensor itself."""
    def dot(self, tensor) -> Tensor:
        """The inner product of two vectors."""
    def double(self, memory_format=None) -> Tensor:
        """The tensor as torch.float64."""
    @property
    def dtype(self) -> dtype_type: ...
    def element_size(self) -> int:
        """The bytes of one element."""
    def eq(self, other, *, out: Tensor | None = None) -> Tensor:
        """input == other, element by element."""
    def eq_(self, other) -> Tensor:
        """`eq`, written to the tensor itself."""
    def equal(self, other) -> bool:
        """Whether two tensors have the same shape and the same elements."""
    def erf(self, *, out: Tensor | None = None) -> Tensor:
        """The error function."""
    def erf_(self) -> Tensor:
        """`erf`, written to the tensor itself."""
    def erfc(self, *, out: Tensor | None = None) -> Tensor:
        """1 - erf(input)."""
    def erfc_(self) -> Tensor:
        """`erfc`, written to the tensor itself."""
    def erfinv(self, *, out: Tensor | None = None) -> Tensor:
        """The inverse of the error function."""
    def erfinv_(self) -> Tensor:
        """`erfinv`, written to the tensor itself."""
    def exp(self, *, out: Tensor | None = None) -> Tensor:
        """e to the power of input."""
    def exp2(self, *, out: Tensor | None = None) -> Tensor:
        """2 to the power of input."""
    def exp2_(self) -> Tensor:
        """`exp2`, written to the tensor itself."""
    def exp_(self) -> Tensor:
        """`exp`, written to the tensor itself."""
    def expand(self, *sizes, size=None) -> Tensor:
        """The tensor repeated to larger sizes without a copy; -1 keeps a size."""
    def expand_as(self, other) -> Tensor:
        """`expand` to the sizes of another tensor."""
    def expm1(self, *, out: Tensor | None = None) -> Tensor:
        """exp(input) - 1, exact near 0."""
    def expm1_(self) -> Tensor:
        """`expm1`, written to the tensor itself."""
    def exponential_(self, lambd=1.0, *, generator=None) -> Tensor:
        """Fills the tensor with exponentials of the rate lambd."""
    def fill_(self, value) -> Tensor:
        """Sets every element to one value, a number or a tensor of one."""
    def fill_diagonal_(self, fill_value, wrap=False) -> Tensor:
        """Sets the diagonal of a matrix to one value."""
    def fix(self, *, out: Tensor | None = None) -> Tensor:
        """Rounded towards 0."""
    def fix_(self) -> Tensor:
        """`trunc`, written to the tensor itself."""
    def flatten(self, start_dim=0, end_dim=-1) -> Tensor:
        """The dimensions from start_dim to end_dim as one."""
    def flip(self, *reversed, dims=None) -> Tensor:
        """A copy with some dimensions reversed."""
    def fliplr(self) -> Tensor:
        """A copy with the columns reversed."""
    def flipud(self) -> Tensor:
        """A copy with the rows reversed."""
    def float(self, memory_format=None) -> Tensor:
        """The tensor as torch.float32."""
    def float_power(self, exponent) -> Tensor:
        """input ** exponent in float64."""
    def floor(self, *, out: Tensor | None = None) -> Tensor:
        """Rounded down."""
    def floor_(self) -> Tensor:
        """`floor`, written to the tensor itself."""
    def floor_divide(self, other, *, out: Tensor | None = None) -> Tensor:
        """input / other, rounded down."""
    def floor_divide_(self, other) -> Tensor:
        """`floor_divide`, written to the tensor itself."""
    def fmax(self, other, *, out: Tensor | None = None) -> Tensor:
        """The larger of two elements, NaN left aside."""
    def fmax_(self, other) -> Tensor:
        """`fmax`, written to the tensor itself."""
    def fmin(self, other, *, out: Tensor | None = None) -> Tensor:
        """The smaller of two elements, NaN left aside."""
    def fmin_(self, other) -> Tensor:
        """`fmin`, written to the tensor itself."""
    def fmod(self, other, *, out: Tensor | None = None) -> Tensor:
        """What is left of input / other, with the sign of input."""
    def fmod_(self, other) -> Tensor:
        """`fmod`, written to the tensor itself."""
    def frac(self, *, out: Tensor | None = None) -> Tensor:
        """What trunc takes away."""
    def frac_(self) -> Tensor:
        """`frac`, written to the tensor itself."""
    def gather(self, dim, index) -> Tensor:
        """out[i, j] = input[index[i, j], j] for dim 0, input[i, index[i, j]] for dim 1, and so on."""
    def ge(self, other, *, out: Tensor | None = None) -> Tensor:
        """input >= other, element by element."""
    def ge_(self, other) -> Tensor:
        """`ge`, written to the tensor itself."""
    def ger(self, vec2) -> Tensor:
        """`outer` under its old name."""
    def get_device(self) -> int:
        """-1: the number of the CPU."""
    @property
    def grad(self) -> Tensor | None: ...
    @grad.setter
    def grad(self, given: Tensor | None) -> None: ...
    @property
    def grad_fn(self) -> Any: ...
    def greater(self, other, *, out: Tensor | None = None) -> Tensor:
        """input > other, element by element."""
    def greater_(self, other) -> Tensor:
        """`gt`, written to the tensor itself."""
    def greater_equal(self, other, *, out: Tensor | None = None) -> Tensor:
        """input >= other, element by element."""
    def greater_equal_(self, other) -> Tensor:
        """`ge`, written to the tensor itself."""
    def gt(self, other, *, out: Tensor | None = None) -> Tensor:
        """input > other, element by element."""
    def gt_(self, other) -> Tensor:
        """`gt`, written to the tensor itself."""
    def half(self, memory_format=None) -> Tensor:
        """The tensor as torch.float16."""
    def heaviside(self, values) -> Tensor:
        """0 below 0, 1 above, and `values` at 0."""
    def histc(self, bins=100, min=0, max=0) -> Tensor:
        """How many elements lie in each of so many equal bins from min to max (of the data, if they are equal)."""
    def histogram(self, bins, *, range=None, weight=None, density=False) -> tuple[Tensor, ...]:
        """What lies in each of so many equal bins over a range (by default the data's), or between given edges."""
    def hsplit(self, indices_or_sections) -> tuple[Tensor, ...]:
        """`tensor_split` along the columns."""
    def hypot(self, other, *, out: Tensor | None = None) -> Tensor:
        """sqrt(input^2 + other^2)."""
    def hypot_(self, other) -> Tensor:
        """`hypot`, written to the tensor itself."""
    def index_add(self, dim, index, source, *, alpha=1) -> Tensor:
        """input with source added to the slices that index names."""
    def index_add_(self, dim, index, source, *, alpha=1) -> Tensor:
        """`index_add`, written to the tensor itself."""
    def index_copy(self, dim, index, source, *, alpha=1) -> Tensor:
        """input with source in the slices that index names."""
    def index_copy_(self, dim, index, source, *, alpha=1) -> Tensor:
        """`index_copy`, written to the tensor itself."""
    def index_fill(self, dim, index, source, *, alpha=1) -> Tensor:
        """input with one value in the slices that index names."""
    def index_fill_(self, dim, index, source, *, alpha=1) -> Tensor:
        """`index_fill`, written to the tensor itself."""
    def index_put(self, indices, values, accumulate=False) -> Tensor:
        """input with values at input[indices]; with accumulate, added to what is there, as often as it is named."""
    def index_put_(self, indices, values, accumulate=False) -> Tensor:
        """`index_put`, written to the tensor itself."""
    def index_select(self, dim, index) -> Tensor:
        """The slices along a dimension whose numbers an index vector gives, copied."""
    def inner(self, other) -> Tensor:
        """The products summed over the last dimension of both."""
    def int(self, memory_format=None) -> Tensor:
        """The tensor as torch.int32."""
    def inverse(self) -> Tensor:
        """The inverse of a square matrix, or of each of a stack."""
    def is_complex(self) -> bool:
        """Whether the elements are complex numbers: never."""
    def is_contiguous(self, memory_format=None) -> bool: ...
    @property
    def is_cpu(self) -> bool: ...
    @property
    def is_cuda(self) -> bool: ...
    def is_floating_point(self) -> bool:
        """Whether the elements are floats."""
    @property
    def is_leaf(self) -> bool: ...
    @property
    def is_meta(self) -> bool: ...
    @property
    def is_mps(self) -> bool: ...
    def is_nonzero(self) -> bool:
        """Whether the one element is not 0."""
    def is_pinned(self, device=None) -> bool:
        """False: no other device reads this memory."""
    @property
    def is_quantized(self) -> bool: ...
    def is_same_size(self, other) -> bool:
        """Whether the shapes are equal."""
    def is_signed(self) -> bool:
        """Whether the dtype has negative numbers."""
    @property
    def is_sparse(self) -> bool: ...
    def isclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False) -> Tensor:
        """Whether |input - other| <= atol + rtol * |other|, element by element."""
    def isfinite(self, *, out: Tensor | None = None) -> Tensor:
        """Whether an element is a number."""
    def isinf(self, *, out: Tensor | None = None) -> Tensor:
        """Whether an element is infinite."""
    def isnan(self, *, out: Tensor | None = None) -> Tensor:
        """Whether an element is NaN."""
    def isneginf(self, *, out: Tensor | None = None) -> Tensor:
        """Whether it is -inf."""
    def isposinf(self, *, out: Tensor | None = None) -> Tensor:
        """Whether it is +inf."""
    def item(self) -> float | int | bool:
        """The one element as a Python number."""
    @property
    def itemsize(self) -> int: ...
    def kron(self, other) -> Tensor:
        """The Kronecker product: every element of input times all of other, in blocks."""
    def kthvalue(self, k, dim=-1, keepdim: bool = False) -> tuple[Tensor, ...]:
        """The k-th smallest element along dim, and its index."""
    @property
    def layout(self) -> layout_type: ...
    def le(self, other, *, out: Tensor | None = None) -> Tensor:
        """input <= other, element by element."""
    def le_(self, other) -> Tensor:
        """`le`, written to the tensor itself."""
    def lerp(self, end, weight) -> Tensor:
        """input + weight * (end - input)."""
    def lerp_(self, end, weight) -> Tensor:
        """`lerp`, written to the tensor itself."""
    def less(self, other, *, out: Tensor | None = None) -> Tensor:
        """input < other, element by element."""
    def less_(self, other) -> Tensor:
        """`lt`, written to the tensor itself."""
    def less_equal(self, other, *, out: Tensor | None = None) -> Tensor:
        """input <= other, element by element."""
    def less_equal_(self, other) -> Tensor:
        """`le`, written to the tensor itself."""
    def lgamma(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm of |gamma(input)|."""
    def lgamma_(self) -> Tensor:
        """`lgamma`, written to the tensor itself."""
    def log(self, *, out: Tensor | None = None) -> Tensor:
        """The natural logarithm."""
    def log10(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm to base 10."""
    def log10_(self) -> Tensor:
        """`log10`, written to the tensor itself."""
    def log1p(self, *, out: Tensor | None = None) -> Tensor:
        """log(1 + input), exact near 0."""
    def log1p_(self) -> Tensor:
        """`log1p`, written to the tensor itself."""
    def log2(self, *, out: Tensor | None = None) -> Tensor:
        """The logarithm to base 2."""
    def log2_(self) -> Tensor:
        """`log2`, written to the tensor itself."""
    def log_(self) -> Tensor:
        """`log`, written to the tensor itself."""
    def log_softmax(self, dim=None, dtype: dtype_type | None = None, *, axis=None) -> Tensor:
        """The logarithm of softmax along dim."""
    def logaddexp(self, other, *, out: Tensor | None = None) -> Tensor:
        """log(exp(input) + exp(other))."""
    def logaddexp_(self, other) -> Tensor:
        """`logaddexp`, written to the tensor itself."""
    def logdet(self) -> Tensor:
        """The logarithm of the determinant; NaN for a negative one."""
    def logical_and(self, other, *, out: Tensor | None = None) -> Tensor:
        """Whether both are not 0."""
    def logical_and_(self, other) -> Tensor:
        """`logical_and`, written to the tensor itself."""
    def logical_not(self, *, out: Tensor | None = None) -> Tensor:
        """Whether an element is 0."""
    def logical_not_(self) -> Tensor:
        """`logical_not`, written to the tensor itself."""
    def logical_or(self, other, *, out: Tensor | None = None) -> Tensor:
        """Whether one is not 0."""
    def logical_or_(self, other) -> Tensor:
        """`logical_or`, written to the tensor itself."""
    def logical_xor(self, other, *, out: Tensor | None = None) -> Tensor:
        """Whether exactly one is not 0."""
    def logical_xor_(self, other) -> Tensor:
        """`logical_xor`, written to the tensor itself."""
    def logit(self, eps=None) -> Tensor:
        """log(input / (1 - input)); eps keeps input within [eps, 1 - eps]."""
    def logsumexp(self, dim=None, keepdim: bool = False, *, axis=None) -> Tensor:
        """log(sum(exp(input))) along dim, without overflow."""
    def long(self, memory_format=None) -> Tensor:
        """The tensor as torch.int64."""
    def lt(self, other, *, out: Tensor | None = None) -> Tensor:
        """input < other, element by element."""
    def lt_(self, other) -> Tensor:
        """`lt`, written to the tensor itself."""
    @property
    def mH(self) -> Tensor: ...
    @property
    def mT(self) -> Tensor: ...
    def map_(self, other, callable) -> Tensor:
        """Replaces every element x by callable(x, y), y being that of another tensor."""
    def masked_fill(self, mask, value) -> Tensor:
        """input with one value where the mask holds."""
    def masked_fill_(self, mask, value) -> Tensor:
        """`masked_fill`, written to the tensor itself."""
    def masked_scatter(self, mask, source) -> Tensor:
        """input with the elements of source, one after another, where the mask holds."""
    def masked_select(self, mask) -> Tensor:
        """The elements where a mask holds, in one dimension."""
    def matmul(self, other, *, out: Tensor | None = None) -> Tensor:
        """The matrix product of two tensors: vectors, matrices, or stacks of matrices."""
    def matrix_power(self, n) -> Tensor:
        """The product of n times the same square matrix; of its inverse where n is negative."""
    def max(
        self,
        dim=None,
        keepdim: bool = False,
        *,
        other=None,
        axis=None,
        keepdims: bool = False,
    ) -> Tensor | tuple[Tensor, ...]:
        """The largest element; along dim with its index; with another tensor the larger of two."""
    def maximum(self, other, *, out: Tensor | None = None) -> Tensor:
        """The larger of two elements; NaN if one is NaN."""
    def maximum_(self, other) -> Tensor:
        """`maximum`, written to the tensor itself."""
    def mean(self, *args, **options) -> Tensor:
        """The mean of all elements, or along dimensions: fastgd.mean."""
    def median(self, dim=None, keepdim: bool = False, *, axis=None) -> Tensor | tuple[Tensor, ...]:
        """The middle element, the lower of two; along dim with its index."""
    def min(
        self,
        dim=None,
        keepdim: bool = False,
        *,
        other=None,
        axis=None,
        keepdims: bool = False,
    ) -> Tensor | tuple[Tensor, ...]:
        """The smallest element; along dim with its index; with another tensor the smaller of two."""
    def minimum(self, other, *, out: Tensor | None = None) -> Tensor:
        """The smaller of two elements; NaN if one is NaN."""
    def minimum_(self, other) -> Tensor:
        """`minimum`, written to the tensor itself."""
    def mm(self, mat2, *, out: Tensor | None = None) -> Tensor:
        """The product of two matrices, (n, d) and (d, k)."""
    def mode(self, dim=-1, keepdim: bool = False) -> tuple[Tensor, ...]:
        """The most frequent element along dim (the smallest of several), and the last of its indices."""
    def moveaxis(self, source, destination) -> Tensor:
        """Some dimensions moved elsewhere, the others in their order; shares memory."""
    def movedim(self, source, destination) -> Tensor:
        """Some dimensions moved elsewhere, the others in their order; shares memory."""
    def msort(self) -> Tensor:
        """The rows in order along the first dimension."""
    def mul(self, other, *, out: Tensor | None = None) -> Tensor:
        """input * other."""
    def mul_(self, other) -> Tensor:
        """`mul`, written to the tensor itself."""
    def multinomial(self, num_samples, replacement=False, *, generator=None, out: Tensor | None = None) -> Tensor:
        """Numbers of categories, drawn by their weights."""
    def multiply(self, other, *, out: Tensor | None = None) -> Tensor:
        """input * other."""
    def multiply_(self, other) -> Tensor:
        """`mul`, written to the tensor itself."""
    def mv(self, vec) -> Tensor:
        """The product of a matrix and a vector."""
    @property
    def name(self) -> None: ...
    def nan_to_num(self, nan=0.0, posinf=None, neginf=None) -> Tensor:
        """input with numbers for NaN, infinity and -infinity."""
    def nan_to_num_(self, nan=0.0, posinf=None, neginf=None) -> Tensor:
        """`nan_to_num`, written to the tensor itself."""
    def nanmean(self, dim=None, keepdim: bool = False, *, dtype: dtype_type | None = None) -> Tensor:
        """The mean of the elements that are not NaN."""
    def nanmedian(self, dim=None, keepdim: bool = False, *, axis=None) -> Tensor:
        """`median` of the elements that are not NaN."""
    def nanquantile(self, q, dim=None, keepdim: bool = False, *, interpolation="linear") -> Tensor:
        """`quantile` of the elements that are not NaN."""
    def nansum(
        self,
        dim=None,
        keepdim: bool = False,
        *,
        dtype: dtype_type | None = None,
        axis=None,
        keepdims: bool = False,
        out: Tensor | None = None,
    ) -> Tensor:
        """The sum with NaN counted as 0."""
    def narrow(self, dim, start, length) -> Tensor:
        """`length` slices along a dimension from `start` on; shares memory."""
    @property
    def nbytes(self) -> int: ...
    @property
    def ndim(self) -> int: ...
    def ndimension(self) -> int: ...
    def ne(self, other, *, out: Tensor | None = None) -> Tensor:
        """input != other, element by element."""
    def ne_(self, other) -> Tensor:
        """`ne`, written to the tensor itself."""
    def neg(self, *, out: Tensor | None = None) -> Tensor:
        """-input."""
    def neg_(self) -> Tensor:
        """`neg`, written to the tensor itself."""
    def negative(self, *, out: Tensor | None = None) -> Tensor:
        """-input."""
    def negative_(self) -> Tensor:
        """`neg`, written to the tensor itself."""
    def nelement(self) -> int: ...
    def new(self, *args) -> Tensor:
        """A tensor of this one's dtype, as its typed constructor makes it."""
    def new_empty(
        self,
        *size,
        dtype: dtype_type | None = None,
        device=None,
        requires_grad: bool = False,
        **names,
    ) -> Tensor:
        """`empty` in this tensor's dtype."""
    def new_full(
        self,
        size,
        fill_value,
        *,
        dtype: dtype_type | None = None,
        device=None,
        requires_grad: bool = False,
    ) -> Tensor:
        """One value in that shape, in this tensor's dtype."""
    def new_ones(
        self,
        *size,
        dtype: dtype_type | None = None,
        device=None,
        requires_grad: bool = False,
        **names,
    ) -> Tensor:
        """`ones` in this tensor's dtype."""
    def new_tensor(self, data, *, dtype: dtype_type | None = None, device=None, requires_grad: bool = False) -> Tensor:
        """A tensor with a copy of the data, in this one's dtype."""
    def new_zeros(
        self,
        *size,
        dtype: dtype_type | None = None,
        device=None,
        requires_grad: bool = False,
        **names,
    ) -> Tensor:
        """`zeros` in this tensor's dtype."""
    def nonzero(self, *, as_tuple=False) -> Tensor | tuple[Tensor, ...]:
        """The indices of the elements that are not 0, as rows; with as_tuple one vector a dimension."""
    def norm(self, p="fro", dim=None, keepdim: bool = False, dtype: dtype_type | None = None) -> Tensor:
        """(sum |input|^p)^(1/p) of all elements, or along dim."""
    def normal_(self, mean=0.0, std=1.0, *, generator=None) -> Tensor:
        """Fills the tensor with normals."""
    def not_equal(self, other, *, out: Tensor | None = None) -> Tensor:
        """input != other, element by element."""
    def not_equal_(self, other) -> Tensor:
        """`ne`, written to the tensor itself."""
    def numel(self) -> int: ...
    def numpy(self, *, force=False) -> np.ndarray:
        """The elements as a numpy array, new each time: its shape and flags are its own. Shares memory."""
    def outer(self, vec2) -> Tensor:
        """input[i] * vec2[j] for all i and j."""
    @property
    def output_nr(self) -> int: ...
    def permute(self, *order, dims=None) -> Tensor:
        """The dimensions in another order; shares memory."""
    def pin_memory(self, *args, **options) -> Tensor:
        """The tensor itself: everything is in the memory that all threads of this process share."""
    def pinverse(self, *, atol=None, rtol=None, hermitian=False) -> Tensor:
        """The pseudo-inverse: singular values below atol, or below rtol times the largest, count as 0."""
    def pow(self, exponent, *, out: Tensor | None = None) -> Tensor:
        """input ** exponent; one of them may be a number."""
    def pow_(self, exponent) -> Tensor:
        """`pow`, written to the tensor itself."""
    def prod(
        self,
        dim=None,
        keepdim: bool = False,
        *,
        dtype: dtype_type | None = None,
        axis=None,
        keepdims: bool = False,
        out: Tensor | None = None,
    ) -> Tensor:
        """The product of all elements, or along dim."""
    def qr(self, some=True) -> tuple[Tensor, ...]:
        """`linalg.qr` under its old name."""
    def quantile(self, q, dim=None, keepdim: bool = False, *, interpolation="linear") -> Tensor:
        """The elements below which a share q of all, or of each row along dim, lies."""
    def rad2deg(self, *, out: Tensor | None = None) -> Tensor:
        """Radians to degrees."""
    def rad2deg_(self) -> Tensor:
        """`rad2deg`, written to the tensor itself."""
    def random_(self, *bounds, to=None, generator=None) -> Tensor:
        """Fills the tensor with integers: random_(from, to), random_(to), or random_() for all that the dtype
        counts."""
    def ravel(self) -> Tensor:
        """All elements in one dimension; shares memory where that is possible."""
    @property
    def real(self) -> Tensor: ...
    def reciprocal(self, *, out: Tensor | None = None) -> Tensor:
        """1 / input."""
    def reciprocal_(self) -> Tensor:
        """`reciprocal`, written to the tensor itself."""
    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Any:
        """Calls hook(gradient) when backward has this tensor's gradient; what it returns, if not None, goes on."""
    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Tensor:
        """Calls hook(tensor) when backward has added to the `.grad` of this leaf: it may step, and set it to None."""
    def relu(self, *, out: Tensor | None = None) -> Tensor:
        """The larger of input and 0."""
    def relu_(self) -> Tensor:
        """`relu`, written to the tensor itself."""
    def remainder(self, other, *, out: Tensor | None = None) -> Tensor:
        """What is left of input / other, with the sign of other."""
    def remainder_(self, other) -> Tensor:
        """`remainder`, written to the tensor itself."""
    def repeat(self, *times, repeats=None) -> Tensor:
        """The tensor copied so many times along each dimension."""
    def repeat_interleave(self, repeats, dim=None) -> Tensor:
        """Each slice along a dimension so many times in a row; each element of the flattened tensor without dim."""
    @property
    def requires_grad(self) -> bool: ...
    @requires_grad.setter
    def requires_grad(self, given: bool) -> None: ...
    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Says whether gradients with respect to this leaf are wanted; returns the tensor."""
    def reshape(self, *sizes, shape=None) -> Tensor:
        """The same elements in another shape, with one size of -1 worked out; shares memory where that is possible."""
    def reshape_as(self, other) -> Tensor:
        """`reshape` in the shape of another tensor."""
    def resize_(self, *sizes, memory_format=None) -> Tensor:
        """Other sizes for the tensor itself, on the elements that it has; those that it lacks are 0."""
    def resolve_conj(self, *args, **options) -> Tensor:
        """The tensor itself: everything is in the memory that all threads of this process share."""
    def resolve_neg(self, *args, **options) -> Tensor:
        """The tensor itself: everything is in the memory that all threads of this process share."""
    def retain_grad(self) -> None:
        """Keeps the gradient of this computed tensor in its `.grad`."""
    @property
    def retains_grad(self) -> bool: ...
    def roll(self, shifts, dims=None) -> Tensor:
        """The elements moved on by `shifts`; what leaves at the end comes in at the start."""
    def rot90(self, k=1, dims=(0, 1)) -> Tensor:
        """A copy turned by 90 degrees k times, from the first of two dimensions towards the second."""
    def round(self, *, decimals=None) -> Tensor:
        """Rounded to so many decimals, halves to the even neighbour."""
    def round_(self, *, decimals=None) -> Tensor:
        """`round`, written to the tensor itself."""
    def rsqrt(self, *, out: Tensor | None = None) -> Tensor:
        """1 / sqrt(input)."""
    def rsqrt_(self) -> Tensor:
        """`rsqrt`, written to the tensor itself."""
    def rsub(self, other, *, out: Tensor | None = None) -> Tensor:
        """other - input."""
    def rsub_(self, other) -> Tensor:
        """`rsub`, written to the tensor itself."""
    def scatter(self, dim, index, src) -> Tensor:
        """input with src[i, j] written to input[index[i, j], j] for dim 0, ..."""
    def scatter_(self, dim, index, src=None, *, value=None) -> Tensor:
        """`scatter`, written to the tensor itself."""
    def scatter_add(self, dim, index, src) -> Tensor:
        """input with src added where `scatter` would write it."""
    def scatter_add_(self, dim, index, src=None, *, value=None) -> Tensor:
        """`scatter_add`, written to the tensor itself."""
    def scatter_reduce(self, dim, index, src, reduce, *, include_self=True) -> Tensor:
        """The sum, prod, mean, amax or amin of what src brings where `scatter` would write it; include_self: and of
        input."""
    def scatter_reduce_(self, dim, index, src, reduce, *, include_self=True) -> Tensor:
        """`scatter_reduce`, written to the tensor itself."""
    def select(self, dim, index) -> Tensor:
        """The slice of that number along a dimension; shares memory."""
    def sgn(self, *, out: Tensor | None = None) -> Tensor:
        """-1, 0 or 1."""
    def sgn_(self) -> Tensor:
        """`sgn`, written to the tensor itself."""
    @property
    def shape(self) -> Size: ...
    def share_memory_(self, *args, **options) -> Tensor:
        """The tensor itself: everything is in the memory that all threads of this process share."""
    def short(self, memory_format=None) -> Tensor:
        """The tensor as torch.int16."""
    def sigmoid(self, *, out: Tensor | None = None) -> Tensor:
        """1 / (1 + exp(-input))."""
    def sigmoid_(self) -> Tensor:
        """`sigmoid`, written to the tensor itself."""
    def sign(self, *, out: Tensor | None = None) -> Tensor:
        """-1, 0 or 1."""
    def sign_(self) -> Tensor:
        """`sign`, written to the tensor itself."""
    def signbit(self, *, out: Tensor | None = None) -> Tensor:
        """Whether the sign is negative."""
    def sin(self, *, out: Tensor | None = None) -> Tensor:
        """The sine."""
    def sin_(self) -> Tensor:
        """`sin`, written to the tensor itself."""
    def sinh(self, *, out: Tensor | None = None) -> Tensor:
        """The hyperbolic sine."""
    def sinh_(self) -> Tensor:
        """`sinh`, written to the tensor itself."""
    def size(self, dim=None) -> Size | int:
        """The shape, or the size of one dimension."""
    def slogdet(self) -> Tensor:
        """The sign of the determinant and the logarithm of its size."""
    def softmax(self, dim=None, dtype: dtype_type | None = None, *, axis=None) -> Tensor:
        """exp(input) / sum(exp(input)) along dim."""
    def sort(self, dim=-1, descending: bool = False, stable=True, *, axis=None) -> tuple[Tensor, ...]:
        """The elements in order along dim, and where they came from."""
    def split(self, split_size_or_sections, dim=0) -> tuple[Tensor, ...]:
        """Pieces of one size (the last may be smaller) or of given sizes along a dimension; they share memory."""
    def sqrt(self, *, out: Tensor | None = None) -> Tensor:
        """The square root."""
    def sqrt_(self) -> Tensor:
        """`sqrt`, written to the tensor itself."""
    def square(self, *, out: Tensor | None = None) -> Tensor:
        """input * input."""
    def square_(self) -> Tensor:
        """`square`, written to the tensor itself."""
    def squeeze(self, dim=None, *, axis=None) -> Tensor:
        """The tensor without its dimensions of size 1, or without those named."""
    def squeeze_(self, *args, **named) -> Tensor:
        """`squeeze` of the tensor itself."""
    def std(
        self,
        dim=None,
        unbiased=None,
        keepdim: bool = False,
        *,
        correction=None,
        axis=None,
        keepdims: bool = False,
        out: Tensor | None = None,
    ) -> Tensor:
        """The standard deviation of all elements, or along dim: the root of `var`."""
    def storage_offset(self) -> Tensor:
        """How many elements lie in memory before the first, from the tensor on that this is a view of."""
    def stride(self, dim=None) -> tuple[int, ...] | int:
        """How many elements lie between neighbours, per dimension."""
    def sub(self, other, *old, alpha=1, out: Tensor | None = None) -> Tensor:
        """input - alpha * other."""
    def sub_(self, other, *old, alpha=1) -> Tensor:
        """`sub`, written to the tensor itself."""
    def subtract(self, other, *old, alpha=1, out: Tensor | None = None) -> Tensor:
        """input - alpha * other."""
    def subtract_(self, other, *old, alpha=1) -> Tensor:
        """`sub`, written to the tensor itself."""
    def sum(self, *args, **options) -> Tensor:
        """The sum of all elements, or along dimensions: fastgd.sum."""
    def svd(self, some=True, compute_uv=True) -> tuple[Tensor, ...]:
        """U, S and V of input = U diag(S) V^T: `linalg.svd` gives V^T."""
    def swapaxes(self, dim0, dim1) -> Tensor:
        """The tensor with two dimensions swapped; shares memory."""
    def swapaxes_(self, *args, **named) -> Tensor:
        """`swapaxes` of the tensor itself."""
    def swapdims(self, dim0, dim1) -> Tensor:
        """The tensor with two dimensions swapped; shares memory."""
    def swapdims_(self, *args, **named) -> Tensor:
        """`swapdims` of the tensor itself."""
    def t(self) -> Tensor:
        """The transpose of a matrix; shares memory."""
    def t_(self, *args, **named) -> Tensor:
        """`t` of the tensor itself."""
    def take(self, index) -> Tensor:
        """The elements whose numbers in the flattened tensor an index gives."""
    def take_along_dim(self, indices, dim=None) -> Tensor:
        """`gather` with broadcasting of the sizes; over all elements without dim."""
    def tan(self, *, out: Tensor | None = None) -> Tensor:
        """The tangent."""
    def tan_(self) -> Tensor:
        """`tan`, written to the tensor itself."""
    def tanh(self, *, out: Tensor | None = None) -> Tensor:
        """The hyperbolic tangent."""
    def tanh_(self) -> Tensor:
        """`tanh`, written to the tensor itself."""
    def tensor_split(self, indices_or_sections, dim=0) -> tuple[Tensor, ...]:
        """Pieces of nearly equal sizes, or pieces that start at given indices; they share memory."""
    def tile(self, *times, dims=None) -> Tensor:
        """The tensor copied so many times along its last dimensions."""
    def to(
        self,
        *args,
        dtype: dtype_type | None = None,
        device=None,
        copy=False,
        non_blocking=False,
        memory_format=None,
    ) -> Tensor:
        """The tensor in another dtype: itself if it has that dtype already and no copy is asked for."""
    def tolist(self) -> list | float | int | bool: ...
    def topk(self, k, dim=-1, largest=True, sorted=True, *, axis=None) -> tuple[Tensor, ...]:
        """The k largest (or smallest) elements along dim, in order, and their indices."""
    def trace(self) -> Tensor:
        """The sum of the diagonal of a matrix."""
    def transpose(self, dim0, dim1) -> Tensor:
        """The tensor with two dimensions swapped; shares memory."""
    def transpose_(self, *args, **named) -> Tensor:
        """`transpose` of the tensor itself."""
    def tril(self, diagonal=0) -> Tensor:
        """The lower triangle, zeros elsewhere."""
    def tril_(self, diagonal=0) -> Tensor:
        """`tril`, written to the tensor itself."""
    def triu(self, diagonal=0) -> Tensor:
        """The upper triangle, zeros elsewhere."""
    def triu_(self, diagonal=0) -> Tensor:
        """`triu`, written to the tensor itself."""
    def true_divide(self, other, *, out: Tensor | None = None) -> Tensor:
        """input / other."""
    def true_divide_(self, other) -> Tensor:
        """`true_divide`, written to the tensor itself."""
    def trunc(self, *, out: Tensor | None = None) -> Tensor:
        """Rounded towards 0."""
    def trunc_(self) -> Tensor:
        """`trunc`, written to the tensor itself."""
    def type(self, dtype: dtype_type | None = None, non_blocking=False) -> str | Tensor:
        """The name of the tensor's type, as torch.FloatTensor; or the tensor as another type."""
    def type_as(self, other) -> Tensor:
        """The tensor in the dtype of another."""
    def unbind(self, dim=0, *, axis=None) -> tuple[Tensor, ...]:
        """The slices along a dimension, as a tuple of tensors that share memory."""
    def unflatten(self, dim, sizes) -> Tensor:
        """One dimension as several."""
    def unfold(self, dimension, size, step) -> Tensor:
        """Windows of `size` elements along a dimension, every `step`; shares memory."""
    def uniform_(self, from_=0.0, to=1.0, *, generator=None) -> Tensor:
        """Fills the tensor with uniforms from [from_, to)."""
    def unique(self, sorted=True, return_inverse=False, return_counts=False, dim=None) -> Tensor:
        """The different elements (or slices along dim) in order; with the index of each input's, and with counts."""
    def unique_consecutive(self, return_inverse=False, return_counts=False) -> Tensor:
        """The elements without immediate repetitions."""
    def unsqueeze(self, dim=None, *, axis=None) -> Tensor:
        """The tensor with a dimension of size 1 put in at `dim`."""
    def unsqueeze_(self, *args, **named) -> Tensor:
        """`unsqueeze` of the tensor itself."""
    def var(
        self,
        dim=None,
        unbiased=None,
        keepdim: bool = False,
        *,
        correction=None,
        axis=None,
        keepdims: bool = False,
        out: Tensor | None = None,
    ) -> Tensor:
        """The variance of all elements, or along dim, divided by their number less correction (1)."""
    def vdot(self, other) -> Tensor:
        """The inner product of two vectors."""
    def view(self, *shape) -> Tensor:
        """The same memory in another shape, with one size of -1 worked out; an error where only a copy could have
        it."""
    def view_as(self, other) -> Tensor:
        """`view` in the shape of another tensor."""
    def vsplit(self, indices_or_sections) -> tuple[Tensor, ...]:
        """`tensor_split` along the rows."""
    def where(self, condition, other) -> Tensor:
        """input where condition holds, else other."""
    def xlogy(self, other, *, out: Tensor | None = None) -> Tensor:
        """input * log(other), and 0 where input is 0."""
    def xlogy_(self, other) -> Tensor:
        """`xlogy`, written to the tensor itself."""
    def zero_(self) -> Tensor:
        """Sets every element to 0."""
    def __add__(self, other) -> Tensor: ...
    def __radd__(self, other) -> Tensor: ...
    def __iadd__(self, other) -> Tensor: ...
    def __sub__(self, other) -> Tensor: ...
    def __rsub__(self, other) -> Tensor: ...
    def __isub__(self, other) -> Tensor: ...
    def __mul__(self, other) -> Tensor: ...
    def __rmul__(self, other) -> Tensor: ...
    def __imul__(self, other) -> Tensor: ...
    def __truediv__(self, other) -> Tensor: ...
    def __rtruediv__(self, other) -> Tensor: ...
    def __itruediv__(self, other) -> Tensor: ...
    def __floordiv__(self, other) -> Tensor: ...
    def __rfloordiv__(self, other) -> Tensor: ...
    def __ifloordiv__(self, other) -> Tensor: ...
    def __mod__(self, other) -> Tensor: ...
    def __rmod__(self, other) -> Tensor: ...
    def __imod__(self, other) -> Tensor: ...
    def __pow__(self, other) -> Tensor: ...
    def __rpow__(self, other) -> Tensor: ...
    def __ipow__(self, other) -> Tensor: ...
    def __matmul__(self, other) -> Tensor: ...
    def __and__(self, other) -> Tensor: ...
    def __or__(self, other) -> Tensor: ...
    def __xor__(self, other) -> Tensor: ...
    def __eq__(self, other) -> Tensor: ...  # type: ignore[override]
    def __ne__(self, other) -> Tensor: ...  # type: ignore[override]
    def __lt__(self, other) -> Tensor: ...  # type: ignore[override]
    def __le__(self, other) -> Tensor: ...  # type: ignore[override]
    def __gt__(self, other) -> Tensor: ...  # type: ignore[override]
    def __ge__(self, other) -> Tensor: ...  # type: ignore[override]
    def __neg__(self) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def __abs__(self) -> Tensor: ...
    def __invert__(self) -> Tensor: ...
    def __float__(self) -> float: ...
    def __int__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __index__(self) -> int: ...
    def __len__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __contains__(self, element) -> bool: ...
    def __getitem__(self, index) -> Tensor: ...
    def __setitem__(self, index, value) -> None: ...
    def __array__(self, dtype=None, copy=None) -> np.ndarray: ...

class Parameter(Tensor):
    """A tensor that a Module takes for its own when it is set as an attribute."""
    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None: ...
