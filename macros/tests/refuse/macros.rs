//! Macros.
use lanefn::ufunc;

#[ufunc]
fn panics(x: f64) -> f64 {
    if x < 0.0 {
        panic!("negative");
    }
    x
}

#[ufunc]
fn asserts(x: f64) -> f64 {
    assert!(x >= 0.0);
    x
}

#[ufunc]
fn prints(x: f64) -> f64 {
    println!("{x}");
    x
}

#[ufunc]
fn heaps(x: f64) -> f64 {
    let v = vec![x];
    x
}

#[ufunc]
fn matches(n: i32) -> bool {
    matches!(n, 0..=9)
}

#[ufunc]
fn never(n: i32) -> i32 {
    match n {
        0..=9 => n,
        _ => unreachable!(),
    }
}

#[allow(unused_macros)]
macro_rules! double {
    ($x:expr) => {
        $x * 2.0
    };
}

#[ufunc]
fn own(x: f64) -> f64 {
    double!(x)
}

fn main() {}
