//! What the AVX-512 lanes do by instructions that need a closer look than `lanes.rs` gives: tables of
//! every length (a permutation of one register, of two, or a gather), and the operations that the
//! emulator of `cargo xtask emulate-avx512` gets wrong, on what it gets right. Run at every level of
//! this CPU, since what they hold is the same everywhere.

use lanefn_kernels::lanes::{Element, Integer, Lane, Machine, Scalar};
use lanefn_kernels::level::Level;

/// Something to try in a shape.
trait Check {
    fn run<S: Machine>(s: S);
}

macro_rules! shells {
    ($($(#[$attribute:meta])* $name:ident)*) => {$(
        /// # Safety
        /// This CPU has the level of the shape.
        $(#[$attribute])*
        unsafe fn $name<C: Check, S: Machine>() {
            // SAFETY: the caller's promise.
            C::run(unsafe { S::token() });
        }
    )*};
}
shells! {
    plain
    #[cfg_attr(
        target_arch = "x86_64",
        target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c")
    )]
    avx2
    #[cfg_attr(target_arch = "x86_64", target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c"
    ))]
    avx512
}

/// Runs a check in every shape of every level that this CPU has, and names the levels that it lacks.
fn everywhere<C: Check>(name: &str) {
    for level in Level::ALL {
        if !level.is_present() {
            println!("skipped: {name} at level {level}: this CPU lacks it");
            continue;
        }
        macro_rules! shapes {
            ($shell:ident $shapes:ident) => {{
                $shell::<C, <f64 as Element>::$shapes>();
                $shell::<C, <f32 as Element>::$shapes>();
                $shell::<C, <i16 as Element>::$shapes>();
                $shell::<C, <u8 as Element>::$shapes>();
            }};
        }
        // SAFETY: the level is present.
        unsafe {
            match level {
                Level::Scalar => plain::<C, Scalar>(),
                Level::Baseline => shapes!(plain Baseline),
                Level::Avx2 => shapes!(avx2 Avx2),
                Level::Avx512 => shapes!(avx512 Avx512),
            }
        }
    }
}

/// The largest number of lanes.
const LANES: usize = 64;

/// `n` elements from `from` on, in lanes.
#[inline(always)]
fn lanes<S: Machine, T: Element>(s: S, from: &[T]) -> T::Lane<S> {
    assert!(from.len() >= S::N);
    // SAFETY: there are N elements.
    unsafe { T::load(s, from.as_ptr()) }
}

/// The lanes as elements.
#[inline(always)]
fn elements<S: Machine, T: Element>(lanes: T::Lane<S>) -> [T; LANES] {
    let mut to = [T::ZERO; LANES];
    // SAFETY: there is room for N elements.
    unsafe { T::store::<S>(lanes, to.as_mut_ptr()) };
    to
}

#[test]
fn tables_of_every_length_are_read_up_to_their_last_entry_alone() {
    struct Tables;
    impl Check for Tables {
        #[inline(always)]
        fn run<S: Machine>(s: S) {
            tables::<S, f64>(s);
            tables::<S, f32>(s);
            tables::<S, i64>(s);
            tables::<S, u32>(s);
            tables::<S, i16>(s);
            tables::<S, u8>(s);
            tables::<S, bool>(s);
        }
    }
    #[inline(always)]
    fn tables<S: Machine, T: Element>(s: S) {
        // Entries past a table's end hold another value than the table does anywhere.
        let entries: Vec<T> = (0..40_u8).map(|k| (k ^ 0x55).cast()).collect();
        let indices: Vec<u64> =
            (0..256).map(|i| if i % 7 == 6 { u64::MAX / (i + 1) } else { i * 11 % 43 }).collect();
        for length in 1..=entries.len() {
            let table = &entries[..length];
            for index in indices.chunks_exact(LANES) {
                let got = elements::<S, T>(Lane::lookup(table, lanes(s, index)));
                for lane in 0..S::N {
                    let entry = usize::try_from(index[lane]).unwrap().min(length - 1);
                    assert!(
                        got[lane] == table[entry],
                        "{} lanes of {}: index {} of {length}",
                        S::N,
                        T::DTYPE,
                        index[lane]
                    );
                }
            }
        }
    }
    everywhere::<Tables>("tables");
}

#[test]
fn arithmetic_shifts_of_64_bits_by_any_amount_but_64() {
    struct Shifts;
    impl Check for Shifts {
        #[inline(always)]
        fn run<S: Machine>(s: S) {
            for a in [i64::MIN, i64::MAX, -1, 0, 1, -0x0123_4567_89ab_cdef, 0x7654_3210_0fed_cba9] {
                for by in (-3..130_i64).filter(|by| *by != 64) {
                    let got: [i64; LANES] =
                        elements::<S, i64>(lanes(s, &[a; LANES]).shr(lanes(s, &[by; LANES])));
                    let want = a >> if (0..64).contains(&by) { by } else { 63 };
                    assert_eq!(got[..S::N], [want; LANES][..S::N], "{a} >> {by}, {} lanes", S::N);
                }
            }
        }
    }
    everywhere::<Shifts>("shifts");
}

/// Whole numbers of every size, and those around each power of two; from 2^63 on, even ones alone.
fn whole_numbers() -> Vec<u64> {
    let mut all: Vec<u64> = (0..64)
        .flat_map(|k| [-3, -1, 0, 1, 5].map(|d| (1_u64 << k).wrapping_add_signed(d)))
        .collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for k in 0..200 {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        all.push(state >> (k % 64));
    }
    for number in &mut all {
        *number &= !(*number >> 63);
    }
    all.resize(all.len().next_multiple_of(LANES), 3);
    all
}

#[test]
fn unsigned_numbers_become_the_nearest_floats() {
    struct ToFloats;
    impl Check for ToFloats {
        #[inline(always)]
        fn run<S: Machine>(s: S) {
            for numbers in whole_numbers().chunks_exact(LANES) {
                let got = elements::<S, f64>(lanes::<S, u64>(s, numbers).to_f64());
                for lane in 0..S::N {
                    assert_eq!(got[lane], numbers[lane] as f64, "{} as f64", numbers[lane]);
                }
                // As u64, from 2^31 on even numbers alone.
                let short: Vec<u32> =
                    numbers.iter().map(|v| *v as u32).map(|v| v & !(v >> 31)).collect();
                let got = elements::<S, f32>(lanes::<S, u32>(s, &short).to_f32());
                for lane in 0..S::N {
                    assert_eq!(got[lane], short[lane] as f32, "{} as f32", short[lane]);
                }
            }
        }
    }
    everywhere::<ToFloats>("unsigned to float");
}

#[test]
fn floats_become_unsigned_numbers_below_two_to_the_63_and_saturate_from_two_to_the_64() {
    struct ToWhole;
    impl Check for ToWhole {
        #[inline(always)]
        fn run<S: Machine>(s: S) {
            let mut floats: Vec<f64> = whole_numbers()
                .iter()
                .map(|v| (v >> 1) as f64)
                .filter(|v| *v < 9223372036854775808.0)
                .flat_map(|v| [v, v + 0.5, -v, -v - 0.75])
                .collect();
            floats.extend([f64::NAN, f64::INFINITY, -f64::INFINITY, 1.9e19, 1e300, -1e300, -0.0]);
            floats.extend([5e-324, 0.999, -0.999, 9223372036854774784.0]);
            floats.resize(floats.len().next_multiple_of(LANES), 2.5);
            for some in floats.chunks_exact(LANES) {
                let got = elements::<S, u64>(lanes::<S, f64>(s, some).to_u64());
                for lane in 0..S::N {
                    assert_eq!(got[lane], some[lane] as u64, "{} as u64", some[lane]);
                }
            }
        }
    }
    everywhere::<ToWhole>("float to unsigned");
}
