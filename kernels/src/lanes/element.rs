//! What an operation means on one element: the definitions that every backend agrees with to the bit.

use super::vector::reinterpret;
use super::{Integer, Lane, Machine, MachineLane, Shape, Traced, avx2, avx512, traced, wide};

/// The dtypes of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Dtype {
    /// One byte, 0 or 1.
    Bool,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
}

impl Dtype {
    /// All of them.
    pub const ALL: [Dtype; 11] = [
        Dtype::Bool,
        Dtype::I8,
        Dtype::I16,
        Dtype::I32,
        Dtype::I64,
        Dtype::U8,
        Dtype::U16,
        Dtype::U32,
        Dtype::U64,
        Dtype::F32,
        Dtype::F64,
    ];

    /// Bytes of an element of the largest one.
    pub const MAX_SIZE: usize = {
        let (mut largest, mut i) = (0, 0);
        while i < Dtype::ALL.len() {
            let size = Dtype::ALL[i].size();
            if size > largest {
                largest = size;
            }
            i += 1;
        }
        largest
    };

    /// How many `u64` hold an element of any of them.
    pub const MAX_WORDS: usize = Dtype::MAX_SIZE.div_ceil(8);

    /// Bytes of one element; also its alignment.
    pub const fn size(self) -> usize {
        match self {
            Dtype::Bool | Dtype::I8 | Dtype::U8 => 1,
            Dtype::I16 | Dtype::U16 => 2,
            Dtype::I32 | Dtype::U32 | Dtype::F32 => 4,
            Dtype::I64 | Dtype::U64 | Dtype::F64 => 8,
        }
    }

    /// NumPy's name.
    pub const fn name(self) -> &'static str {
        match self {
            Dtype::Bool => "bool",
            Dtype::I8 => "int8",
            Dtype::I16 => "int16",
            Dtype::I32 => "int32",
            Dtype::I64 => "int64",
            Dtype::U8 => "uint8",
            Dtype::U16 => "uint16",
            Dtype::U32 => "uint32",
            Dtype::U64 => "uint64",
            Dtype::F32 => "float32",
            Dtype::F64 => "float64",
        }
    }
}

impl core::fmt::Display for Dtype {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

/// An element type, and the lanes of it in any shape. Sealed: the types of [`Dtype`].
pub trait Element:
    Copy + PartialEq + PartialOrd + core::fmt::Debug + Default + Send + Sync + 'static + sealed::Sealed
{
    /// Its dtype.
    const DTYPE: Dtype;
    /// Zero, or false.
    const ZERO: Self;
    /// Lanes of this element in the shape `S`.
    type Lane<S: Shape>: Lane<Shape = S, Elem = Self>;
    /// The baseline's shape in which lanes of this element fill one register.
    #[doc(hidden)]
    type Baseline: Machine;
    /// As `Baseline`, for AVX2.
    #[doc(hidden)]
    type Avx2: Machine;
    /// As `Baseline`, for AVX-512.
    #[doc(hidden)]
    type Avx512: Machine;

    /// As Rust's `as`: integers wrap, floats truncate and saturate, NaN gives 0; a bool is 0 or 1, and
    /// anything but zero is true.
    fn cast<E: Element>(self) -> E;
    #[doc(hidden)]
    fn widen(self) -> Widened;
    #[doc(hidden)]
    fn narrow(from: Widened) -> Self;

    /// Reads `S::N` elements.
    ///
    /// # Safety
    /// `p` is valid for reading `S::N` elements; it need not be aligned to more than an element.
    #[doc(hidden)]
    unsafe fn load<S: Machine>(s: S, p: *const Self) -> Self::Lane<S>;
    /// Writes `S::N` elements.
    ///
    /// # Safety
    /// `p` is valid for writing `S::N` elements.
    #[doc(hidden)]
    unsafe fn store<S: Machine>(v: Self::Lane<S>, p: *mut Self);
    /// As [`Machine::deinterleave`].
    #[doc(hidden)]
    fn deinterleave<S: Machine>(s: S, a: Self::Lane<S>, b: Self::Lane<S>) -> [Self::Lane<S>; 2];
    /// The lane that a recorder has this name for.
    #[doc(hidden)]
    fn named(s: Traced<'_>, id: traced::Id) -> Self::Lane<Traced<'_>>;
    /// The name that a recorder has for a lane.
    #[doc(hidden)]
    fn name_of(v: Self::Lane<Traced<'_>>) -> traced::Id;
}

mod sealed {
    pub trait Sealed {}
}

/// Any element as the widest of its kind: what [`Element::cast`] goes through.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Widened {
    F(f64),
    I(i64),
    U(u64),
}

/// Elements that are numbers. Each method defines the lane operation of the same name in
/// [`Number`](super::Number) for every backend.
#[allow(missing_docs)]
pub trait NumberElement: Element {
    fn add(self, b: Self) -> Self;
    fn sub(self, b: Self) -> Self;
    fn mul(self, b: Self) -> Self;
    fn div(self, b: Self) -> Self;
    fn rem(self, b: Self) -> Self;
    fn neg(self) -> Self;
    fn minimum(self, b: Self) -> Self;
    fn maximum(self, b: Self) -> Self;
    fn fmin(self, b: Self) -> Self;
    fn fmax(self, b: Self) -> Self;
    fn abs(self) -> Self;
}

/// Elements that are floats; see [`Float`](super::Float).
#[allow(missing_docs)]
pub trait FloatElement: NumberElement {
    type Bits: IntegerElement;
    type BitsLane<S: Shape>: Integer<Shape = S, Elem = Self::Bits>;
    fn to_bits_lane<S: Machine, V: MachineLane<Shape = S>>(v: V) -> Self::BitsLane<S>;
    fn from_bits_lane<S: Machine, V: MachineLane<Shape = S>>(bits: Self::BitsLane<S>) -> V;
    fn sqrt(self) -> Self;
    fn fma(self, b: Self, c: Self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn trunc(self) -> Self;
    fn rint(self) -> Self;
    fn copysign(self, sign: Self) -> Self;
}

/// Elements that are integers; see [`Integer`].
#[allow(missing_docs)]
pub trait IntegerElement: NumberElement {
    type Unsigned: IntegerElement;
    type UnsignedLane<S: Shape>: Integer<Shape = S, Elem = Self::Unsigned>;
    fn and(self, b: Self) -> Self;
    fn or(self, b: Self) -> Self;
    fn xor(self, b: Self) -> Self;
    fn not(self) -> Self;
    fn shl(self, by: Self) -> Self;
    fn shr(self, by: Self) -> Self;
    fn count_ones(self) -> Self;
    fn leading_zeros(self) -> Self;
    fn trailing_zeros(self) -> Self;
}

/// What `Element` is for one type.
macro_rules! element {
    ($t:ident, $lane:ident, $zero:expr, $shapes:ident, |$v:ident| $widen:expr, |$w:ident| $narrow:expr) => {
        impl sealed::Sealed for $t {}
        impl Element for $t {
            const DTYPE: Dtype = Dtype::$lane;
            const ZERO: Self = $zero;
            type Lane<S: Shape> = element!(@lane $lane S);
            type Baseline = wide::$shapes;
            type Avx2 = avx2::$shapes;
            type Avx512 = avx512::$shapes;

            #[inline(always)]
            fn cast<E: Element>(self) -> E {
                E::narrow(self.widen())
            }
            #[inline(always)]
            fn widen(self) -> Widened {
                let $v = self;
                $widen
            }
            #[inline(always)]
            fn narrow($w: Widened) -> Self {
                $narrow
            }
            #[inline(always)]
            unsafe fn load<S: Machine>(s: S, p: *const Self) -> Self::Lane<S> {
                // SAFETY: the caller's promise is the one that `MachineLane::load` asks for.
                unsafe { MachineLane::load(s, p) }
            }
            #[inline(always)]
            unsafe fn store<S: Machine>(v: Self::Lane<S>, p: *mut Self) {
                // SAFETY: as above, for writing.
                unsafe { MachineLane::store(v, p) }
            }
            #[inline(always)]
            fn deinterleave<S: Machine>(
                s: S,
                a: Self::Lane<S>,
                b: Self::Lane<S>,
            ) -> [Self::Lane<S>; 2] {
                s.deinterleave(a, b)
            }
            fn named(s: Traced<'_>, id: traced::Id) -> Self::Lane<Traced<'_>> {
                traced::Node::new(s, id)
            }
            fn name_of(v: Self::Lane<Traced<'_>>) -> traced::Id {
                v.id()
            }
        }
    };
    (@lane Bool $s:ident) => {
        $s::Mask
    };
    (@lane $lane:ident $s:ident) => {
        $s::$lane
    };
    (@as $w:ident $t:ident) => {
        match $w {
            Widened::F(v) => v as $t,
            Widened::I(v) => v as $t,
            Widened::U(v) => v as $t,
        }
    };
}

element!(bool, Bool, false, Bytes1, |v| Widened::U(v as u64), |w| match w {
    Widened::F(v) => v != 0.0,
    Widened::I(v) => v != 0,
    Widened::U(v) => v != 0,
});

macro_rules! floats {
    ($($t:ident $lane:ident $bits:ident $shapes:ident;)*) => {$(
        element!($t, $lane, 0.0, $shapes, |v| Widened::F(v as f64), |w| element!(@as w $t));

        impl NumberElement for $t {
            #[inline(always)]
            fn add(self, b: Self) -> Self { self + b }
            #[inline(always)]
            fn sub(self, b: Self) -> Self { self - b }
            #[inline(always)]
            fn mul(self, b: Self) -> Self { self * b }
            #[inline(always)]
            fn div(self, b: Self) -> Self { self / b }
            #[inline(always)]
            fn rem(self, b: Self) -> Self { self % b }
            #[inline(always)]
            fn neg(self) -> Self { -self }
            #[inline(always)]
            fn minimum(self, b: Self) -> Self {
                if self.is_nan() { self } else if b.is_nan() { b } else { self.fmin(b) }
            }
            #[inline(always)]
            fn maximum(self, b: Self) -> Self {
                if self.is_nan() { self } else if b.is_nan() { b } else { self.fmax(b) }
            }
            #[inline(always)]
            fn fmin(self, b: Self) -> Self {
                if self.is_nan() { b }
                else if b.is_nan() { self }
                // Equal: the same bits, or zeros of either sign, of which -0 is the smaller.
                else if self == b { <$t>::from_bits(self.to_bits() | b.to_bits()) }
                else if self < b { self }
                else { b }
            }
            #[inline(always)]
            fn fmax(self, b: Self) -> Self {
                if self.is_nan() { b }
                else if b.is_nan() { self }
                else if self == b { <$t>::from_bits(self.to_bits() & b.to_bits()) }
                else if self > b { self }
                else { b }
            }
            #[inline(always)]
            fn abs(self) -> Self { <$t>::abs(self) }
        }

        impl FloatElement for $t {
            type Bits = $bits;
            type BitsLane<S: Shape> = <$bits as Element>::Lane<S>;
            #[inline(always)]
            fn to_bits_lane<S: Machine, V: MachineLane<Shape = S>>(v: V) -> Self::BitsLane<S> { reinterpret(v) }
            #[inline(always)]
            fn from_bits_lane<S: Machine, V: MachineLane<Shape = S>>(bits: Self::BitsLane<S>) -> V { reinterpret(bits) }
            #[inline(always)]
            fn sqrt(self) -> Self { <$t>::sqrt(self) }
            #[inline(always)]
            fn fma(self, b: Self, c: Self) -> Self { self.mul_add(b, c) }
            #[inline(always)]
            fn floor(self) -> Self { <$t>::floor(self) }
            #[inline(always)]
            fn ceil(self) -> Self { <$t>::ceil(self) }
            #[inline(always)]
            fn trunc(self) -> Self { <$t>::trunc(self) }
            #[inline(always)]
            fn rint(self) -> Self { self.round_ties_even() }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self { <$t>::copysign(self, sign) }
        }
    )*};
}
floats! { f64 F64 u64 Bytes8; f32 F32 u32 Bytes4; }

macro_rules! integers {
    ($($t:ident $lane:ident $unsigned:ident $wide:ident $wide_type:ident $abs:ident $shapes:ident;)*) => {$(
        element!($t, $lane, 0, $shapes, |v| Widened::$wide(v as $wide_type), |w| element!(@as w $t));

        impl NumberElement for $t {
            #[inline(always)]
            fn add(self, b: Self) -> Self { self.wrapping_add(b) }
            #[inline(always)]
            fn sub(self, b: Self) -> Self { self.wrapping_sub(b) }
            #[inline(always)]
            fn mul(self, b: Self) -> Self { self.wrapping_mul(b) }
            #[inline(always)]
            fn div(self, b: Self) -> Self { if b == 0 { 0 } else { self.wrapping_div(b) } }
            #[inline(always)]
            fn rem(self, b: Self) -> Self { if b == 0 { 0 } else { self.wrapping_rem(b) } }
            #[inline(always)]
            fn neg(self) -> Self { self.wrapping_neg() }
            #[inline(always)]
            fn minimum(self, b: Self) -> Self { self.min(b) }
            #[inline(always)]
            fn maximum(self, b: Self) -> Self { self.max(b) }
            #[inline(always)]
            fn fmin(self, b: Self) -> Self { self.min(b) }
            #[inline(always)]
            fn fmax(self, b: Self) -> Self { self.max(b) }
            #[inline(always)]
            fn abs(self) -> Self { integers!(@$abs self) }
        }

        impl IntegerElement for $t {
            type Unsigned = $unsigned;
            type UnsignedLane<S: Shape> = <$unsigned as Element>::Lane<S>;
            #[inline(always)]
            fn and(self, b: Self) -> Self { self & b }
            #[inline(always)]
            fn or(self, b: Self) -> Self { self | b }
            #[inline(always)]
            fn xor(self, b: Self) -> Self { self ^ b }
            #[inline(always)]
            fn not(self) -> Self { !self }
            #[inline(always)]
            fn shl(self, by: Self) -> Self {
                if (by as u64) < <$t>::BITS as u64 { self.wrapping_shl(by as u32) } else { 0 }
            }
            #[inline(always)]
            fn shr(self, by: Self) -> Self {
                if (by as u64) < <$t>::BITS as u64 {
                    self.wrapping_shr(by as u32)
                } else {
                    integers!(@$wide self)
                }
            }
            #[inline(always)]
            fn count_ones(self) -> Self { <$t>::count_ones(self) as $t }
            #[inline(always)]
            fn leading_zeros(self) -> Self { <$t>::leading_zeros(self) as $t }
            #[inline(always)]
            fn trailing_zeros(self) -> Self { <$t>::trailing_zeros(self) as $t }
        }
    )*};
    (@magnitude $v:ident) => { $v.wrapping_abs() };
    (@itself $v:ident) => { $v };
    // What a right shift by the whole width leaves: the sign, or nothing.
    (@I $v:ident) => { if $v < 0 { -1 } else { 0 } };
    (@U $v:ident) => { 0 };
}
integers! {
    i8 I8 u8 I i64 magnitude Bytes1;
    i16 I16 u16 I i64 magnitude Bytes2;
    i32 I32 u32 I i64 magnitude Bytes4;
    i64 I64 u64 I i64 magnitude Bytes8;
    u8 U8 u8 U u64 itself Bytes1;
    u16 U16 u16 U u64 itself Bytes2;
    u32 U32 u32 U u64 itself Bytes4;
    u64 U64 u64 U u64 itself Bytes8;
}
