//! Promises of the pool and of the thread counts. Scenarios run in processes of their own.
#![cfg(target_os = "linux")]

mod common;

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use common::{computes_right, meet, run, threads_alive};
use lanefn::{
    Error,
    execute::{CountSource, parallel},
    kernels::problem,
    num_threads,
    prelude::*,
    set_num_threads, thread_report, with_num_threads,
};

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn scenario() {
    common::be(|name| match name {
        "lazy" => lazy(),
        "report" => match thread_report() {
            Ok(r) => format!("{} from {}", r.threads, r.source),
            Err(e) => format!("error: {e}"),
        },
        "settings" => settings(),
        "affinity" => affinity(),
        "meeting" => meeting(),
        "stuck" => stuck(),
        "panics" => panics(),
        "nested" => nested(),
        "users" => users(),
        "counts" => counts(),
        #[cfg(target_arch = "x86_64")]
        "floats" => floats(),
        "ufuncs" => ufuncs(),
        "bad-variable" => bad_variable(),
        "bounded" => bounded(),
        "refused" => refused(),
        "refused-wholly" => refused_wholly(),
        other => panic!("no scenario {other}"),
    });
}

#[test]
fn nothing_starts_before_a_call_needs_it() {
    run("lazy", &[]);
}

fn lazy() -> String {
    let before = threads_alive();
    set_num_threads(4).unwrap();
    assert_eq!(num_threads().unwrap(), 4);
    assert_eq!(thread_report().unwrap().started, 0);
    with_num_threads(3, || assert!(computes_right(1, num_threads().unwrap()))).unwrap();
    assert!(computes_right(0, 8) && computes_right(1, 8) && computes_right(100, 1));
    assert!(computes_right(100, 0));
    assert_eq!(threads_alive(), before, "started too early");
    assert!(computes_right(2, 4));
    // The pool has the size of the setting, however few the tasks were.
    assert_eq!(threads_alive(), before + 3);
    assert_eq!(thread_report().unwrap().started, 3);
    assert!(computes_right(100, 4) && computes_right(100, 2));
    assert_eq!(threads_alive(), before + 3);
    String::new()
}

#[test]
fn every_task_runs_once_for_any_number_of_threads() {
    run("counts", &[]);
}

fn counts() -> String {
    for threads in 1..=16 {
        for tasks in [0, 1, 2, 3, threads, 63, 1000] {
            assert!(computes_right(tasks, threads), "{tasks} tasks, {threads} threads");
        }
    }
    String::new()
}

#[test]
fn as_many_threads_as_asked_for_work_at_one_time_and_no_more() {
    run("meeting", &[]);
}

fn meeting() -> String {
    for threads in [2, 5, 3, 8] {
        assert!(meet(threads), "{threads} threads did not meet");
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        parallel(400, threads, &|_| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_micros(50));
            now.fetch_sub(1, Ordering::SeqCst);
        })
        .unwrap();
        let most = most.load(Ordering::SeqCst);
        assert!((2..=threads).contains(&most), "{most} at one time, {threads} threads");
    }
    String::new()
}

#[test]
fn the_number_of_threads_is_bounded_by_the_largest_count() {
    run("bounded", &[]);
}

fn bounded() -> String {
    let before = threads_alive();
    for threads in [2, 6, 3, 6, 4] {
        assert!(computes_right(64, threads));
    }
    assert_eq!(threads_alive(), before + 5);
    // Nested calls, from many threads.
    std::thread::scope(|s| {
        let users: Vec<_> = (0..8)
            .map(|_| {
                s.spawn(|| {
                    parallel(12, 6, &|_| assert!(computes_right(20, 6))).unwrap();
                    threads_alive()
                })
            })
            .collect();
        for user in users {
            let alive = user.join().unwrap();
            assert!(alive <= before + 5 + 8, "{alive} threads");
        }
    });
    // scope() does not wait for the users' last instructions.
    for _ in 0..1000 {
        if threads_alive() == before + 5 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(threads_alive(), before + 5);
    String::new()
}

#[test]
fn nested_calls_end() {
    run("nested", &[]);
}

fn nested() -> String {
    let count = AtomicUsize::new(0);
    parallel(5, 4, &|_| {
        parallel(5, 4, &|_| {
            parallel(5, 4, &|_| {
                count.fetch_add(1, Ordering::Relaxed);
            })
            .unwrap();
        })
        .unwrap();
    })
    .unwrap();
    assert_eq!(count.into_inner(), 125);
    String::new()
}

#[test]
fn many_user_threads_call_at_once() {
    run("users", &[]);
}

fn users() -> String {
    std::thread::scope(|s| {
        for _ in 0..16 {
            s.spawn(|| {
                for _ in 0..100 {
                    assert!(computes_right(50, 4));
                }
            });
        }
    });
    String::new()
}

#[test]
fn a_call_ends_though_all_helpers_are_busy_elsewhere() {
    run("stuck", &[]);
}

fn stuck() -> String {
    let gate = AtomicBool::new(false);
    let held = AtomicUsize::new(0);
    std::thread::scope(|s| {
        let holder = s.spawn(|| {
            parallel(40, 40, &|_| {
                held.fetch_add(1, Ordering::SeqCst);
                while !gate.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            })
        });
        while held.load(Ordering::SeqCst) < 20 {
            std::thread::yield_now();
        }
        let (send, receive) = std::sync::mpsc::channel();
        s.spawn(move || {
            let right = (0..2000).all(|_| computes_right(8, 4));
            send.send(right).unwrap();
        });
        let right = receive.recv_timeout(Duration::from_secs(30));
        gate.store(true, Ordering::SeqCst);
        assert_eq!(right, Ok(true), "waited for helpers that had not begun");
        holder.join().unwrap().unwrap();
    });
    String::new()
}

#[test]
fn a_panic_in_a_task_is_an_error_and_the_pool_goes_on() {
    run("panics", &[]);
}

fn panics() -> String {
    for bad in [0, 7, 99] {
        for threads in [1, 4] {
            let end = parallel(100, threads, &|i| {
                if i == bad {
                    std::panic::resume_unwind(Box::new(format!("task {i}")));
                }
            });
            match end {
                Err(Error::Threads(what)) => {
                    assert!(what.contains(&format!("task {bad}")), "{what}");
                }
                other => panic!("{other:?}"),
            }
            assert!(computes_right(100, 4));
        }
    }
    // On every thread at once.
    let end = parallel(64, 4, &|_| std::panic::resume_unwind(Box::new("all")));
    assert!(matches!(end, Err(Error::Threads(_))));
    assert!(meet(4), "helpers were lost");
    String::new()
}

#[test]
fn a_scoped_count_holds_in_the_tasks_too() {
    let seen = AtomicUsize::new(0);
    with_num_threads(3, || {
        parallel(30, 3, &|_| {
            std::thread::sleep(Duration::from_micros(200));
            seen.fetch_or(1 << num_threads().unwrap(), Ordering::Relaxed);
        })
    })
    .unwrap()
    .unwrap();
    assert_eq!(seen.into_inner(), 1 << 3);
}

#[test]
fn a_ufunc_gives_the_same_bits_for_any_number_of_threads() {
    run("ufuncs", &[]);
}

fn ufuncs() -> String {
    let n = 300_007;
    let x = ndarray::Array1::from_shape_fn(n, |i| (i as f64 * 0.7).sin() * 3.0);
    let y = ndarray::Array1::from_shape_fn(n, |i| (i as f64 * 0.3).cos() * 1.5);
    let (re, im) = (x.slice(ndarray::s![..20_000]), y.slice(ndarray::s![..20_000]));
    let one = (
        problem::ten_branches::ufunc().threads(1).call(&x).unwrap(),
        problem::mandelbrot::ufunc().threads(1).call((&re, &im)).unwrap(),
    );
    assert_eq!(thread_report().unwrap().started, 0);
    for threads in 2..=16 {
        let branches = problem::ten_branches::ufunc().threads(threads).call(&x).unwrap();
        assert!(branches.iter().zip(&one.0).all(|(a, b)| a.to_bits() == b.to_bits()));
        // The setting does as well as the option.
        set_num_threads(threads).unwrap();
        assert_eq!(problem::mandelbrot::ufunc().call((&re, &im)).unwrap(), one.1);
        assert_eq!(thread_report().unwrap().started, threads - 1, "ran on one thread");
    }
    String::new()
}

#[test]
fn a_large_call_with_a_bad_variable_is_an_error() {
    let text = run("bad-variable", &[("OMP_NUM_THREADS", "four")]);
    assert!(text.contains("OMP_NUM_THREADS") && text.contains("four"), "{text}");
}

fn bad_variable() -> String {
    let x = ndarray::Array1::from_elem(1_000_000, 1.0);
    problem::mandelbrot::ufunc().call((&x, &x)).unwrap_err().to_string()
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_callers_rounding_and_flushing_change_no_bits() {
    run("floats", &[]);
}

#[cfg(target_arch = "x86_64")]
fn floats() -> String {
    use std::{arch::asm, hint::black_box, sync::atomic::AtomicU64};
    fn control() -> u32 {
        let mut all = 0u32;
        // SAFETY: stores a register to a local variable.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut all) };
        all & !0x3F
    }
    fn set(all: u32) {
        // SAFETY: valid settings of the register, for this test.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const all) };
    }
    // Flush to zero, subnormals as zero; round up. Workers started now take it from here.
    let odd = 0x1F80 | 0x8040 | 0x4000;
    let product = black_box(-f64::MIN_POSITIVE) * 0.01;
    let tiny = ndarray::Array1::from_elem(400_000, -f64::MIN_POSITIVE);
    for (early, late) in [(odd, 0x1F80), (0x1F80, odd), (odd, odd)] {
        for threads in [1, 4] {
            set(early);
            assert!(meet(threads));
            set(late);
            let bits: Vec<_> = (0..400).map(|_| [AtomicU64::new(7), AtomicU64::new(7)]).collect();
            parallel(400, threads, &|i| {
                bits[i][0].store((black_box(f64::MIN_POSITIVE) * 0.5).to_bits(), Ordering::Relaxed);
                bits[i][1].store((black_box(1.0f64) / 3.0).to_bits(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(20));
            })
            .unwrap();
            assert_eq!(control(), late, "the caller's own settings were lost");
            // The front end: the short way for small arrays, the plan on one thread, the pool.
            let leaky = problem::leaky_relu::ufunc().threads(threads);
            let mut small = ndarray::Array1::zeros(8);
            leaky.call_into(&tiny.slice(ndarray::s![..8]), &mut small).unwrap();
            let large = leaky.call(&tiny).unwrap();
            assert_eq!(control(), late, "the caller's own settings were lost");
            set(0x1F80);
            for value in small.iter().chain(&large) {
                assert_eq!(value.to_bits(), product.to_bits());
            }
            for [half, third] in &bits {
                assert_eq!(half.load(Ordering::Relaxed), 1 << 51);
                assert_eq!(third.load(Ordering::Relaxed), 0x3FD5_5555_5555_5555);
            }
        }
    }
    String::new()
}

#[test]
fn settings_go_before_variables_and_variables_before_the_system() {
    let report = |variables: &[(&str, &str)]| run("report", variables);
    assert_eq!(report(&[("OMP_NUM_THREADS", "4,2")]), "4 from OMP_NUM_THREADS=4,2");
    let two = [("OMP_NUM_THREADS", "4"), ("RAYON_NUM_THREADS", "5")];
    assert_eq!(report(&two), "5 from RAYON_NUM_THREADS=5");
    let three = [two[0], two[1], ("LANEFN_NUM_THREADS", "6")];
    assert_eq!(report(&three), "6 from LANEFN_NUM_THREADS=6");
    let none = report(&[]);
    assert!(none.ends_with("affinity") || none.ends_with("quota"), "{none}");
    run("settings", &three);
}

fn settings() -> String {
    assert_eq!(num_threads().unwrap(), 6);
    set_num_threads(2).unwrap();
    assert_eq!(num_threads().unwrap(), 2);
    assert_eq!(thread_report().unwrap().source, CountSource::Setting);
    with_num_threads(9, || {
        assert_eq!(num_threads().unwrap(), 9);
        assert_eq!(thread_report().unwrap().source, CountSource::Scope);
        // For this thread only.
        assert_eq!(std::thread::spawn(|| num_threads().unwrap()).join().unwrap(), 2);
    })
    .unwrap();
    assert_eq!(num_threads().unwrap(), 2);
    String::new()
}

#[test]
fn a_bad_variable_is_an_error_that_names_it() {
    for (name, value) in
        [("LANEFN_NUM_THREADS", "0"), ("RAYON_NUM_THREADS", "x"), ("OMP_NUM_THREADS", "-3")]
    {
        let text = run("report", &[(name, value)]);
        assert!(text.starts_with("error") && text.contains(name) && text.contains(value), "{text}");
    }
}

#[test]
fn the_affinity_of_the_calling_thread_counts() {
    run("affinity", &[]);
}

fn affinity() -> String {
    // SAFETY: a zeroed set is an empty one; the calls get its size and a valid pointer.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        assert_eq!(libc::sched_getaffinity(0, size_of_val(&set), &mut set), 0);
        let first = (0..1024).find(|&i| libc::CPU_ISSET(i, &set)).unwrap();
        libc::CPU_ZERO(&mut set);
        libc::CPU_SET(first, &mut set);
        assert_eq!(libc::sched_setaffinity(0, size_of_val(&set), &set), 0);
    }
    let report = thread_report().unwrap();
    assert_eq!((report.threads, report.affinity), (1, 1));
    assert_eq!(report.source, CountSource::Affinity);
    String::new()
}

/// Leaves this process `room` bytes of address space more than it has now.
fn limit_address_space(room: u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmSize")).unwrap();
    let size: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    let limit = libc::rlimit { rlim_cur: (size << 10) + room, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: a valid pointer.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
}

#[test]
fn threads_that_the_system_refuses_are_done_without() {
    // The limit on processes does not bind root, so address space for stacks is what runs out.
    run("refused", &[]);
    run("refused-wholly", &[]);
}

fn refused() -> String {
    let before = threads_alive();
    limit_address_space(4 * ((2 << 20) + 8192) + (1 << 20));
    assert!(computes_right(200, 64));
    let report = thread_report().unwrap();
    let refusal = report.refused.clone().expect("a refusal");
    assert!((1..=8).contains(&report.started), "{report:?}");
    assert_eq!((refusal.asked, refusal.got), (64, report.started + 1));
    assert!(!refusal.reason.is_empty());
    assert_eq!(threads_alive(), before + report.started);
    assert!(meet(report.started + 1), "the threads that there are don't work");
    String::new()
}

fn refused_wholly() -> String {
    let before = threads_alive();
    limit_address_space(1 << 20);
    assert!(computes_right(200, 8));
    let report = thread_report().unwrap();
    assert_eq!((report.started, threads_alive()), (0, before));
    assert_eq!(report.refused.map(|r| (r.asked, r.got)), Some((8, 1)));
    limit_address_space(64 << 20);
    // Asked again after a second, not at each call.
    assert!(computes_right(200, 8));
    assert_eq!(threads_alive(), before);
    std::thread::sleep(Duration::from_millis(1100));
    assert!(computes_right(200, 8));
    assert_eq!(threads_alive(), before + 7);
    assert_eq!(thread_report().unwrap().refused, None);
    String::new()
}

/// Rust files of the library crates below the root.
fn sources() -> Vec<PathBuf> {
    fn walk(directory: &Path, all: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, all);
            } else if path.extension().is_some_and(|e| e == "rs") {
                all.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for part in ["src", "kernels/src", "compiler/src", "macros/src", "python/src"] {
        walk(&root.join(part), &mut all);
    }
    all
}

#[test]
fn one_function_enters_parallel_code() {
    let all = sources();
    assert!(all.iter().any(|p| p.ends_with("src/execute/pool.rs")), "looked in the wrong place");
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        // Unit tests, which stand at the end of a file, may use threads.
        let text = text.split("#[cfg(test)]").next().unwrap();
        let pool = path.ends_with("src/execute/pool.rs");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            let at = format!("{}:{}: {line}", path.display(), number + 1);
            for word in ["rayon::", "extern crate rayon", "pthread_create", "thread::spawn"]
                .into_iter()
                .chain([
                    "thread::scope",
                    "thread::Builder",
                    "parallel!",
                    "into_par_iter",
                    "par_for_each",
                ])
            {
                assert!(pool || !code.contains(word), "{at}");
            }
        }
        if pool {
            let public = text.lines().filter(|l| l.starts_with("pub fn"));
            assert_eq!(public.count(), 1, "the pool has one public function");
        }
    }
}

/// `src/execute/fork.rs` settles a cell of rayon's crossbeam-epoch before a fork. A second version
/// of that crate would have a cell of its own.
#[test]
fn the_epoch_that_forks_settle_is_the_one_that_rayon_uses() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    let text = std::fs::read_to_string(lock).unwrap();
    assert_eq!(text.matches("name = \"crossbeam-epoch\"").count(), 1);
}
