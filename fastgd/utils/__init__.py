"""torch.utils: data sets and loaders."""

from .._hooks import RemovableHandle
from . import data

__all__ = ["RemovableHandle", "data"]
