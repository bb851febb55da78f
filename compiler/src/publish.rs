//! A value made once and published without a lock.

use std::{ptr, sync::atomic::AtomicPtr, sync::atomic::Ordering};

/// What a `OnceLock` is, without the lock: threads that come first together may each make a value,
/// one is published for good and the others are dropped.
///
/// A `fork` copies a `OnceLock` that another thread is filling as "being filled" for ever, and the
/// child waits for ever; this cell is empty or full at any moment.
#[derive(Debug, Default)]
pub struct Published<T>(AtomicPtr<T>);

impl<T: Send + Sync> Published<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        Published(AtomicPtr::new(ptr::null_mut()))
    }

    /// The value, made by `make` if there is none yet.
    pub fn get_or(&self, make: impl FnOnce() -> T) -> &T {
        let mut here = self.0.load(Ordering::Acquire);
        if here.is_null() {
            let mine = Box::into_raw(Box::new(make()));
            here = match self.0.compare_exchange(
                ptr::null_mut(),
                mine,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => mine,
                Err(theirs) => {
                    // SAFETY: `mine` is from `Box::into_raw` above and was not published, so this
                    // is the only pointer to it.
                    drop(unsafe { Box::from_raw(mine) });
                    theirs
                }
            };
        }
        // SAFETY: not null; only pointers from `Box::into_raw` are stored, once, and what they
        // point to is freed with the cell and not borrowed mutably before. The Acquire loads pair with
        // the Release of the exchange, so the value is seen whole.
        unsafe { &*here }
    }
}

impl<T> Drop for Published<T> {
    fn drop(&mut self) {
        let here = *self.0.get_mut();
        if !here.is_null() {
            // SAFETY: from `Box::into_raw`, and nobody borrows the value from a cell that goes.
            drop(unsafe { Box::from_raw(here) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_wins_whoever_comes_first() {
        static CELL: Published<usize> = Published::new();
        let seen: Vec<usize> = std::thread::scope(|s| {
            let threads: Vec<_> = (0..8).map(|i| s.spawn(move || *CELL.get_or(|| i))).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(seen.iter().all(|&v| v == seen[0]), "{seen:?}");
        assert_eq!(*CELL.get_or(|| 99), seen[0]);
    }
}
