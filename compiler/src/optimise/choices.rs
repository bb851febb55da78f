//! What both arms of a choice end in is done once, after the choice: `where(c, x + a, x + b)` is
//! `x + where(c, a, b)`, and `where(c, exp(a), exp(b))` is `exp(where(c, a, b))`.

use lanefn_kernels::lanes::traced::Operation;
use smallvec::SmallVec;

use crate::graph::{Graph, Id, Op};

/// The choices of a typed graph whose arms end alike.
pub(crate) struct Choices<'a> {
    graph: &'a Graph,
    /// How often what is needed reads each node.
    uses: Vec<u32>,
    /// Of each node the last one before it at which a loop begins or ends: what is on the other side may be
    /// done more often, or less.
    edges: Vec<Id>,
}

impl<'a> Choices<'a> {
    /// Those of a graph, if it has any.
    pub fn of(graph: &'a Graph) -> Option<Choices<'a>> {
        let is_choice = |op| matches!(op, Op::Apply(Operation::Select));
        // Most have none, and are not looked at any further.
        let ends_alike = graph.nodes().iter().any(|node| {
            is_choice(node.op) && graph.node(node.args[1]).op == graph.node(node.args[2]).op
        });
        if !ends_alike {
            return None;
        }
        let mut choices = Choices { graph, uses: vec![0; graph.nodes().len()], edges: Vec::new() };
        let live = graph.live();
        let mut edge = 0;
        for (id, node) in graph.nodes().iter().enumerate() {
            if matches!(node.op, Op::Inside(..) | Op::After(..)) {
                edge = id as Id;
            }
            choices.edges.push(edge);
            if live[id] {
                node.args.iter().for_each(|&a| choices.uses[a as usize] += 1);
            }
        }
        let carried =
            graph.loops().iter().flat_map(|l| l.firsts.iter().chain(&l.nexts).chain([&l.go]));
        for &id in graph.outputs().iter().chain(carried) {
            choices.uses[id as usize] += 1;
        }
        let found = |id: usize| {
            let node = &graph.nodes()[id];
            live[id]
                && is_choice(node.op)
                && choices.differ(id as Id, node.args[1], node.args[2]).is_some()
        };
        (0..graph.nodes().len()).any(found).then_some(choices)
    }

    /// The choice `id`, written into another graph, where `made` has what it needs.
    pub fn write(&self, to: &mut Graph, id: Id, made: &[Id]) -> Id {
        let args = &self.graph.node(id).args;
        self.join(to, id, made[args[0] as usize], args[1], args[2], made)
    }

    fn join(&self, to: &mut Graph, id: Id, truth: Id, yes: Id, no: Id, made: &[Id]) -> Id {
        let (first, second) = (made[yes as usize], made[no as usize]);
        let node = self.graph.node(yes);
        let dtype = self.graph.dtype(yes).unwrap_or(super::Dtype::F64);
        if yes == no {
            return first;
        }
        let Some(pairs) = self.differ(id, yes, no) else {
            return to.apply(Operation::Select, dtype, &[truth, first, second]);
        };
        let args: SmallVec<[Id; 3]> =
            pairs.iter().map(|&(a, b)| self.join(to, id, truth, a, b, made)).collect();
        match node.op {
            Op::Apply(operation) => to.apply(operation, dtype, &args),
            Op::Call(name, output) => to.call_typed(name, output, dtype, &args),
            Op::Lookup(table) => {
                let table = to.table(self.graph.tables()[table as usize].clone());
                to.lookup(table, args[0])
            }
            _ => to.apply(Operation::Select, dtype, &[truth, first, second]),
        }
    }

    /// The arguments of both arms of the choice `id`, side by side, if to choose among them is less work.
    fn differ(&self, id: Id, yes: Id, no: Id) -> Option<SmallVec<[(Id, Id); 3]>> {
        use Operation::*;
        let [a, b] = [yes, no].map(|arm| self.graph.node(arm));
        let own = |arm: Id| {
            self.uses[arm as usize] == 1 && self.edges[arm as usize] == self.edges[id as usize]
        };
        if a.op != b.op || a.args.len() != b.args.len() || !own(yes) || !own(no) {
            return None;
        }
        let pairs = |other: &[Id]| a.args.iter().copied().zip(other.iter().copied()).collect();
        let mut pairs: SmallVec<[(Id, Id); 3]> = pairs(&b.args);
        let different = |pairs: &[(Id, Id)]| pairs.iter().filter(|(a, b)| a != b).count();
        if matches!(a.op, Op::Apply(Add | Mul | And | Or | Xor | Eq | Ne)) && different(&pairs) == 2
        {
            let swapped = [(a.args[0], b.args[1]), (a.args[1], b.args[0])];
            if different(&swapped) == 1 {
                pairs = swapped.into_iter().collect();
            }
        }
        // As many choices as there are pairs that differ, for one choice and what the arms end in.
        let most = match a.op {
            Op::Apply(Select | Slow) => return None,
            Op::Apply(Div | Rem | Sqrt) | Op::Call(..) => 2,
            Op::Apply(_) | Op::Lookup(_) => 1,
            _ => return None,
        };
        let same = pairs.iter().all(|&(a, b)| self.graph.dtype(a) == self.graph.dtype(b));
        (same && different(&pairs) <= most).then_some(pairs)
    }
}
