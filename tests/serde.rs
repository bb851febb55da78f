//! A function made at run time is data: written in one process, it works in the one that reads it.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
};

use lanefn::Compiled;
use ndarray::Array1;

/// The variable by which a process knows that it is the child.
const CHILD: &str = "LANEFN_TEST_SERDE_CHILD";

const TEXT: &str = "where(x > 2, exp(-x * x), x - 1)";

fn inputs() -> Array1<f64> {
    Array1::linspace(-5.0, 5.0, 1001)
}

#[test]
fn a_function_works_in_the_process_that_reads_it() {
    if std::env::var_os(CHILD).is_some() {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).unwrap();
        let read: Compiled = serde_json::from_str(&text).unwrap();
        let y = read.call::<(f64,), _>(&inputs()).unwrap();
        let bits: Vec<u64> = y.iter().map(|y| y.to_bits()).collect();
        std::fs::write(std::env::var_os(CHILD).unwrap(), serde_json::to_string(&bits).unwrap())
            .unwrap();
        return;
    }
    let function = Compiled::from_expression(TEXT).unwrap();
    let here = function.call::<(f64,), _>(&inputs()).unwrap();
    let out = std::env::temp_dir().join(format!("lanefn-serde-{}.json", std::process::id()));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["a_function_works_in_the_process_that_reads_it", "--exact"])
        .env(CHILD, &out)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let text = serde_json::to_string(&function).unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let there: Vec<u64> = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    std::fs::remove_file(&out).unwrap();
    assert_eq!(there, here.iter().map(|y| y.to_bits()).collect::<Vec<_>>());
}

#[test]
fn damaged_text_is_an_error() {
    let function = Compiled::from_expression(TEXT).unwrap();
    let text = serde_json::to_string(&function).unwrap();
    let damaged = text.replacen("108", "109", 1);
    assert_ne!(damaged, text);
    assert!(serde_json::from_str::<Compiled>(&damaged).is_err());
}
