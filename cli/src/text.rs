//! Numbers for people, and elements for programs.

use lanefn::{
    compiler::value::Value,
    dtype::{Dtype, Kind, kind},
};
use serde_json::json;

/// `1234567` as `1 234 567`.
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(c);
    }
    text
}

/// `1.23 G`, for a unit to follow.
pub fn scaled(x: f64) -> String {
    for (factor, prefix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if x >= factor {
            return format!("{} {prefix}", three(x / factor));
        }
    }
    format!("{} ", three(x))
}

/// A size in bytes, in powers of 1024.
pub fn bytes(n: u64) -> String {
    let x = n as f64;
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if n >= 1 << shift {
            return format!("{} {unit}", three(x / (1u64 << shift) as f64));
        }
    }
    format!("{n} bytes")
}

/// A time.
pub fn seconds(t: f64) -> String {
    match t {
        t if t >= 1.0 => format!("{} s", three(t)),
        t if t >= 1e-3 => format!("{} ms", three(t * 1e3)),
        t => format!("{} us", three(t * 1e6)),
    }
}

/// Three significant digits, for 0 and numbers from a thousandth up.
fn three(x: f64) -> String {
    let decimals = match x {
        x if x >= 99.95 => 0,
        x if x >= 9.995 => 1,
        _ => 2,
    };
    format!("{x:.decimals$}")
}

/// A value, short: at most five significant digits.
pub fn value(x: f64) -> String {
    if x == x.trunc() && x.abs() < 1e7 {
        return format!("{x:.0}");
    }
    if !x.is_finite() {
        return format!("{x}");
    }
    let text = if (1e-3..1e6).contains(&x.abs()) {
        let decimals = (4 - x.abs().log10().floor() as i32).clamp(0, 7) as usize;
        format!("{x:.decimals$}")
    } else {
        return format!("{x:.3e}");
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// An element, so that it can be read again to the bit, as an expression writes it.
pub fn element(value: &Value) -> String {
    match value.get::<bool>() {
        Some(true) => "True".to_string(),
        Some(false) => "False".to_string(),
        None => value.to_string().replace("NaN", "nan"),
    }
}

/// An element for programs: a number or truth; those that JSON does not have, as text.
pub fn element_json(value: &Value) -> serde_json::Value {
    let told = match kind(value.dtype()) {
        Kind::Bool => value.get::<bool>().map(serde_json::Value::from),
        Kind::Unsigned => value.cast(Dtype::U64).get::<u64>().map(serde_json::Value::from),
        Kind::Signed => value.cast(Dtype::I64).get::<i64>().map(serde_json::Value::from),
        // An f32 with the digits that tell it from other f32.
        Kind::Float => {
            let number = value.to_string().parse::<f64>().ok();
            number.and_then(serde_json::Number::from_f64).map(serde_json::Value::from)
        }
    };
    json!({ "value": told.unwrap_or_else(|| element(value).into()), "dtype": value.dtype().name() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_right() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1461), "1 461");
        assert_eq!(grouped(16777216), "16 777 216");
        assert_eq!(scaled(1.5e9) + "B/s", "1.50 GB/s");
        assert_eq!(scaled(12.0) + "B/s", "12.0 B/s");
        assert_eq!(bytes(1 << 20), "1.00 MiB");
        assert_eq!(bytes(1000), "1000 bytes");
        assert_eq!(seconds(0.00321), "3.21 ms");
        assert_eq!(value(0.4), "0.4");
        assert_eq!(value(-123.456), "-123.46");
        assert_eq!(value(2000.0), "2000");
        assert_eq!(value(1.23456e-9), "1.235e-9");
        assert_eq!(value(f64::NAN), "NaN");
    }

    #[test]
    fn elements_are_told_to_the_bit() {
        for x in [0.1f64, 1.0 / 3.0, 3319.0 / 3367.0, 1e300, -5e-324, -0.0] {
            let value = Value::of(x);
            assert_eq!(element(&value).parse(), Ok(x));
            assert_eq!(element_json(&value)["value"].as_f64().map(f64::to_bits), Some(x.to_bits()));
        }
        assert_eq!(
            element_json(&Value::of(0.1f32)).to_string(),
            r#"{"dtype":"float32","value":0.1}"#
        );
        assert_eq!(element_json(&Value::of(u64::MAX))["value"], u64::MAX);
        assert_eq!(element_json(&Value::of(i64::MIN))["value"], i64::MIN);
        assert_eq!(element_json(&Value::of(f64::NEG_INFINITY))["value"], "-inf");
        assert_eq!(
            (element(&Value::of(f64::NAN)), element(&Value::of(true))),
            ("nan".into(), "True".into())
        );
    }
}
