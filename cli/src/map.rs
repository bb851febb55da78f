//! `lanefn map`: a function over files.

use std::path::PathBuf;

use crate::{
    Failure,
    apply::{Job, Running, counted, were},
    engine,
    input::Input,
};

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
    #[command(flatten)]
    pub how: Running,
}

impl Map {
    pub fn run(self) -> Result<(), Failure> {
        let function = engine::named(&self.function)?;
        let run = self.how.begin()?;
        if self.inputs.len() != function.arguments().len() {
            return Err(Failure::Usage(format!(
                "{} takes {} ({}), but {} given",
                function.name,
                counted(function.arguments().len(), "input"),
                function.arguments().join(", "),
                were(self.inputs.len()),
            )));
        }
        let mut inputs = Vec::new();
        for path in &self.inputs {
            inputs.push(Input::open(path)?);
        }
        let labels = vec!["in"; inputs.len()];
        let job =
            Job { title: function.name, text: function.name, function: *function, labels, inputs };
        run.stream(job, &self.outputs)
    }
}
