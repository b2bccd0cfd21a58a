/* Whole descents on few rows of one output: step after step, with nothing in between but the parameters.
 *
 * Such a step takes less time than calls, work space and totals in double would. All rows are one group and one block,
 * so a column is a few whole vectors side by side, predictions and slopes never leave the registers, and what is left is
 * the chain from weights to weights: product, residual, sums across lanes, update.
 */

#define TILE_VECTORS 8

/* T row vectors from v on. sums: one vector for each column, for the slopes, for the losses. */
INLINE void NAME(small_tile)(
    const Packed *packed, const Loss loss, VEC delta, const REAL *W, VEC bias, Py_ssize_t v, VEC *sums, const int fresh,
    const Py_ssize_t d, const int T)
{
    const REAL *X = (const REAL *)packed->X + v * LANES, *y = (const REAL *)packed->y + v * LANES;
    const REAL *weights = (const REAL *)packed->weights + v * LANES;
    VEC slopes[TILE_VECTORS], losses[TILE_VECTORS], even, odd;
    UNROLL for (int t = 0; t < T; t++) slopes[t] = bias;
    for (Py_ssize_t j = 0; j < d; j++) {
        const VEC w = NAME(same)(W[j]);
        UNROLL for (int t = 0; t < T; t++) slopes[t] += w * NAME(load)(X + j * packed->group + t * LANES);
    }
    UNROLL for (int t = 0; t < T; t++) {
        const VEC weight = NAME(load)(weights + t * LANES);
        slopes[t] = weight * NAME(slope)(loss, delta, slopes[t], NAME(load)(y + t * LANES), &losses[t]);
        losses[t] *= weight;
    }
    /* Two chains hide the latency of every second multiply-add. */
#define ADD(place, term) do { \
        UNROLL for (int t = 0; t < T; t += 2) even = t ? even + (term) : fresh ? (term) : sums[place] + (term); \
        UNROLL for (int t = 1; t < T; t += 2) odd = t > 1 ? odd + (term) : (term); \
        sums[place] = T > 1 ? even + odd : even; \
    } while (0)
    for (Py_ssize_t j = 0; j < d; j++) ADD(j, slopes[t] * NAME(load)(X + j * packed->group + t * LANES));
    ADD(d, slopes[t]);
    ADD(d + 1, losses[t]);
#undef ADD
}

INLINE void NAME(small_sums)(
    const Packed *packed, const Loss loss, VEC delta, const REAL *W, VEC bias, VEC *sums, const Py_ssize_t d)
{
    const Py_ssize_t end = packed->rows / LANES, first = (end - 1) % TILE_VECTORS + 1;
#define FIRST(T) case T: NAME(small_tile)(packed, loss, delta, W, bias, 0, sums, 1, d, T); break
    switch (first) {
        FIRST(1); FIRST(2); FIRST(3); FIRST(4); FIRST(5); FIRST(6); FIRST(7); FIRST(8);
    }
#undef FIRST
    for (Py_ssize_t v = first; v < end; v += TILE_VECTORS)
        NAME(small_tile)(packed, loss, delta, W, bias, v, sums, 0, d, TILE_VECTORS);
}

INLINE Stop NAME(small_descent)(
    const Packed *given, const Loss loss, VEC delta, double scale, Parameters *parameters, Watch *watch,
    Py_ssize_t *done, Py_ssize_t until, double *losses, double *norms, const Py_ssize_t d)
{
    /* Copies of its own, which no store can change, stay in registers. */
    const Packed packed = *given;
    Parameters own = *parameters;
    Watch watching = *watch;
    const REAL *W = own.value, *b = own.bias;
    const VEC factor = NAME(same)((REAL)(loss == SQUARED ? 2 * scale : scale));
    VEC sums[SMALL_COLUMNS + 2 + LANES];
    REAL totals[SMALL_COLUMNS + 2 + LANES];
    Py_ssize_t epoch = *done;
    Stop stop = RAN;
    for (Py_ssize_t i = 0; i < d + 2 + LANES; i++) sums[i] = NAME(same)(0);
    for (; epoch < until && stop == RAN; epoch++) {
        NAME(small_sums)(&packed, loss, delta, W, NAME(same)(b ? *b : 0), sums, d);
        VEC head;
        for (Py_ssize_t i = 0; i < d + 2; i += LANES) {
            const VEC total = NAME(vector_sums)(sums + i, d + 2 - i), gradient = factor * total;
            NAME(store)(totals + i, total);
            NAME(store)((REAL *)own.gradient + i, gradient);
            if (i == 0) head = gradient;
        }
        losses[epoch] = scale * totals[d + 1];
        stop = NAME(make_full_step)(&own, head, &watching, epoch, losses[epoch], &norms[epoch]);
    }
    *parameters = own;
    *watch = watching;
    *done = epoch - (stop == NOT_FINITE);
    return stop;
}

NOINLINE Stop NAME(descent)(
    const Packed *packed, Loss loss, double delta, double scale, Parameters *parameters, Watch *watch,
    Py_ssize_t *done, Py_ssize_t until, double *losses, double *norms)
{
    const VEC deltas = NAME(same)((REAL)delta);
#define DESCENT(loss, d) \
    NAME(small_descent)(packed, loss, deltas, scale, parameters, watch, done, until, losses, norms, d)
    if (loss == SQUARED && packed->d == 1) return DESCENT(SQUARED, 1);
    if (loss == SQUARED) return DESCENT(SQUARED, packed->d);
    return DESCENT(loss, packed->d);
#undef DESCENT
}

#undef TILE_VECTORS
