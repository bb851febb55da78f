//! The peers: plain loops under a level's instructions, `wide`'s types as the target compiles them,
//! and a streaming copy.

use lanefn::kernels::level::Level;

/// Plain loops over the plain functions, compiled once for each level.
pub mod plain {
    use super::Level;

    macro_rules! plain {
        ($name:ident $arguments:tt -> $($t:ident: $out:ty),*) => {
            pub mod $name {
                use super::Level;
                $(plain! { @dtype $name $arguments $t $out })*
            }
        };
        (@dtype $name:ident ($($x:ident),*) $t:ident $out:ty) => {
            pub fn $t(level: Level, $($x: &[$t],)* y: &mut [$out]) {
                #[inline(always)]
                fn body($($x: &[$t],)* y: &mut [$out]) {
                    $(let $x = &$x[..y.len()];)*
                    for i in 0..y.len() {
                        y[i] = lanefn::kernels::problem::$name($($x[i]),*);
                    }
                }
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd")]
                    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
                    fn avx512($($x: &[$t],)* y: &mut [$out]) {
                        body($($x,)* y)
                    }
                    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
                    fn avx2($($x: &[$t],)* y: &mut [$out]) {
                        body($($x,)* y)
                    }
                    match level {
                        // SAFETY: the level is present: it is the one that was chosen.
                        Level::Avx512 => return unsafe { avx512($($x,)* y) },
                        // SAFETY: as above.
                        Level::Avx2 => return unsafe { avx2($($x,)* y) },
                        _ => {}
                    }
                }
                body($($x,)* y)
            }
        };
    }
    plain!(problem(x) -> f64: f64, f32: f32);
    plain!(wind_power(x) -> f64: f64, f32: f32);
    plain!(ten_branches(x) -> f64: f64, f32: f32);
    plain!(leaky_relu(x) -> f64: f64, f32: f32);
    plain!(beaufort(x) -> f64: f64, f32: f32);
    plain!(mandelbrot(re, im) -> f64: u32, f32: u32);
}

/// The same functions written on `wide`'s types: registers of 256 bits, which a target without flags
/// makes of two.
pub mod wides {
    /// A function of one argument: the vector form, and the plain one for what is left.
    macro_rules! wides {
        ($name:ident, |$x:ident, $v:ident, $t:ident| $e:expr) => {
            pub mod $name {
                wides! { @dtype $name f64 f64x4 4 |$x, $v, $t| $e }
                wides! { @dtype $name f32 f32x8 8 |$x, $v, $t| $e }
            }
        };
        (@dtype $name:ident $f:ident $wide:ident $n:literal |$x:ident, $v:ident, $t:ident| $e:expr) => {
            pub fn $f(x: &[$f], y: &mut [$f]) {
                use wide::$wide as $v;
                #[allow(dead_code)]
                type $t = $f;
                let (from, rest) = x.as_chunks::<$n>();
                let (to, rest_to) = y.as_chunks_mut::<$n>();
                for (to, &from) in to.iter_mut().zip(from) {
                    let $x = $v::new(from);
                    *to = { $e }.to_array();
                }
                for (to, &x) in rest_to.iter_mut().zip(rest) {
                    *to = lanefn::kernels::problem::$name(x);
                }
            }
        };
    }

    wides!(problem, |x, V, T| {
        let c = |v: T| V::splat(v);
        x.simd_gt(c(2.0)).select(x + c(1.0), x - c(1.0))
    });

    wides!(wind_power, |x, V, T| {
        let c = |v: T| V::splat(v);
        const CUBED: T = 3.5 * 3.5 * 3.5;
        const SLOPE: T = 2000.0 / (13.0 * 13.0 * 13.0 - CUBED);
        let cubic = c(SLOPE) * (x * x * x - c(CUBED));
        let storm = c(2000.0) - (x - c(25.0)) * c(2000.0 * 0.1);
        let high = x.simd_ge(c(30.0)).select(c(0.0), x);
        let high = x.simd_lt(c(30.0)).select(storm, high);
        let high = x.simd_lt(c(25.0)).select(c(2000.0), high);
        let high = x.simd_lt(c(13.0)).select(cubic, high);
        x.simd_lt(c(3.5)).select(c(0.0), high)
    });

    wides!(ten_branches, |x, V, T| {
        let c = |v: T| V::splat(v);
        let deep = x.simd_lt(c(-100.0)).select(x * c(0.5), x + c(50.0));
        let middle = x.simd_lt(c(-5.0)).select(x * x, c(1.0) / x);
        let shallow = -(-x).sqrt();
        let negative = x.simd_lt(c(-1.0)).select(middle, shallow);
        let negative = x.simd_lt(c(-10.0)).select(deep, negative);
        let small = x.simd_lt(c(0.5)).select(x * x * x, c(1.0) - x);
        let low = x.simd_lt(c(1.0)).select(small, x.sqrt() + (x - c(3.0)) * c(0.25));
        let high = x.simd_lt(c(100.0)).select(x.floor(), c(2.25) - c(1.0) / x);
        let positive = x.simd_lt(c(10.0)).select(low, high);
        x.simd_lt(c(0.0)).select(negative, positive)
    });

    wides!(leaky_relu, |x, V, T| {
        let c = |v: T| V::splat(v);
        x.simd_gt(c(0.0)).select(x, x * c(0.01))
    });

    wides!(beaufort, |x, V, T| {
        use lanefn::kernels::problem::{BEAUFORT, WAVES};
        let mut force = V::splat(0.0);
        for bound in BEAUFORT {
            force += x.simd_ge(V::splat(bound as T)).select(V::splat(1.0), V::splat(0.0));
        }
        V::new(force.to_array().map(|force| WAVES[force as usize] as T))
    });

    pub mod mandelbrot {
        macro_rules! escape {
            ($f:ident $v:ident $n:literal) => {
                pub fn $f(re: &[$f], im: &[$f], count: &mut [u32]) {
                    use wide::$v as V;
                    let (re, re_rest) = re.as_chunks::<$n>();
                    let (im, im_rest) = im.as_chunks::<$n>();
                    let (to, to_rest) = count.as_chunks_mut::<$n>();
                    for ((to, &re), &im) in to.iter_mut().zip(re).zip(im) {
                        let (re, im) = (V::new(re), V::new(im));
                        let (mut x, mut y) = (V::splat(0.0), V::splat(0.0));
                        let mut turns = V::splat(0.0);
                        let mut running = V::splat(0.0).simd_eq(V::splat(0.0));
                        for _ in 0..256 {
                            let (xx, yy) = (x * x, y * y);
                            // Not `<=`: what is NaN is not outside.
                            running &= !(xx + yy).simd_gt(V::splat(4.0));
                            if running.none() {
                                break;
                            }
                            turns += running & V::splat(1.0);
                            y = V::splat(2.0) * x * y + im;
                            x = xx - yy + re;
                        }
                        *to = turns.to_array().map(|t| t as u32);
                    }
                    for ((to, &re), &im) in to_rest.iter_mut().zip(re_rest).zip(im_rest) {
                        *to = lanefn::kernels::problem::mandelbrot(re, im);
                    }
                }
            };
        }
        escape!(f64 f64x4 4);
        escape!(f32 f32x8 8);
    }
}

/// A copy that writes past the caches, with the widest stores that every x86-64 has.
pub fn copy_streaming<T: Copy>(from: &[T], to: &mut [T]) {
    assert!(from.len() == to.len());
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};
        let bytes = size_of_val(from);
        let (source, target) = (from.as_ptr().cast::<u8>(), to.as_mut_ptr().cast::<u8>());
        let ahead = ((target as usize).wrapping_neg() % 64).min(bytes);
        // SAFETY: both are `bytes` long; whole lines at aligned addresses are streamed, the two ends
        // are copied.
        unsafe {
            std::ptr::copy_nonoverlapping(source, target, ahead);
            let lines = (bytes - ahead) / 64;
            for line in 0..lines {
                let at = ahead + 64 * line;
                let (s, t) = (source.add(at).cast::<__m128i>(), target.add(at).cast::<__m128i>());
                for k in 0..4 {
                    _mm_stream_si128(t.add(k), _mm_loadu_si128(s.add(k)));
                }
            }
            let done = ahead + 64 * lines;
            std::ptr::copy_nonoverlapping(source.add(done), target.add(done), bytes - done);
            _mm_sfence();
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    to.copy_from_slice(from);
}
