//! A reduction of an expression has the bits of the reduction of the array of its values.

use lanefn::{Compiled, Error, Level, Options, RawInput, RawOutput, dtype::Dtype};
use ndarray::{Array1, Array2, ArrayViewD};
use proptest::prelude::*;

fn raw<'a>(x: &'a ArrayViewD<f64>, strides: &'a [isize]) -> RawInput<'a> {
    RawInput { ptr: x.as_ptr().cast(), shape: x.shape(), strides, dtype: Dtype::F64 }
}

fn reduced(
    name: &str,
    map: &Compiled,
    inputs: &[ArrayViewD<f64>],
    options: Options,
) -> Result<f64, Error> {
    let strides: Vec<Vec<isize>> =
        inputs.iter().map(|x| x.strides().iter().map(|s| s * 8).collect()).collect();
    let raws: Vec<RawInput> = inputs.iter().zip(&strides).map(|(x, s)| raw(x, s)).collect();
    let mut out = f64::NAN;
    let to = RawOutput { ptr: (&raw mut out).cast(), shape: &[], strides: &[], dtype: Dtype::F64 };
    let by = lanefn::find(name).unwrap();
    // SAFETY: borrowed arrays, and one number to write.
    unsafe { by.reduce_mapped_raw(&map.untyped(), &raws, to, None, options) }?;
    Ok(out)
}

/// The same by way of an array.
fn by_an_array(name: &str, map: &Compiled, x: &ArrayViewD<f64>, y: &ArrayViewD<f64>) -> f64 {
    let all = map.call::<(f64,), _>((x, y)).unwrap();
    let all: Array1<f64> = all.iter().copied().collect();
    let mut out = f64::NAN;
    let (shape, strides) = ([all.len()], [8]);
    let from =
        RawInput { ptr: all.as_ptr().cast(), shape: &shape, strides: &strides, dtype: Dtype::F64 };
    let to = RawOutput { ptr: (&raw mut out).cast(), shape: &[], strides: &[], dtype: Dtype::F64 };
    // SAFETY: an array and a number.
    unsafe {
        lanefn::find(name)
            .unwrap()
            .reduce_raw(from, to, &Default::default(), Options::default())
            .unwrap();
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases(60), failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_reduction_of_an_expression_has_the_bits_of_that_of_its_array(
        rows in 1..60usize,
        columns in 1..300usize,
        step in 1..4isize,
        name in prop_oneof![Just("add"), Just("maximum"), Just("multiply"), Just("subtract")],
        threads in 1..4usize,
    ) {
        let wide = columns * step as usize;
        let x = Array2::from_shape_fn((rows, wide), |(i, j)| ((i * 37 + j * 11) % 101) as f64 * 0.37 - 17.0);
        let y = Array1::from_shape_fn(columns, |j| 1.0 + (j % 7) as f64 * 1e-3);
        let x = x.slice(ndarray::s![..;-1, ..;step]);
        let (x, y) = (x.into_dyn(), y.view().into_dyn());
        let map = Compiled::from_expression("where(x > 2, x * y, x / y - 1)").unwrap();
        let want = by_an_array(name, &map, &x, &y);
        for level in Level::ALL.into_iter().filter(|l| l.is_present()) {
            let options = Options { level: Some(level), threads: Some(threads), ..Options::default() };
            let got = reduced(name, &map, &[x.clone(), y.clone()], options).unwrap();
            prop_assert_eq!(got.to_bits(), want.to_bits(), "{} on {}", got, level);
        }
    }
}

#[test]
fn a_long_one_is_shared_by_threads_and_has_the_same_bits() {
    let x = Array1::from_shape_fn(3_000_001, |i| (i as f64 * 0.7).sin()).into_dyn();
    let y = Array1::from_elem(1, 0.5).into_dyn();
    let map = Compiled::from_expression("x * y + 1e-9").unwrap();
    let want = by_an_array("add", &map, &x.view(), &y.view());
    for threads in [1, 2, 3] {
        let options = Options { threads: Some(threads), ..Options::default() };
        let got = reduced("add", &map, &[x.view(), y.view()], options).unwrap();
        assert_eq!(got.to_bits(), want.to_bits());
    }
}

#[test]
fn of_no_elements_it_is_the_identity_or_an_error() {
    let x = Array1::<f64>::zeros(0).into_dyn();
    let map = Compiled::from_expression("x * 2.0").unwrap();
    assert_eq!(reduced("add", &map, &[x.view()], Options::default()).unwrap(), 0.0);
    let error = reduced("maximum", &map, &[x.view()], Options::default()).unwrap_err();
    assert!(matches!(error, Error::NoIdentity { .. }), "{error}");
}
