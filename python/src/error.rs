//! Errors of the engine as exceptions of NumPy's kinds.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use lanefn::{
    Error,
    dtype::Casting,
    interruptible,
    status::{Flags, collect},
};
use pyo3::{
    exceptions::{
        PyFloatingPointError, PyIndexError, PyMemoryError, PyOSError, PyRuntimeError,
        PyRuntimeWarning, PySyntaxError, PySystemError, PyTypeError, PyValueError,
    },
    prelude::*,
};

use crate::{names::intern, operand::numpy};

/// The exception for an error.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Axis { axis, ndim } => py
            .import("numpy.exceptions")
            .and_then(|m| m.getattr("AxisError")?.call1((axis, ndim)))
            .map_or_else(|e| e, PyErr::from_value),
        Error::NoLoop { .. }
        | Error::Made { .. }
        | Error::Casting { .. }
        | Error::NotEndo { .. }
        | Error::MaskDtype { .. } => PyTypeError::new_err(text),
        Error::Expression(_) => PySyntaxError::new_err(text),
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

thread_local! {
    /// What a signal's handler raised during a call of this thread.
    static SIGNAL: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Whether a signal's handler raises something, Ctrl-C's mostly.
fn signalled() -> bool {
    Python::attach(|py| match py.check_signals() {
        Ok(()) => false,
        Err(raised) => {
            SIGNAL.set(Some(raised));
            true
        }
    })
}

/// Runs the engine with the interpreter free for other threads, and says what a function met as
/// `numpy.errstate` asks. A panic becomes an exception, too.
pub fn detached(
    py: Python<'_>,
    name: &str,
    work: impl FnOnce() -> lanefn::Result<()>,
) -> PyResult<()> {
    let ((), met) = freed(py, || {
        let (result, met) = collect(work);
        result.map(|done| (done, met))
    })?;
    if met.is_empty() { Ok(()) } else { report(py, name, met) }
}

/// Runs the engine with the interpreter free for other threads, where Ctrl-C ends it. A panic becomes an
/// exception, too.
pub fn freed<R: Send>(py: Python<'_>, work: impl FnOnce() -> lanefn::Result<R>) -> PyResult<R> {
    let work = Here(work);
    let run = move || {
        let work = work;
        interruptible(signalled, work.0)
    };
    caught(|| py.detach(run))?.map_err(|e| match SIGNAL.take() {
        Some(raised) if matches!(e, Error::Interrupted) => raised,
        _ => exception(py, &e),
    })
}

/// What a closure gives; an exception if it panics.
pub fn caught<R>(work: impl FnOnce() -> R) -> PyResult<R> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| PySystemError::new_err("lanefn panicked; this is a bug in it"))
}

/// Does with floating-point flags what NumPy is set to do with its own.
pub fn report(py: Python<'_>, name: &str, met: Flags) -> PyResult<()> {
    let numpy = numpy(py)?;
    let modes = numpy.call_method0(intern!(py, "geterr"))?;
    for flag in met.names() {
        let (kind, number) = match flag {
            "divide" => ("divide by zero", 1),
            "over" => ("overflow", 2),
            "under" => ("underflow", 4),
            _ => ("invalid value", 8),
        };
        let text = format!("{kind} encountered in {name}");
        let handler = || numpy.call_method0(intern!(py, "geterrcall"));
        match modes.get_item(flag)?.extract::<String>()?.as_str() {
            "warn" => {
                let text = std::ffi::CString::new(text)?;
                PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 1)?;
            }
            "raise" => return Err(PyFloatingPointError::new_err(text)),
            "call" => {
                handler()?.call1((kind, number))?;
            }
            "print" => {
                let out = py.import("sys")?.getattr("stdout")?;
                out.call_method1("write", (format!("Warning: {text}\n"),))?;
            }
            "log" => {
                handler()?.call_method1("write", (format!("Warning: {text}\n"),))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The rule of casting of this name.
pub fn casting(py: Python, name: &str) -> PyResult<Casting> {
    Casting::from_name(name).ok_or_else(|| {
        let needed = "one of no, equiv, safe, same_kind, unsafe";
        exception(py, &Error::Option { option: "casting", got: name.into(), needed })
    })
}
