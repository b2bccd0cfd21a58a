/* The descent of coordinates that are alone, for one level: a few vectors of them stay in registers for many epochs. */
#include "_levels_doubles.h"

#define TOGETHER 4                  /* vectors: each waits for itself only */

/* The steps of some vectors; their share of values and squares is added, lane by lane. */
INLINE void NAME(steps)(
    int vectors, int buffered, const Span *s, Py_ssize_t at, const Options *o, Py_ssize_t epochs, const Factors *f,
    double *restrict values, double *restrict squares)
{
    VEC curvature[TOGETHER], pull[TOGETHER], rise[TOGETHER], start[TOGETHER], offset[TOGETHER], buffer[TOGETHER];
    UNROLL for (int i = 0; i < vectors; i++) {
        const Py_ssize_t here = at + i * LANES;
        curvature[i] = NAME(load)(s->curvature + here);
        pull[i] = NAME(load)(s->pull + here);
        offset[i] = NAME(load)(s->offset + here);
        if (buffered) buffer[i] = NAME(load)(s->buffer + here);
        const double sign = o->maximize ? -1 : 1;
        start[i] = sign * pull[i] + o->weight_decay * NAME(load)(s->anchor + here);
        rise[i] = sign * curvature[i] + o->weight_decay;
    }
    for (Py_ssize_t e = 0; e < epochs; e++) {
        VEC value = NAME(load)(values + e * LANES), square = NAME(load)(squares + e * LANES);
        UNROLL for (int i = 0; i < vectors; i++) {
            const VEC slope = pull[i] + curvature[i] * offset[i], g = start[i] + rise[i] * offset[i];
            value += offset[i] * (pull[i] + slope);
            square += slope * slope;
            if (buffered) {
                buffer[i] = f[e].keep * buffer[i] + f[e].take * g;
                offset[i] = offset[i] - f[e].by_slope * g - f[e].by_buffer * buffer[i];
            } else
                offset[i] = offset[i] - f[e].by_slope * g;
        }
        NAME(store)(values + e * LANES, value);
        NAME(store)(squares + e * LANES, square);
    }
    UNROLL for (int i = 0; i < vectors; i++) {
        NAME(store)(s->offset + at + i * LANES, offset[i]);
        if (buffered) NAME(store)(s->buffer + at + i * LANES, buffer[i]);
    }
}

NOINLINE void NAME(descend_alone)(
    const Span *s, const Options *o, Py_ssize_t epochs, const Factors *f, double *values, double *squares)
{
    double by_lane[2][EPOCHS * LANES];
    const Py_ssize_t whole = (epochs + LANES - 1) / LANES * LANES;
    for (int which = 0; which < 2; which++) memset(by_lane[which], 0, whole * sizeof(VEC));
    Py_ssize_t at = 0;
#define STEPS(vectors) do { \
        if (s->buffer) NAME(steps)(vectors, 1, s, at, o, epochs, f, by_lane[0], by_lane[1]); \
        else NAME(steps)(vectors, 0, s, at, o, epochs, f, by_lane[0], by_lane[1]); \
        at += vectors * LANES; \
    } while (0)
    while (at + TOGETHER * LANES <= s->size) STEPS(4);
    switch ((s->size - at) / LANES) {
    case 3: STEPS(3); break;
    case 2: STEPS(2); break;
    case 1: STEPS(1); break;
    }
#undef STEPS
    for (int which = 0; which < 2; which++)
        for (Py_ssize_t e = 0; e < whole; e += LANES) {
            VEC v[LANES], sums;
            UNROLL for (int l = 0; l < LANES; l++) v[l] = NAME(load)(by_lane[which] + (e + l) * LANES);
            sums = NAME(lane_sums)(v);
            NAME(store)((which ? squares : values) + e, which ? sums : sums / 2);
        }
}

#undef TOGETHER
#include "_levels_end.h"
