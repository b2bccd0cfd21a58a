"""Files in torch's format: both directions with torch, and whatever a file may hold."""

import copy
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
from collections import OrderedDict
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import fastgd
from fastgd._unpickler import Unpickler
from fastgd.nn import Parameter
from fastgd.serialization import load, save

RECORDED = Path(__file__).parent / "recorded"
NAMES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


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


def owner(value):
    array = array_of(value)
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


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


# -- there and back

VALUES = [
    None,
    True,
    [0, 255, 256, 65536, -1, -(2**31), 2**31 - 1, 2**31, 2**63, -(2**2000), 2**2000],
    [0.0, -0.0, 1e300, float("inf"), float("nan"), 1 - 2j],
    ["", "a", "Łódź", "\ud800", "x" * 300],
    [b"", b"\x00\xff"],
    {"a": {1: (), (1, "b"): (1,), 2.5: (1, 2), None: (1, (2, (3, 4)))}},
    {1, "a"},
    list(range(1000)),
    [{str(i): i} for i in range(300)],
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_values(value):
    assert same(loaded(saved(value)), value)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_torch_reads_values(torch, value):
    assert same(torch.load(io.BytesIO(saved(value)), weights_only=True), value)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_reads_torchs_values(torch, value):
    file = io.BytesIO()
    torch.save(value, file)
    assert same(loaded(file.getvalue()), value)


def test_names():
    value = [fastgd.Size((2, 3)), fastgd.device("cpu"), *(getattr(fastgd, name) for name in NAMES)]
    assert same(loaded(saved(value)), value)


def test_torch_reads_names(torch):
    value = [fastgd.Size((2, 3)), fastgd.device("cpu"), *(getattr(fastgd, name) for name in NAMES)]
    read = torch.load(io.BytesIO(saved(value)), weights_only=True)
    assert same(read, [torch.Size((2, 3)), torch.device("cpu"), *(getattr(torch, name) for name in NAMES)])


NUMPY_VALUES = [
    np.float64(0.5),
    np.float32(0.5),
    np.int64(-3),
    np.bool_(True),
    np.str_("Łódź"),
    np.bytes_(b"ab"),
    np.arange(6).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(12)[::-3],
    np.zeros((0, 3)),
    np.array(2.5),
    np.array(["a", "bc"]),
    np.array([1 + 2j]),
    np.dtype("float32"),
]


def test_numpy():
    assert same(loaded(saved(NUMPY_VALUES)), NUMPY_VALUES)
    big_endian = np.arange(3, dtype=">i4")
    assert np.array_equal(loaded(saved(big_endian)), big_endian)


def test_torch_reads_numpy(torch):
    assert same(torch.load(io.BytesIO(saved(NUMPY_VALUES)), weights_only=False), NUMPY_VALUES)


def test_reads_torchs_numpy(torch):
    file = io.BytesIO()
    torch.save(NUMPY_VALUES, file)
    assert same(loaded(file.getvalue()), NUMPY_VALUES)


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


def test_tensors():
    assert same(loaded(saved(views())), views())


def test_torch_reads_tensors(torch):
    read = torch.load(io.BytesIO(saved(views())), weights_only=True)
    assert same(read, views())
    pointers = {
        read[name].untyped_storage().data_ptr() for name in ("whole", "transposed", "steps", "zero-dimensional")
    }
    assert len(pointers) == 1


def test_tensors_share_memory_again():
    row = tensor(range(4))
    read = loaded(saved({"row": row, "again": row, "part": fastgd.from_numpy(row.numpy()[1:])}))
    assert read["row"] is read["again"]
    array_of(read["row"])[1] = 10
    assert array_of(read["part"]).tolist() == [10, 2, 3]
    assert same(loaded(saved(read)), read)
    assert sum(name.startswith("data/") for name in records(saved(read))) == 1


def test_memory_that_is_no_storage_is_copied():
    record = np.zeros(3, [("a", "i1"), ("b", "f4")])
    record["b"] = [1, 2, 3]
    gaps = np.ndarray((2,), np.float32, bytearray(np.arange(4, dtype=np.float32)), 0, (8,))
    odd = np.arange(9, dtype=np.uint8)
    unaligned = odd[1:].view(np.float32)
    for array in (record["b"], gaps, unaligned):
        assert np.array_equal(array_of(loaded(saved(fastgd.from_numpy(array)))), array)


def leaves():
    return [
        Parameter(tensor([1, 2])),
        Parameter(tensor([1, 2]), requires_grad=False),
        tensor([1]).requires_grad_(True),
    ]


def test_gradients_and_parameters():
    assert same(loaded(saved(leaves())), leaves())


def test_torch_reads_gradients_and_parameters(torch):
    assert same(torch.load(io.BytesIO(saved(leaves())), weights_only=True), leaves())


def test_attributes():
    noted, parameter = tensor([1]), Parameter(tensor([1]))
    noted.note, parameter.note = "a", {"b": noted}
    read = loaded(saved([noted, parameter]))
    assert read[0].note == "a" and read[1].note["b"] is read[0]


def test_state_dict_keeps_its_metadata():
    state = OrderedDict(weight=tensor([[1, 2]]))
    state._metadata = OrderedDict({"": {"version": 1}})
    assert same(loaded(saved(state)), state)


def test_cycles():
    value = {"list": []}
    value["list"].append(value)
    read = loaded(saved(value))
    assert read["list"][0] is read


def trained(package):
    """A model of fastgd or torch after a step with momentum, and its optimizer."""
    model = package.nn.Linear(3, 1)
    optimizer = package.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    package.nn.MSELoss()(model(package.ones(4, 3)), package.zeros(4, 1)).backward()
    optimizer.step()
    return {"model": model, "optimizer": optimizer}


@pytest.mark.parametrize("writer, reader", [("fastgd", "fastgd"), ("fastgd", "torch"), ("torch", "fastgd")])
def test_checkpoints(writer, reader, tmp_path):
    writer, reader = (pytest.importorskip(name) for name in (writer, reader))
    before, after = trained(writer), trained(reader)
    writer.save({name: part.state_dict() for name, part in before.items()}, tmp_path / "c.pth")
    states = reader.load(tmp_path / "c.pth")
    for name, part in after.items():
        part.load_state_dict(states[name])
    assert same(after["model"].weight, before["model"].weight)
    left, right = (parts["optimizer"].state_dict() for parts in (after, before))
    assert left["param_groups"] == right["param_groups"] and same(left["state"], right["state"])


@st.composite
def tensors(draw):
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(draw(st.sampled_from(NAMES)))
    for axis in range(array.ndim):
        array = np.moveaxis(array[draw(st.integers(0, 2)) :: draw(st.integers(1, 3))], 0, -1)
    value = fastgd.from_numpy(array)
    if value.dtype.is_floating_point and draw(st.booleans()):
        value.requires_grad_(True)
        return Parameter(value.detach()) if draw(st.booleans()) else value
    return value


KEYS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
OBJECTS = st.recursive(
    KEYS | st.complex_numbers() | tensors(),
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(KEYS, inner),
        st.dictionaries(KEYS, inner).map(OrderedDict),
        st.sets(st.none() | st.integers() | st.text() | st.binary()),
    ),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(OBJECTS)
def test_any_object(value):
    assert same(loaded(saved(value)), value)


@settings(max_examples=100, deadline=None)
@given(OBJECTS)
def test_any_object_through_torch(value):
    torch = pytest.importorskip("torch")
    read = torch.load(io.BytesIO(saved(value)), weights_only=True)
    assert same(value, read)
    file = io.BytesIO()
    torch.save(read, file)
    assert same(loaded(file.getvalue()), read)


# -- files that torch wrote (record_serialization.py)


def test_recorded_state_dict():
    state = load(RECORDED / "serialization_state_dict.pth")
    assert type(state) is OrderedDict and state._metadata[""] == {"version": 1}
    assert same(state, loaded(saved(state)))
    assert array_of(state["weight"]).tolist() == [[1, 2, 3]] and array_of(state["bias"]).tolist() == [4]


def test_recorded_checkpoint():
    checkpoint = load(RECORDED / "serialization_checkpoint.pth")
    optimizer = checkpoint.pop("optimizer")
    assert array_of(optimizer["state"][0]["momentum_buffer"]).tolist() == [[20, 20, 20]]
    assert optimizer["param_groups"][0]["momentum"] == 0.9 and optimizer["param_groups"][0]["params"] == [0, 1]
    assert np.allclose(array_of(checkpoint.pop("model")["weight"]), [[-1, 0, 1]], atol=1e-6)
    assert same(
        checkpoint,
        {
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
            "size": fastgd.Size((2, 3)),
            "dtype": fastgd.float64,
            "device": fastgd.device("cpu"),
            "array": np.arange(6, dtype=np.float32).reshape(2, 3),
            "columns": np.arange(6).reshape(2, 3),
            "words": np.array(["a", "bc"]),
            3: {(1, "a"): []},
        },
    )


@pytest.mark.parametrize("mmap", [False, True])
def test_recorded_tensors(mmap):
    read = load(RECORDED / "serialization_tensors.pth", mmap=mmap)
    base = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert read["row"] is read["again"] and owner(read["row"]) is owner(read["base"])
    assert read["noted"].note == "of a tensor" and read["noted parameter"].note == "of a parameter"
    expected = {
        "base": fastgd.from_numpy(base),
        "row": fastgd.from_numpy(base[1]),
        "columns": fastgd.from_numpy(base.T[1::2]),
        "scalar": tensor(2.5),
        "empty": tensor(np.empty((0, 2))),
        "expanded": fastgd.from_numpy(np.lib.stride_tricks.as_strided(np.ones(1, np.float32), (4,), (0,))),
        "leaf": tensor([1, 1]).requires_grad_(True),
        "parameter": Parameter(tensor(base[0]), requires_grad=False),
        "buffer": tensor([1]),
        **{name: tensor(np.array([0, 1, 100]), name) for name in NAMES},
    }
    assert same({name: read[name] for name in expected}, expected)
    array_of(read["base"])[1, 0] = 40
    assert array_of(read["row"])[0] == 40
    assert same(loaded(saved(read)), read)


@pytest.mark.parametrize(
    "name, error, words",
    [
        ("module", pickle.UnpicklingError, r"GLOBAL torch.nn.modules.linear.Linear was not .*state_dict\(\)"),
        ("legacy", RuntimeError, r"format from before 1.6.*torch.save\(torch.load\(path\), path\)"),
    ],
)
def test_recorded_files_that_are_refused(name, error, words):
    with pytest.raises(error, match=words):
        load(RECORDED / f"serialization_{name}.pth")


# -- the file


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


# -- what cannot be saved


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


# -- writing is whole or not at all


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


# -- files that are not what they should be


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
    with pytest.raises(pickle.UnpicklingError, match="<BytesIO> is not a file of fastgd.save") as caught:
        loaded(data)
    assert str(caught.value).startswith("Weights only load failed. In PyTorch 2.6,")


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


SMALL = {"a": tensor([[1, 2], [3, 4]]), "b": OrderedDict(x=[1.5, "text", np.float64(2)])}


def test_truncated_anywhere():
    data = saved(SMALL)
    for length in range(len(data)):
        with pytest.raises(
            EOFError if length == 0 else pickle.UnpicklingError if length < 4 else RuntimeError
        ) as caught:
            loaded(data[:length])
        assert length < 4 or "\n" not in str(caught.value) and len(str(caught.value)) > 20


@pytest.mark.parametrize("data", [saved(SMALL), (RECORDED / "serialization_state_dict.pth").read_bytes()], ids=len)
@pytest.mark.parametrize("flip", [1, 0x20, 0x80, 0xFF])
def test_flipped_bits(flip, data):
    """A changed byte is noticed, or was of no meaning."""
    expected = loaded(data)
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= flip
        try:
            assert same(loaded(bytes(changed)), expected)
        except (RuntimeError, pickle.UnpicklingError):
            pass


def interpret(opcodes, storages=None):
    """What the interpreter makes of opcodes; a storage has as many bytes as `storages` says."""

    def read_storage(key, dtype):
        return np.zeros((storages or {})[key], np.uint8).view(dtype)

    return Unpickler(opcodes, "test", read_storage).load()


def test_flipped_bits_of_the_pickle():
    """Where no checksum protects it, a changed pickle gives some value or the one error."""
    opcodes = records(saved(SMALL))["data.pkl"]
    for position in range(len(opcodes)):
        for bit in range(8):
            changed = bytearray(opcodes)
            changed[position] ^= 1 << bit
            try:
                interpret(bytes(changed), {"0": 16})
            except (pickle.UnpicklingError, RuntimeError):
                pass


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_opcodes(data):
    """Opcodes in any order give some value or the one error."""
    known = records((RECORDED / "serialization_tensors.pth").read_bytes())["data.pkl"]
    pieces = [bytes([code]) for code in b"NJK}])(.0tu2sebaRQ\x81\x85\x86\x87\x88\x89\x8a\x93cioX"]
    pieces += [b"K\0", b"K\3", b"q\0", b"h\0", b"q\1", b"h\1", b"X\1\0\0\0a", b"X\1\0\0\0" + b"0", b"G" + bytes(8)]
    pieces += [b"X\7\0\0\0storage", b"ctorch\nFloatStorage\n", b"ccollections\nOrderedDict\n", b"c__builtin__\nset\n"]
    pieces += [b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch._utils\n_rebuild_parameter\n", b"cnumpy\ndtype\n"]
    pieces += [b"c_codecs\nencode\n", b"cnumpy._core.multiarray\n_reconstruct\n", b"cos\nsystem\n", known[:300]]
    try:
        interpret(b"".join(data.draw(st.lists(st.sampled_from(pieces), max_size=40))), {"0": 48})
    except (pickle.UnpicklingError, RuntimeError):
        pass


HOSTILE = {
    "calls os.system": (b"cos\nsystem\n(X\4\0\0\0true\x85R.", "GLOBAL os.system"),
    "calls posix.system": (b"cposix\nsystem\n(X\4\0\0\0truetR.", "GLOBAL posix.system"),
    "calls eval": (b"c__builtin__\neval\n(X\1\0\0\0" + b"1tR.", "GLOBAL builtins.eval"),
    "walks to eval": (b"ccollections\nOrderedDict.__init__\n.", "GLOBAL collections.OrderedDict.__init__"),
    "old call": (b"(X\4\0\0\0trueios\nsystem\n.", "Unsupported operand 105"),
    "old object": (b"(cos\nsystem\no.", "GLOBAL os.system"),
    "stack global": (b"X\2\0\0\0osX\6\0\0\0system\x93.", "Unsupported operand 147"),
    "extension": (b"\x82\1.", "Unsupported operand 130"),
    "new object": (b"ctorch\nTensor\n)\x81.", "Unsupported operand 129"),
    "calls a class": (b"ctorch\nTensor\n)R.", "a function is expected, but found a"),
    "calls a value": (b"X\1\0\0\0a)R.", "a function is expected, but found a str"),
    "changes a function": (b"c_codecs\nencode\nN}\x86b.", "an object that has a state"),
    "changes a class": (b"cnumpy\nndarray\n}b.", "an object that has a state"),
    "changes a method": (b"ccollections\nOrderedDict\n)R}X\5\0\0\0itemsK\1sb.", "cannot be named 'items'"),
    "memory of its own": (
        b"ccollections\nOrderedDict\n)R}X\x13\0\0\0__array_interface__}sb.",
        "cannot be named '__array_interface__'",
    ),
    "memo at 4 billion": (b"]r\xff\xff\xff\xff.", None),
    "no memo": (b"h\1.", r"damaged at byte 4: KeyError\(1\)"),
    "4 GB of text": (b"X\xff\xff\xff\xffa.", "4294967295 more bytes are expected, but there are 2"),
    "nothing on the stack": (b".", "damaged"),
    "no mark": (b"t.", "damaged"),
    "no end": (b"}", "damaged"),
    "half an item": (b"}(K\1u.", "damaged"),
    "append to a tuple": (b")K\1a.", "a list is expected, but found a tuple"),
    "item of a list": (b"]K\1K\2s.", "a dict is expected, but found a list"),
    "a list as key": (b"}]K\1s.", "unhashable"),
    "tuples in tuples as key": (b"}" + b")" + b"\x85" * 100_000 + b"K\1s.", "not a tuple of tuples"),
    "half of utf-8": (b"X\1\0\0\0\xff.", "utf-8"),
    "many copies": (
        b"c_codecs\nencode\nq\0X\x10\x27\0\0" + b"a" * 10_000 + b"X\6\0\0\0latin1\x86q\1" + b"h\0h\1R" * 1000 + b".",
        "calls make far more than it holds",
    ),
    "objects in arrays": (b"cnumpy\ndtype\nX\2\0\0\0O8\x89\x88\x87R.", "a dtype of numbers or strings"),
    "big-endian arrays": (
        b"cnumpy\ndtype\nX\2\0\0\0f8\x89\x88\x87R(K\3X\1\0\0\0>tb.",
        "numbers in little-endian order",
    ),
    "an array too large": (
        b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85X\0\0\0\0\x87R(K\1J\xff\xff\xff\x7f\x85c"
        + b"numpy\ndtype\nX\2\0\0\0f8\x89\x88\x87R\x89c__builtin__\nbytes\n)Rtb.",
        "does not have 0 bytes",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles(name, monkeypatch):
    monkeypatch.setattr(os, "system", lambda command: pytest.fail("a file ran a command"))
    opcodes, words = HOSTILE[name]
    if words is None:
        loaded(with_pickle(b"\x80\2" + opcodes))
        return
    with pytest.raises(pickle.UnpicklingError, match=words):
        loaded(with_pickle(b"\x80\2" + opcodes))


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


def test_a_view_written_by_hand():
    value = loaded(with_pickle(view(1, (3,)), **{"0": np.arange(4, dtype=np.float32).tobytes()}))
    assert array_of(value).tolist() == [1, 2, 3]
    assert array_of(loaded(with_pickle(view(10, (0, 5), (1, 1)), **{"0": bytes(16)}))).shape == (0, 5)


@pytest.mark.parametrize(
    "changes, error, words",
    [
        ({"offset": 1}, pickle.UnpicklingError, "needs a storage of 5 elements, but it has 4"),
        ({"offset": -1}, pickle.UnpicklingError, "sizes"),
        ({"offset": 2**200}, pickle.UnpicklingError, "needs a storage of"),
        ({"offset": True}, pickle.UnpicklingError, "sizes"),
        ({"size": (5,)}, pickle.UnpicklingError, "needs a storage of 5"),
        ({"size": (-1,)}, pickle.UnpicklingError, "sizes"),
        ({"size": (2**62, 2**62), "stride": (0, 0)}, pickle.UnpicklingError, "data.pkl of <BytesIO> is damaged"),
        ({"size": (1,) * 65, "stride": (0,) * 65}, pickle.UnpicklingError, "up to 64 sizes"),
        ({"size": (0, 2**62), "stride": (0, 0)}, pickle.UnpicklingError, "data.pkl of <BytesIO> is damaged"),
        ({"stride": (2,)}, pickle.UnpicklingError, "needs a storage of 7"),
        ({"stride": (-1,), "offset": 3}, pickle.UnpicklingError, "sizes"),
        ({"stride": (2**64,)}, pickle.UnpicklingError, "needs a storage of"),
        ({"stride": ()}, pickle.UnpicklingError, "damaged"),
        ({"stride": "1"}, pickle.UnpicklingError, "sizes"),
        ({"length": 5}, pickle.UnpicklingError, "storage 0 is expected to have 5 elements of float32, but has 4"),
        ({"length": -4}, pickle.UnpicklingError, "storage 0 is expected to have -4"),
        ({"length": b")" + b"\x85" * 10**5}, pickle.UnpicklingError, "the length of a storage"),
        ({"length": 2**100}, pickle.UnpicklingError, "storage 0 is expected to have"),
        ({"kind": b"ctorch\nDoubleStorage\n"}, pickle.UnpicklingError, "4 elements of float64, but has 2"),
        ({"kind": b"ctorch\nComplexFloatStorage\n"}, pickle.UnpicklingError, "GLOBAL torch.ComplexFloatStorage"),
        ({"kind": b"cnumpy\nndarray\n"}, pickle.UnpicklingError, "the type of a storage is expected"),
        (
            {"kind": b"cnumpy\ndtype\nX\2\0\0\0c8\x89\x88\x87R"},
            pickle.UnpicklingError,
            "the type of a storage is expected",
        ),
        ({"kind": "FloatStorage"}, pickle.UnpicklingError, "the type of a storage is expected"),
        ({"word": "module"}, pickle.UnpicklingError, "a storage is expected"),
        ({"key": "1"}, RuntimeError, "failed locating file data/1"),
        ({"key": "../data.pkl"}, RuntimeError, "failed locating file data/../data.pkl"),
        ({"key": 0}, pickle.UnpicklingError, "the key or location of a storage"),
        ({"location": "cuda:0"}, RuntimeError, "Attempting to deserialize object on a CUDA device"),
        ({"location": "xla:0"}, RuntimeError, "don't know how to restore data location .*tagged with xla:0"),
        ({"requires_grad": 2}, pickle.UnpicklingError, "requires_grad"),
        (
            {"kind": b"ctorch\nIntStorage\n", "requires_grad": True},
            RuntimeError,
            "only Tensors of floating point",
        ),
    ],
)
def test_views_that_do_not_fit(changes, error, words):
    with pytest.raises(error, match=words):
        loaded(with_pickle(view(**changes), **{"0": bytes(16)}))


def test_one_storage_of_two_types():
    both = b"\x80\2(" + view()[2:-1] + view(kind=b"ctorch\nIntStorage\n")[2:-1] + b"t."
    with pytest.raises(pickle.UnpicklingError, match="has 4 of float32"):
        loaded(with_pickle(both, **{"0": bytes(16)}))


@pytest.mark.parametrize(
    "location", ["cpu", fastgd.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage]
)
def test_map_location(location):
    data = with_pickle(view(location="cuda:0"), **{"0": bytes(16)})
    assert array_of(loaded(data, map_location=location)).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("location", ["cuda", "cuda:1", {"cpu": "cuda"}])
def test_map_to_cuda(location):
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device but .* map_location"):
        loaded(saved(tensor([1])), map_location=location)


def test_map_location_is_called_as_torch_does():
    seen = []
    loaded(saved([tensor([1]), tensor([2])]), map_location=lambda storage, location: seen.append(location))
    assert seen == ["cpu", "cpu"]
    with pytest.raises(ZeroDivisionError):
        loaded(saved(tensor([1])), map_location=lambda storage, location: 1 / 0)


def test_weights_only_changes_nothing():
    assert loaded(saved([1]), weights_only=False) == [1]
    with pytest.raises(pickle.UnpicklingError, match="GLOBAL os.system"):
        loaded(with_pickle(b"cos\nsystem\n."), weights_only=False)


# -- hostile archives


def test_records_that_are_missing():
    contents = records(saved(tensor([1, 2])))
    for name in ("data.pkl", "data/0"):
        rest = {key: value for key, value in contents.items() if key != name}
        with pytest.raises(RuntimeError, match=f"failed locating file {name}: file not found in <BytesIO>"):
            loaded(archived(rest))
    for name in ("byteorder", "version"):
        assert same(loaded(archived({key: value for key, value in contents.items() if key != name})), tensor([1, 2]))


def test_records_that_are_wrong():
    contents = records(saved(tensor([1, 2])))
    with pytest.raises(ValueError, match="Unknown endianness type: middle"):
        loaded(archived(contents | {"byteorder": b"middle"}))
    with pytest.raises(pickle.UnpicklingError, match="2 elements of float32, but has 1"):
        loaded(archived(contents | {"data/0": bytes(7)}))
    with pytest.raises(pickle.UnpicklingError, match="2 elements of float32, but has 3"):
        loaded(archived(contents | {"data/0": bytes(12)}))
    with pytest.raises(RuntimeError, match="TorchScript archives.*state_dict"):
        loaded(archived(contents | {"constants.pkl": b""}))
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = archived(contents, first=[("data/0", bytes(8))])
    with pytest.raises(RuntimeError, match="two records named 'data/0'"):
        loaded(twice)


def test_records_that_are_compressed():
    bomb = archived(records(saved(tensor([0]))) | {"data/0": bytes(10**7)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 20_000
    with pytest.raises(RuntimeError, match="compressed or encrypted"):
        loaded(bomb)


def patched(data, record, at, form, *values):
    """The archive with fields of a record changed in its directory, where sizes and offsets stand in zip64 fields."""
    start = data.index(b"archive/" + record.encode(), data.index(b"PK\1\2")) + at
    return data[:start] + struct.pack(form, *values) + data[start + struct.calcsize(form) :]


@pytest.mark.parametrize("size", [10**6, 2**40, 2**64 - 1])
def test_sizes_that_are_not_there(size):
    data = patched(saved(tensor([1, 2])), "data/0", len("archive/data/0") + 4, "<2Q", size, size)
    with pytest.raises(RuntimeError, match="the records are larger than the file"):
        loaded(data)


def test_a_size_beyond_the_end():
    data = saved(tensor([1, 2]))
    with pytest.raises(RuntimeError, match="goes beyond the end"):
        loaded(patched(data, "data/0", len("archive/data/0") + 4, "<2Q", len(data) - 500, len(data) - 500))


@pytest.mark.parametrize("offset", [0, 1, 10**6, 2**63, 2**64 - 1])
def test_records_that_are_elsewhere(offset):
    data = patched(saved(tensor([1, 2])), "data/0", len("archive/data/0") + 20, "<Q", offset)
    with pytest.raises(RuntimeError, match="checksum" if offset == 0 else "is not where it should be"):
        loaded(data)


def test_records_that_overlap():
    """A small file whose hundred records are one and the same does not fill the memory."""
    views = b"".join(view(key=str(key), length=1000)[2:-1] for key in range(100))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\2(" + views + b"t.")
        archive.writestr("archive/data/0", bytes(4000))
        for key in range(1, 100):
            entry = copy.copy(archive.getinfo("archive/data/0"))
            entry.filename = f"archive/data/{key}"
            archive.filelist.append(entry)
    with pytest.raises(RuntimeError, match="the records are larger than the file"):
        loaded(file.getvalue())
