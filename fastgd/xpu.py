"""torch.xpu, where there is no GPU of Intel's: asking is answered, using one is an error."""

from ._absent import attributes, never, nothing, without_effect

is_available = never
device_count = nothing
manual_seed = manual_seed_all = empty_cache = without_effect

__getattr__, __dir__ = attributes(
    __name__,
    lambda name: AssertionError("Torch not compiled with XPU enabled"),
    "current_device get_device_name set_device synchronize",
)
