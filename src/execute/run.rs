//! Runs a plan: pieces of it through the inner loop, chunks of pieces on threads.
//!
//! ```text
//! every operand can be used where it lies:
//!     for each chunk, on any thread: for each row of it: inner loop
//! else:
//!     for each chunk, on any thread: for each tile of it:
//!         inputs that can't be used where they lie -> buffers
//!         inner loop
//!         buffers -> outputs that can't be written where they lie
//! ```
//!
//! What can be used where it lies: a row that is contiguous, or that stands still (one element for
//! the whole row, inputs only). Everything else passes through buffers that stay in L1, so inner
//! loops know nothing of strides and masks. A tile is a part of a row; or of several rows, where rows
//! are short or where an operand lies across: then each line of its memory is fetched once for all of
//! the tile's rows, and not once for each.

use std::mem::MaybeUninit;

use lanefn_kernels::{
    cast::cast,
    lanes::Dtype,
    level::Level,
    loops::{Input, Loop, MAX_INPUTS, MAX_OUTPUTS},
};
use smallvec::SmallVec;

use super::{Code, floats::IeeeDefault, interrupt::Watch, memory, parallel_watched};
use crate::{
    dtype::Casting,
    error::Result,
    iterate::{MAX_OPERANDS, Place, Plan, SHORT_ROW, Strides},
    status::{Status, cast_looked, loses},
};

/// Elements in a tile at most.
const TILE: usize = 512;

/// Bytes that a tile goes along at most, but for the fewest elements: the memory is busy with the next tile
/// while this one is computed, and has no more lines under way than the time is enough for.
const SPAN: usize = 3072;

/// The buffer in which operands are that lie apart and have another dtype than the loop's.
const RAW: usize = MAX_INPUTS + MAX_OUTPUTS;

/// Columns of a tile where an operand lies across.
const ACROSS: usize = 16;

/// Bytes of the output that a streaming block goes through L1 at a time.
const STREAM_BYTES: usize = 2048;

/// Bytes ahead of the next such block at which its inputs are asked for: so far that the memory has
/// something to do while the block is computed.
const FETCH_AHEAD: usize = 3072;

/// Elements of a chunk are a multiple of this, so that chunks of an array that begins on a line end
/// on one whatever its dtype.
const CHUNK_MULTIPLE: usize = 64;

/// What a call is made with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The CPU level; the chosen one if none is given.
    pub level: Option<Level>,
    /// The number of threads at most, 1 or more; the current setting if none is given.
    pub threads: Option<usize>,
    /// Which casts an untyped call may make.
    pub casting: Casting,
    /// Whether calls that move more than the last-level cache holds write past the caches. Worth it where
    /// their memory has been touched before; lost on fresh pages.
    pub stream: bool,
}

impl Options {
    /// Whether a small call need not look at them.
    #[inline]
    pub(crate) fn plain(&self) -> bool {
        self.level.is_none() && self.threads.is_none_or(|n| super::check_threads(n).is_ok())
    }
}

/// One call: a loop over a plan. Operands are the inputs, then the outputs, then the mask if there is
/// one.
pub(crate) struct Run<'a> {
    pub function: &'a Code,
    pub casts: &'a Casts,
    pub plan: &'a Plan,
    pub level: Level,
    pub masked: bool,
    /// Where to say what is met, if anybody asks.
    pub status: Option<&'a Status>,
    /// Write past the caches. The outputs must be mapped memory.
    pub stream: bool,
}

/// How operands become those of the loop.
pub(crate) struct Casts {
    /// Bytes of an element of each operand (inputs, then outputs).
    size: [usize; MAX_INPUTS + MAX_OUTPUTS],
    /// From an input to the loop's, from the loop's to an output; none where the dtypes are the same.
    cast: [Option<&'static Loop>; MAX_INPUTS + MAX_OUTPUTS],
}

impl Casts {
    pub(crate) fn new(
        function: &Code,
        inputs: impl Iterator<Item = Dtype>,
        outputs: impl Iterator<Item = Dtype>,
    ) -> Casts {
        let mut casts =
            Casts { size: [1; MAX_INPUTS + MAX_OUTPUTS], cast: [None; MAX_INPUTS + MAX_OUTPUTS] };
        let nin = function.inputs().len();
        for (i, (of, &to)) in inputs.zip(function.inputs()).enumerate() {
            casts.size[i] = of.size();
            casts.cast[i] = (of != to).then(|| cast(of, to));
        }
        for (i, (to, &of)) in outputs.zip(function.outputs()).enumerate() {
            casts.size[nin + i] = to.size();
            casts.cast[nin + i] = (of != to).then(|| cast(of, to));
        }
        casts
    }

    fn any(&self) -> bool {
        self.cast.iter().any(Option::is_some)
    }

    /// Whether a cast may meet a number that has no place in its dtype.
    pub(crate) fn may_lose(&self) -> bool {
        self.cast.iter().flatten().any(|c| loses(c))
    }
}

/// Roughly the nanoseconds that an element takes in one thread: what it costs to compute at a few
/// operations a cycle and a few elements an operation, and to move.
fn nanoseconds_per_element(function: &Code, level: Level) -> f64 {
    let dtypes = || function.inputs().iter().chain(function.outputs());
    let bytes: usize = dtypes().map(|d| d.size()).sum();
    let widest = dtypes().map(|d| d.size()).max();
    let lanes = match level {
        Level::Scalar => 1,
        Level::Baseline => 16 / widest.unwrap_or(8),
        Level::Avx2 => 32 / widest.unwrap_or(8),
        Level::Avx512 => 64 / widest.unwrap_or(8),
    };
    function.cost() as f64 * 0.2 / lanes as f64 + bytes as f64 * 0.02
}

/// A call shorter than this is not worth a second thread: entering parallel code costs about twenty
/// microseconds.
const PARALLEL_NANOSECONDS: f64 = 100_000.0;

/// A call shorter than this is not worth a plan.
const BRIEF_NANOSECONDS: f64 = 50_000.0;

/// Whether a call for so many elements that lie one after the other is best made at once.
pub(crate) fn is_brief(function: &Code, level: Level, n: usize) -> bool {
    n == 1 || nanoseconds_per_element(function, level) * (n as f64) < BRIEF_NANOSECONDS
}

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
        let kind = self.kinds();
        let apart = kind[..self.function.inputs().len() + self.function.outputs().len()]
            .contains(&Lie::Apart);
        let alone = self.plan.inner().0 >= SHORT_ROW || self.plan.axes.len() == 1;
        let tiles =
            (self.masked || apart || !alone || self.casts.any()).then(|| Tiles::of(self.plan));
        let work = |from, to| {
            let _part = self.status.and_then(Status::part);
            match &tiles {
                // SAFETY: the caller's promise; units are apart, so no two threads write one element, and
                // what one reads no other writes.
                None => unsafe { self.rows(&kind, from, to) },
                // SAFETY: as above.
                Some(tiles) => unsafe { self.tiles(tiles, from, to) },
            }
        };
        // Units: elements, or tiles.
        let (units, size) = tiles.as_ref().map_or((n, 1), |t| (t.count, t.rows * t.columns));
        // Nobody knows how long its own loops take.
        let long = total >= PARALLEL_NANOSECONDS || self.function.has_loops();
        let watch = if long { Watch::begin() } else { None };
        if threads <= 1 && watch.is_none() {
            let _floats = IeeeDefault::enter();
            work(0, units);
            return Ok(());
        }
        // The same chunks for any number of threads.
        let chunk =
            ((CHUNK_NANOSECONDS / each) as usize).max(TILE).next_multiple_of(CHUNK_MULTIPLE);
        let chunk = (chunk / size).max(1);
        parallel_watched(units.div_ceil(chunk), threads, watch.as_ref(), &|i| {
            work(i * chunk, units.min((i + 1) * chunk));
        })
    }

    /// Looks at what has been computed, if anybody asks.
    ///
    /// # Safety
    /// As for the inner loop.
    #[inline]
    unsafe fn look(&self, inputs: &[Input], outputs: &[*mut u8], n: usize) {
        if let Some(status) = self.status {
            // SAFETY: the caller's promise.
            unsafe { status.look(self.function, inputs, outputs, n) };
        }
    }

    /// How each operand's rows lie.
    fn kinds(&self) -> [Lie; MAX_OPERANDS] {
        let (_, strides) = self.plan.inner();
        let nin = self.function.inputs().len();
        let mut kind = [Lie::Apart; MAX_OPERANDS];
        for i in 0..nin {
            kind[i] = match strides[i] {
                0 => Lie::Still,
                s if s == self.casts.size[i] as isize => Lie::Contiguous,
                _ => Lie::Apart,
            };
        }
        for i in nin..nin + self.function.outputs().len() {
            if strides[i] == self.casts.size[i] as isize {
                kind[i] = Lie::Contiguous;
            }
        }
        kind
    }

    /// The elements `from .. to` of the walk, every operand used where it lies.
    ///
    /// # Safety
    /// As for [`Run::run`]; no operand lies apart.
    unsafe fn rows(&self, kind: &[Lie; MAX_OPERANDS], from: usize, to: usize) {
        let mut place = self.plan.place(from);
        let (row, _) = self.plan.inner();
        let mut left = to - from;
        while left > 0 {
            let m = left.min(row - place.index[place.index.len() - 1]);
            // SAFETY: a piece of a row whose operands all lie as inner loops want them.
            unsafe { self.direct(&place, kind, m) };
            self.plan.advance(&mut place, m);
            left -= m;
        }
    }

    /// A piece of a row, every operand used where it lies.
    ///
    /// # Safety
    /// As for [`Run::run`]; the piece is within a row, and no operand lies apart.
    unsafe fn direct(&self, place: &Place, kind: &[Lie; MAX_OPERANDS], n: usize) {
        let nin = self.function.inputs().len();
        let nout = self.function.outputs().len();
        let mut inputs = [Input { at: std::ptr::null(), scalar: false }; MAX_INPUTS];
        for i in 0..nin {
            inputs[i] = Input { at: place.at[i], scalar: kind[i] == Lie::Still };
        }
        let mut outputs = [std::ptr::null_mut(); MAX_OUTPUTS];
        outputs[..nout].copy_from_slice(&place.at[nin..nin + nout]);
        let inner = self.function.inner(self.level);
        if !self.stream {
            // SAFETY: the caller's promise.
            unsafe {
                inner.run(&inputs[..nin], &outputs[..nout], n);
                self.look(&inputs[..nin], &outputs[..nout], n);
            }
            return;
        }

        // Through a buffer in L1, and from there past the caches.
        let mut buffers = Buffers::<MAX_OUTPUTS, STREAM_BYTES>::new();
        let widest = self.function.outputs().iter().map(|d| d.size()).max().unwrap_or(1);
        let mut at = 0;
        while at < n {
            // The first output's lines begin where blocks begin.
            let size = self.function.outputs()[0].size();
            let ahead = (outputs[0] as usize).wrapping_neg() % 64 / size;
            let m = if at == 0 && ahead != 0 { ahead } else { STREAM_BYTES / widest }.min(n - at);
            let mut to = [std::ptr::null_mut(); MAX_OUTPUTS];
            for (i, to) in to[..nout].iter_mut().enumerate() {
                // At the same place in a line, so that whole vectors are copied.
                *to = buffers.slot(i);
            }
            // SAFETY: `m` elements from here are within the piece; the buffers hold them.
            unsafe {
                inner.run(&inputs[..nin], &to[..nout], m);
                self.look(&inputs[..nin], &to[..nout], m);
                let mut soon = [std::ptr::null(); MAX_INPUTS];
                let mut moving = 0;
                for i in 0..nin {
                    if !inputs[i].scalar {
                        inputs[i].at = inputs[i].at.add(m * self.function.inputs()[i].size());
                        soon[moving] = inputs[i].at.wrapping_add(FETCH_AHEAD);
                        moving += 1;
                    }
                }
                for i in 0..nout {
                    let bytes = m * self.function.outputs()[i].size();
                    // Inputs are fetched while the first output goes out: the memory reads and
                    // writes by turns otherwise.
                    let soon = if i == 0 { &soon[..moving] } else { &[] };
                    memory::copy_streaming(to[i], outputs[i], bytes, soon);
                    outputs[i] = outputs[i].add(bytes);
                }
            }
            at += m;
        }
        memory::end_streaming();
    }

    /// The tiles `from .. to`, through buffers where that is needed.
    ///
    /// # Safety
    /// As for [`Run::run`].
    unsafe fn tiles(&self, tiles: &Tiles, from: usize, to: usize) {
        let nin = self.function.inputs().len();
        let nout = self.function.outputs().len();
        let inner = self.function.inner(self.level);
        let [down, along] = &tiles.strides;
        let mut buffers =
            Buffers::<{ MAX_INPUTS + MAX_OUTPUTS + 1 }, { TILE * Dtype::MAX_SIZE }>::new();
        // What was last put into each input's buffer: where from, and how many rows and columns.
        let mut held = [(std::ptr::null_mut(), 0, 0); MAX_INPUTS];
        let mut chosen = [0u16; TILE];
        let mut next = tiles.tile(self.plan, from);
        for tile in from..to {
            let Tile { at, rows, columns, .. } = next;
            if tile + 1 < to {
                tiles.advance(self.plan, &mut next, tile + 1);
                if tiles.crossed {
                    // No line of an operand that lies across follows from the one before: the memory
                    // would wait to be asked for each.
                    for i in 0..nin + nout {
                        let lengths = [next.rows, next.columns];
                        memory::ask_for_tile(next.at[i], [down[i], along[i]], lengths);
                    }
                }
            }

            // Which elements the mask lets through.
            let mut count = rows * columns;
            if self.masked {
                let mask = nin + nout;
                count = 0;
                for r in 0..rows {
                    for c in 0..columns {
                        let offset = down[mask] * r as isize + along[mask] * c as isize;
                        chosen[count] = (r * columns + c) as u16;
                        // SAFETY: the mask is valid at every place of the walk.
                        count += unsafe { *at[mask].wrapping_offset(offset) != 0 } as usize;
                    }
                }
                if count == 0 {
                    continue;
                }
            }
            let chosen = (count != rows * columns).then_some(&chosen[..count]);
            // Whether a tile of an operand lies with this stride between its elements.
            let lies = |i: usize, step: usize| {
                (columns == 1 || along[i] == step as isize)
                    && (rows == 1 || down[i] == (step * columns) as isize)
            };

            let mut inputs = [Input { at: std::ptr::null(), scalar: false }; MAX_INPUTS];
            for i in 0..nin {
                let size = self.casts.size[i];
                let scalar = lies(i, 0);
                inputs[i] = Input { at: at[i], scalar };
                let cast = self.casts.cast[i];
                let here = scalar || (chosen.is_none() && lies(i, size));
                if here && cast.is_none() {
                    continue;
                }
                let to = buffers.slot(i);
                inputs[i].at = to;
                let now = if scalar { (at[i], 1, 1) } else { (at[i], rows, columns) };
                if (scalar || chosen.is_none()) && held[i] == now {
                    // Nobody has written these elements since: an output stands still nowhere, so an
                    // input that shares its memory does not either.
                    continue;
                }
                held[i] = now;
                let mut from = at[i].cast_const();
                if !here {
                    let packed_to = if cast.is_some() { buffers.slot(RAW) } else { to };
                    let strides = [down[i], along[i]];
                    let packed = [(columns * size) as isize, size as isize];
                    // SAFETY: the walk's elements are valid for reading, and the buffer holds a tile.
                    unsafe {
                        memory::copy_tile(at[i], strides, packed_to, packed, [rows, columns], size);
                    }
                    if let Some(chosen) = chosen {
                        // SAFETY: indices into the tile in the buffer.
                        unsafe { memory::compact(packed_to, chosen, size) };
                        held[i].1 = 0;
                    }
                    from = packed_to;
                }
                if let Some(cast) = cast {
                    let n = if scalar { 1 } else { count };
                    // SAFETY: so many elements are there, and the other buffer has room for a tile.
                    unsafe { cast_looked(cast, self.level, from, to, n, self.status) };
                }
            }
            let mut outputs = [std::ptr::null_mut(); MAX_OUTPUTS];
            let mut whole = [false; MAX_OUTPUTS];
            for i in 0..nout {
                whole[i] = chosen.is_none() && lies(nin + i, self.casts.size[nin + i]);
                let direct = whole[i] && !self.stream && self.casts.cast[nin + i].is_none();
                outputs[i] = if direct { at[nin + i] } else { buffers.slot(MAX_INPUTS + i) };
            }
            // SAFETY: inputs are tiles of the walk or buffers with `count` elements, outputs likewise.
            unsafe {
                inner.run(&inputs[..nin], &outputs[..nout], count);
                self.look(&inputs[..nin], &outputs[..nout], count);
            }
            for i in 0..nout {
                let o = nin + i;
                let size = self.casts.size[o];
                if let Some(cast) = self.casts.cast[o] {
                    let from = outputs[i];
                    let direct = whole[i] && !self.stream;
                    outputs[i] = if direct { at[o] } else { buffers.slot(RAW) };
                    // SAFETY: `count` elements are in the buffer, and are had room for.
                    unsafe { cast_looked(cast, self.level, from, outputs[i], count, self.status) };
                }
                if whole[i] {
                    if self.stream {
                        let bytes = count * size;
                        // As in `direct`: what the next tile reads is fetched while this one goes out. What is
                        // gathered asks for itself.
                        let mut soon: SmallVec<[*const u8; 8]> = SmallVec::new();
                        for k in 0..if i == 0 && rows == 1 { nin } else { 0 } {
                            if along[k] == self.casts.size[k] as isize {
                                let span = columns * self.casts.size[k];
                                let lines = (span..2 * span).step_by(bytes).take(8);
                                soon.extend(lines.map(|b| at[k].wrapping_add(b).cast_const()));
                            }
                        }
                        // SAFETY: as many elements, in a buffer of ours and where the walk has them.
                        unsafe { memory::copy_streaming(outputs[i], at[o], bytes, &soon) };
                    }
                    continue;
                }
                let strides = [down[o], along[o]];
                let packed = [(columns * size) as isize, size as isize];
                // SAFETY: the walk's elements are valid for writing; the buffer holds what is read.
                unsafe {
                    match chosen {
                        None => memory::copy_tile(
                            outputs[i],
                            packed,
                            at[o],
                            strides,
                            [rows, columns],
                            size,
                        ),
                        Some(chosen) => memory::scatter_chosen(
                            outputs[i], chosen, at[o], strides, columns, size,
                        ),
                    }
                }
            }
        }
        if self.stream {
            memory::end_streaming();
        }
    }
}

/// How the two innermost axes of a plan are cut into tiles.
struct Tiles {
    /// Rows and columns of a tile; those at an end may have fewer.
    rows: usize,
    columns: usize,
    /// Tiles in a row, and below each other.
    across: usize,
    below: usize,
    /// All tiles.
    count: usize,
    /// Whether an operand lies across.
    crossed: bool,
    /// The lengths of the two axes, outer first.
    lengths: [usize; 2],
    /// The strides along them.
    strides: [Strides; 2],
}

impl Tiles {
    fn of(plan: &Plan) -> Tiles {
        let (n, along) = *plan.inner();
        let outer = plan.axes.len().checked_sub(2).map(|a| plan.axes[a]);
        let (m, down) = outer.unwrap_or((1, [0; MAX_OPERANDS]));
        let crossed = (0..plan.operands)
            .any(|i| down[i] != 0 && down[i].unsigned_abs() < along[i].unsigned_abs());
        let widest = along[..plan.operands].iter().map(|step| step.unsigned_abs()).max();
        let short = (SPAN / widest.unwrap_or(1).max(1)).clamp(TILE / 4, TILE);
        let columns = n.min(if crossed { ACROSS } else { short });
        let rows = if crossed || n < SHORT_ROW { m.min(TILE / columns) } else { 1 };
        let (across, below) = (n.div_ceil(columns), m.div_ceil(rows));
        let count = plan.len / (n * m) * across * below;
        let (lengths, strides) = ([m, n], [down, along]);
        Tiles { rows, columns, across, below, count, crossed, lengths, strides }
    }

    /// The tile of this number.
    fn tile(&self, plan: &Plan, tile: usize) -> Tile {
        let across = tile % self.across;
        let column = across * self.columns;
        let row = tile / self.across % self.below * self.rows;
        let mut rest = tile / self.across / self.below;
        let mut at = plan.start;
        for i in 0..plan.operands {
            let [down, along] = [self.strides[0][i], self.strides[1][i]];
            let offset =
                down.wrapping_mul(row as isize).wrapping_add(along.wrapping_mul(column as isize));
            at[i] = at[i].wrapping_offset(offset);
        }
        for (n, strides) in plan.axes.iter().rev().skip(2) {
            let index = (rest % n) as isize;
            rest /= n;
            for i in 0..plan.operands {
                at[i] = at[i].wrapping_offset(strides[i].wrapping_mul(index));
            }
        }
        let [m, n] = self.lengths;
        let (rows, columns) = (self.rows.min(m - row), self.columns.min(n - column));
        Tile { at, rows, columns, across }
    }

    /// From the tile before it to the one of this number.
    fn advance(&self, plan: &Plan, tile: &mut Tile, number: usize) {
        tile.across += 1;
        if tile.across == self.across {
            *tile = self.tile(plan, number);
            return;
        }
        for i in 0..plan.operands {
            let step = self.strides[1][i].wrapping_mul(self.columns as isize);
            tile.at[i] = tile.at[i].wrapping_offset(step);
        }
        tile.columns = self.columns.min(self.lengths[1] - tile.across * self.columns);
    }
}

/// A tile.
struct Tile {
    /// Where each operand begins.
    at: [*mut u8; MAX_OPERANDS],
    rows: usize,
    columns: usize,
    /// How many tiles are before it in the row.
    across: usize,
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
