//! The methods that values have, one line each.
//!
//! A new one is a function of lanes (in `ops.rs` or `math` of the kernels crate) and a line here.

use crate::types::Prim;

/// The type of an argument or a result.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Of {
    /// The receiver's type.
    Same,
    /// The unsigned type of the receiver's width.
    Unsigned,
    /// The unsigned type of the receiver's bits.
    Bits,
    /// This type.
    Is(Prim),
}

#[derive(Debug)]
pub struct Method {
    pub name: &'static str,
    /// The arguments after the receiver.
    pub args: &'static [Of],
    pub result: Of,
    /// The function of lanes, below the kernels crate.
    pub op: &'static str,
    /// Lane operations, roughly.
    pub cost: u32,
    /// Whether the plain method can be called on a value that is the same in every lane: it never
    /// panics.
    pub uniform: bool,
}

const BOOL: Of = Of::Is(Prim::Bool);
const COUNT: Of = Of::Is(Prim::U32);

macro_rules! methods {
    ($($name:ident($($arg:ident),*) -> $result:ident = $op:literal, $cost:literal $(, $lanes:ident)?;)*) => {
        &[$(Method {
            name: stringify!($name),
            args: &[$(methods!(@$arg)),*],
            result: methods!(@$result),
            op: $op,
            cost: $cost,
            uniform: methods!(? $($lanes)?),
        }),*]
    };
    (@Same) => { Of::Same };
    (@Unsigned) => { Of::Unsigned };
    (@Bits) => { Of::Bits };
    (@Bool) => { BOOL };
    (@Count) => { COUNT };
    (? lanes) => { false };
    (?) => { true };
}

/// The methods. `lanes` marks those that are computed in lanes even where the value is the same in
/// every lane, because the plain method may panic.
const METHODS: &[Method] = methods! {
    abs() -> Same = "ops::abs", 1, lanes;
    min(Same) -> Same = "ops::min", 2;
    max(Same) -> Same = "ops::max", 2;
    clamp(Same, Same) -> Same = "ops::clamp", 4, lanes;
    signum() -> Same = "ops::signum", 3;
    rem_euclid(Same) -> Same = "ops::rem_euclid", 12, lanes;

    sqrt() -> Same = "ops::sqrt", 4;
    mul_add(Same, Same) -> Same = "ops::mul_add", 1;
    recip() -> Same = "ops::recip", 4;
    floor() -> Same = "ops::floor", 1;
    ceil() -> Same = "ops::ceil", 1;
    trunc() -> Same = "ops::trunc", 1;
    fract() -> Same = "ops::fract", 2;
    round() -> Same = "ops::round", 7;
    round_ties_even() -> Same = "ops::round_ties_even", 1;
    copysign(Same) -> Same = "ops::copysign", 2;
    is_nan() -> Bool = "ops::is_nan", 1;
    is_finite() -> Bool = "ops::is_finite", 2;
    is_infinite() -> Bool = "ops::is_infinite", 2;
    is_sign_negative() -> Bool = "ops::is_sign_negative", 2;
    is_sign_positive() -> Bool = "ops::is_sign_positive", 3;
    to_bits() -> Bits = "ops::to_bits", 0;

    is_positive() -> Bool = "ops::is_positive", 1;
    is_negative() -> Bool = "ops::is_negative", 1;
    div_euclid(Same) -> Same = "ops::div_euclid", 16, lanes;
    is_multiple_of(Same) -> Bool = "ops::is_multiple_of", 20, lanes;
    abs_diff(Same) -> Unsigned = "ops::abs_diff", 3;
    unsigned_abs() -> Unsigned = "ops::unsigned_abs", 1;
    count_ones() -> Count = "ops::count_ones", 4;
    count_zeros() -> Count = "ops::count_zeros", 4;
    leading_zeros() -> Count = "ops::leading_zeros", 4;
    leading_ones() -> Count = "ops::leading_ones", 4;
    trailing_zeros() -> Count = "ops::trailing_zeros", 4;
    trailing_ones() -> Count = "ops::trailing_ones", 4;
    rotate_left(Count) -> Same = "ops::rotate_left", 5;
    rotate_right(Count) -> Same = "ops::rotate_right", 5;
    wrapping_add(Same) -> Same = "ops::wrapping_add", 1;
    wrapping_sub(Same) -> Same = "ops::wrapping_sub", 1;
    wrapping_mul(Same) -> Same = "ops::wrapping_mul", 1;
    wrapping_div(Same) -> Same = "ops::wrapping_div", 8, lanes;
    wrapping_rem(Same) -> Same = "ops::wrapping_rem", 8, lanes;
    wrapping_neg() -> Same = "ops::wrapping_neg", 1;
    wrapping_abs() -> Same = "ops::wrapping_abs", 1;
    wrapping_shl(Count) -> Same = "ops::wrapping_shl", 2;
    wrapping_shr(Count) -> Same = "ops::wrapping_shr", 2;
};

/// The method of this name.
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|m| m.name == name)
}

/// The functions that are no lane operations, with the reason.
pub fn why_not(name: &str) -> Option<&'static str> {
    macro_rules! elementary {
        ($($method:ident $function:ident)*) => {
            match name {
                $(stringify!($method) => return Some(concat!(
                    "the method has the bits of this machine's C library; write the function `lanefn::math::",
                    stringify!($function), "`, which has the same bits everywhere"
                )),)*
                _ => {}
            }
        };
    }
    elementary! {
        exp exp exp2 exp2 exp_m1 expm1 ln log ln_1p log1p log2 log2 log10 log10 sin sin cos cos tan tan sin_cos sincos asin asin acos acos atan atan atan2 atan2 sinh sinh cosh cosh tanh tanh asinh asinh acosh acosh atanh atanh cbrt cbrt hypot hypot powf pow gamma gamma ln_gamma lgamma erf erf erfc erfc to_degrees rad2deg to_radians deg2rad
    }
    Some(match name {
        "log" => {
            "the method has the bits of this machine's C library; divide two `lanefn::math::log`, or use \
             `log2` or `log10` from there"
        }
        "powi" => {
            "`powi` gives different bits on different machines; multiply, as in `x * x * x`, which has \
             one order"
        }
        "mul_add_relaxed" | "algebraic_add" | "algebraic_mul" => {
            "its bits depend on the machine; write the operation that you mean"
        }
        "checked_add" | "checked_sub" | "checked_mul" | "checked_div" | "checked_rem"
        | "unwrap" | "unwrap_or" | "expect" | "ok" | "some" => {
            "lanes hold numbers, not options; compare first, and choose with `if`"
        }
        "saturating_add" | "saturating_sub" | "saturating_mul" => {
            "there is no such lane operation; compute in a wider type and `clamp`"
        }
        "to_string" | "to_owned" | "clone" | "into" | "try_into" | "as_str" | "len" | "push" => {
            "lanes hold numbers only: no strings, references or heap; for another number type write `as`"
        }
        "then" | "then_some" => "lanes hold numbers, not options; write `if`",
        "iter" | "map" | "fold" | "sum" | "product" | "into_iter" => {
            "iterators can't become lanes; write `for` over a constant range or a table"
        }
        _ => return None,
    })
}
