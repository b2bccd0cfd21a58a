/* Fills, once for float and once for double: _random.h defines REAL and includes this twice. */

static void OF_REAL(fill_uniform)(Engine *e, REAL *out, int64_t n, REAL low, REAL high)
{
    uint32_t words[OF_REAL(DRAWN) * BLOCK];
    for (int64_t done = 0; done < n; done += BLOCK) {
        int count = n - done < BLOCK ? (int)(n - done) : BLOCK;
        random_words(e, words, OF_REAL(DRAWN) * count);
        e->loops->OF_REAL(scale_units)(words, out + done, count, low, high);
    }
}

/* For 16 elements and more. Where 16 does not divide n, the last 16 elements are drawn again. */
static void OF_REAL(fill_normal)(Engine *e, REAL *out, int64_t n, double mean, double std)
{
    for (int64_t done = 0; done < n; done += BLOCK) {
        int64_t count = n - done < BLOCK ? n - done : BLOCK;
        OF_REAL(fill_uniform)(e, out + done, count, 0, 1);
        e->loops->OF_REAL(box_muller)(out + done, count / 16, mean, std);
    }
    if (n % 16) {
        OF_REAL(fill_uniform)(e, out + n - 16, 16, 0, 1);
        e->loops->OF_REAL(box_muller)(out + n - 16, 1, mean, std);
    }
}

static void OF_REAL(fill_normal_one_by_one)(Engine *e, REAL *out, int64_t n, double mean, double std)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = (REAL)fma(next_normal(e), std, mean);
}

static void OF_REAL(fill_exponential)(Engine *e, REAL *out, int64_t n, double rate)
{
    double scale = -1 / rate;
    for (int64_t i = 0; i < n; i++)
        out[i] = (REAL)(scale * log1p(-next_unit(e)));
}

/* u < p, u of the type of p; step 0 takes one p for all. */
static void OF_REAL(fill_bernoulli)(Engine *e, uint8_t *out, int64_t n, const REAL *p, int step)
{
    uint32_t words[2];
    for (int64_t i = 0; i < n; i++) {
        random_words(e, words, OF_REAL(DRAWN));
        out[i] = OF_REAL(unit)(words) < p[i * step];
    }
}
