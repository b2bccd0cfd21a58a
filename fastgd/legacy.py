"""The typed constructors of torch before 0.4: FloatTensor, LongTensor, ... and Tensor(...) itself."""

import numpy as np

from ._tensor import Tensor, get_default_dtype, method
from ._types import (
    Size,
    advised,
    bool_,
    dtype as dtype_type,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from ._warnings import warn_once
from .creation import from_array, set_default_dtype, tensor


def _made(name, dtype, args):
    """A tensor of sizes given as numbers, of a Size, or of data; a tensor of that dtype is taken as it is."""
    if len(args) == 1 and not isinstance(args[0], (int, np.integer, Size)):
        (data,) = args
        if isinstance(data, Tensor):
            if data.dtype != dtype:
                raise advised(
                    TypeError(f"expected {dtype.legacy} (got {data.dtype.legacy})"), f"Convert it with .to({dtype!r})."
                )
            return data.detach()
        if isinstance(data, float):
            raise advised(TypeError("new(): data must be a sequence (got float)"), f"Use fastgd.tensor({data}).")
        return tensor(data, dtype=dtype)
    sizes = args[0] if len(args) == 1 and isinstance(args[0], Size) else args
    for size in sizes:
        if not isinstance(size, (int, np.integer)):
            raise TypeError(f"{name}(): sizes must be int, but got {type(size).__name__}: give data as one list")
    return from_array(np.zeros(sizes or 0, dtype.numpy))


class _TypedConstructor(type):
    """What FloatTensor and its kin are: callable, and isinstance looks at the dtype."""

    def __call__(cls, *args):
        return _made(cls.__name__, cls.dtype, args)

    def __instancecheck__(cls, given):
        return isinstance(given, Tensor) and given.dtype == cls.dtype

    def __repr__(cls):
        return f"<class 'torch.{cls.__name__}'>"


def _typed(dtype):
    name = dtype.legacy + "Tensor"
    return _TypedConstructor(
        name, (), {"dtype": dtype, "__doc__": f"A tensor of {dtype!r} from a list, array or sizes."}
    )


FloatTensor, DoubleTensor, HalfTensor = _typed(float32), _typed(float64), _typed(float16)
LongTensor, IntTensor, ShortTensor, CharTensor = _typed(int64), _typed(int32), _typed(int16), _typed(int8)
ByteTensor, BoolTensor = _typed(uint8), _typed(bool_)
BY_NAME = {
    made.__name__: made
    for made in (
        FloatTensor, DoubleTensor, HalfTensor, LongTensor, IntTensor, ShortTensor, CharTensor, ByteTensor, BoolTensor,
    )
}  # fmt: skip


def dtype_of(given):
    """The dtype that a dtype, a typed constructor, its name, or Python's float, int or bool stands for."""
    if isinstance(given, str):
        named = BY_NAME.get(given.removeprefix("torch."))
        if named is None:
            raise ValueError(f"invalid type: '{given}'")
        return named.dtype
    if given is Tensor:
        return get_default_dtype()
    if isinstance(given, _TypedConstructor):
        return given.dtype
    return given if isinstance(given, dtype_type) else None


def set_default_tensor_type(t):
    """Sets the default dtype by a typed constructor or its name: FloatTensor or DoubleTensor."""
    warn_once(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
        "torch.set_default_device() as alternatives."
    )
    set_default_dtype(dtype_of(t))


def _init(input, *args, dtype=None, device=None):
    input.data = _made("Tensor", dtype or get_default_dtype(), args)


def new(input, *args):
    """A tensor of this one's dtype, as its typed constructor makes it."""
    return _made("new", input.dtype, args)


method("__init__", _init)
method("new", new)
