//! A program as text: what one vector goes through, with the places of its values.

use std::fmt::Write;

use super::{
    allocate::{Place, Places},
    program::{CONSTANT, Class, Do, NONE, Name, Program, Step},
    target::{Target, length},
};

/// The steps of a program, a line for each, then its constants.
pub fn listing(program: &Program, places: &Places) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for step in &program.steps {
        if matches!(step.does, Do::End | Do::Again) {
            depth -= 1;
        }
        let line = Line { program, places, step };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:1$}{line}", "", 2 * depth);
        if matches!(step.does, Do::If(_) | Do::Loop) {
            depth += 1;
        }
    }
    for (n, constant) in program.constants.iter().enumerate() {
        let bytes = program.target.bytes();
        let home = match places.constants[n] {
            Place::Register(r) => format!(" in {}{r}", Target::register_name(length(bytes))),
            Place::Memory(_) => String::new(),
        };
        let _ = write!(text, "const{n}{home}:");
        let words = &constant.bits[..bytes / 8];
        let shown = if words.iter().all(|w| *w == words[0]) { 1 } else { words.len() };
        for word in &words[..shown] {
            let _ = write!(text, " {word:#018x}");
        }
        text.push('\n');
    }
    text
}

struct Line<'a> {
    program: &'a Program,
    places: &'a Places,
    step: &'a Step,
}

impl Line<'_> {
    fn place(&self, name: Name, length: u8) -> String {
        let is_mask = self.program.class(name) == Class::Mask;
        match self.places.of(name) {
            Place::Register(r) if is_mask => format!("k{r}"),
            Place::Register(r) => format!("{}{r}", Target::register_name(length)),
            Place::Memory(n) if name & CONSTANT != 0 => format!("[const{n}]"),
            Place::Memory(n) if is_mask => format!("[mask{n}]"),
            Place::Memory(n) => format!("[spill{n}]"),
        }
    }
}

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Step { does, length, immediate, dst, args } = *self.step;
        let (name, follows) = match does {
            Do::Vector(i) => {
                let follows = i.encoding().immediate.then_some(immediate);
                (i.name(self.program.target == Target::Avx512), follows)
            }
            Do::Fma(eight) => (format!("vfmadd{}", if eight { "pd" } else { "ps" }), None),
            Do::Move if self.program.class(dst) == Class::Mask => ("kmovq".to_string(), None),
            Do::Move => ("vmovaps".to_string(), None),
            Do::Truth(truth) => ((if truth { "kxnorq" } else { "kxorq" }).to_string(), None),
            Do::Load(n) => (format!("load input{n},"), None),
            Do::Store(n) => (format!("store output{n},"), None),
            Do::Call(_) => ("call".to_string(), None),
            Do::Gather(n) => (format!("vgather table{n},"), None),
            Do::If(_) => ("if any".to_string(), None),
            Do::End => ("end".to_string(), None),
            Do::Loop => ("loop".to_string(), None),
            Do::Exit(_) => ("while any".to_string(), None),
            Do::Again => ("again".to_string(), None),
        };
        f.write_str(&name)?;
        let operands = [dst].into_iter().chain(args).filter(|&name| name != NONE);
        for (n, name) in operands.enumerate() {
            write!(f, "{} {}", if n > 0 { "," } else { "" }, self.place(name, length))?;
        }
        match follows {
            Some(byte) => write!(f, ", {byte}"),
            None => Ok(()),
        }
    }
}
