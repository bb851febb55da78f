//! A function over files, a tile at a time.
//!
//! The output is cut into tiles, boxes of a few MiB that lie in one piece in every file wherever that is
//! possible. For each tile the inputs are mapped (or, where their bytes can't be computed on as they
//! lie, copied), the function runs into a buffer, and the buffer is written. Memory stays bounded
//! whatever the files' size.

use lanefn::{Error, Result, kernels::lanes::Dtype};
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

/// Puts the inputs through `function` into the outputs.
///
/// `function` gets the tile's shape, then the inputs' parts and the outputs' parts, which are C-ordered
/// and aligned to 64 bytes. `progress` hears how many elements are done.
pub fn run(
    plan: &Plan,
    inputs: &mut [Input],
    outputs: &mut [Output],
    function: &mut dyn FnMut(&[usize], &[Part], &[Part]) -> Result<()>,
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
        let as_it_lies =
            !h.swapped && h.dtype != Dtype::Bool && h.data % h.dtype.size() as u64 == 0;
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
        // SAFETY (all of these): the row's n elements, `step` apart, lie inside the box.
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
