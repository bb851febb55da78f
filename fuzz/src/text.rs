//! Texts from anybody: reading them ends soon and takes little memory, and what is read gives what it says.

use std::time::Duration;

use lanefn::{
    Catalogue,
    compiler::text::MAX_TEXT,
    dtype::{Dtype, Type},
};

use crate::{
    case::{Case, within},
    common::Chance,
    graphs::{self, sees_nan},
    texts::{PIECES, answers},
};

/// Texts with what Python reads them as, one a line.
const KNOWN: &str = include_str!("../../compiler/tests/python_expressions.txt");

thread_local! {
    static TEXTS: Vec<&'static str> =
        KNOWN.lines().filter_map(|line| line.split('\t').next()).collect();
}

pub fn run(chance: &mut Chance, case: &mut Case) -> Result<(), String> {
    let text = match chance.below(12) {
        0..3 => soup(chance),
        3 => characters(chance),
        4 if chance.one_in(8) => nested(chance),
        _ => {
            let mut text = known(chance);
            for _ in 0..chance.below(4) {
                text = changed(&text, chance);
            }
            text
        }
    };
    check(&text, chance, case)
}

fn check(text: &str, chance: &mut Chance, case: &mut Case) -> Result<(), String> {
    case.say(|| format!("{text:?}"));
    if text.len() > MAX_TEXT {
        return Ok(());
    }
    // It is read three times, and its errors are shown.
    let time = Duration::from_millis(20) + Duration::from_micros(5) * text.len() as u32;
    let read = || answers(text, &Catalogue);
    let Some(graph) = within("reading", (256 << 10) + 1000 * text.len(), time, read)?? else {
        return Ok(());
    };
    // Some are run, too, which takes longer.
    if !chance.one_in(4) || graph.nodes().len() > 60 {
        return Ok(());
    }
    let types: Vec<Type> = graph.inputs().iter().map(|_| random_type(chance)).collect();
    graphs::check(&graph, &types, !sees_nan(&graph), chance, case)
}

fn random_type(chance: &mut Chance) -> Type {
    match chance.below(20) {
        19 => Type::Int,
        18 => Type::Float,
        0..9 => Type::Is(Dtype::F64),
        _ => Type::Is(chance.pick(&Dtype::ALL)),
    }
}

fn known(chance: &mut Chance) -> String {
    TEXTS.with(|texts| chance.pick(texts).to_owned())
}

fn piece(chance: &mut Chance) -> String {
    match chance.below(6) {
        0 => known(chance),
        1 => format!("{}", chance.value(Dtype::F64)),
        2 => format!("{}", chance.value(Dtype::U64)),
        _ => chance.pick(PIECES).to_owned(),
    }
}

fn soup(chance: &mut Chance) -> String {
    let mut text = String::new();
    for _ in 0..chance.below(20) {
        text += &piece(chance);
        if chance.one_in(2) {
            text.push(' ');
        }
    }
    text
}

fn characters(chance: &mut Chance) -> String {
    let each = (0..chance.below(40)).map(|_| match chance.below(4) {
        0 => char::from_u32(chance.next() as u32 % 0x11_0000).unwrap_or('\u{2028}'),
        1 => chance.pick(&['\0', '\r', '\n', '\t', '\u{85}', '\u{feff}', '\u{3c0}', '\u{b2}']),
        _ => char::from(32 + chance.below(95) as u8),
    });
    each.collect()
}

/// One thing again and again, and perhaps what closes it.
fn nested(chance: &mut Chance) -> String {
    let all = [
        ("(", ")"),
        ("-", ""),
        ("not ", ""),
        ("sin(", ")"),
        ("x if ", " else y"),
        ("x ? ", " : y"),
        ("y ? z : ", ""),
        ("[1, 2][", "]"),
        ("2 ** ", ""),
        ("where(x, y, ", ")"),
        ("min(x, ", ")"),
        ("x + ", ""),
        ("x < ", ""),
        ("a = x + a; ", ""),
        ("/*", "*/"),
        ("~", ""),
        ("x, ", ""),
        ("\\\n", ""),
        ("~(", ")"),
    ];
    let times = match chance.below(4) {
        0 => chance.below(20),
        1 | 2 => chance.below(400),
        _ => chance.below(6000),
    };
    let (open, close) = chance.pick(&all);
    let (other, end) = chance.pick(&all);
    let mixed = chance.one_in(3);
    let mut text = String::new();
    for n in 0..times {
        text += if mixed && n % 2 == 1 { other } else { open };
    }
    text += chance.pick(&["x", "1", "", "x + y"]);
    if !chance.one_in(4) {
        for n in (0..times).rev() {
            text += if mixed && n % 2 == 1 { end } else { close };
        }
    }
    text
}

fn changed(text: &str, chance: &mut Chance) -> String {
    let mut all: Vec<char> = text.chars().collect();
    let at = chance.below(all.len() + 1);
    let to = at + chance.below((all.len() - at).min(6) + 1);
    match chance.below(6) {
        0 => {
            all.drain(at..to);
        }
        1 => {
            let again = all[at..to].to_vec();
            all.splice(at..at, again);
        }
        2 => {
            return format!(
                "{text} {} {}",
                chance.pick(&["+", "if", ";", ",", "**", "<", "?"]),
                known(chance)
            );
        }
        3 => {
            all.splice(at..to, known(chance).chars());
        }
        _ => {
            all.splice(at..to.min(at + 1), piece(chance).chars());
        }
    }
    all.into_iter().collect()
}
