//! The larger and the smaller of two numbers, and what is made of comparisons.

use super::functions;
use super::parts::*;
use crate::lanes::{Element, Float, Number, Shape};
use crate::ops::{Num, Real};

functions! {
    /// The larger of both.
    ///
    /// Where one is NaN, NaN. -0 is smaller than 0.
    maximum(x: T, y: T) -> T {
        f64: larger, 0.0, 4;
        f32: larger, 0.0, 4;
        i8: larger, 0.0, 1;
        i16: larger, 0.0, 1;
        i32: larger, 0.0, 1;
        i64: larger, 0.0, 2;
        u8: larger, 0.0, 1;
        u16: larger, 0.0, 1;
        u32: larger, 0.0, 1;
        u64: larger, 0.0, 4;
    }

    /// The smaller of both.
    ///
    /// Where one is NaN, NaN. -0 is smaller than 0.
    minimum(x: T, y: T) -> T {
        f64: smaller, 0.0, 4;
        f32: smaller, 0.0, 4;
        i8: smaller, 0.0, 1;
        i16: smaller, 0.0, 1;
        i32: smaller, 0.0, 1;
        i64: smaller, 0.0, 2;
        u8: smaller, 0.0, 1;
        u16: smaller, 0.0, 1;
        u32: smaller, 0.0, 1;
        u64: smaller, 0.0, 4;
    }

    /// The larger of both; where one is NaN, the other one.
    ///
    /// -0 is smaller than 0.
    fmax(x: T, y: T) -> T {
        f64: larger_number, 0.0, 6;
        f32: larger_number, 0.0, 6;
        i8: larger, 0.0, 1;
        i16: larger, 0.0, 1;
        i32: larger, 0.0, 1;
        i64: larger, 0.0, 2;
        u8: larger, 0.0, 1;
        u16: larger, 0.0, 1;
        u32: larger, 0.0, 1;
        u64: larger, 0.0, 4;
    }

    /// The smaller of both; where one is NaN, the other one.
    ///
    /// -0 is smaller than 0.
    fmin(x: T, y: T) -> T {
        f64: smaller_number, 0.0, 6;
        f32: smaller_number, 0.0, 6;
        i8: smaller, 0.0, 1;
        i16: smaller, 0.0, 1;
        i32: smaller, 0.0, 1;
        i64: smaller, 0.0, 2;
        u8: smaller, 0.0, 1;
        u16: smaller, 0.0, 1;
        u32: smaller, 0.0, 1;
        u64: smaller, 0.0, 4;
    }

    /// `x`, brought into `low` to `high`: `minimum(maximum(x, low), high)`.
    ///
    /// `high` where `low` is above it. Where one of the three is NaN, NaN.
    clip(x: T, low: T, high: T) -> T {
        f64: between, 0.0, 8;
        f32: between, 0.0, 8;
        i8: between, 0.0, 2;
        i16: between, 0.0, 2;
        i32: between, 0.0, 2;
        i64: between, 0.0, 4;
        u8: between, 0.0, 2;
        u16: between, 0.0, 2;
        u32: between, 0.0, 2;
        u64: between, 0.0, 8;
    }

    /// The step: 0 below zero, 1 above, and `h` at zero.
    ///
    /// A NaN in `x` gives NaN; one in `h` only where it is asked for.
    heaviside(x: T, h: T) -> T {
        f64: heaviside_lanes, 0.0, 6;
        f32: heaviside_lanes, 0.0, 6;
    }
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

#[inline(always)]
fn between<S: Shape, V: Number<Shape = S>>(_: S, x: V, low: V, high: V) -> V {
    x.maximum(low).minimum(high)
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
