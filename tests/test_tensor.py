"""Tensor: memory that is shared and memory that is not, versions, numbers out, and errors."""

import copy
import gc
import subprocess
import sys
import warnings
import weakref

import numpy as np
import pytest

import fastgd


@pytest.fixture
def array():
    return np.arange(6, dtype=np.float32).reshape(2, 3)


# ---- memory


def test_from_numpy_shares(array):
    tensor = fastgd.from_numpy(array)
    tensor.add_(1)
    array[0, 0] = 9
    assert tensor.tolist() == [[9, 2, 3], [4, 5, 6]] == array.tolist()
    assert tensor.data_ptr() == array.ctypes.data


def test_tensor_copies(array):
    tensor = fastgd.tensor(array)
    array[...] = 0
    assert tensor.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    "out",
    [
        lambda t: t.numpy(),
        lambda t: t.detach().numpy(),
        lambda t: t.data.numpy(),
        np.asarray,
        np.from_dlpack,
        lambda t: np.array(t, copy=None),
        lambda t: fastgd.as_tensor(t).numpy(),
        lambda t: t.view(-1).numpy(),
        lambda t: t.t().numpy(),
        lambda t: t[1].numpy(),
        lambda t: t[:, 1:].numpy(),
        lambda t: t.unbind(1)[0].numpy(),
    ],
)
def test_what_shares(array, out):
    made = out(fastgd.from_numpy(array))
    assert np.shares_memory(made, array)
    made[...] = 7
    assert 7 in array


@pytest.mark.parametrize(
    "out",
    [
        np.array,
        lambda t: np.asarray(t, dtype=np.float64),
        lambda t: np.array(t, copy=True),
        lambda t: t.clone().numpy(),
        lambda t: t.double().numpy(),
        lambda t: (t + 0).numpy(),
        lambda t: t[[0, 1]].numpy(),
        lambda t: fastgd.tensor(t.numpy()).numpy(),
        lambda t: copy.deepcopy(t).numpy(),
    ],
)
def test_what_copies(array, out):
    assert not np.shares_memory(out(fastgd.from_numpy(array)), array)


def test_no_copy_asked_for(array):
    with pytest.raises(ValueError, match="copy"):
        np.array(fastgd.from_numpy(array), dtype=np.float64, copy=False)


def test_the_memory_lives_as_long_as_a_tensor_of_it():
    array = np.ones(4)
    gone = weakref.ref(array)
    view = fastgd.from_numpy(array)[1:]
    del array
    gc.collect()
    assert view.tolist() == [1, 1, 1]
    del view
    assert gone() is None


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "i8", "i4", "i2", "i1", "u1", "?"])
def test_dlpack_both_ways(dtype):
    array = np.array([[0, 1], [1, 0]], dtype)
    tensor = fastgd.from_numpy(array)
    assert np.shares_memory(np.from_dlpack(tensor), array)
    back = fastgd.from_dlpack(tensor)
    assert np.shares_memory(back.numpy(), array) and back.dtype == tensor.dtype
    assert tensor.__dlpack_device__() == (1, 0)


@pytest.mark.parametrize("turn", [lambda t: t, lambda t: t.t(), lambda t: t[:, 1:]])
def test_dlpack_with_torch(array, turn):
    torch = pytest.importorskip("torch")
    theirs = torch.from_dlpack(turn(fastgd.from_numpy(array)))
    theirs.mul_(2)
    assert fastgd.from_numpy(array)[1, 2].item() == 10
    ours = fastgd.from_dlpack(turn(torch.from_numpy(array)))
    ours.mul_(2)
    assert array[1, 2] == 20
    assert list(ours.stride()) == list(turn(torch.from_numpy(array)).stride())


def test_what_requires_a_gradient_goes_out_detached():
    w = fastgd.ones(2, requires_grad=True)
    with pytest.raises(BufferError, match=r"Can't export tensors that require gradient, use tensor.detach\(\)"):
        w.__dlpack__()
    for out in (lambda: w.numpy(), lambda: np.asarray(w), lambda: (w * 2).numpy()):
        with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires grad. Use tensor.detach"):
            out()
    assert w.numpy(force=True).tolist() == [1, 1]


def test_read_only_arrays_can_be_read():
    array = np.arange(3.0)
    array.flags.writeable = False
    fastgd._warnings._told.clear()
    with pytest.warns(UserWarning, match="not writable"):
        tensor = fastgd.from_numpy(array)
    assert (tensor * 2).tolist() == [0, 2, 4]
    for write in (
        lambda: tensor.add_(1),
        lambda: tensor.zero_(),
        lambda: tensor.__setitem__(0, 1),
        lambda: tensor.__imul__(2),
    ):
        with pytest.raises(ValueError, match="read-only memory.*clone"):
            write()
    assert array.tolist() == [0, 1, 2]


class nothing:
    def __enter__(self):
        pass

    def __exit__(self, *exception):
        pass


# ---- versions


def test_versions_are_counted_over_views(array):
    tensor = fastgd.from_numpy(array)
    view, row, detached = tensor.view(-1), tensor[0], tensor.detach()
    for i, write in enumerate((tensor, view, row, detached), 1):
        write.add_(1)
        assert [t._version for t in (tensor, view, row, detached)] == [i] * 4
    tensor.data.add_(1)
    fastgd.from_numpy(array).add_(1)
    tensor[0, 0] = 3
    assert tensor._version == 5
    assert tensor.clone()._version == 0


def test_data_can_be_replaced():
    w = fastgd.ones(2, requires_grad=True)
    new = fastgd.zeros(3)
    w.data = new
    assert w.shape == (3,) and w.requires_grad and w.is_leaf
    new.add_(1)
    assert w.tolist() == [1, 1, 1]
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got list"):
        w.data = [1]


# ---- small arithmetic is numpy's arithmetic

OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "reversed -": lambda a, b: b - a,
    "reversed /": lambda a, b: b / a,
}
SECOND = {
    "same shape": lambda dtype: np.linspace(-2, 4, 6).reshape(2, 3).astype(dtype),
    "turned": lambda dtype: np.linspace(-2, 4, 6).reshape(3, 2).astype(dtype).T,
    "strided": lambda dtype: np.linspace(-2, 4, 12).reshape(2, 6).astype(dtype)[:, ::2],
    "row": lambda dtype: np.array([1, 2, 3], dtype),
    "one": lambda dtype: np.array([1.5], dtype),
    "no dimension": lambda dtype: np.array(0.1, dtype),
    "float": lambda dtype: 0.1,
    "int": lambda dtype: 3,
    "large int": lambda dtype: 2**30 + 1,
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arithmetic(operation, second, dtype):
    a = np.linspace(0.3, 7, 6).reshape(2, 3).astype(dtype)
    b = SECOND[second](dtype)
    # "/" of a number goes by a reciprocal, as torch's.
    tolerance = 2 * np.finfo(dtype).eps if operation == "reversed /" else 0
    expected = OPERATIONS[operation](a, b)
    x = fastgd.from_numpy(a)
    found = OPERATIONS[operation](x, fastgd.from_numpy(b) if isinstance(b, np.ndarray) else b)
    assert found.numpy().dtype == dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=tolerance)


@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_arithmetic_in_place(name, second, dtype):
    a = np.linspace(0.3, 7, 6).reshape(2, 3).astype(dtype)
    b = SECOND[second](dtype)
    expected = {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b}[name]
    x = fastgd.from_numpy(a)
    assert getattr(x, name + "_")(fastgd.from_numpy(b) if isinstance(b, np.ndarray) else b) is x
    np.testing.assert_array_equal(a, expected)
    assert x._version == 1


def test_infinities_come_without_warnings(either_way):
    assert (fastgd.tensor([1.0, -1.0]) / 0).tolist() == [np.inf, -np.inf]
    assert np.isnan((fastgd.zeros(1) / fastgd.zeros(1)).item())
    w = fastgd.tensor([0.0, 1000.0], requires_grad=True)
    z = w.log() * w.exp() / fastgd.tensor([0.0])
    z.sum().backward()
    p = fastgd.ones(2, 1) * 1e30 @ (fastgd.ones((1, 1), requires_grad=True) * 1e30)
    (p * p).sum().backward()
    assert p.tolist() == [[np.inf], [np.inf]]


def test_a_tensor_and_itself():
    x = fastgd.tensor([1.0, 2.0])
    x -= x
    assert x.tolist() == [0, 0]


# ---- numbers out


def test_item():
    assert fastgd.tensor([[2.5]]).item() == 2.5
    assert type(fastgd.tensor(3).item()) is int and type(fastgd.tensor(True).item()) is bool
    assert (float(fastgd.tensor(2)), int(fastgd.tensor(2.7)), [1, 2, 3][fastgd.tensor(1)]) == (2.0, 2, 2)
    assert bool(fastgd.tensor([0.0])) is False
    assert fastgd.tensor([1, 2]).__contains__(2)
    w = fastgd.tensor(2.0, requires_grad=True)
    assert (w * 2).item() == 4


ERRORS = {
    "item of two": (
        lambda: fastgd.ones(2).item(),
        RuntimeError,
        "a Tensor with 2 elements cannot be converted to Scalar",
    ),
    "item of none": (
        lambda: fastgd.ones(0).item(),
        RuntimeError,
        "a Tensor with 0 elements cannot be converted to Scalar",
    ),
    "bool of two": (
        lambda: bool(fastgd.ones(2)),
        RuntimeError,
        "Boolean value of Tensor with more than one value is ambiguous",
    ),
    "bool of none": (lambda: bool(fastgd.ones(0)), RuntimeError, "Boolean value of Tensor with no values is ambiguous"),
    "len of a number": (lambda: len(fastgd.tensor(1)), TypeError, r"len\(\) of a 0-d tensor"),
    "iter of a number": (lambda: iter(fastgd.tensor(1)), TypeError, "iteration over a 0-d tensor"),
    "float as index": (lambda: [1][fastgd.tensor(0.0)], TypeError, "only integer tensors of a single element"),
    "unknown attribute": (lambda: fastgd.ones(1).nothing, AttributeError, "Tensor' object has no attribute 'nothing'"),
    "shape is fixed": (lambda: setattr(fastgd.ones(1), "shape", 3), AttributeError, "not writable"),
    "text as operand": (lambda: fastgd.ones(1) + "a", TypeError, "unsupported operand"),
    "integers that require": (
        lambda: fastgd.tensor([1]).requires_grad_(),
        RuntimeError,
        "only Tensors of floating point dtype can require gradients",
    ),
    "leaf in place": (
        lambda: fastgd.ones(2, requires_grad=True).add_(1),
        RuntimeError,
        "a leaf Variable that requires grad is being used in an in-place operation.",
    ),
    "view of a leaf in place": (
        lambda: fastgd.ones(2, requires_grad=True)[:1].add_(1),
        RuntimeError,
        "a view of a leaf Variable that requires grad is being used in an in-place operation.",
    ),
    "in place to a larger shape": (
        lambda: fastgd.ones(2).add_(fastgd.ones(3, 2)),
        RuntimeError,
        r"output with shape \[2\] doesn't match the broadcast shape \[3, 2\]",
    ),
    "fraction into integers": (
        lambda: fastgd.tensor([1]).add_(1.5),
        RuntimeError,
        "can't be cast to the desired output type Long",
    ),
    "gradient of another shape": (
        lambda: setattr(fastgd.ones(2), "grad", fastgd.ones(3)),
        RuntimeError,
        r"attempting to assign a gradient of size '\[3\]' to a tensor of size '\[2\]'. Please ensure",
    ),
    "gradient of another dtype": (
        lambda: setattr(fastgd.ones(2), "grad", fastgd.ones(2).double()),
        RuntimeError,
        "attempting to assign a gradient with dtype 'double' to a tensor with grad_dtype 'Float'. The gradient must",
    ),
    "gradient that is a number": (
        lambda: setattr(fastgd.ones(2), "grad", 3),
        TypeError,
        "assigned grad expected to be a Tensor or None but got grad of type",
    ),
    "computed tensor off": (
        lambda: (fastgd.ones(2, requires_grad=True) * 2).requires_grad_(False),
        RuntimeError,
        "you can only change requires_grad flags of leaf variables.",
    ),
    "retain_grad of data": (
        lambda: fastgd.ones(2).retain_grad(),
        RuntimeError,
        "can't retain_grad on Tensor that has requires_grad=False",
    ),
    "hook on data": (
        lambda: fastgd.ones(2).register_hook(print),
        RuntimeError,
        "cannot register a hook on a tensor that doesn't require gradient",
    ),
    "deepcopy of a computed tensor": (
        lambda: copy.deepcopy(fastgd.ones(2, requires_grad=True) * 2),
        RuntimeError,
        r"Only Tensors created explicitly by the user \(graph leaves\) support the deepcopy protocol",
    ),
    "Parameter of a list": (
        lambda: fastgd.nn.Parameter([1]),
        AttributeError,
        "'list' object has no attribute 'detach'",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, kind, text = ERRORS[name]
    with pytest.raises(kind, match=text):
        call()


def test_grad_of_a_computed_tensor_warns():
    with pytest.warns(UserWarning, match="The .grad attribute of a Tensor that is not a leaf Tensor is being accessed"):
        assert (fastgd.ones(2, requires_grad=True) * 2).grad is None


# What is made of t, and whether it warns.
SCALARS = {
    "float(t)": True,
    "'%f' % t": True,
    "complex(t)": True,
    "fastgd.tensor([t, t])": True,
    "fastgd.FloatTensor([t])": True,
    "int(t), t.item(), f'{t:.2f}', '%d' % t, bool(t), float(t.detach())": False,
}


@pytest.mark.parametrize("form, warns", SCALARS.items())
def test_a_number_made_of_a_recorded_tensor_warns_once(form, warns):
    """Each in a process of its own, as the warning is given once in a process."""
    program = f"""
import warnings, fastgd
t = fastgd.tensor(1.5, requires_grad=True)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    {form}; {form}
print(*[warning.message for warning in seen])
"""
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    said = "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
    assert out == (f"{said}Consider using tensor.detach() first.\n" if warns else "\n")


# ---- what a tensor carries


def test_attributes_of_one_s_own():
    w = fastgd.ones(2, requires_grad=True)
    w.note = "mine"
    w.grad = fastgd.ones(2)
    assert w.note == "mine" and vars(w) == {"note": "mine"}
    assert not hasattr(fastgd.ones(2), "note") and vars(fastgd.ones(2)) == {}
    del w.grad
    assert w.grad is None

    class Named(fastgd.Tensor):
        pass

    assert issubclass(Named, fastgd.Tensor)


def test_deepcopy():
    w = fastgd.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    one, again = copy.deepcopy([w, w])
    assert one is again and one is not w
    assert one.requires_grad and one.grad.tolist() == [2, 4] and one.grad is not w.grad


def test_deepcopy_takes_the_attributes_of_a_tensor_but_not_of_a_parameter():
    tensor, parameter = fastgd.ones(1), fastgd.nn.Parameter(fastgd.ones(1))
    tensor.note = parameter.note = ["mine"]
    copied = copy.deepcopy(tensor)
    assert copied.note == ["mine"] and copied.note is not tensor.note
    assert vars(copy.deepcopy(parameter)) == {}


def test_parameter(array):
    data = fastgd.from_numpy(array)
    parameter = fastgd.nn.Parameter(data)
    assert parameter.requires_grad and not data.requires_grad
    assert np.shares_memory(parameter.detach().numpy(), array)
    with fastgd.no_grad():
        parameter.add_(1)
    assert data._version == parameter._version == 1
    assert fastgd.nn.Parameter().shape == (0,)
    assert not fastgd.nn.Parameter(data, requires_grad=False).requires_grad


def test_detach_(array):
    w = fastgd.tensor(array, requires_grad=True)
    z = (w * 2).detach_()
    assert z.is_leaf and not z.requires_grad and z.grad_fn is None


def test_hash_is_identity():
    a, b = fastgd.ones(1), fastgd.ones(1)
    assert len({a, b, a}) == 2 and {a: 1}[a] == 1


def test_views_of_writable_arrays_are_written_to():
    """pandas hands out such views; what is itself read-only, and what repeats elements, stays as it is."""
    memory = np.arange(4.0)
    view = memory[1:]
    view.flags.writeable = False
    fastgd._warnings._told.clear()
    with pytest.warns(UserWarning, match="not writable"):
        fastgd.from_numpy(view).add_(1)
    fastgd.as_tensor(view).mul_(2)
    assert memory.tolist() == [0, 4, 6, 8]
    with pytest.raises(ValueError, match="read-only memory"):
        fastgd.from_numpy(np.broadcast_to(np.ones(1), 3)).add_(1)


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.zeros(0).stride(), lambda t: t.zeros(2, 0, 3).stride(), lambda t: t.zeros(0, 3).stride(0),
        lambda t: np.isnan(t.ones(2)), lambda t: np.isnan(t.ones(2)).any(), lambda t: t.zeros(2, dtype=t.uint8).all(0),
        lambda t: t.ones(3).mT, lambda t: t.tensor(1.0).mH,
    ],
)  # fmt: skip
def test_oddities(torch, make):
    """Strides of no elements, truth values by numpy, and what is no matrix."""

    def made(t):
        try:
            return repr(make(t))
        except RuntimeError as error:
            return str(error)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert made(fastgd) == made(torch)
