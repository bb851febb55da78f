//! Functions of integers alone: powers, common divisors, shifts and bits. All are exact; what does not
//! fit wraps.
//!
//! `power` squares and multiplies, a bit of the exponent in each turn of a loop. `gcd` is Stein's: of
//! two odd numbers the difference is even, and its zero bits below are shifted out at once; how many
//! they are says the exponent of the lowest bit as a float. The numbers become odd in the same way. Numbers
//! of 64 bits go on as 32 once they fit: twice as many in a register, and the exponent is nearer.
//! Integers of 8 and 16 bits go through those of 32.

use super::division::{divmod_u64, floor_divide_u32, u64_to_f64};
use super::functions;
use super::parts::*;
use crate::lanes::{Element, Float, Integer, Lane, Number, Scratch, Shape, Turns};
use crate::ops::Num;

/// The same lines for all integers. In brackets: how many lanes, as for `in` of [`functions`].
macro_rules! integer_functions {
    ($(
        $(#[doc = $doc:tt])+
        $name:ident $arguments:tt -> $out:tt:
            $b8:ident $([$in8:ident])? $b16:ident $([$in16:ident])? $i32:ident
            $i64:ident $([$in64:ident])? $u32:ident $u64:ident, $cost:literal;
    )*) => {
        functions! {$(
            $(#[doc = $doc])+
            $name $arguments -> $out {
                i8 $(in $in8)?: $b8, 0.0, $cost;
                i16 $(in $in16)?: $b16, 0.0, $cost;
                i32: $i32, 0.0, $cost;
                i64 $(in $in64)?: $i64, 0.0, $cost;
                u8 $(in $in8)?: $b8, 0.0, $cost;
                u16 $(in $in16)?: $b16, 0.0, $cost;
                u32: $u32, 0.0, $cost;
                u64 $(in $in64)?: $u64, 0.0, $cost;
            }
        )*}
    };
}

integer_functions! {
    /// The greatest common divisor of both, which is not negative; of 0 and 0, 0.
    ///
    /// That of the lowest number with itself or 0 wraps, to itself.
    gcd(x: T, y: T) -> T: gcd_small[i32] gcd_small[i32] gcd_i32 gcd_i64[i32] gcd_u32 gcd_u64, 26;

    /// The least common multiple of both, which is not negative; where one is 0, 0.
    ///
    /// Wraps.
    lcm(x: T, y: T) -> T: lcm_small[i32] lcm_small[i32] lcm_i32 lcm_i64 lcm_u32 lcm_u64, 26;

    /// The bits of `x`, moved up by `by`; below come zeros.
    ///
    /// By as many bits as there are, or more, or by less than none: 0.
    left_shift(x: T, by: T) -> T: up_by_8 up_by up_by up_by up_by up_by, 2;

    /// The bits of `x`, moved down by `by`; above come copies of the sign.
    ///
    /// By as many bits as there are, or more, or by less than none: 0, or -1 for a negative `x`.
    right_shift(x: T, by: T) -> T: down_by_8 down_by down_by down_by down_by down_by, 3;

    /// The number of one bits in the absolute value of `x`: Python's `bit_count`.
    bit_count(x: T) -> u8: ones ones ones ones ones ones, 6;
}

macro_rules! pairs {
    ($($name:ident($x:ident, $y:ident) $e:expr;)*) => {$(
        #[inline(always)]
        fn $name<S: Shape, V: Integer<Shape = S>>(_: S, $x: V, $y: V) -> V {
            $e
        }
    )*};
}
pairs! {
    up_by(x, by) x.shl(by);
    down_by(x, by) x.shr(by);
}

macro_rules! bytes {
    ($($name:ident $through:expr;)*) => {$(
        /// There are no such instructions for bytes; where the numbers are wider, the lowest byte of
        /// the result is the same.
        #[inline(always)]
        pub(super) fn $name<S: Shape, V: Integer<Shape = S>>(s: S, x: V, y: V) -> V
        where
            V::Elem: Num + Element<Lane<S> = V>,
        {
            <V::Elem as Num>::cast($through(s, x.to_i32(), y.to_i32()))
        }
    )*};
}
bytes! { up_by_8 up_by; down_by_8 down_by; power_8 integer_power; }

#[inline(always)]
fn ones<S: Shape, V: Integer<Shape = S>>(_: S, x: V) -> S::U8 {
    x.abs().count_ones().to_u8()
}

/// A power that wraps.
#[inline(always)]
pub(crate) fn integer_power<S: Shape, V: Integer<Shape = S>>(s: S, x: V, y: V) -> V
where
    V::Elem: Num,
{
    let (zero, one): (V, V) = (s.lit(V::Elem::ZERO), s.lit(V::Elem::of(1)));
    let below = y.lt(zero);
    let first = choose((y & one).eq(zero), one, x);
    let mut turns = s.turns((first, Scratch(x), choose(below, zero, y.shr(one))));
    loop {
        let (product, Scratch(power), left): (V, Scratch<V>, V) = turns.state();
        if !turns.check(left.ne(zero)) {
            break;
        }
        let power = power * power;
        let product = choose((left & one).eq(zero), product, product * power);
        if !turns.next((product, Scratch(power), left.shr(one))) {
            break;
        }
    }
    let mut out = turns.finish().0;
    if s.enter_slow(below) {
        // 1 and -1 have the powers of the same parity.
        let minus = x.eq(zero - one);
        let even = choose(minus | x.eq(one), one, zero);
        let slow = choose(minus & (y & one).ne(zero), x, even);
        out = s.leave_slow(below, slow, out);
    }
    out
}

/// The number of zero bits below the lowest one; of 0, enough to shift out everything.
#[inline(always)]
fn zeros_u32<S: Shape>(s: S, x: S::U32) -> S::U32 {
    let lowest = x & -x;
    // The conversion is of signed numbers: the sign is cut off.
    let bits = lowest.to_i32().to_f32().to_bits();
    (bits.shr(s.lit(23)) & s.lit(0xff)) - s.lit(127)
}

/// The number of zero bits below the lowest one; of 0, enough to shift out everything.
#[inline(always)]
fn zeros_u64<S: Shape>(s: S, x: S::U64) -> S::U64 {
    let lowest = x & -x;
    u64_to_f64(s, lowest).to_bits().shr(s.lit(52)) - s.lit(1023)
}

/// The greatest common divisor of an odd `b` and of `a`, which is odd or 0.
#[inline(always)]
fn odd_gcd_u32<S: Shape>(s: S, a: S::U32, b: S::U32) -> S::U32 {
    let zero = s.lit(0u32);
    let mut turns = s.turns((Scratch(a), b));
    loop {
        let (Scratch(a), b): (Scratch<S::U32>, S::U32) = turns.state();
        if !turns.check(a.ne(zero)) {
            break;
        }
        let low = a.minimum(b);
        let difference = a.maximum(b) - low;
        if !turns.next((Scratch(difference.shr(zeros_u32(s, difference))), low)) {
            break;
        }
    }
    turns.finish().1
}

/// The greatest common divisor.
#[inline(always)]
fn gcd_u32<S: Shape>(s: S, x: S::U32, y: S::U32) -> S::U32 {
    let (a, b) = (x.shr(zeros_u32(s, x)), y.shr(zeros_u32(s, y)));
    // A zero goes to the front, where it ends the loop.
    let none = y.eq(s.lit(0));
    let odd = odd_gcd_u32(s, choose(none, s.lit(0), a), choose(none, a, b));
    odd.shl(zeros_u32(s, x | y))
}

/// The greatest common divisor.
#[inline(always)]
fn gcd_u64<S: Shape>(s: S, x: S::U64, y: S::U64) -> S::U64 {
    let zero = s.lit(0u64);
    let (a, b) = (x.shr(zeros_u64(s, x)), y.shr(zeros_u64(s, y)));
    let none = y.eq(zero);
    // Until both have 32 bits, of which a register holds twice as many.
    let mut turns = s.turns((choose(none, zero, a), choose(none, a, b)));
    loop {
        let (a, b): (S::U64, S::U64) = turns.state();
        if !turns.check((a | b).shr(s.lit(32)).ne(zero) & a.ne(zero)) {
            break;
        }
        let less = a.lt(b);
        let difference = choose(less, b - a, a - b);
        let next = difference.shr(zeros_u64(s, a - b));
        if !turns.next((next, choose(less, a, b))) {
            break;
        }
    }
    let (a, b) = turns.finish();
    let short = odd_gcd_u32(s, a.to_u32(), b.to_u32()).to_u64();
    choose(a.eq(zero), b, short).shl(zeros_u64(s, x | y))
}

#[inline(always)]
fn lcm_u32<S: Shape>(s: S, x: S::U32, y: S::U32) -> S::U32 {
    floor_divide_u32(s, x, gcd_u32(s, x, y)) * y
}

#[inline(always)]
fn lcm_u64<S: Shape>(s: S, x: S::U64, y: S::U64) -> S::U64 {
    divmod_u64(s, x, gcd_u64(s, x, y)).0 * y
}

macro_rules! signed {
    ($($name:ident $lane:ident $to:ident: $unsigned:ident $to_unsigned:ident;)*) => {$(
        #[inline(always)]
        fn $name<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> S::$lane {
            $unsigned(s, x.abs().$to_unsigned(), y.abs().$to_unsigned()).$to()
        }
    )*};
}
signed! {
    gcd_i32 I32 to_i32: gcd_u32 to_u32;
    gcd_i64 I64 to_i64: gcd_u64 to_u64;
    lcm_i32 I32 to_i32: lcm_u32 to_u32;
    lcm_i64 I64 to_i64: lcm_u64 to_u64;
}

macro_rules! small {
    ($($name:ident: $middle:ident;)*) => {$(
        #[inline(always)]
        fn $name<S: Shape, V: Number<Shape = S>>(s: S, x: V, y: V) -> V
        where
            V::Elem: Num + Element<Lane<S> = V>,
        {
            let (x, y) = (x.to_i32().abs().to_u32(), y.to_i32().abs().to_u32());
            <V::Elem as Num>::cast($middle(s, x, y))
        }
    )*};
}
small! { gcd_small: gcd_u32; lcm_small: lcm_u32; }
