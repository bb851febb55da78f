//! The CPU below us, real or emulated, has the features of the avx512 level and computes as its
//! manual says. Run by `cargo xtask emulate-avx512 --package emulated-init --test avx512`.

#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::*;

/// Whether the CPU has the level; says so by name when it hasn't.
fn level_or_skip(test: &str) -> bool {
    let features = [
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512dq", is_x86_feature_detected!("avx512dq")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
        ("avx512cd", is_x86_feature_detected!("avx512cd")),
    ];
    let missing: Vec<_> = features.iter().filter(|(_, has)| !has).map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        println!("skipped: {test}: this CPU lacks {}", missing.join(", "));
    }
    missing.is_empty()
}

fn same_bits(got: &[f64], wanted: &[f64]) {
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(got), bits(wanted), "got {got:?}, wanted {wanted:?}");
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd")]
fn lanes(vector: __m512d) -> [f64; 8] {
    let mut lanes = [0.0; 8];
    // SAFETY: the array has room for the 64 bytes of an unaligned store.
    unsafe { _mm512_storeu_pd(lanes.as_mut_ptr(), vector) };
    lanes
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd")]
fn check_doubles() {
    let a = _mm512_setr_pd(1.0, -2.5, f64::INFINITY, -0.0, 1e300, 5e-324, 2.5, -7.0);
    let b = _mm512_setr_pd(2.0, 0.5, 1.0, 0.0, 1e300, 5e-324, 3.5, 7.0);
    same_bits(
        &lanes(_mm512_add_pd(a, b)),
        &[3.0, -2.0, f64::INFINITY, 0.0, 2e300, 1e-323, 6.0, 0.0],
    );
    let positive = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(a, _mm512_setzero_pd());
    assert_eq!(positive, 0b0111_0101);
    same_bits(
        &lanes(_mm512_mask_blend_pd(positive, b, a)),
        &[1.0, 0.5, f64::INFINITY, 0.0, 1e300, 5e-324, 2.5, 7.0],
    );
    // The smaller of two, -0 below +0; the number when the other is a quiet NaN.
    let quiet = _mm512_mask_blend_pd(1, a, _mm512_set1_pd(f64::NAN));
    same_bits(
        &lanes(_mm512_range_pd::<0b0100>(quiet, b)),
        &[2.0, -2.5, 1.0, -0.0, 1e300, 5e-324, 2.5, -7.0],
    );
    same_bits(
        &lanes(_mm512_roundscale_pd::<0x08>(a)),
        &[1.0, -2.0, f64::INFINITY, -0.0, 1e300, 0.0, 2.0, -7.0],
    );
    let index = _mm512_setr_epi64(8, 7, 9, 0, 15, 1, 10, 2);
    same_bits(
        &lanes(_mm512_permutex2var_pd(a, index, b)),
        &[2.0, -7.0, 0.5, 1.0, 7.0, -2.5, 1.0, f64::INFINITY],
    );
    same_bits(
        &lanes(_mm512_fmadd_pd(a, b, _mm512_set1_pd(0.25))),
        &[2.25, -1.0, f64::INFINITY, 0.25, f64::INFINITY, 0.25, 9.0, -48.75],
    );
    let whole = _mm512_cvttpd_epi64(a);
    let back = lanes(_mm512_cvtepi64_pd(whole));
    let smallest = i64::MIN as f64;
    same_bits(&back, &[1.0, -2.0, smallest, 0.0, smallest, 0.0, 2.0, -7.0]);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd")]
fn check_integers_and_masks() {
    let bytes: [u8; 64] = std::array::from_fn(|lane| (lane * 7) as u8);
    // SAFETY: the array has the 64 bytes that an unaligned load reads.
    let vector = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
    let large = _mm512_cmpgt_epu8_mask(vector, _mm512_set1_epi8(100));
    let wanted = bytes.iter().rev().fold(0_u64, |mask, &byte| mask << 1 | u64::from(byte > 100));
    assert_eq!(large, wanted);
    assert_eq!(_kand_mask64(large, 0xff), large & 0xff);
    assert_eq!(_knot_mask64(large), !large);
    assert_eq!(_kortestz_mask64_u8(large, 0), 0);

    // A part of a load reads no further than its mask: these bytes end with their slice.
    // SAFETY: the mask covers the three bytes that the slice has.
    let part = unsafe { _mm512_maskz_loadu_epi8(0b111, bytes[61..].as_ptr().cast()) };
    assert_eq!(_mm512_cmpneq_epi8_mask(part, _mm512_setzero_si512()), 0b111);

    let product = _mm512_mullo_epi64(_mm512_set1_epi64(i64::MAX), _mm512_set1_epi64(3));
    let wrapped = _mm512_set1_epi64(i64::MAX.wrapping_mul(3));
    assert_eq!(_mm512_cmpeq_epi64_mask(product, wrapped), 0xff);
    let zeros = _mm256_lzcnt_epi32(_mm256_set1_epi32(0x00f0_0000));
    assert_eq!(_mm256_cmpeq_epi32_mask(zeros, _mm256_set1_epi32(8)), 0xff);
    let shifted = _mm_sllv_epi16(_mm_set1_epi16(3), _mm_setr_epi16(0, 1, 2, 14, 15, 16, 17, -1));
    let wanted = _mm_setr_epi16(3, 6, 12, -16384, -32768, 0, 0, 0);
    assert_eq!(_mm_cmpeq_epi16_mask(shifted, wanted), 0xff);
    let smaller = _mm256_min_epi64(_mm256_set1_epi64x(-1), _mm256_set1_epi64x(1));
    assert_eq!(_mm256_cmpeq_epi64_mask(smaller, _mm256_set1_epi64x(-1)), 0xf);
}

#[test]
fn doubles_add_blend_range_round_permute_and_convert() {
    if level_or_skip("doubles_add_blend_range_round_permute_and_convert") {
        // SAFETY: every feature that the function enables was found on this CPU.
        unsafe { check_doubles() };
    }
}

#[test]
fn integers_and_masks_of_every_register_width() {
    if level_or_skip("integers_and_masks_of_every_register_width") {
        // SAFETY: every feature that the function enables was found on this CPU.
        unsafe { check_integers_and_masks() };
    }
}
