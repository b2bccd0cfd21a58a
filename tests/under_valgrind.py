"""Every kernel over exact, unaligned buffers: to be run under valgrind, which pytest is too slow for.

    PYTHONMALLOC=malloc valgrind --log-file=log python tests/under_valgrind.py

It is a test of the machine code alone: in the log, no line of an error's stack may name a module of fastgd. valgrind
shows processors without AVX-512, so the levels end at x86-64-v3.
"""

import itertools
import sys

import numpy as np
import reference
from numpy.testing import assert_allclose

import fastgd
from fastgd import _kernels, nn, optim

TYPES = {np.float32: 2e-4, np.float64: 1e-10}
PASSES = [*itertools.product((1, 2, 7, 16, 17, 33, 70), (1, 2, 3, 5, 10, 16, 17, 33, 65), (1, 2, 3, 6, 10, 17))]
PASSES += [(64, 784, 10), (3, 4100, 2), (300, 100, 1), (37, 52, 1), (290, 77, 1), (130, 64, 40), (600, 3, 1)]
FITS = [*itertools.product((1, 3, 16, 40, 129, 260), (1, 2, 7, 10, 17, 62), (1, 2)), (9000, 20, 1)]
SUMS = [*itertools.product((1, 7, 8, 17, 520, 1030), (*range(1, 18), 33), (1, 2))]


def unaligned(rng, shape, dtype, by):
    """Normal numbers that begin `by` bytes into a buffer and end where it ends."""
    size = int(np.prod(shape))
    array = np.empty(size * np.dtype(dtype).itemsize + by, np.uint8)[by:].view(dtype).reshape(shape)
    array[...] = rng.standard_normal(shape)
    return array


def passes(dtype, tolerance):
    for i, (n, d, k) in enumerate(PASSES):
        rng = np.random.default_rng(i)
        by = np.dtype(dtype).itemsize * (i % 5)
        X, y, W, b = (unaligned(rng, shape, dtype, by) for shape in ((n, d), (n, k), (k, d), (k,)))
        weights = unaligned(rng, (n,), dtype, by) ** 2 if i % 3 == 0 else None
        index = rng.permutation(n) if i % 4 == 0 else None
        options = {"loss": i % 4, "delta": 0.7, "scale": 1 / n, "weights": weights, "index": index}
        expected = reference.loss_and_gradients(X, y, W, b, **options)
        for packed in (False, True):
            gW, gb = (unaligned(rng, shape, dtype, by) for shape in ((k, d), (k,)))
            value = _kernels.run_pass(X, y, W, b, gW=gW, gb=gb, packed=packed, **options)
            if i % 4 != reference.ABSOLUTE:  # its gradient jumps where a residual is rounded to another sign
                for found, wanted in zip((value, gW, gb), expected, strict=True):
                    assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max())


def fits(dtype):
    for i, (n, d, k) in enumerate(FITS):
        rng = np.random.default_rng(i)
        X, y = (unaligned(rng, shape, dtype, np.dtype(dtype).itemsize) for shape in ((n, d), (n, k)))
        for engine, batch in (("stream", None), ("stream", 1), ("stream", 5), ("spectral", None)):
            model = nn.Linear(d, k, dtype=fastgd.from_numpy(X).dtype)
            optimizer = optim.SGD(model.parameters(), lr=1e-3 / d, momentum=0.9 * (i % 2), nesterov=i % 2 == 1)
            trainer = fastgd.Trainer(model, optimizer, nn.MSELoss())
            history = trainer.fit(X, y, epochs=70, batch_size=batch, shuffle=batch is not None, engine=engine)
            assert np.isfinite(history.loss).all() and history.loss[-1] <= history.loss[0]


def sums(dtype, tolerance):
    for i, (n, d, k) in enumerate(SUMS):
        rng = np.random.default_rng(i)
        X, y = (unaligned(rng, shape, dtype, np.dtype(dtype).itemsize) for shape in ((n, d), (n, k)))
        weights = rng.random(n) if i % 3 == 0 else None
        found = fastgd.Statistics(X, y, weights).products[:d, :d]
        centred = X - np.average(X.astype(float), axis=0, weights=weights)
        wanted = (centred if weights is None else centred * weights[:, None]).T @ centred
        assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * n)


def main():
    assert len(_kernels.levels()) >= 2
    for level in _kernels.levels():
        _kernels.set_level(level)
        for dtype, tolerance in TYPES.items():
            passes(dtype, tolerance)
            fits(dtype)
            sums(dtype, 1e-9)
            print(f"{level}, {np.dtype(dtype)}: {len(PASSES) * 2} passes, {len(FITS) * 4} fits, {len(SUMS)} sums")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
