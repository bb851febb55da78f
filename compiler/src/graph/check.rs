//! Whether a graph can be run: what the interpreter and machine code take for granted.

use lanefn_kernels::lanes::Dtype;
use smallvec::SmallVec;

use super::{Graph, Id, LoopId, Op, Table};
use crate::{dtype::Type, value, vocabulary::Vocabulary};

/// Why a graph can't be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node {node} can't be run: {why}")]
pub struct Unsound {
    /// The node.
    pub node: Id,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Graph {
    /// Whether the graph is typed, every node fits its arguments, and no value of a loop is read outside of
    /// it. Graphs that [`Graph::typed`] gives are so.
    ///
    /// # Errors
    /// [`Unsound`] names the first node that is not.
    pub fn check(&self, vocabulary: &dyn Vocabulary) -> Result<(), Unsound> {
        let mut homes: Vec<Option<LoopId>> = Vec::with_capacity(self.nodes().len());
        for id in 0..self.nodes().len() as Id {
            let bad = |why| Err(Unsound { node: id, why });
            if let Err(why) = self.fits(id, vocabulary) {
                return bad(why);
            }
            let node = self.node(id);
            let own = match node.op {
                Op::Inside(l, _) | Op::After(l, _) => Some(l),
                _ => None,
            };
            let of = |a: &Id| homes[*a as usize];
            let home = match node.op {
                Op::Inside(..) => own,
                Op::After(..) => self.innermost(node.args.iter().map(of).filter(|h| *h != own)),
                _ => self.innermost(node.args.iter().map(of)),
            };
            let after = matches!(node.op, Op::After(..));
            let apart = |h: Option<LoopId>| !(self.stands_in(home, h) || (after && h == own));
            if node.args.iter().map(of).any(apart) || (after && self.stands_in(home, own)) {
                return bad("it reads a value of a loop outside of that");
            }
            homes.push(home);
        }
        match self.outputs().iter().find(|&&o| homes[o as usize].is_some()) {
            Some(&node) => Err(Unsound { node, why: "a value of a loop is no output" }),
            None => Ok(()),
        }
    }

    /// The one of these loops that stands in most others.
    fn innermost(&self, of: impl Iterator<Item = Option<LoopId>>) -> Option<LoopId> {
        of.max_by_key(|&l| self.depth(l)).flatten()
    }

    fn depth(&self, mut of: Option<LoopId>) -> usize {
        let mut depth = 0;
        while let Some(l) = of {
            (depth, of) = (depth + 1, self.loops()[l as usize].parent);
        }
        depth
    }

    /// Whether a loop is another one or stands in it; what is no loop is around all.
    fn stands_in(&self, mut inner: Option<LoopId>, outer: Option<LoopId>) -> bool {
        while inner != outer {
            match inner {
                Some(l) => inner = self.loops()[l as usize].parent,
                None => return false,
            }
        }
        true
    }

    /// Whether a node fits its arguments.
    fn fits(&self, id: Id, vocabulary: &dyn Vocabulary) -> Result<(), &'static str> {
        let node = self.node(id);
        let Some(Type::Is(dtype)) = node.ty else { return Err("it has no dtype") };
        let args: SmallVec<[Dtype; 3]> = node.args.iter().filter_map(|&a| self.dtype(a)).collect();
        if args.len() != node.args.len() {
            return Err("an argument has no dtype");
        }
        let says = |fits: bool, why| if fits { Ok(()) } else { Err(why) };
        match node.op {
            Op::Input(n) => {
                let of = self.inputs().get(n as usize).and_then(|i| i.dtype);
                says(of == Some(dtype), "its input is of another dtype")
            }
            Op::Const(_) => Ok(()),
            Op::Apply(operation) => says(
                value::fits(operation, dtype, args.iter().copied()),
                "there is no such operation on its arguments",
            ),
            Op::Call(name, output) => {
                let of = vocabulary.exactly(name, &args);
                let gives = of.and_then(|of| of.outputs.get(output as usize));
                says(gives == Some(&dtype), "the function gives something else")
            }
            Op::Convert | Op::Choose => Err("it is for graphs without types"),
            Op::Lookup(table) => {
                let of = self.tables().get(table as usize);
                let index = |of: &Table| match args[..] {
                    [Dtype::U32] => of.is_short(),
                    _ => args[..] == [Dtype::U64],
                };
                says(
                    of.is_some_and(|of| of.ty == Type::Is(dtype) && index(of)),
                    "the table or its index is of another dtype",
                )
            }
            Op::Inside(l, n) => {
                let of = &self.loops()[l as usize];
                let next = of.nexts.get(n as usize).and_then(|&n| self.dtype(n));
                says(
                    args[..] == [dtype] && next == Some(dtype) && !of.after.is_empty(),
                    "what goes round its loop is of another dtype, or the loop has no end",
                )
            }
            Op::After(l, n) => {
                let of = &self.loops()[l as usize];
                let inside = of.inside.get(n as usize).and_then(|&i| self.dtype(i));
                says(
                    inside == Some(dtype) && self.dtype(of.go) == Some(Dtype::Bool),
                    "its loop goes on by what is no truth",
                )
            }
        }
    }
}
