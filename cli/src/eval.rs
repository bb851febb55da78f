//! `lanefn eval`: an expression over files.

use std::{path::PathBuf, time::Instant};

use lanefn::{
    compiler::{text::Reduction, value::Value},
    dtype::Dtype,
};

use crate::{
    Failure,
    apply::{Job, Report, Run, Running},
    engine,
    given::{Formula, Given},
    input::Input,
    list,
    npy::{Header, Order},
    print, print_json,
    stream::{Plan, Whole},
    text,
};

/// Computes an expression over .npy files, into new .npy files.
///
/// The expression is written as in Python and NumPy, or as in C. It names files and numbers, which are
/// given as NAME=FILE.npy and NAME=NUMBER in any order; a file whose own name is a number is given as
/// NAME=./FILE. Files broadcast together as in NumPy, and may be larger than memory. An output appears
/// whole or not at all.
///
/// sum, prod, max, min, mean, any and all around the whole expression make one value of everything, which
/// is printed. So is what has no axes, if no output is named.
///
/// With - for the expression, each line of standard input is one, over the same files and numbers, and is
/// answered by its value, or by the shape, dtype and range of its values.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lanefn eval 'where(x > 2, x + 1, x - 1)' x=x.npy -o y.npy
  lanefn eval 'x > 2 ? x + 1 : x - 1' x=x.npy -o x.npy --force    in place
  lanefn eval 'sqrt(u*u + v*v) * k' u=u.npy v=v.npy k=1.94 -o knots.npy
  lanefn eval 'let q, r = divmod(x, 7); q, r' x=x.npy -o q.npy -o r.npy
  lanefn eval 'mean(v ** 3)' v=examples/data/wind.npy
  lanefn eval 'sum(where(isnan(x), 0, x))' x=x.npy --json | jq '.results[0].value'
  lanefn eval '2 ** 0.5'
  lanefn eval - v=examples/data/wind.npy < expressions.txt")]
pub struct Eval {
    /// The expression, of which the last statement gives the outputs; or -, to read one from each line.
    #[arg(allow_hyphen_values = true)]
    expression: String,
    /// A file or number for each name of the expression.
    #[arg(value_name = "NAME=FILE.npy")]
    given: Vec<String>,
    /// Where to write; given once for each output of the expression.
    #[arg(short, long = "output", value_name = "OUT.npy")]
    outputs: Vec<PathBuf>,
    #[command(flatten)]
    pub how: Running,
}

impl Eval {
    pub fn run(self) -> Result<(), Failure> {
        let run = self.how.begin()?;
        let given = Given::read(&self.given)?;
        if self.expression == "-" {
            if !self.outputs.is_empty() {
                return Err(Failure::Usage("expressions that are read in lines have no -o".into()));
            }
            return lines::run(&run, &given);
        }
        let formula = given.formula(&self.expression, false)?;
        formula.check_unused()?;
        let job = job(&given, &formula)?;
        if formula.reduction.is_some() || job.has_no_axes() {
            return values(&run, &formula, job, &self.outputs);
        }
        if self.outputs.is_empty() {
            return Err(Failure::Usage(
                "the result has axes, so it needs a file: -o OUT.npy; or one of sum, prod, max, min, mean, \
                 any, all around the expression"
                    .to_string(),
            ));
        }
        run.stream(job, &self.outputs)
    }
}

/// The function of an expression, and its files.
fn job<'a>(given: &Given, formula: &'a Formula) -> Result<Job<'a>, Failure> {
    let mut inputs = Vec::new();
    for name in &formula.names {
        inputs.extend(given.file(name).map(Input::open).transpose()?);
    }
    let labels = formula.names.iter().map(|name| &name[..]).collect();
    let function = formula.function.untyped();
    Ok(Job { title: &formula.title, text: &formula.text, function, labels, inputs })
}

/// All elements of a job's inputs.
struct Operands {
    all: Vec<Whole>,
    shape: Vec<usize>,
}

impl Operands {
    fn of(job: &mut Job) -> Result<Operands, Failure> {
        let headers: Vec<&Header> = job.inputs.iter().map(Input::header).collect();
        let shape = Plan::new(&headers, &[])?.shape;
        let mut all = Vec::new();
        for input in &mut job.inputs {
            all.push(Whole::new(input)?);
        }
        if all.is_empty() {
            all.push(Whole::nothing());
        }
        Ok(Operands { all, shape })
    }

    fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// One value of everything.
    fn reduced(&self, run: &Run, job: &Job, reduction: Reduction) -> Result<Value, Failure> {
        let value =
            engine::reduced(reduction, &job.function, &self.all, self.elements(), run.options())?;
        job.inputs.iter().try_for_each(Input::check)?;
        Ok(value)
    }

    /// What the expression gives, which has no axes.
    fn values(&self, run: &Run, formula: &Formula, job: &Job) -> Result<Vec<Value>, Failure> {
        if let Some(reduction) = formula.reduction {
            return Ok(vec![self.reduced(run, job, reduction)?]);
        }
        let values = engine::values(&job.function, &self.all, run.options())?;
        job.inputs.iter().try_for_each(Input::check)?;
        Ok(values)
    }
}

/// Computes what has no axes: prints it, or writes it.
fn values(run: &Run, formula: &Formula, mut job: Job, paths: &[PathBuf]) -> Result<(), Failure> {
    let gives = formula.function.graph().outputs().len();
    if !paths.is_empty() && paths.len() != gives {
        return Err(job.wrong_outputs(gives, paths.len()));
    }
    // Told before it is computed.
    run.check_free(paths)?;
    let operands = Operands::of(&mut job)?;
    let begun = Instant::now();
    let results = operands.values(run, formula, &job)?;
    let computing = begun.elapsed();
    let header = |value: &Value| Header::new(value.dtype(), Order::C, &[]);
    let mut files = run.create(paths.iter().zip(results.iter().map(header)))?;
    for (file, value) in files.iter_mut().zip(&results) {
        file.write(0, &engine::bytes(value))?;
    }
    let files = run.place(files)?;

    let dtypes: Vec<Dtype> = results.iter().map(|r| r.dtype()).collect();
    let from: Vec<Dtype> = job.inputs.iter().map(|i| i.header().dtype).collect();
    let report = Report {
        signature: list::signature(&from, &dtypes),
        job: &job,
        elements: operands.elements(),
        took: run.took(),
        computing,
        results: &files,
    };
    if run.how.json {
        let mut told = report.to_json(run);
        told["reduction"] = formula.reduction.map(Reduction::name).into();
        told["results"] = results.iter().map(text::element_json).collect();
        print_json(&told);
        return Ok(());
    }
    let mut shown = if files.is_empty() { String::new() } else { report.to_text(run) };
    for value in &results {
        shown += &format!("{}\n", text::element(value));
    }
    print(&shown);
    Ok(())
}

/// Expressions from standard input, one a line, over the same files and numbers.
mod lines {
    use std::{
        io::{BufRead, IsTerminal, Write},
        path::PathBuf,
    };

    use lanefn::{Error, compiler::text::Reduction};
    use serde_json::{Value, json};

    use super::{Operands, job};
    use crate::{Failure, apply::Run, given::Given, npy::shape_text, print, text};

    /// What is told of an array.
    const SUMMARY: [Reduction; 3] = [Reduction::Min, Reduction::Mean, Reduction::Max];

    /// Answers each line. What is wrong with one is told, and the next is read; the end is the failure of
    /// the last one that failed.
    pub fn run(run: &Run, given: &Given) -> Result<(), Failure> {
        let mut failed = None;
        prompt(run);
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|e| Error::File {
                path: PathBuf::from("standard input"),
                offset: None,
                what: "can't be read as text".to_string(),
                source: Some(e),
            })?;
            let expression = line.trim();
            if !expression.is_empty() && !expression.starts_with('#') {
                match answer(run, given, expression) {
                    Ok(told) => print(&(told + "\n")),
                    Err(failure) => {
                        if run.how.json {
                            let mut told = failure.to_json();
                            told["expression"] = expression.into();
                            print(&format!("{told}\n"));
                        } else {
                            eprintln!("lanefn: {}", failure.message());
                        }
                        failed = Some(failure.code());
                    }
                }
            }
            prompt(run);
        }
        failed.map_or(Ok(()), |code| Err(Failure::Told(code)))
    }

    /// A sign to somebody who types.
    fn prompt(run: &Run) {
        if !run.how.json && std::io::stdin().is_terminal() {
            let mut out = std::io::stderr().lock();
            let _ = out.write_all(b"> ").and_then(|()| out.flush());
        }
    }

    /// What one expression gives: its value, or the shape, dtype and range of its values.
    fn answer(run: &Run, given: &Given, expression: &str) -> Result<String, Failure> {
        let formula = given.formula(expression, false)?;
        let mut job = job(given, &formula)?;
        let scalar = formula.reduction.is_some() || job.has_no_axes();
        let outputs = formula.function.graph().outputs().len();
        if !scalar && outputs != 1 {
            return Err(Failure::Usage(format!(
                "of arrays, one at a time can be told: this expression gives {outputs}"
            )));
        }
        let operands = Operands::of(&mut job)?;
        if scalar {
            let values = operands.values(run, &formula, &job)?;
            if run.how.json {
                let results: Vec<Value> = values.iter().map(text::element_json).collect();
                return Ok(json!({ "expression": expression, "results": results }).to_string());
            }
            let values: Vec<String> = values.iter().map(text::element).collect();
            return Ok(values.join(", "));
        }
        let dtype = job.dtypes()?.outputs()[0];
        let mut told = json!({
            "expression": expression, "dtype": dtype.name(), "shape": operands.shape,
        });
        let mut shown = format!("{dtype} {}", shape_text(&operands.shape));
        if operands.elements() > 0 {
            for reduction in SUMMARY {
                let value = operands.reduced(run, &job, reduction)?;
                let mut element = text::element_json(&value);
                told[reduction.name()] = element["value"].take();
                shown += &format!("  {} {}", reduction.name(), text::element(&value));
            }
        }
        Ok(if run.how.json { told.to_string() } else { shown })
    }
}
