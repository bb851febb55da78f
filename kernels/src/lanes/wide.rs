//! The baseline: 128-bit registers by the `wide` crate, which is SSE2, NEON or simd128 as the target
//! has it. Only operations whose result is the contract's to the bit come from it: its elementary
//! functions are not used, nor its rounding, nor the minimum and maximum of floats.

use bytemuck::cast;
use wide::{f32x4, f64x2, i8x16, i16x8, i32x4, i64x2, u8x16, u16x8, u32x4, u64x2};

use super::block::{Few, FewTruths, Truth, block};
use super::shapes::shape;
use super::vector::convert_each as convert;

/// Truths as a vector of all-ones and zeros.
macro_rules! truths {
    ($($name:ident($raw:ident, $bytes:ident): $elem:ident x $n:literal;)*) => {$(
        #[doc = concat!("Truths of ", stringify!($n), " elements, a vector of ", stringify!($elem), ".")]
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub struct $name($raw);

        impl $name {
            #[inline(always)]
            fn new(raw: $raw) -> Self { Self(raw) }
        }

        impl Truth for $name {
            #[inline(always)]
            fn build(_: usize, mut f: impl FnMut(usize) -> bool) -> Self {
                Self($raw::new(core::array::from_fn(|i| -(f(i) as $elem))))
            }
            #[inline(always)]
            fn get(self, i: usize) -> bool { self.0.as_array()[i] < 0 }
            #[inline(always)]
            fn and(self, other: Self) -> Self { Self(self.0 & other.0) }
            #[inline(always)]
            fn or(self, other: Self) -> Self { Self(self.0 | other.0) }
            #[inline(always)]
            fn xor(self, other: Self) -> Self { Self(self.0 ^ other.0) }
            #[inline(always)]
            fn not(self) -> Self { Self(!self.0) }
            #[inline(always)]
            fn any(self, _: usize) -> bool { self.0.any() }
            #[inline(always)]
            fn all(self, _: usize) -> bool { self.0.all() }
        }
    )*};
}
truths! {
    T8(i8x16, i8x16): i8 x 16;
    T16(i16x8, i8x16): i16 x 8;
    T32(i32x4, i8x16): i32 x 4;
    T64(i64x2, i8x16): i64 x 2;
}

/// `$yes` where the bits of `$truth` are ones, `$no` where they are zeros.
macro_rules! choose {
    ($truth:expr, $yes:expr, $no:expr) => {{
        let truth = $truth;
        ($yes & truth) | ($no & !truth)
    }};
}

/// A whole number near `$a`, made from the nearest one to it or to its size, with the sign of `$a`.
macro_rules! whole {
    ($raw:ident $a:ident, |$near:ident, $size:ident| $e:expr) => {{
        let sign = $raw::splat(-0.0);
        let large = $raw::splat(whole!(@large $raw));
        let $size = $a & !sign;
        let $near = ($size + large) - large;
        choose!($size.simd_lt(large), $e | ($a & sign), $a)
    }};
    ($raw:ident $a:ident, signed |$near:ident| $e:expr) => {{
        let sign = $raw::splat(-0.0);
        let large = $raw::splat(whole!(@large $raw));
        let size = $a & !sign;
        let $near = ((size + large) - large) | ($a & sign);
        choose!(size.simd_lt(large), ($e & !sign) | ($a & sign), $a)
    }};
    (@large f64x2) => { 4503599627370496.0 };
    (@large f32x4) => { 8388608.0 };
}

/// `a * b + c` with one rounding, which SSE2 has no instruction for: one call for a whole register, with
/// all of it in registers. A CPU that has the instruction after all (the level was forced) uses it there.
#[cfg(target_arch = "x86_64")]
#[allow(improper_ctypes_definitions, reason = "the C convention passes vectors in registers")]
mod fused {
    use core::arch::x86_64::*;

    macro_rules! fused {
        ($($name:ident $vector:ident $elem:ident x $n:literal $fma:ident;)*) => {$(
            #[inline(never)]
            pub extern "C" fn $name(a: $vector, b: $vector, c: $vector) -> $vector {
                if std::is_x86_feature_detected!("fma") {
                    // SAFETY: the CPU has the instruction.
                    return unsafe { $fma(a, b, c) };
                }
                let [a, b, c]: [[$elem; $n]; 3] = [a, b, c].map(bytemuck::cast);
                bytemuck::cast::<[$elem; $n], $vector>(core::array::from_fn(|i| a[i].mul_add(b[i], c[i])))
            }
        )*};
    }
    fused! {
        f64x2 __m128d f64 x 2 _mm_fmadd_pd;
        f32x4 __m128 f32 x 4 _mm_fmadd_ps;
    }
}

/// Elsewhere, element by element: the compiler knows what the target has.
#[cfg(not(target_arch = "x86_64"))]
mod fused {
    macro_rules! fused {
        ($($name:ident $elem:ident x $n:literal;)*) => {$(
            #[inline(always)]
            pub fn $name(a: wide::$name, b: wide::$name, c: wide::$name) -> wide::$name {
                let [a, b, c] = [a.to_array(), b.to_array(), c.to_array()];
                wide::$name::new(core::array::from_fn(|i| a[i].mul_add(b[i], c[i])))
            }
        )*};
    }
    fused! { f64x2 f64 x 2; f32x4 f32 x 4; }
}

/// A register of floats.
///
/// SSE2 has no rounding to whole numbers, so that is done by adding and subtracting a number so large
/// that no bits are left for a fraction (2^52 or 2^23): the nearest whole number, halves to even. The
/// others are at most one away from it. Numbers as large as that, infinities and NaN are whole already.
///
/// Of equal numbers only zeros differ, by their sign, so that or-ing their bits gives the smaller.
macro_rules! float {
    ($name:ident($raw:ident): $elem:ident x $n:literal, $truth:ident($signed:ident), $bits:ident) => {
        block! {
            $name($raw): $elem x $n, $truth;
            splat(v) $raw::splat(v);
            select(t, yes, no) { let t: $raw = cast(t); (yes & t) | no & !t };
            lanes {
                add(a, b) a + b;
                sub(a, b) a - b;
                mul(a, b) a * b;
                div(a, b) a / b;
                neg(a) a ^ $raw::splat(-0.0);
                abs(a) a & !$raw::splat(-0.0);
                sqrt(a) a.sqrt();
                fma(a, b, c) cast(fused::$raw(cast(a), cast(b), cast(c)));
                copysign(a, b) { let sign = $raw::splat(-0.0); (a & !sign) | (b & sign) };
                rint(a) whole!($raw a, |near, _size| near);
                trunc(a) whole!($raw a, |near, size| near - (near.simd_gt(size) & $raw::splat(1.0)));
                floor(a) whole!($raw a, signed |near| near - (near.simd_gt(a) & $raw::splat(1.0)));
                ceil(a) whole!($raw a, signed |near| near + (near.simd_lt(a) & $raw::splat(1.0)));
                minimum(a, b) choose!(a.simd_eq(b), a | b, choose!(a.simd_lt(b) | a.simd_ne(a), a, b));
                maximum(a, b) choose!(a.simd_eq(b), a & b, choose!(a.simd_gt(b) | a.simd_ne(a), a, b));
                fmin(a, b) choose!(a.simd_eq(b), a | b, choose!(a.simd_lt(b) | b.simd_ne(b), a, b));
                fmax(a, b) choose!(a.simd_eq(b), a & b, choose!(a.simd_gt(b) | b.simd_ne(b), a, b));
            }
            truths {
                eq(a, b) cast::<$raw, $signed>(a.simd_eq(b));
                ne(a, b) cast::<$raw, $signed>(a.simd_ne(b));
                lt(a, b) cast::<$raw, $signed>(a.simd_lt(b));
                le(a, b) cast::<$raw, $signed>(a.simd_le(b));
            }
        }
    };
}
float! { F64x2(f64x2): f64 x 2, T64(i64x2), u64x2 }
float! { F32x4(f32x4): f32 x 4, T32(i32x4), u32x4 }

macro_rules! integer {
    ($($name:ident($raw:ident): $elem:ident x $n:literal, $truth:ident($signed:ident);)*) => {$(
        block! {
            $name($raw): $elem x $n, $truth;
            splat(v) $raw::splat(v);
            select(t, yes, no) { let t: $raw = cast(t); (yes & t) | (no & !t) };
            lanes {
                add(a, b) a + b;
                sub(a, b) a - b;
                neg(a) $raw::splat(0) - a;
                minimum(a, b) a.min(b);
                fmin(a, b) a.min(b);
                maximum(a, b) a.max(b);
                fmax(a, b) a.max(b);
                and(a, b) a & b;
                or(a, b) a | b;
                xor(a, b) a ^ b;
                not(a) !a;
            }
            truths {
                eq(a, b) cast::<$raw, $signed>(a.simd_eq(b));
                ne(a, b) !cast::<$raw, $signed>(a.simd_eq(b));
                lt(a, b) cast::<$raw, $signed>(b.simd_gt(a));
                le(a, b) !cast::<$raw, $signed>(a.simd_gt(b));
            }
        }
    )*};
}
integer! {
    I8x16(i8x16): i8 x 16, T8(i8x16);
    I16x8(i16x8): i16 x 8, T16(i16x8);
    I32x4(i32x4): i32 x 4, T32(i32x4);
    I64x2(i64x2): i64 x 2, T64(i64x2);
    U8x16(u8x16): u8 x 16, T8(i8x16);
    U16x8(u16x8): u16 x 8, T16(i16x8);
    U32x4(u32x4): u32 x 4, T32(i32x4);
    U64x2(u64x2): u64 x 2, T64(i64x2);
}

type Part<T, I, const N: usize> = Few<T, FewTruths<I, N>, N>;

shape! {
    /// Two lanes: eight-byte elements fill a register.
    Bytes8: 2 lanes, mask T64 {
        F64 = F64x2, 1;
        F32 = Part<f32, i32, 2>, 1;
        I8 = Part<i8, i8, 2>, 1;
        I16 = Part<i16, i16, 2>, 1;
        I32 = Part<i32, i32, 2>, 1;
        I64 = I64x2, 1;
        U8 = Part<u8, i8, 2>, 1;
        U16 = Part<u16, i16, 2>, 1;
        U32 = Part<u32, i32, 2>, 1;
        U64 = U64x2, 1;
    }
}
shape! {
    /// Four lanes: four-byte elements fill a register.
    Bytes4: 4 lanes, mask T32 {
        F64 = F64x2, 2;
        F32 = F32x4, 1;
        I8 = Part<i8, i8, 4>, 1;
        I16 = Part<i16, i16, 4>, 1;
        I32 = I32x4, 1;
        I64 = I64x2, 2;
        U8 = Part<u8, i8, 4>, 1;
        U16 = Part<u16, i16, 4>, 1;
        U32 = U32x4, 1;
        U64 = U64x2, 2;
    }
}
shape! {
    /// Eight lanes: two-byte elements fill a register.
    Bytes2: 8 lanes, mask T16 {
        F64 = F64x2, 4;
        F32 = F32x4, 2;
        I8 = Part<i8, i8, 8>, 1;
        I16 = I16x8, 1;
        I32 = I32x4, 2;
        I64 = I64x2, 4;
        U8 = Part<u8, i8, 8>, 1;
        U16 = U16x8, 1;
        U32 = U32x4, 2;
        U64 = U64x2, 4;
    }
}
shape! {
    /// Sixteen lanes: one-byte elements fill a register.
    Bytes1: 16 lanes, mask T8 {
        F64 = F64x2, 8;
        F32 = F32x4, 4;
        I8 = I8x16, 1;
        I16 = I16x8, 2;
        I32 = I32x4, 4;
        I64 = I64x2, 8;
        U8 = U8x16, 1;
        U16 = U16x8, 2;
        U32 = U32x4, 4;
        U64 = U64x2, 8;
    }
}
