//! Graphs: what a function computes, as nodes that name the nodes they are computed from.
//!
//! A graph is in one of two states. As text or Python makes it, it is *open*: inputs have no types, and
//! nodes are functions by name ([`Op::Call`]), choices and conversions, so that one graph serves every
//! dtype. [`Graph::typed`](crate::typing) makes it *typed*: every node has a dtype, and most are
//! operations of the lane traits ([`Op::Apply`]). Nodes are equal where they compute the same from the
//! same, and then they are one node.
//!
//! Nothing a graph can say has side effects or fails, so nodes have no order but that of their
//! arguments, which come before them. A loop is the one circle: see [`Loop`].

mod bytes;
mod check;
mod explain;
mod operators;

pub use bytes::{LoadError, MAX_BYTES, MAX_DEPTH, MAX_INPUTS, MAX_NODES};
pub use check::Unsound;
pub use operators::{Formula, Operand, Term};

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;
use lanefn_kernels::lanes::{
    Dtype, Element,
    traced::{self, Operation, Record},
};
use smallvec::SmallVec;

use crate::{
    dtype::Type,
    value::{self, Value},
};

/// A node by its number.
pub type Id = traced::Id;

/// A loop by its number.
pub type LoopId = u32;

/// A table by its number.
pub type TableId = u32;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// An input by its number.
    Input(u32),
    /// A constant: its bits as in [`Value`]. An [`Type::Int`] has those of an i64, a [`Type::Float`]
    /// those of an f64.
    Const(u64),
    /// An operation of the lane traits. Typed graphs only, all arguments being typed.
    Apply(Operation),
    /// A function of the vocabulary by its name, and which of its outputs.
    Call(&'static str, u8),
    /// The argument as the node's dtype, whatever its own: as NumPy's `astype`. Open graphs only.
    Convert,
    /// The second argument where the first is true, else the third; those meet in a dtype as NumPy's
    /// `where` has it. Open graphs only.
    Choose,
    /// An entry of a table; the argument is the index. One past the end reads the last entry, and in an
    /// open graph one below 0 counts from the end.
    Lookup(TableId),
    /// A value that a loop carries, inside; the argument is the first one.
    Inside(LoopId, u32),
    /// A value that a loop carries, after it. The arguments are everything that the loop is: first
    /// values, the condition, next values.
    After(LoopId, u32),
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// What it is.
    pub op: Op,
    /// Its type. `None`: it depends on the inputs'.
    pub ty: Option<Type>,
    /// What it is computed from: nodes with lower numbers.
    pub args: SmallVec<[Id; 3]>,
}

/// A masked loop: lane by lane, while the condition holds, the carried values become the next ones.
///
/// Nodes of the condition and the body are those that depend on a value inside. They are evaluated for
/// all lanes, also those that are done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The loop that it stands in.
    pub parent: Option<LoopId>,
    /// The values that go in.
    pub firsts: Vec<Id>,
    /// Those inside: nodes [`Op::Inside`].
    pub inside: Vec<Id>,
    /// Whether to go on: a truth of the values inside.
    pub go: Id,
    /// What the body makes of them.
    pub nexts: Vec<Id>,
    /// The values that come out: nodes [`Op::After`].
    pub after: Vec<Id>,
}

/// Numbers to look up, all of one type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// The type of the entries; literals are weak, as those of nodes.
    pub ty: Type,
    /// The entries' bits.
    pub entries: Vec<u64>,
}

impl Table {
    /// Whether its entries fit into one of the widest registers: up to sixteen, of four bytes each.
    pub fn is_short(&self) -> bool {
        matches!(self.ty, Type::Is(Dtype::F32 | Dtype::I32 | Dtype::U32))
            && self.entries.len() <= 16
    }
}

/// What a function computes.
#[derive(Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    /// Of each node a number that follows from what it computes, however the graph was built.
    marks: Vec<u64>,
    /// Nodes by what they are.
    seen: HashTable<Id>,
    hasher: foldhash::fast::RandomState,
    inputs: Vec<Input>,
    outputs: Vec<Id>,
    loops: Vec<Loop>,
    /// Loops that have begun and not ended.
    open: Vec<LoopId>,
    tables: Vec<Table>,
}

/// An input of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its dtype, in a typed graph.
    pub dtype: Option<Dtype>,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Graph {
    /// A graph without nodes.
    pub fn new() -> Graph {
        Graph::default()
    }

    // ---- reading ----------------------------------------------------------------------------------

    /// The nodes, arguments before those that use them.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node.
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    /// The inputs, in order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> &[Id] {
        &self.outputs
    }

    /// The loops.
    pub fn loops(&self) -> &[Loop] {
        &self.loops
    }

    /// The tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The dtype of a node, if it has one.
    pub fn dtype(&self, id: Id) -> Option<Dtype> {
        match self.node(id).ty {
            Some(Type::Is(dtype)) => Some(dtype),
            _ => None,
        }
    }

    /// Whether every node has a dtype and is something that can be run: see the page of the module.
    pub fn is_typed(&self) -> bool {
        self.nodes
            .iter()
            .all(|n| matches!(n.ty, Some(Type::Is(_))) && !matches!(n.op, Op::Convert | Op::Choose))
    }

    /// The order of two nodes, which is the same however the graph was built.
    pub(crate) fn order(&self, a: Id, b: Id) -> std::cmp::Ordering {
        let key = |id: Id| (self.marks[id as usize], id);
        key(a).cmp(&key(b))
    }

    /// The value of a constant of a dtype.
    pub fn value(&self, id: Id) -> Option<Value> {
        match (self.node(id).op, self.node(id).ty) {
            (Op::Const(bits), Some(Type::Is(dtype))) => Some(Value::from_bits(dtype, bits)),
            _ => None,
        }
    }

    // ---- building ---------------------------------------------------------------------------------

    /// The node of this content: the one that there is, or a new one.
    fn intern(&mut self, node: Node) -> Id {
        let Graph { nodes, seen, hasher, marks, .. } = self;
        let mark = mark(&node, &self.loops, &self.tables, marks);
        // Marks could be made to meet on purpose; with arguments and a seed of this process they do not.
        let place = |mark: u64, args: &[Id]| {
            let mut h = hasher.build_hasher();
            h.write_u64(mark);
            args.iter().for_each(|&a| h.write_u32(a));
            h.finish()
        };
        let at = place(mark, &node.args);
        if let Some(found) = seen.find(at, |&id| nodes[id as usize] == node) {
            return *found;
        }
        let id = nodes.len() as Id;
        marks.push(mark);
        nodes.push(node);
        seen.insert_unique(at, id, |&id| place(marks[id as usize], &nodes[id as usize].args));
        id
    }

    // Never inlined: what reads texts goes deep, and this is no part of its frames.
    #[inline(never)]
    fn add(&mut self, op: Op, ty: Option<Type>, args: &[Id]) -> Id {
        debug_assert!(args.iter().all(|&a| (a as usize) < self.nodes.len()));
        self.intern(Node { op, ty, args: args.into() })
    }

    /// The next input, of any dtype that it is given.
    pub fn input(&mut self, name: &str) -> Id {
        self.inputs.push(Input { name: name.into(), dtype: None });
        self.add(Op::Input(self.inputs.len() as u32 - 1), None, &[])
    }

    /// The next input, of a dtype.
    pub fn input_of(&mut self, name: &str, dtype: Dtype) -> Id {
        self.inputs.push(Input { name: name.into(), dtype: Some(dtype) });
        self.add(Op::Input(self.inputs.len() as u32 - 1), Some(Type::Is(dtype)), &[])
    }

    /// The node of an input that there is.
    pub(crate) fn input_node(&mut self, n: u32, dtype: Dtype) -> Id {
        self.add(Op::Input(n), Some(Type::Is(dtype)), &[])
    }

    /// A whole number as it is written: it takes the dtype of what it meets.
    pub fn int(&mut self, value: i64) -> Id {
        self.add(Op::Const(value as u64), Some(Type::Int), &[])
    }

    /// A number with a fraction as it is written: it takes the dtype of the floats it meets.
    pub fn float(&mut self, value: f64) -> Id {
        self.add(Op::Const(value.to_bits()), Some(Type::Float), &[])
    }

    /// A constant of a dtype.
    pub fn constant(&mut self, value: Value) -> Id {
        self.add(Op::Const(value.bits()), Some(Type::Is(value.dtype())), &[])
    }

    /// A constant that is an element.
    pub fn lit<E: Element>(&mut self, value: E) -> Id {
        self.constant(Value::of(value))
    }

    /// A function of the vocabulary, its only output or the first one.
    pub fn call(&mut self, name: &'static str, args: &[Id]) -> Id {
        self.call_output(name, 0, args)
    }

    /// A function of the vocabulary, one of its outputs.
    pub fn call_output(&mut self, name: &'static str, output: u8, args: &[Id]) -> Id {
        self.add(Op::Call(name, output), None, args)
    }

    /// As [`Graph::call_output`], of a dtype: arguments are of the dtypes of one of the function's loops.
    pub(crate) fn call_typed(
        &mut self,
        name: &'static str,
        output: u8,
        dtype: Dtype,
        args: &[Id],
    ) -> Id {
        self.add(Op::Call(name, output), Some(Type::Is(dtype)), args)
    }

    /// `x` as a dtype.
    pub fn convert(&mut self, dtype: Dtype, x: Id) -> Id {
        self.add(Op::Convert, Some(Type::Is(dtype)), &[x])
    }

    /// `yes` where the truth holds, else `no`.
    pub fn choose(&mut self, truth: Id, yes: Id, no: Id) -> Id {
        self.add(Op::Choose, None, &[truth, yes, no])
    }

    /// An operation of the lane traits, which gives `dtype`.
    ///
    /// # Panics
    /// If there is no such operation on arguments of their dtypes: see [`value::fits`].
    pub fn apply(&mut self, operation: Operation, dtype: Dtype, args: &[Id]) -> Id {
        self.must_fit(operation, dtype, args);
        match crate::optimise::simplify(self, operation, dtype, args) {
            Some(id) => id,
            None => self.add(Op::Apply(operation), Some(Type::Is(dtype)), args),
        }
    }

    /// As [`Graph::apply`], but never rewritten: the node is this operation. Rewrites are held against it.
    ///
    /// # Panics
    /// As [`Graph::apply`].
    pub fn apply_plain(&mut self, operation: Operation, dtype: Dtype, args: &[Id]) -> Id {
        self.must_fit(operation, dtype, args);
        self.add(Op::Apply(operation), Some(Type::Is(dtype)), args)
    }

    fn must_fit(&self, operation: Operation, dtype: Dtype, args: &[Id]) {
        let dtypes: SmallVec<[Dtype; 3]> = args.iter().filter_map(|&a| self.dtype(a)).collect();
        assert!(
            dtypes.len() == args.len() && value::fits(operation, dtype, dtypes.iter().copied()),
            "there is no {} of {dtypes:?} that gives {dtype}",
            operation.name()
        );
    }

    /// A table, for [`Graph::lookup`].
    pub fn table(&mut self, table: Table) -> TableId {
        let found = self.tables.iter().position(|t| *t == table);
        found.unwrap_or_else(|| {
            self.tables.push(table);
            self.tables.len() - 1
        }) as TableId
    }

    /// An entry of a table. In a typed graph the table is of a dtype, and the index of u64; or of u32, if the table
    /// is [short](Table::is_short).
    pub fn lookup(&mut self, table: TableId, index: Id) -> Id {
        let ty = self.tables[table as usize].ty;
        self.add(Op::Lookup(table), Some(ty), &[index])
    }

    /// A loop begins: what it carries, inside. Until [`Graph::end_loop`], it is the innermost one.
    pub fn begin_loop(&mut self, firsts: &[Id]) -> (LoopId, Vec<Id>) {
        let id = self.open_loop();
        let inside = firsts.iter().map(|&first| self.carry(first)).collect();
        (id, inside)
    }

    fn open_loop(&mut self) -> LoopId {
        let id = self.loops.len() as LoopId;
        let parent = self.open.last().copied();
        let (firsts, inside, nexts, after) = Default::default();
        self.loops.push(Loop { parent, firsts, inside, go: 0, nexts, after });
        self.open.push(id);
        id
    }

    /// One more value that the innermost loop carries.
    fn carry(&mut self, first: Id) -> Id {
        let id = *self.open.last().expect("a loop is open");
        let n = self.loops[id as usize].inside.len() as u32;
        let ty = match self.node(first).ty {
            Some(Type::Is(dtype)) => Some(Type::Is(dtype)),
            _ => None,
        };
        let inside = self.add(Op::Inside(id, n), ty, &[first]);
        let l = &mut self.loops[id as usize];
        l.firsts.push(first);
        l.inside.push(inside);
        inside
    }

    /// The innermost loop ends: the carried values after it.
    ///
    /// # Panics
    /// If it is not the innermost loop, or there are not as many next values as it carries.
    pub fn end_loop(&mut self, id: LoopId, go: Id, nexts: &[Id]) -> Vec<Id> {
        assert_eq!(
            self.open.pop(),
            Some(id),
            "loops end in the order opposite to that they began in"
        );
        let l = &mut self.loops[id as usize];
        assert_eq!(l.inside.len(), nexts.len(), "a loop carries as many values as it began with");
        l.go = go;
        l.nexts = nexts.to_vec();
        let mut args: SmallVec<[Id; 3]> = l.firsts.as_slice().into();
        args.push(go);
        args.extend_from_slice(nexts);
        let after: Vec<Id> = (0..nexts.len())
            .map(|n| {
                let ty = self.node(self.loops[id as usize].inside[n]).ty;
                self.intern(Node { op: Op::After(id, n as u32), ty, args: args.clone() })
            })
            .collect();
        self.loops[id as usize].after.clone_from(&after);
        after
    }

    /// Another node for an output that there is.
    pub(crate) fn set_output(&mut self, n: usize, id: Id) {
        self.outputs[n] = id;
    }

    /// One more output.
    pub fn output(&mut self, id: Id) {
        self.outputs.push(id);
    }
}

/// The mark of a node whose arguments have theirs.
fn mark(node: &Node, loops: &[Loop], tables: &[Table], marks: &[u64]) -> u64 {
    let mut mark = 0u64;
    let mut mix = |v: u64| {
        mark = (mark ^ v).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mark ^= mark >> 29;
    };
    mix(match node.ty {
        None => 0,
        Some(Type::Int) => 1,
        Some(Type::Float) => 2,
        Some(Type::Is(dtype)) => 3 + dtype as u64,
    });
    let (kind, a, b) = match node.op {
        Op::Input(n) => (1, u64::from(n), 0),
        Op::Const(bits) => (2, bits, 0),
        Op::Apply(operation) => (3, operation as u64, 0),
        Op::Call(_, output) => (4, u64::from(output), 0),
        Op::Convert => (5, 0, 0),
        Op::Choose => (6, 0, 0),
        Op::Lookup(_) => (7, 0, 0),
        Op::Inside(l, n) => {
            let (mut depth, mut of) = (0, loops[l as usize].parent);
            while let Some(outer) = of {
                (depth, of) = (depth + 1, loops[outer as usize].parent);
            }
            (8, depth, u64::from(n))
        }
        Op::After(_, n) => (9, u64::from(n), 0),
    };
    [kind, a, b].into_iter().for_each(&mut mix);
    match node.op {
        Op::Call(name, _) => name.bytes().for_each(|b| mix(u64::from(b))),
        Op::Lookup(table) => tables[table as usize].entries.iter().for_each(|&e| mix(e)),
        _ => {}
    }
    node.args.iter().for_each(|&arg| mix(marks[arg as usize]));
    mark
}

/// Writes a kernel into a graph: for [`Loop::record`](lanefn_kernels::loops::Loop::record).
pub struct Recorder<'a>(std::cell::RefCell<Writing<'a>>);

struct Writing<'a> {
    graph: &'a mut Graph,
    /// Of each open loop its condition and next values.
    open: Vec<(Option<Id>, Vec<Id>)>,
    /// The values after the loop that ended last, in the order in which they are asked for.
    after: std::collections::VecDeque<Id>,
}

impl<'a> Recorder<'a> {
    /// A recorder that writes into this graph.
    pub fn new(graph: &'a mut Graph) -> Recorder<'a> {
        Recorder(Writing { graph, open: Vec::new(), after: Default::default() }.into())
    }
}

impl Record for Recorder<'_> {
    fn constant(&self, dtype: Dtype, bits: u64) -> Id {
        self.0.borrow_mut().graph.constant(Value::from_bits(dtype, bits))
    }

    fn apply(&self, operation: Operation, dtype: Dtype, args: &[Id]) -> Id {
        self.0.borrow_mut().graph.apply(operation, dtype, args)
    }

    fn lookup(&self, dtype: Dtype, table: &[u64], index: Id) -> Id {
        let graph = &mut *self.0.borrow_mut().graph;
        let table = graph.table(Table { ty: Type::Is(dtype), entries: table.to_vec() });
        graph.lookup(table, index)
    }

    fn begin_loop(&self) {
        let mut writing = self.0.borrow_mut();
        writing.graph.open_loop();
        writing.open.push((None, Vec::new()));
    }

    fn enter(&self, first: Id) -> Id {
        self.0.borrow_mut().graph.carry(first)
    }

    fn condition(&self, go: Id) {
        self.0.borrow_mut().open.last_mut().expect("a loop is open").0 = Some(go);
    }

    fn next(&self, value: Id) {
        self.0.borrow_mut().open.last_mut().expect("a loop is open").1.push(value);
    }

    fn end_loop(&self) {
        let mut writing = self.0.borrow_mut();
        let (go, nexts) = writing.open.pop().expect("a loop is open");
        let id = *writing.graph.open.last().expect("a loop is open");
        let go = go.expect("the loop has a condition");
        writing.after = writing.graph.end_loop(id, go, &nexts).into();
    }

    fn leave(&self, _: Id) -> Id {
        self.0.borrow_mut().after.pop_front().expect("as many leave a loop as entered it")
    }
}
