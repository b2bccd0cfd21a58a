"""The handle that registering a hook gives: for annotations."""

from .._tensor import RemovableHandle

__all__ = ["RemovableHandle"]
