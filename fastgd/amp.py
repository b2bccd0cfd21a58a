"""torch.amp, switched off: scripts ask for mixed precision where there is a GPU, and go the same way without."""

import contextlib
import warnings

from ._types import bfloat16, device, float16

HALVES = bfloat16, float16


def _switched_on(name, what):
    return NotImplementedError(
        f"{name} computes {what} in half precision: fastgd computes in float32 and float64. Pass enabled=False; half "
        "precision needs torch"
    )


class autocast(contextlib.ContextDecorator):
    """`with autocast(...):` and `@autocast(...)`, that change nothing.

    Args:
        device_type: "cpu"; for a device that is not there it warns, as torch does, and is off.
        dtype: half precision; where it is another, torch warns and is off.
        enabled: False, or an error.
        cache_enabled: accepted.

    Raises:
        NotImplementedError: it is switched on.

    Example:
        >>> with fastgd.autocast("cpu", enabled=False):
        ...     fastgd.ones(2) * 3
        tensor([3., 3.])
    """

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device = device(device_type).type
        self.fast_dtype = dtype or (bfloat16 if self.device == "cpu" else float16)
        if enabled and self.device != "cpu":
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast."
                if self.device == "cuda"
                else f"fastgd runs on the CPU: there is no {self.device}. Disabling autocast.",
                stacklevel=2 + (type(self) is not autocast),
            )
        elif enabled and self.fast_dtype not in HALVES:
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
        elif enabled:
            raise _switched_on(f'autocast("{device_type}")', "products")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return False


class GradScaler:
    """Scales losses, where halves could not hold their gradients; switched off, as here, it hands everything on.

    Args:
        device: for a device that is not there it warns, as torch does, and is off.
        init_scale, growth_factor, backoff_factor, growth_interval: accepted.
        enabled: False, or an error for the CPU.

    Raises:
        NotImplementedError: it is switched on for the CPU.
    """

    def __init__(
        self, device="cuda", init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000,
        enabled=True,
    ):  # fmt: skip
        if enabled and device == "cpu":
            raise _switched_on('GradScaler("cpu")', "a loss to be backed")
        if enabled:
            warnings.warn(
                f"torch.{device}.amp.GradScaler is enabled, but {device.upper()} is not available.  Disabling.",
                stacklevel=2 + (type(self) is not GradScaler),
            )

    def scale(self, outputs):
        """The outputs themselves."""
        return outputs

    def unscale_(self, optimizer):
        """Nothing: there is no scale."""

    def step(self, optimizer, *args, **options):
        """optimizer.step()."""
        return optimizer.step(*args, **options)

    def update(self, new_scale=None):
        """Nothing: there is no scale."""

    def get_scale(self):
        """1."""
        return 1.0

    def is_enabled(self):
        """False."""
        return False

    def state_dict(self):
        """Empty."""
        return {}

    def load_state_dict(self, state_dict):
        """Nothing: there is no state."""


def is_autocast_enabled(device_type=None):
    """False."""
    return False


def is_autocast_available(device_type):
    """Whether `autocast` may be asked for: for every device that torch knows."""
    device(device_type)
    return True
