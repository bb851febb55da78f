//! Threads, and the limits that the system sets.
//!
//! `parallel` is the only function that enters parallel code. Nothing starts before it is called
//! with more than one task and more than one thread; the pool behind it survives `fork` by
//! being forgotten (`pool.rs` and `fork.rs` say how).

mod code;
pub(crate) mod floats;
pub(crate) mod fork;
pub(crate) mod interrupt;
pub mod limits;
pub(crate) mod mapped;
pub(crate) mod memory;
mod pool;
pub mod recycle;
pub(crate) mod reduce;
pub(crate) mod run;
mod threads;

#[doc(hidden)]
pub use code::Code;
pub use interrupt::interruptible;
pub use pool::parallel;
pub(crate) use pool::parallel_watched;
pub use run::Options;
pub(crate) use threads::check_threads;
pub use threads::{
    CountSource, Refusal, ThreadReport, num_threads, replace_num_threads, set_num_threads,
    thread_report, with_num_threads,
};
