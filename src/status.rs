//! Floating-point status: what the built-in functions met on the way.
//!
//! Nothing is looked at unless a caller asks by [`collect`]. Then each piece of a call that has been
//! computed is looked at while it is in the cache, on whichever thread: arithmetic by the CPU's own
//! flags, which its loops raise for nothing else; all other functions by what came out for what went in,
//! since their kernels compute arms that are not taken. Functions that a user wrote report nothing.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

use lanefn_kernels::{lanes::Dtype, loops::Input};

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

/// Whether calls of this thread are to report.
#[inline]
pub(crate) fn is_collected() -> bool {
    COLLECTED.get().is_some()
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
    /// A division: of integers, by the divisors; of floats, by what came out.
    Division,
}

/// What one call met, from all threads, while it runs.
pub(crate) struct Status {
    met: AtomicU8,
    rule: Rule,
}

impl Status {
    /// For a call of a loop, if anybody asks and there is something to tell.
    pub(crate) fn begin(rule: Rule, of: &Code) -> Option<Status> {
        if rule == Rule::Nothing || !is_collected() {
            return None;
        }
        Status::of(rule, of)
    }

    /// The same where the caller asks.
    pub(crate) fn of(rule: Rule, of: &Code) -> Option<Status> {
        if rule == Rule::Nothing {
            return None;
        }
        let float = |d: &Dtype| matches!(d, Dtype::F32 | Dtype::F64);
        let rule = match (rule, of.outputs().iter().any(float)) {
            (Rule::Division, true) => Rule::Results(Pole::SecondZero, false),
            // Other CPUs' flags are not read.
            (Rule::Arithmetic, true) if !Raised::IS_KNOWN => Rule::Results(Pole::SecondZero, false),
            (Rule::Division, false) => rule,
            (_, false) => return None,
            _ => rule,
        };
        Some(Status { met: AtomicU8::new(0), rule })
    }

    /// Tells the caller, at the end of the call.
    pub(crate) fn end(&self) -> Flags {
        let met = Flags(self.met.load(Ordering::Relaxed));
        COLLECTED.set(COLLECTED.get().map(|before| before.and(met)));
        met
    }

    /// Whether inputs are looked at when the outputs have been written.
    pub(crate) fn needs_inputs(&self) -> bool {
        matches!(self.rule, Rule::Results(..) | Rule::Division)
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

    /// Looks at a piece that has been computed.
    ///
    /// # Safety
    /// Inputs and outputs are those of the loop, valid for reading `n` elements (1 for a scalar).
    pub(crate) unsafe fn look(&self, of: &Code, inputs: &[Input], outputs: &[*mut u8], n: usize) {
        match self.rule {
            Rule::Nothing | Rule::Arithmetic => {}
            Rule::Division => {
                let divisor = inputs[1];
                let n = if divisor.scalar { 1 } else { n };
                let size = of.inputs()[1].size();
                // SAFETY: the caller's promise.
                let bytes = unsafe { std::slice::from_raw_parts(divisor.at, n * size) };
                let zero = match size {
                    1 => bytes.contains(&0),
                    2 => bytes.chunks_exact(2).any(|b| b == [0; 2]),
                    4 => bytes.chunks_exact(4).any(|b| b == [0; 4]),
                    _ => bytes.chunks_exact(8).any(|b| b == [0; 8]),
                };
                if zero {
                    self.add(Flags::DIVIDE);
                }
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
