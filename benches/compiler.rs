//! Functions made at run time against the same ones compiled with the program, numba and numexpr.
//!
//! `cargo bench --bench compiler`, or with a part of a row's name behind `--`. First how long it takes
//! from a text to something that can be called; then, for each function, dtype and number of elements, the
//! nanoseconds an element of the kernel that rustc made, and how many times faster than that are machine
//! code and the interpreter, and how many times slower numba and numexpr; one thread, output given. The
//! rounds take turns.

#![allow(missing_docs)]

#[allow(dead_code)]
mod numpy_process;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use lanefn::{
    Catalogue, Level,
    compiler::{Body, Graph, graph::Recorder, text},
    dtype::{Dtype, Type},
    kernels::{
        loops::{Function, Input, Loop},
        problem,
    },
};
use numpy_process::NumPy;

/// arg > 2
#[lanefn::ufunc(f64, f32)]
fn e1<T: Real>(x: T) -> T {
    if x > 2.0 { x + 1.0 } else { x - 1.0 }
}

/// A polynomial of degree 8.
#[lanefn::ufunc(f64, f32)]
fn e2<T: Real>(x: T) -> T {
    (((((((0.125 * x + 0.25) * x - 0.5) * x + 0.75) * x - 1.5) * x + 2.5) * x - 3.5) * x + 4.5) * x
        - 5.5
}

/// Two arms of two inputs and a third.
#[lanefn::ufunc(f64, f32)]
fn e3<T: Real>(a: T, b: T, c: T) -> T {
    if a > b { a * b + c } else { a / (b + 1.0) }
}

/// A root.
#[lanefn::ufunc(f64, f32)]
fn e4<T: Real>(x: T, y: T) -> T {
    (x * x + y * y).sqrt() * 0.5 + (x - y).abs()
}

/// Nested choices.
#[lanefn::ufunc(f64, f32)]
fn e5<T: Real>(x: T) -> T {
    if x < 1.0 {
        x * 2.0
    } else if x < 2.0 {
        x * x + 1.0
    } else if x < 3.0 {
        5.0 - x
    } else {
        x / 4.0 - 0.5
    }
}

/// An exponential.
#[lanefn::ufunc(f64, f32)]
fn e6<T: Real>(x: T) -> T {
    lanefn::math::exp(-x * x) * x
}

/// A function, and how others write it: for numexpr, and as the body of a numba function.
struct Row {
    name: &'static str,
    loops: &'static [&'static Loop],
    range: (f64, f64),
    expression: Option<&'static str>,
    numexpr: Option<&'static str>,
    numba: Option<&'static str>,
}

fn rows() -> Vec<Row> {
    fn row<F: Function>(range: (f64, f64)) -> Row {
        Row { name: F::NAME, loops: F::LOOPS, range, expression: None, numexpr: None, numba: None }
    }
    let written = |row: Row, expression, numexpr, numba| Row {
        expression: Some(expression),
        numexpr: Some(numexpr),
        numba: Some(numba),
        ..row
    };
    const HORNER: &str = "(((((((0.125*a+0.25)*a-0.5)*a+0.75)*a-1.5)*a+2.5)*a-3.5)*a+4.5)*a-5.5";
    const NESTED: &str = "where(a<1, a*2, where(a<2, a*a+1, where(a<3, 5-a, a/4-0.5)))";
    vec![
        written(
            row::<e1>((0.0, 4.0)),
            "a > 2 ? a + 1 : a - 1",
            "where(a > 2, a + 1, a - 1)",
            "a + one if a > two else a - one",
        ),
        written(row::<e2>((-1.0, 1.0)), HORNER, HORNER, "horner"),
        written(
            row::<e3>((0.0, 4.0)),
            "where(a > b, a*b + c, a/(b + 1))",
            "where(a > b, a*b + c, a/(b + 1))",
            "a*b + c if a > b else a/(b + one)",
        ),
        written(
            row::<e4>((-4.0, 4.0)),
            "sqrt(a*a + b*b)*0.5 + abs(a - b)",
            "sqrt(a*a + b*b)*0.5 + abs(a - b)",
            "np.sqrt(a*a + b*b)*half + abs(a - b)",
        ),
        written(row::<e5>((0.0, 4.0)), NESTED, NESTED, "nested"),
        written(row::<e6>((-4.0, 4.0)), "exp(-a*a)*a", "exp(-a*a)*a", "np.exp(-a*a)*a"),
        row::<problem::black_scholes>((0.5, 2.0)),
        row::<problem::haversine>((-80.0, 80.0)),
        row::<problem::srgb_to_linear>((0.0, 1.0)),
        row::<problem::mandelbrot>((-1.5, 0.5)),
    ]
}

/// The graph of a kernel, by running it on lanes that write it down.
fn traced(of: &Loop) -> Graph {
    let mut graph = Graph::new();
    let inputs: Vec<u32> = of
        .inputs
        .iter()
        .enumerate()
        .map(|(i, &dtype)| graph.input_of(&format!("x{i}"), dtype))
        .collect();
    let outputs = of.record(&Recorder::new(&mut graph), &inputs);
    for &output in &outputs[..of.outputs.len()] {
        graph.output(output);
    }
    graph
}

/// Nanoseconds of one run, the least of a few milliseconds of them.
fn least(work: &mut dyn FnMut()) -> f64 {
    let (mut least, begin, mut runs) = (f64::INFINITY, Instant::now(), 0);
    while runs < 3 || begin.elapsed() < Duration::from_millis(3) {
        let start = Instant::now();
        work();
        least = least.min(start.elapsed().as_nanos() as f64);
        runs += 1;
    }
    least
}

fn numbers(dtype: Dtype, n: usize, (low, high): (f64, f64), seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2) + 1;
    let mut bytes = Vec::with_capacity(n * dtype.size());
    for _ in 0..n {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let x = low + (high - low) * (state >> 11) as f64 / (1u64 << 53) as f64;
        match dtype {
            Dtype::F32 => bytes.extend_from_slice(&(x as f32).to_le_bytes()),
            _ => bytes.extend_from_slice(&x.to_le_bytes()),
        }
    }
    bytes
}

fn from_text(rows: &[Row]) {
    println!("from text to something that can be called, microseconds (least of many)");
    for row in rows {
        let Some(expression) = row.expression else { continue };
        let time = least(&mut || {
            let open = text::parse(expression, &Catalogue).expect("it is an expression");
            let types = vec![Type::Is(Dtype::F64); open.inputs().len()];
            let typed = open.typed(&types, &Catalogue).expect("it has types");
            black_box(Body::new(typed, &Catalogue).expect("it can be run"));
        });
        println!("  {:<4} {:8.1}", row.name, time / 1000.0);
    }
    for operations in [10, 100, 1000, 10_000, 20_000] {
        let mut expression = String::from("a");
        for k in 0..operations / 2 {
            expression += &format!(" * {}.5 + a", k % 7 + 1);
        }
        let time = least(&mut || {
            let open = text::parse(&expression, &Catalogue).expect("it is an expression");
            let typed = open.typed(&[Type::Is(Dtype::F64)], &Catalogue).expect("it has types");
            black_box(Body::new(typed, &Catalogue).expect("it can be run"));
        });
        println!("  {operations:>6} operations {:10.1}", time / 1000.0);
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let level = Level::chosen().expect("a level");
    let rows = rows();
    from_text(&rows);
    let mut numpy = NumPy::start_in(&["--peers"]);
    if let Some(numpy) = &mut numpy {
        numpy.ask("run import numba, numexpr; numexpr.set_num_threads(1)");
    }
    println!("level {level}; ns an element of rustc's kernel, then speed relative to it");
    println!(
        "{:<16} {:>5} {:>9} {:>8} {:>7} {:>11} {:>7} {:>8}",
        "function", "dtype", "n", "rustc", "native", "interpreted", "numba", "numexpr"
    );
    for row in rows
        .iter()
        .filter(|r| wanted.is_empty() || wanted.iter().any(|w| r.name.contains(w.as_str())))
    {
        for of in row.loops.iter().filter(|l| matches!(l.inputs[0], Dtype::F64 | Dtype::F32)) {
            let dtype = of.inputs[0];
            let graph = match row.expression {
                Some(text) => text::parse(text, &Catalogue)
                    .expect("it is an expression")
                    .typed(&vec![Type::Is(dtype); of.inputs.len()], &Catalogue)
                    .expect("it has types"),
                None => traced(of),
            };
            let body = Body::new(graph, &Catalogue).expect("it can be run");
            for n in [1024, 65_536, 1 << 24] {
                measure(row, of, &body, n, level, &mut numpy);
            }
        }
    }
}

fn measure(row: &Row, of: &Loop, body: &Body, n: usize, level: Level, numpy: &mut Option<NumPy>) {
    let dtype = of.inputs[0];
    let inputs: Vec<Vec<u8>> =
        (0..of.inputs.len()).map(|i| numbers(dtype, n, row.range, i as u64)).collect();
    let mut outputs: Vec<Vec<u8>> = of.outputs.iter().map(|d| vec![0; n * d.size()]).collect();
    let from: Vec<Input> = inputs.iter().map(|x| Input { at: x.as_ptr(), scalar: false }).collect();
    let to: Vec<*mut u8> = outputs.iter_mut().map(|y| y.as_mut_ptr()).collect();
    let inner = of.inner(level);
    let mut times = [f64::INFINITY; 5];
    if let Some(numpy) = numpy {
        prepare(numpy, row, dtype, of.inputs.len(), n);
    }
    for _ in 0..3 {
        // SAFETY: rows of `n` elements each; the level is the chosen one.
        times[0] = times[0].min(least(&mut || unsafe { inner(&from, &to, n) }));
        // SAFETY: as above.
        times[1] = times[1].min(least(&mut || unsafe { body.run(level, &from, &to, n) }));
        let interpreted = body.interpreted();
        // SAFETY: as above.
        times[2] = times[2].min(least(&mut || unsafe { interpreted.run(level, &from, &to, n) }));
        if let Some(numpy) = numpy {
            let mut ask = |code: Option<String>| {
                code.and_then(|c| numpy.ask(&c)?.parse::<f64>().ok()).unwrap_or(f64::INFINITY)
            };
            let args = &["a", "b", "c"][..of.inputs.len().min(3)];
            times[3] =
                times[3].min(ask(row.numba.map(|_| format!("time f({}, y)", args.join(", ")))));
            times[4] = times[4].min(ask(row
                .numexpr
                .map(|text| format!("time numexpr.evaluate({text:?}, out=y, casting='unsafe')"))));
        }
    }
    let ratio = |k: usize| {
        if times[k].is_finite() { format!("{:.2}", times[0] / times[k]) } else { "-".into() }
    };
    println!(
        "{:<16} {:>5} {:>9} {:>8.3} {:>7} {:>11} {:>7} {:>8}",
        row.name,
        if dtype == Dtype::F64 { "f64" } else { "f32" },
        n,
        times[0] / n as f64,
        ratio(1),
        ratio(2),
        ratio(3),
        ratio(4),
    );
}

/// Arrays and a numba ufunc of the row, in the other process.
fn prepare(numpy: &mut NumPy, row: &Row, dtype: Dtype, nin: usize, n: usize) {
    let Some(numba) = row.numba else { return };
    let (name, (low, high)) = (dtype.name(), row.range);
    let names = ["a", "b", "c"];
    for x in &names[..nin] {
        numpy.ask(&format!(
            "run {x} = np.random.default_rng(1).uniform({low}, {high}, {n}).astype('{name}')"
        ));
    }
    numpy.ask(&format!("run y = np.empty({n}, '{name}')"));
    numpy.ask(&format!("run one, two, half = np.{name}(1), np.{name}(2), np.{name}(.5)"));
    let t = |v: &str| format!("np.{name}({v})");
    let body = match numba {
        "horner" => {
            let c = ["0.25", "-0.5", "0.75", "-1.5", "2.5", "-3.5", "4.5", "-5.5"];
            c.iter().fold(t("0.125"), |all, c| format!("({all}*a+{})", t(c)))
        }
        "nested" => format!(
            "a*{} if a < {} else (a*a+{} if a < {} else ({}-a if a < {} else a/{}-{}))",
            t("2"),
            t("1"),
            t("1"),
            t("2"),
            t("5"),
            t("3"),
            t("4"),
            t("0.5")
        ),
        other => other.to_string(),
    };
    let args = names[..nin].join(", ");
    let signature = vec![name; nin].join(", ");
    numpy.ask(&format!("run f = numba.vectorize(['{name}({signature})'])(lambda {args}: {body})"));
}
