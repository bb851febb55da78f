//! Kernels, and the one driver loop that runs them.

use crate::lanes::{Dtype, Element, Shape};

/// A list of element types, 1 to 8 of them: the operands of a kernel.
pub trait Operands: 'static {
    /// How many.
    const COUNT: usize;
    /// Their dtypes, in order.
    const DTYPES: &'static [Dtype];
    /// A tuple of their lanes in the shape `S`.
    type Lanes<S: Shape>;
}

macro_rules! operands {
    ($($n:literal: $($t:ident)*;)*) => {$(
        impl<$($t: Element),*> Operands for ($($t,)*) {
            const COUNT: usize = $n;
            const DTYPES: &'static [Dtype] = &[$($t::DTYPE),*];
            type Lanes<S: Shape> = ($($t::Lane<S>,)*);
        }
    )*};
}
operands! {
    1: A; 2: A B; 3: A B C; 4: A B C D; 5: A B C D E; 6: A B C D E F; 7: A B C D E F G; 8: A B C D E F G H;
}

/// A function of one element for the inputs `In`, written on lanes.
pub trait Kernel<In: Operands>: 'static {
    /// The outputs, 1 to 4.
    type Out: Operands;
    /// The element type that should fill registers: it decides the number of lanes.
    type Busy: Element;
    /// Lane operations in one evaluation, roughly; loops count by their turns.
    const COST: u32;
    /// The function, lane by lane.
    fn lanes<S: Shape>(s: S, inputs: In::Lanes<S>) -> <Self::Out as Operands>::Lanes<S>;
}

/// A named function with one [`Loop`] for each signature: what `#[ufunc]` makes.
pub trait Function: 'static {
    /// Its name.
    const NAME: &'static str;
    /// The first line of its documentation.
    const DOC: &'static str;
    /// The names of its arguments.
    const ARGUMENTS: &'static [&'static str];
    /// Its loops, in the order of the signatures.
    const LOOPS: &'static [Loop];
}

/// One signature of a function, with its type erased.
pub struct Loop {
    /// The inputs' dtypes.
    pub inputs: &'static [Dtype],
    /// The outputs' dtypes.
    pub outputs: &'static [Dtype],
    /// See [`Kernel::COST`].
    pub cost: u32,
}

impl Loop {
    /// The loop of the kernel `K` for the inputs `In`.
    pub const fn of<K: Kernel<In>, In: Operands>() -> Loop {
        Loop { inputs: In::DTYPES, outputs: <K::Out as Operands>::DTYPES, cost: K::COST }
    }
}
