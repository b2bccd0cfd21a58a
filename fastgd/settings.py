"""Switches of torch that a script may set: accepted where they change nothing here."""

import os

from ._tensor import Tensor
from ._types import cpu, device as device_type

_threads = {"operations": os.cpu_count(), "interop": os.cpu_count()}


def _set_threads(kind, name, count):
    if not isinstance(count, int):
        raise TypeError(f"{name} expects an int, but got {type(count).__name__}")
    if count <= 0:
        raise RuntimeError(f"{name} expects a positive integer, but got {count}")
    _threads[kind] = count


def set_num_threads(count):
    """Says how many threads operations may use; their results do not depend on it."""
    _set_threads("operations", "set_num_threads", count)


def get_num_threads():
    """How many threads operations may use."""
    return _threads["operations"]


def set_num_interop_threads(count):
    """Accepted: operations run one after another."""
    _set_threads("interop", "set_num_interop_threads", count)


def get_num_interop_threads():
    """What set_num_interop_threads was given."""
    return _threads["interop"]


def set_default_device(device):
    """Accepts "cpu", which is where all tensors are."""
    device_type("cpu" if device is None else device)


def get_default_device():
    """The CPU."""
    return cpu


_deterministic = False


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Accepted: fastgd's results are the same at every run."""
    global _deterministic
    _deterministic = bool(mode)


def are_deterministic_algorithms_enabled():
    """What use_deterministic_algorithms was given."""
    return _deterministic


def set_float32_matmul_precision(precision):
    """Accepted: float32 is computed in float32."""
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"{precision} is not one of 'highest', 'high' or 'medium'")


def set_flush_denormal(mode):
    """False: denormal numbers are kept."""
    return False


def typename(obj):
    """The name of an object's type: torch.FloatTensor for a tensor."""
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ in ("builtins", None) else f"{kind.__module__}.{kind.__qualname__}"
