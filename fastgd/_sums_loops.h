/* The centred products of one block, for one level: vectors of LANES rows, feature by feature. */

#define LANES (BYTES / 8)
#define VEC NAME(rows_vec)

#if LANES == 1
typedef double VEC;
#else
typedef double VEC __attribute__((vector_size(BYTES)));
#endif

#if LANES > 1
#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef long long NAME(rows_mask) __attribute__((vector_size(BYTES)));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (NAME(rows_mask)){__VA_ARGS__})
#endif
#endif

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

#undef SHUFFLE

INLINE VEC NAME(load)(const double *from)
{
    VEC v;
    memcpy(&v, from, sizeof v);
    return v;
}

#define REAL float
#include "_sums_pack.h"
#undef REAL
#define REAL double
#include "_sums_pack.h"
#undef REAL

/* products[i][j] += sum of panel[i] panel[j] over the rows, for a tile of features. */
INLINE void NAME(tile)(const double *a, const double *b, Py_ssize_t rows, double *products, Py_ssize_t width)
{
    VEC sums[TILE * TILE_ACROSS];
    UNROLL for (int t = 0; t < TILE * TILE_ACROSS; t++) sums[t] = (VEC){0};
    for (Py_ssize_t r = 0; r < rows; r += LANES) {
        VEC across[TILE_ACROSS];
        UNROLL for (int y = 0; y < TILE_ACROSS; y++) across[y] = NAME(load)(b + y * STRIDE + r);
        UNROLL for (int x = 0; x < TILE; x++) {
            VEC down = NAME(load)(a + x * STRIDE + r);
            UNROLL for (int y = 0; y < TILE_ACROSS; y++) sums[x * TILE_ACROSS + y] += down * across[y];
        }
    }
    double total[TILE * TILE_ACROSS];
    UNROLL for (int t = 0; t < TILE * TILE_ACROSS; t += LANES) {
        NAME(transpose)(sums + t);
        VEC all = sums[t];
        UNROLL for (int l = 1; l < LANES; l++) all += sums[t + l];
        memcpy(total + t, &all, sizeof all);
    }
    for (int x = 0; x < TILE; x++)
        for (int y = 0; y < TILE_ACROSS; y++) products[x * width + y] += total[x * TILE_ACROSS + y];
}

NOINLINE void NAME(products)(const double *panel, Py_ssize_t rows, Py_ssize_t width, double *products)
{
    for (Py_ssize_t i = 0; i < width; i += TILE)
        for (Py_ssize_t j = i; j < width; j += TILE_ACROSS)
            NAME(tile)(panel + i * STRIDE, panel + j * STRIDE, rows, products + i * width + j, width);
}

#undef VEC
#undef LANES
#undef LEVEL
#undef BYTES
#undef TILE_ACROSS
