//! One lane: the element itself. The oracle of the other levels.

use super::block::Few;
use super::shapes::shape;
use super::vector::convert_each as convert;

type One<T> = Few<T, bool, 1>;

shape! {
    /// One lane.
    Scalar: 1 lanes, mask bool {
        F64 = One<f64>, 1;
        F32 = One<f32>, 1;
        I8 = One<i8>, 1;
        I16 = One<i16>, 1;
        I32 = One<i32>, 1;
        I64 = One<i64>, 1;
        U8 = One<u8>, 1;
        U16 = One<u16>, 1;
        U32 = One<u32>, 1;
        U64 = One<u64>, 1;
    }
}

impl Scalar {
    /// The token: every CPU can do this.
    #[inline(always)]
    pub fn new() -> Self {
        // SAFETY: this level uses nothing that the target does not have.
        unsafe { super::Machine::token() }
    }
}

impl Default for Scalar {
    fn default() -> Self {
        Self::new()
    }
}
