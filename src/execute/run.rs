//! Runs a plan: blocks of elements through the inner loop, chunks of blocks on threads.
//!
//! ```text
//! for each chunk, on any thread:
//!     while elements are left:
//!         a block: the rest of the row if every operand can be used where it lies,
//!                  or as many elements as the buffers hold (of several rows, if rows are short)
//!         inputs that can't be used where they lie -> buffers
//!         inner loop
//!         buffers -> outputs that can't be written where they lie
//! ```
//!
//! What can be used where it lies: a row that is contiguous, or that stands still (one element for
//! the whole row, inputs only). Everything else passes through buffers that stay in L1, so inner
//! loops know nothing of strides and masks.

use std::mem::MaybeUninit;

use lanefn_kernels::{
    level::Level,
    loops::{Input, Loop, MAX_INPUTS, MAX_OUTPUTS},
};

use super::{floats::IeeeDefault, memory, parallel};
use crate::{
    error::Result,
    iterate::{MAX_OPERANDS, Place, Plan},
};

/// Elements in a block that passes through buffers.
const BLOCK: usize = 512;

/// Rows shorter than this share a block.
const SHORT_ROW: usize = 64;

/// Bytes of the output that a streaming block goes through L1 at a time.
const STREAM_BYTES: usize = 4096;

/// Elements of a chunk are a multiple of this, so that chunks of an array that begins on a line end
/// on one whatever its dtype.
const CHUNK_MULTIPLE: usize = 64;

/// What a call is made with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The CPU level; the chosen one if none is given.
    pub level: Option<Level>,
    /// The number of threads at most; the current setting if none is given.
    pub threads: Option<usize>,
    /// Whether outputs larger than the last-level cache are written past the caches. Worth it where
    /// their memory has been touched before; lost on fresh pages.
    pub stream: bool,
}

/// One call: a loop over a plan. Operands are the inputs, then the outputs, then the mask if there is
/// one.
pub(crate) struct Run<'a> {
    pub function: &'a Loop,
    pub plan: &'a Plan,
    pub level: Level,
    pub masked: bool,
    /// Write past the caches. The outputs must be mapped memory.
    pub stream: bool,
}

/// Roughly the nanoseconds that an element takes in one thread: what it costs to compute at a few
/// operations a cycle and a few elements an operation, and to move.
fn nanoseconds_per_element(function: &Loop, level: Level) -> f64 {
    let bytes: usize = function.inputs.iter().chain(function.outputs).map(|d| d.size()).sum();
    let widest = function.inputs.iter().chain(function.outputs).map(|d| d.size()).max();
    let lanes = match level {
        Level::Scalar => 1,
        Level::Baseline => 16 / widest.unwrap_or(8),
        Level::Avx2 => 32 / widest.unwrap_or(8),
        Level::Avx512 => 64 / widest.unwrap_or(8),
    };
    function.cost as f64 * 0.2 / lanes as f64 + bytes as f64 * 0.02
}

/// A call shorter than this is not worth a second thread: entering parallel code costs about twenty
/// microseconds.
const PARALLEL_NANOSECONDS: f64 = 100_000.0;

/// A chunk takes about so long: short enough to share the work evenly, long enough that handing it
/// out costs nothing.
const CHUNK_NANOSECONDS: f64 = 50_000.0;

impl Run<'_> {
    /// Runs all of it.
    ///
    /// # Safety
    /// Every operand of the plan is valid at every element of it, for reading (inputs, mask) or
    /// writing (outputs), as the dtypes of the loop say (the mask is bytes); nothing need be aligned.
    /// Elements of the outputs lie apart from each other and from those of every input,
    /// but that an input and an output may be the same at every place of the walk. The level is
    /// present.
    pub unsafe fn run(&self, threads: Option<usize>) -> Result<()> {
        let n = self.plan.len;
        if n == 0 {
            return Ok(());
        }
        let each = nanoseconds_per_element(self.function, self.level);
        let total = each * n as f64;
        let threads = match threads {
            _ if total < PARALLEL_NANOSECONDS => 1,
            Some(threads) => threads,
            None => super::num_threads()?,
        };
        if threads <= 1 {
            let _floats = IeeeDefault::enter();
            // SAFETY: the caller's promise.
            unsafe { self.chunk(0, n) };
            return Ok(());
        }
        // The same chunks for any number of threads.
        let chunk =
            ((CHUNK_NANOSECONDS / each) as usize).max(BLOCK).next_multiple_of(CHUNK_MULTIPLE);
        parallel(n.div_ceil(chunk), threads, &|i| {
            let from = i * chunk;
            // SAFETY: the caller's promise; chunks are apart, so no two threads write one element, and
            // what one reads no other writes.
            unsafe { self.chunk(from, chunk.min(n - from)) };
        })
    }

    /// The elements `from .. from + n` of the walk.
    ///
    /// # Safety
    /// As for [`Run::run`].
    unsafe fn chunk(&self, from: usize, n: usize) {
        let mut place = self.plan.place(from);
        let (row, strides) = self.plan.inner();
        let nin = self.function.inputs.len();
        let nout = self.function.outputs.len();

        // How each operand's rows lie.
        let mut kind = [Lie::Apart; MAX_OPERANDS];
        for (i, d) in self.function.inputs.iter().enumerate() {
            kind[i] = match strides[i] {
                0 => Lie::Still,
                s if s == d.size() as isize => Lie::Contiguous,
                _ => Lie::Apart,
            };
        }
        for (i, d) in self.function.outputs.iter().enumerate() {
            if strides[nin + i] == d.size() as isize {
                kind[nin + i] = Lie::Contiguous;
            }
        }
        let direct = !self.masked && kind[..nin + nout].iter().all(|&k| k != Lie::Apart);

        if direct && (*row >= SHORT_ROW || self.plan.axes.len() == 1) {
            let mut left = n;
            while left > 0 {
                let m = left.min(row - place.index[place.index.len() - 1]);
                // SAFETY: a piece of a row whose operands all lie as inner loops want them.
                unsafe { self.direct(&place, &kind, m) };
                self.plan.advance(&mut place, m);
                left -= m;
            }
        } else {
            // SAFETY: the caller's promise.
            unsafe { self.buffered(&mut place, &kind, n) };
        }
    }

    /// A piece of a row, every operand used where it lies.
    ///
    /// # Safety
    /// As for [`Run::run`]; the piece is within a row, and no operand lies apart.
    unsafe fn direct(&self, place: &Place, kind: &[Lie; MAX_OPERANDS], n: usize) {
        let nin = self.function.inputs.len();
        let nout = self.function.outputs.len();
        let mut inputs = [Input { at: std::ptr::null(), scalar: false }; MAX_INPUTS];
        for i in 0..nin {
            inputs[i] = Input { at: place.at[i], scalar: kind[i] == Lie::Still };
        }
        let mut outputs = [std::ptr::null_mut(); MAX_OUTPUTS];
        outputs[..nout].copy_from_slice(&place.at[nin..nin + nout]);
        let inner = self.function.inner(self.level);
        if !self.stream {
            // SAFETY: the caller's promise.
            unsafe { inner(&inputs[..nin], &outputs[..nout], n) };
            return;
        }

        // Through a buffer in L1, and from there past the caches.
        let mut buffers = Buffers::<MAX_OUTPUTS, STREAM_BYTES>::new();
        let widest = self.function.outputs.iter().map(|d| d.size()).max().unwrap_or(1);
        let mut at = 0;
        while at < n {
            // The first output's lines begin where blocks begin.
            let size = self.function.outputs[0].size();
            let ahead = (outputs[0] as usize).wrapping_neg() % 64 / size;
            let m = if at == 0 && ahead != 0 { ahead } else { STREAM_BYTES / widest }.min(n - at);
            let mut to = [std::ptr::null_mut(); MAX_OUTPUTS];
            for (i, to) in to[..nout].iter_mut().enumerate() {
                // At the same place in a line, so that whole vectors are copied.
                *to = buffers.slot(i);
            }
            // SAFETY: `m` elements from here are within the piece; the buffers hold them.
            unsafe {
                inner(&inputs[..nin], &to[..nout], m);
                for i in 0..nout {
                    let bytes = m * self.function.outputs[i].size();
                    memory::copy_streaming(to[i], outputs[i], bytes);
                    outputs[i] = outputs[i].add(bytes);
                }
                for i in 0..nin {
                    if !inputs[i].scalar {
                        inputs[i].at = inputs[i].at.add(m * self.function.inputs[i].size());
                    }
                }
            }
            at += m;
        }
        memory::end_streaming();
    }

    /// `n` elements from `place`, through buffers where that is needed.
    ///
    /// # Safety
    /// As for [`Run::run`].
    unsafe fn buffered(&self, place: &mut Place, kind: &[Lie; MAX_OPERANDS], n: usize) {
        let nin = self.function.inputs.len();
        let nout = self.function.outputs.len();
        let inner = self.function.inner(self.level);
        let (row, strides) = self.plan.inner();
        let short = *row < SHORT_ROW;
        let mut buffers = Buffers::<{ MAX_INPUTS + MAX_OUTPUTS }, { BLOCK * 8 }>::new();
        let mut chosen = [0u16; BLOCK];
        let mut left = n;
        while left > 0 {
            let rest = row - place.index[place.index.len() - 1];
            let m = if short { left.min(BLOCK) } else { left.min(rest).min(BLOCK) };
            let mut after = Place { index: place.index.clone(), at: place.at };

            // Which elements of the block the mask lets through; None if all of them.
            let mut count = m;
            let mut masked = false;
            if self.masked {
                count = 0;
                let mut i = 0;
                // SAFETY: the mask is valid at every place of the walk.
                unsafe {
                    self.each_row(place, m, |at, run| {
                        for k in 0..run {
                            let p =
                                at[nin + nout].wrapping_offset(strides[nin + nout] * k as isize);
                            chosen[count] = i;
                            count += (*p != 0) as usize;
                            i += 1;
                        }
                    });
                }
                masked = count != m;
            }
            if count > 0 {
                let mut inputs = [Input { at: std::ptr::null(), scalar: false }; MAX_INPUTS];
                for i in 0..nin {
                    let size = self.function.inputs[i].size();
                    if !short && kind[i] == Lie::Still {
                        inputs[i] = Input { at: place.at[i], scalar: true };
                    } else if !short && !masked && kind[i] == Lie::Contiguous {
                        inputs[i] = Input { at: place.at[i], scalar: false };
                    } else {
                        let to = buffers.slot(i);
                        inputs[i].at = to;
                        let mut done = 0;
                        // SAFETY: the walk's elements are valid for reading, and the buffer holds a
                        // block.
                        unsafe {
                            self.each_row(place, m, |at, run| {
                                memory::gather(at[i], strides[i], to.add(done * size), run, size);
                                done += run;
                            });
                            if masked {
                                memory::compact(to, &chosen[..count], size);
                            }
                        }
                    }
                }
                let mut outputs = [std::ptr::null_mut(); MAX_OUTPUTS];
                for i in 0..nout {
                    outputs[i] = if !short && !masked && kind[nin + i] == Lie::Contiguous {
                        place.at[nin + i]
                    } else {
                        buffers.slot(MAX_INPUTS + i)
                    };
                }
                // SAFETY: inputs are rows of the walk or buffers with `count` elements, outputs
                // likewise.
                unsafe { inner(&inputs[..nin], &outputs[..nout], count) };
                for i in 0..nout {
                    let size = self.function.outputs[i].size();
                    let o = nin + i;
                    if outputs[i] == place.at[o] {
                        continue;
                    }
                    let from = outputs[i];
                    let mut done = 0;
                    let mut written = 0;
                    // SAFETY: the walk's elements are valid for writing; the buffer holds what is read.
                    unsafe {
                        self.each_row(place, m, |at, run| {
                            if masked {
                                while written < count && (chosen[written] as usize) < done + run {
                                    let k = chosen[written] as usize - done;
                                    memory::scatter(
                                        from.add(written * size),
                                        at[o].wrapping_offset(strides[o] * k as isize),
                                        0,
                                        1,
                                        size,
                                    );
                                    written += 1;
                                }
                            } else {
                                memory::scatter(
                                    from.add(done * size),
                                    at[o],
                                    strides[o],
                                    run,
                                    size,
                                );
                            }
                            done += run;
                        });
                    }
                }
            }
            // On to the next block.
            let mut steps = m;
            while steps > 0 {
                let run = steps.min(row - after.index[after.index.len() - 1]);
                self.plan.advance(&mut after, run);
                steps -= run;
            }
            *place = after;
            left -= m;
        }
    }

    /// Calls `f` with the addresses and the length of each piece of a row among `n` elements from
    /// `place` on.
    ///
    /// # Safety
    /// What `f` does with the addresses is sound.
    unsafe fn each_row(
        &self,
        place: &Place,
        n: usize,
        mut f: impl FnMut(&[*mut u8; MAX_OPERANDS], usize),
    ) {
        let row = self.plan.inner().0;
        let first = n.min(row - place.index[place.index.len() - 1]);
        f(&place.at, first);
        if first == n {
            return;
        }
        let mut here = Place { index: place.index.clone(), at: place.at };
        self.plan.advance(&mut here, first);
        let mut left = n - first;
        while left > 0 {
            let run = left.min(row);
            f(&here.at, run);
            self.plan.advance(&mut here, run);
            left -= run;
        }
    }
}

/// How a row of an operand lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    /// Element after element.
    Contiguous,
    /// One element for the whole row.
    Still,
    /// Anything else.
    Apart,
}

/// `N` buffers of `B` bytes, each at another place within a page: buffers at the same place would have
/// loads wait for stores to an address that is alike in its low twelve bits.
#[repr(align(64))]
struct Buffers<const N: usize, const B: usize>([Slot<B>; N]);

#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Slot<const B: usize> {
    bytes: MaybeUninit<[u8; B]>,
    gap: MaybeUninit<[u8; 128]>,
}

impl<const N: usize, const B: usize> Buffers<N, B> {
    fn new() -> Self {
        Self([Slot { bytes: MaybeUninit::uninit(), gap: MaybeUninit::uninit() }; N])
    }
    fn slot(&mut self, i: usize) -> *mut u8 {
        self.0[i].bytes.as_mut_ptr().cast()
    }
}
