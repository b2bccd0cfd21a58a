/* The fused pass over rows in place.
 *
 * A block of rows passes through three loops while the cache holds it: products x W^T, residuals (their loss and its
 * slope), outer products of slopes and rows. Within a block each lane of a vector is a sum of its own in the data's
 * type; from block to block, sums are double. Numbers are aligned to their own size, vectors to nothing.
 */

/* One feature, one output: the rows are the vector. */
INLINE void NAME(column_block)(const JOB *job, Py_ssize_t start, Py_ssize_t m)
{
    const Rows *rows = job->rows;
    const REAL *x = (const REAL *)rows->X + start, *y = NAME(targets)(job, start, m);
    const REAL *weights = NAME(row_weights)(job, start, m);
    if (rows->index || rows->x_stride != 1) {
        for (Py_ssize_t i = 0; i < m; i++) job->r[i] = ((const REAL *)rows->X)[NAME(offset)(rows, start + i)];
        x = job->r;
    }
    const VEC bias = NAME(load)(job->bias);
    VEC losses = NAME(same)(0), slopes = losses, products = losses;
    for (Py_ssize_t i = 0; i < m; i += LANES) {
        const VEC row = NAME(load_some)(x + i, m - i < LANES ? m - i : LANES);
        const VEC slope = NAME(slopes)(job, row * job->W[0] + bias, y + i, AT(weights, i), m - i, &losses, 0);
        slopes += slope;
        products += slope * row;
    }
    NAME(store)(job->losses, losses);
    NAME(store)(job->slopes, slopes);
    NAME(store)(job->products, products);
}

/* r += the columns j .. j + J of m rows times their weights; asks for as many columns behind them, or not. */
INLINE void NAME(columns_products)(const JOB *job, const REAL *x, Py_ssize_t m, Py_ssize_t j, int next, const int J)
{
    const Py_ssize_t column = job->rows->x_column;
    REAL *r = job->r;
    VEC w[4];
    UNROLL for (int c = 0; c < J; c++) w[c] = NAME(same)(job->W[j + c]);
    x += j * column;
#define ADD(LOAD) do { \
        VEC p = NAME(load)(r + i); \
        UNROLL for (int c = 0; c < J; c++) p += w[c] * LOAD; \
        NAME(store)(r + i, p); \
    } while (0)
    Py_ssize_t i = 0;
    for (; i + LANES <= m; i += LANES) {
        if (next) UNROLL for (int c = 0; c < J; c++) FETCH(x + (J + c) * column + i);
        ADD(NAME(load)(x + c * column + i));
    }
    if (i < m) ADD(NAME(load_some)(x + c * column + i, m - i));
#undef ADD
}

/* The gradients of the columns j .. j + J over m rows. */
INLINE void NAME(columns_gradients)(const JOB *job, const REAL *x, Py_ssize_t m, Py_ssize_t j, const int J)
{
    const Py_ssize_t column = job->rows->x_column;
    VEC sums[4];
    UNROLL for (int c = 0; c < J; c++) sums[c] = NAME(same)(0);
    x += j * column;
#define ADD(LOAD) do { \
        const VEC slope = NAME(load)(job->r + i); \
        UNROLL for (int c = 0; c < J; c++) sums[c] += slope * LOAD; \
    } while (0)
    Py_ssize_t i = 0;
    for (; i + LANES <= m; i += LANES) ADD(NAME(load)(x + c * column + i));
    if (i < m) ADD(NAME(load_some)(x + c * column + i, m - i));
#undef ADD
    NAME(lane_sums)(sums, J);
    NAME(store_some)(job->gradients + j, sums[0], J);
}

/* One output, column after column: the rows are the vector. m rows, which the second cache holds, are read for their
 * predictions, the next columns on their way from memory meanwhile, and again for the gradients. */
NOINLINE void NAME(columns_block)(const JOB *job, Py_ssize_t start, Py_ssize_t m)
{
    enum { MOST = NAME(FEW) };
    const Py_ssize_t d = job->rows->d;
    const REAL *x = (const REAL *)job->rows->X + start, *y = NAME(targets)(job, start, m);
    const REAL *weights = NAME(row_weights)(job, start, m);
    VEC losses = NAME(same)(0), slopes = losses;
    REAL *r = job->r;
    Py_ssize_t j = 0;
    for (Py_ssize_t i = 0; i < m; i += LANES) NAME(store)(r + i, NAME(load)(job->bias));
    for (; j + MOST <= d; j += MOST) NAME(columns_products)(job, x, m, j, j + 2 * MOST <= d, MOST);
    for (; j < d; j++) NAME(columns_products)(job, x, m, j, 0, 1);
    for (Py_ssize_t i = 0; i < m; i += LANES) {
        const VEC p = NAME(load)(r + i);
        const VEC slope = job->loss == LOGISTIC ? NAME(slopes)(job, p, y + i, AT(weights, i), m - i, &losses, 1)
                                                : NAME(slopes)(job, p, y + i, AT(weights, i), m - i, &losses, 0);
        slopes += slope;
        NAME(store)(r + i, slope);
    }
    NAME(store)(job->losses, losses);
    NAME(store)(job->slopes, slopes);
    if (!job->wanted) return;
    for (j = 0; j + MOST <= d; j += MOST) NAME(columns_gradients)(job, x, m, j, MOST);
    for (; j < d; j++) NAME(columns_gradients)(job, x, m, j, 1);
}

INLINE void NAME(place)(const JOB *job, Py_ssize_t start, Py_ssize_t m, PLACES *at)
{
    const Py_ssize_t *index = job->rows->index, stride = job->rows->x_stride;
    const Py_ssize_t whole = job->width - LANES, end = job->end - job->width;
    const REAL *X = (const REAL *)job->rows->X - job->lead;
    const Py_ssize_t ahead = index && start + m + job->ahead > job->rows->n + job->rows->more ? 0 : job->ahead;
    at->asks = ahead > 0;
    at->lead = job->lead;
    at->end = job->lead + job->rows->d;
    if (index)
        for (Py_ssize_t i = 0; i < m; i++) {
            at->x[i] = X + index[start + i] * stride;
            at->next[i] = X + index[start + i + ahead] * stride;
        }
    else
        for (Py_ssize_t i = 0; i < m; i++) {
            at->x[i] = X + (start + i) * stride;
            at->next[i] = at->x[i] + ahead * stride;
        }
    if (job->lead)
        for (Py_ssize_t i = 0; i < m; i++)
            if (at->x[i] == X + job->begin) at->x[i] = job->first;
    for (Py_ssize_t i = m; i % GROUP; i++) at->x[i] = at->next[i] = at->x[m - 1];
    for (Py_ssize_t i = 0; i < m || i % GROUP; i++) at->tail[i] = at->x[i] + whole;
    if (index || start * stride > end || (start + m - 1) * stride > end)
        for (Py_ssize_t i = 0; i < m || i % GROUP; i++)
            if (at->x[i] != job->first && at->x[i] - X > end + job->lead) {
                REAL *copy = at->copies + i * LANES;
                NAME(store)(copy, NAME(load_some)(at->tail[i], at->end - whole));
                at->tail[i] = copy;
            }
}

/* Any number of outputs, rows of any length: a chunk of rows goes from products to gradients in a near cache. */
NOINLINE void NAME(long_block)(const JOB *job, Py_ssize_t start, Py_ssize_t end)
{
    const Py_ssize_t d = job->rows->d, k = job->rows->k;
    VEC losses = NAME(same)(0);
    memset(job->slopes, 0, k * LANES * sizeof(REAL));
    memset(job->gradients, 0, job->numbers * sizeof(REAL));
    for (; start < end; start += job->chunk) {
        const Py_ssize_t m = end - start < job->chunk ? end - start : job->chunk;
        const REAL *y = NAME(targets)(job, start, m), *weights = NAME(row_weights)(job, start, m);
        PLACES at;
        NAME(place)(job, start, m, &at);
        for (Py_ssize_t from = 0; from < at.end || from == 0; from += BLOCK_COLUMNS) {
            const Py_ssize_t to = at.end - from < BLOCK_COLUMNS ? at.end : from + BLOCK_COLUMNS;
            if (job->outputs) NAME(many_products)(&at, m, from, to, job->arranged, job->outputs, job->r, k);
            else NAME(products)(&at, m, from, to, job->arranged, job->width, k, job->r);
            if (d > BLOCK_COLUMNS)
                for (Py_ssize_t q = 0; q < m * k; q++) {
                    job->wide[q] = job->r[q] + (from ? job->wide[q] : 0);
                    job->r[q] = (REAL)job->wide[q];
                }
        }
        for (Py_ssize_t q = 0, o = 0; q < m * k; q += LANES, o = o + 1 < k ? o + 1 : 0) {
            const VEC p = NAME(load)(job->r + q) + NAME(load)(job->bias + o * LANES);
            const REAL *weight = AT(weights, q);
            const VEC slope = job->loss == LOGISTIC ? NAME(slopes)(job, p, y + q, weight, m * k - q, &losses, 1)
                                                    : NAME(slopes)(job, p, y + q, weight, m * k - q, &losses, 0);
            REAL *slopes = job->slopes + o * LANES;
            NAME(store)(slopes, NAME(load)(slopes) + slope);
            NAME(store)(job->r + q, slope);
        }
        if (!job->wanted) continue;
        if (job->outputs) NAME(many_gradients)(&at, m, d, job->r, k, job->gradients, job->outputs);
        else NAME(outer_products)(&at, m, job->r, k, job->gradients, job->width);
    }
    NAME(store)(job->losses, losses);
}

NOINLINE void NAME(block)(const JOB *job, Py_ssize_t start, Py_ssize_t end)
{
    if (job->columns) NAME(columns_block)(job, start, end - start);
    else if (job->loss == LOGISTIC) NAME(long_block)(job, start, end);
    else if (job->rows->k == 1 && job->rows->d == 1) NAME(column_block)(job, start, end - start);
    else switch (job->vectors) {
#define CASE(J) case J: \
            if (job->rows->index) NAME(short_block)(job, start, end, J, 1); \
            else NAME(short_block)(job, start, end, J, 0); \
            break
        CASE(1); CASE(2); CASE(3); CASE(4); CASE(5); CASE(6); CASE(7);
        CASE(8); CASE(9); CASE(10); CASE(11); CASE(12); CASE(SHORT);
#undef CASE
        default: NAME(long_block)(job, start, end);
    }
}

/* How many numbers before each row its vectors begin, to be aligned: a load across two lines takes twice as long.
 * numpy's arrays are aligned to 16 bytes: by a multiple of them the lanes' sums only change places. */
INLINE Py_ssize_t NAME(lead)(const Rows *rows)
{
    const Py_ssize_t d = rows->d, stride = rows->x_stride;
    const uintptr_t X = (uintptr_t)rows->X;
    if (rows->n == 0 || d <= NAME(SHORT_ROW) || d > BLOCK_COLUMNS - LANES) return 0;
    if (X % 16 || stride == 0 || stride % LANES) return 0;
    return X % BYTES / REAL_BYTES;
}

/* What W and its gradients have at output o and column j, turned: a line of columns at a time stays near. */
#define TURN(DO) \
    for (Py_ssize_t line = 0; line < d; line += GROUP) \
        for (Py_ssize_t o = 0; o < k; o++) \
            for (Py_ssize_t j = line; j < d && j < line + GROUP; j++) DO;

NOINLINE int NAME(loss_and_gradients)(
    const Rows *rows, Loss loss, double delta, double scale, const void *weights, const void *biases,
    double *value, void *weight_gradients, void *bias_gradients)
{
    const Py_ssize_t n = rows->n, d = rows->d, k = rows->k;
    const int scattered = rows->x_column != 1 && d > 1 && n > 0;
    const int columns = scattered && k == 1 && rows->x_stride == 1 && !rows->index;
    if (scattered && !columns)
        return NAME(strided_pass)(
            rows, loss, delta, scale, weights, biases, value, weight_gradients, bias_gradients);
    const REAL *b = biases;
    REAL *gW = weight_gradients, *gb = bias_gradients;

    JOB job = {.rows = rows, .W = weights, .loss = loss, .wanted = gW != NULL, .columns = columns,
        .delta = NAME(same)((REAL)delta)};
    if (k == 1 && !columns && loss != LOGISTIC) {
        job.vectors = (d + LANES - 1) / LANES;
        if (job.vectors > SHORT) job.vectors = 0;
    }
    const Py_ssize_t outputs = (k + LANES - 1) / LANES * LANES;
    /* Where they fill vectors well, and there are rows enough to turn W for. */
    if (!columns && n >= 4 * GROUP && k > 4 && (outputs == LANES ? 8 * k >= 7 * outputs : 4 * k >= 3 * outputs))
        job.outputs = outputs;
    if (!job.outputs && !job.vectors && !columns) job.lead = NAME(lead)(rows);
    job.width = (job.lead + d + LANES - 1) / LANES * LANES;
    job.numbers = job.outputs ? d * job.outputs : k * job.width;
    const int is_long = k > 2 && 2 * GROUP * d * REAL_BYTES > ROWS_BYTES;
    const Py_ssize_t near = columns ? STRIDED_BYTES : job.outputs || is_long ? TILED_BYTES : ROWS_BYTES;
    const Py_ssize_t row_bytes = (d + (job.outputs ? 2 * k : 0)) * REAL_BYTES;     /* with its targets and slopes */
    job.chunk = columns ? BLOCK_ROWS * LANES : BLOCK_ROWS;
    if (job.chunk * row_bytes > near) job.chunk = near / row_bytes / GROUP * GROUP;
    if (job.chunk < GROUP) job.chunk = GROUP;
    if (job.chunk > n) job.chunk = (n + GROUP - 1) / GROUP * GROUP;
    /* In order the next chunk is on its way while this one's gradients are made: 15.8 ms become 11.7 at 400 MB. */
    job.ahead = job.chunk;
    if (rows->index && (job.vectors || (job.chunk < ROWS_AHEAD && ROWS_AHEAD * d * REAL_BYTES <= TILED_BYTES)))
        job.ahead = ROWS_AHEAD;
    const Py_ssize_t last = n > 0 ? ((rows->index ? rows->x_rows : n) - 1) * rows->x_stride : 0;
    job.begin = last < 0 ? last : 0;
    job.end = (last > 0 ? last : 0) + d;

    const Py_ssize_t doubles = (job.numbers + k * (1 + (d > BLOCK_COLUMNS ? job.chunk : 0)) + 7) / 8 * 8;
    const Py_ssize_t arranged = job.outputs ? d * job.outputs : job.vectors || columns ? 0 : k * job.width;
    const Py_ssize_t reals = job.numbers + arranged + job.width + 2 * LANES
                             + k * (2 * LANES + (rows->weights ? 3 : 2) * job.chunk);
    const Py_ssize_t size = doubles + (reals * REAL_BYTES + 7) / 8;
    ALIGNED double local[STACK_DOUBLES];
    void *memory;
    double *work = work_space(size, local, &memory);
    if (!work) return -1;
    double total = 0, *weight_totals = work, *bias_totals = weight_totals + job.numbers;
    job.wide = bias_totals + k;
    job.gradients = (REAL *)(work + doubles);
    job.arranged = job.gradients + job.numbers;
    job.first = job.arranged + arranged;
    job.losses = job.first + job.width;
    job.slopes = job.losses + LANES;
    job.products = job.slopes + k * LANES;
    job.bias = job.products + LANES;
    job.r = job.bias + k * LANES;
    job.y = job.r + k * job.chunk;
    job.weights = job.y + k * job.chunk;
    memset(work, 0, (job.numbers + k) * sizeof(double));
    if (job.outputs) {
        memset(job.arranged, 0, arranged * sizeof(REAL));
        TURN(job.arranged[j * job.outputs + o] = job.W[o * d + j])
    }
    else if (arranged) NAME(arrange)(job.W, d, k, job.lead, job.width, job.arranged);
    if (job.lead) NAME(arrange)((const REAL *)rows->X + job.begin, d, 1, job.lead, job.width, job.first);
    if (k == 1) NAME(store)(job.bias, NAME(same)(b ? b[0] : 0));
    else
        for (Py_ssize_t l = 0; l < LANES; l++)
            for (Py_ssize_t o = 0; o < k; o++) job.bias[l * k + o] = b ? b[o] : 0;

    const int one = d == 1 && k == 1 && loss != LOGISTIC;
    const int column = one && rows->x_stride == 1 && rows->y_stride == 1 && !rows->index;
    const Py_ssize_t block = columns ? job.chunk : column ? BLOCK_ROWS * LANES : BLOCK_ROWS;
    for (Py_ssize_t start = 0; start < n; start += block) {
        NAME(block)(&job, start, n - start < block ? n : start + block);
        REAL three[4 + LANES];
        UNROLL for (int i = 0; i < 4; i += NAME(FEW)) NAME(store)(three + i, NAME(few_sums)(job.losses + i * LANES));
        total += three[0];
        if (k == 1) bias_totals[0] += three[1];
        else
            for (Py_ssize_t l = 0; l < LANES; l++)
                for (Py_ssize_t o = 0; o < k; o++) bias_totals[o] += job.slopes[l * k + o];
        if (one) weight_totals[0] += three[2];
        else
            for (Py_ssize_t q = 0; q < job.numbers; q += LANES) {
                const WIDE more = NAME(widened)(NAME(load)(job.gradients + q));
                NAME(store_wide)(weight_totals + q, NAME(load_wide)(weight_totals + q) + more);
            }
    }

    if (n == 0) scale = 0;          /* a mean's 1 / n would make NaN of no rows */
    *value = scale * total;
    const double factor = loss == SQUARED ? 2 * scale : scale;
    if (gW && job.outputs) TURN(gW[o * d + j] = (REAL)(factor * weight_totals[j * job.outputs + o]))
    else if (gW)
        for (Py_ssize_t o = 0; o < k; o++)
            for (Py_ssize_t j = 0; j < d; j += LANES) {
                const WIDE totals = NAME(load_wide)(weight_totals + o * job.width + job.lead + j);
                NAME(store_some)(gW + o * d + j, NAME(narrowed)(factor * totals), d - j < LANES ? d - j : LANES);
            }
    if (gb)
        for (Py_ssize_t o = 0; o < k; o++) gb[o] = (REAL)(factor * bias_totals[o]);
    free(memory);
    return 0;
}

#undef TURN
