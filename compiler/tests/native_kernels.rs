//! Every built-in function, written down and made machine code, has the bits of its kernel.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod common;

use common::{Chance, agree};
use lanefn_compiler::{Graph, graph::Recorder, native, value::Value};
use lanefn_kernels::{
    level::Level,
    loops::{Function, Input, Loop},
    math, problem,
};

macro_rules! all {
    ($($function:path)*) => {
        [$((<$function as Function>::NAME, <$function as Function>::LOOPS)),*]
    };
}

/// Name and loops of each.
fn functions() -> impl IntoIterator<Item = (&'static str, &'static [&'static Loop])> {
    all![
        problem::problem problem::wind_power problem::ten_branches problem::leaky_relu
        problem::mandelbrot problem::beaufort problem::gaussian_bump problem::srgb_to_linear
        problem::linear_to_srgb problem::haversine problem::wind_direction problem::gelu
        problem::black_scholes math::add math::subtract math::multiply math::divide
        math::negative math::positive math::fabs math::less math::less_equal math::greater
        math::greater_equal math::equal math::not_equal math::logical_and math::logical_or
        math::logical_xor math::logical_not math::exp math::exp2 math::exp10 math::expm1
        math::log math::log2 math::log10 math::log1p math::pow math::cbrt math::rsqrt math::sqrt
        math::hypot math::sigmoid math::logit math::softplus math::logaddexp math::logaddexp2
        math::xlogy math::sin math::cos math::tan math::sincos math::sinpi math::cospi
        math::tanpi math::asin math::acos math::atan math::atan2 math::tanh math::sinh math::cosh
        math::asinh math::acosh math::atanh math::erf math::erfc math::gamma math::lgamma
        math::fmod math::remainder math::floor_divide math::divmod math::gcd math::lcm
        math::left_shift math::right_shift math::bit_count math::invert math::bitwise_and
        math::bitwise_or math::bitwise_xor math::maximum math::minimum math::fmax math::fmin
        math::clip math::heaviside math::abs math::sign math::square math::reciprocal
        math::deg2rad math::rad2deg math::floor math::ceil math::trunc math::rint math::round
        math::modf math::copysign math::nextafter math::spacing math::ldexp math::frexp
        math::signbit math::isnan math::isinf math::isfinite
    ]
}

const N: usize = 150;

fn check(name: &str, of: &Loop, chance: &mut Chance) {
    let mut graph = Graph::new();
    let ids: Vec<u32> = of.inputs.iter().map(|&d| graph.input_of("x", d)).collect();
    let outputs = of.record(&Recorder::new(&mut graph), &ids);
    for &id in &outputs[..of.outputs.len()] {
        graph.output(id);
    }
    let code = match native::compile(&graph, Level::Avx2) {
        Ok(code) => code,
        Err(e) => panic!("{name} of {:?}: {e}\n{graph}", of.inputs),
    };
    for _ in 0..8 {
        let values: Vec<Vec<Value>> =
            of.inputs.iter().map(|&d| (0..N).map(|_| chance.value(d)).collect()).collect();
        let bytes: Vec<Vec<u8>> = values
            .iter()
            .map(|of| {
                let bytes = |v: &Value| v.bits().to_le_bytes()[..v.dtype().size()].to_vec();
                of.iter().flat_map(bytes).collect()
            })
            .collect();
        let inputs: Vec<Input> =
            bytes.iter().map(|b| Input { at: b.as_ptr(), scalar: false }).collect();
        let room =
            || -> Vec<Vec<u8>> { of.outputs.iter().map(|d| vec![0; N * d.size()]).collect() };
        let (mut ours, mut theirs) = (room(), room());
        let at = |b: &mut Vec<Vec<u8>>| -> Vec<*mut u8> {
            b.iter_mut().map(|b| b.as_mut_ptr()).collect()
        };
        // SAFETY: AVX2 is present, or there were no code; N elements of each operand, apart.
        unsafe {
            code.run(&inputs, &at(&mut ours), N);
            of.inner(Level::Avx2)(&inputs, &at(&mut theirs), N);
        }
        for (o, &dtype) in of.outputs.iter().enumerate() {
            for i in 0..N {
                let value = |b: &[Vec<u8>]| {
                    let mut bits = [0; 8];
                    let at = i * dtype.size();
                    bits[..dtype.size()].copy_from_slice(&b[o][at..at + dtype.size()]);
                    Value::from_bits(dtype, u64::from_le_bytes(bits))
                };
                let (got, expected) = (value(&ours), value(&theirs));
                let of: Vec<Value> = values.iter().map(|v| v[i]).collect();
                assert!(
                    agree(got, expected),
                    "{name} of {of:?}: {got:?}, not {expected:?}\n{graph}"
                );
            }
        }
    }
}

#[test]
fn every_built_in_function_has_the_bits_of_its_kernel() {
    if !Level::Avx2.is_present() {
        return;
    }
    let mut chance = Chance(1);
    for (name, loops) in functions() {
        for of in loops {
            check(name, of, &mut chance);
        }
    }
}
