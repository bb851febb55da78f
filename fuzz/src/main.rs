//! `cargo xtask fuzz`: random graphs, bytes and texts, in processes that may fail.
//!
//! A case follows from the seed and its number. Each process goes through its share of the cases and notes the
//! number of the one that it is at, so that also a crash, or a case without an end, is known by its number. A
//! case that fails is made simpler in further processes, and shown.

mod bytes;
mod case;
#[path = "../../compiler/tests/common/mod.rs"]
mod common;
mod graphs;
#[path = "../../compiler/tests/common/instructions.rs"]
mod instructions;
mod open;
mod processes;
mod shrink;
mod text;
#[path = "../../compiler/tests/common/texts.rs"]
mod texts;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use case::Case;
use common::Chance;

#[global_allocator]
static MEMORY: case::Counted = case::Counted;

/// Random graphs, bytes and texts for the compiler.
#[derive(Parser)]
#[command(name = "cargo xtask fuzz")]
struct Options {
    /// What is made at random.
    #[arg(value_enum)]
    target: Target,
    /// Cases; as many as there is time for otherwise.
    #[arg(long)]
    cases: Option<u64>,
    /// Minutes; without them and `--cases`, one.
    #[arg(long)]
    minutes: Option<f64>,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One case alone.
    #[arg(long)]
    case: Option<u64>,
    /// Processes.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    /// The share of one process: which one it is, and the file of its numbers.
    #[arg(long, hide = true, num_args = 2)]
    share: Option<Vec<String>>,
    /// A case that stands in the standard input, run or shown.
    #[arg(long, hide = true)]
    list: Option<bool>,
}

/// What is made at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Graphs: machine code and interpreter against the naive reading.
    Graphs,
    /// Bytes for the loader.
    Bytes,
    /// Texts for the expression language.
    Text,
}

impl Target {
    fn run(self, chance: &mut Chance, case: &mut Case) -> Result<(), String> {
        match self {
            Target::Graphs => graphs::run(chance, case),
            Target::Bytes => bytes::run(chance, case),
            Target::Text => text::run(chance, case),
        }
    }
}

/// The chance of a case.
fn chance_of(seed: u64, case: u64) -> Chance {
    // Of a number that is mixed once more, so that cases that follow each other share nothing.
    Chance::new(Chance::new(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ case).next())
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    match (&options.share, options.list) {
        (Some(share), _) => processes::share(&options, share),
        (_, Some(show)) => processes::list(options.target, show),
        _ => processes::all(&options),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lanefn::{dtype::Dtype, kernels::lanes::traced::Operation};

    use super::*;

    /// Runs so many cases, and says what came up in them.
    fn hold(target: Target, cases: u64) -> Option<BTreeMap<String, u64>> {
        let chosen = std::env::var("LANEFN_CASES").map(|n| n.parse().expect("a number"));
        let mut case = Case { seen: Some(BTreeMap::new()), ..Case::default() };
        for number in 0..chosen.clone().unwrap_or(cases) {
            if let Err(wrong) = target.run(&mut chance_of(0, number), &mut case) {
                let name = target.to_possible_value().map(|v| v.get_name().to_owned());
                let name = name.unwrap_or_default();
                panic!("{wrong}\ncargo xtask fuzz {name} --seed 0 --case {number}");
            }
        }
        case.seen.filter(|_| chosen.is_err())
    }

    #[test]
    fn graphs_give_what_they_say() {
        let Some(seen) = hold(Target::Graphs, 4000) else { return };
        let mut wanted: Vec<String> = Vec::new();
        wanted.extend(Operation::ALL.iter().map(|o| o.name().into()));
        wanted.extend(Dtype::ALL.iter().map(|d| d.name().into()));
        wanted.extend(["call", "table", "loop"].map(String::from));
        if common::there_is_code() && cfg!(target_os = "linux") {
            wanted.push("spills".into());
            wanted.extend((0..=150).map(|n| format!("{n} elements")));
            for level in common::levels_with_code() {
                wanted.extend([1, 2, 4].map(|n| format!("{level}, {n} vectors a turn")));
            }
        }
        wanted.retain(|what| !seen.contains_key(what));
        assert!(wanted.is_empty(), "never came up: {wanted:?}");
    }

    #[test]
    fn bytes_get_an_answer() {
        hold(Target::Bytes, 5000);
    }

    #[test]
    fn texts_get_an_answer() {
        hold(Target::Text, 5000);
    }
}
