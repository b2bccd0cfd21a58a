/* The fused pass over packed rows, for descents that visit them many times.
 *
 * In X, GROUP rows lie side by side, column after column, so the rows are the vector: every load is a whole vector,
 * nothing is summed across lanes before the end of the pass, and no row is too short. Rows that fill the last group have
 * weight 0. As over rows in place, a chunk goes from products to slopes to gradients while the nearest cache holds it,
 * and sums of more than BLOCK_ROWS numbers are double.
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
    const Py_ssize_t d = rows->d, column = rows->x_column, group_bytes = GROUP * d * REAL_BYTES;
    packed->precision = rows->precision;
    packed->rows = packed->y_stride = (rows->n + GROUP - 1) / GROUP * GROUP;
    packed->group = packed->few ? packed->rows : GROUP;
    packed->d = d;
    packed->k = rows->k;
    /* Two chunks share the nearest cache where the next one is asked for while one is worked on. */
    packed->far = packed->rows / GROUP * group_bytes > FAR_BYTES && 4 * group_bytes <= CHUNK_BYTES;
    packed->chunk = (packed->far ? CHUNK_BYTES / 2 : CHUNK_BYTES) / group_bytes / 4 * 4;
    if (packed->chunk < 4) packed->chunk = 4;
    if (packed->chunk > packed->rows / GROUP) packed->chunk = packed->rows / GROUP;

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
    int fresh;              /* the sums hold nothing yet */
    REAL *slopes;           /* k x chunk vectors */
    Py_ssize_t chunk;       /* vectors */
} NAME(PackedJob);

#define PACKED_JOB NAME(PackedJob)

INLINE void NAME(add_sum)(const PACKED_JOB *job, Py_ssize_t i, int fresh, VEC sum)
{
    REAL *place = job->sums + i * LANES;
    NAME(store)(place, fresh ? sum : NAME(load)(place) + sum);
}

/* Predictions of K outputs from o on for T row vectors from v on: a load of x serves K multiply-adds, one of W serves T,
 * and K T chains hide the multiply-add's latency. */
INLINE void NAME(packed_predictions)(
    const PACKED_JOB *job, Py_ssize_t start, Py_ssize_t v, Py_ssize_t o, const int K, const int T)
{
    const Py_ssize_t d = job->packed->d;
    const REAL *x[8], *W = job->W + o * d;
    VEC p[16];
    UNROLL for (int t = 0; t < T; t++) x[t] = (const REAL *)job->packed->X + NAME(place_of)(v + t, d);
    UNROLL for (int q = 0; q < K; q++) {
        const VEC bias = NAME(same)(job->b ? job->b[o + q] : 0);
        UNROLL for (int t = 0; t < T; t++) p[q * T + t] = bias;
    }
    for (Py_ssize_t j = 0; j < d; j++) {
        VEC w[4];
        UNROLL for (int q = 0; q < K; q++) w[q] = NAME(same)(W[q * d + j]);
        UNROLL for (int t = 0; t < T; t++) {
            const VEC column = NAME(load)(x[t] + j * GROUP);
            UNROLL for (int q = 0; q < K; q++) p[q * T + t] += column * w[q];
        }
    }
    REAL *slopes = job->slopes + (o * job->chunk + v - start) * LANES;
    UNROLL for (int q = 0; q < K; q++)
        UNROLL for (int t = 0; t < T; t++) NAME(store)(slopes + (q * job->chunk + t) * LANES, p[q * T + t]);
}

/* Turns the predictions of output o into slopes; adds their sum and the losses'. */
INLINE void NAME(packed_slopes)(const PACKED_JOB *job, Py_ssize_t start, Py_ssize_t end, Py_ssize_t o)
{
    const Packed *packed = job->packed;
    const REAL *y = (const REAL *)packed->y + (o * packed->y_stride + start * LANES);
    const REAL *weights = (const REAL *)packed->weights + start * LANES;
    REAL *places = job->slopes + o * job->chunk * LANES;
    const Loss kind = job->loss;
    const VEC delta = job->delta;
    const Py_ssize_t count = (end - start) * LANES;
    VEC slope_sum = NAME(same)(0), loss_sum = slope_sum;
    for (Py_ssize_t i = 0; i < count; i += LANES) {
        const VEC p = NAME(load)(places + i), target = NAME(load)(y + i), weight = NAME(load)(weights + i);
        VEC loss;
        const VEC slope = weight * (kind == LOGISTIC ? NAME(logistic)(p, target, &loss)
                                                     : NAME(slope)(kind, delta, p, target, &loss));
        NAME(store)(places + i, slope);
        slope_sum += slope;
        loss_sum += weight * loss;
    }
    NAME(add_sum)(job, packed->k * packed->d + o, job->fresh, slope_sum);
    NAME(add_sum)(job, packed->k * packed->d + packed->k, job->fresh && o == 0, loss_sum);
}

/* The gradients of K outputs from o on by J columns from j on, over the row vectors start .. end. Where K J is small,
 * vectors take turns with U sets of sums, to hide the multiply-add's latency. */
INLINE void NAME(packed_gradients)(
    const PACKED_JOB *job, Py_ssize_t start, Py_ssize_t end, Py_ssize_t o, Py_ssize_t j, const int K, const int J)
{
    const int U = K * J <= 2 ? 4 : K * J <= 4 ? 2 : 1;
    const Py_ssize_t d = job->packed->d;
    const REAL *X = (const REAL *)job->packed->X + j * GROUP, *slopes = job->slopes + (o * job->chunk - start) * LANES;
    /* The next chunk is on its way while this one is worked on; where X is at hand, asking for it costs more. */
    const Py_ssize_t ahead = K == 1 && job->packed->far ? job->chunk / VECTORS * GROUP * d : 0;
    VEC sums[16];
    UNROLL for (int s = 0; s < U * K * J; s++) sums[s] = NAME(same)(0);
#define ADD(u) do { \
        const REAL *x = X + NAME(place_of)(v + u, d); \
        if (ahead) UNROLL for (int c = 0; c < J; c++) FETCH(x + c * GROUP + ahead); \
        VEC slope[4]; \
        UNROLL for (int q = 0; q < K; q++) slope[q] = NAME(load)(slopes + (q * job->chunk + v + u) * LANES); \
        UNROLL for (int c = 0; c < J; c++) { \
            const VEC column = NAME(load)(x + c * GROUP); \
            UNROLL for (int q = 0; q < K; q++) sums[(u * K + q) * J + c] += slope[q] * column; \
        } \
    } while (0)
    Py_ssize_t v = start;
    for (; v + U <= end; v += U) {
        UNROLL for (int u = 0; u < U; u++) ADD(u);
    }
    for (; v < end; v++) ADD(0);
#undef ADD
    UNROLL for (int q = 0; q < K; q++) {
        UNROLL for (int c = 0; c < J; c++) {
            VEC sum = sums[q * J + c];
            UNROLL for (int u = 1; u < U; u++) sum += sums[(u * K + q) * J + c];
            NAME(add_sum)(job, (o + q) * d + j + c, job->fresh, sum);
        }
    }
}

/* `call` for every tile of `most`, then of the powers of two that are left, of the range from .. to. */
#define TILED(from, to, most, call) do { \
        Py_ssize_t at = from; \
        for (; at + most <= to; at += most) call(most); \
        if (most > 4 && at + 4 <= to) { call(4); at += 4; } \
        if (most > 2 && at + 2 <= to) { call(2); at += 2; } \
        if (most > 1 && at < to) call(1); \
    } while (0)

/* K outputs from o on, of a chunk: its predictions, slopes, gradients. */
INLINE void NAME(packed_outputs)(
    const PACKED_JOB *job, Py_ssize_t start, Py_ssize_t end, Py_ssize_t o, const int K, int wanted)
{
#define PREDICTIONS(T) NAME(packed_predictions)(job, start, at, o, K, T)
#define GRADIENTS(J) NAME(packed_gradients)(job, start, end, o, at, K, J)
    TILED(start, end, (K == 1 ? 8 : SUMS / K), PREDICTIONS);
    for (int q = 0; q < K; q++) NAME(packed_slopes)(job, start, end, o + q);
    if (wanted) TILED(0, job->packed->d, (K == 1 ? 8 : SUMS / K), GRADIENTS);
#undef PREDICTIONS
#undef GRADIENTS
}

NOINLINE void NAME(packed_chunk)(const PACKED_JOB *job, Py_ssize_t start, Py_ssize_t end, int wanted)
{
    const Py_ssize_t k = job->packed->k;
    Py_ssize_t o = 0;
    for (; o + 4 <= k; o += 4) NAME(packed_outputs)(job, start, end, o, 4, wanted);
    if (o + 2 <= k) {
        NAME(packed_outputs)(job, start, end, o, 2, wanted);
        o += 2;
    }
    if (o < k) NAME(packed_outputs)(job, start, end, o, 1, wanted);
}

/* totals, where they are not fresh, + the sums across lanes of `count` vectors that follow each other; both go up to whole
 * LANES. */
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
    PACKED_JOB job = {.packed = packed, .W = weights, .b = biases, .loss = loss, .delta = NAME(same)((REAL)delta)};
    job.chunk = packed->chunk * VECTORS;

    const Py_ssize_t size = padded + ((padded + k * job.chunk) * LANES * REAL_BYTES + 7) / 8;
    ALIGNED double local[STACK_DOUBLES];
    double *work = local;
    void *memory = NULL;
    if (size > STACK_DOUBLES) {
        if (!(memory = malloc(size * sizeof(double) + LINE))) return -1;
        work = (double *)(((uintptr_t)memory + LINE - 1) / LINE * LINE);
    }
    double *totals = work;
    job.sums = (REAL *)(totals + padded);
    job.slopes = job.sums + padded * LANES;
    if (!wanted) memset(job.sums, 0, k * d * LANES * REAL_BYTES);
    for (Py_ssize_t block = 0; block < end; block += BLOCK_ROWS) {
        const Py_ssize_t block_end = end - block < BLOCK_ROWS ? end : block + BLOCK_ROWS;
        job.fresh = 1;
        for (Py_ssize_t start = block; start < block_end; start += job.chunk) {
            NAME(packed_chunk)(&job, start, block_end - start < job.chunk ? block_end : start + job.chunk, wanted);
            job.fresh = 0;
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
#undef PACKED_JOB
