//! What is computed rarely: the slow arms of choices.
//!
//! A slow arm often computes in a wider type than the rest: that of an f32 sine in f64. Vectors are as long
//! as the rest allows, then, and the slow arm goes over them in parts, one after the other.

use super::*;

/// A part of vectors, by its number.
#[derive(Clone, Copy)]
pub(super) struct Part(usize);

/// The part that is being computed.
#[derive(Default)]
pub(super) struct Parted {
    part: Option<Part>,
    /// Of each node, whether what is known of it is the part; empty where there never was one.
    own: Vec<bool>,
    /// What was known of those before; and whether the part was taken from it, rather than computed.
    before: Vec<(Id, Known, bool)>,
}

/// The widest type, as a power of two, of what is not computed rarely; of everything, if what is computed
/// rarely cannot be parted from that.
pub(super) fn widest(
    graph: &Graph,
    live: &[bool],
    dtypes: &[Dtype],
    steps: &[schedule::Step],
) -> u8 {
    let mut regions = Regions { graph, region: Vec::new(), choice: Vec::new(), count: 0 };
    let width_in = |id: usize| computed_in(graph, dtypes, id);
    let outputs = graph.outputs().iter().map(|&id| width(dtypes[id as usize]));
    let outputs = outputs.max().unwrap_or(0);
    let all = (0..dtypes.len()).filter(|&id| live[id]).map(width_in);
    let all = all.max().unwrap_or(0).max(outputs);
    if !steps.iter().any(|s| !matches!(s, schedule::Step::Let(_))) {
        return all;
    }
    regions.region = vec![0; dtypes.len()];
    regions.choice = vec![0; dtypes.len()];
    regions.find(steps);
    let often = (0..dtypes.len()).filter(|&id| live[id] && regions.region[id] == 0);
    let often = often.map(width_in).max().unwrap_or(0).max(outputs);
    if often == all || regions.are_parted(live) { often } else { all }
}

/// The widest type that a node is computed in, as a power of two: its own, or that of a constant it is made
/// of, which is as wide as it is read.
fn computed_in(graph: &Graph, dtypes: &[Dtype], id: usize) -> u8 {
    let node = &graph.nodes()[id];
    let constants = node.args.iter().map(|&a| a as usize);
    let constants = constants.filter(|&a| matches!(graph.nodes()[a].op, Op::Const(_)));
    match node.op {
        Op::Const(_) => 0,
        Op::Lookup(_) => width(dtypes[id]),
        _ => constants.chain([id]).map(|id| width(dtypes[id])).max().unwrap_or(0),
    }
}

/// Which nodes are computed rarely, and for which choices.
struct Regions<'a> {
    graph: &'a Graph,
    /// The region of each node, from 1 on.
    region: Vec<u32>,
    /// The region that each choice is made in.
    choice: Vec<u32>,
    count: u32,
}

impl Regions<'_> {
    fn find(&mut self, steps: &[schedule::Step]) {
        for (n, step) in steps.iter().enumerate() {
            match step {
                schedule::Step::Let(_) => {}
                schedule::Step::While(_, turn) => {
                    self.find(&turn.condition);
                    self.find(&turn.body);
                }
                schedule::Step::IfAny(_, inside) if has_loop(inside) => {}
                schedule::Step::IfAny(mask, inside) => {
                    self.count += 1;
                    self.all(inside);
                    for step in &steps[n + 1..] {
                        let schedule::Step::Let(id) = *step else { break };
                        let node = self.graph.node(id);
                        if node.op != Op::Apply(Operation::Slow)
                            || node.args[0] != *mask
                            || node.args[1..].iter().any(|&a| self.choice[a as usize] == self.count)
                        {
                            break;
                        }
                        self.choice[id as usize] = self.count;
                    }
                }
            }
        }
    }

    fn all(&mut self, steps: &[schedule::Step]) {
        for step in steps {
            match step {
                schedule::Step::Let(id) => self.region[*id as usize] = self.count,
                schedule::Step::IfAny(_, inside) => self.all(inside),
                schedule::Step::While(..) => {}
            }
        }
    }

    /// Whether nobody reads what is in a region, but the region itself and its choices their slow arms.
    fn are_parted(&self, live: &[bool]) -> bool {
        let nodes = self.graph.nodes().iter().enumerate().filter(|&(id, _)| live[id]);
        let reads = nodes.flat_map(|(id, node)| {
            node.args.iter().enumerate().map(move |(n, &arg)| (id, n, arg as usize))
        });
        let mut read = reads.filter(|&(.., arg)| self.region[arg] != 0);
        let outputs = self.graph.outputs().iter();
        read.all(|(id, n, arg)| {
            let region = self.region[arg];
            self.region[id] == region || self.choice[id] == region && n == 1
        }) && outputs.clone().all(|&id| self.region[id as usize] == 0)
    }
}

fn has_loop(steps: &[schedule::Step]) -> bool {
    steps.iter().any(|step| match step {
        schedule::Step::Let(_) => false,
        schedule::Step::While(..) => true,
        schedule::Step::IfAny(_, inside) => has_loop(inside),
    })
}

impl Select<'_> {
    /// What is computed only if a truth holds anywhere. The choices that it is computed for come right after
    /// it; they are made with it, so that nothing waits for them where it does not hold. Gives the steps
    /// after those.
    pub(super) fn rarely<'s>(
        &mut self,
        id: Id,
        steps: &[schedule::Step],
        mut rest: &'s [schedule::Step],
    ) -> Result<&'s [schedule::Step], Unsupported> {
        let (mask, width) = self.plain(id)?;
        let mut choices = Vec::new();
        while let Some((&schedule::Step::Let(choice), after)) = rest.split_first() {
            let node = self.graph.node(choice);
            let is_choice = node.op == Op::Apply(Operation::Slow) && node.args[0] == id;
            let of_another =
                choices.iter().any(|c: &(Id, Id, Name, u8)| node.args[1..].contains(&c.0));
            if !is_choice || of_another {
                break;
            }
            self.ready(node.args[2])?;
            let w = self.width_of(choice, node.args[2]);
            let value = self.value_in(node.args[2], w)?;
            let name = self.copy(value);
            choices.push((choice, node.args[1], name, w));
            rest = after;
        }
        let parts = self.parts(steps)?;
        self.push_test(Do::If(width), mask, width);
        let mark = self.enter();
        let around = self.active;
        let mut slow = vec![Vec::new(); choices.len()];
        for number in 0..1 << parts {
            let inner = self.enter();
            let lanes = self.lanes;
            if parts > 0 {
                self.lanes = lanes >> parts;
                self.parted.part = Some(Part(number));
            }
            let (mask, width) = self.plain(id)?;
            self.active = match around {
                Some((name, w)) if parts > 0 => Some((self.part(name, w, Part(number)), w)),
                _ => around,
            };
            self.active = Some(self.narrowed(mask, width));
            self.steps(steps)?;
            for (slow, &(_, id, _, w)) in slow.iter_mut().zip(&choices) {
                slow.push(self.value_in(id, w)?);
            }
            self.leave(inner);
            if parts > 0 {
                self.lanes = lanes;
                self.parted.part = None;
                for (id, known, _) in self.parted.before.drain(..) {
                    self.parted.own[id as usize] = false;
                    self.known[id as usize] = known;
                }
            }
        }
        self.active = around;
        for (slow, &(_, _, name, w)) in slow.into_iter().zip(&choices) {
            let slow = self.join(slow, (self.lanes << w) >> parts);
            let mask = self.truth(id, w)?;
            self.blend_into(name, w, mask, slow);
        }
        self.leave(mark);
        self.push(Do::End, 0, 0, NONE, [NONE; 3]);
        for (choice, _, name, w) in choices {
            self.made(choice, w, name, false);
        }
        Ok(rest)
    }

    /// In how many parts steps are to be computed, as a power of two; sees to the inputs that they read.
    fn parts(&mut self, steps: &[schedule::Step]) -> Result<u8, Unsupported> {
        let fit = (self.program.target.bytes() / self.lanes).trailing_zeros() as u8;
        let mut widest = fit;
        let mut left: Vec<&schedule::Step> = steps.iter().collect();
        let mut inputs = Vec::new();
        while let Some(step) = left.pop() {
            match step {
                schedule::Step::Let(id) => {
                    widest = widest.max(computed_in(self.graph, &self.dtypes, *id as usize));
                    inputs.extend(self.graph.node(*id).args.iter().copied());
                }
                schedule::Step::IfAny(_, inside) => left.extend(inside),
                schedule::Step::While(..) => {}
            }
        }
        if widest > fit {
            inputs.retain(|&id| matches!(self.graph.node(id).op, Op::Input(_)));
            for id in inputs {
                self.ready(id)?;
            }
        }
        Ok(widest - fit)
    }

    /// Part of a vector of elements of this width, or of a truth.
    fn part(&mut self, name: Name, width: u8, part: Part) -> Name {
        self.starting_at(name, width, self.lanes * part.0)
    }

    /// A vector of parts of so many bytes, or a truth of parts of so many lanes.
    fn join(&mut self, mut parts: Vec<Name>, mut count: usize) -> Name {
        while parts.len() > 1 {
            let pairs = parts.chunks_exact(2);
            parts = pairs.map(|pair| self.joined(pair[0], pair[1], count)).collect();
            count *= 2;
        }
        parts.first().copied().unwrap_or(NONE)
    }

    /// If a part is being computed: sees to it that what is known of a node is that part.
    pub(super) fn localise(&mut self, id: Id) -> Result<(), Unsupported> {
        let Some(part) = self.parted.part else { return Ok(()) };
        let own = self.parted.own.get(id as usize).is_some_and(|own| *own);
        if own || matches!(self.graph.node(id).op, Op::Const(_)) {
            return Ok(());
        }
        // Of what comes out of a loop before this.
        self.parted.part = None;
        let ready = self.ready(id);
        self.parted.part = Some(part);
        ready?;
        let before = self.known[id as usize];
        let dtype = self.dtypes[id as usize];
        let w = if dtype == Dtype::Bool { before.width } else { width(dtype) };
        let at = before.width as usize;
        let name = self.part(before.names[at], w, part);
        self.own(id, true);
        let known = &mut self.known[id as usize];
        known.names = [NONE; 4];
        known.names[at] = name;
        Ok(())
    }

    /// What is known of a node from here on is the part that is being computed, if any.
    pub(super) fn own(&mut self, id: Id, taken: bool) {
        if self.parted.part.is_none() {
            return;
        }
        let nodes = self.dtypes.len();
        let Parted { own, before, .. } = &mut self.parted;
        own.resize(nodes, false);
        if !std::mem::replace(&mut own[id as usize], true) {
            before.push((id, self.known[id as usize], taken));
        }
    }

    /// How many nodes have parts of their own.
    pub(super) fn owned(&self) -> usize {
        self.parted.before.len()
    }

    /// Forgets the parts that were taken since there were so many.
    pub(super) fn forget_taken(&mut self, since: usize) {
        let Parted { own, before, .. } = &mut self.parted;
        let mut kept = since;
        for n in since..before.len() {
            let (id, known, taken) = before[n];
            if taken {
                own[id as usize] = false;
                self.known[id as usize] = known;
            } else {
                before[kept] = before[n];
                kept += 1;
            }
        }
        before.truncate(kept);
    }
}
