"""Objects saved to bytes and loaded from them, and archives and pickles put together by hand."""

import io
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

import fastgd
from fastgd.serialization import load, save

RECORDED = Path(__file__).parent / "recorded"
NAMES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")


def tensor(values, dtype="float32"):
    return fastgd.from_numpy(np.array(values, dtype))


def array_of(value):
    return value.detach().numpy()


def saved(obj):
    file = io.BytesIO()
    save(obj, file)
    return file.getvalue()


def loaded(data, **options):
    return load(io.BytesIO(data), **options)


def same(left, right):
    """Whether two objects are of the same types and values; tensors may be one of fastgd and one of torch."""
    if hasattr(left, "requires_grad"):
        if type(left).__name__ != type(right).__name__ or left.requires_grad != right.requires_grad:
            return False
        if tuple(left.stride()) != tuple(right.stride()) and 0 not in left.shape:
            return False
        return same(left.detach().numpy(), right.detach().numpy())
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and np.array_equal(left, right) and left.shape == right.shape
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left.items()), list(right.items())) and same(
            *(getattr(d, "_metadata", 0) for d in (left, right))
        )
    return left == right or repr(left) == repr(right)  # nan


def records(data):
    """The records of an archive and their bytes, as zipfile sees them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {entry.filename.partition("/")[2]: archive.read(entry) for entry in archive.infolist()}


def archived(contents, compression=zipfile.ZIP_STORED, first=()):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in [*first, *contents.items()]:
            archive.writestr(f"archive/{name}", data)
    return file.getvalue()


def with_pickle(opcodes, **storages):
    return archived({"data.pkl": opcodes, **{f"data/{key}": data for key, data in storages.items()}})


def views():
    """Tensors that describe their memory in every way."""
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    columns = np.asfortranarray(base)
    values = {
        "whole": base,
        "transposed": base.T,
        "steps": base[1::2, ::3],
        "scalar": base[2, 3],
        "zero-dimensional": base[2, 3:4].reshape(()),
        "empty": base[4:, 2:],
        "nothing": np.empty(0, np.float32),
        "no rows": np.empty((0, 3), np.float32).T,
        "part of bytes": np.zeros(9, np.uint8)[:8].view(np.float32),
        "expanded": np.lib.stride_tricks.as_strided(base[0], (3, 1), (0, 0)),
        "columns": columns,
        "part of columns": columns[1:, 1],
        **{name: np.array([0, 1, 100]).astype(name) for name in NAMES},
    }
    return {name: fastgd.from_numpy(np.asarray(value)) for name, value in values.items()}


def checkpoint_parts(lib):
    """What a checkpoint holds beside the states of a model and an optimizer: recorder and test take it from here."""
    return {
        "epoch": 7,
        "losses": [100.0, np.float64(0.5), float("inf")],
        "best": None,
        "done": (True, False),
        "name": "Łódź",
        "bytes": b"\x00\xff",
        "none": b"",
        "large": [255, 256, 65536, -1, 2**31, -(2**70)],
        "complex": 1 - 2j,
        "set": {1, 2},
        "size": lib.Size((2, 3)),
        "dtype": lib.float64,
        "device": lib.device("cpu"),
        "array": np.arange(6, dtype=np.float32).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "words": np.array(["a", "bc"]),
        3: {(1, "a"): []},
    }


SMALL = {"a": tensor([[1, 2], [3, 4]]), "b": OrderedDict(x=[1.5, "text", np.float64(2)])}


def opcodes(value):
    """Opcodes of a value; bytes are opcodes already."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        return b"\x8a\x20" + value.to_bytes(32, "little", signed=True)
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    return b"(" + b"".join(map(opcodes, value)) + b"t"


def view(
    offset=0, size=(4,), stride=(1,), *, kind=b"ctorch\nFloatStorage\n", word="storage", key="0", length=4,
    location="cpu", requires_grad=False,
):  # fmt: skip
    storage = opcodes((word, kind, key, location, length)) + b"Q"
    args = (storage, offset, size, stride, requires_grad, b"N")
    return b"\x80\2ctorch._utils\n_rebuild_tensor_v2\n" + opcodes(args) + b"R."
