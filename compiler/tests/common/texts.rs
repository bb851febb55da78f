//! Texts that may be anything: what they are made of, and what holds for each.

use lanefn_compiler::{
    Graph, Vocabulary,
    text::{self, Names, Number},
};

/// What is known of any text: an answer, and an error that can be shown. The graph, if it is one.
pub fn answers(text: &str, functions: &dyn Vocabulary) -> Result<Option<Graph>, String> {
    let answer = text::parse(text, functions);
    match &answer {
        Ok(graph) => {
            let before = |(id, node): (usize, &lanefn_compiler::Node)| {
                node.args.iter().all(|&a| (a as usize) < id)
            };
            if graph.outputs().is_empty() || !graph.nodes().iter().enumerate().all(before) {
                return Err(format!("{text:?} is no graph:\n{graph}"));
            }
        }
        Err(error) => {
            let ends = [error.offset, error.offset + error.length];
            if !ends.iter().all(|&end| text.is_char_boundary(end)) {
                return Err(format!("{ends:?} is no part of {text:?}"));
            }
            let line = text[..error.offset].lines().count()
                + (error.offset == 0 || text[..error.offset].ends_with('\n')) as usize;
            if error.line != line || error.to_string().split('\n').count() != 5 {
                return Err(format!("the error of {text:?} in line {line} is {error}"));
            }
        }
    }
    let _ = text::parse_with_inputs(text, &["x", "y"], functions);
    let numbers = [("k", Number::read("2", functions).ok_or("2 is a number")?)];
    let known = Names { inputs: Some(&["x", "e"]), numbers: &numbers };
    let _ = text::read(text, known, functions);
    Ok(answer.ok())
}

/// Tokens, and parts of such.
pub const PIECES: &[&str] = &[
    "x",
    "y",
    "z",
    "e",
    "pi",
    "np.",
    "1",
    "2",
    "0x1f",
    "1.5",
    ".5",
    "1e9",
    "18446744073709551615",
    "True",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "~",
    "!",
    "&",
    "|",
    "^",
    "<<",
    ">>",
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "and",
    "or",
    "not",
    "&&",
    "||",
    "if",
    "else",
    "?",
    ":",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "[1, 2][",
    ",",
    ",",
    ";",
    "\n",
    "=",
    "->",
    "let",
    "let a =",
    "a, b =",
    "sin(",
    "divmod(x, y)",
    "where(",
    "min(",
    "int8(",
    "#",
    "/*",
    "*/",
    "\\\n",
    "$",
    "\u{3c3}",
    "\u{2264}",
    " ",
    "1_",
    "for",
    "\u{0}",
    "\r",
    "'",
];
