//! Functions made at run time: what their graphs say, they compute, whatever runs them.

#[path = "../../compiler/tests/common/mod.rs"]
mod common;
mod graphs;
mod kernels;
mod mapped;

use lanefn::{
    Catalogue, Compiled, Error, Level, Options, RawInput, RawOutput,
    compiler::{Body, Graph, value::Value},
    dtype::{Casting, Dtype, Type},
    kernels::loops::Input,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

fn cases(default: u32) -> u32 {
    std::env::var("LANEFN_CASES").ok().and_then(|c| c.parse().ok()).unwrap_or(default)
}

/// Calls on rows of one length.
fn call(
    function: &Compiled,
    inputs: &[(Dtype, Vec<u8>)],
    outputs: &[Dtype],
    n: usize,
    options: Options,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut out: Vec<Vec<u8>> = outputs.iter().map(|d| vec![0xAA; n * d.size()]).collect();
    let shape = [n];
    let in_strides: Vec<[isize; 1]> = inputs.iter().map(|i| [i.0.size() as isize]).collect();
    let out_strides: Vec<[isize; 1]> = outputs.iter().map(|d| [d.size() as isize]).collect();
    let raw_in: Vec<RawInput> = inputs
        .iter()
        .zip(&in_strides)
        .map(|(i, strides)| RawInput { ptr: i.1.as_ptr(), shape: &shape, strides, dtype: i.0 })
        .collect();
    let raw_out: Vec<RawOutput> = out
        .iter_mut()
        .zip(outputs)
        .zip(&out_strides)
        .map(|((o, &dtype), strides)| RawOutput {
            ptr: o.as_mut_ptr(),
            shape: &shape,
            strides,
            dtype,
        })
        .collect();
    // SAFETY: rows of `n` elements of these dtypes, apart from each other.
    unsafe { function.untyped().call_raw(&raw_in, None, &raw_out, options) }?;
    Ok(out)
}

fn bytes(values: &[Value]) -> Vec<u8> {
    values.iter().flat_map(|v| v.bits().to_le_bytes()[..v.dtype().size()].to_vec()).collect()
}

fn values(dtype: Dtype, bytes: &[u8]) -> Vec<Value> {
    let each = bytes.chunks_exact(dtype.size()).map(|chunk| {
        let mut bits = [0; 8];
        bits[..chunk.len()].copy_from_slice(chunk);
        Value::from_bits(dtype, u64::from_le_bytes(bits))
    });
    each.collect()
}

/// The ways to run a body here: each level through the interpreter, and machine code. What this CPU lacks is
/// printed.
fn ways() -> Vec<(Level, bool)> {
    let mut ways: Vec<(Level, bool)> = Level::present().into_iter().map(|l| (l, true)).collect();
    for level in Level::ALL.into_iter().filter(|l| !l.is_present()) {
        println!("skipped: {level}, which this CPU lacks");
    }
    for level in [Level::Avx2, Level::Avx512] {
        match level.is_present() && cfg!(target_os = "linux") {
            true => ways.push((level, false)),
            false => println!("skipped: machine code for {level}, which there is under Linux"),
        }
    }
    if std::env::var_os("LANEFN_EMULATOR").is_some() {
        // It takes its time, and what other levels interpret runs elsewhere.
        ways.retain(|&(level, interpret)| level == Level::Avx512 || !interpret);
    }
    ways
}

/// arg > 2 ? arg + 1 : arg - 1
fn problem() -> Graph {
    let mut g = Graph::new();
    let x = g.input("arg");
    let (one, two) = (g.int(1), g.int(2));
    let above = g.call("greater", &[x, two]);
    let (up, down) = (g.call("add", &[x, one]), g.call("subtract", &[x, one]));
    let out = g.choose(above, up, down);
    g.output(out);
    g
}

#[test]
fn one_graph_serves_every_dtype_of_numbers_and_gives_what_the_kernel_gives() {
    let made = Compiled::new("problem", problem()).unwrap();
    let kernel = lanefn::find("problem").unwrap();
    for dtype in Dtype::ALL.into_iter().filter(|d| *d != Dtype::Bool) {
        let x: Vec<Value> = (0..1000).map(|i| Value::of(i % 7).cast(dtype)).collect();
        let got = call(&made, &[(dtype, bytes(&x))], &[dtype], 1000, Options::default()).unwrap();
        let mut want = vec![0; 1000 * dtype.size()];
        let (shape, strides) = ([1000], [dtype.size() as isize]);
        let bytes = bytes(&x);
        // SAFETY: rows of a thousand elements.
        unsafe {
            let x = RawInput { ptr: bytes.as_ptr(), shape: &shape, strides: &strides, dtype };
            let y = RawOutput { ptr: want.as_mut_ptr(), shape: &shape, strides: &strides, dtype };
            kernel.call_raw(&[x], None, &[y], Options::default()).unwrap();
        }
        assert_eq!(got[0], want, "{dtype}");
    }
}

/// What a body gives for rows, each way it can be run; outputs lie over the inputs of their numbers.
fn in_place(graph: Graph, rows: &[Vec<u8>], n: usize) -> Vec<Vec<Vec<u8>>> {
    let body = Body::new(graph, &Catalogue).expect("it can be run");
    let each = ways().into_iter().map(|(level, interpret)| {
        let mut rows = rows.to_vec();
        let to: Vec<*mut u8> = rows.iter_mut().map(|r| r.as_mut_ptr()).collect();
        let from: Vec<Input> =
            to.iter().map(|at| Input { at: at.cast_const(), scalar: false }).collect();
        // SAFETY: rows of `n` elements, outputs where inputs of their size begin; the level is present.
        unsafe {
            match interpret {
                true => body.interpreted().run(level, &from, &to[..body.outputs().len()], n),
                false => body.run(level, &from, &to[..body.outputs().len()], n),
            }
        }
        rows
    });
    each.collect()
}

#[test]
fn each_level_runs_the_code_that_is_made_for_it() {
    let chosen = Level::chosen().expect("a level");
    let mut graph = Graph::new();
    let x = graph.input_of("x", Dtype::F64);
    graph.output(x);
    let body = Body::new(graph, &Catalogue).expect("it can be run");
    assert!(body.code(Level::Baseline).is_none() && body.code(Level::Scalar).is_none());
    for (level, interpret) in ways() {
        if !interpret && chosen >= Level::Avx2 {
            let code = body.code(level).expect("there is code");
            assert_eq!(
                (code.level(), body.code(Level::Scalar).is_none()),
                (level.min(chosen), true)
            );
        }
    }
}

#[test]
fn inputs_are_read_before_outputs_that_lie_over_them_are_written() {
    let mut g = Graph::new();
    let (x, y) = (g.input_of("x", Dtype::I32), g.input_of("y", Dtype::I32));
    let sum = g.apply(lanefn::kernels::lanes::traced::Operation::Add, Dtype::I32, &[x, y]);
    let z = g.input_of("z", Dtype::I32);
    // Each goes to the place of the next one, and the sum over the last.
    for output in [y, x, sum] {
        g.output(output);
    }
    let _ = z;
    for n in [1, 7, 64, 1000, 5000] {
        let row = |k: i32| -> Vec<i32> { (0..n).map(|i| i * 10 + k).collect() };
        let bytes = |r: &[i32]| r.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let (x, y) = (row(1), row(2));
        let sum: Vec<i32> = x.iter().zip(&y).map(|(a, b)| a + b).collect();
        let rows = [bytes(&x), bytes(&y), bytes(&row(3))];
        for got in in_place(g.clone(), &rows, n as usize) {
            assert_eq!(got, [bytes(&y), bytes(&x), bytes(&sum)], "{n}");
        }
    }
}

#[test]
fn any_byte_but_0_is_true_and_comes_out_as_1() {
    let bytes: Vec<u8> = (0..=255).collect();
    let truths: Vec<u8> = bytes.iter().map(|b| (*b != 0) as u8).collect();
    let mut same = Graph::new();
    let x = same.input_of("x", Dtype::Bool);
    same.output(x);
    let mut chosen = Graph::new();
    let x = chosen.input_of("x", Dtype::Bool);
    let no = chosen.lit(false);
    let x =
        chosen.apply(lanefn::kernels::lanes::traced::Operation::Select, Dtype::Bool, &[x, x, no]);
    chosen.output(x);
    for graph in [same, chosen] {
        for got in in_place(graph, std::slice::from_ref(&bytes), 256) {
            assert_eq!(got[0], truths);
        }
    }
}

#[test]
fn a_graph_survives_its_bytes_and_equal_content_is_equal_bytes() {
    let made = Compiled::new("problem", problem()).unwrap();
    let read = Compiled::from_bytes("other name", &made.to_bytes()).unwrap();
    assert_eq!(made, read);
    assert_eq!(made.to_bytes(), read.to_bytes());
    // Built in another order, and with a node that nobody needs.
    let mut g = Graph::new();
    let x = g.input("arg");
    let (two, one) = (g.int(2), g.int(1));
    g.call("exp", &[x]);
    let (down, up) = (g.call("subtract", &[x, one]), g.call("add", &[x, one]));
    let above = g.call("greater", &[x, two]);
    let out = g.choose(above, up, down);
    g.output(out);
    assert_eq!(Compiled::new("problem", g).unwrap().to_bytes(), made.to_bytes());
}

#[test]
fn the_dtype_of_a_result_follows_numpys_rules() {
    let made = Compiled::new("problem", problem()).unwrap();
    let resolve = |ty: Type| {
        let of = made.untyped().resolve(&[ty], &[], Casting::SameKind).unwrap();
        of.outputs()[0]
    };
    assert_eq!(resolve(Type::Is(Dtype::U8)), Dtype::U8);
    assert_eq!(resolve(Type::Is(Dtype::F32)), Dtype::F32);
    assert_eq!(resolve(Type::Is(Dtype::Bool)), Dtype::I64);
    assert_eq!(resolve(Type::Int), Dtype::I64);
    assert_eq!(resolve(Type::Float), Dtype::F64);
}

/// Random graphs through the interpreter on every level and through machine code, against the naive
/// reading.
#[test]
fn graphs_give_what_they_say_on_every_level() {
    let mut runner = TestRunner::new(Config {
        cases: cases(300),
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..Config::default()
    });
    let ways = ways();
    let strategy = (graphs::recipes(), 0..150usize, any::<u64>());
    runner
        .run(&strategy, |(recipe, n, seed)| {
            let graph = recipe.graph();
            let inputs = recipe.inputs(n, seed);
            let want: Vec<Vec<Value>> = (0..n)
                .map(|i| {
                    let row: Vec<Value> = inputs.iter().map(|x| x[i]).collect();
                    common::evaluate(&graph, &row)
                })
                .collect();
            let body = Body::new(graph, &Catalogue).expect("it can be run");
            if ways.iter().any(|w| !w.1) {
                body.native().map_err(|e| TestCaseError::fail(format!("{e}\n{:?}", body.graph())))?;
            }
            for &(level, interpret) in &ways {
                let rows: Vec<Vec<u8>> = inputs.iter().map(|x| bytes(x)).collect();
                let from: Vec<Input> =
                    rows.iter().map(|r| Input { at: r.as_ptr(), scalar: false }).collect();
                let mut out: Vec<Vec<u8>> =
                    body.outputs().iter().map(|d| vec![0xAA; n * d.size()]).collect();
                let to: Vec<*mut u8> = out.iter_mut().map(|o| o.as_mut_ptr()).collect();
                // SAFETY: rows of `n` elements; the level is present.
                unsafe {
                    match interpret {
                        true => body.interpreted().run(level, &from, &to, n),
                        false => body.run(level, &from, &to, n),
                    }
                }
                for (k, &dtype) in body.outputs().iter().enumerate() {
                    for (i, got) in values(dtype, &out[k]).into_iter().enumerate() {
                        prop_assert!(
                            common::agree(got, want[i][k]),
                            "element {i} of output {k} on {level}{} is {got:?}, should be {:?}\n{:?}",
                            if interpret { "" } else { ", as machine code," },
                            want[i][k],
                            body.graph()
                        );
                    }
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn typed_graphs_survive_their_bytes() {
    let mut runner = TestRunner::new(Config {
        cases: cases(300),
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&graphs::recipes(), |recipe| {
            let graph = recipe.graph();
            let bytes = graph.to_bytes();
            let read = Graph::from_bytes(&bytes, &Catalogue)
                .map_err(|e| TestCaseError::fail(format!("{e}\n{graph:?}")))?;
            prop_assert_eq!(read.to_bytes(), bytes);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn damaged_bytes_are_an_error_or_another_graph_and_never_a_panic() {
    let mut runner = TestRunner::new(Config {
        cases: cases(2000),
        failure_persistence: None,
        ..Config::default()
    });
    let damage = proptest::collection::vec((any::<u16>(), any::<u8>()), 1..4);
    runner
        .run(&(graphs::recipes(), damage, any::<u16>()), |(recipe, damage, cut)| {
            let mut bytes = recipe.graph().to_bytes();
            for (at, byte) in damage {
                let at = at as usize % bytes.len();
                bytes[at] = byte;
            }
            if cut % 4 == 0 {
                bytes.truncate(cut as usize % bytes.len());
            }
            if let Ok(graph) = Graph::from_bytes(&bytes, &Catalogue) {
                // What was read can be typed, or says why not; and run.
                let types: Vec<Type> = graph
                    .inputs()
                    .iter()
                    .map(|i| Type::Is(i.dtype.unwrap_or(Dtype::F64)))
                    .collect();
                if let Ok(typed) = graph.typed(&types, &Catalogue) {
                    let _ = Body::new(typed, &Catalogue);
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_graph_that_does_not_fit_together_is_refused() {
    let refused = |graph: Graph| Body::new(graph, &Catalogue).err().map(|e| e.to_string());
    // A table's index that is no u64 would be read past its end.
    let mut g = Graph::new();
    let index = g.input_of("i", Dtype::I8);
    let table = g
        .table(lanefn::compiler::graph::Table { ty: Type::Is(Dtype::F64), entries: vec![0, 1, 2] });
    let entry = g.lookup(table, index);
    g.output(entry);
    assert!(refused(g).is_some_and(|e| e.contains("index")));
    // A loop's value after the loop.
    let mut g = Graph::new();
    let x = g.input_of("x", Dtype::F64);
    let (l, inside) = g.begin_loop(&[x]);
    let (one, two) = (g.lit(1.0), g.lit(2.0));
    let go = g.apply(lanefn::kernels::lanes::traced::Operation::Lt, Dtype::Bool, &[inside[0], one]);
    let next =
        g.apply(lanefn::kernels::lanes::traced::Operation::Mul, Dtype::F64, &[inside[0], two]);
    g.end_loop(l, go, &[next]);
    g.output(next);
    assert!(refused(g).is_some_and(|e| e.contains("loop")));
    // A loop without an end.
    let mut g = Graph::new();
    let x = g.input_of("x", Dtype::F64);
    let (_, inside) = g.begin_loop(&[x]);
    g.output(inside[0]);
    assert!(refused(g).is_some());
    // Nothing typed at all.
    assert!(refused(problem()).is_some());
}
