//! Machine code gives the bits that the definitions of the operations give, for any graph, and touches
//! nothing but its operands.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod common;
#[path = "common/instructions.rs"]
mod instructions;

use std::{
    arch::asm,
    cell::{Cell, RefCell},
};

use common::{
    Chance, Memory, Oracle, Rows, levels_with_code, random_graph, random_slow_graph, there_is_code,
    wide_graph, wide_graph_of,
};
use iced_x86::{Decoder, DecoderOptions};
use instructions::check_instructions;
use lanefn_compiler::{
    Graph, Node, Op, asking_every,
    dtype::{Dtype, Type},
    graph::Table,
    native,
    value::{self, Value},
};
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

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::new(24, 2));
}

/// Compiles a graph for every level that has code and is here, runs it on `n` elements, laid out as chance has
/// it, and compares each of them.
fn check(graph: &Graph, n: usize, chance: &mut Chance) {
    for level in levels_with_code() {
        if !emulated() || level == Level::Avx512 && !emulator_errs(graph) {
            check_at(level, graph, n, &mut chance.clone());
        }
    }
    chance.next();
}

/// Whether this is the emulator of `cargo xtask emulate-avx512`, which says so. It takes its time, so what runs
/// elsewhere is not run there.
fn emulated() -> bool {
    std::env::var_os("LANEFN_EMULATOR").is_some()
}

/// Whether the graph has an operation whose instruction the emulator gets wrong for some numbers, or refuses; see
/// its list of faults.
fn emulator_errs(graph: &Graph) -> bool {
    use Dtype::*;
    let errs = |node: &Node| {
        let (to, from) = (node.ty, node.args.first().and_then(|&a| graph.dtype(a)));
        let Some(Type::Is(to)) = to else { return false };
        match node.op {
            Op::Apply(Operation::Shr) => to == I64,
            Op::Apply(Operation::Cast) => {
                matches!((from, to), (Some(F64 | F32), U64) | (Some(U32), F32) | (Some(U64), F64))
            }
            _ => false,
        }
    };
    let refused = || {
        let bytes = native::instructions(graph, Level::Avx512).unwrap_or_default();
        let mut decoder = Decoder::new(64, &bytes, DecoderOptions::NONE).into_iter();
        decoder.any(|i| i.memory_index().is_zmm() && i.memory_index().number() > 15)
    };
    graph.nodes().iter().any(errs) || !graph.tables().is_empty() && refused()
}

fn compile(graph: &Graph, level: Level) -> native::Code {
    match native::compile(graph, level) {
        Ok(code) => code,
        Err(e) => panic!("{level}: {e}\n{graph}"),
    }
}

fn check_at(level: Level, graph: &Graph, n: usize, chance: &mut Chance) {
    let code = compile(graph, level);
    assert_eq!(code.level(), level, "{graph}");
    let dtypes: Vec<Dtype> = graph.inputs().iter().map(|i| i.dtype.expect("typed")).collect();
    let rows = Rows::new(&mut Oracle::typed(graph), &dtypes, n, chance);
    MEMORY.with_borrow_mut(|memory| {
        let done = memory.check(&rows, n, chance, true, |sources, targets| {
            // SAFETY: the level is present, or there were no code; operands are as the graph says.
            let run = || unsafe { code.run(sources, targets, n) };
            match n % 2 {
                0 => run(),
                _ => asking_every(2 + n % 3, &stay, run),
            }
        });
        done.unwrap_or_else(|wrong| panic!("{level}: {wrong}\n{graph}"));
    });
}

/// Says that loops are to go on, and loses what a function may lose of registers.
fn stay() -> bool {
    // SAFETY: whoever runs code has AVX; every register that is written is said to be lost.
    unsafe { asm!("vzeroall", clobber_abi("sysv64")) };
    if is_x86_feature_detected!("avx512bw") {
        // SAFETY: as above, with AVX-512.
        unsafe {
            asm!(
                "vpxord zmm16, zmm16, zmm16",
                "vmovdqa64 zmm17, zmm16",
                "vmovdqa64 zmm18, zmm16",
                "vmovdqa64 zmm19, zmm16",
                "vmovdqa64 zmm20, zmm16",
                "vmovdqa64 zmm21, zmm16",
                "vmovdqa64 zmm22, zmm16",
                "vmovdqa64 zmm23, zmm16",
                "vmovdqa64 zmm24, zmm16",
                "vmovdqa64 zmm25, zmm16",
                "vmovdqa64 zmm26, zmm16",
                "vmovdqa64 zmm27, zmm16",
                "vmovdqa64 zmm28, zmm16",
                "vmovdqa64 zmm29, zmm16",
                "vmovdqa64 zmm30, zmm16",
                "vmovdqa64 zmm31, zmm16",
                "kxorq k1, k1, k1",
                "kmovq k2, k1",
                "kmovq k3, k1",
                "kmovq k4, k1",
                "kmovq k5, k1",
                "kmovq k6, k1",
                "kmovq k7, k1",
                clobber_abi("sysv64")
            );
        }
    }
    false
}

/// The graph of a seed, and what to run it on.
fn check_seed(seed: u64, size: usize) {
    let graph = random_graph(seed, size);
    let mut chance = Chance::new(!seed);
    let n = if chance.one_in(8) { 500 + chance.below(80) } else { chance.below(151) };
    check(&graph, n, &mut chance);
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn machine_code_gives_the_bits_of_the_definitions(seed: u64, size in 1..40_usize) {
        check_seed(seed, size);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn large_graphs_do_too(seed: u64, size in 40..400_usize) {
        check_seed(seed, size);
    }

    #[test]
    fn so_do_graphs_with_more_values_than_registers(seed: u64, many in 8..60_usize, eight: bool) {
        let mut chance = Chance::new(seed);
        let graph = wide_graph(&mut chance, many, if eight { Dtype::F64 } else { Dtype::F32 });
        for level in levels_with_code() {
            let code = compile(&graph, level);
            prop_assert!(many < 20 || code.spills() > 0);
        }
        check(&graph, 1 + chance.below(150), &mut chance);
    }
}

#[test]
fn slow_arms_in_wider_types_are_computed_in_parts() {
    let levels = levels_with_code();
    let (mut parted, cases) = (0, cases(2000).cases);
    for seed in 0..u64::from(cases) {
        let graph = random_slow_graph(&mut Chance::new(seed), 3 + (seed % 12) as usize);
        let live = graph.live();
        let sizes = (0..live.len()).filter(|&id| live[id]).map(|id| graph.dtype(id as u32));
        let widest = sizes.map(|d| d.map_or(0, Dtype::size)).max().unwrap_or(1);
        for &level in &levels {
            let register = if level == Level::Avx2 { 32 } else { 64 };
            parted += usize::from(compile(&graph, level).lanes() > register / widest);
        }
        check(&graph, (seed % 70) as usize, &mut Chance::new(!seed));
    }
    let all = cases as usize * levels.len();
    assert!(parted >= all / 8, "{parted} of {all} had parts");
}

#[test]
fn instructions_are_those_of_the_level_even_where_they_cannot_run() {
    if emulated() {
        return;
    }
    let mut longest = 0;
    for seed in 0..3000 {
        let graph = match seed % 3 {
            0 => random_graph(seed, 1 + (seed % 50) as usize),
            1 => random_slow_graph(&mut Chance::new(seed), 3 + (seed % 12) as usize),
            _ => {
                // Remainders are calls.
                let dtype = if seed % 2 == 0 { Dtype::F64 } else { Dtype::F32 };
                let operations = [Operation::Add, Operation::Mul, Operation::Rem];
                wide_graph_of(&mut Chance::new(seed), (seed % 60) as usize, dtype, &operations)
            }
        };
        for level in [Level::Avx2, Level::Avx512] {
            check_instructions(&graph, level).unwrap_or_else(|wrong| panic!("{wrong}\n{graph}"));
        }
        longest +=
            usize::from(native::listing(&graph, Level::Avx512).is_ok_and(|l| l.contains("zmm")));
    }
    assert!(longest > 2900, "{longest} graphs with whole registers");
}

/// A graph whose slow arm is entered in few vectors, on many elements.
fn check_rarely(graph: &Graph) {
    for seed in 0..200 {
        check(graph, 64 + seed as usize % 9, &mut Chance::new(seed));
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
    for (level, lanes) in levels_with_code().into_iter().zip([8, 16]) {
        assert_eq!(compile(&graph, level).lanes(), lanes);
    }
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

/// Counts for ever, in a loop in a loop, and once more after it.
fn endless() -> Graph {
    use Operation::*;
    let mut graph = Graph::new();
    let x = graph.input_of("x", Dtype::F64);
    let (zero, one) = (graph.lit(0.0), graph.lit(1.0));
    let forever = |graph: &mut Graph, first, body: &dyn Fn(&mut Graph, u32) -> u32| {
        let (l, inside) = graph.begin_loop(&[first]);
        let go = graph.apply(Le, Dtype::Bool, &[zero, inside[0]]);
        let next = body(graph, inside[0]);
        graph.end_loop(l, go, &[next])[0]
    };
    let count = |graph: &mut Graph, x| graph.apply(Add, Dtype::F64, &[x, one]);
    let (l, outer) = graph.begin_loop(&[x]);
    let go = graph.apply(Le, Dtype::Bool, &[zero, outer[0]]);
    let inner = forever(&mut graph, outer[0], &count);
    let next = count(&mut graph, inner);
    let after = graph.end_loop(l, go, &[next])[0];
    let after = forever(&mut graph, after, &count);
    graph.output(after);
    graph
}

#[test]
fn loops_in_loops_and_after_them_are_left_soon_after_a_yes() {
    let graph = endless();
    for level in levels_with_code() {
        let code = compile(&graph, level);
        let x: Vec<f64> = (0..11).map(f64::from).collect();
        let mut out = [0.0; 11];
        let asked = Cell::new(0);
        let question = || {
            asked.set(asked.get() + 1);
            asked.get() > 3
        };
        let input = [Input { at: x.as_ptr().cast(), scalar: false }];
        // SAFETY: the level is present, and there are as many elements.
        lanefn_compiler::asking(&question, || unsafe {
            code.run(&input, &[out.as_mut_ptr().cast()], x.len());
        });
        // After the yes, once for each loop of each vector.
        let vectors = x.len().div_ceil(code.lanes());
        assert!((4..=3 + 3 * vectors).contains(&asked.get()), "{level}: {asked:?}");
    }
}

#[test]
fn every_operation_on_every_dtype_gives_the_bits_of_its_definition() {
    use Operation::*;
    let mut chance = Chance::new(5);
    let mut graphs = 0;
    for &operation in Operation::ALL {
        for from in Dtype::ALL {
            for gives in Dtype::ALL {
                let first = if matches!(operation, Select | Slow) { Dtype::Bool } else { from };
                let of = [first, from, from];
                if !value::fits(operation, gives, of[..operation.nin()].iter().copied()) {
                    continue;
                }
                let mut graph = Graph::new();
                let mut args = Vec::new();
                for &dtype in &of[..operation.nin()] {
                    args.push(graph.input_of("x", dtype));
                }
                // The bits of a NaN are nobody's business.
                let bare = args[if operation == Copysign { 1 } else { 0 }];
                if matches!(operation, ToBits | Copysign) {
                    let number = graph.apply(Eq, Dtype::Bool, &[bare, bare]);
                    let one = graph.constant(Value::of(1.5).cast(from));
                    let number = graph.apply(Select, from, &[number, bare, one]);
                    args.iter_mut().filter(|a| **a == bare).for_each(|a| *a = number);
                }
                let out = graph.apply(operation, gives, &args);
                graph.output(out);
                let times = if emulated() { 2 } else { 8 };
                for n in (0..times).map(|n| 130 + n) {
                    check(&graph, n, &mut chance);
                }
                graphs += 1;
            }
        }
    }
    assert!(graphs > 350, "{graphs}");
}

#[test]
fn what_is_made_of_constants_alone_is_computed_in_their_width() {
    use Operation::*;
    for dtype in [Dtype::F64, Dtype::F32, Dtype::I64, Dtype::I16] {
        let mut graph = Graph::new();
        let x = graph.input_of("x", Dtype::U8);
        let [a, b] = [3.0, 5.0].map(|v| graph.constant(Value::of(v).cast(dtype)));
        let less = graph.apply_plain(Lt, Dtype::Bool, &[a, b]);
        let narrow = graph.apply_plain(Cast, Dtype::U8, &[b]);
        let out = graph.apply_plain(Select, Dtype::U8, &[less, x, narrow]);
        for id in [less, narrow, out] {
            graph.output(id);
        }
        for seed in 0..20 {
            check(&graph, 100 + seed as usize, &mut Chance::new(seed));
        }
    }
}

#[test]
fn tables_of_every_length_give_their_entries() {
    let mut chance = Chance::new(7);
    for dtype in Dtype::ALL {
        for length in [1, 7, 8, 9, 15, 16, 17, 40] {
            let mut graph = Graph::new();
            let x = graph.input_of("x", Dtype::U64);
            let few = graph.lit(63_u64);
            let index = graph.apply(Operation::And, Dtype::U64, &[x, few]);
            let entries: Vec<u64> = (0..length).map(|_| chance.value(dtype).bits()).collect();
            let table = graph.table(Table { ty: Type::Is(dtype), entries: entries.clone() });
            for index in [x, index] {
                let entry = graph.lookup(table, index);
                graph.output(entry);
            }
            check(&graph, 150, &mut chance);
            if !graph.tables()[table as usize].is_short() {
                continue;
            }
            // An index of four bytes, alone and beside numbers of every width.
            for beside in [Dtype::U8, Dtype::I16, Dtype::F32, Dtype::F64] {
                let mut graph = Graph::new();
                let (x, y) = (graph.input_of("x", Dtype::U32), graph.input_of("y", beside));
                let table = graph.table(Table { ty: Type::Is(dtype), entries: entries.clone() });
                for few in [u32::MAX, 15, 7] {
                    let few = graph.lit(few);
                    let index = graph.apply(Operation::And, Dtype::U32, &[x, few]);
                    let entry = graph.lookup(table, index);
                    let sum = graph.apply(Operation::Add, dtype, &[entry, entry]);
                    graph.output(sum);
                }
                let twice = graph.apply(Operation::Add, beside, &[y, y]);
                graph.output(twice);
                check(&graph, 150, &mut chance);
            }
        }
    }
}

#[test]
fn slow_arms_give_truths_and_values_in_parts_of_every_size() {
    use Dtype::{F32, F64, I16, I32, I64, U8};
    use Operation::*;
    for (narrow, wides) in [(U8, [I16, I32, F64]), (I16, [I32, F32, I64]), (F32, [F64, I64, F64])] {
        for wide in wides {
            let mut graph = Graph::new();
            let (x, y) = (graph.input_of("x", narrow), graph.input_of("y", narrow));
            let (m, t) = (graph.input_of("m", Dtype::Bool), graph.input_of("t", Dtype::Bool));
            let three = graph.constant(Value::of(3.0).cast(wide));
            let [a, b] = [x, y].map(|x| graph.apply(Cast, wide, &[x]));
            let sum = graph.apply(Add, wide, &[a, three]);
            let less = graph.apply(Lt, Dtype::Bool, &[sum, b]);
            let less = graph.apply(Ne, Dtype::Bool, &[less, t]);
            let back = graph.apply(Cast, narrow, &[sum]);
            let truth = graph.apply(Slow, Dtype::Bool, &[m, less, t]);
            let value = graph.apply(Slow, narrow, &[m, back, y]);
            for id in [truth, value] {
                graph.output(id);
            }
            for level in levels_with_code() {
                let register = if level == Level::Avx2 { 32 } else { 64 };
                assert_eq!(compile(&graph, level).lanes(), register / narrow.size());
            }
            for seed in 0..20 {
                check(&graph, 100 + seed as usize, &mut Chance::new(seed));
            }
        }
    }
}

#[test]
fn what_the_emulator_gets_wrong_is_held_where_it_does_not() {
    use Operation::*;
    let mut graph = Graph::new();
    let (i, u) = (graph.input_of("i", Dtype::I64), graph.input_of("u", Dtype::U64));
    let (x, w) = (graph.input_of("x", Dtype::F64), graph.input_of("w", Dtype::U32));
    let (below_64, below_31) = (graph.lit(63_i64), graph.lit(u32::MAX >> 1));
    let (below_63, most) = (graph.lit(u64::MAX >> 1), graph.lit(9.2e18));
    let by = graph.apply(Cast, Dtype::I64, &[w]);
    let by = graph.apply(And, Dtype::I64, &[by, below_64]);
    let shifted = graph.apply(Shr, Dtype::I64, &[i, by]);
    let small = graph.apply(And, Dtype::U32, &[w, below_31]);
    let single = graph.apply(Cast, Dtype::F32, &[small]);
    let small = graph.apply(And, Dtype::U64, &[u, below_63]);
    let double = graph.apply(Cast, Dtype::F64, &[small]);
    let small = graph.apply(Minimum, Dtype::F64, &[x, most]);
    let whole = graph.apply(Cast, Dtype::U64, &[small]);
    for id in [shifted, single, double, whole] {
        graph.output(id);
    }
    for level in levels_with_code() {
        for seed in 0..100 {
            check_at(level, &graph, 64 + seed as usize, &mut Chance::new(seed));
        }
    }
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
    for (level, blend, register) in
        [(Level::Avx2, "vblendvpd", "ymm"), (Level::Avx512, "vblendmpd", "zmm")]
    {
        let listing = native::listing(&graph, level).expect("code");
        let names = listing.lines().map(|line| line.split([' ', ':']).next().unwrap_or(""));
        let expected =
            ["load", "vcmppd", "vaddpd", "vaddpd", blend, "store", "const0", "const1", "const2"];
        assert_eq!(names.collect::<Vec<_>>(), expected, "{listing}");
        assert!(listing.contains(register), "{listing}");
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
    let mut chance = Chance::new(3);
    let graph = wide_graph(&mut chance, 800, Dtype::F64);
    for level in levels_with_code() {
        let code = compile(&graph, level);
        // Several pages, each of which must be there when it is first written.
        assert!(code.spills() * 32 > 8 * 4096, "{} spills", code.spills());
    }
    std::thread::scope(|scope| {
        scope.spawn(|| check(&graph, 9, &mut chance));
    });
    let graph = wide_graph(&mut Chance::new(4), 6000, Dtype::F64);
    let error = native::compile(&graph, Level::Avx2).expect_err("too large");
    assert!(matches!(error, native::Unsupported::TooLarge), "{error}");
}

#[test]
fn what_takes_too_much_of_the_stack_in_long_registers_gets_the_code_for_avx2() {
    for (many, fits) in [(800, true), (950, false)] {
        let graph = wide_graph(&mut Chance::new(5), many, Dtype::F64);
        let [shorter, longer] = [Level::Avx2, Level::Avx512]
            .map(|level| native::instructions(&graph, level).expect("code"));
        assert_eq!(shorter != longer, fits, "{many}");
    }
}
