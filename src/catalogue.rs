//! The built-in ufuncs, one line each.

use std::collections::HashMap;

use lanefn_kernels::{lanes::Dtype, loops::Loop, math, problem};

use crate::status::{
    Pole::{Always, FirstZero, Never, NotAbove, SecondZero},
    Rule::{Arithmetic, Division, Results},
};
use crate::ufunc::{
    Reduction,
    Special::{
        Highest, HighestOrNan, Lowest, LowestOrNan, MinusInfinity, MinusZero, One, Ones, Zero,
    },
    Untyped,
};
use lanefn_compiler::publish::Published;

/// Every built-in function, in the order of this page.
pub fn catalogue() -> &'static [Untyped<'static>] {
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
            Untyped::of::<math::add>().meets(Arithmetic).reducing(
                Reduction::tree().along(&math::SUMS).identity(Zero).neutral(MinusZero).widening(),
            ),
            Untyped::of::<math::subtract>().meets(Arithmetic).of_numbers(),
            Untyped::of::<math::multiply>()
                .meets(Arithmetic)
                .reducing(Reduction::tree().along(&math::PRODUCTS).identity(One).widening()),
            Untyped::of::<math::divide>().meets(Arithmetic).alias(&["true_divide"]).of_floats(),
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
            Untyped::of::<math::exp>().meets(Results(Never, true)),
            Untyped::of::<math::exp2>().meets(Results(Never, true)),
            Untyped::of::<math::exp10>().meets(Results(Never, true)),
            Untyped::of::<math::expm1>().meets(Results(Never, false)),
            Untyped::of::<math::log>().meets(Results(Always, false)),
            Untyped::of::<math::log2>().meets(Results(Always, false)),
            Untyped::of::<math::log10>().meets(Results(Always, false)),
            Untyped::of::<math::log1p>().meets(Results(Always, false)),
            Untyped::of::<math::pow>().meets(Results(FirstZero, true)).alias(&["power"]),
            Untyped::of::<math::pow>()
                .meets(Results(FirstZero, true))
                .named("float_power")
                .only(Dtype::F64),
            Untyped::of::<math::cbrt>().meets(Results(Always, false)),
            Untyped::of::<math::rsqrt>().meets(Results(Always, false)),
            Untyped::of::<math::sqrt>().meets(Arithmetic),
            Untyped::of::<math::hypot>()
                .meets(Results(Never, false))
                .reducing(Reduction::tree().identity(Zero)),
            Untyped::of::<math::sigmoid>().meets(Results(Never, true)),
            Untyped::of::<math::logit>().meets(Results(Always, false)),
            Untyped::of::<math::softplus>().meets(Results(Never, false)),
            Untyped::of::<math::logaddexp>()
                .meets(Results(Never, false))
                .reducing(Reduction::tree().identity(MinusInfinity)),
            Untyped::of::<math::logaddexp2>()
                .meets(Results(Never, false))
                .reducing(Reduction::tree().identity(MinusInfinity)),
            Untyped::of::<math::xlogy>().meets(Results(SecondZero, false)),
            Untyped::of::<math::sin>().meets(Results(Never, false)),
            Untyped::of::<math::cos>().meets(Results(Never, false)),
            Untyped::of::<math::tan>().meets(Results(Never, false)),
            Untyped::of::<math::sincos>().meets(Results(Never, false)),
            Untyped::of::<math::sinpi>().meets(Results(Never, false)),
            Untyped::of::<math::cospi>().meets(Results(Never, false)),
            Untyped::of::<math::tanpi>().meets(Results(Always, false)),
            Untyped::of::<math::asin>().meets(Results(Never, false)).alias(&["arcsin"]),
            Untyped::of::<math::acos>().meets(Results(Never, false)).alias(&["arccos"]),
            Untyped::of::<math::atan>().meets(Results(Never, false)).alias(&["arctan"]),
            Untyped::of::<math::atan2>().meets(Results(Never, false)).alias(&["arctan2"]),
            Untyped::of::<math::tanh>().meets(Results(Never, false)),
            Untyped::of::<math::sinh>().meets(Results(Never, false)),
            Untyped::of::<math::cosh>().meets(Results(Never, false)),
            Untyped::of::<math::asinh>().meets(Results(Never, false)).alias(&["arcsinh"]),
            Untyped::of::<math::acosh>().meets(Results(Never, false)).alias(&["arccosh"]),
            Untyped::of::<math::atanh>().meets(Results(Always, false)).alias(&["arctanh"]),
            Untyped::of::<math::erf>().meets(Results(Never, false)),
            Untyped::of::<math::erfc>().meets(Results(Never, true)),
            Untyped::of::<math::gamma>().meets(Results(FirstZero, true)),
            Untyped::of::<math::lgamma>().meets(Results(NotAbove, false)),
            Untyped::of::<math::fmod>().meets(Results(Never, false)),
            Untyped::of::<math::remainder>().meets(Division(false)).alias(&["mod"]),
            Untyped::of::<math::floor_divide>().meets(Division(true)),
            Untyped::of::<math::divmod>().meets(Division(true)),
            Untyped::of::<math::gcd>().of_numbers().reducing(Reduction::any().identity(Zero)),
            Untyped::of::<math::lcm>().of_numbers().reducing(Reduction::any().neutral(One)),
            Untyped::of::<math::left_shift>().alias(&["bitwise_left_shift"]),
            Untyped::of::<math::right_shift>().alias(&["bitwise_right_shift"]),
            Untyped::of::<math::bit_count>().alias(&["bitwise_count"]),
            Untyped::of::<math::invert>().alias(&["bitwise_not", "bitwise_invert"]),
            Untyped::of::<math::bitwise_and>().reducing(Reduction::any().identity(Ones)),
            Untyped::of::<math::bitwise_or>().reducing(Reduction::any().identity(Zero)),
            Untyped::of::<math::bitwise_xor>().reducing(Reduction::any().identity(Zero)),
            Untyped::of::<math::maximum>()
                .reducing(Reduction::any().along(&math::MAXIMA).neutral(Lowest)),
            Untyped::of::<math::minimum>()
                .reducing(Reduction::any().along(&math::MINIMA).neutral(Highest)),
            Untyped::of::<math::fmax>().reducing(Reduction::any().neutral(LowestOrNan)),
            Untyped::of::<math::fmin>().reducing(Reduction::any().neutral(HighestOrNan)),
            Untyped::of::<math::clip>(),
            Untyped::of::<math::heaviside>(),
            Untyped::of::<math::abs>().alias(&["absolute"]),
            Untyped::of::<math::sign>().of_numbers(),
            Untyped::of::<math::square>().meets(Arithmetic),
            Untyped::of::<math::reciprocal>().meets(Results(FirstZero, false)),
            Untyped::of::<math::deg2rad>().meets(Results(Never, false)).alias(&["radians"]),
            Untyped::of::<math::rad2deg>().meets(Results(Never, false)).alias(&["degrees"]),
            Untyped::of::<math::floor>(),
            Untyped::of::<math::ceil>(),
            Untyped::of::<math::trunc>(),
            Untyped::of::<math::rint>(),
            Untyped::of::<math::round>(),
            Untyped::of::<math::modf>(),
            Untyped::of::<math::copysign>(),
            Untyped::of::<math::nextafter>(),
            Untyped::of::<math::spacing>(),
            Untyped::of::<math::ldexp>().meets(Results(Never, false)),
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
pub fn find(name: &str) -> Option<&'static Untyped<'static>> {
    static NAMES: Published<HashMap<&'static str, &'static Untyped<'static>>> = Published::new();
    let names = NAMES.get_or(|| {
        let each = catalogue().iter().rev().flat_map(|f| {
            let names = std::iter::once(f.name).chain(f.aliases.iter().copied());
            names.map(move |name| (name, f))
        });
        each.collect()
    });
    names.get(name).copied()
}

/// The first built-in function whose loops begin with this one.
pub(crate) fn with_first_loop(first: &'static Loop) -> Option<&'static Untyped<'static>> {
    static LOOPS: Published<Vec<(usize, &'static Untyped<'static>)>> = Published::new();
    let address = |l: &'static Loop| std::ptr::from_ref(l) as usize;
    let loops = LOOPS.get_or(|| {
        let each = catalogue().iter().filter_map(|f| Some((address(f.loops.first()?), f)));
        let mut each: Vec<_> = each.collect();
        each.sort_by_key(|(address, _)| *address);
        each
    });
    let wanted = address(first);
    let found = loops.get(loops.partition_point(|(address, _)| *address < wanted))?;
    (found.0 == wanted).then_some(found.1)
}
