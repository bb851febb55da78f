//! A long call stops when it is asked to, and only then.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use lanefn::{
    Compiled, Error, Level, Options, RawInput, RawOutput,
    compiler::Graph,
    dtype::{Dtype, Type},
    kernels::loops::Input,
    math,
    prelude::*,
};
use ndarray::{Array1, Array2, Axis};

#[test]
fn a_long_call_stops_soon_after_the_answer_is_yes() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let x = Array1::from_elem(30_000_000, 0.5);
    for threads in [1, 2] {
        ASKED.store(0, Ordering::Relaxed);
        let function = math::gamma::ufunc().threads(threads);
        let stopped = lanefn::interruptible(
            || ASKED.fetch_add(1, Ordering::Relaxed) == 1,
            || function.call(&x),
        );
        // The second question comes a tenth of a second after the start.
        if ASKED.load(Ordering::Relaxed) < 2 {
            println!("skipped: this machine is done before it is asked twice");
            continue;
        }
        assert!(matches!(stopped, Err(Error::Interrupted)));
        assert_eq!(ASKED.load(Ordering::Relaxed), 2, "nobody is asked after a yes");
    }
}

#[test]
fn a_no_changes_nothing_and_outside_nobody_is_asked() {
    let x = Array1::linspace(0.1, 3.0, 3_000_000);
    let want = math::gamma::ufunc().call(&x).unwrap();
    let got = lanefn::interruptible(|| false, || math::gamma::ufunc().call(&x)).unwrap();
    assert_eq!(got, want);
    let after = math::gamma::ufunc().call(&x).unwrap();
    assert_eq!(after, want);
}

#[test]
fn methods_stop_soon_too() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let long = Array1::from_elem(10_000_000, 0.5);
    let tall = Array2::from_elem((40_000, 256), 0.5);
    let starts: Vec<i64> = (0..500_000).map(|i| 20 * i).collect();
    for threads in [1, 2] {
        let function = math::logaddexp::ufunc().threads(threads);
        let calls: [(&str, &dyn Fn() -> Option<Error>); 5] = [
            ("reduce along", &|| function.reduce(&long, Axis(0)).err()),
            ("reduce across", &|| function.reduce(&tall, Axis(0)).err()),
            ("accumulate along", &|| function.accumulate(&long, Axis(0)).err()),
            ("accumulate across", &|| function.accumulate(&tall, Axis(0)).err()),
            ("reduceat", &|| function.reduceat(&long, &starts, Axis(0)).err()),
        ];
        for (name, call) in calls {
            ASKED.store(0, Ordering::Relaxed);
            let ask = || {
                ASKED.fetch_add(1, Ordering::Relaxed);
                true
            };
            let error = lanefn::interruptible(ask, call);
            // The question comes a twentieth of a second after the start.
            match ASKED.load(Ordering::Relaxed) {
                0 => println!("skipped: {name}, which this machine does before it is asked"),
                asked => {
                    assert!(matches!(error, Some(Error::Interrupted)), "{name}: {error:?}");
                    assert_eq!(asked, 1, "{name}: nobody is asked after a yes");
                }
            }
            let begun = std::time::Instant::now();
            assert!(call().is_none());
            println!("{name}: {:?} if nobody asks", begun.elapsed());
        }
    }
}

/// Functions of a number, and of two, whose loop ends nowhere where their sum is above 0.
fn endless(name: &str, nin: usize) -> Compiled {
    use lanefn::kernels::lanes::traced::Operation::*;
    let mut graph = Graph::new();
    let inputs: Vec<u32> =
        ["x", "y"][..nin].iter().map(|n| graph.input_of(n, Dtype::F64)).collect();
    let (zero, half, one) = (graph.lit(0.0), graph.lit(0.5), graph.lit(1.0));
    let sum = match inputs[..] {
        [x, y] => graph.apply(Add, Dtype::F64, &[x, y]),
        _ => inputs[0],
    };
    let (l, inside) = graph.begin_loop(&[sum]);
    let go = graph.apply(Lt, Dtype::Bool, &[zero, inside[0]]);
    let less = graph.apply(Mul, Dtype::F64, &[inside[0], half]);
    let next = graph.apply(Add, Dtype::F64, &[less, one]);
    let after = graph.end_loop(l, go, &[next]);
    graph.output(after[0]);
    Compiled::new(name, graph).unwrap()
}

fn shape(n: usize) -> &'static [usize] {
    Box::leak(Box::new([n]))
}

fn row(of: &[f64]) -> RawInput<'static> {
    let shape = shape(of.len());
    RawInput { ptr: of.as_ptr().cast(), shape, strides: &[8], dtype: Dtype::F64 }
}

fn out(of: &mut [f64]) -> RawOutput<'static> {
    let shape = shape(of.len());
    RawOutput { ptr: of.as_mut_ptr().cast(), shape, strides: &[8], dtype: Dtype::F64 }
}

#[test]
fn loops_without_end_are_left_whoever_runs_them() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let (one, two) = (endless("one", 1), endless("two", 2));
        let (one, two, add) = (one.untyped(), two.untyped(), lanefn::find("add").unwrap());
        const N: usize = 400_000;
        let (mut first, mut last) = (vec![0.0; N], vec![0.0; N]);
        (first[0], last[N - 1]) = (1.0, 1.0);
        let all = vec![1.0; N];
        let single = |of: &mut f64| RawOutput {
            ptr: std::ptr::from_mut(of).cast(),
            shape: &[],
            strides: &[],
            dtype: Dtype::F64,
        };
        for level in Level::present() {
            for threads in [1, 2] {
                let options =
                    Options { level: Some(level), threads: Some(threads), ..Options::default() };
                let call = |x: &[f64]| {
                    // SAFETY: arrays of ours.
                    unsafe {
                        one.call_raw(&[row(x)], None, &[out(&mut vec![0.0; x.len()])], options)
                    }
                };
                let reduce = |x: &[f64]| {
                    let mut to = 0.0;
                    // SAFETY: arrays of ours.
                    unsafe { two.reduce_raw(row(x), single(&mut to), &Default::default(), options) }
                };
                let accumulate = |x: &[f64]| {
                    let mut to = vec![0.0; x.len()];
                    // SAFETY: arrays of ours.
                    unsafe { two.accumulate_raw(row(x), 0, out(&mut to), None, options) }
                };
                let reduceat = |x: &[f64]| {
                    let mut to = [0.0; 2];
                    // SAFETY: arrays of ours.
                    unsafe { two.reduceat_raw(row(x), &[0, 2], 0, out(&mut to), None, options) }
                };
                let mapped = |x: &[f64]| {
                    let mut to = 0.0;
                    // SAFETY: arrays of ours.
                    unsafe {
                        add.reduce_mapped_raw(&one, &[row(x)], single(&mut to), None, options)
                    }
                };
                let at = |x: &[f64]| {
                    let mut to = [0.0; 3];
                    let second = row(&x[..1]);
                    // SAFETY: arrays of ours.
                    unsafe { two.at_raw(out(&mut to), &[2, 0], &[2], Some(second), options) }
                };
                type Works<'a> = &'a dyn Fn(&[f64]) -> lanefn::Result<()>;
                let calls: [(&str, Works, &[f64]); 11] = [
                    ("one element", &call, &all[..1]),
                    ("a few", &call, &all[..5000]),
                    ("many", &call, &all),
                    ("the first of many", &call, &first),
                    ("the last of many", &call, &last),
                    ("reduce", &reduce, &all[..3]),
                    ("reduce many", &reduce, &last),
                    ("accumulate", &accumulate, &all[..3]),
                    ("reduceat", &reduceat, &all[..3]),
                    ("a reduction of a call", &mapped, &all[..3]),
                    ("at", &at, &all[..1]),
                ];
                for (name, works, x) in calls {
                    let name = format!("{name}, {level}, {threads} threads");
                    ASKED.store(0, Ordering::Relaxed);
                    let ask = || {
                        ASKED.fetch_add(1, Ordering::Relaxed);
                        true
                    };
                    let begun = std::time::Instant::now();
                    let end = lanefn::interruptible(ask, || works(x));
                    assert!(matches!(end, Err(Error::Interrupted)), "{name}: {end:?}");
                    assert_eq!(ASKED.load(Ordering::Relaxed), 1, "{name}");
                    assert!(begun.elapsed().as_secs() < 2, "{name}: {:?}", begun.elapsed());
                    assert!(works(&vec![0.0; x.len()]).is_ok(), "{name}: works afterwards");
                }
            }
        }
        // Straight to the inner loop; and a question that panics says yes.
        let code = one.resolve(&[Type::Is(Dtype::F64)], &[], Default::default()).unwrap();
        let (x, mut y) = (1.0f64, 0.0f64);
        let input = [Input { at: std::ptr::from_ref(&x).cast(), scalar: false }];
        let output = [std::ptr::from_mut(&mut y).cast()];
        for ask in [|| true, || panic!("no answer")] {
            // SAFETY: an element each.
            let few = || unsafe { one.call_few(&code, &input, &output, 1) };
            let end = lanefn::interruptible(ask, few);
            assert!(matches!(end, Err(Error::Interrupted)), "{end:?}");
        }
        done.send(()).unwrap();
    });
    ended.recv_timeout(Duration::from_secs(120)).expect("loops are left");
}
