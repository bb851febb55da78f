//! Lanes of a CPU: a vector is one or more blocks, and a shape says which.
//!
//! Here the lane traits are implemented once, for every CPU level, on top of [`Block`]. A type wider
//! than a register is several blocks, a narrower one a part of one; masks have one form in a shape,
//! whatever was compared.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};

use super::block::{Block, Truth};
use super::element::{Element, FloatElement, IntegerElement, NumberElement};
use super::{Constants, Float, Integer, Lane, Mask, MaskOf, Number, Shape, State, Turns, ZipLanes};

/// A shape that a CPU runs: a level with a number of lanes.
///
/// # Safety
/// A token exists only where the level is present (its constructor is unsafe and says so).
pub unsafe trait Machine:
    Shape<
        Mask: MachineMask<Shape = Self>,
        F64: MachineLane,
        F32: MachineLane,
        I8: MachineLane,
        I16: MachineLane,
        I32: MachineLane,
        I64: MachineLane,
        U8: MachineLane,
        U16: MachineLane,
        U32: MachineLane,
        U64: MachineLane,
    >
{
    /// The number of lanes.
    const N: usize;

    /// The token.
    ///
    /// # Safety
    /// This CPU has the level.
    unsafe fn token() -> Self;

    /// Converts lane by lane as [`Element::cast`] says.
    fn convert<A: MachineLane<Shape = Self>, B: MachineLane<Shape = Self>>(self, a: A) -> B;

    /// As [`Lane::lookup`].
    #[inline(always)]
    fn look_up<V: MachineLane<Shape = Self>>(self, table: &[V::Elem], index: Self::U64) -> V {
        look_up_each(table, index)
    }

    /// As [`Shape::sixteenth`].
    #[inline(always)]
    fn look_up_sixteenth(self, table: &'static [f32; 16], index: Self::U32) -> Self::F32 {
        Self::F32::build(self, |i| table[index.get(i) as usize % 16])
    }

    /// Of the elements of two vectors, one after the other, those at even places and those at odd ones.
    #[inline(always)]
    fn deinterleave<V: MachineLane<Shape = Self>>(self, a: V, b: V) -> [V; 2] {
        deinterleave_each(self, a, b)
    }
}

/// [`Machine::deinterleave`] where the level has no instruction for the element.
#[inline(always)]
pub(super) fn deinterleave_each<S: Machine, V: MachineLane<Shape = S>>(s: S, a: V, b: V) -> [V; 2] {
    let at = |i: usize| if i < S::N { a.get(i) } else { b.get(i - S::N) };
    [V::build(s, |i| at(2 * i)), V::build(s, |i| at(2 * i + 1))]
}

/// [`Machine::convert`] where the level has no instruction for the pair.
#[inline(always)]
pub(super) fn convert_each<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(
    s: S,
    a: A,
) -> B {
    B::build(s, |i| a.get(i).cast())
}

/// A lane type of a [`Machine`].
///
/// # Safety
/// There are `Shape::N` lanes. Unless it is the mask, the type is that many elements side by side and
/// nothing else.
pub unsafe trait MachineLane: Lane {
    /// The lanes `f(0)`, `f(1)`, ...
    fn build(s: Self::Shape, f: impl FnMut(usize) -> Self::Elem) -> Self;
    /// Lane `i`.
    fn get(self, i: usize) -> Self::Elem;
    /// Proof that the level is present: the shape's token.
    fn token(self) -> Self::Shape;
    /// Reads all lanes.
    ///
    /// # Safety
    /// `p` is valid for reading `Shape::N` elements.
    unsafe fn load(s: Self::Shape, p: *const Self::Elem) -> Self;
    /// Writes all lanes.
    ///
    /// # Safety
    /// `p` is valid for writing `Shape::N` elements.
    unsafe fn store(self, p: *mut Self::Elem);
}

/// The mask type of a [`Machine`].
pub trait MachineMask: MachineLane + Mask {
    /// Whether any lane is true.
    fn any(self) -> bool;
    /// Whether all lanes are true.
    fn all(self) -> bool;
}

/// `a`, taken for another lane type of the same width.
#[inline(always)]
pub(super) fn reinterpret<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(
    a: A,
) -> B {
    const {
        assert!(size_of::<A>() == size_of::<B>());
        assert!(size_of::<A>() == S::N * size_of::<A::Elem>());
        assert!(size_of::<B>() == S::N * size_of::<B::Elem>());
    }
    // SAFETY: both are N elements side by side without padding (a mask fails the assertions or has
    // bool elements, which no caller in this crate asks for), of the same size, and every bit pattern
    // of a number is valid.
    unsafe { core::mem::transmute_copy(&a) }
}

/// An operation on each block. A loop and not `map`: a closure around an instruction of a level is not
/// certain to be inlined into the function that may use it.
macro_rules! each {
    ($k:ident, $e:expr) => {{
        let mut blocks = [{
            let $k = 0;
            $e
        }; K];
        let mut $k = 1;
        while $k < K {
            blocks[$k] = $e;
            $k += 1;
        }
        blocks
    }};
}

/// The method of each conversion in [`Lane`]: [`Machine::convert`] with the type filled in.
macro_rules! conversions {
    () => {
        conversions! { to_f64 F64 to_f32 F32 to_i8 I8 to_i16 I16 to_i32 I32 to_i64 I64 to_u8 U8 to_u16 U16 to_u32 U32 to_u64 U64 }
    };
    ($($method:ident $lane:ident)*) => {$(
        #[inline(always)]
        fn $method(self) -> S::$lane {
            self.token().convert(self)
        }
    )*};
}

macro_rules! blockwise {
    ($($two:ident)*; $($one:ident)*) => {
        $(
            #[inline(always)]
            fn $two(self, b: Self) -> Self { Self::of(each!(k, self.0[k].$two(b.0[k]))) }
        )*
        $(
            #[inline(always)]
            fn $one(self) -> Self { Self::of(each!(k, self.0[k].$one())) }
        )*
    };
}

/// A lane type as the register that it is, or the other way round, where a level knows what a lane
/// type of its own consists of.
#[inline(always)]
pub(super) fn retype<A: Copy, B: Copy>(a: A) -> B {
    assert!(size_of::<A>() == size_of::<B>());
    // SAFETY: the sizes agree. The callers convert between a lane type of numbers, or one of its
    // registers, and a register of the same level: both are plain bits.
    unsafe { core::mem::transmute_copy(&a) }
}

/// `K` blocks as lanes of the shape `S`.
#[repr(transparent)]
pub struct Vector<S, B, const K: usize>([B; K], PhantomData<S>);

impl<S, B: Copy, const K: usize> Clone for Vector<S, B, K> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<S, B: Copy, const K: usize> Copy for Vector<S, B, K> {}

impl<S: Machine, B: Block, const K: usize> core::fmt::Debug for Vector<S, B, K> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries((0..B::N * K).map(|i| self.0[i / B::N].get(i % B::N))).finish()
    }
}

impl<S, B, const K: usize> Vector<S, B, K> {
    #[inline(always)]
    fn of(blocks: [B; K]) -> Self {
        Self(blocks, PhantomData)
    }
}

/// A shape whose masks are `Truths<Self, Self::Truth>`.
pub trait Masked: Machine<Mask = Truths<Self, Self::Truth>> {
    /// The one form of this shape's masks: `N` truths.
    type Truth: Truth;
}

/// The mask of a shape.
#[repr(transparent)]
pub struct Truths<S, C>(C, PhantomData<S>);

impl<S, C: Copy> Clone for Truths<S, C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<S, C: Copy> Copy for Truths<S, C> {}

impl<S: Masked<Truth = C>, C: Truth> Truths<S, C> {
    #[inline(always)]
    fn of(c: C) -> Self {
        Self(c, PhantomData)
    }

    /// The truths of `K` blocks in the shape's one form.
    #[inline(always)]
    fn join<B: Block, const K: usize>(parts: [B::Cmp; K]) -> Self {
        if const { size_of::<[B::Cmp; K]>() == size_of::<C>() } {
            // SAFETY: both hold the truths of N lanes in order in the same number of bytes, which is
            // then the same form: bits in a little-endian integer, or whole vectors of one width.
            Self::of(unsafe { core::mem::transmute_copy(&parts) })
        } else {
            Self::of(C::build(S::N, |i| parts[i / B::N].get(i % B::N)))
        }
    }

    /// The opposite of `join`.
    #[inline(always)]
    fn split<B: Block, const K: usize>(self) -> [B::Cmp; K] {
        if const { size_of::<[B::Cmp; K]>() == size_of::<C>() } {
            // SAFETY: as in `join`.
            unsafe { core::mem::transmute_copy(&self.0) }
        } else {
            each!(k, B::Cmp::build(B::N, |i| self.0.get(k * B::N + i)))
        }
    }
}

// SAFETY: `K` blocks of `B::N` elements each, which the shapes choose so that `K * B::N` is `S::N`
// (asserted in `build`), and a block is its elements side by side.
unsafe impl<S: Masked, B: Block, const K: usize> MachineLane for Vector<S, B, K> {
    #[inline(always)]
    fn build(_: S, mut f: impl FnMut(usize) -> B::Elem) -> Self {
        const { assert!(K * B::N == S::N) };
        Self::of(each!(k, B::build(|i| f(k * B::N + i))))
    }
    #[inline(always)]
    fn get(self, i: usize) -> B::Elem {
        self.0[i / B::N].get(i % B::N)
    }
    #[inline(always)]
    fn token(self) -> S {
        // SAFETY: lanes are made from a token, so where there is one of them the level is present.
        unsafe { S::token() }
    }
    #[inline(always)]
    unsafe fn load(_: S, p: *const B::Elem) -> Self {
        const { assert!(K * B::N == S::N) };
        // SAFETY: the caller allows reading N elements, which is the size of the value, and any bits
        // are a value of it.
        unsafe { p.cast::<Self>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut B::Elem) {
        // SAFETY: the caller allows writing N elements, which is the size of the value.
        unsafe { p.cast::<Self>().write_unaligned(self) }
    }
}

impl<S: Masked, B: Block, const K: usize> Lane for Vector<S, B, K> {
    type Shape = S;
    type Elem = B::Elem;

    #[inline(always)]
    fn splat(_: S, value: B::Elem) -> Self {
        Self::of([B::splat(value); K])
    }
    #[inline(always)]
    fn constant<const N: usize>(_: S, of: &'static Constants<B::Elem, N>, i: usize) -> Self {
        Self::of([B::constant(of, i); K])
    }
    #[inline(always)]
    fn select(mask: S::Mask, yes: Self, no: Self) -> Self {
        let parts = mask.split::<B, K>();
        Self::of(each!(k, B::select(parts[k], yes.0[k], no.0[k])))
    }
    #[inline(always)]
    fn eq(self, b: Self) -> S::Mask {
        Truths::join::<B, K>(each!(k, self.0[k].eq(b.0[k])))
    }
    #[inline(always)]
    fn ne(self, b: Self) -> S::Mask {
        Truths::join::<B, K>(each!(k, self.0[k].ne(b.0[k])))
    }
    #[inline(always)]
    fn lookup(table: &[B::Elem], index: S::U64) -> Self {
        index.token().look_up(table, index)
    }
    conversions!();
}

/// [`Machine::look_up`] where the level has no instruction for the element.
#[inline(always)]
pub(super) fn look_up_each<S: Machine, V: MachineLane<Shape = S>>(
    table: &[V::Elem],
    index: S::U64,
) -> V {
    let last = (table.len() as u64).saturating_sub(1);
    V::build(index.token(), |i| {
        table.get(index.get(i).min(last) as usize).copied().unwrap_or(V::Elem::ZERO)
    })
}

impl<S: Masked, B: Block<Elem: NumberElement>, const K: usize> Number for Vector<S, B, K> {
    #[inline(always)]
    fn lt(self, b: Self) -> MaskOf<Self> {
        Truths::join::<B, K>(each!(k, self.0[k].lt(b.0[k])))
    }
    #[inline(always)]
    fn le(self, b: Self) -> MaskOf<Self> {
        Truths::join::<B, K>(each!(k, self.0[k].le(b.0[k])))
    }
    blockwise! { minimum maximum fmin fmax; abs }
}

impl<S: Masked, B: Block<Elem: FloatElement>, const K: usize> Float for Vector<S, B, K> {
    type Bits = <B::Elem as FloatElement>::BitsLane<S>;
    blockwise! { copysign; sqrt floor ceil trunc rint }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        Self::of(each!(k, self.0[k].fma(b.0[k], c.0[k])))
    }
    #[inline(always)]
    fn to_bits(self) -> Self::Bits {
        <B::Elem as FloatElement>::to_bits_lane(self)
    }
    #[inline(always)]
    fn from_bits(bits: Self::Bits) -> Self {
        <B::Elem as FloatElement>::from_bits_lane(bits)
    }
}

impl<S: Masked, B: Block<Elem: IntegerElement>, const K: usize> Integer for Vector<S, B, K> {
    type Unsigned = <B::Elem as IntegerElement>::UnsignedLane<S>;
    blockwise! { shl shr; count_ones leading_zeros trailing_zeros }
}

macro_rules! operators {
    ($($trait:ident $method:ident $block:ident $bound:ident;)*) => {$(
        impl<S, B: Block<Elem: $bound>, const K: usize> $trait for Vector<S, B, K> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, b: Self) -> Self { Self::of(each!(k, self.0[k].$block(b.0[k]))) }
        }
    )*};
}
operators! {
    Add add add NumberElement;
    Sub sub sub NumberElement;
    Mul mul mul NumberElement;
    Div div div NumberElement;
    Rem rem rem NumberElement;
    BitAnd bitand and IntegerElement;
    BitOr bitor or IntegerElement;
    BitXor bitxor xor IntegerElement;
}

impl<S, B: Block<Elem: NumberElement>, const K: usize> Neg for Vector<S, B, K> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::of(each!(k, self.0[k].neg()))
    }
}

impl<S, B: Block<Elem: IntegerElement>, const K: usize> Not for Vector<S, B, K> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self::of(each!(k, self.0[k].not()))
    }
}

// SAFETY: `S::N` truths.
unsafe impl<S: Masked<Truth = C>, C: Truth> MachineLane for Truths<S, C> {
    #[inline(always)]
    fn build(_: S, f: impl FnMut(usize) -> bool) -> Self {
        Self::of(C::build(S::N, f))
    }
    #[inline(always)]
    fn get(self, i: usize) -> bool {
        self.0.get(i)
    }
    #[inline(always)]
    fn token(self) -> S {
        // SAFETY: lanes are made from a token, so where there is one of them the level is present.
        unsafe { S::token() }
    }
    #[inline(always)]
    unsafe fn load(_: S, p: *const bool) -> Self {
        // Any byte but 0 is true: a mask from elsewhere may hold more than 0 and 1.
        // SAFETY: the caller allows reading N bytes, and a token is here.
        Self::of(unsafe { C::load(S::N, p.cast()) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut bool) {
        // SAFETY: the caller allows writing N bytes; lanes are made from a token.
        unsafe { self.0.store(S::N, p.cast()) }
    }
}

impl<S: Masked<Truth = C>, C: Truth> MachineMask for Truths<S, C> {
    #[inline(always)]
    fn any(self) -> bool {
        self.0.any(S::N)
    }
    #[inline(always)]
    fn all(self) -> bool {
        self.0.all(S::N)
    }
}

impl<S: Masked<Truth = C>, C: Truth> Lane for Truths<S, C> {
    type Shape = S;
    type Elem = bool;

    #[inline(always)]
    fn splat(_: S, value: bool) -> Self {
        Self::of(C::build(S::N, |_| value))
    }
    #[inline(always)]
    fn select(mask: Self, yes: Self, no: Self) -> Self {
        (mask & yes) | (!mask & no)
    }
    #[inline(always)]
    fn eq(self, b: Self) -> Self {
        !(self ^ b)
    }
    #[inline(always)]
    fn ne(self, b: Self) -> Self {
        self ^ b
    }
    #[inline(always)]
    fn lookup(table: &[bool], index: S::U64) -> Self {
        look_up_each(table, index)
    }
    conversions!();
}

impl<S: Masked<Truth = C>, C: Truth> Mask for Truths<S, C> {}

macro_rules! logic {
    ($($trait:ident $method:ident $truth:ident)*) => {$(
        impl<S: Masked<Truth = C>, C: Truth> $trait for Truths<S, C> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, b: Self) -> Self { Self::of(self.0.$truth(b.0)) }
        }
    )*};
}
logic! { BitAnd bitand and BitOr bitor or BitXor bitxor xor }

impl<S: Masked<Truth = C>, C: Truth> Not for Truths<S, C> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self::of(self.0.not())
    }
}

/// A loop on a CPU: the lanes that are running, and the state.
pub struct MaskedTurns<S: Machine, T> {
    running: S::Mask,
    state: T,
}

impl<S: Machine, T: State<S>> MaskedTurns<S, T> {
    #[inline(always)]
    pub(super) fn new(s: S, state: T) -> Self {
        Self { running: s.lit(true), state }
    }
}

impl<S: Machine, T: State<S>> Turns<S, T> for MaskedTurns<S, T> {
    #[inline(always)]
    fn state(&self) -> T {
        self.state
    }
    #[inline(always)]
    fn check(&mut self, condition: S::Mask) -> bool {
        self.running = self.running & condition;
        self.running.any()
    }
    #[inline(always)]
    fn next(&mut self, state: T) -> bool {
        self.state = state.zip(self.state, &mut Running::<S>(self.running));
        true
    }
    #[inline(always)]
    fn finish(self) -> T {
        self.state
    }
}

/// The next state where a lane is running, the last one where it is done, and in scratch, which only
/// running lanes are asked about, the next one everywhere.
struct Running<S: Shape>(S::Mask);

impl<S: Shape> ZipLanes<S> for Running<S> {
    #[inline(always)]
    fn zip<V: Lane<Shape = S>>(&mut self, next: V, last: V) -> V {
        V::select(self.0, next, last)
    }
    #[inline(always)]
    fn zip_scratch<V: Lane<Shape = S>>(&mut self, next: V, _: V) -> V {
        next
    }
}

/// Copies `bytes` bytes without a call.
///
/// # Safety
/// `from` and `to` are valid for that many bytes and don't overlap.
#[inline(always)]
pub(crate) unsafe fn copy_short(from: *const u8, to: *mut u8, bytes: usize) {
    macro_rules! both_ends {
        ($t:ty) => {
            // SAFETY: the branch says `bytes` is at least the size of the type, so that the first and
            // the last so many bytes are inside; together they cover up to twice that size.
            unsafe {
                let size = size_of::<$t>();
                let head = from.cast::<$t>().read_unaligned();
                let tail = from.add(bytes - size).cast::<$t>().read_unaligned();
                to.cast::<$t>().write_unaligned(head);
                to.add(bytes - size).cast::<$t>().write_unaligned(tail);
            }
        };
    }
    // Whole pieces of 32 bytes, then one of the last 32, which may overlap them.
    if bytes >= 32 {
        let mut at = 0;
        while at + 32 < bytes {
            // SAFETY: `at + 32 < bytes`.
            unsafe {
                let piece = from.add(at).cast::<MaybeUninit<[u64; 4]>>().read_unaligned();
                to.add(at).cast::<MaybeUninit<[u64; 4]>>().write_unaligned(piece);
            }
            at += 32;
        }
        // SAFETY: `bytes >= 32`.
        unsafe {
            let piece = from.add(bytes - 32).cast::<MaybeUninit<[u64; 4]>>().read_unaligned();
            to.add(bytes - 32).cast::<MaybeUninit<[u64; 4]>>().write_unaligned(piece);
        }
    } else if bytes >= 16 {
        both_ends!([u64; 2])
    } else if bytes >= 8 {
        both_ends!(u64)
    } else if bytes >= 4 {
        both_ends!(u32)
    } else if bytes >= 2 {
        both_ends!(u16)
    } else if bytes == 1 {
        // SAFETY: one byte.
        unsafe { to.write(from.read()) }
    }
}
