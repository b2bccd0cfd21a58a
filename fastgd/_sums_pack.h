/* Rows of X, shifted and weighted, turned into columns: columns[j][r] = root[r] * (X[r][j] - shift[j]).
 *
 * Squares of 16 bytes across are turned, of which a vector holds two where there are vectors of 32 bytes (longer ones
 * have one port for their shuffles).
 */
#define TURNED JOIN(NAME(turned), REAL)
#define SHIFTED JOIN(NAME(shifted), REAL)
#define SQUARE (16 / REAL_BYTES)
#define PACKED_TOGETHER 32      /* columns of a row: its lines are read once, and few columns are written at once */
#if BYTES > 16
#define HALVES 2
#else
#define HALVES 1
#endif

#if LANES > 1
typedef REAL TURNED __attribute__((vector_size(16 * HALVES)));
#if REAL_BYTES == 4
typedef int JOIN(NAME(turned_words), REAL) __attribute__((vector_size(16 * HALVES)));
#else
typedef long long JOIN(NAME(turned_words), REAL) __attribute__((vector_size(16 * HALVES)));
#endif
#ifdef __clang__
#define TURN(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define TURN(a, b, ...) __builtin_shuffle(a, b, (JOIN(NAME(turned_words), REAL)){__VA_ARGS__})
#endif

/* Rows r + i (and r + SQUARE + i) of the square become column i. */
INLINE void JOIN(NAME(turn), REAL)(const char *rows, Py_ssize_t stride, TURNED *v)
{
    UNROLL for (int i = 0; i < SQUARE; i++) {
#if HALVES == 2
        __m128 low = _mm_loadu_ps((const float *)(rows + i * stride));
        __m128 high = _mm_loadu_ps((const float *)(rows + (i + SQUARE) * stride));
        v[i] = (TURNED)_mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
#else
        memcpy(v + i, rows + i * stride, sizeof *v);
#endif
    }
#if REAL_BYTES == 8
    TURNED a = v[0], b = v[1];
#if HALVES == 2
    v[0] = TURN(a, b, 0, 4, 2, 6), v[1] = TURN(a, b, 1, 5, 3, 7);
#else
    v[0] = TURN(a, b, 0, 2), v[1] = TURN(a, b, 1, 3);
#endif
#else
    TURNED a = v[0], b = v[1], c = v[2], d = v[3];
#if HALVES == 2
#define LOW(a, b) TURN(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(a, b) TURN(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define FRONT(a, b) TURN(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define BACK(a, b) TURN(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#else
#define LOW(a, b) TURN(a, b, 0, 4, 1, 5)
#define HIGH(a, b) TURN(a, b, 2, 6, 3, 7)
#define FRONT(a, b) TURN(a, b, 0, 1, 4, 5)
#define BACK(a, b) TURN(a, b, 2, 3, 6, 7)
#endif
    TURNED ab = LOW(a, b), cd = LOW(c, d), also_ab = HIGH(a, b), also_cd = HIGH(c, d);
    v[0] = FRONT(ab, cd), v[1] = BACK(ab, cd), v[2] = FRONT(also_ab, also_cd), v[3] = BACK(also_ab, also_cd);
#undef LOW
#undef HIGH
#undef FRONT
#undef BACK
#endif
}
#undef TURN
#endif

#if LANES > 1
typedef double SHIFTED __attribute__((vector_size(SQUARE * HALVES * 8)));

INLINE SHIFTED JOIN(NAME(shifted_by), REAL)(TURNED v, double middle)
{
#if REAL_BYTES == 4 && BYTES == 64      /* GCC would make two halves of it */
    return (SHIFTED)_mm512_cvtps_pd((__m256)v) - middle;
#else
    return __builtin_convertvector(v, SHIFTED) - middle;
#endif
}

/* to[r] = root[r] * (v[r] - middle) for the rows of one vector. */
INLINE void JOIN(NAME(put), REAL)(TURNED v, double middle, const double *root, double *to)
{
    SHIFTED shifted = JOIN(NAME(shifted_by), REAL)(v, middle);
    if (root) {
        SHIFTED roots;
        memcpy(&roots, root, sizeof roots);
        shifted *= roots;
    }
    memcpy(to, &shifted, sizeof shifted);
}

/* Some columns of a square. */
INLINE void JOIN(NAME(put_square), REAL)(
    int first, int end, const char *rows, Py_ssize_t stride, const double *shift, const double *root, double *to,
    Py_ssize_t apart)
{
    TURNED v[SQUARE];
    JOIN(NAME(turn), REAL)(rows, stride, v);
    UNROLL for (int i = first; i < end; i++) JOIN(NAME(put), REAL)(v[i], shift[i], root, to + i * apart);
}
#endif

/* readable: rows that are there from the first on, which squares may look into where a row is shorter. */
INLINE void JOIN(NAME(pack_rows), REAL)(
    const char *X, Py_ssize_t stride, Py_ssize_t rows, Py_ssize_t readable, Py_ssize_t d, const double *shift,
    const double *root, double *columns, Py_ssize_t apart)
{
    Py_ssize_t done = 0;
#if LANES > 1
    const Py_ssize_t group = SQUARE * HALVES;
    if (d >= SQUARE) done = rows / group * group;
    else if (stride == d * REAL_BYTES) done = (rows + SQUARE <= readable ? rows : readable - SQUARE) / group * group;
#define PUT(first, end, from) \
    JOIN(NAME(put_square), REAL)( \
        first, end, X + r * stride + (from) * REAL_BYTES, stride, shift + (from), root ? root + r : NULL, \
        columns + (from) * apart + r, apart)
    if (d == 1 && stride == REAL_BYTES)
        for (done = 0; done + group <= rows; done += group) {
            TURNED v;
            memcpy(&v, X + done * REAL_BYTES, sizeof v);
            JOIN(NAME(put), REAL)(v, shift[0], root ? root + done : NULL, columns + done);
        }
    else if (d % SQUARE)
        for (Py_ssize_t r = 0; r < done; r += group) {
            if (d == 1) PUT(0, 1, 0);                                           /* looks beyond the row */
            else if (d % SQUARE == 1) PUT(SQUARE - 1, SQUARE, d - SQUARE);      /* overlaps the square before */
#if SQUARE == 4
            else if (d == 2) PUT(0, 2, 0);
            else if (d == 3) PUT(0, 3, 0);
            else if (d % 4 == 2) PUT(2, 4, d - 4);
            else PUT(1, 4, d - 4);
#endif
        }
    for (Py_ssize_t near = 0; near + SQUARE <= d; near += PACKED_TOGETHER) {
        const Py_ssize_t end = (near + PACKED_TOGETHER < d ? near + PACKED_TOGETHER : d) - SQUARE;
        for (Py_ssize_t r = 0; r < done; r += group) {
            Py_ssize_t j = near;
            do PUT(0, SQUARE, j);
            while ((j += SQUARE) <= end);
        }
    }
#undef PUT
    if (done < 0) done = 0;
#endif
    for (Py_ssize_t j = 0; j < d; j++)
        for (Py_ssize_t i = done; i < rows; i++)
            columns[j * apart + i] = ((double)((const REAL *)(X + i * stride))[j] - shift[j]) * (root ? root[i] : 1);
}

NOINLINE void JOIN(NAME(pack), REAL)(
    const char *X, Py_ssize_t stride, Py_ssize_t rows, Py_ssize_t readable, Py_ssize_t d, const double *shift,
    const double *root, double *columns, Py_ssize_t apart)
{
    if (root) JOIN(NAME(pack_rows), REAL)(X, stride, rows, readable, d, shift, root, columns, apart);
    else JOIN(NAME(pack_rows), REAL)(X, stride, rows, readable, d, shift, NULL, columns, apart);
}

#if MOST_AT_ONCE
#include "_sums_turned.h"
#include "_sums_rotated.h"
#endif

#undef TURNED
#undef SQUARE
#undef PACKED_TOGETHER
#undef SHIFTED
#undef HALVES
