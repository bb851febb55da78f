//! Instruction selection: the lane operations of a typed graph as instructions of a target.
//!
//! A vector has as many lanes as elements of the widest type in the graph fill a register. A value of a narrower
//! type is the low part of a register, so every value is one register, and what stands above it is anything.
//!
//! A truth is, on AVX2, a vector of all-ones and zeros, as wide as the elements that were compared. It is made
//! wider or narrower where it meets others, and then is there in both widths. On AVX-512 it is a mask register,
//! the same for elements of any width. Its opposite is the same truth, with a note: what reads a truth mostly
//! has a form for either.

mod convert;
mod floats;
mod forms;
mod integers;
mod rare;
mod truths;

use lanefn_kernels::lanes::{Dtype, traced::Operation};

use super::{
    Unsupported,
    instructions::Instruction::{self, *},
    program::{Class, Do, Entries, NONE, Name, Program, Step},
    target::{self, Target},
};
use crate::{
    dtype::Type,
    graph::{Graph, Id, LoopId, Op, TableId},
    schedule::{self, Turn, schedule},
};

use forms::Logic;

/// Inputs that are loaded before anything else where there are regions, which may not be entered.
const EARLY_INPUTS: usize = 12;

/// What is known of a node.
#[derive(Clone, Copy)]
struct Known {
    /// Its value; of a truth that is a vector, for elements of 1, 2, 4 and 8 bytes.
    names: [Name; 4],
    /// Of a truth: the width, as a power of two, that it was made in; 0 if it is a mask.
    width: u8,
    /// Of a truth: whether what is known is the opposite.
    opposite: bool,
}

struct Select<'a> {
    graph: &'a Graph,
    dtypes: Vec<Dtype>,
    program: Program,
    /// Elements in a vector, or in the part of it that is selected for.
    lanes: usize,
    parted: rare::Parted,
    known: Vec<Known>,
    /// Which of the graph's tables each of the program's is.
    tables: Vec<TableId>,
    /// What was put into `known` since regions began, and must be forgotten when they end.
    inner: Vec<(Id, u8)>,
    /// How many regions stand around what is selected.
    regions: usize,
    /// The lanes that count, in a region: a truth of elements of so many bytes.
    active: Option<(Name, u8)>,
}

/// The size of a dtype as a power of two.
pub fn width(dtype: Dtype) -> u8 {
    dtype.size().trailing_zeros() as u8
}

/// A byte, word, ... in every lane, as 8 bytes.
fn splat(width: u8, bits: u64) -> u64 {
    match width {
        0 => (bits & 0xff) * 0x0101_0101_0101_0101,
        1 => (bits & 0xffff) * 0x0001_0001_0001_0001,
        2 => (bits & 0xffff_ffff) * 0x0000_0001_0000_0001,
        _ => bits,
    }
}

/// The program of a graph.
///
/// # Errors
/// If the graph is not one that can be run, with the node.
pub fn select(graph: &Graph, target: Target) -> Result<Program, Unsupported> {
    let refuse = |node: usize, why| Err(Unsupported::Node { node: node as Id, why });
    let mut dtypes = Vec::with_capacity(graph.nodes().len());
    let live = graph.live();
    for (id, node) in graph.nodes().iter().enumerate() {
        match node.op {
            Op::Call(..) => return refuse(id, "it is a call, which has not been written out"),
            Op::Convert | Op::Choose => return refuse(id, "its graph is open"),
            _ => {}
        }
        let Some(Type::Is(dtype)) = node.ty else {
            return refuse(id, "it has no dtype");
        };
        if let Op::Input(n) = node.op
            && graph.inputs().get(n as usize).and_then(|input| input.dtype) != Some(dtype)
        {
            return refuse(id, "its input is not of its dtype");
        }
        dtypes.push(dtype);
    }
    if graph.outputs().is_empty() {
        return Err(Unsupported::NoOutputs);
    }
    let steps = schedule(graph);
    let lanes = target.bytes() >> rare::widest(graph, &live, &dtypes, &steps);
    let unknown = Known { names: [NONE; 4], width: 0, opposite: false };
    let mut select = Select {
        graph,
        known: vec![unknown; dtypes.len()],
        dtypes,
        program: Program::new(target, lanes),
        lanes,
        parted: rare::Parted::default(),
        tables: Vec::new(),
        inner: Vec::new(),
        regions: 0,
        active: None,
    };
    select.program.steps.reserve(2 * steps.len() + graph.outputs().len());
    if steps.iter().any(|s| !matches!(s, schedule::Step::Let(_))) {
        let inputs =
            (0..live.len()).filter(|&id| live[id] && matches!(graph.nodes()[id].op, Op::Input(_)));
        for id in inputs.take(EARLY_INPUTS) {
            select.ready(id as Id)?;
        }
    }
    select.steps(&steps)?;
    // All inputs of a vector have been read when the first output is written: one may begin where the
    // other does.
    let mut outputs = Vec::with_capacity(graph.outputs().len());
    for &id in graph.outputs() {
        outputs.push(select.output(id)?);
    }
    for (n, (value, &id)) in outputs.into_iter().zip(graph.outputs()).enumerate() {
        let length = select.length(width(select.dtypes[id as usize]));
        select.push(Do::Store(n as u32), length, 0, NONE, [value, NONE, NONE]);
    }
    Ok(select.program)
}

impl Select<'_> {
    // ---- writing steps ----------------------------------------------------------------------------

    fn push(&mut self, does: Do, length: u8, immediate: u8, dst: Name, args: [Name; 3]) {
        self.program.push(Step { does, length, immediate, dst, args });
    }

    /// A step that asks whether a mask is true anywhere.
    fn push_test(&mut self, does: Do, mask: Name, width: u8) {
        let bytes = (self.lanes << width) as u8;
        self.push(does, self.length(width), bytes, NONE, [mask, NONE, NONE]);
    }

    fn emit(&mut self, i: Instruction, length: u8, immediate: u8, args: [Name; 3]) -> Name {
        let is_mask = self.has_masks() && i.makes_mask();
        let dst = self.program.value(if is_mask { Class::Mask } else { Class::Vector });
        self.push(Do::Vector(i), length, immediate, dst, args);
        dst
    }

    /// A value that is what another one is now.
    fn copy(&mut self, of: Name) -> Name {
        let dst = self.program.value(self.program.class(of));
        let all = target::length(self.program.target.bytes());
        self.push(Do::Move, all, 0, dst, [of, NONE, NONE]);
        dst
    }

    /// An instruction on elements of `1 << width` bytes: of one operand.
    fn one(&mut self, width: u8, i: Instruction, a: Name) -> Name {
        self.emit(i, self.length(width), 0, [a, NONE, NONE])
    }

    /// Of one operand and a number.
    fn one_with(&mut self, width: u8, i: Instruction, a: Name, with: u8) -> Name {
        self.emit(i, self.length(width), with, [a, NONE, NONE])
    }

    /// Of two operands.
    fn two(&mut self, width: u8, i: Instruction, a: Name, b: Name) -> Name {
        self.emit(i, self.length(width), 0, [a, b, NONE])
    }

    /// Of two operands and a number.
    fn two_with(&mut self, width: u8, i: Instruction, a: Name, b: Name, with: u8) -> Name {
        self.emit(i, self.length(width), with, [a, b, NONE])
    }

    /// How much of a register elements of this width fill.
    fn length(&self, width: u8) -> u8 {
        target::length(self.lanes << width)
    }

    /// Whether truths are in mask registers, and there is what AVX-512 has.
    fn has_masks(&self) -> bool {
        self.program.target == Target::Avx512
    }

    /// A constant in every lane.
    fn constant(&mut self, width: u8, bits: u64) -> Name {
        self.program.splat(splat(width, bits))
    }

    /// All bits.
    fn ones(&mut self) -> Name {
        self.program.splat(u64::MAX)
    }

    fn zero(&mut self) -> Name {
        self.program.splat(0)
    }

    // ---- nodes ------------------------------------------------------------------------------------

    /// Remembers a node's value, or a truth in one more width, for as long as the region lasts.
    fn remember(&mut self, id: Id, width: u8, name: Name) {
        self.known[id as usize].names[width as usize] = name;
        if self.regions > 0 {
            self.inner.push((id, width));
        }
    }

    /// Sees to it that a node has a value: inputs, constants and what comes out of loops get it here, others
    /// have been computed.
    fn ready(&mut self, id: Id) -> Result<(), Unsupported> {
        self.localise(id)?;
        let dtype = self.dtypes[id as usize];
        let known = &self.known[id as usize];
        let at = if dtype == Dtype::Bool { known.width } else { 0 };
        if known.names[at as usize] != NONE {
            return Ok(());
        }
        let name = match self.graph.node(id).op {
            Op::Const(bits) if dtype == Dtype::Bool => self.everywhere(bits != 0),
            Op::Const(bits) => self.constant(width(dtype), bits),
            Op::Input(n) => {
                let dst = self.program.value(Class::Vector);
                self.push(Do::Load(n), self.length(width(dtype)), 0, dst, [NONE; 3]);
                if dtype == Dtype::Bool {
                    // Any byte but 0 is true.
                    let (name, opposite) = self.not_zero(dst);
                    self.known[id as usize].opposite = opposite;
                    name
                } else {
                    dst
                }
            }
            Op::After(l, n) => {
                let inside = self.graph.loops()[l as usize].inside[n as usize];
                self.ready(inside)?;
                self.known[id as usize] = self.known[inside as usize];
                return Ok(());
            }
            _ => {
                let why = "it is used before it is computed";
                return Err(Unsupported::Node { node: id, why });
            }
        };
        self.remember(id, 0, name);
        Ok(())
    }

    /// The value of a node that is no truth.
    fn value(&mut self, id: Id) -> Result<Name, Unsupported> {
        self.ready(id)?;
        Ok(self.known[id as usize].names[0])
    }

    /// The value to be written for an output.
    fn output(&mut self, id: Id) -> Result<Name, Unsupported> {
        match self.dtypes[id as usize] {
            Dtype::Bool => self.truth_as(id, 0, 1),
            _ => self.value(id),
        }
    }

    fn steps(&mut self, steps: &[schedule::Step]) -> Result<(), Unsupported> {
        let mut left = steps;
        while let Some((step, rest)) = left.split_first() {
            left = rest;
            match step {
                schedule::Step::Let(id) => self.node(*id)?,
                schedule::Step::While(l, turn) => self.turns(*l, turn)?,
                schedule::Step::IfAny(id, steps) => left = self.rarely(*id, steps, rest)?,
            }
        }
        Ok(())
    }

    /// The width of a node's elements; of a truth, that of the elements another was made for.
    fn width_of(&self, id: Id, like: Id) -> u8 {
        match self.dtypes[id as usize] {
            Dtype::Bool => self.known[like as usize].width,
            dtype => width(dtype),
        }
    }

    /// The value of a node, or the truth itself in this width.
    fn value_in(&mut self, id: Id, width: u8) -> Result<Name, Unsupported> {
        match self.dtypes[id as usize] {
            Dtype::Bool => self.truth(id, width),
            _ => self.value(id),
        }
    }

    /// A node has been computed: a value, or a truth or its opposite in this width.
    fn made(&mut self, id: Id, width: u8, name: Name, opposite: bool) {
        self.own(id, false);
        let truth = self.dtypes[id as usize] == Dtype::Bool;
        let known = &mut self.known[id as usize];
        known.width = if truth { width } else { 0 };
        known.opposite = opposite;
        known.names[known.width as usize] = name;
    }

    /// Lanes that count and for which a mask of this width is true.
    fn narrowed(&mut self, mask: Name, width: u8) -> (Name, u8) {
        match self.active {
            None => (mask, width),
            Some((active, of)) => {
                let active = self.resize_mask(active, of, width);
                (self.logic(Logic::And, width, mask, active), width)
            }
        }
    }

    /// A region begins: what becomes known in it must not be used after it.
    fn enter(&mut self) -> (usize, usize) {
        self.regions += 1;
        (self.inner.len(), self.owned())
    }

    fn leave(&mut self, (inner, owned): (usize, usize)) {
        self.regions -= 1;
        for (id, width) in self.inner.drain(inner..) {
            self.known[id as usize].names[width as usize] = NONE;
        }
        self.forget_taken(owned);
    }

    fn turns(&mut self, l: LoopId, turn: &Turn) -> Result<(), Unsupported> {
        let of = &self.graph.loops()[l as usize];
        // Carried values are written again and again, so they have names of their own.
        let mut carried = Vec::with_capacity(of.inside.len());
        for (&first, &inside) in of.firsts.iter().zip(&of.inside) {
            self.ready(first)?;
            // What is true or false everywhere at first is so in the width of most comparisons.
            let width = match self.graph.node(first).op {
                Op::Const(_) if self.dtypes[first as usize] == Dtype::Bool => {
                    let bytes = self.program.target.bytes() / self.lanes;
                    self.truth_width(bytes.trailing_zeros() as u8)
                }
                _ => self.width_of(first, first),
            };
            let from = self.value_in(first, width)?;
            let name = self.copy(from);
            self.made(inside, width, name, false);
            carried.push((name, width));
        }
        self.push(Do::Loop, 0, 0, NONE, [NONE; 3]);
        let mark = self.enter();
        self.steps(&turn.condition)?;
        let (go, width) = self.plain(of.go)?;
        let around = self.active;
        let (go, width) = self.narrowed(go, width);
        self.active = Some((go, width));
        self.push_test(Do::Exit(width), go, width);
        self.steps(&turn.body)?;
        let mut next = Vec::with_capacity(carried.len());
        let goes_on = of.go;
        let mut masks = [NONE; 4];
        masks[width as usize] = go;
        for (&to, &(_, width_of)) in of.nexts.iter().zip(&carried) {
            let value = self.value_in(to, width_of)?;
            let mask = match around {
                None => self.truth(goes_on, width_of)?,
                Some(_) => self.resized(&mut masks, width, width_of),
            };
            next.push((value, mask));
        }
        // One that becomes what another was must not find it written over.
        let mixed = next.iter().enumerate().any(|(n, (value, _))| {
            carried.iter().enumerate().any(|(other, (name, _))| other != n && name == value)
        });
        let asks_one = next.iter().any(|(_, mask)| carried.iter().any(|(name, _)| name == mask));
        if asks_one {
            for (_, mask) in &mut next {
                *mask = self.copy(*mask);
            }
        }
        if mixed {
            for (value, _) in &mut next {
                *value = self.copy(*value);
            }
        }
        for (&(name, width), (value, mask)) in carried.iter().zip(next) {
            self.blend_into(name, width, mask, value);
        }
        self.active = around;
        self.leave(mark);
        self.push(Do::Again, 0, 0, NONE, [NONE; 3]);
        Ok(())
    }

    fn node(&mut self, id: Id) -> Result<(), Unsupported> {
        let graph = self.graph;
        let node = graph.node(id);
        let dtype = self.dtypes[id as usize];
        let args = &node.args[..];
        match node.op {
            Op::Apply(operation) => self.apply(id, operation, dtype, args),
            Op::Lookup(table) => self.lookup(id, table, args[0]),
            _ => self.ready(id),
        }
    }

    fn apply(
        &mut self,
        id: Id,
        operation: Operation,
        dtype: Dtype,
        args: &[Id],
    ) -> Result<(), Unsupported> {
        use Operation::*;
        if dtype == Dtype::Bool {
            return self.truth_of(id, operation, args);
        }
        let w = width(dtype);
        let value = match operation {
            Select | Slow => {
                let (yes, no) = (self.value(args[1])?, self.value(args[2])?);
                let mask = self.mask(args[0], w)?;
                match self.known[args[0] as usize].opposite {
                    true => self.blend(w, mask, no, yes),
                    false => self.blend(w, mask, yes, no),
                }
            }
            Cast if self.dtypes[args[0] as usize] == Dtype::Bool => {
                let one = match dtype {
                    Dtype::F64 => 1.0_f64.to_bits(),
                    Dtype::F32 => 1.0_f32.to_bits().into(),
                    _ => 1,
                };
                self.truth_as(args[0], w, one)?
            }
            Cast => {
                let value = self.value(args[0])?;
                self.cast(id, value, self.dtypes[args[0] as usize], dtype)?
            }
            ToBits | FromBits => self.value(args[0])?,
            _ => {
                let mut values = [NONE; 3];
                for (value, &arg) in values.iter_mut().zip(args) {
                    *value = self.value(arg)?;
                }
                match dtype {
                    Dtype::F32 | Dtype::F64 => self.float(id, operation, dtype, args, values)?,
                    _ => self.integer(id, operation, dtype, args, values)?,
                }
            }
        };
        self.made(id, w, value, false);
        Ok(())
    }

    /// An operation by a helper.
    fn helper(
        &mut self,
        id: Id,
        helper: Option<super::helpers::Helper>,
        width: u8,
        args: [Name; 2],
    ) -> Result<Name, Unsupported> {
        let why = "there is no such operation";
        let helper = helper.ok_or(Unsupported::Node { node: id, why })?;
        let n = self.program.helpers.len() as u32;
        self.program.helpers.push(helper);
        let dst = self.program.value(Class::Vector);
        self.push(Do::Call(n), self.length(width), self.lanes as u8, dst, [args[0], args[1], NONE]);
        Ok(dst)
    }

    fn lookup(&mut self, id: Id, table: u32, index: Id) -> Result<(), Unsupported> {
        let entries = &self.graph.tables()[table as usize].entries;
        let dtype = self.dtypes[id as usize];
        let w = width(dtype);
        let wide = width(self.dtypes[index as usize]);
        let Some(last) = entries.len().checked_sub(1) else {
            let zero = match dtype {
                Dtype::Bool => self.everywhere(false),
                _ => self.zero(),
            };
            self.made(id, 0, zero, false);
            return Ok(());
        };
        if let Some(known) = self.graph.value(index) {
            let bits = entries[known.bits().min(last as u64) as usize];
            let value = match dtype {
                Dtype::Bool => self.everywhere(bits != 0),
                _ => self.constant(w, bits),
            };
            self.made(id, 0, value, false);
            return Ok(());
        }
        let inside = self.never_above(index, last as u64);
        let index = self.value(index)?;
        let index = if inside { index } else { self.clamp(wide, index, last as u64) };
        if wide == 2 {
            let value = self.permuted_short(entries, index);
            self.made(id, w, value, false);
            return Ok(());
        }
        let value = match self.permuted(entries, index) {
            Some(value) if w < 3 => self.truncate(value, 3, w),
            Some(value) => value,
            None => {
                let value = self.gathered(table, entries, w, index);
                if w < 2 { self.truncate(value, 2, w) } else { value }
            }
        };
        if dtype == Dtype::Bool {
            let (name, opposite) = self.not_zero(value);
            self.made(id, 0, name, opposite);
        } else {
            self.made(id, w, value, false);
        }
        Ok(())
    }

    /// Whether a node is the lowest bits of something, which are never above that number.
    fn never_above(&self, id: Id, last: u64) -> bool {
        let node = self.graph.node(id);
        node.op == Op::Apply(Operation::And)
            && node
                .args
                .iter()
                .any(|&arg| self.graph.value(arg).is_some_and(|mask| mask.bits() <= last))
    }

    /// Entries of a table in memory, of at least 4 bytes each.
    fn gathered(&mut self, table: TableId, entries: &[u64], w: u8, index: Name) -> Name {
        let n = match self.tables.iter().position(|&of| of == table) {
            Some(known) => known,
            None => {
                let mut bytes = Vec::with_capacity(entries.len() << w);
                for entry in entries {
                    bytes.extend_from_slice(&entry.to_le_bytes()[..1 << w]);
                }
                self.tables.push(table);
                self.program.tables.push(Entries { size: (1 << w).max(4), bytes, scale: w });
                self.tables.len() - 1
            }
        };
        let everywhere = self.everywhere(true);
        // A constant is not to be lost.
        let mask = if self.has_masks() { everywhere } else { self.copy(everywhere) };
        let dst = self.program.value(Class::Vector);
        self.push(Do::Gather(n as u32), self.length(3), 0, dst, [index, mask, NONE]);
        dst
    }
}

/// The instruction for elements of `1 << width` bytes.
fn by_width<T: Copy>(width: u8, of: [T; 4]) -> T {
    of[width as usize & 3]
}
