/* 8 to 15 columns of X and one of y, from memory to the products' sums: few numbers are turned.
 *
 * A row's first columns are a vector. It meets itself rotated by one column after the other; rotated by s, or by as
 * many as are left, it meets the same columns, so half as many turns do. Rotated is what a load finds that begins s
 * numbers later, where the vector lies twice, one behind the other. The other columns are turned as where there are
 * few: each of their numbers meets the row's vector, and vectors of rows meet each other.
 *
 * What was just stored cannot be loaded from another place until it is in the cache. So one panel is filled while the
 * other, which was filled before, is read. These loads take as long as the arithmetic: one less counts.
 */
#define TWICE (2 * LANES)           /* doubles of a row's first columns */
#define OTHERS (MOST_AT_ONCE - LANES)
#define PANEL_ROWS 32
#define PANEL_DOUBLES (PANEL_ROWS * (TWICE + OTHERS))       /* no multiple of 4096 bytes: loads would seem to overlap */
#define ROTATIONS (LANES / 2 + 1)
#define BY_ROW (ROTATIONS + OTHERS + 1)
#define BY_COLUMN (OTHERS * (OTHERS + 3) / 2)

INLINE VEC JOIN(NAME(first_columns), REAL)(const char *x)
{
#if REAL_BYTES == 4
    return (VEC)_mm512_cvtps_pd(_mm256_loadu_ps((const float *)x));
#else
    return NAME(load)((const double *)x);
#endif
}

/* The other columns of X and y, less their shifts, of LANES rows, to columns that are PANEL_ROWS apart. */
INLINE void JOIN(NAME(turn_others), REAL)(
    int d, const char *x, Py_ssize_t stride, const char *y, const double *shift, double *to)
{
    const int others = d + 1 - LANES, group = SQUARE * HALVES;
    UNROLL_ALL for (int r = 0; r < LANES; r += group) {
        TURNED v[OTHERS];
        UNROLL_ALL for (int j = LANES; j < d; j += SQUARE) {
            const int from = j + SQUARE > d ? d - SQUARE : j;           /* the last squares overlap */
            TURNED square[SQUARE];
            JOIN(NAME(turn), REAL)(x + r * stride + from * REAL_BYTES, stride, square);
            UNROLL_ALL for (int c = j; c < from + SQUARE; c++) v[c - LANES] = square[c - from];
        }
        memcpy(v + others - 1, y + r * REAL_BYTES, sizeof *v);
        UNROLL_ALL for (int c = 0; c < others; c++) {
            const SHIFTED column = JOIN(NAME(shifted_by), REAL)(v[c], shift[LANES + c]);
            memcpy(to + c * PANEL_ROWS + r, &column, sizeof column);
        }
    }
}

INLINE Py_ssize_t JOIN(NAME(sum_rotated), REAL)(
    int d, const char *X, Py_ssize_t stride, const char *y, Py_ssize_t rows, const double *shift, double *panels,
    double *products, double *column_sums)
{
    const int p = d + 1, others = p - LANES, count = others * (others + 3) / 2;
    const Py_ssize_t whole = rows / PANEL_ROWS * PANEL_ROWS;
    const VEC middle = NAME(load)(shift);
    VEC by_row[BY_ROW] = {{0}}, by_column[BY_COLUMN] = {{0}};
    memset(panels, 0, 2 * PANEL_DOUBLES * sizeof *panels);
    for (Py_ssize_t at = 0; whole && at <= whole; at += PANEL_ROWS) {
        const Py_ssize_t coming = at < whole ? at : 0;      /* after the last rows some that nobody reads */
        const int odd = at / PANEL_ROWS % 2;
        const double *from = panels + odd * PANEL_DOUBLES, *also_from = from + PANEL_ROWS * TWICE;
        double *to = panels + !odd * PANEL_DOUBLES, *also_to = to + PANEL_ROWS * TWICE;
        const char *x = X + coming * stride;
        int t = 0;
        UNROLL_ALL for (int b = 0; b < others; b++, t += b + 1)
            for (int r = 0; r < PANEL_ROWS; r += LANES) {
                const VEC column = NAME(load)(also_from + b * PANEL_ROWS + r);
                UNROLL_ALL for (int a = 0; a <= b; a++)
                    by_column[t + a] += column * NAME(load)(also_from + a * PANEL_ROWS + r);
                by_column[t + b + 1] += column;
            }
        for (int r = 0; r < PANEL_ROWS; r += LANES) {
            JOIN(NAME(turn_others), REAL)(d, x, stride, y + (coming + r) * REAL_BYTES, shift, also_to + r);
            UNROLL_ALL for (int line = 0; line < LANES * d * REAL_BYTES; line += LINE) FETCH(x + AHEAD + line);
            UNROLL_ALL for (int i = 0; i < LANES; i++, x += stride, from += TWICE, to += TWICE) {
                const VEC arrived = JOIN(NAME(first_columns), REAL)(x) - middle;
                NAME(store)(to, arrived);
                memcpy(to + LANES, &arrived, sizeof arrived / 2);
                const VEC row = NAME(load)(from);
                by_row[0] += row * row;
                UNROLL_ALL for (int s = 1; s < ROTATIONS; s++) {
                    const VEC rotated = 2 * s < LANES       /* else its first half is enough, which takes one load */
                        ? NAME(load)(from + s) : (VEC)_mm512_broadcast_f64x4(_mm256_loadu_pd(from + s));
                    by_row[s] += row * rotated;
                }
                UNROLL_ALL for (int c = 0; c < others; c++)
                    by_row[ROTATIONS + c] += row * also_from[c * PANEL_ROWS + r + i];
                by_row[ROTATIONS + others] += row;
            }
        }
    }
    double lanes[BY_ROW][LANES], totals[BY_COLUMN + LANES], *next = totals;
    UNROLL_ALL for (int t = 0; t < BY_ROW; t++) NAME(store)(lanes[t], by_row[t]);
    for (int i = 0; i < LANES; i++) {
        for (int s = 0; s < ROTATIONS; s++) {
            const int j = (i + s) % LANES, low = i < j ? i : j;
            if (2 * s < LANES || i < j) products[low * p + i + j - low] = lanes[s][i];
        }
        for (int c = 0; c < others; c++) products[i * p + LANES + c] = lanes[ROTATIONS + c][i];
        column_sums[i] = lanes[ROTATIONS + others][i];
    }
    UNROLL_ALL for (int t = 0; t < count; t += LANES) {
        VEC some[LANES];
        UNROLL for (int l = 0; l < LANES; l++) some[l] = by_column[t + l < count ? t + l : t];
        NAME(store)(totals + t, NAME(lane_sums)(some));
    }
    for (int b = LANES; b < p; b++) {
        for (int a = LANES; a <= b; a++) products[a * p + b] = *next++;
        column_sums[b] = *next++;
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
    CASE(8)
    CASE(9)
    CASE(10)
    CASE(11)
    CASE(12)
    CASE(13)
    CASE(14)
    CASE(15)
    }
#undef CASE
    return 0;
}

#undef TWICE
#undef OTHERS
#undef PANEL_ROWS
#undef PANEL_DOUBLES
#undef ROTATIONS
#undef BY_ROW
#undef BY_COLUMN
