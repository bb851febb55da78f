//! What the tests of threads and of forks share: scenarios in processes of their own, with a
//! deadline, so that a hang is a failure.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::{
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use lanefn::execute::parallel;

/// The variable that tells the test binary which scenario to be.
pub const SCENARIO: &str = "LANEFN_TEST_SCENARIO";

/// Runs a scenario of this test binary in a process of its own and returns what it printed between
/// the marks. Panics if it fails or takes more than three minutes.
pub fn run(name: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "scenario", "--ignored", "--nocapture", "--test-threads=1"]);
    for variable in ["LANEFN_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"] {
        command.env_remove(variable);
    }
    command.env(SCENARIO, name).envs(variables.iter().copied());
    let mut process =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the test binary");
    let until = Instant::now() + Duration::from_secs(180);
    let status = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > until {
            process.kill().unwrap();
            panic!("scenario {name} hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        status.success(),
        "scenario {name}: {status}\n{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let from = text.find("<<").unwrap_or_else(|| panic!("scenario {name} did not run:\n{text}"));
    let to = text.rfind(">>").unwrap_or_else(|| panic!("scenario {name} did not end:\n{text}"));
    text[from + 2..to].trim().to_owned()
}

/// In the test binary that is a scenario: runs it and prints the marks. `run` gives the text.
pub fn be(run: impl FnOnce(&str) -> String) {
    match std::env::var(SCENARIO) {
        Ok(name) => println!("<<{}>>", run(&name)),
        Err(_) => println!("skipped: scenario (the other tests run it, in processes of their own)"),
    }
}

/// Some work whose right result is known: every index once, and nothing left out.
pub fn computes_right(tasks: usize, threads: usize) -> bool {
    let out: Vec<AtomicU64> = (0..tasks).map(|_| AtomicU64::new(0)).collect();
    let task = |i: usize| {
        let mut x = i as u64 + 1;
        for _ in 0..200 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
        out[i].fetch_add(std::hint::black_box(x) | 1, Ordering::Relaxed);
    };
    if parallel(tasks, threads, &task).is_err() {
        return false;
    }
    out.iter().enumerate().all(|(i, got)| {
        let mut x = i as u64 + 1;
        for _ in 0..200 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
        got.load(Ordering::Relaxed) == x | 1
    })
}

/// Whether `threads` threads are really at work at one time: each task waits for all the others.
pub fn meet(threads: usize) -> bool {
    let here = AtomicUsize::new(0);
    let all = AtomicUsize::new(0);
    let until = Instant::now() + Duration::from_secs(10);
    let end = parallel(threads, threads, &|_| {
        here.fetch_add(1, Ordering::SeqCst);
        while here.load(Ordering::SeqCst) < threads && Instant::now() < until {
            std::thread::yield_now();
        }
        if here.load(Ordering::SeqCst) == threads {
            all.fetch_add(1, Ordering::SeqCst);
        }
    });
    end.is_ok() && all.load(Ordering::SeqCst) == threads
}

/// Threads of this process.
#[cfg(target_os = "linux")]
pub fn threads_alive() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}
