/* The fused pass over packed rows, for descents that visit them many times.
 *
 * In X, GROUP rows lie side by side, column after column, so the rows are the vector: every load is a whole vector,
 * nothing is summed across lanes before the end of the pass, and no row is too short. Rows that fill the last group
 * have weight 0. One turn over the columns makes the gradients of some rows and the predictions of those that follow:
 * the ones are in the nearest cache, the others come from memory, which is never idle. Sums of more than BLOCK_ROWS
 * numbers are double.
 */

#define VECTORS (GROUP / LANES)     /* in a group's column */

/* Where the first column of row vector v lies. */
INLINE Py_ssize_t NAME(place_of)(Py_ssize_t v, Py_ssize_t d)
{
    return v / VECTORS * GROUP * d + v % VECTORS * LANES;
}

/* Where column j of the rows from `start` on lies. */
INLINE Py_ssize_t NAME(column_place)(const Packed *packed, Py_ssize_t start, Py_ssize_t j)
{
    return (start / packed->group * packed->d + j) * packed->group + start % packed->group;
}

NOINLINE void NAME(pack)(const Rows *rows, Packed *packed)
{
    const Py_ssize_t d = rows->d, column = rows->x_column;
    packed->precision = rows->precision;
    packed->n = rows->n;
    packed->rows = packed->y_stride = (rows->n + GROUP - 1) / GROUP * GROUP;
    packed->group = packed->few ? packed->rows : GROUP;
    packed->d = d;
    packed->k = rows->k;
    REAL *x = packed->X, *y = packed->y, *weights = packed->weights;
    /* Column after column they are read best in that order. */
    const Py_ssize_t by_column = rows->x_stride == 1 && d > 1 && !rows->index ? rows->n / GROUP : 0;
    for (Py_ssize_t j = 0; j < d; j++)
        for (Py_ssize_t g = 0; g < by_column; g++) {
            const REAL *from = (const REAL *)rows->X + j * column + g * GROUP;
            FETCH((const REAL *)rows->X + (j + 1 < d ? j + 1 : j) * column + g * GROUP);
            memcpy(x + NAME(column_place)(packed, g * GROUP, j), from, GROUP * REAL_BYTES);
        }
    for (Py_ssize_t start = 0; start < packed->rows; start += GROUP) {
        const Py_ssize_t count = rows->n - start < GROUP ? rows->n - start : GROUP;
        const REAL *from_x[GROUP];
        for (Py_ssize_t i = 0; i < GROUP; i++) {
            const Py_ssize_t last = start + (i < count ? i : count - 1);
            const Py_ssize_t row = rows->index ? rows->index[last] : last;
            const REAL *from_y = (const REAL *)rows->y + row * rows->y_stride;
            from_x[i] = (const REAL *)rows->X + row * rows->x_stride;
            for (Py_ssize_t o = 0; o < rows->k; o++) y[o * packed->y_stride + start + i] = i < count ? from_y[o] : 0;
            weights[start + i] = i >= count ? 0 : rows->weights ? ((const REAL *)rows->weights)[row] : 1;
        }
        if (start >= by_column * GROUP)
            for (Py_ssize_t j = 0; j < d; j++)
                for (Py_ssize_t i = 0; i < GROUP; i++)
                    x[NAME(column_place)(packed, start, j) + i] = i < count ? from_x[i][j * column] : 0;
    }
}

/* What a pass over packed rows works with. Sums are one vector each: gW (k x d), gb (k), loss. */
typedef struct {
    const Packed *packed;
    const REAL *W, *b;
    Loss loss;
    VEC delta;
    REAL *sums;
    int wanted;             /* the gradients of W */
} NAME(PackedJob);

#define PACKED_JOB NAME(PackedJob)

INLINE void NAME(add_sum)(const PACKED_JOB *job, Py_ssize_t i, VEC sum)
{
    REAL *place = job->sums + i * LANES;
    NAME(store)(place, NAME(load)(place) + sum);
}

/* One turn over the columns: predictions of K outputs from o on for the T row vectors from `next` on, and the gradients
 * that the T from `now` on have by their slopes. A load of x serves K multiply-adds, one of W or of a gradient T. */
INLINE void NAME(packed_columns)(
    const PACKED_JOB *job, Py_ssize_t o, Py_ssize_t next, VEC *p, Py_ssize_t now, const VEC *slopes,
    const int K, const int T, const int predict, const int wanted)
{
    const Py_ssize_t d = job->packed->d;
    const REAL *X = job->packed->X, *W = job->W + o * d, *x[8], *x_now[8];
    REAL *sums = job->sums + o * d * LANES;
    UNROLL for (int t = 0; t < T; t++) {
        x[t] = X + NAME(place_of)(next + t, d);
        x_now[t] = X + NAME(place_of)(now + t, d);
    }
    for (Py_ssize_t j = 0; j < d; j++) {
        if (predict) {
            VEC column[8];
            UNROLL for (int t = 0; t < T; t++) column[t] = NAME(load)(x[t] + j * GROUP);
            UNROLL for (int q = 0; q < K; q++) {
                const VEC w = NAME(same)(W[q * d + j]);
                UNROLL for (int t = 0; t < T; t++) p[q * T + t] += column[t] * w;
            }
        }
        if (wanted) {
            VEC column[8];
            UNROLL for (int t = 0; t < T; t++) column[t] = NAME(load)(x_now[t] + j * GROUP);
            UNROLL for (int q = 0; q < K; q++) {
                REAL *place = sums + (q * d + j) * LANES;
                VEC sum = NAME(load)(place);
                UNROLL for (int t = 0; t < T; t++) sum += slopes[q * T + t] * column[t];
                NAME(store)(place, sum);
            }
        }
    }
}

/* The slopes of the predictions of K outputs from o on for the T row vectors from v on; adds their sums, and the
 * losses'. */
INLINE void NAME(packed_slopes)(
    const PACKED_JOB *job, Py_ssize_t o, Py_ssize_t v, const VEC *p, VEC *slopes, VEC *totals, VEC *losses,
    const int K, const int T)
{
    const Packed *packed = job->packed;
    UNROLL for (int q = 0; q < K; q++)
        UNROLL for (int t = 0; t < T; t++) {
            const VEC y = NAME(load)((const REAL *)packed->y + (o + q) * packed->y_stride + (v + t) * LANES);
            const VEC weight = NAME(load)((const REAL *)packed->weights + (v + t) * LANES);
            VEC loss;
            const VEC slope = job->loss == LOGISTIC ? NAME(logistic)(p[q * T + t], y, &loss)
                                                    : NAME(slope)(job->loss, job->delta, p[q * T + t], y, &loss);
            slopes[q * T + t] = weight * slope;
            totals[q] += slopes[q * T + t];
            *losses += weight * loss;
        }
}

/* K outputs from o on, for as many row vectors from v on, up to end, as make whole tiles of T; returns the next one. */
INLINE Py_ssize_t NAME(packed_tiles)(
    const PACKED_JOB *job, Py_ssize_t o, Py_ssize_t v, Py_ssize_t end, const int K, const int T)
{
    VEC slopes[16], totals[4], losses = NAME(same)(0);
    if (v + T > end) return v;
    UNROLL for (int q = 0; q < K; q++) totals[q] = losses;
    UNROLL for (int s = 0; s < K * T; s++) slopes[s] = losses;      /* which no turn reads: compilers do not see it */
    for (Py_ssize_t first = v; v + T <= end; v += T) {
        VEC p[16];
        UNROLL for (int q = 0; q < K; q++) {
            const VEC bias = NAME(same)(job->b ? job->b[o + q] : 0);
            UNROLL for (int t = 0; t < T; t++) p[q * T + t] = bias;
        }
        if (v == first || !job->wanted) NAME(packed_columns)(job, o, v, p, v, slopes, K, T, 1, 0);
        else NAME(packed_columns)(job, o, v, p, v - T, slopes, K, T, 1, 1);
        NAME(packed_slopes)(job, o, v, p, slopes, totals, &losses, K, T);
    }
    if (job->wanted) NAME(packed_columns)(job, o, v, NULL, v - T, slopes, K, T, 0, 1);
    UNROLL for (int q = 0; q < K; q++) NAME(add_sum)(job, job->packed->k * job->packed->d + o + q, totals[q]);
    NAME(add_sum)(job, job->packed->k * job->packed->d + job->packed->k, losses);
    return v;
}

/* K outputs from o on, of the row vectors v .. end. Tiles are large, but where small ones, which are read twice, and
 * the gradients fit the nearest cache and large ones do not. */
#define MOST ((SUMS == 16 ? 12 : 4) / K < 4 ? (SUMS == 16 ? 12 : 4) / K : 4)
#define PACKED_OUTPUTS_OF(outputs) \
    NOINLINE void NAME(packed_outputs_##outputs)(const PACKED_JOB *job, Py_ssize_t o, Py_ssize_t v, Py_ssize_t end) \
    { \
        enum { K = outputs }; \
        const Py_ssize_t column = job->packed->d * BYTES; \
        if (MOST < 4 || (4 + 4 + K) * column <= CHUNK_BYTES || (2 + 2 + K) * column > CHUNK_BYTES) \
            v = NAME(packed_tiles)(job, o, v, end, K, MOST); \
        if (MOST > 2) v = NAME(packed_tiles)(job, o, v, end, K, 2); \
        if (MOST > 1) NAME(packed_tiles)(job, o, v, end, K, 1); \
    }
PACKED_OUTPUTS_OF(1)
PACKED_OUTPUTS_OF(2)
PACKED_OUTPUTS_OF(3)
PACKED_OUTPUTS_OF(4)
#undef MOST

NOINLINE void NAME(packed_chunk)(const PACKED_JOB *job, Py_ssize_t start, Py_ssize_t end)
{
    const Py_ssize_t k = job->packed->k;
    Py_ssize_t o = 0;
    for (; o + 4 <= k; o += 4) NAME(packed_outputs_4)(job, o, start, end);
    switch (k - o) {
        case 1: NAME(packed_outputs_1)(job, o, start, end); break;
        case 2: NAME(packed_outputs_2)(job, o, start, end); break;
        case 3: NAME(packed_outputs_3)(job, o, start, end); break;
    }
}

/* Where the nearest cache does not hold the gradients of all outputs, they are summed in registers: a chunk of rows,
 * which the second cache holds, is read for its predictions, then for its gradients. Tiles are T row vectors, or C
 * columns, by K outputs: a load of x serves K multiply-adds, one of W or of a slope T or C. Every turn asks for its
 * share of the next chunk, in the order of memory, so that memory is asked evenly. */
#define PACKED_TILE (SUMS == 16 ? 4 : 3)

INLINE const char *NAME(fetched)(const char *next, Py_ssize_t share)
{
    FETCH_FAR(next);
    if (share > LINE) FETCH_FAR(next + LINE);
    return next + share;
}

INLINE const char *NAME(packed_products)(
    const PACKED_JOB *job, Py_ssize_t o, Py_ssize_t v, REAL *predictions, Py_ssize_t chunk, const char *next,
    Py_ssize_t share, const int K, const int T)
{
    const Py_ssize_t d = job->packed->d;
    const REAL *W = job->W + o * d, *x[PACKED_TILE];
    VEC p[6 * PACKED_TILE];
    UNROLL for (int t = 0; t < T; t++) x[t] = (const REAL *)job->packed->X + NAME(place_of)(v + t, d);
    UNROLL for (int q = 0; q < K; q++) {
        const VEC bias = NAME(same)(job->b ? job->b[o + q] : 0);
        UNROLL for (int t = 0; t < T; t++) p[q * T + t] = bias;
    }
    for (Py_ssize_t j = 0; j < d; j++) {
        VEC column[PACKED_TILE];
        UNROLL for (int t = 0; t < T; t++) column[t] = NAME(load)(x[t] + j * GROUP);
        next = NAME(fetched)(next, share);
        UNROLL for (int q = 0; q < K; q++) {
            const VEC w = NAME(same)(W[q * d + j]);
            UNROLL for (int t = 0; t < T; t++) p[q * T + t] += column[t] * w;
        }
    }
    UNROLL for (int q = 0; q < K; q++)
        UNROLL for (int t = 0; t < T; t++) NAME(store)(predictions + (q * chunk + t) * LANES, p[q * T + t]);
    return next;
}

/* The gradients of K outputs from o on and C columns from j on, over the row vectors v .. end. */
INLINE const char *NAME(packed_gradients)(
    const PACKED_JOB *job, Py_ssize_t o, Py_ssize_t j, Py_ssize_t v, Py_ssize_t end, const REAL *slopes,
    Py_ssize_t chunk, const char *next, Py_ssize_t share, const int K, const int C)
{
    const Py_ssize_t d = job->packed->d;
    VEC sums[6 * PACKED_TILE];
    UNROLL for (int s = 0; s < K * C; s++) sums[s] = NAME(same)(0);
    const REAL *group = (const REAL *)job->packed->X + NAME(place_of)(v, d) + j * GROUP;
    for (; v < end; v += VECTORS, group += GROUP * d)
        for (const REAL *x = group; x < group + GROUP; x += LANES, slopes += LANES) {
            VEC column[PACKED_TILE];
            UNROLL for (int c = 0; c < C; c++) column[c] = NAME(load)(x + c * GROUP);
            next = NAME(fetched)(next, share);
            UNROLL for (int q = 0; q < K; q++) {
                const VEC slope = NAME(load)(slopes + q * chunk * LANES);
                UNROLL for (int c = 0; c < C; c++) sums[q * C + c] += slope * column[c];
            }
        }
    UNROLL for (int q = 0; q < K; q++)
        UNROLL for (int c = 0; c < C; c++) NAME(add_sum)(job, (o + q) * d + j + c, sums[q * C + c]);
    return next;
}

/* K outputs of up to PACKED_TILE row vectors, or columns: of all at once, or one by one. */
#define PACKED_TILES_OF(K) \
    NOINLINE const char *NAME(packed_products_##K)( \
        const PACKED_JOB *job, Py_ssize_t o, Py_ssize_t v, Py_ssize_t end, REAL *predictions, Py_ssize_t chunk, \
        const char *next, Py_ssize_t share) \
    { \
        if (end - v == PACKED_TILE) \
            return NAME(packed_products)(job, o, v, predictions, chunk, next, share, K, PACKED_TILE); \
        for (; v < end; v++, predictions += LANES) \
            next = NAME(packed_products)(job, o, v, predictions, chunk, next, share, K, 1); \
        return next; \
    } \
    NOINLINE const char *NAME(packed_gradients_##K)( \
        const PACKED_JOB *job, Py_ssize_t o, Py_ssize_t j, Py_ssize_t last, Py_ssize_t v, Py_ssize_t end, \
        const REAL *slopes, Py_ssize_t chunk, const char *next, Py_ssize_t share) \
    { \
        if (last - j == PACKED_TILE) \
            return NAME(packed_gradients)(job, o, j, v, end, slopes, chunk, next, share, K, PACKED_TILE); \
        for (; j < last; j++) \
            next = NAME(packed_gradients)(job, o, j, v, end, slopes, chunk, next, share, K, 1); \
        return next; \
    }
PACKED_TILES_OF(1)
PACKED_TILES_OF(2)
PACKED_TILES_OF(3)
PACKED_TILES_OF(4)
PACKED_TILES_OF(5)
PACKED_TILES_OF(6)
#undef PACKED_TILES_OF

/* The predictions of the row vectors v .. end become slopes; those of output o lie from o * chunk vectors on. */
INLINE void NAME(become_slopes)(
    const PACKED_JOB *job, Py_ssize_t v, Py_ssize_t end, Py_ssize_t chunk, REAL *predictions, const Loss loss)
{
    const Packed *packed = job->packed;
    const Py_ssize_t k = packed->k, first = k * packed->d;
    const VEC delta = job->delta;
    VEC losses = NAME(same)(0);
    for (Py_ssize_t o = 0; o < k; o++) {
        const REAL *y = (const REAL *)packed->y + o * packed->y_stride + v * LANES;
        const REAL *weights = (const REAL *)packed->weights + v * LANES;
        REAL *p = predictions + o * chunk * LANES;
        VEC total = NAME(same)(0);
        for (Py_ssize_t i = 0; i < (end - v) * LANES; i += LANES) {
            const VEC weight = NAME(load)(weights + i);
            VEC value, slope;
            if (loss == LOGISTIC) slope = NAME(logistic)(NAME(load)(p + i), NAME(load)(y + i), &value);
            else slope = NAME(slope)(loss, delta, NAME(load)(p + i), NAME(load)(y + i), &value);
            slope *= weight;
            total += slope;
            losses += weight * value;
            NAME(store)(p + i, slope);
        }
        NAME(add_sum)(job, first + o, total);
    }
    NAME(add_sum)(job, first + k, losses);
}

NOINLINE void NAME(packed_many)(
    const PACKED_JOB *job, Py_ssize_t start, Py_ssize_t end, Py_ssize_t chunk, REAL *slopes)
{
    const Py_ssize_t k = job->packed->k, d = job->packed->d;
    const Py_ssize_t tiles = (k + NAME(MOST_OUTPUTS) - 1) / NAME(MOST_OUTPUTS);
    const Py_ssize_t share = (PACKED_TILE * BYTES + 2 * tiles - 1) / (2 * tiles);
    const char *next = (const char *)((const REAL *)job->packed->X + NAME(place_of)(start + chunk, d));
    for (Py_ssize_t v = start; v < end; v += PACKED_TILE) {
        const Py_ssize_t last = end - v < PACKED_TILE ? end : v + PACKED_TILE;
#define PRODUCTS(K) \
        next = NAME(packed_products_##K)( \
            job, o, v, last, slopes + (o * chunk + v - start) * LANES, chunk, next, share);
        TILES(NAME(MOST_OUTPUTS), PRODUCTS)
#undef PRODUCTS
    }
    switch (job->loss) {    /* not asked again for each vector */
        case SQUARED: NAME(become_slopes)(job, start, end, chunk, slopes, SQUARED); break;
        case LOGISTIC: NAME(become_slopes)(job, start, end, chunk, slopes, LOGISTIC); break;
        default: NAME(become_slopes)(job, start, end, chunk, slopes, job->loss);
    }
    if (!job->wanted) return;
    for (Py_ssize_t j = 0; j < d; j += PACKED_TILE) {
        const Py_ssize_t last = d - j < PACKED_TILE ? d : j + PACKED_TILE;
#define GRADIENTS(K) \
        next = NAME(packed_gradients_##K)( \
            job, o, j, last, start, end, slopes + o * chunk * LANES, chunk, next, share);
        TILES(NAME(MOST_OUTPUTS), GRADIENTS)
#undef GRADIENTS
    }
}
#undef TILES

/* totals, where they are not fresh, + the sums across lanes of `count` vectors that follow each other; both go up to
 * whole LANES. */
INLINE void NAME(add_lane_sums)(const REAL *sums, Py_ssize_t count, int fresh, double *totals)
{
    for (Py_ssize_t i = 0; i < count; i += LANES) {
        VEC v[LANES];
        if (count - i <= NAME(FEW)) v[0] = NAME(few_sums)(sums + i * LANES);
        else {
            UNROLL for (int l = 0; l < LANES; l++) v[l] = NAME(load)(sums + (i + l) * LANES);
            NAME(lane_sums)(v, LANES);
        }
        WIDE total = NAME(widened)(v[0]);
        if (!fresh) total += NAME(load_wide)(totals + i);
        NAME(store_wide)(totals + i, total);
    }
}

/* `gradient` holds that of W, of b and one number more, up to a whole LINE. */
NOINLINE int NAME(packed_pass)(
    const Packed *packed, Loss loss, double delta, double scale, const void *weights, const void *biases, int wanted,
    double *value, void *gradient)
{
    const Py_ssize_t d = packed->d, k = packed->k;
    const Py_ssize_t end = packed->rows / LANES;
    const Py_ssize_t count = k * d + k + 1, padded = (count + LANES - 1) / LANES * LANES;
    PACKED_JOB job = {.packed = packed, .W = weights, .b = biases, .loss = loss, .wanted = wanted,
        .delta = NAME(same)((REAL)delta)};

    const int many = k > 4 && (k + 4) * d * BYTES > CHUNK_BYTES;
    /* Where the outputs take several turns, each finds the rows in the second cache: whole tiles, with their slopes. */
    const Py_ssize_t whole = PACKED_TILE * VECTORS;
    Py_ssize_t chunk = k <= 4 ? BLOCK_ROWS : STRIDED_BYTES / ((d + k) * BYTES) / whole * whole + whole;
    if (chunk > BLOCK_ROWS) chunk = BLOCK_ROWS;
    const Py_ssize_t vectors = padded + (many ? k * chunk : 0);
    const Py_ssize_t size = padded + (vectors * LANES * REAL_BYTES + 7) / 8;
    ALIGNED double local[STACK_DOUBLES];
    void *memory;
    double *totals = work_space(size, local, &memory);
    if (!totals) return -1;
    job.sums = (REAL *)(totals + padded);
    REAL *slopes = job.sums + padded * LANES;
    for (Py_ssize_t block = 0; block < end; block += BLOCK_ROWS) {
        const Py_ssize_t block_end = end - block < BLOCK_ROWS ? end : block + BLOCK_ROWS;
        memset(job.sums, 0, count * LANES * REAL_BYTES);
        for (Py_ssize_t start = block; start < block_end; start += chunk) {
            const Py_ssize_t chunk_end = block_end - start < chunk ? block_end : start + chunk;
            if (many) NAME(packed_many)(&job, start, chunk_end, chunk, slopes);
            else NAME(packed_chunk)(&job, start, chunk_end);
        }
        NAME(add_lane_sums)(job.sums, count, block == 0, totals);
    }
    const double factor = loss == SQUARED ? 2 * scale : scale;
    *value = scale * totals[k * d + k];
    for (Py_ssize_t i = 0; i < count; i += LANES)
        NAME(store)((REAL *)gradient + i, NAME(narrowed)(NAME(load_wide)(totals + i) * factor));
    free(memory);
    return 0;
}

/* Rows whose elements are no neighbours: they are packed, as many at a time as the second cache holds. */
NOINLINE int NAME(strided_pass)(
    const Rows *all, Loss loss, double delta, double scale, const void *weights, const void *biases,
    double *value, void *weight_gradients, void *bias_gradients)
{
    const Py_ssize_t d = all->d, k = all->k, numbers = k * d + k;
    Py_ssize_t most = STRIDED_BYTES / (d * REAL_BYTES) / GROUP * GROUP;
    if (most < 4 * GROUP) most = 4 * GROUP;
    if (most > all->n) most = (all->n + GROUP - 1) / GROUP * GROUP;
    const Py_ssize_t reals = most * (d + k + 1) + numbers + LINE / REAL_BYTES;
    double *totals = calloc(numbers * 8 + reals * REAL_BYTES, 1);
    if (!totals) return -1;
    REAL *x = (REAL *)(totals + numbers), *gradient = x + most * (d + k + 1);
    REAL *gW = weight_gradients, *gb = bias_gradients;
    int failed = 0;
    *value = 0;
    for (Py_ssize_t start = 0; start < all->n && !failed; start += most) {
        Packed packed = {.X = x, .y = x + most * d, .weights = x + most * (d + k)};
        const Rows rows = some_rows(all, start, all->n - start < most ? all->n - start : most);
        double some;
        NAME(pack)(&rows, &packed);
        failed = NAME(packed_pass)(&packed, loss, delta, scale, weights, biases, gW != NULL, &some, gradient);
        *value += some;
        for (Py_ssize_t i = 0; i < numbers; i++) totals[i] += gradient[i];
    }
    if (gW)
        for (Py_ssize_t i = 0; i < k * d; i++) gW[i] = (REAL)totals[i];
    if (gb)
        for (Py_ssize_t o = 0; o < k; o++) gb[o] = (REAL)totals[k * d + o];
    free(totals);
    return failed;
}

#undef VECTORS
#undef PACKED_TILE
#undef PACKED_JOB
