//! What each function should give.

use crate::ulp::Real;

/// The truth about a function of one argument.
#[derive(Clone, Copy)]
pub struct Unary {
    /// The name in the catalogue.
    pub name: &'static str,
    /// The nearest double to the true value, where somebody has proven one.
    pub nearest: Option<fn(f64) -> f64>,
    /// The nearest f32, likewise: most of a sweep over all of them ends here.
    pub nearest_f32: Option<fn(f32) -> f32>,
    /// A double within a few of its own ULP of the true value: enough to judge an f32, and a hundred
    /// times as fast as all of it.
    pub close: Option<fn(f64) -> f64>,
    /// The true value to some 60 bits, NaN where that isn't sure; for those without `nearest`.
    pub near: Option<fn(f64) -> Real>,
    /// The true value to more than 100 bits.
    pub real: fn(f64) -> Real,
}

/// The truth about a function of two arguments.
#[derive(Clone, Copy)]
pub struct Binary {
    /// The name in the catalogue.
    pub name: &'static str,
    /// The nearest double to the true value, where somebody has proven one.
    pub nearest: Option<fn(f64, f64) -> f64>,
    /// As [`Unary::close`].
    pub close: Option<fn(f64, f64) -> f64>,
    /// As [`Unary::near`].
    pub near: Option<fn(f64, f64) -> Real>,
    /// The true value to more than 100 bits.
    pub real: fn(f64, f64) -> Real,
}

macro_rules! oracles {
    (
        unary { $($name:ident $quad:ident $($nearest:path, $nearest_f32:path)? $(, close $close:path)? $(, near $near:ident)?;)* }
        binary { $($name2:ident $quad2:ident $($nearest2:path)? $(, close $close2:path)? $(, near $near2:ident)?;)* }
    ) => {
        unsafe extern "C" {
            $(safe fn $quad(x: f64) -> Real;)*
            $($(safe fn $near(x: f64) -> Real;)?)*
            $(safe fn $quad2(x: f64, y: f64) -> Real;)*
            $($(safe fn $near2(x: f64, y: f64) -> Real;)?)*
        }

        /// Every function of one argument that has an oracle.
        pub const UNARY: &[Unary] = &[$(Unary {
            name: stringify!($name),
            nearest: oracles!(@option $($nearest)?),
            nearest_f32: oracles!(@option $($nearest_f32)?),
            close: oracles!(@option $($close)?),
            near: oracles!(@call (x: f64) $($near)?),
            real: { fn call(x: f64) -> Real { $quad(x) } call },
        }),*];

        /// Every function of two arguments that has an oracle.
        pub const BINARY: &[Binary] = &[$(Binary {
            name: stringify!($name2),
            nearest: oracles!(@option $($nearest2)?),
            close: oracles!(@option $($close2)?),
            near: oracles!(@call (x: f64, y: f64) $($near2)?),
            real: { fn call(x: f64, y: f64) -> Real { $quad2(x, y) } call },
        }),*];
    };
    (@option) => { None };
    (@option $path:path) => { Some($path) };
    (@call ($($x:ident: f64),*)) => { None };
    (@call ($($x:ident: f64),*) $near:ident) => {
        Some({ fn call($($x: f64),*) -> Real { $near($($x),*) } call })
    };
}

oracles! {
    unary {
        exp quad_exp core_math::exp, core_math::expf;
        exp2 quad_exp2 core_math::exp2, core_math::exp2f;
        exp10 quad_exp10 core_math::exp10, core_math::exp10f;
        expm1 quad_expm1 core_math::expm1, core_math::expm1f;
        log quad_log core_math::log, core_math::logf;
        log2 quad_log2 core_math::log2, core_math::log2f;
        log10 quad_log10 core_math::log10, core_math::log10f;
        log1p quad_log1p core_math::log1p, core_math::log1pf;
        sqrt quad_sqrt f64::sqrt, f32::sqrt;
        cbrt quad_cbrt core_math::cbrt, core_math::cbrtf;
        rsqrt quad_rsqrt core_math::rsqrt, core_math::rsqrtf;
        sin quad_sin core_math::sin, core_math::sinf;
        cos quad_cos core_math::cos, core_math::cosf;
        tan quad_tan core_math::tan, core_math::tanf;
        sinpi quad_sinpi core_math::sinpi, core_math::sinpif;
        cospi quad_cospi core_math::cospi, core_math::cospif;
        tanpi quad_tanpi core_math::tanpi, core_math::tanpif;
        asin quad_asin core_math::asin, core_math::asinf;
        acos quad_acos core_math::acos, core_math::acosf;
        atan quad_atan core_math::atan, core_math::atanf;
        sinh quad_sinh core_math::sinh, core_math::sinhf;
        cosh quad_cosh core_math::cosh, core_math::coshf;
        tanh quad_tanh core_math::tanh, core_math::tanhf;
        asinh quad_asinh core_math::asinh, core_math::asinhf;
        acosh quad_acosh core_math::acosh, core_math::acoshf;
        atanh quad_atanh core_math::atanh, core_math::atanhf;
        erf quad_erf core_math::erf, core_math::erff;
        erfc quad_erfc core_math::erfc, core_math::erfcf;
        gamma quad_gamma core_math::tgamma, core_math::tgammaf;
        lgamma quad_lgamma core_math::lgamma, core_math::lgammaf;
        sigmoid quad_sigmoid, close close::sigmoid, near near_sigmoid;
        logit quad_logit, close close::logit, near near_logit;
        softplus quad_softplus, close close::softplus, near near_softplus;
        deg2rad quad_deg2rad, close close::deg2rad;
        rad2deg quad_rad2deg, close close::rad2deg;
        reciprocal quad_reciprocal, close close::reciprocal;
        square quad_square, close close::square;
    }
    binary {
        pow quad_pow core_math::pow;
        hypot quad_hypot core_math::hypot;
        atan2 quad_atan2 core_math::atan2;
        logaddexp quad_logaddexp, close close::logaddexp, near near_logaddexp;
        logaddexp2 quad_logaddexp2, close close::logaddexp2, near near_logaddexp2;
        xlogy quad_xlogy, close close::xlogy, near near_xlogy;
    }
}

impl Unary {
    /// The oracle of this name.
    pub fn find(name: &str) -> Option<Unary> {
        UNARY.iter().find(|o| o.name == name).copied()
    }

    /// The exponent of the least value that has a unit of its own at `x`; see [`crate::ulp::error_from`].
    ///
    /// Only `lgamma` has one: its zeros below 0 are irrational, and between them it is a difference of
    /// what is much larger. What is below 1/16 there is judged by the unit from 1/16 to 1/8.
    pub fn least(&self, x: f64) -> Option<i32> {
        (self.name == "lgamma" && x < 0.0).then_some(-3)
    }
}

impl Binary {
    /// As [`Unary::least`].
    ///
    /// `logaddexp` and `logaddexp2` are a difference where the larger argument is negative, and zero on a
    /// curve of irrational numbers: what is smaller than that argument is judged by the unit there.
    pub fn least(&self, x: f64, y: f64) -> Option<i32> {
        let larger = x.max(y);
        let cancels = self.name.starts_with("logaddexp") && larger < 0.0 && larger.is_finite();
        cancels.then(|| crate::ulp::Real::from(larger).exponent)
    }

    /// The oracle of this name.
    pub fn find(name: &str) -> Option<Binary> {
        BINARY.iter().find(|o| o.name == name).copied()
    }
}

/// What [`Unary::close`] has: formulas that lose nothing, on correctly rounded functions.
mod close {
    use core_math::{exp, exp2, log, log1p};

    pub fn sigmoid(x: f64) -> f64 {
        if x < 0.0 { exp(x) / (1.0 + exp(x)) } else { 1.0 / (1.0 + exp(-x)) }
    }

    /// From 1/4 to 3/4 `2p - 1` is exact, and so is 1 - p from 1/2 on.
    pub fn logit(p: f64) -> f64 {
        if (0.25..=0.75).contains(&p) {
            let d = 2.0 * p - 1.0;
            log1p(d) - log1p(-d)
        } else {
            log(p) - log1p(-p)
        }
    }

    pub fn softplus(x: f64) -> f64 {
        if x > 0.0 { x + log1p(exp(-x)) } else { log1p(exp(x)) }
    }

    pub fn xlogy(x: f64, y: f64) -> f64 {
        if x == 0.0 && !y.is_nan() { 0.0 } else { x * log(y) }
    }

    /// Where the two terms cancel this gives 0, for which the whole truth is asked.
    pub fn logaddexp(a: f64, b: f64) -> f64 {
        if a.is_nan() || b.is_nan() {
            return f64::NAN;
        }
        let (high, low) = if a > b { (a, b) } else { (b, a) };
        if high.is_infinite() {
            return high;
        }
        let sum = high + log1p(exp(low - high));
        if high < 0.0 && sum.abs() < 0.125 { 0.0 } else { sum }
    }

    pub fn logaddexp2(a: f64, b: f64) -> f64 {
        if a.is_nan() || b.is_nan() {
            return f64::NAN;
        }
        let (high, low) = if a > b { (a, b) } else { (b, a) };
        if high.is_infinite() {
            return high;
        }
        let sum = high + log1p(exp2(low - high)) / std::f64::consts::LN_2;
        if high < 0.0 && sum.abs() < 0.125 { 0.0 } else { sum }
    }

    pub fn reciprocal(x: f64) -> f64 {
        1.0 / x
    }

    pub fn square(x: f64) -> f64 {
        x * x
    }

    pub fn deg2rad(x: f64) -> f64 {
        x * (std::f64::consts::PI / 180.0)
    }

    pub fn rad2deg(x: f64) -> f64 {
        x * (180.0 / std::f64::consts::PI)
    }
}
