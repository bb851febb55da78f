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

use crate::lanes::{Element, Machine, Scalar};
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
    // SAFETY: the caller's promise, here and below; the scalar shape has one element.
    let mut value = unsafe { T::load(s, acc.cast()) };
    if to.is_null() {
        for _ in 0..n {
            (value,) = K::lanes(s, (value, unsafe { T::load(s, x.cast()) }));
            x = x.wrapping_offset(x_step);
        }
    } else {
        for _ in 0..n {
            (value,) = K::lanes(s, (value, unsafe { T::load(s, x.cast()) }));
            unsafe { T::store::<Scalar>(value, to.cast()) };
            x = x.wrapping_offset(x_step);
            to = to.wrapping_offset(to_step);
        }
    }
    unsafe { T::store::<Scalar>(value, acc.cast()) };
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
    runs: [Run; Level::ALL.len()],
}

impl Tree {
    /// The tree of a kernel.
    pub const fn of<K: Kernel<(T, T), Out = (T,)>, T: Eight>() -> Tree {
        Tree { runs: [K::scalar, K::baseline, K::avx2, K::avx512] }
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
                    T::store::<Scalar>(tree::<K, T, $shape>(s, x.cast(), n), to.cast());
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

/// Leaves of a tree that are held at a time: as many as 4096 elements have at most, each of which has
/// more than a half of `LEAF - CHAINS`.
const HELD: usize = 80;
/// Trees of at most so many elements have their leaves held.
const HELD_ELEMENTS: usize = 4096;

/// One scalar lane.
type One<T> = <T as Element>::Lane<Scalar>;

/// # Safety
/// As [`Run`] says.
#[inline(always)]
unsafe fn tree<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine>(
    s: S,
    x: *const T,
    n: usize,
) -> One<T> {
    // Trees within the limit are walked below; the stack holds what is open above them.
    let mut open: [(*const T, usize); 56] = [(x, 0); 56];
    let mut joined: [MaybeUninit<One<T>>; 56] = [MaybeUninit::uninit(); 56];
    // How many of the joined results belong to the node at this depth.
    let (mut depth, mut done) = (0, 0);
    let mut right = [false; 57];
    let (mut at, mut count) = (x, n);
    loop {
        while count > HELD_ELEMENTS {
            let left = split(count);
            // SAFETY: within the run.
            open[depth] = (unsafe { at.add(left) }, count - left);
            right[depth] = false;
            depth += 1;
            count = left;
        }
        // SAFETY: within the run.
        let mut value = unsafe { held::<K, T, S>(s, at, count) };
        loop {
            if depth == 0 {
                return value;
            }
            if !right[depth - 1] {
                joined[done].write(value);
                done += 1;
                right[depth - 1] = true;
                (at, count) = open[depth - 1];
                break;
            }
            done -= 1;
            // SAFETY: the left half of this node has been written.
            let left = unsafe { joined[done].assume_init() };
            (value,) = K::lanes(Scalar::new(), (left, value));
            depth -= 1;
        }
    }
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
) -> One<T> {
    if n <= LEAF {
        // SAFETY: the caller's promise.
        return unsafe { leaves::<K, T, S, 1>(s, [x], [n])[0] };
    }
    let mut lengths = [0usize; HELD];
    let mut count = 0;
    // Depth first: what is still to be split, the next one on top.
    let mut rest = [0usize; 8];
    let mut top = 1;
    rest[0] = n;
    while top > 0 {
        top -= 1;
        let n = rest[top];
        if n <= LEAF {
            lengths[count] = n;
            count += 1;
        } else {
            rest[top] = n - split(n);
            rest[top + 1] = split(n);
            top += 2;
        }
    }
    let mut values: [MaybeUninit<One<T>>; HELD] = [MaybeUninit::uninit(); HELD];
    let (mut leaf, mut at) = (0, x);
    // As many leaves at a time as keep two adders busy: 8 registers of accumulators.
    macro_rules! at_a_time {
        ($($many:literal)*) => {$(
            while S::N >= $many && count - leaf >= $many {
                let mut from = [at; $many];
                let mut n = [0; $many];
                for k in 0..$many {
                    from[k] = at;
                    n[k] = lengths[leaf + k];
                    // SAFETY: within the run.
                    at = unsafe { at.add(n[k]) };
                }
                // SAFETY: as above.
                let made = unsafe { leaves::<K, T, S, $many>(s, from, n) };
                for k in 0..$many {
                    values[leaf + k].write(made[k]);
                }
                leaf += $many;
            }
        )*};
    }
    at_a_time!(8 4 2 1);
    // The same splits again, from the leaves up.
    let (mut at, mut next) = ([(0usize, false); 8], 0);
    let mut left: [MaybeUninit<One<T>>; 8] = [MaybeUninit::uninit(); 8];
    let (mut depth, mut n) = (0, n);
    loop {
        while n > LEAF {
            at[depth] = (n - split(n), false);
            depth += 1;
            n = split(n);
        }
        // SAFETY: there are as many values as the splits have leaves.
        let mut value = unsafe { values[next].assume_init() };
        next += 1;
        loop {
            if depth == 0 {
                return value;
            }
            let (right, second) = at[depth - 1];
            if !second {
                left[depth - 1].write(value);
                at[depth - 1].1 = true;
                n = right;
                break;
            }
            // SAFETY: the left half has been written.
            let first = unsafe { left[depth - 1].assume_init() };
            (value,) = K::lanes(Scalar::new(), (first, value));
            depth -= 1;
        }
    }
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
) -> [One<T>; M] {
    let one = Scalar::new();
    let registers = CHAINS / S::N;
    // SAFETY: here and below, places within the leaves.
    unsafe {
        let mut out = [T::load(one, x[0]); M];
        let shortest = n.iter().fold(usize::MAX, |a, &b| a.min(b)) / CHAINS;
        if shortest > 0 {
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
            for m in 0..M {
                for i in shortest..n[m] / CHAINS {
                    for r in 0..registers {
                        let y = T::load(s, x[m].add(i * CHAINS + r * S::N));
                        acc[m][r].write(K::lanes(s, (acc[m][r].assume_init(), y)).0);
                    }
                }
                let mut each = [T::ZERO; CHAINS];
                for r in 0..registers {
                    T::store::<S>(acc[m][r].assume_init(), each.as_mut_ptr().add(r * S::N));
                }
                let mut v = [out[0]; CHAINS];
                for k in 0..CHAINS {
                    v[k] = T::load(one, each.as_ptr().add(k));
                }
                for half in [4, 2, 1] {
                    for k in 0..half {
                        v[k] = K::lanes(one, (v[2 * k], v[2 * k + 1])).0;
                    }
                }
                out[m] = v[0];
                for i in n[m] / CHAINS * CHAINS..n[m] {
                    out[m] = K::lanes(one, (out[m], T::load(one, x[m].add(i)))).0;
                }
            }
            return out;
        }
        for m in 0..M {
            out[m] = T::load(one, x[m]);
            for i in 1..n[m] {
                out[m] = K::lanes(one, (out[m], T::load(one, x[m].add(i)))).0;
            }
        }
        out
    }
}
