/* Up to 7 columns of X and one of y, some rows at a time, from memory to the products' sums without a panel between.
 *
 * Above five columns not all sums stay in registers: the compiler puts the others aside, which costs less than a panel.
 * X is fetched ahead line by line, and y, for the arithmetic is as fast as a core reads.
 */
#if REAL_BYTES == 4
#define MOST_LINES ((MOST_TURNED + 1) / 2)

/* For two columns at a time, where their numbers of 8 rows lie in the lines that these rows fill, one behind the other:
 * at first in the first two lines, then each in the line after, or where it is already.
 */
INLINE void NAME(find_places)(int d, int places[MOST_LINES][MOST_LINES - 1][16])
{
    for (int c = 0; c < d; c += 2)
        for (int line = 1; line < MOST_LINES; line++)
            for (int lane = 0; lane < 16; lane++) {
                const int at = lane % 8 * d + c + lane / 8;
                places[c / 2][line - 1][lane] = line == 1 ? at % 32 : at / 16 == line ? 16 + at % 16 : lane;
            }
}

/* The columns of 8 rows that lie one behind the other: less work than squares. */
INLINE void NAME(turn_lines)(int d, const char *rows, int places[MOST_LINES][MOST_LINES - 1][16], TURNED *v)
{
    __m512 lines[MOST_LINES];
    UNROLL_ALL for (int i = 0; i < MOST_LINES; i++) {
        if (2 * i + 1 < d) lines[i] = _mm512_loadu_ps((const float *)(rows + i * LINE));
        else if (2 * i < d) lines[i] = _mm512_castps256_ps512(_mm256_loadu_ps((const float *)(rows + i * LINE)));
        else lines[i] = lines[0];
    }
    UNROLL_ALL for (int c = 0; c < d; c += 2) {
        __m512 two = lines[0];
        UNROLL_ALL for (int i = 1; i < MOST_LINES; i++)
            if (i == 1 || 2 * i < d)
                two = _mm512_permutex2var_ps(two, _mm512_loadu_si512(places[c / 2][i - 1]), lines[i]);
        v[c] = (TURNED)_mm512_castps512_ps256(two);
        if (c + 1 < d) v[c + 1] = (TURNED)_mm512_extractf32x8_ps(two, 1);
    }
}
#endif

INLINE Py_ssize_t JOIN(NAME(sum_turned), REAL)(
    int d, int joined, const char *X, Py_ssize_t stride, const char *y, Py_ssize_t rows, const double *shift, VEC *into)
{
    const int p = d + 1, count = p * (p + 3) / 2, group = SQUARE * HALVES;
    SHIFTED sums[MOST_SUMS_TURNED] = {{0}};
    Py_ssize_t r = 0;
#if REAL_BYTES == 4
    int places[MOST_LINES][MOST_LINES - 1][16];
    if (joined) NAME(find_places)(d, places);
#endif
    for (; r + group <= rows; r += group, X += group * stride, y += group * REAL_BYTES) {
        TURNED v[MOST_TURNED];
        SHIFTED columns[MOST_TURNED];
        UNROLL_ALL for (int line = 0; line < group * d * REAL_BYTES; line += LINE) FETCH(X + AHEAD + line);
        FETCH(y + AHEAD);
        if (d == 1) memcpy(v, X, sizeof *v);
#if REAL_BYTES == 4
        else if (joined) NAME(turn_lines)(d, X, places, v);
#endif
        else
            UNROLL_ALL for (int j = 0; j < d; j += SQUARE) {
                const int from = j + SQUARE > d ? d - SQUARE : j;       /* the last squares overlap */
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

/* The sums, in the order of meet(), of whole vectors of rows; returns how many rows these are. */
NOINLINE Py_ssize_t JOIN(NAME(rows_turned), REAL)(
    Py_ssize_t d, const char *X, Py_ssize_t stride, const char *y, Py_ssize_t rows, const double *shift, VEC *into)
{
#define CASE(d, joined) case 2 * d + joined: \
    return JOIN(NAME(sum_turned), REAL)(d, joined, X, stride, y, rows, shift, into);
    switch (2 * d + (REAL_BYTES == 4 && d > 1 && stride == d * REAL_BYTES)) {
    CASE(1, 0)
#if REAL_BYTES == 4
    CASE(2, 1)
    CASE(3, 1)
    CASE(4, 1)
    CASE(5, 1)
    CASE(6, 1)
    CASE(7, 1)
#else
    CASE(2, 0)
    CASE(3, 0)
#endif
    CASE(4, 0)
    CASE(5, 0)
    CASE(6, 0)
    CASE(7, 0)
    }
#undef CASE
    return 0;
}
#undef MOST_LINES
