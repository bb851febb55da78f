//! What comes from Python and goes back: dtypes, arrays, numbers.

use lanefn::{
    RawInput, RawOutput, Scalar,
    dtype::{Dtype, Kind, Type, kind},
};
use numpy::{
    PY_ARRAY_API, PyArray1, PyArrayDescr, PyArrayDescrMethods, PyArrayMethods, PyUntypedArray,
    PyUntypedArrayMethods,
    npyffi::{self, NPY_ARRAY_WRITEABLE},
};
use pyo3::{
    exceptions::{PyOverflowError, PyTypeError, PyValueError},
    prelude::*,
    sync::PyOnceLock,
    types::{PyBool, PyDict, PyFloat, PyInt, PyTuple},
};
use smallvec::SmallVec;

use crate::names::{self, intern};

/// The module `numpy`.
pub fn numpy<'py>(py: Python<'py>) -> PyResult<&'py Bound<'py, PyAny>> {
    static NUMPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = NUMPY.get_or_try_init(py, || py.import("numpy").map(|m| m.into_any().unbind()))?;
    Ok(module.bind(py))
}

/// NumPy's object for a dtype.
pub fn descr(py: Python<'_>, dtype: Dtype) -> Bound<'_, PyArrayDescr> {
    match dtype {
        Dtype::Bool => numpy::dtype::<bool>(py),
        Dtype::I8 => numpy::dtype::<i8>(py),
        Dtype::I16 => numpy::dtype::<i16>(py),
        Dtype::I32 => numpy::dtype::<i32>(py),
        Dtype::I64 => numpy::dtype::<i64>(py),
        Dtype::U8 => numpy::dtype::<u8>(py),
        Dtype::U16 => numpy::dtype::<u16>(py),
        Dtype::U32 => numpy::dtype::<u32>(py),
        Dtype::U64 => numpy::dtype::<u64>(py),
        Dtype::F32 => numpy::dtype::<f32>(py),
        Dtype::F64 => numpy::dtype::<f64>(py),
    }
}

/// The dtype of this object of NumPy's, whatever its byte order.
pub fn known(descr: &Bound<PyArrayDescr>) -> PyResult<Dtype> {
    match (descr.kind(), descr.itemsize()) {
        (b'b', 1) => Ok(Dtype::Bool),
        (b'i', 1) => Ok(Dtype::I8),
        (b'i', 2) => Ok(Dtype::I16),
        (b'i', 4) => Ok(Dtype::I32),
        (b'i', 8) => Ok(Dtype::I64),
        (b'u', 1) => Ok(Dtype::U8),
        (b'u', 2) => Ok(Dtype::U16),
        (b'u', 4) => Ok(Dtype::U32),
        (b'u', 8) => Ok(Dtype::U64),
        (b'f', 4) => Ok(Dtype::F32),
        (b'f', 8) => Ok(Dtype::F64),
        _ => Err(PyTypeError::new_err(format!("lanefn has no dtype {descr}"))),
    }
}

/// The dtype that an argument such as `dtype=` means.
pub fn dtype(object: &Bound<PyAny>) -> PyResult<Dtype> {
    if object.is_none() {
        // As NumPy has it.
        return Ok(Dtype::F64);
    }
    known(&PyArrayDescr::new(object.py(), object)?)
}

/// `numpy.asarray`, in the machine's byte order.
pub fn array<'py>(object: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyUntypedArray>, Dtype)> {
    let py = object.py();
    let array = match object.cast::<PyUntypedArray>() {
        Ok(array) => array.clone(),
        Err(_) => numpy(py)?.call_method1(intern!(py, "asarray"), (object,))?.cast_into()?,
    };
    let of = array.dtype();
    let dtype = known(&of)?;
    if of.is_native_byteorder() == Some(false) {
        let native = array.call_method1(intern!(py, "astype"), (descr(py, dtype),))?;
        return Ok((native.cast_into()?, dtype));
    }
    Ok((array, dtype))
}

/// The address of the element with all indices 0.
fn start(array: &Bound<PyUntypedArray>) -> *mut u8 {
    // SAFETY: the array is alive and the interpreter attached.
    unsafe { (*npyffi::objects::_PyArray_GET_ITEM_DATA(array.as_array_ptr())).data.cast() }
}

/// Where the elements of an array lie. A copy: another thread may give the array another shape while the
/// engine runs, but not another memory as long as we hold it.
pub struct View {
    ptr: *mut u8,
    pub shape: SmallVec<[usize; 4]>,
    strides: SmallVec<[isize; 4]>,
    pub dtype: Dtype,
}

impl View {
    pub fn of(array: &Bound<PyUntypedArray>, dtype: Dtype) -> View {
        let (shape, strides) = (array.shape().into(), array.strides().into());
        View { ptr: start(array), shape, strides, dtype }
    }

    pub fn input(&self) -> RawInput<'_> {
        let View { ptr, shape, strides, dtype } = self;
        RawInput { ptr: *ptr, shape, strides, dtype: *dtype }
    }

    pub fn output(&self) -> RawOutput<'_> {
        let View { ptr, shape, strides, dtype } = self;
        RawOutput { ptr: *ptr, shape, strides, dtype: *dtype }
    }
}

/// An input, before the loop is known.
pub enum Given<'py> {
    Array(Bound<'py, PyUntypedArray>, Dtype),
    Int(Bound<'py, PyInt>),
    Float(f64),
}

impl<'py> Given<'py> {
    pub fn of(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        // A NumPy float64 is a Python float as well, but not a weak one.
        if !object.is_exact_instance_of::<PyUntypedArray>() && !object.is_instance_of::<PyBool>() {
            if let Ok(int) = object.cast::<PyInt>() {
                return Ok(Given::Int(int.clone()));
            }
            if let Ok(float) = object.cast::<PyFloat>()
                && !is_numpy_scalar(object)?
            {
                return Ok(Given::Float(float.value()));
            }
        }
        let (array, dtype) = array(object)?;
        Ok(Given::Array(array, dtype))
    }

    pub fn ty(&self) -> Type {
        match self {
            Given::Array(_, dtype) => Type::Is(*dtype),
            Given::Int(_) => Type::Int,
            Given::Float(_) => Type::Float,
        }
    }

    /// The same for a function of truths, for which every int other than 0 is as good as 1.
    pub fn truth(self) -> PyResult<Self> {
        match self {
            Given::Int(int) => Ok(Given::Int(PyInt::new(int.py(), int.is_truthy()? as u8))),
            other => Ok(other),
        }
    }

    /// Whether it is a number of Python's that is finite.
    pub fn is_finite_number(&self) -> bool {
        match self {
            Given::Array(..) => false,
            Given::Int(_) => true,
            Given::Float(float) => float.is_finite(),
        }
    }

    /// As an operand of a loop that takes this dtype here.
    pub fn operand(self, dtype: Dtype) -> PyResult<Operand<'py>> {
        match self {
            Given::Array(array, dtype) => Ok(Operand::Array(array, dtype)),
            Given::Int(int) => Ok(Operand::Scalar(whole(&int, dtype)?)),
            Given::Float(float) => Ok(Operand::Scalar(Scalar::of(float).cast(dtype))),
        }
    }

    /// Whether this is a Python int that the dtype doesn't hold: where it lies then.
    pub fn beyond(&self, dtype: Dtype) -> PyResult<Option<std::cmp::Ordering>> {
        let Given::Int(int) = self else { return Ok(None) };
        if kind(dtype) == Kind::Float || whole(int, dtype).is_ok() {
            return Ok(None);
        }
        let order = if int.lt(0)? { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater };
        Ok(Some(order))
    }
}

/// Whether an object is one of NumPy's scalars.
pub fn is_numpy_scalar(object: &Bound<PyAny>) -> PyResult<bool> {
    static GENERIC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = object.py();
    let generic =
        GENERIC.get_or_try_init(py, || numpy(py)?.getattr("generic").map(Bound::unbind))?;
    object.is_instance(generic.bind(py))
}

/// Fills what is looked up once, while the module is imported: a process that forked while another thread
/// was filling it would wait for ever.
pub fn prepare(py: Python<'_>) -> PyResult<()> {
    crate::overrides::default(py)?;
    is_numpy_scalar(&py.None().into_bound(py))?;
    names::at(py, 0);
    crate::few::prepare(py);
    crate::arguments::no_value(py)?;
    // What the crate that binds NumPy keeps for ufuncs and for arrays that are read.
    // SAFETY: the interpreter is attached.
    unsafe { npyffi::get_type_object(py, npyffi::NpyTypes::PyUFunc_Type) };
    drop(PyArrayMethods::readonly(&PyArray1::<u8>::zeros(py, [0], false)));
    known(&descr(py, Dtype::F64))?;
    // What PyO3 keeps for errors.
    PyValueError::new_err("").restore(py);
    drop(PyErr::take(py));
    Ok(())
}

/// A Python int in a dtype that must hold it.
fn whole(int: &Bound<PyInt>, dtype: Dtype) -> PyResult<Scalar> {
    if kind(dtype) == Kind::Float {
        return Ok(Scalar::of(int.call_method0("__float__")?.extract::<f64>()?).cast(dtype));
    }
    if dtype == Dtype::Bool {
        return Ok(Scalar::of(int.is_truthy()?));
    }
    let exact = match kind(dtype) {
        Kind::Unsigned => int.extract::<u64>().map(Scalar::of),
        _ => int.extract::<i64>().map(Scalar::of),
    };
    // What a narrower dtype holds comes back unchanged.
    match exact {
        Ok(wide) if wide.cast(dtype).cast(wide.dtype()) == wide => Ok(wide.cast(dtype)),
        _ => Err(PyOverflowError::new_err(format!(
            "Python integer {int} out of bounds for {}",
            descr(int.py(), dtype)
        ))),
    }
}

/// An input of a loop.
pub enum Operand<'py> {
    Array(Bound<'py, PyUntypedArray>, Dtype),
    Scalar(Scalar),
}

impl Operand<'_> {
    /// Whether it is a number that is infinite.
    pub fn is_infinite(&self) -> bool {
        matches!(self, Operand::Scalar(s) if s.get::<f32>().is_some_and(f32::is_infinite))
    }

    /// Where it lies, as long as this operand stays in its place.
    pub fn view(&self) -> View {
        match self {
            Operand::Array(array, dtype) => View::of(array, *dtype),
            Operand::Scalar(scalar) => View {
                ptr: scalar.bytes().as_ptr().cast_mut(),
                shape: SmallVec::new(),
                strides: SmallVec::new(),
                dtype: scalar.dtype(),
            },
        }
    }
}

/// An output: what is returned, and what the engine writes to. They differ where the engine can't write
/// to the first.
pub struct Output<'py> {
    array: Bound<'py, PyAny>,
    pub work: Bound<'py, PyUntypedArray>,
    pub dtype: Dtype,
    pub given: bool,
}

impl<'py> Output<'py> {
    /// One that the caller gave.
    pub fn given(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let Ok(array) = object.cast::<PyUntypedArray>() else {
            return Err(PyTypeError::new_err("return arrays must be of ArrayType"));
        };
        // SAFETY: the array is alive and the interpreter attached.
        let flags =
            unsafe { (*npyffi::objects::_PyArray_GET_ITEM_DATA(array.as_array_ptr())).flags };
        if flags & NPY_ARRAY_WRITEABLE == 0 {
            return Err(PyValueError::new_err("output array is read-only"));
        }
        let of = array.dtype();
        let dtype = known(&of)?;
        let work = if of.is_native_byteorder() == Some(false) || !apart(array) {
            let copy = array.call_method1(intern!(py, "astype"), (descr(py, dtype),))?;
            copy.cast_into()?
        } else {
            array.clone()
        };
        Ok(Output { array: object.clone(), work, dtype, given: true })
    }

    /// A new one, whose axes lie in memory in this order, the last one closest.
    pub fn new(py: Python<'py>, shape: &[usize], dtype: Dtype, axes: &[usize]) -> PyResult<Self> {
        let mut dims: Vec<npyffi::npy_intp> = shape.iter().map(|&n| n as _).collect();
        let mut strides = vec![0; shape.len()];
        let mut step = dtype.size() as npyffi::npy_intp;
        for &a in axes.iter().rev() {
            strides[a] = step;
            step = step.saturating_mul(dims[a].max(1));
        }
        // SAFETY: the reference to the descriptor is NumPy's to keep; lengths and strides are arrays of
        // as many numbers as there are axes; the memory is NumPy's own, of as many bytes as a contiguous
        // array of this shape, which an order of its axes doesn't change.
        let array = unsafe {
            let array = PY_ARRAY_API.PyArray_NewFromDescr(
                py,
                npyffi::get_type_object(py, npyffi::NpyTypes::PyArray_Type),
                descr(py, dtype).into_dtype_ptr(),
                shape.len() as _,
                dims.as_mut_ptr(),
                strides.as_mut_ptr(),
                std::ptr::null_mut(),
                0,
                std::ptr::null_mut(),
            );
            Bound::from_owned_ptr_or_err(py, array)?
        };
        let work = array.clone().cast_into::<PyUntypedArray>()?;
        Ok(Output { array, work, dtype, given: false })
    }

    /// A new one of zeros, of u8 and in C order.
    pub fn zeros(py: Python<'py>, shape: &[usize]) -> PyResult<Self> {
        let shape = PyTuple::new(py, shape)?;
        let array = numpy(py)?.call_method1(intern!(py, "zeros"), (shape, descr(py, Dtype::U8)))?;
        let work = array.clone().cast_into::<PyUntypedArray>()?;
        Ok(Output { array, work, dtype: Dtype::U8, given: false })
    }

    pub fn view(&self) -> View {
        View::of(&self.work, self.dtype)
    }

    /// Puts what has been computed where the caller wants it.
    pub fn store(&self, py: Python<'py>) -> PyResult<()> {
        if !self.work.is(&self.array) {
            let keywords = PyDict::new(py);
            keywords.set_item("casting", "unsafe")?;
            numpy(py)?.call_method("copyto", (&self.array, &self.work), Some(&keywords))?;
        }
        Ok(())
    }

    /// Whether it is the caller's, and no plain array.
    pub fn is_own_kind(&self) -> bool {
        self.given && !self.array.is_exact_instance_of::<PyUntypedArray>()
    }

    /// The array to return: the caller's own, or a new one as `wrap` makes it. Without axes it is one of
    /// NumPy's scalars, if those are wanted.
    pub fn finish(
        self,
        py: Python<'py>,
        wrap: Option<&Bound<'py, PyAny>>,
        context: Option<&Bound<'py, PyTuple>>,
        scalars: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        if self.given {
            self.store(py)?;
            if self.array.is_exact_instance_of::<PyUntypedArray>() {
                return Ok(self.array);
            }
            // One of a subclass may say itself what is returned.
            let name = intern!(py, "__array_wrap__");
            if self
                .array
                .get_type()
                .getattr(name)?
                .is(&numpy(py)?.getattr("ndarray")?.getattr(name)?)
            {
                return Ok(self.array);
            }
            return self.array.call_method1(name, (&self.array, context, false));
        }
        if let Some(wrap) = wrap {
            let scalar = scalars && self.work.ndim() == 0;
            return wrap.call_method1(intern!(py, "__array_wrap__"), (self.array, context, scalar));
        }
        if !scalars {
            return Ok(self.array);
        }
        // SAFETY: it takes the reference, and answers the array or, for no axes, a scalar.
        unsafe {
            let scalar = PY_ARRAY_API.PyArray_Return(py, self.array.into_ptr().cast());
            Bound::from_owned_ptr_or_err(py, scalar)
        }
    }
}

/// Whether the elements of an array surely are apart: along each axis, in order of strides, a step is
/// longer than all that lies within it.
fn apart(array: &Bound<PyUntypedArray>) -> bool {
    let mut axes: Vec<(usize, usize)> = std::iter::zip(array.strides(), array.shape())
        .filter(|(_, n)| **n > 1)
        .map(|(s, n)| (s.unsigned_abs(), *n))
        .collect();
    if array.shape().contains(&0) {
        return true;
    }
    axes.sort_unstable();
    let mut within = array.dtype().itemsize();
    for (stride, n) in axes {
        if stride < within {
            return false;
        }
        within += stride * (n - 1);
    }
    true
}
