/* Steps of one row each: the product, the slope and the update of a row follow each other while it is at hand. */

#define ROWS_AHEAD 6                /* rows by index are fetched that many steps before their turn */

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

/* A step for every row whose weight is not 0, numbered at, at + by, ...; the loss is `factor` times the kernel's, and its
 * mean divides by the row's weight and by the outputs. Returns the sum of weight * loss: infinite or NaN where one of them is. */
NOINLINE double NAME(samples)(
    const Rows *rows, Loss loss, double delta, double factor, int mean, Parameters *parameters,
    Part *weight_part, Part *bias_part, Py_ssize_t at, Py_ssize_t by)
{
    const Py_ssize_t d = rows->d, k = rows->k;
    const VEC deltas = NAME(same)((REAL)delta);
    const REAL *W = parameters->value, *b = parameters->bias;
    REAL *slopes = (REAL *)parameters->gradient + k * d;
    double total = 0;
    for (Py_ssize_t i = 0; i < rows->n; i++, at += by) {
        const Py_ssize_t row = rows->index ? rows->index[i] : i;
        const REAL *x = (const REAL *)rows->X + row * rows->x_stride;
        const REAL *y = (const REAL *)rows->y + row * rows->y_stride;
        const double weight = rows->weights ? ((const REAL *)rows->weights)[row] : 1;
        const double scale = factor * (mean ? 1 / (double)k : weight);
        if (rows->index && i + ROWS_AHEAD < rows->n) {
            const Py_ssize_t next = rows->index[i + ROWS_AHEAD];
            const char *first = (const char *)((const REAL *)rows->X + next * rows->x_stride);
            for (Py_ssize_t byte = 0; byte < d * REAL_BYTES; byte += LINE) FETCH(first + byte);
            FETCH((const REAL *)rows->y + next * rows->y_stride);
        }
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
