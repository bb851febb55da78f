//! Random typed graphs: a recipe is a list of choices, so that it shrinks, and every recipe is a graph.

use lanefn::{
    compiler::{
        Graph, Id,
        graph::Table,
        value::{self, Value},
    },
    dtype::{Dtype, Type},
    kernels::lanes::traced::Operation,
};
use proptest::prelude::*;

/// One choice: what to do, a dtype, and which earlier values to do it with.
type Choice = (u8, u8, u16, u16, u16, u64);

/// How to make a graph.
#[derive(Clone, Debug)]
pub struct Recipe {
    inputs: Vec<u8>,
    choices: Vec<Choice>,
    outputs: Vec<u16>,
}

pub fn recipes() -> impl Strategy<Value = Recipe> {
    let choice =
        (any::<u8>(), any::<u8>(), any::<u16>(), any::<u16>(), any::<u16>(), special_bits());
    (
        proptest::collection::vec(any::<u8>(), 1..5),
        proptest::collection::vec(choice, 0..40),
        proptest::collection::vec(any::<u16>(), 1..4),
    )
        .prop_map(|(inputs, choices, outputs)| Recipe { inputs, choices, outputs })
}

fn special_bits() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        any::<i8>().prop_map(|v| (v as f64).to_bits()),
        any::<i8>().prop_map(|v| u64::from((v as f32).to_bits())),
        any::<i8>().prop_map(|v| v as i64 as u64),
    ]
}

fn dtype(code: u8) -> Dtype {
    Dtype::ALL[code as usize % Dtype::ALL.len()]
}

/// A number that is worth trying.
fn interesting(dtype: Dtype, seed: u64) -> Value {
    let r = seed >> 8;
    match (seed as u8 % 8, dtype) {
        (0, Dtype::F64) => Value::of(f64::NAN),
        (1, Dtype::F64) => Value::of(if r & 1 == 0 { f64::INFINITY } else { f64::NEG_INFINITY }),
        (2, Dtype::F64) => Value::of(if r & 1 == 0 { 0.0 } else { -0.0 }),
        (0, Dtype::F32) => Value::of(f32::NAN),
        (1, Dtype::F32) => Value::of(if r & 1 == 0 { f32::INFINITY } else { f32::NEG_INFINITY }),
        (2, Dtype::F32) => Value::of(if r & 1 == 0 { 0.0f32 } else { -0.0 }),
        (3..6, _) => Value::of(r as i8 as f64 * 0.5).cast(dtype),
        _ => Value::from_bits(dtype, r ^ seed.rotate_left(40)),
    }
}

struct Making {
    graph: Graph,
    /// What can be used, by dtype.
    values: Vec<Vec<Id>>,
}

impl Making {
    fn of(&mut self, dtype: Dtype, which: u16, bits: u64) -> Id {
        let all = &self.values[dtype as usize];
        if all.is_empty() {
            return self.graph.constant(interesting(dtype, bits));
        }
        all[which as usize % all.len()]
    }

    fn give(&mut self, dtype: Dtype, id: Id) {
        self.values[dtype as usize].push(id);
    }

    fn choose(&mut self, &(what, code, a, b, c, bits): &Choice, depth: usize) {
        let d = dtype(code);
        let all = Operation::ALL;
        match what as usize % (all.len() + 6) {
            k if k < all.len() => {
                let operation = all[k];
                // Arguments of one dtype, and what comes out of them.
                let (args, out): (Vec<Dtype>, Dtype) = match operation {
                    Operation::Select | Operation::Slow => (vec![Dtype::Bool, d, d], d),
                    Operation::Eq | Operation::Ne | Operation::Lt | Operation::Le => {
                        (vec![d, d], Dtype::Bool)
                    }
                    Operation::Cast => (vec![dtype(bits as u8)], d),
                    Operation::ToBits if d == Dtype::F32 => (vec![d], Dtype::U32),
                    Operation::ToBits => (vec![Dtype::F64], Dtype::U64),
                    Operation::FromBits if d == Dtype::F32 => (vec![Dtype::U32], d),
                    Operation::FromBits => (vec![Dtype::U64], Dtype::F64),
                    _ => (vec![d; operation.nin()], d),
                };
                if !value::fits(operation, out, args.iter().copied()) {
                    return;
                }
                let ids: Vec<Id> =
                    args.iter().zip([a, b, c]).map(|(&d, which)| self.of(d, which, bits)).collect();
                let mut ids = ids;
                // Which NaN it is nobody promises.
                if let Some(seen) = match operation {
                    Operation::ToBits => Some(0),
                    Operation::Copysign => Some(1),
                    _ => None,
                } {
                    let nan = self.graph.constant(Value::of(f64::NAN).cast(args[seen]));
                    let x = ids[seen];
                    let is = self.graph.apply(Operation::Ne, Dtype::Bool, &[x, x]);
                    ids[seen] = self.graph.apply(Operation::Select, args[seen], &[is, nan, x]);
                }
                let id = self.graph.apply(operation, out, &ids);
                self.give(out, id);
            }
            k if k < all.len() + 2 => {
                let id = self.graph.constant(interesting(d, bits));
                self.give(d, id);
            }
            k if k == all.len() + 2 => {
                let entries: Vec<u64> = (0..1 + u64::from(a % 9))
                    .map(|i| interesting(d, bits.wrapping_mul(2 * i + 1)).bits())
                    .collect();
                let table = self.graph.table(Table { ty: Type::Is(d), entries });
                let index = self.of(Dtype::U64, b, bits);
                let id = self.graph.lookup(table, index);
                self.give(d, id);
            }
            _ if depth < 2 => self.turns(d, [a, b, c], bits, depth),
            _ => {}
        }
    }

    /// A loop of a few turns: a count goes down, and other values go round.
    fn turns(&mut self, d: Dtype, which: [u16; 3], bits: u64, depth: usize) {
        let count = self.of(Dtype::U8, which[0], bits);
        let limit = self.graph.lit(5u8);
        let count = self.graph.apply(Operation::Minimum, Dtype::U8, &[count, limit]);
        let firsts = [count, self.of(d, which[1], bits), self.of(d, which[2], bits >> 7)];
        let (l, inside) = self.graph.begin_loop(&firsts);
        let outside = self.values.clone();
        self.give(Dtype::U8, inside[0]);
        self.give(d, inside[1]);
        self.give(d, inside[2]);
        let (zero, one) = (self.graph.lit(0u8), self.graph.lit(1u8));
        let go = self.graph.apply(Operation::Lt, Dtype::Bool, &[zero, inside[0]]);
        for k in 0..1 + bits % 5 {
            let r = bits.rotate_left(11 * k as u32 + 3).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let choice = (
                (r >> 8) as u8,
                code_of(d, (r >> 16) as u8),
                (r >> 24) as u16,
                (r >> 32) as u16,
                (r >> 40) as u16,
                r,
            );
            self.choose(&choice, depth + 1);
        }
        let down = self.graph.apply(Operation::Sub, Dtype::U8, &[inside[0], one]);
        let nexts = [down, self.of(d, u16::MAX - 2, bits), self.of(d, which[1] ^ 5, bits)];
        let after = self.graph.end_loop(l, go, &nexts);
        self.values = outside;
        self.give(Dtype::U8, after[0]);
        self.give(d, after[1]);
        self.give(d, after[2]);
    }
}

/// Mostly the same dtype.
fn code_of(d: Dtype, code: u8) -> u8 {
    if code.is_multiple_of(3) { code } else { d as u8 }
}

impl Recipe {
    pub fn graph(&self) -> Graph {
        let mut making = Making { graph: Graph::new(), values: vec![Vec::new(); Dtype::ALL.len()] };
        for (i, &code) in self.inputs.iter().enumerate() {
            let id = making.graph.input_of(&format!("x{i}"), dtype(code));
            making.give(dtype(code), id);
        }
        let mut last = making.values.iter().flatten().copied().collect::<Vec<_>>();
        for choice in &self.choices {
            making.choose(choice, 0);
            last = making.values.iter().flatten().copied().collect();
        }
        for &output in &self.outputs {
            // Late values, mostly.
            let at = last.len() - 1 - output as usize % last.len().min(12);
            let mut all = last.clone();
            all.sort_unstable();
            making.graph.output(all[at]);
        }
        making.graph
    }

    /// `n` elements of each input.
    pub fn inputs(&self, n: usize, seed: u64) -> Vec<Vec<Value>> {
        let mut state = seed | 1;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        };
        let each =
            self.inputs.iter().map(|&c| (0..n).map(|_| interesting(dtype(c), next())).collect());
        each.collect()
    }
}
