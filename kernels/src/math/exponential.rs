//! The exponentials.
//!
//! ```text
//! f64:  x = n ln2/16 + r,  |r| <= ln2/32    the whole n = 16 k + j by rounding, r in two steps (Cody and Waite);
//!                                           for 2^x and 10^x, r is what is left of x times ln 2 or ln 10
//!       e^x = 2^k 2^(j/16) e^r              2^(j/16) from a table of sixteen, with what its rounding lost
//!       e^r = 1 + r + r^2 q(r)              q: minimax, fitted for doubles with Sollya's fpminimax
//!       k is added to the exponent of the table's number; but for the last step all is small beside it
//! f32:  x = k ln2 + r,  |r| <= ln2 / 2      and e^r = (1 + r) + r^2 q(r); what r lost in rounding and what the
//!                                           sum in brackets loses are added to the small part
//! e^x - 1:                                  f64 as f32's e^x, on an interval a little to the right: the sum
//!                                           without its 1, as an exact one and its rest, times 2^k from its bits
//!                                           f32 as (2^k - 1) + 2^k r, exact, and its rest
//! ```
//!
//! Beyond the range in which 2^k is a normal number a slow path scales in two steps: results that are
//! subnormal are rounded a second time, which the bounds count.

use super::functions;
use super::parts::*;
use crate::lanes::{Float, Integer, Lane, Number, Shape};

functions! {
    /// The exponential of `x`: e to the power x.
    ///
    /// NaN gives NaN, -infinity 0, infinity itself; from 709.79 (f32: 88.73) on the result is infinite.
    exp(x: T) -> T {
        f64: exp_f64, 0.8, 22;
        f32: exp_f32, 0.8, 24;
    }

    /// 2 to the power x; exact where x is a whole number.
    ///
    /// NaN gives NaN, -infinity 0, infinity itself; from 1024 (f32: 128) on the result is infinite.
    exp2(x: T) -> T {
        f64: exp2_f64, 0.8, 22;
        f32: exp2_f32, 0.8, 24;
    }

    /// 10 to the power x.
    ///
    /// NaN gives NaN, -infinity 0, infinity itself; from 308.26 (f32: 38.54) on the result is infinite.
    exp10(x: T) -> T {
        f64: exp10_f64, 0.8, 23;
        f32: exp10_f32, 0.8, 28;
    }

    /// The exponential of `x` less 1, also where that is tiny.
    ///
    /// NaN gives NaN, -infinity -1, infinity itself, a zero itself; from 709.79 (f32: 88.73) on the
    /// result is infinite.
    expm1(x: T) -> T {
        f64: expm1_f64, 0.9, 36;
        f32: expm1_f32, 0.9, 24;
    }
}

/// The bits of 2^(j/16), rounded, less j in the place where j sixteenths of an exponent would be: what is
/// left when `16 k + j` is added there is 2^(k + j/16).
const SIXTEENTHS: [u64; 16] = [
    0x3ff0000000000000,
    0x3fefb5586cf9890f,
    0x3fef72b83c7d517b,
    0x3fef387a6e756238,
    0x3fef06fe0a31b715,
    0x3feedea64c123422,
    0x3feebfdad5362a27,
    0x3feeab07dd485429,
    0x3feea09e667f3bcd,
    0x3feea11473eb0187,
    0x3feeace5422aa0db,
    0x3feec49182a3f090,
    0x3feee89f995ad3ad,
    0x3fef199bdd85529c,
    0x3fef5818dcfba487,
    0x3fefa4afa2a490da,
];
/// What the rounding of each lost, as a part of it.
const SIXTEENTHS_LOW: [f64; 16] = [
    f64::from_bits(0x0000000000000000),
    f64::from_bits(0x3c979aa65d837b6d),
    f64::from_bits(0xbc801b15eaa59348),
    f64::from_bits(0x3c968efde3a8a894),
    f64::from_bits(0x3c834d754db0abb6),
    f64::from_bits(0x3c859f48a72a4c6d),
    f64::from_bits(0x3c7690cebb7aafb0),
    f64::from_bits(0x3c9063e1e21c5409),
    f64::from_bits(0xbc93b3efbf5e2228),
    f64::from_bits(0xbc7b32dcb94da51d),
    f64::from_bits(0x3c8db72fc1f0eab4),
    f64::from_bits(0x3c71affc2b91ce27),
    f64::from_bits(0x3c8c1a7792cb3387),
    f64::from_bits(0x3c736eae30af0cb3),
    f64::from_bits(0x3c74a385a63d07a7),
    f64::from_bits(0xbc8ff7128fd391f0),
];
/// A sixteenth of ln 2: 37 bits, so that the product with any number of them is exact, and the rest.
pub(crate) const SIXTEENTH_HIGH: f64 = f64::from_bits(0x3fa62e42fefa0000);
pub(crate) const SIXTEENTH_LOW: f64 = f64::from_bits(0x3d3cf79abc9e3b3a);
/// `q` in `e^r = 1 + r + r^2 q(r)`, for `r` in -ln2/32..=ln2/32: 2^-64.
const Q_F64: [f64; 6] = [
    f64::from_bits(0x3fe0000000000001),
    f64::from_bits(0x3fc5555555555557),
    f64::from_bits(0x3fa55555554dfb75),
    f64::from_bits(0x3f811111110b286e),
    f64::from_bits(0x3f56c17f57ba0642),
    f64::from_bits(0x3f2a01b5add15d84),
];
/// `q` in `e^r = 1 + r + r^2 / 2 + r^3 q(r)`, for `r` in -0.2785..=0.417.
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
/// `q` in `e^r = 1 + r + r^2 q(r)`, for `r` in -ln2/2..=ln2/2: 2^-27 of the exponential.
const Q_F32: [f32; 5] = [
    0.4999997913837432861328125,
    0.16666518151760101318359375,
    4.1671454906463623046875e-2,
    8.368953131139278411865234375e-3,
    1.36570376344025135040283203125e-3,
];
/// The same, but for its first 1/2, to 2^-31 of `e^r - 1`.
const Q_EXPM1_F32: [f32; 5] = [
    0.16666667163372039794921875,
    4.16664779186248779296875e-2,
    8.333190344274044036865234375e-3,
    1.393369282595813274383544921875e-3,
    1.996019273065030574798583984375e-4,
];
/// `q` in `2^r = 1 + r (LN_2 + q(r))`, for `r` in -1/2..=1/2, of the rounded constant: 2^-28 of the power.
const Q_EXP2_F32: [f32; 6] = [
    2.37139676784181574475951492786407470703125e-8,
    0.2402265071868896484375,
    5.55032789707183837890625e-2,
    9.61807556450366973876953125e-3,
    1.3400237075984477996826171875e-3,
    1.54571884195320308208465576171875e-4,
];
/// The same of `10^r` and `LN_10`, for `r` in -log10(2)/2..=log10(2)/2.
const Q_EXP10_F32: [f32; 6] = [
    5.296521266018316964618861675262451171875e-8,
    2.6509492397308349609375,
    2.0346481800079345703125,
    1.17122566699981689453125,
    0.542080938816070556640625,
    0.208392679691314697265625,
];

/// The exponential less 1.
#[inline(always)]
pub fn expm1_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    // 32 bits of ln 2, so that the product with k is exact, and the rest.
    const LN2_HIGH: f64 = f64::from_bits(0x3fe62e42fee00000);
    const LN2_LOW: f64 = f64::from_bits(0x3dea39ef35793c76);
    // Rounded a little down: below 0 less of the result may cancel, since its last place is finer.
    let shifted = x.fma(s.lit(core::f64::consts::LOG2_E), s.lit(-0.1)) + s.lit(SHIFT_F64);
    let k = shifted - s.lit(SHIFT_F64);
    let exact = k.fma(s.lit(-LN2_HIGH), x);
    let r = k.fma(s.lit(-LN2_LOW), exact);
    let low = k.fma(s.lit(-LN2_LOW), exact - r);
    let rr = r * r;
    let (sum, rest) = fast_two_sum(s.lit(1.0), r);
    let small = (rr * r).fma(halves(s, r, rr, Q_EXPM1_F64), low.fma(sum, rest));
    let rest = rr.fma(s.lit(0.5), small);
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

/// For a whole number of sixteenths `16 k + j` in the lowest bits: j, its [`SIXTEENTHS`], and 2^(k + j/16)
/// where k is in -1022..=1023.
#[inline(always)]
pub(crate) fn sixteenths_f64<S: Shape>(s: S, shifted: S::F64) -> (S::U64, S::U64, S::F64) {
    let bits = shifted.to_bits();
    let which = bits & s.lit(15);
    let table = S::U64::lookup(&SIXTEENTHS, which);
    (which, table, S::F64::from_bits(table + bits.shl(s.lit(48))))
}

/// What is to be added to 2^(j/16), as rounded, as a part of it, to make `2^(j/16) e^r` of it.
#[inline(always)]
pub(crate) fn more_f64<S: Shape>(s: S, r: S::F64, which: S::U64) -> S::F64 {
    let rr = r * r;
    rr.fma(halves(s, r, rr, Q_F64), r + S::F64::lookup(&SIXTEENTHS_LOW, which))
}

/// `2^(shifted / 16) e^r`, where `shifted` has a whole number of sixteenths in its lowest bits, `sixteenths`
/// is that number and r is small. The slow path is for `x` beyond `-limit..limit`.
#[inline(always)]
fn power_f64<S: Shape>(
    s: S,
    x: S::F64,
    shifted: S::F64,
    sixteenths: S::F64,
    r: S::F64,
    [limit, zero, infinite]: [f64; 3],
) -> S::F64 {
    let (which, table, power) = sixteenths_f64(s, shifted);
    let p = more_f64(s, r, which);
    let mut out = power.fma(p, power);
    let far = !x.abs().lt(s.lit(limit));
    if s.enter_slow(far) {
        let unscaled = S::F64::from_bits(table + which.shl(s.lit(48)));
        let k = (sixteenths * s.lit(0.0625)).floor();
        let scaled = scale_f64(s, unscaled.fma(p, unscaled), k);
        let scaled = choose(x.gt(s.lit(infinite)), s.lit(f64::INFINITY), scaled);
        let scaled = choose(x.lt(s.lit(zero)), s.lit(0.0), scaled);
        out = s.leave_slow(far, scaled, out);
    }
    out
}

/// The exponential.
#[inline(always)]
pub fn exp_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let shifted = x.fma(s.lit(16.0 * core::f64::consts::LOG2_E), s.lit(SHIFT_F64));
    let n = shifted - s.lit(SHIFT_F64);
    let r = n.fma(s.lit(-SIXTEENTH_LOW), n.fma(s.lit(-SIXTEENTH_HIGH), x));
    power_f64(s, x, shifted, n, r, [708.0, -746.0, 710.0])
}

/// 2 to a power.
#[inline(always)]
pub fn exp2_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let shifted = x + s.lit(SHIFT_F64 / 16.0);
    let whole = shifted - s.lit(SHIFT_F64 / 16.0);
    let r = (x - whole) * s.lit(core::f64::consts::LN_2);
    power_f64(s, x, shifted, whole * s.lit(16.0), r, [1022.0, -1076.0, 1025.0])
}

/// 10 to a power.
#[inline(always)]
pub fn exp10_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    // A sixteenth of log10(2), in two parts: 38 bits, and the rest.
    const HIGH: f64 = f64::from_bits(0x3f934413509f0000);
    const LOW: f64 = f64::from_bits(0x3d3e7fbcc47c4acd);
    let shifted = x.fma(s.lit(16.0 * core::f64::consts::LOG2_10), s.lit(SHIFT_F64));
    let n = shifted - s.lit(SHIFT_F64);
    let r = n.fma(s.lit(-LOW), n.fma(s.lit(-HIGH), x)) * s.lit(core::f64::consts::LN_10);
    power_f64(s, x, shifted, n, r, [307.0, -324.0, 309.0])
}

/// What rounding left of ln 2 and log10(2).
const LN2_LOW_F32: f32 = -1.9046542e-09;
const LOG10_2_LOW_F32: f32 = -1.4320989e-08;

/// `2^k (1 + a b + tail)`, where `shifted` has k in its lowest bits and tail is small. The slow path is for `x`
/// beyond `-limit..limit`.
#[inline(always)]
fn power_f32<S: Shape>(
    s: S,
    x: S::F32,
    shifted: S::F32,
    k: S::F32,
    (a, b, tail): (S::F32, S::F32, S::F32),
    [limit, zero, infinite]: [f32; 3],
) -> S::F32 {
    let one: S::F32 = s.lit(1.0);
    let sum = a.fma(b, one);
    let y = sum + (a.fma(b, one - sum) + tail);
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

/// `x = k ln2 + r + low`: `k + SHIFT_F32`, k, r, and low, which is what the rounding of r lost.
#[inline(always)]
fn reduced_f32<S: Shape>(s: S, x: S::F32) -> (S::F32, S::F32, S::F32, S::F32) {
    let shifted = x.fma(s.lit(core::f32::consts::LOG2_E), s.lit(SHIFT_F32));
    let k = shifted - s.lit(SHIFT_F32);
    // Exact: the places of x and of ln 2 reach no further than those of the difference.
    let exact = k.fma(s.lit(-core::f32::consts::LN_2), x);
    let r = k.fma(s.lit(-LN2_LOW_F32), exact);
    (shifted, k, r, k.fma(s.lit(-LN2_LOW_F32), exact - r))
}

/// The exponential.
#[inline(always)]
pub fn exp_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let (shifted, k, r, low) = reduced_f32(s, x);
    let rr = r * r;
    let tail = rr.fma(halves(s, r, rr, Q_F32), low);
    power_f32(s, x, shifted, k, (s.lit(1.0), r, tail), [87.0, -104.0, 89.0])
}

/// 2 to a power.
#[inline(always)]
pub fn exp2_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let shifted = x + s.lit(SHIFT_F32);
    let k = shifted - s.lit(SHIFT_F32);
    let r = x - k;
    let tail = r * halves(s, r, r * r, Q_EXP2_F32);
    let ln2 = s.lit(core::f32::consts::LN_2);
    power_f32(s, x, shifted, k, (r, ln2, tail), [126.0, -151.0, 129.0])
}

/// 10 to a power.
#[inline(always)]
pub fn exp10_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let shifted = x.fma(s.lit(core::f32::consts::LOG2_10), s.lit(SHIFT_F32));
    let k = shifted - s.lit(SHIFT_F32);
    let exact = k.fma(s.lit(-core::f32::consts::LOG10_2), x);
    let r = k.fma(s.lit(-LOG10_2_LOW_F32), exact);
    let low = k.fma(s.lit(-LOG10_2_LOW_F32), exact - r);
    let ln10 = s.lit(core::f32::consts::LN_10);
    let tail = r.fma(halves(s, r, r * r, Q_EXP10_F32), low * ln10);
    power_f32(s, x, shifted, k, (r, ln10, tail), [37.0, -46.0, 39.0])
}

/// The exponential less 1.
#[inline(always)]
pub fn expm1_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let (shifted, k, r, low) = reduced_f32(s, x);
    let rr = r * r;
    let q = r.fma(halves(s, r, rr, Q_EXPM1_F32), s.lit(0.5));
    let tail = rr.fma(q, low);
    // 2^k - 1 + 2^k (r + tail), the sum of the first two with what it lost.
    let power = shifted_exp2i_f32(s, shifted);
    let whole = power - s.lit(1.0);
    let sum = power.fma(r, whole);
    let rest = power.fma(r, whole - sum) + ((power - whole) - s.lit(1.0));
    let mut out = sum + power.fma(tail, rest);
    let far = !x.abs().lt(s.lit(87.0));
    if s.enter_slow(far) {
        // Up here the 1 is far below the last place; down there it is all that is left.
        let (sum, rest) = fast_two_sum(s.lit(1.0), r);
        let scaled = scale_f32(s, sum + (rest + tail), k);
        let scaled = choose(x.gt(s.lit(89.0)), s.lit(f32::INFINITY), scaled);
        let scaled = choose(x.lt(s.lit(0.0)), s.lit(-1.0), scaled);
        out = s.leave_slow(far, scaled, out);
    }
    // A zero keeps its sign.
    out.copysign(x)
}
