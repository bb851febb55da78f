//! What elementary functions are built of: polynomials, exact sums and products, powers of two.

use crate::lanes::{Constants, Float, Integer, Lane, Number, Shape};

/// `c[0] + x * (c[1] + x * (...))`, each step one rounding: the fewest operations, one after the other.
#[inline(always)]
pub fn horner<S: Shape, V: Float<Shape = S>, const N: usize>(s: S, x: V, c: [V::Elem; N]) -> V {
    let mut y = s.lit(c[N - 1]);
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        y = x.fma(y, s.lit(c[i]));
    }
    y
}

/// The same polynomial as `even(x * x) + x * odd(x * x)`: two chains of half the length, which a CPU
/// runs side by side. `xx` is `x * x`.
#[inline(always)]
pub fn halves<S: Shape, V: Float<Shape = S>, const N: usize>(
    s: S,
    x: V,
    xx: V,
    c: [V::Elem; N],
) -> V {
    if N == 1 {
        return s.lit(c[0]);
    }
    let (mut even, mut odd): (V, V) = if N % 2 == 1 {
        (s.lit(c[N - 1]), s.lit(c[N - 2]))
    } else {
        (s.lit(c[N - 2]), s.lit(c[N - 1]))
    };
    // The highest power of `even` (odd N) is one above that of `odd`.
    let mut i = if N % 2 == 1 { N - 1 } else { N - 2 };
    let mut j = if N % 2 == 1 { N - 2 } else { N - 1 };
    while i >= 2 {
        i -= 2;
        even = xx.fma(even, s.lit(c[i]));
    }
    while j >= 3 {
        j -= 2;
        odd = xx.fma(odd, s.lit(c[j]));
    }
    x.fma(odd, even)
}

/// As [`halves`], of the `TERMS` constants from `from` on.
#[inline(always)]
pub fn halves_of<S: Shape, V: Float<Shape = S>, const TERMS: usize, const N: usize>(
    s: S,
    x: V,
    xx: V,
    of: &'static Constants<V::Elem, N>,
    from: usize,
) -> V {
    let mut high = V::constant(s, of, from + TERMS - 1);
    let mut low = V::constant(s, of, from + TERMS - 2);
    let mut i = TERMS - 2;
    while i >= 2 {
        i -= 2;
        high = xx.fma(high, V::constant(s, of, from + i + 1));
        low = xx.fma(low, V::constant(s, of, from + i));
    }
    if TERMS.is_multiple_of(2) {
        return x.fma(high, low);
    }
    // `high` are the even powers, but for the last of them.
    x.fma(low, xx.fma(high, V::constant(s, of, from)))
}

/// The polynomial of the `TERMS` constants from `from` on, in groups of four terms, which are two pairs:
/// fewer steps that wait for each other than [`halves_of`] has, for a multiplication more.
#[inline(always)]
pub fn fours_of<S: Shape, V: Float<Shape = S>, const TERMS: usize, const N: usize>(
    s: S,
    x: V,
    xx: V,
    of: &'static Constants<V::Elem, N>,
    from: usize,
) -> V {
    let x4 = xx * xx;
    let mut i = (TERMS - 1) / 4 * 4;
    let mut y = four_of(s, x, xx, of, from + i, from + TERMS);
    while i > 0 {
        i -= 4;
        y = x4.fma(y, four_of(s, x, xx, of, from + i, from + TERMS));
    }
    y
}

/// The polynomial of four constants from `i` on, less if `end` comes before.
#[inline(always)]
fn four_of<S: Shape, V: Float<Shape = S>, const N: usize>(
    s: S,
    x: V,
    xx: V,
    of: &'static Constants<V::Elem, N>,
    i: usize,
    end: usize,
) -> V {
    let mut y = V::constant(s, of, i);
    if i + 1 < end {
        y = x.fma(V::constant(s, of, i + 1), y);
    }
    if i + 2 < end {
        let mut upper = V::constant(s, of, i + 2);
        if i + 3 < end {
            upper = x.fma(V::constant(s, of, i + 3), upper);
        }
        y = xx.fma(upper, y);
    }
    y
}

/// A sum that is not rounded yet: the larger part, and the rest.
pub type Pair<V> = (V, V);

/// `a + b` as the rounded sum and what the rounding lost, exactly, for numbers of any size (Knuth).
#[inline(always)]
pub fn two_sum<V: Number>(a: V, b: V) -> (V, V) {
    let sum = a + b;
    let b_in = sum - a;
    (sum, (a - (sum - b_in)) + (b - b_in))
}

/// As [`two_sum`], where `a` is not smaller than `b` in magnitude, or is 0 (Dekker).
#[inline(always)]
pub fn fast_two_sum<V: Number>(a: V, b: V) -> (V, V) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// `a * b` as the rounded product and what the rounding lost, exactly unless that is subnormal.
#[inline(always)]
pub fn two_prod<V: Float>(a: V, b: V) -> (V, V) {
    let product = a * b;
    (product, a.fma(b, -product))
}

/// The number to add so that what is left of the point ends up in the lowest bits: 1.5 * 2^52.
pub const SHIFT_F64: f64 = 6755399441055744.0;
/// The same for f32: 1.5 * 2^23.
pub const SHIFT_F32: f32 = 12582912.0;

/// 2^k for a whole `k` in -1022..=1023; anything else gives anything.
#[inline(always)]
pub fn exp2i_f64<S: Shape>(s: S, k: S::F64) -> S::F64 {
    shifted_exp2i_f64(s, k + s.lit(SHIFT_F64))
}

/// [`exp2i_f64`] of what is already `k + SHIFT_F64`.
#[inline(always)]
pub fn shifted_exp2i_f64<S: Shape>(s: S, shifted: S::F64) -> S::F64 {
    let bits = shifted.to_bits().shl(s.lit(52));
    S::F64::from_bits(bits + s.lit(1.0f64.to_bits()))
}

/// 2^k for a whole `k` in -126..=127; anything else gives anything.
#[inline(always)]
pub fn exp2i_f32<S: Shape>(s: S, k: S::F32) -> S::F32 {
    shifted_exp2i_f32(s, k + s.lit(SHIFT_F32))
}

/// [`exp2i_f32`] of what is already `k + SHIFT_F32`.
#[inline(always)]
pub fn shifted_exp2i_f32<S: Shape>(s: S, shifted: S::F32) -> S::F32 {
    let bits = shifted.to_bits().shl(s.lit(23));
    S::F32::from_bits(bits + s.lit(1.0f32.to_bits()))
}

/// `y * 2^k`, rounded once, for `y` in 1/4..4 and a whole `k` in -1200..=1100. The power is made in two
/// halves, since neither the largest results' nor the subnormal ones' fits into one number.
#[inline(always)]
pub fn scale_f64<S: Shape>(s: S, y: S::F64, k: S::F64) -> S::F64 {
    let half = (k * s.lit(0.5)).rint();
    y * exp2i_f64(s, half) * exp2i_f64(s, k - half)
}

/// As [`scale_f64`], for `k` in -250..=200.
#[inline(always)]
pub fn scale_f32<S: Shape>(s: S, y: S::F32, k: S::F32) -> S::F32 {
    let half = (k * s.lit(0.5)).rint();
    y * exp2i_f32(s, half) * exp2i_f32(s, k - half)
}

/// `yes` where the mask holds.
#[inline(always)]
pub fn choose<V: Lane>(mask: crate::lanes::MaskOf<V>, yes: V, no: V) -> V {
    V::select(mask, yes, no)
}
