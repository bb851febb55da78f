//! Floating-point status: what the built-in functions met on the way.
//!
//! Nothing is looked at unless a caller asks by [`collect`]. Then each piece of a call that has been
//! computed is looked at while it is in the cache, on whichever thread: arithmetic by the CPU's own
//! flags, which its loops raise for nothing else; all other functions by what came out for what went in,
//! since their kernels compute arms that are not taken. So are casts of a call's operands that may lose
//! a number. Functions that a user wrote report nothing.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

use lanefn_kernels::{
    lanes::Dtype,
    level::Level,
    loops::{Input, Loop},
};

use crate::execute::{Code, floats::Raised};

/// What a call met: none, one or several of four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// A division of a number by zero, or another pole: an infinity that is exact.
    pub const DIVIDE: Flags = Flags(1);
    /// A result that is larger than any number.
    pub const OVERFLOW: Flags = Flags(2);
    /// A result so small that digits were lost.
    pub const UNDERFLOW: Flags = Flags(4);
    /// No number is the result: NaN from what is not NaN.
    pub const INVALID: Flags = Flags(8);

    /// None of them.
    pub const fn none() -> Flags {
        Flags(0)
    }

    /// Whether it is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of these are among them.
    pub const fn contains(self, these: Flags) -> bool {
        self.0 & these.0 == these.0
    }

    /// Both together.
    pub const fn and(self, these: Flags) -> Flags {
        Flags(self.0 | these.0)
    }

    /// Their names in NumPy: `divide`, `over`, `under`, `invalid`.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (Flags::DIVIDE, "divide"),
            (Flags::OVERFLOW, "over"),
            (Flags::UNDERFLOW, "under"),
            (Flags::INVALID, "invalid"),
        ];
        all.into_iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| name)
    }
}

impl std::fmt::Display for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        for (i, name) in self.names().enumerate() {
            write!(f, "{}{name}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

thread_local! {
    /// What has been met since the innermost [`collect`] of this thread began, if there is one.
    static COLLECTED: Cell<Option<Flags>> = const { Cell::new(None) };
}

/// Runs some calls of this thread and says what they met.
///
/// ```
/// use lanefn::{math, prelude::*, status::{self, Flags}};
/// use ndarray::array;
///
/// let (y, met) = status::collect(|| math::log::ufunc().call(&array![1.0f64, 0.0, -1.0]));
/// assert!(met.contains(Flags::DIVIDE) && met.contains(Flags::INVALID));
/// assert!(!met.contains(Flags::OVERFLOW));
/// assert_eq!(y?.len(), 3);
/// # Ok::<(), lanefn::Error>(())
/// ```
pub fn collect<R>(calls: impl FnOnce() -> R) -> (R, Flags) {
    /// Puts back what was collected before, with what came in between.
    struct Outer(Option<Flags>);
    impl Drop for Outer {
        fn drop(&mut self) {
            let inner = COLLECTED.take().unwrap_or_default();
            COLLECTED.set(self.0.map(|outer| outer.and(inner)));
        }
    }
    let outer = Outer(COLLECTED.replace(Some(Flags::none())));
    let result = calls();
    let met = COLLECTED.get().unwrap_or_default();
    drop(outer);
    (result, met)
}

/// Runs some calls of this thread; if they meet one of these, that is the error. What they have written
/// is there nevertheless, as it is in NumPy with `errstate(all="raise")`.
///
/// ```
/// use lanefn::{Error, math, prelude::*, status::{self, Flags}};
/// use ndarray::array;
///
/// let these = Flags::DIVIDE.and(Flags::INVALID);
/// let log = |x: f64| status::refuse(these, || math::log::ufunc().call(&array![1.0, x]));
/// assert_eq!(log(1.0)?, array![0.0, 0.0]);
/// assert!(matches!(log(0.0), Err(Error::Status { met }) if met == Flags::DIVIDE));
/// assert_eq!(log(-1.0).unwrap_err().to_string(), "floating-point status: invalid");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// [`Error::Status`](crate::Error::Status), and those of the calls.
pub fn refuse<R>(
    these: Flags,
    calls: impl FnOnce() -> crate::error::Result<R>,
) -> crate::error::Result<R> {
    let (result, met) = collect(calls);
    let met = Flags(met.0 & these.0);
    if met.is_empty() { result } else { result.and(Err(crate::error::Error::Status { met })) }
}

/// Whether calls of this thread are to report.
#[inline]
pub(crate) fn is_collected() -> bool {
    COLLECTED.get().is_some()
}

/// Says to who collects that this thread has met something.
pub(crate) fn met(flags: Flags) {
    COLLECTED.set(COLLECTED.get().map(|before| before.and(flags)));
}

/// Where a function has a pole: an infinite result of finite numbers that is no overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pole {
    /// Nowhere.
    Never,
    /// Wherever a result is infinite.
    Always,
    /// Where the first input is zero.
    FirstZero,
    /// Where the second one is.
    SecondZero,
    /// Where the first one is not above zero.
    NotAbove,
}

/// How to tell what a function met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// It meets nothing.
    Nothing,
    /// By the CPU's flags: one instruction for each element.
    Arithmetic,
    /// By what came out, with this pole; the bool says whether results may be too small.
    Results(Pole, bool),
    /// A division: of integers, by the divisors, and by the quotients if the first output is one; of
    /// floats, by what came out.
    Division(bool),
}

/// Whether a number of the one dtype of a cast may have no place in the other, not even rounded. (A float
/// has one among the truths, and integers wrap.)
pub(crate) fn loses(cast: &Loop) -> bool {
    match (cast.inputs[0], cast.outputs[0]) {
        (Dtype::F64, Dtype::F32) => true,
        (Dtype::F32 | Dtype::F64, Dtype::F32 | Dtype::F64 | Dtype::Bool) => false,
        (Dtype::F32 | Dtype::F64, _) => true,
        _ => false,
    }
}

/// Casts, and says what had no place, if anybody asks.
///
/// # Safety
/// `n` elements of the cast's input, and room for as many of its output, apart from them. The level is present.
pub(crate) unsafe fn cast_looked(
    cast: &Loop,
    level: Level,
    x: *const u8,
    y: *mut u8,
    n: usize,
    status: Option<&Status>,
) {
    // SAFETY: the caller's promise, which is the loop's.
    unsafe { cast.inner(level)(&[Input { at: x, scalar: false }], &[y], n) };
    if let Some(status) = status {
        // SAFETY: what has been read and written may be read.
        unsafe { status.look_at_cast(cast, x, y, n) };
    }
}

/// What one call met, from all threads, while it runs.
pub(crate) struct Status {
    met: AtomicU8,
    rule: Rule,
}

impl Status {
    /// For a call of a loop, if anybody asks and there is something to tell: by the function, or by the
    /// casts of its operands.
    pub(crate) fn begin(rule: Rule, of: &Code, casts: bool) -> Option<Status> {
        if !is_collected() {
            return None;
        }
        Status::of(rule, of, casts)
    }

    /// The same where the caller asks.
    pub(crate) fn of(rule: Rule, of: &Code, casts: bool) -> Option<Status> {
        if rule == Rule::Nothing && !casts {
            return None;
        }
        let float = |d: &Dtype| matches!(d, Dtype::F32 | Dtype::F64);
        let rule = match (rule, of.outputs().iter().any(float)) {
            (Rule::Division(_), true) => Rule::Results(Pole::SecondZero, false),
            // Other CPUs' flags are not read.
            (Rule::Arithmetic, true) if !Raised::IS_KNOWN => Rule::Results(Pole::SecondZero, false),
            (Rule::Division(_), false) => rule,
            (_, false) if !casts => return None,
            (_, false) => Rule::Nothing,
            _ => rule,
        };
        Some(Status { met: AtomicU8::new(0), rule })
    }

    /// Tells the caller, at the end of the call.
    pub(crate) fn end(&self) -> Flags {
        let flags = Flags(self.met.load(Ordering::Relaxed));
        met(flags);
        flags
    }

    /// Whether inputs are looked at when the outputs have been written.
    pub(crate) fn needs_inputs(&self) -> bool {
        matches!(self.rule, Rule::Results(..) | Rule::Division(_))
    }

    fn add(&self, flags: Flags) {
        if !flags.is_empty() {
            self.met.fetch_or(flags.0, Ordering::Relaxed);
        }
    }

    /// Before a thread's part of the call: for arithmetic, what the CPU raises from now on.
    pub(crate) fn part(&self) -> Option<Part<'_>> {
        (self.rule == Rule::Arithmetic).then(|| Part { status: self, raised: Raised::begin() })
    }

    /// Looks at a piece of an operand that has been cast. A number that an integer dtype has no place for
    /// is invalid, as C says.
    ///
    /// # Safety
    /// `n` elements to read of the cast's input and of its output.
    unsafe fn look_at_cast(&self, cast: &Loop, x: *const u8, y: *const u8, n: usize) {
        if !loses(cast) {
            return;
        }
        let (from, to) = (cast.inputs[0], cast.outputs[0]);
        let (signed, bits) = (
            matches!(to, Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64),
            8 * to.size() as i32 - 1,
        );
        let end = 2f64.powi(bits + !signed as i32);
        let first = if signed { -end } else { 0.0 };
        // SAFETY: the caller's promise; nothing need be aligned.
        let at = |i: usize| unsafe {
            match from {
                Dtype::F64 => x.cast::<f64>().add(i).read_unaligned(),
                _ => f64::from(x.cast::<f32>().add(i).read_unaligned()),
            }
        };
        if to == Dtype::F32 {
            // SAFETY: as above.
            let made = |i: usize| unsafe { y.cast::<f32>().add(i).read_unaligned() };
            if (0..n).fold(false, |any, i| any | (made(i).is_infinite() & at(i).is_finite())) {
                self.add(Flags::OVERFLOW);
            }
        } else if (0..n).fold(false, |any, i| {
            // Towards zero: what is above `first - 1` has a place.
            any | !((at(i).trunc() >= first) & (at(i) < end))
        }) {
            self.add(Flags::INVALID);
        }
    }

    /// Looks at a piece that has been computed.
    ///
    /// # Safety
    /// Inputs and outputs are those of the loop, valid for reading `n` elements (1 for a scalar).
    pub(crate) unsafe fn look(&self, of: &Code, inputs: &[Input], outputs: &[*mut u8], n: usize) {
        match self.rule {
            Rule::Nothing | Rule::Arithmetic => {}
            Rule::Division(quotient) => {
                let divisor = inputs[1];
                // SAFETY: the caller's promise.
                let met = unsafe {
                    match of.inputs()[1] {
                        Dtype::I8 => divided::<i8>(divisor, outputs[0], n, quotient),
                        Dtype::I16 => divided::<i16>(divisor, outputs[0], n, quotient),
                        Dtype::I32 => divided::<i32>(divisor, outputs[0], n, quotient),
                        Dtype::I64 => divided::<i64>(divisor, outputs[0], n, quotient),
                        Dtype::U8 | Dtype::Bool => divided::<u8>(divisor, outputs[0], n, false),
                        Dtype::U16 => divided::<u16>(divisor, outputs[0], n, false),
                        Dtype::U32 => divided::<u32>(divisor, outputs[0], n, false),
                        _ => divided::<u64>(divisor, outputs[0], n, false),
                    }
                };
                self.add(met);
            }
            Rule::Results(pole, small) => {
                for (&to, dtype) in outputs.iter().zip(of.outputs()) {
                    // SAFETY: the caller's promise.
                    let met = unsafe {
                        match dtype {
                            Dtype::F64 => results::<f64>(of, inputs, to, n, pole, small),
                            Dtype::F32 => results::<f32>(of, inputs, to, n, pole, small),
                            _ => Flags::none(),
                        }
                    };
                    self.add(met);
                }
            }
        }
    }
}

/// A thread's part of a call whose flags are the CPU's.
pub(crate) struct Part<'a> {
    status: &'a Status,
    raised: Raised,
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        let (divide, overflow, underflow, invalid) = self.raised.end();
        let each = [
            (divide, Flags::DIVIDE),
            (overflow, Flags::OVERFLOW),
            (underflow, Flags::UNDERFLOW),
            (invalid, Flags::INVALID),
        ];
        for (_, flag) in each.into_iter().filter(|(raised, _)| *raised) {
            self.status.add(flag);
        }
    }
}

/// What an integer is to [`divided`].
trait Whole: Copy + PartialEq {
    const ZERO: Self;
    const MINUS_ONE: Self;
    const LEAST: Self;
}

macro_rules! wholes {
    ($($t:ident)*) => {$(
        impl Whole for $t {
            const ZERO: $t = 0;
            const MINUS_ONE: $t = !0;
            const LEAST: $t = $t::MIN;
        }
    )*};
}
wholes! { i8 i16 i32 i64 u8 u16 u32 u64 }

/// What a division of integers met. The quotient of the least number by -1 is itself again, and of no
/// other number by -1.
///
/// # Safety
/// As for [`Status::look`]; divisors and output are of `T`.
unsafe fn divided<T: Whole>(divisor: Input, to: *const u8, n: usize, quotient: bool) -> Flags {
    // SAFETY: the caller's promise; nothing need be aligned.
    let by = |i: usize| unsafe { divisor.at.cast::<T>().add(i).read_unaligned() };
    let mut met = Flags::none();
    let m = if divisor.scalar { 1 } else { n };
    // Without branches, so that they go by vectors.
    if (0..m).fold(false, |any, i| any | (by(i) == T::ZERO)) {
        met = met.and(Flags::DIVIDE);
    }
    if quotient && (0..m).fold(false, |any, i| any | (by(i) == T::MINUS_ONE)) {
        let least = |i: usize| {
            // SAFETY: as above.
            let y = unsafe { to.cast::<T>().add(i).read_unaligned() };
            y == T::LEAST && by(if divisor.scalar { 0 } else { i }) == T::MINUS_ONE
        };
        if (0..n).any(least) {
            met = met.and(Flags::OVERFLOW);
        }
    }
    met
}

/// What a float is to [`results`].
trait Real: Copy + Into<f64> {
    const SMALLEST: f64;
    /// Whether it is infinite or NaN.
    fn is_huge(self) -> bool;
    /// Whether it is subnormal or zero.
    fn is_tiny(self) -> bool;
}

macro_rules! reals {
    ($($t:ident;)*) => {$(
        impl Real for $t {
            const SMALLEST: f64 = $t::MIN_POSITIVE as f64;
            #[inline]
            fn is_huge(self) -> bool {
                let exponent = $t::INFINITY.to_bits();
                self.to_bits() & exponent == exponent
            }
            #[inline]
            fn is_tiny(self) -> bool {
                self.to_bits() & $t::INFINITY.to_bits() == 0
            }
        }
    )*};
}
reals! { f64; f32; }

/// What a function met, by its results.
///
/// # Safety
/// As for [`Status::look`]; the output is of `T`.
unsafe fn results<T: Real>(
    of: &Code,
    inputs: &[Input],
    to: *const u8,
    n: usize,
    pole: Pole,
    small: bool,
) -> Flags {
    let mut met = Flags::none();
    let out = to.cast::<T>();
    // SAFETY: the caller's promise; nothing need be aligned.
    let at = |i: usize| unsafe { out.add(i).read_unaligned() };
    let mut from = 0;
    while from < n {
        // Usual results say nothing, and most are: blocks of them are passed over.
        let to = n.min(from + 64);
        // Without a branch, so that it goes by vectors.
        let huge = (from..to).fold(false, |any, i| any | at(i).is_huge());
        let tiny = small && (from..to).fold(false, |any, i| any | at(i).is_tiny());
        if !huge && !tiny {
            from = to;
            continue;
        }
        for i in from..to {
            let y: f64 = at(i).into();
            if y.is_finite() && (y.abs() >= T::SMALLEST || !small) {
                continue;
            }
            let x = |k: usize| -> f64 {
                let Some(input) = inputs.get(k) else { return 1.0 };
                let i = if input.scalar { 0 } else { i };
                // SAFETY: the caller's promise.
                unsafe {
                    match of.inputs()[k] {
                        Dtype::F64 => input.at.cast::<f64>().add(i).read_unaligned(),
                        Dtype::F32 => f64::from(input.at.cast::<f32>().add(i).read_unaligned()),
                        // Any other number is a finite one.
                        _ => 1.0,
                    }
                }
            };
            let (a, b) = (x(0), x(1));
            let nan = (0..inputs.len()).any(|k| x(k).is_nan());
            let finite = (0..inputs.len()).all(|k| x(k).is_finite());
            if y.is_nan() {
                if !nan {
                    met = met.and(Flags::INVALID);
                }
            } else if y.is_infinite() {
                if finite {
                    let exact = match pole {
                        Pole::Never => false,
                        Pole::Always => true,
                        Pole::FirstZero => a == 0.0,
                        Pole::SecondZero => b == 0.0,
                        Pole::NotAbove => a <= 0.0,
                    };
                    met = met.and(if exact { Flags::DIVIDE } else { Flags::OVERFLOW });
                }
            } else if finite && a != 0.0 {
                met = met.and(Flags::UNDERFLOW);
            }
        }
        from = to;
    }
    met
}
