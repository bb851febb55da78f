//! Patterns that lanes can't be matched with.
use lanefn::ufunc;

enum Kind {
    A,
    B(f64),
}

#[ufunc]
fn strings(x: f64) -> f64 {
    match "wind" {
        "wind" => x,
        _ => 0.0,
    }
}

#[ufunc]
fn enums(x: f64) -> f64 {
    match Kind::B(x) {
        Kind::B(y) => y,
        _ => 0.0,
    }
}

#[ufunc]
fn bound_in_or(n: i32, m: i32) -> i32 {
    match (n, m) {
        (0, k) | (k, 0) => k,
        _ => 1,
    }
}

#[ufunc]
fn by_reference(n: i32) -> i32 {
    match n {
        ref m => *m,
    }
}

#[ufunc]
fn rest(n: i32, m: i32) -> i32 {
    match (n, m) {
        (0, ..) => 1,
        _ => 2,
    }
}

#[ufunc]
fn let_rest(n: i32, m: i32) -> i32 {
    let (a, ..) = (n, m);
    a
}

fn main() {
    let _ = Kind::A;
}
