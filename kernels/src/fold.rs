//! Functions of two elements along a run: from each result to the next, and in trees.
//!
//! A [`Fold`] goes one element after the other, on a scalar lane: it is what `accumulate`, `at` and the
//! reductions of functions that are not associative need. It is made for every function `(T, T) -> T`.
//!
//! A [`Tree`] is one fixed order for functions that are associative but for rounding, the order of
//! NumPy's sums. Under 8 elements go one by one. Up to 128, element `i` goes to accumulator `i % 8`, the
//! eight are joined in pairs, and the rest follows one by one. More are split at half, rounded down to a
//! multiple of 8. The order depends on the number of elements alone. Several leaves of the tree are
//! under way at a time, since each of them waits for its own last result.

use core::mem::MaybeUninit;

use crate::lanes::{Dtype, Element, Machine, Scalar};
use crate::level::Level;
use crate::loops::Kernel;

/// `acc = f(acc, x)` for each of `n` elements `x_step` bytes apart; each result goes to the elements
/// `to_step` bytes apart from `to` on, unless that is null.
///
/// # Safety
/// `acc` is valid for reading and writing an element, `x` for reading `n`, `to` for writing `n` or null;
/// nothing need be aligned. An element of `to` may be that of `x` at the same place; otherwise all are apart.
/// The CPU has the level that the function is for.
pub type Scan =
    unsafe fn(acc: *mut u8, x: *const u8, x_step: isize, to: *mut u8, to_step: isize, n: usize);

/// `a[offset] = f(a[offset], y)` for each of `n` offsets in bytes, one after the other.
///
/// # Safety
/// `a` is valid for reading and writing an element at each offset, `y` for reading `n` elements `y_step`
/// bytes apart, which are apart from those. The CPU has the level that the function is for.
pub type Indexed =
    unsafe fn(a: *mut u8, offsets: *const isize, y: *const u8, y_step: isize, n: usize);

/// What a function `(T, T) -> T` does one element after the other.
#[derive(Clone, Copy, Debug)]
pub struct Fold {
    scan: [Scan; 2],
    indexed: [Indexed; 2],
}

impl Fold {
    /// The fold of a kernel.
    pub const fn of<K: Kernel<(T, T), Out = (T,)>, T: Element>() -> Fold {
        Fold { scan: [K::scan, K::scan_fused], indexed: [K::indexed, K::indexed_fused] }
    }

    /// For a level; it may be called only where that is present.
    pub fn scan(&self, level: Level) -> Scan {
        self.scan[(level >= Level::Avx2) as usize]
    }

    /// As [`Fold::scan`].
    pub fn indexed(&self, level: Level) -> Indexed {
        self.indexed[(level >= Level::Avx2) as usize]
    }
}

/// Shells of the folds: as the architecture is, and with the CPU's fused multiplication.
trait Shells<T: Element>: Kernel<(T, T), Out = (T,)> {
    /// # Safety
    /// As [`Scan`] says.
    unsafe fn scan(a: *mut u8, x: *const u8, x_step: isize, to: *mut u8, step: isize, n: usize);
    /// # Safety
    /// As [`Scan`] says.
    unsafe fn scan_fused(
        a: *mut u8,
        x: *const u8,
        x_step: isize,
        to: *mut u8,
        step: isize,
        n: usize,
    );
    /// # Safety
    /// As [`Indexed`] says.
    unsafe fn indexed(a: *mut u8, at: *const isize, y: *const u8, step: isize, n: usize);
    /// # Safety
    /// As [`Indexed`] says.
    unsafe fn indexed_fused(a: *mut u8, at: *const isize, y: *const u8, step: isize, n: usize);
}

impl<K: Kernel<(T, T), Out = (T,)>, T: Element> Shells<T> for K {
    unsafe fn scan(a: *mut u8, x: *const u8, x_step: isize, to: *mut u8, step: isize, n: usize) {
        // SAFETY: the caller's promise.
        unsafe { scan::<K, T>(a, x, x_step, to, step, n) }
    }
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt"))]
    unsafe fn scan_fused(
        a: *mut u8,
        x: *const u8,
        x_step: isize,
        to: *mut u8,
        step: isize,
        n: usize,
    ) {
        // SAFETY: the caller's promise.
        unsafe { scan::<K, T>(a, x, x_step, to, step, n) }
    }
    unsafe fn indexed(a: *mut u8, at: *const isize, y: *const u8, step: isize, n: usize) {
        // SAFETY: the caller's promise.
        unsafe { indexed::<K, T>(a, at, y, step, n) }
    }
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt"))]
    unsafe fn indexed_fused(a: *mut u8, at: *const isize, y: *const u8, step: isize, n: usize) {
        // SAFETY: the caller's promise.
        unsafe { indexed::<K, T>(a, at, y, step, n) }
    }
}

/// # Safety
/// As [`Scan`] says.
#[inline(always)]
unsafe fn scan<K: Kernel<(T, T), Out = (T,)>, T: Element>(
    acc: *mut u8,
    mut x: *const u8,
    x_step: isize,
    mut to: *mut u8,
    to_step: isize,
    n: usize,
) {
    let s = Scalar::new();
    // SAFETY: the caller's promise; the scalar shape has one element.
    unsafe {
        let mut value = T::load(s, acc.cast());
        if to.is_null() {
            for _ in 0..n {
                (value,) = K::lanes(s, (value, T::load(s, x.cast())));
                x = x.wrapping_offset(x_step);
            }
        } else {
            for _ in 0..n {
                (value,) = K::lanes(s, (value, T::load(s, x.cast())));
                T::store::<Scalar>(value, to.cast());
                x = x.wrapping_offset(x_step);
                to = to.wrapping_offset(to_step);
            }
        }
        T::store::<Scalar>(value, acc.cast());
    }
}

/// # Safety
/// As [`Indexed`] says.
#[inline(always)]
unsafe fn indexed<K: Kernel<(T, T), Out = (T,)>, T: Element>(
    a: *mut u8,
    offsets: *const isize,
    mut y: *const u8,
    y_step: isize,
    n: usize,
) {
    let s = Scalar::new();
    for i in 0..n {
        // SAFETY: the caller's promise; the scalar shape has one element.
        unsafe {
            let at = a.wrapping_offset(*offsets.add(i)).cast::<T>();
            let (value,) = K::lanes(s, (T::load(s, at), T::load(s, y.cast())));
            T::store::<Scalar>(value, at);
        }
        y = y.wrapping_offset(y_step);
    }
}

/// `n` contiguous elements in the order of the tree, to one.
///
/// # Safety
/// `x` is valid for reading `n >= 1` elements, `to` for writing one; nothing need be aligned. The CPU has
/// the level that the function is for.
pub type Run = unsafe fn(x: *const u8, n: usize, to: *mut u8);

/// A function `(T, T) -> T` along contiguous runs, in the order of the tree.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    dtype: Dtype,
    runs: [Run; Level::ALL.len()],
}

impl Tree {
    /// The tree of a kernel.
    pub const fn of<K: Kernel<(T, T), Out = (T,)>, T: Eight>() -> Tree {
        Tree { dtype: T::DTYPE, runs: [K::scalar, K::baseline, K::avx2, K::avx512] }
    }

    /// The dtype of its elements.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// For a level; it may be called only where that is present.
    #[inline]
    pub fn run(&self, level: Level) -> Run {
        self.runs[level as usize]
    }
}

/// Elements that trees are made for. A shape for each level, of at most 8 lanes.
pub trait Eight: Element {
    #[doc(hidden)]
    type Wide: Machine;
    #[doc(hidden)]
    type Wider: Machine;
    #[doc(hidden)]
    type Widest: Machine;
}
impl Eight for f64 {
    type Wide = crate::lanes::wide::Bytes8;
    type Wider = crate::lanes::avx2::Bytes8;
    type Widest = crate::lanes::avx512::Bytes8;
}
impl Eight for f32 {
    type Wide = crate::lanes::wide::Bytes4;
    type Wider = crate::lanes::avx2::Bytes4;
    type Widest = crate::lanes::avx512::Bytes8;
}

trait Runs<T: Eight>: Kernel<(T, T), Out = (T,)> {
    /// # Safety
    /// As [`Run`] says.
    unsafe fn scalar(x: *const u8, n: usize, to: *mut u8);
    /// # Safety
    /// As [`Run`] says.
    unsafe fn baseline(x: *const u8, n: usize, to: *mut u8);
    /// # Safety
    /// As [`Run`] says.
    unsafe fn avx2(x: *const u8, n: usize, to: *mut u8);
    /// # Safety
    /// As [`Run`] says.
    unsafe fn avx512(x: *const u8, n: usize, to: *mut u8);
}

macro_rules! runs {
    ($($(#[$attribute:meta])* $name:ident $shape:ty;)*) => {
        impl<K: Kernel<(T, T), Out = (T,)>, T: Eight> Runs<T> for K {$(
            $(#[cfg_attr(target_arch = "x86_64", $attribute)])*
            unsafe fn $name(x: *const u8, n: usize, to: *mut u8) {
                // SAFETY: the caller's promise; the level is present.
                unsafe {
                    let s = <$shape as Machine>::token();
                    to.cast::<T>().write_unaligned(tree::<K, T, $shape>(s, x.cast(), n));
                }
            }
        )*}
    };
}
runs! {
    scalar Scalar;
    baseline T::Wide;
    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c")]
    avx2 T::Wider;
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c"
    )]
    avx512 T::Widest;
}

/// Elements in a leaf at most.
pub const LEAF: usize = 128;
/// Accumulators of a leaf.
pub const CHAINS: usize = 8;

/// Where the tree splits `n > LEAF` elements.
#[inline(always)]
pub const fn split(n: usize) -> usize {
    n / 2 - n / 2 % CHAINS
}

/// Leaves of a tree that are held at a time: as many as 4096 elements have at most, since a leaf that
/// came of a split has half of `LEAF` elements or more.
const HELD: usize = 64;
/// Trees of at most so many elements have their leaves held.
const HELD_ELEMENTS: usize = 4096;

/// Bytes ahead of the leaves under way at which memory is asked for.
const FETCH_AHEAD: usize = 4096;

/// Asks for the lines of some bytes, which need not be valid.
#[inline(always)]
fn fetch<T>(at: *const T, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..bytes).step_by(64) {
        // SAFETY: every x86-64 has the instruction, and it faults at no address.
        unsafe {
            core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(
                at.wrapping_byte_add(line).cast(),
            );
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (at, bytes);
}

/// # Safety
/// As [`Run`] says.
#[inline(always)]
unsafe fn tree<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine>(
    s: S,
    x: *const T,
    n: usize,
) -> T {
    let join = |a: T, b: T| join::<K, T>(a, b);
    // Trees within the limit are made at once. Above them: the nodes whose left half is being made or
    // is done, each with where its right half is, or with what its left half gave.
    let mut open: [MaybeUninit<(*const T, usize, T)>; 56] = [MaybeUninit::uninit(); 56];
    let (mut depth, mut in_right) = (0, 0u64);
    let (mut at, mut count) = (x, n);
    loop {
        while count > HELD_ELEMENTS {
            let left = split(count);
            // SAFETY: within the run.
            open[depth].write((unsafe { at.add(left) }, count - left, T::ZERO));
            in_right &= !(1 << depth);
            depth += 1;
            count = left;
        }
        // SAFETY: within the run.
        let mut value = unsafe { held::<K, T, S>(s, at, count) };
        loop {
            if depth == 0 {
                return value;
            }
            // SAFETY: nodes below the depth have been written.
            let node = unsafe { open[depth - 1].assume_init_mut() };
            if in_right & 1 << (depth - 1) == 0 {
                in_right |= 1 << (depth - 1);
                node.2 = value;
                (at, count) = (node.0, node.1);
                break;
            }
            value = join(node.2, value);
            depth -= 1;
        }
    }
}

/// The function of two elements.
#[inline(always)]
fn join<K: Kernel<(T, T), Out = (T,)>, T: Element>(a: T, b: T) -> T {
    let s = Scalar::new();
    let mut out = T::ZERO;
    // SAFETY: one element each, which is what the scalar shape has.
    unsafe { T::store::<Scalar>(K::lanes(s, (T::load(s, &a), T::load(s, &b))).0, &mut out) };
    out
}

/// A tree of at most `HELD_ELEMENTS` elements.
///
/// # Safety
/// As [`Run`] says.
#[inline(always)]
unsafe fn held<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine>(
    s: S,
    x: *const T,
    n: usize,
) -> T {
    if n <= LEAF {
        // SAFETY: the caller's promise.
        return unsafe { leaves::<K, T, S, 1>(s, [x], [n])[0] };
    }
    // Level by level: how many nodes there are, and which of them split.
    let mut sizes = [[0u16; HELD]; 2];
    let mut levels = [(0usize, 0u64); 8];
    let (mut depth, mut count) = (0, 1);
    sizes[0][0] = n as u16;
    loop {
        let (now, next) = (depth % 2, (depth + 1) % 2);
        let (mut splits, mut below) = (0u64, 0);
        for i in 0..count {
            let n = sizes[now][i] as usize;
            if n > LEAF {
                splits |= 1 << i;
                sizes[next][below] = split(n) as u16;
                sizes[next][below + 1] = (n - split(n)) as u16;
                below += 2;
            } else {
                sizes[next][below] = n as u16;
                below += 1;
            }
        }
        if splits == 0 {
            break;
        }
        levels[depth] = (count, splits);
        depth += 1;
        count = below;
    }
    let lengths = sizes[depth % 2];
    let mut values = [[T::ZERO; HELD]; 2];
    let (mut leaf, mut at) = (0, x);
    // As many leaves at a time as keep two adders busy: 8 registers of accumulators.
    macro_rules! at_a_time {
        ($($many:literal)*) => {$(
            while S::N >= $many && count - leaf >= $many {
                let mut from = [at; $many];
                let mut n = [0; $many];
                for k in 0..$many {
                    from[k] = at;
                    n[k] = lengths[leaf + k] as usize;
                    // SAFETY: within the run.
                    at = unsafe { at.add(n[k]) };
                }
                // The leaves are read side by side, which no prefetcher foresees.
                if $many > 1 {
                    fetch(from[0].wrapping_byte_add(FETCH_AHEAD), at.addr() - from[0].addr());
                }
                // SAFETY: as above.
                let made = unsafe { leaves::<K, T, S, $many>(s, from, n) };
                values[depth % 2][leaf..leaf + $many].copy_from_slice(&made);
                leaf += $many;
            }
        )*};
    }
    at_a_time!(8 4 2 1);
    // From the leaves up.
    while depth > 0 {
        let (count, splits) = levels[depth - 1];
        let [a, b] = &mut values;
        let (below, now) = if depth % 2 == 0 { (a, b) } else { (b, a) };
        depth -= 1;
        if splits == u64::MAX >> (HELD - count) {
            for i in 0..count {
                now[i] = join::<K, T>(below[2 * i], below[2 * i + 1]);
            }
            continue;
        }
        let mut next = 0;
        for i in 0..count {
            now[i] = below[next];
            next += 1;
            if splits & 1 << i != 0 {
                now[i] = join::<K, T>(now[i], below[next]);
                next += 1;
            }
        }
    }
    values[0][0]
}

/// Leaves of 1 to `LEAF` elements each, side by side as long as all last.
///
/// # Safety
/// Each is valid for reading so many elements.
#[inline(always)]
unsafe fn leaves<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine, const M: usize>(
    s: S,
    x: [*const T; M],
    n: [usize; M],
) -> [T; M] {
    let registers = CHAINS / S::N;
    let mut out = [T::ZERO; M];
    let shortest = n.iter().fold(usize::MAX, |a, &b| a.min(b)) / CHAINS;
    // SAFETY: here and below, places within the leaves.
    unsafe {
        if shortest == 0 {
            for m in 0..M {
                out[m] = x[m].read_unaligned();
                for i in 1..n[m] {
                    out[m] = join::<K, T>(out[m], x[m].add(i).read_unaligned());
                }
            }
            return out;
        }
        let mut acc: [[MaybeUninit<T::Lane<S>>; CHAINS]; M] =
            [const { [const { MaybeUninit::uninit() }; CHAINS] }; M];
        for m in 0..M {
            for r in 0..registers {
                acc[m][r].write(T::load(s, x[m].add(r * S::N)));
            }
        }
        for i in 1..shortest {
            for m in 0..M {
                for r in 0..registers {
                    let y = T::load(s, x[m].add(i * CHAINS + r * S::N));
                    acc[m][r].write(K::lanes(s, (acc[m][r].assume_init(), y)).0);
                }
            }
        }
        let alike = n.iter().all(|&n| n == shortest * CHAINS);
        if !alike {
            for m in 0..M {
                for i in shortest..n[m] / CHAINS {
                    for r in 0..registers {
                        let y = T::load(s, x[m].add(i * CHAINS + r * S::N));
                        acc[m][r].write(K::lanes(s, (acc[m][r].assume_init(), y)).0);
                    }
                }
            }
        }
        let mut each = [[T::ZERO; CHAINS]; M];
        for m in 0..M {
            for r in 0..registers {
                T::store::<S>(acc[m][r].assume_init(), each[m].as_mut_ptr().add(r * S::N));
            }
        }
        // Pairs of all leaves at once, so that they are shuffled and not taken one by one.
        let (mut four, mut two) = ([[T::ZERO; 4]; M], [[T::ZERO; 2]; M]);
        let (pairs, fours) = (four.as_flattened_mut(), each.as_flattened());
        for i in 0..4 * M {
            pairs[i] = join::<K, T>(fours[2 * i], fours[2 * i + 1]);
        }
        let (pairs, twos) = (two.as_flattened_mut(), four.as_flattened());
        for i in 0..2 * M {
            pairs[i] = join::<K, T>(twos[2 * i], twos[2 * i + 1]);
        }
        for m in 0..M {
            out[m] = join::<K, T>(two[m][0], two[m][1]);
        }
        if !alike {
            for m in 0..M {
                for i in n[m] / CHAINS * CHAINS..n[m] {
                    out[m] = join::<K, T>(out[m], x[m].add(i).read_unaligned());
                }
            }
        }
        out
    }
}
