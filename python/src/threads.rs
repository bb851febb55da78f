//! How many threads calls use.

use pyo3::prelude::*;

use crate::error::exception;

/// Sets the number of threads that calls of this process use, from now on.
///
/// Parameters
/// ----------
/// n : int
///     1 to 65 535.
///
/// Raises
/// ------
/// ValueError
///     For any other number.
///
/// Examples
/// --------
/// >>> import lanefn
/// >>> lanefn.set_num_threads(1)
/// >>> lanefn.get_num_threads()
/// 1
#[pyfunction]
pub fn set_num_threads(py: Python, n: usize) -> PyResult<()> {
    lanefn::set_num_threads(n).map_err(|e| exception(py, &e))
}

/// The number of threads that a large call of this thread would use now.
///
/// It is the one of ``num_threads`` or ``set_num_threads``, else that of ``LANEFN_NUM_THREADS``,
/// ``RAYON_NUM_THREADS`` or ``OMP_NUM_THREADS``, else that of the CPUs which this process may use.
///
/// Returns
/// -------
/// int
#[pyfunction]
pub fn get_num_threads(py: Python) -> PyResult<usize> {
    lanefn::num_threads().map_err(|e| exception(py, &e))
}

/// Sets the number of threads for calls of this thread, or none; what was set before.
#[pyfunction]
#[pyo3(signature = (n))]
pub fn _replace_num_threads(py: Python, n: Option<usize>) -> PyResult<Option<usize>> {
    lanefn::replace_num_threads(n).map_err(|e| exception(py, &e))
}
