//! What one case may take, and what is said of it.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    collections::BTreeMap,
    time::Duration,
};

/// One case.
#[derive(Default)]
pub struct Case {
    /// Whether it is described before it is run.
    pub show: bool,
    /// How often things came up, if anybody counts.
    pub seen: Option<BTreeMap<String, u64>>,
}

impl Case {
    pub fn say(&self, what: impl FnOnce() -> String) {
        if self.show {
            println!("{}", what());
        }
    }

    /// Counts something that came up.
    pub fn saw(&mut self, what: impl FnOnce() -> String) {
        if let Some(seen) = &mut self.seen {
            *seen.entry(what()).or_default() += 1;
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

/// The system's memory, counted, of which a thread gets only so much.
pub struct Counted;

/// One case never needs that much.
const ALL: isize = 1 << 30;

/// Counts bytes that a thread gets, if it may have them. One that ends counts no longer.
fn may_have(more: isize) -> bool {
    let count = |live: &Cell<isize>| {
        let now = live.get() + more;
        if more > 0 && now > ALL {
            return false;
        }
        live.set(now);
        let _ = MOST.try_with(|most| most.set(most.get().max(now)));
        true
    };
    LIVE.try_with(count).unwrap_or(true)
}

// SAFETY: the system's allocator, asked for what is asked for here; or nothing, which a null pointer says.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !may_have(layout.size() as isize) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        may_have(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !may_have(size as isize - layout.size() as isize) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, size) }
    }
}
