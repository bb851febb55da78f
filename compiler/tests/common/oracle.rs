//! What a graph says, read node by node, one element at a time.

use lanefn_compiler::{
    Graph, Id, Op, Vocabulary,
    dtype::{Dtype, Kind, Type, kind, result_type},
    value::{self, Value},
};
use lanefn_kernels::{
    lanes::traced::Operation,
    level::Level,
    loops::{Input, Loop, MAX_INPUTS, MAX_OUTPUTS},
};

/// The outputs of a typed graph without calls for one element of each input.
pub fn evaluate(graph: &Graph, inputs: &[Value]) -> Vec<Value> {
    Oracle::typed(graph).outputs(inputs)
}

/// A graph that is read.
pub struct Oracle<'a> {
    graph: &'a Graph,
    /// Of each node.
    dtypes: Vec<Dtype>,
    /// Of each node that is a call.
    called: Vec<Option<&'static Loop>>,
    /// Of each loop, the nodes that change in it.
    inside: Vec<Vec<Id>>,
    inputs: Vec<Value>,
    known: Vec<Option<Value>>,
}

impl<'a> Oracle<'a> {
    /// Of a typed graph without calls.
    pub fn typed(graph: &'a Graph) -> Oracle<'a> {
        let dtype = |id| graph.dtype(id as Id).expect("a typed graph");
        let nodes = 0..graph.nodes().len();
        Oracle::of(graph, nodes.clone().map(dtype).collect(), vec![None; nodes.len()])
    }

    /// Of an open graph for inputs of these types; `None` if a function has no loop for what it is called with.
    pub fn open(
        graph: &'a Graph,
        inputs: &[Type],
        vocabulary: &dyn Vocabulary,
    ) -> Option<Oracle<'a>> {
        let (types, called) = types(graph, inputs, vocabulary)?;
        let mut dtypes: Vec<Dtype> = types.into_iter().map(physical).collect();
        for ((dtype, of), node) in dtypes.iter_mut().zip(&called).zip(graph.nodes()) {
            // What a literal becomes stays one, and has the function's dtype where nobody asks for another.
            if let (Some(of), Op::Call(_, output)) = (of, node.op) {
                *dtype = of.outputs[output as usize];
            }
        }
        Some(Oracle::of(graph, dtypes, called))
    }

    fn of(graph: &'a Graph, dtypes: Vec<Dtype>, called: Vec<Option<&'static Loop>>) -> Oracle<'a> {
        let n = graph.nodes().len();
        let mut inside = Vec::new();
        for (l, of) in graph.loops().iter().enumerate() {
            let mut is = vec![false; n];
            of.inside.iter().for_each(|&id| is[id as usize] = true);
            for (id, node) in graph.nodes().iter().enumerate() {
                is[id] |= node.args.iter().any(|&a| is[a as usize])
                    && !matches!(node.op, Op::After(of, _) if of as usize == l);
            }
            inside.push((0..n as Id).filter(|&id| is[id as usize]).collect());
        }
        Oracle { graph, dtypes, called, inside, inputs: Vec::new(), known: vec![None; n] }
    }

    /// The dtypes of the outputs.
    pub fn dtypes(&self) -> Vec<Dtype> {
        self.graph.outputs().iter().map(|&id| self.dtypes[id as usize]).collect()
    }

    /// The outputs for one element of each input.
    pub fn outputs(&mut self, inputs: &[Value]) -> Vec<Value> {
        self.inputs.clear();
        self.inputs.extend_from_slice(inputs);
        self.known.fill(None);
        let graph = self.graph;
        graph.outputs().iter().map(|&id| self.value(id)).collect()
    }

    /// A node as a dtype.
    fn at(&mut self, id: Id, dtype: Dtype) -> Value {
        converted(self.value(id), dtype)
    }

    fn value(&mut self, id: Id) -> Value {
        if let Some(known) = self.known[id as usize] {
            return known;
        }
        let graph = self.graph;
        let node = graph.node(id);
        let dtype = self.dtypes[id as usize];
        let value = match node.op {
            Op::Input(n) => self.inputs[n as usize],
            Op::Const(bits) => Value::from_bits(dtype, bits),
            Op::Apply(Operation::Slow) | Op::Choose => {
                let truth = self.at(node.args[0], Dtype::Bool).bits() != 0;
                self.at(node.args[if truth { 1 } else { 2 }], dtype)
            }
            Op::Apply(operation) => {
                let mut args = [Value::of(false); 3];
                for (arg, &id) in args.iter_mut().zip(&node.args) {
                    *arg = self.value(id);
                }
                let args = &args[..node.args.len()];
                value::apply(operation, dtype, args).expect("there is such an operation")
            }
            Op::Convert => self.at(node.args[0], dtype),
            Op::Call(_, output) => {
                let of = self.called[id as usize].expect("a function with a loop");
                let mut args = [[0; 8]; MAX_INPUTS];
                for ((arg, &id), &to) in args.iter_mut().zip(&node.args).zip(of.inputs) {
                    *arg = self.at(id, to).bits().to_le_bytes();
                }
                called(of, &args, output as usize)
            }
            Op::Lookup(table) => {
                let entries = &graph.tables()[table as usize].entries;
                let index = self.value(node.args[0]);
                let at = match kind(index.dtype()) {
                    Kind::Signed => {
                        let at = index.cast(Dtype::I64).bits() as i64;
                        let from_end = at.saturating_add(entries.len() as i64).max(0);
                        (if at < 0 { from_end } else { at }) as u64
                    }
                    _ => index.bits(),
                };
                let last = entries.len().saturating_sub(1) as u64;
                // Where there are none, it is 0.
                let entry = entries.get(at.min(last) as usize).copied();
                Value::from_bits(dtype, entry.unwrap_or(0))
            }
            Op::After(l, n) => {
                let of = &graph.loops()[l as usize];
                let carried = |oracle: &mut Self, ids: &[Id]| -> Vec<Value> {
                    let to = |inside: &Id| oracle.dtypes[*inside as usize];
                    let to: Vec<Dtype> = of.inside.iter().map(to).collect();
                    ids.iter().zip(to).map(|(&id, to)| oracle.at(id, to)).collect()
                };
                let mut state = carried(self, &of.firsts);
                loop {
                    for &id in &self.inside[l as usize] {
                        self.known[id as usize] = None;
                    }
                    for (&id, &value) in of.inside.iter().zip(&state) {
                        self.known[id as usize] = Some(value);
                    }
                    if self.at(of.go, Dtype::Bool).bits() == 0 {
                        break;
                    }
                    state = carried(self, &of.nexts);
                }
                state[n as usize]
            }
            Op::Inside(..) => panic!("node {id} is {:?}", node.op),
        };
        self.known[id as usize] = Some(value);
        value
    }
}

/// A value as another dtype; a truth is what is not zero.
fn converted(value: Value, dtype: Dtype) -> Value {
    match dtype {
        Dtype::Bool => Value::of(value.cast(Dtype::F64) != Value::of(-0.0) && value.bits() != 0),
        _ => value.cast(dtype),
    }
}

/// One of a function's outputs, for arguments by their bytes.
fn called(of: &Loop, args: &[[u8; 8]; MAX_INPUTS], output: usize) -> Value {
    let from = args.each_ref().map(|arg| Input { at: arg.as_ptr(), scalar: false });
    let mut outputs = [[0_u8; 8]; MAX_OUTPUTS];
    let to = outputs.each_mut().map(|output| output.as_mut_ptr());
    let (from, to) = (&from[..of.inputs.len()], &to[..of.outputs.len()]);
    // SAFETY: one element of each operand, of its dtype; the scalar level is always there.
    unsafe { of.inner(Level::Scalar)(from, to, 1) };
    Value::from_bits(of.outputs[output], u64::from_le_bytes(outputs[output]))
}

/// The dtype that a node of this type is computed in.
pub fn physical(ty: Type) -> Dtype {
    match ty {
        Type::Is(dtype) => dtype,
        Type::Int => Dtype::I64,
        Type::Float => Dtype::F64,
    }
}

/// The type that two types meet in, weak where both are.
pub fn meet(a: Type, b: Type) -> Type {
    match (a, b) {
        (a, b) if a == b => a,
        (Type::Is(_), _) | (_, Type::Is(_)) => Type::Is(result_type(&[a, b])),
        _ => Type::Float,
    }
}

/// The type of what a function makes of arguments of these types: weak where all of them are.
pub fn weaken(given: Dtype, args: &[Type]) -> Type {
    let weak = !args.is_empty() && !args.iter().any(|a| matches!(a, Type::Is(_)));
    match kind(given) {
        Kind::Float if weak => Type::Float,
        Kind::Signed | Kind::Unsigned if weak => Type::Int,
        _ => Type::Is(given),
    }
}

/// The type of each node of an open graph, and the loop of each call.
#[allow(clippy::type_complexity, reason = "two lists side by side")]
fn types(
    graph: &Graph,
    inputs: &[Type],
    vocabulary: &dyn Vocabulary,
) -> Option<(Vec<Type>, Vec<Option<&'static Loop>>)> {
    // What comes round in loops, as far as it is known.
    let mut carried: Vec<Vec<Option<Type>>> =
        graph.loops().iter().map(|l| vec![None; l.inside.len()]).collect();
    loop {
        let mut types: Vec<Type> = Vec::new();
        let mut called = vec![None; graph.nodes().len()];
        for (id, node) in graph.nodes().iter().enumerate() {
            let args: Vec<Type> = node.args.iter().map(|&a| types[a as usize]).collect();
            types.push(match node.op {
                Op::Input(n) => inputs[n as usize],
                Op::Call(name, output) => {
                    let of = vocabulary.resolve(name, &args).ok()?;
                    called[id] = Some(of);
                    weaken(of.outputs[output as usize], &args)
                }
                Op::Choose => meet(args[1], args[2]),
                Op::Inside(l, n) => {
                    carried[l as usize][n as usize].map_or(args[0], |round| meet(args[0], round))
                }
                Op::After(l, n) => types[graph.loops()[l as usize].inside[n as usize] as usize],
                Op::Const(_) | Op::Lookup(_) | Op::Convert | Op::Apply(_) => node.ty?,
            });
        }
        let mut grown = false;
        for (of, carried) in graph.loops().iter().zip(&mut carried) {
            for ((carried, &next), &inside) in carried.iter_mut().zip(&of.nexts).zip(&of.inside) {
                let met = meet(types[inside as usize], types[next as usize]);
                if met != types[inside as usize] {
                    *carried = Some(met);
                    grown = true;
                }
            }
        }
        if !grown {
            return Some((types, called));
        }
    }
}
