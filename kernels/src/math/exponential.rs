//! The exponentials.
//!
//! ```text
//! x = k ln2 + r,  |r| <= ln2 / 2         the whole k by rounding, r in two steps (Cody and Waite);
//!                                        for 2^x and 10^x, r is what is left of x times ln 2 or ln 10
//! e^r = 1 + (r + r^2/2 + r^3 q(r))        q: minimax, fitted for doubles with Sollya's fpminimax
//!       (for e^x - 1 on an interval a little to the right, see there)
//!       what r lost in rounding and what the outer sum loses are added to the small part
//! e^x = 2^k e^r                           by a multiplication with a power of two made from its bits
//! e^x - 1                                 the sum again, without its 1, as an exact one and its rest
//! ```
//!
//! Beyond the range in which 2^k is a normal number a slow path scales in two steps: results that are
//! subnormal are rounded a second time, which the bounds count.

use super::functions;
use super::parts::*;
use crate::lanes::{Float, Number, Shape};

functions! {
    /// The exponential of `x`: e to the power x.
    ///
    /// NaN gives NaN, -infinity 0, infinity itself; from 709.79 (f32: 88.73) on the result is infinite.
    exp(x: T) -> T {
        f64: exp_f64, 0.8, 26;
        f32: exp_f32, 0.8, 25;
    }

    /// 2 to the power x; exact where x is a whole number.
    ///
    /// NaN gives NaN, -infinity 0, infinity itself; from 1024 (f32: 128) on the result is infinite.
    exp2(x: T) -> T {
        f64: exp2_f64, 0.8, 26;
        f32: exp2_f32, 0.8, 25;
    }

    /// 10 to the power x.
    ///
    /// NaN gives NaN, -infinity 0, infinity itself; from 308.26 (f32: 38.54) on the result is infinite.
    exp10(x: T) -> T {
        f64: exp10_f64, 0.8, 30;
        f32: exp10_f32, 0.8, 28;
    }

    /// The exponential of `x` less 1, also where that is tiny.
    ///
    /// NaN gives NaN, -infinity -1, infinity itself, a zero itself; from 709.79 (f32: 88.73) on the
    /// result is infinite.
    expm1(x: T) -> T {
        f64: expm1_f64, 0.9, 36;
        f32: expm1_f32, 0.9, 34;
    }
}

/// `q` in `e^r = 1 + r + r^2 / 2 + r^3 q(r)`, for `r` in -0.347..=0.347.
const Q_F64: [f64; 10] = [
    0.1666666666666667129259593593815225176513195037841796875,
    4.166666666666664353702032030923874117434024810791015625e-2,
    8.3333333333259033970374929367608274333178997039794921875e-3,
    1.38888888889050440313133183423133232281543314456939697265625e-3,
    1.984126987538077418939813645337721936812158674001693725585937e-4,
    2.480158727187474441695617943803853222561883740127086639404297e-5,
    2.755725486264510658664713543819502206132620347827672958374023e-6,
    2.75573269129991100821671376822076139045864489162340760231018e-7,
    2.510539565725894004295967699372932324664020597992930561304092e-8,
    2.089646969178270571708831674522834076501709432704956270754337e-9,
];

/// The same for `r` in -0.2785..=0.417.
const Q_EXPM1_F64: [f64; 10] = [
    0.16666666666666662965923251249478198587894439697265625,
    4.1666666666667122320699689907996798865497112274169921875e-2,
    8.33333333333875249382405314690913655795156955718994140625e-3,
    1.38888888883928799354572358737414106144569814205169677734375e-3,
    1.9841269820785830714504616167914718971587717533111572265625e-4,
    2.48015890639626695492181429614220178336836397647857666015625e-5,
    2.75573411811887644470180948330639836285627097822725772857666e-6,
    2.75547582365550375310811123674703537744790082797408103942871e-7,
    2.505969969613299611179961664218784900270975413150154054164886e-8,
    2.219996456234935379648539295681201888310596359588089399039745e-9,
];
/// `e^(r + low)` as a sum and its rest, for `r` in -0.35..=0.35 and `low` below its last place.
#[inline(always)]
pub(crate) fn exp_near_f64<S: Shape>(
    s: S,
    r: S::F64,
    low: S::F64,
    q: [f64; 10],
) -> (S::F64, S::F64) {
    let rr = r * r;
    let q = halves(s, r, rr, q);
    let (sum, rest) = fast_two_sum(s.lit(1.0), r);
    let small = (rr * r).fma(q, low.fma(sum, rest));
    (sum, rr.fma(s.lit(0.5), small))
}

/// `x - k ln2`, and what the rounding of that lost.
#[inline(always)]
pub(crate) fn exp_reduce_f64<S: Shape>(s: S, x: S::F64, k: S::F64) -> (S::F64, S::F64) {
    // The high part has so few bits that its product with k is exact.
    const LN2_HIGH: f64 = f64::from_bits(0x3fe62e42fee00000);
    const LN2_LOW: f64 = f64::from_bits(0x3dea39ef35793c76);
    let high = k.fma(s.lit(-LN2_HIGH), x);
    let r = k.fma(s.lit(-LN2_LOW), high);
    (r, k.fma(s.lit(-LN2_LOW), high - r))
}

/// `2^k` times what [`exp_near_f64`] gave, with the slow path for `x` beyond `-limit..limit`. Below
/// `zero` the result is 0, above `infinite` it is infinite.
#[inline(always)]
fn exp_scale_f64<S: Shape>(
    s: S,
    x: S::F64,
    shifted: S::F64,
    k: S::F64,
    y: S::F64,
    [limit, zero, infinite]: [f64; 3],
) -> S::F64 {
    let mut out = y * shifted_exp2i_f64(s, shifted);
    let far = !x.abs().lt(s.lit(limit));
    if s.enter_slow(far) {
        let scaled = scale_f64(s, y, k);
        let scaled = choose(x.gt(s.lit(infinite)), s.lit(f64::INFINITY), scaled);
        let scaled = choose(x.lt(s.lit(zero)), s.lit(0.0), scaled);
        out = s.leave_slow(far, scaled, out);
    }
    out
}

/// The exponential.
#[inline(always)]
pub fn exp_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let shifted = x.fma(s.lit(core::f64::consts::LOG2_E), s.lit(SHIFT_F64));
    let k = shifted - s.lit(SHIFT_F64);
    let (r, low) = exp_reduce_f64(s, x, k);
    let (sum, rest) = exp_near_f64(s, r, low, Q_F64);
    exp_scale_f64(s, x, shifted, k, sum + rest, [708.0, -746.0, 710.0])
}

/// 2 to a power.
#[inline(always)]
pub fn exp2_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    const LN2: f64 = core::f64::consts::LN_2;
    const LN2_LOW: f64 = f64::from_bits(0x3c7abc9e3b39803f);
    let shifted = x + s.lit(SHIFT_F64);
    let k = shifted - s.lit(SHIFT_F64);
    let r = x - k;
    let t = r * s.lit(LN2);
    let low = r.fma(s.lit(LN2_LOW), r.fma(s.lit(LN2), -t));
    let (sum, rest) = exp_near_f64(s, t, low, Q_F64);
    exp_scale_f64(s, x, shifted, k, sum + rest, [1022.0, -1076.0, 1025.0])
}

/// 10 to a power.
#[inline(always)]
pub fn exp10_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    const LOG2_10: f64 = core::f64::consts::LOG2_10;
    const LOG10_2_HIGH: f64 = f64::from_bits(0x3fd34413509f7000);
    const LOG10_2_LOW: f64 = f64::from_bits(0x3d43fde623e2566b);
    const LN10: f64 = core::f64::consts::LN_10;
    const LN10_LOW: f64 = f64::from_bits(0xbcaf48ad494ea3e9);
    let shifted = x.fma(s.lit(LOG2_10), s.lit(SHIFT_F64));
    let k = shifted - s.lit(SHIFT_F64);
    let high = k.fma(s.lit(-LOG10_2_HIGH), x);
    let r = k.fma(s.lit(-LOG10_2_LOW), high);
    let left = k.fma(s.lit(-LOG10_2_LOW), high - r);
    let t = r * s.lit(LN10);
    let low = r.fma(s.lit(LN10_LOW), r.fma(s.lit(LN10), -t));
    let low = left.fma(s.lit(LN10), low);
    let (sum, rest) = exp_near_f64(s, t, low, Q_F64);
    exp_scale_f64(s, x, shifted, k, sum + rest, [307.0, -324.0, 309.0])
}

/// The exponential less 1.
#[inline(always)]
pub fn expm1_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    // Rounded a little down: below 0 less of the result may cancel, since its last place is finer.
    let shifted = x.fma(s.lit(core::f64::consts::LOG2_E), s.lit(-0.1)) + s.lit(SHIFT_F64);
    let k = shifted - s.lit(SHIFT_F64);
    let (r, low) = exp_reduce_f64(s, x, k);
    let (sum, rest) = exp_near_f64(s, r, low, Q_EXPM1_F64);
    let power = shifted_exp2i_f64(s, shifted);
    let (high, left) = two_sum(sum * power, s.lit(-1.0));
    let mut out = high + rest.fma(power, left);
    let far = !x.abs().lt(s.lit(708.0));
    if s.enter_slow(far) {
        // Up here the 1 is far below the last place; down there it is all that is left.
        let scaled = scale_f64(s, sum + rest, k);
        let scaled = choose(x.gt(s.lit(710.0)), s.lit(f64::INFINITY), scaled);
        let scaled = choose(x.lt(s.lit(0.0)), s.lit(-1.0), scaled);
        out = s.leave_slow(far, scaled, out);
    }
    // A zero keeps its sign.
    out.copysign(x)
}

/// `q` in `e^r = 1 + r + r^2 / 2 + r^3 q(r)`, for `r` in -0.347..=0.347.
const Q_F32: [f32; 5] = [
    0.16666667163372039794921875,
    4.16665114462375640869140625e-2,
    8.333199657499790191650390625e-3,
    1.3930499553680419921875e-3,
    1.9951048307120800018310546875e-4,
];

/// The same for `r` in -0.2785..=0.417.
const Q_EXPM1_F32: [f32; 5] = [
    0.166666686534881591796875,
    4.16665934026241302490234375e-2,
    8.332266472280025482177734375e-3,
    1.3915547169744968414306640625e-3,
    2.0920819952152669429779052734375e-4,
];
/// `e^(r + low)` as a sum and its rest, for `r` in -0.35..=0.35 and `low` below its last place.
#[inline(always)]
pub(crate) fn exp_near_f32<S: Shape>(
    s: S,
    r: S::F32,
    low: S::F32,
    q: [f32; 5],
) -> (S::F32, S::F32) {
    let rr = r * r;
    let q = halves(s, r, rr, q);
    let (sum, rest) = fast_two_sum(s.lit(1.0), r);
    let small = (rr * r).fma(q, low.fma(sum, rest));
    (sum, rr.fma(s.lit(0.5), small))
}

/// `x - k ln2`, and what the rounding of that lost.
#[inline(always)]
pub(crate) fn exp_reduce_f32<S: Shape>(s: S, x: S::F32, k: S::F32) -> (S::F32, S::F32) {
    // The high part has so few bits that its product with k is exact.
    const LN2_HIGH: f32 = 0.693145751953125;
    const LN2_LOW: f32 = 1.428606765330187e-6;
    let high = k.fma(s.lit(-LN2_HIGH), x);
    let r = k.fma(s.lit(-LN2_LOW), high);
    (r, k.fma(s.lit(-LN2_LOW), high - r))
}

/// `2^k` times what [`exp_near_f32`] gave, with the slow path for `x` beyond `-limit..limit`. Below
/// `zero` the result is 0, above `infinite` it is infinite.
#[inline(always)]
fn exp_scale_f32<S: Shape>(
    s: S,
    x: S::F32,
    shifted: S::F32,
    k: S::F32,
    y: S::F32,
    [limit, zero, infinite]: [f32; 3],
) -> S::F32 {
    let mut out = y * shifted_exp2i_f32(s, shifted);
    let far = !x.abs().lt(s.lit(limit));
    if s.enter_slow(far) {
        let scaled = scale_f32(s, y, k);
        let scaled = choose(x.gt(s.lit(infinite)), s.lit(f32::INFINITY), scaled);
        let scaled = choose(x.lt(s.lit(zero)), s.lit(0.0), scaled);
        out = s.leave_slow(far, scaled, out);
    }
    out
}

/// The exponential.
#[inline(always)]
pub fn exp_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let shifted = x.fma(s.lit(core::f32::consts::LOG2_E), s.lit(SHIFT_F32));
    let k = shifted - s.lit(SHIFT_F32);
    let (r, low) = exp_reduce_f32(s, x, k);
    let (sum, rest) = exp_near_f32(s, r, low, Q_F32);
    exp_scale_f32(s, x, shifted, k, sum + rest, [87.0, -104.0, 89.0])
}

/// 2 to a power.
#[inline(always)]
pub fn exp2_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    const LN2: f32 = core::f32::consts::LN_2;
    const LN2_LOW: f32 = -1.9046542121259336e-9;
    let shifted = x + s.lit(SHIFT_F32);
    let k = shifted - s.lit(SHIFT_F32);
    let r = x - k;
    let t = r * s.lit(LN2);
    let low = r.fma(s.lit(LN2_LOW), r.fma(s.lit(LN2), -t));
    let (sum, rest) = exp_near_f32(s, t, low, Q_F32);
    exp_scale_f32(s, x, shifted, k, sum + rest, [126.0, -151.0, 129.0])
}

/// 10 to a power.
#[inline(always)]
pub fn exp10_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    const LOG2_10: f32 = core::f32::consts::LOG2_10;
    const LOG10_2_HIGH: f32 = 0.301025390625;
    const LOG10_2_LOW: f32 = 4.605039066518657e-6;
    const LN10: f32 = core::f32::consts::LN_10;
    const LN10_LOW: f32 = -3.1975435632602967e-8;
    let shifted = x.fma(s.lit(LOG2_10), s.lit(SHIFT_F32));
    let k = shifted - s.lit(SHIFT_F32);
    let high = k.fma(s.lit(-LOG10_2_HIGH), x);
    let r = k.fma(s.lit(-LOG10_2_LOW), high);
    let left = k.fma(s.lit(-LOG10_2_LOW), high - r);
    let t = r * s.lit(LN10);
    let low = r.fma(s.lit(LN10_LOW), r.fma(s.lit(LN10), -t));
    let low = left.fma(s.lit(LN10), low);
    let (sum, rest) = exp_near_f32(s, t, low, Q_F32);
    exp_scale_f32(s, x, shifted, k, sum + rest, [37.0, -46.0, 39.0])
}

/// The exponential less 1.
#[inline(always)]
pub fn expm1_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    // Rounded a little down: below 0 less of the result may cancel, since its last place is finer.
    let shifted = x.fma(s.lit(core::f32::consts::LOG2_E), s.lit(-0.1)) + s.lit(SHIFT_F32);
    let k = shifted - s.lit(SHIFT_F32);
    let (r, low) = exp_reduce_f32(s, x, k);
    let (sum, rest) = exp_near_f32(s, r, low, Q_EXPM1_F32);
    let power = shifted_exp2i_f32(s, shifted);
    let (high, left) = two_sum(sum * power, s.lit(-1.0));
    let mut out = high + rest.fma(power, left);
    let far = !x.abs().lt(s.lit(87.0));
    if s.enter_slow(far) {
        // Up here the 1 is far below the last place; down there it is all that is left.
        let scaled = scale_f32(s, sum + rest, k);
        let scaled = choose(x.gt(s.lit(89.0)), s.lit(f32::INFINITY), scaled);
        let scaled = choose(x.lt(s.lit(0.0)), s.lit(-1.0), scaled);
        out = s.leave_slow(far, scaled, out);
    }
    // A zero keeps its sign.
    out.copysign(x)
}
