//! Graphs: machine code and the interpreter at every level give the bits that the graph says, read naively.

use std::cell::RefCell;

use lanefn::{
    Catalogue,
    compiler::{Body, Graph, Op, native::Unsupported},
    dtype::{Dtype, Type},
    kernels::{
        lanes::traced::Operation,
        level::Level,
        loops::{MAX_INPUTS, MAX_OUTPUTS},
    },
};

use crate::{
    case::Case,
    common::{
        Chance, Memory, Oracle, Rows, levels_with_code, physical, random_plain_graph,
        random_slow_graph, wide_graph_of,
    },
    instructions::check_instructions,
    open::{OF_NAN, random_open_graph},
};

/// Graphs with more nodes than this are not read naively, which goes as deep as they do.
const MOST_NODES: usize = 600;

/// Inputs and outputs of a graph that is run.
const OPERANDS: usize = 20;

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::new(OPERANDS, 1));
}

pub fn run(chance: &mut Chance, case: &mut Case) -> Result<(), String> {
    // Small ones mostly: so there are many.
    let size = match chance.below(1000) {
        0..880 => 1 + chance.below(8),
        880..990 => 8 + chance.below(24),
        990..999 => 32 + chance.below(60),
        _ => 100 + chance.below(200),
    };
    let (graph, types) = match chance.below(16) {
        0..7 => {
            let graph = random_plain_graph(chance, size);
            let types = types_of(&graph);
            (graph, types)
        }
        7..9 => {
            let graph = random_slow_graph(chance, 2 + size.min(20) / 3);
            let types = types_of(&graph);
            (graph, types)
        }
        9 if chance.one_in(10) => {
            use Operation::{Add, Fmin, Maximum, Mul, Rem, Sub};
            let many = 6 + chance.below(20);
            let dtype = chance.pick(&[Dtype::F64, Dtype::F32]);
            let of: &[Operation] = match chance.below(4) {
                0 => &[Add, Mul, Rem],
                _ => &[Add, Sub, Mul, Fmin, Maximum],
            };
            let graph = wide_graph_of(chance, many, dtype, of);
            let types = types_of(&graph);
            (graph, types)
        }
        _ => random_open_graph(chance, size),
    };
    check(&graph, &types, true, chance, case)
}

/// The types of a typed graph's inputs.
pub fn types_of(graph: &Graph) -> Vec<Type> {
    graph.inputs().iter().map(|i| Type::Is(i.dtype.unwrap_or(Dtype::F64))).collect()
}

/// Types and runs a graph, and compares what it gives with what it says, but where that may be anything.
pub fn check(
    graph: &Graph,
    types: &[Type],
    compare: bool,
    chance: &mut Chance,
    case: &mut Case,
) -> Result<(), String> {
    case.say(|| format!("the graph, for inputs of {types:?}:\n{}", needed(graph)));
    let oracle = Oracle::open(graph, types, &Catalogue);
    let typed = match graph.typed(types, &Catalogue) {
        Ok(typed) => typed,
        // A number may be out of bounds, or a loop's values grow to what a function has no loop for.
        Err(_) if !graph.is_typed() => return Ok(()),
        Err(error) => return Err(format!("it can't be typed: {error}")),
    };
    let mut oracle = oracle.ok_or("it was typed, and a function in it has no loop")?;
    let gives: Vec<Option<Dtype>> = typed.outputs().iter().map(|&o| typed.dtype(o)).collect();
    if gives != oracle.dtypes().into_iter().map(Some).collect::<Vec<_>>() {
        return Err(format!("it gives {gives:?}, not {:?}\n{typed}", oracle.dtypes()));
    }
    // As it is, sometimes: what is read from bytes may be anything.
    let calls = graph.nodes().iter().any(|node| matches!(node.op, Op::Call(..)));
    let direct = chance.one_in(5) && !calls && graph.check(&Catalogue).is_ok();
    let body = if direct { graph.clone() } else { typed };
    case.say(|| format!("what is run:\n{}", needed(&body)));
    for node in body.nodes() {
        case.saw(|| match node.op {
            Op::Apply(operation) => operation.name().into(),
            Op::Call(..) => "call".into(),
            Op::Lookup(_) => "table".into(),
            Op::After(..) => "loop".into(),
            _ => "leaf".into(),
        });
        case.saw(|| node.ty.map_or_else(String::new, |ty| ty.to_string()));
    }
    if chance.one_in(8) {
        survives_bytes(graph)?;
        survives_bytes(&body)?;
    }
    if chance.one_in(16) && cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        let written = body.expanded(&Catalogue);
        for level in [Level::Avx2, Level::Avx512] {
            match check_instructions(&written, level) {
                Err(wrong) if !wrong.contains("needs more memory") => return Err(wrong),
                _ => {}
            }
        }
    }
    if graph.nodes().len() > MOST_NODES || types.len() + gives.len() > OPERANDS {
        return Ok(());
    }
    // Few elements of many nodes.
    let most = if body.nodes().len() > 100 { 40 } else { 150 };
    let n = if chance.one_in(3) { chance.below(20) } else { chance.below(most + 1) };
    let dtypes: Vec<Dtype> = types.iter().map(|&ty| physical(ty)).collect();
    let rows = Rows::new(&mut oracle, &dtypes, n, chance);
    run_rows(body, &rows, compare, chance, case)
}

/// Runs a typed graph on rows: machine code and the interpreter, at every level.
fn run_rows(
    graph: Graph,
    rows: &Rows,
    compare: bool,
    chance: &mut Chance,
    case: &mut Case,
) -> Result<(), String> {
    let part = |chance: &mut Chance| match chance.below(3) {
        0 => rows.n,
        _ => chance.below(rows.n + 1),
    };
    MEMORY.with_borrow_mut(|memory| {
        let has_code = cfg!(all(target_arch = "x86_64", target_os = "linux"));
        let levels = if has_code { levels_with_code() } else { Vec::new() };
        if graph.inputs().len() > MAX_INPUTS || graph.outputs().len() > MAX_OUTPUTS {
            // More than a body can have.
            let written = graph.expanded(&Catalogue);
            for level in levels {
                let code = match lanefn::compiler::native::compile(&written, level) {
                    Ok(code) => code,
                    Err(Unsupported::TooLarge) => continue,
                    Err(error) => return Err(format!("{level}: {error}")),
                };
                let n = part(chance);
                let done = memory.check(rows, n, chance, compare, |from, to| {
                    // SAFETY: the level is present; operands are as the graph says.
                    unsafe { code.run(from, to, n) }
                });
                done.map_err(|wrong| format!("machine code at {level}: {wrong}"))?;
            }
            return Ok(());
        }
        let body = Body::new(graph, &Catalogue).map_err(|e| format!("it can't be run: {e}"))?;
        for level in levels {
            let Some(code) = body.code(level) else {
                match body.native() {
                    Err(Unsupported::TooLarge) => continue,
                    Err(error) => return Err(format!("{level}: {error}")),
                    Ok(_) => return Err(format!("there is no machine code at {level}")),
                }
            };
            case.saw(|| format!("{level}, {} vectors a turn", code.unroll()));
            if code.spills() > 0 {
                case.saw(|| "spills".into());
            }
            for _ in 0..2 {
                let n = part(chance);
                case.saw(|| format!("{n} elements"));
                let done = memory.check(rows, n, chance, compare, |from, to| {
                    // SAFETY: the level is present; operands are as the graph says.
                    unsafe { code.run(from, to, n) }
                });
                done.map_err(|wrong| format!("machine code at {level}: {wrong}"))?;
            }
        }
        for level in Level::ALL.into_iter().filter(|l| l.is_present()) {
            let n = part(chance);
            let done = memory.check(rows, n, chance, compare, |from, to| {
                // SAFETY: the level is present; operands are as the graph says.
                unsafe { body.interpreted().run(level, from, to, n) }
            });
            done.map_err(|wrong| format!("interpreter at {level}: {wrong}"))?;
        }
        Ok(())
    })
}

/// A graph without what its outputs do not need: so it is written.
fn needed(graph: &Graph) -> Graph {
    Graph::from_bytes(&graph.to_bytes(), &Catalogue).unwrap_or_else(|_| graph.clone())
}

/// A graph is read as it was written.
fn survives_bytes(graph: &Graph) -> Result<(), String> {
    let bytes = graph.to_bytes();
    let read = Graph::from_bytes(&bytes, &Catalogue).map_err(|e| e.to_string())?;
    match read.to_bytes() == bytes {
        true => Ok(()),
        false => Err(format!("it is read as another graph:\n{read}")),
    }
}

/// Whether what a graph gives may depend on the bits of a NaN.
pub fn sees_nan(graph: &Graph) -> bool {
    graph.nodes().iter().any(|node| match node.op {
        Op::Apply(Operation::ToBits | Operation::Copysign) => true,
        Op::Call(name, _) => OF_NAN.contains(&name),
        _ => false,
    })
}
