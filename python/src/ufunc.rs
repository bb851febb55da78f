//! The class `ufunc`.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Mutex;

use lanefn::{
    Catalogue, Code, Compiled, Options, Scalar, Untyped,
    dtype::{Casting, Dtype, Kind, Type, can_cast, kind, rank},
    kernels::loops::Loop,
    status::Flags,
    ufunc::{Initial, Reducing},
};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::{
    IntoPyObjectExt,
    exceptions::{PyAttributeError, PyRuntimeError, PyTypeError, PyUserWarning, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict, PyEllipsis, PyFloat, PyInt, PyString, PyTuple, PyType},
};

use smallvec::SmallVec;

use crate::{
    error::{detached, exception, report},
    few::{self, Maybe},
    names::intern,
    operand::{
        Given, Operand, Output, View, array, axes_in_memory, descr, dtype, is_numpy_scalar, known,
        numpy,
    },
    overrides::{overridden, wrapper},
};

type Object<'py> = Bound<'py, PyAny>;

/// As many as there are operands: hardly ever more than four.
type Few<T> = SmallVec<[T; 4]>;

// A function of elements, which goes over whole arrays as NumPy's ufuncs do. (`Docstring` says it in Python.)
#[pyclass(name = "ufunc", module = "lanefn", frozen)]
pub struct Ufunc {
    function: Function,
    inputs: usize,
    results: usize,
    known: Mutex<Resolved>,
}

/// What the last calls used, for the next ones like them. Whoever finds it taken goes without: so it does no
/// harm in a child that was forked meanwhile.
#[derive(Default)]
struct Resolved {
    codes: SmallVec<[(SmallVec<[Type; 4]>, Code); 2]>,
    /// The one that gives way next.
    next: usize,
}

/// What a ufunc computes.
enum Function {
    /// A function of the catalogue.
    Builtin(&'static Untyped<'static>),
    /// A function made at run time.
    Made(Box<Made>),
}

/// Signatures that a function keeps.
const KNOWN: usize = 4;

/// A function made at run time, and what Python knows of it beyond its graph.
pub struct Made {
    pub compiled: Compiled,
    /// The exceptions that an element can raise, as pairs of a class and a text. If there are any, the
    /// last output is the number of the exception, from 1, or 0.
    pub raises: Option<Py<PyTuple>>,
    /// The dtypes that results have, if they have been said.
    pub otypes: Option<Vec<Dtype>>,
    /// Whether it is a Python function, whose whole numbers are computed with 64 bits: as wide as Python's
    /// as can be. Only its results are narrow.
    pub wide: bool,
}

impl Made {
    /// The code for operands of these types. Its results have the dtypes that NumPy's scalars give.
    fn resolve(
        &self,
        of: &Untyped,
        types: &[Type],
        fixed: &[Option<Dtype>],
        casting: Casting,
    ) -> lanefn::Result<Code> {
        if fixed.iter().any(Option::is_some) {
            let mut fixed = fixed.to_vec();
            fixed.resize(of.nin() + of.nout(), None);
            return of.resolve(types, &fixed, casting);
        }
        let wide = |t: &Type| match t {
            _ if !self.wide => *t,
            Type::Is(Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::U8 | Dtype::U16 | Dtype::U32) => {
                Type::Is(Dtype::I64)
            }
            other => *other,
        };
        let wider: Vec<Type> = types.iter().map(wide).collect();
        if let Some(otypes) = &self.otypes {
            let mut fixed = vec![None; types.len()];
            fixed.extend(otypes.iter().copied().map(Some));
            fixed.resize(types.len() + of.nout(), None);
            return of.resolve(&wider, &fixed, casting);
        }
        if wider != types
            && let Ok(typed) = self.compiled.graph().typed(types, &Catalogue)
        {
            let mut fixed = vec![None; types.len()];
            fixed.extend(typed.outputs().iter().map(|&o| typed.dtype(o)));
            return of.resolve(&wider, &fixed, casting);
        }
        of.resolve(&wider, &[], casting)
    }
}

/// NumPy's letters for dtypes.
fn letters(py: Python, dtypes: &[Dtype]) -> String {
    dtypes.iter().map(|d| char::from(descr(py, *d).char())).collect()
}

/// Arguments by name: those after the `inputs` positional ones that are always there.
struct Keywords<'py, const N: usize> {
    names: [&'static str; N],
    values: [Option<Object<'py>>; N],
}

impl<'py, const N: usize> Keywords<'py, N> {
    /// `positional` counts the arguments that may come without their name.
    fn parse(
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
    fn also(&mut self, old: usize, new: usize) -> PyResult<()> {
        let Some(value) = self.values[old].take() else { return Ok(()) };
        match self.values[new].replace(value) {
            None => Ok(()),
            Some(_) => Err(PyTypeError::new_err(format!(
                "cannot specify both '{}' and '{}'",
                self.names[old], self.names[new]
            ))),
        }
    }

    fn required(&self, function: &str, i: usize) -> PyResult<Object<'py>> {
        self.values[i].clone().ok_or_else(|| {
            PyTypeError::new_err(format!(
                "{function}() missing required argument '{}' (pos {})",
                self.names[i],
                i + 1
            ))
        })
    }

    /// The argument, unless it is None.
    fn get(&self, i: usize) -> Option<&Object<'py>> {
        self.values[i].as_ref().filter(|v| !v.is_none())
    }

    /// Names and values but for some places.
    fn but(&self, without: &[usize]) -> Vec<(&'static str, Option<Object<'py>>)> {
        (0..N)
            .filter(|i| !without.contains(i))
            .map(|i| (self.names[i], self.values[i].clone()))
            .collect()
    }
}

/// Whose calls these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Like {
    /// Results without axes are NumPy's scalars.
    Ufunc,
    /// They are arrays. Operands without elements will do, or are refused unless `otypes` are given.
    Vectorize { empty: bool },
}

/// What a call takes by name; the last one is an older name of the one before.
const KEYWORDS: [&str; 8] =
    ["out", "where", "casting", "order", "dtype", "subok", "signature", "sig"];

/// Loops in NumPy's order.
fn ranked(loops: &[&'static Loop]) -> Vec<&'static Loop> {
    let mut loops = loops.to_vec();
    loops.sort_by_key(|l| l.inputs.iter().map(|d| rank(*d)).collect::<Few<_>>());
    loops
}

/// Whether these are such names alone, but for the older one.
pub fn are_keywords(kwargs: &Bound<PyDict>) -> bool {
    let known = |name: &Object| {
        name.cast::<PyString>().is_ok_and(|n| n.to_str().is_ok_and(|n| KEYWORDS[..7].contains(&n)))
    };
    kwargs.iter().all(|(name, _)| known(&name))
}

/// Whether `out=...` asks for arrays even where there are no axes. Anywhere else `...` is an error.
fn asks_for_arrays(out: Option<&Object>, by_position: &[Option<Object>]) -> PyResult<bool> {
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
fn single_output<'py>(
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

/// The dtype that `dtype=` or `signature=` means. They say which loop, and not how operands lie.
fn loop_dtype(object: &Object) -> PyResult<Dtype> {
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
fn refuse_byte_order<'a, 'py: 'a>(
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
fn mask<'py>(object: Option<&Object<'py>>) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
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

fn integer(object: &Object) -> PyResult<isize> {
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
fn flag(object: &Object) -> PyResult<bool> {
    object.extract::<bool>().or_else(|_| Ok(integer(object)? != 0))
}

/// One axis, for methods that go along one.
fn one_axis(method: &str, axis: Option<&Object>, ndim: usize) -> PyResult<isize> {
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
fn weak_or_dtype(object: &Object) -> PyResult<Type> {
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
fn some_descr(object: &Object) -> PyResult<Option<Dtype>> {
    match object.cast::<PyArrayDescr>() {
        Ok(descr) => known(descr).map(Some),
        Err(_) if object.is_none() => Ok(None),
        Err(_) => Err(PyTypeError::new_err(
            "resolve_dtypes: provided dtypes must be NumPy dtypes, or int or float, or None",
        )),
    }
}

impl Ufunc {
    /// A function of the catalogue.
    pub fn builtin(of: &'static Untyped<'static>) -> Ufunc {
        Ufunc {
            inputs: of.nin(),
            results: of.nout(),
            function: Function::Builtin(of),
            known: Mutex::default(),
        }
    }

    /// A function made at run time.
    pub fn made(made: Made) -> Ufunc {
        let of = made.compiled.untyped();
        Ufunc {
            inputs: of.nin(),
            results: of.nout() - usize::from(made.raises.is_some()),
            function: Function::Made(Box::new(made)),
            known: Mutex::default(),
        }
    }

    /// The function, whoever made it.
    pub fn of(&self) -> Untyped<'_> {
        match &self.function {
            Function::Builtin(of) => **of,
            Function::Made(made) => made.compiled.untyped(),
        }
    }

    fn is_builtin(&self, name: &str) -> bool {
        matches!(&self.function, Function::Builtin(of) if of.name == name)
    }

    /// Those made at run time.
    pub fn as_made(&self) -> Option<&Made> {
        match &self.function {
            Function::Builtin(_) => None,
            Function::Made(made) => Some(made),
        }
    }

    /// The code for operands of these types.
    pub fn resolve(
        &self,
        types: &[Type],
        fixed: &[Option<Dtype>],
        casting: Casting,
    ) -> lanefn::Result<Code> {
        let usual = fixed.is_empty() && casting == Casting::SameKind;
        if usual
            && let Ok(known) = self.known.try_lock()
            && let Some((_, code)) = known.codes.iter().find(|(of, _)| of.as_slice() == types)
        {
            return Ok(code.clone());
        }
        let code = match &self.function {
            Function::Builtin(of) => of.resolve(types, fixed, casting),
            Function::Made(made) => made.resolve(&self.of(), types, fixed, casting),
        }?;
        if usual && let Ok(mut known) = self.known.try_lock() {
            let new = (types.into(), code.clone());
            match known.codes.len() {
                0..KNOWN => known.codes.push(new),
                _ => {
                    let place = known.next;
                    known.codes[place] = new;
                    known.next = (place + 1) % KNOWN;
                }
            }
        }
        Ok(code)
    }

    /// The dtypes of inputs that it can be told to have, in NumPy's order, in which the first is taken that
    /// will do: of a function made at run time, one for all.
    pub fn signatures(&self) -> Vec<Vec<Dtype>> {
        match &self.function {
            Function::Builtin(of) => {
                let own = ranked(of.loops).into_iter().map(|l| l.inputs.to_vec());
                // Whole numbers, where they go elsewhere than to the first loop that would do.
                let short = vec![Type::Is(Dtype::I8); of.nin()];
                let found = of.resolve(&short, &[], Casting::SameKind);
                let apart = found.is_ok_and(|f| f.inputs()[0] == Dtype::F64);
                let mut whole = Dtype::ALL.to_vec();
                whole.retain(|d| apart && kind(*d) != Kind::Float);
                whole.sort_by_key(|d| rank(*d));
                whole.into_iter().map(|d| vec![d; of.nin()]).chain(own).collect()
            }
            Function::Made(_) => {
                let mut dtypes = Dtype::ALL.to_vec();
                dtypes.sort_by_key(|d| rank(*d));
                dtypes.into_iter().map(|d| vec![d; self.inputs()]).collect()
            }
        }
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of results: an output that tells of exceptions is none.
    pub fn results(&self) -> usize {
        self.results
    }

    fn nargs(&self) -> usize {
        self.inputs() + self.results()
    }

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
            None => 'K',
            Some(order) => match order.extract::<String>()?.to_uppercase().as_str() {
                "C" => 'C',
                "F" => 'F',
                "A" => 'A',
                "K" => 'K',
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
            let axes = in_order(order, &operands, &raws, shape.len());
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
    fn raised(
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
    fn fixed(
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

    /// Methods along axes are of functions of two inputs and one output.
    fn binary(&self, method: &str) -> PyResult<()> {
        if (self.of().nin(), self.results()) == (2, 1) {
            return Ok(());
        }
        let text = format!("{method} only supported for binary functions with one output");
        Err(PyValueError::new_err(text))
    }

    fn casting(&self, py: Python, asked: Option<&Object>) -> PyResult<Casting> {
        let Some(asked) = asked else { return Ok(Casting::SameKind) };
        crate::error::casting(py, &asked.extract::<String>()?)
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

/// The methods cast to the dtype of the loop, and back, whatever is lost: NumPy's do.
const UNSAFE: Options =
    Options { level: None, threads: None, casting: Casting::Unsafe, stream: false };

#[pymethods]
impl Ufunc {
    /// The number of inputs: an int.
    ///
    /// Examples
    /// --------
    /// >>> import lanefn
    /// >>> lanefn.exp.nin, lanefn.add.nin, lanefn.clip.nin
    /// (1, 2, 3)
    #[getter]
    fn nin(&self) -> usize {
        self.of().nin()
    }

    /// The number of outputs: an int.
    ///
    /// Examples
    /// --------
    /// >>> import lanefn
    /// >>> lanefn.add.nout, lanefn.sincos.nout
    /// (1, 2)
    #[getter]
    fn nout(&self) -> usize {
        self.results()
    }

    /// The number of inputs and outputs: an int.
    ///
    /// Examples
    /// --------
    /// >>> import lanefn
    /// >>> lanefn.add.nargs, lanefn.sincos.nargs
    /// (3, 3)
    #[getter(nargs)]
    fn all_arguments(&self) -> usize {
        self.nargs()
    }

    /// The number of loops, which `types` names: an int.
    ///
    /// Examples
    /// --------
    /// >>> import lanefn
    /// >>> lanefn.exp.ntypes
    /// 2
    #[getter]
    fn ntypes(&self, py: Python) -> usize {
        self.types(py).len()
    }

    /// The loops, as NumPy's letters of dtypes: a list of str, in the order in which they are tried.
    ///
    /// A function made at run time has one loop for each dtype of which all its inputs may be; it also computes with
    /// several dtypes at once.
    ///
    /// See Also
    /// --------
    /// ufunc.resolve_dtypes
    ///
    /// Examples
    /// --------
    /// >>> import lanefn
    /// >>> lanefn.exp.types
    /// ['f->f', 'd->d']
    /// >>> lanefn.compile("x / 2").types[-2:]
    /// ['f->f', 'd->d']
    #[getter]
    fn types(&self, py: Python) -> Vec<String> {
        let letters = |dtypes: &[Dtype]| letters(py, dtypes);
        if let Some(made) = self.as_made() {
            let (nin, results) = (self.inputs(), self.results());
            let typed = Dtype::ALL.into_iter().filter_map(|d| {
                let typed =
                    made.compiled.graph().typed(&vec![Type::Is(d); nin], &Catalogue).ok()?;
                let own = typed.outputs().iter().filter_map(|&o| typed.dtype(o));
                let outputs = made.otypes.clone().unwrap_or_else(|| own.take(results).collect());
                Some(format!("{}->{}", letters(&vec![d; nin]), letters(&outputs)))
            });
            return typed.collect();
        }
        let loops = ranked(self.of().loops);
        loops.iter().map(|l| format!("{}->{}", letters(l.inputs), letters(l.outputs))).collect()
    }

    /// How far results may be from the truth: a dict from loops, as in `types`, to units in the last place.
    ///
    /// It is empty where no bound is stated, as for functions made at run time. 0.5 is the nearest number, 0 is
    /// exact.
    ///
    /// Examples
    /// --------
    /// >>> import lanefn
    /// >>> lanefn.sqrt.error_bounds["d->d"]
    /// 0.5
    /// >>> all(bound < 1 for bound in lanefn.sin.error_bounds.values())
    /// True
    #[getter]
    fn error_bounds<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let bounds = PyDict::new(py);
        for of in self.of().loops {
            if let Some(bound) = of.bound {
                let loop_ = format!("{}->{}", letters(py, of.inputs), letters(py, of.outputs));
                bounds.set_item(loop_, bound)?;
            }
        }
        Ok(bounds)
    }

    /// What a reduction of no elements gives: a bool, int or float, or None if there is no such value.
    ///
    /// See Also
    /// --------
    /// ufunc.reduce
    ///
    /// Examples
    /// --------
    /// >>> import lanefn
    /// >>> lanefn.add.identity, lanefn.multiply.identity, lanefn.logical_and.identity
    /// (0, 1, True)
    /// >>> print(lanefn.maximum.identity)
    /// None
    #[getter]
    fn identity<'py>(&self, py: Python<'py>) -> PyResult<Object<'py>> {
        let of = |dtype: Dtype| self.of().loops.iter().find(|l| l.inputs[0] == dtype);
        let Some(of) = of(Dtype::I64).or(of(Dtype::F64)) else {
            return Ok(py.None().into_bound(py));
        };
        match self.of().identity(of.outputs[0]) {
            None => Ok(py.None().into_bound(py)),
            Some(value) => match (value.get::<bool>(), value.get::<i64>(), value.get::<f64>()) {
                (Some(value), _, _) => value.into_bound_py_any(py),
                (_, Some(value), _) => value.into_bound_py_any(py),
                (_, _, value) => value.into_bound_py_any(py),
            },
        }
    }

    /// None: of no function here do the elements have axes of their own.
    ///
    /// Examples
    /// --------
    /// >>> import lanefn
    /// >>> print(lanefn.add.signature)
    /// None
    #[getter]
    fn signature(&self) -> Option<String> {
        None
    }

    /// The name: a str. Of a function that `compile` made it is the text.
    #[getter]
    fn __name__(&self) -> String {
        self.of().name.to_owned()
    }

    /// The name, too.
    #[getter]
    fn __qualname__(&self) -> String {
        self.of().name.to_owned()
    }

    /// What its docstring is made of: the first paragraph of its documentation, and its other names.
    #[getter]
    fn _about(&self) -> (String, Vec<&'static str>) {
        let of = self.of();
        (of.doc.to_owned(), of.aliases.to_vec())
    }

    /// `inspect` asks an object for its signature by this name; as an attribute of the class it would be
    /// taken for that of the class.
    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Object<'py>> {
        let py = slf.py();
        if name != "__signature__" {
            let text = format!("'lanefn.ufunc' object has no attribute '{name}'");
            return Err(PyAttributeError::new_err(text));
        }
        let inspect = py.import(intern!(py, "inspect"))?;
        let parameter = inspect.getattr("Parameter")?;
        let kind = |kind: &str| parameter.getattr(kind);
        let given = |name: &str, kind: Object<'py>, default: Object<'py>| {
            let keywords = PyDict::new(py);
            keywords.set_item("default", default)?;
            parameter.call((name, kind), Some(&keywords))
        };
        let mut all = Vec::new();
        for name in slf.get().of().arguments() {
            all.push(parameter.call1((name, kind("POSITIONAL_ONLY")?))?);
        }
        let none = py.None().into_bound(py);
        let out = match slf.get().results() {
            1 => none.clone(),
            n => PyTuple::new(py, vec![&none; n])?.into_any(),
        };
        all.push(given("out", kind("POSITIONAL_OR_KEYWORD")?, out)?);
        let yes = true.into_bound_py_any(py)?;
        for (name, default) in [
            ("where", yes.clone()),
            ("casting", "same_kind".into_bound_py_any(py)?),
            ("order", "K".into_bound_py_any(py)?),
            ("dtype", none.clone()),
            ("subok", yes),
            ("signature", none),
        ] {
            all.push(given(name, kind("KEYWORD_ONLY")?, default)?);
        }
        inspect.getattr("Signature")?.call1((all,))
    }

    fn __repr__(&self) -> String {
        format!("<ufunc '{}'>", self.of().name)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Object<'py>, Bound<'py, PyTuple>)> {
        let module = py.import("lanefn._lanefn")?;
        let name = self.of().name;
        let Some(made) = self.as_made() else {
            return Ok((module.getattr("_named")?, (name,).into_pyobject(py)?));
        };
        let otypes = made.otypes.as_ref().map(|o| o.iter().map(|d| d.name()).collect::<Vec<_>>());
        let raises = self._raises(py);
        let arguments = (name, self.to_bytes(py)?, raises, otypes, made.wide).into_pyobject(py)?;
        Ok((module.getattr("_made")?, arguments))
    }

    /// The names of the inputs.
    #[getter]
    fn _arguments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.of().arguments())
    }

    /// to_bytes()
    ///
    /// The graph of a function made at run time, as bytes.
    ///
    /// They say what is computed, and no name. `vectorize.to_bytes` and pickles hold more, and can be loaded.
    ///
    /// Returns
    /// -------
    /// bytes
    ///     Equal for functions of equal content, in every process.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If the function is a built-in one.
    ///
    /// Examples
    /// --------
    /// >>> import lanefn
    /// >>> lanefn.compile("x + 1").to_bytes() == lanefn.compile("x+1").to_bytes()
    /// True
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        match self.as_made() {
            Some(made) => Ok(PyBytes::new(py, &made.compiled.to_bytes())),
            None => Err(PyTypeError::new_err("a built-in function has no graph")),
        }
    }

    /// The same function with other dtypes of its results, or None for those that follow from its inputs'.
    fn _giving(&self, py: Python, otypes: Option<Vec<Object>>) -> PyResult<Ufunc> {
        let Some(made) = self.as_made() else {
            return Err(PyTypeError::new_err("a built-in function has its own dtypes"));
        };
        let otypes: Option<Vec<Dtype>> =
            otypes.map(|o| o.iter().map(dtype).collect()).transpose()?;
        if let Some(otypes) = &otypes
            && otypes.len() != self.results()
        {
            return Err(PyValueError::new_err(format!(
                "{} otypes for {} results",
                otypes.len(),
                self.results()
            )));
        }
        let raises = self._raises(py);
        Ok(Ufunc::made(Made { compiled: made.compiled.clone(), raises, otypes, wide: made.wide }))
    }

    /// The exceptions that elements can raise, as pairs of a class and a text, or None.
    #[getter]
    fn _raises(&self, py: Python) -> Option<Py<PyTuple>> {
        self.as_made().and_then(|m| m.raises.as_ref().map(|r| r.clone_ref(py)))
    }

    /// The same function with other classes of exceptions.
    fn _raising(&self, py: Python, raises: Py<PyTuple>) -> PyResult<Ufunc> {
        match self.as_made() {
            Some(made) if made.raises.is_some() => {
                let mut new =
                    crate::made(py, made.compiled.clone(), Some(raises), None, made.wide)?;
                if let Function::Made(new) = &mut new.function {
                    new.otypes.clone_from(&made.otypes);
                }
                Ok(new)
            }
            _ => Err(PyTypeError::new_err("the function raises no exceptions")),
        }
    }

    /// What a function made at run time computes: a line for each operation.
    fn _text(&self) -> Option<String> {
        self.as_made().map(|m| m.compiled.graph().to_string())
    }

    fn __eq__(&self, other: &Bound<PyAny>) -> bool {
        let Ok(other) = other.cast::<Ufunc>() else { return false };
        match (&self.function, &other.get().function) {
            (Function::Builtin(a), Function::Builtin(b)) => std::ptr::eq(*a, *b),
            (Function::Made(a), Function::Made(b)) => {
                a.compiled == b.compiled && a.otypes == b.otypes
            }
            _ => false,
        }
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        match &self.function {
            Function::Builtin(of) => of.name.hash(&mut hasher),
            Function::Made(made) => made.compiled.hash(&mut hasher),
        }
        hasher.finish()
    }

    #[pyo3(signature = (*args, out=Maybe::Not, **kwargs))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        out: Maybe<'py>,
        kwargs: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Object<'py>> {
        let this = slf.get();
        if kwargs.is_none() {
            let one = match (args.len().checked_sub(this.inputs()), &out) {
                (Some(0), _) => Some(out.one()),
                (Some(1), Maybe::Not) => Some(args.get_item(this.inputs()).ok()),
                _ => None,
            };
            if let Some(out) = one
                && let Some(done) = few::call(this, args, out.as_ref(), true)?
            {
                return Ok(done);
            }
        }
        let kwargs = out.among(intern!(slf.py(), "out"), kwargs)?;
        this.call(slf.as_any(), args, kwargs.as_ref(), Like::Ufunc)?
    }

    /// reduce(array, axis=0, dtype=None, out=None, keepdims=False, initial=<no value>, where=True)
    ///
    /// Joins the elements along one or more axes, or along all.
    ///
    /// Parameters
    /// ----------
    /// array : array_like
    ///     Of any shape, and a dtype for which the function has a loop of two inputs and a result of one dtype.
    /// axis : int, tuple of int or None, optional
    ///     The axes that are joined; negative ones count from the last. None is all of them.
    /// dtype : dtype, optional
    ///     The dtype in which is computed, and that of the result. By default that of `array`; sums and products of
    ///     bools and short integers are made in 64 bits.
    /// out : ndarray, tuple of one or ..., optional
    ///     Where the result is written. With ``...`` it is an array even where it has no axes.
    /// keepdims : bool, optional
    ///     Whether the axes that are joined stay, with length 1.
    /// initial : scalar or None, optional
    ///     What is joined with first. By default `identity`, if the function has one, where there are no elements;
    ///     with None that is an error.
    /// where : array_like of bool, optional
    ///     Which elements take part; it is broadcast to the shape of `array`.
    ///
    /// Returns
    /// -------
    /// ndarray or scalar
    ///     Of the shape of `array` without the axes that are joined; a scalar where none is left.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If the function has not two inputs and one output, or there are no elements and no value for that.
    /// TypeError
    ///     If there is no loop for the dtype.
    /// numpy.exceptions.AxisError
    ///     If there is no such axis.
    ///
    /// See Also
    /// --------
    /// ufunc.accumulate, ufunc.reduceat
    ///
    /// Notes
    /// -----
    /// The order of joining depends on the number of elements alone, so the bits of a result don't depend on the
    /// number of threads, nor on how the array lies in memory. Floats are added in pairs of halves, as NumPy adds
    /// those of a contiguous run.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import lanefn
    /// >>> x = np.arange(6).reshape(2, 3)
    /// >>> lanefn.add.reduce(x)
    /// array([3, 5, 7])
    /// >>> lanefn.add.reduce(x, axis=1, keepdims=True)
    /// array([[ 3],
    ///        [12]])
    /// >>> lanefn.maximum.reduce(x, axis=None, where=x < 4, initial=-1)
    /// np.int64(3)
    #[pyo3(
        signature = (*args, **kwargs),
        text_signature = "($self, array, axis=0, dtype=None, out=None, keepdims=False, **kwargs)"
    )]
    fn reduce<'py>(
        slf: &Bound<'py, Self>,
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
                let mut walk = axes_in_memory(&[from], ndim);
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
        // SAFETY: as in `__call__`.
        detached(py, "reduce", || unsafe { this.of().reduce_raw(from, to, &how, UNSAFE) })?;
        output.finish(py, wrapper(&[object])?.as_ref(), None, scalars)
    }

    /// accumulate(array, axis=0, dtype=None, out=None)
    ///
    /// Every result of `reduce` on the way: the first element, the first two joined, the first three, and so on.
    ///
    /// Parameters
    /// ----------
    /// array : array_like
    ///     Of any shape with an axis, and a dtype as for `reduce`.
    /// axis : int, optional
    ///     The axis along which is gone.
    /// dtype : dtype, optional
    ///     The dtype in which is computed, as for `reduce`.
    /// out : ndarray, tuple of one or ..., optional
    ///     Where the results are written.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     Of the shape of `array`.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If the function has not two inputs and one output, or `out` has another shape.
    /// TypeError
    ///     If there is no loop for the dtype, or `array` is a scalar.
    /// numpy.exceptions.AxisError
    ///     If there is no such axis.
    ///
    /// See Also
    /// --------
    /// ufunc.reduce
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import lanefn
    /// >>> lanefn.add.accumulate(np.array([1, 2, 3, 4]))
    /// array([ 1,  3,  6, 10])
    /// >>> lanefn.maximum.accumulate(np.array([[2, 1, 3], [0, 5, 4]]), axis=1)
    /// array([[2, 2, 3],
    ///        [0, 5, 5]])
    #[pyo3(
        signature = (*args, **kwargs),
        text_signature = "($self, array, axis=0, dtype=None, out=None)"
    )]
    fn accumulate<'py>(
        slf: &Bound<'py, Self>,
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
            None => Output::new(py, from.shape, t, &axes_in_memory(&[from], input.ndim()))?,
        };
        let write = output.view();
        let to = write.output();
        // SAFETY: as in `__call__`.
        detached(py, "accumulate", || unsafe {
            this.of().accumulate_raw(from, along, to, Some(t), UNSAFE)
        })?;
        output.finish(py, wrapper(&[object])?.as_ref(), None, scalars)
    }

    /// reduceat(array, indices, axis=0, dtype=None, out=None)
    ///
    /// The reductions of slices along an axis, which begin at the indices.
    ///
    /// Slice ``i`` goes from ``indices[i]`` to before ``indices[i + 1]``, the last one to the end. Where the next
    /// index is not larger, it is the one element at ``indices[i]``.
    ///
    /// Parameters
    /// ----------
    /// array : array_like
    ///     Of any shape with an axis, and a dtype as for `reduce`.
    /// indices : array_like of int
    ///     Where slices begin: one axis, each within the axis of `array`.
    /// axis : int, optional
    ///     The axis that is cut.
    /// dtype : dtype, optional
    ///     The dtype in which is computed, as for `reduce`.
    /// out : ndarray, tuple of one or ..., optional
    ///     Where the results are written.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     Of the shape of `array`, with as many elements along `axis` as there are indices.
    ///
    /// Raises
    /// ------
    /// IndexError
    ///     If an index is not within the axis.
    /// ValueError
    ///     If the function has not two inputs and one output, or `indices` has not one axis.
    /// TypeError
    ///     If there is no loop for the dtype, or the indices are no integers.
    /// numpy.exceptions.AxisError
    ///     If there is no such axis.
    ///
    /// See Also
    /// --------
    /// ufunc.reduce
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import lanefn
    /// >>> x = np.array([1, 2, 3, 4, 5, 6])
    /// >>> lanefn.add.reduceat(x, [0, 2, 5])
    /// array([ 3, 12,  6])
    /// >>> lanefn.add.reduceat(x, [4, 1])
    /// array([ 5, 20])
    #[pyo3(
        signature = (*args, **kwargs),
        text_signature = "($self, array, indices, axis=0, dtype=None, out=None)"
    )]
    fn reduceat<'py>(
        slf: &Bound<'py, Self>,
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
                return Err(PyTypeError::new_err(format!(
                    "indices of dtype {dtype} are no integers"
                )));
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
                Output::new(py, &shape, t, &axes_in_memory(&[from], input.ndim()))?
            }
        };
        let write = output.view();
        let to = write.output();
        // SAFETY: as in `__call__`.
        detached(py, "reduceat", || unsafe {
            this.of().reduceat_raw(from, &indices, along, to, Some(t), UNSAFE)
        })?;
        output.finish(py, wrapper(&[object])?.as_ref(), None, scalars)
    }

    /// outer(A, B, /, **kwargs)
    ///
    /// The function of every element of `A` with every element of `B`.
    ///
    /// Parameters
    /// ----------
    /// A, B : array_like
    ///     Of any shapes, and dtypes as for a call.
    /// **kwargs : optional
    ///     What a call takes by name: `out`, `where`, `casting`, `order`, `dtype`, `subok`, `signature`; see
    ///     `lanefn.ufunc`.
    ///
    /// Returns
    /// -------
    /// ndarray or scalar, or tuple of these
    ///     Of the shape of `A` followed by that of `B`.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If the function has not two inputs.
    /// TypeError
    ///     If there is no loop for the dtypes, or `casting` forbids a cast.
    ///
    /// See Also
    /// --------
    /// numpy.outer
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import lanefn
    /// >>> lanefn.multiply.outer(np.array([1, 2, 3]), np.array([1, 10]))
    /// array([[ 1, 10],
    ///        [ 2, 20],
    ///        [ 3, 30]])
    /// >>> lanefn.add.outer(np.zeros((2, 3)), np.zeros(4)).shape
    /// (2, 3, 4)
    #[pyo3(
        signature = (*args, **kwargs),
        text_signature = "($self, A, B, /, **kwargs)"
    )]
    fn outer<'py>(
        slf: &Bound<'py, Self>,
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
            let text =
                format!("outer() takes exactly 2 positional arguments ({} given)", args.len());
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

    /// at(a, indices, b=None, /)
    ///
    /// Applies the function in place at the indices, one after the other: an element that is named twice
    /// is changed twice.
    ///
    /// Parameters
    /// ----------
    /// a : ndarray
    ///     What is changed: the first input, and the output.
    /// indices : array_like of int or bool, slice, ..., or tuple of these
    ///     Which elements: what NumPy takes between brackets.
    /// b : array_like, optional
    ///     The second input, of a function that has two; it is broadcast to the shape of ``a[indices]``.
    ///
    /// Returns
    /// -------
    /// None
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If the function has more than two inputs or one output, or `b` is missing or one too many.
    /// TypeError
    ///     If `a` is no array, or there is no loop for the dtypes.
    /// IndexError
    ///     If an index is not within its axis.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import lanefn
    /// >>> counts = np.zeros(4, int)
    /// >>> lanefn.add.at(counts, [0, 2, 2, 3, 2], 1)
    /// >>> counts
    /// array([1, 0, 3, 1])
    /// >>> x = np.array([1.0, 4.0, 9.0])
    /// >>> lanefn.sqrt.at(x, slice(1, None))
    /// >>> x
    /// array([1., 2., 3.])
    #[pyo3(signature = (a, indices, b=None, /))]
    fn at<'py>(
        slf: &Bound<'py, Self>,
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
        // SAFETY: as in `__call__`.
        detached(py, of.name, || unsafe { of.at_raw(to, &indices, &shape, raw_second, UNSAFE) })?;
        output.store(py)?;
        Ok(py.None().into_bound(py))
    }

    /// as_numpy_ufunc()
    ///
    /// The function as a ufunc of NumPy's own, for what asks for one.
    ///
    /// Returns
    /// -------
    /// numpy.ufunc
    ///     Its loops are these, its dispatch is NumPy's: it runs on one thread, and has no identity.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If elements can raise exceptions, which NumPy's loops can't.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import lanefn
    /// >>> f = lanefn.compile("x > 2 ? x + 1 : x - 1").as_numpy_ufunc()
    /// >>> isinstance(f, np.ufunc)
    /// True
    /// >>> f(np.array([1.0, 2.0, 3.0]))
    /// array([0., 1., 4.])
    fn as_numpy_ufunc<'py>(slf: &Bound<'py, Self>) -> PyResult<Object<'py>> {
        crate::numpys::numpy_ufunc(slf)
    }

    /// resolve_dtypes(dtypes, *, signature=None, casting=None, reduction=False)
    ///
    /// The dtypes that a call for operands of these dtypes computes in.
    ///
    /// Parameters
    /// ----------
    /// dtypes : tuple of dtypes, int, float or None
    ///     One for each input and output. `int` and `float` stand for Python's numbers, None for an output that
    ///     is not given.
    /// signature : str or tuple of dtypes, optional
    ///     The loop that is asked for, as in a call.
    /// casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe'}, optional
    ///     Which casts are allowed; 'same_kind' by default, as in a call.
    /// reduction : bool, optional
    ///     Whether it is about `reduce`. Then the dtypes are those of the output, or None, of the array, and None.
    ///
    /// Returns
    /// -------
    /// tuple of dtypes
    ///     Those of the loop: of each input and output.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If there is no loop for the dtypes, `casting` forbids a cast, or the dtypes are not as many as `nargs`.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> import lanefn
    /// >>> f4, i2 = np.dtype(np.float32), np.dtype(np.int16)
    /// >>> lanefn.add.resolve_dtypes((f4, float, None))
    /// (dtype('float32'), dtype('float32'), dtype('float32'))
    /// >>> lanefn.add.resolve_dtypes((None, i2, None), reduction=True)
    /// (dtype('int64'), dtype('int64'), dtype('int64'))
    #[pyo3(signature = (dtypes, *, signature=None, casting=None, reduction=false))]
    fn resolve_dtypes<'py>(
        &self,
        dtypes: &Object<'py>,
        signature: Option<&Object<'py>>,
        casting: Option<&Object<'py>>,
        reduction: bool,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let py = dtypes.py();
        let (nin, n) = (self.of().nin(), self.nargs());
        let dtypes = dtypes.cast::<PyTuple>().ok().filter(|t| t.len() == n).ok_or_else(|| {
            let text = "resolve_dtypes: The dtypes must be a tuple of `ufunc.nargs` length.";
            PyTypeError::new_err(text)
        })?;
        let fixed = self.fixed(py, None, signature)?;
        let casting = self.casting(py, casting)?;
        let found = if reduction {
            if nin != 2 || n != 3 || !dtypes.get_item(2)?.is_none() {
                let text = "resolve_dtypes: of a reduction, the last dtype must be None.";
                return Err(PyTypeError::new_err(text));
            }
            let out = some_descr(&dtypes.get_item(0)?)?;
            let asked = fixed.first().copied().flatten();
            self.fold(py, "reduce", dtype(&dtypes.get_item(1)?)?, asked, out)?
        } else {
            let types =
                dtypes.iter().take(nin).map(|t| weak_or_dtype(&t)).collect::<PyResult<Vec<_>>>()?;
            let found = self.resolve(&types, &fixed, casting).map_err(|e| exception(py, &e))?;
            for (out, from) in std::iter::zip(dtypes.iter().skip(nin), found.outputs()) {
                if let Some(to) = some_descr(&out)?.filter(|to| !can_cast(*from, *to, casting)) {
                    let text = format!("Cannot cast {} output from {from} to {to}", self.of().name);
                    return Err(PyTypeError::new_err(text));
                }
            }
            found
        };
        let all = found.inputs().iter().chain(found.outputs()).map(|d| descr(py, *d));
        let all: Vec<Bound<PyArrayDescr>> = all.collect();
        PyTuple::new(py, all)
    }
}

/// The attribute `__doc__` of the class: its own of the class, and of each function the function's.
#[pyclass(name = "_Docstring", module = "lanefn._lanefn", frozen)]
pub struct Docstring;

#[pymethods]
impl Docstring {
    fn __get__<'py>(
        &self,
        py: Python<'py>,
        of: Option<Object<'py>>,
        _class: Option<Object<'py>>,
    ) -> PyResult<Object<'py>> {
        // Read when somebody asks, so that importing the package costs nothing for it.
        py.import("lanefn._docs")?.getattr("docstring")?.call1((of,))
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
fn refuse_negative(py: Python, exponents: &Operand) -> PyResult<()> {
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

/// The axes of new outputs for `order=`.
fn in_order(
    order: char,
    operands: &[Operand],
    raws: &[lanefn::RawInput],
    ndim: usize,
) -> Vec<usize> {
    let fortran = || {
        let mut arrays = operands.iter().filter_map(|o| match o {
            Operand::Array(array, _) => Some(array),
            Operand::Scalar(_) => None,
        });
        arrays.all(|a| a.is_fortran_contiguous())
    };
    match order {
        'C' => (0..ndim).collect(),
        'F' => (0..ndim).rev().collect(),
        'A' if fortran() => (0..ndim).rev().collect(),
        'A' => (0..ndim).collect(),
        _ => axes_in_memory(raws, ndim),
    }
}

/// Whole numbers in C order, and their shape.
fn positions(object: &Object) -> PyResult<(Vec<i64>, Vec<usize>)> {
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
fn element(object: &Object, t: Dtype) -> PyResult<Scalar> {
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
