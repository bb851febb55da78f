//! From an open graph to a typed one, by the dtypes of its inputs and NumPy's rules (NEP 50).
//!
//! Types are found first, then nodes are written with the casts between them. A loop's values are of the
//! least type that holds what goes in and what comes round; that is found by going round until it no
//! longer grows. What is computed from literals alone stays weak, as in Python: `x + (2 - 1)` has the
//! dtype of `x + 1`.

use hashbrown::HashMap;
use lanefn_kernels::{
    lanes::{Dtype, traced::Operation},
    loops::Loop,
};
use smallvec::SmallVec;

use crate::{
    dtype::{self, Kind, Type},
    graph::{Graph, Id, LoopId, Op, Recorder, Table},
    optimise::choices::Choices,
    value::Value,
    vocabulary::Vocabulary,
};

/// Why a graph has no meaning for these dtypes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    /// As many types are needed as there are inputs.
    #[error("the function has {needed} inputs, not {got}")]
    Arity {
        /// The inputs that it has.
        needed: usize,
        /// The types given.
        got: usize,
    },
    /// A function has no loop for such operands.
    #[error("{0}")]
    NoLoop(String),
    /// A whole number does not fit the dtype that it meets.
    #[error("the number {value} is out of bounds for {dtype}")]
    OutOfBounds {
        /// The number.
        value: i64,
        /// The dtype.
        dtype: Dtype,
    },
    /// The index of a table is no whole number.
    #[error("the index of a table must be a whole number, not {got}")]
    Index {
        /// The type of the index.
        got: Dtype,
    },
    /// The graph has a node that no open graph has.
    #[error("node {node} has no type to be told by: {why}")]
    Untypable {
        /// The node.
        node: Id,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// A recording longer than this many lane operations stays a call, until [`Graph::expanded`].
const SHORT: u32 = 4;

/// Choices within choices that are looked at for arms that end alike.
const DEEP: usize = 8;

impl Graph {
    /// The graph for inputs of these types. A weak input is of i64 or f64, and takes other dtypes as a
    /// literal does.
    ///
    /// # Errors
    /// [`TypeError`].
    pub fn typed(&self, inputs: &[Type], vocabulary: &dyn Vocabulary) -> Result<Graph, TypeError> {
        if inputs.len() != self.inputs().len() {
            return Err(TypeError::Arity { needed: self.inputs().len(), got: inputs.len() });
        }
        let (types, found) = types(self, inputs, vocabulary)?;
        Typing {
            open: self,
            found,
            types,
            graph: Graph::new(),
            made: Vec::new(),
            loops: Vec::new(),
        }
        .run(inputs)
        .map(Graph::choosing_first)
    }

    /// The same with fewer operations where both arms of a choice end alike. Of choices within choices each
    /// turn takes the innermost.
    fn choosing_first(mut self) -> Graph {
        for _ in 0..DEEP {
            let Some(choices) = Choices::of(&self) else { break };
            self = self.rewritten(|_, _, _| None, Some(&choices));
        }
        self
    }

    /// A typed graph with no calls: functions are written out as the lane operations they consist of.
    pub fn expanded(&self, vocabulary: &dyn Vocabulary) -> Graph {
        let written = |graph: &mut Graph, name: &'static str, args: &[Id]| {
            let dtypes: SmallVec<[Dtype; 3]> =
                args.iter().filter_map(|&a| graph.dtype(a)).collect();
            let of = vocabulary.exactly(name, &dtypes)?;
            Some(of.record(&Recorder::new(graph), args))
        };
        self.rewritten(written, None)
    }

    /// A typed graph whose outputs are cast to these dtypes, where any are named.
    pub fn giving(mut self, dtypes: &[Option<Dtype>]) -> Graph {
        for (n, &dtype) in dtypes.iter().enumerate() {
            if let (Some(dtype), Some(&output)) = (dtype, self.outputs().get(n)) {
                let cast = cast(&mut self, output, dtype);
                self.set_output(n, cast);
            }
        }
        self
    }

    /// A copy of what the outputs need, with calls replaced where `call` gives their outputs, and `choices`
    /// made first.
    fn rewritten(
        &self,
        mut call: impl FnMut(&mut Graph, &'static str, &[Id]) -> Option<[Id; 8]>,
        choices: Option<&Choices>,
    ) -> Graph {
        let live = self.live();
        let mut graph = Graph::new();
        let mut made = vec![0; self.nodes().len()];
        let mut loops: Vec<Going> = vec![Default::default(); self.loops().len()];
        let mut calls: HashMap<(&'static str, SmallVec<[Id; 3]>), [Id; 8]> = HashMap::new();
        for input in self.inputs() {
            graph.input_of(&input.name, input.dtype.unwrap_or(Dtype::F64));
        }
        for (id, node) in self.nodes().iter().enumerate() {
            if !live[id] {
                continue;
            }
            let args: SmallVec<[Id; 3]> = node.args.iter().map(|&a| made[a as usize]).collect();
            let dtype = self.dtype(id as Id).unwrap_or(Dtype::F64);
            made[id] = match node.op {
                Op::Input(n) => {
                    let input = &self.inputs()[n as usize];
                    graph.input_node(n, input.dtype.unwrap_or(dtype))
                }
                Op::Const(bits) => graph.constant(Value::from_bits(dtype, bits)),
                Op::Apply(operation) => match choices {
                    Some(choices) if operation == Operation::Select => {
                        choices.write(&mut graph, id as Id, &made)
                    }
                    _ => graph.apply(operation, dtype, &args),
                },
                Op::Call(name, output) => {
                    let key = (name, args);
                    let known = calls.get(&key).copied();
                    match known.or_else(|| call(&mut graph, name, &key.1)) {
                        Some(outputs) => {
                            calls.insert(key, outputs);
                            outputs[output as usize]
                        }
                        None => graph.call_typed(name, output, dtype, &key.1),
                    }
                }
                Op::Lookup(table) => {
                    let table = graph.table(self.tables()[table as usize].clone());
                    graph.lookup(table, args[0])
                }
                Op::Convert | Op::Choose => args[0],
                Op::Inside(l, n) => {
                    let of = &mut loops[l as usize];
                    if n == 0 || of.1.is_empty() {
                        let firsts = &self.loops()[l as usize].firsts;
                        let firsts: Vec<Id> = firsts.iter().map(|&f| made[f as usize]).collect();
                        let (id, inside) = graph.begin_loop(&firsts);
                        *of = (id, inside, Vec::new());
                    }
                    of.1[n as usize]
                }
                Op::After(l, n) => {
                    let of = &mut loops[l as usize];
                    if of.2.is_empty() {
                        let l = &self.loops()[l as usize];
                        let nexts: Vec<Id> = l.nexts.iter().map(|&n| made[n as usize]).collect();
                        of.2 = graph.end_loop(of.0, made[l.go as usize], &nexts);
                    }
                    of.2[n as usize]
                }
            };
        }
        for &output in self.outputs() {
            graph.output(made[output as usize]);
        }
        graph
    }

    /// Which nodes the outputs need: all of a loop where one of its values is.
    pub fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.nodes().len()];
        for &output in self.outputs() {
            live[output as usize] = true;
        }
        for id in (0..self.nodes().len()).rev() {
            if !live[id] {
                continue;
            }
            let node = &self.nodes()[id];
            for &a in &node.args {
                live[a as usize] = true;
            }
            if let Op::After(l, _) = node.op {
                for &i in &self.loops()[l as usize].inside {
                    live[i as usize] = true;
                }
            }
        }
        live
    }
}

/// The type that two types meet in, weak where both are.
fn meet(a: Type, b: Type) -> Type {
    match (a, b) {
        (a, b) if a == b => a,
        (Type::Int | Type::Float, Type::Int | Type::Float) => Type::Float,
        _ => Type::Is(dtype::result_type(&[a, b])),
    }
}

/// The type of each node, and the loop of each call. Dead nodes have them too: what has no meaning is an
/// error wherever it is.
#[allow(clippy::type_complexity, reason = "two lists side by side")]
fn types(
    open: &Graph,
    inputs: &[Type],
    vocabulary: &dyn Vocabulary,
) -> Result<(Vec<Type>, Vec<Option<&'static Loop>>), TypeError> {
    let mut types: Vec<Type> = Vec::with_capacity(open.nodes().len());
    let mut found = vec![None; open.nodes().len()];
    // Many calls are of one function on one combination of types.
    let mut last: SmallVec<[(&str, SmallVec<[Type; 3]>, &'static Loop); 8]> = SmallVec::new();
    // What comes round in loops, as far as it is known.
    let mut round: Vec<Vec<Option<Type>>> =
        open.loops().iter().map(|l| vec![None; l.inside.len()]).collect();
    loop {
        types.clear();
        for (id, node) in open.nodes().iter().enumerate() {
            let arg = |n: usize| types[node.args[n] as usize];
            let ty = match node.op {
                Op::Input(n) => match open.inputs()[n as usize].dtype {
                    Some(dtype) => Type::Is(dtype),
                    None => inputs[n as usize],
                },
                Op::Const(_) | Op::Lookup(_) | Op::Convert | Op::Apply(_) => {
                    let why = "its graph is not open";
                    node.ty.ok_or(TypeError::Untypable { node: id as Id, why })?
                }
                Op::Call(name, output) => {
                    let args: SmallVec<[Type; 3]> =
                        node.args.iter().map(|&a| types[a as usize]).collect();
                    let known = last.iter().find(|l| l.0 == name && l.1 == args).map(|l| l.2);
                    let of = match known {
                        Some(of) => of,
                        None => {
                            let of = vocabulary.resolve(name, &args).map_err(TypeError::NoLoop)?;
                            last.truncate(7);
                            last.insert(0, (name, args.clone(), of));
                            of
                        }
                    };
                    found[id] = Some(of);
                    let given = of.outputs[output as usize];
                    if args.iter().all(|a| !matches!(a, Type::Is(_))) && !args.is_empty() {
                        match dtype::kind(given) {
                            Kind::Bool => Type::Is(given),
                            Kind::Float => Type::Float,
                            _ => Type::Int,
                        }
                    } else {
                        Type::Is(given)
                    }
                }
                Op::Choose => meet(arg(1), arg(2)),
                Op::Inside(l, n) => match round[l as usize][n as usize] {
                    Some(next) => meet(arg(0), next),
                    None => arg(0),
                },
                Op::After(l, n) => types[open.loops()[l as usize].inside[n as usize] as usize],
            };
            types.push(ty);
        }
        let mut stable = true;
        for (l, of) in open.loops().iter().enumerate() {
            for (n, &next) in of.nexts.iter().enumerate() {
                let inside = types[of.inside[n] as usize];
                let grown = meet(inside, types[next as usize]);
                if grown != inside {
                    round[l][n] = Some(grown);
                    stable = false;
                }
            }
        }
        if stable {
            return Ok((types, found));
        }
    }
}

/// The dtype that a node of this type is computed in.
fn physical(ty: Type) -> Dtype {
    match ty {
        Type::Is(dtype) => dtype,
        Type::Int => Dtype::I64,
        Type::Float => Dtype::F64,
    }
}

/// A typed node as a dtype.
fn cast(graph: &mut Graph, id: Id, to: Dtype) -> Id {
    match graph.dtype(id) {
        Some(from) if from == to => id,
        Some(from) if to == Dtype::Bool => {
            let zero = graph.constant(Value::from_bits(from, 0));
            graph.apply(Operation::Ne, Dtype::Bool, &[id, zero])
        }
        _ => graph.apply(Operation::Cast, to, &[id]),
    }
}

/// A loop under way: its number, what is inside, what comes after.
type Going = (LoopId, Vec<Id>, Vec<Id>);

struct Typing<'a> {
    open: &'a Graph,
    /// The loop of each call.
    found: Vec<Option<&'static Loop>>,
    types: Vec<Type>,
    graph: Graph,
    /// The typed node of each open node.
    made: Vec<Id>,
    /// Of each loop that has begun.
    loops: Vec<Option<Going>>,
}

impl Typing<'_> {
    fn run(mut self, inputs: &[Type]) -> Result<Graph, TypeError> {
        self.loops = vec![None; self.open.loops().len()];
        for (input, &ty) in self.open.inputs().iter().zip(inputs) {
            self.graph.input_of(&input.name, input.dtype.unwrap_or(physical(ty)));
        }
        for id in 0..self.open.nodes().len() {
            let made = self.node(id)?;
            self.made.push(made);
        }
        for &output in self.open.outputs() {
            let output = self.made[output as usize];
            self.graph.output(output);
        }
        Ok(self.graph)
    }

    fn node(&mut self, id: usize) -> Result<Id, TypeError> {
        let open = self.open;
        let node = &open.nodes()[id];
        let dtype = physical(self.types[id]);
        Ok(match node.op {
            Op::Input(n) => self.graph.input_node(n, dtype),
            Op::Const(bits) => self.graph.constant(Value::from_bits(dtype, bits)),
            Op::Apply(operation) => {
                let args: SmallVec<[Id; 3]> =
                    node.args.iter().map(|&a| self.made[a as usize]).collect();
                let given = args.iter().filter_map(|&a| self.graph.dtype(a));
                let given: SmallVec<[Dtype; 3]> = given.collect();
                if !crate::value::fits(operation, dtype, given.iter().copied()) {
                    let why = "there is no such operation on the dtypes of its arguments";
                    return Err(TypeError::Untypable { node: id as Id, why });
                }
                self.graph.apply(operation, dtype, &args)
            }
            Op::Call(name, output) => {
                let why = "its function has no loop";
                let of = self.found[id].ok_or(TypeError::Untypable { node: id as Id, why })?;
                let mut args: SmallVec<[Id; 3]> = SmallVec::new();
                for (&a, &to) in node.args.iter().zip(of.inputs) {
                    args.push(self.at(a, to)?);
                }
                self.call(of, name, output, &args)
            }
            Op::Convert => cast(&mut self.graph, self.made[node.args[0] as usize], dtype),
            Op::Choose => {
                let truth = self.at(node.args[0], Dtype::Bool)?;
                let (yes, no) = (self.at(node.args[1], dtype)?, self.at(node.args[2], dtype)?);
                self.graph.apply(Operation::Select, dtype, &[truth, yes, no])
            }
            Op::Lookup(table) => {
                let table = &open.tables()[table as usize];
                let (entries, len) = (table.entries.clone(), table.entries.len());
                let table = self.graph.table(Table { ty: Type::Is(physical(table.ty)), entries });
                let index = self.index(node.args[0], len)?;
                self.graph.lookup(table, index)
            }
            Op::Inside(l, n) => {
                if self.loops[l as usize].is_none() {
                    let of = &open.loops()[l as usize];
                    let mut firsts = Vec::new();
                    for (&first, &inside) in of.firsts.iter().zip(&of.inside) {
                        firsts.push(self.at(first, physical(self.types[inside as usize]))?);
                    }
                    let (id, inside) = self.graph.begin_loop(&firsts);
                    self.loops[l as usize] = Some((id, inside, Vec::new()));
                }
                self.loops[l as usize].as_ref().map_or(0, |of| of.1[n as usize])
            }
            Op::After(l, n) => {
                let of = &open.loops()[l as usize];
                let begun = self.loops[l as usize].take();
                let (id, inside, mut after) = begun.ok_or(TypeError::Untypable {
                    node: id as Id,
                    why: "its loop has not begun",
                })?;
                if after.is_empty() {
                    let go = self.at(of.go, Dtype::Bool)?;
                    let mut nexts = Vec::new();
                    for (&next, &inside) in of.nexts.iter().zip(&of.inside) {
                        nexts.push(self.at(next, physical(self.types[inside as usize]))?);
                    }
                    after = self.graph.end_loop(id, go, &nexts);
                }
                let made = after[n as usize];
                self.loops[l as usize] = Some((id, inside, after));
                made
            }
        })
    }

    /// A call, or the lane operations that it consists of if they are few.
    fn call(&mut self, of: &Loop, name: &'static str, output: u8, args: &[Id]) -> Id {
        if of.cost <= SHORT {
            return of.record(&Recorder::new(&mut self.graph), args)[output as usize];
        }
        self.graph.call_typed(name, output, of.outputs[output as usize], args)
    }

    /// A node as a dtype; a literal takes it if it is within bounds.
    fn at(&mut self, open: Id, to: Dtype) -> Result<Id, TypeError> {
        let id = self.made[open as usize];
        let whole = !matches!(dtype::kind(to), Kind::Bool | Kind::Float);
        if whole
            && self.types[open as usize] == Type::Int
            && let Some(value) = self.graph.value(id).and_then(|v| v.get::<i64>())
        {
            let back = Value::of(value).cast(to).cast(Dtype::I64) == Value::of(value);
            if !back || (to == Dtype::U64 && value < 0) {
                return Err(TypeError::OutOfBounds { value, dtype: to });
            }
        }
        Ok(cast(&mut self.graph, id, to))
    }

    /// An index into a table of that length, as u64: one below 0 counts from the end.
    fn index(&mut self, open: Id, len: usize) -> Result<Id, TypeError> {
        let id = self.made[open as usize];
        let from = self.graph.dtype(id).unwrap_or(Dtype::F64);
        match dtype::kind(from) {
            Kind::Float => return Err(TypeError::Index { got: from }),
            Kind::Bool | Kind::Unsigned => return Ok(cast(&mut self.graph, id, Dtype::U64)),
            Kind::Signed => {}
        }
        let (g, index) = (&mut self.graph, Dtype::I64);
        let id = g.apply(Operation::Cast, index, &[id]);
        let (zero, len) = (g.lit(0_i64), g.lit(len as i64));
        let below = g.apply(Operation::Lt, Dtype::Bool, &[id, zero]);
        let from_end = g.apply(Operation::Add, index, &[id, len]);
        let from_end = g.apply(Operation::Maximum, index, &[from_end, zero]);
        let id = g.apply(Operation::Select, index, &[below, from_end, id]);
        Ok(g.apply(Operation::Cast, Dtype::U64, &[id]))
    }
}
