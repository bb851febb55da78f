//! Functions of one element, run as branchless SIMD kernels over whole arrays.
mod catalogue;
pub use lanefn_compiler::dtype;
pub mod error;
pub mod execute;
mod iterate;
pub mod status;
pub mod ufunc;

pub use catalogue::{catalogue, find};
pub use error::{Error, Result};
pub use execute::recycle::{Recycling, recycled_bytes, set_recycled_bytes};
pub use execute::{
    Code, Options, interruptible, limits, num_threads, replace_num_threads, set_num_threads,
    thread_report, with_num_threads,
};
pub use lanefn_compiler as compiler;
pub use lanefn_kernels as kernels;
pub use lanefn_kernels::level::Level;
pub use lanefn_kernels::math;
pub use lanefn_macros::ufunc;
pub use ufunc::{
    CacheInfo, Catalogue, Compiled, RawInput, RawOutput, Scalar, Ufunc, Untyped, cache_info,
};

/// What most users of the crate want in scope.
pub mod prelude {
    pub use crate::ufunc::Call as _;
}
