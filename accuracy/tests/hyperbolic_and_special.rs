//! Laws of the hyperbolic functions, the error functions and the gamma function, at every level.

use core::f64::consts::PI;

mod common;

use common::{DTYPES as BOTH, INF, NAN, one, rounded, same};
use lanefn::kernels::lanes::Dtype;
use proptest::prelude::*;

/// Half the distance from 1 to the next number.
fn epsilon(dtype: Dtype) -> f64 {
    if dtype == Dtype::F32 { 2f64.powi(-24) } else { 2f64.powi(-53) }
}

#[test]
fn special_values_are_those_of_annex_f() {
    let table: &[(&str, &[(f64, f64)])] = &[
        ("tanh", &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN)]),
        ("sinh", &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN)]),
        ("cosh", &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (NAN, NAN)]),
        ("asinh", &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN)]),
        (
            "acosh",
            &[
                (1.0, 0.0),
                (INF, INF),
                (0.999, NAN),
                (0.0, NAN),
                (-2.0, NAN),
                (-INF, NAN),
                (NAN, NAN),
            ],
        ),
        (
            "atanh",
            &[
                (0.0, 0.0),
                (-0.0, -0.0),
                (1.0, INF),
                (-1.0, -INF),
                (1.001, NAN),
                (-3.0, NAN),
                (INF, NAN),
                (-INF, NAN),
                (NAN, NAN),
            ],
        ),
        ("erf", &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN)]),
        ("erfc", &[(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 2.0), (1e30, 0.0), (NAN, NAN)]),
        (
            "gamma",
            &[
                (0.0, INF),
                (-0.0, -INF),
                (1.0, 1.0),
                (2.0, 1.0),
                (-1.0, NAN),
                (-2.0, NAN),
                (-171.0, NAN),
                (-1e30, NAN),
                (-200.5, -0.0),
                (-201.5, 0.0),
                (INF, INF),
                (-INF, NAN),
                (NAN, NAN),
                (1e30, INF),
            ],
        ),
        (
            "lgamma",
            &[
                (0.0, INF),
                (-0.0, INF),
                (1.0, 0.0),
                (2.0, 0.0),
                (-1.0, INF),
                (-2.0, INF),
                (-1e30, INF),
                (INF, INF),
                (-INF, INF),
                (NAN, NAN),
            ],
        ),
    ];
    for dtype in BOTH {
        for (name, values) in table {
            for (x, expected) in *values {
                let got = one(name, dtype, rounded(dtype, *x));
                assert!(same(got, *expected), "{name}({x:?}) is {got:?}, {}", dtype.name());
            }
        }
    }
}

#[test]
fn results_too_large_are_infinite_and_those_just_below_are_not() {
    for (name, x) in [
        ("sinh", [710.4758600739439, 89.41598629223294]),
        ("cosh", [710.4758600739439, 89.41598629223294]),
        ("gamma", [171.6243769563027, 35.040095]),
        ("lgamma", [2.559983327851638e305, 4.085003e36]),
    ] {
        for (dtype, x) in BOTH.into_iter().zip(x) {
            let (below, above) =
                (rounded(dtype, x * (1.0 - 1e-6)), rounded(dtype, x * (1.0 + 1e-6)));
            assert!(one(name, dtype, below).is_finite(), "{name}({below:?})");
            assert_eq!(one(name, dtype, above), INF, "{name}({above:?})");
        }
    }
}

#[test]
fn gamma_of_a_whole_number_is_the_factorial() {
    for (dtype, top) in [(Dtype::F64, 23), (Dtype::F32, 14)] {
        let mut factorial = 1.0;
        for n in 1..=top {
            assert_eq!(one("gamma", dtype, f64::from(n)), factorial, "gamma({n})");
            factorial *= f64::from(n);
        }
    }
}

#[test]
fn gamma_has_the_sign_of_its_interval_below_zero() {
    for dtype in BOTH {
        for n in 0..40 {
            let x = rounded(dtype, -f64::from(n) - 0.3);
            let y = one("gamma", dtype, x);
            assert_eq!(y.is_sign_negative(), n % 2 == 0, "gamma({x:?}) is {y:?}");
        }
    }
}

/// Floats of every size, and of the usual one.
fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), -50.0..50.0, -1.5..1.5, any::<f32>().prop_map(f64::from)]
}

proptest! {
    #[test]
    fn odd_functions_are_odd_and_even_ones_even_to_the_bit(x in floats()) {
        for dtype in BOTH {
            let x = rounded(dtype, x);
            for name in ["tanh", "sinh", "asinh", "atanh", "erf"] {
                prop_assert!(same(one(name, dtype, -x), -one(name, dtype, x)), "{name}({x:?})");
            }
            prop_assert!(same(one("cosh", dtype, -x), one("cosh", dtype, x)));
        }
    }

    #[test]
    fn they_rise_and_fall_as_they_should_but_for_their_errors(x in -20.0..20.0, by in 0.0..1e-3) {
        for dtype in BOTH {
            let (x, more) = (rounded(dtype, x), rounded(dtype, x + by));
            let slack = 1.0 + 4.0 * epsilon(dtype);
            for name in ["tanh", "sinh", "asinh", "erf"] {
                let (y, z) = (one(name, dtype, x), one(name, dtype, more));
                prop_assert!(y <= z + (slack - 1.0) * z.abs(), "{name}({x:?}) is {y:?}, then {z:?}");
                prop_assert!(name == "sinh" || name == "asinh" || y.abs() <= 1.0);
            }
            let (y, z) = (one("erfc", dtype, x), one("erfc", dtype, more));
            prop_assert!(z <= y * slack, "erfc({x:?}) is {y:?}, then {z:?}");
            let (x, more) = (rounded(dtype, 1.0 + x.abs()), rounded(dtype, 1.0 + x.abs() + by));
            for name in ["cosh", "acosh"] {
                let (y, z) = (one(name, dtype, x), one(name, dtype, more));
                prop_assert!(y <= z * slack, "{name}({x:?}) is {y:?}, then {z:?}");
            }
        }
    }

    #[test]
    fn inverses_lead_back(x in -30.0..30.0, k in -40.0..40.0, p in -1.0..1.0) {
        for dtype in BOTH {
            let near = |got: f64, x: f64, y: f64| {
                (got - x).abs() <= 5.0 * epsilon(dtype) * x.abs() * y.abs().max(1.0)
            };
            let v = rounded(dtype, x * f64::exp2(k));
            let y = one("asinh", dtype, v);
            prop_assert!(near(one("sinh", dtype, y), v, y), "asinh({v:?}) is {y:?}");
            let v = rounded(dtype, 1.0 + v.abs());
            let y = one("acosh", dtype, v);
            prop_assert!(near(one("cosh", dtype, y), v, y), "acosh({v:?}) is {y:?}");
            let v = rounded(dtype, p);
            let y = one("atanh", dtype, v);
            prop_assert!(near(one("tanh", dtype, y), v, 1.0), "atanh({v:?}) is {y:?}");
        }
    }

    #[test]
    fn hyperbolic_sine_and_cosine_make_the_tangent(x in -80.0..80.0) {
        for dtype in BOTH {
            let x = rounded(dtype, x);
            let quotient = one("sinh", dtype, x) / one("cosh", dtype, x);
            let tanh = one("tanh", dtype, x);
            prop_assert!((tanh - quotient).abs() <= 6.0 * epsilon(dtype) * tanh.abs(), "{x:?}");
        }
    }

    #[test]
    fn erf_and_its_complement_make_one(x in -30.0..30.0) {
        for dtype in BOTH {
            let x = rounded(dtype, x);
            let (erf, erfc) = (one("erf", dtype, x), one("erfc", dtype, x));
            let other = one("erfc", dtype, -x);
            prop_assert!((erf + erfc - 1.0).abs() <= 6.0 * epsilon(dtype), "{x:?}");
            prop_assert!((erfc + other - 2.0).abs() <= 6.0 * epsilon(dtype), "{x:?}");
        }
    }

    #[test]
    fn the_next_gamma_is_that_many_times_as_large(x in -30.0..30.0) {
        for dtype in BOTH {
            // A multiple of 2^-15, so that the sum is exact.
            let x = f64::round(x * 32768.0) / 32768.0;
            prop_assume!(x != x.round());
            let (y, z) = (one("gamma", dtype, x), one("gamma", dtype, x + 1.0));
            prop_assert!((x * y - z).abs() <= 8.0 * epsilon(dtype) * z.abs(), "gamma({x:?}) is {y:?}");
        }
    }

    #[test]
    fn gamma_of_opposites_makes_a_sine(x in 0.01..20.0) {
        let off = x - f64::round(x);
        prop_assume!(off.abs() > 1e-3);
        let product = one("gamma", Dtype::F64, x) * one("gamma", Dtype::F64, -x);
        let sine = f64::sin(PI * off) * if f64::round(x) % 2.0 == 0.0 { 1.0 } else { -1.0 };
        let truth = -PI / (x * sine);
        prop_assert!((product / truth - 1.0).abs() < 1e-14, "{x:?}: {product:?}, not {truth:?}");
    }

    #[test]
    fn lgamma_is_the_logarithm_of_gamma(x in -30.0..30.0) {
        for dtype in BOTH {
            let x = rounded(dtype, x);
            prop_assume!(x != x.round());
            let y = one("lgamma", dtype, x);
            let log = one("gamma", dtype, x).abs().ln();
            prop_assert!((y - log).abs() <= 8.0 * epsilon(dtype) * y.abs().max(1.0), "lgamma({x:?}) is {y:?}");
        }
    }
}
