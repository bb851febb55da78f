//! Errors of the engine as exceptions of NumPy's kinds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lanefn::Error;
use pyo3::{
    exceptions::{
        PyIndexError, PyMemoryError, PyOSError, PyRuntimeError, PySystemError, PyTypeError,
        PyValueError,
    },
    prelude::*,
};

/// The exception for an error.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Axis { axis, ndim } => py
            .import("numpy.exceptions")
            .and_then(|m| m.getattr("AxisError")?.call1((axis, ndim)))
            .map_or_else(|e| e, PyErr::from_value),
        Error::NoLoop { .. }
        | Error::Casting { .. }
        | Error::NotEndo { .. }
        | Error::MaskDtype { .. } => PyTypeError::new_err(text),
        Error::Index { .. } => PyIndexError::new_err(text),
        Error::TooLarge { .. } => PyMemoryError::new_err(text),
        Error::Level(_) | Error::Threads(_) => PyRuntimeError::new_err(text),
        Error::File { .. } => PyOSError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// A closure that may be handed to [`Python::detach`].
struct Here<F>(F);

// SAFETY: `detach` runs the closure on the thread that calls it.
unsafe impl<F> Send for Here<F> {}

/// Runs the engine with the interpreter free for other threads. A panic becomes an exception, too.
pub fn detached(py: Python<'_>, work: impl FnOnce() -> lanefn::Result<()>) -> PyResult<()> {
    let work = Here(work);
    let done = py.detach(move || {
        let work = work;
        catch_unwind(AssertUnwindSafe(work.0)).map_err(|_| ())
    });
    match done {
        Ok(result) => result.map_err(|e| exception(py, &e)),
        Err(()) => Err(PySystemError::new_err("lanefn panicked; this is a bug in it")),
    }
}
