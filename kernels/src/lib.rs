//! Lanes, elementary functions and inner loops of `lanefn`. Knows slices, not shapes of arrays.
extern crate self as lanefn_kernels;

pub mod cast;
pub mod fold;
pub mod lanes;
pub mod level;
pub mod loops;
pub mod math;
#[doc(hidden)]
pub mod ops;
pub mod problem;

pub use lanefn_macros::ufunc;
