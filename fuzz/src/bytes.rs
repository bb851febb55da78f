//! Bytes from anybody: reading them ends soon, takes little memory, and what is read can be run.

use std::time::Duration;

use lanefn::{
    Catalogue,
    compiler::{Body, Graph, vocabulary::Vocabulary},
    dtype::{Dtype, Type},
    kernels::lanes::traced::Operation,
};

use crate::{
    case::{Case, within},
    common::{Chance, random_plain_graph},
    graphs::{self, sees_nan, types_of},
    open::random_open_graph,
};

pub fn run(chance: &mut Chance, case: &mut Case) -> Result<(), String> {
    let bytes = match chance.below(8) {
        0 => {
            let mut bytes = b"lanefn\x01".to_vec();
            bytes.truncate(chance.below(200).min(7));
            (0..chance.below(100)).for_each(|_| bytes.push(byte(chance)));
            bytes
        }
        1 | 2 => sentences(chance),
        _ => {
            let mut bytes = written(chance);
            for _ in 0..1 + chance.below(3) {
                damage(&mut bytes, chance);
            }
            bytes
        }
    };
    check(&bytes, chance, case)
}

fn check(bytes: &[u8], chance: &mut Chance, case: &mut Case) -> Result<(), String> {
    case.say(|| format!("{} bytes: {bytes:02x?}", bytes.len()));
    let n = bytes.len();
    let time = Duration::from_millis(10) + Duration::from_micros(3) * n as u32;
    let read = || Graph::from_bytes(bytes, &Catalogue);
    let read = within("reading", (16 << 10) + 400 * n, time, read)?;
    let graph = match read {
        Ok(graph) => graph,
        Err(error) if error.offset > n => return Err(format!("an error past the end: {error}")),
        Err(_) => return Ok(()),
    };
    case.say(|| format!("which are read as\n{graph}"));
    // What was read is written as itself, once what nobody needs is left out.
    let again = graph.to_bytes();
    let read = Graph::from_bytes(&again, &Catalogue).map_err(|e| format!("not again: {e}"))?;
    if read.to_bytes() != again {
        return Err("it is written in two ways".into());
    }
    let mut types = types_of(&graph);
    for (ty, input) in types.iter_mut().zip(graph.inputs()) {
        if input.dtype.is_none() {
            *ty = Type::Is(chance.pick(&Dtype::ALL));
        }
    }
    let soon = Duration::from_secs(2);
    let typed = within("typing", 1 << 30, soon, || graph.typed(&types, &Catalogue))?;
    let Ok(typed) = typed else { return Ok(()) };
    if !typed.loops().is_empty() || !graph.loops().is_empty() {
        // It may go round for ever.
        let _ = within("compiling", 1 << 30, soon, || Body::new(typed, &Catalogue))?;
        return Ok(());
    }
    graphs::check(&graph, &types, !sees_nan(&graph), chance, case)
}

/// The bytes of a graph.
fn written(chance: &mut Chance) -> Vec<u8> {
    let size = chance.below(12);
    match chance.below(2) {
        0 => random_plain_graph(chance, size).to_bytes(),
        _ => random_open_graph(chance, size).0.to_bytes(),
    }
}

fn byte(chance: &mut Chance) -> u8 {
    match chance.below(4) {
        0 => chance.next() as u8,
        1 => chance.pick(&[0, 1, 0x7f, 0x80, 0xff, 0x81]),
        _ => chance.below(16) as u8,
    }
}

fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) {
    if bytes.is_empty() {
        return;
    }
    let at = chance.below(bytes.len());
    let to = at + chance.below((bytes.len() - at).min(12) + 1);
    match chance.below(10) {
        0..3 => bytes[at] = byte(chance),
        3 => bytes[at] ^= 1 << chance.below(8),
        4 => bytes[at] = bytes[at].wrapping_add(chance.pick(&[1, 255])),
        5 => {
            bytes.drain(at..to);
        }
        6 => {
            let again = bytes[at..to].to_vec();
            bytes.splice(at..at, again);
        }
        7 => bytes.truncate(at),
        8 => {
            let new: Vec<u8> = (0..1 + chance.below(4)).map(|_| byte(chance)).collect();
            bytes.splice(at..at, new);
        }
        _ => {
            let other = written(chance);
            let from = chance.below(other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Steps at random, each of the right form: many are refused for what they mean, and some are long.
fn sentences(chance: &mut Chance) -> Vec<u8> {
    let mut out = b"lanefn\x01".to_vec();
    let inputs = 1 + chance.below(3);
    put(&mut out, inputs as u64);
    // Mostly one dtype, so that operations fit.
    let ty = chance.below(14) as u8;
    for _ in 0..inputs {
        out.extend([1, b'x', if ty == 1 || ty == 2 { 0 } else { ty }]);
    }
    put(&mut out, 1);
    out.push(3 + chance.below(11) as u8);
    let entries = 1 + chance.below(3);
    put(&mut out, entries as u64);
    let each = Dtype::ALL.get(out[out.len() - 2] as usize - 3).map_or(8, |d| d.size());
    (0..entries * each).for_each(|_| out.push(chance.below(2) as u8));
    let names = Catalogue.names();
    let called: Vec<&str> = (0..2).map(|_| chance.pick(&names)).collect();
    put(&mut out, 2);
    for name in &called {
        put(&mut out, name.len() as u64);
        out.extend_from_slice(name.as_bytes());
    }
    let steps = match chance.below(200) {
        0..199 => chance.below(16),
        _ => chance.below(4000),
    };
    // Long ones are mostly of one kind of step.
    let kinds: Vec<usize> = (0..1 + chance.below(3)).map(|_| chance.below(9)).collect();
    put(&mut out, 1 + steps as u64);
    out.extend([0, 0]);
    let mut open = Vec::new();
    for step in 0..steps {
        let kind = if chance.one_in(3) { chance.below(9) } else { chance.pick(&kinds) };
        let back = |out: &mut Vec<u8>, chance: &mut Chance| {
            put(out, 1 + chance.below(step.min(5) + 1) as u64);
        };
        match kind {
            1 => {
                out.extend([1, ty]);
                let size = Dtype::ALL.get((ty as usize).wrapping_sub(3)).map_or(8, |d| d.size());
                (0..size).for_each(|n| out.push((n == 0) as u8));
            }
            2 => {
                let operation = chance.pick(Operation::ALL);
                out.extend([2, operation as u8, ty]);
                (0..operation.nin()).for_each(|_| back(&mut out, chance));
            }
            3 => {
                let name = chance.below(2);
                let nin = Catalogue.find(called[name]).map_or(1, |known| known.nin);
                out.extend([3, name as u8, 0, if chance.one_in(4) { ty } else { 0 }, nin as u8]);
                (0..nin).for_each(|_| back(&mut out, chance));
            }
            4 => {
                back(&mut out, chance);
                let at = out.len() - 1;
                out.splice(at..at, [4, ty]);
            }
            5 => {
                out.push(5);
                (0..3).for_each(|_| back(&mut out, chance));
            }
            6 => {
                out.extend([6, 0]);
                back(&mut out, chance);
            }
            7 => {
                let n = 1 + chance.below(3);
                out.extend([7, n as u8]);
                (0..n).for_each(|_| back(&mut out, chance));
                open.push(n);
            }
            8 => {
                let n = open.pop().unwrap_or(1);
                out.push(8);
                (0..=n).for_each(|_| back(&mut out, chance));
            }
            _ => {
                out.push(0);
                put(&mut out, chance.below(inputs) as u64);
            }
        }
    }
    out.extend([1, 1]);
    out
}
