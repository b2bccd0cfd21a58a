"""Switches of torch that a script may set: accepted where they change nothing here."""

import importlib
import os
import warnings

import numpy as np

from . import _kernels, _threads
from ._tensor import Tensor
from ._types import advised, cpu, on_cpu

_interop_threads = os.cpu_count()


def _checked_count(name, count):
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
        raise RuntimeError(f"{name} expects an int, but got {type(count).__name__}")
    if count <= 0:
        raise advised(RuntimeError(f"{name} expects a positive integer"), f"Got {count}.")
    if count > _threads.MOST_THREADS:
        raise advised(
            ValueError("Overflow when unpacking long"), f"{name} expects at most {_threads.MOST_THREADS}, got {count}."
        )
    return int(count)


def set_num_threads(count):
    """Says how many threads a pass over many rows may use; its results do not depend on it."""
    _threads.set_count(_checked_count("set_num_threads", count))


def get_num_threads():
    """How many threads a pass over many rows may use: OMP_NUM_THREADS, or this process's processors, unless set."""
    return _threads.get_count()


def set_num_interop_threads(count):
    """Accepted: operations run one after another."""
    global _interop_threads
    _interop_threads = _checked_count("set_num_interop_threads", count)


def get_num_interop_threads():
    """What set_num_interop_threads was given."""
    return _interop_threads


def show_config():
    """Prints what the numbers are computed with: the processor's level, compiler, flags, threads and versions.

    Example:
        >>> fastgd.show_config()  # doctest: +SKIP
        level      x86-64-v4 (of plain, baseline, x86-64-v3, x86-64-v4)
    """
    config = _kernels.config()
    told = {
        "fastgd": importlib.import_module(__package__).__version__,
        "numpy": np.__version__,
        "level": f"{config['level']} (of {', '.join(config['levels'])})",
        "compiler": config["compiler"],
        "flags": config["flags"],
        "threads": f"{get_num_threads()} (of {os.cpu_count()} processors)",
    }
    for name, value in told.items():
        print(f"{name:10} {value}")


def set_default_device(device):
    """Accepts "cpu", which is where all tensors are."""
    on_cpu(device)


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


_precision = "highest"


def set_float32_matmul_precision(precision):
    """Accepted: float32 is computed in float32."""
    global _precision
    if precision in ("highest", "high", "medium"):
        _precision = precision
    else:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current setFloat32MatmulPrecision call has "
            "no effect.",
            stacklevel=2,
        )


def get_float32_matmul_precision():
    """What set_float32_matmul_precision was given."""
    return _precision


def set_flush_denormal(mode):
    """False: denormal numbers are kept."""
    return False


def typename(obj):
    """The name of an object's type: torch.FloatTensor for a tensor."""
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ in ("builtins", None) else f"{kind.__module__}.{kind.__qualname__}"
