//! Operands that are neither arrays nor numbers, and have their own idea of what a ufunc does with them.

use numpy::PyUntypedArray;
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    sync::PyOnceLock,
    types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyTuple},
};

use crate::{
    calls::Calls,
    names::intern,
    operand::{is_numpy_scalar, numpy},
};

/// Whether an object is of a type that surely has nothing to say.
fn plain(object: &Bound<PyAny>) -> bool {
    object.is_exact_instance_of::<PyUntypedArray>()
        || object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyBool>()
        || object.is_exact_instance_of::<PyList>()
        || object.is_exact_instance_of::<PyTuple>()
        || object.is_none()
}

/// An operand's `__array_ufunc__`, if its type has one of its own.
fn hook<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = object.py();
    let name = intern!(py, "__array_ufunc__");
    if plain(object) {
        return Ok(None);
    }
    let Some(hook) = object.get_type().getattr_opt(name)? else { return Ok(None) };
    Ok((!hook.is(default(py)?)).then_some(hook))
}

/// The `__array_ufunc__` of NumPy's arrays.
pub fn default(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static DEFAULT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let find = || numpy(py)?.getattr("ndarray")?.getattr("__array_ufunc__").map(Bound::unbind);
    Ok(DEFAULT.get_or_try_init(py, find)?.bind(py))
}

/// What the operands' own `__array_ufunc__` answer, if any has one. A subclass is asked before its base,
/// otherwise the first operand first.
pub fn overridden<'py, 'a>(
    ufunc: &Bound<'py, PyAny>,
    method: &str,
    inputs: &[Bound<'py, PyAny>],
    outputs: &[Option<Bound<'py, PyAny>>],
    mask: Option<&Bound<'py, PyAny>>,
    keywords: impl FnOnce() -> Vec<(&'a str, Option<Bound<'py, PyAny>>)>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = ufunc.py();
    let others = || outputs.iter().flatten().chain(mask);
    if inputs.iter().all(plain) && others().all(plain) {
        return Ok(None);
    }
    let mut asked: Vec<Bound<'py, PyAny>> = Vec::new();
    for object in inputs.iter().chain(others()) {
        let Some(hook) = hook(object)? else { continue };
        if hook.is_none() {
            return Err(PyTypeError::new_err(format!(
                "operand '{}' does not support ufuncs (__array_ufunc__=None)",
                object.get_type().name()?
            )));
        }
        let ty = object.get_type();
        if asked.iter().any(|other| other.get_type().is(&ty)) {
            continue;
        }
        let mut place = asked.len();
        for (i, other) in asked.iter().enumerate().rev() {
            if ty.is_subclass(&other.get_type())? {
                place = i;
            }
        }
        asked.insert(place, object.clone());
    }
    if asked.is_empty() {
        return Ok(None);
    }
    let ufunc = match ufunc.cast::<Calls>() {
        Ok(_) => &ufunc.call_method0(intern!(py, "_handed"))?,
        Err(_) => ufunc,
    };
    let given = PyDict::new(py);
    for (name, value) in keywords() {
        if let Some(value) = value {
            given.set_item(name, value)?;
        }
    }
    if outputs.iter().any(Option::is_some) {
        given.set_item("out", PyTuple::new(py, outputs)?)?;
    }
    for object in &asked {
        let mut arguments = vec![ufunc.clone(), method.into_pyobject(py)?.into_any()];
        arguments.extend(inputs.iter().cloned());
        let bound = object.getattr(intern!(py, "__array_ufunc__"))?;
        let answer = bound.call(PyTuple::new(py, arguments)?, Some(&given))?;
        if !answer.is(py.NotImplemented()) {
            return Ok(Some(answer));
        }
    }
    let mut said = vec![ufunc.repr()?.to_string(), format!("'{method}'")];
    for input in inputs {
        said.push(input.repr()?.to_string());
    }
    for (name, value) in &given {
        said.push(format!("{name}={}", value.repr()?));
    }
    let kinds = inputs.iter().chain(outputs.iter().flatten());
    let kinds = kinds.map(|o| Ok(format!("'{}'", o.get_type().name()?)));
    Err(PyTypeError::new_err(format!(
        "operand type(s) all returned NotImplemented from __array_ufunc__({}): {}",
        said.join(", "),
        kinds.collect::<PyResult<Vec<_>>>()?.join(", ")
    )))
}

/// The input whose `__array_wrap__` makes the outputs: that of the highest priority, if it is no plain
/// array.
pub fn wrapper<'py>(inputs: &[Bound<'py, PyAny>]) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut best: Option<(f64, Bound<'py, PyAny>)> = None;
    let mut arrays = false;
    for object in inputs {
        arrays |= object.is_exact_instance_of::<PyUntypedArray>();
        let py = object.py();
        if plain(object)
            || is_numpy_scalar(object)?
            || object.getattr_opt(intern!(py, "__array_wrap__"))?.is_none()
        {
            continue;
        }
        let priority = match object.getattr_opt(intern!(py, "__array_priority__"))? {
            Some(priority) => priority.extract()?,
            None => 0.0,
        };
        if best.as_ref().is_none_or(|(highest, _)| priority > *highest) {
            best = Some((priority, object.clone()));
        }
    }
    Ok(best.filter(|(priority, _)| !arrays || *priority >= 0.0).map(|(_, object)| object))
}
