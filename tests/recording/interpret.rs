//! The naive reading of a recording: one element, one step after the other, and its printed form.

use std::{collections::BTreeSet, fmt::Write};

use lanefn::kernels::lanes::{
    Dtype,
    element::{FloatElement, IntegerElement, NumberElement},
};

use crate::recorder::{Carried, Id, Op, Recording, Region, Step, Value};

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
                Step::IfAny(mask, inner) => {
                    if values[*mask].expect("masks come first").get::<bool>() {
                        self.region(inner, inputs, values);
                    }
                }
                Step::While(w) => {
                    for c in &w.carried {
                        values[c.phi] = values[c.first];
                    }
                    loop {
                        self.region(&w.condition, inputs, values);
                        if !values[w.go].expect("the condition has been computed").get::<bool>() {
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
                let index = get(index).get::<u64>();
                table[usize::try_from(index).unwrap_or(usize::MAX).min(table.len() - 1)]
            }
            // What is not chosen may not have been computed.
            Op::Apply("select", args) => {
                get(&args[if get(&args[0]).get::<bool>() { 1 } else { 2 }])
            }
            Op::Apply(name, args) => {
                let args: Vec<Value> = args.iter().map(get).collect();
                apply(name, *dtype, &args)
            }
        }
    }
}

fn apply(name: &str, to: Dtype, args: &[Value]) -> Value {
    let from = args[0].dtype;
    macro_rules! by {
        ($dtype:expr, $function:ident, $($name:ident $t:ident)*) => {
            match $dtype {
                $(Dtype::$name => $function::<$t>(name, args),)*
                _ => None,
            }
        };
    }
    let found = if name == "cast" {
        macro_rules! cast {
            ($($name:ident $t:ident)*) => {
                match to { $(Dtype::$name => Some(args[0].cast::<$t>()),)* _ => None }
            };
        }
        cast!(F64 f64 F32 f32 I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64)
    } else if name == "from_bits" {
        match to {
            Dtype::F64 => Some(Value::of(f64::from_bits(args[0].get()))),
            Dtype::F32 => Some(Value::of(f32::from_bits(args[0].get()))),
            _ => None,
        }
    } else if name == "to_bits" {
        match from {
            Dtype::F64 => Some(Value::of(args[0].get::<f64>().to_bits())),
            Dtype::F32 => Some(Value::of(args[0].get::<f32>().to_bits())),
            _ => None,
        }
    } else if from == Dtype::Bool {
        logic(name, args)
    } else {
        by!(from, number, F64 f64 F32 f32 I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64)
            .or_else(|| by!(from, float, F64 f64 F32 f32))
            .or_else(|| by!(from, integer, I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64))
    };
    found.unwrap_or_else(|| panic!("there is no {name} of {from}"))
}

fn logic(name: &str, args: &[Value]) -> Option<Value> {
    let a: bool = args[0].get();
    let b = || args[1].get::<bool>();
    Some(Value::of(match name {
        "and" => a & b(),
        "or" => a | b(),
        "xor" | "ne" => a ^ b(),
        "eq" => a == b(),
        "not" => !a,
        _ => return None,
    }))
}

fn number<T: NumberElement>(name: &str, args: &[Value]) -> Option<Value> {
    let a: T = args[0].get();
    let b = || args[1].get::<T>();
    Some(match name {
        "add" => Value::of(a.add(b())),
        "sub" => Value::of(a.sub(b())),
        "mul" => Value::of(a.mul(b())),
        "div" => Value::of(a.div(b())),
        "rem" => Value::of(a.rem(b())),
        "neg" => Value::of(a.neg()),
        "eq" => Value::of(a == b()),
        "ne" => Value::of(a != b()),
        "lt" => Value::of(a < b()),
        "le" => Value::of(a <= b()),
        "minimum" => Value::of(a.minimum(b())),
        "maximum" => Value::of(a.maximum(b())),
        "fmin" => Value::of(a.fmin(b())),
        "fmax" => Value::of(a.fmax(b())),
        "abs" => Value::of(a.abs()),
        _ => return None,
    })
}

fn float<T: FloatElement>(name: &str, args: &[Value]) -> Option<Value> {
    let a: T = args[0].get();
    Some(Value::of(match name {
        "sqrt" => a.sqrt(),
        "fma" => a.fma(args[1].get(), args[2].get()),
        "floor" => a.floor(),
        "ceil" => a.ceil(),
        "trunc" => a.trunc(),
        "rint" => a.rint(),
        "copysign" => a.copysign(args[1].get()),
        _ => return None,
    }))
}

fn integer<T: IntegerElement>(name: &str, args: &[Value]) -> Option<Value> {
    let a: T = args[0].get();
    let b = || args[1].get::<T>();
    Some(Value::of(match name {
        "and" => a.and(b()),
        "or" => a.or(b()),
        "xor" => a.xor(b()),
        "not" => a.not(),
        "shl" => a.shl(b()),
        "shr" => a.shr(b()),
        "count_ones" => a.count_ones(),
        "leading_zeros" => a.leading_zeros(),
        "trailing_zeros" => a.trailing_zeros(),
        _ => return None,
    }))
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
            Step::IfAny(_, inner) => loops_of(inner, out),
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
                        Op::Apply("cast", args) => format!("cast {dtype} {}", self.name(args[0])),
                        Op::Apply(name, args) => {
                            let args: Vec<String> = args.iter().map(|a| self.name(*a)).collect();
                            format!("{name} {}", args.join(" "))
                        }
                        Op::Lookup(table, index) => {
                            let table: Vec<String> = table.iter().map(Value::to_string).collect();
                            format!("lookup [{}] {}", table.join(" "), self.name(*index))
                        }
                    };
                    let name = self.name(*id);
                    self.line(depth, &format!("{name} = {text}"));
                }
                Step::IfAny(mask, inner) => {
                    let mask = self.name(*mask);
                    self.line(depth, &format!("if any {mask}"));
                    self.region(inner, depth + 1);
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
