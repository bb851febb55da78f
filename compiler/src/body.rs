//! A graph for certain dtypes, ready to run.

use lanefn_kernels::{
    lanes::Dtype,
    level::Level,
    loops::{Input, MAX_INPUTS, MAX_OUTPUTS},
};
use smallvec::SmallVec;

use crate::{
    graph::{Graph, Op},
    interpret::{Interpreted, RunError},
    native::{self, Code, Unsupported},
    publish::Published,
    vocabulary::Vocabulary,
};

/// Turns of a loop, for guessing what it costs.
const TURNS: u32 = 16;

/// A typed graph, ready to run.
pub struct Body {
    graph: Graph,
    inputs: SmallVec<[Dtype; 4]>,
    outputs: SmallVec<[Dtype; 2]>,
    cost: u32,
    /// Written when it is first needed, if there is machine code.
    interpreted: Published<Interpreted>,
    native: Result<Code, Unsupported>,
    /// The code for a lower level than the chosen one, if that was asked for and has code of its own.
    lower: Published<Result<Code, Unsupported>>,
    vocabulary: &'static dyn Vocabulary,
}

impl Body {
    /// Makes a typed graph ready to run: as machine code where there can be any, and for the interpreter.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn new(graph: Graph, vocabulary: &'static dyn Vocabulary) -> Result<Body, RunError> {
        let (nin, nout) = (graph.inputs().len(), graph.outputs().len());
        if nin > MAX_INPUTS || nout > MAX_OUTPUTS || nout == 0 {
            return Err(RunError::Operands { nin, nout });
        }
        graph.check(vocabulary)?;
        let cost = cost(&graph, vocabulary);
        let level = Level::chosen().unwrap_or(Level::Scalar);
        let native = compile(&graph, vocabulary, level);
        let interpreted = Published::new();
        if native.is_err() {
            let list = Interpreted::new(&graph, vocabulary)?;
            interpreted.get_or(|| list);
        }
        let dtype = |d: Option<Dtype>| d.unwrap_or(Dtype::F64);
        Ok(Body {
            inputs: graph.inputs().iter().map(|i| dtype(i.dtype)).collect(),
            outputs: graph.outputs().iter().map(|&o| dtype(graph.dtype(o))).collect(),
            cost,
            interpreted,
            native,
            lower: Published::new(),
            vocabulary,
            graph,
        })
    }

    /// What it computes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The dtypes of its inputs.
    pub fn inputs(&self) -> &[Dtype] {
        &self.inputs
    }

    /// The dtypes of its outputs.
    pub fn outputs(&self) -> &[Dtype] {
        &self.outputs
    }

    /// Lane operations in one evaluation, roughly: as a kernel's cost.
    pub fn cost(&self) -> u32 {
        self.cost
    }

    /// The interpreter's list, which computes wherever there is no machine code.
    pub fn interpreted(&self) -> &Interpreted {
        // Whatever there is machine code for the interpreter runs too: a test says so.
        self.interpreted.get_or(|| match Interpreted::new(&self.graph, self.vocabulary) {
            Ok(list) => list,
            Err(error) => unreachable!("{error}"),
        })
    }

    /// The machine code for the chosen level, or why there is none.
    ///
    /// # Errors
    /// [`Unsupported`] says so.
    pub fn native(&self) -> Result<&Code, &Unsupported> {
        self.native.as_ref()
    }

    /// The machine code that runs at a level, if any does; that for a lower level than the chosen one is made
    /// when it is first asked for.
    pub fn code(&self, level: Level) -> Option<&Code> {
        match &self.native {
            Ok(code) if level >= code.level() => Some(code),
            // One lower level has code at all.
            Ok(_) if level >= Level::Avx2 => {
                let make = || compile(&self.graph, self.vocabulary, level);
                self.lower.get_or(make).as_ref().ok()
            }
            _ => None,
        }
    }

    /// Computes `n` elements of each output.
    ///
    /// # Safety
    /// As for [`lanefn_kernels::loops::InnerLoop`]; the level is present.
    pub unsafe fn run(&self, level: Level, inputs: &[Input], outputs: &[*mut u8], n: usize) {
        match self.code(level) {
            // SAFETY: the caller's promise; the code is for this level or a lower one.
            Some(code) => unsafe { code.run(inputs, outputs, n) },
            // SAFETY: the caller's promise.
            None => unsafe { self.interpreted().run(level, inputs, outputs, n) },
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .field("cost", &self.cost)
            .field("native", &self.native)
            .finish_non_exhaustive()
    }
}

fn compile(
    graph: &Graph,
    vocabulary: &'static dyn Vocabulary,
    level: Level,
) -> Result<Code, Unsupported> {
    match graph.nodes().iter().any(|n| matches!(n.op, Op::Call(..))) {
        true => native::compile(&graph.expanded(vocabulary), level),
        false => native::compile(graph, level),
    }
}

fn cost(graph: &Graph, vocabulary: &dyn Vocabulary) -> u32 {
    let live = graph.live();
    let turns = if graph.loops().is_empty() { 1 } else { TURNS };
    let each = graph.nodes().iter().enumerate().filter(|(id, _)| live[*id]).map(|(_, node)| {
        match node.op {
            Op::Apply(_) | Op::Lookup(_) => 1,
            Op::Call(name, _) => {
                let dtypes: SmallVec<[Dtype; 3]> =
                    node.args.iter().filter_map(|&a| graph.dtype(a)).collect();
                vocabulary.exactly(name, &dtypes).map_or(1, |l| l.cost)
            }
            _ => 0,
        }
    });
    each.fold(0u32, u32::saturating_add).saturating_mul(turns).max(1)
}
