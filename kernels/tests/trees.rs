//! Trees along runs of every length, at every level, against the order written out.

use lanefn_kernels::{
    fold::Tree,
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
