//! The typed front end over `ndarray`.

use std::marker::PhantomData;

use lanefn_kernels::{
    lanes::Element,
    level::Level,
    loops::{Function, Input, Kernel, MAX_INPUTS, MAX_OUTPUTS, Operands},
};
use ndarray::{ArrayBase, Data, DataMut, Dimension};
use smallvec::SmallVec;

use super::{
    Compiled, MemoryOrder, Untyped,
    arguments::{Argument, Arguments, ArraysOf, InPlace, Layout, OutOf, Outputs, Results},
    untyped::{RawInput, RawOutput, broadcast_all, call},
};
use crate::{
    error::Result,
    execute::{Code, Options, floats::IeeeDefault, recycle},
    status::is_collected,
};

/// A function of one element, made a function of whole arrays. Every function that `#[ufunc]` was
/// written over has one: `name::ufunc()`, with [`Call`] in scope.
///
/// ```
/// use lanefn::prelude::*;
/// use ndarray::array;
///
/// /// One up above 2, one down elsewhere.
/// #[lanefn::ufunc]
/// fn problem(x: f64) -> f64 {
///     if x > 2.0 { x + 1.0 } else { x - 1.0 }
/// }
///
/// let x = array![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(problem::ufunc().call(&x)?, array![[0.0, 1.0], [4.0, 5.0]]);
/// assert_eq!(problem(3.0), 4.0);
/// # Ok::<(), lanefn::Error>(())
/// ```
///
/// Inputs broadcast as in NumPy; the result has the dimension type that `ndarray`'s own arithmetic
/// would give, and lies in memory in the order of the inputs (Fortran order is kept).
pub struct Ufunc<F> {
    pub(super) options: Options,
    order: MemoryOrder,
    function: PhantomData<F>,
}

impl<F> Clone for Ufunc<F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F> Copy for Ufunc<F> {}

/// Gives a function its [`Ufunc`].
pub trait Call: Function + Sized {
    /// The function over whole arrays.
    #[inline]
    fn ufunc() -> Ufunc<Self> {
        Ufunc { options: Options::default(), order: MemoryOrder::K, function: PhantomData }
    }
}
impl<F: Function> Call for F {}

/// Calls on at most so many elements, all contiguous, go straight to the inner loop.
pub(super) const SMALL: usize = 2048;

/// New arrays with what `run` gives for the arguments.
///
/// # Safety
/// `run` writes every element of its outputs, or gives an error.
unsafe fn results<O: Results, A: Arguments>(
    arguments: &A,
    options: Options,
    order: MemoryOrder,
    run: impl Fn(&[RawInput], &[RawOutput], Options) -> Result<()>,
) -> Result<ArraysOf<O, A::Dim>> {
    arguments.check()?;
    let mut dim = A::Dim::zeros(arguments.ndim());
    let layouts = arguments.layouts();
    let shape = broadcast_all(layouts.iter().map(Layout::shape))?;
    dim.slice_mut().copy_from_slice(&shape);
    let pointers = arguments.pointers();
    let inputs = raw_inputs(&layouts, &pointers);
    let axes = order.axes(shape.len(), &inputs);
    let write = |to: &[*mut u8; MAX_OUTPUTS], layout: &dyn Fn() -> SmallVec<[Layout; 4]>| {
        let to_layouts = layout();
        let outputs = raw_outputs(&to_layouts, to);
        // Past the caches only where no page is fresh.
        run(&inputs, &outputs, Options { stream: recycle::was_mapped(to[0]), ..options })
    };
    // SAFETY: the caller's promise.
    unsafe { O::make(dim, Some(&axes), write) }
}

impl Ufunc<Compiled> {
    /// The function that an expression says, compiled when it is first called: as
    /// [`Compiled::from_expression`].
    ///
    /// ```
    /// use lanefn::Ufunc;
    /// use ndarray::array;
    /// let norm = Ufunc::from_expression("sqrt(x*x + y*y)")?;
    /// assert_eq!(norm.call::<(f64,), _>((&array![3.0], 4.0))?, array![5.0]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Expression`](crate::Error::Expression).
    pub fn from_expression(text: &str) -> Result<Compiled> {
        Compiled::from_expression(text)
    }
}

impl Compiled {
    /// Calls the function on one array, or on a tuple of arrays and numbers, and returns a new array for
    /// each element type of `O`, to which the results are cast if they are of another one of their kind.
    ///
    /// ```
    /// use ndarray::array;
    /// let f = lanefn::Compiled::from_expression("divmod(x, y)")?;
    /// let (q, r) = f.call::<(i64, i64), _>((&array![7i64, -7], 2i64))?;
    /// assert_eq!((q, r), (array![3, -4], array![1, 1]));
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Untyped::call_raw`].
    pub fn call<O: Results, A: Arguments>(&self, arguments: A) -> Result<ArraysOf<O, A::Dim>> {
        let run = |inputs: &[RawInput], outputs: &[RawOutput], options| {
            // SAFETY: inputs are borrowed arrays or numbers, outputs fresh memory that nobody else knows.
            unsafe { self.untyped().call_raw(inputs, None, outputs, options) }
        };
        // SAFETY: without a mask the engine writes every element, or gives an error.
        unsafe { results::<O, A>(&arguments, Options::default(), MemoryOrder::K, run) }
    }

    /// Reduces what the function gives for the arguments to one number, by a binary function of the
    /// catalogue or one of one's own: in one pass, without an array of it, and with the bits that the
    /// reduction of that array would have.
    ///
    /// ```
    /// use ndarray::array;
    /// let product = lanefn::Compiled::from_expression("x * y")?;
    /// let add = lanefn::find("add").expect("it is in the catalogue");
    /// let dot: f64 = product.reduced_by(add, (&array![1.0, 2.0, 3.0], &array![4.0, 5.0, 6.0]))?;
    /// assert_eq!(dot, 32.0);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Untyped::reduce_mapped_raw`].
    pub fn reduced_by<T: Element, A: Arguments>(&self, by: &Untyped, arguments: A) -> Result<T> {
        arguments.check()?;
        let layouts = arguments.layouts();
        let inputs = raw_inputs(&layouts, &arguments.pointers());
        let mut out = T::ZERO;
        let to =
            RawOutput { ptr: (&raw mut out).cast(), shape: &[], strides: &[], dtype: T::DTYPE };
        // SAFETY: inputs are borrowed arrays or numbers, and the output is a number of ours.
        unsafe {
            by.reduce_mapped_raw(&self.untyped(), &inputs, to, None, Options::default())?;
        }
        Ok(out)
    }
}

/// What [`Ufunc::call`] returns for the arguments `A`.
type Made<F, A> = Result<ArraysOf<OutOf<F, <A as Arguments>::In>, <A as Arguments>::Dim>>;

impl<F: Function> Ufunc<F> {
    /// The same at a level of one's own choice. Results are the same at every level.
    pub fn level(mut self, level: Level) -> Self {
        self.options.level = Some(level);
        self
    }

    /// The same with at most so many threads. Results are the same for every number of them.
    pub fn threads(mut self, threads: usize) -> Self {
        self.options.threads = Some(threads);
        self
    }

    /// The same with new arrays in this order, as NumPy's `order=`. Those of methods lie as their input does.
    ///
    /// ```
    /// # use lanefn::{math, prelude::*, ufunc::MemoryOrder};
    /// # use ndarray::{Array2, array};
    /// let x = array![[1.0, 4.0], [9.0, 16.0]];
    /// let root: Array2<f64> = math::sqrt::ufunc().order(MemoryOrder::F).call(&x)?;
    /// assert_eq!(root, array![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(root.strides(), [1, 2]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    pub fn order(mut self, order: MemoryOrder) -> Self {
        self.order = order;
        self
    }

    /// The function without its types.
    pub fn untyped(&self) -> Untyped<'static> {
        Untyped::of::<F>()
    }

    /// Calls the function on one array, or on a tuple of arrays and numbers, and returns a new array,
    /// or a tuple of them where the function has several outputs.
    ///
    /// ```
    /// # use lanefn::prelude::*;
    /// # use ndarray::array;
    /// #[lanefn::ufunc]
    /// fn polar(x: f64, y: f64) -> (f64, bool) {
    ///     ((x * x + y * y).sqrt(), x > y)
    /// }
    /// let (r, steep) = polar::ufunc().call((&array![[3.0], [5.0]], &array![4.0, 12.0]))?;
    /// assert_eq!(r[(1, 1)], 13.0);
    /// assert_eq!(steep, array![[false, false], [true, false]]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Broadcast`](crate::Error::Broadcast) for shapes that don't fit,
    /// [`TooLarge`](crate::Error::TooLarge) where there is no memory for the result,
    /// [`Literal`](crate::Error::Literal) for a [`weak`](super::weak) number that does not fit.
    pub fn call<A: Arguments>(&self, arguments: A) -> Made<F, A>
    where
        F: Kernel<A::In, Out: Results>,
    {
        if self.order != MemoryOrder::F
            && let Some(shape) = arguments.plain()
            && let Some((n, level)) = self.small::<A::In>(shape)?
        {
            arguments.check()?;
            let mut dim = A::Dim::zeros(arguments.ndim());
            dim.slice_mut().copy_from_slice(shape);
            let write = |to: &[*mut u8; MAX_OUTPUTS], _: &dyn Fn() -> SmallVec<[Layout; 4]>| {
                // SAFETY: contiguous arrays of `n` elements and numbers, and fresh memory for as many.
                unsafe { direct::<F, A::In>(&arguments.inputs(), to, n, level) };
                Ok(())
            };
            // SAFETY: a loop writes every element.
            return unsafe { OutOf::<F, A::In>::make(dim, None, write) };
        }
        let run = |inputs: &[RawInput], outputs: &[RawOutput], options| {
            let of = Code::Loop(<F as Kernel<A::In>>::LOOP.erase());
            // SAFETY: inputs are borrowed arrays or numbers, outputs fresh memory that nobody else
            // knows; types have been matched by the kernel's.
            unsafe { call(&of, self.rule(), inputs, None, outputs, options) }
        };
        // SAFETY: without a mask the engine writes every element, or gives an error.
        unsafe { results::<OutOf<F, A::In>, A>(&arguments, self.options, self.order, run) }
    }

    /// Calls the function and writes to arrays that are given: a reference to one, or a tuple of them.
    /// They have the shape that the inputs broadcast to, or one that this broadcasts to.
    ///
    /// # Errors
    /// As for [`call`](Ufunc::call), and [`OutputShape`](crate::Error::OutputShape). Nothing has been
    /// written then.
    #[inline]
    pub fn call_into<A: Arguments, O: Outputs<Out = OutOf<F, A::In>>>(
        &self,
        arguments: A,
        mut outputs: O,
    ) -> Result<()>
    where
        F: Kernel<A::In>,
    {
        if let (Some(shape), Some(to)) = (arguments.plain(), outputs.plain())
            && shape == to
            && let Some((n, level)) = self.small::<A::In>(shape)?
        {
            arguments.check()?;
            // SAFETY: contiguous arrays of `n` elements and numbers; the outputs are borrowed alone, so they are
            // apart from each other and from the inputs.
            unsafe { direct::<F, A::In>(&arguments.inputs(), &outputs.pointers(), n, level) };
            return Ok(());
        }
        self.plan_into(arguments, None, outputs)
    }

    /// Calls the function where the mask is true, and writes there alone; elsewhere the outputs stay
    /// as they are, and the function is not evaluated. The mask broadcasts to the outputs' shape.
    ///
    /// # Errors
    /// As for [`call_into`](Ufunc::call_into).
    pub fn call_where<A, O, S, D>(
        &self,
        arguments: A,
        mask: &ArrayBase<S, D>,
        outputs: O,
    ) -> Result<()>
    where
        A: Arguments,
        O: Outputs<Out = OutOf<F, A::In>>,
        S: Data<Elem = bool>,
        D: Dimension,
        F: Kernel<A::In>,
    {
        self.plan_into(arguments, Some((mask.layout(), mask.pointer())), outputs)
    }

    /// Whether a call on plain arrays of this shape is so small that it needs no plan and no thread:
    /// then the number of elements, and the level.
    #[inline]
    fn small<In: Operands>(&self, shape: &[usize]) -> Result<Option<(usize, Level)>>
    where
        F: Kernel<In>,
    {
        let n = shape.iter().product();
        if n > SMALL
            || <F as Kernel<In>>::LOOP.erase().cost >= 64
            || !self.options.plain()
            || is_collected()
        {
            return Ok(None);
        }
        Ok(Some((n, Level::chosen()?)))
    }

    /// The general way to given outputs.
    fn plan_into<A: Arguments, O: Outputs<Out = OutOf<F, A::In>>>(
        &self,
        arguments: A,
        mask: Option<(Layout, *const u8)>,
        mut outputs: O,
    ) -> Result<()>
    where
        F: Kernel<A::In>,
    {
        arguments.check()?;
        let layouts = arguments.layouts();
        let inputs = raw_inputs(&layouts, &arguments.pointers());
        // Pointers first: an array that shares its memory gets its own now, and perhaps other strides.
        let to = outputs.pointers();
        let to_layouts = outputs.layouts();
        let outputs = raw_outputs(&to_layouts, &to);
        let mask = mask.as_ref().map(|(layout, at)| layout.input(*at));
        let options = Options { stream: true, ..self.options };
        // SAFETY: inputs are borrowed arrays or numbers, outputs arrays that are borrowed alone; types
        // have been matched by the kernel's.
        unsafe {
            call(
                &Code::Loop(<F as Kernel<A::In>>::LOOP.erase()),
                self.rule(),
                &inputs,
                mask,
                &outputs,
                options,
            )
        }
    }

    /// Calls the function with the array as its first input and writes the result back to it. `rest`
    /// are the other inputs: `()`, or a tuple.
    ///
    /// ```
    /// # use lanefn::prelude::*;
    /// # use ndarray::array;
    /// #[lanefn::ufunc]
    /// fn axpy(y: f64, a: f64, x: f64) -> f64 {
    ///     a * x + y
    /// }
    /// let mut y = array![1.0, 2.0];
    /// axpy::ufunc().call_in_place(&mut y, (3.0, &array![10.0, 20.0]))?;
    /// assert_eq!(y, array![31.0, 62.0]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`call_into`](Ufunc::call_into).
    pub fn call_in_place<S, D, R>(&self, array: &mut ArrayBase<S, D>, rest: R) -> Result<()>
    where
        S: DataMut<Elem: Element>,
        D: Dimension,
        R: InPlace<S::Elem>,
        F: Kernel<R::In, Out = (S::Elem,)>,
    {
        rest.check()?;
        // The pointer first, as above.
        let at = array.as_mut_ptr().cast::<u8>();
        let layout = (&*array).layout();
        let rest_layouts = rest.layouts();
        let mut inputs: SmallVec<[RawInput; MAX_INPUTS]> = SmallVec::new();
        inputs.push(layout.input(at));
        inputs.extend(raw_inputs(&rest_layouts, &rest.pointers()));
        let outputs = [layout.output(at)];
        let options = Options { stream: true, ..self.options };
        // SAFETY: the array is borrowed alone and is the first input and the output alike, which the
        // engine allows; the others are borrowed arrays or numbers.
        unsafe {
            call(
                &Code::Loop(<F as Kernel<R::In>>::LOOP.erase()),
                self.rule(),
                &inputs,
                None,
                &outputs,
                options,
            )
        }
    }
}

/// The inner loop alone.
///
/// # Safety
/// Every operand is contiguous and valid for `n` elements, or a scalar and valid for one; outputs are apart
/// from everything else. The level is present.
#[inline]
unsafe fn direct<F: Kernel<In>, In: Operands>(
    inputs: &[Input; MAX_INPUTS],
    to: &[*mut u8; MAX_OUTPUTS],
    n: usize,
    level: Level,
) {
    let _floats = IeeeDefault::enter();
    let inner = <F as Kernel<In>>::LOOP.erase().inner(level);
    // SAFETY: the caller's promise.
    unsafe { inner(&inputs[..In::COUNT], &to[..F::Out::COUNT], n) }
}

fn raw_inputs<'a>(
    layouts: &'a [Layout],
    pointers: &[*const u8; MAX_INPUTS],
) -> SmallVec<[RawInput<'a>; MAX_INPUTS]> {
    layouts.iter().zip(pointers).map(|(l, &p)| l.input(p)).collect()
}

fn raw_outputs<'a>(
    layouts: &'a [Layout],
    pointers: &[*mut u8; MAX_OUTPUTS],
) -> SmallVec<[RawOutput<'a>; MAX_OUTPUTS]> {
    layouts.iter().zip(pointers).map(|(l, &p)| l.output(p)).collect()
}
