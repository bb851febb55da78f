//! Functions of a float's sign, exponent and last place.
//!
//! Neighbours of a float are those of its bits as an integer. `ldexp` multiplies with a power of two
//! made from its bits. Where that is no normal number it takes up to three of them, one after the
//! other; all but the last are so large that nothing is rounded twice.

use super::parts::*;
use super::{for_dtypes, functions};
use crate::lanes::{Float, Integer, Lane, Number, Shape};
use crate::loops::{Kernel, Operands, TypedLoop};
use crate::ops;

functions! {
    /// The size of `x` with the sign of `y`.
    ///
    /// Zeros and NaN have signs too.
    copysign(x: T, y: T) -> T {
        f64: with_sign, 0.0, 3;
        f32: with_sign, 0.0, 3;
    }

    /// The next number from `x` on towards `y`.
    ///
    /// `y` where both are equal; NaN where one is.
    nextafter(x: T, y: T) -> T {
        f64: nextafter_f64, 0.0, 16;
        f32: nextafter_f32, 0.0, 16;
    }

    /// The distance from `x` to the next number away from zero, with the sign of `x`.
    ///
    /// Of both zeros it is the smallest number above; of the largest number, infinite. Infinities and
    /// NaN give NaN.
    spacing(x: T) -> T {
        f64: spacing_f64, 0.0, 5;
        f32: spacing_f32, 0.0, 5;
    }

    /// `x` times 2 to the power `n`, rounded once.
    ///
    /// Zeros, infinities and NaN stay themselves, whatever `n` is.
    ldexp(x: T, n: i32) -> T {
        f64: ldexp_f64, 0.5, 26;
        f32: ldexp_f32, 0.5, 26;
    } + (f64, i64) + (f32, i64)

    /// `x` as a number of 1/2 to 1 (exclusive), with its sign, times 2 to a whole power: both.
    ///
    /// Zeros, infinities and NaN stay themselves, with the power 0.
    frexp(x: T) -> (T, i32) {
        f64: frexp_f64, 0.0, 14;
        f32: frexp_f32, 0.0, 14;
    }

    /// Whether the sign is minus, be it of a zero or of a NaN.
    signbit(x: T) -> bool {
        f64: ops::is_sign_negative, 0.0, 3;
        f32: ops::is_sign_negative, 0.0, 3;
    }
}

for_dtypes! {
    /// Whether `x` is NaN; no integer is.
    isnan(x: T) -> bool {
        bool: never, 1;
        signless: never, 1;
        floats: ops::is_nan, 0.0, 1;
    }

    /// Whether `x` is infinite; no integer is.
    isinf(x: T) -> bool {
        bool: never, 1;
        signless: never, 1;
        floats: ops::is_infinite, 0.0, 2;
    }

    /// Whether `x` is neither infinite nor NaN.
    isfinite(x: T) -> bool {
        bool: always, 1;
        signless: always, 1;
        floats: ops::is_finite, 0.0, 2;
    }
}

#[inline(always)]
fn never<S: Shape, V: Lane<Shape = S>>(_: S, x: V) -> S::Mask {
    x.ne(x)
}

#[inline(always)]
fn always<S: Shape, V: Lane<Shape = S>>(_: S, x: V) -> S::Mask {
    x.eq(x)
}

/// A power of two that an i64 names: beyond an i32's range all of them give the same.
macro_rules! ldexp_by_i64 {
    ($($t:ident $lanes:ident;)*) => {$(
        impl Kernel<($t, i64)> for ldexp {
            type Out = ($t,);
            type Busy = $t;
            const COST: u32 = 30;
            const LOOP: &'static TypedLoop<Self, ($t, i64)> =
                crate::loops::own_loop!(ldexp, ($t, i64), TypedLoop::new().within(0.5));
            #[inline(always)]
            fn lanes<S: Shape>(
                s: S,
                (x, n): <($t, i64) as Operands>::Lanes<S>,
            ) -> <($t,) as Operands>::Lanes<S> {
                let n = n.maximum(s.lit(-10_000)).minimum(s.lit(10_000));
                ($lanes(s, x, n.to_i32()),)
            }
        }
    )*};
}
ldexp_by_i64! { f64 ldexp_f64; f32 ldexp_f32; }

#[inline(always)]
fn with_sign<S: Shape, V: Float<Shape = S>>(_: S, x: V, y: V) -> V {
    x.copysign(y)
}

/// `n`, but at most `high`, and `below` where it is less than `low`.
#[inline(always)]
fn within<S: Shape, V: Float<Shape = S>>(
    s: S,
    n: V,
    low: V::Elem,
    below: V::Elem,
    high: V::Elem,
) -> V {
    let n = choose(n.lt(s.lit(high)), n, s.lit(high));
    choose(n.lt(s.lit(low)), s.lit(below), n)
}

macro_rules! bits {
    ($(
        $t:ident $lane:ident $bits:literal $bias:literal $float:ident $exp2i:ident:
        $nextafter:ident $spacing:ident $ldexp:ident $frexp:ident;
    )*) => {$(
        /// The next number towards `y`.
        #[inline(always)]
        pub fn $nextafter<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> S::$lane {
            let (zero, one) = (s.lit(0.0), s.lit(1));
            // Up in size, where `y` is further from zero on the same side.
            let up = choose(x.lt(zero), y.lt(x), x.lt(y));
            let bits = x.to_bits();
            let next = S::$lane::from_bits(choose(up, bits + one, bits - one));
            let tiny: S::$lane = s.lit($t::from_bits(1));
            let next = choose(x.eq(zero), tiny.copysign(y), next);
            let next = choose(x.eq(y), y, next);
            // Only a sum with a NaN is one; that of opposite infinities is not asked for.
            choose(x.is_nan() | y.is_nan(), s.lit($t::NAN), next)
        }

        /// The distance to the next number away from zero.
        #[inline(always)]
        pub fn $spacing<S: Shape>(s: S, x: S::$lane) -> S::$lane {
            let next = S::$lane::from_bits(x.to_bits() + s.lit(1));
            // Of zero, without a sign. An infinity's neighbour is NaN.
            choose(x.eq(s.lit(0.0)), s.lit($t::from_bits(1)), next - x)
        }

        /// `x * 2^n`.
        #[inline(always)]
        pub fn $ldexp<S: Shape>(s: S, x: S::$lane, n: S::I32) -> S::$lane {
            const HIGH: $t = ($bias - 1) as $t;
            const LOW: $t = -HIGH + 1.0;
            // What this makes subnormal becomes 0 by the next step, which is at least 2^(LOW - STEP).
            const STEP: $t = $bits as $t - HIGH + 2.0;
            let n = n.$float();
            let mut y = x * $exp2i(s, n);
            let far = n.abs().gt(s.lit(-LOW));
            if s.enter_slow(far) {
                // Further than from the smallest number to infinity, or back.
                let n = choose(n.lt(s.lit(4.0 * LOW)), s.lit(4.0 * LOW), n);
                let first = within(s, n, LOW, STEP, HIGH);
                let n = n - first;
                let second = within(s, n, LOW, STEP, HIGH);
                let third = within(s, n - second, LOW, LOW, HIGH);
                let slow = x * $exp2i(s, first) * $exp2i(s, second) * $exp2i(s, third);
                y = s.leave_slow(far, slow, y);
            }
            y
        }

        /// The number and its power of two.
        #[inline(always)]
        pub fn $frexp<S: Shape>(s: S, x: S::$lane) -> (S::$lane, S::I32) {
            const FIELD: i32 = 2 * $bias + 1;
            let tiny = x.abs().lt(s.lit($t::MIN_POSITIVE));
            let bits = choose(tiny, x * s.lit((1u64 << $bits) as $t), x).to_bits();
            let field = bits.shr(s.lit($bits)).to_i32() & s.lit(FIELD);
            let half = s.lit(!((FIELD as u64) << $bits) as _);
            let half = (bits & half) | s.lit((0.5 as $t).to_bits());
            let stays = x.eq(s.lit(0.0)) | !x.abs().lt(s.lit($t::INFINITY));
            let bias = choose(tiny, s.lit($bias - 1 + $bits), s.lit($bias - 1));
            (
                choose(stays, x, S::$lane::from_bits(half)),
                choose(stays, s.lit(0), field - bias),
            )
        }
    )*};
}
bits! {
    f64 F64 52 1023 to_f64 exp2i_f64: nextafter_f64 spacing_f64 ldexp_f64 frexp_f64;
    f32 F32 23 127 to_f32 exp2i_f32: nextafter_f32 spacing_f32 ldexp_f32 frexp_f32;
}
