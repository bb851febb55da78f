//! Elements that are computed when somebody asks for them, a piece at a time: what a reduction of an
//! expression reads in place of an array.

use std::mem::MaybeUninit;

use lanefn_kernels::{
    cast::cast,
    level::Level,
    loops::{Input, Loop, MAX_INPUTS},
};
use smallvec::SmallVec;

use super::{Code, memory, reduce::PIECE};
use crate::ufunc::RawInput;

/// A function of inputs that broadcast together, its results counted in C order.
pub(crate) struct Mapped {
    code: Code,
    level: Level,
    /// Each axis: its length, and the stride of each input. Axes that run on are one.
    axes: SmallVec<[(usize, [isize; MAX_INPUTS]); 4]>,
    start: [*const u8; MAX_INPUTS],
    /// Bytes of an element of each input, and how it becomes what the code takes.
    size: [usize; MAX_INPUTS],
    cast: [Option<&'static Loop>; MAX_INPUTS],
}

/// Room for a piece of each input, and another for one that is yet to be cast.
type Room = [[MaybeUninit<u64>; PIECE]; MAX_INPUTS + 1];

impl Mapped {
    /// For inputs that broadcast to this shape, the dtypes of which can be cast to the code's.
    pub(crate) fn new(code: Code, level: Level, shape: &[usize], inputs: &[RawInput]) -> Mapped {
        let mut mapped = Mapped {
            level,
            axes: SmallVec::new(),
            start: [std::ptr::null(); MAX_INPUTS],
            size: [1; MAX_INPUTS],
            cast: [None; MAX_INPUTS],
            code,
        };
        for (i, (input, &to)) in inputs.iter().zip(mapped.code.inputs()).enumerate() {
            mapped.start[i] = input.ptr;
            mapped.size[i] = input.dtype.size();
            mapped.cast[i] = (input.dtype != to).then(|| cast(input.dtype, to));
        }
        for (axis, &n) in shape.iter().enumerate().filter(|(_, n)| **n != 1) {
            let mut strides = [0; MAX_INPUTS];
            for (stride, input) in strides.iter_mut().zip(inputs) {
                *stride = match axis.checked_sub(shape.len() - input.shape.len()) {
                    Some(a) if input.shape[a] != 1 => input.strides[a],
                    _ => 0,
                };
            }
            match mapped.axes.last_mut() {
                Some((m, outer))
                    if (0..MAX_INPUTS).all(|i| outer[i] == strides[i].wrapping_mul(n as isize)) =>
                {
                    *m *= n;
                    *outer = strides;
                }
                _ => mapped.axes.push((n, strides)),
            }
        }
        if mapped.axes.is_empty() {
            mapped.axes.push((1, [0; MAX_INPUTS]));
        }
        mapped
    }

    /// Computes the items `first .. first + n`.
    ///
    /// # Safety
    /// There are so many items, and the inputs are valid for reading at all of them; `to` has room for `n`
    /// elements, `n <= PIECE`. The level is present.
    pub(super) unsafe fn piece(&self, first: usize, n: usize, to: *mut u8) {
        let mut room: Room = [[MaybeUninit::uninit(); PIECE]; MAX_INPUTS + 1];
        let (inputs, output) = (self.code.inputs().len(), self.code.outputs()[0].size());
        let inner = self.code.inner(self.level);
        let mut done = 0;
        while done < n {
            let (mut at, mut rest) = (self.start, first + done);
            let (mut run, mut along) = (1, &[0; MAX_INPUTS]);
            for (depth, (length, strides)) in self.axes.iter().rev().enumerate() {
                let i = rest % length;
                rest /= length;
                for (at, stride) in at.iter_mut().zip(strides) {
                    *at = at.wrapping_offset(stride.wrapping_mul(i as isize));
                }
                if depth == 0 {
                    (run, along) = (length - i, strides);
                }
            }
            let m = run.min(n - done);
            let mut from = [Input { at: std::ptr::null(), scalar: true }; MAX_INPUTS];
            for i in 0..inputs {
                let (size, scalar) = (self.size[i], along[i] == 0);
                from[i] = Input { at: at[i], scalar };
                let count = if scalar { 1 } else { m };
                if !scalar && along[i] != size as isize {
                    let k = if self.cast[i].is_some() { MAX_INPUTS } else { i };
                    let packed = room[k].as_mut_ptr().cast::<u8>();
                    // SAFETY: elements of the input, and room for a piece of them.
                    unsafe { memory::copy_row(at[i], along[i], packed, size as isize, m, size) };
                    from[i].at = packed;
                }
                if let Some(cast) = self.cast[i] {
                    let packed = room[i].as_mut_ptr().cast::<u8>();
                    let given = [Input { at: from[i].at, scalar: false }];
                    // SAFETY: so many elements are there, and the other room holds as many.
                    unsafe { cast.inner(self.level)(&given, &[packed], count) };
                    from[i].at = packed;
                }
            }
            // SAFETY: a run of each input, or one element; and room for the results. They are apart: `to` is
            // the reduction's own.
            unsafe { inner.run(&from[..inputs], &[to.add(done * output)], m) };
            done += m;
        }
    }
}
