//! A function over files, a tile at a time.
//!
//! The output is cut into tiles, boxes of a few MiB that lie in one piece in every file wherever that is
//! possible. For each tile the inputs are mapped (or, where their bytes can't be computed on as they
//! lie, copied), the function runs into a buffer, and the buffer is written. Memory stays bounded
//! whatever the files' size.

use lanefn::{Error, RawInput, Result, kernels::lanes::Dtype};
use memmap2::MmapMut;

use crate::{
    input::Input,
    npy::{Header, Order},
    output::Output,
    stop,
};

/// Bytes of the widest operand's part in one tile. Smaller than a last-level cache, so that what was
/// computed is still there when it is written; large enough that a tile's fixed cost is nothing.
const TILE: usize = 4 << 20;

/// An operand's part in one tile: where it lies, and how many bytes apart its elements are along each
/// axis of the tile (0 where it is broadcast).
#[derive(Clone, Debug)]
pub struct Part {
    /// The first element.
    pub ptr: *mut u8,
    /// One for each axis of the tile.
    pub strides: Vec<isize>,
    /// The type of an element.
    pub dtype: Dtype,
}

/// How files are put through a function.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// The shape that the inputs broadcast to.
    pub shape: Vec<usize>,
    /// The order of the outputs: Fortran if it is the order of every input in which it shows.
    pub order: Order,
    /// The same shape with the axes in the order of the output's memory, slowest first.
    axes: Vec<usize>,
    /// The tile's shape, along `axes`.
    tile: Vec<usize>,
    /// For each input, the strides in bytes along `axes`.
    strides: Vec<Vec<isize>>,
}

impl Plan {
    /// The plan for these inputs, and outputs of these dtypes.
    pub fn new(inputs: &[&Header], outputs: &[Dtype]) -> Result<Plan> {
        let shape = broadcast(inputs)?;
        let dtypes = inputs.iter().map(|h| h.dtype).chain(outputs.iter().copied());
        let widest = dtypes.max_by_key(|d| d.size()).unwrap_or(Dtype::U8);
        let ndim = shape.len();
        let shows = |h: &Header| h.shape.iter().filter(|&&n| n > 1).count() > 1;
        let mut ordered = inputs.iter().filter(|h| shows(h)).peekable();
        let order = if ordered.peek().is_some() {
            if ordered.all(|h| h.order == Order::Fortran) { Order::Fortran } else { Order::C }
        } else if !inputs.is_empty() && inputs.iter().all(|h| h.order == Order::Fortran) {
            Order::Fortran
        } else {
            Order::C
        };
        let bytes = shape
            .iter()
            .filter(|&&n| n != 0)
            .try_fold(widest.size(), |product, &n| product.checked_mul(n))
            .filter(|&n| isize::try_from(n).is_ok());
        if bytes.is_none() {
            return Err(Error::TooLarge {
                shape,
                dtype: widest,
                why: "its bytes are more than can be counted".to_string(),
            });
        }
        let mut axes = shape.clone();
        let mut strides: Vec<Vec<isize>> = inputs
            .iter()
            .map(|h| {
                let own = h.strides();
                let missing = ndim - own.len();
                let of = |axis: usize| match axis.checked_sub(missing) {
                    Some(a) if h.shape[a] != 1 => own[a],
                    _ => 0,
                };
                (0..ndim).map(of).collect()
            })
            .collect();
        if order == Order::Fortran {
            axes.reverse();
            strides.iter_mut().for_each(|s| s.reverse());
        }
        // An input whose first axis is not its slowest wants tiles that are long along that axis too.
        let across = inputs.iter().any(|h| h.order != order && shows(h));
        let tile = tile(&axes, TILE / widest.size(), across);
        Ok(Plan { shape, order, axes, tile, strides })
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The shape that the inputs broadcast to.
fn broadcast(inputs: &[&Header]) -> Result<Vec<usize>> {
    let ndim = inputs.iter().map(|h| h.shape.len()).max().unwrap_or(0);
    let mut shape = vec![1; ndim];
    for (operand, h) in inputs.iter().enumerate() {
        let missing = ndim - h.shape.len();
        for (axis, &n) in h.shape.iter().enumerate() {
            let whole = &mut shape[missing + axis];
            if *whole == 1 {
                *whole = n;
            } else if n != 1 && n != *whole {
                return Err(Error::Broadcast {
                    operand,
                    shape: h.shape.clone(),
                    with: shape,
                    axis: h.shape.len() - 1 - axis,
                });
            }
        }
    }
    Ok(shape)
}

/// A tile of at most `most` elements. Grown from the last axis, so that it lies in one piece in a file
/// of the output's order; where some input lies `across`, from the first axis as well, in step.
fn tile(axes: &[usize], most: usize, across: bool) -> Vec<usize> {
    let mut tile = vec![1usize; axes.len()];
    if !across {
        let mut room = most;
        for (part, &n) in tile.iter_mut().zip(axes).rev() {
            *part = n.min(room).max(1);
            room /= *part;
            if *part < n {
                break;
            }
        }
        return tile;
    }
    loop {
        let size: usize = tile.iter().product();
        // Each end grows along its first axis that the tile does not span yet.
        let last = (0..axes.len()).rev().find(|&a| tile[a] < axes[a]);
        let first = (0..axes.len()).find(|&a| tile[a] < axes[a]);
        let (Some(last), Some(first)) = (last, first) else { return tile };
        if 2 * size > most {
            return tile;
        }
        let run = |axes: std::ops::Range<usize>| tile[axes].iter().product::<usize>();
        let axis = if run(last..axes.len()) <= run(0..first + 1) { last } else { first };
        tile[axis] = (2 * tile[axis]).min(axes[axis]);
    }
}

/// What computes one tile: it gets the tile's shape, the inputs' parts and the outputs' parts.
pub type Compute<'a> = dyn FnMut(&[usize], &[Part], &[Part]) -> Result<()> + 'a;

/// Puts the inputs through `function` into the outputs.
///
/// The parts that `function` gets lie in live memory as they say; those of the outputs are C-ordered,
/// page-aligned, and apart from all others. `progress` hears how many elements are done.
pub fn run(
    plan: &Plan,
    inputs: &mut [Input],
    outputs: &mut [Output],
    function: &mut Compute,
    progress: &mut dyn FnMut(usize),
) -> Result<Outcome> {
    if plan.elements() == 0 {
        return Ok(Outcome::Done);
    }
    let most: usize = plan.tile.iter().product();
    let mut buffers = Vec::new();
    for dtype in outputs.iter().map(|o| o.header().dtype) {
        buffers.push(buffer(&plan.tile, most, dtype)?);
    }
    // Copies are made only of inputs that can't be used as they lie, and made once.
    let mut copies: Vec<Option<MmapMut>> = Vec::new();
    for input in inputs.iter() {
        let h = input.header();
        let as_it_lies = lies_well(h) && h.dtype != Dtype::Bool;
        copies.push(if as_it_lies { None } else { Some(buffer(&plan.tile, most, h.dtype)?) });
    }
    let mut start = vec![0; plan.axes.len()];
    let mut done = 0;
    loop {
        if let Some(signal) = stop::asked() {
            return Ok(Outcome::Stopped(signal));
        }
        let shape: Vec<usize> = (start.iter().zip(&plan.tile).zip(&plan.axes))
            .map(|((&s, &t), &n)| t.min(n - s))
            .collect();
        let mut parts = Vec::with_capacity(inputs.len());
        for ((input, copy), strides) in inputs.iter_mut().zip(&mut copies).zip(&plan.strides) {
            parts.push(input_part(input, copy.as_mut(), strides, &start, &shape)?);
        }
        let results: Vec<Part> = (buffers.iter_mut().zip(outputs.iter()))
            .map(|(buffer, output)| {
                let dtype = output.header().dtype;
                Part { ptr: buffer.as_mut_ptr(), strides: contiguous(&shape, dtype), dtype }
            })
            .collect();
        function(&shape, &parts, &results)?;
        for input in inputs.iter() {
            input.check()?;
        }
        for (output, buffer) in outputs.iter_mut().zip(&buffers) {
            write_part(output, buffer, &plan.axes, &start, &shape)?;
        }
        done += shape.iter().product::<usize>();
        progress(done);
        // The next tile, the last axis fastest.
        let mut axis = plan.axes.len();
        loop {
            if axis == 0 {
                return Ok(Outcome::Done);
            }
            axis -= 1;
            start[axis] += plan.tile[axis];
            if start[axis] < plan.axes[axis] {
                break;
            }
            start[axis] = 0;
        }
    }
}

/// Whether elements can be read where they lie: in this machine's byte order, and aligned.
fn lies_well(h: &Header) -> bool {
    !h.swapped && h.data.is_multiple_of(h.dtype.size() as u64)
}

/// An input as one operand: from its first element to its last in memory.
pub struct Whole {
    shape: Vec<usize>,
    part: Part,
    /// Where the elements are, if they could not be read where they lie.
    _copy: Option<MmapMut>,
}

impl Whole {
    /// A file's elements: mapped, so that it may be larger than memory; or, where they can't be read as they
    /// lie, copied. What was read is to be believed only if [`Input::check`] says so afterwards, and the
    /// input is not to be mapped again before.
    pub fn new(input: &mut Input) -> Result<Whole> {
        let h = input.header().clone();
        if h.elements() == 0 {
            // Nothing is read there.
            let ptr = std::ptr::without_provenance_mut(h.dtype.size());
            let part = Part { ptr, strides: h.strides(), dtype: h.dtype };
            return Ok(Whole { shape: h.shape, part, _copy: None });
        }
        let mut copy = None;
        if !lies_well(&h) {
            let limit = lanefn::limits::memory().limit();
            if h.bytes() > limit {
                let why = format!(
                    "{} must be copied, because its byte order or place in the file is not this machine's, \
                     and there are {limit} bytes of memory",
                    input.path().display(),
                );
                return Err(Error::TooLarge { shape: h.shape, dtype: h.dtype, why });
            }
            copy = Some(buffer(&h.shape, h.elements(), h.dtype)?);
        }
        let start = vec![0; h.shape.len()];
        let part = input_part(input, copy.as_mut(), &h.strides(), &start, &h.shape)?;
        Ok(Whole { shape: h.shape, part, _copy: copy })
    }

    /// The element that every function without inputs of its own is given.
    pub fn nothing() -> Whole {
        static NOTHING: f64 = 0.0;
        let ptr = (&raw const NOTHING).cast_mut().cast();
        Whole { shape: vec![], part: Part { ptr, strides: vec![], dtype: Dtype::F64 }, _copy: None }
    }

    /// The type of an element.
    pub fn dtype(&self) -> Dtype {
        self.part.dtype
    }

    /// Where it lies.
    pub fn operand(&self) -> RawInput<'_> {
        let Whole { shape, part, .. } = self;
        RawInput { ptr: part.ptr, shape, strides: &part.strides, dtype: part.dtype }
    }
}

/// How a run ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All elements were computed and written.
    Done,
    /// This signal came first.
    Stopped(i32),
}

/// Memory for `elements` elements, page-aligned.
fn buffer(shape: &[usize], elements: usize, dtype: Dtype) -> Result<MmapMut> {
    MmapMut::map_anon(elements * dtype.size()).map_err(|e| Error::TooLarge {
        shape: shape.to_vec(),
        dtype,
        why: format!("no memory for a tile: {e}"),
    })
}

/// The strides in bytes of a C-ordered array.
fn contiguous(shape: &[usize], dtype: Dtype) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut step = dtype.size();
    for (stride, &n) in strides.iter_mut().zip(shape).rev() {
        *stride = step as isize;
        step *= n;
    }
    strides
}

/// One input's part in the tile of `shape` at `start`.
fn input_part(
    input: &mut Input,
    copy: Option<&mut MmapMut>,
    strides: &[isize],
    start: &[usize],
    shape: &[usize],
) -> Result<Part> {
    let (dtype, swapped) = (input.header().dtype, input.header().swapped);
    let size = dtype.size();
    // Strides of a file are never negative, so the first element comes first.
    let from: usize = start.iter().zip(strides).map(|(&s, &step)| s * step as usize).sum();
    let span: usize =
        shape.iter().zip(strides).map(|(&n, &step)| (n - 1) * step as usize).sum::<usize>() + size;
    // The part's own elements, each counted once.
    let own: Vec<usize> =
        shape.iter().zip(strides).map(|(&n, &step)| if step == 0 { 1 } else { n }).collect();
    let in_order = span == own.iter().product::<usize>() * size;
    let ptr = input.map(from as u64, span, in_order)?.cast_mut();
    let Some(copy) = copy else {
        return Ok(Part { ptr, strides: strides.to_vec(), dtype });
    };
    // SAFETY: `map` gave `span` readable bytes at `ptr`, which holds every element of the box `own`
    // with these strides; the input isn't touched again before the copy is done. The pages may
    // change under us if somebody writes to the file: the bytes are read once each, raw.
    unsafe { copy_box(ptr, &own, strides, dtype, swapped, &mut copy[..]) };
    let mut steps = contiguous(&own, dtype);
    steps.iter_mut().zip(strides).filter(|(_, s)| **s == 0).for_each(|(step, _)| *step = 0);
    Ok(Part { ptr: copy.as_mut_ptr(), strides: steps, dtype })
}

/// Copies a box of elements into C order, in this machine's byte order; a bool becomes 0 or 1.
///
/// # Safety
/// Every element `ptr + sum(index * strides)` of the box can be read.
unsafe fn copy_box(
    ptr: *const u8,
    shape: &[usize],
    strides: &[isize],
    dtype: Dtype,
    swapped: bool,
    to: &mut [u8],
) {
    let (&n, outer) = shape.split_last().unwrap_or((&1, &[]));
    let step = strides.last().copied().unwrap_or(0);
    let row_bytes = n * dtype.size();
    let mut index = vec![0; outer.len()];
    for row in to.chunks_exact_mut(row_bytes).take(outer.iter().product()) {
        let at: isize = index.iter().zip(strides).map(|(&i, &s)| i as isize * s).sum();
        // SAFETY: `at` is the offset of the row's first element, inside the box.
        let from = unsafe { ptr.offset(at) };
        // SAFETY: in each case the row's n elements, `step` apart, lie inside the box.
        unsafe {
            match (dtype.size(), swapped) {
                (1, _) if dtype == Dtype::Bool => {
                    copy_row::<1>(from, step, row, |[b]| [u8::from(b != 0)])
                }
                (1, _) => copy_row::<1>(from, step, row, |b| b),
                (2, false) => copy_row::<2>(from, step, row, |b| b),
                (4, false) => copy_row::<4>(from, step, row, |b| b),
                (_, false) => copy_row::<8>(from, step, row, |b| b),
                (2, true) => copy_row::<2>(from, step, row, reversed),
                (4, true) => copy_row::<4>(from, step, row, reversed),
                (_, true) => copy_row::<8>(from, step, row, reversed),
            }
        }
        for (i, &n) in index.iter_mut().zip(outer).rev() {
            *i += 1;
            if *i < n {
                break;
            }
            *i = 0;
        }
    }
}

#[inline(always)]
fn reversed<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    bytes.reverse();
    bytes
}

/// # Safety
/// The elements `from + i * step`, one for each N bytes of `row`, can be read.
#[inline(always)]
unsafe fn copy_row<const N: usize>(
    from: *const u8,
    step: isize,
    row: &mut [u8],
    change: impl Fn([u8; N]) -> [u8; N],
) {
    let cells = row.as_chunks_mut::<N>().0;
    if step == N as isize {
        for (i, cell) in cells.iter_mut().enumerate() {
            // SAFETY: as promised; an array of bytes has no alignment.
            *cell = change(unsafe { from.add(i * N).cast::<[u8; N]>().read() });
        }
    } else {
        for (i, cell) in cells.iter_mut().enumerate() {
            // SAFETY: as above.
            *cell = change(unsafe { from.offset(i as isize * step).cast::<[u8; N]>().read() });
        }
    }
}

/// Writes a tile's result where it belongs, in as few pieces as it lies in.
fn write_part(
    output: &mut Output,
    buffer: &[u8],
    axes: &[usize],
    start: &[usize],
    shape: &[usize],
) -> Result<()> {
    let dtype = output.header().dtype;
    let strides = contiguous(axes, dtype);
    // The axes from `whole` on are spanned, so a piece runs over them and along the axis before.
    let mut whole = axes.len();
    while whole > 0 && shape[whole - 1] == axes[whole - 1] {
        whole -= 1;
    }
    let outer = &shape[..whole.saturating_sub(1)];
    let piece = shape[outer.len()..].iter().product::<usize>() * dtype.size();
    let base: usize = start.iter().zip(&strides).map(|(&s, &step)| s * step as usize).sum();
    let mut index = vec![0; outer.len()];
    for bytes in buffer.chunks_exact(piece).take(outer.iter().product()) {
        let at: usize = index.iter().zip(&strides).map(|(&i, &s)| i * s as usize).sum();
        output.write((base + at) as u64, bytes)?;
        for (i, &n) in index.iter_mut().zip(outer).rev() {
            *i += 1;
            if *i < n {
                break;
            }
            *i = 0;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// A file with these bytes behind its header.
    fn write(path: &Path, header: &Header, data: &[u8]) {
        let mut bytes = header.to_bytes();
        bytes.extend(data);
        std::fs::write(path, bytes).expect("a temporary file can be written");
    }

    fn header(dtype: Dtype, order: Order, shape: &[usize]) -> Header {
        Header::new(dtype, order, shape)
    }

    fn plan_of(headers: &[Header], tile: Option<usize>) -> Result<Plan> {
        let mut plan = Plan::new(&headers.iter().collect::<Vec<_>>(), &[Dtype::I32])?;
        if let Some(most) = tile {
            let across = headers.iter().any(|h| h.order != plan.order);
            plan.tile = super::tile(&plan.axes, most, across);
        }
        Ok(plan)
    }

    /// The element at `index` of the broadcast shape, by the definition.
    fn at(h: &Header, data: &[i32], index: &[usize]) -> i32 {
        let missing = index.len() - h.shape.len();
        let place: isize = (h.shape.iter().zip(h.strides()).enumerate())
            .map(|(a, (&n, s))| if n == 1 { 0 } else { index[missing + a] as isize * s })
            .sum();
        data[place as usize / 4]
    }

    /// Which axes of an operand have length 1, how many leading ones are missing, whether it is in
    /// Fortran order, and whether its bytes are swapped.
    type Kind = (Vec<bool>, usize, bool, bool);

    /// Operands of one broadcast: a shape, and what each operand makes of it.
    fn operands() -> impl Strategy<Value = (Vec<usize>, Vec<Kind>)> {
        proptest::collection::vec(0usize..6, 0..5).prop_flat_map(|shape| {
            let n = shape.len();
            let one = (
                proptest::collection::vec(proptest::bool::weighted(0.25), n),
                0..n + 1,
                any::<bool>(),
                any::<bool>(),
            );
            (Just(shape), proptest::collection::vec(one, 1..4))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// Sums and differences of any operands, in tiles of any size, are what the definition of
        /// broadcasting gives, element by element; in both outputs, whatever the order and byte order.
        #[test]
        fn tiles_give_what_the_whole_gives((shape, kinds) in operands(), most in 1usize..40) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut headers = Vec::new();
            let mut arrays: Vec<Vec<i32>> = Vec::new();
            let mut inputs = Vec::new();
            for (i, (ones, missing, fortran, swapped)) in kinds.iter().enumerate() {
                let own: Vec<usize> = (shape.iter().zip(ones).skip(*missing))
                    .map(|(&n, &one)| if one { 1 } else { n })
                    .collect();
                let order = if *fortran { Order::Fortran } else { Order::C };
                let mut h = header(Dtype::I32, order, &own);
                h.swapped = *swapped;
                let data: Vec<i32> =
                    (0..h.elements()).map(|k| (k * (7 + 90 * i) + i) as i32).collect();
                let bytes: Vec<u8> = data
                    .iter()
                    .flat_map(|x| if *swapped { x.swap_bytes() } else { *x }.to_ne_bytes())
                    .collect();
                let path = folder.path().join(format!("{i}.npy"));
                write(&path, &h, &bytes);
                inputs.push(Input::open(&path).map_err(|e| TestCaseError::fail(e.to_string()))?);
                headers.push(h);
                arrays.push(data);
            }
            let plan = plan_of(&headers, Some(most)).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let paths = [folder.path().join("sum.npy"), folder.path().join("difference.npy")];
            let mut outputs = Vec::new();
            for path in &paths {
                outputs.push(
                    Output::create(path, header(Dtype::I32, plan.order, &plan.shape), false)
                        .map_err(|e| TestCaseError::fail(e.to_string()))?,
                );
            }
            let mut function = |shape: &[usize], from: &[Part], to: &[Part]| {
                let n: usize = shape.iter().product();
                let mut index = vec![0; shape.len()];
                for _ in 0..n {
                    let read = |p: &Part| {
                        let at: isize =
                            index.iter().zip(&p.strides).map(|(&i, &s)| i as isize * s).sum();
                        // SAFETY: the parts lie in memory as they say.
                        unsafe { p.ptr.offset(at).cast::<i32>().read_unaligned() }
                    };
                    let sum = from.iter().map(read).fold(0i32, i32::wrapping_add);
                    let first = read(&from[0]).wrapping_mul(2).wrapping_sub(sum);
                    for (part, x) in to.iter().zip([sum, first]) {
                        let at: isize =
                            index.iter().zip(&part.strides).map(|(&i, &s)| i as isize * s).sum();
                        // SAFETY: as above.
                        unsafe { part.ptr.offset(at).cast::<i32>().write(x) };
                    }
                    for (i, &n) in index.iter_mut().zip(shape).rev() {
                        *i += 1;
                        if *i < n { break }
                        *i = 0;
                    }
                }
                Ok(())
            };
            let mut last = 0;
            let outcome = run(&plan, &mut inputs, &mut outputs, &mut function, &mut |n| last = n)
                .map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(outcome, Outcome::Done);
            prop_assert_eq!(last, plan.elements());
            crate::output::place(outputs).map_err(|e| TestCaseError::fail(e.to_string()))?;

            let results: Vec<(Header, Vec<i32>)> = paths.iter().map(|path| {
                let bytes = std::fs::read(path).expect("the output is there");
                let h = Header::parse(&bytes, bytes.len() as u64).expect("a sound header");
                let data = bytes[h.data as usize..]
                    .chunks_exact(4)
                    .map(|b| i32::from_ne_bytes([b[0], b[1], b[2], b[3]]))
                    .collect();
                (h, data)
            }).collect();
            let mut index = vec![0; plan.shape.len()];
            for _ in 0..plan.elements() {
                let values: Vec<i32> = (headers.iter().zip(&arrays))
                    .map(|(h, data)| at(h, data, &index))
                    .collect();
                let sum = values.iter().fold(0i32, |a, &b| a.wrapping_add(b));
                let first = values[0].wrapping_mul(2).wrapping_sub(sum);
                prop_assert_eq!(at(&results[0].0, &results[0].1, &index), sum);
                prop_assert_eq!(at(&results[1].0, &results[1].1, &index), first);
                for (i, &n) in index.iter_mut().zip(&plan.shape).rev() {
                    *i += 1;
                    if *i < n { break }
                    *i = 0;
                }
            }
        }

        /// Tiles of one order lie in one piece; tiles across are square enough that both files are
        /// read in long runs.
        #[test]
        fn tiles_are_no_larger_than_asked(
            axes in proptest::collection::vec(0usize..5000, 0..5),
            most in 1usize..100_000,
            across in any::<bool>(),
        ) {
            let tile = super::tile(&axes, most, across);
            prop_assert!(tile.iter().product::<usize>() <= most);
            prop_assert!(tile.iter().zip(&axes).all(|(&t, &n)| t >= 1 && t <= n.max(1)));
        }
    }

    #[test]
    fn the_output_is_in_fortran_order_when_every_input_is() {
        let c = header(Dtype::F64, Order::C, &[3, 4]);
        let f = header(Dtype::F64, Order::Fortran, &[3, 4]);
        let scalar = header(Dtype::F64, Order::C, &[]);
        let row = header(Dtype::F64, Order::C, &[4]);
        let order = |all: &[&Header]| Plan::new(all, &[Dtype::F64]).map(|p| p.order).ok();
        assert_eq!(order(&[&c]), Some(Order::C));
        assert_eq!(order(&[&f, &f]), Some(Order::Fortran));
        assert_eq!(order(&[&f, &scalar, &row]), Some(Order::Fortran));
        assert_eq!(order(&[&f, &c]), Some(Order::C));
        assert_eq!(order(&[&scalar]), Some(Order::C));
    }

    #[test]
    fn shapes_that_do_not_broadcast_are_named() {
        let a = header(Dtype::F64, Order::C, &[3, 4]);
        let b = header(Dtype::F64, Order::C, &[2, 4]);
        let error = Plan::new(&[&a, &b], &[Dtype::F64]).expect_err("these don't broadcast");
        assert!(
            matches!(&error, Error::Broadcast { operand: 1, axis: 1, shape, with }
                if shape == &[2, 4] && with == &[3, 4]),
            "{error:?}"
        );
    }

    #[test]
    fn a_broadcast_larger_than_any_memory_is_an_error() {
        let n = 1 << 40;
        let a = Header { shape: vec![n, 1], ..header(Dtype::F64, Order::C, &[]) };
        let b = Header { shape: vec![1, n], ..header(Dtype::F64, Order::C, &[]) };
        let error = Plan::new(&[&a, &b], &[Dtype::F64]).expect_err("that is too large");
        assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    }

    #[test]
    fn any_byte_but_zero_is_a_true_bool() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("b.npy");
        let h = header(Dtype::Bool, Order::C, &[4]);
        write(&path, &h, &[0, 1, 2, 255]);
        let mut input = Input::open(&path).expect("a sound file");
        let mut copy = MmapMut::map_anon(4).expect("memory");
        let part = input_part(&mut input, Some(&mut copy), &[1], &[0], &[4]).expect("readable");
        assert_eq!(
            (part.dtype, &part.strides[..], &copy[..]),
            (Dtype::Bool, &[1][..], &[0, 1, 1, 1][..])
        );
    }

    #[test]
    fn a_file_cut_short_under_the_map_is_an_error_with_its_byte_and_not_a_signal() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("in.npy");
        let h = header(Dtype::F64, Order::C, &[1 << 17]);
        write(&path, &h, &vec![1; 8 << 17]);
        let mut input = Input::open(&path).expect("a sound file");
        let ptr = input.map(0, 8 << 17, true).expect("it can be mapped");
        input.check().expect("nothing was cut yet");
        std::fs::File::options()
            .write(true)
            .open(&path)
            .and_then(|f| f.set_len(20_000))
            .expect("a file can be cut");
        // SAFETY: inside the mapping; missing pages read as zeros under the guard.
        let (first, last) =
            unsafe { (ptr.read_volatile(), ptr.add((8 << 17) - 1).read_volatile()) };
        assert_eq!((first, last), (1, 0));
        let error = input.check().expect_err("the cut was not noticed");
        assert!(matches!(&error, Error::File { offset: Some(20_000), .. }), "{error:?}");
        // Nor is a window of it mapped afresh.
        let error = Input::open(&path).err().expect("the header is refused too");
        assert!(error.to_string().contains("cut short"), "{error}");
    }
}
