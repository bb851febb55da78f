//! Elementary functions, one file for each family, each function written once, generic over lanes.
//!
//! A function is two things. Its *lanes*, `exp_f64(s, x)`: an ordinary generic function, which others
//! may call. And its entry in [`functions!`]: name, arguments, and for each dtype the lanes, the bound
//! of their error in ULP and what they cost. From the entry come the ufunc (a type), the plain function
//! of one element (of the same name, on one scalar lane), what `#[ufunc]` calls when another function
//! uses it, and the bound in docs, tests and `lanefn list`.
//!
//! The plain function is the lanes run on the scalar shape, so it has the bits of the ufunc. The
//! methods of `f64` (`x.exp()`) have not: theirs are the bits of the machine's C library.
//!
//! # Errors in ULP
//!
//! The error of a result `y` for the true value `t` is `|y - t|` divided by the distance between the
//! two neighbours of `t` in the binade of `t` (that of the smallest normal number below it). A bound of
//! 0 says that the result is exact, and 0.5 that it is the nearest number.

#![allow(
    clippy::excessive_precision,
    reason = "coefficients stand as the exact decimals of their fit"
)]
#![allow(clippy::eq_op, reason = "`a - a` is NaN for an infinity and 0 for any other number")]

use crate::lanes::{Element, Lane, Scalar, Shape};
use crate::loops::Operands;

mod arithmetic;
mod bits;
mod comparison;
mod division;
mod error_function;
mod exponential;
mod extended;
mod gamma_function;
mod hyperbolic;
mod integers;
mod inverse_trigonometric;
mod logarithm;
mod logic;
mod logistic;
pub mod parts;
mod powers;
mod rounding;
mod trigonometric;
mod trigonometric_pi;

pub use arithmetic::*;
pub use bits::*;
pub use comparison::*;
pub use division::*;
pub use error_function::*;
pub use exponential::*;
pub use gamma_function::*;
pub use hyperbolic::*;
pub use integers::*;
pub use inverse_trigonometric::*;
pub use logarithm::*;
pub use logic::*;
pub use logistic::*;
pub use powers::*;
pub use rounding::*;
pub use trigonometric::*;
pub use trigonometric_pi::*;

/// An element type that the function `F` has lanes for.
pub trait Serves<F>: Element {
    /// The inputs' element types.
    type In: Operands;
    /// The outputs' element types.
    type Out: Operands;
    /// The bound of the error in ULP: 0 for an exact function.
    const BOUND: f64;
    /// See [`crate::loops::Kernel::COST`].
    const COST: u32;
    /// The function, lane by lane.
    fn lanes<S: Shape>(
        s: S,
        inputs: <Self::In as Operands>::Lanes<S>,
    ) -> <Self::Out as Operands>::Lanes<S>;
}

/// Declares functions; see the page of the module.
///
/// ```text
/// /// What it is, in one paragraph.
/// ///
/// /// Domain, special values, method and source.
/// name(x: T, n: i32) -> (T, i32) {
///     f64: lanes_function, 0.9, 30;      // the bound in ULP, the cost in lane operations
///     i64 in i32: others, 0.0, 30;       // as many lanes as i32 has: two registers side by side
///     u64 as i64: those, 0.0, 30;        // i64's machine code: it has the same bits
/// }
/// ```
///
/// `T` is the dtype of the line; other types are what they say. `+ (i64, u64)` behind the braces adds a
/// loop for those inputs, of a [`Kernel`](crate::loops::Kernel) written by hand.
macro_rules! functions {
    ($(
        $(#[doc = $doc:tt])+
        $name:ident $arguments:tt -> $out:tt {
            $($t:ident $(as $same:ident)? $(in $busy:ident)?: $lanes:expr, $bound:literal, $cost:literal;)+
        } $(+ $more:tt)*
    )*) => {$(
        functions!(@function
            ($(#[doc = $doc])+)
            (concat!(
                "The largest error in ULP (0 is exact, 0.5 the nearest number)"
                $(, ", `", stringify!($t), "`: ", stringify!($bound))+, "."
            ))
            $name $arguments $out
        );

        impl $name {
            #[doc(hidden)]
            pub const COST: u32 = functions!(@first $($cost)+);
        }

        $(functions!(@line $name $arguments $out $t, [$($same)?], [$($busy)?], $lanes, $bound, $cost);)+

        impl $crate::loops::Function for $name {
            const NAME: &'static str = stringify!($name);
            const DOC: &'static str = functions!(@doc [] $($doc)+).trim_ascii_start();
            const ARGUMENTS: &'static [&'static str] = functions!(@names $arguments);
            const LOOPS: &'static [&'static $crate::loops::Loop] = &[$(
                <$name as $crate::loops::Kernel<functions!(@in $t $arguments)>>::LOOP.erase()
            ),+ $(, <$name as $crate::loops::Kernel<$more>>::LOOP.erase())*];
        }
    )*};

    // What there is once for each function.
    (@function ($(#[$doc:meta])+) ($($errors:tt)+) $name:ident ($($arg:ident: $in:ident),+) $out:tt) => {
        $(#[$doc])+
        ///
        #[doc = $($errors)+]
        #[allow(non_camel_case_types)]
        pub enum $name {}

        $(#[$doc])+
        ///
        #[doc = $($errors)+]
        /// The same bits as the ufunc of this name.
        #[inline]
        pub fn $name<T>($($arg: functions!(@elem T $in)),+) -> functions!(@tuple T $out)
        where
            T: $crate::math::Serves<
                    $name,
                    In = ($(functions!(@elem T $in),)+),
                    Out = functions!(@operands T $out),
                >,
        {
            let s = $crate::lanes::Scalar::new();
            let out = $crate::math::plain::<$name, T>(
                s,
                ($($crate::math::one::<functions!(@elem T $in)>(s, $arg),)+),
            );
            functions!(@get out T $out)
        }

        impl $name {
            /// The function, lane by lane.
            #[inline(always)]
            pub fn lanes<S, V>(
                s: S,
                $($arg: functions!(@lane S V $in)),+
            ) -> functions!(@lanes S V $out)
            where
                S: $crate::lanes::Shape,
                V: $crate::lanes::Lane<Shape = S>,
                V::Elem: $crate::lanes::Element<Lane<S> = V>
                    + $crate::math::Serves<
                        $name,
                        In = ($(functions!(@elem (V::Elem) $in),)+),
                        Out = functions!(@operands (V::Elem) $out),
                    >,
            {
                let out = <V::Elem as $crate::math::Serves<$name>>::lanes(s, ($($arg,)+));
                functions!(@bare out $out)
            }

            #[doc(hidden)]
            #[inline(always)]
            pub fn within<S, A, V>(
                s: S,
                _: A,
                $($arg: functions!(@lane S V $in)),+
            ) -> functions!(@lanes S V $out)
            where
                S: $crate::lanes::Shape,
                A: $crate::ops::Active<S>,
                V: $crate::lanes::Lane<Shape = S>,
                V::Elem: $crate::lanes::Element<Lane<S> = V>
                    + $crate::math::Serves<
                        $name,
                        In = ($(functions!(@elem (V::Elem) $in),)+),
                        Out = functions!(@operands (V::Elem) $out),
                    >,
            {
                Self::lanes(s, $($arg),+)
            }
        }
    };

    // What there is once for each dtype.
    (@line $name:ident ($($arg:ident: $in:ident),+) $out:tt $t:ident, $same:tt, $busy:tt, $lanes:expr, $bound:literal, $cost:literal) => {
        impl $crate::math::Serves<$name> for $t {
            type In = ($(functions!(@elem $t $in),)+);
            type Out = functions!(@operands $t $out);
            const BOUND: f64 = $bound as f64;
            const COST: u32 = $cost;
            #[inline(always)]
            fn lanes<S: $crate::lanes::Shape>(
                s: S,
                ($($arg,)+): <Self::In as $crate::loops::Operands>::Lanes<S>,
            ) -> <Self::Out as $crate::loops::Operands>::Lanes<S> {
                let out = $lanes(s, $($arg),+);
                functions!(@wrap out $out)
            }
        }

        impl $crate::loops::Kernel<($(functions!(@elem $t $in),)+)> for $name {
            type Out = functions!(@operands $t $out);
            type Busy = functions!(@busy $t $busy);
            const COST: u32 = $cost;
            const LOOP: &'static $crate::loops::TypedLoop<Self, ($(functions!(@elem $t $in),)+)> =
                $crate::loops::own_loop!(
                    $name,
                    ($(functions!(@elem $t $in),)+),
                    functions!(@loop $name $t $same ($($in)+) $out).within($bound as f64)
                );
            #[inline(always)]
            fn lanes<S: $crate::lanes::Shape>(
                s: S,
                inputs: <($(functions!(@elem $t $in),)+) as $crate::loops::Operands>::Lanes<S>,
            ) -> <functions!(@operands $t $out) as $crate::loops::Operands>::Lanes<S> {
                <$t as $crate::math::Serves<$name>>::lanes(s, inputs)
            }
        }
    };

    // The loop: that of another dtype whose code has the same bits, or its own; `(T, T) -> T` folds.
    (@loop $name:ident $t:ident [$same:ident] ($($in:ident)+) $out:tt) => {
        $crate::loops::TypedLoop::<$name, ($(functions!(@elem $t $in),)+)>::sharing(
            functions!(@loop $name $same [] ($($in)+) $out)
        )
    };
    (@loop $name:ident $t:ident [] (T T) T) => {
        $crate::loops::TypedLoop::<$name, ($t, $t)>::new().folding()
    };
    (@loop $name:ident bool [] (T T) bool) => { functions!(@loop $name bool [] (T T) T) };
    (@loop $name:ident $t:ident [] ($($in:ident)+) $out:tt) => {
        $crate::loops::TypedLoop::<$name, ($(functions!(@elem $t $in),)+)>::new()
    };
    (@in $t:tt ($($arg:ident: $in:ident),+)) => { ($(functions!(@elem $t $in),)+) };
    (@names ($($arg:ident: $in:ident),+)) => { &[$(stringify!($arg)),+] };
    (@first $first:tt $($rest:tt)*) => { $first };
    (@busy $t:ident []) => { $t };
    (@busy $t:ident [$busy:ident]) => { $busy };
    // The element type of an operand.
    (@elem $t:tt T) => { functions!(@bare_type $t) };
    (@elem $t:tt $other:ident) => { $other };
    (@bare_type ($t:ty)) => { $t };
    (@bare_type $t:ident) => { $t };
    // Its lanes, where those of `T` are `V`.
    (@lane $s:ident $v:ident T) => { $v };
    (@lane $s:ident $v:ident $other:ident) => { <$other as $crate::lanes::Element>::Lane<$s> };
    (@lanes $s:ident $v:ident ($($out:ident),+)) => { ($(functions!(@lane $s $v $out)),+) };
    (@lanes $s:ident $v:ident $out:ident) => { functions!(@lane $s $v $out) };
    // The outputs: as operands, as what the plain function gives, and between the two.
    (@operands $t:tt ($($out:ident),+)) => { ($(functions!(@elem $t $out),)+) };
    (@operands $t:tt $out:ident) => { (functions!(@elem $t $out),) };
    (@tuple $t:tt ($($out:ident),+)) => { ($(functions!(@elem $t $out)),+) };
    (@tuple $t:tt $out:ident) => { functions!(@elem $t $out) };
    (@wrap $value:ident ($($out:ident),+)) => { $value };
    (@wrap $value:ident $out:ident) => { ($value,) };
    (@bare $value:ident ($($out:ident),+)) => { $value };
    (@bare $value:ident $out:ident) => { $value.0 };
    (@get $value:ident $t:tt ($a:ident, $b:ident)) => {
        (
            $crate::math::only::<functions!(@elem $t $a)>($value.0),
            $crate::math::only::<functions!(@elem $t $b)>($value.1),
        )
    };
    (@get $value:ident $t:tt $out:ident) => {
        $crate::math::only::<functions!(@elem $t $out)>($value.0)
    };
    // The first paragraph of the documentation.
    (@doc [$($got:tt)*]) => { concat!($($got),*) };
    (@doc [$($got:tt)*] r"" $($rest:tt)*) => { concat!($($got),*) };
    (@doc [$($got:tt)*] "" $($rest:tt)*) => { concat!($($got),*) };
    (@doc [$($got:tt)*] $line:tt $($rest:tt)*) => { functions!(@doc [$($got)* $line] $($rest)*) };
}
pub(crate) use functions;

/// [`functions!`] with a line for each kind of dtype in place of each dtype. `signless` integers share
/// the machine code of those with a sign.
macro_rules! for_dtypes {
    ($(
        $(#[doc = $doc:tt])+
        $name:ident $arguments:tt -> $out:tt {
            $(bool: $b:expr, $b_cost:literal;)?
            $(integers: $i:expr, $i_cost:literal;)?
            $(signless: $u:expr, $u_cost:literal;)?
            $(floats: $f:expr, $f_bound:literal, $f_cost:literal;)?
        } $(+ $more:tt)*
    )*) => {
        functions! {$(
            $(#[doc = $doc])+
            $name $arguments -> $out {
                $(bool: $b, 0.0, $b_cost;)?
                $(
                    i8: $i, 0.0, $i_cost; u8: $i, 0.0, $i_cost;
                    i16: $i, 0.0, $i_cost; u16: $i, 0.0, $i_cost;
                    i32: $i, 0.0, $i_cost; u32: $i, 0.0, $i_cost;
                    i64: $i, 0.0, $i_cost; u64: $i, 0.0, $i_cost;
                )?
                $(
                    i8: $u, 0.0, $u_cost; u8 as i8: $u, 0.0, $u_cost;
                    i16: $u, 0.0, $u_cost; u16 as i16: $u, 0.0, $u_cost;
                    i32: $u, 0.0, $u_cost; u32 as i32: $u, 0.0, $u_cost;
                    i64: $u, 0.0, $u_cost; u64 as i64: $u, 0.0, $u_cost;
                )?
                $(f32: $f, $f_bound, $f_cost; f64: $f, $f_bound, $f_cost;)?
            } $(+ $more)*
        )*}
    };
}
pub(crate) use for_dtypes;

/// A function on one scalar lane, with the CPU's `fma` where it has one: called, that costs more than
/// all the rest. The bits are the same, since either is rounded once.
#[doc(hidden)]
#[inline]
pub fn plain<F, T: Serves<F>>(
    s: Scalar,
    inputs: <T::In as Operands>::Lanes<Scalar>,
) -> <T::Out as Operands>::Lanes<Scalar> {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn fused<F, T: Serves<F>>(
            s: Scalar,
            inputs: <T::In as Operands>::Lanes<Scalar>,
        ) -> <T::Out as Operands>::Lanes<Scalar> {
            T::lanes(s, inputs)
        }
        if crate::level::Level::Avx2.is_present() {
            // SAFETY: the CPU has this level, whose features these are among.
            return unsafe { fused::<F, T>(s, inputs) };
        }
    }
    T::lanes(s, inputs)
}

/// A scalar lane of one element.
#[doc(hidden)]
#[inline(always)]
pub fn one<T: Element>(s: Scalar, value: T) -> T::Lane<Scalar> {
    <T::Lane<Scalar> as Lane>::splat(s, value)
}

/// The one element of a scalar lane.
#[doc(hidden)]
#[inline(always)]
pub fn only<T: Element>(lane: T::Lane<Scalar>) -> T {
    let mut out = T::ZERO;
    // SAFETY: `out` is valid for writing the one element that the scalar shape has.
    unsafe { T::store::<Scalar>(lane, &mut out) };
    out
}
