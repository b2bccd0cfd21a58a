"""torch.utils: data sets and loaders."""

from .._tensor import RemovableHandle
from . import data

__all__ = ["RemovableHandle", "data"]
