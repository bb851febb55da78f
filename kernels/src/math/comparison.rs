//! Comparisons, the larger and the smaller of two numbers, and what is made of these.

use super::parts::*;
use super::{for_dtypes, functions};
use crate::fold::Tree;
use crate::lanes::{Element, Float, Lane, Number, Shape};
use crate::loops::{Kernel, Operands, TypedLoop};
use crate::ops::{Num, Real};

for_dtypes! {
    /// Whether `x` is less than `y`.
    ///
    /// Not where one is NaN. False is less than true. An i64 and a u64 are compared as the numbers that
    /// they are.
    less(x: T, y: T) -> bool {
        bool: less_truth, 2;
        integers: below, 1;
        floats: below, 0.0, 1;
    } + (i64, u64) + (u64, i64)

    /// Whether `x` is less than `y` or equal to it.
    ///
    /// Not where one is NaN. An i64 and a u64 are compared as the numbers that they are.
    less_equal(x: T, y: T) -> bool {
        bool: less_equal_truth, 2;
        integers: not_above, 1;
        floats: not_above, 0.0, 1;
    } + (i64, u64) + (u64, i64)

    /// Whether `x` is greater than `y`.
    ///
    /// Not where one is NaN. An i64 and a u64 are compared as the numbers that they are.
    greater(x: T, y: T) -> bool {
        bool: greater_truth, 2;
        integers: above, 1;
        floats: above, 0.0, 1;
    } + (i64, u64) + (u64, i64)

    /// Whether `x` is greater than `y` or equal to it.
    ///
    /// Not where one is NaN. An i64 and a u64 are compared as the numbers that they are.
    greater_equal(x: T, y: T) -> bool {
        bool: greater_equal_truth, 2;
        integers: not_below, 1;
        floats: not_below, 0.0, 1;
    } + (i64, u64) + (u64, i64)

    /// Whether `x` and `y` are equal.
    ///
    /// Zeros of either sign are; NaN is equal to nothing. An i64 and a u64 are compared as the numbers
    /// that they are.
    equal(x: T, y: T) -> bool {
        bool: same, 1;
        signless: same, 1;
        floats: same, 0.0, 1;
    } + (i64, u64) + (u64, i64)

    /// Whether `x` and `y` differ.
    ///
    /// NaN differs from everything, itself too. An i64 and a u64 are compared as the numbers that they
    /// are.
    not_equal(x: T, y: T) -> bool {
        bool: different, 1;
        signless: different, 1;
        floats: different, 0.0, 1;
    } + (i64, u64) + (u64, i64)

    /// The larger of both.
    ///
    /// Where one is NaN, NaN. -0 is smaller than 0.
    maximum(x: T, y: T) -> T {
        bool: either_truth, 1;
        integers: larger, 2;
        floats: larger, 0.0, 4;
    }

    /// The smaller of both.
    ///
    /// Where one is NaN, NaN. -0 is smaller than 0.
    minimum(x: T, y: T) -> T {
        bool: both_truths, 1;
        integers: smaller, 2;
        floats: smaller, 0.0, 4;
    }

    /// The larger of both; where one is NaN, the other one.
    ///
    /// -0 is smaller than 0.
    fmax(x: T, y: T) -> T {
        bool: either_truth, 1;
        integers: larger, 2;
        floats: larger_number, 0.0, 6;
    }

    /// The smaller of both; where one is NaN, the other one.
    ///
    /// -0 is smaller than 0.
    fmin(x: T, y: T) -> T {
        bool: both_truths, 1;
        integers: smaller, 2;
        floats: smaller_number, 0.0, 6;
    }

    /// `x`, brought into `low` to `high`: `minimum(maximum(x, low), high)`.
    ///
    /// `high` where `low` is above it. Where one of the three is NaN, NaN.
    clip(x: T, low: T, high: T) -> T {
        bool: between_truths, 2;
        integers: between, 4;
        floats: between, 0.0, 8;
    }

    /// The step: 0 below zero, 1 above, and `h` at zero.
    ///
    /// A NaN in `x` gives NaN; one in `h` only where it is asked for.
    heaviside(x: T, h: T) -> T {
        floats: heaviside_lanes, 0.0, 6;
    }
}

macro_rules! comparisons {
    ($($name:ident $truth:ident: $method:ident, |$a:ident, $b:ident| $of_truths:expr;)*) => {$(
        #[inline(always)]
        fn $name<S: Shape, V: Number<Shape = S>>(_: S, x: V, y: V) -> S::Mask {
            x.$method(y)
        }
        #[inline(always)]
        fn $truth<S: Shape>(_: S, $a: S::Mask, $b: S::Mask) -> S::Mask {
            $of_truths
        }
    )*};
}
comparisons! {
    below less_truth: lt, |a, b| !a & b;
    not_above less_equal_truth: le, |a, b| !a | b;
    above greater_truth: gt, |a, b| a & !b;
    not_below greater_equal_truth: ge, |a, b| a | !b;
}

#[inline(always)]
fn same<S: Shape, V: Lane<Shape = S>>(_: S, x: V, y: V) -> S::Mask {
    x.eq(y)
}

#[inline(always)]
fn different<S: Shape, V: Lane<Shape = S>>(_: S, x: V, y: V) -> S::Mask {
    x.ne(y)
}

#[inline(always)]
fn either_truth<S: Shape>(_: S, x: S::Mask, y: S::Mask) -> S::Mask {
    x | y
}

#[inline(always)]
fn both_truths<S: Shape>(_: S, x: S::Mask, y: S::Mask) -> S::Mask {
    x & y
}

/// Comparisons of an i64 with a u64: a negative number is less than any other; what is not negative is
/// compared without signs.
macro_rules! mixed {
    ($($name:ident: $method:ident, where negative $i_first:ident, $u_first:ident;)*) => {$(
        mixed!(@one $name (i64, u64), |s, x, y| {
            let negative: S::Mask = x.lt(s.lit(0));
            let compared = x.to_u64().$method(y);
            mixed!(@negative $i_first negative compared)
        });
        mixed!(@one $name (u64, i64), |s, x, y| {
            let negative: S::Mask = y.lt(s.lit(0));
            let compared = x.$method(y.to_u64());
            mixed!(@negative $u_first negative compared)
        });
    )*};
    (@negative true $negative:ident $compared:ident) => { $negative | $compared };
    (@negative false $negative:ident $compared:ident) => { !$negative & $compared };
    (@one $name:ident $in:ty, |$s:ident, $x:ident, $y:ident| $body:block) => {
        impl Kernel<$in> for $name {
            type Out = (bool,);
            type Busy = i64;
            const COST: u32 = 4;
            const LOOP: &'static TypedLoop<Self, $in> =
                crate::loops::own_loop!($name, $in, TypedLoop::new().within(0.0));
            #[inline(always)]
            fn lanes<S: Shape>(
                $s: S,
                ($x, $y): <$in as Operands>::Lanes<S>,
            ) -> <(bool,) as Operands>::Lanes<S> {
                ($body,)
            }
        }
    };
}
mixed! {
    less: lt, where negative true, false;
    less_equal: le, where negative true, false;
    greater: gt, where negative false, true;
    greater_equal: ge, where negative false, true;
    equal: eq, where negative false, false;
    not_equal: ne, where negative true, true;
}

macro_rules! pairs {
    ($($name:ident $method:ident;)*) => {$(
        #[inline(always)]
        fn $name<S: Shape, V: Number<Shape = S>>(_: S, x: V, y: V) -> V {
            x.$method(y)
        }
    )*};
}
pairs! { larger maximum; smaller minimum; larger_number fmax; smaller_number fmin; }

#[cfg(not(lanefn_without_loops))]
/// The largest along a run.
pub static MAXIMA: [Tree; 2] = [Tree::largest::<maximum, f32>(), Tree::largest::<maximum, f64>()];
#[cfg(not(lanefn_without_loops))]
/// The smallest along a run.
pub static MINIMA: [Tree; 2] = [Tree::smallest::<minimum, f32>(), Tree::smallest::<minimum, f64>()];

#[inline(always)]
fn between<S: Shape, V: Number<Shape = S>>(_: S, x: V, low: V, high: V) -> V {
    x.maximum(low).minimum(high)
}

#[inline(always)]
fn between_truths<S: Shape>(_: S, x: S::Mask, low: S::Mask, high: S::Mask) -> S::Mask {
    (x | low) & high
}

#[inline(always)]
fn heaviside_lanes<S: Shape, V: Float<Shape = S>>(s: S, x: V, h: V) -> V
where
    V::Elem: Real,
{
    let (zero, one): (V, V) = (s.lit(V::Elem::ZERO), s.lit(V::Elem::of(1)));
    let step = choose(x.gt(zero), one, choose(x.lt(zero), zero, x));
    choose(x.eq(zero), h, step)
}
