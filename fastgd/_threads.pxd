"""The fused pass over all rows, and any other that is cut into ranges, by as many threads as may be used."""

from ._kernels cimport Loss, Packed, Rows

# As loss_and_gradients, over the rows in place, or over packed ones where `packed` is not NULL: then gb follows gW,
# with the place that packed_pass asks for. Many rows are cut into ranges whose sums are added in their order, so that
# the result does not depend on the number of threads. Takes the GIL where threads start.
cdef int whole_pass(
    const Rows *rows, const Packed *packed, Loss loss, double delta, double scale,
    const void *W, const void *b,               # IN
    double *value, void *gW, void *gb,          # OUT
) noexcept nogil

# Calls run(data, i) for i from 0 to count - 1 and is back when all are; where they are shared, in any order, by this
# thread and the others. Takes the GIL where threads start.
ctypedef void Range(void *data, int i) noexcept nogil
cdef void run_ranges(Range *run, void *data, int count, bint shared) noexcept nogil
