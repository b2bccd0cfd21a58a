"""Reads data.pkl by a small interpreter of pickle's opcodes.

Nothing is looked up by the name that a file gives, except in _KNOWN, and nothing is called but the functions in it.
The unpickler of the standard library is not used: it calls what it finds, sets attributes of anything, and makes room
for any memo index that it reads.
"""

import math
import pickle
import struct
from collections import Counter, OrderedDict
from types import FunctionType

import numpy as np

from . import _types
from ._pickler import DTYPES, NUMPY_DTYPE
from ._tensor import Parameter, Tensor, from_array


class Storage:
    """The memory of a tensor or several, and where it was when it was saved."""

    def __init__(self, memory, location):
        self.memory = memory
        self.location = location


class Unpickler:
    """Puts together the object that a pickle describes.

    Args:
        data: the pickle.
        source: the name of the file, for messages.
        read_storage: a function of key and dtype that returns the memory of a storage.
    """

    def __init__(self, data, source, read_storage):
        self.storages = {}
        self._data = data
        self._at = 0
        self._source = source
        self._read_storage = read_storage
        self._stack = []
        self._marks = []  # heights of the stack
        self._memo = {}
        self._spent = 0

    def load(self):
        try:
            return self._run()
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
            reason = error if isinstance(error, ValueError) else repr(error)
            raise pickle.UnpicklingError(
                f"Weights only load failed. data.pkl of {self._source} is damaged at byte {self._at}: {reason}. Save "
                "it or copy it again."
            ) from error

    def _run(self):
        stack, memo, take, unpack = self._stack, self._memo, self._take, self._unpack
        while True:
            match take(1):
                case pickle.BINGET:
                    stack.append(memo[unpack("<B")])
                case pickle.LONG_BINGET:
                    stack.append(memo[unpack("<I")])
                case pickle.BINPUT:
                    memo[unpack("<B")] = stack[-1]
                case pickle.LONG_BINPUT:
                    memo[unpack("<I")] = stack[-1]
                case pickle.BINUNICODE:
                    stack.append(str(take(unpack("<I")), "utf-8", "surrogatepass"))
                case pickle.BINFLOAT:
                    stack.append(unpack(">d"))
                case pickle.BININT1:
                    stack.append(unpack("<B"))
                case pickle.BININT2:
                    stack.append(unpack("<H"))
                case pickle.BININT:
                    stack.append(unpack("<i"))
                case pickle.LONG1:
                    stack.append(int.from_bytes(take(unpack("<B")), "little", signed=True))
                case pickle.NONE:
                    stack.append(None)
                case pickle.NEWTRUE:
                    stack.append(True)
                case pickle.NEWFALSE:
                    stack.append(False)
                case pickle.EMPTY_TUPLE:
                    stack.append(())
                case pickle.EMPTY_LIST:
                    stack.append([])
                case pickle.EMPTY_DICT:
                    stack.append({})
                case pickle.MARK:
                    self._marks.append(len(stack))
                case pickle.TUPLE:
                    stack.append(tuple(self._pop_to_mark()))
                case pickle.TUPLE1:
                    stack[-1:] = [tuple(stack[-1:])]
                case pickle.TUPLE2:
                    stack[-2:] = [tuple(stack[-2:])]
                case pickle.TUPLE3:
                    stack[-3:] = [tuple(stack[-3:])]
                case pickle.APPEND:
                    self._extend([stack.pop()])
                case pickle.APPENDS:
                    self._extend(self._pop_to_mark())
                case pickle.SETITEM:
                    self._update([stack.pop(-2), stack.pop()])
                case pickle.SETITEMS:
                    self._update(self._pop_to_mark())
                case pickle.GLOBAL:
                    stack.append(self._find())
                case pickle.BINPERSID:
                    stack.append(self._storage(stack.pop()))
                case pickle.REDUCE:
                    args, function = stack.pop(), stack.pop()
                    # Functions get onto the stack from _KNOWN alone.
                    _expect(isinstance(function, FunctionType), "a function", function)
                    _expect(type(args) is tuple, "a tuple of arguments", args)
                    self._spend(args)
                    stack.append(function(*args))
                case pickle.BUILD:
                    self._build(stack.pop())
                case pickle.PROTO:
                    take(1)
                case pickle.STOP:
                    return stack.pop()
                case opcode:
                    raise pickle.UnpicklingError(
                        f"Weights only load failed. Unsupported operand {opcode[0]} in data.pkl of {self._source}: "
                        "pickle protocol 2 as torch.save has it by default is read; save it again with that"
                    )

    def _take(self, size):
        end = self._at + size
        if end > len(self._data):
            raise ValueError(f"{size} more bytes are expected, but there are {len(self._data) - self._at}")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def _unpack(self, form):
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _pop_to_mark(self):
        mark = self._marks.pop()
        items = self._stack[mark:]
        del self._stack[mark:]
        return items

    def _extend(self, items):
        _expect(type(self._stack[-1]) is list, "a list", self._stack[-1])
        self._stack[-1].extend(items)

    def _update(self, items):
        target = self._stack[-1]
        _expect(type(target) in (dict, OrderedDict), "a dict", target)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_key(key)] = value

    def _spend(self, values):
        """Bounds what calls make: a call costs the file a few bytes, and can copy a large argument each time."""
        self._spent += sum(len(value) for value in values if isinstance(value, (str, bytes, list, tuple, dict)))
        if self._spent > 1000 + 16 * len(self._data):
            raise ValueError("its calls make far more than it holds")

    def _find(self):
        end = self._data.index(b"\n", self._data.index(b"\n", self._at) + 1)
        module, name, _ = self._take(end + 1 - self._at).decode().split("\n")
        name = f"{'builtins' if module == '__builtin__' else module}.{name}"
        if name not in _KNOWN:
            advice = "save the state_dict() of the object, or plain values"
            if name.endswith("Storage"):
                advice = "convert tensors of this type with .float()"
            raise pickle.UnpicklingError(
                f"Weights only load failed. Unsupported global: GLOBAL {name} was not an allowed global by default. "
                f"{self._source} names it, but fastgd reads tensors, numbers, strings and containers of them, and runs "
                f"nothing that a file names: where it was saved, {advice}"
            )
        return _KNOWN[name]

    def _storage(self, saved_id):
        _expect(type(saved_id) is tuple, "the id of a storage", saved_id)
        word, dtype, key, location, length = saved_id
        _expect(isinstance(dtype, np.dtype) and dtype in _STORAGES.values(), "the type of a storage", dtype)
        for text in (word, key, location):
            _expect(type(text) is str, "the key or location of a storage", text)
        _expect(word == "storage", "a storage", word)
        _expect(type(length) is int, "the length of a storage", length)
        if key not in self.storages:
            self.storages[key] = Storage(self._read_storage(key, dtype), location)
        memory = self.storages[key].memory
        if memory.dtype != dtype or memory.size != length:
            raise ValueError(
                f"storage {key} is expected to have {length} elements of {dtype}, but has {memory.size} of "
                f"{memory.dtype}"
            )
        return self.storages[key]

    def _build(self, state):
        target = self._stack[-1]
        self._spend((state,))
        if isinstance(target, (OrderedDict, Tensor)):
            _set_attributes(target, state)
        elif isinstance(target, np.dtype):
            _expect(state[1] in ("<", "|", "="), "numbers in little-endian order", target)
        else:
            _expect(type(target) is np.ndarray and type(state) is tuple, "an object that has a state", target)
            self._spend(state)
            _, shape, dtype, _, data = state
            _expect(isinstance(dtype, np.dtype) and type(data) is bytes, "the type and data of an array", data)
            _check_sizes(shape)
            if math.prod(shape) * dtype.itemsize != len(data):
                raise ValueError(f"an array of shape {shape} and type {dtype} does not have {len(data)} bytes")
            target.__setstate__(state)


def _expect(condition, expected, found):
    if not condition:
        # The type alone: an object from a file can take forever to print.
        raise ValueError(f"{expected} is expected, but found a {type(found).__name__}")


def _key(key):
    # A tuple computes its hash each time, with those of its parts: nested ones can take forever.
    nested = isinstance(key, tuple) and any(isinstance(part, tuple) for part in key)
    _expect(not nested, "a key that is not a tuple of tuples", key)
    return key


def _check_sizes(sizes):
    # Numpy's limit of 64 also keeps products of sizes small.
    few = isinstance(sizes, tuple) and len(sizes) <= 64
    _expect(few and all(type(size) is int and size >= 0 for size in sizes), "a tuple of up to 64 sizes", sizes)


def _set_attributes(target, state):
    """Attributes that stand beside those of the class, not before them, and mean nothing to Python and numpy."""
    _expect(type(state) is dict, "a dict of attributes", state)
    for name, value in state.items():
        if type(name) is not str or name.startswith("__") or hasattr(type(target), name):
            raise ValueError(f"an attribute of a {type(target).__name__} cannot be named {name!r}")
        setattr(target, name, value)


# -- what the names stand for


def _ordered_dict():
    return OrderedDict()


def _counter(counts):
    _expect(type(counts) is dict, "a dict of counts", counts)
    return Counter(counts)


def _set(items):
    return {_key(item) for item in items}


def _complex(real, imag):
    return complex(real, imag)


def _bytes(text="", encoding="latin1"):
    for given in (text, encoding):
        _expect(type(given) is str, "bytes as a string in latin1", given)
    return text.encode("latin1")  # the one encoding that pickle uses for bytes


def _size(sizes):
    _check_sizes(sizes)
    return _types.Size(sizes)


def _device(kind, index=None):
    return _types.device(kind, index)


def _tensor(storage, offset, size, stride, requires_grad, hooks, metadata=None):
    _expect(type(storage) is Storage, "a storage", storage)
    _expect(type(requires_grad) is bool, "requires_grad", requires_grad)
    for sizes in ((offset,), size, stride):
        _check_sizes(sizes)
    memory = storage.memory
    if 0 in size:
        array = np.empty(size, memory.dtype)
    else:
        reach = offset + sum((count - 1) * step for count, step in zip(size, stride, strict=True)) + 1
        if reach > memory.size:
            raise ValueError(
                f"a tensor of size {size}, stride {stride} and offset {offset} needs a storage of {reach} elements, "
                f"but it has {memory.size}"
            )
        itemsize = memory.itemsize
        array = np.ndarray(size, memory.dtype, memory, offset * itemsize, tuple(step * itemsize for step in stride))
    tensor = from_array(array)
    return tensor.requires_grad_(True) if requires_grad else tensor


def _tensor_with_attributes(function, kind, args, attributes):
    _expect(function is _tensor and kind is Tensor, "a plain tensor", kind)
    tensor = _tensor(*args)
    _set_attributes(tensor, attributes)
    return tensor


def _parameter(data, requires_grad, hooks, attributes=None):
    _expect(type(data) is Tensor, "a tensor", data)
    _expect(type(requires_grad) is bool, "requires_grad", requires_grad)
    parameter = Parameter(data, requires_grad)
    if attributes is not None:
        _set_attributes(parameter, attributes)
    return parameter


def _numpy_dtype(code, align, copy):
    _expect(type(code) is str and NUMPY_DTYPE.fullmatch(code), "a dtype of numbers or strings", code)
    return np.dtype(code)


def _numpy_scalar(dtype, data):
    _expect(isinstance(dtype, np.dtype) and type(data) is bytes, "the type and data of a scalar", data)
    (scalar,) = np.frombuffer(data, dtype)
    return scalar


def _numpy_array(kind, shape, code):
    return np.empty(0, np.uint8)  # BUILD gives it shape, type and data


_STORAGES = {f"torch.{dtype.legacy}Storage": dtype.numpy for dtype in DTYPES}
_KNOWN = {
    **_STORAGES,
    **{f"torch.{dtype.name}": dtype for dtype in DTYPES},
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": _counter,
    "builtins.set": _set,
    "builtins.complex": _complex,
    "builtins.bytes": _bytes,
    "_codecs.encode": _bytes,
    "torch.Size": _size,
    "torch.device": _device,
    "torch.Tensor": Tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._tensor._rebuild_from_type_v2": _tensor_with_attributes,
    "numpy.dtype": _numpy_dtype,
    "numpy.ndarray": np.ndarray,
}
for _module in ("numpy._core.multiarray", "numpy.core.multiarray"):  # numpy 2 and 1
    _KNOWN |= {f"{_module}.scalar": _numpy_scalar, f"{_module}._reconstruct": _numpy_array}
