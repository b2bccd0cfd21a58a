/* What predictions miss, row by row, in float64: the sums of its squares and of its products with the columns of X.
 *
 * Some rows at a time are turned into columns as for the centred sums; a prediction is then a sum of whole columns. Two
 * predictions share each column that is loaded.
 */
#define AT_ONCE 4                   /* vectors of rows: each waits for itself only */

/* weighted = scale (constant + columns weight - target); the sums of weighted squares are added to losses.
 *
 * coming: the next panel's rows, which are fetched meanwhile: so many bytes for each column of AT_ONCE vectors.
 */
INLINE void NAME(miss)(
    int many, Py_ssize_t d, const double *columns, Py_ssize_t stride, Py_ssize_t rows, const double *const *weight,
    const double *constant, const double *const *target, const double *scale, const char *coming, Py_ssize_t advance,
    double *weighted, double *losses)
{
    VEC squares[2] = {{0}};
    for (Py_ssize_t r = 0; r < rows; r += AT_ONCE * LANES) {
        VEC missed[2][AT_ONCE];
        UNROLL for (int i = 0; i < many; i++)
            UNROLL for (int v = 0; v < AT_ONCE; v++)
                missed[i][v] = constant[i] - NAME(load)(target[i] + r + v * LANES);
        for (Py_ssize_t j = 0; j < d; j++, coming += advance) {
            FETCH(coming);
            FETCH(coming + LINE);
            UNROLL for (int v = 0; v < AT_ONCE; v++) {
                const VEC column = NAME(load)(columns + j * stride + r + v * LANES);
                UNROLL for (int i = 0; i < many; i++) missed[i][v] += weight[i][j] * column;
            }
        }
        UNROLL for (int v = 0; v < AT_ONCE; v++) {
            const VEC scales = NAME(load)(scale + r + v * LANES);
            UNROLL for (int i = 0; i < many; i++) {
                const VEC product = scales * missed[i][v];
                squares[i] += product * missed[i][v];
                NAME(store)(weighted + i * stride + r + v * LANES, product);
            }
        }
    }
    for (int i = 0; i < many; i++) {
        double by_lane[LANES];
        NAME(store)(by_lane, squares[i]);
        for (int l = 0; l < LANES; l++) losses[i] += by_lane[l];
    }
}

/* slopes += products of what was missed with some columns. */
INLINE void NAME(slopes)(
    int many, int across, const double *columns, Py_ssize_t stride, Py_ssize_t rows, const double *weighted,
    double *slopes, Py_ssize_t width)
{
    VEC sums[8] = {{0}};
    double total[8 + LANES];
    for (Py_ssize_t r = 0; r < rows; r += LANES)
        UNROLL for (int y = 0; y < across; y++) {
            const VEC column = NAME(load)(columns + y * stride + r);
            UNROLL for (int i = 0; i < many; i++)
                sums[i * across + y] += column * NAME(load)(weighted + i * stride + r);
        }
    for (int t = 0; t < many * across; t += LANES) {
        VEC some[LANES];
        UNROLL for (int l = 0; l < LANES; l++) some[l] = sums[t + l < 8 ? t + l : t];
        NAME(store)(total + t, NAME(lane_sums)(some));
    }
    for (int i = 0; i < many; i++)
        for (int y = 0; y < across; y++) slopes[i * width + y] += total[i * across + y];
}

INLINE void NAME(miss_some)(
    int many, Py_ssize_t d, const double *columns, Py_ssize_t stride, Py_ssize_t rows, const double *const *weight,
    const double *constant, const double *const *target, const double *scale, const char *coming, Py_ssize_t advance,
    double *weighted, double *losses, double *slopes)
{
    NAME(miss)(
        many, d, columns, stride, rows, weight, constant, target, scale, coming, advance, weighted, losses);
    Py_ssize_t j = 0;
#define SLOPES(across) \
    NAME(slopes)(many, across, columns + j * stride, stride, rows, weighted, slopes + j, d + 1)
    for (; j + 4 <= d + 1; j += 4) SLOPES(4);
    switch (d + 1 - j) {
    case 3: SLOPES(3); break;
    case 2: SLOPES(2); break;
    case 1: SLOPES(1); break;
    }
#undef SLOPES
}

NOINLINE void NAME(sum_residuals)(
    const Table *table, Py_ssize_t first, Py_ssize_t last, const Points *points, double *losses, double *slopes,
    double *space)
{
    const Py_ssize_t d = table->d, k = table->k, panel = residual_panel(d + k), stride = panel + GAP;
    const Py_ssize_t count = points->count * k;
    double *columns = space, *targets = columns + (d + 1) * stride, *scale = targets + k * stride;
    double *weighted = scale + stride;
    for (Py_ssize_t i = 0; i < panel; i++) columns[d * stride + i] = scale[i] = 1;
    for (Py_ssize_t at = first; at < last; at += panel) {
        const Py_ssize_t rows = at + panel < last ? panel : last - at, readable = table->n - at;
        const Py_ssize_t filled = (rows + AT_ONCE * LANES - 1) / (AT_ONCE * LANES) * (AT_ONCE * LANES);
        NAME(pack)(
            table->X + at * table->X_stride, table->X_single, table->X_stride, rows, readable, d, points->centre, NULL,
            columns, stride);
        NAME(pack)(
            table->y + at * table->y_stride, table->y_single, table->y_stride, rows, readable, k, points->nothing, NULL,
            targets, stride);
        if (table->weights) memcpy(scale, table->weights + at, rows * sizeof *scale);
        for (Py_ssize_t i = rows; i < filled; i++) {
            for (Py_ssize_t j = 0; j < d + 1 + k + 1; j++) columns[j * stride + i] = 0;
        }
        const char *coming = table->X + (at + panel) * table->X_stride;
        const Py_ssize_t advance = at + panel < table->n ? AT_ONCE * LANES * table->X_stride / d : 0;
        for (Py_ssize_t t = 0; t < count; t += 2) {
            const double *weight[2], *target[2];
            const int many = t + 2 <= count ? 2 : 1;
            for (int i = 0; i < many; i++) {
                weight[i] = points->weight + (t + i) * d;
                target[i] = targets + (t + i) / points->count * stride;
            }
#define MISS(many) \
            NAME(miss_some)( \
                many, d, columns, stride, filled, weight, points->constant + t, target, scale, coming, advance, \
                weighted, losses + t, slopes + t * (d + 1))
            if (many == 2) MISS(2);
            else MISS(1);
#undef MISS
        }
    }
}

#undef AT_ONCE
