//! Powers and roots.
//!
//! pow is `e^(y log|x|)`: the logarithm in two parts, the product exact in two, and the exponential of both:
//!
//! ```text
//! x = 2^k (1 + f),  1 + f in sqrt(1/2)..sqrt(2)
//! v = 2 f / (2 + f), and what its rounding lost; w = v^2, too
//! log(1 + f) = v + v a,  a = w (1/12 + w p(w))      a in two parts; p minimax, 2^-66 of the logarithm
//! log x = k ln2 + log(1 + f)                        off by about 2^-64 of itself
//! h + l = y log x = n ln2/16 + r                    n whole, |r| <= ln2/32; the exponential as exp's
//! ```
//!
//! p by Sollya's fpminimax. The quotient's residual
//! needs a factor 1 / (2 + f) that is 1/2 - v/4, and as the derivative of the logarithm 1 / (1 - w/4), of which
//! a straight line is enough. The CPU waits for these steps rather than being full: small parts are added
//! in the order in which they come.
//!
//! A slow path does negative bases (the sign of odd powers), and inside it another one the results
//! that overflow or become subnormal (rounded once) and the special values: with [`log_parts_f64`] and
//! [`exp_parts_f64`], which are the same to more digits. For f32 it is `2^(y log2|x|)` in double precision, both
//! functions with the tables of [`log2`](super::log2) and [`exp2`](super::exp2) and shorter polynomials.
//!
//! cbrt starts from the bits of |x| divided by -3, which is 1 / cbrt(x) to 4 %; a polynomial in the
//! residual 1 - x r^3 makes 30 bits of it, and one step of Newton with the residual of the cube in two
//! parts makes it the nearest number but for a few. hypot, rsqrt likewise correct the hardware's
//! square root by its residual, which an fma gives exactly.

use super::exponential::{SIXTEENTH_HIGH, SIXTEENTH_LOW, more_f64, sixteenths_f64};
use super::functions;
use super::integers::{integer_power, power_8};
use super::logarithm::{MINUS_LOG2, ROOT, log_parts_f64, ordinary_f64, reduced_f64};
use super::parts::*;
use crate::lanes::{Constants, Float, Integer, Lane, Number, Shape};

functions! {
    /// `x` to the power `y`.
    ///
    /// x^0 and 1^y are 1, for NaN too; a negative base with a power that is not whole gives NaN. All
    /// special values are those of C's Annex F.
    ///
    /// Powers of integers wrap. A negative one is that of `1 / x`, rounded towards zero: 1 and -1 have
    /// theirs, all others, zero too, give 0.
    pow(x: T, y: T) -> T {
        f64: pow_f64, 0.9, 90;
        f32: pow_f32, 0.51, 70;
        i8 in i32: power_8, 0.0, 26;
        i16: integer_power, 0.0, 26;
        i32: integer_power, 0.0, 26;
        i64: integer_power, 0.0, 26;
        u8: integer_power, 0.0, 26;
        u16: integer_power, 0.0, 26;
        u32: integer_power, 0.0, 26;
        u64: integer_power, 0.0, 26;
    }
    /// The cube root of `x`.
    ///
    /// Zeros and infinities give themselves; a negative number has a negative root.
    cbrt(x: T) -> T {
        f64: cbrt_f64, 0.52, 34;
        f32: cbrt_f32, 0.51, 30;
    }
    /// The reciprocal of the square root of `x`.
    ///
    /// Infinity gives 0, a zero infinity of its sign, anything below NaN.
    rsqrt(x: T) -> T {
        f64: rsqrt_f64, 0.51, 40;
        f32: rsqrt_f32, 0.51, 24;
    }
    /// The square root of `x`.
    ///
    /// Zeros and infinity give themselves, anything below NaN.
    sqrt(x: T) -> T {
        f64: sqrt_f64, 0.5, 18;
        f32: sqrt_f32, 0.5, 10;
    }
    /// The square root of the sum of the squares of `x` and `y`, which can't overflow or underflow on
    /// the way.
    ///
    /// If one is infinite, so is the result, whatever the other is, NaN included.
    hypot(x: T, y: T) -> T {
        f64: hypot_f64, 0.51, 50;
        f32: hypot_f32, 0.51, 40;
    }
}

/// 42 bits of ln 2, so that the product with k is exact; and the rest.
const LN2_HIGH: f64 = f64::from_bits(0x3fe62e42fefa3800);
const LN2_LOW: f64 = f64::from_bits(0x3d2ef35793c76730);

/// `e^(high + low)` as `(a, b, k)`, which is 2^k (a + b), to 2^-60, where `low` is no more than a few
/// ULP of `high`, and that in -1100..=1100. a is in 0.7..1.42, b small beside it.
#[inline(always)]
pub(crate) fn exp_parts_f64<S: Shape>(s: S, high: S::F64, low: S::F64) -> (S::F64, S::F64, S::F64) {
    let k = (high * s.lit(core::f64::consts::LOG2_E)).rint();
    let r = k.fma(s.lit(-LN2_HIGH), high);
    let (r, lost) = fast_two_sum(r, k.fma(s.lit(-LN2_LOW), low));
    let rr = r * r;
    let q = halves(
        s,
        r,
        rr,
        [
            0.166666666666666685170383743752609007060527801513671875,
            4.166666666666667129259593593815225176513195037841796875e-2,
            8.33333333332887497835184120731355505995452404022216796875e-3,
            1.3888888888881748863435294794044239097274839878082275390625e-3,
            1.98412698666278176050370429805980165838263928890228271484375e-4,
            2.480158733191613955825459425508228150647482834756374359130859375e-5,
            2.75572644733086805879612550540525006681491504423320293426513671875e-6,
            2.755726634165800121046836605731567004795579123310744762420654296875e-7,
            2.5101867749518046931157607575858803361512627816409803926944732666015625e-8,
            2.091744344973951126733566530688061824161394497423316352069377899169921875e-9,
        ],
    );
    let (a, rest) = fast_two_sum(s.lit(1.0), r);
    let b = (rr * r).fma(q, rr.fma(s.lit(0.5), rest + r.fma(lost, lost)));
    (a, b, k)
}

/// `2^k (a + b)` rounded once, as [`exp_parts_f64`] gives it, whatever the size: subnormal, 0 or infinite.
#[inline(always)]
pub(crate) fn scale_sum_f64<S: Shape>(s: S, a: S::F64, b: S::F64, k: S::F64) -> S::F64 {
    // A power of two so large that adding it rounds a where the subnormal result ends.
    let small = k.lt(s.lit(-1022.0)) | (k.eq(s.lit(-1022.0)) & a.lt(s.lit(1.0)));
    let base = exp2i_f64(s, choose(small, s.lit::<S::F64>(-1022.0) - k, s.lit(0.0)));
    let (sum, rest) = fast_two_sum(base, a);
    let short = (sum + (rest + b)) - base;
    scale_f64(s, choose(small, short, a + b), k)
}

/// `|x|^y` to `x^y`, but for NaN: the sign, what has none, and the ends.
#[inline(always)]
fn pow_edges_f64<S: Shape>(s: S, x: S::F64, y: S::F64, power: S::F64) -> S::F64 {
    let zero: S::F64 = s.lit(0.0);
    let infinity: S::F64 = s.lit(f64::INFINITY);
    let one: S::F64 = s.lit(1.0);
    let ax = x.abs();
    let ends = ax.eq(zero) | ax.eq(infinity) | y.abs().eq(infinity);
    let up = !(ax.gt(one) ^ y.gt(zero));
    let r = choose(ends, choose(up, infinity, zero), power);
    let r = choose(ax.eq(one), one, r);
    let r = pow_sign_f64(s, x, y, r);
    let r = choose(x.is_nan() | y.is_nan(), x + y, r);
    choose(y.eq(zero) | x.eq(one), one, r)
}

/// The power of `|x|` to that of `x`, where y is a number.
#[inline(always)]
fn pow_sign_f64<S: Shape>(s: S, x: S::F64, y: S::F64, power: S::F64) -> S::F64 {
    let half = y * s.lit(0.5);
    let odd = y.rint().eq(y) & half.rint().ne(half);
    let r = choose(odd, power.copysign(x), power);
    let below = x.lt(s.lit(0.0)) & x.gt(s.lit(f64::NEG_INFINITY));
    choose(below & y.rint().ne(y), s.lit(f64::NAN), r)
}

/// `y log(x)` in two parts.
#[inline(always)]
fn exponent_f64<S: Shape>(s: S, x: S::F64, bias: S::F64, y: S::F64) -> (S::F64, S::F64) {
    let (log, log_low) = log_parts_f64(s, x, bias);
    let (high, low) = two_prod(y, log);
    (high, y.fma(log_low, low))
}

const ONE: usize = 0;
const TWO: usize = 1;
const MINUS_TWO: usize = 2;
const QUARTER: usize = 3;
const HALF: usize = 4;
const BIAS: usize = 5;
const LINE: usize = 6;
const TWELFTH: usize = 7;
const TWELFTH_LOW: usize = 8;
const P: usize = 9;
/// Plain numbers, of the last of which see [`power_log_f64`]; 1/12 in two parts; `p`.
static POWER_LOG: Constants<f64, 16> = Constants::new([
    1.0,
    2.0,
    -2.0,
    -0.25,
    0.5,
    4503599627370496.0 + 1023.0,
    0.2565,
    f64::from_bits(0x3fb5555555555555),
    f64::from_bits(0x3c55555555555555),
    1.250000000000070325689716099759607459418475627899169921875e-2,
    2.232142857039233312110848572729082661680877208709716796875e-3,
    4.34027783583415950434403196567245686310343444347381591796875e-4,
    8.87782441671517981267303110115562958526425063610076904296875e-5,
    1.878266067202640225881904445515147017431445419788360595703125e-5,
    4.0456714696081618449596643827259612180569092743098735809326171875e-6,
    1.00677356060645023690114374659287932445295152048370361328125e-6,
]);

pub(crate) const EXP_ONE: usize = 0;
pub(crate) const EXP_INVERSE: usize = 1;
pub(crate) const EXP_SHIFT: usize = 2;
pub(crate) const EXP_LN2_HIGH: usize = 3;
pub(crate) const EXP_LN2_LOW: usize = 4;
pub(crate) const EXP_Q: usize = 5;
/// 1; 1 / ln2, the shift to a whole number, ln2 in two parts; and `q` in `e^r = 1 + r + r^2 q(r)`.
pub(crate) static EXP: Constants<f64, 15> = Constants::new([
    1.0,
    core::f64::consts::LOG2_E,
    SHIFT_F64,
    LN2_HIGH,
    LN2_LOW,
    0.5000000000000011102230246251565404236316680908203125,
    0.1666666666666641039018514902636525221168994903564453125,
    4.1666666666525971340906409068338689394295215606689453125e-2,
    8.33333333349496434284576462576093035750091075897216796875e-3,
    1.3888888944789423186831900380866500199772417545318603515625e-3,
    1.9841269507533707363612640607495107450280920602381229400634765625e-4,
    2.480149183643691238022009615260543569092988036572933197021484375e-5,
    2.75575836151157612142494589269059446223764098249375820159912109375e-6,
    2.76307197953974840995742222327091752731575979851186275482177734375e-7,
    2.50015510827343404530635566873345283344280087374499998986721038818359375e-8,
]);

/// One of [`POWER_LOG`].
#[inline(always)]
fn of_log<S: Shape>(s: S, i: usize) -> S::F64 {
    S::F64::constant(s, &POWER_LOG, i)
}

/// One of [`EXP`].
#[inline(always)]
pub(crate) fn of_exp<S: Shape>(s: S, i: usize) -> S::F64 {
    S::F64::constant(s, &EXP, i)
}

/// `log(x)` in two parts, to about 2^-64, for positive normal numbers.
#[inline(always)]
fn power_log_f64<S: Shape>(s: S, x: S::F64) -> (S::F64, S::F64) {
    let moved = x.to_bits() + s.lit(1.0f64.to_bits() - ROOT);
    let k = moved.shr(s.lit(52)) | s.lit(4503599627370496.0f64.to_bits());
    let k = S::F64::from_bits(k) - of_log(s, BIAS);
    let m = S::F64::from_bits((moved & s.lit((1 << 52) - 1)) + s.lit(ROOT));
    let f = m - of_log(s, ONE);
    let f2 = f + f;
    let v = f2 / (f + of_log(s, TWO));
    // 2f - v (2 + f): the first product is exact, and so is what it leaves.
    let residual = f.fma(-v, v.fma(of_log(s, MINUS_TWO), f2));
    let w = v * v;
    let w_low = v.fma(v, -w);
    let factor =
        v.fma(of_log(s, QUARTER), of_log(s, HALF)) * w.fma(of_log(s, LINE), of_log(s, ONE));
    let other = residual.fma(factor, k * of_exp(s, EXP_LN2_LOW));
    let p = fours_of::<S, S::F64, 7, 16>(s, w, w * w, &POWER_LOG, P);
    let twelfth = of_log(s, TWELFTH);
    let q = w.fma(p, twelfth);
    let q_low = w.fma(p, twelfth - q) + of_log(s, TWELFTH_LOW);
    let a = w * q;
    let a_low = w.fma(q_low, w_low.fma(q, w.fma(q, -a)));
    let log = v.fma(a, v);
    let low = v.fma(a_low, v.fma(a, v - log));
    let (sum, rest) = fast_two_sum(k * of_exp(s, EXP_LN2_HIGH), log);
    (sum, low + (rest + other))
}

/// `x` to the power `y`.
#[inline(always)]
pub fn pow_f64<S: Shape>(s: S, x: S::F64, y: S::F64) -> S::F64 {
    let ax = x.abs();
    let (log, log_low) = power_log_f64(s, ax);
    let (high, low) = two_prod(y, log);
    let shifted = high.fma(s.lit(16.0 * core::f64::consts::LOG2_E), s.lit(SHIFT_F64));
    let n = shifted - s.lit(SHIFT_F64);
    let low = y.fma(log_low, n.fma(s.lit(-SIXTEENTH_LOW), low));
    let r = n.fma(s.lit(-SIXTEENTH_HIGH), high) + low;
    let (which, _, power) = sixteenths_f64(s, shifted);
    let mut out = power.fma(more_f64(s, r, which), power);
    let far = !high.abs().lt(s.lit(708.0));
    // A positive normal number: what the lowest of them leaves is no more than what the largest does.
    let from_lowest = x.to_bits() - s.lit(f64::MIN_POSITIVE.to_bits());
    let range = s.lit(f64::INFINITY.to_bits() - f64::MIN_POSITIVE.to_bits());
    let rare = !from_lowest.lt(range) | far;
    if s.enter_slow(rare) {
        let mut slow = pow_sign_f64(s, x, y, out);
        let hard = !ordinary_f64(s, ax) | far;
        if s.enter_slow(hard) {
            let tiny = ax.lt(s.lit(f64::MIN_POSITIVE));
            let scaled = choose(tiny, ax * s.lit(18014398509481984.0), ax);
            let bias = choose(tiny, s.lit(-54.0), s.lit(0.0));
            let (high, low) = exponent_f64(s, scaled, bias, y);
            let (a, b, k) = exp_parts_f64(s, high, low);
            let r = scale_sum_f64(s, a, b, k);
            let r = choose(high.gt(s.lit(710.0)), s.lit(f64::INFINITY), r);
            let r = choose(high.lt(s.lit(-746.0)), s.lit(0.0), r);
            slow = s.leave_slow(hard, pow_edges_f64(s, x, y, r), slow);
        }
        out = s.leave_slow(rare, slow, out);
    }
    out
}

/// `log2(x)` to 2^-43, for positive normal numbers.
#[inline(always)]
pub(crate) fn log2_short_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let (k, r, which, _) = reduced_f64(s, x);
    let p = halves(
        s,
        r,
        r * r,
        [
            f64::from_bits(0x3ff71547652b82f8),
            f64::from_bits(0xbfe71547652ec562),
            f64::from_bits(0x3fdec709dc463b57),
            f64::from_bits(0xbfd71546a5869ded),
            f64::from_bits(0x3fd2776b67650477),
            f64::from_bits(0xbfced20a713b8dc1),
            f64::from_bits(0x3fca6c74067ba31a),
        ],
    );
    r.fma(p, k + S::F64::lookup(&MINUS_LOG2, which))
}

/// `2^x` to 2^-37, for -1022..1023.4.
#[inline(always)]
pub(crate) fn exp2_short_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let shifted = x + s.lit(SHIFT_F64 / 16.0);
    let r = x - (shifted - s.lit(SHIFT_F64 / 16.0));
    let p = halves(
        s,
        r,
        r * r,
        [
            f64::from_bits(0x3fe62e42fee44af5),
            f64::from_bits(0x3fcebfbdff5a3adf),
            f64::from_bits(0x3fac6b349e83a49b),
            f64::from_bits(0x3f83b2c9c82baac9),
        ],
    );
    let (_, _, power) = sixteenths_f64(s, shifted);
    power.fma(r * p, power)
}

/// `x` to the power `y`.
#[inline(always)]
pub fn pow_f32<S: Shape>(s: S, x: S::F32, y: S::F32) -> S::F32 {
    let (x, y) = (x.to_f64(), y.to_f64());
    let ax = x.abs();
    let exponent = y * log2_short_f64(s, ax);
    let mut out = exp2_short_f64(s, exponent);
    let near = exponent.abs().lt(s.lit(1000.0));
    let rare = !(ordinary_f64(s, x) & near);
    if s.enter_slow(rare) {
        let mut slow = pow_sign_f64(s, x, y, out);
        let hard = !(ordinary_f64(s, ax) & near);
        if s.enter_slow(hard) {
            let r = choose(exponent.gt(s.lit(0.0)), s.lit(f64::INFINITY), s.lit(0.0));
            slow = s.leave_slow(hard, pow_edges_f64(s, x, y, r), slow);
        }
        out = s.leave_slow(rare, slow, out);
    }
    out.to_f32()
}

/// The cube root of a positive number, 1e-290 or larger; anything of others.
#[inline(always)]
fn cbrt_normal_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    // The bits as a number, 2^12 lost: times -1/3, plus what centres the error.
    const TWO_52: f64 = 4503599627370496.0;
    const CENTRE: f64 = 1499659093495775.0;
    let bits = S::F64::from_bits(x.to_bits().shr(s.lit(12)) | s.lit(TWO_52.to_bits()));
    let third = (bits - s.lit(TWO_52)).fma(s.lit(-1.0 / 3.0), s.lit(TWO_52 + CENTRE));
    let r = S::F64::from_bits(third.to_bits().shl(s.lit(12)));
    // (1 - h)^(-1/3) = 1 + h q(h) for |h| < 0.1023.
    let rr = r * r;
    let h = rr.fma(-(x * r), s.lit(1.0));
    let q = halves(
        s,
        h,
        h * h,
        [
            0.33333333698580946968803573327022604644298553466796875,
            0.22222224239208532292622066961484961211681365966796875,
            0.172833234968965410160990359145216643810272216796875,
            0.1440207425754335412992901410689228214323520660400390625,
            0.1264209663369329217363912221117061562836170196533203125,
            0.1129101702698178943951035080317524261772632598876953125,
        ],
    );
    let r = (r * h).fma(q, r);
    // A step of Newton for the cube: c + (x - c^3) / (3 c^2).
    let rr = r * r;
    let c = x * rr;
    let (square, low) = two_prod(c, c);
    let residual = low.fma(-c, square.fma(-c, x));
    (rr * s.lit(1.0 / 3.0)).fma(residual, c)
}

/// The cube root.
#[inline(always)]
pub fn cbrt_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let ax = x.abs();
    let mut out = cbrt_normal_f64(s, ax).copysign(x);
    let odd = !(ax.gt(s.lit(1e-290)) & ax.lt(s.lit(f64::INFINITY)));
    if s.enter_slow(odd) {
        // 2^180 up, 2^60 down.
        let up = cbrt_normal_f64(
            s,
            ax * s.lit(1532495540865888858358347027150309183618739122183602176.0),
        );
        let scaled = (up * s.lit(1.0 / 1152921504606846976.0)).copysign(x);
        let number = x.ne(s.lit(0.0)) & ax.lt(s.lit(1.0));
        out = s.leave_slow(odd, choose(number, scaled, x + x), out);
    }
    out
}

/// The cube root of a positive number, 1e-30 or larger; anything of others.
#[inline(always)]
fn cbrt_normal_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    const TWO_23: f32 = 8388608.0;
    const CENTRE: f32 = 2773243.0;
    let bits = S::F32::from_bits(x.to_bits().shr(s.lit(9)) | s.lit(TWO_23.to_bits()));
    let third = (bits - s.lit(TWO_23)).fma(s.lit(-1.0 / 3.0), s.lit(TWO_23 + CENTRE));
    let r = S::F32::from_bits(third.to_bits().shl(s.lit(9)));
    let rr = r * r;
    let h = rr.fma(-(x * r), s.lit(1.0));
    let q = horner(
        s,
        h,
        [0.3333298861980438232421875, 0.22336040437221527099609375, 0.17448590695858001708984375],
    );
    let r = (r * h).fma(q, r);
    let rr = r * r;
    let c = x * rr;
    let (square, low) = two_prod(c, c);
    let residual = low.fma(-c, square.fma(-c, x));
    (rr * s.lit(1.0 / 3.0)).fma(residual, c)
}

/// The cube root.
#[inline(always)]
pub fn cbrt_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let ax = x.abs();
    let mut out = cbrt_normal_f32(s, ax).copysign(x);
    let odd = !(ax.gt(s.lit(1e-28)) & ax.lt(s.lit(f32::INFINITY)));
    if s.enter_slow(odd) {
        // 2^90 up, 2^30 down.
        let up = cbrt_normal_f32(s, ax * s.lit(1237940039285380274899124224.0));
        let scaled = (up * s.lit(1.0 / 1073741824.0)).copysign(x);
        let number = x.ne(s.lit(0.0)) & ax.lt(s.lit(1.0));
        out = s.leave_slow(odd, choose(number, scaled, x + x), out);
    }
    out
}

/// The reciprocal of a square root, where neither overflows: the quotient of the rounded root,
/// corrected by the residuals of root and quotient.
#[inline(always)]
fn rsqrt_normal<V: Float>(x: V, one: V, half: V) -> V {
    let root = x.sqrt();
    let r = one / root;
    let quotient = root.fma(-r, one);
    let square = root.fma(-root, x);
    r.fma((r * r * half).fma(-square, quotient), r)
}

/// The reciprocal of the square root.
#[inline(always)]
pub fn rsqrt_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let (one, half) = (s.lit(1.0), s.lit(0.5));
    let mut out = rsqrt_normal(x, one, half);
    let odd = !(x.gt(s.lit(1e-280)) & x.lt(s.lit(f64::INFINITY)));
    if s.enter_slow(odd) {
        // 2^200 and its root.
        let up = x * s.lit(1606938044258990275541962092341162602522202993782792835301376.0);
        let scaled = rsqrt_normal(up, one, half) * s.lit(1267650600228229401496703205376.0);
        let number = x.gt(s.lit(0.0)) & x.lt(one);
        let special = s.lit::<S::F64>(1.0) / x.sqrt();
        out = s.leave_slow(odd, choose(number, scaled, special), out);
    }
    out
}

/// The reciprocal of the square root.
#[inline(always)]
pub fn rsqrt_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let (one, half) = (s.lit(1.0), s.lit(0.5));
    let mut out = rsqrt_normal(x, one, half);
    let odd = !(x.gt(s.lit(1e-28)) & x.lt(s.lit(f32::INFINITY)));
    if s.enter_slow(odd) {
        // 2^80 and its root.
        let up = x * s.lit(1208925819614629174706176.0);
        let scaled = rsqrt_normal(up, one, half) * s.lit(1099511627776.0);
        let number = x.gt(s.lit(0.0)) & x.lt(one);
        let special = s.lit::<S::F32>(1.0) / x.sqrt();
        out = s.leave_slow(odd, choose(number, scaled, special), out);
    }
    out
}

/// The square root.
#[inline(always)]
pub fn sqrt_f64<S: Shape>(_: S, x: S::F64) -> S::F64 {
    x.sqrt()
}

/// The square root.
#[inline(always)]
pub fn sqrt_f32<S: Shape>(_: S, x: S::F32) -> S::F32 {
    x.sqrt()
}

/// The hypotenuse for `large >= small >= 0`, of a size whose squares are numbers, as the rounded root
/// and its correction.
#[inline(always)]
fn hypot_normal_f64<S: Shape>(s: S, large: S::F64, small: S::F64) -> (S::F64, S::F64) {
    let (a, a_low) = two_prod(large, large);
    let (b, b_low) = two_prod(small, small);
    let (sum, rest) = fast_two_sum(a, b);
    let root = sum.sqrt();
    let residual = root.fma(-root, sum) + (rest + (a_low + b_low));
    (root, residual * (s.lit::<S::F64>(0.5) / root))
}

/// The hypotenuse.
#[inline(always)]
pub fn hypot_f64<S: Shape>(s: S, x: S::F64, y: S::F64) -> S::F64 {
    let (ax, ay) = (x.abs(), y.abs());
    let swap = ax.lt(ay);
    let large = choose(swap, ay, ax);
    let small = choose(swap, ax, ay);
    let (root, low) = hypot_normal_f64(s, large, small);
    let mut out = root + low;
    // Where the larger one is not tiny, what the square of the smaller one loses doesn't matter.
    let odd = !(large.gt(s.lit(1e-120)) & large.lt(s.lit(1e150)));
    if s.enter_slow(odd) {
        // 2^600 up or down.
        let up = f64::from_bits((1023 + 600) << 52);
        let down = f64::from_bits((1023 - 600) << 52);
        let tiny = large.lt(s.lit(1.0));
        let scale = choose(tiny, s.lit(up), s.lit(down));
        let back = choose(tiny, s.lit(down), s.lit(up));
        let (root, low) = hypot_normal_f64(s, large * scale, small * scale);
        // A number that adding rounds where the subnormal results end.
        let border: S::F64 = s.lit(f64::from_bits((1023 - 1022 + 600) << 52));
        let (sum, rest) = fast_two_sum(border, root);
        let short = (sum + (rest + low)) - border;
        let r = choose(tiny & root.lt(border), short, root + low) * back;
        let r = choose(large.eq(s.lit(0.0)), large + small, r);
        let infinite = ax.eq(s.lit(f64::INFINITY)) | ay.eq(s.lit(f64::INFINITY));
        out = s.leave_slow(odd, choose(infinite, s.lit(f64::INFINITY), r), out);
    }
    out
}

/// The hypotenuse.
#[inline(always)]
pub fn hypot_f32<S: Shape>(s: S, x: S::F32, y: S::F32) -> S::F32 {
    // The squares are exact in double precision.
    let (a, b) = (x.to_f64(), y.to_f64());
    let mut out = a.fma(a, b * b).sqrt().to_f32();
    let odd = out.is_nan();
    if s.enter_slow(odd) {
        let infinite = x.abs().eq(s.lit(f32::INFINITY)) | y.abs().eq(s.lit(f32::INFINITY));
        out = s.leave_slow(odd, choose(infinite, s.lit(f32::INFINITY), out), out);
    }
    out
}
