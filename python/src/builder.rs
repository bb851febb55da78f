//! The class `Builder`: a graph as Python's translator writes it.
//!
//! Ids are plain ints. What a graph takes for granted (ids that exist, loops that end in order) is checked
//! here, so that no caller can bring the process down.

use lanefn::{
    compiler::{
        Graph, Id,
        graph::{LoopId, Table},
        value::Value,
    },
    dtype::{Dtype, Type},
};
use pyo3::{
    exceptions::{PyIndexError, PyOverflowError, PyValueError},
    prelude::*,
    types::PyTuple,
};

use crate::{error::exception, operand::dtype, ufunc::Ufunc};

/// A graph in the making.
#[pyclass(name = "_Builder", module = "lanefn._lanefn")]
pub struct Builder {
    graph: Graph,
    /// The loops that have begun and not ended, with the numbers of values they carry.
    open: Vec<(LoopId, usize)>,
}

impl Builder {
    fn known(&self, ids: &[Id]) -> PyResult<()> {
        match ids.iter().find(|&&id| id as usize >= self.graph.nodes().len()) {
            Some(id) => Err(PyIndexError::new_err(format!("there is no node {id}"))),
            None => Ok(()),
        }
    }
}

/// A number as an element of a dtype that holds it.
fn value(number: &Bound<PyAny>, to: Dtype) -> PyResult<Value> {
    Ok(match to {
        Dtype::Bool => Value::of(number.is_truthy()?),
        Dtype::F32 => Value::of(number.extract::<f64>()?).cast(to),
        Dtype::F64 => Value::of(number.extract::<f64>()?),
        Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64 => {
            exact(Value::of(number.extract::<u64>()?), to)?
        }
        _ => exact(Value::of(number.extract::<i64>()?), to)?,
    })
}

fn exact(wide: Value, to: Dtype) -> PyResult<Value> {
    let narrow = wide.cast(to);
    if narrow.cast(wide.dtype()) != wide {
        return Err(PyOverflowError::new_err(format!("{wide} is out of bounds for {to}")));
    }
    Ok(narrow)
}

#[pymethods]
impl Builder {
    #[new]
    fn new() -> Builder {
        Builder { graph: Graph::new(), open: Vec::new() }
    }

    /// The number of nodes.
    fn __len__(&self) -> usize {
        self.graph.nodes().len()
    }

    /// A line for each node.
    fn __str__(&self) -> PyResult<String> {
        if !self.open.is_empty() {
            return Err(PyValueError::new_err("a loop has not ended"));
        }
        Ok(self.graph.to_string())
    }

    /// The next input.
    fn input(&mut self, name: &str) -> Id {
        self.graph.input(name)
    }

    /// A whole number that takes the dtype of what it meets.
    fn int(&mut self, value: i64) -> Id {
        self.graph.int(value)
    }

    /// A number with a fraction that takes the dtype of the floats it meets.
    fn float(&mut self, value: f64) -> Id {
        self.graph.float(value)
    }

    /// A truth.
    fn bool(&mut self, value: bool) -> Id {
        self.graph.lit(value)
    }

    /// A number of a dtype.
    fn constant(&mut self, number: &Bound<PyAny>, to: &Bound<PyAny>) -> PyResult<Id> {
        let value = value(number, dtype(to)?)?;
        Ok(self.graph.constant(value))
    }

    /// A built-in function of nodes: one of its outputs.
    #[pyo3(signature = (name, args, output=0))]
    fn call(&mut self, name: &str, args: Vec<Id>, output: u8) -> PyResult<Id> {
        self.known(&args)?;
        let Some(of) = lanefn::find(name) else {
            return Err(PyValueError::new_err(format!("lanefn has no function {name}")));
        };
        if args.len() != of.nin() || output as usize >= of.nout() {
            return Err(PyValueError::new_err(format!(
                "{name} has {} inputs and {} outputs",
                of.nin(),
                of.nout()
            )));
        }
        Ok(self.graph.call_output(of.name, output, &args))
    }

    /// A node as a dtype.
    fn convert(&mut self, to: &Bound<PyAny>, x: Id) -> PyResult<Id> {
        self.known(&[x])?;
        Ok(self.graph.convert(dtype(to)?, x))
    }

    /// One node where a truth holds, another elsewhere.
    fn choose(&mut self, truth: Id, yes: Id, no: Id) -> PyResult<Id> {
        self.known(&[truth, yes, no])?;
        Ok(self.graph.choose(truth, yes, no))
    }

    /// An entry of a table of numbers: of a dtype, or of literals that take that of what they meet.
    #[pyo3(signature = (entries, index, to=None))]
    fn lookup(
        &mut self,
        entries: &Bound<PyAny>,
        index: Id,
        to: Option<&Bound<PyAny>>,
    ) -> PyResult<Id> {
        self.known(&[index])?;
        let to = to.map(dtype).transpose()?;
        let mut bits = Vec::new();
        let mut floats = false;
        let entries: Vec<Bound<PyAny>> = entries.try_iter()?.collect::<PyResult<_>>()?;
        if entries.is_empty() {
            return Err(PyValueError::new_err("a table needs an entry"));
        }
        if to.is_none() {
            floats = entries.iter().any(|e| e.is_instance_of::<pyo3::types::PyFloat>());
        }
        let each = to.unwrap_or(if floats { Dtype::F64 } else { Dtype::I64 });
        for entry in &entries {
            bits.push(value(entry, each)?.bits());
        }
        let ty = match to {
            Some(to) => Type::Is(to),
            None if floats => Type::Float,
            None => Type::Int,
        };
        let table = self.graph.table(Table { ty, entries: bits });
        Ok(self.graph.lookup(table, index))
    }

    /// A loop begins: its number, and the carried values inside.
    fn begin_loop(&mut self, firsts: Vec<Id>) -> PyResult<(LoopId, Vec<Id>)> {
        self.known(&firsts)?;
        let (id, inside) = self.graph.begin_loop(&firsts);
        self.open.push((id, firsts.len()));
        Ok((id, inside))
    }

    /// The innermost loop ends: the carried values after it.
    fn end_loop(&mut self, id: LoopId, go: Id, nexts: Vec<Id>) -> PyResult<Vec<Id>> {
        self.known(&nexts)?;
        self.known(&[go])?;
        if self.open.last() != Some(&(id, nexts.len())) {
            return Err(PyValueError::new_err(format!("no loop {id} of as many values ends here")));
        }
        self.open.pop();
        Ok(self.graph.end_loop(id, go, &nexts))
    }

    /// One more output.
    fn output(&mut self, id: Id) -> PyResult<()> {
        self.known(&[id])?;
        self.graph.output(id);
        Ok(())
    }

    /// The function of this graph. Where there are exceptions that elements can raise, its last output is
    /// their number, a uint8.
    #[pyo3(signature = (name, doc="", raises=None))]
    fn finish(
        &self,
        py: Python,
        name: &str,
        doc: &str,
        raises: Option<Py<PyTuple>>,
    ) -> PyResult<Ufunc> {
        if !self.open.is_empty() {
            return Err(PyValueError::new_err("a loop has not ended"));
        }
        // As bytes, a graph is checked for everything that could be wrong with it.
        let compiled = lanefn::Compiled::from_bytes(name, &self.graph.to_bytes());
        let compiled = compiled.map_err(|e| exception(py, &e))?.with_doc(doc);
        crate::made(py, compiled, raises, None, true)
    }
}
