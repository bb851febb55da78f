//! Division to whole quotients, and what remains.
//!
//! ```text
//! floats    q = whole(x / y),  r = x - q y by one fma
//! ```
//!
//! The rounded quotient is the true one or has been rounded up onto the next whole number. As long as
//! `|r| <= |y|`, `r` is a multiple of the lower of both last places and fits into a number: it is
//! exact, and its sign says which of the two it was. That holds for all quotients below 2^53, and fails
//! for infinite divisors and for NaN too, so that it is all that has to be asked. The rest take a slow
//! path: both numbers as whole ones of all their bits with their powers of two, and 52 bits of the
//! quotient (f32: 23) in each turn of a loop.
//!
//! ```text
//! 8, 16 bits    floor(x / y) in f32, which is exact: a quotient that is not whole is further from one
//! 32 bits       the same in f64              than its rounding goes
//! 64 bits       the same in f64 where both are within 51 bits; else, in a slow path, by bits and in
//!               two steps: the quotient of both numbers rounded, and that of what remains
//! ```
//!
//! All products of a quotient found are exact here, so that nothing needs an fma, which is slow in the
//! baseline level. By zero, integers give 0: quotient and remainder. The lowest integer by -1 wraps.

use super::functions;
use super::parts::*;
use crate::lanes::{Element, Float, Integer, Lane, Number, Shape, Turns};
use crate::ops::{Num, Real};

functions! {
    /// What remains of `x` divided by `y` with a whole quotient, rounded towards zero: C's `fmod`.
    ///
    /// Exact. The sign is that of `x`, also of a zero. An infinite `x`, a zero `y` and NaN give NaN; an
    /// infinite `y` gives `x`. Integers by zero give 0.
    fmod(x: T, y: T) -> T {
        f64: fmod_f64, 0.0, 26;
        f32: fmod_f32, 0.0, 26;
        i8: fmod_small, 0.0, 40;
        i16: fmod_small, 0.0, 25;
        i32: fmod_i32, 0.0, 25;
        i64: fmod_i64, 0.0, 26;
        u8: remainder_small, 0.0, 40;
        u16: remainder_small, 0.0, 25;
        u32: remainder_u32, 0.0, 25;
        u64: remainder_u64, 0.0, 26;
    }

    /// What remains of `x` divided by `y` with a whole quotient, rounded down: `x - floor(x / y) * y`,
    /// as `%` of Python.
    ///
    /// The sign is that of `y`, also of a zero. Floats: rounded once; an infinite `x`, a zero `y` and
    /// NaN give NaN, an infinite `y` gives `x` or, where the signs differ, `y`. Integers: exact, by
    /// zero 0.
    remainder(x: T, y: T) -> T {
        f64: remainder_f64, 0.5, 26;
        f32: remainder_f32, 0.5, 26;
        i8: remainder_small, 0.0, 40;
        i16: remainder_small, 0.0, 25;
        i32: remainder_i32, 0.0, 25;
        i64: remainder_i64, 0.0, 26;
        u8: remainder_small, 0.0, 40;
        u16: remainder_small, 0.0, 25;
        u32: remainder_u32, 0.0, 25;
        u64: remainder_u64, 0.0, 26;
    }

    /// The whole quotient of `x` and `y`, rounded down, as `//` of Python.
    ///
    /// Floats: as NumPy, `x / y` where `y` is zero; else `x` without its remainder is divided, and the
    /// quotient snapped to the nearest whole number, so that it is exact below 2^50 (f32: 2^21); an
    /// infinite `x` and NaN give NaN. Integers: exact, by zero 0; the lowest one by -1 wraps.
    floor_divide(x: T, y: T) -> T {
        f64: floor_divide_f64, 1.0, 26;
        f32: floor_divide_f32, 1.0, 26;
        i8: floor_divide_small, 0.0, 40;
        i16: floor_divide_small, 0.0, 25;
        i32: floor_divide_i32, 0.0, 25;
        i64: floor_divide_i64, 0.0, 26;
        u8: floor_divide_small, 0.0, 40;
        u16: floor_divide_small, 0.0, 25;
        u32: floor_divide_u32, 0.0, 25;
        u64: floor_divide_u64, 0.0, 26;
    }

    /// The results of `floor_divide` and `remainder`.
    ///
    /// Special values are theirs.
    divmod(x: T, y: T) -> (T, T) {
        f64: divmod_f64, 1.0, 26;
        f32: divmod_f32, 1.0, 26;
        i8: divmod_small, 0.0, 40;
        i16: divmod_small, 0.0, 25;
        i32: divmod_i32, 0.0, 25;
        i64: divmod_i64, 0.0, 26;
        u8: divmod_small, 0.0, 40;
        u16: divmod_small, 0.0, 25;
        u32: divmod_u32, 0.0, 25;
        u64: divmod_u64, 0.0, 26;
    }
}

// ---- floats --------------------------------------------------------------------------------------

/// One step: `x - trunc(x / y) * y` for numbers of at least 0, and where that is not known to be right.
#[inline(always)]
fn step<S: Shape, V: Float<Shape = S>>(s: S, x: V, y: V) -> (V, S::Mask) {
    let q = (x / y).trunc();
    let r = (-q).fma(y, x);
    (choose(r.lt(s.lit(V::Elem::ZERO)), r + y, r), !r.abs().le(y))
}

macro_rules! fmods {
    ($($t:ident $lane:ident $bits:literal $bias:literal $exp2i:ident: $fmod:ident $long:ident $whole:ident;)*) => {$(
        /// A float of at least 0 as a whole number of all its bits and the power of two that it is
        /// times of, as a float. Infinities, NaN and zero give anything finite.
        #[inline(always)]
        fn $whole<S: Shape>(s: S, x: S::$lane) -> (S::$lane, S::$lane) {
            const UNIT: $t = (1u64 << $bits) as $t;
            let tiny = x.lt(s.lit($t::MIN_POSITIVE));
            let unit: S::$lane = s.lit(UNIT);
            let bits = choose(tiny, x * unit, x).to_bits();
            let mantissa = bits & s.lit((1 << $bits) - 1);
            let whole = S::$lane::from_bits(mantissa | unit.to_bits());
            let field = S::$lane::from_bits(bits.shr(s.lit($bits)) | unit.to_bits()) - unit;
            (whole, field - choose(tiny, s.lit($bias + $bits as $t), s.lit($bias)))
        }

        /// `x mod y` for numbers of at least 0 and any quotient; NaN where it has none.
        #[inline(always)]
        fn $long<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> S::$lane {
            let ((mx, ex), (my, ey)) = ($whole(s, x), $whole(s, y));
            let most = s.lit($bits as $t);
            let mut turns = s.turns((choose(mx.ge(my), mx - my, mx), ex - ey));
            loop {
                let (r, left): (S::$lane, S::$lane) = turns.state();
                if !turns.check(left.gt(s.lit(0.0))) {
                    break;
                }
                let bits = choose(left.lt(most), left, most);
                if !turns.next((step(s, r * $exp2i(s, bits), my).0, left - bits)) {
                    break;
                }
            }
            let r = turns.finish().0;
            // Exact in both steps: a remainder is a multiple of the lower of both last bits.
            let half = (ey * s.lit(0.5)).rint();
            let r = r * $exp2i(s, half) * $exp2i(s, ey - half);
            let r = choose(x.lt(y), x, r);
            choose(x.lt(s.lit($t::INFINITY)) & y.gt(s.lit(0.0)), r, s.lit($t::NAN))
        }

        /// C's `fmod`.
        #[inline(always)]
        pub fn $fmod<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> S::$lane {
            let (a, b) = (x.abs(), y.abs());
            let (mut r, far) = step(s, a, b);
            if s.enter_slow(far) {
                r = s.leave_slow(far, $long(s, a, b), r);
            }
            r.copysign(x)
        }
    )*};
}
fmods! {
    f64 F64 52 1075.0 exp2i_f64: fmod_f64 long_fmod_f64 whole_f64;
    f32 F32 23 150.0 exp2i_f32: fmod_f32 long_fmod_f32 whole_f32;
}

/// The remainder with the sign of `y` from one with another sign, and where they differ.
#[inline(always)]
fn turn<S: Shape, V: Float<Shape = S>>(r: V, y: V) -> (V, S::Mask) {
    let turned = r.copysign(y);
    // A zero and what has that sign already are equal; NaN is not, and stays NaN.
    let differ = turned.ne(r);
    (choose(differ, r + y, turned), differ)
}

/// The whole quotient, rounded down, the remainder, and where they are not known to be right.
///
/// What remains is that of the quotient found, where this is one too high; adding the divisor is then
/// the only rounding.
#[inline(always)]
fn floor_step<S: Shape, V: Float<Shape = S>>(s: S, x: V, y: V) -> (V, V, S::Mask)
where
    V::Elem: Num,
{
    let q = (x / y).floor();
    let r = (-q).fma(y, x);
    let far = !r.abs().le(y.abs());
    let (r, high) = turn(r, y);
    (choose(high, q - s.lit(V::Elem::of(1)), q), r, far)
}

/// NumPy's quotient of a remainder by C's `fmod`, and its own remainder.
#[inline(always)]
fn snapped<S: Shape, V: Float<Shape = S>>(s: S, x: V, y: V, r: V) -> (V, V)
where
    V::Elem: Real,
{
    let (zero, one) = (s.lit(V::Elem::ZERO), s.lit(V::Elem::of(1)));
    let q = (x - r) / y;
    let (r, high) = turn(r, y);
    let q = choose(high, q - one, q);
    let low = q.floor();
    let near = choose((q - low).gt(s.lit(V::Elem::HALF)), low + one, low);
    let ratio = x / y;
    let near = choose(q.eq(zero), zero.copysign(ratio), near);
    (choose(y.eq(zero), ratio, near), r)
}

macro_rules! floats {
    ($($t:ident $lane:ident $limit:literal: $fmod:ident $remainder:ident $floor_divide:ident $divmod:ident;)*) => {$(
        /// The remainder with the sign of `y`.
        #[inline(always)]
        pub fn $remainder<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> S::$lane {
            let (_, mut r, far) = floor_step(s, x, y);
            if s.enter_slow(far) {
                let (slow, _) = turn($fmod(s, x, y), y);
                r = s.leave_slow(far, slow, r);
            }
            r
        }

        /// The whole quotient, rounded down.
        #[inline(always)]
        pub fn $floor_divide<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> S::$lane {
            $divmod(s, x, y).0
        }

        /// The whole quotient, rounded down, and the remainder with the sign of `y`.
        #[inline(always)]
        pub fn $divmod<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> (S::$lane, S::$lane) {
            let (q, r, far) = floor_step(s, x, y);
            let mut out = (q, r);
            // Beyond, rounding may give NumPy another quotient than the true one.
            let far = far | !q.abs().lt(s.lit($limit));
            if s.enter_slow(far) {
                let slow = snapped(s, x, y, $fmod(s, x, y));
                out = s.leave_slow(far, slow, out);
            }
            out
        }
    )*};
}
floats! {
    f64 F64 1125899906842624.0: fmod_f64 remainder_f64 floor_divide_f64 divmod_f64;
    f32 F32 2097152.0: fmod_f32 remainder_f32 floor_divide_f32 divmod_f32;
}

// ---- integers of 8, 16 and 32 bits ---------------------------------------------------------------

/// A whole number in the lowest bits of a float's.
#[inline(always)]
fn shifted_f32<S: Shape>(s: S, x: S::F32) -> S::U32 {
    (x + s.lit(SHIFT_F32)).to_bits()
}

/// A whole number in the lowest bits of a float's.
#[inline(always)]
fn shifted_f64<S: Shape>(s: S, x: S::F64) -> S::U64 {
    (x + s.lit(SHIFT_F64)).to_bits()
}

/// 0 where `y` is.
#[inline(always)]
fn unless_zero<S: Shape, V: Number<Shape = S>>(s: S, y: V, value: V) -> V {
    let zero = s.lit(V::Elem::ZERO);
    choose(y.eq(zero), zero, value)
}

/// The quotient of integers of 8 or 16 bits.
#[inline(always)]
pub fn floor_divide_small<S: Shape, V: Number<Shape = S>>(s: S, x: V, y: V) -> V
where
    V::Elem: Num + Element<Lane<S> = V>,
{
    divmod_small(s, x, y).0
}

/// From what remains of a quotient rounded down: that of one rounded towards zero has the sign of `x`.
#[inline(always)]
fn towards_zero<S: Shape, V: Number<Shape = S>>(s: S, x: V, y: V, r: V) -> V {
    let zero = s.lit(V::Elem::ZERO);
    choose(r.ne(zero) & (r.lt(zero) ^ x.lt(zero)), r - y, r)
}

#[inline(always)]
fn fmod_small<S: Shape, V: Number<Shape = S>>(s: S, x: V, y: V) -> V
where
    V::Elem: Num + Element<Lane<S> = V>,
{
    towards_zero(s, x, y, remainder_small(s, x, y))
}

#[inline(always)]
fn fmod_i32<S: Shape>(s: S, x: S::I32, y: S::I32) -> S::I32 {
    towards_zero(s, x, y, remainder_i32(s, x, y))
}

#[inline(always)]
fn fmod_i64<S: Shape>(s: S, x: S::I64, y: S::I64) -> S::I64 {
    towards_zero(s, x, y, remainder_i64(s, x, y))
}

/// The remainder of integers of 8 or 16 bits.
#[inline(always)]
pub fn remainder_small<S: Shape, V: Number<Shape = S>>(s: S, x: V, y: V) -> V
where
    V::Elem: Num + Element<Lane<S> = V>,
{
    divmod_small(s, x, y).1
}

/// Quotient and remainder of integers of 8 or 16 bits.
#[inline(always)]
pub fn divmod_small<S: Shape, V: Number<Shape = S>>(s: S, x: V, y: V) -> (V, V)
where
    V::Elem: Num + Element<Lane<S> = V>,
{
    let (a, b) = (x.to_i32().to_f32(), y.to_i32().to_f32());
    let q = (a / b).floor();
    let (q, r) = (shifted_f32(s, q), shifted_f32(s, a - q * b));
    (unless_zero(s, y, <V::Elem as Num>::cast(q)), unless_zero(s, y, <V::Elem as Num>::cast(r)))
}

/// The numbers of an integer of 32 bits as an f64.
#[inline(always)]
fn u32_to_f64<S: Shape>(s: S, x: S::U32) -> S::F64 {
    let two52: S::F64 = s.lit(4503599627370496.0f64);
    S::F64::from_bits(x.to_u64() | two52.to_bits()) - two52
}

#[inline(always)]
fn i32_to_f64<S: Shape>(_: S, x: S::I32) -> S::F64 {
    x.to_f64()
}

macro_rules! middle {
    ($($lane:ident $to:ident $float:ident: $remainder:ident $floor_divide:ident $divmod:ident;)*) => {$(
        /// The quotient, rounded down.
        #[inline(always)]
        pub fn $floor_divide<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> S::$lane {
            let q = ($float(s, x) / $float(s, y)).floor();
            unless_zero(s, y, shifted_f64(s, q).$to())
        }

        /// The remainder with the sign of `y`.
        #[inline(always)]
        pub fn $remainder<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> S::$lane {
            $divmod(s, x, y).1
        }

        /// Both.
        #[inline(always)]
        pub fn $divmod<S: Shape>(s: S, x: S::$lane, y: S::$lane) -> (S::$lane, S::$lane) {
            let q = $floor_divide(s, x, y);
            (q, unless_zero(s, y, x - q * y))
        }
    )*};
}
middle! {
    I32 to_i32 i32_to_f64: remainder_i32 floor_divide_i32 divmod_i32;
    U32 to_u32 u32_to_f64: remainder_u32 floor_divide_u32 divmod_u32;
}

// ---- integers of 64 bits -------------------------------------------------------------------------

/// An unsigned number, rounded to an f64.
#[inline(always)]
pub(crate) fn u64_to_f64<S: Shape>(s: S, x: S::U64) -> S::F64 {
    let (two52, two84): (S::F64, S::F64) =
        (s.lit(4503599627370496.0), s.lit(19342813113834066795298816.0));
    let low = S::F64::from_bits((x & s.lit(0xffff_ffff)) | two52.to_bits());
    let high = S::F64::from_bits(x.shr(s.lit(32)) | two84.to_bits());
    (high - (two84 + two52)) + low
}

/// A whole float of 0 to 2^64, exclusive.
#[inline(always)]
fn f64_to_u64<S: Shape>(s: S, x: S::F64) -> S::U64 {
    let two52: S::F64 = s.lit(4503599627370496.0f64);
    let high = (x * s.lit(2.3283064365386962890625e-10)).trunc();
    let low = x - high * s.lit(4294967296.0);
    let high = (high + two52).to_bits().shl(s.lit(32));
    high + ((low + two52).to_bits() ^ two52.to_bits())
}

/// Quotient and remainder of any unsigned numbers; where `y` is 0, anything.
///
/// The factor makes quotients a little too low, by a part in 2^50 to 2^49.4, so that nothing goes below
/// zero. A quotient below 2^49 is then too low by 1 at most. For larger ones, what remains (less than
/// `y + x / 2^49`) is divided again, and what remains of that is less than `2 y`.
#[inline(always)]
fn long_divide<S: Shape>(s: S, x: S::U64, y: S::U64) -> (S::U64, S::U64) {
    const LOW: f64 = 1.0 - 1.0 / (1u64 << 50) as f64;
    let two52: S::F64 = s.lit(4503599627370496.0);
    let low: S::F64 = s.lit(LOW);
    let inverse = low / u64_to_f64(s, y);
    let rough = (u64_to_f64(s, x) * inverse).trunc();
    let mut q = (rough + two52).to_bits() ^ two52.to_bits();
    let mut r = x - q * y;
    let far = !rough.lt(s.lit(562949953421312.0));
    if s.enter_slow(far) {
        let first = f64_to_u64(s, rough);
        let rest = x - first * y;
        let second = f64_to_u64(s, (u64_to_f64(s, rest) * inverse).trunc());
        (q, r) = s.leave_slow(far, (first + second, rest - second * y), (q, r));
    }
    let one_more = r.ge(y);
    (choose(one_more, q + s.lit(1), q), choose(one_more, r - y, r))
}

/// Quotient, rounded down, and remainder.
#[inline(always)]
pub fn divmod_u64<S: Shape>(s: S, x: S::U64, y: S::U64) -> (S::U64, S::U64) {
    let two52: S::F64 = s.lit(4503599627370496.0f64);
    let a = S::F64::from_bits(x | two52.to_bits()) - two52;
    let b = S::F64::from_bits(y | two52.to_bits()) - two52;
    let q = (a / b).floor();
    let r = a - q * b;
    let (q, r) = ((q + two52).to_bits(), (r + two52).to_bits());
    let mut out = (q ^ two52.to_bits(), r ^ two52.to_bits());
    let far = (x | y).shr(s.lit(52)).ne(s.lit(0));
    if s.enter_slow(far) {
        out = s.leave_slow(far, long_divide(s, x, y), out);
    }
    (unless_zero(s, y, out.0), unless_zero(s, y, out.1))
}

/// Quotient, rounded down, and remainder.
#[inline(always)]
pub fn divmod_i64<S: Shape>(s: S, x: S::I64, y: S::I64) -> (S::I64, S::I64) {
    let shift: S::F64 = s.lit(SHIFT_F64);
    // The sum is a float of that exponent for what is within 51 bits alone.
    let (a, b) = (x.to_u64() + shift.to_bits(), y.to_u64() + shift.to_bits());
    let far = ((a ^ shift.to_bits()) | (b ^ shift.to_bits())).shr(s.lit(52)).ne(s.lit(0));
    let (a, b) = (S::F64::from_bits(a) - shift, S::F64::from_bits(b) - shift);
    let q = (a / b).floor();
    let r = a - q * b;
    let (q, r) = (shifted_f64(s, q) - shift.to_bits(), shifted_f64(s, r) - shift.to_bits());
    let mut out = (q.to_i64(), r.to_i64());
    if s.enter_slow(far) {
        let (q, r) = long_divide(s, x.abs().to_u64(), y.abs().to_u64());
        let zero = s.lit(0i64);
        // Of the sizes; with the sign of `x`, then rounded down.
        let (q, r) = (q.to_i64(), r.to_i64());
        let unlike = (x ^ y).lt(zero);
        let r = choose(x.lt(zero), -r, r);
        let up = unlike & r.ne(zero);
        let q = choose(unlike, -q, q);
        let slow = (choose(up, q - s.lit(1), q), choose(up, r + y, r));
        out = s.leave_slow(far, slow, out);
    }
    (unless_zero(s, y, out.0), unless_zero(s, y, out.1))
}

/// The quotient, rounded down.
#[inline(always)]
pub fn floor_divide_u64<S: Shape>(s: S, x: S::U64, y: S::U64) -> S::U64 {
    divmod_u64(s, x, y).0
}

/// The remainder.
#[inline(always)]
pub fn remainder_u64<S: Shape>(s: S, x: S::U64, y: S::U64) -> S::U64 {
    divmod_u64(s, x, y).1
}

/// The quotient, rounded down.
#[inline(always)]
pub fn floor_divide_i64<S: Shape>(s: S, x: S::I64, y: S::I64) -> S::I64 {
    divmod_i64(s, x, y).0
}

/// The remainder with the sign of `y`.
#[inline(always)]
pub fn remainder_i64<S: Shape>(s: S, x: S::I64, y: S::I64) -> S::I64 {
    divmod_i64(s, x, y).1
}
