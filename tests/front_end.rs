//! The typed front end against evaluation index by index, for arrays of every shape that lie in memory
//! in every way.

#[path = "common/kernels.rs"]
mod kernels;
#[path = "common/oracle.rs"]
mod oracle;

use kernels::*;
use lanefn::{Error, Level, prelude::*};
use ndarray::{
    Array, Array1, Array2, Array3, ArrayD, ArrayView, Axis, CowArray, Ix0, Ix1, Ix2, Ix3, IxDyn,
    ShapeBuilder, array, s,
};
use oracle::{Field, Lay, Value, indices, pick, together};
use proptest::prelude::*;

/// One call.
#[derive(Clone, Debug)]
struct Case {
    shape: Vec<usize>,
    inputs: Vec<Lay>,
    outputs: Vec<Lay>,
    mask: Lay,
    /// Whether the mask is all true, all false, or anything.
    all: Option<bool>,
    level: Option<Level>,
}

fn case() -> impl Strategy<Value = Case> {
    let level = prop_oneof![
        2 => Just(None),
        1 => prop::sample::select(Level::present()).prop_map(Some),
    ];
    let all = prop_oneof![5 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    (
        oracle::shape(),
        prop::collection::vec(oracle::input(), 8),
        prop::collection::vec(oracle::output(), 4),
        oracle::input(),
        all,
        level,
    )
        .prop_map(|(shape, inputs, outputs, mask, all, level)| Case {
            shape,
            inputs,
            outputs,
            mask,
            all,
            level,
        })
}

/// The outputs of a call: one by itself, several as a tuple.
macro_rules! one_or_tuple {
    ($y:expr) => { $y };
    ($($y:expr),+) => { ($($y,)+) };
}
macro_rules! one_or_tuple_pattern {
    ($y:ident) => { $y };
    ($($y:ident),+) => { ($($y,)+) };
}

macro_rules! functions {
    ($($name:ident $cost:literal ($($x:ident $t:ident $w:literal),+)
        => ($($y:ident $u:ident $j:literal),+);)+) => {
        /// The ways of calling each function.
        #[allow(non_snake_case)]
        mod ways {
            $(pub mod $name {
                use super::super::*;

                fn ufunc(case: &Case) -> lanefn::Ufunc<$name> {
                    match case.level {
                        Some(level) => $name::ufunc().level(level),
                        None => $name::ufunc(),
                    }
                }

                pub fn call(case: &Case) -> Result<(), TestCaseError> {
                    let mut lays = case.inputs.iter();
                    let ($(ref $x,)+) =
                        ($(Field::<$t>::new(&case.shape, lays.next().unwrap()),)+);
                    let ($($x,)+) = ($($x.view(),)+);
                    let shape = together(&[$($x.shape().to_vec()),+]).unwrap();
                    let one_or_tuple_pattern!($($y),+) = ufunc(case).call(($(&$x,)+)).unwrap();
                    $(prop_assert_eq!($y.shape(), &shape[..]);)+
                    for index in indices(&shape) {
                        let sum = 0i64;
                        $(let sum = sum.wrapping_add(
                            $x[&pick($x.shape(), &index)[..]].whole().wrapping_mul($w));)+
                        $(prop_assert_eq!(
                            $y[&index[..]].bits(),
                            <$u>::of(sum.wrapping_add($j)).bits(),
                            "output {} at {:?}", $j, index
                        );)+
                    }
                    Ok(())
                }

                pub fn into(case: &Case, masked: bool) -> Result<(), TestCaseError> {
                    let mut lays = case.inputs.iter();
                    let ($(ref $x,)+) =
                        ($(Field::<$t>::new(&case.shape, lays.next().unwrap()),)+);
                    let ($($x,)+) = ($($x.view(),)+);
                    let mut mask = Field::<bool>::new(&case.shape, &case.mask);
                    if let Some(all) = case.all {
                        mask.memory.fill(all);
                    }
                    let mask = mask.view();
                    let mut lays = case.outputs.iter();
                    let ($($y,)+) =
                        ($(Field::<$u>::new(&case.shape, lays.next().unwrap()),)+);

                    let sum = |index: &[usize]| {
                        let sum = 0i64;
                        $(let sum = sum.wrapping_add(
                            $x[&pick($x.shape(), index)[..]].whole().wrapping_mul($w));)+
                        sum
                    };
                    let ($(mut $y, )+) = ($({
                        let mut want = $y.clone();
                        let mut there = want.view_mut();
                        for index in indices(&case.shape) {
                            if !masked || mask[&pick(mask.shape(), &index)[..]] {
                                there[&index[..]] = <$u>::of(sum(&index).wrapping_add($j));
                            }
                        }
                        ($y, want)
                    },)+);
                    {
                        let ($(mut $y,)+) = ($($y.0.view_mut(),)+);
                        let to = one_or_tuple!($(&mut $y),+);
                        if masked {
                            ufunc(case).call_where(($(&$x,)+), &mask, to).unwrap();
                        } else {
                            ufunc(case).call_into(($(&$x,)+), to).unwrap();
                        }
                    }
                    // The memory between the elements too.
                    $(prop_assert_eq!($y.0.bits(), $y.1.bits(), "output {}", $j);)+
                    Ok(())
                }
            })+
        }

        const CALL: &[fn(&Case) -> Result<(), TestCaseError>] = &[$(ways::$name::call),+];
        const INTO: &[fn(&Case, bool) -> Result<(), TestCaseError>] = &[$(ways::$name::into),+];
    };
}
each_weigh! { functions }

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn call_gives_what_index_by_index_gives(case in case(), function in 0..CALL.len()) {
        CALL[function](&case)?;
    }

    #[test]
    fn call_into_writes_what_index_by_index_gives_and_nothing_else(
        case in case(), function in 0..INTO.len()
    ) {
        INTO[function](&case, false)?;
    }

    #[test]
    fn call_where_writes_where_the_mask_is_true_and_nothing_else(
        case in case(), function in 0..INTO.len()
    ) {
        INTO[function](&case, true)?;
    }

    #[test]
    fn call_in_place_writes_what_index_by_index_gives_and_nothing_else(case in case()) {
        let mut x = Field::<i64>::new(&case.shape, &case.outputs[0]);
        let (b, c) = (
            Field::<f32>::new(&case.shape, &case.inputs[1]),
            Field::<bool>::new(&case.shape, &case.inputs[2]),
        );
        let mut want = x.clone();
        let mut there = want.view_mut();
        for index in indices(&case.shape) {
            let b = b.view()[&pick(b.view().shape(), &index)[..]];
            let c = c.view()[&pick(c.view().shape(), &index)[..]];
            let a = &mut there[&index[..]];
            *a = (a.wrapping_mul(3))
                .wrapping_add(b.whole().wrapping_mul(5))
                .wrapping_add(c.whole().wrapping_mul(7));
        }
        W3::ufunc().call_in_place(&mut x.view_mut(), (&b.view(), &c.view())).unwrap();
        prop_assert_eq!(x.bits(), want.bits());
    }

    #[test]
    fn the_result_lies_in_memory_as_the_first_input_does(
        shape in prop::collection::vec(2usize..5, 0..5), lay in oracle::output()
    ) {
        let x = Field::<f64>::new(&shape, &lay);
        let x = x.view();
        let y = Problem::ufunc().call(&x).unwrap();
        // Without gaps, and its axes by size of stride are the input's, all turned forwards.
        let by_stride = |strides: &[isize]| {
            let mut axes: Vec<usize> = (0..shape.len()).collect();
            axes.sort_by_key(|&a| std::cmp::Reverse(strides[a].unsigned_abs()));
            axes
        };
        let axes = by_stride(x.strides());
        prop_assert_eq!(by_stride(y.strides()), axes.clone());
        let mut step = 1;
        for &a in axes.iter().rev() {
            prop_assert_eq!(y.strides()[a], step as isize);
            step *= shape[a];
        }
    }

    #[test]
    fn shapes_that_do_not_broadcast_are_an_error_that_names_them(
        a in prop::collection::vec(0usize..4, 0..5), b in prop::collection::vec(0usize..4, 0..5)
    ) {
        let (x, y) = (ArrayD::<f64>::zeros(a.clone()), ArrayD::<f64>::zeros(b.clone()));
        let got = Plus::ufunc().call((&x, &y));
        match together(&[a.clone(), b.clone()]) {
            Some(shape) => {
                let got = got.unwrap();
                prop_assert_eq!(got.shape(), &shape[..]);
            }
            None => match got.unwrap_err() {
                Error::Broadcast { operand, ref shape, ref with, axis } => {
                    prop_assert_eq!(operand, 1);
                    prop_assert_eq!(shape, &b);
                    prop_assert_eq!(with, &a);
                    let (n, m) = (b[b.len() - 1 - axis], a[a.len() - 1 - axis]);
                    prop_assert!(n != m && n != 1 && m != 1);
                }
                other => prop_assert!(false, "{other}"),
            },
        }
    }
}

/// Compiles only if both have one type.
fn same_type<T>(_: &T, _: &T) {}

#[test]
fn static_dimensions_are_kept() {
    let (x0, x1, x2) = (Array::<f64, Ix0>::zeros(()), Array1::zeros(3), Array2::zeros((2, 3)));
    let x3 = Array3::zeros((4, 1, 3));
    let xd = ArrayD::zeros(vec![3]);
    let plus = Plus::ufunc();
    let r0: Array<f64, Ix0> = plus.call((&x0, 1.0)).unwrap();
    let r1: Array<f64, Ix1> = plus.call((&x1, 1.0)).unwrap();
    let r2: Array<f64, Ix2> = plus.call((&x1, &x2)).unwrap();
    let r2b: Array<f64, Ix2> = plus.call((&x2, &x1)).unwrap();
    let r3: Array<f64, Ix3> = plus.call((&x2, &x3)).unwrap();
    let rd: Array<f64, IxDyn> = plus.call((&x2, &xd)).unwrap();
    let rdb: Array<f64, IxDyn> = plus.call((&xd, 1.0)).unwrap();
    same_type(&r2, &r2b);
    assert_eq!(r0.shape(), [0usize; 0]);
    assert_eq!(r1.shape(), [3]);
    assert_eq!(r2.shape(), [2, 3]);
    assert_eq!(r3.shape(), [4, 2, 3]);
    assert_eq!((rd.shape(), rdb.shape()), (&[2, 3][..], &[3][..]));
    // The same as arithmetic of `ndarray` gives.
    same_type(&(&x2 + &x3), &r3);
    let three = W3::ufunc().call((&array![[1i64], [2]], &array![1f32, 2.0, 3.0], true)).unwrap();
    let _: &Array<i64, Ix2> = &three;
    assert_eq!(three, array![[15, 20, 25], [18, 23, 28]]);
    let (p, q) = W2::ufunc().call((&Array1::<f64>::zeros(2), &Array2::<u8>::ones((2, 1)))).unwrap();
    let _: (&Array<i64, Ix2>, &Array<bool, Ix2>) = (&p, &q);
    assert_eq!((p, q), (array![[5, 5], [5, 5]], array![[true, true], [true, true]]));
}

#[test]
fn fortran_order_and_the_order_of_permuted_inputs_are_kept() {
    let x = Array3::<f64>::ones((3, 4, 5).f());
    assert_eq!(Problem::ufunc().call(&x).unwrap().strides(), [1, 3, 12]);
    let y = Array3::<f64>::ones((3, 4, 5)).permuted_axes([1, 2, 0]);
    assert_eq!(Problem::ufunc().call(&y).unwrap().strides(), y.strides());
    // A row says nothing about the order of axes that it stands still along.
    let row = Array1::<f64>::ones(5);
    assert_eq!(Plus::ufunc().call((&row, &x)).unwrap().strides(), [1, 3, 12]);
    assert_eq!(Plus::ufunc().call((&x, 1.0)).unwrap().strides(), [1, 3, 12]);
    // Backwards inputs give forwards results.
    let z = y.slice(s![..;-1, .., ..;-1]);
    assert_eq!(Problem::ufunc().call(&z).unwrap().strides(), y.strides());
    let empty = Array3::<f64>::ones((3, 0, 5).f());
    assert_eq!(Problem::ufunc().call(&empty).unwrap().shape(), [3, 0, 5]);
}

#[test]
fn arrays_that_share_memory_are_parted_before_they_are_written() {
    // Unsharing may change the strides: what is written must go by those after it.
    let all = Array2::<f64>::from_elem((8, 8), 1.0).into_shared();
    let mut part = all.clone();
    part.slice_collapse(s![..;3, ..;3]);
    assert!(!part.is_standard_layout());
    let x = Array2::<f64>::from_shape_fn((3, 3), |(i, j)| (i * 10 + j) as f64);
    Problem::ufunc().call_into(&x, &mut part).unwrap();
    assert_eq!(part, Problem::ufunc().call(&x).unwrap());
    assert!(all.iter().all(|&v| v == 1.0));

    let mut part = all.clone();
    part.slice_collapse(s![..;3, ..;3]);
    let mask = Array2::from_elem((3, 3), true);
    Problem::ufunc().call_where(&x, &mask, &mut part).unwrap();
    assert_eq!(part, Problem::ufunc().call(&x).unwrap());

    let mut part = all.clone();
    part.slice_collapse(s![..;3, ..;3]);
    Problem::ufunc().call_in_place(&mut part, ()).unwrap();
    assert_eq!(part, Array2::<f64>::zeros((3, 3)));
    assert!(all.iter().all(|&v| v == 1.0));

    let under = Array2::<f64>::zeros((8, 8));
    let mut cow = CowArray::from(under.slice(s![..;3, ..;3]));
    Problem::ufunc().call_into(&x, &mut cow).unwrap();
    assert_eq!(cow, Problem::ufunc().call(&x).unwrap());
    let mut cow = CowArray::from(under.slice(s![..1, ..]));
    let mut spread = CowArray::from(cow.broadcast((3, 8)).unwrap());
    let wide = Array2::<f64>::from_elem((3, 8), 5.0);
    Plus::ufunc().call_into((&wide, 1.0), &mut spread).unwrap();
    assert_eq!(spread, Array2::from_elem((3, 8), 6.0));
    drop(spread);
    cow.fill(0.0);
    assert!(under.iter().all(|&v| v == 0.0));

    // Shared several ways: two clones of one array are two outputs.
    let (mut p, mut q) = {
        let p = ndarray::ArcArray1::<i64>::zeros(4);
        (p, ndarray::ArcArray1::<bool>::from_elem(4, false))
    };
    let (p2, q2) = (p.clone(), q.clone());
    W2::ufunc().call_into((&array![1.0, 2.0, 3.0, 4.0], 1u8), (&mut p, &mut q)).unwrap();
    assert_eq!(p, array![8, 11, 14, 17].into_shared());
    assert_eq!(q, Array1::from_elem(4, true).into_shared());
    assert_eq!((p2.sum(), q2[0]), (0, false));
}

#[test]
fn short_calls_take_numbers_beside_arrays() {
    let (zero_d, dynamic) = (ndarray::arr0(2.25), ArrayD::from_elem(IxDyn(&[]), 2.25));
    let plus = Plus::ufunc();
    for n in (0..40).chain([2047, 2048, 2049]) {
        let x = Array1::from_shape_fn(n, |i| i as f64 - 3.5);
        let want = x.mapv(|v| v + 2.25);
        assert_eq!(plus.call((&x, 2.25)).unwrap(), want);
        assert_eq!(plus.call((2.25, &x)).unwrap(), want);
        assert_eq!(plus.call((&zero_d, &x)).unwrap(), want);
        assert_eq!(plus.call((&x, &dynamic)).unwrap(), want.clone().into_dyn());
        let mut y = Array1::zeros(n);
        plus.call_into((2.25, &x), &mut y).unwrap();
        assert_eq!(y, want);
        let mut y = Array2::zeros((2, n));
        plus.call_into((&x, 2.25), &mut y).unwrap();
        assert!(y.rows().into_iter().all(|row| row == want));
    }
    assert_eq!(plus.call((&zero_d, 1.0)).unwrap(), ndarray::arr0(3.25));
    let mut y = Array1::zeros(3);
    plus.call_into((1.0, 2.25), &mut y).unwrap();
    assert_eq!(y, array![3.25, 3.25, 3.25]);
}

#[test]
fn unit_axes_may_have_any_stride() {
    for stride in [isize::MAX as usize / 8, isize::MAX as usize, 0, 3] {
        let values = [1.0f64, 2.0, 3.0];
        let shape = (1, 3, 1).strides((stride, 1, stride));
        let Ok(x) = ArrayView::from_shape(shape, &values) else { continue };
        let want = array![[[0.0], [1.0], [4.0]]];
        assert_eq!(Problem::ufunc().call(&x).unwrap(), want);
        let mut y = Array3::zeros((1, 3, 1));
        Problem::ufunc().call_into(&x, &mut y).unwrap();
        assert_eq!(y, want);
        let mut y = Array3::zeros((1, 3, 1));
        Plus::ufunc().call_into((&x, &x), &mut y).unwrap();
        assert_eq!(y, array![[[2.0], [4.0], [6.0]]]);
        let mut memory = values;
        let shape = (1, 3, 1).strides((stride, 1, stride));
        let mut z = ndarray::ArrayViewMut::from_shape(shape, &mut memory).unwrap();
        Problem::ufunc().call_in_place(&mut z, ()).unwrap();
        Problem::ufunc().call_into(&x, &mut z).unwrap();
        assert_eq!(memory, [0.0, 1.0, 4.0]);
    }
}

#[test]
fn outputs_of_another_shape_are_an_error_that_names_both_and_nothing_is_written() {
    let x = Array2::<f64>::from_elem((2, 3), 5.0);
    for shape in [vec![3], vec![3, 2], vec![2, 1], vec![2, 3, 1], vec![], vec![0, 2, 3, 1]] {
        let mut y = ArrayD::<f64>::from_elem(shape.clone(), 7.0);
        match Problem::ufunc().call_into(&x, &mut y).unwrap_err() {
            Error::OutputShape { output: 0, shape: got, needed } => {
                assert_eq!((got, needed), (shape, vec![2, 3]));
            }
            other => panic!("{other}"),
        }
        assert!(y.iter().all(|&v| v == 7.0));
    }
    // The first output decides what the second must be.
    let (mut p, mut q) = (Array2::<i64>::ones((2, 3)), Array2::from_elem((2, 4), true));
    let error = W2::ufunc().call_into((&x, 1u8), (&mut p, &mut q)).unwrap_err();
    assert!(matches!(&error, Error::OutputsDiffer { output: 1, .. }), "{error}");
    assert_eq!(error.to_string(), "output 1 has shape [2, 4], but output 0 has [2, 3]");
    assert_eq!(p, Array2::ones((2, 3)));
    // A mask never makes an output larger.
    let mut y = Array2::<f64>::from_elem((2, 3), 7.0);
    let mask = Array3::from_elem((2, 2, 3), true);
    let error = Problem::ufunc().call_where(&x, &mask, &mut y).unwrap_err();
    assert!(matches!(&error, Error::MaskShape { .. }), "{error}");
    let error = Problem::ufunc().call_where(&x, &array![true, false], &mut y).unwrap_err();
    assert!(error.to_string().starts_with("the mask has shape [2]"), "{error}");
    // In place, the others must fit the array.
    let error =
        Plus::ufunc().call_in_place(&mut y, (&Array3::<f64>::ones((2, 1, 1)),)).unwrap_err();
    assert!(matches!(error, Error::OutputShape { .. }), "{error}");
    assert!(y.iter().all(|&v| v == 7.0));
}

#[test]
fn a_broadcasting_error_says_what_came_before() {
    // The third operand would stretch axis 2 before it fails at axis 0: the message must not show it
    // stretched.
    let (a, b, c) = (
        Array3::<i64>::ones((1, 2, 3)),
        Array1::<f32>::ones(1),
        Array3::from_elem((4, 2, 5), true),
    );
    let error = W3::ufunc().call((&a, &b, &c)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "operand 2 of shape [4, 2, 5] does not broadcast with [1, 2, 3]: axis 0 from the end is 5 \
         here and 3 there"
    );
    let error =
        Plus::ufunc().call((&Array1::<f64>::ones(2), &Array2::<f64>::ones((3, 3)))).unwrap_err();
    assert!(matches!(&error, Error::Broadcast { operand: 1, axis: 0, .. }), "{error}");
    assert!(error.to_string().contains("[3, 3]") && error.to_string().contains("[2]"), "{error}");
}

#[test]
fn results_too_large_for_memory_are_an_error() {
    let zero = Array::<f64, Ix0>::zeros(());
    let too_large = |error: Error| assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    // More bytes than there are.
    let x = zero.broadcast((1 << 40, 1 << 17)).unwrap();
    too_large(Problem::ufunc().call(&x).unwrap_err());
    too_large(Plus::ufunc().call((&x, &x)).unwrap_err());
    let x = zero.broadcast((1 << 40, 1 << 20)).unwrap();
    too_large(Problem::ufunc().call(&x).unwrap_err());
    // More elements than a usize counts, made of two that are allowed.
    let (x, y) = (zero.broadcast((1 << 40, 1)).unwrap(), zero.broadcast((1, 1 << 40)).unwrap());
    too_large(Plus::ufunc().call((&x, &y)).unwrap_err());
    // No element at all, but the other axes are too long for `ndarray`.
    let empty = zero.broadcast((0, 1 << 40, 1)).unwrap();
    let long = zero.broadcast((1, 1 << 40)).unwrap();
    too_large(Plus::ufunc().call((&empty, &long)).unwrap_err());
    // Bytes that fit as one dtype and not as the other.
    let x = zero.broadcast(1 << 61).unwrap();
    too_large(W2::ufunc().call((&x, 1u8)).unwrap_err());
    // To given outputs, large inputs are a matter of shapes.
    let error = Problem::ufunc().call_into(&x, &mut Array1::<f64>::zeros(3)).unwrap_err();
    assert!(matches!(error, Error::OutputShape { .. }), "{error}");
    let error =
        Plus::ufunc().call_into((&empty, &long), &mut Array3::zeros((0, 5, 5))).unwrap_err();
    assert!(matches!(error, Error::OutputShape { .. }), "{error}");
}

#[test]
fn zero_size_and_zero_dimensional_arrays_work() {
    let plus = Plus::ufunc();
    let empty = Array2::<f64>::zeros((0, 3));
    assert_eq!(plus.call((&empty, &array![1.0, 2.0, 3.0])).unwrap().shape(), [0, 3]);
    assert_eq!(plus.call((&empty, &Array2::<f64>::zeros((1, 1)))).unwrap().shape(), [0, 3]);
    assert!(plus.call((&empty, &Array2::<f64>::zeros((2, 3)))).is_err());
    plus.call_into((&empty, 1.0), &mut Array2::zeros((0, 3))).unwrap();
    plus.call_into((&empty, 1.0), &mut Array3::zeros((5, 0, 3))).unwrap();
    Problem::ufunc().call_in_place(&mut empty.clone(), ()).unwrap();
    let one = ndarray::arr0(3.0);
    assert_eq!(Problem::ufunc().call(&one).unwrap(), ndarray::arr0(4.0));
    assert_eq!(Problem::ufunc().call((1.0,)).unwrap(), ndarray::arr0(0.0));
    let mut out = ndarray::arr0(0.0);
    plus.call_into((1.0, &one), &mut out).unwrap();
    assert_eq!(out, ndarray::arr0(4.0));
    plus.call_where((1.0, &one), &ndarray::arr0(false), &mut out).unwrap();
    assert_eq!(out, ndarray::arr0(4.0));
    let mut row = Array1::zeros(3);
    plus.call_into((1.0, &one), &mut row).unwrap();
    assert_eq!(row, array![4.0, 4.0, 4.0]);
    // A slice of a zero-size array, and one whose other axes are long.
    let view = empty.slice(s![.., ..;2]);
    assert_eq!(Problem::ufunc().call(&view).unwrap().shape(), [0, 2]);
    let view = empty.broadcast((1 << 20, 0, 3)).unwrap();
    assert_eq!(Problem::ufunc().call(&view).unwrap().shape(), [1 << 20, 0, 3]);
}

#[test]
fn sixty_four_axes_work() {
    let shape: Vec<usize> = (0..64).map(|a| if a % 7 == 0 { 2 } else { 1 }).collect();
    let mut k = 0.0;
    let x = ArrayD::from_shape_simple_fn(shape, || {
        k += 1.0;
        k
    });
    let y = x.view().reversed_axes();
    let got = Plus::ufunc().call((&x, &y)).unwrap();
    assert_eq!(got, &x + &y);
    // Each of them stretched: no memory holds it, and no number counts it.
    let many = ndarray::arr0(1.0).into_dyn();
    let row = many.broadcast(vec![2; 60]).unwrap();
    assert!(matches!(Problem::ufunc().call(&row), Err(Error::TooLarge { .. })));
}

#[test]
fn elements_that_are_masked_out_are_not_evaluated() {
    oracle::ends(masked_out);
}

fn masked_out() {
    // The function's loop never ends for 0.
    let n = 1500;
    for (rows, order) in [(1, false), (3, false), (40, true)] {
        let shape = (rows, n / rows);
        let mask = Array2::from_shape_fn(shape, |(i, j)| {
            oracle::mix((i * n + j) as u64).is_multiple_of(3)
        });
        let x = Array2::from_shape_fn(if order { shape.f() } else { shape.set_f(false) }, |at| {
            if mask[at] { 0.25 } else { 0.0 }
        });
        let mut y = Array2::from_elem(shape, -7.0);
        Doublings::ufunc().call_where(&x, &mask, &mut y).unwrap();
        assert_eq!(y, mask.mapv(|m| if m { 2.0 } else { -7.0 }));
        let nothing = Array1::from_elem(1, false);
        Doublings::ufunc().call_where((0.0,), &nothing, &mut y).unwrap();
        assert_eq!(y, mask.mapv(|m| if m { 2.0 } else { -7.0 }));
    }
    // Nor are elements that are not there: rows that don't fill a vector.
    for n in 0..70 {
        let x = Array1::from_elem(n, 0.5);
        assert_eq!(Doublings::ufunc().call(&x).unwrap(), Array1::from_elem(n, 1.0));
    }
}

#[test]
fn a_level_that_is_absent_and_thread_counts_that_make_no_sense_are_errors() {
    let x = Array1::<f64>::ones(100);
    for level in Level::ALL.into_iter().filter(|l| !l.is_present()) {
        let error = Problem::ufunc().level(level).call(&x).unwrap_err();
        assert!(matches!(&error, Error::Level(_)), "{error}");
        assert!(error.to_string().contains(level.name()), "{error}");
    }
    for count in [0, 1 << 20, usize::MAX] {
        let error = Problem::ufunc().threads(count).call(&x).unwrap_err();
        assert!(matches!(&error, Error::Threads(_)), "{error}");
        assert!(error.to_string().contains(&count.to_string()), "{error}");
        let mut y = Array1::<f64>::ones(100);
        let error = Problem::ufunc().threads(count).call_into(&x, &mut y).unwrap_err();
        assert!(matches!(&error, Error::Threads(_)), "{error}");
        assert_eq!(y, x);
    }
}

#[test]
fn arrays_of_axes_that_are_all_backwards_or_slices_of_columns_work() {
    let x = Array2::from_shape_fn((70, 90), |(i, j)| (i * 100 + j) as f64);
    let mut y = Array2::zeros((70, 90));
    Plus::ufunc()
        .call_into(
            (&x.slice(s![..;-1, ..;-1]), &x.index_axis(Axis(1), 3).insert_axis(Axis(1))),
            &mut y.slice_mut(s![.., ..;-1]),
        )
        .unwrap();
    for ((i, j), &v) in y.indexed_iter() {
        assert_eq!(v, x[(69 - i, j)] + x[(i, 3)]);
    }
}

#[test]
fn new_arrays_lie_in_the_order_that_is_asked_for() {
    use lanefn::ufunc::MemoryOrder::{A, C, F, K};
    let c = ndarray::Array3::from_shape_fn((3, 4, 5), |(i, j, k)| (20 * i + 5 * j + k) as f64);
    let f = {
        let mut f = ndarray::Array3::zeros(ndarray::ShapeBuilder::f((3, 4, 5)));
        f.assign(&c);
        f
    };
    let turned = c.view().permuted_axes([1, 0, 2]);
    let (in_c, in_f) = ([20, 5, 1], [1, 3, 12]);
    let add = lanefn::math::add::ufunc();
    for (order, of_c, of_f, of_both) in
        [(K, in_c, in_f, in_c), (C, in_c, in_c, in_c), (F, in_f, in_f, in_f), (A, in_c, in_f, in_c)]
    {
        let add = add.order(order);
        for (made, strides) in [
            (add.call((&c, 1.0)).unwrap(), of_c),
            (add.call((&f, 1.0)).unwrap(), of_f),
            (add.call((&c, &f)).unwrap() - &c + 1.0, of_both),
        ] {
            assert_eq!(made.strides(), strides, "{order:?}");
            assert_eq!(made, &c + 1.0, "{order:?}");
        }
        let of_turned = add.call((&turned, 1.0)).unwrap();
        let expected: [isize; 3] = match order {
            K => [5, 20, 1],
            F => [1, 4, 12],
            C | A => [15, 5, 1],
        };
        assert_eq!(of_turned.strides(), expected, "{order:?}");
        assert_eq!(of_turned, &turned + 1.0, "{order:?}");
    }
    // Methods keep it, as NumPy's do.
    let axis = ndarray::Axis(1);
    assert_eq!(add.accumulate(&f, axis).unwrap().strides(), in_f);
    assert_eq!(add.accumulate(&turned, axis).unwrap().strides(), [5, 20, 1]);
    assert_eq!(add.reduce(&f, axis).unwrap().strides(), [1, 3]);
    assert_eq!(add.reduce(&c, axis).unwrap().strides(), [5, 1]);
    assert_eq!(add.reduceat(&f, &[0, 1], axis).unwrap().strides(), [1, 3, 6]);
    assert_eq!(add.accumulate(&f, axis).unwrap(), add.accumulate(&c, axis).unwrap());
    assert_eq!(add.reduce(&f, axis).unwrap(), add.reduce(&c, axis).unwrap());
    assert_eq!(add.reduceat(&f, &[0, 1], axis).unwrap(), add.reduceat(&c, &[0, 1], axis).unwrap());
    let (of_f, of_c) = (add.outer(&f, &c).unwrap(), add.outer(&c, &c).unwrap());
    assert_eq!(of_f, of_c);
    assert_eq!(of_c.strides(), [1200, 300, 60, 20, 5, 1]);
}

#[test]
fn weak_numbers_take_the_dtype_of_what_they_meet() {
    use lanefn::{
        math,
        status::{Flags, collect},
        ufunc::weak,
    };
    macro_rules! whole {
        ($($t:ident)*) => {$(
            let x = array![$t::MIN, 1, $t::MAX];
            let capped = math::minimum::ufunc().call((&x, weak(100))).unwrap();
            assert_eq!(capped, x.mapv(|x| x.min(100)));
            assert_eq!(math::maximum::ufunc().call((weak(true), &x)).unwrap(), x.mapv(|x| x.max(1)));
            let (least, most) = (i128::from($t::MIN), i128::from($t::MAX));
            for (literal, fits) in [(least, true), (most, true), (least - 1, false), (most + 1, false)] {
                let mut out = array![7, 7, 7];
                let done = math::add::ufunc().call_into((&x, weak(literal)), &mut out);
                match done {
                    Ok(()) => assert!(fits && out == x.mapv(|x| x.wrapping_add(literal as $t))),
                    Err(Error::Literal { literal: text, dtype }) => {
                        assert!(!fits && out == array![7, 7, 7]);
                        assert_eq!((text, dtype.name()), (literal.to_string(), stringify!($t).replace('i', "int").replace('u', "uint").as_str()));
                    }
                    other => panic!("{other:?}"),
                }
            }
        )*};
    }
    whole! { i8 i16 i32 i64 u8 u16 u32 u64 }
    let x = array![1.5f32, -2.0];
    let add = math::add::ufunc();
    assert_eq!(add.call((&x, weak(0.1))).unwrap(), x.mapv(|x| x + 0.1f32));
    assert_eq!(add.call((weak(16_777_217), &x)).unwrap(), x.mapv(|x| 16_777_216f32 + x));
    assert_eq!(add.call((&x.mapv(f64::from), weak(0.1))).unwrap(), array![1.6, -1.9]);
    let both = math::logical_and::ufunc().call((&array![true, false], weak(true)));
    assert_eq!(both.unwrap(), array![true, false]);
    // Too large for a float: infinite, as in NumPy.
    let (sum, met) = collect(|| add.call((&x, weak(1e300))).unwrap());
    assert_eq!((sum, met), (array![f32::INFINITY, f32::INFINITY], Flags::OVERFLOW));
    let (sum, met) = collect(|| add.call((&x, weak(f64::INFINITY))).unwrap());
    assert_eq!((sum, met), (array![f32::INFINITY, f32::INFINITY], Flags::none()));
    // On every way in.
    let large = Array1::from_elem(3000, 1u8);
    assert!(matches!(add.call((&large, weak(256))), Err(Error::Literal { .. })));
    assert_eq!(add.call((&large, weak(255))).unwrap()[2999], 0);
    let mut in_place = array![1u8, 2];
    assert!(matches!(add.call_in_place(&mut in_place, (weak(-1),)), Err(Error::Literal { .. })));
    add.call_in_place(&mut in_place, (weak(1),)).unwrap();
    assert_eq!(in_place, array![2, 3]);
    assert!(matches!(add.at(&mut in_place, &[0], weak(256)), Err(Error::Literal { .. })));
    assert_eq!(in_place, array![2, 3]);
    let masked = add.call_where((&in_place.clone(), weak(999)), &array![true], &mut in_place);
    assert!(matches!(masked, Err(Error::Literal { .. })));
    assert_eq!(in_place, array![2, 3]);
}
