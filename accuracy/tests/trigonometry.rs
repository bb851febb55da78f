//! The laws of the trigonometric functions and their inverses, at every level.

use core::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

mod common;

use common::*;
use lanefn::kernels::{lanes::Dtype, math};
use lanefn_accuracy::sweep::{self, Oracle};
use proptest::prelude::*;

fn two(name: &str, dtype: Dtype, y: f64, x: f64) -> f64 {
    run2(name, dtype, &[y], &[x])[0]
}

/// A number of any bits and a moderate one, in both dtypes.
fn numbers(bits: u64) -> [(Dtype, f64); 4] {
    let near = bits as i64 as f64 * 2f64.powi(-60);
    [
        (Dtype::F64, f64::from_bits(bits)),
        (Dtype::F32, f64::from(f32::from_bits(bits as u32))),
        (Dtype::F64, near),
        (Dtype::F32, rounded(Dtype::F32, near)),
    ]
}

#[test]
fn special_values_are_those_of_annex_f() {
    let table: &[(&str, &[(f64, f64)])] = &[
        ("sin", &[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]),
        ("cos", &[(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]),
        ("tan", &[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]),
        ("sinpi", &[(0.0, 0.0), (-0.0, -0.0), (1.0, 0.0), (-1.0, -0.0), (2.0, 0.0), (-7.0, -0.0)]),
        ("sinpi", &[(0.5, 1.0), (1.5, -1.0), (-0.5, -1.0), (1e30, 0.0), (-1e30, -0.0)]),
        ("sinpi", &[(INF, NAN), (-INF, NAN), (NAN, NAN)]),
        ("cospi", &[(0.0, 1.0), (1.0, -1.0), (-2.0, 1.0), (0.5, 0.0), (-0.5, 0.0), (1.5, 0.0)]),
        ("cospi", &[(-2.5, 0.0), (1e30, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]),
        ("tanpi", &[(0.0, 0.0), (-0.0, -0.0), (1.0, -0.0), (-1.0, 0.0), (2.0, 0.0), (-2.0, -0.0)]),
        ("tanpi", &[(3.0, -0.0), (0.5, INF), (1.5, -INF), (-0.5, -INF), (-1.5, INF), (2.5, INF)]),
        ("tanpi", &[(1e30, 0.0), (-1e30, -0.0), (0.25, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN)]),
        ("asin", &[(0.0, 0.0), (-0.0, -0.0), (1.0, FRAC_PI_2), (-1.0, -FRAC_PI_2)]),
        ("asin", &[(1.001, NAN), (-1.001, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN)]),
        ("acos", &[(1.0, 0.0), (-1.0, PI), (0.0, FRAC_PI_2), (-0.0, FRAC_PI_2)]),
        ("acos", &[(1.001, NAN), (-1.001, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN)]),
        ("atan", &[(0.0, 0.0), (-0.0, -0.0), (1.0, FRAC_PI_4), (-1.0, -FRAC_PI_4)]),
        ("atan", &[(INF, FRAC_PI_2), (-INF, -FRAC_PI_2), (NAN, NAN)]),
    ];
    for dtype in DTYPES {
        for (name, lines) in table {
            for &(x, expected) in *lines {
                let (got, expected) = (one(name, dtype, x), rounded(dtype, expected));
                assert!(same(got, expected), "{name}({x}) is {got:e}, not {expected:e}: {dtype:?}");
            }
        }
    }
}

#[test]
fn the_axes_and_infinities_of_atan2_are_those_of_annex_f() {
    // For a y with a plus: y, x and the angle.
    let table = [
        (0.0, -0.0, PI),
        (0.0, 0.0, 0.0),
        (0.0, -1.0, PI),
        (0.0, -INF, PI),
        (0.0, 1.0, 0.0),
        (0.0, INF, 0.0),
        (1.0, 0.0, FRAC_PI_2),
        (1.0, -0.0, FRAC_PI_2),
        (1e-40, 0.0, FRAC_PI_2),
        (1e30, -0.0, FRAC_PI_2),
        (1.0, -INF, PI),
        (1e30, -INF, PI),
        (1.0, INF, 0.0),
        (INF, 1.0, FRAC_PI_2),
        (INF, -1e30, FRAC_PI_2),
        (INF, 0.0, FRAC_PI_2),
        (INF, INF, FRAC_PI_4),
        (INF, -INF, 3.0 * FRAC_PI_4),
        (1.0, 1.0, FRAC_PI_4),
        (1.0, -1.0, 3.0 * FRAC_PI_4),
        (1e-300, -1e300, PI),
        (1e300, 1e-300, FRAC_PI_2),
    ];
    for dtype in DTYPES {
        for (y, x, angle) in table {
            for (y, angle) in [(y, rounded(dtype, angle)), (-y, rounded(dtype, -angle))] {
                let got = two("atan2", dtype, y, x);
                assert!(same(got, angle), "atan2({y:?}, {x:?}) is {got:e}: {dtype:?}");
            }
        }
        for other in [0.0, -1.0, INF, -INF, NAN] {
            assert!(two("atan2", dtype, NAN, other).is_nan());
            assert!(two("atan2", dtype, other, NAN).is_nan());
        }
    }
}

#[test]
fn numbers_next_to_multiples_of_a_right_angle_keep_all_bits() {
    // Of all numbers, these come nearest to one.
    const F64: [f64; 8] = [
        5.319372648326541e255,
        14461176.67027838,
        3.576149729694266e39,
        3.924293714572882e298,
        6.426511099577231e173,
        1.3930726336834465e259,
        28922353.34055676,
        1.1248520745804428e89,
    ];
    const F32: [f64; 6] = [
        7.729178919452902e28,
        21999384576.0,
        252.89820861816406,
        4.638183382783466e25,
        505.7964172363281,
        4.3865578967101227e33,
    ];
    for (dtype, points) in [(Dtype::F64, &F64[..]), (Dtype::F32, &F32[..])] {
        for x in points.iter().flat_map(|x| [*x, -*x]) {
            for name in ["sin", "cos", "tan"] {
                let got = one(name, dtype, x);
                let error = Oracle::find(name).expect("it has one").error(dtype, [x, x], got, 0.0);
                assert!(error <= 1.0, "{name}({x:e}) is {got:e}: {error} ULP, {dtype:?}");
            }
        }
    }
}

#[test]
fn the_smallest_results_are_rounded_once() {
    for dtype in DTYPES {
        let (least, normal) = if dtype == Dtype::F32 {
            (f64::from(f32::from_bits(1)), f64::from(f32::MIN_POSITIVE))
        } else {
            (5e-324, f64::MIN_POSITIVE)
        };
        for i in 0..400 {
            // The very smallest; and on both sides of where the normal numbers begin.
            let i = f64::from(i);
            let x = if i < 200.0 { least * (i + 1.0) } else { normal * (i * 0.0125 - 2.3) };
            let x = rounded(dtype, x);
            for name in ["sinpi", "tanpi"] {
                let got = one(name, dtype, x);
                let error = Oracle::find(name).expect("it has one").error(dtype, [x, x], got, 0.0);
                assert!(error <= 0.51, "{name}({x:e}) is {got:e}: {error} ULP, {dtype:?}");
            }
            assert_eq!(two("atan2", dtype, x, 7.0), rounded(dtype, x / 7.0));
            for name in ["sin", "tan", "asin", "atan"] {
                assert_eq!(one(name, dtype, x), x, "{name}");
            }
        }
    }
}

/// From 0.43 to 0.5708 (pi/2 - 1) what is left of pi/2 is no double, and the derivative large.
#[test]
fn the_cosine_is_within_its_bound_where_its_reduction_rounds() {
    let n = 1 << 15;
    let x: Vec<f64> =
        (0..n).map(|i| 0.43 + 0.1408 * (f64::from(i) + 0.317) / f64::from(n)).collect();
    let (_, of, oracle) = sweep::functions(Dtype::F64).find(|(f, ..)| f.name == "cos").unwrap();
    let bound = of.bound.unwrap();
    for (x, y) in x.iter().zip(run2("cos", Dtype::F64, &x, &x)) {
        let error = oracle.error(Dtype::F64, [*x, 0.0], y, 0.0);
        assert!(error <= bound, "cos({x:e}): {error}");
    }
}

proptest! {
    #[test]
    fn odd_and_even_functions_are_so_to_the_bit(bits in any::<u64>()) {
        for (dtype, x) in numbers(bits) {
            for name in ["sin", "tan", "sinpi", "tanpi", "asin", "atan"] {
                prop_assert!(same(one(name, dtype, -x), -one(name, dtype, x)), "{}({})", name, x);
            }
            for name in ["cos", "cospi"] {
                prop_assert!(same(one(name, dtype, -x), one(name, dtype, x)), "{}({})", name, x);
            }
        }
    }

    #[test]
    fn sincos_is_sin_and_cos_to_the_bit(bits in any::<u64>()) {
        for (dtype, x) in numbers(bits) {
            let (sine, cosine) = if dtype == Dtype::F32 {
                let (sine, cosine) = math::sincos(x as f32);
                (sine.into(), cosine.into())
            } else {
                math::sincos(x)
            };
            prop_assert!(same(sine, one("sin", dtype, x)), "{}", x);
            prop_assert!(same(cosine, one("cos", dtype, x)), "{}", x);
        }
    }

    #[test]
    fn squares_of_sine_and_cosine_make_one(bits in any::<u64>()) {
        for (dtype, x) in numbers(bits) {
            if x.is_finite() && x != 0.0 {
                let (sine, cosine) = (one("sin", dtype, x), one("cos", dtype, x));
                let sum = sine.mul_add(sine, cosine * cosine);
                prop_assert!((sum - 1.0).abs() <= 2.5 * epsilon(dtype), "{}: {}", x, sum);
                // Of the smallest numbers an f32 quotient has few bits.
                let (tangent, quotient) = (one("tan", dtype, x), sine / cosine);
                prop_assert!((tangent - quotient).abs() <= 2.5 * epsilon(dtype) * quotient.abs());
            }
        }
    }

    #[test]
    fn a_turn_more_changes_nothing(whole in 1i32..1 << 20, turns in 1i32..100) {
        let x = f64::from(whole) / 65536.0;
        let y = x + f64::from(turns * 2);
        for dtype in DTYPES {
            if rounded(dtype, y) == y {
                for name in ["sinpi", "cospi", "tanpi"] {
                    prop_assert!(same(one(name, dtype, x), one(name, dtype, y)), "{}({})", name, x);
                }
            }
        }
    }

    #[test]
    fn inverse_functions_lead_back(t in -1.0..1.0f64, size in -40.0..40.0f64) {
        for dtype in DTYPES {
            let e = epsilon(dtype);
            let t = rounded(dtype, t);
            prop_assert!((one("asin", dtype, one("sin", dtype, t)) - t).abs() <= 2.0 * e);
            prop_assert!((one("atan", dtype, one("tan", dtype, t)) - t).abs() <= 2.0 * e);
            let t = rounded(dtype, t + 1.5);
            prop_assert!((one("acos", dtype, one("cos", dtype, t)) - t).abs() <= 4.0 * e);
            let x = rounded(dtype, size.exp2());
            let angle = one("atan", dtype, x);
            prop_assert!((angle - two("atan2", dtype, x, 1.0)).abs() <= e);
            let right = angle + two("atan2", dtype, 1.0, x);
            prop_assert!((right - FRAC_PI_2).abs() <= 2.0 * e, "{}", right);
        }
    }

    #[test]
    fn inverse_functions_are_monotonic(a in -1.0..1.0f64, b in -1.0..1.0f64, wide in 1.0..1e3f64) {
        prop_assume!((a - b).abs() > 1e-5);
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        for dtype in DTYPES {
            prop_assert!(one("asin", dtype, low) < one("asin", dtype, high));
            prop_assert!(one("acos", dtype, low) > one("acos", dtype, high));
            prop_assert!(one("atan", dtype, low) < one("atan", dtype, high));
            let (low, high) = (one("atan", dtype, low * wide), one("atan", dtype, high * wide));
            prop_assert!(low <= high);
        }
    }

    #[test]
    fn an_angle_does_not_depend_on_the_size(y in -2.0..2.0f64, x in -2.0..2.0f64, k in -90i32..90) {
        prop_assume!(y.abs() > 1e-6 && x.abs() > 1e-6);
        for dtype in DTYPES {
            let (y, x) = (rounded(dtype, y), rounded(dtype, x));
            let by = 2f64.powi(if dtype == Dtype::F32 { k } else { k * 10 });
            let (near, far) = (two("atan2", dtype, y, x), two("atan2", dtype, y * by, x * by));
            prop_assert!(same(near, far), "{} {}", near, far);
            // It lies in the quadrant of the point.
            prop_assert_eq!(near > 0.0, y > 0.0);
            prop_assert_eq!(near.abs() > FRAC_PI_2, x < 0.0);
        }
    }
}
