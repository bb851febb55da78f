//! A call of a ufunc.

use std::cmp::Ordering;

use lanefn::{
    Code, Options, Untyped,
    dtype::{Casting, Dtype, Kind, Type, kind},
    status::Flags,
    ufunc::MemoryOrder,
};
use numpy::{PyArrayDescr, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::{
    IntoPyObjectExt,
    exceptions::{PyRuntimeError, PyTypeError, PyUserWarning, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict, PyInt, PyString, PyTuple},
};

use crate::{
    arguments::{KEYWORDS, Keywords, asks_for_arrays, loop_dtype, mask, refuse_byte_order},
    error::{detached, exception, report},
    names::intern,
    operand::{Given, Operand, Output, View, array, known, numpy},
    overrides::{overridden, wrapper},
    ufunc::{Few, Object, Ufunc},
};

/// Whose calls these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Like {
    /// Results without axes are NumPy's scalars.
    Ufunc,
    /// They are arrays. Operands without elements will do, or are refused unless `otypes` are given.
    Vectorize { empty: bool },
}

impl Ufunc {
    /// A call, on behalf of `owner`: this ufunc, or what stands for it. An exception that an element raised
    /// is one of the answers.
    pub fn call<'py>(
        &self,
        owner: &Object<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
        like: Like,
    ) -> PyResult<PyResult<Object<'py>>> {
        let (py, of) = (owner.py(), self.of());
        let (name, nin, nout) = (of.name, of.nin(), self.results());
        if args.len() < nin || args.len() > nin + nout {
            let takes = format!("{name}() takes from {nin} to {} positional arguments", nin + nout);
            let were = if args.len() == 1 { "was" } else { "were" };
            return Err(PyTypeError::new_err(format!("{takes} but {} {were} given", args.len())));
        }
        let mut keywords = Keywords::parse(name, KEYWORDS, 0, std::iter::empty(), kwargs)?;
        keywords.also(7, 6)?;
        let inputs: Few<Object> = args.iter().take(nin).collect();
        let mut outs: Few<Option<Object>> =
            args.iter().skip(nin).map(|o| Some(o).filter(|o| !o.is_none())).collect();
        let arrays = asks_for_arrays(keywords.get(0), &outs)?;
        if let Some(out) = keywords.values[0].as_ref().filter(|_| !arrays) {
            if !outs.is_empty() {
                let text = "cannot specify 'out' as both a positional and keyword argument";
                return Err(PyTypeError::new_err(text));
            }
            match out.cast::<PyTuple>() {
                Ok(tuple) if tuple.len() == nout => {
                    outs.extend(tuple.iter().map(|o| Some(o).filter(|o| !o.is_none())));
                }
                Ok(_) => {
                    let text = format!("The 'out' tuple must have exactly {nout} entries");
                    return Err(PyValueError::new_err(text));
                }
                Err(_) if nout > 1 => {
                    return Err(PyTypeError::new_err("'out' must be a tuple of arrays"));
                }
                Err(_) => outs.push(Some(out.clone()).filter(|o| !o.is_none())),
            }
        }
        let masked = keywords.get(1);
        let unmasked = masked.is_none_or(|m| m.is(pyo3::types::PyBool::new(py, true)));
        let open_masked = !unmasked && outs.is_empty() && keywords.values[0].is_none();
        outs.resize(nout, None);
        let others = if arrays { &[][..] } else { &[0] };
        let own = overridden(owner, "__call__", &inputs, &outs, masked, || keywords.but(others))?;
        if let Some(own) = own {
            return Ok(Ok(own));
        }

        let casting = self.casting(py, keywords.get(2))?;
        if casting == Casting::No {
            refuse_byte_order(name, inputs.iter().chain(outs.iter().flatten()))?;
        }
        if open_masked {
            let text = c"'where' used without 'out', expect uninitialized memory in output. If this is intended, use out=None.";
            PyErr::warn(py, &py.get_type::<PyUserWarning>(), text, 1)?;
        }
        let options = Options { casting, ..Options::default() };
        let order = match keywords.get(3) {
            None => MemoryOrder::K,
            Some(order) => match order.extract::<String>()?.to_uppercase().as_str() {
                "C" => MemoryOrder::C,
                "F" => MemoryOrder::F,
                "A" => MemoryOrder::A,
                "K" => MemoryOrder::K,
                _ => {
                    return Err(PyValueError::new_err(format!(
                        "order must be one of 'C', 'F', 'A', or 'K' (got {})",
                        order.repr()?
                    )));
                }
            },
        };
        let fixed = self.fixed(py, keywords.get(4), keywords.get(6))?;
        let mut given = inputs.iter().map(Given::of).collect::<PyResult<Few<_>>>()?;
        if let [only] = &mut given[..]
            && only.beyond(Dtype::I64)?.is_some()
        {
            // With nothing to be weak against, a large int is what NumPy makes of it: uint64, if it fits.
            let (array, dtype) = array(&inputs[0])?;
            *only = Given::Array(array, dtype);
        }
        let types: Few<Type> = given.iter().map(Given::ty).collect();
        let mut found = self.resolve(&types, &fixed, casting).map_err(|e| exception(py, &e))?;
        let mut work = of;
        if self.as_made().is_none()
            && let Some((answers, operand)) = settled(&of, &given, &found)?
        {
            // Compared with itself, the other operand gives the answer for each of its elements.
            work = lanefn::find(if answers { "equal" } else { "not_equal" }).map_or(of, |w| *w);
            let itself = match &given[1 - operand] {
                Given::Array(array, dtype) => [0; 2].map(|_| Given::Array(array.clone(), *dtype)),
                // Python compares its own numbers.
                _ => [0, 0].map(|zero: i64| Given::Int(PyInt::new(py, zero))),
            };
            given = Few::from_iter(itself);
            let types: Few<Type> = given.iter().map(Given::ty).collect();
            found = work.resolve(&types, &[], casting).map_err(|e| exception(py, &e))?;
        }
        if self.as_made().is_none() && name.starts_with("logical_") {
            given = given.into_iter().map(Given::truth).collect::<PyResult<_>>()?;
        }
        let mut lost = false;
        let operands = std::iter::zip(given, found.inputs())
            .map(|(g, dtype)| {
                let finite = g.is_finite_number();
                let operand = g.operand(*dtype)?;
                lost |= finite && operand.is_infinite();
                Ok(operand)
            })
            .collect::<PyResult<Few<Operand>>>()?;
        if lost && self.as_made().is_none() {
            report(py, "cast", Flags::OVERFLOW)?;
        }
        if self.is_builtin("pow") && kind(found.inputs()[1]) == Kind::Signed {
            refuse_negative(py, &operands[1])?;
        }
        let mask = mask(keywords.values[1].as_ref())?;
        let given_outputs = outs
            .iter()
            .map(|o| o.as_ref().map(Output::given).transpose())
            .collect::<PyResult<Few<_>>>()?;

        let views: Few<View> = operands.iter().map(Operand::view).collect();
        let raws: Few<_> = views.iter().map(View::input).collect();
        let mask = mask.as_ref().map(|m| View::of(m, Dtype::Bool));
        let raw_mask = mask.as_ref().map(View::input);
        let open = self.as_made().is_some_and(|m| m.otypes.is_none());
        if open
            && like == (Like::Vectorize { empty: false })
            && raws.iter().any(|r| r.shape.contains(&0))
        {
            let text = "cannot call `vectorize` on size 0 inputs unless `otypes` is set";
            return Ok(Err(PyValueError::new_err(text)));
        }
        let raises = self.as_made().and_then(|m| m.raises.as_ref());
        let mut codes = None;
        let mut outputs: Few<Output> = if given_outputs.iter().all(Option::is_some) {
            given_outputs.into_iter().flatten().collect()
        } else {
            let mut shapes: Few<&[usize]> = raws.iter().map(|r| r.shape).collect();
            shapes.extend(raw_mask.map(|m| m.shape));
            shapes.extend(given_outputs.iter().flatten().map(|o| o.work.shape()));
            let shape = Untyped::broadcast(&shapes).map_err(|e| exception(py, &e))?;
            drop(shapes);
            let axes = order.axes(shape.len(), &raws);
            if raises.is_some() {
                codes = Some(Output::zeros(py, &shape)?);
            }
            std::iter::zip(given_outputs, found.outputs())
                .map(|(given, dtype)| match given {
                    Some(given) => Ok(given),
                    None => Output::new(py, &shape, *dtype, &axes),
                })
                .collect::<PyResult<Few<_>>>()?
        };
        if raises.is_some() {
            outputs.push(match codes {
                Some(codes) => codes,
                None => Output::zeros(py, outputs[0].work.shape())?,
            });
        }
        let writes: Few<View> = outputs.iter().map(Output::view).collect();
        let raw_outputs: Few<_> = writes.iter().map(View::output).collect();
        // SAFETY: the operands are arrays that live through the call, or numbers of ours, and describe
        // their own memory; the elements of each output are apart. That no other thread writes the same
        // arrays meanwhile is up to the program, as with NumPy.
        detached(py, of.name, || unsafe {
            work.call_code(&found, &raws, raw_mask, &raw_outputs, options)
        })?;

        if let Some(raises) = raises
            && let Some(codes) = outputs.pop()
            && let Some(error) = self.raised(raises.bind(py), &codes.work, &inputs)?
        {
            return Ok(Err(error));
        }

        let subok = keywords.get(5).map_or(Ok(true), |s| s.extract::<bool>())?;
        let wrap = if subok { wrapper(&inputs)? } else { None };
        let mut done = Few::new();
        for (i, output) in outputs.into_iter().enumerate() {
            let context = if wrap.is_some() || output.is_own_kind() {
                // Whichever way outputs came, they are told alike.
                let mut all: Vec<_> = inputs.iter().map(|i| Some(i.clone())).collect();
                if outs.iter().any(Option::is_some) {
                    all.extend(outs.iter().cloned());
                }
                Some((owner, PyTuple::new(py, all)?, i).into_pyobject(py)?)
            } else {
                None
            };
            let scalars = like == Like::Ufunc && !arrays;
            done.push(output.finish(py, wrap.as_ref(), context.as_ref(), scalars)?);
        }
        match done.len() {
            1 => Ok(Ok(done.remove(0))),
            _ => Ok(Ok(PyTuple::new(py, done)?.into_any())),
        }
    }

    /// The exception of the first element that has one, if any has. The numbers lie in C order.
    pub fn raised(
        &self,
        raises: &Bound<PyTuple>,
        codes: &Bound<PyUntypedArray>,
        inputs: &[Object],
    ) -> PyResult<Option<PyErr>> {
        let py = raises.py();
        let codes = codes.cast::<numpy::PyArrayDyn<u8>>()?;
        let numbers = numpy::PyArrayMethods::readonly(codes);
        let flat = numbers.as_slice().map_err(|e| PyValueError::new_err(e.to_string()))?;
        let Some(first) = flat.iter().position(|&n| n != 0) else { return Ok(None) };
        let mut index = Vec::new();
        let mut rest = first;
        for &n in codes.shape().iter().rev() {
            index.push(rest % n);
            rest /= n;
        }
        index.reverse();
        let index = PyTuple::new(py, index)?;
        let pair = raises.get_item(usize::from(flat[first]) - 1)?;
        let (class, text): (Object, Object) = pair.extract()?;
        // A text is a format of the inputs.
        let values = PyDict::new(py);
        for (name, input) in std::iter::zip(self.of().arguments(), inputs) {
            let whole = numpy(py)?.call_method1(
                intern!(py, "broadcast_to"),
                (input, PyTuple::new(py, codes.shape())?),
            )?;
            values.set_item(name, whole.get_item(&index)?.call_method0(intern!(py, "item"))?)?;
        }
        let made = text.call_method(intern!(py, "format"), (), Some(&values));
        let text = made.unwrap_or(text).extract::<String>()?;
        let text = match (index.len(), text.is_empty()) {
            (0, _) => text,
            (_, true) => format!("at index {}", index.repr()?),
            (_, false) => format!("{text} (at index {})", index.repr()?),
        };
        // A class that wants more than a text gets an object that it has not seen.
        let made = class.call1((&text,));
        let made = made.or_else(|_| class.call_method1(intern!(py, "__new__"), (&class, &text)));
        Ok(Some(match made {
            Ok(made) => PyErr::from_value(made),
            Err(_) => PyRuntimeError::new_err(format!("{class}: {text}")),
        }))
    }

    /// The dtypes that `dtype=` or `signature=` asks for, as [`Untyped::resolve`] wants them.
    pub fn fixed(
        &self,
        py: Python,
        dtype_: Option<&Object>,
        signature: Option<&Object>,
    ) -> PyResult<Vec<Option<Dtype>>> {
        let of = self.of();
        let (name, nin, nout) = (of.name, of.nin(), self.results());
        match (dtype_, signature) {
            (Some(_), Some(_)) => {
                Err(PyTypeError::new_err("cannot specify both 'signature' and 'dtype'"))
            }
            (None, None) => Ok(Vec::new()),
            (Some(asked), None) => {
                let mut fixed = vec![None; nin];
                fixed.resize(nin + nout, Some(loop_dtype(asked)?));
                Ok(fixed)
            }
            (None, Some(asked)) => {
                if !asked.is_instance_of::<PyInt>() && asked.len().is_ok_and(|n| n == 1) {
                    let text = "a `signature` of length 1 is not allowed: use `dtype`, or None for the others";
                    return Err(PyTypeError::new_err(text));
                }
                let codes = |text: &str| -> PyResult<Vec<Option<Dtype>>> {
                    let codes = text.chars().map(|c| {
                        let code = c.into_bound_py_any(py)?;
                        // A letter that means nothing to NumPy.
                        let of = PyArrayDescr::new(py, &code);
                        known(&of.map_err(|e| PyValueError::new_err(e.to_string()))?).map(Some)
                    });
                    codes.collect()
                };
                let asked = match asked.cast::<PyBytes>() {
                    Ok(bytes) => &bytes.call_method1(intern!(py, "decode"), ("ascii",))?,
                    Err(_) => asked,
                };
                if let Ok(text) = asked.cast::<PyString>() {
                    let text = text.to_string();
                    if let Some((inputs, outputs)) = text.split_once("->")
                        && (inputs.len(), outputs.len()) == (nin, nout)
                    {
                        return codes(&(inputs.to_owned() + outputs));
                    }
                    return Err(PyValueError::new_err(format!(
                        "a type-string for {name}, {nin} typecode(s) before and {nout} after the -> sign"
                    )));
                }
                let Ok(tuple) = asked.cast::<PyTuple>() else {
                    return Err(PyTypeError::new_err(
                        "the signature object to ufunc must be a string or a tuple",
                    ));
                };
                if tuple.len() != nin + nout {
                    return Err(PyValueError::new_err(format!(
                        "a type-tuple must specify {} dtypes for {name}",
                        nin + nout
                    )));
                }
                let each = tuple.iter().map(|t| (!t.is_none()).then(|| loop_dtype(&t)).transpose());
                each.collect()
            }
        }
    }

    pub fn casting(&self, py: Python, asked: Option<&Object>) -> PyResult<Casting> {
        let Some(asked) = asked else { return Ok(Casting::SameKind) };
        crate::error::casting(py, &asked.extract::<String>()?)
    }
}

/// For a comparison with a Python int that the loop's dtype doesn't hold: the answer, which is the same
/// for every element, and which operand the int is.
fn settled(of: &Untyped, given: &[Given], found: &Code) -> PyResult<Option<(bool, usize)>> {
    let answers: fn(Ordering) -> bool = match of.name {
        "less" => Ordering::is_lt,
        "less_equal" => Ordering::is_le,
        "greater" => Ordering::is_gt,
        "greater_equal" => Ordering::is_ge,
        "equal" => Ordering::is_eq,
        "not_equal" => Ordering::is_ne,
        _ => return Ok(None),
    };
    if let [Given::Int(a), Given::Int(b)] = given
        && (given[0].beyond(found.inputs()[0])?.is_some()
            || given[1].beyond(found.inputs()[1])?.is_some())
    {
        return Ok(Some((answers(a.compare(b)?), 0)));
    }
    for (i, dtype) in found.inputs().iter().enumerate() {
        if let Some(place) = given[i].beyond(*dtype)? {
            return Ok(Some((answers(if i == 0 { place } else { place.reverse() }), i)));
        }
    }
    Ok(None)
}

/// Whole numbers have no powers of negative exponents.
pub fn refuse_negative(py: Python, exponents: &Operand) -> PyResult<()> {
    let negative = match exponents {
        Operand::Scalar(scalar) => scalar.cast(Dtype::I64).get::<i64>() < Some(0),
        Operand::Array(array, _) => numpy(py)?
            .call_method1(intern!(py, "less"), (array, 0))?
            .call_method0(intern!(py, "any"))?
            .is_truthy()?,
    };
    if negative {
        let text = "Integers to negative integer powers are not allowed.";
        return Err(PyValueError::new_err(text));
    }
    Ok(())
}
