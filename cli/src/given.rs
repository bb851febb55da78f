//! What `eval` and `explain` are given: an expression, and files and numbers for its names.

use std::path::{Path, PathBuf};

use lanefn::{
    Catalogue, Compiled,
    compiler::text::{self, Names, Number, Problem, Reduction},
};

use crate::Failure;

/// Characters of an expression that a report shows.
const SHOWN: usize = 60;

/// The input of a function that needs none; it has one, because functions do.
const NOTHING: &str = "_";

/// Files and numbers by the names that they are given.
#[derive(Default)]
pub struct Given {
    files: Vec<(String, PathBuf)>,
    numbers: Vec<(String, Number)>,
}

/// An expression over what is given.
#[derive(Debug)]
pub struct Formula {
    /// The expression as it is written.
    pub text: String,
    /// The expression on one line, short enough for a report.
    pub title: String,
    /// What it is for each element. One that needs no input has one nevertheless, named `_`.
    pub function: Compiled,
    /// What makes one value of all elements.
    pub reduction: Option<Reduction>,
    /// The names that it uses, in the order of the function's arguments.
    pub names: Vec<String>,
    /// The names given that it does not use.
    pub unused: Vec<String>,
}

impl Given {
    /// From arguments `NAME=FILE.npy` and `NAME=NUMBER`.
    pub fn read(arguments: &[String]) -> Result<Given, Failure> {
        let mut given = Given::default();
        for argument in arguments {
            let Some((name, value)) = argument.split_once('=') else {
                return Err(Failure::Usage(format!(
                    "{argument:?} is given without a name: write NAME=FILE.npy or NAME=NUMBER"
                )));
            };
            if !is_name(name) {
                return Err(Failure::Usage(format!(
                    "{name:?} in {argument:?} can't be a name of an expression"
                )));
            }
            if given.names().any(|known| known == name) {
                return Err(Failure::Usage(format!("{name} is given twice")));
            }
            match Number::read(value, &Catalogue) {
                Some(number) => given.numbers.push((name.to_owned(), number)),
                None if value.is_empty() => {
                    return Err(Failure::Usage(format!(
                        "{name}= is given without a file or number"
                    )));
                }
                None => given.files.push((name.to_owned(), value.into())),
            }
        }
        Ok(given)
    }

    /// All names: those of files, then those of numbers.
    fn names(&self) -> impl Iterator<Item = &str> {
        let files = self.files.iter().map(|f| &f.0);
        files.chain(self.numbers.iter().map(|n| &n.0)).map(|name| &name[..])
    }

    /// The file of a name.
    pub fn file(&self, name: &str) -> Option<&Path> {
        self.files.iter().find(|f| f.0 == name).map(|f| &*f.1)
    }

    /// The expression, whose inputs are the files; or, with `open`, any of its names that has no number.
    pub fn formula(&self, expression: &str, open: bool) -> Result<Formula, Failure> {
        let inputs: Vec<&str> = self.files.iter().map(|f| &f.0[..]).collect();
        let numbers: Vec<(&str, Number)> = self.numbers.iter().map(|n| (&n.0[..], n.1)).collect();
        let names = Names { inputs: (!open).then_some(&inputs[..]), numbers: &numbers };
        let read = text::read(expression, names, &Catalogue).map_err(|error| {
            let note = match &error.problem {
                Problem::Name(name) => {
                    let known: Vec<&str> = self.names().collect();
                    let known = if known.is_empty() { "nothing".into() } else { known.join(", ") };
                    format!("{name}=FILE.npy or {name}=NUMBER gives it; given so far: {known}")
                }
                _ => String::new(),
            };
            Failure::Expression(Box::new(error), note)
        })?;
        let mut graph = read.graph;
        let names: Vec<String> = graph.inputs().iter().map(|i| i.name.clone()).collect();
        let mut unused: Vec<String> = read.unused.iter().map(|&name| name.to_owned()).collect();
        if open {
            let files = self.files.iter().map(|f| f.0.clone());
            unused.extend(files.filter(|name| !names.contains(name)));
        }
        if names.is_empty() {
            graph.input(NOTHING);
        }
        let title = title(expression);
        let function = Compiled::new(&title, graph).map_err(|e| Failure::Usage(e.to_string()))?;
        let text = expression.to_owned();
        Ok(Formula { text, title, function, reduction: read.reduction, names, unused })
    }
}

impl Formula {
    /// Everything that is given must be used: what is not was meant to be.
    pub fn check_unused(&self) -> Result<(), Failure> {
        if self.unused.is_empty() {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "the expression does not use {}; its names are: {}",
            self.unused.join(", "),
            if self.names.is_empty() { "none".into() } else { self.names.join(", ") },
        )))
    }
}

/// Whether an expression can have this name.
fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// An expression on one line.
fn title(expression: &str) -> String {
    let line = expression.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}...", &line[..cut]),
        None => line,
    }
}
