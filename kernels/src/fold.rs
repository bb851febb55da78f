//! Functions of two elements along a run: from each result to the next, and in trees.
//!
//! A [`Fold`] goes one element after the other, on a scalar lane: it is what `accumulate`, `at` and the
//! reductions of functions that are not associative need. It is made for every function `(T, T) -> T`.
//!
//! A [`Tree`] is one fixed order for functions that are associative but for rounding, the order of
//! NumPy's sums. Under 8 elements go one by one. Up to 128, element `i` goes to accumulator `i % 8`, the
//! eight are joined in pairs, and the rest follows one by one. More are split at half, rounded down to a
//! multiple of 8. The order depends on the number of elements alone. Maxima and minima, which are the same
//! in any order, are found by comparing.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::lanes::element::FloatElement;
use crate::lanes::{
    Dtype, Element, Float, Lane, Machine, MachineLane, MachineMask, Number, Scalar,
};
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

/// `n` contiguous elements to one.
///
/// # Safety
/// `x` is valid for reading `n >= 1` elements, `to` for writing one; nothing need be aligned. The CPU has
/// the level that the function is for.
pub type Run = unsafe fn(x: *const u8, n: usize, to: *mut u8);

/// Rows of `n` elements, each joined to what the ones before it gave, element by element.
///
/// # Safety
/// The rows are valid for reading `n` elements, `to` for writing as many; it is apart from the rows, or
/// the first one. Nothing need be aligned. The CPU has the level that the function is for.
pub type Rows = unsafe fn(rows: &[*const u8; ROWS], to: *mut u8, n: usize);

/// How many rows are joined at once: the memory gives several streams faster than one, and what is joined
/// stays in registers meanwhile. A leaf has 1 and 3 times 5 rows for each accumulator.
pub const ROWS: usize = 6;

/// A function `(T, T) -> T` along contiguous runs, in the order of the tree where that makes a difference.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    dtype: Dtype,
    runs: [Run; Level::ALL.len()],
    rows: [Rows; Level::ALL.len()],
}

impl Tree {
    /// The tree of a kernel.
    pub const fn of<K: Kernel<(T, T), Out = (T,)>, T: Eight>() -> Tree {
        Tree::by::<InTree<K>, T>()
    }

    /// Of a kernel that gives the larger of two.
    pub const fn largest<K: Kernel<(T, T), Out = (T,)>, T: Eight>() -> Tree {
        Tree::by::<Extreme<K, true>, T>()
    }

    /// Of a kernel that gives the smaller of two.
    pub const fn smallest<K: Kernel<(T, T), Out = (T,)>, T: Eight>() -> Tree {
        Tree::by::<Extreme<K, false>, T>()
    }

    const fn by<W: Way<T>, T: Eight>() -> Tree {
        Tree {
            dtype: T::DTYPE,
            runs: [W::run_scalar, W::run_baseline, W::run_avx2, W::run_avx512],
            rows: [W::rows_scalar, W::rows_baseline, W::rows_avx2, W::rows_avx512],
        }
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

    /// As [`Tree::run`].
    #[inline]
    pub fn rows(&self, level: Level) -> Rows {
        self.rows[level as usize]
    }
}

/// Elements that trees are made for. A shape for each level, of at most 8 lanes.
pub trait Eight: FloatElement {
    #[doc(hidden)]
    type Wide: Machine;
    #[doc(hidden)]
    type Wider: Machine;
    #[doc(hidden)]
    type Widest: Machine;
    /// The lanes of a CPU's shape.
    #[doc(hidden)]
    type Floats<S: Machine>: MachineLane + Float<Shape = S, Elem = Self>;
}
impl Eight for f64 {
    type Wide = crate::lanes::wide::Bytes8;
    type Wider = crate::lanes::avx2::Bytes8;
    type Widest = crate::lanes::avx512::Bytes8;
    type Floats<S: Machine> = S::F64;
}
impl Eight for f32 {
    type Wide = crate::lanes::wide::Bytes4;
    type Wider = crate::lanes::avx2::Bytes4;
    type Widest = crate::lanes::avx512::Bytes8;
    type Floats<S: Machine> = S::F32;
}

/// How a kernel goes along a run.
trait Way<T: Eight>: Sized + 'static {
    type Kernel: Kernel<(T, T), Out = (T,)>;

    /// `n` elements to one.
    ///
    /// # Safety
    /// `x` is valid for reading `n >= 1` elements.
    unsafe fn along<S: Machine>(s: S, x: *const T, n: usize) -> T;
}

/// In the order of the tree.
struct InTree<K>(PhantomData<K>);

impl<K: Kernel<(T, T), Out = (T,)>, T: Eight> Way<T> for InTree<K> {
    type Kernel = K;
    #[inline(always)]
    unsafe fn along<S: Machine>(s: S, x: *const T, n: usize) -> T {
        // SAFETY: the caller's promise.
        unsafe { tree::<K, T, S>(s, x, n) }
    }
}

/// By comparing, in any order.
struct Extreme<K, const LARGEST: bool>(PhantomData<K>);

impl<K: Kernel<(T, T), Out = (T,)>, T: Eight, const LARGEST: bool> Way<T> for Extreme<K, LARGEST> {
    type Kernel = K;
    #[inline(always)]
    unsafe fn along<S: Machine>(s: S, x: *const T, n: usize) -> T {
        // SAFETY: the caller's promise.
        unsafe { extreme::<T, S, LARGEST>(s, x, n) }
    }
}

macro_rules! levels {
    ($($(#[$attribute:meta])* $run:ident $rows:ident $shape:ty;)*) => {
        /// Shells of the ways.
        trait Levels<T: Eight>: Way<T> {$(
            /// # Safety
            /// As [`Run`] says.
            unsafe fn $run(x: *const u8, n: usize, to: *mut u8);
            /// # Safety
            /// As [`Rows`] says.
            unsafe fn $rows(rows: &[*const u8; ROWS], to: *mut u8, n: usize);
        )*}
        impl<W: Way<T>, T: Eight> Levels<T> for W {$(
            $(#[cfg_attr(target_arch = "x86_64", $attribute)])*
            unsafe fn $run(x: *const u8, n: usize, to: *mut u8) {
                // SAFETY: the caller's promise; the level is present.
                unsafe {
                    let s = <$shape as Machine>::token();
                    to.cast::<T>().write_unaligned(W::along(s, x.cast(), n));
                }
            }
            $(#[cfg_attr(target_arch = "x86_64", $attribute)])*
            unsafe fn $rows(rows: &[*const u8; ROWS], to: *mut u8, n: usize) {
                // SAFETY: the caller's promise; the level is present.
                unsafe {
                    let s = <$shape as Machine>::token();
                    joined_rows::<W::Kernel, T, $shape>(s, &rows.map(|r| r.cast()), to.cast(), n);
                }
            }
        )*}
    };
}
levels! {
    run_scalar rows_scalar Scalar;
    run_baseline rows_baseline T::Wide;
    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c")]
    run_avx2 rows_avx2 T::Wider;
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c"
    )]
    run_avx512 rows_avx512 T::Widest;
}

/// # Safety
/// As [`Rows`] says.
#[inline(always)]
unsafe fn joined_rows<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine>(
    s: S,
    rows: &[*const T; ROWS],
    to: *mut T,
    n: usize,
) {
    const VECTORS: usize = 2;
    let mut done = 0;
    // SAFETY: the caller's promise, column by column: each is read before it is written.
    unsafe {
        while n - done >= VECTORS * S::N {
            let mut acc = [const { MaybeUninit::<T::Lane<S>>::uninit() }; VECTORS];
            for v in 0..VECTORS {
                acc[v].write(T::load(s, rows[0].add(done + v * S::N)));
            }
            for r in 1..ROWS {
                for v in 0..VECTORS {
                    let y = T::load(s, rows[r].add(done + v * S::N));
                    acc[v].write(K::lanes(s, (acc[v].assume_init(), y)).0);
                }
            }
            for v in 0..VECTORS {
                T::store::<S>(acc[v].assume_init(), to.add(done + v * S::N));
            }
            done += VECTORS * S::N;
        }
        while done < n {
            let mut acc = rows[0].add(done).read_unaligned();
            for r in 1..ROWS {
                acc = join::<K, T>(acc, rows[r].add(done).read_unaligned());
            }
            to.add(done).write_unaligned(acc);
            done += 1;
        }
    }
}

/// Streams in which a long run is read: the memory gives several faster than one.
const STREAMS: usize = 4;
/// Bytes from one stream to the next.
const APART: usize = 1 << 15;

/// The largest or the smallest of a run; if there is a NaN, the first one. -0 is smaller than 0.
///
/// Comparisons alone forget a NaN and can't tell zeros apart. So truths for NaN are gathered beside them;
/// and signs, which decide where the result is zero: nothing lies on its other side then, and what has the
/// sign that wins is a zero.
///
/// # Safety
/// `x` is valid for reading `n >= 1` elements.
#[inline(always)]
unsafe fn extreme<T: Eight, S: Machine, const LARGEST: bool>(s: S, x: *const T, n: usize) -> T {
    // SAFETY: places within the run, here and below.
    let at = |i: usize| unsafe { x.add(i).read_unaligned() };
    let beats = |a: T, b: T| if LARGEST { a > b } else { a < b };
    if n < S::N {
        let mut value = at(0);
        for i in 1..n {
            value = if LARGEST { value.maximum(at(i)) } else { value.minimum(at(i)) };
        }
        return value;
    }
    // SAFETY: as above.
    let first = unsafe { T::Floats::<S>::load(s, x) };
    let (mut best, mut signs, mut nan) = ([first; STREAMS], first.to_bits(), first.ne(first));
    macro_rules! compare {
        ($k:expr, $i:expr) => {
            // SAFETY: as above.
            let y = unsafe { T::Floats::<S>::load(s, x.add($i)) };
            let beats = if LARGEST { y.gt(best[$k]) } else { y.lt(best[$k]) };
            best[$k] = Lane::select(beats, y, best[$k]);
            signs = if LARGEST { signs & y.to_bits() } else { signs | y.to_bits() };
            nan = nan | y.ne(y);
        };
    }
    let mut done = 0;
    for apart in [APART / size_of::<T>(), S::N] {
        while n - done >= STREAMS * apart {
            let mut i = 0;
            while i < apart {
                for k in 0..STREAMS {
                    compare!(k, done + k * apart + i);
                }
                i += S::N;
            }
            done += STREAMS * apart;
        }
    }
    while done < n {
        // The last vector ends with the run.
        compare!(0, done.min(n - S::N));
        done += S::N;
    }
    if nan.any() {
        return (0..n).map(at).find(|v| v.partial_cmp(v).is_none()).unwrap_or(T::ZERO);
    }
    let mut value = best[0].get(0);
    for k in 0..STREAMS {
        for i in 0..S::N {
            if beats(best[k].get(i), value) {
                value = best[k].get(i);
            }
        }
    }
    if value == T::ZERO {
        let one: T::Floats<S> = s.lit(true.cast());
        let negative = one.copysign(Float::from_bits(signs)).lt(s.lit(T::ZERO));
        let minus = if LARGEST { negative.all() } else { negative.any() };
        return if minus { T::ZERO.neg() } else { T::ZERO };
    }
    value
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

/// # Safety
/// As [`Way::along`] says.
#[inline(always)]
unsafe fn tree<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine>(
    s: S,
    x: *const T,
    n: usize,
) -> T {
    // The nodes whose left half is being made or is done, each with where its right half is, or with
    // what its left half gave.
    let mut open: [MaybeUninit<(*const T, usize, T)>; 64] = [MaybeUninit::uninit(); 64];
    let (mut depth, mut in_right) = (0, 0u64);
    let (mut at, mut count) = (x, n);
    loop {
        let mut value = loop {
            // SAFETY: within the run.
            unsafe {
                if count <= LEAF {
                    break leaf::<K, T, S>(s, at, count);
                }
                if let Some(lengths) = eighths(count) {
                    break eight_leaves::<K, T, S>(s, at, lengths);
                }
                let left = split(count);
                open[depth].write((at.add(left), count - left, T::ZERO));
                in_right &= !(1 << depth);
                depth += 1;
                count = left;
            }
        };
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
            value = join::<K, T>(node.2, value);
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

/// One leaf, of 1 to `LEAF` elements.
///
/// # Safety
/// As [`Way::along`] says.
#[inline(always)]
unsafe fn leaf<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine>(
    s: S,
    x: *const T,
    n: usize,
) -> T {
    // SAFETY: places within the leaf.
    unsafe {
        let (mut value, mut done) = (x.read_unaligned(), 1);
        if n >= CHAINS {
            let mut each = [T::ZERO; CHAINS];
            chains::<K, T, S>(s, x, n, each.as_mut_ptr());
            (value, done) = (pairs::<K, T>(each), n - n % CHAINS);
        }
        while done < n {
            value = join::<K, T>(value, x.add(done).read_unaligned());
            done += 1;
        }
        value
    }
}

/// The lengths of the leaves, if the tree has just eight that are all equally deep.
#[inline(always)]
fn eighths(n: usize) -> Option<[usize; 8]> {
    if n > 8 * LEAF || n <= 4 * LEAF {
        return None;
    }
    let halves = |n: usize| [split(n), n - split(n)];
    let [left, right] = halves(n);
    let [[a, b], [c, d]] = [halves(left), halves(right)];
    let [a, b, c, d] = [halves(a), halves(b), halves(c), halves(d)];
    // A right half is not the shorter one.
    (a[0] + a[1] > LEAF && d[1] <= LEAF).then_some([a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]])
}

/// A tree of eight leaves that are all equally deep. They are read one after the other, as memory likes
/// it; none waits for another's last result, so that the CPU works on the next ones meanwhile.
///
/// # Safety
/// `x` is valid for reading as many elements as they have together.
#[inline(always)]
unsafe fn eight_leaves<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine>(
    s: S,
    x: *const T,
    lengths: [usize; 8],
) -> T {
    let mut each = [T::ZERO; 8 * CHAINS];
    let mut at = x;
    for (length, chain) in lengths.into_iter().zip(each.chunks_exact_mut(CHAINS)) {
        // SAFETY: within the run.
        unsafe {
            chains::<K, T, S>(s, at, length, chain.as_mut_ptr());
            at = at.add(length);
        }
    }
    let mut fours = [T::ZERO; 4 * CHAINS];
    let mut twos = [T::ZERO; 2 * CHAINS];
    let mut leaves = [T::ZERO; CHAINS];
    neighbours::<K, T, S>(s, &each, &mut fours);
    neighbours::<K, T, S>(s, &fours, &mut twos);
    neighbours::<K, T, S>(s, &twos, &mut leaves);
    // The rest of a run is in its last leaf.
    for i in (1..=lengths[7] % CHAINS).rev() {
        // SAFETY: as above.
        leaves[7] = join::<K, T>(leaves[7], unsafe { at.sub(i).read_unaligned() });
    }
    pairs::<K, T>(leaves)
}

/// The accumulators of a leaf, without the rest of it.
///
/// # Safety
/// `x` is valid for reading `n >= CHAINS` elements, `to` for writing `CHAINS`.
#[inline(always)]
unsafe fn chains<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine>(
    s: S,
    x: *const T,
    n: usize,
    to: *mut T,
) {
    let registers = CHAINS / S::N;
    // SAFETY: places within the leaf, and within the room.
    unsafe {
        let mut acc: [MaybeUninit<T::Lane<S>>; CHAINS] = [const { MaybeUninit::uninit() }; CHAINS];
        for r in 0..registers {
            acc[r].write(T::load(s, x.add(r * S::N)));
        }
        macro_rules! join_rows {
            ($rows:expr) => {
                for i in 1..$rows {
                    for r in 0..registers {
                        let y = T::load(s, x.add(i * CHAINS + r * S::N));
                        acc[r].write(K::lanes(s, (acc[r].assume_init(), y)).0);
                    }
                }
            };
        }
        // The longest without a loop: most leaves of a long run are, if it halves evenly.
        if n / CHAINS == LEAF / CHAINS {
            join_rows!(LEAF / CHAINS);
        } else {
            join_rows!(n / CHAINS);
        }
        for r in 0..registers {
            T::store::<S>(acc[r].assume_init(), to.add(r * S::N));
        }
    }
}

/// Each two neighbours joined.
#[inline(always)]
fn neighbours<K: Kernel<(T, T), Out = (T,)>, T: Eight, S: Machine>(s: S, from: &[T], to: &mut [T]) {
    for (from, to) in from.chunks_exact(2 * S::N).zip(to.chunks_exact_mut(S::N)) {
        // SAFETY: a chunk has so many elements.
        unsafe {
            let (a, b) = (T::load(s, from.as_ptr()), T::load(s, from.as_ptr().add(S::N)));
            let [even, odd] = T::deinterleave(s, a, b);
            T::store::<S>(K::lanes(s, (even, odd)).0, to.as_mut_ptr());
        }
    }
}

/// Eight elements joined in pairs.
#[inline(always)]
fn pairs<K: Kernel<(T, T), Out = (T,)>, T: Eight>(x: [T; CHAINS]) -> T {
    let join = join::<K, T>;
    let [a, b, c, d, e, f, g, h] = x;
    join(join(join(a, b), join(c, d)), join(join(e, f), join(g, h)))
}
