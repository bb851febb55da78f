//! The problem functions against the same function as a plain loop under the level's instructions,
//! `ndarray`'s `mapv` and `Zip`, and `wide`'s types as the target compiles them.
//!
//! `cargo bench --bench problem`. First the ratios, each within one run (see `compare.rs`): how many
//! times longer the peer takes than lanefn, so "at least 0.97 of the plain loop's speed" is a ratio of
//! 0.97 or more. Then criterion's record of the in-cache size, to compare with earlier runs.

#![allow(missing_docs)]

mod compare;
mod peers;

use std::hint::black_box;

use compare::{Contender, ratios};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use lanefn::{
    kernels::{level::Level, problem::*},
    prelude::*,
};
use ndarray::{Array1, Array2, Zip, s};
use peers::{plain, wides};

const SIZES: [usize; 3] = [1024, 65_536, 16 << 20];

/// Wind speeds, x of the pieces, and points of the complex plane alike: both signs, every branch.
fn input(n: usize, scale: f64) -> Vec<f64> {
    let mut state = 1u64;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0) * scale
        })
        .collect()
}

/// One function of one argument: lanefn against its peers, at every size.
macro_rules! unary {
    ($level:expr, $name:ident, $t:ident, $scale:expr) => {
        for n in SIZES {
            let x: Array1<$t> = input(n, $scale).into_iter().map(|v| v as $t).collect();
            let ufunc = $name::ufunc().threads(1);
            let (mut a, mut b, mut c, mut d) =
                (Array1::zeros(n), Array1::zeros(n), Array1::zeros(n), Array1::zeros(n));
            ratios(
                &format!("{} {} n={n}", stringify!($name), stringify!($t)),
                n,
                &mut [
                    (
                        "lanefn",
                        Box::new(|| ufunc.call_into(black_box(&x), &mut a).unwrap())
                            as Box<dyn FnMut()>,
                    ),
                    (
                        "plain",
                        Box::new(|| {
                            plain::$name::$t(
                                $level,
                                x.as_slice().unwrap(),
                                b.as_slice_mut().unwrap(),
                            )
                        }),
                    ),
                    (
                        "Zip",
                        Box::new(|| {
                            Zip::from(&mut c).and(black_box(&x)).for_each(|c, &x| *c = $name(x))
                        }),
                    ),
                    (
                        "wide",
                        Box::new(|| {
                            wides::$name::$t(x.as_slice().unwrap(), d.as_slice_mut().unwrap())
                        }),
                    ),
                ],
            );
            assert_eq!(a, b);
            assert_eq!(a, d);
            ratios(
                "    a new array each time",
                n,
                &mut [
                    (
                        "lanefn",
                        Box::new(|| drop(black_box(ufunc.call(black_box(&x)).unwrap())))
                            as Box<dyn FnMut()>,
                    ),
                    ("mapv", Box::new(|| drop(black_box(black_box(&x).mapv($name::<$t>))))),
                ],
            );
        }
    };
}

/// The points of a picture of the whole Mandelbrot set, row by row.
fn picture(n: usize) -> (Array1<f64>, Array1<f64>) {
    let side = n.isqrt();
    let at = |i: usize| i as f64 / side as f64;
    (
        (0..n).map(|i| at(i % side) * 3.0 - 2.0).collect(),
        (0..n).map(|i| at(i / side) * 2.4 - 1.2).collect(),
    )
}

macro_rules! escape_time {
    ($level:expr, $t:ident) => {
        for n in [1024, 65_536, 1 << 20] {
            let (re, im) = picture(n);
            let re = re.mapv(|v| v as $t);
            let im = im.mapv(|v| v as $t);
            let ufunc = mandelbrot::ufunc().threads(1);
            let (mut a, mut b, mut c, mut d) =
                (Array1::zeros(n), Array1::zeros(n), Array1::zeros(n), Array1::zeros(n));
            ratios(
                &format!("mandelbrot {} n={n}", stringify!($t)),
                n,
                &mut [
                    (
                        "lanefn",
                        Box::new(|| ufunc.call_into((black_box(&re), &im), &mut a).unwrap())
                            as Box<dyn FnMut()>,
                    ),
                    (
                        "plain",
                        Box::new(|| {
                            plain::mandelbrot::$t(
                                $level,
                                re.as_slice().unwrap(),
                                im.as_slice().unwrap(),
                                b.as_slice_mut().unwrap(),
                            )
                        }),
                    ),
                    (
                        "Zip",
                        Box::new(|| {
                            Zip::from(&mut c)
                                .and(&re)
                                .and(&im)
                                .for_each(|c, &x, &y| *c = mandelbrot(x, y))
                        }),
                    ),
                    (
                        "wide",
                        Box::new(|| {
                            wides::mandelbrot::$t(
                                re.as_slice().unwrap(),
                                im.as_slice().unwrap(),
                                d.as_slice_mut().unwrap(),
                            )
                        }),
                    ),
                ],
            );
            assert_eq!(a, b);
            assert_eq!(a, d);
        }
    };
}

/// 16M elements with the output given, against copies of the same bytes.
fn memory() {
    println!("\n16M elements, output given, 1 thread: how many times longer a copy takes");
    macro_rules! go {
        ($t:ident) => {
            let n = 16 << 20;
            let x: Array1<$t> = input(n, 10.0).into_iter().map(|v| v as $t).collect();
            let (mut a, mut b, mut c) = (Array1::zeros(n), Array1::zeros(n), Array1::zeros(n));
            let ufunc = problem::ufunc().threads(1);
            ratios(
                concat!("problem ", stringify!($t)),
                n,
                &mut [
                    (
                        "lanefn",
                        Box::new(|| ufunc.call_into(black_box(&x), &mut a).unwrap())
                            as Box<dyn FnMut()>,
                    ),
                    (
                        "streaming copy",
                        Box::new(|| {
                            peers::copy_streaming(x.as_slice().unwrap(), b.as_slice_mut().unwrap())
                        }),
                    ),
                    ("copy", Box::new(|| c.assign(black_box(&x)))),
                ],
            );
        };
    }
    go!(f64);
    go!(f32);
}

fn threads() {
    println!("\n1 thread against 2: how many times longer one takes");
    let n = 1 << 20;
    let (re, im) = picture(n);
    let (mut a, mut b) = (Array1::zeros(n), Array1::zeros(n));
    ratios(
        "mandelbrot f64, 2 threads",
        n,
        &mut [
            (
                "2 threads",
                Box::new(|| mandelbrot::ufunc().threads(2).call_into((&re, &im), &mut a).unwrap())
                    as Box<dyn FnMut()>,
            ),
            (
                "1 thread",
                Box::new(|| mandelbrot::ufunc().threads(1).call_into((&re, &im), &mut b).unwrap()),
            ),
        ],
    );
}

fn calls() {
    println!("\ncalls on 8 elements (per call: the figure times 8)");
    let x = Array1::linspace(0.0, 9.0, 8);
    let mut y = Array1::zeros(8);
    let ufunc = problem::ufunc();
    ratios(
        "output given",
        8,
        &mut [
            (
                "lanefn",
                Box::new(|| ufunc.call_into(black_box(&x), black_box(&mut y)).unwrap())
                    as Box<dyn FnMut()>,
            ),
            ("a new array", Box::new(|| drop(black_box(ufunc.call(black_box(&x)).unwrap())))),
            ("mapv", Box::new(|| drop(black_box(black_box(&x).mapv(problem::<f64>))))),
        ],
    );
}

/// Layouts, each against a contiguous call that moves the same number of bytes to and from memory or
/// cache (a line that is fetched counts whole).
fn layouts() {
    println!(
        "\nlayouts, 1 thread: the time of a contiguous call for the same bytes, as a ratio (1/1.3 = 0.77)"
    );
    let ufunc = problem::ufunc().threads(1);
    for side in [256, 2048] {
        let x: Array2<f64> =
            Array2::from_shape_vec((side, side), input(side * side, 10.0)).unwrap();
        let mut flat = x.clone();
        let n = side * side;
        let mut c_order = Array2::zeros((side, side));
        let mut half = Array2::zeros((side, side / 2));
        let mut column = Array2::zeros((side, side));
        let row = x.row(0).to_owned();
        let pair = sum_of_two::ufunc().threads(1);
        let mut row_wise = Array2::zeros((side, side));
        let mut contiguous_pair = Array2::zeros((side, side));
        let columns = x.slice(s![.., ..1]);
        let mut list: Vec<Contender> = vec![
            ("contiguous", Box::new(|| ufunc.call_into(black_box(&x), &mut flat).unwrap())),
            (
                "x.t() to C order",
                Box::new(|| ufunc.call_into(black_box(&x.t()), &mut c_order).unwrap()),
            ),
            (
                "x[:, ::2]",
                Box::new(|| ufunc.call_into(black_box(&x.slice(s![.., ..;2])), &mut half).unwrap()),
            ),
            (
                "a + b contiguous",
                Box::new(|| pair.call_into((black_box(&x), &x), &mut contiguous_pair).unwrap()),
            ),
            (
                "x + x[0]",
                Box::new(|| pair.call_into((black_box(&x), &row), &mut row_wise).unwrap()),
            ),
            (
                "x + x[:, :1]",
                Box::new(|| pair.call_into((black_box(&x), &columns), &mut column).unwrap()),
            ),
        ];
        let time = compare::nanoseconds(&mut list);
        // Bytes moved, an element of the output: 8 in, 8 out.
        let contiguous = time[0] / (16 * n) as f64;
        println!("{side} x {side}");
        for (name, t, bytes) in [
            ("x.t() to C order", time[1], 16 * n),
            ("x[:, ::2]", time[2], (16 + 8) * n / 2),
            ("x + x[0]", time[4], 16 * n),
            ("x + x[:, :1]", time[5], 16 * n),
        ] {
            println!("    {name:<20} {:>6.2}", contiguous / (t / bytes as f64));
        }
    }
}

/// The sum of two, for what needs two inputs.
#[lanefn::ufunc]
fn sum_of_two(x: f64, y: f64) -> f64 {
    x + y
}

fn record(c: &mut Criterion) {
    let mut group = c.benchmark_group("65536 f64");
    let n = 65_536;
    let x: Array1<f64> = input(n, 20.0).into();
    let mut y = Array1::zeros(n);
    group.throughput(Throughput::Elements(n as u64));
    macro_rules! each {
        ($($name:ident)*) => {$(
            group.bench_function(BenchmarkId::from_parameter(stringify!($name)), |b| {
                b.iter(|| $name::ufunc().threads(1).call_into(black_box(&x), &mut y).unwrap())
            });
        )*};
    }
    each!(problem wind_power ten_branches leaky_relu beaufort);
    group.finish();
}

criterion_group! {
    name = criterion_record;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(1)).warm_up_time(std::time::Duration::from_millis(300));
    targets = record
}

fn main() {
    let level = Level::chosen().expect("a level");
    println!("level {level}; how many times longer each peer takes than lanefn\n");
    unary!(level, problem, f64, 10.0);
    unary!(level, problem, f32, 10.0);
    unary!(level, wind_power, f64, 35.0);
    unary!(level, wind_power, f32, 35.0);
    unary!(level, ten_branches, f64, 120.0);
    unary!(level, ten_branches, f32, 120.0);
    unary!(level, leaky_relu, f64, 10.0);
    unary!(level, leaky_relu, f32, 10.0);
    unary!(level, beaufort, f64, 35.0);
    unary!(level, beaufort, f32, 35.0);
    escape_time!(level, f64);
    escape_time!(level, f32);
    memory();
    threads();
    calls();
    layouts();
    criterion_record();
    Criterion::default().configure_from_args().final_summary();
}
