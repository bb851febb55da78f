//! `#[ufunc]` against the plain function: each construct of the language, on random and special
//! inputs, at every level that this CPU has, bit for bit.
// The functions are written to try a construct, not to be short.
#![allow(clippy::style, clippy::complexity, clippy::correctness, clippy::perf)]

mod plain;

use lanefn::{
    kernels::{
        lanes::{Dtype, Element},
        level::Level,
        loops::{Function, Kernel, Operands},
        problem,
    },
    ufunc,
};

// ---- operators ------------------------------------------------------------------------------------

#[ufunc]
fn arithmetic(x: f64, y: f64) -> f64 {
    (x + y) * (x - y) / (1.0 + x * x) - -y % 3.0
}

#[ufunc]
fn integers(a: i32, b: i32) -> i32 {
    (a - b) * 3 + (a ^ b) - (a & 255 | b) + !a
}

#[ufunc]
fn quotients(a: i16, b: i16) -> (i16, i16) {
    (a / b, a % b)
}

#[ufunc]
fn shifts(a: u32, by: u32, b: i64, c: i8) -> (u32, i64, u32) {
    ((a << 3) ^ (a >> (by & 31)), (b >> 5) << (c & 63), a << (c & 31))
}

#[ufunc]
fn comparisons(x: f64, y: f64, n: i8) -> (bool, bool, bool, bool) {
    (x < y && x <= 2.0 || n > 3, x == y || !(x != x) & (n >= -2), (x > y) ^ (n == 0), x >= y)
}

#[ufunc]
fn booleans(a: bool, b: bool, x: f64) -> (bool, f64, u8) {
    let c = a == b;
    let mut d = !a | b;
    d &= c;
    d |= a;
    (d ^ b, if a { x } else { -x }, (a as u8) + (true as u8) * b as u8)
}

// ---- choices --------------------------------------------------------------------------------------

#[ufunc]
fn chain(x: f64) -> f64 {
    if x < 0.0 {
        -x
    } else if x < 1.0 {
        x * x
    } else if x < 10.0 {
        let y = x - 1.0;
        y * y
    } else {
        10.0
    }
}

#[ufunc]
fn statements(x: f64, y: f64) -> f64 {
    let mut a = x;
    let mut b = y;
    if a > b {
        let t = a;
        a = b;
        b = t;
        if b > 10.0 {
            b -= 10.0;
        } else if a < -10.0 {
            a += 10.0;
        }
    } else {
        a *= 2.0;
    }
    if a == 0.0 {
        b = 7.0;
    }
    a - b
}

#[ufunc]
fn shadowing(x: f64) -> f64 {
    let y = x + 1.0;
    let mut z = 0.0;
    if y > 0.0 {
        z = y;
        let y = y * 2.0;
        let z2 = z;
        let z = y + z2;
        if z > 4.0 {
            let y = 1.0;
            return y + z;
        }
    }
    let y = y + z;
    y
}

#[ufunc]
fn later(x: f64) -> f64 {
    let y;
    let z;
    if x > 1.0 {
        y = x;
        z = 1.0;
    } else {
        z = 2.0;
        y = -x;
    }
    y * z
}

#[ufunc]
fn matching(n: i32) -> i32 {
    match n {
        0 => 100,
        1 | 2 | -3 => 101,
        3..=9 => n * 2,
        10..=20 => 103,
        i32::MIN..-5 => 104,
        m if m % 2 == 0 => m,
        k @ (21 | 23 | 25..=30) => k + 1,
        big @ 100.. => big - 1,
        _ => -1,
    }
}

#[ufunc]
fn matching_floats(x: f64, flag: bool) -> f64 {
    const LIMIT: f64 = 8.0;
    let y = match x {
        0.0 => 1.0,
        ..0.0 => 2.0,
        0.0..=1.5 => x,
        LIMIT => 99.0,
        f64::INFINITY => 5.0,
        y if y.is_nan() => 4.0,
        _ => 3.0,
    };
    match flag {
        true => y,
        false => -y,
    }
}

#[ufunc]
fn matching_pairs(a: i8, b: u8, x: f64) -> f64 {
    match (a, b) {
        (0, 0) => x,
        (0, n) => n as f64,
        (1..=5, 0..=9) => x + 1.0,
        (m, 3 | 4) if m < 0 => m as f64 - x,
        (_, _) if x > 2.0 => x * 2.0,
        both => (both.0 as f64) * 256.0 + both.1 as f64,
    }
}

#[ufunc]
fn match_statements(n: u8, x: f64) -> f64 {
    let mut y = x;
    match n {
        0 => y = 0.0,
        1..=9 => {
            y += 1.0;
            y *= 2.0;
        }
        255 => {}
        _ => y = -y,
    }
    y
}

// ---- returns --------------------------------------------------------------------------------------

#[ufunc]
fn guards(x: f64, y: f64) -> f64 {
    if x < 0.0 {
        return 0.0;
    }
    if y < 0.0 {
        return 1.0;
    } else if y > 10.0 {
        return x;
    }
    let z = x / y;
    if z > 2.0 {
        z
    } else {
        return -z;
    }
}

#[ufunc]
fn half_returns(x: f64, y: f64) -> f64 {
    let mut a = x;
    if x > 1.0 {
        if y > 1.0 {
            return 5.0;
        }
        a = y;
    } else {
        a += 1.0;
        if a < y {
            if a < -3.0 {
                return -a;
            }
            a = 12.0;
        }
    }
    let b = if a > 3.0 { return a * 2.0 } else { a + 0.5 };
    let c = match b {
        ..0.0 => return b,
        0.0..=1.0 => 1.0,
        other => other * other,
    };
    b + c
}

#[ufunc]
fn return_pair(n: i32, x: f32) -> (i32, f32) {
    if n < 0 {
        if x < 0.0 {
            return (n, x);
        }
    }
    let (a, b) = if x > 1.0 { (1, x) } else { (2, -x) };
    (n / 2 + a, b)
}

// ---- loops ----------------------------------------------------------------------------------------

#[ufunc]
fn collatz(n: u16) -> u32 {
    let mut n = n as u64;
    let mut count = 0;
    while n > 1 {
        if n % 2 == 0 {
            n /= 2;
        } else {
            n = 3 * n + 1;
        }
        count += 1;
    }
    count
}

#[ufunc]
fn gcd(a: u16, b: u16) -> u16 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[ufunc]
fn newton(x: f64) -> f64 {
    if !(x > 0.0) || x > 1e300 {
        return x;
    }
    let mut y = if x > 1.0 { x } else { 1.0 };
    let mut turns = 0;
    loop {
        let next = 0.5 * (y + x / y);
        if next >= y || turns == 200 {
            break;
        }
        y = next;
        turns += 1;
    }
    y
}

#[ufunc]
fn halves_then_thirds(n: u32) -> u32 {
    // The inner loops never end on the zero that other lanes hold.
    let mut n = n;
    let mut count = 0;
    while n > 1 {
        while n % 2 == 0 {
            n /= 2;
            count += 1;
        }
        while n % 3 == 0 {
            n /= 3;
            count += 10;
        }
        if n > 1 {
            n -= 1;
        }
        if count > 200 {
            break;
        }
    }
    count
}

#[ufunc]
fn loop_in_an_arm(n: u32, x: f64) -> f64 {
    // With n == 0 the loop would never end.
    let mut y = x;
    if n != 0 {
        let mut m = n;
        while m % 2 == 0 {
            m /= 2;
            y += 1.0;
        }
    } else {
        y = -y;
    }
    if n != 0 && twos(n) > 2 || y > 1e6 {
        y += 2.0;
    }
    y + if n == 0 { 0.5 } else { twos(n) as f64 }
}

/// Ends for n > 0 alone.
#[ufunc]
fn twos(n: u32) -> u32 {
    let mut n = n;
    let mut count = 0;
    while n % 2 == 0 {
        n /= 2;
        count += 1;
    }
    count
}

#[ufunc]
fn helper_behind_and(n: u32) -> bool {
    (n != 0 && twos(n) > 1) || (n == 0 || twos(n) == 1)
}

#[ufunc]
fn primes(n: u16) -> bool {
    if n < 2 {
        return false;
    }
    let n = n as u32;
    let mut d = 2;
    while d * d <= n && d < 60 {
        if n % d == 0 {
            return false;
        }
        d += 1;
    }
    true
}

#[ufunc]
fn breaks_and_continues(n: u8, m: u8) -> u32 {
    let mut sum: u32 = 0;
    let mut i = 0u8;
    'outer: while i < n % 16 {
        i += 1;
        if i == 3 {
            continue;
        }
        sum += 1;
        let mut j = 0u8;
        loop {
            j += 1;
            if j > m % 8 {
                break;
            }
            if (i + j) % 7 == 0 {
                sum += 1000;
                continue 'outer;
            }
            if i * j > 40 {
                sum += 5;
                break 'outer;
            }
            if j == 5 && i == 9 {
                return sum + 100000;
            }
            if j % 2 == 0 {
                continue;
            }
            sum += 10;
        }
        sum += 100;
    }
    sum * 2 + i as u32
}

#[ufunc]
fn constant_for(x: f64) -> f64 {
    let mut y = 0.0;
    for i in 0..5 {
        y = y * x + i as f64;
    }
    for i in (1..=3).rev() {
        y -= x / i as f64;
    }
    for k in (0..10).step_by(3) {
        if k == 6 {
            y += 1.0;
        } else if x > k as f64 {
            y += 0.25;
        }
    }
    y
}

#[ufunc]
fn jumps_in_for(x: f64, n: i32) -> f64 {
    let mut y = x;
    let mut last = 0;
    for i in 0..12 {
        if i == n {
            continue;
        }
        if y > 100.0 {
            break;
        }
        if y < -1000.0 {
            return y;
        }
        y = y * 1.5 + i as f64;
        last = i;
    }
    'rows: for i in 0..4 {
        for j in 0..4 {
            if i == 3 && j == 1 {
                break 'rows;
            }
            if n > i * 4 + j {
                continue 'rows;
            }
            y += 1.0;
        }
        y *= 2.0;
    }
    y + last as f64
}

#[ufunc]
fn for_in_while(n: u8) -> u32 {
    let mut state = n as u32;
    let mut rounds = 0;
    while state != 0 && rounds < 20 {
        for bit in 0..3 {
            if state & (1 << bit) != 0 {
                state -= 1;
                if state == 0 {
                    break;
                }
            }
        }
        rounds += 1;
    }
    rounds * 256 + state
}

#[ufunc]
fn assigned_after_a_break(n: u8) -> (u32, u32) {
    let mut a = 0;
    let mut b = 0;
    let mut i = 0;
    while i < 10 {
        b = if i == n % 12 { break } else { b + 2 };
        a += 1;
        i += 1;
    }
    (a, b)
}

// Lanes that are done go on being computed in the next ones: whatever becomes of them there, their
// results are those that they left with.

#[ufunc]
fn overflows_when_done(x: f64, n: u8) -> u32 {
    let mut y = 0.0;
    let mut count = 0;
    while count < n as u32 * 2 {
        // Infinity less infinity: a lane that is done does not meet the condition again.
        if y * y - y > 1e3 {
            break;
        }
        y = y * y * y + x;
        count += 1;
    }
    count
}

#[ufunc]
fn resumes_when_done(n: u16, m: u8) -> (u32, u32) {
    let mut y = n as u32 % 1024 + 1;
    let mut last = 0;
    let mut turns = 0;
    // A product that wraps meets the condition again.
    while y < 100_000 && turns < m as u32 {
        last = y;
        y *= 5;
        turns += 1;
    }
    (turns, last)
}

#[ufunc]
fn read_after_the_loop(x: f64, n: u8) -> (f64, u32) {
    let mut y = x;
    let mut turns = 0;
    loop {
        y = y * 1.5 + 1.0;
        if y.abs() > 1e6 || y.is_nan() {
            break;
        }
        turns += 1;
        if turns > n as u32 {
            y = 7.0 - y;
            break;
        }
        if turns % 3 == 0 {
            turns += 1;
            continue;
        }
        y += 0.5;
    }
    (y, turns)
}

#[ufunc]
fn left_from_a_for(n: u16, m: u8) -> (u32, u32) {
    let mut a = n as u32;
    let mut b = 0;
    'turns: while a != 1 && b < 40 {
        for i in 0..4 {
            if a % 16 == 5 + i {
                b += 100;
                break 'turns;
            }
            a = if a % 2 == 0 { a / 2 } else { 3 * a + 1 };
            b += 1;
        }
        if b > m as u32 {
            return (7, b);
        }
    }
    (a, b)
}

#[ufunc]
fn entered_again(n: u16) -> (u32, u32) {
    let mut k = n as u32 % 7;
    let mut carried = n as u32;
    let mut total = 0;
    while total < 100 && k < 50 {
        let mut y = k + 1;
        let mut steps = 0;
        while y < 1000 {
            y *= 3;
            steps += 1;
        }
        // Read in this loop alone, but not made anew for it.
        while carried % 8 != 3 {
            carried += 1;
            total += 10;
        }
        total += steps;
        k += steps;
    }
    (total, k)
}

// ---- tables, constants, helpers -------------------------------------------------------------------

static SQUARES: [u16; 6] = [0, 1, 4, 9, 16, 25];
const COEFFICIENTS: [f64; 4] = [1.0, -0.5, 0.25, -0.125];
const EPS: f64 = 1e-3;

mod elsewhere {
    pub const SCALE: f64 = 3.0;
    pub const NAMES: &[f64] = &[10.0, 20.0, 30.0];

    /// A helper in another module, for two dtypes.
    #[lanefn::ufunc(f32, f64)]
    pub fn mix<T: Real>(a: T, b: T, weight: T) -> T {
        a * weight + b * (1 - weight)
    }
}

#[ufunc]
fn tables(n: u8, x: f64) -> (u16, f64, f64) {
    const LOCAL: [f64; 3] = [0.5, 1.5, 2.5];
    let mut y = 0.0;
    for c in COEFFICIENTS {
        y = y * x + c;
    }
    for (i, c) in COEFFICIENTS.iter().enumerate() {
        y += *c * LOCAL[i % 3];
    }
    for &c in LOCAL.iter().rev() {
        y -= c;
    }
    let weights = [1.0, 2.0, 3.0];
    let k = (n % 4) as usize;
    (
        SQUARES[(n % 6) as usize],
        y + elsewhere::NAMES[(n % 3) as usize],
        COEFFICIENTS[k] + weights[1],
    )
}

#[ufunc]
fn constants(x: f64) -> f64 {
    use std::f64::consts::TAU;
    let half = 0.5;
    let quarter = half * half;
    let k = 3;
    let near = (x - std::f64::consts::PI).abs() < EPS;
    if near { f64::MAX } else { x * TAU * elsewhere::SCALE + quarter * k as f64 - f64::EPSILON }
}

#[ufunc]
fn helpers(x: f64, y: f32) -> (f64, f32) {
    let a = elsewhere::mix(x, 2.0, 0.25);
    let b = elsewhere::mix(y, 2.0, 0.25);
    let c = chain(a) + chain(0.5);
    (c, b)
}

#[ufunc(f32, f64)]
fn generic_helpers<T: Real>(x: T) -> T {
    let y = elsewhere::mix(x, 2, 0.25);
    let limit = 10;
    if y > limit { elsewhere::mix(y, limit, 0.5) } else { 2 * y }
}

#[ufunc]
fn hygiene(__s: f64, __active: f64, __on: f64) -> f64 {
    let s = __s + 1.0;
    let result = __active * 2.0;
    let __result = s - result;
    let __mask_1 = if s > 0.0 { __result } else { __on };
    let mut active = __mask_1;
    let r#loop = active;
    while active > 10.0 && active < 1e10 {
        active /= 2.0;
    }
    active + r#loop
}

// ---- several dtypes -------------------------------------------------------------------------------

#[ufunc(f64, f32, i32, u8)]
fn several<T: Number>(x: T, n: i32) -> T {
    let mut y = x / 4 + 3;
    let two = 2;
    let mut i = 0;
    while i < n && i < 5 {
        y = y / two + 1;
        i += 1;
    }
    match y {
        0 | 1 => 7,
        2..=5 => y + two,
        _ => y,
    }
}

#[ufunc(f32, f64)]
fn generic_bits<T: Real>(x: T) -> (T, bool) {
    const TABLE: [T; 3] = [1, 2.5, 0.1];
    let y = TABLE[x as usize & 1] * 0.1;
    let mut z = y.min(x).max(T::EPSILON);
    for t in TABLE {
        z += t;
    }
    (z + T::MIN_POSITIVE + (3.7f64 as T) + T::from(2u8), x > 1e3 || z < 2)
}

// ---- methods --------------------------------------------------------------------------------------

#[ufunc]
fn rounding(x: f64) -> (f64, f64, f64, f64) {
    (x.floor() + x.ceil() * 3.0, x.trunc() - x.fract(), x.round(), x.round_ties_even())
}

#[ufunc(f32, f64)]
fn round<T: Real>(x: T) -> T {
    x.round()
}

#[ufunc(f32, f64)]
fn signs<T: Real>(x: T, y: T) -> (T, T, bool, bool) {
    (x.signum().copysign(y), x.abs() + (-y).signum(), x.is_sign_negative(), y.is_sign_positive())
}

#[ufunc]
fn kinds_of_float(x: f32) -> (bool, bool, bool, u32) {
    (x.is_nan(), x.is_finite(), x.is_infinite(), x.to_bits())
}

#[ufunc]
fn from_bits(u: u64, v: u32) -> (f64, f32, f64) {
    (f64::from_bits(u), f32::from_bits(v), f64::from_bits(0x3ff0_0000_0000_0000 | (u >> 12)))
}

#[ufunc]
fn floats(x: f64, y: f64) -> (f64, f64, f64) {
    (x.mul_add(y, 1.0), y.abs().sqrt() + x.recip(), x.rem_euclid(y))
}

#[ufunc]
fn bounds(x: f64, y: f64, n: i16) -> (f64, i16, i16) {
    // Zeros of two signs are kept apart: which one `f64::min` gives is not fixed.
    let y = y + 0.0;
    let x = x + 0.0;
    (
        x.clamp(-1.0, 2.0) + f64::max(x, y) - x.min(y),
        n.clamp(-5, 5).max(2),
        n.min(-n.wrapping_neg()),
    )
}

#[ufunc]
fn wrapping(a: i32, b: i32, c: u8) -> (i32, i32, u8) {
    (
        a.wrapping_add(b).wrapping_mul(31).wrapping_sub(7).wrapping_neg(),
        a.wrapping_shl(b as u32) ^ b.wrapping_shr(a as u32) ^ a.wrapping_abs(),
        c.wrapping_shl(c as u32).rotate_left(3).rotate_right(c as u32),
    )
}

#[ufunc]
fn counting(a: i16, b: u64) -> (u32, u32, u32, u32) {
    (
        a.count_ones() * 100 + a.count_zeros(),
        a.leading_zeros() + 1000 * a.trailing_zeros(),
        b.leading_ones() + 1000 * b.trailing_ones(),
        b.leading_zeros() + a.leading_ones(),
    )
}

#[ufunc]
fn distances(a: i8, b: i8, c: u32, d: u32) -> (u8, u32, u8, i8) {
    (a.abs_diff(b), c.abs_diff(d), b.unsigned_abs(), a.signum() - (b.is_positive() as i8) * 2)
}

#[ufunc]
fn euclid(a: i32, b: i32) -> (i32, i32) {
    (a.div_euclid(b), a.rem_euclid(b))
}

#[ufunc]
fn powers(a: i64, b: u8) -> (i64, u8) {
    (
        (a % 100).pow(5),
        if b.is_multiple_of(3) || b.is_multiple_of(b / 64) { 1 } else { (b % 6).pow(3) },
    )
}

#[ufunc]
fn casts(x: f64, n: i32, m: u8, b: bool) -> (i32, u8, f32, i64) {
    (
        x as i32 + (m as i8) as i32,
        n as u8,
        x as f32 + u64::from(m) as f32 + f32::from(m) + b as u8 as f32,
        (x as u64 as i64) ^ (n as i64) ^ i64::from(b) ^ (m as usize + 3) as i64,
    )
}

hold! {
    operators_are_the_plain_operators: arithmetic, (x: f64, y: f64) -> (f64);
    integer_operators_are_the_plain_operators: integers, (a: i32, b: i32) -> (i32);
    integer_quotients_are_the_plain_quotients: quotients, (a: i16, b: i16) -> (i16, i16);
    shifts_take_amounts_of_any_type: shifts, (a: u32, by: u32, b: i64, c: i8) -> (u32, i64, u32);
    comparisons_are_masks: comparisons, (x: f64, y: f64, n: i8) -> (bool, bool, bool, bool);
    booleans_are_masks: booleans, (a: bool, b: bool, x: f64) -> (bool, f64, u8);
    else_ifs_choose_the_first_that_holds: chain, (x: f64) -> (f64);
    assignments_in_arms_are_selected: statements, (x: f64, y: f64) -> (f64);
    shadowed_names_stay_apart: shadowing, (x: f64) -> (f64);
    variables_may_get_their_value_later: later, (x: f64) -> (f64);
    match_chooses_by_values_ranges_and_guards: matching, (n: i32) -> (i32);
    match_works_on_floats_and_bools: matching_floats, (x: f64, flag: bool) -> (f64);
    match_works_on_tuples: matching_pairs, (a: i8, b: u8, x: f64) -> (f64);
    match_may_assign: match_statements, (n: u8, x: f64) -> (f64);
    early_returns_end_the_function: guards, (x: f64, y: f64) -> (f64);
    returns_from_parts_of_arms_are_masks: half_returns, (x: f64, y: f64) -> (f64);
    several_values_can_be_returned: return_pair, (n: i32, x: f32) -> (i32, f32);
    while_runs_lane_by_lane: collatz, (n: u16) -> (u32);
    tuples_are_assigned_at_once: gcd, (a: u16, b: u16) -> (u16);
    loop_runs_until_its_break: newton, (x: f64) -> (f64);
    loops_inside_loops_end_with_their_lanes: halves_then_thirds, (n: u32) -> (u32);
    a_loop_in_an_arm_runs_for_its_lanes_alone: loop_in_an_arm, (n: u32, x: f64) -> (f64);
    a_helper_behind_and_runs_for_its_lanes_alone: helper_behind_and, (n: u32) -> (bool);
    returns_leave_loops: primes, (n: u16) -> (bool);
    labelled_jumps_go_where_they_say: breaks_and_continues, (n: u8, m: u8) -> (u32);
    for_runs_over_constant_ranges: constant_for, (x: f64) -> (f64);
    jumps_in_for_are_masks: jumps_in_for, (x: f64, n: i32) -> (f64);
    for_may_stand_in_while: for_in_while, (n: u8) -> (u32);
    a_break_inside_an_assignment_assigns_nothing: assigned_after_a_break, (n: u8) -> (u32, u32);
    overflow_in_a_lane_that_is_done_changes_nothing: overflows_when_done, (x: f64, n: u8) -> (u32);
    a_lane_that_is_done_never_resumes: resumes_when_done, (n: u16, m: u8) -> (u32, u32);
    what_is_read_after_a_loop_is_what_a_lane_left_with: read_after_the_loop, (x: f64, n: u8) -> (f64, u32);
    a_break_out_of_a_for_leaves_with_what_its_turns_made: left_from_a_for, (n: u16, m: u8) -> (u32, u32);
    a_loop_entered_again_finds_what_it_left: entered_again, (n: u16) -> (u32, u32);
    tables_are_looked_up: tables, (n: u8, x: f64) -> (u16, f64, f64);
    constants_are_the_plain_constants: constants, (x: f64) -> (f64);
    helpers_are_called_for_every_dtype: helpers, (x: f64, y: f32) -> (f64, f32);
    generic_functions_call_generic_helpers_f32: generic_helpers, (x: f32) -> (f32);
    generic_functions_call_generic_helpers_f64: generic_helpers, (x: f64) -> (f64);
    names_of_the_user_never_clash: hygiene, (a: f64, b: f64, c: f64) -> (f64);
    several_dtypes_f64: several, (x: f64, n: i32) -> (f64);
    several_dtypes_f32: several, (x: f32, n: i32) -> (f32);
    several_dtypes_i32: several, (x: i32, n: i32) -> (i32);
    several_dtypes_u8: several, (x: u8, n: i32) -> (u8);
    generic_tables_and_constants_f32: generic_bits, (x: f32) -> (f32, bool);
    generic_tables_and_constants_f64: generic_bits, (x: f64) -> (f64, bool);
    rounding_is_the_plain_rounding: rounding, (x: f64) -> (f64, f64, f64, f64);
    round_is_exact_f32: round, (x: f32) -> (f32);
    round_is_exact_f64: round, (x: f64) -> (f64);
    signs_are_the_plain_signs_f64: signs, (x: f64, y: f64) -> (f64, f64, bool, bool);
    signs_are_the_plain_signs_f32: signs, (x: f32, y: f32) -> (f32, f32, bool, bool);
    floats_tell_what_they_are: kinds_of_float, (x: f32) -> (bool, bool, bool, u32);
    bits_become_floats: from_bits, (u: u64, v: u32) -> (f64, f32, f64);
    float_methods_are_the_plain_methods: floats, (x: f64, y: f64) -> (f64, f64, f64);
    bounds_are_the_plain_bounds: bounds, (x: f64, y: f64, n: i16) -> (f64, i16, i16);
    wrapping_methods_wrap: wrapping, (a: i32, b: i32, c: u8) -> (i32, i32, u8);
    bits_are_counted: counting, (a: i16, b: u64) -> (u32, u32, u32, u32);
    distances_are_unsigned: distances, (a: i8, b: i8, c: u32, d: u32) -> (u8, u32, u8, i8);
    euclidean_division_is_the_plain_one: euclid, (a: i32, b: i32) -> (i32, i32);
    integer_powers_are_exact: powers, (a: i64, b: u8) -> (i64, u8);
    casts_are_the_plain_casts: casts, (x: f64, n: i32, m: u8, b: bool) -> (i32, u8, f32, i64);

    problem_f64: problem::problem, (x: f64) -> (f64);
    problem_f32: problem::problem, (x: f32) -> (f32);
    problem_i8: problem::problem, (x: i8) -> (i8);
    problem_i16: problem::problem, (x: i16) -> (i16);
    problem_i32: problem::problem, (x: i32) -> (i32);
    problem_i64: problem::problem, (x: i64) -> (i64);
    problem_u8: problem::problem, (x: u8) -> (u8);
    problem_u16: problem::problem, (x: u16) -> (u16);
    problem_u32: problem::problem, (x: u32) -> (u32);
    problem_u64: problem::problem, (x: u64) -> (u64);
    wind_power_f64: problem::wind_power, (x: f64) -> (f64);
    wind_power_f32: problem::wind_power, (x: f32) -> (f32);
    ten_branches_f64: problem::ten_branches, (x: f64) -> (f64);
    ten_branches_f32: problem::ten_branches, (x: f32) -> (f32);
    leaky_relu_f64: problem::leaky_relu, (x: f64) -> (f64);
    leaky_relu_f32: problem::leaky_relu, (x: f32) -> (f32);
    mandelbrot_f64: problem::mandelbrot, (re: f64, im: f64) -> (u32);
    mandelbrot_f32: problem::mandelbrot, (re: f32, im: f32) -> (u32);
    beaufort_f64: problem::beaufort, (x: f64) -> (f64);
    beaufort_f32: problem::beaufort, (x: f32) -> (f32);
    gaussian_bump_f64: problem::gaussian_bump, (x: f64) -> (f64);
    gaussian_bump_f32: problem::gaussian_bump, (x: f32) -> (f32);
    srgb_to_linear_f64: problem::srgb_to_linear, (x: f64) -> (f64);
    srgb_to_linear_f32: problem::srgb_to_linear, (x: f32) -> (f32);
    linear_to_srgb_f64: problem::linear_to_srgb, (x: f64) -> (f64);
    linear_to_srgb_f32: problem::linear_to_srgb, (x: f32) -> (f32);
    haversine_f64: problem::haversine, (a: f64, b: f64, c: f64, d: f64) -> (f64);
    haversine_f32: problem::haversine, (a: f32, b: f32, c: f32, d: f32) -> (f32);
    wind_direction_f64: problem::wind_direction, (u: f64, v: f64) -> (f64);
    wind_direction_f32: problem::wind_direction, (u: f32, v: f32) -> (f32);
    gelu_f64: problem::gelu, (x: f64) -> (f64);
    gelu_f32: problem::gelu, (x: f32) -> (f32);
    black_scholes_f64: problem::black_scholes, (spot: f64, strike: f64, rate: f64, volatility: f64, time: f64) -> (f64, f64);
    black_scholes_f32: problem::black_scholes, (spot: f32, strike: f32, rate: f32, volatility: f32, time: f32) -> (f32, f32);
}

// ---- what the attribute makes -----------------------------------------------------------------------

/// Doubles.
/// And more of the same line.
///
/// Details.
#[ufunc(f32, i64)]
fn documented<T: Number>(value: T, times: u8) -> (T, bool) {
    let mut value = value;
    for _ in 0..10 {
        value += value;
    }
    (value, times > 3)
}

#[ufunc(busy = f32)]
fn narrow(x: f64) -> f64 {
    documented(x as f32, 3).0 as f64
}

#[test]
fn a_function_tells_its_name_documentation_arguments_and_loops() {
    assert_eq!(documented::NAME, "documented");
    assert_eq!(documented::DOC, "Doubles. And more of the same line.");
    assert_eq!(documented::ARGUMENTS, ["value", "times"]);
    let dtypes: Vec<_> = documented::LOOPS.iter().map(|l| (l.inputs, l.outputs)).collect();
    assert_eq!(
        dtypes,
        [
            (&[Dtype::F32, Dtype::U8][..], &[Dtype::F32, Dtype::Bool][..]),
            (&[Dtype::I64, Dtype::U8][..], &[Dtype::I64, Dtype::Bool][..]),
        ]
    );
}

#[test]
fn the_widest_type_is_busy_unless_the_attribute_says_another() {
    fn busy<K: Kernel<In>, In: Operands>() -> Dtype {
        K::Busy::DTYPE
    }
    assert_eq!(busy::<documented, (f32, u8)>(), Dtype::F32);
    assert_eq!(busy::<documented, (i64, u8)>(), Dtype::I64);
    assert_eq!(busy::<narrow, (f64,)>(), Dtype::F32);
    assert_eq!(busy::<booleans, (bool, bool, f64)>(), Dtype::F64);
    assert_eq!(busy::<problem::mandelbrot, (f32, f32)>(), Dtype::F32);
}

#[test]
fn the_cost_counts_operations_turns_and_helpers() {
    fn cost<K: Kernel<In>, In: Operands>() -> u32 {
        K::COST
    }
    // A comparison, an addition, a subtraction, a choice.
    assert_eq!(cost::<problem::problem, (f64,)>(), 4);
    // Ten additions, a comparison.
    assert_eq!(cost::<documented, (f32, u8)>(), 11);
    // Those, and two conversions.
    assert_eq!(cost::<narrow, (f64,)>(), 13);
}

#[test]
fn the_plain_function_stays_callable_for_each_dtype() {
    assert_eq!(problem::problem(3.0), 4.0);
    assert_eq!(problem::problem(3.0f32), 4.0f32);
    assert_eq!(problem::problem(2u8), 1);
    assert_eq!(documented(1.5f32, 4), (1536.0, true));
    assert_eq!(chain(-2.0), 2.0);
}

#[test]
fn integers_wrap_and_divide_by_zero_to_zero_where_the_plain_function_panics() {
    for level in Level::present() {
        let wrapped: Vec<(i8,)> =
            plain::run::<problem::problem, (i8,), _>(level, &[(127,), (-128,), (0,)]);
        assert_eq!(wrapped, [(-128,), (127,), (-1,)], "{level}");
        let wrapped: Vec<(u64,)> =
            plain::run::<problem::problem, (u64,), _>(level, &[(u64::MAX,), (0,)]);
        assert_eq!(wrapped, [(0,), (u64::MAX,)], "{level}");
        let divided: Vec<(i16, i16)> =
            plain::run::<quotients, (i16, i16), _>(level, &[(7, 0), (-7, 0), (i16::MIN, -1)]);
        assert_eq!(divided, [(0, 0), (0, 0), (i16::MIN, 0)], "{level}");
    }
}

#[ufunc]
fn far_shifts(a: i32, by: i64) -> (i32, i32) {
    (a << by, a >> by)
}

#[test]
fn a_shift_by_an_amount_outside_the_width_leaves_the_sign_alone() {
    for level in Level::present() {
        let rows = [(-5, 32), (5, 257), (-5, -1), (5, i64::MIN), (-5, 1 << 32), (-5, 31)];
        let got: Vec<(i32, i32)> = plain::run::<far_shifts, (i32, i64), _>(level, &rows);
        let want = [(0, -1), (0, 0), (0, -1), (0, 0), (0, -1), (i32::MIN, -1)];
        assert_eq!(got, want, "{level}");
    }
}

#[test]
fn a_table_is_read_at_its_end_where_the_plain_function_panics() {
    for level in Level::present() {
        let got: Vec<(f64,)> = plain::run::<entry, (u8,), _>(level, &[(0,), (3,), (4,), (255,)]);
        assert_eq!(got, [(1.0,), (-0.125,), (-0.125,), (-0.125,)], "{level}");
    }
}

#[ufunc]
fn entry(i: u8) -> f64 {
    COEFFICIENTS[i as usize]
}
