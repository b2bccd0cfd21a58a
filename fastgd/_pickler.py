"""Writes data.pkl: an object in the opcodes, and by the names, that torch.load(weights_only=True) knows.

The pickler of the standard library would import torch to check those names.
"""

import pickle
import re
import struct
from collections import Counter, OrderedDict
from typing import NamedTuple

import numpy as np

from . import _types
from ._tensor import Parameter, Tensor

DTYPES = (
    _types.float16,
    _types.float32,
    _types.float64,
    _types.int8,
    _types.int16,
    _types.int32,
    _types.int64,
    _types.uint8,
    _types.bool_,
)
# The dtypes of numpy's own arrays, as dtype.__reduce__ names them: numbers and strings, no objects, no records.
NUMPY_DTYPE = re.compile(r"b1|[iufc][0-9]{1,2}|[SU][1-9][0-9]{0,8}")


class _Name(NamedTuple):
    module: str
    name: str


class _Outside(NamedTuple):
    """Stands for something beside the pickle, by its id."""

    id: tuple


class _Call(NamedTuple):
    """Stands for what function(*args) returns, with items set and state given."""

    function: _Name
    args: tuple
    items: dict | None = None
    state: object = None


class _Storage(NamedTuple):
    key: str
    dtype: _types.dtype
    memory: np.ndarray
    owner: np.ndarray  # kept, so that its id stays its own


class Pickler:
    """Pickles one object; `storages` has the memory of the tensors in it."""

    def __init__(self):
        self._out = bytearray(pickle.PROTO + b"\2")
        self._memo = {}  # id of an object -> its number, and the object, so that the id stays its own
        self._storages = {}  # id of the array that owns the memory -> _Storage
        self._path = []  # keys and indices that lead to the present object

    @property
    def storages(self):
        return [storage.memory for storage in self._storages.values()]

    def dump(self, obj):
        self._write(obj)
        return bytes(self._out + pickle.STOP)

    def _write(self, obj):
        kind = type(obj)
        number, _ = self._memo.get(obj if kind is _Name else id(obj), (None, None))
        if number is not None:
            self._out += pickle.BINGET + bytes([number]) if number < 256 else pickle.LONG_BINGET + _uint32(number)
        elif obj is None:
            self._out += pickle.NONE
        elif kind is bool:
            self._out += pickle.NEWTRUE if obj else pickle.NEWFALSE
        elif kind is int:
            self._write_int(obj)
        elif kind is float:
            self._out += pickle.BINFLOAT + struct.pack(">d", obj)
        elif kind is str:
            self._write_str(obj)
        elif kind is list:
            self._out += pickle.EMPTY_LIST
            self._remember(obj)
            self._out += pickle.MARK
            self._write_each(enumerate(obj))
            self._out += pickle.APPENDS
        elif kind is tuple and obj:
            self._out += pickle.MARK
            self._write_each(enumerate(obj))
            self._out += pickle.TUPLE
            self._remember(obj)
        elif kind is tuple:
            self._out += pickle.EMPTY_TUPLE
        elif kind is dict:
            self._out += pickle.EMPTY_DICT
            self._remember(obj)
            self._write_items(obj)
        elif kind is _Name:
            self._out += pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode()
            self._remember(obj, obj)
        elif kind is _types.dtype:
            self._write(_Name("torch", obj.name))
        elif kind is _Outside:
            self._write(obj.id)
            self._out += pickle.BINPERSID
        else:
            self._write_call(self._reduce(obj), obj)

    def _remember(self, obj, key=None):
        number = len(self._memo)
        self._memo[id(obj) if key is None else key] = number, obj
        self._out += pickle.BINPUT + bytes([number]) if number < 256 else pickle.LONG_BINPUT + _uint32(number)

    def _write_each(self, items):
        for key, value in items:
            self._path.append(key)
            self._write(value)
            self._path.pop()

    def _write_items(self, items):
        self._out += pickle.MARK
        for key, value in items.items():
            self._path.append(key)
            self._write(key)
            self._write(value)
            self._path.pop()
        self._out += pickle.SETITEMS

    def _write_int(self, number):
        if 0 <= number < 256:
            self._out += pickle.BININT1 + bytes([number])
        elif -(2**31) <= number < 2**31:
            self._out += pickle.BININT + struct.pack("<i", number)
        elif number.bit_length() < 8 * 255:
            size = number.bit_length() // 8 + 1
            self._out += pickle.LONG1 + bytes([size]) + number.to_bytes(size, "little", signed=True)
        else:
            raise ValueError(f"save: {self._where()} has {number.bit_length()} bits, but torch reads at most 2039")

    def _write_str(self, text):
        data = text.encode("utf-8", "surrogatepass")
        if len(data) >= 2**32:
            raise ValueError(
                f"save: {self._where()} has {len(data)} bytes, but a file holds strings and numpy arrays of less than "
                "4 GB: save it as a tensor"
            )
        self._out += pickle.BINUNICODE + _uint32(len(data)) + data
        self._remember(text)

    def _write_call(self, call, obj):
        self._write(call.function)
        self._out += pickle.MARK
        for arg in call.args:
            self._write(arg)
        self._out += pickle.TUPLE + pickle.REDUCE
        self._remember(obj)
        if call.items:
            self._write_items(call.items)
        if call.state:
            self._write(call.state)
            self._out += pickle.BUILD

    def _reduce(self, obj):
        kind = type(obj)
        if isinstance(obj, Tensor):
            return self._reduce_tensor(obj)
        if kind is OrderedDict:
            return _Call(_Name("collections", "OrderedDict"), (), obj, vars(obj))
        if kind is Counter:  # the milestones of MultiStepLR
            return _Call(_Name("collections", "Counter"), (dict(obj),))
        if kind is bytes:
            return _Call(_Name("_codecs", "encode"), (obj.decode("latin1"), "latin1"))
        if kind is set:
            return _Call(_Name("__builtin__", "set"), (list(obj),))
        if kind is complex:
            return _Call(_Name("__builtin__", "complex"), (obj.real, obj.imag))
        if kind is _types.Size:
            return _Call(_Name("torch", "Size"), (tuple(obj),))
        if kind is _types.device:
            return _Call(_Name("torch", "device"), (obj.type,) if obj.index is None else (obj.type, obj.index))
        if isinstance(obj, np.dtype) and NUMPY_DTYPE.fullmatch(obj.str[1:]) and obj.isnative:
            _, args, state = obj.__reduce__()
            return _Call(_Name("numpy", "dtype"), args, state=state)
        if isinstance(obj, np.generic) and NUMPY_DTYPE.fullmatch(obj.dtype.str[1:]):
            return _Call(_Name("numpy._core.multiarray", "scalar"), (obj.dtype, obj.tobytes()))
        if kind is np.ndarray and NUMPY_DTYPE.fullmatch(obj.dtype.str[1:]):
            array = np.asarray(obj, obj.dtype.newbyteorder("="))
            _, (_, *args), state = array.__reduce__()
            return _Call(
                _Name("numpy._core.multiarray", "_reconstruct"), (_Name("numpy", "ndarray"), *args), state=state
            )
        advice = "convert it to one of these, or leave it out"
        if callable(getattr(obj, "state_dict", None)):
            advice = f"save {self._where()}.state_dict() instead, and load it with load_state_dict"
        raise TypeError(
            f"save: {self._where()} is a {kind.__module__}.{kind.__qualname__}, but a file holds tensors, numbers, "
            f"strings, bytes, numpy scalars and arrays, and dicts, lists, tuples and sets of them: {advice}"
        )

    def _where(self):
        return "obj" + "".join(f"[{key!r}]" for key in self._path)

    def _reduce_tensor(self, tensor):
        attributes = vars(tensor)
        if isinstance(tensor, Parameter):
            args = tensor.detach(), tensor.requires_grad, OrderedDict()
            if attributes:
                return _Call(_Name("torch._utils", "_rebuild_parameter_with_state"), (*args, attributes))
            return _Call(_Name("torch._utils", "_rebuild_parameter"), args)
        dtype = tensor.dtype
        array, memory, owner = _memory_of(tensor.detach().numpy())
        storage = self._storages.get(id(owner))
        if storage is None:
            storage = self._storages[id(owner)] = _Storage(str(len(self._storages)), dtype, memory, owner)
        if storage.dtype is not dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different types: "
                f"{self._where()} is {dtype}, another is {storage.dtype}; save a clone() of one of them"
            )
        length = memory.size // dtype.itemsize
        args = (
            _Outside(("storage", _Name("torch", f"{dtype.legacy}Storage"), storage.key, "cpu", length)),
            (_address(array) - _address(memory)) // dtype.itemsize,
            array.shape,
            tuple(step // dtype.itemsize for step in array.strides),
            tensor.requires_grad,
            OrderedDict(),
        )
        rebuild = _Name("torch._utils", "_rebuild_tensor_v2")
        if attributes:
            return _Call(
                _Name("torch._tensor", "_rebuild_from_type_v2"), (rebuild, _Name("torch", "Tensor"), args, attributes)
            )
        return _Call(rebuild, args)


def _memory_of(array):
    """The array, all the memory that it is a view of, as bytes, and the array that owns this memory.

    Where torch could not describe the array as a view of that memory (a column of a record, a view of foreign memory
    that has gaps), it is copied.
    """
    owner = base = array
    while base is not None:
        owner = base if isinstance(base, np.ndarray) else owner
        base = getattr(base, "base", None)
    flat = owner.ravel(order="K")
    in_elements = all(
        step >= 0 and step % array.itemsize == 0 for step in (*array.strides, _address(array) - _address(owner))
    )
    if not (in_elements and _address(flat) == _address(owner)):
        array = owner = np.array(array, order="C")
        flat = array.ravel()
    memory = flat.view(np.uint8)
    return array, memory[: memory.size - memory.size % array.itemsize], owner


def _address(array):
    return array.__array_interface__["data"][0]


def _uint32(number):
    return struct.pack("<I", number)
