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
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  lanefn eval 'where(x > 2, x + 1, x - 1)' x=x.npy -o y.npy
  lanefn eval 'x > 2 ? x + 1 : x - 1' x=x.npy -o x.npy --force    in place
  lanefn eval 'sqrt(u*u + v*v) * k' u=u.npy v=v.npy k=1.94 -o knots.npy
  lanefn eval 'let q, r = divmod(x, 7); q, r' x=x.npy -o q.npy -o r.npy
  lanefn eval 'mean(v ** 3)' v=examples/data/wind.npy
  lanefn eval 'sum(where(isnan(x), 0, x))' x=x.npy --json | jq .results[0].value
  lanefn eval '2 ** 0.5'")]
pub struct Eval {
    /// The expression; its last statement gives the outputs.
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
        let formula = given.formula(&self.expression, false)?;
        formula.check_unused()?;
        let mut inputs = Vec::new();
        for name in &formula.names {
            inputs.extend(given.file(name).map(Input::open).transpose()?);
        }
        let labels = formula.names.iter().map(|name| &name[..]).collect();
        let job =
            Job { title: &formula.title, function: formula.function.untyped(), labels, inputs };
        let scalar = job.inputs.iter().all(|i| i.header().shape.is_empty());
        if formula.reduction.is_none() && !scalar {
            if self.outputs.is_empty() {
                return Err(Failure::Usage(
                    "the result has axes, so it needs a file: -o OUT.npy; or one of sum, prod, max, min, \
                     mean, any, all around the expression"
                        .to_string(),
                ));
            }
            return run.stream(job, &self.outputs);
        }
        values(&run, &formula, job, &self.outputs)
    }
}

/// Computes what has no axes: prints it, or writes it.
fn values(run: &Run, formula: &Formula, mut job: Job, paths: &[PathBuf]) -> Result<(), Failure> {
    let headers: Vec<&Header> = job.inputs.iter().map(Input::header).collect();
    let elements = Plan::new(&headers, &[])?.elements();
    let mut operands = Vec::new();
    for input in &mut job.inputs {
        operands.push(Whole::new(input)?);
    }
    if operands.is_empty() {
        operands.push(Whole::nothing());
    }
    let begun = Instant::now();
    let results = match formula.reduction {
        Some(reduction) => {
            vec![engine::reduced(reduction, &job.function, &operands, elements, run.options())?]
        }
        None => engine::values(&job.function, &operands, run.options())?,
    };
    let computing = begun.elapsed();
    for input in &job.inputs {
        input.check()?;
    }
    if !paths.is_empty() && paths.len() != results.len() {
        return Err(job.wrong_outputs(results.len(), paths.len()));
    }
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
        elements,
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
