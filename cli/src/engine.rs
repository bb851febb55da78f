//! The functions, as the program sees them: the catalogue, and a call on one tile.

use lanefn::{
    Options, RawInput, RawOutput, Untyped,
    compiler::{text::Reduction, value::Value},
    dtype::{Dtype, Kind, Type, kind},
};

use crate::{
    Failure,
    stream::{Part, Whole},
};

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

/// What a function gives for operands without axes: one value for each output.
pub fn values(
    function: &Untyped,
    inputs: &[Whole],
    options: Options,
) -> lanefn::Result<Vec<Value>> {
    let types: Vec<Type> = inputs.iter().map(|i| i.dtype().into()).collect();
    let code = function.resolve(&types, &[], options.casting)?;
    let mut bits = vec![0u64; code.outputs().len()];
    let outputs: Vec<RawOutput> =
        bits.iter_mut().zip(code.outputs()).map(|(bits, &dtype)| place(bits, dtype)).collect();
    let inputs: Vec<RawInput> = inputs.iter().map(Whole::operand).collect();
    // SAFETY: the inputs lie in memory as they say, and each output has 8 bytes of its own, aligned for
    // any dtype.
    unsafe { function.call_code(&code, &inputs, None, &outputs, options) }?;
    Ok(bits.iter().zip(code.outputs()).map(|(&bits, &dtype)| value(bits, dtype)).collect())
}

/// The dtype in which a reduction goes over elements of a dtype, if that is to be said; and what it gives.
fn fold(
    reduction: Reduction,
    join: &Untyped,
    of: Dtype,
    options: Options,
) -> lanefn::Result<(Option<Dtype>, Dtype)> {
    // As NumPy: the mean of integers is that of their f64.
    let through = (reduction == Reduction::Mean && kind(of) != Kind::Float).then_some(Dtype::F64);
    Ok((through, join.fold_loop("reduce", of, through, options)?.outputs()[0]))
}

/// The dtype of what a reduction makes of elements of a dtype.
pub fn reduced_dtype(reduction: Reduction, of: Dtype) -> Result<Dtype, Failure> {
    Ok(fold(reduction, named(reduction.function())?, of, Options::default())?.1)
}

/// What a reduction makes of the elements that a function gives, in C order.
pub fn reduced(
    reduction: Reduction,
    function: &Untyped,
    inputs: &[Whole],
    elements: usize,
    options: Options,
) -> Result<Value, Failure> {
    let join = named(reduction.function())?;
    let types: Vec<Type> = inputs.iter().map(|i| i.dtype().into()).collect();
    let of = function.resolve(&types, &[], options.casting)?.outputs()[0];
    let (through, dtype) = fold(reduction, join, of, options)?;
    let mut bits = 0u64;
    let inputs: Vec<RawInput> = inputs.iter().map(Whole::operand).collect();
    let output = place(&mut bits, dtype);
    // SAFETY: the inputs lie in memory as they say, and the output has 8 bytes, aligned for any dtype.
    unsafe { join.reduce_mapped_raw(function, &inputs, output, through, options) }?;
    let total = value(bits, dtype);
    Ok(match (reduction, total.cast(Dtype::F64).get::<f64>()) {
        (Reduction::Mean, Some(sum)) => Value::of(sum / elements as f64).cast(dtype),
        _ => total,
    })
}

/// Eight bytes as an output without axes.
fn place(bits: &mut u64, dtype: Dtype) -> RawOutput<'static> {
    RawOutput { ptr: (&raw mut *bits).cast(), shape: &[], strides: &[], dtype }
}

/// The element that was written at the beginning of eight bytes.
fn value(bits: u64, dtype: Dtype) -> Value {
    let shift = if cfg!(target_endian = "big") { 64 - 8 * dtype.size() } else { 0 };
    Value::from_bits(dtype, bits >> shift)
}

/// The bytes of an element, as this machine orders them.
pub fn bytes(value: &Value) -> Vec<u8> {
    let size = value.dtype().size();
    let start = if cfg!(target_endian = "big") { 8 - size } else { 0 };
    value.bits().to_ne_bytes()[start..start + size].to_vec()
}
