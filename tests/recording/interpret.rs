//! The naive reading of a recording: one element, one step after the other, and its printed form.

use std::{collections::BTreeSet, fmt::Write};

use lanefn::{
    compiler::value::{self, Value},
    kernels::lanes::traced::Operation,
};

use crate::recorder::{Carried, Id, Op, Recording, Region, Step};

// ---- evaluation -----------------------------------------------------------------------------------

impl Recording {
    /// The outputs for one element of each input.
    pub fn evaluate(&self, inputs: &[Value]) -> Vec<Value> {
        let mut values = vec![None; self.ops.len()];
        self.region(&self.steps, inputs, &mut values);
        self.outputs.iter().map(|id| values[*id].expect("outputs have been computed")).collect()
    }

    fn region(&self, region: &Region, inputs: &[Value], values: &mut [Option<Value>]) {
        for step in region {
            match step {
                Step::Let(id) => values[*id] = Some(self.value(*id, inputs, values)),
                Step::While(w) => {
                    for c in &w.carried {
                        values[c.phi] = values[c.first];
                    }
                    loop {
                        self.region(&w.condition, inputs, values);
                        if values[w.go].expect("the condition has been computed")
                            == Value::of(false)
                        {
                            break;
                        }
                        self.region(&w.body, inputs, values);
                        let next: Vec<_> = w.carried.iter().map(|c| values[c.next]).collect();
                        for (c, next) in w.carried.iter().zip(next) {
                            values[c.phi] = next;
                        }
                    }
                    for c in &w.carried {
                        values[c.after] = values[c.phi];
                    }
                }
            }
        }
    }

    fn value(&self, id: Id, inputs: &[Value], values: &[Option<Value>]) -> Value {
        let get = |id: &Id| values[*id].expect("arguments come first");
        let (dtype, op) = &self.ops[id];
        match op {
            Op::Input(n) => inputs[*n],
            Op::Const(value) => *value,
            Op::Carried => unreachable!("loops set what they carry"),
            Op::Lookup(table, index) => {
                let index = get(index);
                let narrow = index.get::<u32>().map(u64::from);
                let index = narrow.or(index.get::<u64>()).expect("an index is a u64 or a u32");
                table[usize::try_from(index).unwrap_or(usize::MAX).min(table.len() - 1)]
            }
            Op::Apply(operation, args) => {
                let args: Vec<Value> = args.iter().map(get).collect();
                value::apply(*operation, *dtype, &args).expect("there is such an operation")
            }
        }
    }
}

// ---- printing -------------------------------------------------------------------------------------

impl Recording {
    /// Every operation that the outputs need, in order, with regions indented.
    pub fn print(&self, name: &str, arguments: &[&str]) -> String {
        let mut live = BTreeSet::new();
        let mut left: Vec<Id> = self.outputs.clone();
        // A loop is needed where one of its values is; then all that it carries is.
        let mut loops = vec![];
        loops_of(&self.steps, &mut loops);
        while let Some(id) = left.pop() {
            if !live.insert(id) {
                continue;
            }
            match &self.ops[id].1 {
                Op::Input(_) | Op::Const(_) => {}
                Op::Apply(_, args) => left.extend(args),
                Op::Lookup(_, index) => left.push(*index),
                Op::Carried => {
                    for (carried, go) in &loops {
                        if carried.iter().any(|c| c.phi == id || c.after == id) {
                            left.push(*go);
                            for c in *carried {
                                left.extend([c.phi, c.first, c.next, c.after]);
                            }
                        }
                    }
                }
            }
        }
        let mut printer = Printer {
            recording: self,
            live,
            names: vec![None; self.ops.len()],
            out: String::new(),
        };
        for (id, (_, op)) in self.ops.iter().enumerate() {
            if let Op::Input(n) = op {
                printer.names[id] = Some(arguments[*n].to_string());
            }
        }
        let inputs: Vec<String> = self
            .ops
            .iter()
            .filter_map(|(dtype, op)| match op {
                Op::Input(n) => Some(format!("{}: {dtype}", arguments[*n])),
                _ => None,
            })
            .collect();
        writeln!(printer.out, "{name}({})", inputs.join(", ")).expect("strings take everything");
        printer.region(&self.steps, 1);
        let outputs: Vec<String> = self
            .outputs
            .iter()
            .map(|id| format!("{}: {}", printer.name(*id), self.ops[*id].0))
            .collect();
        writeln!(printer.out, "  give {}", outputs.join(", ")).expect("strings take everything");
        printer.out
    }
}

fn loops_of<'a>(region: &'a Region, out: &mut Vec<(&'a [Carried], Id)>) {
    for step in region {
        match step {
            Step::Let(_) => {}
            Step::While(w) => {
                out.push((&w.carried, w.go));
                loops_of(&w.condition, out);
                loops_of(&w.body, out);
            }
        }
    }
}

struct Printer<'a> {
    recording: &'a Recording,
    live: BTreeSet<Id>,
    names: Vec<Option<String>>,
    out: String,
}

impl Printer<'_> {
    fn name(&mut self, id: Id) -> String {
        if let Op::Const(value) = &self.recording.ops[id].1 {
            return value.to_string();
        }
        if let Some(name) = &self.names[id] {
            return name.clone();
        }
        let n = self.names.iter().flatten().filter(|n| n.starts_with('%')).count();
        let name = format!("%{n}");
        self.names[id] = Some(name.clone());
        name
    }

    fn line(&mut self, depth: usize, text: &str) {
        writeln!(self.out, "{}{text}", "  ".repeat(depth)).expect("strings take everything");
    }

    fn region(&mut self, region: &Region, depth: usize) {
        for step in region {
            match step {
                Step::Let(id) => {
                    if !self.live.contains(id) {
                        continue;
                    }
                    let (dtype, op) = &self.recording.ops[*id];
                    let text = match op {
                        Op::Input(_) | Op::Const(_) | Op::Carried => continue,
                        Op::Apply(Operation::Cast, args) => {
                            format!("cast {dtype} {}", self.name(args[0]))
                        }
                        Op::Apply(operation, args) => {
                            let args: Vec<String> = args.iter().map(|a| self.name(*a)).collect();
                            format!("{} {}", operation.name(), args.join(" "))
                        }
                        Op::Lookup(table, index) => {
                            let table: Vec<String> = table.iter().map(Value::to_string).collect();
                            format!("lookup [{}] {}", table.join(" "), self.name(*index))
                        }
                    };
                    let name = self.name(*id);
                    self.line(depth, &format!("{name} = {text}"));
                }
                Step::While(w) => {
                    if !w.carried.iter().any(|c| self.live.contains(&c.after)) {
                        continue;
                    }
                    let mut list = |of: fn(&Carried) -> (Id, Id)| {
                        let pairs: Vec<String> = w
                            .carried
                            .iter()
                            .map(|c| {
                                let (to, from) = of(c);
                                let from = self.name(from);
                                format!("{} = {from}", self.name(to))
                            })
                            .collect();
                        pairs.join(", ")
                    };
                    let first = list(|c| (c.phi, c.first));
                    self.line(depth, &format!("loop {first}"));
                    self.region(&w.condition, depth + 1);
                    let go = self.name(w.go);
                    self.line(depth + 1, &format!("while {go}"));
                    self.region(&w.body, depth + 1);
                    let mut list = |of: fn(&Carried) -> (Id, Id)| {
                        let pairs: Vec<String> = w
                            .carried
                            .iter()
                            .map(|c| {
                                let (to, from) = of(c);
                                let from = self.name(from);
                                format!("{} = {from}", self.name(to))
                            })
                            .collect();
                        pairs.join(", ")
                    };
                    let next = list(|c| (c.phi, c.next));
                    let after = list(|c| (c.after, c.phi));
                    self.line(depth + 1, &format!("next {next}"));
                    self.line(depth, &format!("after {after}"));
                }
            }
        }
    }
}
