//! Lanes need not be a CPU's: a recording backend that writes a kernel out as a list of operations,
//! loops and tables included, for every problem function. Each list is held against a snapshot in
//! `snapshots` (`LANEFN_SNAPSHOTS=write` renews them), and evaluated by a naive interpreter it gives
//! what the plain function gives, bit for bit.

mod interpret;
#[path = "../plain/mod.rs"]
#[allow(dead_code)]
mod plain;
mod recorder;

use lanefn::{
    compiler::value::Value,
    kernels::{
        lanes::{Float, Number, Shape, traced},
        loops::{Function, Kernel},
        math, problem,
    },
};
use plain::{Columns, Sample};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use recorder::{Id, Op, Recording, Tape};

/// Operands as values.
trait Rows: Columns {
    fn values(self) -> Vec<Value>;
    fn row(values: &[Value]) -> Self;
}

macro_rules! rows {
    ($($($t:ident $i:tt)*;)*) => {$(
        impl<$($t: Sample),*> Rows for ($($t,)*) {
            fn values(self) -> Vec<Value> {
                vec![$(Value::of(self.$i)),*]
            }
            fn row(values: &[Value]) -> Self {
                ($(values[$i].get::<$t>().expect("a value is read as what it is"),)*)
            }
        }
    )*};
}
rows! { A 0; A 0 B 1; A 0 B 1 C 2; A 0 B 1 C 2 D 3; A 0 B 1 C 2 D 3 E 4; }

fn record<K: Kernel<In>, In: Rows>() -> Recording {
    let tape = Tape::default();
    let inputs: Vec<traced::Id> =
        In::DTYPES.iter().enumerate().map(|(i, &dtype)| tape.append(dtype, Op::Input(i))).collect();
    let of = K::LOOP.erase();
    let outputs = of.record(&tape, &inputs);
    tape.recording(outputs[..of.outputs.len()].iter().map(|&id| id as Id).collect())
}

/// The snapshot, and the interpreter against the plain function.
fn check<K: Kernel<In> + Function, In: Rows>(plain: impl Fn(In) -> K::Out)
where
    K::Out: Rows,
{
    let recording = record::<K, In>();
    let text = recording.print(K::NAME, K::ARGUMENTS);
    let file = format!(
        "{}/tests/recording/snapshots/{}_{}.txt",
        env!("CARGO_MANIFEST_DIR"),
        K::NAME,
        In::DTYPES[0].name()
    );
    if std::env::var_os("LANEFN_SNAPSHOTS").is_some_and(|v| v == "write") {
        std::fs::write(&file, &text).expect("the snapshot can be written");
    }
    let want = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(text == want, "{file} says\n{want}\nand the kernel is now\n{text}");
    agrees::<K, In>(&recording, 2000, plain);
}

/// The interpreter against the plain function.
fn agrees<K: Kernel<In> + Function, In: Rows>(
    recording: &Recording,
    cases: u32,
    plain: impl Fn(In) -> K::Out,
) where
    K::Out: Rows,
{
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&In::draw(), |row| {
            // Overflow in a debug build says nothing about the result.
            let Some(want) = plain::quietly(|| plain(row)) else { return Ok(()) };
            let got = K::Out::row(&recording.evaluate(&row.values()));
            prop_assert!(want.same(got), "{}{row:?} is {want:?}, recorded {got:?}", K::NAME);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

macro_rules! recordings {
    ($($test:ident: $function:path, ($($arg:ident: $t:ident),*);)*) => {$(
        #[test]
        fn $test() {
            check::<$function, ($($t,)*)>(|($($arg,)*): ($($t,)*)| ($function($($arg),*),));
        }
    )*};
}
recordings! {
    problem_f64_can_be_recorded: problem::problem, (x: f64);
    problem_f32_can_be_recorded: problem::problem, (x: f32);
    problem_i8_can_be_recorded: problem::problem, (x: i8);
    problem_i16_can_be_recorded: problem::problem, (x: i16);
    problem_i32_can_be_recorded: problem::problem, (x: i32);
    problem_i64_can_be_recorded: problem::problem, (x: i64);
    problem_u8_can_be_recorded: problem::problem, (x: u8);
    problem_u16_can_be_recorded: problem::problem, (x: u16);
    problem_u32_can_be_recorded: problem::problem, (x: u32);
    problem_u64_can_be_recorded: problem::problem, (x: u64);
    wind_power_f64_can_be_recorded: problem::wind_power, (x: f64);
    wind_power_f32_can_be_recorded: problem::wind_power, (x: f32);
    ten_branches_f64_can_be_recorded: problem::ten_branches, (x: f64);
    ten_branches_f32_can_be_recorded: problem::ten_branches, (x: f32);
    leaky_relu_f64_can_be_recorded: problem::leaky_relu, (x: f64);
    leaky_relu_f32_can_be_recorded: problem::leaky_relu, (x: f32);
    mandelbrot_f64_can_be_recorded: problem::mandelbrot, (re: f64, im: f64);
    mandelbrot_f32_can_be_recorded: problem::mandelbrot, (re: f32, im: f32);
    beaufort_f64_can_be_recorded: problem::beaufort, (x: f64);
    beaufort_f32_can_be_recorded: problem::beaufort, (x: f32);
}

/// Elementary functions and what is made of them: no snapshots, which would be long, but the same bits.
macro_rules! recorded_alike {
    ($($path:ident::$name:ident $arguments:tt -> $out:ident: $($t:ident)*;)*) => {
        #[test]
        fn elementary_functions_can_be_recorded() {
            $($(recorded_alike!(@check $path::$name $arguments $out $t);)*)*
        }

        #[test]
        fn every_elementary_function_is_recorded() {
            let listed = [$(stringify!($name)),*];
            // Loops of others under names of their own.
            let again = ["float_power", "conjugate"];
            for f in lanefn::catalogue().iter().filter(|f| f.loops.iter().any(|l| l.bound.is_some())) {
                if again.contains(&f.name) {
                    continue;
                }
                assert!(listed.contains(&f.name), "{} is not in the list", f.name);
            }
        }
    };
    (@check $path:ident::$name:ident ($($arg:ident),*) $out:ident $t:ident) => {
        let recording = record::<$path::$name, ($(recorded_alike!(@type $t $arg),)*)>();
        let plain = |($($arg,)*): ($(recorded_alike!(@type $t $arg),)*)| {
            recorded_alike!(@$out $path::$name($($arg),*))
        };
        agrees::<$path::$name, ($(recorded_alike!(@type $t $arg),)*)>(&recording, 200, plain);
    };
    (@type $t:ident n) => { i32 };
    (@type $t:ident $arg:ident) => { $t };
    (@one $call:expr) => { ($call,) };
    (@many $call:expr) => { $call };
}
recorded_alike! {
    problem::gaussian_bump (x) -> one: f64 f32;
    problem::srgb_to_linear (x) -> one: f64 f32;
    problem::linear_to_srgb (x) -> one: f64 f32;
    problem::haversine (a, b, c, d) -> one: f64 f32;
    problem::wind_direction (u, v) -> one: f64 f32;
    problem::gelu (x) -> one: f64 f32;
    problem::black_scholes (spot, strike, rate, volatility, time) -> many: f64 f32;
    math::exp (x) -> one: f64 f32;
    math::exp2 (x) -> one: f64 f32;
    math::exp10 (x) -> one: f64 f32;
    math::expm1 (x) -> one: f64 f32;
    math::log (x) -> one: f64 f32;
    math::log2 (x) -> one: f64 f32;
    math::log10 (x) -> one: f64 f32;
    math::log1p (x) -> one: f64 f32;
    math::pow (x, y) -> one: f64 f32 i64 u8;
    math::cbrt (x) -> one: f64 f32;
    math::rsqrt (x) -> one: f64 f32;
    math::sqrt (x) -> one: f64 f32;
    math::hypot (x, y) -> one: f64 f32;
    math::sin (x) -> one: f64 f32;
    math::cos (x) -> one: f64 f32;
    math::tan (x) -> one: f64 f32;
    math::sincos (x) -> many: f64 f32;
    math::sinpi (x) -> one: f64 f32;
    math::cospi (x) -> one: f64 f32;
    math::tanpi (x) -> one: f64 f32;
    math::asin (x) -> one: f64 f32;
    math::acos (x) -> one: f64 f32;
    math::atan (x) -> one: f64 f32;
    math::atan2 (y, x) -> one: f64 f32;
    math::sigmoid (x) -> one: f64 f32;
    math::logit (x) -> one: f64 f32;
    math::softplus (x) -> one: f64 f32;
    math::sinh (x) -> one: f64 f32;
    math::cosh (x) -> one: f64 f32;
    math::tanh (x) -> one: f64 f32;
    math::asinh (x) -> one: f64 f32;
    math::acosh (x) -> one: f64 f32;
    math::atanh (x) -> one: f64 f32;
    math::erf (x) -> one: f64 f32;
    math::erfc (x) -> one: f64 f32;
    math::gamma (x) -> one: f64 f32;
    math::lgamma (x) -> one: f64 f32;
    math::fmod (x, y) -> one: f64 f32 i64 u8;
    math::remainder (x, y) -> one: f64 f32;
    math::floor_divide (x, y) -> one: f64 f32;
    math::copysign (x, y) -> one: f64 f32;
    math::nextafter (x, y) -> one: f64 f32;
    math::maximum (x, y) -> one: f64 f32 i64 u8;
    math::minimum (x, y) -> one: f64 f32 i64 u8;
    math::fmax (x, y) -> one: f64 f32 i64 u8;
    math::fmin (x, y) -> one: f64 f32 i64 u8;
    math::divmod (x, y) -> many: f64 f32;
    math::heaviside (x, h) -> one: f64 f32;
    math::clip (x, low, high) -> one: f64 f32 i64 u8;
    math::ldexp (x, n) -> one: f64 f32;
    math::frexp (x) -> many: f64 f32;
    math::modf (x) -> many: f64 f32;
    math::deg2rad (x) -> one: f64 f32;
    math::rad2deg (x) -> one: f64 f32;
    math::floor (x) -> one: f64 f32;
    math::ceil (x) -> one: f64 f32;
    math::trunc (x) -> one: f64 f32;
    math::rint (x) -> one: f64 f32;
    math::round (x) -> one: f64 f32;
    math::spacing (x) -> one: f64 f32;
    math::add (x, y) -> one: f64 f32 i64 u8;
    math::subtract (x, y) -> one: f64 f32 i64 u8;
    math::multiply (x, y) -> one: f64 f32 i64 u8;
    math::divide (x, y) -> one: f64 f32;
    math::negative (x) -> one: f64 f32 i64 u8;
    math::positive (x) -> one: f64 f32 i64 u8;
    math::fabs (x) -> one: f64 f32;
    math::less (x, y) -> one: f64 f32 i64 u8 bool;
    math::less_equal (x, y) -> one: f64 f32 i64 u8 bool;
    math::greater (x, y) -> one: f64 f32 i64 u8 bool;
    math::greater_equal (x, y) -> one: f64 f32 i64 u8 bool;
    math::equal (x, y) -> one: f64 f32 i64 u8 bool;
    math::not_equal (x, y) -> one: f64 f32 i64 u8 bool;
    math::logical_and (x, y) -> one: f64 f32 i64 u8 bool;
    math::logical_or (x, y) -> one: f64 f32 i64 u8 bool;
    math::logical_xor (x, y) -> one: f64 f32 i64 u8 bool;
    math::logical_not (x) -> one: f64 f32 i64 u8 bool;
    math::abs (x) -> one: f64 f32 i64 u8;
    math::square (x) -> one: f64 f32 i64 u8;
    math::reciprocal (x) -> one: f64 f32 i64 u8;
    math::sign (x) -> one: f64 f32 i64 u8;
    math::signbit (x) -> one: f64 f32;
    math::isnan (x) -> one: f64 f32;
    math::isinf (x) -> one: f64 f32;
    math::isfinite (x) -> one: f64 f32;
    math::gcd (x, y) -> one: i64 u8;
    math::lcm (x, y) -> one: i64 u8;
    math::left_shift (x, y) -> one: i64 u8;
    math::right_shift (x, y) -> one: i64 u8;
    math::bitwise_and (x, y) -> one: i64 u8;
    math::bitwise_or (x, y) -> one: i64 u8;
    math::bitwise_xor (x, y) -> one: i64 u8;
    math::bit_count (x) -> one: i64 u8;
    math::invert (x) -> one: i64 u8;
    math::logaddexp (x, y) -> one: f64 f32;
    math::logaddexp2 (x, y) -> one: f64 f32;
    math::xlogy (x, y) -> one: f64 f32;
}

/// A kernel with a slow path, which `#[ufunc]` doesn't make.
enum Slow {}

impl Kernel<(f64,)> for Slow {
    type Out = (f64,);
    type Busy = f64;
    const COST: u32 = 3;
    fn lanes<S: Shape>(s: S, (x,): (S::F64,)) -> (S::F64,) {
        let mut y = x * x;
        let huge = x.gt(s.lit(10.0));
        if s.enter_slow(huge) {
            let slow = x.sqrt();
            y = s.leave_slow(huge, slow, y);
        }
        (y,)
    }
}

impl Function for Slow {
    const NAME: &'static str = "slow";
    const DOC: &'static str = "";
    const ARGUMENTS: &'static [&'static str] = &["x"];
    const LOOPS: &'static [&'static lanefn::kernels::loops::Loop] = &[];
}

#[test]
fn a_slow_path_can_be_recorded() {
    check::<Slow, (f64,)>(|(x,)| (if x > 10.0 { x.sqrt() } else { x * x },));
}

#[test]
fn every_problem_function_is_recorded_for_every_dtype() {
    // As many snapshots as the problem functions have loops, and the slow path's.
    let loops = problem::problem::LOOPS.len()
        + problem::wind_power::LOOPS.len()
        + problem::ten_branches::LOOPS.len()
        + problem::leaky_relu::LOOPS.len()
        + problem::mandelbrot::LOOPS.len()
        + problem::beaufort::LOOPS.len();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recording/snapshots");
    let files = std::fs::read_dir(directory).expect("the snapshots are there").count();
    assert_eq!(files, loops + 1);
}
