//! Whole numbers from floats: each an instruction of the CPU, or a few. All are exact.

use super::arithmetic::itself;
use super::parts::*;
use super::{for_dtypes, functions};
use crate::lanes::{Element, Float, Shape};
use crate::ops::{self, Real};

for_dtypes! {
    /// The largest whole number that is not above `x`.
    ///
    /// Zeros, infinities and NaN stay themselves.
    floor(x: T) -> T {
        bool: itself, 1;
        signless: itself, 1;
        floats: down, 0.0, 1;
    }

    /// The smallest whole number that is not below `x`.
    ///
    /// What rounds to zero keeps its sign. Infinities and NaN stay themselves.
    ceil(x: T) -> T {
        bool: itself, 1;
        signless: itself, 1;
        floats: up, 0.0, 1;
    }

    /// The whole number next to `x` towards zero.
    ///
    /// What rounds to zero keeps its sign. Infinities and NaN stay themselves.
    trunc(x: T) -> T {
        bool: itself, 1;
        signless: itself, 1;
        floats: inwards, 0.0, 1;
    }

}

functions! {
    /// The nearest whole number, halves to the even one; NumPy calls it `round` too.
    ///
    /// What rounds to zero keeps its sign. Infinities and NaN stay themselves.
    rint(x: T) -> T {
        f64: nearest, 0.0, 1;
        f32: nearest, 0.0, 1;
    }

    /// The nearest whole number, halves away from zero, as C's `round`; for halves to even there is
    /// `rint`.
    ///
    /// What rounds to zero keeps its sign. Infinities and NaN stay themselves.
    round(x: T) -> T {
        f64: ops::round, 0.0, 7;
        f32: ops::round, 0.0, 7;
    }

    /// The fraction of `x` and its whole part, rounded towards zero.
    ///
    /// Both have the sign of `x`, also as zeros. An infinity is whole; NaN gives NaN twice.
    modf(x: T) -> (T, T) {
        f64: parted, 0.0, 6;
        f32: parted, 0.0, 6;
    }
}

macro_rules! roundings {
    ($($name:ident $method:ident;)*) => {$(
        #[inline(always)]
        fn $name<S: Shape, V: Float<Shape = S>>(_: S, x: V) -> V {
            x.$method()
        }
    )*};
}
roundings! { down floor; up ceil; inwards trunc; nearest rint; }

#[inline(always)]
fn parted<S: Shape, V: Float<Shape = S>>(s: S, x: V) -> (V, V)
where
    V::Elem: Real,
{
    let whole = x.trunc();
    // The difference of infinities would be NaN.
    let fraction = choose(x.eq(whole), s.lit(V::Elem::ZERO), x - whole);
    (fraction.copysign(x), whole)
}
