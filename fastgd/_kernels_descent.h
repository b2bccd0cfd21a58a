/* Whole descents on few rows of one output: step after step, with nothing in between but the parameters.
 *
 * Such a step takes less time than calls, work space and totals in double would. All rows are one group and one block,
 * so a column is a few whole vectors side by side, predictions and slopes never leave the registers, and what is left
 * is the chain from weights to weights: product, residual, sums across lanes, update. Whatever need not be on it, is
 * not.
 */

#define TILE_VECTORS 8

/* T row vectors from v on. W, or with `one` feature w in every lane of a vector. sums: one vector for each column, for
 * the slopes, both times `factor`, and for the losses. */
INLINE void NAME(small_tile)(
    const Packed *packed, const Loss loss, VEC delta, VEC factor, const REAL *W, VEC w, VEC bias, Py_ssize_t v,
    VEC *sums, const int fresh, const Py_ssize_t d, const int one, const int T)
{
    const REAL *X = (const REAL *)packed->X + v * LANES, *y = (const REAL *)packed->y + v * LANES;
    const REAL *weights = (const REAL *)packed->weights + v * LANES;
    VEC slopes[TILE_VECTORS], losses[TILE_VECTORS], scales[TILE_VECTORS], even, odd;
    UNROLL for (int t = 0; t < T; t++) slopes[t] = bias;
    for (Py_ssize_t j = 0; j < d; j++) {
        if (!one) w = NAME(same)(W[j]);
        UNROLL for (int t = 0; t < T; t++) slopes[t] += w * NAME(load)(X + j * packed->group + t * LANES);
    }
    UNROLL for (int t = 0; t < T; t++) {
        const VEC weight = NAME(load)(weights + t * LANES);
        scales[t] = factor * weight;
        slopes[t] = NAME(slope)(loss, delta, slopes[t], NAME(load)(y + t * LANES), &losses[t]);
        losses[t] *= weight;
        if (!one) slopes[t] *= scales[t];
    }
    /* Two chains hide the latency of every second multiply-add. */
#define ADD(place, term) do { \
        UNROLL for (int t = 0; t < T; t += 2) even = t ? even + (term) : fresh ? (term) : sums[place] + (term); \
        UNROLL for (int t = 1; t < T; t += 2) odd = t > 1 ? odd + (term) : (term); \
        sums[place] = T > 1 ? even + odd : even; \
    } while (0)
    if (one) {
        /* Each sum begins with the slopes: the products that they take part in are there before them. */
        ADD(0, slopes[t] * (scales[t] * NAME(load)(X + t * LANES)));
        ADD(1, slopes[t] * scales[t]);
        ADD(2, losses[t]);
    }
    else {
        for (Py_ssize_t j = 0; j < d; j++) ADD(j, slopes[t] * NAME(load)(X + j * packed->group + t * LANES));
        ADD(d, slopes[t]);
        ADD(d + 1, losses[t]);
    }
#undef ADD
}

INLINE void NAME(small_sums)(
    const Packed *packed, const Loss loss, VEC delta, VEC factor, const REAL *W, VEC w, VEC bias, VEC *sums,
    const Py_ssize_t d, const int one)
{
    const Py_ssize_t end = (packed->n + LANES - 1) / LANES, first = (end - 1) % TILE_VECTORS + 1;
#define FIRST(T) \
    case T: NAME(small_tile)(packed, loss, delta, factor, W, w, bias, 0, sums, 1, d, one, T); break
    switch (first) {
        FIRST(1); FIRST(2); FIRST(3); FIRST(4); FIRST(5); FIRST(6); FIRST(7); FIRST(8);
    }
#undef FIRST
    for (Py_ssize_t v = first; v < end; v += TILE_VECTORS)
        NAME(small_tile)(packed, loss, delta, factor, W, w, bias, v, sums, 0, d, one, TILE_VECTORS);
}

/* one: of one feature, so that the first vector holds all parameters. plain: they are one part without momentum, at one
 * rate; what the compiler knows of it, no step has to ask. */
INLINE Stop NAME(small_descent)(
    const Packed *given, const Loss loss, VEC delta, double scale, Parameters *parameters, Watch *watch,
    Py_ssize_t *done, Py_ssize_t until, REAL *losses, REAL *norms, const Py_ssize_t d, const int one, const int plain)
{
    /* Copies of its own, which no store can change, stay in registers. */
    const Packed packed = *given;
    Parameters own = *parameters;
    Watch watching = *watch;
    const double *const rates = own.parts[0].lr, rate = *rates;
    if (plain) {
        own.part_count = 1;
        own.parts[0].start = own.parts[0].has_buffer = own.parts[0].stride = 0;
        own.parts[0].size = d + 1;
        own.parts[0].lr = &rate;
    }
    const REAL *W = own.value, *b = own.bias;
    const VEC factor = NAME(same)((REAL)(loss == SQUARED ? 2 * scale : scale));
    VEC many[SMALL_COLUMNS + 2 + LANES], few[4 + LANES], *sums = one ? few : many, head = NAME(load)(W);
    Py_ssize_t epoch = *done;
    Stop stop = RAN;
    double norm = 0;
    for (Py_ssize_t i = 0; i < d + 2 + LANES; i++) sums[i] = NAME(same)(0);
    for (; epoch < until && stop == RAN; epoch++) {
        const VEC w = NAME(same)(NAME(lane)(head, 0));
        const VEC bias = NAME(same)(one && LANES > 1 ? NAME(lane)(head, 1) : b ? *b : 0);
        NAME(small_sums)(&packed, loss, delta, factor, W, w, bias, sums, d, one);
        for (Py_ssize_t i = 0; i < d + 1; i += LANES) {
            const VEC gradient = NAME(vector_sums)(sums + i, d + 1 - i);
            NAME(store)((REAL *)own.gradient + i, gradient);
            if (i == 0) head = gradient;
        }
        NAME(lane_sums)(sums + d + 1, 1);
        losses[epoch] = (REAL)(scale * NAME(lane)(sums[d + 1], 0));
        stop = NAME(make_full_step)(&own, &head, &watching, epoch, losses[epoch], &norm);
        norms[epoch] = (REAL)norm;
    }
    own.parts[0].lr = rates;
    *parameters = own;
    *watch = watching;
    *done = epoch - (stop == NOT_FINITE);
    return stop;
}

/* Functions of their own: in one, the registers that each has to itself would not do. */
#define DESCENT(name, loss, d, one, plain) \
    NOINLINE Stop NAME(name)( \
        const Packed *packed, Loss loss_, double delta, double scale, Parameters *parameters, Watch *watch, \
        Py_ssize_t *done, Py_ssize_t until, void *losses, void *norms) \
    { \
        (void)loss_; \
        return NAME(small_descent)( \
            packed, loss, NAME(same)((REAL)delta), scale, parameters, watch, done, until, losses, norms, \
            d, one, plain); \
    }
DESCENT(descent_of_one, SQUARED, 1, 1, 1)
DESCENT(descent_plain, SQUARED, packed->d, 0, 1)
DESCENT(descent_any, loss_, packed->d, 0, 0)
#undef DESCENT

NOINLINE Stop NAME(descent)(
    const Packed *packed, Loss loss, double delta, double scale, Parameters *parameters, Watch *watch,
    Py_ssize_t *done, Py_ssize_t until, void *losses, void *norms)
{
    const Part *part = parameters->parts;
    Descent *descent = NAME(descent_any);
#ifdef NARROWER
    if (packed->n * packed->d <= NARROW_NUMBERS) descent = JOIN(JOIN(descent, REAL), NARROWER);
    else
#endif
    if (loss == SQUARED && parameters->part_count == 1 && part->size == packed->d + 1 && !part->has_buffer
        && part->stride == 0) descent = packed->d == 1 ? NAME(descent_of_one) : NAME(descent_plain);
    return descent(packed, loss, delta, scale, parameters, watch, done, until, losses, norms);
}

#undef TILE_VECTORS
