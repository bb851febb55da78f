//! Functions over whole arrays: [`Ufunc`] for `ndarray`, and under it [`Untyped`], which knows pointers,
//! shapes, strides and dtypes.

mod arguments;
mod cache;
mod compiled;
mod methods;
mod order;
mod reduction;
mod typed;
mod typed_methods;
mod untyped;

pub use arguments::{
    Argument, Arguments, ArraysOf, InPlace, Literal, Outputs, Results, Weak, weak,
};
pub use cache::{CacheInfo, cache_info};
pub use compiled::{Catalogue, Compiled};
pub use methods::{Initial, Reducing};
pub use order::MemoryOrder;
pub use reduction::{Order, Reduction, Scalar, Special};
pub use typed::{Call, Ufunc};
pub use untyped::{RawInput, RawOutput, Untyped};
