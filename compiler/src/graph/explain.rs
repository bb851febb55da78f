//! A graph as text: a line for each node.

use std::fmt::{Display, Formatter, Result};

use super::{Graph, Op};
use crate::{dtype::Type, value::Value};

impl Display for Graph {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (id, node) in self.nodes().iter().enumerate() {
            write!(f, "%{id}")?;
            if let Some(ty) = node.ty {
                write!(f, ": {ty}")?;
            }
            write!(f, " = ")?;
            match node.op {
                Op::Input(n) => write!(f, "input {}", self.inputs()[n as usize].name)?,
                Op::Const(bits) => match node.ty {
                    Some(Type::Is(dtype)) => write!(f, "{}", Value::from_bits(dtype, bits))?,
                    Some(Type::Int) => write!(f, "{}", bits as i64)?,
                    _ => write!(f, "{:?}", f64::from_bits(bits))?,
                },
                Op::Apply(operation) => write!(f, "{}", operation.name())?,
                Op::Call(name, 0) => write!(f, "{name}")?,
                Op::Call(name, output) => write!(f, "{name}.{output}")?,
                Op::Convert => write!(f, "convert")?,
                Op::Choose => write!(f, "where")?,
                Op::Lookup(table) => write!(f, "table{table}")?,
                Op::Inside(l, n) => write!(f, "loop{l}.{n} from")?,
                Op::After(l, n) => write!(f, "after loop{l}.{n}")?,
            }
            match node.op {
                Op::After(..) => {}
                _ => node.args.iter().try_for_each(|a| write!(f, " %{a}"))?,
            }
            writeln!(f)?;
        }
        for (n, l) in self.loops().iter().enumerate() {
            write!(f, "loop{n} while %{}:", l.go)?;
            for (inside, next) in l.inside.iter().zip(&l.nexts) {
                write!(f, " %{inside} <- %{next}")?;
            }
            writeln!(f)?;
        }
        write!(f, "give")?;
        self.outputs().iter().try_for_each(|o| write!(f, " %{o}"))?;
        writeln!(f)
    }
}
