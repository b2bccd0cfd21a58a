/* Register tiles over rows in place: products x W^T, and outer products of slopes and rows. */

/* Where rows are read, whole vectors of them, and where the vector with the end of each: in place or, where the memory
 * of X would be left, in a copy. And the row that is asked for beside each. */
typedef struct {
    const REAL *x[BLOCK_ROWS], *tail[BLOCK_ROWS], *next[BLOCK_ROWS];
    int asks;               /* whether `next` is asked for */
    REAL copies[BLOCK_ROWS * LANES];
    Py_ssize_t lead;        /* numbers before a row, so that its vectors are aligned */
    Py_ssize_t end;         /* of a row, counted from there */
} NAME(Places);

#define PLACES NAME(Places)

/* Outputs of a tile, rows that each of K meets in products, and vectors of columns in gradients: sums for all of them
 * fit the registers, with a vector of each row and one of W or a slope. */
#if SUMS == 16
enum { NAME(MOST_OUTPUTS) = 6 };
#define TILE_ROWS(K) ((K) > 2 ? 4 : SUMS / (K))
#define TILE_COLUMNS(K) ((K) > 5 ? 4 : (K) > 2 ? 5 : 8)
#else
enum { NAME(MOST_OUTPUTS) = 4 };
#define TILE_ROWS(K) ((K) > 2 ? 2 : SUMS / (K))
#define TILE_COLUMNS(K) ((K) > 2 ? 2 : SUMS / (K))
#endif

enum { NAME(SHORT_ROW) = 2 * LANES };       /* numbers: too few to read otherwise than as they lie */

/* Rows of few vectors spend their time on sums across lanes, and 16 at once are best. */
INLINE Py_ssize_t NAME(most_outputs)(Py_ssize_t width) { return width > 6 * LANES ? NAME(MOST_OUTPUTS) : 4; }

/* The outputs of the next tile, where k are left: as few tiles of at most `most` as can be, of about one size. */
INLINE Py_ssize_t NAME(tile_outputs)(Py_ssize_t k, Py_ssize_t most)
{
    const Py_ssize_t tiles = (k + most - 1) / most;
    return (k + tiles - 1) / tiles;
}

#define TILES(most, DO) \
    for (Py_ssize_t o = 0, K; o < k; o += K) { \
        K = NAME(tile_outputs)(k - o, most); \
        switch (K) { \
            case 1: DO(1) break; \
            case 2: DO(2) break; \
            case 3: DO(3) break; \
            case 4: DO(4) break; \
            case 5: if (NAME(MOST_OUTPUTS) >= 5) DO(5) break; \
            case 6: if (NAME(MOST_OUTPUTS) >= 6) DO(6) \
        } \
    }

/* W as the tiles read it: for each tile its vectors, those of a column's outputs one after the other, with zeros before
 * and behind the rows. */
NOINLINE void NAME(arrange)(
    const REAL *W, Py_ssize_t d, Py_ssize_t k, Py_ssize_t lead, Py_ssize_t width, REAL *to)
{
    for (Py_ssize_t o = 0, K; o < k; o += K, W += K * d) {
        K = NAME(tile_outputs)(k - o, NAME(most_outputs)(width));
        for (Py_ssize_t j = -lead; j < d; j += LANES)
            for (const REAL *w = W; w < W + K * d; w += d, to += LANES) {
                const Py_ssize_t skip = j < 0 ? lead : 0, from = j + skip;
                const Py_ssize_t count = d - from < LANES - skip ? d - from : LANES - skip;
                if (count < LANES) NAME(store)(to, NAME(same)(0));
                NAME(store_some)(to + skip, NAME(load_some)(w + from, count), count);
            }
    }
}

/* Memory is asked for the next rows evenly: of a group, beside the products for half of them, beside the gradients for
 * the others, and beside each tile's for as many as it has outputs: those whose turn is in first .. last. Neighbours
 * have turns far apart: asked for in one go, rows wait for each other, and the tile for them. */
#define TURNS(o) (GROUP * (o) / (2 * k))
#define TURN_OF(i) ((i) * 5 & (GROUP - 1))
#define IS_ASKED(i) (first <= TURN_OF(i) && TURN_OF(i) < last)

/* Dot products of the rows from i on with the K of W's tile, positions from .. to. A load of W serves all the rows, one
 * of a row all of K, and there are enough chains of multiply-adds to hide their latency. Asks for the next rows
 * whose turn it is. */
INLINE void NAME(dots)(
    const PLACES *at, Py_ssize_t i, Py_ssize_t from, Py_ssize_t to, const REAL *W, REAL *out, Py_ssize_t k,
    Py_ssize_t first, Py_ssize_t last, const int K)
{
    enum { MOST = 32 };
    const int rows = TILE_ROWS(K), count = rows * K;
    const REAL *const *x = at->x + i, *const *tail = at->tail + i;
    const REAL *next[GROUP];
    int asked = 0;
    VEC sums[MOST];
    for (int r = 0; r < rows; r++)
        if (at->asks && IS_ASKED(i + r)) next[asked++] = at->next[i + r];
    UNROLL for (int s = 0; s < count; s++) sums[s] = NAME(same)(0);
    Py_ssize_t j = from;
#define ADD(X_VECTOR) do { \
        VEC w[6]; \
        for (int r = 0; r < asked; r++) FETCH_FAR(next[r] + j); \
        UNROLL for (int o = 0; o < K; o++) w[o] = NAME(load)(W + j * K + o * LANES); \
        UNROLL for (int r = 0; r < rows; r++) { \
            const VEC row = X_VECTOR; \
            UNROLL for (int o = 0; o < K; o++) sums[r * K + o] += w[o] * row; \
        } \
    } while (0)
    if (from < at->lead) {
        const MASK mask = ~NAME(first)(at->lead);
        ADD(NAME(keep)(mask, NAME(load)(x[r] + j)));
        j += LANES;
    }
    for (; j + LANES <= to; j += LANES) ADD(NAME(load)(x[r] + j));
    if (j < to) {
        const MASK mask = NAME(first)(to - j);
        ADD(NAME(keep)(mask, NAME(load)(tail[r])));
    }
#undef ADD
    REAL results[MOST];
    UNROLL for (int s = 0; s < count; s += LANES) {
        const int some = count - s < LANES ? count - s : LANES, whole = some & (some - 1) ? LANES : some;
        UNROLL for (int l = some; l < whole; l++) sums[s + l] = NAME(same)(0);
        NAME(lane_sums)(sums + s, whole);
        NAME(store)(results + s, sums[s]);
    }
    if (k == K) memcpy(out, results, count * sizeof(REAL));
    else
        UNROLL for (int r = 0; r < rows; r++)
            UNROLL for (int o = 0; o < K; o++) out[r * k + o] = results[r * K + o];
}

/* out = x W^T over the positions from .. to; W as arranged. A tile's part of W stays in the nearest cache. */
NOINLINE void NAME(products)(
    const PLACES *at, Py_ssize_t m, Py_ssize_t from, Py_ssize_t to, const REAL *W, Py_ssize_t width, Py_ssize_t k,
    REAL *out)
{
#define TILE(K) \
    for (Py_ssize_t i = 0; i < m; i += TILE_ROWS(K)) \
        NAME(dots)(at, i, from, to, W + o * width, out + i * k + o, k, TURNS(o), TURNS(o + K), K);
    TILES(NAME(most_outputs)(width), TILE)
#undef TILE
}

/* out += slopes^T x for K outputs and J vectors of columns, with the last of the row (ends) or without. K * J sums stay
 * in registers over the rows: a load of x serves K multiply-adds, one of a slope J. Rows take turns with U sets of
 * sums. Asks for the next rows whose turn it is. */
INLINE void NAME(outer)(
    const PLACES *at, Py_ssize_t m, Py_ssize_t j, const REAL *slopes, Py_ssize_t k, REAL *out, Py_ssize_t width,
    Py_ssize_t first, Py_ssize_t last, const int K, const int J, const int U, const int ends)
{
    VEC sums[25];
    UNROLL for (int s = 0; s < U * K * J; s++) sums[s] = NAME(same)(0);
#define ADD(u) do { \
        VEC row[8]; \
        UNROLL for (int v = 0; v < J; v++) \
            row[v] = NAME(load)(ends && v == J - 1 ? at->tail[i + u] : at->x[i + u] + j + v * LANES); \
        if (IS_ASKED(i + u)) \
            UNROLL for (int v = 0; v < J; v++) FETCH_FAR(at->next[i + u] + j + v * LANES); \
        UNROLL for (int o = 0; o < K; o++) { \
            const REAL slope = slopes[(i + u) * k + o]; \
            UNROLL for (int v = 0; v < J; v++) sums[(u * K + o) * J + v] += slope * row[v]; \
        } \
    } while (0)
    Py_ssize_t i = 0;
    for (; i + U <= m; i += U) {
        UNROLL for (int u = 0; u < U; u++) ADD(u);
    }
    for (; i < m; i++) ADD(0);
#undef ADD
    UNROLL for (int o = 0; o < K; o++) {
        UNROLL for (int v = 0; v < J; v++) {
            VEC sum = sums[o * J + v];
            UNROLL for (int u = 1; u < U; u++) sum += sums[(u * K + o) * J + v];
            REAL *place = out + o * width + j + v * LANES;
            NAME(store)(place, NAME(load)(place) + sum);
        }
    }
}

/* out += slopes^T x. The few sums of a short row are of several sets, to hide the multiply-add's latency; of a longer
 * one, each is added in one order, however its vectors lie. */
NOINLINE void NAME(outer_products)(
    const PLACES *at, Py_ssize_t m, const REAL *slopes, Py_ssize_t k, REAL *out, Py_ssize_t width)
{
#define TILE(K, J, U, ends) \
    NAME(outer)(at, m, j, slopes + o, k, out + o * width, width, first, at->asks ? last : 0, K, J, U, ends)
#define LAST(K, J) \
    case J: \
        if (J <= 2 && K * J <= 4 && width <= NAME(SHORT_ROW)) TILE(K, J, K * J <= 2 ? 4 : 2, 1); \
        else if (J <= TILE_COLUMNS(K)) TILE(K, J, 1, 1); \
        break
#define ROW_TILES(K) \
    for (Py_ssize_t j = 0, first = TURNS(k + o), last = TURNS(k + o + K); j < at->end; \
         j += TILE_COLUMNS(K) * LANES) { \
        if (j + TILE_COLUMNS(K) * LANES < at->end) TILE(K, TILE_COLUMNS(K), 1, 0); \
        else switch ((width - j) / LANES) { \
            LAST(K, 1); LAST(K, 2); LAST(K, 3); LAST(K, 4); LAST(K, 5); LAST(K, 6); LAST(K, 7); LAST(K, 8); \
        } \
    }
    TILES(NAME(MOST_OUTPUTS), ROW_TILES)
#undef TILE
#undef LAST
#undef ROW_TILES
}
#undef TURNS
#undef TURN_OF
#undef IS_ASKED
#undef TILE_ROWS
#undef TILE_COLUMNS

/* Where the outputs are the vector: C (R x V vectors) += A B. Forward, A is R rows from column j on, and B is W^T;
 * back, A is R columns from j on, row after row, and B is the slopes. A load of B serves R multiply-adds, a number of
 * A V. Leaves the first `skip` of C as they are, and in the last vector of each all but its first `last` numbers. */
INLINE void NAME(outputs_tile)(
    const REAL *const *x, const REAL *const *next, Py_ssize_t j, Py_ssize_t turns, const REAL *B, Py_ssize_t b_width,
    REAL *C, Py_ssize_t c_width, Py_ssize_t skip, Py_ssize_t last, const int R, const int V, const int back)
{
    VEC sums[SUMS / 2 * OUTPUT_VECTORS];
    UNROLL for (int s = 0; s < R * V; s++) sums[s] = NAME(same)(0);
    for (Py_ssize_t t = 0; t < turns; t++, B += b_width) {
        VEC b[OUTPUT_VECTORS];
        UNROLL for (int v = 0; v < V; v++) b[v] = NAME(load)(B + v * LANES);
        UNROLL for (int r = 0; r < R; r++) {
            const REAL a = back ? x[t][j + r] : x[r][j + t];
            if (back && r == 0 && next) FETCH(next[t] + j);
            UNROLL for (int v = 0; v < V; v++) sums[r * V + v] += a * b[v];
        }
    }
    UNROLL for (int r = 0; r < R; r++)
        if (r >= skip)
            UNROLL for (int v = 0; v < V; v++) {
                REAL *place = C + r * c_width + v * LANES;
                const VEC sum = NAME(load)(place) + sums[r * V + v];
                if (v < V - 1) NAME(store)(place, sum);
                else NAME(store_some)(place, sum, last);
            }
}

/* out (m x k) += x W^T over the columns from .. to, of whole GROUPs of rows; W^T is columns x width. */
INLINE void NAME(panel_products)(
    const PLACES *at, Py_ssize_t m, Py_ssize_t from, Py_ssize_t to, const REAL *W, Py_ssize_t width, REAL *out,
    Py_ssize_t k, Py_ssize_t last, const int V)
{
    for (; from < to; from += PANEL)
        for (Py_ssize_t i = 0; i < m; i += SUMS / 2)
            NAME(outputs_tile)(
                at->x + i, NULL, from, to - from < PANEL ? to - from : PANEL, W + from * width, width, out + i * k, k,
                0, last, SUMS / 2, V, 0);
}

/* out (d x width) += x^T slopes. */
INLINE void NAME(panel_gradients)(
    const PLACES *at, Py_ssize_t m, Py_ssize_t d, const REAL *slopes, Py_ssize_t k, REAL *out, Py_ssize_t width,
    Py_ssize_t last, int asks, const int V)
{
    enum { R = SUMS / 2 };
    for (Py_ssize_t i = 0; i < m; i += PANEL) {
        const Py_ssize_t turns = m - i < PANEL ? m - i : PANEL;
#define TILE(j, skip, R) \
    NAME(outputs_tile)( \
        at->x + i, asks ? at->next + i : NULL, j, turns, slopes + i * k, k, out + (j) * width, width, skip, last, R, \
        V, 1)
        Py_ssize_t j = 0;
        for (; j + R <= d; j += R) TILE(j, 0, R);
        if (j < d && d >= R) TILE(d - R, R - (d - j), R);
        else for (; j < d; j++) TILE(j, 0, 1);
#undef TILE
    }
}

/* Any number of outputs, in panels of as many vectors as have their sums in registers. */
#define PANELS(CALL) \
    for (Py_ssize_t v = 0, end = (k + LANES - 1) / LANES, V; v < end; v += V) { \
        const Py_ssize_t o = v * LANES, panels = (end - v + OUTPUT_VECTORS - 1) / OUTPUT_VECTORS; \
        V = (end - v + panels - 1) / panels; \
        const Py_ssize_t last = k - o < V * LANES ? k - o - (V - 1) * LANES : LANES; \
        switch (V) { \
            case 1: CALL(1); break; \
            case 2: CALL(2); break; \
            case OUTPUT_VECTORS: CALL(OUTPUT_VECTORS); break; \
        } \
    }

NOINLINE void NAME(many_products)(
    const PLACES *at, Py_ssize_t m, Py_ssize_t from, Py_ssize_t to, const REAL *W, Py_ssize_t width, REAL *out,
    Py_ssize_t k)
{
    memset(out, 0, (m + GROUP - 1) / GROUP * GROUP * k * sizeof(REAL));
#define CALL(V) NAME(panel_products)(at, m, from, to, W + o, width, out + o, k, last, V)
    PANELS(CALL)
#undef CALL
}

NOINLINE void NAME(many_gradients)(
    const PLACES *at, Py_ssize_t m, Py_ssize_t d, const REAL *slopes, Py_ssize_t k, REAL *out, Py_ssize_t width)
{
#define CALL(V) NAME(panel_gradients)(at, m, d, slopes + o, k, out + o, width, last, at->asks && o == 0, V)
    PANELS(CALL)
#undef CALL
}
#undef PANELS
