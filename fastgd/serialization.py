"""Files in torch's zip format: what torch.load(weights_only=True) reads and what torch.save writes.

A file is a zip archive of stored, 64-byte aligned records: `data.pkl` tells in pickle's opcodes how the saved object
is put together, `data/0`, `data/1`, ... are the memory of its tensors, `byteorder` and `version` are one word each.
_pickler.py writes data.pkl and _unpickler.py reads it; this room has the archive around them and the file around
the archive.
"""

import contextlib
import io
import os
import pickle
import stat
import struct
import sys
import zlib

import numpy as np

from ._pickler import Pickler
from ._types import advised
from ._unpickler import Unpickler

_SHORTEST = 22  # bytes of a zip archive
_DAMAGED = "The file is damaged or incomplete: save it or copy it again."


def save(obj, f):
    """Writes an object to a file that fastgd.load and torch.load read.

    Tensors that share memory are written once, and share it again when they are loaded. A path is written under a
    temporary name beside it, flushed to the disk, and renamed, so that whatever happens the file is whole: the old
    one or the new.

    Args:
        obj: tensors, numbers, strings, bytes, None, dtypes, numpy scalars and arrays, and dicts, lists, tuples and
            sets of them. (torch.load reads numpy's values, here as in its own files, only with weights_only=False.)
        f: a path (str or os.PathLike), or a binary file with a `write` method.

    Raises:
        TypeError: something else was found in obj: a module, of which state_dict() can be saved, or a function. The
            message says where. Nothing has been written then.
        RuntimeError: the directory does not exist; tensors of different types share memory.
        OSError: the disk is full, the file may not be written.

    Example:
        >>> fastgd.save({"weight": fastgd.ones(2)}, "model.pth")
        >>> fastgd.load("model.pth")
        {'weight': tensor([1., 1.])}
    """
    is_path = isinstance(f, (str, os.PathLike))
    if not is_path and not hasattr(f, "write"):
        raise advised(
            AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute"),
            f"Got a {type(f).__name__}: save(obj, f).",
        )
    if isinstance(f, io.TextIOBase):
        raise TypeError("save: f must be a binary file, but got one in text mode: open it with mode 'wb'")
    pickler = Pickler()
    records = {"data.pkl": pickler.dump(obj), "byteorder": sys.byteorder.encode()}
    records |= {f"data/{number}": memory for number, memory in enumerate(pickler.storages)}
    records["version"] = b"3\n"
    if is_path:
        with _replacing(os.fsdecode(f)) as file:
            _write_archive(file, records)
    else:
        _write_archive(f, records)
        if hasattr(f, "flush"):
            f.flush()


def load(f, map_location=None, *, weights_only=True, mmap=None):
    """Reads what fastgd.save or torch.save has written, and runs nothing that the file says.

    Args:
        f: a path (str or os.PathLike), or a binary file that can seek, at the beginning of what was saved.
        map_location: "cpu" or device("cpu") reads tensors that were saved on a GPU; a dict from saved to wanted
            locations, or a function of (storage, location), as torch has them.
        weights_only: accepted; either way only known names are read, and nothing is run.
        mmap: True maps the tensors' memory from the file instead of reading it; f must be a path.

    Returns:
        The object: tensors as fastgd.Tensor, parameters as fastgd.Parameter.

    Raises:
        FileNotFoundError, IsADirectoryError: as open().
        EOFError: the file is empty.
        pickle.UnpicklingError: not a file of torch.save; it names a class or function that is not read, such as that
            of a whole module; its description of the object is damaged.
        RuntimeError: the zip archive is damaged or incomplete; torch's format from before 1.6; a TorchScript file;
            tensors from a GPU and no map_location.

    Example:
        >>> fastgd.save([1, fastgd.zeros(2)], "list.pth")
        >>> fastgd.load("list.pth")
        [1, tensor([0., 0.])]
    """
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return _load(file, os.fsdecode(f), map_location, weights_only, mmap)
    if mmap:
        raise ValueError("f must be a file path in order to use the mmap argument")
    if isinstance(f, io.TextIOBase):
        raise TypeError("load: f must be a binary file, but got one in text mode: open it with mode 'rb'")
    return _load(f, f"<{type(f).__name__}>", map_location, weights_only, mmap)


_NOT_READ = """Weights only load failed. In PyTorch 2.6, we changed the default value of the `weights_only` argument \
in `torch.load` from `False` to `True`. Re-running `torch.load` with `weights_only` set to `False` will likely succeed, \
but it can result in arbitrary code execution. Do it only if you got the file from a trusted source.
Please file an issue with the following so that we can make `weights_only=True` compatible with your use case: \
WeightsUnpickler error: \n
Unsupported operand {}

Check the documentation of torch.load to learn more about types accepted by default with weights_only \
https://pytorch.org/docs/stable/generated/torch.load.html."""
_BROKEN = """PytorchStreamReader failed reading zip archive: {}. This is an internal miniz error. If you are seeing \
this error, there is a high likelihood that your checkpoint file is corrupted. This can happen if the checkpoint was \
not saved properly, was transferred incorrectly, or the file was modified after saving."""


def _not_a_file_of_save(name, magic, weights_only):
    """torch's error for what it takes for a pickle, and does not find to be one."""
    text = f"invalid load key, {chr(magic[0])!r}."
    if weights_only:
        text = _NOT_READ.format(magic[2] if magic[0] == 0x80 and len(magic) > 2 else magic[0])
    return advised(
        pickle.UnpicklingError(text),
        f"{name} is not a file of fastgd.save or torch.save: it should begin with b'PK\\x03\\x04', but begins with "
        f"{magic}. fastgd runs nothing that a file says, whatever weights_only is.",
    )


def _load(file, name, map_location, weights_only, mmap):
    try:
        file.seek  # noqa: B018 (what torch misses first)
        start = file.tell()
        file.seek(start)
    except (OSError, AttributeError) as error:
        raise type(error)(
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the data into a buffer "
            "like io.BytesIO and try to load from it instead."
        ) from None
    if not hasattr(file, "readinto"):
        file, start = io.BytesIO(file.read()), 0
    magic = file.read(4)
    if not magic:
        raise advised(
            EOFError() if weights_only else EOFError("Ran out of input"),
            f"{name} is empty, or was read or written up to its end (then f.seek(0)).",
        )
    if magic == b"\x80\x02\x8a\n":
        raise RuntimeError(
            f"{name} is in torch's format from before 1.6, fastgd reads the zip format: under torch, "
            "torch.save(torch.load(path), path) converts it"
        )
    if magic != b"PK\3\4":
        raise _not_a_file_of_save(name, magic, weights_only)
    archive = _Archive(file, name, start)
    if "constants.pkl" in archive.entries:
        raise RuntimeError(
            "Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``. "
            f"{name} holds a program; under torch, save the state_dict() of what torch.jit.load(path) returns"
        )
    order = bytes(archive.read("byteorder")) if "byteorder" in archive.entries else b"little"
    if order not in (b"little", b"big"):
        raise ValueError(f"Unknown endianness type: {order.decode(errors='replace')} in {name}. {_DAMAGED}")

    def read_storage(key, dtype):
        memory = archive.read(f"data/{key}", bool(mmap))
        memory = memory[: memory.size - memory.size % dtype.itemsize].view(dtype)
        return memory if order.decode() == sys.byteorder else memory.byteswap(inplace=True)

    unpickler = Unpickler(bytes(archive.read("data.pkl")), name, read_storage)
    loaded = unpickler.load()
    for storage in unpickler.storages.values():
        _check_location(storage.memory, storage.location, map_location)
    return loaded


def _check_location(memory, location, map_location):
    if isinstance(map_location, dict):
        location = str(map_location.get(location, location))
    elif callable(map_location):
        location = location if map_location(memory, location) is None else "cpu"
    elif map_location is not None:
        location = str(map_location)
    if location.startswith("cuda"):
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are "
            "running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your "
            "storages to the CPU."
        )
    if location.partition(":")[0] != "cpu":
        raise advised(
            RuntimeError(
                f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with {location})"
            ),
            "fastgd has the CPU only: use map_location='cpu'.",
        )


@contextlib.contextmanager
def _replacing(path):
    """A new file that takes the place of `path` once it is whole; mode and symbolic links as open(path, "wb")."""
    target = os.path.realpath(path)
    directory = os.path.dirname(target)
    if not os.path.isdir(directory):
        raise advised(
            RuntimeError(f"Parent directory {os.path.dirname(path)} does not exist."), "Make it with os.makedirs."
        )
    if os.path.isfile(target):
        with open(target, "r+b"):  # raises where the file may not be written
            pass
    elif os.path.exists(target):  # a device such as /dev/null, which stays one
        with open(target, "wb") as file:
            yield file
        return
    temporary = os.path.join(directory, f".fastgd-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _write_archive(file, records):
    """Writes a zip archive in one pass, without seeking.

    Every entry has its sizes in zip64 fields, needed or not: one form for all sizes (APPNOTE 4.3.9.2, 4.5.3).
    """
    elsewhere = 0xFFFFFFFF
    position = 0
    directory = []

    def write(data):
        nonlocal position
        position += len(data)
        while len(data):  # an unbuffered file may take a part
            written = file.write(data)
            data = data[len(data) if written is None else written :]

    def entry(crc, name, extra):
        # version 4.5, no flags, stored, 1980-01-01
        return struct.pack("<5H3L2H", 45, 0, 0, 0, 0x21, crc, elsewhere, elsewhere, len(name), len(extra))

    for name, data in records.items():
        name = f"archive/{name}".encode()
        data = memoryview(data)
        size, crc, offset = len(data), zlib.crc32(data), position
        sizes = struct.pack("<2H2Q", 1, 16, size, size)
        padding = -(offset + 30 + len(name) + len(sizes) + 4) % 64
        extra = sizes + struct.pack("<2sH", b"FB", padding) + bytes(padding)
        write(b"PK\3\4" + entry(crc, name, extra) + name + extra)
        write(data)
        extra = struct.pack("<2H3Q", 1, 24, size, size, offset)
        directory.append(
            b"PK\1\2\x2d\0" + entry(crc, name, extra) + struct.pack("<3H2L", 0, 0, 0, 0, elsewhere) + name + extra
        )
    start, count = position, len(directory)
    write(b"".join(directory))
    end = position
    write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, end - start, start))
    write(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
    write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, elsewhere, elsewhere, 0))


class _Archive:
    """The records of the zip archive that begins at `start`, by their names without the first folder."""

    def __init__(self, file, name, start):
        import zipfile  # here, since it takes a tenth of numpy's time to import

        try:
            entries = zipfile.ZipFile(file).infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            size = file.seek(0, os.SEEK_END) - start
            reason = "not a ZIP archive" if size < _SHORTEST else "failed finding central directory"
            raise advised(
                RuntimeError(_BROKEN.format(reason)), f"{name}: {_DAMAGED[0].lower()}{_DAMAGED[1:]}"
            ) from error
        self.file = file
        self.name = name
        self.entries = {}
        begins = min((entry.header_offset for entry in entries), default=start)
        if begins != start:
            raise RuntimeError(
                f"{name} stands at byte {start}, but the archive at its end begins at byte {begins}: a file holds one "
                "saved object, or several as one list"
            )
        file.seek(0, os.SEEK_END)
        self.size = self.unread = file.tell()
        for entry in entries:
            record = entry.filename.partition("/")[2]
            if record in self.entries:
                raise RuntimeError(f"{name} has two records named {record!r}. {_DAMAGED}")
            self.entries[record] = entry

    def read(self, record, mapped=False):
        """The bytes of a record; mapped ones are read when they are used, and writing to them stays out of the file."""
        if record not in self.entries:
            raise RuntimeError(
                f"PytorchStreamReader failed locating file {record}: file not found in {self.name}. {_DAMAGED}"
            )
        entry = self.entries[record]
        size = entry.file_size
        stored = entry.compress_type == 0 and entry.compress_size == size
        if not stored or entry.flag_bits & 1:
            raise RuntimeError(
                f"{self.name}: the record {record} is compressed or encrypted, but torch.save stores records as they "
                "are: unpack the archive and zip it again without compression (zip -0 -r)"
            )
        # Records do not overlap, so this bounds what is allocated, whatever sizes are declared.
        self.unread -= size
        if self.unread < 0:
            raise RuntimeError(f"{self.name}: the records are larger than the file. {_DAMAGED}")
        header = b""
        if 0 <= entry.header_offset < self.size:
            self.file.seek(entry.header_offset)
            header = self.file.read(30)
        if len(header) < 30 or header[:4] != b"PK\3\4":
            raise RuntimeError(f"{self.name}: the record {record} is not where it should be. {_DAMAGED}")
        self.file.seek(sum(struct.unpack("<2H", header[26:])), os.SEEK_CUR)
        start = self.file.tell()
        if start + size > self.size:
            raise RuntimeError(f"{self.name}: the record {record} goes beyond the end of the file. {_DAMAGED}")
        if mapped and start % 64 == 0:
            return np.memmap(self.file, np.uint8, "c", start, size)
        memory = np.empty(size, np.uint8)
        rest = memoryview(memory)
        while len(rest):
            count = self.file.readinto(rest)
            if not count:
                raise RuntimeError(f"{self.name}: the record {record} ends too early. {_DAMAGED}")
            rest = rest[count:]
        if entry.CRC not in (0, zlib.crc32(memory)):  # 0: torch was told not to compute it
            raise RuntimeError(f"{self.name}: the record {record} does not fit its checksum. {_DAMAGED}")
        return memory
