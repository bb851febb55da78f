//! What the tests of the program share.
#![allow(dead_code)]

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// The program under test.
pub const LANEFN: &str = env!("CARGO_BIN_EXE_lanefn");

/// A command of it, free of the variables that would change what it does.
pub fn lanefn<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(LANEFN);
    command.args(arguments).env_remove("LANEFN_LEVEL").env_remove("LANEFN_NUM_THREADS");
    command.stdin(Stdio::null());
    command
}

/// Runs it in a folder.
pub fn run_in<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Output {
    lanefn(arguments).current_dir(folder).output().expect("the program starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8 on standard output")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8 on standard error")
}

/// A temporary folder, in memory where there is such a file system: syncs cost nothing there.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = tempfile::tempdir_in(memory)
    {
        return folder;
    }
    tempfile::tempdir().expect("a temporary folder")
}

/// The names in a folder, hidden ones included.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The bytes of a version 1 file.
pub fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(data);
    bytes
}

/// A file of little-endian f64.
pub fn write_f64(path: &Path, values: &[f64]) {
    let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    fs::write(path, npy("<f8", false, &format!("({},)", values.len()), &data)).expect("written");
}

/// The elements of a version 1 file, as their bytes, in any order of axes.
fn read<const N: usize>(path: &Path) -> Vec<[u8; N]> {
    let bytes = fs::read(path).expect("the file is there");
    let data = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[data..].chunks_exact(N).map(|b| b.try_into().expect("N bytes")).collect()
}

/// The values of a file of f64.
pub fn read_f64(path: &Path) -> Vec<f64> {
    read(path).into_iter().map(f64::from_le_bytes).collect()
}

/// The values of a file of f32.
pub fn read_f32(path: &Path) -> Vec<f32> {
    read(path).into_iter().map(f32::from_le_bytes).collect()
}

/// A file of `n` zeros that takes no room on the disk.
pub fn write_zeros(path: &Path, descr: &str, size: u64, n: u64) {
    let head = npy(descr, false, &format!("({n},)"), &[]);
    fs::write(path, &head).expect("written");
    let file = fs::File::options().write(true).open(path).expect("opened");
    file.set_len(head.len() as u64 + n * size).expect("a sparse file");
}

/// A run that takes many seconds: no point of the Mandelbrot set's middle ever leaves. Returned
/// when it is well under way.
pub fn long_run(folder: &Path, extra: &[&str]) -> Child {
    let map = ["map", "mandelbrot", "re.npy", "im.npy", "-o", "out.npy"];
    let child = long_run_of(folder, 1 << 25, &[&map, extra].concat());
    wait_for(|| names(folder).iter().any(|name| name.ends_with(".tmp")));
    std::thread::sleep(Duration::from_millis(300));
    child
}

/// As [`long_run`], of any command over `re.npy`, which has `n` elements, and `im.npy`. Returned when it
/// begins.
pub fn long_run_of(folder: &Path, n: u64, arguments: &[&str]) -> Child {
    write_zeros(&folder.join("re.npy"), "<f4", 4, n);
    fs::write(folder.join("im.npy"), npy("<f4", false, "()", &[0; 4])).expect("written");
    let mut command = lanefn(arguments);
    command
        .args(["--threads", "1", "--level", "scalar"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // A shell that runs the tests in the background has them ignore Ctrl-C; the program would, too.
    // SAFETY: `signal` is safe to call between fork and exec.
    unsafe {
        use std::os::unix::process::CommandExt;
        command.pre_exec(|| {
            libc::signal(libc::SIGINT, libc::SIG_DFL);
            libc::signal(libc::SIGTERM, libc::SIG_DFL);
            Ok(())
        });
    }
    command.spawn().expect("the program starts")
}

pub fn wait_for(mut it: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !it() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The Python with NumPy that the test command sets up; without one, the tests that need it say so.
pub fn python(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("LANEFN_TEST_PYTHON").map(PathBuf::from).or_else(|| {
        let has =
            Command::new("python3").args(["-c", "import numpy"]).stderr(Stdio::null()).status();
        has.is_ok_and(|s| s.success()).then(|| PathBuf::from("python3"))
    });
    if python.is_none() {
        skipped(test, "no Python with NumPy (LANEFN_TEST_PYTHON names one)");
    }
    python
}

pub fn skipped(test: &str, why: &str) {
    eprintln!("skipped: {test}: {why}");
}

/// Python writes the files and checks what comes out, so that NumPy is the judge on both sides.
pub fn judged_by_numpy(test: &str, script: &str) {
    let Some(python) = python(test) else { return };
    let folder = folder();
    let output = Command::new(python)
        .args(["-c", script, LANEFN])
        .current_dir(folder.path())
        .output()
        .expect("Python starts");
    assert!(output.status.success(), "{}\n{}", stdout(&output), stderr(&output));
    print!("{}", stdout(&output));
}
