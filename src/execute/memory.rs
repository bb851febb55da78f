//! Moving elements: gathering and scattering strided rows, copies past the caches, advice on pages.

use std::sync::atomic::{AtomicUsize, Ordering};

use lanefn_kernels::lanes::Dtype;

use super::limits;
use crate::dtype::{Kind, kind};

/// The size of the last-level cache in bytes, looked up once.
pub(crate) fn last_level_cache() -> usize {
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    match SIZE.load(Ordering::Relaxed) {
        0 => {
            let size = limits::caches().last_level().max(1);
            SIZE.store(size, Ordering::Relaxed);
            size
        }
        size => size,
    }
}

/// Evaluates `$e` with the unsigned integer of the element size.
macro_rules! by_size {
    ($size:expr, $t:ident => $e:expr) => {
        match $size {
            1 => {
                type $t = u8;
                $e
            }
            2 => {
                type $t = u16;
                $e
            }
            4 => {
                type $t = u32;
                $e
            }
            8 => {
                type $t = u64;
                $e
            }
            _ => unreachable!("elements have 1, 2, 4 or 8 bytes"),
        }
    };
}

/// Copies `n` elements from every `stride` bytes to a contiguous row.
///
/// # Safety
/// Source and row are valid for `n` elements of `size` bytes, aligned or not, and apart.
unsafe fn gather(from: *const u8, stride: isize, to: *mut u8, n: usize, size: usize) {
    if stride == size as isize {
        // SAFETY: the caller's promise.
        unsafe { std::ptr::copy_nonoverlapping(from, to, n * size) };
        return;
    }
    // A long row is a part of a longer one, mostly: while these lines are read, those of the next part are
    // asked for, since the memory has nothing to do while this one is computed.
    let ahead = if n >= 64 && stride.unsigned_abs() <= 64 { stride * n as isize } else { 0 };
    by_size!(size, T => {
        const BLOCK: usize = 64 / size_of::<T>();
        let to = to.cast::<T>();
        let mut done = 0;
        while ahead != 0 && n - done >= BLOCK {
            // SAFETY: the caller's promise: elements `done .. done + BLOCK` of both.
            unsafe {
                let from = from.wrapping_offset(stride * done as isize);
                ask_for_lines(from.wrapping_offset(ahead), stride * BLOCK as isize);
                pick(from, stride, to.add(done), BLOCK);
            }
            done += BLOCK;
        }
        // SAFETY: the caller's promise: the elements from `done` on.
        unsafe { pick(from.wrapping_offset(stride * done as isize), stride, to.add(done), n - done) };
    })
}

/// [`gather`] of elements of this type.
///
/// # Safety
/// As for [`gather`].
#[inline(always)]
unsafe fn pick<T: Copy>(from: *const u8, stride: isize, to: *mut T, n: usize) {
    if stride == 2 * size_of::<T>() as isize {
        // The common slice `[::2]`, written so that it becomes shuffles.
        for i in 0..n {
            // SAFETY: the caller's promise.
            unsafe { to.add(i).write_unaligned(from.cast::<T>().add(2 * i).read_unaligned()) };
        }
    } else {
        for i in 0..n {
            // SAFETY: the caller's promise.
            unsafe {
                let from = from.wrapping_offset(stride * i as isize).cast::<T>();
                to.add(i).write_unaligned(from.read_unaligned());
            }
        }
    }
}

/// Asks for the line at an address, which need not be valid.
#[inline(always)]
pub(super) fn ask_for_line(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has the instruction, and it faults at no address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast())
    };
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Asks for the lines of so many bytes, a few, behind an address or (negative) before it, which need not be
/// valid.
pub(crate) fn ask_for_lines(at: *const u8, bytes: isize) {
    let mut line = 0;
    while line < bytes.abs() {
        ask_for_line(at.wrapping_offset(line * bytes.signum()));
        line += 64;
    }
}

/// Whether any of `n` contiguous elements is not zero.
///
/// # Safety
/// They are valid for reading, aligned or not.
pub(super) unsafe fn any_but_zero(from: *const u8, n: usize, dtype: Dtype) -> bool {
    by_size!(dtype.size(), T => {
        let mut bits: T = 0;
        for i in 0..n {
            // SAFETY: the caller's promise.
            bits |= unsafe { from.cast::<T>().add(i).read_unaligned() };
        }
        // Without the sign: -0 is zero.
        if kind(dtype) == Kind::Float { bits << 1 != 0 } else { bits != 0 }
    })
}

/// Copies a tile of `rows` and `columns` between two places, each with a stride from row to row and one
/// from column to column.
///
/// # Safety
/// Both are valid for the elements of a tile, of `size` bytes each, aligned or not, and apart.
pub(super) unsafe fn copy_tile(
    from: *const u8,
    from_strides: [isize; 2],
    to: *mut u8,
    to_strides: [isize; 2],
    [rows, columns]: [usize; 2],
    size: usize,
) {
    // The inner loop goes where the steps are small, but not for a few elements.
    let step = |axis: usize| from_strides[axis].unsigned_abs() + to_strides[axis].unsigned_abs();
    let by_row = rows == 1 || (columns >= 8 && step(1) <= step(0));
    let (outer, inner, turns, n) =
        if by_row { (0, 1, rows, columns) } else { (1, 0, columns, rows) };
    for i in 0..turns as isize {
        // SAFETY: a row (or a column) of the tile.
        unsafe {
            copy_row(
                from.wrapping_offset(from_strides[outer] * i),
                from_strides[inner],
                to.wrapping_offset(to_strides[outer] * i),
                to_strides[inner],
                n,
                size,
            );
        }
    }
}

/// Asks for the lines of a tile, where its rows or its columns are runs of lines; see [`copy_tile`].
pub(super) fn ask_for_tile(at: *const u8, strides: [isize; 2], lengths: [usize; 2]) {
    let inner = (strides[1].unsigned_abs() < strides[0].unsigned_abs()) as usize;
    let outer = 1 - inner;
    if strides[inner].unsigned_abs() > 64 || (strides[outer] == 0 && lengths[outer] > 1) {
        return;
    }
    let last = strides[inner] * (lengths[inner] as isize - 1);
    let (first, bytes) = (at.wrapping_offset(last.min(0)), last.unsigned_abs());
    for i in 0..lengths[outer] as isize {
        let run = first.wrapping_offset(strides[outer] * i);
        let mut line = 0;
        while line < bytes + 64 {
            // The last element's line, and no line past it.
            ask_for_line(run.wrapping_add(line.min(bytes)));
            line += 64;
        }
    }
}

/// Writes the elements of a contiguous row to the places `indices` in a tile, counted row by row.
///
/// # Safety
/// The row has as many elements as there are indices; the tile is valid for writing at each of them.
pub(super) unsafe fn scatter_chosen(
    from: *const u8,
    indices: &[u16],
    to: *mut u8,
    [down, along]: [isize; 2],
    columns: usize,
    size: usize,
) {
    by_size!(size, T => {
        for (k, &i) in indices.iter().enumerate() {
            let (row, column) = (i as usize / columns, i as usize % columns);
            let offset = down * row as isize + along * column as isize;
            // SAFETY: the caller's promise.
            unsafe {
                let value = from.cast::<T>().add(k).read_unaligned();
                to.wrapping_offset(offset).cast::<T>().write_unaligned(value);
            }
        }
    })
}

/// Moves the elements at `indices`, which rise, to the front of a row.
///
/// # Safety
/// The row is valid for every index.
pub(super) unsafe fn compact(row: *mut u8, indices: &[u16], size: usize) {
    by_size!(size, T => {
        let row = row.cast::<T>();
        for (k, &i) in indices.iter().enumerate() {
            // SAFETY: the caller's promise; `k <= i`.
            unsafe { row.add(k).write_unaligned(row.add(i as usize).read_unaligned()) };
        }
    })
}

/// Copies past the caches: whole lines are written to memory without being read first. Meanwhile as
/// many lines at each address in `soon`, which need not be valid, are asked for.
///
/// # Safety
/// As for `copy_nonoverlapping`.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn copy_streaming(
    mut from: *const u8,
    mut to: *mut u8,
    mut bytes: usize,
    soon: &[*const u8],
) {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
    let mut line = 0;
    let ahead = ((to as usize).wrapping_neg() % 16).min(bytes);
    // SAFETY: `ahead <= bytes`; then whole lines of 64 bytes to an address that is a multiple of 16,
    // and the rest.
    unsafe {
        std::ptr::copy_nonoverlapping(from, to, ahead);
        (from, to, bytes) = (from.add(ahead), to.add(ahead), bytes - ahead);
        while bytes >= 64 {
            for at in soon {
                ask_for_line(at.wrapping_add(line));
            }
            line += 64;
            let (source, target) = (from.cast::<__m128i>(), to.cast::<__m128i>());
            let (a, b) = (_mm_loadu_si128(source), _mm_loadu_si128(source.add(1)));
            let (c, d) = (_mm_loadu_si128(source.add(2)), _mm_loadu_si128(source.add(3)));
            _mm_stream_si128(target, a);
            _mm_stream_si128(target.add(1), b);
            _mm_stream_si128(target.add(2), c);
            _mm_stream_si128(target.add(3), d);
            (from, to, bytes) = (from.add(64), to.add(64), bytes - 64);
        }
        std::ptr::copy_nonoverlapping(from, to, bytes);
    }
}

/// Elsewhere: an ordinary copy.
///
/// # Safety
/// As for `copy_nonoverlapping`.
#[cfg(not(target_arch = "x86_64"))]
pub(super) unsafe fn copy_streaming(
    from: *const u8,
    to: *mut u8,
    bytes: usize,
    _soon: &[*const u8],
) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping(from, to, bytes) }
}

/// Makes what was streamed visible to other threads in order.
pub(super) fn end_streaming() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has the instruction, and it only orders stores.
    unsafe {
        std::arch::x86_64::_mm_sfence()
    };
}

/// Asks the system for huge pages behind fresh memory: faults on pages of 4 KiB cost several times
/// what a cheap kernel costs. Advice only; refusal changes nothing.
pub(crate) fn advise_huge(at: *mut u8, bytes: usize) {
    #[cfg(target_os = "linux")]
    {
        const HUGE: usize = 2 << 20;
        let from = (at as usize).next_multiple_of(HUGE);
        let to = (at as usize + bytes) / HUGE * HUGE;
        if from < to {
            // SAFETY: whole pages within memory that the caller has just been given; advice does not
            // change what it holds.
            unsafe { libc::madvise(from as *mut _, to - from, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (at, bytes);
}

/// Copies `n` elements from every `from_stride` bytes to every `to_stride` bytes.
///
/// # Safety
/// Both rows are valid for `n` elements of `size` bytes, and apart.
pub(crate) unsafe fn copy_row(
    from: *const u8,
    from_stride: isize,
    to: *mut u8,
    to_stride: isize,
    n: usize,
    size: usize,
) {
    if to_stride == size as isize {
        // SAFETY: the caller's promise.
        unsafe { gather(from, from_stride, to, n, size) };
        return;
    }
    by_size!(size, T => {
        for i in 0..n as isize {
            // SAFETY: the caller's promise.
            unsafe {
                let value = from.wrapping_offset(from_stride * i).cast::<T>().read_unaligned();
                to.wrapping_offset(to_stride * i).cast::<T>().write_unaligned(value);
            }
        }
    })
}
