//! `cargo xtask fuzz`: random graphs, bytes and texts for the compiler.

use std::process::ExitCode;

use anyhow::Result;

use crate::test::cargo;

/// What is made at random, and for how long.
#[derive(clap::Args)]
pub struct Options {
    /// Arguments for the program, such as `graphs --minutes 10`, `bytes --cases 1000000 --seed 2`, or
    /// `text --seed 2 --case 71` to run one case again. `--help` after `--` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<String>,
}

/// Builds the program and runs it.
///
/// # Errors
/// When it can't be started.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "lanefn-fuzz", "--"]);
    let status = command.args(&options.arguments).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
