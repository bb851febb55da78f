//! `cargo xtask accuracy`: measures the functions, and writes the table.

use std::{fmt::Write, path::PathBuf, time::Instant};

use clap::Parser;
use lanefn::kernels::{lanes::Dtype, level::Level};
use lanefn_accuracy::{
    hard,
    sweep::{self, Oracle, Worst},
};

/// Measures the errors of the elementary functions.
#[derive(Parser)]
struct Options {
    /// The functions; all that there are otherwise.
    functions: Vec<String>,
    /// Only this dtype: float64 or float32.
    #[arg(long)]
    dtype: Option<String>,
    /// Chosen arguments for each function.
    #[arg(long, default_value_t = 20_000_000)]
    points: u64,
    /// Every f32 for the functions of one argument, in place of chosen ones.
    #[arg(long)]
    all_f32: bool,
    /// The stream of arguments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The level; the best one otherwise.
    #[arg(long)]
    level: Option<String>,
    /// In place of errors, time 8192 arguments in this range: `--time LOW,HIGH`, ns an element.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    time: Vec<f64>,
    /// Write the table to this file too, each row when it is known.
    #[arg(long)]
    table: Option<PathBuf>,
    /// Keep the rows that the table already has, of a run that was stopped.
    #[arg(long, requires = "table")]
    resume: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let threads = std::thread::available_parallelism()?.get();
    let level = match &options.level {
        None => *Level::present().last().expect("the scalar level is always present"),
        Some(name) => *Level::present()
            .iter()
            .find(|l| l.name() == name)
            .ok_or_else(|| anyhow::anyhow!("this CPU has no level {name}"))?,
    };
    let known = match &options.table {
        Some(path) if options.resume && path.exists() => std::fs::read_to_string(path)?,
        _ => String::new(),
    };
    let mut table = String::from(
        "| function | dtype | bound | measured | not nearest | arguments | worst at |\n|---|---|---|---|---|---|---|\n",
    );
    if options.time.is_empty() {
        print!("{table}");
    }
    let mut broken = Vec::new();
    for dtype in [Dtype::F64, Dtype::F32] {
        if options.dtype.as_ref().is_some_and(|d| d != dtype.name()) {
            continue;
        }
        for (function, of, oracle) in sweep::functions(dtype) {
            if !options.functions.is_empty()
                && !options.functions.iter().any(|n| n == function.name)
            {
                continue;
            }
            let start = Instant::now();
            if let [low, high] = options.time[..] {
                let x: Vec<f64> = (0..8192)
                    .map(|i| low + (high - low) * f64::from(i * 2957 % 8192) / 8192.0)
                    .collect();
                let y: Vec<f64> = x.iter().rev().copied().collect();
                println!(
                    "{} {}: {:.3} ns",
                    function.name,
                    dtype.name(),
                    sweep::time(of, level, [&x, &y])
                );
                continue;
            }
            let bound = of.bound.expect("functions() gives those with a bound");
            let start_of_row = format!("| {} | {} | {bound} |", function.name, dtype.name());
            if let Some(row) = known.lines().find(|row| row.starts_with(&start_of_row)) {
                writeln!(table, "{row}")?;
                continue;
            }
            let all = options.all_f32 && dtype == Dtype::F32 && matches!(oracle, Oracle::Unary(_));
            let worst = if all {
                sweep::every_f32(of, oracle, level, threads)
            } else {
                let published = hard::points(function.name, dtype);
                sweep::sample(of, oracle, level, options.points, threads, options.seed)
                    .join(sweep::at(of, oracle, level, &published))
            };
            let row = start_of_row + &rest_of_row(dtype, &worst, all, function.nin());
            println!("{row} {:.1} s", start.elapsed().as_secs_f64());
            writeln!(table, "{row}")?;
            if let Some(path) = &options.table {
                std::fs::write(path, &table)?;
            }
            if worst.error > bound {
                broken.push(format!("{} {}", function.name, dtype.name()));
            }
        }
    }
    if let Some(path) = options.table {
        std::fs::write(path, table)?;
    }
    if !broken.is_empty() {
        eprintln!("beyond their bounds: {}", broken.join(", "));
        std::process::exit(1);
    }
    Ok(())
}

fn rest_of_row(dtype: Dtype, worst: &Worst, all: bool, nin: usize) -> String {
    let number =
        |x: f64| if dtype == Dtype::F32 { format!("{:?}", x as f32) } else { format!("{x:?}") };
    let at: Vec<_> = worst.at[..nin].iter().map(|x| number(*x)).collect();
    let (error, at) = if worst.error <= 0.5 {
        ("0.5".to_string(), String::new())
    } else {
        (format!("{:.4}", worst.error), format!("{} gives {}", at.join(", "), number(worst.got)))
    };
    let points = if all { "all".to_string() } else { format!("{:.1e}", worst.points as f64) };
    format!(
        " {error} | {:.4}% | {points} | {at} |",
        100.0 * worst.not_nearest as f64 / worst.points as f64,
    )
}
