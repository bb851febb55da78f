//! The elementary functions against NumPy, the C library in a loop, `wide`, `rten-vecmath` and SLEEF.
//!
//! `cargo bench --bench math`, or `cargo bench --bench math -- exp sin` for some of them. One thread,
//! 8192 elements, output given. NumPy runs in a process of its own, which `cargo xtask python` provides;
//! all take turns, and each round goes through all functions, so that whatever else the machine does meets
//! all alike and no function alone. What is printed: the least nanoseconds an element of lanefn, and how many
//! times longer each peer takes. SLEEF is loaded
//! where Debian's `libsleef3` put it; its names say the bound (`u10` is 1.0 ULP).
//!
//! The last lines name the functions that lose to NumPy, and the geometric mean of the ratios.

#![allow(missing_docs)]

mod math_peers;
mod numpy_process;

use std::time::{Duration, Instant};

use lanefn::{
    Options, RawInput, RawOutput, Untyped,
    kernels::{lanes::Dtype, level::Level},
};
use math_peers::{Call, PEERS, Peer};
use numpy_process::NumPy;

const N: usize = 8192;
const ROUNDS: usize = 12;

/// A function, its name in NumPy, and where its arguments come from.
struct Row {
    name: &'static str,
    numpy: &'static str,
    ranges: &'static [(f64, f64)],
    integers: bool,
}

macro_rules! rows {
    ($($name:ident $numpy:literal $(($low:literal, $high:literal))+ $($integers:ident)?;)*) => {
        &[$(Row {
            name: stringify!($name),
            numpy: $numpy,
            ranges: &[$(($low, $high)),+],
            integers: rows!(@ $($integers)?),
        }),*]
    };
    (@ integers) => { true };
    (@) => { false };
}

/// The functions of floats, then those of 64-bit integers.
const ROWS: &[Row] = rows! {
    exp "exp" (-20.0, 20.0);
    exp2 "exp2" (-20.0, 20.0);
    exp10 "" (-20.0, 20.0);
    expm1 "expm1" (-5.0, 5.0);
    log "log" (0.001, 1000.0);
    log2 "log2" (0.001, 1000.0);
    log10 "log10" (0.001, 1000.0);
    log1p "log1p" (-0.9, 100.0);
    pow "power" (0.01, 20.0) (-8.0, 8.0);
    sqrt "sqrt" (0.0, 1000.0);
    cbrt "cbrt" (-1000.0, 1000.0);
    rsqrt "" (0.001, 1000.0);
    hypot "hypot" (-100.0, 100.0) (-100.0, 100.0);
    sin "sin" (-20.0, 20.0);
    cos "cos" (-20.0, 20.0);
    tan "tan" (-20.0, 20.0);
    sincos "" (-20.0, 20.0);
    sinpi "" (-20.0, 20.0);
    cospi "" (-20.0, 20.0);
    tanpi "" (-20.0, 20.0);
    asin "arcsin" (-1.0, 1.0);
    acos "arccos" (-1.0, 1.0);
    atan "arctan" (-20.0, 20.0);
    atan2 "arctan2" (-20.0, 20.0) (-20.0, 20.0);
    sinh "sinh" (-20.0, 20.0);
    cosh "cosh" (-20.0, 20.0);
    tanh "tanh" (-5.0, 5.0);
    asinh "arcsinh" (-20.0, 20.0);
    acosh "arccosh" (1.0, 20.0);
    atanh "arctanh" (-0.99, 0.99);
    erf "" (-4.0, 4.0);
    erfc "" (-4.0, 10.0);
    gamma "" (0.1, 20.0);
    lgamma "" (0.1, 100.0);
    sigmoid "" (-20.0, 20.0);
    logit "" (0.01, 0.99);
    softplus "" (-20.0, 20.0);
    logaddexp "logaddexp" (-20.0, 20.0) (-20.0, 20.0);
    logaddexp2 "logaddexp2" (-20.0, 20.0) (-20.0, 20.0);
    xlogy "" (0.0, 20.0) (0.1, 20.0);
    floor "floor" (-100.0, 100.0);
    ceil "ceil" (-100.0, 100.0);
    trunc "trunc" (-100.0, 100.0);
    rint "rint" (-100.0, 100.0);
    round "" (-100.0, 100.0);
    fmod "fmod" (-1000.0, 1000.0) (1.0, 20.0);
    remainder "remainder" (-1000.0, 1000.0) (1.0, 20.0);
    floor_divide "floor_divide" (-1000.0, 1000.0) (1.0, 20.0);
    copysign "copysign" (-100.0, 100.0) (-1.0, 1.0);
    nextafter "nextafter" (-100.0, 100.0) (-100.0, 100.0);
    spacing "spacing" (-100.0, 100.0);
    maximum "maximum" (-100.0, 100.0) (-100.0, 100.0);
    minimum "minimum" (-100.0, 100.0) (-100.0, 100.0);
    fmax "fmax" (-100.0, 100.0) (-100.0, 100.0);
    fmin "fmin" (-100.0, 100.0) (-100.0, 100.0);
    heaviside "heaviside" (-100.0, 100.0) (0.0, 1.0);
    sign "sign" (-100.0, 100.0);
    abs "absolute" (-100.0, 100.0);
    square "square" (-100.0, 100.0);
    reciprocal "reciprocal" (0.1, 100.0);
    deg2rad "deg2rad" (-360.0, 360.0);
    rad2deg "rad2deg" (-6.0, 6.0);
    isnan "isnan" (-100.0, 100.0);
    isinf "isinf" (-100.0, 100.0);
    isfinite "isfinite" (-100.0, 100.0);
    signbit "signbit" (-100.0, 100.0);
    floor_divide "floor_divide" (-1e6, 1e6) (1.0, 1000.0) integers;
    remainder "remainder" (-1e6, 1e6) (1.0, 1000.0) integers;
    pow "power" (-20.0, 20.0) (0.0, 12.0) integers;
    gcd "gcd" (1.0, 1e6) (1.0, 1e6) integers;
    lcm "lcm" (1.0, 1e4) (1.0, 1e4) integers;
};

/// Nanoseconds an element that NumPy takes.
fn numpy_time(numpy: &mut NumPy, row: &Row, dtype: Dtype) -> Option<f64> {
    let ends: Vec<_> = row.ranges.iter().map(|(low, high)| format!("{low} {high}")).collect();
    numpy.ask(&format!("{} {} {N} {}", row.numpy, dtype.name(), ends.join(" ")))?.parse().ok()
}

/// The arguments in each dtype.
struct Arguments {
    double: Vec<Vec<f64>>,
    single: Vec<Vec<f32>>,
    whole: Vec<Vec<i64>>,
}

impl Arguments {
    fn new(row: &Row) -> Arguments {
        let mut state = 1u64;
        let double: Vec<Vec<f64>> = row
            .ranges
            .iter()
            .map(|(low, high)| {
                let mut next = || {
                    state =
                        state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    low + (high - low) * ((state >> 11) as f64 * 2f64.powi(-53))
                };
                (0..N).map(|_| next()).collect()
            })
            .collect();
        let single = double.iter().map(|x| x.iter().map(|v| *v as f32).collect()).collect();
        let whole = double.iter().map(|x| x.iter().map(|v| *v as i64).collect()).collect();
        Arguments { double, single, whole }
    }

    fn pointer(&self, dtype: Dtype, i: usize) -> *const u8 {
        match dtype {
            Dtype::F64 => self.double[i].as_ptr().cast(),
            Dtype::F32 => self.single[i].as_ptr().cast(),
            _ => self.whole[i].as_ptr().cast(),
        }
    }
}

/// The least time of some runs, in nanoseconds an element.
fn least(mut work: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(3) {
        let start = Instant::now();
        work();
        least = least.min(start.elapsed().as_nanos() as f64);
    }
    least / N as f64
}

/// Calls the function on the arguments, on one thread.
fn call(f: &Untyped, dtype: Dtype, level: Level, x: &Arguments, outputs: &mut [Vec<u64>]) {
    let of = f.loops.iter().find(|l| l.inputs[0] == dtype).expect("a loop for the dtype");
    let inputs: Vec<_> = (0..f.nin())
        .map(|i| RawInput {
            ptr: x.pointer(dtype, i),
            shape: &[N],
            strides: if dtype == Dtype::F32 { &[4] } else { &[8] },
            dtype,
        })
        .collect();
    let strides: Vec<[isize; 1]> = of.outputs.iter().map(|d| [d.size() as isize]).collect();
    let outputs: Vec<_> = outputs
        .iter_mut()
        .zip(of.outputs)
        .zip(&strides)
        .map(|((out, dtype), strides)| RawOutput {
            ptr: out.as_mut_ptr().cast(),
            shape: &[N],
            strides,
            dtype: *dtype,
        })
        .collect();
    let options = Options { level: Some(level), threads: Some(1), ..Options::default() };
    // SAFETY: the inputs have N elements of the dtype, the outputs room for N of 8 bytes, apart from
    // everything else.
    unsafe { f.call_raw(&inputs, None, &outputs, options) }.expect("the operands fit");
}

/// A row for one dtype, and the least time of each competitor, in nanoseconds an element.
struct Contest {
    row: &'static Row,
    f: &'static Untyped<'static>,
    dtype: Dtype,
    x: Arguments,
    out: Vec<Vec<u64>>,
    /// For each level.
    ours: Vec<f64>,
    peers: Vec<&'static Peer>,
    theirs: Vec<f64>,
    numpy: f64,
}

impl Contest {
    /// None if there is no such function for the dtype.
    fn new(row: &'static Row, dtype: Dtype, levels: usize) -> Option<Contest> {
        let f = lanefn::catalogue().iter().find(|f| f.name == row.name)?;
        if !f.loops.iter().any(|l| l.inputs[0] == dtype) || f.nin() != row.ranges.len() {
            return None;
        }
        let peers: Vec<&Peer> =
            PEERS.iter().copied().filter(|p| p.function == row.name && p.is_for(dtype)).collect();
        Some(Contest {
            row,
            f,
            dtype,
            x: Arguments::new(row),
            out: vec![vec![0; N]; f.nout()],
            ours: vec![f64::INFINITY; levels],
            theirs: vec![f64::INFINITY; peers.len()],
            peers,
            numpy: f64::INFINITY,
        })
    }

    /// Lets everyone run for a while.
    fn round(&mut self, levels: &[Level], numpy: &mut Option<NumPy>) {
        let Contest { row, f, dtype, x, out, .. } = self;
        for (level, time) in levels.iter().zip(&mut self.ours) {
            *time = time.min(least(|| call(f, *dtype, *level, x, out)));
        }
        for (peer, time) in self.peers.iter().zip(&mut self.theirs) {
            let taken = match peer.call {
                Call::Double(call) => {
                    let mut y = vec![0.0; N];
                    let inputs: Vec<&[f64]> = x.double.iter().map(Vec::as_slice).collect();
                    call(&inputs, &mut y).then(|| {
                        least(|| {
                            call(&inputs, &mut y);
                        })
                    })
                }
                Call::Single(call) => {
                    let mut y = vec![0.0; N];
                    let inputs: Vec<&[f32]> = x.single.iter().map(Vec::as_slice).collect();
                    call(&inputs, &mut y).then(|| {
                        least(|| {
                            call(&inputs, &mut y);
                        })
                    })
                }
            };
            *time = time.min(taken.unwrap_or(f64::INFINITY));
        }
        if let (Some(numpy), false) = (numpy, row.numpy.is_empty()) {
            self.numpy = self.numpy.min(numpy_time(numpy, row, *dtype).unwrap_or(f64::INFINITY));
        }
    }

    /// Prints the times, and says how many times longer NumPy takes.
    fn report(&self, levels: &[Level]) -> Option<f64> {
        let first = *self.ours.last().expect("there is a level");
        print!("{:<13} {:<8} {first:>7.3} ns", self.row.name, self.dtype.name());
        let ratio = self.numpy.is_finite().then_some(self.numpy / first);
        if let Some(ratio) = ratio {
            print!("  numpy {ratio:>6.2}");
        }
        for (peer, time) in self.peers.iter().zip(&self.theirs).filter(|(_, time)| time.is_finite())
        {
            print!("  {} {:>6.2}", peer.name, time / first);
        }
        for (level, time) in levels.iter().zip(&self.ours).rev().skip(1) {
            print!("  [{} {time:.2} ns]", level.name());
        }
        println!();
        ratio
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let mut numpy = NumPy::start();
    if numpy.is_none() {
        println!("no Python: NumPy is left out");
    }
    let levels = Level::present();
    let best = *levels.last().expect("the scalar level is always present");
    println!(
        "lanefn at {}; ns an element, and how many times longer each peer takes\n",
        best.name()
    );
    let dtypes = [Dtype::F64, Dtype::F32, Dtype::I64];
    let mut contests: Vec<Contest> = dtypes
        .iter()
        .flat_map(|dtype| ROWS.iter().map(move |row| (*dtype, row)))
        .filter(|(dtype, row)| row.integers == (*dtype == Dtype::I64))
        .filter(|(_, row)| wanted.is_empty() || wanted.iter().any(|w| w == row.name))
        .filter_map(|(dtype, row)| Contest::new(row, dtype, levels.len()))
        .collect();
    for _ in 0..ROUNDS {
        for contest in &mut contests {
            contest.round(&levels, &mut numpy);
        }
    }
    let mut lost = Vec::new();
    for dtype in dtypes {
        let mut logs = Vec::new();
        for contest in contests.iter().filter(|c| c.dtype == dtype) {
            let Some(ratio) = contest.report(&levels) else { continue };
            logs.push(ratio.ln());
            if ratio < 1.0 {
                lost.push(format!("{} {} ({ratio:.2})", contest.row.name, dtype.name()));
            }
        }
        if !logs.is_empty() {
            let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
            println!(
                "{}: geometric mean over {} functions {mean:.2} times NumPy\n",
                dtype.name(),
                logs.len()
            );
        }
    }
    if lost.is_empty() {
        println!("no function loses to NumPy");
    } else {
        println!("slower than NumPy: {}", lost.join(", "));
    }
}
