//! Open graphs at random: functions of the catalogue, choices whose arms end alike, loops, tables.

use lanefn::{
    Catalogue,
    compiler::{Graph, Id, Known, Vocabulary, graph::Table},
    dtype::{Dtype, Kind, Type, kind},
};

use crate::common::{Chance, meet, physical, weaken};

/// Functions of few operations.
const SHORT: [&str; 40] = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "floor_divide",
    "remainder",
    "fmod",
    "minimum",
    "maximum",
    "fmin",
    "fmax",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "equal",
    "not_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "invert",
    "left_shift",
    "right_shift",
    "negative",
    "positive",
    "abs",
    "sqrt",
    "square",
    "floor",
    "ceil",
    "trunc",
    "rint",
    "clip",
    "add",
    "multiply",
    "subtract",
];

/// Functions of the bits that a NaN has, which nobody promises.
pub const OF_NAN: [&str; 2] = ["copysign", "signbit"];

/// A node and its type, as far as that is known.
type Node = (Id, Type);

/// An open graph, and the types of its inputs.
pub fn random_open_graph(chance: &mut Chance, size: usize) -> (Graph, Vec<Type>) {
    let floats = [Dtype::F64, Dtype::F32];
    let few = [Dtype::F64, Dtype::F64, Dtype::F32, Dtype::I64, Dtype::I32, Dtype::U8, Dtype::Bool];
    let of = chance.below(3);
    let mut random =
        Random { graph: Graph::new(), nodes: Vec::new(), functions: functions(), chance };
    let mut types = Vec::new();
    for n in 0..1 + random.chance.below(4) {
        let ty = match of {
            _ if random.chance.one_in(25) => random.chance.pick(&[Type::Int, Type::Float]),
            0 => Type::Is(random.chance.pick(&floats)),
            1 => Type::Is(random.chance.pick(&few)),
            _ => Type::Is(random.chance.pick(&Dtype::ALL)),
        };
        let id = random.graph.input(&format!("x{n}"));
        random.nodes.push((id, ty));
        types.push(ty);
    }
    random.block(size, 0);
    let Random { chance, mut graph, nodes, .. } = random;
    for _ in 0..1 + chance.below(3) {
        graph.output(nodes[nodes.len() - 1 - chance.below(nodes.len().min(4))].0);
    }
    (graph, types)
}

/// What may be called: all functions, and those of few operations.
fn functions() -> &'static [Vec<Known>; 2] {
    static FUNCTIONS: std::sync::OnceLock<[Vec<Known>; 2]> = std::sync::OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let names = [Catalogue.names(), SHORT.to_vec()];
        names.map(|names| {
            let known = names.into_iter().filter_map(|name| Catalogue.find(name));
            known.filter(|known| !OF_NAN.contains(&known.name)).collect()
        })
    })
}

struct Random<'a> {
    graph: Graph,
    nodes: Vec<Node>,
    functions: &'static [Vec<Known>; 2],
    chance: &'a mut Chance,
}

impl Random<'_> {
    fn block(&mut self, size: usize, depth: usize) {
        for _ in 0..size {
            match self.chance.below(40) {
                0..20 => self.call(),
                20..32 => self.choice_of_alike(),
                32..34 => self.choice(),
                34 => self.lookup(),
                35..38 => self.convert(),
                _ if depth < 2 && size > 2 => self.turns(size / 2, depth),
                _ => self.call(),
            }
        }
    }

    /// A node: mostly one of the last, or a number.
    fn node(&mut self) -> Node {
        let n = self.nodes.len();
        match self.chance.below(8) {
            0..5 => self.nodes[n - 1 - self.chance.below(n.min(5))],
            5 | 6 => self.nodes[self.chance.below(n)],
            _ => self.number(),
        }
    }

    fn number(&mut self) -> Node {
        match self.chance.below(8) {
            0..3 => (self.graph.int(self.chance.below(4) as i64), Type::Int),
            3 => (self.graph.int(self.chance.below(200) as i64 - 70), Type::Int),
            4 | 5 => {
                let value = self.chance.pick(&[0.0, 1.0, 2.0, -1.0, 0.5, -0.0, 4.0, 0.1]);
                (self.graph.float(value), Type::Float)
            }
            6 => {
                let value = self.chance.value(Dtype::F64).get().unwrap_or(0.0);
                (self.graph.float(value), Type::Float)
            }
            _ => {
                let dtype = self.chance.pick(&Dtype::ALL);
                let value = self.chance.value(dtype);
                (self.graph.constant(value), Type::Is(dtype))
            }
        }
    }

    fn function(&mut self) -> Known {
        let [all, short] = self.functions;
        let of = if self.chance.one_in(30) { all } else { short };
        self.chance.pick(of)
    }

    /// A function of these, if it has a loop for them.
    fn called(&mut self, name: &'static str, output: u8, args: &[Node]) -> Option<Node> {
        let types: Vec<Type> = args.iter().map(|a| a.1).collect();
        let of = Catalogue.resolve(name, &types).ok()?;
        let ids: Vec<Id> = args.iter().map(|a| a.0).collect();
        let ty = weaken(of.outputs[output as usize], &types);
        Some((self.graph.call_output(name, output, &ids), ty))
    }

    fn call(&mut self) {
        let Known { name, nin, nout } = self.function();
        let args: Vec<Node> = (0..nin).map(|_| self.node()).collect();
        for output in 0..nout as u8 {
            let made = self.called(name, output, &args);
            self.nodes.extend(made);
        }
    }

    fn choice(&mut self) {
        let (truth, a, b) = (self.node(), self.node(), self.node());
        self.choose(truth, a, b);
    }

    fn choose(&mut self, truth: Node, a: Node, b: Node) {
        let id = self.graph.choose(truth.0, a.0, b.0);
        self.nodes.push((id, meet(a.1, b.1)));
    }

    fn choice_of_alike(&mut self) {
        let truth = self.node();
        let [yes, no] = self.alike(2);
        if self.chance.one_in(6) {
            // The arm is needed besides.
            self.nodes.push(yes);
        }
        self.choose(truth, yes, no);
    }

    /// Two values that are made by one function of others, some of which they share.
    fn alike(&mut self, depth: usize) -> [Node; 2] {
        let kind = self.chance.below(12);
        let Known { name, nin, nout } = match kind {
            0..10 => self.function(),
            _ => Known { name: "", nin: 1, nout: 1 },
        };
        let differs = self.chance.below(nin);
        let mut both = [Vec::new(), Vec::new()];
        for n in 0..nin {
            let [a, b] = match self.chance.below(4) {
                0 | 1 if n != differs => [self.node(); 2],
                2 if depth > 0 => self.alike(depth - 1),
                _ => [self.node(), self.node()],
            };
            both[0].push(a);
            both[1].push(b);
        }
        if nin == 2 && self.chance.one_in(4) {
            both[1].swap(0, 1);
        }
        let otherwise = [both[0][0], both[1][0]];
        match kind {
            0..10 => {
                let output = self.chance.below(nout) as u8;
                let [yes, no] = both;
                match (self.called(name, output, &yes), self.called(name, output, &no)) {
                    (Some(yes), Some(no)) => [yes, no],
                    _ => otherwise,
                }
            }
            10 => {
                let dtype = self.chance.pick(&Dtype::ALL);
                otherwise.map(|x| (self.graph.convert(dtype, x.0), Type::Is(dtype)))
            }
            _ => {
                let (table, ty) = self.table();
                otherwise.map(|x| {
                    let index = self.index(x);
                    (self.graph.lookup(table, index), ty)
                })
            }
        }
    }

    fn convert(&mut self) {
        let dtype = self.chance.pick(&Dtype::ALL);
        let x = self.node();
        let mut made = (self.graph.convert(dtype, x.0), Type::Is(dtype));
        if let (Type::Is(back), true) = (x.1, self.chance.one_in(3)) {
            made = (self.graph.convert(back, made.0), x.1);
        }
        self.nodes.push(made);
    }

    fn table(&mut self) -> (u32, Type) {
        let ty = match self.chance.below(4) {
            0 => Type::Int,
            1 => Type::Float,
            _ => Type::Is(self.chance.pick(&Dtype::ALL)),
        };
        let count = self.chance.below(12);
        let entries = (0..count).map(|_| self.chance.value(physical(ty)).bits()).collect();
        (self.graph.table(Table { ty, entries }), ty)
    }

    /// A whole number.
    fn index(&mut self, x: Node) -> Id {
        match kind(physical(x.1)) {
            Kind::Float => self.graph.convert(Dtype::I32, x.0),
            _ => x.0,
        }
    }

    fn lookup(&mut self) {
        let (table, ty) = self.table();
        let x = self.node();
        let index = self.index(x);
        let id = self.graph.lookup(table, index);
        self.nodes.push((id, ty));
    }

    /// A loop of a few turns.
    fn turns(&mut self, size: usize, depth: usize) {
        let (zero, one) = (self.graph.int(0), self.graph.int(1));
        let mut firsts = vec![(zero, Type::Int)];
        for _ in 0..1 + self.chance.below(3) {
            firsts.push(self.node());
        }
        let ids: Vec<Id> = firsts.iter().map(|f| f.0).collect();
        let (l, inside) = self.graph.begin_loop(&ids);
        let outside = self.nodes.len();
        self.nodes.extend(inside.iter().zip(&firsts).map(|(&id, first)| (id, first.1)));
        let most = self.graph.int(1 + self.chance.below(4) as i64);
        let mut go = self.graph.call("less", &[inside[0], most]);
        if self.chance.one_in(2) {
            self.block(2, depth + 1);
            let more = self.node();
            go = self.graph.call("logical_and", &[go, more.0]);
        }
        self.block(size, depth + 1);
        let mut nexts = vec![self.graph.call("add", &[inside[0], one])];
        for first in &firsts[1..] {
            let next = self.node();
            let same = self.nodes[outside..].iter().rev().find(|n| n.1 == first.1).copied();
            nexts.push(match same {
                Some(same) if !self.chance.one_in(4) => same.0,
                _ => next.0,
            });
        }
        let after = self.graph.end_loop(l, go, &nexts);
        self.nodes.truncate(outside);
        let types = firsts.iter().map(|f| f.1);
        self.nodes.extend(after.into_iter().zip(types));
    }
}
