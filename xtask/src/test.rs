//! `cargo xtask test`: every test, with all set-up. `cargo xtask lint`: formatting and lints.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

/// What the tests need of Python, pinned.
const REQUIREMENTS: &str = "python/tests/requirements.txt";

/// What is tested besides the default.
const FEATURES: [&str; 2] = ["--features", "lanefn/serde"];

/// What benches compare with besides, pinned.
const PEERS: &str = "benches/requirements.txt";

/// Arguments for the test programs.
#[derive(clap::Args)]
pub struct Options {
    /// Run the tests of the Python package alone.
    #[arg(long)]
    python: bool,
    /// Arguments that `cargo test` gets, such as `-p lanefn --test front_end`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Sets up a virtual environment with NumPy, says what this machine can't run, and runs all tests.
///
/// # Errors
/// When Python or a package is missing, or a test fails.
pub fn run(options: &Options) -> Result<ExitCode> {
    let all = !options.python && options.arguments.is_empty();
    // The environment is unpacked while the tests are compiled.
    let python = std::thread::scope(|s| {
        let python = s.spawn(|| environment("python", REQUIREMENTS));
        if all {
            // In one go, so that nothing is built twice.
            let what = ["build", "--workspace", "--lib", "--bins", "--tests"];
            step(cargo().args(what).args(FEATURES))?;
        }
        python.join().map_err(|_| anyhow::anyhow!("the environment was not set up"))?
    })?;
    if options.python {
        step(cargo().args(["build", "--package", "lanefn-python", "--lib"]).args(FEATURES))?;
        return package(&python);
    }
    let mut tests = cargo();
    tests.arg("test").env("LANEFN_TEST_PYTHON", &python);
    if all {
        tests.args(["--workspace", "--no-fail-fast"]).args(FEATURES);
    }
    step(tests.args(&options.arguments))?;
    if all { package(&python) } else { Ok(ExitCode::SUCCESS) }
}

/// Puts the Python package, which has been built, together under the target folder and runs its tests.
fn package(python: &Path) -> Result<ExitCode> {
    let folder = target().join("package");
    let package = folder.join("lanefn");
    std::fs::create_dir_all(&package).context("making the package's folder")?;
    let sources = root().join("python/lanefn");
    let mut files = Vec::new();
    for file in sources.read_dir().with_context(|| format!("reading {}", sources.display()))? {
        let file = file?;
        if file.file_type()?.is_file() {
            files.push((file.path(), package.join(file.file_name())));
        }
    }
    let (built, name) = match env::consts::OS {
        "windows" => ("_lanefn.dll", "_lanefn.pyd"),
        "macos" => ("lib_lanefn.dylib", "_lanefn.abi3.so"),
        _ => ("lib_lanefn.so", "_lanefn.abi3.so"),
    };
    files.push((target().join("debug").join(built), package.join(name)));
    for (from, to) in files {
        // Removed first: a module that a running interpreter has mapped must not be written to.
        let _ = std::fs::remove_file(&to);
        std::fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
    }
    step(
        Command::new(python)
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "python/tests"])
            // A file's tests stay together: they share clusters.
            .args(["--numprocesses", "2", "--dist", "loadfile"])
            .current_dir(root())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONPATH", &folder),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Sets up the virtual environment of the tests, or of the benches' peers, and prints the path of its
/// Python.
///
/// # Errors
/// When Python or a package is missing.
pub fn python(peers: bool) -> Result<ExitCode> {
    let (folder, requirements) = if peers { ("peers", PEERS) } else { ("python", REQUIREMENTS) };
    println!("{}", environment(folder, requirements)?.display());
    Ok(ExitCode::SUCCESS)
}

/// Formatting, lints and the documentation's own warnings.
///
/// # Errors
/// When any of them complains.
pub fn lint() -> Result<ExitCode> {
    step(cargo().args(["fmt", "--all", "--check"]))?;
    step(
        cargo()
            .args(["clippy", "--workspace", "--all-targets"])
            .args(FEATURES)
            .args(["--", "-D", "warnings"]),
    )?;
    step(
        cargo()
            .args([
                "doc",
                "--no-deps",
                "-p",
                "lanefn",
                "-p",
                "lanefn-kernels",
                "-p",
                "lanefn-compiler",
                "-p",
                "lanefn-macros",
            ])
            .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links -A rustdoc::redundant-explicit-links"),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The workspace's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
        .into()
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command and says which it is.
pub fn step(command: &mut Command) -> Result<()> {
    eprintln!("$ {command:?}");
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

/// The Python of a virtual environment with the pinned packages, made when it is not there yet.
fn environment(folder: &str, requirements: &str) -> Result<PathBuf> {
    let wanted = std::fs::read(root().join(requirements))
        .with_context(|| format!("reading {requirements}"))?;
    let (folder, requirements) = (target().join(folder), root().join(requirements));
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    // Copied last: an environment without it was not finished.
    let installed = folder.join("requirements.txt");
    if std::fs::read(&installed).is_ok_and(|have| have == wanted) && python.exists() {
        return Ok(python);
    }
    let system = if cfg!(windows) { "python" } else { "python3" };
    step(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder))?;
    step(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
    )?;
    std::fs::write(&installed, wanted).context("noting what is installed")?;
    Ok(python)
}
