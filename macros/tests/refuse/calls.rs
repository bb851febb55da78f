//! Methods and functions that are no lane operations.
use lanefn::ufunc;

#[ufunc]
fn elementary(x: f64) -> f64 {
    x.exp()
}

#[ufunc]
fn elementary_by_name(x: f64) -> f64 {
    f64::sin(x)
}

#[ufunc]
fn power(x: f64) -> f64 {
    x.powi(3)
}

#[ufunc]
fn degrees(x: f64) -> f64 {
    x.to_degrees()
}

#[ufunc]
fn checked(n: i32) -> i32 {
    n.checked_add(1).unwrap_or(0)
}

#[ufunc]
fn saturating(n: i32) -> i32 {
    n.saturating_add(1)
}

#[ufunc]
fn unknown(x: f64) -> f64 {
    x.next_up()
}

#[ufunc]
fn text(x: f64) -> f64 {
    let t = x.to_string();
    x
}

#[ufunc]
fn variable_power(n: i32, m: u32) -> i32 {
    n.pow(m)
}

#[ufunc]
fn swap(x: f64, y: f64) -> f64 {
    let (mut a, mut b) = (x, y);
    std::mem::swap(&mut a, &mut b);
    a
}

#[ufunc]
fn turbofish(x: f64) -> f64 {
    id::<f64>(x)
}

fn id<T>(x: T) -> T {
    x
}

#[ufunc]
fn slices(n: u8) -> f64 {
    let part = TABLE[1..2];
    TABLE[n as usize]
}

const TABLE: [f64; 3] = [1.0, 2.0, 3.0];

fn main() {}
