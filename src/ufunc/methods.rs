//! The methods of a ufunc on raw operands: reduce, accumulate, reduceat, outer, at.

use std::mem::MaybeUninit;

use lanefn_kernels::{
    cast::cast,
    lanes::Dtype,
    level::Level,
    loops::{Input, Loop, MAX_INPUTS},
};
use smallvec::SmallVec;

use super::{
    Order, RawInput, RawOutput, Scalar, Untyped,
    typed::SMALL,
    untyped::{Copy, broadcast_all, check_level, fits, overlap, signature},
};
use crate::{
    dtype::{Type, can_cast},
    error::{Error, Result},
    execute::{
        Code, Options, check_threads,
        floats::IeeeDefault,
        interrupt::{Watch, watched},
        mapped::Mapped,
        memory::{ask_for_lines, copy_row},
        reduce::{Kept, Ranges, Reduce, Reduced},
    },
    status::{Part, Status, cast_looked, is_collected, loses},
};

/// What a reduction begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Initial {
    /// The identity where there are no elements; nothing otherwise.
    #[default]
    Identity,
    /// Nothing: a reduction of no elements is an error.
    Nothing,
    /// This value, with which the result is joined.
    Value(Scalar),
}

/// How to reduce.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reducing<'a> {
    /// The axes to reduce, counted from the first one, or from the last one if negative; all if not given.
    pub axes: Option<&'a [isize]>,
    /// Whether reduced axes stay, with length 1.
    pub keepdims: bool,
    /// What to begin with.
    pub initial: Initial,
    /// Bools that broadcast to the input: what is false there is left out.
    pub mask: Option<RawInput<'a>>,
    /// The dtype to reduce in.
    pub dtype: Option<Dtype>,
}

/// The axis, counted from the first one.
fn axis(axis: isize, ndim: usize) -> Result<usize> {
    let counted = if axis < 0 { axis + ndim as isize } else { axis };
    match usize::try_from(counted) {
        Ok(a) if a < ndim => Ok(a),
        _ => Err(Error::Axis { axis, ndim }),
    }
}

impl Reducing<'_> {
    /// For each axis of an array, whether it is reduced.
    fn reduced(&self, ndim: usize) -> Result<SmallVec<[bool; 8]>> {
        let mut reduced: SmallVec<[bool; 8]> = SmallVec::from_elem(self.axes.is_none(), ndim);
        for &a in self.axes.unwrap_or_default() {
            let a = axis(a, ndim)?;
            if std::mem::replace(&mut reduced[a], true) {
                return Err(Error::AxisTwice { axis: a });
            }
        }
        Ok(reduced)
    }

    /// The shape of what comes out.
    ///
    /// # Errors
    /// [`Error::Axis`], [`Error::AxisTwice`].
    pub fn shape(&self, shape: &[usize]) -> Result<Vec<usize>> {
        let reduced = self.reduced(shape.len())?;
        Ok(std::iter::zip(shape, reduced)
            .filter(|(_, r)| !r || self.keepdims)
            .map(|(&n, r)| if r { 1 } else { n })
            .collect())
    }
}

impl Untyped<'_> {
    fn binary(&self, method: &'static str) -> Result<()> {
        if self.nin() == 2 && self.nout() == 1 {
            return Ok(());
        }
        Err(Error::NotBinary {
            method,
            function: self.name.into(),
            nin: self.nin(),
            nout: self.nout(),
        })
    }

    /// What a reduction of no elements gives in a dtype, if that is anything.
    ///
    /// ```
    /// use lanefn::{Scalar, dtype::Dtype};
    /// let identity = |name| lanefn::find(name).unwrap().identity(Dtype::I32);
    /// assert_eq!(identity("multiply"), Some(Scalar::of(1i32)));
    /// assert_eq!(identity("maximum"), None);
    /// ```
    pub fn identity(&self, dtype: Dtype) -> Option<Scalar> {
        self.reduction.identity.map(|i| i.value(dtype))
    }

    /// What computes `(T, T) -> T`, in which elements of a dtype are reduced or accumulated; `T` is the
    /// dtype of the result. Bools and small integers are summed and multiplied in 64 bits, as in NumPy.
    ///
    /// # Errors
    /// [`Error::NotBinary`], [`Error::NoLoop`], [`Error::NotEndo`].
    pub fn fold_loop(
        &self,
        method: &'static str,
        of: Dtype,
        dtype: Option<Dtype>,
        options: Options,
    ) -> Result<Code> {
        self.binary(method)?;
        let in_dtype = dtype.unwrap_or(self.reduction.dtype(of));
        let fixed = [Some(in_dtype), Some(in_dtype), dtype.map(|_| in_dtype)];
        let fixed = if dtype.is_some() { &fixed[..] } else { &[] };
        let found = self.resolve(&[Type::Is(in_dtype); 2], fixed, options.casting)?;
        if !found.folds() {
            let signature = signature(found.inputs(), found.outputs());
            return Err(Error::NotEndo { function: self.name.into(), signature });
        }
        if dtype.is_some() && !self.reduction.truths && !can_cast(of, in_dtype, options.casting) {
            return Err(Error::Casting {
                function: self.name.into(),
                operand: "the input".into(),
                from: of.to_string(),
                to: in_dtype,
                casting: options.casting,
            });
        }
        Ok(found)
    }

    /// What all methods along axes have in common: everything but axes, output and mask.
    fn along(
        &self,
        method: &'static str,
        input: &RawInput,
        output: &RawOutput,
        dtype: Option<Dtype>,
        options: Options,
    ) -> Result<Reduce> {
        let of = self.fold_loop(method, input.dtype, dtype, options)?;
        let t = of.outputs()[0];
        self.check_outputs(&of, std::iter::once(output.dtype), options.casting)?;
        let level = check_level(options.level)?;
        if let Some(threads) = options.threads {
            check_threads(threads)?;
        }
        check_strides("the input", input.shape, input.strides)?;
        check_strides("output 0", output.shape, output.strides)?;
        // An array without elements may have any strides; NumPy gives it zeros.
        let empty = output.shape.contains(&0);
        let repeats = |&a: &usize| !empty && output.shape[a] > 1 && output.strides[a] == 0;
        if let Some(axis) = (0..output.shape.len()).find(repeats) {
            return Err(Error::OutputRepeats { output: 0, axis, shape: output.shape.to_vec() });
        }
        let tree = self.reduction.trees.iter().find(|tree| tree.dtype() == t);
        Ok(Reduce {
            of,
            order: self.reduction.order(t),
            run: tree.map(|tree| tree.run(level)),
            rows: tree.map(|tree| tree.rows(level)),
            level,
            from: [input.ptr, std::ptr::null()],
            size: input.dtype.size(),
            cast: (input.dtype != t).then(|| cast(input.dtype, t)),
            settles: self.reduction.settles.filter(|_| t == Dtype::Bool),
            neutral: None,
            reduced: SmallVec::new(),
            kept: SmallVec::new(),
            initial: None,
            to: output.ptr,
            out_cast: (output.dtype != t).then(|| cast(t, output.dtype)),
            out_size: output.dtype.size(),
            ranges: Ranges::All,
            rule: self.rule,
            status: None,
            watch: None,
            mapped: None,
        })
    }

    /// Reduces axes of an array. Sums and products of floats are joined in the order of
    /// [`lanefn_kernels::fold`]'s trees, which the number of elements decides; functions of which nothing
    /// is known go from the first element to the last.
    ///
    /// The output has the shape of [`Reducing::shape`]. It may overlap the input.
    ///
    /// # Errors
    /// Axes, shapes, dtypes and casts that don't fit; no elements and no identity; a mask without initial
    /// value for a function without an identity; several axes for a function that depends on the order.
    /// Nothing has been written then.
    ///
    /// # Safety
    /// As for [`Untyped::call_raw`].
    pub unsafe fn reduce_raw(
        &self,
        input: RawInput,
        output: RawOutput,
        how: &Reducing,
        options: Options,
    ) -> Result<()> {
        // SAFETY: the caller's promise.
        if unsafe { self.reduce_short(&input, &output, how, options) }? {
            return Ok(());
        }
        let mut reduce = self.along("reduce", &input, &output, how.dtype, options)?;
        let reduced = how.reduced(input.shape.len())?;
        let needed = how.shape(input.shape)?;
        if output.shape != needed {
            return Err(Error::OutputShape { output: 0, shape: output.shape.to_vec(), needed });
        }
        if reduce.order == Order::Sequence && reduced.iter().filter(|r| **r).count() > 1 {
            let axes = (0..reduced.len()).filter(|&a| reduced[a]).collect();
            return Err(Error::NotReorderable { function: self.name.into(), axes });
        }
        if let Some(mask) = &how.mask {
            if mask.dtype != Dtype::Bool {
                return Err(Error::MaskDtype { got: mask.dtype });
            }
            check_strides("the mask", mask.shape, mask.strides)?;
            if !fits(mask.shape, input.shape) {
                let (shape, needed) = (mask.shape.to_vec(), input.shape.to_vec());
                return Err(Error::MaskShape { shape, needed });
            }
        }
        let t = reduce.of.outputs()[0];
        let identity = self.reduction.identity.map(|i| i.value(t));
        let empty = (0..reduced.len()).find(|&a| reduced[a] && input.shape[a] == 0);
        reduce.initial = match how.initial {
            Initial::Value(value) => Some(value.cast(t)),
            Initial::Identity if empty.is_some() || how.mask.is_some() => identity,
            _ => None,
        };
        // What is an error does not depend on whether the other axes leave anything to be written.
        if let (Some(axis), None) = (empty, reduce.initial) {
            let shape = input.shape.to_vec();
            return Err(Error::NoIdentity { function: self.name.into(), axis, shape });
        }
        if how.mask.is_some() {
            if reduce.initial.is_none() {
                return Err(Error::MaskNeedsInitial { function: self.name.into() });
            }
            reduce.neutral = self.reduction.neutral.map(|n| n.value(t));
            if reduce.neutral.is_none() {
                reduce.order = Order::Sequence;
                if reduced.iter().filter(|r| **r).count() > 1 {
                    let axes = (0..reduced.len()).filter(|&a| reduced[a]).collect();
                    return Err(Error::NotReorderable { function: self.name.into(), axes });
                }
            }
        }
        if needed.contains(&0) {
            return Ok(());
        }

        // Inputs that overlap the output are copied first.
        let mut copies: SmallVec<[Copy; 2]> = SmallVec::new();
        // SAFETY: the caller's promise.
        let input = unsafe { copies_of(&input, &output, &mut copies) }?;
        // SAFETY: as above.
        let mask = how.mask.as_ref().map(|m| unsafe { copies_of(m, &output, &mut copies) });
        let mask = mask.transpose()?;
        reduce.from = [input.at, mask.as_ref().map_or(std::ptr::null(), |m| m.at)];
        let mut out_axis = 0;
        for (a, &n) in input.shape.iter().enumerate() {
            let stride = if n == 1 { 0 } else { input.strides[a] };
            let mask = mask.as_ref().map_or(0, |m| m.stride(a, input.shape.len()));
            if reduced[a] {
                reduce.reduced.push((n, [stride, mask]) as Reduced);
                out_axis += how.keepdims as usize;
            } else {
                let to = output.strides[out_axis];
                reduce.kept.push((n, [stride, mask, to]) as Kept);
                out_axis += 1;
            }
        }
        // SAFETY: the caller's promise; overlaps are copied away.
        unsafe { reduce.run(options.threads) }
    }

    /// The plainest reduction, of a short contiguous run whose dtype has a loop for that, at once; whether it
    /// was one.
    ///
    /// # Safety
    /// As for [`Untyped::reduce_raw`].
    unsafe fn reduce_short(
        &self,
        input: &RawInput,
        output: &RawOutput,
        how: &Reducing,
        options: Options,
    ) -> Result<bool> {
        let ([n @ 1..=SMALL], [step]) = (input.shape, input.strides) else { return Ok(false) };
        let t = input.dtype;
        let Some(tree) = self.reduction.trees.iter().find(|tree| tree.dtype() == t) else {
            return Ok(false);
        };
        let plain = *step == t.size() as isize
            && output.dtype == t
            && how.dtype.is_none_or(|d| d == t)
            && matches!(how.axes, None | Some([0 | -1]))
            && (output.shape.is_empty() && !how.keepdims)
            && how.initial == Initial::Identity
            && how.mask.is_none()
            && options.plain()
            && !is_collected();
        if plain {
            let _floats = IeeeDefault::enter();
            // SAFETY: the caller's promise; everything is read before the one element is written.
            unsafe { tree.run(Level::chosen()?)(input.ptr, *n, output.ptr) };
        }
        Ok(plain)
    }

    /// The level for a method along the one axis of short arrays, if nothing has to be cast, copied or told.
    fn short(
        &self,
        input: &RawInput,
        along: isize,
        output: &RawOutput,
        dtype: Option<Dtype>,
        options: Options,
    ) -> Option<Level> {
        let t = input.dtype;
        let ([1..=SMALL], [_], [1..=SMALL], [step]) =
            (input.shape, input.strides, output.shape, output.strides)
        else {
            return None;
        };
        let plain = matches!(along, 0 | -1)
            && *step != 0
            && output.dtype == t
            && self.reduction.dtype(t) == t
            && dtype.is_none_or(|d| d == t)
            && options.plain()
            && !is_collected()
            && !overlap(input, output);
        if plain { Level::chosen().ok() } else { None }
    }

    /// The plainest accumulation, at once; whether it was one.
    ///
    /// # Safety
    /// As for [`Untyped::accumulate_raw`].
    unsafe fn accumulate_short(
        &self,
        input: &RawInput,
        along: isize,
        output: &RawOutput,
        dtype: Option<Dtype>,
        options: Options,
    ) -> bool {
        let t = input.dtype;
        if output.shape == input.shape
            && let Some(level) = self.short(input, along, output, dtype, options)
            && let Ok(Code::Loop(of)) = self.resolve(&[Type::Is(t); 2], &[], options.casting)
            && (of.inputs, of.outputs) == (&[t; 2], &[t])
            && let Some(fold) = of.fold()
        {
            let (x, to) = (input.ptr, output.ptr);
            let (x_step, step) = (input.strides[0], output.strides[0]);
            let mut acc = [0u8; Dtype::MAX_SIZE];
            let _floats = IeeeDefault::enter();
            // SAFETY: the caller's promise; as many elements, which are apart.
            unsafe {
                std::ptr::copy_nonoverlapping(x, acc.as_mut_ptr(), t.size());
                std::ptr::copy_nonoverlapping(x, to, t.size());
                let (x, to) = (x.wrapping_offset(x_step), to.wrapping_offset(step));
                let n = input.shape[0] - 1;
                fold.scan(level)(acc.as_mut_ptr(), x, x_step, to, step, n);
            }
            return true;
        }
        false
    }

    /// The plainest reductions of slices, of a contiguous run whose dtype has a loop for that, at once;
    /// whether they were.
    ///
    /// # Safety
    /// As for [`Untyped::reduceat_raw`].
    unsafe fn reduceat_short(
        &self,
        input: &RawInput,
        indices: &[i64],
        along: isize,
        output: &RawOutput,
        dtype: Option<Dtype>,
        options: Options,
    ) -> bool {
        let (t, length) = (input.dtype, input.shape.first().copied().unwrap_or(0));
        if let Some(tree) = self.reduction.trees.iter().find(|tree| tree.dtype() == t)
            && let Some(level) = self.short(input, along, output, dtype, options)
            && input.strides[0] == t.size() as isize
            && output.shape[0] == indices.len()
            && indices.len() * length <= 64 * SMALL
            && indices.iter().all(|&i| usize::try_from(i).is_ok_and(|i| i < length))
        {
            let run = tree.run(level);
            let _floats = IeeeDefault::enter();
            for (k, &first) in indices.iter().enumerate() {
                let end = indices.get(k + 1).map_or(length, |&e| e as usize);
                let n = end.saturating_sub(first as usize).max(1);
                let x = input.ptr.wrapping_add(first as usize * t.size());
                let to = output.ptr.wrapping_offset(output.strides[0].wrapping_mul(k as isize));
                // SAFETY: the caller's promise; elements of the input, and one of the output.
                unsafe { run(x, n, to) };
            }
            return true;
        }
        false
    }

    /// Reduces what another function gives for every element of some inputs, which broadcast together, to
    /// one number: with the bits that reducing the array of them would have, and without making that
    /// array. The output has no axes.
    ///
    /// ```
    /// use lanefn::{Options, RawInput, RawOutput, dtype::Dtype};
    /// let (x, mut sum) = ([1.0f64, 2.0, 3.0], 0.0f64);
    /// let x = RawInput {
    ///     ptr: x.as_ptr().cast(), shape: &[3], strides: &[8], dtype: Dtype::F64,
    /// };
    /// let to = RawOutput {
    ///     ptr: (&raw mut sum).cast(), shape: &[], strides: &[], dtype: Dtype::F64,
    /// };
    /// let (add, square) = (lanefn::find("add").unwrap(), lanefn::find("square").unwrap());
    /// // SAFETY: a row of three numbers, and one to write.
    /// unsafe { add.reduce_mapped_raw(square, &[x], to, None, Options::default()) }?;
    /// assert_eq!(sum, 14.0);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// Of either function, as for [`Untyped::call_raw`] and [`Untyped::reduce_raw`].
    ///
    /// # Safety
    /// As for [`Untyped::call_raw`].
    pub unsafe fn reduce_mapped_raw(
        &self,
        map: &Untyped,
        inputs: &[RawInput],
        output: RawOutput,
        dtype: Option<Dtype>,
        options: Options,
    ) -> Result<()> {
        let types: SmallVec<[Type; MAX_INPUTS]> =
            inputs.iter().map(|i| Type::Is(i.dtype)).collect();
        let code = map.resolve(&types, &[], options.casting)?;
        if code.outputs().len() != 1 {
            return Err(map.arity(inputs.len(), 1));
        }
        for (i, input) in inputs.iter().enumerate() {
            check_strides(&format!("input {i}"), input.shape, input.strides)?;
        }
        let shape = broadcast_all(inputs.iter().map(|i| i.shape))?;
        let of = code.outputs()[0];
        let count = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        let Some(n) = count.filter(|n| n.checked_mul(of.size()).is_some()) else {
            let why = "its elements are more than can be counted".into();
            return Err(Error::TooLarge { shape: shape.to_vec(), dtype: of, why });
        };
        // As if the items stood in a row; nobody looks for them there.
        let (row, step) = ([n], [of.size() as isize]);
        let items = RawInput { ptr: std::ptr::null(), shape: &row, strides: &step, dtype: of };
        let mut reduce = self.along("reduce", &items, &output, dtype, options)?;
        if !output.shape.is_empty() {
            let (shape, needed) = (output.shape.to_vec(), Vec::new());
            return Err(Error::OutputShape { output: 0, shape, needed });
        }
        if n == 0 {
            let t = reduce.of.outputs()[0];
            reduce.initial = self.reduction.identity.map(|i| i.value(t));
            if reduce.initial.is_none() {
                let (function, shape) = (self.name.into(), shape.to_vec());
                return Err(Error::NoIdentity { function, axis: 0, shape });
            }
        }
        // No stride, so that nothing takes the items to lie somewhere.
        reduce.reduced.push((n, [0, 0]));
        reduce.kept.push((1, [0; 3]));
        reduce.mapped = Some(Mapped::new(code, reduce.level, &shape, inputs));
        // SAFETY: the caller's promise; the output is written when all inputs have been read.
        unsafe { reduce.run(options.threads) }
    }

    /// Every result on the way along an axis: the first element, it and the second one joined, and so on.
    /// The output has the input's shape, and may overlap it.
    ///
    /// # Errors
    /// As for [`Untyped::reduce_raw`].
    ///
    /// # Safety
    /// As for [`Untyped::call_raw`].
    pub unsafe fn accumulate_raw(
        &self,
        input: RawInput,
        along: isize,
        output: RawOutput,
        dtype: Option<Dtype>,
        options: Options,
    ) -> Result<()> {
        // SAFETY: the caller's promise.
        if unsafe { self.accumulate_short(&input, along, &output, dtype, options) } {
            return Ok(());
        }
        let reduce = self.along("accumulate", &input, &output, dtype, options)?;
        let along = axis(along, input.shape.len())?;
        if output.shape != input.shape {
            let (shape, needed) = (output.shape.to_vec(), input.shape.to_vec());
            return Err(Error::OutputShape { output: 0, shape, needed });
        }
        // SAFETY: the caller's promise.
        unsafe {
            one_axis(
                reduce,
                &input,
                along,
                &output,
                Ranges::Running(output.strides[along]),
                options,
            )
        }
    }

    /// The reductions of slices along an axis: slice `k` begins at index `k` and ends before the next
    /// one; where the next is not above it, it is that element alone. The output has as many along
    /// the axis as there are indices, and may overlap the input.
    ///
    /// # Errors
    /// As for [`Untyped::reduce_raw`]; [`Error::Index`].
    ///
    /// # Safety
    /// As for [`Untyped::call_raw`].
    pub unsafe fn reduceat_raw(
        &self,
        input: RawInput,
        indices: &[i64],
        along: isize,
        output: RawOutput,
        dtype: Option<Dtype>,
        options: Options,
    ) -> Result<()> {
        // SAFETY: the caller's promise.
        if unsafe { self.reduceat_short(&input, indices, along, &output, dtype, options) } {
            return Ok(());
        }
        let reduce = self.along("reduceat", &input, &output, dtype, options)?;
        let along = axis(along, input.shape.len())?;
        let mut needed = input.shape.to_vec();
        needed[along] = indices.len();
        if output.shape != needed {
            return Err(Error::OutputShape { output: 0, shape: output.shape.to_vec(), needed });
        }
        let length = input.shape[along];
        let mut starts = Vec::with_capacity(indices.len());
        for &index in indices {
            match usize::try_from(index) {
                Ok(i) if i < length => starts.push(i),
                _ => return Err(Error::Index { index, axis: along, length }),
            }
        }
        let ranges = Ranges::Between(starts, output.strides[along]);
        // SAFETY: the caller's promise.
        unsafe { one_axis(reduce, &input, along, &output, ranges, options) }
    }

    /// The shape of [`Untyped::outer_raw`]: that of the first input, then that of the second.
    pub fn outer_shape(a: &[usize], b: &[usize]) -> Vec<usize> {
        [a, b].concat()
    }

    /// The function of every element of one array with every element of another.
    ///
    /// # Errors
    /// [`Error::NotBinary`] for functions of another number of inputs; as for [`Untyped::call_raw`].
    ///
    /// # Safety
    /// As for [`Untyped::call_raw`].
    pub unsafe fn outer_raw(
        &self,
        a: RawInput,
        b: RawInput,
        mask: Option<RawInput>,
        outputs: &[RawOutput],
        options: Options,
    ) -> Result<()> {
        if self.nin() != 2 {
            let (nin, nout) = (self.nin(), self.nout());
            return Err(Error::NotBinary {
                method: "outer",
                function: self.name.into(),
                nin,
                nout,
            });
        }
        // SAFETY: the caller's promise.
        if mask.is_none() && unsafe { self.outer_short(&a, &b, outputs, options) } {
            return Ok(());
        }
        let ones = b.shape.len();
        let shape: SmallVec<[usize; 8]> =
            a.shape.iter().copied().chain(std::iter::repeat_n(1, ones)).collect();
        let strides: SmallVec<[isize; 8]> =
            a.strides.iter().copied().chain(std::iter::repeat_n(0, ones)).collect();
        let a = RawInput { shape: &shape, strides: &strides, ..a };
        // SAFETY: the caller's promise; unit axes reach nothing new.
        unsafe { self.call_raw(&[a, b], mask, outputs, options) }
    }

    /// The plainest of these, row by row, at once; whether it was one.
    ///
    /// # Safety
    /// As for [`Untyped::outer_raw`].
    unsafe fn outer_short(
        &self,
        a: &RawInput,
        b: &RawInput,
        outputs: &[RawOutput],
        options: Options,
    ) -> bool {
        let (&[n], &[a_step], &[m], &[b_step], [to]) =
            (a.shape, a.strides, b.shape, b.strides, outputs)
        else {
            return false;
        };
        let (size, dtypes) = (to.dtype.size(), [a.dtype, b.dtype]);
        if (1..=SMALL).contains(&n.saturating_mul(m))
            && to.shape == [n, m]
            && matches!(*to.strides, [down, along] if along == size as isize && down >= (m * size) as isize)
            && b_step == b.dtype.size() as isize
            && options.plain()
            && !is_collected()
            && let Ok(Code::Loop(of)) = self.resolve(&dtypes.map(Type::Is), &[], options.casting)
            && (of.inputs, of.outputs) == (&dtypes, &[to.dtype])
            && of.cost < 64
            && !overlap(a, to)
            && !overlap(b, to)
            && let Ok(level) = Level::chosen()
        {
            let inner = of.inner(level);
            let _floats = IeeeDefault::enter();
            for i in 0..n as isize {
                let inputs = [
                    Input { at: a.ptr.wrapping_offset(a_step.wrapping_mul(i)), scalar: true },
                    Input { at: b.ptr, scalar: false },
                ];
                let row = to.ptr.wrapping_offset(to.strides[0].wrapping_mul(i));
                // SAFETY: the caller's promise: an element, a row and a row of the output, which is apart.
                unsafe { inner(&inputs, &[row], m) };
            }
            return true;
        }
        false
    }

    /// `a[index] = f(a[index])`, or `f(a[index], b)`, one index after the other: an element that is named
    /// twice is changed twice. Indices count the elements of `a` in C order; negative ones from the end.
    /// `b` broadcasts to the indices' shape.
    ///
    /// # Errors
    /// [`Error::Index`]; dtypes and casts that don't fit: what the function gives must be cast back to
    /// the dtype of `a`. Nothing has been written then.
    ///
    /// # Safety
    /// As for [`Untyped::call_raw`].
    pub unsafe fn at_raw(
        &self,
        a: RawOutput,
        indices: &[i64],
        index_shape: &[usize],
        b: Option<RawInput>,
        options: Options,
    ) -> Result<()> {
        // SAFETY: the caller's promise.
        if b.is_some_and(|b| unsafe { self.at_short(&a, indices, index_shape, &b, options) }) {
            return Ok(());
        }
        let binary = b.is_some();
        if self.nout() != 1 || self.nin() != 1 + binary as usize {
            return Err(self.arity(1 + binary as usize, 1));
        }
        let types: SmallVec<[Type; 2]> =
            std::iter::once(a.dtype).chain(b.map(|b| b.dtype)).map(Type::Is).collect();
        let of = self.resolve(&types, &[], options.casting)?;
        self.check_outputs(&of, std::iter::once(a.dtype), options.casting)?;
        let level = check_level(options.level)?;
        let length: usize = a.shape.iter().product();
        check_strides("the first operand", a.shape, a.strides)?;
        if let Some(b) = &b {
            check_strides("the second operand", b.shape, b.strides)?;
        }
        if indices.len() != index_shape.iter().product::<usize>() {
            let (shape, needed) = (index_shape.to_vec(), vec![indices.len()]);
            return Err(Error::OutputShape { output: 0, shape, needed });
        }
        if let Some(index) = outside(indices, length) {
            return Err(Error::Index { index, axis: 0, length });
        }
        let offset = |index: i64| {
            let mut i = (if index < 0 { index + length as i64 } else { index }) as usize;
            if let [stride] = a.strides {
                return stride.wrapping_mul(i as isize);
            }
            let mut offset = 0isize;
            for (&n, &stride) in a.shape.iter().zip(a.strides).rev() {
                offset = offset.wrapping_add(stride.wrapping_mul((i % n) as isize));
                i /= n;
            }
            offset
        };
        if let Some(b) = &b
            && !fits(b.shape, index_shape)
        {
            // As for a call whose output has the indices' shape.
            let (shape, needed) = (index_shape.to_vec(), b.shape.to_vec());
            return Err(Error::OutputShape { output: 0, shape, needed });
        }
        let (to_loop, back) = (cast(a.dtype, of.inputs()[0]), cast(of.outputs()[0], a.dtype));
        let b_to_loop =
            b.filter(|b| b.dtype != of.inputs()[1]).map(|b| cast(b.dtype, of.inputs()[1]));
        let casts = loses(to_loop) || loses(back) || b_to_loop.is_some_and(loses);
        let status = Status::begin(self.rule, &of, casts);
        let mut copies: SmallVec<[Copy; 2]> = SmallVec::new();
        let second = match &b {
            Some(b) => Some(Second {
                // SAFETY: the caller's promise.
                of: unsafe { copies_of(b, &a, &mut copies) }?,
                shape: index_shape,
                size: b.dtype.size(),
                cast: b_to_loop,
                status: status.as_ref(),
                level,
            }),
            None => None,
        };
        // Not filled: most operands lie ready, and few indices should not wait for it.
        let mut buffers = [const { MaybeUninit::<[u64; ASKED * Dtype::MAX_WORDS]>::uninit() }; 2];
        let [gathered, made] = &mut buffers;
        let buffers = [gathered.as_mut_ptr().cast::<u8>(), made.as_mut_ptr().cast::<u8>()];
        // Those of some indices, and how far they are apart.
        let second = |first: usize, n: usize| match &second {
            // SAFETY: the caller's promise; at most `ASKED` elements of any dtype.
            Some(second) => unsafe { second.piece(first, n, buffers) },
            None => (std::ptr::null(), 0),
        };
        let _floats = IeeeDefault::enter();
        let part = status.as_ref().and_then(Status::part);
        let long = indices.len() > MANY || of.has_loops();
        let watch = if long { Watch::begin() } else { None };
        let goes_on = || watch.as_ref().is_none_or(Watch::go_on);
        let end = |part: Option<Part>| {
            drop(part);
            if let Some(status) = &status {
                status.end();
            }
            watch.as_ref().map_or(Ok(()), Watch::end)
        };
        let looks = status.as_ref().filter(|s| s.needs_inputs());
        if let Code::Loop(of) = of
            && let Some(fold) = of.fold()
            && a.dtype == of.inputs[0]
            && binary
            && looks.is_none()
        {
            let indexed = fold.indexed(level);
            let mut offsets = [0isize; ASKED];
            // The lines that a block changes come side by side, where each change would wait for its own.
            let far = length.saturating_mul(a.dtype.size()) > NEAR;
            for (k, block) in indices.chunks(ASKED).enumerate() {
                if !goes_on() {
                    break;
                }
                for (to, &index) in offsets.iter_mut().zip(block) {
                    *to = offset(index);
                    if far {
                        ask_for_lines(a.ptr.wrapping_offset(*to), 1);
                    }
                }
                let (y, step) = second(k * ASKED, block.len());
                // SAFETY: offsets of elements of `a`, and as many second operands, which lie apart.
                unsafe { indexed(a.ptr, offsets.as_ptr(), y, step, block.len()) };
            }
            return end(part);
        }
        let inner = of.inner(level);
        let each = |index: i64, y: *const u8| {
            let (mut x, mut made) = ([0u64; Dtype::MAX_WORDS], [0u64; Dtype::MAX_WORDS]);
            let (x, made) = (x.as_mut_ptr().cast::<u8>(), made.as_mut_ptr().cast::<u8>());
            let at = a.ptr.wrapping_offset(offset(index));
            let one = |at: *const u8| Input { at, scalar: false };
            // SAFETY: one element each: of `a`, of the second operand, and of ours.
            unsafe {
                cast_looked(to_loop, level, at, x, 1, status.as_ref());
                let inputs = &[one(x), one(y)][..of.inputs().len()];
                inner.run(inputs, &[made], 1);
                if let Some(status) = looks {
                    status.look(&of, inputs, &[made], 1);
                }
                cast_looked(back, level, made, at, 1, status.as_ref());
            }
        };
        watched(watch.as_ref(), || {
            for (k, block) in indices.chunks(ASKED).enumerate() {
                if !goes_on() {
                    break;
                }
                let (y, step) = second(k * ASKED, block.len());
                for (i, &index) in block.iter().enumerate() {
                    each(index, y.wrapping_offset(step.wrapping_mul(i as isize)));
                }
            }
        });
        end(part)
    }

    /// The plainest changes at few indices, of a row by a number or a row of its dtype, at once; whether they
    /// were.
    ///
    /// # Safety
    /// As for [`Untyped::at_raw`].
    unsafe fn at_short(
        &self,
        a: &RawOutput,
        indices: &[i64],
        index_shape: &[usize],
        b: &RawInput,
        options: Options,
    ) -> bool {
        let t = a.dtype;
        let y_step = match (b.shape, b.strides) {
            ([], []) | ([1], [_]) => 0,
            (&[n], &[step]) if n == indices.len() => step,
            _ => return false,
        };
        if let (&[length], &[step]) = (a.shape, a.strides)
            && (1..=FEW).contains(&indices.len())
            && index_shape == [indices.len()]
            && b.dtype == t
            && options.plain()
            && !is_collected()
            && let Ok(Code::Loop(of)) = self.resolve(&[Type::Is(t); 2], &[], options.casting)
            && (of.inputs, of.outputs) == (&[t; 2], &[t])
            && let Some(fold) = of.fold()
            && outside(indices, length).is_none()
            && !overlap(b, a)
            && let Ok(level) = Level::chosen()
        {
            let mut offsets = [0isize; FEW];
            for (to, &index) in offsets.iter_mut().zip(indices) {
                let i = if index < 0 { index + length as i64 } else { index };
                *to = step.wrapping_mul(i as isize);
            }
            let _floats = IeeeDefault::enter();
            // SAFETY: offsets of elements of `a`, and as many second operands, which lie apart.
            unsafe {
                fold.indexed(level)(a.ptr, offsets.as_ptr(), b.ptr, y_step, indices.len());
            }
            return true;
        }
        false
    }
}

/// The first index that is not from `-length` to `length - 1`.
fn outside(indices: &[i64], length: usize) -> Option<i64> {
    let length = length as i64;
    // As far from the nearer end as `i`: 0 and -1 are the same. Less the length it is negative for all that are
    // inside; of many at once, since hardly any array of indices has another one.
    let bits = |bits: i64, &i: &i64| bits | !((i ^ (i >> 63)) - length);
    let any = |block: &&[i64]| block.iter().fold(0, bits) < 0;
    let block = indices.chunks(1024).find(any)?;
    block.iter().copied().find(|i| bits(0, i) < 0)
}

/// So many indices are few.
const FEW: usize = 32;
/// More indices than this may take long.
const MANY: usize = 10_000;
/// Indices after which it is asked whether to stop: so many that the lines of their elements fit into half an
/// L1.
const ASKED: usize = 256;
/// Bytes that are in an L1 anyway.
const NEAR: usize = 16 << 10;

/// Whether there is a stride for each axis.
fn check_strides(what: &str, shape: &[usize], strides: &[isize]) -> Result<()> {
    if shape.len() == strides.len() {
        return Ok(());
    }
    Err(Error::Strides { what: what.into(), axes: shape.len(), strides: strides.to_vec() })
}

/// An operand where it lies, or a copy of it if the output overlaps it.
struct Apart<'a> {
    at: *const u8,
    shape: &'a [usize],
    strides: SmallVec<[isize; 8]>,
}

impl Apart<'_> {
    /// The stride along an axis of an array that this broadcasts to.
    fn stride(&self, axis: usize, ndim: usize) -> isize {
        match axis.checked_sub(ndim - self.shape.len()) {
            Some(a) if self.shape[a] != 1 => self.strides[a],
            _ => 0,
        }
    }
}

/// The second operands of [`Untyped::at_raw`]: an operand that broadcasts to the indices.
struct Second<'a> {
    of: Apart<'a>,
    /// Of the indices.
    shape: &'a [usize],
    /// Of an element.
    size: usize,
    /// To the loop's dtype.
    cast: Option<&'static Loop>,
    status: Option<&'a Status>,
    level: Level,
}

impl Second<'_> {
    /// Those of the indices `first .. first + n`, `n >= 1`, in the loop's dtype: the first one, and how far
    /// the next one is from it. They are where they lie, if that is so already, or in a buffer.
    ///
    /// # Safety
    /// The operand is valid for reading and fits the shape, which has so many elements; each buffer has room
    /// for `n` elements of any dtype.
    unsafe fn piece(&self, first: usize, n: usize, buffers: [*mut u8; 2]) -> (*const u8, isize) {
        let (ndim, size) = (self.shape.len(), self.size as isize);
        let strides: SmallVec<[isize; 8]> = (0..ndim).map(|a| self.of.stride(a, ndim)).collect();
        let last = strides.last().copied().unwrap_or(0);
        let (mut x, mut step, mut count) = (self.of.at, last, n);
        if strides.iter().all(|&s| s == 0) {
            count = 1;
        } else if ndim == 1 {
            x = x.wrapping_offset(last.wrapping_mul(first as isize));
        } else {
            // Row by row.
            let mut done = 0;
            while done < n {
                let mut rest = first + done;
                let along = self.shape[ndim - 1];
                let m = (along - rest % along).min(n - done);
                let mut from = self.of.at;
                for (&length, &stride) in self.shape.iter().zip(&strides).rev() {
                    from = from.wrapping_offset(stride.wrapping_mul((rest % length) as isize));
                    rest /= length;
                }
                // SAFETY: the caller's promise: elements of one row, and room for them.
                unsafe {
                    let to = buffers[0].add(done * self.size);
                    copy_row(from, last, to, size, m, self.size);
                }
                done += m;
            }
            (x, step) = (buffers[0], size);
        }
        let Some(cast) = self.cast else { return (x, step) };
        // SAFETY: as above; the loop reads elements that follow each other.
        unsafe {
            if step != size && count > 1 {
                copy_row(x, step, buffers[0], size, count, self.size);
                x = buffers[0];
            }
            cast_looked(cast, self.level, x, buffers[1], count, self.status);
        }
        (buffers[1], if count == 1 { 0 } else { cast.outputs[0].size() as isize })
    }
}

/// # Safety
/// The input is valid for reading.
unsafe fn copies_of<'a>(
    input: &RawInput<'a>,
    output: &RawOutput,
    copies: &mut SmallVec<[Copy; 2]>,
) -> Result<Apart<'a>> {
    if !overlap(input, output) {
        let strides = input.strides.iter().copied().collect();
        return Ok(Apart { at: input.ptr, shape: input.shape, strides });
    }
    // SAFETY: the caller's promise.
    let copy = unsafe { Copy::of(input) }?;
    let apart =
        Apart { at: copy.at, shape: input.shape, strides: copy.strides.iter().copied().collect() };
    copies.push(copy);
    Ok(apart)
}

/// Runs along one axis; the others stay, for input and output alike.
///
/// # Safety
/// As for [`Untyped::reduce_raw`]; shapes have been checked.
unsafe fn one_axis(
    mut reduce: Reduce,
    input: &RawInput,
    along: usize,
    output: &RawOutput,
    ranges: Ranges,
    options: Options,
) -> Result<()> {
    if output.shape.contains(&0) {
        return Ok(());
    }
    let mut copies: SmallVec<[Copy; 2]> = SmallVec::new();
    // SAFETY: the caller's promise.
    let from = unsafe { copies_of(input, output, &mut copies) }?;
    reduce.from = [from.at, std::ptr::null()];
    for (a, &n) in input.shape.iter().enumerate() {
        let stride = if n == 1 { 0 } else { from.strides[a] };
        if a == along {
            reduce.reduced.push((n, [stride, 0]));
        } else {
            reduce.kept.push((n, [stride, 0, output.strides[a]]));
        }
    }
    reduce.ranges = ranges;
    // SAFETY: the caller's promise; an overlap is copied away.
    unsafe { reduce.run(options.threads) }
}

#[cfg(test)]
mod tests {
    use super::outside;

    #[test]
    fn the_first_index_outside_is_found_wherever_it_is() {
        for length in [0, 1, 5, 3000, i64::MAX as usize] {
            let n = length as i64;
            for index in [0, -1, 1, 4, 5, -5, -6, 2999, 3000, -3000, i64::MAX, i64::MIN, -i64::MAX]
            {
                let is = index >= n || index < -n;
                assert_eq!(outside(&[index], length), is.then_some(index), "{index} of {length}");
                if length > 0 {
                    let mut many = vec![0; 5000];
                    (many[4097], many[4099]) = (index, i64::MIN);
                    let first = if is { index } else { i64::MIN };
                    assert_eq!(outside(&many, length), Some(first), "{index} of {length}");
                }
            }
        }
        assert_eq!(outside(&[], 0), None);
    }
}
