"""Names for what numpy has: dtype, Size and device, printed as torch prints them."""

import numpy as np


def advised(error, advice):
    """An error whose text is torch's, for scripts print it; what to do stands below it, as Python's note."""
    error.add_note(advice)
    return error


def kind_name(value):
    """The name of a value's type as errors of C code give it: with the module for compiled classes of others."""
    kind = type(value)
    compiled = not kind.__flags__ & 1 << 9 and type(kind) is type and kind.__module__ not in ("builtins", None)
    return f"{kind.__module__}.{kind.__qualname__}" if compiled else kind.__qualname__


class dtype:
    """The type of a tensor's elements; `numpy` is numpy's name for it."""

    __slots__ = ("name", "numpy", "is_floating_point", "itemsize", "legacy")

    def __init__(self, name, numpy_name, legacy):
        self.name = name
        self.numpy = np.dtype(numpy_name)
        self.is_floating_point = self.numpy.kind == "f"
        self.itemsize = self.numpy.itemsize
        self.legacy = legacy  # "Float" in torch.FloatTensor and in torch's messages

    is_complex = False

    @property
    def is_signed(self):
        return self.numpy.kind in "if"

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return self.name  # pickled as the name that the package exports


by_number = {}  # dtypes by numpy's type number


def _dtype(name, legacy):
    made = dtype(name, name, legacy)
    by_number[made.numpy.num] = made
    return made


float16 = _dtype("float16", "Half")
float32 = _dtype("float32", "Float")
float64 = _dtype("float64", "Double")
int8 = _dtype("int8", "Char")
int16 = _dtype("int16", "Short")
int32 = _dtype("int32", "Int")
int64 = _dtype("int64", "Long")
uint8 = _dtype("uint8", "Byte")
bool_ = _dtype("bool", "Bool")


class _Spoken(dtype):
    """A type that can be spoken of, and that no tensor has."""

    __slots__ = ()

    def __init__(self, name, itemsize, legacy):
        self.name, self.itemsize, self.legacy = name, itemsize, legacy
        self.is_floating_point = True

    is_signed = True

    @property
    def numpy(self):
        raise NotImplementedError(f"fastgd has no tensors of {self.name}: use float32; {self.name} needs torch")


bfloat16 = _Spoken("bfloat16", 2, "BFloat16")
# "long long" has a number of its own in numpy, and on Linux the size of int64.
by_number[np.dtype("longlong").num] = int64
_of_python = {float: float64, int: int64, bool: bool_}


def of_array(array):
    """The dtype of a numpy array; TypeError for one that no tensor can have."""
    found = by_number.get(array.dtype.num)
    if found is None or not array.dtype.isnative:
        raise advised(
            TypeError(
                f"can't convert np.ndarray of type {_name(array.dtype)}. The only supported types are: float64, "
                "float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, "
                "and bool."
            ),
            "Of these fastgd has the floats, the signed integers, uint8 and bool, in the byte order of this machine.",
        )
    return found


def of_numpy(numpy_dtype):
    """The dtype of that name in numpy."""
    return by_number[np.dtype(numpy_dtype).num]


def _name(numpy_dtype):
    return f"numpy.{numpy_dtype.type.__name__}" if numpy_dtype.isnative else repr(numpy_dtype)


def as_dtype(given):
    """A fastgd dtype from itself or from Python's float, int or bool."""
    if isinstance(given, dtype):
        return given
    if isinstance(given, type) and given in _of_python:
        return _of_python[given]
    raise TypeError(f"dtype must be a fastgd dtype such as fastgd.float32, but got {given!r}")


class _Limits:
    def __init__(self, dtype, limits, names):
        self.dtype = dtype.name
        for name in names:
            value = getattr(limits, name)
            setattr(self, name, int(value) if dtype.numpy.kind in "iu" or name == "bits" else float(value))

    def __repr__(self):
        parts = ", ".join(f"{name}={getattr(self, name):g}" for name in self._shown)
        return f"{type(self).__name__}({parts}, dtype={self.dtype})"


class finfo(_Limits):
    """What a floating dtype can hold: bits, eps, min, max, tiny, smallest_normal, resolution."""

    _shown = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")

    def __init__(self, type=None):
        from ._tensor import get_default_dtype

        dtype = get_default_dtype() if type is None else type
        if not dtype.is_floating_point:
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
            )
        names = ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution")
        super().__init__(dtype, np.finfo(dtype.numpy), names)


class iinfo(_Limits):
    """What an integer dtype can hold: bits, min, max."""

    _shown = ("min", "max")

    def __init__(self, type):
        if type.numpy.kind not in "iu":
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        super().__init__(type, np.iinfo(type.numpy), ("bits", "max", "min"))


class layout:
    """How the elements lie in memory."""

    def __repr__(self):
        return "torch.strided"


strided = layout()  # that of all tensors here


class memory_format:
    """What torch can ask of the layout of a result; fastgd takes it and changes nothing."""

    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return f"torch.{self._name}"


contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")


class Size(tuple):
    """The shape of a tensor: a tuple that prints as torch.Size. `_tensor` makes its slices Sizes, too."""

    __slots__ = ()

    def numel(self):
        """The product of the sizes."""
        product = 1
        for size in self:
            product *= size
        return product

    def __add__(self, other):
        return Size(tuple.__add__(self, tuple(other)))

    def __mul__(self, times):
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __repr__(self):
        return f"torch.Size({list(self)})"

    __str__ = __repr__


_DEVICES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, "
    "privateuseone"
)


class device:
    """A device by its name. Only the CPU can be used, see `on_cpu`; the others can be spoken of."""

    __slots__ = ("type", "index")

    def __init__(self, type="cpu", index=None):
        if isinstance(type, device):
            type, index = type.type, type.index
        if isinstance(type, int):
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if not isinstance(type, str):
            raise TypeError(f"device must be a string such as 'cpu', but got {type!r}")
        if not type:
            raise RuntimeError("Device string must not be empty")
        self.type, colon, number = type.partition(":")
        if colon and (not number.isdecimal() or number != str(int(number))):
            raise RuntimeError(f"Invalid device string: '{type}'")
        if self.type not in _DEVICES.split(", "):
            raise RuntimeError(f"Expected one of {_DEVICES} device type at start of device string: {self.type}")
        if colon and index is not None:
            raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {type}")
        self.index = int(number) if colon else index

    def __repr__(self):
        return f"device(type='{self.type}'" + (")" if self.index is None else f", index={self.index})")

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self):
        return hash((self.type, self.index))

    def __enter__(self):
        on_cpu(self)  # where tensors are made in any case
        return self

    def __exit__(self, *exception):
        return False

    def __reduce__(self):
        return device, (str(self),)


cpu = device()


def on_cpu(given):
    """An error if tensors are to be on a device that is not the CPU; None, the default, is."""
    if given is None or given is cpu:
        return
    kind = device(given).type
    if kind == "cpu":
        return
    advice = f"device must be 'cpu', but got '{given}': fastgd runs on the CPU; this needs torch"
    if kind in ("cuda", "xpu"):
        raise advised(AssertionError(f"Torch not compiled with {kind.upper()} enabled"), advice)
    if kind == "mps":
        raise advised(RuntimeError("PyTorch is not linked with support for mps devices"), advice)
    raise RuntimeError(advice)
