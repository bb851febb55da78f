//! The engine on raw operands, which every way in shares.

use lanefn_kernels::{
    lanes::Dtype,
    level::Level,
    loops::{Function, Input, Loop, MAX_INPUTS, MAX_OUTPUTS},
};
use smallvec::SmallVec;

use super::{Reduction, compiled::Made};
use crate::{
    dtype::{Casting, Kind, Type, becomes, can_cast, kind, rank, strongest},
    error::{Error, Result},
    execute::{
        Code, Options, check_threads,
        floats::IeeeDefault,
        interrupt::Watch,
        memory,
        run::{Casts, Run, is_brief},
    },
    iterate::{MAX_OPERANDS, Plan, broadcast},
    status::{Flags, Rule, Status},
};

/// A function whose operands' types are known only when it is called.
///
/// Those of [`crate::catalogue`] live as long as the program; one made at run time is a view of the
/// [`Compiled`](super::Compiled) that it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Untyped<'a> {
    /// Its name.
    pub name: &'a str,
    /// Other names for it.
    pub aliases: &'a [&'static str],
    /// The first paragraph of its documentation.
    pub doc: &'a str,
    /// The names of its arguments.
    pub(super) arguments: Arguments<'a>,
    /// A loop for each signature. One made at run time has none: it is compiled for the dtypes that it
    /// is called with.
    pub loops: &'a [&'static Loop],
    /// The function made at run time that this is.
    pub(super) made: Option<&'a Made>,
    /// What it is along an axis.
    pub reduction: Reduction,
    /// Integers become f64 even where f32 holds them.
    pub(crate) of_floats: bool,
    /// Bools alone are refused, though they would cast to integers.
    pub(crate) of_numbers: bool,
    /// How to tell what it met.
    pub(crate) rule: Rule,
}

/// An array to read: an address, a shape, a stride in bytes for each axis, and a dtype.
#[derive(Clone, Copy, Debug)]
pub struct RawInput<'a> {
    /// The element with all indices 0.
    pub ptr: *const u8,
    /// The length of each axis.
    pub shape: &'a [usize],
    /// Bytes from one element to the next along each axis; any sign, or 0.
    pub strides: &'a [isize],
    /// The dtype.
    pub dtype: Dtype,
}

/// An array to write; as [`RawInput`].
#[derive(Clone, Copy, Debug)]
pub struct RawOutput<'a> {
    /// The element with all indices 0.
    pub ptr: *mut u8,
    /// The length of each axis.
    pub shape: &'a [usize],
    /// Bytes from one element to the next along each axis; any sign, but not 0 along an axis that is
    /// longer than 1.
    pub strides: &'a [isize],
    /// The dtype.
    pub dtype: Dtype,
}

/// The names of arguments.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arguments<'a> {
    Written(&'a [&'static str]),
    Made(&'a [String]),
}

impl Untyped<'static> {
    /// The function `F`.
    pub const fn of<F: Function>() -> Untyped<'static> {
        Untyped {
            name: F::NAME,
            aliases: &[],
            doc: F::DOC,
            arguments: Arguments::Written(F::ARGUMENTS),
            loops: F::LOOPS,
            made: None,
            reduction: Reduction::sequence(),
            of_floats: false,
            of_numbers: false,
            rule: Rule::Nothing,
        }
    }

    /// The same with other names.
    pub(crate) const fn alias(self, aliases: &'static [&'static str]) -> Self {
        Untyped { aliases, ..self }
    }

    /// The same under a name of its own.
    pub(crate) const fn named(self, name: &'static str) -> Self {
        Untyped { name, aliases: &[], ..self }
    }

    /// The loops whose inputs are of this dtype alone, which stand side by side.
    pub(crate) const fn only(self, dtype: Dtype) -> Self {
        let mut first = 0;
        while self.loops[first].inputs[0] as u8 != dtype as u8 {
            first += 1;
        }
        let (_, rest) = self.loops.split_at(first);
        let mut n = 1;
        while n < rest.len() && rest[n].inputs[0] as u8 == dtype as u8 {
            n += 1;
        }
        Untyped { loops: rest.split_at(n).0, ..self }
    }

    /// The same with what it is along an axis. A function of which nothing is said goes from the first
    /// element to the last and has no identity.
    pub const fn reducing(self, reduction: Reduction) -> Self {
        Untyped { reduction, ..self }
    }

    /// The same with integers taken for f64.
    pub(crate) const fn of_floats(self) -> Self {
        Untyped { of_floats: true, ..self }
    }

    /// The same with bools refused. For these functions NumPy has no loop of bools, and takes none of
    /// integers in its place unless it is told to: a truth has no sign, and no divisors.
    pub(crate) const fn of_numbers(self) -> Self {
        Untyped { of_numbers: true, ..self }
    }

    /// The same with how to tell what it met.
    pub(crate) const fn meets(self, rule: Rule) -> Self {
        Untyped { rule, ..self }
    }
}

impl<'a> Untyped<'a> {
    /// The names of its arguments.
    pub fn arguments(&self) -> Vec<&'a str> {
        match self.arguments {
            Arguments::Written(names) => names.to_vec(),
            Arguments::Made(names) => names.iter().map(String::as_str).collect(),
        }
    }

    /// The number of inputs.
    pub fn nin(&self) -> usize {
        match self.arguments {
            Arguments::Written(names) => names.len(),
            Arguments::Made(names) => names.len(),
        }
    }

    /// The number of outputs.
    pub fn nout(&self) -> usize {
        match self.made {
            Some(made) => made.nout(),
            None => self.loops.first().map_or(0, |l| l.outputs.len()),
        }
    }

    /// What computes for operands of these types, and the dtypes of what it gives: the first
    /// one, in NumPy's order of dtypes, to which all inputs cast safely. `fixed` asks for dtypes of the
    /// loop: none at all, or one or none for each input and output; then inputs may be cast as `casting`
    /// allows. (NumPy's `dtype=` fixes the outputs, `signature=` any of them.)
    ///
    /// A function made at run time has a loop for any dtypes of its inputs, and is compiled here if it has
    /// not been for these. Dtypes that are asked of its outputs it is cast to.
    ///
    /// ```
    /// use lanefn::dtype::{Casting, Dtype, Type};
    /// let add = lanefn::find("add").unwrap();
    /// let of = add.resolve(&[Type::Is(Dtype::I8), Type::Is(Dtype::U8)], &[], Casting::SameKind)?;
    /// assert_eq!(of.outputs(), [Dtype::I16]);
    /// let of = add.resolve(&[Type::Is(Dtype::F32), Type::Float], &[], Casting::SameKind)?;
    /// assert_eq!(of.inputs(), [Dtype::F32, Dtype::F32]);
    /// # Ok::<(), lanefn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Arity`], [`Error::NoLoop`], [`Error::Casting`]; [`Error::Made`] of a function made at run time.
    pub fn resolve(
        &self,
        inputs: &[Type],
        fixed: &[Option<Dtype>],
        casting: Casting,
    ) -> Result<Code> {
        if inputs.len() != self.nin() {
            return Err(self.arity(inputs.len(), self.nout()));
        }
        if !fixed.is_empty() && fixed.len() != self.nin() + self.nout() {
            return Err(
                self.arity(fixed.len().min(self.nin()), fixed.len().saturating_sub(self.nin()))
            );
        }
        if let Some(made) = self.made {
            return made.resolve(self, inputs, fixed, casting);
        }
        self.find(inputs, fixed, casting).map(Code::Loop)
    }

    /// [`Untyped::resolve`] among the loops.
    fn find(
        &self,
        inputs: &[Type],
        fixed: &[Option<Dtype>],
        casting: Casting,
    ) -> Result<&'static Loop> {
        let asked = |l: &Loop| {
            let dtypes = l.inputs.iter().chain(l.outputs);
            fixed.iter().zip(dtypes).all(|(f, d)| f.is_none_or(|f| f == *d))
        };
        // An exact match is the usual case.
        let same = |l: &&&Loop| l.inputs.iter().zip(inputs).all(|(d, t)| Type::Is(*d) == *t);
        if let Some(found) = self.loops.iter().find(|l| same(l) && asked(l)) {
            return Ok(found);
        }
        let mut strongest = strongest(inputs);
        if self.of_floats && strongest < Kind::Float {
            strongest = Kind::Bool;
        }
        let order = |l: &&&Loop| -> SmallVec<[usize; MAX_INPUTS]> {
            l.inputs.iter().map(|d| rank(*d)).collect()
        };
        let fits = |l: &&&Loop, t: fn(Type, Dtype, Kind, Casting) -> bool| {
            asked(l) && l.inputs.iter().zip(inputs).all(|(d, i)| t(*i, *d, strongest, casting))
        };
        let safely = |t: Type, d: Dtype, s: Kind, _: Casting| becomes(t, d, s);
        let float =
            |l: &&&Loop| !self.of_floats || l.inputs[0] == Dtype::F64 || strongest == Kind::Float;
        // A literal takes the dtype that it meets, and not one of another sign beside it.
        let literal = inputs.contains(&Type::Int);
        let signs = |l: &&&Loop| {
            let has = |k| l.inputs.iter().any(|d| kind(*d) == k);
            !(literal && has(Kind::Signed) && has(Kind::Unsigned))
        };
        let truths = inputs.iter().all(|t| *t == Type::Is(Dtype::Bool));
        let refused = self.of_numbers && truths && fixed.iter().all(Option::is_none);
        let first = self.loops.iter().filter(|l| fits(l, safely) && float(l) && signs(l));
        let first = first.min_by_key(order);
        if let Some(found) = first.filter(|_| !refused) {
            // The rules below 'safe' let no operand become another dtype, even to find a loop.
            let cast = |t: &Type, d: Dtype| matches!(t, Type::Is(f) if !can_cast(*f, d, casting));
            return match (0..inputs.len()).find(|&i| cast(&inputs[i], found.inputs[i])) {
                Some(i) => Err(self.input_cast(i, inputs[i], found, casting)),
                None => Ok(found),
            };
        }
        if fixed.iter().any(Option::is_some) {
            let may = |t: Type, d: Dtype, _: Kind, casting: Casting| match t {
                Type::Is(from) => can_cast(from, d, casting),
                Type::Int => casting == Casting::Unsafe || d != Dtype::Bool,
                Type::Float => casting == Casting::Unsafe || kind(d) == Kind::Float,
            };
            // Asked for a result alone, operands of its dtype follow; others must be what they are, safely.
            let follows = |l: &&&Loop| {
                (0..inputs.len()).all(|i| {
                    l.outputs.contains(&l.inputs[i])
                        || fixed[i].is_some()
                        || becomes(inputs[i], l.inputs[i], strongest)
                })
            };
            let first = self.loops.iter().filter(|l| fits(l, may) && follows(l)).min_by_key(order);
            if let Some(found) = first {
                return Ok(found);
            }
            if let Some(l) = self.loops.iter().find(|l| asked(l)) {
                let refused = |&i: &usize| !may(inputs[i], l.inputs[i], strongest, casting);
                let i = (0..inputs.len()).find(refused).unwrap_or(0);
                return Err(self.input_cast(i, inputs[i], l, casting));
            }
        }
        let fixed = match fixed.iter().any(Option::is_some) {
            true => {
                let names = fixed.iter().map(|f| f.map_or("any", |d| d.name()));
                format!(" with {} asked for", names.collect::<Vec<_>>().join(", "))
            }
            false => String::new(),
        };
        Err(Error::NoLoop {
            function: self.name.into(),
            got: inputs.iter().map(Type::to_string).collect::<Vec<_>>().join(", ") + ")" + &fixed,
            has: self
                .loops
                .iter()
                .map(|l| signature(l.inputs, l.outputs))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    fn input_cast(&self, i: usize, from: Type, of: &Loop, casting: Casting) -> Error {
        let (operand, from) = (format!("input {i}"), from.to_string());
        Error::Casting { function: self.name.into(), operand, from, to: of.inputs[i], casting }
    }

    pub(super) fn arity(&self, got_in: usize, got_out: usize) -> Error {
        Error::Arity {
            function: self.name.into(),
            nin: self.nin(),
            nout: self.nout(),
            got_in,
            got_out,
        }
    }

    /// Whether what a loop gives may be cast to the dtypes of the outputs.
    pub(super) fn check_outputs(
        &self,
        of: &Code,
        outputs: impl Iterator<Item = Dtype>,
        casting: Casting,
    ) -> Result<()> {
        for (i, (to, &from)) in outputs.zip(of.outputs()).enumerate() {
            if !can_cast(from, to, casting) {
                let (operand, from) = (format!("output {i}"), from.to_string());
                return Err(Error::Casting {
                    function: self.name.into(),
                    operand,
                    from,
                    to,
                    casting,
                });
            }
        }
        Ok(())
    }

    /// The shape that these shapes broadcast to.
    ///
    /// # Errors
    /// [`Error::Broadcast`] names the operand and the axis that doesn't fit.
    pub fn broadcast(shapes: &[&[usize]]) -> Result<Vec<usize>> {
        broadcast_all(shapes.iter().copied()).map(SmallVec::into_vec)
    }

    /// Calls the function: inputs (and the mask) are broadcast to the shape of the outputs. Where there
    /// is a mask, only elements for which it is true (not 0) are computed and written.
    ///
    /// Operands may overlap in any way: the outputs get what they would if each operand were a copy of
    /// its own. Outputs that overlap each other are written one after the other.
    ///
    /// Dtypes are those of [`Untyped::resolve`]; what is of others is cast on the way, a few hundred
    /// elements at a time, as far as the options' casting allows.
    ///
    /// # Errors
    /// Wrong numbers of operands, dtypes without a loop, casts that are not allowed, shapes that don't
    /// fit, a level that the CPU lacks, threads that are set wrongly. Nothing has been written then.
    ///
    /// # Safety
    /// Every element of every operand is valid for reading, or for writing and reading (outputs), as
    /// its dtype (any byte is a bool for inputs and mask). Nobody else writes the inputs or touches the
    /// outputs during the call. The elements of one output are apart from each other.
    pub unsafe fn call_raw(
        &self,
        inputs: &[RawInput],
        mask: Option<RawInput>,
        outputs: &[RawOutput],
        options: Options,
    ) -> Result<()> {
        let types: SmallVec<[Type; MAX_INPUTS]> =
            inputs.iter().map(|i| Type::Is(i.dtype)).collect();
        let of = self.resolve(&types, &[], options.casting)?;
        // SAFETY: the caller's promise.
        unsafe { self.call_code(&of, inputs, mask, outputs, options) }
    }

    /// [`Untyped::call_raw`] with code of one's own choice, such as [`Untyped::resolve`] gives. Inputs
    /// are cast to its dtypes, whatever theirs are.
    ///
    /// # Errors
    /// As [`Untyped::call_raw`].
    ///
    /// # Safety
    /// As [`Untyped::call_raw`].
    pub unsafe fn call_code(
        &self,
        of: &Code,
        inputs: &[RawInput],
        mask: Option<RawInput>,
        outputs: &[RawOutput],
        options: Options,
    ) -> Result<()> {
        if inputs.len() != of.inputs().len() || outputs.len() != of.outputs().len() {
            return Err(self.arity(inputs.len(), outputs.len()));
        }
        self.check_outputs(of, outputs.iter().map(|o| o.dtype), options.casting)?;
        if let Some(mask) = mask.filter(|m| m.dtype != Dtype::Bool) {
            return Err(Error::MaskDtype { got: mask.dtype });
        }
        let reads = inputs.iter().chain(mask.as_ref()).map(|i| (i.shape, i.strides));
        let writes = outputs.iter().map(|o| (o.shape, o.strides));
        for (operand, (shape, strides)) in reads.chain(writes).enumerate() {
            if shape.len() != strides.len() {
                let (what, i) = match operand.checked_sub(inputs.len()) {
                    None => ("input", operand),
                    Some(0) if mask.is_some() => ("the mask", 0),
                    Some(i) => ("output", i - mask.is_some() as usize),
                };
                let what = if what == "the mask" { what.into() } else { format!("{what} {i}") };
                return Err(Error::Strides { what, axes: shape.len(), strides: strides.to_vec() });
            }
        }
        // SAFETY: the caller's promise.
        unsafe { call(of, self.rule, inputs, mask, outputs, options) }
    }
}

impl Untyped<'_> {
    /// Calls code on so few elements that anything but its inner loop would take longer than that: on this
    /// thread, without a plan. What it met comes back.
    ///
    /// None, and nothing is done, where this is not the way: for more elements, and where outputs share
    /// memory with anything but an input of which each element is read before it is written. Then there is
    /// [`Untyped::call_code`], which gives the same.
    ///
    /// # Errors
    /// [`Error::Interrupted`], of a function with loops of its own.
    ///
    /// # Panics
    /// If there are not as many operands as the code has.
    ///
    /// # Safety
    /// The code is of this function. Every operand has `n` elements of the code's dtypes, one after the other
    /// (1 if it is a scalar), valid for reading, or writing. Nobody else writes the inputs or touches the
    /// outputs during the call.
    pub unsafe fn call_few(
        &self,
        of: &Code,
        inputs: &[Input],
        outputs: &[*mut u8],
        n: usize,
    ) -> Result<Option<Flags>> {
        assert_eq!((inputs.len(), outputs.len()), (of.inputs().len(), of.outputs().len()));
        let Some(level) = Level::chosen().ok().filter(|level| is_brief(of, *level, n)) else {
            return Ok(None);
        };
        let status = Status::of(self.rule, of, false);
        let looked_at = status.as_ref().is_some_and(Status::needs_inputs);
        let touch = |a: usize, a_bytes: usize, b: usize, b_bytes: usize| {
            a < b.saturating_add(b_bytes) && b < a.saturating_add(a_bytes)
        };
        for (o, (to, dtype)) in outputs.iter().zip(of.outputs()).enumerate() {
            let (to, size) = (to.addr(), dtype.size());
            for (from, dtype) in inputs.iter().zip(of.inputs()) {
                let read = if from.scalar { 1 } else { n };
                let same = from.at.addr() == to && dtype.size() == size && read == n;
                if touch(from.at.addr(), read * dtype.size(), to, n * size) && (!same || looked_at)
                {
                    return Ok(None);
                }
            }
            for (other, dtype) in outputs[..o].iter().zip(of.outputs()) {
                if touch(other.addr(), n * dtype.size(), to, n * size) {
                    return Ok(None);
                }
            }
        }
        let _floats = IeeeDefault::enter();
        {
            let _part = status.as_ref().and_then(Status::part);
            // SAFETY: the caller's promise; the level has been found here.
            let run = || unsafe { of.inner(level).run(inputs, outputs, n) };
            match if of.has_loops() { Watch::begin() } else { None } {
                Some(watch) => {
                    watch.during(run);
                    watch.end()?;
                }
                None => run(),
            }
        }
        let Some(status) = status else { return Ok(Some(Flags::none())) };
        // SAFETY: the caller's promise; no input has been written to if it is looked at.
        unsafe { status.look(of, inputs, outputs, n) };
        Ok(Some(status.end()))
    }
}

/// A loop's signature as text.
pub(super) fn signature(inputs: &[Dtype], outputs: &[Dtype]) -> String {
    let names = |d: &[Dtype]| d.iter().map(|d| d.name()).collect::<Vec<_>>().join(", ");
    format!("({}) -> {}", names(inputs), names(outputs))
}

/// The shape that these broadcast to, or the error that says which doesn't.
pub(super) fn broadcast_all<'a>(
    shapes: impl Iterator<Item = &'a [usize]> + Clone,
) -> Result<SmallVec<[usize; 4]>> {
    let mut shape = SmallVec::new();
    let Err((operand, axis)) = broadcast(shapes.clone(), &mut shape) else {
        return Ok(shape);
    };
    // What the shapes before it broadcast to: without the axes that it stretched before it failed.
    shape.clear();
    let _ = broadcast(shapes.clone().take(operand), &mut shape);
    let failed = shapes.clone().nth(operand).unwrap_or_default();
    Err(Error::Broadcast { operand, axis, shape: failed.to_vec(), with: shape.to_vec() })
}

/// [`Untyped::call_raw`] with the loop found and numbers and dtypes checked.
///
/// # Safety
/// As for [`Untyped::call_raw`]; the mask is of bools.
pub(super) unsafe fn call(
    function: &Code,
    rule: Rule,
    inputs: &[RawInput],
    mask: Option<RawInput>,
    outputs: &[RawOutput],
    options: Options,
) -> Result<()> {
    let level = check_level(options.level)?;
    if let Some(threads) = options.threads {
        check_threads(threads)?;
    }
    let shape = outputs[0].shape;
    let empty = shape.contains(&0);
    for (i, output) in outputs.iter().enumerate() {
        if output.shape != shape {
            return Err(Error::OutputsDiffer {
                output: i,
                shape: output.shape.to_vec(),
                needed: shape.to_vec(),
            });
        }
        let repeats = |&a: &usize| !empty && shape[a] > 1 && output.strides[a] == 0;
        if let Some(axis) = (0..shape.len()).find(repeats) {
            return Err(Error::OutputRepeats { output: i, axis, shape: shape.to_vec() });
        }
    }
    let reads = || inputs.iter().chain(mask.as_ref());
    // The usual case needs no look at broadcasting.
    if reads().any(|input| input.shape != shape) {
        let together = broadcast_all(inputs.iter().map(|i| i.shape))?;
        if !fits(&together, shape) {
            return Err(Error::OutputShape {
                output: 0,
                shape: shape.to_vec(),
                needed: together.to_vec(),
            });
        }
        if let Some(mask) = mask.filter(|m| !fits(m.shape, shape)) {
            return Err(Error::MaskShape { shape: mask.shape.to_vec(), needed: shape.to_vec() });
        }
    }
    if empty {
        return Ok(());
    }
    // No memory holds more; what follows counts on it that elements can be counted.
    let dtypes = inputs.iter().map(|i| i.dtype).chain(outputs.iter().map(|o| o.dtype));
    let widest = dtypes.max_by_key(|d| d.size()).unwrap_or(Dtype::Bool);
    let bytes = shape.iter().try_fold(widest.size(), |all, &n| all.checked_mul(n));
    if bytes.is_none_or(|b| b > isize::MAX as usize) {
        return Err(Error::TooLarge {
            shape: shape.to_vec(),
            dtype: widest,
            why: "it has more bytes than there are addresses".into(),
        });
    }

    let casts =
        Casts::new(function, inputs.iter().map(|i| i.dtype), outputs.iter().map(|o| o.dtype));
    // A user's functions say nothing, and neither do the casts to what they were asked to give.
    let casting = matches!(function, Code::Loop(_)) && casts.may_lose();
    let status = Status::begin(rule, function, casting);
    // What is looked at afterwards must not be written to.
    let looked_at = status.as_ref().is_some_and(Status::needs_inputs);
    // Operands: inputs, outputs, mask. Copies keep what they replace alive.
    let (nin, nout) = (inputs.len(), outputs.len());
    let count = nin + nout + mask.is_some() as usize;
    let mut start = [std::ptr::null_mut::<u8>(); MAX_OPERANDS];
    let mut copies: SmallVec<[(usize, Copy); 1]> = SmallVec::new();
    let blends = |i: usize| outputs[..i].iter().any(|o| overlap(&read(o), &outputs[i]));
    let blend = nout > 1 && (1..nout).any(blends);
    for (i, input) in reads().enumerate() {
        let place = if i < nin { i } else { nin + nout };
        start[place] = input.ptr.cast_mut();
        // Outputs that overlap each other are written from copies when the loop is over; the mask is
        // needed again then.
        let keep = |o: &RawOutput| {
            same_walk(input, o, shape) && !(blend && i == nin) && !(looked_at && i < nin)
        };
        if outputs.iter().any(|o| overlap(input, o) && !keep(o)) {
            // SAFETY: the caller's promise for this input.
            let copy = unsafe { Copy::of(input) }?;
            start[place] = copy.at;
            copies.push((place, copy));
        }
    }
    for (i, output) in outputs.iter().enumerate() {
        start[nin + i] = output.ptr;
        if blend && blends(i) {
            let copy = Copy::blank(output.shape, output.dtype)?;
            start[nin + i] = copy.at;
            copies.push((nin + i, copy));
        }
    }
    let stride = |operand: usize, axis: usize| -> isize {
        let copied = copies.iter().find(|c| c.0 == operand).map(|c| &c.1.strides[..]);
        if (nin..nin + nout).contains(&operand) {
            return copied.unwrap_or(outputs[operand - nin].strides)[axis];
        }
        let Some(input) = inputs.get(operand).or(mask.as_ref()) else { return 0 };
        // Axes are aligned at the last one; what is missing or of length 1 stands still.
        match axis.checked_sub(shape.len() - input.shape.len()) {
            Some(a) if input.shape[a] != 1 => copied.unwrap_or(input.strides)[a],
            _ => 0,
        }
    };
    let mut order = [0; MAX_OPERANDS];
    for (k, o) in order[..count].iter_mut().enumerate() {
        *o = if k < nout { nin + k } else { k - nout };
    }
    if mask.is_some() {
        order[count - 1] = count - 1;
    }
    let plan = Plan::new(shape, &start[..count], stride, &order[..count]);
    let bytes: usize = inputs
        .iter()
        .filter(|i| i.shape == shape)
        .map(|i| i.dtype.size())
        .chain(outputs.iter().map(|o| o.dtype.size()))
        .sum();
    let run = Run {
        function,
        status: status.as_ref(),
        casts: &casts,
        plan: &plan,
        level,
        masked: mask.is_some(),
        stream: options.stream && bytes.saturating_mul(plan.len) > memory::last_level_cache(),
    };
    // SAFETY: the caller's promise about each operand, or it is a copy of our own; overlap other than
    // the same walk has been copied away; outputs that overlap each other are apart now.
    unsafe { run.run(options.threads) }?;
    if let Some(status) = &status {
        status.end();
    }
    for (operand, copy) in &copies {
        if let Some(output) = operand.checked_sub(nin).and_then(|i| outputs.get(i)) {
            let (step, mask) = (|axis| stride(nin + nout, axis), start[nin + nout]);
            // SAFETY: the caller's promise for this output and the mask, which is no output's memory.
            unsafe { copy.write_to(output, run.masked.then_some((mask, step))) };
        }
    }
    Ok(())
}

/// The level asked for, or the chosen one.
pub(super) fn check_level(asked: Option<Level>) -> Result<Level> {
    match asked {
        None => Ok(Level::chosen()?),
        Some(level) if level.is_present() => Ok(level),
        Some(level) => Err(Error::Level(lanefn_kernels::level::LevelError::absent(level))),
    }
}

/// Whether a shape broadcasts to another without changing that.
pub(super) fn fits(shape: &[usize], to: &[usize]) -> bool {
    shape.len() <= to.len()
        && shape.iter().rev().zip(to.iter().rev()).all(|(&n, &to)| n == to || n == 1)
}

fn read<'a>(output: &RawOutput<'a>) -> RawInput<'a> {
    RawInput { ptr: output.ptr, shape: output.shape, strides: output.strides, dtype: output.dtype }
}

/// The first and the last byte of an operand.
fn extent(a: &RawInput) -> (usize, usize) {
    let (mut low, mut high) = (a.ptr as usize, a.ptr as usize + a.dtype.size() - 1);
    for (&n, &s) in a.shape.iter().zip(a.strides) {
        let span = s.wrapping_mul(n.saturating_sub(1) as isize);
        if span < 0 {
            low = low.wrapping_add_signed(span);
        } else {
            high = high.wrapping_add_signed(span);
        }
    }
    (low, high)
}

/// Whether the ranges of memory that two operands lie in touch. Operands that interleave do; they are
/// then copied though they need not be.
pub(super) fn overlap(a: &RawInput, b: &RawOutput) -> bool {
    if a.shape.contains(&0) || b.shape.contains(&0) {
        return false;
    }
    let ((a_low, a_high), (b_low, b_high)) = (extent(a), extent(&read(b)));
    a_low <= b_high && b_low <= a_high
}

/// Whether an input and an output are the same memory at every place of the walk: each element is read
/// before it is written, so they need no copy.
fn same_walk(a: &RawInput, b: &RawOutput, shape: &[usize]) -> bool {
    a.ptr == b.ptr.cast_const()
        && a.dtype.size() == b.dtype.size()
        && a.shape == shape
        && (0..shape.len()).all(|i| shape[i] == 1 || a.strides[i] == b.strides[i])
}

/// A contiguous array of our own, in C order.
pub(super) struct Copy {
    pub(super) at: *mut u8,
    /// What `at` points to.
    _memory: Vec<u64>,
    shape: SmallVec<[usize; 4]>,
    pub(super) strides: SmallVec<[isize; 4]>,
    size: usize,
}

impl Copy {
    /// An array of zeros.
    fn blank(shape: &[usize], dtype: Dtype) -> Result<Copy> {
        let size = dtype.size();
        let bytes = shape.iter().try_fold(size, |all, &n| all.checked_mul(n));
        let words = bytes.map(|b| b.div_ceil(8));
        let mut memory: Vec<u64> = Vec::new();
        match words {
            Some(words) if memory.try_reserve_exact(words).is_ok() => memory.resize(words, 0),
            _ => {
                return Err(Error::TooLarge {
                    shape: shape.to_vec(),
                    dtype,
                    why: "no memory for a copy of an operand that overlaps another".into(),
                });
            }
        }
        let mut strides: SmallVec<[isize; 4]> = SmallVec::from_elem(0, shape.len());
        let mut step = size as isize;
        for (s, &n) in strides.iter_mut().zip(shape).rev() {
            *s = step;
            step *= n as isize;
        }
        let at = memory.as_mut_ptr().cast();
        Ok(Copy { at, _memory: memory, shape: shape.into(), strides, size })
    }

    /// A copy of an input. Along an axis on which that stands still, one element is enough.
    ///
    /// # Safety
    /// The input is valid for reading.
    pub(super) unsafe fn of(input: &RawInput) -> Result<Copy> {
        let still = |a: usize| input.shape[a] > 1 && input.strides[a] == 0;
        let axes = 0..input.shape.len();
        let shape: SmallVec<[usize; 4]> =
            axes.clone().map(|a| if still(a) { 1 } else { input.shape[a] }).collect();
        let mut copy = Copy::blank(&shape, input.dtype)?;
        for a in axes.filter(|&a| still(a)) {
            copy.strides[a] = 0;
        }
        let (start, strides) = ([input.ptr.cast_mut(), copy.at], [input.strides, &copy.strides]);
        // SAFETY: the caller's promise for the source; the copy holds that shape.
        unsafe { copy_elements(&shape, start, |i, a| strides[i][a], copy.size) };
        Ok(copy)
    }

    /// Writes the copy to an output, where the mask (an address and strides) is true if there is one.
    ///
    /// # Safety
    /// The output has this shape and is valid for writing, the mask for reading; they are apart.
    unsafe fn write_to(
        &self,
        output: &RawOutput,
        mask: Option<(*mut u8, impl Fn(usize) -> isize)>,
    ) {
        let start = [self.at, output.ptr];
        let strides = [&self.strides[..], output.strides];
        let Some((mask, step)) = mask else {
            // SAFETY: the caller's promise for the target.
            unsafe { copy_elements(&self.shape, start, |i, a| strides[i][a], self.size) };
            return;
        };
        let stride = |i: usize, a: usize| strides.get(i).map_or_else(|| step(a), |s| s[a]);
        let plan = Plan::new(&self.shape, &[start[0], start[1], mask], stride, &[1, 0, 2]);
        let mut place = plan.place(0);
        for _ in 0..plan.len {
            // SAFETY: places of the walk are valid by the caller's promise.
            unsafe {
                if *place.at[2] != 0 {
                    std::ptr::copy_nonoverlapping(place.at[0], place.at[1], self.size);
                }
            }
            plan.advance(&mut place, 1);
        }
    }
}

/// Copies element by element between two arrays of one shape.
///
/// # Safety
/// The first is valid for reading, the second for writing, and they are apart.
unsafe fn copy_elements(
    shape: &[usize],
    start: [*mut u8; 2],
    stride: impl Fn(usize, usize) -> isize,
    size: usize,
) {
    let plan = Plan::new(shape, &start, stride, &[1, 0]);
    let (row, step) = *plan.inner();
    let mut place = plan.place(0);
    let mut left = plan.len;
    while left > 0 {
        // SAFETY: rows of the walk are valid by the caller's promise.
        unsafe { memory::copy_row(place.at[0], step[0], place.at[1], step[1], row, size) };
        plan.advance(&mut place, row);
        left -= row;
    }
}

const _: () = assert!(MAX_OPERANDS == MAX_INPUTS + MAX_OUTPUTS + 1);
