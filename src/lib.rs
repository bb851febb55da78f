//! Functions of one element, run as branchless SIMD kernels over whole arrays.
pub mod error;
pub mod execute;

pub use error::{Error, Result};
pub use execute::{num_threads, set_num_threads, thread_report, with_num_threads};
pub use lanefn_kernels as kernels;
pub use lanefn_macros::ufunc;
