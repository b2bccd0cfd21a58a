"""torch.mps, where there is no GPU of Apple's: asking is answered, using one is an error."""

from ._absent import attributes, never, nothing, without_effect

is_available = never
device_count = nothing
manual_seed = without_effect

_TORCHS = {"empty_cache": "emptyCache", "synchronize": "deviceSynchronize", "seed": "getDefaultGenerator"}
__getattr__, __dir__ = attributes(
    __name__,
    lambda name: RuntimeError(f"Cannot execute {_TORCHS[name]}() without MPS backend."),
    " ".join(_TORCHS),
)
