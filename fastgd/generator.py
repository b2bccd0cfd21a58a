"""Generators: torch's random streams, their seeds and states, and the default one."""

import contextlib

from ._random import Stream
from ._tensor import Tensor, from_array
from ._types import device as device_type, on_cpu


class Generator(Stream):
    """A random stream of its own: from the same seed the same numbers as torch's CPU generator.

    Args:
        device: "cpu".

    Raises:
        RuntimeError: another device.

    Example:
        >>> fastgd.rand(2, generator=fastgd.Generator().manual_seed(0))
        tensor([0.4963, 0.7682])
    """

    def __init__(self, device="cpu"):
        on_cpu(device)
        self._device = device_type(device)

    @property
    def device(self):
        return self._device

    def get_state(self):
        """Where the stream stands, as a uint8 tensor that torch's generators load too."""
        return from_array(super().get_state())

    def set_state(self, new_state):
        """Goes where get_state was called, here or in torch; returns the generator."""
        if not isinstance(new_state, Tensor):
            raise TypeError(
                f"expected a torch.ByteTensor, but got {type(new_state).__name__}: pass what get_state() returned"
            )
        return super().set_state(new_state.detach().numpy())

    def clone_state(self):
        """Another generator that stands where this one does."""
        return Generator(self._device).set_state(self.get_state())


default_generator = Generator()
default_generator.seed()


def manual_seed(seed):
    """Starts the default stream at a seed from -2^63 to 2^64 - 1 and returns it.

    Example:
        >>> fastgd.manual_seed(0).initial_seed()
        0
    """
    return default_generator.manual_seed(int(seed))


def seed():
    """Starts the default stream at a seed from the operating system; returns the seed."""
    return default_generator.seed()


def initial_seed():
    """The seed that the default stream was started at."""
    return default_generator.initial_seed()


def get_rng_state():
    """Where the default stream stands, as a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state):
    """Puts the default stream where get_rng_state was called."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True, device_type=None):
    """Within `with fork_rng():`, draws leave no trace: the default stream stands afterwards where it stood before.

    Args:
        devices, device_type: accepted; there is the CPU only.
        enabled: False makes it do nothing.
    """
    before = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if enabled:
            set_rng_state(before)


def stream_of(generator, name):
    """The generator, or the default one for None."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(
            f"{name}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}: pass "
            "fastgd.Generator().manual_seed(seed), or leave it out"
        )
    return generator
