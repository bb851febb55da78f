//! AVX2 with FMA: 256-bit registers, and their lower halves for narrower types in the same shape.

use core::arch::x86_64::*;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::block::{Few, FewTruths, Truth, block};
use super::element::{Dtype, Element};
use super::shapes::shape;
use super::vector::{convert_each, deinterleave_each, retype};
use super::{Lane, Machine, MachineLane, Number};

/// The intrinsics of 256-bit registers, named alike for both widths.
mod ymm {
    #[rustfmt::skip]
    pub use core::arch::x86_64::{
        __m256 as Single, __m256d as Double, __m256i as Whole,
        _mm256_abs_epi8 as abs_i8, _mm256_abs_epi16 as abs_i16, _mm256_abs_epi32 as abs_i32,
        _mm256_add_epi8 as add_8, _mm256_add_epi16 as add_16, _mm256_add_epi32 as add_32,
        _mm256_add_epi64 as add_64, _mm256_add_pd as add_f64, _mm256_add_ps as add_f32,
        _mm256_and_pd as and_f64, _mm256_and_ps as and_f32, _mm256_and_si256 as and,
        _mm256_andnot_pd as andnot_f64, _mm256_andnot_ps as andnot_f32,
        _mm256_blendv_epi8 as blend, _mm256_blendv_pd as blend_f64, _mm256_blendv_ps as blend_f32,
        _mm256_castsi256_pd as as_f64, _mm256_castsi256_ps as as_f32,
        _mm256_cmp_pd as cmp_f64, _mm256_cmp_ps as cmp_f32,
        _mm256_cmpeq_epi8 as eq_8, _mm256_cmpeq_epi16 as eq_16, _mm256_cmpeq_epi32 as eq_32,
        _mm256_cmpeq_epi64 as eq_64,
        _mm256_cmpgt_epi8 as gt_8, _mm256_cmpgt_epi16 as gt_16, _mm256_cmpgt_epi32 as gt_32,
        _mm256_cmpgt_epi64 as gt_64,
        _mm256_div_pd as div_f64, _mm256_div_ps as div_f32,
        _mm256_fmadd_pd as fma_f64, _mm256_fmadd_ps as fma_f32,
        _mm256_max_epi8 as max_i8, _mm256_max_epi16 as max_i16, _mm256_max_epi32 as max_i32,
        _mm256_max_epu8 as max_u8, _mm256_max_epu16 as max_u16, _mm256_max_epu32 as max_u32,
        _mm256_max_pd as max_f64, _mm256_max_ps as max_f32,
        _mm256_min_epi8 as min_i8, _mm256_min_epi16 as min_i16, _mm256_min_epi32 as min_i32,
        _mm256_min_epu8 as min_u8, _mm256_min_epu16 as min_u16, _mm256_min_epu32 as min_u32,
        _mm256_min_pd as min_f64, _mm256_min_ps as min_f32,
        _mm256_movemask_epi8 as bytes,
        _mm256_mul_pd as mul_f64, _mm256_mul_ps as mul_f32,
        _mm256_mullo_epi16 as mul_16, _mm256_mullo_epi32 as mul_32,
        _mm256_or_pd as or_f64, _mm256_or_ps as or_f32, _mm256_or_si256 as or,
        _mm256_round_pd as round_f64, _mm256_round_ps as round_f32,
        _mm256_set1_epi8 as set_8, _mm256_set1_epi16 as set_16, _mm256_set1_epi32 as set_32,
        _mm256_set1_epi64x as set_64, _mm256_set1_pd as set_f64, _mm256_set1_ps as set_f32,
        _mm256_setzero_si256 as zero,
        _mm256_sllv_epi32 as shl_32, _mm256_sllv_epi64 as shl_64,
        _mm256_sqrt_pd as sqrt_f64, _mm256_sqrt_ps as sqrt_f32,
        _mm256_srav_epi32 as sra_32, _mm256_srlv_epi32 as srl_32, _mm256_srlv_epi64 as srl_64,
        _mm256_sub_epi8 as sub_8, _mm256_sub_epi16 as sub_16, _mm256_sub_epi32 as sub_32,
        _mm256_sub_epi64 as sub_64, _mm256_sub_pd as sub_f64, _mm256_sub_ps as sub_f32,
        _mm256_xor_pd as xor_f64, _mm256_xor_ps as xor_f32, _mm256_xor_si256 as xor,
    };
    /// All of the bits that `bytes` gives.
    pub const ALL: i32 = -1;
}

/// The intrinsics of 128-bit registers, under the same names.
mod xmm {
    #[rustfmt::skip]
    pub use core::arch::x86_64::{
        __m128 as Single, __m128d as Double, __m128i as Whole,
        _mm_abs_epi8 as abs_i8, _mm_abs_epi16 as abs_i16, _mm_abs_epi32 as abs_i32,
        _mm_add_epi8 as add_8, _mm_add_epi16 as add_16, _mm_add_epi32 as add_32,
        _mm_add_epi64 as add_64, _mm_add_pd as add_f64, _mm_add_ps as add_f32,
        _mm_and_pd as and_f64, _mm_and_ps as and_f32, _mm_and_si128 as and,
        _mm_andnot_pd as andnot_f64, _mm_andnot_ps as andnot_f32,
        _mm_blendv_epi8 as blend, _mm_blendv_pd as blend_f64, _mm_blendv_ps as blend_f32,
        _mm_castsi128_pd as as_f64, _mm_castsi128_ps as as_f32,
        _mm_cmp_pd as cmp_f64, _mm_cmp_ps as cmp_f32,
        _mm_cmpeq_epi8 as eq_8, _mm_cmpeq_epi16 as eq_16, _mm_cmpeq_epi32 as eq_32,
        _mm_cmpeq_epi64 as eq_64,
        _mm_cmpgt_epi8 as gt_8, _mm_cmpgt_epi16 as gt_16, _mm_cmpgt_epi32 as gt_32,
        _mm_cmpgt_epi64 as gt_64,
        _mm_div_pd as div_f64, _mm_div_ps as div_f32,
        _mm_fmadd_pd as fma_f64, _mm_fmadd_ps as fma_f32,
        _mm_max_epi8 as max_i8, _mm_max_epi16 as max_i16, _mm_max_epi32 as max_i32,
        _mm_max_epu8 as max_u8, _mm_max_epu16 as max_u16, _mm_max_epu32 as max_u32,
        _mm_max_pd as max_f64, _mm_max_ps as max_f32,
        _mm_min_epi8 as min_i8, _mm_min_epi16 as min_i16, _mm_min_epi32 as min_i32,
        _mm_min_epu8 as min_u8, _mm_min_epu16 as min_u16, _mm_min_epu32 as min_u32,
        _mm_min_pd as min_f64, _mm_min_ps as min_f32,
        _mm_movemask_epi8 as bytes,
        _mm_mul_pd as mul_f64, _mm_mul_ps as mul_f32,
        _mm_mullo_epi16 as mul_16, _mm_mullo_epi32 as mul_32,
        _mm_or_pd as or_f64, _mm_or_ps as or_f32, _mm_or_si128 as or,
        _mm_round_pd as round_f64, _mm_round_ps as round_f32,
        _mm_set1_epi8 as set_8, _mm_set1_epi16 as set_16, _mm_set1_epi32 as set_32,
        _mm_set1_epi64x as set_64, _mm_set1_pd as set_f64, _mm_set1_ps as set_f32,
        _mm_setzero_si128 as zero,
        _mm_sllv_epi32 as shl_32, _mm_sllv_epi64 as shl_64,
        _mm_sqrt_pd as sqrt_f64, _mm_sqrt_ps as sqrt_f32,
        _mm_srav_epi32 as sra_32, _mm_srlv_epi32 as srl_32, _mm_srlv_epi64 as srl_64,
        _mm_sub_epi8 as sub_8, _mm_sub_epi16 as sub_16, _mm_sub_epi32 as sub_32,
        _mm_sub_epi64 as sub_64, _mm_sub_pd as sub_f64, _mm_sub_ps as sub_f32,
        _mm_xor_pd as xor_f64, _mm_xor_ps as xor_f32, _mm_xor_si128 as xor,
    };
    /// All of the bits that `bytes` gives.
    pub const ALL: i32 = 0xffff;
}

/// Truths as a vector of all-ones and zeros.
macro_rules! truths {
    ($($name:ident $w:ident $elem:ident x $n:literal;)*) => {$(
        #[doc = concat!("Truths of ", stringify!($n), " elements, a vector of ", stringify!($elem), ".")]
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub struct $name($w::Whole, PhantomData<$elem>);

        impl $name {
            #[inline(always)]
            fn new(raw: $w::Whole) -> Self { Self(raw, PhantomData) }
            #[inline(always)]
            fn array(self) -> [$elem; $n] { bytemuck::cast(self.0) }
        }

        // SAFETY of the blocks below: truths are made by comparing blocks or from a token, so the
        // level is present.
        impl Truth for $name {
            #[inline(always)]
            fn build(_: usize, mut f: impl FnMut(usize) -> bool) -> Self {
                let array: [$elem; $n] = core::array::from_fn(|i| -(f(i) as $elem));
                Self::new(bytemuck::cast(array))
            }
            #[inline(always)]
            fn get(self, i: usize) -> bool { self.array()[i] < 0 }
            #[inline(always)]
            // SAFETY: as above.
            fn and(self, other: Self) -> Self { Self::new(unsafe { $w::and(self.0, other.0) }) }
            #[inline(always)]
            // SAFETY: as above.
            fn or(self, other: Self) -> Self { Self::new(unsafe { $w::or(self.0, other.0) }) }
            #[inline(always)]
            // SAFETY: as above.
            fn xor(self, other: Self) -> Self { Self::new(unsafe { $w::xor(self.0, other.0) }) }
            #[inline(always)]
            // SAFETY: as above.
            fn not(self) -> Self { Self::new(unsafe { $w::xor(self.0, $w::set_8(-1)) }) }
            #[inline(always)]
            // SAFETY: as above.
            fn any(self, _: usize) -> bool { unsafe { $w::bytes(self.0) != 0 } }
            #[inline(always)]
            // SAFETY: as above.
            fn all(self, _: usize) -> bool { unsafe { $w::bytes(self.0) == $w::ALL } }
        }
    )*};
}
truths! {
    Y8 ymm i8 x 32;
    Y16 ymm i16 x 16;
    Y32 ymm i32 x 8;
    Y64 ymm i64 x 4;
    X8 xmm i8 x 16;
    X16 xmm i16 x 8;
    X32 xmm i32 x 4;
    X64 xmm i64 x 2;
}

/// `at`, of which the compiler can't tell what it points to: it makes no literals of the constants there.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block, reason = "nothing is read there")]
fn unseen<T>(mut at: *const T) -> *const T {
    // SAFETY: a comment, which leaves the register as it is.
    unsafe {
        core::arch::asm!(
            "/* {0} */",
            inout(reg) at,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    at
}

/// A register of floats.
///
/// Comparisons stay the defaults: the compiler turns those into the vector instruction and sees
/// through it, which it does not through the intrinsic (a select between two constants then became
/// four logical operations).
///
/// Minimum and maximum: the instruction gives its second operand where one is
/// NaN or both are zeros. Asked both ways round, the two answers differ there alone, so or-ing them
/// finds the negative zero (and keeps a NaN a NaN), and-ing them the positive one.
macro_rules! float {
    (
        $name:ident($w:ident::$raw:ident): $elem:ident x $n:literal, $truth:ident;
        $set:ident $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $fma:ident $round:ident
        $min:ident $max:ident $and:ident $andnot:ident $or:ident $xor:ident $cmp:ident $blend:ident $from:ident
        $($load:ident)?
    ) => {
        block! {
            $name($w::$raw): $elem x $n, $truth;
            splat(v) $w::$set(v);
            select(t, yes, no) $w::$blend(no, yes, $w::$from(t));
            $(constant(of, i) $load(unseen(of.0.as_ptr()).add(i).cast());)?
            lanes {
                add(a, b) $w::$add(a, b);
                sub(a, b) $w::$sub(a, b);
                mul(a, b) $w::$mul(a, b);
                div(a, b) $w::$div(a, b);
                neg(a) $w::$xor(a, $w::$set(-0.0));
                abs(a) $w::$andnot($w::$set(-0.0), a);
                sqrt(a) $w::$sqrt(a);
                fma(a, b, c) $w::$fma(a, b, c);
                floor(a) $w::$round::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a);
                ceil(a) $w::$round::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(a);
                trunc(a) $w::$round::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(a);
                rint(a) $w::$round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
                copysign(a, b) {
                    let sign = $w::$set(-0.0);
                    $w::$or($w::$andnot(sign, a), $w::$and(sign, b))
                };
                minimum(a, b) $w::$or($w::$min(a, b), $w::$min(b, a));
                maximum(a, b) {
                    let nan = $w::$cmp::<_CMP_UNORD_Q>(a, b);
                    let larger = $w::$and($w::$max(a, b), $w::$max(b, a));
                    $w::$blend(larger, $w::$add(a, b), nan)
                };
                fmin(a, b) {
                    let smaller = $w::$or($w::$min(a, b), $w::$min(b, a));
                    let a_wins = $w::$blend(smaller, a, $w::$cmp::<_CMP_UNORD_Q>(b, b));
                    $w::$blend(a_wins, b, $w::$cmp::<_CMP_UNORD_Q>(a, a))
                };
                fmax(a, b) {
                    let larger = $w::$and($w::$max(a, b), $w::$max(b, a));
                    let a_wins = $w::$blend(larger, a, $w::$cmp::<_CMP_UNORD_Q>(b, b));
                    $w::$blend(a_wins, b, $w::$cmp::<_CMP_UNORD_Q>(a, a))
                };
            }
            truths {
            }
        }
    };
    ($($name:ident $w:ident F64 x $n:literal $truth:ident $($load:ident)?;)*) => {$(
        float! {
            $name($w::Double): f64 x $n, $truth;
            set_f64 add_f64 sub_f64 mul_f64 div_f64 sqrt_f64 fma_f64 round_f64
            min_f64 max_f64 and_f64 andnot_f64 or_f64 xor_f64 cmp_f64 blend_f64
            as_f64 $($load)?
        }
    )*};
    ($($name:ident $w:ident F32 x $n:literal $truth:ident;)*) => {$(
        float! {
            $name($w::Single): f32 x $n, $truth;
            set_f32 add_f32 sub_f32 mul_f32 div_f32 sqrt_f32 fma_f32 round_f32
            min_f32 max_f32 and_f32 andnot_f32 or_f32 xor_f32 cmp_f32 blend_f32
            as_f32
        }
    )*};
}
float! { F64x4 ymm F64 x 4 Y64 _mm256_load_pd; F64x2 xmm F64 x 2 X64; }
float! { F32x8 ymm F32 x 8 Y32; F32x4 xmm F32 x 4 X32; }

/// A register of integers. `flip` moves the order of unsigned numbers onto that of signed ones, for
/// the comparison; `more` are operations that not every width has.
macro_rules! integer {
    (
        $name:ident($w:ident): $elem:ident x $n:literal, $truth:ident, $half:ident;
        $set:ident $add:ident $sub:ident $eq:ident $gt:ident $flip:ident; $($more:tt)*
    ) => {
        block! {
            $name($w::Whole): $elem x $n, $truth;
            splat(v) $w::$set(v as $half);
            select(t, yes, no) $w::blend(no, yes, t);
            lanes {
                add(a, b) $w::$add(a, b);
                sub(a, b) $w::$sub(a, b);
                neg(a) $w::$sub($w::zero(), a);
                and(a, b) $w::and(a, b);
                or(a, b) $w::or(a, b);
                xor(a, b) $w::xor(a, b);
                not(a) $w::xor(a, $w::set_8(-1));
                $($more)*
            }
            truths {
                eq(a, b) $w::$eq(a, b);
                ne(a, b) $w::xor($w::$eq(a, b), $w::set_8(-1));
                lt(a, b) integer!(@$flip $w $set $gt $half b a);
                le(a, b) $w::xor(integer!(@$flip $w $set $gt $half a b), $w::set_8(-1));
            }
        }
    };
    (@signed $w:ident $set:ident $gt:ident $half:ident $a:ident $b:ident) => { $w::$gt($a, $b) };
    (@unsigned $w:ident $set:ident $gt:ident $half:ident $a:ident $b:ident) => {{
        let flip = $w::$set($half::MIN);
        $w::$gt($w::xor($a, flip), $w::xor($b, flip))
    }};
}

/// All the integers of one width.
macro_rules! integers {
    ($w:ident; $i8:ident $u8:ident $n8:literal $t8:ident; $i16:ident $u16:ident $n16:literal $t16:ident;
     $i32:ident $u32:ident $n32:literal $t32:ident; $i64:ident $u64:ident $n64:literal $t64:ident;) => {
        integer! { $i8($w): i8 x $n8, $t8, i8; set_8 add_8 sub_8 eq_8 gt_8 signed;
            abs(a) $w::abs_i8(a);
            minimum(a, b) $w::min_i8(a, b);
            fmin(a, b) $w::min_i8(a, b);
            maximum(a, b) $w::max_i8(a, b);
            fmax(a, b) $w::max_i8(a, b);
        }
        integer! { $u8($w): u8 x $n8, $t8, i8; set_8 add_8 sub_8 eq_8 gt_8 unsigned;
            abs(a) a;
            minimum(a, b) $w::min_u8(a, b);
            fmin(a, b) $w::min_u8(a, b);
            maximum(a, b) $w::max_u8(a, b);
            fmax(a, b) $w::max_u8(a, b);
        }
        integer! { $i16($w): i16 x $n16, $t16, i16; set_16 add_16 sub_16 eq_16 gt_16 signed;
            mul(a, b) $w::mul_16(a, b);
            abs(a) $w::abs_i16(a);
            minimum(a, b) $w::min_i16(a, b);
            fmin(a, b) $w::min_i16(a, b);
            maximum(a, b) $w::max_i16(a, b);
            fmax(a, b) $w::max_i16(a, b);
        }
        integer! { $u16($w): u16 x $n16, $t16, i16; set_16 add_16 sub_16 eq_16 gt_16 unsigned;
            mul(a, b) $w::mul_16(a, b);
            abs(a) a;
            minimum(a, b) $w::min_u16(a, b);
            fmin(a, b) $w::min_u16(a, b);
            maximum(a, b) $w::max_u16(a, b);
            fmax(a, b) $w::max_u16(a, b);
        }
        integer! { $i32($w): i32 x $n32, $t32, i32; set_32 add_32 sub_32 eq_32 gt_32 signed;
            mul(a, b) $w::mul_32(a, b);
            abs(a) $w::abs_i32(a);
            minimum(a, b) $w::min_i32(a, b);
            fmin(a, b) $w::min_i32(a, b);
            maximum(a, b) $w::max_i32(a, b);
            fmax(a, b) $w::max_i32(a, b);
            shl(a, b) $w::shl_32(a, b);
            shr(a, b) $w::sra_32(a, b);
        }
        integer! { $u32($w): u32 x $n32, $t32, i32; set_32 add_32 sub_32 eq_32 gt_32 unsigned;
            mul(a, b) $w::mul_32(a, b);
            abs(a) a;
            minimum(a, b) $w::min_u32(a, b);
            fmin(a, b) $w::min_u32(a, b);
            maximum(a, b) $w::max_u32(a, b);
            fmax(a, b) $w::max_u32(a, b);
            shl(a, b) $w::shl_32(a, b);
            shr(a, b) $w::srl_32(a, b);
        }
        integer! { $i64($w): i64 x $n64, $t64, i64; set_64 add_64 sub_64 eq_64 gt_64 signed;
            shl(a, b) $w::shl_64(a, b);
            // A negative number's complement is shifted, then complemented back.
            shr(a, b) {
                let sign = $w::gt_64($w::zero(), a);
                $w::xor($w::srl_64($w::xor(a, sign), b), sign)
            };
        }
        integer! { $u64($w): u64 x $n64, $t64, i64; set_64 add_64 sub_64 eq_64 gt_64 unsigned;
            abs(a) a;
            shl(a, b) $w::shl_64(a, b);
            shr(a, b) $w::srl_64(a, b);
        }
    };
}
integers! { ymm; I8x32 U8x32 32 Y8; I16x16 U16x16 16 Y16; I32x8 U32x8 8 Y32; I64x4 U64x4 4 Y64; }
integers! { xmm; I8x16 U8x16 16 X8; I16x8 U16x8 8 X16; I32x4 U32x4 4 X32; I64x2 U64x2 2 X64; }

/// The value of type `B` whose pieces are made from those of `$a`, in order.
macro_rules! pieces {
    ($a:ident: $from:ty => $to:ty, |$x:ident| $e:expr) => {{
        let mut b = MaybeUninit::<B>::uninit();
        let count = size_of::<A>() / size_of::<$from>();
        assert!(size_of::<A>() == count * size_of::<$from>());
        assert!(size_of::<B>() == count * size_of::<$to>());
        let mut k = 0;
        while k < count {
            // SAFETY: piece `k < count` is inside both values, which are plain bits and consist of that
            // many pieces; a token is here, so the level is present.
            unsafe {
                let $x = (&raw const $a).cast::<$from>().add(k).read_unaligned();
                b.as_mut_ptr().cast::<$to>().add(k).write_unaligned($e);
            }
            k += 1;
        }
        // SAFETY: all pieces have been written.
        unsafe { b.assume_init() }
    }};
}

/// [`Machine::look_up_sixteenth`]: the lower half of the table is permuted by the lowest three bits, and so is what
/// the upper one differs by, which the fourth bit lets through. (A blend of both halves is slower.)
#[inline(always)]
fn sixteenth<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(
    table: &'static [f32; 16],
    index: A,
) -> B {
    let p = table.as_ptr();
    // SAFETY of the pieces: the table has sixteen entries.
    pieces!(index: __m256i => __m256, |i| {
        let low = _mm256_loadu_ps(p);
        let differ = _mm256_permutevar8x32_ps(_mm256_xor_ps(low, _mm256_loadu_ps(p.add(8))), i);
        let upper = _mm256_srai_epi32::<31>(_mm256_slli_epi32::<28>(i));
        let differ = _mm256_and_ps(differ, _mm256_castsi256_ps(upper));
        _mm256_xor_ps(_mm256_permutevar8x32_ps(low, i), differ)
    })
}

/// Conversions between f64, f32 and i32 by their instructions, from floats to narrower integers through
/// i32, and to bytes; the others one by one, which the compiler mostly makes vectors of.
#[inline(always)]
fn convert<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(s: S, a: A) -> B {
    use Dtype::*;
    match (A::Elem::DTYPE, B::Elem::DTYPE, S::N) {
        (F32, F64, _) => pieces!(a: __m128 => __m256d, |x| _mm256_cvtps_pd(x)),
        (F64, F32, _) => pieces!(a: __m256d => __m128, |x| _mm256_cvtpd_ps(x)),
        (I32, F64, _) => pieces!(a: __m128i => __m256d, |x| _mm256_cvtepi32_pd(x)),
        (I32, F32, 8..) => pieces!(a: __m256i => __m256, |x| _mm256_cvtepi32_ps(x)),
        // What is too low or too high for i32 becomes i32::MIN, by the instruction; NaN too.
        (F64, I32, _) => pieces!(a: __m256d => __m128i, |x| {
            let low = _mm256_cvttpd_epi32(_mm256_min_pd(x, _mm256_set1_pd(i32::MAX as f64)));
            // NaN went through `min` as the bound: back to 0.
            let number = _mm256_castpd_si256(_mm256_cmp_pd::<_CMP_ORD_Q>(x, x));
            let number =
                _mm256_permutevar8x32_epi32(number, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
            _mm_and_si128(low, _mm256_castsi256_si128(number))
        }),
        (F32, I32, 4) => pieces!(a: __m128 => __m128i, |x| {
            let high = _mm_cmp_ps::<_CMP_GE_OQ>(x, _mm_set1_ps(2147483648.0));
            let number = _mm_cmp_ps::<_CMP_ORD_Q>(x, x);
            let low = _mm_and_si128(_mm_cvttps_epi32(x), _mm_castps_si128(number));
            // i32::MIN becomes i32::MAX where the number was too high.
            _mm_xor_si128(low, _mm_castps_si128(high))
        }),
        (F32, I32, _) => pieces!(a: __m256 => __m256i, |x| {
            let high = _mm256_cmp_ps::<_CMP_GE_OQ>(x, _mm256_set1_ps(2147483648.0));
            let number = _mm256_cmp_ps::<_CMP_ORD_Q>(x, x);
            let low = _mm256_and_si256(_mm256_cvttps_epi32(x), _mm256_castps_si256(number));
            _mm256_xor_si256(low, _mm256_castps_si256(high))
        }),
        // Both saturate, so that the second finds what the first left.
        (F64 | F32, I8 | I16 | U8 | U16, _) => {
            let whole: S::I32 = convert(s, a);
            let (low, high) = match B::Elem::DTYPE {
                I8 => (i8::MIN as i32, i8::MAX as i32),
                I16 => (i16::MIN as i32, i16::MAX as i32),
                U8 => (0, u8::MAX as i32),
                _ => (0, u16::MAX as i32),
            };
            convert_each(s, whole.maximum(Lane::splat(s, low)).minimum(Lane::splat(s, high)))
        }
        // The compiler takes the bytes out one by one.
        (I32 | U32, I8 | U8, 8) => pieces!(a: __m256i => i64, |x| {
            let x = _mm256_and_si256(x, _mm256_set1_epi32(0xff));
            let x = _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
            _mm_cvtsi128_si64(_mm_packus_epi16(x, x))
        }),
        (I32 | U32, I8 | U8, 32) => pieces!(a: [__m256i; 4] => __m256i, |x| {
            let byte = _mm256_set1_epi32(0xff);
            // Packed by halves of the registers: four bytes of each, in turn.
            let low = _mm256_packus_epi32(_mm256_and_si256(x[0], byte), _mm256_and_si256(x[1], byte));
            let high = _mm256_packus_epi32(_mm256_and_si256(x[2], byte), _mm256_and_si256(x[3], byte));
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order)
        }),
        (I64 | U64, I8 | U8, 4) => pieces!(a: __m256i => i32, |x| {
            // The lowest byte of each number to the lowest two of its half, in turn.
            let first = _mm256_set1_epi64x(-0xf800);
            let x = _mm256_shuffle_epi8(x, first);
            let (low, high) = (_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
            _mm_cvtsi128_si32(_mm_unpacklo_epi16(low, high))
        }),
        _ => convert_each(s, a),
    }
}

/// [`Machine::deinterleave`] for vectors of numbers as wide as a register.
#[inline(always)]
fn deinterleave<S: Machine, V: MachineLane<Shape = S>>(s: S, a: V, b: V) -> [V; 2] {
    use Dtype::*;
    match const { (V::Elem::DTYPE, S::N) } {
        // SAFETY: lanes exist only where the level is present; the types are registers of these sizes.
        (F64 | I64 | U64, 4) => unsafe {
            let (a, b): (__m256d, __m256d) = (retype(a), retype(b));
            // By halves of the registers: the second and third pair change places.
            let (even, odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let even = _mm256_permute4x64_pd::<0b11_01_10_00>(even);
            [retype(even), retype(_mm256_permute4x64_pd::<0b11_01_10_00>(odd))]
        },
        // SAFETY: lanes exist only where the level is present; the types are registers of these sizes.
        (F32 | I32 | U32, 8) => unsafe {
            let (a, b): (__m256, __m256) = (retype(a), retype(b));
            let even = _mm256_castps_pd(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
            let odd = _mm256_castps_pd(_mm256_shuffle_ps::<0b11_01_11_01>(a, b));
            let even = _mm256_permute4x64_pd::<0b11_01_10_00>(even);
            [retype(even), retype(_mm256_permute4x64_pd::<0b11_01_10_00>(odd))]
        },
        _ => deinterleave_each(s, a, b),
    }
}

type Part<T, I, const N: usize> = Few<T, FewTruths<I, N>, N>;

shape! {
    /// Four lanes: eight-byte elements fill a register.
    Bytes8: 4 lanes, mask Y64, deinterleave deinterleave {
        F64 = F64x4, 1;
        F32 = F32x4, 1;
        I8 = Part<i8, i8, 4>, 1;
        I16 = Part<i16, i16, 4>, 1;
        I32 = I32x4, 1;
        I64 = I64x4, 1;
        U8 = Part<u8, i8, 4>, 1;
        U16 = Part<u16, i16, 4>, 1;
        U32 = U32x4, 1;
        U64 = U64x4, 1;
    }
}
shape! {
    /// Eight lanes: four-byte elements fill a register.
    Bytes4: 8 lanes, mask Y32, sixteenth sixteenth, deinterleave deinterleave {
        F64 = F64x4, 2;
        F32 = F32x8, 1;
        I8 = Part<i8, i8, 8>, 1;
        I16 = I16x8, 1;
        I32 = I32x8, 1;
        I64 = I64x4, 2;
        U8 = Part<u8, i8, 8>, 1;
        U16 = U16x8, 1;
        U32 = U32x8, 1;
        U64 = U64x4, 2;
    }
}
shape! {
    /// Sixteen lanes: two-byte elements fill a register.
    Bytes2: 16 lanes, mask Y16, sixteenth sixteenth {
        F64 = F64x4, 4;
        F32 = F32x8, 2;
        I8 = I8x16, 1;
        I16 = I16x16, 1;
        I32 = I32x8, 2;
        I64 = I64x4, 4;
        U8 = U8x16, 1;
        U16 = U16x16, 1;
        U32 = U32x8, 2;
        U64 = U64x4, 4;
    }
}
shape! {
    /// Thirty-two lanes: one-byte elements fill a register.
    Bytes1: 32 lanes, mask Y8, sixteenth sixteenth {
        F64 = F64x4, 8;
        F32 = F32x8, 4;
        I8 = I8x32, 1;
        I16 = I16x16, 2;
        I32 = I32x8, 4;
        I64 = I64x4, 8;
        U8 = U8x32, 1;
        U16 = U16x16, 2;
        U32 = U32x8, 4;
        U64 = U64x4, 8;
    }
}
