//! Graphs as bytes: the same bytes for the same content, read from anybody without trust.
//!
//! ```text
//! "lanefn", version
//! inputs:  count, each: name, dtype or none
//! tables:  count, each: type, count, entries
//! names:   count, each: a name, of the functions that are called, in order of first use
//! steps:   count, each: a tag, what it needs, and arguments as distances back
//! outputs: count, each: a distance back from the end
//! ```
//!
//! Numbers are in LEB128, entries and constants in as many bytes as their dtype has, little end first;
//! those of literals in eight. Steps stand in one order that follows from the outputs alone (arguments
//! first, depth first), and what no output needs is left out. A loop is two steps, which define as many
//! nodes as it carries values: its begin those inside, its end those after.

use lanefn_kernels::lanes::{Dtype, traced::Operation};

use super::{Graph, Id, LoopId, Op, Table};
use crate::{dtype::Type, value, vocabulary::Vocabulary};

/// What the bytes begin with; the last one is the version.
const MAGIC: [u8; 7] = *b"lanefn\x01";

/// Bytes that are read at most.
pub const MAX_BYTES: usize = 4 << 20;
/// Nodes of a graph that is read at most.
pub const MAX_NODES: usize = 1 << 18;
/// Inputs of a graph that is read, and outputs, at most.
pub const MAX_INPUTS: usize = 64;
/// Loops that stand in each other in a graph that is read at most.
pub const MAX_DEPTH: usize = 16;
/// Loops, and slow arms, of a graph that is read at most: the time to find where they stand grows faster than
/// their number.
const MAX_REGIONS: usize = 512;

/// Why bytes are no graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bytes are no function: {why} (at byte {offset})")]
pub struct LoadError {
    /// Where in the bytes.
    pub offset: usize,
    /// What is wrong there.
    pub why: String,
}

const INPUT: u8 = 0;
const CONST: u8 = 1;
const APPLY: u8 = 2;
const CALL: u8 = 3;
const CONVERT: u8 = 4;
const CHOOSE: u8 = 5;
const LOOKUP: u8 = 6;
const BEGIN: u8 = 7;
const END: u8 = 8;

/// The types that nodes may have, by their code.
fn code(ty: Option<Type>) -> u8 {
    match ty {
        None => 0,
        Some(Type::Int) => 1,
        Some(Type::Float) => 2,
        Some(Type::Is(dtype)) => 3 + dtype as u8,
    }
}

fn decode(code: u8) -> Option<Option<Type>> {
    Some(match code {
        0 => None,
        1 => Some(Type::Int),
        2 => Some(Type::Float),
        _ => Some(Type::Is(*Dtype::ALL.get(code as usize - 3)?)),
    })
}

/// Bytes of a constant of this type.
fn size(ty: Type) -> usize {
    match ty {
        Type::Is(dtype) => dtype.size(),
        Type::Int | Type::Float => 8,
    }
}

// ---- writing --------------------------------------------------------------------------------------

#[derive(Clone, Copy)]
enum Visit {
    Node(Id),
    Emit(Id),
    Begin(LoopId),
    End(LoopId),
}

struct Writer<'a> {
    graph: &'a Graph,
    out: Vec<u8>,
    /// The number of each node among those that are written.
    number: Vec<Option<u32>>,
    next: u32,
    steps: usize,
    names: Vec<&'static str>,
    tables: Vec<u32>,
}

impl Graph {
    /// The graph as bytes. Dead nodes are left out; graphs that compute the same from the same nodes are
    /// the same bytes, in whatever order they were built.
    pub fn to_bytes(&self) -> Vec<u8> {
        let number = vec![None; self.nodes().len()];
        let (out, names, tables) = (Vec::new(), Vec::new(), Vec::new());
        let mut writer = Writer { graph: self, out, number, next: 0, steps: 0, names, tables };
        let mut stack: Vec<Visit> = Vec::new();
        for &output in self.outputs() {
            stack.push(Visit::Node(output));
            while let Some(visit) = stack.pop() {
                writer.visit(visit, &mut stack);
            }
        }
        let mut all = MAGIC.to_vec();
        put(&mut all, self.inputs().len() as u64);
        for input in self.inputs() {
            put_name(&mut all, &input.name);
            all.push(code(input.dtype.map(Type::Is)));
        }
        put(&mut all, writer.tables.len() as u64);
        for &table in &writer.tables {
            let table = &self.tables()[table as usize];
            all.push(code(Some(table.ty)));
            put(&mut all, table.entries.len() as u64);
            for entry in &table.entries {
                all.extend_from_slice(&entry.to_le_bytes()[..size(table.ty)]);
            }
        }
        put(&mut all, writer.names.len() as u64);
        for name in &writer.names {
            put_name(&mut all, name);
        }
        put(&mut all, writer.steps as u64);
        all.append(&mut writer.out);
        put(&mut all, self.outputs().len() as u64);
        for &output in self.outputs() {
            put(&mut all, u64::from(writer.next - writer.number[output as usize].unwrap_or(0)));
        }
        all
    }

    /// A hash of [`Graph::to_bytes`]: equal for equal content, and for no other.
    pub fn content_hash(&self) -> [u8; 32] {
        *blake3::hash(&self.to_bytes()).as_bytes()
    }
}

impl Writer<'_> {
    fn visit(&mut self, visit: Visit, stack: &mut Vec<Visit>) {
        let graph = self.graph;
        match visit {
            Visit::Node(id) if self.number[id as usize].is_none() => match graph.node(id).op {
                Op::After(l, _) => {
                    let of = &graph.loops()[l as usize];
                    stack.push(Visit::End(l));
                    stack.extend(of.nexts.iter().rev().map(|&n| Visit::Node(n)));
                    stack.push(Visit::Node(of.go));
                    stack.push(Visit::Begin(l));
                    stack.extend(of.firsts.iter().rev().map(|&f| Visit::Node(f)));
                }
                // Its loop has begun, since nobody but that loop can lead here.
                Op::Inside(..) => {}
                _ => {
                    stack.push(Visit::Emit(id));
                    stack.extend(graph.node(id).args.iter().rev().map(|&a| Visit::Node(a)));
                }
            },
            Visit::Node(_) => {}
            Visit::Emit(id) => {
                if self.number[id as usize].is_none() {
                    self.emit(id);
                }
            }
            Visit::Begin(l) => {
                let of = &graph.loops()[l as usize];
                if of.inside.first().is_some_and(|&i| self.number[i as usize].is_some()) {
                    return;
                }
                self.out.push(BEGIN);
                put(&mut self.out, of.firsts.len() as u64);
                of.firsts.iter().for_each(|&f| self.back(f));
                of.inside.iter().for_each(|&i| self.define(i));
                self.steps += 1;
            }
            Visit::End(l) => {
                let of = &graph.loops()[l as usize];
                if of.after.first().is_none_or(|&a| self.number[a as usize].is_some()) {
                    return;
                }
                self.out.push(END);
                self.back(of.go);
                of.nexts.iter().for_each(|&n| self.back(n));
                // All of them are there: they were made together.
                of.after.iter().for_each(|&a| self.define(a));
                self.steps += 1;
            }
        }
    }

    fn define(&mut self, id: Id) {
        self.number[id as usize] = Some(self.next);
        self.next += 1;
    }

    /// An argument, as a distance back.
    fn back(&mut self, id: Id) {
        let number = self.number[id as usize].unwrap_or(0);
        put(&mut self.out, u64::from(self.next - number));
    }

    fn emit(&mut self, id: Id) {
        let node = self.graph.node(id);
        match node.op {
            Op::Input(n) => {
                self.out.push(INPUT);
                put(&mut self.out, u64::from(n));
            }
            Op::Const(bits) => {
                self.out.extend([CONST, code(node.ty)]);
                let size = node.ty.map_or(8, size);
                self.out.extend_from_slice(&bits.to_le_bytes()[..size]);
            }
            Op::Apply(operation) => self.out.extend([APPLY, operation as u8, code(node.ty)]),
            Op::Call(name, output) => {
                let known = self.names.iter().position(|n| *n == name);
                let name = known.unwrap_or_else(|| {
                    self.names.push(name);
                    self.names.len() - 1
                });
                self.out.push(CALL);
                put(&mut self.out, name as u64);
                self.out.extend([output, code(node.ty)]);
                put(&mut self.out, node.args.len() as u64);
            }
            Op::Convert => self.out.extend([CONVERT, code(node.ty)]),
            Op::Choose => self.out.push(CHOOSE),
            Op::Lookup(table) => {
                let known = self.tables.iter().position(|t| *t == table);
                let table = known.unwrap_or_else(|| {
                    self.tables.push(table);
                    self.tables.len() - 1
                });
                self.out.push(LOOKUP);
                put(&mut self.out, table as u64);
            }
            Op::Inside(..) | Op::After(..) => return,
        }
        node.args.iter().for_each(|&a| self.back(a));
        self.define(id);
        self.steps += 1;
    }
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    put(out, name.len() as u64);
    out.extend_from_slice(name.as_bytes());
}

// ---- reading --------------------------------------------------------------------------------------

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn error<T>(&self, why: impl Into<String>) -> Result<T, LoadError> {
        Err(LoadError { offset: self.at, why: why.into() })
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], LoadError> {
        match self.bytes.get(self.at..).and_then(|b| b.get(..n)) {
            Some(taken) => {
                self.at += n;
                Ok(taken)
            }
            None => self.error("they end too early"),
        }
    }

    fn byte(&mut self) -> Result<u8, LoadError> {
        Ok(self.take(1)?[0])
    }

    /// A number, of which there is one way to write it.
    fn number(&mut self) -> Result<u64, LoadError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits || (byte == 0 && shift != 0) {
                return self.error("a number is not written as it should be");
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        self.error("a number is too large")
    }

    /// A number of things, `each` of which takes at least that many bytes.
    fn count(&mut self, what: &str, most: usize, each: usize) -> Result<usize, LoadError> {
        let n = self.number()?;
        if n > most as u64 {
            return self.error(format!("{n} {what} are more than {most}"));
        }
        // So that what is reserved for them is never more than the bytes could say.
        if n as usize * each > self.bytes.len() - self.at {
            return self.error(format!("{n} {what} are more than the bytes hold"));
        }
        Ok(n as usize)
    }

    fn name(&mut self) -> Result<&'a str, LoadError> {
        let n = self.count("bytes of a name", 255, 1)?;
        let bytes = self.take(n)?;
        match std::str::from_utf8(bytes) {
            Ok(name) => Ok(name),
            Err(_) => self.error("a name is not UTF-8"),
        }
    }

    fn ty(&mut self) -> Result<Option<Type>, LoadError> {
        let code = self.byte()?;
        match decode(code) {
            Some(ty) => Ok(ty),
            None => self.error(format!("there is no type {code}")),
        }
    }

    fn bits(&mut self, ty: Type) -> Result<u64, LoadError> {
        let mut bytes = [0; 8];
        let n = size(ty);
        bytes[..n].copy_from_slice(self.take(n)?);
        let bits = u64::from_le_bytes(bytes);
        match ty {
            Type::Is(Dtype::Bool) if bits > 1 => self.error("a bool is neither 0 nor 1"),
            _ => Ok(bits),
        }
    }
}

struct Loader<'a> {
    reader: Reader<'a>,
    graph: Graph,
    /// The node of each number, and the loop it stands in.
    nodes: Vec<(Id, Option<LoopId>)>,
    /// Loops under way.
    open: Vec<LoopId>,
    /// Of each loop that is over, that it is.
    over: Vec<bool>,
    /// The loop that each node of the graph stands in.
    homes: Vec<Option<LoopId>>,
    /// The innermost loop around each that it reads anything of.
    around: Vec<Option<LoopId>>,
    /// Loops and slow arms so far.
    regions: usize,
}

impl Graph {
    /// The graph of these bytes, which may come from anybody: whatever they are, the answer comes in time
    /// and memory proportional to their length, and is a graph or an error.
    ///
    /// # Errors
    /// [`LoadError`] says where.
    pub fn from_bytes(bytes: &[u8], vocabulary: &dyn Vocabulary) -> Result<Graph, LoadError> {
        let mut reader = Reader { bytes, at: 0 };
        if bytes.len() > MAX_BYTES {
            return reader.error(format!("they are more than {MAX_BYTES}"));
        }
        let magic = reader.take(MAGIC.len())?;
        if magic[..6] != MAGIC[..6] {
            reader.at = 0;
            return reader.error("they begin otherwise");
        }
        if magic[6] != MAGIC[6] {
            return reader.error(format!("version {} is not known here", magic[6]));
        }
        let mut loader = Loader {
            reader,
            graph: Graph::new(),
            nodes: Vec::new(),
            open: Vec::new(),
            over: Vec::new(),
            homes: Vec::new(),
            around: Vec::new(),
            regions: 0,
        };
        loader.read(vocabulary)?;
        Ok(loader.graph)
    }
}

impl Loader<'_> {
    fn read(&mut self, vocabulary: &dyn Vocabulary) -> Result<(), LoadError> {
        for _ in 0..self.reader.count("inputs", MAX_INPUTS, 2)? {
            let name = self.reader.name()?;
            let dtype = match self.reader.ty()? {
                None => None,
                Some(Type::Is(dtype)) => Some(dtype),
                Some(_) => return self.reader.error("an input is no literal"),
            };
            self.graph.inputs.push(super::Input { name: name.into(), dtype });
        }
        let mut tables = Vec::new();
        for _ in 0..self.reader.count("tables", MAX_NODES, 2)? {
            let Some(ty) = self.reader.ty()? else {
                return self.reader.error("a table has no type");
            };
            let n = self.reader.count("entries", MAX_BYTES, size(ty))?;
            let mut entries = Vec::with_capacity(n);
            for _ in 0..n {
                entries.push(self.reader.bits(ty)?);
            }
            self.graph.tables.push(Table { ty, entries });
            tables.push(self.graph.tables.len() as u32 - 1);
        }
        let mut names = Vec::new();
        for _ in 0..self.reader.count("functions", MAX_NODES, 1)? {
            let name = self.reader.name()?;
            match vocabulary.find(name) {
                Some(known) => names.push(known),
                None => return self.reader.error(format!("there is no function '{name}'")),
            }
        }
        for _ in 0..self.reader.count("steps", MAX_NODES, 2)? {
            self.step(&names, &tables)?;
            if self.nodes.len() > MAX_NODES {
                return self.reader.error(format!("there are more than {MAX_NODES} nodes"));
            }
        }
        if !self.open.is_empty() {
            return self.reader.error("a loop has no end");
        }
        let outputs = self.reader.count("outputs", MAX_INPUTS, 1)?;
        if outputs == 0 {
            return self.reader.error("there is no output");
        }
        for _ in 0..outputs {
            let output = self.argument()?;
            self.graph.output(output);
        }
        if self.reader.at != self.reader.bytes.len() {
            return self.reader.error("they go on after the end");
        }
        Ok(())
    }

    /// An argument, which stands in no loop that is over.
    fn argument(&mut self) -> Result<Id, LoadError> {
        let back = self.reader.number()?;
        let number = (self.nodes.len() as u64).checked_sub(back).filter(|_| back > 0);
        let Some(&(id, home)) = number.and_then(|n| self.nodes.get(n as usize)) else {
            return self.reader.error("an argument is no earlier node");
        };
        if home.is_some_and(|l| self.over[l as usize]) {
            return self.reader.error("a value of a loop is read outside of it");
        }
        Ok(id)
    }

    fn arguments(&mut self, n: usize) -> Result<smallvec::SmallVec<[Id; 3]>, LoadError> {
        (0..n).map(|_| self.argument()).collect()
    }

    /// The inner one of two loops that are under way.
    fn inner(&self, a: Option<LoopId>, b: Option<LoopId>) -> Option<LoopId> {
        let depth = |l: Option<LoopId>| l.map(|l| self.open.iter().position(|&o| o == l));
        if depth(a) >= depth(b) { a } else { b }
    }

    /// The loop that a node stands in: the innermost one of its arguments'.
    fn home(&mut self, args: &[Id]) -> Option<LoopId> {
        let of = |a: &Id| self.homes.get(*a as usize).copied().flatten();
        let home = args.iter().map(of).fold(None, |a, b| self.inner(a, b));
        if let Some(l) = home {
            for arg in args {
                let arg = self.homes.get(*arg as usize).copied().flatten();
                if arg != home {
                    self.around[l as usize] = self.inner(self.around[l as usize], arg);
                }
            }
        }
        home
    }

    /// The next number's node.
    fn define(&mut self, id: Id, home: Option<LoopId>) {
        if self.homes.len() <= id as usize {
            self.homes.resize(id as usize + 1, None);
            self.homes[id as usize] = home;
        }
        self.nodes.push((id, self.homes[id as usize]));
    }

    fn dtype(&self, ty: Option<Type>) -> Result<Dtype, LoadError> {
        match ty {
            Some(Type::Is(dtype)) => Ok(dtype),
            _ => self.reader.error("a dtype is needed here"),
        }
    }

    /// One more loop or slow arm.
    fn region(&mut self) -> Result<(), LoadError> {
        self.regions += 1;
        if self.regions > MAX_REGIONS {
            return self.reader.error(format!("loops and slow arms are more than {MAX_REGIONS}"));
        }
        Ok(())
    }

    fn step(
        &mut self,
        names: &[crate::vocabulary::Known],
        tables: &[u32],
    ) -> Result<(), LoadError> {
        let tag = self.reader.byte()?;
        let (id, home) = match tag {
            INPUT => {
                let n = self.reader.number()?;
                let Some(input) = self.graph.inputs.get(n as usize) else {
                    return self.reader.error(format!("there is no input {n}"));
                };
                let ty = input.dtype.map(Type::Is);
                (self.graph.add(Op::Input(n as u32), ty, &[]), None)
            }
            CONST => {
                let Some(ty) = self.reader.ty()? else {
                    return self.reader.error("a constant has no type");
                };
                let bits = self.reader.bits(ty)?;
                (self.graph.add(Op::Const(bits), Some(ty), &[]), None)
            }
            APPLY => {
                let which = self.reader.byte()?;
                let Some(&operation) = Operation::ALL.get(which as usize) else {
                    return self.reader.error(format!("there is no operation {which}"));
                };
                if operation == Operation::Slow {
                    self.region()?;
                }
                let ty = self.reader.ty()?;
                let dtype = self.dtype(ty)?;
                let args = self.arguments(operation.nin())?;
                let dtypes: smallvec::SmallVec<[Dtype; 3]> =
                    args.iter().filter_map(|&a| self.graph.dtype(a)).collect();
                if dtypes.len() != args.len()
                    || !value::fits(operation, dtype, dtypes.iter().copied())
                {
                    let what = operation.name();
                    return self.reader.error(format!("there is no {what} of such arguments"));
                }
                // As it is: another order of arguments would be other bytes.
                let ty = Some(Type::Is(dtype));
                (self.graph.add(Op::Apply(operation), ty, &args), self.home(&args))
            }
            CALL => {
                let name = self.reader.number()?;
                let Some(known) = names.get(name as usize) else {
                    return self.reader.error(format!("there is no function {name}"));
                };
                let output = self.reader.byte()?;
                let ty = self.reader.ty()?;
                let n = self.reader.count("arguments", MAX_INPUTS, 1)?;
                let args = self.arguments(n)?;
                if n != known.nin || output as usize >= known.nout {
                    let name = known.name;
                    return self.reader.error(format!("'{name}' is called with wrong operands"));
                }
                (self.graph.add(Op::Call(known.name, output), ty, &args), self.home(&args))
            }
            CONVERT => {
                let ty = self.reader.ty()?;
                let dtype = self.dtype(ty)?;
                let args = self.arguments(1)?;
                (self.graph.convert(dtype, args[0]), self.home(&args))
            }
            CHOOSE => {
                let args = self.arguments(3)?;
                (self.graph.choose(args[0], args[1], args[2]), self.home(&args))
            }
            LOOKUP => {
                let table = self.reader.number()?;
                let Some(&table) = tables.get(table as usize) else {
                    return self.reader.error(format!("there is no table {table}"));
                };
                let args = self.arguments(1)?;
                (self.graph.lookup(table, args[0]), self.home(&args))
            }
            BEGIN => {
                if self.open.len() >= MAX_DEPTH {
                    return self.reader.error(format!("loops are deeper than {MAX_DEPTH}"));
                }
                self.region()?;
                let n = self.reader.count("values of a loop", MAX_NODES, 1)?;
                let firsts = self.arguments(n)?;
                let (l, inside) = self.graph.begin_loop(&firsts);
                self.open.push(l);
                self.over.push(false);
                let around = self.home(&firsts);
                self.around.push(around);
                for inside in inside {
                    self.define(inside, Some(l));
                }
                return Ok(());
            }
            END => {
                let Some(&l) = self.open.last() else {
                    return self.reader.error("a loop ends that has not begun");
                };
                let go = self.argument()?;
                let n = self.graph.loops[l as usize].inside.len();
                let nexts = self.arguments(n)?;
                // What the loop reads from outside, though no node in it does.
                for id in nexts.iter().chain([&go]) {
                    let home = self.homes.get(*id as usize).copied().flatten();
                    if home != Some(l) {
                        self.around[l as usize] = self.inner(self.around[l as usize], home);
                    }
                }
                // Of whatever dtypes: in an open graph they meet, and of a typed one `Graph::check` asks it.
                let after = self.graph.end_loop(l, go, &nexts);
                self.open.pop();
                self.over[l as usize] = true;
                let around = self.around[l as usize];
                for after in after {
                    self.define(after, around);
                }
                return Ok(());
            }
            tag => return self.reader.error(format!("there is no step {tag}")),
        };
        self.define(id, home);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Known;

    struct Nothing;

    impl Vocabulary for Nothing {
        fn find(&self, _: &str) -> Option<Known> {
            None
        }
        fn resolve(
            &self,
            _: &str,
            _: &[Type],
        ) -> Result<&'static lanefn_kernels::loops::Loop, String> {
            Err("there is no function".into())
        }
        fn exactly(&self, _: &str, _: &[Dtype]) -> Option<&'static lanefn_kernels::loops::Loop> {
            None
        }
        fn names(&self) -> Vec<&'static str> {
            Vec::new()
        }
    }

    #[test]
    fn a_loop_whose_values_meet_in_a_wider_dtype_is_read_as_it_was_written() {
        let mut graph = Graph::new();
        let x = graph.input("x");
        let first = graph.convert(Dtype::I8, x);
        let go = graph.convert(Dtype::U16, x);
        let (l, inside) = graph.begin_loop(&[first, go]);
        let next = graph.convert(Dtype::I32, inside[0]);
        let zero = graph.lit(0_u8);
        let after = graph.end_loop(l, inside[1], &[next, zero]);
        graph.output(after[0]);
        let typed = |graph: &Graph| graph.typed(&[Type::Is(Dtype::F64)], &Nothing).expect("types");
        assert!(typed(&graph).check(&Nothing).is_ok());
        let read = Graph::from_bytes(&graph.to_bytes(), &Nothing).expect("a graph");
        assert_eq!(typed(&read).to_string(), typed(&graph).to_string());
        assert_eq!(read.to_bytes(), graph.to_bytes());
    }

    #[test]
    fn a_typed_loop_whose_values_change_their_dtypes_is_read_and_not_run() {
        let mut graph = Graph::new();
        let x = graph.input_of("x", Dtype::F64);
        let go = graph.lit(true);
        let (l, inside) = graph.begin_loop(&[x, go]);
        let next = graph.apply(Operation::Cast, Dtype::F32, &[inside[0]]);
        let no = graph.lit(false);
        let after = graph.end_loop(l, inside[1], &[next, no]);
        graph.output(after[0]);
        let read = Graph::from_bytes(&graph.to_bytes(), &Nothing).expect("a graph");
        assert!(read.check(&Nothing).is_err());
    }

    #[test]
    fn an_index_of_four_bytes_is_for_short_tables() {
        for (dtype, length, fits) in [
            (Dtype::F32, 16, true),
            (Dtype::I32, 0, true),
            (Dtype::U32, 17, false),
            (Dtype::F64, 8, false),
            (Dtype::I8, 8, false),
        ] {
            let mut graph = Graph::new();
            let x = graph.input_of("x", Dtype::U32);
            let table = graph.table(Table { ty: Type::Is(dtype), entries: vec![0; length] });
            let entry = graph.lookup(table, x);
            graph.output(entry);
            let read = Graph::from_bytes(&graph.to_bytes(), &Nothing).expect("a graph");
            assert_eq!(read.check(&Nothing).is_ok(), fits, "{dtype:?} {length}");
        }
    }
}
