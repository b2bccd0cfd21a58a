/* What a header needs to compile its loops once for each level of processors; _kernels says which one is in use.
 *
 * baseline                vectors of 16 bytes, which every 64-bit processor has (GCC, clang); else one number at a time
 * x86-64-v3, x86-64-v4    vectors of 32 and 64 bytes, fused multiply-add, masked loads and stores
 *
 * Only functions between TARGET and TARGET_END are compiled for a level, not the file: nothing else uses its
 * instructions.
 */
#ifndef FASTGD_LEVELS_H
#define FASTGD_LEVELS_H

#ifdef __GNUC__
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline, unused))      /* not every level uses all */
#define FETCH(p) __builtin_prefetch(p)
#else
#define INLINE static inline
#define NOINLINE static
#define FETCH(p) ((void)(p))
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

#if defined(__GNUC__) && defined(__x86_64__)
#define HAS_LEVELS
#define TARGET_V3 TARGET("avx2,fma")
#define TARGET_V4 TARGET("avx512f,avx512vl,avx512bw,avx512dq")
#endif

#endif
