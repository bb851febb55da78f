//! Docstrings of functions.

use pyo3::prelude::*;

/// The attribute `__doc__` of the class: its own of the class, and of each function the function's.
#[pyclass(name = "_Docstring", module = "lanefn._lanefn", frozen)]
pub struct Docstring;

#[pymethods]
impl Docstring {
    fn __get__<'py>(
        &self,
        py: Python<'py>,
        of: Option<Bound<'py, PyAny>>,
        _class: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        // Read when somebody asks, so that importing the package costs nothing for it.
        py.import("lanefn._docs")?.getattr("docstring")?.call1((of,))
    }
}
