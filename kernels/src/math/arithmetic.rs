//! The four operations, sign, size, square, reciprocal, and the two units of angles: a few operations
//! each.
//!
//! An angle is multiplied with a constant of two parts: the nearest number, and the rest. One fma sums
//! both products, so that the error is half an ULP and the little that the product with the rest has
//! lost; that is more next to the subnormal numbers, where this product underflows.

use super::parts::*;
use super::{for_dtypes, functions};
#[cfg(not(lanefn_without_loops))]
use crate::fold::Tree;
use crate::lanes::{Element, Float, Integer, Lane, Number, Shape};
use crate::ops::{Num, Real};

for_dtypes! {
    /// The sum of both, rounded once.
    ///
    /// Integers wrap. Of two bools: whether one of them is true.
    add(x: T, y: T) -> T {
        bool: either, 1;
        signless: sum, 1;
        floats: sum, 0.5, 1;
    }

    /// `x` without `y`, rounded once.
    ///
    /// Integers wrap.
    subtract(x: T, y: T) -> T {
        signless: difference, 1;
        floats: difference, 0.5, 1;
    }

    /// The product of both, rounded once.
    ///
    /// Integers wrap. Of two bools: whether both are true.
    multiply(x: T, y: T) -> T {
        bool: both, 1;
        signless: product, 4;
        floats: product, 0.5, 1;
    }

    /// `x / y`, rounded once. Integers are divided as f64.
    ///
    /// Anything but 0 and NaN by a zero is an infinity, 0 by 0 is NaN.
    divide(x: T, y: T) -> T {
        floats: quotient, 0.5, 9;
    }

    /// `-x`.
    ///
    /// Of a float the sign bit is turned round, also that of a NaN. Integers wrap.
    negative(x: T) -> T {
        signless: opposite, 1;
        floats: opposite, 0.0, 1;
    }

    /// `x` itself.
    positive(x: T) -> T {
        signless: itself, 1;
        floats: itself, 0.0, 1;
    }

    /// The absolute value, as a float.
    ///
    /// The sign bit is cleared, also that of a NaN.
    fabs(x: T) -> T {
        floats: size, 0.0, 1;
    }

    /// The absolute value.
    ///
    /// Of a float the sign bit is cleared, also that of a NaN. The lowest integer stays itself.
    abs(x: T) -> T {
        bool: itself, 1;
        integers: size, 1;
        floats: size, 0.0, 1;
    }

    /// 1 for what is above zero, -1 below, 0 for zero.
    ///
    /// Of both zeros it is 0 without a sign; NaN gives NaN.
    sign(x: T) -> T {
        integers: integer_sign, 4;
        floats: float_sign, 0.0, 6;
    }

    /// `x * x`, rounded once.
    ///
    /// Integers wrap.
    square(x: T) -> T {
        signless: times_itself, 4;
        floats: times_itself, 0.5, 1;
    }

    /// `1 / x`, rounded once; of integers, rounded towards zero.
    ///
    /// Of a float's zero it is the infinity of that sign. Integers: 1 and -1 are their own, all others
    /// give 0, zero too.
    reciprocal(x: T) -> T {
        integers: integer_one_by, 3;
        floats: one_by, 0.5, 9;
    }
}

functions! {
    /// An angle in degrees as radians: times pi / 180.
    ///
    /// Zeros and infinities stay themselves, NaN gives NaN.
    deg2rad(x: T) -> T {
        f64: deg2rad_f64, 0.66, 7;
        f32: deg2rad_f32, 0.64, 7;
    }

    /// An angle in radians as degrees: times 180 / pi.
    ///
    /// Zeros and infinities stay themselves, NaN gives NaN.
    rad2deg(x: T) -> T {
        f64: rad2deg_f64, 0.82, 7;
        f32: rad2deg_f32, 0.70, 7;
    }
}

#[cfg(not(lanefn_without_loops))]
/// Sums along a run, in the order of the tree.
pub static SUMS: [Tree; 2] = [Tree::of::<add, f32>(), Tree::of::<add, f64>()];
#[cfg(not(lanefn_without_loops))]
/// Products along a run, in the order of the tree.
pub static PRODUCTS: [Tree; 2] = [Tree::of::<multiply, f32>(), Tree::of::<multiply, f64>()];

macro_rules! pairs {
    ($($name:ident $op:tt;)*) => {$(
        #[inline(always)]
        fn $name<S: Shape, V: Number<Shape = S>>(_: S, x: V, y: V) -> V {
            x $op y
        }
    )*};
}
pairs! { sum +; difference -; product *; quotient /; }

#[inline(always)]
fn either<S: Shape>(_: S, x: S::Mask, y: S::Mask) -> S::Mask {
    x | y
}

#[inline(always)]
fn both<S: Shape>(_: S, x: S::Mask, y: S::Mask) -> S::Mask {
    x & y
}

#[inline(always)]
fn opposite<S: Shape, V: Number<Shape = S>>(_: S, x: V) -> V {
    -x
}

#[inline(always)]
pub(super) fn itself<S: Shape, V: Lane<Shape = S>>(_: S, x: V) -> V {
    x
}

/// The absolute value.
#[inline(always)]
fn size<S: Shape, V: Number<Shape = S>>(_: S, x: V) -> V {
    x.abs()
}

/// 1, -1, 0, or NaN; the sum makes the zeros one.
#[inline(always)]
fn float_sign<S: Shape, V: Float<Shape = S>>(s: S, x: V) -> V
where
    V::Elem: Real,
{
    let zero = s.lit(V::Elem::ZERO);
    choose(x.abs().gt(zero), s.lit::<V>(V::Elem::of(1)).copysign(x), x + zero)
}

/// 1, -1 or 0.
#[inline(always)]
fn integer_sign<S: Shape, V: Integer<Shape = S>>(s: S, x: V) -> V
where
    V::Elem: Num + Element<Lane<S> = V>,
{
    V::Elem::signum(s, x)
}

/// The square.
#[inline(always)]
fn times_itself<S: Shape, V: Number<Shape = S>>(_: S, x: V) -> V {
    x * x
}

/// The reciprocal.
#[inline(always)]
fn one_by<S: Shape, V: Float<Shape = S>>(s: S, x: V) -> V
where
    V::Elem: Real,
{
    s.lit::<V>(V::Elem::of(1)) / x
}

/// 1 and -1 of themselves, 0 of all others.
#[inline(always)]
fn integer_one_by<S: Shape, V: Integer<Shape = S>>(s: S, x: V) -> V
where
    V::Elem: Num,
{
    let one: V = s.lit(V::Elem::of(1));
    let zero: V = s.lit(V::Elem::ZERO);
    // Of an unsigned type, the largest number is none.
    let minus = zero - one;
    choose(x.eq(one) | (x.eq(minus) & minus.lt(zero)), x, zero)
}

macro_rules! times {
    ($($name:ident $lane:ident: $high:literal $low:literal;)*) => {$(
        /// Times a constant.
        #[inline(always)]
        pub fn $name<S: Shape>(s: S, x: S::$lane) -> S::$lane {
            let y = x.fma(s.lit($high), x * s.lit($low));
            // Where the parts have two signs, an infinity has become NaN, and -0 has become 0.
            choose(y.is_nan(), x, y.copysign(x))
        }
    )*};
}

times! {
    deg2rad_f64 F64: 0.017453292519943295 2.9486522708701687e-19;
    deg2rad_f32 F32: 0.01745329238474369 1.3519960151420207e-10;
    rad2deg_f64 F64: 57.29577951308232 -1.9878495670576283e-15;
    rad2deg_f32 F32: 57.295780181884766 -6.688024427603523e-07;
}
