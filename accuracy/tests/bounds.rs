//! Every function keeps its bound, and has the same bits at every level.

use lanefn::kernels::{lanes::Dtype, level::Level};
use lanefn_accuracy::{
    hard,
    points::Points,
    sweep::{self, Oracle},
    ulp,
};

/// Arguments for each function, dtype and level. `cargo xtask accuracy` takes millions.
const COUNT: usize = 1 << 14;

fn levels() -> Vec<Level> {
    let levels = Level::present();
    for missing in Level::ALL.iter().filter(|l| !levels.contains(l)) {
        eprintln!("skipped: this CPU has no {}", missing.name());
    }
    levels
}

#[test]
fn every_function_is_within_its_bound_at_every_level_with_the_same_bits() {
    let levels = levels();
    for dtype in [Dtype::F64, Dtype::F32] {
        let single = dtype == Dtype::F32;
        for (function, of, oracle) in sweep::functions(dtype) {
            let mut points = Points::new(7);
            let (x, y): (Vec<f64>, Vec<f64>) = (0..COUNT)
                .map(|_| match oracle {
                    Oracle::Unary(_) => (points.next(single), 0.0),
                    Oracle::Binary(_) => points.pair(single),
                })
                .unzip();
            let mut first = vec![0.0; COUNT];
            sweep::evaluate(of, levels[0], [&x, &y], &mut first);
            let bound = of.bound.expect("functions() gives those with a bound");
            for i in 0..COUNT {
                let error = oracle.error(dtype, [x[i], y[i]], first[i], 0.0);
                assert!(
                    error <= bound,
                    "{} {}: {error} ULP at {:?}, {:?}, beyond {bound}",
                    function.name,
                    dtype.name(),
                    x[i],
                    y[i],
                );
            }
            let mut other = vec![0.0; COUNT];
            for level in &levels[1..] {
                sweep::evaluate(of, *level, [&x, &y], &mut other);
                for i in 0..COUNT {
                    assert!(
                        first[i].to_bits() == other[i].to_bits()
                            || (first[i].is_nan() && other[i].is_nan()),
                        "{} {} at {}: {:?}, {:?} gives {:?}, but {:?} at {}",
                        function.name,
                        dtype.name(),
                        level.name(),
                        x[i],
                        y[i],
                        other[i],
                        first[i],
                        levels[0].name(),
                    );
                }
            }
        }
    }
}

/// Where results are nearly in the middle of two numbers, both oracles must still say the same.
#[test]
fn published_hard_cases_are_within_their_bounds_and_both_oracles_agree_on_them() {
    let levels = levels();
    let mut functions = 0;
    for dtype in [Dtype::F64, Dtype::F32] {
        for (function, of, oracle) in sweep::functions(dtype) {
            let points = hard::points(function.name, dtype);
            if points.is_empty() {
                continue;
            }
            functions += 1;
            for level in &levels {
                let worst = sweep::at(of, oracle, *level, &points);
                assert!(
                    worst.error <= of.bound.expect("it has one"),
                    "{}: {worst:?}",
                    function.name
                );
            }
            for at in points.iter().filter(|_| dtype == Dtype::F64) {
                let nearest = match oracle {
                    Oracle::Unary(o) => o.nearest.map(|f| f(at[0])),
                    Oracle::Binary(o) => o.nearest.map(|f| f(at[0], at[1])),
                };
                let nearest = nearest.expect("only what is proven has published cases");
                let error = oracle.distance(*at, nearest, oracle.real(*at), ulp::F64);
                assert!(error <= 0.5, "{} of {at:?}: {nearest:?} is {error} off", function.name);
            }
        }
    }
    // 30 functions in f64, and those of two arguments in f32.
    assert!(functions >= 32, "{functions}");
}

/// What is computed has a bound, and somebody to tell whether it is kept.
#[test]
fn every_function_that_rounds_more_than_once_has_an_oracle() {
    // The first is a formula of NumPy's, to the bit: see exact.rs. The second has the loops of pow.
    let others = ["floor_divide", "float_power"];
    for f in lanefn::catalogue().iter().filter(|f| !others.contains(&f.name)) {
        for l in f.loops {
            if l.bound.is_some_and(|b| b > 0.5) && f.nout() == 1 {
                assert!(Oracle::find(f.name).is_some(), "{} has no oracle", f.name);
            }
        }
    }
}

/// What decides about most results of a long sweep.
#[test]
fn the_quick_truth_is_within_a_two_hundredth_of_the_whole() {
    let mut tried = 0;
    for (function, _, oracle) in sweep::functions(Dtype::F64) {
        let near = |x: f64, y: f64| match oracle {
            Oracle::Unary(o) => o.near.map(|f| f(x)),
            Oracle::Binary(o) => o.near.map(|f| f(x, y)),
        };
        let mut points = Points::new(11);
        for _ in 0..COUNT {
            let (x, y) = match oracle {
                Oracle::Unary(_) => (points.next(false), 0.0),
                Oracle::Binary(_) => points.pair(false),
            };
            let Some(near) = near(x, y).filter(|t| !t.hi.is_nan()) else { continue };
            // Its nearest double, whose exact error is told by both.
            let got = ulp::ldexp(near.hi, near.exponent);
            let [exact, quick] =
                [oracle.real([x, y]), near].map(|t| oracle.distance([x, y], got, t, ulp::F64));
            if got.is_finite() && got != 0.0 {
                assert!(
                    (exact - quick).abs() < 0.005,
                    "{} {x} {y}: {exact} {quick}",
                    function.name
                );
                tried += 1;
            }
        }
    }
    if cfg!(target_arch = "x86_64") {
        assert!(tried > 3 * COUNT, "{tried}");
    }
}
