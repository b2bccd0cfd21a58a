/* Vectors of doubles for one level: LEVEL names it, BYTES is their size. _levels_end.h takes the names away again. */

#define NAME(name) JOIN(name, LEVEL)
#define LANES (BYTES / 8)
#define VEC NAME(doubles)

#if LANES == 1
typedef double VEC;
#else
typedef double VEC __attribute__((vector_size(BYTES)));
typedef long long NAME(words) __attribute__((vector_size(BYTES)));
#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (NAME(words)){__VA_ARGS__})
#endif
#endif

INLINE VEC NAME(load)(const double *from)
{
    VEC v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void NAME(store)(double *to, VEC v) { memcpy(to, &v, sizeof v); }

/* Row i of the square becomes column i. */
INLINE void NAME(transpose)(VEC *v)
{
    (void)v;
#if LANES > 1
#define STAGE(distance, LOW, HIGH) \
    UNROLL for (int i = 0; i < LANES; i++) \
        if (!(i & (distance))) { \
            VEC a = v[i], b = v[i + (distance)]; \
            v[i] = SHUFFLE(a, b, LOW); \
            v[i + (distance)] = SHUFFLE(a, b, HIGH); \
        }
#define ARGS(...) __VA_ARGS__
#if LANES == 2
    STAGE(1, ARGS(0, 2), ARGS(1, 3))
#elif LANES == 4
    STAGE(1, ARGS(0, 4, 2, 6), ARGS(1, 5, 3, 7))
    STAGE(2, ARGS(0, 1, 4, 5), ARGS(2, 3, 6, 7))
#else
    STAGE(1, ARGS(0, 8, 2, 10, 4, 12, 6, 14), ARGS(1, 9, 3, 11, 5, 13, 7, 15))
    STAGE(2, ARGS(0, 1, 8, 9, 4, 5, 12, 13), ARGS(2, 3, 10, 11, 6, 7, 14, 15))
    STAGE(4, ARGS(0, 1, 2, 3, 8, 9, 10, 11), ARGS(4, 5, 6, 7, 12, 13, 14, 15))
#endif
#undef STAGE
#undef ARGS
#endif
}

/* The sums over the lanes of LANES vectors, which it overwrites. */
INLINE VEC NAME(lane_sums)(VEC *v)
{
    NAME(transpose)(v);
    UNROLL for (int half = LANES / 2; half; half /= 2)
        UNROLL for (int l = 0; l < half; l++) v[l] += v[l + half];
    return v[0];
}
