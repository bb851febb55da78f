//! Knowing that this process is the child of a `fork`.
//!
//! A forked child has a copy of all memory and one thread. So whatever depends on other threads is
//! dead in it: the pool's workers, and any lock that another thread held. The rule here is that
//! such state is *keyed* by the process it was made in ([`key`]) and that a child, finding another
//! key, leaves it alone (never joins, drops or locks it) and makes its own.
//!
//! Two independent marks make the key: a generation, which an at-fork handler advances in the
//! child, and the process id, for children made behind the C library's back.
//!
//! What is no such state is inherited: the settings, and the variables if the parent had read them.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);
static WATCHING: AtomicBool = AtomicBool::new(false);

/// How many forks lie between this process and the one that first called [`watch`].
/// One load; for a check after every task.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// What tells this process from its parents and children. Costs a system call (`getpid`).
pub(crate) fn key() -> u64 {
    (u64::from(generation()) << 32) | u64::from(std::process::id())
}

/// From now on forks are counted. Call it before the first thing keyed by [`key`] is made.
pub(crate) fn watch() {
    if WATCHING.load(Ordering::Acquire) {
        return;
    }
    // Two threads that come here together both register, and the generation advances by two at
    // a time. That is as good, and no thread waits for another.
    #[cfg(unix)]
    {
        // SAFETY: the handlers are `extern "C"` functions without arguments that live as long as
        // this code. Failure (no memory) leaves the process id as the only mark, so the result is
        // of no use.
        unsafe { libc::pthread_atfork(Some(before), None, Some(in_child)) };
    }
    WATCHING.store(true, Ordering::Release);
}

/// rayon's deques reach one `Once` of the whole process: the collector of crossbeam-epoch, filled by
/// the first worker that steals. Forked while it is being filled, it would stay so in the child and
/// stop every worker there. The thread that forks makes sure here that it is filled: at worst it
/// fills it or waits, a microsecond, for a thread that is not waiting for anything itself.
#[cfg(unix)]
extern "C" fn before() {
    crossbeam_epoch::default_collector();
}

#[cfg(unix)]
extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
