//! Expressions over files: the same numbers as by name, in memory and by NumPy; and what a wrong one says.

mod common;

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Output, Stdio},
};

use common::*;
use serde_json::Value;

fn eval(folder: &Path, arguments: &[&str]) -> Output {
    lanefn(["eval"]).args(arguments).current_dir(folder).output().expect("the program starts")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_str(&stdout(output)).expect("JSON on standard output")
}

/// Runs it, and expects it to be refused with this code.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str], code: i32) -> String {
    let before = names(folder);
    let output = eval(folder, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
    assert_eq!(names(folder), before, "{arguments:?}");
    stderr(&output)
}

/// Numbers with every kind of special value among them.
fn numbers(n: usize) -> Vec<f64> {
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 5e-324, 2.0];
    (0..n)
        .map(|i| if i % 97 == 5 { special[i / 97 % 7] } else { (i as f64 * 0.37).sin() * 50.0 })
        .collect()
}

#[test]
fn an_expression_gives_the_bytes_of_the_function_that_it_says() {
    let folder = folder();
    let path = folder.path();
    // More than one tile.
    write_f64(&path.join("x.npy"), &numbers(700_001));
    for (function, expression) in [
        ("problem", "x > 2 ? x + 1 : x - 1"),
        ("problem", "where(x > 2, x + 1, x - 1)"),
        ("exp", "exp(x)"),
        ("square", "x ** 2"),
    ] {
        let map = run_in(path, ["map", function, "x.npy", "-o", "map.npy", "--force"]);
        assert!(map.status.success(), "{}", stderr(&map));
        for level in ["scalar", "baseline", "avx2", "avx512"] {
            let arguments = [
                expression,
                "x=x.npy",
                "-o",
                "eval.npy",
                "--force",
                "--threads",
                "2",
                "--level",
                level,
            ];
            let output = eval(path, &arguments);
            if stderr(&output).contains("lacks the level") {
                skipped("an_expression_gives_the_bytes", stderr(&output).trim());
                break;
            }
            assert!(output.status.success(), "{}", stderr(&output));
            let [map, eval] =
                ["map.npy", "eval.npy"].map(|f| fs::read(path.join(f)).expect("there"));
            assert!(map == eval, "{expression} at {level} is not {function}");
        }
    }
}

#[test]
fn names_are_given_in_any_order_and_numbers_are_as_if_written() {
    let folder = folder();
    let path = folder.path();
    write_f64(&path.join("a.npy"), &[1.0, 2.0, 3.0]);
    write_f64(&path.join("b.npy"), &[10.0, 20.0, 30.0]);
    // A file by the name of a constant, and one whose own name is a number.
    fs::copy(path.join("b.npy"), path.join("2")).expect("copied");
    for (arguments, wanted) in [
        (&["b - a", "a=a.npy", "b=b.npy"][..], [9.0, 18.0, 27.0]),
        (&["b - a", "b=b.npy", "a=a.npy"], [9.0, 18.0, 27.0]),
        (&["a, b -> b - a", "b=b.npy", "a=a.npy"], [9.0, 18.0, 27.0]),
        (&["x * k + c", "x=a.npy", "k=2.5", "c=-1"], [1.5, 4.0, 6.5]),
        (&["x * e", "x=a.npy", "e=b.npy"], [10.0, 40.0, 90.0]),
        (&["x + k", "x=a.npy", "k=./2"], [11.0, 22.0, 33.0]),
        (&["-x", "x=a.npy"], [-1.0, -2.0, -3.0]),
        (&["let k = k * 2; x * k", "x=a.npy", "k=3"], [6.0, 12.0, 18.0]),
    ] {
        let mut all = arguments.to_vec();
        all.extend(["-o", "out.npy", "--force"]);
        let output = eval(path, &all);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_eq!(read_f64(&path.join("out.npy")), wanted, "{arguments:?}");
    }
    // A number takes the dtype of what it meets: no file of f64 would.
    fs::write(path.join("f.npy"), npy("<f4", false, "(1,)", &1.5f32.to_le_bytes()))
        .expect("written");
    for (number, dtype) in [("2.5", "float32"), ("2", "float32"), ("./a.npy", "float64")] {
        let given = format!("k={number}");
        let output = eval(path, &["x * k", "x=f.npy", &given, "-o", "o.npy", "--force", "--json"]);
        assert_eq!(json(&output)["outputs"][0]["dtype"], dtype, "{number}");
    }
}

#[test]
fn a_long_expression_is_short_for_people_and_whole_for_programs() {
    let folder = folder();
    let path = folder.path();
    write_f64(&path.join("x.npy"), &[1.0]);
    let long = format!("x{}", " +\n  x".repeat(100));
    let arguments = [&long[..], "x=x.npy", "-o", "y.npy", "--force", "--no-picture"];
    let output = eval(path, &arguments);
    let shown = stdout(&output);
    let first = shown.lines().next().expect("a line");
    assert!(
        first.starts_with("x + x + x") && first.ends_with("...: float64 -> float64"),
        "{first}"
    );
    assert!(first.len() < 100, "{first}");
    let told = json(&eval(path, &[&arguments[..], &["--json"]].concat()));
    assert_eq!(told["function"], long);
    assert_eq!(read_f64(&path.join("y.npy")), [101.0]);
}

#[test]
fn several_outputs_go_to_as_many_files() {
    let folder = folder();
    let path = folder.path();
    write_f64(&path.join("x.npy"), &[7.0, 8.0, 9.0]);
    let expression = "let q, r = divmod(x, 4); q, r";
    let output = eval(path, &[expression, "x=x.npy", "-o", "q.npy", "-o", "r.npy"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(read_f64(&path.join("q.npy")), [1.0, 2.0, 2.0]);
    assert_eq!(read_f64(&path.join("r.npy")), [3.0, 0.0, 1.0]);
    let told = refused(path, &[expression, "x=x.npy", "-o", "p.npy"], 2);
    assert!(told.contains("gives 2 outputs, but -o 1 was given"), "{told}");
    let told = refused(path, &[expression, "x=x.npy", "-o", "p.npy", "-o", "./p.npy"], 2);
    assert!(told.contains("same file"), "{told}");
}

#[test]
fn what_has_no_axes_is_printed_so_that_it_reads_back_to_the_bit() {
    let folder = folder();
    let path = folder.path();
    write_f64(&path.join("x.npy"), &[0.1, 0.2, 0.3]);
    let scalar = npy("<f8", false, "()", &4.0f64.to_le_bytes());
    fs::write(path.join("s.npy"), scalar).expect("written");
    for (arguments, wanted) in [
        (&["sum(x)", "x=x.npy"][..], "0.6000000000000001\n"),
        (&["max(x * 10)", "x=x.npy"], "3.0\n"),
        (&["min(float32(x))", "x=x.npy"], "0.1\n"),
        (&["any(x > 0.25)", "x=x.npy"], "True\n"),
        (&["all(x > 0.25)", "x=x.npy"], "False\n"),
        (&["sum(x > 0.15)", "x=x.npy"], "2\n"),
        (&["prod(x * nan)", "x=x.npy"], "nan\n"),
        (&["sum(-x / 0)", "x=x.npy"], "-inf\n"),
        (&["sqrt(s)", "s=s.npy"], "2.0\n"),
        (&["2 ** 10"], "1024\n"),
        (&["k * 2", "k=21"], "42\n"),
        (&["divmod(7, 2)"], "3\n1\n"),
        (&["uint64(18446744073709551615)"], "18446744073709551615\n"),
    ] {
        let output = eval(path, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), wanted, "{arguments:?}");
        assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    }
    let told = json(&eval(path, &["mean(x > 0.15)", "x=x.npy", "--json"]));
    assert_eq!((&told["reduction"], &told["elements"]), (&"mean".into(), &3.into()));
    assert_eq!(told["results"], serde_json::json!([{ "value": 2.0 / 3.0, "dtype": "float64" }]));
    let told = json(&eval(path, &["0.0 / 0.0, 5, True", "--json"]));
    let values: Vec<&Value> = (0..3).map(|i| &told["results"][i]["value"]).collect();
    assert_eq!(values, [&Value::from("nan"), &5.into(), &true.into()]);

    // With a file to write, it is written.
    let output = eval(path, &["sum(x)", "x=x.npy", "-o", "sum.npy"]);
    assert!(stdout(&output).contains("sum(x): float64 -> float64"), "{}", stdout(&output));
    assert_eq!(read_f64(&path.join("sum.npy")), [0.6000000000000001]);
    let output = eval(path, &["sqrt(s), 7.0", "s=s.npy", "-o", "a.npy", "-o", "b.npy"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        (read_f64(&path.join("a.npy")), read_f64(&path.join("b.npy"))),
        (vec![2.0], vec![7.0])
    );
    let told = refused(path, &["sum(x)", "x=x.npy", "-o", "sum.npy"], 1);
    assert!(told.contains("exists already"), "{told}");
    // That is told before anything is computed.
    write_f64(&path.join("empty.npy"), &[]);
    let told = refused(path, &["max(x)", "x=empty.npy", "-o", "sum.npy"], 1);
    assert!(told.contains("exists already"), "{told}");
    let told = refused(path, &["max(x)", "x=empty.npy", "-o", "a", "-o", "b"], 2);
    assert!(told.contains("max(x) gives 1 output, but -o 2 were given"), "{told}");
}

#[test]
fn a_wrong_expression_is_shown_with_its_place_and_what_there_is() {
    let folder = folder();
    let path = folder.path();
    write_f64(&path.join("x.npy"), &[1.0]);
    write_f64(&path.join("y.npy"), &[1.0]);
    let out = ["-o", "out.npy"];
    for (arguments, says) in [
        (&["x + sni(x)", "x=x.npy"][..], &["`sin`", "1 | x + sni(x)\n", "  |     ^^^\n"][..]),
        (&["x +\n (x", "x=x.npy"], &["line 2", "2 |  (x\n  |    ^"]),
        // Numbers that are given do not move the place.
        (&["k * x $ 2", "x=x.npy", "k=2.5"], &["column 7", "1 | k * x $ 2\n  |       ^"]),
        (
            &["x + z", "x=x.npy", "k=2"],
            &["there is no input or name `z`", "^", "z=FILE.npy", ": x, k"],
        ),
        (&["zz"], &["zz=FILE.npy", "given so far: nothing"]),
        (&["x", "x=x.npy", "y=y.npy", "k=1"], &["does not use y, k; its names are: x"]),
        (&["1 + 1", "y=y.npy"], &["does not use y; its names are: none"]),
        (&["x", "x=x.npy", "x=y.npy"], &["x is given twice"]),
        (&["x", "x.npy"], &["\"x.npy\" is given without a name: write NAME=FILE.npy"]),
        (&["x", "x="], &["without a file or number"]),
        (&["x", "x y=x.npy"], &["can't be a name"]),
        (&["x", "2=x.npy"], &["can't be a name"]),
        (&["sum(x) + 1", "x=x.npy"], &["`sum` goes over all elements", "^^^"]),
        (&["x", "x=x.npy", "--level", "mmx"], &["scalar, baseline, avx2"]),
        (&["a+b+c+d+f+g+h+i+j", "a=1"], &["b=FILE.npy"]),
    ] {
        let told = refused(path, &[arguments, &out].concat(), 2);
        for part in says {
            assert!(told.contains(part), "{arguments:?}: {part:?} is missing in:\n{told}");
        }
    }
    let told = refused(path, &["x + 1", "x=x.npy"], 2);
    assert!(told.contains("-o OUT.npy") && told.contains("mean"), "{told}");
    // Nine inputs are more than a function can have.
    let files: Vec<String> = (0..9).map(|i| format!("v{i}=x.npy")).collect();
    let sum = (0..9).map(|i| format!("v{i}")).collect::<Vec<_>>().join(" + ");
    let arguments: Vec<&str> = [&sum[..]].into_iter().chain(files.iter().map(|f| &f[..])).collect();
    let told = refused(path, &[&arguments[..], &out].concat(), 2);
    assert!(told.contains("9 inputs"), "{told}");
    // What the dtypes don't allow, and what is wrong with files.
    for (arguments, says) in [
        (&["x & 1", "x=x.npy"][..], "bitwise_and has no loop for (float64"),
        (&["x", "x=none.npy"], "none.npy: can't be opened"),
        (&["max(x)", "x=empty.npy"], "maximum has no identity"),
    ] {
        write_f64(&path.join("empty.npy"), &[]);
        let told = refused(path, &[arguments, &out].concat(), 1);
        assert!(told.contains(says), "{arguments:?}: {told}");
    }
    let told = refused(path, &["x + sni(x)", "x=x.npy", "--json"], 2);
    let error: Value = serde_json::from_str(&told).expect("JSON on standard error");
    assert_eq!(error["error"]["kind"], "expression");
    assert_eq!(error["error"]["offset"], 4);
    let told = refused(path, &["x & 1", "x=x.npy", "--json", "-o", "o.npy"], 1);
    let error: Value = serde_json::from_str(&told).expect("JSON on standard error");
    assert_eq!(error["error"]["kind"], "dtype");
}

#[test]
fn in_place_a_file_changes_only_as_a_whole() {
    let folder = folder();
    let path = folder.path();
    write_f64(&path.join("x.npy"), &[1.0, 5.0]);
    let before = fs::read(path.join("x.npy")).expect("there");
    let told = refused(path, &["x * 2", "x=x.npy", "-o", "x.npy"], 1);
    assert!(told.contains("x.npy: exists already; --force"), "{told}");
    refused(path, &["x & 2", "x=x.npy", "-o", "x.npy", "--force"], 1);
    assert_eq!(fs::read(path.join("x.npy")).expect("there"), before);
    let output = eval(path, &["x * 2", "x=x.npy", "-o", "x.npy", "--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(read_f64(&path.join("x.npy")), [2.0, 10.0]);
    assert_eq!(names(path), ["x.npy"]);
}

/// Feeds lines to standard input.
fn eval_lines(folder: &Path, arguments: &[&str], lines: &str) -> Output {
    let mut command = lanefn(["eval", "-"]);
    command.args(arguments).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(lines.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

#[test]
fn each_line_of_standard_input_is_answered() {
    let folder = folder();
    let path = folder.path();
    write_f64(&path.join("x.npy"), &[1.0, 2.0, 6.0]);
    fs::write(path.join("i.npy"), npy("<i2", false, "(0, 3)", &[])).expect("written");
    let given = ["x=x.npy", "i=i.npy", "k=2"];
    let lines = "sum(x)\n\n# nothing\nx * k\n x > 1.5 \ni + 1\n2 ** 10; divmod(7, k)\n2 ** 10\ndivmod(7, k)";
    let output = eval_lines(path, &given, lines);
    assert_eq!(
        stdout(&output),
        "9.0\n\
         float64 (3,)  min 2.0  mean 6.0  max 12.0\n\
         bool (3,)  min False  mean 0.6666666666666666  max True\n\
         int16 (0, 3)\n\
         1024\n\
         3, 1\n"
    );
    // A line that is wrong does not stop the next one, and is not forgotten.
    assert!(stderr(&output).contains("gives nothing"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));

    let output =
        eval_lines(path, &[&given[..], &["--json"]].concat(), "x + k\nmax(x)\nx +\nx & 1\n");
    let lines: Vec<Value> =
        stdout(&output).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let array = serde_json::json!({
        "expression": "x + k", "dtype": "float64", "shape": [3], "min": 3.0, "mean": 5.0, "max": 8.0,
    });
    assert_eq!(lines[0], array);
    assert_eq!(lines[1]["results"][0]["value"], 6.0);
    assert_eq!(lines[2]["error"]["offset"], 3);
    assert_eq!(lines[3]["expression"], "x & 1");
    assert_eq!((lines.len(), output.status.code()), (4, Some(1)));
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));

    let output = eval_lines(path, &given, "");
    assert_eq!((output.status.code(), &stdout(&output)[..]), (Some(0), ""));
    let told = refused(path, &["-", "x=x.npy", "-o", "y.npy"], 2);
    assert!(told.contains("have no -o"), "{told}");
}

#[test]
fn numpy_computes_the_same_values_of_everything() {
    judged_by_numpy(
        "numpy_computes_the_same_values_of_everything",
        r#"
import json, re, subprocess, sys
import numpy as np
lanefn = sys.argv[1]
rng = np.random.default_rng(5)
def eval(expression, out=None):
    given = [f"{name}={name}.npy" for name in "xyb" if re.search(rf"\b{name}\b", expression)]
    command = [lanefn, "eval", expression, *given, "--json"]
    if out:
        command += ["-o", out, "--force"]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return told["results"][0]["value"], told["results"][0]["dtype"]
cases = 0
for dtype in "?", "i1", "u2", "i4", "i8", "u8", "f4", "f8":
    for order, layout, shape in [("<", "C", (1000,)), (">", "C", (37, 91)), ("<", "F", (37, 91)), (">", "F", (3, 4, 5)),
                                 ("<", "C", ()), ("<", "C", (200_003,)), ("<", "C", (3, 0))]:
        x = np.array(rng.integers(0, 90, shape) - (30 if dtype[0] in "if" else 0), dtype=np.dtype(dtype).newbyteorder(order), order=layout)
        np.save("x.npy", x)
        native = np.ascontiguousarray(x.astype(x.dtype.newbyteorder("=")))
        for name in "sum", "prod", "max", "min", "mean", "any", "all":
            # NumPy multiplies floats in another order, and overflows elsewhere.
            if x.size == 0 and name in ("max", "min", "mean") or name == "prod" and dtype[0] == "f":
                continue
            # In one row, as the order that is promised is.
            with np.errstate(all="ignore"):
                wanted = getattr(np, name)(native.reshape(-1))
            value, kind = eval(f"{name}(x)", "r.npy")
            assert kind == wanted.dtype.name, (name, dtype, kind, wanted.dtype)
            r = np.load("r.npy")
            assert r.dtype == wanted.dtype and r.shape == ()
            np.testing.assert_array_equal(r, wanted, err_msg=f"{name} of {dtype} {order}{layout}{shape}")
            if dtype != "f4":
                assert value == wanted.item() or np.isinf(wanted) or np.isnan(wanted), (name, value, wanted)
            cases += 1
x = rng.uniform(0.9, 1.1, 5000)
np.save("x.npy", x)
np.testing.assert_allclose(eval("prod(x)")[0], np.prod(x), rtol=1e-12)
# Of an expression, with inputs that broadcast: the sum of what would have been written.
x, y = rng.normal(size=(300, 1)), rng.normal(size=(700,)).astype("f4")
np.save("x.npy", x); np.save("y.npy", y)
for name in "sum", "max", "min", "mean":
    value, _ = eval(f"{name}(where(x > y, x * y, y - x))")
    whole = np.where(x > y, x * y, y - x).reshape(-1)
    assert value == getattr(np, name)(whole), (name, value)
# Any byte but 0 is a true bool.
head = open("x.npy", "rb").read()
np.save("b.npy", np.zeros(4, bool))
raw = open("b.npy", "rb").read()
open("b.npy", "wb").write(raw[:-4] + bytes([0, 1, 2, 255]))
assert eval("sum(b)")[0] == 3 and eval("sum(int8(b))")[0] == 3 and eval("all(b)")[0] is False and eval("sum(b + b)")[0] == 3
print(cases, "values")
"#,
    );
}

#[test]
fn numpy_computes_the_same_arrays() {
    judged_by_numpy(
        "numpy_computes_the_same_arrays",
        r#"
import re, subprocess, sys
import numpy as np
lanefn = sys.argv[1]
rng = np.random.default_rng(6)
x = rng.normal(size=(130, 1, 40)) * 3
i = np.asfortranarray(rng.integers(-100, 100, (90, 40)).astype(">i2"))
np.save("x.npy", x); np.save("i.npy", i)
for expression, wanted in [
    ("where(x > i, x + i, i - x)", np.where(x > i, x + i, i - x)),
    ("x * 2.5 if 0 < x < 1 else i", np.where((0 < x) & (x < 1), x * 2.5, i)),
    ("(i * 3) ^ (i >> 2)", (i * 3) ^ (i >> 2)),
    ("i // 7 + i % 7", i // 7 + i % 7),
    ("i / 4", i / 4),
    ("int8(i)", i.astype("i1")),
    ("not (i > 0 or i < -50)", ~((i > 0) | (i < -50))),
    ("sqrt(abs(x)) * k", np.sqrt(np.abs(x)) * 2),
    ("[10, 20, 30][i & 1]", np.array([10, 20, 30])[i & 1]),
]:
    given = [f"{n}={n}.npy" for n in "xi" if re.search(rf"\b{n}\b", expression)]
    given += ["k=2"] if re.search(r"\bk\b", expression) else []
    subprocess.run([lanefn, "eval", expression, *given, "-o", "y.npy", "--force"], check=True, stdout=subprocess.DEVNULL)
    y = np.load("y.npy")
    assert y.dtype == wanted.dtype.newbyteorder("="), (expression, y.dtype, wanted.dtype)
    np.testing.assert_array_equal(y, wanted, err_msg=expression)
"#,
    );
}

#[test]
#[expect(clippy::zombie_processes, reason = "wait4 waits for it, and tells what it used")]
fn files_larger_than_the_memory_allowed_are_streamed_and_reduced() {
    let folder = folder();
    let bytes = 256u64 << 20;
    write_zeros(&folder.path().join("x.npy"), "|i1", 1, bytes);
    let mut command =
        lanefn(["eval", "x > 0 ? x : x - k", "x=x.npy", "k=1", "-o", "y.npy", "--json"]);
    command.current_dir(folder.path()).stdout(std::process::Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let (mut status, mut used) = (0, 0);
    // SAFETY: both pointers are to live values, and the child is ours and not waited for yet.
    let waited = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let waited = libc::wait4(child.id() as i32, &mut status, 0, &mut usage);
        used += usage.ru_maxrss as u64 * 1024;
        waited
    };
    assert_eq!((waited, status), (child.id() as i32, 0));
    assert!(used < bytes / 2, "{} MiB of memory for a file of 256 MiB", used >> 20);
    // What is mapped can be taken away at any time, so a reduction needs little of its own: here no more
    // than 64 MiB may be written to.
    let script = "ulimit -d 65536; exec \"$0\" eval 'sum(x * 2 - 1)' x=y.npy";
    let output = std::process::Command::new("sh")
        .args(["-c", script, LANEFN])
        .current_dir(folder.path())
        .output()
        .expect("a shell starts");
    assert_eq!(stdout(&output), format!("{}\n", -3 * bytes as i64), "{}", stderr(&output));
}

#[test]
fn a_kill_loses_nothing_and_says_so() {
    let folder = folder();
    let eval = ["eval", "mandelbrot(re, im)", "re=re.npy", "im=im.npy", "-o", "out.npy", "--json"];
    let child = long_run_of(folder.path(), 1 << 25, &eval);
    wait_for(|| names(folder.path()).iter().any(|name| name.ends_with(".tmp")));
    // SAFETY: a signal to a child of our own.
    unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(143), "{:?} {}", output.status, stderr(&output));
    assert!(stderr(&output).contains("no output was made or changed"), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["im.npy", "re.npy"]);
}

#[test]
fn a_file_cut_short_while_it_is_reduced_is_an_error_that_names_the_byte() {
    let folder = folder();
    let eval = ["eval", "sum(mandelbrot(re, im))", "re=re.npy", "im=im.npy", "--json"];
    let child = long_run_of(folder.path(), 1 << 21, &eval);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let input = folder.path().join("re.npy");
    let file = fs::File::options().write(true).open(&input).expect("opened");
    file.set_len(4096).expect("a file can be cut");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{:?} {}", output.status, stderr(&output));
    let error: Value = serde_json::from_str(&stderr(&output)).expect("JSON");
    assert_eq!(error["error"]["path"], "re.npy", "{error}");
    assert_eq!(error["error"]["offset"], 4096, "{error}");
    assert!(output.stdout.is_empty());
}
