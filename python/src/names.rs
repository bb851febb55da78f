//! Names that Python code is asked by, made once at import.
//!
//! PyO3's own `intern!` makes each at its first use, in a once cell, and lets other threads run meanwhile: a
//! child that was forked just then would wait for that cell for ever.

use pyo3::{prelude::*, sync::PyOnceLock, types::PyString};

const NAMES: [&str; 25] = [
    "__array_priority__",
    "__array_ufunc__",
    "__array_wrap__",
    "__index__",
    "__new__",
    "_call",
    "_failed",
    "_handed",
    "any",
    "arange",
    "array",
    "asarray",
    "astype",
    "broadcast_to",
    "decode",
    "format",
    "geterr",
    "geterrcall",
    "inspect",
    "item",
    "less",
    "out",
    "ravel",
    "reshape",
    "zeros",
];

static MADE: PyOnceLock<[Py<PyString>; NAMES.len()]> = PyOnceLock::new();

/// Where a name stands.
pub const fn place(name: &str) -> usize {
    let mut i = 0;
    while i < NAMES.len() {
        let (a, b) = (NAMES[i].as_bytes(), name.as_bytes());
        let mut same = 0;
        while same < a.len() && same < b.len() && a[same] == b[same] {
            same += 1;
        }
        if same == a.len() && same == b.len() {
            return i;
        }
        i += 1;
    }
    panic!("the name is missing in NAMES")
}

/// The name at a place.
pub fn at(py: Python<'_>, place: usize) -> &Bound<'_, PyString> {
    let make = || NAMES.map(|name| PyString::intern(py, name).unbind());
    MADE.get_or_init(py, make)[place].bind(py)
}

/// The string of a name.
macro_rules! intern {
    ($py:expr, $name:literal) => {
        $crate::names::at($py, const { $crate::names::place($name) })
    };
}
pub(crate) use intern;
