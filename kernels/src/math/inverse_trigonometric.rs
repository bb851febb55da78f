//! Arcsine, arccosine, arctangent, and the angle of a point.
//!
//! ```text
//! asin(x) = t + t^3 R(t^2)              t = x up to 1/2
//!         = pi/2 - 2 asin(t)            above, t = sqrt((1 - x) / 2): the root and what its rounding lost
//! acos(x) = pi/2 - asin(x),  2 asin(t)  the same, with pi - acos(-x) for negative x
//!
//! atan(y/x) = C + atan(n/d)             n/d is y/x and C = 0 where y/x < 1/2; -x/y and pi/2 where it is
//!                                       above 2; else (y - x) / (y + x) and pi/4
//! atan(t) = t + t^3 A(t^2)              t = n/d: the quotient and what its rounding lost
//! ```
//!
//! R and A are minimax, fitted for the relative error of the function with Sollya's fpminimax. All sums
//! with multiples of pi/4 are exact ones and their rests, which are added before the last rounding.

use super::functions;
use super::parts::*;
use super::trigonometric::{signed_f32, signed_f64};
use crate::lanes::{Float, Lane, Number, Shape};

functions! {
    /// The arcsine of `x`: the angle from -pi/2 to pi/2 whose sine it is.
    ///
    /// Beyond -1..=1 it is NaN, as for NaN; -0 gives itself.
    asin(x: T) -> T {
        f64: asin_f64, 0.75, 38;
        f32: asin_f32, 0.75, 30;
    }
    /// The arccosine of `x`: the angle from 0 to pi whose cosine it is.
    ///
    /// Beyond -1..=1 it is NaN, as for NaN; 1 gives +0.
    acos(x: T) -> T {
        f64: acos_f64, 0.72, 42;
        f32: acos_f32, 0.72, 34;
    }
    /// The arctangent of `x`: the angle from -pi/2 to pi/2 whose tangent it is.
    ///
    /// NaN gives NaN, the infinities plus and minus pi/2, -0 itself.
    atan(x: T) -> T {
        f64: atan_f64, 0.83, 50;
        f32: atan_f32, 0.83, 43;
    }
    /// The angle of the point (x, y), from -pi to pi: the arctangent of y/x, in the quadrant of the point.
    ///
    /// It has the sign of `y`, of a zero too. As in C, (+0, y) and (-0, y) are straight up or down;
    /// for a zero `y`, positive `x` and +0 give that zero, negative `x` and -0 give pi with its sign;
    /// infinite `x` and `y` are 45 degrees from both axes. NaN gives NaN.
    atan2(y: T, x: T) -> T {
        f64: atan2_f64, 0.85, 65;
        f32: atan2_f32, 0.85, 58;
    }
}

macro_rules! inverse_trigonometric {
    ($(
        $t:ident $lanes:ident $signed:ident $pi:ident $half_pi_rest:expr;
        $root:ident $asin:ident $acos:ident $arc:ident $atan:ident $angle:ident $atan2:ident;
        half_inverse $half_inverse:literal;
        huge $huge:literal;
        far $small:literal $large:literal $tiny_squared:literal;
        scale $down:expr, $up:expr;
        straight $straight:literal;
        asin $asin_c:expr;
        atan $atan_c:expr;
    )*) => {$(
        /// The root of `(1 - a) / 2` and what its rounding lost, nearly; `(1 - a) / 2`.
        #[inline(always)]
        fn $root<S: Shape>(s: S, a: S::$lanes) -> (S::$lanes, S::$lanes, S::$lanes) {
            let z = a.fma(s.lit(-0.5), s.lit(0.5));
            let root = z.sqrt();
            // 1 / (2 root) to 5 %, from the bits: a straight line in each binade.
            let inverse = S::$lanes::from_bits(
                s.lit::<<S::$lanes as Float>::Bits>($half_inverse) - root.to_bits(),
            );
            (root, root.fma(-root, z) * inverse, z)
        }

        /// The arcsine.
        #[inline(always)]
        pub fn $asin<S: Shape>(s: S, x: S::$lanes) -> S::$lanes {
            let a = x.abs();
            let (root, rest, half) = $root(s, a);
            let big = a.gt(s.lit(0.5));
            let z = choose(big, half, a * a);
            let p = z * halves(s, z, z * z, $asin_c);
            let half_pi: S::$lanes = s.lit(core::$t::consts::FRAC_PI_2);
            let head = root.fma(s.lit(-2.0), half_pi);
            let lost = root.fma(s.lit(-2.0), half_pi - head) + s.lit($half_pi_rest);
            let near = root.fma(p, rest).fma(s.lit(-2.0), lost) + head;
            $signed(s, choose(big, near, a.fma(p, a)), x.to_bits())
        }

        /// The arccosine.
        #[inline(always)]
        pub fn $acos<S: Shape>(s: S, x: S::$lanes) -> S::$lanes {
            let a = x.abs();
            let (root, rest, half) = $root(s, a);
            let big = a.gt(s.lit(0.5));
            let z = choose(big, half, a * a);
            let p = z * halves(s, z, z * z, $asin_c);
            // It is C - (v + v^3 R), where v has the sign of x.
            let v = $signed(s, choose(big, root * s.lit(-2.0), a), x.to_bits());
            let rest = $signed(s, choose(big, rest * s.lit(-2.0), s.lit(0.0)), x.to_bits());
            let end = choose(x.gt(s.lit(0.0)), s.lit(0.0), s.lit(core::$t::consts::PI));
            let c: S::$lanes = choose(big, end, s.lit(core::$t::consts::FRAC_PI_2));
            let head = c - v;
            let lost = c.fma(s.lit($half_pi_rest / core::$t::consts::FRAC_PI_2), (c - head) - v);
            (lost - v.fma(p, rest)) + head
        }

        /// `c + c_rest + atan(n / (d + d_rest))`, for a quotient from -1/2 to 1/2 and a `c` that is 0 or
        /// above it; and the square of the quotient.
        #[inline(always)]
        fn $arc<S: Shape>(
            s: S,
            n: S::$lanes,
            (d, d_rest): (S::$lanes, S::$lanes),
            (c, c_rest): (S::$lanes, S::$lanes),
        ) -> (S::$lanes, S::$lanes) {
            let inverse = s.lit::<S::$lanes>(1.0) / d;
            let t = n * inverse;
            let rest = t.fma(-d_rest, t.fma(-d, n)) * inverse;
            let z = t * t;
            // rest / (1 + z) is rest (1 - z) here.
            let tail = z.fma(t.fma(halves(s, z, z * z, $atan_c), -rest), rest);
            let (head, lost) = fast_two_sum(c, t);
            (head + (tail + (lost + c_rest)), z)
        }

        /// The arctangent.
        #[inline(always)]
        pub fn $atan<S: Shape>(s: S, x: S::$lanes) -> S::$lanes {
            let one: S::$lanes = s.lit(1.0);
            let a = x.abs();
            // From there on it is pi/2, and the quotient stays finite.
            let a = choose(a.gt(s.lit($huge)), s.lit($huge), a);
            let low = a.lt(s.lit(0.5));
            let high = a.gt(s.lit(2.0));
            let sum = a + one;
            let n = choose(low, a, choose(high, -one, a - one));
            let d = choose(low, one, choose(high, a, sum));
            let d_rest = choose(low | high, s.lit(0.0), a - (sum - one));
            let c: S::$lanes = choose(
                high,
                s.lit(core::$t::consts::FRAC_PI_2),
                choose(low, s.lit(0.0), s.lit(core::$t::consts::FRAC_PI_4)),
            );
            let c_rest = c * s.lit($half_pi_rest / core::$t::consts::FRAC_PI_2);
            let (y, _) = $arc(s, n, (d, d_rest), (c, c_rest));
            $signed(s, y, x.to_bits())
        }

        /// The angle of a point for the magnitude of `y`. What the divisor was, and the square of the
        /// quotient.
        #[inline(always)]
        fn $angle<S: Shape>(
            s: S,
            y: S::$lanes,
            x: S::$lanes,
            negative: S::Mask,
        ) -> (S::$lanes, S::$lanes, S::$lanes) {
            let low = y.lt(x * s.lit(0.5));
            let high = x.lt(y * s.lit(0.5));
            let (sum, sum_rest) = two_sum(x, y);
            let n = choose(low, y, choose(high, -x, y - x));
            let d = choose(low, x, choose(high, y, sum));
            let d_rest = choose(low | high, s.lit(0.0), sum_rest);
            // In eighths of a turn. Left of the y axis all is as on the right, with the other sign,
            // seen from pi.
            let eighths: S::$lanes = choose(low, s.lit(0.0), choose(high, s.lit(2.0), s.lit(1.0)));
            let eighths = choose(negative, s.lit::<S::$lanes>(4.0) - eighths, eighths);
            let n = choose(negative, -n, n);
            let (c, c_lost) = two_prod(eighths, s.lit(core::$t::consts::FRAC_PI_4));
            let c_rest = eighths.fma(s.lit($half_pi_rest * 0.5), c_lost);
            let (angle, z) = $arc(s, n, (d, d_rest), (c, c_rest));
            (angle, d, z)
        }

        /// The angle of a point.
        #[inline(always)]
        pub fn $atan2<S: Shape>(s: S, y: S::$lanes, x: S::$lanes) -> S::$lanes {
            let (v, u) = (y.abs(), x.abs());
            let zero: <S::$lanes as Float>::Bits = s.lit(0);
            let top: <S::$lanes as Float>::Bits = s.lit((-0.0 as $t).to_bits());
            let negative = (x.to_bits() & top).ne(zero);
            let (mut angle, d, z) = $angle(s, v, u, negative);
            let fine = d.gt(s.lit($small)) & d.lt(s.lit($large)) & z.gt(s.lit($tiny_squared));
            let odd = !fine;
            if s.enter_slow(odd) {
                // Infinite and zero points have an angle by agreement: that of a point with 0 and 1.
                let infinite: S::$lanes = s.lit($t::INFINITY);
                let (zero, one): (S::$lanes, S::$lanes) = (s.lit(0.0), s.lit(1.0));
                let any = v.eq(infinite) | u.eq(infinite);
                let v1 = choose(any, choose(v.eq(infinite), one, zero), v);
                let u1 = choose(any, choose(u.eq(infinite), one, zero), u);
                let u1 = choose(v1.eq(zero) & u1.eq(zero), one, u1);
                // Everything else is scaled, so that no quotient or rest leaves the normal numbers,
                // or is so small that it is the result, rounded once.
                let larger = choose(v1.gt(u1), v1, u1);
                let by = choose(
                    larger.gt(s.lit($large)),
                    s.lit($down),
                    choose(larger.lt(s.lit($small)), s.lit($up), one),
                );
                let (v2, u2) = (v1 * by, u1 * by);
                let (turned, _, _) = $angle(s, v2, u2, negative);
                let straight = v2.lt(u2 * s.lit($straight)) & !negative;
                let slow = choose(straight, v1 / u1, turned);
                let slow = choose(x.is_nan() | y.is_nan(), x + y, slow);
                angle = s.leave_slow(odd, slow, angle);
            }
            $signed(s, angle, y.to_bits())
        }
    )*};
}
inverse_trigonometric! {
    f64 F64 signed_f64 PI f64::from_bits(0x3c91a62633145c07);
    root_f64 asin_f64 acos_f64 arc_f64 atan_f64 angle_f64 atan2_f64;
    half_inverse 0x7fce666666666666;
    huge 1e18;
    far 1e-120 1e150 1e-240;
    scale f64::from_bits((1023 - 700) << 52), f64::from_bits((1023 + 700) << 52);
    straight 1e-9;
    asin [
        0.1666666666666676,
        0.07499999999970867,
        0.04464285717455937,
        0.03038194270993964,
        0.022372214933961024,
        0.017351612884648794,
        0.013980810970578617,
        0.011398984899576326,
        0.010779871807771596,
        0.0037077637996379927,
        0.021704324816513087,
        -0.020994857781697154,
        0.032626111008729954,
    ];
    atan [
        -0.3333333333333298,
        0.19999999999903112,
        -0.14285714276385975,
        0.11111110659630949,
        -0.0909089624434714,
        0.07692073902777725,
        -0.06663810483982287,
        0.058582978208545605,
        -0.05122000167430027,
        0.04186486680271098,
        -0.027434640235569054,
        0.010116614781319583,
    ];

    f32 F32 signed_f32 PI f32::from_bits(0xb33bbd2e);
    root_f32 asin_f32 acos_f32 arc_f32 atan_f32 angle_f32 atan2_f32;
    half_inverse 0x7e733333;
    huge 1e12;
    far 1e-12 1e18 1e-30;
    scale f32::from_bits((127 - 100) << 23), f32::from_bits((127 + 100) << 23);
    straight 1e-5;
    asin [0.16666752, 0.0749531, 0.04546902, 0.024185503, 0.042157013];
    atan [-0.33333233, 0.19994184, -0.14174555, 0.10158012, -0.051294934];
}
