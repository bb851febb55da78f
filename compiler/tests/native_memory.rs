//! Where machine code stands: never in memory that can be written, and nowhere if the system says no.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod common;

use common::there_is_code;
use lanefn_compiler::{
    Graph,
    dtype::Dtype,
    native::{self, Code, Unsupported},
};
use lanefn_kernels::{lanes::traced::Operation, level::Level, loops::Input};

/// `x + n`.
fn plus(n: f64) -> Graph {
    let mut graph = Graph::new();
    let x = graph.input_of("x", Dtype::F64);
    let n = graph.lit(n);
    let sum = graph.apply(Operation::Add, Dtype::F64, &[x, n]);
    graph.output(sum);
    graph
}

fn run(code: &Code, x: f64) -> f64 {
    let mut out = 0.0;
    let input = Input { at: (&raw const x).cast(), scalar: false };
    // SAFETY: there was code, so the level is present; one element of each operand, of its dtype.
    unsafe { code.run(&[input], &[(&raw mut out).cast()], 1) };
    out
}

#[test]
fn no_page_is_ever_writable_and_executable() {
    if !there_is_code() {
        return;
    }
    let mut codes = Vec::new();
    for n in 0..2000 {
        codes.push((n, native::compile(&plus(f64::from(n)), Level::Avx2).expect("code")));
        if n % 3 == 0 {
            codes.remove(codes.len() / 2);
        }
        if n % 100 == 0 {
            let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
            let mut ours = 0;
            for line in maps.lines() {
                let may = line.split(' ').nth(1).expect("permissions");
                assert!(!(may.contains('w') && may.contains('x')), "{line}");
                if line.contains("memfd:lanefn") {
                    assert_eq!(&may[..3], "r-x", "{line}");
                    ours += 1;
                }
            }
            assert!(ours > 0, "there is code, and none of the pages is it:\n{maps}");
        }
    }
    for (n, code) in &codes {
        assert_eq!(run(code, 0.5), f64::from(*n) + 0.5);
    }
}

#[test]
fn memory_is_given_back() {
    if !there_is_code() {
        return;
    }
    // In a process of its own, where nobody else makes code; on a thread, whose file goes with it.
    let status = in_child(|| {
        let mapped = || {
            let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
            maps.lines().filter(|line| line.contains("memfd:lanefn")).count()
        };
        let before = mapped();
        let make = || {
            let make = |n| native::compile(&plus(f64::from(n)), Level::Avx2).expect("code");
            (0..1000).map(make).collect::<Vec<Code>>()
        };
        let many = std::thread::spawn(make).join().expect("a thread");
        let with = mapped();
        drop(many);
        with > before && mapped() == before
    });
    assert_eq!(status, 0);
}

#[test]
fn threads_run_one_function_at_once() {
    if !there_is_code() {
        return;
    }
    let code = native::compile(&plus(2.0), Level::Avx2).expect("code");
    std::thread::scope(|scope| {
        for t in 0..4 {
            let code = &code;
            scope.spawn(move || {
                for i in 0..10_000 {
                    let x = f64::from(t * 10_000 + i);
                    assert_eq!(run(code, x), x + 2.0);
                }
            });
        }
    });
}

/// What a child process returns: 0 if the function holds there.
fn in_child(holds: impl FnOnce() -> bool) -> i32 {
    // SAFETY: the child computes, allocates and leaves; no other thread holds what it needs.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0, "fork: {}", std::io::Error::last_os_error());
        if child == 0 {
            let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(holds));
            libc::_exit(if held.unwrap_or(false) { 0 } else { 1 });
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &mut status, 0), child);
        if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -status }
    }
}

#[test]
fn a_child_runs_what_was_there_and_makes_its_own() {
    if !there_is_code() {
        return;
    }
    let old = native::compile(&plus(2.0), Level::Avx2).expect("code");
    let status = in_child(|| {
        let new = native::compile(&plus(3.0), Level::Avx2).expect("code");
        run(&old, 1.0) == 3.0 && run(&new, 1.0) == 4.0
    });
    assert_eq!(status, 0);
    // What the child wrote did not come where the parent's next function is.
    let next = native::compile(&plus(5.0), Level::Avx2).expect("code");
    assert_eq!((run(&old, 1.0), run(&next, 1.0)), (3.0, 6.0));
}

/// From here on, this process is refused executable memory, as a system's policy would.
fn refuse_executable_memory() -> bool {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let says = |code, k, yes, no| libc::sock_filter { code, jt: yes, jf: no, k };
    // The number of the call, then the lower half of its third argument.
    let mut filter = [
        says(LOAD, 0, 0, 0),
        says(EQUAL, libc::SYS_mmap as u32, 1, 0),
        says(EQUAL, libc::SYS_mprotect as u32, 0, 3),
        says(LOAD, 16 + 2 * 8, 0, 0),
        says(ANY_BIT, libc::PROT_EXEC as u32, 0, 1),
        says(RETURN, libc::SECCOMP_RET_ERRNO | libc::EACCES as u32, 0, 0),
        says(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program lives until the call is over.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    }
}

#[test]
fn where_executable_memory_is_refused_there_is_an_error() {
    if !there_is_code() {
        return;
    }
    let status = in_child(|| {
        if !refuse_executable_memory() {
            return false;
        }
        // On a thread that has no file yet.
        std::thread::spawn(|| match native::compile(&plus(2.0), Level::Avx2) {
            Err(Unsupported::Memory(error)) => error.raw_os_error() == Some(libc::EACCES),
            _ => false,
        })
        .join()
        .is_ok_and(|refused| refused)
    });
    assert_eq!(status, 0);
}
