//! Floating-point status: reported when it is met, and never otherwise.

use lanefn::kernels::lanes::Element;
use lanefn::{
    Level, Options, RawInput, RawOutput, Scalar,
    dtype::Dtype,
    math,
    prelude::*,
    status::{Flags, collect},
    ufunc::{Initial, Reducing},
};
use ndarray::{Array1, Array2, array};

const D: Flags = Flags::DIVIDE;
const O: Flags = Flags::OVERFLOW;
const U: Flags = Flags::UNDERFLOW;
const I: Flags = Flags::INVALID;

/// What a call on f64 meets, at each level, on one thread and three, for short arrays and long ones whose
/// other elements meet nothing.
fn met(name: &str, inputs: &[f64], usual: &[f64]) -> Flags {
    let f = lanefn::find(name).expect("in the catalogue");
    let mut found: Option<Flags> = None;
    for level in Level::present() {
        for (n, threads) in [(1usize, 1), (7, 1), (600, 1), (100_003, 3)] {
            for at in [0, n / 2, n - 1] {
                let arrays: Vec<Vec<f64>> = inputs
                    .iter()
                    .zip(usual)
                    .map(|(&x, &usual)| {
                        let mut array = vec![usual; n];
                        array[at] = x;
                        array
                    })
                    .collect();
                let (shape, strides) = ([n], [8]);
                let operands: Vec<RawInput> = arrays
                    .iter()
                    .map(|a| RawInput {
                        ptr: a.as_ptr().cast(),
                        shape: &shape,
                        strides: &strides,
                        dtype: Dtype::F64,
                    })
                    .collect();
                let mut out = vec![[0.0f64; 2]; n];
                let outputs: Vec<RawOutput> = (0..f.nout())
                    .map(|o| RawOutput {
                        ptr: out.as_mut_ptr().cast::<u8>().wrapping_add(o * n * 8),
                        shape: &shape,
                        strides: &strides,
                        dtype: Dtype::F64,
                    })
                    .collect();
                let options =
                    Options { level: Some(level), threads: Some(threads), ..Options::default() };
                // SAFETY: arrays of ours.
                let (done, flags) =
                    collect(|| unsafe { f.call_raw(&operands, None, &outputs, options) });
                done.expect("the operands fit");
                assert_eq!(
                    *found.get_or_insert(flags),
                    flags,
                    "{name} {inputs:?} {level:?} {n} {at}"
                );
            }
        }
    }
    found.expect("a level is present")
}

#[test]
fn functions_report_what_they_meet_and_nothing_else() {
    let (none, inf, nan) = (Flags::none(), f64::INFINITY, f64::NAN);
    let max = f64::MAX;
    let cases: &[(&str, &[f64], Flags)] = &[
        ("add", &[1.0, 2.0], none),
        ("add", &[max, max], O),
        ("add", &[inf, -inf], I),
        ("add", &[nan, 1.0], none),
        ("add", &[inf, 1.0], none),
        ("multiply", &[1e-200, 1e-200], U),
        ("multiply", &[inf, 0.0], I),
        ("divide", &[1.0, 0.0], D),
        ("divide", &[0.0, 0.0], I),
        ("divide", &[1e300, 1e-300], O),
        ("sqrt", &[-1.0], I),
        ("sqrt", &[nan], none),
        ("exp", &[1000.0], O),
        ("exp", &[-1000.0], U),
        ("exp", &[inf], none),
        ("exp", &[-inf], none),
        ("exp", &[nan], none),
        ("exp", &[1.0], none),
        ("log", &[0.0], D),
        ("log", &[-1.0], I),
        ("log", &[inf], none),
        ("log1p", &[-1.0], D),
        ("sin", &[inf], I),
        ("sin", &[1e300], none),
        ("tan", &[0.0], none),
        ("tanpi", &[0.5], D),
        ("asin", &[2.0], I),
        ("atanh", &[1.0], D),
        ("atanh", &[2.0], I),
        ("pow", &[0.0, -1.0], D),
        ("pow", &[10.0, 400.0], O),
        ("pow", &[10.0, -400.0], U),
        ("pow", &[-1.0, 0.5], I),
        ("pow", &[0.0, 2.0], none),
        ("gamma", &[0.0], D),
        ("gamma", &[200.0], O),
        ("gamma", &[-1.0], I),
        ("lgamma", &[-1.0], D),
        ("reciprocal", &[0.0], D),
        ("floor_divide", &[1.0, 0.0], D),
        ("remainder", &[1.0, 0.0], I),
        ("fmod", &[1.0, 0.0], I),
        ("hypot", &[max, max], O),
        ("sigmoid", &[-2000.0], U),
        ("maximum", &[nan, 1.0], none),
    ];
    for (name, inputs, expected) in cases {
        assert_eq!(met(name, inputs, &[0.75, 1.25]), *expected, "{name} {inputs:?}");
    }
}

#[test]
fn calls_in_place_report_too() {
    let mut x = array![1.0f64, -1.0, 4.0];
    let (done, flags) = collect(|| math::log::ufunc().call_in_place(&mut x, ()));
    done.unwrap();
    assert!(x[1].is_nan());
    assert_eq!(flags, I);
}

#[test]
fn integers_report_division_by_zero() {
    for (y, expected) in [(vec![1i32, 2, 3], Flags::none()), (vec![1, 0, 3], D)] {
        let (x, y) = (array![5i32, 6, 7], Array1::from(y));
        let (q, flags) = collect(|| math::floor_divide::ufunc().call((&x, &y)));
        assert_eq!(q.unwrap().len(), 3);
        assert_eq!(flags, expected);
    }
}

#[test]
fn the_least_integer_divided_by_minus_one_is_an_overflow() {
    let x = Array1::from_elem(100, i64::MIN);
    for (i, y, expected) in [(7, -1i64, O), (7, 1, Flags::none()), (99, 0, D), (0, -1, O)] {
        let mut by = Array1::from_elem(100, 2);
        by[i] = y;
        assert_eq!(collect(|| math::floor_divide::ufunc().call((&x, &by))).1, expected);
        assert_eq!(collect(|| math::divmod::ufunc().call((&x, &by))).1, expected);
        // A remainder is 0 then, and that is right.
        let remainder = if expected == O { Flags::none() } else { expected };
        assert_eq!(collect(|| math::remainder::ufunc().call((&x, &by))).1, remainder);
    }
    let one = array![i32::MIN, 3, i32::MIN, -5];
    let (q, flags) = collect(|| math::floor_divide::ufunc().call((&one, -1i32)));
    assert_eq!((q.unwrap()[0usize], flags), (i32::MIN, O));
    assert!(
        collect(|| math::floor_divide::ufunc().call((&array![u8::MAX, 0], 255u8))).1.is_empty()
    );
}

#[test]
fn reductions_by_division_report() {
    let reduce = |x: Array1<i16>| collect(|| math::floor_divide::ufunc().reduce_all(&x)).1;
    assert_eq!(reduce(array![0, 5, 3]), Flags::none());
    assert_eq!(reduce(array![100, 0, 3]), D);
    assert_eq!(reduce(array![i16::MIN, 1, -1]), O);
    assert_eq!(reduce(array![i16::MIN, 1, 1, 2, -1]), Flags::none());
    // Rows, too.
    let mut rows = ndarray::Array2::from_elem((40, 40), 1i16);
    rows[[20, 30]] = 0;
    for axis in [0, 1] {
        let (_, flags) = collect(|| math::floor_divide::ufunc().reduce(&rows, ndarray::Axis(axis)));
        assert_eq!(flags, D, "{axis}");
        let (_, flags) =
            collect(|| math::floor_divide::ufunc().accumulate(&rows, ndarray::Axis(axis)));
        assert_eq!(flags, D, "{axis}");
    }
}

#[test]
fn methods_say_what_results_show() {
    let (max, none) = (f64::MAX, Flags::none());
    let cases = [
        ("hypot", max, max, O),
        ("hypot", 3.0, 4.0, none),
        ("pow", 10.0, 400.0, O),
        ("pow", 10.0, -400.0, U),
        ("pow", 0.0, -1.0, D),
        ("pow", -1.0, 0.5, I),
        ("pow", 2.0, 3.0, none),
        ("fmod", 1.0, 0.0, I),
        ("remainder", 1.0, 0.0, I),
        ("floor_divide", 1.0, 0.0, D),
        ("floor_divide", 0.0, 0.0, I),
        ("floor_divide", 7.0, 2.0, none),
        ("divide", 1.0, 0.0, D),
        ("multiply", max, max, O),
    ];
    let method = |f: &lanefn::Untyped, method: usize, x: &Array2<f64>, axis: usize| {
        let (shape, n) = ([x.nrows(), x.ncols()], x.len());
        let strides = [x.strides()[0] * 8, x.strides()[1] * 8];
        let input = RawInput {
            ptr: x.as_ptr().cast(),
            shape: &shape,
            strides: &strides,
            dtype: Dtype::F64,
        };
        let mut out = vec![0.0f64; n];
        let ptr = out.as_mut_ptr().cast::<u8>();
        fn to<'a>(ptr: *mut u8, shape: &'a [usize], strides: &'a [isize]) -> RawOutput<'a> {
            RawOutput { ptr, shape, strides, dtype: Dtype::F64 }
        }
        let along = axis as isize;
        // SAFETY: arrays of ours.
        let (done, flags) = collect(|| unsafe {
            match method {
                0 => {
                    let axes = [along];
                    let how = Reducing { axes: Some(&axes), ..Reducing::default() };
                    f.reduce_raw(
                        input,
                        to(ptr, &shape[1 - axis..2 - axis], &[8]),
                        &how,
                        Options::default(),
                    )
                }
                1 => {
                    let packed = [8 * shape[1] as isize, 8];
                    f.accumulate_raw(
                        input,
                        along,
                        to(ptr, &shape, &packed),
                        None,
                        Options::default(),
                    )
                }
                _ => {
                    let mut one = shape;
                    one[axis] = 1;
                    let packed = [8 * one[1] as isize, 8];
                    f.reduceat_raw(
                        input,
                        &[0],
                        along,
                        to(ptr, &one, &packed),
                        None,
                        Options::default(),
                    )
                }
            }
        });
        done.expect("the operands fit");
        flags
    };
    for (name, first, second, expected) in cases {
        let f = lanefn::find(name).expect("in the catalogue");
        // Few columns, some that are joined as rows, and more than are looked at together.
        for others in [1usize, 3, 40, 700] {
            for axis in [0, 1] {
                let at = others * 2 / 3;
                let mut x =
                    Array2::from_elem(if axis == 0 { (2, others) } else { (others, 2) }, 1.0);
                let mut set = |k, value| {
                    *x.get_mut(if axis == 0 { (k, at) } else { (at, k) }).unwrap() = value
                };
                set(0, first);
                set(1, second);
                for layout in [x.clone(), x.t().as_standard_layout().reversed_axes().to_owned()] {
                    for k in 0..3 {
                        let got = method(f, k, &layout, axis);
                        assert_eq!(
                            got, expected,
                            "{name}({first}, {second}), {k}, {others}, {axis}"
                        );
                    }
                }
            }
        }
    }
    // The initial value is joined too.
    let hypot = lanefn::find("hypot").expect("in the catalogue");
    let (x, mut out) = ([max; 2], 0.0f64);
    let input = RawInput { ptr: x.as_ptr().cast(), shape: &[1], strides: &[8], dtype: Dtype::F64 };
    let to = RawOutput { ptr: (&raw mut out).cast(), shape: &[], strides: &[], dtype: Dtype::F64 };
    for (initial, expected) in [(max, O), (1.0, none)] {
        let initial = Initial::Value(Scalar::of(initial));
        let how = Reducing { initial, ..Reducing::default() };
        // SAFETY: arrays of ours.
        let (done, flags) =
            collect(|| unsafe { hypot.reduce_raw(input, to, &how, Options::default()) });
        done.expect("the operands fit");
        assert_eq!(flags, expected);
    }
}

#[test]
fn what_any_thread_meets_is_reported() {
    // So long that helpers take parts of it, and one element anywhere in it meets something: a flag that
    // a helper lost would be missed at about half of the places.
    const N: usize = 2_000_000;
    let mut y = Array1::from_elem(N, 1.5f64);
    let (divide, log) = (math::divide::ufunc().threads(2), math::log::ufunc().threads(2));
    let mut out = Array1::zeros(N);
    for k in 0..40 {
        let at = (2 * k + 1) * N / 80;
        y[at] = 0.0;
        let (done, flags) = collect(|| divide.call_into((1.0, &y), &mut out));
        done.unwrap();
        assert_eq!(flags, D, "{at}");
        let (done, flags) = collect(|| log.call_into(&y, &mut out));
        done.unwrap();
        assert_eq!(flags, D, "{at}");
        y[at] = 1.5;
    }
    assert!(collect(|| divide.call_into((1.0, &y), &mut out)).1.is_empty());
    #[cfg(target_os = "linux")]
    {
        let tasks = std::fs::read_dir("/proc/self/task").expect("Linux lists a process's threads");
        let name = |task: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(task.expect("a thread").path().join("comm")).unwrap_or_default()
        };
        assert!(tasks.map(name).any(|name| name.starts_with("lanefn-")), "no helper was there");
    }
}

/// What a raw call meets whose operands are cast, of a function that itself meets nothing.
fn cast<A: Element, B: Element>(x: [A; 3], out: [B; 3], through: Dtype) -> Flags {
    let (f, mut out) = (lanefn::find("minimum").unwrap(), out);
    let input = RawInput {
        ptr: x.as_ptr().cast(),
        shape: &[3],
        strides: &[size_of::<A>() as isize],
        dtype: A::DTYPE,
    };
    let strides = [size_of::<B>() as isize];
    let output =
        RawOutput { ptr: out.as_mut_ptr().cast(), shape: &[3], strides: &strides, dtype: B::DTYPE };
    let unsafe_ = lanefn::dtype::Casting::Unsafe;
    let types = [A::DTYPE, A::DTYPE].map(lanefn::dtype::Type::Is);
    let code = f.resolve(&types, &[None, None, Some(through)], unsafe_).unwrap();
    let options = Options { casting: unsafe_, ..Options::default() };
    // SAFETY: arrays of ours.
    let (done, flags) =
        collect(|| unsafe { f.call_code(&code, &[input, input], None, &[output], options) });
    done.unwrap();
    flags
}

#[test]
fn casts_of_operands_report_what_has_no_place() {
    let none = Flags::none();
    let (int, small) = (Dtype::I32, Dtype::U8);
    assert_eq!(cast([0.0f64, 1.5, -7.9], [0i32; 3], int), none);
    assert_eq!(cast([0.0f64, f64::NAN, 1.0], [0i32; 3], int), I);
    assert_eq!(cast([0.0f32, 1.0, f32::INFINITY], [0i32; 3], int), I);
    assert_eq!(cast([0.0, 1.0, -2_147_483_648.5f64], [0i32; 3], int), none);
    assert_eq!(cast([0.0, 1.0, -2_147_483_649.0f64], [0i32; 3], int), I);
    assert_eq!(cast([0.0, 255.9f64, -0.9], [0u8; 3], small), none);
    assert_eq!(cast([0.0, 256.0f64, 1.0], [0u8; 3], small), I);
    assert_eq!(cast([0.0, -1.0f64, 1.0], [0u8; 3], small), I);
    // On the way out.
    assert_eq!(cast([0.0, 1e300f64, 1.0], [0i64; 3], Dtype::F64), I);
    assert_eq!(cast([0.0, 1e300f64, 1.0], [0f32; 3], Dtype::F64), O);
    assert_eq!(cast([0.0, f64::INFINITY, f64::NAN], [0f32; 3], Dtype::F64), none);
    assert_eq!(cast([0.0, f64::NAN, 2.0], [false; 3], Dtype::F64), none);
    assert_eq!(cast([i64::MIN, 300, 1], [0u8; 3], Dtype::I64), none);
}

#[test]
fn casts_within_methods_report_what_has_no_place() {
    let (maximum, add) = (lanefn::find("maximum").unwrap(), lanefn::find("add").unwrap());
    let none = Flags::none();
    for (rows, columns) in [(3usize, 1usize), (3, 40), (1, 5), (5000, 1), (2100, 20)] {
        let mut x = Array2::from_elem((rows, columns), 1.0f64);
        let at = (rows - 1, columns * 2 / 3);
        for (value, there, expected) in
            [(1.0, true, none), (1e300, true, O), (1e300, false, none), (f64::NAN, true, none)]
        {
            x[at] = value;
            let mut mask = Array2::from_elem((rows, columns), true);
            mask[at] = there;
            let (shape, by_row) = ([rows, columns], [8 * columns as isize, 8]);
            let input = RawInput {
                ptr: x.as_ptr().cast(),
                shape: &shape,
                strides: &by_row,
                dtype: Dtype::F64,
            };
            let masks = RawInput {
                ptr: mask.as_ptr().cast(),
                shape: &shape,
                strides: &[columns as isize, 1],
                dtype: Dtype::Bool,
            };
            // Through f32 on the way in, or on the way out.
            for (through, f) in
                [(Dtype::F32, maximum), (Dtype::F32, add), (Dtype::F64, maximum), (Dtype::F64, add)]
            {
                for axis in [0usize, 1] {
                    let mut out = vec![0f32; rows * columns];
                    let kept = [shape[1 - axis]];
                    let to = RawOutput {
                        ptr: out.as_mut_ptr().cast(),
                        shape: &kept,
                        strides: &[4],
                        dtype: Dtype::F32,
                    };
                    let how = Reducing {
                        axes: Some(&[axis as isize]),
                        dtype: Some(through),
                        mask: (!there).then_some(masks),
                        initial: if there {
                            Initial::Identity
                        } else {
                            Initial::Value(Scalar::of(0.0))
                        },
                        ..Reducing::default()
                    };
                    let options =
                        Options { casting: lanefn::dtype::Casting::Unsafe, ..Options::default() };
                    // SAFETY: arrays of ours.
                    let (done, flags) =
                        collect(|| unsafe { f.reduce_raw(input, to, &how, options) });
                    done.unwrap();
                    let what = format!("{} {rows} {columns} {value} {there} {axis}", f.name);
                    assert_eq!(flags, expected, "{what}, {through}");
                    if there {
                        let to = RawOutput {
                            ptr: out.as_mut_ptr().cast(),
                            shape: &shape,
                            strides: &[4 * columns as isize, 4],
                            dtype: Dtype::F32,
                        };
                        // SAFETY: arrays of ours.
                        let (done, flags) = collect(|| unsafe {
                            f.accumulate_raw(input, axis as isize, to, Some(through), options)
                        });
                        done.unwrap();
                        assert_eq!(flags, expected, "accumulate {what}, {through}");
                    }
                }
            }
        }
    }
}

#[test]
fn functions_at_indices_report() {
    let at = |name: &str, x: f64, by: Option<f64>| {
        let f = lanefn::find(name).unwrap();
        let (mut a, b) = ([1.0, x], by.unwrap_or(0.0));
        let to =
            RawOutput { ptr: a.as_mut_ptr().cast(), shape: &[2], strides: &[8], dtype: Dtype::F64 };
        let second =
            RawInput { ptr: (&raw const b).cast(), shape: &[], strides: &[], dtype: Dtype::F64 };
        // SAFETY: an array of ours.
        let call =
            || unsafe { f.at_raw(to, &[0, 1], &[2], by.map(|_| second), Options::default()) };
        let (done, flags) = collect(call);
        done.unwrap();
        flags
    };
    assert_eq!(at("log", 2.0, None), Flags::none());
    assert_eq!(at("log", -2.0, None), I);
    assert_eq!(at("log", 0.0, None), D);
    assert_eq!(at("multiply", f64::MAX, Some(2.0)), O);
    assert_eq!(at("multiply", 3.0, Some(2.0)), Flags::none());
    assert_eq!(at("floor_divide", 3.0, Some(0.0)), D);
    // Casts on the way in, and on the way back.
    let cast = |large: f64, name: &str| {
        let f = lanefn::find(name).unwrap();
        let (mut a, b) = ([1.0f32; 400], [large; 400]);
        let indices: Vec<i64> = (0..400).collect();
        let to = RawOutput {
            ptr: a.as_mut_ptr().cast(),
            shape: &[400],
            strides: &[4],
            dtype: Dtype::F32,
        };
        let by =
            RawInput { ptr: b.as_ptr().cast(), shape: &[400], strides: &[8], dtype: Dtype::F64 };
        let options = Options { casting: lanefn::dtype::Casting::Unsafe, ..Options::default() };
        // SAFETY: arrays of ours.
        let (done, flags) =
            collect(|| unsafe { f.at_raw(to, &indices, &[400], Some(by), options) });
        done.unwrap();
        flags
    };
    for name in ["maximum", "add"] {
        assert_eq!((cast(1e300, name), cast(1.5, name)), (O, Flags::none()), "{name}");
    }
}

#[test]
fn reductions_and_casts_report() {
    let sum = |x: &Array1<f64>| collect(|| math::add::ufunc().reduce_all(x)).1;
    assert_eq!(sum(&array![1.0, 2.0]), Flags::none());
    assert_eq!(sum(&Array1::from_elem(1000, f64::MAX)), O);
    let mut large = Array1::from_elem(1_000_000, 1.0);
    large[777_777] = f64::INFINITY;
    large[3] = f64::NEG_INFINITY;
    assert_eq!(sum(&large), I);
    let f = lanefn::find("add").unwrap();
    let x = [f64::MAX; 3];
    let mut out = 0f64;
    let input = RawInput { ptr: x.as_ptr().cast(), shape: &[3], strides: &[8], dtype: Dtype::F64 };
    let output =
        RawOutput { ptr: (&raw mut out).cast(), shape: &[], strides: &[], dtype: Dtype::F64 };
    // SAFETY: arrays of ours.
    let (done, flags) = collect(|| unsafe {
        f.reduce_raw(input, output, &Reducing::default(), Options::default())
    });
    done.unwrap();
    assert_eq!(flags, O);
}

#[test]
fn what_a_user_wrote_reports_nothing_and_collections_nest() {
    #[lanefn::ufunc]
    fn quotient(x: f64) -> f64 {
        1.0 / x
    }
    let zero = array![0.0];
    let (_, flags) = collect(|| quotient::ufunc().call(&zero));
    assert!(flags.is_empty());
    let ((inner, outer_met), all) = collect(|| {
        let (_, inner) = collect(|| math::log::ufunc().call(&zero));
        let (_, other) = collect(|| math::exp::ufunc().call(&array![1000.0]));
        (inner, other)
    });
    assert_eq!((inner, outer_met, all), (D, O, D.and(O)));
    // Outside, nobody asks: the CPU's own flags stay as they were.
    math::log::ufunc().call(&zero).unwrap();
    assert_eq!(all.names().collect::<Vec<_>>(), ["divide", "over"]);
}

#[test]
fn short_calls_give_and_meet_what_others_do_or_are_not_made() {
    use lanefn::{dtype::Type, kernels::loops::Input};
    let values = [1.5f64, -1.0, 0.0, f64::INFINITY, f64::NAN, 1e300, 1e-320];
    let mut bits = values.to_vec();
    bits.extend([2.0, -0.0]);
    for name in ["add", "multiply", "divide", "exp", "log", "sqrt", "floor_divide", "hypot", "less"]
    {
        let f = lanefn::find(name).expect("in the catalogue");
        let types = vec![Type::Is(Dtype::F64); f.nin()];
        let code = f.resolve(&types, &[], Default::default()).expect("there is a loop of f64");
        for n in [1usize, 2, 7] {
            for scalar in [false, true] {
                let of = |i: usize| bits[i..].as_ptr().cast::<u8>();
                let few: Vec<Input> =
                    (0..f.nin()).map(|i| Input { at: of(i), scalar: scalar && i == 1 }).collect();
                let (shape, along, still) = ([n], [8isize], [0isize]);
                let raw: Vec<RawInput> = few
                    .iter()
                    .map(|i| RawInput {
                        ptr: i.at,
                        shape: &shape,
                        strides: if i.scalar { &still } else { &along },
                        dtype: Dtype::F64,
                    })
                    .collect();
                let (mut got, mut wanted) = ([0u64; 7], [0u64; 7]);
                let size = code.outputs()[0].size() as isize;
                let to = RawOutput {
                    ptr: wanted.as_mut_ptr().cast(),
                    shape: &shape,
                    strides: &[size],
                    dtype: code.outputs()[0],
                };
                // SAFETY: `n` elements of arrays of ours.
                let ((done, outer), (met, inner)) = unsafe {
                    (
                        collect(|| f.call_code(&code, &raw, None, &[to], Options::default())),
                        collect(|| f.call_few(&code, &few, &[got.as_mut_ptr().cast()], n)),
                    )
                };
                done.expect("the operands fit");
                assert_eq!(
                    (met.unwrap(), inner, got),
                    (Some(outer), outer, wanted),
                    "{name} of {n}"
                );
            }
        }
        // Over an input: the same elements do where nobody looks at them afterwards, others never.
        let mut memory = [2.0f64; 9];
        let at = memory.as_mut_ptr().cast::<u8>();
        let few = vec![Input { at, scalar: false }; f.nin()];
        // SAFETY: an array of ours.
        let (same, shifted) = unsafe {
            (
                f.call_few(&code, &few, &[at], 7).unwrap(),
                f.call_few(&code, &few, &[at.add(8)], 7).unwrap(),
            )
        };
        let looked_at = !["add", "multiply", "divide", "sqrt"].contains(&name);
        assert_eq!(same.is_none(), looked_at, "{name}");
        assert_eq!(shifted, None, "{name}");
    }
    let add = lanefn::find("add").expect("in the catalogue");
    let code = add.resolve(&[Type::Is(Dtype::F64); 2], &[], Default::default()).expect("f64");
    let mut long = vec![0.0f64; 1 << 20];
    let few = [Input { at: bits.as_ptr().cast(), scalar: true }; 2];
    // SAFETY: an array of ours.
    let met = unsafe { add.call_few(&code, &few, &[long.as_mut_ptr().cast()], 1 << 20) };
    assert_eq!(met.unwrap(), None);

    // SAFETY: one element each.
    unsafe {
        assert_eq!(Scalar::read(Dtype::F64, values.as_ptr().cast()), Scalar::of(1.5));
        assert_eq!(Scalar::read(Dtype::Bool, [7u8].as_ptr()), Scalar::of(true));
        assert_eq!(Scalar::read(Dtype::I16, [0u8, 254, 255].as_ptr().add(1)), Scalar::of(-2i16));
    }
}
