//! The same bits for every number of threads and every level, on arrays large enough for threads.

#[path = "common/kernels.rs"]
mod kernels;
#[path = "common/oracle.rs"]
mod oracle;

use kernels::*;
use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};

use lanefn::{
    Level, Options, RawInput, RawOutput, Ufunc,
    kernels::{
        lanes::{Dtype, Shape},
        loops::{Function, Kernel, Loop},
    },
    prelude::*,
};
use ndarray::{Array, Array1, Array2, ArrayView2, Axis, ShapeBuilder, s};
use oracle::{Value, mix};

/// Settings to try: every level with one thread, and 1 to 8 threads at the chosen level and at the
/// lowest; the first is what the others are compared with.
fn settings() -> Vec<(Level, usize)> {
    for level in Level::ALL.into_iter().filter(|l| !l.is_present()) {
        println!("skipped: level {level}, which this CPU lacks");
    }
    let chosen = Level::chosen().unwrap();
    let mut all = vec![(Level::Scalar, 1)];
    all.extend(Level::present().into_iter().map(|l| (l, 1)));
    all.extend((2..=8).map(|n| (chosen, n)));
    all.extend([(Level::Scalar, 3), (Level::Baseline, 8)]);
    all
}

fn set<F: Function>(f: Ufunc<F>, (level, threads): (Level, usize)) -> Ufunc<F> {
    f.level(level).threads(threads)
}

fn some<T: Value>(rows: usize, n: usize, seed: u64) -> Array2<T> {
    Array::from_shape_fn((rows, n), |(i, j)| T::some(seed + (i * n + j) as u64))
}

/// Checks that `call` gives the same in every setting, and that it gives what it should at some places.
#[track_caller]
fn same<T: PartialEq>(what: &str, call: impl Fn((Level, usize)) -> T) -> T {
    let settings = settings();
    let first = call(settings[0]);
    for &setting in &settings[1..] {
        let got = call(setting);
        // No `assert_eq`: megabytes of numbers tell nobody anything.
        assert!(got == first, "{what}: {setting:?} differs from {:?}", settings[0]);
    }
    first
}

/// An output that holds nothing that a call gives: memory that a call makes may have been another
/// call's, and still hold what that wrote.
fn blank<T: Value>((rows, n): (usize, usize)) -> Array2<T> {
    Array2::from_elem((rows, n), T::of(-0x1234_5678_9abc))
}

fn bits<'a, T: Value>(values: impl IntoIterator<Item = &'a T>) -> Vec<u64> {
    values.into_iter().map(|v| v.bits()).collect()
}

/// What is far above the threshold at which threads begin: milliseconds of work at any level.
const ROWS: usize = 700;
const N: usize = 1100;

fn problem(x: f64) -> f64 {
    if x > 2.0 { x + 1.0 } else { x - 1.0 }
}

/// A kernel that waits until two threads have been in it.
struct Meet;
static FIRST: AtomicUsize = AtomicUsize::new(0);
static MET: AtomicBool = AtomicBool::new(false);
impl Function for Meet {
    const NAME: &'static str = "meet";
    const DOC: &'static str = "The input.";
    const ARGUMENTS: &'static [&'static str] = &["x"];
    const LOOPS: &'static [&'static Loop] = &[&Loop::of::<Meet, (f64,)>()];
}
impl Kernel<(f64,)> for Meet {
    type Out = (f64,);
    type Busy = f64;
    const COST: u32 = 4;
    fn lanes<S: Shape>(_: S, (x,): (S::F64,)) -> (S::F64,) {
        thread_local!(static ME: u8 = const { 0 });
        let me = ME.with(|me| &raw const *me as usize);
        let first = FIRST.compare_exchange(0, me, SeqCst, SeqCst).unwrap_or_else(|first| first);
        if first != 0 && first != me {
            MET.store(true, SeqCst);
        }
        let since = Instant::now();
        while !MET.load(SeqCst) && since.elapsed() < Duration::from_secs(10) {
            std::thread::yield_now();
        }
        // Given up: not once more for each vector.
        MET.store(true, SeqCst);
        WAITED.fetch_max(since.elapsed().as_secs(), SeqCst);
        (x,)
    }
}
static WAITED: AtomicU64 = AtomicU64::new(0);

#[test]
fn work_of_this_size_is_shared_among_threads() {
    // Or the other tests here would show nothing.
    let x = some::<f64>(ROWS, N, 0);
    let y = Meet::ufunc().threads(2).call(&x).unwrap();
    assert!(WAITED.load(SeqCst) < 10, "no second thread came");
    assert!(bits(&y) == bits(&x));
}

#[test]
fn contiguous_arrays() {
    let x = some::<f64>(ROWS, N, 0);
    let got = same("f64", |to| {
        let mut y = blank::<f64>(x.dim());
        set(Problem::ufunc(), to).call_into(&x, &mut y).unwrap();
        bits(&y)
    });
    assert!(got == bits(&x.mapv(problem)));
    let x = some::<f32>(ROWS, N, 0);
    same("f32", |to| {
        let mut y = blank::<f32>(x.dim());
        set(Problem::ufunc(), to).call_into(&x, &mut y).unwrap();
        bits(&y)
    });
    let x = some::<u8>(ROWS, N * 4, 0);
    same("u8", |to| {
        let mut y = blank::<u8>(x.dim());
        set(Problem::ufunc(), to).call_into(&x, &mut y).unwrap();
        bits(&y)
    });
}

#[test]
fn strided_and_transposed_arrays() {
    let memory = some::<f64>(2 * ROWS, 2 * N, 1);
    let steps: [ArrayView2<f64>; 5] = [
        memory.slice(s![..ROWS, ..;2]),
        memory.slice(s![..;2, ..N]),
        memory.slice(s![..;-2, ..;-2]),
        memory.slice(s![..N, ..ROWS]).reversed_axes(),
        memory.slice(s![..ROWS, 3..N + 3]),
    ];
    for (i, x) in steps.iter().enumerate() {
        let want = bits(&x.mapv(problem));
        let call = |to| bits(&set(Problem::ufunc(), to).call(x).unwrap());
        assert!(same("call", call) == want, "{i}");
        let into = |to| {
            let mut y = Array2::<f64>::zeros(x.dim());
            set(Problem::ufunc(), to).call_into(x, &mut y).unwrap();
            bits(&y)
        };
        assert!(same("C order", into) == want, "{i}");
        let strided = |to| {
            let mut y = Array2::<f64>::from_elem((x.nrows() * 2, x.ncols() * 3).f(), 9.0);
            set(Problem::ufunc(), to).call_into(x, &mut y.slice_mut(s![..;2, 1..;3])).unwrap();
            bits(&y)
        };
        same("strided Fortran order", strided);
    }
    // Rows far shorter than a block.
    for n in [2, 3, 7, 40, 63] {
        let x = memory.slice(s![.., 5..5 + n]);
        let x = x.broadcast((400, 2 * ROWS, n)).unwrap();
        let x = x.slice(s![..200_000 / (ROWS * n) + 1, .., ..]);
        let want = bits(&x.mapv(problem));
        let got = same("short rows", |to| bits(&set(Problem::ufunc(), to).call(&x).unwrap()));
        assert!(got == want, "rows of {n}");
    }
}

#[test]
fn broadcast_arrays() {
    let x = some::<f64>(ROWS, N, 2);
    let (row, column) = (x.index_axis(Axis(0), 3), x.slice(s![.., 5..6]));
    let want =
        |f: &dyn Fn(usize, usize) -> f64| bits(&Array2::from_shape_fn((ROWS, N), |(i, j)| f(i, j)));
    let got = same("row", |to| {
        let mut y = blank((ROWS, N));
        set(Plus::ufunc(), to).call_into((&x, &row), &mut y).unwrap();
        bits(&y)
    });
    assert!(got == want(&|i, j| x[(i, j)] + x[(3, j)]));
    let got = same("column", |to| {
        let mut y = blank((ROWS, N));
        set(Plus::ufunc(), to).call_into((&x, &column), &mut y).unwrap();
        bits(&y)
    });
    assert!(got == want(&|i, j| x[(i, j)] + x[(i, 5)]));
    let got = same("outer", |to| {
        let mut y = blank((ROWS, N));
        set(Plus::ufunc(), to).call_into((&column, &row), &mut y).unwrap();
        bits(&y)
    });
    assert!(got == want(&|i, j| x[(i, 5)] + x[(3, j)]));
    let got = same("number", |to| {
        let mut y = blank((ROWS, N));
        set(Plus::ufunc(), to).call_into((0.5, &x), &mut y).unwrap();
        bits(&y)
    });
    assert!(got == want(&|i, j| x[(i, j)] + 0.5));
}

#[test]
fn several_outputs_of_several_dtypes() {
    let x = some::<f32>(ROWS, N, 3);
    let bytes = some::<u8>(ROWS, N, 4);
    let row = bytes.index_axis(Axis(0), 0);
    let call = |to| {
        let (mut p, mut q, mut r, mut s) =
            (blank(x.dim()), blank(x.dim()), blank(x.dim()), blank(x.dim()));
        set(W5::ufunc(), to)
            .call_into(
                (&bytes, &row, 3u8, &bytes.slice(s![.., ..1]), &x),
                (&mut p, &mut q, &mut r, &mut s),
            )
            .unwrap();
        (bits(&p), bits(&q), bits(&r), bits(&s))
    };
    let got = same("five inputs, four outputs", call);
    let mut at = 0;
    for (i, row_of) in bytes.rows().into_iter().enumerate() {
        for j in 0..N {
            let sum =
                row_of[j].whole() * 3 + row[j].whole() * 5 + 3 * 7 + bytes[(i, 0)].whole() * 11;
            let sum = sum.wrapping_add(x[(i, j)].whole().wrapping_mul(13));
            assert_eq!(got.2[at], sum.wrapping_add(2) as u64);
            at += 1;
        }
    }
}

#[test]
fn masked_calls() {
    let x = some::<f64>(ROWS, N, 5);
    let mask =
        Array2::from_shape_fn((ROWS, N), |(i, j)| !mix((i * N + j) as u64).is_multiple_of(3));
    let row = mask.index_axis(Axis(0), 0);
    let call = |to, x: ArrayView2<f64>| {
        let mut y = Array2::<f64>::from_elem((ROWS, N), 9.0);
        set(Problem::ufunc(), to).call_where(&x, &mask, &mut y).unwrap();
        let mut z = Array2::<f64>::from_elem((ROWS, N).f(), 9.0);
        set(Problem::ufunc(), to).call_where(&x, &row, &mut z).unwrap();
        (bits(&y), bits(&z))
    };
    let (y, z) = same("masked", |to| call(to, x.view()));
    let want = |mask: &dyn Fn(usize, usize) -> bool| {
        bits(&Array2::from_shape_fn(
            (ROWS, N),
            |(i, j)| if mask(i, j) { problem(x[(i, j)]) } else { 9.0 },
        ))
    };
    assert!(y == want(&|i, j| mask[(i, j)]));
    assert!(z == want(&|_, j| row[j]));
    let back = x.slice(s![..;-1, ..;-1]);
    same("masked, backwards", |to| call(to, back));
}

#[test]
fn in_place_calls_and_overlapping_operands() {
    let x = some::<f64>(ROWS, N, 6);
    let in_place = |to| {
        let mut y = x.clone();
        set(Problem::ufunc(), to).call_in_place(&mut y, ()).unwrap();
        set(Plus::ufunc(), to).call_in_place(&mut y.slice_mut(s![..;-1, ..;2]), (1.0,)).unwrap();
        bits(&y)
    };
    same("in place", in_place);
    // One buffer, the output begins 3 elements after the input.
    let n = 500_000;
    let values = Array1::from_shape_fn(n + 3, |i| f64::some(i as u64));
    let moved = |(level, threads)| {
        let mut memory = values.to_vec();
        let at = memory.as_mut_ptr().cast::<u8>();
        let input = RawInput { ptr: at, shape: &[n], strides: &[8], dtype: Dtype::F64 };
        let output =
            RawOutput { ptr: at.wrapping_add(24), shape: &[n], strides: &[8], dtype: Dtype::F64 };
        let options = Options { level: Some(level), threads: Some(threads), ..Options::default() };
        // SAFETY: both are within the vector, which nobody else knows.
        unsafe { Problem::ufunc().untyped().call_raw(&[input], None, &[output], options) }.unwrap();
        bits(&memory)
    };
    let got = same("moved", moved);
    let want = (0..n + 3).map(|i| if i < 3 { values[i] } else { problem(values[i - 3]) });
    assert!(got == want.map(f64::bits).collect::<Vec<_>>());
}

#[test]
fn arrays_larger_than_the_last_cache_are_streamed_to_the_same_bits() {
    // At most this much memory for a test; where the cache is larger, it is said.
    let most = 256 << 20;
    let cache = lanefn::limits::caches().last_level();
    if cache > most / 3 {
        println!("skipped: streaming sizes, the last-level cache has {cache} bytes");
        return;
    }
    // The output alone is larger than the cache.
    let n = (cache / 8 + 100_003).next_multiple_of(2) + 1;
    let x = Array1::from_shape_fn(n, |i| (mix(i as u64) >> 40) as f64 / 1e5);
    let want = x.mapv(problem);
    let chosen = Level::chosen().unwrap();
    // Outputs at every place in a line.
    let mut memory = Array1::<f64>::from_elem(n + 8, -5.0);
    for (begin, threads, level) in [
        (0, 1, chosen),
        (1, 2, chosen),
        (3, 5, chosen),
        (7, 8, Level::Scalar),
        (5, 1, Level::Baseline),
    ] {
        memory.fill(-5.0);
        let mut y = memory.slice_mut(s![begin..begin + n]);
        set(Problem::ufunc(), (level, threads)).call_into(&x, &mut y).unwrap();
        assert!(y == want, "{begin} {threads} {level}");
        assert!(memory.iter().take(begin).chain(memory.iter().skip(begin + n)).all(|&v| v == -5.0));
    }
    // In place, and at an odd address.
    memory.slice_mut(s![..n]).assign(&x);
    set(Problem::ufunc(), (chosen, 4)).call_in_place(&mut memory.slice_mut(s![..n]), ()).unwrap();
    assert!(memory.slice(s![..n]) == want);
    let mut bytes = vec![0u8; n * 8 + 64];
    let input = RawInput { ptr: x.as_ptr().cast(), shape: &[n], strides: &[8], dtype: Dtype::F64 };
    for begin in [1, 13, 60] {
        let ptr = bytes.as_mut_ptr().wrapping_add(begin);
        let output = RawOutput { ptr, shape: &[n], strides: &[8], dtype: Dtype::F64 };
        let options = Options { threads: Some(3), stream: true, ..Options::default() };
        // SAFETY: both arrays have `n` elements.
        unsafe { Problem::ufunc().untyped().call_raw(&[input], None, &[output], options) }.unwrap();
        let got = bytes[begin..].chunks_exact(8).zip(&want);
        assert!(got.take(n).all(|(b, w)| b == w.to_ne_bytes()), "{begin}");
    }
    // Through the buffers of tiles: every second element, and numbers of another dtype.
    let whole: Vec<i32> = (0..n).map(|i| mix(i as u64) as i32).collect();
    let half = n / 2 + 1;
    let every_second =
        RawInput { ptr: x.as_ptr().cast(), shape: &[half], strides: &[16], dtype: Dtype::F64 };
    let cast =
        RawInput { ptr: whole.as_ptr().cast(), shape: &[half], strides: &[4], dtype: Dtype::I32 };
    let add = lanefn::find("add").unwrap();
    for (begin, threads) in [(0, 1), (5, 3), (24, 2)] {
        let ptr = bytes.as_mut_ptr().wrapping_add(begin);
        let output = RawOutput { ptr, shape: &[half], strides: &[8], dtype: Dtype::F64 };
        let options = Options { threads: Some(threads), stream: true, ..Options::default() };
        // SAFETY: all have as many elements.
        unsafe { add.call_raw(&[every_second, cast], None, &[output], options) }.unwrap();
        let want = x.iter().step_by(2).zip(&whole).map(|(&a, &b)| a + f64::from(b));
        let got = bytes[begin..].chunks_exact(8).zip(want);
        assert!(got.take(half).all(|(b, w)| b == w.to_ne_bytes()), "{begin} {threads}");
    }
    // Rows of a matrix with gaps, streamed row by row; two outputs of different sizes.
    let (rows, columns) = (n / 1000, 900);
    let wide = memory.slice(s![..rows * 1000]).into_shape_with_order((rows, 1000)).unwrap();
    let wide = wide.slice(s![.., ..columns]);
    let mut p = Array2::<i64>::zeros((rows, 1000));
    let mut q = Array2::from_elem((rows, 1000), false);
    set(W2::ufunc(), (chosen, 3))
        .call_into(
            (&wide, 7u8),
            (&mut p.slice_mut(s![.., 1..=columns]), &mut q.slice_mut(s![.., ..columns])),
        )
        .unwrap();
    for ((i, j), &v) in wide.indexed_iter() {
        let sum = v.whole().wrapping_mul(3).wrapping_add(35);
        assert_eq!((p[(i, j + 1)], q[(i, j)]), (sum, sum.wrapping_add(1) > 3), "{i} {j}");
    }
    assert!(p.column(0).iter().all(|&v| v == 0) && q.column(columns).iter().all(|&v| !v));
}

#[test]
fn the_thread_count_of_a_scope_changes_no_bit_either() {
    let x = some::<f64>(ROWS, N, 8);
    let t = some::<f64>(N, ROWS, 9).reversed_axes();
    let want = bits(&Array2::from_shape_fn((ROWS, N), |at| x[at] + t[at]));
    for threads in 1..=8 {
        let mut got = blank(x.dim());
        lanefn::with_num_threads(threads, || Plus::ufunc().call_into((&x, &t), &mut got))
            .unwrap()
            .unwrap();
        assert!(bits(&got) == want, "{threads} threads");
    }
}

#[test]
fn odd_alignments() {
    let n = 1_000_000;
    for begin in 0..9 {
        let x = Array1::from_shape_fn(n + 9, |i| f32::some(i as u64));
        let x = x.slice(s![begin..begin + n]);
        let into = |to| {
            let mut y = Array1::<f32>::zeros(n + 17);
            set(Problem::ufunc(), to)
                .call_into(&x, &mut y.slice_mut(s![17 - begin..17 - begin + n]))
                .unwrap();
            bits(&y)
        };
        let mut settings = settings();
        settings.truncate(4);
        settings.push((Level::chosen().unwrap(), 5));
        let first = into(settings[0]);
        assert!(settings.iter().all(|&to| into(to) == first), "{begin}");
    }
}
