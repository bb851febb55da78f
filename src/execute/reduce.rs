//! Runs reductions: elements along axes joined into one, in an order that their number alone decides.
//!
//! The elements that are joined are *items*, counted in the logical order of the reduced axes. A part of
//! the items that is a node of the tree can be reduced by itself, so large reductions are shared among
//! threads without changing a bit.
//!
//! ```text
//! along: the reduced axis is the one that lies closest together
//!     for each output: a contiguous run, or pieces of it brought into a buffer -> one element
//! across: an axis that stays lies closer together
//!     for each piece of that axis: rows of elements, joined row by row -> a row
//! ```

use std::mem::MaybeUninit;

use lanefn_kernels::{
    fold::{self, CHAINS, LEAF, Rows, Run, split},
    lanes::Dtype,
    level::Level,
    loops::{Input, Loop},
};
use smallvec::SmallVec;

use super::{
    Code,
    code::Inner,
    floats::IeeeDefault,
    interrupt::{Watch, watched},
    mapped::Mapped,
    memory, parallel_watched,
};
use crate::{
    error::Result,
    status::{Rule, Status, cast_looked, loses},
    ufunc::{Order, Scalar},
};

/// Elements of a piece that is brought into a buffer.
pub(super) const PIECE: usize = 2048;
/// Bytes of the vector of accumulators, along, where the order is any.
const ACCUMULATORS: usize = 4096;
/// Columns of a row across. So many that rows mostly are read whole, one after the other, as memory likes
/// it; tried before: rows of 256 to 2048 columns, whose accumulators are in L1, took 1.3 to 2 times as
/// long, with the rows ahead asked for or not.
const COLUMNS: usize = 4096;
/// Fewer columns than this are reduced one by one, along.
const FEW_COLUMNS: usize = 16;
/// Rows between two questions whether to go on.
const ROWS: usize = 1024;
/// Elements that are looked at together.
const LOOKED_AT: usize = 256;
/// Items of the nodes that threads share, times columns.
const NODE: usize = 1 << 16;

/// An axis that is reduced: its length, and the strides of the input and the mask.
pub(crate) type Reduced = (usize, [isize; 2]);
/// An axis that stays: its length, and the strides of the input, the mask and the output.
pub(crate) type Kept = (usize, [isize; 3]);

/// One reduction.
pub(crate) struct Reduce {
    /// `(T, T) -> T`.
    pub of: Code,
    pub order: Order,
    /// Along contiguous runs, where there is such a loop.
    pub run: Option<Run>,
    /// Several rows at once, where there is such a loop.
    pub rows: Option<Rows>,
    pub level: Level,
    /// The input, and the mask or null.
    pub from: [*const u8; 2],
    pub size: usize,
    /// From the input's dtype to the loop's.
    pub cast: Option<&'static Loop>,
    /// The bool that decides a reduction of bools once one element is it.
    pub settles: Option<bool>,
    /// What stands for elements that are masked out; where there is none they are left out.
    pub neutral: Option<Scalar>,
    pub reduced: SmallVec<[Reduced; 4]>,
    pub kept: SmallVec<[Kept; 4]>,
    /// What the result is joined with, to the right of this.
    pub initial: Option<Scalar>,
    pub to: *mut u8,
    /// From the loop's dtype to the output's.
    pub out_cast: Option<&'static Loop>,
    pub out_size: usize,
    /// The items that go to each output, as first and number; and the output's stride from one such
    /// range to the next.
    pub ranges: Ranges,
    /// How to tell what is met; arithmetic and divisions of integers do.
    pub rule: Rule,
    /// Where to say it, while this runs.
    pub status: Option<Status>,
    /// Whether to go on, if that can change while this runs.
    pub watch: Option<Watch>,
    /// What computes the items, where they are not in memory.
    pub mapped: Option<Mapped>,
}

/// Which items go to which output.
pub(crate) enum Ranges {
    /// All, to one.
    All,
    /// From each index to the next, or the one alone where that does not follow (`reduceat`), along an
    /// axis of the output with this stride.
    Between(Vec<usize>, isize),
    /// From the first to each (`accumulate`), along an axis of the output with this stride.
    Running(isize),
}

// SAFETY: addresses and numbers; who follows the addresses says why that is sound.
unsafe impl Sync for Reduce {}

/// Where a reduction of one output (along) or one row of them (across) begins.
#[derive(Clone, Copy)]
struct Unit {
    from: [*const u8; 2],
    to: *mut u8,
    columns: usize,
}

impl Reduce {
    /// Whether to go on; if not, nobody reads what comes out. It looks at the clock, so it is for pieces of
    /// some microseconds.
    #[inline]
    fn go_on(&self) -> bool {
        self.watch.as_ref().is_none_or(Watch::go_on)
    }

    /// Items.
    fn items(&self) -> usize {
        self.reduced.iter().map(|r| r.0).product()
    }

    /// Runs it.
    ///
    /// # Safety
    /// Input and mask are valid for reading at every place that the axes reach, the output for writing;
    /// the output is apart from both, and its elements from each other. The level is present. There is
    /// an item, or an initial value.
    pub(crate) unsafe fn run(mut self, threads: Option<usize>) -> Result<()> {
        let casts = self.cast.is_some_and(loses) || self.out_cast.is_some_and(loses);
        self.status = Status::begin(self.rule, &self.of, casts);
        self.watch = Watch::begin();
        // SAFETY: the caller's promise.
        unsafe { self.run_all(threads) }?;
        self.watch.as_ref().map_or(Ok(()), Watch::end)?;
        if let Some(status) = &self.status {
            status.end();
        }
        Ok(())
    }

    /// # Safety
    /// As for [`Reduce::run`].
    unsafe fn run_all(&mut self, threads: Option<usize>) -> Result<()> {
        // Any order: the one in which elements lie.
        if self.order == Order::Any && matches!(self.ranges, Ranges::All) {
            self.reduced.sort_by_key(|r| std::cmp::Reverse(r.1[0].unsigned_abs()));
        }
        self.merge();
        let n = self.items();
        // The axis that lies closest together, innermost.
        self.kept
            .sort_by_key(|k| std::cmp::Reverse((k.1[0].unsigned_abs(), k.1[2].unsigned_abs())));
        let step = self.reduced.last().map_or(0, |r| r.1[0].unsigned_abs());
        let across = self
            .kept
            .last()
            .is_some_and(|k| k.0 >= FEW_COLUMNS && k.1[0].unsigned_abs() < step && n > 1);
        let outer = &self.kept[..self.kept.len() - across as usize];
        let rows: usize = outer.iter().map(|k| k.0).product();
        let columns = if across { self.kept[self.kept.len() - 1].0 } else { 1 };
        let tiles = columns.div_ceil(COLUMNS);
        let units = rows * tiles;
        if units == 0 {
            return Ok(());
        }
        let this = &*self;
        let (status, watch) = (this.status.as_ref(), this.watch.as_ref());
        let unit = |u: usize| {
            // As a whole: its addresses alone could not be shared by threads.
            let all: &Reduce = this;
            let (mut row, tile) = (u / tiles, u % tiles);
            let mut at = Unit {
                from: all.from,
                to: all.to,
                columns: if across { COLUMNS.min(columns - tile * COLUMNS) } else { 1 },
            };
            let mut step = |strides: &[isize; 3], by: usize| {
                for (from, stride) in at.from.iter_mut().zip(strides) {
                    *from = from.wrapping_offset(stride.wrapping_mul(by as isize));
                }
                at.to = at.to.wrapping_offset(strides[2].wrapping_mul(by as isize));
            };
            for (length, strides) in outer.iter().rev() {
                step(strides, row % length);
                row /= length;
            }
            if across {
                step(&self.kept[self.kept.len() - 1].1, tile * COLUMNS);
            }
            at
        };
        let each = 0.1 + self.of.cost() as f64 * 0.1 + self.size as f64 * 0.05;
        let total = each * (rows * columns) as f64 * n as f64;
        let threads = match threads {
            _ if total < 100_000.0 => 1,
            Some(threads) => threads,
            None => super::num_threads()?,
        };
        let room = self.room(n, across, COLUMNS.min(columns));
        let whole = |u: usize, scratch: &mut Scratch| {
            let _part = status.and_then(Status::part);
            let at = unit(u);
            match &self.ranges {
                // SAFETY: the caller's promise; each unit has outputs of its own.
                Ranges::All => unsafe { self.finish(at, 0, n, across, scratch) },
                // SAFETY: as above.
                Ranges::Running(stride) if across => unsafe {
                    self.running_across(&at, n, *stride, scratch);
                },
                // SAFETY: as above.
                Ranges::Running(stride) => unsafe { self.running_along(&at, n, *stride, scratch) },
                Ranges::Between(starts, stride) => {
                    for (k, &first) in starts.iter().enumerate() {
                        if k % 256 == 0 && !this.go_on() {
                            return;
                        }
                        let end = starts.get(k + 1).copied().unwrap_or(n);
                        let count = end.saturating_sub(first).max(1);
                        let to = at.to.wrapping_offset(stride.wrapping_mul(k as isize));
                        // SAFETY: as above; `first < n` has been checked.
                        unsafe { self.finish(Unit { to, ..at }, first, count, across, scratch) };
                    }
                }
            }
        };
        if threads <= 1 && (watch.is_none() || total < 100_000.0) {
            let _floats = IeeeDefault::enter();
            let mut scratch = Scratch::new(room);
            watched(watch, || {
                for u in 0..units {
                    whole(u, &mut scratch);
                }
            });
            return Ok(());
        }
        // A few large units are cut at nodes of the tree.
        let node = (NODE / COLUMNS.min(columns)).max(LEAF);
        let cut = units < 64
            && n > node
            && (threads > 1 || !across)
            && self.order != Order::Sequence
            && matches!(self.ranges, Ranges::All);
        if !cut {
            let chunk = (50_000.0 / (total / units as f64)).ceil().max(1.0) as usize;
            return parallel_watched(units.div_ceil(chunk), threads, watch, &|i| {
                let mut scratch = Scratch::new(room);
                for u in i * chunk..units.min((i + 1) * chunk) {
                    whole(u, &mut scratch);
                }
            });
        }
        let mut nodes = Vec::new();
        let mut open = vec![(0, n)];
        while let Some((first, count)) = open.pop() {
            if count <= node {
                nodes.push((first, count));
            } else {
                open.push((first + split(count), count - split(count)));
                open.push((first, split(count)));
            }
        }
        let row = COLUMNS.min(columns) * Dtype::MAX_SIZE;
        let mut made = vec![0u64; units * nodes.len() * row / 8];
        let base = made.as_mut_ptr().cast::<u8>() as usize;
        let place = |u: usize, k: usize| (base + (u * nodes.len() + k) * row) as *mut u8;
        parallel_watched(units * nodes.len(), threads, watch, &|i| {
            let (u, k) = (i / nodes.len(), i % nodes.len());
            let _part = status.and_then(Status::part);
            let mut scratch = Scratch::new(room);
            // SAFETY: as above; each node has room of its own.
            unsafe {
                self.part(&unit(u), nodes[k].0, nodes[k].1, across, place(u, k), &mut scratch);
            }
        })?;
        let _floats = IeeeDefault::enter();
        let _part = status.and_then(Status::part);
        watched(watch, || {
            for u in 0..units {
                let at = unit(u);
                let mut next = 0;
                // SAFETY: rows of the nodes, joined in place.
                let result =
                    unsafe { self.join_nodes(&|k| place(u, k), &mut next, n, node, at.columns) };
                // SAFETY: as above.
                unsafe { self.write(&at, result, across) };
            }
        });
        Ok(())
    }

    /// The tree above the nodes.
    ///
    /// # Safety
    /// Each place holds a row of so many elements.
    unsafe fn join_nodes(
        &self,
        place: &dyn Fn(usize) -> *mut u8,
        next: &mut usize,
        n: usize,
        node: usize,
        columns: usize,
    ) -> *mut u8 {
        if n <= node {
            *next += 1;
            return place(*next - 1);
        }
        // SAFETY: the caller's promise.
        unsafe {
            let left = self.join_nodes(place, next, split(n), node, columns);
            let right = self.join_nodes(place, next, n - split(n), node, columns);
            self.join(left, right, left, columns);
            left
        }
    }

    /// Merges reduced axes that run on without a gap.
    fn merge(&mut self) {
        let mut merged: SmallVec<[Reduced; 4]> = SmallVec::new();
        for &(n, strides) in self.reduced.iter().filter(|r| r.0 != 1) {
            match merged.last_mut() {
                Some((m, outer))
                    if (0..2).all(|i| outer[i] == strides[i].wrapping_mul(n as isize)) =>
                {
                    *m *= n;
                    *outer = strides;
                }
                _ => merged.push((n, strides)),
            }
        }
        self.reduced = merged;
        self.kept.retain(|k| k.0 != 1);
        if self.kept.is_empty() {
            self.kept.push((1, [0; 3]));
        }
    }

    fn inner(&self) -> Inner<'_> {
        self.of.inner(self.level)
    }

    /// Bytes of an element in the loop's dtype.
    fn width(&self) -> usize {
        self.of.outputs()[0].size()
    }

    /// `to = f(a, b)` for rows.
    ///
    /// # Safety
    /// Rows of `n` elements of the loop's dtype; `to` may be `a`.
    #[inline]
    unsafe fn join(&self, a: *const u8, b: *const u8, to: *mut u8, n: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            if let Some(status) = self.looks() {
                return self.join_looked(status, a, b, to, n);
            }
            let inputs = [Input { at: a, scalar: false }, Input { at: b, scalar: false }];
            self.inner().run(&inputs, &[to], n);
        }
    }

    /// Where to say what the results show beside the operands.
    #[inline]
    fn looks(&self) -> Option<&Status> {
        self.status.as_ref().filter(|s| s.needs_inputs())
    }

    /// As [`Reduce::join`], and looks at what came out of what. The results are written over the operands,
    /// so those are kept meanwhile, some at a time.
    ///
    /// # Safety
    /// As for [`Reduce::join`]; `to` may be `a` or `b`.
    #[inline(never)]
    unsafe fn join_looked(
        &self,
        status: &Status,
        a: *const u8,
        b: *const u8,
        to: *mut u8,
        n: usize,
    ) {
        let mut kept = [[0u64; LOOKED_AT * Dtype::MAX_WORDS]; 2];
        let (size, w) = (self.of.inputs()[0].size(), self.width());
        for done in (0..n).step_by(LOOKED_AT) {
            let m = LOOKED_AT.min(n - done);
            let mut inputs = [Input { at: std::ptr::null(), scalar: false }; 2];
            // SAFETY: the caller's promise; elements of the rows, and room of ours for as many.
            unsafe {
                for ((input, from), kept) in inputs.iter_mut().zip([a, b]).zip(&mut kept) {
                    let kept = kept.as_mut_ptr().cast::<u8>();
                    std::ptr::copy_nonoverlapping(from.add(done * size), kept, m * size);
                    input.at = kept;
                }
                let to = to.add(done * w);
                self.inner().run(&inputs, &[to], m);
                status.look(&self.of, &inputs, &[to], m);
            }
        }
    }

    /// One element after the other, each result joined with the next.
    ///
    /// # Safety
    /// As for [`Fold::run`].
    unsafe fn scan(
        &self,
        acc: *mut u8,
        x: *const u8,
        x_step: isize,
        to: *mut u8,
        to_step: isize,
        n: usize,
    ) {
        let scan = self.of.scan(self.level);
        let Some(status) = self.looks() else {
            // SAFETY: the caller's promise.
            return unsafe { scan.run(acc, x, x_step, to, to_step, n) };
        };
        for i in 0..n as isize {
            let x = x.wrapping_offset(x_step.wrapping_mul(i));
            let to = if to.is_null() { to } else { to.wrapping_offset(to_step.wrapping_mul(i)) };
            let mut before = [0u8; Dtype::MAX_SIZE];
            let inputs =
                [before.as_mut_ptr().cast_const(), x].map(|at| Input { at, scalar: false });
            // SAFETY: the caller's promise, element by element; the result so far is written over.
            unsafe {
                std::ptr::copy_nonoverlapping(acc, before.as_mut_ptr(), self.width());
                scan.run(acc, x, 0, to, 0, 1);
                status.look(&self.of, &inputs, &[acc], 1);
            }
        }
    }

    /// Room for the rows of a tree of `n` items, and two more for what is brought in.
    fn room(&self, n: usize, across: bool, columns: usize) -> usize {
        let depth = (n / LEAF).max(1).ilog2() as usize + 4;
        match (across, self.order) {
            (false, _) => 3 * PIECE * Dtype::MAX_SIZE + 2 * Dtype::MAX_SIZE * depth,
            (true, Order::Tree) => (CHAINS + depth + 2) * columns * Dtype::MAX_SIZE,
            (true, _) => 3 * columns * Dtype::MAX_SIZE,
        }
    }

    /// Reduces a range of items and writes what comes out.
    ///
    /// # Safety
    /// As for [`Reduce::run`].
    unsafe fn finish(&self, at: Unit, first: usize, n: usize, across: bool, scratch: &mut Scratch) {
        let mark = scratch.used;
        // The plain case: a short run that lies ready.
        if let (false, Some(run), None, None, None, [(_, [step, _])], true) = (
            across,
            self.run,
            self.cast,
            self.out_cast,
            self.initial,
            &self.reduced[..],
            self.from[1].is_null(),
        ) && *step == self.size as isize
        {
            // SAFETY: a contiguous run of items.
            unsafe { run(at.from[0].add(first * self.size), n, at.to) };
            return;
        }
        let result = scratch.elements(at.columns);
        if n > 0 {
            // SAFETY: the caller's promise; there is room for a row.
            unsafe { self.part(&at, first, n, across, result, scratch) };
            if !self.watch.as_ref().is_some_and(Watch::is_stopped) {
                // SAFETY: as above.
                unsafe { self.write(&at, result, across) };
            }
        } else if let Some(initial) = self.initial {
            // SAFETY: as above.
            unsafe {
                fill(result, initial.bytes(), at.columns);
                self.write_cast(&at, result, across);
            }
        }
        scratch.used = mark;
    }

    /// Joins a row with the initial value, and writes it.
    ///
    /// # Safety
    /// As for [`Reduce::run`]; `row` holds the unit's columns.
    unsafe fn write(&self, at: &Unit, row: *mut u8, across: bool) {
        // A sequence has begun with it.
        if let Some(initial) = self.initial.filter(|_| self.order != Order::Sequence) {
            let initial = initial.bytes().as_ptr();
            let inputs = [Input { at: initial, scalar: true }, Input { at: row, scalar: false }];
            // SAFETY: the caller's promise.
            unsafe {
                match self.looks() {
                    Some(status) => {
                        for c in 0..at.columns {
                            let to = row.add(c * self.width());
                            self.join_looked(status, initial, to, to, 1);
                        }
                    }
                    None => self.inner().run(&inputs, &[row], at.columns),
                }
            }
        }
        // SAFETY: the caller's promise.
        unsafe { self.write_cast(at, row, across) };
    }

    /// Not inlined: its room on the stack is more than a short reduction should have to touch.
    ///
    /// # Safety
    /// As for [`Reduce::write`].
    #[inline(never)]
    unsafe fn write_cast(&self, at: &Unit, mut row: *mut u8, across: bool) {
        let mut cast = MaybeUninit::<[u64; COLUMNS * Dtype::MAX_WORDS]>::uninit();
        if let Some(to) = self.out_cast {
            let from = row;
            row = cast.as_mut_ptr().cast();
            // SAFETY: a row has at most `COLUMNS` elements, for which there is room of its own.
            unsafe { cast_looked(to, self.level, from, row, at.columns, self.status.as_ref()) };
        }
        let stride = if across { self.kept[self.kept.len() - 1].1[2] } else { 0 };
        let size = self.out_size;
        // SAFETY: the outputs of this unit.
        unsafe { memory::copy_row(row, size as isize, at.to, stride, at.columns, size) };
    }

    /// The items `first .. first + n` of a unit, `n >= 1`, joined to a row of its columns. They are a
    /// node of the tree, or a whole one.
    ///
    /// # Safety
    /// As for [`Reduce::run`]; `to` has room for the row.
    unsafe fn part(
        &self,
        at: &Unit,
        first: usize,
        n: usize,
        across: bool,
        to: *mut u8,
        scratch: &mut Scratch,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            match (across, self.order) {
                (false, Order::Tree) => self.along_tree(at, first, n, to, scratch),
                (false, Order::Any) => self.along_any(at, first, n, to, scratch),
                (false, Order::Sequence) => self.along_sequence(at, first, n, to, scratch),
                (true, Order::Tree) => self.across_tree(at, first, n, to, scratch),
                (true, _) => self.across_sequence(at, first, n, to, scratch),
            }
        }
    }

    /// How far an item is from the first, and how many follow it with the same step.
    fn item(&self, index: usize) -> ([isize; 2], usize) {
        let mut offset = [0isize; 2];
        let (mut rest, mut run) = (index, 1);
        for (depth, (length, strides)) in self.reduced.iter().rev().enumerate() {
            let i = rest % length;
            rest /= length;
            for (offset, stride) in offset.iter_mut().zip(strides) {
                *offset = offset.wrapping_add(stride.wrapping_mul(i as isize));
            }
            if depth == 0 {
                run = length - i;
            }
        }
        (offset, run)
    }

    /// Items of one output, in the loop's dtype, one after the other: where they lie, if they do, or in
    /// a buffer. What is masked out is neutral, or is left out; how many there are.
    ///
    /// # Safety
    /// As for [`Reduce::run`]; both buffers have room for `n <= PIECE` elements.
    unsafe fn bring(
        &self,
        at: &Unit,
        first: usize,
        n: usize,
        buffers: [*mut u8; 2],
    ) -> (*const u8, usize) {
        if let Some(mapped) = &self.mapped {
            // SAFETY: the caller's promise.
            unsafe {
                mapped.piece(first, n, buffers[0]);
                return (self.cast_to(buffers[0], n, buffers[1]), n);
            }
        }
        let step = self.reduced.last().map_or([0; 2], |r| r.1);
        let ([from, mask], run) = self.item(first);
        let start = at.from[0].wrapping_offset(from);
        let masked = !self.from[1].is_null();
        let mut here = start;
        if step[0] != self.size as isize || run < n || masked {
            // Together first.
            let to = buffers[0];
            let (mut done, mut from, mut mask, mut run) =
                (0, start, at.from[1].wrapping_offset(mask), run);
            let mut count = 0;
            loop {
                let m = run.min(n - done);
                // SAFETY: items of the unit, and room for as many.
                unsafe {
                    let to = to.add(count * self.size);
                    memory::copy_row(from, step[0], to, self.size as isize, m, self.size);
                    if masked && self.neutral.is_none() {
                        let let_through = |i: &usize| {
                            *mask.wrapping_offset(step[1].wrapping_mul(*i as isize)) != 0
                        };
                        let mut kept = 0;
                        for i in (0..m).filter(let_through) {
                            let size = self.size;
                            std::ptr::copy(to.add(i * size), to.add(kept * size), size);
                            kept += 1;
                        }
                        count += kept;
                    } else {
                        if masked && self.hides() {
                            let zero = &[0; Dtype::MAX_SIZE][..self.size];
                            Self::put_where_masked(mask, step[1], m, to, zero);
                        }
                        count += m;
                    }
                }
                done += m;
                if done == n {
                    break;
                }
                let ([f, k], r) = self.item(first + done);
                (from, mask, run) =
                    (at.from[0].wrapping_offset(f), at.from[1].wrapping_offset(k), r);
            }
            here = to;
            if masked && self.neutral.is_none() {
                // SAFETY: as above.
                return (unsafe { self.cast_to(here, count, buffers[1]) }, count);
            }
        }
        // SAFETY: as above.
        let made = unsafe { self.cast_to(here, n, buffers[1]) };
        if let Some(neutral) = self.neutral.filter(|_| masked) {
            let (mut done, width) = (0, self.width());
            while done < n {
                let ([_, mask], run) = self.item(first + done);
                let (mask, m) = (at.from[1].wrapping_offset(mask), run.min(n - done));
                // SAFETY: the masks of items, and their elements in a buffer of ours.
                unsafe {
                    let to = made.cast_mut().add(done * width);
                    Self::put_where_masked(mask, step[1], m, to, &neutral.bytes()[..width]);
                }
                done += m;
            }
        }
        (made, n)
    }

    /// # Safety
    /// `n` elements of the input's dtype, and room for as many of the loop's.
    unsafe fn cast_to(&self, from: *const u8, n: usize, to: *mut u8) -> *const u8 {
        let Some(cast) = self.cast else { return from };
        // SAFETY: the caller's promise; the buffer is apart from what is cast.
        unsafe { cast_looked(cast, self.level, from, to, n, self.status.as_ref()) };
        to
    }

    /// Whether what is masked out must not be cast as it is: somebody asks, and it might have no place.
    fn hides(&self) -> bool {
        self.status.is_some() && self.cast.is_some_and(loses)
    }

    /// Writes a value where the mask is false.
    ///
    /// # Safety
    /// A mask of `n` items, so far apart, and as many elements of ours that are as large as the value.
    unsafe fn put_where_masked(mask: *const u8, step: isize, n: usize, to: *mut u8, value: &[u8]) {
        for i in 0..n {
            // SAFETY: the caller's promise.
            unsafe {
                if *mask.wrapping_offset(step.wrapping_mul(i as isize)) == 0 {
                    let to = to.add(i * value.len());
                    std::ptr::copy_nonoverlapping(value.as_ptr(), to, value.len());
                }
            }
        }
    }

    /// Where items lie, if they lie ready in one run.
    fn ready(&self, at: &Unit, first: usize, n: usize) -> Option<*const u8> {
        let step = self.reduced.last().map_or(0, |r| r.1[0]);
        if !self.from[1].is_null() || self.mapped.is_some() || step != self.size as isize {
            return None;
        }
        let (offset, length) = self.item(first);
        (length >= n).then(|| at.from[0].wrapping_offset(offset[0]))
    }

    /// Reduces items that lie ready in one run, where there is a loop for that; whether they were.
    ///
    /// # Safety
    /// As for [`Reduce::part`].
    unsafe fn along_run(&self, at: &Unit, first: usize, n: usize, to: *mut u8) -> bool {
        let Some(run) = self.run.filter(|_| self.cast.is_none()) else { return false };
        let Some(x) = self.ready(at, first, n) else { return false };
        // SAFETY: the caller's promise; so many items follow each other.
        unsafe { run(x, n, to) };
        true
    }

    /// # Safety
    /// As for [`Reduce::part`].
    unsafe fn along_tree(
        &self,
        at: &Unit,
        first: usize,
        n: usize,
        to: *mut u8,
        scratch: &mut Scratch,
    ) {
        // SAFETY: the caller's promise; halves of the node.
        unsafe {
            if self.along_run(at, first, n, to) {
                return;
            }
            if n <= PIECE {
                let mark = scratch.used;
                let buffers = [scratch.elements(PIECE), scratch.elements(PIECE)];
                let (x, n) = self.bring(at, first, n, buffers);
                match self.run {
                    Some(run) => run(x, n, to),
                    None => self.tree_of(x, n, to),
                }
                scratch.used = mark;
                return;
            }
            let right = scratch.take(Dtype::MAX_SIZE);
            self.along_tree(at, first, split(n), to, scratch);
            self.along_tree(at, first + split(n), n - split(n), right, scratch);
            self.join(to, right, to, 1);
            scratch.used -= Dtype::MAX_SIZE;
        }
    }

    /// The tree of a contiguous run, by the elementwise loop.
    ///
    /// # Safety
    /// `n >= 1` elements of the loop's dtype, and room for one.
    unsafe fn tree_of(&self, x: *const u8, n: usize, to: *mut u8) {
        let w = self.width();
        // SAFETY: places within the run, here and below.
        unsafe {
            if n > LEAF {
                let mut right = [0u8; Dtype::MAX_SIZE];
                self.tree_of(x, split(n), to);
                self.tree_of(x.add(split(n) * w), n - split(n), right.as_mut_ptr());
                self.join(to, right.as_ptr(), to, 1);
                return;
            }
            let mut acc = [0u8; Dtype::MAX_SIZE * CHAINS];
            let acc = acc.as_mut_ptr();
            let mut done = 1;
            std::ptr::copy_nonoverlapping(x, acc, w);
            if n >= CHAINS {
                std::ptr::copy_nonoverlapping(x, acc, w * CHAINS);
                done = CHAINS;
                while n - done >= CHAINS {
                    self.join(acc, x.add(done * w), acc, CHAINS);
                    done += CHAINS;
                }
                for half in [4, 2, 1] {
                    for k in 0..half {
                        self.join(
                            acc.add(2 * k * w),
                            acc.add((2 * k + 1) * w),
                            acc.add(2 * k * w),
                            1,
                        );
                        std::ptr::copy(acc.add(2 * k * w), acc.add(k * w), w);
                    }
                }
            }
            while done < n {
                self.join(acc, x.add(done * w), acc, 1);
                done += 1;
            }
            std::ptr::copy_nonoverlapping(acc, to, w);
        }
    }

    /// Vectors of accumulators, then halves of these.
    ///
    /// # Safety
    /// As for [`Reduce::part`].
    unsafe fn along_any(
        &self,
        at: &Unit,
        first: usize,
        n: usize,
        to: *mut u8,
        scratch: &mut Scratch,
    ) {
        let mark = scratch.used;
        let w = self.width();
        // SAFETY: the caller's promise; the whole node.
        if unsafe { self.along_run(at, first, n, to) } {
            return;
        }
        let buffers = [scratch.elements(PIECE), scratch.elements(PIECE)];
        // SAFETY: the caller's promise; pieces of the items.
        unsafe {
            if let Some(truth) = self.settles {
                // Each element says all or nothing.
                let mut done = 0;
                let mut settled = false;
                // What is true is any number but zero.
                let ready = self.ready(at, first, n).filter(|_| truth);
                let dtype = self.cast.map_or(Dtype::Bool, |cast| cast.inputs[0]);
                while done < n && !settled {
                    let m = (n - done).min(PIECE);
                    if let Some(x) = ready {
                        settled = memory::any_but_zero(x.add(done * self.size), m, dtype);
                        done += m;
                        continue;
                    }
                    let (x, m) = self.bring(at, first + done, m, buffers);
                    let x = std::slice::from_raw_parts(x, m);
                    settled = x.iter().fold(false, |any, b| any | ((*b != 0) == truth));
                    done += m;
                }
                *to = (settled == truth) as u8;
                scratch.used = mark;
                return;
            }
            let acc = scratch.elements(PIECE);
            let size = n.min((ACCUMULATORS / w).min(PIECE));
            let (x, count) = self.bring(at, first, size, buffers);
            std::ptr::copy_nonoverlapping(x, acc, count * w);
            let mut done = size;
            while done < n {
                let m = (n - done).min(size);
                let (x, m) = self.bring(at, first + done, m, buffers);
                // What comes after the next piece, if it lies behind it.
                memory::ask_for_tile(x.wrapping_add(2 * size * w), [0, w as isize], [1, m]);
                self.join(acc, x, acc, m);
                done += m;
            }
            let mut left = count;
            while left > 1 {
                let half = left / 2;
                // An odd one in the middle stays where it is.
                self.join(acc, acc.add((left - half) * w), acc, half);
                left -= half;
            }
            std::ptr::copy_nonoverlapping(acc, to, w);
        }
        scratch.used = mark;
    }

    /// # Safety
    /// As for [`Reduce::part`].
    unsafe fn along_sequence(
        &self,
        at: &Unit,
        first: usize,
        n: usize,
        to: *mut u8,
        scratch: &mut Scratch,
    ) {
        let mark = scratch.used;
        let w = self.width();
        let buffers = [scratch.elements(PIECE), scratch.elements(PIECE)];
        let mut begun = false;
        // SAFETY: the caller's promise; pieces of the items.
        unsafe {
            if let Some(initial) = self.initial {
                std::ptr::copy_nonoverlapping(initial.bytes().as_ptr(), to, w);
                begun = true;
            }
            let mut done = 0;
            while done < n && (done == 0 || self.go_on()) {
                let m = (n - done).min(PIECE);
                let (mut x, mut count) = self.bring(at, first + done, m, buffers);
                if !begun {
                    std::ptr::copy_nonoverlapping(x, to, w);
                    (x, count, begun) = (x.add(w), count - 1, true);
                }
                self.scan(to, x, w as isize, std::ptr::null_mut(), 0, count);
                done += m;
            }
        }
        scratch.used = mark;
    }

    /// Every result on the way, along.
    ///
    /// # Safety
    /// As for [`Reduce::run`].
    unsafe fn running_along(&self, at: &Unit, n: usize, stride: isize, scratch: &mut Scratch) {
        let mark = scratch.used;
        let w = self.width();
        let buffers = [scratch.elements(PIECE), scratch.elements(PIECE)];
        let mut acc = [0u8; Dtype::MAX_SIZE];
        let acc = acc.as_mut_ptr();
        let mut to = at.to;
        // SAFETY: the caller's promise; pieces of the items and of the output.
        unsafe {
            let step = self.reduced.last().map_or(0, |r| r.1[0]);
            if self.cast.is_none() && self.out_cast.is_none() {
                let x = at.from[0];
                std::ptr::copy_nonoverlapping(x, acc, w);
                std::ptr::copy_nonoverlapping(x, to, w);
                let mut done = 1;
                while done < n && (done == 1 || self.go_on()) {
                    let m = (n - done).min(NODE);
                    let x = x.wrapping_offset(step.wrapping_mul(done as isize));
                    let to = to.wrapping_offset(stride.wrapping_mul(done as isize));
                    self.scan(acc, x, step, to, stride, m);
                    done += m;
                }
                scratch.used = mark;
                return;
            }
            let made = scratch.elements(PIECE);
            let mut done = 0;
            while done < n && (done == 0 || self.go_on()) {
                let m = (n - done).min(PIECE);
                let (x, _) = self.bring(at, done, m, buffers);
                let first = (done == 0) as usize;
                if first == 1 {
                    std::ptr::copy_nonoverlapping(x, acc, w);
                    std::ptr::copy_nonoverlapping(x, made, w);
                }
                self.scan(
                    acc,
                    x.add(first * w),
                    w as isize,
                    made.add(first * w),
                    w as isize,
                    m - first,
                );
                let mut row = made;
                if let Some(cast) = self.out_cast {
                    cast_looked(cast, self.level, made, buffers[0], m, self.status.as_ref());
                    row = buffers[0];
                }
                let size = self.out_size;
                memory::copy_row(row, size as isize, to, stride, m, size);
                to = to.wrapping_offset(stride.wrapping_mul(m as isize));
                done += m;
            }
        }
        scratch.used = mark;
    }

    /// Every result on the way, across: row after row.
    ///
    /// # Safety
    /// As for [`Reduce::run`].
    unsafe fn running_across(&self, at: &Unit, n: usize, stride: isize, scratch: &mut Scratch) {
        let mark = scratch.used;
        let w = self.width();
        let row = at.columns * Dtype::MAX_SIZE;
        let buffers = [scratch.take(row), scratch.take(row)];
        let acc = scratch.take(row);
        let along = self.kept[self.kept.len() - 1].1[2];
        let direct = self.out_cast.is_none() && along == w as isize;
        let mut items = Items::new(self, 0);
        let mut last = acc.cast_const();
        // SAFETY: the caller's promise.
        unsafe {
            for i in 0..n {
                if i % ROWS == ROWS - 1 && !self.go_on() {
                    break;
                }
                let to = at.to.wrapping_offset(stride.wrapping_mul(i as isize));
                let x = self.row(at, items.next(self), buffers);
                let made = if direct { to } else { acc };
                if i == 0 {
                    std::ptr::copy_nonoverlapping(x, made, at.columns * w);
                } else {
                    self.join(last, x, made, at.columns);
                }
                last = made;
                if !direct {
                    self.write_cast(&Unit { to, ..*at }, made, true);
                }
            }
        }
        scratch.used = mark;
    }

    /// A row of one item in the loop's dtype: where it lies, or in a buffer.
    ///
    /// # Safety
    /// As for [`Reduce::run`]; both buffers have room for a row.
    #[inline]
    unsafe fn row(&self, at: &Unit, item: [isize; 2], buffers: [*mut u8; 2]) -> *const u8 {
        let (_, step) = self.kept[self.kept.len() - 1];
        let from = at.from[0].wrapping_offset(item[0]);
        let mut here = from;
        let masked = !self.from[1].is_null();
        // SAFETY: the unit's columns of this item.
        unsafe {
            let hides = masked && self.hides();
            let mask = at.from[1].wrapping_offset(item[1]);
            if step[0] != self.size as isize || (masked && self.cast.is_none()) || hides {
                let size = self.size;
                memory::copy_row(from, step[0], buffers[0], size as isize, at.columns, size);
                here = buffers[0];
                if hides {
                    let zero = &[0; Dtype::MAX_SIZE][..size];
                    Self::put_where_masked(mask, step[1], at.columns, buffers[0], zero);
                }
            }
            let made = self.cast_to(here, at.columns, buffers[1]);
            if let Some(neutral) = self.neutral.filter(|_| masked) {
                let neutral = &neutral.bytes()[..self.width()];
                Self::put_where_masked(mask, step[1], at.columns, made.cast_mut(), neutral);
            }
            made
        }
    }

    /// The loop for several rows at once, if there is one and they can be used where they lie.
    fn ready_rows(&self) -> Option<Rows> {
        let (_, step) = self.kept[self.kept.len() - 1];
        let ready = self.cast.is_none() && self.from[1].is_null() && step[0] == self.size as isize;
        self.rows.filter(|_| ready && self.looks().is_none())
    }

    /// Rows that lie ready, each joined to what those before it gave.
    ///
    /// # Safety
    /// One row or more of `n` elements of the loop's dtype; `to` is the first one, or apart from all.
    unsafe fn join_ready(&self, join: Rows, rows: &[*const u8], to: *mut u8, n: usize) {
        let (mut first, mut rest) = (rows[0], &rows[1..]);
        // SAFETY: the caller's promise.
        unsafe {
            if rest.is_empty() && first != to {
                std::ptr::copy_nonoverlapping(first, to, n * self.width());
            }
            while let Some((some, more)) = rest.split_first_chunk::<{ fold::ROWS - 1 }>() {
                let mut all = [first; fold::ROWS];
                all[1..].copy_from_slice(some);
                join(&all, to, n);
                (first, rest) = (to, more);
            }
            for &row in rest {
                self.join(first, row, to, n);
                first = to;
            }
        }
    }

    /// Row after row.
    ///
    /// # Safety
    /// As for [`Reduce::part`].
    unsafe fn across_sequence(
        &self,
        at: &Unit,
        first: usize,
        n: usize,
        to: *mut u8,
        scratch: &mut Scratch,
    ) {
        let mark = scratch.used;
        let w = self.width();
        let buffers = [scratch.elements(at.columns), scratch.elements(at.columns)];
        // Masked, and nothing stands for what is left out: those columns keep what they have.
        let leave = !self.from[1].is_null() && self.neutral.is_none();
        let (_, step) = self.kept[self.kept.len() - 1];
        let mut items = Items::new(self, first);
        // SAFETY: the caller's promise.
        unsafe {
            let mut done = 0;
            match self.initial.filter(|_| self.order == Order::Sequence) {
                Some(initial) => fill(to, initial.bytes(), at.columns),
                None => {
                    let x = self.row(at, items.next(self), buffers);
                    std::ptr::copy_nonoverlapping(x, to, at.columns * w);
                    done = 1;
                }
            }
            if let Some(join) = self.ready_rows() {
                // The result so far, and those that follow.
                let mut rows = [to.cast_const(); 1 + 4 * (fold::ROWS - 1)];
                while done < n && (!done.is_multiple_of(ROWS) || self.go_on()) {
                    let m = (n - done).min(ROWS - done % ROWS).min(rows.len() - 1);
                    for row in &mut rows[1..=m] {
                        *row = at.from[0].wrapping_offset(items.next(self)[0]);
                    }
                    self.join_ready(join, &rows[..=m], to, at.columns);
                    done += m;
                }
                done = n;
            }
            while done < n && (done % ROWS != ROWS - 1 || self.go_on()) {
                let item = items.next(self);
                let x = self.row(at, item, buffers);
                if leave {
                    let mask = at.from[1].wrapping_offset(item[1]);
                    for c in 0..at.columns {
                        if *mask.wrapping_offset(step[1].wrapping_mul(c as isize)) != 0 {
                            self.scan(to.add(c * w), x.add(c * w), 0, std::ptr::null_mut(), 0, 1);
                        }
                    }
                } else {
                    self.join(to, x, to, at.columns);
                }
                done += 1;
            }
        }
        scratch.used = mark;
    }

    /// The tree, with rows for elements.
    ///
    /// # Safety
    /// As for [`Reduce::part`].
    unsafe fn across_tree(
        &self,
        at: &Unit,
        first: usize,
        n: usize,
        to: *mut u8,
        scratch: &mut Scratch,
    ) {
        let w = self.width();
        let row = at.columns * Dtype::MAX_SIZE;
        // SAFETY: the caller's promise; halves of the node, and rows of the scratch.
        unsafe {
            if n > ROWS && !self.go_on() {
                // Rows that are joined with others are numbers at any rate.
                std::ptr::write_bytes(to, 0, row);
                return;
            }
            if n > LEAF {
                let right = scratch.take(row);
                self.across_tree(at, first, split(n), to, scratch);
                self.across_tree(at, first + split(n), n - split(n), right, scratch);
                self.join(to, right, to, at.columns);
                scratch.used -= row;
                return;
            }
            let mark = scratch.used;
            let buffers = [scratch.take(row), scratch.take(row)];
            let mut items = Items::new(self, first);
            let mut done = 1;
            if n >= CHAINS {
                let acc = scratch.take(CHAINS * row);
                done = n / CHAINS * CHAINS;
                if let Some(join) = self.ready_rows() {
                    let mut rows = [[std::ptr::null(); LEAF / CHAINS]; CHAINS];
                    for i in 0..done {
                        let item = items.next(self);
                        rows[i % CHAINS][i / CHAINS] = at.from[0].wrapping_offset(item[0]);
                    }
                    for (k, rows) in rows.iter().enumerate() {
                        let rows = &rows[..n / CHAINS];
                        self.join_ready(join, rows, acc.add(k * row), at.columns);
                    }
                } else {
                    for k in 0..CHAINS {
                        let x = self.row(at, items.next(self), buffers);
                        std::ptr::copy_nonoverlapping(x, acc.add(k * row), at.columns * w);
                    }
                    for _ in 1..n / CHAINS {
                        for k in 0..CHAINS {
                            let x = self.row(at, items.next(self), buffers);
                            let acc = acc.add(k * row);
                            self.join(acc, x, acc, at.columns);
                        }
                    }
                }
                for half in [1, 2, 4] {
                    for k in (0..CHAINS).step_by(2 * half) {
                        let (a, b) = (acc.add(k * row), acc.add((k + half) * row));
                        self.join(a, b, if half == 4 { to } else { a }, at.columns);
                    }
                }
            } else {
                let x = self.row(at, items.next(self), buffers);
                std::ptr::copy_nonoverlapping(x, to, at.columns * w);
            }
            while done < n {
                let x = self.row(at, items.next(self), buffers);
                self.join(to, x, to, at.columns);
                done += 1;
            }
            scratch.used = mark;
        }
    }
}

/// The places of items, one after the other.
struct Items {
    index: usize,
    next: [isize; 2],
    run: usize,
}

impl Items {
    fn new(of: &Reduce, first: usize) -> Items {
        let (next, run) = of.item(first);
        Items { index: first, next, run }
    }

    #[inline]
    fn next(&mut self, of: &Reduce) -> [isize; 2] {
        if self.run == 0 {
            (self.next, self.run) = of.item(self.index);
        }
        let now = self.next;
        self.index += 1;
        self.run -= 1;
        if let Some((_, step)) = of.reduced.last() {
            for (next, step) in self.next.iter_mut().zip(step) {
                *next = next.wrapping_add(*step);
            }
        }
        now
    }
}

/// `n` times the same element.
///
/// # Safety
/// `to` has room for as many.
unsafe fn fill(to: *mut u8, element: &[u8], n: usize) {
    for i in 0..n {
        // SAFETY: the caller's promise.
        unsafe {
            let to = to.add(i * element.len());
            std::ptr::copy_nonoverlapping(element.as_ptr(), to, element.len());
        }
    }
}

/// Memory that is taken from and given back in order; there is none until it is first taken from.
struct Scratch {
    memory: Vec<MaybeUninit<u64>>,
    words: usize,
    used: usize,
}

impl Scratch {
    fn new(bytes: usize) -> Scratch {
        // A row for what comes out, besides what is asked for.
        Scratch { memory: Vec::new(), words: bytes / 8 + COLUMNS * Dtype::MAX_WORDS + 64, used: 0 }
    }

    /// Room for so many elements of any dtype.
    fn elements(&mut self, n: usize) -> *mut u8 {
        self.take(n * Dtype::MAX_SIZE)
    }

    /// So many bytes, a multiple of 8 of them.
    fn take(&mut self, bytes: usize) -> *mut u8 {
        if self.memory.is_empty() {
            self.memory.reserve_exact(self.words);
            // SAFETY: there is room for them, and any memory is a `MaybeUninit`.
            unsafe { self.memory.set_len(self.words) };
        }
        let at = self.used;
        self.used += bytes.next_multiple_of(8);
        assert!(self.used <= self.memory.len() * 8, "the scratch is large enough");
        self.memory.as_mut_ptr().cast::<u8>().wrapping_add(at)
    }
}
