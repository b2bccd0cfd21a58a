"""Files in torch's zip format: what torch.load(weights_only=True) reads and what torch.save writes.

A file is a zip archive of stored, 64-byte aligned records: `data.pkl` tells in pickle's opcodes how the saved object
is put together, `data/0`, `data/1`, ... are the memory of its tensors, `byteorder` and `version` are one word each.
_pickler.py writes data.pkl and _unpickler.py reads it, _archive.py has the archive around them; this room has the file
around the archive, and what is asked of it.
"""

import contextlib
import io
import os
import pickle
import stat
import sys

from ._archive import DAMAGED, Archive, write_archive
from ._pickler import Pickler
from ._types import advised
from ._unpickler import Unpickler


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
            write_archive(file, records)
    else:
        write_archive(f, records)
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
    _check_beginning(file.read(4), name, weights_only)
    archive = Archive(file, name, start)
    if "constants.pkl" in archive.entries:
        raise RuntimeError(
            "Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``. "
            f"{name} holds a program; under torch, save the state_dict() of what torch.jit.load(path) returns"
        )
    order = bytes(archive.read("byteorder")) if "byteorder" in archive.entries else b"little"
    if order not in (b"little", b"big"):
        raise ValueError(f"Unknown endianness type: {order.decode(errors='replace')} in {name}. {DAMAGED}")

    def read_storage(key, dtype):
        memory = archive.read(f"data/{key}", bool(mmap))
        memory = memory[: memory.size - memory.size % dtype.itemsize].view(dtype)
        return memory if order.decode() == sys.byteorder else memory.byteswap(inplace=True)

    unpickler = Unpickler(bytes(archive.read("data.pkl")), name, read_storage)
    loaded = unpickler.load()
    for storage in unpickler.storages.values():
        _check_location(storage.memory, storage.location, map_location)
    return loaded


def _check_beginning(magic, name, weights_only):
    """An error that tells what a file is that is no zip archive."""
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
        text = "Weights only load failed." if weights_only else f"invalid load key, {chr(magic[0])!r}."
        raise advised(
            pickle.UnpicklingError(text),
            f"{name} is not a file of fastgd.save or torch.save: it should begin with b'PK\\x03\\x04', but begins with "
            f"{magic}.",
        )


def _check_location(memory, location, map_location):
    """An error where a storage is neither on the CPU nor mapped to it."""
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
