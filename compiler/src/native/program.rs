//! What instruction selection leaves: instructions on values, of which there may be any number.

use hashbrown::HashMap;

use super::{allocate::weight, helpers::Helper, instructions::Instruction, target::Target};

/// What an instruction reads or writes: a value by its number, or a constant, whose number has
/// [`CONSTANT`] set.
pub type Name = u32;

/// No operand.
pub const NONE: Name = u32::MAX;

/// The bit that names of constants have.
pub const CONSTANT: Name = 1 << 31;

/// The registers that a value is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Vector registers.
    Vector,
    /// Mask registers, a bit a lane; what stands above the lanes is anything.
    Mask,
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// A vector instruction.
    Vector(Instruction),
    /// `dst` = `a` times `b` plus `c`, of eight-byte elements if true.
    Fma(bool),
    /// `dst` = a vector of the input of this number.
    Load(u32),
    /// A vector of the output of this number = `a`.
    Store(u32),
    /// `dst` = `a`.
    Move,
    /// `dst`, of mask registers, = everywhere this.
    Truth(bool),
    /// `dst` = what the helper of this number makes of `a` and `b`.
    Call(u32),
    /// `dst` = entries of the table of this number at the indices `a`, where `b` is true, which is then
    /// lost.
    Gather(u32),
    /// Up to the end: only if `a` is true anywhere: elements of `1 << k` bytes, if it is a vector.
    If(u8),
    /// The end of that.
    End,
    /// A loop begins.
    Loop,
    /// Out of the innermost loop, unless `a` is true anywhere; as [`Do::If`].
    Exit(u8),
    /// Back to where the innermost loop begins; now and then it asks first whether to, as [`crate::asking`]
    /// says.
    Again,
}

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What it does.
    pub does: Do,
    /// How much of the registers it is about: 16 bytes, or a power of two more.
    pub length: u8,
    /// The byte that says more, of instructions that have one; the bytes, or bits, of the truth that is asked
    /// about; the lanes that a helper is called for.
    pub immediate: u8,
    /// What it writes.
    pub dst: Name,
    /// What it reads.
    pub args: [Name; 3],
}

/// A table in the block of the code.
#[derive(Debug)]
pub struct Entries {
    /// The bytes of an entry as it is read: 4 or 8.
    pub size: usize,
    /// The entries, one after the other.
    pub bytes: Vec<u8>,
    /// Bytes from one to the next, as a power of two.
    pub scale: u8,
}

/// A constant.
#[derive(Debug)]
pub struct Constant {
    /// Its bytes: as many as the largest register has.
    pub bits: [u64; 8],
    /// How often it is read, or so.
    pub uses: u32,
}

/// A program for one vector of each operand.
#[derive(Default)]
pub struct Program {
    /// What it is for.
    pub target: Target,
    /// Elements in a vector.
    pub lanes: usize,
    /// What is done.
    pub steps: Vec<Step>,
    /// The values.
    pub values: Vec<Class>,
    /// The constants.
    pub constants: Vec<Constant>,
    splats: HashMap<u64, Name, foldhash::fast::FixedState>,
    /// The constants that are not the same all over, of which there are few.
    vectors: Vec<Name>,
    /// The tables.
    pub tables: Vec<Entries>,
    /// The helpers.
    pub helpers: Vec<Helper>,
    /// How many loops and conditions stand around what is added.
    loops: u32,
    conditions: u32,
    /// Whether every step is done once, in order.
    pub branches: bool,
}

impl Program {
    /// A program that does nothing, to vectors of so many elements.
    pub fn new(target: Target, lanes: usize) -> Program {
        let mut program = Program { target, lanes, ..Program::default() };
        program.splats.reserve(28);
        program.constants.reserve(28);
        program
    }

    /// A new value.
    pub fn value(&mut self, class: Class) -> Name {
        self.values.push(class);
        (self.values.len() - 1) as Name
    }

    /// Where a value or constant is kept.
    pub fn class(&self, name: Name) -> Class {
        if name & CONSTANT != 0 { Class::Vector } else { self.values[name as usize] }
    }

    /// One more step.
    pub fn push(&mut self, step: Step) {
        match step.does {
            Do::Loop => self.loops += 1,
            Do::Again => self.loops -= 1,
            Do::If(_) => self.conditions += 1,
            Do::End => self.conditions -= 1,
            _ => {}
        }
        self.branches |= matches!(step.does, Do::If(_) | Do::Loop);
        for arg in step.args {
            if arg != NONE && arg & CONSTANT != 0 {
                let uses = &mut self.constants[(arg & !CONSTANT) as usize].uses;
                *uses = uses.saturating_add(weight(self.conditions, self.loops));
            }
        }
        self.steps.push(step);
    }

    /// The constant with these eight bytes, again and again.
    pub fn splat(&mut self, bits: u64) -> Name {
        let constants = &mut self.constants;
        *self.splats.entry(bits).or_insert_with(|| {
            constants.push(Constant { bits: [bits; 8], uses: 0 });
            (constants.len() - 1) as Name | CONSTANT
        })
    }

    /// The eight bytes that a constant has again and again, if it is such a one.
    pub fn splatted(&self, name: Name) -> Option<u64> {
        let constant = self.constants.get((name ^ CONSTANT) as usize)?;
        (constant.bits == [constant.bits[0]; 8]).then_some(constant.bits[0])
    }

    /// The constant with these 16 bytes, again and again.
    pub fn halves(&mut self, [low, high]: [u64; 2]) -> Name {
        self.vector([low, high, low, high, low, high, low, high])
    }

    /// The constant with these bytes.
    pub fn vector(&mut self, bits: [u64; 8]) -> Name {
        let bits_of = |name: Name| self.constants[(name & !CONSTANT) as usize].bits;
        if let Some(&known) = self.vectors.iter().find(|&&name| bits_of(name) == bits) {
            return known;
        }
        let name = self.constants.len() as Name | CONSTANT;
        self.constants.push(Constant { bits, uses: 0 });
        self.vectors.push(name);
        name
    }
}
