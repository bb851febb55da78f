//! How many threads calls use.

use pyo3::{exceptions::PyValueError, prelude::*};

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
///     For 0 or a number above.
/// OverflowError
///     For a negative number.
///
/// See Also
/// --------
/// num_threads, get_num_threads
///
/// Examples
/// --------
/// >>> import lanefn
/// >>> before = lanefn.get_num_threads()
/// >>> lanefn.set_num_threads(1)
/// >>> lanefn.get_num_threads()
/// 1
/// >>> lanefn.set_num_threads(before)
#[pyfunction]
pub fn set_num_threads(n: usize) -> PyResult<()> {
    lanefn::set_num_threads(n).map_err(|e| PyValueError::new_err(e.to_string()))
}

/// The number of threads that a large call of this thread would use now.
///
/// It is the one of ``num_threads`` or ``set_num_threads``, else that of ``LANEFN_NUM_THREADS``,
/// ``RAYON_NUM_THREADS`` or ``OMP_NUM_THREADS``, else that of the CPUs which this process may use.
///
/// Returns
/// -------
/// int
///
/// Raises
/// ------
/// ValueError
///     If one of these variables is set to what is no such number.
///
/// See Also
/// --------
/// num_threads, set_num_threads
///
/// Examples
/// --------
/// >>> import lanefn
/// >>> with lanefn.num_threads(2):
/// ...     lanefn.get_num_threads()
/// 2
#[pyfunction]
pub fn get_num_threads() -> PyResult<usize> {
    lanefn::num_threads().map_err(|e| PyValueError::new_err(e.to_string()))
}

/// Sets the number of threads for calls of this thread, or none; what was set before.
#[pyfunction]
#[pyo3(signature = (n))]
pub fn _replace_num_threads(n: Option<usize>) -> PyResult<Option<usize>> {
    lanefn::replace_num_threads(n).map_err(|e| PyValueError::new_err(e.to_string()))
}
