//! What the commands print, for people and for programs.

mod common;

use std::{
    fs::{self, File},
    io::Read,
    os::fd::FromRawFd,
    path::Path,
    process::{Output, Stdio},
};

use common::*;
use lanefn::kernels::problem;
use serde_json::Value;

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_str(&stdout(output)).expect("JSON on standard output")
}

/// The names of an object's keys.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        value.as_object().expect("an object").keys().map(|k| &k[..]).collect();
    keys.sort();
    keys
}

#[test]
fn the_readme_command_shows_what_came_out() {
    let folder = folder();
    let wind = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/wind.npy");
    let wind = wind.to_str().expect("a path in UTF-8");
    let output = run_in(folder.path(), ["map", "wind_power", wind, "-o", "power.npy"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&output);
    for part in [
        "wind_power: float64 -> float64",
        "(1461,)",
        "level ",
        "1 461 elements in ",
        "elements/s",
        "B/s",
        "before: ",
        "after: power.npy",
    ] {
        assert!(shown.contains(part), "{part:?} is missing in:\n{shown}");
    }
    assert!(shown.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "no picture:\n{shown}");
    assert!(stderr(&output).is_empty());
    let (before, after) = (read_f64(Path::new(wind)), read_f64(&folder.path().join("power.npy")));
    assert_eq!(after.len(), 1461);
    for (v, p) in before.iter().zip(&after) {
        assert_eq!(*v > 3.5, *p > 0.0, "{v} m/s gave {p} kW");
        assert!((0.0..=2000.0).contains(p));
    }
    let plain = run_in(folder.path(), ["map", "wind_power", wind, "-o", "2.npy", "--no-picture"]);
    assert!(!stdout(&plain).contains("before"));
}

#[test]
fn the_photograph_goes_to_linear_light_and_back() {
    let folder = folder();
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/photo.npy");
    let name = photo.to_str().expect("a path in UTF-8");
    for arguments in [
        ["map", "srgb_to_linear", name, "-o", "linear.npy"],
        ["map", "linear_to_srgb", "linear.npy", "-o", "back.npy"],
    ] {
        let output = run_in(folder.path(), arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stdout(&output).contains("(192, 192, 3)"), "{}", stdout(&output));
    }
    let [photo, linear, back] =
        [photo, folder.path().join("linear.npy"), folder.path().join("back.npy")]
            .map(|path| read_f32(&path));
    assert_eq!(photo.len(), 192 * 192 * 3);
    for ((x, y), z) in photo.iter().zip(&linear).zip(&back) {
        assert_eq!(y.to_bits(), problem::srgb_to_linear(*x).to_bits(), "{x}");
        assert!((z - x).abs() < 1e-7, "{x} came back as {z}");
    }
    // Most of a photograph is darker in linear light.
    assert!(photo.iter().zip(&linear).all(|(x, y)| y <= x));
}

#[test]
fn map_tells_programs_the_same_in_json() {
    let folder = folder();
    write_f64(&folder.path().join("x.npy"), &[1.0, 3.0, 9.0]);
    let output = run_in(
        folder.path(),
        ["map", "problem", "x.npy", "-o", "y.npy", "--json", "--threads", "1"],
    );
    let told = json(&output);
    assert_eq!(
        keys(&told),
        [
            "bytes_per_second",
            "compute_seconds",
            "elements",
            "elements_per_second",
            "function",
            "inputs",
            "level",
            "outputs",
            "seconds",
            "threads"
        ]
    );
    assert_eq!(told["elements"], 3);
    assert_eq!(told["threads"], 1);
    assert_eq!(told["outputs"][0]["path"], "y.npy");
    assert_eq!(told["outputs"][0]["shape"], serde_json::json!([3]));
    assert_eq!(told["outputs"][0]["dtype"], "float64");
    assert_eq!(told["outputs"][0]["bytes"], 24);
    assert_eq!(
        keys(&told["inputs"][0]),
        ["bytes", "descr", "dtype", "name", "order", "path", "shape", "version"]
    );
    // A failure is an object too, on the other stream.
    let output = run_in(folder.path(), ["map", "problem", "x.npy", "-o", "y.npy", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error: Value = serde_json::from_str(&stderr(&output)).expect("JSON on standard error");
    assert_eq!(keys(&error["error"]), ["exit_code", "kind", "message", "offset", "path"]);
    assert_eq!(error["error"]["kind"], "file");
    assert_eq!(error["error"]["path"], "y.npy");
}

#[test]
fn list_names_every_function_with_its_arguments_and_dtypes() {
    let folder = folder();
    let told = json(&run_in(folder.path(), ["list", "--json"]));
    let functions = told["functions"].as_array().expect("an array");
    let text = stdout(&run_in(folder.path(), ["list"]));
    assert_eq!(functions.len(), lanefn::catalogue().len());
    for (function, known) in functions.iter().zip(lanefn::catalogue()) {
        assert_eq!(function["name"], known.name);
        assert_eq!(keys(function), ["aliases", "arguments", "doc", "name", "signatures"]);
        assert!(!function["doc"].as_str().expect("a string").is_empty(), "{}", known.name);
        let arguments = function["arguments"].as_array().expect("an array").len();
        let signatures = function["signatures"].as_array().expect("an array");
        assert_eq!(signatures.len(), known.loops.len());
        for (signature, known) in signatures.iter().zip(known.loops) {
            assert_eq!(signature["inputs"].as_array().expect("an array").len(), arguments);
            assert_eq!(signature["ulp"].as_f64(), known.bound);
        }
        assert!(text.contains(&format!("{}(", known.name)), "{text}");
    }
    let one = stdout(&run_in(folder.path(), ["list", "exp"]));
    assert!(one.contains("exp(x)") && one.contains("within 0.8 ULP"), "{one}");
    assert!(!one.contains("exp2"), "{one}");
    let other = stdout(&run_in(folder.path(), ["list", "arcsin"]));
    assert!(other.contains("asin(x)") && other.contains("also arcsin"), "{other}");
    let wrong = run_in(folder.path(), ["list", "exq"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("did you mean exp"), "{}", stderr(&wrong));
    assert!(text.contains("float64, float64 -> uint32"), "{text}");
    assert!(text.contains("int8, int16, int32, int64, uint8"), "{text}");
}

#[test]
fn info_says_which_level_was_chosen_and_why() {
    let folder = folder();
    let told = json(&run_in(folder.path(), ["info", "--json"]));
    assert_eq!(
        keys(&told),
        ["caches", "cpu", "lanes", "level", "machine_code", "memory", "threads", "version"]
    );
    let present = told["level"]["present"].as_array().expect("an array");
    assert_eq!(told["level"]["chosen"], *present.last().expect("some level"));
    assert_eq!(told["level"]["forced"], false);
    assert!(told["threads"]["count"].as_u64().expect("a number") >= 1);
    assert!(told["memory"]["limit"].as_u64().expect("a number") > 0);

    let forced = lanefn(["info", "--json"]).env("LANEFN_LEVEL", "scalar").output().expect("starts");
    let forced = json(&forced);
    assert_eq!(forced["level"]["chosen"], "scalar");
    assert_eq!(forced["level"]["why"], "LANEFN_LEVEL=scalar");
    assert_eq!(forced["lanes"]["float64"], 1);

    let threads = lanefn(["info", "--json"]).env("LANEFN_NUM_THREADS", "3").output();
    let threads = json(&threads.expect("starts"));
    assert_eq!(threads["threads"]["count"], 3);
    assert_eq!(threads["threads"]["source"], "LANEFN_NUM_THREADS=3");

    assert_eq!(forced["machine_code"]["made"], false);
    let why = forced["machine_code"]["why_not"].as_str().expect("a reason");
    assert!(why.contains("level scalar"), "{why}");

    let wrong = lanefn(["info"]).env("LANEFN_LEVEL", "avx9").output().expect("starts");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("this CPU has scalar, baseline"), "{}", stderr(&wrong));

    let text = stdout(&run_in(folder.path(), ["info"]));
    for part in ["level", "lanes", "code", "threads", "memory", "caches"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_wrong_command_line_is_told_with_what_would_be_right() {
    let folder = folder();
    write_f64(&folder.path().join("x.npy"), &[1.0]);
    for (arguments, says) in [
        (&["map", "wind_pwoer", "x.npy", "-o", "y.npy"][..], "did you mean wind_power"),
        (&["map", "zzz", "x.npy", "-o", "y.npy"], "lanefn list"),
        (
            &["map", "mandelbrot", "x.npy", "-o", "y.npy"],
            "takes 2 inputs (re, im), but 1 was given",
        ),
        (&["map", "problem", "x.npy", "x.npy", "-o", "y.npy"], "takes 1 input (arg), but 2 were"),
        (&["map", "problem", "x.npy", "-o", "y.npy", "-o", "z.npy"], "gives 1 output, but -o 2"),
        (&["map", "problem", "x.npy"], "--output"),
        (&["map", "problem", "x.npy", "-o", "y.npy", "--level", "mmx"], "scalar, baseline, avx2"),
        (&["map", "problem", "x.npy", "-o", "y.npy", "--threads", "0"], "--threads"),
    ] {
        let output = run_in(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
        assert_eq!(names(folder.path()), ["x.npy"], "{arguments:?}");
    }
}

#[test]
fn pictures_of_any_array_are_drawn_without_trouble() {
    let folder = folder();
    let numbers = |n: usize| -> Vec<u8> { (0..n).flat_map(|i| (i as f64).to_le_bytes()).collect() };
    let odd: Vec<u8> = [f64::NAN, f64::MAX, f64::MIN, f64::INFINITY, 1e-300]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let nan: Vec<u8> = [f64::NAN; 6].iter().flat_map(|x| x.to_le_bytes()).collect();
    for (fortran, shape, data) in [
        (false, "()", numbers(1)),
        (false, "(0,)", numbers(0)),
        (false, "(1, 1)", numbers(1)),
        (false, "(2,)", numbers(2)),
        (false, "(50, 70)", numbers(3500)),
        (true, "(3, 500)", numbers(1500)),
        (true, "(500, 3)", numbers(1500)),
        (false, "(2, 3, 4)", numbers(24)),
        (false, "(5,)", odd),
        (false, "(6,)", nan.clone()),
        (false, "(2, 3)", nan),
    ] {
        fs::write(folder.path().join("x.npy"), npy("<f8", fortran, shape, &data)).expect("written");
        let output = run_in(folder.path(), ["map", "problem", "x.npy", "-o", "y.npy", "--force"]);
        assert!(output.status.success(), "{shape}: {}", stderr(&output));
        assert!(stderr(&output).is_empty(), "{shape}: {}", stderr(&output));
        let widest = stdout(&output).lines().map(|l| l.chars().count()).max();
        assert!(widest <= Some(110), "{shape}: {}", stdout(&output));
    }
}

/// A terminal of our own: what the program writes to it, and the end that it writes to.
fn terminal() -> Option<(File, Stdio)> {
    let (mut ours, mut theirs) = (0, 0);
    let size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the pointers are to live values or null where that is allowed.
    let made = unsafe {
        libc::openpty(&mut ours, &mut theirs, std::ptr::null_mut(), std::ptr::null(), &size)
    };
    if made != 0 {
        return None;
    }
    // SAFETY: openpty gave two descriptors that nobody else owns.
    Some(unsafe { (File::from_raw_fd(ours), Stdio::from_raw_fd(theirs)) })
}

#[test]
fn a_progress_bar_shows_on_a_terminal_and_only_in_a_long_run() {
    let test = "a_progress_bar_shows_on_a_terminal_and_only_in_a_long_run";
    let folder = folder();
    for (n, long) in [(1 << 25, true), (100, false)] {
        let Some((mut ours, theirs)) = terminal() else {
            return skipped(test, "no terminal can be had here");
        };
        write_zeros(&folder.path().join("re.npy"), "<f4", 4, n);
        fs::write(folder.path().join("im.npy"), npy("<f4", false, "()", &[0; 4])).expect("written");
        let mut command = lanefn(["map", "mandelbrot", "re.npy", "im.npy", "-o", "out.npy"]);
        command
            .env("TERM", "xterm")
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(theirs);
        let mut child = command.spawn().expect("the program starts");
        drop(command);
        let mut seen = Vec::new();
        let mut some = [0; 4096];
        // Reading fails when the other end is closed.
        while let Ok(n @ 1..) = ours.read(&mut some) {
            seen.extend(&some[..n]);
            if String::from_utf8_lossy(&seen).contains("elements") {
                // SAFETY: a signal to a child of our own.
                unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
            }
        }
        let code = child.wait().expect("it ends").code();
        let seen = String::from_utf8_lossy(&seen);
        if long {
            assert!(seen.contains('%') && seen.contains("left"), "{seen:?}");
            assert_eq!(code, Some(143));
        } else {
            assert_eq!((seen.as_ref(), code), ("", Some(0)));
        }
    }
}
