//! The built-in ufuncs, one line each.

use lanefn_kernels::{math, problem};

use crate::ufunc::Untyped;

/// Every built-in function, in the order of this page.
// Inlined elsewhere, it would bring all the loops along, to be compiled again.
#[inline(never)]
pub fn catalogue() -> &'static [Untyped] {
    const {
        &[
            Untyped::of::<problem::problem>(),
            Untyped::of::<problem::wind_power>(),
            Untyped::of::<problem::ten_branches>(),
            Untyped::of::<problem::leaky_relu>(),
            Untyped::of::<problem::mandelbrot>(),
            Untyped::of::<problem::beaufort>(),
            Untyped::of::<math::exp>(),
            Untyped::of::<math::tanh>(),
            Untyped::of::<math::sinh>(),
            Untyped::of::<math::cosh>(),
            Untyped::of::<math::asinh>(),
            Untyped::of::<math::acosh>(),
            Untyped::of::<math::atanh>(),
            Untyped::of::<math::erf>(),
            Untyped::of::<math::erfc>(),
            Untyped::of::<math::gamma>(),
            Untyped::of::<math::lgamma>(),
        ]
    }
}
