//! AVX-512 (F, BW, DQ, VL and CD): 512-bit registers, their lower parts for narrower types in the same
//! shape, and masks with a bit a lane.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use super::block::{Truth, block};
use super::element::{Dtype, Element};
use super::shapes::shape;
use super::vector::{convert_each, deinterleave_each, look_up_each, retype};
use super::{Machine, MachineLane};

/// What no instruction of the level does, made of a few that there are, for one width of registers.
macro_rules! composed {
    () => {
        use core::arch::x86_64::_mm_setr_epi8;

        // SAFETY of all of these: blocks alone call them, which prove that the level is present.
        composed! {
            /// A low and a high half multiplied apart.
            mul_8(a, b) {
                let low = and(mul_16(a, b), set_16(0xff));
                or(low, mul_16(srl_all_16::<8>(a), and(b, set_16(-0x100))))
            }
            /// The even bytes by themselves; the odd ones with nothing below them.
            shl_8(a, b) {
                let low = set_16(0xff);
                let even = and(shl_16(a, and(b, low)), low);
                or(even, shl_16(andnot(low, a), srl_all_16::<8>(b)))
            }
            shr_u8(a, b) {
                let low = set_16(0xff);
                or(srl_16(and(a, low), and(b, low)), andnot(low, srl_16(a, srl_all_16::<8>(b))))
            }
            shr_i8(a, b) {
                let low = set_16(0xff);
                let even = sra_16(sra_all_16::<8>(shl_all_16::<8>(a)), and(b, low));
                or(and(even, low), andnot(low, sra_16(a, srl_all_16::<8>(b))))
            }
            /// By a table of the sixteen half bytes.
            ones_8(a) {
                let table = spread(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
                let low = set_8(0x0f);
                let high = shuffle(table, and(srl_all_16::<4>(a), low));
                add_8(high, shuffle(table, and(a, low)))
            }
            ones_16(a) {
                pairs_8(ones_8(a), set_8(1))
            }
            zeros_8(a) {
                let table = spread(_mm_setr_epi8(4, 3, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0));
                let low = set_8(0x0f);
                let upper = and(srl_all_16::<4>(a), low);
                let low = shuffle(table, and(a, low));
                // The lower half counts where the upper is zero.
                let high = shuffle(table, upper);
                blend_8(eq_8(upper, zero()), high, add_8(high, low))
            }
            /// Each half at the top of 32 bits, with a one where it ends.
            zeros_16(a) {
                let end = set_32(0x8000);
                let high = zeros_32(or(andnot(set_32(0xffff), a), end));
                or(zeros_32(or(shl_all_32::<16>(a), end)), shl_all_32::<16>(high))
            }
            /// Ones where the trailing zeros were.
            below_8(a) {
                andnot(a, sub_8(a, set_8(1)))
            }
            below_16(a) {
                andnot(a, sub_16(a, set_16(1)))
            }
            not(a) {
                xor(a, set_8(-1))
            }
        }
    };
    ($($(#[$doc:meta])* $name:ident($($a:ident),*) $body:block)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub unsafe fn $name($($a: Whole),*) -> Whole {
            // SAFETY: as above.
            #[allow(unused_unsafe)]
            unsafe { $body }
        }
    )*};
}
use composed;

/// The intrinsics of 512-bit registers, named alike for every width.
mod zmm {
    #[rustfmt::skip]
    pub use core::arch::x86_64::{
        __m512i as Whole, __m512 as Single, __m512d as Double, _mm512_abs_epi16 as abs_i16,
        _mm512_abs_epi32 as abs_i32, _mm512_abs_epi64 as abs_i64, _mm512_abs_epi8 as abs_i8,
        _mm512_add_epi16 as add_16, _mm512_add_epi32 as add_32, _mm512_add_epi64 as add_64,
        _mm512_add_epi8 as add_8, _mm512_add_pd as add_f64, _mm512_add_ps as add_f32,
        _mm512_and_pd as and_f64, _mm512_and_ps as and_f32, _mm512_and_si512 as and,
        _mm512_andnot_pd as andnot_f64, _mm512_andnot_ps as andnot_f32,
        _mm512_andnot_si512 as andnot, _mm512_broadcast_i32x4 as spread,
        _mm512_cmp_pd_mask as cmp_f64, _mm512_cmp_ps_mask as cmp_f32,
        _mm512_cmpeq_epi16_mask as eq_16, _mm512_cmpeq_epi32_mask as eq_32,
        _mm512_cmpeq_epi64_mask as eq_64, _mm512_cmpeq_epi8_mask as eq_8,
        _mm512_cmple_epi16_mask as le_i16, _mm512_cmple_epi32_mask as le_i32,
        _mm512_cmple_epi64_mask as le_i64, _mm512_cmple_epi8_mask as le_i8,
        _mm512_cmple_epu16_mask as le_u16, _mm512_cmple_epu32_mask as le_u32,
        _mm512_cmple_epu64_mask as le_u64, _mm512_cmple_epu8_mask as le_u8,
        _mm512_cmplt_epi16_mask as lt_i16, _mm512_cmplt_epi32_mask as lt_i32,
        _mm512_cmplt_epi64_mask as lt_i64, _mm512_cmplt_epi8_mask as lt_i8,
        _mm512_cmplt_epu16_mask as lt_u16, _mm512_cmplt_epu32_mask as lt_u32,
        _mm512_cmplt_epu64_mask as lt_u64, _mm512_cmplt_epu8_mask as lt_u8,
        _mm512_cmpneq_epi16_mask as ne_16, _mm512_cmpneq_epi32_mask as ne_32,
        _mm512_cmpneq_epi64_mask as ne_64, _mm512_cmpneq_epi8_mask as ne_8,
        _mm512_div_pd as div_f64, _mm512_div_ps as div_f32, _mm512_fmadd_pd as fma_f64,
        _mm512_fmadd_ps as fma_f32, _mm512_lzcnt_epi32 as zeros_32, _mm512_lzcnt_epi64 as zeros_64,
        _mm512_madd_epi16 as pairs_16, _mm512_maddubs_epi16 as pairs_8,
        _mm512_mask_add_pd as add_where_f64, _mm512_mask_add_ps as add_where_f32,
        _mm512_mask_blend_epi16 as blend_16, _mm512_mask_blend_epi32 as blend_32,
        _mm512_mask_blend_epi64 as blend_64, _mm512_mask_blend_epi8 as blend_8,
        _mm512_mask_blend_pd as blend_f64, _mm512_mask_blend_ps as blend_f32,
        _mm512_max_epi16 as max_i16, _mm512_max_epi32 as max_i32, _mm512_max_epi64 as max_i64,
        _mm512_max_epi8 as max_i8, _mm512_max_epu16 as max_u16, _mm512_max_epu32 as max_u32,
        _mm512_max_epu64 as max_u64, _mm512_max_epu8 as max_u8, _mm512_min_epi16 as min_i16,
        _mm512_min_epi32 as min_i32, _mm512_min_epi64 as min_i64, _mm512_min_epi8 as min_i8,
        _mm512_min_epu16 as min_u16, _mm512_min_epu32 as min_u32, _mm512_min_epu64 as min_u64,
        _mm512_min_epu8 as min_u8, _mm512_min_pd as min_f64, _mm512_min_ps as min_f32,
        _mm512_mul_pd as mul_f64, _mm512_mul_ps as mul_f32, _mm512_mullo_epi16 as mul_16,
        _mm512_mullo_epi32 as mul_32, _mm512_mullo_epi64 as mul_64, _mm512_or_pd as or_f64,
        _mm512_or_ps as or_f32, _mm512_or_si512 as or, _mm512_range_pd as range_f64,
        _mm512_range_ps as range_f32, _mm512_roundscale_pd as round_f64,
        _mm512_roundscale_ps as round_f32, _mm512_sad_epu8 as octets_8,
        _mm512_set1_epi16 as set_16, _mm512_set1_epi32 as set_32, _mm512_set1_epi64 as set_64,
        _mm512_set1_epi8 as set_8, _mm512_set1_pd as set_f64, _mm512_set1_ps as set_f32,
        _mm512_setzero_si512 as zero, _mm512_shuffle_epi8 as shuffle,
        _mm512_slli_epi16 as shl_all_16, _mm512_slli_epi32 as shl_all_32,
        _mm512_sllv_epi16 as shl_16, _mm512_sllv_epi32 as shl_32, _mm512_sllv_epi64 as shl_64,
        _mm512_sqrt_pd as sqrt_f64, _mm512_sqrt_ps as sqrt_f32, _mm512_srai_epi16 as sra_all_16,
        _mm512_srav_epi16 as sra_16, _mm512_srav_epi32 as sra_32, _mm512_srav_epi64 as sra_64,
        _mm512_srli_epi16 as srl_all_16, _mm512_srlv_epi16 as srl_16, _mm512_srlv_epi32 as srl_32,
        _mm512_srlv_epi64 as srl_64, _mm512_sub_epi16 as sub_16, _mm512_sub_epi32 as sub_32,
        _mm512_sub_epi64 as sub_64, _mm512_sub_epi8 as sub_8, _mm512_sub_pd as sub_f64,
        _mm512_sub_ps as sub_f32, _mm512_xor_pd as xor_f64, _mm512_xor_ps as xor_f32,
        _mm512_xor_si512 as xor,
    };
    super::composed! {}
}

/// The intrinsics of 256-bit registers, under the same names.
mod ymm {
    #[rustfmt::skip]
    pub use core::arch::x86_64::{
        __m256i as Whole, __m256 as Single, _mm256_abs_epi16 as abs_i16,
        _mm256_abs_epi32 as abs_i32, _mm256_abs_epi8 as abs_i8, _mm256_add_epi16 as add_16,
        _mm256_add_epi32 as add_32, _mm256_add_epi8 as add_8, _mm256_add_ps as add_f32,
        _mm256_and_ps as and_f32, _mm256_and_si256 as and, _mm256_andnot_ps as andnot_f32,
        _mm256_andnot_si256 as andnot, _mm256_broadcastsi128_si256 as spread,
        _mm256_cmp_ps_mask as cmp_f32, _mm256_cmpeq_epi16_mask as eq_16,
        _mm256_cmpeq_epi32_mask as eq_32, _mm256_cmpeq_epi8_mask as eq_8,
        _mm256_cmple_epi16_mask as le_i16, _mm256_cmple_epi32_mask as le_i32,
        _mm256_cmple_epi8_mask as le_i8, _mm256_cmple_epu16_mask as le_u16,
        _mm256_cmple_epu32_mask as le_u32, _mm256_cmple_epu8_mask as le_u8,
        _mm256_cmplt_epi16_mask as lt_i16, _mm256_cmplt_epi32_mask as lt_i32,
        _mm256_cmplt_epi8_mask as lt_i8, _mm256_cmplt_epu16_mask as lt_u16,
        _mm256_cmplt_epu32_mask as lt_u32, _mm256_cmplt_epu8_mask as lt_u8,
        _mm256_cmpneq_epi16_mask as ne_16, _mm256_cmpneq_epi32_mask as ne_32,
        _mm256_cmpneq_epi8_mask as ne_8, _mm256_div_ps as div_f32, _mm256_fmadd_ps as fma_f32,
        _mm256_lzcnt_epi32 as zeros_32, _mm256_madd_epi16 as pairs_16,
        _mm256_maddubs_epi16 as pairs_8, _mm256_mask_add_ps as add_where_f32,
        _mm256_mask_blend_epi16 as blend_16, _mm256_mask_blend_epi32 as blend_32,
        _mm256_mask_blend_epi8 as blend_8, _mm256_mask_blend_ps as blend_f32,
        _mm256_max_epi16 as max_i16, _mm256_max_epi32 as max_i32, _mm256_max_epi8 as max_i8,
        _mm256_max_epu16 as max_u16, _mm256_max_epu32 as max_u32, _mm256_max_epu8 as max_u8,
        _mm256_min_epi16 as min_i16, _mm256_min_epi32 as min_i32, _mm256_min_epi8 as min_i8,
        _mm256_min_epu16 as min_u16, _mm256_min_epu32 as min_u32, _mm256_min_epu8 as min_u8,
        _mm256_min_ps as min_f32, _mm256_mul_ps as mul_f32, _mm256_mullo_epi16 as mul_16,
        _mm256_mullo_epi32 as mul_32, _mm256_or_ps as or_f32, _mm256_or_si256 as or,
        _mm256_range_ps as range_f32, _mm256_roundscale_ps as round_f32,
        _mm256_set1_epi16 as set_16, _mm256_set1_epi32 as set_32, _mm256_set1_epi8 as set_8,
        _mm256_set1_ps as set_f32, _mm256_setzero_si256 as zero, _mm256_shuffle_epi8 as shuffle,
        _mm256_slli_epi16 as shl_all_16, _mm256_slli_epi32 as shl_all_32,
        _mm256_sllv_epi16 as shl_16, _mm256_sllv_epi32 as shl_32, _mm256_sqrt_ps as sqrt_f32,
        _mm256_srai_epi16 as sra_all_16, _mm256_srav_epi16 as sra_16, _mm256_srav_epi32 as sra_32,
        _mm256_srli_epi16 as srl_all_16, _mm256_srlv_epi16 as srl_16, _mm256_srlv_epi32 as srl_32,
        _mm256_sub_epi16 as sub_16, _mm256_sub_epi32 as sub_32, _mm256_sub_epi8 as sub_8,
        _mm256_sub_ps as sub_f32, _mm256_xor_ps as xor_f32, _mm256_xor_si256 as xor,
    };
    super::composed! {}
}

/// The intrinsics of 128-bit registers, under the same names.
mod xmm {
    #[rustfmt::skip]
    pub use core::arch::x86_64::{
        __m128i as Whole, _mm_abs_epi16 as abs_i16, _mm_abs_epi8 as abs_i8,
        _mm_add_epi16 as add_16, _mm_add_epi8 as add_8, _mm_and_si128 as and,
        _mm_andnot_si128 as andnot, _mm_cmpeq_epi16_mask as eq_16, _mm_cmpeq_epi8_mask as eq_8,
        _mm_cmple_epi16_mask as le_i16, _mm_cmple_epi8_mask as le_i8,
        _mm_cmple_epu16_mask as le_u16, _mm_cmple_epu8_mask as le_u8,
        _mm_cmplt_epi16_mask as lt_i16, _mm_cmplt_epi8_mask as lt_i8,
        _mm_cmplt_epu16_mask as lt_u16, _mm_cmplt_epu8_mask as lt_u8,
        _mm_cmpneq_epi16_mask as ne_16, _mm_cmpneq_epi8_mask as ne_8, _mm_lzcnt_epi32 as zeros_32,
        _mm_maddubs_epi16 as pairs_8, _mm_mask_blend_epi16 as blend_16,
        _mm_mask_blend_epi8 as blend_8, _mm_max_epi16 as max_i16, _mm_max_epi8 as max_i8,
        _mm_max_epu16 as max_u16, _mm_max_epu8 as max_u8, _mm_min_epi16 as min_i16,
        _mm_min_epi8 as min_i8, _mm_min_epu16 as min_u16, _mm_min_epu8 as min_u8,
        _mm_mullo_epi16 as mul_16, _mm_or_si128 as or, _mm_set1_epi16 as set_16,
        _mm_set1_epi32 as set_32, _mm_set1_epi8 as set_8, _mm_setzero_si128 as zero,
        _mm_shuffle_epi8 as shuffle, _mm_slli_epi16 as shl_all_16, _mm_slli_epi32 as shl_all_32,
        _mm_sllv_epi16 as shl_16, _mm_srai_epi16 as sra_all_16, _mm_srav_epi16 as sra_16,
        _mm_srli_epi16 as srl_all_16, _mm_srlv_epi16 as srl_16, _mm_sub_epi16 as sub_16,
        _mm_sub_epi8 as sub_8, _mm_xor_si128 as xor,
    };
    super::composed! {}

    /// A register as it is: sixteen bytes fill it already.
    #[inline(always)]
    pub fn spread(table: Whole) -> Whole {
        table
    }
}

/// The lower half of a 128-bit register, under the same names as a whole one.
mod half {
    use core::arch::x86_64::{_mm_cvtsi64_si128, _mm_cvtsi128_si64};

    use super::xmm;

    pub type Whole = u64;

    /// In a register, zeros above.
    #[inline(always)]
    pub fn up(a: u64) -> xmm::Whole {
        // SAFETY: every x86-64 CPU has it.
        unsafe { _mm_cvtsi64_si128(a as i64) }
    }
    /// Out of the register.
    #[inline(always)]
    pub fn down(a: xmm::Whole) -> u64 {
        // SAFETY: every x86-64 CPU has it.
        unsafe { _mm_cvtsi128_si64(a) as u64 }
    }

    macro_rules! halves {
        ($($name:ident($($a:ident),*))*; $($compare:ident)*) => {
            // SAFETY of all of these: blocks alone call them, which prove that the level is present.
            $(
                #[inline(always)]
                pub unsafe fn $name($($a: u64),*) -> u64 {
                    // SAFETY: as above.
                    down(unsafe { xmm::$name($(up($a)),*) })
                }
            )*
            $(
                #[inline(always)]
                pub unsafe fn $compare(a: u64, b: u64) -> u8 {
                    // SAFETY: as above.
                    unsafe { xmm::$compare(up(a), up(b)) as u8 }
                }
            )*
        };
    }
    halves! {
        add_8(a, b) sub_8(a, b) mul_8(a, b) abs_i8(a) min_i8(a, b) max_i8(a, b) min_u8(a, b)
        max_u8(a, b) and(a, b) or(a, b) xor(a, b) not(a) shl_8(a, b) shr_i8(a, b) shr_u8(a, b)
        ones_8(a) zeros_8(a) below_8(a);
        eq_8 ne_8 lt_i8 le_i8 lt_u8 le_u8
    }
    #[inline(always)]
    pub unsafe fn zero() -> u64 {
        0
    }
    #[inline(always)]
    pub unsafe fn set_8(value: i8) -> u64 {
        u64::from_ne_bytes([value as u8; 8])
    }
    #[inline(always)]
    pub unsafe fn blend_8(truth: u8, no: u64, yes: u64) -> u64 {
        // SAFETY: as for the others.
        down(unsafe { xmm::blend_8(truth.into(), up(no), up(yes)) })
    }
}

/// # Safety
/// `p` is valid for reading 8 bytes.
#[inline(always)]
unsafe fn load_half(p: *const u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { p.read_unaligned() }
}
/// # Safety
/// `p` is valid for writing 8 bytes.
#[inline(always)]
unsafe fn store_half(p: *mut u64, bytes: u64) {
    // SAFETY: the caller's promise.
    unsafe { p.write_unaligned(bytes) }
}
/// # Safety
/// The CPU has the level.
#[inline(always)]
unsafe fn test_half(a: u64, b: u64) -> u8 {
    // SAFETY: the caller's promise.
    unsafe { _mm_test_epi8_mask(half::up(a), half::up(b)) as u8 }
}
/// # Safety
/// The CPU has the level.
#[inline(always)]
unsafe fn set_half(truth: u8, value: i8) -> u64 {
    // SAFETY: the caller's promise.
    half::down(unsafe { _mm_maskz_set1_epi8(truth.into(), value) })
}

/// Truths with a bit an element.
macro_rules! truths {
    ($($name:ident $bits:ident x $n:literal; $set:ident $test:ident $load:ident $store:ident;)*) => {$(
        #[doc = concat!("Truths of ", stringify!($n), " elements, a bit each.")]
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub struct $name($bits);

        impl $name {
            #[inline(always)]
            fn new(raw: $bits) -> Self { Self(raw) }
        }

        impl Truth for $name {
            #[inline(always)]
            fn build(n: usize, f: impl FnMut(usize) -> bool) -> Self { Self($bits::build(n, f)) }
            #[inline(always)]
            fn get(self, i: usize) -> bool { self.0.get(i) }
            #[inline(always)]
            fn and(self, other: Self) -> Self { Self(self.0 & other.0) }
            #[inline(always)]
            fn or(self, other: Self) -> Self { Self(self.0 | other.0) }
            #[inline(always)]
            fn xor(self, other: Self) -> Self { Self(self.0 ^ other.0) }
            #[inline(always)]
            fn not(self) -> Self { Self(!self.0) }
            #[inline(always)]
            fn any(self, _: usize) -> bool { self.0 != 0 }
            #[inline(always)]
            fn all(self, _: usize) -> bool { self.0 == $bits::MAX }
            #[inline(always)]
            unsafe fn load(_: usize, p: *const u8) -> Self {
                // SAFETY: the caller allows reading that many bytes, and has the level.
                Self(unsafe { let bytes = $load(p.cast()); $test(bytes, bytes) })
            }
            #[inline(always)]
            unsafe fn store(self, _: usize, p: *mut u8) {
                // SAFETY: the caller allows writing that many bytes, and has the level.
                unsafe { $store(p.cast(), $set(self.0, 1)) }
            }
        }
    )*};
}
truths! {
    B16 u16 x 16; _mm_maskz_set1_epi8 _mm_test_epi8_mask _mm_loadu_si128 _mm_storeu_si128;
    B32 u32 x 32; _mm256_maskz_set1_epi8 _mm256_test_epi8_mask _mm256_loadu_si256 _mm256_storeu_si256;
    B64 u64 x 64; _mm512_maskz_set1_epi8 _mm512_test_epi8_mask _mm512_loadu_si512 _mm512_storeu_si512;
    B8 u8 x 8; set_half test_half load_half store_half;
}

/// A register of floats.
///
/// The range instruction knows -0 from +0 and leaves the number where the other is a quiet NaN, but
/// not where it is a signalling one: so both orders of NaN are put right after it. Minimum asked both
/// ways round differs only for zeros and NaNs; or-ing the answers finds the negative zero, and keeps a
/// NaN a NaN.
macro_rules! float {
    (
        $name:ident($w:ident::$raw:ident): $elem:ident x $n:literal, $truth:ident;
        $set:ident $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $fma:ident $round:ident
        $min:ident $range:ident $and:ident $andnot:ident $or:ident $xor:ident $cmp:ident $blend:ident
        $add_where:ident
    ) => {
        block! {
            $name($w::$raw): $elem x $n, $truth;
            splat(v) $w::$set(v);
            select(t, yes, no) $w::$blend(t, no, yes);
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
                    let larger = $w::$range::<RANGE_MAX>(a, b);
                    $w::$add_where(larger, $w::$cmp::<_CMP_UNORD_Q>(a, b), a, b)
                };
                fmin(a, b) {
                    let smaller = $w::$range::<RANGE_MIN>(a, b);
                    let a_wins = $w::$blend($w::$cmp::<_CMP_UNORD_Q>(b, b), smaller, a);
                    $w::$blend($w::$cmp::<_CMP_UNORD_Q>(a, a), a_wins, b)
                };
                fmax(a, b) {
                    let larger = $w::$range::<RANGE_MAX>(a, b);
                    let a_wins = $w::$blend($w::$cmp::<_CMP_UNORD_Q>(b, b), larger, a);
                    $w::$blend($w::$cmp::<_CMP_UNORD_Q>(a, a), a_wins, b)
                };
            }
            truths {
                eq(a, b) $w::$cmp::<_CMP_EQ_OQ>(a, b);
                ne(a, b) $w::$cmp::<_CMP_NEQ_UQ>(a, b);
                lt(a, b) $w::$cmp::<_CMP_LT_OQ>(a, b);
                le(a, b) $w::$cmp::<_CMP_LE_OQ>(a, b);
            }
        }
    };
    ($($name:ident $w:ident F64 x $n:literal $truth:ident;)*) => {$(
        float! {
            $name($w::Double): f64 x $n, $truth;
            set_f64 add_f64 sub_f64 mul_f64 div_f64 sqrt_f64 fma_f64 round_f64
            min_f64 range_f64 and_f64 andnot_f64 or_f64 xor_f64 cmp_f64 blend_f64 add_where_f64
        }
    )*};
    ($($name:ident $w:ident F32 x $n:literal $truth:ident;)*) => {$(
        float! {
            $name($w::Single): f32 x $n, $truth;
            set_f32 add_f32 sub_f32 mul_f32 div_f32 sqrt_f32 fma_f32 round_f32
            min_f32 range_f32 and_f32 andnot_f32 or_f32 xor_f32 cmp_f32 blend_f32 add_where_f32
        }
    )*};
}
/// Operands of the range instruction: which of the two, with the sign that it has.
const RANGE_MIN: i32 = 0b0100;
const RANGE_MAX: i32 = 0b0101;
float! { F64x8 zmm F64 x 8 B8; }
float! { F32x16 zmm F32 x 16 B16; F32x8 ymm F32 x 8 B8; }

/// A register of integers; `more` are operations that not every element size has.
macro_rules! integer {
    (
        $name:ident($w:ident): $elem:ident x $n:literal, $truth:ident, $half:ident;
        $set:ident $add:ident $sub:ident $mul:ident $min:ident $max:ident $shl:ident $shr:ident
        $blend:ident $eq:ident $ne:ident $lt:ident $le:ident; $($more:tt)*
    ) => {
        block! {
            $name($w::Whole): $elem x $n, $truth;
            splat(v) $w::$set(v as $half);
            select(t, yes, no) $w::$blend(t, no, yes);
            lanes {
                add(a, b) $w::$add(a, b);
                sub(a, b) $w::$sub(a, b);
                mul(a, b) $w::$mul(a, b);
                neg(a) $w::$sub($w::zero(), a);
                minimum(a, b) $w::$min(a, b);
                fmin(a, b) $w::$min(a, b);
                maximum(a, b) $w::$max(a, b);
                fmax(a, b) $w::$max(a, b);
                and(a, b) $w::and(a, b);
                or(a, b) $w::or(a, b);
                xor(a, b) $w::xor(a, b);
                not(a) $w::not(a);
                shl(a, b) $w::$shl(a, b);
                shr(a, b) $w::$shr(a, b);
                $($more)*
            }
            truths {
                eq(a, b) $w::$eq(a, b);
                ne(a, b) $w::$ne(a, b);
                lt(a, b) $w::$lt(a, b);
                le(a, b) $w::$le(a, b);
            }
        }
    };
    ($($i:ident $u:ident $w:ident 8 x $n:literal $truth:ident;)*) => {$(
        integer! { $i($w): i8 x $n, $truth, i8; set_8 add_8 sub_8 mul_8 min_i8 max_i8 shl_8 shr_i8
            blend_8 eq_8 ne_8 lt_i8 le_i8;
            abs(a) $w::abs_i8(a);
            count_ones(a) $w::ones_8(a);
            leading_zeros(a) $w::zeros_8(a);
            trailing_zeros(a) $w::ones_8($w::below_8(a));
        }
        integer! { $u($w): u8 x $n, $truth, i8; set_8 add_8 sub_8 mul_8 min_u8 max_u8 shl_8 shr_u8
            blend_8 eq_8 ne_8 lt_u8 le_u8;
            abs(a) a;
            count_ones(a) $w::ones_8(a);
            leading_zeros(a) $w::zeros_8(a);
            trailing_zeros(a) $w::ones_8($w::below_8(a));
        }
    )*};
    ($($i:ident $u:ident $w:ident 16 x $n:literal $truth:ident;)*) => {$(
        integer! { $i($w): i16 x $n, $truth, i16; set_16 add_16 sub_16 mul_16 min_i16 max_i16 shl_16
            sra_16 blend_16 eq_16 ne_16 lt_i16 le_i16;
            abs(a) $w::abs_i16(a);
            count_ones(a) $w::ones_16(a);
            leading_zeros(a) $w::zeros_16(a);
            trailing_zeros(a) $w::ones_16($w::below_16(a));
        }
        integer! { $u($w): u16 x $n, $truth, i16; set_16 add_16 sub_16 mul_16 min_u16 max_u16 shl_16
            srl_16 blend_16 eq_16 ne_16 lt_u16 le_u16;
            abs(a) a;
            count_ones(a) $w::ones_16(a);
            leading_zeros(a) $w::zeros_16(a);
            trailing_zeros(a) $w::ones_16($w::below_16(a));
        }
    )*};
    ($($i:ident $u:ident $w:ident 32 x $n:literal $truth:ident;)*) => {$(
        integer! { $i($w): i32 x $n, $truth, i32; set_32 add_32 sub_32 mul_32 min_i32 max_i32 shl_32
            sra_32 blend_32 eq_32 ne_32 lt_i32 le_i32;
            abs(a) $w::abs_i32(a);
            count_ones(a) $w::pairs_16($w::ones_16(a), $w::set_16(1));
            leading_zeros(a) $w::zeros_32(a);
            trailing_zeros(a) {
                let below = $w::andnot(a, $w::sub_32(a, $w::set_32(1)));
                $w::sub_32($w::set_32(32), $w::zeros_32(below))
            };
        }
        integer! { $u($w): u32 x $n, $truth, i32; set_32 add_32 sub_32 mul_32 min_u32 max_u32 shl_32
            srl_32 blend_32 eq_32 ne_32 lt_u32 le_u32;
            abs(a) a;
            count_ones(a) $w::pairs_16($w::ones_16(a), $w::set_16(1));
            leading_zeros(a) $w::zeros_32(a);
            trailing_zeros(a) {
                let below = $w::andnot(a, $w::sub_32(a, $w::set_32(1)));
                $w::sub_32($w::set_32(32), $w::zeros_32(below))
            };
        }
    )*};
    ($($i:ident $u:ident $w:ident 64 x $n:literal $truth:ident;)*) => {$(
        integer! { $i($w): i64 x $n, $truth, i64; set_64 add_64 sub_64 mul_64 min_i64 max_i64 shl_64
            sra_64 blend_64 eq_64 ne_64 lt_i64 le_i64;
            abs(a) $w::abs_i64(a);
            count_ones(a) $w::octets_8($w::ones_8(a), $w::zero());
            leading_zeros(a) $w::zeros_64(a);
            trailing_zeros(a) {
                let below = $w::andnot(a, $w::sub_64(a, $w::set_64(1)));
                $w::sub_64($w::set_64(64), $w::zeros_64(below))
            };
        }
        integer! { $u($w): u64 x $n, $truth, i64; set_64 add_64 sub_64 mul_64 min_u64 max_u64 shl_64
            srl_64 blend_64 eq_64 ne_64 lt_u64 le_u64;
            abs(a) a;
            count_ones(a) $w::octets_8($w::ones_8(a), $w::zero());
            leading_zeros(a) $w::zeros_64(a);
            trailing_zeros(a) {
                let below = $w::andnot(a, $w::sub_64(a, $w::set_64(1)));
                $w::sub_64($w::set_64(64), $w::zeros_64(below))
            };
        }
    )*};
}
integer! { I8x64 U8x64 zmm 8 x 64 B64; I8x32 U8x32 ymm 8 x 32 B32; I8x16 U8x16 xmm 8 x 16 B16; I8x8 U8x8 half 8 x 8 B8; }
integer! { I16x32 U16x32 zmm 16 x 32 B32; I16x16 U16x16 ymm 16 x 16 B16; I16x8 U16x8 xmm 16 x 8 B8; }
integer! { I32x16 U32x16 zmm 32 x 16 B16; I32x8 U32x8 ymm 32 x 8 B8; }
integer! { I64x8 U64x8 zmm 64 x 8 B8; }

/// The value `b` of type `B` whose pieces are made from those of `a`, in order.
macro_rules! pieces {
    ($a:ident: $from:ty => $to:ty, |$x:ident| $e:expr) => {
        pieces!(A, B; $a: $from => $to, |$x| $e)
    };
    ($A:ty, $B:ty; $a:ident: $from:ty => $to:ty, |$x:ident| $e:expr) => {{
        let mut b = MaybeUninit::<$B>::uninit();
        let count = size_of::<$A>() / size_of::<$from>();
        assert!(size_of::<$A>() == count * size_of::<$from>());
        assert!(size_of::<$B>() == count * size_of::<$to>());
        let mut k = 0;
        while k < count {
            // SAFETY: piece `k < count` is inside both values, which are plain bits and consist of
            // that many pieces; a token is here, so the level is present.
            #[allow(unused_unsafe)]
            unsafe {
                let $x = (&raw const $a).cast::<$from>().add(k).read_unaligned();
                b.as_mut_ptr().cast::<$to>().add(k).write_unaligned($e);
            }
            k += 1;
        }
        // SAFETY: all pieces have been written.
        unsafe { b.assume_init() }
    }};
    // By the number of lanes: 8, 16, or more.
    ($s:ident $a:ident: $(
        $n:pat => $from:ty => $to:ty, |$x:ident| $e:expr;
    )*) => {
        match $s::N {
            $($n => pieces!($a: $from => $to, |$x| $e),)*
        }
    };
}

/// [`Machine::convert`].
#[inline(always)]
fn convert<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(s: S, a: A) -> B {
    use Dtype::*;
    match const { (A::Elem::DTYPE, B::Elem::DTYPE) } {
        (Bool, Bool) => a_as(a),
        (Bool, _) => B::select(a_as(a), B::splat(s, true.cast()), B::splat(s, B::Elem::ZERO)),
        (_, Bool) => a_as(a.ne(A::splat(s, A::Elem::ZERO))),
        (F64 | F32, _) => from_float(s, a),
        (_, F64 | F32) => to_float(s, a),
        _ => between_integers(s, a),
    }
}

/// [`retype`] under a name that says what happens: types that are the same here.
#[inline(always)]
fn a_as<A: Copy, B: Copy>(a: A) -> B {
    retype(a)
}

/// From integers to floats: one instruction, after widening to 32 bits.
#[inline(always)]
fn to_float<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(s: S, a: A) -> B {
    use Dtype::*;
    match const { (A::Elem::DTYPE, B::Elem::DTYPE) } {
        (I64, F64) => pieces!(a: __m512i => __m512d, |x| _mm512_cvtepi64_pd(x)),
        (U64, F64) => pieces!(a: __m512i => __m512d, |x| _mm512_cvtepu64_pd(x)),
        (I64, F32) => pieces!(a: __m512i => __m256, |x| _mm512_cvtepi64_ps(x)),
        (U64, F32) => pieces!(a: __m512i => __m256, |x| _mm512_cvtepu64_ps(x)),
        (I32, F64) => pieces!(a: __m256i => __m512d, |x| _mm512_cvtepi32_pd(x)),
        (U32, F64) => pieces!(a: __m256i => __m512d, |x| _mm512_cvtepu32_pd(x)),
        (I32, F32) => pieces!(S a:
            8 => __m256i => __m256, |x| _mm256_cvtepi32_ps(x);
            _ => __m512i => __m512, |x| _mm512_cvtepi32_ps(x);),
        (U32, F32) => pieces!(S a:
            // No intrinsic for the 256-bit instruction.
            8 => __m256i => __m256, |x| {
                _mm512_castps512_ps256(_mm512_cvtepu32_ps(_mm512_castsi256_si512(x)))
            };
            _ => __m512i => __m512, |x| _mm512_cvtepu32_ps(x);),
        (I8 | I16 | U8 | U16, F64 | F32) => {
            let a: S::I32 = between_integers(s, a);
            to_float(s, a)
        }
        _ => convert_each(s, a),
    }
}

/// From floats. The instructions give the largest unsigned number (all ones) or the smallest signed
/// one where the float is out of range or NaN, so a mask says where they are to be believed.
#[inline(always)]
fn from_float<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(s: S, a: A) -> B {
    use Dtype::*;
    match const { (A::Elem::DTYPE, B::Elem::DTYPE) } {
        (F64, F64) | (F32, F32) => a_as(a),
        (F64, F32) => pieces!(a: __m512d => __m256, |x| _mm512_cvtpd_ps(x)),
        (F32, F64) => pieces!(a: __m256 => __m512d, |x| _mm512_cvtps_pd(x)),
        (F64, I64) => pieces!(a: __m512d => __m512i, |x| {
            let number = _mm512_cmp_pd_mask::<_CMP_ORD_Q>(x, x);
            let high = _mm512_cmp_pd_mask::<_CMP_GE_OQ>(x, _mm512_set1_pd(TWO_63));
            let whole = _mm512_maskz_cvttpd_epi64(number, x);
            _mm512_mask_blend_epi64(high, whole, _mm512_set1_epi64(i64::MAX))
        }),
        (F64, U64) => pieces!(a: __m512d => __m512i, |x| {
            let positive = _mm512_cmp_pd_mask::<_CMP_GE_OQ>(x, _mm512_setzero_pd());
            _mm512_maskz_cvttpd_epu64(positive, x)
        }),
        (F64, I32) => pieces!(a: __m512d => __m256i, |x| {
            let number = _mm512_cmp_pd_mask::<_CMP_ORD_Q>(x, x);
            _mm512_maskz_cvttpd_epi32(number, _mm512_min_pd(x, _mm512_set1_pd(i32::MAX as f64)))
        }),
        (F64, U32) => pieces!(a: __m512d => __m256i, |x| {
            let positive = _mm512_cmp_pd_mask::<_CMP_GE_OQ>(x, _mm512_setzero_pd());
            _mm512_maskz_cvttpd_epu32(positive, x)
        }),
        (F32, I64) => pieces!(a: __m256 => __m512i, |x| {
            let number = _mm256_cmp_ps_mask::<_CMP_ORD_Q>(x, x);
            let high = _mm256_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm256_set1_ps(TWO_63 as f32));
            let whole = _mm512_maskz_cvttps_epi64(number, x);
            _mm512_mask_blend_epi64(high, whole, _mm512_set1_epi64(i64::MAX))
        }),
        (F32, U64) => pieces!(a: __m256 => __m512i, |x| {
            let positive = _mm256_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm256_setzero_ps());
            _mm512_maskz_cvttps_epu64(positive, x)
        }),
        (F32, I32) => pieces!(S a:
            8 => __m256 => __m256i, |x| {
                let number = _mm256_cmp_ps_mask::<_CMP_ORD_Q>(x, x);
                let high = _mm256_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm256_set1_ps(TWO_31));
                let whole = _mm256_maskz_cvttps_epi32(number, x);
                _mm256_mask_blend_epi32(high, whole, _mm256_set1_epi32(i32::MAX))
            };
            _ => __m512 => __m512i, |x| {
                let number = _mm512_cmp_ps_mask::<_CMP_ORD_Q>(x, x);
                let high = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm512_set1_ps(TWO_31));
                let whole = _mm512_maskz_cvttps_epi32(number, x);
                _mm512_mask_blend_epi32(high, whole, _mm512_set1_epi32(i32::MAX))
            };),
        (F32, U32) => pieces!(S a:
            8 => __m256 => __m256i, |x| {
                let positive = _mm256_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm256_setzero_ps());
                _mm256_maskz_cvttps_epu32(positive, x)
            };
            _ => __m512 => __m512i, |x| {
                let positive = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm512_setzero_ps());
                _mm512_maskz_cvttps_epu32(positive, x)
            };),
        // Narrower ones saturate twice.
        (F64 | F32, I16 | I8) => {
            let whole: S::I32 = from_float(s, a);
            saturate(s, whole)
        }
        (F64 | F32, U16 | U8) => {
            let whole: S::U32 = from_float(s, a);
            saturate(s, whole)
        }
        _ => convert_each(s, a),
    }
}

const TWO_63: f64 = 9223372036854775808.0;
const TWO_31: f32 = 2147483648.0;

/// From 32 bits to fewer of the same signedness: the nearest that there is.
#[inline(always)]
fn saturate<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(s: S, a: A) -> B {
    use Dtype::*;
    match const { (A::Elem::DTYPE, B::Elem::DTYPE) } {
        (I32, I16) => pieces!(S a:
            8 => __m256i => __m128i, |x| _mm256_cvtsepi32_epi16(x);
            _ => __m512i => __m256i, |x| _mm512_cvtsepi32_epi16(x);),
        (I32, I8) => pieces!(S a:
            8 => __m256i => u64, |x| half::down(_mm256_cvtsepi32_epi8(x));
            _ => __m512i => __m128i, |x| _mm512_cvtsepi32_epi8(x);),
        (U32, U16) => pieces!(S a:
            8 => __m256i => __m128i, |x| _mm256_cvtusepi32_epi16(x);
            _ => __m512i => __m256i, |x| _mm512_cvtusepi32_epi16(x);),
        (U32, U8) => pieces!(S a:
            8 => __m256i => u64, |x| half::down(_mm256_cvtusepi32_epi8(x));
            _ => __m512i => __m128i, |x| _mm512_cvtusepi32_epi8(x);),
        // Only `from_float` calls this, with those pairs.
        _ => convert_each(s, a),
    }
}

/// From integers to integers: the low bits, or all of them with zeros or signs above.
#[inline(always)]
fn between_integers<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(
    s: S,
    a: A,
) -> B {
    use Dtype::*;
    match const { (A::Elem::DTYPE, B::Elem::DTYPE) } {
        (I8 | U8, I8 | U8) | (I16 | U16, I16 | U16) => a_as(a),
        (I32 | U32, I32 | U32) | (I64 | U64, I64 | U64) => a_as(a),

        (I8, I16 | U16) => pieces!(S a:
            8 => u64 => __m128i, |x| _mm_cvtepi8_epi16(half::up(x));
            16 => __m128i => __m256i, |x| _mm256_cvtepi8_epi16(x);
            _ => __m256i => __m512i, |x| _mm512_cvtepi8_epi16(x);),
        (U8, I16 | U16) => pieces!(S a:
            8 => u64 => __m128i, |x| _mm_cvtepu8_epi16(half::up(x));
            16 => __m128i => __m256i, |x| _mm256_cvtepu8_epi16(x);
            _ => __m256i => __m512i, |x| _mm512_cvtepu8_epi16(x);),
        (I8, I32 | U32) => pieces!(S a:
            8 => u64 => __m256i, |x| _mm256_cvtepi8_epi32(half::up(x));
            _ => __m128i => __m512i, |x| _mm512_cvtepi8_epi32(x);),
        (U8, I32 | U32) => pieces!(S a:
            8 => u64 => __m256i, |x| _mm256_cvtepu8_epi32(half::up(x));
            _ => __m128i => __m512i, |x| _mm512_cvtepu8_epi32(x);),
        (I16, I32 | U32) => pieces!(S a:
            8 => __m128i => __m256i, |x| _mm256_cvtepi16_epi32(x);
            _ => __m256i => __m512i, |x| _mm512_cvtepi16_epi32(x);),
        (U16, I32 | U32) => pieces!(S a:
            8 => __m128i => __m256i, |x| _mm256_cvtepu16_epi32(x);
            _ => __m256i => __m512i, |x| _mm512_cvtepu16_epi32(x);),
        (I8, I64 | U64) => pieces!(a: u64 => __m512i, |x| _mm512_cvtepi8_epi64(half::up(x))),
        (U8, I64 | U64) => pieces!(a: u64 => __m512i, |x| _mm512_cvtepu8_epi64(half::up(x))),
        (I16, I64 | U64) => pieces!(a: __m128i => __m512i, |x| _mm512_cvtepi16_epi64(x)),
        (U16, I64 | U64) => pieces!(a: __m128i => __m512i, |x| _mm512_cvtepu16_epi64(x)),
        (I32, I64 | U64) => pieces!(a: __m256i => __m512i, |x| _mm512_cvtepi32_epi64(x)),
        (U32, I64 | U64) => pieces!(a: __m256i => __m512i, |x| _mm512_cvtepu32_epi64(x)),

        (I64 | U64, I32 | U32) => pieces!(a: __m512i => __m256i, |x| _mm512_cvtepi64_epi32(x)),
        (I64 | U64, I16 | U16) => pieces!(a: __m512i => __m128i, |x| _mm512_cvtepi64_epi16(x)),
        (I64 | U64, I8 | U8) => {
            pieces!(a: __m512i => u64, |x| half::down(_mm512_cvtepi64_epi8(x)))
        }
        (I32 | U32, I16 | U16) => pieces!(S a:
            8 => __m256i => __m128i, |x| _mm256_cvtepi32_epi16(x);
            _ => __m512i => __m256i, |x| _mm512_cvtepi32_epi16(x);),
        (I32 | U32, I8 | U8) => pieces!(S a:
            8 => __m256i => u64, |x| half::down(_mm256_cvtepi32_epi8(x));
            _ => __m512i => __m128i, |x| _mm512_cvtepi32_epi8(x);),
        (I16 | U16, I8 | U8) => pieces!(S a:
            8 => __m128i => u64, |x| half::down(_mm_cvtepi16_epi8(x));
            16 => __m256i => __m128i, |x| _mm256_cvtepi16_epi8(x);
            _ => __m512i => __m256i, |x| _mm512_cvtepi16_epi8(x);),
        _ => convert_each(s, a),
    }
}

/// [`Machine::look_up`]: tables of up to two registers by a permutation, longer ones by a gather, eight
/// lanes at a time; elements of 8 and 16 bits, which no gather knows, one by one.
#[inline(always)]
fn look_up<S: Machine, B: MachineLane<Shape = S>>(table: &[B::Elem], index: S::U64) -> B {
    use Dtype::*;
    let Some(last) = table.len().checked_sub(1) else { return look_up_each(table, index) };
    let p = table.as_ptr();
    // SAFETY of the pieces: indices are at most `last`, and a load is masked to the entries there are.
    macro_rules! look_up {
        ($to:ty; |$i:ident| $e:expr) => {{
            pieces!(S::U64, B; index: __m512i => $to, |x| {
                let $i = _mm512_min_epu64(x, _mm512_set1_epi64(last as i64));
                $e
            })
        }};
    }
    // The entries of the first register that there are, and of the second.
    let low = 0xff_u8 >> 7_usize.saturating_sub(last);
    let high = 0xff_u8 >> 15_usize.saturating_sub(last).min(7);
    match (const { B::Elem::DTYPE }, last) {
        (F64 | I64 | U64, 0..8) => look_up!(__m512i; |i| {
            _mm512_permutexvar_epi64(i, _mm512_maskz_loadu_epi64(low, p.cast()))
        }),
        (F64 | I64 | U64, 8..16) => look_up!(__m512i; |i| {
            let rest = _mm512_maskz_loadu_epi64(high, p.cast::<i64>().add(8));
            _mm512_permutex2var_epi64(_mm512_loadu_epi64(p.cast()), i, rest)
        }),
        (F64 | I64 | U64, _) => look_up!(__m512i; |i| _mm512_i64gather_epi64::<8>(i, p.cast())),
        (F32 | I32 | U32, 0..8) => look_up!(__m256i; |i| {
            let entries = _mm256_maskz_loadu_epi32(low, p.cast());
            _mm256_permutexvar_epi32(_mm512_cvtepi64_epi32(i), entries)
        }),
        (F32 | I32 | U32, 8..16) => look_up!(__m256i; |i| {
            let rest = _mm256_maskz_loadu_epi32(high, p.cast::<i32>().add(8));
            _mm256_permutex2var_epi32(_mm256_loadu_epi32(p.cast()), _mm512_cvtepi64_epi32(i), rest)
        }),
        (F32 | I32 | U32, _) => look_up!(__m256i; |i| _mm512_i64gather_epi32::<4>(i, p.cast())),
        _ => look_up_each(table, index),
    }
}

/// [`Machine::look_up_sixteenth`] by permutations, which count indices modulo sixteen.
#[inline(always)]
fn sixteenth<S: Machine, A: MachineLane<Shape = S>, B: MachineLane<Shape = S>>(
    table: &'static [f32; 16],
    index: A,
) -> B {
    let p = table.as_ptr();
    // SAFETY of the pieces: the table has sixteen entries.
    match S::N {
        8 => pieces!(index: __m256i => __m256, |i| {
            _mm256_permutex2var_ps(_mm256_loadu_ps(p), i, _mm256_loadu_ps(p.add(8)))
        }),
        _ => pieces!(index: __m512i => __m512, |i| {
            _mm512_permutexvar_ps(i, _mm512_loadu_ps(p))
        }),
    }
}

/// [`Machine::deinterleave`] for vectors of numbers of eight and four bytes in a shape of eight lanes.
#[inline(always)]
fn deinterleave<S: Machine, V: MachineLane<Shape = S>>(s: S, a: V, b: V) -> [V; 2] {
    use Dtype::*;
    match const { V::Elem::DTYPE } {
        // SAFETY: lanes exist only where the level is present; the types are registers of these sizes.
        F64 | I64 | U64 => unsafe {
            let (a, b): (__m512i, __m512i) = (retype(a), retype(b));
            let even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
            let odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
            let even = _mm512_permutex2var_epi64(a, even, b);
            [retype(even), retype(_mm512_permutex2var_epi64(a, odd, b))]
        },
        // SAFETY: lanes exist only where the level is present; the types are registers of these sizes.
        F32 | I32 | U32 => unsafe {
            let (a, b): (__m256i, __m256i) = (retype(a), retype(b));
            let even = _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14);
            let odd = _mm256_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15);
            let even = _mm256_permutex2var_epi32(a, even, b);
            [retype(even), retype(_mm256_permutex2var_epi32(a, odd, b))]
        },
        _ => deinterleave_each(s, a, b),
    }
}

shape! {
    /// Eight lanes: eight-byte elements fill a register.
    Bytes8: 8 lanes, mask B8, look-up look_up, sixteenth sixteenth, deinterleave deinterleave {
        F64 = F64x8, 1;
        F32 = F32x8, 1;
        I8 = I8x8, 1;
        I16 = I16x8, 1;
        I32 = I32x8, 1;
        I64 = I64x8, 1;
        U8 = U8x8, 1;
        U16 = U16x8, 1;
        U32 = U32x8, 1;
        U64 = U64x8, 1;
    }
}
shape! {
    /// Sixteen lanes: four-byte elements fill a register.
    Bytes4: 16 lanes, mask B16, look-up look_up, sixteenth sixteenth {
        F64 = F64x8, 2;
        F32 = F32x16, 1;
        I8 = I8x16, 1;
        I16 = I16x16, 1;
        I32 = I32x16, 1;
        I64 = I64x8, 2;
        U8 = U8x16, 1;
        U16 = U16x16, 1;
        U32 = U32x16, 1;
        U64 = U64x8, 2;
    }
}
shape! {
    /// Thirty-two lanes: two-byte elements fill a register.
    Bytes2: 32 lanes, mask B32, look-up look_up, sixteenth sixteenth {
        F64 = F64x8, 4;
        F32 = F32x16, 2;
        I8 = I8x32, 1;
        I16 = I16x32, 1;
        I32 = I32x16, 2;
        I64 = I64x8, 4;
        U8 = U8x32, 1;
        U16 = U16x32, 1;
        U32 = U32x16, 2;
        U64 = U64x8, 4;
    }
}
shape! {
    /// Sixty-four lanes: one-byte elements fill a register.
    Bytes1: 64 lanes, mask B64, look-up look_up, sixteenth sixteenth {
        F64 = F64x8, 8;
        F32 = F32x16, 4;
        I8 = I8x64, 1;
        I16 = I16x32, 2;
        I32 = I32x16, 4;
        I64 = I64x8, 8;
        U8 = U8x64, 1;
        U16 = U16x32, 2;
        U32 = U32x16, 4;
        U64 = U64x8, 8;
    }
}
