//! From one dtype to another: a loop for each pair, by [`Lane`]'s conversions.
//!
//! Pairs whose code has the same bits share it: integers of one width are one type here, except where
//! they are widened or become floats.

use core::marker::PhantomData;

use crate::lanes::{Dtype, Element, Lane, Shape};
use crate::loops::{Kernel, Loop, Operands, TypedLoop};
use crate::ops::Num;

/// `x as B`.
enum Cast<A, B> {
    _Never(PhantomData<(A, B)>, core::convert::Infallible),
}

/// Costs so much that loops are not unrolled: there are many of them.
const COST: u32 = 25;

macro_rules! to_number {
    ($($from:ident: $($to:ident)*;)*) => {$($(
        impl Kernel<($from,)> for Cast<$from, $to> {
            type Out = ($to,);
            type Busy = to_number!(@wider $from $to);
            const COST: u32 = COST;
            #[inline(always)]
            fn lanes<S: Shape>(
                _: S,
                (x,): <($from,) as Operands>::Lanes<S>,
            ) -> <($to,) as Operands>::Lanes<S> {
                (<$to as Num>::cast(x),)
            }
        }
    )*)*};
    // The element that should fill registers.
    (@wider f64 $to:ident) => { f64 };
    (@wider i64 $to:ident) => { i64 };
    (@wider $from:ident f64) => { f64 };
    (@wider $from:ident i64) => { i64 };
    (@wider $from:ident u64) => { i64 };
    (@wider f32 $to:ident) => { f32 };
    (@wider i32 $to:ident) => { i32 };
    (@wider $from:ident f32) => { f32 };
    (@wider $from:ident i32) => { i32 };
    (@wider $from:ident u32) => { i32 };
    (@wider i16 $to:ident) => { i16 };
    (@wider $from:ident i16) => { i16 };
    (@wider $from:ident $to:ident) => { $from };
}

macro_rules! to_bool {
    ($($from:ident)*) => {$(
        impl Kernel<($from,)> for Cast<$from, bool> {
            type Out = (bool,);
            type Busy = $from;
            const COST: u32 = COST;
            #[inline(always)]
            fn lanes<S: Shape>(
                s: S,
                (x,): <($from,) as Operands>::Lanes<S>,
            ) -> <(bool,) as Operands>::Lanes<S> {
                (x.ne(s.lit(<$from>::ZERO)),)
            }
        }
    )*};
}

/// The kernels that there are, and the loop of each.
macro_rules! casts {
    ($($from:ident: $($to:ident)*;)*) => {
        to_number! { $($from: $($to)*;)* }
        to_bool! { i8 i16 i32 i64 f32 f64 }

        #[cfg_attr(lanefn_without_loops, inline)]
        fn find(from: Dtype, to: Dtype) -> &'static Loop {
            match (from, to) {
                $($(
                    (<$from>::DTYPE, <$to>::DTYPE) => {
                        crate::loops::own_loop!(Cast<$from, $to>, ($from,), TypedLoop::new()).erase()
                    }
                )*)*
                (i8::DTYPE, _) => crate::loops::own_loop!(Cast<i8, bool>, (i8,), TypedLoop::new()).erase(),
                (i16::DTYPE, _) => crate::loops::own_loop!(Cast<i16, bool>, (i16,), TypedLoop::new()).erase(),
                (i32::DTYPE, _) => crate::loops::own_loop!(Cast<i32, bool>, (i32,), TypedLoop::new()).erase(),
                (i64::DTYPE, _) => crate::loops::own_loop!(Cast<i64, bool>, (i64,), TypedLoop::new()).erase(),
                (f32::DTYPE, _) => crate::loops::own_loop!(Cast<f32, bool>, (f32,), TypedLoop::new()).erase(),
                _ => crate::loops::own_loop!(Cast<f64, bool>, (f64,), TypedLoop::new()).erase(),
            }
        }
    };
}
casts! {
    bool: i8 i16 i32 i64 f32 f64;
    i8: i8 i16 i32 i64 f32 f64;
    i16: i8 i16 i32 i64 f32 f64;
    i32: i8 i16 i32 i64 f32 f64;
    i64: i8 i16 i32 i64 f32 f64;
    u8: i16 i32 i64 f32 f64;
    u16: i32 i64 f32 f64;
    u32: i64 f32 f64;
    u64: f32 f64;
    f32: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    f64: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
}

/// The loop that makes elements of one dtype those of another: integers wrap, floats truncate and
/// saturate, NaN gives 0, anything but 0 is true. The dtypes that it names may be others of the same
/// sizes.
#[cfg_attr(lanefn_without_loops, inline)]
pub fn cast(from: Dtype, to: Dtype) -> &'static Loop {
    let signed = |d: Dtype| match d {
        Dtype::U8 => Dtype::I8,
        Dtype::U16 => Dtype::I16,
        Dtype::U32 => Dtype::I32,
        Dtype::U64 => Dtype::I64,
        other => other,
    };
    let float = |d: Dtype| matches!(d, Dtype::F32 | Dtype::F64);
    match (from, to) {
        // Widening or to a float: the sign of what is converted matters, not that of the result.
        (Dtype::Bool, Dtype::Bool) => find(Dtype::I8, Dtype::Bool),
        (f, t) if float(f) => find(f, t),
        (f, t) if float(t) || t.size() > f.size() => find(f, signed(t)),
        (f, t) => find(signed(f), signed(t)),
    }
}
