//! What `map` and `eval` share: a function over open files, its outputs, and the report.

use std::{
    io::IsTerminal,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lanefn::{
    Code, Error, Level, Options, Untyped,
    dtype::{Casting, Type},
};
use serde_json::{Value, json};

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

/// On what to run, and how to tell what came out.
#[derive(clap::Args)]
pub struct Running {
    /// Replace outputs that exist.
    #[arg(long)]
    force: bool,
    /// Run on this many threads.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    pub level: OnLevel,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
    /// Leave out the picture of before and after.
    #[arg(long)]
    no_picture: bool,
}

/// The CPU level to run on.
#[derive(clap::Args)]
pub struct OnLevel {
    /// Run on this CPU level instead of the highest.
    #[arg(long, value_name = "LEVEL",
        value_parser = PossibleValuesParser::new(Level::ALL.map(Level::name)))]
    level: Option<String>,
}

impl OnLevel {
    /// The level: the one asked for, or the highest.
    pub fn get(&self) -> Result<Level, Failure> {
        let level = match &self.level {
            Some(name) => name.parse(),
            None => Level::chosen(),
        };
        Ok(level.map_err(Error::Level)?)
    }
}

/// A run that has begun.
pub struct Run<'a> {
    pub how: &'a Running,
    pub level: Level,
    pub threads: usize,
    begun: Instant,
}

impl Running {
    /// Sets what was asked for. From here on the time counts.
    pub fn begin(&self) -> Result<Run<'_>, Failure> {
        let begun = Instant::now();
        let level = self.level.get()?;
        if let Some(n) = self.threads {
            lanefn::set_num_threads(n.get())?;
        }
        Ok(Run { how: self, level, threads: lanefn::num_threads()?, begun })
    }
}

/// A function and its open inputs.
pub struct Job<'a> {
    /// What the report calls it.
    pub title: &'a str,
    /// What programs are told it is.
    pub text: &'a str,
    pub function: Untyped<'a>,
    /// What the report calls the inputs.
    pub labels: Vec<&'a str>,
    /// One for each argument of the function.
    pub inputs: Vec<Input>,
}

impl Job<'_> {
    /// Whether the result is one element, whatever the function is.
    pub fn has_no_axes(&self) -> bool {
        self.inputs.iter().all(|i| i.header().shape.is_empty())
    }

    /// What computes it for the dtypes of the inputs.
    pub fn dtypes(&self) -> Result<Code, Failure> {
        let types: Vec<_> = self.inputs.iter().map(|i| Type::Is(i.header().dtype)).collect();
        Ok(self.function.resolve(&types, &[], Casting::SameKind)?)
    }

    /// What is wrong if not as many files are named as there are outputs.
    pub fn wrong_outputs(&self, gives: usize, named: usize) -> Failure {
        let (gives, named) = (counted(gives, "output"), were(named));
        Failure::Usage(format!("{} gives {gives}, but -o {named} given", self.title))
    }
}

impl Run<'_> {
    /// The options of calls.
    pub fn options(&self) -> Options {
        Options { level: Some(self.level), ..Options::default() }
    }

    /// Whether outputs could be begun here, as far as that can be told without doing it.
    pub fn check_free(&self, paths: &[PathBuf]) -> Result<(), Failure> {
        let taken = |path: &&PathBuf| !self.how.force && output::exists(path);
        match paths.iter().find(taken) {
            Some(path) => Err(output::clobber(path).into()),
            None => Ok(()),
        }
    }

    /// Begins outputs of these dtypes and one shape.
    pub fn create<'p>(
        &self,
        wanted: impl Iterator<Item = (&'p PathBuf, Header)>,
    ) -> Result<Vec<Output>, Failure> {
        stop::install().map_err(|e| Error::File {
            path: PathBuf::from("signals"),
            offset: None,
            what: "no handler could be installed".to_string(),
            source: Some(e),
        })?;
        let mut outputs = Vec::new();
        for (path, header) in wanted {
            let output = Output::create(path, header, self.how.force)?;
            if outputs.iter().any(|other: &Output| other.is_same(&output)) {
                return Err(Failure::Usage(format!(
                    "two outputs would go to the same file, {}",
                    path.display()
                )));
            }
            outputs.push(output);
        }
        Ok(outputs)
    }

    /// Gives outputs that are written their names.
    pub fn place(&self, outputs: Vec<Output>) -> Result<Vec<(PathBuf, Header)>, Failure> {
        for output in &outputs {
            output.sync()?;
        }
        // The last moment to stop: the disk may have kept us waiting.
        if let Some(signal) = stop::asked() {
            return Err(Failure::Stopped(signal));
        }
        let results = outputs.iter().map(|o| (o.path().to_owned(), o.header().clone())).collect();
        output::place(outputs)?;
        Ok(results)
    }

    /// Puts the inputs through the function into files, a tile at a time.
    pub fn stream(&self, mut job: Job, paths: &[PathBuf]) -> Result<(), Failure> {
        let function = &job.function;
        let signature = job.dtypes()?;
        if paths.len() != signature.outputs().len() {
            return Err(job.wrong_outputs(signature.outputs().len(), paths.len()));
        }
        let headers: Vec<&Header> = job.inputs.iter().map(Input::header).collect();
        let plan = Plan::new(&headers, signature.outputs())?;
        let header = |&dtype| Header::new(dtype, plan.order, &plan.shape);
        let mut outputs = self.create(paths.iter().zip(signature.outputs().iter().map(header)))?;

        let mut computing = Duration::ZERO;
        let options = self.options();
        let mut bar = Bar::new(plan.elements(), !self.how.json);
        let outcome = stream::run(
            &plan,
            &mut job.inputs,
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
        let results = self.place(outputs)?;
        bar.clear();
        let report = Report {
            signature: list::signature(signature.inputs(), signature.outputs()),
            job: &job,
            elements: plan.elements(),
            took: self.begun.elapsed(),
            computing,
            results: &results,
        };
        if self.how.json {
            print_json(&report.to_json(self));
            return Ok(());
        }
        let mut shown = report.to_text(self);
        if !self.how.no_picture {
            // A picture that can't be drawn is no failure: the work is done.
            let mut after = Vec::new();
            for path in paths {
                after.extend(Input::open(path));
            }
            shown += &picture::draw(&job.inputs, &after);
        }
        print(&shown);
        Ok(())
    }

    /// How long it took until now.
    pub fn took(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// `2 inputs`, `1 input`.
pub fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// `2 were`, `1 was`.
pub fn were(n: usize) -> String {
    if n == 1 { "1 was".to_string() } else { format!("{n} were") }
}

/// What came out.
pub struct Report<'a> {
    /// Dtypes in and out.
    pub signature: String,
    pub job: &'a Job<'a>,
    pub elements: usize,
    /// From the command to the last file in its place.
    pub took: Duration,
    /// Of that, in the function.
    pub computing: Duration,
    /// The files written.
    pub results: &'a [(PathBuf, Header)],
}

impl Report<'_> {
    fn bytes(&self) -> u64 {
        let read: u64 = self.job.inputs.iter().map(|i| i.header().bytes()).sum();
        read + self.results.iter().map(|o| o.1.bytes()).sum::<u64>()
    }

    pub fn to_json(&self, run: &Run) -> Value {
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
        let input = |(name, i): (&str, &Input)| {
            let mut told = file(i.path(), i.header());
            told["name"] = name.into();
            told
        };
        let took = self.took.as_secs_f64();
        let names = self.job.function.arguments();
        json!({
            "function": self.job.text,
            "inputs": names.into_iter().zip(&self.job.inputs).map(input).collect::<Vec<_>>(),
            "outputs": self.results.iter().map(|o| file(&o.0, &o.1)).collect::<Vec<_>>(),
            "elements": self.elements,
            "level": run.level.name(),
            "threads": run.threads,
            "seconds": took,
            "compute_seconds": self.computing.as_secs_f64(),
            "elements_per_second": self.elements as f64 / took,
            "bytes_per_second": self.bytes() as f64 / took,
        })
    }

    pub fn to_text(&self, run: &Run) -> String {
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
        for (label, input) in self.job.labels.iter().zip(&self.job.inputs) {
            row(label, input.path(), input.header());
        }
        for (path, header) in self.results {
            row("out", path, header);
        }
        let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max();
        let [labels, paths, shapes] = [0, 1, 2].map(|column| width(column).unwrap_or(0));
        let labels = labels.max(5);
        let mut text = format!("{}: {}\n", self.job.title, self.signature);
        for [what, path, shape, kind] in &rows {
            text += &format!("  {what:<labels$} {path:<paths$}  {shape:<shapes$}  {kind}\n");
        }
        let took = self.took.as_secs_f64();
        text += &format!("  level {}, {}\n", run.level, counted(run.threads, "thread"),);
        text += &format!(
            "  {} elements in {}, of which {} computing: {}elements/s, {}B/s\n",
            text::grouped(self.elements),
            text::seconds(took),
            text::seconds(self.computing.as_secs_f64()),
            text::scaled(self.elements as f64 / took),
            text::scaled(self.bytes() as f64 / took),
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
