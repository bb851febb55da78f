//! The functions, as the program sees them: the catalogue, and a call on one tile.

use lanefn::{Options, RawInput, RawOutput, Result, Untyped};

use crate::stream::Part;

/// Every function, in the catalogue's order.
pub fn functions() -> &'static [Untyped] {
    lanefn::catalogue()
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Untyped> {
    functions().iter().find(|f| f.name == name)
}

/// Computes one tile.
///
/// # Safety
/// Each part lies in live memory as it says, for every index of `shape`; the outputs' parts are
/// disjoint from each other and from the inputs', and nobody else writes or reads them.
pub unsafe fn call(
    function: &Untyped,
    shape: &[usize],
    inputs: &[Part],
    outputs: &[Part],
    options: Options,
) -> Result<()> {
    let inputs: Vec<_> = inputs
        .iter()
        .map(|p| RawInput { ptr: p.ptr, shape, strides: &p.strides, dtype: p.dtype })
        .collect();
    let outputs: Vec<_> = outputs
        .iter()
        .map(|p| RawOutput { ptr: p.ptr, shape, strides: &p.strides, dtype: p.dtype })
        .collect();
    // SAFETY: the caller's promise. A mapped file may be changed by somebody else meanwhile: its
    // numbers are then old or new, and any bits are a number.
    unsafe { function.call_raw(&inputs, None, &outputs, options) }
}
