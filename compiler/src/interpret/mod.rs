//! The interpreter: a typed graph as a list of loops, each over a block that stays in L1.
//!
//! ```text
//! for each block of the run:
//!     for each step: the loop of its operation or function, from slots, inputs and constants to a slot
//!     slots -> outputs
//! ```
//!
//! It runs every graph on every level, with the bits that machine code has: its loops are those of the
//! lanes. Functions that are more than a few operations stay whole.

mod steps;

use std::cell::{Cell, RefCell};

use lanefn_kernels::{
    lanes::{Dtype, traced::Operation},
    level::Level,
    loops::{Input, Loop, MAX_INPUTS, MAX_OUTPUTS},
};
use smallvec::SmallVec;

use crate::{
    graph::{Graph, Id, Op, Unsound},
    leave::{ask, counted},
    schedule::{Step, schedule},
    vocabulary::Vocabulary,
};

/// Why a graph can't be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// More operands than a call may have.
    #[error(
        "a function has at most {MAX_INPUTS} inputs and {MAX_OUTPUTS} outputs, not {nin} and {nout}"
    )]
    Operands {
        /// Its inputs.
        nin: usize,
        /// Its outputs.
        nout: usize,
    },
    /// A graph that is not typed, or does not fit together.
    #[error(transparent)]
    Unsound(#[from] Unsound),
    /// A node that nothing can compute.
    #[error("node {node} can't be computed: there is no {what}")]
    Missing {
        /// The node.
        node: Id,
        /// The operation or function on its dtypes.
        what: String,
    },
}

/// Bytes of all slots together, if each were of the widest dtype: about an L1.
const SLOTS_BYTES: usize = 32 << 10;

/// Elements of a block at most and at least.
const BLOCK: (usize, usize) = (1024, 64);

/// Elements of a block if there are loops: all of it goes round until its last element is done.
const LOOPING_BLOCK: usize = 128;

/// How many times loops go round from one question whether to leave them to the next: some microseconds each.
const PATIENCE: usize = 64;

/// Bytes between slots beyond their own, so that they do not lie at one place of a page.
const GAP: usize = 128;

/// Where an operand of a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Slot(u32),
    Input(u32),
    /// A constant, by its place among them.
    Const(u32),
}

#[derive(Clone, Debug)]
enum Code {
    /// A loop from places to slots.
    Run { of: &'static Loop, from: SmallVec<[Place; 3]>, to: SmallVec<[u32; 1]> },
    /// Entries of a table.
    Lookup { table: u32, size: usize, index: Place, wide: bool, to: u32 },
    /// Steps that are skipped unless the truth holds for any element.
    IfAny { mask: Place, steps: Vec<Code> },
    /// Steps that are gone round while the truth holds for any element.
    While {
        /// Copies that begin it, to the carried values.
        enter: Vec<Code>,
        /// Elements that are not done yet.
        active: u32,
        condition: Vec<Code>,
        go: Place,
        body: Vec<Code>,
        /// Copies of carried values that others become.
        aside: Vec<Code>,
        /// The next values, where the element is not done.
        next: Vec<Code>,
    },
}

/// A typed graph as a list of loops.
#[derive(Clone, Debug)]
pub struct Interpreted {
    codes: Vec<Code>,
    constants: Vec<u64>,
    tables: Vec<Vec<u64>>,
    /// Of each output: where it is, and its dtype.
    outputs: SmallVec<[(Place, Dtype); 2]>,
    inputs: SmallVec<[Dtype; 4]>,
    slots: usize,
    block: usize,
    /// Bytes from one slot to the next.
    pitch: usize,
    /// Whether the last step may write the only output where it belongs.
    direct: bool,
}

impl Interpreted {
    /// The list for a typed graph that passes [`Graph::check`].
    ///
    /// # Errors
    /// [`RunError`].
    pub(crate) fn new(graph: &Graph, vocabulary: &dyn Vocabulary) -> Result<Interpreted, RunError> {
        let (nin, nout) = (graph.inputs().len(), graph.outputs().len());
        if nin > MAX_INPUTS || nout > MAX_OUTPUTS || nout == 0 {
            return Err(RunError::Operands { nin, nout });
        }
        let steps = schedule(graph);
        let mut writer = Writer {
            graph,
            vocabulary,
            place: vec![None; graph.nodes().len()],
            last: vec![0; graph.nodes().len()],
            now: 0,
            free: Vec::new(),
            slots: 0,
            constants: Vec::new(),
            held: 0,
            joined: vec![None; graph.nodes().len()],
            skipped: vec![false; graph.nodes().len()],
        };
        for (id, node) in graph.nodes().iter().enumerate() {
            writer.place[id] = match node.op {
                Op::Input(n) => Some(Place::Input(n)),
                Op::Const(bits) => {
                    writer.constants.push(bits);
                    Some(Place::Const(writer.constants.len() as u32 - 1))
                }
                _ => None,
            };
        }
        writer.join_choices();
        writer.uses(&steps);
        for &output in graph.outputs() {
            writer.last[output as usize] = usize::MAX;
        }
        writer.now = 0;
        let mut codes = writer.steps(&steps)?;
        // Outputs may lie over inputs: what is an input and an output goes by way of a slot, so that all is
        // read before any is written. An only output is written by one loop, which does so itself.
        if nout > 1 {
            for &output in graph.outputs() {
                if let Some(Place::Input(_)) = writer.place[output as usize] {
                    let slot = writer.slot();
                    codes.push(writer.copy(output, slot));
                    writer.place[output as usize] = Some(Place::Slot(slot));
                }
            }
        }
        let outputs: SmallVec<[(Place, Dtype); 2]> = graph
            .outputs()
            .iter()
            .map(|&o| (writer.placed(o), graph.dtype(o).unwrap_or(Dtype::F64)))
            .collect();
        let looping = codes.iter().any(|c| matches!(c, Code::While { .. }));
        let slots = writer.slots.max(1) as usize;
        let fits = SLOTS_BYTES / (8 * slots);
        let block = fits.clamp(BLOCK.1, if looping { LOOPING_BLOCK } else { BLOCK.0 }) / 64 * 64;
        let direct = match (&outputs[..], codes.last()) {
            ([(Place::Slot(out), _)], Some(Code::Run { to, .. })) => to[..] == [*out],
            _ => false,
        };
        Ok(Interpreted {
            constants: writer.constants,
            tables: graph.tables().iter().map(|t| t.entries.clone()).collect(),
            outputs,
            inputs: graph.inputs().iter().map(|i| i.dtype.unwrap_or(Dtype::F64)).collect(),
            slots,
            block,
            pitch: block * 8 + GAP,
            direct,
            codes,
        })
    }

    /// Elements that go through all steps at a time.
    pub fn block_length(&self) -> usize {
        self.block
    }

    /// The steps of a block; those of loops and rare cases are counted once.
    pub fn steps(&self) -> usize {
        fn count(codes: &[Code]) -> usize {
            let each = codes.iter().map(|code| match code {
                Code::Run { .. } | Code::Lookup { .. } => 1,
                Code::IfAny { steps, .. } => count(steps),
                Code::While { enter, condition, body, aside, next, .. } => {
                    [enter, condition, body, aside, next].into_iter().map(|c| count(c)).sum()
                }
            });
            each.sum()
        }
        count(&self.codes)
    }

    /// Computes `n` elements of each output.
    ///
    /// # Safety
    /// As for [`lanefn_kernels::loops::InnerLoop`]; the level is present.
    pub unsafe fn run(&self, level: Level, inputs: &[Input], outputs: &[*mut u8], n: usize) {
        thread_local! {
            /// Slots, kept from one call to the next.
            static ROOM: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
        }
        ROOM.with(|room| {
            // Nothing that is run here runs a graph itself, but who knows a signal handler.
            let mut own = Vec::new();
            let mut kept = room.try_borrow_mut();
            let room = kept.as_deref_mut().unwrap_or(&mut own);
            room.resize((self.slots * self.pitch).div_ceil(8).max(room.len()), 0);
            let mut run = Running {
                of: self,
                level,
                slots: room.as_mut_ptr().cast(),
                inputs: [Input { at: std::ptr::null(), scalar: true }; MAX_INPUTS],
                direct: std::ptr::null_mut(),
                n: 0,
                turns: Cell::new(0),
            };
            run.inputs[..inputs.len()].copy_from_slice(inputs);
            let mut to = [std::ptr::null_mut(); MAX_OUTPUTS];
            to[..outputs.len()].copy_from_slice(outputs);
            let mut left = n;
            while left > 0 {
                run.n = left.min(self.block);
                left -= run.n;
                counted(PATIENCE, |turns| {
                    run.turns.set(turns);
                    // SAFETY: the caller's promise: `run.n` elements of each operand are here.
                    unsafe { run.block(&to[..outputs.len()]) };
                    run.turns.get()
                });
                for (input, dtype) in run.inputs.iter_mut().zip(&self.inputs) {
                    if !input.scalar {
                        input.at = input.at.wrapping_add(run.n * dtype.size());
                    }
                }
                for (to, (_, dtype)) in to.iter_mut().zip(&self.outputs) {
                    *to = to.wrapping_add(run.n * dtype.size());
                }
            }
        });
    }

    /// Elements that go through the steps together.
    pub fn block(&self) -> usize {
        self.block
    }
}

// ---- running --------------------------------------------------------------------------------------

struct Running<'a> {
    of: &'a Interpreted,
    level: Level,
    slots: *mut u8,
    inputs: [Input; MAX_INPUTS],
    /// Where the last step writes, if that is the output.
    direct: *mut u8,
    n: usize,
    /// Turns of loops until the next question.
    turns: Cell<usize>,
}

impl Running<'_> {
    fn slot(&self, slot: u32) -> *mut u8 {
        self.slots.wrapping_add(slot as usize * self.of.pitch)
    }

    fn at(&self, place: Place) -> Input {
        match place {
            Place::Slot(slot) => Input { at: self.slot(slot), scalar: false },
            Place::Input(n) => self.inputs[n as usize],
            Place::Const(n) => {
                let at = &raw const self.of.constants[n as usize];
                Input { at: at.cast(), scalar: true }
            }
        }
    }

    /// # Safety
    /// `n` elements of each operand are here, and as [`Interpreted::run`] says.
    unsafe fn block(&mut self, to: &[*mut u8]) {
        let (last, before) = match self.of.codes.split_last() {
            Some((last, before)) if self.of.direct => (Some(last), before),
            _ => (None, &self.of.codes[..]),
        };
        // SAFETY: the caller's promise.
        unsafe { self.steps(before) };
        if let Some(last) = last {
            self.direct = to[0];
            // SAFETY: as above; nothing reads an input after this, over which it may write.
            unsafe { self.steps(std::slice::from_ref(last)) };
            self.direct = std::ptr::null_mut();
            return;
        }
        for (&(place, dtype), &to) in self.of.outputs.iter().zip(to) {
            let inner = steps::moving(dtype).inner(self.level);
            // SAFETY: as above. What is read is a slot or a constant, which no output lies over, or the
            // input of the only output.
            unsafe { inner(&[self.at(place)], &[to], self.n) };
        }
    }

    /// # Safety
    /// As for [`Running::block`].
    unsafe fn steps(&self, codes: &[Code]) {
        for code in codes {
            match code {
                Code::Run { of, from, to } => {
                    let mut inputs = [Input { at: std::ptr::null(), scalar: true }; MAX_INPUTS];
                    for (input, &place) in inputs.iter_mut().zip(from) {
                        *input = self.at(place);
                    }
                    let mut outputs = [std::ptr::null_mut(); MAX_OUTPUTS];
                    for (output, &slot) in outputs.iter_mut().zip(to) {
                        *output = self.slot(slot);
                    }
                    if !self.direct.is_null() {
                        outputs[0] = self.direct;
                    }
                    // SAFETY: slots hold a block of elements of any dtype; what is read was written by
                    // an earlier step, or is an input or a constant.
                    unsafe {
                        of.inner(self.level)(&inputs[..from.len()], &outputs[..to.len()], self.n);
                    }
                }
                Code::Lookup { table, size, index, wide, to } => {
                    let table = &self.of.tables[*table as usize];
                    let (index, to) = (self.at(*index), self.slot(*to));
                    match wide {
                        // SAFETY: an index for each element, of u64 as was found when the list was written, and
                        // a slot with room for what is found.
                        true => unsafe { self.lookup::<u64>(table, *size, index, to) },
                        // SAFETY: as above; what is no u64 is a u32, or the graph would not have been sound.
                        false => unsafe { self.lookup::<u32>(table, *size, index, to) },
                    }
                }
                Code::IfAny { mask, steps } => {
                    // SAFETY: bools that an earlier step wrote.
                    if unsafe { self.any(self.at(*mask)) } {
                        // SAFETY: as above.
                        unsafe { self.steps(steps) };
                    }
                }
                Code::While { enter, active, condition, go, body, aside, next } => {
                    let all = self.slot(*active);
                    // SAFETY: a slot holds a block.
                    unsafe { std::ptr::write_bytes(all, 1, self.n) };
                    let active = Input { at: all, scalar: false };
                    // SAFETY: as above.
                    unsafe { self.steps(enter) };
                    loop {
                        // SAFETY: as above.
                        unsafe { self.steps(condition) };
                        let and =
                            steps::step(Operation::And, Dtype::Bool, &[Dtype::Bool, Dtype::Bool]);
                        if let Some(and) = and {
                            // SAFETY: bools; what is written is one of those that are read.
                            unsafe {
                                and.inner(self.level)(&[active, self.at(*go)], &[all], self.n);
                            }
                        }
                        // SAFETY: bools.
                        if !unsafe { self.any(active) } {
                            break;
                        }
                        // SAFETY: as above.
                        unsafe {
                            self.steps(body);
                            self.steps(aside);
                            self.steps(next);
                        }
                        if self.leaves() {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Whether to leave a loop after this turn.
    fn leaves(&self) -> bool {
        let left = self.turns.get() - 1;
        self.turns.set(if left == 0 { ask(PATIENCE) } else { left });
        left == 0 && self.turns.get() == 1
    }

    /// Whether any of the bools is true.
    ///
    /// # Safety
    /// `n` bools, or a scalar one, are there.
    unsafe fn any(&self, mask: Input) -> bool {
        let n = if mask.scalar { 1 } else { self.n };
        // SAFETY: the caller's promise; a bool is a byte.
        let bytes = unsafe { std::slice::from_raw_parts(mask.at, n) };
        bytes.iter().fold(0, |all, b| all | b) != 0
    }

    /// # Safety
    /// An index, or a scalar one, for each of `n` elements; room for as many of `size` bytes.
    unsafe fn lookup<I: Into<u64>>(&self, table: &[u64], size: usize, index: Input, to: *mut u8) {
        for i in 0..self.n {
            let at = if index.scalar { 0 } else { i };
            // SAFETY: the caller's promise.
            let index: u64 = unsafe { index.at.cast::<I>().add(at).read_unaligned() }.into();
            let last = table.len().saturating_sub(1) as u64;
            let entry = table.get(index.min(last) as usize).copied().unwrap_or(0).to_le_bytes();
            // SAFETY: as above; an entry has at most 8 bytes.
            unsafe { std::ptr::copy_nonoverlapping(entry.as_ptr(), to.add(i * size), size) };
        }
    }
}

// ---- writing the list -----------------------------------------------------------------------------

struct Writer<'a> {
    graph: &'a Graph,
    vocabulary: &'a dyn Vocabulary,
    place: Vec<Option<Place>>,
    /// When each node is read for the last time, in steps. A step in a loop is at the loop's end for
    /// what comes from outside.
    last: Vec<usize>,
    now: usize,
    free: Vec<u32>,
    slots: u32,
    constants: Vec<u64>,
    /// Loops and slow paths under way, in which nothing from outside is given up.
    held: usize,
    /// Choices that make the comparison that they depend on themselves: the loop, and what it reads.
    joined: Vec<Option<(&'static Loop, [Id; 4])>>,
    /// Comparisons that only such choices need.
    skipped: Vec<bool>,
}

impl Writer<'_> {
    /// Finds choices by a comparison of the dtype they choose from.
    fn join_choices(&mut self) {
        let graph = self.graph;
        let live = graph.live();
        let mut needed = vec![false; graph.nodes().len()];
        for (id, node) in graph.nodes().iter().enumerate().filter(|(id, _)| live[*id]) {
            if node.op == Op::Apply(Operation::Select) {
                let (truth, [mut yes, mut no]) = (node.args[0], [node.args[1], node.args[2]]);
                let compared = graph.node(truth);
                if let Op::Apply(mut operation) = compared.op
                    && compared.args.len() == 2
                    && graph.dtype(compared.args[0]) == graph.dtype(id as Id)
                {
                    if operation == Operation::Ne {
                        (operation, yes, no) = (Operation::Eq, no, yes);
                    }
                    if let Some(of) = steps::comparing(operation, self.dtype(id as Id)) {
                        self.joined[id] = Some((of, [compared.args[0], compared.args[1], yes, no]));
                        continue;
                    }
                }
            }
            for &arg in &node.args {
                needed[arg as usize] = true;
            }
        }
        for &output in graph.outputs() {
            needed[output as usize] = true;
        }
        for l in graph.loops() {
            needed[l.go as usize] = true;
            for &next in &l.nexts {
                needed[next as usize] = true;
            }
        }
        for (id, _) in self.joined.iter().enumerate().filter(|(_, j)| j.is_some()) {
            let truth = graph.node(id as Id).args[0] as usize;
            self.skipped[truth] = !needed[truth];
        }
    }

    /// What a node reads.
    fn reads(&self, id: Id) -> SmallVec<[Id; 4]> {
        match self.joined[id as usize] {
            Some((_, args)) => args.into_iter().collect(),
            None => self.graph.node(id).args.iter().copied().collect(),
        }
    }

    /// When nodes are read: counts as [`Writer::steps`] does.
    fn uses(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Let(id) => {
                    self.now += 1;
                    if !self.skipped[*id as usize] {
                        for a in self.reads(*id) {
                            self.last[a as usize] = self.now;
                        }
                    }
                }
                Step::IfAny(mask, inner) => {
                    self.now += 1;
                    self.last[*mask as usize] = self.now;
                    self.uses(inner);
                }
                Step::While(l, turn) => {
                    let begin = self.now;
                    self.uses(&turn.condition);
                    self.uses(&turn.body);
                    self.now += 1;
                    // Whatever is read in the loop is needed until its end.
                    for last in self.last.iter_mut().filter(|last| **last > begin) {
                        *last = self.now;
                    }
                    let of = &self.graph.loops()[*l as usize];
                    let all = of.firsts.iter().chain(&of.nexts).chain(&of.inside);
                    for &id in all.chain(std::iter::once(&of.go)) {
                        self.last[id as usize] = self.now;
                    }
                }
            }
        }
    }

    fn placed(&self, id: Id) -> Place {
        self.place[id as usize].unwrap_or(Place::Const(0))
    }

    fn slot(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            self.slots - 1
        })
    }

    fn dtype(&self, id: Id) -> Dtype {
        self.graph.dtype(id).unwrap_or(Dtype::F64)
    }

    /// Slots of what is not read any more are free again, once the step has its own.
    fn give_up(&mut self, args: &[Id]) {
        for (n, &a) in args.iter().enumerate() {
            if let Some(Place::Slot(slot)) = self.place[a as usize]
                && self.last[a as usize] <= self.now
                && !args[..n].contains(&a)
            {
                self.free.push(slot);
            }
        }
    }

    fn steps(&mut self, steps: &[Step]) -> Result<Vec<Code>, RunError> {
        let mut codes = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::Let(id) => {
                    self.now += 1;
                    if self.place[*id as usize].is_some() || self.skipped[*id as usize] {
                        // Another output of a call that has been made, or a part of a choice.
                        continue;
                    }
                    codes.push(self.one(*id, &steps[at..])?);
                }
                Step::IfAny(mask, inner) => {
                    self.now += 1;
                    let mask = self.placed(*mask);
                    self.held += 1;
                    let steps = self.steps(inner)?;
                    self.held -= 1;
                    codes.push(Code::IfAny { mask, steps });
                }
                Step::While(l, turn) => {
                    let graph = self.graph;
                    let of = &graph.loops()[*l as usize];
                    let active = self.slot();
                    let mut enter = Vec::new();
                    for (&inside, &first) in of.inside.iter().zip(&of.firsts) {
                        let slot = self.slot();
                        enter.push(self.copy(first, slot));
                        self.place[inside as usize] = Some(Place::Slot(slot));
                    }
                    self.held += 1;
                    let condition = self.steps(&turn.condition)?;
                    let body = self.steps(&turn.body)?;
                    self.held -= 1;
                    self.now += 1;
                    let (mut aside, mut next) = (Vec::new(), Vec::new());
                    for (&inside, &becomes) in of.inside.iter().zip(&of.nexts) {
                        let mut from = self.placed(becomes);
                        if inside == becomes {
                            continue;
                        }
                        if of.inside.contains(&becomes) {
                            let slot = self.slot();
                            aside.push(self.copy(becomes, slot));
                            from = Place::Slot(slot);
                        }
                        let Place::Slot(to) = self.placed(inside) else { continue };
                        next.push(Code::Run {
                            of: steps::choosing(self.dtype(inside)),
                            from: [Place::Slot(active), from, Place::Slot(to)]
                                .into_iter()
                                .collect(),
                            to: [to].into_iter().collect(),
                        });
                    }
                    for (&after, &inside) in of.after.iter().zip(&of.inside) {
                        self.place[after as usize] = self.place[inside as usize];
                    }
                    let go = self.placed(of.go);
                    codes.push(Code::While { enter, active, condition, go, body, aside, next });
                }
            }
        }
        Ok(codes)
    }

    fn copy(&self, from: Id, to: u32) -> Code {
        Code::Run {
            of: steps::moving(self.dtype(from)),
            from: [self.placed(from)].into_iter().collect(),
            to: [to].into_iter().collect(),
        }
    }

    fn one(&mut self, id: Id, rest: &[Step]) -> Result<Code, RunError> {
        let graph = self.graph;
        let node = graph.node(id);
        let dtype = self.dtype(id);
        let args: SmallVec<[Dtype; 3]> = node.args.iter().map(|&a| self.dtype(a)).collect();
        let from: SmallVec<[Place; 3]> = node.args.iter().map(|&a| self.placed(a)).collect();
        let missing = |what: &str| {
            let args: Vec<&str> = args.iter().map(|d| d.name()).collect();
            RunError::Missing { node: id, what: format!("{what} of ({})", args.join(", ")) }
        };
        // The step's own slot is none of those that it reads: loops may read after they write.
        let to = self.slot();
        self.place[id as usize] = Some(Place::Slot(to));
        let code = match node.op {
            _ if let Some((of, args)) = self.joined[id as usize] => Code::Run {
                of,
                from: args.iter().map(|&a| self.placed(a)).collect(),
                to: [to].into_iter().collect(),
            },
            Op::Apply(operation) => Code::Run {
                of: steps::step(operation, dtype, &args)
                    .ok_or_else(|| missing(operation.name()))?,
                from,
                to: [to].into_iter().collect(),
            },
            Op::Call(name, output) => {
                let of = self.vocabulary.exactly(name, &args).ok_or_else(|| missing(name))?;
                // The call's other outputs come with it.
                let mut slots: SmallVec<[u32; 1]> = SmallVec::new();
                let mut unread: SmallVec<[u32; 1]> = SmallVec::new();
                for k in 0..of.outputs.len() {
                    if k == output as usize {
                        slots.push(to);
                        continue;
                    }
                    let other = rest.iter().find_map(|s| match s {
                        Step::Let(i)
                            if graph.node(*i).op == Op::Call(name, k as u8)
                                && graph.node(*i).args == node.args =>
                        {
                            Some(*i)
                        }
                        _ => None,
                    });
                    let slot = self.slot();
                    slots.push(slot);
                    match other.filter(|&o| self.place[o as usize].is_none()) {
                        Some(other) => self.place[other as usize] = Some(Place::Slot(slot)),
                        None => unread.push(slot),
                    }
                }
                self.free.extend(unread);
                Code::Run { of, from, to: slots }
            }
            Op::Lookup(table) => {
                let wide = self.graph.dtype(self.graph.node(id).args[0]) == Some(Dtype::U64);
                Code::Lookup { table, size: dtype.size(), index: from[0], wide, to }
            }
            _ => return Err(missing("such step")),
        };
        // In a region that may be gone through again, or skipped, what comes from outside stays. (What is
        // made in it is given up with the region: it is small.)
        if self.held == 0 {
            self.give_up(&self.reads(id));
        }
        Ok(code)
    }
}
