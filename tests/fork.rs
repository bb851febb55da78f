//! Forked children and grandchildren compute right results, in time, whatever the parent's pool was
//! doing. Each scenario is a process of its own; each child has an alarm and a deadline.
#![cfg(target_os = "linux")]

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use common::{computes_right, meet, run, threads_alive};
use lanefn::{
    Error, execute::parallel, kernels::problem, num_threads, prelude::*, set_num_threads,
    thread_report, with_num_threads,
};

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn scenario() {
    common::be(|name| {
        match name {
            "idle" => idle(),
            "busy" => busy(),
            "being-built" => being_built(),
            "storm" => storm(),
            "line" => line(),
            "in-task" => in_task(),
            "foreign-worker" => foreign_worker(),
            "returns-alone" => returns_alone(),
            "returns-amid" => returns_amid(),
            "settings" => settings(),
            "behind-libc" => behind_libc(),
            other => panic!("no scenario {other}"),
        }
        String::new()
    });
}

/// A forked child.
struct Child(libc::pid_t);

/// Forks; the child does `what` and ends with 0 if that is true, else with 2.
fn fork(what: impl FnOnce() -> bool) -> Child {
    // SAFETY: the child runs `what`, which is what is tested, and ends by `_exit`.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => in_child(what),
        pid => Child(pid),
    }
}

fn in_child(what: impl FnOnce() -> bool) -> ! {
    // SAFETY: plain system calls.
    unsafe {
        libc::alarm(20);
        let good = catch_unwind(AssertUnwindSafe(what)).unwrap_or(false);
        libc::_exit(if good { 0 } else { 2 })
    }
}

impl Child {
    /// Its status as from `waitpid`, or nothing if it hangs, and then it is killed.
    fn status(self) -> Option<i32> {
        let until = Instant::now() + Duration::from_secs(25);
        let mut status = 0;
        loop {
            // SAFETY: a child of this process and a valid pointer.
            match unsafe { libc::waitpid(self.0, &mut status, libc::WNOHANG) } {
                0 if Instant::now() < until => std::thread::sleep(Duration::from_micros(200)),
                0 => {
                    // SAFETY: a child of this process, not yet waited for.
                    unsafe { libc::kill(self.0, libc::SIGKILL) };
                    // SAFETY: as above.
                    unsafe { libc::waitpid(self.0, &mut status, 0) };
                    return None;
                }
                _ => return Some(status),
            }
        }
    }

    fn ends_well(self) -> bool {
        self.status() == Some(0)
    }
}

/// What every child must be able to do: right results, with threads of its own.
fn computes() -> bool {
    computes_right(100, 4) && meet(3) && maps()
}

/// The same through the front end.
fn maps() -> bool {
    let x = ndarray::Array1::from_shape_fn(200_000, |i| i as f64 * 0.001 - 100.0);
    let y = problem::leaky_relu::ufunc().threads(3).call(&x);
    y.is_ok_and(|y| x.iter().zip(&y).all(|(&x, &y)| y == problem::leaky_relu(x)))
}

#[test]
fn a_child_and_a_grandchild_compute_with_an_idle_parent() {
    run("idle", &[]);
}

fn idle() {
    assert!(computes());
    let child = fork(|| {
        // Nothing starts by itself here either.
        let alone = threads_alive() == 1 && thread_report().unwrap().started == 0;
        let first = computes();
        let own = threads_alive() == 1 + 3;
        alone
            && first
            && own
            && fork(|| computes() && threads_alive() == 1 + 3).ends_well()
            && computes()
    });
    assert!(child.ends_well());
    // A grandchild of a child that never used its pool.
    assert!(fork(|| fork(computes).ends_well()).ends_well());
    // A child that ends as programs do, with all that runs at exit.
    assert!(
        fork(|| {
            assert!(computes());
            std::process::exit(0)
        })
        .ends_well()
    );
    assert!(Command::new("true").status().unwrap().success());
    assert!(computes(), "the parent's pool was harmed");
}

#[test]
fn children_compute_while_the_parent_is_busy() {
    run("busy", &[]);
}

fn busy() {
    let stop = AtomicBool::new(false);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    assert!(computes_right(64, 4));
                }
            });
        }
        for _ in 0..2 {
            // `std` threads that start and end, as they do in a busy program: they hold locks of the
            // whole process while they do.
            s.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::thread::spawn(|| ()).join().unwrap();
                }
            });
        }
        let bad = (0..100).find(|_| !fork(|| computes() && fork(computes).ends_well()).ends_well());
        stop.store(true, Ordering::Relaxed);
        assert_eq!(bad, None);
    });
    // The pool's queue may still be full of helpers for calls that are over. A call then begins alone, and
    // its first task waits here for others in vain; the next call finds the queue empty.
    assert!(computes() || computes(), "the parent's pool was harmed");
}

#[test]
fn children_compute_though_the_pool_was_being_built() {
    run("being-built", &[]);
}

fn being_built() {
    for turn in 0..200 {
        // A process without a pool, in which one thread builds it while another forks.
        let fresh = fork(|| {
            let go = AtomicBool::new(false);
            std::thread::scope(|s| {
                let builder = s.spawn(|| {
                    while !go.load(Ordering::Acquire) {
                        std::hint::spin_loop();
                    }
                    computes_right(64, 12)
                });
                std::thread::sleep(Duration::from_micros(200));
                go.store(true, Ordering::Release);
                let from = Instant::now();
                while from.elapsed() < Duration::from_micros(turn * 4) {
                    std::hint::spin_loop();
                }
                fork(|| computes() && fork(computes).ends_well()).ends_well()
                    && builder.join().unwrap()
            })
        });
        assert!(fresh.ends_well(), "forked {} microseconds after the start", turn * 4);
    }
}

#[test]
fn hundreds_of_forks_in_a_row() {
    run("storm", &[]);
}

fn storm() {
    assert!(computes());
    for _ in 0..40 {
        // Eight children at a time.
        let children: Vec<Child> = (0..8).map(|_| fork(|| computes_right(100, 4))).collect();
        assert!(children.into_iter().all(Child::ends_well));
    }
    assert!(computes());
}

#[test]
fn a_long_line_of_descendants() {
    run("line", &[]);
}

fn line() {
    fn descend(left: usize) -> bool {
        computes_right(100, 3) && (left == 0 || fork(|| descend(left - 1)).ends_well())
    }
    assert!(descend(30));
}

#[test]
fn a_task_may_fork_and_the_child_compute() {
    run("in-task", &[]);
}

fn in_task() {
    let caller = std::thread::current().id();
    for by_caller in [true, false] {
        for _ in 0..20 {
            let forked = AtomicUsize::new(0);
            let bad = AtomicUsize::new(0);
            parallel(4, 4, &|_| {
                // All four are there, so that both sides have one.
                forked.fetch_add(1, Ordering::SeqCst);
                let until = Instant::now() + Duration::from_secs(10);
                while forked.load(Ordering::SeqCst) < 4 && Instant::now() < until {
                    std::thread::yield_now();
                }
                if (std::thread::current().id() == caller) == by_caller
                    && !fork(|| computes() && fork(computes).ends_well()).ends_well()
                {
                    bad.fetch_add(1, Ordering::SeqCst);
                }
            })
            .unwrap();
            assert_eq!(bad.into_inner(), 0, "by the caller: {by_caller}");
        }
    }
}

#[test]
fn a_child_of_another_rayon_pools_worker_runs_none_of_its_jobs() {
    run("foreign-worker", &[]);
}

fn foreign_worker() {
    static STALE: AtomicBool = AtomicBool::new(false);
    let parent = std::process::id();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for _ in 0..10 {
        let well = pool.install(|| {
            rayon::scope(|s| {
                // One worker: these wait in its queue until the scope's end, and the child inherits
                // them.
                for _ in 0..10 {
                    s.spawn(|_| {
                        if std::process::id() != parent {
                            STALE.store(true, Ordering::SeqCst);
                        }
                    });
                }
                fork(|| computes() && !STALE.load(Ordering::SeqCst)).ends_well()
            })
        });
        assert!(well);
    }
}

#[test]
fn a_child_that_returns_from_the_task_finishes_the_call_if_it_ran_alone() {
    run("returns-alone", &[]);
}

fn returns_alone() {
    let parent = std::process::id();
    let gate = AtomicBool::new(false);
    let held = AtomicUsize::new(0);
    let well = std::thread::scope(|s| {
        // Every worker is held, so the next call has its caller alone.
        s.spawn(|| {
            parallel(4, 4, &|_| {
                held.fetch_add(1, Ordering::SeqCst);
                while !gate.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            })
        });
        while held.load(Ordering::SeqCst) < 4 {
            std::thread::yield_now();
        }
        let done: Vec<AtomicUsize> = (0..50).map(|_| AtomicUsize::new(0)).collect();
        let child = AtomicUsize::new(0);
        let end = parallel(50, 4, &|i| {
            if i == 20 {
                // SAFETY: the child returns from the task, which is what is tested.
                let pid = unsafe { libc::fork() };
                child.store(pid.unsigned_abs() as usize, Ordering::SeqCst);
            }
            done[i].fetch_add(1, Ordering::SeqCst);
        });
        if std::process::id() != parent {
            in_child(|| {
                end.is_ok() && done.iter().all(|d| d.load(Ordering::SeqCst) == 1) && computes()
            });
        }
        gate.store(true, Ordering::SeqCst);
        end.is_ok() && Child(child.into_inner() as libc::pid_t).ends_well()
    });
    assert!(well);
}

#[test]
fn a_child_that_returns_from_the_task_amid_others_gets_an_error_or_ends() {
    run("returns-amid", &[]);
}

fn returns_amid() {
    let parent = std::process::id();
    let caller = std::thread::current().id();
    for by_caller in [true, false] {
        let here = AtomicUsize::new(0);
        let child = AtomicUsize::new(0);
        let end = parallel(2, 2, &|_| {
            here.fetch_add(1, Ordering::SeqCst);
            while here.load(Ordering::SeqCst) < 2 {
                std::thread::yield_now();
            }
            if (std::thread::current().id() == caller) == by_caller {
                // SAFETY: the child returns from the task, which is what is tested.
                let pid = unsafe { libc::fork() };
                child.store(pid.unsigned_abs() as usize, Ordering::SeqCst);
                here.fetch_add(1, Ordering::SeqCst);
            }
            // The other one is still at work when it happens.
            while here.load(Ordering::SeqCst) < 3 {
                std::thread::yield_now();
            }
        });
        if std::process::id() != parent {
            in_child(|| {
                by_caller
                    && matches!(&end, Err(Error::Threads(what)) if what.contains("forked"))
                    && computes()
            });
        }
        assert!(end.is_ok());
        let status = Child(child.into_inner() as libc::pid_t).status();
        // A helper has nowhere to return to: the child says so and ends with 1.
        let wanted = if by_caller { 0 } else { 1 << 8 };
        assert_eq!(status, Some(wanted), "by the caller: {by_caller}");
    }
    assert!(computes());
}

#[test]
fn a_child_inherits_the_settings() {
    run("settings", &[("LANEFN_NUM_THREADS", "5")]);
}

fn settings() {
    assert_eq!(num_threads().unwrap(), 5);
    assert!(fork(|| num_threads().unwrap() == 5).ends_well());
    set_num_threads(3).unwrap();
    with_num_threads(7, || assert!(fork(|| num_threads().unwrap() == 7).ends_well())).unwrap();
    assert!(
        fork(|| {
            let inherited = num_threads().unwrap() == 3;
            set_num_threads(2).unwrap();
            inherited && num_threads().unwrap() == 2
        })
        .ends_well()
    );
    assert_eq!(num_threads().unwrap(), 3);
}

/// The second mark of a process: a child that the at-fork handlers never saw.
#[test]
fn a_child_made_behind_the_c_library_has_a_pool_of_its_own() {
    run("behind-libc", &[]);
}

fn behind_libc() {
    assert!(computes_right(100, 4));
    // SAFETY: a fork without the C library's handlers, while no other thread holds its locks (the
    // pool sleeps and the test harness waits); the child ends by `_exit`.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) } as libc::pid_t;
    let child = match pid {
        0 => {
            in_child(|| thread_report().unwrap().started == 0 && computes_right(100, 4) && meet(3))
        }
        pid => Child(pid),
    };
    assert!(child.ends_well());
}
