//! What `#[ufunc]` lowers a function's operators and methods to.
//!
//! Each is a free function of one lane type, so that a literal takes its type from the other side, as
//! it does in the plain function. A method that is no lane operation is built here from those that
//! are, exactly: the result has the bits of the method of `core`.

use core::ops::{BitAnd, BitOr, BitXor, Not};

use crate::lanes::{Element, Float, Integer, Lane, Mask, MaskOf, Number, Shape, State, ZipLanes};

// ---- which lanes a kernel runs for ---------------------------------------------------------------

/// The lanes for which a function's result counts: all of them, or those of a mask.
///
/// Loops must end, so they look at the lanes that count only; everything else is computed for every
/// lane.
pub trait Active<S: Shape>: Copy {
    /// `mask`, restricted to the lanes that count.
    fn and(self, mask: S::Mask) -> S::Mask;
    /// The lanes that count.
    fn mask(self, s: S) -> S::Mask;
}

/// Every lane counts.
#[derive(Clone, Copy, Debug)]
pub struct All;

/// The lanes of a mask count.
#[derive(Clone, Copy, Debug)]
pub struct Within<M>(pub M);

impl<S: Shape> Active<S> for All {
    #[inline(always)]
    fn and(self, mask: S::Mask) -> S::Mask {
        mask
    }
    #[inline(always)]
    fn mask(self, s: S) -> S::Mask {
        s.lit(true)
    }
}

impl<S: Shape> Active<S> for Within<S::Mask> {
    #[inline(always)]
    fn and(self, mask: S::Mask) -> S::Mask {
        self.0 & mask
    }
    #[inline(always)]
    fn mask(self, _: S) -> S::Mask {
        self.0
    }
}

// ---- constants -----------------------------------------------------------------------------------

/// A value that is the same in every lane: an element, or a `usize` or `isize`, which are 64 bits
/// wide in lanes.
pub trait Constant: Copy {
    /// The type of one lane.
    type Elem: Element;
    /// The value of one lane.
    fn elem(self) -> Self::Elem;
}

macro_rules! constants {
    ($($t:ident as $e:ident)*) => {$(
        impl Constant for $t {
            type Elem = $e;
            #[inline(always)]
            fn elem(self) -> $e {
                self as $e
            }
        }
    )*};
}
constants! {
    f64 as f64 f32 as f32 i8 as i8 i16 as i16 i32 as i32 i64 as i64 isize as i64
    u8 as u8 u16 as u16 u32 as u32 u64 as u64 usize as u64 bool as bool
}

/// A constant of known type in every lane.
#[inline(always)]
pub fn constant<S: Shape, C: Constant>(s: S, value: C) -> <C::Elem as Element>::Lane<S> {
    s.lit(value.elem())
}

/// Zero, or false, in every lane.
#[inline(always)]
pub fn zero<S: Shape, T: Zero<S>>(s: S) -> T {
    T::zero(s)
}

/// Lanes and tuples of lanes that can start as zero.
pub trait Zero<S: Shape>: Copy {
    /// All zero, or false.
    fn zero(s: S) -> Self;
}

impl<V: Lane> Zero<V::Shape> for V {
    #[inline(always)]
    fn zero(s: V::Shape) -> Self {
        s.lit(<V::Elem as Element>::ZERO)
    }
}

macro_rules! zero_tuples {
    ($($($v:ident)*;)*) => {$(
        impl<S: Shape, $($v: Zero<S>),*> Zero<S> for ($($v,)*) {
            #[inline(always)]
            fn zero(s: S) -> Self {
                ($($v::zero(s),)*)
            }
        }
    )*};
}
zero_tuples! { A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H; }

// ---- choice and tables ---------------------------------------------------------------------------

/// `yes` where the mask holds, `no` elsewhere: lanes, or tuples of them.
#[inline(always)]
pub fn select<S: Shape, T: State<S>>(_: S, mask: S::Mask, yes: T, no: T) -> T {
    struct Select<S: Shape>(S::Mask);
    impl<S: Shape> ZipLanes<S> for Select<S> {
        #[inline(always)]
        fn zip<V: Lane<Shape = S>>(&mut self, a: V, b: V) -> V {
            V::select(self.0, a, b)
        }
    }
    yes.zip(no, &mut Select::<S>(mask))
}

/// `table[index]`, lane by lane; past the end, the last entry.
#[inline(always)]
pub fn lookup<S: Shape, E: Element>(_: S, table: &[E], index: S::U64) -> E::Lane<S> {
    <E::Lane<S> as Lane>::lookup(table, index)
}

/// `table[index]` for an index that is the same in every lane; past the end, the last entry, and 0 in a
/// table without entries.
#[inline(always)]
pub fn entry<E: Copy + Default>(table: &[E], index: usize) -> E {
    table.get(index).or(table.last()).copied().unwrap_or_default()
}

// ---- operators -----------------------------------------------------------------------------------

macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident<$v:ident: $bound:path>($($arg:ident),*) -> $out:ty { $body:expr })*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<$v: $bound>($($arg: $v),*) -> $out {
            $body
        }
    )*};
}

operators! {
    /// `a + b`.
    add<V: Number>(a, b) -> V { a + b }
    /// `a - b`.
    sub<V: Number>(a, b) -> V { a - b }
    /// `a * b`.
    mul<V: Number>(a, b) -> V { a * b }
    /// `a / b`.
    div<V: Number>(a, b) -> V { a / b }
    /// `a % b`.
    rem<V: Number>(a, b) -> V { a % b }
    /// `-a`.
    neg<V: Number>(a) -> V { -a }
    /// `a == b`.
    eq<V: Lane>(a, b) -> MaskOf<V> { a.eq(b) }
    /// `a != b`.
    ne<V: Lane>(a, b) -> MaskOf<V> { a.ne(b) }
    /// `a < b`.
    lt<V: Number>(a, b) -> MaskOf<V> { a.lt(b) }
    /// `a <= b`.
    le<V: Number>(a, b) -> MaskOf<V> { a.le(b) }
    /// `a > b`.
    gt<V: Number>(a, b) -> MaskOf<V> { a.gt(b) }
    /// `a >= b`.
    ge<V: Number>(a, b) -> MaskOf<V> { a.ge(b) }
    /// `a && b`, of which both are computed.
    and<V: Mask>(a, b) -> V { a & b }
    /// `a || b`, of which both are computed.
    or<V: Mask>(a, b) -> V { a | b }
    /// `a && !b`.
    and_not<V: Mask>(a, b) -> V { a & !b }
}

/// `!a` of a mask or of integers.
#[inline(always)]
pub fn not<V: Lane + Not<Output = V>>(a: V) -> V {
    !a
}

/// `a & b` of masks or of integers.
#[inline(always)]
pub fn bit_and<V: Lane + BitAnd<Output = V>>(a: V, b: V) -> V {
    a & b
}

/// `a | b` of masks or of integers.
#[inline(always)]
pub fn bit_or<V: Lane + BitOr<Output = V>>(a: V, b: V) -> V {
    a | b
}

/// `a ^ b` of masks or of integers.
#[inline(always)]
pub fn bit_xor<V: Lane + BitXor<Output = V>>(a: V, b: V) -> V {
    a ^ b
}

/// `a << by` for an amount that is the same in every lane.
#[inline(always)]
pub fn shl_by<S: Shape, V: Integer<Shape = S>>(s: S, a: V, by: u32) -> V
where
    V::Elem: Num,
{
    a.shl(s.lit(<V::Elem as Num>::of(by.min(127) as u8)))
}

/// `a >> by` for an amount that is the same in every lane.
#[inline(always)]
pub fn shr_by<S: Shape, V: Integer<Shape = S>>(s: S, a: V, by: u32) -> V
where
    V::Elem: Num,
{
    a.shr(s.lit(<V::Elem as Num>::of(by.min(127) as u8)))
}

/// `a << by`, where the amounts may be of another type.
#[inline(always)]
pub fn shl<S: Shape, V, B>(s: S, a: V, by: B) -> V
where
    V: Integer<Shape = S>,
    V::Elem: Num + Element<Lane<S> = V>,
    B: Integer<Shape = S>,
    B::Elem: Num,
{
    a.shl(amount::<S, V, B>(s, by))
}

/// `a >> by`, where the amounts may be of another type.
#[inline(always)]
pub fn shr<S: Shape, V, B>(s: S, a: V, by: B) -> V
where
    V: Integer<Shape = S>,
    V::Elem: Num + Element<Lane<S> = V>,
    B: Integer<Shape = S>,
    B::Elem: Num,
{
    a.shr(amount::<S, V, B>(s, by))
}

/// A shift's amount in the type of what is shifted; one that is too large stays too large.
#[inline(always)]
fn amount<S: Shape, V, B>(s: S, by: B) -> V
where
    V: Integer<Shape = S>,
    V::Elem: Num + Element<Lane<S> = V>,
    B: Integer<Shape = S>,
    B::Elem: Num,
{
    if B::Elem::DTYPE.size() <= V::Elem::DTYPE.size() {
        // A negative amount of a signed type becomes a huge one of an unsigned type.
        return <V::Elem as Num>::cast(by);
    }
    let most: B = s.lit(<B::Elem as Num>::of(127));
    let inside = by.ge(s.lit(<B::Elem as Element>::ZERO)) & by.lt(most);
    <V::Elem as Num>::cast(B::select(inside, by, most))
}

// ---- conversions ---------------------------------------------------------------------------------

macro_rules! conversions {
    ($($name:ident $lane:ident $elem:literal;)*) => {$(
        #[doc = concat!("`a as ", $elem, "`.")]
        #[inline(always)]
        pub fn $name<S: Shape, V: Lane<Shape = S>>(a: V) -> S::$lane {
            a.$name()
        }
    )*};
}
conversions! {
    to_f64 F64 "f64"; to_f32 F32 "f32";
    to_i8 I8 "i8"; to_i16 I16 "i16"; to_i32 I32 "i32"; to_i64 I64 "i64";
    to_u8 U8 "u8"; to_u16 U16 "u16"; to_u32 U32 "u32"; to_u64 U64 "u64";
}

/// The bits of a float.
#[inline(always)]
pub fn to_bits<S: Shape, V: Float<Shape = S>>(_: S, a: V) -> V::Bits {
    a.to_bits()
}

/// The `f64` of these bits.
#[inline(always)]
pub fn f64_from_bits<S: Shape>(_: S, bits: S::U64) -> S::F64 {
    <S::F64 as Float>::from_bits(bits)
}

/// The `f32` of these bits.
#[inline(always)]
pub fn f32_from_bits<S: Shape>(_: S, bits: S::U32) -> S::F32 {
    <S::F32 as Float>::from_bits(bits)
}

/// Elements that are numbers: what a function of any number needs to know of them.
pub trait Num: Element {
    /// Bits of one element.
    const BITS: u32;
    /// A small whole number, at most 127.
    fn of(value: u8) -> Self;
    /// `lane as Self`.
    fn cast<S: Shape, V: Lane<Shape = S>>(lane: V) -> Self::Lane<S>;
    /// The method `signum` of `core`.
    fn signum<S: Shape>(s: S, a: Self::Lane<S>) -> Self::Lane<S>;
}

/// Elements that are floats.
pub trait Real: Num {
    /// One half.
    const HALF: Self;
    /// Infinity.
    const INFINITY: Self;
}

macro_rules! nums {
    ($signum:ident: $($t:ident $to:ident;)*) => {$(
        impl Num for $t {
            const BITS: u32 = 8 * size_of::<$t>() as u32;
            #[inline(always)]
            fn of(value: u8) -> $t {
                value as $t
            }
            #[inline(always)]
            fn cast<S: Shape, V: Lane<Shape = S>>(lane: V) -> Self::Lane<S> {
                lane.$to()
            }
            #[inline(always)]
            fn signum<S: Shape>(s: S, a: Self::Lane<S>) -> Self::Lane<S> {
                $signum(s, a)
            }
        }
    )*};
}
nums! { float_signum: f64 to_f64; f32 to_f32; }
nums! { integer_signum: i8 to_i8; i16 to_i16; i32 to_i32; i64 to_i64; u8 to_u8; u16 to_u16; u32 to_u32; u64 to_u64; }

impl Real for f64 {
    const HALF: f64 = 0.5;
    const INFINITY: f64 = f64::INFINITY;
}
impl Real for f32 {
    const HALF: f32 = 0.5;
    const INFINITY: f32 = f32::INFINITY;
}

#[inline(always)]
fn float_signum<S: Shape, V: Float<Shape = S>>(s: S, a: V) -> V
where
    V::Elem: Real,
{
    V::select(a.is_nan(), a, number::<S, V>(s, 1).copysign(a))
}

#[inline(always)]
fn integer_signum<S: Shape, V: Integer<Shape = S>>(s: S, a: V) -> V
where
    V::Elem: Num,
{
    let (zero, one) = (number::<S, V>(s, 0), number::<S, V>(s, 1));
    V::select(a.gt(zero), one, V::select(a.lt(zero), zero - one, zero))
}

#[inline(always)]
fn number<S: Shape, V: Lane<Shape = S>>(s: S, value: u8) -> V
where
    V::Elem: Num,
{
    s.lit(<V::Elem as Num>::of(value))
}

// ---- methods -------------------------------------------------------------------------------------

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident<$v:ident: $bound:ident, $elem:ident>($s:ident $(, $arg:ident)*) -> $out:ty { $($body:tt)* })*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<S: Shape, $v: $bound<Shape = S>>($s: S, $($arg: $v),*) -> $out
        where
            V::Elem: $elem,
        {
            $($body)*
        }
    )*};
}

methods! {
    /// The absolute value; of the lowest integer, itself.
    abs<V: Number, Num>(_s, a) -> V { a.abs() }
    /// The smaller; the other one where one is NaN.
    min<V: Number, Num>(_s, a, b) -> V { a.fmin(b) }
    /// The larger; the other one where one is NaN.
    max<V: Number, Num>(_s, a, b) -> V { a.fmax(b) }
    /// `a`, brought into `low..=high`; NaN stays.
    clamp<V: Number, Num>(_s, a, low, high) -> V {
        let a = V::select(a.lt(low), low, a);
        V::select(a.gt(high), high, a)
    }
    /// The remainder that is not negative.
    rem_euclid<V: Number, Num>(s, a, b) -> V {
        let r = a % b;
        V::select(r.lt(number(s, 0)), r + b.abs(), r)
    }

    /// The square root.
    sqrt<V: Float, Real>(_s, a) -> V { a.sqrt() }
    /// `a * b + c`, rounded once.
    mul_add<V: Float, Real>(_s, a, b, c) -> V { a.fma(b, c) }
    /// The largest whole number not above.
    floor<V: Float, Real>(_s, a) -> V { a.floor() }
    /// The smallest whole number not below.
    ceil<V: Float, Real>(_s, a) -> V { a.ceil() }
    /// The whole number next towards zero.
    trunc<V: Float, Real>(_s, a) -> V { a.trunc() }
    /// What [`trunc`] takes away.
    fract<V: Float, Real>(_s, a) -> V { a - a.trunc() }
    /// The nearest whole number, halves to even.
    round_ties_even<V: Float, Real>(_s, a) -> V { a.rint() }
    /// The nearest whole number, halves away from zero. `a - a.trunc()` is exact, so the half is seen
    /// exactly; what rounds to zero has kept its sign.
    round<V: Float, Real>(s, a) -> V {
        let whole = a.trunc();
        let one: V = number(s, 1);
        let away = (a - whole).abs().ge(s.lit(<V::Elem as Real>::HALF));
        V::select(away, whole + one.copysign(a), whole)
    }
    /// The magnitude of `a` with the sign of `b`.
    copysign<V: Float, Real>(_s, a, b) -> V { a.copysign(b) }
    /// `1 / a`.
    recip<V: Float, Real>(s, a) -> V { number::<S, V>(s, 1) / a }
    /// True for NaN.
    is_nan<V: Float, Real>(_s, a) -> S::Mask { a.is_nan() }
    /// True for what is neither NaN nor infinite.
    is_finite<V: Float, Real>(s, a) -> S::Mask { a.abs().lt(s.lit(<V::Elem as Real>::INFINITY)) }
    /// True for the two infinities.
    is_infinite<V: Float, Real>(s, a) -> S::Mask { Lane::eq(a.abs(), s.lit(<V::Elem as Real>::INFINITY)) }
    /// True where the sign bit is set, be it of a zero or of a NaN.
    is_sign_negative<V: Float, Real>(s, a) -> S::Mask { number::<S, V>(s, 1).copysign(a).lt(number(s, 0)) }
    /// True where the sign bit is clear.
    is_sign_positive<V: Float, Real>(s, a) -> S::Mask { !is_sign_negative(s, a) }

    /// Above zero.
    is_positive<V: Integer, Num>(s, a) -> S::Mask { a.gt(number(s, 0)) }
    /// Below zero.
    is_negative<V: Integer, Num>(s, a) -> S::Mask { a.lt(number(s, 0)) }
    /// The quotient whose remainder is not negative; by zero, 0.
    div_euclid<V: Integer, Num>(s, a, b) -> V {
        let (q, zero, one) = (a / b, number::<S, V>(s, 0), number::<S, V>(s, 1));
        let up = V::select(b.gt(zero), one, zero - one);
        V::select((a % b).lt(zero), q - up, q)
    }
    /// Whether `b` times something is `a`; of zero, zero alone is a multiple.
    is_multiple_of<V: Integer, Num>(s, a, b) -> S::Mask {
        let zero = number::<S, V>(s, 0);
        Lane::eq(a % b, zero) & (Lane::ne(b, zero) | Lane::eq(a, zero))
    }
    /// The number of one bits.
    count_ones<V: Integer, Num>(_s, a) -> S::U32 { a.count_ones().to_u32() }
    /// The number of zero bits.
    count_zeros<V: Integer, Num>(_s, a) -> S::U32 { (!a).count_ones().to_u32() }
    /// The number of zero bits above the highest one.
    leading_zeros<V: Integer, Num>(_s, a) -> S::U32 { a.leading_zeros().to_u32() }
    /// The number of one bits above the highest zero.
    leading_ones<V: Integer, Num>(_s, a) -> S::U32 { (!a).leading_zeros().to_u32() }
    /// The number of zero bits below the lowest one.
    trailing_zeros<V: Integer, Num>(_s, a) -> S::U32 { a.trailing_zeros().to_u32() }
    /// The number of one bits below the lowest zero.
    trailing_ones<V: Integer, Num>(_s, a) -> S::U32 { (!a).trailing_zeros().to_u32() }
}

macro_rules! wrapping {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),*) { $body:expr })*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<S: Shape, V: Integer<Shape = S>>(_: S, $($arg: V),*) -> V {
            $body
        }
    )*};
}
wrapping! {
    /// `a + b`, which always wraps.
    wrapping_add(a, b) { a + b }
    /// `a - b`, which always wraps.
    wrapping_sub(a, b) { a - b }
    /// `a * b`, which always wraps.
    wrapping_mul(a, b) { a * b }
    /// `a / b`; by zero, 0.
    wrapping_div(a, b) { a / b }
    /// `a % b`; by zero, 0.
    wrapping_rem(a, b) { a % b }
    /// `-a`, which always wraps.
    wrapping_neg(a) { -a }
    /// The absolute value, which always wraps.
    wrapping_abs(a) { a.abs() }
}

/// Integers and the unsigned integers of the same width.
pub trait SameWidth<S: Shape>: Integer<Shape = S> {
    /// The same bits.
    fn unsigned(self) -> Self::Unsigned;
    /// The same bits.
    fn from_unsigned(value: Self::Unsigned) -> Self;
}

impl<S: Shape, V: Integer<Shape = S>> SameWidth<S> for V
where
    V::Elem: Num + Element<Lane<S> = V>,
    <V::Unsigned as Lane>::Elem: Num + Element<Lane<S> = V::Unsigned>,
{
    #[inline(always)]
    fn unsigned(self) -> V::Unsigned {
        <<V::Unsigned as Lane>::Elem as Num>::cast(self)
    }
    #[inline(always)]
    fn from_unsigned(value: V::Unsigned) -> V {
        <V::Elem as Num>::cast(value)
    }
}

/// How far two integers are apart.
#[inline(always)]
pub fn abs_diff<S: Shape, V: SameWidth<S>>(_: S, a: V, b: V) -> V::Unsigned {
    V::select(a.lt(b), b - a, a - b).unsigned()
}

/// The absolute value, which the unsigned type always holds.
#[inline(always)]
pub fn unsigned_abs<S: Shape, V: SameWidth<S>>(_: S, a: V) -> V::Unsigned {
    a.abs().unsigned()
}

/// The amount of a wrapping shift or rotation, cut to the width of `V`.
#[inline(always)]
fn cut<S: Shape, V: Integer<Shape = S>>(s: S, by: S::U32) -> V
where
    V::Elem: Num + Element<Lane<S> = V>,
{
    <V::Elem as Num>::cast(by & s.lit(<V::Elem as Num>::BITS - 1))
}

/// `a << (by % bits)`.
#[inline(always)]
pub fn wrapping_shl<S: Shape, V: Integer<Shape = S>>(s: S, a: V, by: S::U32) -> V
where
    V::Elem: Num + Element<Lane<S> = V>,
{
    a.shl(cut(s, by))
}

/// `a >> (by % bits)`.
#[inline(always)]
pub fn wrapping_shr<S: Shape, V: Integer<Shape = S>>(s: S, a: V, by: S::U32) -> V
where
    V::Elem: Num + Element<Lane<S> = V>,
{
    a.shr(cut(s, by))
}

/// The bits moved up by `by`, round and round.
#[inline(always)]
pub fn rotate_left<S: Shape, V: SameWidth<S>>(s: S, a: V, by: S::U32) -> V
where
    <V::Unsigned as Lane>::Elem: Num + Element<Lane<S> = V::Unsigned>,
{
    let a = a.unsigned();
    V::from_unsigned(a.shl(cut(s, by)) | a.shr(cut(s, -by)))
}

/// The bits moved down by `by`, round and round.
#[inline(always)]
pub fn rotate_right<S: Shape, V: SameWidth<S>>(s: S, a: V, by: S::U32) -> V
where
    <V::Unsigned as Lane>::Elem: Num + Element<Lane<S> = V::Unsigned>,
{
    let a = a.unsigned();
    V::from_unsigned(a.shr(cut(s, by)) | a.shl(cut(s, -by)))
}

/// `signum` of `core`: for floats the sign bit decides, zeros included, and NaN stays NaN.
#[inline(always)]
pub fn signum<S: Shape, V: Lane<Shape = S>>(s: S, a: V) -> V
where
    V::Elem: Num + Element<Lane<S> = V>,
{
    <V::Elem as Num>::signum(s, a)
}

/// `a` to a whole power, which wraps.
#[inline(always)]
pub fn pow<S: Shape, V: Integer<Shape = S>>(s: S, a: V, mut power: u32) -> V
where
    V::Elem: Num,
{
    let (mut square, mut product) = (a, number::<S, V>(s, 1));
    while power > 0 {
        if power & 1 == 1 {
            product = product * square;
        }
        power >>= 1;
        if power > 0 {
            square = square * square;
        }
    }
    product
}

// ---- values that are the same in every lane ------------------------------------------------------

/// Numbers outside lanes: loop variables and constants. As in lanes, integers wrap and dividing one
/// by zero gives 0, because a kernel also computes what the plain function would have skipped.
pub trait Uniform: Copy {
    /// `self + b`.
    fn add(self, b: Self) -> Self;
    /// `self - b`.
    fn sub(self, b: Self) -> Self;
    /// `self * b`.
    fn mul(self, b: Self) -> Self;
    /// `self / b`.
    fn div(self, b: Self) -> Self;
    /// `self % b`.
    fn rem(self, b: Self) -> Self;
    /// `-self`.
    fn neg(self) -> Self;
}

/// Integers outside lanes.
pub trait UniformInteger: Copy {
    /// `self << by`; 0 for an amount that is too large.
    fn shl(self, by: u32) -> Self;
    /// `self >> by`; 0, or -1 for a negative value, for an amount that is too large.
    fn shr(self, by: u32) -> Self;
}

macro_rules! uniform_integers {
    ($($t:ident)*) => {$(
        impl UniformInteger for $t {
            #[inline(always)]
            fn shl(self, by: u32) -> $t { self.checked_shl(by).unwrap_or(0) }
            #[inline(always)]
            fn shr(self, by: u32) -> $t { self >> by.min($t::BITS - 1) >> (by >= $t::BITS) as u32 }
        }

        impl Uniform for $t {
            #[inline(always)]
            fn add(self, b: $t) -> $t { self.wrapping_add(b) }
            #[inline(always)]
            fn sub(self, b: $t) -> $t { self.wrapping_sub(b) }
            #[inline(always)]
            fn mul(self, b: $t) -> $t { self.wrapping_mul(b) }
            #[inline(always)]
            fn div(self, b: $t) -> $t { if b == 0 { 0 } else { self.wrapping_div(b) } }
            #[inline(always)]
            fn rem(self, b: $t) -> $t { if b == 0 { 0 } else { self.wrapping_rem(b) } }
            #[inline(always)]
            fn neg(self) -> $t { self.wrapping_neg() }
        }
    )*};
}
uniform_integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

macro_rules! uniform_floats {
    ($($t:ident)*) => {$(
        impl Uniform for $t {
            #[inline(always)]
            fn add(self, b: $t) -> $t { self + b }
            #[inline(always)]
            fn sub(self, b: $t) -> $t { self - b }
            #[inline(always)]
            fn mul(self, b: $t) -> $t { self * b }
            #[inline(always)]
            fn div(self, b: $t) -> $t { self / b }
            #[inline(always)]
            fn rem(self, b: $t) -> $t { self % b }
            #[inline(always)]
            fn neg(self) -> $t { -self }
        }
    )*};
}
uniform_floats! { f32 f64 }

/// Operators on values that are the same in every lane.
pub mod uniform {
    use super::Uniform;
    macro_rules! functions {
        ($($name:ident($($arg:ident),*))*) => {$(
            #[doc = concat!("The operator `", stringify!($name), "`.")]
            #[inline(always)]
            pub fn $name<E: Uniform>($($arg: E),*) -> E {
                Uniform::$name($($arg),*)
            }
        )*};
    }
    functions! { add(a, b) sub(a, b) mul(a, b) div(a, b) rem(a, b) neg(a) }

    /// `a << by`; 0 for an amount that is too large.
    #[inline(always)]
    pub fn shl<E: super::UniformInteger>(a: E, by: u32) -> E {
        a.shl(by)
    }

    /// `a >> by`; 0, or -1 for a negative value, for an amount that is too large.
    #[inline(always)]
    pub fn shr<E: super::UniformInteger>(a: E, by: u32) -> E {
        a.shr(by)
    }
}
