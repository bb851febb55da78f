//! Trees along runs of every length and across rows, at every level, against the order written out.

use lanefn_kernels::{
    fold::{ROWS, Tree},
    level::Level,
    math::{MAXIMA, MINIMA, PRODUCTS, SUMS},
};

/// The order of NumPy's sums.
fn tree<T: Copy>(f: fn(T, T) -> T, x: &[T]) -> T {
    let one_by_one = |first: T, rest: &[T]| rest.iter().fold(first, |a, &b| f(a, b));
    match x.len() {
        0..8 => one_by_one(x[0], &x[1..]),
        8..=128 => {
            let mut r: [T; 8] = x[..8].try_into().expect("eight");
            let whole = x.len() / 8 * 8;
            for (i, &y) in x[..whole].iter().enumerate().skip(8) {
                r[i % 8] = f(r[i % 8], y);
            }
            let [a, b, c, d, e, g, h, i] = r;
            one_by_one(f(f(f(a, b), f(c, d)), f(f(e, g), f(h, i))), &x[whole..])
        }
        n => {
            let left = n / 2 / 8 * 8;
            f(tree(f, &x[..left]), tree(f, &x[left..]))
        }
    }
}

macro_rules! of {
    ($name:ident $t:ident $place:literal) => {
        fn $name(name: &str, trees: &[Tree; 2], f: fn($t, $t) -> $t) {
            // As large as NumPy's own sums differ in from any other order; products stay near 1.
            let number = |i: usize| ((i * 7919 % 1013) as $t / 1013.0 - 0.5).mul_add(0.25, 1.0);
            let lengths = (1..1400).chain([2047, 2048, 2049, 4095, 4096, 4104, 10_000, 100_003]);
            for n in lengths {
                let signed = name != "products";
                let x: Vec<$t> = (0..n)
                    .map(|i| if signed && i % 3 == 0 { -number(i) } else { number(i) })
                    .collect();
                for level in Level::present() {
                    let mut out: $t = 0.0;
                    // SAFETY: `n` elements, room for one, a level that is present.
                    unsafe {
                        trees[$place].run(level)(x.as_ptr().cast(), n, (&raw mut out).cast());
                    }
                    let want = tree(f, &x);
                    assert_eq!(out.to_bits(), want.to_bits(), "{name}, {n} elements, {level:?}");
                }
            }
        }
    };
}
of! { of_f32 f32 0 }
of! { of_f64 f64 1 }

#[test]
fn every_length_is_joined_in_the_order_of_the_tree() {
    for level in Level::ALL.iter().filter(|l| !Level::present().contains(l)) {
        println!("skipped: {}, which this CPU lacks", level.name());
    }
    of_f32("sums", &SUMS, |a, b| a + b);
    of_f64("sums", &SUMS, |a, b| a + b);
    of_f32("products", &PRODUCTS, |a, b| a * b);
    of_f64("products", &PRODUCTS, |a, b| a * b);
    of_f32("maxima", &MAXIMA, f32::max);
    of_f64("maxima", &MAXIMA, f64::max);
    of_f32("minima", &MINIMA, f32::min);
    of_f64("minima", &MINIMA, f64::min);
}

macro_rules! extremes_of {
    ($name:ident $t:ident $bits:ident $place:literal) => {
        /// What the run gives at each level, the first element so many bytes into the memory.
        fn $name(memory: &mut Vec<u8>, x: &[$t], off: usize) {
            memory.clear();
            memory.resize(off, 0);
            memory.extend(x.iter().flat_map(|v| v.to_ne_bytes()));
            let order = |v: &$t| {
                let bits = v.to_bits() as i64;
                let bits = bits << (64 - 8 * size_of::<$t>());
                bits ^ ((bits >> 63) as u64 >> 1) as i64
            };
            let nan = x.iter().find(|v| v.is_nan());
            let largest = nan.or(x.iter().max_by_key(|v| order(v))).expect("not empty");
            let smallest = nan.or(x.iter().min_by_key(|v| order(v))).expect("not empty");
            for (name, trees, want) in [("maxima", &MAXIMA, largest), ("minima", &MINIMA, smallest)]
            {
                for level in Level::present() {
                    let mut out = [0u8; size_of::<$t>() + 1];
                    // SAFETY: the elements, room for one at an odd place, a level that is present.
                    unsafe {
                        let run = trees[$place].run(level);
                        run(memory[off..].as_ptr(), x.len(), out[1..].as_mut_ptr());
                    }
                    let out = $bits::from_ne_bytes(out[1..].try_into().expect("one"));
                    assert_eq!(out, want.to_bits(), "{name}, {} at {off}, {level:?}", x.len());
                }
            }
        }
    };
}
extremes_of! { extremes_f32 f32 u32 0 }
extremes_of! { extremes_f64 f64 u64 1 }

#[test]
fn extremes_are_those_of_any_order_with_signs_of_zeros_and_the_first_nan() {
    let mut memory = Vec::new();
    let mut of = |x: &[f64], off: usize| {
        extremes_f64(&mut memory, x, off);
        // NaN keep the payload's upper bits.
        let x: Vec<f32> = x.iter().map(|&v| v as f32).collect();
        extremes_f32(&mut memory, &x, off);
    };
    let number = |i: usize| ((i * 7919 % 1013) as f64 / 1013.0 - 0.5) * 8.0;
    let nan = |k: usize| f64::from_bits(0x7ff8_0000_0000_0000 | (k as u64) << 30);
    for n in 1..=200 {
        for off in [0, 1, 4, 8, 24] {
            of(&(0..n).map(number).collect::<Vec<_>>(), off);
        }
        // Zeros of both signs as the largest and as the smallest, each sign alone at every third place.
        for k in (0..n).step_by(3) {
            for zero in [0.0, -0.0] {
                let zeros = |i| if i == k { zero } else { -zero };
                of(&(0..n).map(zeros).collect::<Vec<_>>(), 8);
                let below = |i| if i % 2 == k % 2 { zeros(i) } else { -1.0 - number(i).abs() };
                of(&(0..n).map(below).collect::<Vec<_>>(), 0);
                of(&(0..n).map(|i| -below(i)).collect::<Vec<_>>(), 0);
            }
            let infinite = [f64::INFINITY, f64::NEG_INFINITY][k % 2];
            of(&(0..n).map(|i| if i == k { infinite } else { number(i) }).collect::<Vec<_>>(), 0);
        }
        // One NaN at every place, and others with a payload of their own behind it.
        for k in 0..n {
            let first = |i| if i == k { -nan(k) } else { number(i) };
            of(&(0..n).map(first).collect::<Vec<_>>(), 0);
            let more = |i| if i >= k && (i - k) % 5 == 0 { nan(i) } else { number(i) };
            of(&(0..n).map(more).collect::<Vec<_>>(), 8);
        }
    }
    // Where runs are read in several streams.
    let long = 4 * 8192;
    for n in [long / 2 - 1, long / 2, long / 2 + 9, long - 1, long, long + 1, 2 * long + 1003] {
        of(&(0..n).map(number).collect::<Vec<_>>(), 8);
        for k in [0, 1, 4096, 8191, 8192, 20_000, n - 1].into_iter().filter(|&k| k < n) {
            for odd in [9.0, -9.0, nan(3), f64::INFINITY, f64::NEG_INFINITY] {
                of(&(0..n).map(|i| if i == k { odd } else { number(i) }).collect::<Vec<_>>(), 0);
            }
            of(&(0..n).map(|i| if i == k { 0.0 } else { -0.0 }).collect::<Vec<_>>(), 0);
            of(&(0..n).map(|i| if i == k { -0.0 } else { 0.0 }).collect::<Vec<_>>(), 0);
        }
    }
}

macro_rules! rows_of {
    ($name:ident $t:ident $place:literal) => {
        fn $name(name: &str, trees: &[Tree; 2], f: fn($t, $t) -> $t) {
            let places = (0..70).flat_map(|n| [0, 1, 8].map(|off| (n, off)));
            let levels = Level::present();
            for ((n, off), &level) in places.flat_map(|p| levels.iter().map(move |l| (p, l))) {
                let number = |i: usize| ((i * 7919 % 1013) as $t / 1013.0 - 0.5).mul_add(0.25, 1.0);
                let stride = n * size_of::<$t>() + off;
                let mut memory = vec![0u8; off + (ROWS + 1) * stride + 16];
                for r in 0..ROWS {
                    for c in 0..n {
                        let at = off + r * stride + c * size_of::<$t>();
                        let bytes = number(r * 97 + c).to_ne_bytes();
                        memory[at..at + bytes.len()].copy_from_slice(&bytes);
                    }
                }
                // To a row of its own, and to the first one.
                for to in [ROWS, 0] {
                    let base = memory.as_mut_ptr().wrapping_add(off);
                    let rows = std::array::from_fn(|r| base.wrapping_add(r * stride).cast_const());
                    // SAFETY: rows of `n` elements each, a level that is present.
                    unsafe { trees[$place].rows(level)(&rows, base.wrapping_add(to * stride), n) };
                    let made = &memory[off + to * stride..];
                    for (c, out) in made.chunks_exact(size_of::<$t>()).take(n).enumerate() {
                        let want = (1..ROWS).fold(number(c), |a, r| f(a, number(r * 97 + c)));
                        let out = $t::from_ne_bytes(out.try_into().expect("one"));
                        assert_eq!(
                            out.to_bits(),
                            want.to_bits(),
                            "{name} {n} {off} {to} {level:?}"
                        );
                    }
                    // And nothing behind it.
                    let behind = off + (to + 1) * stride;
                    assert!(to == 0 || memory[behind..].iter().all(|b| *b == 0), "{name} {n}");
                }
            }
        }
    };
}
rows_of! { rows_f32 f32 0 }
rows_of! { rows_f64 f64 1 }

#[test]
fn rows_are_joined_one_after_the_other() {
    rows_f32("sums", &SUMS, |a, b| a + b);
    rows_f64("sums", &SUMS, |a, b| a + b);
    rows_f32("products", &PRODUCTS, |a, b| a * b);
    rows_f64("products", &PRODUCTS, |a, b| a * b);
    rows_f32("maxima", &MAXIMA, f32::max);
    rows_f64("maxima", &MAXIMA, f64::max);
    rows_f32("minima", &MINIMA, f32::min);
    rows_f64("minima", &MINIMA, f64::min);
}
