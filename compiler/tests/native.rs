//! Machine code gives the bits that the definitions of the operations give, for any graph, and touches
//! nothing but its operands.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod common;

use std::cell::RefCell;

use common::{
    Arena, CANARY, Chance, agree, evaluate, random_graph, random_slow_graph, there_is_code,
};
use lanefn_compiler::{Graph, dtype::Dtype, native, value::Value};
use lanefn_kernels::{lanes::traced::Operation, level::Level, loops::Input};
use proptest::prelude::*;

fn cases(default: u32) -> ProptestConfig {
    let cases = std::env::var("LANEFN_CASES").ok().and_then(|v| v.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(default),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A part of an arena.
#[derive(Clone, Copy, Debug)]
struct Part {
    arena: usize,
    from: usize,
    elements: usize,
}

const ARENAS: usize = 24;
thread_local! {
    static MEMORY: RefCell<Vec<Arena>> =
        RefCell::new((0..ARENAS).map(|_| Arena::new(2 * 4096)).collect());
}

/// Compiles a graph, runs it on `n` elements, laid out as chance has it, and compares each of them.
fn check(graph: &Graph, n: usize, chance: &mut Chance) {
    let code = match native::compile(graph, Level::Avx2) {
        Ok(code) => code,
        Err(e) => panic!("{e}\n{graph}"),
    };
    MEMORY.with_borrow_mut(|memory| {
        for arena in &mut memory[..graph.inputs().len() + graph.outputs().len()] {
            arena.all().fill(CANARY);
        }
        let mut inputs = Vec::new();
        let mut values: Vec<Vec<Value>> = Vec::new();
        for (arena, input) in graph.inputs().iter().enumerate() {
            let dtype = input.dtype.expect("typed");
            let scalar = chance.one_in(4);
            let elements = if scalar { 1 } else { n };
            let part = place(memory, arena, elements, dtype.size(), chance);
            let of: Vec<Value> = (0..elements).map(|_| chance.value(dtype)).collect();
            for (i, v) in of.iter().enumerate() {
                let at = part.from + i * dtype.size();
                let bytes = &v.bits().to_le_bytes()[..dtype.size()];
                memory[arena].all()[at..at + dtype.size()].copy_from_slice(bytes);
            }
            inputs.push((part, scalar));
            values.push(of);
        }
        let mut outputs: Vec<Part> = Vec::new();
        for (o, &id) in graph.outputs().iter().enumerate() {
            let dtype = graph.dtype(id).expect("typed");
            // In place, sometimes.
            let same = inputs.iter().zip(graph.inputs()).find(|((part, scalar), input)| {
                !scalar
                    && input.dtype.is_some_and(|d| d.size() == dtype.size())
                    && !outputs.iter().any(|p| p.arena == part.arena)
            });
            let part = match same {
                Some(((part, _), _)) if chance.one_in(3) => *part,
                _ => place(memory, graph.inputs().len() + o, n, dtype.size(), chance),
            };
            outputs.push(part);
        }
        let sources: Vec<Input> = inputs
            .iter()
            .map(|(part, scalar)| Input { at: memory[part.arena].at(part.from), scalar: *scalar })
            .collect();
        let targets: Vec<*mut u8> =
            outputs.iter().map(|part| memory[part.arena].at(part.from)).collect();
        // SAFETY: AVX2 is present, or there were no code; operands are as the graph says.
        unsafe { code.run(&sources, &targets, n) };
        for i in 0..n {
            let element: Vec<Value> =
                values.iter().map(|v| if v.len() == 1 { v[0] } else { v[i] }).collect();
            let expected = evaluate(graph, &element);
            for (o, (part, expected)) in outputs.iter().zip(expected).enumerate() {
                let size = expected.dtype().size();
                let at = part.from + i * size;
                let mut bits = [0; 8];
                bits[..size].copy_from_slice(&memory[part.arena].all()[at..at + size]);
                let bits = u64::from_le_bytes(bits);
                let got = Value::from_bits(expected.dtype(), bits);
                assert!(
                    agree(got, expected) && bits == got.bits(),
                    "output {o}, element {i} of {n} of {element:?}: {got:?} ({bits:#x}), not {expected:?} \
                     ({:#x})\n{graph}",
                    expected.bits(),
                );
            }
        }
        // Nothing else was written.
        for (part, size) in inputs
            .iter()
            .map(|(part, _)| part)
            .zip(graph.inputs().iter().map(|i| i.dtype.expect("typed").size()))
            .chain(outputs.iter().zip(graph.outputs().iter().map(|&id| graph.dtype(id).expect("typed").size())))
        {
            let end = part.from + part.elements * size;
            memory[part.arena].all()[part.from..end].fill(CANARY);
        }
        for arena in inputs.iter().map(|(part, _)| part).chain(&outputs).map(|part| part.arena) {
            assert!(
                memory[arena].all().iter().all(|&b| b == CANARY),
                "something was written outside of the operands\n{graph}"
            );
        }
    });
}

/// Where an operand of so many elements stands: at the end or the start of its arena, or anywhere.
fn place(
    memory: &[Arena],
    arena: usize,
    elements: usize,
    size: usize,
    chance: &mut Chance,
) -> Part {
    let room = memory[arena].len() - elements * size;
    let from = match chance.below(4) {
        0 | 1 => room,
        2 => 0,
        _ => chance.below(room.min(200) + 1),
    };
    Part { arena, from, elements }
}

/// The graph of a seed, and what to run it on.
fn check_seed(seed: u64, size: usize) {
    let graph = random_graph(seed, size);
    let mut chance = Chance(!seed);
    let n = if chance.one_in(8) { 500 + chance.below(80) } else { chance.below(151) };
    check(&graph, n, &mut chance);
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn machine_code_gives_the_bits_of_the_definitions(seed: u64, size in 1..40_usize) {
        if there_is_code() {
            check_seed(seed, size);
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn large_graphs_do_too(seed: u64, size in 40..400_usize) {
        if there_is_code() {
            check_seed(seed, size);
        }
    }

    #[test]
    fn so_do_graphs_with_more_values_than_registers(seed: u64, many in 8..60_usize, eight: bool) {
        if there_is_code() {
            let mut chance = Chance(seed);
            let graph = wide_graph(&mut chance, many, if eight { Dtype::F64 } else { Dtype::F32 });
            let code = native::compile(&graph, Level::Avx2).expect("code");
            prop_assert!(many < 20 || code.spills() > 0);
            check(&graph, 1 + chance.below(60), &mut chance);
        }
    }
}

#[test]
fn slow_arms_in_wider_types_are_computed_in_parts() {
    if !there_is_code() {
        return;
    }
    let (mut parted, cases) = (0, cases(2000).cases);
    for seed in 0..u64::from(cases) {
        let graph = random_slow_graph(seed, 3 + (seed % 12) as usize);
        let live = graph.live();
        let sizes = (0..live.len()).filter(|&id| live[id]).map(|id| graph.dtype(id as u32));
        let widest = sizes.map(|d| d.map_or(0, Dtype::size)).max().unwrap_or(1);
        let code = match native::compile(&graph, Level::Avx2) {
            Ok(code) => code,
            Err(e) => panic!(
                "seed {seed}: {e}\n{:?}\n{graph}",
                lanefn_compiler::schedule::schedule(&graph)
            ),
        };
        parted += (code.lanes() > 32 / widest) as u32;
        check(&graph, (seed % 70) as usize, &mut Chance(!seed));
    }
    assert!(parted > cases / 8, "{parted} of {cases} had parts");
}

/// A graph whose slow arm is entered in few vectors, on many elements.
fn check_rarely(graph: &Graph) {
    if there_is_code() {
        for seed in 0..200 {
            check(graph, 64 + seed as usize % 9, &mut Chance(seed));
        }
    }
}

#[test]
fn a_truth_made_wider_on_a_slow_arm_is_made_so_again_after_it() {
    use Operation::*;
    let mut graph = Graph::new();
    let x = graph.input_of("x", Dtype::F32);
    let y = graph.input_of("y", Dtype::F64);
    let (zero, far) = (graph.lit(0.0_f32), graph.lit(1e30));
    let negative = graph.apply(Lt, Dtype::Bool, &[x, zero]);
    let huge = graph.apply(Lt, Dtype::Bool, &[far, y]);
    let more = graph.apply(Add, Dtype::F64, &[y, y]);
    let slow = graph.apply(Select, Dtype::F64, &[negative, more, far]);
    let value = graph.apply(Slow, Dtype::F64, &[huge, slow, y]);
    let root = graph.apply(Abs, Dtype::F64, &[value]);
    let out = graph.apply(Select, Dtype::F64, &[negative, value, root]);
    graph.output(out);
    check_rarely(&graph);
}

#[test]
fn a_part_taken_on_an_inner_slow_arm_is_taken_again_after_it() {
    use Operation::*;
    let mut graph = Graph::new();
    let x = graph.input_of("x", Dtype::F32);
    let y = graph.input_of("y", Dtype::F32);
    let (one, far) = (graph.lit(1.0_f32), graph.lit(1e20_f64));
    let large = graph.apply(Lt, Dtype::Bool, &[one, y]);
    let wide_y = graph.apply(Cast, Dtype::F64, &[y]);
    let huge = graph.apply(Lt, Dtype::Bool, &[far, wide_y]);
    let wide_x = graph.apply(Cast, Dtype::F64, &[x]);
    let product = graph.apply(Mul, Dtype::F64, &[wide_x, wide_y]);
    let inner = graph.apply(Slow, Dtype::F64, &[huge, product, wide_y]);
    let slow = graph.apply(Cast, Dtype::F32, &[inner]);
    let first = graph.apply(Slow, Dtype::F32, &[large, slow, one]);
    let second = graph.apply(Slow, Dtype::F32, &[large, x, y]);
    let sum = graph.apply(Add, Dtype::F32, &[first, second]);
    graph.output(sum);
    let code = native::compile(&graph, Level::Avx2);
    assert!(!Level::Avx2.is_present() || code.is_ok_and(|code| code.lanes() == 8));
    check_rarely(&graph);
}

#[test]
fn a_loop_may_go_on_by_a_truth_that_it_carries_and_swap_what_it_carries() {
    use Operation::*;
    let mut graph = Graph::new();
    let x = graph.input_of("x", Dtype::F64);
    let y = graph.input_of("y", Dtype::F64);
    let (zero, one, five) = (graph.lit(0.0), graph.lit(1.0), graph.lit(5.0));
    let begin = graph.apply(Lt, Dtype::Bool, &[x, y]);
    let (l, inside) = graph.begin_loop(&[begin, zero, x, y, one]);
    let n = graph.apply(Add, Dtype::F64, &[inside[1], one]);
    let few = graph.apply(Lt, Dtype::Bool, &[n, five]);
    let above = graph.apply(Lt, Dtype::Bool, &[zero, inside[2]]);
    let go = graph.apply(And, Dtype::Bool, &[few, above]);
    let sum = graph.apply(Add, Dtype::F64, &[inside[4], inside[2]]);
    let after = graph.end_loop(l, inside[0], &[go, n, inside[3], inside[2], sum]);
    for id in after {
        graph.output(id);
    }
    check_rarely(&graph);
}

#[test]
fn the_listing_says_what_the_code_does() {
    use Operation::*;
    let mut graph = Graph::new();
    let x = graph.input_of("x", Dtype::F64);
    let (one, two) = (graph.lit(1.0), graph.lit(2.0));
    let above = graph.apply(Lt, Dtype::Bool, &[two, x]);
    let more = graph.apply(Add, Dtype::F64, &[x, one]);
    let less = graph.apply(Sub, Dtype::F64, &[x, one]);
    let out = graph.apply(Select, Dtype::F64, &[above, more, less]);
    graph.output(out);
    if there_is_code() {
        let listing = native::listing(&graph, Level::Avx2).expect("code");
        let names = listing.lines().map(|line| line.split([' ', ':']).next().unwrap_or(""));
        let expected = [
            "load",
            "vcmppd",
            "vaddpd",
            "vaddpd",
            "vblendvpd",
            "store",
            "const0",
            "const1",
            "const2",
        ];
        assert_eq!(names.collect::<Vec<_>>(), expected, "{listing}");
    }
}

#[test]
fn what_cannot_become_machine_code_says_why() {
    let mut graph = Graph::new();
    let x = graph.input("x");
    let half = graph.convert(Dtype::F32, x);
    graph.output(half);
    let error = native::compile(&graph, Level::Scalar).expect_err("no code for one lane");
    assert!(matches!(error, native::Unsupported::Level(Level::Scalar)), "{error}");
    if there_is_code() {
        let error = native::compile(&graph, Level::Avx2).expect_err("an open graph");
        assert!(matches!(error, native::Unsupported::Node { node: 0, .. }), "{error}");
        let error = native::compile(&Graph::new(), Level::Avx2).expect_err("no outputs");
        assert!(matches!(error, native::Unsupported::NoOutputs), "{error}");
    }
}

#[test]
fn a_function_may_fill_much_of_the_stack_but_not_more() {
    if !there_is_code() {
        return;
    }
    let mut chance = Chance(3);
    let graph = wide_graph(&mut chance, 800, Dtype::F64);
    let code = native::compile(&graph, Level::Avx2).expect("code");
    // Several pages, each of which must be there when it is first written.
    assert!(code.spills() * 32 > 8 * 4096, "{} spills", code.spills());
    std::thread::scope(|scope| {
        scope.spawn(|| check(&graph, 9, &mut chance));
    });
    let graph = wide_graph(&mut Chance(4), 6000, Dtype::F64);
    let error = native::compile(&graph, Level::Avx2).expect_err("too large");
    assert!(matches!(error, native::Unsupported::TooLarge), "{error}");
}

/// So many values and as many truths, all of which are needed at the end.
fn wide_graph(chance: &mut Chance, many: usize, dtype: Dtype) -> Graph {
    use Operation::*;
    let mut graph = Graph::new();
    let x = graph.input_of("x", dtype);
    let y = graph.input_of("y", dtype);
    let mut values = vec![x, y];
    let mut truths = Vec::new();
    for _ in 0..many {
        let constant = graph.constant(chance.value(dtype));
        let (a, b) = (chance.pick(&values), chance.pick(&values));
        let sum = graph.apply(chance.pick(&[Add, Sub, Mul, Fmin, Maximum]), dtype, &[a, constant]);
        values.push(graph.apply(Fma, dtype, &[sum, b, a]));
        truths.push(graph.apply(chance.pick(&[Lt, Le, Ne]), Dtype::Bool, &[sum, b]));
    }
    let mut out = y;
    for (value, truth) in values.into_iter().skip(2).zip(truths) {
        let other = graph.apply(Fma, dtype, &[value, x, out]);
        out = graph.apply(Select, dtype, &[truth, value, other]);
    }
    graph.output(out);
    graph
}
