/* The engine behind fastgd's random streams: MT19937 (Matsumoto and Nishimura 1998) as torch's CPU generator runs it,
 * and the rules that turn its words into numbers. The rules were found by comparing outputs with torch 2.13;
 * _random_loops.h has those that are compiled for each level of processors, _random_fill.h those that exist for float
 * and for double, _random_series.h the logarithm and the sine they use.
 */
#ifndef FASTGD_RANDOM_H
#define FASTGD_RANDOM_H

#include <math.h>
#include <stdint.h>

#include "_levels.h"
#include "_random_series.h"

typedef struct Engine Engine;

#define WORDS 624
#define SHIFT 397

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

static inline float unit_float(const uint32_t *word)
{
    return (float)(int32_t)(*word & 0xffffffu) * 0x1p-24f;
}

/* Every step is exact; there is no vector instruction for 64-bit integers below x86-64-v4. */
static inline double unit_double(const uint32_t *word)
{
    return ((double)(int32_t)(word[0] & 0x1fffffu) * 0x1p32 + (double)word[1]) * 0x1p-53;
}

#define OF_REAL(name) JOIN(name, REAL)
#define FMA_float fmaf
#define FMA_double fma
enum { DRAWN_float = 1, DRAWN_double = 2 };             /* words for a uniform */
enum { LOG_TERMS_float = 4, LOG_TERMS_double = 10 };    /* of the series, for every digit of REAL */
enum { WAVE_TERMS_float = 5, WAVE_TERMS_double = 8 };

#define LEVEL baseline
#include "_random_loops.h"

#ifdef HAS_LEVELS
TARGET_V3
#define LEVEL v3
#include "_random_loops.h"
TARGET_END

TARGET_V4
#define LEVEL v4
#include "_random_loops.h"
TARGET_END
#endif

typedef struct {
    void (*engine_round)(uint32_t *);
    void (*temper_all)(const uint32_t *, uint32_t *, int);
    void (*remainders)(const uint32_t *, int32_t *, int, int32_t);
    void (*scale_units_float)(const uint32_t *, float *, int, float, float);
    void (*scale_units_double)(const uint32_t *, double *, int, double, double);
    void (*box_muller_float)(float *, int64_t, double, double);
    void (*box_muller_double)(double *, int64_t, double, double);
} Loops;

#define LOOPS(level) { \
        engine_round_##level, temper_all_##level, remainders_##level, scale_units_float_##level, \
        scale_units_double_##level, box_muller_float_##level, box_muller_double_##level}

/* By the number of the level that the kernels use; none is plain. */
static const Loops RANDOM_LOOPS[] = {
    LOOPS(baseline),
    LOOPS(baseline),
#ifdef HAS_LEVELS
    LOOPS(v3),
    LOOPS(v4),
#endif
};

struct Engine {
    const Loops *loops;
    uint32_t word[WORDS];
    int next;     /* the next word to hand out */
    int left;     /* words left in this round, plus one; 1 when the next draw starts a round */
    int has_spare;
    double spare; /* the second half of a Box-Muller pair */
    uint64_t seed;
};

static void engine_use(Engine *e, int level) { e->loops = &RANDOM_LOOPS[level]; }

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

static inline uint32_t random32(Engine *e)
{
    if (--e->left == 0) {
        e->loops->engine_round(e->word);
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
            e->loops->engine_round(e->word);
            e->left = WORDS + 1;
            e->next = 0;
        }
        int run = n < e->left - 1 ? n : e->left - 1;
        e->loops->temper_all(e->word + e->next, out, run);
        e->next += run;
        e->left -= run;
        out += run;
        n -= run;
    }
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

#define BLOCK 512

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
    for (int64_t done = 0; done < n - 1; done += BLOCK) {
        const int count = n - 1 - done < BLOCK ? (int)(n - 1 - done) : BLOCK;
        uint32_t words[BLOCK];
        int32_t others[BLOCK];
        random_words(e, words, count);
        e->loops->remainders(words, others, count, (int32_t)(n - done));
        for (int i = 0; i < count; i++, out++) {
            const int64_t kept = *out;
            *out = out[others[i]];
            out[others[i]] = kept;
        }
    }
}

#define REAL float
#include "_random_fill.h"
#undef REAL
#define REAL double
#include "_random_fill.h"
#undef REAL

#endif
