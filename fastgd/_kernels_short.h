/* The fused pass over rows of few vectors, in place: their sums stay in registers over a block of rows. */

/* A group of rows, whole vectors of them: one after the other, or where each lies and what is asked for meanwhile. */
typedef struct {
    const REAL *x;
    Py_ssize_t stride;
    const REAL *at[GROUP], *next[GROUP];
    REAL copies[GROUP * SHORT * LANES];
} NAME(Group);

/* In place; or copied, with zeros for what is missing, where the group is not whole or its vectors would leave the
 * memory of X. */
INLINE void NAME(place_group)(
    const JOB *job, Py_ssize_t start, Py_ssize_t m, NAME(Group) *group, const int J, const int by_index)
{
    const Rows *rows = job->rows;
    const REAL *X = rows->X;
    const Py_ssize_t *index = rows->index, d = rows->d, stride = rows->x_stride, end = job->end - J * LANES;
    int leaves = m < GROUP;
    group->x = X + start * stride;
    group->stride = stride;
    if (by_index) {
        const Py_ssize_t *here = index + start;
        const REAL *y = rows->y, *last = X + end;
        if (m == GROUP) {
            for (int i = 0; i < GROUP; i++) group->at[i] = X + here[i] * stride;
            for (int i = 0; i < GROUP; i++) leaves |= group->at[i] > last;
        }
        /* The index ends somewhere. */
        if (start + job->ahead + GROUP > rows->n + rows->more)
            for (int i = 0; i < GROUP; i++) group->next[i] = X + *here * stride;
        else {
            const Py_ssize_t *next = here + job->ahead;
            for (int i = 0; i < GROUP; i++) group->next[i] = X + next[i] * stride;
            for (int i = 0; i < GROUP; i++) FETCH_FAR(y + next[i] * rows->y_stride);
        }
    }
    else leaves |= start * stride > end || (start + GROUP - 1) * stride > end;
    if (!leaves) return;
    REAL *copy = group->copies;
    for (Py_ssize_t i = 0; i < m; i++) {
        const REAL *x = X + NAME(offset)(rows, start + i);
        for (Py_ssize_t j = 0; j < d; j += LANES, copy += LANES)
            NAME(store)(copy, NAME(load_some)(x + j, d - j < LANES ? d - j : LANES));
    }
    memset(copy, 0, (GROUP - m) * J * LANES * sizeof(REAL));
    group->x = group->copies;
    group->stride = J * LANES;
    if (by_index) for (int i = 0; i < GROUP; i++) group->at[i] = group->copies + i * J * LANES;
}

/* The lanes' products of row x and W, or the gradients of row `before`, or both. Asks for what lies at `next`. */
INLINE void NAME(short_row)(
    const REAL *x, const char *next, const REAL *before, const VEC *w, MASK mask, const REAL *slope, VEC *dot,
    VEC *sums, const int sets, const int J, const int by_index, const int products, const int gradients)
{
    enum { LINES = LINE > BYTES ? LINE / BYTES : 1 };
    VEC p;
    if (products) {
        /* Two groups of more vectors, or rows far ahead, leave the nearest cache no room for what comes. */
        if (J <= 8 && !by_index) UNROLL for (int v = 0; v < J; v += LINES) FETCH(next + v * BYTES);
        else UNROLL for (int v = 0; v < J; v += LINES) FETCH_FAR(next + v * BYTES);
        /* Rows by index lie anywhere, and their last vector may end a line later. */
        if (by_index) FETCH_FAR(next + J * BYTES - 1);
        p = NAME(keep)(mask, NAME(load)(x + (J - 1) * LANES)) * w[J - 1];
    }
    UNROLL for (int v = 0; v < J; v++) {
        if (products && v < J - 1) p += NAME(load)(x + v * LANES) * w[v];
        if (gradients) sums[sets * v] += *slope * NAME(load)(before + v * LANES);
    }
    if (products) *dot = p;
}

/* From row `from` of a group on. Rows take turns with the sets of sums, to hide the multiply-add's latency. */
INLINE void NAME(short_rows)(
    const NAME(Group) *group, const NAME(Group) *last, int from, const VEC *w, MASK mask, const REAL *slopes, VEC *dots,
    VEC *sums, const int sets, const int J, const int by_index, const int products, const int gradients)
{
    const Py_ssize_t stride = group->stride, last_stride = last->stride;
    const REAL *x = group->x + from * stride, *before = last->x + from * last_stride;
#define ROW(i) do { \
        if (by_index) x = group->at[i], before = last->at[i]; \
        const char *next = by_index ? (const char *)group->next[i] : (const char *)x + AHEAD; \
        NAME(short_row)(x, next, before, w, mask, slopes + (i), dots + (i), sums + row % sets, sets, J, \
                        by_index, products, gradients); \
        if (!by_index) x += stride, before += last_stride; \
    } while (0)
    if (J == 1) UNROLL for (int row = from; row < from + SUMS; row++) ROW(row);
    else
        for (int i = 0; i < GROUP; i += 2)
            UNROLL for (int row = 0; row < 2; row++) ROW(i + row);
#undef ROW
}

/* The slopes of m rows from start on, of a group or a part of it, and their sums over the lanes. */
INLINE void NAME(short_slopes)(
    const JOB *job, const VEC *dots, Py_ssize_t start, Py_ssize_t m, REAL *slope, VEC *losses, VEC *slopes,
    const int count)
{
    const REAL *y = NAME(targets)(job, start, m), *weights = NAME(row_weights)(job, start, m);
    const VEC bias = NAME(load)(job->bias);
    UNROLL for (int s = 0; s < count; s += LANES) {
        VEC p[LANES];
        UNROLL for (int l = 0; l < LANES; l++) p[l] = dots[s + l];
        NAME(lane_sums)(p, LANES);
        const VEC some = NAME(slopes)(job, p[0] + bias, y + s, AT(weights, s), m - s, losses, 0);
        *slopes += some;
        NAME(store)(slope + s, some);
    }
}

/* Compiled once, not for every J. */
NOINLINE void NAME(group_slopes)(
    const JOB *job, const VEC *dots, Py_ssize_t start, Py_ssize_t m, REAL *slope, VEC *losses, VEC *slopes)
{
    NAME(short_slopes)(job, dots, start, m, slope, losses, slopes, GROUP);
}

/* One output, rows of J vectors, in groups, of which the nearest cache holds two. A group's products stand beside the
 * last group's gradients, which keeps the processor busy while sums across lanes become slopes; rows of one vector
 * stay in registers from products to gradients. So do the sums of the gradients over the block. 2 J multiply-adds and
 * about 6 other instructions a row. */
INLINE void NAME(short_block)(const JOB *job, Py_ssize_t start, Py_ssize_t end, const int J, const int by_index)
{
    const Rows *rows = job->rows;
    const int sets = J > 4 ? 1 : 2;
    const MASK mask = NAME(first)(rows->d - (J - 1) * LANES);
    VEC losses = NAME(same)(0), slopes = losses, w[SHORT], sums[2 * SHORT], dots[GROUP];
    REAL slope[GROUP];
    NAME(Group) groups[2], *group = groups, *last = NULL;
    UNROLL for (int v = 0; v < J; v++)
        w[v] = NAME(load_some)(job->W + v * LANES, v == J - 1 ? rows->d - v * LANES : LANES);
    UNROLL for (int s = 0; s < sets * J; s++) sums[s] = NAME(same)(0);
#define ROWS(group, last, from, products, gradients) \
    NAME(short_rows)(group, last, from, w, mask, slope, dots, sums, sets, J, by_index, products, gradients)
    for (; start < end; start += GROUP) {
        const Py_ssize_t m = end - start < GROUP ? end - start : GROUP;
        NAME(place_group)(job, start, m, group, J, by_index);
        if (J == 1) {
            UNROLL for (int from = 0; from < GROUP; from += SUMS) {
                ROWS(group, group, from, 1, 0);
                NAME(short_slopes)(job, dots + from, start + from, m - from, slope + from, &losses, &slopes, SUMS);
                BROADCAST_FROM_MEMORY(slope);
                ROWS(group, group, from, 0, 1);
            }
            continue;
        }
        if (last) ROWS(group, last, 0, 1, 1);
        else ROWS(group, group, 0, 1, 0);
        NAME(group_slopes)(job, dots, start, m, slope, &losses, &slopes);
        last = group;
        group = group == groups ? groups + 1 : groups;
    }
    if (last) ROWS(last, last, 0, 0, 1);
#undef ROWS
    NAME(store)(job->losses, losses);
    NAME(store)(job->slopes, slopes);
    UNROLL for (int v = 0; v < J; v++)
        NAME(store)(job->gradients + v * LANES, sets == 1 ? sums[v] : sums[2 * v] + sums[2 * v + 1]);
}
