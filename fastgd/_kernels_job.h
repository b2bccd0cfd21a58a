/* What a pass over rows in place works with, and what becomes of a vector of predictions. */

/* The sums are those of a block of rows. */
typedef struct {
    const Rows *rows;
    const REAL *W;
    Loss loss;
    VEC delta;
    Py_ssize_t begin, end;  /* of the rows, counted from X: what lies around them is not touched */
    Py_ssize_t lead;        /* numbers before a row, so that its vectors are aligned */
    Py_ssize_t width;       /* of a row of gradients: lead + d, up to a whole vector */
    Py_ssize_t vectors;     /* in a row that a group keeps near; else 0 */
    Py_ssize_t outputs;     /* where they are the vector: k, up to a whole one; else 0 */
    Py_ssize_t ahead;       /* rows by index, or in chunks, until what is asked for is read */
    Py_ssize_t chunk;       /* rows from products to gradients, what a near cache holds */
    Py_ssize_t numbers;     /* of gradients, with what fills them up */
    int wanted;             /* the gradients of W */
    int columns;            /* of more than one, the elements are neighbours */
    REAL *gradients;        /* k x width, or d x outputs */
    REAL *arranged;         /* W as it is read: W^T, d x outputs, or as the tiles do, k x width */
    REAL *first;            /* the row at `begin`, with its lead */
    REAL *losses;           /* a vector */
    REAL *slopes;           /* k vectors, of which one belongs to the outputs in turn, row after row */
    REAL *products;         /* with one feature, instead of gradients: a vector of slope * x */
    REAL *bias;             /* k vectors of b, in turn like the slopes */
    REAL *r, *y, *weights;  /* chunk x k: first predictions, then slopes; y and weights where they are not contiguous */
    double *wide;           /* chunk x k, where dot products are summed in pieces */
} NAME(Job);

#define JOB NAME(Job)

INLINE Py_ssize_t NAME(offset)(const Rows *rows, Py_ssize_t i)
{
    return (rows->index ? rows->index[i] : i) * rows->x_stride;
}

/* The y of m rows: in place, or copied where they are not one after the other. */
INLINE const REAL *NAME(targets)(const JOB *job, Py_ssize_t start, Py_ssize_t m)
{
    const Rows *rows = job->rows;
    const REAL *y = rows->y;
    if (!rows->index && rows->y_stride == rows->k) return y + start * rows->k;
    if (rows->index && rows->k == 1)        /* without a loop in the loop: 0.3 ns a row */
        for (Py_ssize_t i = 0; i < m; i++) job->y[i] = y[rows->index[start + i] * rows->y_stride];
    else for (Py_ssize_t i = 0; i < m; i++) {
        const REAL *from = y + (rows->index ? rows->index[start + i] : start + i) * rows->y_stride;
        for (Py_ssize_t o = 0; o < rows->k; o++) job->y[i * rows->k + o] = from[o];
    }
    return job->y;
}

/* The weights of m rows, one an output; NULL where all are 1. */
INLINE const REAL *NAME(row_weights)(const JOB *job, Py_ssize_t start, Py_ssize_t m)
{
    const Rows *rows = job->rows;
    const REAL *weights = rows->weights;
    if (!weights) return NULL;
    if (!rows->index && rows->k == 1) return weights + start;
    for (Py_ssize_t i = 0; i < m; i++)
        for (Py_ssize_t o = 0; o < rows->k; o++)
            job->weights[i * rows->k + o] = weights[rows->index ? rows->index[start + i] : start + i];
    return job->weights;
}

/* The slopes of `count` predictions, and 0 for the lanes behind them; adds their losses. */
INLINE VEC NAME(slopes)(
    const JOB *job, VEC p, const REAL *y, const REAL *weights, Py_ssize_t count, VEC *losses, const int logistic)
{
    VEC loss, slope;
    if (count <= 0) return NAME(same)(0);
    if (count > LANES) count = LANES;
    /* No exponentials of what was never written. */
    if (logistic && count < LANES) p = NAME(keep)(NAME(first)(count), p);
    if (logistic) slope = NAME(logistic)(p, NAME(load_some)(y, count), &loss);
    else slope = NAME(slope)(job->loss, job->delta, p, NAME(load_some)(y, count), &loss);
    if (weights) {
        const VEC weight = NAME(load_some)(weights, count);
        loss *= weight;
        slope *= weight;
    }
    if (count < LANES) {
        loss = NAME(keep)(NAME(first)(count), loss);
        slope = NAME(keep)(NAME(first)(count), slope);
    }
    *losses += loss;
    return slope;
}
