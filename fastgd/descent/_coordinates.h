/* Descent of a quadratic whose rows nobody needs: one epoch costs its coordinates. Arrays are padded with zeros to a
 * multiple of PADDED, so that no loop has a tail.
 */
#ifndef FASTGD_COORDINATES_H
#define FASTGD_COORDINATES_H

#include <math.h>
#include <Python.h>
#include <string.h>
#include "_levels.h"
#if defined(__x86_64__) || defined(_M_X64)
#define HAS_SSE
#include <xmmintrin.h>
#endif

#define PADDED 8                    /* a multiple of every level's lanes */
#define EPOCHS 64                   /* that coordinates descend before the next ones do: their sums stay near */

/* Denormal numbers are slow: from one of these to the other this thread takes them for 0. Where there is no SSE they
 * stay what they are.
 */
#ifdef HAS_SSE
#define WITHOUT_DENORMALS 0x8040    /* as results and as operands */
static unsigned leave_denormals(void)
{
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | WITHOUT_DENORMALS);
    return before;
}
static void take_denormals_again(unsigned before) { _mm_setcsr(before); }
#else
static unsigned leave_denormals(void) { return 0; }
static void take_denormals_again(unsigned before) { (void)before; }
#endif

/* A step: v = keep v + take g; offset -= by_slope g + by_buffer v. */
typedef struct {
    double keep, take, by_slope, by_buffer;
} Factors;

/* torch's SGD options. */
typedef struct {
    double dampening, weight_decay;
    int nesterov, maximize;
} Options;

static Factors factors(const Options *o, double lr, double momentum, int has_buffer, int first)
{
    if (!has_buffer) return (Factors){0, 0, lr, 0};
    return (Factors){
        first ? 0 : momentum, first ? 1 : 1 - o->dampening, o->nesterov ? lr : 0, o->nesterov ? lr * momentum : lr};
}

/* Coordinates and what is known of them: slope = pull + curvature offset; buffer is NULL without momentum. */
typedef struct {
    Py_ssize_t size;
    const double *curvature, *pull, *anchor;
    double *offset, *buffer;
} Span;

/* Makes at most EPOCHS steps of coordinates that are alone; values and squares become, for where each step began, the
 * value above the base and the square of the gradient.
 */
typedef void (*Descend)(const Span *, const Options *, Py_ssize_t, const Factors *, double *, double *);

#define LEVEL baseline
#ifdef __GNUC__
#define BYTES 16
#else
#define BYTES 8
#endif
#include "_coordinates_loops.h"

#ifdef HAS_LEVELS
TARGET_V3
#define LEVEL v3
#define BYTES 32
#include "_coordinates_loops.h"
TARGET_END

TARGET_V4
#define LEVEL v4
#define BYTES 64
#include "_coordinates_loops.h"
TARGET_END
#endif

/* By the number of the level that the kernels use; none is plain. */
static const Descend DESCEND_ALONE[] = {
    descend_alone_baseline,
    descend_alone_baseline,
#ifdef HAS_LEVELS
    descend_alone_v3,
    descend_alone_v4,
#endif
};

/* One step of coordinates that a matrix couples, by the slope that is there. */
static void update_coupled(const Span *s, const double *restrict slope, const Options *o, Factors f)
{
    for (Py_ssize_t i = 0; i < s->size; i++) {
        double g = (o->maximize ? -1 : 1) * slope[i] + o->weight_decay * (s->anchor[i] + s->offset[i]);
        double step = f.by_slope * g;
        if (s->buffer) {
            s->buffer[i] = f.keep * s->buffer[i] + f.take * g;
            step += f.by_buffer * s->buffer[i];
        }
        s->offset[i] = s->offset[i] - step;
    }
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
