# distutils: extra_compile_args = -fno-math-errno
# (a square root that may set errno would keep the loop around it scalar)
"""torch's CPU random streams, on numpy arrays.

Fills go to arrays of any layout. One that is not contiguous is filled in the order of its memory (largest stride
first), as torch fills a transposed or strided tensor; a normal fill of it follows the rule of small arrays.

What torch does with its words is in _random.h where it is a loop, and below where it is a matter of arrays.
"""

import os
import warnings

import numpy as np

from ._kernels cimport level_in_use
from ._types import advised

cimport numpy as cnp
from libc.math cimport exp, fabs, floor, lgamma, log, sqrt
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cnp.import_array()

cdef extern from "_random.h" nogil:
    void engine_use(Engine *, int level)
    void engine_seed(Engine *, uint64_t)
    uint32_t random32(Engine *)
    uint64_t random64(Engine *)
    double next_unit(Engine *)
    void fill_integers(Engine *, int64_t *, int64_t, uint64_t, int64_t, bint)
    void fill_permutation(Engine *, int64_t *, int64_t)
    void fill_uniform_float(Engine *, float *, int64_t, float, float)
    void fill_uniform_double(Engine *, double *, int64_t, double, double)
    void fill_normal_float(Engine *, float *, int64_t, double, double)
    void fill_normal_double(Engine *, double *, int64_t, double, double)
    void fill_normal_one_by_one_float(Engine *, float *, int64_t, double, double)
    void fill_normal_one_by_one_double(Engine *, double *, int64_t, double, double)
    void fill_exponential_float(Engine *, float *, int64_t, double)
    void fill_exponential_double(Engine *, double *, int64_t, double)
    void fill_bernoulli_float(Engine *, uint8_t *, int64_t, const float *, bint)
    void fill_bernoulli_double(Engine *, uint8_t *, int64_t, const double *, bint)

include "_random_integers.pxi"
include "_random_counts.pxi"


cdef struct State:  # torch's layout of a saved state: the old generator's, then a float that the CPU never sets
    uint64_t seed
    int left
    int seeded
    uint64_t next
    uint64_t word[624]
    double unused_x
    double spare
    double unused_rho
    int has_spare
    char unused[12]


cdef object no_kernel(str kernel, dtype, str advice):
    return advised(NotImplementedError(f"\"{kernel}\" not implemented for '{name_of(dtype)}'"), advice)


cdef bint is_double(cnp.ndarray array, str kernel) except -1:
    cdef int kind = cnp.PyArray_TYPE(array)
    if kind != cnp.NPY_FLOAT and kind != cnp.NPY_DOUBLE:
        raise no_kernel(kernel, array.dtype, "Expected float32 or float64: draw one of them and cast it.")
    return kind == cnp.NPY_DOUBLE


cdef cnp.ndarray target(cnp.ndarray array, int kind):
    """array itself where a C loop for kind can write it, else a scratch of its size for settle."""
    cdef cnp.npy_intp size = cnp.PyArray_SIZE(array)
    if cnp.PyArray_ISCARRAY(array) and cnp.PyArray_TYPE(array) == kind:
        return array
    if not cnp.PyArray_ISWRITEABLE(array):
        raise ValueError("the array to fill is read-only; fill a copy")
    cdef int i
    for i in range(cnp.PyArray_NDIM(array)):
        if cnp.PyArray_STRIDE(array, i) == 0 and cnp.PyArray_DIM(array, i) > 1 and size:
            raise RuntimeError(
                "unsupported operation: more than one element of the written-to tensor refers to a single memory "
                "location. Please clone() the tensor before performing the operation."
            )
    return cnp.PyArray_EMPTY(1, &size, kind, 0)


cdef object by_memory(array):
    """The axes of array, largest stride first."""
    return sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))


cdef object settle(cnp.ndarray array, cnp.ndarray values):
    if values is not array:
        ordered = array.transpose(by_memory(array))
        ordered[...] = values.reshape(ordered.shape)
    return array


cdef object check_std(double std):
    if not std >= 0:
        raise advised(RuntimeError(f"normal expects std >= 0.0, but found std {std:g}"), "Pass a standard deviation.")


cdef object promoted(value, cnp.ndarray out):
    """value as it meets out in torch: an array without dimensions takes the type of one that has them."""
    return np.asarray(value, None if np.ndim(value) else out.dtype)


cdef object no_fit(tuple mean, tuple std):
    axis = next(i for i in range(1, len(mean) + 1) if mean[-i] != std[-i] and 1 not in (mean[-i], std[-i]))
    return RuntimeError(
        f"The size of tensor a ({mean[-axis]}) must match the size of tensor b ({std[-axis]}) at non-singleton "
        f"dimension {max(len(mean), len(std)) - axis}: mean has shape {list(mean)}, std {list(std)}; pass shapes "
        "that broadcast"
    )


cdef class Stream:
    """One stream of random numbers, equal to torch's CPU generator from the same seed.

    Example:
        >>> from fastgd._random import Stream
        >>> Stream().manual_seed(0).randperm(5)
        array([4, 0, 1, 3, 2])
    """

    def __cinit__(self):
        self.engine = <Engine *>malloc(sizeof(Engine))
        if self.engine == NULL:
            raise MemoryError
        engine_use(self.engine, level_in_use())
        engine_seed(self.engine, 67280421310721)

    def __dealloc__(self):
        free(self.engine)

    cdef uint32_t next32(self) noexcept nogil:
        return random32(self.engine)

    cdef uint64_t next64(self) noexcept nogil:
        return random64(self.engine)

    cdef void permute(self, int64_t *out, int64_t n) noexcept nogil:
        fill_permutation(self.engine, out, n)

    def manual_seed(self, seed):
        """Starts the stream at a seed from -2^63 to 2^64 - 1 (a negative one counts from 2^64); returns self."""
        if type(seed) is not int:
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}; pass int(seed)")
        if not -(2**63) <= seed < 2**64:
            raise ValueError(
                f"Overflow when unpacking long long: expected a seed from -2**63 to 2**64 - 1, got {seed}; "
                "take it modulo 2**64"
            )
        engine_seed(self.engine, seed % 2**64)
        return self

    def seed(self):
        """Starts the stream at a seed from the operating system; returns the seed."""
        engine_seed(self.engine, int.from_bytes(os.urandom(8), "little"))
        return self.engine.seed

    def initial_seed(self):
        """The seed the stream was started at, from 0 to 2^64 - 1."""
        return self.engine.seed

    def get_state(self):
        """The state as 5056 bytes (uint8) in torch's layout: torch loads it, and set_state loads torch's."""
        cdef State state
        cdef int i
        memset(&state, 0, sizeof(State))
        state.seed = self.engine.seed
        state.left = self.engine.left
        state.seeded = 1
        state.next = self.engine.next
        for i in range(624):
            state.word[i] = self.engine.word[i]
        state.spare = self.engine.spare
        state.has_spare = self.engine.has_spare
        array = np.empty(sizeof(State), np.uint8)
        memcpy(cnp.PyArray_DATA(array), &state, sizeof(State))
        return array

    def set_state(self, state):
        """Puts the stream where get_state, or that of torch, was called; returns self."""
        cdef State read
        cdef int i
        if not isinstance(state, np.ndarray) or state.dtype != np.uint8:
            came = f"{state.dtype}" if isinstance(state, np.ndarray) else type(state).__name__
            raise TypeError(f"RNG state must be a torch.ByteTensor, expected uint8, got {came}; pass that of get_state")
        if not state.flags.c_contiguous:
            raise RuntimeError("RNG state must be contiguous; pass a copy")
        if state.size != sizeof(State):
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {sizeof(State)} but found the input RNG state size to be "
                f"{state.size}; pass what get_state gave"
            )
        memcpy(&read, cnp.PyArray_DATA(state), sizeof(State))
        cdef bint between = read.left == 1 and read.next <= 624
        if not read.seeded or not (between or 0 < read.left and read.left + read.next == 625):
            raise RuntimeError("Invalid mt19937 state; pass what get_state gave")
        self.engine.seed = read.seed
        self.engine.left = read.left
        self.engine.next = read.next
        for i in range(624):
            self.engine.word[i] = <uint32_t>read.word[i]
        self.engine.has_spare = read.has_spare != 0
        self.engine.spare = read.spare if read.has_spare else 0
        return self

    def __reduce__(self):
        return type(self), (), Stream.get_state(self)

    def __setstate__(self, state):
        Stream.set_state(self, state)

    def random32(self):
        """The next word, from 0 to 2^32 - 1."""
        return random32(self.engine)

    def random64(self):
        """The next two words as one number, from 0 to 2^64 - 1; its low 63 bits are torch's random_() of an int64."""
        return random64(self.engine)

    def uniform_(self, cnp.ndarray array not None, double low=0, double high=1):
        """Fills a float32 or float64 array with uniforms from [low, high); returns it.

        u * (high - low) + low, rounded once, with u of 24 bits (float32) or 53 bits (float64, two words).
        """
        cdef bint double_ = is_double(array, "check_uniform_bounds")
        cdef double largest = 1.7976931348623157e308 if double_ else 3.4028234663852886e38
        if not (-largest <= low <= largest and -largest <= high <= largest):
            name, bound = ("to", high) if -largest <= low <= largest else ("from", low)
            raise advised(
                RuntimeError(f"{name} is out of bounds for {KINDS[array.dtype][1]}"),
                f"Expected a finite number of that type, got {bound:g}: choose bounds that it holds.",
            )
        if low > high:
            raise advised(
                RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"),
                "Swap them.",
            )
        if high - low > largest:
            raise RuntimeError(
                f"uniform_ expects to-from <= std::numeric_limits<{name_of(array.dtype)}>::max(), but found "
                f"to={high:g} and from={low:g} which result in to-from to exceed the limit; choose a smaller range"
            )
        cdef cnp.ndarray out = target(array, cnp.PyArray_TYPE(array))
        if double_:
            fill_uniform_double(self.engine, <double *>cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out), low, high)
        else:
            fill_uniform_float(self.engine, <float *>cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out), low, high)
        return settle(array, out)

    def normal_(self, cnp.ndarray array not None, double mean=0, double std=1):
        """Fills a float32 or float64 array with normals of a mean and a standard deviation >= 0; returns it.

        Two rules, by size and layout: a contiguous array of 16 elements or more is filled in blocks, any other one
        by one. _random.h and _random_fill.h state them.
        """
        check_std(std)
        cdef cnp.npy_intp n = cnp.PyArray_SIZE(array)
        if n == 0:
            return array
        cdef bint double_ = is_double(array, "normal_kernel_cpu")
        cdef cnp.ndarray out = target(array, cnp.PyArray_TYPE(array))
        cdef void *data = cnp.PyArray_DATA(out)
        cdef bint blocks = n >= 16 and cnp.PyArray_IS_C_CONTIGUOUS(array)
        if blocks and double_:
            fill_normal_double(self.engine, <double *>data, n, mean, std)
        elif blocks:
            fill_normal_float(self.engine, <float *>data, n, mean, std)
        elif double_:
            fill_normal_one_by_one_double(self.engine, <double *>data, n, mean, std)
        else:
            fill_normal_one_by_one_float(self.engine, <float *>data, n, mean, std)
        return settle(array, out)

    def normal(self, mean, std):
        """A new array of normals, where mean, std or both are arrays that broadcast together.

        The type is that of mean, or of std where mean is a number. draw * std + mean, in two rounded steps; an array
        mean with a number std draws with that std and adds the mean.
        """
        cdef bint many_means = isinstance(mean, np.ndarray), many_stds = isinstance(std, np.ndarray)
        if many_stds:
            if not (std >= 0).all():
                raise RuntimeError(
                    f"normal expects all elements of std >= 0.0, but found {std[~(std >= 0)].ravel()[0]:g}; "
                    "pass standard deviations"
                )
        else:
            check_std(std)
        like = mean if many_means else std
        try:
            out = np.empty(np.broadcast_shapes(np.shape(mean), np.shape(std)), like.dtype)
        except ValueError:
            raise no_fit(np.shape(mean), np.shape(std)) from None
        self.normal_(out, 0, 1 if many_stds else std)
        if out.size == 0:
            return out
        if many_stds:
            np.multiply(out, promoted(std, out), out=out, casting="unsafe")
        np.add(out, promoted(mean, out), out=out, casting="unsafe")
        return out

    def exponential_(self, cnp.ndarray array not None, double rate=1):
        """Fills a float32 or float64 array with exponentials of a rate > 0; returns it.

        -log(1 - u) / rate in float64, u of 53 bits, for either type.
        """
        if not rate > 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}; pass a positive rate")
        cdef int kind = cnp.PyArray_TYPE(array)
        if kind != cnp.NPY_FLOAT and kind != cnp.NPY_DOUBLE:
            raise RuntimeError(
                "Exponential distribution is a continuous probability distribution. dtype must be a floating point but "
                f"you specified {name_of(array.dtype)}; pass float32 or float64"
            )
        cdef cnp.ndarray out = target(array, kind)
        if kind == cnp.NPY_DOUBLE:
            fill_exponential_double(self.engine, <double *>cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out), rate)
        else:
            fill_exponential_float(self.engine, <float *>cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out), rate)
        return settle(array, out)

    def random_(self, cnp.ndarray array not None, *bounds):
        """Fills an array of any real type with integers; returns it.

        random_(array): from 0 to the largest value of an integer type, to 2^24 for float32, to 2^53 for float64.
        random_(array, to): from 0 to to - 1. random_(array, from, to): from from to to - 1; to may be None: from there
        to the end of the first form, or over all of 64 bits where from is -2^63.

        from + word % range; two words make the draw where the range is 2^28 or more. The first form draws one word
        for every type but int64 and float64.
        """
        dtype = array.dtype
        if dtype not in KINDS:
            raise RuntimeError(
                "check_random_bounds handles only integral, floating-point and boolean types, "
                f"got {name_of(dtype)}; draw one of them and cast it"
            )
        if bounds:
            low, count = bounded(dtype, bounds)
            wide = count >= 2**28
        elif dtype in UNSIGNED:
            raise no_kernel("random_kernel_cpu", dtype, "Give random_ its bounds.")
        else:
            low, count = 0, KINDS[dtype][3] + 1
            wide = dtype.itemsize == 8
        cdef cnp.ndarray out = target(array, cnp.NPY_INT64)
        fill_integers(
            self.engine, <int64_t *>cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out), count % 2**64, low, wide
        )
        return settle(array, out)

    def randperm(self, n, dtype=np.int64):
        """0 .. n - 1 in a random order, as a new array (int64 unless told).

        Fisher and Yates with word % (n - i); from 2^32 / 20 elements up, the inside-out form with two words each.
        """
        n = as_long(n)
        if n < 0:
            raise advised(RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]"), "Pass n >= 0.")
        dtype = np.dtype(dtype)
        if dtype not in KINDS or dtype == bool or dtype in UNSIGNED:
            raise no_kernel("randperm", dtype, "Pass int64, and cast the result.")
        name, _, _, largest = KINDS[dtype]
        if n > largest + 1:
            raise RuntimeError(
                f"n cannot be greater than 2^{largest.bit_length() - 1}+1 for {name} type. Got {n}; pass int64"
                if dtype.kind == "f"
                else f"value cannot be converted to type {dtype}_t without overflow: n is {n}; pass int64"
            )
        cdef cnp.npy_intp size = n
        cdef cnp.ndarray out = cnp.PyArray_EMPTY(1, &size, cnp.NPY_INT64, 0)
        fill_permutation(self.engine, <int64_t *>cnp.PyArray_DATA(out), size)
        return out.astype(dtype, copy=False)

    def bernoulli_(self, array, p=0.5):
        """Fills an array with 1 (probability p) and 0; returns it. p is a number, or a float array that broadcasts.

        u < p; u is a float64 uniform for a number or a float64 array, a float32 uniform for a float32 array.
        """
        cdef cnp.ndarray out, chances
        cdef bint many = isinstance(p, np.ndarray)
        dtype = array.dtype
        if many:
            if p.dtype != np.float32 and p.dtype != np.float64:
                raise no_kernel("bernoulli_tensor_cpu_p_", p.dtype, "Pass probabilities of float32 or float64.")
        else:
            p = float(p)
            if not 0 <= p <= 1:
                raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}; pass a probability")
        if array.size == 0:
            return array
        if dtype not in KINDS or dtype in UNSIGNED:
            kernel = "bernoulli_tensor_cpu_self_" if many else "bernoulli_scalar_cpu_"
            raise no_kernel(kernel, dtype, "Draw a bool array and cast it.")
        if many:
            try:
                p = np.broadcast_to(p, array.shape)
            except ValueError:
                raise RuntimeError(
                    f"The expanded size of the tensor {list(array.shape)} must match the existing size "
                    f"{list(p.shape)}: p does not broadcast to it; pass a p for each element"
                ) from None
            wrong = ~((p >= 0) & (p <= 1))
            if wrong.any():
                raise RuntimeError(
                    "Expected p_in >= 0 && p_in <= 1 to be true, but got false. p holds "
                    f"{p[wrong].ravel()[0]:g}; pass probabilities"
                )
        chances = np.require(np.transpose(p, by_memory(array)) if many else p, requirements="CA")
        out = target(array, cnp.NPY_BOOL)
        if cnp.PyArray_TYPE(chances) == cnp.NPY_DOUBLE:
            fill_bernoulli_double(self.engine, <uint8_t *>cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out),
                                  <double *>cnp.PyArray_DATA(chances), many)
        else:
            fill_bernoulli_float(self.engine, <uint8_t *>cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out),
                                 <float *>cnp.PyArray_DATA(chances), many)
        return settle(array, out)

    def multinomial(self, p, count, replacement=False):
        """count categories drawn by the weights p, (categories,) or (rows, categories); int64, last axis count.

        With replacement: the running sum of p in its own type, divided by its last value, and a float64 uniform looked
        up in it. Without, and for one draw: the count largest of p / e, with e exponential of the type of p (equal
        ratios come in the order of the categories; torch leaves that order open).
        """
        count = as_long(count)
        if p.dtype != np.float32 and p.dtype != np.float64:
            raise RuntimeError(
                "multinomial only supports floating-point dtypes for input, got: "
                f"{name_of(p.dtype)}; pass float32 or float64"
            )
        if p.ndim not in (1, 2):
            raise RuntimeError(f"prob_dist must be 1 or 2 dim, got {p.ndim}; reshape it")
        categories = p.shape[-1]
        if count <= 0:
            raise RuntimeError(f"cannot sample n_sample <= 0 samples, got {count}; ask for one or more")
        if not replacement and count > categories:
            raise RuntimeError(
                "cannot sample n_sample > prob_dist.size(-1) samples without replacement: "
                f"asked for {count} of {categories}; pass replacement=True"
            )
        if categories > 2**24:
            raise RuntimeError(f"number of categories cannot exceed 2^24, got {categories}; draw in two steps")
        if categories == 0:
            raise RuntimeError(
                "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.: "
                "p has no categories; pass one or more"
            )
        if replacement and count > 1:
            return with_replacement(self, p, count)
        if not (np.isfinite(p) & (p >= 0)).all():
            raise RuntimeError(
                "probability tensor contains either `inf`, `nan` or element < 0; pass finite weights of 0 or more"
            )
        if not p.sum(axis=-1).all():
            raise no_weight()
        ratio = self.exponential_(np.empty_like(p))
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            np.divide(p, ratio, out=ratio)
        if count == 1:
            return ratio.argmax(axis=-1, keepdims=True)
        return np.argsort(-ratio, axis=-1, kind="stable")[..., :count].copy()

    def poisson(self, rate):
        """A new array of counts, where an array holds what to expect; of its type."""
        if not ((rate >= 0) & (rate < np.inf)).all():
            raise advised(
                RuntimeError("invalid Poisson rate, expected rate to be non-negative"),
                "Pass finite numbers of 0 or more.",
            )
        cdef cnp.ndarray expected = np.asarray(rate, np.float64, order="C")
        cdef cnp.ndarray out = np.empty_like(expected)
        cdef const double *rates = <const double *>cnp.PyArray_DATA(expected)
        cdef double *counts = <double *>cnp.PyArray_DATA(out)
        cdef cnp.npy_intp i
        for i in range(cnp.PyArray_SIZE(out)):
            counts[i] = poisson_count(self.engine, rates[i])
        return out.astype(rate.dtype)
