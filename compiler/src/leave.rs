//! Leaving loops on the way.
//!
//! A loop goes round for as long as its elements say, which may be for ever. So whoever runs a function may
//! give a question, and loops ask it after so many turns. After a yes every loop ends after its first turn:
//! what is computed then is worth nothing, but it is computed soon.

use std::cell::Cell;

/// A question, whose borrow [`asking`] looks after.
type Question = *const dyn Fn() -> bool;

thread_local! {
    /// The question, and the turns between two times that it is asked at most.
    static QUESTION: Cell<Option<(Question, usize)>> = const { Cell::new(None) };
    /// Turns until it is asked.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Runs `work`, during which loops on this thread ask whether to stop, many times in a second. Once the
/// answer is yes it should stay so.
///
/// The question must not panic: there may be machine code between it and the caller, through which nothing
/// unwinds, so the process would end.
pub fn asking<R>(question: &dyn Fn() -> bool, work: impl FnOnce() -> R) -> R {
    asking_every(usize::MAX, question, work)
}

/// [`asking`] after so many turns at most, 2 or more. For tests.
#[doc(hidden)]
pub fn asking_every<R>(turns: usize, question: &dyn Fn() -> bool, work: impl FnOnce() -> R) -> R {
    struct Restore(Option<(Question, usize)>);
    impl Drop for Restore {
        fn drop(&mut self) {
            QUESTION.set(self.0);
            LEFT.set(usize::MAX);
        }
    }
    // SAFETY: only the lifetime is changed. The pointer is followed on this thread alone, and not after
    // `_restore` is dropped, before which the borrow does not end.
    let question =
        unsafe { std::mem::transmute::<&dyn Fn() -> bool, &'static dyn Fn() -> bool>(question) };
    let turns = turns.max(2);
    let _restore = Restore(QUESTION.replace(Some((question, turns))));
    LEFT.set(turns);
    work()
}

/// Runs loops, which are to ask after as many turns as they are given, and then after `most` each time. They
/// give back how many are left: at least 1, as they were given.
pub(crate) fn counted(most: usize, run: impl FnOnce(usize) -> usize) {
    let left = LEFT.get().min(most);
    LEFT.set(run(left));
}

/// Asks, and gives the turns until it is to be asked again: `most`, or 1 if loops are to be left.
pub(crate) fn ask(most: usize) -> usize {
    // What the question runs itself has none.
    let Some((question, turns)) = QUESTION.take() else { return most };
    // SAFETY: `asking` takes it away before the borrow ends.
    let stop = unsafe { (*question)() };
    QUESTION.set(Some((question, turns)));
    if stop { 1 } else { most.min(turns) }
}
