"""Archives that are cut off, changed, or lie about their records: noticed, and read no further."""

import copy
import io
import pickle
import struct
import zipfile

import pytest
from archives import RECORDED, SMALL, archived, loaded, records, same, saved, tensor, view


def test_truncated_anywhere():
    data = saved(SMALL)
    for length in range(len(data)):
        with pytest.raises(
            EOFError if length == 0 else pickle.UnpicklingError if length < 4 else RuntimeError
        ) as caught:
            loaded(data[:length])
        assert "\n" not in str(caught.value) and (length == 0 or len(str(caught.value)) > 20)


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
