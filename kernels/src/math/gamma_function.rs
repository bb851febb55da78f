//! The gamma function and its logarithm.
//!
//! ```text
//! log gamma y = (y - 1/2) (log y - 1) + (log(2 pi) - 1) / 2 + G(1 / y^2) / y      y >= 2.5 (Stirling)
//! gamma x = e^(log gamma(x + 3)) / (x (x + 1) (x + 2))     below 2.5, with the rest of x + 3; else y = x
//! log gamma(2 + w) = w L(w)  for |w| <= 1/2: lgamma from 1.5 to 2.5
//! log gamma x = (x - 1) L(x - 1) - log x  from 0.5;  x L(x) - log(x (x + 1))  below
//! ```
//!
//! G and L are interpolated at Chebyshev nodes: G(0) is the 1/12 of Stirling's series, but a fit serves
//! where the series would not. The logarithm, its product and all sums are kept with their rests, as
//! the exponential would make errors of 700 out of those of 1, and as lgamma cancels near its zeros:
//! at 1 and 2 both terms vanish as they should, w being exact.
//!
//! Negative arguments, in a slow path, by reflection: `gamma(-a) = -1 / (a P(a) gamma(a))` with
//! `P(a) = sin(pi a) / pi` of the exact distance to the nearest whole number.
//!
//! f32: the same in f64 lanes, with shorter polynomials and no rests.

use super::extended::{exp_sum, log_sum};
use super::functions;
use super::parts::*;
use crate::lanes::{Float, Integer, Lane, Number, Shape};

functions! {
    /// The gamma function: (x - 1)! for whole numbers (C's `tgamma`).
    ///
    /// NaN gives NaN, infinity itself; 0 gives infinity and -0 -infinity; negative whole numbers and
    /// -infinity are poles without a sign and give NaN. From 171.63 (f32: 35.05) on the result is
    /// infinite.
    gamma(x: T) -> T {
        f64: gamma_f64, 0.9, 150;
        f32: gamma_f32, 0.52, 70;
    }

    /// The logarithm of the absolute value of the gamma function.
    ///
    /// NaN gives NaN, the infinities infinity, as do 0, -0 and negative whole numbers; 1 and 2 give 0.
    /// Near its zeros below 0 the error is an absolute one: there the bound counts results below 1/16
    /// in units of the last place of 1/16.
    lgamma(x: T) -> T {
        f64: lgamma_f64, 1.35, 150;
        f32: lgamma_f32, 0.55, 70;
    }
}

/// `(log(2 pi) - 1) / 2`.
const HALF_LOG: f64 = 0.418938533204672725052120085820206440985202789306640625;
const HALF_LOG_LOW: f64 = 1.672820965058541252284779153413e-17;
/// The logarithm of 1e200.
const LN_1E200: f64 = 460.51701859880916;
const LN_1E200_LOW: f64 = -2.2129109272629473e-14;

/// Stirling's formula: the logarithm of gamma(y + y_low), y at least 2.5, from that of `y + y_low`.
#[inline(always)]
fn stirling_f64<S: Shape>(
    s: S,
    y: S::F64,
    y_low: S::F64,
    log: (S::F64, S::F64),
) -> (S::F64, S::F64) {
    let inverse = s.lit::<S::F64>(1.0) / y;
    let z = inverse * inverse;
    let g = halves(
        s,
        z,
        z * z,
        [
            0.08333333333333333,
            -0.002777777777769137,
            0.0007936507900810071,
            -0.0005952375047300184,
            0.000841698864657352,
            -0.0019147163750744898,
            0.0063082907463154324,
            -0.02690594322476289,
            0.1277899166907451,
            -0.5744275699813317,
            2.12583221729061,
            -5.7352046775989916,
            9.740740601466658,
            -7.709013845335584,
        ],
    );
    let (a, a_low) = fast_two_sum(y, s.lit(-0.5));
    let a_low = a_low + y_low;
    let (l, l_low) = fast_two_sum(log.0, s.lit(-1.0));
    let l_low = l_low + log.1;
    let (p, p_low) = two_prod(a, l);
    let p_low = a.fma(l_low, a_low.fma(l, p_low));
    let (high, low) = two_sum(p, s.lit(HALF_LOG));
    (high, inverse.fma(g, low + (p_low + s.lit(HALF_LOG_LOW))))
}

/// `w L(w)`, the logarithm of gamma(2 + w), |w| at most 1/2.
#[inline(always)]
fn near_two_f64<S: Shape>(s: S, w: S::F64) -> (S::F64, S::F64) {
    let ww = w * w;
    let tail = halves(
        s,
        w,
        ww,
        [
            -0.0673523010531981,
            0.020580808427780366,
            -0.007385551028671992,
            0.0028905103310351205,
            -0.0011927539118432226,
            0.0005096695153880944,
            -0.0002231547539940235,
            9.945767389740959e-05,
            -4.492631354089334e-05,
            2.0505587989553525e-05,
            -9.438713780240578e-06,
            4.384717184629871e-06,
            -2.0439109042930567e-06,
            9.200216044296187e-07,
            -4.32509065176526e-07,
            2.787720126505049e-07,
            -1.3221433666631452e-07,
        ],
    );
    let (first, first_low) = two_prod(w, s.lit(0.32246703342411326));
    let first_low = w.fma(s.lit(-2.2860744828390824e-17), first_low);
    let (v, v_low) = fast_two_sum(s.lit(0.42278433509846713), first);
    let v_low = v_low + (s.lit::<S::F64>(4.942915152430645e-18) + ww.fma(tail, first_low));
    let (p, p_low) = two_prod(w, v);
    (p, w.fma(v_low, p_low))
}

/// sin(pi a) / pi up to its sign, of the distance `t` to a whole number, at most 1/2.
#[inline(always)]
fn sine_f64<S: Shape>(s: S, t: S::F64) -> (S::F64, S::F64) {
    // -pi^2 / 6.
    const CUBE: f64 = -1.6449340668482264060656916626612655818462371826171875;
    const CUBE_LOW: f64 = -3.04067235039847616079776386711e-17;
    // pi^4 / 120, as fitted.
    const FIFTH: f64 = 0.8117424252833536;
    const FIFTH_LOW: f64 = 3.553520115533436e-17;
    let (z, z_low) = two_prod(t, t);
    let (zz, zz_low) = two_prod(z, z);
    let zz_low = (z + z).fma(z_low, zz_low);
    let tail = halves(
        s,
        z,
        zz,
        [
            -0.19075182412208416,
            0.02614784781765142,
            -0.0023460810353476596,
            0.00014842879133095363,
            -6.975859144582056e-06,
            2.530530149088015e-07,
            -7.134963864080683e-09,
        ],
    );
    let (fifth, fifth_low) = two_prod(zz, s.lit(FIFTH));
    let fifth_low = zz.fma(s.lit(FIFTH_LOW), zz_low.fma(s.lit(FIFTH), fifth_low));
    let fifth_low = (zz * z).fma(tail, fifth_low);
    let (cube, cube_low) = two_prod(z, s.lit(CUBE));
    let cube_low = z.fma(s.lit(CUBE_LOW), z_low.fma(s.lit(CUBE), cube_low));
    let (v, v_low) = fast_two_sum(s.lit(1.0), cube);
    let (w, w_low) = fast_two_sum(v, fifth);
    let (v, v_low) = fast_two_sum(w, w_low + (v_low + (cube_low + fifth_low)));
    let (p, p_low) = two_prod(t, v);
    (p, t.fma(v_low, p_low))
}

/// The gamma function.
#[inline(always)]
pub fn gamma_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let one: S::F64 = s.lit(1.0);
    let a = x.abs();
    // Beyond 200 all is infinite or nothing; NaN stays.
    let top: S::F64 = s.lit(200.0);
    let a = choose(a.gt(top), top, a);
    let small = a.lt(s.lit(2.5));
    let (y, y_low) = fast_two_sum(s.lit(3.0), a);
    let y = choose(small, y, a);
    let y_low = choose(small, y_low, s.lit(0.0));
    let (e, e_low) = stirling_f64(s, y, y_low, log_sum(s, y, y_low));

    // (a + 1) (a + 2), and a times that.
    let (a1, a1_low) = fast_two_sum(one, a);
    let (a2, a2_low) = fast_two_sum(s.lit(2.0), a);
    let (pair, pair_low) = two_prod(a1, a2);
    let pair_low = a1.fma(a2_low, a1_low.fma(a2, pair_low));
    let (three, three_low) = two_prod(pair, a);
    let three_low = pair_low.fma(a, three_low);
    let below = choose(small, three, one);
    let below_low = choose(small, three_low, s.lit(0.0));

    let (n, n_low, k) = exp_sum(s, e, e_low);
    let mut out = ratio(s, n, n_low, below, below_low) * exp2i_f64(s, k);

    let far = !(x.ge(s.lit(1e-20)) & x.le(s.lit(170.0)));
    if s.enter_slow(far) {
        let half: S::F64 = s.lit(0.5);
        // The result may be as large as 2^1024, of which the power alone is no number.
        let large = ratio(s, n, n_low, below, below_low);
        let large = scale_f64(s, large, k);
        let large = choose(x.gt(s.lit(172.0)), s.lit(f64::INFINITY), large);

        // Reflection: the quotient of (a + 1) (a + 2) or 1 and P or a P, times e^-(log gamma).
        let (n, n_low, k) = exp_sum(s, -e, -e_low);
        let whole = x.rint();
        let (sine, sine_low) = sine_f64(s, x - whole);
        let (wide, wide_low) = two_prod(sine, a);
        let wide_low = sine_low.fma(a, wide_low);
        let below = choose(small, sine, wide);
        let below_low = choose(small, sine_low, wide_low);
        let above = choose(small, pair, one);
        let above_low = choose(small, pair_low, s.lit(0.0));
        let (n, n_low) = fast_two_sum(n, n_low);
        let (m, m_low) = two_prod(n, above);
        let m_low = n.fma(above_low, n_low.fma(above, m_low));
        let q = ratio(s, m, m_low, below, below_low);
        // P has changed its sign where the nearest whole number is odd.
        let odd = (whole * half).floor().ne(whole * half);
        let q = choose(odd, -q, q);
        let q = scale_f64(s, q, k);
        // Less than the smallest number.
        let q = choose(x.lt(s.lit(-190.0)), s.lit::<S::F64>(0.0).copysign(q), q);
        let q = choose(x.eq(whole), s.lit(f64::NAN), q);

        let slow = choose(x.lt(s.lit(0.0)), q, large);
        let slow = choose(x.abs().lt(s.lit(1e-20)), one / x, slow);
        out = s.leave_slow(far, slow, out);
    }
    out
}

/// `(n + n_low) / (d + d_low)`.
#[inline(always)]
fn ratio<S: Shape>(s: S, n: S::F64, n_low: S::F64, d: S::F64, d_low: S::F64) -> S::F64 {
    let (n, n_low) = fast_two_sum(n, n_low);
    let inverse = s.lit::<S::F64>(1.0) / d;
    let q = n * inverse;
    let left = (-q).fma(d_low, (-q).fma(d, n) + n_low);
    left.fma(inverse, q)
}

/// The logarithm of the absolute value of the gamma function.
#[inline(always)]
pub fn lgamma_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let zero: S::F64 = s.lit(0.0);
    let one: S::F64 = s.lit(1.0);
    let a = x.abs();
    let stirling = !a.lt(s.lit(2.5));
    let tiny = a.lt(s.lit(0.5));
    let no_log = a.ge(s.lit(1.5));

    // The logarithm is that of a; below 0.5 of a (a + 1), from 1.5 to 2.5 of 1.
    let (a1, a1_low) = fast_two_sum(one, a);
    let (pair, pair_low) = two_prod(a, a1);
    let pair_low = a.fma(a1_low, pair_low);
    let of = choose(no_log, one, a);
    let of = choose(tiny, pair, of);
    let of = choose(stirling, a, of);
    let log = log_sum(s, of, choose(tiny, pair_low, zero));
    let w = choose(no_log, a - s.lit(2.0), a - one);
    let w = choose(tiny, a, w);
    let (p, p_low) = near_two_f64(s, w);
    let (high, low) = two_sum(-log.0, p);
    let low = low + (p_low - log.1);

    let (e, e_low) = stirling_f64(s, a, zero, log);
    let high = choose(stirling, e, high);
    let low = choose(stirling, e_low, low);
    let mut out = high + low;

    let far = !(x.ge(s.lit(1e-20)) & x.le(s.lit(1e300)));
    if s.enter_slow(far) {
        // One logarithm serves three: of a P(a) for the reflection; of an a which may be subnormal; and
        // of one near the overflow, of which 2^-40 is worked out.
        let small = a.lt(s.lit(1e-20));
        let huge = x.gt(s.lit(1e300));
        let whole = x.rint();
        let (sine, sine_low) = sine_f64(s, (x - whole).abs());
        let (of, of_low) = two_prod(sine, a);
        let of_low = choose(x.lt(zero) & !small, sine_low.fma(a, of_low), zero);
        let down: S::F64 = s.lit(9.094947017729282379150390625e-13);
        let b = a * down;
        let of = choose(small, a * s.lit(1e200), choose(huge, b, of));
        let (log, log_low) = log_sum(s, of, of_low);

        let (high, low) = fast_two_sum(high, low);
        let (high, more) = two_sum(high, log);
        let slow = -(high + (more + (low + log_low)));
        let slow = choose(x.eq(whole), s.lit(f64::INFINITY), slow);

        let large = b.fma(log + s.lit(40.0 * core::f64::consts::LN_2 - 1.0), b * log_low);
        let slow = choose(huge, large * s.lit(1099511627776.0), slow);

        let (high, more) = two_sum(s.lit(LN_1E200), -log);
        let of_small = high + (more + (s.lit::<S::F64>(LN_1E200_LOW) - log_low));
        let slow = choose(small, of_small, slow);
        let slow = choose(a.eq(zero) | a.eq(s.lit(f64::INFINITY)), s.lit(f64::INFINITY), slow);
        out = s.leave_slow(far, slow, out);
    }
    out
}

/// The logarithm, to about 2^-43, of a normal positive number.
#[inline(always)]
fn short_log<S: Shape>(s: S, x: S::F64) -> S::F64 {
    const SQRT_HALF: u64 = core::f64::consts::FRAC_1_SQRT_2.to_bits();
    const COUNTER: f64 = 4503599627370496.0;
    let one: S::F64 = s.lit(1.0);
    let bits = x.to_bits() + s.lit(1.0f64.to_bits() - SQRT_HALF);
    let fraction = bits & s.lit((1 << 52) - 1);
    let f = S::F64::from_bits(fraction + s.lit(SQRT_HALF)) - one;
    let k = S::F64::from_bits(bits.shr(s.lit(52)) + s.lit(COUNTER.to_bits()));
    let k = k - s.lit(COUNTER + 1023.0);
    let r = f / (f + s.lit(2.0));
    let z = r * r;
    let tail = horner(
        s,
        z,
        [
            2.0,
            0.666666666673795,
            0.39999998792103564,
            0.28571755498421386,
            0.22191344541484373,
            0.1936367706881291,
        ],
    );
    k.fma(s.lit(core::f64::consts::LN_2), r * tail)
}

/// The exponential, to about 2^-39, of what is within 700 of 0.
#[inline(always)]
fn short_exp<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let shifted = x.fma(s.lit(core::f64::consts::LOG2_E), s.lit(SHIFT_F64));
    let r = (shifted - s.lit(SHIFT_F64)).fma(s.lit(-core::f64::consts::LN_2), x);
    let y = halves(
        s,
        r,
        r * r,
        [
            1.0,
            0.9999999999955291,
            0.500000000012172,
            0.16666666786228426,
            0.041666665946150094,
            0.008333283507296042,
            0.0013888978772117584,
            0.0001990761404642256,
            2.480156891625217e-05,
        ],
    );
    y * shifted_exp2i_f64(s, shifted)
}

/// [`stirling_f64`], to about 2^-34.
#[inline(always)]
fn short_stirling<S: Shape>(s: S, y: S::F64, log: S::F64) -> S::F64 {
    let inverse = s.lit::<S::F64>(1.0) / y;
    let g = horner(
        s,
        inverse * inverse,
        [
            0.08333333318089177,
            -0.002777729878126376,
            0.00079116087590296,
            -0.0005475444549649323,
            0.00042193774360137323,
        ],
    );
    (y - s.lit(0.5)).fma(log - s.lit(1.0), inverse.fma(g, s.lit(HALF_LOG)))
}

/// [`sine_f64`], to about 2^-33.
#[inline(always)]
fn short_sine<S: Shape>(s: S, t: S::F64) -> S::F64 {
    t * horner(
        s,
        t * t,
        [
            1.0,
            -1.6449340665727685,
            0.8117423702007497,
            -0.19075005999437095,
            0.026128043223349575,
            -0.0022550271012949184,
        ],
    )
}

/// The gamma function.
#[inline(always)]
pub fn gamma_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let x = x.to_f64();
    let one: S::F64 = s.lit(1.0);
    let a = x.abs();
    // Beyond 60 all is infinite or nothing; NaN stays.
    let top: S::F64 = s.lit(60.0);
    let a = choose(a.gt(top), top, a);
    let small = a.lt(s.lit(2.5));
    let y = choose(small, a + s.lit(3.0), a);
    let e = short_exp(s, short_stirling(s, y, short_log(s, y)));
    let pair = (a + one) * (a + s.lit(2.0));
    let mut out = e / choose(small, pair * a, one);
    let below = !x.ge(s.lit(0.0));
    if s.enter_slow(below) {
        let whole = x.rint();
        let sine = short_sine(s, x - whole);
        let q = choose(small, pair, one) / (e * sine * choose(small, one, a));
        let half = whole * s.lit(0.5);
        let q = choose(half.floor().ne(half), -q, q);
        let q = choose(x.eq(whole), s.lit(f64::NAN), q);
        out = s.leave_slow(below, q, out);
    }
    // Where x is 0, or so small that f32 overflows.
    choose(x.abs().lt(s.lit(1e-30)), one / x, out).to_f32()
}

/// The logarithm of the absolute value of the gamma function.
#[inline(always)]
pub fn lgamma_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let x = x.to_f64();
    let zero: S::F64 = s.lit(0.0);
    let one: S::F64 = s.lit(1.0);
    let a = x.abs();
    let stirling = !a.lt(s.lit(2.5));
    let tiny = a.lt(s.lit(0.5));
    let no_log = a.ge(s.lit(1.5));
    let of = choose(no_log, one, a);
    let of = choose(tiny, a.fma(a, a), of);
    let log = short_log(s, choose(stirling, a, of));
    let w = choose(no_log, a - s.lit(2.0), a - one);
    let w = choose(tiny, a, w);
    let near = halves(
        s,
        w,
        w * w,
        [
            0.4227843350002567,
            0.32246703346903477,
            -0.06735228143967895,
            0.02058079945668137,
            -0.007386174936400919,
            0.002890795678875744,
            -0.0011858541908742885,
            0.000506514468531246,
            -0.0002538304757938737,
            0.00011347894373165477,
        ],
    );
    let mut out = choose(stirling, short_stirling(s, a, log), w.fma(near, -log));
    let far = !(x.gt(zero) & x.lt(s.lit(f64::INFINITY)));
    if s.enter_slow(far) {
        let whole = x.rint();
        let sine = short_sine(s, (x - whole).abs());
        let slow = -(short_log(s, sine * a) + out);
        let pole = x.eq(whole) | a.eq(s.lit(f64::INFINITY));
        let slow = choose(pole, s.lit(f64::INFINITY), slow);
        out = s.leave_slow(far, slow, out);
    }
    out.to_f32()
}
