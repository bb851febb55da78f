//! The methods of a ufunc: along axes, of all pairs, at indices.

use lanefn::{
    Code, Options,
    dtype::{Casting, Dtype, Kind, Type, can_cast, kind},
    ufunc::{Initial, MemoryOrder, Reducing},
};
use numpy::{PyArrayDescr, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    arguments::{
        Keywords, element, flag, integer, mask, no_value, one_axis, positions, single_output,
        some_descr, weak_or_dtype,
    },
    call::refuse_negative,
    error::{detached, exception},
    names::intern,
    operand::{Operand, Output, View, array, descr, dtype, numpy},
    overrides::{overridden, wrapper},
    ufunc::{Object, Ufunc},
};

/// The methods cast to the dtype of the loop, and back, whatever is lost: NumPy's do.
const UNSAFE: Options =
    Options { level: None, threads: None, casting: Casting::Unsafe, stream: false };

impl Ufunc {
    /// Methods along axes are of functions of two inputs and one output.
    fn binary(&self, method: &str) -> PyResult<()> {
        if (self.of().nin(), self.results()) == (2, 1) {
            return Ok(());
        }
        let text = format!("{method} only supported for binary functions with one output");
        Err(PyValueError::new_err(text))
    }

    /// The loop in which a method reduces along an axis. An output that is given takes part as the first
    /// operand does.
    fn fold(
        &self,
        py: Python,
        method: &'static str,
        of: Dtype,
        asked: Option<Dtype>,
        out: Option<Dtype>,
    ) -> PyResult<Code> {
        let mut asked = asked;
        if asked.is_none()
            && let Some(out) = out
            && self.of().nin() == 2
        {
            // The functions of truths reduce in bool whatever the output is.
            let found = self.of().resolve(&[Type::Is(out), Type::Is(of)], &[], Casting::Unsafe);
            let found = found.map_err(|e| exception(py, &e))?;
            asked = (found.outputs()[0] == found.inputs()[0]).then_some(found.outputs()[0]);
        }
        self.of().fold_loop(method, of, asked, UNSAFE).map_err(|e| exception(py, &e))
    }
}

/// `ufunc.reduce`.
pub fn reduce<'py>(
    slf: &Bound<'py, Ufunc>,
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Object<'py>> {
    let (py, this) = (slf.py(), slf.get());
    let names = ["array", "axis", "dtype", "out", "keepdims", "initial", "where"];
    let mut keywords = Keywords::parse("reduce", names, 7, args.iter(), kwargs)?;
    let given = no_value(py)?;
    keywords.values[5].take_if(|v| v.is(given));
    this.binary("reduce")?;
    let object = keywords.required("reduce", 0)?;
    let (out, scalars) = single_output(keywords.get(3), args.len() > 3)?;
    let own = overridden(
        slf,
        "reduce",
        std::slice::from_ref(&object),
        std::slice::from_ref(&out),
        keywords.get(6),
        || keywords.but(if scalars { &[0, 3] } else { &[0] }),
    )?;
    if let Some(own) = own {
        return Ok(own);
    }
    let asked = keywords.get(2).map(dtype).transpose()?;
    let out = out.as_ref().map(Output::given).transpose()?;
    let (input, of) = array(&object)?;
    let fold = this.fold(py, "reduce", of, asked, out.as_ref().map(|o| o.dtype))?;
    let t = fold.outputs()[0];
    let ndim = input.ndim();
    let mut axes: Option<Vec<isize>> = match &keywords.values[1] {
        None => Some(vec![0]),
        Some(axis) if axis.is_none() => None,
        Some(axis) => Some(match axis.cast::<PyTuple>() {
            Ok(tuple) => tuple.iter().map(|a| integer(&a)).collect::<PyResult<_>>()?,
            Err(_) => vec![integer(axis)?],
        }),
    };
    // The one element of an array without axes may be said to lie along one.
    if ndim == 0 && matches!(axes.as_deref(), Some([0 | -1])) {
        axes = None;
    }
    let initial = match &keywords.values[5] {
        None => Initial::Identity,
        Some(value) if value.is_none() => Initial::Nothing,
        Some(value) => Initial::Value(element(value, t)?),
    };
    let mask = mask(keywords.values[6].as_ref())?;
    let mask = mask.as_ref().map(|m| View::of(m, Dtype::Bool));
    let how = Reducing {
        axes: axes.as_deref(),
        keepdims: keywords.values[4].as_ref().map_or(Ok(false), flag)?,
        initial,
        mask: mask.as_ref().map(View::input),
        dtype: Some(t),
    };
    let read = View::of(&input, of);
    let from = read.input();
    let output = match out {
        Some(out) => out,
        None => {
            let shape = how.shape(from.shape).map_err(|e| exception(py, &e))?;
            let kept = Reducing { keepdims: true, ..how };
            let kept = kept.shape(from.shape).map_err(|e| exception(py, &e))?;
            // Axes that go away come last and count for nothing.
            let reduced = |a: &usize| {
                how.axes.is_none_or(|axes| {
                    axes.iter().any(|&r| r == *a as isize || r + ndim as isize == *a as isize)
                })
            };
            let mut walk = MemoryOrder::K.axes(ndim, &[from]);
            if kept.len() != shape.len() {
                walk.retain(|a| !reduced(a));
                let stay: Vec<usize> = (0..ndim).filter(|a| !reduced(a)).collect();
                for axis in &mut walk {
                    *axis = stay.iter().position(|s| s == axis).unwrap_or(0);
                }
            }
            Output::new(py, &shape, t, &walk)?
        }
    };
    let write = output.view();
    let to = write.output();
    // SAFETY: as in `Ufunc::call`.
    detached(py, "reduce", || unsafe { this.of().reduce_raw(from, to, &how, UNSAFE) })?;
    output.finish(py, wrapper(&[object])?.as_ref(), None, scalars)
}

/// `ufunc.accumulate`.
pub fn accumulate<'py>(
    slf: &Bound<'py, Ufunc>,
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Object<'py>> {
    let (py, this) = (slf.py(), slf.get());
    let names = ["array", "axis", "dtype", "out"];
    let keywords = Keywords::parse("accumulate", names, 4, args.iter(), kwargs)?;
    this.binary("accumulate")?;
    let object = keywords.required("accumulate", 0)?;
    let (out, scalars) = single_output(keywords.get(3), args.len() > 3)?;
    let own = overridden(
        slf,
        "accumulate",
        std::slice::from_ref(&object),
        std::slice::from_ref(&out),
        None,
        || keywords.but(if scalars { &[0, 3] } else { &[0] }),
    )?;
    if let Some(own) = own {
        return Ok(own);
    }
    let asked = keywords.get(2).map(dtype).transpose()?;
    let out = out.as_ref().map(Output::given).transpose()?;
    let (input, of) = array(&object)?;
    let t = this.fold(py, "accumulate", of, asked, out.as_ref().map(|o| o.dtype))?.outputs()[0];
    if input.ndim() == 0 {
        return Err(PyTypeError::new_err("cannot accumulate on a scalar"));
    }
    let along = one_axis("accumulate", keywords.values[1].as_ref(), input.ndim())?;
    let read = View::of(&input, of);
    let from = read.input();
    let output = match out {
        Some(out) => out,
        None => Output::new(py, from.shape, t, &MemoryOrder::K.axes(input.ndim(), &[from]))?,
    };
    let write = output.view();
    let to = write.output();
    // SAFETY: as in `Ufunc::call`.
    detached(py, "accumulate", || unsafe {
        this.of().accumulate_raw(from, along, to, Some(t), UNSAFE)
    })?;
    output.finish(py, wrapper(&[object])?.as_ref(), None, scalars)
}

/// `ufunc.reduceat`.
pub fn reduceat<'py>(
    slf: &Bound<'py, Ufunc>,
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Object<'py>> {
    let (py, this) = (slf.py(), slf.get());
    let names = ["array", "indices", "axis", "dtype", "out"];
    let keywords = Keywords::parse("reduceat", names, 5, args.iter(), kwargs)?;
    this.binary("reduceat")?;
    let object = keywords.required("reduceat", 0)?;
    let indices = keywords.required("reduceat", 1)?;
    let (out, scalars) = single_output(keywords.get(4), args.len() > 4)?;
    let inputs = [object.clone(), indices.clone()];
    let own = overridden(slf, "reduceat", &inputs, std::slice::from_ref(&out), None, || {
        keywords.but(if scalars { &[0, 1, 4] } else { &[0, 1] })
    })?;
    if let Some(own) = own {
        return Ok(own);
    }
    let asked = keywords.get(3).map(dtype).transpose()?;
    let out = out.as_ref().map(Output::given).transpose()?;
    let (input, of) = array(&object)?;
    let t = this.fold(py, "reduceat", of, asked, out.as_ref().map(|o| o.dtype))?.outputs()[0];
    if input.ndim() == 0 {
        return Err(PyTypeError::new_err("cannot reduceat on a scalar"));
    }
    if indices.is_instance_of::<PyUntypedArray>() {
        let (_, dtype) = array(&indices)?;
        if !can_cast(dtype, Dtype::I64, Casting::Safe) {
            return Err(PyTypeError::new_err(format!("indices of dtype {dtype} are no integers")));
        }
    }
    let (indices, dims) = positions(&indices)?;
    if dims.len() != 1 {
        return Err(PyValueError::new_err("indices must be one-dimensional"));
    }
    let along = one_axis("reduceat", keywords.values[2].as_ref(), input.ndim())?;
    let read = View::of(&input, of);
    let from = read.input();
    let output = match out {
        Some(out) => out,
        None => {
            let mut shape = from.shape.to_vec();
            let counted = if along < 0 { along + shape.len() as isize } else { along };
            // The engine says what is wrong with an axis that isn't there.
            if let Some(n) = usize::try_from(counted).ok().and_then(|a| shape.get_mut(a)) {
                *n = indices.len();
            }
            Output::new(py, &shape, t, &MemoryOrder::K.axes(input.ndim(), &[from]))?
        }
    };
    let write = output.view();
    let to = write.output();
    // SAFETY: as in `Ufunc::call`.
    detached(py, "reduceat", || unsafe {
        this.of().reduceat_raw(from, &indices, along, to, Some(t), UNSAFE)
    })?;
    output.finish(py, wrapper(&[object])?.as_ref(), None, scalars)
}

/// `ufunc.outer`.
pub fn outer<'py>(
    slf: &Bound<'py, Ufunc>,
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Object<'py>> {
    let this = slf.get();
    let of = this.of();
    if of.nin() != 2 {
        let text = "outer product only supported for binary functions";
        return Err(PyValueError::new_err(text));
    }
    if args.len() != 2 {
        let text = format!("outer() takes exactly 2 positional arguments ({} given)", args.len());
        return Err(PyTypeError::new_err(text));
    }
    let inputs: Vec<Object> = args.iter().collect();
    let outs = match kwargs.and_then(|k| k.get_item("out").transpose()).transpose()? {
        None => vec![],
        Some(out) => match out.cast::<PyTuple>() {
            Ok(tuple) => tuple.iter().map(|o| Some(o).filter(|o| !o.is_none())).collect(),
            Err(_) => vec![Some(out).filter(|o| !o.is_none())],
        },
    };
    let masked = kwargs.and_then(|k| k.get_item("where").transpose()).transpose()?;
    if let Some(kwargs) = kwargs
        && kwargs.contains("sig")?
        && kwargs.contains("signature")?
    {
        let text = "cannot specify both 'sig' and 'signature'";
        return Err(PyTypeError::new_err(text));
    }
    let names: Vec<(String, Object)> = kwargs
        .into_iter()
        .flatten()
        .map(|(name, value)| Ok((name.extract::<String>()?, value)))
        .collect::<PyResult<_>>()?;
    let rest: Vec<(&str, Option<Object>)> = names
        .iter()
        .filter(|(name, _)| name != "out")
        .map(|(name, value)| (name.as_str(), Some(value.clone())))
        .collect();
    if let Some(own) = overridden(slf, "outer", &inputs, &outs, masked.as_ref(), || rest)? {
        return Ok(own);
    }
    let (a, _) = array(&inputs[0])?;
    let (b, _) = array(&inputs[1])?;
    let shape: Vec<usize> =
        a.shape().iter().copied().chain(std::iter::repeat_n(1, b.ndim())).collect();
    let a = reshaped(&a, &shape)?;
    slf.call((a, b), kwargs)
}

/// `ufunc.at`.
pub fn at<'py>(
    slf: &Bound<'py, Ufunc>,
    a: &Object<'py>,
    indices: &Object<'py>,
    b: Option<&Object<'py>>,
) -> PyResult<Object<'py>> {
    let (py, this) = (slf.py(), slf.get());
    let of = this.of();
    if of.nout() != 1 || of.nin() > 2 {
        let text = "Only ufuncs with one output and one or two inputs have at";
        return Err(PyValueError::new_err(text));
    }
    match (of.nin(), b) {
        (1, Some(_)) => {
            let text = "second operand provided when ufunc is unary";
            return Err(PyValueError::new_err(text));
        }
        (2, None) => return Err(PyValueError::new_err("second operand needed for ufunc")),
        _ => {}
    }
    let inputs: Vec<Object> = [a, indices].into_iter().chain(b).cloned().collect();
    if let Some(own) = overridden(slf, "at", &inputs, &[], None, Vec::new)? {
        return Ok(own);
    }
    let Ok(target) = a.cast::<PyUntypedArray>() else {
        return Err(PyTypeError::new_err("first operand must be array"));
    };
    // NumPy itself says which elements an index names.
    let flat = numpy(py)?
        .call_method1(intern!(py, "arange"), (target.len(),))?
        .call_method1(intern!(py, "reshape"), (PyTuple::new(py, target.shape())?,))?
        .get_item(indices)?;
    let (indices, shape) = positions(&flat)?;
    let output = Output::given(a)?;
    let second = b.map(array).transpose()?;
    let second_view = second.as_ref().map(|(array, dtype)| View::of(array, *dtype));
    let raw_second = second_view.as_ref().map(View::input);
    let write = output.view();
    let to = write.output();
    if this.is_builtin("pow")
        && let Some((array, dtype)) = &second
        && kind(*dtype) == Kind::Signed
        && kind(output.dtype) != Kind::Float
    {
        refuse_negative(py, &Operand::Array(array.clone(), *dtype))?;
    }
    // SAFETY: as in `Ufunc::call`.
    detached(py, of.name, || unsafe { of.at_raw(to, &indices, &shape, raw_second, UNSAFE) })?;
    output.store(py)?;
    Ok(py.None().into_bound(py))
}

/// `ufunc.resolve_dtypes`.
pub fn resolve_dtypes<'py>(
    this: &Ufunc,
    dtypes: &Object<'py>,
    signature: Option<&Object<'py>>,
    casting: Option<&Object<'py>>,
    reduction: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = dtypes.py();
    let (nin, n) = (this.of().nin(), this.nargs());
    let dtypes = dtypes.cast::<PyTuple>().ok().filter(|t| t.len() == n).ok_or_else(|| {
        let text = "resolve_dtypes: The dtypes must be a tuple of `ufunc.nargs` length.";
        PyTypeError::new_err(text)
    })?;
    let fixed = this.fixed(py, None, signature)?;
    let casting = this.casting(py, casting)?;
    let found = if reduction {
        if nin != 2 || n != 3 || !dtypes.get_item(2)?.is_none() {
            let text = "resolve_dtypes: of a reduction, the last dtype must be None.";
            return Err(PyTypeError::new_err(text));
        }
        let out = some_descr(&dtypes.get_item(0)?)?;
        let asked = fixed.first().copied().flatten();
        this.fold(py, "reduce", dtype(&dtypes.get_item(1)?)?, asked, out)?
    } else {
        let types =
            dtypes.iter().take(nin).map(|t| weak_or_dtype(&t)).collect::<PyResult<Vec<_>>>()?;
        let found = this.resolve(&types, &fixed, casting).map_err(|e| exception(py, &e))?;
        for (out, from) in std::iter::zip(dtypes.iter().skip(nin), found.outputs()) {
            if let Some(to) = some_descr(&out)?.filter(|to| !can_cast(*from, *to, casting)) {
                let text = format!("Cannot cast {} output from {from} to {to}", this.of().name);
                return Err(PyTypeError::new_err(text));
            }
        }
        found
    };
    let all = found.inputs().iter().chain(found.outputs()).map(|d| descr(py, *d));
    let all: Vec<Bound<PyArrayDescr>> = all.collect();
    PyTuple::new(py, all)
}

/// What a subclass of arrays was before `outer` gave it more axes, it must be afterwards.
fn reshaped<'py>(
    array: &Bound<'py, PyUntypedArray>,
    shape: &[usize],
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = array.py();
    let made = array.call_method1(intern!(py, "reshape"), (PyTuple::new(py, shape)?,))?;
    let made = made.cast_into::<PyUntypedArray>()?;
    if made.shape() != shape {
        return Err(PyTypeError::new_err(format!(
            "outer() called with '{}', which has other axes after a reshape",
            array.get_type().name()?
        )));
    }
    Ok(made)
}
