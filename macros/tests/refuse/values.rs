//! Values that lanes can't hold.
use lanefn::ufunc;

struct Point {
    x: f64,
}

#[ufunc]
fn string(x: f64) -> f64 {
    let name = "wind";
    x
}

#[ufunc]
fn character(x: f64) -> f64 {
    let c = 'a';
    x
}

#[ufunc]
fn reference(x: f64) -> f64 {
    let r = &x;
    x
}

#[ufunc]
fn boxed(x: f64) -> f64 {
    let b = Box::new(x);
    x
}

#[ufunc]
fn array(x: f64) -> f64 {
    let xs = [x, 2.0];
    xs[0]
}

#[ufunc]
fn changing(x: f64) -> f64 {
    let mut xs = [1.0, 2.0];
    xs[0] = x;
    x
}

#[ufunc]
fn point(x: f64) -> f64 {
    let p = Point { x };
    x
}

#[ufunc]
fn option(x: f64) -> f64 {
    let o = Some(x);
    x
}

#[ufunc]
fn annotated(x: f64) -> f64 {
    let y: Option<f64> = None;
    x
}

#[ufunc]
fn range(x: f64) -> f64 {
    let r = 0..3;
    x
}

fn main() {}
