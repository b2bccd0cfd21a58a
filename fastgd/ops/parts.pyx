"""Reading by index, mask and index tensor, and cutting into pieces."""

from numpy cimport ndarray

from .._tensor cimport Row, Tensor, array_of, view_of

from itertools import accumulate

import numpy as np

from .._tensor import apply, method, row
from .._types import advised
from .._warnings import warn
from .publishing import check_tensor, publish
from .views import check_dim

# ---- t[...]


def put(g, out, a, index):
    """The gradient of elements each read once."""
    made = np.zeros(a.shape, g.dtype)
    made[index] = g
    return made


def add_at(g, out, a, index):
    """The gradient of elements that may have been read several times."""
    made = np.zeros(a.shape, g.dtype)
    np.add.at(made, index, g)
    return made


def take_at(a, index):
    try:
        # numpy lays out what several index arrays pick in an order of its own.
        return np.asarray(a[index], order="C")
    except IndexError as error:
        raise index_error(a, index, error) from None


def _take_view(a, index):
    try:
        if type(index) is slice:
            return a[index]
        if type(index) is tuple:
            made = a[index]
            if isinstance(made, ndarray):
                return made
            return a[(*index, ...)]         # a view of a single element, too
        return a[...] if index is Ellipsis else a[index, ...]
    except IndexError as error:
        raise index_error(a, index, error) from None


def index_error(a, index, error):
    parts = index if isinstance(index, tuple) else (index,)
    counted = [part for part in parts if part is not None and part is not Ellipsis]
    if a.ndim == 0 and isinstance(index, slice):
        return IndexError("slice() cannot be applied to a 0-dim tensor.")
    if a.ndim == 0 and counted and not isinstance(index, tuple):
        return IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
            "0-dim tensor to a number"
        )
    if sum([part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1 for part in counted]) > a.ndim:
        return IndexError(f"too many indices for tensor of dimension {a.ndim}")
    if Ellipsis not in [part for part in parts if not isinstance(part, np.ndarray)]:
        for axis, part in enumerate(counted):
            size = a.shape[axis]
            if isinstance(part, int) and not -size <= part < size:
                return IndexError(f"index {part} is out of bounds for dimension {axis} with size {size}")
            if isinstance(part, np.ndarray) and part.dtype.kind == "b" and part.shape[:1] != (size,):
                return IndexError(
                    f"The shape of the mask {list(part.shape)} at index 0 does not match the shape of the indexed "
                    f"tensor {list(a.shape)} at index {axis}"
                )
            if isinstance(part, np.ndarray) and part.dtype.kind in "iu" and part.size:
                wrong = part[(part < -size) | (part >= size)]
                if wrong.size:
                    return IndexError(f"index {wrong.flat[0]} is out of bounds for dimension {axis} with size {size}")
    return IndexError(str(error))


select_row = row("select", _take_view, (put,), ((),), view=True)
_slice_row = row("slice", _take_view, (put,), ((),), view=True)
_unsqueeze_row = row("index_none", _take_view, (put,), ((),), label="UnsqueezeBackward0", view=True)
_alias_row = row("alias", _take_view, (put,), ((),), view=True)
_index_row = row("index", take_at, (add_at,), ((),))
# Read by the affine form: a column of a prediction.
_column_row = row("getitem", _take_view, (put,), ((),), label="SelectBackward0", view=True)


def _plain(index):
    """An index with arrays for its tensors, and whether it is more than integers, slices, None and `...`."""
    if index is None or index is Ellipsis or type(index) is int:
        return index, False
    if isinstance(index, Tensor):
        kind = index.dtype.numpy.kind
        if kind == "f":
            raise advised(
                IndexError("tensors used as indices must be long, int, byte or bool tensors"),
                f"This one is a torch.{index.dtype.legacy}Tensor: convert it with .long().",
            )
        if index.ndim == 0 and kind in "iu":
            return index.item(), False
        array = index.detach().numpy()
        if array.dtype == np.uint8:
            warn("indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.")
            array = array != 0
        return array, True
    if isinstance(index, (list, range)):
        return _plain(np.asarray([_plain(part)[0] for part in index] or np.empty(0, np.int64)))
    if isinstance(index, np.ndarray):
        if index.ndim == 0 and index.dtype.kind in "iu":
            return index.item(), False
        return index, True
    if isinstance(index, slice):
        if index.step is not None and index.step < 0:
            raise advised(ValueError("step must be greater than zero"), "Use .flip() to reverse.")
        return index, False
    if isinstance(index, np.bool_):
        return bool(index), True
    if isinstance(index, np.integer):
        return int(index), False
    if isinstance(index, int):
        return index, isinstance(index, bool)
    if isinstance(index, float):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
            "(got float)"
        )
    if isinstance(index, str):
        raise advised(TypeError("new(): invalid data type 'str'"), "A tensor has no columns by name.")
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {type(index).__name__})"
    )


def resolved(index):
    if isinstance(index, tuple):
        parts = [_plain(part) for part in index]
        return tuple([part for part, _ in parts]), True in [advanced for _, advanced in parts]
    return _plain(index)


def getitem(input, index):
    """input[index]: shares memory for integers and slices, copies for lists, masks and index tensors."""
    if type(index) is int:
        return apply(select_row, (input,), {"index": index})
    if type(index) is slice and index.step is None:
        return apply(_slice_row, (input,), {"index": index})
    index, advanced = resolved(index)
    if advanced:
        return apply(_index_row, (input,), {"index": index})
    if type(index) is tuple:
        if len(index) == 2 and index[1] == 0 and type(index[1]) is int:
            return apply(_column_row, (input,), {"index": index})
        return apply(_row_of_view(index, input), (input,), {"index": index})
    made = _unsqueeze_row if index is None else select_row if type(index) is int else _slice_row
    return apply(_alias_row if index is Ellipsis else made, (input,), {"index": index})


def _row_of_view(index, input):
    """The row named after the last step that torch takes: slices of all that there is are none."""
    sizes = input.shape
    before = len([part for part in index[: index.index(...)] if part is not None]) if Ellipsis in index else 0
    taken = len([part for part in index if part is not None and part is not Ellipsis])
    axis = (len(sizes) if Ellipsis in index else taken) - 1
    for part in reversed(index):
        if part is None:
            return _unsqueeze_row
        if type(part) is int:
            return select_row
        if part is Ellipsis:
            axis = before - 1
            continue
        if axis >= len(sizes) or part.indices(sizes[axis]) != (0, sizes[axis], 1):
            return _slice_row
        axis -= 1
    return _alias_row


# ---- pieces


cdef Row _piece_row(name, label):
    return row(name, _take_view, (put,), ((),), label=label, view=True)


_unbind_row = _piece_row("unbind", "UnbindBackward0")
_split_row = _piece_row("split", "SplitBackward0")
slice_piece_row = _piece_row("slice_piece", "SliceBackward0")
_split_sizes_row = _piece_row("split_with_sizes", "SplitWithSizesBackward0")


cpdef tuple between(start, end, dim):
    """The index of a range along a dimension."""
    return (slice(None),) * dim + (slice(start, end),)


def unbind(input, dim=0, *, axis=None):
    """The slices along a dimension, as a tuple of tensors that share memory."""
    dim = dim if axis is None else axis
    if not input.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    dim = check_dim(dim, input.ndim)
    before = (slice(None),) * dim
    return tuple([_piece(_unbind_row, input, (*before, i, ...)) for i in range(input.shape[dim])])


cdef Tensor _piece(Row made, Tensor input, tuple index):
    return view_of(made, input, array_of(input)[index], {"index": index})


def pieces(made, input, dim, bounds):
    """The ranges between bounds along a dimension."""
    return tuple([_piece(made, input, between(start, end, dim)) for start, end in zip(bounds[:-1], bounds[1:])])


def split(input, split_size_or_sections, dim=0):
    """Pieces of one size (the last may be smaller) or of given sizes along a dimension; they share memory."""
    check_tensor("split", "tensor", 1, input)
    dim = check_dim(dim, input.ndim)
    length = input.shape[dim]
    if isinstance(split_size_or_sections, (list, tuple)):
        sizes = split_size_or_sections
        if sum(sizes) != length:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at dimension "
                f"{dim}), but got split_sizes={list(sizes)}"
            )
        return pieces(_split_sizes_row, input, dim, list(accumulate(sizes, initial=0)))
    size = int(split_size_or_sections)
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and length:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}")
    return pieces(_split_row, input, dim, [*range(0, length, size or 1), length] if length else [0, 0])


def chunk(input, chunks, dim=0):
    """So many pieces along a dimension, or fewer, of one size but for the last; they share memory."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    length = input.size(dim)
    return split(input, max(-(-length // chunks), 1), dim)


def narrow(input, dim, start, length):
    """`length` slices along a dimension from `start` on; shares memory."""
    dim = check_dim(dim, input.ndim)
    start = int(start)
    size = input.shape[dim]
    start = start + size if start < 0 else start
    if start > size or start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return _piece(slice_piece_row, input, between(start, start + length, dim))


for _function in (unbind, split, chunk, narrow):
    publish(_function.__name__, _function, _function.__doc__)
method("__iter__", unbind)
method("__getitem__", getitem)
