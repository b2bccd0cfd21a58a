/* Steps of one row each: the product, the slope and the update of a row follow each other while it is at hand. */

#define SAMPLES_AHEAD 6             /* rows by index are fetched that many steps before their turn */

/* Row i, and the loss's factor there. Fetches what follows. */
typedef struct {
    const REAL *x, *y;
    double weight, scale;
} NAME(Sample);

INLINE NAME(Sample) NAME(sample)(const Rows *rows, Py_ssize_t i, double factor, int mean)
{
    const Py_ssize_t row = rows->index ? rows->index[i] : i, bytes = rows->d * REAL_BYTES;
    const double weight = rows->weights ? ((const REAL *)rows->weights)[row] : 1;
    if (rows->index && i + SAMPLES_AHEAD < rows->n + rows->more) {
        const Py_ssize_t next = rows->index[i + SAMPLES_AHEAD];
        const char *first = (const char *)((const REAL *)rows->X + next * rows->x_stride);
        for (Py_ssize_t byte = 0; byte < bytes; byte += LINE) FETCH(first + byte);
        FETCH(first + bytes - 1);
        FETCH((const REAL *)rows->y + next * rows->y_stride);
    }
    return (NAME(Sample)){
        (const REAL *)rows->X + row * rows->x_stride, (const REAL *)rows->y + row * rows->y_stride, weight,
        factor * (mean ? 1 / (double)rows->k : weight)};
}

#if LANES > 1

#define HELD_VECTORS 16

/* Steps of one output whose parameters stay in V vectors: features, the bias, zeros. What is not on the way from
 * weights to weights is ready before them: x times the rate and the factor, and -y, which the sum begins with. */
INLINE double NAME(held)(
    const Rows *rows, const Loss loss, double delta, double factor, int mean, const Parameters *parameters,
    Py_ssize_t at, Py_ssize_t by, const int V)
{
    const Py_ssize_t d = rows->d, tail = d - (V - 1) * LANES;
    const Part part = parameters->parts[0];
    const VEC deltas = NAME(same)((REAL)delta), zero = NAME(same)(0);
    const VEC up_to_bias = NAME(keep)(NAME(first)(tail + (parameters->bias != NULL)), NAME(same)(1));
    const VEC bias = up_to_bias - NAME(keep)(NAME(first)(tail), NAME(same)(1));
    REAL *value = parameters->value;
    const Rows given = *rows;
    VEC w[HELD_VECTORS], x[HELD_VECTORS];
    double total = 0;
    UNROLL for (int v = 0; v < V; v++) w[v] = NAME(load)(value + v * LANES);
    for (Py_ssize_t i = 0; i < given.n; i++, at += by) {
        const NAME(Sample) row = NAME(sample)(&given, i, factor, mean);
        if (row.weight == 0) continue;
        const double rate = part.lr[at * part.stride];
        const VEC decay = NAME(same)((REAL)(rate * part.weight_decay));
        const VEC step = NAME(same)((REAL)((part.maximize ? -rate : rate) * row.scale * (loss == SQUARED ? 2 : 1)));
        VEC even = NAME(keep)(NAME(first)(1), NAME(same)(-*row.y)), odd = zero, residual;
        UNROLL for (int v = 0; v < V - 1; v++) x[v] = NAME(load)(row.x + v * LANES);
        x[V - 1] = NAME(load_some)(row.x + (V - 1) * LANES, tail) + bias;
        UNROLL for (int v = 0; v < V; v++) {
            if (v % 2) odd += w[v] * x[v];
            else even += w[v] * x[v];
        }
        residual = V > 1 ? even + odd : even;
        NAME(lane_sums)(&residual, 1);
        const VEC slope = NAME(slope)(loss, deltas, residual, zero, &residual);
        UNROLL for (int v = 0; v < V; v++) w[v] = (w[v] - decay * w[v]) - slope * (step * x[v]);
        total += row.weight * row.scale * NAME(lane)(residual, 0);
    }
    UNROLL for (int v = 0; v < V; v++) NAME(store)(value + v * LANES, w[v]);
    return total;
}

#define HELD(V) \
    NOINLINE double NAME(held_##V)( \
        const Rows *rows, Loss loss, double delta, double factor, int mean, const Parameters *parameters, \
        Py_ssize_t at, Py_ssize_t by) \
    { \
        return NAME(held)(rows, loss, delta, factor, mean, parameters, at, by, V); \
    }
HELD(1) HELD(2) HELD(3) HELD(4) HELD(5) HELD(6) HELD(7) HELD(8)
HELD(9) HELD(10) HELD(11) HELD(12) HELD(13) HELD(14) HELD(15) HELD(16)
#undef HELD
#undef HELD_VECTORS

#endif

/* x w^T, in every lane. */
INLINE VEC NAME(product)(const REAL *x, const REAL *w, Py_ssize_t d)
{
    VEC sums[4];
    Py_ssize_t j = 0;
    UNROLL for (int s = 0; s < 4; s++) sums[s] = NAME(same)(0);
    for (; j + 4 * LANES <= d; j += 4 * LANES)
        UNROLL for (int s = 0; s < 4; s++) sums[s] += NAME(load)(x + j + s * LANES) * NAME(load)(w + j + s * LANES);
    for (int s = 0; j < d; j += LANES, s = (s + 1) % 4) {
        const Py_ssize_t count = d - j < LANES ? d - j : LANES;
        sums[s] += NAME(load_some)(x + j, count) * NAME(load_some)(w + j, count);
    }
    if (d > LANES) sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);     /* the next step waits for every addition */
    NAME(lane_sums)(sums, 1);
    return sums[0];
}

/* A step for every row whose weight is not 0, numbered at, at + by, ...; the loss is `factor` times the kernel's, and
 * its mean divides by the row's weight and by the outputs. Returns the sum of weight * loss: infinite or NaN where one
 * of them is. */
NOINLINE double NAME(samples)(
    const Rows *rows, Loss loss, double delta, double factor, int mean, Parameters *parameters,
    Part *weight_part, Part *bias_part, Py_ssize_t at, Py_ssize_t by)
{
    const Py_ssize_t d = rows->d, k = rows->k;
    const VEC deltas = NAME(same)((REAL)delta);
    const REAL *W = parameters->value, *b = parameters->bias;
    REAL *slopes = (REAL *)parameters->gradient + k * d;
    double total = 0;
#if LANES > 1
    const int all = parameters->part_count == 1 && weight_part && weight_part->size == d + (b != NULL);
    if (k == 1 && all && is_plain(weight_part, at, by, rows->n) && loss != LOGISTIC)
        switch (d / LANES + 1) {
#define HELD(V) case V: return NAME(held_##V)(rows, loss, delta, factor, mean, parameters, at, by)
            HELD(1); HELD(2); HELD(3); HELD(4); HELD(5); HELD(6); HELD(7); HELD(8);
            HELD(9); HELD(10); HELD(11); HELD(12); HELD(13); HELD(14); HELD(15); HELD(16);
#undef HELD
        }
#endif
    for (Py_ssize_t i = 0; i < rows->n; i++, at += by) {
        const NAME(Sample) row = NAME(sample)(rows, i, factor, mean);
        const REAL *x = row.x, *y = row.y;
        const double weight = row.weight, scale = row.scale;
        if (weight == 0) continue;
        VEC slope = deltas;
        for (Py_ssize_t o = 0; o < k; o++) {
            VEC value;
            const VEC p = NAME(product)(x, W + o * d, d) + NAME(same)(b ? b[o] : 0);
            slope = loss == LOGISTIC ? NAME(logistic)(p, NAME(same)(y[o]), &value)
                                     : NAME(slope)(loss, deltas, p, NAME(same)(y[o]), &value);
            slope *= (REAL)(loss == SQUARED ? 2 * scale : scale);
            total += weight * scale * NAME(lane)(value, 0);
            if (k > 1) NAME(store_some)(slopes + o, slope, 1);
            if (weight_part)
                for (Py_ssize_t j = 0; j < d; j += LANES) {
                    const Py_ssize_t count = d - j < LANES ? d - j : LANES;
                    NAME(update_part)(
                        parameters, weight_part, at, o * d + j, count, slope * NAME(load_some)(x + j, count));
                }
        }
        if (bias_part)
            for (Py_ssize_t o = 0; o < k; o += LANES) {
                const Py_ssize_t count = k - o < LANES ? k - o : LANES;
                /* A load would wait for a store of less than a vector. */
                const VEC gradient = k == 1 ? slope : NAME(load_some)(slopes + o, count);
                NAME(update_part)(parameters, bias_part, at, k * d + o, count, gradient);
            }
        if (weight_part) NAME(part_updated)(weight_part, at);
        if (bias_part) NAME(part_updated)(bias_part, at);
    }
    return total;
}
