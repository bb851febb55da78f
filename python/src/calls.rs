//! The class that `lanefn.vectorize` derives from: its calls, without a step through Python.

use std::sync::{Mutex, PoisonError};

use pyo3::{
    exceptions::{PyOverflowError, PyTypeError},
    intern,
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::ufunc::Ufunc;

/// What is called as a ufunc is, once it has one.
///
/// A call of as many arguments as the ufunc has inputs, and none by name, goes straight to it. All other
/// calls go to the method `_call(args, kwargs)`; those of operands that it has no loop for to
/// `_failed(error, args)`.
#[pyclass(name = "_Calls", module = "lanefn._lanefn", subclass, frozen)]
pub struct Calls {
    ready: Mutex<Option<Py<Ufunc>>>,
}

impl Calls {
    fn get(&self, py: Python) -> Option<Py<Ufunc>> {
        // Nobody runs Python code while holding it.
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|u| u.clone_ref(py))
    }
}

#[pymethods]
impl Calls {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<PyTuple>, _kwargs: Option<&Bound<PyDict>>) -> Calls {
        Calls { ready: Mutex::new(None) }
    }

    /// The ufunc that calls go straight to, or None.
    #[getter(_ready)]
    fn ready(&self, py: Python) -> Option<Py<Ufunc>> {
        self.get(py)
    }

    #[setter(_ready)]
    fn set_ready(&self, ufunc: Option<Py<Ufunc>>) {
        let old = std::mem::replace(
            &mut *self.ready.lock().unwrap_or_else(PoisonError::into_inner),
            ufunc,
        );
        drop(old);
    }

    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if kwargs.is_none_or(|k| k.is_empty())
            && let Some(ready) = slf.get().get(py)
            && ready.get().inputs() == args.len()
        {
            return match ready.get().call(slf.as_any(), args, None, false) {
                Ok(done) => done,
                Err(error)
                    if error.is_instance_of::<PyTypeError>(py)
                        || error.is_instance_of::<PyOverflowError>(py) =>
                {
                    slf.call_method1(intern!(py, "_failed"), (error, args))
                }
                Err(error) => Err(error),
            };
        }
        slf.call_method1(intern!(py, "_call"), (args, kwargs))
    }

    /// `ufunc` called on behalf of this object.
    #[pyo3(signature = (ufunc, args, kwargs=None))]
    fn _through<'py>(
        slf: &Bound<'py, Self>,
        ufunc: &Bound<'py, Ufunc>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        ufunc.get().call(slf.as_any(), args, kwargs, false)?
    }
}
