/* One build for every processor: the loops of _kernels_loops.h, compiled for each level of _levels.h into one table;
 * and for one below, plain: one number at a time, what any C compiler makes of it.
 */
#ifndef FASTGD_KERNELS_LEVELS_H
#define FASTGD_KERNELS_LEVELS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "_kernels.h"
#include "_levels.h"

#define GROUP 16                    /* rows: a multiple of every level's sums and lanes */
#define SMALL_COLUMNS 62            /* of few packed rows: their sums, and two more, are near */
#define NARROW_NUMBERS 24           /* of few packed rows: so few, and their sums take longer than they themselves */
#define SHORT 13                    /* vectors in a row: their sums fit the registers, of 32 those of W too */
#define BLOCK_ROWS 256              /* sums of that many stay in the data's own type; a multiple of GROUP */
#define BLOCK_COLUMNS 4096          /* so do dot products of that many */
#define OUTPUT_VECTORS 3            /* in a tile of many outputs */
#define PANEL 128                   /* columns or rows: their part of W^T or of slopes stays in the nearest cache */
#define CHUNK_BYTES (40 * 1024)     /* what the nearest cache holds of packed rows */
#define ROWS_BYTES (24 * 1024)      /* the same of rows in place, and half of the next chunk */
#define TILED_BYTES (128 * 1024)    /* of rows in place for several outputs: the second cache holds the next chunk too,
                                     * and where the outputs are the vector, their targets and slopes */
#define STRIDED_BYTES (256 * 1024)  /* of X, packed for one use or read by turns: stays in the second cache */
#define AHEAD (8 * 1024)            /* bytes: far enough that memory answers in time */
#define ROWS_AHEAD 64               /* rows by index: far enough that the second cache has them in time */
#define LINE 64                     /* bytes of the caches' */
#define STACK_DOUBLES 2048          /* of work space; more than that is allocated */

typedef int LossAndGradients(
    const Rows *, Loss, double, double, const void *, const void *, double *, void *, void *);
typedef int PackedPass(
    const Packed *, Loss, double, double, const void *, const void *, int, double *, void *);
typedef void Pack(const Rows *, Packed *);
typedef double Samples(
    const Rows *, Loss, double, double, int, Parameters *, Part *, Part *, Py_ssize_t, Py_ssize_t);
typedef void SgdUpdate(
    Py_ssize_t, void *, const void *, void *, int, double, double, double, double, int, int);
typedef void SgdStep(Parameters *, Py_ssize_t);
typedef Stop FullStep(Parameters *, Watch *, Py_ssize_t, double, double *);
typedef Stop Descent(
    const Packed *, Loss, double, double, Parameters *, Watch *, Py_ssize_t *, Py_ssize_t, void *, void *);

typedef struct {
    const char *name;
    LossAndGradients *loss_and_gradients[2];        /* by Precision */
    Pack *pack[2];
    PackedPass *packed_pass[2];
    Samples *samples[2];
    SgdUpdate *sgd_update[2];
    SgdStep *sgd_step[2];
    FullStep *full_step[2];
    Descent *descent[2];
} Level;

#ifdef __GNUC__
#define FETCH_FAR(p) __builtin_prefetch(p, 0, 2)     /* to the second cache */
/* A load that broadcasts is one instruction; from a register, compilers make shuffles. */
#define BROADCAST_FROM_MEMORY(array) __asm__("" : "+m"(array))
#define ALIGNED __attribute__((aligned(LINE)))
#else
#define FETCH_FAR(p) ((void)(p))
#define BROADCAST_FROM_MEMORY(array)
#define ALIGNED
#endif

/* The local numbers, or where more are needed, allocated ones that begin with a line; `memory` is to be freed. */
static inline double *work_space(Py_ssize_t count, double *local, void **memory)
{
    *memory = NULL;
    if (count <= STACK_DOUBLES) return local;
    if (!(*memory = malloc(count * sizeof(double) + LINE))) return NULL;
    return (double *)(((uintptr_t)*memory + LINE - 1) / LINE * LINE);
}

#define AT(array, i) ((array) ? (array) + (i) : NULL)

#define NAME(name) JOIN(JOIN(name, REAL), LEVEL)
#define BOTH(name, level) {name##_float_##level, name##_double_##level}
#define ENTRY(text, level) { \
        text, BOTH(loss_and_gradients, level), BOTH(pack, level), BOTH(packed_pass, level), BOTH(samples, level), \
        BOTH(sgd_update, level), BOTH(sgd_step, level), BOTH(full_step, level), \
        BOTH(descent, level)}

/* Where there are vectors, only tests use this level: it is not worth most of the compiler's time. */
#if defined(__OPTIMIZE__) && defined(__GNUC__) && !defined(__clang__)
#define PLAIN \
    PRAGMA(GCC push_options) PRAGMA(GCC optimize("O1")) \
    PRAGMA(GCC diagnostic push) PRAGMA(GCC diagnostic ignored "-Wmaybe-uninitialized")  /* false: -O1 sees less */
#define PLAIN_END PRAGMA(GCC diagnostic pop) PRAGMA(GCC pop_options)
#else
#define PLAIN
#define PLAIN_END
#endif

PLAIN
#define LEVEL plain
#define BYTES REAL_BYTES
#define SUMS 8
#pragma push_macro("UNROLL")
#undef UNROLL
#define UNROLL
#include "_kernels_loops.h"
#pragma pop_macro("UNROLL")
PLAIN_END

#ifdef __GNUC__
#define LEVEL baseline
#define BYTES 16
#ifdef __aarch64__
#define SUMS 16
#else
#define SUMS 8
#endif
#include "_kernels_loops.h"
#endif

#ifdef HAS_LEVELS
#include <immintrin.h>

/* Descents on fewest rows wait for sums across lanes, of which a short vector needs fewer: both levels use these. */
TARGET_V3
#define LEVEL narrow
#define BYTES 16
#define SUMS 8
#include "_kernels_loops.h"
#define NARROWER narrow

#define LEVEL v3
#define BYTES 32
#define SUMS 8
#define MASKED_float(p, count) _mm256_maskload_ps(p, (__m256i)NAME(first)(count))
#define MASKED_double(p, count) _mm256_maskload_pd(p, (__m256i)NAME(first)(count))
#define MASKED_STORE_float(p, v, count) _mm256_maskstore_ps(p, (__m256i)NAME(first)(count), v)
#define MASKED_STORE_double(p, v, count) _mm256_maskstore_pd(p, (__m256i)NAME(first)(count), v)
#include "_kernels_loops.h"
#undef MASKED_float
#undef MASKED_double
#undef MASKED_STORE_float
#undef MASKED_STORE_double
TARGET_END

TARGET_V4
#define LEVEL v4
#define BYTES 64
#define SUMS 16
#define MASKED_float(p, count) _mm512_maskz_loadu_ps((__mmask16)((1u << (count)) - 1), p)
#define MASKED_double(p, count) _mm512_maskz_loadu_pd((__mmask8)((1u << (count)) - 1), p)
#define MASKED_STORE_float(p, v, count) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (count)) - 1), v)
#define MASKED_STORE_double(p, v, count) _mm512_mask_storeu_pd(p, (__mmask8)((1u << (count)) - 1), v)
#include "_kernels_loops.h"
TARGET_END
#endif

#ifdef __VERSION__
#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif
#else
#define COMPILER "unknown"
#endif
#ifndef FASTGD_FLAGS
#define FASTGD_FLAGS ""
#endif

/* Whether `descent` takes rows of that many features. */
static int are_few(Py_ssize_t n, Py_ssize_t d, Py_ssize_t k, Loss loss)
{
    return 0 < n && n <= BLOCK_ROWS && d <= SMALL_COLUMNS && k == 1 && loss != LOGISTIC;
}

/* Lowest first. */
static const Level LEVELS[] = {
    ENTRY("plain", plain),
#ifdef __GNUC__
    ENTRY("baseline", baseline),
#endif
#ifdef HAS_LEVELS
    ENTRY("x86-64-v3", v3),
    ENTRY("x86-64-v4", v4),
#endif
};

/* How many of LEVELS this machine can run. */
static int runnable_levels(void)
{
#ifdef HAS_LEVELS
    __builtin_cpu_init();
    if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) return 2;
    if (!(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
          && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))) return 3;
#endif
    return (int)(sizeof LEVELS / sizeof *LEVELS);
}

#endif
