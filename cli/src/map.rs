//! `lanefn map`: a function over files.

use std::{
    io::IsTerminal,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lanefn::{
    Error, Level, Options, Untyped,
    dtype::{Casting, Type},
};
use serde_json::json;

use crate::{
    Failure, engine,
    input::Input,
    list,
    npy::{Header, shape_text},
    output::{self, Output},
    picture, print, print_json, stop,
    stream::{self, Outcome, Plan},
    text,
};

/// How long a run may take before it shows a progress bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Puts .npy files through a function, into new .npy files.
///
/// Files of versions 1.0 to 3.0, either order and either byte order are read; inputs broadcast together
/// as in NumPy. Files may be larger than memory. An output appears whole or not at all.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lanefn map wind_power examples/data/wind.npy -o power.npy
  lanefn map problem x.npy -o x.npy --force     in place: x.npy changes only once all is done
  lanefn map problem x.npy -o y.npy --json | jq .elements_per_second")]
pub struct Map {
    /// The function's name, as `lanefn list` shows it.
    function: String,
    /// The inputs, one file for each argument of the function.
    #[arg(required = true, value_name = "IN.npy")]
    inputs: Vec<PathBuf>,
    /// Where to write; given once for each output of the function.
    #[arg(short, long = "output", required = true, value_name = "OUT.npy")]
    outputs: Vec<PathBuf>,
    /// Replace outputs that exist.
    #[arg(long)]
    force: bool,
    /// Run on this many threads.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Run on this CPU level instead of the highest.
    #[arg(long, value_name = "LEVEL",
        value_parser = PossibleValuesParser::new(Level::ALL.map(Level::name)))]
    level: Option<String>,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
    /// Leave out the picture of before and after.
    #[arg(long)]
    no_picture: bool,
}

impl Map {
    pub fn run(self) -> Result<(), Failure> {
        let begun = Instant::now();
        let function = engine::named(&self.function)?;
        let level = match &self.level {
            Some(name) => name.parse().map_err(Error::Level)?,
            None => Level::chosen().map_err(Error::Level)?,
        };
        if let Some(n) = self.threads {
            lanefn::set_num_threads(n.get())?;
        }
        let threads = lanefn::num_threads()?;
        if self.inputs.len() != function.arguments().len() {
            return Err(Failure::Usage(format!(
                "{} takes {} ({}), but {} given",
                function.name,
                counted(function.arguments().len(), "input"),
                function.arguments().join(", "),
                were(self.inputs.len()),
            )));
        }
        stop::install().map_err(|e| Error::File {
            path: PathBuf::from("signals"),
            offset: None,
            what: "no handler could be installed".to_string(),
            source: Some(e),
        })?;
        let mut inputs = Vec::new();
        for path in &self.inputs {
            inputs.push(Input::open(path)?);
        }
        let types: Vec<_> = inputs.iter().map(|i| Type::Is(i.header().dtype)).collect();
        let signature = function.resolve(&types, &[], Casting::SameKind)?;
        if self.outputs.len() != signature.outputs().len() {
            return Err(Failure::Usage(format!(
                "{} gives {}, but -o {} given",
                function.name,
                counted(signature.outputs().len(), "output"),
                were(self.outputs.len()),
            )));
        }
        let headers: Vec<&Header> = inputs.iter().map(Input::header).collect();
        let plan = Plan::new(&headers, signature.outputs())?;
        let mut outputs = Vec::new();
        for (path, &dtype) in self.outputs.iter().zip(signature.outputs()) {
            let header = Header::new(dtype, plan.order, &plan.shape);
            let output = Output::create(path, header, self.force)?;
            if outputs.iter().any(|other: &Output| other.is_same(&output)) {
                return Err(Failure::Usage(format!(
                    "two outputs would go to the same file, {}",
                    path.display()
                )));
            }
            outputs.push(output);
        }

        let mut computing = Duration::ZERO;
        let options = Options { level: Some(level), ..Options::default() };
        let mut bar = Bar::new(plan.elements(), !self.json);
        let outcome = stream::run(
            &plan,
            &mut inputs,
            &mut outputs,
            &mut |shape, from, to| {
                let start = Instant::now();
                // SAFETY: `stream::run` gives parts that lie in live memory as they say, the outputs'
                // disjoint from everything else.
                let done = unsafe { engine::call(function, shape, from, to, options) };
                computing += start.elapsed();
                done
            },
            &mut |done| bar.show(done),
        );
        if let Outcome::Stopped(signal) = outcome? {
            return Err(Failure::Stopped(signal));
        }
        for output in &outputs {
            output.sync()?;
        }
        // The last moment to stop: the disk may have kept us waiting.
        if let Some(signal) = stop::asked() {
            return Err(Failure::Stopped(signal));
        }
        bar.clear();
        let results: Vec<(PathBuf, Header)> =
            outputs.iter().map(|o| (o.path().to_owned(), o.header().clone())).collect();
        output::place(outputs)?;
        let took = begun.elapsed();

        let report = Report { function, level, threads, plan: &plan, took, computing };
        if self.json {
            print_json(&report.to_json(&inputs, &results));
            return Ok(());
        }
        let mut shown = report.to_text(
            &list::signature(signature.inputs(), signature.outputs()),
            &inputs,
            &results,
        );
        if !self.no_picture {
            // A picture that can't be drawn is no failure: the work is done.
            let mut after = Vec::new();
            for path in &self.outputs {
                after.extend(Input::open(path));
            }
            shown += &picture::draw(&inputs, &after);
        }
        print(&shown);
        Ok(())
    }
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn were(n: usize) -> String {
    if n == 1 { "1 was".to_string() } else { format!("{n} were") }
}

/// What came out.
struct Report<'a> {
    function: &'static Untyped<'static>,
    level: Level,
    threads: usize,
    plan: &'a Plan,
    /// From the command to the last file in its place.
    took: Duration,
    /// Of that, in the function.
    computing: Duration,
}

impl Report<'_> {
    fn bytes(&self, inputs: &[Input], outputs: &[(PathBuf, Header)]) -> u64 {
        let read: u64 = inputs.iter().map(|i| i.header().bytes()).sum();
        read + outputs.iter().map(|o| o.1.bytes()).sum::<u64>()
    }

    fn to_json(&self, inputs: &[Input], outputs: &[(PathBuf, Header)]) -> serde_json::Value {
        let file = |path: &Path, h: &Header| {
            json!({
                "path": path.to_string_lossy(),
                "shape": h.shape,
                "dtype": h.dtype.name(),
                "descr": h.descr(),
                "order": h.order.name(),
                "version": format!("{}.0", h.version),
                "bytes": h.bytes(),
            })
        };
        let elements = self.plan.elements();
        let took = self.took.as_secs_f64();
        let computing = self.computing.as_secs_f64();
        json!({
            "function": self.function.name,
            "inputs": inputs.iter().map(|i| file(i.path(), i.header())).collect::<Vec<_>>(),
            "outputs": outputs.iter().map(|o| file(&o.0, &o.1)).collect::<Vec<_>>(),
            "elements": elements,
            "level": self.level.name(),
            "threads": self.threads,
            "seconds": took,
            "compute_seconds": computing,
            "elements_per_second": elements as f64 / took,
            "bytes_per_second": self.bytes(inputs, outputs) as f64 / took,
        })
    }

    fn to_text(&self, signature: &str, inputs: &[Input], outputs: &[(PathBuf, Header)]) -> String {
        let mut rows: Vec<[String; 4]> = Vec::new();
        let mut row = |what: &str, path: &Path, h: &Header| {
            let mut kind = h.dtype.to_string();
            if h.swapped {
                kind += ", byte-swapped";
            }
            if h.order == crate::npy::Order::Fortran {
                kind += ", Fortran order";
            }
            rows.push([what.into(), path.display().to_string(), shape_text(&h.shape), kind]);
        };
        for input in inputs {
            row("in", input.path(), input.header());
        }
        for (path, header) in outputs {
            row("out", path, header);
        }
        let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max();
        let (paths, shapes) = (width(1).unwrap_or(0), width(2).unwrap_or(0));
        let mut text = format!("{}: {signature}\n", self.function.name);
        for [what, path, shape, kind] in &rows {
            text += &format!("  {what:<5} {path:<paths$}  {shape:<shapes$}  {kind}\n");
        }
        let elements = self.plan.elements();
        let took = self.took.as_secs_f64();
        text += &format!("  level {}, {}\n", self.level, counted(self.threads, "thread"),);
        text += &format!(
            "  {} elements in {}, of which {} computing: {}elements/s, {}B/s\n",
            text::grouped(elements),
            text::seconds(took),
            text::seconds(self.computing.as_secs_f64()),
            text::scaled(elements as f64 / took),
            text::scaled(self.bytes(inputs, outputs) as f64 / took),
        );
        text
    }
}

/// A progress bar that shows itself, on a terminal, once a run takes long.
struct Bar {
    begun: Instant,
    elements: u64,
    wanted: bool,
    bar: Option<ProgressBar>,
}

impl Bar {
    fn new(elements: usize, wanted: bool) -> Bar {
        let wanted = wanted && std::io::stderr().is_terminal();
        Bar { begun: Instant::now(), elements: elements as u64, wanted, bar: None }
    }

    fn show(&mut self, done: usize) {
        if !self.wanted || self.begun.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(
                Some(self.elements),
                ProgressDrawTarget::stderr_with_hz(10),
            );
            if let Ok(style) = ProgressStyle::with_template(
                "{wide_bar} {percent:>3}%  {human_pos} of {human_len} elements  {eta} left",
            ) {
                bar.set_style(style);
            }
            bar.with_elapsed(self.begun.elapsed())
        });
        bar.set_position(done as u64);
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}
