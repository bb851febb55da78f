//! `cargo xtask accuracy`: the errors of the elementary functions, measured.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::test::{cargo, root, step};

/// What is measured; without arguments every f32 for functions of one argument, 100 million f64.
#[derive(clap::Args)]
pub struct Options {
    /// Arguments for the program that measures, such as `exp --points 1000000`. The table in
    /// `docs/accuracy.md` is written only without them, or with `--resume` alone, which keeps the rows that
    /// a run before had measured when it was stopped.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Measures, and writes the table.
///
/// # Errors
/// When a function is beyond its bound.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut command = cargo();
    command.args(["run", "--release", "--package", "lanefn-accuracy", "--"]);
    let resume = options.arguments == ["--resume"];
    if !options.arguments.is_empty() && !resume {
        step(command.args(&options.arguments))?;
        return Ok(ExitCode::SUCCESS);
    }
    let table = root().join("target/accuracy.md");
    command.args(["--all-f32", "--points", "100000000", "--table"]).arg(&table);
    step(if resume { command.arg("--resume") } else { &mut command })?;
    let table = std::fs::read_to_string(&table).context("reading the table")?;
    let page = root().join("docs/accuracy.md");
    std::fs::write(&page, format!("{HEAD}{table}")).context("writing docs/accuracy.md")?;
    Ok(ExitCode::SUCCESS)
}

const HEAD: &str = "\
# Measured errors

Written by `cargo xtask accuracy`; the bounds are the constants that the code declares. An error is the
distance from the true value in units in the last place; 0.5 means that every result was the number
nearest to the truth. \"Not nearest\" counts the others. f32 functions of one argument were tried on every
f32 there is; the rest on that many chosen arguments: random bits, moderate ranges, near multiples of
pi / 4, halves, powers of two and 1, where results overflow or underflow, and published arguments whose
results are hard to round (`accuracy/data/hard-to-round.txt`).

The oracles are CORE-MATH, whose results are proven to be the nearest, and the C library's 128-bit
functions for the distance of those results that are not.

";
