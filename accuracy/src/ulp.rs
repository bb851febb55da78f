//! Errors in units in the last place.

/// A number to more than a hundred bits: `(hi + lo) * 2^exponent` with `hi` in [1/2, 1). Zero, infinity
/// and NaN are `hi` alone.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Real {
    /// The fraction, rounded to a double.
    pub hi: f64,
    /// What the rounding left out.
    pub lo: f64,
    /// The power of two.
    pub exponent: i32,
}

impl From<f64> for Real {
    fn from(x: f64) -> Real {
        if x == 0.0 || !x.is_finite() {
            return Real { hi: x, lo: 0.0, exponent: 0 };
        }
        let (hi, exponent) = frexp(x);
        Real { hi, lo: 0.0, exponent }
    }
}

/// A float format: the bits of its fraction, and the exponent of its smallest and largest numbers.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    digits: i32,
    /// The unit in the last place of subnormal numbers is 2 to this.
    lowest: i32,
    /// The first power of two that is infinite.
    overflow: i32,
}

/// Double precision.
pub const F64: Format = Format { digits: 53, lowest: -1074, overflow: 1024 };
/// Single precision.
pub const F32: Format = Format { digits: 24, lowest: -149, overflow: 128 };

/// `x = fraction * 2^exponent`, the fraction in [1/2, 1) and with the sign of `x`, which is not 0.
fn frexp(x: f64) -> (f64, i32) {
    let scaled = if x.abs() < f64::MIN_POSITIVE { x * 2f64.powi(64) } else { x };
    let bits = scaled.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32 - 1022;
    let fraction = f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52);
    (fraction, if scaled == x { exponent } else { exponent - 64 })
}

/// `x * 2^by`, where the result may be anything.
pub fn ldexp(mut x: f64, mut by: i32) -> f64 {
    while by < -1000 {
        x *= 2f64.powi(-1000);
        by += 1000;
    }
    while by > 1000 {
        x *= 2f64.powi(1000);
        by -= 1000;
    }
    x * 2f64.powi(by)
}

/// As [`error`], where values below `2^(least - 1)` are judged by the unit of those from there to
/// `2^least`: an absolute error. There the sign doesn't matter.
pub fn error_from(y: f64, t: Real, format: Format, least: i32) -> f64 {
    if t.exponent >= least || t.hi == 0.0 || !t.hi.is_finite() || !y.is_finite() {
        return error(y, t, format);
    }
    // As multiples of 2^least, so that nothing is rounded where `y` is subnormal.
    let (fraction, exponent) = if y == 0.0 { (y, least) } else { frexp(y) };
    let part = |x, exponent| ldexp(x, exponent - least);
    let off = (part(fraction, exponent) - part(t.hi, t.exponent)) - part(t.lo, t.exponent);
    ldexp(off.abs(), least - (least - format.digits).max(format.lowest))
}

/// The error of `y` in ULP of the true value `t`.
///
/// The unit is that of the binade of `t`, of the smallest normal numbers below them. Infinite if the one
/// is NaN and not the other; if `t` is 0 and `y` is not, or is a zero of the other sign; if `y` has the
/// wrong sign; if `y` is finite where `t` is infinite. An infinite `y` counts as the first power of two that
/// is too large: no error if `t` rounds to it.
pub fn error(y: f64, t: Real, format: Format) -> f64 {
    if y.is_nan() || t.hi.is_nan() {
        return if y.is_nan() && t.hi.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if y.is_sign_negative() != t.hi.is_sign_negative() {
        return f64::INFINITY;
    }
    if t.hi == 0.0 || t.hi.is_infinite() {
        return if y == t.hi { 0.0 } else { f64::INFINITY };
    }
    let unit = (t.exponent - format.digits).max(format.lowest);
    let relative = if y.is_infinite() {
        ldexp(1f64.copysign(y), format.overflow - t.exponent)
    } else {
        let (fraction, exponent) = if y == 0.0 { (y, t.exponent) } else { frexp(y) };
        ldexp(fraction, exponent - t.exponent)
    };
    let error = ldexp(((relative - t.hi) - t.lo).abs(), t.exponent - unit);
    if y.is_infinite() && (error <= 0.5 || t.exponent > format.overflow) { 0.0 } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_counted_in_fractions_of_the_unit() {
        let third =
            Real { hi: 2.0 / 3.0, lo: -(2.0f64 / 3.0).mul_add(3.0, -2.0) / 3.0, exponent: -1 };
        let nearest = 1.0 / 3.0;
        assert!((error(nearest, third, F64) - 1.0 / 3.0).abs() < 1e-9);
        assert!(
            (error(f64::from_bits(nearest.to_bits() + 1), third, F64) - 2.0 / 3.0).abs() < 1e-9
        );
        assert_eq!(error(1.5, Real::from(1.0), F32), 2f64.powi(22));
    }

    #[test]
    fn below_the_least_the_error_is_absolute() {
        let t = Real::from(-1e-9);
        let unit = 2f64.powi(-4 - 52);
        assert!((error_from(1e-9, t, F64, -3) - 2e-9 / unit).abs() < 1e-3);
        assert_eq!(error_from(-1e-9, t, F64, -3), 0.0);
        assert_eq!(error_from(0.75 + 2f64.powi(-53), Real::from(0.75), F64, -3), 1.0);
        assert_eq!(error_from(f64::NAN, t, F64, -3), f64::INFINITY);
        // Three eighths of the smallest unit away, among subnormal numbers.
        let t = Real { hi: 0.75, lo: 0.1875 * 2f64.powi(-50), exponent: -1023 };
        let y = 0.75 * 2f64.powi(-1023);
        assert_eq!(error_from(y, t, F64, -1021), 0.375);
        assert_eq!(error_from(y, t, F64, -1030), error(y, t, F64));
    }

    #[test]
    fn zeros_infinities_and_nans_cannot_hide() {
        assert_eq!(error(1e-300, Real::from(0.0), F64), f64::INFINITY);
        assert_eq!(error(-0.0, Real::from(0.0), F64), f64::INFINITY);
        assert_eq!(error(0.0, Real::from(0.0), F64), 0.0);
        assert_eq!(error(0.0, Real::from(5e-324), F64), 1.0);
        assert_eq!(error(0.0, Real::from(-5e-324), F64), f64::INFINITY);
        assert_eq!(error(f64::NAN, Real::from(1.0), F64), f64::INFINITY);
        assert_eq!(error(1.0, Real::from(f64::NAN), F64), f64::INFINITY);
        assert_eq!(error(f64::MAX, Real::from(f64::INFINITY), F64), f64::INFINITY);
        assert_eq!(error(f64::INFINITY, Real::from(f64::MAX), F64), 1.0);
        let beyond = Real { hi: 0.75, lo: 0.0, exponent: 2000 };
        assert_eq!(error(f64::INFINITY, beyond, F64), 0.0);
        assert!(error(f64::MAX, beyond, F64) > 1.0);
        assert_eq!(
            error(1.0, Real { hi: 0.5, lo: 0.0, exponent: -200 }, F32),
            f64::powi(2.0, 149) - f64::powi(2.0, -52)
        );
    }
}
