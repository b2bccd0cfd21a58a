"""The handle that registering a hook gives: for annotations."""

from .._hooks import RemovableHandle

__all__ = ["RemovableHandle"]
