/* What a stream does to many words or numbers at once, written once. _random.h includes this file for each level, with
 * LEVEL.
 */
#ifndef REAL

static void JOIN(engine_round, LEVEL)(uint32_t *w)
{
    for (int i = 0; i < WORDS - SHIFT; i++)
        w[i] = w[i + SHIFT] ^ twist(w[i], w[i + 1]);
    for (int i = WORDS - SHIFT; i < WORDS - 1; i++)
        w[i] = w[i + SHIFT - WORDS] ^ twist(w[i], w[i + 1]);
    w[WORDS - 1] = w[SHIFT - 1] ^ twist(w[WORDS - 1], w[0]);
}

static void JOIN(temper_all, LEVEL)(const uint32_t *from, uint32_t *out, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = temper(from[i]);
}

/* word[i] % (range - i), for ranges from 2 to 2^31. A quotient that is not whole is at least 1 / range below the next
 * whole number, and a double rounds it by less than 2^-21 / range; it fits an int32_t. */
static void JOIN(remainders, LEVEL)(const uint32_t *word, int32_t *out, int n, int32_t range)
{
    for (int i = 0; i < n; i++) {
        const double number = (double)(int32_t)(word[i] ^ 0x80000000u) + 0x1p31;
        const uint32_t quotient = (uint32_t)(int32_t)(number / (range - i));
        out[i] = (int32_t)(word[i] - quotient * (uint32_t)(range - i));
    }
}

#define REAL float
#include "_random_loops.h"
#undef REAL
#define REAL double
#include "_random_loops.h"
#undef REAL
#undef LEVEL

#else

#define NAME(name) JOIN(JOIN(name, REAL), LEVEL)

static void NAME(scale_units)(const uint32_t *words, REAL *out, int n, REAL low, REAL high)
{
    REAL width = high - low;
    for (int i = 0; i < n; i++) {
        REAL value = OF_REAL(FMA)(OF_REAL(unit)(words + OF_REAL(DRAWN) * i), width, low);
        out[i] = value == high ? low : value; /* high is excluded: rounding can reach it */
    }
}

/* Uniforms to normals in blocks of 16: the first 8 give the radius, the last 8 the angle, which torch rounds to REAL.
 * The rest is done in double for float too: what torch rounds at every step is then rounded once here.
 */
static void NAME(box_muller)(REAL *x, int64_t blocks, double mean, double std)
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
            wave_series(u[j + 8], angle[j], OF_REAL(WAVE_TERMS), &cosine, &sine);
            double radius = sqrt(-2 * log_series(u[j], OF_REAL(LOG_TERMS)));
            u[j] = fma(radius * cosine, std, mean);
            u[j + 8] = fma(radius * sine, std, mean);
        }
        for (int j = 0; j < 16; j++)
            x[j] = (REAL)u[j];
    }
}
#undef NAME

#endif
