"""Random draws on tensors: torch's functions, methods and generators over the compiled streams of _random.

Every function and method that draws takes `generator`, and uses `default_generator` without one. `out` is filled in
place; one of another shape gets memory of the right shape first. The rules that turn words into numbers are beside the
loops, in _random.pyx and its headers.
"""

import numpy as np

from ._draw_arguments import (
    bounds_of,
    checked_shape,
    copied_to,
    finished,
    input_tensor,
    shape_of,
    to_fill,
    to_fill_like,
    whole_number,
)
from ._naming import checked
from ._tensor import (
    Tensor,
    apply,
    apply_inplace,
    from_array,
    get_default_dtype,
    is_grad_enabled,
    method,
    prepare_write,
    row,
)
from ._types import int64
from .arguments import NAMES, checked_names
from .generator import (  # noqa: F401 (torch.random has them all)
    Generator,
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
    stream_of,
)

# ---- new tensors

# layout, pin_memory and memory_format are accepted because scripts pass them; there is one layout and one memory.


def rand(
    *sizes, size=None, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
    pin_memory=False,
):  # fmt: skip
    """Uniforms from [0, 1).

    Args:
        sizes: the shape, as numbers or as one tuple.
        generator: where to draw from; the default generator if None.
        out: a tensor to fill, instead of a new one.
        dtype: float32 or float64; the default dtype if None.
        device: "cpu" or None.
        requires_grad: whether gradients with respect to it are wanted.

    Raises:
        RuntimeError: a negative size.
        NotImplementedError: a dtype that is no float.

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> fastgd.rand(2, 2)
        tensor([[0.4963, 0.7682],
                [0.0885, 0.1320]])
    """
    made, array = to_fill("rand", shape_of("rand", sizes, size), get_default_dtype(), out, dtype, device)
    stream_of(generator, "rand").uniform_(array)
    return finished(made, requires_grad)


def randn(
    *sizes, size=None, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
    pin_memory=False,
):  # fmt: skip
    """Normals of mean 0 and standard deviation 1; the arguments are those of rand.

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> fastgd.randn(3)
        tensor([ 1.5410, -0.2934, -2.1788])
    """
    made, array = to_fill("randn", shape_of("randn", sizes, size), get_default_dtype(), out, dtype, device)
    stream_of(generator, "randn").normal_(array)
    return finished(made, requires_grad)


def randint(
    *bounds, low=None, high=None, size=None, generator=None, out=None, dtype=None, layout=None, device=None,
    requires_grad=False, pin_memory=False,
):  # fmt: skip
    """Integers from low to high - 1: randint(high, size) or randint(low, high, size).

    Args:
        low: the smallest; 0 if left out.
        high: one more than the largest.
        size: the shape, as a tuple.
        dtype: int64 if None.
        generator, out, device, requires_grad: as for rand.

    Raises:
        RuntimeError: low >= high, bounds that the dtype does not hold, a negative size.

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> fastgd.randint(0, 10, (4,))
        tensor([4, 9, 3, 0])
    """
    if size is None:
        if len(bounds) < 1 + (high is None):
            raise TypeError(
                "randint() received an invalid combination of arguments: expected randint(high, size) or "
                "randint(low, high, size) with a tuple for the size"
            )
        *bounds, size = bounds
    low, high = bounds_of("randint", bounds, low, high)
    made, array = to_fill("randint", checked_shape("randint", size), int64, out, dtype, device)
    stream_of(generator, "randint").random_(array, low, high)
    return finished(made, requires_grad)


def randperm(
    n, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
):
    """The numbers from 0 to n - 1 in a random order.

    Args:
        n: how many.
        dtype: int64 if None.
        generator, out, device, requires_grad: as for rand.

    Raises:
        RuntimeError: n < 0, or more than the dtype counts.

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> fastgd.randperm(5)
        tensor([4, 0, 1, 3, 2])
    """
    stream = stream_of(generator, "randperm")
    n = whole_number("randperm", "n", n)
    if out is None and dtype is None and device is None:
        return finished(from_array(stream.randperm(n)), requires_grad)
    made, array = to_fill("randperm", checked_shape("randperm", (n,)), int64, out, dtype, device)
    array[...] = stream.randperm(n, array.dtype)
    return finished(made, requires_grad)


_normal_row = row(
    "normal",
    lambda mean, std, stream: stream.normal(mean, std),
    (lambda g, out, mean, std, stream: np.zeros_like(g), lambda g, out, mean, std, stream: np.zeros_like(g)),
    ((), ()),
    label=lambda mean, std, stream: f"NormalBackward{isinstance(mean, np.ndarray) + 2 * isinstance(std, np.ndarray)}",
)


def normal(
    mean, std=1.0, size=None, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
    pin_memory=False,
):  # fmt: skip
    """Normals of given means and standard deviations: draw * std + mean.

    Args:
        mean, std: tensors that broadcast together, or a tensor and a number, or two numbers and a size. Gradients
            with respect to them are zero.
        size: the shape for two numbers, as a tuple.
        dtype: for two numbers: the default dtype if None. Otherwise the dtype is that of mean, of std if mean is a
            number.
        generator, out, device, requires_grad: as for rand.

    Raises:
        RuntimeError: a negative standard deviation.

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> fastgd.normal(fastgd.tensor([0.0, 10.0]), 0.5)
        tensor([0.7705, 9.8533])
    """
    stream = stream_of(generator, "normal")
    if size is None and (isinstance(mean, Tensor) or isinstance(std, Tensor)):
        made = apply(_normal_row, (mean, std), {"stream": stream})
        return made if out is None else copied_to("normal", made, out)
    if size is None or isinstance(mean, Tensor) or isinstance(std, Tensor):
        raise TypeError(
            "normal() received an invalid combination of arguments: expected a tensor as mean, std or both, or two "
            "numbers and a size such as normal(0.0, 1.0, (2, 3))"
        )
    made, array = to_fill("normal", checked_shape("normal", size), get_default_dtype(), out, dtype, device)
    stream.normal_(array, mean, std)
    return finished(made, requires_grad)


_bernoulli_row = row(
    "bernoulli",
    lambda p, stream: stream.bernoulli_(np.empty(p.shape, p.dtype), p),
    (lambda g, out, p, stream: np.zeros_like(g),),
    ((),),
)


def bernoulli(input, p=None, *, generator=None, out=None):
    """1 with a probability, else 0, in the dtype of the input.

    Args:
        input: the probability of each element (gradients with respect to it are zero); only its shape and dtype
            count where p is given.
        p: one probability for all.
        generator, out: as for rand.

    Raises:
        RuntimeError: a probability outside [0, 1].

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> fastgd.bernoulli(fastgd.tensor([0.0, 0.5, 1.0]))
        tensor([0., 0., 1.])
    """
    stream = stream_of(generator, "bernoulli")
    if p is None:
        made = apply(_bernoulli_row, (input_tensor("bernoulli", input),), {"stream": stream})
    else:
        array = input_tensor("bernoulli", input).detach().numpy()
        made = from_array(stream.bernoulli_(np.empty(array.shape, array.dtype), _plain(p)))
    return made if out is None else copied_to("bernoulli", made, out)


_poisson_row = row(
    "poisson", lambda rate, stream: stream.poisson(rate), (lambda g, out, rate, stream: np.zeros_like(g),), ((),)
)


def poisson(input, generator=None):
    """Counts of given expectations.

    Args:
        input: the expectation of each element; gradients with respect to it are zero.
        generator: where to draw from; the default generator if None.

    Raises:
        RuntimeError: an expectation that is negative, infinite or NaN.

    Example:
        >>> fastgd.poisson(fastgd.tensor([0.0, 0.0]))
        tensor([0., 0.])
    """
    return apply(_poisson_row, (input_tensor("poisson", input),), {"stream": stream_of(generator, "poisson")})


def multinomial(input, num_samples, replacement=False, *, generator=None, out=None):
    """Numbers of categories, drawn by their weights.

    Args:
        input: weights of shape (categories,) or (rows, categories); each row needs a positive sum, which may be any.
        num_samples: how many to draw, of each row.
        replacement: whether a category may come again.
        generator, out: as for rand.

    Returns:
        An int64 tensor of shape (num_samples,) or (rows, num_samples).

    Raises:
        RuntimeError: weights that are negative, infinite, NaN or all 0; more draws without replacement than there are
            categories.

    Example:
        >>> _ = fastgd.manual_seed(0)
        >>> fastgd.multinomial(fastgd.tensor([0.0, 3.0, 1.0]), 4, replacement=True)
        tensor([2, 1, 1, 2])
    """
    stream = stream_of(generator, "multinomial")
    weights = input_tensor("multinomial", input).detach().numpy()
    if out is not None and out.dtype != int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {out.dtype.legacy}. Pass an int64 tensor")
    made = from_array(stream.multinomial(weights, num_samples, replacement))
    return made if out is None else copied_to("multinomial", made, out)


def rand_like(
    input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False,
    memory_format=None,
):  # fmt: skip
    """Uniforms from [0, 1) in the shape and dtype of another tensor, drawn in the order of its memory."""
    made, array = to_fill_like("rand_like", input, dtype, device)
    stream_of(generator, "rand_like").uniform_(array)
    return finished(made, requires_grad)


def randn_like(
    input, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False,
    memory_format=None,
):  # fmt: skip
    """Standard normals in the shape and dtype of another tensor, drawn in the order of its memory."""
    made, array = to_fill_like("randn_like", input, dtype, device)
    stream_of(generator, "randn_like").normal_(array)
    return finished(made, requires_grad)


def randint_like(
    input, *bounds, low=None, high=None, generator=None, dtype=None, layout=None, device=None, requires_grad=False,
    pin_memory=False, memory_format=None,
):  # fmt: skip
    """Integers from low to high - 1 in the shape and dtype of another tensor, drawn in the order of its memory."""
    low, high = bounds_of("randint_like", bounds, low, high)
    made, array = to_fill_like("randint_like", input, dtype, device)
    stream_of(generator, "randint_like").random_(array, low, high)
    return finished(made, requires_grad)


# ---- methods of Tensor


def _plain(p):
    return p.detach().numpy() if isinstance(p, Tensor) else p


_drawn_rows = {
    name: row(name, lambda a, draw: draw(np.empty_like(a)), (lambda g, out, a, draw: np.zeros_like(g),), ((),),
              label=name[:-1].title() + "Backward0")
    for name in ("uniform_", "normal_", "exponential_", "random_", "bernoulli_")
}  # fmt: skip


def _filled(input, name, generator, *args):
    """Draws into a tensor; one that is recorded has no gradient with respect to what it was."""
    draw = getattr(default_generator if generator is None else stream_of(generator, name), name)
    if is_grad_enabled() and input.requires_grad:
        return apply_inplace(_drawn_rows[name], (input,), {"draw": lambda array: draw(array, *args)})
    draw(prepare_write(input), *args)
    return input


def uniform_(input, from_=0.0, to=1.0, *, generator=None):
    """Fills the tensor with uniforms from [from_, to)."""
    return _filled(input, "uniform_", generator, from_, to)


def normal_(input, mean=0.0, std=1.0, *, generator=None):
    """Fills the tensor with normals."""
    return _filled(input, "normal_", generator, mean, std)


def exponential_(input, lambd=1.0, *, generator=None):
    """Fills the tensor with exponentials of the rate lambd."""
    return _filled(input, "exponential_", generator, lambd)


def random_(input, *bounds, to=None, generator=None):
    """Fills the tensor with integers: random_(from, to), random_(to), or random_() for all that the dtype counts."""
    if to is not None:
        bounds = (*bounds, to)
    return _filled(input, "random_", generator, *bounds)


def bernoulli_(input, p=0.5, *, generator=None):
    """Fills the tensor with 1 (probability p, a number or a tensor that broadcasts) and 0."""
    return _filled(input, "bernoulli_", generator, _plain(p))


for _function in (uniform_, normal_, exponential_, random_, bernoulli_, bernoulli, multinomial):
    _name = _function.__name__
    method(_name, checked(_function, _name, True) if _name in NAMES else _function)

checked_names(NAMES & globals().keys(), globals())

__all__ = [
    "Generator",
    "bernoulli",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "multinomial",
    "normal",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "seed",
    "set_rng_state",
]
