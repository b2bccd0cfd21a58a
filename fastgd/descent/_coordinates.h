/* Descent of a quadratic whose rows nobody needs: one epoch costs its coordinates. Arrays are padded with zeros to a
 * multiple of LANES, so that sums have lanes of their own and no loop has a tail.
 */
#ifndef FASTGD_COORDINATES_H
#define FASTGD_COORDINATES_H

#include <math.h>
#include <Python.h>

#define LANES 8
#define TINY 1e-300                 /* below it a number becomes 0: denormal numbers are slow */

/* torch's SGD options at one step. */
typedef struct {
    double lr, momentum, dampening, weight_decay;
    int nesterov, maximize, first;
} Options;

typedef double (*Descend)(
    Py_ssize_t, const double *, const double *, const double *, double *, double *, const Options *, double *);

#ifdef __GNUC__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

INLINE double without_dust(double x) { return fabs(x) < TINY ? 0 : x; }

/* The same as factors: g = sign slope + decay position; v = keep v + take g; offset -= by_slope g + by_buffer v. */
typedef struct {
    double sign, decay, keep, take, by_slope, by_buffer;
} Factors;

INLINE Factors factors(const Options *o, int has_buffer)
{
    Factors f = {o->maximize ? -1 : 1, o->weight_decay, o->first ? 0 : o->momentum, o->first ? 1 : 1 - o->dampening, 0, 0};
    f.by_slope = !has_buffer || o->nesterov ? o->lr : 0;
    f.by_buffer = o->nesterov ? o->lr * o->momentum : o->lr;
    return f;
}

/* One update of a coordinate at anchor + offset; the buffer is NULL without momentum. */
INLINE void update(double slope, double anchor, double *offset, double *buffer, Factors f)
{
    double g = f.sign * slope + f.decay * (anchor + *offset), step = f.by_slope * g;
    if (buffer) {
        double v = without_dust(f.keep * *buffer + f.take * g);
        *buffer = v;
        step += f.by_buffer * v;
    }
    *offset = without_dust(*offset - step);
}

/* Updates `size` coordinates that are alone, by slope = pull + curvature * offset, and returns the value above the
 * base, and the square of the gradient, where they have gone.
 */
INLINE double descend_alone_(
    Py_ssize_t size, const double *restrict curvature, const double *restrict pull, const double *restrict anchor,
    double *restrict offset, double *restrict buffer, const Options *options, double *square)
{
    double values[LANES] = {0}, squares[LANES] = {0};
    Factors f = factors(options, buffer != NULL);
    for (Py_ssize_t i = 0; i < size; i += LANES)
        for (int l = 0; l < LANES; l++) {
            double slope = pull[i + l] + curvature[i + l] * offset[i + l];
            update(slope, anchor[i + l], offset + i + l, buffer ? buffer + i + l : NULL, f);
            slope = pull[i + l] + curvature[i + l] * offset[i + l];
            values[l] += offset[i + l] * (pull[i + l] + slope);
            squares[l] += slope * slope;
        }
    for (int half = LANES / 2; half; half /= 2)
        for (int l = 0; l < half; l++) {
            values[l] += values[l + half];
            squares[l] += squares[l + half];
        }
    *square = squares[0];
    return values[0] / 2;
}

#define DESCEND_ALONE(level) \
    static double descend_alone_##level( \
        Py_ssize_t size, const double *curvature, const double *pull, const double *anchor, double *offset, \
        double *buffer, const Options *options, double *square) \
    { \
        if (buffer) return descend_alone_(size, curvature, pull, anchor, offset, buffer, options, square); \
        return descend_alone_(size, curvature, pull, anchor, offset, NULL, options, square); \
    }

DESCEND_ALONE(baseline)
#if defined(__GNUC__) && defined(__x86_64__)
__attribute__((target("avx2,fma"))) DESCEND_ALONE(v3)
__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,prefer-vector-width=512"))) DESCEND_ALONE(v4)
#endif

/* descend_alone by the number of the level that the kernels use; none is plain. */
static const Descend DESCEND_ALONE_LEVELS[] = {
    descend_alone_baseline,
    descend_alone_baseline,
#if defined(__GNUC__) && defined(__x86_64__)
    descend_alone_v3,
    descend_alone_v4,
#endif
};

/* Updates some of the coordinates that a matrix couples, by the slope that is there. */
static void update_coupled(
    Py_ssize_t size, const double *restrict slope, const double *restrict anchor, double *restrict offset,
    double *restrict buffer, const Options *options)
{
    Factors f = factors(options, buffer != NULL);
    for (Py_ssize_t i = 0; i < size; i++) update(slope[i], anchor[i], offset + i, buffer ? buffer + i : NULL, f);
}

/* slope = pull + matrix offset (symmetric, size x size); returns the value above the base and the gradient's square. */
static double measure_coupled(
    Py_ssize_t size, const double *restrict matrix, const double *restrict pull, const double *restrict offset,
    double *restrict slope, double *square)
{
    double value = 0;
    *square = 0;
    for (Py_ssize_t i = 0; i < size; i++) slope[i] = pull[i];
    for (Py_ssize_t j = 0; j < size; j++)
        for (Py_ssize_t i = 0; i < size; i++) slope[i] += matrix[j * size + i] * offset[j];
    for (Py_ssize_t i = 0; i < size; i++) {
        value += offset[i] * (pull[i] + slope[i]);
        *square += slope[i] * slope[i];
    }
    return value / 2;
}

#endif
