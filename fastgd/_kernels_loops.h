/* The loops, written once. _kernels_levels.h includes this file for each level, with LEVEL, BYTES of a vector, SUMS
 * (how many running sums fit the registers) and, where there are masked loads and stores, MASKED_float,
 * MASKED_STORE_float and theirs for double.
 */
#ifndef REAL

#define REAL double
#define INT long long
#define REAL_BYTES 8
#include "_kernels_loops.h"
#undef REAL
#undef INT
#undef REAL_BYTES
#define REAL float
#define INT int
#define REAL_BYTES 4
#include "_kernels_loops.h"
#undef REAL
#undef INT
#undef REAL_BYTES
#undef LEVEL
#undef BYTES
#undef SUMS

#else

#include "_kernels_vectors.h"
#include "_kernels_losses.h"
#include "_kernels_tiles.h"
#include "_kernels_packed.h"
#include "_kernels_job.h"
#include "_kernels_short.h"
#include "_kernels_rows.h"
#include "_kernels_update.h"
#include "_kernels_descent.h"
#include "_kernels_samples.h"

#undef VEC
#undef WIDE
#undef CONVERTED
#undef JOB
#undef PLACES
#undef MASK
#undef LANES

#endif
