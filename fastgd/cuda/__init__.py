"""torch.cuda, where there is no GPU: asking is answered, using one is an error."""

from .._absent import attributes, never, nothing, without_effect

is_available = is_initialized = is_bf16_supported = never
device_count = memory_allocated = max_memory_allocated = memory_reserved = max_memory_reserved = nothing
manual_seed = manual_seed_all = seed = seed_all = empty_cache = set_rng_state_all = without_effect


def get_rng_state_all():
    """Of no GPU: an empty list."""
    return []


__getattr__, __dir__ = attributes(
    __name__,
    lambda name: AssertionError("Torch not compiled with CUDA enabled"),
    """Event Stream current_device current_stream default_stream device get_device_capability get_device_name
    get_device_properties init ipc_collect mem_get_info memory_summary reset_peak_memory_stats set_device
    synchronize""",
    modules="amp",
)
