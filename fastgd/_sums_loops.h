/* The centred products of blocks of rows, for one level: vectors of LANES rows, column by column. */
#include "_levels_doubles.h"

#define MOST_AT_ONCE (BYTES == 64 ? 16 : 0)     /* columns that need no panel: there are registers enough */
#define MOST_TURNED 8                           /* of them: more are rotated */
#define MOST_SUMS_TURNED 44
#define AHEAD 4096                              /* bytes of X that are fetched before they are read */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL_ALL PRAGMA(GCC unroll 128)
#define UNROLL_TWICE PRAGMA(GCC unroll 2)
#else
#define UNROLL_ALL UNROLL
#define UNROLL_TWICE
#endif

#define REAL float
#define REAL_BYTES 4
#include "_sums_pack.h"
#undef REAL
#undef REAL_BYTES
#define REAL double
#define REAL_BYTES 8
#include "_sums_pack.h"
#undef REAL
#undef REAL_BYTES

INLINE void NAME(pack)(
    const char *X, int single, Py_ssize_t row, Py_ssize_t rows, Py_ssize_t readable, Py_ssize_t d, const double *shift,
    const double *root, double *columns, Py_ssize_t stride)
{
    if (single) JOIN(NAME(pack), float)(X, row, rows, readable, d, shift, root, columns, stride);
    else JOIN(NAME(pack), double)(X, row, rows, readable, d, shift, root, columns, stride);
}

#define MOST_ALONE (BYTES == 64 ? 5 : 3)        /* columns whose products all fit the registers */
#define MOST_SUMS 20

/* sums += products of the columns at a and b over the rows; where down is 0, of one group's columns with each other and
 * the roots.
 */
INLINE void NAME(meet)(
    int down, int across, const double *a, const double *b, const double *root, Py_ssize_t rows, Py_ssize_t stride,
    const char *coming, Py_ssize_t advance, VEC *into)
{
    const int same = !down, count = same ? across * (across + 3) / 2 : down * across;
    VEC sums[MOST_SUMS];
    UNROLL for (int t = 0; t < count; t++) sums[t] = into[t];
    UNROLL_TWICE for (Py_ssize_t r = 0; r < rows; r += LANES, coming += advance) {
        VEC columns[5];
        FETCH(coming);
        UNROLL for (int y = 0; y < across; y++) columns[y] = NAME(load)(b + y * stride + r);
        int t = 0;
        if (same) {
            VEC roots = NAME(load)(root + r);
            UNROLL for (int x = 0; x < across; x++) {
                UNROLL for (int y = x; y < across; y++) sums[t++] += columns[x] * columns[y];
                sums[t++] += columns[x] * roots;
            }
        } else
            UNROLL for (int x = 0; x < down; x++) {
                VEC column = NAME(load)(a + x * stride + r);
                UNROLL for (int y = 0; y < across; y++) sums[t++] += column * columns[y];
            }
    }
    UNROLL for (int t = 0; t < count; t++) into[t] = sums[t];
}

NOINLINE int NAME(meet_any)(
    Py_ssize_t down, Py_ssize_t across, const double *a, const double *b, const double *root, Py_ssize_t rows,
    Py_ssize_t stride, const char *coming, Py_ssize_t advance, VEC *into)
{
#define MEET(x, y) \
    case 8 * x + y: \
        NAME(meet)(x, y, a, b, root, rows, stride, coming, advance, into); \
        return x ? x * y : y * (y + 3) / 2;
    switch (8 * down + across) {
    MEET(0, 2)
    MEET(0, 3)
#if GROUP == 4
    MEET(0, 4)
    MEET(0, 5)
    MEET(4, 4)
    MEET(4, 3)
#else
    MEET(3, 2)
    MEET(2, 2)
#endif
    MEET(3, 3)
    }
#undef MEET
    return 0;
}

/* The sums over the lanes of `count` vectors; to is LANES longer. */
INLINE void NAME(over_lanes)(int count, const VEC *sums, double *to)
{
    for (int t = 0; t < count; t += LANES) {
        VEC some[LANES];
        UNROLL for (int l = 0; l < LANES; l++) some[l] = sums[t + l < count ? t + l : t];
        NAME(store)(to + t, NAME(lane_sums)(some));
    }
}

/* Where the group of columns begins; groups differ by one column at most, and the larger ones come first. */
INLINE Py_ssize_t NAME(group_start)(Py_ssize_t group, Py_ssize_t groups, Py_ssize_t columns)
{
    Py_ssize_t small = columns / groups, larger = columns % groups;
    return group * small + (group < larger ? group : larger);
}

/* A block whose rows go to the registers at once, as add_panels(); 0 where they do not lie well for it. */
NOINLINE int NAME(add_at_once)(
    const Table *t, Py_ssize_t first, Py_ssize_t end, const double *shift, double *products, double *column_sums,
    double *space)
{
#if MOST_AT_ONCE
    const Py_ssize_t d = t->d, p = d + 1, item = t->X_single ? 4 : 8, rows = end - first;
    if (p > MOST_AT_ONCE || t->k != 1 || t->weights || t->X_single != t->y_single || t->y_stride != item) return 0;
    if (t->X_stride != d * item && d * item < 16) return 0;
    const char *X = t->X + first * t->X_stride, *y = t->y + first * item;
    double own[MOST_AT_ONCE * MOST_AT_ONCE];
    Py_ssize_t done;
    if (p > MOST_TURNED)
        done = t->X_single
            ? JOIN(NAME(rows_rotated), float)(d, X, t->X_stride, y, rows, shift, space, own, column_sums)
            : JOIN(NAME(rows_rotated), double)(d, X, t->X_stride, y, rows, shift, space, own, column_sums);
    else {
        VEC sums[MOST_SUMS_TURNED];
        double by_pair[MOST_SUMS_TURNED + LANES], *next = by_pair;
        done = t->X_single
            ? JOIN(NAME(rows_turned), float)(d, X, t->X_stride, y, rows, shift, sums)
            : JOIN(NAME(rows_turned), double)(d, X, t->X_stride, y, rows, shift, sums);
        NAME(over_lanes)(p * (p + 3) / 2, sums, by_pair);
        for (Py_ssize_t a = 0; a < p; a++) {
            for (Py_ssize_t b = a; b < p; b++) own[a * p + b] = *next++;
            column_sums[a] = *next++;
        }
    }
    for (; done < rows; done++) {
        double row[MOST_AT_ONCE];
        for (Py_ssize_t a = 0; a < p; a++) {
            const char *at = a < d ? X + done * t->X_stride + a * item : y + done * item;
            row[a] = (t->X_single ? *(const float *)at : *(const double *)at) - shift[a];
            column_sums[a] += row[a];
            for (Py_ssize_t b = 0; b <= a; b++) own[b * p + a] += row[a] * row[b];
        }
    }
    for (Py_ssize_t a = 0; a < p; a++)
        for (Py_ssize_t b = a; b < p; b++)
            products[a * p + b] += own[a * p + b] - column_sums[a] / rows * column_sums[b];
    return 1;
#else
    return 0;
#endif
}

/* Panels of a block in progress. */
typedef struct {
    const double *columns, *root;
    Py_ssize_t p, groups, stride, rows;
    const char *coming;             /* the next panel's rows, which are fetched meanwhile: so many bytes at each turn */
    Py_ssize_t advance;
    int begins, ends, stays;        /* the panel begins the block, ends it; there are several, and all sums stay */
    VEC *into;
    double share;                   /* 1 / the block's weight, where it ends */
    double *products, *column_sums;
} NAME(Panel);

/* Two groups of columns meet, or one itself (first, for its columns' sums); the last panel of a block adds to products
 * what the sums are about the means.
 */
INLINE void NAME(meet_groups)(NAME(Panel) *t, Py_ssize_t i, Py_ssize_t j)
{
    const Py_ssize_t from = NAME(group_start)(i, t->groups, t->p), to = NAME(group_start)(j, t->groups, t->p);
    const Py_ssize_t own = NAME(group_start)(i + 1, t->groups, t->p) - from, down = i == j ? 0 : own;
    const Py_ssize_t across = NAME(group_start)(j + 1, t->groups, t->p) - to;
    if (t->begins)
        UNROLL_ALL for (int i = 0; i < MOST_SUMS; i++) t->into[i] = (VEC){0};       /* memset begins slowly */
    const int count = NAME(meet_any)(
        down, across, t->columns + from * t->stride, t->columns + to * t->stride, t->root, t->rows, t->stride,
        t->coming, t->advance, t->into);
    t->coming += t->advance * (t->rows / LANES);
    if (t->ends) {
        double total[MOST_SUMS + LANES], *products = t->products + from * t->p + to;
        const double *next = total;
        NAME(over_lanes)(count, t->into, total);
        for (Py_ssize_t x = 0, at = -1; !down && x < across; x++) t->column_sums[to + x] = total[at += across - x + 1];
        for (Py_ssize_t x = 0; x < own; x++, next += !down) {
            const double mean = t->column_sums[from + x] * t->share;
            for (Py_ssize_t y = down ? 0 : x; y < across; y++)
                products[x * t->p + y] += *next++ - mean * t->column_sums[to + y];
        }
    }
    if (t->stays) t->into += count;
}

/* Adds a block's products about its means, and tells its columns' sums less the shift; returns its weight, or -1 where
 * it was stopped.
 */
NOINLINE double NAME(add_panels)(
    const Table *table, Py_ssize_t first, Py_ssize_t end, const double *shift, double *products, double *column_sums,
    double *space)
{
    const Py_ssize_t d = table->d, p = d + table->k, panel = panel_rows(p), stride = panel + GAP;
    const Py_ssize_t groups = p <= MOST_ALONE ? 1 : (p + GROUP - 1) / GROUP;
    double *columns = space, *root = columns + p * stride, total = 0;
    for (Py_ssize_t i = 0; i < panel; i++) root[i] = 1;
    for (Py_ssize_t at = first; at < end; at += panel) {
        const Py_ssize_t rows = at + panel < end ? panel : end - at, filled = (rows + LANES - 1) / LANES * LANES;
        for (Py_ssize_t i = 0; table->weights && i < rows; i++) {
            total += table->weights[at + i];
            root[i] = sqrt(table->weights[at + i]);
        }
        if (!table->weights) total += rows;
        const double *scale = table->weights ? root : NULL;
        const Py_ssize_t readable = table->n - at;
        NAME(pack)(
            table->X + at * table->X_stride, table->X_single, table->X_stride, rows, readable, d, shift, scale,
            columns, stride);
        NAME(pack)(
            table->y + at * table->y_stride, table->y_single, table->y_stride, rows, readable, table->k, shift + d,
            scale, columns + d * stride, stride);
        for (Py_ssize_t j = 0; j < p + 1; j++)
            for (Py_ssize_t i = rows; i < filled; i++) columns[j * stride + i] = 0;
        const Py_ssize_t turns = groups * (groups + 1) / 2 * (filled / LANES);
        NAME(Panel) t = {
            columns, root, p, groups, stride, filled, table->X + (at + panel) * table->X_stride,
            at + panel < table->n ? panel * table->X_stride / turns : 0, at == first, at + panel >= end,
            block_rows(p) > panel, (VEC *)(root + stride), total > 0 ? 1 / total : 0, products, column_sums};
        for (Py_ssize_t j = 0; j < groups; j++) NAME(meet_groups)(&t, j, j);
        for (Py_ssize_t near = 0; near < groups; near += NEAR) {
            if (near && table->stopped(table->asker)) return -1;
            for (Py_ssize_t j = near; j < groups; j++)
                for (Py_ssize_t i = near; i < j && i < near + NEAR; i++) NAME(meet_groups)(&t, i, j);
        }
    }
    return total;
}

NOINLINE void NAME(sum_rows)(
    const Table *table, Py_ssize_t first, Py_ssize_t last, const double *origin, double *shift, double *totals,
    double *means, double *products, double *space)
{
    const Py_ssize_t p = table->d + table->k, block = block_rows(p);
    double *column_sums = space, *work = space + (p + LINE - 1) / LINE * LINE;
    for (; first < last; first += block, totals++, means += p) {
        const Py_ssize_t end = first + block < last ? first + block : last;
        double total = end - first;
        if (!NAME(add_at_once)(table, first, end, shift, products, column_sums, work))
            total = NAME(add_panels)(table, first, end, shift, products, column_sums, work);
        if (total < 0) return;
        *totals = total;
        for (Py_ssize_t i = 0; i < p; i++) means[i] = (shift[i] - origin[i]) + (total > 0 ? column_sums[i] / total : 0);
        for (Py_ssize_t i = 0; total > 0 && i < p; i++) shift[i] = origin[i] + means[i];
    }
}

#include "_sums_residuals.h"

#undef MOST_ALONE
#undef MOST_SUMS
#undef MOST_AT_ONCE
#undef MOST_TURNED
#undef MOST_SUMS_TURNED
#undef AHEAD
#undef UNROLL_ALL
#undef UNROLL_TWICE
#undef GROUP
#include "_levels_end.h"
