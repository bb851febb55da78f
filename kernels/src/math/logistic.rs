//! The logistic functions and logarithms of sums.
//!
//! They are made of exponentials and logarithms in two parts ([`exp_parts_f64`] and the series of the
//! logarithm with a rounding error taken along), so that only the last operation rounds:
//!
//! ```text
//! sigmoid(x)       e = e^-|x|;  1 / (1 + e)  or  e / (1 + e)    one division, its residual corrected
//! logit(p)         log(p / q), q = 1 - p: p = 2^k c, and 2 atanh((c - q) / (c + q)) + k ln2
//! softplus(x)      max(x, 0) + log(1 + e^-|x|)
//! logaddexp(a, b)  max + log(1 + e^(min - max)); min - max in two parts
//! xlogy(x, y)      x times both parts of log(y)
//! ```
//!
//! log(1 + e) for 0 <= e <= 1 is 2 atanh(e / (2 + e)), above 1/2 as ln2 + log(1 + (e - 1) / 2). In logaddexp for
//! f64 it is not parted, since three terms more cost less than choosing: v + v w A(w), v = 2 e / (2 + e) up to
//! 2/3 and w = v^2, A minimax (2^-59 of the logarithm, by Sollya's fpminimax). What e and v lost in
//! rounding counts by the derivatives, 1 / (1 + e) and 1/4 (1 + 1 / (1 + e)), of which a straight line is enough.
//!
//! logaddexp cancels where e^a + e^b is nearly 1. There a slow path improves the result r by
//! log(e^(a - r) + e^(b - r)), which is nearly 0: with both exponentials less 1 to about 2^-103, by their
//! Taylor series in numbers of two parts. What remains grows beyond half an ULP only where the result
//! is below 2^-48 of the larger argument.
//!
//! For f32 all of it is done in double precision with short polynomials.

use super::functions;
use super::logarithm::{ATANH_F64, edges_f64, log_f64, log_sum_f64, ordinary_f64, split_f64};
use super::parts::*;
use super::powers::{
    EXP, EXP_INVERSE, EXP_LN2_HIGH, EXP_LN2_LOW, EXP_ONE, EXP_Q, EXP_SHIFT, exp_parts_f64,
    exp2_short_f64, log2_short_f64, of_exp, scale_sum_f64,
};
use crate::lanes::{Constants, Float, Integer, Lane, Number, Shape};

functions! {
    /// The logistic function 1 / (1 + e^-`x`).
    ///
    /// From 0 at -infinity to 1 at infinity.
    sigmoid(x: T) -> T {
        f64: sigmoid_f64, 0.62, 50;
        f32: sigmoid_f32, 0.51, 40;
    }
    /// The logarithm of the odds of `p`: log(p / (1 - p)), the inverse of sigmoid.
    ///
    /// Zeros give -infinity, 1 infinity, anything outside NaN.
    logit(p: T) -> T {
        f64: logit_f64, 0.58, 70;
        f32: logit_f32, 0.51, 70;
    }
    /// log(1 + e^`x`), a smooth max(x, 0).
    ///
    /// -infinity gives 0, infinity itself.
    softplus(x: T) -> T {
        f64: softplus_f64, 0.64, 70;
        f32: softplus_f32, 0.51, 70;
    }
    /// log(e^`x` + e^`y`), without overflow.
    ///
    /// -infinity adds nothing. Where the result is nearly 0 and the arguments are not (below 2^-40 of
    /// the larger), f64 results have fewer correct digits.
    logaddexp(x: T, y: T) -> T {
        f64: logaddexp_f64, 0.8, 85;
        f32: logaddexp_f32, 0.7, 80;
    }
    /// log2(2^`x` + 2^`y`), without overflow.
    ///
    /// -infinity adds nothing. Where the result is nearly 0 and the arguments are not (below 2^-40 of
    /// the larger), f64 results have fewer correct digits.
    logaddexp2(x: T, y: T) -> T {
        f64: logaddexp2_f64, 0.8, 100;
        f32: logaddexp2_f32, 0.75, 80;
    }
    /// `x` log(`y`), and 0 where x is 0, whatever number y is.
    ///
    /// A negative y gives NaN, unless x is 0.
    xlogy(x: T, y: T) -> T {
        f64: xlogy_f64, 0.76, 42;
        f32: xlogy_f32, 0.51, 50;
    }
}

const LN2_HIGH: f64 = f64::from_bits(0x3fe62e42fefa3800);
const LN2_LOW: f64 = f64::from_bits(0x3d2ef35793c76730);
const LN2_LOWEST: f64 = f64::from_bits(0x398f97b57a079a19);
/// ln 2 and 1 / ln 2, rounded, and what the rounding lost.
const LN2: f64 = f64::from_bits(0x3fe62e42fefa39ef);
const LN2_REST: f64 = f64::from_bits(0x3c7abc9e3b39803f);
const LOG2_E: f64 = f64::from_bits(0x3ff71547652b82fe);
const LOG2_E_REST: f64 = f64::from_bits(0x3c7777d0ffda0d24);

/// `e^x` in two parts, the first one rounded, for x in -708..=0.
#[inline(always)]
fn small_exp_f64<S: Shape>(s: S, a: S::F64, b: S::F64, k: S::F64) -> (S::F64, S::F64) {
    let (e, low) = fast_two_sum(a, b);
    let scale = exp2i_f64(s, k);
    (e * scale, low * scale)
}

/// The logistic function.
#[inline(always)]
pub fn sigmoid_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let zero: S::F64 = s.lit(0.0);
    let one: S::F64 = s.lit(1.0);
    let ax = x.abs();
    let (a, b, k) = exp_parts_f64(s, -ax, zero);
    let (e, e_low) = small_exp_f64(s, a, b, k);
    let (d, rest) = fast_two_sum(one, e);
    let d_low = rest + e_low;
    let below = x.lt(zero);
    let n = choose(below, e, one);
    let n_low = choose(below, e_low, zero);
    let r = one / d;
    let q = n * r;
    let residual = q.fma(-d_low, q.fma(-d, n) + n_low);
    let mut out = residual.fma(r, q);
    let far = !ax.lt(s.lit(700.0));
    if s.enter_slow(far) {
        let tail = choose(x.lt(s.lit(-746.0)), zero, scale_sum_f64(s, a, b, k));
        out = s.leave_slow(far, choose(x.gt(zero), one, tail), out);
    }
    out
}

/// The logistic function.
#[inline(always)]
pub fn sigmoid_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let x = x.to_f64();
    let ax = x.abs();
    let ax = choose(ax.gt(s.lit(200.0)), s.lit(200.0), ax);
    let e = exp2_short_f64(s, ax * s.lit(-LOG2_E));
    let one: S::F64 = s.lit(1.0);
    (choose(x.lt(s.lit(0.0)), e, one) / (one + e)).to_f32()
}

/// The logarithm of the odds.
#[inline(always)]
pub fn logit_f64<S: Shape>(s: S, p: S::F64) -> S::F64 {
    let one: S::F64 = s.lit(1.0);
    let (q, q_low) = fast_two_sum(one, -p);
    let (k, _) = split_f64(s, p / q);
    let c = p * exp2i_f64(s, -k);
    let (f, f_low) = fast_two_sum(c - q, -q_low);
    let (t, t_low) = two_sum(c, q);
    let t_low = t_low + q_low;
    // v = 2 f / t, and what is left of it.
    let r = one / t;
    let f2 = f + f;
    let v = f2 * r;
    let v_low = v.fma(-t_low, v.fma(-t, f2) + (f_low + f_low)) * r;
    let h = v * s.lit(0.5);
    let z = h * h;
    let series = halves(s, z, z * z, ATANH_F64);
    let (sum, rest) = fast_two_sum(k * s.lit(LN2_HIGH), v);
    let mut out = sum + (h * z).fma(series, k.fma(s.lit(LN2_LOW), rest + v_low));
    let odd = !(p.gt(s.lit(1e-290)) & p.lt(one));
    if s.enter_slow(odd) {
        let above = choose(p.eq(one), s.lit(f64::INFINITY), s.lit(f64::NAN));
        // A tiny p is all that counts.
        let slow = choose(p.ge(one), above, log_f64(s, p));
        out = s.leave_slow(odd, slow, out);
    }
    out
}

/// The logarithm of the odds.
#[inline(always)]
pub fn logit_f32<S: Shape>(s: S, p: S::F32) -> S::F32 {
    let p = p.to_f64();
    let q = s.lit::<S::F64>(1.0) - p;
    let mut out = log2_short_f64(s, p / q) * s.lit(LN2);
    let inside = p.gt(s.lit(0.0)) & p.lt(s.lit(1.0));
    let outside = !inside;
    if s.enter_slow(outside) {
        let ends = choose(p.eq(s.lit(0.0)), s.lit(f64::NEG_INFINITY), s.lit(f64::NAN));
        let ends = choose(p.eq(s.lit(1.0)), s.lit(f64::INFINITY), ends);
        out = s.leave_slow(outside, ends, out);
    }
    out.to_f32()
}

/// `log(1 + e + low)` in two parts, good to 2^-57, for e in 0..=1.
#[inline(always)]
fn log1p_unit_f64<S: Shape>(s: S, e: S::F64, low: S::F64) -> (S::F64, S::F64) {
    let upper = e.gt(s.lit(0.4142));
    let (g, g_low) = fast_two_sum(s.lit(-1.0), e);
    let f = choose(upper, g, e);
    let f_low = choose(upper, g_low + low, low);
    let (t, rest) = fast_two_sum(choose(upper, s.lit(4.0), s.lit(2.0)), f);
    let t_low = rest + f_low;
    let r = s.lit::<S::F64>(1.0) / t;
    let f2 = f + f;
    let v = f2 * r;
    let v_low = v.fma(-t_low, v.fma(-t, f2) + (f_low + f_low)) * r;
    let h = v * s.lit(0.5);
    let z = h * h;
    let series = halves(s, z, z * z, ATANH_F64);
    let (sum, rest) = fast_two_sum(choose(upper, s.lit(LN2_HIGH), s.lit(0.0)), v);
    let rest = choose(upper, rest + s.lit(LN2_LOW), rest);
    (sum, (h * z).fma(series, rest + v_low))
}

/// log(1 + e^x).
#[inline(always)]
pub fn softplus_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let zero: S::F64 = s.lit(0.0);
    let ax = x.abs();
    let (a, b, k) = exp_parts_f64(s, -ax, zero);
    let (e, e_low) = small_exp_f64(s, a, b, k);
    let (u, u_low) = log1p_unit_f64(s, e, e_low);
    let (sum, rest) = two_sum(choose(x.gt(zero), x, zero), u);
    let mut out = sum + (rest + u_low);
    let far = !ax.lt(s.lit(700.0));
    if s.enter_slow(far) {
        let tail = choose(x.lt(s.lit(-746.0)), zero, scale_sum_f64(s, a, b, k));
        out = s.leave_slow(far, choose(x.gt(zero), x, tail), out);
    }
    out
}

/// `log(1 + 2^d)` to 2^-33, for d in -300..=0.
#[inline(always)]
fn log1p_exp2_short_f64<S: Shape>(s: S, d: S::F64) -> S::F64 {
    let e = exp2_short_f64(s, d);
    let t = e / (e + s.lit(2.0));
    let z = t * t;
    t * halves(
        s,
        z,
        z * z,
        [
            1.99999999979862774779348910669796168804168701171875,
            0.66666679497743908111573318819864653050899505615234375,
            0.399986770522024581708819823688827455043792724609375,
            0.286210749572299472109904172612004913389682769775390625,
            0.2138958174286409164022160211970913223922252655029296875,
            0.2442641966632703998119069410677184350788593292236328125,
        ],
    )
}

/// log(1 + e^x).
#[inline(always)]
pub fn softplus_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let x = x.to_f64();
    let ax = x.abs();
    let ax = choose(ax.gt(s.lit(200.0)), s.lit(200.0), ax);
    let u = log1p_exp2_short_f64(s, ax * s.lit(-LOG2_E));
    (choose(x.gt(s.lit(0.0)), x, s.lit(0.0)) + u).to_f32()
}

/// `a + b`, two numbers of two parts each.
#[inline(always)]
fn add_pairs<V: Number>(a: Pair<V>, b: Pair<V>) -> Pair<V> {
    let (sum, rest) = two_sum(a.0, b.0);
    fast_two_sum(sum, rest + (a.1 + b.1))
}

/// `a * b`, two numbers of two parts each.
#[inline(always)]
fn mul_pairs<V: Float>(a: Pair<V>, b: Pair<V>) -> Pair<V> {
    let (product, rest) = two_prod(a.0, b.0);
    fast_two_sum(product, a.1.fma(b.0, a.0.fma(b.1, rest)))
}

/// `e^r - 1 - r` for |r| <= ln2 / 2, to about 2^-105 of r.
#[inline(always)]
fn expm1_tail_f64<S: Shape>(s: S, r: Pair<S::F64>) -> Pair<S::F64> {
    /// 1 / n! from n = 2 on.
    const TAYLOR: [(f64, f64); 12] = [
        (0.5, 0.0),
        (0.16666666666666666, 9.25185853854297e-18),
        (0.041666666666666664, 2.3129646346357427e-18),
        (0.008333333333333333, 1.1564823173178714e-19),
        (0.001388888888888889, -5.300543954373577e-20),
        (0.0001984126984126984, 1.7209558293420705e-22),
        (2.48015873015873e-05, 2.1511947866775882e-23),
        (2.7557319223985893e-06, -1.858393274046472e-22),
        (2.755731922398589e-07, 2.3767714622250297e-23),
        (2.505210838544172e-08, -1.448814070935912e-24),
        (2.08767569878681e-09, -1.20734505911326e-25),
        (1.6059043836821613e-10, 1.2585294588752098e-26),
    ];
    /// And from 14 on.
    const MORE: [f64; 10] = [
        1.1470745597729725e-11,
        7.647163731819816e-13,
        4.779477332387385e-14,
        2.8114572543455206e-15,
        1.5619206968586225e-16,
        8.22063524662433e-18,
        4.110317623312165e-19,
        1.9572941063391263e-20,
        8.896791392450574e-22,
        3.868170170630684e-23,
    ];
    let mut y = (halves(s, r.0, r.0 * r.0, MORE), s.lit(0.0));
    let mut n = TAYLOR.len();
    while n > 0 {
        n -= 1;
        let (p, p_low) = two_prod(r.0, y.0);
        let p_low = r.1.fma(y.0, r.0.fma(y.1, p_low));
        let (sum, rest) = fast_two_sum(s.lit(TAYLOR[n].0), p);
        y = (sum, rest + (p_low + s.lit(TAYLOR[n].1)));
    }
    mul_pairs(mul_pairs(r, r), y)
}

/// The exponent `k ln2 + r` of e, both parts of it.
#[inline(always)]
fn reduce_f64<S: Shape>(s: S, x: Pair<S::F64>) -> (S::F64, Pair<S::F64>) {
    let k = (x.0 * s.lit(LOG2_E)).rint();
    let r = k.fma(s.lit(-LN2_HIGH), x.0);
    let (p, p_low) = two_prod(k, s.lit(LN2_LOW));
    (k, add_pairs((r, x.1), (-p, k.fma(s.lit(-LN2_LOWEST), -p_low))))
}

/// The same for an exponent of 2.
#[inline(always)]
fn reduce2_f64<S: Shape>(s: S, x: Pair<S::F64>) -> (S::F64, Pair<S::F64>) {
    let k = x.0.rint();
    let r = fast_two_sum(x.0 - k, x.1);
    (k, mul_pairs(r, (s.lit(LN2), s.lit(LN2_REST))))
}

/// `e^x + e^y - 1` where that is nearly 0, of reduced exponents, x in -1..=0 and y in -708..=x: the
/// powers of two, the linear terms and the tails each by themselves, since each of these may cancel.
#[inline(always)]
fn sum_less_1_f64<S: Shape>(
    s: S,
    x: (S::F64, Pair<S::F64>),
    y: (S::F64, Pair<S::F64>),
) -> Pair<S::F64> {
    let (a, b) = (exp2i_f64(s, x.0), exp2i_f64(s, y.0));
    let (u, v) = (expm1_tail_f64(s, x.1), expm1_tail_f64(s, y.1));
    let powers = two_sum(a - s.lit(1.0), b);
    let linear = add_pairs((a * x.1.0, a * x.1.1), (b * y.1.0, b * y.1.1));
    let tails = add_pairs((a * u.0, a * u.1), (b * v.0, b * v.1));
    add_pairs(add_pairs(powers, linear), tails)
}

/// `log(1 + d + low)` for |d| < 2^-29, as d and the rest.
#[inline(always)]
fn log1p_tiny_f64<S: Shape>(s: S, d: Pair<S::F64>) -> Pair<S::F64> {
    let series = d.0.fma(s.lit(1.0 / 3.0), s.lit(-0.5));
    (d.0, (d.0 * d.0).fma(series, d.1))
}

const TWO: usize = 0;
const MINUS_TWO: usize = 1;
const QUARTER: usize = 2;
const SLOPE: usize = 3;
const START: usize = 4;
const CANCELLED: usize = 5;
const A: usize = 6;
/// Plain numbers; 1 / (1 + e) as a line, from 0.97 on; where the sum cancels; `A`.
static LOG_UNIT: Constants<f64, 16> = Constants::new([
    2.0,
    -2.0,
    0.25,
    -0.485,
    0.97,
    -0.4,
    8.333333333333288461819421399923157878220081329345703125e-2,
    1.250000000004866142211401580652818665839731693267822265625e-2,
    2.2321428553164868006930543486987517098896205425262451171875e-3,
    4.3402781166933419865205934229379636235535144805908203125e-4,
    8.87780485954877372767324317237580544315278530120849609375e-5,
    1.878241085431966232960170060106719347459147684276103973388671875e-5,
    4.0591701272290976181965523050809707683583937833838367462158203125e-6,
    9.23553220612938519941924331302374184815562330186367034912109375e-7,
    1.5914714275244970261753989400344000415643632538198246345398170953e-7,
    8.11182118851794432354425888609394945660824305377900600433349609375e-8,
]);

/// One of [`LOG_UNIT`].
#[inline(always)]
fn of_log_unit<S: Shape>(s: S, i: usize) -> S::F64 {
    S::F64::constant(s, &LOG_UNIT, i)
}

/// `m + 2^k (a + b)` for k below -1000, rounded once, or twice where that is subnormal: summed where nothing is
/// subnormal, and scaled down at the end.
#[inline(always)]
fn plus_tiny_f64<S: Shape>(s: S, m: S::F64, a: S::F64, b: S::F64, k: S::F64) -> S::F64 {
    const UP: f64 = f64::from_bits((1023 + 200) << 52);
    const DOWN: f64 = f64::from_bits((1023 - 200) << 52);
    const LARGE: f64 = f64::from_bits((1023 - 900) << 52);
    let zero: S::F64 = s.lit(0.0);
    let scale = exp2i_f64(s, k + s.lit(200.0));
    // Less than a quarter of the smallest number adds nothing; of NaN and -infinity there is no scale.
    let adds = k.gt(s.lit(-1078.0));
    let a = choose(adds, a * scale, zero);
    let b = choose(adds, b * scale, zero);
    let (sum, rest) = two_sum(m * s.lit(UP), a);
    let near = (sum + (rest + b)) * s.lit(DOWN);
    // To a larger number it adds less than half of the last bit.
    choose(m.abs().lt(s.lit(LARGE)), near, m)
}

/// log(e^x + e^y).
#[inline(always)]
pub fn logaddexp_f64<S: Shape>(s: S, x: S::F64, y: S::F64) -> S::F64 {
    let zero: S::F64 = s.lit(0.0);
    let first = x.gt(y);
    let m = choose(first, x, y);
    let n = choose(first, y, x);
    let (d, d_low) = two_sum(n, -m);
    // e^d, in two parts.
    let shifted = d.fma(of_exp(s, EXP_INVERSE), of_exp(s, EXP_SHIFT));
    let k = shifted - of_exp(s, EXP_SHIFT);
    let r = k.fma(-of_exp(s, EXP_LN2_HIGH), d);
    let (r, lost) = fast_two_sum(r, k.fma(-of_exp(s, EXP_LN2_LOW), d_low));
    let rr = r * r;
    let (a, rest) = fast_two_sum(of_exp(s, EXP_ONE), r);
    let q = fours_of::<S, S::F64, 10, 15>(s, r, rr, &EXP, EXP_Q);
    let (e, e_low) = fast_two_sum(a, rr.fma(q, rest + r.fma(lost, lost)));
    let power = shifted.to_bits().shl(s.lit(52));
    let e = S::F64::from_bits(e.to_bits() + power);
    let e_low = e_low * S::F64::from_bits(power + s.lit(1.0f64.to_bits()));
    // log(1 + e).
    let e2 = e + e;
    let v = e2 / (e + of_log_unit(s, TWO));
    let residual = e.fma(-v, v.fma(of_log_unit(s, MINUS_TWO), e2)) * of_log_unit(s, QUARTER);
    let inverse = e.fma(of_log_unit(s, SLOPE), of_log_unit(s, START));
    let low = (e_low + residual).fma(inverse, residual);
    let w = v * v;
    let series = fours_of::<S, S::F64, 10, 16>(s, w, w * w, &LOG_UNIT, A);
    let (sum, rest) = two_sum(m, v);
    let mut out = sum + (rest + (v * w).fma(series, low));
    let far = !d.gt(s.lit(-700.0));
    let cancelled = out.abs().lt(m * of_log_unit(s, CANCELLED));
    let rare = far | cancelled;
    if s.enter_slow(rare) {
        let mut slow = out;
        if s.enter_slow(cancelled) {
            // A result that is all rounding error helps nobody.
            let base = choose(out.abs().lt(s.lit(1e-9)), zero, out);
            let a = reduce_f64(s, two_sum(m, -base));
            let b = reduce_f64(s, two_sum(n, -base));
            let (d, low) = log1p_tiny_f64(s, sum_less_1_f64(s, a, b));
            let better = base + (d + low);
            slow = s.leave_slow(cancelled, better, slow);
        }
        let (a, b, k) = exp_parts_f64(s, d, d_low);
        let tail = plus_tiny_f64(s, m, a, b, k);
        let tail = choose(x.is_nan() | y.is_nan(), x + y, tail);
        out = s.leave_slow(rare, choose(far, tail, slow), out);
    }
    out
}

/// log2(2^x + 2^y).
#[inline(always)]
pub fn logaddexp2_f64<S: Shape>(s: S, x: S::F64, y: S::F64) -> S::F64 {
    let zero: S::F64 = s.lit(0.0);
    let ln2 = (s.lit(LN2), s.lit(LN2_REST));
    let first = x.gt(y);
    let m = choose(first, x, y);
    let n = choose(first, y, x);
    let d = two_sum(n, -m);
    let (d_ln2, d_ln2_low) = mul_pairs(d, ln2);
    let (a, b, k) = exp_parts_f64(s, d_ln2, d_ln2_low);
    let (e, e_low) = small_exp_f64(s, a, b, k);
    let (u, u_low) = log1p_unit_f64(s, e, e_low);
    let (u, rest) = two_prod(u, s.lit(LOG2_E));
    let u_low = u_low.fma(s.lit(LOG2_E), u.fma(s.lit(LOG2_E_REST * LN2), rest));
    let (sum, rest) = two_sum(m, u);
    let mut out = sum + (rest + u_low);
    let far = !d.0.gt(s.lit(-1010.0));
    let cancelled = out.abs().lt(m * s.lit(-0.4));
    let rare = far | cancelled;
    if s.enter_slow(rare) {
        let mut slow = out;
        if s.enter_slow(cancelled) {
            let base = choose(out.abs().lt(s.lit(1e-9)), zero, out);
            let a = reduce2_f64(s, two_sum(m, -base));
            let b = reduce2_f64(s, two_sum(n, -base));
            let d = log1p_tiny_f64(s, sum_less_1_f64(s, a, b));
            let (d, low) = mul_pairs(d, (s.lit(LOG2_E), s.lit(LOG2_E_REST)));
            let better = base + (d + low);
            slow = s.leave_slow(cancelled, better, slow);
        }
        // 2^d / ln 2, in two parts before it is scaled.
        let half = (s.lit(0.5 * LOG2_E), s.lit(0.5 * LOG2_E_REST));
        let (p, p_low) = mul_pairs((a, b), half);
        let tail = plus_tiny_f64(s, m, p, p_low, k + s.lit(1.0));
        let tail = choose(x.is_nan() | y.is_nan(), x + y, tail);
        out = s.leave_slow(rare, choose(far, tail, slow), out);
    }
    out
}

/// `log(e^m + e^n)` where that is nearly 0, to the digits of f32, of reduced exponents.
#[inline(always)]
fn near_0_f64<S: Shape>(s: S, m: (S::F64, Pair<S::F64>), n: (S::F64, Pair<S::F64>)) -> S::F64 {
    // log(1 + d) for |d| < 0.03.
    let d = sum_less_1_f64(s, m, n).0;
    let series = horner(s, d, [-0.5, 1.0 / 3.0, -0.25, 0.2, -1.0 / 6.0]);
    (d * d).fma(series, d)
}

/// log(e^x + e^y).
#[inline(always)]
pub fn logaddexp_f32<S: Shape>(s: S, x: S::F32, y: S::F32) -> S::F32 {
    let (x, y) = (x.to_f64(), y.to_f64());
    let first = x.gt(y);
    let m = choose(first, x, y);
    let n = choose(first, y, x);
    let d = n - m;
    let far = d.lt(s.lit(-200.0));
    let u = log1p_exp2_short_f64(s, choose(far, s.lit(-300.0), d * s.lit(LOG2_E)));
    let mut out = m + u;
    let lost = out.is_nan();
    let rare = lost | out.abs().lt(m * s.lit(-0.03));
    if s.enter_slow(rare) {
        let zero: S::F64 = s.lit(0.0);
        let near = near_0_f64(s, reduce_f64(s, (m, zero)), reduce_f64(s, (n, zero)));
        // Equal infinities have no difference.
        let number = choose(x.is_nan() | y.is_nan(), x + y, m);
        out = s.leave_slow(rare, choose(lost, number, near), out);
    }
    out.to_f32()
}

/// log2(2^x + 2^y).
#[inline(always)]
pub fn logaddexp2_f32<S: Shape>(s: S, x: S::F32, y: S::F32) -> S::F32 {
    let (x, y) = (x.to_f64(), y.to_f64());
    let first = x.gt(y);
    let m = choose(first, x, y);
    let n = choose(first, y, x);
    let d = n - m;
    let far = d.lt(s.lit(-300.0));
    let u = log1p_exp2_short_f64(s, choose(far, s.lit(-300.0), d));
    let mut out = u.fma(s.lit(LOG2_E), m);
    let lost = out.is_nan();
    let rare = lost | out.abs().lt(m * s.lit(-0.03));
    if s.enter_slow(rare) {
        let zero: S::F64 = s.lit(0.0);
        let near = near_0_f64(s, reduce2_f64(s, (m, zero)), reduce2_f64(s, (n, zero)));
        let number = choose(x.is_nan() | y.is_nan(), x + y, m);
        out = s.leave_slow(rare, choose(lost, number, near * s.lit(LOG2_E)), out);
    }
    out.to_f32()
}

/// x log(y).
#[inline(always)]
pub fn xlogy_f64<S: Shape>(s: S, x: S::F64, y: S::F64) -> S::F64 {
    let zero: S::F64 = s.lit(0.0);
    let (sum, rest) = log_sum_f64(s, y, 0.0);
    let mut out = x.fma(sum, x * rest);
    // A tiny x loses digits of the small product.
    let ax = x.abs();
    let finite = ax.lt(s.lit(f64::INFINITY));
    let odd = !(ordinary_f64(s, y) & finite & ax.gt(s.lit(1e-280)));
    if s.enter_slow(odd) {
        let tiny = y.gt(zero) & y.lt(s.lit(f64::MIN_POSITIVE));
        let (high, low) = log_sum_f64(s, y * s.lit(18014398509481984.0), -54.0);
        let (sum, rest) = (choose(tiny, high, sum), choose(tiny, low, rest));
        // 2^200 up and down.
        let up = x * s.lit(1606938044258990275541962092341162602522202993782792835301376.0);
        let small = up.fma(sum, up * rest)
            * s.lit(1.0 / 1606938044258990275541962092341162602522202993782792835301376.0);
        let product = choose(ax.lt(s.lit(1e-270)), small, x.fma(sum, x * rest));
        let product = choose(finite, product, x * sum);
        let number = y.gt(zero) & y.lt(s.lit(f64::INFINITY));
        let r = choose(number, product, x * edges_f64(s, y, sum));
        let none = x.eq(zero) & y.eq(y);
        out = s.leave_slow(odd, choose(none, zero, r), out);
    }
    out
}

/// x log(y).
#[inline(always)]
pub fn xlogy_f32<S: Shape>(s: S, x: S::F32, y: S::F32) -> S::F32 {
    let (x, y) = (x.to_f64(), y.to_f64());
    let zero: S::F64 = s.lit(0.0);
    let log = log2_short_f64(s, y) * s.lit(LN2);
    let mut out = x * log;
    let odd = !(ordinary_f64(s, y) & x.ne(zero));
    if s.enter_slow(odd) {
        let none = x.eq(zero) & y.eq(y);
        out = s.leave_slow(odd, choose(none, zero, x * edges_f64(s, y, log)), out);
    }
    out.to_f32()
}
