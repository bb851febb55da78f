// The true value of each function to 113 bits, by the C library's 128-bit functions: as a fraction in
// [1/2, 1) split in two doubles, and the power of two. Needs glibc 2.26 or later.
#define __STDC_WANT_IEC_60559_TYPES_EXT__ 1
#define __STDC_WANT_IEC_60559_FUNCS_EXT_C2X__ 1
#define _GNU_SOURCE
#include <float.h>
#include <math.h>

typedef _Float128 quad;
typedef struct { double hi, lo; int exponent; } real;

static real split(quad t) {
    real r = {0, 0, 0};
    if (isnan(t) || isinf(t) || t == 0) {
        r.hi = (double)t;
        return r;
    }
    quad m = frexpf128(t, &r.exponent);
    r.hi = (double)m;
    r.lo = (double)(m - (quad)r.hi);
    return r;
}

#define PI M_PIf128
#define LN2 M_LN2f128

static quad reduce(quad x, int *quarter) { // x = quarter / 2 + r, |r| <= 1/4, exactly; x not huge
    quad q = rintf128(2 * x);
    *quarter = (int)fmodf128(q, 4);
    return x - q / 2;
}
static quad sinpi_(quad x) {
    if (isnan(x) || isinf(x)) return x - x;
    if (fabsf128(x) >= 0x1p60f128) return copysignf128(0, x);
    int n;
    quad r = reduce(fmodf128(x, 2), &n) * PI;
    quad y;
    switch (((n % 4) + 4) % 4) {
    case 0: y = sinf128(r); break;
    case 1: y = cosf128(r); break;
    case 2: y = -sinf128(r); break;
    default: y = -cosf128(r); break;
    }
    return y == 0 ? copysignf128(0, x) : y;
}
static quad cospi_(quad x) {
    if (isnan(x) || isinf(x)) return x - x;
    if (fabsf128(x) >= 0x1p60f128) return 1;
    int n;
    quad r = reduce(fmodf128(x, 2), &n) * PI;
    switch (((n % 4) + 4) % 4) {
    case 0: return cosf128(r);
    case 1: return r == 0 ? 0 : -sinf128(r);
    case 2: return -cosf128(r);
    default: return r == 0 ? 0 : sinf128(r);
    }
}
static quad tanpi_(quad x) { return sinpi_(x) / cospi_(x); }
static quad rsqrt_(quad x) { return 1 / sqrtf128(x); }
static quad sigmoid_(quad x) { return x >= 0 ? 1 / (1 + expf128(-x)) : expf128(x) / (1 + expf128(x)); }
static quad logit_(quad p) {
    if (!(p >= 0 && p <= 1)) return NAN;
    // log(p / (1 - p)), near 1/2 by what it is away from it: p - 1/2 is exact.
    if (p > 0.25f128 && p < 0.75f128) { quad d = 2 * p - 1; return 2 * atanhf128(d); }
    return p < 0.5f128 ? logf128(p) - log1pf128(-p) : -(logf128(1 - p) - log1pf128(-(1 - p)));
}
static quad softplus_(quad x) { return x > 0 ? x + log1pf128(expf128(-x)) : log1pf128(expf128(x)); }
// 1 for any NaN, which glibc gives for a quiet one only.
static quad pow_(quad x, quad y) { return y == 0 || x == 1 ? 1 : powf128(x, y); }
static quad deg2rad_(quad x) { return x * (PI / 180); }
static quad rad2deg_(quad x) { return x * (180 / PI); }
static quad reciprocal_(quad x) { return 1 / x; }
static quad square_(quad x) { return x * x; }
static quad logaddexp_(quad a, quad b) {
    if (isnan(a) || isnan(b)) return a + b;
    quad m = a > b ? a : b, n = a > b ? b : a;
    if (isinf(m)) return m;
    return m + log1pf128(expf128(n - m));
}
static quad logaddexp2_(quad a, quad b) {
    if (isnan(a) || isnan(b)) return a + b;
    quad m = a > b ? a : b, n = a > b ? b : a;
    if (isinf(m)) return m;
    // Near -1 by the distance from it, which is exact: there the result is the square of that.
    if (fabsf128(m + 1) < 0.5f128 && fabsf128(n + 1) < 0.5f128) {
        quad e = expm1f128((m + 1) * LN2) + expm1f128((n + 1) * LN2);
        return log1pf128(e / 2) / LN2;
    }
    return m + log1pf128(exp2f128(n - m)) / LN2;
}
static quad xlogy_(quad x, quad y) { return x == 0 && !isnan(y) ? 0 : x * logf128(y); }

#define UNARY(name, f) real quad_##name(double x) { return split(f((quad)x)); }
#define BINARY(name, f) real quad_##name(double x, double y) { return split(f((quad)x, (quad)y)); }

UNARY(exp, expf128) UNARY(exp2, exp2f128) UNARY(exp10, exp10f128) UNARY(expm1, expm1f128)
UNARY(log, logf128) UNARY(log2, log2f128) UNARY(log10, log10f128) UNARY(log1p, log1pf128)
UNARY(sqrt, sqrtf128) UNARY(cbrt, cbrtf128) UNARY(rsqrt, rsqrt_)
UNARY(sin, sinf128) UNARY(cos, cosf128) UNARY(tan, tanf128)
UNARY(sinpi, sinpi_) UNARY(cospi, cospi_) UNARY(tanpi, tanpi_)
UNARY(asin, asinf128) UNARY(acos, acosf128) UNARY(atan, atanf128)
UNARY(sinh, sinhf128) UNARY(cosh, coshf128) UNARY(tanh, tanhf128)
UNARY(asinh, asinhf128) UNARY(acosh, acoshf128) UNARY(atanh, atanhf128)
UNARY(erf, erff128) UNARY(erfc, erfcf128) UNARY(gamma, tgammaf128) UNARY(lgamma, lgammaf128)
UNARY(sigmoid, sigmoid_) UNARY(logit, logit_) UNARY(softplus, softplus_)
UNARY(deg2rad, deg2rad_) UNARY(rad2deg, rad2deg_) UNARY(reciprocal, reciprocal_) UNARY(square, square_)
BINARY(pow, pow_) BINARY(hypot, hypotf128) BINARY(atan2, atan2f128)
BINARY(logaddexp, logaddexp_) BINARY(logaddexp2, logaddexp2_) BINARY(xlogy, xlogy_)

// The same to some 60 bits by the 80-bit functions, ten times as fast: within 1/200 of a unit in the last
// place of a double. NaN where that isn't sure, and wherever long double is only a double.
#if LDBL_MANT_DIG >= 64
typedef long double extended;

static real split_extended(extended t) {
    real r = {0, 0, 0};
    if (isnan(t) || isinf(t) || t == 0) {
        r.hi = NAN;
        return r;
    }
    extended m = frexpl(t, &r.exponent);
    r.hi = (double)m;
    r.lo = (double)(m - (extended)r.hi);
    return r;
}
static extended near_sigmoid_(extended x) { extended e = expl(-fabsl(x)); return (x < 0 ? e : 1) / (1 + e); }
static extended near_logit_(extended p) {
    if (p > 0.25L && p < 0.75L) { extended d = 2 * p - 1; return log1pl(d) - log1pl(-d); }
    return p < 0.5L ? logl(p) - log1pl(-p) : log1pl(p - 1) - logl(1 - p);
}
static extended near_softplus_(extended x) { return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)); }
// The rounding of n - m is multiplied by its size where the larger argument is nearly 0.
static extended near_logaddexp_(extended a, extended b) {
    extended m = a > b ? a : b, n = a > b ? b : a;
    return m - n < 4 || fabsl(m) > 1 ? m + log1pl(expl(n - m)) : NAN;
}
static extended near_logaddexp2_(extended a, extended b) {
    extended m = a > b ? a : b, n = a > b ? b : a;
    return m - n < 4 || fabsl(m) > 1 ? m + log1pl(exp2l(n - m)) / M_LN2f64x : NAN;
}
static extended near_xlogy_(extended x, extended y) { return x * logl(y); }
#define NEAR(name) real near_##name(double x) { return split_extended(near_##name##_(x)); }
#define NEAR2(name) real near_##name(double x, double y) { return split_extended(near_##name##_(x, y)); }
#else
#define NEAR(name) real near_##name(double x) { real r = {NAN, 0, 0}; return r; }
#define NEAR2(name) real near_##name(double x, double y) { real r = {NAN, 0, 0}; return r; }
#endif
NEAR(sigmoid) NEAR(logit) NEAR(softplus)
NEAR2(logaddexp) NEAR2(logaddexp2) NEAR2(xlogy)
