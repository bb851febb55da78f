//! What a typed call takes: arrays of any dimension and storage, and plain numbers.

use std::mem::MaybeUninit;

use lanefn_kernels::{
    lanes::{Dtype, Element},
    loops::{Input, Kernel, MAX_INPUTS, MAX_OUTPUTS, Operands},
};
use ndarray::{Array, ArrayBase, Data, DataMut, DimMax, Dimension, Ix0};
use smallvec::SmallVec;

use super::untyped::{RawInput, RawOutput};
use crate::{
    error::{Error, Result},
    execute::{memory, recycle},
    status::{self, Flags},
};

/// Strides in bytes, and the shapes that go with them, kept for the time of a call.
#[doc(hidden)]
pub struct Layout {
    shape: SmallVec<[usize; 4]>,
    strides: SmallVec<[isize; 4]>,
    dtype: Dtype,
}

impl Layout {
    pub(super) fn of<A: Element, D: Dimension>(dim: &D, strides: &[isize]) -> Layout {
        let size = size_of::<A>() as isize;
        Layout {
            shape: SmallVec::from_slice(dim.slice()),
            // A unit axis may have any stride; nobody walks along it.
            strides: strides.iter().map(|s| s.wrapping_mul(size)).collect(),
            dtype: A::DTYPE,
        }
    }

    /// The same without an axis.
    pub(super) fn without(&self, axis: usize) -> Layout {
        let (mut shape, mut strides) = (self.shape.clone(), self.strides.clone());
        shape.remove(axis);
        strides.remove(axis);
        Layout { shape, strides, dtype: self.dtype }
    }

    /// The same with so many axes of length 1 after its own.
    pub(super) fn before(&self, axes: usize) -> Layout {
        let (mut shape, mut strides) = (self.shape.clone(), self.strides.clone());
        shape.extend(std::iter::repeat_n(1, axes));
        strides.extend(std::iter::repeat_n(0, axes));
        Layout { shape, strides, dtype: self.dtype }
    }
}

/// One input: a reference to an array (or a view), or a number, which is an array without axes.
pub trait Argument {
    /// The element type.
    type Elem: Element;
    /// Its dimension.
    type Dim: Dimension;
    #[doc(hidden)]
    fn pointer(&self) -> *const u8;
    #[doc(hidden)]
    fn layout(&self) -> Layout;
    /// Its shape, when it is contiguous in C order.
    #[doc(hidden)]
    fn plain(&self) -> Option<&[usize]>;
    #[doc(hidden)]
    fn dim(&self) -> Self::Dim;
    /// An error where it is no operand at all.
    #[doc(hidden)]
    #[inline]
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl<S: Data<Elem: Element>, D: Dimension> Argument for &ArrayBase<S, D> {
    type Elem = S::Elem;
    type Dim = D;
    #[inline]
    fn pointer(&self) -> *const u8 {
        self.as_ptr().cast()
    }
    fn layout(&self) -> Layout {
        Layout::of::<S::Elem, D>(&self.raw_dim(), self.strides())
    }
    #[inline]
    fn plain(&self) -> Option<&[usize]> {
        self.is_standard_layout().then(|| self.shape())
    }
    #[inline]
    fn dim(&self) -> D {
        self.raw_dim()
    }
}

macro_rules! numbers {
    ($($t:ident)*) => {$(
        impl Argument for $t {
            type Elem = $t;
            type Dim = Ix0;
            #[inline]
            fn pointer(&self) -> *const u8 { (&raw const *self).cast() }
            fn layout(&self) -> Layout {
                Layout { shape: SmallVec::new(), strides: SmallVec::new(), dtype: $t::DTYPE }
            }
            #[inline]
            fn plain(&self) -> Option<&[usize]> { Some(&[]) }
            #[inline]
            fn dim(&self) -> Ix0 { Ix0() }
        }
    )*};
}
numbers! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

/// A number that has the dtype which the function's loop wants beside the other operands, as Python's
/// numbers have (NEP 50): [`weak`] makes one.
#[derive(Clone, Debug)]
pub struct Weak<T> {
    value: T,
    /// What was written, where `T` does not hold it.
    lost: Option<Box<str>>,
}

/// A literal that may stand for an element of type `T`.
pub trait Literal<T>: std::fmt::Display + Copy {
    /// The element, or none where there is no such one.
    fn element(self) -> Option<T>;
    /// Whether a finite number became an infinite one.
    #[doc(hidden)]
    fn is_too_large(self) -> bool {
        false
    }
}

macro_rules! literals {
    ($($t:ident)*; $($f:ident)*) => {
        $(impl Literal<$t> for i128 {
            fn element(self) -> Option<$t> { $t::try_from(self).ok() }
        })*
        $(impl Literal<$f> for i128 {
            fn element(self) -> Option<$f> { Some(self as $f) }
        }
        impl Literal<$f> for f64 {
            fn element(self) -> Option<$f> { Some(self as $f) }
            fn is_too_large(self) -> bool { self.is_finite() && (self as $f).is_infinite() }
        })*
        $(impl Literal<$t> for bool {
            fn element(self) -> Option<$t> { Some($t::from(self)) }
        })*
        $(impl Literal<$f> for bool {
            fn element(self) -> Option<$f> { Some($f::from(self as u8)) }
        })*
    };
}
literals! { i8 i16 i32 i64 u8 u16 u32 u64; f32 f64 }
impl Literal<bool> for bool {
    fn element(self) -> Option<bool> {
        Some(self)
    }
}

/// A literal as an operand: `1` beside an array of `f32` is the `f32` one, as a number of Python's is (NEP 50).
/// A bare `1.0` is an `f64` to Rust, and the function has no loop for an `f32` and an `f64`.
///
/// ```
/// use lanefn::{math, prelude::*, ufunc::weak};
/// use ndarray::array;
/// let x = array![1.0f32, 2.0];
/// assert_eq!(math::add::ufunc().call((&x, weak(0.5)))?, array![1.5, 2.5]);
/// assert_eq!(math::maximum::ufunc().call((weak(2), &array![1u8, 3]))?, array![2, 3]);
/// let too_large = math::maximum::ufunc().call((weak(300), &array![1u8, 3]));
/// assert_eq!(too_large.unwrap_err().to_string(), "300 is no number of dtype uint8");
/// # Ok::<(), lanefn::Error>(())
/// ```
///
/// An integer that the dtype does not hold makes the call an [`Error::Literal`](crate::Error::Literal). A float
/// is rounded; one that is too large becomes infinite, and is an overflow to who asks for
/// [`status`](crate::status). A float beside integers is refused by the compiler:
///
/// ```compile_fail,E0277
/// # use lanefn::{math, prelude::*, ufunc::weak};
/// # use ndarray::array;
/// math::add::ufunc().call((&array![1i32], weak(0.5)));
/// ```
pub fn weak<T: Element, L: Literal<T>>(literal: L) -> Weak<T> {
    let element = literal.element();
    let lost = element.is_none() || literal.is_too_large();
    Weak { value: element.unwrap_or(T::ZERO), lost: lost.then(|| literal.to_string().into()) }
}

impl<T: Element> Argument for Weak<T> {
    type Elem = T;
    type Dim = Ix0;
    #[inline]
    fn pointer(&self) -> *const u8 {
        (&raw const self.value).cast()
    }
    fn layout(&self) -> Layout {
        Layout { shape: SmallVec::new(), strides: SmallVec::new(), dtype: T::DTYPE }
    }
    #[inline]
    fn plain(&self) -> Option<&[usize]> {
        Some(&[])
    }
    #[inline]
    fn dim(&self) -> Ix0 {
        Ix0()
    }
    fn check(&self) -> Result<()> {
        match &self.lost {
            None => Ok(()),
            Some(_) if matches!(T::DTYPE, Dtype::F32 | Dtype::F64) => {
                status::met(Flags::OVERFLOW);
                Ok(())
            }
            Some(text) => Err(Error::Literal { literal: text.to_string(), dtype: T::DTYPE }),
        }
    }
}

/// The inputs of a call: one argument, or a tuple of 1 to 8.
pub trait Arguments {
    /// Their element types.
    type In: Operands;
    /// The dimension that they broadcast to.
    type Dim: Dimension;
    #[doc(hidden)]
    fn pointers(&self) -> [*const u8; MAX_INPUTS];
    #[doc(hidden)]
    fn layouts(&self) -> SmallVec<[Layout; 8]>;
    /// The one shape that all of them have that are not single numbers, contiguous in C order, if that is so.
    #[doc(hidden)]
    fn plain(&self) -> Option<&[usize]>;
    /// For each, where it is, and whether it has no axes.
    #[doc(hidden)]
    fn inputs(&self) -> [Input; MAX_INPUTS];
    /// The largest number of axes.
    #[doc(hidden)]
    fn ndim(&self) -> usize;
    /// An error where one of them is no operand at all.
    #[doc(hidden)]
    #[inline]
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl<S: Data<Elem: Element>, D: Dimension> Arguments for &ArrayBase<S, D> {
    type In = (S::Elem,);
    type Dim = D;
    #[inline]
    fn pointers(&self) -> [*const u8; MAX_INPUTS] {
        let mut all = [std::ptr::null(); MAX_INPUTS];
        all[0] = self.pointer();
        all
    }
    fn layouts(&self) -> SmallVec<[Layout; 8]> {
        let mut all = SmallVec::new();
        all.push(self.layout());
        all
    }
    #[inline]
    fn plain(&self) -> Option<&[usize]> {
        Argument::plain(self)
    }
    #[inline]
    fn inputs(&self) -> [Input; MAX_INPUTS] {
        let mut all = [Input { at: std::ptr::null(), scalar: true }; MAX_INPUTS];
        all[0] = Input { at: self.pointer(), scalar: self.ndim() == 0 };
        all
    }
    #[inline]
    fn ndim(&self) -> usize {
        self.shape().len()
    }
}

/// `Arguments` for a tuple. The dimension is folded from the left: each step adds the bound that the
/// dimension so far and the next one have a larger of the two.
macro_rules! tuples {
    // All taken: write it out.
    (@fold [$($t:ident $i:tt)*] [$dim:ty] [$($bounds:tt)*]) => {
        impl<$($t: Argument),*> Arguments for ($($t,)*)
        where
            $($bounds)*
        {
            type In = ($($t::Elem,)*);
            type Dim = $dim;
            #[inline]
            fn pointers(&self) -> [*const u8; MAX_INPUTS] {
                let mut all = [std::ptr::null(); MAX_INPUTS];
                $(all[$i] = self.$i.pointer();)*
                all
            }
            fn layouts(&self) -> SmallVec<[Layout; 8]> {
                let mut all = SmallVec::new();
                $(all.push(self.$i.layout());)*
                all
            }
            #[inline]
            fn plain(&self) -> Option<&[usize]> {
                let mut shape: &[usize] = &[];
                $(
                    let own = self.$i.plain()?;
                    if shape.is_empty() {
                        shape = own;
                    } else if !own.is_empty() && own != shape {
                        return None;
                    }
                )*
                Some(shape)
            }
            #[inline]
            fn inputs(&self) -> [Input; MAX_INPUTS] {
                let mut all = [Input { at: std::ptr::null(), scalar: true }; MAX_INPUTS];
                $(all[$i] = Input { at: self.$i.pointer(), scalar: self.$i.dim().ndim() == 0 };)*
                all
            }
            #[inline]
            fn ndim(&self) -> usize {
                let mut most = 0;
                $(most = most.max(self.$i.dim().ndim());)*
                most
            }
            #[inline]
            fn check(&self) -> Result<()> {
                $(self.$i.check()?;)*
                Ok(())
            }
        }
    };
    (@fold $all:tt [$dim:ty] [$($bounds:tt)*] $next:ident $($rest:ident)*) => {
        tuples! {
            @fold $all
            [<$dim as DimMax<$next::Dim>>::Output]
            [$($bounds)* $dim: DimMax<$next::Dim>,]
            $($rest)*
        }
    };
    ($($first:ident $fi:tt $($t:ident $i:tt)*;)*) => {$(
        tuples! { @fold [$first $fi $($t $i)*] [$first::Dim] [] $($t)* }
    )*};
}
tuples! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
    A 0 B 1 C 2 D 3 E 4 F 5;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
}

impl Layout {
    /// An input that lies like this.
    pub(super) fn input(&self, ptr: *const u8) -> RawInput<'_> {
        RawInput { ptr, shape: &self.shape, strides: &self.strides, dtype: self.dtype }
    }
    /// An output that lies like this.
    pub(super) fn output(&self, ptr: *mut u8) -> RawOutput<'_> {
        RawOutput { ptr, shape: &self.shape, strides: &self.strides, dtype: self.dtype }
    }
    /// The shape.
    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// The outputs that a call is given: a reference to an array that can be written, or a tuple of up to 4.
pub trait Outputs {
    /// Their element types.
    type Out: Operands;
    /// Where they are. Ask for this before the layouts: it makes a shared array one of its own, which
    /// may change its strides.
    #[doc(hidden)]
    fn pointers(&mut self) -> [*mut u8; MAX_OUTPUTS];
    #[doc(hidden)]
    fn layouts(&self) -> SmallVec<[Layout; 4]>;
    /// As for [`Arguments`].
    #[doc(hidden)]
    fn plain(&self) -> Option<&[usize]>;
}

impl<S: DataMut<Elem: Element>, D: Dimension> Outputs for &mut ArrayBase<S, D> {
    type Out = (S::Elem,);
    #[inline]
    fn pointers(&mut self) -> [*mut u8; MAX_OUTPUTS] {
        let mut all = [std::ptr::null_mut(); MAX_OUTPUTS];
        all[0] = self.as_mut_ptr().cast();
        all
    }
    fn layouts(&self) -> SmallVec<[Layout; 4]> {
        let mut all = SmallVec::new();
        all.push(Layout::of::<S::Elem, D>(&self.raw_dim(), self.strides()));
        all
    }
    #[inline]
    fn plain(&self) -> Option<&[usize]> {
        self.is_standard_layout().then(|| self.shape())
    }
}

macro_rules! outputs {
    ($($($t:ident $d:ident $i:tt)*;)*) => {$(
        impl<$($t: DataMut<Elem: Element>, $d: Dimension),*> Outputs
            for ($(&mut ArrayBase<$t, $d>,)*)
        {
            type Out = ($($t::Elem,)*);
            #[inline]
            fn pointers(&mut self) -> [*mut u8; MAX_OUTPUTS] {
                let mut all = [std::ptr::null_mut(); MAX_OUTPUTS];
                $(all[$i] = self.$i.as_mut_ptr().cast();)*
                all
            }
            fn layouts(&self) -> SmallVec<[Layout; 4]> {
                let mut all = SmallVec::new();
                $(all.push(Layout::of::<$t::Elem, $d>(&self.$i.raw_dim(), self.$i.strides()));)*
                all
            }
            #[inline]
            fn plain(&self) -> Option<&[usize]> {
                let first = self.0.shape();
                ($(self.$i.is_standard_layout() && self.$i.shape() == first)&&*).then_some(first)
            }
        }
    )*};
}
outputs! {
    A Da 0;
    A Da 0 B Db 1;
    A Da 0 B Db 1 C Dc 2;
    A Da 0 B Db 1 C Dc 2 D Dd 3;
}

/// The arrays that a call makes: one for a function with one output, or a tuple.
pub trait Results: Operands {
    /// Arrays of dimension `D`.
    type Arrays<D: Dimension>;
    /// Makes the arrays; `write` fills every element of each, or gives an error.
    ///
    /// # Safety
    /// `write` does so.
    #[doc(hidden)]
    unsafe fn make<D: Dimension>(
        shape: D,
        axes: Option<&[usize]>,
        write: impl FnOnce(&[*mut u8; MAX_OUTPUTS], &dyn Fn() -> SmallVec<[Layout; 4]>) -> Result<()>,
    ) -> Result<Self::Arrays<D>>;
}

/// A fresh array whose axes lie in memory in the order of `axes`, outermost first (as they come if
/// there is none), not yet filled.
pub(super) fn fresh<A: Element, D: Dimension>(
    shape: &D,
    axes: Option<&[usize]>,
) -> Result<Array<MaybeUninit<A>, D>> {
    let too_large = |why: &str| Error::TooLarge {
        shape: shape.slice().to_vec(),
        dtype: A::DTYPE,
        why: why.into(),
    };
    // What `ndarray` can index: the product of the lengths that are not 0, in bytes, fits isize.
    let bytes = shape
        .slice()
        .iter()
        .filter(|&&n| n != 0)
        .try_fold(size_of::<A>(), |all, &n| all.checked_mul(n))
        .filter(|&b| b <= isize::MAX as usize)
        .ok_or_else(|| too_large("it has more bytes than there are addresses"))?;
    let n = shape.size();
    let mut memory: Vec<MaybeUninit<A>> = Vec::new();
    memory.try_reserve_exact(n).map_err(|_| too_large("the system has not that much memory"))?;
    if n != 0 && !recycle::was_mapped(memory.as_ptr().cast()) {
        memory::advise_huge(memory.as_mut_ptr().cast(), bytes);
    }
    // SAFETY: there is room for `n` elements, and any memory is a `MaybeUninit`.
    unsafe { memory.set_len(n) };
    let array = |lying: D| {
        Array::from_shape_vec(lying, memory)
            .map_err(|e| too_large(&format!("ndarray refuses it: {e}")))
    };
    let Some(axes) = axes else { return array(shape.clone()) };
    let mut lying = shape.clone();
    let mut back = shape.clone();
    for (place, &axis) in axes.iter().enumerate() {
        lying[place] = shape[axis];
        back[axis] = place;
    }
    Ok(array(lying)?.permuted_axes(back))
}

macro_rules! results {
    ($($($t:ident $v:ident)*;)*) => {$(
        impl<$($t: Element),*> Results for ($($t,)*) {
            type Arrays<Dim: Dimension> = results!(@type Dim $($t)*);
            unsafe fn make<Dim: Dimension>(
                shape: Dim,
                axes: Option<&[usize]>,
                write: impl FnOnce(&[*mut u8; MAX_OUTPUTS], &dyn Fn() -> SmallVec<[Layout; 4]>) -> Result<()>,
            ) -> Result<Self::Arrays<Dim>> {
                $(let mut $v = fresh::<$t, Dim>(&shape, axes)?;)*
                let mut to = [std::ptr::null_mut(); MAX_OUTPUTS];
                for (to, at) in to.iter_mut().zip([$($v.as_mut_ptr().cast()),*]) {
                    *to = at;
                }
                write(&to, &|| {
                    let mut layouts = SmallVec::new();
                    $(layouts.push(Layout::of::<$t, Dim>(&$v.raw_dim(), $v.strides()));)*
                    layouts
                })?;
                // SAFETY: `write` has filled every element of each array, or we are not here.
                $(let $v = unsafe { $v.assume_init() };)*
                Ok(results!(@value $($v)*))
            }
        }
    )*};
    (@type $d:ident $a:ident) => { Array<$a, $d> };
    (@type $d:ident $($a:ident)*) => { ($(Array<$a, $d>,)*) };
    (@value $v:ident) => { $v };
    (@value $($v:ident)*) => { ($($v,)*) };
}
results! {
    A a;
    A a B b;
    A a B b C c;
    A a B b C c D d;
}

/// The further inputs of an in-place call, behind the array that is read and written: nothing, or a
/// tuple of up to 7.
pub trait InPlace<T: Element> {
    /// The element types of all inputs, that of the array first.
    type In: Operands;
    #[doc(hidden)]
    fn pointers(&self) -> [*const u8; MAX_INPUTS];
    #[doc(hidden)]
    fn layouts(&self) -> SmallVec<[Layout; 8]>;
    #[doc(hidden)]
    fn check(&self) -> Result<()>;
}

macro_rules! in_place {
    ($($($t:ident $i:tt)*;)*) => {$(
        impl<T: Element, $($t: Argument),*> InPlace<T> for ($($t,)*) {
            type In = (T, $($t::Elem,)*);
            fn pointers(&self) -> [*const u8; MAX_INPUTS] {
                #[allow(unused_mut)]
                let mut all = [std::ptr::null(); MAX_INPUTS];
                $(all[$i] = self.$i.pointer();)*
                all
            }
            fn layouts(&self) -> SmallVec<[Layout; 8]> {
                #[allow(unused_mut)]
                let mut all = SmallVec::new();
                $(all.push(self.$i.layout());)*
                all
            }
            fn check(&self) -> Result<()> {
                $(self.$i.check()?;)*
                Ok(())
            }
        }
    )*};
}
in_place! {
    ;
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
    A 0 B 1 C 2 D 3 E 4 F 5;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6;
}

/// The outputs of the kernel of `F` for inputs `In`.
pub(super) type OutOf<F, In> = <F as Kernel<In>>::Out;

/// What a call with the outputs `Out` in the dimension `D` returns.
pub type ArraysOf<Out, D> = <Out as Results>::Arrays<D>;
