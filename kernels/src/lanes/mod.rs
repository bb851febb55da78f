//! The lane traits: what a kernel may do, whatever runs it.
//!
//! A kernel is a function generic over a [`Shape`]: a way to run (a CPU level, or a recorder that
//! writes the kernel down as a graph) together with a number of lanes. The shape's associated types
//! ([`Shape::F64`], [`Shape::I32`], [`Shape::Mask`], ...) all have that same number of lanes, so
//! conversions, masks and table look-ups go lane by lane. A kernel never learns the number.
//!
//! Values are made from a shape's *token* (`s.lit(2.0)`), and a token for a CPU level exists only
//! where that level was found, so holding a value is proof that its instructions may run.
//!
//! What an operation means is said once, by the scalar definitions in [`element`]; each backend
//! overrides those for which its CPU has an instruction with the same result, to the bit (the payload
//! and sign of a NaN made by arithmetic excepted).

use core::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};

mod block;
pub mod element;
pub mod scalar;
mod shapes;
pub mod traced;
// Not public: through the traits in it one could make values of a level that is not present.
pub(crate) mod vector;
pub mod wide;

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
// Elsewhere the levels are never present; their shapes are then names for the baseline's.
#[cfg(not(target_arch = "x86_64"))]
pub use wide as avx2;
#[cfg(not(target_arch = "x86_64"))]
pub use wide as avx512;

pub use element::{Dtype, Element};
pub use scalar::Scalar;
pub use traced::Traced;
pub use vector::{Machine, MachineLane, MachineMask};

/// A way to run kernels: a CPU level, or a recorder, with a fixed number of lanes.
pub trait Shape: Copy {
    /// One truth value a lane.
    type Mask: Mask<Shape = Self>;
    /// Lanes of `f64`.
    type F64: Float<Shape = Self, Elem = f64, Bits = Self::U64>;
    /// Lanes of `f32`.
    type F32: Float<Shape = Self, Elem = f32, Bits = Self::U32>;
    /// Lanes of `i8`.
    type I8: Integer<Shape = Self, Elem = i8, Unsigned = Self::U8>;
    /// Lanes of `i16`.
    type I16: Integer<Shape = Self, Elem = i16, Unsigned = Self::U16>;
    /// Lanes of `i32`.
    type I32: Integer<Shape = Self, Elem = i32, Unsigned = Self::U32>;
    /// Lanes of `i64`.
    type I64: Integer<Shape = Self, Elem = i64, Unsigned = Self::U64>;
    /// Lanes of `u8`.
    type U8: Integer<Shape = Self, Elem = u8, Unsigned = Self::U8>;
    /// Lanes of `u16`.
    type U16: Integer<Shape = Self, Elem = u16, Unsigned = Self::U16>;
    /// Lanes of `u32`.
    type U32: Integer<Shape = Self, Elem = u32, Unsigned = Self::U32>;
    /// Lanes of `u64`.
    type U64: Integer<Shape = Self, Elem = u64, Unsigned = Self::U64>;

    /// The same value in every lane.
    #[inline(always)]
    fn lit<V: Lane<Shape = Self>>(self, value: V::Elem) -> V {
        V::splat(self, value)
    }

    /// One of sixteen numbers each, by the lowest four bits of the index: a permutation of registers, where
    /// [`Lane::lookup`] has to go by wider indices.
    fn sixteenth(self, table: &'static [f32; 16], index: Self::U32) -> Self::F32;

    /// A loop under way; see [`Shape::turns`].
    type Turns<T: State<Self>>: Turns<Self, T>;

    /// Begins a loop: lane by lane, while a condition on the state holds, the state becomes what the
    /// body makes of it. It runs until every lane is done; a lane that is done keeps its state, except
    /// for what is [`Scratch`].
    ///
    /// The body is also evaluated for lanes that are done (the result is thrown away), so it must not
    /// depend on who is running. Written in one way only, without closures (which can't be forced to
    /// inline, and must be):
    ///
    /// ```
    /// use lanefn_kernels::lanes::{Number, Shape, Turns};
    ///
    /// /// How often `x` can be halved before it is below 1.
    /// #[inline(always)]
    /// fn halvings<S: Shape>(s: S, x: S::F64) -> S::F64 {
    ///     let mut turns = s.turns((x, s.lit(0.0)));
    ///     loop {
    ///         let (x, count): (S::F64, S::F64) = turns.state();
    ///         if !turns.check(x.ge(s.lit(1.0))) {
    ///             break;
    ///         }
    ///         let next = (x * s.lit(0.5), count + s.lit(1.0));
    ///         if !turns.next(next) {
    ///             break;
    ///         }
    ///     }
    ///     turns.finish().1
    /// }
    /// # use lanefn_kernels::lanes::{Scalar, MachineLane};
    /// # let s = Scalar::new();
    /// # assert_eq!(halvings(s, s.lit(5.0)).get(0), 3.0);
    /// ```
    fn turns<T: State<Self>>(self, state: T) -> Self::Turns<T>;

    /// Whether the slow path has to be evaluated: any lane of `mask` is true. A shape that records
    /// always says yes. What comes out goes through [`Shape::leave_slow`]:
    ///
    /// ```
    /// # use lanefn_kernels::lanes::{Float, Number, Shape};
    /// # fn f<S: Shape>(s: S, x: S::F64) -> S::F64 {
    /// let mut y = x * x;
    /// let huge = x.gt(s.lit(1e100));
    /// if s.enter_slow(huge) {
    ///     let slow = x.sqrt();
    ///     y = s.leave_slow(huge, slow, y);
    /// }
    /// # y }
    /// ```
    fn enter_slow(self, mask: Self::Mask) -> bool;

    /// `slow` in the lanes of the mask, `value` in the others.
    fn leave_slow<T: State<Self>>(self, mask: Self::Mask, slow: T, value: T) -> T;
}

/// A loop under way; see [`Shape::turns`].
pub trait Turns<S: Shape, T: State<S>> {
    /// The state that this turn begins with.
    fn state(&self) -> T;
    /// Takes the condition on the state; whether to evaluate the body. Once false, the loop is over.
    fn check(&mut self, condition: S::Mask) -> bool;
    /// Takes the state that the body made; whether to go on to another turn.
    fn next(&mut self, state: T) -> bool;
    /// The state of every lane when it was done.
    fn finish(self) -> T;
}

/// The constants of a long function, which [`Lane::constant`] reads: the bits of `s.lit(...)`, and faster
/// where there are more constants than registers.
///
/// AVX2 has them as operands in memory, which must be as wide as a register, so each stands here four
/// times. From a literal the compiler makes an instruction of its own, each time round the loop.
#[derive(Debug)]
#[repr(align(32))]
pub struct Constants<T, const N: usize>([[T; 4]; N]);

impl<T: Copy, const N: usize> Constants<T, N> {
    /// A list of these.
    pub const fn new(values: [T; N]) -> Self {
        let mut all = [[values[0]; 4]; N];
        let mut i = 0;
        while i < N {
            all[i] = [values[i]; 4];
            i += 1;
        }
        Constants(all)
    }
}

/// What one SIMD value of any dtype can do.
pub trait Lane: Copy {
    /// The shape that this is a value of.
    type Shape: Shape;
    /// The type of one lane.
    type Elem: Element;

    /// The same value in every lane.
    fn splat(s: Self::Shape, value: Self::Elem) -> Self;
    /// The constant at place `i` of a list, in every lane.
    #[inline(always)]
    fn constant<const N: usize>(
        s: Self::Shape,
        of: &'static Constants<Self::Elem, N>,
        i: usize,
    ) -> Self {
        Self::splat(s, of.0[i][0])
    }
    /// `yes` where the mask holds, `no` elsewhere; both have been evaluated.
    fn select(mask: MaskOf<Self>, yes: Self, no: Self) -> Self;
    /// [`Lane::select`] after a slow path, for shapes that record: see [`Shape::leave_slow`].
    #[doc(hidden)]
    #[inline(always)]
    fn slow(mask: MaskOf<Self>, slow: Self, value: Self) -> Self {
        Self::select(mask, slow, value)
    }
    /// IEEE equality for floats (NaN is not equal to itself, -0 equals +0).
    fn eq(self, other: Self) -> MaskOf<Self>;
    /// The negation of [`Lane::eq`]: true for NaN.
    fn ne(self, other: Self) -> MaskOf<Self>;
    /// `table[min(index, table.len() - 1)]`, lane by lane. An index past the end reads the last entry;
    /// a table without entries gives 0.
    fn lookup(table: &[Self::Elem], index: <Self::Shape as Shape>::U64) -> Self;

    /// For shapes that record: this value as it enters a loop, goes round it, or leaves it. A recorder
    /// gives it a name of its own; a CPU's lanes have nothing to do.
    #[inline(always)]
    fn carried(self, _step: Carry) -> Self {
        self
    }

    /// As Rust's `as f64`; a mask gives 0 or 1.
    fn to_f64(self) -> <Self::Shape as Shape>::F64;
    /// As Rust's `as f32`, rounded to nearest even once.
    fn to_f32(self) -> <Self::Shape as Shape>::F32;
    /// As Rust's `as i8`: integers wrap, floats truncate and saturate, NaN gives 0.
    fn to_i8(self) -> <Self::Shape as Shape>::I8;
    /// As Rust's `as i16`: integers wrap, floats truncate and saturate, NaN gives 0.
    fn to_i16(self) -> <Self::Shape as Shape>::I16;
    /// As Rust's `as i32`: integers wrap, floats truncate and saturate, NaN gives 0.
    fn to_i32(self) -> <Self::Shape as Shape>::I32;
    /// As Rust's `as i64`: integers wrap, floats truncate and saturate, NaN gives 0.
    fn to_i64(self) -> <Self::Shape as Shape>::I64;
    /// As Rust's `as u8`: integers wrap, floats truncate and saturate, NaN gives 0.
    fn to_u8(self) -> <Self::Shape as Shape>::U8;
    /// As Rust's `as u16`: integers wrap, floats truncate and saturate, NaN gives 0.
    fn to_u16(self) -> <Self::Shape as Shape>::U16;
    /// As Rust's `as u32`: integers wrap, floats truncate and saturate, NaN gives 0.
    fn to_u32(self) -> <Self::Shape as Shape>::U32;
    /// As Rust's `as u64`: integers wrap, floats truncate and saturate, NaN gives 0.
    fn to_u64(self) -> <Self::Shape as Shape>::U64;
}

/// Where a loop's value stands when [`Lane::carried`] is called on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carry {
    /// The value before the loop comes in; what is returned stands for it inside.
    Enter,
    /// The value that the body made for the next turn.
    Next,
    /// The inside value; what is returned stands for it after the loop.
    Leave,
}

/// The mask type that belongs to a lane type.
pub type MaskOf<V> = <<V as Lane>::Shape as Shape>::Mask;

/// One truth value a lane. Comparison and logic only: a kernel can't branch on it.
pub trait Mask:
    Lane<Elem = bool>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
{
}

/// Lanes of numbers. Integers wrap; dividing an integer by zero gives 0, as does its remainder.
pub trait Number:
    Lane
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Rem<Output = Self>
    + Neg<Output = Self>
{
    /// Less than; false where either is NaN.
    fn lt(self, other: Self) -> MaskOf<Self>;
    /// Less than or equal; false where either is NaN.
    fn le(self, other: Self) -> MaskOf<Self>;
    /// Greater than; false where either is NaN.
    #[inline(always)]
    fn gt(self, other: Self) -> MaskOf<Self> {
        other.lt(self)
    }
    /// Greater than or equal; false where either is NaN.
    #[inline(always)]
    fn ge(self, other: Self) -> MaskOf<Self> {
        other.le(self)
    }
    /// The smaller; NaN if either is NaN; -0 is smaller than +0.
    fn minimum(self, other: Self) -> Self;
    /// The larger; NaN if either is NaN; -0 is smaller than +0.
    fn maximum(self, other: Self) -> Self;
    /// The smaller; the other one where one is NaN; -0 is smaller than +0.
    fn fmin(self, other: Self) -> Self;
    /// The larger; the other one where one is NaN; -0 is smaller than +0.
    fn fmax(self, other: Self) -> Self;
    /// The absolute value. For a float the sign bit is cleared; the lowest integer stays itself.
    fn abs(self) -> Self;
}

/// Lanes of floating-point numbers. Every operation is rounded once, to nearest even.
pub trait Float: Number {
    /// The unsigned integer of the same width.
    type Bits: Integer<Shape = Self::Shape>;
    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// `self * b + c` with one rounding, on every level.
    fn fma(self, b: Self, c: Self) -> Self;
    /// The largest whole number not above.
    fn floor(self) -> Self;
    /// The smallest whole number not below.
    fn ceil(self) -> Self;
    /// The whole number next towards zero.
    fn trunc(self) -> Self;
    /// The nearest whole number, halves to even.
    fn rint(self) -> Self;
    /// The magnitude of `self` with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// The bits, unchanged.
    fn to_bits(self) -> Self::Bits;
    /// The float of these bits, unchanged.
    fn from_bits(bits: Self::Bits) -> Self;
    /// True for NaN.
    #[inline(always)]
    fn is_nan(self) -> MaskOf<Self> {
        self.ne(self)
    }
}

/// Lanes of integers, in two's complement.
pub trait Integer:
    Number + BitAnd<Output = Self> + BitOr<Output = Self> + BitXor<Output = Self> + Not<Output = Self>
{
    /// The unsigned integer of the same width.
    type Unsigned: Integer<Shape = Self::Shape>;
    /// Shift left, each lane by its own amount; an amount outside `0..bits` gives 0.
    fn shl(self, by: Self) -> Self;
    /// Shift right (keeping the sign for signed types), each lane by its own amount; an amount
    /// outside `0..bits` gives 0, or -1 for a negative value.
    fn shr(self, by: Self) -> Self;
    /// The number of one bits.
    fn count_ones(self) -> Self;
    /// The number of zero bits above the highest one.
    fn leading_zeros(self) -> Self;
    /// The number of zero bits below the lowest one.
    fn trailing_zeros(self) -> Self;
}

/// What a loop carries: lanes, masks and nested tuples of these.
///
/// One method shows a shape all the lanes of two states side by side; selecting, recording and
/// counting are all made from it.
pub trait State<S: Shape>: Copy {
    /// The state made by `f` from each lane of `self` and the lane of `other` at the same place, in order.
    fn zip<F: ZipLanes<S>>(self, other: Self, f: &mut F) -> Self;
}

/// A function of two lanes of any one type; see [`State::zip`].
pub trait ZipLanes<S: Shape> {
    /// Combines two lanes of the same type.
    fn zip<V: Lane<Shape = S>>(&mut self, a: V, b: V) -> V;
    /// As [`ZipLanes::zip`], where the lanes are in a [`Scratch`].
    #[inline(always)]
    fn zip_scratch<V: Lane<Shape = S>>(&mut self, a: V, b: V) -> V {
        self.zip(a, b)
    }
}

/// A part of a loop's state that nobody reads once the loop is over.
///
/// A lane that is done may hold anything there: a CPU's loop goes on computing it, and saves choosing
/// between what it was and what it became. That changes no result, since a lane that is done never
/// resumes ([`Turns::check`] only ever takes lanes away) and the rest of its state stays as it is. But
/// the body must end whatever it is given, which a loop inside need not: what such a loop depends on
/// is no scratch.
#[derive(Clone, Copy, Debug)]
pub struct Scratch<T>(pub T);

impl<S: Shape, T: State<S>> State<S> for Scratch<T> {
    #[inline(always)]
    fn zip<F: ZipLanes<S>>(self, other: Self, f: &mut F) -> Self {
        struct Within<'a, F>(&'a mut F);
        impl<S: Shape, F: ZipLanes<S>> ZipLanes<S> for Within<'_, F> {
            #[inline(always)]
            fn zip<V: Lane<Shape = S>>(&mut self, a: V, b: V) -> V {
                self.0.zip_scratch(a, b)
            }
        }
        Scratch(self.0.zip(other.0, &mut Within(f)))
    }
}

impl<V: Lane> State<V::Shape> for V {
    #[inline(always)]
    fn zip<F: ZipLanes<V::Shape>>(self, other: Self, f: &mut F) -> Self {
        f.zip(self, other)
    }
}

impl<S: Shape> State<S> for () {
    #[inline(always)]
    fn zip<F: ZipLanes<S>>(self, _: Self, _: &mut F) -> Self {}
}

macro_rules! tuple_states {
    ($($($t:ident $n:tt)*;)*) => {$(
        impl<S: Shape, $($t: State<S>),*> State<S> for ($($t,)*) {
            #[inline(always)]
            fn zip<Z: ZipLanes<S>>(self, other: Self, f: &mut Z) -> Self {
                ($(self.$n.zip(other.$n, f),)*)
            }
        }
    )*};
}
tuple_states! {
    A 0; A 0 B 1; A 0 B 1 C 2; A 0 B 1 C 2 D 3; A 0 B 1 C 2 D 3 E 4; A 0 B 1 C 2 D 3 E 4 F 5;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6; A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
}

/// `yes` where the mask holds, `no` elsewhere, for a whole state.
#[inline(always)]
pub fn select_state<S: Shape, T: State<S>>(mask: S::Mask, yes: T, no: T) -> T {
    struct Select<S: Shape>(S::Mask);
    impl<S: Shape> ZipLanes<S> for Select<S> {
        #[inline(always)]
        fn zip<V: Lane<Shape = S>>(&mut self, a: V, b: V) -> V {
            V::select(self.0, a, b)
        }
    }
    yes.zip(no, &mut Select::<S>(mask))
}
