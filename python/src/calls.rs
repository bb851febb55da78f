//! The class that `lanefn.vectorize` derives from: its calls, without a step through Python.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use pyo3::{
    exceptions::{PyOverflowError, PyTypeError},
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    arguments::are_keywords,
    call::Like,
    few::{self, Maybe},
    names::intern,
    ufunc::Ufunc,
};

/// What is called as a ufunc is, once it has one.
///
/// A call of as many arguments as the ufunc has inputs, and nothing by name but what ufuncs take, goes straight
/// to it. All other calls go to the method `_call(args, kwargs)`; those of operands that it has no loop for to
/// `_failed(error, args)`.
#[pyclass(name = "_Calls", module = "lanefn._lanefn", subclass, frozen)]
pub struct Calls {
    ready: Mutex<Option<Ready>>,
    /// Whether operands without elements will do where the dtypes of results follow from theirs.
    empty: AtomicBool,
}

/// What calls go to.
struct Ready {
    ufunc: Py<Ufunc>,
    /// Whatever the operands are; plain ones alone otherwise.
    straight: bool,
    /// With the keywords of ufuncs: the function has no parameters of these names.
    keywords: bool,
}

impl Calls {
    fn get(&self, py: Python) -> Option<Ready> {
        // Nobody runs Python code while holding it.
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.as_ref().map(|r| Ready { ufunc: r.ufunc.clone_ref(py), ..*r })
    }

    fn like(&self) -> Like {
        Like::Vectorize { empty: self.empty() }
    }
}

#[pymethods]
impl Calls {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<PyTuple>, _kwargs: Option<&Bound<PyDict>>) -> Calls {
        Calls { ready: Mutex::new(None), empty: AtomicBool::new(false) }
    }

    /// The ufunc that calls go straight to, or None.
    #[getter(_ready)]
    fn ready(&self, py: Python) -> Option<Py<Ufunc>> {
        self.get(py).filter(|r| r.straight).map(|r| r.ufunc)
    }

    /// Lets calls go to a ufunc, or to none: whatever the operands are or plain ones alone, and with the
    /// keywords of ufuncs or without.
    fn _set_ready(&self, ufunc: Option<Py<Ufunc>>, straight: bool, keywords: bool) {
        let new = ufunc.map(|ufunc| Ready { ufunc, straight, keywords });
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *ready, new);
        drop(ready);
        drop(old);
    }

    /// Whether operands without elements will do. `numpy.vectorize` refuses them unless it knows the dtypes;
    /// other types of arrays ask with them what a result will be.
    #[getter(_empty)]
    fn empty(&self) -> bool {
        self.empty.load(Ordering::Relaxed)
    }

    #[setter(_empty)]
    fn set_empty(&self, empty: bool) {
        self.empty.store(empty, Ordering::Relaxed);
    }

    #[pyo3(signature = (*args, out=Maybe::Not, **kwargs))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        out: Maybe<'py>,
        kwargs: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let Some(Ready { ufunc, straight, keywords }) = slf.get().get(py) else {
            let kwargs = out.among(intern!(py, "out"), kwargs)?;
            return slf.call_method1(intern!(py, "_call"), (args, kwargs));
        };
        let bare = kwargs.is_none() && matches!(out, Maybe::Not);
        let fits = ufunc.get().inputs() == args.len() && (bare || keywords);
        if fits
            && kwargs.is_none()
            && let Some(done) = few::call(ufunc.get(), args, out.one().as_ref(), false)?
        {
            return Ok(done);
        }
        let kwargs = out.among(intern!(py, "out"), kwargs)?;
        if fits && straight {
            let (ufunc, kwargs) = (ufunc.get(), kwargs.as_ref());
            if kwargs.is_none_or(are_keywords) {
                return match ufunc.call(slf.as_any(), args, kwargs, slf.get().like()) {
                    Ok(done) => done,
                    Err(error)
                        if kwargs.is_none()
                            && (error.is_instance_of::<PyTypeError>(py)
                                || error.is_instance_of::<PyOverflowError>(py)) =>
                    {
                        slf.call_method1(intern!(py, "_failed"), (error, args))
                    }
                    Err(error) => Err(error),
                };
            }
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
        ufunc.get().call(slf.as_any(), args, kwargs, slf.get().like())?
    }
}
