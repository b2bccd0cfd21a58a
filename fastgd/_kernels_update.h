/* SGD's update of the parameters. */

/* The first `count` numbers at p. With room there is memory up to a whole vector, and what lies there stays as it is:
 * a masked store would keep the next load of it waiting. */
INLINE VEC NAME(read)(const REAL *p, Py_ssize_t count, const int room)
{
    return room ? NAME(load)(p) : NAME(load_some)(p, count);
}

/* One vector of them, in torch's order: weight decay before momentum, Nesterov after it. Returns the new one. */
INLINE VEC NAME(sgd_update_some)(
    Py_ssize_t count, REAL *p, VEC g, REAL *buffer, int first,
    REAL lr, REAL momentum, REAL undamped, REAL weight_decay, int nesterov, int maximize, const int room)
{
    const VEC old = NAME(read)(p, count, room);
    VEC step = maximize ? -g : g;
    if (weight_decay != 0) step += weight_decay * old;
    if (buffer) {
        VEC kept = step;
        if (!first) kept = momentum * NAME(read)(buffer, count, room) + undamped * step;
        if (!room) NAME(store_some)(buffer, kept, count);
        else NAME(store)(buffer, NAME(select)(NAME(first)(count), kept, NAME(load)(buffer)));
        step = nesterov ? step + momentum * kept : kept;
    }
    const VEC new = old - lr * (room ? NAME(keep)(NAME(first)(count), step) : step);
    if (room) NAME(store)(p, new);
    else NAME(store_some)(p, new, count);
    return new;
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

/* `count` numbers of a part, from the `first` of all parameters on, as the step numbered `at` says. Returns their new
 * vector. */
INLINE VEC NAME(update_part)(
    const Parameters *parameters, const Part *part, Py_ssize_t at, Py_ssize_t first, Py_ssize_t count, VEC g)
{
    const double momentum = part->momentum[at * part->stride];
    REAL *buffer = part->has_buffer && momentum != 0 ? (REAL *)parameters->buffer + first : NULL;
    return NAME(sgd_update_some)(
        count, (REAL *)parameters->value + first, g, buffer, !part->started,
        (REAL)part->lr[at * part->stride], (REAL)momentum, (REAL)(1 - part->dampening), (REAL)part->weight_decay,
        part->nesterov, part->maximize, 1);
}

INLINE void NAME(part_updated)(Part *part, Py_ssize_t at)
{
    if (part->has_buffer && part->momentum[at * part->stride] != 0) part->started = 1;
}

/* The step numbered `at`; `head` is the gradient's first vector. With norm, which becomes the gradient's, what the step
 * changes is kept. Returns the new parameters' first vector. */
INLINE VEC NAME(make_step)(Parameters *parameters, VEC head, Py_ssize_t at, double *norm)
{
    const REAL *gradient = parameters->gradient;
    DOUBLES squares = OF_DOUBLE(same)(0);
    VEC new = head;
    for (int i = 0; i < parameters->part_count; i++) {
        Part *part = &parameters->parts[i];
        const Py_ssize_t end = part->start + part->size;
        if (norm) part->kept_started = part->started;
        for (Py_ssize_t j = part->start; j < end; j += LANES) {
            const Py_ssize_t count = end - j < LANES ? end - j : LANES;
            const VEC g = j == 0 ? head : NAME(load)(gradient + j);
            if (norm) {
                NAME(store)((REAL *)parameters->kept + j, NAME(load)((REAL *)parameters->value + j));
                if (part->has_buffer)
                    NAME(store)((REAL *)parameters->kept_buffer + j, NAME(load)((REAL *)parameters->buffer + j));
                squares += NAME(squares)(gradient + j, count);
            }
            const VEC updated = NAME(update_part)(parameters, part, at, j, count, g);
            if (j == 0) new = updated;
        }
        NAME(part_updated)(part, at);
    }
    if (norm) {
        OF_DOUBLE(lane_sums)(&squares, 1);
        *norm = sqrt(OF_DOUBLE(lane)(squares, 0));
    }
    /* From one part it need not come through memory, for which the next step would wait. */
    return parameters->part_count == 1 && parameters->parts[0].start == 0 ? new : NAME(load)(parameters->value);
}

NOINLINE void NAME(sgd_step)(Parameters *parameters, Py_ssize_t at)
{
    NAME(make_step)(parameters, NAME(load)(parameters->gradient), at, NULL);
}

/* The step of a full batch with that loss, which is not made where the loss is not finite; it can be undone. `head` is
 * the first vector of the gradient, then of the parameters. */
INLINE Stop NAME(make_full_step)(
    Parameters *parameters, VEC *head, Watch *watch, Py_ssize_t at, double loss, double *norm)
{
    if (!isfinite(loss)) return NOT_FINITE;
    *head = NAME(make_step)(parameters, *head, at, norm);
    return *norm <= watch->grad_tol ? FLAT : watched(watch, loss);
}

NOINLINE Stop NAME(full_step)(Parameters *parameters, Watch *watch, Py_ssize_t at, double loss, double *norm)
{
    VEC head = NAME(load)(parameters->gradient);
    return NAME(make_full_step)(parameters, &head, watch, at, loss, norm);
}
