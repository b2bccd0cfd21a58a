"""What the two engines of full-batch descent take, in seconds, by counted work; `auto` takes the cheaper.

Only their ratios decide. The figures are of the machine that bench/README.md names, which says how to take them anew.
"""

from .stream import packs

# The stream: packing a number of X, an epoch of nothing, and a step, which reads X and multiplies.
PACKED, EPOCH = 1.6e-9, 60e-9
MULTIPLY_ADDS = 40e9  # a second, in float32: 2 for each number of X and output
READING = (1 << 15, 200e9), (1 << 20, 40e9), (float("inf"), 15e9)  # up to so many bytes, bytes a second

# The spectral engine: its start beyond the stream's; the sums' pass and the residuals' pass over a row, a number of X
# and (the sums) a product of two columns, (the residuals) a number and output; the eigenbasis by columns squared and
# cubed; an epoch of nothing, a coordinate's, and a product's where coordinates are coupled.
START = 400e-6
SUMS_ROW, SUMS_NUMBER, PRODUCT = 0.2e-9, 0.3e-9, 0.07e-9
RESIDUAL_ROW, RESIDUAL_NUMBER = 0.5e-9, (0.35e-9, 0.4e-9)
EIGENBASIS = 120e-9, 0.15e-9
EPOCHS, COORDINATE, COUPLED = 40e-9, 0.3e-9, 0.5e-9


def stream_seconds(n, d, k, itemsize, epochs):
    """Of all epochs over an n x d table with k outputs."""
    size = n * d * itemsize
    reading = size / next(speed for most, speed in READING if size <= most)
    step = max(reading, 2 * n * d * k * (itemsize // 4) / MULTIPLY_ADDS)
    packing = PACKED * n * d if packs(n, d, k, itemsize) else 0
    return packing + epochs * (EPOCH + step)


def spectral_seconds(n, d, k, epochs, alone):
    """The same without the rows; alone: whether the eigenbasis applies."""
    p = d + 1
    sums = n * (SUMS_ROW + SUMS_NUMBER * (d + k) + PRODUCT * (d + k) ** 2 / 2)
    residuals = n * (RESIDUAL_ROW + p * (RESIDUAL_NUMBER[0] + RESIDUAL_NUMBER[1] * k))
    eigenbasis = p**2 * EIGENBASIS[0] + p**3 * EIGENBASIS[1]
    epoch = EPOCHS + (p * k * COORDINATE if alone else p**2 * k * COUPLED)
    return START + sums + residuals + eigenbasis + epochs * epoch
