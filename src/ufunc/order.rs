//! How the elements of a new array lie in memory.

use smallvec::SmallVec;

use super::RawInput;

/// How the elements of a new array lie in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryOrder {
    /// As those of the inputs, as near as that can be.
    #[default]
    K,
    /// The last axis closest together.
    C,
    /// The first axis closest together.
    F,
    /// F if all inputs lie so, else C.
    A,
}

impl MemoryOrder {
    /// The axes of a new array for these inputs, outermost first. K walks the inputs as NumPy's iterator does;
    /// axes that they leave open stay in C order.
    ///
    /// ```
    /// use lanefn::{RawInput, dtype::Dtype, ufunc::MemoryOrder};
    /// let f = RawInput { ptr: std::ptr::null(), shape: &[2, 3], strides: &[8, 16], dtype: Dtype::F64 };
    /// assert_eq!(MemoryOrder::K.axes(2, &[f])[..], [1, 0]);
    /// assert_eq!(MemoryOrder::C.axes(2, &[f])[..], [0, 1]);
    /// ```
    pub fn axes(self, ndim: usize, inputs: &[RawInput]) -> SmallVec<[usize; 4]> {
        match self {
            MemoryOrder::K => as_walked(ndim, inputs),
            MemoryOrder::F => (0..ndim).rev().collect(),
            MemoryOrder::A if inputs.iter().all(is_fortran) => (0..ndim).rev().collect(),
            MemoryOrder::A | MemoryOrder::C => (0..ndim).collect(),
        }
    }
}

/// Whether its elements follow each other in Fortran order.
fn is_fortran(input: &RawInput) -> bool {
    let mut step = input.dtype.size() as isize;
    input.shape.contains(&0)
        || std::iter::zip(input.shape, input.strides).all(|(&n, &stride)| {
            let fits = n == 1 || stride == step;
            step = step.wrapping_mul(n as isize);
            fits
        })
}

/// By insertion, from the closest axis to the farthest: only neighbours that can be told apart move.
fn as_walked(ndim: usize, inputs: &[RawInput]) -> SmallVec<[usize; 4]> {
    let stride = |input: &RawInput, axis: usize| match axis
        .checked_sub(ndim.saturating_sub(input.shape.len()))
    {
        Some(a) if a < input.shape.len() && input.shape[a] != 1 => input.strides[a].unsigned_abs(),
        _ => 0,
    };
    let mut order: SmallVec<[usize; 4]> = (0..ndim).rev().collect();
    for i in 1..ndim {
        let axis = order[i];
        let mut place = i;
        for j in (0..i).rev() {
            let (mut open, mut swap) = (true, false);
            for input in inputs {
                let (near, far) = (stride(input, order[j]), stride(input, axis));
                if near == 0 || far == 0 {
                    continue;
                }
                if near <= far {
                    swap = false;
                } else if open {
                    swap = true;
                }
                open = false;
            }
            match (open, swap) {
                (true, _) => {}
                (false, true) => place = j,
                (false, false) => break,
            }
        }
        order.remove(i);
        order.insert(place, axis);
    }
    order.reverse();
    order
}
