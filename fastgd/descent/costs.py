"""What the two engines of full-batch descent take, in seconds, by counted work; `auto` takes the cheaper.

Only their ratios decide. The figures are of the machine that bench/README.md names, which says how to take them anew.
"""

from .packing import packs

# The stream: packing a row, and a number of X and y; an epoch of nothing, and of a feature; and a step, which reads X
# and multiplies.
PACKED_ROW, PACKED = 5e-9, 1.75e-9
EPOCH, EPOCH_FEATURE = 15e-9, 4e-9
STEP_ROW, MULTIPLY_ADDS = 0.2e-9, 40e9  # so many a second, in float32: 2 for each number of X and output
# Up to so many bytes, bytes a second: every other step goes backwards, and begins with what is near.
READING = (1 << 15, 200e9), (1 << 21, 45e9), (1 << 22, 26e9), (1 << 24, 20e9), (float("inf"), 16e9)

# The spectral engine: its start beyond the stream's; the sums' pass over a number of X and a product of two columns;
# the residuals' pass over a number of X, and for each output; the eigenbasis by columns squared and cubed; an epoch of
# nothing, a coordinate's, and a product's where coordinates are coupled.
START = 440e-6
SUMS_NUMBER, PRODUCT = 0.22e-9, 0.052e-9
RESIDUAL_NUMBER = 0.3e-9, 0.3e-9
EIGENBASIS = 85e-9, 0.1e-9
EPOCHS, COORDINATE, COUPLED = 20e-9, 0.3e-9, 0.5e-9


def stream_seconds(n, d, k, itemsize, epochs):
    """Of all epochs over an n x d table with k outputs."""
    size = n * d * itemsize
    reading = size / next(speed for most, speed in READING if size <= most)
    step = max(reading, n * k * (STEP_ROW + 2 * d * (itemsize // 4) / MULTIPLY_ADDS))
    packing = n * (PACKED_ROW + PACKED * (d + k)) if packs(n, d, k, itemsize) else 0
    return packing + epochs * (EPOCH + EPOCH_FEATURE * d * k + step)


def spectral_seconds(n, d, k, epochs, alone):
    """The same without the rows; alone: whether the eigenbasis applies."""
    p = d + 1
    sums = n * (SUMS_NUMBER * (d + k) + PRODUCT * (d + k) ** 2 / 2)
    residuals = n * p * (RESIDUAL_NUMBER[0] + RESIDUAL_NUMBER[1] * k)
    eigenbasis = p**2 * EIGENBASIS[0] + p**3 * EIGENBASIS[1]
    epoch = EPOCHS + (p * k * COORDINATE if alone else p**2 * k * COUPLED)
    return START + sums + residuals + eigenbasis + epochs * epoch
