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
/// As [`Q_F64`].
const Q_F32: [f32; 5] = [
    0.16666667163372039794921875,
    4.16665114462375640869140625e-2,
    8.333199657499790191650390625e-3,
    1.3930499553680419921875e-3,
    1.9951048307120800018310546875e-4,
];
/// As [`Q_EXPM1_F64`].
const Q_EXPM1_F32: [f32; 5] = [
    0.166666686534881591796875,
    4.16665934026241302490234375e-2,
    8.332266472280025482177734375e-3,
    1.3915547169744968414306640625e-3,
    2.0920819952152669429779052734375e-4,
];

/// The functions for a dtype. Constants in two parts: the high part of ln 2 and of log10 2 has so few
/// bits that its product with k is exact. `ends` are those of exp, exp2 and exp10: from where on
/// (either side of 0) 2^k may not be a normal number; below what the result is 0; above what it is
/// infinite.
macro_rules! exponentials {
    (
        $t:ident $lane:ident $shift:ident $shifted_exp2i:ident $scale:ident;
        $near:ident $q:ident, $q_expm1:ident; $reduce:ident $scaled:ident;
        $exp:ident $exp2:ident $exp10:ident $expm1:ident;
        ln2 $ln2_high:expr, $ln2_low:expr, $ln2_rest:expr;
        log10_2 $log10_2_high:expr, $log10_2_low:expr;
        ln10 $ln10_rest:expr;
        ends $ends:expr, $ends2:expr, $ends10:expr;
    ) => {
        /// `e^(r + low)` as a sum and its rest, for `low` below the last place of `r`.
        #[inline(always)]
        fn $near<S: Shape, const N: usize>(
            s: S,
            r: S::$lane,
            low: S::$lane,
            q: [$t; N],
        ) -> (S::$lane, S::$lane) {
            let rr = r * r;
            let q = halves(s, r, rr, q);
            let (sum, rest) = fast_two_sum(s.lit(1.0), r);
            let small = (rr * r).fma(q, low.fma(sum, rest));
            (sum, rr.fma(s.lit(0.5), small))
        }

        /// `x - k ln2`, and what the rounding of that lost.
        #[inline(always)]
        fn $reduce<S: Shape>(s: S, x: S::$lane, k: S::$lane) -> (S::$lane, S::$lane) {
            let high = k.fma(s.lit(-$ln2_high), x);
            let r = k.fma(s.lit(-$ln2_low), high);
            (r, k.fma(s.lit(-$ln2_low), high - r))
        }

        /// `2^k y`, with the slow path beyond `-limit..limit`.
        #[inline(always)]
        fn $scaled<S: Shape>(
            s: S,
            x: S::$lane,
            shifted: S::$lane,
            k: S::$lane,
            y: S::$lane,
            [limit, zero, infinite]: [$t; 3],
        ) -> S::$lane {
            let mut out = y * $shifted_exp2i(s, shifted);
            let far = !x.abs().lt(s.lit(limit));
            if s.enter_slow(far) {
                let scaled = $scale(s, y, k);
                let scaled = choose(x.gt(s.lit(infinite)), s.lit($t::INFINITY), scaled);
                let scaled = choose(x.lt(s.lit(zero)), s.lit(0.0), scaled);
                out = s.leave_slow(far, scaled, out);
            }
            out
        }

        /// The exponential.
        #[inline(always)]
        pub fn $exp<S: Shape>(s: S, x: S::$lane) -> S::$lane {
            let shifted = x.fma(s.lit(core::$t::consts::LOG2_E), s.lit($shift));
            let k = shifted - s.lit($shift);
            let (r, low) = $reduce(s, x, k);
            let (sum, rest) = $near(s, r, low, $q);
            $scaled(s, x, shifted, k, sum + rest, $ends)
        }

        /// 2 to a power.
        #[inline(always)]
        pub fn $exp2<S: Shape>(s: S, x: S::$lane) -> S::$lane {
            const LN2: $t = core::$t::consts::LN_2;
            let shifted = x + s.lit($shift);
            let k = shifted - s.lit($shift);
            let r = x - k;
            let t = r * s.lit(LN2);
            let low = r.fma(s.lit($ln2_rest), r.fma(s.lit(LN2), -t));
            let (sum, rest) = $near(s, t, low, $q);
            $scaled(s, x, shifted, k, sum + rest, $ends2)
        }

        /// 10 to a power.
        #[inline(always)]
        pub fn $exp10<S: Shape>(s: S, x: S::$lane) -> S::$lane {
            const LN10: $t = core::$t::consts::LN_10;
            let shifted = x.fma(s.lit(core::$t::consts::LOG2_10), s.lit($shift));
            let k = shifted - s.lit($shift);
            let high = k.fma(s.lit(-$log10_2_high), x);
            let r = k.fma(s.lit(-$log10_2_low), high);
            let left = k.fma(s.lit(-$log10_2_low), high - r);
            let t = r * s.lit(LN10);
            let low = r.fma(s.lit($ln10_rest), r.fma(s.lit(LN10), -t));
            let low = left.fma(s.lit(LN10), low);
            let (sum, rest) = $near(s, t, low, $q);
            $scaled(s, x, shifted, k, sum + rest, $ends10)
        }

        /// The exponential less 1.
        #[inline(always)]
        pub fn $expm1<S: Shape>(s: S, x: S::$lane) -> S::$lane {
            const ENDS: [$t; 3] = $ends;
            // Rounded a little down: below 0 less of the result may cancel, since its last place is finer.
            let shifted = x.fma(s.lit(core::$t::consts::LOG2_E), s.lit(-0.1)) + s.lit($shift);
            let k = shifted - s.lit($shift);
            let (r, low) = $reduce(s, x, k);
            let (sum, rest) = $near(s, r, low, $q_expm1);
            let power = $shifted_exp2i(s, shifted);
            let (high, left) = two_sum(sum * power, s.lit(-1.0));
            let mut out = high + rest.fma(power, left);
            let far = !x.abs().lt(s.lit(ENDS[0]));
            if s.enter_slow(far) {
                // Up here the 1 is far below the last place; down there it is all that is left.
                let scaled = $scale(s, sum + rest, k);
                let scaled = choose(x.gt(s.lit(ENDS[2])), s.lit($t::INFINITY), scaled);
                let scaled = choose(x.lt(s.lit(0.0)), s.lit(-1.0), scaled);
                out = s.leave_slow(far, scaled, out);
            }
            // A zero keeps its sign.
            out.copysign(x)
        }
    };
}

exponentials! {
    f64 F64 SHIFT_F64 shifted_exp2i_f64 scale_f64;
    near_f64 Q_F64, Q_EXPM1_F64; reduce_f64 scaled_f64;
    exp_f64 exp2_f64 exp10_f64 expm1_f64;
    ln2 f64::from_bits(0x3fe62e42fee00000), f64::from_bits(0x3dea39ef35793c76), f64::from_bits(0x3c7abc9e3b39803f);
    log10_2 f64::from_bits(0x3fd34413509f7000), f64::from_bits(0x3d43fde623e2566b);
    ln10 f64::from_bits(0xbcaf48ad494ea3e9);
    ends [708.0, -746.0, 710.0], [1022.0, -1076.0, 1025.0], [307.0, -324.0, 309.0];
}
exponentials! {
    f32 F32 SHIFT_F32 shifted_exp2i_f32 scale_f32;
    near_f32 Q_F32, Q_EXPM1_F32; reduce_f32 scaled_f32;
    exp_f32 exp2_f32 exp10_f32 expm1_f32;
    ln2 0.693145751953125, 1.428606765330187e-6, -1.9046542121259336e-9;
    log10_2 0.301025390625, 4.605039066518657e-6;
    ln10 -3.1975435632602967e-8;
    ends [87.0, -104.0, 89.0], [126.0, -151.0, 129.0], [37.0, -46.0, 39.0];
}
