//! Which register each value lives in, or which place on the stack: a linear scan.
//!
//! A value has one place for all of its life, so places agree wherever control flow meets. Where registers
//! run out, the value that is read least for the length of its life goes to the stack; most instructions
//! read it from there for nothing.

use super::program::{CONSTANT, Class, Do, NONE, Name, Program};

/// The most vector registers that there are.
const REGISTERS: u32 = 32;
/// The mask registers that there are, but for the first, which can't say where something is done.
const MASKS: u32 = 7;

/// Where a value or constant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a register.
    Register(u8),
    /// In memory: a place on the stack for a value, of its class, its number for a constant.
    Memory(u32),
}

/// Where everything is.
pub struct Places {
    /// Of each value.
    pub values: Vec<Place>,
    /// Of each constant.
    pub constants: Vec<Place>,
    /// Places on the stack for vectors.
    pub slots: u32,
    /// Places on the stack for masks.
    pub mask_slots: u32,
    /// Of each [`Do::Call`] and [`Do::Again`], in order, the registers that hold something before and after
    /// it.
    pub across: Vec<u32>,
    /// The mask registers that do.
    pub masks_across: Vec<u32>,
    /// The registers to bring operands into that are in memory, if any are.
    pub scratch: [u8; 2],
    /// The mask registers to bring operands into.
    pub mask_scratch: [u8; 2],
}

impl Places {
    /// Where a value or constant is.
    pub fn of(&self, name: Name) -> Place {
        if name & CONSTANT != 0 {
            self.constants[(name & !CONSTANT) as usize]
        } else {
            self.values[name as usize]
        }
    }
}

/// The life of a value, in half steps: a step reads at an even number and writes at the next odd one.
#[derive(Clone, Copy)]
struct Life {
    start: u32,
    end: u32,
    /// How often it is read or written, loops counted several times.
    uses: u32,
}

/// A value that stays in its register: one that no instruction could read from memory.
const STAYS: u32 = u32::MAX / 2;

/// How often a step is done, or so, by the conditions and loops that it stands in.
pub fn weight(conditions: u32, loops: u32) -> u32 {
    (1 << (3 * loops.min(5))) << (8 * 1_u32.saturating_sub(conditions))
}

fn lives(program: &Program) -> Vec<Life> {
    let mut lives = vec![Life { start: u32::MAX, end: 0, uses: 0 }; program.values.len()];
    // Loops around the step: where each begins, and the values from outside that it reads.
    let mut loops: Vec<(u32, Vec<Name>)> = Vec::new();
    let mut rare = 0;
    for (i, step) in program.steps.iter().enumerate() {
        let at = 2 * i as u32;
        match step.does {
            Do::Loop => loops.push((at, Vec::new())),
            Do::Again => {
                if let Some((_, outside)) = loops.pop() {
                    for name in outside {
                        let life = &mut lives[name as usize];
                        life.end = life.end.max(at + 2);
                    }
                }
            }
            Do::If(_) => rare += 1,
            Do::End => rare -= 1,
            _ => {}
        }
        let weight = weight(rare, loops.len() as u32);
        let gathers = matches!(step.does, Do::Gather(_));
        let reads = if gathers { at + 2 } else { at };
        let read = step.args.iter().map(|&a| (a, reads));
        for (name, when) in read.chain([(step.dst, at + 1)]) {
            if name == NONE || name & CONSTANT != 0 {
                continue;
            }
            let life = &mut lives[name as usize];
            life.start = life.start.min(when);
            life.end = life.end.max(when);
            life.uses = life.uses.saturating_add(weight).min(STAYS - 1);
            if let Some(of) = loops.iter_mut().find(|l| l.0 > life.start) {
                of.1.push(name);
            }
        }
        if gathers && step.args[1] & CONSTANT == 0 {
            lives[step.args[1] as usize].uses = STAYS;
        }
    }
    lives
}

/// The most values of a class that live at once: anywhere, and outside of what is done rarely.
fn pressure(lives: &[Life], program: &Program, class: Class) -> (u32, u32) {
    let mut change = vec![0i32; 2 * program.steps.len() + 4];
    for (life, of) in lives.iter().zip(&program.values) {
        if life.start != u32::MAX && *of == class {
            change[life.start as usize] += 1;
            change[life.end as usize + 1] -= 1;
        }
    }
    let (mut now, mut most, mut often, mut rare) = (0, 0, 0, 0);
    for (step, change) in program.steps.iter().zip(change.chunks_exact(2)) {
        match step.does {
            Do::If(_) => rare += 1,
            Do::End => rare -= 1,
            _ => {}
        }
        for change in change {
            now += change;
            most = most.max(now);
            if rare == 0 {
                often = often.max(now);
            }
        }
    }
    (most as u32, often as u32)
}

/// Places for everything in a program.
pub fn allocate(program: &Program) -> Places {
    let lives = lives(program);
    let all_registers = program.target.registers();
    let (most, often) = pressure(&lives, program, Class::Vector);
    let all = program.constants.len() as u32;
    // Either everything fits, or two registers are kept for operands that come from memory.
    let fits = most + all <= all_registers;
    let pinned = match fits {
        true => all,
        false => (all_registers - 2).saturating_sub(often).min(all),
    };
    let registers = if fits { all_registers } else { all_registers - 2 } - pinned;

    let mut constants: Vec<Place> = (0..all).map(Place::Memory).collect();
    let mut order: Vec<u32> = (0..all).collect();
    if pinned < all {
        order.sort_by_key(|&c| std::cmp::Reverse(program.constants[c as usize].uses));
    }
    for (n, &c) in order.iter().take(pinned as usize).enumerate() {
        constants[c as usize] = Place::Register((registers + n as u32) as u8);
    }
    let mut values = vec![Place::Memory(u32::MAX); lives.len()];
    let free = ((1u64 << registers) - 1) as u32;
    let (slots, across) = scan(program, &lives, Class::Vector, free, &mut values);
    let (mut mask_slots, mut masks_across) = (0, Vec::new());
    if program.values.contains(&Class::Mask) {
        // As for vectors; the first serves for one of the two.
        let (most, _) = pressure(&lives, program, Class::Mask);
        let registers = if most <= MASKS { MASKS } else { MASKS - 1 };
        let free = ((1 << registers) - 1) << 1;
        (mask_slots, masks_across) = scan(program, &lives, Class::Mask, free, &mut values);
    }
    let scratch = [all_registers as u8 - 2, all_registers as u8 - 1];
    let mask_scratch = [MASKS as u8, 0];
    Places { values, constants, slots, mask_slots, across, masks_across, scratch, mask_scratch }
}

/// Gives the values of a class places, of which these registers are free; how many of those are on the stack,
/// and what is in registers across each call.
fn scan(
    program: &Program,
    lives: &[Life],
    class: Class,
    free: u32,
    places: &mut [Place],
) -> (u32, Vec<u32>) {
    let mut scan = Scan {
        program,
        lives,
        places,
        free,
        held: [NONE; REGISTERS as usize],
        next_end: u32::MAX,
        spilled: Vec::new(),
    };
    let mut calls = Vec::new();
    for (i, step) in program.steps.iter().enumerate() {
        let at = 2 * i as u32 + 1;
        let ours = step.dst != NONE && program.class(step.dst) == class;
        if ours && lives[step.dst as usize].start == at {
            scan.begin(step.dst, at, &step.args, step.does);
        }
        if let Do::Call(_) | Do::Again = step.does {
            calls.push(at);
        }
    }
    let spilled = scan.spilled;
    let slots = slots(lives, spilled, places);
    let mut across = vec![0; calls.len()];
    if !calls.is_empty() {
        let each = lives.iter().zip(&program.values).zip(&*places);
        for ((life, _), place) in each.filter(|((_, of), _)| **of == class) {
            if let Place::Register(r) = *place {
                let first = calls.partition_point(|&at| at <= life.start);
                let after = calls.iter().zip(&mut across).skip(first);
                for (_, held) in after.take_while(|(at, _)| **at < life.end) {
                    *held |= 1 << r;
                }
            }
        }
    }
    (slots, across)
}

struct Scan<'a> {
    program: &'a Program,
    lives: &'a [Life],
    places: &'a mut [Place],
    /// Registers that hold nothing.
    free: u32,
    /// What each register holds.
    held: [Name; REGISTERS as usize],
    /// When the next of those ends.
    next_end: u32,
    spilled: Vec<Name>,
}

impl Scan<'_> {
    /// Frees what is over before `at`.
    fn expire(&mut self, at: u32) {
        if self.next_end >= at {
            return;
        }
        self.next_end = u32::MAX;
        for r in 0..REGISTERS as usize {
            let name = self.held[r];
            if name == NONE {
                continue;
            }
            let end = self.lives[name as usize].end;
            if end < at {
                self.held[r] = NONE;
                self.free |= 1 << r;
            } else {
                self.next_end = self.next_end.min(end);
            }
        }
    }

    fn begin(&mut self, name: Name, at: u32, args: &[Name; 3], does: Do) {
        self.expire(at);
        let life = self.lives[name as usize];
        let register = if self.free != 0 {
            // The register of an operand that is over saves a move.
            let wanted =
                args.iter().take(if matches!(does, Do::Fma(_) | Do::Move) { 3 } else { 0 });
            let class = self.program.class(name);
            let ours = |a: Name| a != NONE && a & CONSTANT == 0 && self.program.class(a) == class;
            let wanted =
                wanted.filter(|&&a| ours(a)).find_map(|&a| match self.places[a as usize] {
                    Place::Register(r) if self.free >> r & 1 != 0 => Some(r as u32),
                    _ => None,
                });
            wanted.unwrap_or(self.free.trailing_zeros())
        } else {
            // What is read least for its length.
            let held = self.held.iter().enumerate().filter(|(_, n)| **n != NONE);
            let least = held.min_by(|a, b| {
                let (a, b) = (&self.lives[*a.1 as usize], &self.lives[*b.1 as usize]);
                rarer(a, b)
            });
            match least {
                Some((r, &other)) if rarer(&self.lives[other as usize], &life).is_lt() => {
                    self.spilled.push(other);
                    self.places[other as usize] = Place::Memory(u32::MAX);
                    r as u32
                }
                _ => {
                    self.spilled.push(name);
                    return;
                }
            }
        };
        self.free &= !(1 << register);
        self.held[register as usize] = name;
        self.next_end = self.next_end.min(life.end);
        self.places[name as usize] = Place::Register(register as u8);
    }
}

/// Compares reads for a length of life.
fn rarer(a: &Life, b: &Life) -> std::cmp::Ordering {
    let length = |l: &Life| u64::from(l.end - l.start) + 1;
    match (a.uses >= STAYS, b.uses >= STAYS) {
        (true, _) => std::cmp::Ordering::Greater,
        (_, true) => std::cmp::Ordering::Less,
        _ => (u64::from(a.uses) * length(b)).cmp(&(u64::from(b.uses) * length(a))),
    }
}

/// Gives values places on the stack, which serve again when a life is over; how many there are.
fn slots(lives: &[Life], mut spilled: Vec<Name>, places: &mut [Place]) -> u32 {
    spilled.sort_unstable_by_key(|&n| lives[n as usize].start);
    let mut over: std::collections::BinaryHeap<std::cmp::Reverse<(u32, u32)>> = Default::default();
    let mut slots = 0;
    for name in spilled {
        let life = lives[name as usize];
        let slot = match over.peek() {
            Some(&std::cmp::Reverse((end, slot))) if end < life.start => {
                over.pop();
                slot
            }
            _ => {
                slots += 1;
                slots - 1
            }
        };
        over.push(std::cmp::Reverse((life.end, slot)));
        places[name as usize] = Place::Memory(slot);
    }
    slots
}
