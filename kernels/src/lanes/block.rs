//! Blocks: what one register, or a part of one, can do.
//!
//! [`Block`] gives every operation a default that goes element by element by the definitions in
//! [`element`](super::element). A backend lists, for each of its registers, the operations for which
//! it has an instruction with the same result; what it does not list stays the default, which the
//! compiler vectorises where it can.

use core::mem::MaybeUninit;

use super::Constants;
use super::element::{Element, FloatElement, IntegerElement, NumberElement};

/// One truth value an element, as a block's comparisons leave it: a vector of all-ones and zeros, or
/// an integer with a bit an element.
pub trait Truth: Copy {
    /// The truth of `f(i)` for each of the `n` elements, which is the number that belongs to the type.
    fn build(n: usize, f: impl FnMut(usize) -> bool) -> Self;
    /// The truth of element `i`.
    fn get(self, i: usize) -> bool;
    /// Both.
    fn and(self, other: Self) -> Self;
    /// Either.
    fn or(self, other: Self) -> Self;
    /// One of them.
    fn xor(self, other: Self) -> Self;
    /// The opposite.
    fn not(self) -> Self;
    /// Whether any of the `n` is true.
    fn any(self, n: usize) -> bool;
    /// Whether all of the `n` are true.
    fn all(self, n: usize) -> bool;
    /// The truths of `n` bytes, of which any but 0 is true.
    ///
    /// # Safety
    /// `p` is valid for reading `n` bytes, and the level that the type belongs to is present.
    #[inline(always)]
    unsafe fn load(n: usize, p: *const u8) -> Self {
        // SAFETY: the caller allows reading n bytes.
        Self::build(n, |i| unsafe { p.add(i).read() } != 0)
    }
    /// Writes `n` bytes, 0 or 1.
    ///
    /// # Safety
    /// `p` is valid for writing `n` bytes, and the level that the type belongs to is present.
    #[inline(always)]
    unsafe fn store(self, n: usize, p: *mut u8) {
        for i in 0..n {
            // SAFETY: the caller allows writing n bytes.
            unsafe { p.add(i).write(self.get(i) as u8) }
        }
    }
}

impl Truth for bool {
    #[inline(always)]
    fn build(_: usize, mut f: impl FnMut(usize) -> bool) -> Self {
        f(0)
    }
    #[inline(always)]
    fn get(self, _: usize) -> bool {
        self
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self ^ other
    }
    #[inline(always)]
    fn not(self) -> Self {
        !self
    }
    #[inline(always)]
    fn any(self, _: usize) -> bool {
        self
    }
    #[inline(always)]
    fn all(self, _: usize) -> bool {
        self
    }
}

macro_rules! bits {
    ($($t:ident)*) => {$(
        impl Truth for $t {
            #[inline(always)]
            fn build(n: usize, mut f: impl FnMut(usize) -> bool) -> Self {
                (0..n).fold(0, |bits, i| bits | (f(i) as $t) << i)
            }
            #[inline(always)]
            fn get(self, i: usize) -> bool { self >> i & 1 != 0 }
            #[inline(always)]
            fn and(self, other: Self) -> Self { self & other }
            #[inline(always)]
            fn or(self, other: Self) -> Self { self | other }
            #[inline(always)]
            fn xor(self, other: Self) -> Self { self ^ other }
            #[inline(always)]
            fn not(self) -> Self { !self }
            #[inline(always)]
            fn any(self, _: usize) -> bool { self != 0 }
            #[inline(always)]
            fn all(self, _: usize) -> bool { self == Self::MAX }
        }
    )*};
}
bits! { u8 u16 u32 u64 }

macro_rules! defaults {
    ($($bound:ident: ($($two:ident)*) ($($one:ident)*))*) => {$(
        $(
            #[doc = concat!("As [`", stringify!($bound), "::", stringify!($two), "`].")]
            #[inline(always)]
            fn $two(self, b: Self) -> Self
            where
                Self::Elem: $bound,
            {
                Self::build(|i| $bound::$two(self.get(i), b.get(i)))
            }
        )*
        $(
            #[doc = concat!("As [`", stringify!($bound), "::", stringify!($one), "`].")]
            #[inline(always)]
            fn $one(self) -> Self
            where
                Self::Elem: $bound,
            {
                Self::build(|i| $bound::$one(self.get(i)))
            }
        )*
    )*};
}
/// Some elements that are worked on together.
///
/// # Safety
/// The type is `N` elements side by side and nothing else: no padding, every bit pattern that is valid
/// for the elements is valid for it.
pub unsafe trait Block: Copy {
    /// The type of one element.
    type Elem: Element;
    /// The number of elements.
    const N: usize;
    /// What a comparison leaves.
    type Cmp: Truth;

    /// Element `i`.
    #[inline(always)]
    fn get(self, i: usize) -> Self::Elem {
        assert!(i < Self::N);
        // SAFETY: `i < N`, and the trait promises that the value is N elements side by side.
        unsafe { (&raw const self).cast::<Self::Elem>().add(i).read() }
    }

    /// The block of `f(0)`, `f(1)`, ...
    #[inline(always)]
    fn build(mut f: impl FnMut(usize) -> Self::Elem) -> Self {
        let mut block = MaybeUninit::<Self>::uninit();
        for i in 0..Self::N {
            // SAFETY: `i < N` elements fit, by the trait's promise.
            unsafe { block.as_mut_ptr().cast::<Self::Elem>().add(i).write(f(i)) };
        }
        // SAFETY: all N elements, which are the whole value, have been written.
        unsafe { block.assume_init() }
    }

    /// The same in every element.
    #[inline(always)]
    fn splat(value: Self::Elem) -> Self {
        Self::build(|_| value)
    }
    /// See [`Lane::constant`](super::Lane::constant).
    #[inline(always)]
    fn constant<const N: usize>(of: &'static Constants<Self::Elem, N>, i: usize) -> Self {
        Self::splat(of.0[i][0])
    }
    /// `yes` where true.
    #[inline(always)]
    fn select(truth: Self::Cmp, yes: Self, no: Self) -> Self {
        Self::build(|i| if truth.get(i) { yes.get(i) } else { no.get(i) })
    }
    /// Equal.
    #[inline(always)]
    fn eq(self, b: Self) -> Self::Cmp {
        Self::Cmp::build(Self::N, |i| self.get(i) == b.get(i))
    }
    /// Not equal.
    #[inline(always)]
    fn ne(self, b: Self) -> Self::Cmp {
        Self::Cmp::build(Self::N, |i| self.get(i) != b.get(i))
    }
    /// Less than.
    #[inline(always)]
    fn lt(self, b: Self) -> Self::Cmp {
        Self::Cmp::build(Self::N, |i| self.get(i) < b.get(i))
    }
    /// Less than or equal.
    #[inline(always)]
    fn le(self, b: Self) -> Self::Cmp {
        Self::Cmp::build(Self::N, |i| self.get(i) <= b.get(i))
    }

    defaults! {
        NumberElement: (add sub mul div rem minimum maximum fmin fmax) (neg abs)
        FloatElement: (copysign) (sqrt floor ceil trunc rint)
        IntegerElement: (and or xor shl shr) (not count_ones leading_zeros trailing_zeros)
    }

    /// As [`FloatElement::fma`].
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self
    where
        Self::Elem: FloatElement,
    {
        Self::build(|i| self.get(i).fma(b.get(i), c.get(i)))
    }
}

/// `N` elements with no register of their own: every operation is the default.
///
/// `C` is what comparisons leave, so that one type serves levels with either kind of mask.
#[repr(C)]
pub struct Few<T, C, const N: usize>([T; N], core::marker::PhantomData<C>);

impl<T: Copy, C, const N: usize> Clone for Few<T, C, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Copy, C, const N: usize> Copy for Few<T, C, N> {}

// SAFETY: an array of N elements, and a marker without size.
unsafe impl<T: Element, C: Truth, const N: usize> Block for Few<T, C, N> {
    type Elem = T;
    const N: usize = N;
    type Cmp = C;
}

/// Truth as a vector: all bits of a true element are ones, those of a false one zeros.
///
/// `I` is a signed integer of the width of the elements that were compared.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct FewTruths<I, const N: usize>([I; N]);

macro_rules! few_truths {
    ($($i:ident)*) => {$(
        impl<const N: usize> Truth for FewTruths<$i, N> {
            #[inline(always)]
            fn build(n: usize, mut f: impl FnMut(usize) -> bool) -> Self {
                assert!(n == N);
                Self(core::array::from_fn(|i| -(f(i) as $i)))
            }
            #[inline(always)]
            fn get(self, i: usize) -> bool { self.0[i] < 0 }
            #[inline(always)]
            fn and(self, other: Self) -> Self { Self(core::array::from_fn(|i| self.0[i] & other.0[i])) }
            #[inline(always)]
            fn or(self, other: Self) -> Self { Self(core::array::from_fn(|i| self.0[i] | other.0[i])) }
            #[inline(always)]
            fn xor(self, other: Self) -> Self { Self(core::array::from_fn(|i| self.0[i] ^ other.0[i])) }
            #[inline(always)]
            fn not(self) -> Self { Self(core::array::from_fn(|i| !self.0[i])) }
            #[inline(always)]
            fn any(self, _: usize) -> bool { self.0.iter().fold(0, |all, v| all | v) < 0 }
            #[inline(always)]
            fn all(self, _: usize) -> bool { self.0.iter().fold(-1, |all, v| all & v) < 0 }
        }
    )*};
}
few_truths! { i8 i16 i32 i64 }

/// Defines a block and lists the operations that its level has an instruction for. Names on the left
/// are raw registers; an operation under `lanes` gives a register, one under `truths` a truth.
macro_rules! block {
    (
        $name:ident($raw:ty): $elem:ident x $n:literal, $truth:ty;
        $(splat($v:ident) $splat:expr;)?
        $(select($t:ident, $yes:ident, $no:ident) $select:expr;)?
        $(constant($of:ident, $i:ident) $constant:expr;)?
        lanes { $($op:ident($a:ident $(, $b:ident)*) $e:expr;)* }
        truths { $($cmp:ident($ca:ident, $cb:ident) $c:expr;)* }
    ) => {
        #[doc = concat!(stringify!($n), " elements of ", stringify!($elem), " in a register.")]
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub struct $name($raw);

        #[allow(unused_unsafe)]
        // SAFETY: a register of that many elements, which is plain bits.
        unsafe impl $crate::lanes::block::Block for $name {
            type Elem = $elem;
            const N: usize = {
                assert!(size_of::<$raw>() == $n * size_of::<$elem>());
                $n
            };
            type Cmp = $truth;
            $(
                #[inline(always)]
                fn splat($v: $elem) -> Self {
                    // SAFETY: blocks are private to lanes, which are made from a token alone, so the
                    // level that these instructions need is present.
                    Self(unsafe { $splat })
                }
            )?
            $(
                #[inline(always)]
                fn select(truth: $truth, yes: Self, no: Self) -> Self {
                    let ($t, $yes, $no) = (truth.0, yes.0, no.0);
                    // SAFETY: as for `splat`.
                    Self(unsafe { $select })
                }
            )?
            $(
                #[inline(always)]
                fn constant<const N: usize>(
                    $of: &'static $crate::lanes::Constants<$elem, N>,
                    $i: usize,
                ) -> Self {
                    assert!($i < N);
                    // SAFETY: as for `splat`; the place is inside the list, whose places are aligned as
                    // a register of this type is.
                    Self(unsafe { $constant })
                }
            )?
            $(
                #[inline(always)]
                fn $op(self $(, $b: Self)*) -> Self {
                    let $a = self.0;
                    $(let $b = $b.0;)*
                    // SAFETY: as for `splat`.
                    Self(unsafe { $e })
                }
            )*
            $(
                #[inline(always)]
                fn $cmp(self, other: Self) -> $truth {
                    let ($ca, $cb) = (self.0, other.0);
                    // SAFETY: as for `splat`.
                    <$truth>::new(unsafe { $c })
                }
            )*
        }
    };
}
pub(super) use block;
