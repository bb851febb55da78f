//! Calls of few elements, as most calls are: straight to the inner loop.
//!
//! They are taken on if all operands are plain: arrays in C order, of no subclass, and Python's and NumPy's
//! own numbers. Such operands have no `__array_ufunc__` or `__array_wrap__` to ask for, and what is to be
//! known of them is read from where they lie. Everything else goes by [`Ufunc::call`], which gives the same
//! results, and the errors.

use std::ffi::{c_int, c_long, c_longlong};

use lanefn::{
    Scalar,
    dtype::{Dtype, Kind, Type, kind},
    kernels::loops::{Input, MAX_INPUTS, MAX_OUTPUTS},
};
use numpy::{
    PY_ARRAY_API, PyArrayDescr,
    npyffi::{
        self, NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_WRITEABLE, NpyTypes, PyArrayObject, npy_intp,
        objects::{_PyArray_GET_ITEM_DATA, _PyDataType_GET_ITEM_DATA},
    },
};
use pyo3::{
    ffi,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyString, PyTuple},
};
use smallvec::SmallVec;

use crate::{
    error::{caught, exception, freed, report},
    operand::descr,
    ufunc::Ufunc,
};

/// Elements for which the interpreter is not set free for other threads.
const HELD: usize = 2048;
/// Elements of a call at most. The engine sends away those that would take long.
const MOST: usize = 1 << 17;

/// Addresses by which plain objects are known, and NumPy's objects for the dtypes.
struct Plain {
    array: usize,
    /// The types of NumPy's numbers, in the order of NumPy's own numbers of dtypes.
    scalars: [usize; NUMBERS.len()],
    descrs: [Py<PyArrayDescr>; Dtype::ALL.len()],
}

static PLAIN: PyOnceLock<Plain> = PyOnceLock::new();

/// The dtypes that NumPy's numbers of dtypes mean, from 0.
const NUMBERS: [Dtype; 13] = {
    let (long, ulong) = match size_of::<c_long>() {
        4 => (Dtype::I32, Dtype::U32),
        _ => (Dtype::I64, Dtype::U64),
    };
    use Dtype::*;
    [Bool, I8, U8, I16, U16, I32, U32, long, ulong, I64, U64, F32, F64]
};

/// Fills what is looked up once.
pub fn prepare(py: Python<'_>) {
    plain(py);
}

fn plain(py: Python<'_>) -> &Plain {
    PLAIN.get_or_init(py, || {
        use NpyTypes::*;
        let scalars = [
            PyBoolArrType_Type,
            PyByteArrType_Type,
            PyUByteArrType_Type,
            PyShortArrType_Type,
            PyUShortArrType_Type,
            PyIntArrType_Type,
            PyUIntArrType_Type,
            PyLongArrType_Type,
            PyULongArrType_Type,
            PyLongLongArrType_Type,
            PyULongLongArrType_Type,
            PyFloatArrType_Type,
            PyDoubleArrType_Type,
        ];
        // SAFETY: the interpreter is attached.
        let of = |ty| unsafe { npyffi::get_type_object(py, ty) }.addr();
        Plain {
            array: of(PyArray_Type),
            scalars: scalars.map(of),
            descrs: Dtype::ALL.map(|dtype| descr(py, dtype).unbind()),
        }
    })
}

/// A plain operand.
struct Operand<'a> {
    ty: Type,
    /// Its first element; null for a number, which is in `value`.
    at: *mut u8,
    value: Scalar,
    /// Elements.
    n: usize,
    shape: &'a [npy_intp],
    writeable: bool,
}

impl<'a> Operand<'a> {
    /// None for what is not plain.
    #[inline]
    fn of(object: Borrowed<'a, '_, PyAny>, plain: &Plain) -> Option<Operand<'a>> {
        let object = object.as_ptr();
        // SAFETY: the object is alive, and the interpreter attached.
        let ty = unsafe { ffi::Py_TYPE(object) }.addr();
        if ty == plain.array {
            // SAFETY: it is an array and alive.
            return unsafe { Operand::array(object.cast()) };
        }
        let value = |ty, value| {
            Some(Operand {
                ty,
                at: std::ptr::null_mut(),
                value,
                n: 1,
                shape: &[],
                writeable: false,
            })
        };
        // SAFETY: the object is alive, the interpreter attached; numbers are asked for their value that are of
        // the type itself.
        unsafe {
            if ffi::PyFloat_CheckExact(object) != 0 {
                return value(Type::Float, Scalar::of(ffi::PyFloat_AsDouble(object)));
            }
            if ffi::PyLong_CheckExact(object) != 0 {
                let mut overflow: c_int = 0;
                let int = ffi::PyLong_AsLongLongAndOverflow(object, &mut overflow);
                return if overflow == 0 { value(Type::Int, Scalar::of(int)) } else { None };
            }
            if ffi::PyBool_Check(object) != 0 {
                let truth = object == ffi::Py_True();
                return value(Type::Is(Dtype::Bool), Scalar::of(truth));
            }
        }
        let number = plain.scalars.iter().rposition(|&scalar| scalar == ty)?;
        let dtype = NUMBERS[number];
        let mut bytes = [0u8; 8];
        // SAFETY: a scalar of this dtype, which has at most 8 bytes; the interpreter is attached, by the
        // promise of the reference.
        unsafe {
            let py = Python::assume_attached();
            PY_ARRAY_API.PyArray_ScalarAsCtype(py, object, bytes.as_mut_ptr().cast());
            value(Type::Is(dtype), Scalar::read(dtype, bytes.as_ptr()))
        }
    }

    /// # Safety
    /// An array that is alive.
    #[inline]
    unsafe fn array(array: *mut PyArrayObject) -> Option<Operand<'a>> {
        // SAFETY: the caller's promise; an array has a dtype, and lengths of as many axes as it says, none of
        // which is negative and which nobody changes while the interpreter runs nothing else.
        unsafe {
            let of = &*_PyArray_GET_ITEM_DATA(array);
            let dtype = &*_PyDataType_GET_ITEM_DATA(of.descr);
            let native = matches!(dtype.byteorder as u8, b'=' | b'|');
            if of.flags & NPY_ARRAY_C_CONTIGUOUS == 0 || !native {
                return None;
            }
            let ty = Type::Is(*NUMBERS.get(usize::try_from(dtype.type_num).ok()?)?);
            let shape = match of.nd {
                0 => &[],
                nd => std::slice::from_raw_parts(of.dimensions, nd as usize),
            };
            let n = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n as usize))?;
            let writeable = of.flags & NPY_ARRAY_WRITEABLE != 0;
            let (at, value) = (of.data.cast(), Scalar::of(false));
            Some(Operand { ty, at, value, n, shape, writeable })
        }
    }

    /// The one element of it, for a loop of this dtype; None for a number that the dtype doesn't hold.
    #[inline]
    fn one(&self, dtype: Dtype) -> Option<Scalar> {
        let value = match self.ty {
            // SAFETY: an element of the array.
            Type::Is(of) if !self.at.is_null() => unsafe { Scalar::read(of, self.at) },
            _ => self.value,
        };
        if self.ty != Type::Int || matches!(kind(dtype), Kind::Float | Kind::Bool) {
            let finite = |of: &Scalar| of.cast(Dtype::F64).get::<f64>().is_some_and(f64::is_finite);
            // One that is too large for the dtype is told of on the general way.
            let cast = value.cast(dtype);
            return Some(cast).filter(|cast| finite(cast) || !finite(&value));
        }
        if kind(dtype) == Kind::Unsigned && value.get::<c_longlong>() < Some(0) {
            return None;
        }
        Some(value.cast(dtype)).filter(|narrow| narrow.cast(Dtype::I64) == value)
    }
}

/// An argument of a name that may not be there, apart from all others: these come in a dict, which takes time.
pub enum Maybe<'py> {
    Not,
    Is(Bound<'py, PyAny>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Maybe<'py> {
    type Error = std::convert::Infallible;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        Ok(Maybe::Is(object.to_owned()))
    }
}

impl<'py> Maybe<'py> {
    /// The one array that it says, if it says one.
    pub fn one(&self) -> Option<Bound<'py, PyAny>> {
        let Maybe::Is(out) = self else { return None };
        match out.cast::<PyTuple>() {
            Ok(tuple) if tuple.len() == 1 => tuple.get_item(0).ok(),
            _ => Some(out.clone()),
        }
    }

    /// Where all others are.
    pub fn among(
        self,
        name: &Bound<'py, PyString>,
        others: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Maybe::Is(value) = self else { return Ok(others) };
        let all = others.unwrap_or_else(|| PyDict::new(name.py()));
        all.set_item(name, value)?;
        Ok(Some(all))
    }
}

/// What a call for the first arguments gives; None, and nothing has been done, if it must go the general way.
/// Results without axes are NumPy's scalars, or arrays.
pub fn call<'py>(
    ufunc: &Ufunc,
    args: &Bound<'py, PyTuple>,
    out: Option<&Bound<'py, PyAny>>,
    scalars: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (py, of) = (args.py(), ufunc.of());
    let plain = plain(py);
    let (nin, results) = (ufunc.inputs(), ufunc.results());
    let out = out.filter(|out| !out.is_none());
    if nin > MAX_INPUTS || args.len() < nin || (out.is_some() && results != 1) {
        return Ok(None);
    }

    let mut operands: SmallVec<[Operand; 3]> = SmallVec::new();
    let mut types = [Type::Int; MAX_INPUTS];
    let (mut n, mut shape): (usize, &[npy_intp]) = (1, &[]);
    for i in 0..nin {
        let Some(operand) = Operand::of(args.get_borrowed_item(i)?, plain) else { return Ok(None) };
        let longer = operand.shape.len() > shape.len();
        match (n, operand.n) {
            (1, 1) if longer => shape = operand.shape,
            (_, 1) if !longer => {}
            (1, m) if longer || operand.shape.len() == shape.len() => {
                (n, shape) = (m, operand.shape);
            }
            _ if operand.shape == shape => {}
            _ => return Ok(None),
        }
        types[i] = operand.ty;
        operands.push(operand);
    }
    if n == 0 || n > MOST {
        return Ok(None);
    }
    let types = &types[..nin];
    let Ok(code) = ufunc.resolve(types, &[], Default::default()) else { return Ok(None) };
    // Its exponents are looked at.
    if of.name == "pow" && kind(code.inputs()[1]) == Kind::Signed {
        return Ok(None);
    }

    let mut inputs = [Input { at: std::ptr::null(), scalar: false }; MAX_INPUTS];
    for (i, (operand, &dtype)) in operands.iter_mut().zip(code.inputs()).enumerate() {
        if operand.ty == Type::Is(dtype) && !operand.at.is_null() {
            inputs[i] = Input { at: operand.at, scalar: operand.n != n };
            continue;
        }
        // An array of another dtype is cast on the general way.
        if operand.n != 1 {
            return Ok(None);
        }
        let Some(value) = operand.one(dtype) else { return Ok(None) };
        operand.value = value;
        inputs[i] = Input { at: operand.value.bytes().as_ptr(), scalar: true };
    }
    let inputs = &inputs[..nin];

    // Numbers, until they are NumPy's; and which exceptions the elements raise.
    let mut bytes = [[0u8; 8]; MAX_OUTPUTS];
    let mut codes: SmallVec<[u8; 64]> = SmallVec::new();
    let mut arrays: SmallVec<[Bound<PyAny>; 1]> = SmallVec::new();
    let mut outputs = [std::ptr::null_mut(); MAX_OUTPUTS];
    let raising = code.outputs().len() != results;
    let numbers = scalars && shape.is_empty() && out.is_none();
    if let Some(out) = out {
        let Some(to) = Operand::of(out.as_borrowed(), plain) else { return Ok(None) };
        let fits = to.writeable && to.shape == shape && to.ty == Type::Is(code.outputs()[0]);
        // An exception is found when the outputs have been written.
        if to.at.is_null() || !fits || raising {
            return Ok(None);
        }
        outputs[0] = to.at;
        arrays.push(out.clone());
    } else {
        for (i, &dtype) in code.outputs()[..results].iter().enumerate() {
            if numbers {
                outputs[i] = bytes[i].as_mut_ptr();
                continue;
            }
            let array = empty(py, plain, shape, dtype)?;
            // SAFETY: an array that is alive.
            outputs[i] = unsafe { (*_PyArray_GET_ITEM_DATA(array.as_ptr().cast())).data.cast() };
            arrays.push(array);
        }
    }
    if raising {
        codes.resize(n, 0);
        outputs[results] = codes.as_mut_ptr();
    }
    let outputs = &outputs[..code.outputs().len()];

    // SAFETY: the code was found for this function and these operands, which are of its dtypes now, and
    // live. Outputs are new, or an array of this shape. That no other thread writes the same arrays meanwhile
    // is up to the program, as with NumPy.
    let run = || unsafe { of.call_few(&code, inputs, outputs, n) };
    let met = match n > HELD || code.has_loops() {
        true => freed(py, run)?,
        false => caught(run)?.map_err(|e| exception(py, &e))?,
    };
    let Some(met) = met else { return Ok(None) };
    if raising && codes.iter().any(|&code| code != 0) {
        return Ok(None);
    }
    if !met.is_empty() {
        report(py, of.name, met)?;
    }
    if numbers {
        for (bytes, &dtype) in bytes.iter_mut().zip(&code.outputs()[..results]) {
            arrays.push(number(py, plain, bytes, dtype)?);
        }
    }
    match results {
        1 => Ok(arrays.pop()),
        _ => Ok(Some(PyTuple::new(py, arrays)?.into_any())),
    }
}

/// A new array in C order.
fn empty<'py>(
    py: Python<'py>,
    plain: &Plain,
    shape: &[npy_intp],
    dtype: Dtype,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the type is that of arrays; the reference to the dtype is NumPy's to keep; there are as many
    // lengths as axes; the memory is NumPy's own.
    unsafe {
        let array = PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            npyffi::get_type_object(py, NpyTypes::PyArray_Type),
            plain.descrs[dtype as usize].clone_ref(py).into_ptr().cast(),
            shape.len() as c_int,
            shape.as_ptr().cast_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            0,
            std::ptr::null_mut(),
        );
        Bound::from_owned_ptr_or_err(py, array)
    }
}

/// One of NumPy's scalars.
fn number<'py>(
    py: Python<'py>,
    plain: &Plain,
    bytes: &mut [u8; 8],
    dtype: Dtype,
) -> PyResult<Bound<'py, PyAny>> {
    let of = plain.descrs[dtype as usize].as_ptr().cast();
    // SAFETY: an element of the dtype, which NumPy copies.
    unsafe {
        let scalar =
            PY_ARRAY_API.PyArray_Scalar(py, bytes.as_mut_ptr().cast(), of, std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(py, scalar)
    }
}
