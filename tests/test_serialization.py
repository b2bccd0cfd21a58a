"""What a file may hold comes back the same: through fastgd, between fastgd and torch, and from torch's own files."""

import io
import pickle
from collections import Counter, OrderedDict

import hypothesis.strategies as st
import numpy as np
import pytest
from archives import (
    NAMES,
    RECORDED,
    array_of,
    checkpoint_parts,
    loaded,
    records,
    same,
    saved,
    tensor,
    view,
    views,
    with_pickle,
)
from hypothesis import given, settings

import fastgd
from fastgd.nn import Parameter
from fastgd.serialization import load


def owner(value):
    array = array_of(value)
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


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


def names(lib):
    return [lib.Size((2, 3)), lib.device("cpu"), *(getattr(lib, name) for name in NAMES)]


def leaves():
    return [
        Parameter(tensor([1, 2])),
        Parameter(tensor([1, 2]), requires_grad=False),
        tensor([1]).requires_grad_(True),
    ]


def state_dict():
    state = OrderedDict(weight=tensor([[1, 2]]))
    state._metadata = OrderedDict({"": {"version": 1}})
    return state


OURS = {"names": names(fastgd), "numpy": NUMPY_VALUES, "views": views(), "leaves": leaves(), "state dict": state_dict()}
PLAIN = {f"values {i}": value for i, value in enumerate(VALUES)}


@pytest.mark.parametrize("name", [*PLAIN, *OURS])
def test_comes_back_the_same(name):
    value = (PLAIN | OURS)[name]
    assert same(loaded(saved(value)), value)


@pytest.mark.parametrize("name", [*PLAIN, "views", "leaves"])
def test_torch_reads(name, torch):
    value = (PLAIN | OURS)[name]
    assert same(torch.load(io.BytesIO(saved(value)), weights_only=True), value)


@pytest.mark.parametrize("name", [*PLAIN, "numpy"])
def test_reads_torchs(name, torch):
    value = (PLAIN | OURS)[name]
    file = io.BytesIO()
    torch.save(value, file)
    assert same(loaded(file.getvalue()), value)


def test_torch_reads_names(torch):
    assert same(torch.load(io.BytesIO(saved(names(fastgd))), weights_only=True), names(torch))


def test_torch_reads_numpy(torch):
    assert same(torch.load(io.BytesIO(saved(NUMPY_VALUES)), weights_only=False), NUMPY_VALUES)


def test_torch_reads_views_of_one_storage(torch):
    read = torch.load(io.BytesIO(saved(views())), weights_only=True)
    sharing = ("whole", "transposed", "steps", "zero-dimensional")
    assert len({read[name].untyped_storage().data_ptr() for name in sharing}) == 1


def test_big_endian_arrays():
    array = np.arange(3, dtype=">i4")
    assert np.array_equal(loaded(saved(array)), array)


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


def test_attributes():
    noted, parameter = tensor([1]), Parameter(tensor([1]))
    noted.note, parameter.note = "a", {"b": noted}
    read = loaded(saved([noted, parameter]))
    assert read[0].note == "a" and read[1].note["b"] is read[0]


def test_cycles():
    value = {"list": []}
    value["list"].append(value)
    read = loaded(saved(value))
    assert read["list"][0] is read


def trained(package):
    """A model of fastgd or torch after a step with momentum, its optimizer, and a scheduler that has a Counter."""
    model = package.nn.Linear(3, 1)
    optimizer = package.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    package.nn.MSELoss()(model(package.ones(4, 3)), package.zeros(4, 1)).backward()
    scheduler = package.optim.lr_scheduler.MultiStepLR(optimizer, [1, 3, 3])
    optimizer.step()
    scheduler.step()
    return {"model": model, "optimizer": optimizer, "scheduler": scheduler}


@pytest.mark.parametrize("writer, reader", [("fastgd", "fastgd"), ("fastgd", "torch"), ("torch", "fastgd")])
def test_checkpoints(writer, reader, tmp_path):
    writer, reader = (pytest.importorskip(name) for name in (writer, reader))
    before, after = trained(writer), trained(reader)
    writer.save({name: part.state_dict() for name, part in before.items()}, tmp_path / "c.pth")
    states = reader.load(tmp_path / "c.pth")
    for name, part in after.items():
        part.load_state_dict(states[name])
    assert same(after["model"].weight, before["model"].weight)
    assert after["scheduler"].state_dict() == before["scheduler"].state_dict()
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
        st.dictionaries(KEYS, st.integers()).map(Counter),
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
    assert same(checkpoint, checkpoint_parts(fastgd))


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
