/* Weighted, centred sums of the columns of X and y, in float64, compiled for each level of processors as _kernels is.
 *
 * A block of rows is turned feature by feature into a panel that the second-level cache holds, less the mean of the
 * block before it; then tiles of features meet in registers. That mean is near enough: where a block lies far from the
 * one before, their distance is part of the variance, against which the rounding is small.
 */
#ifndef FASTGD_SUMS_H
#define FASTGD_SUMS_H

#include <Python.h>
#include <string.h>

#define BLOCK 512                   /* rows; a multiple of every level's lanes */
#define STRIDE (BLOCK + 8)          /* from feature to feature: 4096 bytes would all fall into one set of the cache */
#define TILE 4                      /* features; a multiple of TILE_ACROSS */

#ifdef __GNUC__
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#else
#define INLINE static inline
#define NOINLINE static
#endif
#define PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define UNROLL PRAGMA(clang loop unroll(full))
#define TARGET(features) PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define TARGET_END PRAGMA(clang attribute pop)
#elif defined(__GNUC__)
#define UNROLL PRAGMA(GCC unroll 16)
#define TARGET(features) PRAGMA(GCC push_options) PRAGMA(GCC target(features))
#define TARGET_END PRAGMA(GCC pop_options)
#else
#define UNROLL
#endif
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(name) JOIN(name, LEVEL)

#define LEVEL baseline
#ifdef __GNUC__
#define BYTES 16
#else
#define BYTES 8
#endif
#define TILE_ACROSS 2
#include "_sums_loops.h"

#if defined(__GNUC__) && defined(__x86_64__)
TARGET("avx2,fma")
#define LEVEL v3
#define BYTES 32
#define TILE_ACROSS 2
#include "_sums_loops.h"
TARGET_END

TARGET("avx512f,avx512vl,avx512bw,avx512dq")
#define LEVEL v4
#define BYTES 64
#define TILE_ACROSS 4
#include "_sums_loops.h"
TARGET_END
#endif

typedef struct {
    void (*pack_float)(const float *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const double *, const double *, double *);
    void (*pack_double)(const double *, Py_ssize_t, Py_ssize_t, Py_ssize_t, const double *, const double *, double *);
    void (*products)(const double *, Py_ssize_t, Py_ssize_t, double *);
} SumsLevel;

#define SUMS_ENTRY(level) {pack_##level##_float, pack_##level##_double, products_##level}
static const SumsLevel SUMS_LEVELS[] = {        /* by the number of the level that the kernels use; none is plain */
    SUMS_ENTRY(baseline),
    SUMS_ENTRY(baseline),
#if defined(__GNUC__) && defined(__x86_64__)
    SUMS_ENTRY(v3),
    SUMS_ENTRY(v4),
#endif
};

#endif
