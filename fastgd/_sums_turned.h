/* Few columns of X and one of y, some rows at a time, from memory to the products' sums without a panel between.
 *
 * Above five columns not all sums stay in registers: the compiler puts the others aside, which costs less than a panel.
 * X is fetched ahead line by line, for the arithmetic is as fast as a core reads.
 */
INLINE Py_ssize_t JOIN(NAME(sum_turned), REAL)(
    int d, const char *X, Py_ssize_t stride, const char *y, Py_ssize_t rows, const double *shift, VEC *into)
{
    const int p = d + 1, count = p * (p + 3) / 2, group = SQUARE * HALVES;
    SHIFTED sums[MOST_SUMS_TURNED] = {{0}};
    Py_ssize_t r = 0;
    for (; r + group <= rows; r += group, X += group * stride, y += group * REAL_BYTES) {
        TURNED v[MOST_TURNED];
        SHIFTED columns[MOST_TURNED];
        UNROLL_ALL for (int line = 0; line < group * d * REAL_BYTES; line += LINE) FETCH(X + AHEAD + line);
        if (d == 1) memcpy(v, X, sizeof *v);
        else
            UNROLL_ALL for (int j = 0; j < d; j += SQUARE) {
                const int from = j + SQUARE > d && d > SQUARE ? d - SQUARE : j;     /* the last squares overlap */
                JOIN(NAME(turn), REAL)(X + from * REAL_BYTES, stride, v + from);
            }
        memcpy(v + d, y, sizeof *v);
        UNROLL_ALL for (int c = 0; c < p; c++) columns[c] = JOIN(NAME(shifted_by), REAL)(v[c], shift[c]);
        int t = 0;
        UNROLL_ALL for (int a = 0; a < p; a++) {
            UNROLL_ALL for (int b = 0; b < MOST_TURNED; b++)
                if (b >= a && b < p) sums[t++] += columns[a] * columns[b];
            sums[t++] += columns[a];
        }
    }
    UNROLL_ALL for (int t = 0; t < count; t++) {
        double by_lane[LANES] = {0};
        memcpy(by_lane, sums + t, sizeof *sums);
        into[t] = NAME(load)(by_lane);
    }
    return r;
}

/* The sums, in the order of meet(), of whole vectors of rows; returns how many rows these are.
 *
 * readable: as for pack_rows().
 */
NOINLINE Py_ssize_t JOIN(NAME(rows_turned), REAL)(
    Py_ssize_t d, const char *X, Py_ssize_t stride, const char *y, Py_ssize_t rows, Py_ssize_t readable,
    const double *shift, VEC *into)
{
    if (d > 1 && d < SQUARE && rows + SQUARE > readable) rows = readable - SQUARE;
#define CASE(d) case d: return JOIN(NAME(sum_turned), REAL)(d, X, stride, y, rows, shift, into);
    switch (d) {
    CASE(1)
    CASE(2)
    CASE(3)
    CASE(4)
    CASE(5)
    CASE(6)
    CASE(7)
    }
#undef CASE
    return 0;
}
