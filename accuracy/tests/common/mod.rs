//! What the tests of several families share.
#![allow(dead_code)]

use lanefn::kernels::{lanes::Dtype, level::Level};
use lanefn_accuracy::sweep;

/// The dtypes that elementary functions have.
pub const DTYPES: [Dtype; 2] = [Dtype::F64, Dtype::F32];
pub const INF: f64 = f64::INFINITY;
pub const NAN: f64 = f64::NAN;

/// The same bits, or both NaN.
pub fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// The value as the dtype has it.
pub fn rounded(dtype: Dtype, x: f64) -> f64 {
    if dtype == Dtype::F32 { f64::from(x as f32) } else { x }
}

/// The distance from 1 to the next number.
pub fn epsilon(dtype: Dtype) -> f64 {
    if dtype == Dtype::F32 { f32::EPSILON.into() } else { f64::EPSILON }
}

/// The results of a function, whose second argument those of one argument leave alone: the same bits at every
/// level.
pub fn run2(name: &str, dtype: Dtype, x: &[f64], y: &[f64]) -> Vec<f64> {
    let (_, of, _) = sweep::functions(dtype).find(|(f, ..)| f.name == name).expect(name);
    let mut results = Level::present().into_iter().map(|level| {
        let mut out = vec![0.0; x.len()];
        sweep::evaluate(of, level, [x, y], &mut out);
        (level, out)
    });
    let (_, first) = results.next().expect("the scalar level is always present");
    for (level, other) in results {
        for (i, (a, b)) in first.iter().zip(other).enumerate() {
            assert!(
                same(*a, b),
                "{name} {dtype} of {:?}, {:?} at {}: {b:?}, not {a:?}",
                x[i],
                y[i],
                level.name()
            );
        }
    }
    first
}

pub fn run(name: &str, dtype: Dtype, x: &[f64]) -> Vec<f64> {
    run2(name, dtype, x, x)
}

pub fn one(name: &str, dtype: Dtype, x: f64) -> f64 {
    run(name, dtype, &[x])[0]
}
