//! A type parameter stands for the dtypes, and for nothing else.
use lanefn::ufunc;

#[ufunc]
fn which<T: Real>(x: T) -> T {
    x
}

#[ufunc(f32, f64)]
fn nobody(x: f64) -> f64 {
    x
}

#[ufunc(f32, f64)]
fn two<T: Real, U: Real>(x: T, y: U) -> T {
    x
}

#[ufunc(f32, f64)]
fn clause<T>(x: T) -> T
where
    T: Real,
{
    x
}

#[ufunc(f32, f64)]
fn lifetime<'a, T: Real>(x: T) -> T {
    x
}

#[ufunc(f32, f64)]
fn length<const N: usize>(x: f64) -> f64 {
    x
}

#[ufunc(f32, f64)]
fn undecided<T: Real>(x: i32) -> T {
    1.0
}

#[ufunc(f32, f32)]
fn twice<T: Real>(x: T) -> T {
    x
}

#[ufunc(f16)]
fn small<T: Real>(x: T) -> T {
    x
}

#[ufunc(f64, i32)]
fn half<T: Number>(x: T) -> T {
    x * 0.5
}

#[ufunc(busy = String)]
fn busy(x: f64) -> f64 {
    x
}

fn main() {}
