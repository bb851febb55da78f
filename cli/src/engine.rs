//! The functions, as the program sees them: the catalogue, and a call on one tile.

use lanefn::{Options, RawInput, RawOutput, Untyped};

use crate::{Failure, stream::Part};

/// Every function, in the catalogue's order.
pub fn functions() -> &'static [Untyped<'static>] {
    lanefn::catalogue()
}

/// The function of this name or alias, or an error that names those like it.
pub fn named(name: &str) -> Result<&'static Untyped<'static>, Failure> {
    if let Some(function) = lanefn::find(name) {
        return Ok(function);
    }
    let mut near: Vec<(f64, &str)> = functions()
        .iter()
        .flat_map(|f| std::iter::once(f.name).chain(f.aliases.iter().copied()))
        .map(|known| (strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase()), known))
        .filter(|(score, _)| *score > 0.75)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<_> = near.iter().take(3).map(|n| n.1).collect();
    let hint = if names.is_empty() {
        "`lanefn list` shows what there is".to_string()
    } else {
        format!("did you mean {}?", names.join(" or "))
    };
    Err(Failure::Usage(format!("there is no function {name:?}; {hint}")))
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
) -> lanefn::Result<()> {
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
