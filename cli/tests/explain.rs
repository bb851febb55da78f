//! What `lanefn explain` says about an expression is so.

mod common;

use std::{fs, process::Output};

use common::*;
use lanefn::{Compiled, Level};
use serde_json::Value;

fn explain(arguments: &[&str]) -> Output {
    lanefn(["explain"]).args(arguments).output().expect("the program starts")
}

fn told(arguments: &[&str]) -> Value {
    let output = explain(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    serde_json::from_str(&stdout(&output)).expect("JSON on standard output")
}

fn shown(arguments: &[&str]) -> String {
    let output = explain(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn the_graph_is_shown_as_written_and_for_the_dtypes() {
    let text = shown(&["where(x > 2, x + 1, x - 1)"]);
    for part in [
        "where(x > 2, x + 1, x - 1): float64 -> float64\n",
        "as written: 4 operations\n  %0 = input x\n",
        "for these dtypes, rewritten: 3 operations\n  %0: float64 = input x\n",
        "level: ",
        "8 bytes read, 8 written, 3 operations",
        "bound by memory",
        "GB/s",
        "hash ",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    let (short, full) = (shown(&["sin(x)"]), shown(&["sin(x)", "--full"]));
    assert!(
        short.contains("operations; --full shows them") && short.lines().count() < 30,
        "{short}"
    );
    assert!(full.lines().count() > 60 && full.contains(" mul "), "{full}");
    // A division by a power of two is none, and what nobody needs is not shown.
    let graph = told(&["let unused = exp(x); x / 4"])["graph"].to_string();
    assert!(
        graph.contains("divide") && graph.contains("mul ") && graph.contains("0.25"),
        "{graph}"
    );
    assert!(!graph.contains("exp") && !graph.contains("int64"), "{graph}");
}

#[test]
fn dtypes_are_those_asked_for_or_those_of_files() {
    let folder = folder();
    let file = folder.path().join("v.npy");
    fs::write(&file, npy(">i2", false, "(0,)", &[])).expect("written");
    let file = format!("v={}", file.display());
    for (arguments, inputs, outputs) in [
        (&["x + y"][..], &["float64", "float64"][..], "float64"),
        (&["x + y", "--dtype", "y=int8"], &["float64", "int8"], "float64"),
        (&["x + y", "--dtype", "y=int8", "--dtype", "x=float32"], &["float32", "int8"], "float32"),
        (&["v * 2", &file], &["int16"], "int16"),
        (&["x * k", "--dtype", "x=float32", "k=2.5"], &["float32"], "float32"),
        (&["x < 1", "--dtype", "x=uint8"], &["uint8"], "bool"),
        (&["2 ** 10"], &[], "int64"),
    ] {
        let told = told(arguments);
        let dtypes: Vec<&str> = (told["inputs"].as_array().expect("an array").iter())
            .map(|i| i["dtype"].as_str().expect("a name"))
            .collect();
        assert_eq!(dtypes, inputs, "{arguments:?}");
        assert_eq!(told["outputs"], serde_json::json!([outputs]), "{arguments:?}");
    }
    for (arguments, code, says) in [
        (&["x", "--dtype", "x=float16"][..], 2, "float32, float64"),
        (&["x", "--dtype", "float32"], 2, "is not NAME=DTYPE"),
        (&["x", "--dtype", "y=float32"], 2, "has no input \"y\"; it has x"),
        (&["x", "--dtype", "x=int8", "--dtype", "x=int8"], 2, "given twice"),
        (&["v", &file, "--dtype", "v=int8"], 2, "given twice"),
        (&["x", "k=2"], 2, "does not use k"),
        (&["x", &file], 2, "does not use v"),
        (&["x +"], 2, "  |    ^"),
        (&["x & 1"], 1, "bitwise_and has no loop"),
        (&["x", "x=none.npy"], 1, "can't be opened"),
    ] {
        let output = explain(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn the_content_is_that_of_the_function() {
    let told = told(&["x > 2 ? x + 1 : x - 1"]);
    let function = Compiled::from_expression("x > 2 ? x + 1 : x - 1").expect("an expression");
    let hash: String = function.content_hash().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(told["content"]["hash"], hash);
    assert_eq!(told["content"]["bytes"], function.to_bytes().len());
}

#[test]
fn what_an_element_costs_is_counted() {
    let element = |arguments: &[&str]| {
        let element = told(arguments)["element"].take();
        let count = |key: &str| element[key].as_u64().expect("a count");
        let bound = element["bound_by"].as_str().expect("a word").to_owned();
        (count("bytes_read"), count("bytes_written"), count("operations"), bound)
    };
    assert_eq!(element(&["x + 1"]), (8, 8, 1, "memory".into()));
    let mixed = ["x * y + x", "--dtype", "x=float32", "--dtype", "y=float32"];
    assert_eq!(element(&mixed), (8, 4, 2, "memory".into()));
    assert_eq!(element(&["x + 1, x * 3"]), (8, 16, 2, "memory".into()));
    // An input that is not needed is not read, and a reduction writes nothing.
    assert_eq!(element(&["x, y -> x + 1"]), (8, 8, 1, "memory".into()));
    assert_eq!(element(&["sum(x * x)"]), (8, 0, 2, "memory".into()));
    let (.., operations, bound) = element(&["sin(x) + pow(x, 1.5)"]);
    assert!(operations > 30 && bound == "arithmetic", "{operations} {bound}");
    let told = told(&["mean(x > 1)", "--dtype", "x=uint8"]);
    assert_eq!((&told["reduction"], &told["result"]), (&"mean".into(), &"float64".into()));
}

#[test]
fn it_runs_as_machine_code_where_there_is_any_and_else_by_the_interpreter() {
    let scalar = told(&["x + 1", "--level", "scalar"]);
    assert_eq!((&scalar["runs_as"], &scalar["lanes"]), (&"interpreter".into(), &1.into()));
    assert_eq!(scalar["interpreter"]["steps"], 1);
    let text = shown(&["x + 1", "--level", "scalar", "--asm"]);
    assert!(text.contains("run by the interpreter: 1 step over blocks of"), "{text}");
    assert!(text.contains("no instructions: there is no machine code"), "{text}");

    if Level::Avx2.is_present() && cfg!(target_os = "linux") {
        let told = told(&["x + 1", "--level", "avx2", "--asm"]);
        assert_eq!(told["runs_as"], "machine code");
        assert_eq!(told["machine_code"]["level"], "avx2");
        let instructions = told["machine_code"]["instructions"].as_array().expect("a list");
        let has =
            |what: &str| instructions.iter().any(|i| i.as_str().is_some_and(|i| i.contains(what)));
        assert!(has("vaddpd") && has("ret") && !has("(bad)"), "{instructions:?}");
        let text = shown(&["x + 1", "--level", "avx2", "--asm"]);
        assert!(
            text.contains("run as machine code for avx2: ") && text.contains("vaddpd"),
            "{text}"
        );
    } else {
        skipped("it_runs_as_machine_code", "no AVX2 here");
    }
    if Level::Avx512.is_present() && cfg!(target_os = "linux") {
        let told = told(&["x + 1", "--asm"]);
        assert_eq!(told["machine_code"]["level"], "avx512");
        let instructions = told["machine_code"]["instructions"].to_string();
        assert!(instructions.contains("zmm") && !instructions.contains("(bad)"), "{instructions}");
    } else {
        skipped("it_runs_as_machine_code, for avx512", "no AVX-512 here");
    }
}

/// The call that executable memory begins with is refused in this command.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn refuse_machine_code(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    let statement = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut filter = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, libc::SYS_memfd_create as u32),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    // SAFETY: prctl is a system call, and may be made between fork and exec; the filter is the closure's.
    unsafe {
        command.pre_exec(move || {
            let program =
                libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
            let done = libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program)
                    == 0;
            if done { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        });
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn where_the_system_refuses_machine_code_the_same_bytes_come_out() {
    let test = "where_the_system_refuses_machine_code_the_same_bytes_come_out";
    if !Level::Avx2.is_present() {
        return skipped(test, "no AVX2 here");
    }
    let folder = folder();
    let x: Vec<f64> = (0..10_007).map(|i| f64::from(i).sin() * 20.0).collect();
    write_f64(&folder.path().join("x.npy"), &x);
    let refused = |arguments: &[&str]| {
        let mut command = lanefn(arguments);
        refuse_machine_code(&mut command);
        command.current_dir(folder.path()).output()
    };
    let told = match refused(&["info"]) {
        Ok(output) => stdout(&output),
        Err(why) => return skipped(test, &format!("nothing can be refused here: {why}")),
    };
    assert!(
        told.contains("run by the interpreter: the system refuses executable memory"),
        "{told}"
    );
    let told = stdout(&refused(&["explain", "x + 1", "--asm"]).expect("it starts"));
    assert!(told.contains("run by the interpreter: 1 step"), "{told}");
    assert!(told.contains("no instructions: the system refuses executable memory"), "{told}");

    let expression = "where(x > 2, exp(-x * x) * x + x / 3, sin(x))";
    for (out, refusing) in [("native.npy", false), ("interpreted.npy", true)] {
        let arguments = ["eval", expression, "x=x.npy", "-o", out];
        let output = match refusing {
            true => refused(&arguments).expect("it starts"),
            false => run_in(folder.path(), arguments),
        };
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let [native, interpreted] =
        ["native.npy", "interpreted.npy"].map(|f| fs::read(folder.path().join(f)).expect("there"));
    assert!(native == interpreted, "the interpreter gave other bytes");
}

#[test]
fn tables_and_loops_are_shown() {
    let text = shown(&["[1, 2.5, 3][i] * x", "--dtype", "i=uint8"]);
    assert!(text.contains("table0: 3 of float: 1.0, 2.5, 3.0\n"), "{text}");
    assert!(text.contains("table0: 3 of float64: 1.0, 2.5, 3.0\n"), "{text}");
    let text = shown(&["mandelbrot(x, y)", "--full"]);
    assert!(text.contains("loop0 while %") && text.contains("depends on the data"), "{text}");
}
