//! What one case may take, and what is said of it.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    time::Duration,
};

/// One case.
#[derive(Default)]
pub struct Case {
    /// Whether it is described before it is run.
    pub show: bool,
}

impl Case {
    pub fn say(&self, what: impl FnOnce() -> String) {
        if self.show {
            println!("{}", what());
        }
    }
}

/// Runs something, and says if it took more than so much memory or time of the CPU.
pub fn within<T>(
    what: &str,
    bytes: usize,
    time: Duration,
    run: impl FnOnce() -> T,
) -> Result<T, String> {
    let before = LIVE.get();
    MOST.set(before);
    let begun = cpu_time();
    let given = run();
    let took = cpu_time().saturating_sub(begun);
    let most = MOST.get() - before;
    if most > bytes as isize {
        return Err(format!("{what} took {most} bytes, more than {bytes}"));
    }
    if took > time {
        return Err(format!("{what} took {took:?}, more than {time:?}"));
    }
    Ok(given)
}

/// The time that this thread has run; others may keep it waiting.
#[cfg(unix)]
fn cpu_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes the time to where it is told to.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[cfg(not(unix))]
fn cpu_time() -> Duration {
    static BEGUN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGUN.get_or_init(std::time::Instant::now).elapsed()
}

thread_local! {
    /// Bytes that this thread has, and the most that it has had.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// The system's memory, counted, of which there is only so much.
pub struct Counted;

/// One case never needs that much.
const ALL: usize = 2 << 30;

fn count(more: isize) {
    // A thread that ends counts no longer.
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + more);
        let _ = MOST.try_with(|most| most.set(most.get().max(live.get())));
    });
}

// SAFETY: the system's allocator, asked for what is asked for here.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > ALL {
            return std::ptr::null_mut();
        }
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > ALL {
            return std::ptr::null_mut();
        }
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, size) }
    }
}
