//! Stopping a long call on the way.
//!
//! A program whose signals wait for its own main loop (Python's do) gives a question that is asked now and
//! then, on the calling thread, between two pieces of the work, in the loops of functions made at run time,
//! and while other threads finish theirs; if the answer is yes, no further piece is begun on any thread, and
//! those loops are left.

use std::{
    cell::Cell,
    panic::catch_unwind,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread::ThreadId,
    time::{Duration, Instant},
};

use crate::error::{Error, Result};

/// How often it is asked.
pub(super) const EVERY: Duration = Duration::from_millis(50);

thread_local! {
    static ASK: Cell<Option<fn() -> bool>> = const { Cell::new(None) };
}

/// Runs `f`, during which long calls of this thread ask, some times in a second, whether to stop. A call
/// that stops gives [`Error::Interrupted`]; what it had written by then stays written. To panic is to say
/// yes.
pub fn interruptible<R>(ask: fn() -> bool, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<fn() -> bool>);
    impl Drop for Restore {
        fn drop(&mut self) {
            ASK.set(self.0);
        }
    }
    let _restore = Restore(ASK.replace(Some(ask)));
    f()
}

/// The question during one call.
pub(crate) struct Watch {
    ask: fn() -> bool,
    caller: ThreadId,
    stopped: AtomicBool,
    begun: Instant,
    /// How many times [`EVERY`] had passed when it was asked last.
    asked: AtomicU64,
}

impl Watch {
    /// If this thread has a question.
    pub(crate) fn begin() -> Option<Watch> {
        let ask = ASK.get()?;
        Some(Watch {
            ask,
            caller: std::thread::current().id(),
            stopped: AtomicBool::new(false),
            begun: Instant::now(),
            asked: AtomicU64::new(0),
        })
    }

    /// Whether to go on with another piece.
    pub(crate) fn go_on(&self) -> bool {
        if self.is_stopped() {
            return false;
        }
        let turn = (self.begun.elapsed().as_millis() / EVERY.as_millis()) as u64;
        if turn == self.asked.load(Ordering::Relaxed) || std::thread::current().id() != self.caller
        {
            return true;
        }
        self.asked.store(turn, Ordering::Relaxed);
        // Machine code may be around this, through which nothing unwinds.
        if catch_unwind(self.ask).unwrap_or(true) {
            self.stopped.store(true, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Runs a piece of the work, whose loops are left once the answer is yes.
    pub(crate) fn during<R>(&self, work: impl FnOnce() -> R) -> R {
        lanefn_compiler::asking(&|| !self.go_on(), work)
    }

    /// Whether the answer was yes. Nobody is asked.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// # Errors
    /// [`Error::Interrupted`] if the work was not finished.
    pub(crate) fn end(&self) -> Result<()> {
        match self.is_stopped() {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }
}

/// [`Watch::during`], if there is one.
pub(crate) fn watched<R>(watch: Option<&Watch>, work: impl FnOnce() -> R) -> R {
    match watch {
        Some(watch) => watch.during(work),
        None => work(),
    }
}
