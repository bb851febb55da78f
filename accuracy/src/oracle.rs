//! What each function should give.

use crate::ulp::Real;

/// The truth about a function of one argument.
#[derive(Clone, Copy)]
pub struct Unary {
    /// The name in the catalogue.
    pub name: &'static str,
    /// The nearest double to the true value, where somebody has proven one.
    pub nearest: Option<fn(f64) -> f64>,
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
    /// The true value to more than 100 bits.
    pub real: fn(f64, f64) -> Real,
}

macro_rules! oracles {
    (unary { $($name:ident $quad:ident $($nearest:path)?;)* } binary { $($name2:ident $quad2:ident $($nearest2:path)?;)* }) => {
        unsafe extern "C" {
            $(safe fn $quad(x: f64) -> Real;)*
            $(safe fn $quad2(x: f64, y: f64) -> Real;)*
        }

        /// Every function of one argument that has an oracle.
        pub const UNARY: &[Unary] = &[$(Unary {
            name: stringify!($name),
            nearest: oracles!(@option $($nearest)?),
            real: { fn call(x: f64) -> Real { $quad(x) } call },
        }),*];

        /// Every function of two arguments that has an oracle.
        pub const BINARY: &[Binary] = &[$(Binary {
            name: stringify!($name2),
            nearest: oracles!(@option $($nearest2)?),
            real: { fn call(x: f64, y: f64) -> Real { $quad2(x, y) } call },
        }),*];
    };
    (@option) => { None };
    (@option $path:path) => { Some($path) };
}

oracles! {
    unary {
        exp quad_exp core_math::exp;
        exp2 quad_exp2 core_math::exp2;
        exp10 quad_exp10 core_math::exp10;
        expm1 quad_expm1 core_math::expm1;
        log quad_log core_math::log;
        log2 quad_log2 core_math::log2;
        log10 quad_log10 core_math::log10;
        log1p quad_log1p core_math::log1p;
        sqrt quad_sqrt f64::sqrt;
        cbrt quad_cbrt core_math::cbrt;
        rsqrt quad_rsqrt core_math::rsqrt;
        sin quad_sin core_math::sin;
        cos quad_cos core_math::cos;
        tan quad_tan core_math::tan;
        sinpi quad_sinpi core_math::sinpi;
        cospi quad_cospi core_math::cospi;
        tanpi quad_tanpi core_math::tanpi;
        asin quad_asin core_math::asin;
        acos quad_acos core_math::acos;
        atan quad_atan core_math::atan;
        sinh quad_sinh core_math::sinh;
        cosh quad_cosh core_math::cosh;
        tanh quad_tanh core_math::tanh;
        asinh quad_asinh core_math::asinh;
        acosh quad_acosh core_math::acosh;
        atanh quad_atanh core_math::atanh;
        erf quad_erf core_math::erf;
        erfc quad_erfc core_math::erfc;
        gamma quad_gamma core_math::tgamma;
        lgamma quad_lgamma core_math::lgamma;
        sigmoid quad_sigmoid;
        logit quad_logit;
        softplus quad_softplus;
        deg2rad quad_deg2rad;
        rad2deg quad_rad2deg;
        reciprocal quad_reciprocal;
        square quad_square;
    }
    binary {
        pow quad_pow core_math::pow;
        hypot quad_hypot core_math::hypot;
        atan2 quad_atan2 core_math::atan2;
        logaddexp quad_logaddexp;
        logaddexp2 quad_logaddexp2;
        xlogy quad_xlogy;
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
    /// The oracle of this name.
    pub fn find(name: &str) -> Option<Binary> {
        BINARY.iter().find(|o| o.name == name).copied()
    }
}
