//! The exponentials.
//!
//! ```text
//! x = k ln2 + r,  |r| <= ln2 / 2         the whole k by rounding, r in two steps (Cody and Waite)
//! e^r = 1 + (r + r^2 q(r))                q: minimax, fitted for doubles with Sollya's fpminimax
//!       the outer sum as an exact one and its rest, so that its rounding is the last but one
//! e^x = 2^k e^r                           by a multiplication with a power of two made from its bits
//! ```
//!
//! Beyond the range in which 2^k is a normal number a slow path scales in two steps: results that are
//! subnormal are rounded once.

use super::functions;
use super::parts::*;
use crate::lanes::{Float, Number, Shape};

functions! {
    /// The exponential of `x`: e to the power x.
    ///
    /// NaN gives NaN, -infinity 0, infinity itself; from 709.79 (f32: 88.73) on the result is infinite.
    exp(x: T) -> T {
        f64: exp_f64, 0.8, 26;
        f32: exp_f32, 0.8, 22;
    }
}

const LOG2_E: f64 = core::f64::consts::LOG2_E;

/// The exponential.
#[inline(always)]
pub fn exp_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    // 32 bits of ln 2, so that its product with k is exact; and the rest.
    const LN2_HIGH: f64 = f64::from_bits(0x3fe62e42fee00000);
    const LN2_LOW: f64 = f64::from_bits(0x3dea39ef35793c76);
    let shifted = x.fma(s.lit(LOG2_E), s.lit(SHIFT_F64));
    let k = shifted - s.lit(SHIFT_F64);
    let r = k.fma(s.lit(-LN2_HIGH), x);
    let r = k.fma(s.lit(-LN2_LOW), r);
    let rr = r * r;
    let q = halves(
        s,
        r,
        rr,
        [
            0.5,
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
        ],
    );
    let (sum, rest) = fast_two_sum(s.lit(1.0), r);
    let y = sum + rr.fma(q, rest);
    let mut out = y * shifted_exp2i_f64(s, shifted);
    let far = !x.abs().lt(s.lit(708.0));
    if s.enter_slow(far) {
        let scaled = scale_f64(s, y, k);
        let scaled = choose(x.gt(s.lit(710.0)), s.lit(f64::INFINITY), scaled);
        let scaled = choose(x.lt(s.lit(-746.0)), s.lit(0.0), scaled);
        out = s.leave_slow(far, scaled, out);
    }
    out
}

/// The exponential.
#[inline(always)]
pub fn exp_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    // 14 bits of ln 2, and the rest.
    const LN2_HIGH: f32 = 0.693145751953125;
    const LN2_LOW: f32 = 1.42860676533018704503775e-06;
    let shifted = x.fma(s.lit(LOG2_E as f32), s.lit(SHIFT_F32));
    let k = shifted - s.lit(SHIFT_F32);
    let r = k.fma(s.lit(-LN2_HIGH), x);
    let r = k.fma(s.lit(-LN2_LOW), r);
    let rr = r * r;
    let q = halves(
        s,
        r,
        rr,
        [
            0.5,
            0.16666577756404876708984375,
            4.1666708886623382568359375e-2,
            8.363096974790096282958984375e-3,
            1.391076482832431793212890625e-3,
        ],
    );
    let (sum, rest) = fast_two_sum(s.lit(1.0), r);
    let y = sum + rr.fma(q, rest);
    let mut out = y * shifted_exp2i_f32(s, shifted);
    let far = !x.abs().lt(s.lit(87.0));
    if s.enter_slow(far) {
        let scaled = scale_f32(s, y, k);
        let scaled = choose(x.gt(s.lit(89.0)), s.lit(f32::INFINITY), scaled);
        let scaled = choose(x.lt(s.lit(-104.0)), s.lit(0.0), scaled);
        out = s.leave_slow(far, scaled, out);
    }
    out
}
