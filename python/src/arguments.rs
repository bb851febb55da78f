//! What calls and methods take: arguments by name, masks, axes, indices.

use lanefn::{
    Scalar,
    dtype::{Dtype, Type},
};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyDict, PyEllipsis, PyFloat, PyInt, PyString, PyTuple, PyType},
};

use crate::{
    names::intern,
    operand::{array, descr, is_numpy_scalar, known, numpy},
    ufunc::Object,
};

/// Arguments by name: those after the `inputs` positional ones that are always there.
pub struct Keywords<'py, const N: usize> {
    names: [&'static str; N],
    pub values: [Option<Object<'py>>; N],
}

impl<'py, const N: usize> Keywords<'py, N> {
    /// `positional` counts the arguments that may come without their name.
    pub fn parse(
        function: &str,
        names: [&'static str; N],
        positional: usize,
        args: impl Iterator<Item = Object<'py>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        let mut values = [const { None }; N];
        for (i, value) in args.enumerate() {
            if i >= positional {
                return Err(PyTypeError::new_err(format!(
                    "{function}() takes at most {positional} positional arguments"
                )));
            }
            values[i] = Some(value);
        }
        for (name, value) in kwargs.into_iter().flatten() {
            let name: String = name.extract()?;
            let Some(i) = names.iter().position(|n| *n == name) else {
                return Err(PyTypeError::new_err(format!(
                    "{function}() got an unexpected keyword argument '{name}'"
                )));
            };
            if values[i].replace(value).is_some() {
                return Err(PyTypeError::new_err(format!(
                    "{function}() got multiple values for argument '{name}'"
                )));
            }
        }
        Ok(Keywords { names, values })
    }

    /// Takes what came under an older name.
    pub fn also(&mut self, old: usize, new: usize) -> PyResult<()> {
        let Some(value) = self.values[old].take() else { return Ok(()) };
        match self.values[new].replace(value) {
            None => Ok(()),
            Some(_) => Err(PyTypeError::new_err(format!(
                "cannot specify both '{}' and '{}'",
                self.names[old], self.names[new]
            ))),
        }
    }

    pub fn required(&self, function: &str, i: usize) -> PyResult<Object<'py>> {
        self.values[i].clone().ok_or_else(|| {
            PyTypeError::new_err(format!(
                "{function}() missing required argument '{}' (pos {})",
                self.names[i],
                i + 1
            ))
        })
    }

    /// The argument, unless it is None.
    pub fn get(&self, i: usize) -> Option<&Object<'py>> {
        self.values[i].as_ref().filter(|v| !v.is_none())
    }

    /// Names and values but for some places.
    pub fn but(&self, without: &[usize]) -> Vec<(&'static str, Option<Object<'py>>)> {
        (0..N)
            .filter(|i| !without.contains(i))
            .map(|i| (self.names[i], self.values[i].clone()))
            .collect()
    }
}

/// What a call takes by name; the last one is an older name of the one before.
pub const KEYWORDS: [&str; 8] =
    ["out", "where", "casting", "order", "dtype", "subok", "signature", "sig"];

/// Whether these are such names alone, but for the older one.
pub fn are_keywords(kwargs: &Bound<PyDict>) -> bool {
    let known = |name: &Object| {
        name.cast::<PyString>().is_ok_and(|n| n.to_str().is_ok_and(|n| KEYWORDS[..7].contains(&n)))
    };
    kwargs.iter().all(|(name, _)| known(&name))
}

/// Whether `out=...` asks for arrays even where there are no axes. Anywhere else `...` is an error.
pub fn asks_for_arrays(out: Option<&Object>, by_position: &[Option<Object>]) -> PyResult<bool> {
    let ellipsis = |o: &Object| o.is_instance_of::<PyEllipsis>();
    if by_position.iter().flatten().any(ellipsis) {
        return Err(PyTypeError::new_err("out=... is only allowed as a keyword argument."));
    }
    let Some(out) = out else { return Ok(false) };
    if out.cast::<PyTuple>().is_ok_and(|t| t.iter().any(|o| ellipsis(&o))) {
        let text = "must use `...` as `out=...` and not per-operand/in a tuple";
        return Err(PyTypeError::new_err(text));
    }
    Ok(ellipsis(out))
}

/// The one output of a method, which may come as a tuple of one, or by its position; and whether results
/// without axes are scalars.
pub fn single_output<'py>(
    out: Option<&Object<'py>>,
    by_position: bool,
) -> PyResult<(Option<Object<'py>>, bool)> {
    let Some(out) = out else { return Ok((None, true)) };
    let position = by_position.then(|| out.clone());
    if asks_for_arrays(Some(out), &[position])? {
        return Ok((None, false));
    }
    match out.cast::<PyTuple>() {
        Ok(tuple) if tuple.len() == 1 => {
            Ok((Some(tuple.get_item(0)?).filter(|o| !o.is_none()), true))
        }
        Ok(_) => Err(PyValueError::new_err("The 'out' tuple must have exactly one entry")),
        Err(_) => Ok((Some(out.clone()), true)),
    }
}

/// The dtype that `dtype=` or `signature=` means. They say which loop, and not how operands lie.
pub fn loop_dtype(object: &Object) -> PyResult<Dtype> {
    let of = PyArrayDescr::new(object.py(), object)?;
    if of.is_native_byteorder() == Some(false) {
        return Err(PyTypeError::new_err(
            "The `dtype` and `signature` arguments to ufuncs only select the general DType and not \
             details such as the byte order",
        ));
    }
    known(&of)
}

/// With casting='no', not even the byte order may be another.
pub fn refuse_byte_order<'a, 'py: 'a>(
    name: &str,
    operands: impl Iterator<Item = &'a Object<'py>>,
) -> PyResult<()> {
    for (i, operand) in operands.enumerate() {
        if let Ok(array) = operand.cast::<PyUntypedArray>()
            && array.dtype().is_native_byteorder() == Some(false)
        {
            return Err(PyTypeError::new_err(format!(
                "Cannot cast ufunc '{name}' operand {i} from {:?} with casting rule 'no'",
                array.dtype()
            )));
        }
    }
    Ok(())
}

/// The mask that `where=` means; none where it is True. An array must be of bools; of anything else NumPy
/// makes some.
pub fn mask<'py>(object: Option<&Object<'py>>) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    let Some(object) = object else { return Ok(None) };
    if object.is(pyo3::types::PyBool::new(object.py(), true)) {
        return Ok(None);
    }
    if !object.is_instance_of::<PyUntypedArray>() && !is_numpy_scalar(object)? {
        let py = object.py();
        let bools = (object, descr(py, Dtype::Bool));
        return Ok(Some(numpy(py)?.call_method1(intern!(py, "asarray"), bools)?.cast_into()?));
    }
    let (array, dtype) = array(object)?;
    if dtype != Dtype::Bool {
        return Err(PyTypeError::new_err(format!(
            "Cannot cast array data from {:?} to dtype('bool') according to the rule 'safe'",
            array.dtype()
        )));
    }
    Ok(Some(array))
}

pub fn integer(object: &Object) -> PyResult<isize> {
    object.call_method0(intern!(object.py(), "__index__")).map_or_else(
        |_| {
            let name = object.get_type().name()?;
            let text = format!("'{name}' object cannot be interpreted as an integer");
            Err(PyTypeError::new_err(text))
        },
        |i| i.extract(),
    )
}

/// True or false, or a number for it.
pub fn flag(object: &Object) -> PyResult<bool> {
    object.extract::<bool>().or_else(|_| Ok(integer(object)? != 0))
}

/// One axis, for methods that go along one.
pub fn one_axis(method: &str, axis: Option<&Object>, ndim: usize) -> PyResult<isize> {
    let Some(axis) = axis else { return Ok(0) };
    let several = || PyValueError::new_err(format!("{method} does not allow multiple axes"));
    if axis.is_none() {
        return if ndim == 1 { Ok(0) } else { Err(several()) };
    }
    match axis.cast::<PyTuple>() {
        Ok(tuple) if tuple.len() == 1 => integer(&tuple.get_item(0)?),
        Ok(_) => Err(several()),
        Err(_) => integer(axis),
    }
}

/// The type that `resolve_dtypes` means by an object.
pub fn weak_or_dtype(object: &Object) -> PyResult<Type> {
    let py = object.py();
    if object.is(PyType::new::<PyInt>(py)) {
        Ok(Type::Int)
    } else if object.is(PyType::new::<PyFloat>(py)) {
        Ok(Type::Float)
    } else {
        let none = || PyTypeError::new_err("resolve_dtypes: the inputs' dtypes must be given.");
        some_descr(object)?.map(Type::Is).ok_or_else(none)
    }
}

/// A dtype, not what could be made one; none for None.
pub fn some_descr(object: &Object) -> PyResult<Option<Dtype>> {
    match object.cast::<PyArrayDescr>() {
        Ok(descr) => known(descr).map(Some),
        Err(_) if object.is_none() => Ok(None),
        Err(_) => Err(PyTypeError::new_err(
            "resolve_dtypes: provided dtypes must be NumPy dtypes, or int or float, or None",
        )),
    }
}

/// Whole numbers in C order, and their shape.
pub fn positions(object: &Object) -> PyResult<(Vec<i64>, Vec<usize>)> {
    let py = object.py();
    let array = numpy(py)?
        .call_method1(intern!(py, "asarray"), (object,))?
        .call_method1(intern!(py, "astype"), (descr(py, Dtype::I64),))?
        .cast_into::<PyUntypedArray>()?;
    let shape = array.shape().to_vec();
    let flat = array.call_method0(intern!(py, "ravel"))?;
    let flat = flat.cast::<numpy::PyArray1<i64>>()?;
    Ok((numpy::PyArrayMethods::to_vec(flat)?, shape))
}

/// A value as one element of a dtype, as NumPy makes it.
pub fn element(object: &Object, t: Dtype) -> PyResult<Scalar> {
    let py = object.py();
    let array = numpy(py)?.call_method1(intern!(py, "array"), (object, descr(py, t)))?;
    let array = array.cast::<PyUntypedArray>()?;
    if array.ndim() != 0 {
        return Err(PyValueError::new_err("initial must be one value"));
    }
    macro_rules! read {
        ($($d:ident $t:ty),*) => {
            match t {
                $(Dtype::$d => Scalar::of(array.call_method0(intern!(py, "item"))?.extract::<$t>()?)),*
            }
        };
    }
    Ok(
        read!(Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64),
    )
}

/// NumPy's mark of an argument that is not there.
pub fn no_value<'py>(py: Python<'py>) -> PyResult<&'py Object<'py>> {
    static NO_VALUE: pyo3::sync::PyOnceLock<Py<PyAny>> = pyo3::sync::PyOnceLock::new();
    let value =
        NO_VALUE.get_or_try_init(py, || numpy(py)?.getattr("_NoValue").map(Bound::unbind))?;
    Ok(value.bind(py))
}
