//! A recording backend: what a kernel does, written down as a list of steps.
//!
//! [`Tape`] is what traced lanes write to. A value is a number on it. Operations append to the region that
//! is open; a loop opens one for its condition and one for its body.

use std::{cell::RefCell, collections::VecDeque};

use lanefn::{
    compiler::value::Value,
    kernels::lanes::{
        Dtype,
        traced::{self, Operation, Record},
    },
};

/// A value by its number.
pub type Id = usize;

/// What a value is.
pub enum Op {
    Input(usize),
    Const(Value),
    Apply(Operation, Vec<Id>),
    Lookup(Vec<Value>, Id),
    /// A loop's value: inside, of this turn; outside, of the last one.
    Carried,
}

/// One step of a region.
pub enum Step {
    Let(Id),
    While(Box<While>),
}

/// A masked loop: its carried values are the phis of its condition and body.
pub struct While {
    pub carried: Vec<Carried>,
    pub condition: Region,
    pub go: Id,
    pub body: Region,
}

pub struct Carried {
    /// Its name inside.
    pub phi: Id,
    pub first: Id,
    pub next: Id,
    /// Its name after the loop.
    pub after: Id,
}

pub type Region = Vec<Step>;

/// A kernel, written down.
pub struct Recording {
    pub ops: Vec<(Dtype, Op)>,
    pub steps: Region,
    pub outputs: Vec<Id>,
}

/// A loop that is being written: what it carries, its condition, and how many values went round.
struct Open {
    carried: Vec<Carried>,
    condition: Option<(Region, Id)>,
    nexts: usize,
    /// What stands around it so far.
    around: Region,
}

#[derive(Default)]
struct Writing {
    ops: Vec<(Dtype, Op)>,
    region: Region,
    open: Vec<Open>,
    /// The values after the loop that ended last, in the order in which they are asked for.
    after: VecDeque<Id>,
}

/// What has been written so far.
#[derive(Default)]
pub struct Tape(RefCell<Writing>);

impl Writing {
    fn define(&mut self, dtype: Dtype, op: Op) -> Id {
        self.ops.push((dtype, op));
        self.ops.len() - 1
    }

    fn open(&mut self) -> &mut Open {
        self.open.last_mut().expect("a loop is open")
    }
}

impl Tape {
    pub fn recording(self, outputs: Vec<Id>) -> Recording {
        let writing = self.0.into_inner();
        assert!(writing.open.is_empty(), "every loop has ended");
        Recording { ops: writing.ops, steps: writing.region, outputs }
    }

    pub fn append(&self, dtype: Dtype, op: Op) -> traced::Id {
        let mut writing = self.0.borrow_mut();
        let id = writing.define(dtype, op);
        writing.region.push(Step::Let(id));
        id as traced::Id
    }
}

impl Record for Tape {
    fn constant(&self, dtype: Dtype, bits: u64) -> traced::Id {
        self.append(dtype, Op::Const(Value::from_bits(dtype, bits)))
    }

    fn apply(&self, operation: Operation, dtype: Dtype, args: &[traced::Id]) -> traced::Id {
        self.append(dtype, Op::Apply(operation, args.iter().map(|&a| a as Id).collect()))
    }

    fn lookup(&self, dtype: Dtype, table: &[u64], index: traced::Id) -> traced::Id {
        let table = table.iter().map(|&bits| Value::from_bits(dtype, bits)).collect();
        self.append(dtype, Op::Lookup(table, index as Id))
    }

    fn begin_loop(&self) {
        let mut writing = self.0.borrow_mut();
        let around = std::mem::take(&mut writing.region);
        writing.open.push(Open { carried: vec![], condition: None, nexts: 0, around });
    }

    fn enter(&self, first: traced::Id) -> traced::Id {
        let mut writing = self.0.borrow_mut();
        let dtype = writing.ops[first as Id].0;
        let phi = writing.define(dtype, Op::Carried);
        let carried = Carried { phi, first: first as Id, next: phi, after: phi };
        writing.open().carried.push(carried);
        phi as traced::Id
    }

    fn condition(&self, go: traced::Id) {
        let mut writing = self.0.borrow_mut();
        let region = std::mem::take(&mut writing.region);
        let before = writing.open().condition.replace((region, go as Id));
        assert!(before.is_none(), "the condition is written once");
    }

    fn next(&self, value: traced::Id) {
        let mut writing = self.0.borrow_mut();
        let open = writing.open();
        open.carried[open.nexts].next = value as Id;
        open.nexts += 1;
    }

    fn end_loop(&self) {
        let mut writing = self.0.borrow_mut();
        let Open { mut carried, condition, nexts, around } =
            writing.open.pop().expect("a loop is open");
        assert_eq!(nexts, carried.len(), "every value goes round");
        let (condition, go) = condition.expect("the loop has a condition");
        for c in &mut carried {
            let dtype = writing.ops[c.phi].0;
            c.after = writing.define(dtype, Op::Carried);
        }
        writing.after = carried.iter().map(|c| c.after).collect();
        let body = std::mem::replace(&mut writing.region, around);
        writing.region.push(Step::While(Box::new(While { carried, condition, go, body })));
    }

    fn leave(&self, _: traced::Id) -> traced::Id {
        let after = self.0.borrow_mut().after.pop_front();
        after.expect("as many leave a loop as entered it") as traced::Id
    }
}
