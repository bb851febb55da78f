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
            Untyped::of::<problem::gaussian_bump>(),
            Untyped::of::<problem::srgb_to_linear>(),
            Untyped::of::<problem::linear_to_srgb>(),
            Untyped::of::<problem::haversine>(),
            Untyped::of::<problem::wind_direction>(),
            Untyped::of::<problem::gelu>(),
            Untyped::of::<problem::black_scholes>(),
            Untyped::of::<math::exp>(),
            Untyped::of::<math::exp2>(),
            Untyped::of::<math::exp10>(),
            Untyped::of::<math::expm1>(),
            Untyped::of::<math::log>(),
            Untyped::of::<math::log2>(),
            Untyped::of::<math::log10>(),
            Untyped::of::<math::log1p>(),
            Untyped::of::<math::pow>(),
            Untyped::of::<math::cbrt>(),
            Untyped::of::<math::rsqrt>(),
            Untyped::of::<math::sqrt>(),
            Untyped::of::<math::hypot>(),
            Untyped::of::<math::sigmoid>(),
            Untyped::of::<math::logit>(),
            Untyped::of::<math::softplus>(),
            Untyped::of::<math::logaddexp>(),
            Untyped::of::<math::logaddexp2>(),
            Untyped::of::<math::xlogy>(),
            Untyped::of::<math::sin>(),
            Untyped::of::<math::cos>(),
            Untyped::of::<math::tan>(),
            Untyped::of::<math::sincos>(),
            Untyped::of::<math::sinpi>(),
            Untyped::of::<math::cospi>(),
            Untyped::of::<math::tanpi>(),
            Untyped::of::<math::asin>(),
            Untyped::of::<math::acos>(),
            Untyped::of::<math::atan>(),
            Untyped::of::<math::atan2>(),
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
