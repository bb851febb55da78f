//! The Python package `lanefn`: the built-in functions as ufuncs that behave as NumPy's do.

mod arguments;
mod builder;
mod call;
mod calls;
mod doc;
mod error;
mod few;
mod methods;
mod names;
mod numpys;
mod operand;
mod overrides;
mod threads;
mod ufunc;

use lanefn::dtype::{self, Type};
use numpy::PyArrayDescr;
use pyo3::{
    exceptions::{PyException, PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyFloat, PyInt, PyTuple, PyType},
};

/// The built-in function of a name; pickles of functions name it.
#[pyfunction]
fn _named<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("lanefn._lanefn")?.getattr(name)
}

/// A function made at run time, from the bytes of its graph, which may come from anybody; and what else
/// its pickle holds.
#[pyfunction]
#[pyo3(signature = (name, bytes, raises=None, otypes=None, wide=false))]
fn _made(
    py: Python,
    name: &str,
    bytes: &[u8],
    raises: Option<Py<PyTuple>>,
    otypes: Option<Vec<Bound<PyAny>>>,
    wide: bool,
) -> PyResult<ufunc::Ufunc> {
    let compiled =
        lanefn::Compiled::from_bytes(name, bytes).map_err(|e| error::exception(py, &e))?;
    made(py, compiled, raises, otypes, wide)
}

/// The function that an expression says. One that is to be evaluated at once may be a reduction, of which
/// the name and the function of two values come along; and it may have no names, and gets an input then
/// that it does not use.
#[pyfunction]
fn _expression(
    py: Python,
    text: &str,
    at_once: bool,
) -> PyResult<(ufunc::Ufunc, Option<(&'static str, &'static str)>)> {
    use lanefn::{Catalogue, Compiled, Error, compiler::text};
    let read = || -> lanefn::Result<_> {
        if !at_once {
            return Ok((Compiled::from_expression(text)?, None));
        }
        let read = text::read(text, text::Names::default(), &Catalogue).map_err(Error::from)?;
        let mut graph = read.graph;
        if graph.inputs().is_empty() {
            graph.input("unused");
        }
        let reduction = read.reduction.map(|r| (r.name(), r.function()));
        Ok((Compiled::new(text, graph)?, reduction))
    };
    let (compiled, reduction) = read().map_err(|e| error::exception(py, &e))?;
    Ok((made(py, compiled, None, None, false)?, reduction))
}

/// A function made at run time, with the exceptions that it can raise.
fn made(
    py: Python,
    compiled: lanefn::Compiled,
    raises: Option<Py<PyTuple>>,
    otypes: Option<Vec<Bound<PyAny>>>,
    wide: bool,
) -> PyResult<ufunc::Ufunc> {
    let outputs = compiled.graph().outputs().len();
    if let Some(raises) = &raises {
        // The last output is the number of one of these.
        let fits = match compiled.graph().outputs().last() {
            Some(&last) => compiled.graph().dtype(last) == Some(dtype::Dtype::U8),
            None => false,
        };
        let pairs = raises.bind(py).iter().all(|pair| {
            pair.extract::<(Bound<PyType>, String)>()
                .is_ok_and(|(class, _)| class.is_subclass_of::<PyException>().unwrap_or(false))
        });
        if outputs < 2 || !fits || !pairs || raises.bind(py).len() > 255 {
            return Err(PyValueError::new_err("the exceptions don't go with the graph"));
        }
    }
    let otypes: Option<Vec<dtype::Dtype>> =
        otypes.map(|o| o.iter().map(operand::dtype).collect()).transpose()?;
    let results = outputs - usize::from(raises.is_some());
    if otypes.as_ref().is_some_and(|o| o.len() != results) {
        return Err(PyValueError::new_err(format!("the function has {results} results")));
    }
    Ok(ufunc::Ufunc::made(ufunc::Made { compiled, raises, otypes, wide }))
}

/// What [`lanefn::cache_info`] tells.
#[pyfunction]
fn _cache_info() -> (u64, u64, usize, usize) {
    let info = lanefn::cache_info();
    (info.hits, info.misses, info.capacity, info.len)
}

/// Whether a dtype may be cast to another by a rule.
///
/// Parameters
/// ----------
/// from_ : dtype or ndarray
///     From which.
/// to : dtype
///     To which.
/// casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}, optional
///     The rule, as NumPy's.
///
/// Returns
/// -------
/// bool
///
/// Raises
/// ------
/// TypeError
///     If one is a number, or a dtype that lanefn has not.
/// ValueError
///     If there is no such rule.
///
/// See Also
/// --------
/// numpy.can_cast, promote_types
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import lanefn
/// >>> lanefn.can_cast(np.int32, np.float64), lanefn.can_cast(np.int64, np.float32)
/// (True, False)
/// >>> lanefn.can_cast(np.float64, np.float32, casting="same_kind")
/// True
#[pyfunction]
#[pyo3(signature = (from_, to, casting="safe"))]
fn can_cast(from_: &Bound<PyAny>, to: &Bound<PyAny>, casting: &str) -> PyResult<bool> {
    let py = from_.py();
    if from_.is_instance_of::<PyInt>() || from_.is_instance_of::<PyFloat>() {
        return Err(PyTypeError::new_err("can_cast() takes dtypes, not numbers"));
    }
    let casting = error::casting(py, casting)?;
    Ok(dtype::can_cast(operand::dtype(from_)?, operand::dtype(to)?, casting))
}

/// The least dtype to which both cast safely.
///
/// Parameters
/// ----------
/// type1, type2 : dtype
///     The two.
///
/// Returns
/// -------
/// numpy.dtype
///     NumPy's, but float32 in the place of float16.
///
/// Raises
/// ------
/// TypeError
///     If one is a dtype that lanefn has not.
///
/// See Also
/// --------
/// numpy.promote_types, result_type, can_cast
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import lanefn
/// >>> lanefn.promote_types(np.int16, np.uint16)
/// dtype('int32')
/// >>> lanefn.promote_types(np.int64, np.float32)
/// dtype('float64')
#[pyfunction]
fn promote_types<'py>(
    type1: &Bound<'py, PyAny>,
    type2: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDescr>> {
    let promoted = dtype::promote(operand::dtype(type1)?, operand::dtype(type2)?);
    Ok(operand::descr(type1.py(), promoted))
}

/// The dtype in which arrays, dtypes and Python's numbers meet.
///
/// Parameters
/// ----------
/// *arrays_and_dtypes : arrays, dtypes and numbers
///     At least one. A number of Python's is weak, as NEP 50 says: it takes the dtype of the others, if that is
///     of its kind.
///
/// Returns
/// -------
/// numpy.dtype
///
/// Raises
/// ------
/// TypeError
///     If one has a dtype that lanefn has not.
/// ValueError
///     If there is none.
///
/// See Also
/// --------
/// numpy.result_type, promote_types
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import lanefn
/// >>> lanefn.result_type(np.int8, np.array([1.0], np.float32))
/// dtype('float32')
/// >>> lanefn.result_type(np.float32, 2.5), lanefn.result_type(np.int8, 2.5)
/// (dtype('float32'), dtype('float64'))
#[pyfunction]
#[pyo3(signature = (*arrays_and_dtypes))]
fn result_type<'py>(arrays_and_dtypes: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyArrayDescr>> {
    let py = arrays_and_dtypes.py();
    if arrays_and_dtypes.is_empty() {
        return Err(PyValueError::new_err("at least one array or dtype is required"));
    }
    let number = |o: &Bound<'py, PyAny>| {
        o.is_instance_of::<PyBool>()
            || o.is_instance_of::<PyInt>()
            || o.is_instance_of::<PyFloat>()
            || o.is_instance_of::<numpy::PyUntypedArray>()
    };
    let each = arrays_and_dtypes.iter().map(|object| {
        if number(&object) || operand::is_numpy_scalar(&object)? {
            operand::Given::of(&object).map(|g| g.ty())
        } else {
            operand::dtype(&object).map(Type::Is)
        }
    });
    let types = each.collect::<PyResult<Vec<_>>>()?;
    Ok(operand::descr(py, dtype::result_type(&types)))
}

#[pymodule]
fn _lanefn(module: &Bound<PyModule>) -> PyResult<()> {
    let py = module.py();
    operand::prepare(py)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<ufunc::Ufunc>()?;
    py.get_type::<ufunc::Ufunc>().setattr("__doc__", doc::Docstring)?;
    module.add_class::<builder::Builder>()?;
    module.add_class::<calls::Calls>()?;
    module.add_function(wrap_pyfunction!(_named, module)?)?;
    module.add_function(wrap_pyfunction!(_made, module)?)?;
    module.add_function(wrap_pyfunction!(_expression, module)?)?;
    module.add_function(wrap_pyfunction!(_cache_info, module)?)?;
    module.add_function(wrap_pyfunction!(can_cast, module)?)?;
    module.add_function(wrap_pyfunction!(threads::set_num_threads, module)?)?;
    module.add_function(wrap_pyfunction!(threads::get_num_threads, module)?)?;
    module.add_function(wrap_pyfunction!(threads::_replace_num_threads, module)?)?;
    module.add_function(wrap_pyfunction!(promote_types, module)?)?;
    module.add_function(wrap_pyfunction!(result_type, module)?)?;
    let mut names = Vec::new();
    for of in lanefn::catalogue() {
        let ufunc = Py::new(py, ufunc::Ufunc::builtin(of))?;
        for name in std::iter::once(&of.name).chain(of.aliases) {
            module.add(name, &ufunc)?;
            names.push(*name);
        }
    }
    module.add("_functions", PyTuple::new(py, names)?)?;
    Ok(())
}
