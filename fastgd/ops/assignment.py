"""Writing to parts of a tensor: t[...] = value, index_put, and slices along a dimension by their numbers."""

import numpy as np

from .._tensor import (
    WRITE_TO_DATA,
    Tensor,
    apply,
    apply_inplace,
    from_array,
    is_grad_enabled,
    method,
    prepare_write,
    row,
)
from .._types import advised
from .indexing import long_index
from .parts import add_at, index_error, resolved
from .publishing import publish
from .views import check_dim


def _write(array, value, index):
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())  # numpy leaves no sizes of one out where the place is a single element
    try:
        array[index] = value
    except IndexError as error:
        raise index_error(array, index, error) from None
    except ValueError:
        if not array.flags.writeable:
            raise
        have, wanted = list(np.shape(value)), list(array[index].shape)
        if not any(isinstance(part, np.ndarray) for part in (index if isinstance(index, tuple) else (index,))):
            from_array(value).expand(wanted)  # says which size does not fit
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {have} cannot be broadcast to indexing result of shape {wanted}"
        ) from None
    return array


def _write_forward(a, value, index):
    return _write(a.copy(), value, index)


def without_part(g, out, a, value, index):
    made = g.copy()
    made[index] = 0
    return made


def _written(g, out, a, value, index):
    part = g[index]
    # Sizes of one in front of the value's own are dropped by the assignment.
    extra = value.ndim - part.ndim
    return part.reshape((1,) * extra + part.shape) if extra > 0 else part


def _write_name(a, value, index):
    """grad_fn's name: torch copies, or fills, where the place is the whole tensor."""
    parts = index if isinstance(index, tuple) else (index,)
    if not all(part is Ellipsis or isinstance(part, slice) and part == slice(None) for part in parts):
        return "CopySlices"
    return "CopyBackwards" if isinstance(value, np.ndarray) else "FillBackward3"


_copy_slices_row = row("copy_slices", _write_forward, (without_part, _written), ((), ()), label=_write_name)


_index_put_row = row("index_put", _write_forward, (without_part, _written), ((), ()))


def setitem(input, index, value):
    """input[index] = value."""
    index, advanced = resolved(index)
    if not isinstance(value, Tensor):
        if isinstance(value, np.generic):
            value = value.item()
        elif isinstance(value, np.ndarray):
            value = from_array(value)
        elif not isinstance(value, (int, float)):
            raise TypeError(f"can't assign a {type(value).__name__} to a torch.{input.dtype.legacy}Tensor")
    if is_grad_enabled() and (input.requires_grad or isinstance(value, Tensor) and value.requires_grad):
        if not advanced and input.requires_grad and input.is_leaf:
            raise advised(
                RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation."),
                WRITE_TO_DATA,
            )
        apply_inplace(_index_put_row if advanced else _copy_slices_row, (input, value), {"index": index})
        return
    _write(prepare_write(input), value.detach().numpy() if isinstance(value, Tensor) else value, index)


def _slices(dim, index):
    return (slice(None),) * dim + (long_index("index", index).reshape(-1),)


def _index_added(a, value, index):
    a = a.copy()
    np.add.at(a, index, value)
    return a


_index_add_row = row(
    "index_add",
    _index_added,
    (lambda g, out, a, value, index: g, lambda g, out, a, value, index: g[index]),
    ((), ()),
)
_index_fill_row = row("index_fill", _write_forward, (without_part, None), ((), ()))
_index_copy_row = row("index_copy", _write_forward, (without_part, _written), ((), ()))


_index_put_sum_row = row(
    "index_put_sum",
    _index_added,
    (lambda g, out, a, value, index: g, lambda g, out, a, value, index: g[index]),
    ((), ()),
    label="IndexPutBackward0",
)


def _put(run):
    def put(input, indices, values, accumulate=False):
        if values.dtype != input.dtype:
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{input.dtype.legacy} for the destination and {values.dtype.legacy} for the source."
            )
        index, _ = resolved(tuple(indices))
        return run(_index_put_sum_row if accumulate else _index_put_row, (input, values), {"index": index})

    return put


index_put = publish(
    "index_put",
    _put(apply),
    "input with values at input[indices]; with accumulate, added to what is there, as often as it is named.",
    _put(apply_inplace),
)


def _by_slices(name, made, doc):
    def written_by(run):
        def written(input, dim, index, source, *, alpha=1):
            options = {"index": _slices(check_dim(dim, input.ndim), index)}
            return run(made, (input, source if alpha == 1 else source * alpha), options)

        return written

    return publish(name, written_by(apply), doc, written_by(apply_inplace))


index_add = _by_slices("index_add", _index_add_row, "input with source added to the slices that index names.")
index_fill = _by_slices("index_fill", _index_fill_row, "input with one value in the slices that index names.")
index_copy = _by_slices("index_copy", _index_copy_row, "input with source in the slices that index names.")


def masked_scatter(input, mask, source):
    """input with the elements of source, one after another, where the mask holds."""
    made = input.clone()
    made[mask] = source.reshape(-1)[: int(mask.sum())]
    return made


publish("masked_scatter", masked_scatter, masked_scatter.__doc__)
method("__setitem__", setitem)

# ---- a part of a tensor, by the number of each of its elements: what the tape records of writing to a view


def _without(g, out, a, value, places):
    made = g.copy("C")
    made.reshape(-1)[places] = 0
    return made


row("part", None, (lambda g, out, a, places: add_at(g, out, a.reshape(-1), places).reshape(a.shape),), ((),),
    label="AsStridedBackward0")  # fmt: skip
row("replace_part", None, (_without, lambda g, out, a, value, places: g.reshape(-1)[places]), ((), ()),
    label="CopySlices")  # fmt: skip
