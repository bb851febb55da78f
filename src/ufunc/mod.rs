//! Functions over whole arrays: [`Ufunc`] for `ndarray`, and under it [`Untyped`], which knows pointers,
//! shapes, strides and dtypes.

mod arguments;
mod typed;
mod untyped;

pub use arguments::{Argument, Arguments, ArraysOf, InPlace, Outputs, Results};
pub use typed::{Call, Ufunc};
pub use untyped::{RawInput, RawOutput, Untyped};
