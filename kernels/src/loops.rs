//! Kernels, and the one driver loop that runs them.
//!
//! ```text
//! a vector, then on to where the first output is aligned          (long runs, not in place)
//! while a whole turn of U vectors is left: load U, compute U, store U         (if U is not 1)
//! while a vector is left: load, compute, store
//! the rest: the last vector of the run, which overlaps what is done (not in place), or a partial one
//! ```
//!
//! All but the second line are one piece of code, so that a kernel is compiled once or twice for each
//! level: a partial vector is put into a whole one on the stack, and goes through it like any other.
//!
//! A partial vector repeats its first element in the lanes past its end, so that those lanes divide by
//! nothing new, raise no flag of their own, and finish their loops when a real lane does.
//!
//! Inputs are contiguous, or one element for the whole run. The latter is spread over one vector on
//! the stack which every load reads again: a pointer that moves by 0 bytes. So there is one loop for
//! each kernel and level, and no copy of it for each way of broadcasting.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::fold::Fold;
use crate::lanes::traced::{Id, Record};
use crate::lanes::vector::copy_short;
use crate::lanes::{Dtype, Element, Machine, Scalar, Shape, Traced};
use crate::level::Level;

/// The largest number of inputs, and of outputs, of a function.
pub const MAX_INPUTS: usize = 8;
/// The largest number of outputs of a function.
pub const MAX_OUTPUTS: usize = 4;

/// The largest size of a lane type: 64 lanes of 8 bytes.
const MAX_VECTOR: usize = 512;

/// One input of an inner loop.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Input {
    /// The first element.
    pub at: *const u8,
    /// One element for the whole run, rather than one after the other.
    pub scalar: bool,
}

/// An inner loop: `n` elements of each operand.
///
/// # Safety
/// The CPU has the level that the loop is for. There are as many inputs and outputs as the [`Loop`]
/// has dtypes, each valid for `n` elements (1 for a scalar input) of its dtype. An output is either
/// disjoint from each input or begins where a non-scalar input of the same element size begins, and is
/// disjoint from the other outputs. Nothing need be aligned.
pub type InnerLoop = unsafe fn(inputs: &[Input], outputs: &[*mut u8], n: usize);

/// A list of element types, 1 to 8 of them: the operands of a kernel.
pub trait Operands: 'static {
    /// How many.
    const COUNT: usize;
    /// Their dtypes, in order.
    const DTYPES: &'static [Dtype];
    /// A tuple of their lanes in the shape `S`.
    type Lanes<S: Shape>;

    /// Where each operand begins; a scalar is spread over a vector, which is where its cursor stays.
    ///
    /// # Safety
    /// There are as many inputs as operands, and each scalar is valid for reading one element.
    #[doc(hidden)]
    unsafe fn cursors<S: Machine>(inputs: &[Input], spread: &mut Spread) -> Cursors;

    /// Loads a vector of each operand, `offset` steps on.
    ///
    /// # Safety
    /// Every cursor is valid for reading a vector at `step * offset`.
    #[doc(hidden)]
    unsafe fn load<S: Machine>(s: S, cursors: &Cursors, offset: usize) -> Self::Lanes<S>;

    /// Puts `n < S::N` elements of each operand that is no scalar into the vector for it, the first of
    /// them in the lanes past the end too, and its cursor there.
    ///
    /// # Safety
    /// Every cursor is valid for reading `n >= 1` elements, or is a scalar's.
    #[doc(hidden)]
    unsafe fn stage<S: Machine>(cursors: &mut Cursors, to: &mut Spread, n: usize);

    /// Stores a vector of each operand, `offset` vectors on.
    ///
    /// # Safety
    /// Every output is valid for writing a vector there.
    #[doc(hidden)]
    unsafe fn store<S: Machine>(lanes: Self::Lanes<S>, to: &[*mut u8; MAX_INPUTS], offset: usize);

    /// Copies the first `n < S::N` elements of each operand from the vector for it.
    ///
    /// # Safety
    /// Every vector and every output is valid for `n` elements.
    #[doc(hidden)]
    unsafe fn unstage(from: &Staged, to: &[*mut u8; MAX_INPUTS], n: usize);

    /// The lanes that a recorder has these names for.
    #[doc(hidden)]
    fn named<'a>(s: Traced<'a>, ids: &[Id]) -> Self::Lanes<Traced<'a>>;

    /// The names that a recorder has for these lanes.
    #[doc(hidden)]
    fn names_of(lanes: Self::Lanes<Traced<'_>>) -> [Id; MAX_INPUTS];
}

/// Where the inputs of a run stand.
#[doc(hidden)]
pub struct Cursors {
    at: [*const u8; MAX_INPUTS],
    /// Bytes from one vector to the next: its size, or 0 for a scalar.
    step: [usize; MAX_INPUTS],
}

/// Room for a vector of any type.
type Room = MaybeUninit<[u64; MAX_VECTOR / 8]>;

/// Room for a vector of each input: a scalar's, or a partial one.
#[doc(hidden)]
pub type Spread = [Room; MAX_INPUTS];

/// Room for a vector of each output.
#[doc(hidden)]
pub type Staged = [Room; MAX_OUTPUTS];

macro_rules! operands {
    ($($n:literal: $($t:ident $i:tt)*;)*) => {$(
        impl<$($t: Element),*> Operands for ($($t,)*) {
            const COUNT: usize = $n;
            const DTYPES: &'static [Dtype] = &[$($t::DTYPE),*];
            type Lanes<S: Shape> = ($($t::Lane<S>,)*);

            #[inline(always)]
            unsafe fn cursors<S: Machine>(inputs: &[Input], spread: &mut Spread) -> Cursors {
                let mut cursors =
                    Cursors { at: [core::ptr::null(); MAX_INPUTS], step: [0; MAX_INPUTS] };
                $(
                    if inputs[$i].scalar {
                        let to = spread[$i].as_mut_ptr().cast::<MaybeUninit<$t>>();
                        // SAFETY: the source is one element, and N of them fit (MAX_VECTOR is the
                        // largest vector). Any bytes are a `MaybeUninit`.
                        unsafe {
                            let value = inputs[$i].at.cast::<MaybeUninit<$t>>().read_unaligned();
                            for lane in 0..S::N {
                                to.add(lane).write(value);
                            }
                        }
                        cursors.at[$i] = to.cast();
                    } else {
                        cursors.at[$i] = inputs[$i].at;
                        cursors.step[$i] = S::N * size_of::<$t>();
                    }
                )*
                cursors
            }

            #[inline(always)]
            unsafe fn load<S: Machine>(s: S, cursors: &Cursors, offset: usize) -> Self::Lanes<S> {
                // SAFETY: the caller's promise, operand by operand.
                unsafe { ($($t::load(s, cursors.at[$i].add(cursors.step[$i] * offset).cast()),)*) }
            }

            #[inline(always)]
            unsafe fn stage<S: Machine>(cursors: &mut Cursors, to: &mut Spread, n: usize) {
                $(
                    if cursors.step[$i] != 0 {
                        let to = to[$i].as_mut_ptr().cast::<$t>();
                        // SAFETY: the caller's promise; N elements fit (MAX_VECTOR is the largest vector).
                        unsafe { stage::<$t>(cursors.at[$i].cast(), to, n, S::N) };
                        cursors.at[$i] = to.cast();
                    }
                )*
            }

            #[inline(always)]
            unsafe fn store<S: Machine>(
                lanes: Self::Lanes<S>,
                to: &[*mut u8; MAX_INPUTS],
                offset: usize,
            ) {
                // SAFETY: the caller's promise, operand by operand.
                $(unsafe { $t::store::<S>(lanes.$i, to[$i].cast::<$t>().add(S::N * offset)) };)*
            }

            #[inline(always)]
            unsafe fn unstage(from: &Staged, to: &[*mut u8; MAX_INPUTS], n: usize) {
                // SAFETY: the caller's promise, operand by operand.
                $(unsafe { unstage::<$t>(&from, to, $i, n) };)*
            }

            fn named<'a>(s: Traced<'a>, ids: &[Id]) -> Self::Lanes<Traced<'a>> {
                ($($t::named(s, ids[$i]),)*)
            }

            fn names_of(lanes: Self::Lanes<Traced<'_>>) -> [Id; MAX_INPUTS] {
                let mut ids = [0; MAX_INPUTS];
                $(ids[$i] = $t::name_of(lanes.$i);)*
                ids
            }
        }
    )*};
}
operands! {
    1: A 0;
    2: A 0 B 1;
    3: A 0 B 1 C 2;
    4: A 0 B 1 C 2 D 3;
    5: A 0 B 1 C 2 D 3 E 4;
    6: A 0 B 1 C 2 D 3 E 4 F 5;
    7: A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    8: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
}

/// # Safety
/// `from` is valid for reading `n` elements, `to` for writing `lanes`, and `1 <= n <= lanes`.
#[inline(always)]
unsafe fn stage<T: Element>(from: *const T, to: *mut T, n: usize, lanes: usize) {
    // SAFETY: the caller's promise; any bytes are a `MaybeUninit`.
    unsafe {
        let first = from.cast::<MaybeUninit<T>>().read_unaligned();
        for i in 0..lanes {
            to.cast::<MaybeUninit<T>>().add(i).write_unaligned(first);
        }
        copy_short(from.cast(), to.cast(), n * size_of::<T>());
    }
}

/// # Safety
/// The room and the output of this number are valid for `n` elements.
#[inline(always)]
unsafe fn unstage<T: Element>(from: &Staged, to: &[*mut u8; MAX_INPUTS], which: usize, n: usize) {
    if which < MAX_OUTPUTS {
        // SAFETY: the caller's promise.
        unsafe { copy_short(from[which].as_ptr().cast(), to[which], n * size_of::<T>()) };
    }
}

/// A function of one element for the inputs `In`, written on lanes.
pub trait Kernel<In: Operands>: Sized + 'static {
    /// The outputs, 1 to 4.
    type Out: Operands;
    /// The element type that should fill registers: it decides the number of lanes.
    type Busy: Element;
    /// Lane operations in one evaluation, roughly; loops count by their turns.
    const COST: u32;
    /// The loop of this kernel. [`the_loop!`](crate::the_loop) puts it into a static, so that it is
    /// compiled where the kernel is written and not again by everybody who calls it.
    const LOOP: &'static TypedLoop<Self, In> = &TypedLoop::new();
    /// The function, lane by lane.
    fn lanes<S: Shape>(s: S, inputs: In::Lanes<S>) -> <Self::Out as Operands>::Lanes<S>;
}

/// The value of [`Kernel::LOOP`] for a kernel that is not generic.
#[doc(hidden)]
#[macro_export]
macro_rules! the_loop {
    ($kernel:ty, $in:ty, $of:expr) => {{
        static LOOP: $crate::loops::TypedLoop<$kernel, $in> = $of;
        &LOOP
    }};
}

/// [`the_loop!`](crate::the_loop) for the kernels of this crate. A build in which the machine code of a few
/// others is to be read leaves them out, since they take minutes.
#[cfg(not(lanefn_without_loops))]
macro_rules! own_loop {
    ($kernel:ty, $in:ty, $of:expr) => {
        $crate::the_loop!($kernel, $in, $of)
    };
}
#[cfg(lanefn_without_loops)]
macro_rules! own_loop {
    ($kernel:ty, $in:ty, $of:expr) => {
        &const {
            let of: $crate::loops::TypedLoop<$kernel, $in> = $of;
            of
        }
    };
}
pub(crate) use own_loop;

/// The loop of one kernel, by its type, so that no other one can stand in its place: typed calls hand it
/// elements of these types without looking.
pub struct TypedLoop<K, In> {
    erased: Loop,
    kernel: PhantomData<fn() -> (K, In)>,
}

impl<K: Kernel<In>, In: Operands> TypedLoop<K, In> {
    /// The loop of the kernel `K` for the inputs `In`.
    #[allow(clippy::new_without_default, reason = "a constant, not a value to be had by default")]
    pub const fn new() -> TypedLoop<K, In> {
        TypedLoop { erased: Loop::of::<K, In>(), kernel: PhantomData }
    }

    /// The code of another kernel, for dtypes of the same sizes on which it has the same bits.
    pub(crate) const fn sharing<L, Other>(of: TypedLoop<L, Other>) -> TypedLoop<K, In>
    where
        L: Kernel<Other>,
        Other: Operands,
    {
        TypedLoop {
            erased: Loop {
                record: record::<K, In>,
                ..of.erased.shared(In::DTYPES, <K::Out as Operands>::DTYPES)
            },
            kernel: PhantomData,
        }
    }

    /// The loop of a function whose error is at most this many ULP.
    pub const fn within(self, bound: f64) -> TypedLoop<K, In> {
        TypedLoop { erased: self.erased.within(bound), kernel: PhantomData }
    }

    /// The loop without its types.
    pub const fn erase(&self) -> &Loop {
        &self.erased
    }
}

impl<K: Kernel<(T, T), Out = (T,)>, T: Element> TypedLoop<K, (T, T)> {
    /// The loop with its fold.
    pub const fn folding(self) -> TypedLoop<K, (T, T)> {
        let fold = Some(Fold::of::<K, T>());
        TypedLoop { erased: Loop { fold, ..self.erased }, kernel: PhantomData }
    }
}

/// Vectors in one turn of the loop, by the cost of a kernel: cheap ones are bound by the loop around
/// them, dear ones need the registers.
const fn unroll(cost: u32) -> usize {
    match cost {
        0..=8 => 4,
        9..=24 => 2,
        _ => 1,
    }
}

/// Runs shorter than this many bytes are not worth a vector more to align the output.
const ALIGN_FROM: usize = 512;

/// The driver loop.
///
/// # Safety
/// As [`InnerLoop`] says.
#[inline(always)]
unsafe fn drive<K: Kernel<In>, In: Operands, S: Machine, const U: usize>(
    s: S,
    inputs: &[Input],
    outputs: &[*mut u8],
    n: usize,
) {
    debug_assert!(inputs.len() == In::COUNT && outputs.len() == K::Out::COUNT);
    // SAFETY: the caller's promise. Said here so that no indexing below can panic: a loop calls nothing.
    unsafe {
        core::hint::assert_unchecked(inputs.len() >= In::COUNT);
        core::hint::assert_unchecked(outputs.len() >= K::Out::COUNT);
    }
    if n == 0 {
        return;
    }
    let mut spread: Spread = [const { MaybeUninit::uninit() }; MAX_INPUTS];
    let mut staged: Staged = [const { MaybeUninit::uninit() }; MAX_OUTPUTS];
    // SAFETY: the caller's promise.
    let mut cursors = unsafe { In::cursors::<S>(inputs, &mut spread) };
    let mut to = [core::ptr::null_mut(); MAX_INPUTS];
    to[..K::Out::COUNT].copy_from_slice(&outputs[..K::Out::COUNT]);
    let mut left = n;

    // `n` elements on (or back).
    macro_rules! advance {
        ($n:expr) => {{
            let n: isize = $n;
            for i in 0..In::COUNT {
                let size = cursors.step[i] as isize / S::N as isize;
                cursors.at[i] = cursors.at[i].wrapping_offset(n * size);
            }
            for i in 0..K::Out::COUNT {
                to[i] = to[i].wrapping_offset(n * K::Out::DTYPES[i].size() as isize);
            }
        }};
    }
    // `n` vectors on.
    macro_rules! step {
        ($n:expr) => {{
            for i in 0..In::COUNT {
                cursors.at[i] = cursors.at[i].wrapping_add(cursors.step[i] * $n);
            }
            for i in 0..K::Out::COUNT {
                to[i] = to[i].wrapping_add(S::N * $n * K::Out::DTYPES[i].size());
            }
        }};
    }

    // Where no output begins where an input does, an element may be computed twice.
    let mut in_place = false;
    for i in 0..In::COUNT {
        for o in 0..K::Out::COUNT {
            in_place |= cursors.at[i] == to[o].cast_const();
        }
    }
    // How many elements of the next vector are done twice: at the head of a long run, those behind
    // the place where the output is aligned. The first output decides: stores that cross a line cost
    // more than loads that do, and arrays made together are mostly aligned alike.
    let mut again = 0;
    let size = K::Out::DTYPES[0].size();
    if S::N > 1 && !in_place && n * size >= ALIGN_FROM {
        let ahead = (to[0] as usize).wrapping_neg() % (S::N * size).min(64) / size;
        again = if ahead == 0 { 0 } else { S::N - ahead };
    }
    loop {
        let mut count = 1;
        let mut partial = 0;
        let mut target = to;
        if again == 0 {
            while U > 1 && left >= U * S::N {
                // SAFETY: U vectors of each operand are left. All are read before any is written, so
                // that an output may begin where an input begins.
                unsafe {
                    // No closures: they are not certain to be inlined here.
                    let mut x = [const { MaybeUninit::<In::Lanes<S>>::uninit() }; U];
                    for u in 0..U {
                        x[u].write(In::load(s, &cursors, u));
                    }
                    let mut y =
                        [const { MaybeUninit::<<K::Out as Operands>::Lanes<S>>::uninit() }; U];
                    for u in 0..U {
                        y[u].write(K::lanes(s, x[u].assume_init_read()));
                    }
                    for u in 0..U {
                        K::Out::store::<S>(y[u].assume_init_read(), &to, u);
                    }
                }
                step!(U);
                left -= U * S::N;
            }
            if left == 0 {
                return;
            }
            count = left / S::N;
            if count == 0 {
                count = 1;
                if in_place || n < S::N {
                    partial = left;
                    target = to;
                    // SAFETY: `1 <= left` elements of each operand are left.
                    unsafe { In::stage::<S>(&mut cursors, &mut spread, left) };
                    for o in 0..K::Out::COUNT {
                        to[o] = staged[o].as_mut_ptr().cast();
                    }
                } else {
                    advance!(left as isize - S::N as isize);
                    left = S::N;
                }
            }
        }
        left -= (count * S::N - again).min(left);
        while count > 0 {
            // SAFETY: a vector of each operand is here: of a run of several, the first one, one of
            // those that are left, or the last one, to which we have stepped back; or a partial one in
            // the room on the stack.
            unsafe { K::Out::store::<S>(K::lanes(s, In::load(s, &cursors, 0)), &to, 0) };
            step!(1);
            count -= 1;
        }
        if partial != 0 {
            // SAFETY: the vectors have been stored, and the outputs have `partial` elements left.
            unsafe { K::Out::unstage(&staged, &target, partial) };
            return;
        }
        advance!(-(again as isize));
        again = 0;
    }
}

/// [`drive`] with the unrolling that the kernel's cost asks for.
///
/// # Safety
/// As [`InnerLoop`] says.
#[inline(always)]
unsafe fn run<K: Kernel<In>, In: Operands, S: Machine>(
    inputs: &[Input],
    outputs: &[*mut u8],
    n: usize,
) {
    // SAFETY: the caller's promise; it says that the CPU has the level of the shape.
    unsafe {
        let s = S::token();
        match const { unroll(K::COST) } {
            4 => drive::<K, In, S, 4>(s, inputs, outputs, n),
            2 => drive::<K, In, S, 2>(s, inputs, outputs, n),
            _ => drive::<K, In, S, 1>(s, inputs, outputs, n),
        }
    }
}

/// A shell for each level: the same loop, compiled with the level's instructions. They are methods of
/// the kernel, so that the compiler puts them where the kernel is and not all into one unit.
trait Shells<In: Operands>: Kernel<In> {
    /// # Safety
    /// As [`InnerLoop`] says.
    unsafe fn scalar(inputs: &[Input], outputs: &[*mut u8], n: usize);
    /// # Safety
    /// As [`InnerLoop`] says.
    unsafe fn baseline(inputs: &[Input], outputs: &[*mut u8], n: usize);
    /// # Safety
    /// As [`InnerLoop`] says.
    unsafe fn avx2(inputs: &[Input], outputs: &[*mut u8], n: usize);
    /// # Safety
    /// As [`InnerLoop`] says.
    unsafe fn avx512(inputs: &[Input], outputs: &[*mut u8], n: usize);
}

macro_rules! shells {
    ($($(#[$attribute:meta])* $name:ident $shape:ty;)*) => {
        impl<K: Kernel<In>, In: Operands> Shells<In> for K {$(
            $(#[cfg_attr(target_arch = "x86_64", $attribute)])*
            unsafe fn $name(inputs: &[Input], outputs: &[*mut u8], n: usize) {
                // SAFETY: the caller's promise.
                unsafe { run::<K, In, $shape>(inputs, outputs, n) }
            }
        )*}
    };
}
shells! {
    scalar Scalar;
    baseline <K::Busy as Element>::Baseline;
    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c")]
    avx2 <K::Busy as Element>::Avx2;
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c"
    )]
    avx512 <K::Busy as Element>::Avx512;
}

/// [`Loop::record`].
fn record<K: Kernel<In>, In: Operands>(record: &dyn Record, inputs: &[Id]) -> [Id; MAX_INPUTS] {
    let s = Traced::new(record);
    K::Out::names_of(K::lanes(s, In::named(s, inputs)))
}

/// A named function with one [`Loop`] for each signature: what `#[ufunc]` makes.
pub trait Function: 'static {
    /// Its name.
    const NAME: &'static str;
    /// The first paragraph of its documentation.
    const DOC: &'static str;
    /// The names of its arguments.
    const ARGUMENTS: &'static [&'static str];
    /// Its loops, in the order of the signatures.
    const LOOPS: &'static [&'static Loop];
}

/// One signature of a function, with its type erased.
pub struct Loop {
    /// The inputs' dtypes.
    pub inputs: &'static [Dtype],
    /// The outputs' dtypes.
    pub outputs: &'static [Dtype],
    /// See [`Kernel::COST`].
    pub cost: u32,
    /// The bound of the error in ULP, for a function that is computed and not written out: 0 is exact.
    pub bound: Option<f64>,
    /// See [`Loop::fold`].
    fold: Option<Fold>,
    /// See [`Loop::record`].
    record: fn(&dyn Record, &[Id]) -> [Id; MAX_INPUTS],
    levels: [InnerLoop; Level::ALL.len()],
}

impl Loop {
    /// The loop of the kernel `K` for the inputs `In`.
    pub const fn of<K: Kernel<In>, In: Operands>() -> Loop {
        const { assert!(In::COUNT <= MAX_INPUTS && K::Out::COUNT <= MAX_OUTPUTS) };
        Loop {
            inputs: In::DTYPES,
            outputs: K::Out::DTYPES,
            cost: K::COST,
            bound: None,
            fold: None,
            record: record::<K, In>,
            levels: [K::scalar, K::baseline, K::avx2, K::avx512],
        }
    }

    /// The loop of a function whose error is at most this many ULP.
    pub const fn within(self, bound: f64) -> Loop {
        Loop { bound: Some(bound), ..self }
    }

    /// The same machine code for other dtypes, of the same sizes, on which it gives the same bits.
    const fn shared(self, inputs: &'static [Dtype], outputs: &'static [Dtype]) -> Loop {
        let mut i = 0;
        while i < inputs.len() {
            assert!(inputs[i].size() == self.inputs[i].size());
            i += 1;
        }
        Loop { inputs, outputs, ..self }
    }

    /// The function one element after the other, where that has been made ([`TypedLoop::folding`]): for
    /// two inputs and one output of one dtype.
    pub fn fold(&self) -> Option<Fold> {
        self.fold
    }

    /// Writes the kernel down, given the names of its inputs: the names of its outputs, of which there are
    /// as many as dtypes of outputs.
    ///
    /// # Panics
    /// If there are fewer names than inputs.
    pub fn record(&self, record: &dyn Record, inputs: &[Id]) -> [Id; MAX_INPUTS] {
        (self.record)(record, inputs)
    }

    /// The inner loop for a level. It may be called only where the level is present.
    #[inline]
    pub fn inner(&self, level: Level) -> InnerLoop {
        self.levels[level as usize]
    }
}

impl core::fmt::Debug for Loop {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Loop")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .field("cost", &self.cost)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}
