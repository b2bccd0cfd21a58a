"""Methods of Tensor that are no arithmetic: types, devices, printing, pickling."""

from ._tensor import Parameter, Tensor, apply, from_array, get_default_dtype, method, row
from ._types import (
    advised,
    as_dtype,
    bool_,
    dtype as dtype_type,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    on_cpu,
    strided,
    uint8,
)
from ._warnings import warn_once
from .legacy import dtype_of
from .ops.views import reversed_dims
from .printing import tensor_text

_cast_row = row(
    "to",
    lambda a, dtype: a.astype(dtype),
    (lambda g, out, a, dtype: g,),
    ((),),
    label="ToCopyBackward0",
)


_whole_row = row("to_whole", lambda a, dtype: a.astype(dtype))


def to(input, *args, dtype=None, device=None, copy=False, non_blocking=False, memory_format=None):
    """The tensor in another dtype: itself if it has that dtype already and no copy is asked for.

    Args:
        args: a dtype, a device ("cpu"), or a tensor whose dtype is meant.
        copy: makes a copy in any case.

    Raises:
        RuntimeError: a device other than the CPU.

    Example:
        >>> fastgd.tensor([1, 2]).to(fastgd.float64)
        tensor([1., 2.], dtype=torch.float64)
    """
    for given in (*args, device):
        if isinstance(given, dtype_type):
            dtype = given
        elif isinstance(given, Tensor):
            dtype = given.dtype
        elif given is float or given is int or given is bool:
            dtype = as_dtype(given)
        elif given is not None and not isinstance(given, bool):
            on_cpu(given)
    if not copy and (dtype is None or dtype == input.dtype):
        return input
    dtype = as_dtype(dtype or input.dtype)
    return apply(_cast_row if dtype.is_floating_point else _whole_row, (input,), {"dtype": dtype.numpy})


def _converter(name, dtype):
    options = {"dtype": dtype.numpy}
    made = _cast_row if dtype.is_floating_point else _whole_row

    def convert(input, memory_format=None):
        return input if input.dtype is dtype else apply(made, (input,), options)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"The tensor as {dtype}."
    method(name, convert)


for _name, _dtype in {
    "half": float16, "float": float32, "double": float64, "char": int8, "short": int16, "int": int32, "long": int64,
    "byte": uint8, "bool": bool_,
}.items():  # fmt: skip
    _converter(_name, _dtype)


def type(input, dtype=None, non_blocking=False):
    """The name of the tensor's type, as torch.FloatTensor; or the tensor as another type."""
    if dtype is None:
        return f"torch.{input.dtype.legacy}Tensor"
    return to(input, dtype_of(dtype) or as_dtype(dtype))


def type_as(input, other):
    """The tensor in the dtype of another."""
    return to(input, other.dtype)


def is_floating_point(input):
    """Whether the elements are floats."""
    return input.dtype.is_floating_point


def is_complex(input):
    """Whether the elements are complex numbers: never."""
    return False


def is_nonzero(input):
    """Whether the one element is not 0."""
    return bool(input)


def is_signed(input):
    """Whether the dtype has negative numbers."""
    return input.dtype.is_signed


def is_same_size(input, other):
    """Whether the shapes are equal."""
    return input.shape == other.shape


def cpu(input, memory_format=None):
    """The tensor itself: it is there already."""
    return input


def _itself(input, *args, **options):
    """The tensor itself: everything is in the memory that all threads of this process share."""
    return input


def cuda(input, *args, **options):
    """An error: fastgd runs on the CPU."""
    raise advised(AssertionError("Torch not compiled with CUDA enabled"), "fastgd runs on the CPU; this needs torch.")


def is_pinned(input, device=None):
    """False: no other device reads this memory."""
    return False


def get_device(input):
    """-1: the number of the CPU."""
    return -1


def element_size(input):
    """The bytes of one element."""
    return input.dtype.itemsize


_IDENTITY = "This function is the identity in these cases."


def _reversed(tensor):
    if tensor.ndim == 0:
        warn_once(f"Tensor.T is deprecated on 0-D tensors. {_IDENTITY}")
    elif tensor.ndim != 2:
        warn_once(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
            "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor."
        )
    return reversed_dims(tensor)


def _transposed_matrices(name, instead):
    def transposed(tensor):
        if tensor.ndim == 0:
            warn_once(f"Tensor.{name} is deprecated on 0-D tensors. {instead}")
            return tensor
        if tensor.ndim == 1:
            raise RuntimeError(
                f"tensor.{name} is only supported on matrices or batches of matrices. Got {tensor.ndim}-D tensor."
            )
        return tensor.transpose(-2, -1)

    return transposed


def _transposed_matrix(tensor):
    if tensor.ndim not in (0, 2):
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {tensor.ndim}-D tensor.")
    return tensor.transpose(0, 1) if tensor.ndim else tensor


def numel(input):
    """How many elements a tensor has."""
    return input.numel()


def is_tensor(obj):
    """Whether something is a fastgd tensor."""
    return isinstance(obj, Tensor)


def _repr(tensor):
    grad_fn = tensor.grad_fn
    text = tensor_text(
        tensor.detach().numpy(),
        default_dtype=get_default_dtype().numpy,
        requires_grad=tensor.requires_grad,
        grad_fn=None if grad_fn is None else grad_fn.__class__.__name__,
    )
    return "Parameter containing:\n" + text if isinstance(tensor, Parameter) else text


def _format(tensor, spec):
    if tensor.ndim == 0 and tensor.__class__ is Tensor:
        return format(tensor.item(), spec)
    if spec:
        raise TypeError(f"unsupported format string passed to {tensor.__class__.__name__}.__format__")
    return repr(tensor)


def _rebuild(kind, array, requires_grad):
    made = from_array(array)
    return kind(made, requires_grad) if kind is Parameter else made.requires_grad_(requires_grad)


def _reduce(tensor, protocol):
    return _rebuild, (tensor.__class__, tensor.detach().numpy(), tensor.requires_grad)


for _function in (
    to, type, type_as, is_floating_point, is_complex, is_nonzero, is_signed, is_same_size, is_pinned, cpu, cuda,
    get_device, element_size,
):  # fmt: skip
    method(_function.__name__, _function)
for _name in ("pin_memory", "share_memory_", "resolve_conj", "resolve_neg"):
    method(_name, _itself)
method("ndimension", Tensor.dim)
method("__repr__", _repr)
method("__format__", _format)
method("__reduce_ex__", _reduce)
for _name, _read in {
    "T": _reversed,
    "H": _transposed_matrix,
    "mH": _transposed_matrices("mH", "Consider using x.conj()."),
    "mT": _transposed_matrices("mT", _IDENTITY),
    "real": lambda tensor: tensor,
    "is_cpu": lambda tensor: True,
    "is_cuda": lambda tensor: False,
    "is_mps": lambda tensor: False,
    "is_sparse": lambda tensor: False,
    "is_quantized": lambda tensor: False,
    "is_meta": lambda tensor: False,
    "layout": lambda tensor: strided,
    "itemsize": element_size,
    "nbytes": lambda tensor: tensor.numel() * tensor.dtype.itemsize,
    "output_nr": lambda tensor: 0,
    "name": lambda tensor: None,
}.items():
    method(_name, property(_read))
