//! Typed graphs at random.

use lanefn_compiler::{
    Graph, Id,
    dtype::{Dtype, Type},
    graph::Table,
    value::{self, Value},
};
use lanefn_kernels::lanes::traced::Operation;

use super::Chance;

/// A typed graph that follows from a number, of about so many operations.
pub fn random_graph(seed: u64, size: usize) -> Graph {
    graph_of(&mut Chance::new(seed), size, false)
}

/// As [`random_graph`], of operations that are not rewritten while it is built.
pub fn random_plain_graph(chance: &mut Chance, size: usize) -> Graph {
    graph_of(chance, size, true)
}

fn graph_of(chance: &mut Chance, size: usize, plain: bool) -> Graph {
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
    let mut random = Random { chance, graph, nodes, dtypes, far, plain };
    random.block(size, 0);
    let Random { chance, mut graph, nodes, .. } = random;
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
pub fn random_slow_graph(chance: &mut Chance, size: usize) -> Graph {
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
    let mut random = Random { chance, graph, nodes, dtypes: narrow, far: false, plain: false };
    for _ in 0..1 + random.chance.below(2) {
        random.block(size / 2, 2);
        random.slow_arms(size, all, 2);
    }
    random.block(3, 2);
    let Random { chance, mut graph, nodes, .. } = random;
    for _ in 0..1 + chance.below(2) {
        graph.output(nodes[nodes.len() - 1 - chance.below(nodes.len().min(4))]);
    }
    graph
}

struct Random<'a> {
    chance: &'a mut Chance,
    graph: Graph,
    /// The nodes that may be used.
    nodes: Vec<Id>,
    dtypes: &'a [Dtype],
    /// Whether old nodes are used as often as new ones, so that many are alive at once.
    far: bool,
    /// Whether operations stay as they are.
    plain: bool,
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
        let value = match self.chance.below(3) {
            // Those that rewrites look for.
            0 if dtype != Dtype::Bool => {
                Value::of(self.chance.pick(&[1.0, 0.0, 2.0, -1.0, -0.0, 4.0, 0.5])).cast(dtype)
            }
            _ => self.chance.value(dtype),
        };
        self.graph.constant(value)
    }

    fn dtype(&mut self) -> Dtype {
        if self.chance.one_in(8) { Dtype::Bool } else { self.chance.pick(self.dtypes) }
    }

    fn block(&mut self, size: usize, depth: usize) {
        for _ in 0..size {
            match self.chance.below(60) {
                59 if depth < 2 && size > 3 => self.turns(size / 3, depth),
                57..59 => self.table(),
                54..57 => self.choice_of_alike(),
                53 => self.there_and_back(),
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
            let x = self.apply(Operation::Cast, to, &[x]);
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
                    self.apply(Operation::Cast, dtype, &[x])
                }
            });
        }
        self.nodes.truncate(outside);
        self.dtypes = narrow;
        for ((dtype, value), slow) in choices.into_iter().zip(slow) {
            let choice = self.apply(Operation::Slow, dtype, &[mask, slow, value]);
            self.nodes.push(choice);
        }
    }

    fn apply(&mut self, operation: Operation, dtype: Dtype, args: &[Id]) -> Id {
        match self.plain {
            true => self.graph.apply_plain(operation, dtype, args),
            false => self.graph.apply(operation, dtype, args),
        }
    }

    fn operation(&mut self) {
        let operation = self.chance.pick(Operation::ALL);
        let dtype = self.dtype();
        if let Some((gives, of)) = self.signature(operation, dtype) {
            let mut args = [0; 3];
            for (arg, &dtype) in args.iter_mut().zip(&of[..operation.nin()]) {
                *arg = self.node(dtype);
            }
            let id = self.apply_guarded(operation, gives, &mut args[..operation.nin()]);
            self.nodes.push(id);
        }
    }

    /// The dtypes that an operation gives and takes, if there is one that gives `dtype`, or a truth.
    fn signature(&mut self, operation: Operation, dtype: Dtype) -> Option<(Dtype, [Dtype; 3])> {
        use Operation::*;
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
        let fits = value::fits(operation, gives, of[..operation.nin()].iter().copied());
        fits.then_some((gives, of))
    }

    /// An operation that does not see the bits of a NaN, which are nobody's business.
    fn apply_guarded(&mut self, operation: Operation, gives: Dtype, args: &mut [Id]) -> Id {
        use Operation::*;
        let bare = match operation {
            ToBits => Some(0),
            Copysign => Some(1),
            _ => None,
        };
        if let Some(at) = bare {
            let x = args[at];
            let dtype = self.graph.dtype(x).expect("typed");
            let number = self.apply(Eq, Dtype::Bool, &[x, x]);
            let one = self.graph.constant(Value::of(1.5).cast(dtype));
            args[at] = self.apply(Select, dtype, &[number, x, one]);
        }
        self.apply(operation, gives, args)
    }

    /// Twice, what once more may undo.
    fn there_and_back(&mut self) {
        use Operation::*;
        let (from, to) = (self.dtype(), self.dtype());
        let x = self.node(from);
        let operation = self.chance.pick(&[Cast, Neg, Not, Abs]);
        let twice = match operation {
            Cast => [(operation, to), (operation, from)],
            _ => [(operation, from), (operation, from)],
        };
        let mut id = x;
        for (operation, gives) in twice {
            let of = self.graph.dtype(id).expect("typed");
            if !value::fits(operation, gives, [of].into_iter()) {
                return;
            }
            id = self.apply(operation, gives, &[id]);
        }
        self.nodes.push(id);
    }

    /// A choice whose arms end in the same.
    fn choice_of_alike(&mut self) {
        let dtype = self.dtype();
        let truth = self.node(Dtype::Bool);
        let [yes, no] = self.alike(dtype, 2);
        if self.chance.one_in(6) {
            // The arm is needed besides.
            self.nodes.push(yes);
        }
        let id = self.apply(Operation::Select, dtype, &[truth, yes, no]);
        self.nodes.push(id);
    }

    /// Two values of a dtype that are made by one operation of others, some of which they share.
    fn alike(&mut self, dtype: Dtype, depth: usize) -> [Id; 2] {
        for _ in 0..8 {
            let operation = self.chance.pick(Operation::ALL);
            let Some((gives, of)) = self.signature(operation, dtype) else { continue };
            if gives != dtype {
                continue;
            }
            let mut both = [[0; 3]; 2];
            let differs = self.chance.below(operation.nin());
            for n in 0..operation.nin() {
                [both[0][n], both[1][n]] = match self.chance.below(4) {
                    0 | 1 if n != differs => [self.node(of[n]); 2],
                    2 if depth > 0 => self.alike(of[n], depth - 1),
                    _ => [self.node(of[n]), self.node(of[n])],
                };
            }
            if operation.nin() == 2 && of[0] == of[1] && self.chance.one_in(4) {
                both[1].swap(0, 1);
            }
            return both.map(|mut args| {
                self.apply_guarded(operation, gives, &mut args[..operation.nin()])
            });
        }
        [self.node(dtype), self.node(dtype)]
    }

    fn table(&mut self) {
        let dtype = self.dtype();
        let count = self.chance.below(20);
        let entries = (0..count).map(|_| self.chance.value(dtype).bits()).collect();
        let table = self.graph.table(Table { ty: Type::Is(dtype), entries });
        let from = match self.dtypes.iter().find(|d| !matches!(d, Dtype::F32 | Dtype::F64)) {
            Some(&from) if !self.dtypes.contains(&Dtype::U64) => from,
            _ => Dtype::U64,
        };
        let mut index = self.node(from);
        if from != Dtype::U64 {
            index = self.apply(Operation::Cast, Dtype::U64, &[index]);
        }
        if self.chance.one_in(2) {
            let mask = self.graph.lit(31_u64);
            index = self.apply(Operation::And, Dtype::U64, &[index, mask]);
        }
        if self.graph.tables()[table as usize].is_short() && self.chance.one_in(2) {
            index = self.apply(Operation::Cast, Dtype::U32, &[index]);
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
        let limit = self.apply(Operation::Fmin, counts, &[limit, most]);
        let mut firsts = vec![zero];
        for _ in 0..1 + self.chance.below(3) {
            let dtype = self.dtype();
            firsts.push(self.node(dtype));
        }
        let (l, inside) = self.graph.begin_loop(&firsts);
        let outside = self.nodes.len();
        self.nodes.extend_from_slice(&inside);
        let mut go = self.apply(Operation::Lt, Dtype::Bool, &[inside[0], limit]);
        if self.chance.one_in(2) {
            self.block(2, depth + 1);
            let more = self.node(Dtype::Bool);
            go = self.apply(Operation::And, Dtype::Bool, &[go, more]);
        }
        self.block(size, depth + 1);
        let mut nexts = vec![self.apply(Operation::Add, counts, &[inside[0], one])];
        for &id in &inside[1..] {
            let dtype = self.graph.dtype(id).expect("typed");
            nexts.push(self.node(dtype));
        }
        let after = self.graph.end_loop(l, go, &nexts);
        self.nodes.truncate(outside);
        self.nodes.extend_from_slice(&after[1..]);
    }
}

/// So many values and as many truths, all of which are needed at the end.
pub fn wide_graph(chance: &mut Chance, many: usize, dtype: Dtype) -> Graph {
    use Operation::*;
    wide_graph_of(chance, many, dtype, &[Add, Sub, Mul, Fmin, Maximum])
}

/// As [`wide_graph`], by these operations.
pub fn wide_graph_of(
    chance: &mut Chance,
    many: usize,
    dtype: Dtype,
    operations: &[Operation],
) -> Graph {
    use Operation::*;
    let mut graph = Graph::new();
    let x = graph.input_of("x", dtype);
    let y = graph.input_of("y", dtype);
    let mut values = vec![x, y];
    let mut truths = Vec::new();
    for _ in 0..many {
        let constant = graph.constant(chance.value(dtype));
        let (a, b) = (chance.pick(&values), chance.pick(&values));
        let sum = graph.apply(chance.pick(operations), dtype, &[a, constant]);
        values.push(graph.apply(Fma, dtype, &[sum, b, a]));
        truths.push(graph.apply(chance.pick(&[Lt, Le, Ne]), Dtype::Bool, &[sum, b]));
    }
    let mut out = y;
    for (value, truth) in values.into_iter().skip(2).zip(truths) {
        let other = graph.apply(Fma, dtype, &[value, x, out]);
        out = graph.apply(Select, dtype, &[truth, value, other]);
    }
    graph.output(out);
    graph
}
