"""torch.accelerator, where there is none: asking is answered, using one is an error."""

from ._absent import attributes, never, nothing

is_available = never
device_count = nothing


def current_accelerator(check_available=False):
    """None: fastgd runs on the CPU."""


__getattr__, __dir__ = attributes(
    __name__,
    lambda name: RuntimeError("Cannot access accelerator device when none is available."),
    "current_device_index empty_cache memory_allocated set_device_index synchronize",
)
