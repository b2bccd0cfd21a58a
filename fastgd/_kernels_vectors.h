/* Vectors of REAL, LANES numbers each, for _kernels_loops.h. With one lane they are plain numbers. */

#define LANES (BYTES / REAL_BYTES)
#define VEC NAME(vec)
#define WIDE NAME(wide)             /* as many double */
#define MASK NAME(mask)

#if LANES == 1

typedef REAL VEC;
typedef double WIDE;
typedef int MASK;
#define CONVERTED(v, type) ((type)(v))

INLINE MASK NAME(first)(Py_ssize_t count) { return count > 0; }
INLINE VEC NAME(select)(MASK mask, VEC a, VEC b) { return mask ? a : b; }
INLINE VEC NAME(keep)(MASK mask, VEC a) { return mask ? a : 0; }
INLINE void NAME(lane_sums)(VEC *v, int count) { (void)v, (void)count; }
INLINE REAL NAME(lane)(VEC v, int l) { (void)l; return v; }

#else

typedef REAL VEC __attribute__((vector_size(BYTES)));
typedef double WIDE __attribute__((vector_size(LANES * 8)));
#define CONVERTED(v, type) __builtin_convertvector(v, type)
typedef INT MASK __attribute__((vector_size(BYTES)));

INLINE MASK NAME(first)(Py_ssize_t count)
{
    MASK lane;
    for (int l = 0; l < LANES; l++) lane[l] = l;
    return lane < (INT)count;
}

INLINE REAL NAME(lane)(VEC v, int l) { return v[l]; }
INLINE VEC NAME(select)(MASK mask, VEC a, VEC b) { return (VEC)((mask & (MASK)a) | (~mask & (MASK)b)); }
INLINE VEC NAME(keep)(MASK mask, VEC a) { return (VEC)(mask & (MASK)a); }

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (MASK){__VA_ARGS__})
#endif

/* The even or odd (z = 1) numbers of a and b within each 16 bytes, the even or odd 16 bytes, the lower or upper halves:
 * one instruction each. */
#if REAL_BYTES == 4 && LANES == 4
#define NEAR(a, b, z) SHUFFLE(a, b, z, 2 + z, 4 + z, 6 + z)
#elif REAL_BYTES == 4 && LANES == 8
#define NEAR(a, b, z) SHUFFLE(a, b, z, 2 + z, 8 + z, 10 + z, 4 + z, 6 + z, 12 + z, 14 + z)
#define FAR(a, b, z) SHUFFLE(a, b, 4 * z, 4 * z + 1, 4 * z + 2, 4 * z + 3, 4 * z + 8, 4 * z + 9, 4 * z + 10, 4 * z + 11)
#elif REAL_BYTES == 4
#define NEAR(a, b, z) SHUFFLE(a, b, z, 2 + z, 16 + z, 18 + z, 4 + z, 6 + z, 20 + z, 22 + z, \
                              8 + z, 10 + z, 24 + z, 26 + z, 12 + z, 14 + z, 28 + z, 30 + z)
#define FAR(a, b, z) SHUFFLE(a, b, \
    4 * z, 4 * z + 1, 4 * z + 2, 4 * z + 3, 4 * z + 8, 4 * z + 9, 4 * z + 10, 4 * z + 11, \
    4 * z + 16, 4 * z + 17, 4 * z + 18, 4 * z + 19, 4 * z + 24, 4 * z + 25, 4 * z + 26, 4 * z + 27)
#define HALF(a, b, z) SHUFFLE(a, b, \
    8 * z, 8 * z + 1, 8 * z + 2, 8 * z + 3, 8 * z + 4, 8 * z + 5, 8 * z + 6, 8 * z + 7, \
    8 * z + 16, 8 * z + 17, 8 * z + 18, 8 * z + 19, 8 * z + 20, 8 * z + 21, 8 * z + 22, 8 * z + 23)
#elif LANES == 2
#define NEAR(a, b, z) SHUFFLE(a, b, z, 2 + z)
#elif LANES == 4
#define NEAR(a, b, z) SHUFFLE(a, b, z, 4 + z, 2 + z, 6 + z)
#define FAR(a, b, z) SHUFFLE(a, b, 2 * z, 2 * z + 1, 2 * z + 4, 2 * z + 5)
#else
#define NEAR(a, b, z) SHUFFLE(a, b, z, 8 + z, 2 + z, 10 + z, 4 + z, 12 + z, 6 + z, 14 + z)
#define FAR(a, b, z) SHUFFLE(a, b, 2 * z, 2 * z + 1, 2 * z + 4, 2 * z + 5, 2 * z + 8, 2 * z + 9, 2 * z + 12, 2 * z + 13)
#define HALF(a, b, z) SHUFFLE(a, b, \
    4 * z, 4 * z + 1, 4 * z + 2, 4 * z + 3, 4 * z + 8, 4 * z + 9, 4 * z + 10, 4 * z + 11)
#endif

/* Lane i of v[0] = the sum over the lanes of v[i], for `count` vectors, 1, 2, .. LANES, and so on in turn. Every step
 * adds neighbours of two vectors into one, so a sum costs 3 instructions where one by one it would be 2 log2(LANES). Of
 * 64 bytes the halves come first: the sum stays the same, bit for bit, where the vector is turned round by 16 bytes. */
INLINE void NAME(lane_sums)(VEC *v, int count)
{
#define STEP(SIDE) do { \
        const int next = count > 1; \
        UNROLL for (int i = 0; i < (count + 1) / 2; i++) { \
            const VEC a = v[i << next], b = v[(i << next) + next]; \
            v[i] = SIDE(a, b, 0) + SIDE(a, b, 1); \
        } \
        count = (count + 1) / 2; \
    } while (0)
    STEP(NEAR);
#if REAL_BYTES == 4
    STEP(NEAR);
#endif
#if BYTES >= 64
    STEP(HALF);
#endif
#if BYTES >= 32
    STEP(FAR);
#endif
#undef STEP
}

#undef SHUFFLE
#undef NEAR
#undef FAR
#undef HALF

#endif

INLINE VEC NAME(same)(REAL number) { return number - (VEC){0}; }

INLINE VEC NAME(load)(const REAL *p)
{
    VEC v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* The first `count` numbers at p, 0 .. LANES, then zeros; the memory behind them is not touched. */
INLINE VEC NAME(load_some)(const REAL *p, Py_ssize_t count)
{
    if (count == LANES) return NAME(load)(p);
#ifdef MASKED_float
    return JOIN(MASKED, REAL)(p, count);
#else
    REAL v[LANES] = {0};
    UNROLL for (int l = 0; l < LANES; l++)
        if (l < count) v[l] = p[l];
    return NAME(load)(v);
#endif
}

INLINE void NAME(store)(REAL *p, VEC v) { memcpy(p, &v, sizeof v); }

INLINE void NAME(store_some)(REAL *p, VEC v, Py_ssize_t count)
{
#ifdef MASKED_float
    if (count == LANES) NAME(store)(p, v);
    else JOIN(MASKED_STORE, REAL)(p, v, count);
#else
    memcpy(p, &v, count * sizeof(REAL));
#endif
}

/* The sums over the lanes of 4 vectors that follow each other, or of LANES where that is less; then the same in
 * turn. */
enum { NAME(FEW) = LANES < 4 ? LANES : 4 };

INLINE VEC NAME(few_sums)(const REAL *lanes)
{
    VEC v[NAME(FEW)];
    UNROLL for (int i = 0; i < NAME(FEW); i++) v[i] = NAME(load)(lanes + i * LANES);
    NAME(lane_sums)(v, NAME(FEW));
    return v[0];
}

/* Lane i is the sum over the lanes of v[i], for i < count or all lanes; there are vectors up to whole FEW and LANES. */
INLINE VEC NAME(vector_sums)(const VEC *v, Py_ssize_t count)
{
    VEC sums[LANES];
    if (LANES > 1 && count <= 2) {
        sums[0] = v[0], sums[LANES > 1] = v[1];
        NAME(lane_sums)(sums, 2);
    }
    else if (count <= NAME(FEW)) {
        UNROLL for (int i = 0; i < NAME(FEW); i++) sums[i] = v[i];
        NAME(lane_sums)(sums, NAME(FEW));
    }
    else {
        UNROLL for (int i = 0; i < LANES; i++) sums[i] = v[i];
        NAME(lane_sums)(sums, LANES);
    }
    return sums[0];
}

INLINE WIDE NAME(widened)(VEC v) { return CONVERTED(v, WIDE); }
INLINE VEC NAME(narrowed)(WIDE v) { return CONVERTED(v, VEC); }
INLINE void NAME(store_wide)(double *p, WIDE v) { memcpy(p, &v, sizeof v); }

INLINE WIDE NAME(load_wide)(const double *p)
{
    WIDE v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* A vector of as many double as fit it; the functions of double come first. */
#define OF_DOUBLE(name) JOIN(JOIN(name, double), LEVEL)
#define DOUBLES OF_DOUBLE(vec)
#define DOUBLE_LANES (LANES == 1 ? 1 : BYTES / 8)

INLINE DOUBLES NAME(load_doubles)(const REAL *p)
{
#if LANES == 1
    return *p;
#elif REAL_BYTES == 8
    return NAME(load)(p);
#elif BYTES == 16
    /* Of two numbers, compilers make scalars. */
    const VEC v = {p[0], p[1]};
    const WIDE wide = NAME(widened)(v);
    DOUBLES half;
    memcpy(&half, &wide, sizeof half);
    return half;
#else
    typedef float Half __attribute__((vector_size(BYTES / 2)));
    Half half;
    memcpy(&half, p, sizeof half);
    return CONVERTED(half, DOUBLES);
#endif
}

/* The sum of the squares of the first `count` numbers at p, over the lanes; there is memory up to a whole vector. */
INLINE DOUBLES NAME(squares)(const REAL *p, Py_ssize_t count)
{
    DOUBLES sum = OF_DOUBLE(same)(0);
    UNROLL for (int i = 0; i < LANES; i += DOUBLE_LANES) {
        if (i >= count) break;
        const DOUBLES v = OF_DOUBLE(keep)(OF_DOUBLE(first)(count - i), NAME(load_doubles)(p + i));
        sum += v * v;
    }
    return sum;
}
