//! The project's own commands: `cargo xtask COMMAND`.

mod accuracy;
mod emulate;
mod fuzz;
mod test;

use clap::Parser;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Run every test, and set up what they need.
    Test(test::Options),
    /// Check formatting and lints.
    Lint,
    /// Measure the errors of the elementary functions, and write `docs/accuracy.md`.
    Accuracy(accuracy::Options),
    /// Run random graphs, bytes and texts through the compiler, for as long as is said.
    Fuzz(fuzz::Options),
    /// Set up the Python that tests and benches use, and print where it is.
    Python {
        /// The one with the packages that benches compare with.
        #[arg(long)]
        peers: bool,
    },
    /// Run a test program on an emulated CPU that has AVX-512.
    EmulateAvx512(emulate::Options),
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    match Task::parse() {
        Task::Test(options) => test::run(&options),
        Task::Lint => test::lint(),
        Task::Accuracy(options) => accuracy::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Python { peers } => test::python(peers),
        Task::EmulateAvx512(options) => emulate::run(&options),
    }
}
