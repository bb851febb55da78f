//! What tests of compiled graphs share, and the fuzzer (`fuzz/`) with them: an oracle, graphs at random, memory
//! that ends where it ends.
#![allow(dead_code, unused_imports, reason = "no program of tests uses all of it")]

mod memory;
mod oracle;
mod random;

pub use memory::{Memory, Rows};
pub use oracle::{Oracle, evaluate, meet, physical, weaken};
pub use random::{random_graph, random_plain_graph, random_slow_graph, wide_graph, wide_graph_of};

use lanefn_compiler::{dtype::Dtype, value::Value};
use lanefn_kernels::level::Level;

/// Whether two values are equal to the bit, or both NaN.
pub fn agree(a: Value, b: Value) -> bool {
    let nan = |v: Value| match v.dtype() {
        Dtype::F32 | Dtype::F64 => v.cast(Dtype::F64).get::<f64>().is_some_and(f64::is_nan),
        _ => false,
    };
    a == b || a.dtype() == b.dtype() && nan(a) && nan(b)
}

/// The levels that have machine code of their own and that this CPU has. Those that it lacks are printed.
pub fn levels_with_code() -> Vec<Level> {
    let (here, lacking): (Vec<_>, Vec<_>) =
        [Level::Avx2, Level::Avx512].into_iter().partition(|l| l.is_present());
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        for level in lacking {
            println!("skipped: machine code for {level}, which this CPU lacks");
        }
    });
    here
}

/// Whether this CPU can run machine code. Where it can't, that is printed.
pub fn there_is_code() -> bool {
    !levels_with_code().is_empty()
}

// ---------------------------------------------------------------------------------------------------
// Chance

/// Numbers that follow from a first one (SplitMix64), or that stand in a list. What is made of zeros is the
/// simplest there is.
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
    /// The list, the last number first.
    list: Option<Vec<u64>>,
}

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance { state: seed, list: None }
    }

    /// These numbers, and zeros after them.
    pub fn of(mut list: Vec<u64>) -> Chance {
        list.reverse();
        Chance { state: 0, list: Some(list) }
    }

    pub fn next(&mut self) -> u64 {
        if let Some(list) = &mut self.list {
            return list.pop().unwrap_or(0);
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) + 1 == n
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A value of a dtype: often a special one.
    pub fn value(&mut self, dtype: Dtype) -> Value {
        let special = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -1.5,
            2.5,
            1e-3,
            127.0,
            128.0,
            255.0,
            256.0,
            -129.0,
            32767.5,
            65535.0,
            65536.0,
            2147483647.0,
            2147483648.0,
            -2147483649.0,
            4294967295.0,
            4294967296.0,
            9007199254740993.0,
            9223372036854775807.0,
            -9223372036854775808.0,
            18446744073709551615.0,
            1e19,
            -1e19,
            1e30,
            1e300,
            1e-300,
            5e-324,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        let bits = self.next();
        match (dtype, self.below(5)) {
            (Dtype::Bool, _) => Value::from_bits(dtype, bits & 1),
            (Dtype::F64 | Dtype::F32, 0) => Value::of(self.pick(&special)).cast(dtype),
            (Dtype::F64 | Dtype::F32, 1) => Value::from_bits(dtype, bits),
            (Dtype::F64 | Dtype::F32, 2) => {
                Value::of((bits as i64 >> 40) as f64 / 1024.0).cast(dtype)
            }
            // Powers of two, from the least to infinity.
            (Dtype::F64 | Dtype::F32, 3) => {
                let (fraction, exponents) =
                    if dtype == Dtype::F64 { (52, 2048) } else { (23, 256) };
                let ends = [0, 1, 2, exponents - 3, exponents - 2, exponents - 1];
                let any = self.next() % exponents;
                let exponent = if self.one_in(3) { self.pick(&ends) } else { any };
                Value::from_bits(dtype, (bits % 2 * exponents + exponent) << fraction)
            }
            (Dtype::F64 | Dtype::F32, _) => {
                // Around the edges of integers.
                let edge =
                    2f64.powi(self.below(66) as i32) * if bits & 1 == 0 { 1.0 } else { -1.0 };
                Value::of(edge + (bits >> 60) as f64 / 4.0 - 2.0).cast(dtype)
            }
            (_, 0) => Value::from_bits(dtype, (self.below(9) as u64).wrapping_sub(4)),
            (_, 1) => {
                let power = 1_u64 << self.below(64);
                Value::from_bits(dtype, power.wrapping_sub(self.below(3) as u64))
            }
            (_, 2) => Value::from_bits(dtype, self.below(70) as u64),
            _ => Value::from_bits(dtype, bits),
        }
    }
}
