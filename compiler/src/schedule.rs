//! An order to compute a typed graph in: steps, with loops and slow paths as regions of their own.
//!
//! A node stands in the innermost loop whose values it depends on, so what does not change in a loop is
//! computed before it. Among the nodes of one region, those that only the slow arms of
//! [`Operation::Slow`] need stand in a region that is skipped where the truth holds nowhere.

use hashbrown::HashMap;
use lanefn_kernels::lanes::traced::Operation;

use crate::graph::{Graph, Id, LoopId, Node, Op};

/// What is done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Compute a node from others.
    Let(Id),
    /// Go round a loop until no lane is left. Its `inside` values begin as the `firsts`; after it, they
    /// are the values of its [`Op::After`] nodes.
    While(LoopId, Turn),
    /// Compute what follows if the node, a truth, holds in any lane. Nobody reads it where it does not.
    IfAny(Id, Vec<Step>),
}

/// One turn of a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Up to the condition.
    pub condition: Vec<Step>,
    /// From there to the next values.
    pub body: Vec<Step>,
}

/// The steps that compute the outputs of a typed graph. Inputs, constants and the values inside loops
/// are no steps: they are there.
pub fn schedule(graph: &Graph) -> Vec<Step> {
    let n = graph.nodes().len();
    let slow = |node: &Node| node.op == Op::Apply(Operation::Slow);
    if graph.loops().is_empty() && !graph.nodes().iter().any(slow) {
        // The order that there is.
        let live = graph.live();
        let steps = graph.nodes().iter().zip(live).enumerate();
        return steps
            .filter(|(_, (n, live))| *live && !matches!(n.op, Op::Input(_) | Op::Const(_)))
            .map(|(id, _)| Step::Let(id as Id))
            .collect();
    }
    let mut places = Places {
        graph,
        live: graph.live(),
        home: vec![None; n],
        owner: vec![None; n],
        groups: Vec::new(),
        group_of: vec![None; n],
        members: HashMap::new(),
    };
    places.homes();
    places.group_slow_arms();
    places.owners();
    for id in (0..n).filter(|&id| places.live[id]) {
        let region = (places.home[id], places.owner[id]);
        places.members.entry(region).or_default().push(id as Id);
    }
    places.steps(None, None, &vec![true; n])
}

/// Slow arms that are entered together: neighbours with one truth.
struct Group {
    /// The truth.
    mask: Id,
    /// The nodes [`Operation::Slow`].
    slow: Vec<Id>,
    /// The group within whose region they stand.
    outer: Option<usize>,
    /// How many groups that is deep.
    depth: usize,
}

struct Places<'a> {
    graph: &'a Graph,
    live: Vec<bool>,
    /// The innermost loop that a node depends on.
    home: Vec<Option<LoopId>>,
    /// The innermost group that a node is computed for alone.
    owner: Vec<Option<usize>>,
    groups: Vec<Group>,
    /// The group of each node [`Operation::Slow`].
    group_of: Vec<Option<usize>>,
    /// The nodes of each region: those that stand in a loop and are computed for a group.
    members: HashMap<(Option<LoopId>, Option<usize>), Vec<Id>>,
}

impl Places<'_> {
    fn depth(&self, mut of: Option<LoopId>) -> usize {
        let mut depth = 0;
        while let Some(l) = of {
            depth += 1;
            of = self.graph.loops()[l as usize].parent;
        }
        depth
    }

    fn homes(&mut self) {
        // What stands outside each loop and is read inside it: the loop stands no further out.
        let mut outer: Vec<Option<LoopId>> = vec![None; self.graph.loops().len()];
        for (id, node) in self.graph.nodes().iter().enumerate() {
            let home = match node.op {
                Op::Inside(l, _) => {
                    outer[l as usize] =
                        self.inner(outer[l as usize], self.home[node.args[0] as usize]);
                    Some(l)
                }
                Op::After(l, _) => {
                    let args = node.args.iter().map(|&a| self.home[a as usize]);
                    args.filter(|&h| h != Some(l)).fold(outer[l as usize], |a, b| self.inner(a, b))
                }
                _ => {
                    let args = node.args.iter().map(|&a| self.home[a as usize]);
                    let home = args.fold(None, |a, b| self.inner(a, b));
                    if let Some(l) = home {
                        for &a in node.args.iter().filter(|&&a| self.home[a as usize] != home) {
                            outer[l as usize] =
                                self.inner(outer[l as usize], self.home[a as usize]);
                        }
                    }
                    home
                }
            };
            self.home[id] = home;
        }
    }

    /// The inner one of two loops, of which one stands in the other.
    fn inner(&self, a: Option<LoopId>, b: Option<LoopId>) -> Option<LoopId> {
        if self.depth(a) >= self.depth(b) { a } else { b }
    }

    fn group_slow_arms(&mut self) {
        let mut last: Option<usize> = None;
        for (id, node) in self.graph.nodes().iter().enumerate() {
            if !self.live[id] || node.op != Op::Apply(Operation::Slow) {
                // Neighbours are next to each other, but for dead nodes.
                last = last.filter(|_| !self.live[id]);
                continue;
            }
            let mask = node.args[0];
            let joins = |g: &Group| {
                g.mask == mask
                    && self.home[g.slow[0] as usize] == self.home[id]
                    && !g.slow.contains(&node.args[1])
                    && !g.slow.contains(&node.args[2])
            };
            let group = match last.filter(|&g| joins(&self.groups[g])) {
                Some(g) => g,
                None => {
                    self.groups.push(Group { mask, slow: Vec::new(), outer: None, depth: 0 });
                    self.groups.len() - 1
                }
            };
            self.groups[group].slow.push(id as Id);
            self.group_of[id] = Some(group);
            last = Some(group);
        }
    }

    /// The innermost group that holds both.
    fn common(&self, mut a: Option<usize>, mut b: Option<usize>) -> Option<usize> {
        while a != b {
            let depth = |g: Option<usize>| g.map_or(0, |g| self.groups[g].depth + 1);
            let deeper = if depth(a) >= depth(b) { &mut a } else { &mut b };
            *deeper = deeper.and_then(|g| self.groups[g].outer);
        }
        a
    }

    fn owners(&mut self) {
        // The nodes of a group stand in one region, around all that they are needed in. What the later ones
        // turn out to need is known to the earlier ones in the next round alone.
        let mut outer = vec![None; self.groups.len()];
        loop {
            let known = outer.clone();
            self.round(&mut outer);
            if outer == known {
                return;
            }
        }
    }

    /// Finds the owners, given in which group's region each group stands at the innermost, as far as that
    /// is known.
    fn round(&mut self, outer: &mut [Option<Option<usize>>]) {
        let graph = self.graph;
        let n = graph.nodes().len();
        // Users come after what they use: backwards, each node has heard from all of its users.
        let mut heard: Vec<Option<Option<usize>>> = vec![None; n];
        let mut loops: Vec<Option<Option<usize>>> = vec![None; graph.loops().len()];
        for &output in graph.outputs() {
            heard[output as usize] = Some(None);
        }
        for id in (0..n).rev().filter(|&id| self.live[id]) {
            let owner = heard[id].unwrap_or(None);
            self.owner[id] = owner;
            let node = &graph.nodes()[id];
            if let Op::After(l, _) = node.op {
                let l = &mut loops[l as usize];
                *l = Some(match *l {
                    None => owner,
                    Some(other) => self.common(owner, other),
                });
            }
            if let Some(group) = self.group_of[id] {
                let owner = outer[group].map_or(owner, |other| self.common(other, owner));
                outer[group] = Some(owner);
                self.owner[id] = owner;
                let depth = owner.map_or(0, |o| self.groups[o].depth + 1);
                self.groups[group].outer = owner;
                self.groups[group].depth = depth;
            }
            for (n, &arg) in node.args.iter().enumerate() {
                let mut says = match self.group_of[id] {
                    Some(group) if n == 1 => Some(group),
                    _ => self.owner[id],
                };
                // What stands outside of the user's loop is used by that loop.
                let mut inside = self.home[id];
                if !matches!(node.op, Op::After(..)) {
                    while inside != self.home[arg as usize]
                        && let Some(l) = inside
                    {
                        says = loops[l as usize].unwrap_or(None);
                        inside = self.loop_home(l);
                    }
                } else if self.home[arg as usize] != self.home[id] {
                    // The loop's own condition and body.
                    says = None;
                }
                let arg = &mut heard[arg as usize];
                *arg = Some(match *arg {
                    None => says,
                    Some(other) => self.common(says, other),
                });
            }
        }
        // A loop is gone round once, for all of its values.
        for (l, of) in graph.loops().iter().enumerate() {
            for &after in &of.after {
                self.owner[after as usize] = loops[l].flatten();
            }
        }
    }

    /// The loop that a loop's values stand in, after it.
    fn loop_home(&self, l: LoopId) -> Option<LoopId> {
        let after = self.graph.loops()[l as usize].after.first();
        after.and_then(|&id| self.home[id as usize])
    }

    /// The steps of the chosen nodes that stand in this loop and are computed for this group.
    fn steps(&self, home: Option<LoopId>, group: Option<usize>, chosen: &[bool]) -> Vec<Step> {
        let mut steps = Vec::new();
        let members = self.members.get(&(home, group)).map(Vec::as_slice).unwrap_or_default();
        for &id in members.iter().filter(|&&id| chosen[id as usize]) {
            // A group is entered before the first of its choices.
            if let Some(g) = self.group_of[id as usize]
                && self.groups[g].slow.iter().find(|&&s| chosen[s as usize]) == Some(&id)
            {
                let inside = self.steps(home, Some(g), chosen);
                if !inside.is_empty() {
                    steps.push(Step::IfAny(self.groups[g].mask, inside));
                }
            }
            match self.graph.node(id).op {
                Op::Input(_) | Op::Const(_) | Op::Inside(..) => {}
                Op::After(l, _) => {
                    // Once, for all of its values.
                    let all = &self.graph.loops()[l as usize].after;
                    let first = all.iter().find(|&&a| self.live[a as usize] && chosen[a as usize]);
                    if first == Some(&id) {
                        steps.push(Step::While(l, self.turn(l)));
                    }
                }
                _ => steps.push(Step::Let(id)),
            }
        }
        steps
    }

    fn turn(&self, l: LoopId) -> Turn {
        let n = self.graph.nodes().len();
        let mut before = vec![false; n];
        before[self.graph.loops()[l as usize].go as usize] = true;
        for id in (0..n).rev() {
            if before[id] {
                for &a in &self.graph.nodes()[id].args {
                    before[a as usize] = true;
                }
            }
        }
        let after: Vec<bool> = before.iter().map(|b| !b).collect();
        Turn {
            condition: self.steps(Some(l), None, &before),
            body: self.steps(Some(l), None, &after),
        }
    }
}
