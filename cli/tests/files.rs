//! Real files: what goes in comes out right, and nothing is lost when something goes wrong.

mod common;

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, symlink},
        process::{CommandExt, ExitStatusExt},
    },
    process::Command,
};

use common::*;

fn problem(x: f64) -> f64 {
    if x > 2.0 { x + 1.0 } else { x - 1.0 }
}

#[test]
fn files_that_numpy_wrote_in_every_version_dtype_order_and_byte_order_come_out_as_numpy_computes() {
    judged_by_numpy(
        "files_that_numpy_wrote",
        r#"
import itertools, subprocess, sys
import numpy as np
lanefn = sys.argv[1]
shapes = [((), "C"), ((0,), "C"), ((7,), "C"), ((3, 0, 2), "F"), ((5, 70, 3), "C"), ((40, 30), "F")]
cases = 0
for dtype, order, version in itertools.product(
        "i1 i2 i4 i8 u1 u2 u4 u8 f4 f8".split(), "<>", [(1, 0), (2, 0), (3, 0)]):
    for shape, layout in shapes:
        x = np.random.default_rng(cases).integers(0, 120, shape).astype(dtype)
        if dtype[0] == "f" and x.size > 3:
            x.flat[:3] = [np.nan, np.inf, -0.0]
        x = np.array(x, order=layout, dtype=order + dtype)
        with open("x.npy", "wb") as file:
            np.lib.format.write_array(file, x, version=version)
        subprocess.run([lanefn, "map", "problem", "x.npy", "-o", "y.npy", "--force", "--no-picture"],
                       check=True, stdout=subprocess.DEVNULL)
        y = np.load("y.npy")
        one = x.dtype.type(1)
        np.testing.assert_array_equal(y, np.where(x > 2, x + one, x - one))
        assert y.dtype == np.dtype(dtype) and y.shape == x.shape, (y.dtype, y.shape)
        assert y.ndim < 2 or y.flags.f_contiguous == x.flags.f_contiguous
        again = open("y.npy", "rb").read()
        np.save("z.npy", y)
        assert again == open("z.npy", "rb").read(), "not the bytes that numpy.save writes"
        cases += 1
print(cases, "files")
"#,
    );
}

#[test]
fn inputs_of_any_shape_and_order_broadcast_together() {
    judged_by_numpy(
        "inputs_of_any_shape_and_order_broadcast_together",
        r#"
import subprocess, sys
import numpy as np
lanefn = sys.argv[1]
def mandelbrot(re, im):
    re, im = np.broadcast_arrays(re, im)
    x, y, n = np.zeros_like(re), np.zeros_like(re), np.zeros(re.shape, "u4")
    go = np.ones(re.shape, bool)
    for _ in range(256):
        go &= ~(x * x + y * y > 4)
        if not go.any():
            break
        n += go
        x, y = np.where(go, x * x - y * y + re, x), np.where(go, 2 * x * y + im, y)
    return n
rng = np.random.default_rng(7)
for a, b in [((60, 1), (90,)), ((60, 90), (60, 90)), ((), (4, 5)), ((1, 1, 3), (7, 1, 1)),
             ((2, 0), (1,)), ((700, 901), (901,)), ((3, 1, 5), (3, 4, 1))]:
    for oa, ob, sa, sb in [("C", "C", "<", "<"), ("F", "C", "<", ">"), ("C", "F", ">", "<"), ("F", "F", "<", "<")]:
        # Large arrays span several tiles; right of 0.6 every point leaves soon.
        re = np.array(rng.uniform(-2 if max(a, default=0) < 100 else 0.6, 1, a), order=oa, dtype=sa + "f8")
        im = np.array(rng.uniform(-1, 1, b), order=ob, dtype=sb + "f8")
        np.save("re.npy", re); np.save("im.npy", im)
        subprocess.run([lanefn, "map", "mandelbrot", "re.npy", "im.npy", "-o", "n.npy", "--force"],
                       check=True, stdout=subprocess.DEVNULL)
        n = np.load("n.npy")
        np.testing.assert_array_equal(n, mandelbrot(re, im))
        assert n.dtype == np.uint32
"#,
    );
}

#[test]
fn a_hand_written_file_comes_out_right() {
    let folder = folder();
    let values = [0.0, 2.0, 2.5, f64::NAN, f64::INFINITY, -7.25];
    write_f64(&folder.path().join("x.npy"), &values);
    let output = run_in(folder.path(), ["map", "problem", "x.npy", "-o", "y.npy"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let got = read_f64(&folder.path().join("y.npy"));
    for (x, y) in values.iter().zip(&got) {
        assert_eq!(y.is_nan(), x.is_nan());
        assert!(x.is_nan() || problem(*x).to_bits() == y.to_bits(), "{x} gave {y}");
    }
    assert_eq!(names(folder.path()), ["x.npy", "y.npy"]);
}

#[test]
fn data_at_an_odd_address_come_out_right() {
    let folder = folder();
    let text = "{'descr':'<f8','fortran_order':False,'shape':(1000,)}";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    assert_eq!(bytes.len() % 8, 7, "this test wants data that are not aligned");
    bytes.extend((0..1000).flat_map(|i| f64::from(i).to_le_bytes()));
    fs::write(folder.path().join("x.npy"), bytes).expect("written");
    let output = run_in(folder.path(), ["map", "problem", "x.npy", "-o", "y.npy"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let wanted: Vec<f64> = (0..1000).map(|i| problem(f64::from(i))).collect();
    assert_eq!(read_f64(&folder.path().join("y.npy")), wanted);
}

#[test]
fn every_level_and_thread_count_writes_the_same_bytes() {
    let folder = folder();
    let values: Vec<f64> = (0..300_000).map(|i| f64::from(i) * 1.7e-4 - 5.0).collect();
    write_f64(&folder.path().join("x.npy"), &values);
    let mut first: Option<Vec<u8>> = None;
    for level in ["scalar", "baseline", "avx2", "avx512"] {
        for threads in ["1", "2", "5"] {
            let name = format!("{level}-{threads}.npy");
            let output = run_in(
                folder.path(),
                ["map", "wind_power", "x.npy", "-o", &name, "--level", level, "--threads", threads],
            );
            if output.status.code() == Some(2) && stderr(&output).contains("lacks the level") {
                assert!(stderr(&output).contains("scalar, baseline"), "{}", stderr(&output));
                let why = stderr(&output);
                skipped("every_level_and_thread_count_writes_the_same_bytes", why.trim());
                break;
            }
            assert!(output.status.success(), "{}", stderr(&output));
            let bytes = fs::read(folder.path().join(&name)).expect("written");
            assert_eq!(first.get_or_insert_with(|| bytes.clone()), &bytes, "{name}");
        }
    }
}

#[test]
fn an_output_that_exists_is_left_alone_without_force() {
    let folder = folder();
    write_f64(&folder.path().join("x.npy"), &[1.0, 5.0]);
    fs::write(folder.path().join("y.npy"), "precious").expect("written");
    let output = run_in(folder.path(), ["map", "problem", "x.npy", "-o", "y.npy"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("y.npy: exists already; --force"), "{}", stderr(&output));
    assert_eq!(fs::read(folder.path().join("y.npy")).expect("there"), b"precious");
    assert_eq!(names(folder.path()), ["x.npy", "y.npy"]);

    let output = run_in(folder.path(), ["map", "problem", "x.npy", "-o", "y.npy", "--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(read_f64(&folder.path().join("y.npy")), [0.0, 6.0]);
}

#[test]
fn force_can_write_over_an_input_and_keeps_its_mode_and_links() {
    let folder = folder();
    let real = folder.path().join("real.npy");
    write_f64(&real, &[1.0, 5.0]);
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("set");
    symlink("real.npy", folder.path().join("link.npy")).expect("linked");
    let output = run_in(folder.path(), ["map", "problem", "link.npy", "-o", "link.npy", "--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(read_f64(&real), [0.0, 6.0]);
    assert_eq!(fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(folder.path().join("link.npy")).expect("there").is_symlink());
    assert_eq!(names(folder.path()), ["link.npy", "real.npy"]);
}

#[test]
fn a_bad_input_is_refused_by_name_and_byte_and_leaves_nothing_behind() {
    let folder = folder();
    let good = npy("<f8", false, "(4,)", &[0; 32]);
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty.npy", vec![], "empty.npy, byte 0: the file is empty"),
        ("text.npy", b"1,2,3\n".to_vec(), "text.npy, byte 0: this is not a .npy file"),
        ("short.npy", good[..good.len() - 1].to_vec(), "the file is cut short"),
        ("header.npy", good[..60].to_vec(), "header.npy, byte 8: the header should be"),
        ("object.npy", npy("|O", false, "(4,)", &[0; 32]), "pickle"),
        ("complex.npy", npy("<c16", false, "(2,)", &[0; 32]), "complex"),
        ("huge.npy", npy("<f8", false, "(9223372036854775807,)", &[]), "more bytes than can"),
        ("large.npy", npy("<f8", false, "(1000000000000,)", &[]), "the file is cut short"),
        ("minus.npy", npy("<f8", false, "(-4,)", &[0; 32]), "negative"),
        ("deep.npy", npy("<f8", false, &"(".repeat(5000), &[0; 32]), "nests more than"),
    ];
    for (name, bytes, says) in cases {
        fs::write(folder.path().join(name), bytes).expect("written");
        let before = names(folder.path());
        let output = run_in(folder.path(), ["map", "problem", name, "-o", "out.npy"]);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{name}: {}", stderr(&output));
        assert_eq!(names(folder.path()), before, "{name}");
        let lines = stderr(&output).lines().count();
        assert_eq!(lines, 1, "{name} is told in one line: {}", stderr(&output));
    }
    for (input, says) in [
        ("missing.npy", "can't be opened"),
        (".", "is a directory"),
        ("/dev/null", "not a regular file"),
    ] {
        let output = run_in(folder.path(), ["map", "problem", input, "-o", "out.npy"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
    write_f64(&folder.path().join("good.npy"), &[1.0]);
    for (out, says) in [("no/such/out.npy", "no file can be made"), ("..", "exists already")] {
        let output = run_in(folder.path(), ["map", "problem", "good.npy", "-o", out]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
    let output =
        run_in(folder.path(), ["map", "problem", "good.npy", "-o", "/dev/null", "--force"]);
    assert!(stderr(&output).contains("not a regular file"), "{}", stderr(&output));
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let folder = folder();
    fs::write(folder.path().join("a.npy"), npy("<f8", false, "(2, 3)", &[0; 48])).expect("written");
    fs::write(folder.path().join("b.npy"), npy("<f8", false, "(2,)", &[0; 16])).expect("written");
    let output = run_in(folder.path(), ["map", "mandelbrot", "a.npy", "b.npy", "-o", "out.npy"]);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.contains("operand 1 of shape [2]") && told.contains("[2, 3]"), "{told}");
    assert_eq!(names(folder.path()), ["a.npy", "b.npy"]);
}

#[test]
fn a_limit_on_file_sizes_is_an_error_and_leaves_nothing_behind() {
    let folder = folder();
    write_zeros(&folder.path().join("x.npy"), "|u1", 1, 1 << 20);
    let mut command = lanefn(["map", "problem", "x.npy", "-o", "y.npy"]);
    command.current_dir(folder.path());
    // SAFETY: setrlimit is a system call, and may be made between fork and exec.
    unsafe {
        command.pre_exec(|| {
            let limit = libc::rlimit { rlim_cur: 4096, rlim_max: 4096 };
            match libc::setrlimit(libc::RLIMIT_FSIZE, &limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{:?} {}", output.status, stderr(&output));
    assert!(stderr(&output).contains("y.npy, byte 0: too large"), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["x.npy"]);
}

#[test]
fn a_full_disk_is_found_before_anything_is_computed_and_leaves_nothing_behind() {
    let test = "a_full_disk_is_found_before_anything_is_computed_and_leaves_nothing_behind";
    let folder = folder();
    write_zeros(&folder.path().join("x.npy"), "<f8", 8, 1 << 20);
    fs::create_dir(folder.path().join("small")).expect("made");
    // A file system of 1 MiB, seen by this command alone.
    let script = "mount -t tmpfs -o size=1m none small || exit 77
        echo precious > small/y.npy
        \"$0\" map problem x.npy -o small/y.npy --force; code=$?
        ls -A small; cat small/y.npy; exit $code";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, LANEFN])
        .current_dir(folder.path())
        .output();
    let output = match output {
        Ok(output) if !stderr(&output).contains("unshare") && output.status.code() != Some(77) => {
            output
        }
        _ => return skipped(test, "no mount of our own can be had here"),
    };
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("y.npy, byte 0: the disk is full"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "y.npy\nprecious\n");
}

#[test]
fn ctrl_c_and_a_plain_kill_lose_nothing_and_say_so() {
    for (signal, code) in [(libc::SIGINT, 130), (libc::SIGTERM, 143)] {
        let folder = folder();
        let child = long_run(folder.path(), &["--json"]);
        // SAFETY: a signal to a child of our own.
        unsafe { libc::kill(child.id() as i32, signal) };
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(code), "{:?} {}", output.status, stderr(&output));
        assert!(stderr(&output).contains("no output was made or changed"), "{}", stderr(&output));
        let error: serde_json::Value = serde_json::from_str(&stderr(&output)).expect("JSON");
        assert_eq!(error["error"]["kind"], "stopped");
        assert_eq!(names(folder.path()), ["im.npy", "re.npy"]);
    }
}

#[test]
fn even_a_kill_that_cannot_be_caught_leaves_no_half_output() {
    let folder = folder();
    let mut child = long_run(folder.path(), &[]);
    child.kill().expect("killed");
    assert_eq!(child.wait().expect("it ends").signal(), Some(libc::SIGKILL));
    assert!(!folder.path().join("out.npy").exists());
}

#[test]
fn an_input_cut_short_while_it_is_read_is_an_error_that_names_the_byte() {
    let folder = folder();
    let child = long_run(folder.path(), &["--json"]);
    let input = folder.path().join("re.npy");
    fs::File::options()
        .write(true)
        .open(&input)
        .and_then(|file| file.set_len(4096))
        .expect("a file can be cut");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{:?} {}", output.status, stderr(&output));
    let error: serde_json::Value = serde_json::from_str(&stderr(&output)).expect("JSON");
    assert_eq!(error["error"]["path"], "re.npy", "{error}");
    assert_eq!(error["error"]["offset"], 4096, "{error}");
    assert_eq!(names(folder.path()), ["im.npy", "re.npy"]);
}

#[test]
#[expect(clippy::zombie_processes, reason = "wait4 waits for it, and tells what it used")]
fn a_file_larger_than_the_memory_allowed_is_streamed() {
    let folder = folder();
    let bytes = 256u64 << 20;
    write_zeros(&folder.path().join("x.npy"), "|i1", 1, bytes);
    let mut command = lanefn(["map", "problem", "x.npy", "-o", "y.npy", "--json"]);
    command.current_dir(folder.path()).stdout(std::process::Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let (mut status, mut used) = (0, None);
    // SAFETY: both pointers are to live values, and the child is ours and not waited for yet.
    let waited = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let waited = libc::wait4(child.id() as i32, &mut status, 0, &mut usage);
        used.replace(usage.ru_maxrss as u64 * 1024);
        waited
    };
    assert_eq!((waited, status), (child.id() as i32, 0));
    let used = used.expect("set above");
    assert!(used < bytes / 2, "{} MiB of memory for a file of 256 MiB", used >> 20);
    let out = fs::read(folder.path().join("y.npy")).expect("written");
    assert_eq!(out.len() as u64, 128 + bytes);
    assert!(out[128..].iter().all(|&b| b == 255), "0 - 1 is -1 everywhere");
}
