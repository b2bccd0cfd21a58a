"""Pickles that are damaged or made to harm: a value or the one error, and nothing is run."""

import os
import pickle

import hypothesis.strategies as st
import numpy as np
import pytest
from archives import RECORDED, SMALL, array_of, loaded, records, saved, view, with_pickle
from hypothesis import given, settings

from fastgd._unpickler import Unpickler


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
        b"numpy\ndtype\nX\2\0\0\0f8\x89\x88\x87R\x89c__builtin__\nbytes\n)Rtb.",
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
