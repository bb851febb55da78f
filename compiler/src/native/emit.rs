//! From a program whose values have places to the bytes of a function.
//!
//! ```text
//! fn(table: *mut Cursor, turns: usize, vectors: usize)
//! ```
//!
//! It goes so many whole turns of [`Emitted::unroll`] vectors, then so many single vectors. The table has an
//! entry for each input and each output. The function stands in one block with its constants and tables,
//! which it reads relative to itself, so the block may be anywhere.

use super::{
    allocate::{Place, Places, REGISTERS},
    encode::{
        Assembler, Condition, General, Jump, Operand, gather,
        general::{RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP},
        transfer,
    },
    instructions::{Instruction, Shape},
    program::{Do, NONE, Name, Program, Step},
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
    /// Where on the stack registers are kept while a helper runs, and its arguments.
    saved: i32,
    /// How many calls this copy of the program has made.
    calls: usize,
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

/// The function of a program, for inputs and outputs whose elements have these sizes; `None` if it needs
/// too much of the stack, or its tables are too large.
pub fn emit(program: &Program, places: &Places, inputs: usize, sizes: &[usize]) -> Option<Emitted> {
    let mut asm = Assembler::default();
    asm.bytes.reserve(32 * program.constants.len() + 16 * program.steps.len() + 256);
    for constant in &program.constants {
        for bits in constant.bits {
            asm.bytes.extend_from_slice(&bits.to_le_bytes());
        }
    }
    let mut tables = Vec::with_capacity(program.tables.len());
    for table in &program.tables {
        tables.push(asm.here() as u32);
        asm.bytes.extend_from_slice(&table.bytes);
        // What stands after a table is data too, so that a gather never reads past it.
        asm.bytes.resize(asm.here().next_multiple_of(32) + 32, 0);
    }
    if asm.here() > LARGEST_DATA || places.slots as usize > LARGEST_FRAME as usize / 32 {
        return None;
    }
    let spilled = places.slots as i32 * 32;
    let saved = spilled;
    let frame = match program.helpers.is_empty() {
        true => spilled,
        false => spilled + 32 * (REGISTERS as i32 + 3) + 64,
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
        saved,
        calls: 0,
        conditions,
        loops,
    };
    emit.function(frame, unroll);
    Some(Emitted { bytes: emit.asm.bytes, entry, unroll })
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
            for page in 1..=frame / PAGE {
                self.asm.probe(page * PAGE);
            }
            self.asm.add_constant(RSP, -frame);
            self.asm.and_constant(RSP, -32);
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
        for (n, place) in self.places.constants.iter().enumerate() {
            if let Place::Register(r) = *place {
                let e = Instruction::Vmovaps.encoding();
                self.asm.vex(e, true, r, 0, Operand::Here(32 * n as u32), None);
            }
        }
    }

    /// A loop of as many turns of `vectors` as `counter` says.
    fn turns(&mut self, counter: General, vectors: usize) {
        self.asm.test(counter);
        let none = self.asm.jump_if(Condition::Zero);
        self.asm.align(32);
        let begin = self.asm.here();
        for vector in 0..vectors {
            self.calls = 0;
            let program = self.program;
            for step in &program.steps {
                self.step(step, vector);
            }
        }
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
                let bytes = self.vector(operand) * vectors;
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
    fn vector(&self, operand: usize) -> usize {
        self.program.lanes * self.sizes[operand]
    }

    /// Where a value or constant is, as an operand.
    fn operand(&self, name: Name) -> Operand {
        match self.places.of(name) {
            Place::Register(r) => Operand::Register(r),
            Place::Memory(n) if name & super::program::CONSTANT != 0 => Operand::Here(32 * n),
            Place::Memory(n) => Operand::Memory(RSP, 32 * n as i32),
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

    fn load(&mut self, to: u8, from: Operand) {
        self.asm.vex(Instruction::Vmovaps.encoding(), true, to, 0, from, None);
    }

    fn spill(&mut self, to: Operand, from: u8) {
        self.asm.vex(transfer(32, true), true, from, 0, to, None);
    }

    fn step(&mut self, step: &Step, vector: usize) {
        let [first, second] = self.places.scratch;
        let [a, b, _] = step.args;
        // Where the result is made.
        let home = match step.dst {
            NONE => Operand::Register(first),
            dst => self.operand(dst),
        };
        let dst = match home {
            Operand::Register(r) => r,
            _ => first,
        };
        match step.does {
            Do::Vector(instruction) => self.instruction(instruction, step, dst),
            Do::Fma(eight) => self.fma(eight, step, dst),
            Do::Move => match self.operand(a) {
                Operand::Register(from) if home != Operand::Register(dst) => {
                    self.spill(home, from);
                    return;
                }
                from if from == Operand::Register(dst) => {}
                from => self.load(dst, from),
            },
            Do::Load(n) => {
                let operand = n as usize;
                let bytes = self.vector(operand);
                let from = self.address(operand, vector * bytes);
                self.asm.vex(transfer(bytes, false), bytes == 32, dst, 0, from, None);
            }
            Do::Store(n) => {
                let operand = self.inputs + n as usize;
                let bytes = self.vector(operand);
                let from = self.register(a, first);
                let to = self.address(operand, vector * bytes);
                self.asm.vex(transfer(bytes, true), bytes == 32, from, 0, to, None);
            }
            Do::Call(n) => self.call(n as usize, step, dst),
            Do::Gather(n) => {
                let size = self.program.tables[n as usize].size;
                let scale = self.program.tables[n as usize].scale;
                let index = self.register(a, second);
                let mask = self.register(b, second);
                self.asm.address_of(RCX, Operand::Here(self.tables[n as usize]));
                self.asm.gather(gather(size == 8), true, dst, RCX, (index, scale), mask);
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
                    self.asm.back(begin);
                    if let Some(exit) = exit {
                        self.asm.land(exit);
                    }
                }
            }
        }
        if step.dst != NONE && home != Operand::Register(dst) {
            self.spill(home, dst);
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
                self.asm.vex(e, step.long, dst, a, self.operand(b), follows);
            }
            Shape::Two => {
                let a = self.operand(a);
                self.asm.vex(e, step.long, dst, 0, a, follows);
            }
            Shape::Four => {
                let a = self.register(a, first);
                let c = self.register(c, second);
                self.asm.vex(e, step.long, dst, a, self.operand(b), Some(c << 4));
            }
            Shape::Shift(digit) => {
                let a = self.register(a, first);
                self.asm.vex(e, step.long, digit, dst, Operand::Register(a), follows);
            }
            Shape::Extract => {
                let a = self.register(a, first);
                self.asm.vex(e, true, a, 0, Operand::Register(dst), follows);
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
            self.asm.vex(by_sum.encoding(), step.long, dst, a, self.operand(b), None);
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
                self.asm.vex(by_product.encoding(), step.long, dst, c, b, None);
            }
            (_, c) => {
                let b = self.register(b, second);
                self.asm.vex(by_second.encoding(), step.long, dst, b, c, None);
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

    /// Finds out whether a mask of elements of `1 << width` bytes is true anywhere.
    fn any(&mut self, mask: Name, width: u8, bytes: usize) {
        let mask = self.register(mask, self.places.scratch[0]);
        let test = match (bytes, width) {
            (4 | 8, _) => {
                self.asm.lowest(RAX, mask, bytes == 8);
                self.asm.test(RAX);
                return;
            }
            (_, 3) => Instruction::Vtestpd,
            (_, 2) => Instruction::Vtestps,
            _ => Instruction::Vptest,
        };
        self.asm.vex(test.encoding(), bytes == 32, mask, 0, Operand::Register(mask), None);
    }

    fn call(&mut self, helper: usize, step: &Step, dst: u8) {
        let first = self.places.scratch[0];
        let registers = self.saved;
        let arguments = registers + 32 * REGISTERS as i32;
        let generals = arguments + 3 * 32;
        for (n, &name) in step.args[..2].iter().enumerate() {
            if name != NONE {
                let from = self.register(name, first);
                self.spill(Operand::Memory(RSP, arguments + 32 * n as i32), from);
            }
        }
        let across = self.places.across.get(self.calls).copied().unwrap_or(u16::MAX);
        self.calls += 1;
        for r in (0..REGISTERS as u8).filter(|r| across >> r & 1 != 0) {
            self.spill(Operand::Memory(RSP, registers + 32 * i32::from(r)), r);
        }
        let pointers = &POINTERS[..self.used.min(KEPT.start)];
        let lost = [RDI, RSI, RDX].iter().chain(pointers);
        for (n, &register) in lost.clone().enumerate() {
            self.asm.store(Operand::Memory(RSP, generals + 8 * n as i32), register);
        }
        for (n, register) in [RDI, RSI, RDX].into_iter().enumerate() {
            self.asm.address_of(register, Operand::Memory(RSP, arguments + 32 * n as i32));
        }
        self.asm.constant(RCX, step.immediate.into());
        self.asm.constant(RAX, self.program.helpers[helper] as usize as u64);
        self.asm.zero_upper();
        self.asm.call(RAX);
        for (n, &register) in lost.enumerate() {
            self.asm.load(register, Operand::Memory(RSP, generals + 8 * n as i32));
        }
        for r in (0..REGISTERS as u8).filter(|r| across >> r & 1 != 0) {
            self.load(r, Operand::Memory(RSP, registers + 32 * i32::from(r)));
        }
        self.constants();
        self.load(dst, Operand::Memory(RSP, arguments + 2 * 32));
    }
}
