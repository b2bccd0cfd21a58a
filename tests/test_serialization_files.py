"""The file itself: its layout, what can be written to and read from, whole writing, and what is refused."""

import io
import os
import pickle
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

import numpy as np
import pytest
from archives import archived, array_of, loaded, records, same, saved, tensor, views

import fastgd
from fastgd.serialization import load, save


def test_layout():
    data = saved({"a": tensor([1, 2, 3]), "b": tensor(1, "int64")})
    assert data == saved({"a": tensor([1, 2, 3]), "b": tensor(1, "int64")})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert [entry.filename for entry in archive.infolist()] == [
            f"archive/{name}" for name in ("data.pkl", "byteorder", "data/0", "data/1", "version")
        ]
        for entry in archive.infolist():
            name, extra = struct.unpack("<2H", data[entry.header_offset + 26 : entry.header_offset + 30])
            start = entry.header_offset + 30 + name + extra
            assert start % 64 == 0 and entry.compress_type == zipfile.ZIP_STORED
            assert data[start : start + entry.file_size] == archive.read(entry)


def test_torch_maps_our_file(torch, tmp_path):
    save(views(), tmp_path / "m.pth")
    assert same(torch.load(tmp_path / "m.pth", mmap=True), views())
    assert torch.load(tmp_path / "m.pth", map_location="meta")["whole"].shape == (4, 6)


def test_mapped_memory_does_not_reach_the_file(tmp_path):
    save(tensor([1, 2]), tmp_path / "m.pth")
    read = load(tmp_path / "m.pth", mmap=True)
    array_of(read)[0] = 5
    assert array_of(load(tmp_path / "m.pth")).tolist() == [1, 2]
    save(read, tmp_path / "m.pth")
    assert array_of(load(tmp_path / "m.pth")).tolist() == [5, 2]


class Pipe:
    """Takes at most seven bytes at a time, and cannot seek."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += bytes(data[:7])
        return min(7, len(data))


class Silent(Pipe):
    def write(self, data):
        self.data += bytes(data)


@pytest.mark.parametrize("kind", [Pipe, Silent])
def test_any_object_that_writes(kind):
    file = kind()
    save(tensor([1, 2]), file)
    assert file.data == saved(tensor([1, 2]))


def test_a_place_in_a_file():
    file = io.BytesIO()
    file.write(b"before")
    save([1], file)
    file.seek(6)
    assert load(file) == [1]
    file.seek(0, os.SEEK_END)
    save([1, 2], file)
    file.seek(6)
    with pytest.raises(RuntimeError, match="a file holds one saved object"):
        load(file)


def test_reads_without_readinto():
    class Reader:
        def __init__(self, data):
            file = io.BytesIO(data)
            self.read, self.seek, self.tell = file.read, file.seek, file.tell

    assert load(Reader(saved([1]))) == [1]


def test_big_endian():
    contents = records(saved([tensor([1.5, 2]), tensor([3], "int16")]))
    contents |= {"byteorder": b"big", "data/0": struct.pack(">2f", 1.5, 2), "data/1": struct.pack(">h", 3)}
    assert [array_of(value).tolist() for value in loaded(archived(contents))] == [[1.5, 2], [3]]


class Custom:
    pass


class Model:
    def state_dict(self):
        return {}


@pytest.mark.parametrize(
    "value, words",
    [
        (
            {"model": [0, Model()]},
            r"obj\['model'\]\[1\] is a .*Model, .* save obj\['model'\]\[1\].state_dict\(\) instead",
        ),
        (Model(), r"obj is a .*Model, .*obj.state_dict\(\)"),
        ({"f": lambda: 0}, r"obj\['f'\] is a builtins.function"),
        ([Custom()], r"obj\[0\] is a .*Custom, but a file holds tensors"),
        ([Custom], r"obj\[0\] is a builtins.type"),
        ({Custom: 1}, "Custom"),
        (np.array([object()]), "numpy.ndarray"),
        (np.zeros(1, "M8[s]"), "numpy.ndarray"),
        (np.datetime64("2020-01-01"), "numpy.datetime64"),
        (frozenset(), "frozenset"),
        (range(3), "range"),
        (stat.S_IFMT, "builtin_function"),
    ],
)
def test_unsupported_objects(tmp_path, value, words):
    save([1], tmp_path / "m.pth")
    with pytest.raises(TypeError, match=words):
        save(value, tmp_path / "m.pth")
    assert load(tmp_path / "m.pth") == [1] and os.listdir(tmp_path) == ["m.pth"]


def test_other_mistakes_in_saving(tmp_path):
    with pytest.raises(ValueError, match=r"obj\[0\] has 2041 bits"):
        saved([2**2040])
    base = np.zeros(2, np.float32)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        saved([fastgd.from_numpy(base), fastgd.from_numpy(base.view(np.int32))])
    with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like object with a 'write'"):
        save([1], 5)
    with pytest.raises(TypeError, match="binary"):
        save([1], io.StringIO())
    with pytest.raises(RuntimeError, match="Parent directory .*nowhere does not exist"):
        save([1], tmp_path / "nowhere" / "m.pth")
    with pytest.raises(IsADirectoryError):
        save([1], tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
def test_modes_and_links(tmp_path):
    before = os.umask(0o027)
    try:
        save([1], tmp_path / "m.pth")
        assert stat.S_IMODE(os.stat(tmp_path / "m.pth").st_mode) == 0o640
        os.chmod(tmp_path / "m.pth", 0o604)
        os.symlink("m.pth", tmp_path / "link")
        save([2], tmp_path / "link")
        assert stat.S_IMODE(os.stat(tmp_path / "m.pth").st_mode) == 0o604
        assert os.path.islink(tmp_path / "link") and load(tmp_path / "m.pth") == [2]
        os.symlink("later.pth", tmp_path / "dangling")
        save([3], str(tmp_path / "dangling"))
        assert load(tmp_path / "later.pth") == [3]
    finally:
        os.umask(before)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_regular_file_is_written_in_place(tmp_path):
    # A pipe stands for /dev/null, which a mistake here would remove from the machine.
    path, read = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    reader.start()
    save([1], path)
    assert stat.S_ISFIFO(os.stat(path).st_mode)
    reader.join(10)
    assert loaded(read[0]) == [1]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_errors_of_the_file_are_passed_on():
    with open("/dev/full", "wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        save([1], file)


def child(code, path, **options):
    code = f"import fastgd, os, sys, numpy as np\nfrom fastgd.serialization import save\npath = sys.argv[1]\n{code}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", code, path], env=environment, stdout=subprocess.PIPE, text=True, **options
    )


@pytest.mark.skipif(os.name != "posix", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "m.pth"
    save([1], path)
    code = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    save(fastgd.from_numpy(np.zeros(100_000)), path)
except OSError as error:
    print(error)
"""
    with child(code, path) as process:
        assert "File too large" in process.stdout.read()
    assert load(path) == [1] and os.listdir(tmp_path) == ["m.pth"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_may_not_be_written_is_not_replaced():
    code = """
if os.geteuid() == 0:
    os.setuid(65534)
try:
    save([2], path)
except PermissionError as error:
    print(error)
"""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "m.pth")
        save([1], path)
        os.chmod(directory, 0o777)
        os.chmod(path, 0o444)
        with child(code, path) as process:
            assert "Permission denied" in process.stdout.read()
        assert load(path) == [1]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("moment", ["open", "fsync", "replace"])
def test_a_killed_process_leaves_the_old_file(tmp_path, moment):
    path = tmp_path / "m.pth"
    save([1], path)
    code = f"""
import time


def stop(*args):
    print("here", flush=True)
    time.sleep(100)
if "{moment}" == "open":
    import zlib
    zlib.crc32 = stop
else:
    os.{moment} = stop
save(fastgd.from_numpy(np.zeros(100_000)), path)
"""
    with child(code, path) as process:
        assert process.stdout.readline() == "here\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert load(path) == [1]
    assert len(os.listdir(tmp_path)) == 2  # the temporary file cannot be removed by a killed process


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_any_time_there_is_a_whole_file(tmp_path):
    path = tmp_path / "m.pth"
    code = """
for n in range(10**6):
    save(fastgd.from_numpy(np.full(200_000, float(n))), path)
    if n == 0:
        print("here", flush=True)
"""
    for delay in (0.003, 0.011, 0.017, 0.031):
        with child(code, path) as process:
            process.stdout.readline()
            time.sleep(delay)
            process.kill()
        array = array_of(load(path))
        assert len(array) == 200_000 and np.all(array == array[0])


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "m.pth")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(EOFError, match="empty"):
        load(tmp_path / "empty")
    file = io.BytesIO()
    save([1], file)
    with pytest.raises(EOFError, match="seek"):
        load(file)


@pytest.mark.parametrize(
    "data", [b"P", b"PK\3", b"hello\n", b"\x80\x02}.", b"\x93NUMPY\1\0", b"{}", b"PK\5\6" + bytes(18)]
)
def test_other_formats(data):
    message = "Weights only load failed.\n<BytesIO> is not a file of fastgd.save"
    with pytest.raises(pickle.UnpicklingError, match=message):
        loaded(data)
    with pytest.raises(pickle.UnpicklingError, match="invalid load key"):
        load(io.BytesIO(data), weights_only=False)


def test_files_that_cannot_be_read():
    with pytest.raises(TypeError, match="binary"):
        load(io.StringIO("text"))
    with pytest.raises(AttributeError, match="'int' object has no attribute .* file that is seekable"):
        load(5)
    with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
        loaded(saved([1]), mmap=True)
    read, write = os.pipe()
    os.close(write)
    with os.fdopen(read, "rb") as file, pytest.raises(OSError, match="seekable"):
        load(file)
