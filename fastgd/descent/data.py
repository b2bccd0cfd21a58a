"""The data of a fit: what people pass becomes tensors of the model's type, and batches of them."""

import numpy as np

from .. import random
from .._tensor import Tensor, from_array
from ..statistics import Statistics, check_mask
from ..utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    default_collate,
    epoch_order,
)

SEARCHED_AT_ONCE = 1 << 22  # numbers


def intake(X, y, sample_weight, batch_size, shuffle, drop_last, dtype):
    """Sums of Statistics; Rows of rows, or of a DataLoader that only cuts rows into batches; else Batches."""
    if isinstance(X, Statistics):
        if y is not None or sample_weight is not None or batch_size is not None or shuffle or drop_last:
            raise ValueError(
                "Statistics hold X, y and sample_weight of all rows: give none of them, nor batch_size, shuffle or "
                "drop_last"
            )
        return Sums(X, dtype)
    if y is not None:
        return Rows(X, y, sample_weight, batch_size, shuffle, drop_last, dtype)
    if sample_weight is not None:
        raise ValueError(
            "sample_weight must come with X and y, but y is None, so X is taken for an iterable of batches: pass the "
            "rows themselves"
        )
    if batch_size is not None or shuffle or drop_last:
        raise ValueError(
            "batch_size, shuffle and drop_last must come with X and y, but y is None, so X is taken for an iterable of "
            "batches: set them there, or pass y"
        )
    loaded = _rows_of(X)
    return Batches(X, dtype) if loaded is None else Rows(*loaded, dtype)


def _rows_of(loader):
    """The arguments of Rows by which it meets the batches of a plain DataLoader; None for other data."""
    if type(loader) is not DataLoader or type(loader.dataset) is not TensorDataset:
        return None
    tensors, batches = loader.dataset.tensors, loader.batch_sampler
    if type(batches) is not BatchSampler:
        return None
    sampler = batches.sampler  # the loader's own, or of the batch_sampler that it was given
    plain = type(sampler) is SequentialSampler or (
        type(sampler) is RandomSampler and not sampler.replacement and sampler.generator is None
    )
    if (
        len(tensors) != 2
        or not plain
        or not len(sampler) == len(sampler.data_source) == len(loader.dataset)
        or loader.collate_fn is not default_collate
        or loader.generator is not None
    ):
        return None
    return *tensors, None, batches.batch_size, type(sampler) is RandomSampler, batches.drop_last


class Rows:
    """Rows of X and y, in batches as a DataLoader makes them.

    Args:
        X, y: anything that `as_rows` takes.
        sample_weight: one number a row, or None.
        batch_size: rows a batch; None for all of them and no loader, which draws no random words.
        shuffle, drop_last: as a DataLoader's.
        dtype: the model's.

    Attributes:
        X, y, weights: tensors; weights may be None.
        batch_size: at most the number of rows.
        full: whether every epoch is one batch of all rows.
    """

    def __init__(self, X, y, sample_weight, batch_size, shuffle, drop_last, dtype):
        self.X, self.y = paired(X, y, dtype)
        n = len(self.X)
        if drop_last and batch_size and batch_size > n:
            raise ValueError(
                f"drop_last leaves no batch: expected batch_size of at most the {n} rows, got {batch_size}"
            )
        self.weights = None if sample_weight is None else _weights(sample_weight, n, dtype)
        self.batch_size = min(batch_size or n, n)
        self.full = self.batch_size == n
        self.loaded = batch_size is not None
        self.shuffle, self.drop_last = shuffle, drop_last
        self.target_ndim = self.y.ndim
        self.generators = [random.default_generator]

    def arguments(self):
        """What another fit must repeat to go on with this one."""
        return {
            "rows": len(self.X), "batch_size": self.batch_size, "shuffle": self.shuffle, "drop_last": self.drop_last
        }  # fmt: skip

    def given(self):
        """The tensors of data that there are."""
        return [data for data in (self.X, self.y, self.weights) if data is not None]

    def draw_order(self):
        """The order of the rows in the next epoch, drawn as a DataLoader draws it; None for the order they have."""
        return epoch_order(len(self.X), self.shuffle) if self.loaded else None

    def draw_unused(self, epochs):
        """Leaves the random stream as so many full batches do, whose sum needs no order."""
        if self.loaded:
            for _ in range(epochs * (2 if self.shuffle else 1)):
                random.default_generator.random64()

    def batches(self):
        """The batches of an epoch: (x, y), or (x, y, weights)."""
        order = self.draw_order()
        n = len(self.X)
        for first in range(0, n - n % self.batch_size if self.drop_last else n, self.batch_size):
            rows = slice(first, first + self.batch_size)
            if order is not None:
                rows = from_array(order[rows])
            yield tuple(data[rows] for data in self.given())

    def check_finite(self):
        """Raises for NaN or infinity in the data."""
        check_finite(X=self.X, y=self.y, sample_weight=self.weights)


class Sums:
    """Statistics in place of the rows.

    Attributes:
        X, y: two rows of nothing, which show the model as any rows would.
    """

    full, weights = True, None

    def __init__(self, statistics, dtype):
        self.statistics, self.target_ndim = statistics, statistics.target_ndim
        self.X = from_array(np.zeros((2, statistics.features), dtype.numpy))
        self.y = from_array(np.zeros((2, statistics.outputs)[: self.target_ndim], dtype.numpy))
        self.generators = [random.default_generator]

    def arguments(self):
        return {"rows": self.statistics.rows}

    def given(self):
        """None."""
        return []

    def draw_unused(self, epochs):
        """Nothing: nobody loads rows."""

    def check_finite(self):
        """Nothing: Statistics are finite."""


class Batches:
    """Any iterable of (x, y)."""

    full, batch_size, weights, target_ndim = False, None, None, None

    def __init__(self, batches, dtype):
        if not hasattr(batches, "__iter__") or isinstance(batches, (np.ndarray, Tensor)):
            raise TypeError(
                f"X must be rows with a y, or an iterable of batches (x, y), but y is None and X is a "
                f"{type(batches).__name__}: pass y"
            )
        self.given, self.dtype = batches, dtype
        loaders = (getattr(batches, "generator", None), getattr(getattr(batches, "sampler", None), "generator", None))
        own = {id(each): each for each in loaders if isinstance(each, random.Generator)}
        self.generators = [random.default_generator, *own.values()]
        self.at, self.batch = 0, None

    def arguments(self):
        return {}

    def batches(self):
        """The batches of an epoch: (x, y)."""
        self.batch = None
        for at, batch in enumerate(self.given):
            if not isinstance(batch, (tuple, list)) or len(batch) != 2:
                raise TypeError(
                    f"a batch must be a pair (x, y), but batch {at} is a {type(batch).__name__}: make it one"
                )
            self.at, self.batch = at, paired(*batch, self.dtype, f" of batch {at}")
            self.target_ndim = self.batch[1].ndim
            yield self.batch
        if self.batch is None:
            raise ValueError(
                f"X must give batches in every epoch, but this {type(self.given).__name__} gave none: an iterator can "
                "be read once only, pass a list or a DataLoader"
            )

    def check_finite(self):
        """Raises for NaN or infinity in the batch that was given last."""
        check_finite(**{f"X of batch {self.at}": self.batch[0], f"y of batch {self.at}": self.batch[1]})


def as_rows(name, data, dtype):
    """The data as a tensor of the model's type; shares memory where the type is right.

    Args:
        name: of the argument, for messages.
        data: an array (memory-mapped too), a tensor of any library, a frame, a sequence: what has `__array__` or
            `__dlpack__`.
        dtype: the model's.

    Raises:
        TypeError: floating-point numbers of another type, or no numbers.
    """
    if isinstance(data, Tensor):
        array = data.detach().numpy()
    elif hasattr(data, "__dlpack__") and not hasattr(data, "__array__"):
        array = np.from_dlpack(data)
    else:
        check_mask(name, data)
        array = np.asarray(data)
    if array.dtype == object:
        array = _unboxed(name, array, dtype)
    if array.dtype == dtype.numpy:
        if not _readable_in_place(array):
            return from_array(np.require(array, requirements="CA"))  # once here, not once a step
        return data if isinstance(data, Tensor) and not data.requires_grad else from_array(array)
    if array.dtype.newbyteorder("=") == dtype.numpy:
        return from_array(array.astype(dtype.numpy, "C"))
    if array.dtype.kind == "f":
        to = {"float32": "float", "float64": "double"}.get(array.dtype.name)
        raise TypeError(
            f"{name} must be {dtype.name} as the model is, but it is {array.dtype.name}: convert it with "
            f'astype("{dtype.name}")' + (f", or the model with model.{to}()" if to else "")
        )
    if array.dtype.kind not in "biu":
        raise TypeError(f"{name} must hold numbers, but its type is {array.dtype}: encode it first")
    return from_array(array.astype(dtype.numpy, "C"))


def _readable_in_place(array):
    """Whether C can read the rows where they are: any step from row to row, the elements of a row side by side."""
    steps = [step for step, size in zip(array.strides, array.shape) if size > 1]
    inner = array.shape[1:] == () or array[:1].flags.c_contiguous
    return inner and array.flags.aligned and all(step % array.itemsize == 0 for step in steps)


def _unboxed(name, array, dtype):
    """Numbers of several types, as a frame of integer and bool columns gives them."""
    if array.ndim == 0:
        raise TypeError(
            f"{name} must be rows of numbers, in an array, tensor, frame or list, but got a "
            f"{type(array.item()).__name__}: convert it to one of these (toarray(), collect(), values)"
        )
    precise = False
    for at, value in np.ndenumerate(array):
        if not isinstance(value, (bool, int, float, np.bool_, np.number)):
            where = f"row {at[0]}" + (f", column {at[1]}" if len(at) > 1 else "")
            raise TypeError(f"{name} must hold numbers, but {where} holds {value!r}: encode or drop such columns")
        precise = precise or isinstance(value, float)  # of a column of float64: that is the caller's to round
    return array.astype(np.float64 if precise else dtype.numpy, "C")


def paired(X, y, dtype, of=""):
    """X and y (of what, for messages) as tensors with one row each per sample."""
    X, y = as_rows("X" + of, X, dtype), as_rows("y" + of, y, dtype)
    if X.ndim == 0 or y.ndim == 0 or len(X) != len(y):
        raise ValueError(
            f"X and y{of} must have one row each per sample, but X has shape {tuple(X.shape)} and y {tuple(y.shape)}: "
            "pass the y of these rows"
        )
    if len(X) == 0:
        raise ValueError(f"X{of} must have at least one row, but it has shape {tuple(X.shape)}: pass some data")
    return X, y


def like_prediction(y, prediction):
    """y in the shape of the prediction: (n,) is taken for (n, 1), and the other way round."""
    if y.shape == prediction.shape:
        return y
    if y.ndim == 1 and tuple(prediction.shape) == (len(y), 1):
        return from_array(y.detach().numpy()[:, None])
    if prediction.ndim == 1 and tuple(y.shape) == (len(prediction), 1):
        return from_array(y.detach().numpy()[:, 0])
    if prediction.ndim == 0 and y.numel() == 1:  # a batch of one row, squeezed
        return from_array(y.detach().numpy().reshape(()))
    raise ValueError(
        f"y must have the shape of the model's prediction, {tuple(prediction.shape)}, but it has {tuple(y.shape)}: "
        "reshape it, or give the model as many outputs"
    )


def _weights(given, n, dtype):
    check_mask("sample_weight", given)
    array = np.asarray(given.detach().numpy() if isinstance(given, Tensor) else given)
    if array.shape != (n,):
        raise ValueError(f"sample_weight must have shape ({n},), one a row, but it has {array.shape}: pass one a row")
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"sample_weight must hold numbers, but its type is {array.dtype}: convert it with astype(float)"
        )
    if (array < 0).any():
        row = int(np.argmax(array < 0))
        raise ValueError(
            f"sample_weight must not be negative, but row {row} has {array[row]}: leave a row out by weight 0"
        )
    with np.errstate(over="ignore"):
        made = np.require(array, dtype.numpy, "CA")
        total = made.sum(dtype=np.float64)
    # Of which a mean is as many parts as their sum says.
    least = np.finfo(dtype.numpy).tiny
    beyond = array.any() and not least <= total < 1 / least
    if np.isfinite(array).all() and beyond:
        raise ValueError(
            f"sample_weight must be of a size that {dtype.name} holds, as the model is, but the largest is "
            f"{array.max():g}: divide by their mean"
        )
    return from_array(made)


def check_finite(**tensors):
    """Raises a ValueError that names the first number that is NaN or infinite."""
    for name, data in tensors.items():
        if data is None:
            continue
        array = data.detach().numpy()
        by_row = array.reshape(len(array), -1)
        step = max(1, SEARCHED_AT_ONCE // by_row.shape[1])
        for first in range(0, len(by_row), step):
            bad = ~np.isfinite(by_row[first : first + step])
            if bad.any():
                row, column = (int(i[0]) for i in np.nonzero(bad))
                where = f"row {first + row}" + (f", column {column}" if array.ndim > 1 and by_row.shape[1] > 1 else "")
                raise ValueError(
                    f"{name} must be finite, but {where} holds {by_row[first + row, column]}: drop or fill such rows. "
                    "The parameters are as they were before the fit"
                )
