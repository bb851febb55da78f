//! Signatures that no ufunc has.
use lanefn::ufunc;

struct Curve {
    slope: f64,
}

impl Curve {
    #[ufunc]
    fn method(&self, x: f64) -> f64 {
        x * self.slope
    }
}

#[ufunc]
fn word(i: usize) -> f64 {
    i as f64
}

#[ufunc]
fn text(name: &str) -> f64 {
    name.len() as f64
}

#[ufunc]
fn slice(xs: &[f64]) -> f64 {
    xs[0]
}

#[ufunc]
fn option(x: f64) -> Option<f64> {
    Some(x)
}

#[ufunc]
fn wide(x: i128) -> i128 {
    x
}

#[ufunc]
fn nothing() -> f64 {
    1.0
}

#[ufunc]
fn no_result(x: f64) {
    let _ = x;
}

#[ufunc]
fn nine(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64, i: f64) -> f64 {
    a + b + c + d + e + f + g + h + i
}

#[ufunc]
fn five(x: f64) -> (f64, f64, f64, f64, f64) {
    (x, x, x, x, x)
}

#[ufunc]
fn pair((a, b): (f64, f64)) -> f64 {
    a + b
}

#[ufunc]
async fn later(x: f64) -> f64 {
    x
}

#[ufunc]
unsafe fn danger(x: f64) -> f64 {
    x
}

fn main() {}
