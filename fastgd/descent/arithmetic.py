"""What decides the last bits of a fit beside its data: of which fits go on in another process, it must be the same."""

import contextlib
import functools
import hashlib
import warnings

import numpy as np

from .. import _kernels


def arithmetic(engine, level):
    """What a fit on this engine, at this level of processors, computes with: to be saved beside its state."""
    return {
        "level": level,
        "blocks": _kernels.blocks(),
        "packed": engine.packed,
        "numpy digest": _numpy_bits() if engine.uses_numpy else None,
    }


@contextlib.contextmanager
def at_level(name):
    """Computes at this level of processors meanwhile, in all of the process, where this machine can; None: as it is."""
    before = _kernels.level()
    if name == before or name not in _kernels.levels():
        yield  # and leaves alone what another thread may choose
        return
    _kernels.set_level(name)
    try:
        yield
    finally:
        _kernels.set_level(before)


def warn_of_other_bits(saved, own):
    """Warns where a fit goes on with another arithmetic than it was saved with."""
    different = [name for name, value in own.items() if saved[name] != value]
    if different:
        was, now = (", ".join(f"{name} {each[name]}" for name in different) for each in (saved, own))
        warnings.warn(
            f"the resumed fit was computed with {was}, this machine computes with {now} (levels: "
            f"{', '.join(_kernels.levels())}): the result will not be bit-identical to that of a fit that was never "
            "interrupted. For the same bits go on where the same is to be had",
            stacklevel=4,
        )


@functools.cache
def _numpy_bits():
    """A digest of what numpy, whose loops depend on version and processor, makes of some numbers."""
    digest = hashlib.sha256()
    for dtype in (np.float32, np.float64):
        a, b = (np.sqrt(np.arange(size, size + 30 * 40)).astype(dtype) for size in (2, 3))
        square = a.reshape(40, 30) @ b.reshape(30, 40)
        for made in (square, square @ b[:40], np.exp(-a), np.log(b), a.sum(), np.linalg.eigh(square + square.T)[0]):
            digest.update(np.ascontiguousarray(made))
    return digest.hexdigest()[:16]
