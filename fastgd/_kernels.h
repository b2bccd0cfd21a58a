/* What the kernels are told about their data; _kernels.pxd shows it to Cython. */
#ifndef FASTGD_KERNELS_H
#define FASTGD_KERNELS_H

#include <Python.h>

typedef enum { SQUARED, ABSOLUTE, HUBER, LOGISTIC } Loss;
typedef enum { SINGLE, DOUBLE } Precision;

typedef struct {
    Precision precision;
    Py_ssize_t n, d, k;
    const void *X;
    Py_ssize_t x_stride, x_column;
    const void *y;
    Py_ssize_t y_stride;
    const void *weights;
    const Py_ssize_t *index;
    Py_ssize_t x_rows, more;
} Rows;

/* n of the rows, from the `first`th on. */
static inline Rows some_rows(const Rows *all, Py_ssize_t first, Py_ssize_t n)
{
    const Py_ssize_t bytes = all->precision == SINGLE ? 4 : 8;
    Rows rows = *all;
    rows.n = n;
    if (rows.index) {
        rows.index += first;
        rows.more += all->n - first - n;
        return rows;
    }
    rows.X = (const char *)rows.X + first * rows.x_stride * bytes;
    rows.y = (const char *)rows.y + first * rows.y_stride * bytes;
    if (rows.weights) rows.weights = (const char *)rows.weights + first * bytes;
    return rows;
}

typedef struct {
    Precision precision;
    Py_ssize_t n, rows, group, d, k, y_stride;
    void *X, *y, *weights;
    int few;
} Packed;

typedef struct {
    Py_ssize_t start, size;
    int has_buffer, started, kept_started;
    double dampening, weight_decay;
    int nesterov, maximize;
    const double *lr, *momentum;
    Py_ssize_t stride;
} Part;

/* Whether n steps, numbered at, at + by, ..., are without momentum. */
static inline int is_plain(const Part *part, Py_ssize_t at, Py_ssize_t by, Py_ssize_t n)
{
    if (!part->has_buffer) return 1;
    if (by * part->stride == 0) n = n > 0;
    for (Py_ssize_t i = 0; i < n; i++)
        if (part->momentum[(at + i * by) * part->stride] != 0) return 0;
    return 1;
}

/* Why a descent ends. */
typedef enum {
    RAN,
    STALE,
    FLAT,
    LATE,
    NOT_FINITE,
    OVERFLOWED,
    INTERRUPTED,
    NO_MEMORY
} Stop;

typedef struct {
    double tol, best;
    Py_ssize_t patience, stale;
    double grad_tol;
} Watch;

/* STALE where the losses have not fallen for too long. */
static inline Stop watched(Watch *watch, double loss)
{
    if (watch->tol < 0) return RAN;
    watch->stale = loss < watch->best - watch->tol ? 0 : watch->stale + 1;
    if (loss < watch->best) watch->best = loss;
    return watch->stale >= watch->patience ? STALE : RAN;
}

enum { MOST_PARTS = 2 };

typedef struct {
    Precision precision;
    void *value, *bias, *gradient, *buffer, *kept, *kept_buffer;
    int part_count;
    Part parts[MOST_PARTS];
} Parameters;

#endif
