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
            Untyped::of::<math::fmod>(),
            Untyped::of::<math::remainder>(),
            Untyped::of::<math::floor_divide>(),
            Untyped::of::<math::divmod>(),
            Untyped::of::<math::power>(),
            Untyped::of::<math::gcd>(),
            Untyped::of::<math::lcm>(),
            Untyped::of::<math::left_shift>(),
            Untyped::of::<math::right_shift>(),
            Untyped::of::<math::bit_count>(),
            Untyped::of::<math::invert>(),
            Untyped::of::<math::bitwise_and>(),
            Untyped::of::<math::bitwise_or>(),
            Untyped::of::<math::bitwise_xor>(),
            Untyped::of::<math::maximum>(),
            Untyped::of::<math::minimum>(),
            Untyped::of::<math::fmax>(),
            Untyped::of::<math::fmin>(),
            Untyped::of::<math::clip>(),
            Untyped::of::<math::heaviside>(),
            Untyped::of::<math::abs>(),
            Untyped::of::<math::sign>(),
            Untyped::of::<math::square>(),
            Untyped::of::<math::reciprocal>(),
            Untyped::of::<math::deg2rad>(),
            Untyped::of::<math::rad2deg>(),
            Untyped::of::<math::floor>(),
            Untyped::of::<math::ceil>(),
            Untyped::of::<math::trunc>(),
            Untyped::of::<math::rint>(),
            Untyped::of::<math::round>(),
            Untyped::of::<math::modf>(),
            Untyped::of::<math::copysign>(),
            Untyped::of::<math::nextafter>(),
            Untyped::of::<math::spacing>(),
            Untyped::of::<math::ldexp>(),
            Untyped::of::<math::frexp>(),
            Untyped::of::<math::signbit>(),
            Untyped::of::<math::isnan>(),
            Untyped::of::<math::isinf>(),
            Untyped::of::<math::isfinite>(),
        ]
    }
}
