//! What computes the elements of one signature.

use std::sync::Arc;

use lanefn_compiler::Body;
use lanefn_kernels::{
    fold::Scan,
    lanes::Dtype,
    level::Level,
    loops::{InnerLoop, Input, Loop},
};

/// What computes the elements of one signature.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Code {
    /// A loop that was compiled with the program.
    Loop(&'static Loop),
    /// One that was made at run time.
    Body(Arc<Body>),
}

impl Code {
    /// The inputs' dtypes.
    #[inline]
    pub fn inputs(&self) -> &[Dtype] {
        match self {
            Code::Loop(of) => of.inputs,
            Code::Body(of) => of.inputs(),
        }
    }

    /// The outputs' dtypes.
    #[inline]
    pub fn outputs(&self) -> &[Dtype] {
        match self {
            Code::Loop(of) => of.outputs,
            Code::Body(of) => of.outputs(),
        }
    }

    /// Lane operations in one evaluation, roughly.
    pub fn cost(&self) -> u32 {
        match self {
            Code::Loop(of) => of.cost,
            Code::Body(of) => of.cost(),
        }
    }

    /// Whether how long it takes depends on the elements: it has loops of its own.
    pub fn has_loops(&self) -> bool {
        match self {
            Code::Loop(_) => false,
            Code::Body(of) => !of.graph().loops().is_empty(),
        }
    }

    /// Whether it is `(T, T) -> T` and can go along an axis.
    pub(crate) fn folds(&self) -> bool {
        match self {
            Code::Loop(of) => of.fold().is_some(),
            Code::Body(of) => {
                matches!((of.inputs(), of.outputs()), ([a, b], [c]) if a == b && b == c)
            }
        }
    }

    /// For a level; it may be run only where that is present.
    #[inline]
    pub(crate) fn inner(&self, level: Level) -> Inner<'_> {
        match self {
            Code::Loop(of) => Inner::Loop(of.inner(level)),
            Code::Body(of) => Inner::Body(of, level),
        }
    }

    /// One element after the other, if it [folds](Code::folds).
    pub(crate) fn scan(&self, level: Level) -> Fold<'_> {
        match self {
            Code::Loop(of) => match of.fold() {
                Some(fold) => Fold::Scan(fold.scan(level)),
                None => Fold::Each(self.inner(level), of.outputs[0]),
            },
            Code::Body(of) => Fold::Each(self.inner(level), of.outputs()[0]),
        }
    }
}

/// An inner loop, whoever made it.
#[derive(Clone, Copy)]
pub(crate) enum Inner<'a> {
    Loop(InnerLoop),
    Body(&'a Body, Level),
}

impl Inner<'_> {
    /// # Safety
    /// As for [`InnerLoop`].
    #[inline]
    pub(crate) unsafe fn run(self, inputs: &[Input], outputs: &[*mut u8], n: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Inner::Loop(inner) => inner(inputs, outputs, n),
                Inner::Body(of, level) => of.run(level, inputs, outputs, n),
            }
        }
    }
}

/// A function `(T, T) -> T` from each result to the next.
#[derive(Clone, Copy)]
pub(crate) enum Fold<'a> {
    Scan(Scan),
    /// The inner loop, an element at a time.
    Each(Inner<'a>, Dtype),
}

impl Fold<'_> {
    /// # Safety
    /// As for [`Scan`].
    #[inline]
    pub(crate) unsafe fn run(
        self,
        acc: *mut u8,
        x: *const u8,
        x_step: isize,
        to: *mut u8,
        to_step: isize,
        n: usize,
    ) {
        let (inner, size) = match self {
            // SAFETY: the caller's promise.
            Fold::Scan(scan) => return unsafe { scan(acc, x, x_step, to, to_step, n) },
            Fold::Each(inner, dtype) => (inner, dtype.size()),
        };
        for i in 0..n as isize {
            let x = x.wrapping_offset(x_step.wrapping_mul(i));
            let inputs = [Input { at: acc, scalar: false }, Input { at: x, scalar: false }];
            // SAFETY: the caller's promise: one element each, what is written being the first of them; and
            // room for it where there is any.
            unsafe {
                inner.run(&inputs, &[acc], 1);
                if !to.is_null() {
                    let to = to.wrapping_offset(to_step.wrapping_mul(i));
                    std::ptr::copy_nonoverlapping(acc, to, size);
                }
            }
        }
    }
}
