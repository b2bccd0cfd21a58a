/* Logarithm, cosine and sine of double numbers as plain series, whose coefficients need no derivation: loops of them
 * become vectors. A product that feeds a sum is written as fma, so that every level, compiler and machine gives the
 * same bits. terms is a constant where they are called.
 */
#ifndef FASTGD_RANDOM_SERIES_H
#define FASTGD_RANDOM_SERIES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The logarithm of a normal number x <= 1. x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2). With s = f / (2 + f)
 * log(1 + f) = 2 atanh(s) = 2 s + s r, r = 2 (s^2 / 3 + s^4 / 5 + ...), and 2 s = f - h + s h where h = f^2 / 2. So the
 * leading term is exact; near 1, where k is 0, the result keeps its relative accuracy.
 */
static inline double log_series(double x, int terms)
{
    const uint64_t one = bits_of(1), root_half = bits_of(0.7071067811865476);
    uint64_t exponent = (bits_of(x) - root_half + one) >> 52; /* k + 1023 */
    double f = from_bits(bits_of(x) - (exponent << 52) + one) - 1;
    double k = from_bits(exponent | bits_of(0x1p52)) - (0x1p52 + 1023);
    double s = f / (2 + f), square = s * s, h = 0.5 * f * f;
    double r = 2. / (2 * terms + 1);
#pragma GCC unroll 16
    for (int i = terms - 1; i > 0; i--)
        r = fma(r, square, 2. / (2 * i + 1));
    double mantissa = f - fma(-s, fma(r, square, h), h);
    return fma(k, 0x1.62e42fefa39efp-1, fma(k, 0x1.abc9e3b39803fp-56, mantissa)); /* log 2 in two parts */
}

static const double inverse_factorial[] = {
    1., 1., 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800,
    1. / 39916800, 1. / 479001600, 1. / 6227020800, 1. / 87178291200, 1. / 1307674368000, 1. / 20922789888000,
    1. / 355687428096000,
};

/* cos and sin of an angle that is 2 pi u, rounded. The nearest quarter turn is taken off in two parts of pi / 2, which
 * leaves at most pi / 4.
 */
static inline void wave_series(double u, double angle, int terms, double *cosine, double *sine)
{
    double shifted = fma(4, u, 0x1.8p52); /* its low bits are the integer nearest to 4 u */
    uint64_t quarter = bits_of(shifted);
    double quarters = shifted - 0x1.8p52;
    double rest = fma(-quarters, 0x1.1a62633145c07p-54, fma(-quarters, 0x1.921fb54442d18p+0, angle));
    double square = -rest * rest;
    double c = inverse_factorial[2 * terms], s = inverse_factorial[2 * terms + 1];
#pragma GCC unroll 16
    for (int i = terms - 1; i > 0; i--) {
        c = fma(c, square, inverse_factorial[2 * i]);
        s = fma(s, square, inverse_factorial[2 * i + 1]);
    }
    uint64_t even = bits_of(fma(c, square, 1)), odd = bits_of(fma(s, rest * square, rest));
    uint64_t swap = (0 - (quarter & 1)) & (even ^ odd);
    *cosine = from_bits(even ^ swap ^ ((quarter + 1) >> 1 & 1) << 63);
    *sine = from_bits(odd ^ swap ^ (quarter >> 1 & 1) << 63);
}

#endif
