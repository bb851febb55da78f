//! From a program whose values have places to the bytes of a function.
//!
//! ```text
//! fn(table: *mut Cursor, turns: usize, vectors: usize) -> usize
//! ```
//!
//! It goes so many whole turns of [`Emitted::unroll`] vectors, then so many single vectors. One that has loops
//! of its own goes single vectors alone; in the place of `turns` it takes how many times its loops may go round
//! before it asks whether to leave them, and gives how many are left. The table has an entry for each input
//! and each output. The function stands in one block with its constants and tables,
//! which it reads relative to itself, so the block may be anywhere.

use super::{
    allocate::{Place, Places},
    encode::{
        Assembler, Condition, General, Jump, Operand, gather,
        general::{RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP},
        mask_transfer, transfer,
    },
    instructions::{Encoding, Form, Instruction, Shape},
    program::{CONSTANT, Class, Do, NONE, Name, Program, Step},
    target::{Target, length},
};

/// Where the function reads or writes an operand.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Cursor {
    /// The next vector.
    pub at: *mut u8,
    /// Bytes to the one after it.
    pub step: usize,
    /// Bytes to the next turn.
    pub turn: usize,
}

const CURSOR: i32 = size_of::<Cursor>() as i32;
const STEP: i32 = std::mem::offset_of!(Cursor, step) as i32;
const TURN: i32 = std::mem::offset_of!(Cursor, turn) as i32;

/// The bytes of a function, and what is to be known about them.
pub struct Emitted {
    /// The block.
    pub bytes: Vec<u8>,
    /// Where in it the function begins.
    pub entry: usize,
    /// Vectors in a turn.
    pub unroll: usize,
    /// How many times its loops go round from one question to the next, if it has any.
    pub patience: Option<usize>,
}

/// The largest frame: a thread's stack holds more than that.
const LARGEST_FRAME: i32 = 1 << 16;
/// The most bytes of constants and tables: code reaches them all.
const LARGEST_DATA: usize = 1 << 28;
const PAGE: i32 = 4096;

/// Registers for the addresses of operands. Functions that are called keep those from the fifth on.
const POINTERS: [General; 9] = [8, 9, 10, 11, RBX, 12, 13, 14, 15];
/// The registers of those that the caller wants back.
const KEPT: std::ops::Range<usize> = 4..9;

/// Bytes on the stack for the general registers, and for the mask registers, that are kept while a helper runs.
const GENERALS: i32 = 64;
const MASKS: i32 = 64;

/// Steps, or so, between two questions whether to leave a loop: well under a millisecond.
const PATIENCE: usize = 1 << 18;
/// What a call of a helper is among them.
const HELPED: usize = 64;

/// How many turns are left until the next question, in functions with loops, which need no count of turns of
/// several vectors.
const LEFT: General = RSI;

/// Where the address of an operand is.
#[derive(Clone, Copy)]
enum Pointer {
    /// Nowhere: nobody reads it.
    Unused,
    Register(General),
    /// In the table.
    Table,
}

struct Emit<'a> {
    asm: Assembler,
    program: &'a Program,
    places: &'a Places,
    /// Where each table stands in the block.
    tables: Vec<u32>,
    /// Of inputs, then outputs.
    pointers: Vec<Pointer>,
    inputs: usize,
    /// The size of each operand's element.
    sizes: &'a [usize],
    /// How many pointers are in registers.
    used: usize,
    /// Bytes of a vector register.
    vector_bytes: i32,
    /// Where on the stack masks are.
    masks: i32,
    /// Where on the stack registers are kept while a helper runs, and its arguments.
    saved: i32,
    /// How many times this copy of the program has called something.
    calls: usize,
    /// As [`Emitted::patience`].
    patience: Option<usize>,
    /// How many vectors go side by side, and how many registers of a class one of them has.
    abreast: (usize, [u8; 2]),
    /// How far the registers of this one's values are from those of the first, by class.
    shift: [u8; 2],
    conditions: Vec<Jump>,
    /// Where each loop begins, and the jump out of it.
    loops: Vec<(usize, Option<Jump>)>,
}

/// Vectors in a turn: short programs are bound by the loop around them.
fn unroll(program: &Program) -> usize {
    let work = program.steps.iter().filter(|s| !matches!(s.does, Do::Load(_) | Do::Store(_)));
    match work.count() {
        _ if program.branches || !program.helpers.is_empty() => 1,
        0..=8 => 4,
        9..=24 => 2,
        _ => 1,
    }
}

/// How many times loops go round from one question to the next; `None` if there are no loops.
fn patience(program: &Program) -> Option<usize> {
    let any = program.steps.iter().any(|s| s.does == Do::Again);
    let calls = program.steps.iter().filter(|s| matches!(s.does, Do::Call(_))).count();
    // More than 1, which says that they are to be left.
    any.then(|| (PATIENCE / (program.steps.len() + HELPED * calls)).max(2))
}

/// How many vectors of a turn go side by side, an instruction for each of them and then the next, in registers
/// of their own: as many as there are registers for.
fn abreast(program: &Program, places: &Places, unroll: usize) -> (usize, [u8; 2]) {
    let mut used = [0; 2];
    let mut free = [program.target.registers() as u8, 7];
    for (&place, &class) in places.values.iter().zip(&program.values) {
        match place {
            Place::Register(r) => used[class as usize] = used[class as usize].max(r + 1),
            Place::Memory(u32::MAX) => {}
            Place::Memory(_) => return (1, [0; 2]),
        }
    }
    let vectors = &mut free[Class::Vector as usize];
    for &place in &places.constants {
        *vectors = match place {
            Place::Register(r) => (*vectors).min(r),
            Place::Memory(_) => (*vectors).min(places.scratch[0]),
        };
    }
    // The first mask register is nobody's.
    let masks = Class::Mask as usize;
    used[masks] = used[masks].saturating_sub(1);
    let fit = |n: &usize| (0..2).all(|c| *n * usize::from(used[c]) <= free[c].into());
    let n = [4, 2].into_iter().filter(|n| *n <= unroll).find(fit).unwrap_or(1);
    (n, used)
}

/// The function of a program, for inputs and outputs whose elements have these sizes; `None` if it needs
/// too much of the stack, or its tables are too large.
pub fn emit(program: &Program, places: &Places, inputs: usize, sizes: &[usize]) -> Option<Emitted> {
    let mut asm = Assembler::default();
    let target = program.target;
    let vector_bytes = target.bytes();
    asm.bytes.reserve(vector_bytes * program.constants.len() + 16 * program.steps.len() + 256);
    for constant in &program.constants {
        for bits in &constant.bits[..vector_bytes / 8] {
            asm.bytes.extend_from_slice(&bits.to_le_bytes());
        }
    }
    let mut tables = Vec::with_capacity(program.tables.len());
    for table in &program.tables {
        tables.push(asm.here() as u32);
        asm.bytes.extend_from_slice(&table.bytes);
        // What stands after a table is data too, so that a gather never reads past it.
        asm.bytes.resize(asm.here().next_multiple_of(vector_bytes) + vector_bytes, 0);
    }
    let most = LARGEST_FRAME as u32;
    if asm.here() > LARGEST_DATA || places.slots > most / 32 || places.mask_slots > most / 8 {
        return None;
    }
    let vector_bytes = vector_bytes as i32;
    let masks = places.slots as i32 * vector_bytes;
    let saved = masks + (8 * places.mask_slots).next_multiple_of(vector_bytes as u32) as i32;
    let patience = patience(program);
    let frame = match program.helpers.is_empty() && patience.is_none() {
        true => saved,
        false => saved + vector_bytes * (target.registers() as i32 + 3) + GENERALS + MASKS,
    };
    if frame > LARGEST_FRAME {
        return None;
    }
    let mut pointers = vec![Pointer::Unused; sizes.len()];
    let mut used = 0;
    for step in &program.steps {
        let operand = match step.does {
            Do::Load(n) => n as usize,
            Do::Store(n) => inputs + n as usize,
            _ => continue,
        };
        if let Pointer::Unused = pointers[operand] {
            pointers[operand] = match POINTERS.get(used) {
                Some(&register) => {
                    used += 1;
                    Pointer::Register(register)
                }
                None => Pointer::Table,
            };
        }
    }
    let entry = asm.here();
    let (conditions, loops) = (Vec::new(), Vec::new());
    let unroll = unroll(program);
    let mut emit = Emit {
        asm,
        program,
        places,
        tables,
        pointers,
        inputs,
        sizes,
        used,
        vector_bytes,
        masks,
        saved,
        calls: 0,
        patience,
        abreast: abreast(program, places, unroll),
        shift: [0; 2],
        conditions,
        loops,
    };
    emit.function(frame, unroll);
    Some(Emitted { bytes: emit.asm.bytes, entry, unroll, patience })
}

impl Emit<'_> {
    fn function(&mut self, frame: i32, unroll: usize) {
        let kept = &POINTERS[KEPT.start..self.used.clamp(KEPT.start, KEPT.end)];
        self.asm.push(RBP);
        self.asm.load(RBP, Operand::Register(RSP));
        for &register in kept {
            self.asm.push(register);
        }
        if frame > 0 {
            // With what aligning it may take.
            for page in 1..=(frame + self.vector_bytes) / PAGE {
                self.asm.probe(page * PAGE);
            }
            self.asm.add_constant(RSP, -frame);
            self.asm.and_constant(RSP, -self.vector_bytes);
        }
        self.constants();
        for operand in 0..self.pointers.len() {
            if let Pointer::Register(register) = self.pointers[operand] {
                self.asm.load(register, Operand::Memory(RDI, operand as i32 * CURSOR));
            }
        }
        if unroll > 1 {
            self.turns(RSI, unroll);
        }
        self.turns(RDX, 1);
        if self.patience.is_some() {
            self.asm.load(RAX, Operand::Register(LEFT));
        }
        self.asm.zero_upper();
        if frame > 0 {
            self.asm.address_of(RSP, Operand::Memory(RBP, -8 * kept.len() as i32));
        }
        for &register in kept.iter().rev() {
            self.asm.pop(register);
        }
        self.asm.pop(RBP);
        self.asm.ret();
    }

    /// Loads the constants that have registers.
    fn constants(&mut self) {
        let places = self.places;
        for (n, place) in places.constants.iter().enumerate() {
            if let Place::Register(r) = *place {
                let from = Operand::Here(self.vector_bytes as u32 * n as u32);
                self.load(r, from);
            }
        }
    }

    /// A vector instruction, in the form that the target has for it: the register in the place of `reg`, the
    /// one in that of `vvvv`, the operand that may be in memory, the byte that follows.
    fn vector(
        &mut self,
        e: Encoding,
        length: u8,
        register: u8,
        second: u8,
        operand: Operand,
        follows: Option<u8>,
    ) {
        match (self.program.target, e.form) {
            (Target::Avx2, _) | (_, Form::Vex) => {
                self.asm.vex(e, length, register, second, operand, follows);
            }
            _ => self.asm.evex(e, length, [register, second, 0], operand, follows),
        }
    }

    /// A loop of as many turns of `vectors` as `counter` says.
    fn turns(&mut self, counter: General, vectors: usize) {
        self.asm.test(counter);
        let none = self.asm.jump_if(Condition::Zero);
        self.asm.align(32);
        let begin = self.asm.here();
        let (abreast, registers) = self.abreast;
        let abreast = abreast.min(vectors);
        let program = self.program;
        for first in (0..vectors).step_by(abreast) {
            self.calls = 0;
            for step in &program.steps {
                for n in 0..abreast {
                    self.shift = registers.map(|r| r * n as u8);
                    self.step(step, first + n);
                }
            }
        }
        self.shift = [0; 2];
        for operand in 0..self.pointers.len() {
            self.advance(operand, vectors);
        }
        self.asm.decrement(counter);
        self.asm.back_if(Condition::NotZero, begin);
        self.asm.land(none);
    }
    fn advance(&mut self, operand: usize, vectors: usize) {
        let entry = operand as i32 * CURSOR;
        let by = Operand::Memory(RDI, entry + if vectors > 1 { TURN } else { STEP });
        match self.pointers[operand] {
            Pointer::Unused => {}
            Pointer::Register(register) if operand < self.inputs => self.asm.add(register, by),
            Pointer::Register(register) => {
                let bytes = self.bytes_of(operand) * vectors;
                self.asm.add_constant(register, bytes as i32);
            }
            Pointer::Table => {
                let at = Operand::Memory(RDI, entry);
                self.asm.load(RAX, at);
                self.asm.add(RAX, by);
                self.asm.store(at, RAX);
            }
        }
    }

    /// Bytes in a vector of an operand.
    fn bytes_of(&self, operand: usize) -> usize {
        self.program.lanes * self.sizes[operand]
    }

    /// Where a value or constant is, as an operand.
    fn operand(&self, name: Name) -> Operand {
        match self.places.of(name) {
            Place::Register(r) if name & CONSTANT == 0 => {
                Operand::Register(r + self.shift[self.program.class(name) as usize])
            }
            Place::Register(r) => Operand::Register(r),
            Place::Memory(n) if name & CONSTANT != 0 => Operand::Here(self.vector_bytes as u32 * n),
            Place::Memory(n) => match self.program.class(name) {
                Class::Vector => Operand::Memory(RSP, self.vector_bytes * n as i32),
                Class::Mask => Operand::Memory(RSP, self.masks + 8 * n as i32),
            },
        }
    }

    /// A register that holds a value or constant: this one, if it is in memory.
    fn register(&mut self, name: Name, scratch: u8) -> u8 {
        match self.operand(name) {
            Operand::Register(r) => r,
            from => {
                self.load(scratch, from);
                scratch
            }
        }
    }

    /// As [`Emit::register`], of a mask.
    fn mask_register(&mut self, name: Name, scratch: u8) -> u8 {
        match self.operand(name) {
            Operand::Register(r) => r,
            from => {
                self.load_mask(scratch, from);
                scratch
            }
        }
    }

    fn load(&mut self, to: u8, from: Operand) {
        let all = length(self.vector_bytes as usize);
        self.vector(Instruction::Vmovaps.encoding(), all, to, 0, from, None);
    }

    fn spill(&mut self, to: Operand, from: u8) {
        let bytes = self.vector_bytes as usize;
        self.vector(transfer(bytes, true), length(bytes), from, 0, to, None);
    }

    fn load_mask(&mut self, to: u8, from: Operand) {
        self.asm.vex(mask_transfer(false), 0, to, 0, from, None);
    }

    fn spill_mask(&mut self, to: Operand, from: u8) {
        self.asm.vex(mask_transfer(true), 0, from, 0, to, None);
    }

    /// Puts what is in a register where a value of this class lives.
    fn keep(&mut self, class: Class, to: Operand, from: u8) {
        match class {
            Class::Vector => self.spill(to, from),
            Class::Mask => self.spill_mask(to, from),
        }
    }

    fn step(&mut self, step: &Step, vector: usize) {
        let [first, second] = self.places.scratch;
        let [a, b, _] = step.args;
        let class = match step.dst {
            NONE => Class::Vector,
            dst => self.program.class(dst),
        };
        let made = match class {
            Class::Vector => first,
            Class::Mask => self.places.mask_scratch[0],
        };
        // Where the result is made.
        let home = match step.dst {
            NONE => Operand::Register(made),
            dst => self.operand(dst),
        };
        let dst = match home {
            Operand::Register(r) => r,
            _ => made,
        };
        match step.does {
            Do::Vector(instruction) => self.instruction(instruction, step, dst),
            Do::Fma(eight) => self.fma(eight, step, dst),
            Do::Move => match self.operand(a) {
                Operand::Register(from) if home != Operand::Register(dst) => {
                    self.keep(class, home, from);
                    return;
                }
                from if from == Operand::Register(dst) => {}
                from if class == Class::Mask => self.load_mask(dst, from),
                from => self.load(dst, from),
            },
            Do::Load(n) => {
                let operand = n as usize;
                let bytes = self.bytes_of(operand);
                let from = self.address(operand, vector * bytes);
                self.vector(transfer(bytes, false), length(bytes), dst, 0, from, None);
            }
            Do::Store(n) => {
                let operand = self.inputs + n as usize;
                let bytes = self.bytes_of(operand);
                let from = self.register(a, first);
                let to = self.address(operand, vector * bytes);
                self.vector(transfer(bytes, true), length(bytes), from, 0, to, None);
            }
            Do::Truth(truth) => {
                let i = if truth { Instruction::Kxnorq } else { Instruction::Kxorq };
                self.asm.vex(i.encoding(), 1, dst, 0, Operand::Register(0), None);
            }
            Do::Call(n) => self.help(n as usize, step, dst),
            Do::Gather(n) => {
                let size = self.program.tables[n as usize].size;
                let scale = self.program.tables[n as usize].scale;
                let index = (self.register(a, second), scale);
                self.asm.address_of(RCX, Operand::Here(self.tables[n as usize]));
                match self.program.class(b) {
                    Class::Vector => {
                        let mask = self.register(b, second);
                        self.asm.gather(gather(size == 8), 1, dst, RCX, index, mask);
                    }
                    Class::Mask => {
                        let mask = self.mask_register(b, self.places.mask_scratch[0]);
                        self.asm.evex_gather(gather(size == 8), dst, RCX, index, mask);
                    }
                }
            }
            Do::If(width) => {
                self.any(a, width, step.immediate.into());
                let jump = self.asm.jump_if(Condition::Zero);
                self.conditions.push(jump);
            }
            Do::End => {
                if let Some(jump) = self.conditions.pop() {
                    self.asm.land(jump);
                }
            }
            Do::Loop => {
                self.asm.align(32);
                self.loops.push((self.asm.here(), None));
            }
            Do::Exit(width) => {
                self.any(a, width, step.immediate.into());
                let jump = self.asm.jump_if(Condition::Zero);
                if let Some(of) = self.loops.last_mut() {
                    of.1 = Some(jump);
                }
            }
            Do::Again => {
                if let Some((begin, exit)) = self.loops.pop() {
                    self.asm.decrement(LEFT);
                    self.asm.back_if(Condition::NotZero, begin);
                    let patience = self.patience.unwrap_or_default() as u64;
                    self.call(ask as *const () as u64, |asm| asm.constant(RDI, patience));
                    self.asm.load(LEFT, Operand::Register(RAX));
                    // A 1 says to leave.
                    self.asm.decrement(RAX);
                    self.asm.back_if(Condition::NotZero, begin);
                    if let Some(exit) = exit {
                        self.asm.land(exit);
                    }
                }
            }
        }
        if step.dst != NONE && home != Operand::Register(dst) {
            self.keep(class, home, dst);
        }
    }

    fn instruction(&mut self, instruction: Instruction, step: &Step, dst: u8) {
        let [first, second] = self.places.scratch;
        let [mut a, mut b, c] = step.args;
        let e = instruction.encoding();
        let follows = e.immediate.then_some(step.immediate);
        match e.shape {
            Shape::Three | Shape::Commutes => {
                let in_register = |name| matches!(self.operand(name), Operand::Register(_));
                if e.shape == Shape::Commutes && !in_register(a) && in_register(b) {
                    std::mem::swap(&mut a, &mut b);
                }
                let a = self.register(a, first);
                self.vector(e, step.length, dst, a, self.operand(b), follows);
            }
            Shape::Two => {
                let a = self.operand(a);
                self.vector(e, step.length, dst, 0, a, follows);
            }
            Shape::Four => {
                let a = self.register(a, first);
                let c = self.register(c, second);
                self.vector(e, step.length, dst, a, self.operand(b), Some(c << 4));
            }
            Shape::Masked => {
                let a = self.register(a, first);
                let c = self.mask_register(c, self.places.mask_scratch[0]);
                self.asm.evex(e, step.length, [dst, a, c], self.operand(b), follows);
            }
            Shape::Masks => {
                let [first, second] = self.places.mask_scratch;
                let a = self.mask_register(a, first);
                let b = self.mask_register(b, second);
                self.asm.vex(e, 1, dst, a, Operand::Register(b), None);
            }
            Shape::Mask => {
                let a = self.mask_register(a, self.places.mask_scratch[0]);
                self.asm.vex(e, 0, dst, 0, Operand::Register(a), follows);
            }
            Shape::Shift(digit) => {
                let a = self.register(a, first);
                self.vector(e, step.length, digit, dst, Operand::Register(a), follows);
            }
            Shape::Extract => {
                let a = self.register(a, first);
                self.vector(e, step.length, a, 0, Operand::Register(dst), follows);
            }
        }
    }

    /// One operand is also where the result goes, so which instruction it is depends on where they are.
    fn fma(&mut self, eight: bool, step: &Step, dst: u8) {
        use Instruction::*;
        let second = self.places.scratch[1];
        let (by_second, by_product, by_sum) = match eight {
            true => (Vfmadd213pd, Vfmadd132pd, Vfmadd231pd),
            false => (Vfmadd213ps, Vfmadd132ps, Vfmadd231ps),
        };
        let [mut a, mut b, c] = step.args;
        let at = Operand::Register(dst);
        let in_register = |place| matches!(place, Operand::Register(_));
        if self.operand(c) == at && self.operand(a) != at && self.operand(b) != at
            || !in_register(self.operand(c))
                && in_register(self.operand(a))
                && in_register(self.operand(b))
                && self.operand(a) != at
                && self.operand(b) != at
        {
            if self.operand(c) != at {
                self.load(dst, self.operand(c));
            }
            if !in_register(self.operand(a)) {
                std::mem::swap(&mut a, &mut b);
            }
            let a = self.register(a, second);
            self.vector(by_sum.encoding(), step.length, dst, a, self.operand(b), None);
            return;
        }
        // The first factor becomes the result.
        if self.operand(b) == at && self.operand(a) != at
            || self.operand(a) != at && in_register(self.operand(a))
        {
            std::mem::swap(&mut a, &mut b);
        }
        if self.operand(a) != at {
            self.load(dst, self.operand(a));
        }
        match (self.operand(b), self.operand(c)) {
            (b, Operand::Register(c)) if !in_register(b) => {
                self.vector(by_product.encoding(), step.length, dst, c, b, None);
            }
            (_, c) => {
                let b = self.register(b, second);
                self.vector(by_second.encoding(), step.length, dst, b, c, None);
            }
        }
    }

    fn address(&mut self, operand: usize, offset: usize) -> Operand {
        let offset = offset as i32;
        match self.pointers[operand] {
            Pointer::Register(register) => Operand::Memory(register, offset),
            _ => {
                self.asm.load(RAX, Operand::Memory(RDI, operand as i32 * CURSOR));
                Operand::Memory(RAX, offset)
            }
        }
    }

    /// Finds out whether a truth holds anywhere: a vector of so many bytes, of elements of `1 << width` bytes,
    /// or so many bits.
    fn any(&mut self, mask: Name, width: u8, count: usize) {
        if self.program.class(mask) == Class::Mask {
            let mask = self.mask_register(mask, self.places.mask_scratch[0]);
            let test = match count {
                8 => Instruction::Kortestb,
                16 => Instruction::Kortestw,
                32 => Instruction::Kortestd,
                _ => Instruction::Kortestq,
            };
            self.asm.vex(test.encoding(), 0, mask, 0, Operand::Register(mask), None);
            return;
        }
        let mask = self.register(mask, self.places.scratch[0]);
        let test = match (count, width) {
            (4 | 8, _) => {
                self.asm.lowest(RAX, mask, count == 8);
                self.asm.test(RAX);
                return;
            }
            (_, 3) => Instruction::Vtestpd,
            (_, 2) => Instruction::Vtestps,
            _ => Instruction::Vptest,
        };
        self.asm.vex(test.encoding(), length(count), mask, 0, Operand::Register(mask), None);
    }

    fn help(&mut self, helper: usize, step: &Step, dst: u8) {
        let each = self.vector_bytes;
        let arguments = self.saved + each * self.program.target.registers() as i32;
        for (n, &name) in step.args[..2].iter().enumerate() {
            if name != NONE {
                let from = self.register(name, self.places.scratch[0]);
                self.spill(Operand::Memory(RSP, arguments + each * n as i32), from);
            }
        }
        self.call(self.program.helpers[helper] as usize as u64, |asm| {
            for (n, register) in [RDI, RSI, RDX].into_iter().enumerate() {
                asm.address_of(register, Operand::Memory(RSP, arguments + each * n as i32));
            }
            asm.constant(RCX, step.immediate.into());
        });
        self.load(dst, Operand::Memory(RSP, arguments + 2 * each));
    }

    /// Calls the function at an address, and has all registers that hold something as they were. What it gives
    /// is in RAX.
    fn call(&mut self, address: u64, arguments: impl FnOnce(&mut Assembler)) {
        let (each, count) = (self.vector_bytes, self.program.target.registers());
        let registers = self.saved;
        let generals = registers + each * (count as i32 + 3);
        let masks = generals + GENERALS;
        let places = self.places;
        let of_call = |all: &[u32]| all.get(self.calls).copied();
        let across = of_call(&places.across).unwrap_or(u32::MAX);
        let masks_across = of_call(&places.masks_across).unwrap_or(0);
        let held = |across: u32| (0..count as u8).filter(move |r| across >> r & 1 != 0);
        self.calls += 1;
        for r in held(across) {
            self.spill(Operand::Memory(RSP, registers + each * i32::from(r)), r);
        }
        for r in held(masks_across) {
            self.spill_mask(Operand::Memory(RSP, masks + 8 * i32::from(r)), r);
        }
        let pointers = &POINTERS[..self.used.min(KEPT.start)];
        let lost = [RDI, RSI, RDX].iter().chain(pointers);
        for (n, &register) in lost.clone().enumerate() {
            self.asm.store(Operand::Memory(RSP, generals + 8 * n as i32), register);
        }
        arguments(&mut self.asm);
        self.asm.constant(RAX, address);
        self.asm.zero_upper();
        self.asm.call(RAX);
        for (n, &register) in lost.enumerate() {
            self.asm.load(register, Operand::Memory(RSP, generals + 8 * n as i32));
        }
        for r in held(across) {
            self.load(r, Operand::Memory(RSP, registers + each * i32::from(r)));
        }
        for r in held(masks_across) {
            self.load_mask(r, Operand::Memory(RSP, masks + 8 * i32::from(r)));
        }
        self.constants();
    }
}

/// What loops call.
extern "sysv64" fn ask(most: usize) -> usize {
    crate::leave::ask(most)
}
