//! The methods of a typed ufunc over `ndarray`.

use std::marker::PhantomData;

use lanefn_kernels::{
    lanes::Element,
    loops::{Function, Kernel, Loop, Operands},
};
use ndarray::{Array, ArrayBase, ArrayD, Axis, Data, DataMut, Dimension, IxDyn, RemoveAxis};
use smallvec::SmallVec;

use super::{
    Argument, MemoryOrder, Reducing, Ufunc, Untyped,
    arguments::{Layout, fresh},
    untyped::RawOutput,
};
use crate::{
    error::{Error, Result},
    status::{Rule, is_collected},
};

/// The output for a shape, which `write` fills. It lies in memory as these inputs do.
fn filled<T: Element, D: Dimension>(
    dim: D,
    like: &[Layout],
    write: impl FnOnce(RawOutput) -> Result<()>,
) -> Result<Array<T, D>> {
    let axes = (dim.ndim() > 1 && !like.is_empty()).then(|| {
        let like: SmallVec<[_; 2]> = like.iter().map(|l| l.input(std::ptr::null())).collect();
        MemoryOrder::K.axes(dim.ndim(), &like)
    });
    let axes = axes.as_deref().filter(|axes| !axes.is_sorted());
    let mut array = fresh::<T, D>(&dim, axes)?;
    let at = array.as_mut_ptr().cast::<u8>();
    let layout = Layout::of::<T, D>(&dim, array.strides());
    write(layout.output(at))?;
    // SAFETY: a method that gives no error has written every element.
    Ok(unsafe { array.assume_init() })
}

fn index(axis: Axis) -> isize {
    isize::try_from(axis.index()).unwrap_or(isize::MAX)
}

impl<F: Function> Ufunc<F> {
    /// Joins the elements along an axis. Sums and products of floats go in the order of
    /// [`fold`](crate::kernels::fold)'s trees; other functions of which it is known that any order gives the
    /// same bits go in any; all others from the first element to the last. The result has the dtype of the
    /// elements. ([`Untyped::reduce_raw`] has all of NumPy's options.)
    ///
    /// ```
    /// # use lanefn::{math, prelude::*};
    /// # use ndarray::{array, Axis};
    /// let x = array![[1.0, 2.0], [3.0, 4.5]];
    /// assert_eq!(math::add::ufunc().reduce(&x, Axis(0))?, array![4.0, 6.5]);
    /// assert_eq!(math::maximum::ufunc().reduce(&x, Axis(1))?, array![2.0, 4.5]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Axis`]; [`Error::NoIdentity`] for an axis without elements and a function without an
    /// identity.
    pub fn reduce<T: Element, S: Data<Elem = T>, D: RemoveAxis>(
        &self,
        array: &ArrayBase<S, D>,
        axis: Axis,
    ) -> Result<Array<T, D::Smaller>>
    where
        F: Kernel<(T, T), Out = (T,)>,
    {
        if axis.index() >= array.ndim() {
            return Err(Error::Axis { axis: index(axis), ndim: array.ndim() });
        }
        let axes = [index(axis)];
        let how = Reducing { axes: Some(&axes), dtype: Some(T::DTYPE), ..Reducing::default() };
        let layout = array.layout();
        let like = (array.ndim() > 1).then(|| layout.without(axis.index()));
        filled(array.raw_dim().remove_axis(axis), like.as_slice(), |output| {
            let input = layout.input(array.pointer());
            // SAFETY: a borrowed array, and fresh memory.
            unsafe { self.known::<(T, T)>().reduce_raw(input, output, &how, self.options) }
        })
    }

    /// Joins all elements; see [`reduce`](Ufunc::reduce).
    ///
    /// ```
    /// # use lanefn::{math, prelude::*};
    /// # use ndarray::array;
    /// assert_eq!(math::add::ufunc().reduce_all(&array![[1, 2], [3, 4]])?, 10);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoIdentity`]; [`Error::NotReorderable`] for several axes and a function that depends on
    /// the order.
    pub fn reduce_all<T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        array: &ArrayBase<S, D>,
    ) -> Result<T>
    where
        F: Kernel<(T, T), Out = (T,)>,
    {
        let how = Reducing { dtype: Some(T::DTYPE), ..Reducing::default() };
        let layout = array.layout();
        let mut out = T::ZERO;
        let output =
            RawOutput { ptr: (&raw mut out).cast(), shape: &[], strides: &[], dtype: T::DTYPE };
        let input = layout.input(array.pointer());
        // SAFETY: a borrowed array, and an element of ours.
        unsafe { self.known::<(T, T)>().reduce_raw(input, output, &how, self.options) }?;
        Ok(out)
    }

    /// Every result on the way along an axis: the first element, the first two joined, and so on.
    ///
    /// ```
    /// # use lanefn::{math, prelude::*};
    /// # use ndarray::{array, Axis};
    /// let sums = math::add::ufunc().accumulate(&array![1.0, 2.0, 3.0], Axis(0))?;
    /// assert_eq!(sums, array![1.0, 3.0, 6.0]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Axis`].
    pub fn accumulate<T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        array: &ArrayBase<S, D>,
        axis: Axis,
    ) -> Result<Array<T, D>>
    where
        F: Kernel<(T, T), Out = (T,)>,
    {
        let layout = [array.layout()];
        filled(array.raw_dim(), &layout, |output| {
            let input = layout[0].input(array.pointer());
            let dtype = Some(T::DTYPE);
            // SAFETY: a borrowed array, and fresh memory.
            unsafe {
                self.known::<(T, T)>().accumulate_raw(
                    input,
                    index(axis),
                    output,
                    dtype,
                    self.options,
                )
            }
        })
    }

    /// The reductions of slices along an axis, each from one index to the next; the last one to the end.
    /// Where the next index is not above an index, it is that element alone.
    ///
    /// ```
    /// # use lanefn::{math, prelude::*};
    /// # use ndarray::{array, Axis};
    /// let parts = math::add::ufunc().reduceat(&array![1, 2, 3, 4, 5], &[0, 3], Axis(0))?;
    /// assert_eq!(parts, array![6, 9]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Axis`], [`Error::Index`].
    pub fn reduceat<T: Element, S: Data<Elem = T>, D: Dimension>(
        &self,
        array: &ArrayBase<S, D>,
        indices: &[i64],
        axis: Axis,
    ) -> Result<Array<T, D>>
    where
        F: Kernel<(T, T), Out = (T,)>,
    {
        if axis.index() >= array.ndim() {
            return Err(Error::Axis { axis: index(axis), ndim: array.ndim() });
        }
        let mut dim = array.raw_dim();
        dim[axis.index()] = indices.len();
        let layout = [array.layout()];
        filled(dim, &layout, |output| {
            let input = layout[0].input(array.pointer());
            let (f, dtype) = (self.known::<(T, T)>(), Some(T::DTYPE));
            // SAFETY: a borrowed array, and fresh memory.
            unsafe { f.reduceat_raw(input, indices, index(axis), output, dtype, self.options) }
        })
    }

    /// The function of every element of one array with every element of another: the axes of the first,
    /// then those of the second.
    ///
    /// ```
    /// # use lanefn::{math, prelude::*};
    /// # use ndarray::array;
    /// let table = math::multiply::ufunc().outer(&array![1, 2], &array![3, 4, 5])?;
    /// assert_eq!(table, array![[3, 4, 5], [6, 8, 10]].into_dyn());
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn outer<A, B, C, S, R, D, E>(
        &self,
        a: &ArrayBase<S, D>,
        b: &ArrayBase<R, E>,
    ) -> Result<ArrayD<C>>
    where
        A: Element,
        B: Element,
        C: Element,
        S: Data<Elem = A>,
        R: Data<Elem = B>,
        D: Dimension,
        E: Dimension,
        F: Kernel<(A, B), Out = (C,)>,
    {
        let layouts = [a.layout(), b.layout()];
        let in_c = a.is_standard_layout() && b.is_standard_layout();
        let like = (!in_c).then(|| [layouts[0].before(b.ndim()), b.layout()]);
        let like = like.as_ref().map_or(&[][..], |like| like);
        filled(IxDyn(&Untyped::outer_shape(a.shape(), b.shape())), like, |output| {
            let (a, b) = (layouts[0].input(a.pointer()), layouts[1].input(b.pointer()));
            // SAFETY: borrowed arrays, and fresh memory.
            unsafe { self.known::<(A, B)>().outer_raw(a, b, None, &[output], self.options) }
        })
    }

    /// `array[index] = f(array[index], b)`, one index after the other, so that an element that is named
    /// twice is changed twice. Negative indices count from the end. `b` is a number, or an array with as
    /// many elements as there are indices.
    ///
    /// ```
    /// # use lanefn::{math, prelude::*};
    /// # use ndarray::array;
    /// let mut count = array![0, 0, 0];
    /// math::add::ufunc().at(&mut count, &[0, 2, 2, -1], 1)?;
    /// assert_eq!(count, array![1, 0, 3]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Index`], [`Error::Broadcast`], [`Error::Literal`]. Nothing has been written then.
    pub fn at<T: Element, S: DataMut<Elem = T>, B: Argument<Elem = T>>(
        &self,
        array: &mut ArrayBase<S, ndarray::Ix1>,
        indices: &[i64],
        b: B,
    ) -> Result<()>
    where
        F: Kernel<(T, T), Out = (T,)>,
    {
        b.check()?;
        let at = array.as_mut_ptr().cast::<u8>();
        let (layout, b_layout) = ((&*array).layout(), b.layout());
        let (a, b) = (layout.output(at), b_layout.input(b.pointer()));
        // SAFETY: an array that is borrowed alone, and a borrowed one or a number.
        unsafe {
            self.known::<(T, T)>().at_raw(a, indices, &[indices.len()], Some(b), self.options)
        }
    }

    /// How to tell what the function met, if anybody asks.
    pub(super) fn rule(&self) -> Rule {
        if is_collected() {
            built_in::<F>().map_or(Rule::Nothing, |f| f.rule)
        } else {
            Rule::Nothing
        }
    }

    /// The function without its types, with the one loop of the kernel for these inputs, and with what is
    /// known of it if it is built in. The loop is the kernel's by its type: what `Function::LOOPS` says is
    /// anybody's to write, and an array of these elements must not be handed to another loop.
    fn known<In: Operands>(&self) -> Untyped<'static>
    where
        F: Kernel<In>,
    {
        let of = built_in::<F>().copied().unwrap_or_else(Untyped::of::<F>);
        Untyped { loops: Only::<F, In>::LOOPS, ..of }
    }
}

/// The one loop of a kernel, as a list.
struct Only<F, In>(PhantomData<(F, In)>);
impl<F: Kernel<In>, In: Operands> Only<F, In> {
    const LOOPS: &'static [&'static Loop] = &[F::LOOP.erase()];
}

/// The function's line in the catalogue, if it has one.
fn built_in<F: Function>() -> Option<&'static Untyped<'static>> {
    crate::catalogue::with_first_loop(F::LOOPS.first()?)
}
