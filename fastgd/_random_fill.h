/* Fills, once for float and once for double: _random.h defines REAL and its kin and includes this twice. */

LEVELS static void NAME(scale_units)(const uint32_t *words, REAL *out, int n, REAL low, REAL high)
{
    REAL width = high - low;
    for (int i = 0; i < n; i++) {
        REAL value = FMA(NAME(unit)(words + DRAWN * i), width, low);
        out[i] = value == high ? low : value; /* high is excluded: rounding can reach it */
    }
}

static void NAME(fill_uniform)(Engine *e, REAL *out, int64_t n, REAL low, REAL high)
{
    uint32_t words[DRAWN * BLOCK];
    for (int64_t done = 0; done < n; done += BLOCK) {
        int count = n - done < BLOCK ? (int)(n - done) : BLOCK;
        random_words(e, words, DRAWN * count);
        NAME(scale_units)(words, out + done, count, low, high);
    }
}

/* Uniforms to normals in blocks of 16: the first 8 give the radius, the last 8 the angle, which torch rounds to REAL.
 * The rest is done in double for float too: what torch rounds at every step is then rounded once here.
 */
LEVELS static void NAME(box_muller)(REAL *x, int64_t blocks, double mean, double std)
{
    double u[16], angle[8];
    for (int64_t b = 0; b < blocks; b++, x += 16) {
        for (int j = 0; j < 8; j++) {
            u[j] = 1 - x[j];
            u[j + 8] = x[j + 8];
            angle[j] = (REAL)6.283185307179586 * x[j + 8];
        }
        for (int j = 0; j < 8; j++) {
            double cosine, sine;
            wave_series(u[j + 8], angle[j], WAVE_TERMS, &cosine, &sine);
            double radius = sqrt(-2 * log_series(u[j], LOG_TERMS));
            u[j] = fma(radius * cosine, std, mean);
            u[j + 8] = fma(radius * sine, std, mean);
        }
        for (int j = 0; j < 16; j++)
            x[j] = (REAL)u[j];
    }
}

/* For 16 elements and more. Where 16 does not divide n, the last 16 elements are drawn again. */
static void NAME(fill_normal)(Engine *e, REAL *out, int64_t n, double mean, double std)
{
    for (int64_t done = 0; done < n; done += BLOCK) {
        int64_t count = n - done < BLOCK ? n - done : BLOCK;
        NAME(fill_uniform)(e, out + done, count, 0, 1);
        NAME(box_muller)(out + done, count / 16, mean, std);
    }
    if (n % 16) {
        NAME(fill_uniform)(e, out + n - 16, 16, 0, 1);
        NAME(box_muller)(out + n - 16, 1, mean, std);
    }
}

static void NAME(fill_normal_one_by_one)(Engine *e, REAL *out, int64_t n, double mean, double std)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = (REAL)fma(next_normal(e), std, mean);
}

static void NAME(fill_exponential)(Engine *e, REAL *out, int64_t n, double rate)
{
    double scale = -1 / rate;
    for (int64_t i = 0; i < n; i++)
        out[i] = (REAL)(scale * log1p(-next_unit(e)));
}

/* u < p, u of the type of p; step 0 takes one p for all. */
static void NAME(fill_bernoulli)(Engine *e, uint8_t *out, int64_t n, const REAL *p, int step)
{
    uint32_t words[2];
    for (int64_t i = 0; i < n; i++) {
        random_words(e, words, DRAWN);
        out[i] = NAME(unit)(words) < p[i * step];
    }
}
