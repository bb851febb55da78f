//! Functions of one element, run as branchless SIMD kernels over whole arrays.
pub mod error;

pub use error::{Error, Result};
pub use lanefn_kernels as kernels;
pub use lanefn_macros::ufunc;
