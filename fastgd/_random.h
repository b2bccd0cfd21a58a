/* The engine behind fastgd's random streams: MT19937 (Matsumoto and Nishimura 1998) as torch's CPU generator runs it,
 * and the rules that turn its words into numbers. The rules were found by comparing outputs with torch 2.13;
 * _random_fill.h has those that exist for float and for double, _random_series.h the logarithm and the sine they use.
 */
#ifndef FASTGD_RANDOM_H
#define FASTGD_RANDOM_H

#include <math.h>
#include <stdint.h>

#include "_random_series.h"

/* One build for every x86-64: gcc compiles the loops three times and the loader picks, which needs glibc. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define LEVELS __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define LEVELS
#endif

typedef struct Engine Engine;

#define WORDS 624
#define SHIFT 397

struct Engine {
    uint32_t word[WORDS];
    int next;     /* the next word to hand out */
    int left;     /* words left in this round, plus one; 1 when the next draw starts a round */
    int has_spare;
    double spare; /* the second half of a Box-Muller pair */
    uint64_t seed;
};

/* Any seed of 64 bits is kept, its low 32 bits count. */
static void engine_seed(Engine *e, uint64_t seed)
{
    uint32_t word = (uint32_t)seed;
    for (int i = 0; i < WORDS; i++) {
        e->word[i] = word;
        word = 1812433253u * (word ^ word >> 30) + (uint32_t)i + 1;
    }
    e->next = 0;
    e->left = 1;
    e->has_spare = 0;
    e->spare = 0;
    e->seed = seed;
}

static inline uint32_t twist(uint32_t a, uint32_t b)
{
    uint32_t mixed = (a & 0x80000000u) | (b & 0x7fffffffu);
    return mixed >> 1 ^ ((0u - (b & 1u)) & 0x9908b0dfu);
}

static inline uint32_t temper(uint32_t y)
{
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

LEVELS static void engine_round(uint32_t *w)
{
    for (int i = 0; i < WORDS - SHIFT; i++)
        w[i] = w[i + SHIFT] ^ twist(w[i], w[i + 1]);
    for (int i = WORDS - SHIFT; i < WORDS - 1; i++)
        w[i] = w[i + SHIFT - WORDS] ^ twist(w[i], w[i + 1]);
    w[WORDS - 1] = w[SHIFT - 1] ^ twist(w[WORDS - 1], w[0]);
}

LEVELS static void temper_all(const uint32_t *from, uint32_t *out, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = temper(from[i]);
}

static inline uint32_t random32(Engine *e)
{
    if (--e->left == 0) {
        engine_round(e->word);
        e->left = WORDS;
        e->next = 0;
    }
    return temper(e->word[e->next++]);
}

/* Two words, the high one first. */
static inline uint64_t random64(Engine *e)
{
    uint64_t high = random32(e);
    return high << 32 | random32(e);
}

static void random_words(Engine *e, uint32_t *out, int n)
{
    while (n > 0) {
        if (e->left == 1) {
            engine_round(e->word);
            e->left = WORDS + 1;
            e->next = 0;
        }
        int run = n < e->left - 1 ? n : e->left - 1;
        temper_all(e->word + e->next, out, run);
        e->next += run;
        e->left -= run;
        out += run;
        n -= run;
    }
}

static inline float unit_float(const uint32_t *word)
{
    return (float)(int32_t)(*word & 0xffffffu) * 0x1p-24f;
}

/* Every step is exact; there is no vector instruction for 64-bit integers below x86-64-v4. */
static inline double unit_double(const uint32_t *word)
{
    return ((double)(int32_t)(word[0] & 0x1fffffu) * 0x1p32 + (double)word[1]) * 0x1p-53;
}

static inline double next_unit(Engine *e)
{
    uint32_t words[2] = {random32(e), random32(e)};
    return unit_double(words);
}

/* Normals one by one, in double: below 16 elements, and for arrays that are not contiguous. Pairs (u1, u2) give
 * r = sqrt(-2 log1p(-u2)) at the angle 2 pi u1. The cosine goes out, the sine waits for the next such draw.
 */
static inline double next_normal(Engine *e)
{
    if (e->has_spare) {
        double spare = e->spare;
        e->has_spare = 0;
        e->spare = 0;
        return spare;
    }
    double angle = 6.283185307179586 * next_unit(e);
    double radius = sqrt(-2 * log1p(-next_unit(e)));
    e->spare = radius * sin(angle);
    e->has_spare = 1;
    return radius * cos(angle);
}

/* base + draw % range; range 0 stands for 2^64. */
static void fill_integers(Engine *e, int64_t *out, int64_t n, uint64_t range, int64_t base, int two_words)
{
    if (!two_words)
        for (int64_t i = 0; i < n; i++)
            out[i] = base + random32(e) % (uint32_t)range;
    else
        for (int64_t i = 0; i < n; i++) {
            uint64_t draw = random64(e);
            out[i] = (int64_t)((uint64_t)base + (range ? draw % range : draw));
        }
}

/* Fisher and Yates from the front; from 2^32 / 20 elements up the inside-out form, two words an element. */
static void fill_permutation(Engine *e, int64_t *out, int64_t n)
{
    if (n >= UINT32_MAX / 20) {
        for (int64_t i = 0; i < n; i++) {
            int64_t other = (int64_t)(random64(e) % ((uint64_t)i + 1));
            out[i] = i;
            out[i] = out[other];
            out[other] = i;
        }
        return;
    }
    for (int64_t i = 0; i < n; i++)
        out[i] = i;
    for (int64_t i = 0; i < n - 1; i++) {
        int64_t other = i + random32(e) % (uint32_t)(n - i);
        int64_t kept = out[i];
        out[i] = out[other];
        out[other] = kept;
    }
}

#define BLOCK 512

#define NAME(x) x##_float
#define REAL float
#define FMA fmaf
#define DRAWN 1
#define LOG_TERMS 4
#define WAVE_TERMS 5
#include "_random_fill.h"
#undef NAME
#undef REAL
#undef FMA
#undef DRAWN
#undef LOG_TERMS
#undef WAVE_TERMS

#define NAME(x) x##_double
#define REAL double
#define FMA fma
#define DRAWN 2
#define LOG_TERMS 10
#define WAVE_TERMS 8
#include "_random_fill.h"

#endif
