//! Truth values and single bits.

use super::{for_dtypes, functions};
use crate::lanes::{Element, Integer, Lane, Shape};

for_dtypes! {
    /// Whether both are true; a number is, unless it is 0.
    ///
    /// NaN is true.
    logical_and(x: T, y: T) -> bool {
        bool: both_truths, 1;
        signless: both_numbers, 3;
        floats: both_numbers, 0.0, 3;
    }

    /// Whether one of both is true; a number is, unless it is 0.
    ///
    /// NaN is true.
    logical_or(x: T, y: T) -> bool {
        bool: either_truth, 1;
        signless: either_number, 3;
        floats: either_number, 0.0, 3;
    }

    /// Whether one of both is true and not the other; a number is true, unless it is 0.
    ///
    /// NaN is true.
    logical_xor(x: T, y: T) -> bool {
        bool: one_truth, 1;
        signless: one_number, 3;
        floats: one_number, 0.0, 3;
    }

    /// Whether `x` is false; a number is if it is 0.
    ///
    /// NaN is true.
    logical_not(x: T) -> bool {
        bool: no_truth, 1;
        signless: no_number, 1;
        floats: no_number, 0.0, 1;
    }

    /// The bits that both have.
    bitwise_and(x: T, y: T) -> T {
        bool: both_truths, 1;
        signless: both_bits, 1;
    }

    /// The bits that either has.
    bitwise_or(x: T, y: T) -> T {
        bool: either_truth, 1;
        signless: either_bit, 1;
    }

    /// The bits that one of both has.
    bitwise_xor(x: T, y: T) -> T {
        bool: one_truth, 1;
        signless: one_bit, 1;
    }

    /// Every bit the other way round.
    invert(x: T) -> T {
        bool: no_truth, 1;
        signless: no_bit, 1;
    }
}

macro_rules! logic {
    ($($truths:ident $numbers:ident $bits:ident: $op:tt;)*) => {$(
        #[inline(always)]
        fn $truths<S: Shape>(_: S, x: S::Mask, y: S::Mask) -> S::Mask {
            x $op y
        }
        #[inline(always)]
        fn $numbers<S: Shape, V: Lane<Shape = S>>(s: S, x: V, y: V) -> S::Mask {
            let zero = s.lit(V::Elem::ZERO);
            x.ne(zero) $op y.ne(zero)
        }
        #[inline(always)]
        fn $bits<S: Shape, V: Integer<Shape = S>>(_: S, x: V, y: V) -> V {
            x $op y
        }
    )*};
}
logic! {
    both_truths both_numbers both_bits: &;
    either_truth either_number either_bit: |;
    one_truth one_number one_bit: ^;
}

#[inline(always)]
fn no_truth<S: Shape>(_: S, x: S::Mask) -> S::Mask {
    !x
}

#[inline(always)]
fn no_number<S: Shape, V: Lane<Shape = S>>(s: S, x: V) -> S::Mask {
    x.eq(s.lit(V::Elem::ZERO))
}

#[inline(always)]
fn no_bit<S: Shape, V: Integer<Shape = S>>(_: S, x: V) -> V {
    !x
}
