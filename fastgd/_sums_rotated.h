/* Up to 15 columns of X and one of y, from memory to the products' sums row by row: nothing is turned.
 *
 * A row's columns are two halves, a vector each. A half times itself and times the other, rotated by one column after
 * the other, are all its products; rotated by s or by as much as is left, they meet the same columns, so half as many
 * turns do. Rotated is what a load finds that begins s numbers later where a half lies twice, one behind the other.
 * With an odd number of columns a half has a lane to spare: ones, whose products are the columns' sums.
 *
 * What was just stored cannot be loaded from another place until it is in the cache. So one panel is filled while the
 * other, which was filled before, is read.
 */
#define HALF 16                     /* doubles from one half of a row to the other */
#define PANEL_ROWS 16
#define PANEL_DOUBLES (PANEL_ROWS * 2 * HALF + 256)     /* 4096 bytes from one to the other would stop the loads */
#define MOST_ROTATED 20

/* Loaded once: twice is what the compiler would make of it, and each of these loads takes two, from two lines. */
#define IN_REGISTER(vector) __asm__("" : "+v"(vector))

/* A half of a row, in float64: what the masks say is from x, and what is y. */
INLINE VEC JOIN(NAME(half_row), REAL)(const char *x, unsigned from_x, const char *y, unsigned from_y)
{
#if REAL_BYTES == 4
    const __m256 row = _mm256_maskz_loadu_ps((__mmask8)from_x, x);
    return (VEC)_mm512_cvtps_pd(_mm256_mask_broadcastss_ps(row, (__mmask8)from_y, _mm_load_ss((const float *)y)));
#else
    const __m512d row = _mm512_maskz_loadu_pd((__mmask8)from_x, x);
    return (VEC)_mm512_mask_broadcastsd_pd(row, (__mmask8)from_y, _mm_load_sd((const double *)y));
#endif
}

/* The product of two columns to its place, of which the last is the ones'. */
INLINE void JOIN(NAME(place), REAL)(int p, int i, int j, double product, double *products, double *column_sums)
{
    const int low = i < j ? i : j, high = i < j ? j : i;
    if (high < p) products[low * p + high] = product;
    else if (low < p) column_sums[low] = product;
}

INLINE Py_ssize_t JOIN(NAME(sum_rotated), REAL)(
    int d, const char *X, Py_ssize_t stride, const char *y, Py_ssize_t rows, const double *shift, double *panels,
    double *products, double *column_sums)
{
    const int p = d + 1, half = (p + 1) / 2, full = p % 2 == 0;
    const unsigned first = (1u << half) - 1, second = (1u << (d - half)) - 1, target = 1u << (d - half);
    const Py_ssize_t whole = rows / PANEL_ROWS * PANEL_ROWS;
    double middle[2][LANES] = {{0}};
    for (int c = 0; c < p; c++) middle[c / half][c % half] = shift[c];
    if (!full) middle[1][half - 1] = -1;
    const VEC middle_a = NAME(load)(middle[0]), middle_b = NAME(load)(middle[1]);
    VEC sums[MOST_ROTATED] = {{0}};
    memset(panels, 0, 2 * PANEL_DOUBLES * sizeof *panels);
    for (Py_ssize_t at = 0; whole && at <= whole; at += PANEL_ROWS) {
        const Py_ssize_t coming = at < whole ? at : 0;      /* after the last rows some that nobody reads */
        const int odd = at / PANEL_ROWS % 2;
        const double *from = panels + odd * PANEL_DOUBLES;
        double *to = panels + !odd * PANEL_DOUBLES;
        const char *x = X + coming * stride, *also = y + coming * REAL_BYTES;
        for (int r = 0; r < PANEL_ROWS; r++, x += stride, also += REAL_BYTES, from += 2 * HALF, to += 2 * HALF) {
            UNROLL_ALL for (int line = 0; line < d * REAL_BYTES; line += LINE) FETCH(x + AHEAD + line);
            const VEC new_a = JOIN(NAME(half_row), REAL)(x, first, also, 0) - middle_a;
            const VEC new_b = JOIN(NAME(half_row), REAL)(x + half * REAL_BYTES, second, also, target) - middle_b;
            NAME(store)(to, new_a);
            NAME(store)(to + HALF, new_b);
            memcpy(to + half, &new_a, sizeof new_a / 2);
            memcpy(to + HALF + half, &new_b, sizeof new_b / 2);

            const VEC a = NAME(load)(from), b = NAME(load)(from + HALF);
            int t = 0;
            UNROLL_ALL for (int s = 0; s <= half / 2; s++) {
                VEC rotated_a = NAME(load)(from + s), rotated_b = NAME(load)(from + HALF + s);
                IN_REGISTER(rotated_a);
                IN_REGISTER(rotated_b);
                sums[t++] += a * rotated_a;
                sums[t++] += b * rotated_b;
                sums[t++] += a * rotated_b;
                if (s && 2 * s < half) sums[t++] += b * rotated_a;
            }
            if (full) sums[t++] += a, sums[t++] += b;
        }
    }
    double lanes[MOST_ROTATED][LANES];
    UNROLL_ALL for (int t = 0; t < MOST_ROTATED; t++) NAME(store)(lanes[t], sums[t]);
    for (int i = 0; i < half; i++) {
        int t = 0;
#define PLACE(i, j) JOIN(NAME(place), REAL)(p, i, j, lanes[t++][lane], products, column_sums)
        const int lane = i;
        for (int s = 0; s <= half / 2; s++) {
            const int j = (i + s) % half;
            PLACE(i, j);
            PLACE(half + i, half + j);
            PLACE(i, half + j);
            if (s && 2 * s < half) PLACE(half + i, j);
        }
#undef PLACE
        if (full) column_sums[i] = lanes[t][i], column_sums[half + i] = lanes[t + 1][i];
    }
    return whole;
}

/* The products and sums of the columns over whole panels of rows; returns how many rows these are.
 *
 * panels: work space of 2 PANEL_DOUBLES, lines of the cache.
 */
NOINLINE Py_ssize_t JOIN(NAME(rows_rotated), REAL)(
    Py_ssize_t d, const char *X, Py_ssize_t stride, const char *y, Py_ssize_t rows, const double *shift, double *panels,
    double *products, double *column_sums)
{
#define CASE(d) \
    case d: return JOIN(NAME(sum_rotated), REAL)(d, X, stride, y, rows, shift, panels, products, column_sums);
    switch (d) {
#if REAL_BYTES == 8
    CASE(9)
    CASE(10)
#endif
    CASE(11)
    CASE(12)
    CASE(13)
    CASE(14)
    CASE(15)
    }
#undef CASE
    return 0;
}

#undef HALF
#undef PANEL_ROWS
#undef PANEL_DOUBLES
#undef MOST_ROTATED
#undef IN_REGISTER
