//! Exponentials: special values, and laws that hold to the bit or nearly, at every level and for both dtypes.

mod common;

use common::*;
use lanefn::kernels::lanes::Dtype;
use proptest::prelude::*;

#[test]
fn special_values_are_those_of_annex_f() {
    for dtype in DTYPES {
        for name in ["exp", "exp2", "exp10"] {
            let got = run(name, dtype, &[0.0, -0.0, INF, -INF, NAN, 1e5, -1e5, 5e-324, -1e-300]);
            let want = [1.0, 1.0, INF, 0.0, NAN, INF, 0.0, 1.0, 1.0];
            assert!(got.iter().zip(want).all(|(a, b)| same(*a, b)), "{name} {dtype}: {got:?}");
        }
        let tiny = if dtype == Dtype::F32 { 1e-45f32.into() } else { 5e-324 };
        let x = [0.0, -0.0, INF, -INF, NAN, 1e5, -1e5, tiny, -tiny];
        let got = run("expm1", dtype, &x);
        let want = [0.0, -0.0, INF, -1.0, NAN, INF, -1.0, tiny, -tiny];
        assert!(got.iter().zip(want).all(|(a, b)| same(*a, b)), "expm1 {dtype}: {got:?}");
    }
}

#[test]
fn whole_powers_are_exact() {
    for (dtype, lowest, highest, tens) in
        [(Dtype::F64, -1074, 1023, 22), (Dtype::F32, -149, 127, 10)]
    {
        for k in lowest - 2..=highest + 2 {
            // No power of two of the standard library's reaches below the normal numbers in one step.
            let power = f64::from(k.max(-1000)).exp2() * f64::from((k + 1000).min(0)).exp2();
            let want = if dtype == Dtype::F32 { f64::from(power as f32) } else { power };
            assert!(same(one("exp2", dtype, k.into()), want), "2^{k} {dtype}");
        }
        let mut power = 1.0;
        for k in 0..=tens {
            assert!(same(one("exp10", dtype, k.into()), power), "10^{k} {dtype}");
            power *= 10.0;
        }
    }
}

/// The last argument whose result is finite and the first whose result is not; and one whose result is nearly
/// the smallest number, and one whose result is nearly nothing.
#[test]
fn results_overflow_and_vanish_where_they_should() {
    let (e, ten) = (std::f64::consts::LN_2, std::f64::consts::LOG10_2);
    let edges = [
        ("exp", Dtype::F64, 709.782712893384, e),
        ("exp2", Dtype::F64, 1024f64.next_down(), 1.0),
        ("exp10", Dtype::F64, 308.2547155599167, ten),
        ("exp", Dtype::F32, 88.722_83, e),
        ("exp2", Dtype::F32, f64::from(128f32.next_down()), 1.0),
        ("exp10", Dtype::F32, 38.531_837, ten),
    ];
    for (name, dtype, last, log_2) in edges {
        let (next, least) = match dtype {
            Dtype::F32 => (f64::from((last as f32).next_up()), -149.0),
            _ => (last.next_up(), -1074.0),
        };
        let got = run(name, dtype, &[last, next]);
        assert!(got[0].is_finite() && got[1] == INF, "{name} {dtype}: {got:?}");
        let got = run(name, dtype, &[0.9f64, 0.1].map(|part| (least + part.log2()) * log_2));
        assert!(got[0] > 0.0 && same(got[1], 0.0), "{name} {dtype}: {got:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn they_never_fall_by_more_than_rounding(x in -87.0..88.0f64, k in -30.0..0.0f64) {
        for dtype in DTYPES {
            let x = rounded(dtype, x);
            // Far enough on that the true values are an ULP apart.
            let far = 4.0 * epsilon(dtype) * x.abs().max(1.0);
            let y = rounded(dtype, x + k.exp2().max(far));
            for name in ["exp", "exp2", "exp10", "expm1"] {
                let got = run(name, dtype, &[x, y]);
                prop_assert!(got[0] <= got[1], "{name} {dtype} of {x:?}, {y:?}: {got:?}");
            }
        }
    }

    #[test]
    fn the_exponential_of_the_logarithm_is_the_number(k in -126.0..127.0f64) {
        for dtype in DTYPES {
            let x = rounded(dtype, k.exp2());
            for (name, log) in [("exp", "log"), ("exp2", "log2"), ("exp10", "log10")] {
                let y = one(log, dtype, x);
                let back = one(name, dtype, y);
                // An ULP of the logarithm is as much of the number, times ln of the base.
                let most = (2.4 * y.abs() + 2.0) * epsilon(dtype);
                prop_assert!((back / x - 1.0).abs() <= most, "{name} {dtype} {x:?}: {back:?}");
            }
        }
    }

    #[test]
    fn the_logarithm_of_the_exponential_is_the_number(x in -37.0..37.0f64) {
        for dtype in DTYPES {
            let x = rounded(dtype, x);
            for (name, log) in [("exp", "log"), ("exp2", "log2"), ("exp10", "log10"), ("expm1", "log1p")] {
                let power = one(name, dtype, x);
                let back = one(log, dtype, power);
                // What an ULP of the result is in the logarithm: near -1, expm1 has few bits of it.
                let lost = if name == "expm1" && x < 0.0 { (-x).exp() } else { 1.0 };
                if lost * epsilon(dtype) > 1e-3 {
                    continue;
                }
                let most = 2.0 * (lost + x.abs()) * epsilon(dtype);
                prop_assert!((back - x).abs() <= most, "{name} {dtype} {x:?}: {back:?}");
            }
        }
    }

    #[test]
    fn the_exponential_of_a_sum_is_the_product(x in -40.0..40.0f64, y in -40.0..40.0f64) {
        for dtype in DTYPES {
            let (x, y) = (rounded(dtype, x), rounded(dtype, y));
            let sum = rounded(dtype, x + y);
            for name in ["exp", "exp2"] {
                let [a, b, c] = [x, y, sum].map(|x| one(name, dtype, x));
                prop_assert!((a * b / c - 1.0).abs() <= (0.51 * sum.abs() + 4.0) * epsilon(dtype));
            }
        }
    }

    #[test]
    fn expm1_is_exp_less_one(x in -30.0..30.0f64) {
        for dtype in DTYPES {
            let x = rounded(dtype, x);
            let [a, b] = ["expm1", "exp"].map(|name| one(name, dtype, x));
            prop_assert!((a - (b - 1.0)).abs() <= 1.6 * b.max(1.0) * epsilon(dtype), "{x}: {a} {b}");
        }
    }
}
