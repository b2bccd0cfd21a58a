# Part of _random: categories by their weights, and Poisson's counts.

cdef object no_weight():
    return advised(
        RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)"), "Give each row a weight above 0."
    )


cdef object with_replacement(Stream stream, p, count):
    if not (p >= 0).all():
        raise RuntimeError(
            "invalid multinomial distribution (encountering probability entry < 0); pass weights of 0 or more"
        )
    if not np.isfinite(p).all():
        raise RuntimeError(
            "invalid multinomial distribution (encountering probability entry = infinity or NaN); pass finite weights"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        edges = np.cumsum(p, axis=-1)
        if not edges[..., -1].all():
            raise no_weight()
        edges /= edges[..., -1:]
    draws = stream.uniform_(np.empty((*p.shape[:-1], count)))
    if p.ndim == 1:
        return np.searchsorted(edges, draws)
    return np.array([np.searchsorted(*row) for row in zip(edges, draws)], np.int64).reshape(draws.shape)


cdef double poisson_count(Engine *engine, double rate) noexcept:
    """torch's rules: a product of uniforms below a rate of 10 (Knuth), transformed rejection above (Hoermann, 1993)."""
    cdef double limit, product, root, log_rate, a, b, inverse_alpha, inner, u, v, tail
    cdef double count = 0
    if rate == 0:
        return 0
    if rate < 10:
        limit, product = exp(-rate), next_unit(engine)
        while product > limit:
            product *= next_unit(engine)
            count += 1
        return count
    root, log_rate = sqrt(rate), log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    inner = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = next_unit(engine) - 0.5
        v = next_unit(engine)
        tail = 0.5 - fabs(u)
        count = floor((2 * a / tail + b) * u + rate + 0.43)
        if tail >= 0.07 and v <= inner:
            return count
        if count < 0 or (tail < 0.013 and v > tail):
            continue
        if log(v) + log(inverse_alpha) - log(a / (tail * tail) + b) <= (
            count * log_rate - rate - lgamma(count + 1)
        ):
            return count
