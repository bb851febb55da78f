//! The class `ufunc`.

use std::hash::{Hash, Hasher};
use std::sync::Mutex;

use lanefn::{
    Catalogue, Code, Compiled, Untyped,
    dtype::{Casting, Dtype, Kind, Type, kind, rank},
    kernels::loops::Loop,
};
use numpy::PyArrayDescrMethods;
use pyo3::{
    IntoPyObjectExt,
    exceptions::{PyAttributeError, PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use smallvec::SmallVec;

use crate::{
    call::Like,
    few::{self, Maybe},
    methods,
    names::intern,
    operand::{descr, dtype},
};

/// Any object of Python's.
pub type Object<'py> = Bound<'py, PyAny>;

/// As many as there are operands: hardly ever more than four.
pub type Few<T> = SmallVec<[T; 4]>;

// A function of elements, which goes over whole arrays as NumPy's ufuncs do. (Python gets its words from `doc.rs`.)
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

/// Loops in NumPy's order.
fn ranked(loops: &[&'static Loop]) -> Vec<&'static Loop> {
    let mut loops = loops.to_vec();
    loops.sort_by_key(|l| l.inputs.iter().map(|d| rank(*d)).collect::<Few<_>>());
    loops
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

    pub fn is_builtin(&self, name: &str) -> bool {
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

    pub fn nargs(&self) -> usize {
        self.inputs() + self.results()
    }
}

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
        methods::reduce(slf, args, kwargs)
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
        methods::accumulate(slf, args, kwargs)
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
        methods::reduceat(slf, args, kwargs)
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
        methods::outer(slf, args, kwargs)
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
        methods::at(slf, a, indices, b)
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
        methods::resolve_dtypes(self, dtypes, signature, casting, reduction)
    }
}
