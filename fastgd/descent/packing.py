"""Which full-batch descents go over a copy of their rows: it depends on their shape alone.

So the same fit gives the same bits however often it stops and goes on. See _kernels_packed.h for what is packed how.
"""

PIECE = 1 << 28  # multiply-adds that one call of the kernel may take: some 10 milliseconds
PACKED_BYTES = 48 << 20  # of X: the copy takes as much memory, and as long as some ten passes
NEAR_BYTES = 16 << 20  # beyond, memory is the limit, and rows are read in place as fast or faster
LONG_COLUMNS = 8  # for each output, if they are as long as that
PACKED_OUTPUTS = 96  # bytes of a row's: more are faster as the vector, in place
PACKED_COLUMNS = 256  # with more than FEW_OUTPUTS: more, and the sums, a vector each, fill the second cache
FEW_OUTPUTS = 4


def rows_at_most(d, k):
    """So many may go to the kernel in one call."""
    return PIECE // (d * k) + 1


def copies(n, d, k, itemsize):
    """Whether full-batch descents may copy X."""
    return n <= rows_at_most(d, k) and n * d * itemsize <= PACKED_BYTES


def packs(n, d, k, itemsize):
    """Whether full-batch descents on X, n x d of `itemsize` bytes a number, go over packed blocks of it."""
    return (
        copies(n, d, k, itemsize)
        and (n * d * itemsize <= NEAR_BYTES or d < LONG_COLUMNS * k)
        and (k <= FEW_OUTPUTS or (k * itemsize <= PACKED_OUTPUTS and d <= PACKED_COLUMNS))
    )
