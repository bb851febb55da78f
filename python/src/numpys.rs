//! A ufunc of NumPy's own, whose inner loops are ours.

use std::ffi::{CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use lanefn::{
    Code, Options, RawInput, RawOutput,
    dtype::{Dtype, Type},
};
use numpy::{
    PyArrayDescrMethods,
    npyffi::{
        PY_UFUNC_API, npy_intp,
        objects::{PyUFuncGenericFunction, PyUFuncObject},
    },
};
use pyo3::{exceptions::PyTypeError, prelude::*, types::PyCapsule};
use smallvec::SmallVec;

use crate::{operand::descr, ufunc::Ufunc};

/// One signature of a ufunc.
struct Signature {
    of: Py<Ufunc>,
    code: Code,
    inputs: Vec<Dtype>,
}

/// What NumPy's ufunc points to. It holds this by a capsule, and so as long as it lives.
struct Held {
    functions: Vec<PyUFuncGenericFunction>,
    data: Vec<*mut c_void>,
    types: Vec<c_char>,
    name: CString,
    doc: CString,
}

// SAFETY: the pointers are to `Signature`s that nobody changes and that any thread may read.
unsafe impl Send for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        for &signature in &self.data {
            // SAFETY: from `Box::into_raw` in `numpy_ufunc`, and the ufunc that could call it is gone.
            drop(unsafe { Box::from_raw(signature.cast::<Signature>()) });
        }
    }
}

/// The floating-point flags of this thread, to be put back: NumPy takes those that it finds after a loop
/// for warnings, and an arm that is not taken may set some.
struct Flags(#[cfg(target_arch = "x86_64")] u32);

impl Flags {
    #[cfg(target_arch = "x86_64")]
    fn keep() -> Flags {
        let mut now = 0u32;
        // SAFETY: stores the register to a local variable; SSE is part of the architecture.
        unsafe {
            std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut now, options(nostack, preserves_flags));
        }
        Flags(now)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn keep() -> Flags {
        Flags()
    }
}

impl Drop for Flags {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: loads the register with what it was at the beginning of the call, on this thread.
        unsafe {
            std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const self.0, options(nostack, preserves_flags));
        }
    }
}

/// The inner loop that NumPy calls, of any signature.
///
/// # Safety
/// NumPy's promise: an address and a step in bytes for each operand, elements of the dtypes that it was
/// told of behind them, and the [`Signature`] that it was given for those.
unsafe extern "C" fn inner(
    args: *mut *mut c_char,
    dimensions: *mut npy_intp,
    steps: *mut npy_intp,
    data: *mut c_void,
) {
    let _flags = Flags::keep();
    // SAFETY: the caller's promise.
    let (signature, n) = unsafe { (&*data.cast::<Signature>(), *dimensions as usize) };
    let count = signature.inputs.len() + signature.code.outputs().len();
    // SAFETY: there are as many operands.
    let operand = |i: usize| unsafe { (*args.add(i), *steps.add(i)) };
    let run = |first: usize, n: usize| {
        let shape = [n];
        let strides: SmallVec<[[isize; 1]; 8]> = (0..count).map(|i| [operand(i).1]).collect();
        let at =
            |i: usize| operand(i).0.wrapping_offset(first as isize * operand(i).1).cast::<u8>();
        let inputs: SmallVec<[RawInput; 8]> = signature
            .inputs
            .iter()
            .enumerate()
            .map(|(i, &dtype)| RawInput { ptr: at(i), shape: &shape, strides: &strides[i], dtype })
            .collect();
        let outputs: SmallVec<[RawOutput; 4]> =
            std::iter::zip(inputs.len().., signature.code.outputs())
                .map(|(i, &dtype)| RawOutput {
                    ptr: at(i),
                    shape: &shape,
                    strides: &strides[i],
                    dtype,
                })
                .collect();
        let of = signature.of.get().of();
        // SAFETY: the caller's promise; an output stands still only where it has one element.
        unsafe { of.call_code(&signature.code, &inputs, None, &outputs, Options::default()) }
    };
    // NumPy's own methods count on one element after the other where a result is a later one's operand.
    let nin = signature.inputs.len();
    let reach = |i: usize| {
        let (at, step) = (operand(i).0.addr() as isize, operand(i).1);
        let last = at.wrapping_add(step.wrapping_mul(n as isize - 1));
        (at.min(last), at.max(last) + 8)
    };
    let chained = |i: usize, o: usize| {
        let (a, b) = (reach(i), reach(o));
        operand(i) != operand(o) && a.0 < b.1 && b.0 < a.1
    };
    let in_turn =
        n > 1 && (nin..count).any(|o| operand(o).1 == 0 || (0..nin).any(|i| chained(i, o)));
    // Neither can happen: the operands are those that the code was resolved for. NumPy asks for no answer.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if in_turn { (0..n).try_for_each(|i| run(i, 1)) } else { run(0, n) }
    }));
}

/// The function as a ufunc of NumPy's own: for operands of one dtype each, or the built-in loops.
pub fn numpy_ufunc<'py>(of: &Bound<'py, Ufunc>) -> PyResult<Bound<'py, PyAny>> {
    let (py, this) = (of.py(), of.get());
    if this.as_made().is_some_and(|m| m.raises.is_some()) {
        let text = "a function that raises has no loops that NumPy could call";
        return Err(PyTypeError::new_err(text));
    }
    let name = this.of().name.to_owned();
    let doc = this.of().doc.to_owned();
    let mut held = Held {
        functions: Vec::new(),
        data: Vec::new(),
        types: Vec::new(),
        name: CString::new(name)?,
        doc: CString::new(doc)?,
    };
    for inputs in this.signatures() {
        let types: Vec<Type> = inputs.iter().map(|&d| Type::Is(d)).collect();
        let Ok(code) = this.resolve(&types, &[], Default::default()) else { continue };
        let number = |d: &Dtype| descr(py, *d).num() as c_char;
        held.types.extend(inputs.iter().chain(code.outputs()).map(number));
        held.functions.push(Some(inner));
        let signature = Signature { of: of.clone().unbind(), code, inputs };
        held.data.push(Box::into_raw(Box::new(signature)).cast());
    }
    let outputs = this.of().nout();
    // The vectors' memory stays where it is when they move.
    let (functions, data) = (held.functions.as_mut_ptr(), held.data.as_mut_ptr());
    let (types, count) = (held.types.as_mut_ptr(), held.functions.len());
    let (name, doc) = (held.name.as_ptr(), held.doc.as_ptr());
    let capsule = PyCapsule::new_with_value(py, held, c"lanefn loops")?;
    // SAFETY: arrays of `count` functions and data, and of as many times `nin + nout` types, and strings,
    // all of which the capsule keeps; -1 says that there is no identity. The object is a new ufunc, whose
    // `obj` nobody has set; it takes the reference and drops it when it goes.
    unsafe {
        let made = PY_UFUNC_API.PyUFunc_FromFuncAndData(
            py,
            functions,
            data,
            types,
            count as c_int,
            this.inputs() as c_int,
            outputs as c_int,
            -1,
            name,
            doc,
            0,
        );
        let made = Bound::from_owned_ptr_or_err(py, made)?;
        (*made.as_ptr().cast::<PyUFuncObject>()).fields.obj = capsule.into_ptr();
        Ok(made)
    }
}
