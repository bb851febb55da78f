//! Operations for which there is no short sequence of instructions: functions that machine code calls, which
//! go lane by lane through the definitions themselves.

use lanefn_kernels::lanes::{
    Dtype, Element,
    element::{FloatElement, IntegerElement, NumberElement},
    traced::Operation,
};

/// A function on the lanes of one or two vectors, of which there are so many. One that takes a single
/// vector does not look at the second.
///
/// # Safety
/// The vectors are valid for reading and writing so many elements of the types it is for.
pub type Helper = unsafe extern "sysv64" fn(*const u8, *const u8, *mut u8, usize);

/// An operation by its type, so that there is a function for each.
trait Binary<T> {
    fn of(a: T, b: T) -> T;
}

macro_rules! operations {
    ($($bound:ident { $($name:ident $method:ident;)* })*) => {$($(
        struct $name;
        impl<T: $bound> Binary<T> for $name {
            #[inline(always)]
            fn of(a: T, b: T) -> T {
                a.$method(b)
            }
        }
    )*)*};
}
operations! {
    NumberElement { Div div; Rem rem; }
    IntegerElement { Shl shl; Shr shr; }
}

/// # Safety
/// As [`Helper`] says.
unsafe extern "sysv64" fn binary<T: Element, O: Binary<T>>(
    a: *const u8,
    b: *const u8,
    out: *mut u8,
    lanes: usize,
) {
    for i in 0..lanes {
        // SAFETY: the caller's promise; any bytes are a `T`, which is no bool.
        unsafe {
            let (a, b) = (a.cast::<T>().add(i), b.cast::<T>().add(i));
            out.cast::<T>().add(i).write_unaligned(O::of(a.read_unaligned(), b.read_unaligned()));
        }
    }
}

/// # Safety
/// As [`Helper`] says.
unsafe extern "sysv64" fn cast<T: Element, To: Element>(
    a: *const u8,
    _: *const u8,
    out: *mut u8,
    lanes: usize,
) {
    for i in 0..lanes {
        // SAFETY: the caller's promise; any bytes are a `T`, which is no bool.
        unsafe {
            let a = a.cast::<T>().add(i).read_unaligned();
            out.cast::<To>().add(i).write_unaligned(a.cast::<To>());
        }
    }
}

fn integer<T: IntegerElement>(operation: Operation) -> Option<Helper> {
    Some(match operation {
        Operation::Div => binary::<T, Div>,
        Operation::Rem => binary::<T, Rem>,
        Operation::Shl => binary::<T, Shl>,
        Operation::Shr => binary::<T, Shr>,
        _ => return None,
    })
}

fn float<T: FloatElement>(operation: Operation) -> Option<Helper> {
    match operation {
        Operation::Rem => Some(binary::<T, Rem>),
        _ => None,
    }
}

/// The helper for an operation on elements of a dtype, which gives the same dtype.
pub fn helper(operation: Operation, dtype: Dtype) -> Option<Helper> {
    match dtype {
        Dtype::Bool => None,
        Dtype::I8 => integer::<i8>(operation),
        Dtype::I16 => integer::<i16>(operation),
        Dtype::I32 => integer::<i32>(operation),
        Dtype::I64 => integer::<i64>(operation),
        Dtype::U8 => integer::<u8>(operation),
        Dtype::U16 => integer::<u16>(operation),
        Dtype::U32 => integer::<u32>(operation),
        Dtype::U64 => integer::<u64>(operation),
        Dtype::F32 => float::<f32>(operation),
        Dtype::F64 => float::<f64>(operation),
    }
}

/// The helper for a cast that involves floats.
pub fn cast_helper(from: Dtype, to: Dtype) -> Option<Helper> {
    fn to_integer<T: FloatElement>(to: Dtype) -> Option<Helper> {
        Some(match to {
            Dtype::I64 => cast::<T, i64>,
            Dtype::U32 => cast::<T, u32>,
            Dtype::U64 => cast::<T, u64>,
            _ => return None,
        })
    }
    match (from, to) {
        (Dtype::F64, to) => to_integer::<f64>(to),
        (Dtype::F32, to) => to_integer::<f32>(to),
        (Dtype::U32, Dtype::F32) => Some(cast::<u32, f32>),
        (Dtype::I64, Dtype::F32) => Some(cast::<i64, f32>),
        (Dtype::U64, Dtype::F32) => Some(cast::<u64, f32>),
        _ => None,
    }
}
