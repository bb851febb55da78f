//! NumPy, in a process of its own, which the benches ask for times.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// NumPy, in a process of its own.
pub struct NumPy {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl NumPy {
    /// Starts it, and says its version.
    pub fn start() -> Option<NumPy> {
        NumPy::start_in(&[])
    }

    /// As [`NumPy::start`], in the environment that `cargo xtask python` with these arguments names.
    pub fn start_in(arguments: &[&str]) -> Option<NumPy> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["run", "--quiet", "--package", "xtask", "--", "python"])
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .ok()?;
        let python = String::from_utf8(output.stdout).ok()?;
        let mut child = Command::new(python.trim())
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/numpy_peer.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (to, from) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        let mut numpy = NumPy { child, to, from };
        println!("numpy {}", numpy.ask("version - 0")?);
        Some(numpy)
    }

    /// A line for a line; see `numpy_peer.py`.
    pub fn ask(&mut self, request: &str) -> Option<String> {
        writeln!(self.to, "{request}").ok()?;
        let mut line = String::new();
        self.from.read_line(&mut line).ok()?;
        Some(line.trim().to_string()).filter(|l| !l.is_empty())
    }
}

impl Drop for NumPy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
