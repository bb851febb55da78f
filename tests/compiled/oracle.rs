//! The naive reading of a graph: one element, one node after the other.

use lanefn::compiler::{
    Graph, Id, Op,
    value::{self, Value},
};

/// The outputs of a typed graph without calls, for one element of each input. `None` if a loop does not
/// end in so many turns.
pub fn evaluate(graph: &Graph, inputs: &[Value]) -> Option<Vec<Value>> {
    let mut values = vec![None; graph.nodes().len()];
    graph.outputs().iter().map(|&o| node(graph, o, inputs, &mut values)).collect()
}

fn node(graph: &Graph, id: Id, inputs: &[Value], values: &mut [Option<Value>]) -> Option<Value> {
    if let Some(value) = values[id as usize] {
        return Some(value);
    }
    let node_of = graph.node(id);
    let dtype = graph.dtype(id).expect("the graph is typed");
    let value = match node_of.op {
        Op::Input(n) => inputs[n as usize],
        Op::Const(bits) => Value::from_bits(dtype, bits),
        Op::Apply(operation) => {
            let mut args = Vec::new();
            for &a in &node_of.args {
                args.push(node(graph, a, inputs, values)?);
            }
            value::apply(operation, dtype, &args).expect("the graph is well typed")
        }
        Op::Lookup(table) => {
            let table = &graph.tables()[table as usize];
            let index = node(graph, node_of.args[0], inputs, values)?.get::<u64>()?;
            let last = table.entries.len().saturating_sub(1) as u64;
            Value::from_bits(
                dtype,
                table.entries.get(index.min(last) as usize).copied().unwrap_or(0),
            )
        }
        Op::After(l, n) => {
            let of = &graph.loops()[l as usize];
            let mut state = Vec::new();
            for &first in &of.firsts {
                state.push(node(graph, first, inputs, values)?);
            }
            for _ in 0..10_000 {
                let mut turn = values.to_vec();
                for (&inside, &v) in of.inside.iter().zip(&state) {
                    turn[inside as usize] = Some(v);
                }
                if node(graph, of.go, inputs, &mut turn)? == Value::of(false) {
                    return Some(state[n as usize]);
                }
                let mut next = Vec::new();
                for &id in &of.nexts {
                    next.push(node(graph, id, inputs, &mut turn)?);
                }
                state = next;
            }
            return None;
        }
        other => panic!("{other:?} is no node of a typed graph without calls"),
    };
    values[id as usize] = Some(value);
    Some(value)
}
