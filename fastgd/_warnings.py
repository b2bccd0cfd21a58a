"""Warnings in torch's words, told of the line of the program that they are about."""

import os
import sys
import warnings

_PACKAGE = os.path.dirname(__file__) + os.sep
_told = set()


def warn(text, category=UserWarning):
    """Warns of the nearest line outside the package: compiled functions leave no frames that could be counted."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    warnings.warn(text, category, stacklevel=level)


def warn_once(text, about=None):
    """Warns the first time in a process, whatever the filters are, as the compiled parts of torch do.

    Args:
        about: what several texts have in common, where only the first of them is told.
    """
    about = text if about is None else about
    if about not in _told:
        _told.add(about)
        warn(text)
