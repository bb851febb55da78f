//! Loops whose turns can't be counted the same way in every lane.
use lanefn::ufunc;

#[ufunc]
fn variable_bounds(n: i32) -> i32 {
    let mut sum = 0;
    for i in 0..n {
        sum += i;
    }
    sum
}

#[ufunc]
fn open(n: i32) -> i32 {
    let mut sum = 0;
    for i in 0.. {
        sum += i;
        if i > n {
            break;
        }
    }
    sum
}

#[ufunc]
fn over_a_number(n: u32) -> u32 {
    let mut sum = 0;
    for i in n {
        sum += i;
    }
    sum
}

#[ufunc]
fn over_a_map(x: f64) -> f64 {
    let mut sum = 0.0;
    for i in (0..3).map(|i| i * 2) {
        sum += i as f64 * x;
    }
    sum
}

#[ufunc]
fn forever(x: f64) -> f64 {
    let mut y = x;
    loop {
        y += 1.0;
    }
}

#[ufunc]
fn break_with(x: f64) -> f64 {
    let mut y = x;
    loop {
        y += 1.0;
        if y > 3.0 {
            break y;
        }
    }
}

#[ufunc]
fn condition(n: i32) -> i32 {
    let mut i = n;
    while {
        i -= 1;
        i > 0
    } {}
    i
}

#[ufunc]
fn while_let(x: f64) -> f64 {
    let mut y = x;
    while let 0.0..9.0 = y {
        y += 1.0;
    }
    y
}

fn main() {}
