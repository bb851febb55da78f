//! What tests of compiled graphs share: an oracle, graphs at random, memory that ends where it ends.
#![allow(dead_code, reason = "no file of tests uses all of it")]

use lanefn_compiler::{
    Graph, Id, Op,
    dtype::{Dtype, Type},
    graph::Table,
    value::{self, Value},
};
use lanefn_kernels::{lanes::traced::Operation, level::Level};

// ---------------------------------------------------------------------------------------------------
// The oracle

/// The outputs of a typed graph for one element of each input, node by node.
pub fn evaluate(graph: &Graph, inputs: &[Value]) -> Vec<Value> {
    let n = graph.nodes().len();
    let mut inside = vec![vec![false; n]; graph.loops().len()];
    for (l, of) in graph.loops().iter().enumerate() {
        for &id in &of.inside {
            inside[l][id as usize] = true;
        }
        for (id, node) in graph.nodes().iter().enumerate() {
            inside[l][id] |= node.args.iter().any(|&a| inside[l][a as usize])
                && !matches!(node.op, Op::After(of, _) if of as usize == l);
        }
    }
    let mut oracle = Oracle { graph, inputs, known: vec![None; n], inside };
    graph.outputs().iter().map(|&id| oracle.value(id)).collect()
}

struct Oracle<'a> {
    graph: &'a Graph,
    inputs: &'a [Value],
    known: Vec<Option<Value>>,
    /// Of each loop, which nodes change in it.
    inside: Vec<Vec<bool>>,
}

impl Oracle<'_> {
    fn value(&mut self, id: Id) -> Value {
        if let Some(known) = self.known[id as usize] {
            return known;
        }
        let graph = self.graph;
        let node = graph.node(id);
        let dtype = graph.dtype(id).expect("a typed graph");
        let value = match node.op {
            Op::Input(n) => self.inputs[n as usize],
            Op::Const(bits) => Value::from_bits(dtype, bits),
            Op::Apply(Operation::Slow) => {
                let truth = self.value(node.args[0]).bits() != 0;
                self.value(node.args[if truth { 1 } else { 2 }])
            }
            Op::Apply(operation) => {
                let args: Vec<Value> = node.args.iter().map(|&a| self.value(a)).collect();
                value::apply(operation, dtype, &args).expect("there is such an operation")
            }
            Op::Lookup(table) => {
                let entries = &graph.tables()[table as usize].entries;
                let index = self.value(node.args[0]).bits();
                let last = entries.len() as u64 - 1;
                Value::from_bits(dtype, entries[index.min(last) as usize])
            }
            Op::After(l, n) => {
                let of = &graph.loops()[l as usize];
                let mut state: Vec<Value> = of.firsts.iter().map(|&f| self.value(f)).collect();
                loop {
                    for (known, inside) in self.known.iter_mut().zip(&self.inside[l as usize]) {
                        if *inside {
                            *known = None;
                        }
                    }
                    for (&id, &value) in of.inside.iter().zip(&state) {
                        self.known[id as usize] = Some(value);
                    }
                    if self.value(of.go).bits() == 0 {
                        break;
                    }
                    state = of.nexts.iter().map(|&next| self.value(next)).collect();
                }
                state[n as usize]
            }
            Op::Inside(..) | Op::Call(..) | Op::Convert | Op::Choose => {
                panic!("node {id} is {:?}", node.op)
            }
        };
        self.known[id as usize] = Some(value);
        value
    }
}

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

/// Numbers that follow from a first one (SplitMix64).
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
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
        match (dtype, self.below(4)) {
            (Dtype::Bool, _) => Value::from_bits(dtype, bits & 1),
            (Dtype::F64 | Dtype::F32, 0) => Value::of(self.pick(&special)).cast(dtype),
            (Dtype::F64 | Dtype::F32, 1) => Value::from_bits(dtype, bits),
            (Dtype::F64 | Dtype::F32, 2) => {
                Value::of((bits as i64 >> 40) as f64 / 1024.0).cast(dtype)
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

// ---------------------------------------------------------------------------------------------------
// Graphs at random

/// A typed graph that follows from a number, of about so many operations.
pub fn random_graph(seed: u64, size: usize) -> Graph {
    let mut chance = Chance(seed);
    let sets: [&[Dtype]; 12] = [
        &[Dtype::F64],
        &[Dtype::F32],
        &[Dtype::F64, Dtype::U64],
        &[Dtype::F32, Dtype::U32, Dtype::I32],
        &[Dtype::F64, Dtype::F32, Dtype::I32],
        &[Dtype::I64, Dtype::U64],
        &[Dtype::I32, Dtype::U32],
        &[Dtype::I16, Dtype::U16],
        &[Dtype::I8, Dtype::U8],
        &[Dtype::I8, Dtype::U8, Dtype::I16, Dtype::U16, Dtype::I32, Dtype::U32, Dtype::F32],
        &[Dtype::Bool],
        &Dtype::ALL,
    ];
    let dtypes = chance.pick(&sets);
    let mut graph = Graph::new();
    let mut nodes = Vec::new();
    let many = chance.one_in(20);
    for n in 0..1 + chance.below(if many { 14 } else { 4 }) {
        let dtype = if chance.one_in(6) { Dtype::Bool } else { chance.pick(dtypes) };
        nodes.push(graph.input_of(&format!("x{n}"), dtype));
    }
    let far = chance.one_in(3);
    let mut random = Random { chance, graph, nodes, dtypes, far };
    random.block(size, 0);
    let Random { mut chance, mut graph, nodes, .. } = random;
    for _ in 0..1 + chance.below(3) {
        // Late nodes mostly.
        let late = nodes.len() - 1 - chance.below(nodes.len().min(4));
        let any = chance.below(nodes.len());
        let id = nodes[if chance.one_in(4) { any } else { late }];
        graph.output(id);
    }
    graph
}

/// A typed graph that computes in narrow types but for slow arms in wide ones.
pub fn random_slow_graph(seed: u64, size: usize) -> Graph {
    let mut chance = Chance(seed);
    // The first of them are narrow.
    let sets: [(usize, &[Dtype]); 5] = [
        (1, &[Dtype::F32, Dtype::F64, Dtype::U64]),
        (2, &[Dtype::F32, Dtype::I32, Dtype::F64, Dtype::I64]),
        (2, &[Dtype::I16, Dtype::U16, Dtype::F32, Dtype::I32]),
        (2, &[Dtype::I8, Dtype::U8, Dtype::F64, Dtype::I16, Dtype::I64]),
        (1, &[Dtype::U8, Dtype::U16, Dtype::I16]),
    ];
    let (split, all) = chance.pick(&sets);
    let narrow = &all[..split];
    let mut graph = Graph::new();
    let mut nodes = Vec::new();
    for n in 0..2 + chance.below(3) {
        let dtype = if n == 1 { Dtype::Bool } else { chance.pick(narrow) };
        nodes.push(graph.input_of(&format!("x{n}"), dtype));
    }
    let mut random = Random { chance, graph, nodes, dtypes: narrow, far: false };
    for _ in 0..1 + random.chance.below(2) {
        random.block(size / 2, 2);
        random.slow_arms(size, all, 2);
    }
    random.block(3, 2);
    let Random { mut chance, mut graph, nodes, .. } = random;
    for _ in 0..1 + chance.below(2) {
        graph.output(nodes[nodes.len() - 1 - chance.below(nodes.len().min(4))]);
    }
    graph
}

struct Random<'a> {
    chance: Chance,
    graph: Graph,
    /// The nodes that may be used.
    nodes: Vec<Id>,
    dtypes: &'a [Dtype],
    /// Whether old nodes are used as often as new ones, so that many are alive at once.
    far: bool,
}

impl<'a> Random<'a> {
    /// A node of this dtype: one that there is, or a constant.
    fn node(&mut self, dtype: Dtype) -> Id {
        if !self.chance.one_in(6) {
            for _ in 0..12 {
                // Mostly one of the last.
                let n = self.nodes.len();
                let near = n - 1 - self.chance.below(n.min(6));
                let any = self.chance.below(n);
                let id = self.nodes[if self.far || self.chance.one_in(2) { any } else { near }];
                if self.graph.dtype(id) == Some(dtype) {
                    return id;
                }
            }
        }
        let value = self.chance.value(dtype);
        self.graph.constant(value)
    }

    fn dtype(&mut self) -> Dtype {
        if self.chance.one_in(8) { Dtype::Bool } else { self.chance.pick(self.dtypes) }
    }

    fn block(&mut self, size: usize, depth: usize) {
        for _ in 0..size {
            match self.chance.below(60) {
                0 if depth < 2 && size > 3 => self.turns(size / 3, depth),
                1 if self.dtypes.iter().any(|d| d.size() == 8) => self.table(),
                _ => self.operation(),
            }
        }
    }

    /// Choices of slow arms that are computed in other types, and those of more such arms within.
    fn slow_arms(&mut self, size: usize, all: &'a [Dtype], depth: usize) {
        let mask = self.node(Dtype::Bool);
        let outside = self.nodes.len();
        let mut choices = Vec::new();
        for _ in 0..1 + self.chance.below(3) {
            let dtype = self.dtype();
            let value = self.node(dtype);
            choices.push((dtype, value));
        }
        let narrow = std::mem::replace(&mut self.dtypes, all);
        let wide = &all[narrow.len().min(all.len() - 1)..];
        for _ in 0..3 {
            let from = self.chance.pick(narrow);
            let to = self.chance.pick(wide);
            let x = self.node(from);
            let x = self.graph.apply(Operation::Cast, to, &[x]);
            self.nodes.push(x);
        }
        self.block(size, 2);
        if depth > 0 && self.chance.one_in(3) {
            self.slow_arms(size / 2, all, depth - 1);
        }
        let mut slow = Vec::new();
        for &(dtype, _) in &choices {
            slow.push(match dtype {
                Dtype::Bool => self.node(Dtype::Bool),
                _ => {
                    let from = self.chance.pick(wide);
                    let x = self.node(from);
                    self.graph.apply(Operation::Cast, dtype, &[x])
                }
            });
        }
        self.nodes.truncate(outside);
        self.dtypes = narrow;
        for ((dtype, value), slow) in choices.into_iter().zip(slow) {
            let choice = self.graph.apply(Operation::Slow, dtype, &[mask, slow, value]);
            self.nodes.push(choice);
        }
    }

    fn operation(&mut self) {
        use Operation::*;
        let operation = self.chance.pick(Operation::ALL);
        let dtype = self.dtype();
        let from = match operation {
            Select | Slow => Dtype::Bool,
            Cast | Eq | Ne | Lt | Le => self.dtype(),
            ToBits if dtype == Dtype::U64 => Dtype::F64,
            ToBits => Dtype::F32,
            FromBits if dtype == Dtype::F64 => Dtype::U64,
            FromBits => Dtype::U32,
            _ => dtype,
        };
        let gives = match operation {
            Eq | Ne | Lt | Le => Dtype::Bool,
            _ => dtype,
        };
        let others = if matches!(operation, Select | Slow) { dtype } else { from };
        let of = [from, others, others];
        if !value::fits(operation, gives, of[..operation.nin()].iter().copied()) {
            return;
        }
        let mut args: Vec<Id> = Vec::new();
        for &dtype in &of[..operation.nin()] {
            args.push(self.node(dtype));
        }
        // The bits of a NaN are nobody's business.
        let bare = match operation {
            ToBits => Some(0),
            Copysign => Some(1),
            _ => None,
        };
        if let Some(at) = bare {
            let x = args[at];
            let number = self.graph.apply(Eq, Dtype::Bool, &[x, x]);
            let one = self.graph.constant(Value::of(1.5).cast(from));
            args[at] = self.graph.apply(Select, from, &[number, x, one]);
        }
        let id = self.graph.apply(operation, gives, &args);
        self.nodes.push(id);
    }

    fn table(&mut self) {
        let dtype = self.dtype();
        let count = 1 + self.chance.below(20);
        let entries = (0..count).map(|_| self.chance.value(dtype).bits()).collect();
        let table = self.graph.table(Table { ty: Type::Is(dtype), entries });
        let mut index = self.node(Dtype::U64);
        if self.chance.one_in(2) {
            let mask = self.graph.lit(31_u64);
            index = self.graph.apply(Operation::And, Dtype::U64, &[index, mask]);
        }
        let id = self.graph.lookup(table, index);
        self.nodes.push(id);
    }

    /// A loop of a few turns, as many as a number in it says.
    fn turns(&mut self, size: usize, depth: usize) {
        let numbers = self.dtypes.iter().copied().find(|&d| d != Dtype::Bool);
        let counts = numbers.unwrap_or(Dtype::U8);
        let small = |graph: &mut Graph, v: i64| graph.constant(Value::of(v).cast(counts));
        let zero = small(&mut self.graph, 0);
        let one = small(&mut self.graph, 1);
        let most = small(&mut self.graph, 5);
        let limit = self.node(counts);
        let limit = self.graph.apply(Operation::Fmin, counts, &[limit, most]);
        let mut firsts = vec![zero];
        for _ in 0..1 + self.chance.below(3) {
            let dtype = self.dtype();
            firsts.push(self.node(dtype));
        }
        let (l, inside) = self.graph.begin_loop(&firsts);
        let outside = self.nodes.len();
        self.nodes.extend_from_slice(&inside);
        let mut go = self.graph.apply(Operation::Lt, Dtype::Bool, &[inside[0], limit]);
        if self.chance.one_in(2) {
            self.block(2, depth + 1);
            let more = self.node(Dtype::Bool);
            go = self.graph.apply(Operation::And, Dtype::Bool, &[go, more]);
        }
        self.block(size, depth + 1);
        let mut nexts = vec![self.graph.apply(Operation::Add, counts, &[inside[0], one])];
        for &id in &inside[1..] {
            let dtype = self.graph.dtype(id).expect("typed");
            nexts.push(self.node(dtype));
        }
        let after = self.graph.end_loop(l, go, &nexts);
        self.nodes.truncate(outside);
        self.nodes.extend_from_slice(&after[1..]);
    }
}

// ---------------------------------------------------------------------------------------------------
// Memory

const PAGE: usize = 4096;
/// The byte that is everywhere but in operands.
pub const CANARY: u8 = 0xa5;

/// Mapped pages with an unmapped one before and after.
pub struct Arena {
    first: *mut u8,
    bytes: usize,
}

impl Arena {
    pub fn new(bytes: usize) -> Arena {
        let bytes = bytes.next_multiple_of(PAGE);
        // SAFETY: a fresh mapping, of which all but the first and last page are then made accessible.
        unsafe {
            let at = libc::mmap(
                std::ptr::null_mut(),
                bytes + 2 * PAGE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            );
            assert!(at != libc::MAP_FAILED, "mmap: {}", std::io::Error::last_os_error());
            let first = at.cast::<u8>().add(PAGE);
            let done = libc::mprotect(first.cast(), bytes, libc::PROT_READ | libc::PROT_WRITE);
            assert!(done == 0, "mprotect: {}", std::io::Error::last_os_error());
            first.write_bytes(CANARY, bytes);
            Arena { first, bytes }
        }
    }

    pub fn len(&self) -> usize {
        self.bytes
    }

    pub fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.bytes);
        self.first.wrapping_add(offset)
    }

    pub fn all(&mut self) -> &mut [u8] {
        // SAFETY: mapped, initialised, and nobody else looks while `self` is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.first, self.bytes) }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made.
        unsafe { libc::munmap(self.first.sub(PAGE).cast(), self.bytes + 2 * PAGE) };
    }
}
