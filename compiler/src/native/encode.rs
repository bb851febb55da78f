//! The encoder: instructions to bytes.
//!
//! It knows registers and addresses, and nothing of what the bytes are for.

use super::instructions::{Encoding, Form, Instruction, Shape};

/// A general register by its number.
pub type General = u8;
/// General registers that have a part in what is written here.
#[allow(missing_docs)]
pub mod general {
    use super::General;
    pub const RAX: General = 0;
    pub const RCX: General = 1;
    pub const RDX: General = 2;
    pub const RBX: General = 3;
    pub const RSP: General = 4;
    pub const RBP: General = 5;
    pub const RSI: General = 6;
    pub const RDI: General = 7;
}

/// An operand that may be in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A vector register, or a mask register.
    Register(u8),
    /// Memory, so many bytes after where a register points.
    Memory(General, i32),
    /// Memory in the same block as the code, by its offset there.
    Here(u32),
}

/// The bits that say whether a jump is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Condition {
    /// The result was zero.
    Zero = 4,
    /// The result was not zero.
    NotZero = 5,
}

/// A jump whose goal is not known yet.
#[derive(Debug)]
#[must_use]
pub struct Jump(usize);

/// Code as it grows.
#[derive(Default)]
pub struct Assembler {
    /// The block: data, then code.
    pub bytes: Vec<u8>,
}

impl Assembler {
    /// Where the next instruction stands.
    pub fn here(&self) -> usize {
        self.bytes.len()
    }

    fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    fn word(&mut self, word: i32) {
        self.bytes.extend_from_slice(&word.to_le_bytes());
    }

    /// The bytes that name a register and another operand; `after` bytes of the instruction follow them. A
    /// short offset counts in `unit`s.
    fn address(&mut self, register: u8, operand: Operand, unit: i32, after: usize) {
        let register = (register & 7) << 3;
        match operand {
            Operand::Register(other) => self.byte(0xc0 | register | other & 7),
            Operand::Memory(base, offset) => self.memory(register, base, None, offset, unit),
            Operand::Here(at) => {
                self.byte(register | 5);
                let next = self.here() + 4 + after;
                self.word(at.wrapping_sub(next as u32) as i32);
            }
        }
    }

    /// As `address`, in memory: base, perhaps an index register with the power of two it counts by.
    fn memory(
        &mut self,
        register: u8,
        base: General,
        index: Option<(u8, u8)>,
        offset: i32,
        unit: i32,
    ) {
        let short = if offset % unit == 0 { i8::try_from(offset / unit).ok() } else { None };
        let mode = match (offset, base & 7) {
            (0, b) if b != general::RBP => 0,
            _ if short.is_some() => 0x40,
            _ => 0x80,
        };
        match index {
            None if base & 7 != general::RSP => self.byte(mode | register | base & 7),
            _ => {
                self.byte(mode | register | 4);
                let (index, scale) = index.unwrap_or((general::RSP, 0));
                self.byte(scale << 6 | (index & 7) << 3 | base & 7);
            }
        }
        match (mode, short) {
            (0, _) => {}
            (0x40, Some(short)) => self.byte(short as u8),
            _ => self.word(offset),
        }
    }

    fn prefix(&mut self, e: Encoding, length: u8, register: u8, second: u8, high: (bool, bool)) {
        debug_assert!(register < 16 && second < 16 && length < 2 && e.form != Form::Evex);
        let (index, base) = high;
        let last = (!second & 15) << 3 | length << 2 | e.prefix;
        let r = if register & 8 == 0 { 0x80 } else { 0 };
        if e.map == 1 && !e.wide && !index && !base {
            self.byte(0xc5);
            self.byte(r | last);
        } else {
            self.byte(0xc4);
            let x = if index { 0 } else { 0x40 };
            let b = if base { 0 } else { 0x20 };
            self.byte(r | x | b | e.map);
            self.byte((e.wide as u8) << 7 | last);
        }
        self.byte(e.opcode);
    }

    /// As `prefix`, EVEX. The high bits are the index register's and the base's two lower ones of three, or a
    /// register's.
    fn evex_prefix(
        &mut self,
        e: Encoding,
        length: u8,
        register: u8,
        second: u8,
        high: (bool, bool),
        mask: u8,
    ) {
        debug_assert!(
            register < 32 && second < 32 && length < 3 && mask < 8,
            "{e:?} {register} {second} {length} {mask}"
        );
        let wide = match e.form {
            Form::Both(wide) => wide,
            _ => e.wide,
        };
        // Bits of registers are written as their opposite.
        let no = |bit: bool, at: u8| u8::from(!bit) << at;
        let (x, b) = high;
        self.byte(0x62);
        self.byte(
            no(register & 8 != 0, 7) | no(x, 6) | no(b, 5) | no(register & 16 != 0, 4) | e.map,
        );
        self.byte(u8::from(wide) << 7 | (!second & 15) << 3 | 4 | e.prefix);
        self.byte(length << 5 | no(second & 16 != 0, 3) | mask);
        self.byte(e.opcode);
    }

    /// A vector instruction, as [`Assembler::vex`], for registers up to the 31st; after the register and the
    /// second one, the mask register where which is true it is done, if that is not the 0th.
    pub fn evex(
        &mut self,
        e: Encoding,
        length: u8,
        [register, second, mask]: [u8; 3],
        operand: Operand,
        follows: Option<u8>,
    ) {
        let high = match operand {
            Operand::Register(r) => (r & 16 != 0, r & 8 != 0),
            Operand::Memory(r, _) => (false, r & 8 != 0),
            Operand::Here(_) => (false, false),
        };
        self.evex_prefix(e, length, register, second, high, mask);
        let unit = (16 << length) >> e.halvings;
        self.address(register, operand, unit, follows.is_some() as usize);
        if let Some(byte) = follows {
            self.byte(byte);
        }
    }

    /// A vector instruction: the register in the place of `reg`, the one in that of `vvvv`, the operand
    /// that may be in memory, and the byte that follows, if any.
    pub fn vex(
        &mut self,
        e: Encoding,
        length: u8,
        register: u8,
        second: u8,
        operand: Operand,
        follows: Option<u8>,
    ) {
        let base = match operand {
            Operand::Register(r) | Operand::Memory(r, _) => r & 8 != 0,
            Operand::Here(_) => false,
        };
        self.prefix(e, length, register, second, (false, base));
        self.address(register, operand, 1, follows.is_some() as usize);
        if let Some(byte) = follows {
            self.byte(byte);
        }
    }

    /// A gather: entries of `1 << scale` bytes after `base`, by the indices in a vector register, where
    /// the mask's lanes are negative.
    pub fn gather(
        &mut self,
        e: Encoding,
        length: u8,
        to: u8,
        base: General,
        by: (u8, u8),
        mask: u8,
    ) {
        self.prefix(e, length, to, mask, (by.0 & 8 != 0, base & 8 != 0));
        self.memory((to & 7) << 3, base, Some(by), 0, 1);
    }

    /// As [`Assembler::gather`], where a mask register is true.
    pub fn evex_gather(&mut self, e: Encoding, to: u8, base: General, by: (u8, u8), mask: u8) {
        // The index register's highest bit stands where the second register's does.
        let high = (by.0 & 8 != 0, base & 8 != 0);
        self.evex_prefix(e, 2, to, by.0 & 16, high, mask);
        self.memory((to & 7) << 3, base, Some(by), 0, 1);
    }

    fn rex(&mut self, register: u8, base: u8) {
        self.byte(0x48 | (register & 8) >> 1 | (base & 8) >> 3);
    }

    fn general(&mut self, opcode: u8, register: General, operand: Operand) {
        let base = match operand {
            Operand::Register(r) | Operand::Memory(r, _) => r,
            Operand::Here(_) => 0,
        };
        self.rex(register, base);
        self.byte(opcode);
        self.address(register, operand, 1, 0);
    }

    /// `to = from`, 64 bits.
    pub fn load(&mut self, to: General, from: Operand) {
        self.general(0x8b, to, from);
    }

    /// `to = from`, 64 bits.
    pub fn store(&mut self, to: Operand, from: General) {
        self.general(0x89, from, to);
    }

    /// `to += what`, 64 bits.
    pub fn add(&mut self, to: General, what: Operand) {
        self.general(0x03, to, what);
    }

    /// `to = the address of what`.
    pub fn address_of(&mut self, to: General, what: Operand) {
        self.general(0x8d, to, what);
    }

    /// `to += what`.
    pub fn add_constant(&mut self, to: General, what: i32) {
        self.with_constant(0, to, what);
    }

    /// `to &= what`.
    pub fn and_constant(&mut self, to: General, what: i32) {
        self.with_constant(4, to, what);
    }

    fn with_constant(&mut self, digit: u8, to: General, what: i32) {
        self.rex(0, to);
        match i8::try_from(what) {
            Ok(byte) => {
                self.byte(0x83);
                self.byte(0xc0 | digit << 3 | to & 7);
                self.byte(byte as u8);
            }
            Err(_) => {
                self.byte(0x81);
                self.byte(0xc0 | digit << 3 | to & 7);
                self.word(what);
            }
        }
    }

    /// Touches the stack so many bytes below its top, so that its pages are there one after the other.
    pub fn probe(&mut self, below: i32) {
        self.rex(0, general::RSP);
        self.byte(0x83);
        self.memory(1 << 3, general::RSP, None, -below, 1);
        self.byte(0);
    }

    /// `register -= 1`.
    pub fn decrement(&mut self, register: General) {
        self.rex(0, register);
        self.byte(0xff);
        self.byte(0xc8 | register & 7);
    }

    /// Compares a register with zero.
    pub fn test(&mut self, register: General) {
        self.rex(register, register);
        self.byte(0x85);
        self.byte(0xc0 | (register & 7) << 3 | register & 7);
    }

    /// `to = what`, 64 bits.
    pub fn constant(&mut self, to: General, what: u64) {
        self.rex(0, to);
        self.byte(0xb8 | to & 7);
        self.bytes.extend_from_slice(&what.to_le_bytes());
    }

    /// Calls what a register points to.
    pub fn call(&mut self, to: General) {
        self.rex(0, to);
        self.byte(0xff);
        self.byte(0xd0 | to & 7);
    }

    /// Puts a register on the stack.
    pub fn push(&mut self, register: General) {
        if register & 8 != 0 {
            self.byte(0x41);
        }
        self.byte(0x50 | register & 7);
    }

    /// Takes a register from the stack.
    pub fn pop(&mut self, register: General) {
        if register & 8 != 0 {
            self.byte(0x41);
        }
        self.byte(0x58 | register & 7);
    }

    /// Forgets the upper halves of the vector registers.
    pub fn zero_upper(&mut self) {
        self.bytes.extend_from_slice(&[0xc5, 0xf8, 0x77]);
    }

    /// Returns.
    pub fn ret(&mut self) {
        self.byte(0xc3);
    }

    /// The lowest 4 or 8 bytes of a vector register into a general one.
    pub fn lowest(&mut self, to: General, from: u8, eight: bool) {
        let e = Encoding {
            map: 1,
            prefix: 1,
            wide: eight,
            opcode: 0x7e,
            shape: Shape::Two,
            immediate: false,
            form: Form::Vex,
            halvings: 0,
        };
        self.vex(e, 0, from, 0, Operand::Register(to), None);
    }

    /// Jumps if the last result was so, to somewhere later.
    pub fn jump_if(&mut self, condition: Condition) -> Jump {
        self.byte(0x0f);
        self.byte(0x80 | condition as u8);
        self.word(0);
        Jump(self.here())
    }

    /// The jump comes here.
    pub fn land(&mut self, jump: Jump) {
        let distance = (self.here() - jump.0) as i32;
        self.bytes[jump.0 - 4..jump.0].copy_from_slice(&distance.to_le_bytes());
    }

    /// Jumps back if the last result was so.
    pub fn back_if(&mut self, condition: Condition, to: usize) {
        self.byte(0x0f);
        self.byte(0x80 | condition as u8);
        self.word((to as i64 - (self.here() + 4) as i64) as i32);
    }

    /// Nothing, until the offset in the block is a multiple of `to`.
    pub fn align(&mut self, to: usize) {
        const NOTHING: [&[u8]; 10] = [
            &[],
            &[0x90],
            &[0x66, 0x90],
            &[0x0f, 0x1f, 0x00],
            &[0x0f, 0x1f, 0x40, 0x00],
            &[0x0f, 0x1f, 0x44, 0x00, 0x00],
            &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
            &[0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
            &[0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
            &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        ];
        let mut left = self.here().next_multiple_of(to) - self.here();
        while left > 0 {
            let now = left.min(9);
            self.bytes.extend_from_slice(NOTHING[now]);
            left -= now;
        }
    }
}

/// The encodings that move a part of a register from and to memory, by its size in bytes.
pub fn transfer(bytes: usize, store: bool) -> Encoding {
    let (prefix, opcode, wide, halvings) = match (bytes, store) {
        (4, false) => (1, 0x6e, false, 2),
        (4, true) => (1, 0x7e, false, 2),
        (8, false) => (2, 0x7e, true, 1),
        (8, true) => (1, 0xd6, true, 1),
        (_, false) => (0, 0x10, false, 0),
        (_, true) => (0, 0x11, false, 0),
    };
    let (shape, form) = (Shape::Two, Form::Both(wide));
    Encoding { map: 1, prefix, wide: false, opcode, shape, immediate: false, form, halvings }
}

/// The encodings that move all of a mask register from and to memory.
pub fn mask_transfer(store: bool) -> Encoding {
    let opcode = if store { 0x91 } else { 0x90 };
    Encoding { opcode, ..Instruction::Kmovq.encoding() }
}

/// The encoding of the gather of entries of 4 or 8 bytes by 64-bit indices.
pub fn gather(eight: bool) -> Encoding {
    let (shape, form) = (Shape::Two, Form::Both(eight));
    let (map, opcode) = (2, 0x93);
    Encoding { map, prefix: 1, wide: eight, opcode, shape, immediate: false, form, halvings: 0 }
}

#[cfg(test)]
mod tests {
    use iced_x86::{
        Code, Decoder, DecoderOptions, Instruction as Decoded, Mnemonic, OpKind, Register,
    };

    use super::{general::*, *};
    use crate::native::target::length;

    const OFFSETS: [i32; 10] = [0, 1, 32, 64, 127, 128, -128, -129, 4096, -70000];

    /// The only instruction that is written.
    fn decoded(write: impl FnOnce(&mut Assembler)) -> Decoded {
        let mut asm = Assembler::default();
        write(&mut asm);
        let mut decoder = Decoder::with_ip(64, &asm.bytes, 0, DecoderOptions::NONE);
        let instruction = decoder.decode();
        assert_eq!(instruction.len(), asm.bytes.len(), "{:x?} is {instruction:?}", asm.bytes);
        instruction
    }

    fn number(i: &Decoded, operand: u32) -> u8 {
        assert_eq!(i.op_kind(operand), OpKind::Register, "{i:?}");
        i.op_register(operand).number() as u8
    }

    fn mnemonic(i: &Decoded) -> String {
        format!("{:?}", i.mnemonic())
    }

    /// Which operands of the decoded instruction are the one in the register field, the second register,
    /// and the one that may be in memory.
    fn order(shape: Shape) -> (Option<u32>, Option<u32>, u32) {
        match shape {
            Shape::Three | Shape::Commutes | Shape::Four | Shape::Masked => (Some(0), Some(1), 2),
            Shape::Masks => (Some(0), Some(1), 2),
            Shape::Two | Shape::Mask => (Some(0), None, 1),
            Shape::Shift(_) => (None, Some(0), 1),
            Shape::Extract => (Some(1), None, 0),
        }
    }

    /// Every vector instruction in each length and either encoding: whether it is EVEX.
    fn forms() -> impl Iterator<Item = (Instruction, u8, bool)> {
        use Instruction::*;
        let each = |&i: &Instruction| {
            let (form, shape) = (i.encoding().form, i.encoding().shape);
            let of_masks = matches!(shape, Shape::Masks | Shape::Mask);
            let vex = (0..2).filter(move |_| form != Form::Evex && !of_masks);
            let evex = (0..3).filter(move |_| form != Form::Vex);
            vex.map(move |length| (i, length, false)).chain(evex.map(move |l| (i, l, true)))
        };
        let has = |&(i, length, _): &(Instruction, u8, bool)| match i {
            Vextracti128 | Vpermd | Vpermq => length > 0,
            Vinserti128 => length == 1,
            Vinserti64x4 | Vextracti64x4 => length == 2,
            _ => true,
        };
        Instruction::ALL.iter().flat_map(each).filter(has)
    }

    /// How many registers there are of the kind that the instruction writes, and of the others.
    fn registers(i: Instruction, evex: bool) -> (u8, u8) {
        match (evex, i.makes_mask()) {
            (false, _) => (16, 16),
            (true, true) => (8, 32),
            (true, false) => (32, 32),
        }
    }

    fn write(
        asm: &mut Assembler,
        (i, length, evex): (Instruction, u8, bool),
        registers: [u8; 3],
        last: Operand,
    ) {
        let e = i.encoding();
        let [register, second, third] = registers;
        let (register, second) = match e.shape {
            Shape::Shift(digit) => (digit, second),
            Shape::Two | Shape::Extract => (register, 0),
            _ => (register, second),
        };
        let follows = match e.shape {
            Shape::Four => Some(third << 4),
            _ => e.immediate.then_some(0x5a),
        };
        match evex {
            false => asm.vex(e, length, register, second, last, follows),
            true => {
                let mask = if e.shape == Shape::Masked { third } else { 0 };
                asm.evex(e, length, [register, second, mask], last, follows);
            }
        }
    }

    fn expect((i, length, evex): (Instruction, u8, bool), registers: [u8; 3], found: &Decoded) {
        let e = i.encoding();
        assert_eq!(mnemonic(found).to_lowercase(), i.name(evex));
        let (register, second, _) = order(e.shape);
        if let Some(operand) = register {
            assert_eq!(number(found, operand), registers[0], "{found:?}");
            assert_eq!(found.op_register(operand).is_k(), evex && i.makes_mask(), "{found:?}");
        }
        if let Some(operand) = second {
            assert_eq!(number(found, operand), registers[1], "{found:?}");
        }
        if e.shape == Shape::Four {
            assert_eq!(number(found, 3), registers[2], "{found:?}");
        }
        let mask = if e.shape == Shape::Masked { registers[2] } else { 0 };
        let named = if found.has_op_mask() { found.op_mask().number() } else { 0 };
        assert_eq!(named, mask.into(), "{found:?}");
        if e.immediate {
            assert_eq!(found.immediate8(), 0x5a, "{found:?}");
        }
        let sizes = (0..found.op_count()).map(|n| found.op_register(n));
        let sizes = sizes.filter(|r| r.is_vector_register()).map(|r| r.size());
        let in_memory = (0..found.op_count()).any(|n| found.op_kind(n) == OpKind::Memory);
        let memory = if in_memory { found.memory_size().size() } else { 0 };
        assert_eq!(sizes.chain([memory]).max(), Some(16 << length), "{found:?}");
        if evex && memory > 0 {
            assert_eq!(memory, (16 << length) >> e.halvings, "{found:?}");
        }
    }

    #[test]
    fn every_vector_instruction_says_its_registers() {
        for (i, length, evex) in forms() {
            let (results, all) = registers(i, evex);
            for dst in 0..results {
                for a in 0..all {
                    for b in (if evex { a % 5 } else { 0 }..all).step_by(if evex { 5 } else { 1 }) {
                        let third = if evex { 1 + (a + b) % 7 } else { (a + 5 * b) % 16 };
                        let registers = [dst, a, third];
                        let form = (i, length, evex);
                        let found =
                            decoded(|asm| write(asm, form, registers, Operand::Register(b)));
                        expect(form, registers, &found);
                        let (.., last) = order(i.encoding().shape);
                        assert_eq!(number(&found, last), b, "{found:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_vector_instruction_says_its_memory() {
        for form in forms() {
            let (i, length, evex) = form;
            let e = i.encoding();
            if let Shape::Shift(_) | Shape::Extract = e.shape {
                continue;
            }
            let (results, all) = registers(i, evex);
            let unit = if evex { (16 << length) >> e.halvings } else { 1 };
            for dst in 0..results {
                let registers = [dst, all - 1 - dst, 1 + dst % 7];
                for base in 0..16 {
                    for offset in OFFSETS.into_iter().chain([127 * unit, -128 * unit, 128 * unit]) {
                        let last = Operand::Memory(base, offset);
                        let found = decoded(|asm| write(asm, form, registers, last));
                        expect(form, registers, &found);
                        expect_memory(&found, base, offset);
                        let fits = offset % unit == 0 && (-128..128).contains(&(offset / unit));
                        let none = offset == 0 && base & 7 != RBP;
                        let bytes = if none { 0 } else { if fits { 1 } else { 4 } };
                        assert_eq!(found.memory_displ_size().min(4) > 0, !none);
                        if evex {
                            let others = 6 + usize::from(base & 7 == RSP) + e.immediate as usize;
                            assert_eq!(found.len(), others + bytes, "{found:?}");
                        }
                    }
                }
                for at in [0, 32, 1 << 20] {
                    let found = decoded(|asm| write(asm, form, registers, Operand::Here(at)));
                    expect(form, registers, &found);
                    assert_eq!(found.memory_base(), Register::RIP, "{found:?}");
                    assert_eq!(found.ip_rel_memory_address(), u64::from(at), "{found:?}");
                }
            }
        }
    }

    #[test]
    fn every_instruction_on_masks_says_its_registers() {
        for &i in Instruction::ALL {
            let e = i.encoding();
            let three = match e.shape {
                Shape::Masks => true,
                Shape::Mask => false,
                _ => continue,
            };
            let follows = e.immediate.then_some(0x5a);
            for dst in 0..8 {
                for a in 0..8 {
                    for b in 0..8 {
                        let (length, second) = if three { (1, a) } else { (0, 0) };
                        let last = Operand::Register(b);
                        let found = decoded(|asm| asm.vex(e, length, dst, second, last, follows));
                        assert_eq!(mnemonic(&found).to_lowercase(), i.name(true));
                        assert_eq!(number(&found, 0), dst);
                        assert_eq!(number(&found, 1 + u32::from(three)), b);
                        assert!(!three || number(&found, 1) == a, "{found:?}");
                        let of_masks =
                            (0..2 + u32::from(three)).all(|n| found.op_register(n).is_k());
                        assert!(of_masks, "{found:?}");
                        assert!(!e.immediate || found.immediate8() == 0x5a, "{found:?}");
                    }
                }
            }
        }
        for mask in 0..8 {
            for base in 0..16 {
                for offset in OFFSETS {
                    let at = Operand::Memory(base, offset);
                    for store in [false, true] {
                        let found =
                            decoded(|asm| asm.vex(mask_transfer(store), 0, mask, 0, at, None));
                        assert_eq!(found.mnemonic(), Mnemonic::Kmovq);
                        assert_eq!(number(&found, store as u32), mask);
                        assert_eq!(found.memory_size().size(), 8);
                        expect_memory(&found, base, offset);
                    }
                }
            }
        }
    }

    fn expect_memory(found: &Decoded, base: u8, offset: i32) {
        assert_eq!(found.memory_base().number() as u8, base, "{found:?}");
        assert_eq!(found.memory_displacement64() as i64, i64::from(offset), "{found:?}");
        assert_eq!(found.memory_index(), Register::None, "{found:?}");
    }

    #[test]
    fn transfers_and_gathers_say_their_operands() {
        for register in 0..32 {
            for base in 0..16 {
                for (bytes, load, store) in [
                    (4, Mnemonic::Vmovd, Mnemonic::Vmovd),
                    (8, Mnemonic::Vmovq, Mnemonic::Vmovq),
                    (16, Mnemonic::Vmovups, Mnemonic::Vmovups),
                    (32, Mnemonic::Vmovups, Mnemonic::Vmovups),
                    (64, Mnemonic::Vmovups, Mnemonic::Vmovups),
                ] {
                    for (stores, mnemonic) in [(false, load), (true, store)] {
                        let to = Operand::Memory(base, 40);
                        let e = transfer(bytes, stores);
                        let length = length(bytes);
                        let vex = |asm: &mut Assembler| asm.vex(e, length, register, 0, to, None);
                        let evex =
                            |asm: &mut Assembler| asm.evex(e, length, [register, 0, 0], to, None);
                        let vex = (register < 16 && bytes < 64).then(|| decoded(vex));
                        for found in [Some(decoded(evex)), vex].into_iter().flatten() {
                            assert_eq!(found.mnemonic(), mnemonic);
                            assert_eq!(found.memory_size().size(), bytes, "{found:?}");
                            assert_eq!(number(&found, stores as u32), register, "{found:?}");
                            expect_memory(&found, base, 40);
                        }
                    }
                }
                for scale in 0..4 {
                    for (eight, mnemonic) in
                        [(true, Mnemonic::Vgatherqpd), (false, Mnemonic::Vgatherqps)]
                    {
                        let (index, mask) = ((register + 3) % 16, (register + 9) % 16);
                        let short = |asm: &mut Assembler| {
                            asm.gather(gather(eight), 1, register, base, (index, scale), mask);
                        };
                        if register < 16 {
                            let found = decoded(short);
                            expect_gather(&found, mnemonic, register, base, (index, scale));
                            assert_eq!(number(&found, 2), mask);
                            assert!(found.memory_index().is_ymm());
                        }
                        let (index, mask) = ((register + 17) % 32, 1 + register % 7);
                        let found = decoded(|asm| {
                            asm.evex_gather(gather(eight), register, base, (index, scale), mask);
                        });
                        expect_gather(&found, mnemonic, register, base, (index, scale));
                        assert_eq!(found.op_mask().number(), mask.into());
                        assert!(found.memory_index().is_zmm());
                    }
                }
            }
        }
    }

    fn expect_gather(found: &Decoded, mnemonic: Mnemonic, to: u8, base: u8, by: (u8, u8)) {
        assert_eq!(found.mnemonic(), mnemonic);
        assert_eq!(number(found, 0), to);
        assert_eq!(found.memory_base().number() as u8, base);
        assert_eq!(found.memory_index().number() as u8, by.0);
        assert_eq!(found.memory_index_scale(), 1 << by.1);
    }

    #[test]
    fn general_instructions_say_their_operands() {
        for a in 0..16 {
            for b in 0..16 {
                let memory = Operand::Memory(b, 264);
                let registers = decoded(|asm| asm.load(a, Operand::Register(b)));
                assert_eq!(registers.code(), Code::Mov_r64_rm64);
                assert_eq!((number(&registers, 0), number(&registers, 1)), (a, b));
                for (found, code, at) in [
                    (decoded(|asm| asm.load(a, memory)), Code::Mov_r64_rm64, 0),
                    (decoded(|asm| asm.store(memory, a)), Code::Mov_rm64_r64, 1),
                    (decoded(|asm| asm.add(a, memory)), Code::Add_r64_rm64, 0),
                    (decoded(|asm| asm.address_of(a, memory)), Code::Lea_r64_m, 0),
                ] {
                    assert_eq!(found.code(), code);
                    assert_eq!(number(&found, at), a);
                    expect_memory(&found, b, 264);
                }
                for (eight, code) in
                    [(false, Code::VEX_Vmovd_rm32_xmm), (true, Code::VEX_Vmovq_rm64_xmm)]
                {
                    let found = decoded(|asm| asm.lowest(a, b, eight));
                    assert_eq!(found.code(), code);
                    assert_eq!((number(&found, 0), number(&found, 1)), (a, b));
                }
            }
            for what in [1, -32, 127, 128, -128, -129, 1 << 20] {
                for (found, name) in [
                    (decoded(|asm| asm.add_constant(a, what)), "Add"),
                    (decoded(|asm| asm.and_constant(a, what)), "And"),
                ] {
                    assert_eq!(mnemonic(&found), name);
                    assert_eq!(number(&found, 0), a);
                    assert_eq!(found.immediate(1) as i64, i64::from(what));
                }
            }
            for (found, code) in [
                (decoded(|asm| asm.decrement(a)), Code::Dec_rm64),
                (decoded(|asm| asm.test(a)), Code::Test_rm64_r64),
                (decoded(|asm| asm.call(a)), Code::Call_rm64),
                (decoded(|asm| asm.push(a)), Code::Push_r64),
                (decoded(|asm| asm.pop(a)), Code::Pop_r64),
                (decoded(|asm| asm.constant(a, u64::MAX - 5)), Code::Mov_r64_imm64),
            ] {
                assert_eq!(found.code(), code);
                assert_eq!(number(&found, 0), a);
            }
        }
        assert_eq!(decoded(|asm| asm.constant(RCX, 1 << 40)).immediate64(), 1 << 40);
        assert_eq!(decoded(Assembler::zero_upper).mnemonic(), Mnemonic::Vzeroupper);
        assert_eq!(decoded(Assembler::ret).code(), Code::Retnq);
        let probe = decoded(|asm| asm.probe(8192));
        assert_eq!(probe.mnemonic(), Mnemonic::Or);
        expect_memory(&probe, RSP, -8192);
    }

    #[test]
    fn jumps_land_where_they_should() {
        let mut asm = Assembler::default();
        asm.ret();
        let begin = asm.here();
        let jump = asm.jump_if(Condition::Zero);
        asm.back_if(Condition::NotZero, begin);
        asm.land(jump);
        let end = asm.here() as u64;
        let decoder = Decoder::with_ip(64, &asm.bytes, 0, DecoderOptions::NONE);
        let found: Vec<Decoded> = decoder.into_iter().skip(1).collect();
        let expected = [(Code::Je_rel32_64, end), (Code::Jne_rel32_64, begin as u64)];
        assert_eq!(found.len(), expected.len());
        for (found, (code, to)) in found.iter().zip(expected) {
            assert_eq!((found.code(), found.near_branch_target()), (code, to));
        }
    }

    #[test]
    fn padding_does_nothing() {
        for before in 0..32 {
            let mut asm = Assembler::default();
            (0..before).for_each(|_| asm.ret());
            asm.align(32);
            assert_eq!(asm.here() % 32, 0);
            let decoder = Decoder::with_ip(64, &asm.bytes, 0, DecoderOptions::NONE);
            for found in decoder.into_iter().skip(before) {
                assert_eq!(found.mnemonic(), Mnemonic::Nop);
            }
        }
    }
}
