//! The built-in ufuncs, one line each.

use lanefn_kernels::{lanes::Dtype, math, problem};

use crate::ufunc::{
    Reduction,
    Special::{
        Highest, HighestOrNan, Lowest, LowestOrNan, MinusInfinity, MinusZero, One, Ones, Zero,
    },
    Untyped,
};

/// Every built-in function, in the order of this page.
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
            Untyped::of::<math::add>().reducing(
                Reduction::tree(&math::SUMS).identity(Zero).neutral(MinusZero).widening(),
            ),
            Untyped::of::<math::subtract>().of_numbers(),
            Untyped::of::<math::multiply>()
                .reducing(Reduction::tree(&math::PRODUCTS).identity(One).widening()),
            Untyped::of::<math::divide>().alias(&["true_divide"]).of_floats(),
            Untyped::of::<math::negative>().of_numbers(),
            Untyped::of::<math::positive>().of_numbers(),
            Untyped::of::<math::positive>().named("conjugate").alias(&["conj"]),
            Untyped::of::<math::fabs>(),
            Untyped::of::<math::less>(),
            Untyped::of::<math::less_equal>(),
            Untyped::of::<math::greater>(),
            Untyped::of::<math::greater_equal>(),
            Untyped::of::<math::equal>(),
            Untyped::of::<math::not_equal>(),
            Untyped::of::<math::logical_and>()
                .reducing(Reduction::any().identity(One).truths().settled_by(false)),
            Untyped::of::<math::logical_or>()
                .reducing(Reduction::any().identity(Zero).truths().settled_by(true)),
            Untyped::of::<math::logical_xor>().reducing(Reduction::any().identity(Zero).truths()),
            Untyped::of::<math::logical_not>(),
            Untyped::of::<math::exp>(),
            Untyped::of::<math::exp2>(),
            Untyped::of::<math::exp10>(),
            Untyped::of::<math::expm1>(),
            Untyped::of::<math::log>(),
            Untyped::of::<math::log2>(),
            Untyped::of::<math::log10>(),
            Untyped::of::<math::log1p>(),
            Untyped::of::<math::pow>().alias(&["power"]),
            Untyped::of::<math::pow>().named("float_power").only(Dtype::F64),
            Untyped::of::<math::cbrt>(),
            Untyped::of::<math::rsqrt>(),
            Untyped::of::<math::sqrt>(),
            Untyped::of::<math::hypot>().reducing(Reduction::tree(&[]).identity(Zero)),
            Untyped::of::<math::sigmoid>(),
            Untyped::of::<math::logit>(),
            Untyped::of::<math::softplus>(),
            Untyped::of::<math::logaddexp>().reducing(Reduction::tree(&[]).identity(MinusInfinity)),
            Untyped::of::<math::logaddexp2>()
                .reducing(Reduction::tree(&[]).identity(MinusInfinity)),
            Untyped::of::<math::xlogy>(),
            Untyped::of::<math::sin>(),
            Untyped::of::<math::cos>(),
            Untyped::of::<math::tan>(),
            Untyped::of::<math::sincos>(),
            Untyped::of::<math::sinpi>(),
            Untyped::of::<math::cospi>(),
            Untyped::of::<math::tanpi>(),
            Untyped::of::<math::asin>().alias(&["arcsin"]),
            Untyped::of::<math::acos>().alias(&["arccos"]),
            Untyped::of::<math::atan>().alias(&["arctan"]),
            Untyped::of::<math::atan2>().alias(&["arctan2"]),
            Untyped::of::<math::tanh>(),
            Untyped::of::<math::sinh>(),
            Untyped::of::<math::cosh>(),
            Untyped::of::<math::asinh>().alias(&["arcsinh"]),
            Untyped::of::<math::acosh>().alias(&["arccosh"]),
            Untyped::of::<math::atanh>().alias(&["arctanh"]),
            Untyped::of::<math::erf>(),
            Untyped::of::<math::erfc>(),
            Untyped::of::<math::gamma>(),
            Untyped::of::<math::lgamma>(),
            Untyped::of::<math::fmod>(),
            Untyped::of::<math::remainder>().alias(&["mod"]),
            Untyped::of::<math::floor_divide>(),
            Untyped::of::<math::divmod>(),
            Untyped::of::<math::gcd>().of_numbers().reducing(Reduction::any().identity(Zero)),
            Untyped::of::<math::lcm>().of_numbers().reducing(Reduction::any().neutral(One)),
            Untyped::of::<math::left_shift>().alias(&["bitwise_left_shift"]),
            Untyped::of::<math::right_shift>().alias(&["bitwise_right_shift"]),
            Untyped::of::<math::bit_count>().alias(&["bitwise_count"]),
            Untyped::of::<math::invert>().alias(&["bitwise_not", "bitwise_invert"]),
            Untyped::of::<math::bitwise_and>().reducing(Reduction::any().identity(Ones)),
            Untyped::of::<math::bitwise_or>().reducing(Reduction::any().identity(Zero)),
            Untyped::of::<math::bitwise_xor>().reducing(Reduction::any().identity(Zero)),
            Untyped::of::<math::maximum>().reducing(Reduction::any().neutral(Lowest)),
            Untyped::of::<math::minimum>().reducing(Reduction::any().neutral(Highest)),
            Untyped::of::<math::fmax>().reducing(Reduction::any().neutral(LowestOrNan)),
            Untyped::of::<math::fmin>().reducing(Reduction::any().neutral(HighestOrNan)),
            Untyped::of::<math::clip>(),
            Untyped::of::<math::heaviside>(),
            Untyped::of::<math::abs>().alias(&["absolute"]),
            Untyped::of::<math::sign>().of_numbers(),
            Untyped::of::<math::square>(),
            Untyped::of::<math::reciprocal>(),
            Untyped::of::<math::deg2rad>().alias(&["radians"]),
            Untyped::of::<math::rad2deg>().alias(&["degrees"]),
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

/// The built-in function of this name or alias: NumPy's names, and those of the array API.
///
/// ```
/// assert_eq!(lanefn::find("absolute").unwrap().name, "abs");
/// assert!(lanefn::find("abs").is_some() && lanefn::find("nothing").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static Untyped> {
    catalogue().iter().find(|f| f.name == name || f.aliases.contains(&name))
}
