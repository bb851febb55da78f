//! The logarithms.
//!
//! ```text
//! f64: x = 2^k m, m in 0.697..1.394        k and m from the bits of x, both exactly
//!      m = (1 + r) / c                     c of few bits, from a table of sixteen by the highest bits of m, and 1
//!                                          around 1: r, below 1/32, is exact where the logarithm is small
//!      log x = (k ln2 - log c) + r + r^2 P(r)
//!      ln2 and log c in two parts, of which the sums of the higher are exact; what adding r to them loses
//!      goes to the small part
//! f32: x = 2^k (1 + f), 1 + f in 2/3..4/3, log(1 + f) = f - f^2/2 + f^3 P(f)
//!      k times the high bits of ln2 is exact, and the largest addition is an exact sum with its rest
//!      log2 and log10 are f (C + Q(f)), C = 1 / ln(base), rounded, and Q begins with what that lost;
//!      for 1 + f in 0.67325..1.3465
//! ```
//!
//! The polynomials were fitted with Sollya's fpminimax. For f64 the other bases multiply r by 1 / ln(base) in
//! two parts, and have tables of their own (for log2, k is exact). log1p takes what 1 + x lost
//! in rounding into r or f. Subnormal arguments are scaled in a slow path, which also makes the special values.
//!
//! [`log_parts_f64`] is the logarithm to more than twice the digits needed, for what multiplies it.

use super::functions;
use super::parts::*;
use crate::lanes::{Float, Integer, Lane, Number, Shape};

functions! {
    /// The natural logarithm of `x`.
    ///
    /// Zeros give -infinity, anything below NaN, infinity itself.
    log(x: T) -> T {
        f64: log_f64, 0.68, 32;
        f32: log_f32, 0.85, 24;
    }
    /// The logarithm of `x` to base 2; exact for powers of two.
    ///
    /// Zeros give -infinity, anything below NaN, infinity itself.
    log2(x: T) -> T {
        f64: log2_f64, 0.74, 35;
        f32: log2_f32, 0.9, 24;
    }
    /// The logarithm of `x` to base 10; exact for powers of ten.
    ///
    /// Zeros give -infinity, anything below NaN, infinity itself.
    log10(x: T) -> T {
        f64: log10_f64, 0.7, 36;
        f32: log10_f32, 0.9, 24;
    }
    /// The natural logarithm of 1 + `x`, without rounding that sum: near 0 about `x` itself.
    ///
    /// -1 gives -infinity, anything below NaN, zeros and infinity themselves.
    log1p(x: T) -> T {
        f64: log1p_f64, 0.7, 46;
        f32: log1p_f32, 0.85, 42;
    }
}

/// 42 bits of ln 2, so that the product with any exponent is exact; and the rest.
const LN2_HIGH: f64 = f64::from_bits(0x3fe62e42fefa3800);
const LN2_LOW: f64 = f64::from_bits(0x3d2ef35793c76730);
/// The same of log10(2).
const LOG10_2_HIGH: f64 = f64::from_bits(0x3fd34413509f7800);
const LOG10_2_LOW: f64 = f64::from_bits(0x3d1fef311f12b358);
/// 1 / ln 2 and 1 / ln 10, rounded, and what the rounding lost.
const LOG2_E: f64 = f64::from_bits(0x3ff71547652b82fe);
const LOG2_E_LOW: f64 = f64::from_bits(0x3c7777d0ffda0d24);
const LOG10_E: f64 = f64::from_bits(0x3fdbcb7b1526e50e);
const LOG10_E_LOW: f64 = f64::from_bits(0x3c695355baaafad3);
/// 16 bits of ln 2 and of log10(2) for f32, and the rests.
const LN2_HIGH_F32: f32 = 0.693145751953125;
const LN2_LOW_F32: f32 = f32::from_bits(0x35bfbe8e);
const LOG10_2_HIGH_F32: f32 = 0.301025390625;
const LOG10_2_LOW_F32: f32 = f32::from_bits(0x369a84fc);
/// `(2 atanh(s) / s - 2) / z` in z = s^2, for 1 + f in sqrt(1/2)..sqrt(2): 2^-57 of the logarithm.
pub(crate) const ATANH_F64: [f64; 7] = [
    0.66666666666666696272613990004174411296844482421875,
    0.399999999998993327476881631810101680457592010498046875,
    0.28571428626180139787038569920696318149566650390625,
    0.2222221109576301423249589106490020640194416046142578125,
    0.1818289206804549473783794155679061077535152435302734375,
    0.1533162423442960553554570424239500425755977630615234375,
    0.146176293563413661757977024535648524761199951171875,
];

/// `x = 2^k m`, exactly, with m in sqrt(1/2)..sqrt(2), for positive normal numbers.
#[inline(always)]
pub(crate) fn split_f64<S: Shape>(s: S, x: S::F64) -> (S::F64, S::F64) {
    // Moved so that the exponent changes at sqrt(1/2) and not at 1.
    let moved = x.to_bits() + s.lit(1.0f64.to_bits() - ROOT);
    // 2^52 with k + 1023 in the lowest bits.
    let k = S::F64::from_bits(moved.shr(s.lit(52)) | s.lit(4503599627370496.0f64.to_bits()));
    let m = S::F64::from_bits((moved & s.lit((1 << 52) - 1)) + s.lit(ROOT));
    (k - s.lit(4503599627370496.0 + 1023.0), m)
}

/// The bits of sqrt(1/2).
pub(crate) const ROOT: u64 = 0x3fe6a09e667f3bcd;
/// The bits of 2/3.
const TWO_THIRDS: u32 = 0x3f2aaaab;
/// The bits of 0.67325, for the bases 2 and 10: from there to its double, f log2(e) (or f log10(e)) is nowhere
/// in a higher binade than the sum of it and k (or k log10(2)), so that sum less k is exact.
const LOWEST_F32: u32 = 0x3f2c5a1d;

/// `x = 2^k m`, exactly, with m from that of the bits `lowest` to twice as much, for positive normal numbers;
/// and k where the exponent is in the bits.
#[inline(always)]
fn split_bits_f32<S: Shape>(s: S, x: S::F32, lowest: u32) -> (S::F32, S::F32, S::U32) {
    let bits = x.to_bits();
    let moved = bits - s.lit(lowest);
    let exponent = moved & s.lit(!0 << 23);
    let k = moved.to_i32().shr(s.lit(23)).to_f32();
    (k, S::F32::from_bits(bits - exponent), exponent)
}

/// Where the intervals of [`INVERSE`] begin: bits of 0.697, so that no r reaches 1/32, and 1 is
/// near the middle of its own.
const LOW_END: u64 = 0x3fe64dd200000000;

/// Short numbers c near 1 / m, for m in sixteen intervals from [`LOW_END`] on; 1 for that of 1.
const INVERSE: [f64; 16] = [
    1.40625, 1.34375, 1.28125, 1.25, 1.1875, 1.15625, 1.125, 1.0625, 1.03125, 1.0, 0.953125,
    0.8984375, 0.8515625, 0.80859375, 0.76953125, 0.734375,
];
/// -log(c) of each, in units of 2^-42.
const MINUS_LN_HIGH: [f64; 16] = [
    f64::from_bits(0xbfd5d1bdbf581000),
    f64::from_bits(0xbfd2e8e2bae12000),
    f64::from_bits(0xbfcfb9186d5e4000),
    f64::from_bits(0xbfcc8ff7c79aa000),
    f64::from_bits(0xbfc5ff3070a7a000),
    f64::from_bits(0xbfc29552f8200000),
    f64::from_bits(0xbfbe27076e2b0000),
    f64::from_bits(0xbfaf0a30c0118000),
    f64::from_bits(0xbf9f829b0e780000),
    f64::from_bits(0x0000000000000000),
    f64::from_bits(0x3fa894aa149f8000),
    f64::from_bits(0x3fbb6ac88dad4000),
    f64::from_bits(0x3fc4913d8333c000),
    f64::from_bits(0x3fcb31d8575bc000),
    f64::from_bits(0x3fd0c42d67616000),
    f64::from_bits(0x3fd3c25277333000),
];
/// What that leaves.
const MINUS_LN_LOW: [f64; 16] = [
    f64::from_bits(0x3d38d6bdc9c7c238),
    f64::from_bits(0x3d267b1e99b72bd8),
    f64::from_bits(0x3d0d572aab993c87),
    f64::from_bits(0x3d27794f689f8434),
    f64::from_bits(0x3d38586f183bebf2),
    f64::from_bits(0x3d35b967f4471dfc),
    f64::from_bits(0x3d2a342c2af0003c),
    f64::from_bits(0x3d2d599e83368e91),
    f64::from_bits(0xbd2980267c7e09e4),
    f64::from_bits(0x0000000000000000),
    f64::from_bits(0x3d39a19a8be97661),
    f64::from_bits(0x3d3b1bdff50225c7),
    f64::from_bits(0xbd353e43558124c4),
    f64::from_bits(0x3d3c794e562a63cb),
    f64::from_bits(0x3d27188b163ceae9),
    f64::from_bits(0x3d183b54b606bd5c),
];
/// -log2(c) of each, in units of 2^-42.
const MINUS_LOG2_HIGH: [f64; 16] = [
    f64::from_bits(0xbfdf7a8568cb0000),
    f64::from_bits(0xbfdb47ebf7388000),
    f64::from_bits(0xbfd6e221cd9d1000),
    f64::from_bits(0xbfd49a784bcd2000),
    f64::from_bits(0xbfcfbc16b9026000),
    f64::from_bits(0xbfcacf5e2db4e000),
    f64::from_bits(0xbfc5c01a39fbe000),
    f64::from_bits(0xbfb663f6fac90000),
    f64::from_bits(0xbfa6bad3758f0000),
    f64::from_bits(0x0000000000000000),
    f64::from_bits(0x3fb1bb32a6004000),
    f64::from_bits(0x3fc3c6fb650ce000),
    f64::from_bits(0x3fcdac22d3e44000),
    f64::from_bits(0x3fd39de8e155a000),
    f64::from_bits(0x3fd8304d90c12000),
    f64::from_bits(0x3fdc819dc2d46000),
];
/// What that leaves.
const MINUS_LOG2_LOW: [f64; 16] = [
    f64::from_bits(0xbd3b3b3864c60011),
    f64::from_bits(0xbd250520a377c7ec),
    f64::from_bits(0x3d290d43956fa5d8),
    f64::from_bits(0x3d31d406db502403),
    f64::from_bits(0xbd30144751b3314f),
    f64::from_bits(0xbd3927dfc23d9780),
    f64::from_bits(0x3d32f0c0bfe9dbec),
    f64::from_bits(0xbd33167ccc538261),
    f64::from_bits(0x3cf3c6764fc87b4a),
    f64::from_bits(0x0000000000000000),
    f64::from_bits(0x3d349d0cc62a295e),
    f64::from_bits(0xbd0af5e9bb5386c2),
    f64::from_bits(0x3d0d2fe4574e09b9),
    f64::from_bits(0xbd02101a9685c779),
    f64::from_bits(0xbce66ae2a7ada553),
    f64::from_bits(0xbcdbc76a2753b99b),
];
/// -log2(c) of each, rounded.
pub(crate) const MINUS_LOG2: [f64; 16] = {
    let mut all = MINUS_LOG2_HIGH;
    let mut i = 0;
    while i < all.len() {
        all[i] += MINUS_LOG2_LOW[i];
        i += 1;
    }
    all
};
/// -log10(c) of each, in units of 2^-42.
const MINUS_LOG10_HIGH: [f64; 16] = [
    f64::from_bits(0xbfc2f3b691c5a000),
    f64::from_bits(0xbfc06cbd67a6c000),
    f64::from_bits(0xbfbb8de4d3ab4000),
    f64::from_bits(0xbfb8cf1838864000),
    f64::from_bits(0xbfb31b3055c48000),
    f64::from_bits(0xbfb02428c1f08000),
    f64::from_bits(0xbfaa30a9d60a0000),
    f64::from_bits(0xbf9af5f92b010000),
    f64::from_bits(0xbf8b5e908eb20000),
    f64::from_bits(0x0000000000000000),
    f64::from_bits(0x3f9559bd24070000),
    f64::from_bits(0x3fa7d070145f8000),
    f64::from_bits(0x3fb1dd5460c8c000),
    f64::from_bits(0x3fb79efb57b10000),
    f64::from_bits(0x3fbd204698cb4000),
    f64::from_bits(0x3fc1299a4fb3e000),
];
/// What that leaves.
const MINUS_LOG10_LOW: [f64; 16] = [
    f64::from_bits(0xbc77c697e103ceaa),
    f64::from_bits(0xbd1db2a2c6287ec0),
    f64::from_bits(0x3d0340511b402e0a),
    f64::from_bits(0xbd2019365163f2fc),
    f64::from_bits(0x3d2dcffc97be8c9c),
    f64::from_bits(0xbcb5ea6bc2bc8c2c),
    f64::from_bits(0x3d20163d7e67d282),
    f64::from_bits(0x3d19f05921f59258),
    f64::from_bits(0x3d390dfe0d1601ca),
    f64::from_bits(0x0000000000000000),
    f64::from_bits(0xbd2e22fab794a816),
    f64::from_bits(0xbd38145a563de9f8),
    f64::from_bits(0xbd2d227d61f9e88d),
    f64::from_bits(0xbd1ff281b9601ce6),
    f64::from_bits(0x3d05e533080ecf32),
    f64::from_bits(0x3d182c6326f70b35),
];
/// `(log(1 + r) - r) / r^2` for |r| < 0.0326: 2^-60 of the logarithm.
const P_LN: [f64; 9] = [
    f64::from_bits(0xbfe0000000000000),
    f64::from_bits(0x3fd555555555550c),
    f64::from_bits(0xbfcffffffffffe61),
    f64::from_bits(0x3fc9999999b5bb34),
    f64::from_bits(0xbfc5555555874a3b),
    f64::from_bits(0x3fc249231dcefe16),
    f64::from_bits(0xbfbffffc24878986),
    f64::from_bits(0x3fbc800a115cfdd6),
    f64::from_bits(0xbfb9a8f0db91c7e7),
];
/// The same divided by ln 2.
const P_LOG2: [f64; 9] = [
    f64::from_bits(0xbfe71547652b82fe),
    f64::from_bits(0x3fdec709dc3a0393),
    f64::from_bits(0xbfd71547652b8acf),
    f64::from_bits(0x3fd2776c5103f55d),
    f64::from_bits(0xbfcec709db944a40),
    f64::from_bits(0x3fca617410650a20),
    f64::from_bits(0xbfc715492a474c55),
    f64::from_bits(0x3fc48efc35d06856),
    f64::from_bits(0xbfc27b0d62604a27),
];
/// The same divided by ln 10.
const P_LOG10: [f64; 9] = [
    f64::from_bits(0xbfcbcb7b1526e50e),
    f64::from_bits(0x3fc287a7636f431f),
    f64::from_bits(0xbfbbcb7b1526f70b),
    f64::from_bits(0x3fb63c62776ac494),
    f64::from_bits(0xbfb287a76299fe29),
    f64::from_bits(0x3fafc3f7da092e1a),
    f64::from_bits(0xbfabcb818f3e51c3),
    f64::from_bits(0x3fa8c142c999da45),
    f64::from_bits(0xbfa639a7baa379e3),
];

/// `x = 2^k (1 + r) / c`: k, r, which of the c, and k + 1023 where the exponent is in the bits; for positive
/// normal numbers. r is exact but where it is far below the last place of the logarithm.
#[inline(always)]
pub(crate) fn reduced_f64<S: Shape>(s: S, x: S::F64) -> (S::F64, S::F64, S::U64, S::U64) {
    let moved = x.to_bits() + s.lit(1.0f64.to_bits() - LOW_END);
    let k = S::F64::from_bits(moved.shr(s.lit(52)) | s.lit(4503599627370496.0f64.to_bits()));
    let m = S::F64::from_bits((moved & s.lit((1 << 52) - 1)) + s.lit(LOW_END));
    let which = moved.shr(s.lit(48)) & s.lit(15);
    let r = m.fma(S::F64::lookup(&INVERSE, which), s.lit(-1.0));
    (k - s.lit(4503599627370496.0 + 1023.0), r, which, moved & s.lit(0x7ff << 52))
}

/// `log(x) + bias ln2` in two parts, good to 2^-59, for positive normal numbers. The first part is
/// the logarithm rounded, the second small beside it.
#[inline(always)]
pub(crate) fn log_sum_f64<S: Shape>(s: S, x: S::F64, bias: f64) -> (S::F64, S::F64) {
    let (k, r, which, _) = reduced_f64(s, x);
    let k = if bias == 0.0 { k } else { k + s.lit(bias) };
    let whole = k.fma(s.lit(LN2_HIGH), S::F64::lookup(&MINUS_LN_HIGH, which));
    let (sum, rest) = fast_two_sum(whole, r);
    let rest = rest + k.fma(s.lit(LN2_LOW), S::F64::lookup(&MINUS_LN_LOW, which));
    let rr = r * r;
    (sum, rr.fma(halves(s, r, rr, P_LN), rest))
}

/// `scaled` for subnormal numbers, and the special values of a logarithm, for what is no positive
/// normal number.
#[inline(always)]
pub(crate) fn edges_f64<S: Shape>(s: S, x: S::F64, scaled: S::F64) -> S::F64 {
    let positive = choose(x.lt(s.lit(f64::INFINITY)), scaled, x);
    let other = choose(x.eq(s.lit(0.0)), s.lit(f64::NEG_INFINITY), s.lit(f64::NAN));
    choose(x.gt(s.lit(0.0)), positive, other)
}

/// What the fast paths are for: positive normal numbers.
#[inline(always)]
pub(crate) fn ordinary_f64<S: Shape>(s: S, x: S::F64) -> S::Mask {
    x.ge(s.lit(f64::MIN_POSITIVE)) & x.lt(s.lit(f64::INFINITY))
}

/// Moves subnormal numbers into the range of the normal ones.
const UP: f64 = 18014398509481984.0;
/// Its exponent.
const UP_BY: f64 = 54.0;
/// The same for f32.
const UP_F32: f32 = 33554432.0;
const UP_BY_F32: f32 = 25.0;

/// The natural logarithm.
#[inline(always)]
pub fn log_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let (sum, rest) = log_sum_f64(s, x, 0.0);
    let mut out = sum + rest;
    let odd = !ordinary_f64(s, x);
    if s.enter_slow(odd) {
        let (sum, rest) = log_sum_f64(s, x * s.lit(UP), -UP_BY);
        out = s.leave_slow(odd, edges_f64(s, x, sum + rest), out);
    }
    out
}

#[inline(always)]
fn log2_normal_f64<S: Shape>(s: S, x: S::F64, bias: f64) -> S::F64 {
    let (k, r, which, _) = reduced_f64(s, x);
    let k = if bias == 0.0 { k } else { k + s.lit(bias) };
    let (p, q) = two_prod(r, s.lit(LOG2_E));
    let q = r.fma(s.lit(LOG2_E_LOW), q + S::F64::lookup(&MINUS_LOG2_LOW, which));
    let (sum, rest) = fast_two_sum(k + S::F64::lookup(&MINUS_LOG2_HIGH, which), p);
    let rr = r * r;
    sum + rr.fma(halves(s, r, rr, P_LOG2), rest + q)
}

/// The logarithm to base 2.
#[inline(always)]
pub fn log2_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let mut out = log2_normal_f64(s, x, 0.0);
    let odd = !ordinary_f64(s, x);
    if s.enter_slow(odd) {
        let scaled = log2_normal_f64(s, x * s.lit(UP), -UP_BY);
        out = s.leave_slow(odd, edges_f64(s, x, scaled), out);
    }
    out
}

#[inline(always)]
fn log10_normal_f64<S: Shape>(s: S, x: S::F64, bias: f64) -> S::F64 {
    let (k, r, which, _) = reduced_f64(s, x);
    let k = if bias == 0.0 { k } else { k + s.lit(bias) };
    let (p, q) = two_prod(r, s.lit(LOG10_E));
    let q = r.fma(s.lit(LOG10_E_LOW), q);
    let low = k.fma(s.lit(LOG10_2_LOW), S::F64::lookup(&MINUS_LOG10_LOW, which));
    let whole = k.fma(s.lit(LOG10_2_HIGH), S::F64::lookup(&MINUS_LOG10_HIGH, which));
    let (sum, rest) = fast_two_sum(whole, p);
    let rr = r * r;
    sum + rr.fma(halves(s, r, rr, P_LOG10), rest + (q + low))
}

/// The logarithm to base 10.
#[inline(always)]
pub fn log10_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let mut out = log10_normal_f64(s, x, 0.0);
    let odd = !ordinary_f64(s, x);
    if s.enter_slow(odd) {
        let scaled = log10_normal_f64(s, x * s.lit(UP), -UP_BY);
        out = s.leave_slow(odd, edges_f64(s, x, scaled), out);
    }
    out
}

/// The natural logarithm of 1 + x.
#[inline(always)]
pub fn log1p_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let (u, lost) = two_sum(s.lit(1.0), x);
    let (k, r, which, exponent) = reduced_f64(s, u);
    // What was lost, divided by 2^k and multiplied by c as u was. Where k is 0 and c 1, r is x again.
    let scale = S::F64::from_bits(s.lit::<S::U64>(2046 << 52) - exponent);
    let lost = lost * (scale * S::F64::lookup(&INVERSE, which));
    let (r, left) = fast_two_sum(r, lost);
    let whole = k.fma(s.lit(LN2_HIGH), S::F64::lookup(&MINUS_LN_HIGH, which));
    let (sum, rest) = fast_two_sum(whole, r);
    let low = k.fma(s.lit(LN2_LOW), S::F64::lookup(&MINUS_LN_LOW, which));
    let rr = r * r;
    // The derivative 1 / (1 + r) by which what is left counts is near enough 1.
    let y = sum + rr.fma(halves(s, r, rr, P_LN), rest + (low + left));
    // For the sign of zero.
    let mut out = y.copysign(x);
    // Below the end 2^-k is still a number.
    let odd = !(x.gt(s.lit(-1.0)) & x.lt(s.lit(1e300)));
    if s.enter_slow(odd) {
        // The 1 no longer matters.
        let (sum, rest) = log_sum_f64(s, x, 0.0);
        let edges = edges_f64(s, x + s.lit(1.0), sum + rest);
        out = s.leave_slow(odd, edges, out);
    }
    out
}

/// `scaled` for subnormal numbers, and the special values of a logarithm.
#[inline(always)]
fn edges_f32<S: Shape>(s: S, x: S::F32, scaled: S::F32) -> S::F32 {
    let positive = choose(x.lt(s.lit(f32::INFINITY)), scaled, x);
    let other = choose(x.eq(s.lit(0.0)), s.lit(f32::NEG_INFINITY), s.lit(f32::NAN));
    choose(x.gt(s.lit(0.0)), positive, other)
}

/// What the fast paths are for: positive normal numbers.
#[inline(always)]
fn ordinary_f32<S: Shape>(s: S, x: S::F32) -> S::Mask {
    // One comparison: the bits, moved so that those of the lowest are the lowest of all signed numbers.
    let bits = x.to_bits().to_i32();
    let from_lowest = bits - s.lit((f32::MIN_POSITIVE.to_bits() as i32).wrapping_add(i32::MIN));
    from_lowest
        .lt(s.lit(f32::INFINITY.to_bits() as i32 - f32::MIN_POSITIVE.to_bits() as i32 + i32::MIN))
}

/// `log(1 + f) - f + f^2 / 2` divided by f^3, for 1 + f in 2/3..4/3.
#[inline(always)]
fn log1p_tail_f32<S: Shape>(s: S, f: S::F32, ff: S::F32) -> S::F32 {
    halves(
        s,
        f,
        ff,
        [
            0.3333333432674407958984375,
            -0.2499994337558746337890625,
            0.199997127056121826171875,
            -0.1667338311672210693359375,
            0.1430204212665557861328125,
            -0.122874416410923004150390625,
            0.107716612517833709716796875,
            -0.124290414154529571533203125,
            0.119725160300731658935546875,
        ],
    )
}

/// The terms of q, the first two apart, in `log2(1 + f) = f (LOG2_E + q(f))`, of the rounded constant, for
/// 1 + f in 0.67325..1.3465: 2^-27 of it.
const Q_LOG2_F32: (f32, f32, [f32; 8]) = (
    2.52717224924481342895887792110443115234375e-8,
    -0.721347510814666748046875,
    [
        0.4808957278728485107421875,
        -0.3606739044189453125,
        0.28872191905975341796875,
        -0.24050427973270416259765625,
        0.201655685901641845703125,
        -0.1779887378215789794921875,
        0.20337522029876708984375,
        -0.17538006603717803955078125,
    ],
);
/// The same of `log10(1 + f)` and `LOG10_E`.
const Q_LOG10_F32: (f32, f32, [f32; 8]) = (
    -8.29771362731435146997682750225067138671875e-9,
    -0.21714724600315093994140625,
    [
        0.1447640359401702880859375,
        -0.108572997152805328369140625,
        8.691419661045074462890625e-2,
        -7.24165141582489013671875e-2,
        6.06997720897197723388671875e-2,
        -5.339775979518890380859375e-2,
        6.12476207315921783447265625e-2,
        -5.3450800478458404541015625e-2,
    ],
);

/// `whole + left + f (c + q(f))`: the logarithm of 1 + f, whose factor is c, added to that of the power of two.
#[inline(always)]
fn log_plus_f32<S: Shape>(
    s: S,
    whole: S::F32,
    left: S::F32,
    f: S::F32,
    c: f32,
    (q0, q1, q): (f32, f32, [f32; 8]),
) -> S::F32 {
    let ff = f * f;
    let sum = f.fma(s.lit(c), whole);
    let rest = f.fma(s.lit(c), whole - sum) + left;
    let q = f.fma(ff.fma(halves(s, f, ff, q), s.lit(q0)), rest);
    sum + ff.fma(s.lit(q1), q)
}

#[inline(always)]
fn log_normal_f32<S: Shape>(s: S, x: S::F32, bias: f32) -> S::F32 {
    let (k, m, _) = split_bits_f32(s, x, TWO_THIRDS);
    let k = if bias == 0.0 { k } else { k + s.lit(bias) };
    let f = m - s.lit(1.0);
    let ff = f * f;
    let (sum, rest) = fast_two_sum(k * s.lit(LN2_HIGH_F32), f);
    let low = ff.fma(s.lit(-0.5), k.fma(s.lit(LN2_LOW_F32), rest));
    sum + (ff * f).fma(log1p_tail_f32(s, f, ff), low)
}

/// The natural logarithm.
#[inline(always)]
pub fn log_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let mut out = log_normal_f32(s, x, 0.0);
    let odd = !ordinary_f32(s, x);
    if s.enter_slow(odd) {
        let scaled = log_normal_f32(s, x * s.lit(UP_F32), -UP_BY_F32);
        out = s.leave_slow(odd, edges_f32(s, x, scaled), out);
    }
    out
}

#[inline(always)]
fn log2_normal_f32<S: Shape>(s: S, x: S::F32, bias: f32) -> S::F32 {
    let (k, m, _) = split_bits_f32(s, x, LOWEST_F32);
    let k = if bias == 0.0 { k } else { k + s.lit(bias) };
    let f = m - s.lit(1.0);
    // Nothing is left: adding -0 changes no number, so that no addition is made of it.
    log_plus_f32(s, k, s.lit(-0.0), f, core::f32::consts::LOG2_E, Q_LOG2_F32)
}

/// The logarithm to base 2.
#[inline(always)]
pub fn log2_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let mut out = log2_normal_f32(s, x, 0.0);
    let odd = !ordinary_f32(s, x);
    if s.enter_slow(odd) {
        let scaled = log2_normal_f32(s, x * s.lit(UP_F32), -UP_BY_F32);
        out = s.leave_slow(odd, edges_f32(s, x, scaled), out);
    }
    out
}

#[inline(always)]
fn log10_normal_f32<S: Shape>(s: S, x: S::F32, bias: f32) -> S::F32 {
    let (k, m, _) = split_bits_f32(s, x, LOWEST_F32);
    let k = if bias == 0.0 { k } else { k + s.lit(bias) };
    let f = m - s.lit(1.0);
    let (whole, left) = (k * s.lit(LOG10_2_HIGH_F32), k * s.lit(LOG10_2_LOW_F32));
    log_plus_f32(s, whole, left, f, core::f32::consts::LOG10_E, Q_LOG10_F32)
}

/// The logarithm to base 10.
#[inline(always)]
pub fn log10_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let mut out = log10_normal_f32(s, x, 0.0);
    let odd = !ordinary_f32(s, x);
    if s.enter_slow(odd) {
        let scaled = log10_normal_f32(s, x * s.lit(UP_F32), -UP_BY_F32);
        out = s.leave_slow(odd, edges_f32(s, x, scaled), out);
    }
    out
}

/// The natural logarithm of 1 + x.
#[inline(always)]
pub fn log1p_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let (u, lost) = two_sum(s.lit(1.0), x);
    let (k, m, exponent) = split_bits_f32(s, u, TWO_THIRDS);
    let lost = lost * S::F32::from_bits(s.lit::<S::U32>(127 << 23) - exponent);
    let (f, rest) = fast_two_sum(m - s.lit(1.0), lost);
    // The derivative 1 / (1 + f) is near enough 1 - f.
    let low = f.fma(-rest, k.fma(s.lit(LN2_LOW_F32), rest));
    let (sum, rest) = fast_two_sum(k * s.lit(LN2_HIGH_F32), f);
    let ff = f * f;
    let low = ff.fma(s.lit(-0.5), rest + low);
    let y = sum + (ff * f).fma(log1p_tail_f32(s, f, ff), low);
    let mut out = choose(x.eq(s.lit(0.0)), x, y);
    let odd = !(x.gt(s.lit(-1.0)) & x.lt(s.lit(1e37)));
    if s.enter_slow(odd) {
        let edges = edges_f32(s, x + s.lit(1.0), log_normal_f32(s, x, 0.0));
        out = s.leave_slow(odd, edges, out);
    }
    out
}

/// `log(x) + bias ln2` as the sum of two numbers, to 2^-65 or better, for positive normal numbers:
/// v + v^3 (1/12 + v^2 p(v^2)) with v = 2 f / (2 + f), where all but p is carried in two parts.
#[inline(always)]
pub(crate) fn log_parts_f64<S: Shape>(s: S, x: S::F64, bias: S::F64) -> (S::F64, S::F64) {
    const TWELFTH: f64 = f64::from_bits(0x3fb5555555555555);
    const TWELFTH_LOW: f64 = f64::from_bits(0x3c55555555555555);
    let (k, m) = split_f64(s, x);
    let k = k + bias;
    let f = m - s.lit(1.0);
    // v = 2 f / (2 + f), and what is left of it.
    let (t, t_low) = fast_two_sum(s.lit(2.0), f);
    let r = s.lit::<S::F64>(1.0) / t;
    let f2 = f + f;
    let v = f2 * r;
    let v_low = v.fma(-t_low, v.fma(-t, f2)) * r;
    // w = v^2.
    let w = v * v;
    let w_low = (v + v).fma(v_low, v.fma(v, -w));
    let p = halves(
        s,
        w,
        w * w,
        [
            1.25000000000000006938893903907228377647697925567626953125e-2,
            2.23214285714257339166000093655384262092411518096923828125e-3,
            4.340277778116186850436430955113564778002910315990447998046875e-4,
            8.877840727840682379101711063640323118306696414947509765625e-5,
            1.878009959022929899717657686863958588219247758388519287109375e-5,
            4.068178784201175810365629093023898121828096918761730194091796875e-6,
            9.0524385756782292273571986773686070829747593961656093597412109375e-7,
            1.6299127803864951394077222567025042820887392736032840055751800537109375e-7,
            1.24174444018434434605578880854437340275353562901727855205535888671875e-7,
        ],
    );
    // q = 1/12 + w p.
    let (a, a_low) = two_prod(w, p);
    let (q, q_low) = fast_two_sum(s.lit(TWELFTH), a);
    let q_low = w_low.fma(p, q_low + (a_low + s.lit(TWELFTH_LOW)));
    // b = v w q.
    let (a, a_low) = two_prod(w, q);
    let a_low = w_low.fma(q, w.fma(q_low, a_low));
    let (b, b_low) = two_prod(v, a);
    let b_low = v_low.fma(a, v.fma(a_low, b_low));
    let (c, c_low) = fast_two_sum(v, b);
    let c_low = c_low + (b_low + v_low);
    let (sum, rest) = fast_two_sum(k * s.lit(LN2_HIGH), c);
    let low = k.fma(s.lit(LN2_LOW), c_low) + rest;
    fast_two_sum(sum, low)
}
