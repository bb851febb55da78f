//! Ways through the code that lanes can't go.
use lanefn::ufunc;

#[ufunc]
fn closure(x: f64) -> f64 {
    let f = |y: f64| y + 1.0;
    f(x)
}

#[ufunc]
fn danger(x: f64) -> f64 {
    unsafe { x }
}

#[ufunc]
fn nested(x: f64) -> f64 {
    fn inner(y: f64) -> f64 {
        y
    }
    inner(x)
}

#[ufunc]
fn itself(x: f64) -> f64 {
    if x > 1.0 { itself(x - 1.0) } else { x }
}

#[ufunc]
fn if_let(x: f64) -> f64 {
    if let 0.0..1.0 = x { 1.0 } else { 0.0 }
}

#[ufunc]
fn let_else(x: f64) -> f64 {
    let 0.0..1.0 = x else { return 0.0 };
    x
}

#[ufunc]
fn labelled(x: f64) -> f64 {
    'a: {
        if x > 1.0 {
            break 'a 1.0;
        }
        x
    }
}

#[ufunc]
fn in_an_operation(x: f64) -> f64 {
    1.0 + if x > 1.0 { return x } else { 2.0 }
}

#[ufunc]
fn behind_and(x: f64) -> f64 {
    let mut y = x;
    if x > 1.0 && {
        y = 2.0;
        y > x
    } {
        y = 3.0;
    }
    y
}

#[ufunc]
fn counter(x: f64) -> f64 {
    static mut COUNT: u32 = 0;
    x
}

#[ufunc]
fn question(x: f64) -> f64 {
    let y = Some(1.0)?;
    x
}

fn main() {}
