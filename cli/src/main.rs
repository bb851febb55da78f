//! The `lanefn` program: the functions of the catalogue, and expressions, over real files.

mod apply;
mod engine;
mod eval;
mod explain;
mod given;
mod guard;
mod info;
mod input;
mod list;
mod map;
mod npy;
mod output;
mod picture;
mod stop;
mod stream;
mod text;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};
use lanefn::{Error, compiler::text::ParseError};
use serde_json::json;

/// Functions of one element, over whole .npy files, on every lane and every core.
#[derive(Parser)]
#[command(
    version,
    about,
    max_term_width = 100,
    after_help = "\
Examples:
  lanefn map wind_power wind.npy -o power.npy      a turbine's output from wind speeds
  lanefn map problem big.npy -o out.npy --threads 1
  lanefn eval 'x > 2 ? x + 1 : x - 1' x=big.npy -o out.npy
  lanefn eval 'mean(v ** 3)' v=wind.npy            one number
  lanefn explain 'sqrt(x*x + y*y)'                 what becomes of an expression
  lanefn list                                      what there is to map
  lanefn info                                      what this machine offers

Exit codes:
  0    done
  1    a file could not be read, understood or written, or the machine refused something
  2    the command line asks for something that there is not
  130  stopped by Ctrl-C (128 + the signal's number for others)

After any code but 0, no output file was made or changed."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Map(map::Map),
    Eval(eval::Eval),
    Explain(explain::Explain),
    List(list::List),
    Info(info::Info),
}

/// Why the program ends without having done what was asked.
enum Failure {
    /// The command line asks for something that there is not.
    Usage(String),
    /// The expression has no meaning; and what can be done about it, if anything.
    Expression(Box<ParseError>, String),
    /// Something failed on the way.
    Failed(Error),
    /// A signal came.
    Stopped(i32),
    /// What went wrong has been told; this is the code to end with.
    Told(u8),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Failed(error)
    }
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::Expression(..) => 2,
            Failure::Failed(Error::Level(_) | Error::Arity { .. }) => 2,
            Failure::Failed(_) => 1,
            Failure::Told(code) => *code,
            Failure::Stopped(signal) => u8::try_from(128 + signal).unwrap_or(1),
        }
    }

    fn message(&self) -> String {
        match self {
            Failure::Usage(what) => what.clone(),
            Failure::Expression(error, note) if note.is_empty() => error.to_string(),
            Failure::Expression(error, note) => format!("{error}\n{note}"),
            Failure::Failed(error) => {
                let mut message = error.to_string();
                let mut cause = std::error::Error::source(error);
                while let Some(error) = cause {
                    message += &format!(": {error}");
                    cause = error.source();
                }
                message
            }
            Failure::Told(_) => String::new(),
            Failure::Stopped(signal) => {
                let name = match *signal {
                    libc::SIGINT => "Ctrl-C",
                    libc::SIGTERM => "SIGTERM",
                    _ => "a signal",
                };
                format!("stopped by {name}; no output was made or changed")
            }
        }
    }

    fn to_json(&self) -> serde_json::Value {
        let kind = match self {
            Failure::Usage(_) => "usage",
            Failure::Expression(..) => "expression",
            Failure::Failed(Error::File { .. }) => "file",
            Failure::Failed(Error::Broadcast { .. } | Error::OutputShape { .. }) => "shape",
            Failure::Failed(Error::NoLoop { .. } | Error::Made { .. }) => "dtype",
            Failure::Failed(Error::Level(_)) => "level",
            Failure::Failed(Error::Arity { .. }) => "usage",
            Failure::Failed(_) => "system",
            Failure::Told(_) => "told",
            Failure::Stopped(_) => "stopped",
        };
        let (path, offset) = match self {
            Failure::Failed(Error::File { path, offset, .. }) => {
                (Some(path.to_string_lossy().into_owned()), *offset)
            }
            Failure::Expression(error, _) => (None, Some(error.offset as u64)),
            _ => (None, None),
        };
        json!({ "error": {
            "kind": kind,
            "message": self.message(),
            "path": path,
            "offset": offset,
            "exit_code": self.code(),
        }})
    }
}

/// Prints to standard output; a reader that has gone away is no failure.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn print_json(value: &impl serde::Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(&(text + "\n")),
        Err(e) => eprintln!("lanefn: {e}"),
    }
}

fn main() -> ExitCode {
    let (json, result) = match Cli::parse().command {
        Command::Map(map) => (map.how.json, map.run()),
        Command::Eval(eval) => (eval.how.json, eval.run()),
        Command::Explain(explain) => (explain.json, explain.run()),
        Command::List(list) => (list.json, list.run()),
        Command::Info(info) => (info.json, info.run()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if matches!(failure, Failure::Told(_)) {
                // Nothing is left to say.
            } else if json {
                eprintln!("{}", failure.to_json());
            } else {
                eprintln!("lanefn: {}", failure.message());
            }
            ExitCode::from(failure.code())
        }
    }
}
