//! The exact functions against plain ones of the standard library or of wider integers, to the bit, at
//! every level: special values in all combinations, and random bits.

#![allow(
    clippy::unnecessary_cast,
    clippy::cast_abs_to_unsigned,
    reason = "macros write the same lines for all types"
)]

use std::fmt::Debug;

use lanefn::kernels::{
    lanes::{Dtype, Element},
    level::Level,
    loops::Input,
};
use proptest::prelude::*;

// ---- running a function --------------------------------------------------------------------------

/// An argument: elements of some dtype.
trait Operand {
    fn dtype(&self) -> Dtype;
    fn at(&self) -> *const u8;
}

impl<T: Element> Operand for Vec<T> {
    fn dtype(&self) -> Dtype {
        T::DTYPE
    }
    fn at(&self) -> *const u8 {
        self.as_ptr().cast()
    }
}

/// Output `which` of the function of this name for the arguments, which are all of one length.
fn run<O: Element>(
    name: &str,
    level: Level,
    arguments: &[&dyn Operand],
    n: usize,
    which: usize,
) -> Vec<O> {
    assert!(level.is_present());
    let function = lanefn::catalogue().iter().find(|f| f.name == name).expect("in the catalogue");
    let dtypes: Vec<_> = arguments.iter().map(|a| a.dtype()).collect();
    let of = function.loops.iter().find(|l| l.inputs == dtypes).expect("a loop for these dtypes");
    assert_eq!(of.outputs[which], O::DTYPE);
    let inputs: Vec<_> = arguments.iter().map(|a| Input { at: a.at(), scalar: false }).collect();
    let mut room: Vec<Vec<u64>> = of.outputs.iter().map(|_| vec![0; n]).collect();
    let outputs: Vec<*mut u8> = room.iter_mut().map(|r| r.as_mut_ptr().cast()).collect();
    // SAFETY: the level is present; the callers give arguments of n elements, of the dtypes that the
    // loop was found by; each output has room for n elements of up to 8 bytes.
    unsafe { of.inner(level)(&inputs, &outputs, n) };
    let from = outputs[which].cast::<O>();
    // SAFETY: n elements of this dtype have been written there.
    (0..n).map(|i| unsafe { from.add(i).read() }).collect()
}

/// Equal to the bit; all NaN are.
trait Same: Element + Debug {
    fn same(self, other: Self) -> bool;
}

macro_rules! same {
    ($($t:ident)*) => {$(
        impl Same for $t {
            fn same(self, other: Self) -> bool {
                self == other
            }
        }
    )*};
}
same! { i8 i16 i32 i64 u8 u16 u32 u64 bool }

impl Same for f64 {
    fn same(self, other: Self) -> bool {
        self.to_bits() == other.to_bits() || (self.is_nan() && other.is_nan())
    }
}
impl Same for f32 {
    fn same(self, other: Self) -> bool {
        self.to_bits() == other.to_bits() || (self.is_nan() && other.is_nan())
    }
}

fn check1<A: Same, O: Same>(name: &str, which: usize, x: &Vec<A>, oracle: impl Fn(A) -> O) {
    for level in Level::present() {
        let got: Vec<O> = run(name, level, &[x], x.len(), which);
        for i in 0..x.len() {
            let want = oracle(x[i]);
            assert!(
                got[i].same(want),
                "{name}({:?}) is {want:?}, not {:?} ({})",
                x[i],
                got[i],
                level.name()
            );
        }
    }
}

fn check2<A: Same, B: Same, O: Same>(
    name: &str,
    which: usize,
    (x, y): &(Vec<A>, Vec<B>),
    oracle: impl Fn(A, B) -> O,
) {
    for level in Level::present() {
        let got: Vec<O> = run(name, level, &[x, y], x.len(), which);
        for i in 0..x.len() {
            let want = oracle(x[i], y[i]);
            assert!(
                got[i].same(want),
                "{name}({:?}, {:?}) is {want:?}, not {:?} ({})",
                x[i],
                y[i],
                got[i],
                level.name()
            );
        }
    }
}

// ---- arguments -----------------------------------------------------------------------------------

/// Numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

const RANDOM: usize = 4000;

/// What the tests below need of a type.
trait Number: Same {
    fn special() -> Vec<Self>;
    /// Random bits, of which many are near a special place.
    fn random(r: &mut Random) -> Self;
}

macro_rules! integers {
    ($($t:ident)*) => {$(
        impl Number for $t {
            fn special() -> Vec<$t> {
                let mut all = vec![0, 1, 2, 3, 7, 100, $t::MAX, $t::MAX - 1, $t::MIN, $t::MIN + 1, $t::MAX / 2, $t::MAX / 2 + 1, $t::MAX / 3];
                if $t::MIN != 0 {
                    all.extend([0, 1, 2, 3, 7, 100].map(|x: $t| (0 as $t).wrapping_sub(x)));
                }
                // Around the borders of what fits into the floats that are used for it.
                for bit in [23, 24, 31, 32, 49, 50, 51, 52, 53, 62, 63] {
                    if bit < $t::BITS {
                        let x = (1 as $t) << bit;
                        all.extend([x.wrapping_sub(1), x, x.wrapping_add(1)]);
                        all.extend([(0 as $t).wrapping_sub(x), (1 as $t).wrapping_sub(x)]);
                    }
                }
                all
            }
            fn random(r: &mut Random) -> $t {
                let bits = r.next() as $t;
                let x = bits >> (r.next() % $t::BITS as u64);
                if r.next() % 4 == 0 { x << (r.next() % $t::BITS as u64) } else { x }
            }
        }
    )*};
}
integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

macro_rules! floats {
    ($($t:ident $u:ident $bits:literal)*) => {$(
        impl Number for $t {
            fn special() -> Vec<$t> {
                let most = ((1u64 << $bits) as $t) * 2.0;
                let all = [
                    0.0, 0.3, 0.5, $t::from_bits((0.5 as $t).to_bits() - 1), 1.0, 1.5, 2.0, 2.5, 3.0, 1e10,
                    most, most - 1.0, most / 2.0, most / 2.0 - 0.5, most / 8.0, most * 3.0, 1e-20,
                    $t::MAX, $t::MIN_POSITIVE, $t::MIN_POSITIVE / 2.0, $t::from_bits(1), $t::from_bits(3),
                    $t::from_bits($t::MIN_POSITIVE.to_bits() - 1), $t::from_bits((1.0 as $t).to_bits() + 1),
                    $t::from_bits((1.0 as $t).to_bits() - 1), $t::INFINITY, $t::NAN,
                ];
                all.iter().flat_map(|x| [*x, -*x]).collect()
            }
            fn random(r: &mut Random) -> $t {
                match r.next() % 4 {
                    0 => $t::from_bits(r.next() as $u),
                    // Of moderate size, with a fraction of few bits or many.
                    1 => (r.next() as i64 >> (r.next() % 60)) as $t / 8.0,
                    2 => (r.next() as i64 >> (r.next() % 60)) as $t / 1e10,
                    // Subnormal, or nearly.
                    _ => $t::from_bits(r.next() as $u >> (r.next() % 12) & ($u::MAX >> 1 >> (r.next() % $bits))),
                }
            }
        }
    )*};
}
floats! { f64 u64 52 f32 u32 23 }

fn singles<T: Number>() -> Vec<T> {
    let mut r = Random(0x9e3779b97f4a7c15);
    let mut all = T::special();
    all.extend((0..RANDOM).map(|_| T::random(&mut r)));
    all
}

fn pairs<T: Number>() -> (Vec<T>, Vec<T>) {
    let mut r = Random(0x2545f4914f6cdd1d);
    let special = T::special();
    let (mut x, mut y) = (vec![], vec![]);
    for a in &special {
        for b in &special {
            x.push(*a);
            y.push(*b);
        }
    }
    for i in 0..RANDOM {
        x.push(T::random(&mut r));
        // Now and then a pair of equal ones.
        y.push(if i % 16 == 0 { x[x.len() - 1] } else { T::random(&mut r) });
    }
    (x, y)
}

macro_rules! each_integer {
    ($t:ident => $($body:tt)*) => {
        each_integer! { @ $t [i8 i16 i32 i64 u8 u16 u32 u64] { $($body)* } }
    };
    (@ $t:ident [$($real:ident)*] $body:tt) => { $({ type $t = $real; $body })* };
}
macro_rules! each_float {
    ($t:ident => $($body:tt)*) => {
        each_integer! { @ $t [f64 f32] { $($body)* } }
    };
}
macro_rules! each_number {
    ($t:ident => $($body:tt)*) => {
        each_integer! { @ $t [f64 f32 i8 i16 i32 i64 u8 u16 u32 u64] { $($body)* } }
    };
}

// ---- division ------------------------------------------------------------------------------------

fn floor_div(a: i128, b: i128) -> (i128, i128) {
    if b == 0 {
        return (0, 0);
    }
    let (q, r) = (a / b, a % b);
    if r != 0 && (r < 0) != (b < 0) { (q - 1, r + b) } else { (q, r) }
}

#[test]
fn integers_divide_as_wide_ones() {
    each_integer! { T =>
        let at = pairs::<T>();
        check2("floor_divide", 0, &at, |a: T, b: T| floor_div(a as i128, b as i128).0 as T);
        check2("remainder", 0, &at, |a: T, b: T| floor_div(a as i128, b as i128).1 as T);
        check2("divmod", 0, &at, |a: T, b: T| floor_div(a as i128, b as i128).0 as T);
        check2("divmod", 1, &at, |a: T, b: T| floor_div(a as i128, b as i128).1 as T);
    }
}

#[test]
fn bytes_divide_in_every_combination() {
    let (mut x, mut y) = (vec![], vec![]);
    for a in 0..=255u8 {
        for b in 0..=255u8 {
            x.push(a);
            y.push(b);
        }
    }
    check2("divmod", 0, &(x.clone(), y.clone()), |a: u8, b: u8| a.checked_div(b).unwrap_or(0));
    check2("divmod", 1, &(x.clone(), y.clone()), |a: u8, b: u8| a.checked_rem(b).unwrap_or(0));
    let signed = |v: Vec<u8>| v.into_iter().map(|v| v as i8).collect::<Vec<_>>();
    let at = (signed(x), signed(y));
    check2("divmod", 0, &at, |a: i8, b: i8| floor_div(a as i128, b as i128).0 as i8);
    check2("divmod", 1, &at, |a: i8, b: i8| floor_div(a as i128, b as i128).1 as i8);
}

/// NumPy's `npy_divmod`.
macro_rules! numpy_divmod {
    ($a:ident, $b:ident) => {{
        let mut r = $a % $b;
        if $b == 0.0 {
            ($a / $b, r)
        } else {
            let mut q = ($a - r) / $b;
            if r == 0.0 {
                r = r.copysign($b);
            } else if (r < 0.0) != ($b < 0.0) {
                r += $b;
                q -= 1.0;
            }
            if q == 0.0 {
                (q.abs().copysign($a / $b), r)
            } else {
                let low = q.floor();
                (if q - low > 0.5 { low + 1.0 } else { low }, r)
            }
        }
    }};
}

#[test]
fn floats_divide_as_numpy() {
    each_float! { T =>
        let at = pairs::<T>();
        check2("fmod", 0, &at, |a: T, b: T| a % b);
        check2("remainder", 0, &at, |a: T, b: T| numpy_divmod!(a, b).1);
        check2("floor_divide", 0, &at, |a: T, b: T| numpy_divmod!(a, b).0);
        check2("divmod", 0, &at, |a: T, b: T| numpy_divmod!(a, b).0);
        check2("divmod", 1, &at, |a: T, b: T| numpy_divmod!(a, b).1);
    }
}

/// A quotient that is nearly whole may be rounded up onto it.
#[test]
fn remainders_next_to_multiples_are_exact() {
    each_float! { T =>
        let mut r = Random(77);
        let (mut x, mut y) = (vec![], vec![]);
        for _ in 0..RANDOM {
            let b = T::random(&mut r).abs();
            let a = (r.next() >> (r.next() % 64)) as T * b;
            for off in [-2i64, -1, 0, 1, 2] {
                x.push(T::from_bits((a.to_bits() as i64).saturating_add(off).max(0) as _));
                y.push(b);
            }
        }
        check2("fmod", 0, &(x.clone(), y.clone()), |a: T, b: T| a % b);
        check2("remainder", 0, &(x.clone(), y.clone()), |a: T, b: T| numpy_divmod!(a, b).1);
        check2("floor_divide", 0, &(x, y), |a: T, b: T| numpy_divmod!(a, b).0);
    }
}

// ---- integers ------------------------------------------------------------------------------------

fn power(x: i128, y: i128) -> i128 {
    if y < 0 {
        return match x {
            1 => 1,
            -1 => {
                if y % 2 == 0 {
                    1
                } else {
                    -1
                }
            }
            _ => 0,
        };
    }
    // Bit by bit from above.
    (0..64).rev().fold(1i128, |p, bit| {
        let p = p.wrapping_mul(p) as u64 as i128;
        (if y >> bit & 1 == 1 { p.wrapping_mul(x) } else { p }) as u64 as i128
    })
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[test]
fn powers_wrap() {
    each_integer! { T =>
        let mut at = pairs::<T>();
        check2("pow", 0, &at, |a: T, b: T| power(a as i128, b as i128) as T);
        at.1 = at.1.iter().map(|b| b % 9).collect();
        check2("pow", 0, &at, |a: T, b: T| power(a as i128, b as i128) as T);
    }
}

#[test]
fn divisors_and_multiples_are_euclids() {
    each_integer! { T =>
        let at = pairs::<T>();
        let size = |a: T| (a as i128).unsigned_abs();
        check2("gcd", 0, &at, |a: T, b: T| gcd(size(a), size(b)) as T);
        check2("lcm", 0, &at, |a: T, b: T| match gcd(size(a), size(b)) {
            0 => 0,
            g => (size(a) / g * size(b)) as T,
        });
    }
}

#[test]
fn shifts_and_bits_are_those_of_wide_integers() {
    each_integer! { T =>
        let mut at = pairs::<T>();
        for _ in 0..2 {
            let by = |b: T| if (0..T::BITS as i128).contains(&(b as i128)) { b as u32 } else { 100 };
            check2("left_shift", 0, &at, |a: T, b: T| ((a as i128) << by(b)) as T);
            check2("right_shift", 0, &at, |a: T, b: T| (a as i128 >> by(b)) as T);
            check2("bitwise_and", 0, &at, |a: T, b: T| a & b);
            check2("bitwise_or", 0, &at, |a: T, b: T| a | b);
            check2("bitwise_xor", 0, &at, |a: T, b: T| a ^ b);
            at.1 = at.1.iter().map(|b| b % (T::BITS as T + 3)).collect();
        }
        check1("invert", 0, &at.0, |a: T| !a);
        check1("bit_count", 0, &at.0, |a: T| (a as i128).unsigned_abs().count_ones() as u8);
    }
}

#[test]
fn integers_have_the_arithmetic_of_wide_ones() {
    each_integer! { T =>
        let at = singles::<T>();
        check1("abs", 0, &at, |a: T| (a as i128).abs() as T);
        check1("sign", 0, &at, |a: T| (a as i128).signum() as T);
        check1("square", 0, &at, |a: T| (a as i128).wrapping_mul(a as i128) as T);
        check1("reciprocal", 0, &at, |a: T| (1i128).checked_div(a as i128).unwrap_or(0) as T);
        let at = pairs::<T>();
        for name in ["maximum", "fmax"] {
            check2(name, 0, &at, |a: T, b: T| a.max(b));
        }
        for name in ["minimum", "fmin"] {
            check2(name, 0, &at, |a: T, b: T| a.min(b));
        }
    }
}

// ---- floats --------------------------------------------------------------------------------------

/// The larger one, where neither is NaN.
macro_rules! larger {
    ($a:ident, $b:ident) => {
        if $a > $b || ($a == $b && $b.is_sign_negative()) { $a } else { $b }
    };
}
macro_rules! smaller {
    ($a:ident, $b:ident) => {
        if $a < $b || ($a == $b && $a.is_sign_negative()) { $a } else { $b }
    };
}

#[test]
fn floats_compare_with_nan_and_zeros() {
    each_float! { T =>
        let at = pairs::<T>();
        let nan = |a: T, b: T| a.is_nan() || b.is_nan();
        check2("maximum", 0, &at, |a: T, b: T| if nan(a, b) { T::NAN } else { larger!(a, b) });
        check2("minimum", 0, &at, |a: T, b: T| if nan(a, b) { T::NAN } else { smaller!(a, b) });
        check2("fmax", 0, &at, |a: T, b: T| {
            if a.is_nan() { b } else if b.is_nan() { a } else { larger!(a, b) }
        });
        check2("fmin", 0, &at, |a: T, b: T| {
            if a.is_nan() { b } else if b.is_nan() { a } else { smaller!(a, b) }
        });
        check2("heaviside", 0, &at, |a: T, h: T| match a {
            _ if a.is_nan() => a,
            _ if a == 0.0 => h,
            _ if a < 0.0 => 0.0,
            _ => 1.0,
        });
        check2("copysign", 0, &at, |a: T, b: T| a.copysign(b));
    }
}

#[test]
fn clip_is_the_smaller_of_the_larger() {
    each_number! { T =>
        let mut r = Random(5);
        let special = T::special();
        let mut pick = || special[r.next() as usize % special.len()];
        let n = 2000;
        let (x, low, high): (Vec<T>, Vec<T>, Vec<T>) = (
            (0..n).map(|_| pick()).collect(),
            (0..n).map(|_| pick()).collect(),
            (0..n).map(|_| pick()).collect(),
        );
        for level in Level::present() {
            let larger: Vec<T> = run("maximum", level, &[&x, &low], n, 0);
            let want: Vec<T> = run("minimum", level, &[&larger, &high], n, 0);
            let got: Vec<T> = run("clip", level, &[&x, &low, &high], n, 0);
            assert!((0..n).all(|i| got[i].same(want[i])), "{}", level.name());
        }
    }
}

#[test]
fn roundings_are_those_of_the_standard_library() {
    each_float! { T =>
        let at = singles::<T>();
        check1("floor", 0, &at, T::floor);
        check1("ceil", 0, &at, T::ceil);
        check1("trunc", 0, &at, T::trunc);
        check1("rint", 0, &at, T::round_ties_even);
        check1("round", 0, &at, T::round);
        check1("modf", 1, &at, T::trunc);
        check1("modf", 0, &at, |x: T| {
            if x.is_infinite() { (0.0 as T).copysign(x) } else { x.fract().copysign(x) }
        });
        check1("square", 0, &at, |x: T| x * x);
        check1("reciprocal", 0, &at, |x: T| 1.0 / x);
        check1("abs", 0, &at, T::abs);
        check1("sign", 0, &at, |x: T| if x == 0.0 { 0.0 } else { x.signum() });
    }
}

#[test]
fn neighbours_are_the_next_numbers() {
    each_float! { T =>
        check2("nextafter", 0, &pairs::<T>(), |a: T, b: T| match () {
            _ if a.is_nan() || b.is_nan() => T::NAN,
            _ if a < b => a.next_up(),
            _ if a > b => a.next_down(),
            _ => b,
        });
        check1("spacing", 0, &singles::<T>(), |a: T| match a {
            _ if a.is_infinite() => T::NAN,
            _ if a < 0.0 => a.next_down() - a,
            _ => a.next_up() - a,
        });
    }
}

#[test]
fn classes_are_those_of_the_standard_library() {
    each_float! { T =>
        let at = singles::<T>();
        check1("signbit", 0, &at, T::is_sign_negative);
        check1("isnan", 0, &at, T::is_nan);
        check1("isinf", 0, &at, T::is_infinite);
        check1("isfinite", 0, &at, T::is_finite);
    }
}

/// `x * 2^n` by doubling and halving: halving rounds, so what is lost is collected first, in an integer.
fn scaled(x: f64, n: i32, bits: u32, lowest: i32) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    // x = m 2^e, exactly; then the last place of the result in m's.
    let field = (x.to_bits() >> 52 & 0x7ff) as i32;
    let m = x.to_bits() & ((1 << 52) - 1) | if field > 0 { 1 << 52 } else { 0 };
    let e = field.max(1) - 1075 + n.clamp(-10000, 10000);
    let top = e + 64 - m.leading_zeros() as i32;
    let cut = (top - bits as i32).max(lowest) - e;
    let m = match cut {
        ..=0 => m,
        64.. => 0,
        _ => {
            let (half, rest) = (1u64 << (cut - 1), m & ((1u128 << cut) - 1) as u64);
            let low = (m as u128 >> cut) as u64;
            low + (rest > half || (rest == half && low & 1 == 1)) as u64
        }
    };
    let e = e + cut.max(0);
    let mut y = m as f64;
    for _ in 0..e.abs().min(3000) {
        y *= if e > 0 { 2.0 } else { 0.5 };
    }
    y.copysign(x)
}

#[test]
fn powers_of_two_scale_with_one_rounding() {
    each_float! { T =>
        let (f64_bits, single) = (53, size_of::<T>() == 4);
        let (bits, lowest) = if single { (24, -149) } else { (f64_bits, -1074) };
        let special = T::special();
        let mut r = Random(99);
        let (mut x, mut n) = (vec![], vec![]);
        for a in &special {
            for k in [0, 1, -1, 126, 127, 128, -126, -127, -149, -150, 300, -300, 1023, 1024, -1022, -1023, -1074, -2100, 2100, i32::MAX, i32::MIN] {
                x.push(*a);
                n.push(k);
            }
        }
        for _ in 0..RANDOM {
            let a = T::random(&mut r);
            x.push(a);
            // Mostly to where the result is subnormal.
            let (_, e) = split(a as f64);
            n.push(match r.next() % 3 {
                0 => (r.next() % 5000) as i32 - 2500,
                _ => lowest - e + (r.next() % 60) as i32 - 4,
            });
        }
        check2("ldexp", 0, &(x, n), |a: T, k: i32| {
            let y = scaled(a as f64, k, bits, lowest);
            // Beyond the largest number of f32 lies its infinity.
            y as T
        });
    }
}

/// A number of 1/2 to 1 and its power of two, by doubling and halving.
fn split(x: f64) -> (f64, i32) {
    let (mut m, mut e) = (x, 0);
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    while m.abs() >= 1.0 {
        m *= 0.5;
        e += 1;
    }
    while m.abs() < 0.5 {
        m *= 2.0;
        e -= 1;
    }
    (m, e)
}

#[test]
fn numbers_split_into_fraction_and_power() {
    each_float! { T =>
        let at = singles::<T>();
        check1("frexp", 0, &at, |x: T| split(x as f64).0 as T);
        check1("frexp", 1, &at, |x: T| split(x as f64).1);
    }
}

#[test]
fn angles_keep_zeros_and_infinities() {
    each_float! { T =>
        let at: Vec<T> = vec![0.0, -0.0, T::INFINITY, -T::INFINITY, T::NAN];
        for name in ["deg2rad", "rad2deg"] {
            check1(name, 0, &at, |x: T| x);
        }
        let at: Vec<T> = vec![180.0, -90.0, 360.0];
        check1("deg2rad", 0, &at, |x: T| (x as f64 / 180.0 * std::f64::consts::PI) as T);
    }
}

// ---- laws ----------------------------------------------------------------------------------------

/// The one result of a function, which is the same at every level.
fn one<A: Same, O: Same>(name: &str, which: usize, arguments: &[A]) -> O {
    let arguments: Vec<Vec<A>> = arguments.iter().map(|a| vec![*a]).collect();
    let arguments: Vec<&dyn Operand> = arguments.iter().map(|a| a as &dyn Operand).collect();
    let results: Vec<O> =
        Level::present().into_iter().map(|l| run(name, l, &arguments, 1, which)[0]).collect();
    assert!(results.iter().all(|r| r.same(results[0])), "{name}: {results:?}");
    results[0]
}

macro_rules! laws_of_integers {
    ($($t:ident)*) => {$(
        mod $t {
            use super::*;

            /// Any number, and small ones.
            fn number() -> impl Strategy<Value = $t> {
                prop_oneof![any::<$t>(), (any::<$t>(), 0..$t::BITS).prop_map(|(x, n)| x >> n)]
            }

            fn size(x: $t) -> u128 {
                (x as i128).unsigned_abs()
            }

            proptest! {
                #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

                #[test]
                fn the_quotient_times_the_divisor_plus_the_remainder_is_the_number(
                    x in number(),
                    y in number().prop_filter("no division by zero", |y| *y != 0),
                ) {
                    let (q, r): ($t, $t) = (one("floor_divide", 0, &[x, y]), one("remainder", 0, &[x, y]));
                    prop_assert_eq!(q.wrapping_mul(y).wrapping_add(r), x);
                    prop_assert!(size(r) < size(y) && (r == 0 || (r as i128 > 0) == (y as i128 > 0)));
                    prop_assert_eq!((q, r), (one("divmod", 0, &[x, y]), one("divmod", 1, &[x, y])));
                    // C's remainder has the sign of the number, and is the same but for a divisor.
                    let c: $t = one("fmod", 0, &[x, y]);
                    prop_assert!(size(c) < size(y) && (c == 0 || (c as i128 > 0) == (x as i128 > 0)));
                    prop_assert!(c == r || c.wrapping_add(y) == r);
                }

                #[test]
                fn the_greatest_common_divisor_divides_both_and_is_euclids(x in number(), y in number()) {
                    let g: $t = one("gcd", 0, &[x, y]);
                    prop_assert_eq!(g, one("gcd", 0, &[y, x]));
                    prop_assert_eq!(one::<$t, $t>("gcd", 0, &[x, 0]), one("abs", 0, &[x]));
                    if y == 0 {
                        return Ok(());
                    }
                    prop_assert!(size(x) % size(g) == 0 && size(y) % size(g) == 0);
                    let rest: $t = one("remainder", 0, &[x, y]);
                    prop_assert_eq!(g, one("gcd", 0, &[y, rest]));
                    let l: $t = one("lcm", 0, &[x, y]);
                    prop_assert_eq!(l.wrapping_mul(g), (size(x) * size(y)) as $t);
                }

                #[test]
                fn common_factors_come_out_of_the_greatest_common_divisor(
                    x in number(),
                    y in number(),
                    n in 0..$t::BITS / 2 - 1,
                ) {
                    let half = $t::BITS / 2;
                    let (x, y, k) = (x >> half, y >> half, 1 << n);
                    let (g, of_products): ($t, $t) = (one("gcd", 0, &[x, y]), one("gcd", 0, &[x * k, y * k]));
                    prop_assert_eq!(of_products, g * k);
                }

                #[test]
                fn powers_of_a_sum_are_products_of_powers(x in number(), m in 0..9u32, n in 0..9u32) {
                    let power = |n: u32| one::<$t, $t>("pow", 0, &[x, n as $t]);
                    prop_assert_eq!(power(m + n), power(m).wrapping_mul(power(n)));
                }

                #[test]
                fn clipped_numbers_stay_when_clipped_again(x in number(), a in number(), b in number()) {
                    let (low, high) = (a.min(b), a.max(b));
                    let y: $t = one("clip", 0, &[x, low, high]);
                    prop_assert!(low <= y && y <= high && (y == x || x < low || x > high));
                    prop_assert_eq!(y, one("clip", 0, &[y, low, high]));
                }
            }
        }
    )*};
}
laws_of_integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

macro_rules! laws_of_floats {
    ($($t:ident)*) => {$(
        mod $t {
            use super::*;

            fn number() -> impl Strategy<Value = $t> {
                prop_oneof![
                    proptest::num::$t::NORMAL | proptest::num::$t::SUBNORMAL | proptest::num::$t::ZERO,
                    -1e6..1e6 as $t,
                    (-1000..1000i32).prop_map(|k| k as $t / 4.0),
                ]
            }

            proptest! {
                #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

                #[test]
                fn the_quotient_times_the_divisor_plus_the_remainder_is_the_number(
                    x in number(),
                    y in number().prop_filter("no division by zero", |y| *y != 0.0),
                ) {
                    let (q, r): ($t, $t) = (one("floor_divide", 0, &[x, y]), one("remainder", 0, &[x, y]));
                    prop_assert!(r.abs() <= y.abs() && (r == 0.0 || (r < 0.0) == (y < 0.0)));
                    let c: $t = one("fmod", 0, &[x, y]);
                    prop_assert!(c.abs() < y.abs() && c.is_sign_negative() == x.is_sign_negative());
                    prop_assert!(c == r || c + y == r);
                    if q.is_finite() {
                        prop_assert_eq!(q, q.floor());
                        // The quotient is rounded, and so are the product and the sum here.
                        let back = q.mul_add(y, r);
                        let most = (q * y).abs().max(y.abs()) * $t::EPSILON;
                        prop_assert!((back - x).abs() <= 2.0 * most, "{q} {r} {back}");
                    }
                    prop_assert!(q.same(one("divmod", 0, &[x, y])) && r.same(one("divmod", 1, &[x, y])));
                }

                #[test]
                fn fraction_and_power_make_the_number(x in number()) {
                    let m: $t = one("frexp", 0, &[x]);
                    let k: i32 = one("frexp", 1, &[x]);
                    prop_assert!(x == 0.0 || (0.5 <= m.abs() && m.abs() < 1.0));
                    for level in Level::present() {
                        let y: Vec<$t> = run("ldexp", level, &[&vec![m], &vec![k]], 1, 0);
                        prop_assert!(y[0].same(x), "{m} * 2^{k}");
                    }
                }

                #[test]
                fn fraction_and_whole_part_make_the_number_and_have_its_sign(x in number()) {
                    let (part, whole): ($t, $t) = (one("modf", 0, &[x]), one("modf", 1, &[x]));
                    prop_assert!(whole.same(one("trunc", 0, &[x])) && part.abs() < 1.0);
                    prop_assert!(part.is_sign_negative() == x.is_sign_negative());
                    prop_assert_eq!(part + whole, x);
                }

                #[test]
                fn from_a_neighbour_the_way_back_is_a_step(x in number()) {
                    let up: $t = one("nextafter", 0, &[x, $t::INFINITY]);
                    prop_assert!(up > x);
                    prop_assert_eq!(one::<$t, $t>("nextafter", 0, &[up, -$t::INFINITY]), x);
                    let step: $t = one("spacing", 0, &[x]);
                    prop_assert!(x <= 0.0 || step == up - x);
                }

                #[test]
                fn roundings_enclose_the_number(x in number()) {
                    let [low, near, cut, high] =
                        ["floor", "rint", "trunc", "ceil"].map(|name| one::<$t, $t>(name, 0, &[x]));
                    prop_assert!(low <= x && x <= high && high - low <= 1.0);
                    prop_assert!((near == low || near == high) && (near - x).abs() <= 0.5);
                    prop_assert_eq!(cut, if x < 0.0 { high } else { low });
                }

                #[test]
                fn a_size_and_a_sign_make_the_number(x in number()) {
                    let size: $t = one("abs", 0, &[x]);
                    prop_assert!(one::<$t, $t>("copysign", 0, &[size, x]).same(x));
                    let sign: $t = one("sign", 0, &[x]);
                    prop_assert_eq!(sign * size, x);
                }
            }
        }
    )*};
}
laws_of_floats! { f64 f32 }
