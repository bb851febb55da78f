//! SLEEF's AVX2 functions, from the shared library where it is installed.

#![allow(improper_ctypes_definitions, reason = "vectors are passed as the library's C passes them")]

use std::sync::LazyLock;

use super::{Call, Peer};

static LIBRARY: LazyLock<Option<libloading::Library>> = LazyLock::new(|| {
    if !std::arch::is_x86_feature_detected!("avx2") || !std::arch::is_x86_feature_detected!("fma") {
        return None;
    }
    // SAFETY: SLEEF's initialisers look at the CPU and do nothing else.
    unsafe { libloading::Library::new("libsleef.so.3") }.ok()
});

macro_rules! sleef {
    ($($name:ident $bound:literal $($two:ident)?;)*) => {
        pub const PEERS: &[Peer] = &[$(
            Peer { function: stringify!($name), name: concat!("sleef-", $bound), call: Call::Double(|x, y| {
                sleef!(@run $($two)?)(concat!("Sleef_", stringify!($name), "d4_", $bound, "avx2\0"), x, y)
            }) },
            Peer { function: stringify!($name), name: concat!("sleef-", $bound), call: Call::Single(|x, y| {
                sleef!(@run_single $($two)?)(concat!("Sleef_", stringify!($name), "f8_", $bound, "avx2\0"), x, y)
            }) },
        )*];
    };
    (@run two) => { double::two };
    (@run) => { double::one };
    (@run_single two) => { single::two };
    (@run_single) => { single::one };
}
sleef! {
    exp "u10"; exp2 "u10"; exp10 "u10"; expm1 "u10"; log "u10"; log2 "u10"; log10 "u10"; log1p "u10";
    pow "u10" two; cbrt "u10"; hypot "u05" two; sin "u10"; cos "u10"; tan "u10"; sinpi "u05"; cospi "u05";
    asin "u10"; acos "u10"; atan "u10"; atan2 "u10" two; sinh "u10"; cosh "u10"; tanh "u10";
    asinh "u10"; acosh "u10"; atanh "u10"; erf "u10"; erfc "u15"; gamma "u10"; lgamma "u10";
}

macro_rules! loops {
    ($module:ident $t:ident $vector:ident $n:literal $load:ident $store:ident) => {
        mod $module {
            use std::arch::x86_64::*;

            pub fn one(symbol: &str, x: &[&[$t]], y: &mut [$t]) -> bool {
                type Function = unsafe extern "C" fn($vector) -> $vector;
                #[target_feature(enable = "avx2,fma")]
                unsafe fn run(f: Function, x: &[$t], y: &mut [$t]) {
                    for (y, x) in y.chunks_exact_mut($n).zip(x.chunks_exact($n)) {
                        // SAFETY: each chunk is one vector; the library's function takes and gives one.
                        unsafe { $store(y.as_mut_ptr(), f($load(x.as_ptr()))) };
                    }
                }
                let Some(library) = super::LIBRARY.as_ref() else { return false };
                // SAFETY: the name says the type: vectors of this element in AVX2 registers.
                let Ok(f) = (unsafe { library.get::<Function>(symbol.as_bytes()) }) else {
                    return false;
                };
                // SAFETY: the library is there only where the CPU has AVX2 and FMA.
                unsafe { run(*f, x[0], y) };
                true
            }

            pub fn two(symbol: &str, x: &[&[$t]], y: &mut [$t]) -> bool {
                type Function = unsafe extern "C" fn($vector, $vector) -> $vector;
                #[target_feature(enable = "avx2,fma")]
                unsafe fn run(f: Function, a: &[$t], b: &[$t], y: &mut [$t]) {
                    let inputs = a.chunks_exact($n).zip(b.chunks_exact($n));
                    for (y, (a, b)) in y.chunks_exact_mut($n).zip(inputs) {
                        // SAFETY: as above, with two vectors.
                        unsafe { $store(y.as_mut_ptr(), f($load(a.as_ptr()), $load(b.as_ptr()))) };
                    }
                }
                let Some(library) = super::LIBRARY.as_ref() else { return false };
                // SAFETY: as above.
                let Ok(f) = (unsafe { library.get::<Function>(symbol.as_bytes()) }) else {
                    return false;
                };
                // SAFETY: as above.
                unsafe { run(*f, x[0], x[1], y) };
                true
            }
        }
    };
}
loops!(double f64 __m256d 4 _mm256_loadu_pd _mm256_storeu_pd);
loops!(single f32 __m256 8 _mm256_loadu_ps _mm256_storeu_ps);
