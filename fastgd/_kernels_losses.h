/* The losses of a vector of predictions. */

/* The losses of the predictions p but the logistic, and as the result their slopes. Those of the squared loss are
 * halved: the other factor 2 comes with the scale. */
INLINE VEC NAME(slope)(Loss kind, VEC delta, VEC p, VEC y, VEC *loss)
{
    const VEC zero = NAME(same)(0), one = NAME(same)(1);
    const VEC r = p - y;
    if (kind == SQUARED) {
        *loss = r * r;
        return r;
    }
    if (kind == ABSOLUTE) {
        *loss = NAME(select)(r < zero, -r, r);
        return NAME(select)(r > zero, one, zero) - NAME(select)(r < zero, one, zero);
    }
    const VEC slope = NAME(select)(r > delta, delta, NAME(select)(r < -delta, -delta, r));
    *loss = slope * (r - (REAL)0.5 * slope);
    return slope;
}

/* log(1 + e^p) - y p and its slope; e^-|p| cannot overflow. Few rows are fitted so: the C library's exp will do. A
 * call: sums that live in registers do not survive it. */
NOINLINE VEC NAME(logistic)(VEC p, VEC y, VEC *loss)
{
    REAL predictions[LANES], targets[LANES], losses[LANES], slopes[LANES];
    NAME(store)(predictions, p);
    NAME(store)(targets, y);
    for (int l = 0; l < LANES; l++) {
        const REAL small = (REAL)exp(-fabs((double)predictions[l]));
        const REAL positive = predictions[l] > 0 ? predictions[l] : 0;
        losses[l] = positive - targets[l] * predictions[l] + (REAL)log1p((double)small);
        slopes[l] = (predictions[l] > 0 ? 1 : small) / (1 + small) - targets[l];
    }
    *loss = NAME(load)(losses);
    return NAME(load)(slopes);
}
