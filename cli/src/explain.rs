//! `lanefn explain`: what becomes of an expression.

use std::ffi::OsString;

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
use lanefn::{
    Catalogue, Code, Level,
    compiler::{
        Body, Graph, Op,
        native::{self, Unsupported},
        text::Reduction,
        value as element,
    },
    dtype::{Casting, Dtype, Type},
    kernels::lanes::traced::Operation,
};
use serde_json::{Value, json};

use crate::{
    Failure,
    apply::{OnLevel, counted},
    engine,
    given::{Formula, Given},
    info,
    input::Input,
    list, print, print_json,
};

/// What the estimate of the time goes by: somewhat less than one thread of an AMD Zen 4 was measured to do, in
/// the first cache and far beyond the last. Good to a factor of two or so.
mod estimate {
    use super::Operation;

    /// Bytes that go from or to memory in a nanosecond.
    pub const MEMORY: f64 = 20.0;
    /// Operations on whole registers that machine code does in a nanosecond.
    pub const NATIVE: f64 = 5.0;
    /// Those that the interpreter does, with its reading and writing of blocks in between.
    pub const INTERPRETED: f64 = 1.5;
    /// Operations that take as long as several, and how many.
    pub const SLOW: [(Operation, u32); 3] =
        [(Operation::Div, 8), (Operation::Rem, 30), (Operation::Sqrt, 8)];
}

/// Operations of a graph that is shown without being asked for.
const LONG: usize = 40;

/// Shows what becomes of an expression: its graph, for certain dtypes and rewritten, and how it runs.
///
/// Takes what `lanefn eval` takes; files say dtypes alone. Inputs of which nothing is said are float64.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lanefn explain 'where(x > 2, x + 1, x - 1)'
  lanefn explain 'x * 2.5 + i' --dtype x=float32 --dtype i=int8
  lanefn explain 'sum(v ** 3 * k)' v=examples/data/wind.npy k=0.6 --json
  lanefn explain 'sqrt(x*x + y*y)' --asm

The estimate tells which of memory or arithmetic one thread waits for, with arrays far larger than the
caches. Both are assumed, not measured: see the figures that are printed with it.")]
pub struct Explain {
    /// The expression, as for `lanefn eval`.
    #[arg(allow_hyphen_values = true)]
    expression: String,
    /// A file, for its dtype, or a number, for a name of the expression.
    #[arg(value_name = "NAME=FILE.npy")]
    given: Vec<OsString>,
    /// The dtype of an input.
    #[arg(long = "dtype", value_name = "NAME=DTYPE")]
    dtypes: Vec<String>,
    #[command(flatten)]
    level: OnLevel,
    /// Show graphs of any length.
    #[arg(long)]
    full: bool,
    /// Show the instructions that the expression becomes.
    #[arg(long)]
    asm: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

impl Explain {
    pub fn run(self) -> Result<(), Failure> {
        let level = self.level.get()?;
        let given = Given::read(&self.given)?;
        let formula = given.formula(&self.expression, true)?;
        formula.check_unused()?;
        let dtypes = self.dtypes_of(&given, &formula)?;
        let types: Vec<Type> = dtypes.iter().map(|&d| d.into()).collect();
        let function = formula.function.untyped();
        let code = function.resolve(&types, &[], Casting::SameKind)?;
        let Code::Body(body) = &code else {
            return Err(Failure::Usage(format!("{} has no graph", formula.title)));
        };
        let result = match formula.reduction {
            Some(reduction) => Some(engine::reduced_dtype(reduction, code.outputs()[0])?),
            None => None,
        };
        let explained = Explained {
            formula: &formula,
            body,
            result,
            level,
            // What `Body::run` goes by.
            machine: match (body.code(level), body.native()) {
                (Some(code), _) => Ok(code),
                (None, Ok(_)) => Err(Unsupported::Level(level).to_string()),
                (None, Err(why)) => Err(why.to_string()),
            },
            full: self.full,
            asm: self.asm,
        };
        if self.json {
            print_json(&explained.to_json());
        } else {
            print(&explained.to_text());
        }
        Ok(())
    }

    /// The dtype of each input.
    fn dtypes_of(&self, given: &Given, formula: &Formula) -> Result<Vec<Dtype>, Failure> {
        let mut named: Vec<(&str, Dtype)> = Vec::new();
        for argument in &self.dtypes {
            let (name, dtype) = argument.split_once('=').unwrap_or((argument, ""));
            let Some(dtype) = Dtype::ALL.into_iter().find(|d| d.name() == dtype) else {
                let all: Vec<_> = Dtype::ALL.iter().map(|d| d.name()).collect();
                return Err(Failure::Usage(format!(
                    "--dtype {argument:?} is not NAME=DTYPE; the dtypes are {}",
                    all.join(", ")
                )));
            };
            if !formula.names.iter().any(|known| known == name) {
                return Err(Failure::Usage(format!(
                    "--dtype {argument:?}: the expression has no input {name:?}; it has {}",
                    if formula.names.is_empty() { "none".into() } else { formula.names.join(", ") }
                )));
            }
            if named.iter().any(|n| n.0 == name) || given.file(name).is_some() {
                return Err(Failure::Usage(format!("the dtype of {name} is given twice")));
            }
            named.push((name, dtype));
        }
        let mut dtypes = Vec::new();
        for name in &formula.names {
            let known = named.iter().find(|n| n.0 == name).map(|n| n.1);
            dtypes.push(match given.file(name) {
                Some(path) => Input::open(path)?.header().dtype,
                None => known.unwrap_or(Dtype::F64),
            });
        }
        if dtypes.is_empty() {
            dtypes.push(Dtype::F64);
        }
        Ok(dtypes)
    }
}

/// What is known about an expression.
struct Explained<'a> {
    formula: &'a Formula,
    body: &'a Body,
    /// The dtype of what a reduction gives.
    result: Option<Dtype>,
    level: Level,
    /// The machine code that runs, or why there is none.
    machine: Result<&'a native::Code, String>,
    full: bool,
    asm: bool,
}

/// What one element costs.
struct Cost {
    read: usize,
    written: usize,
    operations: u32,
    /// Elements of the widest dtype in a register.
    lanes: usize,
    /// Nanoseconds that memory takes, and that arithmetic takes.
    memory: f64,
    compute: f64,
}

impl Cost {
    fn bound(&self) -> &'static str {
        if self.memory > self.compute { "memory" } else { "arithmetic" }
    }
}

impl Explained<'_> {
    fn cost(&self) -> Cost {
        let graph = self.body.graph();
        let live = graph.live();
        let nodes = || graph.nodes().iter().enumerate().filter(|(id, _)| live[*id]);
        let size = |id: usize| graph.dtype(id as u32).map_or(0, Dtype::size);
        let read =
            nodes().filter(|(_, n)| matches!(n.op, Op::Input(_))).map(|(id, _)| size(id)).sum();
        let written = match self.result {
            Some(_) => 0,
            None => self.body.outputs().iter().map(|d| d.size()).sum(),
        };
        let more = nodes().map(|(_, node)| {
            let slow = estimate::SLOW.iter().find(|s| node.op == Op::Apply(s.0));
            slow.map_or(0, |s| s.1 - 1)
        });
        let operations = self.body.cost() + more.sum::<u32>() + u32::from(self.result.is_some());
        let dtypes = nodes().filter_map(|(id, _)| graph.dtype(id as u32));
        let widest = dtypes.max_by_key(|d| d.size()).unwrap_or(Dtype::F64);
        let lanes = info::lanes(self.level, widest);
        Cost {
            read,
            written,
            operations,
            lanes,
            memory: (read + written) as f64 / estimate::MEMORY,
            compute: f64::from(operations) / lanes as f64 / self.rate(),
        }
    }

    /// Operations on whole registers in a nanosecond.
    fn rate(&self) -> f64 {
        if self.machine.is_ok() { estimate::NATIVE } else { estimate::INTERPRETED }
    }

    /// The dtypes of inputs and of what comes out.
    fn signature(&self) -> String {
        let outputs = match &self.result {
            Some(dtype) => std::slice::from_ref(dtype),
            None => self.body.outputs(),
        };
        let inputs = if self.formula.names.is_empty() { &[] } else { self.body.inputs() };
        list::signature(inputs, outputs).trim_start().to_string()
    }

    /// The instructions, in Intel's way of writing.
    fn listing(code: &native::Code) -> Vec<String> {
        let mut formatter = IntelFormatter::new();
        formatter.options_mut().set_first_operand_char_index(12);
        formatter.options_mut().set_rip_relative_addresses(true);
        let decoder = Decoder::with_ip(64, code.bytes(), 0, DecoderOptions::NONE);
        let line = |instruction| {
            let mut line = String::new();
            formatter.format(&instruction, &mut line);
            format!("{:4x}  {line}", instruction.ip())
        };
        decoder.into_iter().map(line).collect()
    }

    fn to_text(&self) -> String {
        let Explained { formula, body, level, .. } = self;
        let cost = self.cost();
        let open = formula.function.graph();
        let typed = body.graph();
        let mut shown = format!("{}: {}\n", formula.title, self.signature());
        for (name, dtype) in formula.names.iter().zip(body.inputs()) {
            shown += &format!("  {name}: {dtype}\n");
        }
        if let (Some(reduction), Some(dtype)) = (formula.reduction, self.result) {
            let name = reduction.name();
            shown += &format!("  the {name} of what follows, in {dtype}, in one pass\n");
        }
        let section = |title: &str, graph: &Graph| {
            let operations = counted(operations(graph), "operation");
            let lines = lines(graph).chain(tables(graph));
            let lines = lines.map(|line| format!("  {line}\n")).collect::<String>();
            format!("\n{title}: {operations}\n{lines}")
        };
        shown += &section("as written", open);
        let whole = typed.expanded(&Catalogue);
        if typed.nodes().iter().any(|n| matches!(n.op, Op::Call(..))) {
            shown += &section("for these dtypes", typed);
            let (title, operations) = ("functions written out, rewritten", operations(&whole));
            if self.full || operations <= LONG {
                shown += &section(title, &whole);
            } else {
                shown += &format!("\n{title}: {operations} operations; --full shows them\n");
            }
        } else {
            shown += &section("for these dtypes, rewritten", typed);
        }
        shown +=
            &format!("\nlevel: {level}, {} of the widest dtype\n", counted(cost.lanes, "lane"),);
        shown += &match &self.machine {
            Ok(code) => format!(
                "run as machine code for {}: {} bytes, {} in a vector, {} a turn, {} spilled\n",
                code.level(),
                code.bytes().len(),
                counted(code.lanes(), "lane"),
                counted(code.unroll(), "vector"),
                code.spills(),
            ),
            Err(why) => format!(
                "run by the interpreter: {} over blocks of {} elements; {why}\n",
                counted(body.interpreted().steps(), "step"),
                body.interpreted().block_length(),
            ),
        };
        shown += &format!(
            "an element: {} bytes read, {} written, {}\n",
            cost.read,
            cost.written,
            counted(cost.operations as usize, "operation"),
        );
        shown += &format!(
            "bound by {}: about {:.2} ns an element for memory and {:.2} for arithmetic\n  (one thread, \
             arrays larger than the caches; assuming {} GB/s, and {} operations on whole registers in a \
             nanosecond)\n",
            cost.bound(),
            cost.memory,
            cost.compute,
            estimate::MEMORY,
            self.rate(),
        );
        if !whole.loops().is_empty() {
            shown += "  (how often a loop turns depends on the data: some turns are assumed)\n";
        }
        shown += &format!(
            "content: {} bytes, hash {}\n",
            formula.function.to_bytes().len(),
            hex(&formula.function.content_hash()),
        );
        match &self.machine {
            Ok(code) if self.asm => {
                shown += "\ninstructions:\n";
                for line in Explained::listing(code) {
                    shown += &format!("  {line}\n");
                }
            }
            Err(why) if self.asm => shown += &format!("\nno instructions: {why}\n"),
            _ => {}
        }
        shown
    }

    fn to_json(&self) -> Value {
        let Explained { formula, body, level, .. } = self;
        let cost = self.cost();
        let (open, typed) = (formula.function.graph(), body.graph());
        let whole = typed.expanded(&Catalogue);
        let inputs = formula.names.iter().zip(body.inputs());
        let outputs: Vec<_> = body.outputs().iter().map(|d| d.name()).collect();
        let machine = match &self.machine {
            Ok(code) => json!({
                "level": code.level().name(),
                "bytes": code.bytes().len(),
                "lanes": code.lanes(),
                "unroll": code.unroll(),
                "spills": code.spills(),
                "instructions": self.asm.then(|| Explained::listing(code)),
            }),
            Err(why) => json!({ "none_because": why }),
        };
        json!({
            "expression": formula.text,
            "inputs": inputs.map(|(n, d)| json!({ "name": n, "dtype": d.name() })).collect::<Vec<_>>(),
            "outputs": outputs,
            "reduction": formula.reduction.map(Reduction::name),
            "result": self.result.map(Dtype::name),
            "graph": {
                "written": lines(open).collect::<Vec<_>>(),
                "typed": lines(typed).collect::<Vec<_>>(),
                "tables": tables(&whole).collect::<Vec<_>>(),
                "written_operations": operations(open),
                "typed_operations": operations(typed),
                "lanes": lines(&whole).collect::<Vec<_>>(),
                "lane_operations": operations(&whole),
            },
            "level": level.name(),
            "lanes": cost.lanes,
            "runs_as": if self.machine.is_ok() { "machine code" } else { "interpreter" },
            "interpreter": {
                "steps": body.interpreted().steps(),
                "block": body.interpreted().block_length(),
            },
            "machine_code": machine,
            "element": {
                "bytes_read": cost.read,
                "bytes_written": cost.written,
                "operations": cost.operations,
                "memory_ns": cost.memory,
                "compute_ns": cost.compute,
                "bound_by": cost.bound(),
            },
            "content": {
                "bytes": formula.function.to_bytes().len(),
                "hash": hex(&formula.function.content_hash()),
            },
        })
    }
}

/// The nodes that the outputs need and that are computed.
fn operations(graph: &Graph) -> usize {
    let live = graph.live();
    let computed = |op: Op| !matches!(op, Op::Input(_) | Op::Const(_) | Op::Inside(..));
    graph.nodes().iter().zip(live).filter(|(node, live)| *live && computed(node.op)).count()
}

/// A graph as text, without the nodes that the outputs don't need.
fn lines(graph: &Graph) -> impl Iterator<Item = String> {
    let live = graph.live();
    let text = graph.to_string();
    // A line for each node, and then those of loops and outputs.
    let needed = move |n: &usize| live.get(*n).copied().unwrap_or(true);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.into_iter().enumerate().filter(move |(n, _)| needed(n)).map(|(_, line)| line)
}

/// The tables that a graph looks up in, as far as they are short.
fn tables(graph: &Graph) -> impl Iterator<Item = String> {
    const SHOWN: usize = 16;
    let live = graph.live();
    let used = |n: usize| {
        let mut nodes = graph.nodes().iter().zip(&live);
        nodes.any(|(node, live)| *live && node.op == Op::Lookup(n as u32))
    };
    let entry = |ty: Type, bits: u64| match ty {
        Type::Int => (bits as i64).to_string(),
        Type::Float => format!("{:?}", f64::from_bits(bits)),
        Type::Is(dtype) => element::Value::from_bits(dtype, bits).to_string(),
    };
    let tables: Vec<String> = (graph.tables().iter().enumerate().filter(|(n, _)| used(*n)))
        .map(|(n, table)| {
            let entries = table.entries.iter().take(SHOWN).map(|&bits| entry(table.ty, bits));
            let entries = entries.collect::<Vec<_>>().join(", ");
            let more = if table.entries.len() > SHOWN { ", ..." } else { "" };
            format!("table{n}: {} of {}: {entries}{more}", table.entries.len(), table.ty)
        })
        .collect();
    tables.into_iter()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
