//! The methods and layouts of ufuncs against NumPy: 4096 x 4096, one thread and two.
//!
//! `cargo bench --bench ufunc`, or `cargo bench --bench ufunc -- sum` for the rows whose name has that in
//! it; `small` are calls and methods of 1 and 10 elements, `costs` is what an element costs from small arrays
//! to large ones. NumPy runs in a process of its own, and the rounds take turns. What is printed: milliseconds of
//! lanefn with one thread, how many times longer NumPy takes, and how many times faster two threads are.
//! "fresh" rows return a new array each time, from the second call on; the others write to one that is
//! given.

#![allow(missing_docs)]

mod numpy_process;

use std::time::{Duration, Instant};

use lanefn::{
    Options, RawInput, RawOutput, Untyped,
    dtype::{Dtype, promote},
    math,
    prelude::*,
    ufunc::Reducing,
};
use ndarray::{Array1, Array2, Axis};
use numpy_process::NumPy;

#[global_allocator]
static RECYCLING: lanefn::Recycling = lanefn::Recycling::new();

const SIDE: usize = 4096;
const ENTRIES: usize = 1_000_000;

/// The least time of some runs, in nanoseconds.
fn least(work: &mut dyn FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    let begin = Instant::now();
    let mut runs = 0;
    while runs < 2 || begin.elapsed() < Duration::from_millis(30) {
        let start = Instant::now();
        work();
        least = least.min(start.elapsed().as_nanos() as f64);
        runs += 1;
    }
    least
}

/// An array with its bytes apart: a view of memory that lives on.
#[derive(Clone)]
struct View {
    at: *mut u8,
    shape: Vec<usize>,
    strides: Vec<isize>,
    dtype: Dtype,
}

impl View {
    fn of<T: lanefn::kernels::lanes::Element>(memory: &'static mut [T], shape: &[usize]) -> View {
        let mut strides = vec![0; shape.len()];
        let mut step = size_of::<T>() as isize;
        for (s, n) in strides.iter_mut().zip(shape).rev() {
            *s = step;
            step *= *n as isize;
        }
        View { at: memory.as_mut_ptr().cast(), shape: shape.to_vec(), strides, dtype: T::DTYPE }
    }

    fn transposed(&self) -> View {
        let mut view = self.clone();
        view.shape.reverse();
        view.strides.reverse();
        view
    }

    /// Every `step`-th column, or the first one alone.
    fn columns(&self, count: usize, step: isize) -> View {
        let mut view = self.clone();
        view.shape[1] = count;
        view.strides[1] *= step;
        view
    }

    fn first_row(&self) -> View {
        View {
            shape: self.shape[1..].to_vec(),
            strides: self.strides[1..].to_vec(),
            ..self.clone()
        }
    }

    fn input(&self) -> RawInput<'_> {
        let (shape, strides) = (&self.shape[..], &self.strides[..]);
        RawInput { ptr: self.at, shape, strides, dtype: self.dtype }
    }

    fn output(&self) -> RawOutput<'_> {
        let (shape, strides) = (&self.shape[..], &self.strides[..]);
        RawOutput { ptr: self.at, shape, strides, dtype: self.dtype }
    }
}

fn made<T: Clone>(n: usize, f: impl FnMut(usize) -> T) -> &'static mut [T] {
    (0..n).map(f).collect::<Vec<T>>().leak()
}

fn find(name: &str) -> &'static Untyped<'static> {
    lanefn::find(name).expect("in the catalogue")
}

/// One row of the table.
struct Row<'a> {
    name: String,
    numpy: String,
    ours: Box<dyn FnMut(usize) + 'a>,
}

fn one_thread(threads: usize) -> Options {
    Options { threads: Some(threads), stream: true, ..Options::default() }
}

fn call(name: &str, inputs: &[&View], mask: Option<&View>, output: &View, threads: usize) {
    let inputs: Vec<_> = inputs.iter().map(|v| v.input()).collect();
    let (mask, outputs) = (mask.map(View::input), [output.output()]);
    // SAFETY: the views are of memory that lives on, the output's apart or the same walk.
    unsafe { find(name).call_raw(&inputs, mask, &outputs, one_thread(threads)) }.expect("it fits");
}

fn reduce(name: &str, x: &View, axes: Option<&[isize]>, to: &View, threads: usize) {
    let how = Reducing { axes, ..Reducing::default() };
    let shape = how.shape(&x.shape).expect("the axes are there");
    let output = View { strides: to.strides[..shape.len()].to_vec(), shape, ..to.clone() };
    // SAFETY: as above.
    unsafe { find(name).reduce_raw(x.input(), output.output(), &how, one_thread(threads)) }
        .expect("it fits");
}

/// A row whose views are cloned into it.
macro_rules! row {
    ($rows:ident, $name:literal, $numpy:literal, |$threads:ident; $($use:ident),*| $e:expr) => {
        $rows.push({
            $(let $use = $use.clone();)*
            Row {
                name: $name.into(),
                numpy: $numpy.into(),
                ours: Box::new(move |$threads| { $e; }),
            }
        });
    };
}

macro_rules! rows_of {
    ($t:ident, $dtype:expr) => {{
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 * 2f64.powi(-53)
        };
        let square = [SIDE, SIDE];
        let d = $dtype;
        let x = View::of(made(SIDE * SIDE, |_| (random() + 0.5) as $t), &square);
        let y = View::of(made(SIDE * SIDE, |_| 0.0 as $t), &square);
        let line = View::of(made(SIDE, |_| 0.0 as $t), &[SIDE]);
        let zeros = View::of(made(SIDE * SIDE, |_| 0.0 as $t), &square);
        let whole = View::of(made(SIDE * SIDE, |k| k as i32), &square);
        let sums = View::of(made(SIDE * SIDE, |_| 0.0f64), &square);
        let mask = View::of(made(SIDE * SIDE, |_| random() < 0.5), &square);
        let truth = View::of(made(1, |_| false), &[1]);
        let one = View::of(made(1, |_| 1.0 as $t), &[]);
        let at = View::of(made(ENTRIES, |_| 0.0 as $t), &[ENTRIES]);
        let b = View::of(made(ENTRIES, |_| random() as $t), &[ENTRIES]);
        let index: &'static [i64] = made(ENTRIES, |_| (random() * ENTRIES as f64) as i64);
        let starts: &'static [i64] = made(ENTRIES / 16, |k| 16 * k as i64);
        let parts = View::of(made(ENTRIES / 16, |_| 0.0 as $t), &[ENTRIES / 16]);
        let half = View { shape: vec![SIDE, SIDE / 2], ..y.clone() };
        let mixed = promote(d, Dtype::I32);
        let mixed = if mixed == d { y.clone() } else { sums.clone() };
        let typed: &'static Array2<$t> =
            Box::leak(Box::new(Array2::from_shape_fn((SIDE, SIDE), |_| (random() + 0.5) as $t)));
        let row: &'static Array1<$t> = Box::leak(Box::new(typed.row(0).to_owned()));
        let setup = format!(
            "n = {SIDE}; r = np.random.default_rng(1); X = (r.random((n, n)) + 0.5).astype('{d}'); \
             Y = np.zeros_like(X); Z = np.zeros_like(X); I = np.arange(n * n, dtype='int32').reshape(n, n); \
             M = r.random((n, n)) < 0.5; L = np.zeros(n, '{d}'); H = np.zeros((n, n // 2), '{d}'); \
             S = np.zeros((n, n), np.result_type(X, I)); A = np.zeros({ENTRIES}, '{d}'); \
             B = r.random({ENTRIES}).astype('{d}'); J = r.integers(0, {ENTRIES}, {ENTRIES}); \
             K = np.arange(0, {ENTRIES}, 16); one = X.dtype.type(1)"
        );
        let mut rows: Vec<Row<'static>> = Vec::new();
        row!(rows, "sum", "np.add.reduce(X, axis=None)", |t; x, line| reduce("add", &x, None, &line, t));
        row!(rows, "sum axis 0", "np.add.reduce(X, axis=0, out=L)", |t; x, line| reduce("add", &x, Some(&[0]), &line, t));
        row!(rows, "sum axis 1", "np.add.reduce(X, axis=1, out=L)", |t; x, line| reduce("add", &x, Some(&[1]), &line, t));
        row!(rows, "max axis 0", "np.maximum.reduce(X, axis=0, out=L)", |t; x, line| reduce("maximum", &x, Some(&[0]), &line, t));
        row!(rows, "max", "np.maximum.reduce(X, axis=None)", |t; x, line| reduce("maximum", &x, None, &line, t));
        row!(rows, "prod", "np.multiply.reduce(X, axis=None)", |t; x, line| reduce("multiply", &x, None, &line, t));
        row!(rows, "any, none is", "np.logical_or.reduce(Z, axis=None)", |t; zeros, truth| reduce("logical_or", &zeros, None, &truth, t));
        row!(rows, "all, the first isn't", "np.logical_and.reduce(Z, axis=None)", |t; zeros, truth| reduce("logical_and", &zeros, None, &truth, t));
        row!(rows, "cumsum axis 0", "np.add.accumulate(X, axis=0, out=Y)", |t; x, y| unsafe {
            // SAFETY: views of memory that lives on, apart.
            find("add").accumulate_raw(x.input(), 0, y.output(), None, one_thread(t)).expect("it fits")
        });
        row!(rows, "cumsum axis 1", "np.add.accumulate(X, axis=1, out=Y)", |t; x, y| unsafe {
            // SAFETY: as above.
            find("add").accumulate_raw(x.input(), 1, y.output(), None, one_thread(t)).expect("it fits")
        });
        row!(rows, "X + X[0]", "np.add(X, X[0], out=Y)", |t; x, y| call("add", &[&x, &x.first_row()], None, &y, t));
        row!(rows, "X + X[:, :1]", "np.add(X, X[:, :1], out=Y)", |t; x, y| call("add", &[&x, &x.columns(1, 1)], None, &y, t));
        row!(rows, "add.outer", "np.add.outer(X[0], X[1], out=Y)", |t; x, y| unsafe {
            // SAFETY: as above.
            find("add").outer_raw(x.first_row().input(), x.first_row().input(), None, &[y.output()], one_thread(t)).expect("it fits")
        });
        row!(rows, "X.T + 1", "np.add(X.T, one, out=Y.T)", |t; x, y, one| call("add", &[&x.transposed(), &one], None, &y.transposed(), t));
        row!(rows, "X.T + 1 into C order", "np.add(X.T, one, out=Y)", |t; x, y, one| call("add", &[&x.transposed(), &one], None, &y, t));
        row!(rows, "X[:, ::2] + 1", "np.add(X[:, ::2], one, out=H)", |t; x, half, one| {
            let half = View { strides: vec![half.strides[0] / 2, half.strides[1]], ..half.clone() };
            call("add", &[&x.columns(SIDE / 2, 2), &one], None, &half, t)
        });
        row!(rows, "i32 + X", "np.add(I, X, out=S)", |t; x, whole, mixed| call("add", &[&whole, &x], None, &mixed, t));
        row!(rows, "where-masked add", "np.add(X, X, out=Y, where=M)", |t; x, y, mask| call("add", &[&x, &x], Some(&mask), &y, t));
        row!(rows, "add.at 1M", "np.add.at(A, J, B)", |_t; at, b| unsafe {
            // SAFETY: as above.
            find("add").at_raw(at.output(), index, &[ENTRIES], Some(b.input()), one_thread(1)).expect("it fits")
        });
        row!(rows, "add.reduceat 1M", "np.add.reduceat(B, K)", |t; b, parts| unsafe {
            // SAFETY: as above.
            find("add").reduceat_raw(b.input(), starts, 0, parts.output(), None, one_thread(t)).expect("it fits")
        });
        rows.push(Row {
            name: "fresh X + 1".into(),
            numpy: "np.add(X, one)".into(),
            ours: Box::new(move |t| {
                std::hint::black_box(math::add::ufunc().threads(t).call((typed, 1.0 as $t)).expect("it fits"));
            }),
        });
        rows.push(Row {
            name: "fresh X + X[0]".into(),
            numpy: "np.add(X, X[0])".into(),
            ours: Box::new(move |t| {
                std::hint::black_box(math::add::ufunc().threads(t).call((typed, row)).expect("it fits"));
            }),
        });
        (setup, rows)
    }};
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let asked = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str()));
    if wanted.is_empty() || wanted.iter().any(|w| !["small", "costs"].contains(&w.as_str())) {
        compare(&asked);
    }
    if asked("small") {
        small();
    }
    if asked("costs") {
        costs();
    }
}

/// The rows that are asked for, against NumPy.
fn compare(asked: &dyn Fn(&str) -> bool) {
    let mut numpy = NumPy::start();
    if numpy.is_none() {
        println!("no Python: NumPy is left out");
    }
    let mut lost = Vec::new();
    for dtype in [Dtype::F64, Dtype::F32] {
        let (setup, rows) = match dtype {
            Dtype::F64 => rows_of!(f64, Dtype::F64),
            _ => rows_of!(f32, Dtype::F32),
        };
        if let Some(numpy) = &mut numpy {
            numpy.ask(&format!("run {setup}"));
        }
        let mut logs = Vec::new();
        for mut row in rows {
            if !asked(&row.name) {
                continue;
            }
            let (mut one, mut two, mut peer) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
            for _ in 0..10 {
                one = one.min(least(&mut || (row.ours)(1)));
                two = two.min(least(&mut || (row.ours)(2)));
                if let Some(numpy) = &mut numpy {
                    let answer = numpy.ask(&format!("time {}", row.numpy));
                    peer = peer.min(answer.and_then(|a| a.parse().ok()).unwrap_or(f64::INFINITY));
                }
            }
            let ratio = peer / one;
            println!(
                "{:<22} {dtype}  {:>8.3} ms  numpy {ratio:>7.2}  two threads {:>5.2}",
                row.name,
                one / 1e6,
                one / two
            );
            if ratio.is_finite() {
                logs.push(ratio.ln());
                if ratio < 1.0 {
                    lost.push(format!("{} {dtype} ({ratio:.2})", row.name));
                }
            }
        }
        let mean = (logs.iter().sum::<f64>() / logs.len().max(1) as f64).exp();
        println!("{dtype}: geometric mean over {} rows {mean:.2} times NumPy\n", logs.len());
    }
    println!(
        "slower than NumPy: {}",
        if lost.is_empty() { "none".into() } else { lost.join(", ") }
    );
}

/// Calls and methods of few elements, with an output given and without.
fn small() {
    println!();
    for n in [1usize, 10] {
        let x: &'static mut [f64] = made(n, |_| 1.5);
        let at: Vec<i64> = (0..n as i64).collect();
        let array = Array1::from(x.to_vec());
        let mut out = Array1::zeros(n);
        let (x, y) = (View::of(x, &[n]), View::of(made(n, |_| 0.0f64), &[n]));
        let (square, one) =
            (View::of(made(n * n, |_| 0.0f64), &[n, n]), View::of(made(1, |_| 0.0f64), &[]));
        let ufunc = math::add::ufunc();
        let add = find("add");
        let time = |work: &mut dyn FnMut()| least(&mut || (0..1000).for_each(|_| work())) / 1000.0;
        let show = |name: &str, given: f64, fresh: f64| {
            println!(
                "{name} of {n:>2}: {given:>4.0} ns with an output given, {fresh:>4.0} ns without"
            );
        };
        macro_rules! fresh {
            ($e:expr) => {
                time(&mut || {
                    std::hint::black_box($e.expect("it fits"));
                })
            };
        }
        macro_rules! given {
            ($e:expr) => {
                time(&mut || {
                    // SAFETY: views of memory that lives on, apart.
                    unsafe { $e }.expect("it fits");
                })
            };
        }
        let options = Options::default();
        let call = time(&mut || ufunc.call_into((&array, &array), &mut out).expect("it fits"));
        show("add", call, fresh!(ufunc.call((&array, &array))));
        let call = time(&mut || ufunc.call_into((&array, 1.0), &mut out).expect("it fits"));
        show("add of a number", call, fresh!(ufunc.call((&array, 1.0))));
        let how = Reducing::default();
        let call = given!(add.reduce_raw(x.input(), one.output(), &how, options));
        show("add.reduce", call, fresh!(ufunc.reduce(&array, Axis(0))));
        let call = given!(add.accumulate_raw(x.input(), 0, y.output(), None, options));
        show("add.accumulate", call, fresh!(ufunc.accumulate(&array, Axis(0))));
        let call = given!(add.reduceat_raw(x.input(), &at, 0, y.output(), None, options));
        show("add.reduceat", call, fresh!(ufunc.reduceat(&array, &at, Axis(0))));
        let call = given!(add.outer_raw(x.input(), x.input(), None, &[square.output()], options));
        show("add.outer", call, fresh!(ufunc.outer(&array, &array)));
        let call = given!(add.at_raw(y.output(), &at, &[n], Some(x.input()), options));
        println!("add.at of {n:>2}: {call:>4.0} ns");
    }
}

/// What an element costs, from small arrays to large ones, beside a copy of it: where that is dearer,
/// elements come from further away.
fn costs() {
    println!("\nns an element:      add 1   maximum       sum  sum of rows     copy");
    for n in [1_000usize, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000] {
        let x = Array1::from_elem(n, 1.5f64);
        let mut out = Array1::zeros(n);
        let add = math::add::ufunc().threads(1);
        let maximum = math::maximum::ufunc().threads(1);
        let rows = x.view().into_shape_with_order((n / 100, 100)).expect("a multiple of 100");
        let mut costs = [f64::INFINITY; 5];
        for _ in 0..3 {
            let mut time = |k: usize, work: &mut dyn FnMut()| {
                costs[k] = costs[k].min(least(work) / n as f64);
            };
            time(0, &mut || add.call_into((&x, 1.0), &mut out).expect("it fits"));
            time(1, &mut || {
                std::hint::black_box(maximum.reduce_all(&x).expect("it fits"));
            });
            time(2, &mut || {
                std::hint::black_box(add.reduce_all(&x).expect("it fits"));
            });
            time(3, &mut || {
                std::hint::black_box(add.reduce(&rows, Axis(0)).expect("it fits"));
            });
            let (from, to) = (x.as_slice().expect("it is"), out.as_slice_mut().expect("it is"));
            time(4, &mut || std::hint::black_box(&mut *to).copy_from_slice(from));
        }
        let [add, maximum, sum, rows, copy] = costs;
        println!("{n:>9} elements {add:>9.3} {maximum:>9.3} {sum:>9.3} {rows:>12.3} {copy:>8.3}");
    }
}
