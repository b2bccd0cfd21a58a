/* SGD's update of the parameters. */

/* The first `count` numbers at p. With room there is memory up to a whole vector, and what lies there stays as it is:
 * a masked store would keep the next load of it waiting. */
INLINE VEC NAME(read)(const REAL *p, Py_ssize_t count, const int room)
{
    return room ? NAME(load)(p) : NAME(load_some)(p, count);
}

INLINE void NAME(write)(REAL *p, VEC v, Py_ssize_t count, const int room)
{
    if (!room) NAME(store_some)(p, v, count);
    else NAME(store)(p, count == LANES ? v : NAME(select)(NAME(first)(count), v, NAME(load)(p)));
}

/* One vector of them, in torch's order: weight decay before momentum, Nesterov after it. */
INLINE void NAME(sgd_update_some)(
    Py_ssize_t count, REAL *p, VEC g, REAL *buffer, int first,
    REAL lr, REAL momentum, REAL undamped, REAL weight_decay, int nesterov, int maximize, const int room)
{
    const VEC old = NAME(read)(p, count, room);
    VEC step = maximize ? -g : g;
    if (weight_decay != 0) step += weight_decay * old;
    if (buffer) {
        VEC kept = step;
        if (!first) kept = momentum * NAME(read)(buffer, count, room) + undamped * step;
        NAME(write)(buffer, kept, count, room);
        step = nesterov ? step + momentum * kept : kept;
    }
    NAME(write)(p, old - lr * step, count, room);
}

NOINLINE void NAME(sgd_update)(
    Py_ssize_t size, void *parameters, const void *gradients, void *momenta, int first,
    double lr, double momentum, double dampening, double weight_decay, int nesterov, int maximize)
{
    REAL *p = parameters, *buffer = momenta;
    const REAL *g = gradients;
    for (Py_ssize_t i = 0; i < size; i += LANES) {
        const Py_ssize_t count = size - i < LANES ? size - i : LANES;
        NAME(sgd_update_some)(
            count, p + i, NAME(load_some)(g + i, count), AT(buffer, i), first,
            (REAL)lr, (REAL)momentum, (REAL)(1 - dampening), (REAL)weight_decay, nesterov, maximize, 0);
    }
}

/* `count` numbers of a part, from the `first` of all parameters on, as the step numbered `at` says. */
INLINE void NAME(update_part)(
    const Parameters *parameters, const Part *part, Py_ssize_t at, Py_ssize_t first, Py_ssize_t count, VEC g)
{
    const double momentum = part->momentum[at * part->stride];
    REAL *buffer = part->has_buffer && momentum != 0 ? (REAL *)parameters->buffer + first : NULL;
    NAME(sgd_update_some)(
        count, (REAL *)parameters->value + first, g, buffer, !part->started,
        (REAL)part->lr[at * part->stride], (REAL)momentum, (REAL)(1 - part->dampening), (REAL)part->weight_decay,
        part->nesterov, part->maximize, 1);
}

INLINE void NAME(part_updated)(Part *part, Py_ssize_t at)
{
    if (part->has_buffer && part->momentum[at * part->stride] != 0) part->started = 1;
}

/* The step numbered `at`. With norm, which becomes the gradient's, what the step changes is kept. */
NOINLINE void NAME(sgd_step)(Parameters *parameters, Py_ssize_t at, double *norm)
{
    const REAL *gradient = parameters->gradient;
    double squares[4] = {0};
    for (int i = 0; i < parameters->part_count; i++) {
        Part *part = &parameters->parts[i];
        const Py_ssize_t end = part->start + part->size;
        if (norm) part->kept_started = part->started;
        for (Py_ssize_t j = part->start; j < end; j += LANES) {
            const Py_ssize_t count = end - j < LANES ? end - j : LANES;
            if (norm) {
                NAME(store)((REAL *)parameters->kept + j, NAME(load)((REAL *)parameters->value + j));
                if (part->has_buffer)
                    NAME(store)((REAL *)parameters->kept_buffer + j, NAME(load)((REAL *)parameters->buffer + j));
            }
            NAME(update_part)(parameters, part, at, j, count, NAME(load)(gradient + j));
        }
        if (norm)
            for (Py_ssize_t j = part->start; j < end; j++) squares[j % 4] += (double)gradient[j] * gradient[j];
        NAME(part_updated)(part, at);
    }
    if (norm) *norm = sqrt(squares[0] + squares[1] + squares[2] + squares[3]);
}
