//! Logarithms, powers, roots and logistic functions: special values, and laws that hold to the bit or
//! nearly, at every level and for both dtypes.

mod common;

use common::*;
use lanefn::kernels::lanes::Dtype;
use lanefn_accuracy::sweep;
use proptest::prelude::*;

/// The smallest subnormal and normal numbers of a dtype, and the largest.
fn ends(dtype: Dtype) -> (f64, f64, f64) {
    match dtype {
        Dtype::F64 => (5e-324, f64::MIN_POSITIVE, f64::MAX),
        _ => (f32::from_bits(1).into(), f32::MIN_POSITIVE.into(), f32::MAX.into()),
    }
}

fn table(name: &str, rows: &[(f64, f64)]) {
    for dtype in DTYPES {
        let x: Vec<_> = rows.iter().map(|r| r.0).collect();
        for (row, got) in rows.iter().zip(run(name, dtype, &x)) {
            assert!(same(got, row.1), "{name} {dtype} of {:?}: {got:?}, not {:?}", row.0, row.1);
        }
    }
}

fn table2(name: &str, rows: &[(f64, f64, f64)]) {
    for dtype in DTYPES {
        let (x, y): (Vec<_>, Vec<_>) = rows.iter().map(|r| (r.0, r.1)).unzip();
        for (row, got) in rows.iter().zip(run2(name, dtype, &x, &y)) {
            let (x, y, t) = *row;
            assert!(same(got, t), "{name} {dtype} of {x:?}, {y:?}: {got:?}, not {t:?}");
        }
    }
}

#[test]
fn logarithms_have_the_special_values_of_annex_f() {
    for name in ["log", "log2", "log10"] {
        let rows = [
            (0.0, -INF),
            (-0.0, -INF),
            (1.0, 0.0),
            (-1.0, NAN),
            (-1e-40, NAN),
            (-INF, NAN),
            (INF, INF),
            (NAN, NAN),
        ];
        table(name, &rows);
    }
    table(
        "log1p",
        &[
            (0.0, 0.0),
            (-0.0, -0.0),
            (-1.0, -INF),
            (-1.5, NAN),
            (-INF, NAN),
            (INF, INF),
            (NAN, NAN),
            (1e-30f32.into(), 1e-30f32.into()),
        ],
    );
}

#[test]
fn pow_has_the_special_values_of_annex_f() {
    let mut rows = vec![
        (-1.0, INF, 1.0),
        (-1.0, -INF, 1.0),
        (-8.0, 1.0 / 3.0f32 as f64, NAN),
        (-8.0, 2.5, NAN),
        (-1e-40, 0.5, NAN),
        (NAN, 1.0, NAN),
        (NAN, -2.0, NAN),
        (2.0, NAN, NAN),
        (-1.0, NAN, NAN),
        (-2.0, 3.0, -8.0),
        (-2.0, 4.0, 16.0),
        (-2.0, -3.0, -0.125),
        (2.0, 1e30, INF),
        (2.0, -1e30, 0.0),
        (-2.0, 1e30, INF),
        (-2.0, 2001.0, -INF),
        (-2.0, -2001.0, -0.0),
    ];
    for any in [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0, 1e30, -1e30, INF, -INF, NAN] {
        rows.extend([(any, 0.0, 1.0), (any, -0.0, 1.0), (1.0, any, 1.0)]);
    }
    for (zero, odd) in [(0.0, INF), (-0.0, -INF)] {
        rows.extend([(zero, -3.0, odd), (zero, -4.0, INF), (zero, -0.5, INF)]);
        rows.extend([(zero, 3.0, zero), (zero, 4.0, 0.0), (zero, 0.5, 0.0)]);
        rows.extend([(zero, -INF, INF), (zero, INF, 0.0), (zero, NAN, NAN)]);
    }
    for small in [0.5, -0.5, 1e-42] {
        rows.extend([(small, INF, 0.0), (small, -INF, INF)]);
    }
    for large in [2.0, -2.0, INF, -INF] {
        rows.extend([(large, INF, INF), (large, -INF, 0.0)]);
    }
    rows.extend([(INF, 0.5, INF), (INF, -0.5, 0.0)]);
    rows.extend([(-INF, 3.0, -INF), (-INF, 4.0, INF), (-INF, 0.5, INF)]);
    rows.extend([(-INF, -3.0, -0.0), (-INF, -4.0, 0.0), (-INF, -0.5, 0.0)]);
    table2("pow", &rows);
}

#[test]
fn roots_have_the_special_values_of_annex_f() {
    let ends = [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (NAN, NAN)];
    table("cbrt", &ends);
    table("cbrt", &[(-INF, -INF), (-27.0, -3.0)]);
    table("sqrt", &ends);
    table("sqrt", &[(-INF, NAN), (-1e-40, NAN), (4.0, 2.0)]);
    table("rsqrt", &[(0.0, INF), (-0.0, -INF), (INF, 0.0), (-1.0, NAN), (-INF, NAN), (NAN, NAN)]);
    let mut rows = vec![(3.0, -4.0, 5.0), (NAN, 1.0, NAN), (1.0, NAN, NAN), (0.0, NAN, NAN)];
    for any in [0.0, -1.0, INF, -INF, NAN] {
        rows.extend([(INF, any, INF), (any, -INF, INF)]);
    }
    for zero in [0.0, -0.0] {
        rows.extend([(zero, zero, 0.0), (zero, -zero, 0.0), (zero, -7.0, 7.0)]);
    }
    table2("hypot", &rows);
}

/// That a sum of exponentials is within its bound for these pairs.
fn sums_are_within_their_bounds(name: &str, pairs: impl Iterator<Item = (f64, f64)>) {
    let (_, of, oracle) = sweep::functions(Dtype::F64).find(|(f, ..)| f.name == name).expect(name);
    let bound = of.bound.expect("it has one");
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.unzip();
    for (i, got) in run2(name, Dtype::F64, &x, &y).into_iter().enumerate() {
        let error = oracle.error(Dtype::F64, [x[i], y[i]], got, 0.0);
        assert!(error <= bound, "{name}({:e}, {:?}): {error}", x[i], y[i]);
    }
}

/// A few of the smallest numbers and an exponential that is hardly larger: their sum is rounded, and not the
/// exponential before it.
#[test]
fn sums_of_tiny_numbers_are_within_their_bounds() {
    let n = 1 << 14;
    for (name, scale) in [("logaddexp", 1.0), ("logaddexp2", std::f64::consts::LOG2_E)] {
        let tiny =
            |i: i32| f64::from(i % 64 - 32) * [5e-324, 1e-322, 3e-310, 2e-305][i as usize / 64 % 4];
        let far = |i: i32| -scale * (698.0 + 49.0 * (f64::from(i) + 0.382) / f64::from(n));
        sums_are_within_their_bounds(name, (0..n).map(|i| (tiny(i), far(i))));
    }
}

/// What is added is up to 2.8 times what it is added to, and the rest of half the size: what the exponential is
/// off by counts twice.
#[test]
fn sums_that_cancel_in_part_are_within_their_bounds() {
    let n = 1 << 18;
    for (name, ln) in [("logaddexp", 1.0), ("logaddexp2", std::f64::consts::LN_2)] {
        let below = |i: i32| 10f64.powf(-3.0 - 9.0 * f64::from(i % 1009) / 1009.0);
        let ratio = |i: i32| 1.3 + 1.5 * (f64::from(i) + 0.382) / f64::from(n);
        let other = |i: i32| (ln * below(i) * ratio(i)).ln() / ln;
        sums_are_within_their_bounds(name, (0..n).map(|i| (-below(i), other(i))));
    }
}

#[test]
fn logistic_functions_have_the_special_values_of_their_limits() {
    table("sigmoid", &[(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (1e9, 1.0), (NAN, NAN)]);
    table("logit", &[(0.0, -INF), (-0.0, -INF), (0.5, 0.0), (1.0, INF), (NAN, NAN)]);
    table("logit", &[(-1e-40, NAN), (1.25, NAN), (INF, NAN), (-INF, NAN)]);
    table("softplus", &[(-INF, 0.0), (INF, INF), (-1e9, 0.0), (1e9, 1e9), (NAN, NAN)]);
    for name in ["logaddexp", "logaddexp2"] {
        let mut rows = vec![(INF, INF, INF), (-INF, -INF, -INF), (INF, -INF, INF)];
        for x in [-3.5, 0.0, 1e30f32.into(), INF] {
            rows.extend([(x, -INF, x), (-INF, x, x), (x, NAN, NAN), (NAN, x, NAN)]);
        }
        rows.extend([(-0.0, -INF, 0.0), (-0.0, -1e30, 0.0), (INF, -1.0, INF)]);
        table2(name, &rows);
    }
    table2("logaddexp2", &[(-1.0, -1.0, 0.0), (4.0, 4.0, 5.0)]);
    let mut rows = vec![(1.0, 0.0, -INF), (-1.0, 0.0, INF), (2.0, -1.0, NAN), (2.0, 1.0, 0.0)];
    for zero in [0.0, -0.0] {
        for y in [0.0, -0.0, 0.5, 2.0, -1.0, INF, -INF] {
            rows.push((zero, y, 0.0));
        }
        rows.push((zero, NAN, NAN));
    }
    rows.extend([(NAN, 1.0, NAN), (INF, 2.0, INF), (INF, 0.5, -INF), (INF, 1.0, NAN)]);
    table2("xlogy", &rows);
}

#[test]
fn powers_of_two_are_exact_both_ways() {
    for (dtype, from, to) in [(Dtype::F64, -1074, 1024), (Dtype::F32, -149, 128)] {
        let k: Vec<f64> = (from..to).map(f64::from).collect();
        let x: Vec<f64> = k.iter().map(|k| k.exp2()).collect();
        assert_eq!(run("log2", dtype, &x), k);
        assert_eq!(run2("pow", dtype, &vec![2.0; k.len()], &k), x);
    }
}

#[test]
fn powers_of_ten_have_exact_logarithms() {
    for (dtype, to) in [(Dtype::F64, 23), (Dtype::F32, 11)] {
        let k: Vec<f64> = (0..to).map(f64::from).collect();
        let x: Vec<f64> = (0..to).map(|k| 10f64.powi(k)).collect();
        assert_eq!(run("log10", dtype, &x), k);
    }
}

#[test]
fn cubes_and_pythagorean_triples_have_exact_roots() {
    let n: Vec<f64> = (-200..=200).map(f64::from).collect();
    let scaled = |by: f64| n.iter().map(|x| x * by).collect::<Vec<_>>();
    for dtype in DTYPES {
        let cubes: Vec<f64> = n.iter().map(|x| x * x * x).collect();
        assert_eq!(run("cbrt", dtype, &cubes), n);
        let c = run2("hypot", dtype, &scaled(20.0), &scaled(-21.0));
        assert_eq!(c, n.iter().map(|x| 29.0 * x.abs()).collect::<Vec<_>>());
    }
}

#[test]
fn hypot_of_the_largest_and_the_smallest_neither_overflows_nor_vanishes() {
    for dtype in DTYPES {
        let (least, _, most) = ends(dtype);
        let x = [most, most / 2.0, 3.0 * least, most];
        let y = [least, most / 2.0, 4.0 * least, most];
        let got = run2("hypot", dtype, &x, &y);
        assert_eq!(got[0], most);
        assert!((got[1] / most - 0.5f64.sqrt()).abs() < 1e-6);
        assert_eq!(got[2], 5.0 * least);
        assert_eq!(got[3], INF);
    }
}

/// The next number of the dtype, for positive numbers.
fn next(dtype: Dtype, x: f64) -> f64 {
    if dtype == Dtype::F32 { (x as f32).next_up().into() } else { x.next_up() }
}

/// Positive numbers of every size, and those about 1.
fn positive() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-149.0..127.9f64).prop_map(f64::exp2),
        0.5..2.0f64,
        (-23.0..-1.0f64).prop_map(|k| 1.0 - k.exp2()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn logarithms_never_fall_by_more_than_rounding(x in positive()) {
        for dtype in DTYPES {
            let x = rounded(dtype, x);
            // Far enough on that the true values are an ULP apart.
            let y = rounded(dtype, x * (1.0 + 8.0 * epsilon(dtype) * x.ln().abs().max(0.5)));
            let y = if y > x { y } else { next(dtype, x) };
            for name in ["log", "log2", "log10"] {
                let got = run(name, dtype, &[x, y]);
                prop_assert!(got[0] <= got[1], "{name} {dtype} of {x:?}, {y:?}: {got:?}");
            }
            let got = run("log1p", dtype, &[x, 2.0 * x, -0.25 * x.min(1.0), -0.5 * x.min(1.0)]);
            prop_assert!(got[0] < got[1] && got[2] >= got[3], "log1p of {x:?}: {got:?}");
        }
    }

    #[test]
    fn the_cube_root_is_odd_and_hypot_even_and_symmetric_to_the_bit(x in positive(), y in positive()) {
        for dtype in DTYPES {
            let root = run("cbrt", dtype, &[x, -x]);
            prop_assert!(same(root[0], -root[1]));
            let r = run2("hypot", dtype, &[x, -x, x, y, -y], &[y, y, -y, x, -x]);
            prop_assert!(r.iter().all(|v| same(*v, r[0])), "{dtype} {x:?} {y:?}: {r:?}");
        }
    }

    #[test]
    fn a_whole_power_of_a_negative_number_has_the_sign_of_the_parity(
        x in positive(),
        n in -40..40i32,
    ) {
        for dtype in DTYPES {
            let r = run2("pow", dtype, &[x, -x], &[n.into(), n.into()]);
            let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
            prop_assert!(same(r[1], sign * r[0]), "{dtype} {x:?} to {n}: {r:?}");
        }
    }

    #[test]
    fn the_first_power_is_the_number_and_the_half_power_the_root(x in positive()) {
        for dtype in DTYPES {
            let x = rounded(dtype, x);
            let power = run2("pow", dtype, &[x, x, x], &[1.0, 0.5, -0.5]);
            prop_assert!(same(power[0], x), "{dtype} {x:?}: {power:?}");
            for (name, power) in [("sqrt", power[1]), ("rsqrt", power[2])] {
                let root = run(name, dtype, &[x])[0];
                prop_assert!((power / root - 1.0).abs() <= 1.01 * epsilon(dtype));
            }
        }
    }

    #[test]
    fn logit_takes_sigmoid_back(x in -5.0..5.0f64) {
        for dtype in DTYPES {
            let x = rounded(dtype, x);
            let p = run("sigmoid", dtype, &[x]);
            let back = run("logit", dtype, &p)[0];
            // An ULP of p is 1 / (p (1 - p)) of x, 152 at most.
            prop_assert!((back - x).abs() <= 160.0 * epsilon(dtype), "{dtype} {x:?}: {back:?}");
        }
    }

    #[test]
    fn softplus_is_logaddexp_with_0(x in -100.0..100.0f64) {
        for dtype in DTYPES {
            let x = rounded(dtype, x);
            let y = run("softplus", dtype, &[x])[0];
            for z in run2("logaddexp", dtype, &[x, 0.0], &[0.0, x]) {
                prop_assert!((y / z - 1.0).abs() <= 1.01 * epsilon(dtype), "{dtype} {x:?}: {y:?} {z:?}");
            }
        }
    }

    #[test]
    fn logaddexp_is_symmetric_to_the_bit(x in -800.0..800.0f64, by in -50.0..50.0f64) {
        for dtype in DTYPES {
            let (x, y) = (rounded(dtype, x), rounded(dtype, x + by));
            for name in ["logaddexp", "logaddexp2"] {
                let r = run2(name, dtype, &[x, y], &[y, x]);
                prop_assert!(same(r[0], r[1]), "{name} {dtype} of {x:?}, {y:?}: {r:?}");
                prop_assert!(r[0] >= x.max(y));
            }
        }
    }

    #[test]
    fn xlogy_is_the_product(x in -1e3..1e3f64, y in positive()) {
        for dtype in DTYPES {
            let (x, y) = (rounded(dtype, x), rounded(dtype, y));
            let product = rounded(dtype, x * run("log", dtype, &[y])[0]);
            let got = run2("xlogy", dtype, &[x], &[y])[0];
            prop_assert!(
                got == product || (got / product - 1.0).abs() <= 2.01 * epsilon(dtype),
                "{dtype} {x:?}, {y:?}: {got:?}, not {product:?}"
            );
        }
    }
}
