/* Weighted, centred sums of the columns of X and y, in float64, compiled for each level of processors.
 *
 * Some rows are turned feature by feature into a panel, less the mean of the block before them; then groups of columns
 * meet in registers. That mean is near enough: where a block lies far from the one before, their distance is part of
 * the variance, against which the rounding is small.
 *
 * Few columns: the panel and the vectors of all sums stay in the nearest cache, and many panels make a block; or there
 * is no panel. Many: a panel is a block.
 */
#ifndef FASTGD_SUMS_H
#define FASTGD_SUMS_H

#include <math.h>
#include <Python.h>
#include <string.h>
#include "_levels.h"

#define NARROW 16                   /* columns of X and y at most */
#define NARROW_DOUBLES 2304         /* of a panel: a third of the nearest cache */
#define WIDE_PANEL 512              /* rows at most; a multiple of every level's lanes */
#define NARROW_BLOCK 8192           /* rows that are centred at once */
#define NEAR 16                     /* groups of columns that stay in the second-level cache while others pass by */
#define GAP 8                       /* numbers between columns: 4096 bytes would all fall into one set of the cache */
#define LINE 64                     /* bytes of the caches' */

/* Rows of X and y, each contiguous, float or double; the strides are bytes. weights may be NULL. stopped(asker) is
 * asked while many columns meet, which takes long, and ends the sums where it says so.
 */
typedef struct {
    const char *X, *y;
    const double *weights;
    Py_ssize_t n, d, k, X_stride, y_stride;
    int X_single, y_single;
    int (*stopped)(void *asker);
    void *asker;
} Table;

static Py_ssize_t panel_rows(Py_ssize_t columns)
{
    const Py_ssize_t rows = NARROW_DOUBLES / (columns + 1) / LINE * LINE;
    return columns <= NARROW && rows < WIDE_PANEL ? rows : WIDE_PANEL;
}

static Py_ssize_t block_rows(Py_ssize_t columns) { return columns <= NARROW ? NARROW_BLOCK : WIDE_PANEL; }

#define VECTOR_DOUBLES ((NARROW * (NARROW + 3) / 2 + 8) * 8)        /* of the sums of NARROW columns, at every level */

/* Doubles of work space: the columns' sums, a panel and its weights' roots, vectors of sums. */
static Py_ssize_t sums_space(Py_ssize_t columns)
{
    return columns + LINE + (columns + 1) * (panel_rows(columns) + GAP) + VECTOR_DOUBLES;
}

/* Predictions whose errors are summed: for each output, `count` of them. nothing: zeros, one for each output. */
typedef struct {
    const double *weight, *constant;    /* outputs x count x d, outputs x count */
    const double *centre, *nothing;     /* weight multiplies X - centre */
    Py_ssize_t count;
} Points;

#define RESIDUAL_DOUBLES 3072        /* of the columns of a panel for them: half of the nearest cache */

static Py_ssize_t residual_panel(Py_ssize_t columns)
{
    const Py_ssize_t rows = RESIDUAL_DOUBLES / (columns + 4) / LINE * LINE;
    return rows > WIDE_PANEL ? WIDE_PANEL : rows < LINE ? LINE : rows;
}

/* Doubles of work space: the columns, ones, weights, and what two predictions miss. */
static Py_ssize_t residual_space(Py_ssize_t columns) { return (columns + 4) * (residual_panel(columns) + GAP); }

#define LEVEL baseline
#ifdef __GNUC__
#define BYTES 16
#else
#define BYTES 8
#endif
#define GROUP 3
#include "_sums_loops.h"

#ifdef HAS_LEVELS
#include <immintrin.h>
TARGET_V3
#define LEVEL v3
#define BYTES 32
#define GROUP 3
#include "_sums_loops.h"
TARGET_END

TARGET_V4
#define LEVEL v4
#define BYTES 64
#define GROUP 4
#include "_sums_loops.h"
TARGET_END
#endif

/* The sums of some rows, whole blocks but for the last one.
 *
 * shift: about where the columns lie; afterwards the mean of the last block. totals, means: a block's weight and its
 * columns' means less the origin, from the first row's block on: the means themselves would not tell blocks apart to
 * the last digit. products: their upper triangle is added to.
 */
typedef void SumRows(
    const Table *, Py_ssize_t first, Py_ssize_t last, const double *origin, double *shift, double *totals,
    double *means, double *products, double *space);

/* By the number of the level that the kernels use; none is plain. */
static SumRows *const SUM_ROWS[] = {
    sum_rows_baseline,
    sum_rows_baseline,
#ifdef HAS_LEVELS
    sum_rows_v3,
    sum_rows_v4,
#endif
};

/* For some rows, the sums of weight * error^2 (outputs x points) and of weight * error * (X - centre, 1). */
typedef void SumResiduals(
    const Table *, Py_ssize_t first, Py_ssize_t last, const Points *, double *losses, double *slopes, double *space);

static SumResiduals *const SUM_RESIDUALS[] = {
    sum_residuals_baseline,
    sum_residuals_baseline,
#ifdef HAS_LEVELS
    sum_residuals_v3,
    sum_residuals_v4,
#endif
};

#endif
