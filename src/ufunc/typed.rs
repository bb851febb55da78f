//! The typed front end over `ndarray`.

use std::marker::PhantomData;

use lanefn_kernels::{
    lanes::Element,
    level::Level,
    loops::{Function, Input, Kernel, Loop, MAX_INPUTS, MAX_OUTPUTS, Operands},
};
use ndarray::{ArrayBase, Data, DataMut, Dimension};
use smallvec::SmallVec;

use super::{
    Untyped,
    arguments::{Argument, Arguments, InPlace, Layout, OutOf, Outputs, Results},
    untyped::{RawInput, RawOutput, broadcast_all, call},
};
use crate::{
    error::Result,
    execute::{Options, floats::IeeeDefault},
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
    options: Options,
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
        Ufunc { options: Options::default(), function: PhantomData }
    }
}
impl<F: Function> Call for F {}

/// The loop of `F` for `In`, in one place in memory.
struct LoopOf<F, In>(PhantomData<(F, In)>);
impl<F: Kernel<In>, In: Operands> LoopOf<F, In> {
    const LOOP: &'static Loop = &Loop::of::<F, In>();
}

/// Calls on fewer elements than this, all contiguous, go straight to the inner loop.
const SMALL: usize = 2048;

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

    /// The function without its types.
    pub fn untyped(&self) -> Untyped {
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
    /// [`TooLarge`](crate::Error::TooLarge) where there is no memory for the result.
    pub fn call<A: Arguments>(
        &self,
        arguments: A,
    ) -> Result<<OutOf<F, A::In> as Results>::Arrays<A::Dim>>
    where
        F: Kernel<A::In, Out: Results>,
    {
        let layouts = arguments.layouts();
        let shape = broadcast_all(layouts.iter().map(Layout::shape))?;
        let mut dim = A::Dim::zeros(arguments.ndim());
        dim.slice_mut().copy_from_slice(&shape);
        let axes = order(&shape, &layouts);
        let pointers = arguments.pointers();
        OutOf::<F, A::In>::make(dim, &axes, |to, to_layouts| {
            let inputs = raw_inputs(&layouts, &pointers);
            let outputs = raw_outputs(to_layouts, to);
            // SAFETY: inputs are borrowed arrays or numbers, outputs fresh memory that nobody else
            // knows; types have been matched by the kernel's.
            unsafe { call(LoopOf::<F, A::In>::LOOP, &inputs, None, &outputs, self.options) }
        })
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
        // Small calls on plain arrays of one shape need no plan.
        if let (Some(shape), Some(to)) = (arguments.plain(), outputs.plain())
            && shape == to
            && self.options.level.is_none()
            && self.options.threads.is_none()
        {
            let n: usize = shape.iter().product();
            if n <= SMALL && LoopOf::<F, A::In>::LOOP.cost < 64 {
                let inner = LoopOf::<F, A::In>::LOOP.inner(Level::chosen()?);
                let mut inputs = [Input { at: std::ptr::null(), scalar: false }; MAX_INPUTS];
                let pointers = arguments.pointers();
                for (input, &(at, _)) in inputs.iter_mut().zip(&pointers) {
                    input.at = at;
                }
                let mut to = [std::ptr::null_mut(); MAX_OUTPUTS];
                for (to, (at, _)) in to.iter_mut().zip(outputs.pointers()) {
                    *to = at;
                }
                let _floats = IeeeDefault::enter();
                // SAFETY: contiguous arrays of `n` elements; the outputs are borrowed alone, so they
                // are apart from each other and from the inputs; the chosen level is present.
                unsafe {
                    inner(&inputs[..A::In::COUNT], &to[..O::Out::COUNT], n);
                }
                return Ok(());
            }
        }
        self.into_plan(arguments, None, outputs)
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
        self.into_plan(arguments, Some((mask.layout(), mask.pointer())), outputs)
    }

    /// The general way to given outputs.
    fn into_plan<A: Arguments, O: Outputs<Out = OutOf<F, A::In>>>(
        &self,
        arguments: A,
        mask: Option<(Layout, *const u8)>,
        mut outputs: O,
    ) -> Result<()>
    where
        F: Kernel<A::In>,
    {
        let layouts = arguments.layouts();
        let inputs = raw_inputs(&layouts, &arguments.pointers());
        // Pointers first: an array that shares its memory gets its own now, and perhaps other strides.
        let to = outputs.pointers();
        let to_layouts = outputs.layouts();
        let outputs = raw_outputs(&to_layouts, &to);
        let mask = mask.as_ref().map(|(layout, at)| layout.input((*at, bool::DTYPE)));
        let options = Options { stream: true, ..self.options };
        // SAFETY: inputs are borrowed arrays or numbers, outputs arrays that are borrowed alone; types
        // have been matched by the kernel's.
        unsafe { call(LoopOf::<F, A::In>::LOOP, &inputs, mask, &outputs, options) }
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
        // The pointer first, as above.
        let at = array.as_mut_ptr().cast::<u8>();
        let layout = (&*array).layout();
        let rest_layouts = rest.layouts();
        let mut inputs: SmallVec<[RawInput; MAX_INPUTS]> = SmallVec::new();
        inputs.push(layout.input((at, S::Elem::DTYPE)));
        inputs.extend(raw_inputs(&rest_layouts, &rest.pointers()));
        let outputs = [layout.output((at, S::Elem::DTYPE))];
        let options = Options { stream: true, ..self.options };
        // SAFETY: the array is borrowed alone and is the first input and the output alike, which the
        // engine allows; the others are borrowed arrays or numbers.
        unsafe { call(LoopOf::<F, R::In>::LOOP, &inputs, None, &outputs, options) }
    }
}

fn raw_inputs<'a>(
    layouts: &'a [Layout],
    pointers: &[(*const u8, lanefn_kernels::lanes::Dtype)],
) -> SmallVec<[RawInput<'a>; MAX_INPUTS]> {
    layouts.iter().zip(pointers).map(|(l, &p)| l.input(p)).collect()
}

fn raw_outputs<'a>(
    layouts: &'a [Layout],
    pointers: &[(*mut u8, lanefn_kernels::lanes::Dtype)],
) -> SmallVec<[RawOutput<'a>; MAX_OUTPUTS]> {
    layouts.iter().zip(pointers).map(|(l, &p)| l.output(p)).collect()
}

/// The axes, outermost first, in the order in which the inputs lie in memory: by the strides of the
/// first input that tells two axes apart.
fn order(shape: &[usize], layouts: &[Layout]) -> SmallVec<[usize; 4]> {
    let stride = |l: &Layout, axis: usize| {
        axis.checked_sub(shape.len() - l.shape().len())
            .filter(|&a| l.shape()[a] != 1)
            .map_or(0, |a| l.strides()[a].unsigned_abs())
    };
    let mut axes: SmallVec<[usize; 4]> = (0..shape.len()).collect();
    for i in 1..axes.len() {
        let mut j = i;
        while j > 0 {
            let (outer, inner) = (axes[j - 1], axes[j]);
            let told = layouts.iter().find_map(|l| {
                let (a, b) = (stride(l, outer), stride(l, inner));
                (a != 0 && b != 0 && a != b).then_some(a < b)
            });
            if told != Some(true) {
                break;
            }
            axes.swap(j - 1, j);
            j -= 1;
        }
    }
    axes
}
