//! Sine, cosine and tangent of multiples of pi.
//!
//! ```text
//! |x| = 2n + k/2 + r,  |r| <= 1/4          by rounding, exactly, however large x is
//! pi r = t + rest                          a product and what its rounding lost
//! ```
//!
//! Results so small that what a product lost is no number are made apart, from a scaled argument.
//! From there on the tangent is that of [`trigonometric`](super::tan); sine and cosine have finer sums of their
//! own, whose polynomials are minimax, fitted for the relative error with Sollya's fpminimax.
//! The functions are zero or infinite in whole and half numbers, with the signs that C23 gives them.

use super::functions;
use super::parts::*;
use super::trigonometric::*;
use crate::lanes::{Float, Integer, Lane, Number, Shape};

functions! {
    /// The sine of `pi * x`.
    ///
    /// Whole numbers give a zero of their own sign. NaN and the infinities give NaN.
    sinpi(x: T) -> T {
        f64: sinpi_f64, 0.52, 66;
        f32: sinpi_f32, 0.52, 58;
    }
    /// The cosine of `pi * x`.
    ///
    /// Whole numbers and a half give +0. NaN and the infinities give NaN.
    cospi(x: T) -> T {
        f64: cospi_f64, 0.52, 61;
        f32: cospi_f32, 0.52, 53;
    }
    /// The tangent of `pi * x`.
    ///
    /// For a whole n >= 0, n gives +0 if n is even, -0 if it is odd, and n + 1/2 infinity if n is even,
    /// -infinity if it is odd; the function is odd. NaN and the infinities give NaN.
    tanpi(x: T) -> T {
        f64: tanpi_f64, 0.88, 66;
        f32: tanpi_f32, 0.87, 50;
    }
}

macro_rules! trigonometric_pi {
    ($(
        $t:ident $lanes:ident $bits:ident $top:literal $shift:ident, $pi:expr, $pi_rest:expr;
        $tangent:ident $signed:ident;
        tiny $tiny:literal $up:expr, $down:expr;
        sine $sixth_rest:literal $sine:expr;
        cosine $fourth:literal $cosine:expr;
        $reduce:ident $times_pi:ident $fine:ident $sinpi:ident $cospi:ident $tanpi:ident;
    )*) => {$(
        /// `a = 2n + k/2 + r`: the bits of a number whose lowest ones are those of `k`; `r`.
        #[inline(always)]
        fn $reduce<S: Shape>(s: S, a: S::$lanes) -> (S::$bits, S::$lanes) {
            // From -1 to 1. An infinite a gives NaN here.
            let y = (a * s.lit(0.5)).rint().fma(s.lit(-2.0), a);
            let shifted = y.fma(s.lit(2.0), s.lit($shift));
            let r = (shifted - s.lit($shift)).fma(s.lit(-0.5), y);
            (shifted.to_bits(), r)
        }

        /// `pi * x` for a tiny `x`, rounded once.
        #[inline(always)]
        fn $times_pi<S: Shape>(s: S, x: S::$lanes) -> S::$lanes {
            let up = x * s.lit($up);
            let (y, rest) = two_prod(up, s.lit($pi));
            let (y, rest) = fast_two_sum(y, up.fma(s.lit($pi_rest), rest));
            let small = y * s.lit($down);
            // A normal number is the nearest one already; a subnormal one was rounded without the rest.
            let lost = y - small * s.lit($up);
            let rounded = small + (lost + rest) * s.lit($down);
            choose(lost.eq(s.lit(0.0)), small, rounded).copysign(x)
        }

        /// Sine and cosine of `r + rest`, `r` from -pi/4 to pi/4, to 1/100 ULP before they are rounded:
        ///
        /// ```text
        /// sin = r + (r^3 (-1/6) + (r^5 S(r^2) + rest (1 - r^2/2 + r^4/24)))
        /// cos = (1 - r^2/2) + (r^4 C + (r^6 C(r^2) - rest sin))
        /// ```
        ///
        /// where the first sum and the first product keep what their rounding lost, and so do the powers in
        /// them.
        #[inline(always)]
        fn $fine<S: Shape>(
            s: S,
            r: S::$lanes,
            rest: S::$lanes,
        ) -> (S::$lanes, S::$lanes) {
            let one: S::$lanes = s.lit(1.0);
            let two: S::$lanes = s.lit(2.0);
            let (z, z_rest) = two_prod(r, r);
            let (zz, zz_rest) = two_prod(z, z);
            let zz_rest = z_rest.fma(two * z, zz_rest);
            let (cube, cube_rest) = two_prod(r, z);
            let cube_rest = r.fma(z_rest, cube_rest);
            let sixth: S::$lanes = s.lit(-1.0 / 6.0);
            let fourth: S::$lanes = s.lit($fourth);
            let head = z.fma(s.lit(-0.5), one);
            let head_rest = z_rest.fma(s.lit(-0.5), z.fma(s.lit(-0.5), one - head));

            let (p, p_rest) = two_prod(cube, sixth);
            let p_rest = cube_rest.fma(sixth, cube.fma(s.lit($sixth_rest), p_rest));
            let small = rest.fma(zz.fma(fourth, head), p_rest);
            let small = (cube * z).fma(halves(s, z, zz, $sine), small);
            let (sine, lost) = fast_two_sum(r, p);
            let rounded_sine = sine + (lost + small);

            let (q, q_rest) = two_prod(zz, fourth);
            let q_rest = zz_rest.fma(fourth, q_rest);
            let small = sine.fma(-rest, head_rest + q_rest);
            let small = (zz * z).fma(halves(s, z, zz, $cosine), small);
            let (cosine, lost) = fast_two_sum(head, q);
            (rounded_sine, cosine + (lost + small))
        }

        /// Sine of pi x.
        #[inline(always)]
        pub fn $sinpi<S: Shape>(s: S, x: S::$lanes) -> S::$lanes {
            let (k, r) = $reduce(s, x.abs());
            let (t, rest) = two_prod(r, s.lit($pi));
            let (sine, cosine) = $fine(s, t, r.fma(s.lit($pi_rest), rest));
            let even = (k & s.lit(1)).eq(s.lit(0));
            let y = choose(even, sine, cosine);
            // A zero becomes positive before it takes the sign of x.
            let y = $signed(s, y, k.shl(s.lit($top - 1))) + s.lit(0.0);
            let mut y = $signed(s, y, x.to_bits());
            let tiny = x.abs().lt(s.lit($tiny));
            if s.enter_slow(tiny) {
                y = s.leave_slow(tiny, $times_pi(s, x), y);
            }
            y
        }

        /// Cosine of pi x.
        #[inline(always)]
        pub fn $cospi<S: Shape>(s: S, x: S::$lanes) -> S::$lanes {
            let (k, r) = $reduce(s, x.abs());
            let (t, rest) = two_prod(r, s.lit($pi));
            let (sine, cosine) = $fine(s, t, r.fma(s.lit($pi_rest), rest));
            let even = (k & s.lit(1)).eq(s.lit(0));
            let y = choose(even, cosine, sine);
            $signed(s, y, (k + s.lit(1)).shl(s.lit($top - 1))) + s.lit(0.0)
        }

        /// Tangent of pi x.
        #[inline(always)]
        pub fn $tanpi<S: Shape>(s: S, x: S::$lanes) -> S::$lanes {
            let (k, r) = $reduce(s, x.abs());
            let (t, rest) = two_prod(r, s.lit($pi));
            let odd = (k & s.lit(1)).ne(s.lit(0));
            let y = $tangent(s, t, r.fma(s.lit($pi_rest), rest), odd);
            let exact = r.eq(s.lit(0.0));
            let y = choose(exact, choose(odd, s.lit($t::INFINITY), s.lit(0.0)), y);
            let up = choose(exact, k.shl(s.lit($top - 1)), k.shl(s.lit($top)));
            let mut y = $signed(s, y, x.to_bits() ^ up);
            let tiny = x.abs().lt(s.lit($tiny));
            if s.enter_slow(tiny) {
                y = s.leave_slow(tiny, $times_pi(s, x), y);
            }
            y
        }
    )*};
}
trigonometric_pi! {
    f64 F64 U64 63 SHIFT_F64, core::f64::consts::PI, f64::from_bits(0x3ca1a62633145c07);
    tangent_f64 signed_f64;
    tiny 1e-290 f64::from_bits((1023 + 100) << 52), f64::from_bits((1023 - 100) << 52);
    sine -9.251858538542971e-18 [
        0.00833333333333333,
        -0.00019841269841261666,
        2.7557319217131234e-06,
        -2.5052105585537308e-08,
        1.6058443528276133e-10,
        -7.5821596145164406e-13,
    ];
    cosine 0.041666666666666595 [
        -0.0013888888888873348,
        2.48015872890081e-05,
        -2.7557314219061697e-07,
        2.0875705690062703e-09,
        -1.1358764907662266e-11,
    ];
    reduce_pi_f64 times_pi_f64 fine_f64 sinpi_f64 cospi_f64 tanpi_f64;

    f32 F32 U32 31 SHIFT_F32, core::f32::consts::PI, f32::from_bits(0xb3bbbd2e);
    tangent_f32 signed_f32;
    tiny 1e-30 f32::from_bits((127 + 50) << 23), f32::from_bits((127 - 50) << 23);
    sine 4.967054e-9 [0.008333332, -0.00019840038, 2.724194e-06];
    cosine 0.041666646 [-0.0013887311, 2.4432567e-05];
    reduce_pi_f32 times_pi_f32 fine_f32 sinpi_f32 cospi_f32 tanpi_f32;
}
