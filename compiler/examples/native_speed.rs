//! How fast machine code is, beside the same kernels compiled ahead of time, and how long it takes to make.
//!
//! `cargo run --release -p lanefn-compiler --example native_speed`

use std::time::Instant;

use lanefn_compiler::{
    Graph,
    graph::Recorder,
    native::{self, Code},
};
use lanefn_kernels::{
    lanes::{Dtype, Float, Lane, Number, Shape, Turns},
    level::Level,
    loops::{InnerLoop, Input, Kernel, Loop, Operands},
    math,
};

macro_rules! kernels {
    ($($name:ident: $t:ident $lane:ident ($($x:ident)*) cost $cost:literal |$s:ident| $e:expr;)*) => {$(
        struct $name;
        impl Kernel<($(kernels!(@ $x $t),)*)> for $name {
            type Out = ($t,);
            type Busy = $t;
            const COST: u32 = $cost;
            #[inline(always)]
            fn lanes<S: Shape>(
                $s: S,
                ($($x,)*): <($(kernels!(@ $x $t),)*) as Operands>::Lanes<S>,
            ) -> <($t,) as Operands>::Lanes<S> {
                ($e,)
            }
        }
    )*};
    (@ $x:ident $t:ident) => { $t };
}
kernels! {
    E1F64: f64 F64 (x) cost 3 |s| {
        let one = s.lit(1.0);
        S::F64::select(x.gt(s.lit(2.0)), x + one, x - one)
    };
    E1F32: f32 F32 (x) cost 3 |s| {
        let one = s.lit(1.0);
        S::F32::select(x.gt(s.lit(2.0)), x + one, x - one)
    };
    E2F64: f64 F64 (x) cost 16 |s| {
        let mut y: S::F64 = s.lit(0.1);
        for k in 1..9 {
            y = y * x + s.lit(1.0 / k as f64);
        }
        y
    };
    E2F32: f32 F32 (x) cost 16 |s| {
        let mut y: S::F32 = s.lit(0.1);
        for k in 1..9 {
            y = y * x + s.lit(1.0 / k as f32);
        }
        y
    };
    E3F64: f64 F64 (a b c) cost 5 |s| {
        S::F64::select(a.gt(b), a * b + c, a / (b + s.lit(1.0)))
    };
    E4F64: f64 F64 (x y) cost 8 |s| (x * x + y * y).sqrt() * s.lit(0.5) + (x - y).abs();
    E5F64: f64 F64 (x) cost 12 |s| {
        let inner = S::F64::select(x.gt(s.lit(0.0)), x + x, x * s.lit(3.0));
        let far = S::F64::select(x.lt(s.lit(-2.0)), inner - s.lit(1.0), inner + s.lit(4.0));
        S::F64::select(x.gt(s.lit(2.0)), far * far, far + x)
    };
    E6F64: f64 F64 (x) cost 40 |s| math::exp_f64(s, -(x * x)) * x;
    E6F32: f32 F32 (x) cost 40 |s| math::exp_f32(s, -(x * x)) * x;
    LogF64: f64 F64 (x) cost 50 |s| math::log_f64(s, x);
    LogF32: f32 F32 (x) cost 40 |s| math::log_f32(s, x);
    SinF64: f64 F64 (x) cost 60 |s| math::sin_f64(s, x);
    SinF32: f32 F32 (x) cost 60 |s| math::sin_f32(s, x);
    TanhF64: f64 F64 (x) cost 60 |s| math::tanh_f64(s, x);
    MandelbrotF64: f64 F64 (re im) cost 200 |s| {
        let mut turns = s.turns((s.lit(0.0), s.lit(0.0), s.lit(0.0)));
        loop {
            let (x, y, n): (S::F64, S::F64, S::F64) = turns.state();
            let (xx, yy) = (x * x, y * y);
            if !turns.check((xx + yy).le(s.lit(4.0)) & n.lt(s.lit(200.0))) {
                break;
            }
            let next = (xx - yy + re, (x + x) * y + im, n + s.lit(1.0));
            if !turns.next(next) {
                break;
            }
        }
        turns.finish().2
    };
    PowF64: f64 F64 (x y) cost 90 |s| math::pow_f64(s, x, y);
}

struct Case {
    name: &'static str,
    of: Loop,
}

fn main() {
    // Cases whose names begin so.
    let which = std::env::args().nth(1).unwrap_or_default();
    let cases = [
        Case { name: "E1 f64", of: Loop::of::<E1F64, (f64,)>() },
        Case { name: "E1 f32", of: Loop::of::<E1F32, (f32,)>() },
        Case { name: "E2 f64", of: Loop::of::<E2F64, (f64,)>() },
        Case { name: "E2 f32", of: Loop::of::<E2F32, (f32,)>() },
        Case { name: "E3 f64", of: Loop::of::<E3F64, (f64, f64, f64)>() },
        Case { name: "E4 f64", of: Loop::of::<E4F64, (f64, f64)>() },
        Case { name: "E5 f64", of: Loop::of::<E5F64, (f64,)>() },
        Case { name: "E6 f64", of: Loop::of::<E6F64, (f64,)>() },
        Case { name: "E6 f32", of: Loop::of::<E6F32, (f32,)>() },
        Case { name: "log f64", of: Loop::of::<LogF64, (f64,)>() },
        Case { name: "log f32", of: Loop::of::<LogF32, (f32,)>() },
        Case { name: "sin f64", of: Loop::of::<SinF64, (f64,)>() },
        Case { name: "sin f32", of: Loop::of::<SinF32, (f32,)>() },
        Case { name: "tanh f64", of: Loop::of::<TanhF64, (f64,)>() },
        Case { name: "mandelbrot", of: Loop::of::<MandelbrotF64, (f64, f64)>() },
        Case { name: "pow f64", of: Loop::of::<PowF64, (f64, f64)>() },
    ];
    for case in cases.iter().filter(|case| case.name.starts_with(&which)) {
        let graph = graph(&case.of);
        let make = best(200, || {
            std::hint::black_box(native::compile(&graph, Level::Avx2).is_ok());
        });
        let code = match native::compile(&graph, Level::Avx2) {
            Ok(code) => code,
            Err(e) => return println!("{e}"),
        };
        print!(
            "{:10} {} lanes x {}, {} bytes, {} spilled, made in {:5.2} us; ns an element, ahead of time / now:",
            case.name,
            code.lanes(),
            code.unroll(),
            code.bytes().len(),
            code.spills(),
            make * 1e6
        );
        for (n, off) in [(256, 0), (1024, 0), (1024, 16), (65536, 0)] {
            let (ours, theirs) = beside(&code, case.of.inner(Level::Avx2), &case.of, n, off);
            print!("  {n}+{off}: {theirs:.4} / {ours:.4} = {:.2}", theirs / ours);
        }
        println!();
    }
    for size in [100, 1000, 10_000, 20_000] {
        let graph = long(size);
        let make = best(20, || {
            std::hint::black_box(native::compile(&graph, Level::Avx2).is_ok());
        });
        println!("{size} operations: {:.1} us", make * 1e6);
    }
}

/// A graph of so many operations.
fn long(size: usize) -> Graph {
    use lanefn_kernels::lanes::traced::Operation::*;
    let mut graph = Graph::new();
    let x = graph.input_of("x", Dtype::F64);
    let (mut a, mut b) = (x, x);
    for i in 0..size {
        let c = graph.lit(i as f64 + 0.5);
        let next = match i % 3 {
            0 => graph.apply(Mul, Dtype::F64, &[a, c]),
            1 => graph.apply(Add, Dtype::F64, &[a, b]),
            _ => graph.apply(Maximum, Dtype::F64, &[a, c]),
        };
        (a, b) = (next, a);
    }
    graph.output(a);
    graph
}

fn graph(of: &Loop) -> Graph {
    let mut graph = Graph::new();
    let inputs: Vec<u32> =
        of.inputs.iter().enumerate().map(|(n, &d)| graph.input_of(&format!("x{n}"), d)).collect();
    let outputs = of.record(&Recorder::new(&mut graph), &inputs);
    for &id in &outputs[..of.outputs.len()] {
        graph.output(id);
    }
    graph
}

/// Seconds, the least of so many.
fn best(rounds: usize, mut f: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let begin = Instant::now();
        f();
        least = least.min(begin.elapsed().as_secs_f64());
    }
    least
}

/// Nanoseconds an element: of the code, and of the loop.
fn beside(code: &Code, inner: InnerLoop, of: &Loop, n: usize, off: usize) -> (f64, f64) {
    let mut buffers: Vec<Vec<u64>> =
        (0..4).map(|k| vec![0x3fb0_1234_3f80_1234 + k; n + 64]).collect();
    let at = |b: &mut Vec<u64>, k: usize| {
        let p = b.as_mut_ptr().cast::<u8>();
        // SAFETY: at most 128 bytes on, and there are 512 more than needed.
        unsafe { p.add((p as usize).wrapping_neg() % 64 + off * (k % 2)) }
    };
    let out = at(&mut buffers[3], 1);
    let inputs: Vec<Input> =
        (0..of.inputs.len()).map(|k| Input { at: at(&mut buffers[k], 1), scalar: false }).collect();
    let repeat = (200_000 / n).max(1);
    let (mut a, mut b) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..60 {
        a = a.min(best(1, || {
            for _ in 0..repeat {
                // SAFETY: operands of n elements, apart.
                unsafe { code.run(&inputs, &[out], n) };
            }
        }));
        b = b.min(best(1, || {
            for _ in 0..repeat {
                // SAFETY: as above.
                unsafe { inner(&inputs, &[out], n) };
            }
        }));
    }
    let per = 1e9 / (repeat * n) as f64;
    (a * per, b * per)
}
